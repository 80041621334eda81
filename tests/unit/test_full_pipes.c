/* test_full_pipes: a connection that breaks while its receiver is full and nobody reads harms nobody.
 * SPDX-License-Identifier: Apache-2.0
 *
 * libzmq 4.3 ends the whole process then, if its own heartbeats are on: a timer writes to what is broken (assertion
 * `!_io_error`), or the pipe of a connection that was replaced is read on (`_input_stopped`). So our sockets have none, and TCP's
 * keepalive finds who vanished (socket.c).
 *
 * The receiver is a process of its own, which reads nothing before it is told to. Time is given to the timers that must
 * not be there: a wait for the receiver to end, which it must not do.
 */
#include "net/socket.h"
#include "net/zap.h"

#include "convene/ids.h"
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    DEADLINE_MS = 15000,
    TIMER_MS = 1300,   /* longer than the interval of heartbeats, which was a second when we had them */
    TIMEOUT_MS = 4300, /* and than their timeout */
    MESSAGE_LEN = 2000,
    MESSAGES_MAX = 20000,
};

static char s_dir[64], s_allow[80], s_endpoint[128], s_error[512];
static pid_t s_receiver;
static int s_line; /* to the receiver: an octet each way */

/* ---- the receiver ------------------------------------------------------------------------- */

/* Connected, and something is there: from now on nobody looks at the socket, until the other end of the line says so. */
static int s_wait_told(cv_socket_use_t use, void *socket, int line)
{
    char octet = '.';
    zmq_pollitem_t item = {.socket = socket, .events = ZMQ_POLLIN};
    if (write(line, &octet, 1) != 1 || (use == CV_SOCKET_QUESTIONS && zmq_send(socket, "here", 4, 0) < 0) ||
        zmq_poll(&item, 1, DEADLINE_MS) < 1 || read(line, &octet, 1) != 1)
        return 3;
    return 0;
}

/* Reads until the message "end" comes, over whichever connection. A ROUTER answers only who has spoken on it. */
static int s_read_to_end(cv_socket_use_t use, void *socket)
{
    int64_t deadline = cv_clock_mono_ms() + DEADLINE_MS;
    while (cv_clock_mono_ms() < deadline) {
        zmq_pollitem_t item = {.socket = socket, .events = ZMQ_POLLIN};
        if (zmq_poll(&item, 1, 100) < 1) {
            if (use == CV_SOCKET_QUESTIONS)
                zmq_send(socket, "here", 4, ZMQ_DONTWAIT);
            continue;
        }
        cv_frames_t frames;
        if (cv_frames_recv(&frames, socket, 2) != CV_OK)
            return 4;
        bool is_end = cv_str_is(cv_frames_at(&frames, frames.n - 1), "end");
        cv_frames_done(&frames);
        if (is_end)
            return 0;
    }
    return 5;
}

static int s_receive(cv_socket_use_t use, int line)
{
    const struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    void *context = cv_socket_context(), *socket = NULL;
    cv_zap_t *zap = NULL;
    cv_principals_t *principals = NULL;
    if (cv_principals_load(s_allow, &principals, s_error, sizeof s_error) ||
        cv_zap_start(context, &principals, true, &zap) ||
        cv_socket_open(context, use, s_endpoint, &(cv_security_t){0}, &socket, s_error, sizeof s_error))
        return 2;
    if ((use == CV_SOCKET_INTAKE || use == CV_SOCKET_SUBSCRIBER) && zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "", 0))
        return 2;
    int rc = s_wait_told(use, socket, line);
    rc = rc ? rc : s_read_to_end(use, socket);
    cv_socket_close(&socket, 0);
    cv_zap_stop(&zap);
    zmq_ctx_term(context);
    return rc;
}

static void s_start_receiver(cv_socket_use_t use)
{
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    s_receiver = fork();
    assert_true(s_receiver >= 0);
    if (!s_receiver) {
        close(pair[0]);
        _exit(s_receive(use, pair[1]));
    }
    close(pair[1]);
    s_line = pair[0];
    char octet;
    assert_int_equal(read(s_line, &octet, 1), 1);
}

/* Nothing ends it for that long. Its end of the line would be closed. */
static void s_expect_alive(int ms)
{
    struct pollfd item = {.fd = s_line, .events = POLLIN};
    if (poll(&item, 1, ms) == 0)
        return;
    int status = 0;
    waitpid(s_receiver, &status, 0);
    s_receiver = 0;
    fail_msg("the receiver was ended by signal %d, status %d", WTERMSIG(status), WEXITSTATUS(status));
}

static void s_read_on(void)
{
    s_expect_alive(0);
    char octet = '.';
    assert_int_equal(write(s_line, &octet, 1), 1);
}

static bool s_has_ended(void)
{
    struct pollfd item = {.fd = s_line, .events = POLLIN};
    return poll(&item, 1, 1) != 0;
}

static void s_expect_good_end(void)
{
    int status = -1;
    assert_int_equal(waitpid(s_receiver, &status, 0), s_receiver);
    s_receiver = 0;
    if (!WIFEXITED(status) || WEXITSTATUS(status))
        fail_msg("the receiver was ended by signal %d, status %d", WTERMSIG(status), WEXITSTATUS(status));
}

/* ---- the sender --------------------------------------------------------------------------- */

typedef struct {
    void *context, *socket;
    cv_zap_t *zap;
    cv_socket_use_t use;
    char peer[8]; /* of a ROUTER: whom it answers */
    size_t peer_len;
} sender_t;

static void s_open(sender_t *sender, cv_socket_use_t use)
{
    *sender = (sender_t){.context = cv_socket_context(), .use = use};
    cv_principals_t *principals = NULL;
    assert_int_equal(cv_principals_load(s_allow, &principals, s_error, sizeof s_error), CV_OK);
    assert_int_equal(cv_zap_start(sender->context, &principals, true, &sender->zap), CV_OK);
    if (cv_socket_open(sender->context, use, s_endpoint, &(cv_security_t){0}, &sender->socket, s_error, sizeof s_error))
        fail_msg("%s", s_error);
}

/* Until the receiver is connected: a subscription, a question, or room to send. */
static void s_meet(sender_t *sender)
{
    zmq_pollitem_t item = {.socket = sender->socket,
                           .events = sender->use == CV_SOCKET_QUESTIONS ? ZMQ_POLLOUT : ZMQ_POLLIN};
    assert_int_equal(zmq_poll(&item, 1, DEADLINE_MS), 1);
}

static int s_send(sender_t *sender, const void *octets, size_t len)
{
    if (sender->use == CV_SOCKET_LOG) {
        int got = zmq_recv(sender->socket, sender->peer, sizeof sender->peer, ZMQ_DONTWAIT);
        if (got > 0) { /* the id, and what it said */
            sender->peer_len = (size_t)got;
            zmq_recv(sender->socket, NULL, 0, ZMQ_DONTWAIT);
        }
        if (zmq_send(sender->socket, sender->peer, sender->peer_len, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0)
            return -1;
    }
    return zmq_send(sender->socket, octets, len, ZMQ_DONTWAIT);
}

/* Until nothing more fits: at both ends and between. A feed does not say so, it loses: that many are more than enough. */
static void s_fill(sender_t *sender)
{
    static const char message[MESSAGE_LEN] = {'m'};
    int sent = 0, refused = 0;
    while (refused < 10 && sent < MESSAGES_MAX) {
        if (s_send(sender, message, sizeof message) >= 0) {
            sent++;
            refused = 0;
            continue;
        }
        zmq_pollitem_t item = {.socket = sender->socket, .events = 0};
        zmq_poll(&item, 1, 20);
        refused++;
    }
    assert_true(sender->use == CV_SOCKET_FEED || sent < MESSAGES_MAX);
}

static void s_close(sender_t *sender)
{
    cv_socket_close(&sender->socket, 0);
    cv_zap_stop(&sender->zap);
    if (sender->context)
        zmq_ctx_term(sender->context);
    *sender = (sender_t){0};
}

/* ---- tests -------------------------------------------------------------------------------- */

static sender_t s_now;

static int s_setup(void **state)
{
    (void)state;
    snprintf(s_dir, sizeof s_dir, "/tmp/convene-full-XXXXXX");
    assert_non_null(mkdtemp(s_dir));
    snprintf(s_allow, sizeof s_allow, "%s/allow", s_dir);
    snprintf(s_endpoint, sizeof s_endpoint, "ipc://%s/service", s_dir);
    s_now = (sender_t){0};
    return mkdir(s_allow, S_IRWXU);
}

static int s_teardown(void **state)
{
    (void)state;
    if (s_receiver > 0) {
        kill(s_receiver, SIGKILL);
        waitpid(s_receiver, NULL, 0);
        s_receiver = 0;
    }
    close(s_line);
    s_close(&s_now);
    static const char *const suffixes[] = {"service.intake", "service.feed", "service.log"};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", s_dir, suffixes[i]);
        unlink(path);
    }
    rmdir(s_allow);
    return rmdir(s_dir);
}

static void s_try(cv_socket_use_t receiver, cv_socket_use_t sender)
{
    s_start_receiver(receiver);
    s_open(&s_now, sender);
    s_meet(&s_now);
    s_fill(&s_now);
    s_close(&s_now);
    s_expect_alive(TIMER_MS);
    s_open(&s_now, sender); /* there again, while what the one before sent is still unread */
    s_expect_alive(receiver == CV_SOCKET_SUBSCRIBER ? TIMEOUT_MS : TIMER_MS);
    s_read_on();
    for (int64_t deadline = cv_clock_mono_ms() + DEADLINE_MS; !s_has_ended() && cv_clock_mono_ms() < deadline;)
        s_send(&s_now, "end", 3);
    s_expect_good_end();
}

static void test_intake(void **state)
{
    (void)state;
    s_try(CV_SOCKET_INTAKE, CV_SOCKET_REQUESTS);
}

static void test_log(void **state)
{
    (void)state;
    s_try(CV_SOCKET_LOG, CV_SOCKET_QUESTIONS);
}

static void test_subscriber(void **state)
{
    (void)state;
    s_try(CV_SOCKET_SUBSCRIBER, CV_SOCKET_FEED);
}

static void test_questions(void **state)
{
    (void)state;
    s_try(CV_SOCKET_QUESTIONS, CV_SOCKET_LOG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_intake, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_log, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_subscriber, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_questions, s_setup, s_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
