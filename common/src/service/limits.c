/* limits: what arrives at an engine, and whether its principal may send so much.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each request is judged once, when it arrives: a turn that is undone and tried again counts nobody's requests twice.
 */
#include "service/engine_state.h"

#include <string.h>

int cv_engine_request(cv_engine_t *engine, const cv_principal_t *principal, cv_str_t message)
{
    if (engine->queue_n == CV_BATCH_MAX)
        return CV_EBUSY;
    int64_t again_ms = 0;
    cv_meter_verdict_t verdict =
        cv_meter_take(engine->requests_of, principal->name, cv_limit_of(engine->limits.requests, principal),
                      engine->arrival_ms, &again_ms);
    cv_engine_over(engine, principal, verdict);
    if (verdict == CV_METER_IGNORED)
        return CV_ELIMIT;
    engine->queue[engine->queue_n++] = (cv_queued_t){principal, message, again_ms};
    return CV_OK;
}

void cv_engine_clock(cv_engine_t *engine, int64_t mono_ms)
{
    engine->arrival_ms = mono_ms;
}

int64_t cv_limit_of(const int64_t limits[CV_ROLE_BITS], const cv_principal_t *principal)
{
    for (unsigned bit = 0; bit < CV_ROLE_BITS; bit++)
        if (principal->role == 1u << bit)
            return limits[bit];
    return 0; /* several: the user of this machine, on ipc without keys */
}

void cv_engine_over(cv_engine_t *engine, const cv_principal_t *principal, cv_meter_verdict_t verdict)
{
    if (verdict == CV_METER_GRANTED)
        return;
    *(verdict == CV_METER_REFUSED ? &engine->counters.limited : &engine->counters.ignored) += 1;
    if (strcmp(engine->guard.principal, principal->name) != 0)
        memcpy(engine->guard.principal, principal->name, sizeof engine->guard.principal);
}

const cv_engine_guard_t *cv_engine_guard(cv_engine_t *engine)
{
    engine->guard.refused = engine->counters.limited;
    engine->guard.ignored = engine->counters.ignored;
    engine->guard.strangers = engine->counters.strangers;
    return &engine->guard;
}

void cv_engine_dropped(cv_engine_t *engine)
{
    engine->counters.dropped++;
}

void cv_engine_stranger(cv_engine_t *engine)
{
    engine->counters.strangers++;
}
