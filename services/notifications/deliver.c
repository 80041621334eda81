/* deliver: from queued deliveries to files, after the engine's COMMIT (see notifications.h for the whole way).
 * SPDX-License-Identifier: Apache-2.0
 *
 * A row that has its message before its first lease tells who had a person's number before (persons.h): it leaves as it is.
 */
#include "convene/log.h"
#include "notifications/core.h"
#include "notifications/dispatch.h"
#include "notifications/persons.h"
#include "notifications/prefer.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* One delivery on its way. */
typedef struct {
    ntf_delivery_t row;
    enum { READY, HELD, UNUSABLE, WRITTEN, NO_ROOM, REFUSED, UNAVAILABLE, NOT_TRIED, HANDED, ASIDE } now;
} s_item_t;

/* What came of a try, for the row and the log. */
static const char *s_reason(const s_item_t *item)
{
    switch (item->now) {
    case UNUSABLE:
        return "unusable";
    case NO_ROOM:
        return "outbox_full";
    case REFUSED:
        return "file_refused";
    case UNAVAILABLE:
        return "outbox_unavailable";
    case READY:
    case HELD:
    case WRITTEN:
    case NOT_TRIED:
    case HANDED:
    case ASIDE:
        break;
    }
    return "";
}

/* ---- lease -------------------------------------------------------------------------------- */

static bool s_same_lane(const s_item_t *a, const s_item_t *b)
{
    return cv_str_equal(a->row.event, b->row.event) && cv_str_equal(a->row.party, b->row.party) &&
           a->row.person == b->row.person;
}

/* Whether an earlier delivery of the same delegation, or of the same person, keeps this one back. */
static bool s_kept_back(const s_item_t *items, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        bool stays = items[i].now != READY && items[i].now != UNUSABLE && items[i].now != WRITTEN &&
                     items[i].now != HANDED && items[i].now != ASIDE;
        if (stays && s_same_lane(&items[i], &items[at]))
            return true;
    }
    return false;
}

/* Its message goes to the mail server's queue, in this transaction. */
static int s_hand(ntf_t *ntf, s_item_t *item)
{
    int rc = ntf_dispatch_add_mail(ntf_post_store(ntf->post), &item->row, item->row.to);
    if (!rc)
        rc = ntf_store_handed(ntf->store, item->row.n);
    if (!rc && item->row.kind == NTF_DIGEST)
        rc = ntf_digest_written(ntf->prefers, item->row.n);
    if (!rc)
        item->now = HANDED;
    ntf_post_stir(ntf->post);
    return rc;
}

static int s_lease_one(ntf_t *ntf, cv_db_t *db, s_item_t *items, size_t at, int64_t now_ms)
{
    s_item_t *item = &items[at];
    if (s_kept_back(items, at)) {
        item->now = NOT_TRIED;
        return CV_OK;
    }
    /* What was frozen for the outbox is made anew for a mail server: it has another sender. What cannot be made anew is a
     * file, as it was frozen. */
    bool is_last = item->row.place == NTF_PLACE_LEAVES;
    bool frozen = item->row.mail.ptr && (is_last || !ntf_post_has_mail());
    int rc = frozen ? CV_OK : ntf_compose(ntf, &item->row);
    if (rc == CV_ENOMEM && at == 0) /* it has the whole arena and does not fit: so it would be every time */
        rc = CV_ELIMIT;
    int held = 0;
    bool leaves = true;
    bool may_wait = !ntf_is_second(&item->row) && item->row.person == 0; /* has not waited enough, and can say so */
    if (!rc && !frozen && item->row.attempts == 0 && may_wait)
        rc = ntf_prefer(ntf, &item->row, now_ms, &leaves);
    switch (rc) {
    case CV_OK:
        if (!leaves) {
            item->now = ASIDE;
            return CV_OK;
        }
        if (ntf_post_has_mail() && !is_last)
            return s_hand(ntf, item);
        item->now = READY;
        return ntf_store_lease(ntf->store, item->row.n, now_ms, item->row.mail);
    case CV_ENOTFOUND:
        if (item->row.person) {
            item->now = HELD;
            return ntf_persons_unreachable(ntf, db, &item->row);
        }
        if (item->row.above >= 0) { /* nobody comes next any more; who comes before is written to */
            item->now = ASIDE;
            return ntf_store_hold(ntf->store, item->row.n, NTF_HOLD_RECIPIENT);
        }
        item->now = HELD;
        rc = ntf_store_hold_lane(ntf->store, &item->row, db, &held);
        if (!rc)
            cv_log(CV_LOG_WARN, "notices_held", cv_kv_text("reason", "no_recipient"),
                   cv_kv_str("event_id", item->row.event), cv_kv_str("party", item->row.party),
                   cv_kv_int("waiting", held));
        return rc;
    case NTF_NOT_TOLD:
        item->now = HELD;
        if (item->row.kind == NTF_DIGEST)
            return ntf_store_again(ntf->store, &item->row, false, now_ms + NTF_WAITING_MS, "not_told");
        return ntf_store_hold(ntf->store, item->row.n, NTF_HOLD_EVENT);
    case CV_EINVAL:
    case CV_ELIMIT:
    case CV_EMALFORMED:
        item->now = UNUSABLE;
        cv_log(CV_LOG_ERROR, "notice_failed", cv_kv_str("notice", item->row.notice),
               cv_kv_text("reason", s_reason(item)), cv_kv_rc(rc));
        if (item->row.kind == NTF_DIGEST)
            return ntf_digest_dissolve(ntf->prefers, item->row.n);
        return ntf_store_failed(ntf->store, &item->row, s_reason(item));
    default:
        return rc;
    }
}

/* Takes what is due and commits its bytes. */
static int s_lease(ntf_t *ntf, cv_db_t *db, int64_t now_ms, s_item_t *items, size_t *ret_n)
{
    ntf_delivery_t *rows = cv_arena_take(ntf->arena, NTF_BATCH * sizeof(*rows));
    if (!rows)
        return CV_ENOMEM;
    int rc = cv_db_begin(db);
    if (rc)
        return rc;
    size_t n = 0;
    rc = ntf_store_release(ntf->store);
    if (!rc)
        rc = ntf_persons_make(ntf);
    if (!rc)
        rc = ntf_prefer_begin(ntf, now_ms);
    if (!rc)
        rc = ntf_store_ready(ntf->store, now_ms, ntf->arena, NTF_BATCH, rows, &n);
    for (size_t i = 0; !rc && i < n; i++) {
        items[i] = (s_item_t){.row = rows[i]};
        rc = s_lease_one(ntf, db, items, i, now_ms);
        if (rc == CV_ENOMEM && i > 0) { /* what is leased leaves; this one comes first in the next batch */
            n = i;
            rc = CV_OK;
        }
    }
    if (!rc)
        rc = cv_db_commit(db);
    else
        cv_db_rollback(db);
    if (!rc)
        *ret_n = n;
    return rc;
}

/* ---- write -------------------------------------------------------------------------------- */

/* A failure that is the folder's and not one notice's ends the batch: the rest would fare the same. */
static void s_write(ntf_t *ntf, s_item_t *items, size_t n)
{
    int fd = -1;
    int rc = ntf_outbox_open(ntf->outbox, &fd);
    bool stopped = false;
    for (size_t i = 0; i < n; i++) {
        s_item_t *item = &items[i];
        if (item->now != READY)
            continue;
        if (stopped || s_kept_back(items, i)) {
            item->now = NOT_TRIED;
            continue;
        }
        if (fd >= 0) {
            char name[NTF_ID_MAX + 1];
            rc = cv_str_copy(item->row.notice, name, sizeof(name));
            rc = rc ? CV_EINVAL : ntf_outbox_put(fd, name, item->row.mail);
        }
        item->now = rc == CV_OK ? WRITTEN : rc == CV_EINVAL ? REFUSED : rc == CV_EFULL ? NO_ROOM : UNAVAILABLE;
        stopped = item->now == NO_ROOM || item->now == UNAVAILABLE;
    }
    if (fd < 0)
        return;
    rc = ntf_outbox_sync(fd);
    for (size_t i = 0; rc && i < n; i++) {
        if (items[i].now == WRITTEN)
            items[i].now = rc == CV_EFULL ? NO_ROOM : UNAVAILABLE;
    }
    close(fd);
}

/* ---- result ------------------------------------------------------------------------------- */

static int s_result_one(ntf_t *ntf, const s_item_t *item, int64_t now_ms)
{
    switch (item->now) {
    case WRITTEN: {
        int rc = ntf_store_written(ntf->store, item->row.n);
        return rc || item->row.kind != NTF_DIGEST ? rc : ntf_digest_written(ntf->prefers, item->row.n);
    }
    case NO_ROOM:
    case UNAVAILABLE:
        return ntf_store_again(ntf->store, &item->row, false, ntf->outbox_not_before_ms, s_reason(item));
    case REFUSED:
        if (item->row.failures + 1 < NTF_TRIES_MAX)
            return ntf_store_again(ntf->store, &item->row, true,
                                   now_ms + ntf_pause_ms(item->row.failures + 1, NTF_PAUSE_MAX_MS), s_reason(item));
        cv_log(CV_LOG_ERROR, "notice_failed", cv_kv_str("notice", item->row.notice),
               cv_kv_text("reason", s_reason(item)));
        return ntf_store_failed(ntf->store, &item->row, s_reason(item));
    case READY:
    case HELD:
    case UNUSABLE:
    case NOT_TRIED:
    case HANDED:
    case ASIDE:
        break;
    }
    return CV_OK;
}

static int s_result(ntf_t *ntf, cv_db_t *db, const s_item_t *items, size_t n, int64_t now_ms)
{
    int rc = cv_db_begin(db);
    if (rc)
        return rc;
    for (size_t i = 0; !rc && i < n; i++)
        rc = s_result_one(ntf, &items[i], now_ms);
    if (!rc)
        return cv_db_commit(db);
    cv_db_rollback(db);
    return rc;
}

/* Keeps count of how the folder fares, and says so when that changes. */
static bool s_outbox_watch(ntf_t *ntf, const s_item_t *items, size_t n, int64_t now_ms)
{
    const s_item_t *bad = NULL;
    bool good = false;
    for (size_t i = 0; i < n; i++) {
        good = good || items[i].now == WRITTEN;
        if (items[i].now == NO_ROOM || items[i].now == UNAVAILABLE)
            bad = &items[i];
    }
    if (bad) {
        if (ntf->outbox_failures++ == 0)
            cv_log(CV_LOG_WARN, "outbox_stopped", cv_kv_text("reason", s_reason(bad)), cv_kv_text("path", ntf->outbox));
        ntf->outbox_not_before_ms = now_ms + ntf_pause_ms(ntf->outbox_failures, NTF_PAUSE_OUTBOX_MS);
    } else if (good) {
        if (ntf->outbox_failures > 0)
            cv_log(CV_LOG_INFO, "outbox_goes_on", cv_kv_int("failures", ntf->outbox_failures));
        ntf->outbox_failures = 0;
        ntf->outbox_not_before_ms = 0;
    }
    return bad != NULL;
}

static bool s_any_ready(const s_item_t *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (items[i].now == READY)
            return true;
    }
    return false;
}

static int s_afterwards(ntf_t *ntf, cv_db_t *db, int64_t now_ms, bool *ret_more)
{
    if (ntf->scrub) {
        int rc = ntf_scrub(ntf, db, ret_more);
        if (rc || *ret_more)
            return rc;
    }
    if (!ntf->work || now_ms < ntf->outbox_not_before_ms)
        return CV_OK;
    int64_t due_ms = 0;
    bool waiting = false;
    int rc = ntf_next_due(ntf, now_ms, &due_ms, &waiting);
    if (!waiting && (rc == CV_ENOTFOUND || (rc == CV_OK && due_ms > now_ms))) {
        ntf->work = false;
        return CV_OK;
    }
    cv_arena_reset(ntf->arena);
    s_item_t items[NTF_BATCH];
    size_t n = 0;
    if (rc == CV_OK || rc == CV_ENOTFOUND)
        rc = s_lease(ntf, db, now_ms, items, &n);
    bool stopped = false;
    if (!rc && n > 0) {
        if (s_any_ready(items, n))
            s_write(ntf, items, n);
        ntf->news = true;
        stopped = s_outbox_watch(ntf, items, n, now_ms);
        /* When this fails the files are there and the rows say queued: they will be written again, the same. */
        rc = s_result(ntf, db, items, n, now_ms);
    }
    if (rc) {
        cv_log(CV_LOG_ERROR, "deliveries_interrupted", cv_kv_rc(rc), cv_kv_text("database", cv_db_error(db)));
        ntf->outbox_not_before_ms = now_ms + NTF_PAUSE_FIRST_MS;
        return rc;
    }
    if (n == 0)
        ntf->work = ntf->more_persons;
    *ret_more = (n > 0 || ntf->more_persons) && !stopped;
    return CV_OK;
}

int ntf_afterwards(void *self, cv_db_t *db, int64_t now_ms, bool *ret_more)
{
    ntf_t *ntf = self;
    int rc = s_afterwards(ntf, db, now_ms, ret_more);
    if (rc == CV_EIO || rc == CV_ECORRUPT)
        return rc;
    int64_t owed_ms = ntf->owed_ms;
    int post_rc = ntf_post_turn(ntf, db, now_ms);
    if (ntf->owed_ms != owed_ms)
        *ret_more = true; /* the next turn is told when it is wanted */
    return post_rc ? post_rc : rc;
}
