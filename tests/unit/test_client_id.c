/* test_client_id: ids made from content: the same for the same key, another for every other.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "convene/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char keys[] = "/tmp/cv-client-id-XXXXXX";
static const cv_principal_t all[] = {{.name = "registration", .role = CV_ROLE_SERVICE},
                                     {.name = "office", .role = CV_ROLE_SECRETARIAT},
                                     {.name = "office2", .role = CV_ROLE_SECRETARIAT}};

static int make_keys(void **state)
{
    (void)state;
    if (!mkdtemp(keys))
        return -1;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (cv_keys_make(keys, &all[i]) != CV_OK)
            return -1;
    return 0;
}

static int remove_keys(void **state)
{
    (void)state;
    char path[128];
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        (void)snprintf(path, sizeof path, "%s/allow/%s.cert", keys, all[i].name);
        (void)remove(path);
        (void)snprintf(path, sizeof path, "%s/%s.secret", keys, all[i].name);
        (void)remove(path);
    }
    (void)snprintf(path, sizeof path, "%s/allow", keys);
    (void)remove(path);
    return remove(keys);
}

/* principal NULL: without keys. */
static void id_of(const char *principal, const char *type, const char *content, char ret_id[CV_UUID_TEXT + 1])
{
    char endpoint[128], error[256] = "";
    (void)snprintf(endpoint, sizeof endpoint, "ipc://%s/none", keys);
    const cv_client_service_t service = {"registration", endpoint};
    const cv_client_options_t options = {.services = &service,
                                         .services_n = 1,
                                         .keys = principal ? keys : NULL,
                                         .principal = principal,
                                         .insecure = !principal};
    cv_client_t *client = NULL;
    if (cv_client_open(&options, &client, error, sizeof error) != CV_OK)
        fail_msg("%s", error);
    cv_client_id_of(client, type, cv_str(content), ret_id);
    cv_client_close(&client);
    uint8_t raw[CV_UUID_LEN];
    assert_int_equal(CV_OK, cv_uuid_parse(cv_str(ret_id), raw));
    assert_int_equal(0x80, raw[6] & 0xF0);
    assert_int_equal(0x80, raw[8] & 0xC0);
}

static void test_ids(void **state)
{
    (void)state;
    static const struct {
        const char *principal, *type, *content;
    } cases[] = {{"office", "type.a", "{}"}, {"office", "type.b", "{}"},  {"office", "type.a", "{ }"},
                 {"office", "type.", "a{}"}, {"office2", "type.a", "{}"}, {"registration", "type.a", "{}"},
                 {NULL, "type.a", "{}"},     {NULL, "type.b", "{}"}};
    enum { N = sizeof cases / sizeof *cases };
    char ids[N][CV_UUID_TEXT + 1], again[CV_UUID_TEXT + 1];
    for (size_t i = 0; i < N; i++) {
        id_of(cases[i].principal, cases[i].type, cases[i].content, ids[i]);
        id_of(cases[i].principal, cases[i].type, cases[i].content, again); /* another client of the same caller */
        assert_string_equal(ids[i], again);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(ids[i], ids[k]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ids)};
    return cmocka_run_group_tests(tests, make_keys, remove_keys);
}
