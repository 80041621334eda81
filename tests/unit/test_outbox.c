/* test_outbox: numbering, chain, admission, pruning and epochs of streams.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crash_vfs.h"
#include "store/outbox.h"
#include "store/tables.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const NAMES[] = {"toy.events", "toy.private"};

typedef struct {
    crash_disk_t *disk;
    cv_db_t *db;
    cv_journal_t journal;
    cv_outbox_t *outbox;
    uint8_t epoch[CV_EPOCH_LEN];
    char error[256], got[4096];
    size_t got_n;
} fixture_t;

static int open_all(fixture_t *f)
{
    cv_db_options_t options = {
        .path = crash_disk_path(f->disk, "o.db"), .vfs = CRASH_VFS, .application_id = 1, .cache_kib = 512};
    int rc = cv_db_open(&options, &f->db, f->error, sizeof f->error);
    if (!rc)
        rc = cv_tables_migrate(f->db, f->error, sizeof f->error);
    if (!rc)
        rc = cv_journal_init(&f->journal, f->db);
    if (!rc)
        rc = cv_outbox_open(&f->journal, NAMES, 2, f->epoch, &f->outbox);
    return rc;
}

static void close_all(fixture_t *f)
{
    if (f->outbox)
        cv_outbox_close(&f->outbox);
    cv_db_close(&f->db);
}

static void crash(fixture_t *f, crash_kind_t kind)
{
    crash_disk_off(f->disk);
    cv_outbox_close(&f->outbox);
    cv_db_abandon(&f->db);
    crash_disk_on(f->disk, kind);
}

static int start(void **state)
{
    fixture_t *f = calloc(1, sizeof *f);
    f->disk = crash_disk_new(3);
    memset(f->epoch, 0xaa, CV_EPOCH_LEN);
    *state = f;
    return open_all(f);
}

static int end(void **state)
{
    fixture_t *f = *state;
    close_all(f);
    crash_disk_destroy(&f->disk);
    free(f);
    return 0;
}

/* "record <n>" to stream 0, in a transaction of its own. */
static cv_position_t append(fixture_t *f, const char *format, unsigned n)
{
    char text[64];
    cv_position_t position;
    int len = snprintf(text, sizeof text, "%s %u", format, n);
    assert_int_equal(cv_db_begin(f->db), CV_OK);
    assert_int_equal(cv_outbox_append(f->outbox, 0, (cv_str_t){text, (size_t)len}, &position), CV_OK);
    assert_int_equal(cv_outbox_flush(f->outbox), CV_OK);
    assert_int_equal(cv_db_commit(f->db), CV_OK);
    cv_outbox_committed(f->outbox);
    cv_journal_committed(&f->journal);
    return position;
}

static int put(void *self, cv_str_t record)
{
    fixture_t *f = self;
    f->got_n += (size_t)snprintf(f->got + f->got_n, sizeof f->got - f->got_n, "%.*s,", CV_STR_ARG(record));
    return CV_OK;
}

static const char *walk(fixture_t *f, uint64_t after, size_t max)
{
    f->got_n = 0;
    f->got[0] = '\0';
    assert_int_equal(cv_outbox_walk(f->outbox, 0, after, max, put, f), CV_OK);
    return f->got;
}

static void prune(fixture_t *f, uint64_t upto, size_t max)
{
    assert_int_equal(cv_db_begin(f->db), CV_OK);
    assert_int_equal(cv_outbox_prune(f->outbox, 0, upto, max), CV_OK);
    assert_int_equal(cv_outbox_flush(f->outbox), CV_OK);
    assert_int_equal(cv_db_commit(f->db), CV_OK);
    cv_outbox_committed(f->outbox);
    cv_journal_committed(&f->journal);
}

static void append_and_walk(void **state)
{
    fixture_t *f = *state;
    uint8_t chain[CV_CHAIN_LEN] = {0};
    for (unsigned i = 1; i <= 3; i++) {
        char text[16];
        cv_position_t position = append(f, "record", i);
        snprintf(text, sizeof text, "record %u", i);
        cv_chain_next(chain, cv_str(text), chain);
        assert_int_equal(position.seq, i);
        assert_memory_equal(position.chain, chain, CV_CHAIN_LEN);
        assert_memory_equal(position.epoch, f->epoch, CV_EPOCH_LEN);
        assert_memory_equal(cv_outbox_head(f->outbox, 0), &position, sizeof position);
    }
    assert_int_equal(cv_outbox_head(f->outbox, 1)->seq, 0);
    assert_int_equal(cv_outbox_oldest(f->outbox, 0), 1);
    assert_string_equal(walk(f, 0, 500), "record 1,record 2,record 3,");
    assert_string_equal(walk(f, 1, 1), "record 2,");
    assert_string_equal(walk(f, 3, 500), "");
}

static int full_after_two(void *self, cv_str_t record)
{
    fixture_t *f = self;
    if (strchr(f->got, '2'))
        return CV_ELIMIT;
    return put(self, record);
}

static int fails(void *self, cv_str_t record)
{
    (void)self;
    (void)record;
    return CV_ENOMEM;
}

static void walk_ends_early(void **state)
{
    fixture_t *f = *state;
    for (unsigned i = 1; i <= 3; i++)
        append(f, "record", i);
    f->got[0] = '\0';
    f->got_n = 0;
    assert_int_equal(cv_outbox_walk(f->outbox, 0, 0, 500, full_after_two, f), CV_OK);
    assert_string_equal(f->got, "record 1,record 2,");
    assert_int_equal(cv_outbox_walk(f->outbox, 0, 0, 500, fails, f), CV_ENOMEM);
    assert_string_equal(walk(f, 0, 500), "record 1,record 2,record 3,");
}

static void rolled_back(void **state)
{
    fixture_t *f = *state;
    cv_position_t first = append(f, "record", 1), position;
    assert_int_equal(cv_db_begin(f->db), CV_OK);
    assert_int_equal(cv_outbox_append(f->outbox, 0, CV_STR("never"), &position), CV_OK);
    assert_int_equal(cv_outbox_flush(f->outbox), CV_OK);
    cv_db_rollback(f->db);
    cv_outbox_forget(f->outbox);
    cv_journal_forget(&f->journal);
    assert_memory_equal(cv_outbox_head(f->outbox, 0), &first, sizeof first);
    assert_int_equal(append(f, "record", 2).seq, 2);
    assert_string_equal(walk(f, 0, 500), "record 1,record 2,");
}

static void survives_power_failure(void **state)
{
    fixture_t *f = *state;
    cv_position_t last = {0};
    for (unsigned i = 1; i <= 20; i++) {
        last = append(f, "record", i);
        crash(f, (crash_kind_t)(i % 3));
        memset(f->epoch, (int)i, CV_EPOCH_LEN); /* offered anew at each start, and not taken */
        assert_int_equal(open_all(f), CV_OK);
        assert_memory_equal(cv_outbox_head(f->outbox, 0), &last, sizeof last);
    }
    assert_int_equal(last.epoch[0], 0xaa);
}

static void admission(void **state)
{
    fixture_t *f = *state;
    cv_position_t zero = {0}, at[6] = {{{0}, 0, {0}}};
    assert_int_equal(cv_outbox_admit(f->outbox, 0, &zero), CV_OK); /* an empty stream */
    for (unsigned i = 1; i <= 5; i++)
        at[i] = append(f, "record", i);
    assert_int_equal(cv_outbox_admit(f->outbox, 0, &zero), CV_OK);
    memcpy(zero.epoch, f->epoch, CV_EPOCH_LEN);
    assert_int_equal(cv_outbox_admit(f->outbox, 0, &zero), CV_OK);
    for (unsigned i = 1; i <= 5; i++)
        assert_int_equal(cv_outbox_admit(f->outbox, 0, &at[i]), CV_OK);

    cv_position_t wrong = at[3];
    wrong.chain[31] ^= 1;
    assert_int_equal(cv_outbox_admit(f->outbox, 0, &wrong), CV_EDIVERGED);
    wrong = at[5];
    wrong.chain[0] ^= 1;
    assert_int_equal(cv_outbox_admit(f->outbox, 0, &wrong), CV_EDIVERGED);
    wrong = zero;
    wrong.chain[0] = 1;
    assert_int_equal(cv_outbox_admit(f->outbox, 0, &wrong), CV_EDIVERGED);
    wrong = at[5];
    wrong.seq = 6;
    assert_int_equal(cv_outbox_admit(f->outbox, 0, &wrong), CV_EAHEAD);
    /* Another epoch: a restore lies between. The place counts, if it is part of the restored history. */
    wrong = at[2];
    wrong.epoch[7] ^= 1;
    assert_int_equal(cv_outbox_admit(f->outbox, 0, &wrong), CV_OK);
    wrong.chain[9] ^= 1;
    assert_int_equal(cv_outbox_admit(f->outbox, 0, &wrong), CV_EEPOCH);
    wrong = at[5];
    wrong.epoch[7] ^= 1;
    assert_int_equal(cv_outbox_admit(f->outbox, 0, &wrong), CV_OK);
    wrong.seq = 6;
    assert_int_equal(cv_outbox_admit(f->outbox, 0, &wrong), CV_EEPOCH);
}

static void pruned(void **state)
{
    fixture_t *f = *state;
    cv_position_t zero = {0}, at[8] = {{{0}, 0, {0}}};
    for (unsigned i = 1; i <= 7; i++)
        at[i] = append(f, "record", i);
    prune(f, 5, 3); /* a slice */
    assert_int_equal(cv_outbox_oldest(f->outbox, 0), 4);
    prune(f, 5, 100);
    assert_int_equal(cv_outbox_oldest(f->outbox, 0), 6);
    prune(f, 2, 100); /* nothing left there */
    assert_int_equal(cv_outbox_oldest(f->outbox, 0), 6);
    assert_string_equal(walk(f, 5, 500), "record 6,record 7,");
    assert_int_equal(cv_outbox_admit(f->outbox, 0, &zero), CV_EPRUNED);
    assert_int_equal(cv_outbox_admit(f->outbox, 0, &at[4]), CV_EPRUNED);
    assert_int_equal(cv_outbox_admit(f->outbox, 0, &at[5]), CV_OK);
    assert_int_equal(cv_outbox_admit(f->outbox, 0, &at[6]), CV_OK);
    cv_position_t wrong = at[5]; /* its own chain is gone, and still it must not be served another history */
    wrong.chain[0] ^= 1;
    assert_int_equal(cv_outbox_admit(f->outbox, 0, &wrong), CV_EDIVERGED);

    prune(f, 99, 100); /* everything: the numbers go on */
    assert_int_equal(cv_outbox_oldest(f->outbox, 0), 8);
    assert_string_equal(walk(f, 7, 500), "");
    crash(f, CRASH_DROP);
    assert_int_equal(open_all(f), CV_OK);
    assert_int_equal(cv_outbox_admit(f->outbox, 0, &at[7]), CV_OK);
    assert_int_equal(cv_outbox_admit(f->outbox, 0, &at[6]), CV_EPRUNED);
    at[0] = append(f, "record", 8);
    assert_int_equal(at[0].seq, 8);
    uint8_t chain[CV_CHAIN_LEN];
    cv_chain_next(at[7].chain, CV_STR("record 8"), chain);
    assert_memory_equal(at[0].chain, chain, CV_CHAIN_LEN);
}

static void prune_rolled_back(void **state)
{
    fixture_t *f = *state;
    for (unsigned i = 1; i <= 4; i++)
        append(f, "record", i);
    assert_int_equal(cv_db_begin(f->db), CV_OK);
    assert_int_equal(cv_outbox_prune(f->outbox, 0, 3, 100), CV_OK);
    cv_db_rollback(f->db);
    cv_outbox_forget(f->outbox);
    cv_journal_forget(&f->journal);
    assert_int_equal(cv_outbox_oldest(f->outbox, 0), 1);
    assert_string_equal(walk(f, 0, 500), "record 1,record 2,record 3,record 4,");
}

/* What an undone pruning had in mind must not get into the row that another cause writes. */
static void prune_rolled_back_then_new_epoch(void **state)
{
    fixture_t *f = *state;
    uint8_t epoch[CV_EPOCH_LEN] = {0xbb};
    for (unsigned i = 1; i <= 4; i++)
        append(f, "record", i);
    for (int committed = 0; committed < 2; committed++) {
        assert_int_equal(cv_db_begin(f->db), CV_OK);
        assert_int_equal(cv_outbox_prune(f->outbox, 0, 2 + (uint64_t)committed, 100), CV_OK);
        cv_db_rollback(f->db);
        cv_outbox_forget(f->outbox);
        cv_journal_forget(&f->journal);
        epoch[1]++;
        assert_int_equal(cv_db_begin(f->db), CV_OK);
        assert_int_equal(cv_outbox_new_epoch(f->outbox, epoch), CV_OK);
        assert_int_equal(cv_db_commit(f->db), CV_OK);
        cv_outbox_committed(f->outbox);
        cv_journal_committed(&f->journal);
        crash(f, CRASH_DROP);
        assert_int_equal(open_all(f), CV_OK);
        assert_int_equal(cv_outbox_oldest(f->outbox, 0), 1 + committed);
        if (!committed)
            prune(f, 1, 100); /* the second time there is a base */
    }
    assert_string_equal(walk(f, 1, 500), "record 2,record 3,record 4,");
}

static void old_copy_put_back(void **state)
{
    fixture_t *f = *state;
    for (unsigned i = 1; i <= 3; i++)
        append(f, "record", i);
    close_all(f);
    crash_disk_t *copy = crash_disk_copy(f->disk);
    assert_int_equal(open_all(f), CV_OK);
    cv_position_t four = append(f, "record", 4), five = append(f, "record", 5);
    close_all(f);
    crash_disk_put_back(f->disk, copy);
    crash_disk_destroy(&copy);
    assert_int_equal(open_all(f), CV_OK);
    assert_int_equal(cv_outbox_admit(f->outbox, 0, &four), CV_EAHEAD);
    append(f, "other", 4);
    assert_int_equal(cv_outbox_admit(f->outbox, 0, &four), CV_EDIVERGED);
    assert_int_equal(cv_outbox_admit(f->outbox, 0, &five), CV_EAHEAD);
    append(f, "other", 5);
    append(f, "other", 6);
    assert_int_equal(cv_outbox_admit(f->outbox, 0, &four), CV_EDIVERGED);
    assert_int_equal(cv_outbox_admit(f->outbox, 0, &five), CV_EDIVERGED);
}

static void new_epoch(void **state)
{
    fixture_t *f = *state;
    cv_position_t one = append(f, "record", 1);
    uint8_t epoch[CV_EPOCH_LEN];
    memset(epoch, 0xbb, sizeof epoch);
    assert_int_equal(cv_db_begin(f->db), CV_OK);
    assert_int_equal(cv_outbox_new_epoch(f->outbox, epoch), CV_OK);
    assert_int_equal(cv_db_commit(f->db), CV_OK);
    cv_outbox_committed(f->outbox);
    cv_journal_committed(&f->journal);
    assert_int_equal(cv_outbox_admit(f->outbox, 0, &one), CV_OK); /* the backup holds it too */
    cv_position_t two = append(f, "record", 2);
    assert_memory_equal(two.epoch, epoch, CV_EPOCH_LEN);
    assert_int_equal(two.seq, 2);
    crash(f, CRASH_DROP);
    assert_int_equal(open_all(f), CV_OK);
    assert_memory_equal(cv_outbox_head(f->outbox, 0), &two, sizeof two);
    assert_memory_equal(cv_outbox_head(f->outbox, 1)->epoch, epoch, CV_EPOCH_LEN); /* all streams */
}

static void damage_at_open(void **state)
{
    fixture_t *f = *state;
    static const char *const damages[] = {
        "DELETE FROM journal WHERE part = 1 AND first = 1",
        "DELETE FROM journal WHERE part = 1 AND first = 2",
        "UPDATE journal SET chain = zeroblob(32) WHERE part = 1 AND first = 3",
        "UPDATE journal SET ends = zeroblob(4) WHERE part = 1 AND first = 2",
        "UPDATE journal SET ends = zeroblob(3) WHERE part = 1 AND first = 2",
        "DELETE FROM journal WHERE part = 1",
        "UPDATE journal_mark SET n = n + 1000",
        "UPDATE stream SET oldest = 2 WHERE id = 1",
        "UPDATE stream SET chain = randomblob(32) WHERE id = 1",
    };
    for (unsigned i = 1; i <= 3; i++)
        append(f, "record", i);
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        close_all(f);
        crash_disk_t *copy = crash_disk_copy(f->disk);
        assert_int_equal(open_all(f), CV_OK);
        assert_int_equal(cv_db_exec(f->db, damages[i]), CV_OK);
        close_all(f);
        assert_int_equal(open_all(f), CV_ECORRUPT);
        cv_db_close(&f->db);
        crash_disk_put_back(f->disk, copy);
        crash_disk_destroy(&copy);
        assert_int_equal(open_all(f), CV_OK);
    }
}

static void damage_in_a_walk(void **state)
{
    fixture_t *f = *state;
    cv_position_t two = {0};
    for (unsigned i = 1; i <= 4; i++)
        if (append(f, "record", i).seq == 2)
            two = *cv_outbox_head(f->outbox, 0);
    assert_int_equal(cv_db_exec(f->db, "DELETE FROM journal WHERE part = 1 AND first = 2"), CV_OK);
    f->got_n = 0;
    assert_int_equal(cv_outbox_walk(f->outbox, 0, 0, 500, put, f), CV_ECORRUPT);
    assert_int_equal(cv_outbox_admit(f->outbox, 0, &two), CV_ECORRUPT);
    assert_int_equal(cv_db_exec(f->db, "DELETE FROM journal"), CV_OK);
    assert_int_equal(cv_outbox_walk(f->outbox, 0, 2, 500, put, f), CV_ECORRUPT); /* the end is missing */
}

/* A stream that a later program adds begins in the epoch of those that are there. */
static void stream_added_later(void **state)
{
    fixture_t *f = *state;
    const char *const more[] = {"toy.events", "toy.private", "toy.new"};
    append(f, "record", 1);
    cv_outbox_close(&f->outbox);
    memset(f->epoch, 0x11, CV_EPOCH_LEN);
    assert_int_equal(cv_outbox_open(&f->journal, more, 3, f->epoch, &f->outbox), CV_OK);
    assert_memory_equal(cv_outbox_head(f->outbox, 2)->epoch, cv_outbox_head(f->outbox, 0)->epoch, CV_EPOCH_LEN);
    assert_int_equal(cv_outbox_head(f->outbox, 0)->seq, 1);
    assert_int_equal(cv_outbox_head(f->outbox, 2)->seq, 0);
}

static void too_many_streams(void **state)
{
    fixture_t *f = *state;
    const char *const names[CV_STREAMS_MAX + 1] = {"a", "b", "c", "d", "e", "f", "g", "h", "i"};
    cv_outbox_t *outbox = NULL;
    assert_int_equal(cv_outbox_open(&f->journal, names, CV_STREAMS_MAX + 1, f->epoch, &outbox), CV_ELIMIT);
    assert_null(outbox);
}

static void disk_full(void **state)
{
    fixture_t *f = *state;
    cv_position_t one = append(f, "record", 1), position;
    assert_int_equal(cv_db_begin(f->db), CV_OK);
    assert_int_equal(cv_outbox_append(f->outbox, 0, CV_STR("no room"), &position), CV_OK);
    assert_int_equal(cv_outbox_flush(f->outbox), CV_OK);
    crash_disk_fail(f->disk, CRASH_WRITE, 1, CRASH_FULL, false);
    assert_int_equal(cv_db_commit(f->db), CV_EFULL);
    cv_outbox_forget(f->outbox);
    cv_journal_forget(&f->journal);
    assert_memory_equal(cv_outbox_head(f->outbox, 0), &one, sizeof one);
    assert_int_equal(append(f, "record", 2).seq, 2);
    assert_string_equal(walk(f, 0, 500), "record 1,record 2,");
}

static void append_inside(fixture_t *f, char letter, size_t len)
{
    static char text[40 * 1024];
    cv_position_t position;
    memset(text, letter, len);
    assert_int_equal(cv_outbox_append(f->outbox, 0, (cv_str_t){text, len}, &position), CV_OK);
}

/* What is tried writes rows of its own, and a first mark; all of it is behind the savepoint. */
static void what_was_tried_is_not_there(void **state)
{
    fixture_t *f = *state;
    for (int first = 0; first < 2; first++) { /* into an empty stream, and behind what has gathered */
        cv_journal_hold_t hold;
        assert_int_equal(cv_db_begin(f->db), CV_OK);
        if (first)
            append_inside(f, 'b', 1);
        assert_int_equal(cv_outbox_hold(f->outbox), CV_OK);
        cv_journal_hold(&f->journal, &hold);
        assert_int_equal(cv_db_exec(f->db, "SAVEPOINT attempt"), CV_OK);
        for (int i = 0; i < 5; i++)
            append_inside(f, 'x', 40 * 1024);
        assert_int_equal(cv_db_exec(f->db, "ROLLBACK TO attempt"), CV_OK);
        assert_int_equal(cv_db_exec(f->db, "RELEASE attempt"), CV_OK);
        cv_outbox_return(f->outbox);
        cv_journal_return(&f->journal, &hold);
        append_inside(f, first ? 'c' : 'a', 1);
        assert_int_equal(cv_outbox_flush(f->outbox), CV_OK);
        assert_int_equal(cv_db_commit(f->db), CV_OK);
        cv_outbox_committed(f->outbox);
        cv_journal_committed(&f->journal);
    }
    assert_string_equal(walk(f, 0, 500), "a,b,c,");
    crash(f, CRASH_DROP);
    assert_int_equal(open_all(f), CV_OK); /* which checks the chain from mark to head */
    assert_string_equal(walk(f, 0, 500), "a,b,c,");
    assert_int_equal(f->journal.next_n, 4); /* three rows */
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        T(append_and_walk),
        T(what_was_tried_is_not_there),
        T(walk_ends_early),
        T(rolled_back),
        T(survives_power_failure),
        T(admission),
        T(pruned),
        T(prune_rolled_back),
        T(prune_rolled_back_then_new_epoch),
        T(old_copy_put_back),
        T(new_epoch),
        T(damage_at_open),
        T(damage_in_a_walk),
        T(stream_added_later),
        T(too_many_streams),
        T(disk_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
