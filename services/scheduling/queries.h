/* queries: what the files that answer questions share.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHEDULING_QUERIES_H
#define SCHEDULING_QUERIES_H

#include "scheduling/handlers.h"

enum { SCH_KEY_MAX = 256 /* octets of a key, as the schema has it */ };

/* A walk that fills a page, and where to go on when it is full. */
typedef struct {
    cv_collect_t *collect;
    uint16_t type;
    cv_str_t subject; /* ptr NULL: the row's key */
    char last[SCH_KEY_MAX + 1];
    cv_any_t *room; /* one decoded record; too large for the stack of a deep call */
} sch_page_t;

int sch_page_row(void *page, const sch_row_t *row); /* for a walk */
/* What a walk gave: a full page is no failure, the caller is told where to go on. */
int sch_page_end(sch_page_t *page, int rc);
/* "A/B" in its two halves; nothing is nothing in both. */
int sch_split(cv_str_t text, cv_str_t *ret_a, cv_str_t *ret_b) CV_USE_RESULT;

/* queries_programme.c. CV_EUNKNOWN: not one of its questions. */
int sch_query_programme(sch_service_t *service, cv_tx_t *tx, const cv_log_query_v1_t *query, sch_page_t *page);

/* snapshot_plans.c: older versions of events, as releases hold them. */
int sch_snapshot_plans(sch_service_t *service, cv_tx_t *tx, sch_page_t *page);

#endif
