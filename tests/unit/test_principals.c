/* test_principals: making keys, and taking a key directory as a whole or not at all.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "net/keys.h"

#include "convene/wire.h"
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <zmq.h>

static char s_dir[64], s_allow[80], s_error[512];

static void s_empty(const char *path)
{
    DIR *dir = opendir(path);
    if (!dir)
        return;
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        char file[1024];
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 && unlink(file))
            s_empty(file);
    }
    closedir(dir);
    rmdir(path);
}

static int s_setup(void **state)
{
    (void)state;
    snprintf(s_dir, sizeof s_dir, "/tmp/convene-keys-XXXXXX");
    if (!mkdtemp(s_dir))
        return -1;
    snprintf(s_allow, sizeof s_allow, "%s/allow", s_dir);
    return mkdir(s_allow, 0700);
}

static int s_teardown(void **state)
{
    (void)state;
    s_empty(s_dir);
    return 0;
}

static void s_write(const char *file, const char *text)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", s_dir, file);
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    fputs(text, out);
    assert_int_equal(fclose(out), 0);
}

static void test_make_and_load(void **state)
{
    (void)state;
    const cv_principal_t secretariat = {.name = "secretariat", .role = CV_ROLE_SECRETARIAT};
    const cv_principal_t china = {.name = "prc.focal-point_1", .role = CV_ROLE_FOCAL_POINT, .party = "PRC"};
    assert_int_equal(cv_keys_make(s_dir, &secretariat), CV_OK);
    assert_int_equal(cv_keys_make(s_dir, &china), CV_OK);

    cv_principals_t *all = NULL;
    assert_int_equal(cv_principals_load(s_allow, &all, s_error, sizeof s_error), CV_OK);
    assert_int_equal(cv_principals_count(all), 2);
    const cv_principal_t *found = cv_principals_by_name(all, CV_STR("prc.focal-point_1"));
    assert_non_null(found);
    assert_int_equal(found->role, CV_ROLE_FOCAL_POINT);
    assert_string_equal(found->party, "PRC");
    assert_null(cv_principals_by_name(all, CV_STR("prc.focal-point_")));
    assert_null(cv_principals_by_name(all, CV_STR_NONE));

    cv_identity_t identity;
    assert_int_equal(cv_identity_load(s_dir, "secretariat", &identity, s_error, sizeof s_error), CV_OK);
    assert_string_equal(identity.principal.name, "secretariat");
    found = cv_principals_by_key(all, identity.public_key, 0);
    assert_non_null(found);
    assert_string_equal(found->name, "secretariat");
    uint8_t key[CV_KEY_LEN];
    assert_int_equal(cv_key_of(s_dir, "secretariat", key, s_error, sizeof s_error), CV_OK);
    assert_memory_equal(key, identity.public_key, sizeof key);
    key[0] ^= 1;
    assert_null(cv_principals_by_key(all, key, 0));
    cv_identity_wipe(&identity);
    cv_principals_destroy(&all);
    assert_null(all);
    cv_principals_destroy(&all);

    char path[1024];
    struct stat info;
    snprintf(path, sizeof path, "%s/secretariat.secret", s_dir);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
}

/* An existing key is never written over; what a crash left half made is completed with the same key. */
static void test_never_over_existing(void **state)
{
    (void)state;
    cv_principal_t observer = {.name = "dashboard", .role = CV_ROLE_OBSERVER};
    assert_int_equal(cv_keys_make(s_dir, &observer), CV_OK);
    uint8_t before[CV_KEY_LEN], after[CV_KEY_LEN];
    assert_int_equal(cv_key_of(s_dir, "dashboard", before, s_error, sizeof s_error), CV_OK);
    assert_int_equal(cv_keys_make(s_dir, &observer), CV_ECONFLICT);
    char path[1024];
    snprintf(path, sizeof path, "%s/dashboard.cert", s_allow);
    assert_int_equal(unlink(path), 0);
    observer.role = CV_ROLE_OPERATOR;
    assert_int_equal(cv_keys_make(s_dir, &observer), CV_ECONFLICT);
    observer.role = CV_ROLE_OBSERVER;
    assert_int_equal(cv_keys_make(s_dir, &observer), CV_OK);
    assert_int_equal(cv_key_of(s_dir, "dashboard", after, s_error, sizeof s_error), CV_OK);
    assert_memory_equal(before, after, sizeof before);
}

static void test_wrong_principals(void **state)
{
    (void)state;
    const cv_principal_t wrong[] = {
        {.name = "", .role = CV_ROLE_SERVICE},
        {.name = "Upper", .role = CV_ROLE_SERVICE},
        {.name = "../x", .role = CV_ROLE_SERVICE},
        {.name = ".hidden", .role = CV_ROLE_SERVICE},
        {.name = "local", .role = CV_ROLE_SERVICE},
        {.name = "x", .role = 0},
        {.name = "x", .role = 3},
        {.name = "x", .role = CV_ROLE_FOCAL_POINT},
        {.name = "x", .role = CV_ROLE_FOCAL_POINT, .party = "prc"},
        {.name = "x", .role = CV_ROLE_FOCAL_POINT, .party = "P"},
        {.name = "x", .role = CV_ROLE_SECRETARIAT, .party = "PRC"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(cv_keys_make(s_dir, &wrong[i]), CV_EINVAL);
    const cv_principal_t good = {.name = "x", .role = CV_ROLE_SERVICE};
    assert_int_equal(cv_keys_make("/proc/nowhere", &good), CV_EIO);
    cv_principals_t *all = NULL;
    assert_int_equal(cv_principals_load(s_allow, &all, s_error, sizeof s_error), CV_OK);
    assert_int_equal(cv_principals_count(all), 0);
    cv_principals_destroy(&all);
}

static void test_roles(void **state)
{
    (void)state;
    for (unsigned role = 1; role <= CV_ROLE_GATE; role *= 2)
        assert_int_equal(cv_role_parse(cv_str(cv_role_name(role))), role);
    assert_null(cv_role_name(0));
    assert_null(cv_role_name(128));
    assert_int_equal(cv_role_parse(CV_STR("king")), 0);
    assert_int_equal(cv_role_parse(CV_STR_NONE), 0);
}

#define KEY "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
#define SECRET "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"

/* One bad file refuses all, and is named. */
static void test_damaged_directory(void **state)
{
    (void)state;
    const cv_principal_t good = {.name = "good", .role = CV_ROLE_SERVICE};
    assert_int_equal(cv_keys_make(s_dir, &good), CV_OK);
    static const struct {
        const char *text, *reason;
    } files[] = {
        {"", "name must be"},
        {"metadata\n    name = \"bad\"\n    role = \"service\"\n", "has no public-key"},
        {"metadata\n    name = \"bad\"\n    role = \"service\"\ncurve\n    public-key = \"short\"\n",
         ":5: is not valid"},
        {"metadata\n    name = \"bad\"\n    role = \"service\"\ncurve\n    public-key = "
         "\"~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\"\n",
         ":5: is not valid"},
        {"metadata\n    name = \"bad\"\n    role = \"service\"\ncurve\n    public-key = "
         "\"0000000000000000000000000000000000000000\"\n",
         ":5: is not valid"},
        {"metadata\n    name = \"bad\"\n    role = \"king\"\ncurve\n    public-key = \"" KEY "\"\n", "role must be"},
        {"metadata\n    name = \"bad\"\n    role = \"service\"\n    role = \"operator\"\ncurve\n    public-key = \"" KEY
         "\"\n",
         ":4: is said twice"},
        {"metadata\n    name = \"other\"\n    role = \"service\"\ncurve\n    public-key = \"" KEY "\"\n",
         "not the file's"},
        {"metadata\n    name = \"bad\"\n    role = \"focal_point\"\ncurve\n    public-key = \"" KEY "\"\n",
         "needs the party"},
        {"metadata\n    name = \"bad\"\n    role = \"service\"\ncurve\n    public-key = \"" KEY
         "\"\n    secret-key = \"" SECRET "\"\n",
         "has a secret-key"},
        {"metadata\n  name = \"bad\"\n", ":2: indent"},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        s_write("allow/bad.cert", files[i].text);
        cv_principals_t *all = NULL;
        assert_int_equal(cv_principals_load(s_allow, &all, s_error, sizeof s_error), CV_EINVAL);
        assert_null(all);
        if (!strstr(s_error, "/bad.cert") || !strstr(s_error, files[i].reason))
            fail_msg("expected \"%s\" in \"%s\"", files[i].reason, s_error);
    }
    /* Files that are not certificates, and certificates on their way, do not matter. */
    char path[1024];
    snprintf(path, sizeof path, "%s/bad.cert", s_allow);
    assert_int_equal(unlink(path), 0);
    s_write("allow/.bad.cert", "garbage");
    s_write("allow/README", "garbage");
    s_write("allow/zcert.cert",
            "#   ****  Generated by CZMQ  ****\n\nmetadata\n    name = \"zcert\"\n    role = \"observer\"\n"
            "    mail = \"x\"\ncurve\n    public-key = \"" KEY "\"\n");
    cv_principals_t *all = NULL;
    assert_int_equal(cv_principals_load(s_allow, &all, s_error, sizeof s_error), CV_OK);
    assert_int_equal(cv_principals_count(all), 2);
    cv_principals_destroy(&all);
    s_write("allow/twin.cert",
            "metadata\n    name = \"twin\"\n    role = \"operator\"\ncurve\n    public-key = \"" KEY "\"\n");
    assert_int_equal(cv_principals_load(s_allow, &all, s_error, sizeof s_error), CV_EINVAL);
    assert_non_null(strstr(s_error, "zcert.cert: has the same key as twin.cert"));
    assert_int_equal(cv_principals_load("/nonexistent", &all, s_error, sizeof s_error), CV_EINVAL);
}

static void test_wrong_secrets(void **state)
{
    (void)state;
    cv_identity_t identity;
    uint8_t key[CV_KEY_LEN];
    assert_int_equal(cv_identity_load(s_dir, "nobody", &identity, s_error, sizeof s_error), CV_ENOTFOUND);
    assert_int_equal(cv_key_of(s_dir, "nobody", key, s_error, sizeof s_error), CV_ENOTFOUND);
    assert_int_equal(unlink("/nonexistent"), -1);
    umask(0077);
    s_write("me.secret", "metadata\n    name = \"me\"\n    role = \"service\"\ncurve\n    public-key = \"" KEY "\"\n");
    assert_int_equal(cv_identity_load(s_dir, "me", &identity, s_error, sizeof s_error), CV_EINVAL);
    assert_non_null(strstr(s_error, "has no secret-key"));
    s_write("me.secret", "metadata\n    name = \"me\"\n    role = \"service\"\ncurve\n    public-key = \"" KEY
                         "\"\n    secret-key = \"" SECRET "\"\n");
    assert_int_equal(cv_identity_load(s_dir, "me", &identity, s_error, sizeof s_error), CV_OK);
    s_write("me.secret", "metadata\n    name = \"me\"\n    role = \"service\"\ncurve\n    public-key = \"" SECRET
                         "\"\n    secret-key = \"" KEY "\"\n");
    assert_int_equal(cv_identity_load(s_dir, "me", &identity, s_error, sizeof s_error), CV_EINVAL);
    assert_non_null(strstr(s_error, "not a pair"));
    char path[1024];
    snprintf(path, sizeof path, "%s/me.secret", s_dir);
    assert_int_equal(chmod(path, 0604), 0);
    assert_int_equal(cv_identity_load(s_dir, "me", &identity, s_error, sizeof s_error), CV_EINVAL);
    assert_non_null(strstr(s_error, "chmod 600"));
}

/* ---- rotate, revoke ------------------------------------------------------------------------ */

enum { DAY_MS = 24 * 3600 * 1000 };
#define NOW INT64_C(1780000000000)

static cv_principals_t *s_all(void)
{
    cv_principals_t *all = NULL;
    if (cv_principals_load(s_allow, &all, s_error, sizeof s_error))
        fail_msg("%s", s_error);
    return all;
}

static void s_key_now(const char *name, uint8_t ret_key[CV_KEY_LEN])
{
    assert_int_equal(cv_key_of(s_dir, name, ret_key, s_error, sizeof s_error), CV_OK);
}

static void test_rotate_with_overlap(void **state)
{
    (void)state;
    const cv_principal_t desk = {.name = "kz-desk", .role = CV_ROLE_FOCAL_POINT, .party = "KZ"};
    assert_int_equal(cv_keys_make(s_dir, &desk), CV_OK);
    uint8_t first[CV_KEY_LEN], second[CV_KEY_LEN];
    s_key_now("kz-desk", first);
    assert_int_equal(cv_keys_rotate(s_dir, "kz-desk", NOW, DAY_MS, s_error, sizeof s_error), CV_OK);
    s_key_now("kz-desk", second);
    assert_memory_not_equal(first, second, CV_KEY_LEN);
    cv_identity_t identity;
    assert_int_equal(cv_identity_load(s_dir, "kz-desk", &identity, s_error, sizeof s_error), CV_OK);
    assert_memory_equal(identity.public_key, second, CV_KEY_LEN);
    cv_identity_wipe(&identity);

    cv_principals_t *all = s_all();
    assert_int_equal(cv_principals_count(all), 1);
    const cv_principal_t *old = cv_principals_by_key(all, first, NOW + DAY_MS - 1),
                         *new = cv_principals_by_key(all, second, NOW);
    assert_non_null(old);
    assert_non_null(new);
    assert_string_equal(old->name, "kz-desk");
    assert_string_equal(old->party, "KZ");
    assert_int_equal(old->role, CV_ROLE_FOCAL_POINT);
    assert_null(cv_principals_by_key(all, first, NOW + DAY_MS));
    assert_non_null(cv_principals_by_key(all, second, NOW + DAY_MS));
    char user[CV_KEY_TEXT + 1];
    zmq_z85_encode(user, first, CV_KEY_LEN);
    assert_ptr_equal(cv_principals_by_user(all, user, NOW), old);
    assert_null(cv_principals_by_user(all, user, NOW + DAY_MS));
    assert_null(cv_principals_by_user(all, "kz-desk", NOW));
    assert_null(cv_principals_by_user(all, "", NOW));
    assert_true(cv_principals_next_end(all, NOW) == NOW + DAY_MS);
    assert_true(cv_principals_next_end(all, NOW + DAY_MS) == INT64_MAX);
    assert_true(cv_principals_former_until(all, CV_STR("kz-desk")) == NOW + DAY_MS);
    assert_int_equal(cv_principals_former_until(all, CV_STR("other")), 0);

    /* Never three; when the overlap is over, or ended, again. */
    assert_int_equal(cv_keys_rotate(s_dir, "kz-desk", NOW + 1, DAY_MS, s_error, sizeof s_error), CV_ECONFLICT);
    assert_non_null(strstr(s_error, "never three"));
    assert_int_equal(cv_keys_end_former(s_dir, "kz-desk", s_error, sizeof s_error), CV_OK);
    cv_principals_t *ended = s_all();
    assert_null(cv_principals_by_key(ended, first, NOW));
    assert_non_null(cv_principals_by_key(ended, second, NOW));
    assert_true(cv_principals_lost(all, ended, NOW));
    assert_false(cv_principals_lost(all, ended, NOW + DAY_MS)); /* it had run out before */
    assert_false(cv_principals_lost(ended, all, NOW));
    assert_int_equal(cv_keys_end_former(s_dir, "kz-desk", s_error, sizeof s_error), CV_ENOTFOUND);
    cv_principals_destroy(&all);
    cv_principals_destroy(&ended);

    /* Without overlap the one before is out at once. */
    assert_int_equal(cv_keys_rotate(s_dir, "kz-desk", NOW, 0, s_error, sizeof s_error), CV_OK);
    all = s_all();
    assert_null(cv_principals_by_key(all, second, NOW));
    cv_principals_destroy(&all);
    assert_int_equal(cv_keys_rotate(s_dir, "nobody", NOW, DAY_MS, s_error, sizeof s_error), CV_ENOTFOUND);
    assert_non_null(strstr(s_error, "nobody.cert"));
}

/* Stopped after the secret was written: done again, it is the certificate of that secret. */
static void test_rotate_interrupted(void **state)
{
    (void)state;
    const cv_principal_t portal = {.name = "portal", .role = CV_ROLE_PUBLISHER};
    char kept[1024], text[1024] = "";
    assert_int_equal(cv_keys_make(s_dir, &portal), CV_OK);
    uint8_t first[CV_KEY_LEN], second[CV_KEY_LEN];
    s_key_now("portal", first);
    snprintf(kept, sizeof kept, "%s/portal.cert", s_allow);
    FILE *file = fopen(kept, "rb");
    assert_non_null(file);
    assert_true(fread(text, 1, sizeof text - 1, file) > 0);
    fclose(file);
    assert_int_equal(cv_keys_rotate(s_dir, "portal", NOW, DAY_MS, s_error, sizeof s_error), CV_OK);
    s_key_now("portal", second);
    s_write("allow/portal.cert", text); /* as if it had never come to it */
    assert_int_equal(cv_keys_rotate(s_dir, "portal", NOW, DAY_MS, s_error, sizeof s_error), CV_OK);
    uint8_t now[CV_KEY_LEN];
    s_key_now("portal", now);
    assert_memory_equal(now, second, CV_KEY_LEN);
    cv_principals_t *all = s_all();
    assert_non_null(cv_principals_by_key(all, first, NOW));
    cv_principals_destroy(&all);
}

static void test_revoke(void **state)
{
    (void)state;
    const cv_principal_t portal = {.name = "portal", .role = CV_ROLE_PUBLISHER};
    assert_int_equal(cv_keys_make(s_dir, &portal), CV_OK);
    uint8_t first[CV_KEY_LEN], second[CV_KEY_LEN];
    s_key_now("portal", first);
    assert_int_equal(cv_keys_revoke(s_dir, "portal", NOW, s_error, sizeof s_error), CV_OK);
    cv_principals_t *all = s_all();
    assert_int_equal(cv_principals_count(all), 0);
    assert_null(cv_principals_by_key(all, first, NOW));
    cv_principals_destroy(&all);
    assert_int_equal(cv_keys_revoke(s_dir, "portal", NOW, s_error, sizeof s_error), CV_ENOTFOUND);
    assert_int_equal(cv_keys_revoke(s_dir, "../x", NOW, s_error, sizeof s_error), CV_EINVAL);
    /* The same name anew is another key. */
    assert_int_equal(cv_keys_make(s_dir, &portal), CV_OK);
    s_key_now("portal", second);
    assert_memory_not_equal(first, second, CV_KEY_LEN);
    assert_int_equal(cv_keys_revoke(s_dir, "portal", NOW + 1, s_error, sizeof s_error), CV_OK);
}

/* A damaged certificate refuses the load; of the set before, what the directory still says is kept, and no more. */
static void test_kept(void **state)
{
    (void)state;
    const char *const names[] = {"stays", "goes", "changes", "spoilt", "rotated"};
    cv_principal_t one = {.role = CV_ROLE_PUBLISHER};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(one.name, sizeof one.name, "%s", names[i]);
        assert_int_equal(cv_keys_make(s_dir, &one), CV_OK);
    }
    cv_principals_t *before = s_all();
    uint8_t rotated[CV_KEY_LEN];
    s_key_now("rotated", rotated);
    assert_int_equal(cv_keys_rotate(s_dir, "rotated", NOW, 0, s_error, sizeof s_error), CV_OK);
    assert_int_equal(cv_keys_revoke(s_dir, "goes", NOW, s_error, sizeof s_error), CV_OK);
    assert_int_equal(cv_keys_revoke(s_dir, "changes", NOW, s_error, sizeof s_error), CV_OK);
    snprintf(one.name, sizeof one.name, "changes");
    one.role = CV_ROLE_SECRETARIAT;
    assert_int_equal(cv_keys_make(s_dir, &one), CV_OK);
    snprintf(one.name, sizeof one.name, "comes");
    assert_int_equal(cv_keys_make(s_dir, &one), CV_OK);
    s_write("allow/spoilt.cert", "metadata\n    name = \"spo");
    cv_principals_t *none = NULL, *kept = NULL;
    assert_int_equal(cv_principals_load(s_allow, &none, s_error, sizeof s_error), CV_EINVAL);
    assert_int_equal(cv_principals_kept(before, s_allow, &kept), CV_OK);
    assert_int_equal(cv_principals_count(kept), 2);
    assert_non_null(cv_principals_by_name(kept, CV_STR("stays")));
    assert_non_null(cv_principals_by_name(kept, CV_STR("spoilt")));
    assert_null(cv_principals_by_name(kept, CV_STR("comes")));
    assert_null(cv_principals_by_key(kept, rotated, NOW));
    assert_true(cv_principals_lost(before, kept, NOW));
    assert_false(cv_principals_lost(kept, before, NOW));
    cv_principals_destroy(&before);
    cv_principals_destroy(&kept);
}

/* A former key alone, twice, without its end, the same as another: the load is refused. */
static void test_bad_former(void **state)
{
    (void)state;
    const cv_principal_t portal = {.name = "portal", .role = CV_ROLE_PUBLISHER},
                         other = {.name = "other", .role = CV_ROLE_PUBLISHER};
    assert_int_equal(cv_keys_make(s_dir, &portal), CV_OK);
    assert_int_equal(cv_keys_make(s_dir, &other), CV_OK);
    uint8_t key[CV_KEY_LEN], others[CV_KEY_LEN];
    char text[CV_KEY_TEXT + 1], others_text[CV_KEY_TEXT + 1], cert[1024];
    s_key_now("portal", key);
    s_key_now("other", others);
    zmq_z85_encode(text, key, CV_KEY_LEN);
    zmq_z85_encode(others_text, others, CV_KEY_LEN);
    const struct {
        const char *former, *until;
    } bad[] = {{others_text, "\"2030-01-01T00:00:00Z\""},
               {text, "\"2030-01-01T00:00:00Z\""},
               {others_text, "\"tomorrow\""},
               {"short", "\"2030-01-01T00:00:00Z\""}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(cert, sizeof cert,
                 "metadata\n    name = \"portal\"\n    role = \"publisher\"\ncurve\n    public-key = \"%s\"\n"
                 "    former-key = \"%s\"\n    former-until = %s\n",
                 text, bad[i].former, bad[i].until);
        s_write("allow/portal.cert", cert);
        cv_principals_t *all = NULL;
        assert_int_equal(cv_principals_load(s_allow, &all, s_error, sizeof s_error), CV_EINVAL);
        assert_non_null(strstr(s_error, "portal.cert"));
    }
    snprintf(cert, sizeof cert,
             "metadata\n    name = \"portal\"\n    role = \"publisher\"\ncurve\n    public-key = \"%s\"\n"
             "    former-until = \"2030-01-01T00:00:00Z\"\n",
             text);
    s_write("allow/portal.cert", cert);
    cv_principals_t *all = NULL;
    assert_int_equal(cv_principals_load(s_allow, &all, s_error, sizeof s_error), CV_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_make_and_load, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_never_over_existing, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_wrong_principals, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_roles, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_damaged_directory, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_wrong_secrets, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_rotate_with_overlap, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_rotate_interrupted, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_revoke, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_kept, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_bad_former, s_setup, s_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
