/* test_logserver: questions to the log of the toy bank.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int start(void **state)
{
    rig_t *rig = calloc(1, sizeof *rig);
    rig_start(rig, &TOY_BANK);
    *state = rig;
    return 0;
}

static int end(void **state)
{
    rig_end(*state);
    free(*state);
    return 0;
}

/* n accounts A0000 ..., a deposit each. */
static void fill(rig_t *rig, unsigned n)
{
    static uint64_t id = 1;
    char account[16];
    for (unsigned i = 0; i < n; i++) {
        snprintf(account, sizeof account, "A%04u", i);
        rig_put(rig, id++, "put", account, 5);
        if (i % 500 == 499)
            assert_int_equal(rig_turn(rig), CV_OK);
    }
    assert_int_equal(rig_turn(rig), CV_OK);
}

static cv_log_fetch_v1_t fetch_from(const char *stream, const cv_position_t *from)
{
    return (cv_log_fetch_v1_t){
        .stream = cv_str(stream),
        .epoch = {(const char *)from->epoch, CV_EPOCH_LEN},
        .after = from->seq,
        .chain = {(const char *)from->chain, CV_CHAIN_LEN},
    };
}

static const cv_log_refused_v1_t *expect_refused(rig_t *rig, const cv_msg_t *answer, cv_refused_code_t code)
{
    assert_true(cv_str_is(answer->type, "convene.log.refused.v1"));
    assert_string_equal(cv_refused_code_text(rig->data->log_refused_v1.code), cv_refused_code_text(code));
    assert_true(rig->data->log_refused_v1.text.len > 0);
    return &rig->data->log_refused_v1;
}

static const cv_log_page_v1_t *expect_page(rig_t *rig, const cv_msg_t *answer, size_t records)
{
    if (cv_str_is(answer->type, "convene.log.refused.v1"))
        fail_msg("refused: %.*s", CV_STR_ARG(rig->data->log_refused_v1.text));
    assert_true(cv_str_is(answer->type, "convene.log.page.v1"));
    assert_int_equal(rig->data->log_page_v1.records.n, records);
    return &rig->data->log_page_v1;
}

/* ---- fetch -------------------------------------------------------------------------------- */

static void fetch_gives_what_was_published(void **state)
{
    rig_t *rig = *state;
    fill(rig, 5);
    cv_position_t zero = {0};
    cv_log_fetch_v1_t fetch = fetch_from("scheduling.events", &zero);
    cv_msg_t answer = rig_ask(rig, &RIG_OBSERVER, CV_MSG_LOG_FETCH_V1, &fetch);
    assert_true(cv_str_is(answer.type, "convene.log.batch.v1"));
    const cv_log_batch_v1_t *batch = &rig->data->log_batch_v1;
    assert_int_equal(batch->records.n, 5);
    assert_int_equal(batch->head, 5);
    assert_int_equal(batch->oldest, 1);
    assert_int_equal(batch->after, 0);
    for (size_t i = 0; i < 5; i++)
        assert_true(cv_str_equal(cv_records_at(&batch->records, i), rig_find(rig, RIG_RECORD, i)->bytes));

    fetch = fetch_from("scheduling.events", &rig_find(rig, RIG_RECORD, 2)->position);
    fetch.has_max = true;
    fetch.max = 1;
    rig_ask(rig, &RIG_OBSERVER, CV_MSG_LOG_FETCH_V1, &fetch);
    assert_int_equal(rig->data->log_batch_v1.records.n, 1);
    assert_true(cv_str_equal(cv_records_at(&rig->data->log_batch_v1.records, 0), rig_find(rig, RIG_RECORD, 3)->bytes));
    fetch = fetch_from("scheduling.events", &rig_find(rig, RIG_RECORD, 4)->position);
    rig_ask(rig, &RIG_OBSERVER, CV_MSG_LOG_FETCH_V1, &fetch);
    assert_int_equal(rig->data->log_batch_v1.records.n, 0);
}

static void batches_fit_into_a_frame(void **state)
{
    rig_t *rig = *state;
    rig_put(rig, 1, "many", "A", 500);
    assert_int_equal(rig_turn(rig), CV_OK);
    cv_position_t at = {0};
    cv_buf_t all;
    unsigned rounds = 0;
    uint64_t seq = 0;
    cv_buf_init(&all, 1 << 22);
    while (seq < 500) {
        cv_log_fetch_v1_t fetch = fetch_from("scheduling.events", &at);
        rig_ask(rig, &RIG_OBSERVER, CV_MSG_LOG_FETCH_V1, &fetch);
        size_t n = rig->data->log_batch_v1.records.n;
        assert_true(n > 0 && n < 500);
        seq += n;
        at = rig_find(rig, RIG_RECORD, seq - 1)->position;
        rounds++;
    }
    assert_int_equal(seq, 500);
    assert_true(rounds > 5 && rounds < 20);
    cv_log_fetch_v1_t fetch = fetch_from("scheduling.events", &(cv_position_t){0});
    fetch.has_max_bytes = true;
    fetch.max_bytes = 1;
    rig_ask(rig, &RIG_OBSERVER, CV_MSG_LOG_FETCH_V1, &fetch);
    assert_true(rig->data->log_batch_v1.records.n >= 1); /* at least one */
    cv_buf_done(&all);
}

static void ack(rig_t *rig, const cv_principal_t *principal, uint64_t cursor)
{
    uint8_t epoch[CV_EPOCH_LEN];
    memset(epoch, 0xe1, sizeof epoch);
    cv_log_ack_v1_t question = {.stream = CV_STR("scheduling.events"),
                                .consumer = CV_STR("x"),
                                .epoch = {(char *)epoch, sizeof epoch},
                                .cursor = cursor};
    cv_msg_t answer = rig_ask(rig, principal, CV_MSG_LOG_ACK_V1, &question);
    assert_true(cv_str_is(answer.type, "convene.log.acked.v1"));
    assert_int_equal(rig->data->log_acked_v1.cursor, cursor);
}

static void fetch_refusals(void **state)
{
    rig_t *rig = *state;
    rig->keep_records = 3;
    rig_close(rig);
    assert_int_equal(rig_open(rig), CV_OK);
    fill(rig, 3);
    cv_position_t three = rig_find(rig, RIG_RECORD, 2)->position, wrong = three;
    wrong.epoch[0] ^= 1;
    wrong.chain[5] ^= 1; /* with the right one it would be a restore that holds this place */
    cv_log_fetch_v1_t fetch = fetch_from("scheduling.events", &wrong);
    cv_msg_t answer = rig_ask(rig, &RIG_OBSERVER, CV_MSG_LOG_FETCH_V1, &fetch);
    const cv_log_refused_v1_t *refused = expect_refused(rig, &answer, CV_REFUSED_CODE_EPOCH);
    assert_memory_equal(refused->epoch.ptr, three.epoch, CV_EPOCH_LEN);
    assert_int_equal(refused->head, 3);
    wrong = three;
    wrong.chain[5] ^= 1;
    fetch = fetch_from("scheduling.events", &wrong);
    answer = rig_ask(rig, &RIG_OBSERVER, CV_MSG_LOG_FETCH_V1, &fetch);
    expect_refused(rig, &answer, CV_REFUSED_CODE_DIVERGED);
    wrong.seq = 4;
    fetch = fetch_from("scheduling.events", &wrong);
    answer = rig_ask(rig, &RIG_OBSERVER, CV_MSG_LOG_FETCH_V1, &fetch);
    expect_refused(rig, &answer, CV_REFUSED_CODE_AHEAD);

    rig_put(rig, 900, "put", "B", 1);
    assert_int_equal(rig_turn(rig), CV_OK);
    ack(rig, &RIG_SERVICE, 4);
    rig_put(rig, 901, "put", "B", 1); /* 5 records, 3 kept */
    assert_int_equal(rig_turn(rig), CV_OK);
    rig_put(rig, 902, "put", "B", 1);
    assert_int_equal(rig_turn(rig), CV_OK);
    fetch = fetch_from("scheduling.events", &(cv_position_t){0});
    answer = rig_ask(rig, &RIG_OBSERVER, CV_MSG_LOG_FETCH_V1, &fetch);
    refused = expect_refused(rig, &answer, CV_REFUSED_CODE_PRUNED);
    assert_true(refused->has_oldest && refused->oldest > 1);
    fetch = fetch_from("scheduling.nothing", &three);
    answer = rig_ask(rig, &RIG_OBSERVER, CV_MSG_LOG_FETCH_V1, &fetch);
    assert_true(cv_str_is(expect_refused(rig, &answer, CV_REFUSED_CODE_NOTFOUND)->field, "data.stream"));
}

static void private_streams_are_for_services(void **state)
{
    rig_t *rig = *state;
    fill(rig, 2);
    const cv_principal_t *others[] = {&RIG_OBSERVER, &RIG_SECRETARIAT, &RIG_FOCAL_KZ, &RIG_OPERATOR};
    cv_log_fetch_v1_t fetch = fetch_from("scheduling.private", &(cv_position_t){0});
    cv_log_snapshot_v1_t snapshot = {.stream = CV_STR("scheduling.private")};
    for (size_t i = 0; i < 4; i++) {
        cv_msg_t answer = rig_ask(rig, others[i], CV_MSG_LOG_FETCH_V1, &fetch);
        expect_refused(rig, &answer, CV_REFUSED_CODE_DENIED);
        answer = rig_ask(rig, others[i], CV_MSG_LOG_SNAPSHOT_V1, &snapshot);
        expect_refused(rig, &answer, CV_REFUSED_CODE_DENIED);
    }
    rig_ask(rig, &RIG_SERVICE, CV_MSG_LOG_FETCH_V1, &fetch);
    assert_int_equal(rig->data->log_batch_v1.records.n, 2);
    for (size_t i = 0; i < rig->sent_n; i++) /* and never on the feed */
        if (rig->sent[i].kind == RIG_RECORD)
            assert_string_equal(rig->sent[i].topic, "scheduling.events|");
}

static void damaged_log(void **state)
{
    rig_t *rig = *state;
    for (unsigned i = 0; i < 3; i++)
        fill(rig, 1);
    assert_int_equal(cv_db_exec(rig->db, "DELETE FROM journal WHERE part = 1 AND first = 2"), CV_OK);
    cv_log_fetch_v1_t fetch = fetch_from("scheduling.events", &(cv_position_t){0});
    cv_msg_t answer = rig_ask(rig, &RIG_OBSERVER, CV_MSG_LOG_FETCH_V1, &fetch);
    expect_refused(rig, &answer, CV_REFUSED_CODE_INTERNAL);
}

/* ---- ack and retention -------------------------------------------------------------------- */

static uint64_t oldest(rig_t *rig)
{
    cv_log_fetch_v1_t fetch =
        fetch_from("scheduling.events", &rig_find(rig, RIG_RECORD, rig_count(rig, RIG_RECORD) - 1)->position);
    rig_ask(rig, &RIG_OBSERVER, CV_MSG_LOG_FETCH_V1, &fetch);
    return rig->data->log_batch_v1.oldest;
}

static void acknowledged_records_are_pruned(void **state)
{
    rig_t *rig = *state;
    rig_close(rig);
    rig->keep_records = 2;
    assert_int_equal(rig_open(rig), CV_OK);
    ack(rig, &RIG_SERVICE, 0);
    cv_principal_t second = RIG_SERVICE;
    snprintf(second.name, sizeof second.name, "notifications");
    ack(rig, &second, 0);
    for (unsigned i = 0; i < 10; i++) /* what one turn says is kept or pruned together */
        fill(rig, 1);
    assert_int_equal(oldest(rig), 1); /* both are at 0 */
    ack(rig, &RIG_SERVICE, 9);
    ack(rig, &RIG_OBSERVER, 10); /* holds nothing back and frees nothing */
    ack(rig, &second, 4);
    rig_put(rig, 500, "put", "B", 1);
    assert_int_equal(rig_turn(rig), CV_OK); /* writes the acks */
    rig_put(rig, 501, "put", "B", 1);
    assert_int_equal(rig_turn(rig), CV_OK);
    assert_int_equal(oldest(rig), 5); /* the slower one decides */
    ack(rig, &second, 12);
    ack(rig, &RIG_SERVICE, 12);
    assert_int_equal(rig_turn_at(rig, 6000), CV_OK); /* acks alone are written after a while */
    rig_put(rig, 502, "put", "B", 1);
    assert_int_equal(rig_turn(rig), CV_OK);
    rig_put(rig, 503, "put", "B", 1);
    assert_int_equal(rig_turn(rig), CV_OK);
    assert_int_equal(oldest(rig), 13); /* 14 records; the last two stay */
    rig_crash(rig, CRASH_DROP);
    assert_int_equal(rig_open(rig), CV_OK);
    assert_int_equal(oldest(rig), 13);
}

/* ---- snapshot ----------------------------------------------------------------------------- */

static void snapshot_page_by_page(void **state)
{
    rig_t *rig = *state;
    fill(rig, 1500);
    cv_log_snapshot_v1_t question = {.stream = CV_STR("scheduling.events")};
    uint8_t position[CV_POSITION_LEN];
    bool last = false;
    size_t total = 0;
    int64_t page = 0;
    while (!last) {
        question.has_page = page > 0;
        question.page = page;
        cv_msg_t answer = rig_ask(rig, &RIG_OBSERVER, CV_MSG_LOG_SNAPSHOT_V1, &question);
        assert_true(cv_str_is(answer.type, "convene.log.page.v1"));
        cv_log_page_v1_t got = rig->data->log_page_v1;
        assert_true(got.has_page && got.page == page);
        if (!page)
            memcpy(position, got.position.ptr, sizeof position);
        assert_memory_equal(position, got.position.ptr, sizeof position);
        cv_buf_t copy;
        cv_buf_init(&copy, 4096);
        cv_str_t first = cv_records_at(&got.records, 0);
        assert_int_equal(cv_buf_put(&copy, first.ptr, first.len), CV_OK);
        last = got.last;
        char account[16];
        snprintf(account, sizeof account, "A%04zu", total);
        total += got.records.n;
        rig_read(rig, cv_buf_str(&copy));
        assert_true(cv_str_is(rig->data->scheduling_venue_v1.code, account));
        assert_true(rig->data->scheduling_venue_v1.capacity == 5);
        cv_buf_done(&copy);
        question.position = (cv_str_t){(char *)position, sizeof position};
        if (page++ == 0) { /* what happens meanwhile is not in it */
            rig_put(rig, 9999, "put", "Z", 1);
            assert_int_equal(rig_turn(rig), CV_OK);
        }
    }
    assert_int_equal(total, 1500);
    assert_true(page > 1);
    cv_position_t read;
    assert_int_equal(cv_position_read((cv_str_t){(char *)position, sizeof position}, &read), CV_OK);
    assert_int_equal(read.seq, 1500);
}

static void snapshot_of_nothing(void **state)
{
    rig_t *rig = *state;
    cv_log_snapshot_v1_t question = {.stream = CV_STR("scheduling.events")};
    cv_msg_t answer = rig_ask(rig, &RIG_OBSERVER, CV_MSG_LOG_SNAPSHOT_V1, &question);
    assert_true(expect_page(rig, &answer, 0)->last);
    question.has_page = true;
    question.page = 7;
    answer = rig_ask(rig, &RIG_OBSERVER, CV_MSG_LOG_SNAPSHOT_V1, &question);
    expect_refused(rig, &answer, CV_REFUSED_CODE_NOTFOUND);
}

static void many_small_records_in_a_page_can_be_read(void **state)
{
    rig_t *rig = *state;
    fill(rig, 1);
    /* More rows than one message may have values; rig_ask fails if a page cannot be read. */
    assert_int_equal(cv_db_exec(rig->db,
                                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000)"
                                " INSERT INTO account SELECT '', 'B' || i, 1, 1 FROM n"),
                     CV_OK);
    cv_log_snapshot_v1_t question = {.stream = CV_STR("scheduling.events"), .has_page = true};
    uint8_t position[CV_POSITION_LEN];
    size_t total = 0;
    for (bool last = false; !last; question.page++) {
        cv_msg_t answer = rig_ask(rig, &RIG_OBSERVER, CV_MSG_LOG_SNAPSHOT_V1, &question);
        assert_true(cv_str_is(answer.type, "convene.log.page.v1"));
        total += rig->data->log_page_v1.records.n;
        last = rig->data->log_page_v1.last;
        memcpy(position, rig->data->log_page_v1.position.ptr, sizeof position);
        question.position = (cv_str_t){(char *)position, sizeof position};
    }
    assert_int_equal(total, 9001);
}

static void snapshot_expires(void **state)
{
    rig_t *rig = *state;
    fill(rig, 1500);
    cv_log_snapshot_v1_t question = {.stream = CV_STR("scheduling.events")};
    uint8_t position[CV_POSITION_LEN];
    rig_ask(rig, &RIG_OBSERVER, CV_MSG_LOG_SNAPSHOT_V1, &question);
    memcpy(position, rig->data->log_page_v1.position.ptr, sizeof position);
    question.position = (cv_str_t){(char *)position, sizeof position};
    question.has_page = true;
    question.page = 1;
    rig->mono_ms += CV_SNAPSHOT_KEEP_MS - 1;
    cv_msg_t answer = rig_ask(rig, &RIG_OBSERVER, CV_MSG_LOG_SNAPSHOT_V1, &question);
    assert_true(cv_str_is(answer.type, "convene.log.page.v1"));
    assert_int_equal(rig_turn_at(rig, CV_SNAPSHOT_KEEP_MS + 1), CV_OK); /* a minute without a question */
    answer = rig_ask(rig, &RIG_OBSERVER, CV_MSG_LOG_SNAPSHOT_V1, &question);
    expect_refused(rig, &answer, CV_REFUSED_CODE_NOTFOUND);
    question.page = 0;
    question.position = (cv_str_t){(char *)position, sizeof position};
    rig_put(rig, 77, "put", "Z", 1);
    assert_int_equal(rig_turn(rig), CV_OK);
    question.position = CV_STR_NONE;
    answer = rig_ask(rig, &RIG_OBSERVER, CV_MSG_LOG_SNAPSHOT_V1, &question);
    assert_true(cv_str_is(answer.type, "convene.log.page.v1"));
    cv_position_t read;
    assert_int_equal(cv_position_read(rig->data->log_page_v1.position, &read), CV_OK);
    assert_int_equal(read.seq, 1501);
}

static void more_snapshots_than_slots(void **state)
{
    rig_t *rig = *state;
    fill(rig, 1500);
    cv_log_snapshot_v1_t question = {.stream = CV_STR("scheduling.events")};
    uint8_t first[CV_POSITION_LEN];
    for (unsigned i = 0; i <= CV_SNAPSHOTS_MAX; i++) {
        rig->mono_ms += 10;
        rig_ask(rig, &RIG_OBSERVER, CV_MSG_LOG_SNAPSHOT_V1, &question);
        if (!i)
            memcpy(first, rig->data->log_page_v1.position.ptr, sizeof first);
        rig_put(rig, 7000 + i, "put", "Z", 1);
        assert_int_equal(rig_turn(rig), CV_OK);
    }
    question.position = (cv_str_t){(char *)first, sizeof first};
    question.has_page = true;
    question.page = 1;
    cv_msg_t answer = rig_ask(rig, &RIG_OBSERVER, CV_MSG_LOG_SNAPSHOT_V1, &question);
    expect_refused(rig, &answer, CV_REFUSED_CODE_NOTFOUND); /* the one asked for longest ago had to go */
}

/* ---- query -------------------------------------------------------------------------------- */

static void status(void **state)
{
    rig_t *rig = *state;
    fill(rig, 3);
    cv_log_query_v1_t query = {.what = CV_STR("status")};
    cv_msg_t answer = rig_ask(rig, &RIG_OBSERVER, CV_MSG_LOG_QUERY_V1, &query);
    cv_str_t bytes = cv_records_at(&expect_page(rig, &answer, 1)->records, 0);
    cv_buf_t copy;
    cv_buf_init(&copy, 1 << 16);
    assert_int_equal(cv_buf_put(&copy, bytes.ptr, bytes.len), CV_OK);
    rig_read(rig, cv_buf_str(&copy));
    const cv_service_status_v1_t *s = &rig->data->service_status_v1;
    assert_true(cv_str_is(s->service, "scheduling") && cv_str_is(s->version, "test"));
    assert_true(s->ready && s->writable);
    assert_int_equal(s->streams_n, 2);
    assert_int_equal(s->streams[0].head, 3);
    assert_true(s->streams[1].is_private);
    assert_int_equal(s->problems_n, 0);
    for (size_t i = 0; i < s->counters_n; i++)
        if (cv_str_is(s->counters[i].name, "requests") || cv_str_is(s->counters[i].name, "decided"))
            assert_int_equal(s->counters[i].value, 3);
    cv_buf_done(&copy);
}

static void decided_request(void **state)
{
    rig_t *rig = *state;
    rig_put(rig, 42, "put", "A", 5);
    assert_int_equal(rig_turn(rig), CV_OK);
    cv_log_query_v1_t query = {.what = CV_STR("request"), .key = cv_str(toy_id(42))};
    cv_msg_t answer = rig_ask(rig, &RIG_SECRETARIAT, CV_MSG_LOG_QUERY_V1, &query);
    assert_true(
        cv_str_equal(cv_records_at(&expect_page(rig, &answer, 1)->records, 0), rig_find(rig, RIG_OUTCOME, 0)->bytes));
    query.key = cv_str(toy_id(43));
    answer = rig_ask(rig, &RIG_SECRETARIAT, CV_MSG_LOG_QUERY_V1, &query);
    expect_refused(rig, &answer, CV_REFUSED_CODE_NOTFOUND);
    query.key = CV_STR("x");
    answer = rig_ask(rig, &RIG_SECRETARIAT, CV_MSG_LOG_QUERY_V1, &query);
    expect_refused(rig, &answer, CV_REFUSED_CODE_INVALID);
    query.key = CV_STR_NONE;
    answer = rig_ask(rig, &RIG_SECRETARIAT, CV_MSG_LOG_QUERY_V1, &query);
    expect_refused(rig, &answer, CV_REFUSED_CODE_INVALID);
}

/* Every decision once, whatever the pages; for those who audit and nobody else. */
static void all_decided_requests(void **state)
{
    rig_t *rig = *state;
    char after[CV_UUID_TEXT + 1] = "";
    size_t found = 0;
    for (unsigned i = 0; i < 7; i++)
        rig_put(rig, 40 + i, "put", "A", 1);
    assert_int_equal(rig_turn(rig), CV_OK);
    for (size_t page_n = 0;; page_n++) {
        cv_log_query_v1_t query = {.what = CV_STR("requests"), .has_limit = true, .limit = 3};
        query.after = after[0] ? cv_str(after) : CV_STR_NONE;
        cv_msg_t answer = rig_ask(rig, &RIG_OPERATOR, CV_MSG_LOG_QUERY_V1, &query);
        const cv_log_page_v1_t *page = expect_page(rig, &answer, page_n < 2 ? 3 : 1);
        for (size_t i = 0; i < page->records.n; i++, found++)
            assert_true(cv_str_equal(cv_records_at(&page->records, i), rig_find(rig, RIG_OUTCOME, found)->bytes));
        assert_int_equal(page->last, page_n == 2);
        if (page->last)
            break;
        assert_int_equal(cv_str_copy(page->next, after, sizeof after), CV_OK);
    }
    assert_int_equal(found, 7);
    cv_log_query_v1_t query = {.what = CV_STR("requests")};
    cv_msg_t answer = rig_ask(rig, &RIG_SECRETARIAT, CV_MSG_LOG_QUERY_V1, &query);
    expect_refused(rig, &answer, CV_REFUSED_CODE_DENIED);
    query.after = CV_STR("x");
    answer = rig_ask(rig, &RIG_OPERATOR, CV_MSG_LOG_QUERY_V1, &query);
    expect_refused(rig, &answer, CV_REFUSED_CODE_INVALID);
    query.after = CV_STR("ffffffff-ffff-ffff-ffff-ffffffffffff");
    answer = rig_ask(rig, &RIG_OPERATOR, CV_MSG_LOG_QUERY_V1, &query);
    assert_true(expect_page(rig, &answer, 0)->last);
}

static void pages_of_a_query(void **state)
{
    rig_t *rig = *state;
    fill(rig, 250);
    char after[300] = "";
    size_t total = 0, pages = 0;
    do {
        cv_log_query_v1_t query = {.what = CV_STR("accounts"),
                                   .after = after[0] ? cv_str(after) : CV_STR_NONE,
                                   .has_limit = true,
                                   .limit = 100};
        cv_msg_t answer = rig_ask(rig, &RIG_OBSERVER, CV_MSG_LOG_QUERY_V1, &query);
        assert_true(cv_str_is(answer.type, "convene.log.page.v1"));
        total += rig->data->log_page_v1.records.n;
        after[0] = '\0';
        if (!rig->data->log_page_v1.last)
            assert_int_equal(cv_str_copy(rig->data->log_page_v1.next, after, sizeof after), CV_OK);
        pages++;
    } while (after[0]);
    assert_int_equal(total, 250);
    assert_int_equal(pages, 3);
}

static void query_refusals(void **state)
{
    rig_t *rig = *state;
    cv_log_query_v1_t query = {.what = CV_STR("nothing")};
    cv_msg_t answer = rig_ask(rig, &RIG_OBSERVER, CV_MSG_LOG_QUERY_V1, &query);
    expect_refused(rig, &answer, CV_REFUSED_CODE_NOTFOUND);
    query = (cv_log_query_v1_t){.what = CV_STR("backup"), .key = CV_STR("/nowhere/x.db")};
    answer = rig_ask(rig, &RIG_SECRETARIAT, CV_MSG_LOG_QUERY_V1, &query);
    expect_refused(rig, &answer, CV_REFUSED_CODE_DENIED);
    query.key = CV_STR_NONE;
    answer = rig_ask(rig, &RIG_OPERATOR, CV_MSG_LOG_QUERY_V1, &query);
    expect_refused(rig, &answer, CV_REFUSED_CODE_INVALID);
    query.key = CV_STR("/nowhere/x.db");
    answer = rig_ask(rig, &RIG_OPERATOR, CV_MSG_LOG_QUERY_V1, &query);
    expect_refused(rig, &answer, CV_REFUSED_CODE_INTERNAL);
    char path[64];
    snprintf(path, sizeof path, "/tmp/test-logserver-%ld.db", (long)getpid());
    query.key = cv_str(path);
    answer = rig_ask_as(rig, &RIG_OPERATOR, "copy", CV_MSG_LOG_QUERY_V1, &query);
    expect_page(rig, &answer, 0);
    assert_int_equal(access(path, F_OK), 0);
    answer = rig_ask_as(rig, &RIG_OPERATOR, "copy", CV_MSG_LOG_QUERY_V1, &query);
    expect_page(rig, &answer, 0); /* who did not hear the answer asks again */
    answer = rig_ask(rig, &RIG_OPERATOR, CV_MSG_LOG_QUERY_V1, &query);
    expect_refused(rig, &answer, CV_REFUSED_CODE_INVALID); /* never over an existing one */
    unlink(path);
    answer = rig_ask_as(rig, &RIG_OPERATOR, "copy", CV_MSG_LOG_QUERY_V1, &query);
    expect_page(rig, &answer, 0); /* it was taken away meanwhile */
    assert_int_equal(access(path, F_OK), 0);
    unlink(path);
}

/* ---- the door ----------------------------------------------------------------------------- */

static void ask_bytes(rig_t *rig, cv_str_t bytes)
{
    rig_clear(rig);
    cv_engine_question(rig->engine, &RIG_OBSERVER, NULL, bytes, rig->wall_ms, rig->mono_ms);
}

static void wrong_questions(void **state)
{
    rig_t *rig = *state;
    cv_buf_t bytes;
    cv_buf_init(&bytes, 1 << 20);
    ask_bytes(rig, CV_STR(""));
    assert_int_equal(rig_count(rig, RIG_ANSWER), 0);
    ask_bytes(rig, CV_STR("\x81\xa1x"));
    assert_int_equal(rig_count(rig, RIG_ANSWER), 0);

    assert_int_equal(toy_request(&bytes, toy_id(1), NULL, "put", "A", 5, 0), CV_OK); /* a request is no question */
    ask_bytes(rig, cv_buf_str(&bytes));
    cv_msg_t answer = rig_read(rig, rig_find(rig, RIG_ANSWER, 0)->bytes);
    assert_true(cv_str_is(expect_refused(rig, &answer, CV_REFUSED_CODE_INVALID)->field, "type"));

    cv_log_acked_v1_t acked = {.stream = CV_STR("scheduling.events")}; /* an answer is none either */
    answer = rig_ask(rig, &RIG_OBSERVER, CV_MSG_LOG_ACKED_V1, &acked);
    expect_refused(rig, &answer, CV_REFUSED_CODE_INVALID);

    /* A field that is wrong: the epoch's length. */
    cv_position_t zero = {0};
    cv_log_fetch_v1_t fetch = fetch_from("scheduling.events", &zero);
    cv_msg_t head = {.id = CV_STR("q"), .source = CV_STR("/test"), .info = cv_msg_info_at(CV_MSG_LOG_FETCH_V1)};
    cv_buf_clear(&bytes);
    assert_int_equal(cv_msg_write(&bytes, &head, &fetch), CV_OK);
    char *stream = memmem(bytes.ptr, bytes.len, "scheduling.events", 17);
    stream[0] = 'S';
    ask_bytes(rig, cv_buf_str(&bytes));
    answer = rig_read(rig, rig_find(rig, RIG_ANSWER, 0)->bytes);
    assert_true(cv_str_is(expect_refused(rig, &answer, CV_REFUSED_CODE_INVALID)->field, "data.stream"));

    /* A fault of the message as a whole has no path; it is answered all the same. */
    cv_buf_clear(&bytes);
    assert_int_equal(toy_request(&bytes, toy_id(2), NULL, "put", "A", 5, 0), CV_OK);
    uint8_t long_key[] = {0xa1, 'z', 0xc6, 0, 1, 0x11, 0x70};
    bytes.ptr[0]++; /* one more key, with 70,000 octets */
    assert_int_equal(cv_buf_put(&bytes, long_key, sizeof long_key), CV_OK);
    for (int i = 0; i < 70; i++) {
        uint8_t zeros[1000] = {0};
        assert_int_equal(cv_buf_put(&bytes, zeros, sizeof zeros), CV_OK);
    }
    ask_bytes(rig, cv_buf_str(&bytes));
    assert_int_equal(rig_count(rig, RIG_ANSWER), 1);
    answer = rig_read(rig, rig_find(rig, RIG_ANSWER, 0)->bytes);
    expect_refused(rig, &answer, CV_REFUSED_CODE_INVALID);
    cv_buf_done(&bytes);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        T(fetch_gives_what_was_published),
        T(batches_fit_into_a_frame),
        T(fetch_refusals),
        T(private_streams_are_for_services),
        T(damaged_log),
        T(acknowledged_records_are_pruned),
        T(snapshot_page_by_page),
        T(snapshot_of_nothing),
        T(many_small_records_in_a_page_can_be_read),
        T(snapshot_expires),
        T(more_snapshots_than_slots),
        T(status),
        T(decided_request),
        T(all_decided_requests),
        T(pages_of_a_query),
        T(query_refusals),
        T(wrong_questions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
