/* placement_put: places items one by one, and checks the evaluator against the slow count each time.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_UNIT_PLACEMENT_PUT_H
#define TESTS_UNIT_PLACEMENT_PUT_H

#include "placement_full.h"
#include "scheduling/placement/state.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Puts an item, and compares the score that is kept with one counted from the whole plan. */
static inline void full_put(const sch_place_model_t *m, sch_place_state_t *state, int item, int place)
{
    int plan[64];
    assert_in_range(m->items.n, 1, 64);
    sch_place_put(state, item, place);
    for (int i = 0; i < m->items.n; ++i)
        plan[i] = sch_place_of(state, i);
    sch_score_t full = full_score(m, plan);
    assert_int_equal(sch_score_compare(&full, sch_place_score(state)), 0);
}

/* What a rule charges an item where it would be. */
static inline int64_t full_charged(sch_place_state_t *state, int item, int place, int rule)
{
    sch_reason_t reasons[32];
    int64_t cost = 0;
    int n = sch_place_explain(state, item, place, reasons, 32);
    for (int k = 0; k < n; ++k)
        if (reasons[k].rule == rule)
            cost += reasons[k].cost;
    return cost;
}

#endif
