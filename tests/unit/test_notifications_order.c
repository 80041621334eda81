/* test_notifications_order: what came first is said by versions and epochs, whatever clocks and snapshots look like.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/core.h"

#include "notifications_forum.h"

static void close_registration(drv_t *drv, bool closed)
{
    drv->streams[DRV_EVENTS].closed = drv->streams[DRV_PRIVATE].closed = closed;
}

static void move_to(drv_t *drv, int64_t version, const char *city)
{
    cv_scheduling_event_v1_t event = forum(version);
    event.event_details.city = cv_str(city);
    tell_event(drv, &event);
}

/* Notices of changes for this party. */
static int64_t told(drv_t *drv, const char *party)
{
    char sql[128];
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM ntf_delivery WHERE kind = %d AND party = '%s'", NTF_EVENT_CHANGE,
             party);
    return drv_number(drv, sql);
}

static void state_of(drv_t *drv, const char *party, int64_t since_version)
{
    cv_registration_delegation_v1_t delegation = {.event = CV_STR("FORUM"),
                                                  .party = cv_str(party),
                                                  .answer = CV_PARTY_ANSWER_REGISTERED,
                                                  .confirmed = 1,
                                                  .has_since_version = since_version > 0,
                                                  .since_version = since_version};
    drv_state(drv, DRV_EVENTS, CV_MSG_REGISTRATION_DELEGATION_V1, &delegation);
}

/* ---- who is told of a change --------------------------------------------------------------- */

/* Change, then a snapshot of registration, then the change is read: who registered before the change is told. */
static void test_snapshot_between_change_and_reading(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    tell_registered(drv, KZ);
    drv_run(drv, 500, true);
    drv->streams[DRV_SCHEDULING].closed = true;
    move_to(drv, 2, "Ganja");
    drv->ms += 1000;
    drv_new_epoch(drv, DRV_EVENTS);
    drv_new_epoch(drv, DRV_PRIVATE);
    state_of(drv, KZ, 1);
    state_of(drv, "UZ", 2); /* registered when registration knew of the change */
    drv_run(drv, 1000, true);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_answer"), 2);
    assert_int_equal(told(drv, KZ), 0);
    drv->streams[DRV_SCHEDULING].closed = false;
    drv_run(drv, 4000, true);
    assert_int_equal(told(drv, KZ), 1);
    assert_int_equal(told(drv, "UZ"), 0);
}

/* The change is read first; that the delegation had registered before is known from a snapshot only. */
static void test_known_from_a_snapshot_only(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    drv_run(drv, 200, true);
    close_registration(drv, true);
    tell_registered(drv, KZ);
    move_to(drv, 2, "Ganja");
    tell_registered(drv, "UZ");
    drv_run(drv, 500, true);
    for (int i = 0; i < 2; i++) { /* the second snapshot tells nobody twice */
        drv_new_epoch(drv, DRV_EVENTS);
        drv_new_epoch(drv, DRV_PRIVATE);
        if (i == 0) {
            state_of(drv, KZ, 1);
            state_of(drv, "UZ", 2);
        }
        close_registration(drv, false);
        drv_run(drv, 4000, true);
        assert_int_equal(told(drv, KZ), 1);
        assert_int_equal(told(drv, "UZ"), 0);
    }
    /* Nor does a decision that changes nothing. */
    tell_decided(drv, KZ, CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_REGISTERED, 0);
    drv_run(drv, 1000, true);
    assert_int_equal(told(drv, KZ), 1);
}

static void test_clocks_that_step_back(void **state)
{
    for (int order = 0; order < 2; order++) { /* decisions seen before the change, and behind it */
        drv_t *drv = *state;
        if (order == 1) {
            drv_destroy(&drv);
            *state = drv = drv_new();
        }
        tell_catalogue(drv);
        drv_run(drv, 200, true);
        close_registration(drv, order == 1);
        tell_registered(drv, KZ);
        drv_run(drv, 500, true);
        drv->ms -= HOUR_MS; /* for scheduling, and then for registration */
        move_to(drv, 2, "Ganja");
        drv->ms -= HOUR_MS;
        tell_registered(drv, "UZ");
        drv->ms += 2 * HOUR_MS;
        drv_run(drv, 500, true);
        close_registration(drv, false);
        drv_run(drv, 4000, true);
        assert_int_equal(told(drv, KZ), 1);
        assert_int_equal(told(drv, "UZ"), 0);
    }
}

/* A scheduling that was restored makes the versions above its backup a second time. */
static void test_versions_made_again(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    move_to(drv, 2, "Ganja");
    move_to(drv, 3, "Sheki");
    drv_run(drv, 200, true);
    tell_registered(drv, KZ); /* under version 3 */
    drv_run(drv, 500, true);
    drv_new_epoch(drv, DRV_SCHEDULING);
    cv_scheduling_event_v1_t event = forum(2);
    event.event_details.city = CV_STR("Ganja");
    drv_state(drv, DRV_SCHEDULING, CV_MSG_SCHEDULING_EVENT_V1, &event);
    drv->version = 2;
    drv_run(drv, 3000, true);
    tell_registered(drv, "UZ");
    drv_run(drv, 500, true);
    assert_int_equal(told(drv, KZ), 0);
    assert_int_equal(told(drv, "UZ"), 0); /* of the version 3 that is no more */
    move_to(drv, 3, "Baku");
    drv_run(drv, 1000, true);
    assert_int_equal(told(drv, KZ), 1);
    assert_int_equal(told(drv, "UZ"), 1);
}

/* Records of a registration that names no versions go by what is known here. */
static void test_without_versions(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    move_to(drv, 2, "Ganja");
    drv_run(drv, 200, true);
    drv->version = 0;
    tell_registered(drv, KZ);
    drv_run(drv, 500, true);
    assert_int_equal(told(drv, KZ), 0);
    drv_new_epoch(drv, DRV_EVENTS);
    drv_new_epoch(drv, DRV_PRIVATE);
    state_of(drv, KZ, 0);
    drv_run(drv, 2000, true);
    assert_int_equal(told(drv, KZ), 0);
    move_to(drv, 3, "Sheki");
    drv_run(drv, 1000, true);
    assert_int_equal(told(drv, KZ), 1);
}

/* ---- which contact data a notice waits for -------------------------------------------------- */

static void snapshot_contact(drv_t *drv, const char *email)
{
    cv_registration_contact_v1_t contact = {.event = CV_STR("FORUM"),
                                            .party = CV_STR(KZ),
                                            .has_contact = true,
                                            .contact = {.name = CV_STR("N"), .email = cv_str(email)}};
    drv_state(drv, DRV_PRIVATE, CV_MSG_REGISTRATION_CONTACT_V1, &contact);
}

/* The decision is of the history before a restore, and read when the contact data is of the one after it. */
static void test_decision_of_the_epoch_before(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    tell_contact(drv, KZ, "old@kz.example");
    drv_run(drv, 500, true);
    drv->streams[DRV_EVENTS].closed = true;
    uint64_t lost = drv->streams[DRV_PRIVATE].head + 900;
    tell_decided(drv, KZ, CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_REGISTERED, lost);
    drv_new_epoch(drv, DRV_PRIVATE);
    snapshot_contact(drv, "new@kz.example");
    drv_run(drv, 3000, true);
    drv->streams[DRV_EVENTS].closed = false;
    drv_run(drv, 3000, true); /* read now: for all we know the contact data is still to come */
    assert_int_equal(drv_number(drv, "SELECT hold FROM ntf_delivery"), NTF_HOLD_PRIVATE);
    drv_new_epoch(drv, DRV_EVENTS);
    state_of(drv, KZ, 1);
    drv_run(drv, 3 * NTF_WAITING_MS, true);
    assert_int_equal(drv_files(drv), 1);
    assert_written(drv, EVENTS_ID "1.KZ", "new@kz.example");
}

/* The decision is of the history after a restore, and read while the contact data is of the one before it. */
static void test_decision_of_the_epoch_to_come(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    tell_contact(drv, KZ, "old@kz.example");
    tell_contact(drv, KZ, "old@kz.example");
    drv_run(drv, 500, true);
    drv->streams[DRV_PRIVATE].closed = true;
    drv_new_epoch(drv, DRV_EVENTS);
    drv_new_epoch(drv, DRV_PRIVATE);
    drv_run(drv, 3000, true);
    tell_decided(drv, KZ, CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_REGISTERED, 1); /* a number that was seen, of another */
    drv_run(drv, 3 * NTF_WAITING_MS, true);
    assert_int_equal(drv_files(drv), 0);
    assert_int_equal(drv_number(drv, "SELECT hold FROM ntf_delivery"), NTF_HOLD_PRIVATE);
    snapshot_contact(drv, "new@kz.example");
    drv->streams[DRV_PRIVATE].closed = false;
    drv_run(drv, 3 * NTF_WAITING_MS, true);
    assert_int_equal(drv_files(drv), 1);
    assert_written(drv, "registration.events.1211111111111111.1.KZ", "new@kz.example");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_snapshot_between_change_and_reading, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_known_from_a_snapshot_only, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_clocks_that_step_back, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_versions_made_again, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_without_versions, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_decision_of_the_epoch_before, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_decision_of_the_epoch_to_come, drv_setup, drv_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
