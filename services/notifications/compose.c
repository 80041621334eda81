/* compose: from a delivery's row to the bytes of its message, in the recipient's language.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   whom     the delegation's contact, else the party's first recipient whose address can be used
 *   what     the record that the row keeps, with the event, names of places and of the own delegation as they are known now
 *   form     multipart/alternative: text, HTML, and the calendar part that the row says (events.c says which)
 */
#include "convene/zone.h"
#include "notifications/content/calendar.h"
#include "notifications/core.h"
#include "notifications/mail.h"
#include "notifications/notifications.h"

#include <string.h>

/* One notice while it is made. */
typedef struct {
    ntf_t *ntf;
    const ntf_delivery_t *row;
    ntf_context_t context;
    ntf_news_t news;
    ntf_ahead_t ahead;
    ntf_recipient_t recipient;
} s_notice_t;

/* The names a notice needs, of its own delegation. */
static int s_names(s_notice_t *notice, const cv_person_place_t *persons, size_t n)
{
    cv_arena_t *arena = notice->ntf->arena;
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

/* Names of the event's venue and of the party. NTF_NOT_TOLD: the party. */
static int s_names_of_places(s_notice_t *notice)
{
    ntf_context_t *context = &notice->context;
    cv_str_t venue = context->details ? context->details->event_details.venue : CV_STR_NONE;
    int rc = ntf_store_names_get(notice->ntf->store, venue, context->party, notice->ntf->arena, &context->venue_name,
                                 &context->party_name);
    return rc ? rc : context->party_name.ptr ? CV_OK : NTF_NOT_TOLD;
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
    return CV_OK;
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
        return rc ? rc : s_names(notice, notice->news.decided->persons, notice->news.decided->persons_n);
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

static int s_news(s_notice_t *notice)
{
    const ntf_delivery_t *row = notice->row;
    int rc = row->kind == NTF_EVENT_CHANGE ? s_change(notice)
             : row->kind == NTF_REMINDER   ? s_reminder(notice)
             : row->kind == NTF_SILENCE    ? s_procedure(notice, row->data)
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

/* *ret_method: NTF_CALENDAR_NONE where there is no part. */
static int s_calendar(s_notice_t *notice, cv_str_t description, cv_buf_t *out, int *ret_method)
{
    const ntf_context_t *context = &notice->context;
    int method;
    int64_t sent;
    *ret_method = NTF_CALENDAR_NONE;
    int rc = ntf_delivery_calendar(notice->ntf->reminders, notice->row->n, &method, &sent);
    if (rc || method == NTF_CALENDAR_NONE || !context->details)
        return rc;
    rc = ntf_calendar(
        &(ntf_calendar_t){
            .method = method,
            .event = context->details,
            .was = notice->news.was,
            .venue_name = context->venue_name,
            .zone_file = context->zone_file,
            .to_name = notice->recipient.name,
            .to_address = notice->recipient.email,
            .organizer = CV_STR("convene@" NTF_DOMAIN),
            .description = s_first_lines(description),
            .sent = sent,
            .time_ms = notice->row->time_ms,
        },
        out);
    if (!rc)
        *ret_method = method;
    return rc == CV_ENOTFOUND ? CV_OK : rc;
}

static int s_mail(s_notice_t *notice, const ntf_text_t *text, cv_buf_t *mail)
{
    cv_buf_t calendar;
    int method;
    cv_buf_init(&calendar, NTF_CALENDAR_MAX);
    int rc = s_calendar(notice, cv_buf_str(&text->body), &calendar, &method);
    if (!rc)
        rc = ntf_mail_write(
            &(ntf_mail_t){
                .id = notice->row->notice,
                .domain = CV_STR(NTF_DOMAIN),
                .time_ms = notice->row->time_ms,
                .to_name = notice->recipient.name,
                .to_address = notice->recipient.email,
                .language = ntf_language_code(notice->recipient.language),
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

int ntf_compose(ntf_t *ntf, ntf_delivery_t *row)
{
    s_notice_t notice = {.ntf = ntf, .row = row, .news = {.kind = row->kind}};
    int rc = ntf_store_recipient_for(ntf->store, row->event, row->party, ntf->arena, &notice.recipient);
    if (rc)
        return rc;
    notice.context = (ntf_context_t){
        .language = notice.recipient.language,
        .recipient = notice.recipient.name,
        .party = row->party,
        .event = row->event,
        .time_ms = row->time_ms,
        .notice = row->notice,
    };
    ntf_text_t text;
    cv_buf_t mail;
    ntf_text_init(&text);
    cv_buf_init(&mail, NTF_MAIL_MAX);
    rc = s_news(&notice);
    if (!rc)
        rc = ntf_text(&notice.context, &notice.news, &text);
    if (!rc)
        rc = s_mail(&notice, &text, &mail);
    if (!rc) {
        row->mail = cv_arena_str(ntf->arena, cv_buf_str(&mail));
        rc = row->mail.ptr ? CV_OK : CV_ENOMEM;
    }
    ntf_text_done(&text);
    cv_buf_done(&mail);
    return rc;
}
