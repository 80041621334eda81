/* test_dashboard_sessions: a link signs in once, whatever happens to the process or its file, and the file tells nothing.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dashboard/store_sessions.h"

#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOW INT64_C(1772100000000)
#define HOUR INT64_C(3600000)

static const cv_seal_key_t s_key = {{1, 2, 3}}, s_other = {{1, 2, 4}};

typedef struct {
    char folder[64], path[96];
    dash_sessions_t *sessions;
} fixture_t;

static void s_open(fixture_t *f, int64_t now_ms)
{
    char error[256] = "";
    if (dash_sessions_open(f->path, now_ms, &f->sessions, error, sizeof(error)))
        fail_msg("%s", error);
}

static int s_setup(void **state)
{
    fixture_t *f = calloc(1, sizeof(*f));
    (void)snprintf(f->folder, sizeof(f->folder), "/tmp/cv-sessions-XXXXXX");
    if (!mkdtemp(f->folder))
        return -1;
    (void)snprintf(f->path, sizeof(f->path), "%s/sessions.db", f->folder);
    s_open(f, NOW);
    *state = f;
    return 0;
}

static void s_remove(const fixture_t *f)
{
    static const char *const ends[] = {"", "-wal", "-shm", ".lock"};
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        char path[128];
        (void)snprintf(path, sizeof(path), "%s%s", f->path, ends[i]);
        (void)unlink(path);
    }
}

static int s_teardown(void **state)
{
    fixture_t *f = *state;
    dash_sessions_close(&f->sessions);
    s_remove(f);
    int rc = rmdir(f->folder);
    free(f);
    return rc;
}

/* A link made at an instant, and what is in it. */
static dash_pass_t s_link(const char *name, int64_t made_ms, uint8_t nonce, char ret_link[DASH_PASS_TEXT])
{
    const uint8_t octets[DASH_PASS_NONCE] = {nonce};
    dash_pass_t pass;
    assert_int_equal(dash_pass_make(&s_key, DASH_PASS_LINK, name, made_ms, made_ms + 8 * HOUR, octets, ret_link),
                     CV_OK);
    assert_int_equal(dash_pass_check(&s_key, DASH_PASS_LINK, ret_link, made_ms, &pass), CV_OK);
    return pass;
}

static int s_begin(fixture_t *f, const char *link, const dash_pass_t *pass, int64_t now_ms,
                   char ret_cookie[DASH_COOKIE_TEXT])
{
    return dash_sessions_begin(f->sessions, &s_key, link, pass, now_ms, ret_cookie);
}

static void test_a_link_signs_in_once(void **state)
{
    fixture_t *f = *state;
    char link[DASH_PASS_TEXT], cookie[DASH_COOKIE_TEXT], none[DASH_COOKIE_TEXT] = "untouched";
    dash_pass_t pass = s_link("kz", NOW + 1, 1, link), who;
    memset(pass.whose, 7, sizeof(pass.whose));
    assert_int_equal(dash_sessions_look(f->sessions, link, &pass), CV_OK);
    assert_int_equal(dash_sessions_look(f->sessions, link, &pass), CV_OK); /* looking uses nothing up */
    assert_int_equal(s_begin(f, link, &pass, NOW + HOUR, cookie), CV_OK);
    assert_int_equal(dash_sessions_find(f->sessions, &s_key, cookie, NOW + HOUR, &who), CV_OK);
    assert_string_equal(who.name, "kz");
    assert_int_equal(who.made_ms, NOW + HOUR);
    assert_int_equal(who.until_ms, pass.until_ms);
    assert_memory_equal(who.whose, pass.whose, sizeof(who.whose));
    assert_int_equal(dash_sessions_look(f->sessions, link, &pass), CV_ECONFLICT);
    assert_int_equal(s_begin(f, link, &pass, NOW + HOUR, none), CV_ECONFLICT);
    assert_string_equal(none, "untouched");
    /* Ends to the instant, and stays used. */
    assert_int_equal(dash_sessions_find(f->sessions, &s_key, cookie, pass.until_ms - 1, &who), CV_OK);
    assert_int_equal(dash_sessions_find(f->sessions, &s_key, cookie, pass.until_ms, &who), CV_EEXPIRED);
    assert_int_equal(s_begin(f, link, &pass, pass.until_ms + HOUR, none), CV_ECONFLICT);
    /* Of another key it is nobody's; and what is no cookie is none. */
    assert_int_equal(dash_sessions_find(f->sessions, &s_other, cookie, NOW + HOUR, &who), CV_EDENIED);
    assert_int_equal(dash_sessions_find(f->sessions, &s_key, "", NOW, &who), CV_EDENIED);
    assert_int_equal(dash_sessions_find(f->sessions, &s_key, link, NOW, &who), CV_EDENIED);
    cookie[0] = cookie[0] == 'A' ? 'B' : 'A';
    assert_int_equal(dash_sessions_find(f->sessions, &s_key, cookie, NOW, &who), CV_EDENIED);
}

/* A text that says the same as a link and is written otherwise would be used a second time. */
static void test_a_link_is_written_in_one_way(void **state)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/= ";
    char link[DASH_PASS_TEXT], other[DASH_PASS_TEXT + 2];
    (void)state;
    for (size_t n = 1; n <= 6; n++) { /* each length that a last letter can have */
        dash_pass_t pass;
        size_t ways = 0;
        (void)s_link(&"abcdef"[6 - n], NOW, 1, link);
        for (const char *letter = letters; *letter; letter++) {
            (void)snprintf(other, sizeof(other), "%.*s%c", (int)strlen(link) - 1, link, *letter);
            ways += dash_pass_check(&s_key, DASH_PASS_LINK, other, NOW, &pass) == CV_OK;
            (void)snprintf(other, sizeof(other), "%s%c", link, *letter);
            ways += dash_pass_check(&s_key, DASH_PASS_LINK, other, NOW, &pass) == CV_OK;
        }
        assert_int_equal(ways, 1);
    }
}

static void test_it_survives_what_ends_a_process(void **state)
{
    fixture_t *f = *state;
    char link[DASH_PASS_TEXT], cookie[DASH_COOKIE_TEXT], other[DASH_COOKIE_TEXT];
    int told[2], status;
    dash_pass_t pass = s_link("kz", NOW + 1, 1, link), who;
    dash_sessions_close(&f->sessions);
    assert_int_equal(pipe(told), 0);
    pid_t child = fork();
    if (child == 0) { /* killed with the file open, right after the answer */
        char error[256];
        int rc = dash_sessions_open(f->path, NOW, &f->sessions, error, sizeof(error));
        if (!rc)
            rc = s_begin(f, link, &pass, NOW + 2, cookie);
        if (!rc && write(told[1], cookie, sizeof(cookie)) == (ssize_t)sizeof(cookie))
            (void)kill(getpid(), SIGKILL);
        _exit(1);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(read(told[0], cookie, sizeof(cookie)), sizeof(cookie));
    (void)close(told[0]);
    (void)close(told[1]);
    s_open(f, NOW + HOUR);
    assert_int_equal(dash_sessions_find(f->sessions, &s_key, cookie, NOW + HOUR, &who), CV_OK);
    assert_int_equal(s_begin(f, link, &pass, NOW + HOUR, other), CV_ECONFLICT);
}

/* Without its file the desk does not know what was used: all that was made before is refused, used or not. */
static void test_a_new_file_trusts_no_old_link(void **state)
{
    fixture_t *f = *state;
    char used[DASH_PASS_TEXT], unused[DASH_PASS_TEXT], fresh[DASH_PASS_TEXT], cookie[DASH_COOKIE_TEXT];
    dash_pass_t one = s_link("kz", NOW + 1, 1, used), two = s_link("kz", NOW + 1, 2, unused), three, who;
    assert_int_equal(s_begin(f, used, &one, NOW + 2, cookie), CV_OK);
    dash_sessions_close(&f->sessions);
    s_remove(f);
    s_open(f, NOW + HOUR);
    assert_int_equal(dash_sessions_find(f->sessions, &s_key, cookie, NOW + HOUR, &who), CV_EDENIED);
    assert_int_equal(s_begin(f, used, &one, NOW + HOUR, cookie), CV_EEXPIRED);
    assert_int_equal(s_begin(f, unused, &two, NOW + HOUR, cookie), CV_EEXPIRED);
    three = s_link("kz", NOW + HOUR + 1, 3, fresh);
    assert_int_equal(s_begin(f, fresh, &three, NOW + HOUR + 1, cookie), CV_OK);
    /* Its birth is not forgotten with the bars that time has made needless. */
    assert_int_equal(dash_sessions_look(f->sessions, unused, &two), CV_EEXPIRED);
}

static void test_signing_out_and_taking_back(void **state)
{
    fixture_t *f = *state;
    char link[4][DASH_PASS_TEXT], cookie[3][DASH_COOKIE_TEXT], none[DASH_COOKIE_TEXT];
    const char *const names[] = {"kz", "kz", "az", "kz"};
    dash_pass_t pass[4], who;
    json_t *list = NULL;
    int ended = -1;
    for (uint8_t i = 0; i < 4; i++)
        pass[i] = s_link(names[i], NOW + 1, i, link[i]);
    for (int i = 0; i < 3; i++)
        assert_int_equal(s_begin(f, link[i], &pass[i], NOW + 10 + i, cookie[i]), CV_OK);
    assert_int_equal(dash_sessions_list(f->sessions, &s_key, NOW + HOUR, &list), CV_OK);
    assert_int_equal(json_array_size(list), 3);
    assert_string_equal(json_string_value(json_object_get(json_array_get(list, 0), "name")), "az");
    assert_string_equal(json_string_value(json_object_get(json_array_get(list, 0), "begun")),
                        "2026-02-26T10:00:00.012Z");
    json_decref(list);
    /* Out is out, the link does not come back, the other session of the same name goes on. */
    assert_int_equal(dash_sessions_end(f->sessions, cookie[0]), CV_OK);
    assert_int_equal(dash_sessions_end(f->sessions, cookie[0]), CV_OK);
    assert_int_equal(dash_sessions_find(f->sessions, &s_key, cookie[0], NOW + HOUR, &who), CV_EDENIED);
    assert_int_equal(s_begin(f, link[0], &pass[0], NOW + HOUR, none), CV_ECONFLICT);
    assert_int_equal(dash_sessions_find(f->sessions, &s_key, cookie[1], NOW + HOUR, &who), CV_OK);
    /* All of a name, with its link that nobody has used; a link made after is good. */
    assert_int_equal(dash_sessions_end_of(f->sessions, "kz", 0, NOW + HOUR, &ended), CV_OK);
    assert_int_equal(ended, 1);
    assert_int_equal(dash_sessions_find(f->sessions, &s_key, cookie[1], NOW + HOUR, &who), CV_EDENIED);
    assert_int_equal(s_begin(f, link[3], &pass[3], NOW + HOUR, none), CV_EEXPIRED);
    assert_int_equal(dash_sessions_find(f->sessions, &s_key, cookie[2], NOW + HOUR, &who), CV_OK);
    pass[3] = s_link("kz", NOW + HOUR + 1, 9, link[3]);
    assert_int_equal(s_begin(f, link[3], &pass[3], NOW + HOUR + 1, cookie[0]), CV_OK);
    assert_int_equal(dash_sessions_end_of(f->sessions, "*", 0, NOW + 2 * HOUR, &ended), CV_OK);
    assert_int_equal(ended, 2);
    /* Whoever makes links has a clock that is ahead: the order says how far. */
    pass[3] = s_link("kz", NOW + 3 * HOUR, 7, link[3]);
    assert_int_equal(dash_sessions_end_of(f->sessions, "kz", NOW + 3 * HOUR, NOW + 2 * HOUR, &ended), CV_OK);
    assert_int_equal(s_begin(f, link[3], &pass[3], NOW + 2 * HOUR, none), CV_EEXPIRED);
    pass[3] = s_link("tj", NOW + HOUR, 8, link[3]);
    assert_int_equal(s_begin(f, link[3], &pass[3], NOW + 2 * HOUR, none), CV_EEXPIRED);
    assert_int_equal(dash_sessions_list(f->sessions, &s_key, NOW + 2 * HOUR, &list), CV_OK);
    assert_int_equal(json_array_size(list), 0);
    json_decref(list);
}

/* Rows go, and none of them while a clock that is put back could make its link new. */
static void test_it_does_not_grow(void **state)
{
    fixture_t *f = *state;
    char first[DASH_PASS_TEXT], link[DASH_PASS_TEXT], cookie[DASH_COOKIE_TEXT];
    dash_pass_t one = s_link("kz", NOW + 1, 0, first);
    assert_int_equal(s_begin(f, first, &one, NOW + 1, cookie), CV_OK);
    for (int day = 1; day <= 7; day++) {
        int64_t now_ms = NOW + day * 24 * HOUR;
        dash_pass_t pass = s_link("kz", now_ms, 1, link);
        assert_int_equal(s_begin(f, link, &pass, now_ms, cookie), CV_OK);
        assert_int_equal(dash_sessions_look(f->sessions, first, &one), CV_ECONFLICT);
    }
    int64_t now_ms = NOW + 15 * 24 * HOUR;
    dash_pass_t pass = s_link("kz", now_ms, 1, link);
    assert_int_equal(s_begin(f, link, &pass, now_ms, cookie), CV_OK);
    assert_int_equal(dash_sessions_look(f->sessions, first, &one), CV_OK); /* forgotten: no clock makes it good again */
}

static void test_the_file_tells_no_link_and_no_cookie(void **state)
{
    fixture_t *f = *state;
    char link[DASH_PASS_TEXT], cookie[DASH_COOKIE_TEXT];
    uint8_t octets[DASH_PASS_TEXT];
    size_t len = 0;
    dash_pass_t pass = s_link("kz", NOW + 1, 1, link);
    assert_int_equal(s_begin(f, link, &pass, NOW + 2, cookie), CV_OK);
    dash_sessions_close(&f->sessions);
    FILE *file = fopen(f->path, "rb");
    char *all = calloc(1, 1 << 20);
    size_t size = file && all ? fread(all, 1, 1 << 20, file) : 0;
    if (file)
        (void)fclose(file);
    assert_true(size > 4096);
    assert_non_null(memmem(all, size, "kz", 2));
    assert_null(memmem(all, size, link, 24));
    assert_null(memmem(all, size, cookie, 24));
    for (int i = 0; i < 2; i++) {
        const char *text = i ? cookie : link;
        assert_int_equal(sodium_base642bin(octets, sizeof(octets), text, strlen(text), NULL, &len, NULL,
                                           sodium_base64_VARIANT_URLSAFE_NO_PADDING),
                         0);
        assert_null(memmem(all, size, octets + len - 16, 16));
    }
    assert_null(memmem(all, size, s_key.bytes, sizeof(s_key.bytes)));
    free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_link_signs_in_once, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_a_link_is_written_in_one_way, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_it_survives_what_ends_a_process, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_a_new_file_trusts_no_old_link, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_signing_out_and_taking_back, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_it_does_not_grow, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_the_file_tells_no_link_and_no_cookie, s_setup, s_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
