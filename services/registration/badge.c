/* badge: badges are opened, issued and revoked. See badge.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "registration/badge.h"

#include <sodium.h>
#include <string.h>

enum { ISSUED_MAX = 500 }; /* badges in one request */

#define SAME(ours, wire) _Static_assert((int)(ours) == (int)(wire), "numbers are stored")
SAME(1, CV_BADGE_CAUSE_ASKED);
SAME(4, CV_BADGE_CAUSE_CHANGED);

bool reg_is_badge_request(uint16_t type)
{
    return type == CV_MSG_REGISTRATION_BADGE_OPEN_V1 || type == CV_MSG_REGISTRATION_BADGE_ISSUE_V1 ||
           type == CV_MSG_REGISTRATION_BADGE_REVOKE_V1 || type == CV_MSG_REGISTRATION_BADGE_KEY_ROTATE_V1 ||
           type == CV_MSG_REGISTRATION_BADGE_KEY_REVOKE_V1 || type == CV_MSG_REGISTRATION_SCAN_MERGE_V1;
}

int reg_badge_event(reg_t *self, cv_tx_t *tx, cv_str_t code, cv_outcome_t *out, reg_event_t **ret_event)
{
    reg_event_t *event = reg_book_event(&self->book, code);

    if (!event || !event->known) {
        (void)cv_refuse_as(tx, out, CV_ENOTFOUND, "event_unknown", "data.event",
                           "Registration does not know an event %.*s (yet).", CV_STR_ARG(code));
        return CV_ENOTFOUND;
    }
    *ret_event = event;
    return CV_OK;
}

void reg_badge_fill(const reg_delegation_t *d, const reg_badge_t *badge, cv_registration_badge_v1_t *ret_row)
{
    *ret_row = (cv_registration_badge_v1_t){.badge = badge->id,
                                            .event = cv_str(d->event->code),
                                            .party = cv_str(d->party->code),
                                            .number = badge->number,
                                            .state = badge->cause ? CV_BADGE_STATE_REVOKED : CV_BADGE_STATE_VALID,
                                            .issued_ms = badge->issued_ms,
                                            .from_ms = badge->from_ms,
                                            .until_ms = badge->until_ms,
                                            .has_revoked_ms = badge->cause != 0,
                                            .revoked_ms = badge->revoked_ms,
                                            .cause = (cv_badge_cause_t)badge->cause};
}

int reg_badge_tell(reg_t *self, cv_tx_t *tx, const reg_delegation_t *d, const reg_badge_t *badge)
{
    cv_registration_badge_v1_t row;

    (void)self;
    reg_badge_fill(d, badge, &row);
    return cv_tx_emit(tx, REG_STREAM_EVENTS, CV_MSG_REGISTRATION_BADGE_V1, cv_str(d->subject), &row, NULL);
}

/* ---- revoking ------------------------------------------------------------------------------------------------ */

static int take_back(reg_t *self, cv_tx_t *tx, const reg_delegation_t *d, reg_badge_t *badge, cv_badge_cause_t cause,
                     const reg_note_t *note)
{
    bool changed = false;

    badge->revoked_ms = cv_tx_now_ms(tx);
    badge->cause = (int)cause;
    int rc = reg_badge_revoke(self->badges, badge, note->by, note->request);
    if (!rc)
        rc = reg_badge_tell(self, tx, d, badge);
    if (!rc)
        rc = reg_reread_scans(self, tx, badge, &changed);
    return rc || !changed ? rc : reg_attendance_tell(self, tx, d);
}

int reg_badge_void(reg_t *self, cv_tx_t *tx, const reg_delegation_t *d, int64_t person, cv_badge_cause_t cause)
{
    reg_badge_t badge;
    int rc = reg_badge_of(self->badges, person, &badge);

    if (rc)
        return rc == CV_ENOTFOUND ? CV_OK : rc;
    return take_back(self, tx, d, &badge, cause, &self->note);
}

/* ---- whom a request is about --------------------------------------------------------------------------------- */

typedef struct {
    reg_t *self;
    cv_tx_t *tx;
    cv_outcome_t *out;
    cv_str_t request; /* its id */
    reg_event_t *event;
    reg_period_t period;
    unsigned issued, had, left;
} asked_t;

static int find_delegation(asked_t *asked, cv_str_t code, reg_delegation_t **ret_delegation)
{
    reg_book_t *book = &asked->self->book;
    const reg_party_t *party = reg_book_party(book, code);
    reg_delegation_t *d = party ? reg_book_delegation(book, asked->event, party) : NULL;

    if (!party || !party->known) {
        (void)cv_refuse_as(asked->tx, asked->out, CV_ENOTFOUND, "party_unknown", "data.party",
                           "Registration does not know a party %.*s (yet).", CV_STR_ARG(code));
        return CV_ENOTFOUND;
    }
    if (!d) {
        (void)cv_refuse(asked->tx, asked->out, "not_registered", "data.party", "%s has registered nobody for %s.",
                        party->code, asked->event->code);
        return CV_EREJECTED;
    }
    *ret_delegation = d;
    return reg_store_roster(asked->self->store, &asked->self->book, d);
}

/* Where the persons that a request names are in the roster. CV_EREJECTED: not all are there. */
static int pick(asked_t *asked, const reg_delegation_t *d, const int64_t *numbers, size_t n,
                uint32_t ret_at[REG_PERSONS_MAX])
{
    const reg_roster_t *roster = &d->roster;

    for (size_t i = 0; i < n; i++) {
        ret_at[i] = reg_roster_find(roster, numbers[i]);
        if (ret_at[i] == roster->n) {
            cv_str_t field = cv_arena_printf(cv_tx_arena(asked->tx), "data.persons[%zu]", i);
            (void)cv_refuse(asked->tx, asked->out, "not_registered", field.ptr,
                            "Person %lld of %s is not registered; nothing was changed.", (long long)numbers[i],
                            d->party->code);
            return CV_EREJECTED;
        }
    }
    return CV_OK;
}

/* ---- issuing ------------------------------------------------------------------------------------------------- */

static bool has_seat(const reg_person_t *person)
{
    return person->state == REG_CONFIRMED && !person->online;
}

/* A number that no badge has: see badge.h. */
static int new_number(asked_t *asked, int64_t person, int64_t *ret_id)
{
    crypto_generichash_state state;
    const int64_t what[] = {person, cv_tx_now_ms(asked->tx)};
    uint8_t hash[32];
    reg_badge_t other;
    int64_t id = 0;
    int rc;

    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    crypto_generichash_update(&state, (const uint8_t *)asked->request.ptr, asked->request.len);
    crypto_generichash_update(&state, (const uint8_t *)what, sizeof what);
    crypto_generichash_final(&state, hash, sizeof hash);
    for (int i = 0; i < 6; i++)
        id = id << 8 | hash[i];
    do {
        id = id == CV_BADGE_ID_MAX || id == 0 ? 1 : id + 1;
        rc = reg_badge_get(asked->self->badges, id, &other);
    } while (!rc);
    *ret_id = id;
    return rc == CV_ENOTFOUND ? CV_OK : rc;
}

static int issue_one(asked_t *asked, const reg_delegation_t *d, int64_t person, unsigned number)
{
    reg_badge_t badge = {.event = asked->event->row,
                         .delegation = d->row,
                         .person = person,
                         .number = number,
                         .issued_ms = cv_tx_now_ms(asked->tx),
                         .from_ms = asked->period.from_ms,
                         .until_ms = asked->period.until_ms};
    reg_badge_t old;
    int rc = reg_badge_of(asked->self->badges, person, &old);

    if (!rc)
        asked->had++;
    if (rc != CV_ENOTFOUND)
        return rc;
    if (asked->issued == ISSUED_MAX) {
        asked->left++;
        return CV_OK;
    }
    rc = new_number(asked, person, &badge.id);
    if (!rc)
        rc = reg_badge_add(asked->self->badges, &badge);
    asked->issued++;
    return rc ? rc : reg_badge_tell(asked->self, asked->tx, d, &badge);
}

static int issue_all(asked_t *asked, reg_delegation_t *d)
{
    int rc = reg_store_roster(asked->self->store, &asked->self->book, d);

    for (uint32_t i = 0; !rc && i < d->roster.n; i++) {
        reg_person_t person;
        if (d->roster.name[i] == 0)
            continue;
        rc = reg_store_person_get(asked->self->store, d->roster.id[i], NULL, &person);
        if (!rc && has_seat(&person))
            rc = issue_one(asked, d, person.id, person.number);
    }
    return rc;
}

static int issue_named(asked_t *asked, const reg_delegation_t *d, const int64_t *numbers, size_t n)
{
    uint32_t at[REG_PERSONS_MAX];
    int rc = pick(asked, d, numbers, n, at);

    for (size_t i = 0; !rc && i < n; i++) {
        reg_person_t person;
        rc = reg_store_person_get(asked->self->store, d->roster.id[at[i]], NULL, &person);
        if (rc || has_seat(&person))
            continue;
        cv_str_t field = cv_arena_printf(cv_tx_arena(asked->tx), "data.persons[%zu]", i);
        return cv_refuse(asked->tx, asked->out, "no_seat", field.ptr,
                         "Person %u of %s has no seat in the room (%s), so there is no badge; none was issued.",
                         person.number, d->party->code,
                         person.online ? "online" : cv_person_state_text((cv_person_state_t)person.state));
    }
    for (size_t i = 0; !rc && i < n; i++)
        rc = issue_one(asked, d, d->roster.id[at[i]], d->roster.number[at[i]]);
    return rc;
}

static int may_issue(asked_t *asked)
{
    const cv_principal_t *who = cv_tx_principal(asked->tx);
    int rc = reg_period_get(asked->self->badges, asked->event->row, &asked->period);

    if (rc == CV_ENOTFOUND)
        return cv_refuse(asked->tx, asked->out, "badges_closed", "data.event",
                         "%s has no badges yet: the secretariat says first from when until when they are good "
                         "(registration.badge.open).",
                         asked->event->code);
    if (rc)
        return rc;
    if (asked->period.until_ms <= cv_tx_now_ms(asked->tx))
        return cv_refuse(asked->tx, asked->out, "badges_closed", "data.event",
                         "Badges of %s are over; the secretariat can prolong them (registration.badge.open).",
                         asked->event->code);
    if (who && who->role == CV_ROLE_FOCAL_POINT && !asked->period.self_service)
        return cv_refuse(asked->tx, asked->out, "badges_closed", "data.event",
                         "The secretariat issues the badges of %s; focal points do not.", asked->event->code);
    return CV_OK;
}

static int issue(asked_t *asked, const cv_registration_badge_issue_v1_t *request)
{
    reg_t *self = asked->self;
    reg_delegation_t *d = NULL;

    if (request->persons_n && !request->party.ptr)
        return cv_refuse_as(asked->tx, asked->out, CV_EINVAL, "bad_field", "data.persons",
                            "Numbers are those of one party: say which, in party.");
    int rc = may_issue(asked);
    if (!rc && request->party.ptr)
        rc = find_delegation(asked, request->party, &d);
    if (rc)
        return rc;
    if (request->persons_n) {
        rc = issue_named(asked, d, request->persons, request->persons_n);
    } else if (d) {
        rc = issue_all(asked, d);
    } else {
        for (d = asked->event->delegations; !rc && d; d = d->next_of_event) {
            if (self->book.rostered > REG_ROSTERS_MAX)
                reg_roster_drop_all(&self->book);
            rc = issue_all(asked, d);
        }
    }
    if (!rc && !asked->issued && !asked->had)
        return cv_refuse(asked->tx, asked->out, "nobody_confirmed", NULL, "Nobody of %.*s has a seat in the room.",
                         CV_STR_ARG(request->party.ptr ? request->party : request->event));
    if (!rc && asked->issued)
        rc = reg_need_key(self, asked->tx);
    if (rc)
        return rc;
    if (asked->left)
        return cv_accept(asked->tx, asked->out, "partly_issued",
                         "%u badges issued, which is as many as one request can; %u more are to be issued: ask again.",
                         asked->issued, asked->left);
    return cv_accept(asked->tx, asked->out, "issued", "%u badges issued; %u had one before.", asked->issued,
                     asked->had);
}

/* ---- the other requests -------------------------------------------------------------------------------------- */

static int revoke(asked_t *asked, const cv_registration_badge_revoke_v1_t *request)
{
    reg_badge_t badges[REG_PERSONS_MAX];
    uint32_t at[REG_PERSONS_MAX];
    reg_delegation_t *d;
    reg_note_t note = {.request = asked->request};
    const cv_principal_t *who = cv_tx_principal(asked->tx);
    int rc = find_delegation(asked, request->party, &d);

    if (!rc)
        rc = pick(asked, d, request->persons, request->persons_n, at);
    for (size_t i = 0; !rc && i < request->persons_n; i++) {
        rc = reg_badge_of(asked->self->badges, d->roster.id[at[i]], &badges[i]);
        if (rc != CV_ENOTFOUND)
            continue;
        cv_str_t field = cv_arena_printf(cv_tx_arena(asked->tx), "data.persons[%zu]", i);
        return cv_refuse(asked->tx, asked->out, "no_badge", field.ptr,
                         "Person %lld of %s has no badge that is valid; nothing was revoked.",
                         (long long)request->persons[i], d->party->code);
    }
    if (!rc && who)
        rc = reg_store_principal(asked->self->store, &asked->self->book, who->name, &note.by);
    for (size_t i = 0; !rc && i < request->persons_n; i++)
        rc = take_back(asked->self, asked->tx, d, &badges[i], CV_BADGE_CAUSE_ASKED, &note);
    return rc ? rc
              : cv_accept(asked->tx, asked->out, "badges_revoked",
                          "%zu badges of %s revoked; a gate knows it when it next brings its data up to date.",
                          request->persons_n, d->party->code);
}

static int open_event(asked_t *asked, const cv_registration_badge_open_v1_t *request)
{
    const reg_period_t period = {.event = asked->event->row,
                                 .from_ms = request->from_ms,
                                 .until_ms = request->until_ms,
                                 .self_service = request->has_self_service && request->self_service};
    const cv_registration_badge_period_v1_t row = {.event = cv_str(asked->event->code),
                                                   .from_ms = period.from_ms,
                                                   .until_ms = period.until_ms,
                                                   .self_service = period.self_service};

    if (period.until_ms <= period.from_ms || period.until_ms <= cv_tx_now_ms(asked->tx))
        return cv_refuse(asked->tx, asked->out, "period_inconsistent", "data.until_ms",
                         "The end must be after the beginning, and not past.");
    int rc = reg_period_set(asked->self->badges, &period);
    if (!rc)
        rc = cv_tx_emit(asked->tx, REG_STREAM_EVENTS, CV_MSG_REGISTRATION_BADGE_PERIOD_V1, row.event, &row, NULL);
    if (!rc)
        rc = reg_need_key(asked->self, asked->tx);
    return rc ? rc
              : cv_accept(asked->tx, asked->out, "badges_open", "Badges of %s can be issued%s.", asked->event->code,
                          period.self_service ? ", by focal points for their own party too" : "");
}

int reg_badge_request(reg_t *self, cv_tx_t *tx, const cv_msg_t *msg, const void *data, cv_outcome_t *out)
{
    asked_t asked = {.self = self, .tx = tx, .out = out, .request = msg->id};
    uint16_t type = msg->info->number;
    int rc = reg_ready(self);

    if (rc)
        return rc;
    if (type == CV_MSG_REGISTRATION_BADGE_KEY_ROTATE_V1)
        return reg_rotate_key(self, tx, data, out);
    if (type == CV_MSG_REGISTRATION_BADGE_KEY_REVOKE_V1)
        return reg_revoke_key(self, tx, data, out);
    if (type == CV_MSG_REGISTRATION_SCAN_MERGE_V1)
        return reg_merge_scans(self, tx, data, out);
    cv_str_t event = type == CV_MSG_REGISTRATION_BADGE_OPEN_V1 ? ((const cv_registration_badge_open_v1_t *)data)->event
                     : type == CV_MSG_REGISTRATION_BADGE_ISSUE_V1
                         ? ((const cv_registration_badge_issue_v1_t *)data)->event
                         : ((const cv_registration_badge_revoke_v1_t *)data)->event;
    rc = reg_badge_event(self, tx, event, out, &asked.event);
    if (rc)
        return rc;
    if (type == CV_MSG_REGISTRATION_BADGE_OPEN_V1)
        return open_event(&asked, data);
    return type == CV_MSG_REGISTRATION_BADGE_ISSUE_V1 ? issue(&asked, data) : revoke(&asked, data);
}
