/* page_parts: the sections of the page but those about seats.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/core_derive.h"
#include "dashboard/core_view.h"
#include "dashboard/page.h"

#include <stdlib.h>
#include <string.h>

enum { LEFT_MAX = 64, COMMAND_SHOWN = 100 /* octets; a longer command is folded */ };

static void s_put(cv_buf_t *buf, const char *html)
{
    cv_buf_put(buf, html, strlen(html));
}

static void s_put_nothing(cv_buf_t *buf, const dash_page_t *page, dash_word_t word)
{
    s_put(buf, "<p>");
    dash_put_word(buf, page, word);
    s_put(buf, "</p>");
}

static void s_end_table(cv_buf_t *buf)
{
    s_put(buf, "</tbody></table></div>");
}

static const json_t *s_all(const dash_page_t *page, const char *kind)
{
    return dash_mirror_get(page->mirror, kind, "all");
}

/* ---- now -------------------------------------------------------------------------------------- */

static void s_put_fact(cv_buf_t *buf, const dash_page_t *page, dash_word_t word, const char *text)
{
    s_put(buf, "<div><dt>");
    dash_put_word(buf, page, word);
    s_put(buf, "</dt><dd>");
    dash_put_text(buf, text);
    s_put(buf, "</dd></div>");
}

static void s_put_fact_number(cv_buf_t *buf, const dash_page_t *page, dash_word_t word, const json_t *now,
                              const char *name)
{
    char text[32];
    (void)snprintf(text, sizeof(text), "%lld", (long long)dash_int(now, name));
    s_put_fact(buf, page, word, text);
}

static void s_put_fact_time(cv_buf_t *buf, const dash_page_t *page, dash_word_t word, const json_t *now,
                            const char *name)
{
    s_put(buf, "<div><dt>");
    dash_put_word(buf, page, word);
    s_put(buf, "</dt><dd>");
    if (dash_int(now, name))
        dash_put_time(buf, dash_int(now, name));
    else
        dash_put_word(buf, page, DASH_W_nothing);
    s_put(buf, "</dd></div>");
}

void dash_part_now(cv_buf_t *buf, const dash_page_t *page)
{
    const json_t *now = s_all(page, "now");
    char services[64];
    dash_put_section(buf, page, "now", DASH_W_now);
    if (now) {
        (void)snprintf(services, sizeof(services), "%lld / %lld", (long long)dash_int(now, "services_up"),
                       (long long)dash_int(now, "services"));
        s_put(buf, "<dl class=\"numbers\">");
        s_put_fact(buf, page, DASH_W_services, services);
        s_put_fact_number(buf, page, DASH_W_lag, now, "lag");
        s_put_fact_number(buf, page, DASH_W_unsent, now, "unsent");
        s_put_fact_time(buf, page, DASH_W_oldest_unsent, now, "oldest_unsent_ms");
        s_put_fact_number(buf, page, DASH_W_failed, now, "failed");
        s_put_fact_number(buf, page, DASH_W_dead, now, "dead");
        s_put_fact_number(buf, page, DASH_W_events_open, now, "events_open");
        s_put_fact_number(buf, page, DASH_W_silences, now, "silences");
        s_put_fact_time(buf, page, DASH_W_newest, now, "newest_ms");
        s_put(buf, "</dl>");
    }
    dash_put_section_end(buf);
}

/* ---- attention, feed: sentences with holes ------------------------------------------------------ */

/* An event is a link to its page: by its title, or where many stand in a row by its id. False: there is no such event. */
static bool s_put_event_link(cv_buf_t *buf, const dash_page_t *page, const char *id, bool titles)
{
    const json_t *event = dash_mirror_get(page->mirror, "event", id);
    if (!event)
        return false;
    s_put(buf, "<a href=\"/event/");
    dash_put_text(buf, id);
    cv_buf_printf(buf, "?lang=%s\">", dash_language_code(page->language));
    dash_put_text(buf, titles && *dash_str(event, "title") ? dash_str(event, "title") : id);
    s_put(buf, "</a>");
    return true;
}

/* "{party} at {event}": each hole is a field of object; {} is its `about`. */
static void s_put_sentence(cv_buf_t *buf, const dash_page_t *page, const char *pattern, const json_t *object,
                           bool titles)
{
    while (*pattern) {
        size_t len = strcspn(pattern, "{");
        char name[32];
        cv_buf_put(buf, pattern, len);
        pattern += len;
        const char *end = strchr(pattern, '}');
        if (!end || cv_str_copy((cv_str_t){pattern + 1, (size_t)(end - pattern - 1)}, name, sizeof(name)))
            return;
        const json_t *value = json_object_get(object, *name ? name : "about");
        if (json_is_integer(value))
            cv_buf_printf(buf, "%lld", (long long)json_integer_value(value));
        else if (strcmp(name, "word") == 0)
            dash_put_code(buf, page,
                          strcmp(dash_str(object, "type"), "convene.scheduling.event.v1") == 0 ? "st_" : "v_",
                          dash_str(object, name));
        else if (json_is_string(value) && ((strcmp(name, "event") != 0 && strcmp(name, "about") != 0) ||
                                           !s_put_event_link(buf, page, json_string_value(value), titles)))
            dash_put_text(buf, json_string_value(value));
        pattern = end + 1;
    }
}

void dash_part_attention(cv_buf_t *buf, const dash_page_t *page)
{
    const json_t *list = s_all(page, "attention");
    dash_put_section(buf, page, "attention", DASH_W_attention);
    if (!json_array_size(list))
        s_put_nothing(buf, page, DASH_W_attention_none);
    else
        s_put(buf, "<ul class=\"attention\">");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *need = json_array_get(list, i);
        const char *pattern = dash_word_of(page->language, "need_", dash_str(need, "what"));
        s_put(buf, json_is_true(json_object_get(need, "grave")) ? "<li class=\"grave\">" : "<li>");
        s_put_sentence(buf, page, pattern ? pattern : "{about}", need, true);
        if (json_is_true(json_object_get(need, "releases")))
            dash_put_word(buf, page, DASH_W_need_releases);
        bool folded = strlen(dash_str(need, "command")) > COMMAND_SHOWN;
        s_put(buf, folded ? "<details><summary>" : "<br>");
        if (folded)
            dash_put_word(buf, page, DASH_W_command);
        s_put(buf, folded ? "</summary><code>" : "<code>");
        dash_put_text(buf, dash_str(need, "command"));
        s_put(buf, folded ? "</code></details></li>\n" : "</code></li>\n");
    }
    if (json_array_size(list))
        s_put(buf, "</ul>");
    dash_put_section_end(buf);
}

/* With filters: what is about an event that they show. */
static bool s_is_shown(const dash_page_t *page, const json_t *entry)
{
    const json_t *event = dash_mirror_get(page->mirror, "event", dash_str(entry, "event"));
    return !dash_page_is_filtered(page) || (event && dash_page_shows(page, event));
}

void dash_part_feed(cv_buf_t *buf, const dash_page_t *page)
{
    size_t n, shown = 0;
    const json_t **rows = dash_sorted(dash_mirror_kind(page->mirror, "feed"), NULL, &n);
    for (size_t i = 0; i < n; i++)
        if (s_is_shown(page, rows[i]))
            rows[shown++] = rows[i];
    n = shown;
    dash_put_section(buf, page, "feed", DASH_W_feed);
    if (!n)
        s_put_nothing(buf, page, DASH_W_feed_none);
    else
        cv_buf_printf(buf, "<ol class=\"feed\" tabindex=\"0\" aria-label=\"%s\">",
                      dash_word(page->language, DASH_W_feed));
    for (size_t i = n; i-- > 0;) {
        char what[64] = "";
        const char *type = dash_str(rows[i], "type"), *dot = strrchr(type, '.'), *start = dot;
        while (start && start > type && start[-1] != '.')
            start--;
        if (start)
            (void)!cv_str_copy((cv_str_t){start, (size_t)(dot - start)}, what, sizeof(what));
        const char *pattern = dash_word_of(page->language, "f_", what);
        s_put(buf, "<li>");
        dash_put_time(buf, dash_int(rows[i], "at"));
        s_put(buf, " ");
        s_put_sentence(buf, page, pattern ? pattern : "{type}", rows[i], false);
        s_put(buf, "</li>\n");
    }
    if (n)
        s_put(buf, "</ol>");
    free((void *)rows);
    dash_put_section_end(buf);
}

/* ---- timeline ----------------------------------------------------------------------------------- */

static void s_put_dates(cv_buf_t *buf, const dash_page_t *page, const json_t *event)
{
    const char *start = dash_str(event, "date_start"), *end = dash_str(event, "date_end");
    const json_t *moved = json_object_get(event, "moved");
    s_put(buf, "<td><span class=\"d\">");
    if (!*start)
        dash_put_word(buf, page, DASH_W_not_public);
    dash_put_text(buf, start);
    if (*end && strcmp(start, end) != 0) {
        s_put(buf, " -</span> <span class=\"d\">");
        dash_put_text(buf, end);
    }
    s_put(buf, "</span>");
    if (moved) {
        char from[256];
        (void)snprintf(from, sizeof(from), "%s%s%s", dash_str(moved, "date_start"),
                       *dash_str(moved, "city") ? ", " : "", dash_str(moved, "city"));
        s_put(buf, "<br><small>");
        dash_put_with(buf, page, DASH_W_moved_from, from);
        s_put(buf, "</small>");
    }
    s_put(buf, "</td>");
}

static void s_put_event(cv_buf_t *buf, const dash_page_t *page, const json_t *event)
{
    const char *id = dash_str(event, "event"), *city = dash_str(event, "city"),
               *dimension = dash_str(event, "dimension");
    const char *status = dash_word_of(page->language, "st_", dash_str(event, "status"));
    bool online = strcmp(dash_str(event, "format"), "online") == 0;
    s_put(buf, "<tr>");
    s_put_dates(buf, page, event);
    s_put(buf, "<th scope=\"row\"><a href=\"/event/");
    dash_put_text(buf, id);
    cv_buf_printf(buf, "?lang=%s\">", dash_language_code(page->language));
    dash_put_text(buf, dash_str(event, "title"));
    s_put(buf, "</a></th>");
    dash_put_cell(buf, *city ? city : dash_word(page->language, online ? DASH_W_online : DASH_W_not_public));
    const json_t *heading = dash_mirror_get(page->mirror, "heading", dimension);
    dash_put_cell(buf, heading      ? dash_str(heading, "name")
                       : *dimension ? dimension
                                    : dash_word(page->language, DASH_W_none_dimension));
    dash_put_cell(buf, *dash_str(event, "proposer") ? dash_str(event, "proposer")
                                                    : dash_word(page->language, DASH_W_not_public));
    dash_put_cell(buf, status ? status : dash_str(event, "status"));
    s_put(buf, "</tr>\n");
}

void dash_part_timeline(cv_buf_t *buf, const dash_page_t *page)
{
    static const dash_word_t head[] = {DASH_W_dates,     DASH_W_title,    DASH_W_place,
                                       DASH_W_dimension, DASH_W_proposer, DASH_W_status};
    size_t n, shown = 0;
    const json_t **rows = dash_sorted(dash_mirror_kind(page->mirror, "event"), "date_start", &n);
    dash_put_section(buf, page, "timeline", DASH_W_timeline);
    dash_put_head(buf, page, head, sizeof(head) / sizeof(head[0]), DASH_W_timeline);
    for (size_t i = 0; i < n; i++)
        if (dash_page_shows(page, rows[i])) {
            s_put_event(buf, page, rows[i]);
            shown++;
        }
    s_end_table(buf);
    if (!shown)
        s_put_nothing(buf, page, DASH_W_no_events);
    free((void *)rows);
    dash_put_section_end(buf);
}

/* ---- progress ------------------------------------------------------------------------------------ */

static void s_put_progress(cv_buf_t *buf, const dash_page_t *page, const json_t *list, const char *by,
                           dash_word_t first, dash_word_t caption)
{
    static const char *const columns[] = {"planned", "open", "held", "postponed", "cancelled", "total"};
    const dash_word_t head[] = {first,       DASH_W_year,      DASH_W_planned,   DASH_W_in_registration,
                                DASH_W_held, DASH_W_postponed, DASH_W_cancelled, DASH_W_total};
    dash_put_head(buf, page, head, sizeof(head) / sizeof(head[0]), caption);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *row = json_array_get(list, i),
                     *of = dash_mirror_get(page->mirror, first == DASH_W_dimension ? "heading" : "party",
                                           dash_str(row, "code"));
        const char *code = dash_str(row, "code"), *name = of ? dash_str(of, "name") : code;
        if (strcmp(dash_str(row, "by"), by) != 0)
            continue;
        s_put(buf, "<tr><th scope=\"row\">");
        dash_put_text(buf, *name ? name
                                 : dash_word(page->language,
                                             first == DASH_W_dimension ? DASH_W_none_dimension : DASH_W_not_public));
        s_put(buf, "</th>");
        dash_put_number(buf, dash_int(row, "year"));
        for (size_t k = 0; k < sizeof(columns) / sizeof(columns[0]); k++)
            dash_put_number(buf, dash_int(row, columns[k]));
        s_put(buf, "</tr>\n");
    }
    s_end_table(buf);
}

void dash_part_progress(cv_buf_t *buf, const dash_page_t *page)
{
    /* With filters it is that of the events they show. */
    json_t *shown = dash_page_is_filtered(page) ? json_object() : NULL, *event, *counted = NULL;
    const json_t *list = s_all(page, "progress");
    const char *key;
    if (shown) {
        json_object_foreach((json_t *)dash_mirror_kind(page->mirror, "event"), key, event)
        {
            if (dash_page_shows(page, event))
                json_object_set(shown, key, event);
        }
        list = counted = dash_derive_progress(shown);
    }
    dash_put_section(buf, page, "progress", DASH_W_progress);
    s_put_progress(buf, page, list, "dimension", DASH_W_dimension, DASH_W_by_dimension);
    s_put_progress(buf, page, list, "proposer", DASH_W_proposer, DASH_W_by_proposer);
    dash_put_section_end(buf);
    json_decref(counted);
    json_decref(shown);
}

/* ---- silence, work --------------------------------------------------------------------------------- */

/* "3 d 4 h", "12 min". */
static void s_left(const dash_page_t *page, int64_t left_ms, char ret_text[LEFT_MAX])
{
    int64_t minutes = left_ms / 60000, n[2] = {minutes / 1440, minutes / 60 % 24};
    dash_word_t words[2] = {DASH_W_days, DASH_W_hours};
    size_t len = 0;
    if (left_ms <= 0) {
        (void)snprintf(ret_text, LEFT_MAX, "%s", dash_word(page->language, DASH_W_over));
        return;
    }
    if (minutes < 60) {
        n[0] = minutes;
        n[1] = 0;
        words[0] = DASH_W_minutes;
    }
    ret_text[0] = '\0';
    for (int i = 0; i < 2; i++) {
        const char *pattern = dash_word(page->language, words[i]), *hole = strstr(pattern, "{}");
        if ((n[i] || (i == 0 && minutes < 60)) && len < LEFT_MAX)
            len +=
                (size_t)snprintf(ret_text + len, LEFT_MAX - len, "%s%lld%s", len ? " " : "", (long long)n[i], hole + 2);
    }
}

void dash_part_silence(cv_buf_t *buf, const dash_page_t *page)
{
    static const dash_word_t head[] = {DASH_W_decision, DASH_W_title, DASH_W_ends, DASH_W_left};
    size_t n, shown = 0;
    const json_t **rows = dash_sorted(dash_mirror_kind(page->mirror, "decision"), NULL, &n);
    dash_put_section(buf, page, "silence", DASH_W_silence);
    for (size_t i = 0; i < n; i++) {
        char left[LEFT_MAX];
        if (strcmp(dash_str(rows[i], "state"), "open") != 0)
            continue;
        if (!shown++)
            dash_put_head(buf, page, head, sizeof(head) / sizeof(head[0]), DASH_W_silence);
        s_put(buf, "<tr><th scope=\"row\">");
        dash_put_text(buf, dash_str(rows[i], "decision"));
        s_put(buf, "</th>");
        dash_put_cell(buf, dash_str(rows[i], "title"));
        s_put(buf, "<td>");
        dash_put_time(buf, dash_int(rows[i], "expires_ms"));
        if (*dash_str(rows[i], "expires_wall")) {
            s_put(buf, "<br><small>");
            dash_put_text(buf, dash_str(rows[i], "expires_wall"));
            s_put(buf, " ");
            dash_put_text(buf, dash_str(rows[i], "zone"));
            s_put(buf, "</small>");
        }
        s_put(buf, "</td>");
        s_left(page, dash_int(rows[i], "expires_ms") - page->now_ms, left);
        dash_put_cell(buf, left);
        s_put(buf, "</tr>\n");
    }
    if (shown)
        s_end_table(buf);
    else
        s_put_nothing(buf, page, DASH_W_no_silence);
    free((void *)rows);
    dash_put_section_end(buf);
}

/* "Road Map: done 2 / 5" for each plan that has items; what was dropped does not count. */
static void s_put_plans(cv_buf_t *buf, const dash_page_t *page)
{
    size_t n;
    const json_t **rows = dash_sorted(dash_mirror_kind(page->mirror, "workplan"), NULL, &n);
    s_put(buf, "<ul class=\"plans\">");
    for (size_t i = 0; i < n; i++) {
        const char *key, *name = dash_str(rows[i], "name");
        json_t *item;
        int64_t all = 0, done = 0;
        json_object_foreach((json_t *)dash_mirror_kind(page->mirror, "workitem"), key, item)
        {
            bool counts = strcmp(dash_str(item, "plan"), dash_str(rows[i], "code")) == 0 &&
                          strcmp(dash_str(item, "state"), "dropped") != 0;
            all += counts;
            done += counts && strcmp(dash_str(item, "state"), "done") == 0;
        }
        if (!all)
            continue;
        s_put(buf, "<li>");
        dash_put_text(buf, name);
        s_put(buf, ": ");
        dash_put_word(buf, page, DASH_W_w_done);
        cv_buf_printf(buf, " %lld / %lld <progress value=\"%lld\" max=\"%lld\" aria-label=\"", (long long)done,
                      (long long)all, (long long)done, (long long)all);
        dash_put_text(buf, name);
        s_put(buf, "\"></progress></li>\n");
    }
    s_put(buf, "</ul>");
    free((void *)rows);
}

void dash_part_work(cv_buf_t *buf, const dash_page_t *page)
{
    static const dash_word_t head[] = {DASH_W_item, DASH_W_title, DASH_W_owner, DASH_W_due, DASH_W_status, DASH_W_done};
    size_t n;
    const json_t **rows = dash_sorted(dash_mirror_kind(page->mirror, "workitem"), NULL, &n);
    dash_put_section(buf, page, "work", DASH_W_work);
    if (n)
        s_put_plans(buf, page);
    if (n)
        dash_put_head(buf, page, head, sizeof(head) / sizeof(head[0]), DASH_W_work);
    for (size_t i = 0; i < n; i++) {
        const char *unknown = dash_word(page->language, DASH_W_not_public), *owner = dash_str(rows[i], "owner"),
                   *due = dash_str(rows[i], "due");
        const char *state = dash_word_of(page->language, "w_", dash_str(rows[i], "state"));
        s_put(buf, "<tr><th scope=\"row\">");
        dash_put_text(buf, dash_str(rows[i], "plan"));
        s_put(buf, "/");
        dash_put_text(buf, dash_str(rows[i], "item"));
        s_put(buf, "</th>");
        dash_put_cell(buf, dash_str(rows[i], "title"));
        dash_put_cell(buf, *owner ? owner : *dash_str(rows[i], "party") ? dash_str(rows[i], "party") : unknown);
        dash_put_day(buf, *due ? due : unknown);
        dash_put_cell(buf, state ? state : dash_str(rows[i], "state"));
        cv_buf_printf(buf, "<td class=\"n\">%lld %%</td></tr>\n", (long long)dash_int(rows[i], "progress"));
    }
    if (n)
        s_end_table(buf);
    else
        s_put_nothing(buf, page, DASH_W_no_work);
    free((void *)rows);
    dash_put_section_end(buf);
}
