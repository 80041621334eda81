/* store_vault: sealing and opening what is stored of persons, and the secrets for it. See vault.h.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Name, address and answers of a person are sealed together, as a MessagePack map: who adds to what is kept of a person
 * adds a key there, and what was sealed before stays readable. A destroyed secret is 32 zero octets in its old place.
 */
#include "registration/statements.h"
#include <sodium.h>
#include <string.h>

/* ---- keys ---------------------------------------------------------------------------------------------------- */

static cv_seal_key_t *keep_key(reg_store_t *store, int64_t key, const uint8_t bits[CV_SEAL_SECRET])
{
    size_t at = (uint64_t)key % REG_KEYS_KEPT;

    cv_seal_derive(&store->master, key, bits, &store->keys[at].derived);
    store->keys[at].key = key;
    return &store->keys[at].derived;
}

int reg_store_key_add(reg_store_t *store, int64_t key)
{
    char *bits = cv_arena_take(cv_tx_arena(store->tx), CV_SEAL_SECRET);
    int rc = bits ? cv_rows_add(store->secret_rows) : CV_ENOMEM;

    if (rc)
        return rc;
    cv_tx_random(store->tx, bits, CV_SEAL_SECRET);
    cv_rows_int(store->secret_rows, 0, key);
    cv_rows_blob(store->secret_rows, 1, (cv_str_t){bits, CV_SEAL_SECRET});
    keep_key(store, key, (const uint8_t *)bits);
    return CV_OK;
}

/* The key of a secret. CV_ENOTFOUND: there is none any more. */
static int find_key(reg_store_t *store, int64_t key, const cv_seal_key_t **ret_key)
{
    size_t at = (uint64_t)key % REG_KEYS_KEPT;

    if (key <= 0)
        return CV_ENOTFOUND;
    if (store->keys[at].key == key) {
        *ret_key = &store->keys[at].derived;
        return CV_OK;
    }
    int rc = reg_store_settle(store);
    if (rc)
        return rc;
    cv_stmt_int(store->secret_get, 1, key);
    rc = cv_stmt_step(store->secret_get);
    if (rc <= 0)
        return rc ? rc : CV_ENOTFOUND;
    cv_str_t bits = cv_stmt_get_blob(store->secret_get, 0);
    rc = bits.len != CV_SEAL_SECRET                                  ? CV_ECORRUPT
         : sodium_is_zero((const uint8_t *)bits.ptr, CV_SEAL_SECRET) ? CV_ENOTFOUND
                                                                     : CV_OK;
    if (!rc)
        *ret_key = keep_key(store, key, (const uint8_t *)bits.ptr);
    cv_stmt_reset(store->secret_get);
    return rc;
}

/* ---- sealing --------------------------------------------------------------------------------------------------- */

int reg_vault_seal(reg_store_t *store, int64_t key, uint8_t purpose, cv_str_t text, cv_str_t *ret_sealed)
{
    const cv_seal_key_t *derived;
    uint8_t nonce[CV_SEAL_NONCE];
    int rc = find_key(store, key, &derived);

    if (rc)
        return rc;
    char *sealed = cv_arena_take(cv_tx_arena(store->tx), text.len + CV_SEAL_MORE);
    if (!sealed)
        return CV_ENOMEM;
    cv_tx_random(store->tx, nonce, sizeof nonce);
    cv_seal(derived, nonce, purpose, text, sealed);
    *ret_sealed = (cv_str_t){sealed, text.len + CV_SEAL_MORE};
    return CV_OK;
}

int reg_vault_open(reg_store_t *store, int64_t key, uint8_t purpose, cv_str_t sealed, char *ret_text, size_t size,
                   cv_str_t *ret_view)
{
    const cv_seal_key_t *derived;

    if (!sealed.ptr)
        return CV_ENOTFOUND;
    int rc = find_key(store, key, &derived);
    if (!rc)
        rc = sealed.len < CV_SEAL_MORE || sealed.len - CV_SEAL_MORE > size
                 ? CV_ECORRUPT
                 : cv_seal_open(derived, purpose, sealed, ret_text);
    if (!rc)
        *ret_view = (cv_str_t){ret_text, sealed.len - CV_SEAL_MORE};
    return rc;
}

static void put_text(cv_buf_t *buf, const char *name, cv_str_t value)
{
    msgpack_packer packer;

    msgpack_packer_init(&packer, buf, cv_buf_pack);
    msgpack_pack_str_with_body(&packer, name, strlen(name));
    msgpack_pack_str_with_body(&packer, value.ptr, value.len);
}

int reg_vault_pack_names(cv_buf_t *buf, cv_str_t name, cv_str_t email, cv_str_t answers)
{
    const uint8_t map = (uint8_t)(0x81 + (email.ptr != NULL) + (answers.ptr != NULL));

    cv_buf_put(buf, &map, sizeof map);
    put_text(buf, "name", name);
    if (email.ptr)
        put_text(buf, "email", email);
    if (answers.ptr) /* packed before: MessagePack in MessagePack */
        put_text(buf, "answers", answers);
    return buf->rc;
}

int reg_vault_seal_names(reg_store_t *store, int64_t key, uint8_t purpose, cv_str_t name, cv_str_t email,
                         cv_str_t answers, cv_str_t *ret_sealed)
{
    cv_buf_t buf = {.ptr = (uint8_t *)store->plain, .room = sizeof store->plain, .max = sizeof store->plain};

    int rc = reg_vault_pack_names(&buf, name, email, answers);
    if (!rc)
        rc = reg_vault_seal(store, key, purpose, cv_buf_str(&buf), ret_sealed);
    sodium_memzero(store->plain, buf.len);
    return rc;
}

static cv_str_t keep(cv_str_t text, char **at, const char *end)
{
    if (text.len > (size_t)(end - *at))
        return CV_STR_NONE;
    memcpy(*at, text.ptr, text.len);
    text.ptr = *at;
    *at += text.len;
    return text;
}

int reg_store_unseal(reg_store_t *store, int64_t key, bool contact, cv_str_t sealed, char text[REG_PERSON_TEXT],
                     cv_str_t *ret_name, cv_str_t *ret_email, cv_str_t *ret_answers)
{
    cv_str_t plain, name = CV_STR_NONE, email = CV_STR_NONE, answers = CV_STR_NONE;
    char *at = text;
    size_t offset = 0;
    int rc = reg_vault_open(store, key, contact ? REG_FOR_CONTACT : REG_FOR_PERSON, sealed, store->plain,
                            sizeof store->plain, &plain);

    if (rc)
        return rc;
    msgpack_unpacked unpacked;
    msgpack_unpacked_init(&unpacked);
    if (msgpack_unpack_next(&unpacked, plain.ptr, plain.len, &offset) == MSGPACK_UNPACK_SUCCESS &&
        unpacked.data.type == MSGPACK_OBJECT_MAP) {
        for (uint32_t i = 0; i < unpacked.data.via.map.size; i++) {
            const msgpack_object_kv *pair = &unpacked.data.via.map.ptr[i];
            if (pair->key.type != MSGPACK_OBJECT_STR || pair->val.type != MSGPACK_OBJECT_STR)
                continue;
            cv_str_t word = {pair->key.via.str.ptr, pair->key.via.str.size};
            cv_str_t value = {pair->val.via.str.ptr, pair->val.via.str.size};
            if (cv_str_is(word, "name"))
                name = keep(value, &at, text + REG_PERSON_TEXT);
            else if (cv_str_is(word, "email"))
                email = keep(value, &at, text + REG_PERSON_TEXT);
            else if (cv_str_is(word, "answers"))
                answers = keep(value, &at, text + REG_PERSON_TEXT);
        }
    }
    msgpack_unpacked_destroy(&unpacked);
    sodium_memzero(store->plain, plain.len);
    if (!name.ptr)
        return CV_ECORRUPT;
    *ret_name = name;
    *ret_email = email;
    *ret_answers = answers;
    return CV_OK;
}

/* ---- erasing --------------------------------------------------------------------------------------------------- */

static int end_keys(reg_store_t *store, cv_stmt_t *end, int64_t of)
{
    int rc = reg_store_settle(store);

    if (rc)
        return rc;
    sodium_memzero(store->keys, sizeof store->keys);
    cv_stmt_int(end, 1, of);
    rc = cv_stmt_run(end);
    return rc ? rc : cv_tx_scrub(store->tx, false);
}

static int run_for(cv_stmt_t *stmt, int64_t id)
{
    cv_stmt_int(stmt, 1, id);
    return cv_stmt_run(stmt);
}

int reg_store_person_erase(reg_store_t *store, int64_t person)
{
    int rc = end_keys(store, store->secrets_end, person);

    if (!rc)
        rc = run_for(store->person_blank, person);
    if (!rc)
        rc = run_for(store->changes_blank, person);
    return rc ? rc : run_for(store->proposal_drop, person);
}

int reg_store_contact_erase(reg_store_t *store, int64_t delegation, int64_t key)
{
    int rc = end_keys(store, store->secret_end, key);

    return rc ? rc : run_for(store->contact_drop, delegation);
}

/* ---- the master key -------------------------------------------------------------------------------------------- */

int reg_store_has_master(reg_store_t *store, bool *ret_has)
{
    int rc = cv_stmt_step(store->proof_get);

    if (rc < 0)
        return rc;
    *ret_has = rc > 0;
    cv_stmt_reset(store->proof_get);
    return CV_OK;
}

int reg_store_master(reg_store_t *store, const cv_seal_key_t *master)
{
    uint8_t proof[CV_SEAL_PROOF];

    store->master = *master;
    cv_seal_proof(master, proof);
    int rc = cv_stmt_step(store->proof_get);
    if (rc < 0)
        return rc;
    if (rc > 0) {
        cv_str_t known = cv_stmt_get_blob(store->proof_get, 0);
        bool same = known.len == sizeof proof && memcmp(known.ptr, proof, sizeof proof) == 0;
        cv_stmt_reset(store->proof_get);
        return same ? CV_OK : CV_EDENIED;
    }
    cv_stmt_blob(store->proof_set, 1, proof, sizeof proof);
    return cv_stmt_run(store->proof_set);
}
