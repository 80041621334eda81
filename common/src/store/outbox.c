/* outbox: the streams a service writes, numbered and chained, in the same transaction as its state.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each stream has one append-only table outbox_<id>(seq, chain, record) and one row in `stream` with its head. During
 * a batch the head moves in memory; the row is written once, by cv_outbox_flush, just before COMMIT.
 *
 *   record n:  chain(n) = BLAKE2b-256(chain(n-1) || record bytes),  chain(0) = 32 zero octets
 *
 * Failure modes:
 *   rolled back        cv_outbox_forget puts the heads of memory back to the committed ones
 *   killed             the row and the table are of one transaction: they agree, or the file is damaged (checked at open)
 *   pruned             sequences go on from the row, never from max(seq): a number is never given twice
 *   restored           another epoch: a follower whose place is part of the restored history goes on from it, any other
 *                      gets EPOCH and takes a snapshot
 *   old copy put back  same epoch, shorter history: a follower that has seen more gets AHEAD, one whose chain does not
 *                      fit gets DIVERGED; neither is ever served records that merely have the right number
 */
#include "store/outbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    int64_t id;
    cv_position_t head, committed;
    uint64_t oldest, committed_oldest;
    cv_stmt_t *append, *chain_at, *walk, *prune;
} stream_t;

struct cv_outbox {
    size_t streams_n;
    stream_t streams[CV_STREAMS_MAX];
    cv_stmt_t *save;
};

/* "<before> outbox_<id> <after>" */
static int prepare_for(cv_db_t *db, const char *before, int64_t id, const char *after, cv_stmt_t **ret_stmt) {
    char sql[256];
    snprintf(sql, sizeof sql, "%s outbox_%lld %s", before, (long long)id, after);
    return cv_db_prepare(db, sql, ret_stmt);
}

static int load_head(cv_db_t *db, const char *name, stream_t *stream) {
    cv_stmt_t *load;
    int rc = cv_db_prepare(db, "SELECT id, epoch, seq, chain, oldest FROM stream WHERE name = ?", &load);
    if (rc)
        return rc;
    cv_stmt_text(load, 1, cv_str(name));
    rc = cv_stmt_step(load);
    if (rc != 1)
        return rc ? rc : CV_ENOTFOUND;
    cv_str_t epoch = cv_stmt_get_blob(load, 1), chain = cv_stmt_get_blob(load, 3);
    int64_t seq = cv_stmt_get_int(load, 2), oldest = cv_stmt_get_int(load, 4);
    /* The table's CHECKs say so, but they are not asked when a damaged file is read. */
    rc = epoch.len == CV_EPOCH_LEN && chain.len == CV_CHAIN_LEN && seq >= 0 && oldest >= 1 && oldest <= seq + 1 ? CV_OK : CV_ECORRUPT;
    if (!rc) {
        stream->id = cv_stmt_get_int(load, 0);
        memcpy(stream->head.epoch, epoch.ptr, CV_EPOCH_LEN);
        memcpy(stream->head.chain, chain.ptr, CV_CHAIN_LEN);
        stream->head.seq = (uint64_t)seq;
        stream->oldest = (uint64_t)oldest;
    }
    cv_stmt_reset(load);
    return rc;
}

static int make_stream(cv_db_t *db, const char *name, const uint8_t epoch[CV_EPOCH_LEN]) {
    static const uint8_t no_chain[CV_CHAIN_LEN];
    cv_stmt_t *make;
    int rc = cv_db_prepare(db, "INSERT INTO stream(name, epoch, seq, chain, oldest) VALUES(?, ?, 0, ?, 1)", &make);
    if (rc)
        return rc;
    cv_stmt_text(make, 1, cv_str(name));
    cv_stmt_blob(make, 2, epoch, CV_EPOCH_LEN);
    cv_stmt_blob(make, 3, no_chain, sizeof no_chain);
    return cv_stmt_run(make);
}

static int open_stream(cv_db_t *db, const char *name, const uint8_t epoch[CV_EPOCH_LEN], stream_t *stream) {
    int rc = load_head(db, name, stream);
    if (rc == CV_ENOTFOUND) {
        rc = make_stream(db, name, epoch);
        if (!rc)
            rc = load_head(db, name, stream);
    }
    if (rc)
        return rc;
    char sql[192];
    snprintf(sql, sizeof sql,
             "CREATE TABLE IF NOT EXISTS outbox_%lld(seq INTEGER PRIMARY KEY, chain BLOB NOT NULL, record BLOB NOT NULL)"
             " STRICT",
             (long long)stream->id);
    rc = cv_db_exec(db, sql);
    if (!rc)
        rc = prepare_for(db, "INSERT INTO", stream->id, "VALUES(?, ?, ?)", &stream->append);
    if (!rc)
        rc = prepare_for(db, "SELECT chain FROM", stream->id, "WHERE seq = ?", &stream->chain_at);
    if (!rc)
        rc = prepare_for(db, "SELECT seq, record FROM", stream->id, "WHERE seq > ? ORDER BY seq LIMIT ?", &stream->walk);
    if (!rc)
        rc = prepare_for(db, "DELETE FROM", stream->id, "WHERE seq BETWEEN ? AND ?", &stream->prune);
    stream->committed = stream->head;
    stream->committed_oldest = stream->oldest;
    return rc;
}

/* CV_OK, CV_EDIVERGED, or CV_ECORRUPT: there is no such record. */
static int has_chain(stream_t *s, uint64_t seq, const uint8_t expected[CV_CHAIN_LEN]) {
    cv_stmt_int(s->chain_at, 1, (int64_t)seq);
    int rc = cv_stmt_step(s->chain_at);
    if (rc != 1)
        return rc ? rc : CV_ECORRUPT;
    cv_str_t chain = cv_stmt_get_blob(s->chain_at, 0);
    rc = chain.len == CV_CHAIN_LEN && !memcmp(chain.ptr, expected, CV_CHAIN_LEN) ? CV_OK : CV_EDIVERGED;
    cv_stmt_reset(s->chain_at);
    return rc;
}

/* The newest row must be the one that the head names. */
static int check_stream(stream_t *stream) {
    if (stream->head.seq < stream->oldest)
        return CV_OK; /* nothing kept */
    int rc = has_chain(stream, stream->head.seq, stream->head.chain);
    return rc == CV_EDIVERGED ? CV_ECORRUPT : rc;
}

static int walk(stream_t *s, uint64_t after, size_t max, int (*put)(void *self, cv_str_t record), void *self) {
    uint64_t last = s->head.seq > after && s->head.seq - after > max ? after + max : s->head.seq;
    cv_stmt_int(s->walk, 1, (int64_t)after);
    cv_stmt_int(s->walk, 2, (int64_t)max);
    int rc;
    while ((rc = cv_stmt_step(s->walk)) == 1) {
        if ((uint64_t)cv_stmt_get_int(s->walk, 0) != ++after) {
            cv_stmt_reset(s->walk);
            return CV_ECORRUPT; /* a hole in our own log */
        }
        rc = put(self, cv_stmt_get_blob(s->walk, 1));
        if (rc) {
            cv_stmt_reset(s->walk);
            return rc == CV_ELIMIT ? CV_OK : rc;
        }
    }
    return !rc && after < last ? CV_ECORRUPT : rc; /* or a hole at its end */
}

int cv_outbox_open(cv_db_t *db, const char *const *names, size_t names_n, const uint8_t new_epoch[CV_EPOCH_LEN],
                   cv_outbox_t **ret_outbox) {
    if (names_n > CV_STREAMS_MAX)
        return CV_ELIMIT;
    cv_outbox_t *outbox = calloc(1, sizeof *outbox);
    if (!outbox)
        return CV_ENOMEM;
    outbox->streams_n = names_n;
    int rc = cv_db_begin(db);
    for (size_t i = 0; !rc && i < names_n; i++)
        rc = open_stream(db, names[i], new_epoch, &outbox->streams[i]);
    if (!rc)
        rc = cv_db_prepare(db, "UPDATE stream SET epoch = ?, seq = ?, chain = ?, oldest = ? WHERE id = ?", &outbox->save);
    if (!rc)
        rc = cv_db_commit(db);
    else
        cv_db_rollback(db);
    for (size_t i = 0; !rc && i < names_n; i++)
        rc = check_stream(&outbox->streams[i]);
    if (rc) {
        cv_outbox_close(&outbox);
        return rc;
    }
    *ret_outbox = outbox;
    return CV_OK;
}

void cv_outbox_close(cv_outbox_t **outbox) {
    free(*outbox);
    *outbox = NULL;
}

const cv_position_t *cv_outbox_head(const cv_outbox_t *outbox, size_t stream) {
    return &outbox->streams[stream].head;
}

uint64_t cv_outbox_oldest(const cv_outbox_t *outbox, size_t stream) {
    return outbox->streams[stream].oldest;
}

int cv_outbox_append(cv_outbox_t *outbox, size_t stream, cv_str_t record, cv_position_t *ret_position) {
    stream_t *s = &outbox->streams[stream];
    cv_position_t next = s->head;
    next.seq++;
    cv_chain_next(s->head.chain, record, next.chain);
    cv_stmt_int(s->append, 1, (int64_t)next.seq);
    cv_stmt_blob(s->append, 2, next.chain, CV_CHAIN_LEN);
    cv_stmt_blob(s->append, 3, record.ptr, record.len);
    int rc = cv_stmt_run(s->append);
    if (rc)
        return rc;
    s->head = next;
    *ret_position = next;
    return CV_OK;
}

int cv_outbox_flush(cv_outbox_t *outbox) {
    for (size_t i = 0; i < outbox->streams_n; i++) {
        stream_t *s = &outbox->streams[i];
        if (s->head.seq == s->committed.seq && s->oldest == s->committed_oldest &&
            !memcmp(s->head.epoch, s->committed.epoch, CV_EPOCH_LEN))
            continue;
        cv_stmt_blob(outbox->save, 1, s->head.epoch, CV_EPOCH_LEN);
        cv_stmt_int(outbox->save, 2, (int64_t)s->head.seq);
        cv_stmt_blob(outbox->save, 3, s->head.chain, CV_CHAIN_LEN);
        cv_stmt_int(outbox->save, 4, (int64_t)s->oldest);
        cv_stmt_int(outbox->save, 5, s->id);
        int rc = cv_stmt_run(outbox->save);
        if (rc)
            return rc;
    }
    return CV_OK;
}

void cv_outbox_committed(cv_outbox_t *outbox) {
    for (size_t i = 0; i < outbox->streams_n; i++) {
        outbox->streams[i].committed = outbox->streams[i].head;
        outbox->streams[i].committed_oldest = outbox->streams[i].oldest;
    }
}

void cv_outbox_forget(cv_outbox_t *outbox) {
    for (size_t i = 0; i < outbox->streams_n; i++) {
        outbox->streams[i].head = outbox->streams[i].committed;
        outbox->streams[i].oldest = outbox->streams[i].committed_oldest;
    }
}

static int add_to_chain(void *chain, cv_str_t record) {
    cv_chain_next(chain, record, chain);
    return CV_OK;
}

/* The follower has exactly the last pruned record. Its chain is gone, but that of the next was made from it. */
static int admit_at_edge(stream_t *s, const cv_position_t *from) {
    uint8_t next[CV_CHAIN_LEN];
    memcpy(next, from->chain, CV_CHAIN_LEN);
    int rc = walk(s, from->seq, 1, add_to_chain, next);
    return rc ? rc : has_chain(s, from->seq + 1, next);
}

/* Is this place part of the history that is kept here? */
static int admit(stream_t *s, const cv_position_t *from) {
    static const uint8_t no_chain[CV_CHAIN_LEN];
    if (from->seq > s->head.seq)
        return CV_EAHEAD;
    if (from->seq == s->head.seq)
        return memcmp(from->chain, s->head.chain, CV_CHAIN_LEN) ? CV_EDIVERGED : CV_OK;
    if (from->seq + 1 < s->oldest)
        return CV_EPRUNED;
    if (!from->seq)
        return memcmp(from->chain, no_chain, CV_CHAIN_LEN) ? CV_EDIVERGED : CV_OK;
    if (from->seq < s->oldest)
        return admit_at_edge(s, from);
    return has_chain(s, from->seq, from->chain);
}

int cv_outbox_admit(cv_outbox_t *outbox, size_t stream, const cv_position_t *from) {
    static const uint8_t no_epoch[CV_EPOCH_LEN];
    stream_t *s = &outbox->streams[stream];
    bool from_the_start = !from->seq && !memcmp(from->epoch, no_epoch, CV_EPOCH_LEN);
    int rc = admit(s, from);
    if (from_the_start || !memcmp(from->epoch, s->head.epoch, CV_EPOCH_LEN))
        return rc;
    /* Another epoch: a restore lies between. Who stands on what the backup holds as well goes on from there and misses
     * nothing; anybody else has seen what is no more. */
    return rc == CV_EAHEAD || rc == CV_EPRUNED || rc == CV_EDIVERGED ? CV_EEPOCH : rc;
}

int cv_outbox_walk(cv_outbox_t *outbox, size_t stream, uint64_t after, size_t max,
                   int (*put)(void *self, cv_str_t record), void *self) {
    return walk(&outbox->streams[stream], after, max, put, self);
}

int cv_outbox_prune(cv_outbox_t *outbox, size_t stream, uint64_t upto, size_t max) {
    stream_t *s = &outbox->streams[stream];
    if (upto > s->head.seq)
        upto = s->head.seq;
    if (upto < s->oldest || !max)
        return CV_OK;
    if (upto - s->oldest >= max)
        upto = s->oldest + max - 1;
    cv_stmt_int(s->prune, 1, (int64_t)s->oldest);
    cv_stmt_int(s->prune, 2, (int64_t)upto);
    int rc = cv_stmt_run(s->prune);
    if (!rc)
        s->oldest = upto + 1;
    return rc;
}

int cv_outbox_new_epoch(cv_outbox_t *outbox, const uint8_t epoch[CV_EPOCH_LEN]) {
    for (size_t i = 0; i < outbox->streams_n; i++)
        memcpy(outbox->streams[i].head.epoch, epoch, CV_EPOCH_LEN);
    return cv_outbox_flush(outbox);
}
