/* parcels: see parcels.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "service/parcels.h"

#include <stdlib.h>
#include <string.h>

enum { KEPT = 4 /* parcels whose memory stays for the next turn */ };

typedef struct {
    char topic[CV_MAX_TOPIC];
    size_t topic_len;
    bool has_position;
    cv_position_t first;
    uint64_t next;  /* sequence of the record that may follow */
    cv_buf_t bytes; /* empty: closed */
} parcel_t;

struct cv_parcels {
    void (*send)(void *self, cv_str_t topic, const cv_position_t *position, cv_str_t messages);
    void *self;
    parcel_t parcels[CV_PARCELS_OPEN];
    size_t n, last; /* last: where the last message went */
};

cv_parcels_t *cv_parcels_new(void (*send)(void *self, cv_str_t topic, const cv_position_t *position, cv_str_t messages),
                             void *self)
{
    cv_parcels_t *parcels = calloc(1, sizeof *parcels);
    if (!parcels)
        return NULL;
    parcels->send = send;
    parcels->self = self;
    for (size_t i = 0; i < CV_PARCELS_OPEN; i++)
        cv_buf_init(&parcels->parcels[i].bytes, CV_PARCEL_BYTES);
    return parcels;
}

void cv_parcels_destroy(cv_parcels_t **parcels)
{
    if (!*parcels)
        return;
    for (size_t i = 0; i < CV_PARCELS_OPEN; i++)
        cv_buf_done(&(*parcels)->parcels[i].bytes);
    free(*parcels);
    *parcels = NULL;
}

static void send_off(cv_parcels_t *parcels, parcel_t *parcel)
{
    if (parcel->bytes.len)
        parcels->send(parcels->self, (cv_str_t){parcel->topic, parcel->topic_len},
                      parcel->has_position ? &parcel->first : NULL, cv_buf_str(&parcel->bytes));
    cv_buf_clear(&parcel->bytes);
}

void cv_parcels_flush(cv_parcels_t *parcels)
{
    for (int records = 0; records < 2; records++)
        for (size_t i = 0; i < parcels->n; i++)
            if (parcels->parcels[i].has_position == records)
                send_off(parcels, &parcels->parcels[i]);
    for (size_t i = KEPT; i < parcels->n; i++)
        cv_buf_done(&parcels->parcels[i].bytes);
    parcels->n = parcels->last = 0;
}

static bool is_of(const parcel_t *parcel, cv_str_t topic)
{
    return cv_str_equal((cv_str_t){parcel->topic, parcel->topic_len}, topic);
}

/* The parcel of this topic; a new one if there is none. */
static parcel_t *parcel_of(cv_parcels_t *parcels, cv_str_t topic)
{
    if (parcels->last < parcels->n && is_of(&parcels->parcels[parcels->last], topic))
        return &parcels->parcels[parcels->last];
    for (size_t i = 0; i < parcels->n; i++)
        if (is_of(&parcels->parcels[i], topic))
            return &parcels->parcels[parcels->last = i];
    if (parcels->n == CV_PARCELS_OPEN)
        cv_parcels_flush(parcels);
    parcel_t *parcel = &parcels->parcels[parcels->last = parcels->n++];
    memcpy(parcel->topic, topic.ptr, topic.len);
    parcel->topic_len = topic.len;
    return parcel;
}

/* Whether the message may stand behind what the parcel has. A record must follow the last one: whoever reads the frame
 * computes its position from that. */
static bool takes(const parcel_t *parcel, const cv_position_t *position, cv_str_t message)
{
    if (parcel->bytes.len + message.len > CV_PARCEL_BYTES || parcel->has_position != (position != NULL))
        return false;
    return !position || (position->seq == parcel->next && !memcmp(position->epoch, parcel->first.epoch, CV_EPOCH_LEN));
}

void cv_parcels_put(cv_parcels_t *parcels, cv_str_t topic, const cv_position_t *position, cv_str_t message)
{
    if (topic.len > CV_MAX_TOPIC)
        return; /* no service makes one */
    parcel_t *parcel = parcel_of(parcels, topic);
    if (parcel->bytes.len && !takes(parcel, position, message))
        send_off(parcels, parcel);
    if (!parcel->bytes.len) {
        parcel->has_position = position != NULL;
        if (position)
            parcel->first = *position;
    }
    parcel->next = position ? position->seq + 1 : 0;
    if (message.len <= CV_PARCEL_BYTES && cv_buf_put(&parcel->bytes, message.ptr, message.len) == CV_OK)
        return;
    send_off(parcels, parcel);
    parcels->send(parcels->self, topic, position, message);
}
