/* page: see page.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/page.h"

#include "convene/ids.h"
#include "dashboard/core_view.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE_MAX = 16 * 1024 * 1024, FILTERS_MAX = 64 };

/* ---- parts ----------------------------------------------------------------------------------- */

void dash_put_text(cv_buf_t *buf, const char *text)
{
    for (; *text; text++) {
        const char *with = *text == '&'   ? "&amp;"
                           : *text == '<' ? "&lt;"
                           : *text == '>' ? "&gt;"
                           : *text == '"' ? "&quot;"
                                          : NULL;
        if (with)
            cv_buf_put(buf, with, strlen(with));
        else
            cv_buf_put(buf, text, 1);
    }
}

static void s_put(cv_buf_t *buf, const char *html)
{
    cv_buf_put(buf, html, strlen(html));
}

void dash_put_word(cv_buf_t *buf, const dash_page_t *page, dash_word_t word)
{
    dash_put_text(buf, dash_word(page->language, word));
}

void dash_put_with(cv_buf_t *buf, const dash_page_t *page, dash_word_t word, const char *text)
{
    const char *pattern = dash_word(page->language, word), *hole = strstr(pattern, "{}");
    cv_buf_put(buf, pattern, hole ? (size_t)(hole - pattern) : strlen(pattern));
    if (hole) {
        dash_put_text(buf, text);
        s_put(buf, hole + 2);
    }
}

void dash_put_code(cv_buf_t *buf, const dash_page_t *page, const char *prefix, const char *code)
{
    const char *word = dash_word_of(page->language, prefix, code);
    if (word)
        dash_put_text(buf, word);
    for (; !word && *code; code++)
        dash_put_text(buf, *code == '_' ? " " : (char[]){*code, '\0'});
}

void dash_put_time(cv_buf_t *buf, int64_t ms)
{
    char text[CV_TIME_TEXT + 1];
    cv_time_text(ms, text);
    cv_buf_printf(buf, "<time datetime=\"%s\">%.10s %.5s UTC</time>", text, text, text + 11);
}

void dash_put_cell(cv_buf_t *buf, const char *text)
{
    s_put(buf, "<td>");
    dash_put_text(buf, text);
    s_put(buf, "</td>");
}

void dash_put_number(cv_buf_t *buf, int64_t number)
{
    cv_buf_printf(buf, "<td class=\"n\">%lld</td>", (long long)number);
}

void dash_put_day(cv_buf_t *buf, const char *text)
{
    s_put(buf, "<td class=\"d\">");
    dash_put_text(buf, text);
    s_put(buf, "</td>");
}

/* Whether numbers stand below this word. */
static bool s_is_number(dash_word_t word)
{
    static const dash_word_t numbers[] = {DASH_W_year,      DASH_W_planned,   DASH_W_in_registration, DASH_W_held,
                                          DASH_W_postponed, DASH_W_cancelled, DASH_W_total,           DASH_W_offered,
                                          DASH_W_capacity,  DASH_W_confirmed, DASH_W_under_review,    DASH_W_guaranteed,
                                          DASH_W_free,      DASH_W_waiting,   DASH_W_online,          DASH_W_registered,
                                          DASH_W_declined,  DASH_W_silent,    DASH_W_version,         DASH_W_done};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (numbers[i] == word)
            return true;
    return false;
}

void dash_put_head(cv_buf_t *buf, const dash_page_t *page, const dash_word_t *words, size_t n, dash_word_t caption)
{
    s_put(buf, "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"");
    dash_put_word(buf, page, caption);
    s_put(buf, "\"><table><caption class=\"quiet\">");
    dash_put_word(buf, page, caption);
    s_put(buf, "</caption><thead><tr>");
    for (size_t i = 0; i < n; i++) {
        s_put(buf, s_is_number(words[i]) ? "<th scope=\"col\" class=\"n\">" : "<th scope=\"col\">");
        dash_put_word(buf, page, words[i]);
        s_put(buf, "</th>");
    }
    s_put(buf, "</tr></thead><tbody>\n");
}

void dash_put_section(cv_buf_t *buf, const dash_page_t *page, const char *id, dash_word_t title)
{
    cv_buf_printf(buf, "<section id=\"%s\" aria-labelledby=\"h-%s\"><h2 id=\"h-%s\">", id, id, id);
    dash_put_word(buf, page, title);
    cv_buf_printf(buf, "</h2><div class=\"view\" data-view=\"%s\">\n", id);
}

void dash_put_section_end(cv_buf_t *buf)
{
    s_put(buf, "</div></section>\n");
}

/* qsort has no argument for the comparison: what is compared is put beside each value. */
typedef struct {
    const char *by;
    const json_t *value;
} sorted_t;

static int s_compare(const void *a, const void *b)
{
    return strcmp(((const sorted_t *)a)->by, ((const sorted_t *)b)->by);
}

const json_t **dash_sorted(const json_t *kind, const char *field, size_t *ret_n)
{
    size_t n = 0, size = json_object_size(kind);
    sorted_t *rows = calloc(size + 1, sizeof(*rows));
    const json_t **values = calloc(size + 1, sizeof(*values));
    const char *key;
    json_t *value;
    *ret_n = 0;
    if (!rows || !values) {
        free(rows);
        free(values);
        return NULL;
    }
    json_object_foreach((json_t *)kind, key, value)
    {
        rows[n++] = (sorted_t){field ? dash_str(value, field) : key, value};
    }
    qsort(rows, n, sizeof(*rows), s_compare);
    for (size_t i = 0; i < n; i++)
        values[i] = rows[i].value;
    free(rows);
    *ret_n = n;
    return values;
}

bool dash_page_shows(const dash_page_t *page, const json_t *event)
{
    char year[24];
    (void)snprintf(year, sizeof(year), "%lld", (long long)dash_int(event, "plan_year"));
    return (!*page->dimension || strcmp(page->dimension, dash_str(event, "dimension")) == 0) &&
           (!*page->party || strcmp(page->party, dash_str(event, "proposer")) == 0) &&
           (!*page->year || strcmp(page->year, year) == 0);
}

bool dash_page_is_filtered(const dash_page_t *page)
{
    return *page->dimension || *page->party || *page->year;
}

/* ---- the frame --------------------------------------------------------------------------------- */

/* For the script: JSON within a page must not end the element. */
static void s_put_boot(cv_buf_t *buf, const dash_page_t *page, const char *event)
{
    json_t *boot =
        json_pack("{s:s, s:o}", "lang", dash_language_code(page->language), "words", dash_words(page->language));
    if (event)
        json_object_set_new(boot, "event", json_string(event));
    char *text = boot ? json_dumps(boot, JSON_COMPACT) : NULL;
    s_put(buf, "<script type=\"application/json\" id=\"boot\">");
    for (const char *c = text ? text : "{}"; *c; c++)
        if (*c == '<')
            s_put(buf, "\\u003c");
        else
            cv_buf_put(buf, c, 1);
    s_put(buf, "</script>\n");
    free(text);
    json_decref(boot);
}

/* "&NAME=VALUE" for an address within an attribute; nothing where there is no value. */
static void s_put_parameter(cv_buf_t *buf, const char *name, const char *value)
{
    if (*value)
        cv_buf_printf(buf, "&amp;%s=", name);
    for (; *value; value++)
        if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.", *value))
            cv_buf_put(buf, value, 1);
        else
            cv_buf_printf(buf, "%%%02X", (unsigned char)*value);
}

static void s_put_languages(cv_buf_t *buf, const dash_page_t *page)
{
    static const char *const names[DASH_LANGUAGES] = {"English", "Русский"};
    for (int i = 0; i < DASH_LANGUAGES; i++) {
        const char *code = dash_language_code((dash_language_t)i);
        cv_buf_printf(buf, "<a href=\"?lang=%s", code);
        s_put_parameter(buf, "dimension", page->dimension);
        s_put_parameter(buf, "party", page->party);
        s_put_parameter(buf, "year", page->year);
        cv_buf_printf(buf, "\" lang=\"%s\" hreflang=\"%s\" class=\"lang\"%s>%s</a> ", code, code,
                      i == (int)page->language ? " aria-current=\"true\"" : "", names[i]);
    }
}

/* The calendar of what is shown, where there is one of just that. */
static void s_put_calendar(cv_buf_t *buf, const dash_page_t *page, const char *event)
{
    bool dimension_alone =
        *page->dimension && !*page->party && !*page->year && dash_mirror_get(page->mirror, "heading", page->dimension);
    s_put(buf, event ? "/calendar/event/" : dimension_alone ? "/calendar/dimension/" : "/calendar");
    dash_put_text(buf, event ? event : dimension_alone ? page->dimension : "");
    s_put(buf, ".ics");
}

static void s_put_top(cv_buf_t *buf, const dash_page_t *page, const char *event, const char *title)
{
    char now[CV_TIME_TEXT + 1];
    cv_time_text(page->now_ms, now);
    cv_buf_printf(buf, "<!doctype html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\"><title>",
                  dash_language_code(page->language));
    if (title) {
        dash_put_text(buf, title);
        s_put(buf, " - ");
    }
    s_put(
        buf,
        "Convene</title><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
        "<meta name=\"color-scheme\" content=\"light dark\"><link rel=\"icon\" href=\"/icon.svg\" "
        "type=\"image/svg+xml\">"
        "<link rel=\"stylesheet\" href=\"/style.css\"><script type=\"module\" src=\"/app.js\"></script></head>\n<body>"
        "<a class=\"skip\" href=\"#main\">");
    dash_put_word(buf, page, DASH_W_skip);
    s_put(buf, "</a><header><p class=\"name\">Convene</p><p class=\"quiet\">");
    dash_put_word(buf, page, DASH_W_public_view);
    s_put(buf, "</p><nav aria-label=\"");
    dash_put_word(buf, page, DASH_W_pages);
    s_put(buf, "\">");
    s_put_languages(buf, page);
    s_put(buf, "<a href=\"");
    s_put_calendar(buf, page, event);
    s_put(buf, "\">");
    dash_put_word(buf, page, DASH_W_calendar);
    s_put(buf, "</a> <a href=\"/api/view\">");
    dash_put_word(buf, page, DASH_W_data);
    s_put(buf, "</a></nav></header>\n<section class=\"bar\" aria-label=\"");
    dash_put_word(buf, page, DASH_W_connection);
    s_put(buf, "\"><p id=\"state\">");
    cv_buf_t time;
    cv_buf_init(&time, 64);
    cv_buf_printf(&time, "%.10s %.8s UTC", now, now + 11);
    cv_buf_put(&time, "", 1);
    dash_put_with(buf, page, DASH_W_as_of, time.rc ? "" : (const char *)time.ptr);
    cv_buf_done(&time);
    s_put(buf, "</p><noscript><p>");
    dash_put_word(buf, page, DASH_W_reload);
    s_put(buf, "</p></noscript><button id=\"pause\" type=\"button\" hidden>");
    dash_put_word(buf, page, DASH_W_pause);
    s_put(buf, "</button></section>\n<main id=\"main\" tabindex=\"-1\">");
    s_put_boot(buf, page, event);
    if (!dash_mirror_is_whole(page->mirror)) {
        s_put(buf, "<p role=\"alert\">");
        dash_put_word(buf, page, DASH_W_not_ready);
        s_put(buf, "</p>");
    }
}

static void s_put_end(cv_buf_t *buf, const dash_page_t *page)
{
    s_put(buf, "</main>");
    dash_part_proof(buf, page);
    s_put(buf, "</body></html>\n");
}

static void s_put_option(cv_buf_t *buf, const char *value, const char *text, const char *chosen)
{
    s_put(buf, "<option value=\"");
    dash_put_text(buf, value);
    s_put(buf, strcmp(value, chosen) == 0 ? "\" selected>" : "\">");
    dash_put_text(buf, text);
    s_put(buf, "</option>");
}

static void s_put_select(cv_buf_t *buf, const dash_page_t *page, const char *name, dash_word_t label)
{
    cv_buf_printf(buf, "<span><label for=\"f-%s\">", name);
    dash_put_word(buf, page, label);
    cv_buf_printf(buf, "</label> <select id=\"f-%s\" name=\"%s\">", name, name);
    s_put_option(buf, "", dash_word(page->language, DASH_W_all), "");
}

/* On paper there is no form: what was chosen is said. */
static void s_put_chosen(cv_buf_t *buf, const dash_page_t *page)
{
    const struct {
        dash_word_t word;
        const char *value;
    } chosen[] = {{DASH_W_dimension, page->dimension}, {DASH_W_proposer, page->party}, {DASH_W_year, page->year}};
    if (!dash_page_is_filtered(page))
        return;
    s_put(buf, "<p class=\"chosen\">");
    for (size_t i = 0, n = 0; i < sizeof(chosen) / sizeof(chosen[0]); i++) {
        if (!*chosen[i].value)
            continue;
        s_put(buf, n++ ? ", " : "");
        dash_put_word(buf, page, chosen[i].word);
        s_put(buf, ": ");
        dash_put_text(buf, chosen[i].value);
    }
    s_put(buf, "</p>\n");
}

static void s_put_filters(cv_buf_t *buf, const dash_page_t *page)
{
    size_t n;
    const json_t **rows;
    json_t *seen = json_object();
    s_put(buf, "<form method=\"get\" class=\"filters\" aria-label=\"");
    dash_put_word(buf, page, DASH_W_filters);
    cv_buf_printf(buf, "\"><input type=\"hidden\" name=\"lang\" value=\"%s\">", dash_language_code(page->language));
    s_put_select(buf, page, "dimension", DASH_W_dimension);
    rows = dash_sorted(dash_mirror_kind(page->mirror, "heading"), NULL, &n);
    for (size_t i = 0; i < n; i++)
        if (strcmp(dash_str(rows[i], "level"), "dimension") == 0)
            s_put_option(buf, dash_str(rows[i], "code"), dash_str(rows[i], "name"), page->dimension);
    free((void *)rows);
    s_put(buf, "</select></span> ");
    s_put_select(buf, page, "party", DASH_W_proposer);
    rows = dash_sorted(dash_mirror_kind(page->mirror, "event"), "proposer", &n);
    for (size_t i = 0; i < n; i++) {
        const char *code = dash_str(rows[i], "proposer");
        const char *name = dash_str(dash_mirror_get(page->mirror, "party", code), "name");
        if (*code && !json_object_get(seen, code)) {
            json_object_set_new(seen, code, json_true());
            s_put_option(buf, code, *name ? name : code, page->party);
        }
    }
    free((void *)rows);
    s_put(buf, "</select></span> ");
    s_put_select(buf, page, "year", DASH_W_year);
    rows = dash_sorted(dash_mirror_kind(page->mirror, "event"), "date_start", &n);
    for (size_t i = 0; i < n; i++) {
        char year[24];
        (void)snprintf(year, sizeof(year), "%lld", (long long)dash_int(rows[i], "plan_year"));
        if (!json_object_get(seen, year)) {
            json_object_set_new(seen, year, json_true());
            s_put_option(buf, year, year, page->year);
        }
    }
    free((void *)rows);
    json_decref(seen);
    s_put(buf, "</select></span> <button type=\"submit\">");
    dash_put_word(buf, page, DASH_W_apply);
    s_put(buf, "</button></form>\n");
    s_put_chosen(buf, page);
}

dash_text_t *dash_page_main(const dash_page_t *page)
{
    cv_buf_t buf;
    cv_buf_init(&buf, PAGE_MAX);
    s_put_top(&buf, page, NULL, dash_word(page->language, DASH_W_tagline));
    s_put(&buf, "<h1>");
    dash_put_word(&buf, page, DASH_W_tagline);
    s_put(&buf, "</h1>");
    s_put_filters(&buf, page);
    dash_part_now(&buf, page);
    dash_part_attention(&buf, page);
    dash_part_timeline(&buf, page);
    dash_part_changes(&buf, page);
    dash_part_progress(&buf, page);
    dash_part_seats(&buf, page, NULL);
    dash_part_answers(&buf, page, NULL);
    dash_part_silence(&buf, page);
    dash_part_work(&buf, page);
    dash_part_feed(&buf, page);
    s_put_end(&buf, page);
    return dash_text_of(&buf);
}

/* ---- one event ---------------------------------------------------------------------------------- */

static void s_put_fact(cv_buf_t *buf, const dash_page_t *page, dash_word_t word, const char *text)
{
    s_put(buf, "<dt>");
    dash_put_word(buf, page, word);
    s_put(buf, "</dt><dd>");
    dash_put_text(buf, *text ? text : dash_word(page->language, DASH_W_not_public));
    s_put(buf, "</dd>");
}

/* Of a heading or party; its code where it has none. */
static const char *s_name_of(const dash_page_t *page, const char *kind, const char *code)
{
    const char *name = dash_str(dash_mirror_get(page->mirror, kind, code), "name");
    return *name ? name : code;
}

static void s_put_facts(cv_buf_t *buf, const dash_page_t *page, const json_t *event)
{
    char dates[64], place[512];
    const char *start = dash_str(event, "date_start"), *end = dash_str(event, "date_end"),
               *city = dash_str(event, "city"), *dimension = dash_str(event, "dimension");
    const char *status = dash_word_of(page->language, "st_", dash_str(event, "status"));
    bool days = *end && strcmp(start, end) != 0;
    (void)snprintf(dates, sizeof(dates), "%s%s%s", start, days ? " - " : "", days ? end : "");
    (void)snprintf(place, sizeof(place), "%s%s%s", city, *city ? ", " : "", dash_str(event, "country"));
    dash_put_section(buf, page, "facts", DASH_W_event);
    s_put(buf, "<dl class=\"facts\">");
    s_put_fact(buf, page, DASH_W_status, status ? status : dash_str(event, "status"));
    s_put_fact(buf, page, DASH_W_dates, dates);
    s_put_fact(buf, page, DASH_W_place,
               strcmp(dash_str(event, "format"), "online") == 0 ? dash_word(page->language, DASH_W_online) : place);
    s_put_fact(buf, page, DASH_W_dimension,
               *dimension ? s_name_of(page, "heading", dimension) : dash_word(page->language, DASH_W_none_dimension));
    s_put_fact(buf, page, DASH_W_proposer, s_name_of(page, "party", dash_str(event, "proposer")));
    s_put(buf, "</dl>");
    dash_put_section_end(buf);
}

static void s_put_history(cv_buf_t *buf, const dash_page_t *page, const json_t *event)
{
    static const dash_word_t head[] = {DASH_W_version, DASH_W_when,   DASH_W_status, DASH_W_dates,
                                       DASH_W_place,   DASH_W_change, DASH_W_reason};
    const json_t *history = json_object_get(event, "history");
    dash_put_section(buf, page, "history", DASH_W_history);
    dash_put_head(buf, page, head, sizeof(head) / sizeof(head[0]), DASH_W_history);
    for (size_t i = json_array_size(history); i-- > 0;) {
        const json_t *step = json_array_get(history, i), *changed = json_object_get(step, "changed");
        const char *status = dash_word_of(page->language, "st_", dash_str(step, "status"));
        s_put(buf, "<tr>");
        dash_put_number(buf, dash_int(step, "version"));
        s_put(buf, "<td>");
        dash_put_time(buf, dash_int(step, "at"));
        s_put(buf, "</td>");
        dash_put_cell(buf, status ? status : dash_str(step, "status"));
        dash_put_day(buf, dash_str(step, "date_start"));
        dash_put_cell(buf, dash_str(step, "city"));
        s_put(buf, "<td>");
        for (size_t k = 0; k < json_array_size(changed); k++) {
            s_put(buf, k ? ", " : "");
            dash_put_code(buf, page, "ch_", json_string_value(json_array_get(changed, k)));
        }
        s_put(buf, "</td>");
        dash_put_cell(buf, dash_str(step, "reason"));
        s_put(buf, "</tr>\n");
    }
    s_put(buf, "</tbody></table></div>");
    dash_put_section_end(buf);
}

dash_text_t *dash_page_event(const dash_page_t *page, const char *id, bool *ret_known)
{
    cv_buf_t buf;
    const json_t *event = dash_mirror_get(page->mirror, "event", id);
    cv_buf_init(&buf, PAGE_MAX);
    *ret_known = event != NULL;
    s_put_top(&buf, page, event ? id : NULL, event ? dash_str(event, "title") : id);
    cv_buf_printf(&buf, "<p><a href=\"/?lang=%s\">", dash_language_code(page->language));
    dash_put_word(&buf, page, DASH_W_back);
    s_put(&buf, "</a></p><h1>");
    if (event)
        dash_put_text(&buf, dash_str(event, "title"));
    else
        dash_put_with(&buf, page, DASH_W_unknown_event, id);
    s_put(&buf, "</h1>");
    if (event) {
        s_put(&buf, "<p class=\"quiet\">");
        dash_put_text(&buf, id);
        s_put(&buf, "</p>");
        s_put_facts(&buf, page, event);
        dash_part_programme(&buf, page, id);
        dash_part_seats(&buf, page, id);
        dash_part_answers(&buf, page, id);
        s_put_history(&buf, page, event);
    }
    s_put_end(&buf, page);
    return dash_text_of(&buf);
}
