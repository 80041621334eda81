/* core_bounce: what something that came back means for its dispatch and for the address; pure.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   hard        the address takes no mail (any more)       the dispatch is dead, the address is stopped
 *   failed      this message was given up, for a reason    the dispatch is dead; the address is not stopped: a full
 *               that is not the address's                  mailbox is emptied, a filter changed
 *   soft        it is late, and still being tried          counted, no more
 *   complaint   whoever got it wants no more               the address is stopped; it was delivered, and stays so
 *
 * Servers repeat themselves, and what they say can come after other things have happened. So
 *
 *   the same said again                        changes nothing
 *   about an attempt before the one that       changes nothing: it may have gone to another address (a redriven dispatch
 *   delivered it last                          goes to whoever is told then). Clocks of others are not ours: what is
 *                                              no more than NTF_BOUNCE_SLACK_MS before is taken for later
 *   while an attempt is on its way             not yet: its end would overwrite what is said here. To be asked again
 *   before the first attempt                   refused: nothing went out that could come back
 *   of a dead one                              the address alone is concerned
 *   of one that waits for its next attempt     the address alone: what waits looks at it before it leaves
 */
#ifndef NOTIFICATIONS_CORE_BOUNCE_H
#define NOTIFICATIONS_CORE_BOUNCE_H

#include "convene/messages.h"

#define NTF_BOUNCE_SLACK_MS (10 * INT64_C(60000))

enum { NTF_ADDRESS_FINE = 0, NTF_ADDRESS_RETURNED = 1, NTF_ADDRESS_COMPLAINED = 2 }; /* stored: never renumbered */
enum { NTF_BACK_HARD = 1, NTF_BACK_FAILED = 2, NTF_BACK_SOFT = 3, NTF_BACK_COMPLAINT = 4, NTF_BACK_N }; /* stored */

int ntf_back_of(cv_bounce_kind_t what); /* 0: none of these */
cv_bounce_kind_t ntf_back_word(int back);

typedef struct {
    int state; /* NTF_WAITS ... of store_dispatch.h */
    int64_t attempts, done_ms;
    bool is_said; /* the same came back of it before */
} ntf_returned_t;

typedef enum { NTF_BOUNCE_TAKEN, NTF_BOUNCE_KNOWN, NTF_BOUNCE_ON_ITS_WAY, NTF_BOUNCE_NOT_SENT } ntf_bounce_end_t;
typedef struct {
    ntf_bounce_end_t end;
    bool kills; /* the dispatch is dead */
    int stops;  /* NTF_ADDRESS_RETURNED, NTF_ADDRESS_COMPLAINED; NTF_ADDRESS_FINE: it does not stop the address */
} ntf_bounce_effect_t;
ntf_bounce_effect_t ntf_bounce_effect(int back, int64_t at_ms, const ntf_returned_t *dispatch);

/* CLASS.SUBJECT.DETAIL of RFC 3463: a class of 2, 4 or 5, the others 0 to 999 without needless zeros. */
bool ntf_mail_status_usable(cv_str_t status);

#endif
