/* view: the facts of a notice, in the recipient's language, as an object for the templates.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is marked with N_ is in the catalogues. Whole sentences only where grammar would differ; else "label: value".
 */
#include "convene/ids.h"
#include "convene/zone.h"
#include "notifications/content/languages.h"
#include "notifications/content/said.h"
#include "notifications/content/text.h"
#include "notifications/content/view_words.h"
#include "notifications/content/words.h"
#include "notifications/core.h"
#include "notifications/core_remind.h"
#include "notifications/mail.h"
#include "notifications/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_OCTETS = 4096, HOUR_MS = 3600 * 1000, CLOCKS_MS = 2 * HOUR_MS, DAY_MS = 24 * HOUR_MS };

typedef struct {
    const ntf_context_t *context;
    const ntf_words_t *words;
    json_t *view;
    const cv_scheduling_event_v1_t *shown; /* the version whose details are put; NULL: none is known */
    bool failed;                           /* out of memory */
} s_make_t;

static cv_str_t s_say(const s_make_t *make, const char *text)
{
    return ntf_words_get(make->words, CV_STR_NONE, cv_str(text));
}

/* ---- putting ------------------------------------------------------------------------------ */

static void s_set_json(s_make_t *make, json_t *object, const char *key, json_t *value)
{
    if (!value || json_object_set_new(object, key, value))
        make->failed = true;
}

static void s_set(s_make_t *make, json_t *object, const char *key, cv_str_t text)
{
    s_set_json(make, object, key, json_stringn(text.ptr ? text.ptr : "", text.len));
}

/* Text of somebody else's, on one line. */
static void s_put(cv_buf_t *buf, cv_str_t value)
{
    for (size_t at = 0; at < value.len;) {
        size_t from = at;
        int32_t point = ntf_utf8_next(value, &at);
        if (point < 0)
            at++;
        if (point < 0 || ntf_utf8_steering(point))
            cv_buf_put(buf, " ", 1);
        else
            cv_buf_put(buf, value.ptr + from, at - from);
    }
}

static void s_set_buf(s_make_t *make, json_t *object, const char *key, cv_buf_t *buf)
{
    make->failed = make->failed || buf->rc;
    s_set(make, object, key, cv_buf_str(buf));
    cv_buf_done(buf);
}

static void s_set_clean(s_make_t *make, json_t *object, const char *key, cv_str_t value)
{
    cv_buf_t buf;
    cv_buf_init(&buf, LINE_MAX_OCTETS);
    s_put(&buf, value);
    s_set_buf(make, object, key, &buf);
}

/* "Kazakhstan (KZ)", or the code alone. */
static void s_set_named(s_make_t *make, const char *key, cv_str_t name, cv_str_t code)
{
    cv_buf_t buf;
    cv_buf_init(&buf, LINE_MAX_OCTETS);
    s_put(&buf, name.ptr ? name : code);
    if (name.ptr)
        cv_buf_printf(&buf, " (%.*s)", CV_STR_ARG(code));
    s_set_buf(make, make->view, key, &buf);
}

/* ---- times -------------------------------------------------------------------------------- */

static void s_put_offset(cv_buf_t *buf, int64_t offset_s)
{
    char text[CV_OFFSET_TEXT + 1];
    cv_offset_text(offset_s, text);
    cv_buf_printf(buf, " %s", text);
}

/* "2026-05-12 09:30:00 +04:00 (Asia/Baku)" */
static void s_put_instant(const s_make_t *make, cv_buf_t *buf, int64_t ms, cv_str_t zone, cv_str_t utc_offset)
{
    char text[CV_TIME_TEXT + 1];
    int64_t offset_s = 0;
    if (!zone.ptr || cv_zone_offset(make->context->zone_file, ms / 1000, &offset_s)) {
        zone = utc_offset.ptr ? CV_STR_NONE : CV_STR("UTC");
        offset_s = 0;
        (void)cv_offset_parse(utc_offset, &offset_s);
    }
    cv_time_text(ms + offset_s * 1000, text);
    cv_buf_printf(buf, "%.10s %.8s", text, text + 11);
    s_put_offset(buf, offset_s);
    if (zone.ptr)
        cv_buf_printf(buf, " (%.*s)", CV_STR_ARG(zone));
}

static void s_set_instant(s_make_t *make, const char *key, int64_t ms, cv_str_t zone, cv_str_t utc_offset)
{
    const ntf_context_t *context = make->context;
    cv_buf_t buf;
    if (!zone.ptr && !utc_offset.ptr && context->details) {
        zone = context->details->event_details.zone;
        utc_offset = context->details->event_details.utc_offset;
    }
    cv_buf_init(&buf, LINE_MAX_OCTETS);
    s_put_instant(make, &buf, ms, zone, utc_offset);
    s_set_buf(make, make->view, key, &buf);
}

/* The last second of a day that ends at this instant, there: what is due by midnight is due that day. */
static void s_set_day(s_make_t *make, const char *key, int64_t end_ms)
{
    s_set_instant(make, key, end_ms - 1, CV_STR_NONE, CV_STR_NONE);
}

/* What clocks at the event are ahead of UTC when it starts; false: it cannot be known. */
static bool s_start_offset(const s_make_t *make, const cv_event_details_t *details, int64_t *ret_s)
{
    int64_t start_ms, wall_s;
    char wall[] = "0000-00-00T00:00";
    if (make->shown && make->shown->has_start_ms && details->date_start.len == 10 && details->time_start.len == 5) {
        memcpy(wall, details->date_start.ptr, 10);
        memcpy(wall + 11, details->time_start.ptr, 5);
        if (cv_wall_parse(cv_str(wall), &wall_s)) { /* as clocks were set when that version was made */
            *ret_s = wall_s - make->shown->start_ms / 1000;
            return true;
        }
    }
    if (details->utc_offset.ptr) {
        *ret_s = 0;
        (void)cv_offset_parse(details->utc_offset, ret_s);
        return true;
    }
    return details->zone.ptr && ntf_start(details, make->context->zone_file, &start_ms) &&
           !cv_zone_offset(make->context->zone_file, start_ms / 1000, ret_s);
}

static void s_put_dates(const s_make_t *make, cv_buf_t *buf, const cv_event_details_t *details)
{
    int64_t offset_s;
    if (!details->date_start.ptr) {
        s_put(buf, s_say(make, N_("not given")));
        return;
    }
    s_put(buf, details->date_start);
    if (details->date_end.ptr && !cv_str_equal(details->date_end, details->date_start)) {
        cv_buf_printf(buf, " - ");
        s_put(buf, details->date_end);
    }
    if (!details->time_start.ptr)
        return;
    cv_buf_printf(buf, ", ");
    s_put(buf, details->time_start);
    if (s_start_offset(make, details, &offset_s))
        s_put_offset(buf, offset_s);
    if (details->zone.ptr) {
        cv_buf_printf(buf, " (");
        s_put(buf, details->zone);
        cv_buf_printf(buf, ")");
    }
}

static void s_put_place(const s_make_t *make, cv_buf_t *buf, const cv_event_details_t *details)
{
    if (!details->city.ptr && !details->country.ptr)
        s_put(buf, s_say(make, N_("not given")));
    s_put(buf, details->city);
    if (details->city.ptr && details->country.ptr)
        cv_buf_printf(buf, ", ");
    s_put(buf, details->country);
}

static void s_put_title(const s_make_t *make, cv_buf_t *buf, const cv_event_details_t *details)
{
    (void)make;
    s_put(buf, details->title);
}

static void s_put_venue(const s_make_t *make, cv_buf_t *buf, const cv_event_details_t *details)
{
    s_put(buf, details->venue.ptr ? details->venue : s_say(make, N_("not given")));
}

static void s_put_format(const s_make_t *make, cv_buf_t *buf, const cv_event_details_t *details)
{
    s_put(buf, s_say(make, s_formats[details->format]));
}

typedef void s_putter_t(const s_make_t *make, cv_buf_t *buf, const cv_event_details_t *details);

static void s_set_by(s_make_t *make, json_t *object, const char *key, s_putter_t *put,
                     const cv_event_details_t *details)
{
    cv_buf_t buf;
    cv_buf_init(&buf, LINE_MAX_OCTETS);
    put(make, &buf, details);
    s_set_buf(make, object, key, &buf);
}

/* ---- parts -------------------------------------------------------------------------------- */

static void s_add_event(s_make_t *make)
{
    const ntf_context_t *context = make->context;
    const cv_event_details_t *details = context->details ? &context->details->event_details : NULL;
    s_set_named(make, "event", details ? details->title : CV_STR_NONE, context->event);
    if (!details)
        return;
    s_set_json(make, make->view, "known", json_true());
    s_set_by(make, make->view, "dates", s_put_dates, details);
    cv_event_status_t status = context->details->status;
    if (status == CV_EVENT_STATUS_CANCELLED || status == CV_EVENT_STATUS_REJECTED)
        s_set_json(make, make->view, "off", json_true());
    s_set_by(make, make->view, "place", s_put_place, details);
    if (details->venue.ptr)
        s_set_clean(make, make->view, "venue", context->venue_name.ptr ? context->venue_name : details->venue);
    if (details->format != CV_EVENT_FORMAT_ABSENT)
        s_set_by(make, make->view, "format", s_put_format, details);
}

static cv_str_t s_name_of(const ntf_context_t *context, int64_t number)
{
    for (size_t i = 0; i < context->persons_n; i++) {
        if (context->persons[i].number == number)
            return context->persons[i].name;
    }
    return CV_STR_NONE;
}

/* left: what is said of who is withdrawn, if it is not that. */
static void s_add_persons(s_make_t *make, const cv_person_place_t *persons, size_t n, const char *left)
{
    if (n == 0)
        return;
    json_t *rows = json_array();
    for (size_t i = 0; i < n; i++) {
        json_t *row = json_object();
        cv_str_t name = s_name_of(make->context, persons[i].number);
        s_set_json(make, row, "number", json_integer(persons[i].number));
        if (name.ptr)
            s_set_clean(make, row, "name", name);
        bool is_left = left && persons[i].state == CV_PERSON_STATE_WITHDRAWN;
        s_set(make, row, "state", s_say(make, is_left ? left : s_states[persons[i].state]));
        if (persons[i].has_position)
            s_set_json(make, row, "position", json_integer(persons[i].position));
        if (json_array_append_new(rows, row))
            make->failed = true;
    }
    json_t *all = json_object();
    s_set_json(make, all, "rows", rows);
    s_set_json(make, make->view, "persons", all);
}

static void s_add_seats(s_make_t *make, const cv_seats_t *seats)
{
    s_set_json(make, make->view, "seats",
               json_pack("{s:I, s:I, s:I}", "confirmed", (json_int_t)seats->party_confirmed, "maximum",
                         (json_int_t)seats->party_maximum, "waiting", (json_int_t)seats->party_waiting));
}

/* "there is no free seat (full)" */
static void s_add_code(s_make_t *make, cv_str_t code)
{
    const char *known = ntf_code_text(code);
    s_set_named(make, "reason", known ? s_say(make, known) : CV_STR_NONE, code);
}

/* ---- kinds -------------------------------------------------------------------------------- */

/* By when those who are nominated must be confirmed. */
static void s_add_confirmation(s_make_t *make, const cv_registration_decided_v1_t *decided)
{
    const cv_scheduling_event_v1_t *event = make->context->details;
    bool nominated = false;
    for (size_t i = 0; i < decided->persons_n; i++)
        nominated = nominated || decided->persons[i].state == CV_PERSON_STATE_NOMINATED;
    if (nominated && event && event->has_registration && event->registration.has_confirm_closes_ms)
        s_set_instant(make, "confirm_by", event->registration.confirm_closes_ms, CV_STR_NONE, CV_STR_NONE);
}

static const char *s_decision(s_make_t *make, const cv_registration_decided_v1_t *decided, cv_str_t reviewer)
{
    s_set_instant(make, "time", make->context->time_ms, CV_STR_NONE, CV_STR_NONE);
    s_set_clean(make, make->view, "request", decided->request);
    s_add_code(make, decided->code);
    if (reviewer.ptr)
        s_set_clean(make, make->view, "reviewer", reviewer);
    s_add_confirmation(make, decided);
    if (decided->has_exception)
        s_set_instant(make, "exception_until", decided->exception.until_ms, CV_STR_NONE, CV_STR_NONE);
    s_add_persons(make, decided->persons, decided->persons_n,
                  decided->kind == CV_DECISION_KIND_OFFER ? s_not_taken : NULL);
    if (decided->has_seats)
        s_add_seats(make, &decided->seats);
    return ntf_headline(decided);
}

static const char s_offer[] = N_("A seat is offered, to be accepted in time");

static const char *s_promotion(s_make_t *make, const cv_registration_promoted_v1_t *promoted)
{
    s_set_instant(make, "time", make->context->time_ms, CV_STR_NONE, CV_STR_NONE);
    s_set(make, make->view, "why", s_say(make, s_causes[promoted->cause]));
    if (promoted->has_expires_ms)
        s_set_instant(make, "expires", promoted->expires_ms, CV_STR_NONE, CV_STR_NONE);
    s_add_persons(make, promoted->persons, promoted->persons_n, NULL);
    s_add_seats(make, &promoted->seats);
    return promoted->has_expires_ms ? s_offer : N_("Moved up from the waiting list");
}

static const char *s_lapse(s_make_t *make, const cv_registration_lapsed_v1_t *lapsed)
{
    const bool consent = lapsed->cause == CV_LAPSE_CAUSE_CONSENT;
    s_set_instant(make, "expired", lapsed->expires_ms, CV_STR_NONE, CV_STR_NONE);
    if (consent)
        s_set_json(make, make->view, "consent", json_true());
    s_add_persons(make, lapsed->persons, lapsed->persons_n, consent ? NULL : s_not_taken);
    s_add_seats(make, &lapsed->seats);
    return consent ? N_("Left the event: the consent to keep personal data ran out")
                   : N_("An offered place was not accepted in time");
}

static const char *s_event_change(s_make_t *make, const cv_scheduling_event_v1_t *was, unsigned changes)
{
    static const struct {
        unsigned bit;
        const char *label;
        s_putter_t *put;
    } rows[] = {
        {NTF_CHANGED_TITLE, N_("Title"), s_put_title},    {NTF_CHANGED_DATES, N_("Dates"), s_put_dates},
        {NTF_CHANGED_PLACE, N_("Place"), s_put_place},    {NTF_CHANGED_VENUE, N_("Venue"), s_put_venue},
        {NTF_CHANGED_FORMAT, N_("Format"), s_put_format},
    };
    const cv_scheduling_event_v1_t *now = make->context->details;
    s_set_instant(make, "time", make->context->time_ms, CV_STR_NONE, CV_STR_NONE);
    if ((changes & NTF_POSTPONED) && !(changes & NTF_CHANGED_DATES)) /* the dates are those that it does not have now */
        s_set_json(make, make->view, "off", json_true());
    if (now->reason.ptr)
        s_set_clean(make, make->view, "why", now->reason);
    if (now->decision.ptr)
        s_set_clean(make, make->view, "basis", now->decision);
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (!(changes & rows[i].bit))
            continue;
        json_t *row = json_object();
        s_set(make, row, "label", s_say(make, rows[i].label));
        make->shown = was;
        s_set_by(make, row, "was", rows[i].put, &was->event_details);
        make->shown = now;
        s_set_by(make, row, "now", rows[i].put, &now->event_details);
        if (json_array_append_new(list, row))
            make->failed = true;
    }
    if (json_array_size(list) > 0)
        s_set_json(make, make->view, "changes", json_pack("{s:O}", "rows", list));
    json_decref(list);
    return changes & NTF_CANCELLED    ? N_("Event cancelled")
           : changes & NTF_POSTPONED  ? N_("Event postponed")
           : changes & NTF_REINSTATED ? N_("Event reinstated")
                                      : N_("Event changed");
}

/* A text line by line: of one to be adopted it is its lines that are agreed on. */
static void s_add_lines(s_make_t *make, json_t *object, cv_str_t text)
{
    json_t *lines = json_array();
    for (size_t from = 0; from < text.len;) {
        const char *newline = memchr(text.ptr + from, '\n', text.len - from);
        size_t to = newline ? (size_t)(newline - text.ptr) : text.len;
        json_t *row = json_object();
        cv_buf_t buf;
        cv_buf_init(&buf, 3 * LINE_MAX_OCTETS);
        s_put(&buf, (cv_str_t){text.ptr + from, to - from});
        s_set_buf(make, row, "line", &buf);
        if (json_array_append_new(lines, row))
            make->failed = true;
        from = to + 1;
    }
    s_set_json(make, object, "lines", lines);
}

/* A party by its name in the language of the notice; without a code: nothing. */
static void s_set_party(s_make_t *make, const char *key, cv_str_t name, cv_str_t code)
{
    cv_str_t said = name.ptr ? ntf_words_get(make->words, CV_STR(NTF_WORDS_PARTY), name) : name;
    if (code.ptr)
        s_set_named(make, key, said, code);
}

static void s_add_procedure(s_make_t *make, const ntf_news_t *news)
{
    const cv_scheduling_decision_v1_t *procedure = news->procedure;
    const cv_resolution_t *resolution = &procedure->resolution;
    s_set_named(make, "procedure", resolution->title, procedure->decision);
    s_set_party(make, "proposer", news->proposer, resolution->proposer);
    if (procedure->has_expires_ms)
        s_set_instant(make, "ends", procedure->expires_ms, procedure->zone,
                      procedure->zone.ptr ? CV_STR_NONE : procedure->utc_offset);
    if (procedure->has_settled_ms)
        s_set_instant(make, "settled", procedure->settled_ms, procedure->zone,
                      procedure->zone.ptr ? CV_STR_NONE : procedure->utc_offset);
    s_set_party(make, "by", news->breaker, procedure->by);
    if (procedure->state == CV_DECISION_STATE_OPEN)
        s_set_json(make, make->view, "open", json_true());
    if (procedure->has_number)
        s_set_json(make, make->view, "number", json_integer(procedure->number));
    s_add_lines(make, make->view, resolution->text);
}

static const char *s_reminder(s_make_t *make, const ntf_news_t *news)
{
    const ntf_ahead_t *ahead = news->ahead;
    if (news->procedure)
        s_add_procedure(make, news);
    else if (ahead->anchor == NTF_ANCHOR_REPORT)
        s_set_day(make, "ends", ahead->anchor_ms);
    else
        s_set_instant(make, "ends", ahead->anchor_ms, CV_STR_NONE, CV_STR_NONE);
    /* As the rule has it, also over a change of the clocks; but the next contact gets it later, and so does everybody after a
     * time when the service was down. */
    int64_t left_ms = ahead->anchor_ms - make->context->time_ms;
    if (left_ms > ahead->before_ms - CLOCKS_MS && left_ms < ahead->before_ms + CLOCKS_MS)
        left_ms = ahead->before_ms;
    if (left_ms >= DAY_MS)
        s_set_json(make, make->view, "days", json_integer(left_ms / DAY_MS));
    else if (left_ms >= HOUR_MS)
        s_set_json(make, make->view, "hours", json_integer(left_ms / HOUR_MS));
    if (ahead->anchor == NTF_ANCHOR_START)
        s_set_json(make, make->view, "start", json_true());
    /* Whoever else hears of it owes nothing. */
    bool is_own = make->context->audience == NTF_TO_NONE ||
                  (ahead->anchor == NTF_ANCHOR_REPORT && make->context->audience == NTF_TO_PROPOSER) ||
                  (ahead->anchor == NTF_ANCHOR_REPORT && make->context->audience == NTF_TO_SECRETARIAT &&
                   !make->context->details->event_details.proposer.ptr); /* who stands in */
    if (is_own && (ahead->anchor == NTF_ANCHOR_REGISTRATION || ahead->anchor == NTF_ANCHOR_NOMINATION))
        s_set_json(make, make->view, "unanswered", json_true());
    if (is_own && ahead->anchor == NTF_ANCHOR_REPORT)
        s_set_json(make, make->view, "report", json_true());
    return s_anchors[ahead->anchor];
}

static const char *s_digest(s_make_t *make, const ntf_news_t *news)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < news->entries_n; i++) {
        const ntf_entry_t *entry = &news->entries[i];
        json_t *row = json_object();
        s_set_json(make, row, "number", json_integer((json_int_t)i + 1));
        s_set_clean(make, row, "title", entry->subject);
        s_set(make, row, "text", entry->text);
        s_set(make, row, "html", entry->html);
        if (json_array_append_new(rows, row))
            make->failed = true;
    }
    s_set_json(make, make->view, "count", json_integer((json_int_t)news->entries_n));
    s_set_json(make, make->view, "entries", rows);
    return news->is_weekly ? N_("Digest of the week") : N_("Digest of the day");
}

static const char *s_unseen(s_make_t *make, const ntf_news_t *news)
{
    s_set(make, make->view, "about",
          s_say(make, news->ahead       ? s_anchors[news->ahead->anchor]
                      : news->procedure ? s_steps[news->procedure->step]
                                        : s_offer));
    s_set(make, make->view, "why", s_say(make, s_whys[news->why]));
    s_set(make, make->view, "unseen", news->unseen);
    s_set_clean(make, make->view, "party", make->context->party);
    if (news->procedure) {
        s_set_named(make, "procedure", news->procedure->resolution.title, news->procedure->decision);
        s_set_instant(make, "ends", news->until_ms, news->procedure->zone,
                      news->procedure->zone.ptr ? CV_STR_NONE : news->procedure->utc_offset);
    } else if (news->ahead && news->ahead->anchor == NTF_ANCHOR_REPORT) {
        s_set_day(make, "ends", news->until_ms);
    } else {
        s_set_instant(make, "ends", news->until_ms, CV_STR_NONE, CV_STR_NONE);
    }
    return N_("A notice with a deadline has reached nobody");
}

static const char *s_opening(s_make_t *make)
{
    const cv_scheduling_event_v1_t *event = make->context->details;
    if (make->context->audience == NTF_TO_UNANSWERED)
        s_set_json(make, make->view, "asked", json_true());
    if (event->has_registration)
        s_set_instant(make, "ends", event->registration.closes_ms, CV_STR_NONE, CV_STR_NONE);
    if (event->has_registration && event->registration.has_confirm_closes_ms) {
        s_set_json(make, make->view, "nominated", json_true());
        s_set_instant(make, "confirmed", event->registration.confirm_closes_ms, CV_STR_NONE, CV_STR_NONE);
    }
    return N_("Registration is open");
}

static const char *s_news(s_make_t *make, const ntf_news_t *news)
{
    switch (news->kind) {
    case NTF_DECISION:
        return s_decision(make, news->decided, news->reviewer);
    case NTF_PROMOTION:
        return s_promotion(make, news->promoted);
    case NTF_LAPSE:
        return s_lapse(make, news->lapsed);
    case NTF_EVENT_CHANGE:
        return s_event_change(make, news->was, news->changes);
    case NTF_REMINDER:
        return s_reminder(make, news);
    case NTF_DIGEST:
        return s_digest(make, news);
    case NTF_CONTACT_PING:
        s_set_clean(make, make->view, "party", make->context->party);
        s_set_json(make, make->view, "order", json_integer(news->order));
        s_set_instant(make, "ends", news->until_ms, CV_STR_NONE, CV_STR_NONE);
        return N_("Please confirm that you are still the contact");
    case NTF_UNSEEN:
        return s_unseen(make, news);
    case NTF_OPENING:
        return s_opening(make);
    default:
        if (!news->procedure)
            return "";
        s_add_procedure(make, news);
        return s_steps[news->procedure->step];
    }
}

static void s_add_answer(s_make_t *make, const ntf_news_t *news)
{
    cv_buf_t buf;
    cv_buf_init(&buf, LINE_MAX_OCTETS);
    ntf_answer(make->context, news, &buf);
    make->failed = make->failed || buf.rc;
    if (buf.len > 0 && !buf.rc) {
        json_t *answer = json_object();
        s_add_lines(make, answer, cv_buf_str(&buf));
        s_set_json(make, make->view, "answer", answer);
    }
    cv_buf_done(&buf);
}

/* As what the party is told: a sentence of its own. */
static void s_add_audience(s_make_t *make, int kind)
{
    const ntf_context_t *context = make->context;
    cv_buf_t buf;
    if (context->audience == NTF_TO_NONE)
        return;
    if (ntf_audience_is_office(context->audience))
        s_set_json(make, make->view, "office", json_true());
    bool is_changed = context->audience == NTF_TO_DECLINED && kind == NTF_EVENT_CHANGE;
    cv_buf_init(&buf, LINE_MAX_OCTETS);
    s_put(&buf, s_say(make, is_changed ? s_declined_changed : s_audiences[context->audience]));
    if (context->audience == NTF_TO_COORDINATORS) {
        cv_buf_printf(&buf, ": ");
        s_put(&buf, context->area);
    }
    s_set_buf(make, make->view, "as", &buf);
}

json_t *ntf_view(const ntf_context_t *given, const ntf_news_t *news)
{
    const ntf_language_t *language = ntf_language_of(given->language);
    ntf_context_t own = *given;
    const ntf_context_t *const context = &own;
    s_make_t make = {.context = context, .words = language->words, .view = json_object(), .shown = context->details};
    if (!make.view)
        return NULL;
    if (given->party_name.ptr)
        own.party_name = ntf_words_get(make.words, CV_STR(NTF_WORDS_PARTY), given->party_name);
    s_set(&make, make.view, "language", cv_str(language->tag));
    if (language->is_rtl)
        s_set_json(&make, make.view, "rtl", json_true());
    if (context->recipient.ptr)
        s_set_clean(&make, make.view, "recipient", context->recipient);
    s_set_named(&make, "delegation", context->party_name, context->party);
    s_set(&make, make.view, "notice", context->notice);
    if (context->is_second)
        s_set_json(&make, make.view, "second", json_true());
    s_add_audience(&make, news->kind);
    if (context->inside)
        s_set_json(&make, make.view, "inside", json_true());
    bool is_of_party = news->kind == NTF_DIGEST || news->kind == NTF_CONTACT_PING;
    if (!news->procedure && !is_of_party)
        s_add_event(&make);
    if (!context->person && !ntf_audience_is_office(context->audience))
        s_add_answer(&make, news);
    const char *said = context->is_replaced ? "" : s_news(&make, news);
    if (context->person && ntf_view_person(context, news, make.view, &said))
        make.failed = true;
    cv_str_t headline = s_say(&make, said);
    s_set(&make, make.view, "headline", headline);
    cv_buf_t subject;
    cv_buf_init(&subject, LINE_MAX_OCTETS);
    cv_buf_printf(&subject, "%.*s: ", CV_STR_ARG(headline));
    s_put(&subject, is_of_party || news->kind == NTF_UNSEEN
                        ? (context->party_name.ptr ? context->party_name : context->party)
                    : news->procedure  ? news->procedure->resolution.title
                    : context->details ? context->details->event_details.title
                                       : context->event);
    s_set_buf(&make, make.view, "subject", &subject);
    if (!make.failed)
        return make.view;
    json_decref(make.view);
    return NULL;
}
