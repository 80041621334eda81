/* preview: a notice made from sample records, without a service: what `convene notice preview` shows.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A sample is a file in samples/: the records that a notice of one kind is made from, over those of base.json. Whoever
 * asks reads the JSON and decodes the records; the notice is then made by the code that the service makes it with.
 */
#ifndef NOTIFICATIONS_CONTENT_PREVIEW_H
#define NOTIFICATIONS_CONTENT_PREVIEW_H

#include "notifications/content/text.h"

typedef struct {
    const char *kind;             /* "decision" */
    const char *anchor;           /* of a reminder: "start" */
    const char *audience;         /* "coordinators"; NULL: as the kind has it */
    int64_t anchor_ms, before_ms; /* of a reminder */
    ntf_context_t context;        /* zone_file is filled in */
    ntf_news_t news;              /* kind, changes and ahead are filled in */
    cv_str_t to_address, zone;    /* zone: of zone_file; absent: none */
    const char *calendar;         /* "request", "cancel"; NULL: no calendar part */
} ntf_sample_t;

typedef struct {
    ntf_text_t text;
    cv_buf_t mail; /* the whole message */
} ntf_preview_t;

/* JSON text of the sample of that name; absent: there is none. */
cv_str_t ntf_sample(const char *name);
/* Name of the i-th sample; NULL: there are no more. */
const char *ntf_sample_name(size_t i);
/* What it made is freed by ntf_preview_done, also after an error. CV_EINVAL: the sample is none. */
int ntf_preview(const ntf_sample_t *sample, ntf_preview_t *ret_preview) CV_USE_RESULT;
void ntf_preview_done(ntf_preview_t *preview);

#endif
