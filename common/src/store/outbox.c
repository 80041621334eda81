/* outbox: the streams a service writes, numbered and chained, in the same transaction as its state.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each stream has a part of the journal and one row in `stream` that says where what is kept begins. During a batch
 * records gather in memory; cv_outbox_flush makes them rows of the journal just before COMMIT, one per stream and
 * transaction or per 64 KiB: a row per record would cost more than deciding it. The head is what follows from the last
 * row.
 *
 *   record n:  chain(n) = BLAKE2b-256(chain(n-1) || record bytes),  chain(0) = 32 zero octets
 *
 * Failure modes:
 *   rolled back        cv_outbox_forget puts the heads of memory back to the committed ones
 *   killed             rows are of the transaction they speak of. At open the first and the last ones must fit each
 *                      other and the row in `stream`, or the file is damaged
 *   pruned             whole rows only. When all are gone `stream` keeps number and chain, so none is ever given twice
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
    int64_t id; /* and part of the journal */
    cv_position_t head, committed;
    uint64_t oldest, committed_oldest;
    uint8_t base[CV_CHAIN_LEN], committed_base[CV_CHAIN_LEN]; /* the chain before the oldest */
    /* records of this transaction that are in no row yet */
    cv_position_t before; /* the first of them */
    cv_position_t held;   /* the head at the last cv_outbox_hold */
    cv_buf_t ends, records;
} stream_t;

struct cv_outbox {
    cv_journal_t *journal;
    size_t streams_n;
    stream_t streams[CV_STREAMS_MAX];
    cv_stmt_t *save;
};

/* ---- rows --------------------------------------------------------------------------------- */

static bool holds(const cv_row_t *row, uint64_t seq)
{
    return row->first <= seq && seq - row->first < row->items_n;
}

/* chain becomes the one after the first n records of the row. */
static int chain_through(const cv_row_t *row, size_t n, uint8_t chain[CV_CHAIN_LEN])
{
    for (size_t i = 0; i < n; i++) {
        cv_str_t record;
        int rc = cv_row_item(row, i, &record);
        if (rc)
            return rc;
        cv_chain_next(chain, record, chain);
    }
    return CV_OK;
}

/* The chain after record seq, which is kept. CV_ECORRUPT: it is not. */
static int chain_at(cv_journal_t *journal, const stream_t *s, uint64_t seq, uint8_t ret_chain[CV_CHAIN_LEN])
{
    cv_row_t row;
    int rc = cv_journal_seek(journal, s->id, seq, &row);
    if (rc)
        return rc == CV_ENOTFOUND ? CV_ECORRUPT : rc;
    rc = holds(&row, seq) && row.chain.len == CV_CHAIN_LEN ? CV_OK : CV_ECORRUPT;
    if (!rc) {
        memcpy(ret_chain, row.chain.ptr, CV_CHAIN_LEN);
        rc = chain_through(&row, (size_t)(seq - row.first) + 1, ret_chain);
    }
    cv_journal_end(journal);
    return rc;
}

/* The chain before record seq, with which a row must begin. */
static int chain_before(cv_journal_t *journal, const stream_t *s, uint64_t seq, uint8_t ret_chain[CV_CHAIN_LEN])
{
    cv_row_t row;
    if (seq == s->head.seq + 1) {
        memcpy(ret_chain, s->head.chain, CV_CHAIN_LEN);
        return CV_OK;
    }
    int rc = cv_journal_seek(journal, s->id, seq, &row);
    if (rc)
        return rc == CV_ENOTFOUND ? CV_ECORRUPT : rc;
    rc = row.first == seq && row.chain.len == CV_CHAIN_LEN ? CV_OK : CV_ECORRUPT;
    if (!rc)
        memcpy(ret_chain, row.chain.ptr, CV_CHAIN_LEN);
    cv_journal_end(journal);
    return rc;
}

/* Does the history that is kept here lead through this place? seq + 1 is kept or the next to come. CV_OK, CV_EDIVERGED.
 */
static int leads_through(cv_journal_t *journal, const stream_t *s, uint64_t seq, const uint8_t expected[CV_CHAIN_LEN])
{
    uint8_t chain[CV_CHAIN_LEN];
    int rc = seq < s->oldest ? chain_before(journal, s, seq + 1, chain) : chain_at(journal, s, seq, chain);
    return rc ? rc : memcmp(chain, expected, CV_CHAIN_LEN) ? CV_EDIVERGED : CV_OK;
}

/* What has gathered becomes a row. */
static int put_row(cv_journal_t *journal, stream_t *s)
{
    if (!s->ends.len)
        return CV_OK;
    int rc = cv_journal_put(journal, cv_journal_next(journal), s->id, s->before.seq + 1,
                            (cv_str_t){(const char *)s->before.chain, CV_CHAIN_LEN}, cv_buf_str(&s->ends),
                            cv_buf_str(&s->records));
    cv_buf_clear(&s->ends);
    cv_buf_clear(&s->records);
    s->before = s->head;
    return rc;
}

/* ---- opening ------------------------------------------------------------------------------ */

/* The row of `stream`. Its head is the place before the oldest. */
static int load_stream(cv_db_t *db, const char *name, stream_t *s)
{
    cv_stmt_t *load;
    int rc = cv_db_prepare(db, "SELECT id, epoch, oldest, chain FROM stream WHERE name = ?", &load);
    if (rc)
        return rc;
    cv_stmt_text(load, 1, cv_str(name));
    rc = cv_stmt_step(load);
    if (rc != 1)
        return rc ? rc : CV_ENOTFOUND;
    cv_str_t epoch = cv_stmt_get_blob(load, 1), chain = cv_stmt_get_blob(load, 3);
    int64_t id = cv_stmt_get_int(load, 0), oldest = cv_stmt_get_int(load, 2);
    /* The table's CHECKs say so, but they are not asked when a damaged file is read. */
    rc = id > CV_PART_ANSWERS && id < CV_PARTS_MAX && epoch.len == CV_EPOCH_LEN && chain.len == CV_CHAIN_LEN &&
                 oldest >= 1
             ? CV_OK
             : CV_ECORRUPT;
    if (!rc) {
        s->id = id;
        memcpy(s->head.epoch, epoch.ptr, CV_EPOCH_LEN);
        memcpy(s->head.chain, chain.ptr, CV_CHAIN_LEN);
        memcpy(s->base, chain.ptr, CV_CHAIN_LEN);
        s->head.seq = (uint64_t)oldest - 1;
        s->oldest = (uint64_t)oldest;
    }
    cv_stmt_reset(load);
    return rc;
}

/* All streams of a service have one epoch, also one that a later program adds to an old database. */
static int make_stream(cv_db_t *db, const char *name, const uint8_t epoch[CV_EPOCH_LEN])
{
    static const uint8_t no_chain[CV_CHAIN_LEN];
    cv_stmt_t *make;
    int rc = cv_db_prepare(db,
                           "INSERT INTO stream(name, epoch, oldest, chain)"
                           " VALUES(?, coalesce((SELECT epoch FROM stream LIMIT 1), ?), 1, ?)",
                           &make);
    if (rc)
        return rc;
    cv_stmt_text(make, 1, cv_str(name));
    cv_stmt_blob(make, 2, epoch, CV_EPOCH_LEN);
    cv_stmt_blob(make, 3, no_chain, sizeof no_chain);
    return cv_stmt_run(make);
}

/* From the last mark to the end: rows must follow each other, and the last one gives the head. */
static int load_head(cv_journal_t *journal, stream_t *s)
{
    uint8_t chain[CV_CHAIN_LEN];
    uint64_t next = 0;
    cv_row_t row;
    int rc = cv_journal_seek(journal, s->id, s->oldest, &row);
    if (rc)
        return rc == CV_ENOTFOUND ? CV_OK : rc; /* nothing kept: the head is what the row of `stream` says */
    if (row.first != s->oldest || row.chain.len != CV_CHAIN_LEN || memcmp(row.chain.ptr, s->base, CV_CHAIN_LEN) != 0)
        rc = CV_ECORRUPT;
    cv_journal_end(journal);
    if (!rc)
        rc = cv_journal_tail(journal, s->id, &row);
    while (!rc) {
        bool fits = row.chain.len == CV_CHAIN_LEN &&
                    (!next || (row.first == next && !memcmp(row.chain.ptr, chain, CV_CHAIN_LEN)));
        if (fits)
            memcpy(chain, row.chain.ptr, CV_CHAIN_LEN);
        rc = fits ? chain_through(&row, row.items_n, chain) : CV_ECORRUPT;
        next = row.first + row.items_n;
        if (!rc)
            rc = cv_journal_step(journal, &row);
    }
    cv_journal_end(journal);
    if (rc != CV_ENOTFOUND)
        return rc;
    s->head.seq = next - 1;
    memcpy(s->head.chain, chain, CV_CHAIN_LEN);
    return CV_OK;
}

static int open_stream(cv_journal_t *journal, const char *name, const uint8_t epoch[CV_EPOCH_LEN], stream_t *s)
{
    cv_buf_init(&s->ends, CV_ROW_ITEMS * CV_ROW_END);
    cv_buf_init(&s->records, CV_MAX_FRAME);
    int rc = load_stream(journal->db, name, s);
    if (rc == CV_ENOTFOUND) {
        rc = make_stream(journal->db, name, epoch);
        if (!rc)
            rc = load_stream(journal->db, name, s);
    }
    if (!rc)
        rc = load_head(journal, s);
    s->committed = s->before = s->head;
    s->committed_oldest = s->oldest;
    memcpy(s->committed_base, s->base, CV_CHAIN_LEN);
    return rc;
}

/* ---- life --------------------------------------------------------------------------------- */

int cv_outbox_open(cv_journal_t *journal, const char *const *names, size_t names_n,
                   const uint8_t new_epoch[CV_EPOCH_LEN], cv_outbox_t **ret_outbox)
{
    if (names_n > CV_STREAMS_MAX)
        return CV_ELIMIT;
    cv_outbox_t *outbox = calloc(1, sizeof *outbox);
    if (!outbox)
        return CV_ENOMEM;
    outbox->journal = journal;
    outbox->streams_n = names_n;
    int rc = cv_db_begin(journal->db);
    for (size_t i = 0; !rc && i < names_n; i++)
        rc = open_stream(journal, names[i], new_epoch, &outbox->streams[i]);
    if (!rc)
        rc = cv_db_prepare(journal->db, "UPDATE stream SET epoch = ?, oldest = ?, chain = ? WHERE id = ?",
                           &outbox->save);
    if (!rc)
        rc = cv_db_commit(journal->db);
    else
        cv_db_rollback(journal->db);
    if (rc) {
        cv_outbox_close(&outbox);
        return rc;
    }
    *ret_outbox = outbox;
    return CV_OK;
}

void cv_outbox_close(cv_outbox_t **outbox)
{
    if (!*outbox)
        return;
    for (size_t i = 0; i < (*outbox)->streams_n; i++) {
        cv_buf_done(&(*outbox)->streams[i].ends);
        cv_buf_done(&(*outbox)->streams[i].records);
    }
    free(*outbox);
    *outbox = NULL;
}

const cv_position_t *cv_outbox_head(const cv_outbox_t *outbox, size_t stream)
{
    return &outbox->streams[stream].head;
}

uint64_t cv_outbox_oldest(const cv_outbox_t *outbox, size_t stream)
{
    return outbox->streams[stream].oldest;
}

/* ---- writing ------------------------------------------------------------------------------ */

int cv_outbox_append(cv_outbox_t *outbox, size_t stream, cv_str_t record, cv_position_t *ret_position)
{
    stream_t *s = &outbox->streams[stream];
    int rc = CV_OK;
    if (s->records.len + record.len > CV_ROW_BYTES || s->ends.len == s->ends.max)
        rc = put_row(outbox->journal, s);
    if (!rc)
        rc = cv_buf_put(&s->records, record.ptr, record.len);
    size_t end = s->records.len;
    uint8_t bytes[CV_ROW_END] = {(uint8_t)(end >> 24), (uint8_t)(end >> 16), (uint8_t)(end >> 8), (uint8_t)end};
    if (!rc)
        rc = cv_buf_put(&s->ends, bytes, sizeof bytes);
    if (rc)
        return rc; /* the transaction goes */
    s->head.seq++;
    cv_chain_next(s->head.chain, record, s->head.chain);
    *ret_position = s->head;
    return CV_OK;
}

/* What the row of `stream` says has changed: pruned, or another epoch. */
static bool is_moved(const stream_t *s)
{
    return s->oldest != s->committed_oldest || memcmp(s->head.epoch, s->committed.epoch, CV_EPOCH_LEN) != 0;
}

int cv_outbox_flush(cv_outbox_t *outbox)
{
    for (size_t i = 0; i < outbox->streams_n; i++) {
        stream_t *s = &outbox->streams[i];
        int rc = put_row(outbox->journal, s);
        if (rc)
            return rc;
        if (!is_moved(s))
            continue;
        cv_stmt_blob(outbox->save, 1, s->head.epoch, CV_EPOCH_LEN);
        cv_stmt_int(outbox->save, 2, (int64_t)s->oldest);
        cv_stmt_blob(outbox->save, 3, s->base, CV_CHAIN_LEN);
        cv_stmt_int(outbox->save, 4, s->id);
        rc = cv_stmt_run(outbox->save);
        if (rc)
            return rc;
    }
    return CV_OK;
}

void cv_outbox_committed(cv_outbox_t *outbox)
{
    for (size_t i = 0; i < outbox->streams_n; i++) {
        stream_t *s = &outbox->streams[i];
        s->committed = s->before = s->head;
        s->committed_oldest = s->oldest;
        memcpy(s->committed_base, s->base, CV_CHAIN_LEN);
    }
}

void cv_outbox_forget(cv_outbox_t *outbox)
{
    for (size_t i = 0; i < outbox->streams_n; i++) {
        stream_t *s = &outbox->streams[i];
        s->head = s->before = s->committed;
        s->oldest = s->committed_oldest;
        memcpy(s->base, s->committed_base, CV_CHAIN_LEN);
        cv_buf_clear(&s->ends);
        cv_buf_clear(&s->records);
    }
}

int cv_outbox_hold(cv_outbox_t *outbox)
{
    for (size_t i = 0; i < outbox->streams_n; i++) {
        int rc = put_row(outbox->journal, &outbox->streams[i]);
        if (rc)
            return rc;
        outbox->streams[i].held = outbox->streams[i].head;
    }
    return CV_OK;
}

void cv_outbox_return(cv_outbox_t *outbox)
{
    for (size_t i = 0; i < outbox->streams_n; i++) {
        stream_t *s = &outbox->streams[i];
        s->head = s->before = s->held;
        cv_buf_clear(&s->ends);
        cv_buf_clear(&s->records);
    }
}

int cv_outbox_new_epoch(cv_outbox_t *outbox, const uint8_t epoch[CV_EPOCH_LEN])
{
    for (size_t i = 0; i < outbox->streams_n; i++)
        memcpy(outbox->streams[i].head.epoch, epoch, CV_EPOCH_LEN);
    return cv_outbox_flush(outbox);
}

/* ---- reading ------------------------------------------------------------------------------ */

/* Is this place part of the history that is kept here? */
static int admit(cv_journal_t *journal, const stream_t *s, const cv_position_t *from)
{
    static const uint8_t no_chain[CV_CHAIN_LEN];
    if (from->seq > s->head.seq)
        return CV_EAHEAD;
    if (from->seq == s->head.seq)
        return memcmp(from->chain, s->head.chain, CV_CHAIN_LEN) ? CV_EDIVERGED : CV_OK;
    if (from->seq + 1 < s->oldest)
        return CV_EPRUNED;
    if (!from->seq)
        return memcmp(from->chain, no_chain, CV_CHAIN_LEN) ? CV_EDIVERGED : CV_OK;
    return leads_through(journal, s, from->seq, from->chain);
}

int cv_outbox_admit(cv_outbox_t *outbox, size_t stream, const cv_position_t *from)
{
    static const uint8_t no_epoch[CV_EPOCH_LEN];
    stream_t *s = &outbox->streams[stream];
    bool from_the_start = !from->seq && !memcmp(from->epoch, no_epoch, CV_EPOCH_LEN);
    int rc = admit(outbox->journal, s, from);
    if (from_the_start || !memcmp(from->epoch, s->head.epoch, CV_EPOCH_LEN))
        return rc;
    /* Another epoch: a restore lies between. Who stands on what the backup holds as well goes on from there and misses
     * nothing; anybody else has seen what is no more. */
    return rc == CV_EAHEAD || rc == CV_EPRUNED || rc == CV_EDIVERGED ? CV_EEPOCH : rc;
}

int cv_outbox_walk(cv_outbox_t *outbox, size_t stream, uint64_t after, size_t max,
                   int (*put)(void *self, cv_str_t record), void *self)
{
    stream_t *s = &outbox->streams[stream];
    uint64_t last = s->head.seq > after && s->head.seq - after > max ? after + max : s->head.seq;
    cv_row_t row;
    if (after >= last)
        return CV_OK;
    int rc = cv_journal_seek(outbox->journal, s->id, after + 1, &row);
    while (!rc) {
        if (!holds(&row, after + 1))
            rc = CV_ECORRUPT; /* a hole in our own log */
        for (size_t i = rc ? 0 : (size_t)(after + 1 - row.first); !rc && i < row.items_n && after < last;
             i++, after++) {
            cv_str_t record;
            rc = cv_row_item(&row, i, &record);
            if (!rc)
                rc = put(self, record);
        }
        if (rc || after == last)
            break;
        rc = cv_journal_step(outbox->journal, &row);
    }
    cv_journal_end(outbox->journal);
    return rc == CV_ENOTFOUND ? CV_ECORRUPT : rc == CV_ELIMIT ? CV_OK : rc; /* our own log ends too soon */
}

/* Where to keep from: the first row that does not end at or before upto, or of which too many records would go. */
static int find_keep(cv_journal_t *journal, const stream_t *s, uint64_t upto, size_t max, uint64_t *ret_from,
                     int64_t *ret_n)
{
    cv_row_t row;
    uint64_t from = s->oldest;
    int64_t n = 0;
    int rc = cv_journal_seek(journal, s->id, from, &row);
    for (; !rc; rc = cv_journal_step(journal, &row)) {
        uint64_t next = row.first + row.items_n;
        n = row.n;
        if (next > upto + 1 || (from > s->oldest && next - s->oldest > max))
            break;
        from = next;
        n = 0;
    }
    cv_journal_end(journal);
    if (rc && rc != CV_ENOTFOUND)
        return rc;
    *ret_from = from;
    *ret_n = n;
    return CV_OK;
}

/* At least one row goes if it may, however many records it has: else nothing ever would. Records of this transaction
 * stay. */
int cv_outbox_prune(cv_outbox_t *outbox, size_t stream, uint64_t upto, size_t max)
{
    stream_t *s = &outbox->streams[stream];
    uint64_t from;
    int64_t n;
    if (upto > s->before.seq)
        upto = s->before.seq;
    if (!max || upto < s->oldest)
        return CV_OK;
    int rc = find_keep(outbox->journal, s, upto, max, &from, &n);
    if (rc || from == s->oldest)
        return rc;
    uint8_t base[CV_CHAIN_LEN];
    if (n)
        rc = chain_before(outbox->journal, s, from, base);
    else
        memcpy(base, s->before.chain, CV_CHAIN_LEN);
    if (!rc)
        rc = cv_journal_drop(outbox->journal, s->id, from, n);
    if (rc)
        return rc;
    s->oldest = from;
    memcpy(s->base, base, CV_CHAIN_LEN);
    return CV_OK;
}
