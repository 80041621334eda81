/* prefer: see prefer.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/prefer.h"

#include "convene/zone.h"
#include "notifications/core.h"

/* What of a notice decides how long it may wait. */
typedef struct {
    ntf_kind_rules_t rules;
    bool has_deadline;
    int64_t deadline_ms;
} s_nature_t;

static int s_change(ntf_t *ntf, const ntf_delivery_t *row, unsigned *ret_changes)
{
    cv_str_t was_data, now_data;
    const void *was, *now;
    int rc = ntf_store_change_get(ntf->store, row->cause, ntf->arena, &was_data, &now_data);
    if (!rc)
        rc = ntf_decode(CV_MSG_SCHEDULING_EVENT_V1, was_data, ntf->arena, &was);
    if (!rc)
        rc = ntf_decode(CV_MSG_SCHEDULING_EVENT_V1, now_data, ntf->arena, &now);
    if (!rc)
        *ret_changes = ntf_changes(was, now);
    return rc;
}

static int s_nature(ntf_t *ntf, const ntf_delivery_t *row, s_nature_t *ret)
{
    unsigned changes = 0;
    bool is_procedure = false;
    s_nature_t nature = {.has_deadline = false};
    int rc = CV_OK;
    if (row->kind == NTF_EVENT_CHANGE) {
        rc = s_change(ntf, row, &changes);
    } else if (row->kind == NTF_REMINDER) {
        ntf_ahead_t ahead;
        cv_str_t procedure;
        rc = ntf_ahead_read(row->data, &ahead, &procedure);
        if (!rc) {
            is_procedure = ahead.anchor == NTF_ANCHOR_SILENCE;
            nature.has_deadline = true;
            nature.deadline_ms = ahead.anchor_ms;
        }
    } else if (row->kind == NTF_PROMOTION) {
        const void *data;
        rc = ntf_decode(CV_MSG_REGISTRATION_PROMOTED_V1, row->data, ntf->arena, &data);
        if (!rc) {
            const cv_registration_promoted_v1_t *promoted = data;
            nature.has_deadline = promoted->has_expires_ms;
            nature.deadline_ms = promoted->expires_ms;
        }
    }
    if (row->kind == NTF_OPENING) {
        rc = ntf_numbers_read(row->data, 1, &nature.deadline_ms);
        nature.has_deadline = !rc;
    }
    nature.rules = ntf_kind_rules(row->kind, changes, is_procedure);
    if (!rc)
        *ret = nature;
    return rc;
}

static bool s_too_late(const s_nature_t *nature, int64_t at_ms)
{
    return nature->has_deadline && at_ms >= nature->deadline_ms;
}

static cv_str_t s_file(ntf_t *ntf, const ntf_hours_t *hours)
{
    cv_str_t file;
    return hours && !cv_zone_read(ntf->arena, hours->zone, &file) ? file : CV_STR_NONE;
}

/* It waits for a digest, or for the end of quiet hours, or not at all. */
static int s_wait(ntf_t *ntf, const ntf_delivery_t *row, int order, int mode, const s_nature_t *nature, int64_t now_ms,
                  bool *ret_leaves)
{
    ntf_hours_t list[NTF_HOURS_MAX];
    size_t n = 0;
    int rc = ntf_hours_for(ntf->prefers, row->party, ntf->arena, list, &n);
    if (rc)
        return rc;
    const ntf_hours_t *hours = ntf_hours_of(list, n, order);
    cv_str_t file = s_file(ntf, hours);
    ntf_wait_t wait = {.n = row->n, .party = row->party, .about = CV_STR(NTF_DIGEST_ALL), .mode = mode};
    if (order == 0)
        wait.about = row->event;
    bool waits = false;
    if (mode == NTF_MODE_DAILY || mode == NTF_MODE_WEEKLY) {
        int day = mode == NTF_MODE_DAILY ? NTF_EVERY_DAY : hours ? hours->digest_day : NTF_DIGEST_DAY;
        wait.until_ms = ntf_digest_due(file, hours ? hours->digest_minute : NTF_DIGEST_MINUTE, day, now_ms);
        int64_t leaves_ms = wait.until_ms; /* a digest that is due in quiet hours waits for their end */
        if (hours)
            (void)ntf_quiet(file, hours->quiet_from, hours->quiet_to, wait.until_ms, &leaves_ms);
        waits = !s_too_late(nature, leaves_ms);
    }
    if (!waits && hours && !nature->rules.is_urgent) {
        wait.mode = NTF_MODE_AT_ONCE;
        waits = ntf_quiet(file, hours->quiet_from, hours->quiet_to, now_ms, &wait.until_ms) &&
                !s_too_late(nature, wait.until_ms);
    }
    *ret_leaves = !waits;
    return waits ? ntf_wait(ntf->prefers, &wait) : CV_OK;
}

int ntf_prefer(ntf_t *ntf, const ntf_delivery_t *row, int64_t now_ms, bool *ret_leaves)
{
    ntf_preference_t list[NTF_PREFERENCES_MAX];
    ntf_recipient_t recipient;
    s_nature_t nature;
    size_t n = 0;
    bool has_webhook = false;
    *ret_leaves = true;
    if (!ntf->preferring)
        return CV_OK;
    int rc = ntf_whom(ntf, row, &recipient);
    if (!rc)
        rc = s_nature(ntf, row, &nature);
    if (!rc)
        rc = ntf_preferences_of(ntf->prefers, row->party, list, &n);
    if (rc)
        return rc;
    int mode = ntf_mode_within(ntf_mode(list, n, recipient.order, row->kind), nature.rules);
    if (row->digest == NTF_LEAVES_ALONE || row->kind == NTF_DIGEST)
        mode = NTF_MODE_AT_ONCE;
    if (mode == NTF_MODE_WEBHOOK || mode == NTF_MODE_NONE)
        rc = ntf_has_webhook(ntf->prefers, row->n, &has_webhook);
    if (rc)
        return rc;
    if (mode == NTF_MODE_NONE || has_webhook) {
        *ret_leaves = false;
        return ntf_end_silently(ntf->prefers, row->n, has_webhook ? NTF_BY_WEBHOOK : NTF_LEFT_OUT);
    }
    return s_wait(ntf, row, recipient.order, mode, &nature, now_ms, ret_leaves);
}

int ntf_prefer_begin(ntf_t *ntf, int64_t now_ms)
{
    int64_t next_ms;
    int rc = ntf_preferring(ntf->prefers, &ntf->preferring);
    if (!rc)
        rc = ntf_wait_next(ntf->prefers, now_ms, &next_ms);
    if (rc)
        return rc == CV_ENOTFOUND ? CV_OK : rc;
    rc = ntf_wait_end(ntf->prefers, now_ms);
    return rc ? rc : ntf_digests(ntf, now_ms);
}

int ntf_next_due(ntf_t *ntf, int64_t now_ms, int64_t *ret_due_ms, bool *ret_waiting)
{
    int64_t due_ms = 0, wait_ms = 0;
    int rc = ntf_store_next_due(ntf->store, &due_ms, ret_waiting);
    if (rc && rc != CV_ENOTFOUND)
        return rc;
    bool is_due = !rc;
    rc = ntf_wait_next(ntf->prefers, now_ms, &wait_ms);
    if (rc && rc != CV_ENOTFOUND)
        return rc;
    if (!is_due && rc)
        return CV_ENOTFOUND;
    *ret_due_ms = !is_due || (!rc && wait_ms < due_ms) ? wait_ms : due_ms;
    return CV_OK;
}
