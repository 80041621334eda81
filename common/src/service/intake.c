/* intake: one request on its way to its answer.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   bytes --read--> who may? --> fits its description? --> decided before? --> still in time? --> the service decides
 *     |               |                  |                  |      |               |                     |
 *   dropped        DENIED             INVALID       same bytes  CONFLICT        EXPIRED       OK, REJECTED (remembered)
 *                                                                                             or another class (not)
 *
 * Before all this stands the limit of its principal (meter.c): what is over it gets BUSY, or is not read at all.
 *
 * A request that was decided in time gets its answer however late it is asked for again: EXPIRED means not decided.
 * The caller is known by the key of its connection; nothing in the message can change that, not even where the answer
 * goes: its name is in the topic, so nobody can put an outcome into another's inbox. Rights are checked before the
 * memo, so an id is no way to read an answer one may not have. A message that has no usable inbox cannot be answered
 * and is counted.
 *
 * The memo row is written in the same transaction as the decision. Anything the service returns that it did not
 * announce by cv_refuse is a failure of ours: the transaction goes, and engine.c tries each request alone.
 */
#include "convene/format.h"
#include "service/engine_state.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static bool is_inbox(cv_str_t token)
{
    if (token.len < 8 || token.len > 64)
        return false;
    for (size_t i = 0; i < token.len; i++) {
        char c = token.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
            return false;
    }
    return true;
}

/* Topic outcome.<principal>.<inbox>|. The name is the connection's, so a request that names somebody else's inbox is
 * answered where that somebody does not listen. An inbox has no dot, so no two pairs make one topic. */
static int put_outcome(cv_engine_t *engine, const cv_principal_t *principal, const cv_msg_t *request, cv_str_t bytes)
{
    char topic[CV_MAX_TOPIC];
    int len = cv_format(topic, sizeof topic, "outcome.%s.%.*s|", principal->name, CV_STR_ARG(request->inbox));
    assert(len > 0 && (size_t)len < sizeof topic);
    return cv_engine_put_out(engine, -1, NULL, (cv_str_t){topic, (size_t)len}, bytes);
}

/* Writes the outcome message into scratch; its id and cause are the request's id. */
static int write_outcome(cv_engine_t *engine, const cv_msg_t *request, const cv_outcome_t *outcome)
{
    cv_msg_t head = {
        .id = request->id,
        .source = cv_str(engine->source),
        .subject = request->subject,
        .correlationid = request->correlationid,
        .causationid = request->id,
        .traceparent = request->traceparent,
        .time_ms = engine->tx.now_ms,
        .info = cv_msg_info_at(CV_MSG_OUTCOME_V1),
    };
    cv_buf_clear(&engine->scratch);
    return cv_msg_write(&engine->scratch, &head, outcome);
}

static int answer(cv_engine_t *engine, const cv_principal_t *principal, const cv_msg_t *request,
                  const cv_outcome_t *outcome)
{
    int rc = write_outcome(engine, request, outcome);
    return rc ? rc : put_outcome(engine, principal, request, cv_buf_str(&engine->scratch));
}

/* An answer that is no decision: not remembered. */
static int answer_no(cv_engine_t *engine, const cv_principal_t *principal, const cv_msg_t *request, int rc,
                     const char *code, const char *field, const char *text)
{
    cv_outcome_t outcome = {
        .cls = cv_outcome_class_parse(cv_str(cv_error_wire(rc))),
        .code = cv_str(code),
        .text = cv_str(text),
        .field = field && field[0] ? cv_str(field) : CV_STR_NONE,
    };
    if (rc == CV_EUNAVAIL || rc == CV_EBUSY) {
        outcome.has_retry_after_ms = true;
        outcome.retry_after_ms = 1000;
    }
    return answer(engine, principal, request, &outcome);
}

/* Over the limit of its principal: no look at what it wants, and none at the database. */
static int answer_limited(cv_engine_t *engine, const cv_queued_t *queued, const cv_msg_t *request)
{
    const cv_outcome_t outcome = {
        .cls = CV_OUTCOME_CLASS_BUSY,
        .code = CV_STR("rate_limited"),
        .text = CV_STR("you send more than your limit; nothing was changed, come again later with the same request"),
        .has_retry_after_ms = true,
        .retry_after_ms = queued->again_ms,
    };
    return answer(engine, queued->principal, request, &outcome);
}

/* Everything that can be said before the memo is asked. CV_OK: go on; *ret_done: answered already. */
static int check(cv_engine_t *engine, const cv_principal_t *principal, const cv_msg_t *request, int read_rc,
                 const cv_fault_t *fault, uint8_t ret_id[CV_UUID_LEN], bool *ret_done)
{
    *ret_done = true;
    if (cv_uuid_parse(request->id, ret_id)) {
        engine->counters.invalid++;
        return answer_no(engine, principal, request, CV_EINVAL, "bad_id", "id",
                         "must be a UUID in its 36-character form");
    }
    if (read_rc) {
        engine->counters.invalid++;
        return answer_no(engine, principal, request, CV_EINVAL, "bad_message", fault->path, fault->text);
    }
    if (!request->info || request->info->kind != CV_KIND_REQUEST ||
        strcmp(request->info->service, engine->def->name) != 0) {
        engine->counters.invalid++;
        return answer_no(engine, principal, request, CV_EUNKNOWN, "unknown_type", "type",
                         "is not a request that this service takes");
    }
    if (!(principal->role & request->info->roles)) {
        engine->counters.denied++;
        return answer_no(engine, principal, request, CV_EDENIED, "role", NULL,
                         "the caller's role may not send this request");
    }
    *ret_done = false;
    return CV_OK;
}

/* The party a request speaks for; ptr NULL: none, which no focal point may send. */
static cv_str_t party_of(const cv_msg_info_t *info, const cv_any_t *data)
{
    cv_str_t party = CV_STR_NONE;
    if (info->party_at)
        memcpy(&party, (const char *)data + info->party_at - 1, sizeof party);
    return party;
}

/* Decodes the data and checks whom it speaks for. */
static int check_data(cv_engine_t *engine, const cv_principal_t *principal, const cv_msg_t *request, bool *ret_done)
{
    cv_fault_t fault = {0};
    *ret_done = true;
    if (request->info->decode(request->data, engine->decoded, &fault)) {
        engine->counters.invalid++;
        return answer_no(engine, principal, request, CV_EINVAL, "bad_field", fault.path, fault.text);
    }
    if (principal->role == CV_ROLE_FOCAL_POINT &&
        !cv_str_is(party_of(request->info, engine->decoded), principal->party)) {
        engine->counters.denied++;
        return answer_no(engine, principal, request, CV_EDENIED, "party", NULL,
                         "a focal point acts for its own party only");
    }
    *ret_done = false;
    return CV_OK;
}

/* The service's turn: decides, and the decision is remembered. */
static int decide(cv_engine_t *engine, const cv_principal_t *principal, const cv_msg_t *request,
                  const uint8_t id[CV_UUID_LEN], const uint8_t hash[CV_MEMO_HASH])
{
    struct cv_tx *tx = &engine->tx;
    cv_tx_start(engine, principal, request->id);
    tx->correlation = request->correlationid;
    tx->trace = request->traceparent;
    cv_outcome_t outcome = {.cls = CV_OUTCOME_CLASS_OK, .code = CV_STR("done"), .text = CV_STR("done")};
    int rc = engine->def->request(engine->service, tx, request, engine->decoded, &outcome);
    if (rc && rc != tx->refused_rc) {
        if (!engine->note[0])
            cv_engine_note(engine, "request %.*s failed: %s (%s)", CV_STR_ARG(request->id), cv_error_text(rc),
                           cv_db_error(engine->db));
        return rc == CV_ENOTFOUND ? CV_EINTERNAL : rc;
    }
    if (tx->emitted_stream >= 0 &&
        !outcome.has_sequence) { /* the service may know better which record is the decision */
        outcome.stream = cv_str(engine->def->streams[tx->emitted_stream].name);
        outcome.has_sequence = true;
        outcome.sequence = tx->emitted_seq;
    }
    int write_rc = write_outcome(engine, request, &outcome);
    if (write_rc)
        return write_rc;
    if (tx->is_unremembered && (!rc || rc == CV_EREJECTED)) {
        engine->counters.tried++;
    } else if (!rc || rc == CV_EREJECTED) {
        engine->counters.decided++;
        write_rc = cv_memo_put(&engine->memo, id, hash, principal->name, cv_buf_str(&engine->scratch));
        if (write_rc)
            return write_rc;
    } else {
        *(rc == CV_ENOTFOUND ? &engine->counters.notfound
          : rc == CV_EDENIED ? &engine->counters.denied
                             : &engine->counters.invalid) += 1;
    }
    return put_outcome(engine, principal, request, cv_buf_str(&engine->scratch));
}

int cv_intake_handle(cv_engine_t *engine, const cv_queued_t *queued)
{
    cv_msg_t request = {0};
    cv_fault_t fault = {0};
    uint8_t id[CV_UUID_LEN], hash[CV_MEMO_HASH];
    bool done;
    engine->counters.requests++;
    int read_rc = queued->message.len > CV_MAX_REQUEST ? CV_EMALFORMED
                                                       : cv_msg_read(engine->reader, queued->message, &request, &fault);
    if (read_rc == CV_ENOMEM)
        return read_rc;
    if (read_rc == CV_EMALFORMED || read_rc == CV_ELIMIT || !is_inbox(request.inbox) || !request.id.ptr) {
        engine->counters.dropped++;
        return CV_OK;
    }
    if (queued->again_ms)
        return answer_limited(engine, queued, &request);
    int rc = check(engine, queued->principal, &request, read_rc, &fault, id, &done);
    if (rc || done)
        return rc;
    rc = check_data(engine, queued->principal, &request, &done);
    if (rc || done)
        return rc;
    cv_memo_hash(&request, hash);
    cv_str_t stored;
    switch (rc = cv_memo_get(&engine->memo, id, hash, &stored)) {
    case CV_OK:
        engine->counters.replayed++;
        rc = put_outcome(engine, queued->principal, &request, stored);
        cv_memo_release(&engine->memo);
        return rc;
    case CV_ECONFLICT:
        engine->counters.conflict++;
        return answer_no(engine, queued->principal, &request, CV_ECONFLICT, "id_reused", "id",
                         "this id was used before for other content");
    case CV_ENOTFOUND:
        break;
    default:
        return rc;
    }
    if (request.expiry_ms && request.expiry_ms <= engine->tx.now_ms) {
        engine->counters.expired++;
        return answer_no(engine, queued->principal, &request, CV_EEXPIRED, "expired", "expirytime",
                         "was over before the request was decided");
    }
    if (!engine->writable) {
        engine->counters.unavailable++;
        return answer_no(engine, queued->principal, &request, CV_EUNAVAIL, "no_room", NULL,
                         "the disk of this service is nearly full; nothing was changed, try again later");
    }
    return decide(engine, queued->principal, &request, id, hash);
}

int cv_intake_give_up(cv_engine_t *engine, const cv_queued_t *queued)
{
    cv_msg_t request = {0};
    int rc = cv_msg_read(engine->reader, queued->message, &request, NULL);
    engine->counters.requests++;
    if (rc || !is_inbox(request.inbox)) {
        engine->counters.dropped++; /* nobody can be told */
        return CV_OK;
    }
    engine->counters.internal++;
    return answer_no(engine, queued->principal, &request, CV_EINTERNAL, "internal", NULL,
                     "an error of our own; nothing was changed, the operator has been told");
}
