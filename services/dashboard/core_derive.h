/* core_derive: what follows from the view: what needs somebody, how far the plan is, and how things stand now.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Pure: entities and an instant in, JSON out. Texts are made where the language is known; here are words and numbers:
 *
 *   attention   [{what, grave, event, party, n, about, command}], gravest first. what is one of
 *               service     a service does not answer, or says what is wrong (about)
 *               failed      notices to a party were given up              no_recipient   nobody to write to
 *               person_stopped  no mail goes to an address of persons that the party registered: n notices to them wait
 *               dead        n dead letters to a party, of `about`
 *               full        no free seat and n persons wait               clash          registered in two places
 *               silence     silence ends within two days                  overdue        an item of work is late
 *               unreported  held more than a month ago, not reported
 *               programme_WHY   session, other, have, n: two sessions in one room and the like (core_conflicts.h);
 *                               n sessions that are not on the event's days are one. `releases`: the command makes
 *                               a release, which publishes all that was edited of that programme
 *               programme_more  n conflicts of it are not listed: of those ahead the first DASH_PROGRAMME_MAX are
 *   progress    [{by, code, year, planned, open, held, postponed, cancelled, total}], by dimension and by proposer,
 *               in the order of years and codes
 *   now         {services, services_up, lag, unsent, oldest_unsent_ms, failed, dead, events_open, silences, newest_ms}
 *
 * The command for a conflict of a programme keeps the time and names a room that would do, or searches for other times; where
 * the programme was released it releases the mended one, too, or does nothing else where that is enough. The command for a full
 * event is that of seats for all who wait: whether the room has them is for who sends it to know.
 *
 * A clash is between events of days that are known exactly, in different cities, of the same party; an event that no
 * city is known of clashes with none.
 */
#ifndef DASHBOARD_CORE_DERIVE_H
#define DASHBOARD_CORE_DERIVE_H

#include <jansson.h>
#include <stdint.h>

enum {
    DASH_ATTENTION_MAX = 200, /* entries, count */
    DASH_PROGRAMME_MAX = 24,  /* conflicts of one programme among them, count */
};

/* Notices that wait for somebody to write to, as {party: {party, n, persons}}: n to its delegations, the others to persons. A new
 * reference; NULL: out of memory. */
json_t *dash_held(const json_t *notices);
/* kinds: {kind: {key: value}}. A new reference; NULL: out of memory. */
json_t *dash_derive(const json_t *kinds, int64_t now_ms);
/* `progress` of these events alone. A new reference; NULL: out of memory. */
json_t *dash_derive_progress(const json_t *events);

#endif
