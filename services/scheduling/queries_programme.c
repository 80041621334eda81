/* queries_programme: what can be asked about programmes: their sessions, the history of one, and the rules.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "scheduling/queries.h"

enum { DIGITS_MAX = 16 };

/* key: an event, or nothing for all; after is EVENT/SESSION. */
static int query_programme(sch_service_t *service, cv_tx_t *tx, const cv_log_query_v1_t *query, sch_page_t *page)
{
    cv_str_t event, session;
    int rc = sch_split(query->after, &event, &session);
    if (!rc && query->key.ptr)
        rc = sch_event_get(service->store, cv_tx_arena(tx), query->key, &page->room->scheduling_event_v1);
    page->type = CV_MSG_SCHEDULING_SESSION_V1;
    return rc ? rc
              : sch_page_end(page, sch_session_walk(service->store, query->key, event, session, sch_page_row, page));
}

static int query_session(sch_service_t *service, cv_tx_t *tx, const cv_log_query_v1_t *query, sch_page_t *page)
{
    cv_str_t event, session;
    int64_t after;
    if (!query->key.ptr || sch_split(query->key, &event, &session) || cv_str_digits(query->after, DIGITS_MAX, &after))
        return CV_EINVAL;
    int rc = sch_session_get(service->store, cv_tx_arena(tx), event, session, &page->room->scheduling_session_v1);
    page->type = CV_MSG_SCHEDULING_SESSION_V1;
    page->subject = query->key;
    return rc ? rc : sch_page_end(page, sch_session_history(service->store, event, session, after, sch_page_row, page));
}

/* Sessions as the newest release of the event has them. */
static int query_released(sch_service_t *service, const cv_log_query_v1_t *query, sch_page_t *page)
{
    if (!query->key.ptr)
        return CV_EINVAL;
    page->type = CV_MSG_SCHEDULING_SESSION_V1;
    return sch_page_end(page, sch_released_walk(service->store, query->key, query->after, sch_page_row, page));
}

/* Rules as they are, changed or not, in the order of the tables; after is the last one that was seen. */
static int query_rules(sch_service_t *service, cv_tx_t *tx, const cv_log_query_v1_t *query, sch_page_t *page)
{
    sch_rules_t rules;
    bool skip = query->after.ptr != NULL;
    int rc = sch_load_rules(service, tx, &rules);
    for (int i = 0; !rc && i < SCH_ANNUAL_RULES_N + SCH_PROGRAMME_RULES_N; ++i) {
        const sch_rule_t *rule = i < SCH_ANNUAL_RULES_N ? &rules.annual[i] : &rules.programme[i - SCH_ANNUAL_RULES_N];
        const cv_scheduling_rule_v1_t record = sch_rule_record(rule);
        if (skip) {
            skip = !cv_str_equal(query->after, record.rule);
            continue;
        }
        rc = cv_collect_put(page->collect, CV_MSG_SCHEDULING_RULE_V1, record.rule, 0, &record);
        if (!rc)
            rc = cv_str_copy(record.rule, page->last, sizeof page->last);
    }
    return sch_page_end(page, rc);
}

int sch_query_programme(sch_service_t *service, cv_tx_t *tx, const cv_log_query_v1_t *query, sch_page_t *page)
{
    if (cv_str_is(query->what, "programme"))
        return query_programme(service, tx, query, page);
    if (cv_str_is(query->what, "session"))
        return query_session(service, tx, query, page);
    if (cv_str_is(query->what, "released"))
        return query_released(service, query, page);
    if (cv_str_is(query->what, "rules"))
        return query_rules(service, tx, query, page);
    return CV_EUNKNOWN;
}
