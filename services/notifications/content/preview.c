/* preview: see preview.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/content/preview.h"

#include "convene/calendar.h"
#include "convene/zone.h"
#include "notifications/content/calendar.h"
#include "notifications/content/embedded.h"
#include "notifications/core.h"
#include "notifications/core_audience.h"
#include "notifications/core_escalate.h"
#include "notifications/core_remind.h"
#include "notifications/mail.h"
#include "notifications/ping.h"
#include "notifications/store.h"

#include <stdio.h>
#include <string.h>

static const char s_suffix[] = ".json", s_base[] = "base.json";
enum { NAME_OCTETS = 64, ARENA_MAX = 1024 * 1024 };

static const char *const s_anchors[NTF_ANCHORS_N] = {
    [NTF_ANCHOR_START] = "start",           [NTF_ANCHOR_REGISTRATION] = "registration",
    [NTF_ANCHOR_NOMINATION] = "nomination", [NTF_ANCHOR_CONFIRMATION] = "confirmation",
    [NTF_ANCHOR_SILENCE] = "silence",       [NTF_ANCHOR_REPORT] = "report",
};

static bool s_is_sample(const ntf_embedded_t *file)
{
    size_t len = strlen(file->name), suffix = sizeof(s_suffix) - 1;
    return len > suffix && strcmp(file->name + len - suffix, s_suffix) == 0 && strcmp(file->name, s_base) != 0;
}

cv_str_t ntf_sample(const char *name)
{
    char file_name[NAME_OCTETS];
    int len = snprintf(file_name, sizeof(file_name), "%s%s", name, s_suffix);
    for (const ntf_embedded_t *file = ntf_embedded; len > 0 && (size_t)len < sizeof(file_name) && file->name; file++) {
        if (strcmp(file->name, file_name) == 0)
            return (cv_str_t){(const char *)file->bytes, file->len};
    }
    return CV_STR_NONE;
}

const char *ntf_sample_name(size_t i)
{
    static char name[NAME_OCTETS];
    for (const ntf_embedded_t *file = ntf_embedded; file->name; file++) {
        if (s_is_sample(file) && i-- == 0) {
            (void)snprintf(name, sizeof(name), "%.*s", (int)(strlen(file->name) - sizeof(s_suffix) + 1), file->name);
            return name;
        }
    }
    return NULL;
}

/* Whether the records that the kind is made from are there. */
static bool s_whole(const ntf_sample_t *sample, const ntf_news_t *news, bool has_anchor)
{
    switch (news->kind) {
    case NTF_DECISION:
        return (news->decided || sample->context.is_replaced) && sample->context.details;
    case NTF_PROMOTION:
        return news->promoted && sample->context.details;
    case NTF_LAPSE:
        return news->lapsed && sample->context.details;
    case NTF_EVENT_CHANGE:
        return news->was && sample->context.details;
    case NTF_REMINDER:
        return has_anchor && (sample->context.details || news->procedure);
    case NTF_SILENCE:
        return news->procedure;
    case NTF_DIGEST:
        return news->decided && news->was && sample->context.details;
    case NTF_CONTACT_PING:
        return true;
    case NTF_OPENING:
        return sample->context.details && sample->context.details->has_registration;
    case NTF_UNSEEN:
        return has_anchor && sample->context.details;
    default:
        return false;
    }
}

static int s_mail(const ntf_sample_t *sample, const ntf_context_t *context, const ntf_news_t *news,
                  ntf_preview_t *preview)
{
    cv_buf_t calendar;
    int method = !sample->calendar                         ? NTF_CALENDAR_NONE
                 : strcmp(sample->calendar, "cancel") == 0 ? NTF_CALENDAR_CANCEL
                                                           : NTF_CALENDAR_REQUEST;
    cv_buf_init(&calendar, NTF_CALENDAR_MAX);
    int rc = CV_OK;
    if (method)
        rc = ntf_calendar(&(ntf_calendar_t){.method = method,
                                            .event = context->details,
                                            .was = news->was,
                                            .venue_name = context->venue_name,
                                            .zone_file = context->zone_file,
                                            .to_name = context->recipient,
                                            .to_address = sample->to_address,
                                            .organizer = CV_STR("convene@" CV_CALENDAR_DOMAIN),
                                            .description = cv_buf_str(&preview->text.inside),
                                            .time_ms = context->time_ms},
                          &calendar);
    if (!rc)
        rc = ntf_mail_write(&(ntf_mail_t){.id = context->notice,
                                          .domain = CV_STR(CV_CALENDAR_DOMAIN),
                                          .time_ms = context->time_ms,
                                          .to_name = context->recipient,
                                          .to_address = sample->to_address,
                                          .language = ntf_language_code(context->language),
                                          .subject = cv_buf_str(&preview->text.subject),
                                          .body = cv_buf_str(&preview->text.body),
                                          .html = cv_buf_str(&preview->text.html),
                                          .calendar = method ? cv_buf_str(&calendar) : CV_STR_NONE,
                                          .method = ntf_calendar_method(method)},
                            &preview->mail);
    cv_buf_done(&calendar);
    return rc;
}

/* Of a digest: the notices that its records make, each as it is in one. */
static int s_entries(const ntf_context_t *context, ntf_news_t *news, cv_arena_t *arena)
{
    static const int kinds[] = {NTF_DECISION, NTF_EVENT_CHANGE};
    enum { ENTRIES = sizeof(kinds) / sizeof(kinds[0]) };
    ntf_entry_t *entries = cv_arena_take(arena, ENTRIES * sizeof(*entries));
    ntf_context_t inside = *context;
    int rc = entries ? CV_OK : CV_ENOMEM;
    inside.inside = true;
    for (size_t i = 0; !rc && i < ENTRIES; i++) {
        ntf_news_t one = *news;
        ntf_text_t text;
        one.kind = kinds[i];
        ntf_text_init(&text);
        rc = ntf_text(&inside, &one, &text);
        entries[i] =
            (ntf_entry_t){cv_arena_str(arena, cv_buf_str(&text.subject)), cv_arena_str(arena, cv_buf_str(&text.body)),
                          cv_arena_str(arena, cv_buf_str(&text.html))};
        ntf_text_done(&text);
        if (!rc && (!entries[i].subject.ptr || !entries[i].text.ptr || !entries[i].html.ptr))
            rc = CV_ENOMEM;
    }
    news->entries = entries;
    news->entries_n = ENTRIES;
    return rc;
}

int ntf_preview(const ntf_sample_t *sample, ntf_preview_t *preview)
{
    ntf_context_t context = sample->context;
    ntf_news_t news = sample->news;
    ntf_ahead_t ahead = {.anchor = -1, .anchor_ms = sample->anchor_ms, .before_ms = sample->before_ms};
    context.has_calendar = sample->calendar != NULL;
    context.audience = ntf_audience_read(cv_audience_parse(cv_str(sample->audience)));
    ntf_text_init(&preview->text);
    cv_buf_init(&preview->mail, NTF_MAIL_MAX);
    for (int kind = NTF_DECISION; kind < NTF_KINDS_END; kind++) {
        if (sample->kind && strcmp(ntf_kind_name(kind), sample->kind) == 0)
            news.kind = kind;
    }
    for (int anchor = 0; anchor < NTF_ANCHORS_N; anchor++) {
        if (sample->anchor && strcmp(s_anchors[anchor], sample->anchor) == 0)
            ahead.anchor = anchor;
    }
    if (!s_whole(sample, &news, ahead.anchor >= 0))
        return CV_EINVAL;
    if (ahead.anchor >= 0 && !context.is_second) /* it leaves when it is due */
        context.time_ms = ahead.anchor_ms - ahead.before_ms;
    news.ahead = &ahead;
    news.order = news.order ? news.order : 1;
    news.until_ms = context.time_ms + NTF_PING_ANSWER_DEFAULT_MS;
    if (news.kind == NTF_UNSEEN) {
        news.until_ms = sample->anchor_ms;
        news.unseen = context.notice;
        news.why = NTF_WHY_DEAD;
    }
    if (news.was)
        news.changes = ntf_changes(news.was, context.details);
    cv_arena_t *arena = cv_arena_new(ARENA_MAX);
    cv_str_t file;
    if (!arena)
        return CV_ENOMEM;
    if (sample->zone.ptr && !cv_zone_read(arena, sample->zone, &file))
        context.zone_file = file;
    int rc = news.kind == NTF_DIGEST ? s_entries(&context, &news, arena) : CV_OK;
    if (!rc)
        rc = ntf_text(&context, &news, &preview->text);
    if (!rc)
        rc = s_mail(sample, &context, &news, preview);
    cv_arena_destroy(&arena);
    return rc;
}

void ntf_preview_done(ntf_preview_t *preview)
{
    ntf_text_done(&preview->text);
    cv_buf_done(&preview->mail);
}
