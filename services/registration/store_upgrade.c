/* store_upgrade: names and addresses that an older version stored as plain text become sealed. See vault.h.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One transaction: each row gets a secret and what is sealed with it, then the columns with plain text go. It works on
 * the tables as they are then, so statements are made here and not with the others. A database that is new goes the
 * same way, with no rows.
 */
#include "registration/statements.h"
#include <sodium.h>
#include <string.h>

typedef struct {
    reg_store_t *store;
    cv_stmt_t *add_secret;
    int64_t rows; /* sealed so far */
    int64_t key;  /* at hand */
    cv_seal_key_t derived;
} upgrade_t;

static int new_key(upgrade_t *self, int64_t key)
{
    uint8_t bits[CV_SEAL_SECRET];

    cv_tx_random(self->store->tx, bits, sizeof bits);
    cv_seal_derive(&self->store->master, key, bits, &self->derived);
    self->key = key;
    cv_stmt_int(self->add_secret, 1, key);
    cv_stmt_blob(self->add_secret, 2, bits, sizeof bits);
    int rc = cv_stmt_run(self->add_secret);
    sodium_memzero(bits, sizeof bits);
    return rc;
}

static cv_str_t seal(upgrade_t *self, uint8_t purpose, cv_str_t text, char *room)
{
    uint8_t nonce[CV_SEAL_NONCE];

    cv_tx_random(self->store->tx, nonce, sizeof nonce);
    cv_seal(&self->derived, nonce, purpose, text, room);
    return (cv_str_t){room, text.len + CV_SEAL_MORE};
}

/* Seals name and email of the row that `read` stands on; into room. */
static int seal_names(upgrade_t *self, cv_stmt_t *read, int first, uint8_t purpose,
                      char room[REG_PLAIN_MAX + CV_SEAL_MORE], cv_str_t *ret_sealed)
{
    cv_buf_t buf = {
        .ptr = (uint8_t *)self->store->plain, .room = sizeof self->store->plain, .max = sizeof self->store->plain};

    int rc = reg_vault_pack_names(&buf, cv_stmt_get_text(read, first), cv_stmt_get_text(read, first + 1), CV_STR_NONE);
    if (rc)
        return rc;
    *ret_sealed = seal(self, purpose, cv_buf_str(&buf), room);
    sodium_memzero(self->store->plain, buf.len);
    self->rows++;
    return CV_OK;
}

/* The next row of a table with an integer key above *at; CV_ENOTFOUND: no more. */
static int next(cv_stmt_t *read, int64_t *at)
{
    cv_stmt_int(read, 1, *at);
    int rc = cv_stmt_step(read);
    if (rc <= 0)
        return rc ? rc : CV_ENOTFOUND;
    *at = cv_stmt_get_int(read, 0);
    return CV_OK;
}

static int seal_table(upgrade_t *self, const char *read_sql, const char *set_sql, uint8_t purpose, int64_t *next_key)
{
    char room[REG_PLAIN_MAX + CV_SEAL_MORE];
    cv_stmt_t *read, *set;
    int64_t at = 0;

    int rc = cv_db_prepare(self->store->db, read_sql, &read);
    if (!rc)
        rc = cv_db_prepare(self->store->db, set_sql, &set);
    while (!rc && !(rc = next(read, &at))) {
        cv_str_t sealed;
        rc = new_key(self, next_key ? (*next_key)++ : at);
        if (!rc)
            rc = seal_names(self, read, 1, purpose, room, &sealed);
        cv_stmt_reset(read);
        if (rc)
            break;
        cv_stmt_int(set, 1, at);
        cv_stmt_int(set, 2, self->key);
        cv_stmt_blob(set, 3, sealed.ptr, sealed.len);
        rc = cv_stmt_run(set);
    }
    return rc == CV_ENOTFOUND ? CV_OK : rc;
}

/* The key of a person that is sealed by now. */
static int take_key(upgrade_t *self, cv_stmt_t *get, int64_t person)
{
    cv_stmt_int(get, 1, person);
    int rc = cv_stmt_step(get);
    if (rc <= 0)
        return rc ? rc : CV_ECORRUPT;
    cv_str_t bits = cv_stmt_get_blob(get, 0);
    if (bits.len == CV_SEAL_SECRET)
        cv_seal_derive(&self->store->master, person, (const uint8_t *)bits.ptr, &self->derived);
    else
        rc = CV_ECORRUPT;
    cv_stmt_reset(get);
    self->key = person;
    return rc > 0 ? CV_OK : rc;
}

/* Earlier states of persons, and proposed ones: with the person's key. Columns: person, n, name, email, reason. */
static int seal_states(upgrade_t *self, const char *read_sql, const char *set_sql)
{
    char room[REG_PLAIN_MAX + CV_SEAL_MORE], reason_room[REG_REASON_TEXT + CV_SEAL_MORE];
    cv_stmt_t *read, *set, *get;

    int rc = cv_db_prepare(self->store->db, read_sql, &read);
    if (!rc)
        rc = cv_db_prepare(self->store->db, set_sql, &set);
    if (!rc)
        rc = cv_db_prepare(self->store->db, "SELECT bits FROM secret WHERE id = ?", &get);
    while (!rc && (rc = cv_stmt_step(read)) > 0) {
        cv_str_t sealed, reason = cv_stmt_get_text(read, 4), sealed_reason = CV_STR_NONE;
        int64_t person = cv_stmt_get_int(read, 0), n = cv_stmt_get_int(read, 1);
        rc = reason.len > REG_REASON_TEXT ? CV_ECORRUPT : take_key(self, get, person);
        if (!rc)
            rc = seal_names(self, read, 2, REG_FOR_PERSON, room, &sealed);
        if (!rc && reason.ptr)
            sealed_reason = seal(self, REG_FOR_REASON, reason, reason_room);
        cv_stmt_reset(read);
        if (rc)
            break;
        cv_stmt_int(set, 1, person);
        cv_stmt_int(set, 2, n);
        cv_stmt_blob(set, 3, sealed.ptr, sealed.len);
        cv_stmt_blob(set, 4, sealed_reason.ptr, sealed_reason.len);
        rc = cv_stmt_run(set);
    }
    return rc;
}

static int has_plain_columns(reg_store_t *store, bool *ret_has)
{
    cv_stmt_t *find;
    int rc = cv_db_prepare(store->db, "SELECT 1 FROM pragma_table_info('person') WHERE name = 'name'", &find);

    if (!rc)
        rc = cv_stmt_step(find);
    if (rc < 0)
        return rc;
    *ret_has = rc > 0;
    cv_stmt_reset(find);
    return CV_OK;
}

int reg_store_seal_old(reg_store_t *store, reg_book_t *book, bool *ret_any)
{
    upgrade_t self = {.store = store};
    bool has;

    *ret_any = false;
    int rc = has_plain_columns(store, &has);
    if (rc || !has)
        return rc;
    rc = cv_db_prepare(store->db, "INSERT INTO secret(id, bits) VALUES(?, ?)", &self.add_secret);
    if (!rc)
        rc = seal_table(&self, "SELECT id, name, email FROM person WHERE id > ? ORDER BY id LIMIT 1",
                        "UPDATE person SET secret = ?2, sealed = ?3 WHERE id = ?1", REG_FOR_PERSON, NULL);
    if (!rc)
        rc = seal_table(
            &self, "SELECT delegation, name, email FROM contact WHERE delegation > ? ORDER BY delegation LIMIT 1",
            "UPDATE contact SET secret = ?2, sealed = ?3 WHERE delegation = ?1", REG_FOR_CONTACT, &book->next_person);
    if (!rc)
        rc = seal_states(&self, "SELECT person, n, name, email, reason FROM change WHERE sealed IS NULL LIMIT 1",
                         "UPDATE change SET secret = ?1, sealed = ?3, sealed_reason = ?4 WHERE person = ?1 AND n = ?2");
    if (!rc)
        rc = seal_states(&self, "SELECT person, 0, name, email, NULL FROM proposal WHERE sealed IS NULL LIMIT 1",
                         "UPDATE proposal SET secret = ?1, sealed = ?3 WHERE person = ?1 AND ?2 = 0 AND ?4 IS NULL");
    if (!rc)
        rc = cv_db_exec(store->db, "ALTER TABLE person DROP COLUMN name; ALTER TABLE person DROP COLUMN email;"
                                   "ALTER TABLE contact DROP COLUMN name; ALTER TABLE contact DROP COLUMN email;"
                                   "ALTER TABLE proposal DROP COLUMN name; ALTER TABLE proposal DROP COLUMN email;"
                                   "ALTER TABLE change DROP COLUMN name; ALTER TABLE change DROP COLUMN email;"
                                   "ALTER TABLE change DROP COLUMN reason;");
    sodium_memzero(&self.derived, sizeof self.derived);
    if (!rc)
        *ret_any = self.rows > 0;
    return rc;
}
