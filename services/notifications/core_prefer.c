/* core_prefer: see core_prefer.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/core_prefer.h"

#include "convene/zone.h"
#include "notifications/core.h"
#include "notifications/store.h"

enum { MINUTE_S = 60, DAY_S = 86400, DAY_MINUTES = 1440, SKIPPED_MAX = 2 * DAY_MINUTES, DAYS_AHEAD = 9 };
enum { MONDAY = 3 }; /* 1 January 1970 was a Thursday */

/* ---- what may wait ------------------------------------------------------------------------ */

static const ntf_kind_rules_t s_rules[] = {
    [NTF_DECISION] = {.may_wait = true},
    [NTF_PROMOTION] = {.may_wait = true},
    [NTF_LAPSE] = {.may_wait = true},
    [NTF_EVENT_CHANGE] = {.may_wait = true, .may_be_left_out = true},
    [NTF_REMINDER] = {.may_wait = true, .may_be_left_out = true},
    [NTF_SILENCE] = {.is_urgent = true},
    [NTF_DIGEST] = {.is_urgent = false},
    [NTF_CONTACT_PING] = {.is_urgent = false},
    [NTF_UNSEEN] = {.is_urgent = true},
    [NTF_OPENING] = {.may_wait = true, .may_be_left_out = true},
};
static const ntf_kind_rules_t s_urgent = {.is_urgent = true};

ntf_kind_rules_t ntf_kind_rules(int kind, unsigned changes, bool is_procedure)
{
    if (kind == NTF_EVENT_CHANGE && (changes & (NTF_CANCELLED | NTF_POSTPONED)))
        return s_urgent;
    return kind == NTF_REMINDER && is_procedure ? s_urgent : s_rules[kind];
}

int ntf_mode(const ntf_preference_t *preferences, size_t n, int order, int kind)
{
    int mode = NTF_MODE_AT_ONCE, best = -1;
    for (size_t i = 0; i < n; i++) {
        const ntf_preference_t *one = &preferences[i];
        bool fits =
            (one->order == NTF_ORDER_ANY || one->order == order) && (one->kind == NTF_KIND_ANY || one->kind == kind);
        int nearness = (one->order == NTF_ORDER_ANY ? 0 : 2) + (one->kind == NTF_KIND_ANY ? 0 : 1);
        if (fits && nearness > best) {
            best = nearness;
            mode = one->mode;
        }
    }
    return mode;
}

int ntf_mode_within(int mode, ntf_kind_rules_t rules)
{
    if ((mode == NTF_MODE_DAILY || mode == NTF_MODE_WEEKLY) && !rules.may_wait)
        return NTF_MODE_AT_ONCE;
    return mode == NTF_MODE_NONE && !rules.may_be_left_out ? NTF_MODE_AT_ONCE : mode;
}

const ntf_hours_t *ntf_hours_of(const ntf_hours_t *hours, size_t n, int order)
{
    const ntf_hours_t *found = NULL;
    for (size_t i = 0; i < n; i++) {
        if (hours[i].order == order)
            return &hours[i];
        if (hours[i].order == NTF_ORDER_ANY)
            found = &hours[i];
    }
    return found;
}

/* ---- clocks ------------------------------------------------------------------------------- */

static int64_t s_floor(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t s_offset(cv_str_t file, int64_t utc_s)
{
    int64_t offset_s;
    return file.ptr && !cv_zone_offset(file, utc_s, &offset_s) ? offset_s : 0;
}

/* Seconds of the day that the clock shows. */
static int64_t s_shown(cv_str_t file, int64_t utc_s)
{
    int64_t wall_s = utc_s + s_offset(file, utc_s);
    return wall_s - s_floor(wall_s, DAY_S) * DAY_S;
}

static bool s_is_quiet(int64_t shown_s, int from, int to)
{
    int64_t from_s = from * (int64_t)MINUTE_S, to_s = to * (int64_t)MINUTE_S;
    return from < to ? shown_s >= from_s && shown_s < to_s : from > to && (shown_s >= from_s || shown_s < to_s);
}

bool ntf_quiet(cv_str_t file, int from, int to, int64_t now_ms, int64_t *ret_end_ms)
{
    int64_t now_s = s_floor(now_ms, 1000), shown_s = s_shown(file, now_s), at_s;
    if (!s_is_quiet(shown_s, from, to))
        return false;
    int64_t left_s = to * (int64_t)MINUTE_S - shown_s;
    at_s = now_s + (left_s <= 0 ? left_s + DAY_S : left_s);
    /* Clocks that change meanwhile: minute by minute, for they change at whole ones. */
    if (s_offset(file, at_s) != s_offset(file, now_s)) {
        at_s = s_floor(now_s, MINUTE_S) * MINUTE_S;
        for (int i = 0; i < SKIPPED_MAX && s_is_quiet(s_shown(file, at_s), from, to); i++)
            at_s += MINUTE_S;
    }
    *ret_end_ms = at_s * 1000;
    return true;
}

/* The first instant at which the clock shows this, or the first time after it that it shows. */
static int64_t s_first(cv_str_t file, int64_t wall_s)
{
    for (int i = 0; file.ptr && i < SKIPPED_MAX; i++) {
        cv_instant_t found[2];
        size_t n = 0;
        if (cv_zone_instants(file, wall_s + i * (int64_t)MINUTE_S, found, &n))
            break;
        if (n > 0)
            return found[0].utc_s;
    }
    return wall_s;
}

int64_t ntf_digest_due(cv_str_t file, int minute, int day, int64_t after_ms)
{
    int64_t after_s = s_floor(after_ms, 1000);
    int64_t today = s_floor(after_s + s_offset(file, after_s), DAY_S), due_s = after_s;
    for (int64_t date = today - 1; date <= today + DAYS_AHEAD; date++) {
        int64_t weekday = date + MONDAY - s_floor(date + MONDAY, 7) * 7;
        if (day != NTF_EVERY_DAY && weekday != day)
            continue;
        due_s = s_first(file, date * DAY_S + minute * (int64_t)MINUTE_S);
        if (due_s > after_s)
            break;
    }
    return due_s * 1000;
}

cv_notice_mode_t ntf_notice_mode(int mode)
{
    static const cv_notice_mode_t modes[] = {
        [NTF_MODE_AT_ONCE] = CV_NOTICE_MODE_AT_ONCE, [NTF_MODE_DAILY] = CV_NOTICE_MODE_DAILY,
        [NTF_MODE_WEEKLY] = CV_NOTICE_MODE_WEEKLY,   [NTF_MODE_WEBHOOK] = CV_NOTICE_MODE_WEBHOOK,
        [NTF_MODE_NONE] = CV_NOTICE_MODE_NONE,
    };
    return modes[mode];
}
