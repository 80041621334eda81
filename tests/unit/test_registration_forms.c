/* test_registration_forms: what an event asks is asked of everybody whom it concerns, a wrong answer is refused where
 * it is wrong, answers stay private, and a choice with places of its own is never taken by more than there are places.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "registration/registration.h"
#include "registration_driver.h"

/* ---- one sheet of answers, without a service ------------------------------------------------------------------------
 */

static cv_form_question_t question(const char *id, cv_question_type_t type)
{
    return (cv_form_question_t){.id = cv_str(id), .label = CV_STR("Question"), .type = type};
}

static void choose_from(cv_form_question_t *q, const char *first, const char *second, int64_t limit)
{
    q->choices[0] = (cv_form_choice_t){.id = cv_str(first), .label = CV_STR("First")};
    q->choices[1] = (cv_form_choice_t){.id = cv_str(second), .label = CV_STR("Second")};
    q->choices_n = 2;
    for (int i = 0; i < 2 && limit >= 0; i++) {
        q->choices[i].has_limit = true;
        q->choices[i].limit = limit;
    }
}

/* Every type, limits, a condition, and a question for delegates only. */
static const cv_scheduling_form_v1_t *every_type(void)
{
    static cv_scheduling_form_v1_t form;
    cv_form_question_t *q = form.form.questions;
    form.version = 4;
    form.form.event = CV_STR("E1");
    q[0] = question("short", CV_QUESTION_TYPE_TEXT);
    q[0].has_least = q[0].has_most = true;
    q[0].least = 2;
    q[0].most = 4;
    q[1] = question("long", CV_QUESTION_TYPE_LONG_TEXT);
    q[2] = question("count", CV_QUESTION_TYPE_INTEGER);
    q[2].has_least = q[2].has_most = true;
    q[2].least = -5;
    q[2].most = 10;
    q[3] = question("area", CV_QUESTION_TYPE_DECIMAL);
    q[3].has_least = q[3].has_most = true;
    q[3].least = 1;
    q[3].most = 2;
    q[4] = question("visa", CV_QUESTION_TYPE_YES_NO);
    q[5] = question("meal", CV_QUESTION_TYPE_CHOICE);
    choose_from(&q[5], "meat", "fish", -1);
    q[6] = question("tours", CV_QUESTION_TYPE_CHOICES);
    choose_from(&q[6], "old_town", "museum", -1);
    q[6].has_most = true;
    q[6].most = 1;
    q[7] = question("arrival", CV_QUESTION_TYPE_DATE);
    q[7].earliest = CV_STR("2026-03-01");
    q[7].latest = CV_STR("2026-03-10");
    q[8] = question("from", CV_QUESTION_TYPE_COUNTRY);
    q[9] = question("hosted_by", CV_QUESTION_TYPE_PARTY);
    q[10] = question("paper", CV_QUESTION_TYPE_REFERENCE);
    q[11] = question("visa_city", CV_QUESTION_TYPE_TEXT);
    q[11].required = q[11].has_required = q[11].has_when = true;
    q[11].when = (cv_form_condition_t){.question = CV_STR("visa"), .values_n = 1, .values = {CV_STR("yes")}};
    q[12] = question("speech", CV_QUESTION_TYPE_YES_NO);
    q[12].capacities_n = 1;
    q[12].capacities[0] = CV_CAPACITY_DELEGATE;
    form.form.questions_n = 13;
    return &form;
}

static bool is_party(void *arg, cv_str_t code)
{
    (void)arg;
    return cv_str_is(code, "KZ");
}

typedef struct {
    const char *question, *value;
    const char *path; /* where it is wrong, below "p"; NULL: it fits */
    const char *says;
    const char *title, *hash;
} sheet_row_t;

static void one_answer(void **state)
{
    (void)state;
    static const char hash[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    static char long_text[2001], line[502];
    memset(long_text, 'x', 2000);
    memset(line, 'x', 501);
    const sheet_row_t rows[] = {
        {"short", "abcd", NULL, NULL, NULL, NULL},
        {"short", "\xd0\xb0\xd0\xb1\xd0\xb2\xd0\xb3", NULL, NULL, NULL, NULL}, /* characters, not octets */
        {"short", "a", "p.answers[0].value", "has 1 characters; an answer to short must have 2 to 4", NULL, NULL},
        {"short", "abcde", "p.answers[0].value", "has 5 characters", NULL, NULL},
        {"short", "a\nb", "p.answers[0].value", "must be on one", NULL, NULL},
        {"short", "abc", "p.answers[0].title", "must not be there: short is no reference", "Title", NULL},
        {"short", "abc", "p.answers[0].hash", "must not be there: short is no reference", NULL, hash},
        {"long", long_text, NULL, NULL, NULL, NULL},
        {"long", "a\nb", NULL, NULL, NULL, NULL},
        {"visa_city", "x", "p.answers[0].question", "is visa_city, which is asked only after another answer to visa",
         NULL, NULL},
        {"count", "-5", NULL, NULL, NULL, NULL},
        {"count", "10", NULL, NULL, NULL, NULL},
        {"count", "11", "p.answers[0].value", "is too great; the answer to count must be at most 10", NULL, NULL},
        {"count", "-6", "p.answers[0].value", "is too small; the answer to count must be at least -5", NULL, NULL},
        {"count", "1.5", "p.answers[0].value", "must be a whole number", NULL, NULL},
        {"count", "-", "p.answers[0].value", "must be a whole number", NULL, NULL},
        {"count", "12x", "p.answers[0].value", "must be a whole number", NULL, NULL},
        {"count", "9999999999999", "p.answers[0].value", "at most 12 digits", NULL, NULL},
        {"area", "1.25", NULL, NULL, NULL, NULL},
        {"area", "2", NULL, NULL, NULL, NULL},
        {"area", "2.000001", "p.answers[0].value", "is too great", NULL, NULL},
        {"area", "0.999999", "p.answers[0].value", "is too small", NULL, NULL},
        {"area", "1.", "p.answers[0].value", "must be a number", NULL, NULL},
        {"area", ".5", "p.answers[0].value", "must be a number", NULL, NULL},
        {"area", "1.2.3", "p.answers[0].value", "must be a number", NULL, NULL},
        {"area", "1.1234567", "p.answers[0].value", "6 behind it", NULL, NULL},
        {"visa", "no", NULL, NULL, NULL, NULL},
        {"visa", "maybe", "p.answers[0].value", "must be yes or no", NULL, NULL},
        {"visa", "yes", "p.answers", "has no answer to visa_city, which must be answered (form version 4)", NULL, NULL},
        {"meal", "fish", NULL, NULL, NULL, NULL},
        {"meal", "soup", "p.answers[0].value", "is no choice of meal; it must be one of meat, fish", NULL, NULL},
        {"tours", "museum", NULL, NULL, NULL, NULL},
        {"arrival", "2026-03-01", NULL, NULL, NULL, NULL},
        {"arrival", "2026-03-10", NULL, NULL, NULL, NULL},
        {"arrival", "2026-02-28", "p.answers[0].value", "must be 2026-03-01 or later", NULL, NULL},
        {"arrival", "2026-03-11", "p.answers[0].value", "must be 2026-03-10 or earlier", NULL, NULL},
        {"arrival", "2026-02-29", "p.answers[0].value", "must be a day that exists", NULL, NULL},
        {"arrival", "2026-3-1", "p.answers[0].value", "must be a day that exists", NULL, NULL},
        {"arrival", "2026-13-01", "p.answers[0].value", "must be a day that exists", NULL, NULL},
        {"from", "KZ", NULL, NULL, NULL, NULL},
        {"from", "kz", "p.answers[0].value", "two capital letters", NULL, NULL},
        {"from", "KAZ", "p.answers[0].value", "two capital letters", NULL, NULL},
        {"hosted_by", "KZ", NULL, NULL, NULL, NULL},
        {"hosted_by", "XX", "p.answers[0].value", "must be the code of a party", NULL, NULL},
        {"paper", "https://example.org/p.pdf", NULL, NULL, "A paper", hash},
        {"paper", "https://example.org/p.pdf", NULL, NULL, "A paper", NULL},
        {"paper", "https://example.org/p.pdf", "p.answers[0].title", "is missing", NULL, NULL},
        {"paper", "p.pdf", "p.answers[0].value", "must be an address", "A paper", NULL},
        {"paper", "https://a b", "p.answers[0].value", "must be an address", "A paper", NULL},
        {"speech", "yes", "p.answers[0].question", "is not asked of a person in the capacity head", NULL, NULL},
        {"hobby", "chess", "p.answers[0].question", "must be a question of the event's form, which has version 4", NULL,
         NULL},
    };
    reg_form_t *form = reg_form_new(every_type());
    assert_non_null(form);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const cv_form_answer_t answer = {cv_str(rows[i].question), cv_str(rows[i].value), cv_str(rows[i].title),
                                         cv_str(rows[i].hash)};
        const cv_items_t answers = {.n = 1, .list = &answer};
        reg_wrong_t wrong = {"", ""};
        reg_options_t options = 9;
        bool fits = reg_form_fits(form, CV_CAPACITY_HEAD, &answers, "p", is_party, NULL, &options, &wrong);
        if (fits != !rows[i].path ||
            (!fits && (strcmp(wrong.path, rows[i].path) != 0 || !strstr(wrong.text, rows[i].says))))
            fail_msg("%s = %.20s: %s: %s", rows[i].question, rows[i].value, wrong.path, wrong.text);
        assert_int_equal(options, fits ? 0 : 9);
        if (!fits && strlen(rows[i].value) > 3) /* no personal data in outcomes */
            assert_null(strstr(wrong.text, rows[i].value));
    }
    const cv_form_answer_t too_long = {.question = CV_STR("visa_city"), .value = cv_str(line)},
                           visa = {.question = CV_STR("visa"), .value = CV_STR("yes")};
    const cv_form_answer_t both[2] = {too_long, visa}; /* in any order */
    const cv_items_t answers = {.n = 2, .list = both};
    reg_wrong_t wrong;
    reg_options_t options;
    assert_false(reg_form_fits(form, CV_CAPACITY_HEAD, &answers, "p", is_party, NULL, &options, &wrong));
    assert_string_equal(wrong.path, "p.answers[0].value");
    free(form);
}

static bool fits_all(const reg_form_t *form, unsigned role, const char *const *pairs, const char *path)
{
    cv_form_answer_t list[8] = {{{0}, {0}, {0}, {0}}};
    cv_items_t answers = {.list = list};
    reg_wrong_t wrong = {"", ""};
    reg_options_t options;
    for (; pairs[0]; pairs += 2)
        list[answers.n++] = (cv_form_answer_t){.question = cv_str(pairs[0]), .value = cv_str(pairs[1])};
    bool fits = reg_form_fits(form, role, &answers, "p", is_party, NULL, &options, &wrong);
    if (strcmp(wrong.path, path) != 0)
        fail_msg("%s: %s", wrong.path, wrong.text);
    return fits;
}

static void several_answers(void **state)
{
    (void)state;
    reg_form_t *form = reg_form_new(every_type());
    assert_non_null(form);
    assert_true(fits_all(form, CV_CAPACITY_DELEGATE, (const char *[]){NULL, NULL}, ""));
    assert_true(fits_all(form, CV_CAPACITY_DELEGATE, (const char *[]){"speech", "yes", "visa", "no", NULL, NULL}, ""));
    assert_true(
        fits_all(form, CV_CAPACITY_DELEGATE, (const char *[]){"visa", "yes", "visa_city", "Baku", NULL, NULL}, ""));
    assert_false(fits_all(form, CV_CAPACITY_DELEGATE, (const char *[]){"visa", "no", "visa_city", "Baku", NULL, NULL},
                          "p.answers[1].question"));
    assert_false(fits_all(form, CV_CAPACITY_DELEGATE, (const char *[]){"meal", "fish", "meal", "meat", NULL, NULL},
                          "p.answers[1].question"));
    assert_false(fits_all(form, CV_CAPACITY_DELEGATE,
                          (const char *[]){"tours", "museum", "tours", "museum", NULL, NULL}, "p.answers[1].value"));
    assert_false(fits_all(form, CV_CAPACITY_DELEGATE,
                          (const char *[]){"tours", "museum", "tours", "old_town", NULL, NULL}, "p.answers[1]"));
    assert_false(fits_all(NULL, CV_CAPACITY_DELEGATE, (const char *[]){"visa", "no", NULL, NULL}, "p.answers"));
    assert_true(fits_all(NULL, CV_CAPACITY_DELEGATE, (const char *[]){NULL, NULL}, ""));
    free(form);
}

/* ---- the service --------------------------------------------------------------------------------------------------
 */

static int64_t form_version;

/* Asks for a diet (required), and a workshop of which w1 has `limit` places and w2 100. */
static void ask_form(driver_t *driver, const char *event, int64_t limit)
{
    static cv_scheduling_form_v1_t form;
    form = (cv_scheduling_form_v1_t){.version = ++form_version, .form = {.event = cv_str(event), .questions_n = 2}};
    form.form.questions[0] = question("diet", CV_QUESTION_TYPE_TEXT);
    form.form.questions[0].has_required = form.form.questions[0].required = true;
    form.form.questions[1] = question("workshop", CV_QUESTION_TYPE_CHOICE);
    choose_from(&form.form.questions[1], "w1", "w2", 100);
    form.form.questions[1].choices[0].has_limit = limit >= 0;
    form.form.questions[1].choices[0].limit = limit;
    driver_feed(driver, CV_MSG_SCHEDULING_FORM_V1, &form);
}

static cv_form_answer_t sheets[64][4];
/* "w1", "w2", "-" (a diet only), "!" (nothing at all). */
static cv_items_t answers_of(size_t i, const char *workshop)
{
    sheets[i][0] = (cv_form_answer_t){.question = CV_STR("diet"), .value = CV_STR("none of your business")};
    sheets[i][1] = (cv_form_answer_t){.question = CV_STR("workshop"), .value = cv_str(workshop)};
    return (cv_items_t){.n = *workshop == '!' ? 0 : *workshop == '-' ? 1 : 2, .list = sheets[i]};
}

static cv_registration_register_v1_t request;
static const cv_outcome_v1_t *enter(driver_t *driver, const char *party, const char *const *workshops,
                                    cv_group_rule_t group)
{
    static char names[64][16];
    static unsigned serial;
    request = (cv_registration_register_v1_t){.event = CV_STR("E1"), .party = cv_str(party), .group = group};
    for (size_t i = 0; workshops[i]; i++) {
        snprintf(names[i], sizeof names[i], "Name %u", ++serial);
        request.persons[request.persons_n++] = (cv_person_t){
            .name = cv_str(names[i]), .capacity = CV_CAPACITY_DELEGATE, .answers = answers_of(i, workshops[i])};
    }
    return driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_REGISTER_V1, &request);
}
#define ENTER(party, ...) enter(driver, party, (const char *[]){__VA_ARGS__, NULL}, 0)
#define TOGETHER(party, ...) enter(driver, party, (const char *[]){__VA_ARGS__, NULL}, CV_GROUP_RULE_ALL_OR_NONE)

static void expect_wrong(const cv_outcome_v1_t *outcome, const char *field, const char *says)
{
    char text[600];
    expect(outcome, CV_OUTCOME_CLASS_INVALID, "bad_answer");
    snprintf(text, sizeof text, "%.*s", CV_STR_ARG(outcome->text));
    if (!cv_str_is(outcome->field, field) || !strstr(text, says))
        fail_msg("%.*s: %s", CV_STR_ARG(outcome->field), text);
}

static void expect_text(const cv_outcome_v1_t *outcome, const char *says)
{
    char text[600];
    snprintf(text, sizeof text, "%.*s", CV_STR_ARG(outcome->text));
    if (!strstr(text, says))
        fail_msg("%s", text);
}

/* Places taken of w1, as everybody can ask. */
static int64_t taken(driver_t *driver)
{
    const cv_registration_seats_v1_t *seats =
        &driver_row(driver, "events", "E1", CV_MSG_REGISTRATION_SEATS_V1)->registration_seats_v1;
    for (size_t i = 0; i < seats->options_n; i++)
        if (cv_str_is(seats->options[i].choice, "w1"))
            return seats->options[i].taken;
    return -1;
}

static driver_t *forum_that_asks(int64_t capacity, cv_waiting_rule_t waiting, int64_t limit)
{
    driver_t *driver = driver_forum_with(capacity, waiting);
    ask_form(driver, "E1", limit);
    return driver;
}

static const cv_outcome_v1_t *amend(driver_t *driver, const char *party, int64_t number, const char *workshop)
{
    cv_registration_amend_v1_t amend = {.event = CV_STR("E1"),
                                        .party = cv_str(party),
                                        .number = number,
                                        .answers = answers_of(0, workshop),
                                        .has_no_answers = *workshop == '!',
                                        .no_answers = true};
    return driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_AMEND_V1, &amend);
}

static void wrong_answers_are_refused_where_they_are(void **state)
{
    (void)state;
    driver_t *driver = forum_that_asks(10, CV_WAITING_RULE_STRICT, 5);
    expect_wrong(ENTER("KZ", "w1", "w1", "w3"), "data.persons[2].answers[1].value",
                 "is no choice of workshop; it must be one of w1, w2");
    expect_wrong(ENTER("KZ", "w1", "!"), "data.persons[1].answers", "has no answer to diet, which must be answered");
    assert_int_equal(taken(driver), 0);
    assert_int_equal(driver_delegation(driver, "E1/KZ").confirmed, 0); /* nothing of it was done */
    EXPECT_OK(ENTER("KZ", "w1", "-"), "registered");
    expect_wrong(amend(driver, "KZ", 1, "w9"), "data.answers[1].value", "must be one of w1, w2");
    expect_wrong(amend(driver, "KZ", 1, "!"), "data.answers", "has no answer to diet");
    cv_registration_substitute_v1_t other = {
        .event = CV_STR("E1"), .party = CV_STR("KZ"), .number = 1, .name = CV_STR("Somebody else")};
    expect_wrong(driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_SUBSTITUTE_V1, &other), "data.answers",
                 "has no answer to diet");
    assert_int_equal(taken(driver), 1);
    driver_rules(driver, "E2", 10, CV_WAITING_RULE_NONE);
    driver_event(driver);
    request.event = CV_STR("E2");
    request.persons[0].answers = answers_of(0, "-");
    expect_wrong(driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_REGISTER_V1, &request),
                 "data.persons[0].answers", "the event asks no questions");
    driver_free(&driver);
}

static void answers_are_kept_and_told_to_few(void **state)
{
    (void)state;
    driver_t *driver = forum_that_asks(10, CV_WAITING_RULE_STRICT, 5);
    EXPECT_OK(ENTER("KZ", "w1", "-"), "registered");
    for (size_t i = 0; i < driver->records_n; i++)
        assert_null(memmem(driver->records[i].ptr, driver->records[i].len, "business", 8));
    assert_null(memmem(driver->outcome.ptr, driver->outcome.len, "business", 8));
    EXPECT_OK(amend(driver, "KZ", 2, "w2"), "amended");
    driver_crash(driver);
    const cv_registration_contact_v1_t *contact =
        &driver_row(driver, "persons", "E1/KZ", CV_MSG_REGISTRATION_CONTACT_V1)->registration_contact_v1;
    cv_form_answer_t answer;
    assert_int_equal(contact->persons_n, 2);
    assert_int_equal(contact->persons[0].answers.n, 2);
    cv_form_answer_at(&contact->persons[0].answers, 1, &answer);
    assert_true(cv_str_is(answer.question, "workshop") && cv_str_is(answer.value, "w1"));
    cv_form_answer_at(&contact->persons[1].answers, 1, &answer);
    assert_true(cv_str_is(answer.value, "w2"));
    cv_form_answer_at(&contact->persons[1].answers, 0, &answer);
    assert_true(cv_str_is(answer.value, "none of your business"));

    driver_bytes_t rows[8];
    char next[257];
    size_t n = driver_query(driver, "history", "E1/KZ/2", NULL, 0, rows, 8, next);
    assert_int_equal(n, 2); /* what was answered before stays in the history */
    for (size_t i = 0; i < n; i++) {
        const cv_registration_change_v1_t *step =
            &driver_read(driver, (cv_str_t){rows[i].ptr, rows[i].len}, CV_MSG_REGISTRATION_CHANGE_V1)
                 ->registration_change_v1;
        assert_int_equal(step->answers.n, i + 1);
        free(rows[i].ptr);
    }
    driver->principal = (cv_principal_t){.name = "portal", .role = CV_ROLE_PUBLISHER};
    assert_int_equal(driver_query_refused(driver, "persons", "E1/KZ"), CV_REFUSED_CODE_DENIED);
    driver_free(&driver);
}

/* 64 persons with 3 KiB of answers each do not fit into one record: they are told in several, and read in several. */
static void many_long_answers(void **state)
{
    (void)state;
    static char text[901];
    driver_t *driver = forum_that_asks(200, CV_WAITING_RULE_NONE, 5);
    const char *workshops[65] = {NULL};
    memset(text, 'y', 500);
    for (int i = 0; i < 64; i++)
        workshops[i] = "-";
    uint64_t before = driver->private_head;
    EXPECT_OK(enter(driver, "AZ", workshops, 0), "registered");
    assert_int_equal(driver->private_head, before + 1);
    for (size_t i = 0; i < 64; i++) {
        request.persons[i].answers = answers_of(i, "-");
        sheets[i][0].value = cv_str(text);
    }
    request.party = CV_STR("KZ");
    before = driver->private_head;
    EXPECT_OK(driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_REGISTER_V1, &request), "registered");
    assert_int_equal(driver->private_head, before + 2);
    driver_bytes_t rows[4];
    char next[257];
    size_t n = driver_query(driver, "persons", "E1/KZ", NULL, 0, rows, 4, next), persons = 0;
    for (size_t i = 0; i < n; i++) {
        const cv_registration_contact_v1_t *contact =
            &driver_read(driver, (cv_str_t){rows[i].ptr, rows[i].len}, CV_MSG_REGISTRATION_CONTACT_V1)
                 ->registration_contact_v1;
        for (size_t k = 0; k < contact->persons_n; k++)
            assert_int_equal(contact->persons[k].number, ++persons);
        free(rows[i].ptr);
    }
    assert_int_equal(n, 2);
    assert_int_equal(persons, 64);
    driver_free(&driver);
}

static void a_full_option_waits_and_moves(void **state)
{
    (void)state;
    driver_t *driver = forum_that_asks(10, CV_WAITING_RULE_STRICT, 2);
    EXPECT_OK(ENTER("KZ", "w1", "w1", "w2"), "registered");
    const cv_outcome_v1_t *outcome = ENTER("AZ", "w1");
    EXPECT_OK(outcome, "waiting");
    assert_true(cv_str_is(outcome->decision.persons[0].rule, "option_full"));
    expect_text(outcome, "option workshop/w1: 2 of 2 places taken");
    EXPECT_OK(ENTER("AZ", "w2"), "registered"); /* who waits for a place holds up nobody who wants none */
    outcome = amend(driver, "KZ", 3, "w1");
    EXPECT_NO(outcome, "option_full");
    assert_true(cv_str_is(outcome->field, "data.answers"));
    expect_text(outcome, "person 3 cannot have option workshop/w1: 2 of 2 places taken. Nothing was changed.");
    assert_int_equal(taken(driver), 2);
    driver_crash(driver);
    assert_int_equal(taken(driver), 2);
    EXPECT_OK(amend(driver, "KZ", 1, "w2"), "amended"); /* a place is given up: who waits has seat and place */
    assert_int_equal(driver_last_promotion(driver)->persons[0].number, 1);
    assert_true(cv_str_is(driver_last_promotion(driver)->party, "AZ"));
    assert_int_equal(taken(driver), 2);
    EXPECT_OK(ENTER("UNX", "w1"), "waiting");
    EXPECT_OK(driver_withdraw(driver, "E1", "KZ", 2), "withdrawn");
    assert_true(cv_str_is(driver_last_promotion(driver)->party, "UNX"));
    assert_int_equal(taken(driver), 2);
    driver_free(&driver);
}

static void without_a_list_the_option_refuses(void **state)
{
    (void)state;
    driver_t *driver = forum_that_asks(10, CV_WAITING_RULE_NONE, 2);
    const cv_outcome_v1_t *outcome = TOGETHER("KZ", "w2", "w1", "w1", "w1");
    EXPECT_NO(outcome, "option_full");
    assert_true(cv_str_is(outcome->field, "data.persons[3]"));
    expect_text(outcome, "option workshop/w1: 0 of 2 places taken");
    outcome = ENTER("KZ", "w1", "w1", "w1");
    EXPECT_OK(outcome, "partly_registered");
    assert_string_equal(driver_states(outcome), "CCR");
    assert_int_equal(taken(driver), 2);
    request.persons[0].attendance = CV_ATTENDANCE_ONLINE;
    request.persons[0].name = CV_STR("Online");
    request.persons[0].answers = answers_of(0, "w2");
    request.persons_n = 1;
    outcome = driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_REGISTER_V1, &request);
    EXPECT_NO(outcome, "option_needs_seat");
    expect_text(outcome, "attends online without one");
    driver_free(&driver);
}

static void limits_move_and_unseat_nobody(void **state)
{
    (void)state;
    driver_t *driver = forum_that_asks(10, CV_WAITING_RULE_STRICT, 3);
    EXPECT_OK(ENTER("KZ", "w1", "w1", "w1"), "registered");
    ask_form(driver, "E1", 1);
    assert_int_equal(taken(driver), 3);
    EXPECT_OK(ENTER("AZ", "w1"), "waiting");
    EXPECT_OK(driver_withdraw(driver, "E1", "KZ", 1), "withdrawn"); /* 2 of 1: nobody moves */
    assert_int_equal(taken(driver), 2);
    driver_crash(driver);
    size_t before = driver->records_n;
    ask_form(driver, "E1", 3); /* and with the record of the form alone the list moves */
    assert_int_equal(driver->records_n, before + 1);
    assert_true(cv_str_is(driver_last_promotion(driver)->party, "AZ"));
    assert_int_equal(taken(driver), 3);
    EXPECT_OK(ENTER("UNX", "w1"), "waiting");
    ask_form(driver, "E1", -1); /* no limit any more */
    assert_int_equal(taken(driver), 4);
    driver_crash(driver);
    assert_int_equal(taken(driver), 4);
    driver_free(&driver);
}

/* Nominated, then confirmed: the place is asked for with the seat. */
static void nominated_persons_hold_no_place(void **state)
{
    (void)state;
    driver_t *driver = driver_forum();
    cv_registration_rules_t *rules = driver_rules(driver, "E1", 10, CV_WAITING_RULE_NONE);
    rules->has_confirm_closes_ms = true;
    rules->confirm_closes_ms = rules->closes_ms + 1000;
    driver_event(driver);
    ask_form(driver, "E1", 1);
    EXPECT_OK(ENTER("KZ", "w1", "w1"), "nominated");
    assert_int_equal(taken(driver), 0);
    cv_registration_confirm_v1_t confirm = {.event = CV_STR("E1"), .party = CV_STR("KZ")};
    const cv_outcome_v1_t *outcome =
        driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_CONFIRM_V1, &confirm);
    EXPECT_OK(outcome, "partly_registered");
    assert_string_equal(driver_states(outcome), "CN");
    assert_int_equal(taken(driver), 1);
    driver_free(&driver);
}

/* A database of the version before forms: what it holds is served on, and asked the new questions from then on. */
static void a_database_from_before(void **state)
{
    (void)state;
    static const char *const rows =
        "INSERT INTO party VALUES(1, 'KZ', 1, 'KZ', 1);"
        "INSERT INTO event VALUES(1, 'E1', 1, 'Meeting', NULL, 1, 6, 1, 62, 1767225600000, 1767226600000, "
        "1767226600000,"
        " 0, 0, 1, 2, 0, 0, 1000, 4, 0, 0, 0, 0);"
        "INSERT INTO tally(id, ceiling, confirmed, waiting, online, pending, offered) VALUES(8192, 4, 1, 0, 0, 0, 0),"
        " (8192 + 4097 + 3, NULL, 1, 0, 0, 0, 0);"
        "INSERT INTO tally VALUES(8193, 1000, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1, 1, 0, 1);"
        "INSERT INTO person VALUES(1, 8193, 1, 0, 1, 3, 0, 0, 0, 1767225600000, 0, 'Person from before', NULL);";
    driver_t *driver = driver_new(T0);
    cv_db_t *db;
    char error[512];
    cv_engine_destroy(&driver->engine);
    cv_db_close(&driver->db);
    assert_int_equal(unlink(driver->path), 0);
    const cv_db_options_t options = {.path = driver->path,
                                     .application_id = reg_service.application_id,
                                     .migrations = reg_service.migrations,
                                     .migrations_n = 1};
    if (cv_db_open(&options, &db, error, sizeof error))
        fail_msg("%s", error);
    assert_int_equal(cv_db_exec(db, rows), CV_OK);
    cv_db_close(&db);
    driver_open(driver);
    driver_meet(driver);
    driver_party(driver, "KZ", CV_PARTY_KIND_MEMBER);
    assert_int_equal(driver_delegation(driver, "E1/KZ").confirmed, 1);
    const cv_registration_contact_v1_t *kept = /* sealed on the way, and still who it was */
        &driver_row(driver, "persons", "E1/KZ", CV_MSG_REGISTRATION_CONTACT_V1)->registration_contact_v1;
    assert_int_equal(kept->persons_n, 1);
    assert_true(cv_str_is(kept->persons[0].name, "Person from before"));
    ask_form(driver, "E1", 1);
    EXPECT_OK(amend(driver, "KZ", 1, "w1"), "amended");
    assert_int_equal(taken(driver), 1);
    EXPECT_OK(ENTER("KZ", "w1"), "waiting");
    driver_crash(driver);
    assert_int_equal(taken(driver), 1);
    driver_free(&driver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_answer),
        cmocka_unit_test(several_answers),
        cmocka_unit_test(wrong_answers_are_refused_where_they_are),
        cmocka_unit_test(answers_are_kept_and_told_to_few),
        cmocka_unit_test(many_long_answers),
        cmocka_unit_test(a_full_option_waits_and_moves),
        cmocka_unit_test(without_a_list_the_option_refuses),
        cmocka_unit_test(limits_move_and_unseat_nobody),
        cmocka_unit_test(nominated_persons_hold_no_place),
        cmocka_unit_test(a_database_from_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
