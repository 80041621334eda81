/* test_requester: the requester against a scripted service, in virtual time.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The peer remembers its first answer to each id and repeats its bytes, as a service does. Between the two lies a
 * network that loses, repeats and reorders by a seeded generator; time moves only when the test says so.
 */
#include "net/requester.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { IDS_MAX = 2048, WIRE_MAX = 8192, MESSAGE_MAX = 512 };

typedef struct {
    char id[CV_UUID_TEXT + 1];
    uint32_t seen;             /* requests with this id that arrived */
    uint32_t busy;             /* answer BUSY to this many first */
    uint32_t decided;          /* times the peer decided; must stay at most 1 */
    char message[MESSAGE_MAX]; /* bytes of the first request */
    size_t message_len;
    char raw[MESSAGE_MAX]; /* bytes of the outcome */
    size_t raw_len;
    uint32_t done; /* times the requester said it was done */
    int done_rc;
    int done_class;
    int64_t done_ms, sent_first_ms, sent_last_ms;
} entry_t;

typedef struct {
    int64_t at_ms;
    uint64_t order;
    bool to_peer, gone;
    char bytes[MESSAGE_MAX];
    size_t len;
} parcel_t;

typedef struct {
    cv_requester_t *requester;
    int64_t now_ms;
    entry_t *entries;
    size_t entries_n;
    parcel_t *wire;
    size_t wire_n;
    uint64_t order, random;
    unsigned loss_percent, repeat_percent;
    int64_t delay_max_ms;
    bool pipe_full;
    bool peer_away;
    int64_t retry_after_ms;
    size_t sends, flying_max;
    size_t done_n;
    char last_topic[64];
    int (*in_done)(void *world, const cv_answer_t *answer);
} world_t;

static uint64_t draw(world_t *w, uint64_t below)
{
    w->random = w->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return below ? (w->random >> 33) % below : 0;
}

static entry_t *entry_of(world_t *w, const char *id, size_t len)
{
    for (size_t i = 0; i < w->entries_n; i++)
        if (len == CV_UUID_TEXT && memcmp(w->entries[i].id, id, len) == 0)
            return &w->entries[i];
    fail_msg("unknown id %.*s", (int)len, id);
    return NULL;
}

static void post(world_t *w, bool to_peer, const char *bytes, size_t len)
{
    assert_true(len <= MESSAGE_MAX);
    unsigned copies = draw(w, 100) < w->repeat_percent ? 2 : 1;
    if (draw(w, 100) < w->loss_percent)
        copies = 0;
    for (unsigned i = 0; i < copies; i++) {
        assert_true(w->wire_n < WIRE_MAX);
        parcel_t *parcel = &w->wire[w->wire_n++];
        *parcel = (parcel_t){.at_ms = w->now_ms + 1 + (int64_t)draw(w, (uint64_t)w->delay_max_ms),
                             .order = w->order++,
                             .to_peer = to_peer,
                             .len = len};
        memcpy(parcel->bytes, bytes, len);
    }
}

static size_t write_message(cv_str_t id, uint16_t type, const void *data, cv_str_t cause, char ret_bytes[MESSAGE_MAX])
{
    cv_msg_t head = {.id = id,
                     .source = CV_STR("/test"),
                     .subject = CV_STR("E1"),
                     .time_ms = 1764000000000,
                     .causationid = cause,
                     .info = cv_msg_info_at(type)};
    if (head.info->kind == CV_KIND_REQUEST)
        head.inbox = CV_STR("inbox-of-the-test");
    cv_buf_t buf;
    cv_buf_init(&buf, MESSAGE_MAX);
    assert_int_equal(CV_OK, cv_msg_write(&buf, &head, data));
    memcpy(ret_bytes, buf.ptr, buf.len);
    size_t len = buf.len;
    cv_buf_done(&buf);
    return len;
}

static size_t write_outcome(const char *id, cv_outcome_class_t cls, int64_t retry_after_ms, char ret_bytes[MESSAGE_MAX])
{
    cv_outcome_v1_t outcome = {.cls = cls, .code = CV_STR("code"), .text = CV_STR("a sentence")};
    if (retry_after_ms) {
        outcome.has_retry_after_ms = true;
        outcome.retry_after_ms = retry_after_ms;
    }
    return write_message(cv_str(id), CV_MSG_OUTCOME_V1, &outcome, cv_str(id), ret_bytes);
}

/* ---- the requester's side ----------------------------------------------------------------- */

static int on_send(void *arg, cv_str_t topic, cv_str_t message)
{
    world_t *w = arg;
    if (w->pipe_full)
        return CV_EAGAIN;
    assert_int_equal(CV_OK, cv_str_copy(topic, w->last_topic, sizeof w->last_topic));
    w->sends++;
    cv_reader_t *reader = cv_reader_new();
    cv_msg_t msg;
    assert_int_equal(CV_OK, cv_msg_read(reader, message, &msg, NULL));
    entry_t *entry = entry_of(w, msg.id.ptr, msg.id.len);
    assert_true(entry->done == 0); /* nothing is asked again after its answer */
    if (!entry->message_len) {
        memcpy(entry->message, message.ptr, message.len);
        entry->message_len = message.len;
        entry->sent_first_ms = w->now_ms;
    }
    entry->sent_last_ms = w->now_ms;
    assert_int_equal(entry->message_len, message.len); /* the same bytes at each repetition */
    assert_memory_equal(entry->message, message.ptr, message.len);
    cv_reader_destroy(&reader);
    post(w, true, message.ptr, message.len);
    return CV_OK;
}

static void on_done(void *arg, const cv_answer_t *answer)
{
    world_t *w = arg;
    entry_t *entry = entry_of(w, answer->id, strlen(answer->id));
    entry->done++;
    entry->done_rc = answer->rc;
    entry->done_ms = w->now_ms;
    w->done_n++;
    assert_string_equal("registration", answer->service);
    if (answer->rc == CV_OK) {
        entry->done_class = (int)answer->outcome->cls;
        assert_int_equal(entry->raw_len, answer->raw.len);
        assert_memory_equal(entry->raw, answer->raw.ptr, answer->raw.len);
        assert_true(cv_str_is(answer->outcome->code, "code"));
    } else {
        entry->done_class = answer->outcome ? (int)answer->outcome->cls : 0;
    }
    if (w->in_done)
        assert_int_equal(CV_OK, w->in_done(w, answer));
}

/* ---- the service's side -------------------------------------------------------------------- */

static void peer_takes(world_t *w, const char *bytes, size_t len)
{
    if (w->peer_away)
        return;
    cv_reader_t *reader = cv_reader_new();
    cv_msg_t msg;
    assert_int_equal(CV_OK, cv_msg_read(reader, (cv_str_t){bytes, len}, &msg, NULL));
    entry_t *entry = entry_of(w, msg.id.ptr, msg.id.len);
    cv_reader_destroy(&reader);
    entry->seen++;
    if (entry->seen <= entry->busy) {
        char busy[MESSAGE_MAX];
        size_t busy_len = write_outcome(
            entry->id, entry->seen % 2 ? CV_OUTCOME_CLASS_BUSY : CV_OUTCOME_CLASS_UNAVAILABLE, w->retry_after_ms, busy);
        post(w, false, busy, busy_len);
        return;
    }
    if (!entry->raw_len) {
        entry->decided++;
        entry->raw_len =
            write_outcome(entry->id, entry->seen % 3 ? CV_OUTCOME_CLASS_OK : CV_OUTCOME_CLASS_REJECTED, 0, entry->raw);
    }
    post(w, false, entry->raw, entry->raw_len);
}

/* Moves time, millisecond by millisecond, delivering what is due in a drawn order. */
static void run_until(world_t *w, int64_t end_ms)
{
    while (w->now_ms < end_ms) {
        w->now_ms++;
        size_t kept = 0;
        size_t n = w->wire_n;
        for (size_t i = 0; i < n; i++) {
            if (w->wire[i].at_ms > w->now_ms)
                continue;
            parcel_t parcel = w->wire[i];
            w->wire[i].gone = true;
            if (parcel.to_peer)
                peer_takes(w, parcel.bytes, parcel.len);
            else
                (void)cv_requester_outcome(w->requester, w->now_ms, (cv_str_t){parcel.bytes, parcel.len});
        }
        for (size_t i = 0; i < w->wire_n; i++)
            if (!w->wire[i].gone)
                w->wire[kept++] = w->wire[i];
        w->wire_n = kept;
        cv_requester_tick(w->requester, w->now_ms);
    }
}

static entry_t *submit(world_t *w, int64_t timeout_ms)
{
    assert_true(w->entries_n < IDS_MAX);
    entry_t *entry = &w->entries[w->entries_n++];
    uint8_t id[CV_UUID_LEN];
    cv_uuid7(1764000000000, id);
    cv_uuid_text(id, entry->id);
    cv_registration_decline_v1_t data = {.event = CV_STR("E1"), .party = CV_STR("KZ")};
    char bytes[MESSAGE_MAX];
    size_t len = write_message(cv_str(entry->id), CV_MSG_REGISTRATION_DECLINE_V1, &data, CV_STR_NONE, bytes);
    assert_int_equal(CV_OK, cv_requester_submit(w->requester, w->now_ms, cv_str(entry->id), (cv_str_t){bytes, len},
                                                timeout_ms ? w->now_ms + timeout_ms : 0));
    return entry;
}

static world_t *world_new(size_t window, size_t queue, uint64_t seed)
{
    world_t *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->entries = calloc(IDS_MAX, sizeof *w->entries);
    w->wire = calloc(WIRE_MAX, sizeof *w->wire);
    w->random = seed;
    w->now_ms = 1000;
    w->requester = cv_requester_new(&(cv_requester_options_t){.service = "registration",
                                                              .window = window,
                                                              .queue = queue,
                                                              .seed = seed,
                                                              .send = on_send,
                                                              .done = on_done,
                                                              .arg = w});
    assert_non_null(w->requester);
    return w;
}

static void world_destroy(world_t *w)
{
    cv_requester_destroy(&w->requester);
    assert_null(w->requester);
    free(w->entries);
    free(w->wire);
    free(w);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void test_shortest_use(void **state)
{
    (void)state;
    world_t *w = world_new(0, 0, 1);
    entry_t *entry = submit(w, 0);
    run_until(w, 2000);
    assert_int_equal(0, w->sends); /* not before the service is there */
    cv_requester_ready(w->requester, w->now_ms, true);
    run_until(w, 2010);
    assert_int_equal(1, w->sends);
    assert_string_equal("request.registration|", w->last_topic);
    assert_int_equal(1, entry->done);
    assert_int_equal(CV_OUTCOME_CLASS_OK, entry->done_class);
    assert_int_equal(0, cv_requester_pending(w->requester));
    assert_true(cv_requester_tick(w->requester, w->now_ms) == INT64_MAX);
    world_destroy(w);
}

static void test_arguments(void **state)
{
    (void)state;
    world_t *w = world_new(1, 2, 1);
    entry_t *entry = submit(w, 0);
    cv_str_t bytes = CV_STR("x");
    assert_int_equal(CV_ECONFLICT, cv_requester_submit(w->requester, 0, cv_str(entry->id), bytes, 0));
    assert_int_equal(CV_EINVAL, cv_requester_submit(w->requester, 0, CV_STR("not-a-uuid"), bytes, 0));
    submit(w, 0);
    uint8_t id[CV_UUID_LEN];
    char text[CV_UUID_TEXT + 1];
    cv_uuid7(1, id);
    cv_uuid_text(id, text);
    assert_int_equal(CV_EBUSY, cv_requester_submit(w->requester, 0, cv_str(text), bytes, 0));
    char *large = calloc(1, CV_MAX_REQUEST + 1);
    assert_int_equal(CV_ELIMIT,
                     cv_requester_submit(w->requester, 0, cv_str(text), (cv_str_t){large, CV_MAX_REQUEST + 1}, 0));
    free(large);
    assert_true(cv_requester_outcome(w->requester, 0, CV_STR("\xc1")) < 0);
    char outcome[MESSAGE_MAX];
    size_t len = write_outcome(text, CV_OUTCOME_CLASS_OK, 0, outcome);
    assert_int_equal(CV_ENOTFOUND, cv_requester_outcome(w->requester, 0, (cv_str_t){outcome, len}));
    assert_int_equal(1, cv_requester_stats(w->requester)->strays);
    /* A request is no outcome. */
    cv_registration_decline_v1_t data = {.event = CV_STR("E1"), .party = CV_STR("KZ")};
    len = write_message(cv_str(entry->id), CV_MSG_REGISTRATION_DECLINE_V1, &data, CV_STR_NONE, outcome);
    assert_int_equal(CV_EINVAL, cv_requester_outcome(w->requester, 0, (cv_str_t){outcome, len}));
    assert_int_equal(2, cv_requester_pending(w->requester));
    /* Taken back: it is as if it had not been there. */
    cv_requester_cancel(w->requester, cv_str(entry->id));
    cv_requester_cancel(w->requester, cv_str(entry->id));
    assert_int_equal(1, cv_requester_pending(w->requester));
    cv_requester_ready(w->requester, w->now_ms, true);
    run_until(w, w->now_ms + 100);
    assert_int_equal(0, entry->done);
    assert_int_equal(0, entry->seen);
    assert_int_equal(1, w->done_n);
    world_destroy(w);
}

/* Nobody answers: 250 ms doubling to 5 s, each within its jitter, the deadline ends it. */
static void test_retransmission_and_deadline(void **state)
{
    (void)state;
    world_t *w = world_new(0, 0, 7);
    w->loss_percent = 100;
    entry_t *entry = submit(w, 20000);
    cv_requester_ready(w->requester, w->now_ms, true);
    int64_t previous = 0, expected = 250;
    size_t sends = 0;
    for (int64_t t = w->now_ms + 1; t <= 21000; t++) {
        run_until(w, t);
        if (w->sends == sends)
            continue;
        assert_int_equal(sends + 1, w->sends);
        if (sends++) {
            int64_t gap = w->now_ms - previous;
            assert_in_range(gap, expected * 8 / 10, expected * 12 / 10 + 1);
            expected = expected * 2 > 5000 ? 5000 : expected * 2;
        }
        previous = w->now_ms;
    }
    assert_true(sends >= 7);
    assert_int_equal(1, entry->done);
    assert_int_equal(CV_ETIMEOUT, entry->done_rc);
    assert_int_equal(0, entry->done_class);
    assert_in_range(entry->done_ms, 21000, 21001);
    /* The late outcome is a stray. */
    w->loss_percent = 0;
    char outcome[MESSAGE_MAX];
    size_t len = write_outcome(entry->id, CV_OUTCOME_CLASS_OK, 0, outcome);
    assert_int_equal(CV_ENOTFOUND, cv_requester_outcome(w->requester, w->now_ms, (cv_str_t){outcome, len}));
    world_destroy(w);
}

/* The deadline also counts while the service is away and for requests outside of the window. */
static void test_deadline_unsent(void **state)
{
    (void)state;
    world_t *w = world_new(1, 0, 7);
    entry_t *first = submit(w, 500), *second = submit(w, 300), *third = submit(w, 0);
    run_until(w, 2000);
    assert_int_equal(0, w->sends);
    assert_int_equal(CV_ETIMEOUT, first->done_rc);
    assert_in_range(first->done_ms, 1500, 1501);
    assert_in_range(second->done_ms, 1300, 1301);
    assert_int_equal(0, third->done);
    cv_requester_ready(w->requester, w->now_ms, true);
    run_until(w, 2100);
    assert_int_equal(1, third->done);
    assert_int_equal(CV_OK, third->done_rc);
    world_destroy(w);
}

static void test_window(void **state)
{
    (void)state;
    world_t *w = world_new(8, 0, 3);
    for (int i = 0; i < 50; i++)
        submit(w, 0);
    w->loss_percent = 100;
    cv_requester_ready(w->requester, w->now_ms, true);
    run_until(w, w->now_ms + 100);
    assert_int_equal(8, w->sends); /* the first eight, once */
    for (size_t i = 0; i < 50; i++)
        assert_int_equal(i<8, w->entries[i].message_len> 0);
    w->loss_percent = 0;
    run_until(w, w->now_ms + 3000);
    assert_int_equal(50, w->done_n);
    world_destroy(w);
}

/* A window of one: each is answered before the next goes out, whatever is lost. */
static void test_window_of_one_keeps_order(void **state)
{
    (void)state;
    world_t *w = world_new(1, 0, 11);
    w->loss_percent = 30;
    w->delay_max_ms = 40;
    for (int i = 0; i < 40; i++)
        submit(w, 0);
    cv_requester_ready(w->requester, w->now_ms, true);
    run_until(w, w->now_ms + 200000);
    assert_int_equal(40, w->done_n);
    for (size_t i = 1; i < 40; i++)
        assert_true(w->entries[i].sent_first_ms >= w->entries[i - 1].done_ms);
    world_destroy(w);
}

static void test_busy(void **state)
{
    (void)state;
    world_t *w = world_new(0, 0, 5);
    w->retry_after_ms = 3000;
    entry_t *entry = submit(w, 0);
    entry->busy = 2;
    cv_requester_ready(w->requester, w->now_ms, true);
    run_until(w, 1000 + 2900);
    assert_int_equal(1, w->sends); /* asked to wait, so it waits */
    /* A service that comes back does not cut that short. */
    cv_requester_ready(w->requester, w->now_ms, false);
    cv_requester_ready(w->requester, w->now_ms, true);
    run_until(w, w->now_ms + 50);
    assert_int_equal(1, w->sends);
    run_until(w, 1000 + 20000);
    assert_int_equal(1, entry->done);
    assert_int_equal(3, w->sends);
    assert_int_equal(2, cv_requester_stats(w->requester)->deferred);
    assert_int_equal(CV_OUTCOME_CLASS_REJECTED, entry->done_class);
    world_destroy(w);
}

/* BUSY until the deadline: no outcome, but the caller hears why. */
static void test_busy_until_deadline(void **state)
{
    (void)state;
    world_t *w = world_new(0, 0, 5);
    entry_t *entry = submit(w, 4000);
    entry->busy = 1000;
    cv_requester_ready(w->requester, w->now_ms, true);
    run_until(w, 10000);
    assert_int_equal(1, entry->done);
    assert_int_equal(CV_ETIMEOUT, entry->done_rc);
    assert_true(entry->done_class == CV_OUTCOME_CLASS_BUSY || entry->done_class == CV_OUTCOME_CLASS_UNAVAILABLE);
    assert_int_equal(1, cv_requester_stats(w->requester)->timeouts);
    assert_in_range(w->sends, 3, 8);
    world_destroy(w);
}

/* An outcome out of the blue for an entry, which is what its answer would have to be. */
static void hear(world_t *w, entry_t *entry, cv_outcome_class_t cls)
{
    entry->raw_len = write_outcome(entry->id, cls, 0, entry->raw);
    assert_int_equal(CV_OK, cv_requester_outcome(w->requester, w->now_ms, (cv_str_t){entry->raw, entry->raw_len}));
}

static world_t *world_sent(int64_t timeout_ms, size_t sends, entry_t **ret_entry)
{
    world_t *w = world_new(0, 0, 5);
    w->loss_percent = 100; /* the test itself is the service */
    *ret_entry = submit(w, timeout_ms);
    cv_requester_ready(w->requester, w->now_ms, true);
    while (w->sends < sends)
        run_until(w, w->now_ms + 1);
    return w;
}

/* NOTFOUND and INTERNAL are not remembered: once there are two copies, the other one may be decided. */
static void test_passing_outcomes(void **state)
{
    (void)state;
    static const cv_outcome_class_t passing[] = {CV_OUTCOME_CLASS_NOTFOUND, CV_OUTCOME_CLASS_INTERNAL};
    static const cv_outcome_class_t final[] = {CV_OUTCOME_CLASS_OK,      CV_OUTCOME_CLASS_REJECTED,
                                               CV_OUTCOME_CLASS_DENIED,  CV_OUTCOME_CLASS_INVALID,
                                               CV_OUTCOME_CLASS_EXPIRED, CV_OUTCOME_CLASS_CONFLICT};
    for (size_t i = 0; i < sizeof passing / sizeof *passing; i++) {
        entry_t *entry;
        world_t *w = world_sent(0, 1, &entry); /* one copy: there is no other answer to come */
        hear(w, entry, passing[i]);
        assert_int_equal(1, entry->done);
        assert_int_equal(passing[i], entry->done_class);
        world_destroy(w);

        for (size_t k = 0; k < sizeof final / sizeof *final; k++) {
            w = world_sent(0, 2, &entry);
            hear(w, entry, passing[i]);
            hear(w, entry, passing[1 - i]);
            assert_int_equal(0, entry->done);
            run_until(w, w->now_ms + 1000); /* and it is asked again, also when nothing more comes */
            assert_in_range(w->sends, 3, 5);
            hear(w, entry, final[k]);
            assert_int_equal(1, entry->done);
            assert_int_equal(CV_OK, entry->done_rc);
            assert_int_equal(final[k], entry->done_class);
            assert_int_equal(2, cv_requester_stats(w->requester)->deferred);
            world_destroy(w);
        }

        /* The deadline: the last that was heard, not a timeout. */
        w = world_sent(4000, 2, &entry);
        hear(w, entry, passing[1 - i]);
        hear(w, entry, CV_OUTCOME_CLASS_BUSY);
        hear(w, entry, passing[i]);
        run_until(w, 4999);
        assert_int_equal(0, entry->done);
        run_until(w, 6000);
        assert_int_equal(1, entry->done);
        assert_int_equal(CV_OK, entry->done_rc);
        assert_int_equal(passing[i], entry->done_class);
        assert_in_range(entry->done_ms, 5000, 5001);
        assert_int_equal(0, cv_requester_stats(w->requester)->timeouts);
        assert_int_equal(1, cv_requester_stats(w->requester)->answered);
        world_destroy(w);

        /* Giving up is a deadline now; and BUSY as the last word leaves the rest unknown. */
        w = world_sent(0, 2, &entry);
        hear(w, entry, passing[i]);
        cv_requester_give_up(w->requester, w->now_ms);
        assert_int_equal(passing[i], entry->done_class);
        assert_int_equal(CV_OK, entry->done_rc);
        assert_int_equal(0, cv_requester_pending(w->requester));
        world_destroy(w);
        w = world_sent(0, 2, &entry);
        hear(w, entry, passing[i]);
        hear(w, entry, CV_OUTCOME_CLASS_BUSY);
        cv_requester_give_up(w->requester, w->now_ms);
        assert_int_equal(CV_OUTCOME_CLASS_BUSY, entry->done_class);
        assert_int_equal(CV_ETIMEOUT, entry->done_rc);
        world_destroy(w);

        /* Forgotten and destroyed while one is kept. */
        w = world_sent(0, 2, &entry);
        hear(w, entry, passing[i]);
        cv_requester_cancel(w->requester, cv_str(entry->id));
        entry = submit(w, 0);
        run_until(w, w->now_ms + 2000);
        hear(w, entry, passing[i]);
        assert_int_equal(0, w->done_n);
        world_destroy(w);
    }
}

static void test_full_pipe(void **state)
{
    (void)state;
    world_t *w = world_new(0, 0, 5);
    w->pipe_full = true;
    entry_t *entry = submit(w, 0);
    cv_requester_ready(w->requester, w->now_ms, true);
    run_until(w, 1500);
    assert_int_equal(0, w->sends);
    assert_int_equal(0, entry->done);
    assert_true(cv_requester_stats(w->requester)->send_errors >= 50);
    w->pipe_full = false;
    run_until(w, 1520);
    assert_int_equal(1, entry->done);
    world_destroy(w);
}

/* The service dies with requests on the way: they go out again as soon as it is back, not after their delay. */
static void test_service_restarts(void **state)
{
    (void)state;
    world_t *w = world_new(0, 0, 5);
    w->peer_away = true;
    for (int i = 0; i < 10; i++)
        submit(w, 0);
    cv_requester_ready(w->requester, w->now_ms, true);
    run_until(w, 6000);
    cv_requester_ready(w->requester, w->now_ms, false);
    size_t sends = w->sends;
    run_until(w, 20000);
    assert_int_equal(sends, w->sends);
    w->peer_away = false;
    cv_requester_ready(w->requester, w->now_ms, true);
    run_until(w, 20005);
    assert_int_equal(10, w->done_n);
    assert_int_equal(sends + 10, w->sends);
    world_destroy(w);
}

static int submit_more(void *arg, const cv_answer_t *answer)
{
    (void)answer;
    world_t *w = arg;
    if (w->entries_n < 30)
        submit(w, w->entries_n % 2 ? 100 : 0);
    return CV_OK;
}

static void test_submit_inside_done(void **state)
{
    (void)state;
    world_t *w = world_new(4, 0, 5);
    w->in_done = submit_more;
    submit(w, 50); /* times out, unsent */
    run_until(w, 1200);
    cv_requester_ready(w->requester, w->now_ms, true);
    run_until(w, 20000);
    assert_int_equal(30, w->entries_n);
    assert_int_equal(30, w->done_n);
    world_destroy(w);
}

/* Everything at once: each request gets one answer, equal bytes, one decision; twice the same seed gives the same. */
static void test_storm(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        uint64_t totals[2][3];
        for (int run = 0; run < 2; run++) {
            world_t *w = world_new(32, 0, seed);
            w->loss_percent = 25;
            w->repeat_percent = 20;
            w->delay_max_ms = 700; /* longer than the first delay: repetitions overtake */
            w->retry_after_ms = 400;
            for (int i = 0; i < 300; i++)
                submit(w, 0)->busy = draw(w, 10) == 0 ? 2 : 0;
            cv_requester_ready(w->requester, w->now_ms, true);
            for (int i = 0; i < 300 && w->done_n < 300; i++) {
                run_until(w, w->now_ms + 1000);
                if (i % 7 == 3) {
                    cv_requester_ready(w->requester, w->now_ms, false);
                    run_until(w, w->now_ms + 300);
                    cv_requester_ready(w->requester, w->now_ms, true);
                }
            }
            assert_int_equal(300, w->done_n);
            for (size_t i = 0; i < 300; i++) {
                assert_int_equal(1, w->entries[i].done);
                assert_int_equal(1, w->entries[i].decided);
            }
            const cv_requester_stats_t *stats = cv_requester_stats(w->requester);
            assert_int_equal(300, stats->answered);
            assert_int_equal(stats->sent, 300 + stats->resent);
            totals[run][0] = stats->sent;
            totals[run][1] = stats->strays;
            totals[run][2] = (uint64_t)w->now_ms;
            world_destroy(w);
        }
        assert_memory_equal(totals[0], totals[1], sizeof totals[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shortest_use),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_retransmission_and_deadline),
        cmocka_unit_test(test_deadline_unsent),
        cmocka_unit_test(test_window),
        cmocka_unit_test(test_window_of_one_keeps_order),
        cmocka_unit_test(test_busy),
        cmocka_unit_test(test_busy_until_deadline),
        cmocka_unit_test(test_passing_outcomes),
        cmocka_unit_test(test_full_pipe),
        cmocka_unit_test(test_service_restarts),
        cmocka_unit_test(test_submit_inside_done),
        cmocka_unit_test(test_storm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
