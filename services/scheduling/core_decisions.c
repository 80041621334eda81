/* core_decisions: decisions by consensus, from facts alone.
 * SPDX-License-Identifier: Apache-2.0
 *
 * There is no vote. A text is adopted in one of two ways:
 *
 *   session   a meeting decided, with at least two thirds of the members present; the record names them
 *   silence   the text and an exact instant are sent to all; if no member objects or amends in writing before it,
 *             the text is adopted
 *
 *     open ---- objection or amendment of a member, before expires_ms ----> broken
 *       |------ taken back by who brought it in, before expires_ms -------> withdrawn
 *       `------ the instant comes -----------------------------------------> adopted    explanations and reservations
 *                                                                          of members are attached from here on
 *
 *   Each arrow is one record on scheduling.events, so everybody is told at once. Nothing leads out of the three at the
 *   right: a new try is a new decision with a new id. The number is given with adoption; before, the text is
 *   provisional.
 *
 * The instant is the measure of everything, not the state:
 *
 *   expires_ms is the first instant that is too late. An objection that is decided at or after it is refused even if
 *   the timer that adopts the text has not been run yet: between the two nobody can slip in.
 *   A silence that ended while nobody was there (the service was down, the clock jumped) is adopted at the first
 *   chance; expires_ms and settled_ms stand in the record side by side, so that the difference is seen. A clock that is
 *   set back before the instant ends no silence early and undoes no adoption: an open silence waits for the clock to
 *   come there (again), a settled one stays settled.
 *
 * Only members object, amend, explain, reserve, and count for a quorum; observers and partners do not.
 */
#include "scheduling/core_decisions.h"

#include "convene/ids.h"

#include <stdlib.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)
/* The world's first midnight of a day is 14 hours before that of UTC. */
#define EASTERNMOST_MS (INT64_C(14) * 3600000)

int64_t sch_year_of(int64_t ms)
{
    char text[CV_TIME_TEXT + 1];
    cv_time_text(ms, text);
    return strtol(text, NULL, 10); /* stops at the first '-' */
}

/* ---- the instant ------------------------------------------------------------------------- */

int64_t sch_offset_of(cv_str_t text)
{
    int64_t offset_s = 0;
    (void)cv_offset_parse(text, &offset_s);
    return offset_s;
}

int sch_wall_ms(const sch_wall_t *wall, cv_str_t file, int64_t *ret_ms, sch_no_t *ret_no)
{
    int64_t wall_s;
    cv_instant_t instants[2];
    size_t n, at = 0;
    char first[CV_OFFSET_TEXT + 1], second[CV_OFFSET_TEXT + 1];
    if (!cv_wall_parse(wall->clock, &wall_s))
        return sch_no(ret_no, CV_EREJECTED, wall->code, wall->clock_field,
                      "%.*s is not a day and time like 2026-03-06T18:00", CV_STR_ARG(wall->clock));
    if (!file.ptr || cv_zone_instants(file, wall_s, instants, &n))
        return sch_no(ret_no, CV_EREJECTED, "zone_unknown", wall->zone_field,
                      "%.*s is no zone of the tz database here; one is named like Asia/Almaty%s",
                      CV_STR_ARG(wall->zone), wall->otherwise);
    if (n == 0)
        return sch_no(ret_no, CV_EREJECTED, wall->code, wall->clock_field,
                      "no clock in %.*s shows %.*s: it is skipped; take an earlier or later time",
                      CV_STR_ARG(wall->zone), CV_STR_ARG(wall->clock));
    cv_offset_text(instants[0].offset_s, first);
    cv_offset_text(instants[n - 1].offset_s, second);
    if (n == 2 && !wall->utc_offset.ptr)
        return sch_no(ret_no, CV_EREJECTED, wall->code, wall->offset_field,
                      "clocks in %.*s show %.*s twice; utc_offset must say %s or %s", CV_STR_ARG(wall->zone),
                      CV_STR_ARG(wall->clock), first, second);
    if (wall->utc_offset.ptr) {
        while (at < n && instants[at].offset_s != sch_offset_of(wall->utc_offset))
            ++at;
        if (at == n)
            return sch_no(ret_no, CV_EREJECTED, wall->code, wall->offset_field,
                          "%.*s is then %s from UTC in %.*s, not %.*s", CV_STR_ARG(wall->clock), first,
                          CV_STR_ARG(wall->zone), CV_STR_ARG(wall->utc_offset));
    }
    *ret_ms = instants[at].utc_s * 1000;
    return CV_OK;
}

int sch_expiry(const cv_scheduling_decision_open_v1_t *request, cv_str_t file, int64_t now_ms, int64_t *ret_ms,
               sch_no_t *ret_no)
{
    static const char code[] = "expiry_inconsistent";
    bool wall = request->expires_wall.ptr != NULL;
    char text[CV_TIME_TEXT + 1], now[CV_TIME_TEXT + 1];
    int64_t ms = request->expires_ms;
    if (!wall && !request->has_expires_ms)
        return sch_no(ret_no, CV_EREJECTED, code, "data.expires_ms",
                      "a silence needs an exact end: expires_ms, or expires_wall with zone");
    if (wall != (request->zone.ptr != NULL) || (!wall && request->utc_offset.ptr))
        return sch_no(ret_no, CV_EREJECTED, code, wall ? "data.zone" : "data.expires_wall",
                      "expires_wall and zone belong together: one says nothing without the other");
    if (wall) {
        int64_t of_clock = 0;
        const sch_wall_t clock = {.clock = request->expires_wall,
                                  .zone = request->zone,
                                  .utc_offset = request->utc_offset,
                                  .code = code,
                                  .clock_field = "data.expires_wall",
                                  .zone_field = "data.zone",
                                  .offset_field = "data.utc_offset",
                                  .otherwise = ", or give expires_ms"};
        int rc = sch_wall_ms(&clock, file, &of_clock, ret_no);
        if (rc)
            return rc;
        cv_time_text(of_clock, text);
        cv_time_text(ms, now);
        if (request->has_expires_ms && ms != of_clock)
            return sch_no(ret_no, CV_EREJECTED, code, "data.expires_ms", "expires_ms is %s, but expires_wall is %s",
                          now, text);
        ms = of_clock;
    }
    cv_time_text(ms, text);
    cv_time_text(now_ms, now);
    if (ms <= now_ms)
        return sch_no(ret_no, CV_EREJECTED, "past", wall ? "data.expires_wall" : "data.expires_ms",
                      "silence would end at %s, and it is %s: nobody could object", text, now);
    if (ms - now_ms > SCH_SILENCE_DAYS_MAX * DAY_MS)
        return sch_no(ret_no, CV_EREJECTED, code, wall ? "data.expires_wall" : "data.expires_ms",
                      "silence would end at %s, more than %d days after now, %s", text, SCH_SILENCE_DAYS_MAX, now);
    *ret_ms = ms;
    return CV_OK;
}

/* ---- checks ------------------------------------------------------------------------------ */

int sch_check_about(const cv_resolution_t *resolution, sch_no_t *ret_no)
{
    static const char *const WHAT[CV_SUBJECT_KIND_MAX + 1] = {
        [CV_SUBJECT_KIND_PLAN] = "which plan, like 2026-cbm",
        [CV_SUBJECT_KIND_MEMBERSHIP] = "which party",
        [CV_SUBJECT_KIND_CHAIRMANSHIP] = "which party",
        [CV_SUBJECT_KIND_EVENT] = "which event",
    };
    if (resolution->about.ptr || !WHAT[resolution->subject])
        return CV_OK;
    return sch_no(ret_no, CV_EREJECTED, "about_required", "data.about", "a decision about a %s must say in about %s",
                  cv_subject_kind_text(resolution->subject), WHAT[resolution->subject]);
}

bool sch_silence_over(const sch_decision_t *decision, int64_t now_ms)
{
    return decision->state == CV_DECISION_STATE_OPEN && decision->has_expires_ms && now_ms >= decision->expires_ms;
}

/* Silence runs, and has not ended by now. */
static int check_runs(const sch_decision_t *decision, int64_t now_ms, sch_no_t *ret_no)
{
    char text[CV_TIME_TEXT + 1];
    if (sch_silence_over(decision, now_ms)) {
        cv_time_text(decision->expires_ms, text);
        return sch_no(ret_no, CV_EREJECTED, "silence_over", "data.decision", "silence ended at %s: the text is adopted",
                      text);
    }
    if (decision->state == CV_DECISION_STATE_OPEN)
        return CV_OK;
    cv_time_text(decision->settled_ms, text);
    return sch_no(ret_no, CV_EREJECTED, "already_settled", "data.decision",
                  "was %s at %s%s%.*s; a new try needs a new decision", cv_decision_state_text(decision->state), text,
                  decision->by.ptr ? " by " : "", CV_STR_ARG(decision->by));
}

int sch_check_retract(const sch_decision_t *decision, int64_t now_ms, sch_no_t *ret_no)
{
    return check_runs(decision, now_ms, ret_no);
}

int sch_check_statement(const sch_decision_t *decision, const cv_scheduling_decision_state_v1_t *request,
                        cv_party_kind_t kind, int64_t now_ms, sch_no_t *ret_no)
{
    bool breaks = request->kind == CV_STATEMENT_KIND_OBJECTION || request->kind == CV_STATEMENT_KIND_AMENDMENT;
    const char *what = cv_statement_kind_text(request->kind);
    if (kind != CV_PARTY_KIND_MEMBER)
        return sch_no(ret_no, CV_EREJECTED, "not_member", "data.party",
                      "%.*s is of kind %s; only members decide, so no %s of others counts", CV_STR_ARG(request->party),
                      cv_party_kind_text(kind), what);
    if (decision->statements >= SCH_STATEMENTS_MAX)
        return sch_no(ret_no, CV_EREJECTED, "too_many", "data.decision", "has %d statements, the most there can be",
                      SCH_STATEMENTS_MAX);
    if (breaks)
        return check_runs(decision, now_ms, ret_no);
    /* Adopted in substance is enough for nobody: the text has no number yet. */
    if (decision->state != CV_DECISION_STATE_ADOPTED)
        return sch_no(
            ret_no, CV_EREJECTED, "not_adopted", "data.kind",
            "is %s: an explanation or reservation is attached to an adopted text; while silence runs, object or amend",
            cv_decision_state_text(decision->state));
    return CV_OK;
}

int sch_check_adopted(const sch_decision_t *decision, const char *field, sch_no_t *ret_no)
{
    if (decision->state == CV_DECISION_STATE_ADOPTED)
        return CV_OK;
    return sch_no(ret_no, CV_EREJECTED, "not_adopted", field,
                  "decision %.*s is %s; nothing rests on it before it is adopted", CV_STR_ARG(decision->decision),
                  cv_decision_state_text(decision->state));
}

/* ---- quorum ------------------------------------------------------------------------------ */

int64_t sch_members(const sch_party_t *parties, size_t parties_n)
{
    int64_t n = 0;
    for (size_t i = 0; i < parties_n; ++i)
        n += parties[i].kind == CV_PARTY_KIND_MEMBER;
    return n;
}

int64_t sch_quorum(int64_t members)
{
    return (2 * members + 2) / 3;
}

int sch_check_present(const cv_str_t *present, size_t present_n, const sch_party_t *parties, size_t parties_n,
                      sch_no_t *ret_no)
{
    int64_t members = sch_members(parties, parties_n), quorum = sch_quorum(members);
    for (size_t i = 0; i < present_n; ++i) {
        size_t at = 0;
        while (at < parties_n && !cv_str_equal(parties[at].code, present[i]))
            ++at;
        if (at == parties_n)
            return sch_no(ret_no, CV_ENOTFOUND, "unknown_party", "data.present", "no party %.*s",
                          CV_STR_ARG(present[i]));
        if (parties[at].kind != CV_PARTY_KIND_MEMBER)
            return sch_no(ret_no, CV_EREJECTED, "not_member", "data.present",
                          "%.*s is of kind %s: name the members only, others do not count for a quorum",
                          CV_STR_ARG(present[i]), cv_party_kind_text(parties[at].kind));
    }
    if ((int64_t)present_n < quorum)
        return sch_no(ret_no, CV_EREJECTED, "no_quorum", "data.present",
                      "%zu of %lld members were present; a decision needs two thirds, which is %lld", present_n,
                      (long long)members, (long long)quorum);
    return CV_OK;
}

int sch_check_taken(cv_str_t date, int64_t now_ms, int64_t *ret_year, sch_no_t *ret_no)
{
    cv_event_details_t details = {.date_start = date};
    char now[CV_TIME_TEXT + 1];
    cv_time_text(now_ms + EASTERNMOST_MS, now);
    if (sch_check_dates(&details, ret_no)) {
        ret_no->field = "data.date";
        return ret_no->rc;
    }
    /* Digits from the most significant on: the order of texts is the order of dates. */
    if (memcmp(date.ptr, now, date.len) > 0)
        return sch_no(ret_no, CV_EREJECTED, "too_early", "data.date", "%.*s has not come anywhere yet",
                      CV_STR_ARG(date));
    *ret_year = (date.ptr[0] - '0') * 1000 + (date.ptr[1] - '0') * 100 + (date.ptr[2] - '0') * 10 + (date.ptr[3] - '0');
    return CV_OK;
}

/* ---- steps ------------------------------------------------------------------------------- */

void sch_settle(sch_decision_t *decision, cv_decision_state_t state, cv_decision_step_t step, int64_t now_ms)
{
    ++decision->version;
    decision->state = state;
    decision->step = step;
    decision->has_settled_ms = true;
    decision->settled_ms = now_ms;
}
