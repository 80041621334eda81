/* ping: see ping.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/ping.h"

#include "convene/log.h"
#include "notifications/core.h"
#include "notifications/store_reach.h"

#include <stdio.h>

enum { DIGITS = 6, DAYS_MAX = 3650 };

/* Set once, before the service is opened. */
static int64_t s_interval_ms, s_answer_ms = NTF_PING_ANSWER_DEFAULT_MS;

static int s_duration(cv_str_t text, int64_t *ret_ms)
{
    static const struct {
        char unit;
        int64_t ms;
    } units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}};
    int64_t number;
    if (cv_str_is(text, "0")) {
        *ret_ms = 0;
        return CV_OK;
    }
    if (text.len < 2 || cv_str_digits((cv_str_t){text.ptr, text.len - 1}, DIGITS, &number) || number == 0)
        return CV_EINVAL;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (text.ptr[text.len - 1] == units[i].unit && number <= DAYS_MAX * INT64_C(86400000) / units[i].ms) {
            *ret_ms = number * units[i].ms;
            return CV_OK;
        }
    }
    return CV_EINVAL;
}

const char *ntf_ping_configure(cv_str_t interval, cv_str_t answer)
{
    int64_t interval_ms, answer_ms;
    if (s_duration(interval, &interval_ms))
        return "notifications/ping";
    if (s_duration(answer, &answer_ms) || answer_ms == 0)
        return "notifications/ping_answer";
    s_interval_ms = interval_ms;
    s_answer_ms = answer_ms;
    return NULL;
}

int64_t ntf_ping_answer_ms(void)
{
    return s_answer_ms;
}

int ntf_ping_timer(ntf_t *ntf, cv_tx_t *tx)
{
    ntf_ping_t ping = {.due_ms = 0};
    int rc =
        s_interval_ms ? ntf_ping_next(ntf->pings, s_interval_ms, s_answer_ms, cv_tx_arena(tx), &ping) : CV_ENOTFOUND;
    if (rc == CV_ENOTFOUND)
        rc = cv_tx_timer_cancel(tx, "ping", CV_STR(""));
    else if (!rc)
        rc = cv_tx_timer_set(tx, "ping", CV_STR(""), ping.due_ms);
    if (!rc)
        ntf->pinging = false;
    return rc;
}

static int s_ask(ntf_t *ntf, cv_tx_t *tx, const ntf_ping_t *ping)
{
    int64_t now_ms = cv_tx_now_ms(tx);
    char notice[NTF_ID_MAX + 1], cause[NTF_ID_MAX + 1], lane[NTF_ID_MAX + 1];
    (void)snprintf(notice, sizeof(notice), "contact.%d.%lld.%.*s", ping->order, (long long)now_ms,
                   CV_STR_ARG(ping->party));
    (void)snprintf(cause, sizeof(cause), "contact_ping/%d/%lld", ping->order, (long long)now_ms);
    (void)snprintf(lane, sizeof(lane), "contact.%d", ping->order); /* who cannot be reached keeps no other */
    int rc = ntf_tell(ntf, tx,
                      &(ntf_telling_t){.kind = NTF_CONTACT_PING,
                                       .notice = cv_str(notice),
                                       .cause = cv_str(cause),
                                       .event = cv_str(lane),
                                       .party = ping->party,
                                       .time_ms = now_ms,
                                       .is_second = true}); /* it is about an address for mail: no webhook */
    return rc ? rc : ntf_watch_above(ntf->watches, cv_str(notice), ping->order - 1);
}

int ntf_ping_due(ntf_t *ntf, cv_tx_t *tx)
{
    int64_t now_ms = cv_tx_now_ms(tx);
    int rc = s_interval_ms ? CV_OK : CV_ENOTFOUND;
    ntf->pinging = true;
    for (int i = 0; !rc && i < NTF_PINGS_MAX; i++) {
        ntf_ping_t ping;
        rc = ntf_ping_next(ntf->pings, s_interval_ms, s_answer_ms, cv_tx_arena(tx), &ping);
        if (!rc && ping.due_ms > now_ms)
            break;
        bool is_late = !rc && ping.state == NTF_CONTACT_ASKED;
        if (!rc && !is_late)
            rc = s_ask(ntf, tx, &ping);
        if (rc)
            break;
        ping.state = is_late ? NTF_CONTACT_UNANSWERED : NTF_CONTACT_ASKED;
        ping.since_ms = is_late ? ping.due_ms : now_ms;
        rc = ntf_ping_set(ntf->pings, &ping);
        cv_log(is_late ? CV_LOG_WARN : CV_LOG_INFO, is_late ? "contact_unanswered" : "contact_asked",
               cv_kv_str("party", ping.party), cv_kv_int("order", ping.order));
        ntf_stir(ntf);
    }
    return rc == CV_ENOTFOUND ? CV_OK : rc;
}

int ntf_ping_confirm(ntf_t *ntf, cv_tx_t *tx, const cv_notifications_contact_confirm_v1_t *confirm, cv_outcome_t *out)
{
    bool any = false, stopped = false;
    int order = (int)confirm->order;
    int rc = ntf_ping_whom(ntf->pings, confirm->party, order, &any, &stopped);
    if (rc)
        return rc;
    if (!any)
        return cv_refuse_as(tx, out, CV_ENOTFOUND, "no_such_contact", "data.order",
                            "%.*s has no recipient %d; those that can be confirmed are its recipients, 1 to 9",
                            CV_STR_ARG(confirm->party), order);
    if (stopped)
        return cv_refuse(tx, out, "contact_stopped", "data.order",
                         "no mail goes to recipient %d of %.*s: set another address, or clear it once it is mended",
                         order, CV_STR_ARG(confirm->party));
    rc = ntf_ping_set(ntf->pings, &(ntf_ping_t){.party = confirm->party,
                                                .order = order,
                                                .state = NTF_CONTACT_CONFIRMED,
                                                .since_ms = cv_tx_now_ms(tx)});
    if (rc)
        return rc;
    ntf->pinging = true;
    ntf_stir(ntf);
    return cv_accept(tx, out, "contact_confirmed", "recipient %d of %.*s is confirmed", order,
                     CV_STR_ARG(confirm->party));
}
