/* rules: the rules of the annual plan (A) and of a conference programme (B) as data: id, level, weight, effect, phrase.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Weights are defaults; a plan may bring its own table with the same ids in the same order. Level and effect are two
 * things: the level says how the search weighs a broken rule, the effect what happens when a person breaks it.
 *
 * Every rule listed is evaluated: at an edit by core_year (A) and core_conflicts (B), in a search by the engine, with the same
 * weights and numbers. What is left out of one, because nothing says it:
 *
 *   A2        people other than a body and the responsible officer: an event names no chair or Secretary General of its own
 *   A3        the adoption of a plan as the first day: an event's status says already what it may do
 *   A17       events without time_start and minutes, members without a zone
 *   A18       an edit: it is a sum over the year, and no event's own. The search and `why` count it
 *   B2        interpreters, who are no persons of a session: they are counted as teams (B4)
 *   B4        that a team pauses after three hours: only its minutes of a day are counted
 *   B11       that a theme stays within a day
 *
 * The search's rooms are those of one venue, and what stays (pinned, other events) bounds it as rooms and people that are
 * taken; B3 and B4 are counted among what moves.
 */
#ifndef SCHEDULING_PLACEMENT_RULES_H
#define SCHEDULING_PLACEMENT_RULES_H

#include "scheduling/placement/model.h"

#define SCH_ANNUAL_RULES(XX)                                                                                   \
    XX(A1, HARD, 1000, FORBID, "the same room, venue or host team twice at once")                              \
    XX(A2, HARD, 1000, FORBID, "the same body or indispensable person twice at once, travel included")         \
    XX(A3, HARD, 100, BLOCK_RELEASE, "outside the item's window or shorter notice than the rule")              \
    XX(A4, HARD, 100, BLOCK_RELEASE, "out of order, or too close or too far from what it depends on")          \
    XX(A5, HARD, 100, BLOCK_RELEASE, "weekend or public holiday of the host")                                  \
    XX(A6, HARD, 50, BLOCK_RELEASE, "a feast that meetings between states keep free")                          \
    XX(A7, MEDIUM, 1000, WARN, "not placed")                                                                   \
    XX(A8, MEDIUM, 1, WARN, "moved against the last promised version")                                         \
    XX(A9, MEDIUM, 1, WARN, "a member has a holiday or weekend on a day of the event")                         \
    XX(A10, MEDIUM, 10, WARN, "overlaps with an event that needs the same delegation")                         \
    XX(A11, MEDIUM, 30, WARN, "in a week of summits elsewhere")                                                \
    XX(A12, SOFT, 3, WARN, "less than 14 days from another event of the dimension")                            \
    XX(A13, SOFT, 10, WARN, "more events in a week, a month or for an officer than the Secretariat can carry") \
    XX(A14, SOFT, 2, WARN, "in person during Ramadan")                                                         \
    XX(A15, SOFT, -5, WARN, "same city within 3 days for the same people")                                     \
    XX(A16, SOFT, 4, WARN, "weeks from the preferred date")                                                    \
    XX(A17, SOFT, 1, WARN, "online outside a member's working hours")                                          \
    XX(A18, SOFT, 1, WARN, "one member bears more than others over the year")

#define SCH_PROGRAMME_RULES(XX)                                                                    \
    XX(B1, HARD, 1000, FORBID, "the room is taken, closed or lacks a feature")                     \
    XX(B2, HARD, 100, FORBID, "a speaker or chair twice at once, or not there")                    \
    XX(B3, HARD, 100, BLOCK_RELEASE, "a delegation is needed in more sessions than it has people") \
    XX(B4, HARD, 100, BLOCK_RELEASE, "more interpretation than teams or booths")                   \
    XX(B5, HARD, 50, BLOCK_RELEASE, "out of order, or in a break")                                 \
    XX(B6, HARD, 10, WARN, "more than a tenth too many for the room")                              \
    XX(B7, MEDIUM, 100, WARN, "not placed")                                                        \
    XX(B8, MEDIUM, 10, WARN, "moved against the published programme")                              \
    XX(B9, MEDIUM, 5, WARN, "somebody who would like to attend both")                              \
    XX(B10, SOFT, 10, WARN, "parallel to a session of the same theme")                             \
    XX(B11, SOFT, 10, WARN, "a track changes rooms within a day")                                  \
    XX(B12, SOFT, 20, WARN, "not the time or room that was asked for")                             \
    XX(B13, SOFT, 1, WARN, "seats missing, or a hall more than twice too large")                   \
    XX(B14, SOFT, 10, WARN, "parallel to a session in the same language")                          \
    XX(B15, SOFT, 5, WARN, "too little time between a person's rooms, or a long wait")             \
    XX(B16, SOFT, 1, WARN, "a bad hour where the speaker is")

enum {
#define XX(id, level, weight, effect, text) SCH_##id,
    SCH_ANNUAL_RULES(XX)
#undef XX
        SCH_ANNUAL_RULES_N
};

enum {
#define XX(id, level, weight, effect, text) SCH_##id,
    SCH_PROGRAMME_RULES(XX)
#undef XX
        SCH_PROGRAMME_RULES_N
};

extern const sch_rule_t SCH_ANNUAL_RULES_DEFAULT[SCH_ANNUAL_RULES_N];
extern const sch_rule_t SCH_PROGRAMME_RULES_DEFAULT[SCH_PROGRAMME_RULES_N];

#endif
