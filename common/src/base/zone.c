/* zone: from a day and a clock on a wall in a zone to the one instant that is meant.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A zone is the octets of its compiled file (TZif, RFC 8536), whoever read them. Asked is the inverse of what such a
 * file says: it maps instants to offsets; wanted are the instants u for which u + offset(u) is the wall clock:
 *
 *   none   the clock skips this time (Cairo, a night in April): refused, there is no such time
 *   one    that is it
 *   two    the clock shows it twice (a night in October): refused, unless an offset says which is meant
 *
 * All offsets the file knows are tried; each candidate is asked back. That needs no case for summer or winter, east or
 * west, and cannot disagree with the forward direction, which is the only one written down.
 *
 *   offset(u)   before the first transition: the first type; between transitions: the type of the one before;
 *               after the last: the rule in the footer ("EET-2EEST,M4.5.5/0,M10.5.4/24"), or the last type without one
 *
 * Failure modes: a file that is cut off, has counts that do not fit its size, counts leap seconds ("right/...") or has
 * no 64-bit part is not believed: CV_ECORRUPT. Nothing outside of the octets is read.
 */
#include "convene/zone.h"

#include "convene/ids.h"

#include <string.h>

enum { HEADER = 44, TYPE_SIZE = 6, TYPES_MAX = 256, HOUR_S = 3600 };
#define DAY_S INT64_C(86400)

/* ---- civil time -------------------------------------------------------------------------- */

/* Days since 1970-01-01 of a day of the proleptic Gregorian calendar. */
static int64_t days_of(int64_t year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t year_of(int64_t seconds)
{
    int64_t days = floor_div(seconds, DAY_S), year = 1970 + floor_div(days * 400, 146097);
    while (days_of(year, 1, 1) > days)
        --year;
    while (days_of(year + 1, 1, 1) <= days)
        ++year;
    return year;
}

static bool is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

bool cv_wall_parse(cv_str_t text, int64_t *ret_seconds)
{
    char full[] = "0000-00-00T00:00:00Z";
    int64_t ms;
    if ((text.len != 16 && text.len != 19) || text.ptr[10] != 'T')
        return false;
    memcpy(full, text.ptr, text.len);
    if (cv_time_parse(cv_str(full), &ms) != CV_OK)
        return false;
    *ret_seconds = ms / 1000;
    return true;
}

/* "HH:MM" as minutes, whatever the numbers are. */
static bool hours_and_minutes(cv_str_t text, int64_t *ret_hours, int64_t *ret_minutes)
{
    return text.len == 5 && text.ptr[2] == ':' && !cv_str_digits((cv_str_t){text.ptr, 2}, 2, ret_hours) &&
           !cv_str_digits((cv_str_t){text.ptr + 3, 2}, 2, ret_minutes);
}

bool cv_wall_time_parse(cv_str_t text, int64_t *ret_minutes)
{
    int64_t hours, minutes;
    if (!hours_and_minutes(text, &hours, &minutes) || minutes > 59 || hours * 60 + minutes > 24 * 60)
        return false;
    *ret_minutes = hours * 60 + minutes;
    return true;
}

bool cv_offset_parse(cv_str_t text, int64_t *ret_offset_s)
{
    int64_t hours, minutes;
    if (text.len != CV_OFFSET_TEXT || (text.ptr[0] != '+' && text.ptr[0] != '-') ||
        !hours_and_minutes((cv_str_t){text.ptr + 1, text.len - 1}, &hours, &minutes))
        return false;
    *ret_offset_s = (text.ptr[0] == '-' ? -60 : 60) * (hours * 60 + minutes);
    return true;
}

void cv_offset_text(int64_t offset_s, char ret_text[CV_OFFSET_TEXT + 1])
{
    int64_t minutes = (offset_s < 0 ? -offset_s : offset_s) / 60;
    ret_text[0] = offset_s < 0 ? '-' : '+';
    ret_text[1] = (char)('0' + minutes / 600 % 10);
    ret_text[2] = (char)('0' + minutes / 60 % 10);
    ret_text[3] = ':';
    ret_text[4] = (char)('0' + minutes % 60 / 10);
    ret_text[5] = (char)('0' + minutes % 60 % 10);
    ret_text[6] = '\0';
}

/* ---- the rule in the footer -------------------------------------------------------------- */

/* When a half of the year begins: Mm.w.d, Jn or n, and a time of day. */
typedef struct {
    char kind; /* 'M', 'J', 'N' */
    int month, week, day;
    int64_t time_s;
} turn_t;

typedef struct {
    bool has_dst;
    int64_t std_s, dst_s; /* east of Greenwich is positive */
    turn_t start, end;    /* of dst */
} rule_t;

static bool read_number(const char **at, const char *end, int max, int *ret_value)
{
    int value = 0;
    const char *from = *at;
    while (*at < end && **at >= '0' && **at <= '9' && *at - from < 4)
        value = value * 10 + (*(*at)++ - '0');
    *ret_value = value;
    return *at > from && value <= max;
}

/* [+-]hh[:mm[:ss]] */
static bool read_time(const char **at, const char *end, int64_t *ret_s)
{
    int part[3] = {0}, sign = 1;
    if (*at < end && (**at == '-' || **at == '+'))
        sign = *(*at)++ == '-' ? -1 : 1;
    for (int i = 0; i < 3; ++i) {
        if (!read_number(at, end, i ? 59 : 167, &part[i]))
            return false;
        if (*at == end || **at != ':')
            break;
        ++*at;
    }
    *ret_s = sign * ((int64_t)part[0] * HOUR_S + part[1] * 60 + part[2]);
    return true;
}

static bool read_name(const char **at, const char *end)
{
    const char *from = *at;
    bool quoted = *at < end && **at == '<';
    while (*at < end && (quoted ? **at != '>' : (**at | 32) >= 'a' && (**at | 32) <= 'z'))
        ++*at;
    if (quoted) {
        if (*at == end)
            return false;
        ++*at;
    }
    return *at - from >= 3;
}

static bool read_turn(const char **at, const char *end, turn_t *ret_turn)
{
    turn_t turn = {.kind = 'N', .time_s = 2 * HOUR_S};
    if (*at == end || *(*at)++ != ',' || *at == end)
        return false;
    if (**at == 'M' || **at == 'J')
        turn.kind = *(*at)++;
    if (turn.kind == 'M') {
        if (!read_number(at, end, 12, &turn.month) || turn.month < 1 || *at == end || *(*at)++ != '.' ||
            !read_number(at, end, 5, &turn.week) || turn.week < 1 || *at == end || *(*at)++ != '.' ||
            !read_number(at, end, 6, &turn.day))
            return false;
    } else if (!read_number(at, end, 365, &turn.day)) {
        return false;
    }
    if (*at < end && **at == '/') {
        ++*at;
        if (!read_time(at, end, &turn.time_s))
            return false;
    }
    *ret_turn = turn;
    return true;
}

static bool read_rule(cv_str_t text, rule_t *ret_rule)
{
    const char *at = text.ptr, *end = text.ptr + text.len;
    rule_t rule = {0};
    if (!read_name(&at, end) || !read_time(&at, end, &rule.std_s))
        return false;
    rule.std_s = -rule.std_s; /* POSIX counts to the west */
    if (at < end) {
        rule.has_dst = true;
        rule.dst_s = rule.std_s + HOUR_S;
        if (!read_name(&at, end))
            return false;
        if (at < end && *at != ',') {
            if (!read_time(&at, end, &rule.dst_s))
                return false;
            rule.dst_s = -rule.dst_s;
        }
        if (!read_turn(&at, end, &rule.start) || !read_turn(&at, end, &rule.end))
            return false;
    }
    *ret_rule = rule;
    return at == end;
}

/* The turn in a year, as the wall clock before it shows. */
static int64_t turn_in(const turn_t *turn, int64_t year)
{
    int64_t day;
    if (turn->kind == 'M') {
        int64_t first = days_of(year, turn->month, 1);
        int64_t next = turn->month == 12 ? days_of(year + 1, 1, 1) : days_of(year, turn->month + 1, 1);
        int64_t weekday = ((first + 4) % 7 + 7) % 7; /* 1970-01-01 was a Thursday */
        day = first + (turn->day - weekday + 7) % 7 + (turn->week - 1) * 7;
        while (day >= next)
            day -= 7;
    } else {
        bool past_february = turn->kind == 'J' && is_leap(year) && turn->day >= 60;
        day = days_of(year, 1, 1) + turn->day - (turn->kind == 'J') + past_february;
    }
    return day * DAY_S + turn->time_s;
}

static int64_t rule_offset(const rule_t *rule, int64_t u)
{
    if (!rule->has_dst)
        return rule->std_s;
    int64_t year = year_of(u + rule->std_s);
    int64_t start = turn_in(&rule->start, year) - rule->std_s, end = turn_in(&rule->end, year) - rule->dst_s;
    bool dst = start < end ? u >= start && u < end : u >= start || u < end;
    return dst ? rule->dst_s : rule->std_s;
}

/* ---- the file ---------------------------------------------------------------------------- */

typedef struct {
    const uint8_t *times, *indices, *types; /* times: 8 octets each */
    size_t times_n, types_n;
    bool has_rule;
    rule_t rule;
} zone_t;

static int64_t big_endian(const uint8_t *at, size_t n)
{
    uint64_t value = n == 4 && at[0] & 0x80 ? UINT64_MAX : 0; /* the sign goes on to the left */
    for (size_t i = 0; i < n; ++i)
        value = value << 8 | at[i];
    return (int64_t)value;
}

/* Octets of a block behind its header, whose times have time_size octets. false: no header, or absurd counts. */
static bool block_size(cv_str_t file, size_t at, size_t time_size, size_t ret_counts[6], size_t *ret_size)
{
    if (file.len < at + HEADER || memcmp(file.ptr + at, "TZif", 4) != 0)
        return false;
    for (size_t i = 0; i < 6; ++i) {
        int64_t count = big_endian((const uint8_t *)file.ptr + at + 20 + 4 * i, 4);
        if (count < 0 || count > 65536)
            return false;
        ret_counts[i] = (size_t)count;
    }
    const size_t *n = ret_counts; /* isut, isstd, leap, time, type, char */
    *ret_size = n[3] * (time_size + 1) + n[4] * TYPE_SIZE + n[5] + n[2] * (time_size + 4) + n[1] + n[0];
    return file.len - at - HEADER >= *ret_size;
}

static bool read_zone(cv_str_t file, zone_t *ret_zone)
{
    size_t n[6], size, at;
    zone_t zone = {0};
    if (!block_size(file, 0, 4, n, &size) || file.ptr[4] < '2')
        return false;
    at = HEADER + size;
    if (!block_size(file, at, 8, n, &size) || n[2] || !n[4] || n[4] > TYPES_MAX)
        return false;
    zone.times = (const uint8_t *)file.ptr + at + HEADER;
    zone.times_n = n[3];
    zone.indices = zone.times + 8 * n[3];
    zone.types = zone.indices + n[3];
    zone.types_n = n[4];
    for (size_t i = 0; i < zone.times_n; ++i)
        if (zone.indices[i] >= zone.types_n)
            return false;
    const char *footer = file.ptr + at + HEADER + size, *end = file.ptr + file.len;
    if (end - footer < 2 || footer[0] != '\n' || end[-1] != '\n')
        return false;
    cv_str_t text = {footer + 1, (size_t)(end - footer) - 2};
    zone.has_rule = text.len > 0;
    if (zone.has_rule && !read_rule(text, &zone.rule))
        return false;
    *ret_zone = zone;
    return true;
}

static int64_t type_offset(const zone_t *zone, size_t type)
{
    return big_endian(zone->types + type * TYPE_SIZE, 4);
}

static int64_t offset_at(const zone_t *zone, int64_t u)
{
    size_t low = 0, high = zone->times_n; /* transitions before low are not after u */
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (big_endian(zone->times + 8 * middle, 8) <= u)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == zone->times_n && zone->has_rule)
        return rule_offset(&zone->rule, u);
    return low ? type_offset(zone, zone->indices[low - 1]) : type_offset(zone, 0);
}

int cv_zone_instants(cv_str_t file, int64_t wall_s, cv_instant_t ret_instants[2], size_t *ret_n)
{
    zone_t zone;
    size_t n = 0;
    if (!read_zone(file, &zone))
        return CV_ECORRUPT;
    for (size_t i = 0; i < zone.types_n + 2; ++i) {
        if (i >= zone.types_n && !zone.has_rule)
            break;
        int64_t offset = i < zone.types_n    ? type_offset(&zone, i)
                         : i == zone.types_n ? zone.rule.std_s
                                             : zone.rule.dst_s;
        cv_instant_t found = {.utc_s = wall_s - offset, .offset_s = offset};
        bool known = offset_at(&zone, found.utc_s) != offset;
        for (size_t j = 0; j < n; ++j)
            known = known || ret_instants[j].utc_s == found.utc_s;
        if (!known && n < 2)
            ret_instants[n++] = found;
    }
    if (n == 2 && ret_instants[0].utc_s > ret_instants[1].utc_s) {
        cv_instant_t first = ret_instants[1];
        ret_instants[1] = ret_instants[0];
        ret_instants[0] = first;
    }
    *ret_n = n;
    return CV_OK;
}

int cv_zone_offset(cv_str_t file, int64_t utc_s, int64_t *ret_offset_s)
{
    zone_t zone;
    if (!read_zone(file, &zone))
        return CV_ECORRUPT;
    *ret_offset_s = offset_at(&zone, utc_s);
    return CV_OK;
}
