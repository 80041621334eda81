/* test_notifications_ping: recipients are asked once per interval, and what they do not answer is told at its instant.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/ping.h"

#include "notifications_forum.h"

static int64_t s_asked(drv_t *drv)
{
    return drv_number(drv, "SELECT count(*) FROM ntf_delivery WHERE topic = 8");
}

static int64_t s_state(drv_t *drv)
{
    return drv_number(drv, "SELECT state FROM ntf_ping WHERE party = 'KZ' AND ord = 2");
}

/* The code of the outcome, until the next one. */
static const char *confirm(drv_t *drv, int64_t order)
{
    static const cv_principal_t kz = {.name = "kz", .role = CV_ROLE_FOCAL_POINT, .party = "KZ"};
    static int number;
    static char code[64];
    char id[64];
    cv_notifications_contact_confirm_v1_t data = {.party = CV_STR(KZ), .order = order};
    snprintf(id, sizeof(id), "0190163d-8694-739b-aea6-%012d", ++number);
    cv_str_t said = drv_decide_as(drv, &kz, id, CV_MSG_NOTIFICATIONS_CONTACT_CONFIRM_V1, &data);
    assert_int_equal(cv_str_copy(said, code, sizeof(code)), CV_OK);
    drv_run(drv, 200, true);
    return code;
}

static void begin(drv_t *drv, const char *interval)
{
    assert_null(ntf_ping_configure(cv_str(interval), CV_STR("14d")));
    drv_restart(drv);
    tell_catalogue(drv);
    recipient(drv, 2, "desk@kz.example");
    drv_run(drv, 500, true);
}

static void test_settings(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "90", "d", "0d", "-1d", "1w", "3651d", "1.5d", "1 d"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_string_equal(ntf_ping_configure(cv_str(bad[i]), CV_STR("14d")), "notifications/ping");
    assert_string_equal(ntf_ping_configure(CV_STR("90d"), CV_STR("0")), "notifications/ping_answer");
    assert_null(ntf_ping_configure(CV_STR("0"), CV_STR("14d")));
}

static void test_off(void **state)
{
    drv_t *drv = *state;
    begin(drv, "0");
    jump(drv, 900 * DAY_MS);
    assert_int_equal(s_asked(drv), 0);
}

static void test_asked_and_answered(void **state)
{
    drv_t *drv = *state;
    begin(drv, "90d");
    recipient(drv, 1, "first@kz.example");
    jump(drv, 89 * DAY_MS);
    assert_int_equal(s_asked(drv), 0);
    jump(drv, DAY_MS);
    assert_int_equal(s_asked(drv), 2);
    assert_int_equal(s_state(drv), NTF_CONTACT_ASKED);
    assert_int_equal(drv_files(drv), 2); /* each to its own */
    drv_restart(drv);
    jump(drv, 13 * DAY_MS);
    assert_int_equal(s_asked(drv), 2); /* once */
    assert_string_equal(confirm(drv, 2), "contact_confirmed");
    assert_int_equal(s_state(drv), NTF_CONTACT_CONFIRMED);
    assert_string_equal(confirm(drv, 7), "no_such_contact");
    assert_string_equal(confirm(drv, 0), "no_such_contact");
    drv_restart(drv);
    jump(drv, 89 * DAY_MS);
    assert_int_equal(s_state(drv), NTF_CONTACT_CONFIRMED);
    jump(drv, DAY_MS);
    assert_int_equal(s_state(drv), NTF_CONTACT_ASKED); /* again, after the interval */
    assert_int_equal(s_asked(drv), 3);
}

static void test_unanswered(void **state)
{
    drv_t *drv = *state;
    begin(drv, "90d");
    jump(drv, 90 * DAY_MS);
    int64_t asked_ms = drv_number(drv, "SELECT since_ms FROM ntf_ping");
    drv->ms = asked_ms + 14 * DAY_MS - 1000;
    drv_run(drv, 900, true);
    assert_int_equal(s_state(drv), NTF_CONTACT_ASKED);
    drv_restart(drv); /* down when it is over */
    jump(drv, 3 * DAY_MS);
    assert_int_equal(s_state(drv), NTF_CONTACT_UNANSWERED);
    assert_int_equal(drv_number(drv, "SELECT since_ms FROM ntf_contact_told WHERE state = 5"), asked_ms + 14 * DAY_MS);
    jump(drv, 300 * DAY_MS);
    assert_int_equal(s_asked(drv), 1); /* it stays so */
    assert_string_equal(confirm(drv, 2), "contact_confirmed");
    assert_int_equal(drv_number(drv, "SELECT state FROM ntf_contact_told"), NTF_CONTACT_CONFIRMED);
}

static void test_changed_address_begins_anew(void **state)
{
    drv_t *drv = *state;
    begin(drv, "90d");
    jump(drv, 90 * DAY_MS);
    recipient(drv, 2, "desk@kz.example");
    assert_int_equal(s_state(drv), NTF_CONTACT_ASKED); /* the same address */
    recipient(drv, 2, "other@kz.example");
    assert_int_equal(s_state(drv), 0);
    jump(drv, 89 * DAY_MS);
    assert_int_equal(s_asked(drv), 1);
    jump(drv, DAY_MS);
    assert_int_equal(s_asked(drv), 2);
}

/* What is asked names nobody who could be erased, so it stays in the outbox when a snapshot says who is there. */
static void test_lies_there_after_a_snapshot(void **state)
{
    drv_t *drv = *state;
    begin(drv, "90d");
    jump(drv, 91 * DAY_MS);
    assert_int_equal(s_asked(drv), 1);
    size_t files = drv_files(drv);
    drv_new_epoch(drv, DRV_PRIVATE);
    drv_run(drv, 1000, true);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_delivery WHERE scrub = 1"), 0);
    assert_int_equal(drv_files(drv), files);
}

/* From the version before: who was there is known since nobody knows when, and so is asked at once. */
static void test_migration(void **state)
{
    drv_t *drv = *state;
    char error[256], file[128];
    cv_db_t *db;
    cv_engine_destroy(&drv->engine);
    cv_db_close(&drv->db);
    for (const char *const *end = (const char *const[]){"", "-wal", "-shm", NULL}; *end; end++) {
        (void)snprintf(file, sizeof(file), "%s%s", drv->path, *end);
        unlink(file);
    }
    cv_db_options_t options = {.path = drv->path,
                               .application_id = ntf_service.application_id,
                               .migrations = ntf_service.migrations,
                               .migrations_n = 9};
    assert_int_equal(cv_db_open(&options, &db, error, sizeof(error)), CV_OK);
    assert_int_equal(cv_db_exec(db, "INSERT INTO ntf_recipient VALUES('KZ', 2, 'Desk', 'desk@kz.example', 1)"), CV_OK);
    cv_db_close(&db);
    assert_null(ntf_ping_configure(CV_STR("90d"), CV_STR("14d")));
    drv_start(drv);
    drv_run(drv, 1500, true);
    assert_int_equal(s_asked(drv), 1);
    assert_int_equal(s_state(drv), NTF_CONTACT_ASKED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings),
        cmocka_unit_test_setup_teardown(test_off, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_asked_and_answered, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_lies_there_after_a_snapshot, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_unanswered, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_changed_address_begins_anew, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_migration, drv_setup, drv_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
