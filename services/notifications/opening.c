/* opening: see opening.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/opening.h"

#include "notifications/audience.h"
#include "notifications/core.h"
#include "notifications/core_escalate.h"

#include <stdio.h>

enum { DIGITS = 24, ASKS_MS = 1000 };

static int s_tell_one(ntf_t *ntf, cv_tx_t *tx, const ntf_opening_t *opening, const ntf_listener_t *listener,
                      cv_str_t data)
{
    char of_record[NTF_ID_MAX + 1], notice[NTF_ID_MAX + 1];
    int rc = ntf_notice_id(opening->cause, listener->party, of_record);
    if (!rc)
        rc = ntf_id_because("opening", cv_str(of_record), listener->party, notice);
    if (!rc)
        rc = ntf_office_id(listener->audience, listener->party, notice);
    return rc ? rc
              : ntf_tell(ntf, tx,
                         &(ntf_telling_t){.kind = NTF_OPENING,
                                          .notice = cv_str(notice),
                                          .cause = opening->cause,
                                          .event = opening->event,
                                          .party = listener->party,
                                          .time_ms = opening->time_ms,
                                          .data = data,
                                          .audience = listener->audience});
}

static int s_tell(ntf_t *ntf, cv_tx_t *tx, const ntf_opening_t *opening, const cv_scheduling_event_v1_t *event)
{
    char data[DIGITS];
    ntf_listener_t *listeners = NULL;
    size_t n = 0;
    bool is_open = event->status == CV_EVENT_STATUS_OPEN && event->has_registration &&
                   event->registration.closes_ms > cv_tx_now_ms(tx);
    (void)snprintf(data, sizeof(data), "%lld", (long long)event->registration.closes_ms); /* until when it may wait */
    int rc = is_open ? ntf_listeners(ntf, tx, NTF_OPENING, opening->event, event, 0, &listeners, &n) : CV_OK;
    for (size_t i = 0; !rc && i < n; i++)
        rc = s_tell_one(ntf, tx, opening, &listeners[i], cv_str(data));
    return rc;
}

/* Whether an answer that was given while this service was down may not have been read yet. */
static bool s_waits(const ntf_t *ntf, cv_tx_t *tx)
{
    return !cv_tx_caught_up(tx) &&
           (ntf->began.at_ms == 0 || cv_tx_now_ms(tx) < ntf->began.at_ms + NTF_LOOK_WAITS_MAX_MS);
}

int ntf_opened(ntf_t *ntf, cv_tx_t *tx, const cv_msg_t *msg, const cv_scheduling_event_v1_t *event)
{
    ntf_opening_t opening = {.event = event->event, .cause = msg->id, .time_ms = msg->time_ms};
    if (!s_waits(ntf, tx))
        return s_tell(ntf, tx, &opening, event);
    int rc = ntf_opening_put(ntf->audiences, &opening);
    return rc ? rc : cv_tx_timer_set(tx, "opening", CV_STR(""), cv_tx_now_ms(tx) + ASKS_MS);
}

int ntf_opening_over(ntf_t *ntf, cv_str_t event, cv_str_t party)
{
    int rc = ntf_openings_end(ntf->audiences, event, party);
    if (!rc && cv_db_changes(ntf->db) > 0)
        ntf_stir(ntf); /* what became of them is told */
    return rc;
}

int ntf_opening_timer(ntf_t *ntf, cv_tx_t *tx)
{
    ntf_opening_t opening;
    int rc = ntf_opening_next(ntf->audiences, cv_tx_arena(tx), &opening);
    if (rc)
        return rc == CV_ENOTFOUND ? CV_OK : rc;
    return cv_tx_timer_set(tx, "opening", CV_STR(""), cv_tx_now_ms(tx) + ASKS_MS);
}

int ntf_opening_due(ntf_t *ntf, cv_tx_t *tx)
{
    if (s_waits(ntf, tx))
        return cv_tx_timer_set(tx, "opening", CV_STR(""), cv_tx_now_ms(tx) + ASKS_MS);
    for (;;) {
        ntf_opening_t opening;
        cv_str_t data;
        const void *event;
        cv_arena_t *arena = cv_tx_arena(tx);
        int rc = ntf_opening_next(ntf->audiences, arena, &opening);
        if (rc)
            return rc == CV_ENOTFOUND ? CV_OK : rc;
        rc = ntf_store_event_get(ntf->store, opening.event, arena, &data);
        if (!rc)
            rc = ntf_decode(CV_MSG_SCHEDULING_EVENT_V1, data, arena, &event);
        if (!rc)
            rc = s_tell(ntf, tx, &opening, event);
        if (!rc || rc == CV_ENOTFOUND || rc == CV_EMALFORMED ||
            rc == CV_EINVAL) /* one that is damaged keeps no other */
            rc = ntf_opening_drop(ntf->audiences, opening.event);
        if (rc)
            return rc;
    }
}
