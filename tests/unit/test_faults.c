/* test_faults: lets the n-th allocation, write or sync of a short life fail, for n = 1, 2, ... until none is left.
 * SPDX-License-Identifier: Apache-2.0
 * ctest-timeout: 300
 *
 * The life: a bank opens, decides a batch, answers questions; a mirror opens, is fed and fetches; both close. Whatever
 * fails, there is a clean error or a fatal return; then both open again on the same disks, the same requests are asked
 * again, and everything must be as if nothing had happened: decisions told before keep their bytes, nothing is done
 * twice, nothing is skipped or set aside. The sanitizers watch for the rest.
 *
 *   STEP=1      every allocation; by default a sample of them, because there are thousands
 */
#include "crash_vfs.h"
#include "service/engine.h"
#include "store/db.h"
#include "toy.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- memory that runs out ----------------------------------------------------------------- */

static uint64_t s_malloc_in; /* the allocation that fails; 0: none */
static unsigned s_own;       /* > 0: the test itself is at work */
static bool s_malloc_failed, s_malloc_for_ever;

static bool fails(void)
{
    if (!s_malloc_in || s_own)
        return false;
    if (s_malloc_in > 1) {
        s_malloc_in--;
        return false;
    }
    s_malloc_failed = true;
    if (!s_malloc_for_ever)
        s_malloc_in = 0;
    errno = ENOMEM;
    return true;
}

/* Defined here, these are what the library, SQLite and msgpack-c call; the sanitizer's allocator is behind them. */
extern void *__interceptor_malloc(size_t) __attribute__((weak));
extern void *__interceptor_calloc(size_t, size_t) __attribute__((weak));
extern void *__interceptor_realloc(void *, size_t) __attribute__((weak));
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);

void *malloc(size_t size)
{
    return fails() ? NULL : __interceptor_malloc ? __interceptor_malloc(size) : __libc_malloc(size);
}
void *calloc(size_t n, size_t size)
{
    return fails() ? NULL : __interceptor_calloc ? __interceptor_calloc(n, size) : __libc_calloc(n, size);
}
void *realloc(void *memory, size_t size)
{
    return fails() ? NULL : __interceptor_realloc ? __interceptor_realloc(memory, size) : __libc_realloc(memory, size);
}

static void own(bool begin)
{
    s_own = begin ? s_own + 1 : s_own - 1;
}

/* ---- two engines -------------------------------------------------------------------------- */

enum { REQUESTS = 6, KEPT = 4096, QUEUE = 64 };
static const struct {
    const char *command, *account;
    int64_t amount;
    cv_outcome_class_t expected;
} SCRIPT[REQUESTS] = {
    {"put", "A", 5, CV_OUTCOME_CLASS_OK},         {"take", "A", 2, CV_OUTCOME_CLASS_OK},
    {"take", "A", 90, CV_OUTCOME_CLASS_REJECTED}, {"invalid", "A", 1, CV_OUTCOME_CLASS_INVALID},
    {"later", "T", 0, CV_OUTCOME_CLASS_OK},       {"put", "B", 7, CV_OUTCOME_CLASS_OK},
};

typedef struct {
    char bytes[KEPT];
    size_t len;
} kept_t;

typedef struct {
    const cv_service_def_t *def;
    crash_disk_t *disk;
    cv_db_t *db;
    cv_engine_t *engine;
    int64_t now_ms;
} side_t;

typedef struct {
    side_t bank, mirror;
    kept_t outcomes[REQUESTS]; /* decisions that were told */
    kept_t requests[REQUESTS];
    struct {
        size_t follow;
        uint8_t position[CV_POSITION_LEN];
        bool is_head;
        kept_t message;
    } feed[QUEUE];
    size_t feed_n;
    struct {
        size_t follow;
        kept_t message;
    } asked[QUEUE], answered[QUEUE];
    size_t asked_n, answered_n;
    size_t answering; /* follow of the question in hand */
} world_t;

static void keep(kept_t *kept, cv_str_t bytes)
{
    if (bytes.len > sizeof kept->bytes)
        fail_msg("a message of %zu octets", bytes.len);
    if (bytes.len)
        memcpy(kept->bytes, bytes.ptr, bytes.len);
    kept->len = bytes.len;
}

static void on_publish(void *self, cv_str_t topic, const cv_position_t *position, cv_str_t message)
{
    world_t *w = self;
    if (!position) {
        for (size_t i = 0; i < REQUESTS; i++) {
            if (!memmem(message.ptr, message.len, toy_id(i + 1), CV_UUID_TEXT))
                continue;
            if (!memmem(message.ptr, message.len, "\xa2OK", 3) && !memmem(message.ptr, message.len, "REJECTED", 8))
                continue;
            if (w->outcomes[i].len &&
                (w->outcomes[i].len != message.len || memcmp(w->outcomes[i].bytes, message.ptr, message.len) != 0))
                fail_msg("request %zu was decided before and has other bytes now", i + 1);
            keep(&w->outcomes[i], message);
        }
        return;
    }
    if (w->feed_n == QUEUE || topic.ptr[0] != 's')
        return;
    w->feed[w->feed_n].follow = memmem(topic.ptr, topic.len, "private", 7) != NULL;
    w->feed[w->feed_n].is_head = !message.ptr;
    cv_position_write(position, w->feed[w->feed_n].position);
    keep(&w->feed[w->feed_n++].message, message);
}

static void on_answer(void *self, void *peer, cv_str_t message)
{
    world_t *w = self;
    if (peer && w->answered_n < QUEUE) {
        w->answered[w->answered_n].follow = w->answering;
        keep(&w->answered[w->answered_n++].message, message);
    }
}

static void on_ask(void *self, size_t follow, cv_str_t message)
{
    world_t *w = self;
    if (w->asked_n < QUEUE) {
        w->asked[w->asked_n].follow = follow;
        keep(&w->asked[w->asked_n++].message, message);
    }
}

static const cv_principal_t SECRETARIAT = {.name = "secretariat", .role = CV_ROLE_SECRETARIAT};
static const cv_principal_t SERVICE = {.name = "registration", .role = CV_ROLE_SERVICE};

static int open_side(world_t *w, side_t *side)
{
    char error[512];
    cv_db_options_t options = {.path = crash_disk_path(side->disk, "toy.db"),
                               .vfs = CRASH_VFS,
                               .application_id = side->def->application_id,
                               .migrations = side->def->migrations,
                               .migrations_n = side->def->migrations_n,
                               .cache_kib = 256};
    cv_outside_t outside = {.self = w, .publish = on_publish, .answer = on_answer, .ask = on_ask};
    cv_engine_options_t engine_options = {.new_epoch = "epoch--", .version = "test"};
    int rc = cv_db_open(&options, &side->db, error, sizeof error);
    if (!rc)
        rc = cv_engine_new(side->def, side->db, &outside, &engine_options, &side->engine, error, sizeof error);
    if (rc && !error[0])
        fail_msg("no reason was given for %s", cv_error_name(rc));
    return rc;
}

static int turn(side_t *side)
{
    int64_t next;
    side->now_ms += 1100; /* enough for whatever is repeated each second */
    return cv_engine_turn(side->engine, 1740000000000 + side->now_ms, side->now_ms, &next);
}

static void ask_bank(world_t *w)
{
    cv_buf_t message;
    cv_buf_init(&message, 4096);
    for (size_t kind = 0; kind < 3; kind++) {
        own(true);
        cv_msg_t head = {.id = CV_STR("q"),
                         .source = CV_STR("/test"),
                         .info = cv_msg_info_at(kind ? CV_MSG_LOG_QUERY_V1 : CV_MSG_LOG_SNAPSHOT_V1)};
        cv_log_query_v1_t query = {.what = kind == 1 ? CV_STR("status") : CV_STR("accounts")};
        cv_log_snapshot_v1_t snapshot = {.stream = CV_STR("scheduling.events")};
        cv_buf_clear(&message);
        if (cv_msg_write(&message, &head, kind ? (void *)&query : (void *)&snapshot))
            abort();
        own(false);
        cv_engine_question(w->bank.engine, &SERVICE, NULL, cv_buf_str(&message), 1740000000000 + w->bank.now_ms,
                           w->bank.now_ms);
    }
    cv_buf_done(&message);
}

static int exchange(world_t *w)
{
    for (size_t i = 0; i < w->feed_n; i++)
        cv_engine_feed(w->mirror.engine, w->feed[i].follow, (cv_str_t){(char *)w->feed[i].position, CV_POSITION_LEN},
                       w->feed[i].is_head ? CV_STR_NONE : (cv_str_t){w->feed[i].message.bytes, w->feed[i].message.len},
                       w->mirror.now_ms);
    w->feed_n = 0;
    int rc = turn(&w->mirror);
    for (size_t i = 0; i < w->asked_n; i++) {
        w->answering = w->asked[i].follow;
        cv_engine_question(w->bank.engine, &SERVICE, w, (cv_str_t){w->asked[i].message.bytes, w->asked[i].message.len},
                           1740000000000 + w->bank.now_ms, w->bank.now_ms);
    }
    w->asked_n = 0;
    for (size_t i = 0; i < w->answered_n; i++)
        cv_engine_answered(w->mirror.engine, w->answered[i].follow,
                           (cv_str_t){w->answered[i].message.bytes, w->answered[i].message.len}, w->mirror.now_ms);
    w->answered_n = 0;
    return rc ? rc : turn(&w->mirror);
}

static int live(world_t *w)
{
    int rc = open_side(w, &w->bank);
    for (int round = 0; !rc && round < 2; round++) {
        for (size_t i = 0; !rc && i < REQUESTS; i++)
            rc = cv_engine_request(w->bank.engine, &SECRETARIAT, (cv_str_t){w->requests[i].bytes, w->requests[i].len});
        if (!rc)
            rc = turn(&w->bank);
    }
    if (!rc)
        ask_bank(w);
    if (!rc)
        rc = open_side(w, &w->mirror);
    for (int i = 0; !rc && i < 4; i++) {
        rc = turn(&w->bank);
        if (!rc)
            rc = exchange(w);
    }
    return rc;
}

static void end_side(side_t *side, bool crash)
{
    if (crash)
        crash_disk_off(side->disk);
    cv_engine_destroy(&side->engine);
    if (crash)
        cv_db_abandon(&side->db);
    else
        cv_db_close(&side->db);
    crash_disk_on(side->disk, CRASH_TEAR);
}

static void dump(world_t *w, side_t *side, const char *stream, const char *expected, uint64_t n)
{
    char text[256];
    (void)w;
    toy_dump(side->db, stream, text, sizeof text);
    if (strcmp(text, expected) != 0)
        fail_msg("after fault %llu: %s has %s", (unsigned long long)n, side->def->name, text);
}

static cv_service_def_t s_parking_mirror;
static cv_follow_def_t s_parking_follows[2];

/* One life with the fault that arm() sets up, then one without. False: the fault was never met. */
static bool life(uint64_t n, bool (*arm)(world_t *w, uint64_t n), bool (*disarm)(world_t *w))
{
    world_t *w = calloc(1, sizeof *w);
    if (!s_parking_mirror.name) { /* parks what it cannot apply, so that a record wrongly taken for poison is seen */
        s_parking_mirror = TOY_MIRROR;
        for (size_t i = 0; i < TOY_MIRROR.follows_n; i++) {
            s_parking_follows[i] = TOY_MIRROR.follows[i];
            s_parking_follows[i].park_poison = true;
        }
        s_parking_mirror.follows = s_parking_follows;
    }
    w->bank = (side_t){.def = &TOY_BANK, .disk = crash_disk_new(n)};
    w->mirror = (side_t){.def = &s_parking_mirror, .disk = crash_disk_new(n + 1)};
    toy_violations = 0;
    for (size_t i = 0; i < REQUESTS; i++) {
        cv_buf_t message;
        cv_buf_init(&message, 4096);
        assert_int_equal(
            toy_request(&message, toy_id(i + 1), NULL, SCRIPT[i].command, SCRIPT[i].account, SCRIPT[i].amount, 0),
            CV_OK);
        keep(&w->requests[i], cv_buf_str(&message));
        cv_buf_done(&message);
    }
    arm(w, n);
    int rc = live(w);
    bool crash = rc != CV_OK;
    if (!crash) { /* an orderly end is part of the life */
        end_side(&w->mirror, false);
        end_side(&w->bank, false);
    }
    bool met = disarm(w);
    if (rc && !met)
        fail_msg("fault %llu was not met and still: %s", (unsigned long long)n, cv_error_name(rc));
    if (crash) {
        end_side(&w->mirror, true);
        end_side(&w->bank, true);
    }
    w->feed_n = w->asked_n = w->answered_n = 0;
    rc = live(w);
    if (rc)
        fail_msg("after fault %llu: %s", (unsigned long long)n, cv_error_name(rc));
    for (size_t i = 0; i < REQUESTS; i++)
        assert_int_equal(w->outcomes[i].len > 0, SCRIPT[i].expected != CV_OUTCOME_CLASS_INVALID);
    dump(w, &w->bank, "", "A=3/2 B=7/1 T=1/1 ", n);
    for (size_t i = 0; i < 2; i++)
        if (cv_engine_follow_error(w->mirror.engine, i)[0])
            fail_msg("after fault %llu: halted: %s", (unsigned long long)n,
                     cv_engine_follow_error(w->mirror.engine, i));
    dump(w, &w->mirror, "scheduling.events", "A=3/2 B=7/1 T=1/1 ", n);
    dump(w, &w->mirror, "scheduling.private", "A=3/2 B=7/1 T=1/1 ", n);
    cv_stmt_t *parked;
    assert_int_equal(cv_db_prepare(w->mirror.db, "SELECT count(*) FROM parked", &parked), CV_OK);
    assert_int_equal(cv_stmt_step(parked), 1);
    assert_int_equal(cv_stmt_get_int(parked, 0), 0);
    cv_stmt_reset(parked);
    if (toy_violations)
        fail_msg("after fault %llu: %s", (unsigned long long)n, toy_violation);
    end_side(&w->mirror, false);
    end_side(&w->bank, false);
    crash_disk_destroy(&w->bank.disk);
    crash_disk_destroy(&w->mirror.disk);
    free(w);
    return met;
}

static void walk(bool (*arm)(world_t *w, uint64_t n), bool (*disarm)(world_t *w), uint64_t step)
{
    uint64_t n = 1, lives = 1;
    const char *given = getenv("STEP");
    if (given && step > 1)
        step = strtoull(given, NULL, 10);
    for (; life(n, arm, disarm); n += step)
        lives++;
    print_message("%llu faults, %llu lives\n", (unsigned long long)n - 1, (unsigned long long)lives);
    assert_true(lives > 5);
}

/* ---- the faults --------------------------------------------------------------------------- */

static bool arm_malloc(world_t *w, uint64_t n)
{
    (void)w;
    s_malloc_failed = false;
    s_malloc_in = n;
    return true;
}

static bool disarm_malloc(world_t *w)
{
    (void)w;
    s_malloc_in = 0;
    return s_malloc_failed;
}

static crash_op_t s_op;
static crash_fault_t s_fault;
static bool s_for_ever, s_mirror;

static bool arm_disk(world_t *w, uint64_t n)
{
    crash_disk_fail(s_mirror ? w->mirror.disk : w->bank.disk, s_op, n, s_fault, s_for_ever);
    return true;
}

static bool disarm_disk(world_t *w)
{
    crash_disk_t *disk = s_mirror ? w->mirror.disk : w->bank.disk;
    bool met = crash_disk_has_failed(disk);
    crash_disk_fail(disk, CRASH_ANY, 0, CRASH_IOERR, false);
    return met;
}

static void every_allocation_once(void **state)
{
    (void)state;
    s_malloc_for_ever = false;
    walk(arm_malloc, disarm_malloc, 17);
}

static void every_allocation_from_then_on(void **state)
{
    (void)state;
    s_malloc_for_ever = true;
    walk(arm_malloc, disarm_malloc, 41);
}

static void disks(crash_op_t op, crash_fault_t fault, bool for_ever)
{
    for (int mirror = 0; mirror < 2; mirror++) {
        s_op = op, s_fault = fault, s_for_ever = for_ever, s_mirror = mirror;
        walk(arm_disk, disarm_disk, 1);
    }
}

static void every_write(void **state)
{
    (void)state;
    disks(CRASH_WRITE, CRASH_IOERR, false);
}

static void every_sync(void **state)
{
    (void)state;
    disks(CRASH_SYNC, CRASH_IOERR, false);
}

static void every_write_finds_the_disk_full(void **state)
{
    (void)state;
    disks(CRASH_WRITE, CRASH_FULL, false);
}

static void the_disk_stays_full(void **state)
{
    (void)state;
    disks(CRASH_WRITE, CRASH_FULL, true);
}

static void power_at_every_access(void **state)
{
    (void)state;
    disks(CRASH_ANY, CRASH_POWER, true);
}

static int no_fault(void **state)
{
    (void)state;
    s_malloc_in = 0; /* a test that failed may have left one */
    s_own = 0;
    return 0;
}

int main(void)
{
    crash_vfs_own_memory = own;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_allocation_once, no_fault),
        cmocka_unit_test_setup(every_allocation_from_then_on, no_fault),
        cmocka_unit_test_setup(every_write, no_fault),
        cmocka_unit_test_setup(every_sync, no_fault),
        cmocka_unit_test_setup(every_write_finds_the_disk_full, no_fault),
        cmocka_unit_test_setup(the_disk_stays_full, no_fault),
        cmocka_unit_test_setup(power_at_every_access, no_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
