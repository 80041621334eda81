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
    found = cv_principals_by_key(all, identity.public_key);
    assert_non_null(found);
    assert_string_equal(found->name, "secretariat");
    uint8_t key[CV_KEY_LEN];
    assert_int_equal(cv_key_of(s_dir, "secretariat", key, s_error, sizeof s_error), CV_OK);
    assert_memory_equal(key, identity.public_key, sizeof key);
    key[0] ^= 1;
    assert_null(cv_principals_by_key(all, key));
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
    for (unsigned role = 1; role <= CV_ROLE_OBSERVER; role *= 2)
        assert_int_equal(cv_role_parse(cv_str(cv_role_name(role))), role);
    assert_null(cv_role_name(0));
    assert_null(cv_role_name(64));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_make_and_load, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_never_over_existing, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_wrong_principals, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_roles, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_damaged_directory, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_wrong_secrets, s_setup, s_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
