/* core_answers: what a party answered to an event, in numbers, from the records of registration.events.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A record carries the numbers of its party after it (`seats.party_*`): they replace those that were there. Persons
 * online, pending and withdrawn are not among them for every kind of decision; they are counted from the states of the
 * persons that the records name. These are kept in the entity `persons`, which is never shown: {"states": "..ow.p"}, an
 * octet a person in the order of their numbers, up to the last who counts.
 */
#ifndef DASHBOARD_CORE_ANSWERS_H
#define DASHBOARD_CORE_ANSWERS_H

#include "dashboard/core_view.h"

/* decided, promoted, lapsed or delegation. CV_EINVAL: without event or party. */
int dash_answer_apply(dash_view_t *view, const dash_record_t *record) CV_USE_RESULT;

#endif
