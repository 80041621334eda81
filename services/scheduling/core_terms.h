/* core_terms: dates that are known to the year, month or day, as spans of days; what follows for terms and catalogues.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHEDULING_CORE_TERMS_H
#define SCHEDULING_CORE_TERMS_H

#include "scheduling/core.h"

/* First and last day that "2025", "2025-11" or "2025-11-27" can mean, as days since 1970-01-01. false: no date. */
bool sch_span(cv_str_t date, int64_t *ret_first, int64_t *ret_last);
/* The first instant at which the last possible day is over everywhere on earth. */
bool sch_over_ms(cv_str_t date, int64_t *ret_ms);

typedef struct {
    cv_str_t from, to; /* CV_STR_NONE: not known; to: still going on */
} sch_term_t;
int sch_check_term(const sch_term_t *term, sch_no_t *ret_no) CV_USE_RESULT;
/* Do they overlap for certain, whatever day of a month or year is meant? The day of a handover belongs to both. */
bool sch_terms_clash(const sch_term_t *a, const sch_term_t *b);

/* ---- catalogue ---- */
const cv_catalogue_area_t *sch_area_in(const cv_catalogue_t *catalogue, cv_str_t area);
bool sch_dimension_in(const cv_catalogue_t *catalogue, cv_str_t dimension);
/* No code twice, every area in a dimension of this version. */
int sch_check_catalogue(const cv_catalogue_t *catalogue, sch_no_t *ret_no) CV_USE_RESULT;
/* What an event cites is in this version, and its area in its dimension. */
int sch_check_cited(const cv_catalogue_t *catalogue, cv_str_t dimension, cv_str_t area, sch_no_t *ret_no) CV_USE_RESULT;

#endif
