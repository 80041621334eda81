/* store_prefer: see store_prefer.h.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Numbers of modes in the SQL: 1 the end of quiet hours, 2 daily, 3 weekly. A wait is longer than there is to wait for
 * when it is above 26 hours, 50 hours, 9 days: a day more than a digest's period, and what changes of clocks can add.
 */
#include "notifications/store_prefer.h"

#include "notifications/statement_set.h"
#include "notifications/statements_prefer.h"

const char ntf_tables_prefer[] =
    "ALTER TABLE ntf_delivery ADD COLUMN digest INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX ntf_delivery_digest ON ntf_delivery(digest, n) WHERE digest > 0;"
    "CREATE TABLE ntf_preference(party TEXT NOT NULL, ord INTEGER NOT NULL CHECK(ord BETWEEN -1 AND 9),"
    " kind INTEGER NOT NULL CHECK(kind >= 0), mode INTEGER NOT NULL CHECK(mode BETWEEN 1 AND 5),"
    " PRIMARY KEY(party, ord, kind)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE ntf_hours(party TEXT NOT NULL, ord INTEGER NOT NULL CHECK(ord BETWEEN -1 AND 9), zone TEXT NOT NULL,"
    " quiet_from INTEGER NOT NULL, quiet_to INTEGER NOT NULL, digest_minute INTEGER NOT NULL,"
    " digest_day INTEGER NOT NULL, PRIMARY KEY(party, ord)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE ntf_wait(n INTEGER PRIMARY KEY, party TEXT NOT NULL, about TEXT NOT NULL,"
    " mode INTEGER NOT NULL CHECK(mode BETWEEN 1 AND 3), until_ms INTEGER NOT NULL) STRICT;"
    "CREATE INDEX ntf_wait_lane ON ntf_wait(party, about, mode, n);"
    "CREATE INDEX ntf_wait_until ON ntf_wait(mode, until_ms);"
    "DROP INDEX ntf_delivery_news;"
    "CREATE INDEX ntf_delivery_news ON ntf_delivery(n) WHERE announced <> " NTF_PROGRESS ";"
    "CREATE TRIGGER ntf_digest_fares AFTER UPDATE OF open, dead ON ntf_delivery"
    " WHEN NEW.topic = 7 AND (OLD.open <> NEW.open OR OLD.dead <> NEW.dead) BEGIN"
    " UPDATE ntf_delivery SET open = open + NEW.open - OLD.open,"
    " dead = CASE WHEN NEW.dead > 0 THEN NEW.dead ELSE " FIRST_DEAD(
        "ntf_delivery.n") " END"
                          " WHERE digest > 0 AND digest = NEW.n; END;"
                          /* A turn of its own webhook does not hide that its digest is dead. */
                          "DROP TRIGGER ntf_dispatch_turns;"
                          "CREATE TRIGGER ntf_dispatch_turns AFTER UPDATE OF state, reason ON ntf_dispatch"
                          " WHEN " IS_OPEN("OLD.") " <> " IS_OPEN("NEW.") " OR " IS_DEAD("OLD.") " <> " IS_DEAD(
                              "NEW.") " BEGIN"
                                      " UPDATE ntf_delivery SET open = open + " IS_OPEN("NEW.") " - " IS_OPEN(
                                          "OLD.") ","
                                                  " dead = coalesce(nullif(" FIRST_DEAD(
                                                      "NEW.n") ", 0), (SELECT g.dead FROM ntf_delivery AS g"
                                                               " WHERE ntf_delivery.digest > 0 AND g.n = ntf_delivery.digest), 0) WHERE n = NEW.n; END;";

#define ENDED                                                         \
    "(SELECT n FROM ntf_wait WHERE mode = 1 AND until_ms <= ?1 UNION" \
    " SELECT n FROM ntf_wait WHERE mode = 1 AND until_ms > ?1 + 93600000)"
#define LANE_DUE(mode, longest)                                                                      \
    "SELECT party, about, mode FROM ntf_wait WHERE mode = " mode " AND until_ms <= ?1 UNION ALL "    \
    "SELECT party, about, mode FROM ntf_wait WHERE mode = " mode " AND until_ms > ?1 + " longest " " \
    "LIMIT 1"
#define TOO_LONG(mode, longest) "EXISTS(SELECT 1 FROM ntf_wait WHERE mode = " mode " AND until_ms > ?1 + " longest ")"
/* Of a dispatch d: its webhook was taken away, or answered that it is gone: nobody has the notice there, nor will. */
#define IS_OFF "(d.state = 4 AND d.reason IN (4, 15))"
#define LEAVE_OTHERWISE                                                                                     \
    "UPDATE ntf_delivery SET state = 1, digest = 0, channel = 1 WHERE digest = -3 AND NOT EXISTS(SELECT 1 " \
    "FROM ntf_dispatch AS d WHERE d.n = ntf_delivery.n AND NOT " IS_OFF ")"
#define DIGESTS_OF_LANE "(SELECT digest FROM ntf_delivery WHERE event = ?1 AND party = ?2 AND digest > 0)"

#define STATEMENTS(XX)                                                                                                        \
    XX(preferring, "SELECT EXISTS(SELECT 1 FROM ntf_preference) OR EXISTS(SELECT 1 FROM ntf_hours)")                          \
    XX(preference_put, "INSERT INTO ntf_preference VALUES(?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET mode = ?4")               \
    XX(preference_get, "SELECT 1 FROM ntf_preference WHERE party = ?1 AND ord = ?2 AND kind = ?3")                            \
    XX(preference_drop, "DELETE FROM ntf_preference WHERE party = ?1 AND ord = ?2 AND kind = ?3")                             \
    XX(preferences, "SELECT ord, kind, mode FROM ntf_preference WHERE party = ?1 ORDER BY ord, kind")                         \
    XX(hours_put, "INSERT INTO ntf_hours VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE SET zone = ?3,"             \
                  " quiet_from = ?4, quiet_to = ?5, digest_minute = ?6, digest_day = ?7")                                     \
    XX(hours_get, "SELECT 1 FROM ntf_hours WHERE party = ?1 AND ord = ?2")                                                    \
    XX(hours_drop, "DELETE FROM ntf_hours WHERE party = ?1 AND ord = ?2")                                                     \
    XX(hours, "SELECT ord, zone, quiet_from, quiet_to, digest_minute, digest_day FROM ntf_hours WHERE party = ?1"             \
              " ORDER BY ord")                                                                                                \
    XX(preferring_after, "SELECT min(party) FROM (SELECT min(party) AS party FROM ntf_preference WHERE party > ?1"            \
                         " UNION ALL SELECT min(party) FROM ntf_hours WHERE party > ?1)")                                     \
    XX(wait, "INSERT INTO ntf_wait VALUES(?1, ?2, ?3, ?4, ?5)")                                                               \
    XX(wait_hold, "UPDATE ntf_delivery SET hold = ?2 WHERE n = ?1 AND state = 1")                                             \
    XX(silently, "UPDATE ntf_delivery SET state = 2, hold = 0, digest = ?2, mail = NULL, reason = NULL,"                      \
                 " channel = CASE ?2 WHEN -3 THEN 2 ELSE channel END WHERE n = ?1")                                           \
    XX(has_webhook,                                                                                                           \
       "SELECT EXISTS(SELECT 1 FROM ntf_dispatch AS d WHERE d.n = ?1 AND d.channel = 3 AND NOT " IS_OFF ")")                  \
    XX(webhook_lost, LEAVE_OTHERWISE " AND party = ?1")                                                                       \
    XX(webhook_lost_one, LEAVE_OTHERWISE " AND n = ?1")                                                                       \
    XX(end_release, "UPDATE ntf_delivery SET hold = 0 WHERE n IN " ENDED)                                                     \
    XX(end_drop, "DELETE FROM ntf_wait WHERE n IN " ENDED)                                                                    \
    XX(anew_release, "UPDATE ntf_delivery SET hold = 0 WHERE n IN (SELECT n FROM ntf_wait WHERE party = ?1)")                 \
    XX(anew_drop, "DELETE FROM ntf_wait WHERE party = ?1")                                                                    \
    XX(wait_next,                                                                                                             \
       "SELECT CASE WHEN " TOO_LONG("1", "93600000") " OR " TOO_LONG("2", "180000000") " OR " TOO_LONG(                       \
           "3",                                                                                                               \
           "777600000") " THEN ?1 ELSE min(until_ms) END FROM (SELECT min(until_ms) AS until_ms FROM ntf_wait WHERE mode = 1" \
                        " UNION ALL SELECT min(until_ms) FROM ntf_wait WHERE mode = 2"                                        \
                        " UNION ALL SELECT min(until_ms) FROM ntf_wait WHERE mode = 3)")                                      \
    XX(wait_of, "SELECT until_ms FROM ntf_wait WHERE n = ?1")                                                                 \
    XX(lane_daily, LANE_DUE("2", "180000000"))                                                                                \
    XX(lane_weekly, LANE_DUE("3", "777600000"))                                                                               \
    XX(candidates, "SELECT n FROM ntf_wait WHERE party = ?1 AND about = ?2 AND mode = ?3 ORDER BY n LIMIT ?4")                \
    XX(number, "SELECT n FROM ntf_delivery WHERE notice = ?1")                                                                \
    XX(notice, "SELECT notice FROM ntf_delivery WHERE n = ?1")                                                                \
    XX(claim, "UPDATE ntf_delivery SET digest = ?2, mail = NULL WHERE n = ?1 AND state = 1 AND digest = 0")                   \
    XX(claimed, "DELETE FROM ntf_wait WHERE n = ?1")                                                                          \
    XX(members, "SELECT n FROM ntf_delivery WHERE digest > 0 AND digest = ?1 ORDER BY n LIMIT ?2")                            \
    XX(written, "UPDATE ntf_delivery SET state = 2, hold = 0, attempts = attempts + 1, channel = (SELECT d.channel"           \
                " FROM ntf_delivery AS d WHERE d.n = ?1) WHERE digest > 0 AND digest = ?1 AND state = 1")                     \
    XX(dissolve, "UPDATE ntf_delivery SET digest = -2, hold = 0 WHERE digest > 0 AND digest = ?1 AND state = 1")              \
    XX(thaw, "UPDATE ntf_delivery SET mail = NULL WHERE mail IS NOT NULL AND n IN " DIGESTS_OF_LANE)                          \
    XX(scrub, "UPDATE ntf_delivery SET scrub = 1 WHERE state = 2 AND n IN " DIGESTS_OF_LANE)                                  \
    XX(mail_text, "UPDATE ntf_attempt SET text = NULL WHERE dispatch IN (SELECT number FROM ntf_dispatch"                     \
                  " WHERE channel = 2 AND n IN " DIGESTS_OF_LANE ")")                                                         \
    XX(mail_body, "UPDATE ntf_dispatch SET body = NULL, address = CASE state WHEN 2 THEN address ELSE '' END"                 \
                  " WHERE channel = 2 AND n IN " DIGESTS_OF_LANE)

NTF_STATEMENT_SET(ntf_prefers, STATEMENTS)

_Static_assert(CV_DELIVERY_RESULT_GONE == 4 && CV_DELIVERY_RESULT_WITHDRAWN == 15, "IS_OFF says them as numbers");

/* ---- helpers ------------------------------------------------------------------------------ */

static int s_run(cv_stmt_t *stmt, int64_t first)
{
    cv_stmt_int(stmt, 1, first);
    return cv_stmt_run(stmt);
}

static int s_run_2(cv_stmt_t *stmt, int64_t first, int64_t second)
{
    cv_stmt_int(stmt, 2, second);
    return s_run(stmt, first);
}

static int s_run_for(cv_stmt_t *stmt, cv_str_t first, cv_str_t second)
{
    cv_stmt_text(stmt, 1, first);
    if (second.ptr)
        cv_stmt_text(stmt, 2, second);
    return cv_stmt_run(stmt);
}

static int s_numbers(cv_stmt_t *stmt, int64_t ret_numbers[NTF_DIGEST_MAX], size_t *ret_n)
{
    size_t n = 0;
    int rc = 0;
    while (n < NTF_DIGEST_MAX && (rc = cv_stmt_step(stmt)) > 0)
        ret_numbers[n++] = cv_stmt_get_int(stmt, 0);
    cv_stmt_reset(stmt);
    if (rc < 0)
        return rc;
    *ret_n = n;
    return CV_OK;
}

/* ---- preferences and hours ---------------------------------------------------------------- */

int ntf_preferring(ntf_prefers_t *store, bool *ret_any)
{
    int64_t any;
    int rc = ntf_statement_number(store->preferring, &any);
    if (!rc)
        *ret_any = any != 0;
    return rc;
}

static void s_bind_preference(cv_stmt_t *stmt, cv_str_t party, int order, int kind)
{
    cv_stmt_text(stmt, 1, party);
    cv_stmt_int(stmt, 2, order);
    cv_stmt_int(stmt, 3, kind);
}

int ntf_preference_put(ntf_prefers_t *store, cv_str_t party, int order, int kind, int mode)
{
    int64_t one;
    if (mode) {
        s_bind_preference(store->preference_put, party, order, kind);
        cv_stmt_int(store->preference_put, 4, mode);
        return cv_stmt_run(store->preference_put);
    }
    s_bind_preference(store->preference_get, party, order, kind);
    int rc = ntf_statement_number(store->preference_get, &one);
    if (rc)
        return rc;
    s_bind_preference(store->preference_drop, party, order, kind);
    return cv_stmt_run(store->preference_drop);
}

int ntf_preferences_of(ntf_prefers_t *store, cv_str_t party, ntf_preference_t ret_preferences[NTF_PREFERENCES_MAX],
                       size_t *ret_n)
{
    cv_stmt_t *stmt = store->preferences;
    size_t n = 0;
    int rc = 0;
    cv_stmt_text(stmt, 1, party);
    while (n < NTF_PREFERENCES_MAX && (rc = cv_stmt_step(stmt)) > 0)
        ret_preferences[n++] = (ntf_preference_t){(int)cv_stmt_get_int(stmt, 0), (int)cv_stmt_get_int(stmt, 1),
                                                  (int)cv_stmt_get_int(stmt, 2)};
    cv_stmt_reset(stmt);
    if (rc < 0)
        return rc;
    *ret_n = n;
    return CV_OK;
}

int ntf_hours_put(ntf_prefers_t *store, cv_str_t party, const ntf_hours_t *hours)
{
    cv_stmt_t *stmt = hours->zone.ptr ? store->hours_put : store->hours_get;
    int64_t one;
    cv_stmt_text(stmt, 1, party);
    cv_stmt_int(stmt, 2, hours->order);
    if (hours->zone.ptr) {
        cv_stmt_text(stmt, 3, hours->zone);
        cv_stmt_int(stmt, 4, hours->quiet_from);
        cv_stmt_int(stmt, 5, hours->quiet_to);
        cv_stmt_int(stmt, 6, hours->digest_minute);
        cv_stmt_int(stmt, 7, hours->digest_day);
        return cv_stmt_run(stmt);
    }
    int rc = ntf_statement_number(stmt, &one);
    if (rc)
        return rc;
    cv_stmt_text(store->hours_drop, 1, party);
    cv_stmt_int(store->hours_drop, 2, hours->order);
    return cv_stmt_run(store->hours_drop);
}

int ntf_hours_for(ntf_prefers_t *store, cv_str_t party, cv_arena_t *arena, ntf_hours_t ret_hours[NTF_HOURS_MAX],
                  size_t *ret_n)
{
    cv_stmt_t *stmt = store->hours;
    size_t n = 0;
    int rc = 0;
    cv_stmt_text(stmt, 1, party);
    while (n < NTF_HOURS_MAX && (rc = cv_stmt_step(stmt)) > 0) {
        ret_hours[n] = (ntf_hours_t){.order = (int)cv_stmt_get_int(stmt, 0),
                                     .zone = cv_arena_str(arena, cv_stmt_get_text(stmt, 1)),
                                     .quiet_from = (int)cv_stmt_get_int(stmt, 2),
                                     .quiet_to = (int)cv_stmt_get_int(stmt, 3),
                                     .digest_minute = (int)cv_stmt_get_int(stmt, 4),
                                     .digest_day = (int)cv_stmt_get_int(stmt, 5)};
        if (!ret_hours[n++].zone.ptr) {
            rc = CV_ENOMEM;
            break;
        }
    }
    cv_stmt_reset(stmt);
    if (rc < 0)
        return rc;
    *ret_n = n;
    return CV_OK;
}

int ntf_preferring_after(ntf_prefers_t *store, cv_str_t after, cv_arena_t *arena, cv_str_t *ret_party)
{
    cv_stmt_text(store->preferring_after, 1, after);
    int rc = cv_stmt_step(store->preferring_after);
    if (rc <= 0)
        return rc ? rc : CV_EINTERNAL;
    bool none = cv_stmt_get_null(store->preferring_after, 0);
    cv_str_t party = none ? CV_STR_NONE : cv_arena_str(arena, cv_stmt_get_text(store->preferring_after, 0));
    cv_stmt_reset(store->preferring_after);
    if (none || !party.ptr)
        return none ? CV_ENOTFOUND : CV_ENOMEM;
    *ret_party = party;
    return CV_OK;
}

/* ---- waiting ------------------------------------------------------------------------------ */

int ntf_wait(ntf_prefers_t *store, const ntf_wait_t *wait)
{
    cv_stmt_int(store->wait, 1, wait->n);
    cv_stmt_text(store->wait, 2, wait->party);
    cv_stmt_text(store->wait, 3, wait->about);
    cv_stmt_int(store->wait, 4, wait->mode);
    cv_stmt_int(store->wait, 5, wait->until_ms);
    int rc = cv_stmt_run(store->wait);
    return rc ? rc
              : s_run_2(store->wait_hold, wait->n, wait->mode == NTF_MODE_AT_ONCE ? NTF_HOLD_QUIET : NTF_HOLD_DIGEST);
}

int ntf_end_silently(ntf_prefers_t *store, int64_t n, int how)
{
    return s_run_2(store->silently, n, how);
}

int ntf_has_webhook(ntf_prefers_t *store, int64_t n, bool *ret_has)
{
    int64_t has;
    cv_stmt_int(store->has_webhook, 1, n);
    int rc = ntf_statement_number(store->has_webhook, &has);
    if (!rc)
        *ret_has = has != 0;
    return rc;
}

int ntf_wait_end(ntf_prefers_t *store, int64_t now_ms)
{
    int rc = s_run(store->end_release, now_ms);
    return rc ? rc : s_run(store->end_drop, now_ms);
}

int ntf_wait_anew(ntf_prefers_t *store, cv_str_t party)
{
    int rc = s_run_for(store->anew_release, party, CV_STR_NONE);
    return rc ? rc : s_run_for(store->anew_drop, party, CV_STR_NONE);
}

int ntf_webhook_lost(ntf_prefers_t *store, cv_str_t party)
{
    return s_run_for(store->webhook_lost, party, CV_STR_NONE);
}

int ntf_webhook_lost_one(ntf_prefers_t *store, int64_t n)
{
    return s_run(store->webhook_lost_one, n);
}

int ntf_wait_next(ntf_prefers_t *store, int64_t now_ms, int64_t *ret_ms)
{
    cv_stmt_int(store->wait_next, 1, now_ms);
    return ntf_statement_number(store->wait_next, ret_ms);
}

int ntf_wait_of(ntf_prefers_t *store, int64_t n, int64_t *ret_ms)
{
    cv_stmt_int(store->wait_of, 1, n);
    return ntf_statement_number(store->wait_of, ret_ms);
}

/* ---- digests ------------------------------------------------------------------------------ */

static int s_lane(cv_stmt_t *stmt, int64_t now_ms, cv_arena_t *arena, ntf_wait_t *ret_lane)
{
    cv_stmt_int(stmt, 1, now_ms);
    int rc = cv_stmt_step(stmt);
    if (rc <= 0)
        return rc ? rc : CV_ENOTFOUND;
    ntf_wait_t lane = {.party = cv_arena_str(arena, cv_stmt_get_text(stmt, 0)),
                       .about = cv_arena_str(arena, cv_stmt_get_text(stmt, 1)),
                       .mode = (int)cv_stmt_get_int(stmt, 2)};
    cv_stmt_reset(stmt);
    if (!lane.party.ptr || !lane.about.ptr)
        return CV_ENOMEM;
    *ret_lane = lane;
    return CV_OK;
}

int ntf_digest_lane(ntf_prefers_t *store, int64_t now_ms, cv_arena_t *arena, ntf_wait_t *ret_lane)
{
    int rc = s_lane(store->lane_daily, now_ms, arena, ret_lane);
    return rc == CV_ENOTFOUND ? s_lane(store->lane_weekly, now_ms, arena, ret_lane) : rc;
}

int ntf_digest_candidates(ntf_prefers_t *store, const ntf_wait_t *lane, int64_t ret_numbers[NTF_DIGEST_MAX],
                          size_t *ret_n)
{
    cv_stmt_text(store->candidates, 1, lane->party);
    cv_stmt_text(store->candidates, 2, lane->about);
    cv_stmt_int(store->candidates, 3, lane->mode);
    cv_stmt_int(store->candidates, 4, NTF_DIGEST_MAX);
    return s_numbers(store->candidates, ret_numbers, ret_n);
}

int ntf_notice_at(ntf_prefers_t *store, int64_t n, char ret_notice[NTF_ID_MAX + 1])
{
    cv_stmt_int(store->notice, 1, n);
    int rc = cv_stmt_step(store->notice);
    if (rc <= 0)
        return rc ? rc : CV_ENOTFOUND;
    rc = cv_str_copy(cv_stmt_get_text(store->notice, 0), ret_notice, NTF_ID_MAX + 1);
    cv_stmt_reset(store->notice);
    return rc ? CV_ECORRUPT : CV_OK;
}

int ntf_delivery_of(ntf_prefers_t *store, cv_str_t notice, int64_t *ret_n)
{
    cv_stmt_text(store->number, 1, notice);
    return ntf_statement_number(store->number, ret_n);
}

int ntf_digest_claim(ntf_prefers_t *store, int64_t digest, int64_t n)
{
    int rc = s_run_2(store->claim, n, digest);
    return rc ? rc : s_run(store->claimed, n);
}

int ntf_digest_members(ntf_prefers_t *store, int64_t digest, int64_t ret_numbers[NTF_DIGEST_MAX], size_t *ret_n)
{
    cv_stmt_int(store->members, 1, digest);
    cv_stmt_int(store->members, 2, NTF_DIGEST_MAX);
    return s_numbers(store->members, ret_numbers, ret_n);
}

int ntf_digest_written(ntf_prefers_t *store, int64_t digest)
{
    return s_run(store->written, digest);
}

int ntf_digest_dissolve(ntf_prefers_t *store, int64_t digest)
{
    int rc = s_run(store->dissolve, digest);
    return rc ? rc : ntf_end_silently(store, digest, NTF_LEFT_OUT);
}

int ntf_digest_forget(ntf_prefers_t *store, cv_str_t event, cv_str_t party)
{
    cv_stmt_t *const steps[] = {store->thaw, store->scrub, store->mail_text, store->mail_body};
    int rc = CV_OK;
    for (size_t i = 0; !rc && i < sizeof(steps) / sizeof(steps[0]); i++)
        rc = s_run_for(steps[i], event, party);
    return rc;
}
