/* reg_requests: random requests that make sense often enough, and their octets. See reg_requests.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reg_requests.h"
#include "crash_vfs.h"
#include "registration/registration.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t reg_dice;
const char *const reg_parties[M_PARTIES] = {"AA", "BB", "CC", "DD", "EE", "FF"};
static int names;

unsigned reg_roll(unsigned n)
{
    reg_dice ^= reg_dice << 13;
    reg_dice ^= reg_dice >> 7;
    reg_dice ^= reg_dice << 17;
    return (unsigned)(reg_dice >> 20) % n;
}

static int some_number(const m_event_t *event, int party)
{
    int last = event->numbers[party];
    if (last && reg_roll(8)) { /* most often somebody who is there */
        for (int tries = 0; tries < 12 && event->n; tries++) {
            const m_person_t *p = &event->persons[reg_roll((unsigned)event->n)];
            if (p->party == party && (IN(p->state) & LIVE || tries > 8))
                return p->number;
        }
    }
    return 1 + (int)reg_roll((unsigned)last + 2);
}

static int some_role(void)
{
    static const int roles[] = {1, 3, 3, 3, 3, 5, 10, 10};
    return roles[reg_roll(8)];
}

static int some_name(const m_event_t *event, int party)
{
    if (event->n && reg_roll(15) == 0) {
        const m_person_t *p = &event->persons[reg_roll((unsigned)event->n)];
        if (p->party == party)
            return p->part.name;
    }
    return ++names;
}

static void some_numbers(const m_event_t *event, m_request_t *r, unsigned most)
{
    unsigned want = reg_roll(6) ? 1 + reg_roll(most) : 0;
    for (unsigned i = 0; i < want; i++) {
        int number_ = some_number(event, r->party);
        bool twice = false;
        for (int k = 0; k < r->n; k++)
            twice |= r->numbers[k] == number_;
        if (!twice)
            r->numbers[r->n++] = number_;
    }
}

/* All of one unit that is offered seats, or of what is in one state. */
static void fitting_numbers(const m_event_t *event, m_request_t *r, m_state_t state)
{
    for (int i = 0; i < event->n && r->n < 8; i++)
        if (event->persons[i].party == r->party && event->persons[i].state == state && reg_roll(4))
            r->numbers[r->n++] = event->persons[i].number;
}

/* One of the first three or none, and some of the others. */
static unsigned some_options(const m_event_t *event)
{
    if (!event->rules.asks || reg_roll(3) == 0)
        return 0;
    unsigned first = reg_roll(4);
    return (first < 3 ? 1u << first : 0) | (reg_roll(3) ? 0 : (reg_roll(4) << 3));
}

m_request_t reg_some_request(const m_event_t *event, int64_t now)
{
    static const uint8_t kinds[] = {REGISTER, REGISTER, REGISTER, REGISTER, REGISTER, REGISTER, REGISTER,   WITHDRAW,
                                    WITHDRAW, WITHDRAW, WITHDRAW, AMEND,    AMEND,    AMEND,    SUBSTITUTE, SUBSTITUTE,
                                    DECLINE,  CONFIRM,  GRANT,    ANSWER,   ANSWER,   REVIEW,   REVIEW,     CONFIRM};
    m_request_t r = {.kind = (m_kind_t)kinds[reg_roll(sizeof kinds)], .party = (int)reg_roll(M_PARTIES)};
    r.asker = (m_asker_t)reg_roll(3);
    if ((r.kind == REVIEW && !event->rules.approval) || (r.kind == CONFIRM && !event->rules.confirm_closes) ||
        (r.kind == ANSWER && !event->rules.offer))
        r.kind = reg_roll(10) ? REGISTER : r.kind;
    m_state_t wanted = r.kind == REVIEW ? UNDER_REVIEW : r.kind == ANSWER ? OFFERED : NOMINATED;
    bool wants = r.kind == REVIEW || r.kind == ANSWER || r.kind == CONFIRM, found = false;
    for (int tries = 0; tries < 40 && wants && !found && event->n; tries++) {
        const m_person_t *p = &event->persons[reg_roll((unsigned)event->n)];
        found = p->state == wanted;
        if (found)
            r.party = p->party;
    }
    if (wants && !found && reg_roll(4)) /* seldom a request that can only be refused */
        r.kind = reg_roll(3) ? REGISTER : WITHDRAW;
    switch (r.kind) {
    case REGISTER:
        r.n = 1 + (int)reg_roll(reg_roll(2) ? 2 : 6);
        for (int i = 0; i < r.n; i++)
            r.who[i] = (m_part_t){.role = some_role(),
                                  .name = some_name(event, r.party),
                                  .online = reg_roll(8) == 0,
                                  .options = some_options(event)};
        if (r.n > 1 && reg_roll(20) == 0)
            r.who[r.n - 1].name = r.who[0].name;
        r.group = (int)reg_roll(3);
        break;
    case WITHDRAW:
        some_numbers(event, &r, 3);
        if (!r.n && reg_roll(4)) {
            r.numbers[0] = some_number(event, r.party);
            r.n = 1;
        }
        break;
    case AMEND:
    case SUBSTITUTE:
        r.numbers[0] = some_number(event, r.party);
        r.n = 1;
        r.who[0].role = reg_roll(2) ? some_role() : 0;
        r.attendance = reg_roll(3) ? 0 : 1 + (int)reg_roll(2);
        r.answers = event->rules.asks && reg_roll(2);
        r.who[0].options = r.answers || r.kind == SUBSTITUTE ? some_options(event) : 0;
        r.who[0].name = r.kind == SUBSTITUTE || reg_roll(4) == 0 ? some_name(event, r.party) : 0;
        break;
    case CONFIRM:
        r.group = (int)reg_roll(3);
        if (reg_roll(2))
            fitting_numbers(event, &r, NOMINATED);
        else
            some_numbers(event, &r, 4);
        break;
    case ANSWER:
        r.accept = reg_roll(3);
        if (reg_roll(2))
            fitting_numbers(event, &r, OFFERED);
        else
            some_numbers(event, &r, 2);
        break;
    case REVIEW:
        r.asker = reg_roll(2) ? FOCAL_POINT : SECRETARIAT;
        r.verdict = (m_verdict_t)(reg_roll(4) ? APPROVE : 1 + reg_roll(3));
        r.group = (int)reg_roll(3);
        if (reg_roll(2))
            fitting_numbers(event, &r, UNDER_REVIEW);
        else
            some_numbers(event, &r, 2);
        break;
    case GRANT:
        r.asker = SECRETARIAT;
        r.what = 1 + (int)reg_roll(3);
        r.until = now + 10 * (int64_t)reg_roll(400) - 200;
        break;
    case DECLINE:
        break;
    }
    return r;
}

static char name_room[M_MANY][16];
static cv_str_t name_text(int i, int name)
{
    snprintf(name_room[i], sizeof name_room[i], "P%d", name);
    return name ? cv_str(name_room[i]) : CV_STR_NONE;
}

/* The answers that choose these options. */
static cv_form_answer_t answer_room[M_MANY][M_OPTIONS];
static cv_items_t answers(int i, unsigned options)
{
    static const char *const ids[M_OPTIONS] = {"w0", "w1", "w2", "b3", "b4"};
    cv_items_t items = {.list = answer_room[i]};
    for (int o = 0; o < M_OPTIONS; o++)
        if (options >> o & 1)
            answer_room[i][items.n++] =
                (cv_form_answer_t){.question = o < 3 ? CV_STR("workshop") : CV_STR("booth"), .value = cv_str(ids[o])};
    return items;
}

#define HEAD .event = cv_str(code), .party = cv_str(reg_parties[r->party])
#define NUMBERS(request)                          \
    do {                                          \
        (request).persons_n = (size_t)r->n;       \
        for (int i = 0; i < r->n; i++)            \
            (request).persons[i] = r->numbers[i]; \
    } while (0)

cv_str_t reg_encode(rig_t *rig, const m_request_t *r, uint64_t number, const char *code)
{
    switch (r->kind) {
    case REGISTER: {
        cv_registration_register_v1_t q = {HEAD, .group = (cv_group_rule_t)r->group, .persons_n = (size_t)r->n};
        for (int i = 0; i < r->n; i++)
            q.persons[i] = (cv_person_t){.name = name_text(i, r->who[i].name),
                                         .capacity = (cv_capacity_t)r->who[i].role,
                                         .attendance = r->who[i].online ? CV_ATTENDANCE_ONLINE : CV_ATTENDANCE_ABSENT,
                                         .answers = answers(i, r->who[i].options)};
        return rig_request(rig, number, CV_MSG_REGISTRATION_REGISTER_V1, &q);
    }
    case WITHDRAW: {
        cv_registration_withdraw_v1_t q = {HEAD};
        NUMBERS(q);
        return rig_request(rig, number, CV_MSG_REGISTRATION_WITHDRAW_V1, &q);
    }
    case DECLINE: {
        cv_registration_decline_v1_t q = {HEAD};
        return rig_request(rig, number, CV_MSG_REGISTRATION_DECLINE_V1, &q);
    }
    case AMEND: {
        cv_registration_amend_v1_t q = {HEAD,
                                        .number = r->numbers[0],
                                        .name = name_text(0, r->who[0].name),
                                        .capacity = (cv_capacity_t)r->who[0].role,
                                        .attendance = (cv_attendance_t)r->attendance,
                                        .answers = answers(0, r->who[0].options),
                                        .has_no_answers = r->answers && !r->who[0].options,
                                        .no_answers = true};
        return rig_request(rig, number, CV_MSG_REGISTRATION_AMEND_V1, &q);
    }
    case SUBSTITUTE: {
        cv_registration_substitute_v1_t q = {HEAD,
                                             .number = r->numbers[0],
                                             .name = name_text(0, r->who[0].name),
                                             .capacity = (cv_capacity_t)r->who[0].role,
                                             .attendance = (cv_attendance_t)r->attendance,
                                             .answers = answers(0, r->who[0].options)};
        return rig_request(rig, number, CV_MSG_REGISTRATION_SUBSTITUTE_V1, &q);
    }
    case CONFIRM: {
        cv_registration_confirm_v1_t q = {HEAD, .group = (cv_group_rule_t)r->group};
        NUMBERS(q);
        return rig_request(rig, number, CV_MSG_REGISTRATION_CONFIRM_V1, &q);
    }
    case GRANT: {
        cv_registration_exception_grant_v1_t q = {HEAD, .what = (cv_exception_kind_t)r->what, .until_ms = r->until,
                                                  .reason = CV_STR("late")};
        return rig_request(rig, number, CV_MSG_REGISTRATION_EXCEPTION_GRANT_V1, &q);
    }
    case ANSWER: {
        cv_registration_offer_answer_v1_t q = {HEAD, .accept = r->accept};
        NUMBERS(q);
        return rig_request(rig, number, CV_MSG_REGISTRATION_OFFER_ANSWER_V1, &q);
    }
    case REVIEW: {
        cv_registration_review_v1_t q = {HEAD, .verdict = (cv_review_verdict_t)r->verdict,
                                         .group = (cv_group_rule_t)r->group, .reason = CV_STR("seen")};
        NUMBERS(q);
        return rig_request(rig, number, CV_MSG_REGISTRATION_REVIEW_V1, &q);
    }
    }
    abort();
}

static void put_entry(cv_registration_import_v1_t *q, int party, int group, int n, const m_part_t *who)
{
    static char texts[M_MANY][16];
    static int used;
    cv_import_entry_t *entry = &q->registrations[q->registrations_n++];
    *entry = (cv_import_entry_t){.party = cv_str(reg_parties[party]), .group = (cv_group_rule_t)group};
    for (int i = 0; i < n; i++) {
        used = (used + 1) % M_MANY;
        snprintf(texts[used], sizeof texts[used], "P%d", who[i].name);
        entry->persons[entry->persons_n++] =
            (cv_person_t){.name = cv_str(texts[used]),
                          .capacity = (cv_capacity_t)who[i].role,
                          .attendance = who[i].online ? CV_ATTENDANCE_ONLINE : CV_ATTENDANCE_ABSENT,
                          .answers = answers(used, who[i].options)};
    }
}

cv_str_t reg_encode_trial(rig_t *rig, const m_request_t *request, bool dry, uint64_t number, const char *event)
{
    static cv_registration_import_v1_t q;
    const bool own = request->asker == FOCAL_POINT;
    m_part_t twice[2] = {{.role = 3, .name = 1000000000}, {.role = 3, .name = 1000000000}};
    q = (cv_registration_import_v1_t){.event = cv_str(event),
                                      .party = own ? cv_str(reg_parties[request->party]) : CV_STR_NONE,
                                      .mode = dry && reg_roll(2) ? CV_IMPORT_MODE_EACH : CV_IMPORT_MODE_ALL_OR_NONE,
                                      .has_dry_run = dry,
                                      .dry_run = dry};
    put_entry(&q, request->party, request->group, request->n, request->who);
    for (unsigned more = reg_roll(4); more; more--) {
        m_part_t who[3];
        for (int i = 0; i < 3; i++)
            who[i] = (m_part_t){
                .role = some_role(), .name = ++names, .online = reg_roll(8) == 0, .options = request->who[0].options};
        put_entry(&q, own ? request->party : (int)reg_roll(M_PARTIES), (int)reg_roll(3), 1 + (int)reg_roll(3), who);
    }
    if (!dry)
        put_entry(&q, request->party, 2, 2, twice);
    return rig_request(rig, number, CV_MSG_REGISTRATION_IMPORT_V1, &q);
}

cv_principal_t reg_asker(const m_request_t *r)
{
    cv_principal_t who = {.name = "portal", .role = CV_ROLE_PUBLISHER};
    if (r->asker == SECRETARIAT)
        who = (cv_principal_t){.name = "secretary", .role = CV_ROLE_SECRETARIAT};
    if (r->asker == FOCAL_POINT) {
        who = (cv_principal_t){.name = "focal", .role = CV_ROLE_FOCAL_POINT};
        snprintf(who.party, sizeof who.party, "%s", reg_parties[r->party]);
    }
    return who;
}
