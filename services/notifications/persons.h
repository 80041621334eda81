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
 *   who was replaced by another         is not told: registration drops the address with the substitution, in any case, and
 *                                       keeps of the person only its number, which is the newcomer's from then on. The newcomer
 *                                       is told; the delegation, which replaced one by the other, tells the one who stays away.
 *                                       Here another name is another person: what was to the one before and has not left, or
 *                                       is dead, ends as `silenced`, what was written is taken away, and the address is
 *                                       forgotten. A name that was spelt wrong is another name too: what waited is lost,
 *                                       and the decision that corrects it is told
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
 *   only a snapshot of                  who has the number now
 *   registration.private says so
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
/* Makes the rows of what is owed and can be told. */
int ntf_persons_make(ntf_t *ntf) CV_USE_RESULT;
/* A person's row has nobody to go to now: it waits, or ends. */
int ntf_persons_unreachable(ntf_t *ntf, cv_db_t *db, const ntf_delivery_t *row) CV_USE_RESULT;
/* The same of its mail, which waited for a server. *ret_gone: the row has ended, and so must the mail. */
int ntf_persons_gone(ntf_t *ntf, const ntf_dispatch_t *dispatch, bool *ret_gone) CV_USE_RESULT;

#endif
