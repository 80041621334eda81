/* test_registration_vault: what registration stores of persons is sealed; what an older version stored becomes so;
 * personal data go when it is time.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "convene/seal.h"
#include "registration/vault.h"
#include "registration_driver.h"
#include "store/outbox.h"
#include "store/tables.h"
#include "stored.h"

#include <sodium.h>
#include <sqlite3.h>

static const int64_t DAY = 24 * 3600 * 1000;

/* ---- files ------------------------------------------------------------------------------------------------------- */

/* Whether the database or its WAL has these octets. */
static bool stored(const driver_t *driver, const char *octets, size_t len)
{
    return stored_in(driver->path, octets, len);
}

static const cv_registration_contact_v1_t *persons(driver_t *driver, const char *key)
{
    return &driver_row(driver, "persons", key, CV_MSG_REGISTRATION_CONTACT_V1)->registration_contact_v1;
}

static int64_t confirmed(driver_t *driver)
{
    return driver_row(driver, "events", "E1", CV_MSG_REGISTRATION_SEATS_V1)->registration_seats_v1.confirmed;
}

static const cv_outcome_v1_t *register_named(driver_t *driver, const char *name, const char *email)
{
    cv_registration_register_v1_t request = {
        .event = CV_STR("E1"),
        .party = CV_STR("KZ"),
        .persons_n = 1,
        .persons = {{.name = cv_str(name), .capacity = CV_CAPACITY_DELEGATE, .email = cv_str(email)}}};
    return driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_REGISTER_V1, &request);
}

static const cv_outcome_v1_t *erase(driver_t *driver, int64_t person, bool contact)
{
    cv_registration_erase_v1_t request = {.event = CV_STR("E1"),
                                          .party = CV_STR("KZ"),
                                          .persons_n = person > 0,
                                          .persons = {person},
                                          .has_contact = contact,
                                          .contact = contact};
    return driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_ERASE_V1, &request);
}

/* ---- the cipher ----------------------------------------------------------------------------------------------------
 */

static void sealed_with_one_key_for_one_purpose(void **state)
{
    (void)state;
    const cv_seal_key_t master = {{1}}, other_master = {{2}};
    const uint8_t secret[CV_SEAL_SECRET] = {3}, other_secret[CV_SEAL_SECRET] = {4}, nonce[CV_SEAL_NONCE] = {5};
    const cv_str_t text = CV_STR("Aigerim Example");
    char sealed[64], opened[64];
    cv_seal_key_t key, wrong;

    cv_seal_derive(&master, 7, secret, &key);
    cv_seal(&key, nonce, 1, text, sealed);
    const cv_str_t all = {sealed, text.len + CV_SEAL_MORE};
    assert_null(memmem(all.ptr, all.len, "Aigerim", 7));
    assert_int_equal(cv_seal_open(&key, 1, all, opened), CV_OK);
    assert_memory_equal(opened, text.ptr, text.len);
    assert_int_equal(cv_seal_open(&key, 2, all, opened), CV_ECORRUPT); /* another purpose */
    cv_seal_derive(&other_master, 7, secret, &wrong);
    assert_int_equal(cv_seal_open(&wrong, 1, all, opened), CV_ECORRUPT);
    cv_seal_derive(&master, 7, other_secret, &wrong);
    assert_int_equal(cv_seal_open(&wrong, 1, all, opened), CV_ECORRUPT);
    cv_seal_derive(&master, 8, secret, &wrong); /* the secret in another row */
    assert_int_equal(cv_seal_open(&wrong, 1, all, opened), CV_ECORRUPT);
    for (size_t i = 0; i < all.len; i++) {
        sealed[i] ^= 1;
        assert_int_equal(cv_seal_open(&key, 1, all, opened), CV_ECORRUPT);
        sealed[i] ^= 1;
    }
    for (size_t len = 0; len < all.len; len++)
        assert_int_equal(cv_seal_open(&key, 1, (cv_str_t){sealed, len}, opened), CV_ECORRUPT);
    assert_int_equal(cv_seal_open(&key, 1, all, opened), CV_OK);
}

/* ---- the service ------------------------------------------------------------------------------------------------- */

static void erased_is_gone(void **state)
{
    (void)state;
    driver_t *driver = driver_forum_with(1, CV_WAITING_RULE_STRICT);
    EXPECT_OK(register_named(driver, "Zephyrine", "zephyrine@example.org"), "registered");
    EXPECT_OK(register_named(driver, "Waits", NULL), "waiting");
    assert_false(stored(driver, "Zephyrine", 9) || stored(driver, "zephyrine", 9));
    assert_true(cv_str_is(persons(driver, "E1/KZ")->persons[0].email, "zephyrine@example.org"));
    EXPECT_OK(erase(driver, 1, false), "erased"); /* and whoever waits moves up */
    assert_int_equal(confirmed(driver), 1);
    const cv_registration_contact_v1_t *left = persons(driver, "E1/KZ");
    assert_int_equal(left->persons_n, 1);
    assert_true(cv_str_is(left->persons[0].name, "Waits"));
    assert_int_equal(left->persons[0].state, CV_PERSON_STATE_CONFIRMED);
    assert_int_equal(driver_number(driver, "SELECT count(*) FROM secret WHERE bits = zeroblob(32)"), 1);
    assert_int_equal(driver_number(driver, "SELECT count(*) FROM meta WHERE key = 'scrub'"),
                     0); /* done, not only due */
    expect(erase(driver, 1, false), CV_OUTCOME_CLASS_REJECTED, "already_erased");
    expect(erase(driver, 3, false), CV_OUTCOME_CLASS_REJECTED, "not_registered");
    expect(erase(driver, 0, true), CV_OUTCOME_CLASS_REJECTED, "already_erased"); /* nobody answers for it */
    driver_crash(driver);
    assert_int_equal(persons(driver, "E1/KZ")->persons_n, 1);
    EXPECT_OK(register_named(driver, "Zephyrine", NULL), "waiting"); /* the name is free, the number is not */
    assert_int_equal(persons(driver, "E1/KZ")->persons[1].number, 3);
    driver_free(&driver);
}

/* Whoever took part did: after the event its counts stay, only the names go. No stage and no deadline forbids it. */
static void after_the_event_the_counts_stay(void **state)
{
    (void)state;
    driver_t *driver = driver_forum_with(5, CV_WAITING_RULE_NONE);
    EXPECT_OK(register_named(driver, "Zephyrine", NULL), "registered");
    driver->event.status = CV_EVENT_STATUS_HELD;
    driver_event(driver);
    const cv_outcome_v1_t *outcome = erase(driver, 1, false);
    EXPECT_OK(outcome, "erased");
    assert_int_equal(outcome->decision.persons[0].state, CV_PERSON_STATE_CONFIRMED);
    assert_int_equal(confirmed(driver), 1);
    driver_crash(driver); /* the book agrees with the rows */
    assert_int_equal(confirmed(driver), 1);
    driver_free(&driver);
}

/* Killed after the COMMIT and before the scrub: the database knows that it is due. */
static void the_scrub_outlives_a_crash(void **state)
{
    (void)state;
    driver_t *driver = driver_forum_with(5, CV_WAITING_RULE_NONE);
    EXPECT_OK(register_named(driver, "Zephyrine", NULL), "registered");
    cv_stmt_t *read;
    uint8_t secret[CV_SEAL_SECRET];
    assert_int_equal(cv_db_prepare(driver->db, "SELECT bits FROM secret", &read), CV_OK);
    assert_int_equal(cv_stmt_step(read), 1);
    memcpy(secret, cv_stmt_get_blob(read, 0).ptr, sizeof secret);
    cv_stmt_reset(read);
    assert_true(stored(driver, (const char *)secret, sizeof secret));
    /* What erasing does in its transaction, without what the engine does after it. */
    assert_int_equal(cv_db_begin(driver->db), CV_OK);
    assert_int_equal(cv_db_exec(driver->db, "UPDATE secret SET bits = zeroblob(32)"), CV_OK);
    assert_int_equal(cv_db_scrub_after(driver->db, false), CV_OK);
    assert_int_equal(cv_db_commit(driver->db), CV_OK);
    assert_true(stored(driver, (const char *)secret, sizeof secret)); /* in the WAL still */
    driver_crash(driver);
    assert_false(stored(driver, (const char *)secret, sizeof secret));
    driver_free(&driver);
}

/* ---- purge ------------------------------------------------------------------------------------------------------- */

static void the_last_day_is_over_everywhere(void **state)
{
    (void)state;
    static const struct {
        const char *date, *after;
    } days[] = {{"2025-02-26", "2025-02-27T12:00:00.000Z"}, {"2024-02-29", "2024-03-01T12:00:00.000Z"},
                {"2025-12-31", "2026-01-01T12:00:00.000Z"}, {"2025-11", "2025-12-01T12:00:00.000Z"},
                {"2025-12", "2026-01-01T12:00:00.000Z"},    {"2025", "2026-01-01T12:00:00.000Z"}};
    for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
        char text[CV_TIME_TEXT + 1];
        cv_time_text(reg_day_after_ms(cv_str(days[i].date)), text);
        assert_string_equal(text, days[i].after);
    }
    assert_int_equal(reg_day_after_ms(CV_STR_NONE), 0);
    assert_int_equal(reg_purge_ms(0, 30, 90), 0);
    assert_int_equal(reg_purge_ms(1000, 0, 0), 0);
    assert_int_equal(reg_purge_ms(1000, 0, 90), 1000 + 90 * DAY);
    assert_int_equal(reg_purge_ms(1000, 30, 90), 1000 + 30 * DAY);
}

static void purged_when_it_is_time(void **state)
{
    (void)state;
    driver_t *driver = driver_forum();
    cv_registration_rules_t *rules = driver_rules(driver, "E1", 100, CV_WAITING_RULE_NONE);
    rules->closes_ms = T0 + 100 * DAY;
    rules->has_purge_days = true;
    rules->purge_days = 10;
    driver->event.event_details.date_start = CV_STR("2026-01-05");
    driver->event.event_details.date_end = CV_STR("2026-01-06");
    driver_event(driver);
    EXPECT_OK(register_named(driver, "Zephyrine", "z@example.org"), "registered");
    for (unsigned i = 0; i < 5; i++)
        driver_register(driver, "E1", "AZ", "dddddddddddddddd", 0);
    const int64_t over = T0 + 6 * DAY + DAY / 2; /* noon of the 7th, UTC */
    /* The event moves by ten days: so does the end of its data. */
    driver->event.event_details.date_end = CV_STR("2026-01-16");
    driver_event(driver);
    driver_wait_until(driver, over + 10 * DAY + 1000);
    assert_int_equal(persons(driver, "E1/KZ")->persons_n, 1);
    driver_wait_until(driver, over + 20 * DAY - 1);
    assert_int_equal(persons(driver, "E1/KZ")->persons_n, 1);
    driver_crash(driver); /* a durable timer */
    const uint64_t head = driver->private_head;
    driver_wait_until(driver, over + 20 * DAY);
    assert_int_equal(driver_number(driver, "SELECT count(*) FROM person WHERE sealed IS NOT NULL"), 0);
    assert_int_equal(driver_number(driver, "SELECT count(*) FROM secret WHERE bits <> zeroblob(32)"), 0);
    assert_int_equal(confirmed(driver), 81); /* who was there was there */
    driver_turn(driver);
    assert_int_equal(driver->private_head, head + 3); /* KZ; AZ in records of 64 */
    /* Who comes after that all the same has a day. */
    EXPECT_OK(register_named(driver, "Late", NULL), "registered");
    driver_wait_until(driver, over + 21 * DAY - 1);
    assert_int_equal(persons(driver, "E1/KZ")->persons_n, 1);
    driver_wait_until(driver, over + 21 * DAY + 1);
    assert_int_equal(driver_number(driver, "SELECT count(*) FROM person WHERE sealed IS NOT NULL"), 0);
    driver_free(&driver);
}

/* ---- an older database ------------------------------------------------------------------------------------------- */

static const char OLD_ROWS[] =
    "INSERT INTO party VALUES(1, 'KZ', 1, 'KZ', 1);"
    "INSERT INTO event(id, code, known, version, stage, has_rules, audience, opens_ms, closes_ms, changes_close_ms,"
    " release_ms, released, together, waiting_rule, online_takes_seat, guaranteed, maximum, capacity,"
    " confirm_closes_ms, offer_ms, approval, approval_again)"
    " VALUES(1, 'E1', 1, 1, 6, 1, 62, 0, 1900000000000, 1900000000000, 0, 0, 1, 1, 0, 0, 10, 10, 0, 0, 0, 0);"
    "INSERT INTO tally VALUES(8192, 10, 2, 0, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);"
    "INSERT INTO tally VALUES(8192 + 4096 + 1 + 3, NULL, 2, 0, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, "
    "NULL, NULL);"
    "INSERT INTO tally VALUES(8193, 10, 2, 0, 0, 0, 0, 0, 0, 1, 0, 2, 2, 1, 1, 1);"
    "INSERT INTO contact VALUES(8193, 'Xanthippa Desk', 'xanthippa@example.org', 2);"
    "INSERT INTO person VALUES(1, 8193, 1, 0, 1, 3, 0, 0, 0, 5, 0, 'Quillanova One', 'quillanova@example.org');"
    "INSERT INTO person VALUES(2, 8193, 2, 1, 1, 3, 0, 0, 0, 5, 0, 'Wolfsbane Two', NULL);"
    "INSERT INTO change VALUES(1, 1, 6, 0, 2, 'r', 'Zephyrine was wrong', 1, 3, 0, 'Zephyrine One', NULL);"
    "INSERT INTO proposal VALUES(2, 2, 2, 3, 0, 'Hellebore Two', NULL);";

static void make_old(driver_t *driver)
{
    const cv_db_options_t options = {.path = driver->path,
                                     .application_id = reg_service.application_id,
                                     .migrations = reg_service.migrations,
                                     .migrations_n = 1};
    const char *const streams[] = {"registration.events", "registration.private"};
    const uint8_t epoch[CV_EPOCH_LEN] = {9};
    char error[512], path[128];
    cv_journal_t journal;
    cv_outbox_t *outbox;
    cv_position_t position;

    driver_stop(driver);
    unlink(driver->path);
    snprintf(path, sizeof path, "%s-wal", driver->path);
    unlink(path);
    assert_int_equal(cv_db_open(&options, &driver->db, error, sizeof error), CV_OK);
    assert_int_equal(cv_tables_migrate(driver->db, error, sizeof error), CV_OK);
    if (cv_db_exec(driver->db, OLD_ROWS))
        fail_msg("%s", cv_db_error(driver->db));
    assert_int_equal(cv_journal_init(&journal, driver->db), CV_OK);
    assert_int_equal(cv_outbox_open(&journal, streams, 2, epoch, &outbox), CV_OK);
    assert_int_equal(cv_db_begin(driver->db), CV_OK);
    assert_int_equal(cv_outbox_append(outbox, 1, CV_STR("a record with the name Quillanova in it"), &position), CV_OK);
    assert_int_equal(cv_outbox_flush(outbox), CV_OK);
    assert_int_equal(cv_db_commit(driver->db), CV_OK);
    cv_outbox_committed(outbox);
    cv_outbox_close(&outbox);
    cv_db_close(&driver->db);
}

static void an_older_database_is_sealed(void **state)
{
    (void)state;
    static const char *const names[] = {"Quillanova", "quillanova", "Wolfsbane", "Xanthippa",
                                        "xanthippa",  "Zephyrine",  "Hellebore"};
    driver_t *driver = driver_new(T0);
    make_old(driver);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!stored(driver, names[i], strlen(names[i])))
            fail_msg("%s was to be there before", names[i]);
    driver_open(driver);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (stored(driver, names[i], strlen(names[i])))
            fail_msg("%s is still there", names[i]);
    const cv_registration_contact_v1_t *now = persons(driver, "E1/KZ");
    assert_int_equal(now->persons_n, 2);
    assert_true(cv_str_is(now->persons[0].name, "Quillanova One"));
    assert_true(cv_str_is(now->persons[0].email, "quillanova@example.org"));
    assert_true(cv_str_is(now->persons[1].name, "Wolfsbane Two"));
    assert_null(now->persons[1].email.ptr);
    assert_true(now->has_contact && cv_str_is(now->contact.name, "Xanthippa Desk"));
    assert_true(cv_str_is(now->contact.language, "ru")); /* which was a number then */
    driver_bytes_t rows[2] = {{0}};
    char next[257];
    assert_int_equal(driver_query(driver, "history", "E1/KZ/1", NULL, 0, rows, 2, next), 2);
    for (size_t i = 0; i < 2; i++) {
        const cv_registration_change_v1_t *step =
            &driver_read(driver, (cv_str_t){rows[i].ptr, rows[i].len}, CV_MSG_REGISTRATION_CHANGE_V1)
                 ->registration_change_v1;
        assert_true(cv_str_is(step->name, i ? "Quillanova One" : "Zephyrine One"));
        assert_true(i ? cv_str_is(step->reason, "Zephyrine was wrong") : !step->reason.ptr);
        free(rows[i].ptr);
    }
    assert_int_equal(driver_number(driver, "SELECT count(*) FROM proposal WHERE sealed IS NOT NULL"), 1);
    /* The plain record is forgotten, the stream goes on behind it. */
    assert_int_equal(driver_number(driver, "SELECT oldest FROM stream WHERE name = 'registration.private'"), 2);
    driver_crash(driver); /* a second start finds nothing to do */
    assert_true(cv_str_is(persons(driver, "E1/KZ")->persons[0].name, "Quillanova One"));
    driver_meet(driver);
    EXPECT_OK(register_named(driver, "Newcomer", NULL), "registered");
    assert_int_equal(persons(driver, "E1/KZ")->persons_n, 3);
    EXPECT_OK(erase(driver, 1, true), "erased");
    now = persons(driver, "E1/KZ");
    assert_int_equal(now->persons_n, 2);
    assert_false(now->has_contact);
    driver_free(&driver);
}

int main(void)
{
#define T(name) cmocka_unit_test(name)
    const struct CMUnitTest tests[] = {
        T(sealed_with_one_key_for_one_purpose), T(erased_is_gone),
        T(after_the_event_the_counts_stay),     T(the_scrub_outlives_a_crash),
        T(the_last_day_is_over_everywhere),     T(purged_when_it_is_time),
        T(an_older_database_is_sealed),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
