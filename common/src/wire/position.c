/* position: places in streams, the chain over records, faults, and the table of message types.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "convene/messages.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

_Static_assert(CV_EPOCH_LEN + sizeof(uint64_t) + CV_CHAIN_LEN == CV_POSITION_LEN, "position is 48 octets");

int cv_fault(cv_fault_t *fault, int rc, const char *path, const char *format, ...)
{
    if (!fault)
        return rc;
    (void)snprintf(fault->path, sizeof fault->path, "%s", path ? path : "");
    va_list args;
    va_start(args, format);
    (void)vsnprintf(fault->text, sizeof fault->text, format, args);
    va_end(args);
    return rc;
}

void cv_position_write(const cv_position_t *position, uint8_t ret_bytes[CV_POSITION_LEN])
{
    memcpy(ret_bytes, position->epoch, CV_EPOCH_LEN);
    for (unsigned i = 0; i < 8; i++)
        ret_bytes[CV_EPOCH_LEN + i] = (uint8_t)(position->seq >> (56 - 8 * i));
    memcpy(ret_bytes + CV_EPOCH_LEN + 8, position->chain, CV_CHAIN_LEN);
}

int cv_position_read(cv_str_t bytes, cv_position_t *ret_position)
{
    if (!bytes.ptr || bytes.len != CV_POSITION_LEN)
        return CV_EMALFORMED;
    const uint8_t *at = (const uint8_t *)bytes.ptr;
    cv_position_t position = {.seq = 0};
    memcpy(position.epoch, at, CV_EPOCH_LEN);
    for (unsigned i = 0; i < 8; i++)
        position.seq = position.seq << 8 | at[CV_EPOCH_LEN + i];
    memcpy(position.chain, at + CV_EPOCH_LEN + 8, CV_CHAIN_LEN);
    *ret_position = position;
    return CV_OK;
}

void cv_chain_next(const uint8_t previous[CV_CHAIN_LEN], cv_str_t record, uint8_t ret_next[CV_CHAIN_LEN])
{
    /* These fail only for lengths that are not ours; previous and ret_next may be the same. */
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, CV_CHAIN_LEN);
    crypto_generichash_update(&state, previous, CV_CHAIN_LEN);
    crypto_generichash_update(&state, (const unsigned char *)record.ptr, record.len);
    crypto_generichash_final(&state, ret_next, CV_CHAIN_LEN);
}

const cv_msg_info_t *cv_msg_info(cv_str_t type)
{
    if (!type.ptr)
        return NULL;
    size_t low = 0, high = CV_MSG_MAX;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const char *there = cv_msg_table[middle].type;
        size_t len = strlen(there);
        int order = memcmp(type.ptr, there, type.len < len ? type.len : len);
        if (order == 0)
            order = (type.len > len) - (type.len < len);
        if (order == 0)
            return &cv_msg_table[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const cv_msg_info_t *cv_msg_info_at(uint16_t number)
{
    return number >= 1 && number <= CV_MSG_MAX ? &cv_msg_table[number - 1] : NULL;
}
