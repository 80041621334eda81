/* core_escalate: see core_escalate.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/core_escalate.h"

#include "notifications/store_arrival.h"
#include "notifications/store_prefer.h"

int64_t ntf_escalate_at(int64_t time_ms, int64_t deadline_ms, int64_t before_ms)
{
    int64_t half_ms = deadline_ms > time_ms ? (deadline_ms - time_ms) / 2 : 0;
    return deadline_ms - (before_ms < half_ms ? before_ms : half_ms);
}

ntf_seen_t ntf_seen(int64_t arrival, int channel, int64_t digest)
{
    enum { OUTBOX = 1 };
    if (arrival == NTF_ARRIVAL_DEFERRED)
        return NTF_SEEN_LATER;
    bool is_dead = arrival > NTF_ARRIVAL_DELIVERED;
    bool is_left = arrival == NTF_ARRIVAL_DELIVERED || (arrival == NTF_ARRIVAL_WRITTEN && channel == OUTBOX);
    return is_left || (!is_dead && digest == NTF_LEFT_OUT) ? NTF_SEEN_YES : NTF_SEEN_NOT;
}
