/* unseen: see unseen.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/unseen.h"

#include "convene/log.h"
#include "notifications/core_escalate.h"
#include "notifications/dispatch.h"

#include <stdio.h>

enum { DATA_OCTETS = 64 };

/* CV_ENOTFOUND: it is not told, or was. */
static int s_make(ntf_t *ntf, cv_tx_t *tx, const ntf_delivery_t *row, const char *data)
{
    cv_str_t to = cv_str(ntf_post_settings()->secretariat);
    char notice[NTF_ID_MAX + 1];
    ntf_recipient_t recipient;
    int64_t n;
    if (to.len == 0 || cv_str_equal(to, row->party))
        return CV_ENOTFOUND;
    int rc = ntf_id_because("unseen", row->notice, row->party, notice);
    if (!rc)
        rc = ntf_delivery_of(ntf->prefers, cv_str(notice), &n);
    if (rc != CV_ENOTFOUND)
        return rc ? rc : CV_ENOTFOUND;
    rc = ntf_store_recipient_for(ntf->store, row->event, to, NTF_ORDER_CONTACT, cv_tx_arena(tx), &recipient);
    cv_str_t cause = rc ? CV_STR_NONE : cv_arena_printf(cv_tx_arena(tx), "unseen/%.*s", CV_STR_ARG(row->notice));
    if (!rc && !cause.ptr)
        rc = CV_ENOMEM;
    if (!rc)
        rc = ntf_tell(ntf, tx,
                      &(ntf_telling_t){.kind = NTF_UNSEEN,
                                       .notice = cv_str(notice),
                                       .cause = cause,
                                       .event = row->event,
                                       .party = to,
                                       .time_ms = cv_tx_now_ms(tx),
                                       .data = cv_str(data)});
    return rc ? rc : ntf_watch_above(ntf->watches, cv_str(notice), NTF_ORDER_CONTACT);
}

int ntf_unseen_tell(ntf_t *ntf, cv_tx_t *tx, const ntf_delivery_t *row, const ntf_delivery_t *last, int64_t deadline_ms)
{
    char data[DATA_OCTETS];
    (void)snprintf(data, sizeof(data), "%lld %lld %d", (long long)row->n, (long long)deadline_ms,
                   ntf_why(last->arrival, last->hold));
    int rc = s_make(ntf, tx, row, data);
    if (!rc)
        cv_log(CV_LOG_INFO, "unseen_told", cv_kv_str("notice", row->notice), cv_kv_str("party", row->party));
    return rc == CV_ENOTFOUND ? CV_OK : rc;
}

int ntf_unseen_read(cv_str_t data, ntf_unseen_t *ret_unseen)
{
    int64_t numbers[3];
    int rc = ntf_numbers_read(data, 3, numbers);
    if (rc || numbers[2] < NTF_WHY_WAITS || numbers[2] >= NTF_WHYS_END)
        return CV_EMALFORMED;
    *ret_unseen = (ntf_unseen_t){.n = numbers[0], .deadline_ms = numbers[1], .why = (int)numbers[2]};
    return CV_OK;
}
