/* requests: who is to be told what concerns a party.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/mail.h"
#include "notifications/notifications.h"
#include "notifications/requests_dispatch.h"

static int s_recipient_put(ntf_t *ntf, cv_tx_t *tx, const cv_recipient_t *recipient, cv_outcome_t *out)
{
    if (!ntf_mail_name_usable(recipient->name))
        return cv_refuse_as(tx, out, CV_EINVAL, "name_unusable", "data.name",
                            "the name must be one line of text without characters that steer lines or text direction");
    if (!ntf_mail_address_usable(recipient->email))
        return cv_refuse_as(tx, out, CV_EINVAL, "address_unusable", "data.email",
                            "the address must be of the plain form name@host, in ASCII, without quotes and comments");
    int rc = ntf_store_recipient_put(ntf->store, recipient);
    if (!rc)
        rc = ntf_store_release_recipient(ntf->store, CV_STR_NONE, recipient->party);
    if (rc)
        return rc;
    ntf_stir(ntf);
    return cv_accept(tx, out, "recipient_set", "recipient %d of %.*s is set", (int)recipient->order,
                     CV_STR_ARG(recipient->party));
}

int ntf_request(void *self, cv_tx_t *tx, const cv_msg_t *msg, const void *data, cv_outcome_t *out)
{
    if (msg->info->number == CV_MSG_NOTIFICATIONS_RECIPIENT_PUT_V1)
        return s_recipient_put(self, tx, data, out);
    if (ntf_is_dispatch_request(msg->info->number))
        return ntf_dispatch_request(self, tx, msg->info->number, data, out);
    return cv_refuse_as(tx, out, CV_EINVAL, "unknown_type", NULL, "this service does not take such requests");
}
