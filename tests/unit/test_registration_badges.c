/* test_registration_badges: who gets a badge, who loses it and when, and the keys that sign.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "registration/badge.h"
#include "registration_driver.h"

#include <sys/stat.h>

static char s_keys[128]; /* the file with the secret halves */

static driver_t *hall(bool has_keys)
{
    char directory[] = "/tmp/test-badge-keys-XXXXXX";
    s_keys[0] = '\0';
    if (has_keys) {
        assert_non_null(mkdtemp(directory));
        snprintf(s_keys, sizeof s_keys, "%s/keys", directory);
    }
    assert_int_equal(reg_signers_configure(s_keys), CV_OK);
    driver_t *driver = driver_forum_with(10, CV_WAITING_RULE_STRICT);
    const cv_registration_badge_open_v1_t open = {.event = CV_STR("E1"), .from_ms = T0, .until_ms = T0 + 86400000};
    EXPECT_OK(driver_register(driver, "E1", "KZ", "hddo", CV_GROUP_RULE_EACH), "registered");
    EXPECT_OK(driver_register(driver, "E1", "AZ", "h", CV_GROUP_RULE_EACH), "registered");
    EXPECT_OK(driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_BADGE_OPEN_V1, &open), "badges_open");
    return driver;
}

static void leave(driver_t **driver)
{
    driver_free(driver);
    assert_int_equal(reg_signers_configure(NULL), CV_OK);
    if (!s_keys[0])
        return;
    unlink(s_keys);
    *strrchr(s_keys, '/') = '\0';
    rmdir(s_keys);
}

static const cv_outcome_v1_t *issue(driver_t *driver, const char *party, int64_t number)
{
    cv_registration_badge_issue_v1_t request = {.event = CV_STR("E1"), .party = cv_str(party), .persons_n = number > 0};
    request.persons[0] = number;
    return driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_BADGE_ISSUE_V1, &request);
}

/* Numbers and states of the badges of a key, as "1v 2r": v valid, r revoked; in the order of numbers. */
static const char *badges_of(driver_t *driver, const char *key)
{
    static char text[128];
    driver_bytes_t rows[16];
    char next[257];
    size_t n = driver_query(driver, "badges", key, NULL, 0, rows, 16, next), at = 0;
    text[0] = '\0';
    for (int64_t number = 1; number < 10; number++) {
        for (size_t i = 0; i < n; i++) {
            const cv_registration_badge_v1_t *badge =
                &driver_read(driver, (cv_str_t){rows[i].ptr, rows[i].len}, CV_MSG_REGISTRATION_BADGE_V1)
                     ->registration_badge_v1;
            if (badge->number == number)
                at += (size_t)snprintf(text + at, sizeof text - at, "%s%lld%c", at ? " " : "", (long long)number,
                                       badge->state == CV_BADGE_STATE_VALID ? 'v' : 'r');
        }
    }
    for (size_t i = 0; i < n; i++)
        free(rows[i].ptr);
    return text;
}

static void test_who_gets_one(void **state)
{
    (void)state;
    driver_t *driver = hall(false);
    EXPECT_OK(issue(driver, "KZ", 2), "issued");
    assert_string_equal(badges_of(driver, "E1"), "2v");
    EXPECT_OK(issue(driver, NULL, 0), "issued"); /* the rest, but not who is online */
    assert_string_equal(badges_of(driver, "E1/KZ"), "1v 2v 3v");
    assert_string_equal(badges_of(driver, "E1/AZ"), "1v");
    const cv_outcome_v1_t *out = issue(driver, "KZ", 4);
    EXPECT_NO(out, "no_seat");
    assert_true(cv_str_is(out->field, "data.persons[0]"));
    EXPECT_NO(issue(driver, "KZ", 9), "not_registered");
    EXPECT_NO(issue(driver, "UNX", 0), "not_registered");
    expect(issue(driver, "JP", 0), CV_OUTCOME_CLASS_NOTFOUND, "party_unknown");
    expect(issue(driver, NULL, 1), CV_OUTCOME_CLASS_INVALID, "bad_field");
    driver_rules(driver, "E2", 10, CV_WAITING_RULE_NONE);
    driver_event(driver);
    const cv_registration_badge_issue_v1_t other = {.event = CV_STR("E2")};
    EXPECT_NO(driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_BADGE_ISSUE_V1, &other), "badges_closed");
    driver->principal = (cv_principal_t){.name = "focal-kz", .role = CV_ROLE_FOCAL_POINT, .party = "KZ"};
    EXPECT_NO(issue(driver, "KZ", 1), "badges_closed"); /* focal points were not asked to */
    expect(issue(driver, "AZ", 1), CV_OUTCOME_CLASS_DENIED, "party");
    expect(issue(driver, NULL, 0), CV_OUTCOME_CLASS_DENIED, "party");
    driver_wait_until(driver, T0 + 86400000);
    driver->principal = (cv_principal_t){.name = "secretary", .role = CV_ROLE_SECRETARIAT};
    EXPECT_NO(issue(driver, "KZ", 1), "badges_closed");
    leave(&driver);
}

static const cv_outcome_v1_t *change(driver_t *driver, int64_t number, const char *name, cv_attendance_t attendance)
{
    const cv_registration_amend_v1_t request = {
        .event = CV_STR("E1"), .party = CV_STR("KZ"), .number = number, .name = cv_str(name), .attendance = attendance};
    return driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_AMEND_V1, &request);
}

/* The revocation stands in the turn in which the holder leaves: its record is there with the decision's. */
static void expect_revoked_with(driver_t *driver, size_t records, cv_badge_cause_t cause)
{
    const cv_registration_badge_v1_t *badge =
        &driver_record(driver, records, CV_MSG_REGISTRATION_BADGE_V1)->registration_badge_v1;
    assert_int_equal(badge->state, CV_BADGE_STATE_REVOKED);
    assert_int_equal(badge->cause, cause);
    assert_int_equal(badge->revoked_ms, driver->now_ms);
    driver_record(driver, records + 1, CV_MSG_REGISTRATION_DECIDED_V1);
}

static void test_who_leaves_loses_it(void **state)
{
    (void)state;
    driver_t *driver = hall(false);
    EXPECT_OK(issue(driver, NULL, 0), "issued");
    size_t records = driver->records_n;
    EXPECT_OK(driver_withdraw(driver, "E1", "KZ", 2), "withdrawn");
    expect_revoked_with(driver, records, CV_BADGE_CAUSE_WITHDRAWN);
    driver_crash(driver);
    assert_string_equal(badges_of(driver, "E1/KZ"), "1v 2r 3v");

    EXPECT_OK(change(driver, 1, "Spelled Otherwise", CV_ATTENDANCE_ABSENT), "amended");
    assert_string_equal(badges_of(driver, "E1/KZ"), "1v 2r 3v");
    records = driver->records_n;
    EXPECT_OK(change(driver, 3, NULL, CV_ATTENDANCE_ONLINE), "amended");
    expect_revoked_with(driver, records, CV_BADGE_CAUSE_CHANGED);

    const cv_registration_substitute_v1_t swap = {
        .event = CV_STR("E1"), .party = CV_STR("KZ"), .number = 1, .name = CV_STR("Another")};
    records = driver->records_n;
    EXPECT_OK(driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_SUBSTITUTE_V1, &swap), "substituted");
    expect_revoked_with(driver, records, CV_BADGE_CAUSE_SUBSTITUTED);
    assert_string_equal(badges_of(driver, "E1/KZ"), "1r 2r 3r");
    EXPECT_OK(issue(driver, "KZ", 0), "issued");     /* a badge of his own for who came instead */
    const char *badges = badges_of(driver, "E1/KZ"); /* the two of one number stand in any order */
    assert_true(strcmp(badges, "1v 1r 2r 3r") == 0 || strcmp(badges, "1r 1v 2r 3r") == 0);
    EXPECT_OK(driver_withdraw(driver, "E1", "KZ", 0), "withdrawn");
    assert_null(strchr(badges_of(driver, "E1/KZ"), 'v'));
    assert_string_equal(badges_of(driver, "E1/AZ"), "1v");
    leave(&driver);
}

static void test_again_is_the_same(void **state)
{
    (void)state;
    driver_t *driver = hall(false);
    EXPECT_OK(issue(driver, NULL, 0), "issued");
    const cv_registration_badge_issue_v1_t request = {.event = CV_STR("E1")};
    size_t records = driver->records_n;
    EXPECT_OK(driver_send_as(driver, driver->requests, CV_MSG_REGISTRATION_BADGE_ISSUE_V1, &request), "issued");
    assert_int_equal(driver->records_n, records); /* the same request: remembered */
    EXPECT_OK(issue(driver, NULL, 0), "issued");
    assert_int_equal(driver->records_n, records); /* another one: nobody was without */
    leave(&driver);
}

/* ---- keys ---------------------------------------------------------------------------------------------------- */

static cv_badge_key_t s_known[REG_KEYS_MAX];
static size_t s_known_n;
static uint32_t s_current;

static void learn_keys(driver_t *driver)
{
    driver_bytes_t rows[16];
    char next[257];
    s_known_n = driver_query(driver, "badge_keys", NULL, NULL, 0, rows, 16, next);
    s_current = 0;
    for (size_t i = 0; i < s_known_n; i++) {
        const cv_registration_badge_key_v1_t *key =
            &driver_read(driver, (cv_str_t){rows[i].ptr, rows[i].len}, CV_MSG_REGISTRATION_BADGE_KEY_V1)
                 ->registration_badge_key_v1;
        s_known[i] =
            (cv_badge_key_t){.id = (uint32_t)key->key, .until_ms = key->until_ms, .is_revoked = key->has_revoked_ms};
        memcpy(s_known[i].public_key, key->public.ptr, CV_BADGE_PUBLIC);
        if (key->is_current)
            s_current = s_known[i].id;
        free(rows[i].ptr);
    }
}

static void print(driver_t *driver, char ret_token[CV_BADGE_TEXT + 1])
{
    const cv_registration_badge_token_v1_t *row =
        &driver_row(driver, "badge_tokens", "E1/KZ/1", CV_MSG_REGISTRATION_BADGE_TOKEN_V1)->registration_badge_token_v1;
    assert_int_equal(cv_str_copy(row->token, ret_token, CV_BADGE_TEXT + 1), CV_OK);
}

static cv_badge_fault_t verify(driver_t *driver, const char *token)
{
    cv_badge_t badge;
    uint8_t event[8];
    learn_keys(driver);
    cv_badge_event(CV_STR("E1"), event);
    return cv_badge_verify(cv_str(token), s_known, s_known_n, event, driver->now_ms, &badge);
}

static const cv_outcome_v1_t *rotate(driver_t *driver, int64_t until_ms)
{
    const cv_registration_badge_key_rotate_v1_t request = {.has_until_ms = until_ms > 0, .until_ms = until_ms};
    return driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_BADGE_KEY_ROTATE_V1, &request);
}

static void after_the_turn(driver_t *driver)
{
    bool more;
    assert_int_equal(cv_engine_afterwards(driver->engine, driver->now_ms, &more), CV_OK);
}

static void test_rotation(void **state)
{
    (void)state;
    driver_t *driver = hall(true);
    char first[CV_BADGE_TEXT + 1], again[CV_BADGE_TEXT + 1], second[CV_BADGE_TEXT + 1];
    struct stat info;
    EXPECT_OK(issue(driver, NULL, 0), "issued");
    print(driver, first);
    print(driver, again);
    assert_string_equal(first, again);
    assert_int_equal(verify(driver, first), CV_BADGE_GOOD);
    assert_int_equal(stat(s_keys, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    uint32_t key = s_current;

    EXPECT_NO(rotate(driver, driver->now_ms), "past");
    EXPECT_OK(rotate(driver, driver->now_ms + 1000), "key_rotated");
    print(driver, second);
    assert_string_not_equal(first, second);
    assert_int_equal(verify(driver, first), CV_BADGE_GOOD);
    assert_int_equal(verify(driver, second), CV_BADGE_GOOD);
    assert_int_not_equal(key, s_current);
    /* The process dies before the next key was drawn: until it is, there is nothing to rotate to. */
    expect(rotate(driver, 0), CV_OUTCOME_CLASS_UNAVAILABLE, "no_next_key");
    driver_crash(driver);
    print(driver, again);
    assert_string_equal(second, again);
    after_the_turn(driver);
    print(driver, again);
    assert_string_equal(second, again);
    driver_wait_until(driver, driver->now_ms + 1000);
    assert_int_equal(verify(driver, first), CV_BADGE_KEY_EXPIRED);

    cv_registration_badge_key_revoke_v1_t revoke_key = {.key = s_current, .reason = CV_STR("Leaked.")};
    EXPECT_OK(driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_BADGE_KEY_REVOKE_V1, &revoke_key),
              "key_revoked");
    assert_int_equal(verify(driver, second), CV_BADGE_KEY_REVOKED);
    print(driver, again);
    assert_int_equal(verify(driver, again), CV_BADGE_GOOD);
    revoke_key.key = 7;
    EXPECT_NO(driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_BADGE_KEY_REVOKE_V1, &revoke_key),
              "key_unknown");
    leave(&driver);
}

static void test_lost_file(void **state)
{
    (void)state;
    driver_t *driver = hall(true);
    char before[CV_BADGE_TEXT + 1], after[CV_BADGE_TEXT + 1];
    EXPECT_OK(issue(driver, NULL, 0), "issued");
    print(driver, before);
    assert_int_equal(unlink(s_keys), 0);
    driver_crash(driver); /* another file is made */
    assert_int_equal(driver_query_refused(driver, "badge_tokens", "E1/KZ/1"), CV_REFUSED_CODE_UNAVAILABLE);
    EXPECT_OK(rotate(driver, 0), "key_rotated");
    print(driver, after);
    assert_string_not_equal(before, after);
    assert_int_equal(verify(driver, before), CV_BADGE_GOOD); /* what was printed stays good */
    assert_int_equal(verify(driver, after), CV_BADGE_GOOD);
    leave(&driver);
}

static void test_file_of_others(void **state)
{
    (void)state;
    driver_t *driver = hall(true);
    reg_signers_t signers = {0};
    assert_int_equal(chmod(s_keys, 0640), 0);
    assert_int_equal(reg_signers_load(&signers), CV_EINVAL);
    assert_false(signers.has);
    assert_int_equal(chmod(s_keys, 0600), 0);
    assert_int_equal(reg_signers_load(&signers), CV_OK);
    assert_int_equal(truncate(s_keys, 100), 0);
    assert_int_equal(reg_signers_load(&signers), CV_EINVAL);
    assert_int_equal(unlink(s_keys), 0);
    leave(&driver);
}

/* ---- snapshots, and databases from before -------------------------------------------------------------------- */

static void test_snapshot(void **state)
{
    (void)state;
    driver_t *driver = hall(true);
    const cv_log_snapshot_v1_t question = {.stream = CV_STR("registration.events")};
    size_t badges = 0, keys = 0, periods = 0, attendance = 0;
    EXPECT_OK(issue(driver, NULL, 0), "issued");
    driver_question(driver, CV_MSG_LOG_SNAPSHOT_V1, &question);
    driver_bytes_t answer = driver->answer;
    driver->answer = (driver_bytes_t){0};
    const cv_log_page_v1_t page =
        driver_read(driver, (cv_str_t){answer.ptr, answer.len}, CV_MSG_LOG_PAGE_V1)->log_page_v1;
    cv_reader_t *reader = cv_reader_new();
    for (size_t i = 0; i < page.records.n; i++) {
        cv_msg_t msg;
        assert_int_equal(cv_msg_read(reader, cv_records_at(&page.records, i), &msg, NULL), CV_OK);
        badges += msg.info->number == CV_MSG_REGISTRATION_BADGE_V1;
        keys += msg.info->number == CV_MSG_REGISTRATION_BADGE_KEY_V1;
        periods += msg.info->number == CV_MSG_REGISTRATION_BADGE_PERIOD_V1;
        attendance += msg.info->number == CV_MSG_REGISTRATION_ATTENDANCE_V1;
    }
    cv_reader_destroy(&reader);
    free(answer.ptr);
    assert_int_equal(badges, 4);
    assert_int_equal(keys, 1);
    assert_int_equal(periods, 1);
    assert_int_equal(attendance, 2);
    leave(&driver);
}

/* A database that was made before there were badges gets their tables, and keeps what it has. */
static void test_migration(void **state)
{
    (void)state;
    char directory[] = "/tmp/test-badge-old-XXXXXX", path[96], error[256] = "";
    cv_db_t *db = NULL;
    cv_stmt_t *row = NULL;
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/registration.db", directory);
    cv_db_options_t options = {.path = path,
                               .application_id = reg_service.application_id,
                               .migrations = reg_service.migrations,
                               .migrations_n = 1};
    assert_int_equal(cv_db_open(&options, &db, error, sizeof error), CV_OK);
    assert_int_equal(cv_db_exec(db, "INSERT INTO party VALUES(1, 'KZ', 1, 'Kazakhstan', 1)"), CV_OK);
    cv_db_close(&db);
    options.migrations_n = reg_service.migrations_n;
    assert_int_equal(cv_db_open(&options, &db, error, sizeof error), CV_OK);
    reg_badges_t *badges = NULL;
    assert_int_equal(reg_badges_open(db, &badges), CV_OK);
    reg_badges_close(&badges);
    assert_int_equal(cv_db_prepare(db, "SELECT code FROM party", &row), CV_OK);
    assert_int_equal(cv_stmt_step(row), 1);
    assert_true(cv_str_is(cv_stmt_get_text(row, 0), "KZ"));
    cv_stmt_reset(row);
    /* The table itself lets no person have two badges that are valid. */
    assert_int_equal(cv_db_exec(db, "INSERT INTO badge VALUES(1,1,1,5,1,1,1,2,0,0,NULL,NULL)"), CV_OK);
    assert_int_equal(cv_db_exec(db, "INSERT INTO badge VALUES(2,1,1,5,1,1,1,2,9,1,NULL,NULL)"), CV_OK);
    assert_int_equal(cv_db_exec(db, "INSERT INTO badge VALUES(3,1,1,5,1,1,1,2,0,0,NULL,NULL)"), CV_ECONFLICT);
    cv_db_close(&db);
    static const char *const FILES[] = {"", "-wal", "-shm", ".lock"};
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        char file[128];
        snprintf(file, sizeof file, "%s%s", path, FILES[i]);
        unlink(file);
    }
    rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_gets_one),      cmocka_unit_test(test_who_leaves_loses_it),
        cmocka_unit_test(test_again_is_the_same), cmocka_unit_test(test_rotation),
        cmocka_unit_test(test_lost_file),         cmocka_unit_test(test_file_of_others),
        cmocka_unit_test(test_snapshot),          cmocka_unit_test(test_migration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
