/* badge_draw: what a badge looks like, as PDF and PNG.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A badge is a page of A6, upright: event, name, capacity, party and number, and the token as a QR code with its quiet
 * zone. All is made in memory; the caller writes it. Names are set by Pango: any script, right to left where it is,
 * smaller and on more lines the longer they are. A letter that no font of this machine has is an error, never an empty
 * box.
 *
 * The QR code has error correction M and at least 0.9 mm per module: it is read from a phone's camera distance when a
 * seventh of it is scratched.
 */
#ifndef CLI_BADGE_DRAW_H
#define CLI_BADGE_DRAW_H

#include "convene/bytes.h"

typedef struct {
    const char *event, *title, *name, *capacity, *party; /* title may be empty */
    long long number;
    const char *token;
} badge_face_t;

/* One page per face. CV_EINVAL: not all letters can be set, ret_error says which text; CV_ENOMEM, CV_ELIMIT. */
int badge_pdf(const badge_face_t *faces, size_t n, cv_buf_t *ret_file, char *ret_error,
              size_t error_size) CV_USE_RESULT;
int badge_png(const badge_face_t *face, cv_buf_t *ret_file, char *ret_error, size_t error_size) CV_USE_RESULT;
/* What the libraries keep for the next document is given back; nothing may be drawn after it. */
void badge_draw_end(void);

#endif
