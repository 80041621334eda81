/* store_persons: see store_persons.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/store_persons.h"

#include "notifications/core_audience.h"
#include "notifications/mail.h"
#include "notifications/statement_set.h"
#include "notifications/statements.h"

_Static_assert(CV_DELIVERY_RESULT_WITHDRAWN == 15, "end_mails says it as a number");
_Static_assert(NTF_TO_PERSONS == 8, "add and leave say it as a number");
_Static_assert(CV_DELIVERY_RESULT_TIMEOUT == 9 && CV_DELIVERY_RESULT_INTERRUPTED == 11,
               "MAY_BE_TOLD says them as numbers");

/* What is in a lane is a person's or the delegation's: indexes by lane have the person in them. */
const char ntf_tables_persons[] =
    "ALTER TABLE ntf_person ADD COLUMN email TEXT;"
    "ALTER TABLE ntf_person ADD COLUMN state INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE ntf_person ADD COLUMN since INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX ntf_person_email ON ntf_person(email) WHERE email IS NOT NULL;"
    "ALTER TABLE ntf_delivery ADD COLUMN person INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE ntf_delivery ADD COLUMN place INTEGER NOT NULL DEFAULT 0;"
    "DROP INDEX ntf_delivery_lane;"
    "CREATE INDEX ntf_delivery_lane ON ntf_delivery(event, party, person, n) WHERE state = 1;"
    "DROP INDEX ntf_delivery_calendar;"
    "CREATE INDEX ntf_delivery_calendar ON ntf_delivery(event, party, person, n) WHERE calendar <> 0;"
    "CREATE TABLE ntf_owed(n INTEGER PRIMARY KEY) STRICT;";

/* Since which record of registration.private that number has this name, where it was another's before; 0: it was not. */
const char ntf_tables_named[] = "ALTER TABLE ntf_person ADD COLUMN named INTEGER NOT NULL DEFAULT 0;";

/* What tells who had a number before. */
const char ntf_tables_leaves[] = "CREATE INDEX ntf_delivery_leaves ON ntf_delivery(n) WHERE place = -2;";

/* Contact data that this notice of the delegation, or one before it, waits for has not come. */
#define IS_AHEAD_OF_CONTACTS                                                                                \
    "EXISTS(SELECT 1 FROM ntf_delivery AS e INDEXED BY ntf_delivery_held WHERE e.state = 1 AND e.hold <> 0" \
    " AND e.hold = 2 AND e.party = d.party AND e.event = d.event AND e.person = 0 AND e.n <= d.n)"
/* CROSS JOIN: in this order, whatever the planner knows of the tables, for one is for ever and the other nearly always
 * empty. The first that can be told ends it. */
#define OWED " AS o CROSS JOIN ntf_delivery AS d ON d.n = o.n WHERE NOT " IS_AHEAD_OF_CONTACTS
/* Of the first that are owed: registration.private comes in their order, so what comes later waits no less. */
#define OWED_FIRST(after) "(SELECT n FROM ntf_owed WHERE n > " after " ORDER BY n LIMIT 256)"
/* Of a row of ntf_delivery: it is to a person who has no address any more; to who had that number before: the number is
 * nobody's. */
#define IS_GONE                                                                                  \
    "person > 0 AND NOT EXISTS(SELECT 1 FROM ntf_person AS p WHERE p.event = ntf_delivery.event" \
    " AND p.party = ntf_delivery.party AND p.number = ntf_delivery.person"                       \
    " AND (p.email IS NOT NULL OR ntf_delivery.place IN (-2, -4)))"
#define OF_PERSON "WHERE event = ?1 AND party = ?2 AND number = ?3"
#define ROWS_OF_PERSON "event = ?1 AND party = ?2 AND person = ?3 AND place <> -2"
/* What may have reached the person: a file, a mail that was taken or may have been. */
#define MAY_BE_TOLD                                                                                   \
    "state = 2 AND digest = 0 AND (channel = 1 OR EXISTS(SELECT 1 FROM ntf_dispatch AS d WHERE d.n =" \
    " ntf_delivery.n AND d.channel = 2 AND (d.state IN (2, 3) OR (d.state = 1 AND d.reason IN (9, 11)))))"
/* What told who had a number before, and is done: nothing of whom it was to is needed any more. */
#define HAS_LEFT "place = -2 AND state = 2 AND open = 0 AND dead = 0"
#define THAT_HAVE_LEFT "n IN (SELECT n FROM ntf_delivery INDEXED BY ntf_delivery_leaves WHERE " HAS_LEFT ")"

#define STATEMENTS(XX)                                                                                                                 \
    XX(owe, "INSERT INTO ntf_owed SELECT n FROM ntf_delivery WHERE notice = ?1 ON CONFLICT DO NOTHING")                                \
    XX(owed_next, "SELECT o.n FROM " OWED_FIRST("?1") OWED " ORDER BY o.n LIMIT 1")                                                    \
    XX(owed_any, "SELECT EXISTS(SELECT 1 FROM " OWED_FIRST("0") OWED ")")                                                              \
    XX(owed_end, "DELETE FROM ntf_owed WHERE n = ?1")                                                                                  \
    XX(get, "SELECT number, email IS NOT NULL, state, since, named FROM ntf_person " OF_PERSON)                                        \
    XX(put, "UPDATE ntf_person SET state = ?4, since = ?5 " OF_PERSON)                                                                 \
    XX(after, "SELECT number, 1, state, since, named FROM ntf_person WHERE event = ?1 AND party = ?2 AND number > ?3"                  \
              " AND email IS NOT NULL AND state IN (1, 2, 5, 7) ORDER BY number LIMIT 1")                                              \
    XX(after_leaving,                                                                                                                  \
       "SELECT number, email IS NOT NULL, state, since, named FROM ntf_person WHERE event = ?1 AND party = ?2"                         \
       " AND number > ?3 AND state NOT IN (0, 3, 4) ORDER BY number LIMIT 1")                                                          \
    XX(who, "SELECT name, email, EXISTS(SELECT 1 FROM ntf_address WHERE address = email AND state > 0),"                               \
            " (SELECT language FROM (SELECT 0 AS ord, language FROM ntf_contact WHERE event = ?1 AND party = ?2"                       \
            " UNION ALL SELECT ord, language FROM ntf_recipient WHERE party = ?2) ORDER BY ord LIMIT 1)"                               \
            " FROM ntf_person " OF_PERSON)                                                                                             \
    XX(add,                                                                                                                            \
       "INSERT INTO ntf_delivery(notice, kind, topic, cause, event, party, time_ms, private_seq, data, calendar, audience,"            \
       " person, place, next_ms, hold) SELECT ?2, kind, topic, cause, event, party, time_ms, 0, data, ?5, 8, ?3, ?4, " NTF_LANE_PAUSE( \
           "d.event", "d.party",                                                                                                       \
           "?3") ", EXISTS(SELECT 1 FROM ntf_delivery AS e WHERE e.event = d.event AND e.party = d.party AND e.person = ?3"            \
                 " AND e.state = 1 AND e.hold = 1) FROM ntf_delivery AS d WHERE n = ?1 ON CONFLICT(notice) DO NOTHING")                \
    XX(calendar_last,                                                                                                                  \
       "SELECT calendar FROM ntf_delivery INDEXED BY ntf_delivery_calendar WHERE event = ?1"                                           \
       " AND party = ?2 AND person = ?3 AND calendar <> 0 AND (place >= 0 OR place = -3) ORDER BY n DESC"                              \
       " LIMIT 1")                                                                                                                     \
    XX(end_mails,                                                                                                                      \
       "UPDATE ntf_dispatch SET state = 4, head = 0, reason = 15, done_ms = ?3 WHERE state IN (1, 4)"                                  \
       " AND channel = 2 AND reason <> 15 AND n IN (SELECT n FROM ntf_delivery WHERE event = ?1 AND party = ?2 AND " IS_GONE           \
       ")")                                                                                                                            \
    XX(end_rows, "UPDATE ntf_delivery SET state = 2, hold = 0, digest = -1, mail = NULL, reason = NULL"                                \
                 " WHERE event = ?1 AND party = ?2 AND digest = 0 AND " IS_GONE " AND (state = 1 OR EXISTS(SELECT 1"                   \
                 " FROM ntf_dispatch AS d WHERE d.n = ntf_delivery.n AND d.state = 4 AND d.reason = 15))")                             \
    XX(is_another, "SELECT EXISTS(SELECT 1 FROM ntf_person " OF_PERSON " AND name <> ?4)")                                             \
    XX(replace_mails,                                                                                                                  \
       "UPDATE ntf_dispatch SET state = 4, head = 0, reason = 15, done_ms = ?4 WHERE state IN (1, 4)"                                  \
       " AND channel = 2 AND reason <> 15 AND n IN (SELECT n FROM ntf_delivery WHERE " ROWS_OF_PERSON ")")                             \
    XX(replace_rows, "UPDATE ntf_delivery SET state = 2, hold = 0, digest = -1, mail = NULL, reason = NULL"                            \
                     " WHERE " ROWS_OF_PERSON " AND digest = 0 AND (state <> 2 OR EXISTS(SELECT 1"                                     \
                     " FROM ntf_dispatch AS d WHERE d.n = ntf_delivery.n AND d.state = 4 AND d.reason = 15))")                         \
    XX(replace_files,                                                                                                                  \
       "UPDATE ntf_delivery SET place = CASE WHEN digest = 0 AND (SELECT email FROM ntf_person " OF_PERSON                             \
       ") = ?4 THEN -3 ELSE -1 END, scrub = 1 WHERE " ROWS_OF_PERSON " AND (place >= 0 OR place = -3)")                                \
    XX(replace_name, "UPDATE ntf_person SET named = ?4, state = 0, since = 0 " OF_PERSON)                                              \
    XX(replaced, "SELECT EXISTS(SELECT 1 FROM ntf_delivery WHERE n = ?1 AND place < 0)")                                               \
    XX(told_rows, "SELECT notice, channel, place, calendar FROM ntf_delivery WHERE " ROWS_OF_PERSON                                    \
                  " AND (place >= 0 OR place = -3) AND " MAY_BE_TOLD " ORDER BY n DESC")                                               \
    XX(is_at, "SELECT EXISTS(SELECT 1 FROM ntf_person " OF_PERSON " AND email = ?4)")                                                  \
    XX(is_shared,                                                                                                                      \
       "SELECT EXISTS(SELECT 1 FROM ntf_person WHERE event = ?1 AND party = ?2 AND number <> ?3 AND email = ?4"                        \
       " AND state IN (1, 5)) OR EXISTS(SELECT 1 FROM ntf_contact WHERE event = ?1 AND party = ?2 AND email = ?4)")                    \
    XX(leave,                                                                                                                          \
       "INSERT INTO ntf_delivery(notice, kind, cause, event, party, time_ms, private_seq, calendar, audience, person,"                 \
       " place, next_ms, hold) VALUES(?4, 1, ?5, ?1, ?2, ?6, 0, ?7, 8, ?3, -2, " NTF_LANE_PAUSE(                                       \
           "?1", "?2", "?3") ", 0) ON CONFLICT(notice) DO NOTHING")                                                                    \
    XX(left_any, "SELECT EXISTS(SELECT 1 FROM ntf_delivery INDEXED BY ntf_delivery_leaves WHERE " HAS_LEFT ")")                        \
    XX(left_texts,                                                                                                                     \
       "UPDATE ntf_attempt SET text = NULL WHERE dispatch IN (SELECT number FROM ntf_dispatch WHERE channel = 2"                       \
       " AND " THAT_HAVE_LEFT ")")                                                                                                     \
    XX(left_mails, "UPDATE ntf_dispatch SET body = NULL, address = '' WHERE channel = 2 AND " THAT_HAVE_LEFT)                          \
    XX(left_rows, "UPDATE ntf_delivery SET place = -4, mail = NULL WHERE " THAT_HAVE_LEFT)                                             \
    XX(version, "SELECT version FROM ntf_change WHERE cause = ?1")

NTF_STATEMENT_SET(ntf_persons, STATEMENTS)

/* What is in the database must not depend on the order of a generated enum. */
_Static_assert(CV_PERSON_STATE_MAX == 9, "a new state needs a number of its own");
static const int s_states[CV_PERSON_STATE_MAX + 1] = {
    [CV_PERSON_STATE_CONFIRMED] = 1, [CV_PERSON_STATE_WAITING] = 2,      [CV_PERSON_STATE_WITHDRAWN] = 3,
    [CV_PERSON_STATE_REFUSED] = 4,   [CV_PERSON_STATE_ONLINE] = 5,       [CV_PERSON_STATE_NOMINATED] = 6,
    [CV_PERSON_STATE_OFFERED] = 7,   [CV_PERSON_STATE_UNDER_REVIEW] = 8, [CV_PERSON_STATE_RETURNED] = 9,
};

int ntf_person_state_stored(cv_person_state_t state)
{
    return s_states[state];
}

cv_person_state_t ntf_person_state_read(int64_t stored)
{
    for (int state = CV_PERSON_STATE_MAX; state > CV_PERSON_STATE_ABSENT; state--) {
        if (s_states[state] == stored)
            return (cv_person_state_t)state;
    }
    return CV_PERSON_STATE_ABSENT;
}

static cv_stmt_t *s_of(cv_stmt_t *stmt, cv_str_t event, cv_str_t party, int64_t number)
{
    cv_stmt_text(stmt, 1, event);
    cv_stmt_text(stmt, 2, party);
    cv_stmt_int(stmt, 3, number);
    return stmt;
}

/* ---- what is owed ------------------------------------------------------------------------- */

int ntf_owe(ntf_persons_t *store, cv_str_t notice)
{
    cv_stmt_text(store->owe, 1, notice);
    return cv_stmt_run(store->owe);
}

int ntf_owed_next(ntf_persons_t *store, int64_t after, int64_t *ret_n)
{
    cv_stmt_int(store->owed_next, 1, after);
    return ntf_statement_number(store->owed_next, ret_n);
}

int ntf_owed_any(ntf_persons_t *store, bool *ret_any)
{
    return ntf_statement_whether(store->owed_any, ret_any);
}

int ntf_owed_end(ntf_persons_t *store, int64_t n)
{
    cv_stmt_int(store->owed_end, 1, n);
    return cv_stmt_run(store->owed_end);
}

/* ---- persons ------------------------------------------------------------------------------ */

static int s_told(cv_stmt_t *stmt, ntf_told_t *ret_told)
{
    int rc = cv_stmt_step(stmt);
    if (rc <= 0)
        return rc ? rc : CV_ENOTFOUND;
    *ret_told = (ntf_told_t){.number = cv_stmt_get_int(stmt, 0),
                             .has_email = cv_stmt_get_int(stmt, 1) != 0,
                             .state = ntf_person_state_read(cv_stmt_get_int(stmt, 2)),
                             .since = cv_stmt_get_int(stmt, 3),
                             .named = cv_stmt_get_int(stmt, 4)};
    cv_stmt_reset(stmt);
    return CV_OK;
}

int ntf_told_get(ntf_persons_t *store, cv_str_t event, cv_str_t party, int64_t number, ntf_told_t *ret_told)
{
    return s_told(s_of(store->get, event, party, number), ret_told);
}

int ntf_told_after(ntf_persons_t *store, cv_str_t event, cv_str_t party, int64_t after, ntf_told_t *ret_told)
{
    return s_told(s_of(store->after, event, party, after), ret_told);
}

int ntf_told_after_leaving(ntf_persons_t *store, cv_str_t event, cv_str_t party, int64_t after, ntf_told_t *ret_told)
{
    return s_told(s_of(store->after_leaving, event, party, after), ret_told);
}

int ntf_told_put(ntf_persons_t *store, cv_str_t event, cv_str_t party, const ntf_told_t *told)
{
    cv_stmt_t *stmt = s_of(store->put, event, party, told->number);
    cv_stmt_int(stmt, 4, ntf_person_state_stored(told->state));
    cv_stmt_int(stmt, 5, told->since);
    return cv_stmt_run(stmt);
}

int ntf_person_reach(ntf_persons_t *store, cv_str_t event, cv_str_t party, int64_t number, int *ret_reach)
{
    cv_stmt_t *stmt = s_of(store->who, event, party, number);
    int rc = cv_stmt_step(stmt);
    if (rc < 0)
        return rc;
    bool has = rc > 0 && ntf_mail_address_usable(cv_stmt_get_text(stmt, 1));
    *ret_reach = !has ? NTF_PERSON_GONE : cv_stmt_get_int(stmt, 2) ? NTF_PERSON_STOPPED : NTF_PERSON_REACHED;
    if (rc > 0)
        cv_stmt_reset(stmt);
    return CV_OK;
}

int ntf_person_recipient(ntf_persons_t *store, const ntf_delivery_t *row, cv_arena_t *arena,
                         ntf_recipient_t *ret_recipient)
{
    cv_stmt_t *stmt = s_of(store->who, row->event, row->party, row->person);
    int rc = row->place < 0 ? 0 : cv_stmt_step(stmt);
    if (rc <= 0)
        return rc ? rc : CV_ENOTFOUND;
    cv_str_t name = cv_stmt_get_text(stmt, 0), email = cv_stmt_get_text(stmt, 1);
    rc = ntf_mail_address_usable(email) && !cv_stmt_get_int(stmt, 2) ? CV_OK : CV_ENOTFOUND;
    if (!rc)
        *ret_recipient = (ntf_recipient_t){
            .name = ntf_mail_name_usable(name) ? ntf_statement_keep(name, arena, &rc) : CV_STR_NONE,
            .email = ntf_statement_keep(email, arena, &rc),
            .language = ntf_statement_keep(cv_stmt_get_text(stmt, 3), arena, &rc),
        };
    cv_stmt_reset(stmt);
    return rc;
}

/* ---- their rows --------------------------------------------------------------------------- */

int ntf_person_delivery_add(ntf_persons_t *store, int64_t n, cv_str_t notice, const ntf_told_t *told, int calendar)
{
    cv_stmt_int(store->add, 1, n);
    cv_stmt_text(store->add, 2, notice);
    cv_stmt_int(store->add, 3, told->number);
    cv_stmt_int(store->add, 4, ntf_person_state_stored(told->state));
    cv_stmt_int(store->add, 5, calendar);
    return cv_stmt_run(store->add);
}

int ntf_person_calendar_last(ntf_persons_t *store, cv_str_t event, cv_str_t party, int64_t number, int *ret_calendar)
{
    int64_t calendar = 0;
    int rc = ntf_statement_number(s_of(store->calendar_last, event, party, number), &calendar);
    if (rc && rc != CV_ENOTFOUND)
        return rc;
    *ret_calendar = (int)calendar;
    return CV_OK;
}

int ntf_person_end_all(ntf_persons_t *store, cv_str_t event, cv_str_t party, int64_t now_ms)
{
    cv_stmt_text(store->end_mails, 1, event);
    cv_stmt_text(store->end_mails, 2, party);
    cv_stmt_int(store->end_mails, 3, now_ms);
    int rc = cv_stmt_run(store->end_mails);
    cv_stmt_text(store->end_rows, 1, event);
    cv_stmt_text(store->end_rows, 2, party);
    return rc ? rc : cv_stmt_run(store->end_rows);
}

int ntf_person_is_another(ntf_persons_t *store, cv_str_t event, cv_str_t party, const cv_person_private_t *person,
                          bool *ret_is)
{
    cv_stmt_t *stmt = s_of(store->is_another, event, party, person->number);
    cv_stmt_text(stmt, 4, person->name);
    return ntf_statement_whether(stmt, ret_is);
}

int ntf_person_replace(ntf_persons_t *store, cv_str_t event, cv_str_t party, const cv_person_private_t *person,
                       int64_t seq, int64_t now_ms)
{
    cv_stmt_t *mails = s_of(store->replace_mails, event, party, person->number);
    cv_stmt_int(mails, 4, now_ms);
    int rc = cv_stmt_run(mails);
    if (!rc)
        rc = cv_stmt_run(s_of(store->replace_rows, event, party, person->number));
    cv_stmt_t *files = s_of(store->replace_files, event, party, person->number);
    cv_stmt_text(files, 4, person->email);
    if (!rc)
        rc = cv_stmt_run(files);
    cv_stmt_t *name = s_of(store->replace_name, event, party, person->number);
    cv_stmt_int(name, 4, seq);
    return rc ? rc : cv_stmt_run(name);
}

int ntf_person_is_replaced(ntf_persons_t *store, int64_t n, bool *ret_is)
{
    cv_stmt_int(store->replaced, 1, n);
    return ntf_statement_whether(store->replaced, ret_is);
}

/* ---- who had a number before -------------------------------------------------------------- */

int ntf_person_is_at(ntf_persons_t *store, cv_str_t event, cv_str_t party, const cv_person_private_t *person,
                     bool *ret_is)
{
    cv_stmt_t *stmt = s_of(store->is_at, event, party, person->number);
    cv_stmt_text(stmt, 4, person->email);
    return ntf_statement_whether(stmt, ret_is);
}

int ntf_person_shares(ntf_persons_t *store, cv_str_t event, cv_str_t party, int64_t number, cv_str_t address,
                      bool *ret_shares)
{
    cv_stmt_t *stmt = s_of(store->is_shared, event, party, number);
    cv_stmt_text(stmt, 4, address);
    return ntf_statement_whether(stmt, ret_shares);
}

int ntf_person_told(ntf_persons_t *store, cv_str_t event, cv_str_t party, int64_t number, ntf_has_left_t *has_left,
                    void *self, ntf_last_told_t *ret_told)
{
    cv_stmt_t *stmt = s_of(store->told_rows, event, party, number);
    ntf_last_told_t told = {.calendar = 0};
    int rc = 0;
    while ((!told.any || !told.calendar) && (rc = cv_stmt_step(stmt)) > 0) {
        bool is_file = cv_stmt_get_int(stmt, 1) == 1;
        if (is_file && !has_left(self, cv_stmt_get_text(stmt, 0)))
            continue;
        if (!told.any)
            told.state = ntf_person_state_read(cv_stmt_get_int(stmt, 2));
        if (!told.calendar)
            told.calendar = (int)cv_stmt_get_int(stmt, 3);
        told.any = true;
    }
    cv_stmt_reset(stmt);
    if (rc < 0)
        return rc;
    *ret_told = told;
    return CV_OK;
}

int ntf_leave_add(ntf_persons_t *store, const ntf_delivery_t *row, int calendar)
{
    cv_stmt_t *stmt = s_of(store->leave, row->event, row->party, row->person);
    cv_stmt_text(stmt, 4, row->notice);
    cv_stmt_text(stmt, 5, row->cause);
    cv_stmt_int(stmt, 6, row->time_ms);
    cv_stmt_int(stmt, 7, calendar);
    return cv_stmt_run(stmt);
}

int ntf_leave_forget(ntf_persons_t *store, bool *ret_any)
{
    int rc = ntf_statement_whether(store->left_any, ret_any);
    if (rc || !*ret_any)
        return rc;
    rc = cv_stmt_run(store->left_texts);
    if (!rc)
        rc = cv_stmt_run(store->left_mails);
    return rc ? rc : cv_stmt_run(store->left_rows);
}

/* ---- changes ------------------------------------------------------------------------------ */

int ntf_change_version(ntf_persons_t *store, cv_str_t cause, int64_t *ret_version)
{
    cv_stmt_text(store->version, 1, cause);
    *ret_version = 0;
    int rc = ntf_statement_number(store->version, ret_version);
    return rc == CV_ENOTFOUND ? CV_OK : rc;
}
