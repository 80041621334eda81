/* store_consent: the SQL of consents.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   consent   one row per consent that was ever recorded, in that order; at most one of a person and purpose is in force
 *
 * All of it is read and written at once: nothing of it is kept in memory, so a rollback needs no care.
 */
#ifndef CONVENE_REGISTRATION_STORE_CONSENT_H
#define CONVENE_REGISTRATION_STORE_CONSENT_H

#include "convene/store.h"

extern const char reg_consent_tables[]; /* a migration */

typedef struct reg_consents reg_consents_t; /* the prepared statements */
int reg_consents_open(cv_db_t *db, reg_consents_t **ret_consents) CV_USE_RESULT;
void reg_consents_close(reg_consents_t **consents);

enum { REG_CONSENT_DAY = 11, REG_CONSENT_TEXT = 65 };
/* purpose: cv_consent_purpose_t; end: cv_consent_end_t, 0 while it is in force. Both are stored. */
typedef struct {
    int64_t id, person, event; /* person, event: their rows */
    int purpose, end;
    char text[REG_CONSENT_TEXT], given[REG_CONSENT_DAY], until[REG_CONSENT_DAY]; /* until "": as long as the data */
    char by[REG_CONSENT_TEXT];
    int64_t at_ms, until_ms, ended_ms; /* until_ms: the first instant without it; 0: none */
    int64_t delegation, number;        /* of the person; only when read */
} reg_consent_t;
int reg_consent_add(reg_consents_t *consents, const reg_consent_t *consent) CV_USE_RESULT;
/* purpose 0: all of the person. *ret_n: how many were in force. */
int reg_consent_end(reg_consents_t *consents, int64_t person, int purpose, int end, int64_t ended_ms,
                    int64_t *ret_n) CV_USE_RESULT;
/* Of those in force at the event the one that runs out first. CV_ENOTFOUND: none runs out. */
int reg_consent_first(reg_consents_t *consents, int64_t event, reg_consent_t *ret_consent) CV_USE_RESULT;
/* The first after *after that concerns the event, and where they are not 0 the delegation and the person's number.
 * Moves *after on. CV_ENOTFOUND: no more. */
int reg_consent_next(reg_consents_t *consents, int64_t event, int64_t delegation, int64_t number, int64_t *after,
                     reg_consent_t *ret_consent) CV_USE_RESULT;
/* When the one that ended first did; CV_ENOTFOUND: none has. */
int reg_consent_oldest(reg_consents_t *consents, int64_t *ret_ended_ms) CV_USE_RESULT;
/* Forgets those that ended before since_ms, at most n. */
int reg_consent_trim(reg_consents_t *consents, int64_t since_ms, int64_t n) CV_USE_RESULT;

#endif
