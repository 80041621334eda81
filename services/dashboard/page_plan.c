/* page_plan: what changed in each plan between its last two releases.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Made by core_plan.h from what the releases hold; a plan that made one release, or none, has no section.
 */
#include "dashboard/core_view.h"
#include "dashboard/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void s_put(cv_buf_t *buf, const char *html)
{
    cv_buf_put(buf, html, strlen(html));
}

/* A status and a format in words, everything else as it is. */
static void s_put_value(cv_buf_t *buf, const dash_page_t *page, const json_t *row, const char *which)
{
    const char *value = dash_str(row, which), *word = NULL;
    if (strcmp(dash_str(row, "field"), "status") == 0)
        word = dash_word_of(page->language, "st_", value);
    else if (strcmp(dash_str(row, "field"), "format") == 0)
        word = dash_word_of(page->language, "fmt_", value);
    dash_put_cell(buf, word ? word : value);
}

static void s_put_row(cv_buf_t *buf, const dash_page_t *page, const json_t *row)
{
    const char *event = dash_str(row, "event"), *title = dash_str(row, "title"), *what = dash_str(row, "what");
    s_put(buf, "<tr><th scope=\"row\">");
    if (dash_mirror_get(page->mirror, "event", event)) {
        s_put(buf, "<a href=\"/event/");
        dash_put_text(buf, event);
        cv_buf_printf(buf, "?lang=%s\">", dash_language_code(page->language));
        dash_put_text(buf, *title ? title : event);
        s_put(buf, "</a>");
    } else {
        dash_put_text(buf, *title ? title : event);
    }
    s_put(buf, "</th><td>");
    if (strcmp(what, "added") == 0)
        dash_put_word(buf, page, DASH_W_plan_added);
    else if (strcmp(what, "removed") == 0)
        dash_put_word(buf, page, DASH_W_plan_removed);
    else
        dash_put_code(buf, page, "ch_", dash_str(row, "field"));
    s_put(buf, "</td>");
    s_put_value(buf, page, row, "before");
    s_put_value(buf, page, row, "after");
    s_put(buf, "</tr>\n");
}

static void s_put_plan(cv_buf_t *buf, const dash_page_t *page, const json_t *changes)
{
    static const dash_word_t head[] = {DASH_W_event, DASH_W_change, DASH_W_plan_before, DASH_W_plan_after};
    const json_t *rows = json_object_get(changes, "rows");
    char between[256];
    (void)snprintf(between, sizeof(between), "%s: %s \xe2\x86\x92 %s", dash_str(changes, "plan"),
                   dash_str(changes, "from"), dash_str(changes, "to"));
    s_put(buf, "<p class=\"quiet\">");
    dash_put_text(buf, between);
    s_put(buf, ", ");
    dash_put_time(buf, dash_int(changes, "at"));
    s_put(buf, "</p>");
    if (!json_array_size(rows)) {
        s_put(buf, "<p>");
        dash_put_word(buf, page, DASH_W_plan_same);
        s_put(buf, "</p>");
        return;
    }
    dash_put_head(buf, page, head, sizeof(head) / sizeof(head[0]), DASH_W_plan_changes);
    for (size_t i = 0; i < json_array_size(rows); i++)
        s_put_row(buf, page, json_array_get(rows, i));
    s_put(buf, "</tbody></table></div>");
}

void dash_part_changes(cv_buf_t *buf, const dash_page_t *page)
{
    size_t n, shown = 0, year = strlen(page->year);
    const json_t **plans = dash_sorted(dash_mirror_kind(page->mirror, "changes"), "plan", &n);
    for (size_t i = n; i-- > 0;) {
        if (strncmp(dash_str(plans[i], "plan"), page->year, year) != 0)
            continue;
        if (shown++ == 0)
            dash_put_section(buf, page, "changes", DASH_W_plan_changes);
        s_put_plan(buf, page, plans[i]);
    }
    if (shown)
        dash_put_section_end(buf);
    free((void *)plans);
}
