/* core_change: persons who come without a seat, or take part in another way, or another in their place. See core.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "registration/core.h"
#include <assert.h>
#include <stdio.h>

/* In person at last: a seat like a newcomer's, or nothing. */
static reg_rule_t come_in(reg_seats_t *seats, reg_share_t *share, const reg_part_t *now)
{
    reg_need_t need = {0};

    reg_need_add(&need, now->role, now->options);
    reg_rule_t rule = reg_claim(seats, share, &need);
    if (rule != REG_RULE_GUARANTEED && rule != REG_RULE_POOL)
        return rule;
    reg_take(seats, share, now->role, now->options);
    share->online--;
    seats->online--;
    return rule;
}

static void go_out(reg_seats_t *seats, reg_share_t *share, reg_state_t state, const reg_part_t *was)
{
    if (state == REG_OFFERED)
        reg_offer(seats, share, -1);
    if (state != REG_WAITING)
        reg_give_back(seats, share, was->role, was->options);
    else
        reg_stop_waiting(seats, share, 1);
    share->online++;
    seats->online++;
}

reg_rule_t reg_change(reg_seats_t *seats, reg_share_t *share, reg_state_t state, reg_part_t was, reg_part_t now,
                      reg_state_t *ret_state)
{
    bool sits = state == REG_CONFIRMED || state == REG_OFFERED;
    bool leaves = now.online && !was.online && !seats->online_takes_seat;
    reg_rule_t rule = REG_RULE_KEPT;
    reg_state_t after = state;

    assert(now.role > 0 && now.role < REG_ROLES);
    if (now.role == 1 && was.role != 1 && share->heads > 0)
        return REG_RULE_ONE_HEAD;
    bool comes_without = state == REG_ONLINE || leaves || (!sits && state != REG_WAITING && !seats->online_takes_seat);
    if (now.options && now.online && comes_without)
        return REG_RULE_OPTION_SEATLESS;
    if (state == REG_ONLINE && !now.online) {
        rule = come_in(seats, share, &now);
        if (rule != REG_RULE_GUARANTEED && rule != REG_RULE_POOL)
            return rule;
        after = REG_CONFIRMED;
    } else if (leaves && (sits || state == REG_WAITING)) {
        go_out(seats, share, state, &was);
        rule = REG_RULE_ONLINE;
        after = REG_ONLINE;
    } else if (sits) {
        reg_rule_t lacks = reg_take_otherwise(seats, &was, &now);
        if (lacks != REG_RULE_NONE)
            return lacks;
    }
    share->heads += (now.role == 1) - (was.role == 1);
    *ret_state = after;
    return rule;
}

/* The option for which a change was refused: a new one that is full. */
static const reg_option_t *lacked(const reg_seats_t *seats, reg_part_t was, reg_part_t now)
{
    const reg_option_t *found = NULL;

    for (reg_options_t rest = now.options; rest; rest &= rest - 1) {
        const reg_option_t *option = &seats->options[__builtin_ctzll(rest)];
        bool is_new = !(was.options & rest & -rest);
        if (option->limit != REG_NO_LIMIT && option->taken >= option->limit && (!found || is_new))
            found = option;
    }
    assert(found);
    return found;
}

void reg_explain_change(const reg_seats_t *seats, const reg_share_t *share, reg_rule_t rule, unsigned number,
                        const char *party, reg_part_t was, reg_part_t now, const char *role,
                        char ret_text[REG_TEXT_MAX])
{
    const char *what = rule == REG_RULE_ONLINE       ? "attends online and takes no seat now"
                       : rule == REG_RULE_GUARANTEED ? "has a guaranteed seat now"
                       : rule == REG_RULE_POOL       ? "has a free seat now"
                                                     : "keeps its seat or place";
    char reason[REG_TEXT_MAX / 2];

    switch ((int)rule) {
    case REG_RULE_ONE_HEAD:
        snprintf(
            ret_text, REG_TEXT_MAX,
            "%s: person %u cannot become head: a delegation has one, and this one has its head. Nothing was changed.",
            party, number);
        return;
    case REG_RULE_CAPACITY_LIMIT:
        snprintf(ret_text, REG_TEXT_MAX,
                 "%s: person %u cannot become %s: %d of at most %d persons in this capacity are confirmed. Nothing was "
                 "changed.",
                 party, number, role, seats->role_confirmed[now.role], seats->role_limit[now.role]);
        return;
    case REG_RULE_OPTION_SEATLESS:
        snprintf(ret_text, REG_TEXT_MAX,
                 "%s: person %u attends online without a seat, and the places of an option go with a seat. Nothing was "
                 "changed.",
                 party, number);
        return;
    case REG_RULE_OPTION_FULL: {
        const reg_option_t *option = lacked(seats, was, now);
        snprintf(ret_text, REG_TEXT_MAX,
                 "%s: person %u cannot have option %s: %d of %d places taken. Nothing was changed.", party, number,
                 option->name, option->taken, option->limit);
        return;
    }
    case REG_RULE_MAXIMUM:
        snprintf(reason, sizeof reason, "%s has %d of at most %d seats", party, share->confirmed, share->maximum);
        break;
    case REG_RULE_BEHIND:
        snprintf(reason, sizeof reason, "%d wait, some of them in front, and nobody overtakes", seats->waiting);
        break;
    case REG_RULE_FULL:
        snprintf(reason, sizeof reason, "capacity %d less %lld confirmed or guaranteed leaves no free seat",
                 seats->capacity, (long long)seats->held);
        break;
    default:
        snprintf(
            ret_text, REG_TEXT_MAX,
            "%s: person %u %s, as %s. %s has %d of at most %d seats (%d guaranteed); the event %d of %d, %lld free, "
            "%d waiting.",
            party, number, what, role, party, share->confirmed, share->maximum, share->guaranteed, seats->confirmed,
            seats->capacity, (long long)(reg_free(seats) > 0 ? reg_free(seats) : 0), seats->waiting);
        return;
    }
    snprintf(ret_text, REG_TEXT_MAX,
             "%s: person %u needs a seat to attend in person, and there is none: %s. It stays "
             "online, and nothing was changed.",
             party, number, reason);
}

void reg_turn_down(reg_seats_t *seats, reg_share_t *share, unsigned role)
{
    assert(share->pending > 0);
    share->pending--;
    seats->pending--;
    share->refused++;
    share->heads -= role == 1;
}

/* ---- without a seat ------------------------------------------------------------------------------------------------
 */

static reg_rule_t unfit(const reg_seats_t *seats, const reg_share_t *share, int32_t heads, const reg_applicant_t *who)
{
    if (who->duplicate)
        return REG_RULE_DUPLICATE;
    if (who->role == 1 && share->heads + heads > 0)
        return REG_RULE_ONE_HEAD;
    return who->online && !seats->online_takes_seat && who->options ? REG_RULE_OPTION_SEATLESS : REG_RULE_NONE;
}

void reg_enlist(reg_seats_t *seats, reg_share_t *share, reg_state_t state, reg_rule_t rule, reg_group_t group,
                const reg_applicant_t *who, unsigned n, reg_verdict_t *ret_verdicts, reg_ruling_t *ret_ruling)
{
    int32_t heads = 0;

    assert(n > 0 && n <= REG_PERSONS_MAX);
    *ret_ruling = (reg_ruling_t){.rule = rule};
    for (unsigned i = 0; i < n; i++) {
        reg_rule_t wrong = unfit(seats, share, heads, &who[i]);
        ret_verdicts[i] = wrong ? (reg_verdict_t){REG_REFUSED, wrong, 0} : (reg_verdict_t){state, rule, 0};
        heads += !wrong && who[i].role == 1;
        if (wrong && ret_ruling->refused++ == 0) {
            ret_ruling->rule = wrong;
            ret_ruling->culprit = i;
        }
    }
    ret_ruling->role = who[ret_ruling->culprit].role;
    if (ret_ruling->refused && group == REG_ALL_OR_NONE) {
        for (unsigned i = 0; i < n; i++)
            ret_verdicts[i] = (reg_verdict_t){REG_REFUSED, ret_ruling->rule, 0};
        ret_ruling->refused = (int)n;
    }
    ret_ruling->enlisted = (int)n - ret_ruling->refused;
    ret_ruling->accepted = ret_ruling->enlisted > 0;
    if (!ret_ruling->accepted)
        return;
    share->heads += heads;
    share->pending += ret_ruling->enlisted;
    seats->pending += ret_ruling->enlisted;
}
