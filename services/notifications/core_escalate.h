/* core_escalate: when a notice with a deadline goes to the party's next contact, and whether; pure.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A notice that says until when something can be done is of no use afterwards. So it is looked at once more, so long
 * before its deadline as the setting of its kind says, or after half of the time that there was when it was made, whichever
 * is later: a setting of a day must not send a notice of an offer that ends tonight to two people at once.
 */
#ifndef NOTIFICATIONS_CORE_ESCALATE_H
#define NOTIFICATIONS_CORE_ESCALATE_H

#include "convene/messages.h"

/* When to look. */
int64_t ntf_escalate_at(int64_t time_ms, int64_t deadline_ms, int64_t before_ms);

typedef enum {
    NTF_SEEN_NOT,   /* nobody has it */
    NTF_SEEN_YES,   /* a server or a webhook took it, it is a file, or its recipient wants none */
    NTF_SEEN_LATER, /* it waits as its recipient asked, and leaves before the deadline */
} ntf_seen_t;
/* arrival: NTF_ARRIVAL_*; channel: 1 is the outbox; digest: as in ntf_delivery_t. */
ntf_seen_t ntf_seen(int64_t arrival, int channel, int64_t digest);

#endif
