/* store: all the SQL of registration. See store.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "registration/statements.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

int reg_store_open(cv_db_t *db, reg_store_t **ret_store)
{
    reg_store_t *store = calloc(1, sizeof *store);
    int rc = CV_OK;

    if (!store)
        return CV_ENOMEM;
    store->db = db;
    rc = cv_rows_new(db, "person_rows", PERSON_N, &store->person_rows);
    if (!rc)
        rc = cv_rows_new(db, "tally_rows", TALLY_N, &store->tally_rows);
    if (!rc)
        rc = cv_rows_new(db, "secret_rows", SECRET_N, &store->secret_rows);
    const cv_sql_t all[] = {
#define XX(name, sql) {&store->name, sql},
        STATEMENTS(XX)
#undef XX
    };
    if (!rc)
        rc = cv_db_prepare_all(db, all, sizeof all / sizeof *all);
    if (rc) {
        reg_store_close(&store);
        return rc;
    }
    *ret_store = store;
    return CV_OK;
}

void reg_store_close(reg_store_t **store)
{
    cv_rows_destroy(&(*store)->person_rows);
    cv_rows_destroy(&(*store)->tally_rows);
    cv_rows_destroy(&(*store)->secret_rows);
    sodium_memzero(*store, sizeof **store);
    free(*store); /* the statements are the database's */
    *store = NULL;
}

void reg_store_forget(reg_store_t *store)
{
    cv_rows_clear(store->person_rows);
    cv_rows_clear(store->tally_rows);
    cv_rows_clear(store->secret_rows);
    memset(store->keys, 0, sizeof store->keys);
}

void reg_store_begin(reg_store_t *store, cv_tx_t *tx)
{
    store->tx = tx;
}

static int put_rows(cv_stmt_t *put, cv_rows_t *rows)
{
    int rc = cv_rows_n(rows) ? cv_stmt_run(put) : CV_OK;
    cv_rows_clear(rows);
    return rc;
}

int reg_store_settle(reg_store_t *store)
{
    int rc = put_rows(store->secrets_put, store->secret_rows);

    return rc ? rc : put_rows(store->persons_put, store->person_rows);
}

/* ---- writing ------------------------------------------------------------------------------------------------- */

static int put_tally(reg_store_t *store, const int64_t *values, int n, bool has_ceiling)
{
    int rc = cv_rows_add(store->tally_rows);
    for (int i = 0; !rc && i < n; i++)
        if (i != 1 || has_ceiling)
            cv_rows_int(store->tally_rows, i, values[i]);
    return rc;
}
#define PUT_TALLY(store, has_ceiling, ...)                                                                      \
    put_tally(store, (const int64_t[]){__VA_ARGS__}, (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), \
              has_ceiling)

static int put_event(reg_store_t *store, reg_event_t *event)
{
    const reg_seats_t *seats = &event->seats;

    int rc = PUT_TALLY(store, true, reg_tally_id(event->row, 0), seats->ceiling, seats->confirmed, seats->waiting,
                       seats->online, seats->pending, seats->offered);
    for (unsigned role = 1; role < REG_ROLES && !rc; role++) {
        if (event->stored_roles[role] == seats->role_confirmed[role])
            continue;
        event->stored_roles[role] = seats->role_confirmed[role];
        rc =
            PUT_TALLY(store, seats->role_ceiling[role] != REG_NO_LIMIT, reg_tally_id(event->row, REG_TALLY_ROLE + role),
                      seats->role_ceiling[role], seats->role_confirmed[role], 0, 0, 0, 0);
    }
    for (unsigned i = 0; i < seats->options_n && !rc; i++) {
        const reg_option_t *option = &seats->options[i];
        if (event->stored_options[i] == option->taken)
            continue;
        event->stored_options[i] = option->taken;
        rc = PUT_TALLY(store, option->ceiling != REG_NO_LIMIT, reg_tally_id(event->row, REG_TALLY_OPTION + i),
                       option->ceiling, option->taken, 0, 0, 0, 0);
    }
    return rc;
}

int reg_store_flush(reg_store_t *store, reg_book_t *book)
{
    int rc = CV_OK;

    for (reg_event_t *event = book->dirty_events; event && !rc; event = event->next_dirty) {
        rc = put_event(store, event);
        event->is_dirty = false;
    }
    for (reg_delegation_t *d = book->dirty_delegations; d && !rc; d = d->next_dirty) {
        const reg_share_t *share = &d->share;
        rc = PUT_TALLY(store, true, d->row, share->ceiling, share->confirmed, share->waiting, share->online,
                       share->pending, share->offered, share->withdrawn, share->refused, d->answer, share->heads,
                       d->numbers, d->last_person, d->requests, (int64_t)d->private_seq, d->since);
        d->is_dirty = false;
    }
    if (!rc)
        rc = reg_store_settle(store);
    if (!rc)
        rc = put_rows(store->tally_put, store->tally_rows);
    if (rc)
        return rc; /* the batch is rolled back and the book forgotten */
    book->dirty_events = NULL;
    book->dirty_delegations = NULL;
    return CV_OK;
}

int reg_store_party_add(reg_store_t *store, const reg_party_t *party)
{
    cv_stmt_int(store->party_add, 1, party->row);
    cv_stmt_text(store->party_add, 2, cv_str(party->code));
    BIND(store->party_add, 3, party->kind, party->known);
    return cv_stmt_run(store->party_add);
}

int reg_store_party_set(reg_store_t *store, const reg_party_t *party, cv_str_t name)
{
    BIND(store->party_set, 1, party->row, party->kind);
    cv_stmt_text(store->party_set, 3, name);
    cv_stmt_int(store->party_set, 4, party->known);
    return cv_stmt_run(store->party_set);
}

int reg_store_event_add(reg_store_t *store, const reg_event_t *event)
{
    cv_stmt_int(store->event_add, 1, event->row);
    cv_stmt_text(store->event_add, 2, cv_str(event->code));
    return cv_stmt_run(store->event_add);
}

/* The rows that belong to an event: cleared and written anew. */
static int put_limits(reg_store_t *store, const reg_event_t *event)
{
    cv_stmt_int(store->limit_clear, 1, event->row);
    int rc = cv_stmt_run(store->limit_clear);
    for (unsigned role = 1; role < REG_ROLES && !rc; role++) {
        if (event->seats.role_limit[role] == REG_NO_LIMIT)
            continue;
        BIND(store->limit_add, 1, event->row, role, event->seats.role_limit[role]);
        rc = cv_stmt_run(store->limit_add);
    }
    return rc;
}

static int put_quotas(reg_store_t *store, const reg_event_t *event)
{
    cv_stmt_int(store->quota_clear, 1, event->row);
    int rc = cv_stmt_run(store->quota_clear);
    for (size_t i = 0; i < event->quotas_n && !rc; i++) {
        cv_stmt_int(store->quota_add, 1, event->row);
        cv_stmt_text(store->quota_add, 2, cv_str(event->quotas[i].party));
        BIND(store->quota_add, 3, event->quotas[i].guaranteed, event->quotas[i].maximum);
        rc = cv_stmt_run(store->quota_add);
    }
    return rc;
}

int reg_store_event_set(reg_store_t *store, reg_event_t *event)
{
    const reg_terms_t *terms = &event->terms;
    cv_stmt_t *set = store->event_set;

    BIND(set, 1, event->row, event->known);
    cv_stmt_text(set, 3, cv_str(event->title));
    cv_stmt_text(set, 4, cv_str(event->source));
    BIND(set, 5, event->version, terms->stage, terms->has_rules, terms->audience, terms->opens_ms, terms->closes_ms,
         terms->changes_close_ms, event->release_ms, event->released, event->group, event->seats.waiting_rule,
         event->seats.online_takes_seat, event->guaranteed, event->maximum, event->seats.capacity,
         terms->confirm_closes_ms, event->offer_ms, event->approval, event->approval_again, event->ends_ms,
         event->purge_days);
    int rc = cv_stmt_run(set);
    if (!rc)
        rc = put_quotas(store, event);
    if (!rc)
        rc = put_limits(store, event);
    for (unsigned role = 1; role < REG_ROLES; role++)
        event->stored_roles[role] = -1;
    for (unsigned i = 0; i < event->seats.options_n; i++)
        event->stored_options[i] = -1;
    return rc ? rc : put_event(store, event);
}

int reg_store_option_set(reg_store_t *store, const reg_event_t *event, unsigned option)
{
    const reg_option_t *o = &event->seats.options[option];

    BIND(store->option_put, 1, event->row, option);
    cv_stmt_text(store->option_put, 3, cv_str(o->name));
    cv_stmt_int(store->option_put, 4, o->limit);
    return cv_stmt_run(store->option_put);
}

int reg_store_form_set(reg_store_t *store, const reg_event_t *event, const cv_scheduling_form_v1_t *form)
{
    cv_buf_t buf;

    cv_buf_init(&buf, CV_MAX_RECORD);
    int rc = cv_msg_info_at(CV_MSG_SCHEDULING_FORM_V1)->encode(&buf, form);
    if (!rc) {
        cv_stmt_int(store->form_put, 1, event->row);
        cv_stmt_blob(store->form_put, 2, (const char *)buf.ptr, buf.len);
        rc = cv_stmt_run(store->form_put);
    }
    cv_buf_done(&buf);
    return rc;
}

int reg_store_form_drop(reg_store_t *store, const reg_event_t *event)
{
    cv_stmt_int(store->form_drop, 1, event->row);
    return cv_stmt_run(store->form_drop);
}

int reg_store_unknown(reg_store_t *store)
{
    int rc = cv_stmt_run(store->events_unknown);

    return rc ? rc : cv_stmt_run(store->parties_unknown);
}

int reg_store_contact_set(reg_store_t *store, int64_t delegation, int64_t key, const cv_contact_t *contact,
                          cv_str_t *ret_sealed)
{
    int rc = reg_vault_seal_names(store, key, REG_FOR_CONTACT, contact->name, contact->email, CV_STR_NONE, ret_sealed);

    if (rc)
        return rc;
    cv_stmt_int(store->contact_set, 1, delegation);
    cv_stmt_text(store->contact_set, 2, contact->language);
    cv_stmt_int(store->contact_set, 3, key);
    cv_stmt_blob(store->contact_set, 4, ret_sealed->ptr, ret_sealed->len);
    return cv_stmt_run(store->contact_set);
}

int reg_store_contact_get(reg_store_t *store, int64_t delegation, char text[REG_PERSON_TEXT], cv_contact_t *ret_contact)
{
    enum { LANGUAGE_ROOM = 24 }; /* at the end of text: a contact has no answers there */
    char *const language = text + REG_PERSON_TEXT - LANGUAGE_ROOM;
    cv_contact_t contact = {0};

    cv_stmt_int(store->contact_get, 1, delegation);
    int rc = cv_stmt_step(store->contact_get);
    if (rc <= 0)
        return rc ? rc : CV_ENOTFOUND;
    rc = reg_store_unseal(store, cv_stmt_get_int(store->contact_get, 0), true, cv_stmt_get_blob(store->contact_get, 1),
                          text, &contact.name, &contact.email, &(cv_str_t){0});
    if (!rc && !cv_stmt_get_null(store->contact_get, 2)) {
        rc = cv_str_copy(cv_stmt_get_text(store->contact_get, 2), language, LANGUAGE_ROOM);
        contact.language = cv_str(language);
    }
    cv_stmt_reset(store->contact_get);
    if (!rc)
        *ret_contact = contact;
    return rc;
}

/* ---- persons ------------------------------------------------------------------------------------------------- */

/* Added at the end of the batch, or before the table is read. */
int reg_store_person_add(reg_store_t *store, reg_person_t *p)
{
    const int64_t values[] = {p->id,     p->delegation, p->number, p->previous, p->state, p->role,
                              p->online, p->unit,       p->lane,   p->at_ms,    p->by,    p->id};
    cv_rows_t *rows = store->person_rows;

    p->key = p->id;
    int rc = reg_store_key_add(store, p->key);
    if (!rc)
        rc = reg_vault_seal_names(store, p->key, REG_FOR_PERSON, p->name, p->email, p->answers, &p->sealed);
    if (!rc)
        rc = cv_rows_add(rows);
    if (rc)
        return rc;
    for (int i = 0; i < (int)(sizeof values / sizeof *values); i++)
        cv_rows_int(rows, i, values[i]);
    cv_rows_blob(rows, 12, p->sealed);
    cv_rows_int(rows, 13, (int64_t)p->options);
    return CV_OK;
}

int reg_store_person_get(reg_store_t *store, int64_t id, char text[REG_PERSON_TEXT], reg_person_t *ret_person)
{
    cv_stmt_t *row = store->person_get;
    int rc = reg_store_settle(store);

    if (rc)
        return rc;
    cv_stmt_int(row, 1, id);
    rc = cv_stmt_step(row);
    if (rc <= 0)
        return rc ? rc : CV_ECORRUPT;
    *ret_person = (reg_person_t){.id = id,
                                 .delegation = cv_stmt_get_int(row, 0),
                                 .number = (unsigned)cv_stmt_get_int(row, 1),
                                 .previous = cv_stmt_get_int(row, 2),
                                 .state = (reg_state_t)cv_stmt_get_int(row, 3),
                                 .role = (unsigned)cv_stmt_get_int(row, 4),
                                 .online = cv_stmt_get_int(row, 5),
                                 .unit = cv_stmt_get_int(row, 6),
                                 .lane = cv_stmt_get_int(row, 7),
                                 .key = cv_stmt_get_int(row, 8),
                                 .at_ms = cv_stmt_get_int(row, 10),
                                 .by = cv_stmt_get_int(row, 11),
                                 .options = (reg_options_t)cv_stmt_get_int(row, 12)};
    ret_person->is_erased = cv_stmt_get_null(row, 9);
    rc = CV_OK;
    if (text)
        rc = reg_store_unseal(store, ret_person->key, false, cv_stmt_get_blob(row, 9), text, &ret_person->name,
                              &ret_person->email, &ret_person->answers);
    cv_stmt_reset(row);
    return rc == CV_ENOTFOUND ? CV_OK : rc;
}

int reg_store_person_move(reg_store_t *store, int64_t id, reg_state_t state, int64_t unit, int64_t lane)
{
    int rc = reg_store_settle(store);

    if (rc)
        return rc;
    BIND(store->person_move, 1, id, state, unit, lane);
    return cv_stmt_run(store->person_move);
}

int reg_store_person_set(reg_store_t *store, reg_person_t *p)
{
    int rc = reg_store_settle(store);

    if (!rc)
        rc = reg_vault_seal_names(store, p->key, REG_FOR_PERSON, p->name, p->email, p->answers, &p->sealed);
    if (rc)
        return rc;
    BIND(store->person_set, 1, p->id, p->state, p->unit, p->lane, p->role, p->online, p->key);
    cv_stmt_blob(store->person_set, 8, p->sealed.ptr, p->sealed.len);
    cv_stmt_int(store->person_set, 9, (int64_t)p->options);
    return cv_stmt_run(store->person_set);
}

/* Walks the chain from its end, then turns the roster round. */
int reg_store_roster(reg_store_t *store, reg_book_t *book, reg_delegation_t *delegation)
{
    reg_roster_t *roster = &delegation->roster;

    if (roster->loaded)
        return CV_OK;
    int rc = reg_store_settle(store);
    if (rc)
        return rc;
    for (int64_t id = delegation->last_person; id > 0;) {
        char text[REG_PERSON_TEXT];
        cv_str_t who = CV_STR_NONE, email, answers;
        cv_stmt_int(store->person_get, 1, id);
        rc = cv_stmt_step(store->person_get);
        if (rc <= 0)
            return rc ? rc : CV_ECORRUPT;
        int64_t state = cv_stmt_get_int(store->person_get, 3);
        bool gone = state == REG_WITHDRAWN || state == REG_REFUSED;
        rc = gone ? CV_ENOTFOUND
                  : reg_store_unseal(store, cv_stmt_get_int(store->person_get, 8), false,
                                     cv_stmt_get_blob(store->person_get, 9), text, &who, &email, &answers);
        uint64_t name = rc ? 0 : reg_name_hash(who);
        if (rc && rc != CV_ENOTFOUND) {
            cv_stmt_reset(store->person_get);
            return rc;
        }
        rc = reg_roster_add(book, delegation, id, (unsigned)cv_stmt_get_int(store->person_get, 1), name);
        id = cv_stmt_get_int(store->person_get, 2);
        cv_stmt_reset(store->person_get);
        if (rc)
            return rc;
    }
    reg_roster_reverse(roster);
    roster->loaded = true;
    return CV_OK;
}

static int read_unit(cv_stmt_t *row, reg_unit_t *ret_unit)
{
    int rc;

    ret_unit->n = 0;
    while ((rc = cv_stmt_step(row)) > 0) {
        unsigned n = ret_unit->n, role = (unsigned)cv_stmt_get_int(row, 2);
        if (n == REG_PERSONS_MAX || role == 0 || role >= REG_ROLES) {
            cv_stmt_reset(row);
            return CV_ECORRUPT;
        }
        ret_unit->id[n] = cv_stmt_get_int(row, 0);
        ret_unit->number[n] = (uint16_t)cv_stmt_get_int(row, 1);
        ret_unit->role[n] = (uint8_t)role;
        ret_unit->options[n] = (reg_options_t)cv_stmt_get_int(row, 3);
        ret_unit->n++;
    }
    return rc;
}

int reg_store_unit(reg_store_t *store, int64_t delegation, int64_t lane, int64_t unit, reg_unit_t *ret_unit)
{
    int rc = reg_store_settle(store);

    if (rc)
        return rc;
    BIND(store->unit, 1, delegation, lane, unit);
    return read_unit(store->unit, ret_unit);
}

int reg_store_offered(reg_store_t *store, int64_t unit, reg_unit_t *ret_unit)
{
    int rc = reg_store_settle(store);

    if (rc)
        return rc;
    cv_stmt_int(store->offered, 1, unit);
    return read_unit(store->offered, ret_unit);
}

int reg_store_offer_add(reg_store_t *store, int64_t unit, const reg_delegation_t *delegation, int64_t expires_ms)
{
    BIND(store->offer_add, 1, unit, delegation->event->row, delegation->row, expires_ms);
    return cv_stmt_run(store->offer_add);
}

static int read_int(cv_stmt_t *row, int64_t *ret_value)
{
    int rc = cv_stmt_step(row);

    if (rc <= 0)
        return rc ? rc : CV_ENOTFOUND;
    *ret_value = cv_stmt_get_int(row, 0);
    cv_stmt_reset(row);
    return CV_OK;
}

int reg_store_offer_get(reg_store_t *store, int64_t unit, int64_t *ret_expires_ms)
{
    cv_stmt_int(store->offer_get, 1, unit);
    return read_int(store->offer_get, ret_expires_ms);
}

int reg_store_offer_first(reg_store_t *store, int64_t event, int64_t *ret_expires_ms)
{
    cv_stmt_int(store->offer_first, 1, event);
    return read_int(store->offer_first, ret_expires_ms);
}

int reg_store_offer_drop(reg_store_t *store, int64_t unit)
{
    cv_stmt_int(store->offer_drop, 1, unit);
    return cv_stmt_run(store->offer_drop);
}

int reg_store_offer_due(reg_store_t *store, int64_t event, int64_t now_ms, int64_t *ret_unit, int64_t *ret_delegation,
                        int64_t *ret_expires_ms)
{
    BIND(store->offer_due, 1, event, now_ms);
    int rc = cv_stmt_step(store->offer_due);
    if (rc <= 0)
        return rc ? rc : CV_ENOTFOUND;
    *ret_unit = cv_stmt_get_int(store->offer_due, 0);
    *ret_delegation = cv_stmt_get_int(store->offer_due, 1);
    *ret_expires_ms = cv_stmt_get_int(store->offer_due, 2);
    cv_stmt_reset(store->offer_due);
    return CV_OK;
}

void reg_unit_need(const reg_unit_t *unit, reg_need_t *ret_need)
{
    *ret_need = (reg_need_t){0};
    for (unsigned i = 0; i < unit->n; i++)
        reg_need_add(ret_need, unit->role[i], unit->options[i]);
}

int reg_store_lane_next(reg_store_t *store, reg_book_t *book, reg_lane_t *lane)
{
    const reg_delegation_t *delegation = lane->owner;
    int rc = reg_store_settle(store);

    if (rc)
        return rc;
    BIND(store->lane_next, 1, delegation->row, lane->key);
    rc = cv_stmt_step(store->lane_next);
    if (rc < 0)
        return rc;
    if (rc == 0) {
        reg_lane_close(book, lane);
        return CV_OK;
    }
    int64_t head = cv_stmt_get_int(store->lane_next, 0);
    cv_stmt_reset(store->lane_next);
    if (lane->need.size > 1 || lane->need.options) { /* the same by its key, but a key is only a hash */
        reg_unit_t unit;
        rc = reg_store_unit(store, delegation->row, lane->key, head, &unit);
        if (rc)
            return rc;
        reg_unit_need(&unit, &lane->need);
    }
    lane->head = head;
    return CV_OK;
}

/* ---- codes --------------------------------------------------------------------------------------------------- */

static int collect_codes(cv_stmt_t *stmt, int64_t limit, cv_arena_t *arena, cv_str_t *ret_codes, size_t *ret_n)
{
    size_t n = 0;
    int rc;

    while ((rc = cv_stmt_step(stmt)) > 0) {
        cv_str_t code = cv_arena_str(arena, cv_stmt_get_text(stmt, 0));
        if (!code.ptr || n == (size_t)limit) {
            cv_stmt_reset(stmt);
            return code.ptr ? CV_EINTERNAL : CV_ENOMEM;
        }
        ret_codes[n++] = code;
    }
    if (rc)
        return rc;
    *ret_n = n;
    return CV_OK;
}

int reg_store_event_codes(reg_store_t *store, cv_str_t after, int64_t limit, cv_arena_t *arena, cv_str_t *ret_codes,
                          size_t *ret_n)
{
    cv_stmt_text(store->event_codes, 1, after.ptr ? after : CV_STR(""));
    cv_stmt_int(store->event_codes, 2, limit);
    return collect_codes(store->event_codes, limit, arena, ret_codes, ret_n);
}

int reg_store_party_codes(reg_store_t *store, int64_t event, cv_str_t after, int64_t limit, cv_arena_t *arena,
                          cv_str_t *ret_codes, size_t *ret_n)
{
    BIND(store->party_codes, 1, reg_tally_id(event, 0), reg_tally_id(event, REG_TALLY_ROLE));
    cv_stmt_text(store->party_codes, 3, after.ptr ? after : CV_STR(""));
    cv_stmt_int(store->party_codes, 4, limit);
    return collect_codes(store->party_codes, limit, arena, ret_codes, ret_n);
}
