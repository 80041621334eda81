/* store_remind: see store_remind.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/store_remind.h"

#include "notifications/statement_set.h"

#include <stdio.h>

enum { PARTIES_MAX = 4096, HOUR_MS = 3600 * 1000, LINE_OCTETS = 48 };

const char ntf_tables_content[] =
    "ALTER TABLE ntf_party ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE ntf_delivery ADD COLUMN topic INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE ntf_delivery ADD COLUMN calendar INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX ntf_delivery_calendar ON ntf_delivery(event, party, n) WHERE calendar <> 0;"
    "CREATE TABLE ntf_rule(rule TEXT PRIMARY KEY, anchor INTEGER NOT NULL CHECK(anchor BETWEEN 0 AND 4),"
    " before_ms INTEGER NOT NULL CHECK(before_ms > 0), audience INTEGER NOT NULL CHECK(audience BETWEEN 1 AND 3),"
    " off INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;"
    "INSERT INTO ntf_rule(rule, anchor, before_ms, audience) VALUES('start_7d', 0, 604800000, 1), ('start_1d', 0, 86400000, 1),"
    " ('registration_7d', 1, 604800000, 2), ('registration_1d', 1, 86400000, 2),"
    " ('nomination_7d', 2, 604800000, 2), ('nomination_1d', 2, 86400000, 2),"
    " ('confirmation_1d', 3, 86400000, 1), ('silence_1d', 4, 86400000, 3);"
    "CREATE TABLE ntf_due(rule TEXT NOT NULL, about TEXT NOT NULL, anchor_ms INTEGER NOT NULL, due_ms INTEGER NOT NULL,"
    " state INTEGER NOT NULL CHECK(state BETWEEN 1 AND 4), PRIMARY KEY(about, rule, anchor_ms)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX ntf_due_next ON ntf_due(due_ms) WHERE state = 1;"
    "CREATE TABLE ntf_procedure(decision TEXT PRIMARY KEY, data BLOB NOT NULL) STRICT, WITHOUT ROWID;";

/* What a column may hold is checked by the table itself: another table, with the same rows. */
const char ntf_tables_report[] =
    "CREATE TABLE ntf_rule_new(rule TEXT PRIMARY KEY, anchor INTEGER NOT NULL CHECK(anchor BETWEEN 0 AND 5),"
    " before_ms INTEGER NOT NULL CHECK(before_ms > 0), audience INTEGER NOT NULL CHECK(audience BETWEEN 1 AND 4),"
    " off INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;"
    "INSERT INTO ntf_rule_new SELECT rule, anchor, before_ms, audience, off FROM ntf_rule;"
    "DROP TABLE ntf_rule;"
    "ALTER TABLE ntf_rule_new RENAME TO ntf_rule;"
    "INSERT INTO ntf_rule(rule, anchor, before_ms, audience) VALUES('report_7d', 5, 604800000, 4),"
    " ('report_1d', 5, 86400000, 4) ON CONFLICT DO NOTHING;"
    "CREATE TABLE ntf_settled(event TEXT NOT NULL, party TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY(event, party))"
    " STRICT, WITHOUT ROWID;";

/* Of what was ended before this was told, it is not known when: by a clock that was right. */
const char ntf_tables_ended[] = "ALTER TABLE ntf_due ADD COLUMN ended_ms INTEGER NOT NULL DEFAULT 0;"
                                "ALTER TABLE ntf_watch ADD COLUMN ended_ms INTEGER NOT NULL DEFAULT 0;";

#define STATEMENTS(XX)                                                                                                         \
    XX(rules, "SELECT rule, anchor, audience, before_ms, off FROM ntf_rule ORDER BY anchor, before_ms, rule")                  \
    XX(rule_put, "INSERT INTO ntf_rule VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT(rule) DO UPDATE SET anchor = ?2,"                \
                 " before_ms = ?3, audience = ?4, off = ?5")                                                                   \
    XX(rule_clear, "DELETE FROM ntf_due WHERE rule = ?1 AND state IN (1, 3)")                                                  \
    XX(due_drop, "DELETE FROM ntf_due WHERE rule = ?1 AND about = ?2 AND state = 1 AND anchor_ms IS NOT ?3")                   \
    XX(due_put,                                                                                                                \
       "INSERT INTO ntf_due VALUES(?1, ?2, ?3, ?4, CASE WHEN ?4 > ?5 THEN 1 ELSE 3 END, CASE WHEN ?4 > ?5 THEN 0 ELSE ?5 END)" \
       " ON CONFLICT DO UPDATE SET due_ms = ?4 WHERE state = 1")                                                               \
    XX(due,                                                                                                                    \
       "SELECT d.rule, r.anchor, r.audience, r.before_ms, d.about, d.anchor_ms, d.due_ms, d.ended_ms FROM ntf_due AS d"        \
       " INDEXED BY ntf_due_next JOIN ntf_rule AS r ON r.rule = d.rule WHERE d.state = 1 AND d.due_ms <= ?1"                   \
       " ORDER BY d.due_ms, d.about, r.anchor = 5 AND r.audience = 4 DESC, r.audience, d.rule LIMIT ?2")                       \
    XX(due_end, "UPDATE ntf_due SET state = ?4, ended_ms = ?5 WHERE about = ?1 AND rule = ?2 AND anchor_ms = ?3")              \
    XX(due_again,                                                                                                              \
       "UPDATE ntf_due SET state = 1 WHERE state IN (3, 4) AND ended_ms > ?1 AND EXISTS(SELECT 1 FROM ntf_rule AS r"           \
       " WHERE r.rule = ntf_due.rule AND r.off = 0)")                                                                          \
    XX(due_nearer, "SELECT 1 FROM ntf_due AS d JOIN ntf_rule AS r ON r.rule = d.rule WHERE d.about = ?1"                       \
                   " AND d.anchor_ms = ?2 AND d.state = 1 AND d.due_ms <= ?3 AND d.due_ms > ?4 AND r.anchor = ?5"              \
                   " AND r.audience = ?6 LIMIT 1")                                                                             \
    XX(reminded, "SELECT max(above < 0), max(above >= 0) FROM ntf_delivery WHERE event = ?1 AND party = ?2"                    \
                 " AND topic = 5 AND time_ms = ?3 AND substr(data, 1, length(?4)) = ?4")                                       \
    XX(due_next, "SELECT min(due_ms) FROM ntf_due INDEXED BY ntf_due_next WHERE state = 1")                                    \
    XX(due_anchor, "SELECT min(anchor_ms) FROM ntf_due INDEXED BY ntf_due_next WHERE state = 1 AND due_ms <= ?1"               \
                   " AND anchor_ms > ?1")                                                                                      \
    XX(due_of, "SELECT min(d.due_ms) FROM ntf_due AS d JOIN ntf_rule AS r ON r.rule = d.rule WHERE d.about = ?1"               \
               " AND r.anchor = ?2 AND d.anchor_ms = ?3 AND d.state = 1")                                                      \
    XX(unanswered, "SELECT code, kind FROM ntf_party AS p WHERE EXISTS(SELECT 1 FROM ntf_recipient AS r"                       \
                   " WHERE r.party = p.code) AND NOT EXISTS(SELECT 1 FROM ntf_answer AS a WHERE a.event = ?1"                  \
                   " AND a.party = p.code AND a.answer <> 0) ORDER BY code")                                                   \
    XX(parties, "SELECT code, kind FROM ntf_party ORDER BY code")                                                              \
    XX(event_after, "SELECT event, data FROM ntf_event WHERE event > ?1 ORDER BY event LIMIT 1")                               \
    XX(procedure_put, "INSERT INTO ntf_procedure VALUES(?1, ?2) ON CONFLICT(decision) DO UPDATE SET data = ?2")                \
    XX(procedure_drop, "DELETE FROM ntf_procedure WHERE decision = ?1")                                                        \
    XX(procedure_get, "SELECT decision, data FROM ntf_procedure WHERE decision = ?1")                                          \
    XX(procedure_after, "SELECT decision, data FROM ntf_procedure WHERE decision > ?1 ORDER BY decision LIMIT 1")              \
    XX(procedures_forget, "DELETE FROM ntf_procedure")                                                                         \
    XX(mark,                                                                                                                   \
       "UPDATE ntf_delivery SET topic = ?2, calendar = ?3, audience = ?4 WHERE notice = ?1 AND announced = 0 AND mail IS NULL" \
       " AND attempts = 0")                                                                                                    \
    XX(calendar,                                                                                                               \
       "SELECT d.calendar, (SELECT count(*) FROM ntf_delivery AS e INDEXED BY ntf_delivery_calendar"                           \
       " WHERE e.event = d.event AND e.party = d.party AND e.person = d.person AND e.n < d.n AND e.calendar <> 0)"             \
       " FROM ntf_delivery AS d WHERE d.n = ?1")                                                                               \
    XX(calendar_last, "SELECT calendar FROM ntf_delivery INDEXED BY ntf_delivery_calendar WHERE event = ?1"                    \
                      " AND party = ?2 AND person = 0 AND calendar <> 0 ORDER BY n DESC LIMIT 1")

NTF_STATEMENT_SET(ntf_reminders, STATEMENTS)

/* What is in the database must not depend on the order of a generated enum. */
static const cv_party_kind_t s_kinds[] = {CV_PARTY_KIND_ABSENT,         CV_PARTY_KIND_MEMBER,
                                          CV_PARTY_KIND_OBSERVER_STATE, CV_PARTY_KIND_OBSERVER_ORG,
                                          CV_PARTY_KIND_PARTNER,        CV_PARTY_KIND_GUEST};
enum { KINDS_N = sizeof(s_kinds) / sizeof(s_kinds[0]) };

int64_t ntf_party_kind_stored(cv_party_kind_t kind)
{
    for (size_t i = 0; i < KINDS_N; i++) {
        if (s_kinds[i] == kind)
            return (int64_t)i;
    }
    return 0;
}

/* ---- rules and what is due ---------------------------------------------------------------- */

int ntf_rules(ntf_reminders_t *store, cv_arena_t *arena, ntf_rule_t **ret_rules, size_t *ret_n)
{
    ntf_rule_t *rules = cv_arena_take(arena, NTF_RULES_MAX * sizeof(*rules));
    size_t n = 0;
    int rc = 0;
    if (!rules)
        return CV_ENOMEM;
    while (n < NTF_RULES_MAX && (rc = cv_stmt_step(store->rules)) > 0) {
        rc = CV_OK;
        if (cv_stmt_get_int(store->rules, 4))
            continue;
        rules[n++] = (ntf_rule_t){.rule = ntf_statement_keep(cv_stmt_get_text(store->rules, 0), arena, &rc),
                                  .anchor = (int)cv_stmt_get_int(store->rules, 1),
                                  .audience = (int)cv_stmt_get_int(store->rules, 2),
                                  .before_ms = cv_stmt_get_int(store->rules, 3)};
        if (rc)
            break;
    }
    cv_stmt_reset(store->rules);
    if (rc < 0)
        return rc;
    *ret_rules = rules;
    *ret_n = n;
    return CV_OK;
}

/* What is in the database must not depend on the order of a generated enum. */
static const cv_reminder_anchor_t s_anchors[NTF_ANCHORS_N] = {
    [NTF_ANCHOR_START] = CV_REMINDER_ANCHOR_START,
    [NTF_ANCHOR_REGISTRATION] = CV_REMINDER_ANCHOR_REGISTRATION,
    [NTF_ANCHOR_NOMINATION] = CV_REMINDER_ANCHOR_NOMINATION,
    [NTF_ANCHOR_CONFIRMATION] = CV_REMINDER_ANCHOR_CONFIRMATION,
    [NTF_ANCHOR_SILENCE] = CV_REMINDER_ANCHOR_SILENCE,
    [NTF_ANCHOR_REPORT] = CV_REMINDER_ANCHOR_REPORT,
};

int ntf_anchor_read(cv_reminder_anchor_t word)
{
    int anchor = 0;
    while (anchor < NTF_ANCHORS_N - 1 && s_anchors[anchor] != word)
        anchor++;
    return anchor;
}

int ntf_rule_put(ntf_reminders_t *store, const cv_reminder_t *reminder)
{
    int anchor = ntf_anchor_read(reminder->anchor), audience = ntf_audience_read(reminder->audience);
    cv_stmt_text(store->rule_put, 1, reminder->rule);
    cv_stmt_int(store->rule_put, 2, anchor);
    cv_stmt_int(store->rule_put, 3, reminder->before_hours * HOUR_MS);
    cv_stmt_int(store->rule_put, 4, audience ? audience : ntf_audience_of_anchor(anchor));
    cv_stmt_int(store->rule_put, 5, reminder->has_off && reminder->off);
    int rc = cv_stmt_run(store->rule_put);
    cv_stmt_text(store->rule_clear, 1, reminder->rule);
    return rc ? rc : cv_stmt_run(store->rule_clear);
}

int ntf_rules_as_put(ntf_reminders_t *store, cv_arena_t *arena, cv_reminder_t **ret_rules, size_t *ret_n)
{
    cv_reminder_t *rules = cv_arena_take(arena, NTF_RULES_MAX * sizeof(*rules));
    size_t n = 0;
    int rc = rules ? 0 : CV_ENOMEM;
    while (!rc && n < NTF_RULES_MAX && (rc = cv_stmt_step(store->rules)) > 0) {
        int64_t anchor = cv_stmt_get_int(store->rules, 1);
        rc = anchor < NTF_ANCHORS_N ? CV_OK : CV_ECORRUPT;
        if (rc)
            break;
        rules[n++] = (cv_reminder_t){.rule = ntf_statement_keep(cv_stmt_get_text(store->rules, 0), arena, &rc),
                                     .anchor = s_anchors[anchor],
                                     .audience = ntf_audience_word((int)cv_stmt_get_int(store->rules, 2)),
                                     .before_hours = cv_stmt_get_int(store->rules, 3) / HOUR_MS,
                                     .has_off = cv_stmt_get_int(store->rules, 4) != 0,
                                     .off = cv_stmt_get_int(store->rules, 4) != 0};
    }
    cv_stmt_reset(store->rules);
    if (rc < 0)
        return rc;
    *ret_rules = rules;
    *ret_n = n;
    return CV_OK;
}

int ntf_due_put(ntf_reminders_t *store, const ntf_rule_t *rule, cv_str_t about, bool has_anchor, int64_t anchor_ms,
                int64_t due_ms, int64_t now_ms)
{
    cv_stmt_text(store->due_drop, 1, rule->rule);
    cv_stmt_text(store->due_drop, 2, about);
    cv_stmt_int(store->due_drop, 3, has_anchor ? anchor_ms : -1);
    int rc = cv_stmt_run(store->due_drop);
    if (rc || !has_anchor)
        return rc;
    cv_stmt_text(store->due_put, 1, rule->rule);
    cv_stmt_text(store->due_put, 2, about);
    cv_stmt_int(store->due_put, 3, anchor_ms);
    cv_stmt_int(store->due_put, 4, due_ms);
    cv_stmt_int(store->due_put, 5, now_ms);
    return cv_stmt_run(store->due_put);
}

int ntf_due(ntf_reminders_t *store, int64_t now_ms, cv_arena_t *arena, size_t max, ntf_due_t *ret_due, size_t *ret_n)
{
    cv_stmt_t *stmt = store->due;
    size_t n = 0;
    int rc = 0;
    cv_stmt_int(stmt, 1, now_ms);
    cv_stmt_int(stmt, 2, (int64_t)max);
    while (n < max && (rc = cv_stmt_step(stmt)) > 0) {
        rc = CV_OK;
        ret_due[n++] = (ntf_due_t){.rule = {.rule = ntf_statement_keep(cv_stmt_get_text(stmt, 0), arena, &rc),
                                            .anchor = (int)cv_stmt_get_int(stmt, 1),
                                            .audience = (int)cv_stmt_get_int(stmt, 2),
                                            .before_ms = cv_stmt_get_int(stmt, 3)},
                                   .about = ntf_statement_keep(cv_stmt_get_text(stmt, 4), arena, &rc),
                                   .anchor_ms = cv_stmt_get_int(stmt, 5),
                                   .due_ms = cv_stmt_get_int(stmt, 6),
                                   .ended_ms = cv_stmt_get_int(stmt, 7)};
        if (rc)
            break;
    }
    cv_stmt_reset(stmt);
    if (rc < 0)
        return rc;
    *ret_n = n;
    return CV_OK;
}

int ntf_due_end(ntf_reminders_t *store, const ntf_due_t *due, int state, int64_t ended_ms)
{
    cv_stmt_text(store->due_end, 1, due->about);
    cv_stmt_text(store->due_end, 2, due->rule.rule);
    cv_stmt_int(store->due_end, 3, due->anchor_ms);
    cv_stmt_int(store->due_end, 4, state);
    cv_stmt_int(store->due_end, 5, ended_ms);
    return cv_stmt_run(store->due_end);
}

int ntf_due_again(ntf_reminders_t *store, int64_t now_ms)
{
    cv_stmt_int(store->due_again, 1, now_ms);
    return cv_stmt_run(store->due_again);
}

int ntf_due_nearer(ntf_reminders_t *store, const ntf_due_t *due, int64_t now_ms, bool *ret_nearer)
{
    cv_stmt_t *stmt = store->due_nearer;
    cv_stmt_text(stmt, 1, due->about);
    cv_stmt_int(stmt, 2, due->anchor_ms);
    cv_stmt_int(stmt, 3, now_ms);
    cv_stmt_int(stmt, 4, due->due_ms);
    cv_stmt_int(stmt, 5, due->rule.anchor);
    cv_stmt_int(stmt, 6, due->rule.audience);
    int rc = cv_stmt_step(stmt);
    if (rc < 0)
        return rc;
    *ret_nearer = rc > 0;
    cv_stmt_reset(stmt);
    return CV_OK;
}

int ntf_reminded(ntf_reminders_t *store, const ntf_due_t *due, cv_str_t party, int64_t now_ms, bool *ret_participant,
                 bool *ret_office)
{
    char line[LINE_OCTETS];
    int len = snprintf(line, sizeof(line), "%d %lld ", due->rule.anchor, (long long)due->anchor_ms);
    cv_stmt_text(store->reminded, 1, due->about);
    cv_stmt_text(store->reminded, 2, party);
    cv_stmt_int(store->reminded, 3, now_ms);
    cv_stmt_blob(store->reminded, 4, line, (size_t)len);
    int rc = cv_stmt_step(store->reminded);
    if (rc <= 0)
        return rc ? rc : CV_EINTERNAL;
    *ret_participant = cv_stmt_get_int(store->reminded, 0) > 0; /* NULL is 0: no row */
    *ret_office = cv_stmt_get_int(store->reminded, 1) > 0;
    cv_stmt_reset(store->reminded);
    return CV_OK;
}

int ntf_due_next(ntf_reminders_t *store, int64_t *ret_ms)
{
    int rc = cv_stmt_step(store->due_next);
    if (rc <= 0)
        return rc ? rc : CV_EINTERNAL;
    bool none = cv_stmt_get_null(store->due_next, 0);
    int64_t ms = cv_stmt_get_int(store->due_next, 0);
    cv_stmt_reset(store->due_next);
    if (none)
        return CV_ENOTFOUND;
    *ret_ms = ms;
    return CV_OK;
}

int ntf_due_of(ntf_reminders_t *store, cv_str_t about, int anchor, int64_t anchor_ms, int64_t *ret_ms)
{
    cv_stmt_text(store->due_of, 1, about);
    cv_stmt_int(store->due_of, 2, anchor);
    cv_stmt_int(store->due_of, 3, anchor_ms);
    return ntf_statement_number(store->due_of, ret_ms);
}

int ntf_due_anchor(ntf_reminders_t *store, int64_t now_ms, int64_t *ret_ms)
{
    cv_stmt_int(store->due_anchor, 1, now_ms);
    return ntf_statement_number(store->due_anchor, ret_ms);
}

/* ---- whom --------------------------------------------------------------------------------- */

static int s_parties(cv_stmt_t *stmt, cv_arena_t *arena, ntf_invitee_t **ret_parties, size_t *ret_n)
{
    ntf_invitee_t *parties = cv_arena_take(arena, PARTIES_MAX * sizeof(*parties));
    size_t n = 0;
    int rc = parties ? 0 : CV_ENOMEM;
    while (!rc && n < PARTIES_MAX && (rc = cv_stmt_step(stmt)) > 0) {
        int64_t kind = cv_stmt_get_int(stmt, 1);
        rc = CV_OK;
        parties[n].kind = kind > 0 && kind < KINDS_N ? s_kinds[kind] : CV_PARTY_KIND_ABSENT;
        parties[n++].party = ntf_statement_keep(cv_stmt_get_text(stmt, 0), arena, &rc);
    }
    cv_stmt_reset(stmt);
    if (rc < 0)
        return rc;
    *ret_parties = parties;
    *ret_n = n;
    return CV_OK;
}

int ntf_unanswered(ntf_reminders_t *store, cv_str_t event, cv_arena_t *arena, ntf_invitee_t **ret_parties,
                   size_t *ret_n)
{
    cv_stmt_text(store->unanswered, 1, event);
    return s_parties(store->unanswered, arena, ret_parties, ret_n);
}

int ntf_parties(ntf_reminders_t *store, cv_arena_t *arena, ntf_invitee_t **ret_parties, size_t *ret_n)
{
    return s_parties(store->parties, arena, ret_parties, ret_n);
}

/* A name and data; CV_ENOTFOUND. */
static int s_named(cv_stmt_t *stmt, cv_arena_t *arena, cv_str_t *ret_name, cv_str_t *ret_data)
{
    int rc = cv_stmt_step(stmt);
    if (rc <= 0)
        return rc ? rc : CV_ENOTFOUND;
    rc = CV_OK;
    cv_str_t name = ntf_statement_keep(cv_stmt_get_text(stmt, 0), arena, &rc),
             data = ntf_statement_keep(cv_stmt_get_blob(stmt, 1), arena, &rc);
    cv_stmt_reset(stmt);
    if (rc)
        return rc;
    if (ret_name)
        *ret_name = name;
    *ret_data = data;
    return CV_OK;
}

int ntf_event_after(ntf_reminders_t *store, cv_str_t after, cv_arena_t *arena, cv_str_t *ret_event, cv_str_t *ret_data)
{
    cv_stmt_text(store->event_after, 1, after);
    return s_named(store->event_after, arena, ret_event, ret_data);
}

/* ---- silence procedures ------------------------------------------------------------------- */

int ntf_procedure_put(ntf_reminders_t *store, cv_str_t decision, cv_str_t data)
{
    cv_stmt_t *stmt = data.ptr ? store->procedure_put : store->procedure_drop;
    cv_stmt_text(stmt, 1, decision);
    if (data.ptr)
        cv_stmt_blob(stmt, 2, data.ptr, data.len);
    return cv_stmt_run(stmt);
}

int ntf_procedure_get(ntf_reminders_t *store, cv_str_t decision, cv_arena_t *arena, cv_str_t *ret_data)
{
    cv_stmt_text(store->procedure_get, 1, decision);
    return s_named(store->procedure_get, arena, NULL, ret_data);
}

int ntf_procedure_after(ntf_reminders_t *store, cv_str_t after, cv_arena_t *arena, cv_str_t *ret_decision,
                        cv_str_t *ret_data)
{
    cv_stmt_text(store->procedure_after, 1, after);
    return s_named(store->procedure_after, arena, ret_decision, ret_data);
}

int ntf_procedures_forget(ntf_reminders_t *store)
{
    return cv_stmt_run(store->procedures_forget);
}

/* ---- deliveries --------------------------------------------------------------------------- */

int ntf_delivery_mark(ntf_reminders_t *store, cv_str_t notice, int topic, int calendar, int audience)
{
    cv_stmt_text(store->mark, 1, notice);
    cv_stmt_int(store->mark, 2, topic);
    cv_stmt_int(store->mark, 3, calendar);
    cv_stmt_int(store->mark, 4, audience);
    return cv_stmt_run(store->mark);
}

int ntf_delivery_calendar(ntf_reminders_t *store, int64_t n, int *ret_calendar, int64_t *ret_sent)
{
    cv_stmt_int(store->calendar, 1, n);
    int rc = cv_stmt_step(store->calendar);
    if (rc < 0)
        return rc;
    *ret_calendar = rc ? (int)cv_stmt_get_int(store->calendar, 0) : 0;
    *ret_sent = rc ? cv_stmt_get_int(store->calendar, 1) : 0;
    cv_stmt_reset(store->calendar);
    return CV_OK;
}

int ntf_calendar_last(ntf_reminders_t *store, cv_str_t event, cv_str_t party, int *ret_calendar)
{
    cv_stmt_text(store->calendar_last, 1, event);
    cv_stmt_text(store->calendar_last, 2, party);
    int rc = cv_stmt_step(store->calendar_last);
    if (rc < 0)
        return rc;
    *ret_calendar = rc ? (int)cv_stmt_get_int(store->calendar_last, 0) : 0;
    cv_stmt_reset(store->calendar_last);
    return CV_OK;
}
