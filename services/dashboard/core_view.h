/* core_view: the view: what the public streams say, as JSON entities that pages and programs read.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A record goes in, entities change. An entity has a kind and a key; its value is a JSON object:
 *
 *   kind           key             made from
 *   party, body, heading, venue,   code            the record of that name, as it is
 *   chairmanship, coordinator,
 *   workplan, report
 *   workitem       PLAN/ITEM       the same
 *   room           VENUE/ROOM      the same
 *   session        EVENT/SESSION   the same, without who chairs and speaks; `at`: when it became so. Of an event that has
 *                                  a release: as it is there (core_release.h)
 *   draft, frozen, people,         what that and `conflict` follow from; kept, and shown to nobody
 *   plan_release, working
 *   changes        PLAN            computed: what changed between its last two releases (core_plan.h)
 *   conflict       event           computed: core_conflicts.h
 *   rule           rule            the record, of a rule that was set
 *   release        EVENT/RELEASE,  the same, without what it holds
 *                  PLAN/RELEASE
 *   review         YEAR-DIMENSION  the same
 *   plan           PLAN/VERSION    the same
 *   decision       decision        the same, without its text
 *   event          event           its newest version, `history` of its versions, `moved`: where it was before. Of a plan
 *                                  that makes releases: the versions that were told (core_plan.h)
 *   seats          event           computed: core_seats.h
 *   answer         EVENT/PARTY     what a party answered, in numbers
 *   notice         notice          those that have not ended well: queued, on their way (party, channel and state
 *                                  only), failed or dead; `since` when
 *   contact        PARTY/ORDER     those that cannot be reached; of a delegation's contact PARTY/0/EVENT
 *   tally          notices         how many have: `written` to files, `delivered`
 *                  feed            a counter
 *                  settled         the instant that all seats are as of
 *   origin         stream          that it was once taken from a snapshot; not shown
 *   feed           a number        the newest DASH_FEED_MAX things that happened
 *   persons        EVENT/PARTY     core_answers.h; kept, and shown to nobody (dash_view_is_public)
 *   file           format          store.h; shown to nobody
 *
 * Happy path: records, dash_view_settle() at the end of the transaction (seats and conflicts of what was touched), then
 * dash_view_dirty() says which entities changed, so that they can be stored and told.
 *
 * Failure modes: a record without the key it needs is refused (CV_EINVAL) before anything is changed. Out of memory
 * gives CV_ENOMEM; the view is then half changed, and its owner loads it anew from what was committed.
 *
 * Records of a snapshot are state: they make no feed. After one the number of notices that ended before is not known
 * (`partial`), and of persons who were there before the state is known by number of persons only.
 *
 * Invariants: a record has the same effect whenever it is applied (no clock); a view that was stored and loaded is the
 * view that was stored.
 */
#ifndef DASHBOARD_CORE_VIEW_H
#define DASHBOARD_CORE_VIEW_H

#include "convene/messages.h"

#include <jansson.h>

enum {
    DASH_FEED_MAX = 60,    /* entries of the feed, count */
    DASH_HISTORY_MAX = 50, /* versions of an event that are shown, count: the newest */
    DASH_KEY_MAX = 160,    /* octets of a key with its NUL */
};

typedef struct {
    uint16_t number;  /* CV_MSG_* */
    const char *type; /* "convene.registration.decided.v1" */
    int64_t time_ms;  /* of the record */
    bool in_snapshot; /* state, not news */
    json_t *data;     /* borrowed */
} dash_record_t;

typedef struct dash_view dash_view_t;

int dash_view_new(dash_view_t **ret_view) CV_USE_RESULT;
void dash_view_destroy(dash_view_t **view);

/* An entity as it was stored. CV_EMALFORMED: not a JSON object. */
int dash_view_load(dash_view_t *view, const char *kind, const char *key, cv_str_t text) CV_USE_RESULT;
int dash_view_apply(dash_view_t *view, const dash_record_t *record) CV_USE_RESULT;
/* Before a snapshot of this stream: what was made from it is gone. */
int dash_view_drop_stream(dash_view_t *view, const char *stream) CV_USE_RESULT;
/* Computes the seats of events that were touched, and conflicts of programmes. *ret_release_ms: the earliest instant after now at which seats change
 * by themselves, because guarantees end; 0: none is known. */
int dash_view_settle(dash_view_t *view, int64_t now_ms, int64_t *ret_release_ms) CV_USE_RESULT;
/* Instants have passed: looks at all seats again with the next settle. */
int dash_view_touch_seats(dash_view_t *view) CV_USE_RESULT;

json_t *dash_view_kind(const dash_view_t *view, const char *kind); /* borrowed; never NULL: perhaps empty */
json_t *dash_view_get(const dash_view_t *view, const char *kind, const char *key); /* borrowed; NULL */
json_t *dash_view_all(const dash_view_t *view); /* {kind: {key: value}}, also what is not public; borrowed */
bool dash_view_is_public(const char *kind);
/* The kinds that the hash is made of, in the order of their octets; ends with NULL. */
extern const char *const dash_view_kinds[];

/* {kind: {key: true}} of what changed since it was last cleared; borrowed. */
json_t *dash_view_dirty(const dash_view_t *view);
void dash_view_clean(dash_view_t *view);

/* For the other core files. Takes value; NULL removes. */
int dash_view_put(dash_view_t *view, const char *kind, const char *key, json_t *value) CV_USE_RESULT;
/* For core_plan.c: the next version of an event that the public sees, and that it sees none any more. */
int dash_event_publish(dash_view_t *view, const json_t *data, int64_t at_ms) CV_USE_RESULT;
int dash_event_withdraw(dash_view_t *view, const char *event) CV_USE_RESULT;
/* Small readers: "" and 0 where it is not there. */
const char *dash_str(const json_t *object, const char *key);
int64_t dash_int(const json_t *object, const char *key);
/* Does an event not take place, or not yet: is it cancelled, rejected or postponed? */
bool dash_is_off(const json_t *event);

#endif
