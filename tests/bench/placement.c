/* placement: runs the placement engine on an instance for some processor seconds and says what came out as a JSON line.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   bench-placement --plain FILE [--seconds S | --iterations N] [--seed N] [--plan FILE]
 *
 * FILE is what the adapters in tests/bench/placement write. --plan gets one place per item, a line each.
 */
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
        if (!strcmp(argv[k], "--plain")) a.plain = value;
        else if (!strcmp(argv[k], "--plan")) a.plan = value;
        else if (!strcmp(argv[k], "--seconds")) a.seconds = strtod(value, NULL);
        else if (!strcmp(argv[k], "--iterations")) a.iterations = strtoll(value, NULL, 10);
        else if (!strcmp(argv[k], "--seed")) a.seed = strtoull(value, NULL, 10);
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
    if (now == last) return true;
    last = now;
    fprintf(stderr, "%3lld s %12lld  now %lld/%lld/%lld  best %lld/%lld/%lld\n", (long long)now, (long long)p->iterations,
            (long long)p->score.v[0], (long long)p->score.v[1], (long long)p->score.v[2], (long long)p->best.v[0],
            (long long)p->best.v[1], (long long)p->best.v[2]);
    return true;
}

int main(int argc, char **argv)
{
    arguments_t a = parsed(argc, argv);
    long long base = 0;
    if (!a.plain) return 2;
    sch_place_model_t *m = plain_read(a.plain, &base);
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
        fprintf(stderr, "%s: %s\n", a.plain, cv_error_name(rc));
        return 1;
    }
    FILE *plan = a.plan ? fopen(a.plan, "w") : NULL;
    for (int i = 0; plan && i < sch_place_items_n(m); ++i) fprintf(plan, "%d\n", result.places[i]);
    if (plan && fclose(plan)) return 1;
    printf("{\"seed\": %llu, \"cpu_s\": %.2f, \"moves\": %lld, \"hard\": %lld, \"medium\": %lld, \"cost\": %lld, \"repeatable\": %s}\n",
           a.seed, (double)(cpu_ms(NULL) - begin) / 1000, (long long)result.iterations, (long long)result.score.v[SCH_HARD],
           (long long)result.score.v[SCH_MEDIUM], (long long)result.score.v[SCH_SOFT] + base, result.repeatable ? "true" : "false");
    sch_place_result_done(&result);
    sch_place_model_destroy(&m);
    return 0;
}
