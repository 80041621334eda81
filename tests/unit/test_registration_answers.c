/* test_registration_answers: answers are personal data: sealed with the name, gone with it, and never in the way of
 * what is counted; and an import that is taken back gives back every place it took.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "registration/vault.h"
#include "registration_driver.h"
#include "stored.h"
#include <sodium.h>

static const char WORD[] = "Periwinkle"; /* as nothing else here is called */
static int64_t form_version;

/* Asks for a workshop, of which w1 has `limit` places, and for a diet. */
static void ask_form(driver_t *driver, int64_t limit)
{
    static cv_scheduling_form_v1_t form;
    form = (cv_scheduling_form_v1_t){.version = ++form_version, .form = {.event = CV_STR("E1"), .questions_n = 2}};
    cv_form_question_t *q = form.form.questions;
    q[0] = (cv_form_question_t){
        .id = CV_STR("workshop"), .label = CV_STR("Workshop"), .type = CV_QUESTION_TYPE_CHOICE, .choices_n = 2};
    q[0].choices[0] =
        (cv_form_choice_t){.id = CV_STR("w1"), .label = CV_STR("Water"), .has_limit = true, .limit = limit};
    q[0].choices[1] = (cv_form_choice_t){.id = CV_STR("w2"), .label = CV_STR("Soil")};
    q[1] = (cv_form_question_t){.id = CV_STR("diet"), .label = CV_STR("Diet"), .type = CV_QUESTION_TYPE_TEXT};
    driver_feed(driver, CV_MSG_SCHEDULING_FORM_V1, &form);
}

static driver_t *forum_that_asks(int64_t capacity, cv_waiting_rule_t waiting, int64_t limit)
{
    driver_t *driver = driver_forum_with(capacity, waiting);
    ask_form(driver, limit);
    return driver;
}

static const cv_form_answer_t water[2] = {{.question = {"workshop", 8}, .value = {"w1", 2}},
                                          {.question = {"diet", 4}, .value = {WORD, sizeof WORD - 1}}};

static cv_person_t person(const char *name)
{
    return (cv_person_t){.name = cv_str(name), .capacity = CV_CAPACITY_DELEGATE, .answers = {.n = 2, .list = water}};
}

static const cv_outcome_v1_t *enter(driver_t *driver, const char *party, const char *name)
{
    cv_registration_register_v1_t request = {
        .event = CV_STR("E1"), .party = cv_str(party), .persons_n = 1, .persons = {person(name)}};
    return driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_REGISTER_V1, &request);
}

static const cv_outcome_v1_t *erase(driver_t *driver, const char *party, int64_t number)
{
    cv_registration_erase_v1_t request = {
        .event = CV_STR("E1"), .party = cv_str(party), .persons_n = 1, .persons = {number}};
    return driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_ERASE_V1, &request);
}

static const cv_registration_contact_v1_t *persons(driver_t *driver, const char *key)
{
    return &driver_row(driver, "persons", key, CV_MSG_REGISTRATION_CONTACT_V1)->registration_contact_v1;
}

/* Places taken of w1, as everybody can ask. */
static int64_t taken(driver_t *driver)
{
    const cv_registration_seats_v1_t *seats =
        &driver_row(driver, "events", "E1", CV_MSG_REGISTRATION_SEATS_V1)->registration_seats_v1;
    assert_int_equal(seats->options_n, 1);
    return seats->options[0].taken;
}

static bool stored(const driver_t *driver, const char *word)
{
    return stored_in(driver->path, word, strlen(word));
}

/* Steps of a person's history that have answers. */
static size_t answered_steps(driver_t *driver, const char *key)
{
    driver_bytes_t rows[8] = {{0}};
    char next[257];
    size_t n = driver_query(driver, "history", key, NULL, 0, rows, 8, next), answered = 0;
    for (size_t i = 0; i < n; i++) {
        answered += driver_read(driver, (cv_str_t){rows[i].ptr, rows[i].len}, CV_MSG_REGISTRATION_CHANGE_V1)
                        ->registration_change_v1.answers.n > 0;
        free(rows[i].ptr);
    }
    return answered;
}

/* ---- sealed ------------------------------------------------------------------------------------------------------ */

static void no_answer_is_stored_in_plain_text(void **state)
{
    (void)state;
    driver_t *driver = forum_that_asks(10, CV_WAITING_RULE_STRICT, 5);
    EXPECT_OK(enter(driver, "KZ", "One"), "registered");
    cv_registration_amend_v1_t amend = {.event = CV_STR("E1"), .party = CV_STR("KZ"), .number = 1};
    amend.name = CV_STR("Another");
    EXPECT_OK(driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_AMEND_V1, &amend), "amended");
    assert_false(stored(driver, WORD));
    driver_crash(driver);
    assert_false(stored(driver, WORD));
    cv_form_answer_t answer;
    assert_int_equal(persons(driver, "E1/KZ")->persons[0].answers.n, 2); /* as they were before the name changed */
    cv_form_answer_at(&persons(driver, "E1/KZ")->persons[0].answers, 1, &answer);
    assert_true(cv_str_is(answer.value, WORD));
    driver_free(&driver);
}

/* A database from before there were forms, whose names are sealed already: the same names, and questions from now on.
 */
static void a_sealed_database_gets_forms(void **state)
{
    (void)state;
    driver_t *driver = driver_forum_with(10, CV_WAITING_RULE_STRICT);
    EXPECT_OK(driver_register(driver, "E1", "KZ", "h", 0), "registered");
    const cv_str_t then = persons(driver, "E1/KZ")->persons[0].name;
    char name[64];
    assert_int_equal(cv_str_copy(then, name, sizeof name), CV_OK);
    if (cv_db_exec(driver->db,
                   "ALTER TABLE person DROP COLUMN options; ALTER TABLE proposal DROP COLUMN options;"
                   "DROP TABLE event_option; DROP TABLE form; DROP TABLE document; DROP TABLE access; "
                   "DROP TABLE consent; DROP TABLE expired; UPDATE component SET version = 3 WHERE name = 'service';"))
        fail_msg("%s", cv_db_error(driver->db));
    driver_crash(driver);
    assert_int_equal(driver_number(driver, "SELECT version FROM component WHERE name = 'service'"), REG_MIGRATIONS);
    assert_true(cv_str_is(persons(driver, "E1/KZ")->persons[0].name, name));
    ask_form(driver, 1);
    EXPECT_OK(enter(driver, "KZ", "New"), "registered");
    assert_int_equal(taken(driver), 1);
    assert_int_equal(persons(driver, "E1/KZ")->persons[1].answers.n, 2);
    driver_free(&driver);
}

/* ---- erased ------------------------------------------------------------------------------------------------------ */

static void an_erased_person_gives_the_place_back(void **state)
{
    (void)state;
    driver_t *driver = forum_that_asks(10, CV_WAITING_RULE_STRICT, 1);
    EXPECT_OK(enter(driver, "KZ", "Leaves"), "registered");
    EXPECT_OK(enter(driver, "AZ", "Waits"), "waiting");
    assert_int_equal(answered_steps(driver, "E1/KZ/1"), 1);
    EXPECT_OK(erase(driver, "KZ", 1), "erased");
    assert_true(cv_str_is(driver_last_promotion(driver)->party, "AZ"));
    assert_int_equal(answered_steps(driver, "E1/KZ/1"), 0);
    assert_int_equal(driver_number(driver, "SELECT count(*) FROM person WHERE sealed IS NULL AND options = 0"), 1);
    assert_int_equal(taken(driver), 1);
    EXPECT_OK(erase(driver, "AZ", 1), "erased");
    assert_int_equal(taken(driver), 0);
    driver_crash(driver); /* the book agrees with the rows */
    assert_int_equal(taken(driver), 0);
    driver_free(&driver);
}

/* Who waits has a lane by what is chosen; erasing takes it out of that one. */
static void an_erased_person_who_waited_leaves_the_list(void **state)
{
    (void)state;
    driver_t *driver = forum_that_asks(10, CV_WAITING_RULE_STRICT, 1);
    EXPECT_OK(enter(driver, "KZ", "Seated"), "registered");
    EXPECT_OK(enter(driver, "AZ", "Waits"), "waiting");
    EXPECT_OK(enter(driver, "UNX", "Next"), "waiting");
    EXPECT_OK(erase(driver, "AZ", 1), "erased");
    driver_crash(driver);
    assert_int_equal(driver_delegation(driver, "E1/AZ").waiting, 0);
    EXPECT_OK(driver_withdraw(driver, "E1", "KZ", 1), "withdrawn");
    assert_true(cv_str_is(driver_last_promotion(driver)->party, "UNX"));
    assert_int_equal(taken(driver), 1);
    driver_free(&driver);
}

/* Whoever took part did: what was taken stays taken, of whom is not known any more. */
static void after_the_event_places_stay_counted(void **state)
{
    (void)state;
    driver_t *driver = forum_that_asks(10, CV_WAITING_RULE_STRICT, 3);
    EXPECT_OK(enter(driver, "KZ", "Was there"), "registered");
    driver->event.status = CV_EVENT_STATUS_HELD;
    driver_event(driver);
    EXPECT_OK(erase(driver, "KZ", 1), "erased");
    assert_int_equal(taken(driver), 1);
    driver_crash(driver);
    assert_int_equal(taken(driver), 1);
    assert_int_equal(answered_steps(driver, "E1/KZ/1"), 0);
    driver_free(&driver);
}

/* ---- imported ---------------------------------------------------------------------------------------------------- */

static const cv_outcome_v1_t *import(driver_t *driver, unsigned n, bool twice, bool dry)
{
    static cv_registration_import_v1_t request;
    static char names[8][16];
    request = (cv_registration_import_v1_t){.event = CV_STR("E1"),
                                            .mode = CV_IMPORT_MODE_ALL_OR_NONE,
                                            .has_dry_run = dry,
                                            .dry_run = dry,
                                            .registrations_n = n};
    for (unsigned i = 0; i < n; i++) {
        snprintf(names[i], sizeof names[i], "Imported %u", twice && i + 1 == n ? 0 : i);
        request.registrations[i] =
            (cv_import_entry_t){.party = CV_STR("AZ"), .persons_n = 1, .persons = {person(names[i])}};
    }
    return driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_IMPORT_V1, &request);
}

/* In memory as in the tables: the next decision and the start after a crash both see the places as they were. */
static void an_import_taken_back_gives_its_places_back(void **state)
{
    (void)state;
    driver_t *driver = forum_that_asks(10, CV_WAITING_RULE_STRICT, 3);
    EXPECT_OK(enter(driver, "KZ", "One"), "registered");
    for (int crash = 0; crash < 2; crash++) {
        EXPECT_OK(import(driver, 3, false, true), "imported"); /* 2 have a place, 1 waits */
        const cv_outcome_v1_t *outcome =
            &driver_read(driver, (cv_str_t){driver->outcome.ptr, driver->outcome.len}, CV_MSG_OUTCOME_V1)->outcome_v1;
        assert_true(cv_str_is(outcome->parts[1].code, "registered"));
        assert_true(cv_str_is(outcome->parts[2].code, "waiting"));
        assert_int_equal(taken(driver), 1);
        EXPECT_NO(import(driver, 3, true, false), "import_refused"); /* the same name twice: none */
        assert_int_equal(taken(driver), 1);
        if (crash == 0)
            driver_crash(driver);
    }
    EXPECT_OK(import(driver, 2, false, false), "imported");
    assert_int_equal(taken(driver), 3);
    EXPECT_OK(enter(driver, "UNX", "Late"), "waiting");
    driver_crash(driver);
    assert_int_equal(taken(driver), 3);
    assert_int_equal(persons(driver, "E1/AZ")->persons[1].answers.n, 2);
    driver_free(&driver);
}

/* A wrong answer is told where it is in the import, and nothing of the import is decided. */
static void a_wrong_answer_in_an_import(void **state)
{
    (void)state;
    driver_t *driver = forum_that_asks(10, CV_WAITING_RULE_STRICT, 3);
    const cv_form_answer_t wrong = {.question = CV_STR("workshop"), .value = CV_STR("w9")};
    cv_registration_import_v1_t *request = calloc(1, sizeof *request);
    assert_non_null(request);
    *request = (cv_registration_import_v1_t){.event = CV_STR("E1"), .mode = CV_IMPORT_MODE_EACH, .registrations_n = 2};
    request->registrations[0] =
        (cv_import_entry_t){.party = CV_STR("KZ"), .persons_n = 1, .persons = {person("Right")}};
    request->registrations[1] =
        (cv_import_entry_t){.party = CV_STR("AZ"), .persons_n = 1, .persons = {person("Wrong")}};
    request->registrations[1].persons[0].answers = (cv_items_t){.n = 1, .list = &wrong};
    const cv_outcome_v1_t *outcome = driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_IMPORT_V1, request);
    expect(outcome, CV_OUTCOME_CLASS_INVALID, "bad_answer");
    assert_true(cv_str_is(outcome->field, "data.registrations[1].persons[0].answers[0].value"));
    assert_int_equal(taken(driver), 0);
    assert_int_equal(driver_number(driver, "SELECT count(*) FROM person"), 0);
    free(request);
    driver_free(&driver);
}

int main(void)
{
#define T(name) cmocka_unit_test(name)
    const struct CMUnitTest tests[] = {
        T(no_answer_is_stored_in_plain_text),     T(a_sealed_database_gets_forms),
        T(an_erased_person_gives_the_place_back), T(an_erased_person_who_waited_leaves_the_list),
        T(after_the_event_places_stay_counted),   T(an_import_taken_back_gives_its_places_back),
        T(a_wrong_answer_in_an_import),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
