/* collect: messages gathered for a snapshot or for the answer to a query.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "service/collect.h"

#include <stdio.h>
#include <stdlib.h>

cv_collect_t *cv_collect_new(const char *source, size_t max_n, size_t max_bytes, int64_t now_ms)
{
    cv_collect_t *collect = calloc(1, sizeof *collect);
    if (!collect)
        return NULL;
    cv_buf_init(&collect->bytes, max_bytes);
    collect->max_n = max_n;
    collect->now_ms = now_ms;
    snprintf(collect->source, sizeof collect->source, "%s", source);
    return collect;
}

void cv_collect_destroy(cv_collect_t **collect)
{
    if (!*collect)
        return;
    cv_buf_done(&(*collect)->bytes);
    free((*collect)->ends);
    free(*collect);
    *collect = NULL;
}

cv_str_t cv_collect_at(const cv_collect_t *collect, size_t index)
{
    size_t start = index ? collect->ends[index - 1] : 0;
    return (cv_str_t){(const char *)collect->bytes.ptr + start, collect->ends[index] - start};
}

static int end_message(cv_collect_t *collect)
{
    if (collect->n == collect->room) {
        size_t room = collect->room ? collect->room * 2 : 64;
        size_t *grown = realloc(collect->ends, room * sizeof *grown);
        if (!grown)
            return CV_ENOMEM;
        collect->ends = grown;
        collect->room = room;
    }
    collect->ends[collect->n++] = collect->bytes.len;
    return CV_OK;
}

/* A message that does not fit leaves the page as it was. */
static int undo(cv_collect_t *collect, size_t len, int rc)
{
    collect->bytes.len = len;
    collect->bytes.rc = CV_OK;
    return rc;
}

int cv_collect_put(cv_collect_t *collect, uint16_t type, cv_str_t subject, int64_t time_ms, const void *data)
{
    size_t before = collect->bytes.len;
    if (collect->n >= collect->max_n)
        return CV_ELIMIT;
    cv_msg_t head = {
        .id = subject.ptr && subject.len ? subject : CV_STR("state"),
        .source = cv_str(collect->source),
        .subject = subject,
        .time_ms = time_ms ? time_ms : collect->now_ms,
        .info = cv_msg_info_at(type),
    };
    int rc = cv_msg_write(&collect->bytes, &head, data);
    return rc ? undo(collect, before, rc) : end_message(collect);
}

int cv_collect_raw(cv_collect_t *collect, cv_str_t message)
{
    size_t before = collect->bytes.len;
    if (collect->n >= collect->max_n)
        return CV_ELIMIT;
    int rc = cv_buf_put(&collect->bytes, message.ptr, message.len);
    return rc ? undo(collect, before, rc) : end_message(collect);
}

void cv_collect_next(cv_collect_t *collect, cv_str_t after)
{
    snprintf(collect->next, sizeof collect->next, "%.*s", CV_STR_ARG(after));
}
