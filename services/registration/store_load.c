/* store_load: the tables of registration, reading all of them into the book, and the self-check at open.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The check counts the rows of person once and compares with every counter there is: per delegation and state, per
 * event and state, per event and capacity, per event and option. A database that does not agree with itself is not
 * served from.
 */
#include "registration/statements.h"
#include "registration/store_access.h"
#include "registration/store_badge.h"
#include "registration/store_consent.h"
#include "registration/store_document.h"
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
    " guaranteed INTEGER NOT NULL, maximum INTEGER NOT NULL, capacity INTEGER NOT NULL,"
    " confirm_closes_ms INTEGER NOT NULL, offer_ms INTEGER NOT NULL, approval INTEGER NOT NULL, approval_again INTEGER "
    "NOT NULL) STRICT;"
    "CREATE TABLE quota(event INTEGER NOT NULL, party TEXT NOT NULL, guaranteed INTEGER NOT NULL,"
    " maximum INTEGER NOT NULL, PRIMARY KEY(event, party)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE role_limit(event INTEGER NOT NULL, role INTEGER NOT NULL, maximum INTEGER NOT NULL,"
    " PRIMARY KEY(event, role)) STRICT, WITHOUT ROWID;"
    /* What an event or a capacity does not have is NULL; a CHECK that meets NULL lets pass. */
    "CREATE TABLE tally(id INTEGER PRIMARY KEY, ceiling INTEGER,"
    " confirmed INTEGER NOT NULL CHECK(confirmed >= 0 AND confirmed <= ceiling),"
    " waiting INTEGER NOT NULL CHECK(waiting >= 0), online INTEGER NOT NULL CHECK(online >= 0),"
    " pending INTEGER NOT NULL CHECK(pending >= 0), offered INTEGER NOT NULL CHECK(offered BETWEEN 0 AND confirmed),"
    " withdrawn INTEGER CHECK(withdrawn >= 0), refused INTEGER CHECK(refused >= 0), answer INTEGER,"
    " heads INTEGER CHECK(heads BETWEEN 0 AND 1),"
    " numbers INTEGER CHECK(confirmed + waiting + online + pending + withdrawn + refused <= numbers),"
    " last_person INTEGER, requests INTEGER, private_seq INTEGER, since INTEGER) STRICT;"
    "CREATE TABLE contact(delegation INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL,"
    " language INTEGER NOT NULL) STRICT;"
    "CREATE TABLE person(id INTEGER PRIMARY KEY, delegation INTEGER NOT NULL, number INTEGER NOT NULL,"
    " previous INTEGER NOT NULL CHECK(previous < id), state INTEGER NOT NULL CHECK(state BETWEEN 1 AND 9),"
    " role INTEGER NOT NULL, online INTEGER NOT NULL, unit INTEGER NOT NULL, lane INTEGER NOT NULL, at_ms INTEGER NOT "
    "NULL,"
    " by INTEGER NOT NULL, name TEXT NOT NULL, email TEXT) STRICT;"
    "CREATE TABLE exception(id INTEGER PRIMARY KEY, delegation INTEGER NOT NULL, act INTEGER NOT NULL,"
    " until_ms INTEGER NOT NULL, request TEXT NOT NULL, reason TEXT NOT NULL, at_ms INTEGER NOT NULL,"
    " by INTEGER NOT NULL) STRICT;"
    "CREATE TABLE principal(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;"
    /* what is cv_person_change_t, the rest as it was before */
    "CREATE TABLE change(person INTEGER NOT NULL, n INTEGER NOT NULL, at_ms INTEGER NOT NULL, by INTEGER NOT NULL,"
    " what INTEGER NOT NULL, request TEXT, reason TEXT, state INTEGER NOT NULL, role INTEGER NOT NULL,"
    " online INTEGER NOT NULL, name TEXT NOT NULL, email TEXT, PRIMARY KEY(person, n)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX person_waiting ON person(delegation, lane, unit) WHERE state = 2;"
    "CREATE INDEX person_offered ON person(unit) WHERE state = 7;"
    "CREATE TABLE proposal(person INTEGER PRIMARY KEY, step INTEGER NOT NULL, what INTEGER NOT NULL,"
    " role INTEGER NOT NULL, online INTEGER NOT NULL, name TEXT NOT NULL, email TEXT) STRICT;"
    "CREATE TABLE offer(unit INTEGER PRIMARY KEY, event INTEGER NOT NULL, delegation INTEGER NOT NULL,"
    " expires_ms INTEGER NOT NULL) STRICT;"
    "CREATE INDEX offer_due ON offer(event, expires_ms);",
    /* Secrets are appended and overwritten in place, so no copy of one is left anywhere: see store/wal.c. The columns
     * with plain text go when what is in them has been sealed, for which it takes the master key: reg_store_seal_old.
     */
    "CREATE TABLE secret(id INTEGER PRIMARY KEY, bits BLOB NOT NULL CHECK(length(bits) = 32)) STRICT;"
    "CREATE TABLE vault(proof BLOB NOT NULL) STRICT;"
    "ALTER TABLE event ADD COLUMN ends_ms INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE event ADD COLUMN purge_days INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE person ADD COLUMN secret INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE person ADD COLUMN sealed BLOB;"
    "ALTER TABLE change ADD COLUMN secret INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE change ADD COLUMN sealed BLOB;"
    "ALTER TABLE change ADD COLUMN sealed_reason BLOB;"
    "ALTER TABLE proposal ADD COLUMN secret INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE proposal ADD COLUMN sealed BLOB;"
    "ALTER TABLE contact ADD COLUMN secret INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE contact ADD COLUMN sealed BLOB;",
    reg_badge_tables,
    /* options: bit i is event_option i of the event. maximum -1: no limit (any more). Answers are in `sealed`. */
    "ALTER TABLE person ADD COLUMN options INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE proposal ADD COLUMN options INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE event_option(event INTEGER NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL,"
    " maximum INTEGER NOT NULL, PRIMARY KEY(event, number), UNIQUE(event, name)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE form(event INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;",
    reg_document_tables,
    reg_access_tables,
    reg_consent_tables,
    reg_access_on_behalf,
    reg_offer_tables,
    /* A language was a number of a list that had these two. */
    "ALTER TABLE contact ADD COLUMN tag TEXT;"
    "UPDATE contact SET tag = CASE language WHEN 1 THEN 'en' WHEN 2 THEN 'ru' END;"
    "ALTER TABLE contact DROP COLUMN language;"
    "ALTER TABLE contact RENAME COLUMN tag TO language;",
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

static int load_limits(reg_store_t *store, reg_event_t *event)
{
    int rc;

    cv_stmt_int(store->limits, 1, event->row);
    while ((rc = cv_stmt_step(store->limits)) > 0) {
        int64_t role = cv_stmt_get_int(store->limits, 0);
        if (role < 1 || role >= REG_ROLES) {
            cv_stmt_reset(store->limits);
            return CV_ECORRUPT;
        }
        event->seats.role_limit[role] = get32(store->limits, 1);
    }
    return rc;
}

static int load_options(reg_store_t *store, reg_event_t *event)
{
    cv_stmt_t *row = store->options;
    int rc;

    cv_stmt_int(row, 1, event->row);
    while ((rc = cv_stmt_step(row)) > 0) {
        unsigned option;
        bool is_new;
        int error = reg_book_option(event, cv_stmt_get_text(row, 1), &option, &is_new);
        if (!error && (!is_new || option != cv_stmt_get_int(row, 0) || !strchr(event->seats.options[option].name, '/')))
            error = CV_ECORRUPT;
        if (error) {
            cv_stmt_reset(row);
            return error;
        }
        event->seats.options[option].limit = get32(row, 2);
    }
    return rc;
}

static int read_form(cv_str_t data, reg_event_t *event)
{
    cv_scheduling_form_v1_t *record = malloc(sizeof *record);
    msgpack_unpacked unpacked;
    int rc = record ? cv_wire_check(data, NULL) : CV_ENOMEM;

    msgpack_unpacked_init(&unpacked);
    if (!rc && msgpack_unpack_next(&unpacked, data.ptr, data.len, NULL) != MSGPACK_UNPACK_SUCCESS)
        rc = CV_ECORRUPT;
    if (!rc)
        rc = cv_msg_info_at(CV_MSG_SCHEDULING_FORM_V1)->decode(&unpacked.data, record, NULL);
    if (!rc)
        rc = reg_book_form(event, record);
    msgpack_unpacked_destroy(&unpacked);
    free(record);
    return rc == CV_ENOMEM || !rc ? rc : CV_ECORRUPT;
}

static int load_form(reg_store_t *store, reg_event_t *event)
{
    cv_stmt_int(store->form_get, 1, event->row);
    int rc = cv_stmt_step(store->form_get);
    if (rc <= 0)
        return rc;
    rc = read_form(cv_stmt_get_blob(store->form_get, 0), event);
    cv_stmt_reset(store->form_get);
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
    event->terms.confirm_closes_ms = cv_stmt_get_int(row, 20);
    event->offer_ms = cv_stmt_get_int(row, 21);
    event->approval = (cv_approval_rule_t)cv_stmt_get_int(row, 22);
    event->approval_again = cv_stmt_get_int(row, 23);
    event->ends_ms = cv_stmt_get_int(row, 24);
    event->purge_days = get32(row, 25);
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
            error = load_limits(store, event);
        if (!error)
            error = load_options(store, event);
        if (!error)
            error = load_form(store, event);
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

typedef struct {
    by_row_t events, parties;
} rows_t;

static void *at_row(const by_row_t *table, int64_t row)
{
    return row > 0 && (size_t)row < table->n ? table->items[row] : NULL;
}

/* Which delegation a row of tally is; NULL: none. */
static reg_delegation_t *delegation_at(const reg_book_t *book, const rows_t *rows, int64_t id)
{
    reg_event_t *event = at_row(&rows->events, id >> REG_TALLY_BITS);
    reg_party_t *party = at_row(&rows->parties, id & ((1 << REG_TALLY_BITS) - 1));

    return event && party ? reg_book_delegation(book, event, party) : NULL;
}

static void load_delegation(cv_stmt_t *row, reg_delegation_t *d)
{
    reg_event_t *event = d->event;

    d->share.ceiling = get32(row, 1);
    d->share.confirmed = get32(row, 2);
    d->share.waiting = get32(row, 3);
    d->share.online = get32(row, 4);
    d->share.pending = get32(row, 5);
    d->share.offered = get32(row, 6);
    d->share.withdrawn = get32(row, 7);
    d->share.refused = get32(row, 8);
    d->answer = (reg_answer_t)get32(row, 9);
    d->share.heads = get32(row, 10);
    d->numbers = get32(row, 11);
    d->last_person = cv_stmt_get_int(row, 12);
    d->requests = cv_stmt_get_int(row, 13);
    d->private_seq = (uint64_t)cv_stmt_get_int(row, 14);
    d->since = cv_stmt_get_int(row, 15);
    event->registered += d->answer == REG_ANSWER_REGISTERED;
    event->declined += d->answer == REG_ANSWER_DECLINED;
    event->seats.waiting_of_kind[d->party->kind] += d->share.waiting;
}

static void load_role(cv_stmt_t *row, reg_event_t *event, int64_t role)
{
    event->seats.role_ceiling[role] = cv_stmt_get_null(row, 1) ? REG_NO_LIMIT : get32(row, 1);
    event->seats.role_confirmed[role] = event->stored_roles[role] = get32(row, 2);
}

static int load_option(cv_stmt_t *row, reg_event_t *event, int64_t number)
{
    if (number >= event->seats.options_n)
        return CV_ECORRUPT;
    reg_option_t *option = &event->seats.options[number];
    option->ceiling = cv_stmt_get_null(row, 1) ? REG_NO_LIMIT : get32(row, 1);
    option->taken = event->stored_options[number] = get32(row, 2);
    return CV_OK;
}

static int load_tally(reg_book_t *book, cv_stmt_t *row, const rows_t *rows)
{
    int64_t id = cv_stmt_get_int(row, 0), of = id & ((1 << REG_TALLY_BITS) - 1);
    reg_event_t *event = at_row(&rows->events, id >> REG_TALLY_BITS);
    reg_party_t *party = at_row(&rows->parties, of);
    reg_delegation_t *delegation;

    if (!event)
        return CV_ECORRUPT;
    if (of == 0) {
        event->seats.ceiling = get32(row, 1);
        event->seats.confirmed = get32(row, 2);
        event->seats.waiting = get32(row, 3);
        event->seats.online = get32(row, 4);
        event->seats.pending = get32(row, 5);
        event->seats.offered = get32(row, 6);
        return CV_OK;
    }
    if (of > REG_TALLY_ROLE && of < REG_TALLY_ROLE + REG_ROLES) {
        load_role(row, event, of - REG_TALLY_ROLE);
        return CV_OK;
    }
    if (of >= REG_TALLY_OPTION && of < REG_TALLY_OPTION + REG_OPTIONS)
        return load_option(row, event, of - REG_TALLY_OPTION);
    if (!party)
        return CV_ECORRUPT;
    int rc = reg_book_add_delegation(book, event, party, &delegation);
    if (!rc)
        load_delegation(row, delegation);
    return rc;
}

static int load_tallies(reg_store_t *store, reg_book_t *book, const rows_t *rows)
{
    int rc;

    while ((rc = cv_stmt_step(store->tallies)) > 0) {
        int error = load_tally(book, store->tallies, rows);
        if (error) {
            cv_stmt_reset(store->tallies);
            return error;
        }
    }
    return rc;
}

static int load_lanes(reg_store_t *store, reg_book_t *book, const rows_t *rows)
{
    int rc;

    while ((rc = cv_stmt_step(store->lanes)) > 0) {
        int64_t row = cv_stmt_get_int(store->lanes, 0), unit_id = cv_stmt_get_int(store->lanes, 2);
        reg_delegation_t *delegation = delegation_at(book, rows, row);
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

static int load_exceptions(reg_store_t *store, reg_book_t *book, const rows_t *rows)
{
    cv_stmt_t *row = store->exceptions;
    int rc;

    while ((rc = cv_stmt_step(row)) > 0) {
        reg_delegation_t *delegation = delegation_at(book, rows, cv_stmt_get_int(row, 0));
        reg_exception_t exception = {.what = (cv_exception_kind_t)cv_stmt_get_int(row, 1),
                                     .until_ms = cv_stmt_get_int(row, 2)};
        get_text(row, 3, exception.request, sizeof exception.request);
        int error = delegation ? reg_book_except(delegation, &exception) : CV_ECORRUPT;
        if (error) {
            cv_stmt_reset(row);
            return error;
        }
    }
    return rc;
}

static int load_contacts(reg_store_t *store, const reg_book_t *book, const rows_t *rows)
{
    int rc;

    while ((rc = cv_stmt_step(store->contacts)) > 0) {
        reg_delegation_t *delegation = delegation_at(book, rows, cv_stmt_get_int(store->contacts, 0));
        if (delegation)
            delegation->contact_key = cv_stmt_get_int(store->contacts, 1);
    }
    return rc;
}

static int by_row(by_row_t *table, int64_t next_row)
{
    table->n = (size_t)next_row;
    table->items = calloc(table->n, sizeof *table->items);
    return table->items ? CV_OK : CV_ENOMEM;
}

static int index_rows(const reg_book_t *book, rows_t *rows)
{
    int rc = by_row(&rows->events, book->next_event);
    if (!rc)
        rc = by_row(&rows->parties, book->next_party);
    for (size_t i = 0; !rc && i < book->events_n; i++)
        rows->events.items[book->event_list[i]->row] = book->event_list[i];
    for (size_t i = 0; !rc && i < book->parties_n; i++)
        rows->parties.items[book->party_list[i]->row] = book->party_list[i];
    return rc;
}

static void rows_done(rows_t *rows)
{
    free(rows->events.items);
    free(rows->parties.items);
}

int reg_store_load(reg_store_t *store, reg_book_t *book)
{
    rows_t rows = {{0}, {0}};

    reg_book_clear(book);
    int rc = load_parties(store, book);
    if (!rc)
        rc = load_events(store, book);
    if (!rc)
        rc = index_rows(book, &rows);
    if (!rc)
        rc = load_tallies(store, book, &rows);
    if (!rc)
        rc = load_lanes(store, book, &rows);
    if (!rc)
        rc = load_exceptions(store, book, &rows);
    if (!rc)
        rc = load_contacts(store, book, &rows);
    if (!rc)
        rc = reg_store_load_principals(store, book);
    if (!rc) {
        rc = cv_stmt_step(store->persons_n);
        if (rc > 0)
            book->next_person = cv_stmt_get_int(store->persons_n, 0) + 1;
        cv_stmt_reset(store->persons_n);
        rc = rc > 0 ? CV_OK : rc;
    }
    for (size_t i = 0; !rc && i < book->events_n; i++)
        reg_book_reprice(book, book->event_list[i]);
    rows_done(&rows);
    return rc;
}

/* ---- self-check ---------------------------------------------------------------------------------------------- */

typedef struct {
    int32_t of_state[REG_STATES];
} tally_t;

static int32_t pending_of(const int32_t *of_state)
{
    return of_state[REG_NOMINATED] + of_state[REG_REVIEW] + of_state[REG_RETURNED];
}

/* Persons with a seat of one event. */
typedef struct {
    int32_t of_role[REG_ROLES], of_option[REG_OPTIONS];
} seated_t;

static bool agrees(const reg_book_t *book, const tally_t *tallies, const seated_t *seated)
{
    for (size_t i = 0; i < book->events_n; i++) {
        const reg_event_t *event = book->event_list[i];
        tally_t sum = {0};
        for (const reg_delegation_t *d = event->delegations; d; d = d->next_of_event) {
            const int32_t *n = tallies[d->index].of_state;
            if (n[REG_CONFIRMED] + n[REG_OFFERED] != d->share.confirmed || n[REG_OFFERED] != d->share.offered ||
                n[REG_WAITING] != d->share.waiting || n[REG_ONLINE] != d->share.online ||
                pending_of(n) != d->share.pending || n[REG_REFUSED] != d->share.refused ||
                n[REG_WITHDRAWN] != d->share.withdrawn)
                return false;
            for (unsigned state = 0; state < REG_STATES; state++)
                sum.of_state[state] += n[state];
        }
        if (sum.of_state[REG_CONFIRMED] + sum.of_state[REG_OFFERED] != event->seats.confirmed ||
            sum.of_state[REG_OFFERED] != event->seats.offered || sum.of_state[REG_WAITING] != event->seats.waiting ||
            sum.of_state[REG_ONLINE] != event->seats.online || pending_of(sum.of_state) != event->seats.pending)
            return false;
        if (memcmp(seated[event->row].of_role, event->seats.role_confirmed, sizeof seated->of_role) != 0)
            return false;
        for (unsigned o = 0; o < REG_OPTIONS; o++)
            if (seated[event->row].of_option[o] != (o < event->seats.options_n ? event->seats.options[o].taken : 0))
                return false;
    }
    return true;
}

int reg_store_check(reg_store_t *store, const reg_book_t *book)
{
    tally_t *tallies = calloc(book->delegations_n + 1, sizeof *tallies);
    seated_t *seated = calloc((size_t)book->next_event, sizeof *seated);
    rows_t rows = {{0}, {0}};
    int rc = tallies && seated ? index_rows(book, &rows) : CV_ENOMEM, step;

    while (!rc && (step = cv_stmt_step(store->count)) != 0) {
        if (step < 0) {
            rc = step;
            break;
        }
        const reg_delegation_t *d = delegation_at(book, &rows, cv_stmt_get_int(store->count, 0));
        int64_t state = cv_stmt_get_int(store->count, 1), role = cv_stmt_get_int(store->count, 2);
        if (!d || state <= 0 || state >= REG_STATES || role <= 0 || role >= REG_ROLES) {
            cv_stmt_reset(store->count);
            rc = CV_ECORRUPT;
            break;
        }
        tallies[d->index].of_state[state]++;
        if (state != REG_CONFIRMED && state != REG_OFFERED)
            continue;
        seated[d->event->row].of_role[role]++;
        reg_options_t options = (reg_options_t)cv_stmt_get_int(store->count, 3);
        for (; options; options &= options - 1)
            if (__builtin_ctzll(options) < REG_OPTIONS)
                seated[d->event->row].of_option[__builtin_ctzll(options)]++;
    }
    if (!rc && !agrees(book, tallies, seated))
        rc = CV_ECORRUPT;
    free(tallies);
    free(seated);
    rows_done(&rows);
    return rc;
}
