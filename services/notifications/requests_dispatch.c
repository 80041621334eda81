/* requests_dispatch: webhooks are set and dead letters are sent again.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/requests_dispatch.h"
#include "notifications/dispatch.h"

enum { OVERLAP_DEFAULT_S = 24 * 3600 };

static int s_no_webhook(cv_tx_t *tx, cv_outcome_t *out, cv_str_t party, int64_t order)
{
    return cv_refuse_as(tx, out, CV_ENOTFOUND, "no_webhook", "data.order", "%.*s has no webhook %d", CV_STR_ARG(party),
                        (int)order);
}

static int s_put(ntf_t *ntf, cv_tx_t *tx, const cv_notifications_webhook_put_v1_t *put, cv_outcome_t *out)
{
    ntf_dispatches_t *store = ntf_post_store(ntf->post);
    if (!put->url.ptr) {
        int rc = ntf_webhook_drop(store, put->party, put->order, cv_tx_now_ms(tx));
        if (rc == CV_ENOTFOUND)
            return s_no_webhook(tx, out, put->party, put->order);
        if (!rc)
            rc = ntf_webhook_lost(ntf->prefers, put->party);
        ntf_stir(ntf);
        return rc ? rc
                  : cv_accept(tx, out, "webhook_removed", "webhook %d of %.*s is taken away", (int)put->order,
                              CV_STR_ARG(put->party));
    }
    const char *fault = ntf_webhook_url_fault(put->url, ntf_post_settings()->courier.anywhere);
    if (fault)
        return cv_refuse_as(tx, out, CV_EINVAL, "url_unusable", "data.url", "the address cannot be called: %s", fault);
    if (!ntf_post_key(ntf->post))
        return cv_refuse_as(tx, out, CV_EUNAVAIL, "no_webhook_key", NULL,
                            "the service has no key to make secrets from (notifications/webhook_key)");
    int rc = ntf_webhook_set(store, put->party, put->order, put->url);
    if (rc)
        return rc;
    ntf_stir(ntf);
    return cv_accept(tx, out, "webhook_set", "webhook %d of %.*s is set; its secret can be asked for once",
                     (int)put->order, CV_STR_ARG(put->party));
}

static int s_rotate(ntf_t *ntf, cv_tx_t *tx, const cv_notifications_webhook_rotate_v1_t *rotate, cv_outcome_t *out)
{
    int64_t overlap_s = rotate->has_overlap_s ? rotate->overlap_s : OVERLAP_DEFAULT_S;
    int rc = ntf_webhook_rotate(ntf_post_store(ntf->post), rotate->party, rotate->order,
                                cv_tx_now_ms(tx) + overlap_s * 1000);
    if (rc == CV_ENOTFOUND)
        return s_no_webhook(tx, out, rotate->party, rotate->order);
    return rc ? rc
              : cv_accept(tx, out, "webhook_rotated",
                          "another secret signs for webhook %d of %.*s, and for %lld "
                          "seconds the one before too",
                          (int)rotate->order, CV_STR_ARG(rotate->party), (long long)overlap_s);
}

static int s_redrive(ntf_t *ntf, cv_tx_t *tx, const cv_notifications_redrive_v1_t *redrive, cv_outcome_t *out)
{
    int64_t n = 0;
    int rc = ntf_dispatch_redrive(ntf_post_store(ntf->post), redrive->dispatches_n ? redrive->dispatches : NULL,
                                  redrive->dispatches_n, cv_tx_db(tx), &n);
    if (rc)
        return rc;
    if (n == 0)
        return cv_refuse(tx, out, "none_dead", redrive->dispatches_n ? "data.dispatches" : NULL,
                         "none of these was given up");
    ntf_stir(ntf);
    return cv_accept(tx, out, "redriven", "%lld are tried again", (long long)n);
}

bool ntf_is_dispatch_request(uint16_t type)
{
    return type == CV_MSG_NOTIFICATIONS_WEBHOOK_PUT_V1 || type == CV_MSG_NOTIFICATIONS_WEBHOOK_ROTATE_V1 ||
           type == CV_MSG_NOTIFICATIONS_REDRIVE_V1;
}

int ntf_dispatch_request(ntf_t *ntf, cv_tx_t *tx, uint16_t type, const void *data, cv_outcome_t *out)
{
    if (type == CV_MSG_NOTIFICATIONS_WEBHOOK_PUT_V1)
        return s_put(ntf, tx, data, out);
    if (type == CV_MSG_NOTIFICATIONS_WEBHOOK_ROTATE_V1)
        return s_rotate(ntf, tx, data, out);
    return s_redrive(ntf, tx, data, out);
}
