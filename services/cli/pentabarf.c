/* pentabarf: a programme as Pentabarf XML.
 * SPDX-License-Identifier: Apache-2.0
 *
 * schedule > conference, day > room > event, as the format has it. A day is a day by the clock of its sessions; a session
 * that runs past midnight belongs to the day on which it begins. Times carry the offset that the clock had then, so a
 * reader needs no tables of zones. An event's guid is made from its ids and stays the same in every export.
 *
 * People stand in it by their codes: scheduling knows no names.
 */
#include "pentabarf.h"

#include "convene/ids.h"
#include "convene/zone.h"

#include <inttypes.h>
#include <string.h>

enum { DAY_S = 86400, WALL_MAX = 32, MINUTE_MS = 60000 };

/* Text as XML: nothing in it is markup. Control characters do not get past the schemas. */
static void put_text(FILE *file, cv_str_t text)
{
    for (size_t i = 0; i < text.len; ++i)
        switch (text.ptr[i]) {
        case '&':
            fputs("&amp;", file);
            break;
        case '<':
            fputs("&lt;", file);
            break;
        case '>':
            fputs("&gt;", file);
            break;
        case '"':
            fputs("&quot;", file);
            break;
        default:
            fputc(text.ptr[i], file);
        }
}

static void put_element(FILE *file, int indent, const char *name, cv_str_t text)
{
    fprintf(file, "%*s<%s>", indent, "", name);
    put_text(file, text);
    fprintf(file, "</%s>\n", name);
}

static int64_t wall_of(const sch_sitting_t *sitting)
{
    int64_t wall_s = 0;
    return cv_wall_parse(sitting->session.start, &wall_s) ? wall_s : 0;
}

static int64_t day_of(const sch_sitting_t *sitting)
{
    return wall_of(sitting) / DAY_S;
}

/* "2026-05-11T09:30:00+04:00": a wall clock with the offset it has at this session. */
static const char *time_text(const sch_sitting_t *sitting, int64_t wall_s, char ret_text[WALL_MAX])
{
    char text[CV_TIME_TEXT + 1], offset[CV_OFFSET_TEXT + 1];
    cv_time_text(wall_s * 1000, text);
    cv_offset_text((wall_of(sitting) - sitting->begin_ms / 1000) / 60 * 60, offset);
    snprintf(ret_text, WALL_MAX, "%.19s%s", text, offset);
    return ret_text;
}

/* FNV-1a, of two beginnings: 128 bits that stay what they are. */
static uint64_t hash(uint64_t begin, cv_str_t event, cv_str_t session)
{
    uint64_t at = begin ^ UINT64_C(0xcbf29ce484222325);
    const cv_str_t parts[] = {event, CV_STR("/"), session};
    for (size_t p = 0; p < 3; ++p)
        for (size_t i = 0; i < parts[p].len; ++i)
            at = (at ^ (uint8_t)parts[p].ptr[i]) * UINT64_C(0x100000001b3);
    return at;
}

static void put_people(FILE *file, const cv_session_t *session)
{
    fputs("        <persons>\n", file);
    for (size_t i = 0; i < session->speakers_n + session->has_chair; ++i) {
        const cv_session_person_t *person =
            session->has_chair && i == 0 ? &session->chair : &session->speakers[i - session->has_chair];
        fprintf(file, "          <person id=\"%" PRIu64 "\">", hash(1, CV_STR("person"), person->person) >> 33);
        put_text(file, person->person);
        fputs("</person>\n", file);
    }
    fputs("        </persons>\n", file);
}

static void put_session(FILE *file, const sch_sitting_t *sitting, cv_str_t room)
{
    const cv_session_t *session = &sitting->session;
    uint64_t high = hash(1, session->event, session->session), low = hash(2, session->event, session->session);
    char when[WALL_MAX], slug[SCH_SESSION_NAME_MAX + 1];
    fprintf(file,
            "      <event id=\"%" PRIu64 "\" guid=\"%08" PRIx64 "-%04" PRIx64 "-8%03" PRIx64 "-9%03" PRIx64
            "-%012" PRIx64 "\">\n",
            high >> 33, high >> 32, high >> 16 & 0xffff, high & 0xfff, low >> 48 & 0xfff,
            low & UINT64_C(0xffffffffffff));
    put_element(file, 8, "date", cv_str(time_text(sitting, wall_of(sitting), when)));
    put_element(file, 8, "start", (cv_str_t){when + 11, 5});
    fprintf(file, "        <duration>%02lld:%02lld</duration>\n", (long long)(session->minutes / 60),
            (long long)(session->minutes % 60));
    put_element(file, 8, "room", room);
    snprintf(slug, sizeof slug, "%.*s-%.*s", CV_STR_ARG(session->event), CV_STR_ARG(session->session));
    put_element(file, 8, "slug", cv_str(slug));
    put_element(file, 8, "title", session->title);
    fputs("        <subtitle></subtitle>\n        <track></track>\n", file);
    put_element(file, 8, "type", cv_str(cv_session_kind_text(session->kind)));
    put_element(file, 8, "language", session->languages_n ? session->languages[0] : CV_STR(""));
    fputs("        <abstract></abstract>\n        <description></description>\n", file);
    put_people(file, session);
    fputs("        <links></links>\n        <attachments></attachments>\n      </event>\n", file);
}

/* The name of its room; what has none is in no room. */
static cv_str_t room_of(const cli_programme_t *programme, const sch_sitting_t *sitting)
{
    const cv_room_t *room = cli_programme_room(programme, &sitting->session);
    return room ? room->name : CV_STR("-");
}

static void put_day(FILE *file, const cli_programme_t *programme, const sch_sitting_t *const *day, size_t n, int index)
{
    char begin[WALL_MAX], end[WALL_MAX];
    int64_t midnight = day_of(day[0]) * DAY_S;
    time_text(day[0], midnight, begin);
    time_text(day[n - 1], midnight + DAY_S, end);
    fprintf(file, "  <day index=\"%d\" date=\"%.10s\" start=\"%s\" end=\"%s\">\n", index, begin, begin, end);
    for (size_t i = 0; i < n; ++i) {
        cv_str_t room = room_of(programme, day[i]);
        bool seen = false;
        for (size_t k = 0; k < i; ++k)
            seen |= cv_str_equal(room_of(programme, day[k]), room);
        if (seen)
            continue;
        fputs("    <room name=\"", file);
        put_text(file, room);
        fputs("\">\n", file);
        for (size_t k = i; k < n; ++k)
            if (cv_str_equal(room_of(programme, day[k]), room))
                put_session(file, day[k], room);
        fputs("    </room>\n", file);
    }
    fputs("  </day>\n", file);
}

void pentabarf_write(FILE *file, const cli_programme_t *programme, const sch_sitting_t *const *sittings, size_t n,
                     long long version)
{
    char first[CV_TIME_TEXT + 1], last[CV_TIME_TEXT + 1];
    int64_t from = n ? day_of(sittings[0]) : 0, to = n ? day_of(sittings[n - 1]) : 0;
    cv_time_text(from * DAY_S * 1000, first);
    cv_time_text(to * DAY_S * 1000, last);
    fprintf(file,
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<schedule>\n  <generator name=\"convene\"/>\n"
            "  <version>%lld</version>\n  <conference>\n",
            version);
    put_element(file, 4, "acronym", programme->event->event);
    put_element(file, 4, "title", programme->event->event_details.title);
    put_element(file, 4, "start", (cv_str_t){first, 10});
    put_element(file, 4, "end", (cv_str_t){last, 10});
    fprintf(file, "    <days>%lld</days>\n    <timeslot_duration>00:05</timeslot_duration>\n",
            (long long)(to - from + 1));
    if (n)
        put_element(file, 4, "time_zone_name", sittings[0]->session.zone);
    fputs("  </conference>\n", file);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && day_of(sittings[end]) == day_of(sittings[i]); ++end)
            continue;
        put_day(file, programme, &sittings[i], end - i, (int)(day_of(sittings[i]) - from) + 1);
    }
    fputs("</schedule>\n", file);
}
