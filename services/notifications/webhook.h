/* webhook: a notice as one signed HTTP request (Standard Webhooks 1.0).
 * SPDX-License-Identifier: Apache-2.0
 *
 *   webhook-id           the notice's id with ':' for '.': the receiver drops what it has seen, and the dot separates
 *                        what is signed
 *   webhook-timestamp    seconds, of the attempt
 *   webhook-signature    for each secret that is good now  v1,BASE64(HMAC-SHA256)  v1a,BASE64(Ed25519)
 *                        over  ID.TIMESTAMP.BODY, with spaces between
 *   body                 JSON: type, timestamp (of the record), data: notice, kind, event, party, cause. No names and no
 *                        text: whoever may see more asks for it with a key
 *
 * No secret is stored. What signs for a webhook is made from the key file of the service, the number of the webhook, the
 * generation, which each rotation raises, and the salt, drawn when the webhook is set:
 *
 *   BLAKE2b-256, keyed by the key file, over  purpose | 0 | number | generation | salt
 *
 * So a copy of the database has no secret, and who loses the key file has to rotate every webhook. A number is never given
 * twice but by a restored backup, which knows nothing of those given since; the salt makes the secrets differ even then.
 * Webhooks from before there was a salt have none, and keep their secrets until their address changes.
 */
#ifndef NOTIFICATIONS_WEBHOOK_H
#define NOTIFICATIONS_WEBHOOK_H

#include "convene/messages.h"
#include "convene/seal.h"

enum {
    NTF_WEBHOOK_SECRET = 32,
    NTF_WEBHOOK_SALT = 16,
    NTF_WEBHOOK_BODY_MAX = 20 * 1024,
    NTF_WEBHOOK_KEY_TEXT = 64,       /* octets of whsec_... or whpk_... */
    NTF_WEBHOOK_SIGNATURE_MAX = 400, /* octets of the header's value with two generations */
    NTF_WEBHOOK_GENERATIONS = 2,     /* that sign at once */
    NTF_URL_MAX = 1000,
    NTF_HOST_MAX = 300, /* octets of scheme, host and port */
};

/* Of one webhook: what its secrets are made from. */
typedef struct {
    int64_t number;
    bool is_salted;
    uint8_t salt[NTF_WEBHOOK_SALT];
} ntf_webhook_origin_t;

typedef struct {
    uint8_t hmac[NTF_WEBHOOK_SECRET];
    uint8_t seed[NTF_WEBHOOK_SECRET]; /* of the Ed25519 key */
} ntf_webhook_secret_t;

void ntf_webhook_derive(const cv_seal_key_t *master, const ntf_webhook_origin_t *of, int64_t generation,
                        ntf_webhook_secret_t *ret_secret);
/* "whsec_..." and "whpk_...". */
void ntf_webhook_secret_text(const ntf_webhook_secret_t *secret, char ret_text[NTF_WEBHOOK_KEY_TEXT + 1]);
void ntf_webhook_public_text(const ntf_webhook_secret_t *secret, char ret_text[NTF_WEBHOOK_KEY_TEXT + 1]);

/* The value of webhook-signature. CV_ELIMIT, CV_ENOMEM. */
int ntf_webhook_sign(const ntf_webhook_secret_t *secrets, size_t n, cv_str_t id, int64_t timestamp_s, cv_str_t body,
                     cv_buf_t *buf) CV_USE_RESULT;

/* Puts the body. CV_ELIMIT: over the buffer's maximum. */
int ntf_webhook_body(cv_str_t kind, cv_str_t notice, cv_str_t cause, cv_str_t event, cv_str_t party, int64_t time_ms,
                     cv_buf_t *buf) CV_USE_RESULT;

/* Why an address cannot be a webhook's, for people; NULL: it can. plain: http is allowed too. Nothing in it could end a
 * header, hide another host or name a user. */
const char *ntf_webhook_url_fault(cv_str_t url, bool plain);
/* Scheme, host and port in small letters: what is one destination. The address is a usable one. */
void ntf_webhook_host(cv_str_t url, char ret_host[NTF_HOST_MAX + 1]);

#endif
