/* core_audience: who is told of what; pure.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A kind of news has audiences, and for each of these pairs a row of the table ntf_audience says whether it is told. Here is
 * which pairs there can be, for what cannot be must not be set, and what counts where there is no row:
 *
 *              delegation  person  declined  unanswered  members  proposer  coordinators  secretariat
 *   decision       !         1
 *   promotion      !         1
 *   lapse          !         1
 *   event_change   !         1        1          0          0        0           1             0
 *   opening                                       1          0        0           0             0
 *   silence                                                 !                                  0
 *   reminder                 1
 *
 *   !  always: whoever has asked for seats must hear of them, and whoever is to object until a day must know of it
 *   1  told, 0 not told, unless somebody sets it otherwise
 *   nothing: nobody else may know who was decided on, and why; a procedure is the members' own
 *
 * Whom else a reminder is for is said by its rule, which has one audience: that of its anchor (core_remind.h), whose deadline
 * it is, where nobody sets another. Another gets the same reminder, but it is nothing for it to be late for, and so is not
 * escalated. Persons are reminded when their delegation is, and of a start alone.
 *
 * A party takes part in an event in one way at a time: its delegation is registered, or it has declined, or not answered.
 * Those audiences and the members are told under one id, the record's and the party's, so nobody is told twice who was
 * counted among two of them. Proposer, coordinators and secretariat are offices: other people of a ministry than those who
 * travel. They are told under an id of their own, to recipients of the party and never to the contact of a delegation; but
 * not when the same recipient has the same news already, as delegation or in another office.
 */
#ifndef NOTIFICATIONS_CORE_AUDIENCE_H
#define NOTIFICATIONS_CORE_AUDIENCE_H

#include "convene/messages.h"

/* Stored: never renumbered. In the order in which they are told. */
enum {
    NTF_TO_NONE = 0, /* of a row that was made before there were any: as its kind has it */
    NTF_TO_REGISTERED = 1,
    NTF_TO_UNANSWERED = 2,
    NTF_TO_MEMBERS = 3,
    NTF_TO_PROPOSER = 4, /* of the event; of a report that is due the secretariat where there is none */
    NTF_TO_DECLINED = 5,
    NTF_TO_COORDINATORS = 6,
    NTF_TO_SECRETARIAT = 7,
    NTF_TO_PERSONS = 8,
    NTF_AUDIENCES_END
};

/* What is told of a kind of news (NTF_DECISION ...) to an audience if nobody says otherwise. */
typedef enum { NTF_CANNOT, NTF_OFF, NTF_ON, NTF_ALWAYS } ntf_telling_of_t;
ntf_telling_of_t ntf_audience_default(int kind, int audience);
/* Whether a rule of reminders before this anchor (NTF_ANCHOR_*) can be for it; and whom it is for where nobody says. */
bool ntf_audience_reminds(int anchor, int audience);
int ntf_audience_of_anchor(int anchor);

bool ntf_audience_is_office(int audience);
/* Whom a party with this answer belongs to; NTF_TO_NONE: none of those that changes are told to later. */
int ntf_audience_of(cv_party_answer_t answer);

cv_audience_t ntf_audience_word(int audience); /* CV_AUDIENCE_ABSENT: NTF_TO_NONE */
int ntf_audience_read(cv_audience_t word);     /* NTF_TO_NONE: absent */

/* Whether a term holds on a day, "2026-05-12". Its ends are whole or parts of dates, "2026-05" is until the end of May;
 * absent: there is no end. */
bool ntf_term_holds(cv_str_t from, cv_str_t to, cv_str_t day);

#endif
