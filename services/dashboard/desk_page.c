/* desk_page: the pages of the desk as HTML: tables, without a script.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/core_view.h"
#include "dashboard/desk.h"
#include "dashboard/page.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE_MAX = 16 * 1024 * 1024 };

static void s_put(cv_buf_t *buf, const char *html)
{
    cv_buf_put(buf, html, strlen(html));
}

static dash_page_t s_words(const dash_desk_page_t *page)
{
    return (dash_page_t){.language = page->language, .dimension = "", .party = "", .year = ""};
}

static void s_put_top(cv_buf_t *buf, const dash_desk_page_t *page, const char *title, bool go_on)
{
    const dash_page_t words = s_words(page);
    cv_buf_init(buf, PAGE_MAX);
    cv_buf_printf(buf, "<!doctype html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\"><title>",
                  dash_language_code(page->language));
    dash_put_word(buf, &words, DASH_W_desk);
    s_put(buf, " - Convene</title><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
               "<meta name=\"color-scheme\" content=\"light dark\"><meta name=\"robots\" content=\"noindex\">"
               "<link rel=\"icon\" href=\"/desk/icon.svg\" type=\"image/svg+xml\">"
               "<link rel=\"stylesheet\" href=\"/desk/style.css\">");
    if (go_on)
        s_put(buf, "<meta http-equiv=\"refresh\" content=\"0; url=/desk\">");
    s_put(buf, "</head>\n<body><a class=\"skip\" href=\"#main\">");
    dash_put_word(buf, &words, DASH_W_skip);
    s_put(buf, "</a><header><p class=\"name\">Convene</p><p class=\"quiet\">");
    dash_put_word(buf, &words, DASH_W_desk);
    s_put(buf, "</p>");
    if (page->who) {
        s_put(buf, "<p>");
        dash_put_with(buf, &words, DASH_W_desk_as, page->who->name);
        if (page->who->party[0]) {
            s_put(buf, " (");
            dash_put_text(buf, page->who->party);
            s_put(buf, ")");
        }
        if (page->until_ms) {
            s_put(buf, ", ");
            dash_put_word(buf, &words, DASH_W_desk_until);
            s_put(buf, " ");
            dash_put_time(buf, page->until_ms);
        }
        s_put(buf, "</p><nav aria-label=\"");
        dash_put_word(buf, &words, DASH_W_pages);
        s_put(buf, "\"><a href=\"/desk\">");
        dash_put_word(buf, &words, DASH_W_desk_events);
        s_put(buf, "</a> <a href=\"/desk/plan\">");
        dash_put_word(buf, &words, DASH_W_desk_plan);
        s_put(buf, "</a>");
        if (page->until_ms) { /* who came by a proxy signs out there */
            s_put(buf, " <a href=\"/desk/out\">");
            dash_put_word(buf, &words, DASH_W_desk_out);
            s_put(buf, "</a>");
        }
        s_put(buf, "</nav>");
    }
    s_put(buf, "</header>\n<main id=\"main\" tabindex=\"-1\"><h1>");
    dash_put_text(buf, title);
    s_put(buf, "</h1>");
}

static dash_text_t *s_end(cv_buf_t *buf)
{
    s_put(buf, "</main></body></html>\n");
    return dash_text_of(buf);
}

static void s_put_table_end(cv_buf_t *buf)
{
    s_put(buf, "</tbody></table></div>");
}

/* The word of a code, else the code itself. */
static void s_put_code(cv_buf_t *buf, const dash_desk_page_t *page, const char *prefix, const char *code)
{
    const char *word = dash_word_of(page->language, prefix, code);
    dash_put_cell(buf, word ? word : code);
}

dash_text_t *dash_desk_page_note(const dash_desk_page_t *page, dash_word_t word, const char *more, bool go_on)
{
    cv_buf_t buf;
    const dash_page_t words = s_words(page);
    s_put_top(&buf, page, dash_word(page->language, word), go_on);
    if (*more) {
        s_put(&buf, "<p>");
        dash_put_text(&buf, more);
        s_put(&buf, "</p>");
    }
    if (go_on) {
        s_put(&buf, "<p><a href=\"/desk\">");
        dash_put_word(&buf, &words, DASH_W_desk_events);
        s_put(&buf, "</a></p>");
    } else if (!page->who && word != DASH_W_desk_proxy) {
        if (word == DASH_W_desk_used) {
            s_put(&buf, "<p><a href=\"/desk\">");
            dash_put_word(&buf, &words, DASH_W_desk_here);
            s_put(&buf, "</a></p>");
        }
        s_put(&buf, "<p><code>convene dashboard link --as NAME</code></p>");
    }
    return s_end(&buf);
}

dash_text_t *dash_desk_page_button(const dash_desk_page_t *page, const char *name, const char *link)
{
    cv_buf_t buf;
    const dash_page_t words = s_words(page);
    s_put_top(&buf, page, dash_word(page->language, DASH_W_desk), false);
    s_put(&buf, "<p>");
    dash_put_with(&buf, &words, DASH_W_desk_once, name);
    s_put(&buf, "</p><form action=\"/desk/enter\"><input type=\"hidden\" name=\"t\" value=\"");
    dash_put_text(&buf, link);
    s_put(&buf, "\"><button id=\"enter\">");
    dash_put_word(&buf, &words, DASH_W_desk_enter);
    s_put(&buf, "</button></form>");
    return s_end(&buf);
}

/* /desk/event/E[/P]; ids and codes of parties need no escapes in a path. */
static void s_put_link(cv_buf_t *buf, const char *event, const char *party, const char *text)
{
    s_put(buf, "<th scope=\"row\"><a href=\"/desk/event/");
    dash_put_text(buf, event);
    if (party) {
        s_put(buf, "/");
        dash_put_text(buf, party);
    }
    s_put(buf, "\">");
    dash_put_text(buf, text);
    s_put(buf, "</a></th>");
}

typedef struct {
    const char *by;
    const json_t *value;
} row_t;

static int s_compare(const void *a, const void *b)
{
    return strcmp(((const row_t *)a)->by, ((const row_t *)b)->by);
}

/* Sorted by a text field; free() it. NULL: out of memory. */
static row_t *s_sorted(const json_t *list, const char *field, size_t *ret_n)
{
    size_t n = json_array_size(list);
    row_t *rows = calloc(n + 1, sizeof(*rows));
    *ret_n = rows ? n : 0;
    for (size_t i = 0; rows && i < n; i++)
        rows[i] = (row_t){dash_str(json_array_get(list, i), field), json_array_get(list, i)};
    if (rows)
        qsort(rows, n, sizeof(*rows), s_compare);
    return rows;
}

dash_text_t *dash_desk_page_events(const dash_desk_page_t *page, const json_t *events)
{
    static const dash_word_t head[] = {DASH_W_event, DASH_W_title, DASH_W_dates, DASH_W_status};
    const dash_page_t words = s_words(page);
    cv_buf_t buf;
    size_t n;
    row_t *rows = s_sorted(events, "date_start", &n);
    s_put_top(&buf, page, dash_word(page->language, DASH_W_desk_events), false);
    dash_put_head(&buf, &words, head, sizeof(head) / sizeof(head[0]), DASH_W_desk_events);
    for (size_t i = 0; i < n; i++) {
        const json_t *event = rows[i].value;
        if (!json_object_get(event, "registration"))
            continue;
        s_put(&buf, "<tr>");
        s_put_link(&buf, dash_str(event, "event"), NULL, dash_str(event, "event"));
        dash_put_cell(&buf, dash_str(event, "title"));
        dash_put_cell(&buf, dash_str(event, "date_start"));
        s_put_code(&buf, page, "st_", dash_str(event, "status"));
        s_put(&buf, "</tr>\n");
    }
    free(rows);
    s_put_table_end(&buf);
    return s_end(&buf);
}

dash_text_t *dash_desk_page_plan(const dash_desk_page_t *page, const json_t *events, const json_t *releases)
{
    static const dash_word_t head[] = {DASH_W_event,  DASH_W_title,   DASH_W_dates,        DASH_W_place,
                                       DASH_W_status, DASH_W_version, DASH_W_desk_released};
    const dash_page_t words = s_words(page);
    cv_buf_t buf;
    size_t n;
    row_t *rows = s_sorted(events, "date_start", &n);
    s_put_top(&buf, page, dash_word(page->language, DASH_W_desk_plan), false);
    dash_put_head(&buf, &words, head, sizeof(head) / sizeof(head[0]), DASH_W_desk_plan);
    for (size_t i = 0; i < n; i++) {
        const json_t *event = rows[i].value;
        s_put(&buf, "<tr><th scope=\"row\">");
        dash_put_text(&buf, dash_str(event, "event"));
        s_put(&buf, "</th>");
        dash_put_cell(&buf, dash_str(event, "title"));
        dash_put_day(&buf, dash_str(event, "date_start"));
        dash_put_cell(&buf, dash_str(event, "city"));
        s_put_code(&buf, page, "st_", dash_str(event, "status"));
        dash_put_number(&buf, dash_int(event, "version"));
        dash_desk_put_released(&buf, page->language, releases, event);
        s_put(&buf, "</tr>\n");
    }
    free(rows);
    s_put_table_end(&buf);
    return s_end(&buf);
}

dash_text_t *dash_desk_page_parties(const dash_desk_page_t *page, const char *event, const json_t *delegations)
{
    static const dash_word_t head[] = {DASH_W_party,   DASH_W_answers, DASH_W_confirmed, DASH_W_offered,
                                       DASH_W_waiting, DASH_W_online,  DASH_W_withdrawn};
    static const char *const counts[] = {"confirmed", "offered", "waiting", "online", "withdrawn"};
    const dash_page_t words = s_words(page);
    cv_buf_t buf;
    size_t n;
    row_t *rows = s_sorted(delegations, "party", &n);
    s_put_top(&buf, page, event, false);
    dash_put_head(&buf, &words, head, sizeof(head) / sizeof(head[0]), DASH_W_answers);
    for (size_t i = 0; i < n; i++) {
        const char *party = dash_str(rows[i].value, "party");
        s_put(&buf, "<tr>");
        s_put_link(&buf, event, party, party);
        s_put_code(&buf, page, "", dash_str(rows[i].value, "answer"));
        for (size_t k = 0; k < sizeof(counts) / sizeof(counts[0]); k++)
            dash_put_number(&buf, dash_int(rows[i].value, counts[k]));
        s_put(&buf, "</tr>\n");
    }
    free(rows);
    s_put_table_end(&buf);
    return s_end(&buf);
}

dash_text_t *dash_desk_page_persons(const dash_desk_page_t *page, const char *event, const char *party,
                                    const json_t *contacts)
{
    static const dash_word_t head[] = {DASH_W_p_number, DASH_W_p_name, DASH_W_p_capacity, DASH_W_status,
                                       DASH_W_p_email};
    const dash_page_t words = s_words(page);
    cv_buf_t buf;
    char title[256];
    (void)snprintf(title, sizeof(title), "%s, %s", party, event);
    s_put_top(&buf, page, title, false);
    s_put(&buf, "<p class=\"quiet\">");
    dash_put_word(&buf, &words, DASH_W_desk_recorded);
    s_put(&buf, "</p>");
    dash_put_head(&buf, &words, head, sizeof(head) / sizeof(head[0]), DASH_W_persons);
    for (size_t i = 0; i < json_array_size(contacts); i++) {
        const json_t *persons = json_object_get(json_array_get(contacts, i), "persons");
        for (size_t k = 0; k < json_array_size(persons); k++) {
            const json_t *person = json_array_get(persons, k);
            s_put(&buf, "<tr>");
            dash_put_number(&buf, dash_int(person, "number"));
            s_put(&buf, "<th scope=\"row\">");
            dash_put_text(&buf, dash_str(person, "name"));
            s_put(&buf, "</th>");
            s_put_code(&buf, page, "cap_", dash_str(person, "capacity"));
            s_put_code(&buf, page, "", dash_str(person, "state"));
            dash_put_cell(&buf, dash_str(person, "email"));
            s_put(&buf, "</tr>\n");
        }
    }
    s_put_table_end(&buf);
    const json_t *contact = json_object_get(json_array_get(contacts, 0), "contact");
    if (contact) {
        s_put(&buf, "<p>");
        dash_put_word(&buf, &words, DASH_W_p_contact);
        s_put(&buf, ": ");
        dash_put_text(&buf, dash_str(contact, "name"));
        s_put(&buf, " ");
        dash_put_text(&buf, dash_str(contact, "email"));
        s_put(&buf, "</p>");
    }
    return s_end(&buf);
}
