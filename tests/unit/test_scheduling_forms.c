/* test_scheduling_forms: a form that could not be answered is refused where it is wrong; versions, and what they
 * promise registration: a choice that was there without a limit never gets one.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "scheduling/core_form.h"
#include "scheduling/handlers.h"
#include "scheduling_driver.h"

#define T(type) CV_QUESTION_TYPE_##type

static cv_scheduling_form_put_v1_t form; /* is large */

static cv_form_question_t *add(const char *id, cv_question_type_t type)
{
    cv_form_question_t *question = &form.form.questions[form.form.questions_n++];
    *question = (cv_form_question_t){.id = cv_str(id), .label = CV_STR("Question"), .type = type};
    return question;
}

static void choose(cv_form_question_t *question, const char *id, int64_t limit)
{
    question->choices[question->choices_n++] =
        (cv_form_choice_t){.id = cv_str(id), .label = CV_STR("Choice"), .has_limit = limit >= 0, .limit = limit};
}

static void only_when(cv_form_question_t *question, const char *earlier, const char *value)
{
    question->has_when = true;
    question->when = (cv_form_condition_t){.question = cv_str(earlier), .values_n = 1, .values = {cv_str(value)}};
}

/* A form that is good: a question of each kind that the checks look at. */
static void begin(void)
{
    form = (cv_scheduling_form_put_v1_t){.form = {.event = CV_STR("E1")}};
    add("coming", T(YES_NO));
    cv_form_question_t *workshop = add("workshop", T(CHOICE));
    choose(workshop, "w1", 20);
    choose(workshop, "w2", 0);
    only_when(workshop, "coming", "yes");
    only_when(add("why", T(TEXT)), "workshop", "w2");
    cv_form_question_t *tours = add("tours", T(CHOICES));
    choose(tours, "t1", -1);
    choose(tours, "t2", -1);
    cv_form_question_t *day = add("day", T(DATE));
    day->earliest = CV_STR("2026-03-01");
    day->latest = CV_STR("2026-03-02");
    add("count", T(INTEGER));
}

static const cv_outcome_v1_t *put(driver_t *driver)
{
    return driver_send(driver, CV_MSG_SCHEDULING_FORM_PUT_V1, &form);
}

static driver_t *start(void)
{
    driver_t *driver = driver_new("2026-02-20T06:00:00Z");
    const cv_scheduling_event_propose_v1_t event = {
        .event = CV_STR("E1"),
        .event_details = {.title = CV_STR("Meeting"), .plan_year = 2026, .line = CV_PLAN_LINE_CBM}};
    EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_EVENT_PROPOSE_V1, &event), "proposed");
    return driver;
}

enum { COMING, WORKSHOP, WHY, TOURS, DAY, COUNT };

static void spoil(int what)
{
    cv_form_question_t *q = form.form.questions;
    switch (what) {
    case 0:
        q[WHY].id = CV_STR("coming");
        break;
    case 1:
        q[WORKSHOP].choices_n = 0;
        break;
    case 2:
        choose(&q[COUNT], "c1", -1);
        break;
    case 3:
        q[WORKSHOP].choices[1].id = CV_STR("w1");
        break;
    case 4:
        only_when(&q[WHY], "tours", "t1");
        break; /* comes later */
    case 5:
        only_when(&q[WHY], "nothing", "yes");
        break;
    case 6:
        only_when(&q[WHY], "why", "yes");
        break; /* itself */
    case 7:
        only_when(&q[COUNT], "day", "yes");
        break;
    case 8:
        only_when(&q[WHY], "workshop", "w3");
        break;
    case 9:
        only_when(&q[WHY], "coming", "perhaps");
        break;
    case 10:
        q[DAY].has_most = true;
        q[DAY].most = 3;
        break;
    case 11:
        q[WHY].has_least = true;
        q[WHY].least = -1;
        break;
    case 12:
        q[WHY].has_most = true;
        q[WHY].most = 0;
        break;
    case 13:
        q[COUNT].has_least = q[COUNT].has_most = true;
        q[COUNT].least = 3;
        q[COUNT].most = 2;
        break;
    case 14:
        q[TOURS].has_least = true;
        q[TOURS].least = 3;
        break;
    case 15:
        q[WHY].earliest = CV_STR("2026-03-01");
        break;
    case 16:
        q[DAY].latest = CV_STR("2026-03");
        break;
    case 17:
        q[DAY].earliest = CV_STR("2026-03-03");
        break;
    default:
        break;
    }
}

static void bad_forms(void **state)
{
    (void)state;
    static const struct {
        const char *path, *says;
    } rows[] = {
        {"data.questions[2].id", "is coming like that of question 0"},
        {"data.questions[1].choices", "at least one can be chosen"},
        {"data.questions[5].choices", "only a question of type choice or choices has choices, not integer"},
        {"data.questions[1].choices[1].id", "is w1 like that of choice 0"},
        {"data.questions[2].when.question", "is tours, which is no question before this one"},
        {"data.questions[2].when.question", "is nothing, which is no question before this one"},
        {"data.questions[2].when.question", "is why, which is no question before this one"},
        {"data.questions[5].when.question", "is of type date"},
        {"data.questions[2].when.values[0]", "is w3, which workshop can never be"},
        {"data.questions[2].when.values[0]", "is perhaps, which coming can never be"},
        {"data.questions[4].most", "an answer of type date has no such limit"},
        {"data.questions[2].least", "is less than 0"},
        {"data.questions[2].most", "nothing could be answered"},
        {"data.questions[5].least", "is 3, more than 2, the most"},
        {"data.questions[3].least", "more than there are choices"},
        {"data.questions[2].earliest", "only a date has it, not text"},
        {"data.questions[4].latest", "must be a whole day"},
        {"data.questions[4].earliest", "is after the latest day"},
    };
    driver_t *driver = start();
    for (int i = 0; i < (int)(sizeof rows / sizeof *rows); ++i) {
        char text[600];
        begin();
        spoil(i);
        const cv_outcome_v1_t *outcome = put(driver);
        EXPECT_NO(outcome, "form_inconsistent");
        snprintf(text, sizeof text, "%.*s", CV_STR_ARG(outcome->text));
        if (!cv_str_is(outcome->field, rows[i].path) || !strstr(text, rows[i].says))
            fail_msg("%d: %.*s: %s", i, CV_STR_ARG(outcome->field), text);
    }
    begin();
    EXPECT_OK(put(driver), "stored");
    form.form.event = CV_STR("E2");
    EXPECT_UNKNOWN(put(driver), "unknown_event");
    driver_free(&driver);
}

static void versions(void **state)
{
    (void)state;
    driver_t *driver = start();
    begin();
    size_t before = driver->records_n;
    EXPECT_OK(put(driver), "stored");
    EXPECT_OK(put(driver), "unchanged");
    assert_int_equal(driver->records_n, before + 1);
    form.form.questions[WORKSHOP].choices[0].limit = 10;
    form.has_expected_version = true;
    form.expected_version = 2;
    EXPECT_NO(put(driver), "version_conflict");
    form.expected_version = 1;
    EXPECT_OK(put(driver), "stored");
    const cv_scheduling_form_v1_t *told =
        &driver_read(driver, (cv_str_t){driver->records[before + 1].ptr, driver->records[before + 1].len},
                     CV_MSG_SCHEDULING_FORM_V1)
             ->scheduling_form_v1;
    assert_int_equal(told->version, 2);
    assert_int_equal(told->form.questions[WORKSHOP].choices[0].limit, 10);
    driver_crash(driver);
    driver_bytes_t rows[4];
    char next[257];
    assert_int_equal(driver_query(driver, "form", "E1", NULL, 0, rows, 4, next), 1);
    told = &driver_read(driver, (cv_str_t){rows[0].ptr, rows[0].len}, CV_MSG_SCHEDULING_FORM_V1)->scheduling_form_v1;
    assert_int_equal(told->version, 2);
    assert_int_equal(told->form.questions_n, 6);
    free(rows[0].ptr);
    size_t n = driver_query(driver, "versions", "forms/E1", NULL, 0, rows, 4, next);
    assert_int_equal(n, 2);
    for (size_t i = 0; i < n; ++i)
        free(rows[i].ptr);
    assert_int_equal(driver_query_refused(driver, "form", "E9"), CV_REFUSED_CODE_NOTFOUND);
    driver_free(&driver);
}

/* Who took a choice while it was free holds no place, so the places could not be counted. */
static void a_limit_does_not_come_late(void **state)
{
    (void)state;
    driver_t *driver = start();
    begin();
    EXPECT_OK(put(driver), "stored");
    form.form.questions[TOURS].choices[1].has_limit = true;
    form.form.questions[TOURS].choices[1].limit = 5;
    const cv_outcome_v1_t *outcome = put(driver);
    EXPECT_NO(outcome, "form_inconsistent");
    assert_true(cv_str_is(outcome->field, "data.questions[3].choices[1].limit"));
    form.form.questions[TOURS].choices[1].id = CV_STR("t3");
    EXPECT_OK(put(driver), "stored");
    form.form.questions[WORKSHOP].choices[0].has_limit = false; /* one that goes may come back */
    EXPECT_OK(put(driver), "stored");
    form.form.questions[WORKSHOP].choices[0].has_limit = true;
    EXPECT_OK(put(driver), "stored");
    driver_free(&driver);
}

static void options_are_not_endless(void **state)
{
    (void)state;
    static char ids[3][32][8];
    driver_t *driver = start();
    for (int version = 0; version < 3; ++version) {
        form = (cv_scheduling_form_put_v1_t){.form = {.event = CV_STR("E1")}};
        cv_form_question_t *question = add("booth", T(CHOICE));
        for (int i = 0; i < 30; ++i) {
            snprintf(ids[version][i], sizeof ids[0][0], "b%d", version * 30 + i);
            choose(question, ids[version][i], 1);
        }
        if (version < 2)
            EXPECT_OK(put(driver), "stored");
        else
            EXPECT_NO(put(driver), "too_many");
    }
    driver_free(&driver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(bad_forms), cmocka_unit_test(versions),
                                       cmocka_unit_test(a_limit_does_not_come_late),
                                       cmocka_unit_test(options_are_not_endless)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
