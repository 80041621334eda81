/* scrub: names that must be forgotten are taken out of what this service holds, and out of notices that lie in the
 * outbox.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   the record that says so     in its transaction: rows of persons and contacts go, notices to the persons themselves end, messages that were composed for
 *                               the delegation and not written yet are dropped (they are composed anew), what was
 *                               written is marked. The database is written anew after the COMMIT: rows with names have
 *                               moved about in it (store/wal.c)
 *   after the transaction       each marked notice whose file still lies in the outbox is written over it, composed from
 *                               what is known now: the same id, the number of the person without a name. Who carries
 *                               the files on may have taken it before; what has left is out of our hands
 *
 * Failure modes
 *   killed in between           the marks are in the database: done at the next start
 *   outbox full or away         the marks stay; tried again with the next notices, or after NTF_WAITING_MS
 *   its event is not known (yet)
 *                               its mark stays, and the others are written
 *   nobody to write to any more, or a notice of an older version, whose data were not kept
 *                               the file is taken away: it must not stay, and cannot be written anew
 *   a snapshot of the stream    says who is there, not who is gone: everything is gone through
 *
 * What tells who had a number before (persons.h) cannot be made anew. It stays when another is erased; when that number is, it ends,
 * and its file is taken away.
 */
#include "convene/log.h"
#include "notifications/core.h"
#include "notifications/dispatch.h"
#include "notifications/moved.h"

#include <unistd.h>

int ntf_forget(ntf_t *ntf, cv_tx_t *tx, cv_str_t event, cv_str_t party)
{
    int rc = ntf_store_scrub(ntf->store, event, party);
    if (!rc && event.ptr)
        rc = ntf_digest_forget(ntf->prefers, event, party);
    if (!rc && event.ptr)
        rc = ntf_person_end_all(ntf->persons, event, party, cv_tx_now_ms(tx));
    if (!rc && event.ptr) /* away from whom is erased */
        rc = ntf_moved(ntf, CV_STR_NONE, party);
    if (!rc)
        rc = ntf_dispatch_forget(ntf_post_store(ntf->post), event, party);
    if (!rc && event.ptr) /* what lost its address has its place in the order again */
        rc = ntf_moved(ntf, CV_STR_NONE, party);
    ntf_stir(ntf);
    ntf->scrub = true;
    return rc ? rc : cv_tx_scrub(tx, true);
}

/* CV_EFULL, CV_EUNAVAIL: not now, and no other either. NTF_NOT_TOLD: not this one. */
static int s_rewrite(ntf_t *ntf, int fd, ntf_delivery_t *row)
{
    char name[NTF_ID_MAX + 1];
    if (cv_str_copy(row->notice, name, sizeof(name)) || !ntf_outbox_has(fd, name))
        return CV_OK;
    bool has_data = row->data.ptr || row->kind == NTF_EVENT_CHANGE || row->kind == NTF_CONTACT_PING;
    int rc = has_data ? ntf_compose(ntf, row) : CV_ENOTFOUND;
    if (!rc)
        return ntf_outbox_put(fd, name, row->mail);
    if (rc > 0 || rc == CV_ENOMEM || rc == CV_EIO || rc == CV_ECORRUPT)
        return rc;
    cv_log(CV_LOG_WARN, "notice_taken_away", cv_kv_str("notice", row->notice),
           cv_kv_text("reason", "it names a person who was erased or replaced, and cannot be written anew"));
    return ntf_outbox_drop(fd, name);
}

static int s_done(ntf_t *ntf, cv_db_t *db, const ntf_delivery_t *rows, size_t n)
{
    int rc = cv_db_begin(db);
    if (rc)
        return rc;
    for (size_t i = 0; !rc && i < n; i++)
        rc = ntf_store_scrubbed(ntf->store, rows[i].n);
    if (!rc)
        return cv_db_commit(db);
    cv_db_rollback(db);
    return rc;
}

/* Writes those that it can; they are the first *ret_done of rows then. */
static int s_rewrite_all(ntf_t *ntf, int fd, ntf_delivery_t *rows, size_t n, size_t *ret_done)
{
    int rc = CV_OK;
    for (size_t i = 0; i < n; i++) {
        rc = s_rewrite(ntf, fd, &rows[i]);
        if (rc && rc != NTF_NOT_TOLD)
            return rc;
        if (!rc)
            rows[(*ret_done)++] = rows[i];
    }
    return CV_OK;
}

int ntf_scrub(ntf_t *ntf, cv_db_t *db, bool *ret_more)
{
    cv_arena_reset(ntf->arena);
    ntf_delivery_t *rows = cv_arena_take(ntf->arena, NTF_BATCH * sizeof(*rows));
    size_t n = 0, done = 0;
    int fd = -1;
    int rc = rows ? ntf_store_scrubs(ntf->store, 0, ntf->arena, NTF_BATCH, rows, &n) : CV_ENOMEM;
    if (!rc && n == 0) {
        ntf->scrub = false;
        return CV_OK;
    }
    if (!rc)
        rc = ntf_outbox_open(ntf->outbox, &fd);
    while (!rc && n > 0) {
        int64_t last = rows[n - 1].n;
        rc = s_rewrite_all(ntf, fd, rows, n, &done);
        if (rc || done > 0)
            break;
        rc = ntf_store_scrubs(ntf->store, last, ntf->arena, NTF_BATCH, rows, &n);
    }
    if (fd >= 0) {
        if (done && ntf_outbox_sync(fd))
            done = 0; /* once more, then */
        close(fd);
    }
    if (rc)
        cv_log(CV_LOG_WARN, "erasure_waits", cv_kv_rc(rc), cv_kv_text("path", ntf->outbox));
    int done_rc = done ? s_done(ntf, db, rows, done) : CV_OK;
    *ret_more = !rc && !done_rc && done > 0;
    return done_rc == CV_EIO || done_rc == CV_ECORRUPT ? done_rc : CV_OK;
}
