/* test_socket: the addresses that come out of a service's endpoint, and the endpoints that are refused.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Sockets that talk are in test_zap.c.
 */
#include "net/socket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char s_error[512];

static void test_addresses(void **state)
{
    (void)state;
    char address[CV_ADDRESS_MAX];
    static const struct {
        const char *endpoint;
        cv_socket_use_t use;
        const char *address;
    } good[] = {
        {"tcp://127.0.0.1:24100", CV_SOCKET_INTAKE, "tcp://127.0.0.1:24100"},
        {"tcp://registration:24100", CV_SOCKET_SUBSCRIBER, "tcp://registration:24101"},
        {"tcp://*:24100", CV_SOCKET_LOG, "tcp://*:24102"},
        {"ipc:///run/convene/registration", CV_SOCKET_REQUESTS, "ipc:///run/convene/registration.intake"},
        {"ipc:///run/convene/registration", CV_SOCKET_FEED, "ipc:///run/convene/registration.feed"},
        {"ipc:///run/convene/registration", CV_SOCKET_QUESTIONS, "ipc:///run/convene/registration.log"},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(cv_socket_address(good[i].endpoint, good[i].use, address, s_error, sizeof s_error), CV_OK);
        assert_string_equal(address, good[i].address);
    }
    char long_path[160];
    snprintf(long_path, sizeof long_path, "ipc:///%0100d", 1);
    static const char *const wrong[] = {"",
                                        "tcp://",
                                        "tcp://:1",
                                        "tcp://127.0.0.1",
                                        "tcp://127.0.0.1:",
                                        "tcp://x:0",
                                        "tcp://x:65534",
                                        "tcp://x:99999999999999999999",
                                        "tcp://x:12a",
                                        "tcp://*:24100",
                                        "tcp://[::1]:24100",
                                        "tcp://eth0;1.2.3.4:24100",
                                        "ipc://",
                                        "ipc://@abstract",
                                        "ipc://*",
                                        "inproc://x",
                                        "udp://1.2.3.4:5"};
    snprintf(address, sizeof address, "untouched");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(cv_socket_address(wrong[i], CV_SOCKET_REQUESTS, address, s_error, sizeof s_error), CV_EINVAL);
    assert_int_equal(cv_socket_address(long_path, CV_SOCKET_LOG, address, s_error, sizeof s_error), CV_EINVAL);
    assert_string_equal(address, "untouched");
    FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "r");
    char line[64];
    if (file && fgets(line, sizeof line, file)) {
        char *end;
        int first = (int)strtol(line, &end, 10), last = (int)strtol(end, NULL, 10);
        const int ports[] = {first - 2, first, last < 65533 ? last : 65533};
        for (size_t i = 0; i < 3; i++) {
            char endpoint[64];
            snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%d", ports[i]);
            assert_int_equal(cv_socket_address(endpoint, CV_SOCKET_FEED, address, s_error, sizeof s_error), CV_EINVAL);
            assert_non_null(strstr(s_error, "outgoing connections"));
        }
    }
    if (file)
        fclose(file);
}

static void test_context(void **state)
{
    (void)state;
    void *context = cv_socket_context();
    assert_non_null(context);
    assert_int_equal(zmq_ctx_get(context, ZMQ_IPV6), 0);
    void *none = NULL;
    cv_socket_close(&none, 0);
    zmq_ctx_term(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_context),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
