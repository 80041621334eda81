/* views: registration's state as records: snapshots for followers, answers to questions.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   what         key            answer                                     who
 *   seats        EVENT or none  registration.seats.v1, one per event       everybody (the same as "events")
 *   delegations  EVENT          registration.delegation.v1, one per party  everybody
 *   delegation   EVENT/PARTY    registration.delegation.v1                 everybody
 *   persons      EVENT/PARTY    registration.contact.v1, up to 64 persons  secretariat, services, the party's focal
 *                               in each; withdrawn persons are left out    point
 *   history      EVENT/PARTY, EVENT/PARTY/NUMBER    see history.c          the same
 *   exceptions   EVENT/PARTY    registration.exception.v1, one per grant   the same
 *   documents    EVENT/PARTY/NUMBER               see document.c              secretariat, the party's focal point
 *   consents     see consent.c
 *   accesses     EVENT[/PARTY[/NUMBER]]           see access.c                secretariat
 *   badges, badge_keys, badge_tokens, attendance, scans                    see badge_views.c
 *
 * Others see of a delegation how many it has, never whom. Lists go on after a key: the event, the party, the number of
 * a person. Snapshot of registration.events: seats and delegations; of registration.private: contacts with persons.
 */
#include "registration/badge.h"
#include "registration/consent.h"
#include "registration/document.h"
#include <string.h>

enum { ROWS = 100, ROWS_MAX = 500 }; /* of one answer, when no limit is given and at most */

/* Choices with places of their own: those that are limited, and those whose limit is gone but whose places are taken.
 */
static size_t list_options(const reg_seats_t *seats, cv_option_seats_t *ret_rows)
{
    size_t n = 0;

    for (unsigned i = 0; i < seats->options_n; i++) {
        const reg_option_t *option = &seats->options[i];
        const char *slash = strchr(option->name, '/');
        if (option->limit == REG_NO_LIMIT && !option->taken)
            continue;
        ret_rows[n++] = (cv_option_seats_t){.question = {option->name, (size_t)(slash - option->name)},
                                            .choice = cv_str(slash + 1),
                                            .has_limit = option->limit != REG_NO_LIMIT,
                                            .limit = option->limit,
                                            .taken = option->taken};
    }
    return n;
}

static int put_seats(const reg_event_t *event, cv_collect_t *collect)
{
    const reg_seats_t *seats = &event->seats;
    int64_t free = reg_free(seats);
    cv_registration_seats_v1_t row = {
        .event = cv_str(event->code),
        .title = event->title[0] ? cv_str(event->title) : CV_STR_NONE,
        .status = (cv_event_status_t)event->terms.stage,
        .has_version = event->version > 0,
        .version = event->version,
        .capacity = seats->capacity,
        .confirmed = seats->confirmed - seats->offered,
        .has_offered = seats->offered > 0,
        .offered = seats->offered,
        .waiting = seats->waiting,
        .online = seats->online,
        .free = free > 0 ? free : 0,
        .guaranteed_held = seats->held - seats->confirmed,
        .registered = event->registered,
        .declined = event->declined,
        .has_opens_ms = event->terms.has_rules,
        .opens_ms = event->terms.opens_ms,
        .has_closes_ms = event->terms.has_rules,
        .closes_ms = event->terms.closes_ms,
        .has_pending = seats->pending > 0,
        .pending = seats->pending,
        .has_confirm_closes_ms = event->terms.confirm_closes_ms > 0,
        .confirm_closes_ms = event->terms.confirm_closes_ms,
        .source = event->source[0] ? cv_str(event->source) : CV_STR_NONE,
    };
    row.options_n = list_options(seats, row.options);
    return cv_collect_put(collect, CV_MSG_REGISTRATION_SEATS_V1, row.event, 0, &row);
}

static void fill_delegation(const reg_delegation_t *d, cv_registration_delegation_v1_t *ret_row)
{
    *ret_row = (cv_registration_delegation_v1_t){
        .event = cv_str(d->event->code),
        .party = cv_str(d->party->code),
        .answer = (cv_party_answer_t)d->answer,
        .confirmed = d->share.confirmed - d->share.offered,
        .has_offered = d->share.offered > 0,
        .offered = d->share.offered,
        .waiting = d->share.waiting,
        .online = d->share.online,
        .withdrawn = d->share.withdrawn,
        .has_refused = d->share.refused > 0,
        .refused = d->share.refused,
        .has_pending = d->share.pending > 0,
        .pending = d->share.pending,
        .requests = d->requests,
        .private_seq = d->private_seq,
        .has_since_version = d->since > 0,
        .since_version = d->since,
    };
}

static int put_delegation(const reg_delegation_t *d, cv_collect_t *collect)
{
    cv_registration_delegation_v1_t row;
    fill_delegation(d, &row);
    return cv_collect_put(collect, CV_MSG_REGISTRATION_DELEGATION_V1, cv_str(d->subject), 0, &row);
}

/* For a follower: also what became of offers, whose records it may have missed. */
static int put_state(reg_t *self, const reg_delegation_t *d, cv_collect_t *collect)
{
    cv_registration_delegation_v1_t row;
    int rc = CV_OK;

    fill_delegation(d, &row);
    if (d->share.offered > 0)
        rc = reg_store_offer_open_numbers(self->store, d, CV_REGISTRATION_DELEGATION_V1_OFFERED_PERSONS_MAX,
                                          row.offered_persons, &row.offered_persons_n);
    if (!rc && d->share.withdrawn > 0)
        rc = reg_store_offer_expired_numbers(self->store, d, CV_REGISTRATION_DELEGATION_V1_EXPIRED_PERSONS_MAX,
                                             row.expired_persons, &row.expired_persons_n);
    return rc ? rc : cv_collect_put(collect, CV_MSG_REGISTRATION_DELEGATION_V1, cv_str(d->subject), 0, &row);
}

/* The next persons with a number above *after; moves *after on. At the end there is at least one record if the
 * delegation has a contact. */
static int put_contact(reg_t *self, reg_delegation_t *d, int64_t *after, bool *ret_last, cv_collect_t *collect)
{
    cv_registration_contact_v1_t *row = &self->contact;
    const reg_roster_t *roster = &d->roster;
    int64_t from = *after;
    size_t octets = 0;
    uint32_t i = 0;

    cv_arena_reset(self->scratch);
    int rc = reg_store_roster(self->store, &self->book, d);
    if (rc)
        return rc;
    row->event = cv_str(d->event->code);
    row->party = cv_str(d->party->code);
    row->persons_n = 0;
    while (i < roster->n && roster->number[i] <= *after)
        i++;
    for (; i < roster->n && row->persons_n < REG_PERSONS_MAX; i++) {
        reg_person_t person;
        if (roster->name[i] == 0)
            continue;
        rc = reg_store_person_get(self->store, roster->id[i], self->texts[row->persons_n], &person);
        if (rc)
            return rc;
        if (!person.name.ptr) /* erased */
            continue;
        octets += REG_PERSON_OCTETS + person.name.len + person.email.len + person.answers.len;
        if (row->persons_n && octets > REG_RECORD_OCTETS)
            break;
        row->persons[row->persons_n++] =
            (cv_person_private_t){.number = person.number,
                                  .name = person.name,
                                  .capacity = (cv_capacity_t)person.role,
                                  .email = person.email,
                                  .attendance = person.online ? CV_ATTENDANCE_ONLINE : CV_ATTENDANCE_IN_PERSON,
                                  .state = (cv_person_state_t)person.state};
        cv_person_private_t *told = &row->persons[row->persons_n - 1];
        rc = reg_unpack_answers(person.answers, self->scratch, &told->answers);
        if (rc)
            return rc;
        if (person.state == REG_OFFERED) {
            rc = reg_store_offer_get(self->store, person.unit, &told->expires_ms);
            if (rc)
                return rc;
            told->has_expires_ms = true;
        }
        *after = person.number;
    }
    while (i < roster->n && roster->name[i] == 0)
        i++;
    *ret_last = i == roster->n;
    rc = reg_store_contact_get(self->store, d->row, self->contact_text, &row->contact);
    if (rc && rc != CV_ENOTFOUND)
        return rc;
    row->has_contact = rc == CV_OK;
    if (!row->persons_n && (from > 0 || !row->has_contact))
        return CV_OK;
    self->shown += (int64_t)row->persons_n + row->has_contact;
    return cv_collect_put(collect, CV_MSG_REGISTRATION_CONTACT_V1, cv_str(d->subject), 0, row);
}

/* ---- snapshots ----------------------------------------------------------------------------------------------- */

static int put_contacts(reg_t *self, reg_delegation_t *d, cv_collect_t *collect)
{
    int64_t after = 0;
    bool last = false;
    int rc = CV_OK;

    if (self->book.rostered > REG_ROSTERS_MAX)
        reg_roster_drop_all(&self->book);
    while (!rc && !last)
        rc = put_contact(self, d, &after, &last, collect);
    return rc;
}

int reg_snapshot(void *self_, cv_tx_t *tx, unsigned stream, cv_collect_t *collect)
{
    reg_t *self = self_;
    int rc = reg_ready(self);

    (void)tx;
    for (size_t i = 0; !rc && i < self->book.events_n; i++) {
        const reg_event_t *event = self->book.event_list[i];
        if (stream == REG_STREAM_EVENTS)
            rc = put_seats(event, collect);
        for (reg_delegation_t *d = event->delegations; !rc && d; d = d->next_of_event)
            rc = stream == REG_STREAM_EVENTS ? put_state(self, d, collect) : put_contacts(self, d, collect);
        if (!rc && stream == REG_STREAM_EVENTS)
            rc = reg_badge_snapshot(self, event, collect);
    }
    return !rc && stream == REG_STREAM_EVENTS ? reg_badge_snapshot(self, NULL, collect) : rc;
}

/* ---- questions ----------------------------------------------------------------------------------------------- */

typedef struct {
    reg_t *self;
    cv_tx_t *tx;
    const cv_log_query_v1_t *query;
    cv_collect_t *collect;
    int64_t limit;
} question_t;

static int ask_events(const question_t *q)
{
    reg_book_t *book = &q->self->book;
    cv_str_t codes[ROWS_MAX];
    size_t n;

    if (q->query->key.ptr) {
        const reg_event_t *event = reg_book_event(book, q->query->key);
        return event ? put_seats(event, q->collect) : CV_ENOTFOUND;
    }
    int rc = reg_store_event_codes(q->self->store, q->query->after, q->limit, cv_tx_arena(q->tx), codes, &n);
    for (size_t i = 0; !rc && i < n; i++) {
        rc = put_seats(reg_book_event(book, codes[i]), q->collect);
        if (!rc || i == 0)
            continue;
        cv_collect_next(q->collect, codes[i - 1]);
        return rc == CV_ELIMIT ? CV_OK : rc;
    }
    if (!rc && n == (size_t)q->limit)
        cv_collect_next(q->collect, codes[n - 1]);
    return rc;
}

static int ask_delegations(const question_t *q)
{
    reg_book_t *book = &q->self->book;
    const reg_event_t *event = reg_book_event(book, q->query->key);
    cv_str_t codes[ROWS_MAX];
    size_t n;

    if (!event)
        return CV_ENOTFOUND;
    int rc =
        reg_store_party_codes(q->self->store, event->row, q->query->after, q->limit, cv_tx_arena(q->tx), codes, &n);
    for (size_t i = 0; !rc && i < n; i++) {
        rc = put_delegation(reg_book_delegation(book, event, reg_book_party(book, codes[i])), q->collect);
        if (!rc || i == 0)
            continue;
        cv_collect_next(q->collect, codes[i - 1]);
        return rc == CV_ELIMIT ? CV_OK : rc;
    }
    if (!rc && n == (size_t)q->limit)
        cv_collect_next(q->collect, codes[n - 1]);
    return rc;
}

/* By the key alone, so that a stranger does not even learn whether there is such a delegation. */
bool reg_may_see_persons(const cv_principal_t *who, cv_str_t key)
{
    if (!who)
        return false;
    if (who->role & (CV_ROLE_SECRETARIAT | CV_ROLE_SERVICE))
        return true;
    size_t len = strlen(who->party);
    return (who->role & CV_ROLE_FOCAL_POINT) && len > 0 && key.len > len && key.ptr[key.len - len - 1] == '/' &&
           memcmp(key.ptr + key.len - len, who->party, len) == 0;
}

reg_delegation_t *reg_find_delegation(const reg_book_t *book, cv_str_t key)
{
    const char *slash = key.ptr ? memchr(key.ptr, '/', key.len) : NULL;

    if (!slash)
        return NULL;
    size_t at = (size_t)(slash - key.ptr);
    const reg_event_t *event = reg_book_event(book, (cv_str_t){key.ptr, at});
    const reg_party_t *party = reg_book_party(book, (cv_str_t){slash + 1, key.len - at - 1});
    return event && party ? reg_book_delegation(book, event, party) : NULL;
}

cv_str_t reg_key_delegation(cv_str_t key)
{
    const char *first = key.ptr ? memchr(key.ptr, '/', key.len) : NULL;
    const char *second = first ? memchr(first + 1, '/', key.len - (size_t)(first + 1 - key.ptr)) : NULL;

    return (cv_str_t){key.ptr, second ? (size_t)(second - key.ptr) : key.len};
}

int reg_go_on(cv_arena_t *arena, cv_collect_t *collect, int64_t after)
{
    cv_str_t next = cv_arena_printf(arena, "%lld", (long long)after);

    if (!next.ptr)
        return CV_ENOMEM;
    cv_collect_next(collect, next);
    return CV_OK;
}

int reg_read_key(const reg_book_t *book, cv_str_t key, reg_key_of_t *ret_of)
{
    const cv_str_t both = reg_key_delegation(key);
    const char *slash = key.ptr ? memchr(key.ptr, '/', key.len) : NULL;
    reg_key_of_t of = {0};

    if (!key.len)
        return CV_EINVAL;
    if (both.len < key.len) {
        cv_str_t number = {key.ptr + both.len + 1, key.len - both.len - 1};
        if (cv_str_digits(number, REG_DIGITS_MAX, &of.number) || !of.number)
            return CV_EINVAL;
    }
    of.event = reg_book_event(book, (cv_str_t){key.ptr, slash ? (size_t)(slash - key.ptr) : key.len});
    if (slash)
        of.delegation = reg_find_delegation(book, both);
    if (!of.event || (slash && !of.delegation))
        return CV_ENOTFOUND;
    *ret_of = of;
    return CV_OK;
}

static int ask_persons(const question_t *q)
{
    int64_t after = 0;
    bool last = false;
    int rc = CV_OK;

    if (!reg_may_see_persons(cv_tx_principal(q->tx), q->query->key))
        return CV_EDENIED;
    reg_delegation_t *d = reg_find_delegation(&q->self->book, q->query->key);
    if (!d)
        return CV_ENOTFOUND;
    for (size_t i = 0; i < q->query->after.len; i++) {
        char digit = q->query->after.ptr[i];
        if (digit < '0' || digit > '9' || after > REG_NUMBERS_MAX)
            return CV_EINVAL;
        after = after * 10 + (digit - '0');
    }
    for (int64_t i = 0; !rc && !last && i < q->limit; i++) {
        int64_t before = after;
        rc = put_contact(q->self, d, &after, &last, q->collect);
        if (rc != CV_ELIMIT || i == 0)
            continue;
        after = before; /* the page is full */
        rc = CV_OK;
        break;
    }
    if (rc || last)
        return rc;
    return reg_go_on(cv_tx_arena(q->tx), q->collect, after);
}

static int answer(reg_t *self, cv_tx_t *tx, const cv_log_query_v1_t *query, cv_collect_t *collect)
{
    question_t q = {self, tx, query, collect, query->has_limit && query->limit < ROWS_MAX ? query->limit : ROWS_MAX};

    if (!query->has_limit)
        q.limit = ROWS;
    int rc = reg_ready(self);
    if (rc)
        return rc;
    if (cv_str_is(query->what, "seats") || cv_str_is(query->what, "events"))
        return ask_events(&q);
    if (cv_str_is(query->what, "delegations"))
        return ask_delegations(&q);
    if (cv_str_is(query->what, "persons"))
        return ask_persons(&q);
    if (cv_str_is(query->what, "exceptions"))
        return reg_ask_exceptions(self, tx, query, q.limit, collect);
    if (cv_str_is(query->what, "history"))
        return reg_ask_history(self, tx, query, q.limit, collect);
    if (cv_str_is(query->what, "documents"))
        return reg_ask_documents(self, tx, query, collect);
    if (cv_str_is(query->what, "consents"))
        return reg_ask_consents(self, tx, query, q.limit, collect);
    if (cv_str_is(query->what, "accesses"))
        return reg_ask_accesses(self, tx, query, q.limit, collect);
    if (reg_is_badge_question(query->what))
        return reg_badge_ask(self, tx, query, q.limit, collect);
    if (!cv_str_is(query->what, "delegation"))
        return CV_EINVAL;
    const reg_delegation_t *d = reg_find_delegation(&q.self->book, query->key);
    return d ? put_delegation(d, collect) : CV_ENOTFOUND;
}

int reg_query(void *self_, cv_tx_t *tx, const cv_log_query_v1_t *query, cv_collect_t *collect)
{
    reg_t *self = self_;

    self->shown = 0;
    int rc = answer(self, tx, query, collect);
    if (!rc || rc == CV_ELIMIT)
        reg_access_note(self, tx, query, collect);
    return rc;
}
