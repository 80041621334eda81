/* core_terms: spans of partial dates, terms of office, versions of the catalogue.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Facts are often known to the year only: a chair "2010 to 2014", the next one "2014 to 2018". Nothing is filled in, so
 * two terms clash only where they do so on every reading:
 *
 *   for certain in office   from the last day that `from` can mean to the first day that `to` can mean
 *   clash                   both are for certain in office on one day; where one ends and the other begins on the same
 *                           known day, that is a handover
 *   from not known          nothing is certain, so nothing clashes
 *
 * An area has moved between dimensions from one version of the catalogue to the next. So an event cites an area in a
 * version, and a version keeps what is cited in it.
 */
#include "scheduling/core_terms.h"

#include "convene/ids.h"

#include <stdio.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)
/* The last place where a day ends is 12 hours behind UTC. */
#define WESTERNMOST_MS (INT64_C(12) * 3600000)
enum { LEN_YEAR = 4, LEN_MONTH = 7, LEN_DAY = 10 };

static bool day_of(int year, int month, int day, int64_t *ret_day)
{
    char text[32];
    int64_t ms;
    (void)snprintf(text, sizeof text, "%04d-%02d-%02d", year, month, day);
    if (cv_date_parse(cv_str(text), &ms) != CV_OK)
        return false;
    *ret_day = ms / DAY_MS - (ms % DAY_MS < 0);
    return true;
}

static int digits(const char *at, size_t n)
{
    int value = 0;
    for (size_t i = 0; i < n; ++i)
        value = value * 10 + (at[i] - '0');
    return value;
}

bool sch_span(cv_str_t date, int64_t *ret_first, int64_t *ret_last)
{
    int64_t first, last;
    if (date.len != LEN_YEAR && date.len != LEN_MONTH && date.len != LEN_DAY)
        return false;
    for (size_t i = 0; i < date.len; ++i)
        if (i != 4 && i != 7 && (date.ptr[i] < '0' || date.ptr[i] > '9'))
            return false;
    int year = digits(date.ptr, 4), month = date.len > LEN_YEAR ? digits(date.ptr + 5, 2) : 1;
    int day = date.len == LEN_DAY ? digits(date.ptr + 8, 2) : 1;
    if (!day_of(year, month, day, &first))
        return false;
    last = first;
    if (date.len == LEN_YEAR && !day_of(year, 12, 31, &last))
        return false;
    if (date.len == LEN_MONTH)
        for (day = 28; day <= 31; ++day)
            (void)day_of(year, month, day, &last);
    *ret_first = first;
    *ret_last = last;
    return true;
}

bool sch_over_ms(cv_str_t date, int64_t *ret_ms)
{
    int64_t first, last;
    if (!sch_span(date, &first, &last))
        return false;
    *ret_ms = (last + 1) * DAY_MS + WESTERNMOST_MS;
    return true;
}

int sch_check_term(const sch_term_t *term, sch_no_t *ret_no)
{
    int64_t from_first, from_last, to_first, to_last;
    if (!term->from.ptr || !term->to.ptr)
        return CV_OK;
    if (sch_span(term->from, &from_first, &from_last) && sch_span(term->to, &to_first, &to_last) &&
        to_last >= from_first)
        return CV_OK;
    return sch_no(ret_no, CV_EREJECTED, "date_inconsistent", "data.to", "the last day %.*s is before the first, %.*s",
                  CV_STR_ARG(term->to), CV_STR_ARG(term->from));
}

/* Days on which somebody is in office for certain: from *ret_first up to, and not including, *ret_end. */
static bool certain(const sch_term_t *term, int64_t *ret_first, int64_t *ret_end)
{
    int64_t first, last;
    if (!sch_span(term->from, &first, &last))
        return false;
    *ret_first = last;
    *ret_end = INT64_MAX;
    if (sch_span(term->to, &first, &last))
        *ret_end = first;
    return true;
}

bool sch_terms_clash(const sch_term_t *a, const sch_term_t *b)
{
    int64_t a_first, a_end, b_first, b_end;
    return certain(a, &a_first, &a_end) && certain(b, &b_first, &b_end) && a_first < b_end && b_first < a_end;
}

/* ---- catalogue --------------------------------------------------------------------------- */

const cv_catalogue_area_t *sch_area_in(const cv_catalogue_t *catalogue, cv_str_t area)
{
    for (size_t i = 0; i < catalogue->areas_n; ++i)
        if (cv_str_equal(catalogue->areas[i].code, area))
            return &catalogue->areas[i];
    return NULL;
}

bool sch_dimension_in(const cv_catalogue_t *catalogue, cv_str_t dimension)
{
    for (size_t i = 0; i < catalogue->dimensions_n; ++i)
        if (cv_str_equal(catalogue->dimensions[i].code, dimension))
            return true;
    return false;
}

int sch_check_catalogue(const cv_catalogue_t *catalogue, sch_no_t *ret_no)
{
    static const char code[] = "catalogue_inconsistent";
    for (size_t i = 0; i < catalogue->dimensions_n; ++i)
        for (size_t j = 0; j < i; ++j)
            if (cv_str_equal(catalogue->dimensions[i].code, catalogue->dimensions[j].code))
                return sch_no(ret_no, CV_EREJECTED, code, "data.dimensions", "dimension %.*s twice",
                              CV_STR_ARG(catalogue->dimensions[i].code));
    for (size_t i = 0; i < catalogue->areas_n; ++i) {
        const cv_catalogue_area_t *area = &catalogue->areas[i];
        if (sch_area_in(catalogue, area->code) != area)
            return sch_no(ret_no, CV_EREJECTED, code, "data.areas",
                          "area %.*s twice: in one version it is in one dimension", CV_STR_ARG(area->code));
        if (!sch_dimension_in(catalogue, area->dimension))
            return sch_no(ret_no, CV_EREJECTED, code, "data.areas",
                          "area %.*s is in %.*s, which is no dimension of this version", CV_STR_ARG(area->code),
                          CV_STR_ARG(area->dimension));
    }
    return CV_OK;
}

int sch_check_cited(const cv_catalogue_t *catalogue, cv_str_t dimension, cv_str_t area, sch_no_t *ret_no)
{
    static const char code[] = "catalogue_inconsistent";
    const cv_catalogue_area_t *found = area.ptr ? sch_area_in(catalogue, area) : NULL;
    if (dimension.ptr && !sch_dimension_in(catalogue, dimension))
        return sch_no(ret_no, CV_EREJECTED, code, "data.dimension", "the catalogue of %.*s has no dimension %.*s",
                      CV_STR_ARG(catalogue->code), CV_STR_ARG(dimension));
    if (area.ptr && !found)
        return sch_no(ret_no, CV_EREJECTED, code, "data.area", "the catalogue of %.*s has no area %.*s",
                      CV_STR_ARG(catalogue->code), CV_STR_ARG(area));
    if (found && dimension.ptr && !cv_str_equal(found->dimension, dimension))
        return sch_no(ret_no, CV_EREJECTED, code, "data.area",
                      "in the catalogue of %.*s %.*s belongs to %.*s, not to %.*s", CV_STR_ARG(catalogue->code),
                      CV_STR_ARG(area), CV_STR_ARG(found->dimension), CV_STR_ARG(dimension));
    return CV_OK;
}
