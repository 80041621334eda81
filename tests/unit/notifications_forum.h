/* notifications_forum: one event, FORUM, and what scheduling and registration say about it.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_NOTIFICATIONS_FORUM_H
#define TESTS_NOTIFICATIONS_FORUM_H

#include "notifications_driver.h"

#define EVENTS_ID "registration.events.1111111111111111."
#define CHANGE_ID "scheduling.events.1010101010101010."
#define KZ "KZ"
#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)

/* ---- what the others say ------------------------------------------------------------------ */

static inline cv_scheduling_event_v1_t forum(int64_t version)
{
    return (cv_scheduling_event_v1_t){
        .event = CV_STR("FORUM"),
        .version = version,
        .status = CV_EVENT_STATUS_OPEN,
        .change = CV_EVENT_CHANGE_CHANGED,
        .event_details = {.title = CV_STR("Business Forum"),
                          .plan_year = 2026,
                          .line = CV_PLAN_LINE_CBM,
                          .city = CV_STR("Baku"),
                          .country = CV_STR("AZ"),
                          .venue = CV_STR("BCC"),
                          .date_start = CV_STR("2026-05-12"),
                          .date_end = CV_STR("2026-05-13")},
    };
}

/* Registration hears of it at once. */
static inline void tell_event(drv_t *drv, const cv_scheduling_event_v1_t *event)
{
    drv->version = event->version;
    drv_record(drv, DRV_SCHEDULING, CV_MSG_SCHEDULING_EVENT_V1, event);
}

static inline void tell_catalogue(drv_t *drv)
{
    cv_scheduling_event_v1_t event = forum(1);
    static const char *const parties[][2] = {
        {"KZ", "Kazakhstan"}, {"UZ", "Uzbekistan"}, {"KG", "Kyrgyzstan"}, {"TJ", "Tajikistan"}};
    cv_venue_t venue = {
        .code = CV_STR("BCC"), .name = CV_STR("Congress Centre"), .city = CV_STR("Baku"), .country = CV_STR("AZ")};
    for (size_t i = 0; i < sizeof(parties) / sizeof(parties[0]); i++) {
        cv_party_t party = {.code = cv_str(parties[i][0]), .kind = CV_PARTY_KIND_MEMBER, .name = cv_str(parties[i][1])};
        drv_record(drv, DRV_SCHEDULING, CV_MSG_SCHEDULING_PARTY_V1, &party);
    }
    drv_record(drv, DRV_SCHEDULING, CV_MSG_SCHEDULING_VENUE_V1, &venue);
    tell_event(drv, &event);
}

static inline uint64_t tell_contact(drv_t *drv, const char *party, const char *email)
{
    cv_registration_contact_v1_t contact = {
        .event = CV_STR("FORUM"),
        .party = cv_str(party),
        .has_contact = email != NULL,
        .contact = {.name = CV_STR("Focal Point"), .email = cv_str(email), .language = CV_STR("en")},
        .persons_n = 1,
        .persons = {{.number = 1, .name = CV_STR("Bekova Aigerim"), .capacity = CV_CAPACITY_HEAD}}};
    return drv_record(drv, DRV_PRIVATE, CV_MSG_REGISTRATION_CONTACT_V1, &contact);
}

static inline uint64_t tell_decided(drv_t *drv, const char *party, cv_outcome_class_t cls, cv_party_answer_t answer,
                                    uint64_t private_seq)
{
    cv_registration_decided_v1_t decided = {
        .request = CV_STR("0190163d-8694-739b-aea5-966c26f8ad91"),
        .kind = CV_DECISION_KIND_REGISTER,
        .event = CV_STR("FORUM"),
        .party = cv_str(party),
        .cls = cls,
        .code = CV_STR("some_code"),
        .persons_n = 1,
        .persons = {{.number = 1,
                     .state = cls == CV_OUTCOME_CLASS_OK ? CV_PERSON_STATE_CONFIRMED : CV_PERSON_STATE_REFUSED}},
        .answer = answer,
        .has_version = drv->version > 0,
        .version = drv->version,
        .private_seq = private_seq};
    return drv_record(drv, DRV_EVENTS, CV_MSG_REGISTRATION_DECIDED_V1, &decided);
}

static inline uint64_t tell_registered(drv_t *drv, const char *party)
{
    char email[64];
    snprintf(email, sizeof(email), "focal@%s.example", party);
    return tell_decided(drv, party, CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_REGISTERED, tell_contact(drv, party, email));
}

/* Sets a recipient of this party. */
static inline void recipient_of(drv_t *drv, const char *party, int64_t order, const char *email)
{
    static int number;
    char id[64];
    snprintf(id, sizeof(id), "0190163d-8694-739b-aea5-%012d", ++number);
    assert_true(cv_str_is(drv_recipient(drv, id, party, order, email), "recipient_set"));
}

static inline void recipient(drv_t *drv, int64_t order, const char *email)
{
    recipient_of(drv, KZ, order, email);
}

/* Later, and what is due then. */
static inline void jump(drv_t *drv, int64_t by_ms)
{
    drv->ms += by_ms;
    drv_run(drv, 1500, true);
}

static inline void assert_written(drv_t *drv, const char *notice, const char *part)
{
    char *file = drv_file(drv, notice);
    if (!file)
        fail_msg("no file %s", notice);
    if (!strstr(file, part))
        fail_msg("no \"%s\" in:\n%s", part, file);
    free(file);
}

static inline int64_t in_state(drv_t *drv, int state)
{
    char sql[100];
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM ntf_delivery WHERE state = %d", state);
    return drv_number(drv, sql);
}

/* Registration for the event has been open for a day, and closes in ten. */
static inline void open_registration(const drv_t *drv, cv_scheduling_event_v1_t *event)
{
    event->has_registration = true;
    event->registration = (cv_registration_rules_t){.capacity = 10,
                                                    .maximum = 5,
                                                    .waiting = CV_WAITING_RULE_STRICT,
                                                    .group = CV_GROUP_RULE_EACH,
                                                    .opens_ms = drv->ms - DAY_MS,
                                                    .closes_ms = drv->ms + 10 * DAY_MS};
}

#endif
