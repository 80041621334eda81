/* page_seats: seats by event, and answers by party as tiles of equal size, never as a map.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/core_view.h"
#include "dashboard/page.h"

#include <stdlib.h>
#include <string.h>

static void s_put(cv_buf_t *buf, const char *html)
{
    cv_buf_put(buf, html, strlen(html));
}

static void s_put_seats(cv_buf_t *buf, const dash_page_t *page, const json_t *seats, const json_t *event)
{
    static const char *const numbers[] = {"capacity", "confirmed", "offered", "guaranteed_held",
                                          "free",     "waiting",   "pending", "online"};
    static const char *const answers[] = {"registered", "declined", "silent"};
    s_put(buf, "<tr><th scope=\"row\"><a href=\"/event/");
    dash_put_text(buf, dash_str(seats, "event"));
    cv_buf_printf(buf, "?lang=%s\">", dash_language_code(page->language));
    dash_put_text(buf, dash_str(event, "title"));
    s_put(buf, "</a></th>");
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        dash_put_number(buf, dash_int(seats, numbers[i]));
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
        dash_put_number(buf, dash_int(seats, answers[i]));
    s_put(buf, "<td>");
    dash_put_time(buf, dash_int(seats, "closes_ms"));
    s_put(buf, "</td></tr>\n");
}

void dash_part_seats(cv_buf_t *buf, const dash_page_t *page, const char *event)
{
    static const dash_word_t head[] = {DASH_W_event,      DASH_W_capacity,   DASH_W_confirmed, DASH_W_offered,
                                       DASH_W_guaranteed, DASH_W_free,       DASH_W_waiting,   DASH_W_under_review,
                                       DASH_W_online,     DASH_W_registered, DASH_W_declined,  DASH_W_silent,
                                       DASH_W_closes};
    size_t n, shown = 0;
    const json_t **rows = dash_sorted(dash_mirror_kind(page->mirror, "seats"), NULL, &n);
    dash_put_section(buf, page, "seats", DASH_W_seats);
    for (size_t i = 0; i < n; i++) {
        const char *id = dash_str(rows[i], "event");
        const json_t *of = dash_mirror_get(page->mirror, "event", id);
        if (event ? strcmp(event, id) != 0 : !dash_page_shows(page, of))
            continue;
        if (!shown++)
            dash_put_head(buf, page, head, sizeof(head) / sizeof(head[0]), DASH_W_seats);
        s_put_seats(buf, page, rows[i], of);
    }
    if (shown) {
        s_put(buf, "</tbody></table></div>");
    } else {
        s_put(buf, "<p>");
        dash_put_word(buf, page, DASH_W_no_seats);
        s_put(buf, "</p>");
    }
    free((void *)rows);
    dash_put_section_end(buf);
}

/* ---- answers ------------------------------------------------------------------------------------- */

typedef struct {
    int64_t registered, declined, withdrawn, silent;
} s_answers_t;

static bool s_invited(const json_t *event, const json_t *party)
{
    const json_t *audience = json_object_get(json_object_get(event, "registration"), "audience");
    bool invited = json_array_size(audience) == 0;
    for (size_t i = 0; i < json_array_size(audience); i++)
        invited |= strcmp(json_string_value(json_array_get(audience, i)), dash_str(party, "kind")) == 0;
    return invited;
}

static void s_count(const dash_page_t *page, const char *party, const char *event, s_answers_t *counts)
{
    char key[DASH_KEY_MAX];
    (void)snprintf(key, sizeof(key), "%s/%s", event, party);
    const char *answer = dash_str(dash_mirror_get(page->mirror, "answer", key), "answer");
    if (strcmp(answer, "registered") == 0)
        counts->registered++;
    else if (strcmp(answer, "declined") == 0)
        counts->declined++;
    else if (strcmp(answer, "withdrawn") == 0)
        counts->withdrawn++;
    else if (s_invited(dash_mirror_get(page->mirror, "event", event), dash_mirror_get(page->mirror, "party", party)))
        counts->silent++;
}

static s_answers_t s_answers_of(const dash_page_t *page, const char *party, const char *event)
{
    s_answers_t counts = {0};
    const char *key;
    json_t *seats;
    json_object_foreach((json_t *)dash_mirror_kind(page->mirror, "seats"), key, seats)
    {
        const char *status = dash_str(seats, "status");
        bool runs = strcmp(status, "open") == 0 || strcmp(status, "closed") == 0;
        if (event ? strcmp(event, key) == 0
                  : runs && dash_page_shows(page, dash_mirror_get(page->mirror, "event", key)))
            s_count(page, party, key, &counts);
    }
    return counts;
}

static void s_put_count(cv_buf_t *buf, const dash_page_t *page, const char *sign, dash_word_t word, int64_t n)
{
    if (!n)
        return;
    cv_buf_printf(buf, "<span class=\"c\"><span aria-hidden=\"true\">%s</span> ", sign);
    dash_put_word(buf, page, word);
    cv_buf_printf(buf, ": %lld</span>", (long long)n);
}

void dash_part_answers(cv_buf_t *buf, const dash_page_t *page, const char *event)
{
    size_t n;
    const json_t **rows = dash_sorted(dash_mirror_kind(page->mirror, "party"), "name", &n);
    dash_put_section(buf, page, "answers", DASH_W_answers);
    s_put(buf, "<p class=\"quiet\">");
    dash_put_word(buf, page, n ? DASH_W_answers_help : DASH_W_no_parties);
    s_put(buf, "</p><ul class=\"tiles\">");
    for (size_t i = 0; i < n; i++) {
        s_answers_t counts = s_answers_of(page, dash_str(rows[i], "code"), event);
        int64_t said = counts.registered + counts.declined + counts.withdrawn;
        if (said + counts.silent == 0)
            continue;
        cv_buf_printf(buf, "<li class=\"tile %s\"><strong>", counts.registered ? "yes" : counts.silent ? "open" : "no");
        dash_put_text(buf, dash_str(rows[i], "code"));
        s_put(buf, "</strong> <span class=\"who\">");
        dash_put_text(buf, dash_str(rows[i], "name"));
        s_put(buf, "</span>");
        s_put_count(buf, page, "✓", DASH_W_registered, counts.registered);
        s_put_count(buf, page, "✗", DASH_W_declined, counts.declined);
        s_put_count(buf, page, "↩", DASH_W_withdrawn, counts.withdrawn);
        s_put_count(buf, page, "…", DASH_W_silent, counts.silent);
        s_put(buf, "</li>\n");
    }
    s_put(buf, "</ul>");
    free((void *)rows);
    dash_put_section_end(buf);
}
