/* page_programme: an event's sessions in the order in which they begin, those without a time last.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is shown is the programme as it was released, or as it stands while it never was (core_release.h); beside it stands
 * which release was the newest. Times are
 * those of the place, as the record says them, with the zone where it is said; the element has the instant.
 */
#include "dashboard/core_view.h"
#include "dashboard/page.h"

#include "convene/ids.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void s_put(cv_buf_t *buf, const char *html)
{
    cv_buf_put(buf, html, strlen(html));
}

static int64_t s_begin(const json_t *session)
{
    int64_t begin_ms = dash_int(session, "begin_ms");
    return begin_ms ? begin_ms : INT64_MAX;
}

static int s_compare(const void *a, const void *b)
{
    const json_t *one = *(const json_t *const *)a, *other = *(const json_t *const *)b;
    int64_t x = s_begin(one), y = s_begin(other);
    return x != y ? (x < y ? -1 : 1) : strcmp(dash_str(one, "session"), dash_str(other, "session"));
}

/* The sessions of an event, in order; free() it. */
static const json_t **s_sessions(const dash_page_t *page, const char *event, size_t *ret_n)
{
    size_t n, kept = 0;
    const json_t **rows = dash_sorted(dash_mirror_kind(page->mirror, "session"), NULL, &n);
    for (size_t i = 0; i < n; i++)
        if (strcmp(dash_str(rows[i], "event"), event) == 0)
            rows[kept++] = rows[i];
    if (kept)
        qsort((void *)rows, kept, sizeof(*rows), s_compare);
    *ret_n = kept;
    return rows;
}

static void s_put_release(cv_buf_t *buf, const dash_page_t *page, const char *event)
{
    size_t n;
    const json_t **rows = dash_sorted(dash_mirror_kind(page->mirror, "release"), NULL, &n), *newest = NULL;
    for (size_t i = 0; i < n; i++)
        if (strcmp(dash_str(rows[i], "event"), event) == 0 &&
            (!newest || dash_int(rows[i], "number") > dash_int(newest, "number")))
            newest = rows[i];
    s_put(buf, "<p class=\"quiet\">");
    if (newest) {
        dash_put_with(buf, page, DASH_W_released, dash_str(newest, "release"));
        s_put(buf, ", ");
        dash_put_time(buf, dash_int(newest, "at_ms"));
    } else {
        dash_put_word(buf, page, DASH_W_not_released);
    }
    s_put(buf, "</p>");
    free((void *)rows);
}

static void s_put_when(cv_buf_t *buf, const dash_page_t *page, const json_t *session)
{
    char instant[CV_TIME_TEXT + 1];
    s_put(buf, "<td>");
    if (dash_int(session, "begin_ms")) {
        cv_time_text(dash_int(session, "begin_ms"), instant);
        cv_buf_printf(buf, "<time datetime=\"%s\">", instant);
        for (const char *c = dash_str(session, "start"); *c; c++) /* "2026-05-14T09:30" */
            dash_put_text(buf, (char[]){(char)(*c == 'T' ? ' ' : *c), '\0'});
        s_put(buf, "</time> <small>");
        dash_put_text(buf, dash_str(session, "zone"));
        s_put(buf, "</small>");
    } else {
        dash_put_word(buf, page, DASH_W_not_placed);
    }
    s_put(buf, "</td>");
}

static void s_put_where(cv_buf_t *buf, const dash_page_t *page, const json_t *session)
{
    char key[DASH_KEY_MAX];
    (void)snprintf(key, sizeof(key), "%s/%s", dash_str(session, "venue"), dash_str(session, "room"));
    const char *name = dash_str(dash_mirror_get(page->mirror, "room", key), "name");
    dash_put_cell(buf, *name ? name : dash_str(session, "room"));
}

static void s_put_state(cv_buf_t *buf, const dash_page_t *page, const json_t *session)
{
    bool cancelled = json_is_true(json_object_get(session, "cancelled"));
    s_put(buf, "<td>");
    if (cancelled)
        dash_put_word(buf, page, DASH_W_st_cancelled);
    else if (json_is_true(json_object_get(session, "tentative")))
        dash_put_word(buf, page, DASH_W_tentative);
    if (*dash_str(session, "reason")) {
        s_put(buf, "<br><small>");
        dash_put_text(buf, dash_str(session, "reason"));
        s_put(buf, "</small>");
    }
    s_put(buf, "</td>");
}

void dash_part_programme(cv_buf_t *buf, const dash_page_t *page, const char *event)
{
    static const dash_word_t head[] = {DASH_W_when, DASH_W_session, DASH_W_kind,
                                       DASH_W_room, DASH_W_status,  DASH_W_version};
    size_t n;
    const json_t **rows = s_sessions(page, event, &n);
    dash_put_section(buf, page, "programme", DASH_W_programme);
    if (n) {
        s_put_release(buf, page, event);
        dash_put_head(buf, page, head, sizeof(head) / sizeof(head[0]), DASH_W_programme);
    } else {
        s_put(buf, "<p>");
        dash_put_word(buf, page, DASH_W_no_programme);
        s_put(buf, "</p>");
    }
    for (size_t i = 0; i < n; i++) {
        const char *kind = dash_word_of(page->language, "k_", dash_str(rows[i], "kind"));
        s_put(buf, "<tr>");
        s_put_when(buf, page, rows[i]);
        s_put(buf, "<th scope=\"row\">");
        dash_put_text(buf, dash_str(rows[i], "title"));
        s_put(buf, "</th>");
        dash_put_cell(buf, kind ? kind : dash_str(rows[i], "kind"));
        s_put_where(buf, page, rows[i]);
        s_put_state(buf, page, rows[i]);
        dash_put_number(buf, dash_int(rows[i], "version"));
        s_put(buf, "</tr>\n");
    }
    if (n)
        s_put(buf, "</tbody></table></div>");
    free((void *)rows);
    dash_put_section_end(buf);
}
