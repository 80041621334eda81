/* placement: runs the placement engine on an instance for some processor seconds and says what came out as a JSON line.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   bench-placement --plain FILE | --annual ITEMS [--seconds S | --iterations N] [--seed N] [--plan FILE]
 *
 * FILE is what the adapters in tests/bench/placement write. --plan gets one place per item, a line each. An annual plan
 * is generated and also measured as an editor uses it: a change with all that it breaks, and the ten best places.
 */
#include "../unit/placement_full.h"
#include "placement/annual_plan.h"
#include "placement/plain.h"
#include "scheduling/placement/place.h"

#include <time.h>

static int64_t cpu_ms(void *arg)
{
    struct timespec t;
    (void)arg;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

typedef struct {
    const char *plain, *plan;
    double seconds;
    long long iterations;
    unsigned long long seed;
    int annual;
    bool verbose;
} arguments_t;

static arguments_t parsed(int argc, char **argv)
{
    arguments_t a = {.seconds = 10, .seed = 1};
    for (int k = 1; k < argc; ++k) {
        const char *value = k + 1 < argc ? argv[k + 1] : "";
        if (!strcmp(argv[k], "--verbose")) {
            a.verbose = true;
            continue;
        }
        if (!strcmp(argv[k], "--plain"))
            a.plain = value;
        else if (!strcmp(argv[k], "--plan"))
            a.plan = value;
        else if (!strcmp(argv[k], "--seconds"))
            a.seconds = strtod(value, NULL);
        else if (!strcmp(argv[k], "--iterations"))
            a.iterations = strtoll(value, NULL, 10);
        else if (!strcmp(argv[k], "--annual"))
            a.annual = (int)strtol(value, NULL, 10);
        else if (!strcmp(argv[k], "--seed"))
            a.seed = strtoull(value, NULL, 10);
        else {
            fprintf(stderr, "bench-placement: what is %s?\n", argv[k]);
            exit(2);
        }
        ++k;
    }
    return a;
}

static bool show(void *arg, const sch_progress_t *p)
{
    static int64_t last = -1;
    (void)arg;
    int64_t now = cpu_ms(NULL) / 1000;
    if (now == last)
        return true;
    last = now;
    fprintf(stderr, "%3lld s %12lld  now %lld/%lld/%lld  best %lld/%lld/%lld\n", (long long)now,
            (long long)p->iterations, (long long)p->score.v[0], (long long)p->score.v[1], (long long)p->score.v[2],
            (long long)p->best.v[0], (long long)p->best.v[1], (long long)p->best.v[2]);
    return true;
}

static double cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Edits at random places, each followed by its list of conflicts; then the best places of every item. */
static void measure_edits(const sch_place_model_t *m, const int *places)
{
    enum { EDITS = 2000, REASONS = 64, FITS = 10 };
    sch_place_state_t *s = sch_place_state_new(m);
    sch_reason_t reasons[REASONS];
    sch_fit_t fits[FITS];
    uint64_t seed = 1;
    int n = sch_place_items_n(m);
    double worst_edit = 0, worst_fit = 0, edits = 0, fits_us = 0;
    if (!s)
        exit(1);
    sch_place_put_all(s, places);
    for (int k = 0; k < EDITS; ++k) {
        int item = year_random(&seed, n), to = year_random(&seed, sch_place_places_n(m));
        double begin = cpu_us();
        sch_place_put(s, item, to);
        sch_place_explain(s, item, to, reasons, REASONS);
        double us = cpu_us() - begin;
        edits += us;
        if (us > worst_edit)
            worst_edit = us;
    }
    sch_place_put_all(s, places);
    for (int i = 0; i < n; ++i) {
        double begin = cpu_us();
        sch_place_best_fits(s, i, fits, FITS);
        double us = cpu_us() - begin;
        fits_us += us;
        if (us > worst_fit)
            worst_fit = us;
    }
    double begin = cpu_us();
    sch_score_t full = full_score(m, places);
    double slow = cpu_us() - begin;
    if (sch_score_compare(&full, sch_place_score(s)))
        exit(1);
    sch_place_state_destroy(&s);
    printf("\"edit_us\": %.1f, \"edit_worst_us\": %.0f, \"fit_ms\": %.3f, \"fit_worst_ms\": %.3f, \"full_count_us\": "
           "%.0f, ",
           edits / EDITS, worst_edit, fits_us / n / 1e3, worst_fit / 1e3, slow);
}

int main(int argc, char **argv)
{
    arguments_t a = parsed(argc, argv);
    long long base = 0;
    if (!a.plain == !a.annual)
        return 2;
    year_t *year = a.annual ? year_new(a.annual, 2027) : NULL;
    sch_place_model_t *m = NULL;
    double made = cpu_us();
    if (!year)
        m = plain_read(a.plain, &base);
    if (year && sch_annual_model(&year->plan, &m))
        return 1;
    made = (cpu_us() - made) / 1e3;
    sch_place_options_t options = {.seed = a.seed, .iterations = a.iterations, .progress = a.verbose ? show : NULL};
    int64_t begin = cpu_ms(NULL);
    if (!a.iterations) {
        options.iterations = INT64_C(1) << 50; /* the clock sets the pace */
        options.cpu_ms = cpu_ms;
        options.cpu_limit_ms = begin + (int64_t)(1000 * a.seconds);
    }
    sch_place_result_t result;
    int rc = sch_place_solve(m, &options, &result);
    if (rc) {
        fprintf(stderr, "bench-placement: %s\n", cv_error_name(rc));
        return 1;
    }
    FILE *plan = a.plan ? fopen(a.plan, "w") : NULL;
    for (int i = 0; plan && i < sch_place_items_n(m); ++i)
        fprintf(plan, "%d\n", result.places[i]);
    if (plan && fclose(plan))
        return 1;
    double cpu_s = (double)(cpu_ms(NULL) - begin) / 1000;
    printf("{");
    if (year) {
        printf("\"family\": \"annual\", \"instance\": \"%d items\", \"model_ms\": %.0f, ", a.annual, made);
        measure_edits(m, result.places);
    }
    printf("\"seed\": %llu, \"cpu_s\": %.2f, \"moves\": %lld, \"hard\": %lld, \"medium\": %lld, \"cost\": %lld, "
           "\"repeatable\": %s}\n",
           a.seed, cpu_s, (long long)result.iterations, (long long)result.score.v[SCH_HARD],
           (long long)result.score.v[SCH_MEDIUM], (long long)result.score.v[SCH_SOFT] + base,
           result.repeatable ? "true" : "false");
    sch_place_result_done(&result);
    sch_place_model_destroy(&m);
    if (year)
        year_destroy(year);
    return 0;
}
