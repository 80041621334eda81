/* notifications_offer: an offer of a seat that ends, made to KZ, and mail of it that is not taken.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_NOTIFICATIONS_OFFER_H
#define TESTS_NOTIFICATIONS_OFFER_H

#include "notifications_forum.h"

#define OFFER EVENTS_ID "2.KZ"

/* The mail of the newest notice waits at a server that does not take it, as the service itself would have put it down. */
static inline void stuck(drv_t *drv, const char *address)
{
    char sql[700];
    snprintf(sql, sizeof(sql),
             "INSERT INTO ntf_dispatch(n, channel, webhook, address, body, head, attempts, next_ms)"
             " SELECT max(n), 2, 0, '%s', x'00', 0, 1, 9000000000000 FROM ntf_delivery;"
             "UPDATE ntf_delivery SET channel = 2 WHERE n = (SELECT max(n) FROM ntf_delivery)",
             address);
    drv_sql(drv, sql);
    drv_restart(drv);
    drv_run(drv, 500, true);
}

/* Person 1 of KZ is offered a seat; the offer ends in two days. */
static inline void tell_offer(drv_t *drv)
{
    cv_registration_promoted_v1_t promoted = {.event = CV_STR("FORUM"),
                                              .party = CV_STR(KZ),
                                              .cause = CV_PROMOTION_CAUSE_CAPACITY,
                                              .persons_n = 1,
                                              .persons = {{.number = 1, .state = CV_PERSON_STATE_OFFERED}},
                                              .has_expires_ms = true,
                                              .expires_ms = drv->ms + 2 * DAY_MS,
                                              .private_seq = 1};
    drv_record(drv, DRV_EVENTS, CV_MSG_REGISTRATION_PROMOTED_V1, &promoted);
}

/* It is told to KZ, whose contact is of the delegation. */
static inline void offered(drv_t *drv)
{
    tell_catalogue(drv);
    tell_registered(drv, KZ);
    drv_run(drv, 1000, true);
    tell_offer(drv);
    drv_run(drv, 1000, true);
    assert_int_equal(drv_files(drv), 2);
}

static inline int64_t unseen(drv_t *drv)
{
    static cv_any_t data;
    cv_msg_t msg;
    const cv_log_page_v1_t *page = drv_query(drv, CV_ROLE_OBSERVER, "", "delivery", "", CV_STR_NONE, 0);
    assert_non_null(page);
    assert_int_equal(cv_msg_read(drv->reader, cv_records_at(&page->records, 0), &msg, NULL), CV_OK);
    assert_int_equal(msg.info->decode(msg.data, &data, NULL), CV_OK);
    assert_true(data.notifications_delivery_v1.has_unseen);
    return data.notifications_delivery_v1.unseen;
}

static inline int64_t seconds(drv_t *drv)
{
    return drv_number(drv, "SELECT count(*) FROM ntf_delivery WHERE notice LIKE 'second.%'");
}

#endif
