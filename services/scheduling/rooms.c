/* rooms: the rooms of venues, and what the rules do at an edit.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A room is put as a whole. Sessions that are in it stay, even where it is closed or smaller now: facts change, and the
 * programme shows what that breaks.
 *
 * A rule of the tables (placement/rules.h) is changed by its id. Four keep their effect for ever: what the tables of
 * the database refuse is not made possible by calling it a warning.
 */
#include "scheduling/handlers.h"

#include <string.h>

int sch_put_room(sch_service_t *service, cv_tx_t *tx, const cv_room_t *room, cv_outcome_t *out)
{
    cv_str_t data, code;
    cv_venue_t venue;
    sch_no_t no;
    int rc = sch_ref_get(service->store, cv_tx_arena(tx), SCH_VENUE, room->venue, &data);
    if (rc == CV_ENOTFOUND)
        return cv_refuse_as(tx, out, CV_ENOTFOUND, "unknown_venue", "data.venue", "no venue %.*s",
                            CV_STR_ARG(room->venue));
    if (!rc)
        rc = sch_store_unpack(CV_MSG_SCHEDULING_VENUE_V1, data, &venue);
    if (rc)
        return rc;
    if (sch_check_room(room, venue.zone.ptr != NULL, &no))
        return sch_answer_no(tx, out, &no);
    code = cv_arena_printf(cv_tx_arena(tx), "%.*s/%.*s", CV_STR_ARG(room->venue), CV_STR_ARG(room->room));
    return code.ptr ? sch_put_ref(service, tx, SCH_ROOM, CV_MSG_SCHEDULING_ROOM_V1, code, room->venue, CV_STR_NONE,
                                  room, out)
                    : CV_ENOMEM;
}

/* ---- rules ------------------------------------------------------------------------------- */

static sch_rule_t *rule_of(sch_rules_t *rules, cv_str_t id)
{
    for (int i = 0; i < SCH_ANNUAL_RULES_N; ++i)
        if (cv_str_is(id, rules->annual[i].id))
            return &rules->annual[i];
    for (int i = 0; i < SCH_PROGRAMME_RULES_N; ++i)
        if (cv_str_is(id, rules->programme[i].id))
            return &rules->programme[i];
    return NULL;
}

static int take_rule(void *self, const sch_row_t *row)
{
    cv_scheduling_rule_v1_t stored;
    int rc = sch_store_unpack(CV_MSG_SCHEDULING_RULE_V1, row->data, &stored);
    sch_rule_t *rule = rc ? NULL : rule_of(self, stored.rule);
    if (rule) { /* one that an older program knew and this one does not: nothing follows from it */
        rule->effect = (sch_effect_t)(stored.effect - CV_RULE_EFFECT_FORBID);
        rule->weight = (int)stored.weight;
    }
    return rc;
}

int sch_load_rules(sch_service_t *service, cv_tx_t *tx, sch_rules_t *ret_rules)
{
    (void)tx;
    memcpy(ret_rules->annual, SCH_ANNUAL_RULES_DEFAULT, sizeof ret_rules->annual);
    memcpy(ret_rules->programme, SCH_PROGRAMME_RULES_DEFAULT, sizeof ret_rules->programme);
    return sch_ref_walk(service->store, SCH_RULE, CV_STR_NONE, take_rule, ret_rules);
}

cv_scheduling_rule_v1_t sch_rule_record(const sch_rule_t *rule)
{
    return (cv_scheduling_rule_v1_t){
        .rule = cv_str(rule->id),
        .level = (cv_rule_level_t)(CV_RULE_LEVEL_HARD + (unsigned)rule->level),
        .effect = (cv_rule_effect_t)(CV_RULE_EFFECT_FORBID + (unsigned)rule->effect),
        .weight = rule->weight,
        .text = cv_str(rule->text),
    };
}

/* What the database itself refuses. */
static bool is_kept_by_store(const char *id)
{
    static const char *const KEPT[] = {"A1", "B1", "B2"};
    for (size_t i = 0; i < sizeof KEPT / sizeof *KEPT; ++i)
        if (strcmp(KEPT[i], id) == 0)
            return true;
    return false;
}

int sch_put_rule(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_rule_put_v1_t *request, cv_outcome_t *out)
{
    sch_rules_t rules;
    int rc = sch_load_rules(service, tx, &rules);
    sch_rule_t *rule = rc ? NULL : rule_of(&rules, request->rule);
    if (rc)
        return rc;
    if (!rule)
        return cv_refuse(tx, out, "rule_unknown", "data.rule",
                         "there is no rule %.*s: A1 to A18 are of the annual plan, B1 to B16 of a programme",
                         CV_STR_ARG(request->rule));
    if (!request->effect && !request->has_weight)
        return cv_refuse(tx, out, "nothing_changed", NULL, "neither an effect nor a weight is given");
    if (request->effect && request->effect != CV_RULE_EFFECT_FORBID && is_kept_by_store(rule->id))
        return cv_refuse(tx, out, "rule_fixed", "data.effect",
                         "%s is kept by the database itself: what breaks it is impossible and stays forbidden",
                         rule->id);
    if (request->effect)
        rule->effect = (sch_effect_t)(request->effect - CV_RULE_EFFECT_FORBID);
    if (request->has_weight)
        rule->weight = (int)request->weight;
    const cv_scheduling_rule_v1_t record = sch_rule_record(rule);
    return sch_put_ref(service, tx, SCH_RULE, CV_MSG_SCHEDULING_RULE_V1, request->rule,
                       cv_str(cv_rule_effect_text(record.effect)), CV_STR_NONE, &record, out);
}
