/* test_registration_scans: what gates have seen means the same, in whatever order and pieces it is told.
 * SPDX-License-Identifier: Apache-2.0
 *
 * First the rule on tables of one badge, then the service: scans of three gates that were cut off from each other, with
 * clocks that were off, told in random pieces, twice, in random order; each time the same rows and the same counts.
 */
#include "registration/badge.h"
#include "registration_driver.h"

enum { GATES = 3, SCANS = 24, HISTORIES = 10, ORDERS = 4 };

static const char *const GATE[GATES] = {"east", "north", "west"};
static const int64_t OFFSET[GATES] = {0, 90000, -45000};

/* ---- the rule ------------------------------------------------------------------------------------------------ */

static reg_scan_t at(const char *gate, int64_t sequence, int64_t at_ms, reg_direction_t direction)
{
    reg_scan_t scan = {
        .run = 1, .sequence = sequence, .at_ms = at_ms, .direction = direction, .verdict = REG_GATE_ADMITTED};
    assert_int_equal(cv_str_copy(cv_str(gate), scan.gate, sizeof scan.gate), CV_OK);
    return scan;
}

/* What each of the scans is, in order: E entry, X exit, R repeated, D duplicate, U unmatched, V after, N refused. */
static const char *read_as(reg_scan_t *scans, size_t n, int64_t revoked_ms)
{
    static char text[32];
    reg_read_scans(scans, n, revoked_ms);
    for (size_t i = 0; i < n; i++)
        text[i] = "?EXRDUVN?"[scans[i].finding];
    text[n] = '\0';
    return text;
}

static void test_rule(void **state)
{
    (void)state;
    reg_scan_t two[] = {at("west", 1, 20, REG_IN), at("east", 1, 10, REG_IN)};
    assert_string_equal(read_as(two, 2, 0), "ED");
    assert_string_equal(two[0].gate, "east");
    assert_int_equal(two[1].other, 0);

    reg_scan_t between[] = {at("west", 1, 20, REG_IN), at("east", 1, 10, REG_IN), at("east", 2, 15, REG_OUT)};
    assert_string_equal(read_as(between, 3, 0), "EXE");

    reg_scan_t same[] = {at("east", 1, 10, REG_IN), at("east", 2, 11, REG_IN), at("east", 3, 12, REG_OUT),
                         at("east", 4, 13, REG_OUT)};
    assert_string_equal(read_as(same, 4, 0), "ERXU");

    reg_scan_t tie[] = {at("west", 1, 10, REG_IN), at("east", 2, 10, REG_OUT), at("east", 1, 10, REG_IN)};
    assert_string_equal(read_as(tie, 3, 0), "EXE"); /* by gate, then number */

    reg_scan_t revoked[] = {at("east", 1, 10, REG_IN), at("east", 2, 20, REG_OUT), at("east", 3, 21, REG_IN),
                            at("west", 1, 19, REG_IN)};
    assert_string_equal(read_as(revoked, 4, 20), "EDXV");
    assert_string_equal(read_as(revoked, 4, 10), "VVUV");
    assert_string_equal(read_as(revoked, 4, 0), "EDXE");

    reg_scan_t no[] = {at("east", 1, 10, REG_IN), at("east", 2, 20, REG_IN)};
    no[0].verdict = REG_GATE_REFUSED;
    assert_string_equal(read_as(no, 2, 0), "NE");
    assert_string_equal(read_as(no, 0, 0), "");
    assert_int_equal(reg_scan_time(1000, -500), 1500);
    assert_int_equal(reg_scan_time(1000, 5000), 0);
}

/* ---- the service --------------------------------------------------------------------------------------------- */

static int64_t s_badges[4];
static unsigned s_badges_n;

static void learn_badges(driver_t *driver)
{
    driver_bytes_t rows[8];
    char next[257];
    size_t n = driver_query(driver, "badges", "E1", NULL, 0, rows, 8, next);
    s_badges_n = 0;
    for (size_t i = 0; i < n; i++) {
        const cv_registration_badge_v1_t *badge =
            &driver_read(driver, (cv_str_t){rows[i].ptr, rows[i].len}, CV_MSG_REGISTRATION_BADGE_V1)
                 ->registration_badge_v1;
        s_badges[s_badges_n++] = badge->badge;
        free(rows[i].ptr);
    }
}

/* The forum with four badges; the last is revoked at T0 + 600 s. The same in each driver. */
static driver_t *hall(void)
{
    driver_t *driver = driver_forum_with(10, CV_WAITING_RULE_NONE);
    const cv_registration_badge_open_v1_t open = {.event = CV_STR("E1"), .from_ms = T0, .until_ms = T0 + 86400000};
    const cv_registration_badge_issue_v1_t issue = {.event = CV_STR("E1")};
    EXPECT_OK(driver_register(driver, "E1", "KZ", "hd", CV_GROUP_RULE_EACH), "registered");
    EXPECT_OK(driver_register(driver, "E1", "AZ", "hd", CV_GROUP_RULE_EACH), "registered");
    EXPECT_OK(driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_BADGE_OPEN_V1, &open), "badges_open");
    EXPECT_OK(driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_BADGE_ISSUE_V1, &issue), "issued");
    learn_badges(driver);
    assert_int_equal(s_badges_n, 4);
    return driver;
}

static void take_back(driver_t *driver)
{
    const cv_registration_badge_revoke_v1_t request = {
        .event = CV_STR("E1"), .party = CV_STR("AZ"), .persons_n = 1, .persons = {2}, .reason = CV_STR("Lost.")};
    driver_wait_until(driver, T0 + 600000);
    EXPECT_OK(driver_send_as(driver, 900000, CV_MSG_REGISTRATION_BADGE_REVOKE_V1, &request), "badges_revoked");
}

static uint32_t s_seed;
static uint32_t draw(uint32_t below)
{
    s_seed = s_seed * 1664525U + 1013904223U;
    return (uint32_t)((uint64_t)s_seed * below >> 32);
}

static cv_scan_t s_scans[GATES][SCANS];

static void make_history(void)
{
    for (unsigned g = 0; g < GATES; g++) {
        int64_t now_ms = T0 + draw(300000);
        for (unsigned i = 0; i < SCANS; i++) {
            now_ms += draw(60000); /* often the same instant at two gates */
            s_scans[g][i] = (cv_scan_t){.sequence = i + 1,
                                        .badge = draw(20) ? s_badges[draw(4)] : 77,
                                        .at_ms = now_ms + OFFSET[g],
                                        .offset_ms = OFFSET[g],
                                        .direction = draw(2) ? CV_SCAN_DIRECTION_IN : CV_SCAN_DIRECTION_OUT,
                                        .verdict = (cv_scan_verdict_t)(1 + draw(3))};
        }
    }
}

static void tell(driver_t *driver, unsigned gate, unsigned first, unsigned n, const char *code)
{
    static unsigned serial = 100000;
    cv_registration_scan_merge_v1_t request = {
        .event = CV_STR("E1"), .gate = cv_str(GATE[gate]), .run = 5, .scans_n = n};
    memcpy(request.scans, &s_scans[gate][first], n * sizeof *request.scans);
    EXPECT_OK(driver_send_as(driver, ++serial, CV_MSG_REGISTRATION_SCAN_MERGE_V1, &request), code);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All that can be asked about who came, as one text. */
static char *everything(driver_t *driver)
{
    static driver_bytes_t rows[512];
    char next[257], *lines[512], *text = calloc(512, 160);
    size_t n = driver_query(driver, "scans", "E1", NULL, 500, rows, 512, next);
    assert_non_null(text);
    for (size_t i = 0; i < n; i++) {
        const cv_registration_scan_v1_t *scan =
            &driver_read(driver, (cv_str_t){rows[i].ptr, rows[i].len}, CV_MSG_REGISTRATION_SCAN_V1)
                 ->registration_scan_v1;
        lines[i] = calloc(1, 160);
        assert_non_null(lines[i]);
        snprintf(lines[i], 160, "%.*s %lld %lld %s %.*s\n", CV_STR_ARG(scan->gate), (long long)scan->sequence,
                 (long long)scan->at_ms, cv_scan_finding_text(scan->finding), CV_STR_ARG(scan->other));
        free(rows[i].ptr);
    }
    qsort(lines, n, sizeof *lines, by_name);
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(text);
        snprintf(text + len, 160, "%s", lines[i]);
        free(lines[i]);
    }
    n = driver_query(driver, "attendance", "E1", NULL, 0, rows, 8, next);
    for (size_t i = 0; i < n; i++) {
        const cv_registration_attendance_v1_t *seen =
            &driver_read(driver, (cv_str_t){rows[i].ptr, rows[i].len}, CV_MSG_REGISTRATION_ATTENDANCE_V1)
                 ->registration_attendance_v1;
        size_t len = strlen(text);
        snprintf(text + len, 160, "%.*s %lld %lld %lld %lld %lld %lld %lld %lld %lld\n", CV_STR_ARG(seen->party),
                 (long long)seen->came, (long long)seen->inside, (long long)seen->entries, (long long)seen->exits,
                 (long long)seen->repeated, (long long)seen->duplicates, (long long)seen->unmatched,
                 (long long)seen->after_revocation, (long long)seen->refused);
        free(rows[i].ptr);
    }
    return text;
}

/* Tells all scans in random pieces, some twice; the badge is revoked somewhere in between. */
static char *told_somehow(bool in_order)
{
    driver_t *driver = hall();
    unsigned done[GATES] = {0}, left = GATES * SCANS, when = in_order ? 0 : draw(GATES * SCANS);
    bool revoked = false;
    while (left) {
        if (!revoked && left <= when)
            take_back(driver), revoked = true;
        unsigned gate = in_order ? left / SCANS - (left % SCANS == 0) : draw(GATES);
        if (done[gate] == SCANS)
            continue;
        unsigned n = in_order ? SCANS : 1 + draw(SCANS - done[gate]);
        tell(driver, gate, done[gate], n, "merged");
        if (!in_order && draw(3) == 0) { /* the answer was lost: told again, with what was told before */
            unsigned from = draw(done[gate] + 1);
            tell(driver, gate, from, done[gate] + n - from, "merged");
        }
        done[gate] += n;
        left -= n;
        if (!in_order && draw(8) == 0)
            driver_crash(driver);
    }
    if (!revoked)
        take_back(driver);
    char *text = everything(driver);
    driver_free(&driver);
    return text;
}

static void test_any_order(void **state)
{
    (void)state;
    for (uint32_t history = 1; history <= HISTORIES; history++) {
        driver_t *driver = hall(); /* for the numbers of the badges */
        driver_free(&driver);
        s_seed = history;
        make_history();
        char *first = told_somehow(true);
        assert_non_null(strstr(first, "east 24 "));
        for (unsigned order = 0; order < ORDERS; order++) {
            char *other = told_somehow(false);
            if (strcmp(first, other) != 0)
                fail_msg("history %u, order %u:\n%s\nand\n%s", history, order, first, other);
            free(other);
        }
        free(first);
    }
}

static void test_conflicts(void **state)
{
    (void)state;
    driver_t *driver = hall();
    cv_registration_scan_merge_v1_t request = {
        .event = CV_STR("E1"),
        .gate = CV_STR("east"),
        .run = 5,
        .scans_n = 2,
        .scans = {{.sequence = 1, .badge = s_badges[0], .at_ms = T0, .direction = CV_SCAN_DIRECTION_IN, .verdict = 1},
                  {.sequence = 2, .badge = s_badges[1], .at_ms = T0, .direction = CV_SCAN_DIRECTION_IN, .verdict = 1}}};
    driver->principal = (cv_principal_t){.name = "east", .role = CV_ROLE_GATE};
    EXPECT_OK(driver_send_as(driver, 500, CV_MSG_REGISTRATION_SCAN_MERGE_V1, &request), "merged");
    assert_int_equal(driver_query_refused(driver, "scans", "E1"), CV_REFUSED_CODE_DENIED); /* a gate sees no persons */
    driver->principal = (cv_principal_t){.name = "secretary", .role = CV_ROLE_SECRETARIAT};
    char *before = everything(driver);
    driver->principal = (cv_principal_t){.name = "east", .role = CV_ROLE_GATE};
    request.scans[1].at_ms++;
    const cv_outcome_v1_t *out = driver_send_as(driver, 501, CV_MSG_REGISTRATION_SCAN_MERGE_V1, &request);
    EXPECT_NO(out, "scan_conflict");
    assert_true(cv_str_is(out->field, "data.scans[1]"));
    request.scans[1] = request.scans[0];
    out = driver_send_as(driver, 502, CV_MSG_REGISTRATION_SCAN_MERGE_V1, &request);
    expect(out, CV_OUTCOME_CLASS_INVALID, "bad_field");
    request.scans_n = 1;
    request.gate = CV_STR("west"); /* not its own */
    expect(driver_send_as(driver, 503, CV_MSG_REGISTRATION_SCAN_MERGE_V1, &request), CV_OUTCOME_CLASS_DENIED, "gate");
    driver->principal.role = CV_ROLE_PUBLISHER;
    expect(driver_send_as(driver, 504, CV_MSG_REGISTRATION_SCAN_MERGE_V1, &request), CV_OUTCOME_CLASS_DENIED, "role");
    request.event = CV_STR("E9");
    driver->principal.role = CV_ROLE_SECRETARIAT;
    expect(driver_send_as(driver, 505, CV_MSG_REGISTRATION_SCAN_MERGE_V1, &request), CV_OUTCOME_CLASS_NOTFOUND,
           "event_unknown");
    driver->principal = (cv_principal_t){.name = "secretary", .role = CV_ROLE_SECRETARIAT};
    char *after = everything(driver);
    assert_string_equal(before, after);
    free(before);
    free(after);
    driver_free(&driver);
}

/* A badge has only so many scans; what is over them is refused whole. */
static void test_too_many(void **state)
{
    (void)state;
    driver_t *driver = hall();
    cv_registration_scan_merge_v1_t request = {.event = CV_STR("E1"), .gate = CV_STR("east"), .run = 5, .scans_n = 100};
    for (int64_t first = 1; first <= REG_SCANS_MAX; first += 100) {
        for (int64_t i = 0; i < 100; i++)
            request.scans[i] = (cv_scan_t){.sequence = first + i,
                                           .badge = s_badges[0],
                                           .at_ms = T0 + first + i,
                                           .direction = CV_SCAN_DIRECTION_IN,
                                           .verdict = 1};
        EXPECT_OK(driver_send_as(driver, (unsigned)(1000 + first), CV_MSG_REGISTRATION_SCAN_MERGE_V1, &request),
                  "merged");
    }
    request.scans_n = 1;
    request.scans[0].sequence = REG_SCANS_MAX + 1;
    EXPECT_NO(driver_send_as(driver, 5000, CV_MSG_REGISTRATION_SCAN_MERGE_V1, &request), "too_many");
    driver_free(&driver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rule),
        cmocka_unit_test(test_any_order),
        cmocka_unit_test(test_conflicts),
        cmocka_unit_test(test_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
