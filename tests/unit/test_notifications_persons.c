/* test_notifications_persons: a person who gave an address is told what concerns it, once, and nothing of anybody else.
 * SPDX-License-Identifier: Apache-2.0
 *
 * tests/system/test_persons.py sends the same through a mail server, and reads the calendar parts with another parser.
 */
#include "notifications/persons.h"

#include "notifications_forum.h"
#include "stored.h"

#define PERSON(n, file) "person." #n "." file
#define FIRST EVENTS_ID "1.KZ"
#define DIANA "diana@person.example"
#define ERLAN "erlan@person.example"
static const char AIGERIM[] = "Bekova Aigerim", DIANA_NAME[] = "Omarova Diana", ERLAN_NAME[] = "Seitov Erlan";

/* ---- what registration says --------------------------------------------------------------- */

/* Person 1 has no address of its own; 2 and 3 have these, NULL: none. */
static uint64_t tell_persons(drv_t *drv, const char *second, const char *third)
{
    cv_registration_contact_v1_t contact = {
        .event = CV_STR("FORUM"),
        .party = CV_STR(KZ),
        .has_contact = true,
        .contact = {.name = CV_STR("Focal Point"), .email = CV_STR("focal@kz.example"), .language = CV_LANGUAGE_EN},
        .persons_n = 3,
        .persons = {{.number = 1, .name = cv_str(AIGERIM), .capacity = CV_CAPACITY_HEAD},
                    {.number = 2, .name = cv_str(DIANA_NAME), .capacity = CV_CAPACITY_DELEGATE, .email = cv_str(second)},
                    {.number = 3, .name = cv_str(ERLAN_NAME), .capacity = CV_CAPACITY_DELEGATE, .email = cv_str(third)}}};
    return drv_record(drv, DRV_PRIVATE, CV_MSG_REGISTRATION_CONTACT_V1, &contact);
}

static cv_registration_decided_v1_t decision(drv_t *drv, cv_decision_kind_t kind, uint64_t private_seq)
{
    return (cv_registration_decided_v1_t){.request = CV_STR("0190163d-8694-739b-aea5-966c26f8ad91"),
                                          .kind = kind,
                                          .event = CV_STR("FORUM"),
                                          .party = CV_STR(KZ),
                                          .cls = CV_OUTCOME_CLASS_OK,
                                          .code = CV_STR("partly_registered"),
                                          .has_seats = true,
                                          .seats = {.capacity = 10, .party_maximum = 5, .party_confirmed = 2},
                                          .answer = CV_PARTY_ANSWER_REGISTERED,
                                          .has_version = true,
                                          .version = drv->version,
                                          .private_seq = private_seq};
}

static uint64_t decide(drv_t *drv, const cv_registration_decided_v1_t *decided)
{
    return drv_record(drv, DRV_EVENTS, CV_MSG_REGISTRATION_DECIDED_V1, decided);
}

/* The head is confirmed, the second has this state, the third waits. */
static void tell_three(drv_t *drv, cv_person_state_t second, uint64_t private_seq)
{
    cv_registration_decided_v1_t decided = decision(drv, CV_DECISION_KIND_REGISTER, private_seq);
    decided.persons_n = 3;
    decided.persons[0] = (cv_person_place_t){.number = 1, .state = CV_PERSON_STATE_CONFIRMED};
    decided.persons[1] = (cv_person_place_t){.number = 2, .state = second};
    decided.persons[2] =
        (cv_person_place_t){.number = 3, .state = CV_PERSON_STATE_WAITING, .has_position = true, .position = 7};
    decide(drv, &decided);
}

static void tell_one(drv_t *drv, cv_decision_kind_t kind, int64_t number, cv_person_state_t state)
{
    cv_registration_decided_v1_t decided = decision(drv, kind, 0);
    decided.persons_n = 1;
    decided.persons[0] = (cv_person_place_t){.number = number, .state = state};
    decide(drv, &decided);
}

static void begin(drv_t *drv)
{
    tell_catalogue(drv);
    tell_three(drv, CV_PERSON_STATE_CONFIRMED, tell_persons(drv, DIANA, ERLAN));
    drv_run(drv, 1000, true);
}

static void move_event(drv_t *drv, int64_t version, const char *day)
{
    cv_scheduling_event_v1_t event = forum(version);
    event.event_details.date_start = event.event_details.date_end = cv_str(day);
    tell_event(drv, &event);
    drv_run(drv, 1000, true);
}

/* ---- what came of it ---------------------------------------------------------------------- */

static int64_t rows(drv_t *drv, const char *where)
{
    char sql[200];
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM ntf_delivery WHERE %s", where);
    return drv_number(drv, sql);
}

static void assert_no_file(drv_t *drv, const char *notice)
{
    char *file = drv_file(drv, notice);
    if (file)
        fail_msg("there is a file %s:\n%s", notice, file);
}

/* A calendar part with this method and sequence. */
static void assert_part(drv_t *drv, const char *notice, const char *method, const char *sequence, const char *address)
{
    char *file = drv_file(drv, notice);
    if (!file)
        fail_msg("no file %s", notice);
    char *part = strstr(file, "BEGIN:VCALENDAR\r\n");
    if (!part)
        fail_msg("no calendar part in:\n%s", file);
    for (char *from = part, *to = part;; from++) { /* unfolded */
        if (strncmp(from, "\r\n ", 3) == 0)
            from += 3;
        *to++ = *from;
        if (!*from)
            break;
    }
    const char *const lines[] = {method, sequence, address, "UID:FORUM@convene.invalid\r\n"};
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        if (!strstr(part, lines[i]))
            fail_msg("no %s in:\n%s", lines[i], part);
    }
    free(file);
}

static void assert_no_part(drv_t *drv, const char *notice)
{
    char *file = drv_file(drv, notice);
    if (!file || strstr(file, "BEGIN:VCALENDAR"))
        fail_msg("%s: %s", notice, file ? file : "no file");
    free(file);
}

static cv_notice_state_t told(drv_t *drv, const char *notice)
{
    cv_notice_state_t state = CV_NOTICE_STATE_ABSENT;
    for (size_t i = 0; i < drv->notices_n; i++) {
        cv_notifications_notice_v1_t one = drv_notice(drv->notices[i]);
        if (cv_str_is(one.notice, notice))
            state = one.state;
    }
    return state;
}

/* ---- who is told what --------------------------------------------------------------------- */

static void test_each_has_a_notice_of_its_own(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    assert_int_equal(drv_files(drv), 3); /* the delegation's, and two persons' */
    assert_int_equal(rows(drv, "person > 0"), 2);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_owed"), 0);
    assert_written(drv, FIRST, "focal@kz.example");
    assert_written(drv, PERSON(2, FIRST), "To: \"Omarova Diana\"\r\n <" DIANA ">\r\n");
    assert_written(drv, PERSON(2, FIRST), "Message-ID: <" PERSON(2, FIRST) "@convene.invalid>\r\n");
    assert_written(drv, PERSON(2, FIRST), "Dear Omarova Diana,");
    assert_written(drv, PERSON(2, FIRST), "You are registered.");
    assert_written(drv, PERSON(2, FIRST), "because Kazakhstan (KZ) gave this address");
    assert_written(drv, PERSON(3, FIRST), "You are on the waiting list.");
    assert_written(drv, PERSON(3, FIRST), "on the waiting list, place 7");
    assert_no_part(drv, PERSON(3, FIRST));
    size_t persons = 0;
    for (size_t i = 0; i < drv->notices_n; i++) {
        cv_notifications_notice_v1_t notice = drv_notice(drv->notices[i]);
        bool is_own = notice.notice.len > 7 && memcmp(notice.notice.ptr, "person.", 7) == 0;
        assert_int_equal(notice.has_person, is_own);
        assert_true(!is_own || notice.person == 2 || notice.person == 3);
        assert_true(cv_str_is(notice.cause, "registration.events/1111111111111111/1"));
        persons += is_own && notice.state == CV_NOTICE_STATE_WRITTEN;
    }
    assert_int_equal(persons, 2);
}

/* On the bytes: no other person's name or state, no contact, nothing of the delegation's seats, request or codes. */
static void test_nothing_of_others(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    move_event(drv, 2, "2026-05-20");
    cv_registration_promoted_v1_t promoted = {
        .event = CV_STR("FORUM"),
        .party = CV_STR(KZ),
        .cause = CV_PROMOTION_CAUSE_WITHDRAWAL,
        .persons_n = 2,
        .persons = {{.number = 1, .state = CV_PERSON_STATE_CONFIRMED}, {.number = 3, .state = CV_PERSON_STATE_CONFIRMED}},
        .seats = {.capacity = 10, .party_maximum = 5, .party_confirmed = 3}};
    drv_record(drv, DRV_EVENTS, CV_MSG_REGISTRATION_PROMOTED_V1, &promoted);
    drv_run(drv, 1000, true);
    static const char *const own[] = {PERSON(2, FIRST), PERSON(2, CHANGE_ID "7.KZ")};
    static const char *const third[] = {PERSON(3, FIRST), PERSON(3, CHANGE_ID "7.KZ"), PERSON(3, EVENTS_ID "2.KZ")};
    static const char *const never[] = {"Bekova",  "Focal",   "focal@",     "No. ",        "Seats",    "0190163d",
                                        "partly_", "Persons", "withdrawal", "another reg", "Decided at"};
    for (size_t i = 0; i < 5; i++) {
        const char *notice = i < 2 ? own[i] : third[i - 2];
        char *file = drv_file(drv, notice);
        if (!file)
            fail_msg("no file %s", notice);
        for (size_t k = 0; k < sizeof(never) / sizeof(never[0]); k++) {
            if (strstr(file, never[k]))
                fail_msg("\"%s\" in %s:\n%s", never[k], notice, file);
        }
        const char *others[] = {i < 2 ? "Seitov" : "Omarova", i < 2 ? "erlan@" : "diana@", i < 2 ? "waiting" : "?none"};
        for (size_t k = 0; k < 3; k++) {
            if (strstr(file, others[k]))
                fail_msg("\"%s\" in %s:\n%s", others[k], notice, file);
        }
        free(file);
    }
    assert_written(drv, PERSON(3, EVENTS_ID "2.KZ"), "You are registered.");
}

static void test_refused_requests_are_not_theirs(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    cv_registration_decided_v1_t refused = decision(drv, CV_DECISION_KIND_REGISTER, 0);
    refused.cls = CV_OUTCOME_CLASS_REJECTED;
    refused.persons_n = 1;
    refused.persons[0] = (cv_person_place_t){.number = 2, .state = CV_PERSON_STATE_REFUSED};
    decide(drv, &refused);
    cv_registration_decided_v1_t proposed = decision(drv, CV_DECISION_KIND_AMEND, 0);
    proposed.code = CV_STR("under_review"); /* the change waits for approval; the person is as it was */
    proposed.persons_n = 1;
    proposed.persons[0] = (cv_person_place_t){.number = 2, .state = CV_PERSON_STATE_CONFIRMED};
    decide(drv, &proposed);
    drv_run(drv, 1000, true);
    assert_int_equal(rows(drv, "person > 0"), 2);
    assert_int_equal(drv_number(drv, "SELECT state FROM ntf_person WHERE number = 2"), 1);
}

static void test_an_offer_is_answered_by_the_delegation(void **state)
{
    drv_t *drv = *state;
    drv_sql(drv, "INSERT INTO ntf_webhook(party, ord, url) VALUES('KZ', 1, 'https://kz.example/hook')");
    begin(drv);
    cv_registration_promoted_v1_t promoted = {.event = CV_STR("FORUM"),
                                              .party = CV_STR(KZ),
                                              .cause = CV_PROMOTION_CAUSE_CAPACITY,
                                              .persons_n = 1,
                                              .persons = {{.number = 3, .state = CV_PERSON_STATE_OFFERED}},
                                              .has_expires_ms = true,
                                              .expires_ms = drv->ms + DAY_MS};
    drv_record(drv, DRV_EVENTS, CV_MSG_REGISTRATION_PROMOTED_V1, &promoted);
    drv_run(drv, 1000, true);
    assert_written(drv, PERSON(3, EVENTS_ID "2.KZ"), "You are offered a seat.");
    assert_written(drv, PERSON(3, EVENTS_ID "2.KZ"), "Your delegation answers the offer, not this message");
    assert_written(drv, PERSON(3, EVENTS_ID "2.KZ"), "To be accepted before");
    assert_no_part(drv, PERSON(3, EVENTS_ID "2.KZ"));
    cv_registration_lapsed_v1_t lapsed = {.event = CV_STR("FORUM"),
                                          .party = CV_STR(KZ),
                                          .expires_ms = drv->ms,
                                          .persons_n = 1,
                                          .persons = {{.number = 3, .state = CV_PERSON_STATE_WITHDRAWN}},
                                          .answer = CV_PARTY_ANSWER_REGISTERED};
    drv_record(drv, DRV_EVENTS, CV_MSG_REGISTRATION_LAPSED_V1, &lapsed);
    drv_run(drv, 1000, true);
    assert_written(drv, PERSON(3, EVENTS_ID "3.KZ"), "You are not registered any more.");
    /* No webhook, and no second contact. */
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_dispatch AS d JOIN ntf_delivery AS v ON v.n = d.n"
                                     " WHERE d.channel = 3 AND v.person > 0"),
                     0);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_dispatch WHERE channel = 3"), 3);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_watch AS w JOIN ntf_delivery AS v ON v.n = w.n"
                                     " WHERE v.person > 0"),
                     0);
}

/* Who waits is told of changes, and not that it begins. */
static void test_reminders_are_for_who_has_a_seat(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    drv->ms += INT64_C(68) * DAY_MS; /* seven days before the first day, in UTC */
    drv_run(drv, 2000, true);
    assert_int_equal(rows(drv, "topic = 5 AND person = 0"), 1);
    assert_int_equal(rows(drv, "topic = 5 AND person = 2"), 1);
    assert_int_equal(rows(drv, "topic = 5 AND person = 3"), 0);
    char notice[160];
    snprintf(notice, sizeof(notice), "person.2.reminder.start_7d.FORUM.%lld.KZ", (long long)INT64_C(1778544000));
    assert_written(drv, notice, "The event begins soon.");
    assert_written(drv, notice, "Begins at: 2026-05-12");
    assert_written(drv, notice, "Your place: confirmed");
    assert_no_part(drv, notice);
}

static void test_the_whole_delegation_is_withdrawn(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    cv_registration_decided_v1_t all = decision(drv, CV_DECISION_KIND_WITHDRAW, 0);
    all.answer = CV_PARTY_ANSWER_WITHDRAWN; /* too many to be listed: nobody is, and all are meant */
    decide(drv, &all);
    drv_run(drv, 1000, true);
    assert_written(drv, PERSON(2, EVENTS_ID "2.KZ"), "You are not registered any more.");
    assert_part(drv, PERSON(2, EVENTS_ID "2.KZ"), "METHOD:CANCEL\r\n", "SEQUENCE:1\r\n", "mailto:" DIANA "\r\n");
    assert_written(drv, PERSON(3, EVENTS_ID "2.KZ"), "You are not registered any more.");
    move_event(drv, 2, "2026-05-20");
    assert_int_equal(rows(drv, "kind = 3"), 0);
}

static void test_a_newcomer_in_another_ones_place(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    cv_registration_contact_v1_t contact = {.event = CV_STR("FORUM"),
                                            .party = CV_STR(KZ),
                                            .persons_n = 1,
                                            .persons = {{.number = 2,
                                                         .name = CV_STR("Nurlanova Saule"),
                                                         .capacity = CV_CAPACITY_DELEGATE,
                                                         .email = CV_STR("saule@person.example")}}};
    uint64_t private_seq = drv_record(drv, DRV_PRIVATE, CV_MSG_REGISTRATION_CONTACT_V1, &contact);
    cv_registration_decided_v1_t decided = decision(drv, CV_DECISION_KIND_SUBSTITUTE, private_seq);
    decided.persons_n = 1;
    decided.persons[0] = (cv_person_place_t){.number = 2, .state = CV_PERSON_STATE_CONFIRMED};
    decide(drv, &decided);
    drv_run(drv, 1000, true);
    assert_written(drv, PERSON(2, EVENTS_ID "2.KZ"), "Dear Nurlanova Saule,");
    assert_written(drv, PERSON(2, EVENTS_ID "2.KZ"), "saule@person.example");
    move_event(drv, 2, "2026-05-20");
    assert_written(drv, PERSON(2, CHANGE_ID "7.KZ"), "saule@person.example");
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_person WHERE email = '" DIANA "'"), 0);
}

/* ---- the calendar ------------------------------------------------------------------------- */

/* Each has a request of its own, whose SEQUENCE rises for it; one that leaves ends only its own. */
static void test_calendar_of_each(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    assert_part(drv, FIRST, "METHOD:REQUEST\r\n", "SEQUENCE:0\r\n", "mailto:focal@kz.example\r\n");
    assert_part(drv, PERSON(2, FIRST), "METHOD:REQUEST\r\n", "SEQUENCE:0\r\n", "mailto:" DIANA "\r\n");
    move_event(drv, 2, "2026-05-20");
    assert_part(drv, PERSON(2, CHANGE_ID "7.KZ"), "METHOD:REQUEST\r\n", "SEQUENCE:2\r\n", "mailto:" DIANA "\r\n");
    assert_no_part(drv, PERSON(3, CHANGE_ID "7.KZ"));
    tell_one(drv, CV_DECISION_KIND_WITHDRAW, 2, CV_PERSON_STATE_WITHDRAWN);
    cv_registration_promoted_v1_t promoted = {.event = CV_STR("FORUM"),
                                              .party = CV_STR(KZ),
                                              .cause = CV_PROMOTION_CAUSE_WITHDRAWAL,
                                              .persons_n = 1,
                                              .persons = {{.number = 3, .state = CV_PERSON_STATE_CONFIRMED}}};
    drv_record(drv, DRV_EVENTS, CV_MSG_REGISTRATION_PROMOTED_V1, &promoted);
    drv_run(drv, 1000, true);
    assert_part(drv, PERSON(2, EVENTS_ID "2.KZ"), "METHOD:CANCEL\r\n", "SEQUENCE:3\r\n", "mailto:" DIANA "\r\n");
    assert_part(drv, PERSON(3, EVENTS_ID "3.KZ"), "METHOD:REQUEST\r\n", "SEQUENCE:1\r\n", "mailto:" ERLAN "\r\n");
    cv_scheduling_event_v1_t event = forum(3);
    event.status = CV_EVENT_STATUS_CANCELLED;
    tell_event(drv, &event);
    drv_run(drv, 1000, true);
    assert_no_file(drv, PERSON(2, CHANGE_ID "8.KZ"));
    assert_written(drv, PERSON(3, CHANGE_ID "8.KZ"), "Event cancelled.");
    assert_part(drv, PERSON(3, CHANGE_ID "8.KZ"), "METHOD:CANCEL\r\n", "SEQUENCE:3\r\n", "mailto:" ERLAN "\r\n");
}

/* ---- once, whatever happens --------------------------------------------------------------- */

/* The decision and a change are here before the addresses: then each person is told both, in that order, once. */
static void test_contact_data_come_later(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    drv->streams[DRV_PRIVATE].closed = true;
    tell_three(drv, CV_PERSON_STATE_CONFIRMED, 1);
    drv_run(drv, 1000, true);
    move_event(drv, 2, "2026-05-20");
    assert_int_equal(rows(drv, "person > 0"), 0);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_owed"), 2);
    drv_restart(drv);
    tell_persons(drv, DIANA, NULL);
    drv->streams[DRV_PRIVATE].closed = false;
    drv_run(drv, 8000, true);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_owed"), 0);
    assert_int_equal(rows(drv, "person = 2"), 2);
    assert_int_equal(rows(drv, "person > 0"), 2);
    assert_written(drv, PERSON(2, FIRST), "You are registered.");
    assert_written(drv, PERSON(2, CHANGE_ID "7.KZ"), "Event changed.");
    assert_int_equal(drv_number(drv, "SELECT (SELECT n FROM ntf_delivery WHERE person = 2 AND kind = 1) <"
                                     " (SELECT n FROM ntf_delivery WHERE person = 2 AND kind = 3)"),
                     1);
}

/* Killed after the record and before the lease, and after the lease: made once. */
static void test_killed_in_between(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    tell_three(drv, CV_PERSON_STATE_CONFIRMED, tell_persons(drv, DIANA, ERLAN));
    drv_run(drv, 1000, false); /* nothing after the transactions */
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_owed"), 1);
    assert_int_equal(rows(drv, "person > 0"), 0);
    drv_restart(drv);
    drv_run(drv, 1000, true);
    assert_int_equal(rows(drv, "person > 0"), 2);
    assert_int_equal(drv_files(drv), 3);
    drv_sql(drv, "INSERT INTO ntf_owed SELECT n FROM ntf_delivery WHERE notice = '" FIRST "'"); /* as if it were owed again */
    drv_restart(drv);
    drv_run(drv, 1000, true);
    assert_int_equal(rows(drv, "1"), 3);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_owed"), 0);
}

/* A delegation that has nobody to write to keeps its persons from nothing. */
static void test_without_a_contact(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    cv_registration_contact_v1_t contact = {.event = CV_STR("FORUM"),
                                            .party = CV_STR(KZ),
                                            .persons_n = 1,
                                            .persons = {{.number = 2,
                                                         .name = cv_str(DIANA_NAME),
                                                         .capacity = CV_CAPACITY_DELEGATE,
                                                         .email = CV_STR(DIANA)}}};
    uint64_t seq = drv_record(drv, DRV_PRIVATE, CV_MSG_REGISTRATION_CONTACT_V1, &contact);
    tell_three(drv, CV_PERSON_STATE_ONLINE, seq);
    drv_run(drv, 1000, true);
    move_event(drv, 2, "2026-05-20");
    assert_int_equal(rows(drv, "person = 0 AND hold = 1"), 2);
    assert_written(drv, PERSON(2, FIRST), "You are registered to take part online.");
    assert_written(drv, PERSON(2, CHANGE_ID "7.KZ"), "Event changed.");
    recipient(drv, 1, "mission@kz.example");
    drv_run(drv, 1000, true);
    assert_int_equal(drv_files(drv), 4);
    move_event(drv, 3, "2026-05-21"); /* in the language of whom its party has now */
    assert_written(drv, PERSON(2, CHANGE_ID "8.KZ"), "Content-Language: ru\r\n");
}

/* A change that was seen before the registration that went by the version before it. */
static void test_a_change_seen_before_the_registration(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    cv_scheduling_event_v1_t event = forum(2);
    event.event_details.city = CV_STR("Ganja");
    tell_event(drv, &event);
    drv_run(drv, 500, true);
    drv->version = 1;
    tell_three(drv, CV_PERSON_STATE_CONFIRMED, tell_persons(drv, DIANA, NULL));
    drv_run(drv, 1000, true);
    assert_written(drv, PERSON(2, CHANGE_ID "7.KZ"), "Place: Baku, AZ -> Ganja, AZ");
    /* The delegation is known now; a person who comes later under the old version is told too, and only that one. */
    cv_registration_contact_v1_t contact = {.event = CV_STR("FORUM"),
                                            .party = CV_STR(KZ),
                                            .persons_n = 1,
                                            .persons = {{.number = 4,
                                                         .name = CV_STR("Nurlanova Saule"),
                                                         .capacity = CV_CAPACITY_DELEGATE,
                                                         .email = CV_STR("saule@person.example")}}};
    (void)drv_record(drv, DRV_PRIVATE, CV_MSG_REGISTRATION_CONTACT_V1, &contact);
    drv_run(drv, 500, true);
    tell_one(drv, CV_DECISION_KIND_REGISTER, 4, CV_PERSON_STATE_CONFIRMED);
    drv->version = 2;
    tell_one(drv, CV_DECISION_KIND_AMEND, 2, CV_PERSON_STATE_CONFIRMED);
    drv_run(drv, 1000, true);
    assert_written(drv, PERSON(4, CHANGE_ID "7.KZ"), "Place: Baku, AZ -> Ganja, AZ");
    assert_int_equal(rows(drv, "kind = 3"), 3);
}

/* ---- addresses ---------------------------------------------------------------------------- */

static void test_a_dead_person_keeps_nobody_from_being_told(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    tell_three(drv, CV_PERSON_STATE_CONFIRMED, tell_persons(drv, DIANA, ERLAN));
    drv_run(drv, 1000, true);
    drv_sql(drv, "INSERT INTO ntf_address VALUES('" DIANA "', 1, 1, '5.1.1', 1, 0, 0, 0)");
    move_event(drv, 2, "2026-05-20");
    move_event(drv, 3, "2026-05-21");
    assert_written(drv, CHANGE_ID "7.KZ", "Event changed.");
    assert_written(drv, CHANGE_ID "8.KZ", "Event changed.");
    assert_written(drv, PERSON(3, CHANGE_ID "7.KZ"), "Event changed.");
    assert_written(drv, PERSON(3, CHANGE_ID "8.KZ"), "Event changed.");
    assert_no_file(drv, PERSON(2, CHANGE_ID "7.KZ"));
    assert_int_equal(rows(drv, "person = 2 AND state = 1 AND hold = 1"), 2);
    assert_int_equal(rows(drv, "person <> 2 AND state = 1"), 0);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM timer WHERE kind = 'outbox'"), 0); /* nobody looks for nothing */
    drv_restart(drv); /* the address is still somebody's, so it is not forgotten */
    drv_run(drv, 500, true);
    cv_notifications_contact_clear_v1_t clear = {.party = CV_STR(KZ), .order = 0};
    assert_true(cv_str_is(drv_decide(drv, "00000000-0000-4000-8000-000000000001", CV_MSG_NOTIFICATIONS_CONTACT_CLEAR_V1,
                                     &clear),
                          "contact_cleared"));
    drv_run(drv, 1000, true);
    assert_written(drv, PERSON(2, CHANGE_ID "7.KZ"), "2026-05-20");
    assert_written(drv, PERSON(2, CHANGE_ID "8.KZ"), "2026-05-21");
}

static void test_another_address_lets_go_what_waits(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    drv_sql(drv, "INSERT INTO ntf_address VALUES('" DIANA "', 1, 1, '5.1.1', 1, 0, 0, 0)");
    move_event(drv, 2, "2026-05-20");
    assert_no_file(drv, PERSON(2, CHANGE_ID "7.KZ"));
    tell_persons(drv, "omarova@person.example", ERLAN);
    drv_run(drv, 1000, true);
    assert_written(drv, PERSON(2, CHANGE_ID "7.KZ"), "omarova@person.example");
    tell_persons(drv, NULL, ERLAN); /* no address any more: nothing more is made */
    drv_run(drv, 500, true);
    move_event(drv, 3, "2026-05-21");
    assert_int_equal(rows(drv, "person = 2"), 2);
    assert_int_equal(rows(drv, "person = 3"), 3);
}

static void tell_erased(drv_t *drv, int64_t number)
{
    cv_registration_erased_v1_t erased = {.event = CV_STR("FORUM"),
                                          .party = CV_STR(KZ),
                                          .persons_n = 1,
                                          .persons = {number},
                                          .cause = CV_ERASURE_CAUSE_REQUEST};
    drv_record(drv, DRV_PRIVATE, CV_MSG_REGISTRATION_ERASED_V1, &erased);
}

/* What lies in the outbox is taken away, what has not left ends, and the address is nowhere; others keep theirs. */
static void test_erased(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    drv_sql(drv, "INSERT INTO ntf_address VALUES('" DIANA "', 1, 1, '5.1.1', 1, 0, 0, 0)");
    move_event(drv, 2, "2026-05-20");
    assert_int_equal(rows(drv, "person = 2 AND state = 1"), 1);
    assert_true(stored_in(drv->path, "diana@", 6));
    tell_erased(drv, 2);
    drv_run(drv, 1000, true);
    assert_no_file(drv, PERSON(2, FIRST));
    assert_no_file(drv, PERSON(2, CHANGE_ID "7.KZ"));
    assert_int_equal(rows(drv, "person = 2 AND state = 1"), 0);
    assert_int_equal(told(drv, PERSON(2, CHANGE_ID "7.KZ")), CV_NOTICE_STATE_SILENCED);
    assert_false(stored_in(drv->path, "diana@", 6));
    assert_false(stored_in(drv->path, "Omarova", 7));
    assert_written(drv, PERSON(3, FIRST), ERLAN);
    assert_written(drv, PERSON(3, CHANGE_ID "7.KZ"), ERLAN);
    assert_int_equal(drv_files(drv), 4);
    tell_one(drv, CV_DECISION_KIND_ERASE, 2, CV_PERSON_STATE_WITHDRAWN);
    drv_run(drv, 1000, true);
    assert_int_equal(rows(drv, "person = 2"), 2);
}

/* Of a mail that waits for its server, and of a dead one: the number stays, address and bytes do not, and both end. */
static void test_erased_while_it_is_mailed(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    drv_sql(drv, "UPDATE ntf_delivery SET channel = 2 WHERE person = 2;"
                 "INSERT INTO ntf_dispatch(n, channel, webhook, address, body, head, attempts) SELECT n, 2, 0, '" DIANA
                 "', CAST('To: " DIANA "' AS BLOB), 1, 1 FROM ntf_delivery WHERE person = 2");
    move_event(drv, 2, "2026-05-20");
    drv_sql(drv, "UPDATE ntf_delivery SET channel = 2 WHERE person = 2;"
                 "INSERT INTO ntf_dispatch(n, channel, webhook, address, body, head, attempts) SELECT n, 2, 0, '" DIANA
                 "', CAST('To: " DIANA "' AS BLOB), 0, 1 FROM ntf_delivery WHERE person = 2 AND kind = 3;"
                 "UPDATE ntf_dispatch SET state = 4, reason = 3 WHERE number = 2");
    assert_int_equal(drv_number(drv, "SELECT n FROM ntf_dead WHERE channel = 2"), 1);
    tell_erased(drv, 2);
    drv_run(drv, 1000, true);
    assert_int_equal(told(drv, PERSON(2, FIRST)), CV_NOTICE_STATE_SILENCED);
    assert_int_equal(told(drv, PERSON(2, CHANGE_ID "7.KZ")), CV_NOTICE_STATE_SILENCED);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_dispatch WHERE address = '' AND body IS NULL"), 2);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_dispatch WHERE head = 1 OR state < 3"), 0);
    assert_int_equal(drv_number(drv, "SELECT n FROM ntf_dead WHERE channel = 2"), 0);
    assert_false(stored_in(drv->path, "diana@", 6));
}

/* ---- states that come otherwise ----------------------------------------------------------- */

/* A snapshot of contact data says who is where; nobody is told of it, and who has a place is told of what comes. */
static void test_a_snapshot(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    cv_registration_contact_v1_t contact = {
        .event = CV_STR("FORUM"),
        .party = CV_STR(KZ),
        .persons_n = 2,
        .persons = {{.number = 2,
                     .name = cv_str(DIANA_NAME),
                     .capacity = CV_CAPACITY_DELEGATE,
                     .email = CV_STR(DIANA),
                     .state = CV_PERSON_STATE_WITHDRAWN},
                    {.number = 5,
                     .name = CV_STR("Nurlanova Saule"),
                     .capacity = CV_CAPACITY_DELEGATE,
                     .email = CV_STR("saule@person.example"),
                     .state = CV_PERSON_STATE_ONLINE}}};
    drv_state(drv, DRV_PRIVATE, CV_MSG_REGISTRATION_CONTACT_V1, &contact);
    drv_new_epoch(drv, DRV_PRIVATE);
    drv_run(drv, 2000, true);
    assert_int_equal(rows(drv, "person > 0"), 2);
    move_event(drv, 2, "2026-05-20");
    assert_int_equal(rows(drv, "kind = 3 AND person > 0"), 1);
    assert_part(drv, PERSON(5, CHANGE_ID "7.KZ"), "METHOD:REQUEST\r\n", "SEQUENCE:1\r\n",
                "mailto:saule@person.example\r\n");
}

/* From the version before persons were told: its rows are the delegation's, and nobody has an address until it is told. */
static void test_migration(void **state)
{
    drv_t *drv = *state;
    char error[512] = "";
    cv_engine_destroy(&drv->engine);
    cv_db_close(&drv->db);
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        char path[160];
        snprintf(path, sizeof(path), "%s%s", drv->path, ends[i]);
        drv_remove(path);
    }
    size_t before = 0;
    while (ntf_service.migrations[before] != ntf_tables_persons)
        before++;
    cv_db_options_t options = {.path = drv->path,
                               .application_id = ntf_service.application_id,
                               .migrations = ntf_service.migrations,
                               .migrations_n = before,
                               .cache_kib = 1024};
    if (cv_db_open(&options, &drv->db, error, sizeof(error)))
        fail_msg("%s", error);
    drv_sql(drv, "INSERT INTO ntf_person VALUES('FORUM', 'KZ', 2, 'Omarova Diana');"
                 "INSERT INTO ntf_contact VALUES('FORUM', 'KZ', 'Focal Point', 'focal@kz.example', 1);"
                 "INSERT INTO ntf_answer VALUES('FORUM', 'KZ', 1, 1);"
                 "INSERT INTO ntf_delivery(notice, kind, cause, event, party, time_ms, private_seq, hold, state,"
                 " announced, calendar) VALUES('n1', 1, 'registration.events/11/1', 'FORUM', 'KZ', 5, 0, 0, 2, 2, 1)");
    cv_db_close(&drv->db);
    drv_start(drv);
    tell_catalogue(drv);
    drv_run(drv, 1000, true);
    move_event(drv, 2, "2026-05-20");
    assert_int_equal(rows(drv, "person > 0"), 0);
    assert_part(drv, CHANGE_ID "7.KZ", "METHOD:REQUEST\r\n", "SEQUENCE:2\r\n", "mailto:focal@kz.example\r\n");
    uint64_t private_seq = tell_persons(drv, DIANA, NULL);
    cv_registration_decided_v1_t amended = decision(drv, CV_DECISION_KIND_AMEND, private_seq);
    amended.persons_n = 1;
    amended.persons[0] = (cv_person_place_t){.number = 2, .state = CV_PERSON_STATE_CONFIRMED};
    decide(drv, &amended);
    drv_run(drv, 1000, true);
    assert_part(drv, PERSON(2, FIRST), "METHOD:REQUEST\r\n", "SEQUENCE:1\r\n", "mailto:" DIANA "\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_has_a_notice_of_its_own, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_nothing_of_others, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_refused_requests_are_not_theirs, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_an_offer_is_answered_by_the_delegation, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_reminders_are_for_who_has_a_seat, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_the_whole_delegation_is_withdrawn, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_a_newcomer_in_another_ones_place, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_calendar_of_each, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_contact_data_come_later, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_killed_in_between, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_without_a_contact, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_a_change_seen_before_the_registration, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_a_dead_person_keeps_nobody_from_being_told, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_another_address_lets_go_what_waits, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_erased, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_erased_while_it_is_mailed, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_a_snapshot, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_migration, drv_setup, drv_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
