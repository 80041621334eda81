/* link: see link.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/link.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    char *kind, *key, *text;
} item_t;

struct dash_batch {
    bool is_whole;
    size_t n, room;
    item_t *items;
};

struct dash_link {
    int in, out;
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
    int ends[2];
    dash_link_t *link = calloc(1, sizeof(*link));
    if (!link || pipe2(ends, O_NONBLOCK | O_CLOEXEC)) {
        free(link);
        return CV_ENOMEM;
    }
    *link = (dash_link_t){.in = ends[1], .out = ends[0]};
    *ret_link = link;
    return CV_OK;
}

void dash_link_destroy(dash_link_t **link)
{
    if (!*link)
        return;
    for (dash_batch_t *batch; (batch = dash_link_take(*link));)
        dash_batch_destroy(&batch);
    close((*link)->in);
    close((*link)->out);
    free(*link);
    *link = NULL;
}

/* Writes of a pointer's length are never split: both threads may post. */
int dash_link_post(dash_link_t *link, dash_batch_t **batch)
{
    if (write(link->in, batch, sizeof(*batch)) != (ssize_t)sizeof(*batch))
        return CV_EAGAIN;
    *batch = NULL;
    return CV_OK;
}

int dash_link_fd(const dash_link_t *link)
{
    return link->out;
}

dash_batch_t *dash_link_take(dash_link_t *link)
{
    dash_batch_t *batch;
    return read(link->out, &batch, sizeof(batch)) == (ssize_t)sizeof(batch) ? batch : NULL;
}
