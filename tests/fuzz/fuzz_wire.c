/* fuzz_wire: no bytes may hurt the reader, and what it takes comes out again the same.
 * SPDX-License-Identifier: Apache-2.0
 *
 * For any input: the walk, cv_msg_read and the decoders of all types (not only the one the message names) end without
 * a fault of memory; a refusal says what is wrong. What was decoded is encoded, read, decoded and encoded once more:
 * both encodings must be the same octets. Seeds: tests/fuzz/seed_wire.py FOLDER makes them from proto/vectors.
 */
#include "convene/messages.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void s_must(int condition)
{
    if (!condition)
        abort();
}

static void s_says_why(const cv_fault_t *fault)
{
    s_must(memchr(fault->path, '\0', sizeof fault->path) != NULL);
    s_must(memchr(fault->text, '\0', sizeof fault->text) != NULL && fault->text[0] != '\0');
}

static void s_encode(cv_buf_t *buf, const cv_msg_info_t *info, const void *data)
{
    cv_buf_clear(buf);
    s_must(info->encode(buf, data) == CV_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static cv_reader_t *reader, *again;
    static cv_buf_t first, second, whole;
    static cv_any_t data, back;
    if (!reader) {
        reader = cv_reader_new();
        again = cv_reader_new();
        s_must(reader && again);
        cv_buf_init(&first, CV_MAX_FRAME * 2);
        cv_buf_init(&second, CV_MAX_FRAME * 2);
        cv_buf_init(&whole, CV_MAX_FRAME * 2);
    }
    cv_str_t input = {(const char *)bytes, size};
    cv_fault_t fault = {"", ""};
    cv_msg_t msg;
    int walk = cv_wire_check(input, &fault);
    if (walk)
        s_says_why(&fault);
    s_must(cv_wire_check(input, NULL) == walk);
    memset(&fault, 0, sizeof fault);
    int rc = cv_msg_read(reader, input, &msg, &fault);
    if (rc)
        s_says_why(&fault);
    s_must(!walk || rc == CV_EMALFORMED);
    if (rc == CV_EMALFORMED || !msg.data)
        return 0;
    s_must(msg.data_bytes.ptr > input.ptr && msg.data_bytes.ptr + msg.data_bytes.len <= input.ptr + input.len);

    for (uint16_t number = 1; number <= CV_MSG_MAX; number++) {
        const cv_msg_info_t *info = cv_msg_info_at(number);
        int decoded = info->decode(msg.data, &data, &fault);
        if (decoded) {
            s_must(decoded == CV_EINVAL);
            s_says_why(&fault);
            continue;
        }
        s_encode(&first, info, &data);
        if (first.len < CV_MAX_FRAME) {
            /* data alone is a map too, so the walk must let it pass and it must unpack to the same */
            s_must(cv_wire_check(cv_buf_str(&first), NULL) == CV_OK);
        }
        if (info != msg.info || rc)
            continue;
        cv_buf_clear(&whole);
        int written = cv_msg_write(&whole, &msg, &data);
        if (written == CV_ELIMIT)
            continue; /* shortest forms are never longer than the input; but the limit is by type */
        s_must(written == CV_OK && whole.len <= size + 32);
        cv_msg_t twin;
        s_must(cv_msg_read(again, cv_buf_str(&whole), &twin, &fault) == CV_OK);
        s_must(twin.info == msg.info && cv_str_equal(twin.id, msg.id) && cv_str_equal(twin.source, msg.source));
        s_must(cv_str_equal(twin.subject, msg.subject) && cv_str_equal(twin.inbox, msg.inbox));
        s_must(twin.time_ms == msg.time_ms && twin.expiry_ms == msg.expiry_ms);
        s_must(cv_str_equal(twin.data_bytes, cv_buf_str(&first)));
        s_must(info->decode(twin.data, &back, &fault) == CV_OK);
        s_encode(&second, info, &back);
        s_must(cv_str_equal(cv_buf_str(&first), cv_buf_str(&second)));
    }
    return 0;
}
