/* store_load: the tables of registration, reading all of them into the book, and the self-check at open.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The check counts the rows of person once and compares with every counter there is: per delegation and state, per
 * event and state, per event and capacity. A database that does not agree with itself is not served from.
 */
#include "registration/statements.h"
#include <stdlib.h>
#include <string.h>

/* The seat rule once more, as far as a row can see it: a mistake in the core cannot be stored. ceiling: see core.h. */
const char *const reg_migrations[REG_MIGRATIONS] = {
    "CREATE TABLE party(id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE, kind INTEGER NOT NULL, name TEXT,"
    " known INTEGER NOT NULL) STRICT;"
    "CREATE TABLE event(id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE, known INTEGER NOT NULL, title TEXT,"
    " source TEXT, version INTEGER NOT NULL, stage INTEGER NOT NULL, has_rules INTEGER NOT NULL,"
    " audience INTEGER NOT NULL, opens_ms INTEGER NOT NULL, closes_ms INTEGER NOT NULL,"
    " changes_close_ms INTEGER NOT NULL, release_ms INTEGER NOT NULL, released INTEGER NOT NULL,"
    " together INTEGER NOT NULL, waiting_rule INTEGER NOT NULL, online_takes_seat INTEGER NOT NULL,"
    " guaranteed INTEGER NOT NULL, maximum INTEGER NOT NULL, capacity INTEGER NOT NULL, ceiling INTEGER NOT NULL,"
    " confirmed INTEGER NOT NULL CHECK(confirmed BETWEEN 0 AND ceiling), waiting INTEGER NOT NULL CHECK(waiting >= 0),"
    " online INTEGER NOT NULL CHECK(online >= 0), registered INTEGER NOT NULL CHECK(registered >= 0),"
    " declined INTEGER NOT NULL CHECK(declined >= 0)) STRICT;"
    "CREATE TABLE quota(event INTEGER NOT NULL, party TEXT NOT NULL, guaranteed INTEGER NOT NULL,"
    " maximum INTEGER NOT NULL, PRIMARY KEY(event, party)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE role_seat(event INTEGER NOT NULL, role INTEGER NOT NULL, maximum INTEGER, ceiling INTEGER,"
    " confirmed INTEGER NOT NULL CHECK(confirmed >= 0 AND (ceiling IS NULL OR confirmed <= ceiling)),"
    " PRIMARY KEY(event, role)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE delegation(id INTEGER PRIMARY KEY, event INTEGER NOT NULL, party INTEGER NOT NULL,"
    " answer INTEGER NOT NULL, ceiling INTEGER NOT NULL,"
    " confirmed INTEGER NOT NULL CHECK(confirmed BETWEEN 0 AND ceiling), waiting INTEGER NOT NULL CHECK(waiting >= 0),"
    " online INTEGER NOT NULL CHECK(online >= 0), withdrawn INTEGER NOT NULL CHECK(withdrawn >= 0),"
    " heads INTEGER NOT NULL CHECK(heads BETWEEN 0 AND 1), numbers INTEGER NOT NULL, last_person INTEGER NOT NULL,"
    " requests INTEGER NOT NULL, private_seq INTEGER NOT NULL,"
    " UNIQUE(event, party), CHECK(confirmed + waiting + online + withdrawn <= numbers)) STRICT;"
    "CREATE TABLE contact(delegation INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL,"
    " language INTEGER NOT NULL) STRICT;"
    "CREATE TABLE person(id INTEGER PRIMARY KEY, delegation INTEGER NOT NULL, number INTEGER NOT NULL,"
    " previous INTEGER NOT NULL CHECK(previous < id), state INTEGER NOT NULL CHECK(state BETWEEN 1 AND 5 AND state <> "
    "4)," /* IN would make a table of its list per row */
    " role INTEGER NOT NULL, online INTEGER NOT NULL, unit INTEGER NOT NULL, lane INTEGER NOT NULL, at_ms INTEGER NOT "
    "NULL,"
    " name TEXT NOT NULL, email TEXT) STRICT;"
    "CREATE INDEX person_waiting ON person(delegation, lane, unit) WHERE state = 2;",
    "ALTER TABLE delegation ADD COLUMN since INTEGER NOT NULL DEFAULT 0;",
};

static int32_t get32(cv_stmt_t *stmt, int column)
{
    return (int32_t)cv_stmt_get_int(stmt, column);
}

static void get_text(cv_stmt_t *stmt, int column, char *dst, size_t size)
{
    if (cv_str_copy(cv_stmt_get_text(stmt, column), dst, size))
        dst[0] = '\0';
}

/* ---- loading ------------------------------------------------------------------------------------------------- */

static int load_parties(reg_store_t *store, reg_book_t *book)
{
    int rc;

    while ((rc = cv_stmt_step(store->parties)) > 0) {
        reg_party_t *party;
        int error =
            reg_book_add_party(book, cv_stmt_get_int(store->parties, 0), cv_stmt_get_text(store->parties, 1), &party);
        if (error) {
            cv_stmt_reset(store->parties);
            return error;
        }
        party->kind = (unsigned)cv_stmt_get_int(store->parties, 2);
        party->known = cv_stmt_get_int(store->parties, 3);
        if (party->kind == 0 || party->kind >= REG_KINDS)
            party->kind = REG_KINDS - 1;
    }
    return rc;
}

static int load_quotas(reg_store_t *store, reg_event_t *event)
{
    reg_quota_t quotas[REG_QUOTAS_MAX];
    size_t n = 0;
    int rc;

    cv_stmt_int(store->quotas, 1, event->row);
    while ((rc = cv_stmt_step(store->quotas)) > 0) {
        if (n == REG_QUOTAS_MAX) {
            cv_stmt_reset(store->quotas);
            return CV_ECORRUPT;
        }
        get_text(store->quotas, 0, quotas[n].party, sizeof quotas[n].party);
        quotas[n].guaranteed = get32(store->quotas, 1);
        quotas[n++].maximum = get32(store->quotas, 2);
    }
    if (rc || !n)
        return rc;
    event->quotas = malloc(n * sizeof *quotas);
    if (!event->quotas)
        return CV_ENOMEM;
    memcpy(event->quotas, quotas, n * sizeof *quotas);
    event->quotas_n = n;
    return CV_OK;
}

static int load_roles(reg_store_t *store, reg_event_t *event)
{
    reg_seats_t *seats = &event->seats;
    int rc;

    cv_stmt_int(store->roles, 1, event->row);
    while ((rc = cv_stmt_step(store->roles)) > 0) {
        int64_t role = cv_stmt_get_int(store->roles, 0);
        if (role < 1 || role >= REG_ROLES) {
            cv_stmt_reset(store->roles);
            return CV_ECORRUPT;
        }
        if (!cv_stmt_get_null(store->roles, 1))
            seats->role_limit[role] = get32(store->roles, 1);
        if (!cv_stmt_get_null(store->roles, 2))
            seats->role_ceiling[role] = get32(store->roles, 2);
        seats->role_confirmed[role] = event->stored_roles[role] = get32(store->roles, 3);
    }
    return rc;
}

static void load_event(cv_stmt_t *row, reg_event_t *event)
{
    event->known = cv_stmt_get_int(row, 2);
    get_text(row, 3, event->title, sizeof event->title);
    get_text(row, 4, event->source, sizeof event->source);
    event->version = cv_stmt_get_int(row, 5);
    event->terms.stage = (reg_stage_t)get32(row, 6);
    event->terms.has_rules = cv_stmt_get_int(row, 7);
    event->terms.audience = (unsigned)cv_stmt_get_int(row, 8);
    event->terms.opens_ms = cv_stmt_get_int(row, 9);
    event->terms.closes_ms = cv_stmt_get_int(row, 10);
    event->terms.changes_close_ms = cv_stmt_get_int(row, 11);
    event->release_ms = cv_stmt_get_int(row, 12);
    event->released = cv_stmt_get_int(row, 13);
    event->group = (reg_group_t)get32(row, 14);
    event->seats.waiting_rule = (reg_waiting_t)get32(row, 15);
    event->seats.online_takes_seat = cv_stmt_get_int(row, 16);
    event->guaranteed = get32(row, 17);
    event->maximum = get32(row, 18);
    event->seats.capacity = get32(row, 19);
    event->seats.ceiling = get32(row, 20);
    event->seats.confirmed = get32(row, 21);
    event->seats.waiting = get32(row, 22);
    event->seats.online = get32(row, 23);
    event->registered = get32(row, 24);
    event->declined = get32(row, 25);
}

static int load_events(reg_store_t *store, reg_book_t *book)
{
    int rc, error = CV_OK;

    while ((rc = cv_stmt_step(store->events)) > 0) {
        reg_event_t *event;
        error = reg_book_add_event(book, cv_stmt_get_int(store->events, 0), cv_stmt_get_text(store->events, 1), &event);
        if (!error)
            load_event(store->events, event);
        if (!error)
            error = load_quotas(store, event);
        if (!error)
            error = load_roles(store, event);
        if (error) {
            cv_stmt_reset(store->events);
            return error;
        }
    }
    return rc;
}

/* Rows of a table by row number, while loading. */
typedef struct {
    void **items;
    size_t n;
} by_row_t;

static void *at_row(const by_row_t *table, int64_t row)
{
    return row > 0 && (size_t)row < table->n ? table->items[row] : NULL;
}

static int load_delegations(reg_store_t *store, reg_book_t *book, const by_row_t *events, const by_row_t *parties)
{
    cv_stmt_t *row = store->delegations;
    int rc;

    while ((rc = cv_stmt_step(row)) > 0) {
        reg_event_t *event = at_row(events, cv_stmt_get_int(row, 1));
        reg_party_t *party = at_row(parties, cv_stmt_get_int(row, 2));
        reg_delegation_t *d = NULL;
        int error =
            event && party ? reg_book_add_delegation(book, cv_stmt_get_int(row, 0), event, party, &d) : CV_ECORRUPT;
        if (error) {
            cv_stmt_reset(row);
            return error;
        }
        d->answer = (reg_answer_t)get32(row, 3);
        d->share.ceiling = get32(row, 4);
        d->share.confirmed = get32(row, 5);
        d->share.waiting = get32(row, 6);
        d->share.online = get32(row, 7);
        d->share.withdrawn = get32(row, 8);
        d->share.heads = get32(row, 9);
        d->numbers = get32(row, 10);
        d->last_person = cv_stmt_get_int(row, 11);
        d->requests = cv_stmt_get_int(row, 12);
        d->private_seq = (uint64_t)cv_stmt_get_int(row, 13);
        d->since = cv_stmt_get_int(row, 14);
        event->seats.waiting_of_kind[party->kind] += d->share.waiting;
    }
    return rc;
}

static int load_lanes(reg_store_t *store, reg_book_t *book, const by_row_t *delegations)
{
    int rc;

    while ((rc = cv_stmt_step(store->lanes)) > 0) {
        int64_t row = cv_stmt_get_int(store->lanes, 0), unit_id = cv_stmt_get_int(store->lanes, 2);
        reg_delegation_t *delegation = at_row(delegations, row);
        reg_need_t need;
        reg_unit_t unit;
        int error =
            delegation ? reg_store_unit(store, row, cv_stmt_get_int(store->lanes, 1), unit_id, &unit) : CV_ECORRUPT;
        if (!error) {
            reg_unit_need(&unit, &need);
            bool same = reg_lane_key(&need) == cv_stmt_get_int(store->lanes, 1);
            error = same ? reg_lane_open(book, delegation, &need, unit_id) : CV_ECORRUPT;
        }
        if (error) {
            cv_stmt_reset(store->lanes);
            return error;
        }
    }
    return rc;
}

static int by_row(by_row_t *table, int64_t next_row)
{
    table->n = (size_t)next_row;
    table->items = calloc(table->n, sizeof *table->items);
    return table->items ? CV_OK : CV_ENOMEM;
}

int reg_store_load(reg_store_t *store, reg_book_t *book)
{
    by_row_t events = {0}, parties = {0}, delegations = {0};

    reg_book_clear(book);
    int rc = load_parties(store, book);
    if (!rc)
        rc = load_events(store, book);
    if (!rc)
        rc = by_row(&events, book->next_event);
    if (!rc)
        rc = by_row(&parties, book->next_party);
    for (size_t i = 0; !rc && i < book->events_n; i++)
        events.items[book->event_list[i]->row] = book->event_list[i];
    for (size_t i = 0; !rc && i < book->parties_n; i++)
        parties.items[book->party_list[i]->row] = book->party_list[i];
    if (!rc)
        rc = load_delegations(store, book, &events, &parties);
    if (!rc)
        rc = by_row(&delegations, book->next_delegation);
    for (size_t i = 0; !rc && i < book->events_n; i++)
        for (reg_delegation_t *d = book->event_list[i]->delegations; d; d = d->next_of_event)
            delegations.items[d->row] = d;
    if (!rc)
        rc = load_lanes(store, book, &delegations);
    if (!rc) {
        rc = cv_stmt_step(store->persons_n);
        if (rc > 0)
            book->next_person = cv_stmt_get_int(store->persons_n, 0) + 1;
        cv_stmt_reset(store->persons_n);
        rc = rc > 0 ? CV_OK : rc;
    }
    for (size_t i = 0; !rc && i < book->events_n; i++)
        reg_book_reprice(book, book->event_list[i]);
    free(events.items);
    free(parties.items);
    free(delegations.items);
    return rc;
}

/* ---- self-check ---------------------------------------------------------------------------------------------- */

typedef struct {
    int32_t of_state[REG_ONLINE + 1];
} tally_t;

static bool agrees(const reg_book_t *book, const tally_t *tallies, int32_t (*roles)[REG_ROLES])
{
    for (size_t i = 0; i < book->events_n; i++) {
        const reg_event_t *event = book->event_list[i];
        tally_t sum = {0};
        for (const reg_delegation_t *d = event->delegations; d; d = d->next_of_event) {
            const int32_t *n = tallies[d->row].of_state;
            if (n[REG_CONFIRMED] != d->share.confirmed || n[REG_WAITING] != d->share.waiting ||
                n[REG_ONLINE] != d->share.online || n[REG_WITHDRAWN] != d->share.withdrawn)
                return false;
            for (unsigned state = 0; state <= REG_ONLINE; state++)
                sum.of_state[state] += n[state];
        }
        if (sum.of_state[REG_CONFIRMED] != event->seats.confirmed ||
            sum.of_state[REG_WAITING] != event->seats.waiting || sum.of_state[REG_ONLINE] != event->seats.online)
            return false;
        if (memcmp(roles[event->row], event->seats.role_confirmed, sizeof roles[0]) != 0)
            return false;
    }
    return true;
}

int reg_store_check(reg_store_t *store, const reg_book_t *book)
{
    tally_t *tallies = calloc((size_t)book->next_delegation, sizeof *tallies);
    int32_t(*roles)[REG_ROLES] = calloc((size_t)book->next_event, sizeof *roles);
    int64_t *event_of = calloc((size_t)book->next_delegation, sizeof *event_of);
    int rc = tallies && roles && event_of ? CV_OK : CV_ENOMEM, step;

    for (size_t i = 0; !rc && i < book->events_n; i++)
        for (const reg_delegation_t *d = book->event_list[i]->delegations; d; d = d->next_of_event)
            event_of[d->row] = d->event->row;
    while (!rc && (step = cv_stmt_step(store->count)) != 0) {
        if (step < 0) {
            rc = step;
            break;
        }
        int64_t row = cv_stmt_get_int(store->count, 0), state = cv_stmt_get_int(store->count, 1);
        int64_t role = cv_stmt_get_int(store->count, 2);
        bool fits = row > 0 && row < book->next_delegation && event_of[row] && state > 0 && state <= REG_ONLINE &&
                    role > 0 && role < REG_ROLES;
        if (!fits) {
            cv_stmt_reset(store->count);
            rc = CV_ECORRUPT;
            break;
        }
        tallies[row].of_state[state]++;
        if (state == REG_CONFIRMED)
            roles[event_of[row]][role]++;
    }
    if (!rc && !agrees(book, tallies, roles))
        rc = CV_ECORRUPT;
    free(tallies);
    free(roles);
    free(event_of);
    return rc;
}
