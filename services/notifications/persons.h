/* persons: a person who gave an address is told what concerns that person.
 * SPDX-License-Identifier: Apache-2.0
 *
 * How it goes
 *   a notice to a delegation is made      in the same transaction it is put down that its persons are owed one (ntf_owed); which
 *                                         of them, and where, is not known yet: registration.private may be behind
 *   a lease (deliver.c)                   takes up what is owed whose contact data have come, in one transaction with the rows
 *                                         that come of it:
 *     a decision, a promotion, a lapse    each person of the record: its state is put down, and it is told that state
 *     a change of the event               each person with a place: confirmed, online, waiting, or offered a seat
 *     a reminder of the start             each with a seat, in the room or online: who waits is not told to come
 *                                         A person without an address has no row, and nothing of it stays
 *   a person's row                        is a row of ntf_delivery like any other, with an id of its own: "person.2." and that of
 *                                         the delegation's. Order, lease, arrival, dispatch, bounces, dead letters and redrive
 *                                         are those of all rows. It is a lane of its own, so it waits for nobody and nobody for it
 *
 * Whether persons are told of a kind of news at all is a rule (core_audience.h). Where they are not, their states are still put
 * down, so that it can be changed at any time.
 *
 * What is in it is in content/view_person.c: the person's own name and state, the event, and its party's name; no other
 * person, no contact. An offer is answered by the delegation, and the person is told that. Each person with a seat has an
 * invitation of its own, with a SEQUENCE that rises for it.
 *
 * What does not hold for a person
 *   preferences, digests, quiet hours   are of recipients of a party, in the zone they are in. Where a person is nobody has said,
 *                                       it cannot ask for another time, and a mail is no telephone call: it leaves at once
 *   escalation, webhooks                there is nobody who comes next, and programs have the delegation's notice
 *   refused requests                    change nothing for it: the delegation is told, which can ask again
 *   its address is the contact's too    each notice is about something else: both go there, with the same entry of the calendar.
 *                                       An address is stopped as such (reach.h): a complaint about one person's mail stops
 *                                       the delegation's, and that of every person whose address it is
 *
 * Who is replaced by another
 *   Registration drops name and address with the substitution, and keeps of the person only its number, which is the newcomer's from then
 *   on. Here another name is another person: in the transaction of the record that names it, what was to the one before and has
 *   not left, or is dead, ends as `silenced`, what lies in the outbox is taken away, and name and address are forgotten. They are
 *   there for the last time then, so in it, before all that is the newcomer's,
 *     one last notice is made           that another person takes the place, with the end of the entry that was in the calendar. It
 *                                       does not say who. Its id is "replaced.", the number, and the record's: read twice, made once
 *     it is composed at once            and kept as octets: the row's mail, where it waits for the outbox; the dispatch's body,
 *                                       where there is a mail server. The row has no data, and nothing composes it again
 *     it is done                        flush() forgets octets, address and replies (ntf_persons_left). It can come back
 *                                       (reach.h); to send it again there is nothing left, which ends it as `silenced`
 *   It is made where all of this holds
 *     there is something to take back   a notice has left: its file is not in the outbox any more; its mail was taken by the server, or
 *                                       may have been; and the last that did says neither withdrawn nor refused
 *     it can be told                    persons are told of decisions, the address takes mail, and the event is neither over nor off
 *     it is another address             a name that changes at the same address is a correction, or another one at the same
 *                                       desk: nothing is told there. What waited is lost, the decision is told under the new name, and the
 *                                       entry in the calendar of that address goes on, or ends with that decision
 *   Its entry of the calendar does not end where the address is the contact's too, or that of another person with a seat: it is theirs
 *   as well, and goes on.
 *   It is in the lane of its number, before the newcomer's, but what befalls those passes it over: it is held by nobody's address,
 *   and ends with no other person. It is gone when the number is erased, or may have been: a snapshot says who is there, not who
 *   was. Where the mail server refuses it, it is a dead letter of its own address, and the newcomer does not notice.
 *
 * Failure modes
 *   killed before the lease's COMMIT    what is owed is still owed, and nothing was made; after it, made once: ids are unique
 *   registration.private is behind      nothing is taken up of the delegation until it has come, nor of what was made later: so
 *                                       a state is never older than what the person was told before
 *   a record is seen when its number    it is about the one before, and nobody is told it: registration says with each how far
 *   is another's already                registration.private was. Its state is put down
 *   a change is seen before who it is   whoever gets a place by a decision is told the changes that were made since the version
 *   about is known                      it went by, as the delegation is (core.h)
 *   another address is given            what waits for the old one goes there at once (moved.h)
 *   the address is dead                 its rows wait, until it is cleared or another one is given (reach.h); what was mailed is
 *                                       a dead letter. Who has another address does not notice
 *   the person is erased, or has no     what has not left, or is dead, ends as `silenced`, at once where it was erased; what
 *   address any more                    lies in the outbox is taken away (scrub.c)
 *   a record that cannot be read        that notice is owed to nobody any more, with an error in the log; others go on
 *   a snapshot of registration.events   says nothing of single persons: they are as was told before, until registration.private
 *                                       has a snapshot too, as when both begin a new epoch
 *   a number became another's, and      names before it are gone, so that is not seen: what waits, or lies in the outbox, goes to
 *   only a snapshot of                  who has the number now, and who had it before is not told
 *   registration.private says so
 *   who is replaced, and its message    is not told, with an error in the log: the newcomer's name and address must not be lost
 *   cannot be made                      for it
 *   its octets are lost                 it ends as `silenced`: it is never made for who has the number now
 *   a mail server is set while it       it is a file as it was made: it cannot be made anew with another sender
 *   waits for the outbox
 */
#ifndef NOTIFICATIONS_PERSONS_H
#define NOTIFICATIONS_PERSONS_H

#include "notifications/notifications.h"

enum { NTF_OWED_MAX = 256 }; /* notices taken up in one lease */

/* Whether persons are told of notices of this kind at all, as the rules of audiences have it. */
int ntf_person_is_told(ntf_t *ntf, int kind, bool *ret_told) CV_USE_RESULT;
/* A notice to a delegation was made, which may concern its persons. */
int ntf_persons_owe(ntf_t *ntf, int kind, cv_str_t notice) CV_USE_RESULT;
/* Who is in the delegation, where they are written to, and who is there instead of another. *ret_same: nobody has an address
 * that it had not before. */
int ntf_persons_put(ntf_t *ntf, cv_tx_t *tx, const cv_msg_t *msg, const cv_registration_contact_v1_t *contact,
                    bool *ret_same) CV_USE_RESULT;
/* What told who had a number before, and is done, forgets whom it was to. */
int ntf_persons_left(ntf_t *ntf, cv_tx_t *tx) CV_USE_RESULT;
/* Makes the rows of what is owed and can be told. */
int ntf_persons_make(ntf_t *ntf) CV_USE_RESULT;
/* A person's row has nobody to go to now: it waits, or ends. */
int ntf_persons_unreachable(ntf_t *ntf, cv_db_t *db, const ntf_delivery_t *row) CV_USE_RESULT;
/* The same of its mail, which waited for a server. *ret_gone: the row has ended, and so must the mail. */
int ntf_persons_gone(ntf_t *ntf, const ntf_dispatch_t *dispatch, bool *ret_gone) CV_USE_RESULT;

#endif
