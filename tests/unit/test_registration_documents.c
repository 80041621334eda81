/* test_registration_documents: identity documents are sealed, end with the person, and are on no stream; who reads
 * personal data leaves a trace that is there before the answer.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "registration/document.h"
#include "registration_driver.h"
#include "stored.h"

#include <sodium.h>

static const int64_t DAY = 24 * 3600 * 1000;
static const char NUMBER[] = "ZQX-7781-ONLY-HERE";

/* Whether the database or its WAL has these octets. */
static bool stored(const driver_t *driver, const char *octets)
{
    return stored_in(driver->path, octets, strlen(octets));
}

static const cv_outcome_v1_t *put_kind(driver_t *driver, int64_t person, cv_document_kind_t kind, const char *document)
{
    cv_registration_document_put_v1_t request = {.event = CV_STR("E1"),
                                                 .party = CV_STR("KZ"),
                                                 .number = person,
                                                 .kind = kind,
                                                 .document = cv_str(document),
                                                 .state = CV_STR("KZ"),
                                                 .expires = CV_STR("2031-02-28")};
    return driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_DOCUMENT_PUT_V1, &request);
}

static const cv_outcome_v1_t *put(driver_t *driver, int64_t person, const char *document)
{
    return put_kind(driver, person, CV_DOCUMENT_KIND_PASSPORT, document);
}

static const cv_outcome_v1_t *drop(driver_t *driver, int64_t person, cv_document_kind_t kind)
{
    cv_registration_document_drop_v1_t request = {
        .event = CV_STR("E1"), .party = CV_STR("KZ"), .number = person, .kind = kind};
    return driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_DOCUMENT_DROP_V1, &request);
}

static const cv_outcome_v1_t *erase(driver_t *driver, int64_t person)
{
    cv_registration_erase_v1_t request = {
        .event = CV_STR("E1"), .party = CV_STR("KZ"), .persons_n = 1, .persons = {person}};
    return driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_ERASE_V1, &request);
}

static const cv_registration_document_v1_t *only(driver_t *driver, const char *key)
{
    return &driver_row(driver, "documents", key, CV_MSG_REGISTRATION_DOCUMENT_V1)->registration_document_v1;
}

/* How many rows a question has. */
static size_t count(driver_t *driver, const char *what, const char *key)
{
    driver_bytes_t rows[64] = {{0}};
    char next[257];
    size_t n = driver_query(driver, what, key, NULL, 64, rows, 64, next);
    for (size_t i = 0; i < n; i++)
        free(rows[i].ptr);
    return n;
}

/* One row of a question, after `after`; *next is where it goes on. */
static size_t one_page(driver_t *driver, const char *what, const char *key, char next[257])
{
    char after[257];
    driver_bytes_t row = {0};
    snprintf(after, sizeof after, "%s", next);
    size_t n = driver_query(driver, what, key, after[0] ? after : NULL, 1, &row, 1, next);
    free(row.ptr);
    return n;
}

static void as(driver_t *driver, const char *name, unsigned role, const char *party)
{
    driver->principal = (cv_principal_t){.role = role};
    snprintf(driver->principal.name, sizeof driver->principal.name, "%s", name);
    snprintf(driver->principal.party, sizeof driver->principal.party, "%s", party);
}

static driver_t *forum(void)
{
    driver_t *driver = driver_forum_with(10, CV_WAITING_RULE_NONE);
    EXPECT_OK(driver_register(driver, "E1", "KZ", "dd", CV_GROUP_RULE_EACH), "registered");
    EXPECT_OK(driver_register(driver, "E1", "AZ", "d", CV_GROUP_RULE_EACH), "registered");
    return driver;
}

/* ---- documents -----------------------------------------------------------------------------------------------------
 */

static void sealed_shown_replaced_dropped(void **state)
{
    (void)state;
    driver_t *driver = forum();
    size_t records = driver->records_n;
    uint64_t head = driver->private_head;
    const cv_outcome_v1_t *outcome = put(driver, 1, NUMBER);
    EXPECT_OK(outcome, "document_stored");
    assert_null(memmem(driver->outcome.ptr, driver->outcome.len, NUMBER, strlen(NUMBER)));
    assert_int_equal(driver->records_n, records); /* on no stream */
    assert_int_equal(driver->private_head, head);
    assert_false(stored(driver, NUMBER) || stored(driver, "2031-02-28"));
    const cv_registration_document_v1_t *document = only(driver, "E1/KZ/1");
    assert_true(cv_str_is(document->document, NUMBER) && cv_str_is(document->state, "KZ"));
    assert_true(cv_str_is(document->expires, "2031-02-28") && cv_str_is(document->by, "secretary"));
    assert_int_equal(document->kind, CV_DOCUMENT_KIND_PASSPORT);
    assert_int_equal(document->number, 1);
    assert_int_equal(count(driver, "documents", "E1/KZ/2"), 0);
    EXPECT_OK(put(driver, 1, "another"), "document_stored"); /* in its place */
    assert_true(cv_str_is(only(driver, "E1/KZ/1")->document, "another"));
    EXPECT_OK(put_kind(driver, 1, CV_DOCUMENT_KIND_OTHER, "card"), "document_stored");
    driver_crash(driver);
    assert_int_equal(count(driver, "documents", "E1/KZ/1"), 2);
    char next[257] = "";
    assert_int_equal(one_page(driver, "documents", "E1/KZ/1", next), 1); /* in pages */
    assert_string_equal(next, "1");
    assert_int_equal(one_page(driver, "documents", "E1/KZ/1", next), 1);
    assert_string_equal(next, "");
    EXPECT_OK(drop(driver, 1, CV_DOCUMENT_KIND_PASSPORT), "document_dropped");
    assert_true(cv_str_is(only(driver, "E1/KZ/1")->document, "card"));
    EXPECT_NO(drop(driver, 1, CV_DOCUMENT_KIND_PASSPORT), "no_document");
    EXPECT_NO(put(driver, 9, NUMBER), "not_registered");
    EXPECT_OK(driver_withdraw(driver, "E1", "KZ", 1), "withdrawn");
    EXPECT_NO(put(driver, 1, NUMBER), "already_withdrawn");
    EXPECT_OK(drop(driver, 1, CV_DOCUMENT_KIND_OTHER), "document_dropped"); /* that is always possible */
    driver_free(&driver);
}

static void gone_with_the_person(void **state)
{
    (void)state;
    driver_t *driver = forum();
    EXPECT_OK(put(driver, 1, NUMBER), "document_stored");
    EXPECT_OK(put(driver, 2, "of the second"), "document_stored");
    EXPECT_OK(erase(driver, 1), "erased");
    assert_int_equal(count(driver, "documents", "E1/KZ/1"), 0);
    assert_int_equal(driver_number(driver, "SELECT count(*) FROM document"), 1);
    assert_true(cv_str_is(only(driver, "E1/KZ/2")->document, "of the second"));
    EXPECT_NO(put(driver, 1, NUMBER), "already_erased");
    EXPECT_NO(drop(driver, 1, CV_DOCUMENT_KIND_PASSPORT), "already_erased");
    /* Who takes the place of somebody does not get the passport. */
    cv_registration_substitute_v1_t swap = {
        .event = CV_STR("E1"), .party = CV_STR("KZ"), .number = 2, .name = CV_STR("Somebody Else")};
    EXPECT_OK(driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_SUBSTITUTE_V1, &swap), "substituted");
    assert_int_equal(count(driver, "documents", "E1/KZ/2"), 0);
    assert_int_equal(driver_number(driver, "SELECT count(*) FROM document"), 0);
    EXPECT_OK(put(driver, 2, "of the third"), "document_stored");
    assert_true(cv_str_is(only(driver, "E1/KZ/2")->document, "of the third"));
    /* A row that came back all the same, from a restored page: its secret is another's, so it is not shown. */
    assert_int_equal(cv_db_exec(driver->db, "UPDATE document SET secret = secret - 1"), CV_OK);
    assert_int_equal(count(driver, "documents", "E1/KZ/2"), 0);
    driver_free(&driver);
}

static void purged_with_the_event(void **state)
{
    (void)state;
    driver_t *driver = driver_forum();
    driver_rules(driver, "E1", 5, CV_WAITING_RULE_NONE);
    driver->event.event_details.date_start = driver->event.event_details.date_end = CV_STR("2026-01-02");
    driver->event.event_details.precision = CV_DATE_PRECISION_DAY;
    driver_event(driver);
    EXPECT_OK(driver_register(driver, "E1", "KZ", "d", CV_GROUP_RULE_EACH), "registered");
    EXPECT_OK(put(driver, 1, NUMBER), "document_stored");
    driver_wait_until(driver, T0 + 80 * DAY);
    assert_int_equal(driver_number(driver, "SELECT count(*) FROM document"), 1);
    driver_wait_until(driver, T0 + 100 * DAY);
    assert_int_equal(driver_number(driver, "SELECT count(*) FROM document"), 0);
    driver_free(&driver);
}

static void for_the_secretariat_and_the_own_focal_point(void **state)
{
    (void)state;
    driver_t *driver = forum();
    EXPECT_OK(put(driver, 1, NUMBER), "document_stored");
    as(driver, "focal-kz", CV_ROLE_FOCAL_POINT, "KZ");
    assert_true(cv_str_is(only(driver, "E1/KZ/1")->document, NUMBER));
    assert_int_equal(driver_query_refused(driver, "accesses", "E1/KZ/1"), CV_REFUSED_CODE_DENIED);
    const struct {
        unsigned role;
        const char *party;
    } others[] = {{CV_ROLE_FOCAL_POINT, "AZ"}, {CV_ROLE_SERVICE, ""}, {CV_ROLE_OPERATOR, ""}, {CV_ROLE_OBSERVER, ""}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        as(driver, "other", others[i].role, others[i].party);
        assert_int_equal(driver_query_refused(driver, "documents", "E1/KZ/1"), CV_REFUSED_CODE_DENIED);
        assert_int_equal(driver_query_refused(driver, "documents", "E9/KZ/1"), CV_REFUSED_CODE_DENIED);
        assert_int_equal(driver_query_refused(driver, "accesses", "E1"), CV_REFUSED_CODE_DENIED);
    }
    as(driver, "secretary", CV_ROLE_SECRETARIAT, "");
    assert_int_equal(driver_query_refused(driver, "documents", "E1/KZ"), CV_REFUSED_CODE_INVALID); /* one person */
    assert_int_equal(driver_query_refused(driver, "documents", "E1/KZ/x"), CV_REFUSED_CODE_INVALID);
    assert_int_equal(driver_query_refused(driver, "documents", "E1/KZ/9"), CV_REFUSED_CODE_NOTFOUND);
    driver_free(&driver);
}

/* ---- readings ------------------------------------------------------------------------------------------------------
 */

static void nobody_reads_without_a_trace(void **state)
{
    (void)state;
    driver_t *driver = forum();
    EXPECT_OK(put(driver, 1, NUMBER), "document_stored");
    assert_int_equal(count(driver, "persons", "E1/KZ"), 1);
    driver_stop(driver); /* right after the answer, as kill -9 does */
    driver_open(driver);
    const cv_registration_access_v1_t *access =
        &driver_row(driver, "accesses", "E1", CV_MSG_REGISTRATION_ACCESS_V1)->registration_access_v1;
    assert_true(cv_str_is(access->by, "secretary") && cv_str_is(access->what, "persons"));
    assert_true(cv_str_is(access->party, "KZ") && !access->has_number);
    assert_int_equal(access->persons, 2);
    assert_int_equal(access->at_ms, driver->now_ms);
    as(driver, "focal-kz", CV_ROLE_FOCAL_POINT, "KZ");
    assert_int_equal(count(driver, "documents", "E1/KZ/1"), 1);
    assert_int_equal(count(driver, "history", "E1/KZ/2"), 1);
    as(driver, "secretary", CV_ROLE_SECRETARIAT, "");
    assert_int_equal(count(driver, "persons", "E1/AZ"), 1);
    assert_int_equal(count(driver, "accesses", "E1"), 4);
    assert_int_equal(count(driver, "accesses", "E1/KZ"), 3);
    assert_int_equal(count(driver, "accesses", "E1/KZ/1"), 2); /* persons of all, the document */
    assert_int_equal(count(driver, "accesses", "E1/AZ"), 1);
    /* What shows nothing of persons, is refused, or finds nothing writes nothing. */
    count(driver, "events", "E1");
    count(driver, "delegation", "E1/KZ");
    count(driver, "documents", "E1/KZ/2");
    as(driver, "focal-az", CV_ROLE_FOCAL_POINT, "AZ");
    assert_int_equal(driver_query_refused(driver, "persons", "E1/KZ"), CV_REFUSED_CODE_DENIED);
    as(driver, "secretary", CV_ROLE_SECRETARIAT, "");
    assert_int_equal(driver_number(driver, "SELECT count(*) FROM access"), 4);
    /* In pages, each row once. */
    char next[257] = "";
    assert_int_equal(one_page(driver, "accesses", "E1/KZ", next), 1);
    assert_string_equal(next, "1");
    assert_int_equal(one_page(driver, "accesses", "E1/KZ", next), 1);
    assert_string_equal(next, "2");
    assert_int_equal(one_page(driver, "accesses", "E1/KZ", next), 1);
    assert_string_equal(next, "");
    /* It has no names, so it is there after the erasure. */
    EXPECT_OK(erase(driver, 1), "erased");
    assert_int_equal(count(driver, "accesses", "E1/KZ/1"), 2);
    driver_free(&driver);
}

/* The list cannot be written: the question is refused, and nothing of the answer leaves. */
static void no_trace_no_answer(void **state)
{
    (void)state;
    driver_t *driver = forum();
    EXPECT_OK(put(driver, 1, NUMBER), "document_stored");
    assert_int_equal(cv_db_exec(driver->db, "CREATE TRIGGER broken BEFORE INSERT ON access"
                                            " BEGIN SELECT RAISE(ABORT, 'no list today'); END"),
                     CV_OK);
    const cv_log_query_v1_t query = {.what = CV_STR("documents"), .key = CV_STR("E1/KZ/1")};
    driver_question(driver, CV_MSG_LOG_QUERY_V1, &query);
    assert_null(memmem(driver->answer.ptr, driver->answer.len, NUMBER, strlen(NUMBER)));
    driver_read(driver, (cv_str_t){driver->answer.ptr, driver->answer.len}, CV_MSG_LOG_REFUSED_V1);
    assert_int_equal(count(driver, "events", "E1"), 1); /* the rest goes on */
    EXPECT_OK(put(driver, 2, "after it"), "document_stored");
    assert_int_equal(cv_db_exec(driver->db, "DROP TRIGGER broken"), CV_OK);
    assert_int_equal(count(driver, "documents", "E1/KZ/1"), 1);
    assert_int_equal(driver_number(driver, "SELECT count(*) FROM access"), 1);
    driver_free(&driver);
}

static void the_list_ends(void **state)
{
    (void)state;
    driver_t *driver = forum();
    reg_access_days(10);
    for (int i = 0; i < 3; i++) {
        driver_wait_until(driver, T0 + i * DAY);
        assert_int_equal(count(driver, "persons", "E1/KZ"), 1);
    }
    driver_wait_until(driver, T0 + 10 * DAY);
    assert_int_equal(driver_number(driver, "SELECT count(*) FROM access"), 3); /* to the instant */
    driver_wait_until(driver, T0 + 10 * DAY + 2);
    assert_int_equal(driver_number(driver, "SELECT count(*) FROM access"), 2); /* by itself: nobody has read anything */
    driver_crash(driver);
    driver_wait_until(driver, T0 + 11 * DAY + 2);
    assert_int_equal(driver_number(driver, "SELECT count(*) FROM access"), 1);
    driver_wait_until(driver, T0 + 40 * DAY);
    assert_int_equal(driver_number(driver, "SELECT count(*) FROM access"), 0);
    assert_int_equal(count(driver, "persons", "E1/KZ"), 1);
    assert_int_equal(driver_number(driver, "SELECT max(id) FROM access"), 4); /* no number is used again */
    /* By count. */
    assert_int_equal(cv_db_exec(driver->db, "UPDATE access SET id = id + 1000000"), CV_OK);
    assert_int_equal(cv_db_exec(driver->db, "INSERT INTO access SELECT 3, at_ms, by, what, event, delegation, number,"
                                            " persons, on_behalf_of FROM access"),
                     CV_OK);
    assert_int_equal(count(driver, "persons", "E1/KZ"), 1);
    assert_int_equal(driver_number(driver, "SELECT min(id) FROM access"), 1000004);
    reg_access_rows(2);
    for (int i = 0; i < 3; i++)
        assert_int_equal(count(driver, "persons", "E1/KZ"), 1);
    assert_int_equal(driver_number(driver, "SELECT count(*) FROM access"), 2); /* the newest */
    assert_int_equal(driver_number(driver, "SELECT min(id) FROM access"), 1000007);
    reg_access_rows(1000000);
    reg_access_days(365);
    driver_free(&driver);
}

/* A database from before there were documents, readings and consents. */
static void an_older_database_goes_on(void **state)
{
    (void)state;
    driver_t *driver = driver_new(T0);
    cv_service_def_t old = reg_service;
    char error[512], path[128];

    driver_stop(driver);
    unlink(driver->path);
    snprintf(path, sizeof path, "%s-wal", driver->path);
    unlink(path);
    const cv_db_options_t options = {.path = driver->path,
                                     .application_id = old.application_id,
                                     .migrations = old.migrations,
                                     .migrations_n = REG_MIGRATIONS - 6};
    assert_int_equal(cv_db_open(&options, &driver->db, error, sizeof error), CV_OK);
    cv_db_close(&driver->db);
    driver_open(driver);
    driver_meet(driver);
    driver_party(driver, "KZ", CV_PARTY_KIND_MEMBER);
    driver_rules(driver, "E1", 5, CV_WAITING_RULE_NONE);
    driver_event(driver);
    EXPECT_OK(driver_register(driver, "E1", "KZ", "d", CV_GROUP_RULE_EACH), "registered");
    EXPECT_OK(put(driver, 1, NUMBER), "document_stored");
    assert_int_equal(count(driver, "documents", "E1/KZ/1"), 1);
    assert_int_equal(count(driver, "accesses", "E1/KZ/1"), 1);
    driver_free(&driver);
}

int main(void)
{
#define T(name) cmocka_unit_test(name)
    const struct CMUnitTest tests[] = {
        T(sealed_shown_replaced_dropped),
        T(gone_with_the_person),
        T(purged_with_the_event),
        T(for_the_secretariat_and_the_own_focal_point),
        T(nobody_reads_without_a_trace),
        T(no_trace_no_answer),
        T(the_list_ends),
        T(an_older_database_goes_on),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
