/* link: see link.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/link.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

typedef struct {
    char *kind, *key, *text;
} item_t;

struct dash_batch {
    bool is_whole;
    size_t n, room, bytes;
    item_t *items;
};

struct dash_link {
    int in, out, wake;
    atomic_size_t waiting; /* octets */
    atomic_bool refused;   /* somebody since the last time there was room */
};

dash_batch_t *dash_batch_new(bool is_whole)
{
    dash_batch_t *batch = calloc(1, sizeof(*batch));
    if (batch)
        batch->is_whole = is_whole;
    return batch;
}

void dash_batch_destroy(dash_batch_t **batch)
{
    if (!*batch)
        return;
    for (size_t i = 0; i < (*batch)->n; i++) {
        free((*batch)->items[i].kind);
        free((*batch)->items[i].key);
        free((*batch)->items[i].text);
    }
    free((*batch)->items);
    free(*batch);
    *batch = NULL;
}

int dash_batch_add(dash_batch_t *batch, const char *kind, const char *key, const json_t *value)
{
    if (batch->n == batch->room) {
        size_t room = batch->room ? 2 * batch->room : 16;
        item_t *items = realloc(batch->items, room * sizeof(*items));
        if (!items)
            return CV_ENOMEM;
        batch->items = items;
        batch->room = room;
    }
    item_t item = {strdup(kind), strdup(key), value ? json_dumps(value, JSON_COMPACT) : NULL};
    if (!item.kind || !item.key || (value && !item.text)) {
        free(item.kind);
        free(item.key);
        free(item.text);
        return CV_ENOMEM;
    }
    batch->items[batch->n++] = item;
    batch->bytes += sizeof(item) + strlen(kind) + strlen(key) + (item.text ? strlen(item.text) : 0);
    return CV_OK;
}

bool dash_batch_is_whole(const dash_batch_t *batch)
{
    return batch->is_whole;
}

size_t dash_batch_n(const dash_batch_t *batch)
{
    return batch->n;
}

void dash_batch_at(const dash_batch_t *batch, size_t i, const char **ret_kind, const char **ret_key,
                   const char **ret_text)
{
    *ret_kind = batch->items[i].kind;
    *ret_key = batch->items[i].key;
    *ret_text = batch->items[i].text;
}

int dash_link_new(dash_link_t **ret_link)
{
    int ends[2] = {-1, -1};
    dash_link_t *link = calloc(1, sizeof(*link));
    if (!link)
        return CV_ENOMEM;
    bool piped = pipe2(ends, O_NONBLOCK | O_CLOEXEC) == 0;
    link->in = ends[1];
    link->out = ends[0];
    link->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (!piped || link->wake < 0) {
        dash_link_destroy(&link);
        return CV_ENOMEM;
    }
    *ret_link = link;
    return CV_OK;
}

void dash_link_destroy(dash_link_t **link)
{
    if (!*link)
        return;
    for (dash_batch_t *batch; (batch = dash_link_take(*link));)
        dash_batch_destroy(&batch);
    int fds[] = {(*link)->in, (*link)->out, (*link)->wake};
    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
        if (fds[i] >= 0)
            close(fds[i]);
    free(*link);
    *link = NULL;
}

/* First it is noted that somebody is refused, then looked once more: who takes does it the other way round, so one of
 * the two sees the other. */
bool dash_link_is_full(dash_link_t *link)
{
    if (atomic_load(&link->waiting) <= DASH_LINK_BYTES)
        return false;
    atomic_store(&link->refused, true);
    return atomic_load(&link->waiting) > DASH_LINK_BYTES;
}

/* Writes of a pointer's length are never split: both threads may post. */
int dash_link_post(dash_link_t *link, dash_batch_t **batch)
{
    size_t bytes = (*batch)->bytes;
    if (dash_link_is_full(link))
        return CV_EAGAIN;
    atomic_fetch_add(&link->waiting, bytes);
    if (write(link->in, batch, sizeof(*batch)) != (ssize_t)sizeof(*batch)) {
        atomic_fetch_sub(&link->waiting, bytes);
        atomic_store(&link->refused, true); /* thousands of small ones wait; with each that is taken there is a look */
        return CV_EAGAIN;
    }
    *batch = NULL;
    return CV_OK;
}

int dash_link_fd(const dash_link_t *link)
{
    return link->out;
}

dash_batch_t *dash_link_take(dash_link_t *link)
{
    const uint64_t one = 1;
    dash_batch_t *batch;
    if (read(link->out, &batch, sizeof(batch)) != (ssize_t)sizeof(batch))
        return NULL;
    size_t left = atomic_fetch_sub(&link->waiting, batch->bytes) - batch->bytes;
    if (left <= DASH_LINK_BYTES && atomic_exchange(&link->refused, false))
        (void)!write(link->wake, &one, sizeof(one));
    return batch;
}

int dash_link_wake_fd(const dash_link_t *link)
{
    return link->wake;
}

void dash_link_woken(dash_link_t *link)
{
    uint64_t n;
    (void)!read(link->wake, &n, sizeof(n));
}
