/* test_zap: who gets in and who does not, over real sockets.
 * SPDX-License-Identifier: Apache-2.0
 *
 * ctest-labels: threads
 *
 * Server and clients have a context each, as if they were processes of their own. Every wait is for a fact (a
 * subscription, a message, a counter, a monitor's event) with a deadline.
 */
#include "net/zap.h"

#include "convene/ids.h"
#include "net/socket.h"
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define DEADLINE_MS 15000
#define TCP "tcp://127.0.0.1:24510"

static char s_dir[64], s_allow[80], s_ipc[128], s_error[512];
static cv_identity_t s_server, s_alice, s_mallory;
static void *s_context, *s_clients;
static cv_zap_t *s_zap;
static void *s_sockets[32]; /* open ones: a context does not end before they are closed, also when a test failed */

/* ---- fixture ------------------------------------------------------------------------------ */

static void *s_own(void *socket)
{
    size_t i = 0;
    while (s_sockets[i])
        assert_true(++i < sizeof s_sockets / sizeof *s_sockets);
    assert_non_null(socket);
    return s_sockets[i] = socket;
}

static void s_close(void **socket)
{
    for (size_t i = 0; *socket && i < sizeof s_sockets / sizeof *s_sockets; i++)
        if (s_sockets[i] == *socket)
            s_sockets[i] = NULL;
    cv_socket_close(socket, 0);
}

static void s_make(const char *name, unsigned role, cv_identity_t *ret_identity)
{
    cv_principal_t principal = {.role = role};
    snprintf(principal.name, sizeof principal.name, "%s", name);
    assert_int_equal(cv_keys_make(s_dir, &principal), CV_OK);
    assert_int_equal(cv_identity_load(s_dir, name, ret_identity, s_error, sizeof s_error), CV_OK);
}

static cv_principals_t *s_load(void)
{
    cv_principals_t *principals = NULL;
    assert_int_equal(cv_principals_load(s_allow, &principals, s_error, sizeof s_error), CV_OK);
    return principals;
}

static void s_forbid(const char *name)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s.cert", s_allow, name);
    assert_int_equal(unlink(path), 0);
}

/* A server with a handler that knows alice; mallory has keys, but no certificate there. */
/* What its messages carry. */
static const char *s_user_of(const cv_identity_t *identity)
{
    static char user[CV_KEY_TEXT + 1];
    return zmq_z85_encode(user, identity->public_key, CV_KEY_LEN);
}

static int s_setup(void **state)
{
    (void)state;
    snprintf(s_dir, sizeof s_dir, "/tmp/convene-zap-XXXXXX");
    assert_non_null(mkdtemp(s_dir));
    snprintf(s_allow, sizeof s_allow, "%s/allow", s_dir);
    snprintf(s_ipc, sizeof s_ipc, "ipc://%s/registration", s_dir);
    s_make("registration", CV_ROLE_SERVICE, &s_server);
    s_make("alice", CV_ROLE_SECRETARIAT, &s_alice);
    s_make("mallory", CV_ROLE_SECRETARIAT, &s_mallory);
    s_forbid("mallory");
    s_context = cv_socket_context();
    s_clients = cv_socket_context();
    assert_non_null(s_context);
    assert_non_null(s_clients);
    s_zap = NULL;
    return 0;
}

static void s_start(bool allow_null)
{
    cv_principals_t *principals = s_load();
    assert_int_equal(cv_zap_start(s_context, &principals, allow_null, &s_zap), CV_OK);
    assert_null(principals);
}

static int s_teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof s_sockets / sizeof *s_sockets; i++)
        cv_socket_close(&s_sockets[i], 0);
    cv_zap_stop(&s_zap);
    zmq_ctx_term(s_clients);
    zmq_ctx_term(s_context);
    char command[160];
    static const char *const files[] = {"allow/registration.cert", "allow/alice.cert",     "allow/mallory.cert",
                                        "registration.secret",     "alice.secret",         "mallory.secret",
                                        "registration.intake",     "registration2.intake", "registration.log"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(command, sizeof command, "%s/%s", s_dir, files[i]);
        unlink(command);
    }
    rmdir(s_allow);
    return rmdir(s_dir);
}

static void *s_bind(cv_socket_use_t use, const char *endpoint)
{
    void *socket = NULL;
    const cv_security_t security = {.self = &s_server};
    int rc = cv_socket_open(s_context, use, endpoint, &security, &socket, s_error, sizeof s_error);
    if (rc)
        fail_msg("%s", s_error);
    if (use == CV_SOCKET_INTAKE)
        assert_int_equal(zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "", 0), 0);
    return s_own(socket);
}

static void *s_connect(cv_socket_use_t use, const char *endpoint, const cv_identity_t *self, const uint8_t *server_key)
{
    void *socket = NULL;
    const cv_security_t security = {.self = self, .server_key = server_key};
    int rc = cv_socket_open(s_clients, use, endpoint, &security, &socket, s_error, sizeof s_error);
    if (rc)
        fail_msg("%s", s_error);
    return s_own(socket);
}

/* Waits until one of both can be read; the bound SUB must be polled for its subscription to leave. Returns which. */
static void *s_wait(void *one, void *other, int64_t deadline)
{
    zmq_pollitem_t items[] = {{one, 0, ZMQ_POLLIN, 0}, {other, 0, ZMQ_POLLIN, 0}};
    while (cv_clock_mono_ms() < deadline) {
        if (zmq_poll(items, other ? 2 : 1, 10) > 0)
            return items[0].revents ? one : other;
    }
    return NULL;
}

static int64_t s_deadline(void)
{
    return cv_clock_mono_ms() + DEADLINE_MS;
}

static uint64_t s_refused(void)
{
    uint64_t accepted, refused;
    cv_zap_counts(s_zap, &accepted, &refused);
    return refused;
}

static uint64_t s_accepted(void)
{
    uint64_t accepted, refused;
    cv_zap_counts(s_zap, &accepted, &refused);
    return accepted;
}

/* The client gets the intake's subscription: it is in. */
static void s_expect_in(void *client, void *intake)
{
    assert_ptr_equal(s_wait(client, intake, s_deadline()), client);
    char subscription[4];
    assert_int_equal(zmq_recv(client, subscription, sizeof subscription, 0), 1);
    assert_int_equal(subscription[0], 1);
}

/* The handler says no, and the client hears nothing. */
static void s_expect_refused(void *client, void *intake, uint64_t refused_before)
{
    int64_t deadline = s_deadline();
    while (s_refused() == refused_before) {
        assert_true(cv_clock_mono_ms() < deadline);
        assert_null(s_wait(client, intake, cv_clock_mono_ms() + 20));
    }
}

/* ---- who gets in -------------------------------------------------------------------------- */

/* Every frame of every message that a polled bound SUB receives says who sent it. */
static void s_intake_says_who(const char *endpoint)
{
    s_start(false);
    void *intake = s_bind(CV_SOCKET_INTAKE, endpoint);
    void *client = s_connect(CV_SOCKET_REQUESTS, endpoint, &s_alice, s_server.public_key);
    s_expect_in(client, intake);
    assert_int_equal(s_accepted(), 1);
    enum { MESSAGES = 200 };
    for (int i = 0; i < MESSAGES; i++) {
        char body[16];
        int len = snprintf(body, sizeof body, "body %d", i);
        assert_int_equal(zmq_send(client, "request.registration|", 21, ZMQ_SNDMORE), 21);
        assert_int_equal(zmq_send(client, body, (size_t)len, 0), len);
    }
    int64_t deadline = s_deadline();
    for (int i = 0; i < MESSAGES;) {
        assert_ptr_equal(s_wait(intake, NULL, deadline), intake);
        cv_frames_t frames;
        int rc = cv_frames_recv(&frames, intake, 2);
        assert_int_equal(rc, CV_OK);
        char body[16];
        snprintf(body, sizeof body, "body %d", i);
        assert_int_equal(frames.n, 2);
        assert_true(cv_str_is(cv_frames_at(&frames, 0), "request.registration|"));
        assert_true(cv_str_is(cv_frames_at(&frames, 1), body));
        assert_null(cv_frames_at(&frames, 2).ptr);
        assert_string_equal(zmq_msg_gets(&frames.frame[0], "User-Id"), s_user_of(&s_alice));
        assert_string_equal(zmq_msg_gets(&frames.frame[1], "User-Id"), s_user_of(&s_alice));
        assert_string_equal(cv_frames_user(&frames), s_user_of(&s_alice));
        cv_frames_done(&frames);
        i++;
    }
    cv_frames_t frames;
    assert_int_equal(cv_frames_recv(&frames, intake, 2), CV_EAGAIN);
    s_close(&client);
    s_close(&intake);
    assert_null(intake);
}

static void test_intake_ipc(void **state)
{
    (void)state;
    s_intake_says_who(s_ipc);
}

static void test_intake_tcp(void **state)
{
    (void)state;
    s_intake_says_who(TCP);
}

/* On a ROUTER the last frame says who asks, and the answer finds its way back. */
static void test_log_says_who(void **state)
{
    (void)state;
    s_start(false);
    void *log = s_bind(CV_SOCKET_LOG, TCP);
    void *client = s_connect(CV_SOCKET_QUESTIONS, TCP, &s_alice, s_server.public_key);
    for (int round = 0; round < 5; round++) {
        int64_t deadline = s_deadline();
        while (zmq_send(client, "question", 8, ZMQ_DONTWAIT) < 0) {
            assert_int_equal(errno, EAGAIN); /* IMMEDIATE: nobody there yet */
            assert_true(cv_clock_mono_ms() < deadline);
            zmq_pollitem_t item = {client, 0, ZMQ_POLLOUT, 0};
            zmq_poll(&item, 1, 100);
        }
        assert_ptr_equal(s_wait(log, NULL, deadline), log);
        cv_frames_t frames;
        assert_int_equal(cv_frames_recv(&frames, log, CV_FRAMES_ROOM), CV_OK);
        assert_int_equal(frames.n, 2);
        assert_string_equal(cv_frames_user(&frames), s_user_of(&s_alice));
        cv_str_t peer = cv_frames_at(&frames, 0);
        assert_int_equal(zmq_send(log, peer.ptr, peer.len, ZMQ_SNDMORE | ZMQ_DONTWAIT), peer.len);
        assert_int_equal(zmq_send(log, "answer", 6, ZMQ_DONTWAIT), 6);
        cv_frames_done(&frames);
        assert_ptr_equal(s_wait(client, NULL, deadline), client);
        assert_int_equal(cv_frames_recv(&frames, client, 1), CV_OK);
        assert_true(cv_str_is(cv_frames_at(&frames, 0), "answer"));
        cv_frames_done(&frames);
    }
    /* ROUTER_MANDATORY: an answer to nobody is an error, not a silence. */
    assert_int_equal(zmq_send(log, "nobody", 6, ZMQ_SNDMORE | ZMQ_DONTWAIT), -1);
    assert_int_equal(errno, EHOSTUNREACH);
    s_close(&client);
    s_close(&log);
}

static void test_too_many_frames(void **state)
{
    (void)state;
    s_start(false);
    void *log = s_bind(CV_SOCKET_LOG, s_ipc);
    void *client = s_connect(CV_SOCKET_QUESTIONS, s_ipc, &s_alice, s_server.public_key);
    int on = 0;
    assert_int_equal(zmq_setsockopt(client, ZMQ_SNDTIMEO, &(int){DEADLINE_MS}, sizeof on), 0);
    for (int i = 0; i < 9; i++)
        assert_int_equal(zmq_send(client, "x", 1, i < 8 ? ZMQ_SNDMORE : 0), 1);
    assert_int_equal(zmq_send(client, "next", 4, 0), 4);
    cv_frames_t frames;
    assert_ptr_equal(s_wait(log, NULL, s_deadline()), log);
    assert_int_equal(cv_frames_recv(&frames, log, 99), CV_ELIMIT);
    assert_int_equal(frames.n, 0);
    assert_ptr_equal(s_wait(log, NULL, s_deadline()), log);
    assert_int_equal(cv_frames_recv(&frames, log, 2), CV_OK);
    assert_true(cv_str_is(cv_frames_at(&frames, 1), "next"));
    cv_frames_done(&frames);
    s_close(&client);
    s_close(&log);
}

/* ---- who does not ------------------------------------------------------------------------- */

static void test_unknown_key(void **state)
{
    (void)state;
    s_start(false);
    void *intake = s_bind(CV_SOCKET_INTAKE, TCP);
    void *client = s_connect(CV_SOCKET_REQUESTS, TCP, &s_mallory, s_server.public_key);
    s_expect_refused(client, intake, 0);
    assert_int_equal(s_accepted(), 0);
    s_close(&client);
    s_close(&intake);
}

/* Waits for the client's handshake to fail, as its monitor tells. */
static void s_expect_handshake_failure(void *client, void *intake, const char *address)
{
    const int failures = ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                         ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CLOSED;
    static int monitors; /* a name is free again only some time after its monitor ended */
    char name[32];
    snprintf(name, sizeof name, "inproc://monitor.%d", monitors++);
    assert_int_equal(zmq_socket_monitor(client, name, failures), 0);
    void *monitor = s_own(zmq_socket(s_clients, ZMQ_PAIR));
    assert_int_equal(zmq_connect(monitor, name), 0);
    assert_int_equal(zmq_connect(client, address), 0);
    int64_t deadline = s_deadline();
    void *ready = NULL;
    while (!ready && cv_clock_mono_ms() < deadline) {
        assert_null(s_wait(client, intake, cv_clock_mono_ms() + 10));
        ready = s_wait(monitor, NULL, cv_clock_mono_ms() + 10);
    }
    assert_ptr_equal(ready, monitor);
    zmq_socket_monitor(client, NULL, 0);
    s_close(&monitor);
}

/* No CURVE at all, and CURVE that takes the server for another. */
static void test_no_key_and_wrong_server_key(void **state)
{
    (void)state;
    s_start(true); /* also when NULL is allowed elsewhere, an encrypted socket takes nothing else */
    void *intake = s_bind(CV_SOCKET_INTAKE, TCP);
    void *client = s_own(zmq_socket(s_clients, ZMQ_XPUB));
    s_expect_handshake_failure(client, intake, TCP);
    s_close(&client);

    client = s_own(zmq_socket(s_clients, ZMQ_XPUB));
    assert_int_equal(zmq_setsockopt(client, ZMQ_CURVE_SERVERKEY, s_mallory.public_key, 32), 0);
    assert_int_equal(zmq_setsockopt(client, ZMQ_CURVE_PUBLICKEY, s_alice.public_key, 32), 0);
    assert_int_equal(zmq_setsockopt(client, ZMQ_CURVE_SECRETKEY, s_alice.secret_key, 32), 0);
    int ivl = 200; /* the server stays silent: the client gives up by itself */
    assert_int_equal(zmq_setsockopt(client, ZMQ_HANDSHAKE_IVL, &ivl, sizeof ivl), 0);
    s_expect_handshake_failure(client, intake, TCP);
    s_close(&client);
    assert_int_equal(s_accepted(), 0);
    s_close(&intake);
}

/* Sockets whose handler is gone let nobody in, even with the right key. */
static void test_no_handler(void **state)
{
    (void)state;
    void *intake = s_bind(CV_SOCKET_INTAKE, TCP);
    void *client = s_own(zmq_socket(s_clients, ZMQ_XPUB));
    assert_int_equal(zmq_setsockopt(client, ZMQ_CURVE_SERVERKEY, s_server.public_key, 32), 0);
    assert_int_equal(zmq_setsockopt(client, ZMQ_CURVE_PUBLICKEY, s_alice.public_key, 32), 0);
    assert_int_equal(zmq_setsockopt(client, ZMQ_CURVE_SECRETKEY, s_alice.secret_key, 32), 0);
    s_expect_handshake_failure(client, intake, TCP);
    s_close(&client);
    s_close(&intake);
}

static void test_one_handler_per_context(void **state)
{
    (void)state;
    s_start(false);
    cv_zap_t *second = NULL;
    cv_principals_t *principals = s_load();
    assert_int_equal(cv_zap_start(s_context, &principals, false, &second), CV_EUNAVAIL);
    assert_null(second);
    assert_null(principals);
    principals = s_load();
    assert_int_equal(cv_zap_start(s_clients, &principals, false, &second), CV_OK);
    cv_zap_stop(&second);
    assert_null(second);
    cv_zap_stop(&second);
}

/* ---- without encryption ------------------------------------------------------------------- */

static void test_null_mechanism(void **state)
{
    (void)state;
    cv_zap_t *strict = NULL;
    const cv_security_t none = {.self = NULL};
    void *intake = NULL, *client = NULL;
    assert_int_equal(cv_zap_start(s_context, NULL, false, &strict), CV_OK);
    s_zap = strict;
    assert_int_equal(cv_socket_open(s_context, CV_SOCKET_INTAKE, s_ipc, &none, &intake, s_error, sizeof s_error),
                     CV_OK);
    s_own(intake);
    assert_int_equal(zmq_setsockopt(intake, ZMQ_SUBSCRIBE, "", 0), 0);
    client = s_connect(CV_SOCKET_REQUESTS, s_ipc, NULL, NULL);
    s_expect_refused(client, intake, 0);
    s_close(&client);
    s_close(&intake);
    cv_zap_stop(&s_zap);

    /* A path of its own: the closed socket removes its path some time later. */
    char other[160];
    snprintf(other, sizeof other, "%s2", s_ipc);
    assert_int_equal(cv_zap_start(s_context, NULL, true, &s_zap), CV_OK);
    assert_int_equal(cv_socket_open(s_context, CV_SOCKET_INTAKE, other, &none, &intake, s_error, sizeof s_error),
                     CV_OK);
    s_own(intake);
    assert_int_equal(zmq_setsockopt(intake, ZMQ_SUBSCRIBE, "", 0), 0);
    client = s_connect(CV_SOCKET_REQUESTS, other, NULL, NULL);
    s_expect_in(client, intake);
    assert_int_equal(zmq_send(client, "t|", 2, 0), 2);
    assert_ptr_equal(s_wait(intake, NULL, s_deadline()), intake);
    cv_frames_t frames;
    assert_int_equal(cv_frames_recv(&frames, intake, 2), CV_OK);
    assert_string_equal(cv_frames_user(&frames), cv_principal_local.name);
    cv_frames_done(&frames);
    struct stat info;
    char path[176];
    snprintf(path, sizeof path, "%s.intake", other + 6);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    s_close(&client);
    s_close(&intake);

    assert_int_equal(cv_socket_open(s_context, CV_SOCKET_INTAKE, TCP, &none, &intake, s_error, sizeof s_error),
                     CV_EINVAL);
    assert_non_null(strstr(s_error, "ipc only"));
    assert_int_equal(cv_socket_open(s_clients, CV_SOCKET_REQUESTS, TCP, &none, &intake, s_error, sizeof s_error),
                     CV_EINVAL);
    const cv_security_t half = {.self = &s_alice};
    assert_int_equal(cv_socket_open(s_clients, CV_SOCKET_REQUESTS, TCP, &half, &intake, s_error, sizeof s_error),
                     CV_EINVAL);
    assert_null(intake);
}

/* ---- reload ------------------------------------------------------------------------------- */

static void test_reload(void **state)
{
    (void)state;
    s_start(false);
    void *intake = s_bind(CV_SOCKET_INTAKE, TCP);
    void *mallory = s_connect(CV_SOCKET_REQUESTS, TCP, &s_mallory, s_server.public_key);
    s_expect_refused(mallory, intake, 0);
    void *alice = s_connect(CV_SOCKET_REQUESTS, TCP, &s_alice, s_server.public_key);
    s_expect_in(alice, intake);

    /* Now mallory is allowed, and alice is not. */
    s_forbid("alice");
    const cv_principal_t principal = {.name = "mallory", .role = CV_ROLE_SECRETARIAT};
    assert_int_equal(cv_keys_make(s_dir, &principal), CV_OK);
    cv_principals_t *principals = s_load();
    assert_int_equal(cv_principals_count(principals), 2);
    assert_int_equal(cv_zap_reload(s_zap, &principals), CV_OK);
    assert_null(principals);

    s_expect_in(mallory, intake); /* the socket that was refused before: it went on trying */
    /* Alice's connection goes on ... */
    assert_int_equal(zmq_send(alice, "still", 5, 0), 5);
    assert_ptr_equal(s_wait(intake, NULL, s_deadline()), intake);
    cv_frames_t frames;
    assert_int_equal(cv_frames_recv(&frames, intake, 2), CV_OK);
    assert_string_equal(cv_frames_user(&frames), s_user_of(&s_alice));
    cv_frames_done(&frames);
    /* ... until it breaks. */
    uint64_t refused = s_refused();
    s_close(&alice);
    alice = s_connect(CV_SOCKET_REQUESTS, TCP, &s_alice, s_server.public_key);
    s_expect_refused(alice, intake, refused);
    s_close(&alice);
    s_close(&mallory);
    s_close(&intake);
}

/* ---- requests that libzmq would never make ------------------------------------------------ */

/* Sends frames (a NUL-terminated text each, NULL at the end) to the handler; the status it answers with, or "". */
static void s_ask(void *asker, const char *const *texts, size_t last_len, char ret_status[8])
{
    ret_status[0] = '\0';
    for (size_t i = 0; texts[i]; i++)
        assert_int_not_equal(zmq_send(asker, texts[i], texts[i + 1] || !last_len ? strlen(texts[i]) : last_len,
                                      texts[i + 1] ? ZMQ_SNDMORE : 0),
                             -1);
    /* A request that is good, behind it: its answer says that the other one is dealt with. */
    static const char *const good[] = {"", "1.0", "marker", CV_ZAP_DOMAIN, "127.0.0.1", "", "PLAIN", "u", "p"};
    for (size_t i = 0; i < 9; i++)
        assert_int_not_equal(zmq_send(asker, good[i], strlen(good[i]), i < 8 ? ZMQ_SNDMORE : 0), -1);
    int64_t deadline = s_deadline();
    for (;;) {
        assert_ptr_equal(s_wait(asker, NULL, deadline), asker);
        char frame[7][300];
        int len[7];
        for (int i = 0; i < 7; i++) {
            len[i] = zmq_recv(asker, frame[i], sizeof frame[i], 0);
            assert_true(len[i] >= 0 && len[i] < 300);
            frame[i][len[i]] = '\0';
        }
        int more = 1;
        size_t size = sizeof more;
        assert_int_equal(zmq_getsockopt(asker, ZMQ_RCVMORE, &more, &size), 0);
        assert_int_equal(more, 0);
        assert_string_equal(frame[0], "");
        assert_string_equal(frame[1], "1.0");
        assert_int_equal(len[6], 0);
        if (strcmp(frame[2], "marker") == 0) {
            assert_string_equal(frame[3], "400");
            return;
        }
        assert_int_equal(strcmp(frame[3], "200") == 0, frame[5][0] != '\0');
        snprintf(ret_status, 8, "%.7s", frame[3]);
    }
}

static void test_malformed_requests(void **state)
{
    (void)state;
    s_start(false);
    void *asker = s_own(zmq_socket(s_context, ZMQ_DEALER));
    assert_int_equal(zmq_connect(asker, "inproc://zeromq.zap.01"), 0);
    char key[33] = "", long_text[300];
    memcpy(key, s_alice.public_key, 32);
    memset(long_text, 'x', 299);
    long_text[299] = '\0';
    /* The key may hold a NUL octet: its length is given. */
    const struct {
        const char *frames[16];
        size_t last_len;
        const char *status;
    } cases[] = {
        {{"", "1.0", "1", CV_ZAP_DOMAIN, "127.0.0.1", "", "CURVE", key}, 32, "200"},
        {{"", "1.0", "1", CV_ZAP_DOMAIN, "127.0.0.1", "", "CURVE", "0123456789abcdef0123456789abcdef"}, 0, "300"},
        {{"", "1.0", "1", CV_ZAP_DOMAIN, "127.0.0.1", "", "CURVE", key}, 31, "400"},
        {{"", "1.0", "1", CV_ZAP_DOMAIN, "127.0.0.1", "", "CURVE", key}, 33, "400"},
        {{"", "1.0", "1", CV_ZAP_DOMAIN, "127.0.0.1", "", "CURVE", "k", key}, 32, "400"},
        {{"", "1.0", "1", CV_ZAP_DOMAIN, "127.0.0.1", "", "CURVE"}, 0, "400"},
        {{"", "1.0", "1", CV_ZAP_DOMAIN, "127.0.0.1", "", "NULL"}, 0, "400"},
        {{"", "1.0", "1", CV_ZAP_DOMAIN, "127.0.0.1", "", "GSSAPI", "x"}, 0, "400"},
        {{"", "1.0", "1", CV_ZAP_DOMAIN, "127.0.0.1", "", "", "x"}, 0, "400"},
        {{"", "1.0", "1", "elsewhere", "127.0.0.1", "", "CURVE", key}, 32, "400"},
        {{"", "1.0", "1", "", "127.0.0.1", "", "CURVE", key}, 32, "400"},
        {{"", "2.0", "1", CV_ZAP_DOMAIN, "127.0.0.1", "", "CURVE", key}, 32, "500"},
        {{"", "1.0", "1", CV_ZAP_DOMAIN, "127.0.0.1", ""}, 0, "500"},
        {{"", "1.0", "1"}, 0, "500"},
        {{"", "1.0"}, 0, ""},
        {{""}, 0, ""},
        {{"no delimiter"}, 0, ""},
        {{"no delimiter", "1.0", "1", CV_ZAP_DOMAIN, "127.0.0.1", "", "CURVE", key}, 32, ""},
        {{"", "1.0", "1", CV_ZAP_DOMAIN, long_text, "", "CURVE", key}, 32, "500"},
        {{"", "1.0", "1", CV_ZAP_DOMAIN, "", "", "CURVE", key, key, key, key, key, key, key, key}, 32, "500"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char status[8];
        s_ask(asker, cases[i].frames, cases[i].last_len, status);
        if (strcmp(status, cases[i].status) != 0)
            fail_msg("case %zu: expected \"%s\", got \"%s\"", i, cases[i].status, status);
    }
    assert_int_equal(s_accepted(), 1);
    s_close(&asker);
}

static void test_address_in_use(void **state)
{
    (void)state;
    s_start(false);
    void *first = s_bind(CV_SOCKET_LOG, TCP), *second = NULL;
    const cv_security_t security = {.self = &s_server};
    assert_int_equal(cv_socket_open(s_context, CV_SOCKET_LOG, TCP, &security, &second, s_error, sizeof s_error),
                     CV_ELOCKED);
    assert_null(second);
    assert_non_null(strstr(s_error, "24512: cannot listen"));
    s_close(&first);
    s_close(&first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_intake_ipc, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_intake_tcp, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_log_says_who, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_too_many_frames, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_unknown_key, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_no_key_and_wrong_server_key, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_no_handler, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_one_handler_per_context, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_null_mechanism, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_reload, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_malformed_requests, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_address_in_use, s_setup, s_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
