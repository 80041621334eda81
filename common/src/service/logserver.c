/* logserver: answers the questions of others from committed state.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   fetch     records after a position; the position's epoch and chain must fit (else EPOCH, PRUNED, DIVERGED, AHEAD)
 *   ack       how far a follower is; written later, with other work: it serves retention, lag and alarms only
 *   snapshot  the state of a stream as records that rebuild it, page by page, all of one instant: gathered in memory
 *             when its first page is asked for, shared by all who ask meanwhile, dropped a minute after the last page
 *   query     "status", "request", "requests", "backup" are the engine's; all others the service's
 *
 * Questions are answered between turns, when no transaction is open: what they read is committed. Every question has
 * exactly one answer, a refusal included; a message that is no question is counted and dropped, and so is what a
 * principal far over its limit sends (meter.c; large answers count as several questions). Asking again is always
 * safe. Private streams are for principals with the role `service` only.
 */
#include "service/engine_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    FETCH_BYTES = 200000, /* of one batch or page, without its envelope */
    PAGE_RECORDS = 4000,
    QUERY_ROWS = 100, /* when the question does not say */
    PROBLEMS_MAX = 8,
};

typedef struct {
    cv_engine_t *engine;
    const cv_principal_t *principal;
    void *peer;
    cv_str_t id; /* of the question */
    int64_t wall_ms, mono_ms;
} asked_t;

static int reply(const asked_t *asked, uint16_t type, const void *data)
{
    cv_engine_t *engine = asked->engine;
    cv_msg_t head = {
        .id = asked->id,
        .source = cv_str(engine->source),
        .causationid = asked->id,
        .time_ms = asked->wall_ms,
        .info = cv_msg_info_at(type),
    };
    cv_buf_t bytes;
    cv_buf_init(&bytes, CV_MAX_BATCH);
    int rc = cv_msg_write(&bytes, &head, data);
    if (!rc) {
        cv_meter_charge(engine->questions_of, asked->principal->name, (int64_t)(bytes.len / CV_QUESTION_BYTES));
        engine->outside.answer(engine->outside.self, asked->peer, cv_buf_str(&bytes));
    }
    cv_buf_done(&bytes);
    return rc;
}

static void refuse(const asked_t *asked, cv_refused_code_t code, const char *field, const char *text)
{
    cv_log_refused_v1_t refused = {
        .code = code, .text = cv_str(text), .field = field && field[0] ? cv_str(field) : CV_STR_NONE};
    asked->engine->counters.questions_refused++;
    (void)!reply(asked, CV_MSG_LOG_REFUSED_V1, &refused); /* without memory for that, the asker asks again */
}

static void refuse_busy(const asked_t *asked, int64_t again_ms)
{
    char text[128];
    snprintf(text, sizeof text, "you ask more than your limit; ask again in %lld ms", (long long)again_ms);
    refuse(asked, CV_REFUSED_CODE_BUSY, NULL, text);
}

/* An answer that cannot be written is a refusal: every question has one answer. */
static void reply_or_refuse(const asked_t *asked, uint16_t type, const void *data)
{
    int rc = reply(asked, type, data);
    if (rc)
        refuse(asked, CV_REFUSED_CODE_INTERNAL, NULL, cv_error_text(rc));
}

static cv_refused_code_t refused_code(int rc)
{
    switch (rc) {
    case CV_EEPOCH:
        return CV_REFUSED_CODE_EPOCH;
    case CV_EPRUNED:
        return CV_REFUSED_CODE_PRUNED;
    case CV_EDIVERGED:
        return CV_REFUSED_CODE_DIVERGED;
    case CV_EAHEAD:
        return CV_REFUSED_CODE_AHEAD;
    case CV_ENOTFOUND:
        return CV_REFUSED_CODE_NOTFOUND;
    case CV_EDENIED:
        return CV_REFUSED_CODE_DENIED;
    case CV_EINVAL:
    case CV_ELIMIT:
    case CV_ECONFLICT:
        return CV_REFUSED_CODE_INVALID;
    case CV_EUNAVAIL:
    case CV_EFULL:
        return CV_REFUSED_CODE_UNAVAILABLE;
    default:
        return CV_REFUSED_CODE_INTERNAL;
    }
}

/* Finds the stream and checks that the caller may read it; -1: refused already. */
static int find_stream(const asked_t *asked, cv_str_t name)
{
    const cv_service_def_t *def = asked->engine->def;
    for (size_t i = 0; i < def->streams_n; i++) {
        if (!cv_str_is(name, def->streams[i].name))
            continue;
        if (def->streams[i].is_private && !(asked->principal->role & CV_ROLE_SERVICE)) {
            refuse(asked, CV_REFUSED_CODE_DENIED, "data.stream",
                   "this stream holds personal data; it is for services only");
            return -1;
        }
        return (int)i;
    }
    refuse(asked, CV_REFUSED_CODE_NOTFOUND, "data.stream", "this service has no such stream");
    return -1;
}

/* ---- fetch, ack --------------------------------------------------------------------------- */

typedef struct {
    cv_collect_t *collect;
    size_t max_bytes; /* but at least one record is sent */
} batch_t;

static int put_record(void *self, cv_str_t record)
{
    batch_t *batch = self;
    if (batch->collect->n && batch->collect->bytes.len + record.len > batch->max_bytes)
        return CV_ELIMIT;
    return cv_collect_raw(batch->collect, record);
}

static size_t views_of(const cv_collect_t *collect, size_t from, size_t to, cv_str_t *ret_views)
{
    for (size_t i = from; i < to; i++)
        ret_views[i - from] = cv_collect_at(collect, i);
    return to - from;
}

/* What the records of a batch say where they are sealed, in the same order; nil where they are not. */
static int reveal_all(cv_engine_t *engine, const cv_collect_t *records, cv_collect_t *revealed)
{
    cv_buf_t one;
    bool any = false;
    int rc = CV_OK;
    cv_buf_init(&one, CV_MAX_REQUEST);
    for (size_t i = 0; !rc && i < records->n; i++) {
        rc = cv_engine_reveal(engine, cv_collect_at(records, i), &one);
        if (!rc)
            rc = cv_collect_raw(revealed, cv_buf_str(&one));
        any |= one.len > 1;
    }
    cv_buf_done(&one);
    if (!any)
        revealed->n = 0;
    return rc;
}

static void answer_fetch(const asked_t *asked, const cv_log_fetch_v1_t *question)
{
    cv_engine_t *engine = asked->engine;
    const cv_log_fetch_v1_t copy = *question, *fetch = &copy; /* the reader is used again below */
    int stream = find_stream(asked, fetch->stream);
    if (stream < 0)
        return;
    cv_position_t from = {.seq = fetch->after};
    memcpy(from.epoch, fetch->epoch.ptr, CV_EPOCH_LEN);
    memcpy(from.chain, fetch->chain.ptr, CV_CHAIN_LEN);
    const cv_position_t *head = cv_outbox_head(engine->outbox, (size_t)stream);
    int rc = cv_outbox_admit(engine->outbox, (size_t)stream, &from);
    if (rc) {
        cv_log_refused_v1_t refused = {
            .code = refused_code(rc),
            .text = cv_str(cv_error_text(rc)),
            .epoch = {(const char *)head->epoch, CV_EPOCH_LEN},
            .has_head = true,
            .head = head->seq,
            .has_oldest = true,
            .oldest = cv_outbox_oldest(engine->outbox, (size_t)stream),
        };
        engine->counters.questions_refused++;
        reply_or_refuse(asked, CV_MSG_LOG_REFUSED_V1, &refused);
        return;
    }
    size_t max = fetch->has_max ? (size_t)fetch->max : CV_FOLLOW_FETCH_RECORDS;
    size_t max_bytes = fetch->has_max_bytes && fetch->max_bytes < FETCH_BYTES ? (size_t)fetch->max_bytes : FETCH_BYTES;
    bool is_sealed = engine->def->reveal && engine->def->streams[stream].is_private;
    if (is_sealed && max_bytes > FETCH_BYTES / 2)
        max_bytes = FETCH_BYTES / 2; /* what they say must fit too, and is shorter */
    cv_collect_t *collect = cv_collect_new(engine->source, max, FETCH_BYTES, asked->wall_ms);
    cv_collect_t *revealed = cv_collect_new(engine->source, max, FETCH_BYTES, asked->wall_ms);
    batch_t walk = {collect, max_bytes};
    cv_str_t *views = calloc(2 * max + 1, sizeof *views);
    rc = collect && revealed && views
             ? cv_outbox_walk(engine->outbox, (size_t)stream, fetch->after, max, put_record, &walk)
             : CV_ENOMEM;
    if (!rc && is_sealed)
        rc = reveal_all(engine, collect, revealed);
    if (rc) {
        refuse(asked, refused_code(rc), NULL, cv_error_text(rc));
    } else {
        cv_log_batch_v1_t batch = {
            .stream = fetch->stream,
            .epoch = {(const char *)head->epoch, CV_EPOCH_LEN},
            .after = fetch->after,
            .records = {.n = views_of(collect, 0, collect->n, views), .list = views},
            .opened = {.n = views_of(revealed, 0, revealed->n, views + max), .list = views + max},
            .head = head->seq,
            .oldest = cv_outbox_oldest(engine->outbox, (size_t)stream),
        };
        engine->counters.fetches++;
        reply_or_refuse(asked, CV_MSG_LOG_BATCH_V1, &batch);
    }
    free(views);
    cv_collect_destroy(&collect);
    cv_collect_destroy(&revealed);
}

static void answer_ack(const asked_t *asked, const cv_log_ack_v1_t *ack)
{
    cv_engine_t *engine = asked->engine;
    int stream = find_stream(asked, ack->stream);
    if (stream < 0)
        return;
    const cv_position_t *head = cv_outbox_head(engine->outbox, (size_t)stream);
    if (memcmp(ack->epoch.ptr, head->epoch, CV_EPOCH_LEN) != 0 || ack->cursor > head->seq) {
        bool is_ahead = !memcmp(ack->epoch.ptr, head->epoch, CV_EPOCH_LEN);
        refuse(asked, is_ahead ? CV_REFUSED_CODE_AHEAD : CV_REFUSED_CODE_EPOCH, is_ahead ? "data.cursor" : "data.epoch",
               cv_error_text(is_ahead ? CV_EAHEAD : CV_EEPOCH));
        return;
    }
    if (asked->principal->role & CV_ROLE_SERVICE) { /* others may follow, but not hold records back */
        cv_ack_t *slot = NULL;
        for (size_t i = 0; i < engine->acks_n && !slot; i++)
            if (engine->acks[i].stream == (size_t)stream && !strcmp(engine->acks[i].consumer, asked->principal->name))
                slot = &engine->acks[i];
        if (!slot && engine->acks_n < CV_ACKS_MAX)
            slot = &engine->acks[engine->acks_n++];
        if (slot) {
            slot->stream = (size_t)stream;
            snprintf(slot->consumer, sizeof slot->consumer, "%s", asked->principal->name);
            memcpy(slot->epoch, ack->epoch.ptr, CV_EPOCH_LEN);
            slot->seq = ack->cursor;
            slot->seen_ms = asked->wall_ms;
        }
    }
    cv_log_acked_v1_t acked = {.stream = ack->stream, .cursor = ack->cursor};
    reply_or_refuse(asked, CV_MSG_LOG_ACKED_V1, &acked);
}

/* ---- snapshot ----------------------------------------------------------------------------- */

static void drop_snapshot(cv_given_snapshot_t *snapshot)
{
    cv_collect_destroy(&snapshot->collect);
    free(snapshot->page_starts);
    snapshot->page_starts = NULL;
}

void cv_snapshots_expire(cv_engine_t *engine, int64_t mono_ms)
{
    for (size_t i = 0; i < CV_SNAPSHOTS_MAX; i++)
        if (engine->snapshots[i].collect && mono_ms - engine->snapshots[i].asked_ms > CV_SNAPSHOT_KEEP_MS)
            drop_snapshot(&engine->snapshots[i]);
}

/* The slot to use for a new one: a free one, else the one that was asked for longest ago. */
static cv_given_snapshot_t *free_slot(cv_engine_t *engine)
{
    cv_given_snapshot_t *oldest = &engine->snapshots[0];
    for (size_t i = 0; i < CV_SNAPSHOTS_MAX; i++) {
        cv_given_snapshot_t *slot = &engine->snapshots[i];
        if (!slot->collect)
            return slot;
        if (slot->asked_ms < oldest->asked_ms)
            oldest = slot;
    }
    drop_snapshot(oldest);
    return oldest;
}

static int cut_pages(cv_given_snapshot_t *snapshot)
{
    const cv_collect_t *collect = snapshot->collect;
    snapshot->page_starts = calloc(collect->n + 2, sizeof *snapshot->page_starts);
    if (!snapshot->page_starts)
        return CV_ENOMEM;
    size_t start = 0, bytes = 0;
    snapshot->pages_n = 0;
    for (size_t i = 0; i < collect->n; i++) {
        size_t len = cv_collect_at(collect, i).len;
        if (i > start && (bytes + len > FETCH_BYTES || i - start >= PAGE_RECORDS)) {
            snapshot->page_starts[++snapshot->pages_n] = start = i;
            bytes = 0;
        }
        bytes += len;
    }
    snapshot->page_starts[++snapshot->pages_n] = collect->n;
    return CV_OK;
}

static int make_snapshot(const asked_t *asked, size_t stream, cv_given_snapshot_t **ret_snapshot)
{
    cv_engine_t *engine = asked->engine;
    cv_given_snapshot_t *slot = free_slot(engine);
    cv_collect_t *collect = cv_collect_new(engine->source, SIZE_MAX, CV_SNAPSHOT_BYTES, asked->wall_ms);
    if (!collect)
        return CV_ENOMEM;
    cv_arena_reset(engine->arena);
    cv_tx_start(engine, NULL, CV_STR_NONE);
    int rc =
        engine->def->snapshot ? engine->def->snapshot(engine->service, &engine->tx, (unsigned)stream, collect) : CV_OK;
    *slot = (cv_given_snapshot_t){
        .stream = stream, .position = *cv_outbox_head(engine->outbox, stream), .collect = collect};
    if (!rc)
        rc = cut_pages(slot);
    if (rc) {
        drop_snapshot(slot);
        return rc;
    }
    engine->counters.snapshots_given++;
    cv_meter_charge(engine->questions_of, asked->principal->name, (int64_t)(collect->bytes.len / CV_QUESTION_BYTES));
    *ret_snapshot = slot;
    return CV_OK;
}

static cv_given_snapshot_t *find_snapshot(cv_engine_t *engine, size_t stream, const cv_position_t *position)
{
    for (size_t i = 0; i < CV_SNAPSHOTS_MAX; i++) {
        cv_given_snapshot_t *slot = &engine->snapshots[i];
        if (slot->collect && slot->stream == stream && !memcmp(&slot->position, position, sizeof *position))
            return slot;
    }
    return NULL;
}

static void answer_snapshot(const asked_t *asked, const cv_log_snapshot_v1_t *question)
{
    cv_engine_t *engine = asked->engine;
    int stream = find_stream(asked, question->stream);
    if (stream < 0)
        return;
    cv_position_t position = *cv_outbox_head(engine->outbox, (size_t)stream);
    if (question->position.ptr && cv_position_read(question->position, &position)) {
        refuse(asked, CV_REFUSED_CODE_INVALID, "data.position", "must be the 48 octets that came with the first page");
        return;
    }
    size_t page_no = question->has_page ? (size_t)question->page : 0;
    cv_given_snapshot_t *snapshot = find_snapshot(engine, (size_t)stream, &position);
    if (!snapshot && !page_no) {
        int rc = make_snapshot(asked, (size_t)stream, &snapshot);
        if (rc) {
            refuse(asked, refused_code(rc), NULL, cv_error_text(rc));
            return;
        }
    }
    if (!snapshot || page_no >= snapshot->pages_n) {
        refuse(asked, CV_REFUSED_CODE_NOTFOUND, "data.page",
               "this snapshot is gone or has no such page; begin with page 0");
        return;
    }
    snapshot->asked_ms = asked->mono_ms;
    size_t from = snapshot->page_starts[page_no], to = snapshot->page_starts[page_no + 1];
    cv_str_t *views = calloc(to - from + 1, sizeof *views);
    uint8_t bytes[CV_POSITION_LEN];
    cv_position_write(&snapshot->position, bytes);
    cv_log_page_v1_t page = {
        .records = {.list = views},
        .position = {(const char *)bytes, sizeof bytes},
        .has_page = true,
        .page = (int64_t)page_no,
        .last = page_no + 1 == snapshot->pages_n,
    };
    if (views) {
        page.records.n = views_of(snapshot->collect, from, to, views);
        reply_or_refuse(asked, CV_MSG_LOG_PAGE_V1, &page);
    } else {
        refuse(asked, CV_REFUSED_CODE_INTERNAL, NULL, cv_error_text(CV_ENOMEM));
    }
    free(views);
}

/* ---- query -------------------------------------------------------------------------------- */

static int put_status(const asked_t *asked, cv_collect_t *collect)
{
    cv_engine_t *engine = asked->engine;
    const cv_service_def_t *def = engine->def;
    cv_service_status_v1_t *status = calloc(1, sizeof *status);
    if (!status)
        return CV_ENOMEM;
    status->service = cv_str(def->name);
    status->version = cv_str(engine->version);
    status->ready = engine->started_ms != 0;
    status->started_ms = engine->started_ms;
    status->now_ms = asked->wall_ms;
    status->writable = engine->writable;
    for (size_t i = 0; i < def->streams_n; i++) {
        const cv_position_t *head = cv_outbox_head(engine->outbox, i);
        status->streams[status->streams_n++] = (cv_written_stream_t){
            .name = cv_str(def->streams[i].name),
            .epoch = {(const char *)head->epoch, CV_EPOCH_LEN},
            .head = head->seq,
            .oldest = cv_outbox_oldest(engine->outbox, i),
            .is_private = def->streams[i].is_private,
        };
    }
    for (size_t i = 0; i < def->follows_n; i++) {
        cv_follower_t *follower = engine->follows[i].follower;
        uint64_t parked = 0;
        int rc = cv_parked_count(&engine->ledger, def->follows[i].stream, &parked);
        if (rc) {
            free(status);
            return rc;
        }
        const char *error = cv_follower_error(follower);
        status->follows[status->follows_n++] = (cv_followed_stream_t){
            .service = cv_str(def->follows[i].service),
            .stream = cv_str(def->follows[i].stream),
            .state = cv_follower_state(follower),
            .cursor = cv_follower_cursor(follower)->seq,
            .head = cv_follower_head(follower),
            .parked = (int64_t)parked,
            .error = error[0] ? cv_str(error) : CV_STR_NONE,
        };
        if (error[0] && status->problems_n < PROBLEMS_MAX)
            status->problems[status->problems_n++] = cv_str(error);
    }
    if (!engine->writable)
        status->problems[status->problems_n++] = CV_STR("the disk is nearly full: new requests are refused");
    if (engine->timer_failed_ms && asked->wall_ms - engine->timer_failed_ms < 2 * CV_TIMER_RETRY_MS)
        status->problems[status->problems_n++] = CV_STR("a timer failed and is put off; see the log");
#define XX(field) \
    status->counters[status->counters_n++] = (cv_counter_t){CV_STR(#field), (int64_t)engine->counters.field};
    CV_COUNTER_MAP(XX)
#undef XX
    int rc = cv_collect_put(collect, CV_MSG_SERVICE_STATUS_V1, cv_str(def->name), asked->wall_ms, status);
    free(status);
    return rc;
}

static int put_request(cv_engine_t *engine, cv_str_t key, cv_collect_t *collect)
{
    uint8_t id[CV_UUID_LEN];
    cv_str_t outcome;
    if (cv_uuid_parse(key, id))
        return CV_EINVAL;
    int rc = cv_memo_get(&engine->memo, id, NULL, &outcome);
    if (rc)
        return rc;
    rc = cv_collect_raw(collect, outcome);
    cv_memo_release(&engine->memo);
    return rc;
}

/* Whether the octets that a row holds are the answer to its own request. */
static bool is_of(cv_reader_t *reader, cv_str_t outcome, const uint8_t id[CV_UUID_LEN])
{
    cv_msg_t msg = {0};
    uint8_t mine[CV_UUID_LEN];
    return !cv_msg_read(reader, outcome, &msg, NULL) && !cv_uuid_parse(msg.id, mine) &&
           memcmp(mine, id, CV_UUID_LEN) == 0;
}

/* All of them, page by page, in the order of their ids: an audit that asked for each would ask for ever. */
static int put_requests(const asked_t *asked, cv_str_t after, cv_collect_t *collect)
{
    cv_memo_t *memo = &asked->engine->memo;
    uint8_t id[CV_UUID_LEN] = {0}, next[CV_UUID_LEN];
    cv_str_t outcome;
    int rc = CV_OK;
    if (!(asked->principal->role & (CV_ROLE_OPERATOR | CV_ROLE_SERVICE)))
        return CV_EDENIED;
    if (after.len && cv_uuid_parse(after, id))
        return CV_EINVAL;
    cv_reader_t *reader = cv_reader_new(); /* the engine's holds the question */
    if (!reader)
        return CV_ENOMEM;
    while (!rc && !(rc = cv_memo_next(memo, id, next, &outcome))) {
        rc = is_of(reader, outcome, next) ? cv_collect_raw(collect, outcome) : CV_ECORRUPT;
        cv_memo_release(memo);
        if (!rc)
            memcpy(id, next, sizeof id);
    }
    if (rc == CV_ELIMIT && collect->n) {
        char text[CV_UUID_TEXT + 1];
        cv_uuid_text(id, text);
        cv_collect_next(collect, cv_str(text));
    }
    cv_reader_destroy(&reader);
    return rc == CV_ENOTFOUND ? CV_OK : rc;
}

static int make_backup(const asked_t *asked, cv_str_t key)
{
    char path[4096];
    if (!(asked->principal->role & CV_ROLE_OPERATOR))
        return CV_EDENIED;
    if (!key.len || cv_str_copy(key, path, sizeof path))
        return CV_EINVAL;
    /* Who hears nothing while a long copy is made asks again: that is no second backup. */
    cv_engine_t *engine = asked->engine;
    if (cv_str_is(asked->id, engine->copied_for) && access(path, F_OK) == 0)
        return CV_OK;
    int rc = cv_db_backup(engine->db, path);
    if (!rc && cv_str_copy(asked->id, engine->copied_for, sizeof engine->copied_for))
        engine->copied_for[0] = '\0';
    return rc;
}

static int run_query(const asked_t *asked, const cv_log_query_v1_t *query, cv_collect_t *collect)
{
    cv_engine_t *engine = asked->engine;
    if (cv_str_is(query->what, "status"))
        return put_status(asked, collect);
    if (cv_str_is(query->what, "request"))
        return put_request(engine, query->key, collect);
    if (cv_str_is(query->what, "requests"))
        return put_requests(asked, query->after, collect);
    if (cv_str_is(query->what, "backup"))
        return make_backup(asked, query->key);
    cv_arena_reset(engine->arena);
    cv_tx_start(engine, asked->principal, asked->id);
    int rc = engine->def->query ? engine->def->query(engine->service, &engine->tx, query, collect) : CV_ENOTFOUND;
    if ((rc && !(rc == CV_ELIMIT && collect->n)) || !engine->tx.is_traced)
        return rc;
    int traced = cv_engine_trace(engine);
    return traced ? traced : rc;
}

static void answer_query(const asked_t *asked, const cv_log_query_v1_t *query)
{
    cv_engine_t *engine = asked->engine;
    size_t limit = query->has_limit ? (size_t)query->limit : QUERY_ROWS;
    cv_collect_t *collect = cv_collect_new(engine->source, limit, FETCH_BYTES, asked->wall_ms);
    cv_str_t *views = calloc(limit ? limit : 1, sizeof *views);
    int rc = collect && views ? run_query(asked, query, collect) : CV_ENOMEM;
    engine->counters.queries++;
    if (rc == CV_ELIMIT && collect->n && !collect->next[0]) {
        /* A page that is not the last and cannot be continued would look like the whole to who does not look closely.
         */
        refuse(asked, CV_REFUSED_CODE_INTERNAL, NULL,
               "the answer is longer than a page, and the service does not say how it goes on");
    } else if (rc && !(rc == CV_ELIMIT && collect->n)) {
        refuse(asked, refused_code(rc), rc == CV_EINVAL || rc == CV_ENOTFOUND ? "data.key" : NULL, cv_error_text(rc));
    } else {
        cv_log_page_v1_t page = {
            .records = {.n = views_of(collect, 0, collect->n, views), .list = views},
            .last = !collect->next[0],
            .next = collect->next[0] ? cv_str(collect->next) : CV_STR_NONE,
        };
        reply_or_refuse(asked, CV_MSG_LOG_PAGE_V1, &page);
    }
    free(views);
    cv_collect_destroy(&collect);
}

/* ---- the door ----------------------------------------------------------------------------- */

void cv_engine_question(cv_engine_t *engine, const cv_principal_t *principal, void *peer, cv_str_t message,
                        int64_t wall_ms, int64_t mono_ms)
{
    cv_msg_t question = {0};
    cv_fault_t fault = {0};
    int64_t again_ms = 0;
    cv_meter_verdict_t verdict = cv_meter_take(engine->questions_of, principal->name,
                                               cv_limit_of(engine->limits.questions, principal), mono_ms, &again_ms);
    cv_engine_over(engine, principal, verdict);
    if (verdict == CV_METER_IGNORED)
        return;
    int rc = cv_msg_read(engine->reader, message, &question, &fault);
    if (rc == CV_EMALFORMED || rc == CV_ELIMIT || !question.id.ptr) {
        engine->counters.dropped++;
        return;
    }
    asked_t asked = {engine, principal, peer, question.id, wall_ms, mono_ms};
    engine->tx.now_ms = wall_ms;
    if (verdict == CV_METER_REFUSED) {
        refuse_busy(&asked, again_ms);
        return;
    }
    if (!rc && (!question.info || question.info->kind != CV_KIND_LOG)) {
        refuse(&asked, CV_REFUSED_CODE_INVALID, "type", "is not a question that can be asked here");
        return;
    }
    if (!rc)
        rc = question.info->decode(question.data, engine->decoded, &fault);
    if (rc) {
        refuse(&asked, CV_REFUSED_CODE_INVALID, fault.path, fault.text);
        return;
    }
    switch (question.info->number) {
    case CV_MSG_LOG_FETCH_V1:
        answer_fetch(&asked, &engine->decoded->log_fetch_v1);
        break;
    case CV_MSG_LOG_ACK_V1:
        answer_ack(&asked, &engine->decoded->log_ack_v1);
        break;
    case CV_MSG_LOG_SNAPSHOT_V1:
        answer_snapshot(&asked, &engine->decoded->log_snapshot_v1);
        break;
    case CV_MSG_LOG_QUERY_V1:
        answer_query(&asked, &engine->decoded->log_query_v1);
        break;
    default:
        refuse(&asked, CV_REFUSED_CODE_INVALID, "type", "is an answer, not a question");
    }
}
