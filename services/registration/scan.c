/* scan: scans of gates are taken, each once, and all those of a badge are read anew. See core_scan.h for the rule.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A scan is known by gate, run and number, for good. One that is known and says the same is passed over, so a gate that
 * never heard the answer sends again, in whatever pieces. One that is known and says something else means that two
 * gates have one name and run: the whole request is refused and nothing of it is taken, for one of them is wrong.
 */
#include "registration/badge.h"

#include <stdio.h>
#include <string.h>

enum { MERGED_MAX = CV_REGISTRATION_SCAN_MERGE_V1_SCANS_MAX };

#define SAME(ours, wire) _Static_assert((int)(ours) == (int)(wire), "numbers are stored")
SAME(REG_IN, CV_SCAN_DIRECTION_IN);
SAME(REG_OUT, CV_SCAN_DIRECTION_OUT);
SAME(REG_GATE_ADMITTED, CV_SCAN_VERDICT_ADMITTED);
SAME(REG_GATE_WARNED, CV_SCAN_VERDICT_WARNED);
SAME(REG_GATE_REFUSED, CV_SCAN_VERDICT_REFUSED);
SAME(REG_SCAN_ENTRY, CV_SCAN_FINDING_ENTRY);
SAME(REG_SCAN_EXIT, CV_SCAN_FINDING_EXIT);
SAME(REG_SCAN_REPEATED, CV_SCAN_FINDING_REPEATED);
SAME(REG_SCAN_DUPLICATE, CV_SCAN_FINDING_DUPLICATE);
SAME(REG_SCAN_UNMATCHED, CV_SCAN_FINDING_UNMATCHED);
SAME(REG_SCAN_AFTER_REVOCATION, CV_SCAN_FINDING_AFTER_REVOCATION);
SAME(REG_SCAN_REFUSED, CV_SCAN_FINDING_REFUSED);
SAME(REG_SCAN_UNKNOWN, CV_SCAN_FINDING_UNKNOWN_BADGE);

int reg_reread_scans(reg_t *self, cv_tx_t *tx, const reg_badge_t *badge, bool *ret_changed)
{
    reg_scan_t *scans = self->scans;
    size_t n = 0;
    int rc = reg_scans_of(self->badges, badge->id, scans, &n);

    (void)tx;
    if (rc)
        return rc;
    reg_read_scans(scans, n, badge->revoked_ms);
    for (size_t i = 0; !rc && i < n; i++) {
        bool is_duplicate = scans[i].finding == REG_SCAN_DUPLICATE;
        if (scans[i].finding == scans[i].was && !is_duplicate)
            continue;
        *ret_changed |= scans[i].finding != scans[i].was;
        rc = reg_scan_take_for(self->badges, scans[i].row, scans[i].finding,
                               is_duplicate ? scans[scans[i].other].gate : NULL);
    }
    return rc;
}

int reg_attendance_fill(reg_t *self, const reg_delegation_t *d, cv_registration_attendance_v1_t *ret_row)
{
    reg_attendance_t seen;
    int rc = reg_attendance(self->badges, d->row, &seen);

    if (rc)
        return rc;
    *ret_row = (cv_registration_attendance_v1_t){.event = cv_str(d->event->code),
                                                 .party = cv_str(d->party->code),
                                                 .came = seen.came,
                                                 .inside = seen.of[REG_SCAN_ENTRY] - seen.of[REG_SCAN_EXIT],
                                                 .entries = seen.of[REG_SCAN_ENTRY],
                                                 .exits = seen.of[REG_SCAN_EXIT],
                                                 .repeated = seen.of[REG_SCAN_REPEATED],
                                                 .duplicates = seen.of[REG_SCAN_DUPLICATE],
                                                 .unmatched = seen.of[REG_SCAN_UNMATCHED],
                                                 .after_revocation = seen.of[REG_SCAN_AFTER_REVOCATION],
                                                 .refused = seen.of[REG_SCAN_REFUSED]};
    return CV_OK;
}

int reg_attendance_tell(reg_t *self, cv_tx_t *tx, const reg_delegation_t *d)
{
    cv_registration_attendance_v1_t row;
    int rc = reg_attendance_fill(self, d, &row);

    return rc ? rc
              : cv_tx_emit(tx, REG_STREAM_EVENTS, CV_MSG_REGISTRATION_ATTENDANCE_V1, cv_str(d->subject), &row, NULL);
}

/* ---- one request --------------------------------------------------------------------------------------------- */

typedef struct {
    reg_t *self;
    cv_tx_t *tx;
    cv_outcome_t *out;
    const cv_registration_scan_merge_v1_t *request;
    const reg_event_t *event;
    reg_seen_t seen[MERGED_MAX]; /* new ones */
    size_t seen_n;
    reg_badge_t badges[MERGED_MAX]; /* that they are of, each once */
    size_t badges_n;
    const reg_delegation_t *delegations[MERGED_MAX]; /* the same */
    size_t delegations_n;
} merge_t;

static const char *field_at(merge_t *merge, size_t i, const char *name)
{
    return cv_arena_printf(cv_tx_arena(merge->tx), "data.scans[%zu]%s", i, name).ptr;
}

static bool says_the_same(const reg_seen_t *a, const reg_seen_t *b)
{
    return a->badge == b->badge && a->event == b->event && a->offset_ms == b->offset_ms &&
           a->scan.gate_ms == b->scan.gate_ms && a->scan.direction == b->scan.direction &&
           a->scan.verdict == b->scan.verdict;
}

/* The badge of a scan among those of this request; *ret_n: how many new scans of it there are. */
static int find_badge(merge_t *merge, int64_t id, const reg_badge_t **ret_badge, int64_t *ret_n)
{
    reg_badge_t *badge = &merge->badges[merge->badges_n];

    *ret_n = 0;
    for (size_t i = 0; i < merge->seen_n; i++)
        *ret_n += merge->seen[i].badge == id;
    for (size_t i = 0; i < merge->badges_n; i++) {
        if (merge->badges[i].id == id) {
            *ret_badge = &merge->badges[i];
            return CV_OK;
        }
    }
    int rc = reg_badge_get(merge->self->badges, id, badge);
    if (rc)
        return rc;
    if (badge->event != merge->event->row)
        return CV_ENOTFOUND;
    merge->badges_n++;
    *ret_badge = badge;
    return CV_OK;
}

/* Looks at one scan; if it is new it stands in merge->seen. */
static int look_at(merge_t *merge, size_t i)
{
    const cv_registration_scan_merge_v1_t *request = merge->request;
    const cv_scan_t *scan = &request->scans[i];
    reg_seen_t old, *seen = &merge->seen[merge->seen_n];
    const reg_badge_t *badge = NULL;
    int64_t count, more;

    *seen = (reg_seen_t){.badge = scan->badge,
                         .event = merge->event->row,
                         .offset_ms = scan->offset_ms,
                         .scan = {.run = request->run,
                                  .sequence = scan->sequence,
                                  .at_ms = reg_scan_time(scan->at_ms, scan->offset_ms),
                                  .gate_ms = scan->at_ms,
                                  .direction = (reg_direction_t)scan->direction,
                                  .verdict = (reg_gate_verdict_t)scan->verdict,
                                  .finding = REG_SCAN_UNKNOWN}};
    int rc = cv_str_copy(request->gate, seen->scan.gate, sizeof seen->scan.gate);
    if (rc)
        return rc;
    rc = reg_scan_get(merge->self->badges, seen->scan.gate, request->run, scan->sequence, &old);
    if (!rc && says_the_same(&old, seen))
        return CV_OK;
    if (!rc)
        return cv_refuse(merge->tx, merge->out, "scan_conflict", field_at(merge, i, ""),
                         "Scan %lld of %s (run %lld) is known with other content: two gates use one name, or a copy of "
                         "a gate's file went on; none was taken.",
                         (long long)scan->sequence, seen->scan.gate, (long long)request->run);
    if (rc == CV_ENOTFOUND)
        rc = reg_scan_count(merge->self->badges, scan->badge, &count);
    if (rc)
        return rc;
    rc = find_badge(merge, scan->badge, &badge, &more);
    if (rc && rc != CV_ENOTFOUND)
        return rc;
    if (count + more >= REG_SCANS_MAX)
        return cv_refuse(merge->tx, merge->out, "too_many", field_at(merge, i, ".badge"),
                         "Badge %lld has %d scans, as many as there can be; none was taken.", (long long)scan->badge,
                         REG_SCANS_MAX);
    if (badge)
        seen->delegation = badge->delegation;
    merge->seen_n++;
    return CV_OK;
}

static void touch(merge_t *merge, int64_t row)
{
    for (size_t i = 0; i < merge->delegations_n; i++)
        if (merge->delegations[i]->row == row)
            return;
    const reg_delegation_t *d = reg_delegation_at(merge->event, row);
    if (d)
        merge->delegations[merge->delegations_n++] = d;
}

static int take(merge_t *merge)
{
    int rc = CV_OK;

    for (size_t i = 0; !rc && i < merge->seen_n; i++)
        rc = reg_scan_add(merge->self->badges, &merge->seen[i]);
    for (size_t i = 0; !rc && i < merge->badges_n; i++) {
        bool changed = false;
        rc = reg_reread_scans(merge->self, merge->tx, &merge->badges[i], &changed);
        if (changed)
            touch(merge, merge->badges[i].delegation);
    }
    for (size_t i = 0; !rc && i < merge->delegations_n; i++)
        rc = reg_attendance_tell(merge->self, merge->tx, merge->delegations[i]);
    return rc;
}

static int may_merge(merge_t *merge)
{
    const cv_registration_scan_merge_v1_t *request = merge->request;
    const cv_principal_t *who = cv_tx_principal(merge->tx);

    if (who && who->role == CV_ROLE_GATE && !cv_str_is(request->gate, who->name))
        return cv_refuse_as(merge->tx, merge->out, CV_EDENIED, "gate", "data.gate",
                            "%s tells its own scans only, not those of %.*s.", who->name, CV_STR_ARG(request->gate));
    for (size_t i = 1; i < request->scans_n; i++)
        if (request->scans[i].sequence <= request->scans[i - 1].sequence)
            return cv_refuse_as(merge->tx, merge->out, CV_EINVAL, "bad_field", field_at(merge, i, ".sequence"),
                                "Scans stand in rising order of their numbers, each once.");
    return CV_OK;
}

int reg_merge_scans(reg_t *self, cv_tx_t *tx, const cv_registration_scan_merge_v1_t *request, cv_outcome_t *out)
{
    reg_event_t *event = NULL;
    int rc = reg_badge_event(self, tx, request->event, out, &event);

    if (rc)
        return rc;
    merge_t *merge = cv_arena_take(cv_tx_arena(tx), sizeof *merge);
    if (!merge)
        return CV_ENOMEM;
    merge->self = self;
    merge->tx = tx;
    merge->out = out;
    merge->request = request;
    merge->event = event;
    rc = may_merge(merge);
    for (size_t i = 0; !rc && i < request->scans_n; i++)
        rc = look_at(merge, i);
    if (!rc)
        rc = take(merge);
    return rc ? rc
              : cv_accept(tx, out, "merged", "%zu scans of %.*s: %zu are new, the others were known.", request->scans_n,
                          CV_STR_ARG(request->gate), merge->seen_n);
}
