/* store: all SQL of the notifications service.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The engine's table `cursor` is read (never written) to see how far registration.private has been applied: it is
 * moved in the transactions that apply its records, also by a snapshot or by a record that had to be set aside, so it
 * is the one position that cannot disagree with what is in ntf_contact.
 */
#include "notifications/store.h"

#include "notifications/mail.h"
#include "notifications/statement_set.h"
#include "notifications/statements.h"
#include "notifications/store_persons.h"
#include "notifications/store_remind.h"

#include <stdlib.h>
#include <string.h>

const char ntf_tables_1[] = NTF_TABLES_1;
const char ntf_tables_2[] = NTF_TABLES_2;
const char ntf_tables_3[] = NTF_TABLES_3;
const char ntf_tables_language[] = NTF_TABLES_LANGUAGE;
const char ntf_tables_waiting[] = NTF_TABLES_WAITING;

struct ntf_store {
#define XX(name, sql) cv_stmt_t *name;
    NTF_STATEMENTS(XX)
#undef XX
};

int ntf_store_open(cv_db_t *db, ntf_store_t **ret_store)
{
    ntf_store_t *store = calloc(1, sizeof(*store));
    if (!store)
        return CV_ENOMEM;
    const cv_sql_t all[] = {
#define XX(name, sql) {&store->name, sql},
        NTF_STATEMENTS(XX)
#undef XX
    };
    int rc = cv_db_prepare_all(db, all, sizeof(all) / sizeof(all[0]));
    /* Who starts the service again has mended something: what was given up gets another chance. */
    if (!rc)
        rc = cv_stmt_run(store->redrive);
    if (rc == CV_EFULL)
        rc = CV_OK; /* at another start, then */
    if (rc)
        ntf_store_close(&store);
    else
        *ret_store = store;
    return rc;
}

void ntf_store_close(ntf_store_t **store)
{
    free(*store); /* the statements are the database's */
    *store = NULL;
}

/* ---- copying rows ------------------------------------------------------------------------- */

static int s_delivery_read(cv_stmt_t *stmt, cv_arena_t *arena, ntf_delivery_t *ret)
{
    int rc = CV_OK;
    *ret = (ntf_delivery_t){
        .n = cv_stmt_get_int(stmt, 0),
        .notice = ntf_statement_keep(cv_stmt_get_text(stmt, 1), arena, &rc),
        .kind = (int)cv_stmt_get_int(stmt, 2),
        .cause = ntf_statement_keep(cv_stmt_get_text(stmt, 3), arena, &rc),
        .event = ntf_statement_keep(cv_stmt_get_text(stmt, 4), arena, &rc),
        .party = ntf_statement_keep(cv_stmt_get_text(stmt, 5), arena, &rc),
        .time_ms = cv_stmt_get_int(stmt, 6),
        .private_seq = (uint64_t)cv_stmt_get_int(stmt, 7),
        .state = (int)cv_stmt_get_int(stmt, 8),
        .hold = (int)cv_stmt_get_int(stmt, 9),
        .attempts = cv_stmt_get_int(stmt, 10),
        .failures = cv_stmt_get_int(stmt, 11),
        .next_ms = cv_stmt_get_int(stmt, 12),
        .reason = ntf_statement_keep(cv_stmt_get_text(stmt, 13), arena, &rc),
        .channel = (int)cv_stmt_get_int(stmt, 14),
        .arrival = cv_stmt_get_int(stmt, 15),
        .digest = cv_stmt_get_int(stmt, 16),
        .above = (int)cv_stmt_get_int(stmt, 17),
        .audience = (int)cv_stmt_get_int(stmt, 18),
        .person = cv_stmt_get_int(stmt, 19),
        .place = (int)cv_stmt_get_int(stmt, 20),
    };
    return rc;
}

/* What a statement gives behind the others. */
typedef enum { NO_MORE, WHOLE, WITH_ANNOUNCED } s_more_t;

static int s_deliveries(cv_stmt_t *stmt, s_more_t more, cv_arena_t *arena, size_t max, ntf_delivery_t *ret_deliveries,
                        size_t *ret_n)
{
    size_t n = 0;
    int rc = 0;
    while (n < max && (rc = cv_stmt_step(stmt)) > 0) {
        rc = s_delivery_read(stmt, arena, &ret_deliveries[n]);
        if (more == WITH_ANNOUNCED)
            ret_deliveries[n].announced = cv_stmt_get_int(stmt, 21);
        if (more == WHOLE) {
            ret_deliveries[n].data = ntf_statement_keep(cv_stmt_get_blob(stmt, 21), arena, &rc);
            ret_deliveries[n].mail = ntf_statement_keep(cv_stmt_get_blob(stmt, 22), arena, &rc);
        }
        if (rc)
            break;
        n++;
    }
    cv_stmt_reset(stmt);
    if (rc < 0)
        return rc;
    *ret_n = n;
    return CV_OK;
}

/* One row with one value, copied to the arena; CV_ENOTFOUND. */
static int s_one(cv_stmt_t *stmt, cv_arena_t *arena, cv_str_t *ret_value)
{
    int rc = cv_stmt_step(stmt);
    if (rc <= 0)
        return rc ? rc : CV_ENOTFOUND;
    rc = CV_OK;
    cv_str_t value = ntf_statement_keep(cv_stmt_get_blob(stmt, 0), arena, &rc);
    cv_stmt_reset(stmt);
    if (!rc)
        *ret_value = value;
    return rc;
}

/* ---- projections -------------------------------------------------------------------------- */

int ntf_store_event_put(ntf_store_t *store, cv_str_t event, int64_t version, int64_t time_ms, cv_str_t data)
{
    cv_stmt_text(store->event_put, 1, event);
    cv_stmt_int(store->event_put, 2, version);
    cv_stmt_int(store->event_put, 3, time_ms);
    cv_stmt_blob(store->event_put, 4, data.ptr, data.len);
    return cv_stmt_run(store->event_put);
}

int ntf_store_event_get(ntf_store_t *store, cv_str_t event, cv_arena_t *arena, cv_str_t *ret_data)
{
    cv_stmt_text(store->event_get, 1, event);
    return s_one(store->event_get, arena, ret_data);
}

static int s_name_put(cv_stmt_t *stmt, cv_str_t code, cv_str_t name)
{
    cv_stmt_text(stmt, 1, code);
    cv_stmt_text(stmt, 2, name);
    return cv_stmt_run(stmt);
}

int ntf_store_venue_put(ntf_store_t *store, cv_str_t code, cv_str_t name)
{
    return s_name_put(store->venue_put, code, name);
}

int ntf_store_party_put(ntf_store_t *store, const cv_party_t *party)
{
    cv_stmt_int(store->party_put, 3, ntf_party_kind_stored(party->kind));
    return s_name_put(store->party_put, party->code, party->name);
}

int ntf_store_names_get(ntf_store_t *store, cv_str_t venue, cv_str_t party, cv_arena_t *arena, cv_str_t *ret_venue,
                        cv_str_t *ret_party)
{
    cv_stmt_text(store->names_get, 1, venue);
    cv_stmt_text(store->names_get, 2, party);
    int rc = cv_stmt_step(store->names_get);
    if (rc <= 0)
        return rc ? rc : CV_EINTERNAL;
    rc = CV_OK;
    *ret_venue = ntf_statement_keep(cv_stmt_get_text(store->names_get, 0), arena, &rc);
    *ret_party = ntf_statement_keep(cv_stmt_get_text(store->names_get, 1), arena, &rc);
    cv_stmt_reset(store->names_get);
    return rc;
}

/* What is in the database must not depend on the order of a generated enum. */
static const struct {
    cv_party_answer_t answer;
    int stored;
} s_answers[] = {
    {CV_PARTY_ANSWER_NONE, NTF_ANSWER_NONE},
    {CV_PARTY_ANSWER_REGISTERED, NTF_ANSWER_REGISTERED},
    {CV_PARTY_ANSWER_DECLINED, NTF_ANSWER_DECLINED},
    {CV_PARTY_ANSWER_WITHDRAWN, NTF_ANSWER_WITHDRAWN},
};
enum { ANSWERS_N = sizeof(s_answers) / sizeof(s_answers[0]) };

static int s_answer_stored(cv_party_answer_t answer)
{
    int stored = NTF_ANSWER_NONE;
    for (size_t i = 0; i < ANSWERS_N; i++) {
        if (s_answers[i].answer == answer)
            stored = s_answers[i].stored;
    }
    return stored;
}

int ntf_store_answer_get(ntf_store_t *store, cv_str_t event, cv_str_t party, cv_party_answer_t *ret_answer,
                         int64_t *ret_since)
{
    cv_stmt_text(store->answer_get, 1, event);
    cv_stmt_text(store->answer_get, 2, party);
    int rc = cv_stmt_step(store->answer_get);
    if (rc < 0)
        return rc;
    *ret_answer = CV_PARTY_ANSWER_ABSENT;
    *ret_since = 0;
    if (rc == 0)
        return CV_OK;
    int64_t stored = cv_stmt_get_int(store->answer_get, 0);
    for (size_t i = 0; i < ANSWERS_N; i++) {
        if (s_answers[i].stored == stored)
            *ret_answer = s_answers[i].answer;
    }
    *ret_since = cv_stmt_get_int(store->answer_get, 1);
    cv_stmt_reset(store->answer_get);
    return CV_OK;
}

int ntf_store_answer_put(ntf_store_t *store, cv_str_t event, cv_str_t party, cv_party_answer_t answer, int64_t since)
{
    cv_stmt_text(store->answer_put, 1, event);
    cv_stmt_text(store->answer_put, 2, party);
    cv_stmt_int(store->answer_put, 3, s_answer_stored(answer));
    cv_stmt_int(store->answer_put, 4, since);
    return cv_stmt_run(store->answer_put);
}

int ntf_store_event_version(ntf_store_t *store, cv_str_t event, int64_t *ret_version)
{
    cv_stmt_text(store->event_version, 1, event);
    int rc = cv_stmt_step(store->event_version);
    if (rc < 0)
        return rc;
    *ret_version = rc ? cv_stmt_get_int(store->event_version, 0) : 0;
    if (rc)
        cv_stmt_reset(store->event_version);
    return CV_OK;
}

int ntf_store_versions_end(ntf_store_t *store, cv_str_t event, int64_t version)
{
    cv_stmt_t *const steps[] = {store->answers_cap, store->changes_void};
    int rc = CV_OK;
    for (size_t i = 0; !rc && i < 2; i++) {
        cv_stmt_text(steps[i], 1, event);
        cv_stmt_int(steps[i], 2, version);
        rc = cv_stmt_run(steps[i]);
    }
    return rc;
}

/* A count from a statement that gives one. */
static int s_count(cv_stmt_t *stmt, size_t *ret_n)
{
    int rc = cv_stmt_step(stmt);
    if (rc <= 0)
        return rc ? rc : CV_EINTERNAL;
    *ret_n = (size_t)cv_stmt_get_int(stmt, 0);
    cv_stmt_reset(stmt);
    return CV_OK;
}

int ntf_store_answered(ntf_store_t *store, cv_str_t event, cv_party_answer_t answer, cv_arena_t *arena,
                       ntf_answered_t **ret_answered, size_t *ret_n)
{
    size_t max, n = 0;
    cv_stmt_text(store->answered_n, 1, event);
    cv_stmt_int(store->answered_n, 2, s_answer_stored(answer));
    int rc = s_count(store->answered_n, &max);
    if (rc)
        return rc;
    ntf_answered_t *rows = cv_arena_take(arena, (max + 1) * sizeof(*rows));
    if (!rows)
        return CV_ENOMEM;
    cv_stmt_text(store->answered, 1, event);
    cv_stmt_int(store->answered, 2, s_answer_stored(answer));
    while (n < max && (rc = cv_stmt_step(store->answered)) > 0) {
        rc = CV_OK;
        rows[n].party = ntf_statement_keep(cv_stmt_get_text(store->answered, 0), arena, &rc);
        rows[n++].since = cv_stmt_get_int(store->answered, 1);
        if (rc)
            break;
    }
    cv_stmt_reset(store->answered);
    if (rc < 0)
        return rc;
    *ret_answered = rows;
    *ret_n = n;
    return CV_OK;
}

int ntf_store_contact_put(ntf_store_t *store, cv_str_t event, cv_str_t party, const cv_contact_t *contact)
{
    cv_stmt_text(store->contact_put, 1, event);
    cv_stmt_text(store->contact_put, 2, party);
    cv_stmt_text(store->contact_put, 3, contact->name);
    cv_stmt_text(store->contact_put, 4, contact->email);
    cv_stmt_text(store->contact_put, 5, contact->language);
    return cv_stmt_run(store->contact_put);
}

/* What waits because mail to the person was stopped, or because of whom it was to before, is looked at anew. */
static int s_release_person(ntf_store_t *store, cv_str_t event, cv_str_t party, int64_t number)
{
    cv_stmt_text(store->release_person, 1, event);
    cv_stmt_text(store->release_person, 2, party);
    cv_stmt_int(store->release_person, 3, number);
    return cv_stmt_run(store->release_person);
}

int ntf_store_person_put(ntf_store_t *store, cv_str_t event, cv_str_t party, const cv_person_private_t *person)
{
    cv_stmt_text(store->person_put, 1, event);
    cv_stmt_text(store->person_put, 2, party);
    cv_stmt_int(store->person_put, 3, person->number);
    cv_stmt_text(store->person_put, 4, person->name);
    cv_stmt_text(store->person_put, 5, person->email);
    cv_stmt_int(store->person_put, 6, ntf_person_state_stored(person->state));
    int rc = cv_stmt_run(store->person_put);
    return rc ? rc : s_release_person(store, event, party, person->number);
}

int ntf_store_person_get(ntf_store_t *store, cv_str_t event, cv_str_t party, int64_t number, cv_arena_t *arena,
                         cv_str_t *ret_name)
{
    cv_stmt_text(store->person_get, 1, event);
    cv_stmt_text(store->person_get, 2, party);
    cv_stmt_int(store->person_get, 3, number);
    int rc = s_one(store->person_get, arena, ret_name);
    if (rc != CV_ENOTFOUND)
        return rc;
    *ret_name = CV_STR_NONE;
    return CV_OK;
}

int ntf_store_person_drop(ntf_store_t *store, cv_str_t event, cv_str_t party, int64_t number)
{
    cv_stmt_text(store->person_drop, 1, event);
    cv_stmt_text(store->person_drop, 2, party);
    cv_stmt_int(store->person_drop, 3, number);
    int rc = cv_stmt_run(store->person_drop);
    return rc ? rc : s_release_person(store, event, party, number);
}

static int s_run_for_lane(cv_stmt_t *stmt, cv_str_t event, cv_str_t party)
{
    cv_stmt_text(stmt, 1, event);
    cv_stmt_text(stmt, 2, party);
    return cv_stmt_run(stmt);
}

int ntf_store_contact_drop(ntf_store_t *store, cv_str_t event, cv_str_t party)
{
    return s_run_for_lane(store->contact_drop, event, party);
}

int ntf_store_scrub(ntf_store_t *store, cv_str_t event, cv_str_t party)
{
    if (!event.ptr) {
        int rc = cv_stmt_run(store->thaw_all);
        return rc ? rc : cv_stmt_run(store->scrub_all);
    }
    int rc = s_run_for_lane(store->thaw_lane, event, party);
    return rc ? rc : s_run_for_lane(store->scrub_lane, event, party);
}

int ntf_store_forget(ntf_store_t *store, const char *stream)
{
    cv_stmt_t *steps[3] = {NULL};
    if (strcmp(stream, "scheduling.events") == 0) {
        steps[0] = store->forget_event;
        steps[1] = store->forget_venue;
        steps[2] = store->forget_party;
    } else if (strcmp(stream, "registration.events") == 0) {
        steps[0] = store->forget_answer;
    } else if (strcmp(stream, "registration.private") == 0) {
        steps[0] = store->forget_contact;
        steps[1] = store->forget_person;
        steps[2] = store->release_persons; /* whoever is not told of again cannot be waited for */
    }
    int rc = CV_OK;
    for (size_t i = 0; !rc && i < 3 && steps[i]; i++)
        rc = cv_stmt_run(steps[i]);
    return rc;
}

/* ---- recipients --------------------------------------------------------------------------- */

int ntf_store_recipient_put(ntf_store_t *store, const cv_recipient_t *recipient)
{
    cv_stmt_text(store->recipient_put, 1, recipient->party);
    cv_stmt_int(store->recipient_put, 2, recipient->order);
    cv_stmt_text(store->recipient_put, 3, recipient->name);
    cv_stmt_text(store->recipient_put, 4, recipient->email);
    cv_stmt_text(store->recipient_put, 5, recipient->language);
    return cv_stmt_run(store->recipient_put);
}

int ntf_store_recipients(ntf_store_t *store, cv_str_t party, cv_str_t after_party, int64_t after_order,
                         cv_arena_t *arena, size_t max, cv_recipient_t *ret_recipients, size_t *ret_n)
{
    cv_stmt_t *stmt = store->recipients;
    cv_stmt_text(stmt, 1, party);
    cv_stmt_text(stmt, 2, after_party.ptr ? after_party : CV_STR(""));
    cv_stmt_int(stmt, 3, after_order);
    cv_stmt_int(stmt, 4, (int64_t)max);
    size_t n = 0;
    int rc = 0;
    while (n < max && (rc = cv_stmt_step(stmt)) > 0) {
        rc = CV_OK;
        ret_recipients[n] = (cv_recipient_t){
            .party = ntf_statement_keep(cv_stmt_get_text(stmt, 0), arena, &rc),
            .order = cv_stmt_get_int(stmt, 1),
            .name = ntf_statement_keep(cv_stmt_get_text(stmt, 2), arena, &rc),
            .email = ntf_statement_keep(cv_stmt_get_text(stmt, 3), arena, &rc),
            .language = ntf_statement_keep(cv_stmt_get_text(stmt, 4), arena, &rc),
        };
        if (rc)
            break;
        n++;
    }
    cv_stmt_reset(stmt);
    if (rc < 0)
        return rc;
    *ret_n = n;
    return CV_OK;
}

int ntf_store_recipient_for(ntf_store_t *store, cv_str_t event, cv_str_t party, int above, cv_arena_t *arena,
                            ntf_recipient_t *ret_recipient)
{
    cv_stmt_t *stmt = store->recipient_for;
    cv_stmt_text(stmt, 1, event);
    cv_stmt_text(stmt, 2, party);
    cv_stmt_int(stmt, 3, above);
    int rc;
    while ((rc = cv_stmt_step(stmt)) > 0) {
        if (!ntf_mail_address_usable(cv_stmt_get_text(stmt, 2)))
            continue;
        rc = CV_OK;
        cv_str_t name = cv_stmt_get_text(stmt, 1);
        *ret_recipient = (ntf_recipient_t){
            .order = (int)cv_stmt_get_int(stmt, 0),
            .name = ntf_mail_name_usable(name) ? ntf_statement_keep(name, arena, &rc) : CV_STR_NONE,
            .email = ntf_statement_keep(cv_stmt_get_text(stmt, 2), arena, &rc),
            .language = ntf_statement_keep(cv_stmt_get_text(stmt, 3), arena, &rc),
        };
        cv_stmt_reset(stmt);
        return rc;
    }
    return rc ? rc : CV_ENOTFOUND;
}

/* ---- changes ------------------------------------------------------------------------------ */

int ntf_store_change_put(ntf_store_t *store, cv_str_t cause, cv_str_t event, int64_t version, int64_t time_ms,
                         cv_str_t was, cv_str_t now)
{
    cv_stmt_text(store->change_put, 1, cause);
    cv_stmt_text(store->change_put, 2, event);
    cv_stmt_int(store->change_put, 3, time_ms);
    cv_stmt_blob(store->change_put, 4, was.ptr, was.len);
    cv_stmt_blob(store->change_put, 5, now.ptr, now.len);
    cv_stmt_int(store->change_put, 6, version);
    return cv_stmt_run(store->change_put);
}

int ntf_store_changes(ntf_store_t *store, cv_str_t event, int64_t since, cv_arena_t *arena, ntf_change_t **ret_changes,
                      size_t *ret_n)
{
    size_t max, n = 0;
    cv_stmt_text(store->changes_n, 1, event);
    cv_stmt_int(store->changes_n, 2, since);
    int rc = s_count(store->changes_n, &max);
    if (rc)
        return rc;
    ntf_change_t *rows = cv_arena_take(arena, (max + 1) * sizeof(*rows));
    if (!rows)
        return CV_ENOMEM;
    cv_stmt_text(store->changes, 1, event);
    cv_stmt_int(store->changes, 2, since);
    while (n < max && (rc = cv_stmt_step(store->changes)) > 0) {
        rc = CV_OK;
        rows[n].cause = ntf_statement_keep(cv_stmt_get_text(store->changes, 0), arena, &rc);
        rows[n].version = cv_stmt_get_int(store->changes, 2);
        rows[n++].time_ms = cv_stmt_get_int(store->changes, 1);
        if (rc)
            break;
    }
    cv_stmt_reset(store->changes);
    if (rc < 0)
        return rc;
    *ret_changes = rows;
    *ret_n = n;
    return CV_OK;
}

int ntf_store_change_get(ntf_store_t *store, cv_str_t cause, cv_arena_t *arena, cv_str_t *ret_was, cv_str_t *ret_now)
{
    cv_stmt_text(store->change_get, 1, cause);
    int rc = cv_stmt_step(store->change_get);
    if (rc <= 0)
        return rc ? rc : CV_ENOTFOUND;
    rc = CV_OK;
    cv_str_t was = ntf_statement_keep(cv_stmt_get_blob(store->change_get, 0), arena, &rc);
    cv_str_t now = ntf_statement_keep(cv_stmt_get_blob(store->change_get, 1), arena, &rc);
    cv_stmt_reset(store->change_get);
    if (rc)
        return rc;
    *ret_was = was;
    *ret_now = now;
    return CV_OK;
}

/* ---- deliveries --------------------------------------------------------------------------- */

int ntf_store_delivery_add(ntf_store_t *store, const ntf_delivery_t *delivery)
{
    cv_stmt_t *stmt = store->add;
    cv_stmt_text(stmt, 1, delivery->notice);
    cv_stmt_int(stmt, 2, delivery->kind);
    cv_stmt_text(stmt, 3, delivery->cause);
    cv_stmt_text(stmt, 4, delivery->event);
    cv_stmt_text(stmt, 5, delivery->party);
    cv_stmt_int(stmt, 6, delivery->time_ms);
    cv_stmt_int(stmt, 7, (int64_t)delivery->private_seq);
    cv_stmt_blob(stmt, 8, delivery->data.ptr, delivery->data.len);
    cv_stmt_blob(stmt, 9, delivery->private_epoch, delivery->private_epoch ? CV_EPOCH_LEN : 0);
    return cv_stmt_run(stmt);
}

int ntf_store_release(ntf_store_t *store)
{
    int rc = cv_stmt_run(store->release_private);
    return rc ? rc : cv_stmt_run(store->release_known);
}

int ntf_store_hold(ntf_store_t *store, int64_t n, int hold)
{
    cv_stmt_int(store->hold_one, 1, n);
    cv_stmt_int(store->hold_one, 2, hold);
    return cv_stmt_run(store->hold_one);
}

int ntf_store_release_recipient(ntf_store_t *store, cv_str_t event, cv_str_t party)
{
    cv_stmt_t *stmt = event.ptr ? store->release_lane : store->release_party;
    cv_stmt_text(stmt, 1, party);
    if (event.ptr)
        cv_stmt_text(stmt, 2, event);
    return cv_stmt_run(stmt);
}

int ntf_store_hold_lane(ntf_store_t *store, const ntf_delivery_t *row, cv_db_t *db, int *ret_n)
{
    cv_stmt_text(store->hold_lane, 1, row->event);
    cv_stmt_text(store->hold_lane, 2, row->party);
    cv_stmt_int(store->hold_lane, 3, row->person);
    int rc = cv_stmt_run(store->hold_lane);
    if (!rc)
        *ret_n = cv_db_changes(db);
    return rc;
}

int ntf_store_ready(ntf_store_t *store, int64_t now_ms, cv_arena_t *arena, size_t max, ntf_delivery_t *ret_deliveries,
                    size_t *ret_n)
{
    cv_stmt_int(store->ready, 1, now_ms);
    cv_stmt_int(store->ready, 2, (int64_t)max);
    return s_deliveries(store->ready, WHOLE, arena, max, ret_deliveries, ret_n);
}

int ntf_store_lease(ntf_store_t *store, int64_t n, int64_t now_ms, cv_str_t mail)
{
    cv_stmt_int(store->lease, 1, n);
    cv_stmt_int(store->lease, 2, now_ms);
    cv_stmt_blob(store->lease, 3, mail.ptr, mail.len);
    return cv_stmt_run(store->lease);
}

int ntf_store_written(ntf_store_t *store, int64_t n)
{
    cv_stmt_int(store->written, 1, n);
    return cv_stmt_run(store->written);
}

int ntf_store_handed(ntf_store_t *store, int64_t n)
{
    cv_stmt_int(store->handed, 1, n);
    return cv_stmt_run(store->handed);
}

int ntf_store_delivery_get(ntf_store_t *store, int64_t n, cv_arena_t *arena, ntf_delivery_t *ret_delivery)
{
    ntf_delivery_t delivery;
    size_t found;
    cv_stmt_int(store->delivery_get, 1, n);
    int rc = s_deliveries(store->delivery_get, WHOLE, arena, 1, &delivery, &found);
    if (rc || found == 0)
        return rc ? rc : CV_ENOTFOUND;
    *ret_delivery = delivery;
    return CV_OK;
}

/* The deliveries behind this one in its lane are due when it is: so the earliest due one can always be tried. */
static int s_lane_next(ntf_store_t *store, const ntf_delivery_t *row, int64_t next_ms)
{
    cv_stmt_text(store->lane_next, 1, row->event);
    cv_stmt_text(store->lane_next, 2, row->party);
    cv_stmt_int(store->lane_next, 3, row->n);
    cv_stmt_int(store->lane_next, 4, next_ms);
    cv_stmt_int(store->lane_next, 5, row->person);
    return cv_stmt_run(store->lane_next);
}

int ntf_store_failed(ntf_store_t *store, const ntf_delivery_t *row, const char *reason)
{
    cv_stmt_int(store->failed, 1, row->n);
    cv_stmt_text(store->failed, 2, cv_str(reason));
    int rc = cv_stmt_run(store->failed);
    return rc ? rc : s_lane_next(store, row, 0);
}

int ntf_store_again(ntf_store_t *store, const ntf_delivery_t *row, bool at_fault, int64_t next_ms, const char *reason)
{
    cv_stmt_int(store->again, 1, row->n);
    cv_stmt_int(store->again, 2, at_fault);
    cv_stmt_int(store->again, 3, next_ms);
    cv_stmt_text(store->again, 4, cv_str(reason));
    int rc = cv_stmt_run(store->again);
    return rc ? rc : s_lane_next(store, row, next_ms);
}

int ntf_store_scrubs(ntf_store_t *store, int64_t after, cv_arena_t *arena, size_t max, ntf_delivery_t *ret_deliveries,
                     size_t *ret_n)
{
    cv_stmt_int(store->scrubs, 1, after);
    cv_stmt_int(store->scrubs, 2, (int64_t)max);
    return s_deliveries(store->scrubs, WHOLE, arena, max, ret_deliveries, ret_n);
}

int ntf_store_scrubbed(ntf_store_t *store, int64_t n)
{
    cv_stmt_int(store->scrubbed, 1, n);
    return cv_stmt_run(store->scrubbed);
}

int ntf_store_unannounced(ntf_store_t *store, cv_arena_t *arena, size_t max, ntf_delivery_t *ret_deliveries,
                          size_t *ret_n)
{
    cv_stmt_int(store->unannounced, 1, (int64_t)max);
    return s_deliveries(store->unannounced, WITH_ANNOUNCED, arena, max, ret_deliveries, ret_n);
}

int ntf_store_announced(ntf_store_t *store, int64_t n, int64_t arrival)
{
    cv_stmt_int(store->announced, 1, n);
    cv_stmt_int(store->announced, 2, arrival);
    return cv_stmt_run(store->announced);
}

int ntf_store_next_due(ntf_store_t *store, int64_t *ret_due_ms, bool *ret_waiting)
{
    int rc = cv_stmt_step(store->waiting);
    if (rc < 0)
        return rc;
    bool waiting = rc > 0;
    cv_stmt_reset(store->waiting);
    rc = cv_stmt_step(store->next_due);
    if (rc <= 0)
        return rc ? rc : CV_EINTERNAL;
    bool none = cv_stmt_get_null(store->next_due, 0);
    int64_t due_ms = cv_stmt_get_int(store->next_due, 0);
    cv_stmt_reset(store->next_due);
    *ret_waiting = waiting;
    if (none)
        return CV_ENOTFOUND;
    *ret_due_ms = due_ms;
    return CV_OK;
}

int ntf_store_list(ntf_store_t *store, ntf_list_t list, cv_str_t event, cv_str_t party, int hold, int64_t after,
                   cv_arena_t *arena, size_t max, ntf_delivery_t *ret_deliveries, size_t *ret_n)
{
    cv_stmt_t *const lists[] = {
        [NTF_LIST_ALL] = store->list_all,
        [NTF_LIST_EVENT] = store->list_event,
        [NTF_LIST_LANE] = store->list_lane,
        [NTF_LIST_PARTY] = store->list_party,
        [NTF_LIST_UNFINISHED] = store->list_unfinished,
        [NTF_LIST_PENDING] = store->list_pending,
        [NTF_LIST_HELD] = store->list_held,
        [NTF_LIST_FAILED] = store->list_failed,
    };
    cv_stmt_t *stmt = lists[list];
    if (list == NTF_LIST_EVENT || list == NTF_LIST_LANE)
        cv_stmt_text(stmt, 1, event);
    if (list == NTF_LIST_LANE || list == NTF_LIST_PARTY)
        cv_stmt_text(stmt, 2, party);
    if (list == NTF_LIST_HELD)
        cv_stmt_int(stmt, 3, hold);
    cv_stmt_int(stmt, 4, after);
    cv_stmt_int(stmt, 5, (int64_t)max);
    return s_deliveries(stmt, NO_MORE, arena, max, ret_deliveries, ret_n);
}
