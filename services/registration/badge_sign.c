/* badge_sign: which key signs badges: taken into use, rotated, revoked. See badge.h and badge_keys.h.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The newest row of badge_key signs, if its secret half is here and it is not revoked. Its public half goes into the
 * database, and to everybody, in the transaction in which it comes into use.
 */
#include "registration/badge.h"

#include <stdio.h>
#include <string.h>

typedef struct {
    reg_key_t keys[REG_KEYS_MAX];
    size_t n;
} ring_t;

void reg_key_fill(const reg_key_t *key, bool is_current, cv_registration_badge_key_v1_t *ret_row)
{
    *ret_row = (cv_registration_badge_key_v1_t){
        .key = key->key.id,
        .public = {(const char *)key->key.public_key, CV_BADGE_PUBLIC},
        .from_ms = key->from_ms,
        .has_until_ms = key->key.until_ms != 0,
        .until_ms = key->key.until_ms,
        .has_revoked_ms = key->revoked_ms != 0,
        .revoked_ms = key->revoked_ms,
        .is_current = is_current,
    };
}

static int tell(cv_tx_t *tx, const reg_key_t *key, bool is_current)
{
    cv_registration_badge_key_v1_t row;
    char subject[16];

    reg_key_fill(key, is_current, &row);
    snprintf(subject, sizeof subject, "%lld", (long long)row.key);
    return cv_tx_emit(tx, REG_STREAM_EVENTS, CV_MSG_REGISTRATION_BADGE_KEY_V1, cv_str(subject), &row, NULL);
}

/* Index of the seed that signs; -1: none does. */
static int in_use(const reg_t *self, const ring_t *ring)
{
    return ring->n && !ring->keys[0].revoked_ms ? reg_signers_find(&self->signers, ring->keys[0].key.public_key) : -1;
}

/* The seed to take into use next; -1: there is none yet. */
static int next_seed(const reg_t *self, const ring_t *ring)
{
    for (int i = in_use(self, ring) + 1; self->signers.has && i < 2; i++) {
        bool is_revoked = false;
        for (size_t k = 0; k < ring->n; k++)
            is_revoked |= ring->keys[k].revoked_ms &&
                          memcmp(ring->keys[k].key.public_key, self->signers.public_key[i], CV_BADGE_PUBLIC) == 0;
        if (!is_revoked)
            return i;
    }
    return -1;
}

static int take_into_use(reg_t *self, cv_tx_t *tx, const ring_t *ring, int seed)
{
    reg_key_t key = {.n = ring->n ? ring->keys[0].n + 1 : 1, .from_ms = cv_tx_now_ms(tx)};
    const uint8_t *public_key = self->signers.public_key[seed];
    bool is_known = false;

    for (size_t i = 0; i < ring->n && !is_known; i++) { /* from before a backup was restored */
        is_known = memcmp(ring->keys[i].key.public_key, public_key, CV_BADGE_PUBLIC) == 0;
        if (is_known)
            key.from_ms = ring->keys[i].from_ms;
    }
    memcpy(key.key.public_key, public_key, CV_BADGE_PUBLIC);
    key.key.id = cv_badge_key_id(public_key);
    self->signers_used = true;
    int rc = is_known ? reg_key_set(self->badges, &key) : reg_key_add(self->badges, &key);
    return rc ? rc : tell(tx, &key, true);
}

int reg_need_key(reg_t *self, cv_tx_t *tx)
{
    ring_t ring;
    int rc = reg_keys_load(self->badges, ring.keys, &ring.n);

    if (rc || in_use(self, &ring) >= 0)
        return rc;
    int seed = next_seed(self, &ring);
    if (seed < 0)
        return CV_OK;
    rc = take_into_use(self, tx, &ring, seed);
    return !rc && ring.n ? tell(tx, &ring.keys[0], false) : rc;
}

int reg_signing_seed(reg_t *self, const uint8_t **ret_seed, uint32_t *ret_key)
{
    ring_t ring;
    int rc = reg_keys_load(self->badges, ring.keys, &ring.n);

    if (rc)
        return rc;
    int seed = in_use(self, &ring);
    if (seed < 0)
        return CV_EUNAVAIL;
    *ret_seed = self->signers.seed[seed];
    *ret_key = ring.keys[0].key.id;
    return CV_OK;
}

/* ---- requests ------------------------------------------------------------------------------------------------ */

static int no_key(cv_tx_t *tx, cv_outcome_t *out)
{
    return cv_refuse_as(tx, out, CV_EUNAVAIL, "no_next_key", NULL,
                        "There is no other key to sign with yet; is the service's directory writable?");
}

int reg_rotate_key(reg_t *self, cv_tx_t *tx, const cv_registration_badge_key_rotate_v1_t *request, cv_outcome_t *out)
{
    ring_t ring;
    int rc = reg_keys_load(self->badges, ring.keys, &ring.n);
    int seed = rc ? -1 : next_seed(self, &ring);

    if (rc)
        return rc;
    if (request->has_until_ms && request->until_ms <= cv_tx_now_ms(tx))
        return cv_refuse(tx, out, "past", "data.until_ms",
                         "An end that is past would revoke the keys before: see registration.badge.key.revoke.");
    if (seed < 0)
        return no_key(tx, out);
    for (size_t i = 0; !rc && i < ring.n; i++) {
        reg_key_t *key = &ring.keys[i];
        bool ends =
            request->has_until_ms && !key->revoked_ms && (!key->key.until_ms || key->key.until_ms > request->until_ms);
        if (ends)
            key->key.until_ms = request->until_ms;
        if (ends)
            rc = reg_key_set(self->badges, key);
        if (!rc && (ends || i == 0))
            rc = tell(tx, key, false);
    }
    if (!rc)
        rc = take_into_use(self, tx, &ring, seed);
    return rc ? rc
              : cv_accept(tx, out, "key_rotated",
                          "Key %u signs badges now; gates need it before they see a badge that it signed.",
                          cv_badge_key_id(self->signers.public_key[seed]));
}

int reg_revoke_key(reg_t *self, cv_tx_t *tx, const cv_registration_badge_key_revoke_v1_t *request, cv_outcome_t *out)
{
    ring_t ring;
    size_t at = 0;
    int rc = reg_keys_load(self->badges, ring.keys, &ring.n);

    if (rc)
        return rc;
    while (at < ring.n && ring.keys[at].key.id != request->key)
        at++;
    if (at == ring.n)
        return cv_refuse(tx, out, "key_unknown", "data.key", "No key %lld has ever signed badges here.",
                         (long long)request->key);
    if (ring.keys[at].revoked_ms)
        return cv_refuse(tx, out, "key_revoked", "data.key", "Key %lld is revoked already.", (long long)request->key);
    int seed = at == 0 ? next_seed(self, &ring) : -1;
    if (at == 0 && seed < 0)
        return no_key(tx, out);
    ring.keys[at].revoked_ms = cv_tx_now_ms(tx);
    rc = reg_key_set(self->badges, &ring.keys[at]);
    if (!rc)
        rc = tell(tx, &ring.keys[at], false);
    if (!rc && seed >= 0)
        rc = take_into_use(self, tx, &ring, seed);
    return rc ? rc
              : cv_accept(tx, out, "key_revoked",
                          "Key %lld is revoked; badges signed with it must be printed anew. A gate knows it when it "
                          "next brings its data up to date.",
                          (long long)request->key);
}

/* ---- after the turn ------------------------------------------------------------------------------------------ */

int reg_badge_afterwards(reg_t *self)
{
    ring_t ring;

    if (!self->signers_used)
        return CV_OK;
    int rc = reg_keys_load(self->badges, ring.keys, &ring.n);
    if (!rc && ring.n && reg_signers_find(&self->signers, ring.keys[0].key.public_key) == 1)
        rc = reg_signers_move_on(&self->signers);
    if (rc)
        return CV_EUNAVAIL; /* tried again after the next turn; until then the next rotation has to wait */
    self->signers_used = false;
    return CV_OK;
}
