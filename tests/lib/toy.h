/* toy: three small services for tests: a bank, a mirror that follows it, an audit that follows both.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The bank takes scheduling.venue.put.v1 and reads it as: code = account, name = command, capacity = amount. It writes
 * scheduling.venue.v1: code = account, name = number of the change, city = signed amount, capacity = new balance.
 * Whoever applies these records can check each against what it has: balance and number must follow from the last ones.
 *
 *   put take          change the balance; take is refused (REJECTED) when there is too little
 *   invalid missing   refused as INVALID, NOTFOUND
 *   fail notfound     write something, then return an error nobody announced
 *   flush             makes flush() fail with CV_ENOTFOUND
 *   later never       set (in `amount` ms) and cancel a timer that puts 1 on the account
 *   broken            set a timer whose handler fails
 *   poison            writes a record that the followers cannot apply; the account stays as it is
 *   talk              refused with a sentence that is too long and has line feeds in it
 *   many              writes `amount` records of about 2.7 KB
 *   memory            takes `amount` octets of the arena
 */
#ifndef CONVENE_TESTS_TOY_H
#define CONVENE_TESTS_TOY_H

#include "convene/ids.h"
#include "convene/service.h"

extern const cv_service_def_t TOY_BANK;   /* "scheduling": streams scheduling.events and, private, scheduling.private */
extern const cv_service_def_t TOY_MIRROR; /* "registration": follows both streams of the bank, halts on poison */
extern const cv_service_def_t TOY_AUDIT;  /* "notifications": follows bank and mirror, parks poison */

/* Records that did not follow from the state they were applied to, in all toys so far; and the last of them. */
extern unsigned toy_violations;
extern char toy_violation[256];
/* Keys of the timers that ran, in order: "A,B,". Cleared by the test. */
extern char toy_timers[256];

/* Writes one request. inbox NULL: "inbox-0001". */
int toy_request(cv_buf_t *buf, const char *id, const char *inbox, const char *command, const char *account,
                int64_t amount, int64_t expiry_ms);
/* "00000000-0000-7000-8000-<number>" */
const char *toy_id(uint64_t number);
/* What the bank holds, or what the others saw of `stream`: "A=5/2 B=1/1 " (balance/changes), in order. */
void toy_dump(cv_db_t *db, const char *stream, char *ret_text, size_t size);

#endif
