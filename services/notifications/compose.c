/* compose: from a delivery's row to the bytes of its message, in the recipient's language.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   whom     the delegation's contact, else the party's first recipient whose address can be used; of a person's notice
 *            that person, and nobody else; who had its number before is composed to once, while it is known (persons.h)
 *   what     the record that the row keeps, with the event, names of places and of the own delegation as they are known now
 *   form     multipart/alternative: text, HTML, and the calendar part that the row says (events.c says which)
 *
 * A digest is made of what is in it, each as it would be by itself but for greeting and foot; calendar parts are attached.
 */
#include "convene/zone.h"
#include "notifications/content/calendar.h"
#include "notifications/core.h"
#include "notifications/dispatch.h"
#include "notifications/language.h"
#include "notifications/persons.h"
#include "notifications/ping.h"
#include "notifications/unseen.h"

#include <string.h>

/* Empty: there is no mail server, and so no address of our own. */
static cv_str_t s_sender(void)
{
    return cv_str(ntf_post_settings()->courier.sender);
}

/* The right part of the Message-ID: the sender's, where there is one. */
static cv_str_t s_domain(void)
{
    const char *at = strchr(ntf_post_settings()->courier.sender, '@');
    return at ? cv_str(at + 1) : CV_STR(NTF_DOMAIN);
}

/* One notice while it is made. */
typedef struct {
    ntf_t *ntf;
    const ntf_delivery_t *row;
    ntf_context_t context;
    ntf_news_t news;
    ntf_ahead_t ahead;
    ntf_recipient_t recipient;
    int method;   /* of its calendar part; NTF_CALENDAR_NONE: there is none */
    int64_t sent; /* how many such parts went before */
} s_notice_t;

/* The names a notice needs, of its own delegation. */
static int s_names(s_notice_t *notice, const cv_person_place_t *persons, size_t n)
{
    cv_arena_t *arena = notice->ntf->arena;
    if (notice->row->person) /* is told of nobody else */
        return CV_OK;
    ntf_person_t *names = cv_arena_take(arena, (n + 1) * sizeof(*names));
    if (!names)
        return CV_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        names[i].number = persons[i].number;
        int rc = ntf_store_person_get(notice->ntf->store, notice->row->event, notice->row->party, persons[i].number,
                                      arena, &names[i].name);
        if (rc)
            return rc;
    }
    notice->context.persons = names;
    notice->context.persons_n = n;
    return CV_OK;
}

static void s_zone(s_notice_t *notice, cv_str_t zone)
{
    cv_str_t file;
    if (zone.ptr && !cv_zone_read(notice->ntf->arena, zone, &file))
        notice->context.zone_file = file;
}

/* Names of the event's venue and of the party. NTF_NOT_TOLD: the party. The secretariat may be none that scheduling has, and
 * its notices do not wait for a name that never comes. */
static int s_names_of_places(s_notice_t *notice)
{
    ntf_context_t *context = &notice->context;
    cv_str_t venue = context->details ? context->details->event_details.venue : CV_STR_NONE;
    int rc = ntf_store_names_get(notice->ntf->store, venue, context->party, notice->ntf->arena, &context->venue_name,
                                 &context->party_name);
    bool is_secretariat = cv_str_is(context->party, ntf_post_settings()->secretariat);
    if (!rc && context->audience == NTF_TO_COORDINATORS && context->details) {
        cv_str_t area = context->details->event_details.area;
        rc = ntf_area_name(notice->ntf->audiences, area, notice->ntf->arena, &context->area);
        if (!context->area.ptr)
            context->area = area;
    }
    return rc ? rc : context->party_name.ptr || is_secretariat ? CV_OK : NTF_NOT_TOLD;
}

static int s_read(s_notice_t *notice, uint16_t type, cv_str_t data, const void **ret)
{
    return ntf_decode(type, data, notice->ntf->arena, ret);
}

/* NTF_NOT_TOLD: the event. */
static int s_event(s_notice_t *notice)
{
    cv_str_t data;
    const void *details;
    int rc = ntf_store_event_get(notice->ntf->store, notice->row->event, notice->ntf->arena, &data);
    if (rc)
        return rc == CV_ENOTFOUND ? NTF_NOT_TOLD : rc;
    rc = s_read(notice, CV_MSG_SCHEDULING_EVENT_V1, data, &details);
    if (rc)
        return rc;
    notice->context.details = details;
    s_zone(notice, notice->context.details->event_details.zone);
    return CV_OK;
}

static int s_change(s_notice_t *notice)
{
    cv_str_t was_data, now_data;
    const void *was, *now;
    int rc = ntf_store_change_get(notice->ntf->store, notice->row->cause, notice->ntf->arena, &was_data, &now_data);
    if (!rc)
        rc = s_read(notice, CV_MSG_SCHEDULING_EVENT_V1, was_data, &was);
    if (!rc)
        rc = s_read(notice, CV_MSG_SCHEDULING_EVENT_V1, now_data, &now);
    if (rc)
        return rc == CV_ENOTFOUND ? CV_EMALFORMED : rc;
    notice->context.details = now;
    notice->news.was = was;
    notice->news.changes = ntf_changes(was, now);
    s_zone(notice, notice->context.details->event_details.zone);
    return CV_OK;
}

static int s_procedure(s_notice_t *notice, cv_str_t data)
{
    const void *procedure;
    int rc = s_read(notice, CV_MSG_SCHEDULING_DECISION_V1, data, &procedure);
    if (rc)
        return rc;
    notice->news.procedure = procedure;
    s_zone(notice, notice->news.procedure->zone);
    cv_str_t none;
    rc = ntf_store_names_get(notice->ntf->store, CV_STR_NONE, notice->news.procedure->resolution.proposer,
                             notice->ntf->arena, &none, &notice->news.proposer);
    return rc ? rc
              : ntf_store_names_get(notice->ntf->store, CV_STR_NONE, notice->news.procedure->by, notice->ntf->arena,
                                    &none, &notice->news.breaker);
}

static int s_reminder(s_notice_t *notice)
{
    cv_str_t procedure;
    int rc = ntf_ahead_read(notice->row->data, &notice->ahead, &procedure);
    notice->news.ahead = &notice->ahead;
    if (rc)
        return rc;
    return notice->ahead.anchor == NTF_ANCHOR_SILENCE ? s_procedure(notice, procedure) : s_event(notice);
}

static int s_decision(s_notice_t *notice, cv_str_t data)
{
    const void *read;
    int rc = s_event(notice);
    if (!rc && notice->row->kind == NTF_DECISION) {
        rc = s_read(notice, CV_MSG_REGISTRATION_DECIDED_V1, data, &read);
        notice->news.decided = rc ? NULL : read;
        if (!rc && notice->news.decided->kind == CV_DECISION_KIND_REVIEW)
            rc = ntf_reason_get(notice->ntf->reasons, notice->news.decided, notice->ntf->arena, &notice->news.reviewer);
        if (rc && rc != CV_ENOTFOUND)
            return rc;
        return !notice->news.decided ? rc
                                     : s_names(notice, notice->news.decided->persons, notice->news.decided->persons_n);
    }
    if (!rc && notice->row->kind == NTF_LAPSE) {
        rc = s_read(notice, CV_MSG_REGISTRATION_LAPSED_V1, data, &read);
        notice->news.lapsed = rc ? NULL : read;
        return rc ? rc : s_names(notice, notice->news.lapsed->persons, notice->news.lapsed->persons_n);
    }
    if (!rc)
        rc = s_read(notice, CV_MSG_REGISTRATION_PROMOTED_V1, data, &read);
    if (rc)
        return rc;
    notice->news.promoted = read;
    return s_names(notice, notice->news.promoted->persons, notice->news.promoted->persons_n);
}

/* What nobody has got, as its own party would be told of it, but for the names. What is not known any more is left out:
 * there is no stream to wait for. */
static int s_unseen(s_notice_t *notice)
{
    const ntf_delivery_t *own = notice->row;
    ntf_unseen_t unseen;
    ntf_delivery_t *row = cv_arena_take(notice->ntf->arena, sizeof(*row));
    int rc = row ? ntf_unseen_read(own->data, &unseen) : CV_ENOMEM;
    if (!rc)
        rc = ntf_store_delivery_get(notice->ntf->store, unseen.n, notice->ntf->arena, row);
    if (rc)
        return rc == CV_ENOTFOUND ? CV_EMALFORMED : rc;
    notice->news.why = unseen.why;
    notice->news.until_ms = unseen.deadline_ms;
    notice->news.unseen = row->notice;
    notice->context.party = row->party;
    notice->row = row;
    rc = row->kind == NTF_REMINDER  ? s_reminder(notice)
         : row->kind == NTF_SILENCE ? s_procedure(notice, row->data)
                                    : s_event(notice);
    notice->row = own;
    if (!rc || rc == NTF_NOT_TOLD)
        rc = s_names_of_places(notice);
    return rc == NTF_NOT_TOLD ? CV_OK : rc;
}

static int s_news(s_notice_t *notice)
{
    const ntf_delivery_t *row = notice->row;
    if (notice->context.is_replaced) {
        int event_rc = s_event(notice);
        return event_rc ? event_rc : s_names_of_places(notice);
    }
    if (row->kind == NTF_UNSEEN)
        return s_unseen(notice);
    if (row->kind == NTF_CONTACT_PING) { /* it waits for no stream: who is asked is known here */
        notice->news.order = row->above + 1;
        notice->news.until_ms = row->time_ms + ntf_ping_answer_ms();
        int named = s_names_of_places(notice);
        return named == NTF_NOT_TOLD ? CV_OK : named;
    }
    int rc = row->kind == NTF_EVENT_CHANGE ? s_change(notice)
             : row->kind == NTF_REMINDER   ? s_reminder(notice)
             : row->kind == NTF_SILENCE    ? s_procedure(notice, row->data)
             : row->kind == NTF_OPENING    ? s_event(notice)
                                           : s_decision(notice, row->data);
    return rc ? rc : s_names_of_places(notice);
}

/* The first lines of the text, as many as a calendar shows. */
static cv_str_t s_first_lines(cv_str_t text)
{
    if (text.len <= NTF_DESCRIPTION_MAX)
        return text;
    const char *newline = memrchr(text.ptr, '\n', NTF_DESCRIPTION_MAX);
    return newline ? (cv_str_t){text.ptr, (size_t)(newline + 1 - text.ptr)} : CV_STR_NONE;
}

/* The calendar part that goes with it, as *text says it; *ret_method: NTF_CALENDAR_NONE where there is none. */
static int s_calendar(const s_notice_t *notice, const ntf_text_t *text, cv_buf_t *out, int *ret_method)
{
    const ntf_context_t *context = &notice->context;
    *ret_method = NTF_CALENDAR_NONE;
    if (!context->has_calendar)
        return CV_OK;
    int rc = ntf_calendar(
        &(ntf_calendar_t){
            .method = notice->method,
            .event = context->details,
            .was = notice->news.was,
            .venue_name = context->venue_name,
            .zone_file = context->zone_file,
            .to_name = notice->recipient.name,
            .to_address = notice->recipient.email,
            .organizer = s_sender().len ? s_sender() : CV_STR("convene@" NTF_DOMAIN),
            .description = s_first_lines(cv_buf_str(&text->inside)),
            .sent = notice->sent,
            .time_ms = notice->row->time_ms,
        },
        out);
    if (!rc)
        *ret_method = notice->method;
    return rc == CV_ENOTFOUND ? CV_OK : rc;
}

/* Text and calendar part of one notice. */
static int s_texts(s_notice_t *notice, ntf_text_t *text, cv_buf_t *calendar, int *ret_method)
{
    int rc = s_news(notice);
    if (!rc)
        rc = ntf_delivery_calendar(notice->ntf->reminders, notice->row->n, &notice->method, &notice->sent);
    if (rc)
        return rc;
    notice->context.has_calendar = notice->method != NTF_CALENDAR_NONE && notice->context.details;
    rc = ntf_text(&notice->context, &notice->news, text);
    return rc ? rc : s_calendar(notice, text, calendar, ret_method);
}

/* What all messages are written with. */
static int s_write(const ntf_delivery_t *row, const ntf_recipient_t *recipient, ntf_mail_t *mail, cv_buf_t *out)
{
    mail->id = row->notice;
    mail->domain = s_domain();
    mail->from = s_sender();
    mail->reply_to = cv_str(ntf_post_settings()->courier.reply_to);
    mail->time_ms = row->time_ms;
    mail->to_name = recipient->name;
    mail->to_address = recipient->email;
    mail->language = ntf_language_code(recipient->language);
    ntf_language_wanted(recipient->language);
    mail->is_7bit = ntf_post_has_mail();
    return ntf_mail_write(mail, out);
}

static void s_begin(s_notice_t *notice, ntf_t *ntf, const ntf_delivery_t *row, const ntf_recipient_t *recipient)
{
    *notice = (s_notice_t){.ntf = ntf, .row = row, .news = {.kind = row->kind}, .recipient = *recipient};
    notice->context = (ntf_context_t){
        .language = recipient->language,
        .recipient = recipient->name,
        .party = row->party,
        .event = row->event,
        .time_ms = row->time_ms,
        .notice = row->notice,
        .is_second = ntf_is_second(row),
        .audience = row->audience,
        .person = row->person,
        .place = ntf_person_state_read(row->place),
        .is_replaced = ntf_is_to_leaver(row->place),
    };
}

static int s_one(ntf_t *ntf, const ntf_delivery_t *row, const ntf_recipient_t *recipient, ntf_text_t *text,
                 cv_buf_t *mail)
{
    s_notice_t notice;
    cv_buf_t calendar;
    int method = NTF_CALENDAR_NONE;
    s_begin(&notice, ntf, row, recipient);
    cv_buf_init(&calendar, NTF_CALENDAR_MAX);
    int rc = s_texts(&notice, text, &calendar, &method);
    if (!rc)
        rc = s_write(row, recipient,
                     &(ntf_mail_t){
                         .subject = cv_buf_str(&text->subject),
                         .body = cv_buf_str(&text->body),
                         .html = cv_buf_str(&text->html),
                         .calendar = method ? cv_buf_str(&calendar) : CV_STR_NONE,
                         .method = ntf_calendar_method(method),
                     },
                     mail);
    cv_buf_done(&calendar);
    return rc;
}

/* ---- digests ------------------------------------------------------------------------------ */

/* What is in a digest, whole. */
typedef struct {
    ntf_entry_t entries[NTF_DIGEST_MAX];
    ntf_attached_t attached[NTF_DIGEST_MAX];
    size_t n, attached_n;
} s_parts_t;

static int s_part_texts(s_notice_t *notice, ntf_text_t *text, cv_buf_t *calendar, s_parts_t *parts)
{
    cv_arena_t *arena = notice->ntf->arena;
    int method = NTF_CALENDAR_NONE;
    int rc = s_texts(notice, text, calendar, &method);
    if (rc)
        return rc;
    ntf_entry_t *entry = &parts->entries[parts->n++];
    *entry = (ntf_entry_t){cv_arena_str(arena, cv_buf_str(&text->subject)),
                           cv_arena_str(arena, cv_buf_str(&text->body)), cv_arena_str(arena, cv_buf_str(&text->html))};
    if (!entry->subject.ptr || !entry->text.ptr || !entry->html.ptr)
        return CV_ENOMEM;
    if (method == NTF_CALENDAR_NONE)
        return CV_OK;
    ntf_attached_t *attached = &parts->attached[parts->attached_n++];
    *attached = (ntf_attached_t){cv_arena_str(arena, cv_buf_str(calendar)), ntf_calendar_method(method)};
    return attached->calendar.ptr ? CV_OK : CV_ENOMEM;
}

static int s_part(ntf_t *ntf, int64_t n, const ntf_recipient_t *recipient, s_parts_t *parts)
{
    ntf_delivery_t *row = cv_arena_take(ntf->arena, sizeof(*row));
    s_notice_t notice;
    ntf_text_t text;
    cv_buf_t calendar;
    int rc = row ? ntf_store_delivery_get(ntf->store, n, ntf->arena, row) : CV_ENOMEM;
    if (rc)
        return rc == CV_ENOTFOUND ? CV_EMALFORMED : rc;
    ntf_text_init(&text);
    cv_buf_init(&calendar, NTF_CALENDAR_MAX);
    s_begin(&notice, ntf, row, recipient);
    notice.context.inside = true;
    rc = s_part_texts(&notice, &text, &calendar, parts);
    ntf_text_done(&text);
    cv_buf_done(&calendar);
    return rc;
}

/* CV_EMALFORMED: nothing is in it, or what cannot be made a message. */
static int s_digest(ntf_t *ntf, const ntf_delivery_t *row, const ntf_recipient_t *recipient, ntf_text_t *text,
                    cv_buf_t *mail)
{
    int64_t numbers[NTF_DIGEST_MAX];
    size_t n = 0;
    s_notice_t notice;
    s_parts_t *parts = cv_arena_take(ntf->arena, sizeof(*parts));
    int rc = parts ? ntf_digest_members(ntf->prefers, row->n, numbers, &n) : CV_ENOMEM;
    if (rc || n == 0)
        return rc ? rc : CV_EMALFORMED;
    parts->n = parts->attached_n = 0;
    for (size_t i = 0; !rc && i < n; i++)
        rc = s_part(ntf, numbers[i], recipient, parts);
    s_begin(&notice, ntf, row, recipient);
    notice.news.entries = parts->entries;
    notice.news.entries_n = n;
    notice.news.is_weekly = cv_str_is(row->data, "weekly");
    if (!rc)
        rc = s_names_of_places(&notice);
    if (!rc)
        rc = ntf_text(&notice.context, &notice.news, text);
    return rc ? rc
              : s_write(row, recipient,
                        &(ntf_mail_t){
                            .subject = cv_buf_str(&text->subject),
                            .body = cv_buf_str(&text->body),
                            .html = cv_buf_str(&text->html),
                            .attached = parts->attached,
                            .attached_n = parts->attached_n,
                        },
                        mail);
}

int ntf_whom(ntf_t *ntf, const ntf_delivery_t *row, ntf_recipient_t *ret_recipient)
{
    if (row->person)
        return ntf_person_recipient(ntf->persons, row, ntf->arena, ret_recipient);
    int rc = ntf_store_recipient_for(ntf->store, row->event, row->party, row->above, ntf->arena, ret_recipient);
    bool is_other = !rc && row->kind == NTF_CONTACT_PING && ret_recipient->order != row->above + 1;
    return is_other ? CV_ENOTFOUND : rc;
}

int ntf_compose_to(ntf_t *ntf, ntf_delivery_t *row, const ntf_recipient_t *recipient)
{
    ntf_text_t text;
    cv_buf_t mail;
    ntf_text_init(&text);
    cv_buf_init(&mail, NTF_MAIL_MAX);
    int rc = row->kind == NTF_DIGEST ? s_digest(ntf, row, recipient, &text, &mail)
                                     : s_one(ntf, row, recipient, &text, &mail);
    if (!rc) {
        row->mail = cv_arena_str(ntf->arena, cv_buf_str(&mail));
        row->to = recipient->email;
        rc = row->mail.ptr ? CV_OK : CV_ENOMEM;
    }
    ntf_text_done(&text);
    cv_buf_done(&mail);
    return rc;
}

int ntf_compose(ntf_t *ntf, ntf_delivery_t *row)
{
    ntf_recipient_t recipient;
    int rc = ntf_whom(ntf, row, &recipient);
    return rc ? rc : ntf_compose_to(ntf, row, &recipient);
}

int ntf_headline_of(ntf_t *ntf, const ntf_delivery_t *row, cv_arena_t *arena, cv_str_t *ret_headline)
{
    const ntf_recipient_t nobody = {0};
    s_notice_t notice;
    s_begin(&notice, ntf, row, &nobody);
    notice.news.is_weekly = row->kind == NTF_DIGEST && cv_str_is(row->data, "weekly");
    int rc = row->kind == NTF_DIGEST ? CV_OK : s_news(&notice);
    if (rc == NTF_NOT_TOLD || rc == CV_EMALFORMED || rc == CV_ECORRUPT) /* it says so where the notice is made */
        return CV_ENOTFOUND;
    if (rc)
        return rc;
    json_t *view = ntf_view(&notice.context, &notice.news);
    if (!view)
        return CV_ENOMEM;
    *ret_headline = cv_arena_str(arena, cv_str(json_string_value(json_object_get(view, "headline"))));
    json_decref(view);
    return ret_headline->ptr ? CV_OK : CV_ENOMEM;
}
