/* core_admit: may this be asked now? The table is in core.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "convene/ids.h"
#include "registration/core.h"
#include <stdio.h>

static reg_rule_t too_early(const reg_terms_t *terms, char *ret_text)
{
    char opens[CV_TIME_TEXT + 1];

    if (!terms->has_rules) {
        snprintf(ret_text, REG_TEXT_MAX, "Registration is not open: its opening has not been announced.");
        return REG_RULE_NOT_OPEN;
    }
    cv_time_text(terms->opens_ms, opens);
    snprintf(ret_text, REG_TEXT_MAX, "Registration is not open: it opens at %s, once the event has status open.",
             opens);
    return REG_RULE_NOT_OPEN;
}

static reg_rule_t too_late(const char *what, int64_t deadline_ms, char *ret_text)
{
    char deadline[CV_TIME_TEXT + 1];

    cv_time_text(deadline_ms, deadline);
    snprintf(ret_text, REG_TEXT_MAX, "%s closed at %s.", what, deadline);
    return REG_RULE_CLOSED;
}

static reg_rule_t admit_register(const reg_terms_t *terms, int64_t now_ms, char *ret_text)
{
    const char *what = terms->confirm_closes_ms ? "Nomination" : "Registration";

    if (terms->stage == REG_CLOSED) {
        if (terms->has_rules && now_ms >= terms->closes_ms)
            return too_late(what, terms->closes_ms, ret_text);
        snprintf(ret_text, REG_TEXT_MAX, "Registration is closed: the event has status closed.");
        return REG_RULE_CLOSED;
    }
    if (!terms->has_rules)
        return too_early(terms, ret_text);
    if (now_ms >= terms->closes_ms)
        return too_late(what, terms->closes_ms, ret_text);
    if (terms->stage != REG_OPEN || now_ms < terms->opens_ms)
        return too_early(terms, ret_text);
    return REG_RULE_NONE;
}

static reg_rule_t admit_confirm(const reg_terms_t *terms, int64_t now_ms, char *ret_text)
{
    int64_t deadline_ms = terms->confirm_closes_ms ? terms->confirm_closes_ms : terms->changes_close_ms;

    return !terms->has_rules || now_ms < deadline_ms ? REG_RULE_NONE : too_late("Confirmation", deadline_ms, ret_text);
}

static bool is_invited(const reg_terms_t *terms, reg_act_t act, unsigned kind)
{
    return act == REG_ACT_WITHDRAW || act == REG_ACT_EXCEPTION || act == REG_ACT_OFFER || act == REG_ACT_REVIEW ||
           !terms->has_rules || terms->audience & (1u << kind);
}

reg_rule_t reg_admit(const reg_terms_t *terms, reg_act_t act, unsigned kind, int64_t now_ms,
                     char ret_text[REG_TEXT_MAX])
{
    reg_rule_t rule = REG_RULE_NONE;

    switch (terms->stage) {
    case REG_CANCELLED:
        snprintf(ret_text, REG_TEXT_MAX, "The event is cancelled; registrations remain as they are.");
        return REG_RULE_CANCELLED;
    case REG_REJECTED:
        snprintf(ret_text, REG_TEXT_MAX, "The event was rejected and will not take place.");
        return REG_RULE_CANCELLED;
    case REG_POSTPONED:
        snprintf(ret_text, REG_TEXT_MAX,
                 "The event is postponed; registrations remain as they are until it is scheduled again.");
        return REG_RULE_POSTPONED;
    case REG_HELD:
    case REG_REPORTED:
        snprintf(ret_text, REG_TEXT_MAX, "Registration is closed: the event has been held.");
        return REG_RULE_CLOSED;
    case REG_DRAFT:
    case REG_PROPOSED:
    case REG_CIRCULATED:
        snprintf(ret_text, REG_TEXT_MAX, "Registration is not open: the event is not adopted yet.");
        return REG_RULE_NOT_OPEN;
    case REG_ADOPTED:
    case REG_SCHEDULED:
    case REG_OPEN:
    case REG_CLOSED:
        break;
    }
    if (act == REG_ACT_REGISTER) {
        rule = admit_register(terms, now_ms, ret_text);
    } else if (act == REG_ACT_CONFIRM) {
        rule = admit_confirm(terms, now_ms, ret_text);
    } else if (act != REG_ACT_EXCEPTION && act != REG_ACT_OFFER && act != REG_ACT_REVIEW && terms->has_rules &&
               now_ms >= terms->changes_close_ms) {
        rule = too_late("Changes", terms->changes_close_ms, ret_text);
    }
    if (rule == REG_RULE_NONE && !is_invited(terms, act, kind)) {
        snprintf(ret_text, REG_TEXT_MAX, "The event is not for parties of this kind.");
        return REG_RULE_NOT_INVITED;
    }
    return rule;
}

bool reg_excused(const reg_terms_t *terms, reg_act_t act, unsigned kind, int64_t now_ms, int64_t until_ms)
{
    bool is_open = terms->stage == REG_OPEN || terms->stage == REG_CLOSED;
    bool is_planned = is_open || terms->stage == REG_ADOPTED || terms->stage == REG_SCHEDULED;

    return terms->has_rules && now_ms < until_ms && (act == REG_ACT_REGISTER ? is_open : is_planned) &&
           is_invited(terms, act, kind);
}

bool reg_stage_moves(reg_stage_t stage)
{
    return stage >= REG_DRAFT && stage <= REG_CLOSED;
}
