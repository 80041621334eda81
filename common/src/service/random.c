/* random: random octets for a service that must be deterministic.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The runner gives a seed at the start. A pool is made from it at once; the pool's first octets take the seed's place,
 * the rest is given out and wiped as it goes. So whoever reads the memory later finds nothing from which an octet that
 * was given before could be made again: a secret that was overwritten on disk stays gone.
 */
#include "service/engine_state.h"

#include <sodium.h>
#include <string.h>

_Static_assert(CV_SEED_LEN == randombytes_SEEDBYTES, "the seed of the generator");

static void refill(cv_engine_t *engine)
{
    randombytes_buf_deterministic(engine->pool, sizeof engine->pool, engine->seed);
    memcpy(engine->seed, engine->pool, sizeof engine->seed);
    sodium_memzero(engine->pool, sizeof engine->seed);
    engine->pool_left = sizeof engine->pool - sizeof engine->seed;
}

void cv_tx_random(cv_tx_t *tx, void *ret_octets, size_t n)
{
    cv_engine_t *engine = tx->engine;
    for (uint8_t *at = ret_octets; n;) {
        if (!engine->pool_left)
            refill(engine);
        size_t some = n < engine->pool_left ? n : engine->pool_left;
        uint8_t *from = engine->pool + sizeof engine->pool - engine->pool_left;
        memcpy(at, from, some);
        sodium_memzero(from, some);
        engine->pool_left -= some;
        at += some;
        n -= some;
    }
}
