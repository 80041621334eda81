/* text: what a notice says, in English and Russian; pure.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Constant phrases in two languages around facts from the records. Names, titles and codes stand as they were given.
 * Of personal data a notice holds the recipient's own name and the names of its own delegation, nothing else. What
 * comes from others is put on one line and stripped of control characters, so that it cannot look like our text.
 */
#ifndef NOTIFICATIONS_TEXT_H
#define NOTIFICATIONS_TEXT_H

#include "convene/messages.h"

enum {
    NTF_TEXT_MAX = 64 * 1024, /* octets of a body */
    NTF_PERSONS_MAX = 64,     /* named in one notice */
};

typedef struct {
    int64_t number;
    cv_str_t name;
} ntf_person_t;

/* What all notices say besides what they are about. Absent parts are left out of the text. */
typedef struct {
    cv_language_t language; /* absent: English */
    cv_str_t recipient;     /* name; may be absent */
    cv_str_t party, party_name;
    cv_str_t event;
    const cv_scheduling_event_v1_t *details; /* the event as it is known; NULL: not known yet */
    cv_str_t venue_name;                     /* of details' venue */
    const ntf_person_t *persons;             /* names of this delegation, by number */
    size_t persons_n;
    int64_t time_ms; /* of the decision or change */
    cv_str_t notice;
} ntf_context_t;

/* Each puts one line into subject and lines ending with \n into body. CV_ELIMIT: a buffer's maximum. */
int ntf_text_decision(const ntf_context_t *context, const cv_registration_decided_v1_t *decided, cv_buf_t *subject,
                      cv_buf_t *body) CV_USE_RESULT;
int ntf_text_promotion(const ntf_context_t *context, const cv_registration_promoted_v1_t *promoted, cv_buf_t *subject,
                       cv_buf_t *body) CV_USE_RESULT;
int ntf_text_lapse(const ntf_context_t *context, const cv_registration_lapsed_v1_t *lapsed, cv_buf_t *subject,
                   cv_buf_t *body) CV_USE_RESULT;
/* was: the version before; context->details: the new one, not NULL. changes: from ntf_changes. */
int ntf_text_change(const ntf_context_t *context, const cv_scheduling_event_v1_t *was, unsigned changes,
                    cv_buf_t *subject, cv_buf_t *body) CV_USE_RESULT;

#endif
