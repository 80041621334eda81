/* test_registration_model: the registration service against a model that recomputes every decision from the rule.
 * SPDX-License-Identifier: Apache-2.0
 * ctest-timeout: 600
 *
 *   test_registration_model [--seed N] [--requests N]      ./dev torture does the same with the release build
 *
 * Random events with random rules; requests of all kinds; rules that change, up and down, while registration is open;
 * parties that change their kind; releases and offers that come due; the same request again, and its id with other
 * content; the power that fails before and after a decision and takes what was not synced with it. Every outcome, every
 * record and, now and then, everything that can be asked is compared with the model. The last line says how many
 * requests there were, how many differences, and the seed that repeats the run. Exit status 0: no difference.
 */
#include "crash_vfs.h"
#include "reg_model.h"
#include "reg_requests.h"
#include "registration/registration.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    WORLD = 6000 /* requests on one database: each time the power fails all of it is read again */,
    KEPT = 64,
    SHOWN = 20
};
static const int64_t T0 = 1767225600000;     /* 2026-01-01T00:00:00Z */
static const uint64_t TRIALS = 500000000000; /* numbers of requests that are only tried begin here */

typedef struct {
    char *message, *outcome;
    size_t message_len, outcome_len;
    cv_principal_t who;
} kept_t;

static rig_t *rig;
static m_event_t event;
static char code[32];
static unsigned audience;
static uint64_t requests, trials, differences, number, seed;
static int64_t began, version;
static int events_n;
static kept_t kept[KEPT];
static uint64_t asked_of[16]; /* by kind, to see that all are asked and some succeed */
static uint64_t granted_of[16];

__attribute__((format(printf, 1, 2))) static void differ(const char *format, ...)
{
    va_list arguments;
    if (differences++ >= SHOWN)
        return;
    va_start(arguments, format);
    printf("seed %llu, request %llu, event %s: ", (unsigned long long)seed, (unsigned long long)requests, code);
    vprintf(format, arguments);
    putchar('\n');
    va_end(arguments);
}

/* ---- comparing ----------------------------------------------------------------------------------------------------
 */

static bool is(cv_str_t text, const char *word)
{
    return word ? cv_str_is(text, word) : !text.ptr;
}

static void compare_seats(const char *where, const cv_seats_t *got, const m_answer_t *want)
{
    if (got->capacity != want->capacity || got->confirmed != want->confirmed || got->waiting != want->waiting ||
        got->free != want->free || got->offered != want->offered || got->party_guaranteed != want->party_guaranteed ||
        got->party_maximum != want->party_maximum || got->party_confirmed != want->party_confirmed ||
        got->party_waiting != want->party_waiting || got->party_offered != want->party_offered)
        differ(
            "%s: seats %d confirmed %d offered %d waiting %d free %d, party %d/%d confirmed %d offered %d waiting %d; "
            "the model: %d, %d, %d, %d, %d; %d/%d, %d, %d, %d",
            where, (int)got->capacity, (int)got->confirmed, (int)got->offered, (int)got->waiting, (int)got->free,
            (int)got->party_guaranteed, (int)got->party_maximum, (int)got->party_confirmed, (int)got->party_offered,
            (int)got->party_waiting, want->capacity, want->confirmed, want->offered, want->waiting, want->free,
            want->party_guaranteed, want->party_maximum, want->party_confirmed, want->party_offered,
            want->party_waiting);
}

static void compare_outcome(const m_request_t *request, const cv_outcome_v1_t *got, const m_answer_t *want)
{
    const cv_decision_t *decision = &got->decision;
    cv_outcome_class_t cls = want->ok ? CV_OUTCOME_CLASS_OK : CV_OUTCOME_CLASS_REJECTED;
    if (got->cls != cls || !is(got->code, want->code) || !is(decision->rule, want->rule))
        differ("kind %d of %s: %s %.*s by %.*s (%.*s); the model: %s by %s", (int)request->kind,
               reg_parties[request->party], cv_outcome_class_text(got->cls), CV_STR_ARG(got->code),
               CV_STR_ARG(decision->rule), CV_STR_ARG(got->text), want->code, want->rule);
    if ((int)decision->persons_n != want->n)
        differ("kind %d: %zu persons; the model: %d", (int)request->kind, decision->persons_n, want->n);
    for (int i = 0; i < want->n && i < (int)decision->persons_n; i++) {
        const cv_person_decision_t *person = &decision->persons[i];
        if (person->number != want->persons[i].number || (int)person->state != (int)want->persons[i].state ||
            !is(person->rule, want->persons[i].rule) || person->position != want->persons[i].position)
            differ("kind %d of %s: person %d is %s by %.*s at %d; the model: person %d, %s by %s at %d",
                   (int)request->kind, reg_parties[request->party], (int)person->number,
                   cv_person_state_text(person->state), CV_STR_ARG(person->rule), (int)person->position,
                   want->persons[i].number, cv_person_state_text((cv_person_state_t)want->persons[i].state),
                   want->persons[i].rule, want->persons[i].position);
    }
    compare_seats("outcome", &decision->seats, want);
    if (decision->has_exception != (want->exception != 0) ||
        (decision->has_exception && decision->exception.until_ms != want->exception))
        differ("kind %d: the exception used is another", (int)request->kind);
}

static void compare_persons(const char *what, const m_record_t *want, const cv_person_place_t *persons, size_t n)
{
    bool same = (int)n == want->n;
    for (int i = 0; same && i < want->n; i++)
        same = persons[i].number == want->numbers[i] && (int)persons[i].state == (int)want->state;
    if (!same)
        differ("%s of %s: other persons than the model's %d", what, reg_parties[want->party], want->n);
}

/* Records from `from` on that are about this event, against the model's. */
static void compare_records(size_t from)
{
    int at = 0;
    for (size_t i = from; i < rig->records_n; i++) {
        const cv_any_t *any = rig_read(rig, &rig->records[i], 0);
        const m_record_t *want = at < event.records_n ? &event.records[at] : NULL;
        if (rig->msg.info->number == CV_MSG_REGISTRATION_PROMOTED_V1) {
            const cv_registration_promoted_v1_t *got = &any->registration_promoted_v1;
            if (!cv_str_is(got->event, code))
                continue;
            if (!want || want->lapsed || !cv_str_is(got->party, reg_parties[want->party]) ||
                strcmp(cv_promotion_cause_text(got->cause), want->cause) != 0 ||
                got->expires_ms * got->has_expires_ms != want->expires)
                differ("record %d: %.*s moves up by %s; the model: %s", at, CV_STR_ARG(got->party),
                       cv_promotion_cause_text(got->cause), want ? reg_parties[want->party] : "nobody");
            else
                compare_persons("promotion", want, got->persons, got->persons_n);
        } else if (rig->msg.info->number == CV_MSG_REGISTRATION_LAPSED_V1) {
            const cv_registration_lapsed_v1_t *got = &any->registration_lapsed_v1;
            if (!cv_str_is(got->event, code))
                continue;
            if (!want || !want->lapsed || !cv_str_is(got->party, reg_parties[want->party]) ||
                got->expires_ms != want->expires)
                differ("record %d: an offer to %.*s lapses; not in the model", at, CV_STR_ARG(got->party));
            else
                compare_persons("lapse", want, got->persons, got->persons_n);
        } else {
            differ("a record of type %s", rig->msg.info->type);
        }
        at++;
    }
    if (at != event.records_n)
        differ("%d records; the model has %d", at, event.records_n);
}

static void compare_decided(const m_request_t *request, const m_answer_t *want)
{
    if (!rig->records_n) {
        differ("no record of the decision");
        return;
    }
    const cv_registration_decided_v1_t *got =
        &rig_read(rig, &rig->records[0], CV_MSG_REGISTRATION_DECIDED_V1)->registration_decided_v1;
    if ((int)got->kind != (int)request->kind || !is(got->code, want->code) || (int)got->persons_n != want->n ||
        strcmp(cv_party_answer_text(got->answer), want->answer) != 0)
        differ("decided: kind %d, %.*s, %zu persons, answer %s; the model: %s, %d, %s", (int)got->kind,
               CV_STR_ARG(got->code), got->persons_n, cv_party_answer_text(got->answer), want->code, want->n,
               want->answer);
    compare_seats("decided", &got->seats, want);
    compare_records(1);
}

/* Everything that can be asked about the event. */
static void compare_all(void)
{
    for (int p = 0; p < M_PARTIES; p++) {
        char key[64];
        snprintf(key, sizeof key, "%s/%s", code, reg_parties[p]);
        const cv_any_t *any = rig_row(rig, "delegation", key, CV_MSG_REGISTRATION_DELEGATION_V1);
        if (!any)
            continue;
        const cv_registration_delegation_v1_t *row = &any->registration_delegation_v1;
        int pending = m_count(&event, p, IN(NOMINATED) | IN(UNDER_REVIEW) | IN(RETURNED));
        if (row->confirmed != m_count(&event, p, IN(CONFIRMED)) || row->waiting != m_count(&event, p, IN(WAITING)) ||
            row->online != m_count(&event, p, IN(ONLINE)) || row->withdrawn != m_count(&event, p, IN(WITHDRAWN)) ||
            row->offered != m_count(&event, p, IN(OFFERED)) || row->pending != pending ||
            row->refused != m_count(&event, p, IN(REFUSED)) ||
            strcmp(cv_party_answer_text(row->answer), event.answer[p]) != 0)
            differ("delegation of %s differs", reg_parties[p]);
        any = rig_row(rig, "persons", key, CV_MSG_REGISTRATION_CONTACT_V1);
        size_t at = 0, n = any ? any->registration_contact_v1.persons_n : 0;
        for (int i = 0; i < event.n && at < M_MANY; i++) {
            const m_person_t *want = &event.persons[i];
            if (want->party != p || !(IN(want->state) & LIVE))
                continue;
            const cv_person_private_t *got = at < n ? &any->registration_contact_v1.persons[at] : NULL;
            char name[32];
            snprintf(name, sizeof name, "P%d", want->part.name);
            unsigned options = 0;
            for (size_t k = 0; got && k < got->answers.n; k++) {
                cv_form_answer_t chosen;
                cv_form_answer_at(&got->answers, k, &chosen);
                options |= 1u << (chosen.value.ptr[1] - '0');
            }
            at++;
            if (!got || options != want->part.options || got->number != want->number ||
                (int)got->state != (int)want->state || (int)got->capacity != want->part.role || !is(got->name, name) ||
                (got->attendance == CV_ATTENDANCE_ONLINE) != want->part.online ||
                (want->state == OFFERED && got->expires_ms != want->expires)) {
                differ("person %d of %s differs", want->number, reg_parties[p]);
                break;
            }
        }
    }
}

/* ---- the world ----------------------------------------------------------------------------------------------------
 */

static bool invites(int party)
{
    return audience & (1u << event.kind[party]);
}

static void send_rules(const m_rules_t *r)
{
    version++;
    cv_scheduling_event_v1_t record = {
        .event = cv_str(code),
        .version = version,
        .status = r->stage == OPEN     ? CV_EVENT_STATUS_OPEN
                  : r->stage == CLOSED ? CV_EVENT_STATUS_CLOSED
                                       : CV_EVENT_STATUS_POSTPONED,
        .change = CV_EVENT_CHANGE_REGISTRATION,
        .has_registration = true,
        .event_details = {.title = CV_STR("Meeting"), .plan_year = 2026, .line = CV_PLAN_LINE_CBM}};
    cv_registration_rules_t *rules = &record.registration;
    *rules = (cv_registration_rules_t){.capacity = r->capacity,
                                       .guaranteed = r->guaranteed[0],
                                       .maximum = r->maximum[0],
                                       .waiting = (cv_waiting_rule_t)r->waiting,
                                       .group = r->together ? CV_GROUP_RULE_ALL_OR_NONE : CV_GROUP_RULE_EACH,
                                       .opens_ms = r->opens,
                                       .closes_ms = r->closes,
                                       .has_changes_close_ms = true,
                                       .changes_close_ms = r->changes_close,
                                       .has_confirm_closes_ms = r->confirm_closes > 0,
                                       .confirm_closes_ms = r->confirm_closes,
                                       .has_release_ms = r->release > 0,
                                       .release_ms = r->release,
                                       .has_offer_ms = r->offer > 0,
                                       .offer_ms = r->offer,
                                       .approval = (cv_approval_rule_t)r->approval,
                                       .has_approval_again = r->approval_again,
                                       .approval_again = r->approval_again,
                                       .has_online_takes_seat = r->online_takes_seat,
                                       .online_takes_seat = r->online_takes_seat};
    for (int p = 1; p < M_PARTIES; p++)
        rules->quotas[rules->quotas_n++] =
            (cv_quota_t){.party = cv_str(reg_parties[p]), .guaranteed = r->guaranteed[p], .maximum = r->maximum[p]};
    for (int role = 1; role < M_ROLES; role++)
        if (r->limit[role] >= 0)
            rules->limits[rules->limits_n++] = (cv_limit_t){(cv_capacity_t)role, r->limit[role]};
    for (unsigned kind = 1; kind <= 5; kind++)
        if (audience & (1u << kind))
            rules->audience[rules->audience_n++] = (cv_party_kind_t)kind;
    rig_feed(rig, CV_MSG_SCHEDULING_EVENT_V1, &record);
}

/* The form, if the event asks. Every choice has a limit in the first version. */
static void send_form(const m_rules_t *r)
{
    static cv_scheduling_form_v1_t record;
    static const char *const names[M_OPTIONS] = {"w0", "w1", "w2", "b3", "b4"};
    static int64_t form;
    if (!r->asks)
        return;
    record = (cv_scheduling_form_v1_t){.version = ++form, .form = {.event = cv_str(code), .questions_n = 2}};
    record.form.questions[0] =
        (cv_form_question_t){.id = CV_STR("workshop"), .label = CV_STR("Workshop"), .type = CV_QUESTION_TYPE_CHOICE};
    record.form.questions[1] =
        (cv_form_question_t){.id = CV_STR("booth"), .label = CV_STR("Booths"), .type = CV_QUESTION_TYPE_CHOICES};
    for (int o = 0; o < M_OPTIONS; o++) {
        cv_form_question_t *question = &record.form.questions[o >= 3];
        question->choices[question->choices_n++] = (cv_form_choice_t){
            .id = cv_str(names[o]), .label = cv_str(names[o]), .has_limit = r->places[o] >= 0, .limit = r->places[o]};
    }
    rig_feed(rig, CV_MSG_SCHEDULING_FORM_V1, &record);
}

static void roll_places(m_rules_t *r, bool all)
{
    for (int o = 0; o < M_OPTIONS; o++)
        if (all || reg_roll(2))
            r->places[o] = all || reg_roll(8) ? (int)reg_roll(reg_roll(3) ? 6 : 20) : -1;
}

static void roll_rules(m_rules_t *r)
{
    int scale = reg_roll(3) ? 12 : 40;
    r->capacity = (int)reg_roll((unsigned)scale + 1);
    for (int p = 0; p < M_PARTIES; p++) {
        r->guaranteed[p] = reg_roll(2) ? (int)reg_roll(5) : 0;
        r->maximum[p] = 1 + (int)reg_roll((unsigned)scale);
        r->invited[p] = invites(p);
    }
    for (int role = 0; role < M_ROLES; role++)
        r->limit[role] = -1;
    if (reg_roll(2))
        r->limit[10] = (int)reg_roll(5);
    if (reg_roll(4) == 0)
        r->limit[3] = (int)reg_roll((unsigned)scale);
}

static void change_rules(void)
{
    m_rules_t r = event.rules;
    int64_t now = rig->now_ms;
    switch (reg_roll(11)) {
    case 0:
        r.capacity = (int)reg_roll(14);
        break;
    case 1:
        r.capacity += (int)reg_roll(6);
        break;
    case 2:
        r.capacity = r.capacity > 3 ? r.capacity - (int)reg_roll(4) : 0;
        break;
    case 3:
        r.waiting = (m_waiting_t)(1 + reg_roll(3));
        break;
    case 4:
        r.release = reg_roll(3) ? now - now % 10 + 10 * (int64_t)(1 + reg_roll(60)) + 3 : 0;
        break;
    case 5:
        r.stage = (m_stage_t)(reg_roll(4) ? OPEN : reg_roll(3) ? POSTPONED : CLOSED);
        break;
    case 6:
        r.offer = reg_roll(2) ? 1000 + 10 * (int64_t)reg_roll(60) : 0;
        r.online_takes_seat = reg_roll(6) == 0;
        break;
    case 7:
        r.approval = (m_approval_t)(reg_roll(2) ? reg_roll(4) : (unsigned)r.approval);
        r.approval_again = reg_roll(2);
        break;
    case 8:
    case 9: /* the form only, so that its record moves the list by itself */
        if (!r.asks)
            return;
        roll_places(&r, false);
        rig->records_n = 0;
        event.records_n = 0;
        event.rules = r;
        m_move_up(&event, "capacity", now);
        send_form(&r);
        compare_records(0);
        return;
    default:
        roll_rules(&r);
    }
    if (r.stage != OPEN && reg_roll(2))
        r.stage = OPEN;
    rig->records_n = 0;
    event.records_n = 0;
    m_rules(&event, &r, now);
    send_rules(&r);
    compare_records(0);
}

static void send_party(int p)
{
    cv_scheduling_party_v1_t party = {
        .code = cv_str(reg_parties[p]), .kind = (cv_party_kind_t)event.kind[p], .name = cv_str(reg_parties[p])};
    rig_feed(rig, CV_MSG_SCHEDULING_PARTY_V1, &party);
}

static void change_party(void)
{
    int p = (int)reg_roll(M_PARTIES), kind = 1 + (int)reg_roll(5);
    rig->records_n = 0;
    event.records_n = 0;
    if (kind == event.kind[p])
        return;
    event.kind[p] = kind;
    event.rules.invited[p] = invites(p);
    m_party(&event, p, kind, rig->now_ms);
    send_party(p);
    compare_records(0);
}

static void begin_event(void)
{
    int kind[M_PARTIES];
    m_rules_t r = {0};
    memcpy(kind, event.kind, sizeof kind);
    m_begin(&event, kind);
    snprintf(code, sizeof code, "E%d", ++events_n);
    audience = reg_roll(3) ? 0x3eu : (reg_roll(32) << 1 | 1u << event.kind[0]);
    roll_rules(&r);
    r.asks = reg_roll(3) > 0;
    roll_places(&r, true);
    began = rig->now_ms += 10 - rig->now_ms % 10;
    r.waiting = (m_waiting_t)(1 + reg_roll(3));
    r.together = reg_roll(4) == 0;
    r.online_takes_seat = reg_roll(8) == 0;
    r.opens = began + (reg_roll(8) ? 0 : 200);
    r.closes = began + 2000 + 10 * (int64_t)reg_roll(600);
    r.confirm_closes = reg_roll(4) ? 0 : r.closes + 10 * (int64_t)reg_roll(200);
    r.changes_close = r.closes + 10 * (int64_t)reg_roll(300);
    r.release = reg_roll(2) ? began + 10 * (int64_t)reg_roll(400) + 7 : 0;
    r.offer = reg_roll(2) ? 0 : 1000 + 10 * (int64_t)reg_roll(60);
    r.approval = (m_approval_t)(reg_roll(3) ? 0 : 1 + reg_roll(3));
    r.approval_again = reg_roll(2);
    rig->records_n = 0;
    rig_wait_until(rig, began);
    rig->records_n = 0;
    send_form(&r);
    m_rules(&event, &r, began);
    send_rules(&r);
    compare_records(0);
}

static void advance(int64_t target)
{
    for (int64_t next; (next = m_next_instant(&event, rig->now_ms)) != 0 && next <= target;) {
        rig->records_n = 0;
        event.records_n = 0;
        m_instant(&event, next);
        rig_wait_until(rig, next);
        compare_records(0);
    }
    rig->records_n = 0;
    rig_wait_until(rig, target);
}

static void new_world(void)
{
    if (rig)
        rig_free(&rig);
    rig = rig_new(reg_dice, T0);
    events_n = 0;
    version = 0;
    for (int i = 0; i < KEPT; i++) {
        free(kept[i].message);
        free(kept[i].outcome);
        kept[i] = (kept_t){0};
    }
    for (int p = 0; p < M_PARTIES; p++) {
        event.kind[p] = 1 + (int)reg_roll(5);
        send_party(p);
    }
    begin_event();
}

/* ---- requests -----------------------------------------------------------------------------------------------------
 */

static char *copy_of(const char *ptr, size_t len)
{
    char *copy = malloc(len + 1);
    if (!copy)
        abort();
    memcpy(copy, ptr, len);
    return copy;
}

static void kill_somehow(void)
{
    rig_kill(rig, (crash_kind_t)reg_roll(3));
}

/* An old request again: the same octets, whatever has happened since. */
static void replay(void)
{
    kept_t *old = &kept[reg_roll(KEPT)];
    if (!old->message)
        return;
    rig->principal = old->who;
    rig->records_n = 0;
    rig_send(rig, (cv_str_t){old->message, old->message_len});
    rig_turn(rig);
    requests++;
    if (rig->outcome.len != old->outcome_len || memcmp(rig->outcome.ptr, old->outcome, old->outcome_len) != 0)
        differ("asked again, it answers otherwise");
    if (rig->records_n)
        differ("asked again, it does something");
}

static void reuse_an_id(const m_request_t *last)
{
    m_request_t other = *last;
    other.party = (other.party + 1) % M_PARTIES;
    rig->principal = (cv_principal_t){.name = "secretary", .role = CV_ROLE_SECRETARIAT};
    rig->records_n = 0;
    rig_send(rig, reg_encode(rig, &other, number, code));
    rig_turn(rig);
    requests++;
    if (rig_read(rig, &rig->outcome, CV_MSG_OUTCOME_V1)->outcome_v1.cls != CV_OUTCOME_CLASS_CONFLICT || rig->records_n)
        differ("an id that was used for other content is decided");
}

/* An import that comes to nothing, before the request itself: says of it what the model says, and changes nothing, as
 * all that follows shows. */
static void try_first(const m_request_t *request, const m_answer_t *want, const cv_principal_t *who)
{
    const bool dry = reg_roll(3);
    rig->principal = *who;
    rig->records_n = 0;
    rig_send(rig, reg_encode_trial(rig, request, dry, TRIALS + number, code));
    rig_turn(rig);
    trials++;
    const cv_outcome_v1_t *got = &rig_read(rig, &rig->outcome, CV_MSG_OUTCOME_V1)->outcome_v1;
    if (!got->parts_n || !is(got->parts[0].code, want->code) || (got->parts[0].cls == CV_OUTCOME_CLASS_OK) != want->ok)
        differ("tried in an import it is %.*s; the model: %s", CV_STR_ARG(got->parts[0].code), want->code);
    if (got->has_dry_run != dry || (!dry && !is(got->code, "import_refused")))
        differ("an import that cannot be had is %.*s", CV_STR_ARG(got->code));
    if (rig->records_n)
        differ("what was only tried is on record");
}

static void one_request(void)
{
    m_request_t request = reg_some_request(&event, rig->now_ms);
    m_answer_t want = {0};
    kept_t *slot = &kept[reg_roll(KEPT)];
    number++;
    cv_str_t message = reg_encode(rig, &request, number, code);
    free(slot->message);
    free(slot->outcome);
    *slot =
        (kept_t){.message = copy_of(message.ptr, message.len), .message_len = message.len, .who = reg_asker(&request)};
    if (reg_roll(400) == 0) { /* it came in, and the power failed before it was decided */
        rig->principal = slot->who;
        rig_send(rig, (cv_str_t){slot->message, slot->message_len});
        kill_somehow();
    }
    m_decide(&event, &request, rig->now_ms, &want);
    if (request.kind == REGISTER && reg_roll(4) == 0)
        try_first(&request, &want, &slot->who);
    rig->principal = slot->who;
    rig->records_n = 0;
    rig_send(rig, (cv_str_t){slot->message, slot->message_len});
    rig_turn(rig);
    requests++;
    asked_of[request.kind]++;
    granted_of[request.kind] += want.ok;
    slot->outcome = copy_of(rig->outcome.ptr, rig->outcome.len);
    slot->outcome_len = rig->outcome.len;
    compare_outcome(&request, &rig_read(rig, &rig->outcome, CV_MSG_OUTCOME_V1)->outcome_v1, &want);
    compare_decided(&request, &want);
    if (reg_roll(200) == 0)
        kill_somehow();
    if (reg_roll(300) == 0)
        reuse_an_id(&request);
}

static void step(void)
{
    unsigned what = reg_roll(100);
    if (what < 3)
        change_rules();
    else if (what < 6)
        replay();
    else if (reg_roll(150) == 0)
        change_party();
    else if (reg_roll(200) == 0)
        compare_all();
    else
        one_request();
    advance(rig->now_ms - rig->now_ms % 10 + 10 * (int64_t)(reg_roll(30) ? reg_roll(4) : reg_roll(60)));
}

int main(int argc, char **argv)
{
    uint64_t most = 15000;
    seed = (uint64_t)time(NULL);
    for (int i = 1; i + 1 < argc; i += 2) {
        uint64_t value = strtoull(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--seed") == 0)
            seed = value;
        else if (strcmp(argv[i], "--requests") == 0)
            most = value;
        else
            argc = 0;
    }
    if (argc % 2 == 0) {
        fprintf(stderr, "usage: test_registration_model [--seed N] [--requests N]\n");
        return 2;
    }
    reg_dice = seed * 2654435761u + 88172645463325252u;
    while (requests < most) {
        new_world();
        for (uint64_t end = requests + WORLD; requests < most && requests < end;) {
            uint64_t last = requests + 100 + reg_roll(400);
            while (requests < most && requests < last && event.n + M_MANY < M_PERSONS)
                step();
            kill_somehow();
            compare_all();
            begin_event();
        }
    }
    rig_free(&rig);
    for (int i = 0; i < KEPT; i++) {
        free(kept[i].message);
        free(kept[i].outcome);
    }
    static const char *const kinds[] = {"",           "register", "withdraw",  "decline", "amend",
                                        "substitute", "confirm",  "exception", "offer",   "review"};
    for (int kind = 1; kind <= REVIEW; kind++)
        printf("%s %llu of %llu%s", kinds[kind], (unsigned long long)granted_of[kind],
               (unsigned long long)asked_of[kind], kind < REVIEW ? ", " : " accepted\n");
    printf("%llu of these were tried before in an import, and taken back\n", (unsigned long long)trials);
    printf("%llu requests, %llu differences, seed %llu\n", (unsigned long long)requests,
           (unsigned long long)differences, (unsigned long long)seed);
    return differences ? 1 : 0;
}
