/* place_step: see place_step.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "place_step.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    size_t n, left; /* left: of this request */
    const bool *waits, *has_place, *wants;
    cli_step_t *steps;
    bool *in;         /* the set that is looked at */
    size_t *stack;    /* room for n */
    size_t *smallest; /* the smallest set, as it was found last */
    size_t smallest_n;
} work_t;

static bool is_open(const work_t *work, size_t i)
{
    return work->wants[i] && work->steps[i] == CLI_STEP_LATER;
}

/* The move and all that it waits for and that has not gone: in and stack hold it. */
static size_t set_of(work_t *work, size_t first)
{
    size_t n = 0;
    memset(work->in, 0, work->n * sizeof *work->in);
    work->stack[n++] = first;
    work->in[first] = true;
    for (size_t at = 0; at < n; ++at)
        for (size_t j = 0; j < work->n; ++j)
            if (work->waits[work->stack[at] * work->n + j] && !work->in[j] && is_open(work, j)) {
                work->in[j] = true;
                work->stack[n++] = j;
            }
    return n;
}

/* false: nothing is open. */
static bool find_smallest(work_t *work)
{
    work->smallest_n = 0;
    for (int pass = 0; pass < 2; ++pass)
        for (size_t i = 0; i < work->n; ++i) {
            if (!is_open(work, i) || work->has_place[i] != (pass == 1))
                continue;
            size_t size = set_of(work, i);
            if (work->smallest_n && size >= work->smallest_n)
                continue;
            work->smallest_n = size;
            memcpy(work->smallest, work->stack, size * sizeof *work->stack);
            if (size == 1)
                return true;
        }
    return work->smallest_n > 0;
}

static void choose(work_t *work)
{
    for (size_t k = 0; k < work->smallest_n; ++k)
        work->steps[work->smallest[k]] = CLI_STEP_MOVES;
    work->left -= work->smallest_n;
}

/* Of the smallest set, the one for which most of it wait. Only what has a place is in anybody's way. */
static void take_off(work_t *work)
{
    size_t best = work->smallest[0], most = 0;
    for (size_t k = 0; k < work->smallest_n; ++k) {
        size_t waiting = 0, j = work->smallest[k];
        for (size_t i = 0; i < work->smallest_n; ++i)
            waiting += work->waits[work->smallest[i] * work->n + j];
        if (waiting > most && work->has_place[j]) {
            most = waiting;
            best = j;
        }
    }
    work->steps[best] = CLI_STEP_OFF;
    --work->left;
}

bool cli_place_step(size_t n, const bool *waits, const bool *has_place, const bool *wants, size_t most,
                    cli_step_t *ret_steps)
{
    work_t work = {.n = n,
                   .left = most,
                   .waits = waits,
                   .has_place = has_place,
                   .wants = wants,
                   .steps = ret_steps,
                   .in = calloc(n + 1, sizeof *work.in),
                   .stack = calloc(n + 1, sizeof *work.stack),
                   .smallest = calloc(n + 1, sizeof *work.smallest)};
    bool good = work.in && work.stack && work.smallest;
    for (size_t i = 0; i < n; ++i)
        ret_steps[i] = CLI_STEP_LATER;
    while (good && work.left && find_smallest(&work)) {
        if (work.smallest_n <= work.left)
            choose(&work);
        else if (work.smallest_n > most)
            take_off(&work);
        else
            break; /* it fits into the next one */
    }
    free(work.in);
    free(work.stack);
    free(work.smallest);
    return good;
}
