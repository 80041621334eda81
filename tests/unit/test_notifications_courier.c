/* test_notifications_courier: jobs go to a thread and come back once each, whatever the peer does.
 * SPDX-License-Identifier: Apache-2.0
 *
 * ctest-labels: threads
 */
#include "notifications/courier.h"

#include "convene/ids.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { DEADLINE_MS = 20000 };

/* A socket on a port of its own; listening: connections are taken by the system, and nobody answers. */
static int bound(bool listening, uint16_t *ret_port)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(in);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&in, sizeof(in)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
    if (listening)
        assert_int_equal(listen(fd, 64), 0);
    *ret_port = ntohs(in.sin_port);
    return fd;
}

static ntf_job_t *job_to(int64_t number, uint16_t port)
{
    ntf_job_t *job = ntf_job_new(NTF_WEBHOOK_BODY_MAX);
    assert_non_null(job);
    job->dispatch = number;
    snprintf(job->address, sizeof(job->address), "http://127.0.0.1:%u/hook", port);
    snprintf(job->id, sizeof(job->id), "notice:%lld", (long long)number);
    job->secrets_n = 1;
    assert_int_equal(cv_buf_printf(&job->body, "{\"n\":%lld}", (long long)number), CV_OK);
    return job;
}

static ntf_job_t *taken(ntf_courier_t *courier)
{
    int64_t end_ms = cv_clock_mono_ms() + DEADLINE_MS;
    ntf_job_t *job;
    while (!(job = ntf_courier_take(courier))) {
        struct pollfd wait = {.fd = ntf_courier_fd(courier), .events = POLLIN};
        assert_true(cv_clock_mono_ms() < end_ms);
        assert_true(poll(&wait, 1, DEADLINE_MS) >= 0);
    }
    return job;
}

static ntf_courier_t *courier_of(const ntf_courier_settings_t *settings)
{
    ntf_courier_t *courier = NULL;
    assert_int_equal(ntf_courier_start(settings, &courier), CV_OK);
    return courier;
}

static void test_each_job_comes_back_once(void **state)
{
    (void)state;
    enum { JOBS = 100 };
    static const ntf_courier_settings_t settings = {.timeout_ms = 10000, .anywhere = true};
    uint16_t port;
    int fd = bound(false, &port); /* nobody listens */
    ntf_courier_t *courier = courier_of(&settings);
    bool seen[JOBS] = {false};
    for (int i = 0; i < JOBS; i++)
        assert_int_equal(ntf_courier_give(courier, job_to(i, port)), CV_OK);
    for (int i = 0; i < JOBS; i++) {
        ntf_job_t *job = taken(courier);
        assert_in_range(job->dispatch, 0, JOBS - 1);
        assert_false(seen[job->dispatch]);
        seen[job->dispatch] = true;
        assert_int_equal(job->end.result, CV_DELIVERY_RESULT_UNREACHABLE);
        assert_int_equal(job->end.fault, NTF_FAULT_HOST);
        ntf_job_free(&job);
    }
    assert_null(ntf_courier_take(courier));
    ntf_courier_destroy(&courier);
    close(fd);
}

typedef struct {
    int fd;
    const char *text;
    bool stays; /* until the other side hangs up */
} answer_t;

/* Answers one request with this text; the request. */
static void *answer(void *arg)
{
    const answer_t *with = arg;
    int fd = accept(with->fd, NULL, NULL);
    char request[4096];
    size_t len = 0;
    request[0] = '\0';
    if (fd < 0)
        return strdup(request);
    while (len < sizeof(request) - 1) {
        ssize_t n = read(fd, request + len, sizeof(request) - 1 - len);
        if (n <= 0)
            break;
        len += (size_t)n;
        request[len] = '\0';
        if (strstr(request, "{\"n\":5}"))
            break;
    }
    if (write(fd, with->text, strlen(with->text)) < 0)
        len = 0;
    char more[64];
    while (with->stays && read(fd, more, sizeof(more)) > 0)
        continue;
    close(fd);
    return strdup(request);
}

static void test_one_that_answers_and_one_that_hangs(void **state)
{
    (void)state;
    static const ntf_courier_settings_t settings = {.timeout_ms = 1500, .anywhere = true};
    uint16_t good_port, hung_port;
    int good = bound(true, &good_port), hung = bound(true, &hung_port);
    pthread_t thread;
    answer_t with = {.fd = good, .text = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"};
    assert_int_equal(pthread_create(&thread, NULL, answer, &with), 0);
    ntf_courier_t *courier = courier_of(&settings);
    assert_int_equal(ntf_courier_give(courier, job_to(4, hung_port)), CV_OK);
    assert_int_equal(ntf_courier_give(courier, job_to(5, good_port)), CV_OK);
    ntf_job_t *job = taken(courier); /* the good one does not wait for the other */
    assert_int_equal(job->dispatch, 5);
    assert_int_equal(job->end.result, CV_DELIVERY_RESULT_DELIVERED);
    assert_int_equal(job->code, 204);
    assert_string_equal(job->reply, "HTTP/1.1 204 No Content");
    ntf_job_free(&job);
    void *request;
    assert_int_equal(pthread_join(thread, &request), 0);
    assert_non_null(strstr(request, "POST /hook HTTP/1.1\r\n"));
    assert_non_null(strstr(request, "webhook-id: notice:5\r\n"));
    assert_non_null(strstr(request, "webhook-signature: v1,"));
    assert_null(strstr(request, "xpect"));
    free(request);
    job = taken(courier);
    assert_int_equal(job->dispatch, 4);
    assert_int_equal(job->end.result, CV_DELIVERY_RESULT_TIMEOUT);
    ntf_job_free(&job);
    /* Stopping waits for what is on its way. */
    assert_int_equal(ntf_courier_give(courier, job_to(6, hung_port)), CV_OK);
    ntf_courier_stop(courier);
    assert_int_equal(ntf_courier_give(courier, job = job_to(7, hung_port)), CV_EUNAVAIL);
    ntf_job_free(&job);
    job = ntf_courier_take(courier);
    assert_non_null(job);
    assert_int_equal(job->end.result, CV_DELIVERY_RESULT_TIMEOUT);
    ntf_job_free(&job);
    ntf_courier_destroy(&courier);
    close(good);
    close(hung);
}

/* The status is the answer, once all headers have come: nobody reads the body, however it fares. */
static void test_answers_whose_body_fares_badly(void **state)
{
    (void)state;
    static const ntf_courier_settings_t settings = {.timeout_ms = 600, .anywhere = true};
    static const struct {
        const char *text;
        bool stays;
        cv_delivery_result_t result;
        int64_t later_ms;
    } rows[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nok", false, CV_DELIVERY_RESULT_DELIVERED, 0},
        {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", true, CV_DELIVERY_RESULT_DELIVERED, 0},
        {"HTTP/1.1 202 Accepted\r\n\r\nok", true, CV_DELIVERY_RESULT_DELIVERED, 0},
        {"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", false,
         CV_DELIVERY_RESULT_DELIVERED, 0},
        {"HTTP/1.1 410 Gone\r\nContent-Length: 100\r\n\r\n", false, CV_DELIVERY_RESULT_GONE, 0},
        {"HTTP/1.1 429 Slow down\r\nRetry-After: 60\r\nContent-Length: 9\r\n\r\n", true, CV_DELIVERY_RESULT_LATER,
         60000},
        /* No answer yet. */
        {"HTTP/1.1 103 Early Hints\r\n\r\n", true, CV_DELIVERY_RESULT_TIMEOUT, 0},
        {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", true, CV_DELIVERY_RESULT_TIMEOUT, 0},
    };
    ntf_courier_t *courier = courier_of(&settings);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint16_t port;
        pthread_t thread;
        void *request;
        answer_t with = {.fd = bound(true, &port), .text = rows[i].text, .stays = rows[i].stays};
        assert_int_equal(pthread_create(&thread, NULL, answer, &with), 0);
        assert_int_equal(ntf_courier_give(courier, job_to(5, port)), CV_OK);
        ntf_job_t *job = taken(courier);
        if (job->end.result != rows[i].result || job->end.later_ms != rows[i].later_ms)
            fail_msg("row %zu: %s, %lld", i, cv_delivery_result_text(job->end.result), (long long)job->end.later_ms);
        ntf_job_free(&job);
        assert_int_equal(pthread_join(thread, &request), 0);
        free(request);
        close(with.fd);
    }
    ntf_courier_destroy(&courier);
}

/* A mail server that takes connections and says nothing, more mail than there are threads for it: each message comes back
 * once with its end, and a webhook does not wait for any of them, nor does stopping wait for ever. */
static void test_mail_server_that_says_nothing(void **state)
{
    (void)state;
    enum { MAILS = 2 * NTF_ROOM_MAIL, WEBHOOK = 99 };
    char url[64];
    uint16_t hung_port, good_port;
    int hung = bound(true, &hung_port), good = bound(false, &good_port);
    ntf_courier_settings_t settings = {.timeout_ms = 700, .anywhere = true, .sender = "a@b.example"};
    snprintf(url, sizeof(url), "smtp://127.0.0.1:%u", hung_port);
    snprintf(settings.smtp_url, sizeof(settings.smtp_url), "%s", url);
    ntf_courier_t *courier = courier_of(&settings);
    bool seen[MAILS] = {false};
    for (int i = 0; i < MAILS; i++) {
        ntf_job_t *job = job_to(i, 1);
        job->is_mail = true;
        snprintf(job->address, sizeof(job->address), "x%d@y.example", i);
        cv_buf_clear(&job->body);
        assert_int_equal(cv_buf_printf(&job->body, "A: b\r\n\r\nc\r\n"), CV_OK);
        assert_int_equal(ntf_courier_give(courier, job), CV_OK);
    }
    assert_int_equal(ntf_courier_give(courier, job_to(WEBHOOK, good_port)), CV_OK);
    ntf_job_t *job = taken(courier);
    assert_int_equal(job->dispatch, WEBHOOK);
    ntf_job_free(&job);
    for (int i = 0; i < MAILS; i++) {
        job = taken(courier);
        assert_in_range(job->dispatch, 0, MAILS - 1);
        assert_false(seen[job->dispatch]);
        seen[job->dispatch] = true;
        assert_int_equal(job->end.result, CV_DELIVERY_RESULT_TIMEOUT);
        assert_int_equal(job->end.fault, NTF_FAULT_HOST);
        ntf_job_free(&job);
    }
    assert_null(ntf_courier_take(courier));
    ntf_courier_destroy(&courier);
    close(hung);
    close(good);
}

/* Whatever is not a clean request is not made at all. */
static void test_what_cannot_be_sent(void **state)
{
    (void)state;
    static const ntf_courier_settings_t settings = {
        .timeout_ms = 1000, .smtp_url = "smtp://127.0.0.1:9", .sender = "a@b.example"};
    static const char *const addresses[] = {"x@y.example\r\nRCPT TO:<z@y.example>", "x@y.example>", "<x@y.example", "x",
                                            ""};
    ntf_courier_t *courier = courier_of(&settings);
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        ntf_job_t *job = job_to((int64_t)i, 1);
        job->is_mail = true;
        snprintf(job->address, sizeof(job->address), "%s", addresses[i]);
        cv_buf_clear(&job->body);
        assert_int_equal(cv_buf_printf(&job->body, "A: b\r\n\r\nc\r\n"), CV_OK);
        assert_int_equal(ntf_courier_give(courier, job), CV_OK);
        job = taken(courier);
        assert_int_equal(job->end.result, CV_DELIVERY_RESULT_UNUSABLE);
        assert_true(job->end.is_final);
        ntf_job_free(&job);
    }
    ntf_job_t *job = job_to(1, 1);
    snprintf(job->id, sizeof(job->id), "a\r\nX-Evil: 1");
    assert_int_equal(ntf_courier_give(courier, job), CV_OK);
    job = taken(courier);
    assert_int_equal(job->end.result, CV_DELIVERY_RESULT_UNUSABLE);
    ntf_job_free(&job);
    ntf_courier_destroy(&courier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_job_comes_back_once),
        cmocka_unit_test(test_answers_whose_body_fares_badly),
        cmocka_unit_test(test_one_that_answers_and_one_that_hangs),
        cmocka_unit_test(test_mail_server_that_says_nothing),
        cmocka_unit_test(test_what_cannot_be_sent),
    };
    if (sodium_init() < 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
