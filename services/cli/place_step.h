/* place_step: which moves one request can make of a search's answer, so that it can be had by itself.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A move waits for others: those that are where it goes to, until they have gone. A request moves so many at most, and all of
 * it happens at once; so what it holds is closed: with each move all that it waits for. The smallest go first, those
 * without a place before others: nothing waits for them.
 *
 * Where even the smallest such set is too large (a ring of sessions that exchange places), some are taken off their places
 * in this request, which lets those that wait for them move in the same one; what was taken off is put down by the next. Each is
 * one for which most of the set wait, so that few are enough.
 *
 *   waits[i * n + j]  i cannot be at its new place while j is at its old one
 *
 * Invariants: what is chosen waits for nothing but what is chosen or taken off, both together are `most` at most, and not nothing
 * while there is a move. Repeated, with the same goals, it comes to an end: each request moves something to where it stays, or
 * takes off what only goes to its goal.
 */
#ifndef CLI_PLACE_STEP_H
#define CLI_PLACE_STEP_H

#include <stdbool.h>
#include <stddef.h>

typedef enum { CLI_STEP_LATER, CLI_STEP_MOVES, CLI_STEP_OFF } cli_step_t;

/* has_place: of each, now. wants: those that would move. ret_steps: of each that wants to. false: out of memory. */
bool cli_place_step(size_t n, const bool *waits, const bool *has_place, const bool *wants, size_t most,
                    cli_step_t *ret_steps);

#endif
