/* requests: who is to be told what concerns a party, and what to remind of when.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/audience.h"
#include "notifications/content/languages.h"
#include "notifications/mail.h"
#include "notifications/moved.h"
#include "notifications/prefer.h"
#include "notifications/reach.h"
#include "notifications/requests_dispatch.h"

static int s_recipient_put(ntf_t *ntf, cv_tx_t *tx, const cv_recipient_t *recipient, cv_outcome_t *out)
{
    if (!ntf_mail_name_usable(recipient->name))
        return cv_refuse_as(tx, out, CV_EINVAL, "name_unusable", "data.name",
                            "the name must be one line of text without characters that steer lines or text direction");
    if (!ntf_mail_address_usable(recipient->email))
        return cv_refuse_as(tx, out, CV_EINVAL, "address_unusable", "data.email",
                            "the address must be of the plain form name@host, in ASCII, without quotes and comments");
    if (!ntf_language_is_known(recipient->language)) {
        char known[200];
        ntf_languages_list(known, sizeof known);
        return cv_refuse_as(tx, out, CV_ENOTFOUND, "unknown_language", "data.language",
                            "there are no words of notices in %.*s; there are: %s", CV_STR_ARG(recipient->language),
                            known);
    }
    int rc = ntf_store_recipient_put(ntf->store, recipient);
    if (!rc)
        rc = ntf_ping_known(ntf->pings, recipient->party, (int)recipient->order, recipient->email, cv_tx_now_ms(tx));
    if (!rc)
        rc = ntf_address_forget(ntf->reaches);
    if (!rc)
        rc = ntf_store_release_recipient(ntf->store, CV_STR_NONE, recipient->party);
    if (!rc)
        rc = ntf_moved(ntf, CV_STR_NONE, recipient->party);
    if (rc)
        return rc;
    ntf->pinging = true;
    ntf_stir(ntf);
    return cv_accept(tx, out, "recipient_set", "recipient %d of %.*s is set", (int)recipient->order,
                     CV_STR_ARG(recipient->party));
}

/* The rule and what is ahead by it. All of it is computed anew at once, when the timer comes. */
static int s_reminder_put(ntf_t *ntf, cv_tx_t *tx, const cv_reminder_t *reminder, cv_outcome_t *out)
{
    cv_reminder_t *rules;
    size_t n;
    int audience = ntf_audience_read(reminder->audience);
    if (audience && !ntf_audience_reminds(ntf_anchor_read(reminder->anchor), audience))
        return cv_refuse(tx, out, "no_such_audience", "data.audience",
                         audience == NTF_TO_PERSONS
                             ? "persons are reminded when their delegation is; notifications.audience.put says whether"
                             : "of a silence procedure members and secretariat are reminded, and nobody else");
    int rc = ntf_rules_as_put(ntf->reminders, cv_tx_arena(tx), &rules, &n);
    bool known = false;
    for (size_t i = 0; !rc && i < n; i++)
        known = known || cv_str_equal(rules[i].rule, reminder->rule);
    if (!rc && !known && n == NTF_RULES_MAX)
        return cv_refuse(tx, out, "too_many", "data.rule", "there are %d rules, and no more can be; set one of them",
                         NTF_RULES_MAX);
    if (!rc)
        rc = ntf_rule_put(ntf->reminders, reminder);
    if (rc)
        return rc;
    ntf->anew = ntf->ahead = true;
    return cv_accept(tx, out, "reminder_set", "rule %.*s %s", CV_STR_ARG(reminder->rule),
                     reminder->has_off && reminder->off ? "reminds nobody" : "is set");
}

int ntf_request(void *self, cv_tx_t *tx, const cv_msg_t *msg, const void *data, cv_outcome_t *out)
{
    if (msg->info->number == CV_MSG_NOTIFICATIONS_RECIPIENT_PUT_V1)
        return s_recipient_put(self, tx, data, out);
    if (msg->info->number == CV_MSG_NOTIFICATIONS_REMINDER_PUT_V1)
        return s_reminder_put(self, tx, data, out);
    if (msg->info->number == CV_MSG_NOTIFICATIONS_AUDIENCE_PUT_V1)
        return ntf_audience_request(self, tx, data, out);
    if (ntf_is_dispatch_request(msg->info->number))
        return ntf_dispatch_request(self, tx, msg->info->number, data, out);
    if (ntf_is_reach_request(msg->info->number))
        return ntf_reach_request(self, tx, msg->info->number, data, out);
    if (ntf_is_prefer_request(msg->info->number))
        return ntf_prefer_request(self, tx, msg->info->number, data, out);
    return cv_refuse_as(tx, out, CV_EINVAL, "unknown_type", NULL, "this service does not take such requests");
}
