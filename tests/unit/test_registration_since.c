/* test_registration_since: under which version of its event an answer was given: told with decisions and in snapshots.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "registration/registration.h"
#include "registration_driver.h"

static int64_t since(driver_t *driver, const char *key)
{
    const cv_registration_delegation_v1_t *row =
        &driver_row(driver, "delegation", key, CV_MSG_REGISTRATION_DELEGATION_V1)->registration_delegation_v1;
    return row->has_since_version ? row->since_version : 0;
}

/* Of the last decision. */
static int64_t decided_under(driver_t *driver)
{
    const cv_registration_decided_v1_t *decided =
        &driver_record(driver, driver->records_n - 1, CV_MSG_REGISTRATION_DECIDED_V1)->registration_decided_v1;
    return decided->has_version ? decided->version : 0;
}

/* A scheduling that was restored: its snapshot holds the event in this version. */
static void snapshot(driver_t *driver, int64_t version)
{
    driver->scheduling = (cv_position_t){.epoch = {9, 9, 9, 9, 9, 9, 9, 9}, .seq = 40};
    uint8_t position[CV_POSITION_LEN];
    cv_position_write(&driver->scheduling, position);
    cv_engine_feed(driver->engine, 0, (cv_str_t){(const char *)position, sizeof position}, CV_STR_NONE,
                   driver->mono_ms);
    driver_turn(driver);
    const cv_log_refused_v1_t refused = {.code = CV_REFUSED_CODE_EPOCH, .text = CV_STR("another history")};
    driver_reply(driver, "convene.log.fetch.v1", CV_MSG_LOG_REFUSED_V1, &refused);
    driver_bytes_t records[2] = {0};
    driver->event.version = driver->version = version;
    driver_keep(&records[0], driver_scheduling_record(driver, CV_MSG_SCHEDULING_EVENT_V1, &driver->event));
    const cv_scheduling_party_v1_t party = {.code = CV_STR("KZ"), .kind = CV_PARTY_KIND_MEMBER, .name = CV_STR("KZ")};
    driver_keep(&records[1], driver_scheduling_record(driver, CV_MSG_SCHEDULING_PARTY_V1, &party));
    cv_str_t views[] = {{records[0].ptr, records[0].len}, {records[1].ptr, records[1].len}};
    const cv_log_page_v1_t page = {.records = {.n = 2, .list = views},
                                   .position = {(const char *)position, sizeof position},
                                   .has_page = true,
                                   .last = true};
    driver_reply(driver, "convene.log.snapshot.v1", CV_MSG_LOG_PAGE_V1, &page);
    for (size_t i = 0; i < 2; i++)
        free(records[i].ptr);
}

static void test_since(void **state)
{
    (void)state;
    driver_t *driver = driver_new(1767225600000);
    driver_meet(driver);
    driver_party(driver, "KZ", CV_PARTY_KIND_MEMBER);
    driver_party(driver, "AZ", CV_PARTY_KIND_MEMBER);
    driver_rules(driver, "E1", 10, CV_WAITING_RULE_STRICT);
    driver_event(driver);
    driver_event(driver);
    EXPECT_OK(driver_register(driver, "E1", "KZ", "d", 0), "registered");
    assert_int_equal(decided_under(driver), 2);
    assert_int_equal(since(driver, "E1/KZ"), 2);
    driver_event(driver);
    EXPECT_OK(driver_register(driver, "E1", "KZ", "d", 0), "registered"); /* the same answer once more */
    assert_int_equal(decided_under(driver), 3);
    assert_int_equal(since(driver, "E1/KZ"), 2);
    EXPECT_OK(driver_decline(driver, "E1", "AZ"), "declined");
    assert_int_equal(since(driver, "E1/AZ"), 3);
    driver_event(driver);
    EXPECT_OK(driver_withdraw(driver, "E1", "KZ", 0), "withdrawn");
    driver_event(driver);
    EXPECT_OK(driver_register(driver, "E1", "KZ", "d", 0), "registered");
    assert_int_equal(since(driver, "E1/KZ"), 5);
    driver_crash(driver); /* it is in the database */
    assert_int_equal(since(driver, "E1/KZ"), 5);
    assert_int_equal(since(driver, "E1/AZ"), 3);
    driver_free(&driver);
}

/* Versions will be made a second time: who answered under one that is no more did so before those. */
static void test_versions_made_again(void **state)
{
    (void)state;
    driver_t *driver = driver_new(1767225600000);
    driver_meet(driver);
    driver_party(driver, "KZ", CV_PARTY_KIND_MEMBER);
    driver_rules(driver, "E1", 10, CV_WAITING_RULE_STRICT);
    for (int i = 0; i < 5; i++)
        driver_event(driver);
    EXPECT_OK(driver_register(driver, "E1", "KZ", "d", 0), "registered");
    assert_int_equal(since(driver, "E1/KZ"), 5);
    snapshot(driver, 3);
    assert_int_equal(since(driver, "E1/KZ"), 3);
    EXPECT_OK(driver_register(driver, "E1", "KZ", "d", 0), "registered");
    assert_int_equal(decided_under(driver), 3);
    driver_crash(driver);
    assert_int_equal(since(driver, "E1/KZ"), 3);
    driver_free(&driver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_since), cmocka_unit_test(test_versions_made_again)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
