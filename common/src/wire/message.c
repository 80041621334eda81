/* message: a whole message between bytes and cv_msg_t, in CloudEvents names.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reading never trusts and never gives up early: after the walk (check.c) every attribute is looked at, and the first
 * fault is kept while the rest is read. So whoever sent a request with one wrong attribute can still be answered, as
 * long as id, type and inbox could be read. What is unknown is passed over: newer writers may add to a message.
 */
#include "wire/check.h"
#include "wire/pack.h"

#include "convene/ids.h"
#include "convene/messages.h"
#include <stdlib.h>
#include <string.h>

enum {
    ZONE_CHUNK = 32 * 1024, /* octets; a usual request needs about 2 KiB */
    ID_MAX = 128,
    INBOX_MIN = 8,
    INBOX_MAX = 64,
};
#define TIME_MAX_MS INT64_C(253402300799999) /* the end of year 9999 */

struct cv_reader {
    msgpack_zone zone;
    msgpack_object root;
};

cv_reader_t *cv_reader_new(void)
{
    cv_reader_t *reader = calloc(1, sizeof *reader);
    if (reader && !msgpack_zone_init(&reader->zone, ZONE_CHUNK)) {
        free(reader);
        reader = NULL;
    }
    return reader;
}

void cv_reader_destroy(cv_reader_t **reader)
{
    if (!*reader)
        return;
    msgpack_zone_destroy(&(*reader)->zone);
    free(*reader);
    *reader = NULL;
}

/* ---- attributes ----------------------------------------------------------------------------- */

/* 0x21 to 0x7e, eight octets at once: some five hundred are looked at per decision. */
static bool s_printable(cv_str_t s)
{
    const uint64_t ones = UINT64_MAX / 0xff, highs = ones << 7;
    uint64_t bad = 0, eight;
    size_t i = 0;
    for (; s.len - i >= 8; i += 8) {
        memcpy(&eight, s.ptr + i, 8);
        bad |= ((eight - ones * 0x21) & ~eight) | (eight + ones) | eight;
    }
    for (; i < s.len; i++)
        if ((uint8_t)s.ptr[i] <= 0x20 || (uint8_t)s.ptr[i] >= 0x7f)
            return false;
    return !(bad & highs);
}

static bool s_no_controls(cv_str_t s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((uint8_t)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f)
            return false;
    return true;
}

static bool s_token(cv_str_t s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-'))
            return false;
    }
    return true;
}

typedef enum {
    A_SPECVERSION,
    A_ID,
    A_SOURCE,
    A_TYPE,
    A_SUBJECT,
    A_TIME,
    A_INBOX,
    A_EXPIRY,
    A_CORRELATION,
    A_CAUSATION,
    A_TRACE,
    A_DATA,
    A_COUNT
} attribute_t;

static const struct {
    cv_str_t name;
    size_t min, max;
    bool (*fits)(cv_str_t);
    const char *expect;
    size_t at; /* 1 + offset of the view in cv_msg_t; 0: handled by itself */
} s_attributes[A_COUNT] = {
#define PLACE(member) 1 + offsetof(cv_msg_t, member)
    [A_SPECVERSION] = {{"specversion", 11}, 1, 16, s_printable, "\"1.0\"", 0},
    [A_ID] = {{"id", 2}, 1, ID_MAX, s_printable, "1 to 128 printable ASCII characters without spaces", PLACE(id)},
    [A_SOURCE] = {{"source", 6},
                  1,
                  CV_MAX_ATTRIBUTE,
                  s_printable,
                  "1 to 256 printable ASCII characters without spaces",
                  PLACE(source)},
    [A_TYPE] = {{"type", 4}, 1, ID_MAX, s_printable, "1 to 128 printable ASCII characters without spaces", PLACE(type)},
    [A_SUBJECT] = {{"subject", 7},
                   1,
                   CV_MAX_ATTRIBUTE,
                   s_no_controls,
                   "1 to 256 octets without control characters",
                   PLACE(subject)},
    [A_TIME] = {{"time", 4}, 1, 64, s_printable, "a time like 2025-02-26T09:00:00.000Z", 0},
    [A_INBOX] = {{"inbox", 5}, INBOX_MIN, INBOX_MAX, s_token, "8 to 64 letters, digits, '_' and '-'", PLACE(inbox)},
    [A_EXPIRY] = {{"expirytime", 10}, 1, 64, s_printable, "a time like 2025-02-26T09:00:00.000Z", 0},
    [A_CORRELATION] = {{"correlationid", 13},
                       1,
                       CV_MAX_ATTRIBUTE,
                       s_printable,
                       "1 to 256 printable ASCII characters without spaces",
                       PLACE(correlationid)},
    [A_CAUSATION] = {{"causationid", 11},
                     1,
                     CV_MAX_ATTRIBUTE,
                     s_printable,
                     "1 to 256 printable ASCII characters without spaces",
                     PLACE(causationid)},
    [A_TRACE] = {{"traceparent", 11},
                 1,
                 CV_MAX_ATTRIBUTE,
                 s_printable,
                 "1 to 256 printable ASCII characters without spaces",
                 PLACE(traceparent)},
    [A_DATA] = {{"data", 4}, 0, 0, NULL, "a map", 0},
#undef PLACE
};

static attribute_t s_attribute(const msgpack_object *key, unsigned expected)
{
    for (unsigned i = 0, at = expected; i < A_COUNT; i++, at++) {
        if (at >= A_COUNT)
            at = 0;
        if (s_attributes[at].name.len == key->via.str.size &&
            memcmp(s_attributes[at].name.ptr, key->via.str.ptr, key->via.str.size) == 0)
            return (attribute_t)at;
    }
    return A_COUNT;
}

/* Sets one attribute, or says what is wrong with it. */
static int s_read_attribute(attribute_t which, const msgpack_object *value, cv_msg_t *msg, cv_fault_t *fault)
{
    const char *name = s_attributes[which].name.ptr;
    if (which == A_DATA) {
        if (value->type != MSGPACK_OBJECT_MAP)
            return cv_fault(fault, CV_EINVAL, name, "must be a map");
        msg->data = value;
        return CV_OK;
    }
    if (value->type != MSGPACK_OBJECT_STR)
        return cv_fault(fault, CV_EINVAL, name, "must be text: %s", s_attributes[which].expect);
    cv_str_t text = {value->via.str.ptr, value->via.str.size};
    if (text.len < s_attributes[which].min || text.len > s_attributes[which].max || !s_attributes[which].fits(text))
        return cv_fault(fault, CV_EINVAL, name, "must be %s", s_attributes[which].expect);
    if (which == A_SPECVERSION) {
        if (!cv_str_equal(text, CV_STR("1.0")))
            return cv_fault(fault, CV_EINVAL, name, "must be \"1.0\"");
    } else if (which == A_TIME || which == A_EXPIRY) {
        int64_t ms;
        if (cv_time_parse(text, &ms) || ms < 0 || ms > TIME_MAX_MS)
            return cv_fault(fault, CV_EINVAL, name, "must be %s", s_attributes[which].expect);
        if (which == A_TIME)
            msg->time_ms = ms;
        else
            msg->expiry_ms = ms > 0 ? ms : 1; /* 0 means none; nothing was ever sent that early */
    } else {
        memcpy((char *)msg + s_attributes[which].at - 1, &text, sizeof text);
    }
    return CV_OK;
}

static size_t s_max_len(const cv_msg_info_t *info)
{
    if (!info)
        return CV_MAX_REQUEST;
    switch (info->kind) {
    case CV_KIND_REQUEST:
    case CV_KIND_OUTCOME:
        return CV_MAX_REQUEST;
    case CV_KIND_RECORD:
        return CV_MAX_RECORD;
    case CV_KIND_LOG:
        return CV_MAX_BATCH;
    }
    return CV_MAX_RECORD;
}

/* What depends on more than one attribute. */
static int s_check_whole(const cv_msg_t *msg, unsigned seen, size_t len, cv_fault_t *fault)
{
    static const attribute_t required[] = {A_SPECVERSION, A_SOURCE, A_TIME, A_DATA};
    for (size_t i = 0; i < sizeof required / sizeof *required; i++)
        if (!(seen >> required[i] & 1))
            return cv_fault(fault, CV_EINVAL, s_attributes[required[i]].name.ptr, "is missing; it is required");
    if (len > s_max_len(msg->info))
        return cv_fault(fault, CV_EINVAL, "", "%zu octets; a message of this type has at most %zu", len,
                        s_max_len(msg->info));
    if (msg->info && msg->info->kind == CV_KIND_REQUEST) {
        uint8_t id[CV_UUID_LEN];
        if (cv_uuid_parse(msg->id, id))
            return cv_fault(fault, CV_EINVAL, "id", "must be a UUID in its 36-character form");
        if (!msg->inbox.ptr)
            return cv_fault(fault, CV_EINVAL, "inbox", "is missing; a request without it cannot be answered");
    }
    return CV_OK;
}

int cv_msg_read(cv_reader_t *reader, cv_str_t bytes, cv_msg_t *ret_msg, cv_fault_t *fault)
{
    cv_msg_t msg = {.time_ms = 0};
    cv_fault_t first; /* the fault to report, while others are still looked for */
    if (cv_wire_walk(bytes, &msg.data_bytes, fault))
        return CV_EMALFORMED;

    msgpack_zone_clear(&reader->zone);
    size_t offset = 0;
    msgpack_unpack_return unpacked = msgpack_unpack(bytes.ptr, bytes.len, &offset, &reader->zone, &reader->root);
    if (unpacked == MSGPACK_UNPACK_NOMEM_ERROR) /* memory indeed: the walk has bounded the depth */
        return cv_fault(fault, CV_ENOMEM, "", "no memory to read it");
    if (unpacked != MSGPACK_UNPACK_SUCCESS || reader->root.type != MSGPACK_OBJECT_MAP)
        return cv_fault(fault, CV_EMALFORMED, "", "cannot be unpacked");

    int rc = CV_OK;
    unsigned seen = 0, expected = 0;
    for (uint32_t i = 0; i < reader->root.via.map.size; i++) {
        const msgpack_object_kv *pair = &reader->root.via.map.ptr[i];
        attribute_t which = s_attribute(&pair->key, expected);
        if (which == A_COUNT)
            continue;
        expected = which + 1U;
        seen |= 1U << which;
        int one = s_read_attribute(which, &pair->val, &msg, rc ? NULL : &first);
        if (!rc)
            rc = one;
    }
    if (!msg.id.ptr || !msg.type.ptr) {
        attribute_t which = msg.id.ptr ? A_TYPE : A_ID;
        return cv_fault(fault, CV_EMALFORMED, s_attributes[which].name.ptr, "must be there and be %s",
                        s_attributes[which].expect);
    }
    if (!msg.data)
        msg.data_bytes = CV_STR_NONE;
    msg.info = cv_msg_info(msg.type);
    if (!rc)
        rc = s_check_whole(&msg, seen, bytes.len, &first);
    if (rc && fault)
        *fault = first;
    *ret_msg = msg;
    return rc;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void s_put(cv_buf_t *buf, attribute_t which, cv_str_t value)
{
    cv_pack_text(buf, s_attributes[which].name.ptr, s_attributes[which].name.len);
    cv_pack_text(buf, value.ptr, value.len);
}

int cv_msg_write(cv_buf_t *buf, const cv_msg_t *head, const void *data)
{
    static const attribute_t order[] = {A_ID,    A_SOURCE, A_TYPE,        A_SUBJECT,   A_TIME,
                                        A_INBOX, A_EXPIRY, A_CORRELATION, A_CAUSATION, A_TRACE};
    enum { N = sizeof order / sizeof *order };
    if (!head->info || head->time_ms < 0 || head->time_ms > TIME_MAX_MS || head->expiry_ms < 0 ||
        head->expiry_ms > TIME_MAX_MS)
        return CV_EINVAL;

    /* What a reader would refuse is refused here first. */
    cv_str_t values[A_COUNT] = {{NULL, 0}};
    char time[CV_TIME_TEXT + 1], expiry[CV_TIME_TEXT + 1];
    size_t present = 2; /* specversion, data */
    for (unsigned i = 0; i < N; i++) {
        attribute_t which = order[i];
        if (which == A_TIME || which == A_EXPIRY) {
            int64_t ms = which == A_TIME ? head->time_ms : head->expiry_ms;
            char *text = which == A_TIME ? time : expiry;
            if (which == A_EXPIRY && ms == 0)
                continue;
            cv_time_text(ms, text);
            values[which] = (cv_str_t){text, CV_TIME_TEXT};
        } else {
            if (which == A_TYPE)
                values[which] = cv_str(head->info->type);
            else
                memcpy(&values[which], (const char *)head + s_attributes[which].at - 1, sizeof(cv_str_t));
            if (!values[which].ptr)
                continue;
            if (values[which].len < s_attributes[which].min || values[which].len > s_attributes[which].max ||
                !s_attributes[which].fits(values[which]) ||
                (which == A_SUBJECT && !cv_utf8((const uint8_t *)values[which].ptr, values[which].len)))
                return CV_EINVAL;
        }
        present++;
    }
    uint8_t id[CV_UUID_LEN];
    if (!values[A_ID].ptr || !values[A_SOURCE].ptr)
        return CV_EINVAL;
    if (head->info->kind == CV_KIND_REQUEST && (!values[A_INBOX].ptr || cv_uuid_parse(values[A_ID], id)))
        return CV_EINVAL;

    if (buf->rc)
        return buf->rc;
    size_t start = buf->len;
    cv_pack_map(buf, present);
    s_put(buf, A_SPECVERSION, CV_STR("1.0"));
    for (unsigned i = 0; i < N; i++)
        if (values[order[i]].ptr)
            s_put(buf, order[i], values[order[i]]);
    cv_pack_text(buf, s_attributes[A_DATA].name.ptr, s_attributes[A_DATA].name.len);
    int rc = buf->rc;
    if (!rc)
        rc = head->info->encode(buf, data);
    if (!rc && buf->len - start > s_max_len(head->info))
        rc = CV_ELIMIT;
    if (rc) { /* as if nothing had been asked; the buffer's own error would outlive it */
        buf->len = start;
        buf->rc = CV_OK;
    }
    return rc;
}
