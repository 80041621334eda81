/* ids: UUIDv7, RFC 3339 times and the real clocks.
 * SPDX-License-Identifier: Apache-2.0
 *
 * UUIDv7 as RFC 9562 section 5.7, with its method 1 (a counter in rand_a) for ids of one millisecond:
 *
 *   0               48   52          64  66                                    128
 *   +----------------+----+-----------+---+--------------------------------------+
 *   | unix_ts_ms     | 7  | counter   | 2 | random                               |
 *   +----------------+----+-----------+---+--------------------------------------+
 *
 * Time and counter are one 60-bit number that only grows: a new id takes the larger of (now, random start) and (last
 * + 1). A clock that goes back, or more than 4,096 ids in a millisecond, therefore borrows from the future instead of
 * breaking the order.
 */
#include "convene/ids.h"

#include <sodium.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#define COUNTER_BITS 12
#define COUNTER_START_MASK 0x7ffu /* top bit 0: half of the counter's range is free for increments */
#define UUID_MS_MAX 0xffffffffffffLL

static _Atomic uint64_t s_last;

void cv_uuid7(int64_t wall_ms, uint8_t ret_id[CV_UUID_LEN])
{
    int64_t ms = wall_ms < 0 ? 0 : wall_ms > UUID_MS_MAX ? UUID_MS_MAX : wall_ms;
    uint8_t random[10];
    randombytes_buf(random, sizeof random);
    uint64_t start = (uint64_t)((random[0] << 8) | random[1]) & COUNTER_START_MASK;
    uint64_t mine = (uint64_t)ms << COUNTER_BITS | start;
    uint64_t last = atomic_load_explicit(&s_last, memory_order_relaxed);
    uint64_t next;
    do {
        next = mine > last ? mine : last + 1;
    } while (!atomic_compare_exchange_weak_explicit(&s_last, &last, next, memory_order_relaxed, memory_order_relaxed));

    uint64_t stamp = next >> COUNTER_BITS;
    for (int i = 0; i < 6; i++)
        ret_id[i] = (uint8_t)(stamp >> (40 - 8 * i));
    ret_id[6] = (uint8_t)(0x70 | ((next >> 8) & 0x0f));
    ret_id[7] = (uint8_t)next;
    memcpy(ret_id + 8, random + 2, 8);
    ret_id[8] = (uint8_t)(0x80 | (ret_id[8] & 0x3f));
}

/* Where the hyphens stand in the text form. */
static bool s_hyphen_at(size_t i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

void cv_uuid_text(const uint8_t id[CV_UUID_LEN], char ret_text[CV_UUID_TEXT + 1])
{
    static const char digits[] = "0123456789abcdef";
    size_t at = 0;
    for (size_t i = 0; i < CV_UUID_LEN; i++) {
        if (s_hyphen_at(at))
            ret_text[at++] = '-';
        ret_text[at++] = digits[id[i] >> 4];
        ret_text[at++] = digits[id[i] & 15];
    }
    ret_text[at] = '\0';
}

/* Of a character: its value and IS_HEX, or 0. */
enum { IS_HEX = 0x40 };
static const uint8_t s_hex[256] = {
    ['0'] = 0x40, ['1'] = 0x41, ['2'] = 0x42, ['3'] = 0x43, ['4'] = 0x44, ['5'] = 0x45, ['6'] = 0x46, ['7'] = 0x47,
    ['8'] = 0x48, ['9'] = 0x49, ['a'] = 0x4a, ['b'] = 0x4b, ['c'] = 0x4c, ['d'] = 0x4d, ['e'] = 0x4e, ['f'] = 0x4f,
    ['A'] = 0x4a, ['B'] = 0x4b, ['C'] = 0x4c, ['D'] = 0x4d, ['E'] = 0x4e, ['F'] = 0x4f,
};

int cv_uuid_parse(cv_str_t text, uint8_t ret_id[CV_UUID_LEN])
{
    static const uint8_t at[CV_UUID_LEN] = {0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34};
    if (text.len != CV_UUID_TEXT)
        return CV_EINVAL;
    const char *t = text.ptr;
    uint8_t id[CV_UUID_LEN], all = IS_HEX;
    for (size_t i = 0; i < CV_UUID_LEN; i++) {
        uint8_t high = s_hex[(uint8_t)t[at[i]]], low = s_hex[(uint8_t)t[at[i] + 1]];
        all &= high & low;
        id[i] = (uint8_t)(high << 4 | (low & 15));
    }
    if (!(all & IS_HEX) || t[8] != '-' || t[13] != '-' || t[18] != '-' || t[23] != '-')
        return CV_EINVAL;
    memcpy(ret_id, id, sizeof id);
    return CV_OK;
}

/* ---- calendar: days since 1970-01-01 and back, proleptic Gregorian ------------------------
 * A year that starts in March has its leap day at the end, and 400 such years always have 146,097 days. */

#define DAY_MS 86400000LL

static int64_t s_days_from_civil(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void s_civil_from_days(int64_t days, int64_t *ret_year, int *ret_month, int *ret_day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153;
    *ret_day = (int)(day_of_year - (153 * shifted + 2) / 5 + 1);
    *ret_month = (int)(shifted + (shifted < 10 ? 3 : -9));
    *ret_year = year_of_era + era * 400 + (*ret_month <= 2);
}

static bool s_valid_date(int year, int month, int day)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month < 1 || month > 12 || day < 1)
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return day <= days[month - 1] + (month == 2 && leap);
}

/* First and last instant that four digits of year can say. */
#define TIME_MIN_MS (-62167219200000LL)
#define TIME_MAX_MS 253402300799999LL

static void s_digits(char *at, int64_t value, int count)
{
    for (int i = count - 1; i >= 0; i--) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
}

void cv_time_text(int64_t ms, char ret_text[CV_TIME_TEXT + 1])
{
    if (ms < TIME_MIN_MS)
        ms = TIME_MIN_MS;
    if (ms > TIME_MAX_MS)
        ms = TIME_MAX_MS;
    int64_t days = ms / DAY_MS;
    int64_t rest = ms % DAY_MS;
    if (rest < 0) {
        rest += DAY_MS;
        days--;
    }
    int64_t year;
    int month, day;
    s_civil_from_days(days, &year, &month, &day);
    memcpy(ret_text, "0000-00-00T00:00:00.000Z", CV_TIME_TEXT + 1);
    s_digits(ret_text, year, 4);
    s_digits(ret_text + 5, month, 2);
    s_digits(ret_text + 8, day, 2);
    s_digits(ret_text + 11, rest / 3600000, 2);
    s_digits(ret_text + 14, rest / 60000 % 60, 2);
    s_digits(ret_text + 17, rest / 1000 % 60, 2);
    s_digits(ret_text + 20, rest % 1000, 3);
}

/* Reads exactly `count` digits at *at and moves it. */
static bool s_take_digits(const char **at, const char *end, int count, int *ret_value)
{
    if (end - *at < count)
        return false;
    int value = 0;
    for (int i = 0; i < count; i++) {
        char c = (*at)[i];
        if (c < '0' || c > '9')
            return false;
        value = value * 10 + (c - '0');
    }
    *at += count;
    *ret_value = value;
    return true;
}

static bool s_take(const char **at, const char *end, char lower, char upper)
{
    if (*at == end || (**at != lower && **at != upper))
        return false;
    (*at)++;
    return true;
}

static bool s_take_date(const char **at, const char *end, int64_t *ret_days)
{
    int year, month, day;
    if (!s_take_digits(at, end, 4, &year) || !s_take(at, end, '-', '-') || !s_take_digits(at, end, 2, &month) ||
        !s_take(at, end, '-', '-') || !s_take_digits(at, end, 2, &day) || !s_valid_date(year, month, day))
        return false;
    *ret_days = s_days_from_civil(year, month, day);
    return true;
}

/* [.digits], cut to milliseconds. */
static bool s_take_fraction(const char **at, const char *end, int *ret_ms)
{
    *ret_ms = 0;
    if (*at == end || **at != '.')
        return true;
    (*at)++;
    int scale = 100, digits = 0;
    for (; *at < end && **at >= '0' && **at <= '9'; (*at)++, digits++) {
        *ret_ms += (**at - '0') * scale;
        scale /= 10;
    }
    return digits > 0;
}

/* Z or +hh:mm, as minutes east of UTC. */
static bool s_take_offset(const char **at, const char *end, int *ret_minutes)
{
    *ret_minutes = 0;
    if (s_take(at, end, 'z', 'Z'))
        return true;
    if (*at == end || (**at != '+' && **at != '-'))
        return false;
    int sign = *(*at)++ == '-' ? -1 : 1;
    int hours, minutes;
    if (!s_take_digits(at, end, 2, &hours) || !s_take(at, end, ':', ':') || !s_take_digits(at, end, 2, &minutes) ||
        hours > 23 || minutes > 59)
        return false;
    *ret_minutes = sign * (hours * 60 + minutes);
    return true;
}

int cv_time_parse(cv_str_t text, int64_t *ret_ms)
{
    if (!text.ptr)
        return CV_EINVAL;
    const char *at = text.ptr, *end = text.ptr + text.len;
    int64_t days;
    int hour, minute, second, fraction, offset;
    if (!s_take_date(&at, end, &days) || !s_take(&at, end, 't', 'T') || !s_take_digits(&at, end, 2, &hour) ||
        !s_take(&at, end, ':', ':') || !s_take_digits(&at, end, 2, &minute) || !s_take(&at, end, ':', ':') ||
        !s_take_digits(&at, end, 2, &second) || !s_take_fraction(&at, end, &fraction) ||
        !s_take_offset(&at, end, &offset) || at != end)
        return CV_EINVAL;
    if (hour > 23 || minute > 59 || second > 60)
        return CV_EINVAL;
    int64_t minutes = days * 1440 + hour * 60 + minute - offset;
    /* A leap second exists only as the last one of a UTC day; this time scale has no place for it and takes the next.
     */
    if (second == 60 && ((minutes % 1440) + 1440) % 1440 != 1439)
        return CV_EINVAL;
    *ret_ms = (minutes * 60 + second) * 1000 + fraction;
    return CV_OK;
}

int cv_date_parse(cv_str_t text, int64_t *ret_ms)
{
    if (!text.ptr)
        return CV_EINVAL;
    const char *at = text.ptr, *end = text.ptr + text.len;
    int64_t days;
    if (!s_take_date(&at, end, &days) || at != end)
        return CV_EINVAL;
    *ret_ms = days * DAY_MS;
    return CV_OK;
}

/* ---- clocks ------------------------------------------------------------------------------- */

static int64_t s_clock(clockid_t clock, int64_t units_per_s)
{
    struct timespec now;
    clock_gettime(clock, &now); /* cannot fail for these clocks */
    return (int64_t)now.tv_sec * units_per_s + (int64_t)now.tv_nsec / (1000000000LL / units_per_s);
}

int64_t cv_clock_wall_ms(void)
{
    return s_clock(CLOCK_REALTIME, 1000);
}

int64_t cv_clock_mono_ms(void)
{
    return s_clock(CLOCK_MONOTONIC, 1000);
}

int64_t cv_clock_mono_us(void)
{
    return s_clock(CLOCK_MONOTONIC, 1000000);
}
