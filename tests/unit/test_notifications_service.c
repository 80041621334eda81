/* test_notifications_service: the whole service in an engine without sockets: every decision becomes one file, whatever
 * fails in between.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/core.h"

#include "notifications_forum.h"

/* ---- tests -------------------------------------------------------------------------------- */

static void test_a_decision_becomes_one_file(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    tell_registered(drv, KZ);
    drv_run(drv, 1000, true);
    assert_int_equal(drv_files(drv), 1);
    assert_written(drv, EVENTS_ID "1.KZ", "Date: Thu, 26 Feb 2026 09:00:00 +0000\r\n");
    assert_written(drv, EVENTS_ID "1.KZ", "To: \"Focal Point\"\r\n <focal@KZ.example>\r\n");
    assert_written(drv, EVENTS_ID "1.KZ", "Message-ID: <" EVENTS_ID "1.KZ@convene.invalid>\r\n");
    assert_written(drv, EVENTS_ID "1.KZ", "Subject: Registration accepted: Business Forum\r\n");
    assert_written(drv, EVENTS_ID "1.KZ", "Delegation: Kazakhstan (KZ)\r\n");
    assert_written(drv, EVENTS_ID "1.KZ", "Venue: Congress Centre\r\n");
    assert_written(drv, EVENTS_ID "1.KZ", "No. 1, Bekova Aigerim: confirmed\r\n");

    /* Both states are told of, once, with the same facts. */
    assert_int_equal(drv->notices_n, 2);
    for (size_t i = 0; i < 2; i++) {
        cv_notifications_notice_v1_t notice = drv_notice(drv->notices[i]);
        assert_true(cv_str_is(notice.notice, EVENTS_ID "1.KZ"));
        assert_true(cv_str_is(notice.cause, "registration.events/1111111111111111/1"));
        assert_true(cv_str_is(notice.event, "FORUM"));
        assert_true(cv_str_is(notice.party, "KZ"));
        assert_int_equal(notice.kind, CV_NOTICE_KIND_DECISION);
        assert_int_equal(notice.channel, CV_NOTICE_CHANNEL_OUTBOX);
        assert_int_equal(notice.state, i == 0 ? CV_NOTICE_STATE_QUEUED : CV_NOTICE_STATE_WRITTEN);
        assert_int_equal(notice.attempts, (int64_t)i);
    }
    /* Nothing is left to do: no timer, no copy of the message. */
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM timer WHERE kind = 'outbox'"), 0);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_delivery WHERE mail IS NOT NULL"), 0);
}

static void test_refusals_promotions_and_declines(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    tell_registered(drv, KZ);
    tell_decided(drv, KZ, CV_OUTCOME_CLASS_REJECTED, CV_PARTY_ANSWER_REGISTERED, 1);
    cv_registration_promoted_v1_t promoted = {.event = CV_STR("FORUM"),
                                              .party = CV_STR("KZ"),
                                              .cause = CV_PROMOTION_CAUSE_CAPACITY,
                                              .persons_n = 1,
                                              .persons = {{.number = 1, .state = CV_PERSON_STATE_CONFIRMED}},
                                              .private_seq = 1};
    drv_record(drv, DRV_EVENTS, CV_MSG_REGISTRATION_PROMOTED_V1, &promoted);
    drv_run(drv, 1000, true);
    assert_int_equal(drv_files(drv), 3);
    assert_written(drv, EVENTS_ID "2.KZ", "Subject: Registration refused: Business Forum\r\n");
    assert_written(drv, EVENTS_ID "3.KZ", "Subject: Moved up from the waiting list: Business Forum\r\n");
}

/* Who let an offer pass is told, and no longer of changes if nobody of the party is registered any more. */
static void test_a_lapsed_offer(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    tell_registered(drv, KZ);
    cv_registration_lapsed_v1_t lapsed = {.event = CV_STR("FORUM"),
                                          .party = CV_STR("KZ"),
                                          .expires_ms = 1772096400000,
                                          .persons_n = 1,
                                          .persons = {{.number = 1, .state = CV_PERSON_STATE_WITHDRAWN}},
                                          .answer = CV_PARTY_ANSWER_WITHDRAWN,
                                          .private_seq = 1};
    drv_record(drv, DRV_EVENTS, CV_MSG_REGISTRATION_LAPSED_V1, &lapsed);
    drv_run(drv, 1000, true);
    assert_int_equal(drv_files(drv), 2);
    assert_written(drv, EVENTS_ID "2.KZ", "Subject: An offered place was not accepted in time: Business Forum\r\n");
    cv_scheduling_event_v1_t event = forum(2);
    event.event_details.date_start = CV_STR("2026-05-11");
    tell_event(drv, &event);
    drv_run(drv, 1000, true);
    assert_int_equal(drv_files(drv), 2);
}

static void test_changes_go_to_those_registered_only(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    tell_registered(drv, KZ);
    tell_registered(drv, "UZ");
    tell_registered(drv, "KG");
    tell_decided(drv, "UZ", CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_WITHDRAWN, 2);
    tell_decided(drv, "TJ", CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_DECLINED, 3);
    drv_run(drv, 1000, true);
    size_t before = drv_files(drv);
    assert_int_equal(before, 4); /* TJ has nobody to write to */

    cv_scheduling_event_v1_t event = forum(2);
    event.event_details.note = CV_STR("not material");
    tell_event(drv, &event);
    event = forum(3);
    event.event_details.date_start = CV_STR("2026-05-11");
    tell_event(drv, &event);
    event.version = 4;
    event.status = CV_EVENT_STATUS_CANCELLED;
    tell_event(drv, &event);
    drv_run(drv, 1000, true);
    assert_int_equal(drv_files(drv), before + 4);
    assert_written(drv, CHANGE_ID "8.KZ", "Dates: 2026-05-12 - 2026-05-13 -> 2026-05-11 - 2026-05-13\r\n");
    assert_written(drv, CHANGE_ID "8.KG", "Subject: Event changed: Business Forum\r\n");
    assert_written(drv, CHANGE_ID "9.KZ", "Subject: Event cancelled: Business Forum\r\n");
    assert_written(drv, CHANGE_ID "9.KG", "Subject: Event cancelled: Business Forum\r\n");
}

/* The two streams may be seen in either order: the same delegations are told. */
static void test_a_change_seen_before_the_registration(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    drv_run(drv, 200, true);
    drv->streams[DRV_EVENTS].closed = drv->streams[DRV_PRIVATE].closed = true;
    tell_registered(drv, KZ); /* before the change, seen after it */
    drv->ms += 1000;
    cv_scheduling_event_v1_t event = forum(2);
    event.event_details.city = CV_STR("Ganja");
    tell_event(drv, &event);
    drv->ms += 1000;
    tell_registered(drv, "UZ"); /* after the change: knows it */
    drv_run(drv, 200, true);
    assert_int_equal(drv_files(drv), 0);
    drv->streams[DRV_EVENTS].closed = drv->streams[DRV_PRIVATE].closed = false;
    drv_run(drv, 3000, true);
    assert_int_equal(drv_files(drv), 3);
    assert_written(drv, EVENTS_ID "1.KZ", "accepted");
    assert_written(drv, EVENTS_ID "2.UZ", "accepted");
    assert_written(drv, CHANGE_ID "7.KZ", "Place: Baku, AZ -> Ganja, AZ\r\n");
}

static void test_waits_for_its_contact_data(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    assert_true(cv_str_is(drv_recipient(drv, "0190163d-8694-739b-aea5-966c26f8ad01", KZ, 1, "mission@kz.example"),
                          "recipient_set"));
    drv->streams[DRV_PRIVATE].closed = true;
    tell_registered(drv, KZ);
    drv_run(drv, 1000, true);
    /* Not to the recipient: the delegation's own contact is on its way. */
    assert_int_equal(drv_files(drv), 0);
    assert_int_equal(drv_number(drv, "SELECT hold FROM ntf_delivery"), NTF_HOLD_PRIVATE);
    drv_restart(drv);
    drv_run(drv, 1000, true);
    assert_int_equal(drv_files(drv), 0);
    drv->streams[DRV_PRIVATE].closed = false;
    drv_run(drv, 3000, true);
    assert_int_equal(drv_files(drv), 1);
    assert_written(drv, EVENTS_ID "1.KZ", "focal@KZ.example");
    assert_int_equal(drv->notices_n, 2);
}

/* A decision can be here before its event or its party: a notice without a title would say too little. */
static void test_waits_for_its_event(void **state)
{
    drv_t *drv = *state;
    drv->version = 1;
    tell_registered(drv, KZ);
    tell_decided(drv, KZ, CV_OUTCOME_CLASS_REJECTED, CV_PARTY_ANSWER_REGISTERED, 1);
    drv_run(drv, 1000, true);
    assert_int_equal(drv_files(drv), 0);
    assert_int_equal(drv_number(drv, "SELECT hold FROM ntf_delivery WHERE n = 1"), NTF_HOLD_EVENT);
    const cv_log_page_v1_t *page = drv_query(drv, CV_ROLE_SECRETARIAT, "", "held", "awaiting_event", CV_STR_NONE, 0);
    assert_non_null(page);
    assert_int_equal(page->records.n, 1);
    drv_restart(drv);
    cv_scheduling_event_v1_t event = forum(1);
    tell_event(drv, &event);
    drv_run(drv, 1000, true);
    assert_int_equal(drv_files(drv), 0); /* the party is not known either */
    cv_party_t party = {.code = CV_STR("KZ"), .kind = CV_PARTY_KIND_MEMBER, .name = CV_STR("Kazakhstan")};
    drv_record(drv, DRV_SCHEDULING, CV_MSG_SCHEDULING_PARTY_V1, &party);
    drv_run(drv, 500, true); /* at once, not at the next look */
    assert_int_equal(drv_files(drv), 2);
    assert_written(drv, EVENTS_ID "1.KZ", "Subject: Registration accepted: Business Forum\r\n");
    assert_written(drv, EVENTS_ID "1.KZ", "Delegation: Kazakhstan (KZ)\r\n");
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM timer WHERE kind = 'outbox'"), 0);
}

/* The contact data it waits for may come as part of a snapshot of a new epoch, in which sequences say nothing. */
static void test_contact_data_comes_by_snapshot(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    tell_contact(drv, "UZ", "x@uz.example");
    drv_run(drv, 1000, true);
    tell_decided(drv, KZ, CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_REGISTERED, 900);
    drv_run(drv, 1000, true);
    assert_int_equal(drv_number(drv, "SELECT hold FROM ntf_delivery"), NTF_HOLD_PRIVATE);
    drv_new_epoch(drv, DRV_EVENTS);
    drv_new_epoch(drv, DRV_PRIVATE);
    cv_registration_contact_v1_t contact = {.event = CV_STR("FORUM"),
                                            .party = CV_STR("KZ"),
                                            .has_contact = true,
                                            .contact = {.name = CV_STR("N"), .email = CV_STR("new@kz.example")}};
    drv_state(drv, DRV_PRIVATE, CV_MSG_REGISTRATION_CONTACT_V1, &contact);
    drv_run(drv, 3000, true);
    assert_int_equal(drv_files(drv), 1);
    assert_written(drv, EVENTS_ID "1.KZ", "new@kz.example");
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_contact"), 1); /* UZ's went with the old history */
}

static void test_nobody_to_write_to(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    tell_decided(drv, KZ, CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_REGISTERED, 0);
    tell_decided(drv, KZ, CV_OUTCOME_CLASS_REJECTED, CV_PARTY_ANSWER_REGISTERED, 0);
    tell_contact(drv, "UZ", "a,b@c.example");
    tell_contact(drv, "KG", "focal@kg.example");
    tell_decided(drv, "UZ", CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_REGISTERED, 0);
    tell_decided(drv, "KG", CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_REGISTERED, 0);
    drv_run(drv, 1000, true);
    assert_int_equal(drv_files(drv), 1); /* KG is not held up */
    assert_int_equal(in_state(drv, NTF_QUEUED), 3);
    const cv_log_page_v1_t *page = drv_query(drv, CV_ROLE_SECRETARIAT, "", "held", "no_recipient", CV_STR_NONE, 0);
    assert_non_null(page);
    assert_int_equal(page->records.n, 3);
    tell_decided(drv, KZ, CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_REGISTERED, 0); /* joins the others */
    drv_run(drv, 1000, true);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_delivery WHERE hold = 1"), 4);

    drv_recipient(drv, "0190163d-8694-739b-aea5-966c26f8ad01", KZ, 2, "second@kz.example");
    drv_recipient(drv, "0190163d-8694-739b-aea5-966c26f8ad02", KZ, 1, "first@kz.example");
    drv_run(drv, 1000, true);
    assert_int_equal(drv_files(drv), 4);
    assert_written(drv, EVENTS_ID "1.KZ", "<first@kz.example>\r\n");
    assert_written(drv, EVENTS_ID "5.KZ", "Content-Language: ru\r\n");
    assert_int_equal(in_state(drv, NTF_QUEUED), 1);
    tell_contact(drv, "UZ", "good@uz.example");
    drv_run(drv, 1000, true);
    assert_written(drv, EVENTS_ID "3.UZ", "<good@uz.example>\r\n");
    assert_int_equal(in_state(drv, NTF_QUEUED), 0);
    assert_int_equal(drv->notices_n, 10);
}

/* A process that stopped between the lease and the result writes the same bytes again, though the address changed. */
static void test_a_repeat_replaces_itself(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    tell_registered(drv, KZ);
    drv_run(drv, 1000, true);
    char *first = drv_file(drv, EVENTS_ID "1.KZ");
    assert_non_null(first);
    cv_stmt_t *undo;
    assert_int_equal(cv_db_prepare(drv->db, "UPDATE ntf_delivery SET state = 1, lease_ms = 1, mail = ?1", &undo),
                     CV_OK);
    cv_stmt_blob(undo, 1, first, strlen(first));
    assert_int_equal(cv_stmt_run(undo), CV_OK);
    tell_contact(drv, KZ, "other@kz.example");
    drv_restart(drv);
    drv_run(drv, 1000, true);
    char *second = drv_file(drv, EVENTS_ID "1.KZ");
    assert_string_equal(first, second);
    assert_int_equal(drv_files(drv), 1);
    assert_int_equal(in_state(drv, NTF_WRITTEN), 1);
    free(first);
    free(second);
}

/* The result cannot be stored: the files are there, the rows say queued; later the same bytes, once told of. */
static void test_the_result_is_lost(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    tell_registered(drv, KZ);
    tell_registered(drv, "UZ");
    assert_int_equal(cv_db_exec(drv->db,
                                "CREATE TRIGGER fault BEFORE UPDATE OF state ON ntf_delivery WHEN new.state = 2 "
                                "AND new.party = 'UZ' BEGIN SELECT RAISE(ABORT, 'fault'); END"),
                     CV_OK);
    drv_run(drv, 3000, true);
    assert_int_equal(drv_files(drv), 2);
    assert_int_equal(in_state(drv, NTF_QUEUED), 2);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_delivery WHERE mail IS NOT NULL"), 2);
    assert_int_equal(drv->notices_n, 2);
    char *first = drv_file(drv, EVENTS_ID "1.KZ");
    tell_contact(drv, KZ, "other@kz.example");
    assert_int_equal(cv_db_exec(drv->db, "DROP TRIGGER fault"), CV_OK);
    drv_run(drv, 3000, true);
    char *second = drv_file(drv, EVENTS_ID "1.KZ");
    assert_string_equal(first, second);
    assert_int_equal(in_state(drv, NTF_WRITTEN), 2);
    assert_int_equal(drv->notices_n, 4);
    free(first);
    free(second);
}

static void test_an_outbox_that_takes_nothing(void **state)
{
    drv_t *drv = *state;
    FILE *file = fopen(drv->outbox, "we"); /* a file where the folder should be */
    assert_non_null(file);
    fclose(file);
    tell_catalogue(drv);
    tell_registered(drv, KZ);
    tell_registered(drv, "UZ");
    drv_run(drv, 20000, true);
    assert_int_equal(in_state(drv, NTF_QUEUED), 2);
    assert_in_range((uint64_t)drv_number(drv, "SELECT max(attempts) FROM ntf_delivery"), 3, 6);
    assert_int_equal(drv_number(drv, "SELECT max(failures) FROM ntf_delivery"), 0);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_delivery WHERE reason = 'outbox_unavailable'"), 1);
    drv_restart(drv);
    drv_run(drv, 500, true);
    assert_int_equal(unlink(drv->outbox), 0);
    drv_run(drv, NTF_PAUSE_OUTBOX_MS, true);
    assert_int_equal(drv_files(drv), 2);
    assert_int_equal(in_state(drv, NTF_WRITTEN), 2);
    assert_int_equal(drv->notices_n, 4);
}

/* One file that cannot be: its delegation's others wait behind it, in order; other delegations do not. */
static void test_one_file_that_cannot_be(void **state)
{
    drv_t *drv = *state;
    char path[256];
    tell_catalogue(drv);
    drv_run(drv, 500, true);
    snprintf(path, sizeof(path), "%s/" EVENTS_ID "1.KZ.eml", drv->outbox);
    assert_int_equal(mkdir(drv->outbox, 0700), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    tell_registered(drv, KZ);
    tell_registered(drv, KZ);
    tell_registered(drv, "UZ");
    drv_run(drv, 5000, true);
    assert_int_equal(drv_files(drv), 2); /* the folder, and UZ's */
    assert_int_equal(in_state(drv, NTF_QUEUED), 2);
    assert_in_range((uint64_t)drv_number(drv, "SELECT failures FROM ntf_delivery WHERE n = 1"), 2, 3);
    assert_int_equal(drv_number(drv, "SELECT attempts FROM ntf_delivery WHERE n = 2"), 0);

    /* Its last chance: given up, said, and the next one goes out. */
    cv_stmt_t *stmt;
    assert_int_equal(cv_db_prepare(drv->db, "UPDATE ntf_delivery SET failures = ?1, next_ms = 0 WHERE n = 1", &stmt),
                     CV_OK);
    cv_stmt_int(stmt, 1, NTF_TRIES_MAX - 1);
    assert_int_equal(cv_stmt_run(stmt), CV_OK);
    drv_run(drv, 10000, true);
    assert_int_equal(in_state(drv, NTF_FAILED), 1);
    assert_written(drv, EVENTS_ID "2.KZ", "accepted");
    const cv_log_page_v1_t *page = drv_query(drv, CV_ROLE_OPERATOR, "", "held", "failed", CV_STR_NONE, 0);
    assert_int_equal(page->records.n, 1);
    assert_int_equal(drv_notice(cv_records_at(&page->records, 0)).state, CV_NOTICE_STATE_FAILED);

    /* A start is another chance. */
    assert_int_equal(rmdir(path), 0);
    drv_restart(drv);
    tell_registered(drv, "KG");
    drv_run(drv, 1000, true);
    assert_int_equal(in_state(drv, NTF_WRITTEN), 4);
    assert_written(drv, EVENTS_ID "1.KZ", "accepted");
}

/* Order within a delegation, over several leases, with every notice told of. */
static void test_many(void **state)
{
    enum { ROUNDS = 30, PARTIES = 20 };
    drv_t *drv = *state;
    tell_catalogue(drv);
    for (int n = 0; n < PARTIES; n++) {
        char code[8];
        snprintf(code, sizeof(code), "P%02d", n);
        cv_party_t party = {.code = cv_str(code), .kind = CV_PARTY_KIND_GUEST, .name = cv_str(code)};
        drv_record(drv, DRV_SCHEDULING, CV_MSG_SCHEDULING_PARTY_V1, &party);
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (int party = 0; party < PARTIES; party++) {
            char code[8];
            snprintf(code, sizeof(code), "P%02d", party);
            tell_registered(drv, code);
        }
    }
    drv_run(drv, 500, false); /* all applied, none out */
    drv_run(drv, 5000, true);
    assert_int_equal(drv_files(drv), ROUNDS * PARTIES);
    assert_int_equal(in_state(drv, NTF_WRITTEN), ROUNDS * PARTIES);
    assert_int_equal(drv->notices_n, 2 * ROUNDS * PARTIES);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM timer WHERE kind = 'outbox'"), 0);
}

static void test_a_snapshot_is_no_news(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    tell_registered(drv, KZ);
    tell_registered(drv, "UZ");
    drv_run(drv, 1000, true);
    assert_int_equal(drv_files(drv), 2);
    drv_new_epoch(drv, DRV_SCHEDULING);
    drv_new_epoch(drv, DRV_EVENTS);
    cv_scheduling_event_v1_t event = forum(9);
    event.event_details.city = CV_STR("Ganja");
    drv_state(drv, DRV_SCHEDULING, CV_MSG_SCHEDULING_EVENT_V1, &event);
    cv_party_t party = {.code = CV_STR("KZ"), .kind = CV_PARTY_KIND_MEMBER, .name = CV_STR("Kazakhstan")};
    drv_state(drv, DRV_SCHEDULING, CV_MSG_SCHEDULING_PARTY_V1, &party);
    cv_registration_delegation_v1_t delegation = {
        .event = CV_STR("FORUM"), .party = CV_STR("KZ"), .answer = CV_PARTY_ANSWER_REGISTERED, .confirmed = 1};
    drv_state(drv, DRV_EVENTS, CV_MSG_REGISTRATION_DELEGATION_V1, &delegation);
    drv_run(drv, 3000, true);
    assert_int_equal(drv_files(drv), 2);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_answer"), 1);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_party"), 1);
    /* What comes after it is news again, and compared with the snapshot's state. */
    event.version = 10;
    event.status = CV_EVENT_STATUS_POSTPONED;
    tell_event(drv, &event);
    drv_run(drv, 1000, true);
    assert_int_equal(drv_files(drv), 3);
    assert_written(drv, "scheduling.events.1110101010101010.7.KZ", "Subject: Event postponed: Business Forum\r\n");
}

static void test_a_record_without_a_usable_id_is_set_aside(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    drv->streams[DRV_EVENTS].stream = "registration.EVENTS"; /* in the record's id only */
    tell_decided(drv, KZ, CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_REGISTERED, 0);
    drv->streams[DRV_EVENTS].stream = "registration.events";
    tell_registered(drv, "UZ");
    drv_run(drv, 1000, true);
    assert_int_equal(drv_files(drv), 1);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM parked"), 1);
}

static void test_queries(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    tell_registered(drv, KZ);
    tell_registered(drv, "UZ");
    tell_registered(drv, KZ);
    drv_recipient(drv, "0190163d-8694-739b-aea5-966c26f8ad01", KZ, 1, "a@kz.example");
    drv_recipient(drv, "0190163d-8694-739b-aea5-966c26f8ad02", KZ, 2, "b@kz.example");
    drv_recipient(drv, "0190163d-8694-739b-aea5-966c26f8ad03", "UZ", 1, "c@uz.example");
    assert_true(cv_str_is(drv_recipient(drv, "0190163d-8694-739b-aea5-966c26f8ad04", "UZ", 1, "a,b@uz.example"),
                          "address_unusable"));
    drv_run(drv, 1000, true);

    const cv_log_page_v1_t *page = drv_query(drv, CV_ROLE_OBSERVER, "", "notices", "", CV_STR_NONE, 2);
    assert_int_equal(page->records.n, 2);
    assert_false(page->last);
    char next[16];
    assert_int_equal(cv_str_copy(page->next, next, sizeof(next)), CV_OK);
    page = drv_query(drv, CV_ROLE_OBSERVER, "", "notices", "", cv_str(next), 2);
    assert_int_equal(page->records.n, 1);
    assert_true(page->last);
    assert_true(cv_str_is(drv_notice(cv_records_at(&page->records, 0)).notice, EVENTS_ID "3.KZ"));
    assert_int_equal(drv_query(drv, CV_ROLE_SERVICE, "", "notices", "FORUM", CV_STR_NONE, 0)->records.n, 3);
    assert_int_equal(drv_query(drv, CV_ROLE_SERVICE, "", "notices", "FORUM/KZ", CV_STR_NONE, 0)->records.n, 2);
    assert_int_equal(drv_query(drv, CV_ROLE_SERVICE, "", "notices", "OTHER", CV_STR_NONE, 0)->records.n, 0);
    assert_null(drv_query(drv, CV_ROLE_SERVICE, "", "notices", "", CV_STR("x"), 0));
    assert_null(drv_query(drv, CV_ROLE_SERVICE, "", "held", "nonsense", CV_STR_NONE, 0));
    assert_null(drv_query(drv, CV_ROLE_SERVICE, "", "nonsense", "", CV_STR_NONE, 0));
    /* A focal point sees its own party's. */
    assert_int_equal(drv_query(drv, CV_ROLE_FOCAL_POINT, "UZ", "notices", "", CV_STR_NONE, 0)->records.n, 1);
    assert_int_equal(drv_query(drv, CV_ROLE_FOCAL_POINT, "UZ", "notices", "FORUM", CV_STR_NONE, 0)->records.n, 1);
    assert_null(drv_query(drv, CV_ROLE_FOCAL_POINT, "UZ", "notices", "FORUM/KZ", CV_STR_NONE, 0));
    /* Addresses are for those who keep them. */
    assert_null(drv_query(drv, CV_ROLE_FOCAL_POINT, "UZ", "recipients", "", CV_STR_NONE, 0));
    assert_null(drv_query(drv, CV_ROLE_OBSERVER, "", "recipients", "", CV_STR_NONE, 0));
    page = drv_query(drv, CV_ROLE_SECRETARIAT, "", "recipients", "", CV_STR_NONE, 2);
    assert_int_equal(page->records.n, 2);
    assert_true(cv_str_is(page->next, "KZ/2"));
    page = drv_query(drv, CV_ROLE_SECRETARIAT, "", "recipients", "", CV_STR("KZ/2"), 2);
    assert_int_equal(page->records.n, 1);
    assert_int_equal(drv_query(drv, CV_ROLE_SECRETARIAT, "", "recipients", "KZ", CV_STR_NONE, 0)->records.n, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_decision_becomes_one_file, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_refusals_promotions_and_declines, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_a_lapsed_offer, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_changes_go_to_those_registered_only, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_a_change_seen_before_the_registration, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_waits_for_its_contact_data, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_waits_for_its_event, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_contact_data_comes_by_snapshot, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_nobody_to_write_to, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_a_repeat_replaces_itself, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_the_result_is_lost, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_an_outbox_that_takes_nothing, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_one_file_that_cannot_be, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_many, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_a_snapshot_is_no_news, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_a_record_without_a_usable_id_is_set_aside, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_queries, drv_setup, drv_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
