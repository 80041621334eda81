/* destinations: whom an attempt may go to now, so that nothing that is dead or hangs takes the room of what lives; pure.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The mail server is one destination. A webhook has two: its address (the whole URL), and the host that it is at, which it
 * may share with webhooks of many others, as at a gateway where every state has a path of its own.
 *
 *   what              counts for     why
 *   breaker           the address    what an HTTP server says (500, 404, 429), or that it says nothing to a request that it
 *                                    has, is about that path: others of the host may be well
 *                     the host       refused, no route, no name, no TLS, no connection in time: nobody there can be well
 *   pace (settings)   the host       it is the host that wants no more than so many a minute
 *   room              the host       attempts at once
 *
 * Room. An attempt takes room of two kinds: from its start until NTF_PROMPT_MS it is prompt, and then it is slow. A host has
 * NTF_ROOM_WEBHOOK prompt ones at once, so that it is not flooded, and NTF_ROOM_HOST of all: who hangs gives the prompt room
 * back after a moment, without having ended. So that the rest is not filled by those that hang:
 *
 *   standing    last time        may take
 *   good        it was taken     whatever room there is
 *   unknown     never            all but the last place of the host, all but the last prompt one, and three quarters of
 *                                NTF_ROOM_ALL
 *   failing     it was not       as unknown, NTF_ROOM_FAILING places of the host, and of a rate every second turn at most
 *
 * Failure modes
 *   all paths of a host hang              each has a breaker of its own; they hold NTF_ROOM_FAILING places at most
 *   a hundred new paths hang, and one     it waits behind those that were due before it, NTF_PROMPT_MS for each while
 *   that is new lives                     there is room; from its first success on it does not notice them
 *   more addresses than are remembered    the one that failed least is forgotten: it is unknown, and its ladder still holds
 *   more hosts than NTF_HOSTS_MAX         what goes to another waits until one of them has nothing on its way and is well
 *   restart                               all are unknown, but what waits with a failure behind it is failing
 *   the clock steps back                  ntf_destinations_set_back; by less than it is told of: a turn comes a pace later
 *   a host comes back, and who tries it   the others wait for the end of that one attempt: whoever has taken a request is
 *   hangs                                 there, so its breaker closes, and theirs are their own
 *
 * Invariants
 *   every ntf_destination_begin is followed by one ntf_destination_end or _abandon of the same dispatch
 *   an address of good standing can begin when its host's breaker is closed, its turn has come, and nothing is on its way
 *   to another one of good standing there
 */
#ifndef NOTIFICATIONS_DESTINATIONS_H
#define NOTIFICATIONS_DESTINATIONS_H

#include "notifications/core_retry.h"
#include "notifications/webhook.h"

enum {
    NTF_ROOM_MAIL = 4,    /* attempts at once: connections to the mail server */
    NTF_ROOM_WEBHOOK = 2, /* to one host, that are prompt */
    NTF_ROOM_HOST = 16,   /* to one host */
    NTF_ROOM_FAILING = 3, /* of these, to addresses that failed last time */
    NTF_ROOM_ALL = 128,   /* to all webhooks; each may look up a name in a thread of its own */
    NTF_PROMPT_MS = 500,
    NTF_HOSTS_MAX = 4096,
};

typedef enum { NTF_UNKNOWN, NTF_GOOD, NTF_FAILING } ntf_standing_t;

/* What is to be attempted. */
typedef struct {
    int64_t dispatch;
    bool is_mail;
    bool has_failed;  /* before: it counts where nothing is known of the address */
    const char *host; /* ntf_webhook_host; of mail "smtp" */
    cv_str_t address; /* the URL */
} ntf_target_t;

typedef enum {
    NTF_GO,
    NTF_WAIT, /* it stays due: an end makes room, or an instant */
    NTF_LEFT, /* left alone: not due before an instant */
} ntf_leave_t;

typedef struct ntf_destinations ntf_destinations_t;
/* rates: attempts a minute of mail and webhooks at a host; 0: any number. */
int ntf_destinations_new(const ntf_ladder_t *ladder, int64_t mail_rate, int64_t webhook_rate,
                         ntf_destinations_t **ret_destinations) CV_USE_RESULT;
void ntf_destinations_free(ntf_destinations_t **destinations);

/* *ret_at_ms: the instant; 0: an end is waited for. */
ntf_leave_t ntf_destination_ask(ntf_destinations_t *destinations, const ntf_target_t *target, int64_t now_ms,
                                int64_t *ret_at_ms);
/* It is on its way, as ntf_destination_ask allowed just now. */
void ntf_destination_begin(ntf_destinations_t *destinations, const ntf_target_t *target, int64_t now_ms);
/* It is not after all: nothing was attempted. */
void ntf_destination_abandon(ntf_destinations_t *destinations, const ntf_target_t *target);

/* Which breakers an end has opened or closed. */
typedef struct {
    bool host_opened, host_closed, address_opened, address_closed;
} ntf_breakers_t;
ntf_breakers_t ntf_destination_end(ntf_destinations_t *destinations, const ntf_target_t *target, const ntf_end_t *end,
                                   int64_t now_ms);

/* Whether the mail server takes another one now; false: the rest of the mail need not be looked at. */
bool ntf_destinations_mail_has_room(ntf_destinations_t *destinations, int64_t now_ms);
int64_t ntf_destinations_left_alone(const ntf_destinations_t *destinations);
void ntf_destinations_set_back(ntf_destinations_t *destinations, int64_t by_ms);

#endif
