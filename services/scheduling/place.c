/* place: several events get new dates together, as a search for a better plan proposed it and somebody accepted it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * All or none. Dates were found for a certain version of each event; if one has another version by now, what was found
 * is not worth anything any more, and nothing moves.
 *
 * Two events may change places: each needs the venue that the other leaves. So the days of all of them are given up
 * first and taken again one after the other. When one cannot be had, all that was tried is taken back (cv_tx_undo).
 */
#include "scheduling/handlers.h"

#include <stdio.h>

/* The next version of one event with its new dates, checked but for its venue. */
static int next_of(sch_service_t *service, cv_tx_t *tx, const cv_placed_t *placed, cv_str_t reason,
                   cv_scheduling_event_v1_t *ret_before, cv_scheduling_event_v1_t *ret_event, cv_outcome_t *out)
{
    cv_scheduling_event_v1_t before;
    sch_no_t no;
    int rc = sch_event_get(service->store, cv_tx_arena(tx), placed->event, &before);
    if (rc == CV_ENOTFOUND)
        return cv_refuse_as(tx, out, CV_ENOTFOUND, "unknown_event", "data.placed", "no event %.*s",
                            CV_STR_ARG(placed->event));
    if (rc)
        return rc;
    rc = sch_check_version(&before, true, placed->expected_version, &no);
    if (rc)
        return cv_refuse_as(tx, out, no.rc, no.code, "data.placed", "%.*s: %s", CV_STR_ARG(placed->event), no.text);
    rc = sch_plan_lets(service, tx, &before, CV_EVENT_STATUS_ABSENT, out);
    if (rc)
        return rc;
    const cv_scheduling_event_change_v1_t change = {
        .event = placed->event, .date_start = placed->date_start, .date_end = placed->date_end};
    *ret_before = *ret_event = before;
    ++ret_event->version;
    ret_event->change = CV_EVENT_CHANGE_CHANGED;
    ret_event->reason = reason;
    ret_event->decision = CV_STR_NONE;
    sch_apply(&change, &ret_event->event_details);
    ret_event->changed_n = sch_diff_details(&before.event_details, &ret_event->event_details, ret_event->changed);
    rc = sch_check_change(&before, ret_event, &no);
    return rc ? cv_refuse_as(tx, out, no.rc, no.code, "data.placed", "%.*s: %s", CV_STR_ARG(placed->event), no.text)
              : CV_OK;
}

static int named_twice(cv_tx_t *tx, const cv_scheduling_event_place_v1_t *request, cv_outcome_t *out)
{
    for (size_t i = 0; i < request->placed_n; ++i)
        for (size_t j = 0; j < i; ++j)
            if (cv_str_equal(request->placed[i].event, request->placed[j].event))
                return cv_refuse(tx, out, "named_twice", "data.placed", "%.*s is placed twice",
                                 CV_STR_ARG(request->placed[i].event));
    return CV_OK;
}

/* All of them, or a refusal in the middle, which is taken back by whoever tried. */
static int move_all(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_event_place_v1_t *request,
                    cv_outcome_t *out)
{
    cv_scheduling_event_v1_t event = {0}, before;
    cv_str_t other;
    int rc = CV_OK;
    for (size_t i = 0; !rc && i < request->placed_n; ++i)
        rc = sch_days_drop(service->store, request->placed[i].event);
    for (size_t i = 0; !rc && i < request->placed_n; ++i) {
        rc = next_of(service, tx, &request->placed[i], request->reason, &before, &event, out);
        if (rc)
            return rc;
        rc = sch_venue_taken(service->store, cv_tx_arena(tx), &event, &other);
        if (!rc)
            return cv_refuse(tx, out, "venue_taken", "data.placed",
                             "%.*s would need %.*s from %.*s to %.*s, which %.*s holds", CV_STR_ARG(event.event),
                             CV_STR_ARG(event.event_details.venue), CV_STR_ARG(event.event_details.date_start),
                             CV_STR_ARG(event.event_details.date_end), CV_STR_ARG(other));
        if (rc == CV_ENOTFOUND) {
            char name[80];
            (void)snprintf(name, sizeof name, "%.*s: ", CV_STR_ARG(event.event));
            rc = sch_judge_event(service, tx, &event, &before, out);
            if (!rc)
                rc = sch_alone_free(service, tx, &event, name, out);
            if (!rc)
                rc = sch_write_version(service, tx, &event);
        }
    }
    return rc;
}

int sch_place_events(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_event_place_v1_t *request,
                     cv_outcome_t *out)
{
    cv_scheduling_event_v1_t event = {0}, before;
    int rc = named_twice(tx, request, out);
    for (size_t i = 0; !rc && i < request->placed_n; ++i)
        rc = next_of(service, tx, &request->placed[i], request->reason, &before, &event, out);
    if (!rc)
        rc = cv_tx_try(tx);
    if (rc)
        return rc;
    rc = move_all(service, tx, request, out);
    int ended = rc == CV_EREJECTED ? cv_tx_undo(tx) : rc ? CV_OK : cv_tx_keep(tx);
    if (rc || ended)
        return ended ? ended : rc;
    return cv_accept(tx, out, "placed", "%zu event%s moved", request->placed_n,
                     request->placed_n == 1 ? " is" : "s are");
}
