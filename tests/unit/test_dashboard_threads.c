/* test_dashboard_threads: the gateway with all its threads at once: one that tells, one that asks, one that serves, and browsers.
 * SPDX-License-Identifier: Apache-2.0
 * ctest-labels: threads
 *
 * What is at stake: batches cross from thread to thread as pointers, texts are shared between streams, threads are
 * stopped while others send. ThreadSanitizer and AddressSanitizer look on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "convene/ids.h"
#include "dashboard/pulse.h"
#include "dashboard/web.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BROWSERS = 4, CHANGES = 400, ENTITIES = 20, DEADLINE_MS = 60000 };

typedef struct {
    struct sockaddr_in address;
    atomic_bool over;
    atomic_int answers, failures;
} site_t;

/* ---- browsers ------------------------------------------------------------------------------------------ */

static int s_dial(const site_t *site)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct timeval patience = {.tv_sec = 20};
    if (fd >= 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&site->address, sizeof(site->address)) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* The whole answer to a GET; NULL: none. */
static char *s_get(const site_t *site, const char *path)
{
    cv_buf_t buf;
    char part[16384];
    int fd = s_dial(site), len = snprintf(part, sizeof(part), "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", path);
    ssize_t n = fd >= 0 ? send(fd, part, (size_t)len, MSG_NOSIGNAL) : -1;
    cv_buf_init(&buf, 16 * 1024 * 1024);
    while (n > 0 && (n = recv(fd, part, sizeof(part), 0)) > 0)
        cv_buf_put(&buf, part, (size_t)n);
    if (fd >= 0)
        close(fd);
    cv_buf_put(&buf, "", 1);
    char *text = n == 0 && buf.rc == CV_OK ? strdup((const char *)buf.ptr) : NULL;
    cv_buf_done(&buf);
    return text;
}

static void *s_browse(void *arg)
{
    site_t *site = arg;
    static const char *const paths[] = {"/", "/api/view", "/metrics", "/health", "/api/proof", "/calendar.ics"};
    for (size_t i = 0; !atomic_load(&site->over); i++) {
        char *text = s_get(site, paths[i % (sizeof(paths) / sizeof(paths[0]))]);
        atomic_fetch_add(text && strncmp(text, "HTTP/1.1 ", 9) == 0 ? &site->answers : &site->failures, 1);
        free(text);
    }
    return NULL;
}

/* A stream that is opened, heard a little, and left in the middle. */
static void *s_listen(void *arg)
{
    static const char question[] = "GET /stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    site_t *site = arg;
    char part[4096];
    while (!atomic_load(&site->over)) {
        int fd = s_dial(site);
        if (fd < 0 || send(fd, question, strlen(question), MSG_NOSIGNAL) < 0 || recv(fd, part, sizeof(part), 0) <= 0)
            atomic_fetch_add(&site->failures, 1);
        else
            atomic_fetch_add(&site->answers, 1);
        struct pollfd more = {.fd = fd, .events = POLLIN};
        for (int i = 0; fd >= 0 && i < 3 && poll(&more, 1, 50) > 0; i++)
            if (recv(fd, part, sizeof(part), 0) <= 0)
                break;
        if (fd >= 0)
            close(fd);
    }
    return NULL;
}

/* ---- who tells ------------------------------------------------------------------------------------------ */

static void s_tell(dash_link_t *link, int n)
{
    dash_batch_t *batch = dash_batch_new(n == 0);
    assert_non_null(batch);
    for (int i = 0; i < (n == 0 ? ENTITIES : 1); i++) {
        char key[16];
        (void)snprintf(key, sizeof(key), "P%d", n == 0 ? i : n % ENTITIES);
        json_t *party = json_pack("{s:s, s:s, s:i}", "code", key, "name", "A party", "n", n);
        assert_int_equal(dash_batch_add(batch, "party", key, party), CV_OK);
        json_decref(party);
    }
    json_t *position = json_pack("{s:s, s:i, s:s}", "epoch", "00", "seq", n, "chain", "00");
    assert_int_equal(dash_batch_add(batch, "position", "scheduling.events", position), CV_OK);
    json_decref(position);
    int rc;
    while ((rc = dash_link_post(link, &batch)) == CV_EAGAIN)
        (void)poll(NULL, 0, 1); /* full: as the service would, it keeps what it has */
    assert_int_equal(rc, CV_OK);
}

static bool s_shows(const site_t *site, const char *path, const char *what)
{
    int64_t end_ms = cv_clock_mono_ms() + DEADLINE_MS;
    while (cv_clock_mono_ms() < end_ms) {
        char *text = s_get(site, path);
        bool found = text && strstr(text, what);
        free(text);
        if (found)
            return true;
    }
    return false;
}

static void test_all_threads_at_once(void **state)
{
    static site_t site;
    char error[256] = "", last[64];
    socklen_t len = sizeof(site.address);
    int fd = -1;
    dash_link_t *link = NULL;
    dash_web_t *web = NULL;
    dash_pulse_t *pulse = NULL;
    pthread_t browsers[BROWSERS];
    (void)state;
    assert_int_equal(dash_web_bind("dashboard/http", "127.0.0.1:0", &fd, error, sizeof(error)), CV_OK);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&site.address, &len), 0);
    assert_int_equal(dash_link_new(&link), CV_OK);
    assert_int_equal(dash_web_start(&(dash_web_options_t){fd, 0, link}, &web), CV_OK);
    /* A service that is not there: it is told that it is down, by another thread than ours. */
    const cv_client_service_t nobody = {"registration", "ipc:///nonexistent/convene"};
    assert_int_equal(
        dash_pulse_start(
            &(dash_pulse_options_t){
                .client = {.services = &nobody, .services_n = 1, .principal = "dashboard", .insecure = true},
                .link = link},
            &pulse, error, sizeof(error)),
        CV_OK);
    for (int i = 0; i < BROWSERS; i++)
        assert_int_equal(pthread_create(&browsers[i], NULL, i % 2 ? s_listen : s_browse, &site), 0);
    for (int n = 0; n < CHANGES; n++)
        s_tell(link, n);
    (void)snprintf(last, sizeof(last), "\"n\":%d}", CHANGES - 1);
    assert_true(s_shows(&site, "/api/party", last));
    (void)snprintf(last, sizeof(last), "\"seq\":%d", CHANGES - 1);
    assert_true(s_shows(&site, "/api/proof", last));
    assert_true(s_shows(&site, "/api/service", "\"up\":false"));
    /* The one that asks is stopped first, then the one that serves: browsers are still there. */
    dash_pulse_stop(&pulse);
    assert_true(s_shows(&site, "/health", "HTTP/1.1 "));
    atomic_store(&site.over, true);
    for (int i = 0; i < BROWSERS; i++)
        assert_int_equal(pthread_join(browsers[i], NULL), 0);
    assert_int_equal(atomic_load(&site.failures), 0);
    assert_true(atomic_load(&site.answers) > 2 * BROWSERS);
    dash_web_stop(&web);
    dash_link_destroy(&link);
}

/* Stopped while browsers stream and the link is full of what nobody took. */
static void test_stopped_in_the_middle(void **state)
{
    (void)state;
    for (int round = 0; round < 5; round++) {
        char error[256] = "";
        site_t site = {.over = false};
        socklen_t len = sizeof(site.address);
        int fd = -1;
        dash_link_t *link = NULL;
        dash_web_t *web = NULL;
        assert_int_equal(dash_web_bind("dashboard/http", "127.0.0.1:0", &fd, error, sizeof(error)), CV_OK);
        assert_int_equal(getsockname(fd, (struct sockaddr *)&site.address, &len), 0);
        assert_int_equal(dash_link_new(&link), CV_OK);
        assert_int_equal(dash_web_start(&(dash_web_options_t){fd, 0, link}, &web), CV_OK);
        int streams[3];
        for (int i = 0; i < 3; i++) {
            static const char question[] = "GET /stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
            streams[i] = s_dial(&site);
            assert_true(streams[i] >= 0);
            assert_int_equal(send(streams[i], question, strlen(question), MSG_NOSIGNAL), strlen(question));
        }
        for (int n = 0; n < 50; n++)
            s_tell(link, n);
        dash_web_stop(&web);
        dash_link_destroy(&link);
        for (int i = 0; i < 3; i++) { /* ended, not left hanging */
            char part[65536];
            ssize_t n;
            while ((n = recv(streams[i], part, sizeof(part), 0)) > 0)
                continue;
            assert_true(n == 0 || errno == ECONNRESET);
            close(streams[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_threads_at_once),
        cmocka_unit_test(test_stopped_in_the_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
