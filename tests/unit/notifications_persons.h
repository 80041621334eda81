/* notifications_persons: a delegation of three at FORUM, of whom two gave an address, and what came of it.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_NOTIFICATIONS_PERSONS_H
#define TESTS_NOTIFICATIONS_PERSONS_H

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
static inline uint64_t tell_persons(drv_t *drv, const char *second, const char *third)
{
    cv_registration_contact_v1_t contact = {
        .event = CV_STR("FORUM"),
        .party = CV_STR(KZ),
        .has_contact = true,
        .contact = {.name = CV_STR("Focal Point"), .email = CV_STR("focal@kz.example"), .language = CV_STR("en")},
        .persons_n = 3,
        .persons = {
            {.number = 1, .name = cv_str(AIGERIM), .capacity = CV_CAPACITY_HEAD},
            {.number = 2, .name = cv_str(DIANA_NAME), .capacity = CV_CAPACITY_DELEGATE, .email = cv_str(second)},
            {.number = 3, .name = cv_str(ERLAN_NAME), .capacity = CV_CAPACITY_DELEGATE, .email = cv_str(third)}}};
    return drv_record(drv, DRV_PRIVATE, CV_MSG_REGISTRATION_CONTACT_V1, &contact);
}

static inline cv_registration_decided_v1_t decision(drv_t *drv, cv_decision_kind_t kind, uint64_t private_seq)
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

static inline uint64_t decide(drv_t *drv, const cv_registration_decided_v1_t *decided)
{
    return drv_record(drv, DRV_EVENTS, CV_MSG_REGISTRATION_DECIDED_V1, decided);
}

/* The head is confirmed, the second has this state, the third waits. */
static inline void tell_three(drv_t *drv, cv_person_state_t second, uint64_t private_seq)
{
    cv_registration_decided_v1_t decided = decision(drv, CV_DECISION_KIND_REGISTER, private_seq);
    decided.persons_n = 3;
    decided.persons[0] = (cv_person_place_t){.number = 1, .state = CV_PERSON_STATE_CONFIRMED};
    decided.persons[1] = (cv_person_place_t){.number = 2, .state = second};
    decided.persons[2] =
        (cv_person_place_t){.number = 3, .state = CV_PERSON_STATE_WAITING, .has_position = true, .position = 7};
    decide(drv, &decided);
}

static inline void tell_one(drv_t *drv, cv_decision_kind_t kind, int64_t number, cv_person_state_t state)
{
    cv_registration_decided_v1_t decided = decision(drv, kind, 0);
    decided.persons_n = 1;
    decided.persons[0] = (cv_person_place_t){.number = number, .state = state};
    decide(drv, &decided);
}

/* Registration has erased this person of KZ. */
static inline void tell_erased(drv_t *drv, int64_t number)
{
    cv_registration_erased_v1_t erased = {.event = CV_STR("FORUM"),
                                          .party = CV_STR(KZ),
                                          .persons_n = 1,
                                          .persons = {number},
                                          .cause = CV_ERASURE_CAUSE_REQUEST};
    drv_record(drv, DRV_PRIVATE, CV_MSG_REGISTRATION_ERASED_V1, &erased);
}

static inline void begin(drv_t *drv)
{
    tell_catalogue(drv);
    tell_three(drv, CV_PERSON_STATE_CONFIRMED, tell_persons(drv, DIANA, ERLAN));
    drv_run(drv, 1000, true);
}

static inline void move_event(drv_t *drv, int64_t version, const char *day)
{
    cv_scheduling_event_v1_t event = forum(version);
    event.event_details.date_start = event.event_details.date_end = cv_str(day);
    tell_event(drv, &event);
    drv_run(drv, 1000, true);
}

/* ---- what came of it ---------------------------------------------------------------------- */

static inline int64_t rows(drv_t *drv, const char *where)
{
    char sql[200];
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM ntf_delivery WHERE %s", where);
    return drv_number(drv, sql);
}

static inline void assert_no_file(drv_t *drv, const char *notice)
{
    char *file = drv_file(drv, notice);
    if (file)
        fail_msg("there is a file %s:\n%s", notice, file);
}

/* A calendar part with this method and sequence. */
static inline void assert_part(drv_t *drv, const char *notice, const char *method, const char *sequence,
                               const char *address)
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

static inline void assert_no_part(drv_t *drv, const char *notice)
{
    char *file = drv_file(drv, notice);
    if (!file || strstr(file, "BEGIN:VCALENDAR"))
        fail_msg("%s: %s", notice, file ? file : "no file");
    free(file);
}

static inline cv_notice_state_t told(drv_t *drv, const char *notice)
{
    cv_notice_state_t state = CV_NOTICE_STATE_ABSENT;
    for (size_t i = 0; i < drv->notices_n; i++) {
        cv_notifications_notice_v1_t one = drv_notice(drv->notices[i]);
        if (cv_str_is(one.notice, notice))
            state = one.state;
    }
    return state;
}

#endif
