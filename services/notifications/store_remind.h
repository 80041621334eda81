/* store_remind: the SQL of reminders, silence procedures and calendar parts.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   ntf_rule        when to remind whom of what; rows that requests change, not code
 *   ntf_due         one row per rule, what it is about and instant of the anchor:
 *
 *       (an anchor becomes known) -> pending -- due --> sent
 *                     |                 |--- a later rule of the same anchor is due as well --> passed over
 *                     |                 |--- the anchor itself has passed ------------------> missed
 *                     |                 +--- the anchor moves or is off: the row goes
 *                     +- its time has passed already: passed over
 *
 *     ended_ms is when it left pending, by the clock of then; what was passed over or missed at an instant that is ahead
 *     is pending again (clock.h), with that instant, so that it ends as it had if that instant comes first: it was the
 *     other clock that was wrong.
 *     A row that is no longer pending stays: an event that moves away and back to the same instant is not reminded of
 *     twice. It is not emptied with what was built from a stream, for the same reason.
 *   ntf_procedure   silence procedures that run, as their records came
 *
 * ntf_delivery.topic is the kind of deliveries that are none of the first four: what the column kind may hold is checked
 * by the table itself, and millions of rows are not copied for a constant. Such a row's kind is 3.
 * ntf_delivery.calendar says which calendar part goes with a notice; how many went before to the same delegation is
 * counted in these rows, which are never deleted.
 */
#ifndef NOTIFICATIONS_STORE_REMIND_H
#define NOTIFICATIONS_STORE_REMIND_H

#include "convene/store.h"
#include "notifications/core_remind.h"
#include "notifications/store.h"

extern const char ntf_tables_content[], ntf_tables_report[],
    ntf_tables_ended[]; /* the migrations; of ntf_rule also store_audience.h */

typedef struct ntf_reminders ntf_reminders_t;
int ntf_reminders_open(cv_db_t *db, ntf_reminders_t **ret_store) CV_USE_RESULT;
void ntf_reminders_close(ntf_reminders_t **store);
int64_t ntf_party_kind_stored(cv_party_kind_t kind);

/* ---- rules and what is due ---- */
enum { NTF_RULES_MAX = 256 };
/* All rules that are not off, copied to the arena. */
int ntf_rules(ntf_reminders_t *store, cv_arena_t *arena, ntf_rule_t **ret_rules, size_t *ret_n) CV_USE_RESULT;
/* Makes or replaces a rule. What was ahead by it is not any more: it must be computed anew. */
int ntf_rule_put(ntf_reminders_t *store, const cv_reminder_t *reminder) CV_USE_RESULT;
/* All rules, as they can be put, copied to the arena. */
int ntf_rules_as_put(ntf_reminders_t *store, cv_arena_t *arena, cv_reminder_t **ret_rules, size_t *ret_n) CV_USE_RESULT;
/* Only the anchor at anchor_ms counts from now on for this rule; has_anchor false: none. */
int ntf_due_put(ntf_reminders_t *store, const ntf_rule_t *rule, cv_str_t about, bool has_anchor, int64_t anchor_ms,
                int64_t due_ms, int64_t now_ms) CV_USE_RESULT;
typedef struct {
    ntf_rule_t rule;
    cv_str_t about;
    int64_t anchor_ms, due_ms;
    int64_t ended_ms; /* when it was ended, if it is pending again; 0: it was not */
} ntf_due_t;
/* What is pending and due at now_ms, in order, those first whose deadline it is, at most max, copied to the arena. */
int ntf_due(ntf_reminders_t *store, int64_t now_ms, cv_arena_t *arena, size_t max, ntf_due_t *ret_due,
            size_t *ret_n) CV_USE_RESULT;
enum { NTF_DUE_PENDING = 1, NTF_DUE_SENT = 2, NTF_DUE_PASSED = 3, NTF_DUE_MISSED = 4 };
int ntf_due_end(ntf_reminders_t *store, const ntf_due_t *due, int state, int64_t ended_ms) CV_USE_RESULT;
/* What was passed over or missed at an instant that is ahead of now_ms is pending again, if its rule is not off. What its
 * anchor is now must be computed anew. */
int ntf_due_again(ntf_reminders_t *store, int64_t now_ms) CV_USE_RESULT;
/* Whether a rule of the same anchor and audience that is nearer to it is due as well. */
int ntf_due_nearer(ntf_reminders_t *store, const ntf_due_t *due, int64_t now_ms, bool *ret_nearer) CV_USE_RESULT;
/* Whether the party was reminded of the same instant at now_ms by another rule: its delegation, or an office of it. */
int ntf_reminded(ntf_reminders_t *store, const ntf_due_t *due, cv_str_t party, int64_t now_ms, bool *ret_participant,
                 bool *ret_office) CV_USE_RESULT;
/* NTF_ANCHOR_* of a word of the contract. */
int ntf_anchor_read(cv_reminder_anchor_t word);
/* CV_ENOTFOUND: nothing is pending. */
int ntf_due_next(ntf_reminders_t *store, int64_t *ret_ms) CV_USE_RESULT;
/* The first anchor ahead of which something is due. CV_ENOTFOUND: nothing is. */
int ntf_due_anchor(ntf_reminders_t *store, int64_t now_ms, int64_t *ret_ms) CV_USE_RESULT;
/* When the next reminder of this anchor is due. CV_ENOTFOUND: none is pending. */
int ntf_due_of(ntf_reminders_t *store, cv_str_t about, int anchor, int64_t anchor_ms, int64_t *ret_ms) CV_USE_RESULT;

/* ---- whom ---- */
typedef struct {
    cv_str_t party;
    cv_party_kind_t kind; /* CV_PARTY_KIND_ABSENT: not told since the column is there */
} ntf_invitee_t;
/* Parties that have somebody to write to and have not answered for this event. */
int ntf_unanswered(ntf_reminders_t *store, cv_str_t event, cv_arena_t *arena, ntf_invitee_t **ret_parties,
                   size_t *ret_n) CV_USE_RESULT;
/* All parties. */
int ntf_parties(ntf_reminders_t *store, cv_arena_t *arena, ntf_invitee_t **ret_parties, size_t *ret_n) CV_USE_RESULT;
/* Data of all events, behind the one named after; one at a time. CV_ENOTFOUND: no more. */
int ntf_event_after(ntf_reminders_t *store, cv_str_t after, cv_arena_t *arena, cv_str_t *ret_event,
                    cv_str_t *ret_data) CV_USE_RESULT;

/* ---- silence procedures ---- */
/* data absent: it is over. */
int ntf_procedure_put(ntf_reminders_t *store, cv_str_t decision, cv_str_t data) CV_USE_RESULT;
/* CV_ENOTFOUND: none runs under this id. */
int ntf_procedure_get(ntf_reminders_t *store, cv_str_t decision, cv_arena_t *arena, cv_str_t *ret_data) CV_USE_RESULT;
/* Data of all that run, behind the one named after; one at a time. CV_ENOTFOUND: no more. */
int ntf_procedure_after(ntf_reminders_t *store, cv_str_t after, cv_arena_t *arena, cv_str_t *ret_decision,
                        cv_str_t *ret_data) CV_USE_RESULT;
int ntf_procedures_forget(ntf_reminders_t *store) CV_USE_RESULT;

/* ---- deliveries ---- */
/* What a delivery that was just made has besides; nothing happens to one that was there before. topic 0: none. calendar:
 * NTF_CALENDAR_*. audience: NTF_TO_*; NTF_TO_NONE: as its kind has it. */
int ntf_delivery_mark(ntf_reminders_t *store, cv_str_t notice, int topic, int calendar, int audience) CV_USE_RESULT;
/* The calendar part of a delivery, and how many went before it to the same delegation, or to the same person. */
int ntf_delivery_calendar(ntf_reminders_t *store, int64_t n, int *ret_calendar, int64_t *ret_sent) CV_USE_RESULT;
/* The last calendar part made for the delegation; NTF_CALENDAR_NONE: none yet. */
int ntf_calendar_last(ntf_reminders_t *store, cv_str_t event, cv_str_t party, int *ret_calendar) CV_USE_RESULT;

#endif
