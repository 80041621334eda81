/* test_scheduling_work: items of work: dependencies without circles, progress, and overdue told once; reports and
 * reviews.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "scheduling/core_work.h"
#include "scheduling/handlers.h"
#include "scheduling_driver.h"

#define W(state) CV_WORK_STATE_##state
#define NOW "2026-02-20T06:00:00Z"
#define HOUR_MS INT64_C(3600000)

static cv_workitem_t item(const char *code, cv_work_state_t state, const char *first, const char *second)
{
    cv_workitem_t row = {.plan = CV_STR("ROADMAP"),
                         .item = cv_str(code),
                         .title = CV_STR("Work"),
                         .state = state,
                         .progress = state == W(DONE) ? 100 : 0};
    if (first)
        row.depends[row.depends_n++] = cv_str(first);
    if (second)
        row.depends[row.depends_n++] = cv_str(second);
    return row;
}

static const cv_outcome_v1_t *put(driver_t *driver, const cv_workitem_t *row)
{
    return driver_send(driver, CV_MSG_SCHEDULING_WORKITEM_PUT_V1, row);
}

static const cv_outcome_v1_t *put_as(driver_t *driver, const char *code, cv_work_state_t state, const char *first,
                                     const char *second)
{
    const cv_workitem_t row = item(code, state, first, second);
    return put(driver, &row);
}

static driver_t *start(void)
{
    driver_t *driver = driver_new(NOW);
    const cv_party_t party = {.code = CV_STR("KZ"), .name = CV_STR("Party"), .kind = CV_PARTY_KIND_MEMBER};
    EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_PARTY_PUT_V1, &party), "stored");
    const cv_workplan_t plan = {
        .code = CV_STR("ROADMAP"), .name = CV_STR("Road Map"), .from = CV_STR("2025"), .to = CV_STR("2026")};
    EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_WORKPLAN_PUT_V1, &plan), "stored");
    return driver;
}

static void test_depends(void **state)
{
    (void)state;
    driver_t *driver = start();
    cv_workitem_t elsewhere = item("A", W(PLANNED), NULL, NULL);
    elsewhere.plan = CV_STR("CHARTER");
    EXPECT_UNKNOWN(put(driver, &elsewhere), "unknown_plan");
    EXPECT_UNKNOWN(put_as(driver, "ADOPTION", W(PLANNED), "READING", NULL), "unknown_item");
    EXPECT_OK(put_as(driver, "DRAFT", W(PLANNED), NULL, NULL), "stored");
    EXPECT_OK(put_as(driver, "DRAFT", W(PLANNED), NULL, NULL), "unchanged");
    EXPECT_OK(put_as(driver, "READING", W(PLANNED), "DRAFT", NULL), "stored");
    EXPECT_OK(put_as(driver, "ADOPTION", W(PLANNED), "READING", "DRAFT"), "stored");
    EXPECT_NO(put_as(driver, "DRAFT", W(PLANNED), "DRAFT", NULL), "depends_circle");
    const cv_outcome_v1_t *outcome = put_as(driver, "DRAFT", W(PLANNED), "ADOPTION", NULL);
    EXPECT_NO(outcome, "depends_circle");
    assert_true(cv_str_is(outcome->text, "DRAFT would wait for itself: DRAFT <- ADOPTION <- DRAFT"));

    EXPECT_NO(put_as(driver, "READING", W(DONE), "DRAFT", NULL), "depends_open");
    cv_workitem_t half = item("DRAFT", W(DONE), NULL, NULL);
    half.progress = 90;
    EXPECT_NO(put(driver, &half), "progress_inconsistent");
    half.state = W(PLANNED);
    EXPECT_NO(put(driver, &half), "progress_inconsistent");
    half.state = W(UNDER_WAY);
    EXPECT_OK(put(driver, &half), "stored");
    EXPECT_OK(put_as(driver, "DRAFT", W(DONE), NULL, NULL), "stored");
    EXPECT_OK(put_as(driver, "READING", W(DONE), "DRAFT", NULL), "stored");
    outcome = put_as(driver, "DRAFT", W(PLANNED), NULL, NULL);
    EXPECT_NO(outcome, "depends_open");
    assert_true(cv_str_is(outcome->text, "cannot be planned: READING rests on it and is done"));
    EXPECT_OK(put_as(driver, "DRAFT", W(DROPPED), NULL, NULL), "stored");
    driver_free(&driver);
}

/* Random graphs against the obvious way: an order exists in which everything comes after what it waits for. */
static void test_circles(void **state)
{
    (void)state;
    enum { ITEMS = 12, ROUNDS = 3000 };
    uint64_t random = 88172645463325252u;
    int circles = 0;
    for (int round = 0; round < ROUNDS; ++round) {
        static char names[ITEMS][4];
        cv_str_t depends[ITEMS][16];
        sch_work_t others[ITEMS];
        bool waits[ITEMS][ITEMS] = {0};
        for (int i = 0; i < ITEMS; ++i)
            snprintf(names[i], sizeof names[i], "I%d", i);
        for (int i = 0; i < ITEMS; ++i)
            others[i] = (sch_work_t){cv_str(names[i]), W(PLANNED), 0, depends[i]};
        for (int step = 0; step < 30; ++step) {
            random ^= random << 13, random ^= random >> 7, random ^= random << 17;
            int from = (int)(random % ITEMS), to = (int)(random / ITEMS % ITEMS);
            if (from == to || waits[from][to] || others[from].depends_n == 8)
                continue;
            cv_workitem_t row = item(names[from], W(PLANNED), NULL, NULL);
            for (size_t i = 0; i < others[from].depends_n; ++i)
                row.depends[row.depends_n++] = depends[from][i];
            row.depends[row.depends_n++] = cv_str(names[to]);
            bool reach[ITEMS] = {[0] = false};
            reach[to] = true;
            for (int pass = 0; pass < ITEMS; ++pass)
                for (int i = 0; i < ITEMS; ++i)
                    for (int j = 0; j < ITEMS; ++j)
                        reach[j] = reach[j] || (reach[i] && waits[i][j]);
            sch_no_t no;
            int rc = sch_check_work(&row, others, ITEMS, &no);
            assert_int_equal(rc, reach[from] ? CV_EREJECTED : CV_OK);
            circles += rc != CV_OK;
            if (rc)
                continue;
            waits[from][to] = true;
            depends[from][others[from].depends_n++] = cv_str(names[to]);
        }
    }
    assert_true(circles > ROUNDS);
}

static const cv_scheduling_workitem_v1_t *told(driver_t *driver)
{
    const driver_bytes_t *last = &driver->records[driver->records_n - 1];
    return &driver_read(driver, (cv_str_t){last->ptr, last->len}, CV_MSG_SCHEDULING_WORKITEM_V1)
                ->scheduling_workitem_v1;
}

static void test_overdue(void **state)
{
    (void)state;
    driver_t *driver = start();
    cv_workitem_t row = item("A", W(UNDER_WAY), NULL, NULL);
    row.due = CV_STR("2026-02-20");
    row.party = CV_STR("KZ");
    EXPECT_OK(put(driver, &row), "stored");
    assert_false(told(driver)->overdue);
    int64_t over;
    assert_int_equal(cv_time_parse(CV_STR("2026-02-21T12:00:00Z"), &over), CV_OK); /* over in the last place on earth */
    driver_wait_until(driver, over - 1);
    size_t n = driver->records_n;
    driver_crash(driver);
    driver_wait_until(driver, over);
    assert_int_equal(driver->records_n, n + 1);
    assert_true(told(driver)->overdue);
    driver_crash(driver);
    driver_wait_until(driver, over + 50 * HOUR_MS);
    assert_int_equal(driver->records_n, n + 1); /* once */

    driver_bytes_t rows[4];
    char next[257];
    assert_int_equal(driver_query(driver, "workitems", "overdue=yes&party=KZ", NULL, 0, rows, 4, next), 1);
    free(rows[0].ptr);
    row.due = CV_STR("2026-03"); /* put off to the end of a month */
    EXPECT_OK(put(driver, &row), "stored");
    assert_false(told(driver)->overdue);
    row.state = W(DONE);
    row.progress = 100;
    EXPECT_OK(put(driver, &row), "stored");
    n = driver->records_n;
    driver_wait_until(driver, over + 1000 * HOUR_MS);
    assert_int_equal(driver->records_n, n); /* done in time */
    row.item = CV_STR("B");
    row.state = W(PLANNED);
    row.progress = 0;
    EXPECT_OK(put(driver, &row), "stored");
    assert_true(told(driver)->overdue); /* at once */
    assert_int_equal(driver_query(driver, "workitems", "plan=ROADMAP&state=done", NULL, 0, rows, 4, next), 1);
    free(rows[0].ptr);
    assert_int_equal(driver_query(driver, "workitems", NULL, "ROADMAP/A", 0, rows, 4, next), 1);
    free(rows[0].ptr);
    assert_int_equal(driver_query(driver, "workplans", NULL, NULL, 0, rows, 4, next), 1);
    free(rows[0].ptr);
    assert_int_equal(driver_query_refused(driver, "workitems", "overdue=no"), CV_REFUSED_CODE_INVALID);
    driver->principal = (cv_principal_t){.name = "kz", .role = CV_ROLE_FOCAL_POINT, .party = "KZ"};
    expect(put(driver, &row), CV_OUTCOME_CLASS_DENIED, "role");
    driver_free(&driver);
}

/* ---- reports ----------------------------------------------------------------------------- */

static void event(driver_t *driver, const char *id, bool held)
{
    const cv_scheduling_event_propose_v1_t propose = {.event = cv_str(id),
                                                      .event_details = {.title = CV_STR("Seminar"),
                                                                        .plan_year = 2026,
                                                                        .line = CV_PLAN_LINE_CBM,
                                                                        .dimension = CV_STR("ECO"),
                                                                        .date_start = CV_STR("2026-02-20")}};
    static const cv_event_status_t LIFE[] = {CV_EVENT_STATUS_ADOPTED, CV_EVENT_STATUS_SCHEDULED, CV_EVENT_STATUS_HELD};
    EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_EVENT_PROPOSE_V1, &propose), "proposed");
    for (size_t i = 0; i < (held ? 3 : 2); ++i) {
        const cv_scheduling_event_advance_v1_t advance = {
            .event = cv_str(id), .to = LIFE[i], .decision = CV_STR("SOC")};
        EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_EVENT_ADVANCE_V1, &advance), "advanced");
    }
}

static void test_reports(void **state)
{
    (void)state;
    driver_t *driver = start();
    const cv_heading_t headings[] = {
        {.code = CV_STR("ECO"), .level = CV_HEADING_LEVEL_DIMENSION, .name = CV_STR("Economic")},
        {.code = CV_STR("ECO-TRA"),
         .level = CV_HEADING_LEVEL_AREA,
         .dimension = CV_STR("ECO"),
         .name = CV_STR("Transport")}};
    for (size_t i = 0; i < 2; ++i)
        EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_HEADING_PUT_V1, &headings[i]), "stored");
    event(driver, "A", true);
    event(driver, "B", true);
    event(driver, "C", false);
    cv_report_t report = {.event = CV_STR("X"),
                          .summary = CV_STR("It went well."),
                          .has_outcome = true,
                          .outcome = {.title = CV_STR("Statement"), .address = CV_STR("https://example.org/s")},
                          .recommendations_n = 2,
                          .recommendations = {CV_STR("Meet again."), CV_STR("Share more.")}};
    EXPECT_UNKNOWN(driver_send(driver, CV_MSG_SCHEDULING_REPORT_PUT_V1, &report), "unknown_event");
    report.event = CV_STR("C");
    EXPECT_NO(driver_send(driver, CV_MSG_SCHEDULING_REPORT_PUT_V1, &report), "not_held");
    report.event = CV_STR("A");
    size_t n = driver->records_n;
    EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_REPORT_PUT_V1, &report), "stored");
    assert_int_equal(driver->records_n, n + 2);
    assert_int_equal(driver_state(driver, "A")->status, CV_EVENT_STATUS_REPORTED);
    EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_REPORT_PUT_V1, &report), "unchanged");
    report.recommendations_n = 1;
    EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_REPORT_PUT_V1, &report),
              "stored"); /* replaced; the event stays closed */
    assert_int_equal(driver->records_n, n + 3);

    cv_review_t review = {.year = 2026, .dimension = CV_STR("ENV"), .meeting = CV_STR("X")};
    EXPECT_UNKNOWN(driver_send(driver, CV_MSG_SCHEDULING_REVIEW_PUT_V1, &review), "unknown_heading");
    review.dimension = CV_STR("ECO-TRA");
    EXPECT_NO(driver_send(driver, CV_MSG_SCHEDULING_REVIEW_PUT_V1, &review), "heading_inconsistent");
    review.dimension = CV_STR("ECO");
    EXPECT_UNKNOWN(driver_send(driver, CV_MSG_SCHEDULING_REVIEW_PUT_V1, &review), "unknown_event");
    review.meeting = CV_STR("B");
    EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_REVIEW_PUT_V1, &review), "stored");
    const driver_bytes_t *last = &driver->records[driver->records_n - 1];
    const cv_scheduling_review_v1_t *found =
        &driver_read(driver, (cv_str_t){last->ptr, last->len}, CV_MSG_SCHEDULING_REVIEW_V1)->scheduling_review_v1;
    assert_true(found->events == 3 && found->held == 2 && found->reported == 1 && found->recommendations == 1);
    assert_true(found->unreported_n == 1 && cv_str_is(found->unreported[0], "B"));
    report.event = CV_STR("B");
    EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_REPORT_PUT_V1, &report), "stored");
    EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_REVIEW_PUT_V1, &review), "stored"); /* the numbers are others now */
    EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_REVIEW_PUT_V1, &review), "unchanged");

    static const struct {
        const char *what, *key;
        size_t n;
    } CASES[] = {{"reports", NULL, 2}, {"reports", "dimension=ECO&year=2026", 2}, {"reports", "year=2025", 0},
                 {"reviews", NULL, 1}, {"versions", "reviews/2026-ECO", 2},       {"versions", "reports/A", 2}};
    driver_bytes_t rows[4];
    char next[257];
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; ++i) {
        n = driver_query(driver, CASES[i].what, CASES[i].key, NULL, 0, rows, 4, next);
        assert_int_equal(n, CASES[i].n);
        for (size_t j = 0; j < n; ++j)
            free(rows[j].ptr);
    }
    driver_free(&driver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_depends), cmocka_unit_test(test_circles),
                                       cmocka_unit_test(test_overdue), cmocka_unit_test(test_reports)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
