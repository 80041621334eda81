/* store_access: the SQL of the list of who has read whose personal data.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   access   one row per question that was answered with personal data, in the order in which they were answered
 *
 * All of it is read and written at once: nothing of it is kept in memory, so a rollback needs no care.
 */
#ifndef CONVENE_REGISTRATION_STORE_ACCESS_H
#define CONVENE_REGISTRATION_STORE_ACCESS_H

#include "convene/store.h"

extern const char reg_access_tables[];    /* a migration */
extern const char reg_access_on_behalf[]; /* a later one */

typedef struct reg_accesses reg_accesses_t; /* the prepared statements */
int reg_accesses_open(cv_db_t *db, reg_accesses_t **ret_accesses) CV_USE_RESULT;
void reg_accesses_close(reg_accesses_t **accesses);

typedef struct {
    int64_t id, at_ms, event, delegation, number, persons; /* delegation, number 0: all of them */
    char by[64], what[32];
    char on_behalf_of[64]; /* "": nobody else was named */
} reg_access_t;
int reg_access_add(reg_accesses_t *accesses, const reg_access_t *access) CV_USE_RESULT;
/* The oldest ones, at most n, that are older than since_ms or more than max ago. */
int reg_access_trim(reg_accesses_t *accesses, int64_t since_ms, int64_t max, int64_t n) CV_USE_RESULT;
/* When the oldest one was; CV_ENOTFOUND: there is none. */
int reg_access_oldest(reg_accesses_t *accesses, int64_t *ret_at_ms) CV_USE_RESULT;
/* The first after *after that concerns the event, and where they are not 0 the delegation and the person: also what was
 * read of all of them. Moves *after on. CV_ENOTFOUND: no more. */
int reg_access_next(reg_accesses_t *accesses, int64_t event, int64_t delegation, int64_t number, int64_t since_ms,
                    int64_t *after, reg_access_t *ret_access) CV_USE_RESULT;

#endif
