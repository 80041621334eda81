/* offers: see offers.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/offers.h"

#include "notifications/core_escalate.h"

int ntf_offers_state(ntf_t *ntf, const cv_registration_delegation_v1_t *delegation)
{
    size_t offered_n = delegation->has_offered ? (size_t)delegation->offered : 0;
    if (offered_n != delegation->offered_persons_n) /* it does not say all of them */
        return CV_OK;
    int rc = ntf_watch_settle(ntf->watches, delegation->event, delegation->party);
    for (size_t i = 0; !rc && i < offered_n; i++)
        rc = ntf_offer_put(ntf->watches, delegation->event, delegation->party, delegation->offered_persons[i],
                           NTF_OFFER_OPEN);
    for (size_t i = 0; !rc && i < delegation->expired_persons_n; i++)
        rc = ntf_offer_put(ntf->watches, delegation->event, delegation->party, delegation->expired_persons[i],
                           NTF_OFFER_EXPIRED);
    return rc;
}

/* What the last snapshot said of those whom an offer was made to before it. */
static int s_after_snapshot(ntf_t *ntf, const ntf_delivery_t *row, ntf_offered_t *offered, bool *ret_expired)
{
    int rc = CV_OK;
    ntf_offered_t open = {.n = 0};
    for (size_t i = 0; !rc && i < offered->n; i++) {
        int state = 0;
        rc = ntf_offer_get(ntf->watches, row->event, row->party, offered->numbers[i], &state);
        if (state == NTF_OFFER_OPEN)
            open.numbers[open.n++] = offered->numbers[i];
        *ret_expired = *ret_expired || state == NTF_OFFER_EXPIRED;
    }
    *offered = open;
    return rc;
}

/* What the records said that were told since. */
static int s_after_records(ntf_t *ntf, const ntf_delivery_t *row, ntf_offered_t *offered, bool *ret_expired)
{
    ntf_said_t said = {.n = row->n};
    int rc = CV_OK;
    while (!rc && offered->n > 0 && !*ret_expired) {
        cv_arena_reset(ntf->scratch);
        ntf_said_record_t record = {.persons_n = 0};
        size_t open_n = offered->n;
        rc = ntf_watch_said(ntf->watches, row->event, row->party, said.n, ntf->scratch, &said);
        if (!rc && said.data.ptr) /* of an old notice it was not kept */
            rc = ntf_record_read(said.kind, said.data, ntf->scratch, &record);
        if (!rc)
            ntf_offered_after(offered, record.persons, record.persons_n);
        bool is_expiry = record.lapsed && record.lapsed->cause != CV_LAPSE_CAUSE_CONSENT;
        *ret_expired = is_expiry && offered->n < open_n;
    }
    return rc == CV_ENOTFOUND ? CV_OK : rc;
}

int ntf_offer_stands(ntf_t *ntf, const ntf_delivery_t *row, bool is_over, bool *ret_stands)
{
    cv_party_answer_t answer;
    int64_t since;
    bool is_expired = false, is_settled = false;
    const void *promoted = NULL;
    cv_arena_reset(ntf->scratch);
    int rc = ntf_store_answer_get(ntf->store, row->event, row->party, &answer, &since);
    if (!rc)
        rc = ntf_watch_settled(ntf->watches, row->event, row->party, row->n, &is_settled);
    if (!rc)
        rc = ntf_decode(CV_MSG_REGISTRATION_PROMOTED_V1, row->data, ntf->scratch, &promoted);
    if (rc)
        return rc;
    ntf_offered_t offered = ntf_offered(promoted);
    if (is_settled)
        rc = s_after_snapshot(ntf, row, &offered, &is_expired);
    if (!rc)
        rc = s_after_records(ntf, row, &offered, &is_expired);
    bool is_out = answer == CV_PARTY_ANSWER_DECLINED || answer == CV_PARTY_ANSWER_WITHDRAWN;
    *ret_stands =
        is_expired ? is_over : offered.n > 0 && !is_out; /* of a delegation that let it end nobody may be left */
    return rc;
}
