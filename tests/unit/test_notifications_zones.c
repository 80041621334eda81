/* test_notifications_zones: what notices say of times, where clocks are changed: wall clock, offset and zone of that instant.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "convene/ids.h"
#include "convene/zone.h"
#include "notifications/content/text.h"
#include "notifications/core_remind.h"
#include "notifications/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

typedef struct {
    const char *zone, *first, *last, *time; /* of the event */
    const char *dates;                      /* as they are told */
    const char *decided, *told;             /* an instant, and how it is told */
    const char *report;                     /* until when the report is due, a day after the event */
} row_t;

static const row_t s_rows[] = {
    /* Egypt: an hour ahead from Friday 2026-04-24, 00:00, to Friday 2026-10-30, 00:00; both at midnight. */
    {"Africa/Cairo", "2026-04-23", "2026-04-23", "09:00", "2026-04-23, 09:00 +02:00 (Africa/Cairo)",
     "2026-04-23T21:59:59Z", "2026-04-23 23:59:59 +02:00 (Africa/Cairo)", "2026-04-24 23:59:59 +03:00 (Africa/Cairo)"},
    {"Africa/Cairo", "2026-04-23", "2026-04-25", "09:00", "2026-04-23 - 2026-04-25, 09:00 +02:00 (Africa/Cairo)",
     "2026-04-23T22:00:00Z", "2026-04-24 01:00:00 +03:00 (Africa/Cairo)", "2026-04-26 23:59:59 +03:00 (Africa/Cairo)"},
    {"Africa/Cairo", "2026-04-22", "2026-04-22", "23:30", "2026-04-22, 23:30 +02:00 (Africa/Cairo)",
     "2026-04-24T06:00:00Z", "2026-04-24 09:00:00 +03:00 (Africa/Cairo)", "2026-04-23 23:59:59 +02:00 (Africa/Cairo)"},
    {"Africa/Cairo", "2026-10-28", "2026-10-28", "09:00", "2026-10-28, 09:00 +03:00 (Africa/Cairo)",
     "2026-10-29T20:59:59Z", "2026-10-29 23:59:59 +03:00 (Africa/Cairo)", "2026-10-29 23:59:59 +02:00 (Africa/Cairo)"},
    {"Africa/Cairo", "2026-10-30", "2026-10-30", "09:00", "2026-10-30, 09:00 +02:00 (Africa/Cairo)",
     "2026-10-29T21:00:00Z", "2026-10-29 23:00:00 +02:00 (Africa/Cairo)", "2026-10-31 23:59:59 +02:00 (Africa/Cairo)"},
    /* Israel: from Friday 2026-03-27, 02:00, to Sunday 2026-10-25, 02:00. */
    {"Asia/Jerusalem", "2026-03-26", "2026-03-27", "10:00", "2026-03-26 - 2026-03-27, 10:00 +02:00 (Asia/Jerusalem)",
     "2026-03-26T23:59:59Z", "2026-03-27 01:59:59 +02:00 (Asia/Jerusalem)",
     "2026-03-28 23:59:59 +03:00 (Asia/Jerusalem)"},
    {"Asia/Jerusalem", "2026-03-27", "2026-03-27", "10:00", "2026-03-27, 10:00 +03:00 (Asia/Jerusalem)",
     "2026-03-27T00:00:00Z", "2026-03-27 03:00:00 +03:00 (Asia/Jerusalem)",
     "2026-03-28 23:59:59 +03:00 (Asia/Jerusalem)"},
    /* The hour that there is twice: the offset says which. */
    {"Asia/Jerusalem", "2026-10-24", "2026-10-24", "10:00", "2026-10-24, 10:00 +03:00 (Asia/Jerusalem)",
     "2026-10-24T22:30:00Z", "2026-10-25 01:30:00 +03:00 (Asia/Jerusalem)",
     "2026-10-25 23:59:59 +02:00 (Asia/Jerusalem)"},
    {"Asia/Jerusalem", "2026-10-25", "2026-10-25", "10:00", "2026-10-25, 10:00 +02:00 (Asia/Jerusalem)",
     "2026-10-24T23:30:00Z", "2026-10-25 01:30:00 +02:00 (Asia/Jerusalem)",
     "2026-10-26 23:59:59 +02:00 (Asia/Jerusalem)"},
};

static void assert_says(const row_t *row, const ntf_context_t *context, const ntf_news_t *news, const char *label,
                        const char *value)
{
    char line[200];
    ntf_text_t text;
    ntf_text_init(&text);
    assert_int_equal(ntf_text(context, news, &text), CV_OK);
    (void)snprintf(line, sizeof(line), "\n%s: %s\n", label, value);
    if (!memmem(text.body.ptr, text.body.len, line, strlen(line)))
        fail_msg("%s, %s, %s: no \"%s\" in:\n%.*s", row->zone, row->first, row->decided, line,
                 CV_STR_ARG(cv_buf_str(&text.body)));
    ntf_text_done(&text);
}

static void test_across_changes_of_clocks(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(s_rows) / sizeof(s_rows[0]); i++) {
        const row_t *row = &s_rows[i];
        cv_arena_t *arena = cv_arena_new(1024 * 1024);
        cv_scheduling_event_v1_t event = {.event = CV_STR("E"),
                                          .status = CV_EVENT_STATUS_HELD,
                                          .event_details = {.title = CV_STR("Forum"),
                                                            .date_start = cv_str(row->first),
                                                            .date_end = cv_str(row->last),
                                                            .time_start = cv_str(row->time),
                                                            .zone = cv_str(row->zone)}};
        cv_registration_decided_v1_t decided = {.kind = CV_DECISION_KIND_DECLINE,
                                                .cls = CV_OUTCOME_CLASS_OK,
                                                .code = CV_STR("declined"),
                                                .request = CV_STR("r")};
        ntf_context_t context = {.party = CV_STR("EG"), .event = CV_STR("E"), .details = &event, .notice = CV_STR("n")};
        ntf_ahead_t ahead = {.anchor = NTF_ANCHOR_REPORT, .before_ms = 1};
        assert_int_equal(cv_zone_read(arena, cv_str(row->zone), &context.zone_file), CV_OK);
        assert_int_equal(cv_time_parse(cv_str(row->decided), &context.time_ms), CV_OK);
        assert_true(ntf_anchor(NTF_ANCHOR_REPORT, &event, context.zone_file, 1, &ahead.anchor_ms));
        const ntf_news_t told = {.kind = NTF_DECISION, .decided = &decided};
        const ntf_news_t due = {.kind = NTF_REMINDER, .ahead = &ahead};
        assert_says(row, &context, &told, "Dates", row->dates);
        assert_says(row, &context, &told, "Decided at", row->told);
        assert_says(row, &context, &due, "Deadline", row->report);
        cv_arena_destroy(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_across_changes_of_clocks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
