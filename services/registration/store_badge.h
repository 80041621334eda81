/* store_badge: the SQL of badges, the keys that sign them, and scans.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   badge_key     public halves, in the order in which they came into use; the newest signs
 *   badge_period  when badges of an event are good, and whether focal points issue them
 *   badge         one row per badge ever issued; of a person at most one is valid
 *   scan          one row per scan, in the order of arrival, with what it was last taken for
 *
 * All of it is read and written at once: nothing of it is kept in memory, so a rollback needs no care.
 */
#ifndef CONVENE_REGISTRATION_STORE_BADGE_H
#define CONVENE_REGISTRATION_STORE_BADGE_H

#include "convene/badge.h"
#include "convene/store.h"
#include "registration/core_scan.h"

extern const char reg_badge_tables[]; /* a migration */

typedef struct reg_badges reg_badges_t; /* the prepared statements */
int reg_badges_open(cv_db_t *db, reg_badges_t **ret_badges) CV_USE_RESULT;
void reg_badges_close(reg_badges_t **badges);

enum { REG_KEYS_MAX = 64 };

typedef struct {
    cv_badge_key_t key;
    int64_t n, from_ms, revoked_ms; /* n: the highest signs */
} reg_key_t;
/* All keys, the newest first. */
int reg_keys_load(reg_badges_t *badges, reg_key_t ret_keys[REG_KEYS_MAX], size_t *ret_n) CV_USE_RESULT;
int reg_key_add(reg_badges_t *badges, const reg_key_t *key) CV_USE_RESULT;
int reg_key_set(reg_badges_t *badges, const reg_key_t *key) CV_USE_RESULT; /* n, until, revoked */

typedef struct {
    int64_t event, from_ms, until_ms;
    bool self_service;
} reg_period_t;
int reg_period_get(reg_badges_t *badges, int64_t event, reg_period_t *ret_period) CV_USE_RESULT; /* CV_ENOTFOUND */
int reg_period_set(reg_badges_t *badges, const reg_period_t *period) CV_USE_RESULT;

typedef struct {
    int64_t id, event, delegation, person;
    unsigned number;
    int64_t issued_ms, from_ms, until_ms, revoked_ms; /* revoked_ms 0: valid */
    int cause;                                        /* cv_badge_cause_t */
} reg_badge_t;
int reg_badge_get(reg_badges_t *badges, int64_t id, reg_badge_t *ret_badge) CV_USE_RESULT;    /* CV_ENOTFOUND */
int reg_badge_of(reg_badges_t *badges, int64_t person, reg_badge_t *ret_badge) CV_USE_RESULT; /* the valid one */
int reg_badge_add(reg_badges_t *badges, const reg_badge_t *badge) CV_USE_RESULT;
/* by, request: who did it, and in which request; why is not kept, it may name people. */
int reg_badge_revoke(reg_badges_t *badges, const reg_badge_t *badge, int64_t by, cv_str_t request) CV_USE_RESULT;
/* Badges of an event (delegation 0: of all) with an id above `after`, in the order of ids: at most n. */
int reg_badge_list(reg_badges_t *badges, int64_t event, int64_t delegation, int64_t after, reg_badge_t *ret_badges,
                   size_t n, size_t *ret_n) CV_USE_RESULT;

/* A scan with what it is about. */
typedef struct {
    reg_scan_t scan;
    int64_t badge, event, delegation, offset_ms; /* delegation 0: the badge is not known */
    char other[REG_GATE_MAX + 1];
} reg_seen_t;
/* CV_ENOTFOUND: not known yet. */
int reg_scan_get(reg_badges_t *badges, const char *gate, int64_t run, int64_t sequence,
                 reg_seen_t *ret_seen) CV_USE_RESULT;
int reg_scan_add(reg_badges_t *badges, const reg_seen_t *seen) CV_USE_RESULT;
/* All of a badge, in no order. CV_ELIMIT: more than REG_SCANS_MAX. */
int reg_scans_of(reg_badges_t *badges, int64_t badge, reg_scan_t ret_scans[REG_SCANS_MAX], size_t *ret_n) CV_USE_RESULT;
int reg_scan_count(reg_badges_t *badges, int64_t badge, int64_t *ret_n) CV_USE_RESULT;
/* other: the gate of the entry, of a duplicate; else NULL. */
int reg_scan_take_for(reg_badges_t *badges, int64_t row, reg_finding_t finding, const char *other) CV_USE_RESULT;
/* Scans of an event (delegation 0: of all) in the order of arrival, with a row above `after`: at most n. */
int reg_scan_list(reg_badges_t *badges, int64_t event, int64_t delegation, int64_t after, reg_seen_t *ret_seen,
                  size_t n, size_t *ret_n) CV_USE_RESULT;

typedef struct {
    int64_t of[REG_SCAN_FINDINGS]; /* scans by finding */
    int64_t came;                  /* badges with an entry, counted by person */
} reg_attendance_t;
int reg_attendance(reg_badges_t *badges, int64_t delegation, reg_attendance_t *ret_attendance) CV_USE_RESULT;

#endif
