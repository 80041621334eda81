/* store_dispatch: SQL of webhooks, dispatches and the attempts at them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/store_dispatch.h"

#include "notifications/core.h"
#include "notifications/statement_set.h"
#include "notifications/statements_dispatch.h"

#include <stdlib.h>
#include <string.h>

const char ntf_tables_dispatch[] = NTF_TABLES_DISPATCH;
_Static_assert(CV_DELIVERY_RESULT_LATER == 2 && CV_DELIVERY_RESULT_FAILED == 5 && CV_DELIVERY_RESULT_TIMEOUT == 9,
               "statements_dispatch.h says them as numbers: what is tried again");
const char ntf_tables_head[] = NTF_TABLES_HEAD;
const char ntf_tables_salt[] = "ALTER TABLE ntf_webhook ADD COLUMN salt BLOB NOT NULL DEFAULT x'';";

struct ntf_dispatches {
#define XX(name, sql) cv_stmt_t *name;
    NTF_DISPATCH_STATEMENTS(XX)
#undef XX
};

enum { ADDRESS_MAX = 1024 };

static int s_settle_all(ntf_dispatches_t *d)
{
    int rc = cv_stmt_run(d->settle_none);
    return rc ? rc : cv_stmt_run(d->settle_all);
}

int ntf_dispatches_open(cv_db_t *db, ntf_dispatches_t **ret_dispatches)
{
    ntf_dispatches_t *d = calloc(1, sizeof(*d));
    if (!d)
        return CV_ENOMEM;
    const cv_sql_t all[] = {
#define XX(name, sql) {&d->name, sql},
        NTF_DISPATCH_STATEMENTS(XX)
#undef XX
    };
    int rc = cv_db_prepare_all(db, all, sizeof(all) / sizeof(all[0]));
    if (rc)
        ntf_dispatches_close(&d);
    else
        *ret_dispatches = d;
    return rc;
}

void ntf_dispatches_close(ntf_dispatches_t **d)
{
    free(*d); /* the statements are the database's */
    *d = NULL;
}

int ntf_dispatches_recover(ntf_dispatches_t *d)
{
    cv_stmt_int(d->recover_log, 1, CV_DELIVERY_RESULT_INTERRUPTED);
    cv_stmt_int(d->recover, 1, CV_DELIVERY_RESULT_INTERRUPTED);
    int rc = cv_stmt_run(d->recover_log);
    if (!rc)
        rc = cv_stmt_run(d->recover);
    return rc ? rc : s_settle_all(d);
}

int ntf_dispatches_set_back(ntf_dispatches_t *d, int64_t now_ms, int64_t slack_ms, int64_t pause_ms)
{
    cv_stmt_t *const steps[] = {d->set_back, d->set_back_far, d->set_back_outbox};
    cv_stmt_int(d->revive, 1, now_ms);
    cv_stmt_int(d->revive, 2, slack_ms);
    int rc = cv_stmt_run(d->revive);
    if (!rc)
        rc = s_settle_all(d);
    for (size_t i = 0; !rc && i < sizeof(steps) / sizeof(steps[0]); i++) {
        cv_stmt_int(steps[i], 1, now_ms);
        if (i == 0)
            cv_stmt_int(steps[i], 2, slack_ms);
        cv_stmt_int(steps[i], 3, i == 2 ? NTF_PAUSE_MAX_MS : pause_ms);
        rc = cv_stmt_run(steps[i]);
    }
    return rc;
}

int ntf_dispatch_settle(ntf_dispatches_t *d, int channel, cv_str_t address)
{
    cv_stmt_int(d->settle_clear, 1, channel);
    cv_stmt_text(d->settle_clear, 2, address);
    cv_stmt_int(d->settle_lane, 1, channel);
    cv_stmt_text(d->settle_lane, 2, address);
    int rc = cv_stmt_run(d->settle_clear);
    return rc ? rc : cv_stmt_run(d->settle_lane);
}

/* ---- webhooks ----------------------------------------------------------------------------- */

static int s_webhook_read(cv_stmt_t *stmt, cv_arena_t *arena, ntf_webhook_t *ret)
{
    int rc = CV_OK;
    *ret = (ntf_webhook_t){
        .origin.number = cv_stmt_get_int(stmt, 0),
        .party = ntf_statement_keep(cv_stmt_get_text(stmt, 1), arena, &rc),
        .order = cv_stmt_get_int(stmt, 2),
        .url = ntf_statement_keep(cv_stmt_get_text(stmt, 3), arena, &rc),
        .generation = cv_stmt_get_int(stmt, 4),
        .shown = cv_stmt_get_int(stmt, 5),
        .overlap_ms = cv_stmt_get_int(stmt, 6),
        .is_on = cv_stmt_get_int(stmt, 7) == NTF_WEBHOOK_ON,
    };
    cv_str_t salt = cv_stmt_get_blob(stmt, 8);
    ret->origin.is_salted = salt.len == sizeof(ret->origin.salt);
    if (ret->origin.is_salted)
        memcpy(ret->origin.salt, salt.ptr, salt.len);
    return rc;
}

static int s_webhook_one(cv_stmt_t *stmt, cv_arena_t *arena, ntf_webhook_t *ret_webhook)
{
    ntf_webhook_t webhook;
    int rc = cv_stmt_step(stmt);
    if (rc <= 0)
        return rc ? rc : CV_ENOTFOUND;
    rc = s_webhook_read(stmt, arena, &webhook);
    cv_stmt_reset(stmt);
    if (!rc)
        *ret_webhook = webhook;
    return rc;
}

int ntf_webhook_get(ntf_dispatches_t *d, cv_str_t party, int64_t order, cv_arena_t *arena, ntf_webhook_t *ret_webhook)
{
    cv_stmt_text(d->webhook_get, 1, party);
    cv_stmt_int(d->webhook_get, 2, order);
    return s_webhook_one(d->webhook_get, arena, ret_webhook);
}

int ntf_webhook_of(ntf_dispatches_t *d, int64_t number, cv_arena_t *arena, ntf_webhook_t *ret_webhook)
{
    cv_stmt_int(d->webhook_of, 1, number);
    return s_webhook_one(d->webhook_of, arena, ret_webhook);
}

int ntf_webhook_list(ntf_dispatches_t *d, cv_str_t party, cv_str_t after_party, int64_t after_order, cv_arena_t *arena,
                     size_t max, ntf_webhook_t *ret_webhooks, size_t *ret_n)
{
    cv_stmt_t *stmt = d->webhook_list;
    cv_stmt_text(stmt, 1, party);
    cv_stmt_text(stmt, 2, after_party.ptr ? after_party : CV_STR(""));
    cv_stmt_int(stmt, 3, after_order);
    cv_stmt_int(stmt, 4, (int64_t)max);
    size_t n = 0;
    int rc = 0;
    while (n < max && (rc = cv_stmt_step(stmt)) > 0 && !(rc = s_webhook_read(stmt, arena, &ret_webhooks[n])))
        n++;
    cv_stmt_reset(stmt);
    if (rc < 0)
        return rc;
    *ret_n = n;
    return CV_OK;
}

/* The number and address of a webhook. The address is in *ret_url, which the caller frees. */
static int s_webhook_number(ntf_dispatches_t *d, cv_str_t party, int64_t order, int64_t *ret_number, bool *ret_same,
                            cv_str_t url)
{
    cv_stmt_text(d->webhook_get, 1, party);
    cv_stmt_int(d->webhook_get, 2, order);
    int rc = cv_stmt_step(d->webhook_get);
    if (rc <= 0)
        return rc ? rc : CV_ENOTFOUND;
    *ret_number = cv_stmt_get_int(d->webhook_get, 0);
    *ret_same = cv_str_equal(cv_stmt_get_text(d->webhook_get, 3), url);
    cv_stmt_reset(d->webhook_get);
    return CV_OK;
}

static int s_for_number(cv_stmt_t *stmt, int64_t number)
{
    cv_stmt_int(stmt, 1, number);
    return cv_stmt_run(stmt);
}

int ntf_webhook_set(ntf_dispatches_t *d, cv_str_t party, int64_t order, cv_str_t url)
{
    int64_t number = 0;
    bool is_same = false;
    int rc = s_webhook_number(d, party, order, &number, &is_same, url);
    if (!rc && is_same)
        return s_for_number(d->webhook_on, number);
    if (rc && rc != CV_ENOTFOUND)
        return rc;
    bool is_new = rc == CV_ENOTFOUND;
    rc = is_new ? CV_OK : s_for_number(d->webhook_drop, number);
    if (!rc) {
        cv_stmt_text(d->webhook_add, 1, party);
        cv_stmt_int(d->webhook_add, 2, order);
        cv_stmt_text(d->webhook_add, 3, url);
        rc = cv_stmt_run(d->webhook_add);
    }
    if (rc || is_new)
        return rc;
    cv_stmt_text(d->webhook_move, 1, party);
    cv_stmt_int(d->webhook_move, 2, order);
    cv_stmt_text(d->webhook_move, 3, url);
    cv_stmt_int(d->webhook_move, 4, number);
    rc = cv_stmt_run(d->webhook_move);
    return rc ? rc : s_settle_all(d);
}

static int s_webhook_end(ntf_dispatches_t *d, int64_t number, int64_t now_ms, cv_delivery_result_t reason)
{
    cv_stmt_int(d->webhook_end, 1, number);
    cv_stmt_int(d->webhook_end, 2, now_ms);
    cv_stmt_int(d->webhook_end, 3, reason);
    return cv_stmt_run(d->webhook_end);
}

int ntf_webhook_drop(ntf_dispatches_t *d, cv_str_t party, int64_t order, int64_t now_ms)
{
    int64_t number;
    bool is_same;
    int rc = s_webhook_number(d, party, order, &number, &is_same, CV_STR_NONE);
    if (!rc)
        rc = s_webhook_end(d, number, now_ms, CV_DELIVERY_RESULT_WITHDRAWN);
    if (!rc) /* what died before says nothing any more either */
        rc = s_for_number(d->webhook_dead, number);
    if (!rc)
        rc = s_for_number(d->webhook_drop, number);
    return rc ? rc : s_settle_all(d);
}

int ntf_webhook_gone(ntf_dispatches_t *d, int64_t number, int64_t now_ms)
{
    int rc = s_for_number(d->webhook_off, number);
    if (!rc)
        rc = s_webhook_end(d, number, now_ms, CV_DELIVERY_RESULT_GONE);
    return rc ? rc : s_settle_all(d);
}

int ntf_webhook_rotate(ntf_dispatches_t *d, cv_str_t party, int64_t order, int64_t overlap_ms)
{
    int64_t number;
    bool is_same;
    int rc = s_webhook_number(d, party, order, &number, &is_same, CV_STR_NONE);
    if (rc)
        return rc;
    cv_stmt_int(d->webhook_rotate, 1, number);
    cv_stmt_int(d->webhook_rotate, 2, overlap_ms);
    return cv_stmt_run(d->webhook_rotate);
}

int ntf_webhook_show(ntf_dispatches_t *d, int64_t number, int64_t generation)
{
    cv_stmt_int(d->webhook_show, 1, number);
    cv_stmt_int(d->webhook_show, 2, generation);
    return cv_stmt_run(d->webhook_show);
}

int ntf_webhook_key(ntf_dispatches_t *d, bool *ret_any, uint8_t ret_proof[16])
{
    int rc = cv_stmt_step(d->webhook_any);
    if (rc <= 0)
        return rc ? rc : CV_EINTERNAL;
    bool any = cv_stmt_get_int(d->webhook_any, 0) != 0;
    cv_stmt_reset(d->webhook_any);
    rc = cv_stmt_step(d->key_get);
    if (rc < 0)
        return rc;
    memset(ret_proof, 0, 16);
    if (rc > 0) {
        cv_str_t proof = cv_stmt_get_blob(d->key_get, 0);
        memcpy(ret_proof, proof.ptr, proof.len < 16 ? proof.len : 16);
        cv_stmt_reset(d->key_get);
    }
    *ret_any = any;
    return CV_OK;
}

int ntf_webhook_key_put(ntf_dispatches_t *d, const uint8_t proof[16])
{
    cv_stmt_blob(d->key_put, 1, proof, 16);
    return cv_stmt_run(d->key_put);
}

/* ---- dispatches --------------------------------------------------------------------------- */

static int s_dispatch_read(cv_stmt_t *stmt, cv_arena_t *arena, ntf_dispatch_t *ret)
{
    int rc = CV_OK;
    *ret = (ntf_dispatch_t){
        .number = cv_stmt_get_int(stmt, 0),
        .n = cv_stmt_get_int(stmt, 1),
        .channel = (int)cv_stmt_get_int(stmt, 2),
        .state = (int)cv_stmt_get_int(stmt, 3),
        .webhook = cv_stmt_get_int(stmt, 4),
        .address = ntf_statement_keep(cv_stmt_get_text(stmt, 5), arena, &rc),
        .body = ntf_statement_keep(cv_stmt_get_blob(stmt, 6), arena, &rc),
        .attempts = cv_stmt_get_int(stmt, 7),
        .failures = cv_stmt_get_int(stmt, 8),
        .first_ms = cv_stmt_get_int(stmt, 9),
        .next_ms = cv_stmt_get_int(stmt, 10),
        .done_ms = cv_stmt_get_int(stmt, 11),
        .reason = (cv_delivery_result_t)cv_stmt_get_int(stmt, 12),
        .notice = ntf_statement_keep(cv_stmt_get_text(stmt, 13), arena, &rc),
        .cause = ntf_statement_keep(cv_stmt_get_text(stmt, 14), arena, &rc),
        .event = ntf_statement_keep(cv_stmt_get_text(stmt, 15), arena, &rc),
        .party = ntf_statement_keep(cv_stmt_get_text(stmt, 16), arena, &rc),
        .kind = (int)cv_stmt_get_int(stmt, 17),
        .time_ms = cv_stmt_get_int(stmt, 18),
        .person = cv_stmt_get_int(stmt, 19),
        .place = (int)cv_stmt_get_int(stmt, 20),
    };
    return rc;
}

static int s_dispatches(cv_stmt_t *stmt, cv_arena_t *arena, size_t max, ntf_dispatch_t *ret_dispatches, size_t *ret_n)
{
    size_t n = 0;
    int rc = 0;
    while (n < max && (rc = cv_stmt_step(stmt)) > 0 && !(rc = s_dispatch_read(stmt, arena, &ret_dispatches[n])))
        n++;
    cv_stmt_reset(stmt);
    if (rc < 0)
        return rc;
    *ret_n = n;
    return CV_OK;
}

int ntf_dispatch_get(ntf_dispatches_t *d, int64_t number, cv_arena_t *arena, ntf_dispatch_t *ret_dispatch)
{
    ntf_dispatch_t dispatch;
    size_t n;
    cv_stmt_int(d->get, 1, number);
    int rc = s_dispatches(d->get, arena, 1, &dispatch, &n);
    if (rc || n == 0)
        return rc ? rc : CV_ENOTFOUND;
    *ret_dispatch = dispatch;
    return CV_OK;
}

int ntf_dispatch_add_webhooks(ntf_dispatches_t *d, cv_str_t notice)
{
    cv_stmt_text(d->add_webhooks, 1, notice);
    return cv_stmt_run(d->add_webhooks);
}

int ntf_dispatch_add_mail(ntf_dispatches_t *d, const ntf_delivery_t *delivery, cv_str_t address)
{
    cv_stmt_int(d->add_mail, 1, delivery->n);
    cv_stmt_text(d->add_mail, 2, address);
    cv_stmt_blob(d->add_mail, 3, delivery->mail.ptr, delivery->mail.len);
    return cv_stmt_run(d->add_mail);
}

int ntf_dispatch_due(ntf_dispatches_t *d, int channel, int64_t now_ms, int64_t after_ms, int64_t after_number,
                     cv_arena_t *arena, size_t max, ntf_dispatch_t *ret_dispatches, size_t *ret_n)
{
    cv_stmt_int(d->due, 1, channel);
    cv_stmt_int(d->due, 2, now_ms);
    cv_stmt_int(d->due, 3, after_ms);
    cv_stmt_int(d->due, 4, after_number);
    cv_stmt_int(d->due, 5, (int64_t)max);
    return s_dispatches(d->due, arena, max, ret_dispatches, ret_n);
}

/* Whether it is the head of its lane, whose address is in ret_address. */
static int s_is_head(ntf_dispatches_t *d, int64_t number, bool *ret_head, char ret_address[ADDRESS_MAX])
{
    cv_stmt_int(d->place, 1, number);
    int rc = cv_stmt_step(d->place);
    if (rc <= 0)
        return rc ? rc : CV_ENOTFOUND;
    rc = cv_str_copy(cv_stmt_get_text(d->place, 1), ret_address, ADDRESS_MAX);
    *ret_head = cv_stmt_get_int(d->place, 4) != 0;
    cv_stmt_reset(d->place);
    return rc ? CV_ECORRUPT : CV_OK;
}

int ntf_dispatch_lease(ntf_dispatches_t *d, const ntf_dispatch_t *dispatch, int64_t now_ms)
{
    bool is_head;
    char was[ADDRESS_MAX], now[ADDRESS_MAX];
    int rc = s_is_head(d, dispatch->number, &is_head, was);
    if (!rc && !cv_str_is(dispatch->address, was)) {
        /* a mail that was made anew, to another address: it changes lanes, and may not be first there */
        cv_stmt_int(d->move, 1, dispatch->number);
        cv_stmt_text(d->move, 2, dispatch->address);
        cv_stmt_blob(d->move, 3, dispatch->body.ptr, dispatch->body.len);
        rc = cv_stmt_run(d->move);
        if (!rc)
            rc = ntf_dispatch_settle(d, dispatch->channel, cv_str(was));
        if (!rc)
            rc = ntf_dispatch_settle(d, dispatch->channel, dispatch->address);
        if (!rc)
            rc = s_is_head(d, dispatch->number, &is_head, now);
    }
    if (rc || !is_head)
        return rc ? rc : CV_ENOTFOUND;
    cv_stmt_int(d->lease, 1, dispatch->number);
    cv_stmt_int(d->lease, 2, now_ms);
    cv_stmt_blob(d->lease, 3, dispatch->body.ptr, dispatch->body.len);
    return cv_stmt_run(d->lease);
}

int ntf_dispatch_put_off(ntf_dispatches_t *d, int64_t number, int64_t until_ms)
{
    cv_stmt_int(d->put_off, 1, number);
    cv_stmt_int(d->put_off, 2, until_ms);
    return cv_stmt_run(d->put_off);
}

static int s_attempt_put(ntf_dispatches_t *d, const ntf_dispatch_end_t *end, int64_t attempts)
{
    cv_stmt_int(d->attempt, 1, end->number);
    cv_stmt_int(d->attempt, 2, attempts);
    cv_stmt_int(d->attempt, 3, end->at_ms);
    cv_stmt_int(d->attempt, 4, end->result);
    cv_stmt_int(d->attempt, 5, end->code);
    cv_stmt_text(d->attempt, 6, end->text);
    int rc = cv_stmt_run(d->attempt);
    if (rc || attempts <= NTF_ATTEMPTS_KEPT)
        return rc;
    cv_stmt_int(d->attempt_trim, 1, end->number);
    cv_stmt_int(d->attempt_trim, 2, attempts - NTF_ATTEMPTS_KEPT);
    return cv_stmt_run(d->attempt_trim);
}

/* Its webhook got another address while it was on its way: it waits there now. */
static int s_settle_moved(ntf_dispatches_t *d, int64_t number, const char *was)
{
    char address[ADDRESS_MAX];
    cv_stmt_int(d->place, 1, number);
    int rc = cv_stmt_step(d->place);
    if (rc <= 0)
        return rc ? rc : CV_EINTERNAL;
    rc = cv_str_copy(cv_stmt_get_text(d->place, 1), address, sizeof(address));
    cv_stmt_reset(d->place);
    if (rc)
        return CV_ECORRUPT;
    return strcmp(address, was) ? ntf_dispatch_settle(d, NTF_WEBHOOK, cv_str(address)) : CV_OK;
}

int ntf_dispatch_end(ntf_dispatches_t *d, const ntf_dispatch_end_t *end)
{
    char kept[ADDRESS_MAX];
    cv_stmt_int(d->place, 1, end->number);
    int rc = cv_stmt_step(d->place);
    if (rc <= 0)
        return rc ? rc : CV_ENOTFOUND;
    int channel = (int)cv_stmt_get_int(d->place, 0);
    rc = cv_str_copy(cv_stmt_get_text(d->place, 1), kept, sizeof(kept));
    int64_t attempts = cv_stmt_get_int(d->place, 2);
    /* A mail without its bytes was forgotten while it was on its way. */
    bool forgotten = channel == NTF_EMAIL && cv_stmt_get_int(d->place, 3) && end->state != NTF_WAITS;
    cv_stmt_reset(d->place);
    if (rc)
        return CV_ECORRUPT;
    cv_stmt_int(d->end, 1, end->number);
    cv_stmt_int(d->end, 2, end->state);
    cv_stmt_int(d->end, 3, end->state == NTF_DELIVERED ? 0 : (int64_t)end->result);
    cv_stmt_int(d->end, 4, end->next_ms);
    cv_stmt_int(d->end, 5, end->is_failure);
    cv_stmt_int(d->end, 6, end->state == NTF_WAITS ? 0 : end->at_ms);
    cv_stmt_int(d->end, 7, forgotten);
    rc = cv_stmt_run(d->end);
    if (!rc && attempts > 0)
        rc = s_attempt_put(d, end, attempts);
    if (!rc)
        rc = ntf_dispatch_settle(d, channel, cv_str(kept));
    return rc || channel != NTF_WEBHOOK || end->state != NTF_WAITS ? rc : s_settle_moved(d, end->number, kept);
}

int ntf_dispatch_next_due(ntf_dispatches_t *d, int channel, int64_t now_ms, int64_t *ret_due_ms)
{
    cv_stmt_int(d->next_due, 1, channel);
    cv_stmt_int(d->next_due, 2, now_ms);
    int rc = cv_stmt_step(d->next_due);
    if (rc <= 0)
        return rc ? rc : CV_EINTERNAL;
    bool none = cv_stmt_get_null(d->next_due, 0);
    int64_t due_ms = cv_stmt_get_int(d->next_due, 0);
    cv_stmt_reset(d->next_due);
    if (none)
        return CV_ENOTFOUND;
    *ret_due_ms = due_ms;
    return CV_OK;
}

int ntf_dispatch_redrive(ntf_dispatches_t *d, const int64_t *numbers, size_t n, cv_db_t *db, int64_t *ret_n)
{
    int64_t total = 0;
    int rc = CV_OK;
    if (!numbers) {
        rc = cv_stmt_run(d->redrive_all);
        total = cv_db_changes(db);
    }
    for (size_t i = 0; numbers && !rc && i < n; i++) {
        rc = s_for_number(d->redrive_one, numbers[i]);
        total += cv_db_changes(db);
    }
    if (!rc && total > 0)
        rc = s_settle_all(d);
    if (!rc)
        *ret_n = total;
    return rc;
}

static int s_run_for_lane(cv_stmt_t *stmt, cv_str_t event, cv_str_t party)
{
    cv_stmt_text(stmt, 1, event);
    cv_stmt_text(stmt, 2, party);
    return cv_stmt_run(stmt);
}

int ntf_dispatch_forget(ntf_dispatches_t *d, cv_str_t event, cv_str_t party)
{
    bool all = !event.ptr;
    int rc = all ? cv_stmt_run(d->forget_all_text) : s_run_for_lane(d->forget_lane_text, event, party);
    if (!rc)
        rc = all ? cv_stmt_run(d->forget_all) : s_run_for_lane(d->forget_lane, event, party);
    return rc ? rc : s_settle_all(d);
}

int ntf_dispatch_forget_person(ntf_dispatches_t *d, cv_str_t event, cv_str_t party, int64_t person)
{
    cv_stmt_int(d->forget_person_text, 3, person);
    cv_stmt_int(d->forget_person, 3, person);
    int rc = s_run_for_lane(d->forget_person_text, event, party);
    if (!rc)
        rc = s_run_for_lane(d->forget_person, event, party);
    return rc ? rc : s_settle_all(d);
}

int ntf_dispatch_list(ntf_dispatches_t *d, int64_t n, cv_arena_t *arena, size_t max, ntf_dispatch_t *ret_dispatches,
                      size_t *ret_n)
{
    cv_stmt_int(d->list, 1, n);
    cv_stmt_int(d->list, 2, (int64_t)max);
    return s_dispatches(d->list, arena, max, ret_dispatches, ret_n);
}

int ntf_dispatch_list_dead(ntf_dispatches_t *d, int64_t after, cv_arena_t *arena, size_t max,
                           ntf_dispatch_t *ret_dispatches, size_t *ret_n)
{
    cv_stmt_int(d->list_dead, 1, after);
    cv_stmt_int(d->list_dead, 2, (int64_t)max);
    return s_dispatches(d->list_dead, arena, max, ret_dispatches, ret_n);
}

int ntf_attempt_list(ntf_dispatches_t *d, int64_t number, cv_arena_t *arena,
                     cv_delivery_attempt_t ret_attempts[NTF_ATTEMPTS_KEPT], size_t *ret_n)
{
    cv_stmt_int(d->attempts, 1, number);
    size_t n = 0;
    int rc = 0;
    while (n < NTF_ATTEMPTS_KEPT && (rc = cv_stmt_step(d->attempts)) > 0) {
        rc = CV_OK;
        ret_attempts[n] = (cv_delivery_attempt_t){
            .at_ms = cv_stmt_get_int(d->attempts, 0),
            .result = (cv_delivery_result_t)cv_stmt_get_int(d->attempts, 1),
            .has_code = cv_stmt_get_int(d->attempts, 2) != 0,
            .code = cv_stmt_get_int(d->attempts, 2),
            .text = ntf_statement_keep(cv_stmt_get_text(d->attempts, 3), arena, &rc),
        };
        if (rc)
            break;
        n++;
    }
    cv_stmt_reset(d->attempts);
    if (rc < 0)
        return rc;
    *ret_n = n;
    return CV_OK;
}
