/* queries: what can be asked, and the state from which a follower can start.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   what        key                     gives                                            goes on after
 *   event       event                   its state now                                    -
 *   events      "" or filters           states in the order of ids                       event
 *   history     event                   every state it ever had, oldest first            version
 *   reports     "" or filters of events reports on those events                           event
 *   workitems   "" or filters           items of work                                    PLAN/ITEM
 *   programme   "" or event             sessions, cancelled ones too                     EVENT/SESSION
 *   session     EVENT/SESSION           every state it ever had, oldest first            version
 *   released    event                   sessions as its newest release has them          session
 *   releases    ""                      all releases, in the order of EVENT/NAME         EVENT/NAME
 *   rules       ""                      all rules as they are now                        rule
 *   parties, bodies, headings, venues, catalogues, coordinators, chairmanships, reviews, workplans, calendars, rooms
 *                                       in the order of codes (headings: dimensions first)   code
 *   versions    WHAT/CODE               every row of reference data ever put, oldest first   version
 *   turnout     event or event/party    what the parties answered, without names         party
 *   decision    decision                its state now                                    -
 *   decisions   "" or filters           states in the order of ids                       decision
 *   statements  decision                what members stated, oldest first                number
 *   plans       "" or filters           versions in the order of plans                   PLAN/VERSION
 *
 * Filters of events are joined by '&', each at most once: year=2025&status=open. Names: year, status, line, format,
 * dimension, area, body, proposer, country, venue, group. Of decisions: state, subject, about, year. Of plans:
 * plan, year, line, state, version. Of items of work: plan, party, state, overdue=yes. Everything here is public: plans
 * are no secret and no answer carries a person.
 */
#include "scheduling/queries.h"
#include <stdlib.h>
#include <string.h>

enum { DIGITS_MAX = 16 /* of a number in a key, or behind which a list goes on */ };

int sch_page_row(void *self, const sch_row_t *row)
{
    sch_page_t *page = self;
    int rc = sch_store_unpack(page->type, row->data, page->room);
    if (!rc)
        rc = cv_collect_put(page->collect, page->type, page->subject.ptr ? page->subject : row->key, row->at_ms,
                            page->room);
    return rc ? rc : cv_str_copy(row->key, page->last, sizeof page->last);
}

static int collect_turnout(void *self, const sch_turnout_t *turnout)
{
    sch_page_t *page = self;
    int rc = cv_collect_put(page->collect, CV_MSG_REGISTRATION_DELEGATION_V1, turnout->event, 0, turnout);
    return rc ? rc : cv_str_copy(turnout->party, page->last, sizeof page->last);
}

int sch_page_end(sch_page_t *page, int rc)
{
    if (rc != CV_ELIMIT || !page->last[0])
        return rc;
    cv_collect_next(page->collect, cv_str(page->last));
    return CV_OK;
}

/* ---- filters ---------------------------------------------------------------------------- */

static int parse_year(cv_str_t text, int64_t *ret_year)
{
    char digits[5];
    if (text.len != 4 || cv_str_copy(text, digits, sizeof digits))
        return CV_EINVAL;
    char *end;
    long year = strtol(digits, &end, 10);
    if (*end || year <= 0)
        return CV_EINVAL;
    *ret_year = year;
    return CV_OK;
}

static int parse_event_filter(cv_str_t name, cv_str_t value, void *filter_of_events)
{
    sch_filter_t *filter = filter_of_events;
    const struct {
        const char *name;
        cv_str_t *text;
    } texts[] = {
        {"dimension", &filter->dimension}, {"area", &filter->area},       {"body", &filter->body},
        {"proposer", &filter->proposer},   {"country", &filter->country}, {"venue", &filter->venue},
        {"group", &filter->group},
    };
    if (!value.len)
        return CV_EINVAL;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; ++i) {
        if (!cv_str_is(name, texts[i].name))
            continue;
        if (texts[i].text->ptr)
            return CV_EINVAL;
        *texts[i].text = value;
        return CV_OK;
    }
    if (cv_str_is(name, "year"))
        return filter->plan_year ? CV_EINVAL : parse_year(value, &filter->plan_year);
    if (cv_str_is(name, "status") && !filter->status)
        return (filter->status = cv_event_status_parse(value)) ? CV_OK : CV_EINVAL;
    if (cv_str_is(name, "line") && !filter->line)
        return (filter->line = cv_plan_line_parse(value)) ? CV_OK : CV_EINVAL;
    if (cv_str_is(name, "format") && !filter->format)
        return (filter->format = cv_event_format_parse(value)) ? CV_OK : CV_EINVAL;
    return CV_EINVAL;
}

static int parse_decision_filter(cv_str_t name, cv_str_t value, void *filter_of_decisions)
{
    sch_decision_filter_t *filter = filter_of_decisions;
    if (cv_str_is(name, "state") && !filter->state)
        return (filter->state = cv_decision_state_parse(value)) ? CV_OK : CV_EINVAL;
    if (cv_str_is(name, "subject") && !filter->subject)
        return (filter->subject = cv_subject_kind_parse(value)) ? CV_OK : CV_EINVAL;
    if (cv_str_is(name, "about") && !filter->about.ptr && value.len)
        return (filter->about = value, CV_OK);
    if (cv_str_is(name, "year"))
        return filter->year ? CV_EINVAL : parse_year(value, &filter->year);
    return CV_EINVAL;
}

static int parse_plan_filter(cv_str_t name, cv_str_t value, void *filter_of_plans)
{
    sch_plan_filter_t *filter = filter_of_plans;
    if (cv_str_is(name, "plan") && !filter->plan.ptr && value.len)
        return (filter->plan = value, CV_OK);
    if (cv_str_is(name, "year"))
        return filter->year ? CV_EINVAL : parse_year(value, &filter->year);
    if (cv_str_is(name, "version") && !filter->version && value.len)
        return cv_str_digits(value, DIGITS_MAX, &filter->version);
    if (cv_str_is(name, "line") && !filter->line)
        return (filter->line = cv_plan_line_parse(value)) ? CV_OK : CV_EINVAL;
    if (cv_str_is(name, "state") && !filter->state)
        return (filter->state = cv_plan_state_parse(value)) ? CV_OK : CV_EINVAL;
    return CV_EINVAL;
}

static int parse_work_filter(cv_str_t name, cv_str_t value, void *filter_of_work)
{
    sch_work_filter_t *filter = filter_of_work;
    if (cv_str_is(name, "plan") && !filter->plan.ptr && value.len)
        return (filter->plan = value, CV_OK);
    if (cv_str_is(name, "party") && !filter->party.ptr && value.len)
        return (filter->party = value, CV_OK);
    if (cv_str_is(name, "state") && !filter->state)
        return (filter->state = cv_work_state_parse(value)) ? CV_OK : CV_EINVAL;
    if (cv_str_is(name, "overdue") && !filter->overdue)
        return (filter->overdue = cv_str_is(value, "yes")) ? CV_OK : CV_EINVAL;
    return CV_EINVAL;
}

/* "year=2025&status=open": parse() gets each name with its value. */
static int parse_filters(cv_str_t key, int (*parse)(cv_str_t name, cv_str_t value, void *filter), void *filter)
{
    const char *at = key.ptr, *end = key.ptr ? key.ptr + key.len : NULL;
    while (at < end) {
        const char *amp = memchr(at, '&', (size_t)(end - at));
        const char *stop = amp ? amp : end;
        const char *eq = memchr(at, '=', (size_t)(stop - at));
        if (!eq)
            return CV_EINVAL;
        int rc = parse((cv_str_t){at, (size_t)(eq - at)}, (cv_str_t){eq + 1, (size_t)(stop - eq - 1)}, filter);
        if (rc)
            return rc;
        at = amp ? amp + 1 : end;
    }
    return CV_OK;
}

/* ---- queries ---------------------------------------------------------------------------- */

static int query_event(sch_service_t *service, cv_tx_t *tx, cv_str_t key, sch_page_t *page)
{
    cv_scheduling_event_v1_t *event = &page->room->scheduling_event_v1;
    if (!key.ptr)
        return CV_EINVAL;
    int rc = sch_event_get(service->store, cv_tx_arena(tx), key, event);
    return rc ? rc : cv_collect_put(page->collect, CV_MSG_SCHEDULING_EVENT_V1, event->event, 0, event);
}

static int query_form(sch_service_t *service, cv_tx_t *tx, cv_str_t key, sch_page_t *page)
{
    cv_str_t data;
    if (!key.ptr)
        return CV_EINVAL;
    int rc = sch_ref_get(service->store, cv_tx_arena(tx), SCH_FORM, key, &data);
    if (!rc)
        rc = sch_store_unpack(CV_MSG_SCHEDULING_FORM_V1, data, page->room);
    return rc ? rc : cv_collect_put(page->collect, CV_MSG_SCHEDULING_FORM_V1, key, 0, page->room);
}

static int query_events(sch_service_t *service, const cv_log_query_v1_t *query, sch_page_t *page)
{
    sch_filter_t filter = {0};
    int rc = parse_filters(query->key, parse_event_filter, &filter);
    page->type = CV_MSG_SCHEDULING_EVENT_V1;
    return rc ? rc : sch_page_end(page, sch_event_walk(service->store, &filter, query->after, sch_page_row, page));
}

static int query_history(sch_service_t *service, cv_tx_t *tx, const cv_log_query_v1_t *query, sch_page_t *page)
{
    int64_t after;
    if (!query->key.ptr || cv_str_digits(query->after, DIGITS_MAX, &after))
        return CV_EINVAL;
    int rc = sch_event_get(service->store, cv_tx_arena(tx), query->key, &page->room->scheduling_event_v1);
    if (rc)
        return rc;
    page->type = CV_MSG_SCHEDULING_EVENT_V1;
    page->subject = query->key;
    return sch_page_end(page, sch_history_walk(service->store, query->key, after, sch_page_row, page));
}

static int query_turnout(sch_service_t *service, cv_tx_t *tx, const cv_log_query_v1_t *query, sch_page_t *page)
{
    cv_str_t event = query->key, party = CV_STR_NONE;
    if (!event.ptr)
        return CV_EINVAL;
    const char *slash = memchr(event.ptr, '/', event.len);
    if (slash) {
        party = (cv_str_t){slash + 1, event.len - (size_t)(slash - event.ptr) - 1};
        event.len = (size_t)(slash - event.ptr);
    }
    int rc = sch_event_get(service->store, cv_tx_arena(tx), event, &page->room->scheduling_event_v1);
    if (rc)
        return rc;
    if (!party.ptr)
        return sch_page_end(page, sch_turnout_walk(service->store, event, query->after, collect_turnout, page));
    rc = sch_ref_get(service->store, cv_tx_arena(tx), SCH_PARTY, party, NULL);
    if (rc)
        return rc;
    sch_turnout_t turnout; /* of a party that said nothing: answer none */
    rc = sch_turnout_get(service->store, event, party, &turnout);
    if (rc && rc != CV_ENOTFOUND)
        return rc;
    return collect_turnout(page, &turnout);
}

static int query_decision(sch_service_t *service, cv_tx_t *tx, cv_str_t key, sch_page_t *page)
{
    sch_decision_t *decision = &page->room->scheduling_decision_v1;
    if (!key.ptr)
        return CV_EINVAL;
    int rc = sch_decision_get(service->store, cv_tx_arena(tx), key, decision);
    return rc ? rc : cv_collect_put(page->collect, CV_MSG_SCHEDULING_DECISION_V1, decision->decision, 0, decision);
}

static int query_decisions(sch_service_t *service, const cv_log_query_v1_t *query, sch_page_t *page)
{
    sch_decision_filter_t filter = {0};
    int rc = parse_filters(query->key, parse_decision_filter, &filter);
    page->type = CV_MSG_SCHEDULING_DECISION_V1;
    return rc ? rc : sch_page_end(page, sch_decision_walk(service->store, &filter, query->after, sch_page_row, page));
}

static int query_statements(sch_service_t *service, cv_tx_t *tx, const cv_log_query_v1_t *query, sch_page_t *page)
{
    int64_t after;
    if (!query->key.ptr || cv_str_digits(query->after, DIGITS_MAX, &after))
        return CV_EINVAL;
    int rc = sch_decision_get(service->store, cv_tx_arena(tx), query->key, &page->room->scheduling_decision_v1);
    if (rc)
        return rc;
    page->type = CV_MSG_SCHEDULING_STATEMENT_V1;
    page->subject = query->key;
    return sch_page_end(page, sch_statement_walk(service->store, query->key, after, sch_page_row, page));
}

int sch_split(cv_str_t text, cv_str_t *ret_a, cv_str_t *ret_b)
{
    const char *slash = text.ptr ? memchr(text.ptr, '/', text.len) : NULL;
    if (text.ptr && !slash)
        return CV_EINVAL;
    *ret_a = slash ? (cv_str_t){text.ptr, (size_t)(slash - text.ptr)} : CV_STR_NONE;
    *ret_b = slash ? (cv_str_t){slash + 1, text.len - ret_a->len - 1} : CV_STR_NONE;
    return CV_OK;
}

/* A page of items of work: after is PLAN/ITEM. */
static int query_work(sch_service_t *service, const cv_log_query_v1_t *query, sch_page_t *page)
{
    sch_work_filter_t filter = {0};
    cv_str_t plan, item;
    int rc = sch_split(query->after, &plan, &item);
    if (!rc)
        rc = parse_filters(query->key, parse_work_filter, &filter);
    page->type = CV_MSG_SCHEDULING_WORKITEM_V1;
    return rc ? rc : sch_page_end(page, sch_work_walk(service->store, &filter, plan, item, sch_page_row, page));
}

typedef struct {
    sch_page_t *page;
    sch_store_t *store;
    cv_arena_t *arena;
} reports_t;

static int collect_report(void *self, const sch_row_t *row)
{
    reports_t *reports = self;
    sch_row_t report = *row;
    int rc = sch_ref_get(reports->store, reports->arena, SCH_REPORT, row->key, &report.data);
    return rc == CV_ENOTFOUND ? CV_OK : rc ? rc : sch_page_row(reports->page, &report);
}

/* Reports of events: the filters are those of events. */
static int query_reports(sch_service_t *service, cv_tx_t *tx, const cv_log_query_v1_t *query, sch_page_t *page)
{
    sch_filter_t filter = {0};
    reports_t reports = {page, service->store, cv_tx_arena(tx)};
    int rc = parse_filters(query->key, parse_event_filter, &filter);
    page->type = CV_MSG_SCHEDULING_REPORT_V1;
    return rc ? rc
              : sch_page_end(page, sch_event_walk(service->store, &filter, query->after, collect_report, &reports));
}

/* after is PLAN/VERSION. */
static int query_plans(sch_service_t *service, const cv_log_query_v1_t *query, sch_page_t *page)
{
    sch_plan_filter_t filter = {0};
    cv_str_t plan, number;
    int64_t version;
    if (sch_split(query->after, &plan, &number) || cv_str_digits(number, DIGITS_MAX, &version))
        return CV_EINVAL;
    int rc = parse_filters(query->key, parse_plan_filter, &filter);
    page->type = CV_MSG_SCHEDULING_PLAN_V1;
    return rc ? rc : sch_page_end(page, sch_plan_walk(service->store, &filter, plan, version, sch_page_row, page));
}

static const struct {
    const char *what;
    sch_ref_t ref;
    uint16_t type;
} REFS[] = {
    {"parties", SCH_PARTY, CV_MSG_SCHEDULING_PARTY_V1},
    {"bodies", SCH_BODY, CV_MSG_SCHEDULING_BODY_V1},
    {"headings", SCH_HEADING, CV_MSG_SCHEDULING_HEADING_V1},
    {"venues", SCH_VENUE, CV_MSG_SCHEDULING_VENUE_V1},
    {"catalogues", SCH_CATALOGUE, CV_MSG_SCHEDULING_CATALOGUE_V1},
    {"coordinators", SCH_COORDINATOR, CV_MSG_SCHEDULING_COORDINATOR_V1},
    {"chairmanships", SCH_CHAIRMANSHIP, CV_MSG_SCHEDULING_CHAIRMANSHIP_V1},
    {"reviews", SCH_REVIEW, CV_MSG_SCHEDULING_REVIEW_V1},
    {"workplans", SCH_WORKPLAN, CV_MSG_SCHEDULING_WORKPLAN_V1},
    {"reports", SCH_REPORT, CV_MSG_SCHEDULING_REPORT_V1},
    {"calendars", SCH_CALENDAR, CV_MSG_SCHEDULING_CALENDAR_V1},
    {"forms", SCH_FORM, CV_MSG_SCHEDULING_FORM_V1},
    {"rooms", SCH_ROOM, CV_MSG_SCHEDULING_ROOM_V1},
    {"rules", SCH_RULE, CV_MSG_SCHEDULING_RULE_V1},
    {"releases", SCH_RELEASE, CV_MSG_SCHEDULING_RELEASE_V1},
};
#define REFS_N (sizeof REFS / sizeof *REFS)

/* key is WHAT/CODE: "parties/KZ". */
static int query_versions(sch_service_t *service, cv_tx_t *tx, const cv_log_query_v1_t *query, sch_page_t *page)
{
    cv_str_t what, code;
    int64_t after;
    if (!query->key.ptr || sch_split(query->key, &what, &code) || cv_str_digits(query->after, DIGITS_MAX, &after))
        return CV_EINVAL;
    for (size_t i = 0; i < REFS_N; ++i) {
        if (!cv_str_is(what, REFS[i].what))
            continue;
        int rc = sch_ref_get(service->store, cv_tx_arena(tx), REFS[i].ref, code, NULL);
        if (rc)
            return rc;
        page->type = REFS[i].type;
        page->subject = code;
        return sch_page_end(page, sch_ref_versions(service->store, REFS[i].ref, code, after, sch_page_row, page));
    }
    return CV_EINVAL;
}

int sch_query(void *self, cv_tx_t *tx, const cv_log_query_v1_t *query, cv_collect_t *collect)
{
    sch_service_t *service = self;
    sch_page_t page = {.collect = collect, .room = cv_arena_take(cv_tx_arena(tx), sizeof(cv_any_t))};
    if (!page.room)
        return CV_ENOMEM;
    if (cv_str_is(query->what, "event"))
        return query_event(service, tx, query->key, &page);
    if (cv_str_is(query->what, "form"))
        return query_form(service, tx, query->key, &page);
    if (cv_str_is(query->what, "events"))
        return query_events(service, query, &page);
    if (cv_str_is(query->what, "history"))
        return query_history(service, tx, query, &page);
    if (cv_str_is(query->what, "turnout"))
        return query_turnout(service, tx, query, &page);
    if (cv_str_is(query->what, "decision"))
        return query_decision(service, tx, query->key, &page);
    if (cv_str_is(query->what, "decisions"))
        return query_decisions(service, query, &page);
    if (cv_str_is(query->what, "reports"))
        return query_reports(service, tx, query, &page);
    if (cv_str_is(query->what, "workitems"))
        return query_work(service, query, &page);
    if (cv_str_is(query->what, "versions"))
        return query_versions(service, tx, query, &page);
    if (cv_str_is(query->what, "plans"))
        return query_plans(service, query, &page);
    if (cv_str_is(query->what, "statements"))
        return query_statements(service, tx, query, &page);
    int rc = sch_query_programme(service, tx, query, &page);
    if (rc != CV_EUNKNOWN)
        return rc;
    for (size_t i = 0; i < REFS_N; ++i) {
        if (!cv_str_is(query->what, REFS[i].what))
            continue;
        page.type = REFS[i].type;
        return sch_page_end(&page, sch_ref_walk(service->store, REFS[i].ref, query->after, sch_page_row, &page));
    }
    return CV_EINVAL;
}

int sch_snapshot(void *self, cv_tx_t *tx, unsigned stream, cv_collect_t *collect)
{
    sch_service_t *service = self;
    const sch_filter_t all = {0};
    const sch_decision_filter_t all_decisions = {0};
    const sch_plan_filter_t all_plans = {0};
    const sch_work_filter_t all_work = {0};
    sch_page_t page = {.collect = collect, .room = cv_arena_take(cv_tx_arena(tx), sizeof(cv_any_t))};
    if (!page.room)
        return CV_ENOMEM;
    if (stream != SCH_STREAM_EVENTS)
        return CV_EINVAL;
    int rc = CV_OK;
    for (size_t i = 0; !rc && i < REFS_N; ++i) {
        page.type = REFS[i].type;
        rc = sch_ref_walk(service->store, REFS[i].ref, CV_STR_NONE, sch_page_row, &page);
    }
    page.type = CV_MSG_SCHEDULING_EVENT_V1;
    if (!rc) /* behind the releases, and before what they are now */
        rc = sch_snapshot_plans(service, tx, &page);
    if (!rc)
        rc = sch_event_walk(service->store, &all, CV_STR_NONE, sch_page_row, &page);
    page.type = CV_MSG_SCHEDULING_DECISION_V1;
    if (!rc)
        rc = sch_decision_walk(service->store, &all_decisions, CV_STR_NONE, sch_page_row, &page);
    page.type = CV_MSG_SCHEDULING_STATEMENT_V1;
    if (!rc)
        rc = sch_statement_all(service->store, sch_page_row, &page);
    page.type = CV_MSG_SCHEDULING_PLAN_V1;
    if (!rc)
        rc = sch_plan_walk(service->store, &all_plans, CV_STR_NONE, 0, sch_page_row, &page);
    page.type = CV_MSG_SCHEDULING_WORKITEM_V1;
    if (!rc)
        rc = sch_work_walk(service->store, &all_work, CV_STR_NONE, CV_STR_NONE, sch_page_row, &page);
    page.type = CV_MSG_SCHEDULING_SESSION_V1;
    if (!rc) /* behind their releases, and before what they are now */
        rc = sch_released_older(service->store, sch_page_row, &page);
    return rc ? rc : sch_session_walk(service->store, CV_STR_NONE, CV_STR_NONE, CV_STR_NONE, sch_page_row, &page);
}
