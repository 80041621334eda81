/* programme: what an edit of a programme costs with its list of conflicts, as a JSON line.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   bench-programme [--sessions N] [--edits N]
 *
 * Three ways over the same sessions: the evaluator on an agenda, the slow count of the tests on all sessions, and the
 * service itself: request, check in its tables, conflicts, write, outcome. Processor time of one thread. The evaluator and
 * the slow count must agree, or nothing is printed. The slow count looks at every minute of three days: its ratio says how
 * much the evaluator leaves out, not how fast it is.
 */
#include "../unit/programme_full.h"
#include "../unit/programme_world.h"
#include "scheduling/core_conflicts.h"
#include "scheduling/handlers.h"

#include <time.h>

enum { ROOMS = 40, DAY = 1440, SLOW = 8, NEAR_MAX = 4096, EDITS_MAX = 100000 };
#define ORIGIN_MS INT64_C(1778457600000) /* 2026-05-11T00:00Z */

typedef struct {
    uint64_t seed;
    int n;
    cv_room_t rooms[ROOMS];
    char names[ROOMS][8];
    sch_sitting_t *all;
    const cv_room_t **room_of;
    char (*codes)[8], (*starts)[20];
    sch_agenda_t agenda;
} bench_t;

static double cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int pick(bench_t *b, int n)
{
    b->seed = b->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int)((b->seed >> 33) % (uint64_t)n);
}

static cv_str_t letter(int i)
{
    static const char LETTERS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return (cv_str_t){&LETTERS[i], 1};
}

/* Another time and room for a session; a third have somebody of 26. */
static void move(bench_t *b, int i)
{
    sch_sitting_t *one = &b->all[i];
    cv_session_t *s = &one->session;
    int begin = pick(b, 3 * DAY / 15 - 8) * 15, room = pick(b, ROOMS);
    s->minutes = 30 + 15 * pick(b, 5);
    s->venue = b->rooms[room].venue;
    s->room = b->rooms[room].room;
    s->has_chair = pick(b, 3) == 0;
    s->chair.person = letter(pick(b, 26));
    s->has_expected = true;
    s->expected = 10 + pick(b, 60);
    b->room_of[i] = &b->rooms[room];
    snprintf(b->starts[i], sizeof b->starts[i], "2026-05-%02dT%02d:%02d", 11 + begin / DAY, begin % DAY / 60,
             begin % 60);
    s->start = cv_str(b->starts[i]);
    one->has_begin_ms = one->has_until_ms = true;
    one->begin_ms = ORIGIN_MS + begin * INT64_C(60000);
    one->until_ms = one->begin_ms + s->minutes * 60000;
}

static void fill(bench_t *b)
{
    b->seed = 1;
    b->all = calloc((size_t)b->n, sizeof *b->all);
    b->room_of = calloc((size_t)b->n, sizeof *b->room_of);
    b->codes = calloc((size_t)b->n, sizeof *b->codes);
    b->starts = calloc((size_t)b->n, sizeof *b->starts);
    if (!b->all || !b->room_of || !b->codes || !b->starts)
        exit(1);
    for (int i = 0; i < ROOMS; ++i) {
        snprintf(b->names[i], sizeof b->names[i], "R%d", i);
        b->rooms[i] = (cv_room_t){.venue = CV_STR("HALL"),
                                  .room = cv_str(b->names[i]),
                                  .name = CV_STR("A room"),
                                  .seats = 40,
                                  .has_turnaround = true,
                                  .turnaround = 15};
    }
    for (int i = 0; i < b->n; ++i) {
        snprintf(b->codes[i], sizeof b->codes[i], "S%04d", i);
        b->all[i] = (sch_sitting_t){.version = 1,
                                    .session = {.event = CV_STR("E"),
                                                .session = cv_str(b->codes[i]),
                                                .title = CV_STR("Talks"),
                                                .kind = CV_SESSION_KIND_PARALLEL}};
        move(b, i);
        if (sch_agenda_add(&b->agenda, &b->all[i]))
            exit(1);
    }
}

static size_t conflicts(bench_t *b, int i)
{
    static const sch_sitting_t *near[NEAR_MAX];
    static sch_conflict_t found[SCH_CONFLICTS_MAX];
    const sch_around_t around = {.near = near,
                                 .near_n = sch_agenda_near(&b->agenda, &b->all[i], b->room_of[i], near, NEAR_MAX),
                                 .room = b->room_of[i],
                                 .has_days = true,
                                 .first_day = ORIGIN_MS / 86400000,
                                 .last_day = ORIGIN_MS / 86400000 + 2,
                                 .rules = SCH_PROGRAMME_RULES_DEFAULT};
    return sch_conflicts_of(&b->all[i], &around, found);
}

/* Mean and worst of one edit on the agenda: out, moved, in, with what speaks against it. */
static double evaluator(bench_t *b, int edits, double *ret_worst, double *ret_conflicts)
{
    double sum = 0, found = 0;
    *ret_worst = 0;
    for (int k = 0; k < edits; ++k) {
        int i = pick(b, b->n);
        double begin = cpu_us();
        sch_agenda_remove(&b->agenda, &b->all[i]);
        move(b, i);
        if (sch_agenda_add(&b->agenda, &b->all[i]))
            exit(1);
        found += (double)conflicts(b, i);
        double us = cpu_us() - begin;
        sum += us;
        *ret_worst = us > *ret_worst ? us : *ret_worst;
    }
    *ret_conflicts = found / edits;
    return sum / edits;
}

static double slow(bench_t *b)
{
    full_t *full = calloc(1, sizeof *full);
    if (!full)
        exit(1);
    *full = (full_t){.all = b->all,
                     .n = b->n,
                     .room_of = b->room_of,
                     .origin_ms = ORIGIN_MS,
                     .first_day = ORIGIN_MS / 86400000,
                     .last_day = ORIGIN_MS / 86400000 + 2,
                     .rules = SCH_PROGRAMME_RULES_DEFAULT};
    double sum = 0;
    for (int k = 0; k < SLOW; ++k) {
        int i = pick(b, b->n);
        double begin = cpu_us();
        full_conflicts(full, i);
        sum += cpu_us() - begin;
        if ((size_t)full->rows_n != conflicts(b, i)) {
            fprintf(stderr, "bench-programme: session %d has %zu conflicts, counted are %d\n", i, conflicts(b, i),
                    full->rows_n);
            exit(1);
        }
    }
    free(full);
    return sum / SLOW;
}

/* The driver keeps what was published, and has an end. */
static void forget(driver_t *driver)
{
    for (size_t i = 0; i < driver->records_n; ++i) {
        free(driver->records[i].ptr);
        driver->records[i].ptr = NULL;
    }
    driver->records_n = 0;
}

/* The service with as many sessions as fit into its rooms, and edits that it accepts or refuses. */
static double service(bench_t *b, int edits, int *ret_placed, double *ret_worst, double *ret_refused)
{
    driver_t *driver = world_in("UTC");
    int refused = 0;
    double sum = 0;
    for (int i = 0; i < ROOMS; ++i)
        EXPECT_OK(SEND(ROOM_PUT, b->rooms[i]), "stored");
    for (int i = 0; i < b->n; ++i) { /* what the room or person of a session forbids stays where it was: nowhere */
        for (int tries = 0; tries < 50; ++tries) {
            const cv_scheduling_session_put_v1_t put = {.session = b->all[i].session};
            const cv_outcome_v1_t *outcome = SEND(SESSION_PUT, put);
            forget(driver);
            if (outcome->cls == CV_OUTCOME_CLASS_OK) {
                ++*ret_placed;
                break;
            }
            move(b, i);
        }
    }
    *ret_worst = 0;
    for (int k = 0; k < edits; ++k) {
        int i = pick(b, b->n);
        move(b, i);
        const cv_scheduling_session_put_v1_t put = {.session = b->all[i].session};
        double begin = cpu_us();
        const cv_outcome_v1_t *outcome = SEND(SESSION_PUT, put);
        double us = cpu_us() - begin;
        sum += us;
        *ret_worst = us > *ret_worst ? us : *ret_worst;
        refused += outcome->cls != CV_OUTCOME_CLASS_OK;
        forget(driver);
    }
    driver_free(&driver);
    *ret_refused = (double)refused / edits;
    return sum / edits;
}

int main(int argc, char **argv)
{
    bench_t b = {.n = 1000};
    int64_t edits = 2000, sessions = b.n;
    for (int k = 1; k + 1 < argc; k += 2) {
        int64_t *value = !strcmp(argv[k], "--sessions") ? &sessions : !strcmp(argv[k], "--edits") ? &edits : NULL;
        if (!value || cv_str_digits(cv_str(argv[k + 1]), 6, value) || *value < 1 || *value > EDITS_MAX) {
            fprintf(stderr, "bench-programme: [--sessions N] [--edits N]\n");
            return 2;
        }
    }
    b.n = sessions > NEAR_MAX ? NEAR_MAX : (int)sessions;
    fill(&b);
    double worst, found, service_worst, refused;
    int placed = 0;
    double mean = evaluator(&b, (int)edits, &worst, &found);
    double count = slow(&b);
    double whole = service(&b, (int)edits, &placed, &service_worst, &refused);
    printf("{\"family\": \"edits\", \"instance\": \"%d sessions\", \"edit_us\": %.1f, \"edit_worst_us\": %.0f, "
           "\"conflicts\": %.1f, \"slow_us\": %.0f, \"slow_to_edit\": %.0f, \"placed\": %d, \"service_us\": %.0f, "
           "\"service_worst_us\": %.0f, \"refused\": %.2f}\n",
           b.n, mean, worst, found, count, count / mean, placed, whole, service_worst, refused);
    sch_agenda_done(&b.agenda);
    free(b.all);
    free(b.room_of);
    free(b.codes);
    free(b.starts);
    return 0;
}
