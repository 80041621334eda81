/* gate: one gate, which works without a network.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   gate.c        commands, and what is said about a badge      gate_file.c   the gate's file
 *   gate_sync.c   tells scans, fetches keys and revocations
 *
 * A gate is one file: an event, a name, the public keys, the list of badges with what was revoked, and its own scans.
 * It needs a connection to be made and to be brought up to date, and none to let people in. Gates know nothing of each
 * other; what their scans mean together is found out by registration (services/registration/core_scan.h).
 *
 * Scanning: the token is verified (convene/badge.h) by the service's time as this clock has it, looked up among the
 * revoked, and the scan is committed, synced to the disk, before the answer is said. A gate that is killed has lost
 * none it has answered for.
 *
 *   admitted                   signature, key, event and time are right, and it is not known to be revoked. A badge
 *                              that is not in the list is admitted: it was issued after the gate was brought up to date
 *   warned: already_inside     it came in at this gate and did not go out here since: the staff decides
 *   refused                    the first thing that is wrong
 *
 * Telling: how far the clock is ahead is measured, and written to the scans that have not been told, before the first
 * is sent; so a scan says the same however often it is told. What was answered with OK is marked. Then keys and badges
 * are fetched, and replace the old ones in one transaction.
 *
 * Scans without a good signature, and of other events, stay here: they say nothing about a badge of this event.
 */
#ifndef CLI_GATE_H
#define CLI_GATE_H

#include "cli.h"

#include "convene/badge.h"
#include "convene/store.h"

enum { GATE_KEYS_MAX = 64, GATE_CODE_MAX = 31 };
/* Numbers are stored, and the same on the wire. */
typedef enum { GATE_IN = 1, GATE_OUT } gate_direction_t;
typedef enum { GATE_ADMITTED = 1, GATE_WARNED, GATE_REFUSED } gate_verdict_t;

typedef struct {
    cv_db_t *db;
    char event[65], name[CV_NAME_MAX + 1];
    int64_t run;
    int64_t synced_ms, service_ms, offset_ms; /* the last sync: by this clock, by the service's, their difference */
    cv_badge_key_t keys[GATE_KEYS_MAX];
    size_t keys_n;
    struct gate_statements *sql;
} gate_t;

/* ---- gate_file.c ---- CLI_OK or a status, after having said why. */
int gate_make(cli_t *cli, const char *path, const char *event, const char *name, gate_t *ret_gate);
int gate_open(cli_t *cli, const char *path, gate_t *ret_gate);
void gate_close(gate_t *gate);
/* The others give CV_E*. */
int gate_is_revoked(gate_t *gate, int64_t badge, bool *ret_revoked) CV_USE_RESULT;
/* The last scan of a badge here that was not refused: CV_ENOTFOUND. */
int gate_last_seen(gate_t *gate, int64_t badge, int64_t *ret_at_ms, gate_direction_t *ret_direction) CV_USE_RESULT;

typedef struct {
    int64_t sequence, badge, at_ms, offset_ms;
    gate_direction_t direction;
    gate_verdict_t verdict;
    char code[GATE_CODE_MAX + 1]; /* "good", "already_inside", "forged", ... */
    bool is_ours;                 /* of a badge of this event, with a good signature: is told */
} gate_scan_t;
/* On disk when it returns CV_OK. */
int gate_keep(gate_t *gate, const gate_scan_t *scan, int64_t *ret_sequence) CV_USE_RESULT;
/* Scans not told yet: their offset is set, for good. */
int gate_fix_offsets(gate_t *gate, int64_t offset_ms) CV_USE_RESULT;
int gate_untold(gate_t *gate, gate_scan_t *ret_scans, size_t max, size_t *ret_n) CV_USE_RESULT;
int gate_told(gate_t *gate, int64_t first, int64_t last) CV_USE_RESULT; /* sequences */
/* Keys and badges, as JSON of their records, replace what is there. */
int gate_refresh(gate_t *gate, const json_t *keys, const json_t *badges, int64_t now_ms,
                 int64_t service_ms) CV_USE_RESULT;

typedef struct {
    int64_t scans, untold, admitted, warned, refused, badges, revoked;
} gate_counts_t;
int gate_count(gate_t *gate, gate_counts_t *ret_counts) CV_USE_RESULT;

/* ---- gate_sync.c ---- CLI_OK or a status. */
int gate_sync(cli_t *cli, gate_t *gate);

#endif
