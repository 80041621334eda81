/* test_client: the client library against a service that the test plays, over real sockets.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The service answers each copy of a request as the test says. Nothing waits for time alone but what is about timeouts.
 */
#include "convene/client.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <zmq.h>

enum { PATH_SIZE = 128, MESSAGE_MAX = 2048, DEADLINE_MS = 20000, STEP_MS = 10 };

static char folder[] = "/tmp/cv-client-XXXXXX";

typedef struct {
    void *context, *intake, *feed;
    cv_client_t *client;
    cv_reader_t *reader;
    size_t copies; /* of requests that arrived */
    char id[CV_UUID_TEXT + 1];
    char inbox[CV_MAX_ATTRIBUTE];
    size_t answers;
    int rc, cls; /* of the last answer; cls 0: without outcome */
    uint32_t sends;
} world_t;

static void path_of(const char *name, char ret_path[PATH_SIZE])
{
    (void)snprintf(ret_path, PATH_SIZE, "%s/%s", folder, name);
}

static void open_client(world_t *w, bool outbox)
{
    char endpoint[PATH_SIZE], path[PATH_SIZE], error[256] = "";
    (void)snprintf(endpoint, sizeof endpoint, "ipc://%s/service", folder);
    path_of("out.db", path);
    const cv_client_service_t service = {"registration", endpoint};
    const cv_client_options_t options = {
        .services = &service, .services_n = 1, .insecure = true, .outbox = outbox ? path : NULL};
    if (cv_client_open(&options, &w->client, error, sizeof error) != CV_OK)
        fail_msg("%s", error);
}

static int set_up(void **state)
{
    world_t *w = calloc(1, sizeof *w);
    char endpoint[PATH_SIZE + 16];
    if (!w)
        return -1;
    *state = w;
    w->context = zmq_ctx_new();
    w->reader = cv_reader_new();
    w->intake = zmq_socket(w->context, ZMQ_SUB);
    w->feed = zmq_socket(w->context, ZMQ_XPUB);
    (void)snprintf(endpoint, sizeof endpoint, "ipc://%s/service.intake", folder);
    int rc = zmq_bind(w->intake, endpoint);
    (void)snprintf(endpoint, sizeof endpoint, "ipc://%s/service.feed", folder);
    rc |= zmq_bind(w->feed, endpoint);
    static const char topic[] = "request.registration|";
    return rc | zmq_setsockopt(w->intake, ZMQ_SUBSCRIBE, topic, sizeof topic - 1);
}

static int tear_down(void **state)
{
    static const char *const names[] = {"out.db",      "out.db-wal",     "out.db-shm",  "out.db.lock",
                                        "service.log", "service.intake", "service.feed"};
    world_t *w = *state;
    const int none = 0;
    cv_client_close(&w->client);
    zmq_setsockopt(w->feed, ZMQ_LINGER, &none, sizeof none);
    zmq_close(w->intake);
    zmq_close(w->feed);
    zmq_ctx_term(w->context);
    cv_reader_destroy(&w->reader);
    free(w);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[PATH_SIZE];
        path_of(names[i], path);
        (void)unlink(path);
    }
    return 0;
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static int submit(world_t *w, int64_t timeout_ms, char ret_id[CV_UUID_TEXT + 1])
{
    const cv_registration_decline_v1_t data = {.event = CV_STR("E1"), .party = CV_STR("KZ")};
    const cv_submit_t how = {.timeout_ms = timeout_ms};
    return cv_client_submit(w->client, CV_MSG_REGISTRATION_DECLINE_V1, CV_STR("E1"), &data, &how, ret_id);
}

static void on_answer(void *arg, const cv_answer_t *answer)
{
    world_t *w = arg;
    w->answers++;
    w->rc = answer->rc;
    w->cls = answer->outcome ? (int)answer->outcome->cls : 0;
    w->sends = answer->sends;
}

/* Takes the requests that are there. */
static void serve(world_t *w)
{
    char bytes[MESSAGE_MAX];
    while (zmq_recv(w->intake, bytes, sizeof bytes, ZMQ_DONTWAIT) >= 0) {
        int n = zmq_recv(w->intake, bytes, sizeof bytes, 0);
        cv_str_t rest = {bytes, (size_t)n}, message;
        while (cv_wire_next(&rest, &message)) {
            cv_msg_t msg;
            assert_int_equal(CV_OK, cv_msg_read(w->reader, message, &msg, NULL));
            assert_int_equal(CV_OK, cv_str_copy(msg.id, w->id, sizeof w->id));
            assert_int_equal(CV_OK, cv_str_copy(msg.inbox, w->inbox, sizeof w->inbox));
            w->copies++;
        }
        assert_int_equal(0, rest.len);
    }
}

static void poll_once(world_t *w)
{
    assert_true(cv_client_poll(w->client, STEP_MS, on_answer, w) >= 0);
    serve(w);
}

static void until_copies(world_t *w, size_t copies)
{
    int64_t end_ms = cv_clock_mono_ms() + DEADLINE_MS;
    while (w->copies < copies && cv_clock_mono_ms() < end_ms)
        poll_once(w);
    assert_true(w->copies >= copies);
}

/* Answers the request that came last. */
static void answer(world_t *w, cv_outcome_class_t cls)
{
    char topic[CV_MAX_TOPIC];
    const cv_outcome_v1_t outcome = {.cls = cls, .code = CV_STR("code"), .text = CV_STR("A sentence.")};
    const cv_msg_t head = {.id = cv_str(w->id),
                           .source = CV_STR("/test"),
                           .time_ms = 1764000000000,
                           .causationid = cv_str(w->id),
                           .info = cv_msg_info_at(CV_MSG_OUTCOME_V1)};
    cv_buf_t buf;
    cv_buf_init(&buf, MESSAGE_MAX);
    assert_int_equal(CV_OK, cv_msg_write(&buf, &head, &outcome));
    int n = snprintf(topic, sizeof topic, "outcome.local.%s|", w->inbox);
    assert_true(zmq_send(w->feed, topic, (size_t)n, ZMQ_SNDMORE) >= 0);
    assert_true(zmq_send(w->feed, buf.ptr, buf.len, 0) >= 0);
    cv_buf_done(&buf);
}

static void until_answered(world_t *w)
{
    int64_t end_ms = cv_clock_mono_ms() + DEADLINE_MS;
    while (w->answers == 0 && cv_clock_mono_ms() < end_ms)
        poll_once(w);
    assert_int_equal(1, w->answers);
}

/* ---- tests --------------------------------------------------------------------------------- */

static void test_shortest_use(void **state)
{
    world_t *w = *state;
    char id[CV_UUID_TEXT + 1];
    open_client(w, false);
    assert_int_equal(CV_OK, submit(w, 0, id));
    until_copies(w, 1);
    assert_string_equal(id, w->id);
    answer(w, CV_OUTCOME_CLASS_OK);
    until_answered(w);
    assert_int_equal(CV_OK, w->rc);
    assert_int_equal(CV_OUTCOME_CLASS_OK, w->cls);
    assert_int_equal(0, cv_client_pending(w->client));
}

/* Time over: what was heard last; nothing, BUSY and so on are told apart. */
static void test_last_answer_at_timeout(void **state)
{
    static const struct {
        cv_outcome_class_t first, last;
        int rc;
    } rows[] = {
        {CV_OUTCOME_CLASS_ABSENT, CV_OUTCOME_CLASS_ABSENT, CV_ETIMEOUT},
        {CV_OUTCOME_CLASS_ABSENT, CV_OUTCOME_CLASS_BUSY, CV_ETIMEOUT},
        {CV_OUTCOME_CLASS_INTERNAL, CV_OUTCOME_CLASS_NOTFOUND, CV_OK},
        {CV_OUTCOME_CLASS_NOTFOUND, CV_OUTCOME_CLASS_UNAVAILABLE, CV_ETIMEOUT},
    };
    world_t *w = *state;
    char id[CV_UUID_TEXT + 1];
    open_client(w, false);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        w->copies = w->answers = 0;
        assert_int_equal(CV_OK, submit(w, 1200, id));
        until_copies(w, 2);
        if (rows[i].first != CV_OUTCOME_CLASS_ABSENT)
            answer(w, rows[i].first);
        if (rows[i].last != CV_OUTCOME_CLASS_ABSENT)
            answer(w, rows[i].last);
        until_answered(w);
        assert_int_equal(rows[i].rc, w->rc);
        assert_int_equal(rows[i].last, w->cls);
    }
}

static void test_give_up(void **state)
{
    world_t *w = *state;
    char id[CV_UUID_TEXT + 1];
    open_client(w, true);
    assert_int_equal(0, cv_client_give_up(w->client, on_answer, w));
    /* NOTFOUND of one of two copies: that is what is told, and the request is over. */
    assert_int_equal(CV_OK, submit(w, CV_CLIENT_FOREVER, id));
    until_copies(w, 2);
    answer(w, CV_OUTCOME_CLASS_NOTFOUND);
    for (int i = 0; i < 20; i++) /* it is heard; and not final */
        poll_once(w);
    assert_int_equal(0, w->answers);
    assert_int_equal(1, cv_client_give_up(w->client, on_answer, w));
    assert_int_equal(CV_OUTCOME_CLASS_NOTFOUND, w->cls);
    assert_int_equal(CV_OK, w->rc);
    assert_int_equal(0, cv_client_pending(w->client));
    /* Nothing heard: over for this process, kept for the next. */
    assert_int_equal(CV_OK, submit(w, CV_CLIENT_FOREVER, id));
    assert_int_equal(1, cv_client_give_up(w->client, on_answer, w));
    assert_int_equal(CV_ETIMEOUT, w->rc);
    assert_int_equal(0, w->cls);
    cv_client_close(&w->client);
    w->copies = w->answers = 0;
    open_client(w, true);
    assert_int_equal(1, cv_client_pending(w->client));
    until_copies(w, 1);
    assert_string_equal(id, w->id);
}

/* 0 is the default and no eternity; only who asks for that gets it; no sum of times overflows. */
static void test_timeouts(void **state)
{
    world_t *w = *state;
    char id[CV_UUID_TEXT + 1];
    open_client(w, true);
    assert_int_equal(CV_EINVAL, submit(w, -1, id));
    assert_int_equal(0, cv_client_pending(w->client));
    assert_int_equal(CV_OK, submit(w, 0, id));
    assert_int_equal(CV_OK, submit(w, CV_CLIENT_FOREVER - 1, id));
    assert_int_equal(CV_OK, submit(w, CV_CLIENT_FOREVER, id));
    assert_int_equal(CV_OK, submit(w, 300, id));
    until_answered(w); /* the last one only */
    assert_int_equal(CV_ETIMEOUT, w->rc);
    assert_int_equal(3, cv_client_pending(w->client));
}

/* A request that a process before this one left in the outbox may have been sent by it: no copy is the only one. */
static void test_resumed_request(void **state)
{
    world_t *w = *state;
    char id[CV_UUID_TEXT + 1];
    open_client(w, true);
    assert_int_equal(CV_OK, submit(w, 3000, id));
    until_copies(w, 1);
    cv_client_close(&w->client); /* its answer would have come now */
    w->copies = 0;
    open_client(w, true);
    until_copies(w, 1);
    assert_string_equal(id, w->id);
    answer(w, CV_OUTCOME_CLASS_NOTFOUND);
    until_copies(w, 2); /* it asks again: the NOTFOUND was not final */
    assert_int_equal(0, w->answers);
    answer(w, CV_OUTCOME_CLASS_OK);
    until_answered(w);
    assert_int_equal(CV_OUTCOME_CLASS_OK, w->cls);
    assert_true(w->sends >= 3);
}

/* ---- questions ------------------------------------------------------------------------------ */

/* A service that takes the question and is gone before it answers. */
static void *take_and_leave(void *arg)
{
    void *log = arg;
    char bytes[MESSAGE_MAX];
    for (int i = 0; i < 2; i++) /* who asks, and the question */
        (void)zmq_recv(log, bytes, sizeof bytes, 0);
    zmq_close(log);
    return NULL;
}

static void test_service_leaves_with_the_question(void **state)
{
    enum { HANGS_S = 30, PATIENCE_MS = 2500 };
    world_t *w = *state;
    char endpoint[PATH_SIZE + 16];
    const int none = 0;
    void *log = zmq_socket(w->context, ZMQ_ROUTER);
    assert_int_equal(0, zmq_setsockopt(log, ZMQ_LINGER, &none, sizeof none));
    (void)snprintf(endpoint, sizeof endpoint, "ipc://%s/service.log", folder);
    assert_int_equal(0, zmq_bind(log, endpoint));
    open_client(w, false);
    pthread_t thread;
    assert_int_equal(0, pthread_create(&thread, NULL, take_and_leave, log));
    const cv_log_query_v1_t query = {.what = CV_STR("status")};
    cv_reply_t *reply = NULL;
    (void)alarm(HANGS_S); /* ends a test that would wait for ever */
    int64_t before_ms = cv_clock_mono_ms();
    assert_int_equal(CV_ETIMEOUT,
                     cv_client_ask(w->client, "registration", CV_MSG_LOG_QUERY_V1, &query, PATIENCE_MS, &reply));
    assert_in_range(cv_clock_mono_ms() - before_ms, PATIENCE_MS, 2 * PATIENCE_MS);
    (void)alarm(0);
    assert_null(reply);
    assert_int_equal(0, pthread_join(thread, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_shortest_use, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_last_answer_at_timeout, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_give_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_timeouts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_resumed_request, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_service_leaves_with_the_question, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
