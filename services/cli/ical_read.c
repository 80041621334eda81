/* ical_read: see ical_read.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ical_read.h"
#include "ical_when.h"

#include "convene/calendar.h"
#include "convene/ids.h"
#include "convene/zone.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    DAY_S = 86400,
    MINUTE_S = 60,
    VALUE_MAX = 8192,
    NOTE_MAX = 2000,
    TITLE_MAX = 200,
    SOURCE_MAX = 300,
    STEPS_MAX = 100000, /* of a rule that begins long before the year */
    DATE_LEN = 10,
};

typedef struct {
    const ical_options_t *options;
    ical_zones_t zones;
    ical_file_t *file;
    bool cancels; /* METHOD:CANCEL */
    int64_t year_from_s, year_to_s;
    size_t instances_n; /* the first rows: days of a series that have an entry of their own */
} read_t;

/* One entry while it is read. */
typedef struct {
    read_t *read;
    const ical_part_t *part;
    icalcomponent *component;
    char uid[ICAL_UID_MAX + 1];
    const char *tzid; /* of DTSTART */
    ical_when_t start, end;
    bool has_end, postponed;
    char day[DATE_LEN + 1]; /* of the series, that the entry stands in for; or "" */
    int64_t line;           /* of what is wrong */
    char wrong[ICAL_WRONG_MAX + 1];
} entry_t;

/* ---- rows -------------------------------------------------------------------------------- */

ical_row_t *ical_add_row(ical_file_t *file)
{
    if (file->n == ICAL_ROWS_MAX)
        return NULL;
    if (file->n == file->room) {
        size_t room = file->room ? 2 * file->room : 64;
        ical_row_t *rows = realloc(file->rows, room * sizeof *rows);
        if (!rows)
            return NULL;
        file->rows = rows;
        file->room = room;
    }
    file->rows[file->n] = (ical_row_t){.data = NULL};
    return &file->rows[file->n++];
}

static int add_series(const entry_t *entry)
{
    ical_file_t *file = entry->read->file;
    if (file->series_n == file->series_room) {
        size_t room = file->series_room ? 2 * file->series_room : 16;
        ical_series_t *series = realloc(file->series, room * sizeof *series);
        if (!series)
            return CV_ENOMEM;
        file->series = series;
        file->series_room = room;
    }
    ical_series_t *one = &file->series[file->series_n++];
    one->line = entry->part->line;
    one->sequence = icalcomponent_get_sequence(entry->component);
    one->empty = 0;
    memcpy(one->uid, entry->uid, sizeof one->uid);
    return CV_OK;
}

bool ical_is_own(const char *uid, size_t *ret_len)
{
    const char *at = strrchr(uid, '@');
    *ret_len = at ? (size_t)(at - uid) : 0;
    return *ret_len && strcmp(at + 1, cv_calendar_domain()) == 0;
}

/* Notes what is wrong with the entry; gives false, for `return wrong(...)`. name: the property, or NULL: the entry. */
__attribute__((format(printf, 3, 4))) static bool wrong(entry_t *entry, const char *name, const char *format, ...)
{
    char value[64];
    va_list args;
    entry->line = name ? ical_line_of(entry->part, name, value, sizeof value) : 0;
    if (!entry->line)
        entry->line = entry->part->line;
    va_start(args, format);
    vsnprintf(entry->wrong, sizeof entry->wrong, format, args);
    va_end(args);
    return false;
}

/* With the day behind it where it stands in for one. */
static void put_uid(const entry_t *entry, char ret_uid[ICAL_UID_MAX + 1])
{
    snprintf(ret_uid, ICAL_UID_MAX + 1, "%.*s%s%s", ICAL_UID_MAX - DATE_LEN - 1, entry->uid, *entry->day ? " " : "",
             entry->day);
}

static int refuse(entry_t *entry)
{
    ical_row_t *row = ical_add_row(entry->read->file);
    if (!row)
        return CV_ENOMEM;
    row->line = entry->line;
    put_uid(entry, row->uid);
    memcpy(row->wrong, entry->wrong, sizeof row->wrong);
    return CV_OK;
}

/* ---- what an entry says ------------------------------------------------------------------ */

/* What libical could not read it leaves out: it has to be noticed that something was there. */
static bool check_read(entry_t *entry)
{
    static const struct {
        const char *name, *right;
        icalproperty_kind kind;
        bool many;
    } PROPERTIES[] = {
        {"UID", "text", ICAL_UID_PROPERTY, false},
        {"DTSTART", "20260511T090000 or VALUE=DATE:20260511", ICAL_DTSTART_PROPERTY, false},
        {"DTEND", "20260511T170000 or VALUE=DATE:20260512", ICAL_DTEND_PROPERTY, false},
        {"DURATION", "PT2H or P3D", ICAL_DURATION_PROPERTY, false},
        {"RRULE", "FREQ=WEEKLY;COUNT=4", ICAL_RRULE_PROPERTY, false},
        {"EXDATE", "20260511T090000", ICAL_EXDATE_PROPERTY, true},
        {"RECURRENCE-ID", "20260511T090000", ICAL_RECURRENCEID_PROPERTY, false},
        {"SEQUENCE", "a number", ICAL_SEQUENCE_PROPERTY, false},
        {"STATUS", "TENTATIVE, CONFIRMED or CANCELLED", ICAL_STATUS_PROPERTY, false},
        {"SUMMARY", "text", ICAL_SUMMARY_PROPERTY, false},
    };
    char value[80];
    for (size_t i = 0; i < sizeof PROPERTIES / sizeof *PROPERTIES; ++i) {
        size_t said = ical_count_of(entry->part, PROPERTIES[i].name);
        int found = icalcomponent_count_properties(entry->component, PROPERTIES[i].kind);
        (void)ical_line_of(entry->part, PROPERTIES[i].name, value, sizeof value);
        if ((said && !found) || (PROPERTIES[i].many && said > (size_t)found))
            return wrong(entry, PROPERTIES[i].name, "%s \"%s\" cannot be read: %s would be right", PROPERTIES[i].name,
                         value, PROPERTIES[i].right);
        if (said > 1 && !PROPERTIES[i].many)
            return wrong(entry, PROPERTIES[i].name, "%s stands %zu times, once would be right", PROPERTIES[i].name,
                         said);
    }
    if (ical_count_of(entry->part, "RDATE"))
        return wrong(entry, "RDATE", "RDATE is not read: an entry of its own for each of its dates would be");
    return true;
}

static bool take_uid(entry_t *entry)
{
    const char *uid = icalcomponent_get_uid(entry->component);
    size_t len = uid ? strlen(uid) : 0;
    if (!len)
        return wrong(entry, NULL, "the entry has no UID: it could not be found again by the next import");
    if (len > ICAL_UID_MAX - DATE_LEN - 1)
        return wrong(entry, "UID", "the UID is %zu octets long; at most %d are taken", len,
                     ICAL_UID_MAX - DATE_LEN - 1);
    for (const char *at = uid; *at; ++at)
        if (iscntrl((unsigned char)*at))
            return wrong(entry, "UID", "the UID has a control character");
    memcpy(entry->uid, uid, len + 1);
    return true;
}

static bool when(entry_t *entry, const char *name, icalproperty *property, struct icaltimetype time, ical_when_t *ret)
{
    char why[ICAL_WHY_MAX];
    const char *no = ical_when_of(&entry->read->zones, property, time, ret, why);
    return !no || wrong(entry, name, "%s: %s", name, no);
}

/* NULL: it is in UTC, or says no zone. */
static const char *tzid_of(icalproperty *start)
{
    icalparameter *tzid = icalproperty_get_first_parameter(start, ICAL_TZID_PARAMETER);
    return tzid && !icaltime_is_utc(icalproperty_get_dtstart(start)) ? icalparameter_get_tzid(tzid) : NULL;
}

static bool take_times(entry_t *entry)
{
    icalproperty *start = icalcomponent_get_first_property(entry->component, ICAL_DTSTART_PROPERTY);
    icalproperty *end = icalcomponent_get_first_property(entry->component, ICAL_DTEND_PROPERTY);
    icalproperty *length = icalcomponent_get_first_property(entry->component, ICAL_DURATION_PROPERTY);
    if (!start)
        return wrong(entry, NULL, "the entry has no DTSTART: when does it begin?");
    if (!when(entry, "DTSTART", start, icalproperty_get_dtstart(start), &entry->start))
        return false;
    entry->tzid = tzid_of(start);
    if (end && length)
        return wrong(entry, "DURATION", "DTEND and DURATION exclude each other");
    entry->has_end = end || length;
    entry->end = entry->start;
    if (end && !when(entry, "DTEND", end, icalproperty_get_dtend(end), &entry->end))
        return false;
    if (end && entry->end.day != entry->start.day)
        return wrong(entry, "DTEND",
                     "one of DTSTART and DTEND is a day, the other a time: both the same would be right");
    if (length)
        entry->end.wall_s += icaldurationtype_as_int(icalproperty_get_duration(length));
    if (end && !entry->end.day) /* on the clock that DTSTART is on */
        entry->end.wall_s += entry->start.offset_s - entry->end.offset_s;
    if (entry->start.day && !entry->has_end)
        entry->end.wall_s += DAY_S;
    entry->has_end |= entry->start.day;
    if (entry->end.wall_s < entry->start.wall_s)
        return wrong(entry, end ? "DTEND" : "DURATION", "it ends before it begins");
    if (entry->start.day && entry->end.wall_s - entry->start.wall_s < DAY_S)
        return wrong(entry, end ? "DTEND" : "DURATION",
                     "DTEND does not belong to the entry any more: the day after its last would be right");
    return true;
}

static bool put(json_t *data, const char *name, const char *text)
{
    json_t *value = json_string(text);
    return value && json_object_set_new(data, name, value) == 0;
}

/* "Astana, KZ", "KZ", "Online"; false: anything else. */
static bool take_place(const char *place, json_t *data)
{
    size_t len = strlen(place);
    const char *country = len >= 2 ? place + len - 2 : "";
    if (strcasecmp(place, "online") == 0)
        return put(data, "format", "online");
    if (len < 2 || !isupper((unsigned char)country[0]) || !isupper((unsigned char)country[1]))
        return false;
    if (len == 2)
        return put(data, "country", country);
    char city[TITLE_MAX + 1];
    if (len < 5 || len - 4 > TITLE_MAX || country[-1] != ' ' || country[-2] != ',' || memchr(place, ',', len - 4))
        return false;
    snprintf(city, sizeof city, "%.*s", (int)(len - 4), place);
    return put(data, "city", city) && put(data, "country", country);
}

/* What a feed of Convene's own says before the title is no part of it. */
static const char *take_mark(entry_t *entry, const char *title)
{
    static const char POSTPONED[] = "POSTPONED: ", CANCELLED[] = "CANCELLED: ";
    size_t len;
    entry->postponed = false;
    if (!title || !ical_is_own(entry->uid, &len))
        return title;
    entry->postponed = strncmp(title, POSTPONED, sizeof POSTPONED - 1) == 0;
    if (entry->postponed)
        return title + sizeof POSTPONED - 1;
    bool cancelled = strncmp(title, CANCELLED, sizeof CANCELLED - 1) == 0 &&
                     icalcomponent_get_status(entry->component) == ICAL_STATUS_CANCELLED;
    return cancelled ? title + sizeof CANCELLED - 1 : title;
}

static bool take_texts(entry_t *entry, json_t *data)
{
    const char *title = take_mark(entry, icalcomponent_get_summary(entry->component));
    const char *note = icalcomponent_get_description(entry->component);
    const char *place = icalcomponent_get_location(entry->component);
    if (!title || !*title)
        return wrong(entry, NULL, "the entry has no SUMMARY: what is it called?");
    if (strlen(title) > TITLE_MAX || strpbrk(title, "\n\t"))
        return wrong(entry, "SUMMARY", "SUMMARY is %zu octets%s; one line of at most %d would be right", strlen(title),
                     strpbrk(title, "\n\t") ? " on several lines" : "", TITLE_MAX);
    if (!put(data, "title", title))
        return wrong(entry, "SUMMARY", "SUMMARY is not UTF-8");
    char text[VALUE_MAX];
    bool place_taken = !place || !*place || take_place(place, data);
    int len = snprintf(text, sizeof text, "%s%s%s", place_taken ? "" : place, !place_taken && note && *note ? "\n" : "",
                       note ? note : "");
    if (len > NOTE_MAX)
        return wrong(entry, "DESCRIPTION", "DESCRIPTION and LOCATION are %d octets together; at most %d are taken", len,
                     NOTE_MAX);
    if (len && !put(data, "note", text))
        return wrong(entry, "DESCRIPTION", "DESCRIPTION or LOCATION is not UTF-8");
    icalproperty *url = icalcomponent_get_first_property(entry->component, ICAL_URL_PROPERTY);
    const char *address = url ? icalproperty_get_url(url) : NULL;
    if (address && *address && strlen(address) <= SOURCE_MAX)
        json_object_set_new(data, "sources", json_pack("[s]", address));
    return true;
}

static void take_category(icalcomponent *component, char ret_category[48])
{
    icalproperty *property = icalcomponent_get_first_property(component, ICAL_CATEGORIES_PROPERTY);
    const char *text = property ? icalproperty_get_categories(property) : NULL;
    size_t len = text ? strcspn(text, ",") : 0;
    ret_category[0] = '\0';
    if (len && len < 48)
        snprintf(ret_category, 48, "%.*s", (int)len, text);
}

/* ---- occurrences ------------------------------------------------------------------------- */

/* One row: the entry as it begins then. */
static int take_at(entry_t *entry, int64_t wall_s, bool recurs)
{
    ical_when_t start = entry->start;
    char why[ICAL_WHY_MAX], text[CV_TIME_TEXT + 1];
    const char *no = ical_when_at(&entry->read->zones, entry->tzid, wall_s, &start, why);
    json_t *data = json_object();
    cv_time_text(wall_s * 1000, text);
    if (recurs)
        snprintf(entry->day, sizeof entry->day, "%.10s", text);
    bool good = !no || wrong(entry, "DTSTART", "DTSTART, on %.10s: %s", text, no);
    ical_row_t *row = data && good && take_texts(entry, data) ? ical_add_row(entry->read->file) : NULL;
    if (!row) {
        json_decref(data);
        return entry->wrong[0] ? refuse(entry) : CV_ENOMEM;
    }
    int64_t end_s = wall_s + entry->end.wall_s - entry->start.wall_s;
    int64_t last_s = end_s > wall_s ? end_s - 1 : end_s;
    row->line = entry->part->line;
    row->ends = entry->has_end;
    row->start_ms = (wall_s - start.offset_s) * 1000;
    row->sequence = icalcomponent_get_sequence(entry->component);
    row->cancelled = entry->read->cancels || icalcomponent_get_status(entry->component) == ICAL_STATUS_CANCELLED;
    row->postponed = entry->postponed;
    row->data = data;
    take_category(entry->component, row->category);
    put_uid(entry, row->uid);
    json_object_set_new(data, "plan_year", json_integer(entry->read->options->plan_year));
    json_object_set_new(data, "line", json_string(entry->read->options->line));
    json_object_set_new(data, "date_start", json_stringn(text, DATE_LEN));
    if (!start.day) {
        json_object_set_new(data, "time_start", json_stringn(text + DATE_LEN + 1, 5));
        if (start.zone[0]) {
            json_object_set_new(data, "zone", json_string(start.zone));
        } else {
            char offset[CV_OFFSET_TEXT + 1];
            cv_offset_text(start.offset_s, offset);
            json_object_set_new(data, "utc_offset", json_string(offset));
        }
        int64_t minutes = (end_s - wall_s) / MINUTE_S;
        if (entry->has_end && minutes > 0 && last_s / DAY_S == wall_s / DAY_S)
            json_object_set_new(data, "minutes", json_integer(minutes));
    }
    if (entry->has_end) {
        cv_time_text(last_s * 1000, text);
        json_object_set_new(data, "date_end", json_stringn(text, DATE_LEN));
    }
    return CV_OK;
}

static bool is_excepted(entry_t *entry, int64_t wall_s, bool *ret_good)
{
    for (icalproperty *property = icalcomponent_get_first_property(entry->component, ICAL_EXDATE_PROPERTY); property;
         property = icalcomponent_get_next_property(entry->component, ICAL_EXDATE_PROPERTY)) {
        struct icaltimetype time = icalproperty_get_exdate(property);
        ical_when_t one;
        if (!when(entry, "EXDATE", property, time, &one)) {
            *ret_good = false;
            return false;
        }
        int64_t at_s = one.day ? one.wall_s : one.wall_s + entry->start.offset_s - one.offset_s;
        if (one.day ? at_s / DAY_S == wall_s / DAY_S : at_s == wall_s)
            return true;
    }
    return false;
}

/* Does another entry of the file stand in for the one of this day? */
static bool is_replaced(const entry_t *entry, const char *uid_and_day)
{
    const ical_file_t *file = entry->read->file;
    for (size_t i = 0; i < entry->read->instances_n; ++i)
        if (strcmp(file->rows[i].uid, uid_and_day) == 0)
            return true;
    return false;
}

static int take_series(entry_t *entry, icalproperty *property)
{
    struct icalrecurrencetype rule = icalproperty_get_rrule(property);
    struct icaltimetype first = ical_time_of(entry->start.wall_s, entry->start.day);
    int64_t at[ICAL_OCCURRENCES_MAX], previous = INT64_MIN;
    size_t n = 0, out = 0;
    bool good = ((rule.freq >= ICAL_DAILY_RECURRENCE && rule.freq <= ICAL_YEARLY_RECURRENCE) ||
                 wrong(entry, "RRULE", "RRULE recurs within a day; daily and slower is read")) &&
                (rule.interval > 0 || wrong(entry, "RRULE", "RRULE has no INTERVAL from 1 on"));
    int64_t offset_s;
    if (icaltime_is_utc(rule.until) && !rule.until.is_date && !entry->start.day &&
        ical_offset_at(&entry->read->zones, entry->tzid, &entry->start, ical_wall_of(rule.until), &offset_s))
        rule.until = ical_time_of(ical_wall_of(rule.until) + offset_s, false); /* on the wall, as what is compared */
    icalrecur_iterator *iterator = good ? icalrecur_iterator_new(rule, first) : NULL;
    if (good && !iterator)
        good = wrong(entry, "RRULE", "RRULE cannot be followed; FREQ=WEEKLY;COUNT=4 would be right");
    for (int step = 0; good && step < STEPS_MAX; ++step) {
        struct icaltimetype time = icalrecur_iterator_next(iterator);
        int64_t wall_s = ical_wall_of(time);
        if (icaltime_is_null_time(time) || wall_s >= entry->read->year_to_s)
            break;
        if (wall_s < entry->read->year_from_s)
            continue;
        bool excepted = is_excepted(entry, wall_s, &good);
        out += excepted;
        if (excepted || !good)
            continue;
        if (n == ICAL_OCCURRENCES_MAX)
            good = wrong(entry, "RRULE", "RRULE recurs more than %d times in %lld; a COUNT or UNTIL would bound it",
                         ICAL_OCCURRENCES_MAX, (long long)entry->read->options->plan_year);
        else if (wall_s / DAY_S == previous / DAY_S)
            good = wrong(entry, "RRULE", "RRULE recurs within a day; daily and slower is read");
        else
            at[n++] = previous = wall_s;
    }
    if (iterator)
        icalrecur_iterator_free(iterator);
    if (!good)
        return refuse(entry);
    int rc = add_series(entry);
    if (!rc && !n && !out) {
        wrong(entry, "RRULE", "RRULE has no day in %lld; --plan says of which year the plan is",
              (long long)entry->read->options->plan_year);
        rc = refuse(entry);
        if (!rc)
            entry->read->file->series[entry->read->file->series_n - 1].empty = entry->read->file->n;
    }
    for (size_t i = 0; !rc && i < n; ++i) {
        char uid[ICAL_UID_MAX + 1], text[CV_TIME_TEXT + 1];
        cv_time_text(at[i] * 1000, text);
        snprintf(uid, sizeof uid, "%.*s %.10s", ICAL_UID_MAX - DATE_LEN - 1, entry->uid, text);
        if (!is_replaced(entry, uid))
            rc = take_at(entry, at[i], true);
        entry->wrong[0] = '\0';
    }
    return rc;
}

/* An entry that stands in for one day of a series is that day's for ever, wherever it has moved and whatever refuses it:
 * the series does not have it back. So this is looked at before anything else. */
static void take_day(entry_t *entry)
{
    icalproperty *id = icalcomponent_get_first_property(entry->component, ICAL_RECURRENCEID_PROPERTY);
    icalproperty *start = icalcomponent_get_first_property(entry->component, ICAL_DTSTART_PROPERTY);
    const ical_zones_t *zones = &entry->read->zones;
    ical_when_t day, first = {.day = true};
    char why[ICAL_WHY_MAX], text[CV_TIME_TEXT + 1];
    int64_t offset_s;
    bool named = id && take_uid(entry) && when(entry, "RECURRENCE-ID", id, icalproperty_get_recurrenceid(id), &day);
    entry->wrong[0] = '\0'; /* who reads the rest finds it again */
    if (!named)
        return;
    if (start && !day.day && !ical_when_of(zones, start, icalproperty_get_dtstart(start), &first, why) && !first.day &&
        ical_offset_at(zones, tzid_of(start), &first, day.wall_s - day.offset_s, &offset_s))
        day.wall_s += offset_s - day.offset_s; /* on the wall that the series is on */
    cv_time_text(day.wall_s * 1000, text);
    snprintf(entry->day, sizeof entry->day, "%.10s", text);
}

static int take_single(entry_t *entry, icalproperty *instance)
{
    size_t len;
    int64_t more_s = ical_is_own(entry->uid, &len) ? DAY_S : 0; /* by UTC it may be another year */
    if (entry->start.wall_s < entry->read->year_from_s - more_s ||
        entry->start.wall_s >= entry->read->year_to_s + more_s) {
        char text[CV_TIME_TEXT + 1];
        cv_time_text(entry->start.wall_s * 1000, text);
        wrong(entry, "DTSTART", "begins on %.10s, which is not in %lld; --plan says of which year the plan is", text,
              (long long)entry->read->options->plan_year);
        return refuse(entry);
    }
    if (instance && icalproperty_get_first_parameter(instance, ICAL_RANGE_PARAMETER)) {
        wrong(entry, "RECURRENCE-ID", "RANGE=THISANDFUTURE is not read: an entry for each day would be");
        return refuse(entry);
    }
    ical_when_t day;
    if (instance && !*entry->day &&
        !when(entry, "RECURRENCE-ID", instance, icalproperty_get_recurrenceid(instance), &day))
        return refuse(entry);
    return take_at(entry, entry->start.wall_s, false);
}

/* ---- the file ---------------------------------------------------------------------------- */

static int take_entry(read_t *read, const ical_part_t *part, bool instances)
{
    entry_t entry = {.read = read, .part = part, .line = part->line};
    char value[8], *text = ical_text_of(part);
    bool instance = ical_line_of(part, "RECURRENCE-ID", value, sizeof value) != 0;
    if (!text)
        return CV_ENOMEM;
    if (instance != instances) {
        free(text);
        return CV_OK;
    }
    int rc = CV_OK;
    entry.component = part->whole ? icalparser_parse_string(text) : NULL;
    bool good = part->whole || wrong(&entry, NULL, "the entry has no END:VEVENT");
    if (good && !entry.component)
        good = wrong(&entry, NULL,
                     "the entry cannot be read: lines like SUMMARY:Text between BEGIN and END would be right");
    if (good && instance)
        take_day(&entry);
    good = good && check_read(&entry) && take_uid(&entry) && take_times(&entry);
    if (!good) {
        rc = refuse(&entry);
    } else {
        icalproperty *rule = icalcomponent_get_first_property(entry.component, ICAL_RRULE_PROPERTY);
        icalproperty *id = icalcomponent_get_first_property(entry.component, ICAL_RECURRENCEID_PROPERTY);
        rc = rule && !id ? take_series(&entry, rule) : take_single(&entry, id);
    }
    if (entry.component)
        icalcomponent_free(entry.component);
    free(text);
    return rc;
}

static void supersede(ical_row_t *row, const ical_row_t *by)
{
    json_decref(row->data);
    row->data = NULL;
    snprintf(row->wrong, sizeof row->wrong, "the entry in line %lld has the same UID%s; one of them would be right",
             (long long)by->line, by->sequence > row->sequence ? " and a higher SEQUENCE" : "");
}

static int by_uid(const void *a, const void *b)
{
    const ical_row_t *x = *(ical_row_t *const *)a, *y = *(ical_row_t *const *)b;
    int order = strcmp(x->uid, y->uid);
    if (order)
        return order;
    if (x->sequence != y->sequence)
        return x->sequence > y->sequence ? -1 : 1;
    return (x->line > y->line) - (x->line < y->line);
}

/* Of those with one UID the one with the highest SEQUENCE stays, else the first. */
static int refuse_twins(ical_file_t *file)
{
    ical_row_t **rows = calloc(file->n + 1, sizeof *rows);
    size_t n = 0, best = 0;
    if (!rows)
        return CV_ENOMEM;
    for (size_t i = 0; i < file->n; ++i)
        if (file->rows[i].data)
            rows[n++] = &file->rows[i];
    qsort(rows, n, sizeof *rows, by_uid);
    for (size_t i = 1; i < n; ++i) {
        if (strcmp(rows[i]->uid, rows[best]->uid) == 0)
            supersede(rows[i], rows[best]);
        else
            best = i;
    }
    free(rows);
    return CV_OK;
}

static int take_all(read_t *read, const ical_scan_t *scan)
{
    int rc = ical_zones_read(scan, &read->zones);
    for (int pass = 0; pass < 2; ++pass) {
        for (size_t i = 0; !rc && i < scan->n; ++i)
            if (scan->parts[i].kind == ICAL_ENTRY)
                rc = take_entry(read, &scan->parts[i], pass == 0);
        if (pass == 0)
            read->instances_n = read->file->n;
    }
    ical_zones_done(&read->zones);
    return rc ? rc : refuse_twins(read->file);
}

int ical_read(const char *text, size_t len, const ical_options_t *options, ical_file_t *ret_file)
{
    ical_scan_t scan;
    char day[16];
    int64_t from_ms = 0, to_ms = 0;
    *ret_file = (ical_file_t){.rows = NULL};
    int rc = ical_scan(text, len, &scan);
    if (rc)
        return rc;
    read_t read = {.options = options, .file = ret_file, .zones = {.otherwise = options->zone}};
    snprintf(day, sizeof day, "%04lld-01-01", (long long)options->plan_year);
    rc = cv_date_parse(cv_str(day), &from_ms);
    snprintf(day, sizeof day, "%04lld-01-01", (long long)options->plan_year + 1);
    rc = rc ? rc : cv_date_parse(cv_str(day), &to_ms);
    read.year_from_s = from_ms / 1000;
    read.year_to_s = to_ms / 1000;
    for (size_t i = 0; i < scan.n; ++i) {
        ret_file->entries += scan.parts[i].kind == ICAL_ENTRY;
        ret_file->passed_over += scan.parts[i].kind == ICAL_OTHER;
    }
    bool says = scan.method.ptr != NULL;
    read.cancels = says && scan.method.len == 6 && strncasecmp(scan.method.ptr, "CANCEL", 6) == 0;
    bool answers = says && !read.cancels &&
                   !(scan.method.len == 7 && (strncasecmp(scan.method.ptr, "PUBLISH", 7) == 0 ||
                                              strncasecmp(scan.method.ptr, "REQUEST", 7) == 0));
    if (!rc && !scan.calendar)
        snprintf(ret_file->wrong, sizeof ret_file->wrong, "is no calendar: BEGIN:VCALENDAR is missing");
    else if (!rc && answers)
        snprintf(ret_file->wrong, sizeof ret_file->wrong,
                 "METHOD:%.*s is an answer to somebody's calendar; PUBLISH, REQUEST or CANCEL is read",
                 (int)(scan.method.len < 40 ? scan.method.len : 40), scan.method.ptr);
    else if (!rc)
        rc = take_all(&read, &scan);
    ical_scan_done(&scan);
    if (rc)
        ical_read_done(ret_file);
    return rc;
}

void ical_read_done(ical_file_t *file)
{
    for (size_t i = 0; i < file->n; ++i)
        json_decref(file->rows[i].data);
    free(file->rows);
    free(file->series);
    *file = (ical_file_t){.rows = NULL};
}
