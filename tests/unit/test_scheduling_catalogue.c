/* test_scheduling_catalogue: versions of the catalogue, terms of coordinators and of the chair, and what they rest on.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "scheduling/core_terms.h"
#include "scheduling/handlers.h"
#include "scheduling_driver.h"

#define NOW "2026-02-20T06:00:00Z"

static driver_t *start(void)
{
    driver_t *driver = driver_new(NOW);
    static const char *const CODES[] = {"AZ", "CN", "KZ", "TJ", "TR", "OIC"};
    for (size_t i = 0; i < 6; ++i) {
        const cv_party_t party = {.code = cv_str(CODES[i]),
                                  .name = CV_STR("Party"),
                                  .kind = i < 5 ? CV_PARTY_KIND_MEMBER : CV_PARTY_KIND_OBSERVER_ORG};
        EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_PARTY_PUT_V1, &party), "stored");
    }
    const cv_heading_t headings[] = {
        {.code = CV_STR("ECO"), .level = CV_HEADING_LEVEL_DIMENSION, .name = CV_STR("Economic")},
        {.code = CV_STR("HUM"), .level = CV_HEADING_LEVEL_DIMENSION, .name = CV_STR("Human")},
        {.code = CV_STR("YOUTH"), .level = CV_HEADING_LEVEL_AREA, .dimension = CV_STR("HUM"), .name = CV_STR("Youth")}};
    for (size_t i = 0; i < 3; ++i)
        EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_HEADING_PUT_V1, &headings[i]), "stored");
    return driver;
}

static cv_catalogue_t version(const char *code, const char *dimension_of_youth)
{
    return (cv_catalogue_t){.code = cv_str(code),
                            .name = CV_STR("Catalogue"),
                            .from = cv_str(code),
                            .dimensions_n = 2,
                            .dimensions = {{CV_STR("ECO"), CV_STR("Economic")}, {CV_STR("HUM"), CV_STR("Human")}},
                            .areas_n = 1,
                            .areas = {{CV_STR("YOUTH"), cv_str(dimension_of_youth), CV_STR("Youth")}}};
}

static const cv_outcome_v1_t *put(driver_t *driver, const cv_catalogue_t *catalogue)
{
    return driver_send(driver, CV_MSG_SCHEDULING_CATALOGUE_PUT_V1, catalogue);
}

static const cv_outcome_v1_t *propose(driver_t *driver, const char *event, const char *catalogue, const char *dimension,
                                      const char *area)
{
    const cv_scheduling_event_propose_v1_t request = {.event = cv_str(event),
                                                      .event_details = {.title = CV_STR("Seminar"),
                                                                        .plan_year = 2026,
                                                                        .line = CV_PLAN_LINE_CBM,
                                                                        .catalogue = cv_str(catalogue),
                                                                        .dimension = cv_str(dimension),
                                                                        .area = cv_str(area)}};
    return driver_send(driver, CV_MSG_SCHEDULING_EVENT_PROPOSE_V1, &request);
}

static void test_spans(void **state)
{
    (void)state;
    static const struct {
        const char *date;
        int64_t first, last; /* last < first: no date */
    } CASES[] = {{"1970", 0, 364},      {"1970-02", 31, 58}, {"1972-02", 761, 789}, {"1970-01-02", 1, 1},
                 {"1970-12", 334, 364}, {"1970-13", 1, 0},   {"1970-02-29", 1, 0},  {"197", 1, 0},
                 {"19x0-01", 1, 0},     {"", 1, 0}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; ++i) {
        int64_t first = 1, last = 0;
        assert_int_equal(sch_span(cv_str(CASES[i].date), &first, &last), CASES[i].first <= CASES[i].last);
        assert_true(first == CASES[i].first && last == CASES[i].last);
    }
    static const struct {
        const char *a_from, *a_to, *b_from, *b_to;
        bool clash;
    } TERMS[] = {{"2010", "2014", "2014", "2018", false}, /* on some reading one after the other */
                 {"2010", "2014", "2013", "2018", true},
                 {"2010", "2014", "2013-12-31", NULL, true},
                 {"2020-09-24", "2024-12-17", "2024-12-17", NULL, false}, /* handover */
                 {"2020-09-24", "2024-12-17", "2024-12-16", NULL, true},
                 {NULL, NULL, "2024", NULL, false},
                 {"2020", NULL, "2024", NULL, true}};
    for (size_t i = 0; i < sizeof TERMS / sizeof *TERMS; ++i) {
        const sch_term_t a = {cv_str(TERMS[i].a_from), cv_str(TERMS[i].a_to)},
                         b = {cv_str(TERMS[i].b_from), cv_str(TERMS[i].b_to)};
        assert_int_equal(sch_terms_clash(&a, &b), TERMS[i].clash);
        assert_int_equal(sch_terms_clash(&b, &a), TERMS[i].clash);
    }
}

static void test_versions(void **state)
{
    (void)state;
    driver_t *driver = start();
    cv_catalogue_t old = version("2004", "ECO"), now = version("2021", "HUM");
    EXPECT_OK(put(driver, &old), "stored");
    EXPECT_OK(put(driver, &old), "unchanged");
    EXPECT_OK(put(driver, &now), "stored");
    EXPECT_UNKNOWN(propose(driver, "E-0", "1999", NULL, NULL), "unknown_catalogue");

    /* The area moved between dimensions: each event cites it as it was in its version. */
    EXPECT_OK(propose(driver, "E-1", "2004", "ECO", "YOUTH"), "proposed");
    const cv_outcome_v1_t *outcome = propose(driver, "E-2", "2021", "ECO", "YOUTH");
    EXPECT_NO(outcome, "catalogue_inconsistent");
    assert_true(cv_str_is(outcome->text, "in the catalogue of 2021 YOUTH belongs to HUM, not to ECO"));
    EXPECT_OK(propose(driver, "E-2", "2021", "HUM", "YOUTH"), "proposed");
    EXPECT_NO(propose(driver, "E-3", NULL, "ECO", "YOUTH"),
              "heading_inconsistent"); /* without a version: as it is now */
    assert_true(cv_str_is(driver_state(driver, "E-1")->event_details.catalogue, "2004"));

    /* What is cited stays. */
    old.areas[0].dimension = CV_STR("HUM");
    outcome = put(driver, &old);
    EXPECT_NO(outcome, "catalogue_cited");
    assert_true(cv_str_is(outcome->text, "E-1 cites it: in the catalogue of 2004 YOUTH belongs to HUM, not to ECO"));
    old.areas_n = 0;
    EXPECT_NO(put(driver, &old), "catalogue_cited");
    old = version("2004", "ECO");
    old.areas[old.areas_n++] = (cv_catalogue_area_t){CV_STR("SME"), CV_STR("ECO"), CV_STR("Enterprises")};
    EXPECT_OK(put(driver, &old), "stored");
    old.areas[1].dimension = CV_STR("ENV");
    EXPECT_NO(put(driver, &old), "catalogue_inconsistent");
    old.areas[1] = old.areas[0];
    EXPECT_NO(put(driver, &old), "catalogue_inconsistent");
    old.dimensions[1] = old.dimensions[0];
    EXPECT_NO(put(driver, &old), "catalogue_inconsistent");

    /* Every row ever put is kept. */
    driver_bytes_t rows[4];
    char next[257];
    assert_int_equal(driver_query(driver, "catalogues", NULL, NULL, 0, rows, 4, next), 2);
    free(rows[0].ptr);
    free(rows[1].ptr);
    assert_int_equal(driver_query(driver, "versions", "catalogues/2004", NULL, 0, rows, 4, next), 2);
    const cv_catalogue_t *first =
        &driver_read(driver, (cv_str_t){rows[0].ptr, rows[0].len}, CV_MSG_SCHEDULING_CATALOGUE_V1)
             ->scheduling_catalogue_v1;
    assert_int_equal(first->areas_n, 1);
    free(rows[0].ptr);
    free(rows[1].ptr);
    assert_int_equal(driver_query(driver, "versions", "parties/KZ", NULL, 0, rows, 4, next), 1);
    free(rows[0].ptr);
    assert_int_equal(driver_query_refused(driver, "versions", "parties/XX"), CV_REFUSED_CODE_NOTFOUND);
    assert_int_equal(driver_query_refused(driver, "versions", "parties"), CV_REFUSED_CODE_INVALID);
    assert_int_equal(driver_query_refused(driver, "versions", "weather/KZ"), CV_REFUSED_CODE_INVALID);
    driver_free(&driver);
}

static const cv_outcome_v1_t *chair(driver_t *driver, const char *code, const char *party, const char *from,
                                    const char *to)
{
    const cv_chairmanship_t row = {
        .code = cv_str(code), .party = cv_str(party), .from = cv_str(from), .to = cv_str(to)};
    return driver_send(driver, CV_MSG_SCHEDULING_CHAIRMANSHIP_PUT_V1, &row);
}

static void test_chair(void **state)
{
    (void)state;
    driver_t *driver = start();
    /* As public sources have it, to the precision they have. */
    EXPECT_OK(chair(driver, "CH-1", "KZ", "2002", "2010"), "stored");
    EXPECT_OK(chair(driver, "CH-2", "TR", "2010", "2014"), "stored");
    EXPECT_OK(chair(driver, "CH-3", "CN", "2014", "2018"), "stored");
    EXPECT_OK(chair(driver, "CH-4", "TJ", "2018", "2020"), "stored");
    EXPECT_OK(chair(driver, "CH-5", "KZ", "2020-09-24", NULL), "stored");
    const cv_outcome_v1_t *outcome = chair(driver, "CH-6", "AZ", "2024-12-17", NULL);
    EXPECT_NO(outcome, "term_clash");
    assert_true(cv_str_is(outcome->text, "KZ (CH-5) is in the chair from 2020-09-24, its end is open"));
    EXPECT_OK(chair(driver, "CH-5", "KZ", "2020-09-24", "2024-12-17"), "stored");
    EXPECT_OK(chair(driver, "CH-6", "AZ", "2024-12-17", NULL), "stored");
    EXPECT_NO(chair(driver, "CH-7", "OIC", "2030", NULL), "not_member");
    EXPECT_UNKNOWN(chair(driver, "CH-7", "XX", "2030", NULL), "unknown_party");
    EXPECT_NO(chair(driver, "CH-7", "TR", "2030", "2029"), "date_inconsistent");
    driver_free(&driver);
}

static void test_coordinators(void **state)
{
    (void)state;
    driver_t *driver = start();
    cv_coordinator_t row = {.code = CV_STR("YOUTH-1"),
                            .area = CV_STR("YOUTH"),
                            .party = CV_STR("KZ"),
                            .role = CV_COORDINATOR_ROLE_COORDINATOR,
                            .from = CV_STR("2024-01")};
    EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_COORDINATOR_PUT_V1, &row), "stored");
    row.code = CV_STR("YOUTH-2");
    row.party = CV_STR("AZ");
    row.from = CV_STR("2025");
    EXPECT_NO(driver_send(driver, CV_MSG_SCHEDULING_COORDINATOR_PUT_V1, &row), "term_clash");
    row.role = CV_COORDINATOR_ROLE_CO_COORDINATOR;
    EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_COORDINATOR_PUT_V1, &row), "stored");
    row.code = CV_STR("YOUTH-3");
    EXPECT_NO(driver_send(driver, CV_MSG_SCHEDULING_COORDINATOR_PUT_V1, &row), "term_clash"); /* the same state twice */
    row.area = CV_STR("SPACE");
    EXPECT_UNKNOWN(driver_send(driver, CV_MSG_SCHEDULING_COORDINATOR_PUT_V1, &row), "unknown_heading");

    /* A term nobody dated says nothing certain. */
    row.area = CV_STR("YOUTH");
    row.party = CV_STR("TR");
    row.role = CV_COORDINATOR_ROLE_COORDINATOR;
    row.from = CV_STR_NONE;
    EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_COORDINATOR_PUT_V1, &row), "stored");
    driver_free(&driver);
}

/* A change that names a decision rests on it. */
static void test_rests(void **state)
{
    (void)state;
    driver_t *driver = start();
    cv_party_t party = {
        .code = CV_STR("OIC"), .name = CV_STR("Party"), .kind = CV_PARTY_KIND_MEMBER, .decision = CV_STR("D-1")};
    EXPECT_UNKNOWN(driver_send_as(driver, 9001, CV_MSG_SCHEDULING_PARTY_PUT_V1, &party), "unknown_decision");
    const cv_scheduling_decision_open_v1_t open = {
        .decision = CV_STR("D-1"),
        .has_expires_ms = true,
        .expires_ms = driver->now_ms + 1000,
        .resolution = {
            .subject = CV_SUBJECT_KIND_MEMBERSHIP, .about = CV_STR("OIC"), .title = CV_STR("T"), .text = CV_STR("T.")}};
    EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_DECISION_OPEN_V1, &open), "opened");
    EXPECT_NO(driver_send(driver, CV_MSG_SCHEDULING_PARTY_PUT_V1, &party), "not_adopted");
    cv_catalogue_t catalogue = version("2024", "HUM");
    catalogue.decision = CV_STR("D-1");
    EXPECT_NO(put(driver, &catalogue), "not_adopted");
    driver_wait_until(driver, driver->now_ms + 1000);
    EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_PARTY_PUT_V1, &party), "stored");
    EXPECT_OK(put(driver, &catalogue), "stored");
    driver->principal = (cv_principal_t){.name = "kz", .role = CV_ROLE_FOCAL_POINT, .party = "KZ"};
    expect(put(driver, &catalogue), CV_OUTCOME_CLASS_DENIED, "role");
    expect(chair(driver, "CH-7", "KZ", "2030", NULL), CV_OUTCOME_CLASS_DENIED, "role");
    driver_free(&driver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_spans), cmocka_unit_test(test_versions),
                                       cmocka_unit_test(test_chair), cmocka_unit_test(test_coordinators),
                                       cmocka_unit_test(test_rests)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
