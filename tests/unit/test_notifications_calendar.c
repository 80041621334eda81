/* test_notifications_calendar: which notices carry a calendar part, and what calendars make of one after the other.
 * SPDX-License-Identifier: Apache-2.0
 *
 * tests/system/test_invitations.py reads the same back with a parser that is not libical.
 */
#include "notifications/core.h"

#include "notifications_forum.h"

/* The calendar part of a notice, unfolded; NULL: it has none. To be freed. */
static char *part_of(drv_t *drv, const char *notice)
{
    char *file = drv_file(drv, notice);
    if (!file)
        fail_msg("no file %s", notice);
    char *begin = strstr(file, "BEGIN:VCALENDAR\r\n"), *end = strstr(file, "END:VCALENDAR\r\n");
    char *part = begin && end ? calloc(1, (size_t)(end - begin) + 32) : NULL;
    char *to = part;
    for (const char *at = begin; part && at < end + 15; at++) {
        assert_true(at[0] != '\n' || at[-1] == '\r');
        if (strncmp(at, "\r\n ", 3) == 0)
            at += 2;
        else
            *to++ = *at;
    }
    if (part) { /* the parameter of the part and the property agree */
        char *type = strstr(file, "Content-Type: text/calendar; charset=utf-8; method="),
             *property = strstr(part, "METHOD:");
        assert_true(type && type < begin && property);
        type = strstr(type, "method=") + 7;
        size_t len = strcspn(type, "\r\n");
        assert_int_equal(strncmp(type, property + 7, len), 0);
        assert_int_equal(property[7 + len], '\r');
    }
    free(file);
    return part;
}

static void assert_part(drv_t *drv, const char *notice, const char *const *lines)
{
    char *part = part_of(drv, notice);
    if (!part)
        fail_msg("%s has no calendar part", notice);
    for (; *lines; lines++) {
        bool is_not = **lines == '!';
        if ((strstr(part, *lines + is_not) != NULL) == is_not)
            fail_msg("%s in:\n%s", *lines, part);
    }
    free(part);
}
#define PART(drv, notice, ...) assert_part(drv, notice, (const char *const[]){__VA_ARGS__, NULL})

static void assert_no_part(drv_t *drv, const char *notice)
{
    char *part = part_of(drv, notice);
    if (part)
        fail_msg("%s has a calendar part:\n%s", notice, part);
}

static void test_invited_moved_cancelled(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    tell_registered(drv, KZ);
    drv_run(drv, 500, true);
    PART(drv, EVENTS_ID "1.KZ", "METHOD:REQUEST\r\n", "UID:FORUM@convene.invalid\r\n", "SEQUENCE:0\r\n",
         "STATUS:CONFIRMED\r\n", "DTSTART;VALUE=DATE:20260512\r\n", "DTEND;VALUE=DATE:20260514\r\n",
         "DTSTAMP:20260226T090000Z\r\n", "SUMMARY:Business Forum\r\n", "LOCATION:Congress Centre\\, Baku\\, AZ\r\n",
         "ORGANIZER;CN=Convene:mailto:convene@", "mailto:focal@KZ.example\r\n", "CN=Focal Point",
         "DESCRIPTION:Registration accepted.", "!Dear", "!written by a program");

    cv_scheduling_event_v1_t event = forum(2);
    event.event_details.date_start = event.event_details.date_end = CV_STR("2026-05-20");
    event.event_details.time_start = CV_STR("09:30");
    event.event_details.zone = CV_STR("Asia/Baku");
    tell_event(drv, &event);
    drv_run(drv, 500, true);
    PART(drv, CHANGE_ID "7.KZ", "METHOD:REQUEST\r\n", "UID:FORUM@convene.invalid\r\n", "SEQUENCE:2\r\n",
         "DTSTART:20260520T053000Z\r\n", "!DTEND");
    event.version = 3;
    event.event_details.note = CV_STR("nothing that matters"); /* tells nobody, so sends nothing */
    tell_event(drv, &event);
    event.version = 4;
    event.status = CV_EVENT_STATUS_POSTPONED;
    event.event_details.date_start = CV_STR("2026-06"); /* no day: it stays where it was */
    event.event_details.date_end = CV_STR_NONE;
    tell_event(drv, &event);
    drv_run(drv, 500, true);
    PART(drv, CHANGE_ID "9.KZ", "METHOD:REQUEST\r\n", "SEQUENCE:5\r\n", "STATUS:TENTATIVE\r\n",
         "TRANSP:TRANSPARENT\r\n", "DTSTART:20260520T053000Z\r\n");
    event.version = 5;
    event.status = CV_EVENT_STATUS_CANCELLED;
    tell_event(drv, &event);
    drv_run(drv, 500, true);
    PART(drv, CHANGE_ID "10.KZ", "METHOD:CANCEL\r\n", "SEQUENCE:7\r\n", "!DTSTART"); /* no day is known any more */
    event.version = 6;
    event.status = CV_EVENT_STATUS_SCHEDULED;
    event.event_details.date_start = CV_STR("2026-06-02");
    tell_event(drv, &event);
    event.version = 7;
    event.status = CV_EVENT_STATUS_CANCELLED;
    tell_event(drv, &event);
    drv_run(drv, 500, true);
    PART(drv, CHANGE_ID "11.KZ", "METHOD:REQUEST\r\n", "STATUS:CONFIRMED\r\n", "SEQUENCE:9\r\n",
         "DTSTART:20260602T053000Z\r\n");
    PART(drv, CHANGE_ID "12.KZ", "METHOD:CANCEL\r\n", "STATUS:CANCELLED\r\n", "SEQUENCE:11\r\n",
         "UID:FORUM@convene.invalid\r\n");
}

/* A timed event of several days is over with its last one, at the place, or when it says itself; across a change of the
 * clocks too. */
static void test_several_days(void **state)
{
    static const struct {
        const char *zone, *offset, *first, *last, *time;
        int64_t minutes;
        const char *start, *end;
    } rows[] = {
        {"Asia/Baku", NULL, "2026-05-12", "2026-05-13", "09:30", 0, "20260512T053000Z", "20260513T200000Z"},
        {"Asia/Baku", NULL, "2026-05-12", "2026-05-13", "09:30", 480, "20260512T053000Z", "20260513T133000Z"},
        {"Asia/Baku", NULL, "2026-05-12", "2026-05-12", "09:30", 90, "20260512T053000Z", "20260512T070000Z"},
        {"Asia/Baku", NULL, "2026-05-12", "2026-05-12", "09:30", 0, "20260512T053000Z", NULL},
        {NULL, "+04:00", "2026-05-12", "2026-05-14", "09:30", 0, "20260512T053000Z", "20260514T200000Z"},
        /* Clocks go forward on the night of Friday, 24 April 2026, at midnight: its first hour is not. */
        {"Africa/Cairo", NULL, "2026-04-23", "2026-04-23", "09:00", 60, "20260423T070000Z", "20260423T080000Z"},
        {"Africa/Cairo", NULL, "2026-04-22", "2026-04-23", "09:00", 0, "20260422T070000Z", "20260423T220000Z"},
        {"Africa/Cairo", NULL, "2026-04-23", "2026-04-25", "09:00", 0, "20260423T070000Z", "20260425T210000Z"},
        {"Africa/Cairo", NULL, "2026-04-23", "2026-04-25", "09:00", 60, "20260423T070000Z", "20260425T070000Z"},
        /* Forward on 27 March 2026, back on 25 October 2026, at two. */
        {"Asia/Jerusalem", NULL, "2026-03-26", "2026-03-27", "10:00", 0, "20260326T080000Z", "20260327T210000Z"},
        {"Asia/Jerusalem", NULL, "2026-10-24", "2026-10-25", "10:00", 0, "20261024T070000Z", "20261025T220000Z"},
    };
    drv_t *drv = *state;
    tell_catalogue(drv);
    tell_registered(drv, KZ);
    drv_run(drv, 500, true);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cv_scheduling_event_v1_t event = forum((int64_t)i + 2);
        char notice[100], start[64], end[64], title[32];
        (void)snprintf(title, sizeof(title), "Forum %zu", i); /* each is told of */
        event.event_details.title = cv_str(title);
        event.event_details.date_start = cv_str(rows[i].first);
        event.event_details.date_end = cv_str(rows[i].last);
        event.event_details.time_start = cv_str(rows[i].time);
        event.event_details.zone = rows[i].zone ? cv_str(rows[i].zone) : CV_STR_NONE;
        event.event_details.utc_offset = rows[i].offset ? cv_str(rows[i].offset) : CV_STR_NONE;
        event.event_details.has_minutes = rows[i].minutes > 0;
        event.event_details.minutes = rows[i].minutes;
        tell_event(drv, &event);
        drv_run(drv, 500, true);
        (void)snprintf(notice, sizeof(notice), CHANGE_ID "%zu.KZ", i + 7);
        (void)snprintf(start, sizeof(start), "DTSTART:%s\r\n", rows[i].start);
        (void)snprintf(end, sizeof(end), rows[i].end ? "DTEND:%s\r\n" : "!DTEND", rows[i].end);
        PART(drv, notice, start, end);
    }
}

/* All under one version of the event: each part still outdoes the one before. */
static void test_withdrawn_and_registered_again(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    tell_registered(drv, KZ);
    tell_decided(drv, KZ, CV_OUTCOME_CLASS_REJECTED, CV_PARTY_ANSWER_REGISTERED, 1);
    tell_decided(drv, KZ, CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_WITHDRAWN, 1);
    tell_decided(drv, KZ, CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_REGISTERED, 1);
    tell_decided(drv, "UZ", CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_DECLINED, tell_contact(drv, "UZ", "a@uz.example"));
    drv_run(drv, 500, true);
    PART(drv, EVENTS_ID "1.KZ", "METHOD:REQUEST\r\n", "SEQUENCE:0\r\n");
    assert_no_part(drv, EVENTS_ID "2.KZ");
    PART(drv, EVENTS_ID "3.KZ", "METHOD:CANCEL\r\n", "SEQUENCE:1\r\n");
    PART(drv, EVENTS_ID "4.KZ", "METHOD:REQUEST\r\n", "SEQUENCE:2\r\n");
    assert_no_part(drv, EVENTS_ID "5.UZ"); /* was never invited */
}

/* Who only waits is not invited, nor told of changes by a calendar; who moves up is. */
static void test_who_waits_is_not_invited(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    cv_registration_decided_v1_t decided = {.request = CV_STR("0190163d-8694-739b-aea5-966c26f8ad91"),
                                            .kind = CV_DECISION_KIND_REGISTER,
                                            .event = CV_STR("FORUM"),
                                            .party = CV_STR(KZ),
                                            .cls = CV_OUTCOME_CLASS_OK,
                                            .code = CV_STR("waiting"),
                                            .persons_n = 1,
                                            .persons = {{.number = 1, .state = CV_PERSON_STATE_WAITING}},
                                            .answer = CV_PARTY_ANSWER_REGISTERED,
                                            .has_version = true,
                                            .version = 1,
                                            .private_seq = tell_contact(drv, KZ, "a@kz.example")};
    drv_record(drv, DRV_EVENTS, CV_MSG_REGISTRATION_DECIDED_V1, &decided);
    drv_run(drv, 500, true);
    cv_scheduling_event_v1_t event = forum(2);
    event.event_details.city = CV_STR("Ganja");
    tell_event(drv, &event);
    drv_run(drv, 500, true);
    cv_registration_promoted_v1_t promoted = {.event = CV_STR("FORUM"),
                                              .party = CV_STR(KZ),
                                              .cause = CV_PROMOTION_CAUSE_CAPACITY,
                                              .persons_n = 1,
                                              .persons = {{.number = 1, .state = CV_PERSON_STATE_CONFIRMED}},
                                              .private_seq = 1};
    drv_record(drv, DRV_EVENTS, CV_MSG_REGISTRATION_PROMOTED_V1, &promoted);
    drv_run(drv, 500, true);
    assert_no_part(drv, EVENTS_ID "1.KZ");
    assert_no_part(drv, CHANGE_ID "7.KZ");
    PART(drv, EVENTS_ID "2.KZ", "METHOD:REQUEST\r\n", "SEQUENCE:1\r\n", "LOCATION:Congress Centre\\, Ganja\\, AZ\r\n");
}

/* Whatever the names are, the part has the lines it would have had without them. */
static void test_names_add_no_lines(void **state)
{
    drv_t *drv = *state;
    static const char *const names[] = {
        "Plain",
        "A\xe2\x80\xa8"
        "METHOD:CANCEL",
        "\"x\":mailto:evil@example\"", "a;b,c:d\\n\\nBEGIN:VEVENT",
        "\xd0\x96\xd0\x96\xd0\x96\xd0\x96\xd0\x96\xd0\x96\xd0\x96\xd0\x96\xd0\x96\xd0\x96\xd0\x96\xd0\x96"
        "\xd0\x96\xd0\x96\xd0\x96\xd0\x96\xd0\x96\xd0\x96\xd0\x96\xd0\x96\xd0\x96\xd0\x96\xd0\x96\xd0\x96\xd0\x96"};
    tell_catalogue(drv);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        cv_scheduling_event_v1_t event = forum(2 + (int64_t)i);
        event.event_details.title = event.event_details.city = cv_str(names[i]);
        tell_event(drv, &event);
        cv_registration_contact_v1_t contact = {
            .event = CV_STR("FORUM"),
            .party = CV_STR(KZ),
            .has_contact = true,
            .contact = {.name = cv_str(names[i]), .email = CV_STR("a@kz.example"), .language = CV_STR("en")}};
        uint64_t at = drv_record(drv, DRV_PRIVATE, CV_MSG_REGISTRATION_CONTACT_V1, &contact);
        uint64_t seq = tell_decided(drv, KZ, CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_REGISTERED, at);
        drv_run(drv, 500, true);
        char notice[120];
        (void)snprintf(notice, sizeof(notice), EVENTS_ID "%d.KZ", (int)seq);
        char *part = part_of(drv, notice);
        assert_non_null(part);
        size_t lines = 0, events = 0, methods = 0;
        for (const char *line = part; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
            lines += *line != '\0';
            events += strncmp(line, "BEGIN:VEVENT", 12) == 0;
            methods += strncmp(line, "METHOD", 6) == 0;
        }
        if (lines != 19 || events != 1 || methods != 1)
            fail_msg("%zu lines, %zu, %zu:\n%s", lines, events, methods, part);
        free(part);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_invited_moved_cancelled, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_several_days, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_withdrawn_and_registered_again, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_who_waits_is_not_invited, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_names_add_no_lines, drv_setup, drv_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
