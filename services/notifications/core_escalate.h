/* core_escalate: when a notice with a deadline goes to the party's next contact, and whether; pure.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A notice that says until when something can be done is of no use afterwards. So it is looked at once more, so long
 * before its deadline as the setting of its kind says, or after half of the time that there was when it was made, whichever
 * is later: a setting of a day must not send a notice of an offer that ends tonight to two people at once.
 *
 * The opening of a silence procedure and the reminder of its last day say the same deadline, and with the settings as they
 * come it is time to look at the one when the other is made: in one second, or with an hour between them where the clocks
 * change in that night. One of them is enough. It is the reminder, the newer one, once it is there:
 *
 *   it was made before the opening's time     it is looked at instead of the opening, then, if it has had its chance
 *   it is due now, or so soon that waiting    the opening waits for it; the same then
 *   costs little of what is left
 *   it is due later, was not made after all,  the opening is on its own, at its time
 *   or its rule is off
 */
#ifndef NOTIFICATIONS_CORE_ESCALATE_H
#define NOTIFICATIONS_CORE_ESCALATE_H

#include "convene/messages.h"
#include "notifications/core.h"

/* After a start nothing is taken for not got or not answered before what happened meanwhile is known and what waited meanwhile
 * had its chance to leave: until the followed streams were read to their ends, and so long after that. Where another service
 * is down, or its stream is very long, that is not waited for longer than the second, and where a deadline is over, so that
 * nothing is lost by it any more, the third. */
enum { NTF_LOOK_START_MS = 60000, NTF_LOOK_WAITS_MAX_MS = 600000, NTF_LOOK_OVER_MAX_MS = 3600000 };
typedef struct {
    int64_t at_ms;        /* when the service began to work; 0: not known yet */
    int64_t caught_up_ms; /* when the streams were read to their ends; 0: not yet */
} ntf_began_t;

/* When to look. time_ms: from when on it could leave. */
int64_t ntf_escalate_at(int64_t time_ms, int64_t deadline_ms, int64_t before_ms);

/* Before when nothing with this deadline is looked at, after a start; before the deadline half of what was left at most. */
int64_t ntf_escalate_ready(const ntf_began_t *began, int64_t deadline_ms, int64_t now_ms);
/* When to see again whether the streams were read, while they are not: ever more rarely. */
int64_t ntf_escalate_asks(const ntf_began_t *began, int64_t now_ms);

/* What is made when it is time to look has so long to arrive; for what is made so soon after, it is waited. */
enum { NTF_LOOK_CHANCE_MS = 60000, NTF_LOOK_REMINDER_MS = 3600000 };
/* When a reminder that was made at made_ms is looked at instead of another notice whose time is now: at most half of what is
 * left later. */
int64_t ntf_escalate_instead(int64_t made_ms, int64_t deadline_ms, int64_t now_ms);
/* Whether it is waited for one that is due at due_ms: for at most an eighth of what is left. */
bool ntf_escalate_waits(int64_t due_ms, int64_t deadline_ms, int64_t now_ms);

/* The id of a notice that is made because of another: "second." and the other's id, or where that is too long
 * "second.HASH.PARTY", the hash of the other's id. The same for the same, always. CV_EINVAL: it cannot be one. */
int ntf_id_because(const char *what, cv_str_t notice, cv_str_t party, char ret_id[NTF_ID_MAX + 1]) CV_USE_RESULT;

/* What became of the persons that an offer was made to, by what registration said of them since. */
typedef struct {
    int64_t numbers[64];
    size_t n; /* of those whose offer is open */
} ntf_offered_t;
ntf_offered_t ntf_offered(const cv_registration_promoted_v1_t *promoted);
/* A later record about the same delegation names these: they have what it says. */
void ntf_offered_after(ntf_offered_t *offered, const cv_person_place_t *persons, size_t n);

typedef enum {
    NTF_SEEN_NOT,   /* nobody has it */
    NTF_SEEN_YES,   /* a server or a webhook took it, it is a file, or its recipient wants none */
    NTF_SEEN_LATER, /* it waits as its recipient asked, and leaves before the deadline */
} ntf_seen_t;
/* arrival: NTF_ARRIVAL_*; channel: 1 is the outbox; digest: as in ntf_delivery_t. */
ntf_seen_t ntf_seen(int64_t arrival, int channel, int64_t digest);

/* Why nobody has it. Stored: never renumbered. */
enum { NTF_WHY_WAITS = 1, NTF_WHY_NOBODY, NTF_WHY_NOT_TAKEN, NTF_WHY_DEAD, NTF_WHYS_END };
/* hold: NTF_HOLD_* */
int ntf_why(int64_t arrival, int hold);

#endif
