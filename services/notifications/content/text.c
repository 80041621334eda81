/* text: from a view and the templates to subject, text and HTML.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/content/text.h"

#include "notifications/content/embedded.h"
#include "notifications/content/languages.h"
#include "notifications/content/mustache.h"
#include "notifications/mail.h"
#include "notifications/store.h"

#include <stdio.h>

enum { NAME_MAX_OCTETS = 64 };

static const char *const s_kinds[] = {
    [NTF_DECISION] = "decision", [NTF_PROMOTION] = "promotion",       [NTF_EVENT_CHANGE] = "event_change",
    [NTF_LAPSE] = "lapse",       [NTF_REMINDER] = "reminder",         [NTF_SILENCE] = "silence",
    [NTF_DIGEST] = "digest",     [NTF_CONTACT_PING] = "contact_ping", [NTF_UNSEEN] = "unseen",
    [NTF_OPENING] = "opening",
};

const char *ntf_kind_name(int kind)
{
    return s_kinds[kind];
}

cv_str_t ntf_language_code(cv_str_t wanted)
{
    return cv_str(ntf_language_of(wanted)->tag);
}

void ntf_text_init(ntf_text_t *text)
{
    cv_buf_init(&text->subject, NTF_SUBJECT_MAX);
    cv_buf_init(&text->body, NTF_TEXT_MAX);
    cv_buf_init(&text->html, NTF_HTML_MAX);
    cv_buf_init(&text->inside, NTF_TEXT_MAX);
}

void ntf_text_done(ntf_text_t *text)
{
    cv_buf_done(&text->subject);
    cv_buf_done(&text->body);
    cv_buf_done(&text->html);
    cv_buf_done(&text->inside);
}

/* ---- what templates are made with --------------------------------------------------------- */

typedef struct {
    const char *suffix; /* of partials: ".txt" */
    const ntf_words_t *words;
} s_self_t;

static cv_str_t s_template(cv_str_t name, const char *suffix)
{
    char file[NAME_MAX_OCTETS];
    int len = snprintf(file, sizeof(file), "%.*s%s", CV_STR_ARG(name), suffix);
    for (const ntf_embedded_t *one = ntf_embedded; len > 0 && (size_t)len < sizeof(file) && one->name; one++) {
        if (cv_str_is(cv_str(file), one->name))
            return (cv_str_t){(const char *)one->bytes, one->len};
    }
    return CV_STR_NONE;
}

static cv_str_t s_partial(void *self, cv_str_t name)
{
    return s_template(name, ((const s_self_t *)self)->suffix);
}

static cv_str_t s_translate(void *self, cv_str_t context, cv_str_t one, cv_str_t many, int64_t n)
{
    const s_self_t *own = self;
    return many.ptr ? ntf_words_form(own->words, one, many, n) : ntf_words_get(own->words, context, one);
}

static int s_render(const char *kind, const char *suffix, cv_str_t language, const json_t *view, cv_buf_t *out)
{
    s_self_t self = {.suffix = suffix, .words = ntf_language_of(language)->words};
    ntf_mustache_t options = {.self = &self, .partial = s_partial, .translate = s_translate};
    options.html = cv_str_is(cv_str(suffix), ".html");
    int rc = ntf_mustache(&options, s_template(cv_str(kind), suffix), view, out, NULL);
    return rc == CV_EMALFORMED || rc == CV_EINVAL ? CV_EINTERNAL : rc;
}

/* The longest titles make a subject that is cut between characters. */
static int s_subject(const json_t *view, cv_buf_t *subject)
{
    cv_str_t text = cv_str(json_string_value(json_object_get(view, "subject")));
    size_t end = 0;
    for (size_t at = 0; at < text.len && ntf_utf8_next(text, &at) >= 0 && at <= NTF_SUBJECT_MAX;)
        end = at;
    return cv_buf_put(subject, text.ptr, end);
}

/* The template: a person's is the same for every kind, with nothing of the delegation's in it. */
static const char *s_template_of(const ntf_context_t *context, const ntf_news_t *news)
{
    return context->person ? "person" : ntf_kind_name(news->kind);
}

int ntf_text(const ntf_context_t *context, const ntf_news_t *news, ntf_text_t *text)
{
    json_t *view = ntf_view(context, news);
    if (!view)
        return CV_ENOMEM;
    const char *kind = s_template_of(context, news);
    int rc = s_subject(view, &text->subject);
    if (!rc)
        rc = s_render(kind, ".txt", context->language, view, &text->body);
    if (!rc)
        rc = s_render(kind, ".html", context->language, view, &text->html);
    if (!rc && context->has_calendar)
        rc = json_object_set_new(view, "inside", json_true())
                 ? CV_ENOMEM
                 : s_render(kind, ".txt", context->language, view, &text->inside);
    json_decref(view);
    return rc;
}
