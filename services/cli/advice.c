/* advice: see advice.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "advice.h"

#include "cli.h"

#include <string.h>

static const struct {
    const char *rule, *advice;
} advices[] = {
    {"full",
     "a seat has to become free: somebody withdraws, guarantees are released, or the event gets more seats; who "
     "waits then moves up without asking again. Online needs no seat, where the event says so"},
    {"behind", "others wait before; who waits moves up in turn, without asking again"},
    {"maximum",
     "the party has its most: withdraw or substitute one of its persons, or let the secretariat raise its quota"},
    {"capacity_limit",
     "this capacity has its most: register the person in another, or let the secretariat raise the limit"},
    {"too_large", "the group can never have seats together: ask in smaller groups, or with group each"},
    {"one_head",
     "a delegation has one head: register this person in another capacity, or amend or substitute the head"},
    {"duplicate_person", "the name is registered already: amend that person, or tell the two apart in the name"},
    {"too_many_persons", "a delegation can have no more persons: amend or substitute instead of registering"},
    {"not_open", "the event takes no registrations yet: ask again when it is open (`convene event show` says when)"},
    {"closed", "a deadline has passed: the secretariat can grant this party an exception (request exception.grant)"},
    {"postponed",
     "the event is postponed: what is registered stays, and registration goes on when it has a date again"},
    {"cancelled", "the event does not take place: there is nothing to ask for"},
    {"party_not_invited",
     "the event is for other kinds of parties: the secretariat sets its audience (event.registration)"},
    {"not_registered", "register first; `convene delegation show` says what the party has"},
    {"already_declined", "the party has declined already; to take part after all it may register"},
    {"already_registered", "the party is registered: withdraw first, which is an answer too"},
    {"already_withdrawn", "the person is out: register the name anew"},
    {"not_nominated",
     "only who is nominated can be confirmed; `convene delegation history` says what became of the person"},
    {"not_under_review", "nothing of this person waits for your approval now"},
    {"reviewed_alone", "name the person whose change is reviewed alone in a request"},
    {"not_offered", "no seat is offered to this person now"},
    {"offered_together", "answer for all who were offered seats together"},
    {"offer_expired", "the offer is over: register the person anew"},
    {"not_asked_for", "this event has no such step: register directly"},
    {"nothing_changed", "the person is registered like this already"},
    {"import_refused", "mend what the parts say is wrong and import again, or import each for itself"},
    {"party_unknown", "check the code; a new party is known a moment after scheduling has it"},
    {"event_unknown", "check the id; a new event is known a moment after scheduling has it"},
};

const char *advice_for(const char *rule)
{
    for (size_t i = 0; i < sizeof advices / sizeof *advices; i++)
        if (strcmp(advices[i].rule, rule) == 0)
            return advices[i].advice;
    return NULL;
}

void advice_sum(const json_t *seats, char *ret_text, size_t size)
{
    const long long capacity = (long long)cli_int_of(seats, "capacity"),
                    confirmed = (long long)cli_int_of(seats, "confirmed"),
                    offered = (long long)cli_int_of(seats, "offered"), free = (long long)cli_int_of(seats, "free"),
                    guaranteed = (long long)cli_int_of(seats, "party_guaranteed"),
                    of_party = (long long)(cli_int_of(seats, "party_confirmed") + cli_int_of(seats, "party_offered")),
                    most = (long long)cli_int_of(seats, "party_maximum"), kept = capacity - confirmed - offered - free;
    char offers[48] = "";
    ret_text[0] = '\0';
    if (!seats)
        return;
    if (offered)
        (void)snprintf(offers, sizeof offers, " - %lld offered", offered);
    if (kept >= 0)
        (void)snprintf(ret_text, size, "%lld seats - %lld confirmed%s - %lld kept for guarantees = %lld free", capacity,
                       confirmed, offers, kept, free);
    else
        (void)snprintf(ret_text, size,
                       "%lld seats - %lld confirmed%s: more than there are now, and nobody is unseated; 0 free",
                       capacity, confirmed, offers);
    size_t at = strlen(ret_text);
    (void)snprintf(ret_text + at, size - at,
                   "; the party has %lld of at most %lld, and %lld of its %lld guaranteed are left", of_party, most,
                   of_party < guaranteed ? guaranteed - of_party : 0, guaranteed);
}
