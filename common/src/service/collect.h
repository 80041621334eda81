/* collect: messages gathered for a snapshot or for the answer to a query.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CONVENE_SRC_SERVICE_COLLECT_H
#define CONVENE_SRC_SERVICE_COLLECT_H

#include "convene/service.h"

struct cv_collect {
    cv_buf_t bytes;
    size_t *ends; /* ends[i]: where message i ends in bytes */
    size_t n, room, max_n;
    char source[64];
    char next[CV_MAX_ATTRIBUTE + 1];
    int64_t now_ms;
};

cv_collect_t *cv_collect_new(const char *source, size_t max_n, size_t max_bytes, int64_t now_ms);
void cv_collect_destroy(cv_collect_t **collect);
cv_str_t cv_collect_at(const cv_collect_t *collect, size_t index);

#endif
