/* moved: see moved.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/moved.h"

#include "convene/log.h"
#include "notifications/dispatch.h"
#include "notifications/escalate.h"
#include "notifications/store_moved.h"

/* Another address than it has; absent: it stays. */
static int s_where(ntf_t *ntf, const ntf_mailing_t *mailing, cv_str_t *ret_address)
{
    ntf_recipient_t recipient;
    *ret_address = CV_STR_NONE;
    if (!mailing->can_be_anew)
        return CV_OK;
    int rc = ntf_whom(ntf, &mailing->row, &recipient);
    if (!rc && cv_str_equal(recipient.email, mailing->address))
        return CV_OK;
    if (!rc)
        rc = ntf_escalate_spares(ntf, &mailing->row);
    if (rc)
        return rc == CV_ENOTFOUND ? CV_OK : rc;
    *ret_address = recipient.email;
    return CV_OK;
}

static int s_move(ntf_t *ntf, const ntf_mailing_t *mailing, int64_t *moved)
{
    cv_str_t address;
    ntf_dispatches_t *lanes = ntf_post_store(ntf->post);
    int rc = s_where(ntf, mailing, &address);
    if (rc || !address.ptr)
        return rc;
    rc = ntf_mailing_move(ntf->movings, mailing->number, address);
    if (!rc)
        rc = ntf_dispatch_settle(lanes, NTF_EMAIL, mailing->address);
    if (!rc)
        rc = ntf_dispatch_settle(lanes, NTF_EMAIL, address);
    *moved += mailing->address.len > 0;
    return rc;
}

static int s_end(ntf_t *ntf, int rc, int64_t moved)
{
    if (rc != CV_ENOTFOUND)
        return rc;
    if (moved)
        cv_log(CV_LOG_INFO, "mail_moved", cv_kv_int("dispatches", moved));
    ntf_post_stir(ntf->post);
    return CV_OK;
}

int ntf_moved(ntf_t *ntf, cv_str_t event, cv_str_t party)
{
    ntf_mailing_t mailing = {.row = {.event = event.ptr ? event : CV_STR(""), .n = 0}};
    int64_t moved = 0;
    int rc;
    while (!(rc = ntf_mailing_of_party(ntf->movings, party, mailing.row.event, mailing.row.n, ntf->arena, &mailing)) &&
           (!event.ptr || cv_str_equal(mailing.row.event, event))) {
        rc = s_move(ntf, &mailing, &moved);
        if (rc)
            return rc;
    }
    return s_end(ntf, rc ? rc : CV_ENOTFOUND, moved);
}

int ntf_moved_from(ntf_t *ntf, cv_str_t address)
{
    ntf_mailing_t mailing = {.number = 0};
    int64_t moved = 0;
    int rc;
    while (!(rc = ntf_mailing_of_address(ntf->movings, address, mailing.number, ntf->arena, &mailing))) {
        rc = s_move(ntf, &mailing, &moved);
        if (rc)
            return rc;
    }
    return s_end(ntf, rc, moved);
}

int ntf_moved_meanwhile(ntf_t *ntf, int64_t dispatch, bool *ret_moved)
{
    ntf_mailing_t mailing;
    cv_str_t address = CV_STR_NONE;
    int rc = ntf_mailing_get(ntf->movings, dispatch, ntf->arena, &mailing);
    if (!rc)
        rc = s_where(ntf, &mailing, &address);
    *ret_moved = address.ptr != NULL;
    return rc == CV_ENOTFOUND ? CV_OK : rc;
}

int ntf_moved_back(ntf_t *ntf, int64_t dispatch)
{
    ntf_mailing_t mailing;
    int64_t moved = 0;
    int rc = ntf_mailing_get(ntf->movings, dispatch, ntf->arena, &mailing);
    if (!rc)
        rc = s_move(ntf, &mailing, &moved);
    return rc == CV_ENOTFOUND ? CV_OK : rc;
}

int ntf_moved_recover(ntf_t *ntf)
{
    int64_t *numbers = cv_arena_take(ntf->arena, NTF_JOBS_MAX * sizeof(*numbers));
    size_t n = 0;
    int rc = numbers ? ntf_mailing_sending(ntf->movings, NTF_JOBS_MAX, numbers, &n) : CV_ENOMEM;
    if (!rc)
        rc = ntf_dispatches_recover(ntf_post_store(ntf->post));
    for (size_t i = 0; !rc && i < n; i++)
        rc = ntf_moved_back(ntf, numbers[i]);
    return rc;
}
