/* test_cli_ical: calendar files that are damaged: each entry still gives a row or a sentence with its line, and nothing of one
 * reaches into another.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cli/ical_read.h"
#include "cli/ical_scan.h"
#include "convene/ids.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char FILE_TEXT[] =
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n"
    "BEGIN:VTIMEZONE\r\nTZID:Office\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
    "TZOFFSETFROM:+0430\r\nTZOFFSETTO:+0430\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
    "BEGIN:VEVENT\r\nUID:a@x\r\nSUMMARY:A long\r\n  name\r\nDTSTART;TZID=Office:20260511T090000\r\n"
    "BEGIN:VALARM\r\nACTION:DISPLAY\r\nSUMMARY:Alarm\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\n"
    "END:VEVENT\r\n"
    "BEGIN:VEVENT\r\nUID:b@x\r\nSUMMARY:B\r\nDTSTART;VALUE=DATE:20260601\r\n"
    "RRULE:FREQ=MONTHLY;COUNT=3\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
static const ical_options_t OPTIONS = {.plan_year = 2026, .line = "cbm"};

static const char *text_of(const ical_row_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row->data, name));
    return text ? text : "";
}

static void test_whole(void **state)
{
    ical_file_t file;
    (void)state;
    assert_int_equal(ical_read(FILE_TEXT, sizeof FILE_TEXT - 1, &OPTIONS, &file), CV_OK);
    assert_int_equal(file.entries, 2);
    assert_int_equal(file.n, 4);
    assert_string_equal(text_of(&file.rows[0], "title"), "A long name");
    assert_string_equal(text_of(&file.rows[0], "utc_offset"), "+04:30");
    assert_int_equal(file.rows[0].line, 11);
    assert_string_equal(file.rows[3].uid, "b@x 2026-08-01");
    assert_string_equal(text_of(&file.rows[3], "date_end"), "2026-08-01");
    ical_read_done(&file);
}

static void test_lines(void **state)
{
    ical_scan_t scan;
    char value[32];
    (void)state;
    assert_int_equal(ical_scan(FILE_TEXT, sizeof FILE_TEXT - 1, &scan), CV_OK);
    assert_int_equal(scan.n, 3);
    assert_int_equal(ical_line_of(&scan.parts[1], "SUMMARY", value, sizeof value), 13);
    assert_string_equal(value, "A long name");
    assert_int_equal(ical_count_of(&scan.parts[1], "SUMMARY"), 1); /* that of the alarm is not the entry's */
    assert_int_equal(ical_line_of(&scan.parts[1], "RRULE", value, sizeof value), 0);
    assert_int_equal(ical_line_of(&scan.parts[1], "DTSTART", value, 5), 15);
    assert_string_equal(value, "2026");
    ical_scan_done(&scan);
}

/* The other entry is read whatever happened to this one, as long as its own BEGIN and END stand. */
static void test_a_bad_one_beside_a_good_one(void **state)
{
    static const char *const BAD[] = {"DTSTART:garbage\r\n",
                                      "RRULE:FREQ=OFTEN\r\n",
                                      "BEGIN:VALARM\r\n",
                                      "no line at all\r\n",
                                      "END:VALARM\r\n",
                                      "\r\n",
                                      "DTEND;VALUE=DATE:20260931\r\n",
                                      "SEQUENCE:many\r\n"};
    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; ++i) {
        char text[1024];
        ical_file_t file;
        int len =
            snprintf(text, sizeof text,
                     "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:bad@x\r\nSUMMARY:Bad\r\n%sEND:VEVENT\r\nBEGIN:VEVENT\r\n"
                     "UID:good@x\r\nSUMMARY:Good\r\nDTSTART;VALUE=DATE:20260601\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
                     BAD[i]);
        assert_int_equal(ical_read(text, (size_t)len, &OPTIONS, &file), CV_OK);
        assert_int_equal(file.entries, 2);
        assert_int_equal(file.n, 2);
        for (size_t k = 0; k < 2; ++k) {
            bool good = strcmp(file.rows[k].uid, "good@x") == 0;
            assert_int_equal(file.rows[k].data != NULL, good);
            assert_int_equal(file.rows[k].wrong[0] != '\0', !good);
            assert_true(file.rows[k].line >= 2);
        }
        ical_read_done(&file);
    }
}

/* Octets lost, doubled and turned: nothing is read that is not there, and each row is one or the other. */
static void test_damage(void **state)
{
    uint64_t random = 7;
    (void)state;
    for (int round = 0; round < 4000; ++round) {
        size_t len = sizeof FILE_TEXT - 1;
        char *text = malloc(len + 8);
        assert_non_null(text);
        memcpy(text, FILE_TEXT, len);
        for (int k = 0; k < 3 && len > 8; ++k) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            size_t at = (size_t)(random >> 33) % len;
            switch (random >> 20 & 3) {
            case 0:
                text[at] = (char)(random >> 40);
                break;
            case 1:
                memmove(text + at, text + at + 1, len - at - 1);
                --len;
                break;
            case 2:
                memmove(text + at + 1, text + at, len - at);
                ++len;
                break;
            default:
                len = at + 1;
            }
        }
        ical_file_t file;
        char *exact = malloc(len); /* so that reading beyond it is seen */
        assert_non_null(exact);
        memcpy(exact, text, len);
        assert_int_equal(ical_read(exact, len, &OPTIONS, &file), CV_OK);
        assert_true(file.wrong[0] ? file.n == 0 : file.n + file.series_n >= file.entries);
        for (size_t i = 0; i < file.n; ++i)
            assert_true((file.rows[i].data != NULL) != (file.rows[i].wrong[0] != '\0'));
        ical_read_done(&file);
        free(exact);
        free(text);
    }
}

static void read_lines(const char *lines, ical_file_t *ret_file)
{
    char text[2048];
    int len = snprintf(text, sizeof text, "BEGIN:VCALENDAR\r\n%sEND:VCALENDAR\r\n", lines);
    assert_in_range(len, 1, sizeof text - 1);
    assert_int_equal(ical_read(text, (size_t)len, &OPTIONS, ret_file), CV_OK);
}

/* UNTIL is an instant, which the last occurrence may begin at: east and west of UTC, and on both sides of a change of clocks. */
static void test_the_last_of_a_series(void **state)
{
    static const struct {
        const char *start, *rule, *last;
    } CASES[] = {
        {";TZID=Asia/Baku:20260907T090000", "FREQ=WEEKLY;UNTIL=20260928T050000Z", "2026-09-28"},
        {";TZID=Asia/Baku:20260907T020000", "FREQ=WEEKLY;UNTIL=20260927T220000Z", "2026-09-28"},
        {";TZID=Office:20260907T020000", "FREQ=WEEKLY;UNTIL=20260927T213000Z", "2026-09-28"},
        {";TZID=America/New_York:20260907T200000", "FREQ=WEEKLY;UNTIL=20260929T000000Z", "2026-09-28"},
        {";TZID=America/New_York:20261012T090000", "FREQ=WEEKLY;UNTIL=20261102T140000Z", "2026-11-02"},
        {":20260907T090000Z", "FREQ=WEEKLY;UNTIL=20260928T090000Z", "2026-09-28"},
        {";TZID=Asia/Baku:20260907T090000", "FREQ=WEEKLY;UNTIL=20260928T090000", "2026-09-28"},
        {";VALUE=DATE:20260907", "FREQ=WEEKLY;UNTIL=20260928", "2026-09-28"},
    };
    size_t earlier_n = 0;
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; ++i) {
        char text[1024];
        ical_file_t file;
        snprintf(text, sizeof text,
                 "BEGIN:VTIMEZONE\r\nTZID:Office\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
                 "TZOFFSETFROM:+0430\r\nTZOFFSETTO:+0430\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
                 "BEGIN:VEVENT\r\nUID:w@x\r\nSUMMARY:W\r\nDTSTART%s\r\nRRULE:%s\r\nEND:VEVENT\r\n",
                 CASES[i].start, CASES[i].rule);
        read_lines(text, &file);
        if (file.n != 4 || strcmp(text_of(&file.rows[3], "date_start"), CASES[i].last) != 0)
            fail_msg("%s %s: %zu rows: %s", CASES[i].start, CASES[i].rule, file.n, file.rows[0].wrong);
        ical_read_done(&file);
        /* A second earlier it is not in it. */
        char *until = strstr(text, "UNTIL="), *zulu = until ? strstr(until, "Z\r") : NULL;
        if (!zulu || zulu != until + 21)
            continue;
        int64_t ms;
        char wall[CV_TIME_TEXT + 1], earlier[24];
        snprintf(wall, sizeof wall, "%.4s-%.2s-%.2sT%.2s:%.2s:00Z", until + 6, until + 10, until + 12, until + 15,
                 until + 17);
        assert_int_equal(cv_time_parse(cv_str(wall), &ms), CV_OK);
        cv_time_text(ms - 1000, wall);
        snprintf(earlier, sizeof earlier, "%.4s%.2s%.2sT%.2s%.2s%.2sZ", wall, wall + 5, wall + 8, wall + 11, wall + 14,
                 wall + 17);
        memcpy(until + 6, earlier, 16);
        read_lines(text, &file);
        assert_int_equal(file.n, 3);
        ical_read_done(&file);
        ++earlier_n;
    }
    assert_int_equal(earlier_n, 6); /* those by UTC */
}

/* The day that an entry stands in for is not the series' any more, wherever it went and whatever is wrong with it. */
static void test_the_day_of_an_instance(void **state)
{
    static const char *const INSTANCES[] = {
        "DTSTART;TZID=Asia/Baku:20260922T110000\r\n",                              /* moved */
        "DTSTART;TZID=Asia/Baku:20270104T110000\r\n",                              /* out of the year */
        "DTSTART;TZID=Asia/Baku:20260922T110000\r\nDTEND;VALUE=DATE:20260923\r\n", /* refused */
        "DTSTART;TZID=Asia/Baku:20260922T110000\r\nRDATE:20260923T110000Z\r\n",
        "",
    };
    (void)state;
    for (size_t i = 0; i < sizeof INSTANCES / sizeof *INSTANCES; ++i) {
        char text[1024];
        ical_file_t file;
        snprintf(text, sizeof text,
                 "BEGIN:VEVENT\r\nUID:w@x\r\nSUMMARY:W\r\nDTSTART;TZID=Asia/Baku:20260907T020000\r\n"
                 "RRULE:FREQ=WEEKLY;COUNT=4\r\nEND:VEVENT\r\n"
                 "BEGIN:VEVENT\r\nUID:w@x\r\nSUMMARY:W\r\nRECURRENCE-ID%s\r\n%sEND:VEVENT\r\n",
                 *INSTANCES[i] ? ":20260920T220000Z" : ";TZID=Asia/Baku:20260921T020000", INSTANCES[i]);
        read_lines(text, &file);
        assert_int_equal(file.n, 4);
        for (size_t k = 0; k < 4; ++k)
            if (strcmp(text_of(&file.rows[k], "date_start"), "2026-09-21") == 0)
                fail_msg("instance %zu: the old day is back", i);
        assert_string_equal(file.rows[0].uid, "w@x 2026-09-21");
        if ((file.rows[0].data != NULL) != (i == 0))
            fail_msg("instance %zu is %s", i, file.rows[0].data ? "taken" : file.rows[0].wrong);
        ical_read_done(&file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_a_bad_one_beside_a_good_one),
        cmocka_unit_test(test_the_last_of_a_series),
        cmocka_unit_test(test_the_day_of_an_instance),
        cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
