/* check: the walk over a message's bytes, with what only the reader needs from it.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CONVENE_WIRE_CHECK_H
#define CONVENE_WIRE_CHECK_H

#include "convene/wire.h"

enum {
    CV_MAX_KEYS = 128, /* keys in one map, count: bounds the search for keys given twice */
};

/* cv_wire_check that also gives the bytes of the value of key "data" in the outermost map (ptr NULL: no such key). */
int cv_wire_walk(cv_str_t bytes, cv_str_t *ret_data, cv_fault_t *fault) CV_USE_RESULT;

/* RFC 3629: no overlong forms, no surrogates, nothing beyond U+10FFFF. */
bool cv_utf8(const uint8_t *s, size_t len);

#endif
