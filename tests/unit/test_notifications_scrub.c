/* test_notifications_scrub: who was erased is forgotten: in the database, in notices on their way, in files that still
 * lie in the outbox, whatever fails in between.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/core.h"

#include "notifications_forum.h"
#include "stored.h"

static const char NAME[] = "Bekova";
static const char FILE_1[] = EVENTS_ID "1.KZ";

static uint64_t tell_erased(drv_t *drv, const char *party, bool person, bool contact)
{
    cv_registration_erased_v1_t erased = {.event = CV_STR("FORUM"),
                                          .party = cv_str(party),
                                          .persons_n = person,
                                          .persons = {1},
                                          .has_contact = contact,
                                          .contact = contact,
                                          .cause = CV_ERASURE_CAUSE_REQUEST};
    return drv_record(drv, DRV_PRIVATE, CV_MSG_REGISTRATION_ERASED_V1, &erased);
}

/* Whether this is anywhere in the database or its WAL. */
static bool stored(const drv_t *drv, const char *text)
{
    return stored_in(drv->path, text, strlen(text));
}

static bool file_says(drv_t *drv, const char *notice, const char *text)
{
    char *file = drv_file(drv, notice);
    bool says = file && strstr(file, text);
    free(file);
    return says;
}

static void unlink_file(const drv_t *drv, const char *notice)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s.eml", drv->outbox, notice);
    assert_int_equal(unlink(path), 0);
}

static void begin(drv_t *drv)
{
    tell_catalogue(drv);
    tell_registered(drv, KZ);
    drv_run(drv, 1000, true);
    assert_true(file_says(drv, FILE_1, NAME));
    assert_true(stored(drv, NAME));
}

/* ---- tests -------------------------------------------------------------------------------- */

static void test_a_file_is_written_anew(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    size_t notices = drv->notices_n;
    tell_erased(drv, KZ, true, false);
    drv_run(drv, 1000, true);
    assert_false(stored(drv, NAME));
    assert_int_equal(drv_files(drv), 1);
    assert_false(file_says(drv, FILE_1, NAME));
    assert_written(drv, FILE_1, "Message-ID: <" EVENTS_ID "1.KZ@convene.invalid>\r\n");
    assert_written(drv, FILE_1, "To: \"Focal Point\"\r\n <focal@KZ.example>\r\n");
    assert_int_equal(drv->notices_n, notices); /* nothing is told a second time */
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_delivery WHERE scrub = 1"), 0);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM timer WHERE kind = 'outbox'"), 0);
    drv_restart(drv);
    drv_run(drv, 1000, true);
    assert_false(stored(drv, NAME));
}

static void test_what_has_left_is_not_made_again(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    unlink_file(drv, FILE_1);
    tell_erased(drv, KZ, true, false);
    drv_run(drv, 1000, true);
    assert_int_equal(drv_files(drv), 0);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_delivery WHERE scrub = 1"), 0);
}

/* Nobody to write to any more: a file with the contact's name must not stay. With another recipient it goes there. */
static void test_the_contact(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    tell_registered(drv, "UZ");
    drv_run(drv, 1000, true);
    assert_true(cv_str_is(drv_recipient(drv, "00000000-0000-4000-8000-000000000001", "UZ", 1, "mission@uz.example"),
                          "recipient_set"));
    drv_run(drv, 1000, true);
    assert_int_equal(drv_files(drv), 2);
    tell_erased(drv, KZ, true, true);
    tell_erased(drv, "UZ", false, true);
    drv_run(drv, 1000, true);
    assert_int_equal(drv_files(drv), 1);
    assert_false(stored(drv, "focal@KZ.example") || stored(drv, "focal@UZ.example"));
    assert_written(drv, EVENTS_ID "2.UZ", "mission@uz.example");
    assert_written(drv, EVENTS_ID "2.UZ", NAME); /* of UZ only the contact was erased */
}

/* A message that is composed and not written yet. */
static void test_a_message_on_its_way(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    FILE *file = fopen(drv->outbox, "we"); /* the folder cannot be: nothing can be written */
    assert_non_null(file);
    fclose(file);
    tell_registered(drv, KZ);
    drv_run(drv, 1000, true);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_delivery WHERE mail IS NOT NULL"), 1);
    assert_true(stored(drv, NAME));
    tell_erased(drv, KZ, true, false);
    drv_run(drv, 1000, true);
    assert_false(stored(drv, NAME));
    assert_int_equal(unlink(drv->outbox), 0);
    drv_run(drv, 120000, true);
    assert_int_equal(drv_files(drv), 1);
    assert_false(file_says(drv, FILE_1, NAME));
    assert_false(stored(drv, NAME));
}

/* Killed between the record and the file: the mark is in the database. And an outbox that is away for a while. */
static void test_interrupted(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    char away[128];
    snprintf(away, sizeof(away), "%s/away", drv->root);
    tell_erased(drv, KZ, true, false);
    drv_run(drv, 1000, false); /* applied, and no more */
    assert_false(stored(drv, NAME));
    assert_true(file_says(drv, FILE_1, NAME));
    assert_int_equal(rename(drv->outbox, away), 0);
    FILE *file = fopen(drv->outbox, "we");
    assert_non_null(file);
    fclose(file);
    drv_restart(drv);
    drv_run(drv, 1000, true);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_delivery WHERE scrub = 1"), 1);
    assert_int_equal(unlink(drv->outbox), 0);
    assert_int_equal(rename(away, drv->outbox), 0);
    drv_run(drv, 20000, true);
    assert_false(file_says(drv, FILE_1, NAME));
    assert_int_equal(drv_files(drv), 1);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_delivery WHERE scrub = 1"), 0);
}

/* A notice of an older version, whose data were not kept, cannot be written anew: its file goes. */
static void test_without_data(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    assert_int_equal(cv_db_exec(drv->db, "UPDATE ntf_delivery SET data = NULL"), CV_OK);
    tell_erased(drv, KZ, true, false);
    drv_run(drv, 1000, true);
    assert_int_equal(drv_files(drv), 0);
}

/* A snapshot says who is there, not who is gone. */
static void test_missed(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    drv_new_epoch(drv, DRV_PRIVATE);
    cv_registration_contact_v1_t contact = {
        .event = CV_STR("FORUM"),
        .party = CV_STR("KZ"),
        .has_contact = true,
        .contact = {.name = CV_STR("Focal Point"), .email = CV_STR("focal@KZ.example")}};
    drv_state(drv, DRV_PRIVATE, CV_MSG_REGISTRATION_CONTACT_V1, &contact);
    drv_run(drv, 5000, true);
    assert_false(stored(drv, NAME));
    assert_int_equal(drv_files(drv), 1);
    assert_false(file_says(drv, FILE_1, NAME));
}

static const char REVIEW[] = "0190163d-8694-739b-aea5-966c26f8ad92", WHY[] = "the passport of N. is missing";

/* Why persons 1 and 2 are returned; the record's sequence. */
static uint64_t tell_why(drv_t *drv, const char *review, const char *why)
{
    cv_registration_contact_v1_t contact = {
        .event = CV_STR("FORUM"),
        .party = CV_STR("KZ"),
        .review = cv_str(review),
        .persons_n = 2,
        .persons = {
            {.number = 1, .name = CV_STR("Bekova Aigerim"), .capacity = CV_CAPACITY_HEAD, .reason = cv_str(why)},
            {.number = 2, .name = CV_STR("Other"), .capacity = CV_CAPACITY_DELEGATE, .reason = cv_str(why)}}};
    return drv_record(drv, DRV_PRIVATE, CV_MSG_REGISTRATION_CONTACT_V1, &contact);
}

/* That they are. */
static void tell_review(drv_t *drv, const char *request, uint64_t private_seq)
{
    cv_registration_decided_v1_t decided = {
        .request = cv_str(request),
        .kind = CV_DECISION_KIND_REVIEW,
        .event = CV_STR("FORUM"),
        .party = CV_STR("KZ"),
        .cls = CV_OUTCOME_CLASS_OK,
        .code = CV_STR("returned"),
        .persons_n = 2,
        .persons = {{.number = 1, .state = CV_PERSON_STATE_RETURNED}, {.number = 2, .state = CV_PERSON_STATE_RETURNED}},
        .private_seq = private_seq};
    drv_record(drv, DRV_EVENTS, CV_MSG_REGISTRATION_DECIDED_V1, &decided);
    drv_run(drv, 1000, true);
}

static void tell_returned(drv_t *drv, const char *request)
{
    tell_review(drv, request, tell_why(drv, REVIEW, WHY));
}

/* After a downtime the private stream is read ahead of what it is about: each review still has its own reason. */
static void test_reasons_of_two_reviews_that_are_read_first(void **state)
{
    static const char again[] = "0190163d-8694-739b-aea5-966c26f8ad94", then[] = "the photograph is blurred";
    drv_t *drv = *state;
    begin(drv);
    uint64_t first = tell_why(drv, REVIEW, WHY), second = tell_why(drv, again, then);
    drv_run(drv, 1000, true);
    tell_review(drv, REVIEW, first);
    tell_review(drv, again, second);
    assert_true(file_says(drv, EVENTS_ID "2.KZ", WHY) && !file_says(drv, EVENTS_ID "2.KZ", then));
    assert_true(file_says(drv, EVENTS_ID "3.KZ", then) && !file_says(drv, EVENTS_ID "3.KZ", WHY));
    tell_erased(drv, KZ, true, false); /* both may be about that person */
    drv_run(drv, 1000, true);
    assert_false(stored(drv, WHY) || stored(drv, then));
    assert_false(file_says(drv, EVENTS_ID "2.KZ", WHY) || file_says(drv, EVENTS_ID "3.KZ", then));
}

/* As long as its notice may have to be made anew, and then no more; a clock that was wrong keeps it no longer. */
static void test_a_reason_ends(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    tell_returned(drv, REVIEW);
    assert_true(stored(drv, WHY));
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM timer WHERE kind = 'reasons'"), 1);
    drv->ms += NTF_REASON_KEEP_MS - DAY_MS;
    drv_run(drv, 1000, true);
    assert_true(stored(drv, WHY));
    drv->ms += DAY_MS;
    drv_run(drv, 1000, true);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_reason"), 0);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM timer WHERE kind = 'reasons'"), 0);
    assert_false(stored(drv, WHY));
    tell_returned(drv, REVIEW);
    drv_sql(drv, "UPDATE ntf_reason SET until_ms = until_ms + 864000000000");
    tell_why(drv, "0190163d-8694-739b-aea5-966c26f8ad95", "another");
    drv_run(drv, 1000, true);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_reason"), 4);
    drv->ms += NTF_REASON_KEEP_MS;
    drv_run(drv, 1000, true);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_reason"), 0);
}

/* The clock is two years ahead when a reason is read, and right after a restart; no other is read after it. */
static void test_a_reason_read_ahead_of_time_ends(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    drv->ms += 730 * DAY_MS;
    tell_returned(drv, REVIEW);
    assert_true(drv_number(drv, "SELECT count(*) FROM ntf_reason") > 0);
    drv->ms -= 730 * DAY_MS;
    drv_restart(drv);
    drv_run(drv, 1000, true);
    drv->ms += NTF_REASON_KEEP_MS;
    drv_run(drv, 1000, true);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_reason"), 0);
    assert_false(stored(drv, WHY));
}

/* A reviewer's reason is in the notice of that review, until somebody whom it was about is erased, or may have been. */
static void test_a_reason(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    tell_returned(drv, REVIEW);
    assert_written(drv, EVENTS_ID "2.KZ", "What the reviewer says: the passport of N. is missing\r\n");
    tell_returned(drv, "0190163d-8694-739b-aea5-966c26f8ad93"); /* another review: it has not said why */
    assert_false(file_says(drv, EVENTS_ID "3.KZ", WHY));
    assert_written(drv, EVENTS_ID "3.KZ", "Subject: Registration returned for correction: Business Forum\r\n");
    tell_erased(drv, KZ, true, false); /* person 1; of person 2 nothing is asked */
    drv_run(drv, 1000, true);
    assert_false(stored(drv, WHY) || file_says(drv, EVENTS_ID "2.KZ", WHY));
    assert_written(drv, EVENTS_ID "2.KZ", "Other");
    tell_returned(drv, REVIEW);
    assert_true(stored(drv, WHY));
    drv_new_epoch(drv, DRV_PRIVATE);
    cv_registration_contact_v1_t contact = {
        .event = CV_STR("FORUM"),
        .party = CV_STR("KZ"),
        .has_contact = true,
        .contact = {.name = CV_STR("Focal Point"), .email = CV_STR("focal@KZ.example")}};
    drv_state(drv, DRV_PRIVATE, CV_MSG_REGISTRATION_CONTACT_V1, &contact);
    drv_run(drv, 5000, true);
    assert_false(stored(drv, WHY));
}

/* Many rows, in no order, so that pages are split and filled again: of those who go nothing stays, the others do. */
static void test_rows_that_moved(void **state)
{
    enum { PERSONS = 601 };
    drv_t *drv = *state;
    tell_catalogue(drv);
    for (int i = 0; i < PERSONS; i++) {
        char name[100];
        snprintf(name, sizeof(name), "%s %d with so long a name that few of them fit on a page of the table",
                 i % 3 ? NAME : "Other", i);
        cv_registration_contact_v1_t contact = {
            .event = CV_STR("FORUM"),
            .party = CV_STR("KZ"),
            .persons_n = 1,
            .persons = {{.number = 1 + i * 37 % PERSONS, .name = cv_str(name), .capacity = CV_CAPACITY_DELEGATE}}};
        drv_record(drv, DRV_PRIVATE, CV_MSG_REGISTRATION_CONTACT_V1, &contact);
        if (i % 50 == 0)
            drv_run(drv, 200, true);
    }
    drv_run(drv, 2000, true);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_person"), PERSONS);
    for (int i = 0; i < PERSONS; i++) {
        if (i % 3 == 0)
            continue;
        cv_registration_erased_v1_t erased = {.event = CV_STR("FORUM"),
                                              .party = CV_STR("KZ"),
                                              .persons_n = 1,
                                              .persons = {1 + i * 37 % PERSONS},
                                              .cause = CV_ERASURE_CAUSE_PURGE};
        drv_record(drv, DRV_PRIVATE, CV_MSG_REGISTRATION_ERASED_V1, &erased);
    }
    drv_run(drv, 2000, true);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_person"), PERSONS / 3 + 1);
    assert_false(stored(drv, NAME));
    assert_true(stored(drv, "Other"));
}

/* A notice that cannot be made anew now, because its event is not known, keeps no other name in the outbox. */
static void test_one_that_waits_holds_nobody(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    recipient(drv, 1, "mission@kz.example");
    tell_registered(drv, "UZ");
    drv_run(drv, 1000, true);
    assert_true(file_says(drv, EVENTS_ID "2.UZ", NAME));
    drv_sql(drv, "UPDATE ntf_delivery SET event = 'GONE', scrub = 1 WHERE n = 1");
    tell_erased(drv, "UZ", true, false);
    drv_run(drv, 1000, true);
    assert_false(file_says(drv, EVENTS_ID "2.UZ", NAME));
    assert_true(file_says(drv, EVENTS_ID "2.UZ", "focal@UZ"));
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_delivery WHERE scrub = 1"), 1);
    drv_sql(drv, "UPDATE ntf_delivery SET event = 'FORUM' WHERE n = 1"); /* which is known, and whose person is not */
    drv_sql(drv, "DELETE FROM ntf_person");
    drv_run(drv, 6000, true);
    assert_false(file_says(drv, FILE_1, NAME));
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_delivery WHERE scrub = 1"), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, drv_setup, drv_teardown)
    const struct CMUnitTest tests[] = {
        T(test_a_file_is_written_anew),
        T(test_what_has_left_is_not_made_again),
        T(test_the_contact),
        T(test_a_message_on_its_way),
        T(test_interrupted),
        T(test_without_data),
        T(test_missed),
        T(test_a_reason),
        T(test_reasons_of_two_reviews_that_are_read_first),
        T(test_a_reason_ends),
        T(test_a_reason_read_ahead_of_time_ends),
        T(test_rows_that_moved),
        T(test_one_that_waits_holds_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
