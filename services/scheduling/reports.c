/* reports: what came of events, and the yearly review of a dimension that they feed.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A report closes its event: the transaction that stores it takes the event from held to reported. It can be replaced
 * afterwards; every version is kept. A review is what a meeting concluded about a dimension's year; the numbers beside
 * it are counted from the events and reports at that instant, so a review that is put again after more reports came
 * says something else, and both stay.
 */
#include "scheduling/handlers.h"

#include <stdio.h>

static int unknown(cv_tx_t *tx, cv_outcome_t *out, const char *code, const char *field, const char *what, cv_str_t name)
{
    return cv_refuse_as(tx, out, CV_ENOTFOUND, code, field, "no %s %.*s", what, CV_STR_ARG(name));
}

int sch_put_report(sch_service_t *service, cv_tx_t *tx, const cv_report_t *report, cv_outcome_t *out)
{
    cv_scheduling_event_v1_t event;
    int rc = sch_event_get(service->store, cv_tx_arena(tx), report->event, &event);
    if (rc == CV_ENOTFOUND)
        return unknown(tx, out, "unknown_event", "data.event", "event", report->event);
    if (rc)
        return rc;
    if (event.status != CV_EVENT_STATUS_HELD && event.status != CV_EVENT_STATUS_REPORTED)
        return cv_refuse(tx, out, "not_held", "data.event", "%.*s is %s; a report is about an event that was held",
                         CV_STR_ARG(event.event), cv_event_status_text(event.status));
    rc = sch_put_ref(service, tx, SCH_REPORT, CV_MSG_SCHEDULING_REPORT_V1, report->event, CV_STR_NONE, CV_STR_NONE,
                     report, out);
    if (rc || event.status == CV_EVENT_STATUS_REPORTED)
        return rc;
    ++event.version;
    event.change = CV_EVENT_CHANGE_ADVANCED;
    event.status = CV_EVENT_STATUS_REPORTED;
    event.reason = CV_STR("its report is there");
    event.decision = CV_STR_NONE;
    event.changed_n = 1;
    event.changed[0] = CV_STR("status");
    return sch_write_version(service, tx, &event);
}

/* ---- review ------------------------------------------------------------------------------ */

typedef struct {
    sch_service_t *service;
    cv_arena_t *arena;
    cv_scheduling_review_v1_t *review;
    cv_report_t *report; /* room for one */
} count_t;

static int count_event(void *self, const sch_row_t *row)
{
    count_t *count = self;
    cv_scheduling_review_v1_t *review = count->review;
    cv_scheduling_event_v1_t event;
    cv_str_t data;
    int rc = sch_store_unpack(CV_MSG_SCHEDULING_EVENT_V1, row->data, &event);
    if (rc)
        return rc;
    ++review->events;
    if (event.status != CV_EVENT_STATUS_HELD && event.status != CV_EVENT_STATUS_REPORTED)
        return CV_OK;
    ++review->held;
    rc = sch_ref_get(count->service->store, count->arena, SCH_REPORT, row->key, &data);
    if (rc == CV_ENOTFOUND) {
        if (review->unreported_n == CV_SCHEDULING_REVIEW_V1_UNREPORTED_MAX)
            return CV_OK;
        cv_str_t id = cv_arena_str(count->arena, row->key);
        review->unreported[review->unreported_n++] = id;
        return id.ptr ? CV_OK : CV_ENOMEM;
    }
    if (!rc)
        rc = sch_store_unpack(CV_MSG_SCHEDULING_REPORT_V1, data, count->report);
    if (rc)
        return rc;
    ++review->reported;
    review->recommendations += (int64_t)count->report->recommendations_n;
    return CV_OK;
}

int sch_put_review(sch_service_t *service, cv_tx_t *tx, const cv_review_t *review, cv_outcome_t *out)
{
    cv_heading_t heading;
    cv_scheduling_event_v1_t meeting;
    cv_report_t room;
    cv_str_t data;
    char key[64];
    int rc = sch_ref_get(service->store, cv_tx_arena(tx), SCH_HEADING, review->dimension, &data);
    if (rc == CV_ENOTFOUND)
        return unknown(tx, out, "unknown_heading", "data.dimension", "heading", review->dimension);
    if (!rc)
        rc = sch_store_unpack(CV_MSG_SCHEDULING_HEADING_V1, data, &heading);
    if (!rc && heading.level != CV_HEADING_LEVEL_DIMENSION)
        return cv_refuse(tx, out, "heading_inconsistent", "data.dimension", "%.*s is an area; a dimension is reviewed",
                         CV_STR_ARG(review->dimension));
    if (!rc && review->meeting.ptr) {
        rc = sch_event_get(service->store, cv_tx_arena(tx), review->meeting, &meeting);
        if (rc == CV_ENOTFOUND)
            return unknown(tx, out, "unknown_event", "data.meeting", "event", review->meeting);
    }
    if (!rc)
        rc = sch_rests_on(service, tx, review->decision, "data.decision", out);
    if (rc)
        return rc;
    cv_scheduling_review_v1_t record = {.review = *review};
    count_t count = {service, cv_tx_arena(tx), &record, &room};
    const sch_filter_t filter = {.plan_year = review->year, .dimension = review->dimension};
    rc = sch_event_walk(service->store, &filter, CV_STR_NONE, count_event, &count);
    if (rc)
        return rc;
    (void)snprintf(key, sizeof key, "%lld-%.*s", (long long)review->year, CV_STR_ARG(review->dimension));
    cv_str_t code = cv_arena_str(cv_tx_arena(tx), cv_str(key));
    return code.ptr ? sch_put_ref(service, tx, SCH_REVIEW, CV_MSG_SCHEDULING_REVIEW_V1, code, review->dimension,
                                  CV_STR_NONE, &record, out)
                    : CV_ENOMEM;
}
