/* test_registration_consent: what persons agreed to is recorded, ends when it must, and takes their data with it where
 * these rest on it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "registration/consent.h"
#include "registration/document.h"
#include "registration_driver.h"
#include "stored.h"

#include <sodium.h>

static const int64_t DAY = 24 * 3600 * 1000;

typedef struct {
    int64_t person;
    cv_consent_purpose_t purpose;
    const char *given, *until; /* NULL: not said */
} agreed_t;

static const cv_outcome_v1_t *put(driver_t *driver, agreed_t agreed)
{
    const cv_registration_consent_put_v1_t request = {.event = CV_STR("E1"),
                                                      .party = CV_STR("KZ"),
                                                      .number = agreed.person,
                                                      .purpose = agreed.purpose,
                                                      .text = CV_STR("privacy-2026-1"),
                                                      .given = cv_str(agreed.given),
                                                      .until = cv_str(agreed.until)};
    return driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_CONSENT_PUT_V1, &request);
}

static const cv_outcome_v1_t *takes_back(driver_t *driver, int64_t person, cv_consent_purpose_t purpose)
{
    const cv_registration_consent_withdraw_v1_t request = {
        .event = CV_STR("E1"), .party = CV_STR("KZ"), .number = person, .purpose = purpose};
    return driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_CONSENT_WITHDRAW_V1, &request);
}

static size_t count(driver_t *driver, const char *what, const char *key)
{
    driver_bytes_t rows[64] = {{0}};
    char next[257];
    size_t n = driver_query(driver, what, key, NULL, 64, rows, 64, next);
    for (size_t i = 0; i < n; i++)
        free(rows[i].ptr);
    return n;
}

static const cv_registration_consent_v1_t *only(driver_t *driver, const char *key)
{
    return &driver_row(driver, "consents", key, CV_MSG_REGISTRATION_CONSENT_V1)->registration_consent_v1;
}

/* How consents ended: the only thing besides numbers that is looked up in the table. */
static int64_t ended(driver_t *driver, cv_consent_end_t end)
{
    char sql[80];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM consent WHERE end = %d", (int)end);
    return driver_number(driver, sql);
}

static int64_t confirmed(driver_t *driver)
{
    return driver_row(driver, "events", "E1", CV_MSG_REGISTRATION_SEATS_V1)->registration_seats_v1.confirmed;
}

/* E1 has `capacity` seats; two of KZ and one of AZ ask for them, in that order. */
static driver_t *forum(int capacity)
{
    driver_t *driver = driver_forum_with(capacity, CV_WAITING_RULE_STRICT);
    EXPECT_OK(driver_register(driver, "E1", "KZ", "dd", CV_GROUP_RULE_EACH), "registered");
    (void)driver_register(driver, "E1", "AZ", "d", CV_GROUP_RULE_EACH);
    return driver;
}

#define TAKES_PART CV_CONSENT_PURPOSE_PARTICIPATION
#define PHOTOS CV_CONSENT_PURPOSE_PHOTOGRAPHS

static void recorded_shown_replaced(void **state)
{
    (void)state;
    driver_t *driver = forum(10);
    size_t records = driver->records_n;
    EXPECT_OK(put(driver, (agreed_t){1, TAKES_PART, "2025-12-30", "2026-12-31"}), "consent_recorded");
    assert_int_equal(driver->records_n, records); /* on no stream */
    const cv_registration_consent_v1_t *consent = only(driver, "E1/KZ/1");
    assert_true(cv_str_is(consent->text, "privacy-2026-1") && cv_str_is(consent->given, "2025-12-30"));
    assert_true(cv_str_is(consent->until, "2026-12-31") && cv_str_is(consent->by, "secretary"));
    assert_int_equal(consent->purpose, TAKES_PART);
    assert_int_equal(consent->end, 0);
    EXPECT_OK(put(driver, (agreed_t){1, TAKES_PART, NULL, NULL}), "consent_recorded");
    EXPECT_OK(put(driver, (agreed_t){2, PHOTOS, NULL, NULL}), "consent_recorded");
    driver_crash(driver);
    assert_int_equal(count(driver, "consents", "E1/KZ/1"), 2);
    assert_int_equal(count(driver, "consents", "E1/KZ"), 3);
    assert_int_equal(count(driver, "consents", "E1/AZ"), 0);
    assert_int_equal(count(driver, "consents", "E1"), 3);
    assert_int_equal(ended(driver, CV_CONSENT_END_REPLACED), 1);
    EXPECT_NO(put(driver, (agreed_t){9, PHOTOS, NULL, NULL}), "not_registered");
    EXPECT_NO(put(driver, (agreed_t){1, PHOTOS, "2026-02-01", NULL}), "consent_not_given"); /* it is January */
    EXPECT_NO(put(driver, (agreed_t){1, PHOTOS, NULL, "2025-06-30"}), "consent_over");
    EXPECT_NO(put(driver, (agreed_t){1, PHOTOS, "2026-01-01", "2025-12-31"}), "consent_over");
    assert_int_equal(driver_number(driver, "SELECT count(*) FROM consent"), 3);
    driver_free(&driver);
}

static void another_purpose_just_ends(void **state)
{
    (void)state;
    driver_t *driver = forum(10);
    EXPECT_NO(takes_back(driver, 1, PHOTOS), "no_consent");
    EXPECT_OK(put(driver, (agreed_t){1, PHOTOS, NULL, "2026-01-20"}), "consent_recorded");
    EXPECT_OK(takes_back(driver, 1, PHOTOS), "consent_withdrawn");
    EXPECT_NO(takes_back(driver, 1, PHOTOS), "no_consent");
    EXPECT_OK(put(driver, (agreed_t){1, PHOTOS, NULL, "2026-01-20"}), "consent_recorded");
    driver_wait_until(driver, T0 + 60 * DAY);
    assert_int_equal(ended(driver, CV_CONSENT_END_LAPSED), 1);
    assert_int_equal(confirmed(driver), 3);
    assert_int_equal(driver_number(driver, "SELECT count(*) FROM person WHERE sealed IS NULL"), 0);
    driver_free(&driver);
}

/* The seat goes with the data, to who waits for it. */
static void withdrawn_with_the_data(void **state)
{
    (void)state;
    driver_t *driver = forum(2);
    EXPECT_OK(put(driver, (agreed_t){1, TAKES_PART, NULL, NULL}), "consent_recorded");
    EXPECT_OK(put(driver, (agreed_t){1, PHOTOS, NULL, NULL}), "consent_recorded");
    EXPECT_OK(takes_back(driver, 1, TAKES_PART), "erased");
    assert_int_equal(confirmed(driver), 2); /* AZ has moved up */
    assert_int_equal(driver_number(driver, "SELECT count(*) FROM person WHERE sealed IS NULL"), 1);
    assert_int_equal(ended(driver, CV_CONSENT_END_WITHDRAWN), 1);
    assert_int_equal(ended(driver, CV_CONSENT_END_ERASED), 1); /* photographs: there is nobody to be on them */
    assert_int_equal(count(driver, "consents", "E1/KZ/1"), 2); /* the proof stays */
    EXPECT_NO(takes_back(driver, 1, TAKES_PART), "already_erased");
    EXPECT_NO(put(driver, (agreed_t){1, TAKES_PART, NULL, NULL}), "already_erased");
    driver_free(&driver);
}

static void run_out_before_the_event(void **state)
{
    (void)state;
    driver_t *driver = forum(2);
    EXPECT_OK(put(driver, (agreed_t){2, TAKES_PART, NULL, "2026-01-10"}), "consent_recorded");
    const int64_t until_ms = driver_number(driver, "SELECT until_ms FROM consent");
    driver_wait_until(driver, until_ms - 1);
    assert_int_equal(driver_number(driver, "SELECT count(*) FROM consent WHERE end = 0"), 1);
    assert_int_equal(driver_number(driver, "SELECT count(*) FROM person WHERE sealed IS NULL"), 0);
    size_t records = driver->records_n;
    driver_wait_until(driver, until_ms + 1);
    assert_int_equal(ended(driver, CV_CONSENT_END_LAPSED), 1);
    assert_int_equal(driver_number(driver, "SELECT count(*) FROM person WHERE sealed IS NULL"), 1);
    assert_int_equal(confirmed(driver), 2); /* one of KZ, and AZ who waited */
    assert_int_equal(driver->records_n, records + 2);
    const cv_registration_lapsed_v1_t *lapsed =
        &driver_record(driver, records, CV_MSG_REGISTRATION_LAPSED_V1)->registration_lapsed_v1;
    assert_int_equal(lapsed->cause, CV_LAPSE_CAUSE_CONSENT);
    assert_int_equal(lapsed->expires_ms, until_ms);
    assert_int_equal(lapsed->persons_n, 1);
    assert_int_equal(lapsed->persons[0].number, 2);
    assert_int_equal(lapsed->seats.party_confirmed, 1);
    (void)driver_record(driver, records + 1, CV_MSG_REGISTRATION_PROMOTED_V1);
    driver_free(&driver);
}

/* Two at one event, the service down over both, and the second one's day put later meanwhile is not the first one's. */
static void run_out_while_nobody_was_there(void **state)
{
    (void)state;
    driver_t *driver = forum(10);
    EXPECT_OK(put(driver, (agreed_t){1, TAKES_PART, NULL, "2026-01-10"}), "consent_recorded");
    EXPECT_OK(put(driver, (agreed_t){2, TAKES_PART, NULL, "2026-01-12"}), "consent_recorded");
    EXPECT_OK(put(driver, (agreed_t){1, TAKES_PART, NULL, "2026-03-10"}), "consent_recorded");
    driver_crash(driver);
    driver_wait_until(driver, T0 + 40 * DAY);
    assert_int_equal(ended(driver, CV_CONSENT_END_LAPSED), 1);
    assert_int_equal(driver_number(driver, "SELECT count(*) FROM person WHERE sealed IS NULL"), 1);
    assert_int_equal(driver_number(driver, "SELECT number FROM person WHERE sealed IS NULL"), 2);
    driver_wait_until(driver, T0 + 90 * DAY);
    assert_int_equal(ended(driver, CV_CONSENT_END_LAPSED), 2);
    assert_int_equal(driver_number(driver, "SELECT count(*) FROM person WHERE sealed IS NULL"), 2);
    assert_int_equal(confirmed(driver), 1);
    driver_free(&driver);
}

static void not_inherited(void **state)
{
    (void)state;
    driver_t *driver = forum(10);
    EXPECT_OK(put(driver, (agreed_t){2, TAKES_PART, NULL, "2026-01-10"}), "consent_recorded");
    const cv_registration_substitute_v1_t swap = {
        .event = CV_STR("E1"), .party = CV_STR("KZ"), .number = 2, .name = CV_STR("Somebody Else")};
    EXPECT_OK(driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_SUBSTITUTE_V1, &swap), "substituted");
    assert_int_equal(ended(driver, CV_CONSENT_END_SUBSTITUTED), 1);
    driver_wait_until(driver, T0 + 40 * DAY);
    assert_int_equal(confirmed(driver), 3); /* who came instead has not agreed to leave on that day */
    driver_free(&driver);
}

static void for_the_secretariat_and_the_own_focal_point(void **state)
{
    (void)state;
    driver_t *driver = forum(10);
    EXPECT_OK(put(driver, (agreed_t){1, PHOTOS, NULL, NULL}), "consent_recorded");
    int64_t before = driver_number(driver, "SELECT count(*) FROM access");
    const struct {
        unsigned role;
        const char *party, *key;
        bool may;
    } who[] = {
        {CV_ROLE_FOCAL_POINT, "KZ", "E1/KZ", true},    {CV_ROLE_FOCAL_POINT, "KZ", "E1", false},
        {CV_ROLE_FOCAL_POINT, "AZ", "E1/KZ/1", false}, {CV_ROLE_SERVICE, "", "E1/KZ", false},
        {CV_ROLE_OPERATOR, "", "E1/KZ", false},        {CV_ROLE_OBSERVER, "", "E1", false},
        {CV_ROLE_SECRETARIAT, "", "E1", true},
    };
    for (size_t i = 0; i < sizeof who / sizeof *who; i++) {
        driver->principal = (cv_principal_t){.role = who[i].role};
        snprintf(driver->principal.name, sizeof driver->principal.name, "one");
        snprintf(driver->principal.party, sizeof driver->principal.party, "%s", who[i].party);
        if (who[i].may)
            assert_int_equal(count(driver, "consents", who[i].key), 1);
        else
            assert_int_equal(driver_query_refused(driver, "consents", who[i].key), CV_REFUSED_CODE_DENIED);
    }
    assert_int_equal(driver_number(driver, "SELECT count(*) FROM access") - before, 2); /* both readings left a trace */
    driver_free(&driver);
}

/* What ended stays as proof for as long as readings do. */
static void the_proof_ends(void **state)
{
    (void)state;
    driver_t *driver = forum(10);
    reg_access_days(10);
    EXPECT_OK(put(driver, (agreed_t){1, PHOTOS, NULL, NULL}), "consent_recorded");
    EXPECT_OK(put(driver, (agreed_t){2, PHOTOS, NULL, NULL}), "consent_recorded");
    EXPECT_OK(takes_back(driver, 1, PHOTOS), "consent_withdrawn");
    driver_wait_until(driver, T0 + 5 * DAY);
    EXPECT_OK(takes_back(driver, 2, PHOTOS), "consent_withdrawn");
    driver_wait_until(driver, T0 + 9 * DAY);
    assert_int_equal(driver_number(driver, "SELECT count(*) FROM consent"), 2);
    driver_wait_until(driver, T0 + 12 * DAY);
    assert_int_equal(driver_number(driver, "SELECT count(*) FROM consent"), 1);
    driver_crash(driver);
    driver_wait_until(driver, T0 + 30 * DAY);
    assert_int_equal(driver_number(driver, "SELECT count(*) FROM consent"), 0);
    reg_access_days(365);
    driver_free(&driver);
}

int main(void)
{
#define T(name) cmocka_unit_test(name)
    const struct CMUnitTest tests[] = {
        T(recorded_shown_replaced),
        T(another_purpose_just_ends),
        T(withdrawn_with_the_data),
        T(run_out_before_the_event),
        T(run_out_while_nobody_was_there),
        T(not_inherited),
        T(for_the_secretariat_and_the_own_focal_point),
        T(the_proof_ends),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
