/* core: how a seat is given. The rule and its reasons are in core.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "registration/core.h"
#include <assert.h>

const char *reg_rule_word(reg_rule_t rule)
{
    static const char *const words[] = {
#define XX(name, word) word,
        REG_RULE_MAP(XX)
#undef XX
    };
    return words[rule];
}

/* ---- seats --------------------------------------------------------------------------------------------------- */

static int32_t larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

static int32_t smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* What a ceiling becomes when somebody has left. */
static int32_t follow_down(int32_t rule, int32_t ceiling, int32_t confirmed)
{
    return larger(rule, smaller(ceiling, confirmed));
}

void reg_seats_rules(reg_seats_t *seats, int32_t capacity, const int32_t role_limit[REG_ROLES])
{
    seats->capacity = capacity;
    seats->ceiling = larger(capacity, seats->confirmed);
    for (unsigned role = 1; role < REG_ROLES; role++) {
        int32_t limit = role_limit[role];

        seats->role_limit[role] = limit;
        seats->role_ceiling[role] = limit == REG_NO_LIMIT ? REG_NO_LIMIT : larger(limit, seats->role_confirmed[role]);
    }
}

void reg_option_rule(reg_seats_t *seats, unsigned option, int32_t limit)
{
    reg_option_t *o = &seats->options[option];

    o->limit = limit;
    o->ceiling = limit == REG_NO_LIMIT ? REG_NO_LIMIT : larger(limit, o->taken);
}

/* Calls for each option of a person: for (reg_options_t rest = options; rest; rest &= rest - 1) first_of(rest). */
static unsigned first_of(reg_options_t options)
{
    return (unsigned)__builtin_ctzll(options);
}

static void take_options(reg_seats_t *seats, reg_options_t options)
{
    for (; options; options &= options - 1) {
        reg_option_t *o = &seats->options[first_of(options)];
        o->taken++;
        assert(o->ceiling == REG_NO_LIMIT || o->taken <= o->ceiling);
    }
}

static void give_options_back(reg_seats_t *seats, reg_options_t options)
{
    for (; options; options &= options - 1) {
        reg_option_t *o = &seats->options[first_of(options)];
        assert(o->taken > 0);
        o->taken--;
        if (o->limit != REG_NO_LIMIT)
            o->ceiling = follow_down(o->limit, o->ceiling, o->taken);
    }
}

static bool is_over(const reg_option_t *option, int more)
{
    return option->limit != REG_NO_LIMIT && option->taken + more > option->limit;
}

/* The first option of a need that has too few places; seats->options_n: none. */
static unsigned full_option(const reg_seats_t *seats, const reg_need_t *need)
{
    for (reg_options_t rest = need->options; rest; rest &= rest - 1)
        if (is_over(&seats->options[first_of(rest)], need->of_option[first_of(rest)]))
            return first_of(rest);
    return seats->options_n;
}

void reg_need_add(reg_need_t *need, unsigned role, reg_options_t options)
{
    need->size++;
    need->of_role[role]++;
    need->options |= options;
    for (; options; options &= options - 1)
        need->of_option[first_of(options)]++;
}

/* Sets c_p and G_p and keeps held = sum of max(G_p, c_p). */
static void set_share(reg_seats_t *seats, reg_share_t *share, int32_t confirmed, int32_t guaranteed)
{
    seats->held += larger(guaranteed, confirmed) - larger(share->guaranteed, share->confirmed);
    seats->confirmed += confirmed - share->confirmed;
    share->confirmed = confirmed;
    share->guaranteed = guaranteed;
}

void reg_share_rules(reg_seats_t *seats, reg_share_t *share, int32_t guaranteed, int32_t maximum)
{
    share->maximum = maximum;
    share->ceiling = larger(maximum, share->confirmed);
    set_share(seats, share, share->confirmed, smaller(guaranteed, maximum));
}

void reg_share_kind(reg_seats_t *seats, reg_share_t *share, unsigned kind)
{
    assert(kind > 0 && kind < REG_KINDS);
    seats->waiting_of_kind[share->kind] -= share->waiting;
    seats->waiting_of_kind[kind] += share->waiting;
    share->kind = kind;
}

void reg_take(reg_seats_t *seats, reg_share_t *share, unsigned role, reg_options_t options)
{
    take_options(seats, options);
    set_share(seats, share, share->confirmed + 1, share->guaranteed);
    seats->role_confirmed[role]++;
    assert(seats->confirmed <= seats->ceiling && share->confirmed <= share->ceiling);
    assert(seats->role_ceiling[role] == REG_NO_LIMIT || seats->role_confirmed[role] <= seats->role_ceiling[role]);
}

void reg_give_back(reg_seats_t *seats, reg_share_t *share, unsigned role, reg_options_t options)
{
    assert(share->confirmed > 0 && seats->role_confirmed[role] > 0);
    give_options_back(seats, options);
    set_share(seats, share, share->confirmed - 1, share->guaranteed);
    share->ceiling = follow_down(share->maximum, share->ceiling, share->confirmed);
    seats->ceiling = follow_down(seats->capacity, seats->ceiling, seats->confirmed);
    seats->role_confirmed[role]--;
    if (seats->role_limit[role] != REG_NO_LIMIT)
        seats->role_ceiling[role] =
            follow_down(seats->role_limit[role], seats->role_ceiling[role], seats->role_confirmed[role]);
}

static void take_other_role(reg_seats_t *seats, unsigned was, unsigned now)
{
    seats->role_confirmed[now]++;
    seats->role_confirmed[was]--;
    if (seats->role_limit[was] != REG_NO_LIMIT)
        seats->role_ceiling[was] =
            follow_down(seats->role_limit[was], seats->role_ceiling[was], seats->role_confirmed[was]);
}

reg_rule_t reg_take_otherwise(reg_seats_t *seats, const reg_part_t *was, const reg_part_t *now)
{
    int32_t limit = seats->role_limit[now->role];
    reg_options_t more = now->options & ~was->options;

    if (was->role != now->role && limit != REG_NO_LIMIT && seats->role_confirmed[now->role] >= limit)
        return REG_RULE_CAPACITY_LIMIT;
    for (reg_options_t rest = more; rest; rest &= rest - 1)
        if (is_over(&seats->options[first_of(rest)], 1))
            return REG_RULE_OPTION_FULL;
    if (was->role != now->role)
        take_other_role(seats, was->role, now->role);
    give_options_back(seats, was->options & ~now->options);
    take_options(seats, more);
    return REG_RULE_NONE;
}

void reg_wait(reg_seats_t *seats, reg_share_t *share, int32_t n)
{
    share->waiting += n;
    seats->waiting += n;
    seats->waiting_of_kind[share->kind] += n;
}

void reg_stop_waiting(reg_seats_t *seats, reg_share_t *share, int32_t n)
{
    assert(share->waiting >= n);
    reg_wait(seats, share, -n);
}

void reg_offer(reg_seats_t *seats, reg_share_t *share, int32_t n)
{
    share->offered += n;
    seats->offered += n;
    assert(share->offered >= 0 && share->offered <= share->confirmed);
}

void reg_withdraw(reg_seats_t *seats, reg_share_t *share, unsigned role, reg_options_t options, reg_state_t state)
{
    if (state == REG_OFFERED)
        reg_offer(seats, share, -1);
    if (state == REG_CONFIRMED || state == REG_OFFERED) {
        reg_give_back(seats, share, role, options);
    } else if (state == REG_WAITING) {
        reg_stop_waiting(seats, share, 1);
    } else if (state == REG_ONLINE) {
        assert(share->online > 0);
        share->online--;
        seats->online--;
    } else {
        assert(share->pending > 0);
        share->pending--;
        seats->pending--;
    }
    share->withdrawn++;
    if (role == 1)
        share->heads--;
}

reg_rule_t reg_fit(const reg_seats_t *seats, const reg_share_t *share, const reg_need_t *need)
{
    int32_t own = smaller(need->size, larger(0, share->guaranteed - share->confirmed));

    if (share->confirmed + need->size > share->maximum)
        return REG_RULE_MAXIMUM;
    for (unsigned role = 1; role < REG_ROLES; role++)
        if (need->of_role[role] && seats->role_limit[role] != REG_NO_LIMIT &&
            seats->role_confirmed[role] + need->of_role[role] > seats->role_limit[role])
            return REG_RULE_CAPACITY_LIMIT;
    if (need->options && full_option(seats, need) < seats->options_n)
        return REG_RULE_OPTION_FULL;
    if (need->size > 1 && need->size > seats->capacity)
        return REG_RULE_TOO_LARGE;
    if (seats->confirmed + need->size > seats->capacity)
        return REG_RULE_FULL;
    if (own == need->size)
        return REG_RULE_GUARANTEED;
    return need->size - own <= reg_free(seats) ? REG_RULE_POOL : REG_RULE_FULL;
}

/* ---- a request ----------------------------------------------------------------------------------------------- */

/* Whether a unit that waits in front of a newcomer has a better claim to the free seats. */
static bool competes(const reg_seats_t *seats, const reg_share_t *share, const reg_need_t *need)
{
    reg_rule_t fit = reg_fit(seats, share, need);

    return fit == REG_RULE_POOL || (fit == REG_RULE_FULL && seats->waiting_rule == REG_WAIT_STRICT);
}

/* Those of the same request who wait already, and have no lane yet. */
typedef struct {
    unsigned roles; /* bit r: a person of capacity r, without options */
    unsigned n;     /* persons with options: who */
    const reg_applicant_t *who[REG_PERSONS_MAX];
} before_t;

static bool is_behind(const reg_seats_t *seats, const reg_share_t *share, const before_t *before)
{
    if (!seats->waiting)
        return false;
    for (const reg_lane_t *lane = seats->lanes; lane; lane = lane->next)
        if (lane->share->kind <= share->kind && competes(seats, lane->share, &lane->need))
            return true;
    if (!before)
        return false;
    for (unsigned role = 1; before->roles >> role; role++) {
        reg_need_t need = {.size = 1};
        need.of_role[role] = 1;
        if (before->roles & (1u << role) && competes(seats, share, &need))
            return true;
    }
    for (unsigned i = 0; i < before->n; i++) {
        reg_need_t need = {0};
        reg_need_add(&need, before->who[i]->role, before->who[i]->options);
        if (competes(seats, share, &need))
            return true;
    }
    return false;
}

/* reg_fit for a newcomer. */
static reg_rule_t claim(const reg_seats_t *seats, const reg_share_t *share, const reg_need_t *need,
                        const before_t *before)
{
    reg_rule_t fit = reg_fit(seats, share, need);

    return fit == REG_RULE_POOL && is_behind(seats, share, before) ? REG_RULE_BEHIND : fit;
}

static int32_t last_position(const reg_seats_t *seats, unsigned kind)
{
    int32_t position = 0;

    for (unsigned k = 1; k <= kind; k++)
        position += seats->waiting_of_kind[k];
    return position;
}

reg_rule_t reg_claim(const reg_seats_t *seats, const reg_share_t *share, const reg_need_t *need)
{
    return claim(seats, share, need, NULL);
}

/* How little a verdict gives, to find the rule that a ruling is about. */
static int severity(const reg_verdict_t *verdict)
{
    if (verdict->state == REG_REFUSED)
        return 4;
    if (verdict->state == REG_WAITING)
        return 3;
    return verdict->rule == REG_RULE_POOL ? 2 : verdict->rule == REG_RULE_GUARANTEED ? 1 : 0;
}

static void sum_up(const reg_verdict_t *verdicts, unsigned n, reg_ruling_t *ruling)
{
    for (unsigned i = 0; i < n; i++) {
        const reg_verdict_t *verdict = &verdicts[i];

        if (i == 0 || severity(verdict) > severity(&verdicts[ruling->culprit]))
            ruling->culprit = i;
        if (verdict->state == REG_REFUSED)
            ruling->refused++;
        if (verdict->state == REG_ONLINE)
            ruling->online++;
        if (verdict->state == REG_WAITING && ruling->waiting++ == 0)
            ruling->position = verdict->position;
        if (verdict->state == REG_CONFIRMED && verdict->rule == REG_RULE_GUARANTEED)
            ruling->guaranteed++;
        if (verdict->state == REG_CONFIRMED && verdict->rule == REG_RULE_POOL)
            ruling->pool++;
    }
    ruling->rule = verdicts[ruling->culprit].rule;
    ruling->accepted = ruling->refused < (int)n;
}

static reg_verdict_t seat(reg_seats_t *seats, reg_share_t *share, const reg_applicant_t *who)
{
    bool own = share->confirmed < share->guaranteed;

    reg_take(seats, share, who->role, who->options);
    return (reg_verdict_t){REG_CONFIRMED, own ? REG_RULE_GUARANTEED : REG_RULE_POOL, 0};
}

static reg_verdict_t go_online(reg_seats_t *seats, reg_share_t *share)
{
    seats->online++;
    share->online++;
    return (reg_verdict_t){REG_ONLINE, REG_RULE_ONLINE, 0};
}

static reg_verdict_t queue(reg_seats_t *seats, reg_share_t *share, reg_rule_t why)
{
    reg_wait(seats, share, 1);
    return (reg_verdict_t){REG_WAITING, why, last_position(seats, share->kind)};
}

static reg_verdict_t decide_one(reg_seats_t *seats, reg_share_t *share, const reg_applicant_t *who,
                                const before_t *before)
{
    reg_need_t need = {0};
    reg_rule_t rule;

    if (who->duplicate)
        return (reg_verdict_t){REG_REFUSED, REG_RULE_DUPLICATE, 0};
    if (who->role == 1 && share->heads > 0 && !who->enlisted)
        return (reg_verdict_t){REG_REFUSED, REG_RULE_ONE_HEAD, 0};
    if (who->online && !seats->online_takes_seat && who->options)
        return (reg_verdict_t){REG_REFUSED, REG_RULE_OPTION_SEATLESS, 0};
    if (who->online && !seats->online_takes_seat)
        return go_online(seats, share);
    reg_need_add(&need, who->role, who->options);
    rule = claim(seats, share, &need, before);
    if (rule == REG_RULE_GUARANTEED || rule == REG_RULE_POOL)
        return seat(seats, share, who);
    if (seats->waiting_rule == REG_WAIT_NONE)
        return (reg_verdict_t){REG_REFUSED, rule, 0};
    return queue(seats, share, rule);
}

/* Refuses all for what is wrong with one. */
static void refuse_all(reg_verdict_t *verdicts, unsigned n, reg_rule_t rule, unsigned culprit, reg_ruling_t *ruling)
{
    for (unsigned i = 0; i < n; i++)
        verdicts[i] = (reg_verdict_t){REG_REFUSED, rule, 0};
    *ruling = (reg_ruling_t){.rule = rule, .culprit = culprit, .refused = (int)n};
}

static void decide_together(reg_seats_t *seats, reg_share_t *share, const reg_applicant_t *who, unsigned n,
                            reg_verdict_t *verdicts, reg_ruling_t *ruling)
{
    reg_need_t need = {0};
    int32_t heads = share->heads;
    reg_rule_t rule = REG_RULE_NONE;
    unsigned one_of_role = n, one_of_option = n; /* who is one too many */

    for (unsigned i = 0; i < n; i++) {
        if (who[i].duplicate)
            return refuse_all(verdicts, n, REG_RULE_DUPLICATE, i, ruling);
        if (who[i].role == 1 && !who[i].enlisted && heads++ > 0)
            return refuse_all(verdicts, n, REG_RULE_ONE_HEAD, i, ruling);
        if (who[i].online && !seats->online_takes_seat && who[i].options)
            return refuse_all(verdicts, n, REG_RULE_OPTION_SEATLESS, i, ruling);
        if (who[i].online && !seats->online_takes_seat)
            continue;
        reg_need_add(&need, who[i].role, who[i].options);
        if (one_of_role < n)
            continue;
        rule = reg_fit(seats, share, &need); /* of those so far */
        if (rule == REG_RULE_CAPACITY_LIMIT)
            one_of_role = i;
        else if (rule == REG_RULE_OPTION_FULL && one_of_option == n)
            one_of_option = i;
    }
    if (need.size)
        rule = claim(seats, share, &need, NULL);
    bool seated = rule == REG_RULE_GUARANTEED || rule == REG_RULE_POOL;
    unsigned culprit = rule == REG_RULE_CAPACITY_LIMIT ? one_of_role : rule == REG_RULE_OPTION_FULL ? one_of_option : 0;
    if (need.size && !seated && seats->waiting_rule == REG_WAIT_NONE)
        return refuse_all(verdicts, n, rule, culprit, ruling);
    for (unsigned i = 0; i < n; i++) {
        share->heads += who[i].role == 1 && !who[i].enlisted;
        if (who[i].online && !seats->online_takes_seat)
            verdicts[i] = go_online(seats, share);
        else if (seated)
            verdicts[i] = seat(seats, share, &who[i]);
        else
            verdicts[i] = queue(seats, share, rule);
    }
    sum_up(verdicts, n, ruling);
    if (rule == REG_RULE_CAPACITY_LIMIT || rule == REG_RULE_OPTION_FULL)
        ruling->culprit = culprit;
    ruling->unit = need.size > 1 && !seated;
}

/* The option for which a ruling gives nothing: to its culprit, or to all up to it together. */
static unsigned lacking(const reg_seats_t *seats, const reg_applicant_t *who, unsigned n, const reg_ruling_t *ruling,
                        bool together)
{
    reg_need_t need = {0};

    for (unsigned i = together ? 0 : ruling->culprit; i <= ruling->culprit && i < n; i++)
        if (!who[i].online || seats->online_takes_seat)
            reg_need_add(&need, who[i].role, who[i].options);
    return full_option(seats, &need);
}

void reg_decide(reg_seats_t *seats, reg_share_t *share, reg_group_t group, const reg_applicant_t *who, unsigned n,
                reg_verdict_t *ret_verdicts, reg_ruling_t *ret_ruling)
{
    assert(n > 0 && n <= REG_PERSONS_MAX);
    *ret_ruling = (reg_ruling_t){0};
    if (group == REG_ALL_OR_NONE) {
        decide_together(seats, share, who, n, ret_verdicts, ret_ruling);
    } else {
        before_t before;
        before.roles = before.n = 0;
        for (unsigned i = 0; i < n; i++) {
            ret_verdicts[i] = decide_one(seats, share, &who[i], &before);
            if (ret_verdicts[i].state == REG_WAITING && !who[i].options)
                before.roles |= 1u << who[i].role;
            else if (ret_verdicts[i].state == REG_WAITING)
                before.who[before.n++] = &who[i];
            share->heads += who[i].role == 1 && !who[i].enlisted && ret_verdicts[i].state != REG_REFUSED;
        }
        sum_up(ret_verdicts, n, ret_ruling);
    }
    for (unsigned i = 0; i < n; i++) {
        if (!who[i].enlisted || ret_verdicts[i].state == REG_REFUSED)
            continue;
        share->pending--;
        seats->pending--;
    }
    ret_ruling->role = who[ret_ruling->culprit].role;
    if (ret_ruling->rule == REG_RULE_OPTION_FULL)
        ret_ruling->option = lacking(seats, who, n, ret_ruling, group == REG_ALL_OR_NONE);
}

/* ---- the waiting list ---------------------------------------------------------------------------------------- */

int64_t reg_lane_key(const reg_need_t *need)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a; a collision only hides a unit behind another until that moves */

    if (need->size == 1 && !need->options)
        for (int64_t role = 1; role < REG_ROLES; role++)
            if (need->of_role[role])
                return role;
    for (unsigned role = 1; role < REG_ROLES; role++)
        hash = (hash ^ need->of_role[role]) * 1099511628211u;
    for (reg_options_t rest = need->options; rest; rest &= rest - 1)
        hash = (hash ^ (uint64_t)(first_of(rest) << 8 | need->of_option[first_of(rest)])) * 1099511628211u;
    return (int64_t)(hash >> 2 | (uint64_t)1 << 61); /* never the number of a role */
}

void reg_lane_link(reg_seats_t *seats, reg_lane_t *lane)
{
    lane->previous = NULL;
    lane->next = seats->lanes;
    if (lane->next)
        lane->next->previous = lane;
    seats->lanes = lane;
}

void reg_lane_unlink(reg_seats_t *seats, reg_lane_t *lane)
{
    if (lane->previous)
        lane->previous->next = lane->next;
    else
        seats->lanes = lane->next;
    if (lane->next)
        lane->next->previous = lane->previous;
}

static bool is_before(const reg_lane_t *a, const reg_lane_t *b)
{
    if (!b)
        return true;
    return a->share->kind != b->share->kind ? a->share->kind < b->share->kind : a->head < b->head;
}

reg_lane_t *reg_next(const reg_seats_t *seats)
{
    reg_lane_t *covered = NULL; /* first that its own guarantee covers */
    reg_lane_t *fits = NULL;    /* first of the others that fits into the free seats */
    reg_lane_t *lacks = NULL;   /* first of the others that does not */

    for (reg_lane_t *lane = seats->lanes; lane; lane = lane->next) {
        reg_rule_t fit = reg_fit(seats, lane->share, &lane->need);
        reg_lane_t **place = fit == REG_RULE_GUARANTEED ? &covered : fit == REG_RULE_POOL ? &fits : &lacks;

        if (fit != REG_RULE_GUARANTEED && fit != REG_RULE_POOL && fit != REG_RULE_FULL)
            continue;
        if (is_before(lane, *place))
            *place = lane;
    }
    if (seats->waiting_rule == REG_WAIT_STRICT && fits && lacks && is_before(lacks, fits))
        fits = NULL;
    if (!covered || !fits)
        return covered ? covered : fits;
    return is_before(fits, covered) ? fits : covered; /* they may still want the same capacity's last place */
}
