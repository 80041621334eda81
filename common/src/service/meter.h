/* meter: how much each principal may ask for, and when one that asked for too much may come again.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CONVENE_SRC_SERVICE_METER_H
#define CONVENE_SRC_SERVICE_METER_H

#include "convene/bytes.h"

enum {
    CV_METER_RATE_MAX = 1000000, /* units a second that can be allowed */
    CV_METER_BURST_S = 2,        /* what comes together may be what these seconds allow */
    CV_METER_BURST_LEAST = 16,   /* but at least so many */
    CV_METER_ANSWERS = 200, /* refusals a second that one principal is told; what is beyond is thrown away unread */
    CV_METER_AGAIN_LEAST_MS = 20,
    CV_METER_AGAIN_MOST_MS = 5000,
};

typedef enum {
    CV_METER_GRANTED, /* within the limit */
    CV_METER_REFUSED, /* over it, and worth an answer that says so */
    CV_METER_IGNORED, /* even answers would be too many */
} cv_meter_verdict_t;

typedef struct cv_meter cv_meter_t;

cv_meter_t *cv_meter_new(void);
void cv_meter_destroy(cv_meter_t **meter);
/* One unit for this principal, who may have `rate` of them a second (0: no limit). *ret_again_ms, when REFUSED: after
 * how long to come again. The time must not go back. */
cv_meter_verdict_t cv_meter_take(cv_meter_t *meter, const char *name, int64_t rate, int64_t mono_ms,
                                 int64_t *ret_again_ms);
/* What was granted turned out to be the work of so many units more: whoever owes waits longer. */
void cv_meter_charge(cv_meter_t *meter, const char *name, int64_t units);

#endif
