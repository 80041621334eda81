/* core: what may become of an event, decided from facts alone.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The life of an event. A row is where it is, a mark is where it may go:
 *
 *   from \ to    draft propos circul adopt sched open closed held report postp cancel reject
 *   draft          .     x      .     .     .     .     .     .     .     .     x      .
 *   proposed       x     .      x     d     .     .     .     .     .     .     x      x
 *   circulated     .     x      .     x     .     .     .     .     .     .     x      x
 *   adopted        .     .      .     .     x     .     .     .     .     x     x      .
 *   scheduled      .     .      .     .     .     x     .     x     .     x     x      .
 *   open           .     .      .     .     .     .     x     .     .     x     x      .
 *   closed         .     .      .     .     .     x     .     x     .     x     x      .
 *   held           .     .      .     .     .     .     .     .     x     .     .      .
 *   postponed      .     .      .     x     x     .     .     .     .     .     x      .
 *   reported, cancelled, rejected: nothing follows
 *
 *   d: outside the yearly round (an ad-hoc addition), so it must name the decision it rests on.
 *   circulated -> proposed is a plan returned by those who review it.
 *   An event that is circulated with a plan (core_plans.c) goes to adopted or back with that plan, not by itself.
 *
 * What is always true:
 *   scheduled, open and closed have a first day: a status that cannot be kept without a date loses it by being
 *   postponed, not by a change of the date to "some time in November";
 *   open has registration rules whose window has begun and not ended: nobody opens by hand what cannot register;
 *   the guaranteed seats of all invited parties fit in the capacity, so a guarantee can always be kept.
 *
 * A null stays a null. A date is as long as what is known ("2025", "2025-11", "2025-11-27"); precision, if given, says
 * the same and adds only "minute" for a day with a time. Nothing here fills in what nobody said.
 */
#include "scheduling/core.h"
#include "convene/ids.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)
/* The world's first midnight of a day is 14 hours before that of UTC. */
#define EASTERNMOST_MS (INT64_C(14) * 3600000)

int sch_no(sch_no_t *ret_no, int rc, const char *code, const char *field, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    *ret_no = (sch_no_t){.rc = rc, .code = code, .field = field};
    vsnprintf(ret_no->text, sizeof ret_no->text, format, args);
    va_end(args);
    return rc;
}

/* ---- life ------------------------------------------------------------------------------- */

#define TO(status) (1u << CV_EVENT_STATUS_##status)
static const unsigned NEXT[CV_EVENT_STATUS_MAX + 1] = {
    [CV_EVENT_STATUS_DRAFT] = TO(PROPOSED) | TO(CANCELLED),
    [CV_EVENT_STATUS_PROPOSED] = TO(DRAFT) | TO(CIRCULATED) | TO(ADOPTED) | TO(CANCELLED) | TO(REJECTED),
    [CV_EVENT_STATUS_CIRCULATED] = TO(PROPOSED) | TO(ADOPTED) | TO(CANCELLED) | TO(REJECTED),
    [CV_EVENT_STATUS_ADOPTED] = TO(SCHEDULED) | TO(POSTPONED) | TO(CANCELLED),
    [CV_EVENT_STATUS_SCHEDULED] = TO(OPEN) | TO(HELD) | TO(POSTPONED) | TO(CANCELLED),
    [CV_EVENT_STATUS_OPEN] = TO(CLOSED) | TO(POSTPONED) | TO(CANCELLED),
    [CV_EVENT_STATUS_CLOSED] = TO(OPEN) | TO(HELD) | TO(POSTPONED) | TO(CANCELLED),
    [CV_EVENT_STATUS_HELD] = TO(REPORTED),
    [CV_EVENT_STATUS_POSTPONED] = TO(ADOPTED) | TO(SCHEDULED) | TO(CANCELLED),
};

bool sch_allowed(cv_event_status_t from, cv_event_status_t to)
{
    return from <= CV_EVENT_STATUS_MAX && to != CV_EVENT_STATUS_ABSENT && to <= CV_EVENT_STATUS_MAX &&
           (NEXT[from] & (1u << to)) != 0;
}

bool sch_final(cv_event_status_t status)
{
    return NEXT[status] == 0;
}

bool sch_dated(cv_event_status_t status)
{
    return ((TO(SCHEDULED) | TO(OPEN) | TO(CLOSED) | TO(HELD) | TO(REPORTED)) & (1u << status)) != 0;
}

bool sch_planned(cv_event_status_t status)
{
    return ((TO(HELD) | TO(REPORTED) | TO(CANCELLED) | TO(REJECTED)) & (1u << status)) == 0;
}

void sch_allowed_text(cv_event_status_t from, char *ret_text, size_t size)
{
    size_t len = 0;
    for (unsigned to = 1; to <= CV_EVENT_STATUS_MAX; ++to) {
        if (!sch_allowed(from, (cv_event_status_t)to))
            continue;
        int n =
            snprintf(ret_text + len, size - len, "%s%s", len ? ", " : "", cv_event_status_text((cv_event_status_t)to));
        if (n < 0 || (size_t)n >= size - len)
            return;
        len += (size_t)n;
    }
    if (!len)
        snprintf(ret_text, size, "nothing: it is final");
}

int sch_check_version(const cv_scheduling_event_v1_t *event, bool has_expected, int64_t expected, sch_no_t *ret_no)
{
    if (!has_expected || expected == event->version)
        return CV_OK;
    return sch_no(ret_no, CV_EREJECTED, "version_conflict", "data.expected_version",
                  "expected version %lld, but the event has version %lld (%s)", (long long)expected,
                  (long long)event->version, cv_event_status_text(event->status));
}

/* Opening by hand: only what could register somebody now. */
static int check_open(const cv_scheduling_event_v1_t *event, int64_t now_ms, sch_no_t *ret_no)
{
    char text[CV_TIME_TEXT + 1];
    if (!event->has_registration)
        return sch_no(ret_no, CV_EREJECTED, "not_configured", "data.to", "cannot open without registration rules");
    if (now_ms < event->registration.opens_ms) {
        cv_time_text(event->registration.opens_ms, text);
        return sch_no(ret_no, CV_EREJECTED, "too_early", "data.to",
                      "opens by itself at %s; to open now, change opens_ms first", text);
    }
    if (now_ms >= event->registration.closes_ms) {
        cv_time_text(event->registration.closes_ms, text);
        return sch_no(ret_no, CV_EREJECTED, "past", "data.to",
                      "registration closed at %s; to open again, change closes_ms first", text);
    }
    return CV_OK;
}

int sch_check_advance(const cv_scheduling_event_v1_t *event, cv_event_status_t to, bool has_decision, int64_t now_ms,
                      sch_no_t *ret_no)
{
    const char *from_text = cv_event_status_text(event->status), *to_text = cv_event_status_text(to);
    int64_t first, last;
    if (to == event->status)
        return sch_no(ret_no, CV_EREJECTED, "nothing_changed", "data.to", "is %s already", to_text);
    if (!sch_allowed(event->status, to)) {
        char allowed[160];
        sch_allowed_text(event->status, allowed, sizeof allowed);
        return sch_no(ret_no, CV_EREJECTED, "transition_not_allowed", "data.to",
                      "from %s to %s is not allowed; allowed is %s", from_text, to_text, allowed);
    }
    if (event->status == CV_EVENT_STATUS_PROPOSED && to == CV_EVENT_STATUS_ADOPTED && !has_decision)
        return sch_no(ret_no, CV_EREJECTED, "decision_required", "data.decision",
                      "from proposed to adopted without circulation must name the decision it rests on");
    bool dated = sch_days(&event->event_details, &first, &last);
    if (sch_dated(to) && !dated)
        return sch_no(ret_no, CV_EREJECTED, "no_date", "data.to",
                      "cannot be %s with %s%.*s: a first day (YYYY-MM-DD) is needed", to_text,
                      event->event_details.date_start.ptr ? "the date " : "no date",
                      CV_STR_ARG(event->event_details.date_start));
    if (to == CV_EVENT_STATUS_OPEN)
        return check_open(event, now_ms, ret_no);
    if (to == CV_EVENT_STATUS_HELD && now_ms < first * DAY_MS - EASTERNMOST_MS)
        return sch_no(ret_no, CV_EREJECTED, "too_early", "data.to", "cannot be held before its first day, %.*s",
                      CV_STR_ARG(event->event_details.date_start));
    return CV_OK;
}

/* ---- dates ------------------------------------------------------------------------------ */

enum { LEN_YEAR = 4, LEN_MONTH = 7, LEN_DAY = 10 };

static bool date_exists(cv_str_t date)
{
    char full[LEN_DAY + 1] = "0000-01-01";
    int64_t ms;
    if (date.len != LEN_YEAR && date.len != LEN_MONTH && date.len != LEN_DAY)
        return false;
    memcpy(full, date.ptr, date.len);
    return cv_date_parse(cv_str(full), &ms) == CV_OK;
}

static int64_t day_of(cv_str_t date)
{
    int64_t ms = 0;
    (void)(cv_date_parse(date, &ms) == CV_OK); /* the caller has seen that it exists */
    return ms / DAY_MS - (ms % DAY_MS < 0);
}

bool sch_days(const cv_event_details_t *details, int64_t *ret_first, int64_t *ret_last)
{
    if (details->date_start.len != LEN_DAY || !date_exists(details->date_start))
        return false;
    *ret_first = *ret_last = day_of(details->date_start);
    if (details->date_end.len == LEN_DAY && date_exists(details->date_end))
        *ret_last = day_of(details->date_end);
    return true;
}

static const char *length_text(size_t len)
{
    return len == LEN_YEAR ? "year" : len == LEN_MONTH ? "month" : "day";
}

/* What bounds its days, or would be best, is told to the day. */
static int check_wished(const cv_event_details_t *details, sch_no_t *ret_no)
{
    const struct {
        cv_str_t date;
        const char *field;
    } DAYS[] = {
        {details->earliest, "data.earliest"}, {details->latest, "data.latest"}, {details->preferred, "data.preferred"}};
    for (size_t i = 0; i < sizeof DAYS / sizeof *DAYS; ++i)
        if (DAYS[i].date.ptr && (DAYS[i].date.len != LEN_DAY || !date_exists(DAYS[i].date)))
            return sch_no(ret_no, CV_EREJECTED, "date_inconsistent", DAYS[i].field, "%.*s is not a day (YYYY-MM-DD)",
                          CV_STR_ARG(DAYS[i].date));
    if (details->earliest.ptr && details->latest.ptr && day_of(details->latest) < day_of(details->earliest))
        return sch_no(ret_no, CV_EREJECTED, "date_inconsistent", "data.latest",
                      "the latest day %.*s is before the "
                      "earliest, %.*s",
                      CV_STR_ARG(details->latest), CV_STR_ARG(details->earliest));
    return CV_OK;
}

static int check_planned(const cv_event_details_t *details, sch_no_t *ret_no)
{
    static const size_t LENGTH[] = {
        [CV_DATE_PRECISION_YEAR] = LEN_YEAR,
        [CV_DATE_PRECISION_MONTH] = LEN_MONTH,
        [CV_DATE_PRECISION_DAY] = LEN_DAY,
        [CV_DATE_PRECISION_MINUTE] = LEN_DAY,
    };
    cv_str_t start = details->date_start, end = details->date_end, time = details->time_start;
    const char *precision = cv_date_precision_text(details->precision);
    const char *field = "data.date_start", *code = "date_inconsistent";

    if (start.ptr && !date_exists(start))
        return sch_no(ret_no, CV_EREJECTED, code, field, "%.*s is not a date", CV_STR_ARG(start));
    if (!start.ptr && (end.ptr || time.ptr || details->precision))
        return sch_no(ret_no, CV_EREJECTED, code, field, "date_end, time_start or precision without date_start");
    if (details->precision && start.len != LENGTH[details->precision])
        return sch_no(ret_no, CV_EREJECTED, code, "data.precision", "precision %s, but %.*s is known to the %s",
                      precision, CV_STR_ARG(start), length_text(start.len));
    if (details->precision == CV_DATE_PRECISION_MINUTE && !time.ptr)
        return sch_no(ret_no, CV_EREJECTED, code, "data.time_start", "precision minute without time_start");
    if (time.ptr && start.len != LEN_DAY)
        return sch_no(ret_no, CV_EREJECTED, code, "data.time_start", "the time %.*s, but %.*s is known to the %s",
                      CV_STR_ARG(time), CV_STR_ARG(start), length_text(start.len));
    if (!end.ptr)
        return CV_OK;

    field = "data.date_end";
    if (!date_exists(end))
        return sch_no(ret_no, CV_EREJECTED, code, field, "%.*s is not a date", CV_STR_ARG(end));
    if (end.len != start.len)
        return sch_no(ret_no, CV_EREJECTED, code, field, "the end %.*s is known to the %s, the start %.*s to the %s",
                      CV_STR_ARG(end), length_text(end.len), CV_STR_ARG(start), length_text(start.len));
    /* Digits from the most significant on: the order of texts is the order of dates. */
    if (memcmp(end.ptr, start.ptr, end.len) < 0)
        return sch_no(ret_no, CV_EREJECTED, code, field, "the end %.*s is before the start %.*s", CV_STR_ARG(end),
                      CV_STR_ARG(start));
    int64_t first, last;
    if (sch_days(details, &first, &last) && last - first >= SCH_EVENT_DAYS_MAX)
        return sch_no(ret_no, CV_EREJECTED, code, field, "from %.*s to %.*s is %lld days, more than %d",
                      CV_STR_ARG(start), CV_STR_ARG(end), (long long)(last - first + 1), SCH_EVENT_DAYS_MAX);
    return CV_OK;
}

int sch_check_dates(const cv_event_details_t *details, sch_no_t *ret_no)
{
    int rc = check_planned(details, ret_no);
    return rc ? rc : check_wished(details, ret_no);
}

/* ---- changes ---------------------------------------------------------------------------- */

/* A field of an event: where it stands in the change request (0: it cannot be changed) and in the details. */
typedef enum { OF_TEXT, OF_ENUM, OF_NUMBER } field_kind_t;
typedef struct {
    const char *name;
    size_t in_change, in_details;
    field_kind_t kind;
    bool material;
    size_t has_in_change, has_in_details; /* of a number */
} field_t;
#define CHANGE_AT(name) offsetof(cv_scheduling_event_change_v1_t, name)
#define DETAILS_AT(name) offsetof(cv_event_details_t, name)
#define TEXT(name, material)                                              \
    {                                                                     \
#name, CHANGE_AT(name), DETAILS_AT(name), OF_TEXT, material, 0, 0 \
    }
#define ENUM(name, material)                                              \
    {                                                                     \
#name, CHANGE_AT(name), DETAILS_AT(name), OF_ENUM, material, 0, 0 \
    }
#define NUMBER(name)                                                                                              \
    {                                                                                                             \
#name, CHANGE_AT(name), DETAILS_AT(name), OF_NUMBER, false, CHANGE_AT(has_##name), DETAILS_AT(has_##name) \
    }
static const field_t FIELDS[] = {
    TEXT(title, true),      TEXT(host_org, false),  TEXT(city, true),     TEXT(country, true),   TEXT(venue, true),
    ENUM(format, true),     TEXT(date_start, true), TEXT(date_end, true), ENUM(precision, true), TEXT(time_start, true),
    TEXT(zone, true),       TEXT(utc_offset, true), TEXT(note, false),    TEXT(earliest, false), TEXT(latest, false),
    TEXT(preferred, false), TEXT(officer, false),   TEXT(uid, false),     NUMBER(minutes),       NUMBER(sequence),
    NUMBER(teams),
};
#define FIELDS_N (sizeof FIELDS / sizeof *FIELDS)
_Static_assert(FIELDS_N <= CV_SCHEDULING_EVENT_V1_CHANGED_MAX, "all names fit in `changed`");
_Static_assert(sizeof(cv_event_format_t) == sizeof(unsigned) && sizeof(cv_date_precision_t) == sizeof(unsigned),
               "enums are read as unsigned");

static cv_str_t text_at(const void *base, size_t at)
{
    cv_str_t text;
    memcpy(&text, (const char *)base + at, sizeof text);
    return text;
}

static unsigned enum_at(const void *base, size_t at)
{
    unsigned value;
    memcpy(&value, (const char *)base + at, sizeof value);
    return value;
}

static bool has_at(const void *base, size_t at)
{
    bool has;
    memcpy(&has, (const char *)base + at, sizeof has);
    return has;
}

static bool same_number(const field_t *field, const cv_event_details_t *a, const cv_event_details_t *b)
{
    bool has = has_at(a, field->has_in_details);
    return has == has_at(b, field->has_in_details) &&
           (!has ||
            memcmp((const char *)a + field->in_details, (const char *)b + field->in_details, sizeof(int64_t)) == 0);
}

void sch_apply(const cv_scheduling_event_change_v1_t *change, cv_event_details_t *details)
{
    for (size_t i = 0; i < FIELDS_N; ++i) {
        const field_t *field = &FIELDS[i];
        char *to = (char *)details + field->in_details;
        const char *from = (const char *)change + field->in_change;
        if (field->kind == OF_ENUM && enum_at(change, field->in_change))
            memcpy(to, from, sizeof(unsigned));
        if (field->kind == OF_TEXT && text_at(change, field->in_change).ptr)
            memcpy(to, from, sizeof(cv_str_t));
        if (field->kind == OF_NUMBER && has_at(change, field->has_in_change)) {
            memcpy(to, from, sizeof(int64_t));
            memcpy((char *)details + field->has_in_details, (const char *)change + field->has_in_change, sizeof(bool));
        }
    }
    /* A precision that was said about the old date says nothing about one of another length. */
    if (change->date_start.ptr && !change->precision && details->precision) {
        if (change->date_start.len == LEN_YEAR)
            details->precision = CV_DATE_PRECISION_YEAR;
        if (change->date_start.len == LEN_MONTH)
            details->precision = CV_DATE_PRECISION_MONTH;
        if (change->date_start.len == LEN_DAY && details->precision != CV_DATE_PRECISION_MINUTE)
            details->precision = CV_DATE_PRECISION_DAY;
    }
}

size_t sch_diff_details(const cv_event_details_t *before, const cv_event_details_t *after,
                        cv_str_t ret_names[CV_SCHEDULING_EVENT_V1_CHANGED_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < FIELDS_N; ++i) {
        size_t at = FIELDS[i].in_details;
        bool same = FIELDS[i].kind == OF_NUMBER ? same_number(&FIELDS[i], before, after)
                    : FIELDS[i].kind == OF_ENUM ? enum_at(before, at) == enum_at(after, at)
                                                : cv_str_equal(text_at(before, at), text_at(after, at));
        if (!same)
            ret_names[n++] = cv_str(FIELDS[i].name);
    }
    return n;
}

int sch_check_change(const cv_scheduling_event_v1_t *before, const cv_scheduling_event_v1_t *after, sch_no_t *ret_no)
{
    int64_t first, last;
    const char *status = cv_event_status_text(before->status);
    if (sch_final(before->status) && !sch_planned(before->status))
        return sch_no(ret_no, CV_EREJECTED, "not_changeable", "data.event", "is %s and stays as it is", status);
    if (after->changed_n == 0)
        return sch_no(ret_no, CV_EREJECTED, "nothing_changed", NULL, "version %lld has these values already",
                      (long long)before->version);
    int rc = sch_check_dates(&after->event_details, ret_no);
    if (!rc && sch_dated(after->status) && !sch_days(&after->event_details, &first, &last))
        rc = sch_no(ret_no, CV_EREJECTED, "no_date", "data.date_start",
                    "is %s and needs a first day (YYYY-MM-DD), not %.*s; to leave the day open, postpone it", status,
                    CV_STR_ARG(after->event_details.date_start));
    return rc;
}

bool sch_material(const cv_str_t *names, size_t names_n)
{
    for (size_t i = 0; i < names_n; ++i)
        for (size_t j = 0; j < FIELDS_N; ++j)
            if (FIELDS[j].material && cv_str_is(names[i], FIELDS[j].name))
                return true;
    return false;
}

static bool same_quotas(const cv_registration_rules_t *a, const cv_registration_rules_t *b)
{
    if (a->quotas_n != b->quotas_n)
        return false;
    for (size_t i = 0; i < a->quotas_n; ++i) {
        const cv_quota_t *p = &a->quotas[i], *q = &b->quotas[i];
        if (!cv_str_equal(p->party, q->party) || p->guaranteed != q->guaranteed || p->maximum != q->maximum)
            return false;
    }
    return true;
}

static bool same_limits(const cv_registration_rules_t *a, const cv_registration_rules_t *b)
{
    if (a->limits_n != b->limits_n)
        return false;
    for (size_t i = 0; i < a->limits_n; ++i)
        if (a->limits[i].capacity != b->limits[i].capacity || a->limits[i].maximum != b->limits[i].maximum)
            return false;
    return true;
}

static bool same_audience(const cv_registration_rules_t *a, const cv_registration_rules_t *b)
{
    if (a->audience_n != b->audience_n)
        return false;
    for (size_t i = 0; i < a->audience_n; ++i)
        if (a->audience[i] != b->audience[i])
            return false;
    return true;
}

size_t sch_diff_rules(const cv_registration_rules_t *a, const cv_registration_rules_t *b,
                      cv_str_t ret_names[CV_SCHEDULING_EVENT_V1_CHANGED_MAX])
{
    size_t n = 0;
#define DIFFER(name, condition)             \
    do {                                    \
        if (condition)                      \
            ret_names[n++] = CV_STR(#name); \
    } while (0)
#define OPTIONAL(name) DIFFER(name, a->has_##name != b->has_##name || (a->has_##name && a->name != b->name))
    DIFFER(capacity, a->capacity != b->capacity);
    DIFFER(guaranteed, a->guaranteed != b->guaranteed);
    DIFFER(maximum, a->maximum != b->maximum);
    DIFFER(waiting, a->waiting != b->waiting);
    DIFFER(group, a->group != b->group);
    DIFFER(opens_ms, a->opens_ms != b->opens_ms);
    DIFFER(closes_ms, a->closes_ms != b->closes_ms);
    OPTIONAL(changes_close_ms);
    OPTIONAL(confirm_closes_ms);
    OPTIONAL(release_ms);
    OPTIONAL(offer_ms);
    DIFFER(approval, a->approval != b->approval);
    OPTIONAL(approval_again);
    OPTIONAL(online_takes_seat);
    DIFFER(audience, !same_audience(a, b));
    DIFFER(quotas, !same_quotas(a, b));
    DIFFER(limits, !same_limits(a, b));
    DIFFER(assumption, !cv_str_equal(a->assumption, b->assumption));
#undef OPTIONAL
#undef DIFFER
    return n;
}

/* ---- what follows from a state ---------------------------------------------------------- */

bool sch_holds_days(const cv_scheduling_event_v1_t *event, int64_t *ret_first, int64_t *ret_last)
{
    if (event->status == CV_EVENT_STATUS_POSTPONED || event->status == CV_EVENT_STATUS_CANCELLED ||
        event->status == CV_EVENT_STATUS_REJECTED)
        return false;
    return sch_days(&event->event_details, ret_first, ret_last);
}

bool sch_holds_venue(const cv_scheduling_event_v1_t *event, int64_t *ret_first, int64_t *ret_last)
{
    if (!event->event_details.venue.ptr || event->event_details.format == CV_EVENT_FORMAT_ONLINE)
        return false;
    return sch_holds_days(event, ret_first, ret_last);
}

void sch_due(const cv_scheduling_event_v1_t *event, int64_t *ret_open_ms, int64_t *ret_close_ms)
{
    bool scheduled = event->status == CV_EVENT_STATUS_SCHEDULED, open = event->status == CV_EVENT_STATUS_OPEN;
    *ret_open_ms = event->has_registration && scheduled ? event->registration.opens_ms : SCH_NEVER;
    *ret_close_ms = event->has_registration && (scheduled || open) ? event->registration.closes_ms : SCH_NEVER;
}
