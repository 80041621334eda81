/* bench: what the benchmark programs share: clock, percentiles, processor time of other processes, the workload.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The workload: n requests for WL_EVENTS events by WL_PARTIES parties, one person each; every 100th is a repeat of the
 * one 37 places before it, so n - n/100 are distinct. Seats add up to 55 % of the distinct requests and the maxima of
 * the parties to 58 %, spread unevenly by a hash, so about half is confirmed and both limits bite. Everything follows
 * from the number of a request, so that every program here decides the same.
 */
#ifndef CONVENE_BENCH_H
#define CONVENE_BENCH_H

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A benchmark that cannot go on says why and leaves; nothing is measured then. */
#define DIE(...)                                                \
    do {                                                        \
        fprintf(stderr, "%s: ", program_invocation_short_name); \
        fprintf(stderr, __VA_ARGS__);                           \
        fputc('\n', stderr);                                    \
        exit(1);                                                \
    } while (0)

/* ---- time ------------------------------------------------------------------------------------------------------ */

static inline uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline uint64_t cpu_ns(void) /* of this process, all threads */
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline void sleep_ns(uint64_t ns)
{
    struct timespec t = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
    while (nanosleep(&t, &t) && errno == EINTR) {
    }
}

/* ---- percentiles ----------------------------------------------------------------------------------------------- */

typedef struct {
    double p50, p99, p999, max, mean; /* microseconds */
} spread_t;

static inline int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Of n nanosecond samples, which it sorts. */
static inline spread_t spread_of(uint64_t *samples, size_t n)
{
    spread_t s = {0};
    if (!n)
        return s;
    qsort(samples, n, sizeof *samples, compare_u64);
    for (size_t i = 0; i < n; i++)
        s.mean += (double)samples[i] / (double)n / 1e3;
    s.p50 = (double)samples[n / 2] / 1e3;
    s.p99 = (double)samples[n * 99 / 100] / 1e3;
    s.p999 = (double)samples[n * 999 / 1000] / 1e3;
    s.max = (double)samples[n - 1] / 1e3;
    return s;
}

/* ---- other processes ------------------------------------------------------------------------------------------- */

enum { PIDS_MAX = 32 };
typedef struct {
    int pid[PIDS_MAX], n;
} pids_t;

/* "12,34"; "" or NULL: none. */
static inline pids_t pids_of(const char *text)
{
    pids_t pids = {.n = 0};
    while (text && *text && pids.n < PIDS_MAX) {
        char *end;
        long pid = strtol(text, &end, 10);
        if (end == text || pid <= 0)
            DIE("not a list of process ids: %s", text);
        pids.pid[pids.n++] = (int)pid;
        text = *end ? end + 1 : end;
    }
    return pids;
}

/* Processor time of the threads of one process, and of its children's (PostgreSQL has one for each connection). */
static inline uint64_t cpu_ns_of_one(long pid, bool children)
{
    uint64_t sum = 0, ns;
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/task", pid);
    DIR *tasks = opendir(path);
    if (!tasks)
        return 0;
    for (struct dirent *task; (task = readdir(tasks));) {
        char name[400];
        long child;
        if (task->d_name[0] == '.')
            continue;
        snprintf(name, sizeof name, "%s/%s/schedstat", path, task->d_name);
        FILE *file = fopen(name, "re");
        if (file && fscanf(file, "%" SCNu64, &ns) == 1)
            sum += ns;
        if (file)
            fclose(file);
        snprintf(name, sizeof name, "%s/%s/children", path, task->d_name);
        file = children ? fopen(name, "re") : NULL;
        while (file && fscanf(file, "%ld", &child) == 1)
            sum += cpu_ns_of_one(child, false);
        if (file)
            fclose(file);
    }
    closedir(tasks);
    return sum;
}

/* Threads and children that have ended are not counted; what is measured here starts and ends none while it serves. */
static inline uint64_t cpu_ns_of(const pids_t *pids)
{
    uint64_t sum = 0;
    for (int i = 0; i < pids->n; i++)
        sum += cpu_ns_of_one(pids->pid[i], true);
    return sum;
}

/* ---- workload -------------------------------------------------------------------------------------------------- */

enum {
    WL_EVENTS = 44,
    WL_PARTIES = 28,
    WL_REPEAT_EVERY = 100,
    WL_REPEAT_BACK = 37,
    WL_ID = 36,
    WL_CODE = 48,
    WL_NAME = 48
};

typedef struct {
    uint32_t n, distinct;
    uint32_t capacity, maximum; /* seats of an event; seats of one party at one event */
    bool ordered;               /* ids rise with time (UUIDv7), or are random (v4) */
    uint32_t run;               /* makes ids and events of one run differ from those of others */
    uint64_t base_ms;           /* of ordered ids */
} workload_t;

static inline workload_t workload(uint32_t n, bool ordered, uint32_t run)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    workload_t w = {.n = n, .distinct = n - n / WL_REPEAT_EVERY, .ordered = ordered, .run = run};
    w.capacity = (uint32_t)((double)w.distinct * 0.55 / WL_EVENTS);
    w.maximum = (uint32_t)((double)w.distinct * 0.58 / WL_EVENTS / WL_PARTIES + 0.5);
    if (!w.capacity)
        w.capacity = 1;
    if (!w.maximum)
        w.maximum = 1;
    w.base_ms = (uint64_t)t.tv_sec * 1000;
    return w;
}

static inline bool wl_is_repeat(uint32_t i)
{
    return i % WL_REPEAT_EVERY == WL_REPEAT_EVERY - 1;
}

/* Which distinct request the i-th one is. */
static inline uint32_t wl_distinct(uint32_t i)
{
    if (wl_is_repeat(i))
        i -= WL_REPEAT_BACK;
    return i - i / WL_REPEAT_EVERY;
}

static inline uint64_t wl_mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static inline uint32_t wl_event(uint32_t distinct)
{
    return (uint32_t)(wl_mix((uint64_t)distinct * 2 + 1) % WL_EVENTS);
}

static inline uint32_t wl_party(uint32_t distinct)
{
    return (uint32_t)(wl_mix((uint64_t)distinct * 2 + 0x10000000000u) % WL_PARTIES);
}

static inline void wl_event_code(const workload_t *w, uint32_t event, char ret_code[WL_CODE])
{
    snprintf(ret_code, WL_CODE, "bench-%u-%02u", w->run, event);
}

static inline void wl_party_code(uint32_t party, char ret_code[WL_CODE])
{
    snprintf(ret_code, WL_CODE, "P%02u", party);
}

static inline void wl_name(uint32_t distinct, char ret_name[WL_NAME])
{
    static const char *const given[] = {"Aigerim", "Bakyt",   "Chinara", "Daniyar",
                                        "Elnura",  "Farrukh", "Gulnara", "Hasan"};
    static const char *const family[] = {"Abdullayev", "Bekova",     "Chaudhry", "Dosanov",
                                         "Erkinov",    "Fayzullaev", "Gasimova", "Haidari"};
    uint64_t h = wl_mix(distinct + 7);
    snprintf(ret_name, WL_NAME, "%s %s %07u", given[h & 7], family[h >> 3 & 7], distinct);
}

static inline void wl_email(uint32_t distinct, char ret_email[WL_NAME])
{
    snprintf(ret_email, WL_NAME, "person.%07u@mail.example.org", distinct);
}

static inline const char *wl_capacity(uint32_t distinct)
{
    static const char *const capacities[] = {"delegate", "delegate", "delegate", "adviser", "expert"};
    return capacities[distinct % 5];
}

/* The last 32 bits are the number of the distinct request, so an id finds its request without a table; what decides
 * its place in an index are the first ones. */
static inline void wl_id(const workload_t *w, uint32_t distinct, char ret_id[WL_ID + 1])
{
    uint64_t h = wl_mix((uint64_t)w->run << 32 | distinct);
    uint64_t ms = w->base_ms + distinct / 16;
    if (w->ordered)
        snprintf(ret_id, WL_ID + 1, "%08x-%04x-7%03x-8%03x-%04x%08x", (unsigned)(ms >> 16), (unsigned)(ms & 0xffff),
                 (unsigned)(distinct % 16 << 8 | (h & 0xff)), (unsigned)(h >> 8 & 0xfff), (unsigned)(h >> 20 & 0xffff),
                 distinct);
    else
        snprintf(ret_id, WL_ID + 1, "%08x-%04x-4%03x-8%03x-%04x%08x", (unsigned)(h >> 32), (unsigned)(h >> 16 & 0xffff),
                 (unsigned)(h & 0xfff), (unsigned)(h >> 20 & 0xfff), (unsigned)(h >> 40 & 0xffff), distinct);
}

static inline int wl_hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* UINT32_MAX: not one of ours. */
static inline uint32_t wl_distinct_of(const workload_t *w, const char *id)
{
    uint32_t distinct = 0;
    for (int i = WL_ID - 8; i < WL_ID; i++) {
        int digit = wl_hex(id[i]);
        if (digit < 0)
            return UINT32_MAX;
        distinct = distinct << 4 | (uint32_t)digit;
    }
    return distinct < w->distinct ? distinct : UINT32_MAX;
}

/* The id as 16 octets. */
static inline void wl_id_bytes(const char *id, uint8_t ret_bytes[16])
{
    for (int i = 0, n = 0; n < 16; i += 2) {
        if (id[i] == '-')
            i++;
        ret_bytes[n++] = (uint8_t)(wl_hex(id[i]) << 4 | wl_hex(id[i + 1]));
    }
}

/* ---- one run's times -------------------------------------------------------------------------------------------- */

typedef struct {
    workload_t w;
    uint32_t *due_at;          /* per distinct request: index of its first and its repeated sending, in times */
    uint64_t *due, *answered;  /* per sending: when it was due (or sent), when its outcome came */
    uint8_t *answers;          /* per distinct request: outcomes so far */
    uint32_t *repeat_of;       /* per distinct request: its repeated sending; 0: none */
    uint32_t outcomes, strays; /* outcomes; outcomes too many or of unknown ids */
} run_t;

static inline run_t run_new(const workload_t *w)
{
    run_t run = {.w = *w};
    run.due = calloc(w->n, sizeof *run.due);
    run.answered = calloc(w->n, sizeof *run.answered);
    run.answers = calloc(w->distinct, sizeof *run.answers);
    run.due_at = calloc(w->distinct, sizeof *run.due_at);
    run.repeat_of = calloc(w->distinct, sizeof *run.repeat_of);
    if (!run.due || !run.answered || !run.answers || !run.due_at || !run.repeat_of)
        DIE("out of memory");
    for (uint32_t i = 0; i < w->n; i++)
        *(wl_is_repeat(i) ? &run.repeat_of[wl_distinct(i)] : &run.due_at[wl_distinct(i)]) = i;
    return run;
}

/* Notes an outcome; the n-th one of an id belongs to its n-th sending. Gives the sending, UINT32_MAX: one too many. */
static inline uint32_t run_answer(run_t *run, uint32_t distinct, uint64_t now)
{
    uint32_t sending = UINT32_MAX;
    run->outcomes++;
    if (distinct < run->w.distinct && run->answers[distinct] == 0)
        sending = run->due_at[distinct];
    else if (distinct < run->w.distinct && run->answers[distinct] == 1 && run->repeat_of[distinct])
        sending = run->repeat_of[distinct];
    if (sending == UINT32_MAX) {
        run->strays++;
        return sending;
    }
    run->answers[distinct]++;
    run->answered[sending] = now;
    return sending;
}

/* Sendings without an outcome. */
static inline uint32_t run_missing(const run_t *run)
{
    uint32_t missing = 0;
    for (uint32_t i = 0; i < run->w.n; i++)
        missing += !run->answered[i];
    return missing;
}

static inline spread_t run_latency(const run_t *run)
{
    uint64_t *samples = malloc(sizeof *samples * run->w.n);
    size_t n = 0;
    if (!samples)
        DIE("out of memory");
    for (uint32_t i = 0; i < run->w.n; i++)
        if (run->answered[i])
            samples[n++] = run->answered[i] - run->due[i];
    spread_t spread = spread_of(samples, n);
    free(samples);
    return spread;
}

/* Due time of sending i at `rate` per second. */
static inline uint64_t run_due(uint64_t start, uint32_t i, double rate)
{
    return start + (uint64_t)((double)i * 1e9 / rate);
}

/* ---- options: "name=value" arguments ----------------------------------------------------------------------------- */

static inline const char *option(int argc, char **argv, const char *name, const char *otherwise)
{
    size_t len = strlen(name);
    for (int i = 1; i < argc; i++)
        if (!strncmp(argv[i], name, len) && argv[i][len] == '=')
            return argv[i] + len + 1;
    return otherwise;
}

static inline double option_number(int argc, char **argv, const char *name, double otherwise)
{
    const char *text = option(argc, argv, name, NULL);
    char *end;
    if (!text)
        return otherwise;
    double value = strtod(text, &end);
    if (end == text || *end || value < 0)
        DIE("%s: not a number: %s", name, text);
    return value;
}

#endif
