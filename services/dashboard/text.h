/* text: bytes that several readers share and nobody changes, with a count of who holds them.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One thread only. A delta is made once and hangs, unsent, on a thousand connections without being copied.
 */
#ifndef DASHBOARD_TEXT_H
#define DASHBOARD_TEXT_H

#include "convene/bytes.h"

typedef struct dash_text dash_text_t;
dash_text_t *dash_text_new(cv_str_t bytes); /* a copy, held once; NULL: out of memory */
dash_text_t *dash_text_of(cv_buf_t *buf);   /* the same of a buffer that had no error; empties it */
dash_text_t *dash_text_hold(dash_text_t *text);
void dash_text_drop(dash_text_t *text); /* NULL: nothing */
cv_str_t dash_text_bytes(const dash_text_t *text);

#endif
