/* test_config: values, their origin and precedence, and errors that say where and what would be right.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "convene/config.h"

#include "base/zpl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char s_path[] = "/tmp/convene-config-XXXXXX";
static char s_error[CV_CONFIG_ERROR_MAX];

static int s_setup(void **state)
{
    (void)state;
    int fd = mkstemp(s_path);
    return fd < 0 ? -1 : close(fd);
}

static int s_teardown(void **state)
{
    (void)state;
    return unlink(s_path);
}

static void s_write(const char *text, size_t len)
{
    FILE *file = fopen(s_path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static int s_load(const char *text, const char *const *environment, const char *set, cv_config_t **ret_config)
{
    if (text)
        s_write(text, strlen(text));
    s_error[0] = '\0';
    return cv_config_load(text ? s_path : NULL, (char *const *)(uintptr_t)environment, &set, set ? 1 : 0, ret_config,
                          s_error, sizeof s_error);
}

static void test_defaults(void **state)
{
    (void)state;
    cv_config_t *config = NULL;
    assert_int_equal(s_load(NULL, NULL, NULL, &config), CV_OK);
    assert_string_equal(cv_config_text(config, "data"), "./convene-data");
    assert_string_equal(cv_config_text(config, "keys"), "./convene-data/keys");
    assert_string_equal(cv_config_of(config, "scheduling", "bind"), "tcp://127.0.0.1:24110");
    assert_int_equal(cv_config_int(config, "store/reserve_mib"), 64);
    assert_string_equal(cv_config_origin(config, "keys"), "default");
    cv_config_destroy(&config);
    assert_null(config);
    cv_config_destroy(&config);
}

static void test_precedence(void **state)
{
    (void)state;
    const char *text = "# a comment\n"
                       "\n"
                       "data = /srv/convene   # and one more\n"
                       "registration\n"
                       "    endpoint = \"ipc:///run/convene/registration\"\n"
                       "store/reserve_mib = 1\n"
                       "log\n"
                       "    level = warn\n";
    const char *environment[] = {"PATH=/bin",
                                 "CONVENE_STORE_RESERVE_MIB=2",
                                 "CONVENE_LOG_LEVEL=error",
                                 "CONVENE_BIN=/x",
                                 "CONVENE_REGISTRATION_PORT_24100_TCP=strange",
                                 "CONVENE_X",
                                 NULL};
    cv_config_t *config = NULL;
    assert_int_equal(s_load(text, environment, "log/level=debug", &config), CV_OK);
    char line[64];
    assert_string_equal(cv_config_text(config, "keys"), "/srv/convene/keys");
    assert_string_equal(cv_config_origin(config, "keys"), "default");
    snprintf(line, sizeof line, "%s:3", s_path);
    assert_string_equal(cv_config_origin(config, "data"), line);
    assert_string_equal(cv_config_text(config, "registration/bind"), "ipc:///run/convene/registration");
    snprintf(line, sizeof line, "%s:5", s_path);
    assert_string_equal(cv_config_origin(config, "registration/endpoint"), line);
    assert_int_equal(cv_config_int(config, "store/reserve_mib"), 2);
    assert_string_equal(cv_config_origin(config, "store/reserve_mib"), "CONVENE_STORE_RESERVE_MIB");
    assert_string_equal(cv_config_text(config, "log/level"), "debug");
    assert_string_equal(cv_config_origin(config, "log/level"), "--set");

    cv_config_t *named = NULL; /* the same file, by the environment */
    char variable[80];
    snprintf(variable, sizeof variable, "CONVENE_CONFIG=%s", s_path);
    const char *names[] = {variable, "CONVENE_LOG_LEVEL=error", NULL};
    assert_int_equal(cv_config_load(NULL, (char *const *)(uintptr_t)names, NULL, 0, &named, s_error, sizeof s_error),
                     CV_OK);
    assert_string_equal(cv_config_text(named, "data"), "/srv/convene");
    assert_string_equal(cv_config_text(named, "log/level"), "error");
    cv_config_destroy(&named);

    char *printed = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&printed, &len);
    assert_non_null(file);
    cv_config_print(config, file);
    cv_config_help(file);
    fclose(file);
    assert_non_null(strstr(printed, "# CONVENE_STORE_RESERVE_MIB"));
    free(printed);
    cv_config_destroy(&config);
}

static void s_refused(const char *text, const char *const *environment, const char *set, const char *expected)
{
    cv_config_t *config = NULL;
    int rc = s_load(text, environment, set, &config);
    assert_int_equal(rc, CV_EINVAL);
    assert_null(config);
    if (!strstr(s_error, expected))
        fail_msg("expected \"%s\" in \"%s\"", expected, s_error);
    if (text && !strstr(s_error, s_path))
        fail_msg("expected the file's name in \"%s\"", s_error);
}

static void test_unknown_keys(void **state)
{
    (void)state;
    s_refused(NULL, NULL, "regstration/endpoint=tcp://127.0.0.1:1",
              "--set: unknown key \"regstration/endpoint\"; did you mean \"registration/endpoint\"?");
    s_refused(NULL, NULL, "outbox=/x", "did you mean \"notifications/outbox\"?");
    s_refused(NULL, NULL, "zzzzzzzzzzzzzzzzzz=1", "--help lists the known ones");
    s_refused(NULL, NULL, "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz=1",
              "unknown key");
    s_refused(NULL, NULL, "=1", "unknown key");
    s_refused(NULL, NULL, "data", "expected key=value");
    const char *environment[] = {"CONVENE_LOG_LEVL=info", NULL};
    s_refused(NULL, environment, NULL, "CONVENE_LOG_LEVL: unknown variable; did you mean CONVENE_LOG_LEVEL?");
    s_refused("data = x\n\n# c\nlog\n    levle = info\n", NULL, NULL, ":5: unknown key \"log/levle\"; did you mean");
    s_refused("registration = x\n", NULL, NULL, ":1: unknown key \"registration\"");
    s_refused("data = x\n    deeper = y\n", NULL, NULL, ":2: unknown key \"data/deeper\"");
    s_refused("log\n", NULL, NULL, ":1: unknown key \"log\"");
}

static void test_wrong_values(void **state)
{
    (void)state;
    s_refused(NULL, NULL, "store/reserve_mib=x", "must be a whole number from 0 to 1048576, not \"x\"");
    s_refused(NULL, NULL, "store/reserve_mib=", "whole number");
    s_refused(NULL, NULL, "store/reserve_mib= 1", "whole number");
    s_refused(NULL, NULL, "store/reserve_mib=1x", "whole number");
    s_refused(NULL, NULL, "store/reserve_mib=-1", "whole number");
    s_refused(NULL, NULL, "store/reserve_mib=99999999999999999999999", "whole number");
    s_refused(NULL, NULL, "security=plain", "must be one of curve|none, not \"plain\"");
    s_refused(NULL, NULL, "security=curv", "must be one of");
    s_refused(NULL, NULL, "security=curve|none", "must be one of");
    s_refused(NULL, NULL, "security=", "must be one of");
    s_refused(NULL, NULL, "data=", "data is empty");
    s_refused(NULL, NULL, "data=a\nb", "control character");
    static const char *const endpoints[] = {"udp://1:2",     "tcp://127.0.0.1", "tcp://:1",        "tcp://x:0",
                                            "tcp://x:65534", "ipc://",          "127.0.0.1:24100", ""};
    for (size_t i = 0; i < sizeof endpoints / sizeof *endpoints; i++) {
        char set[64];
        snprintf(set, sizeof set, "scheduling/bind=%s", endpoints[i]);
        s_refused(NULL, NULL, set, "must be tcp://address:port or ipc://path");
    }
    char *set = malloc(2000);
    assert_non_null(set);
    memset(set, 'x', 1999);
    set[1999] = '\0';
    memcpy(set, "data=", 5);
    s_refused(NULL, NULL, set, "longer than 1023 octets");
    set[5 + 1023] = '\0'; /* fits, but not the keys directory that is made of it */
    s_refused(NULL, NULL, set, "too long");
    free(set);
}

static void test_wrong_files(void **state)
{
    (void)state;
    s_refused("log\n  level = info\n", NULL, NULL, ":2: indent with 4 spaces");
    s_refused("log\n        level = info\n", NULL, NULL, ":2: indent with 4 spaces");
    s_refused("log\n\tlevel = info\n", NULL, NULL, ":2: expected");
    s_refused("\n    data = x\n", NULL, NULL, ":2: indent");
    s_refused("data x\n", NULL, NULL, ":1: expected");
    s_refused("= x\n", NULL, NULL, ":1: expected");
    s_refused("data = \"x\n", NULL, NULL, ":1: the closing quote");
    s_refused("data = x\nlog/level = info\ndata = y\n", NULL, NULL, ":3: data is set twice");

    cv_config_t *config = NULL;
    assert_int_equal(cv_config_load("/nonexistent/x.cfg", NULL, NULL, 0, &config, s_error, sizeof s_error),
                     CV_ENOTFOUND);
    assert_string_equal(s_error, "/nonexistent/x.cfg: No such file or directory");
    assert_int_equal(cv_config_load("/tmp", NULL, NULL, 0, &config, s_error, sizeof s_error), CV_EIO);
    s_write("data = x\0y\n", 11);
    assert_int_equal(cv_config_load(s_path, NULL, NULL, 0, &config, s_error, sizeof s_error), CV_EINVAL);
    char *big = malloc(CV_ZPL_FILE_MAX + 1);
    assert_non_null(big);
    memset(big, '#', CV_ZPL_FILE_MAX + 1);
    s_write(big, CV_ZPL_FILE_MAX + 1);
    assert_int_equal(cv_config_load(s_path, NULL, NULL, 0, &config, s_error, sizeof s_error), CV_ELIMIT);
    s_write(big, 600); /* one comment, longer than a line buffer */
    assert_int_equal(cv_config_load(s_path, NULL, NULL, 0, &config, s_error, sizeof s_error), CV_OK);
    cv_config_destroy(&config);
    free(big);
    assert_int_equal(s_load("data = x\r\nlog\r\n    level = warn\r\n", NULL, NULL, &config), CV_OK);
    assert_string_equal(cv_config_text(config, "log/level"), "warn");
    cv_config_destroy(&config);
    assert_int_equal(s_load("", NULL, NULL, &config), CV_OK);
    cv_config_destroy(&config);
}

/* A misspelt section is found at its first key, with the line of that key. */
static void test_table(void **state)
{
    (void)state;
    size_t n;
    const cv_config_key_t *keys = cv_config_keys(&n);
    assert_true(n > 10);
    for (size_t i = 0; i < n; i++) {
        assert_non_null(keys[i].help);
        assert_int_equal(keys[i].type == CV_CONFIG_CHOICE, keys[i].choices != NULL);
    }
    s_refused("sheduling\n    endpoint = tcp://127.0.0.1:1\n", NULL, NULL, ":2: unknown key \"sheduling/endpoint\"");
}

static void test_check(void **state)
{
    (void)state;
    char secret[] = "/tmp/convene-secret-XXXXXX", set[128];
    int fd = mkstemp(secret);
    assert_true(fd >= 0);
    snprintf(set, sizeof set, "registration/master_key=%s", secret);
    cv_config_t *config = NULL;
    assert_int_equal(s_load(NULL, NULL, set, &config), CV_OK);
    assert_int_equal(fchmod(fd, 0600), 0);
    assert_int_equal(cv_config_check(config, "registration", s_error, sizeof s_error), CV_OK);
    assert_int_equal(fchmod(fd, 0640), 0);
    assert_int_equal(cv_config_check(config, "registration", s_error, sizeof s_error), CV_EINVAL);
    if (!strstr(s_error, "--set: registration/master_key: others than its owner can read /tmp/") ||
        !strstr(s_error, "(mode 0640); its mode must be 0600"))
        fail_msg("\"%s\"", s_error);
    assert_int_equal(cv_config_check(config, NULL, s_error, sizeof s_error), CV_EINVAL);
    assert_int_equal(cv_config_check(config, "scheduling", s_error, sizeof s_error), CV_OK); /* not its secret */
    unlink(secret);
    close(fd);
    assert_int_equal(cv_config_check(config, NULL, s_error, sizeof s_error), CV_OK); /* made at the first start */
    cv_config_destroy(&config);

    assert_int_equal(s_load(NULL, NULL, "registration/master_key=none", &config), CV_OK);
    assert_int_equal(cv_config_check(config, NULL, s_error, sizeof s_error), CV_OK);
    cv_config_destroy(&config);
    assert_int_equal(s_load(NULL, NULL, "registration/master_key=/tmp", &config), CV_OK);
    assert_int_equal(cv_config_check(config, NULL, s_error, sizeof s_error), CV_EINVAL);
    assert_non_null(strstr(s_error, "/tmp is not a file"));
    cv_config_destroy(&config);

    assert_int_equal(s_load("security = none\nscheduling/endpoint = ipc:///run/x\n", NULL, NULL, &config), CV_OK);
    assert_int_equal(cv_config_check(config, "scheduling", s_error, sizeof s_error), CV_OK);
    assert_int_equal(cv_config_check(config, "registration", s_error, sizeof s_error), CV_EINVAL);
    assert_non_null(
        strstr(s_error, "registration/endpoint = tcp://127.0.0.1:24100: security = none is allowed on ipc"));
    cv_config_destroy(&config);
}

/* What is said of a setting is what is checked. */
static void test_description(void **state)
{
    (void)state;
    size_t n;
    char range[CV_CONFIG_RANGE_MAX], set[CV_CONFIG_VALUE_MAX + 128];
    const cv_config_key_t *keys = cv_config_keys(&n);
    for (size_t i = 0; i < n; i++) {
        cv_config_range(&keys[i], range);
        if (strcmp(keys[i].key, "registration/access_days") == 0)
            assert_string_equal(range, "a whole number of days, from 1 to 36500");
        if (strcmp(keys[i].key, "limits/requests") == 0)
            assert_string_equal(range, "a whole number a second, from 0 to 1000000");
        if (strcmp(keys[i].key, "log/level") == 0)
            assert_string_equal(range, "debug, info, warn, error or none");
        if (keys[i].type != CV_CONFIG_INT)
            continue;
        snprintf(set, sizeof set, "%s=%lld", keys[i].key, (long long)keys[i].min - 1);
        s_refused(NULL, NULL, set, "must be a whole number");
        cv_config_t *config = NULL;
        snprintf(set, sizeof set, "%s=%lld", keys[i].key, (long long)keys[i].max);
        assert_int_equal(s_load(NULL, NULL, set, &config), CV_OK);
        cv_config_destroy(&config);
    }

    /* The example, with the '#' before each setting taken away, is a file of all defaults. */
    char *text = NULL;
    size_t len = 0, settings = 0;
    FILE *file = open_memstream(&text, &len);
    assert_non_null(file);
    assert_int_equal(cv_config_example(file), CV_OK);
    fclose(file);
    for (char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (line[0] == '#' && line[1] != ' ')
            memmove(line, line + 1, strlen(line)), settings++;
    }
    assert_int_equal(settings, n);
    cv_config_t *config = NULL, *defaults = NULL;
    if (s_load(text, NULL, NULL, &config))
        fail_msg("%s\n%s", s_error, text);
    assert_int_equal(s_load(NULL, NULL, NULL, &defaults), CV_OK);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(cv_config_text(config, keys[i].key), cv_config_text(defaults, keys[i].key));
        assert_string_not_equal(cv_config_origin(config, keys[i].key), "default");
    }
    cv_config_destroy(&config);
    cv_config_destroy(&defaults);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),     cmocka_unit_test(test_precedence),  cmocka_unit_test(test_unknown_keys),
        cmocka_unit_test(test_wrong_values), cmocka_unit_test(test_wrong_files), cmocka_unit_test(test_table),
        cmocka_unit_test(test_check),        cmocka_unit_test(test_description),
    };
    return cmocka_run_group_tests(tests, s_setup, s_teardown);
}
