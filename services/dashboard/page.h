/* page: the pages as HTML, all of it as tables: what is there without a script, and what a script takes up.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every text that comes from a record is escaped; no attribute is made from one that is not. What is not known is said
 * to be not public, never shown as zero.
 */
#ifndef DASHBOARD_PAGE_H
#define DASHBOARD_PAGE_H

#include "dashboard/mirror.h"
#include "dashboard/words.h"

typedef struct {
    const dash_mirror_t *mirror;
    dash_language_t language;
    const char *dimension, *party, *year; /* filters; "": all */
    int64_t now_ms;
} dash_page_t;

/* New references; NULL: out of memory. */
dash_text_t *dash_page_main(const dash_page_t *page);
/* *ret_known: whether there is this event. */
dash_text_t *dash_page_event(const dash_page_t *page, const char *event, bool *ret_known);

/* Parts, for the files that make them. */
void dash_put_text(cv_buf_t *buf, const char *text); /* escaped */
void dash_put_word(cv_buf_t *buf, const dash_page_t *page, dash_word_t word);
void dash_put_with(cv_buf_t *buf, const dash_page_t *page, dash_word_t word,
                   const char *text);                /* {} becomes text; escaped */
void dash_put_time(cv_buf_t *buf, int64_t ms);       /* <time>, to the minute, UTC */
void dash_put_cell(cv_buf_t *buf, const char *text); /* <td>, escaped */
void dash_put_day(cv_buf_t *buf, const char *text);  /* <td> that is not broken; escaped */
/* A code in words, or as it is with spaces for its underscores. */
void dash_put_code(cv_buf_t *buf, const dash_page_t *page, const char *prefix, const char *code);
void dash_put_number(cv_buf_t *buf, int64_t number); /* <td>, set right */
void dash_put_head(cv_buf_t *buf, const dash_page_t *page, const dash_word_t *words, size_t n,
                   dash_word_t caption); /* <table> and its head */
void dash_put_section(cv_buf_t *buf, const dash_page_t *page, const char *id, dash_word_t title);
void dash_put_section_end(cv_buf_t *buf);
/* The values of a kind, sorted by key, or by a text field. A new array of borrowed values; free() it. */
const json_t **dash_sorted(const json_t *kind, const char *field, size_t *ret_n);
bool dash_page_shows(const dash_page_t *page, const json_t *event); /* by the filters */
bool dash_page_is_filtered(const dash_page_t *page);

/* page_parts.c */
void dash_part_now(cv_buf_t *buf, const dash_page_t *page);
void dash_part_attention(cv_buf_t *buf, const dash_page_t *page);
void dash_part_timeline(cv_buf_t *buf, const dash_page_t *page);
void dash_part_progress(cv_buf_t *buf, const dash_page_t *page);
void dash_part_silence(cv_buf_t *buf, const dash_page_t *page);
void dash_part_work(cv_buf_t *buf, const dash_page_t *page);
void dash_part_feed(cv_buf_t *buf, const dash_page_t *page);
/* page_programme.c */
void dash_part_programme(cv_buf_t *buf, const dash_page_t *page, const char *event);
/* page_plan.c */
void dash_part_changes(cv_buf_t *buf, const dash_page_t *page);
/* page_proof.c */
void dash_part_proof(cv_buf_t *buf, const dash_page_t *page);
/* page_seats.c; event NULL: all */
void dash_part_seats(cv_buf_t *buf, const dash_page_t *page, const char *event);
void dash_part_answers(cv_buf_t *buf, const dash_page_t *page, const char *event);

#endif
