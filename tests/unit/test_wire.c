/* test_wire: positions, the chain, the table of types, the walk, and whole messages.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The first test is the shortest correct use. What every field takes and refuses is tested against the schemas, in
 * tests/contract/test_limits.py and test_vectors.c.
 */
#include "convene/messages.h"

#include "convene/ids.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define REQUEST_ID "018f6f2e-7a51-7c3a-9d2b-3f2a1b0c4d5e"
#define T0 INT64_C(1740560400123)

static cv_registration_register_v1_t s_register(void)
{
    cv_registration_register_v1_t data;
    memset(&data, 0, sizeof data);
    data.event = CV_STR("2025-SWG-1");
    data.party = CV_STR("KZ");
    data.persons_n = 2;
    data.persons[0].name = CV_STR("\xd0\x9f\xd1\x80\xd0\xb8\xd0\xbc\xd0\xb5\xd1\x80");
    data.persons[0].capacity = CV_CAPACITY_HEAD;
    data.persons[1].name = CV_STR("Example Adviser");
    data.persons[1].capacity = CV_CAPACITY_ADVISER;
    data.persons[1].attendance = CV_ATTENDANCE_ONLINE;
    return data;
}

static cv_msg_t s_head(void)
{
    return (cv_msg_t){.id = CV_STR(REQUEST_ID),
                      .source = CV_STR("/test"),
                      .subject = CV_STR("2025-SWG-1"),
                      .inbox = CV_STR("inbox-of-test"),
                      .time_ms = T0,
                      .expiry_ms = T0 + 60000,
                      .info = cv_msg_info_at(CV_MSG_REGISTRATION_REGISTER_V1)};
}

static void test_write_and_read(void **state)
{
    cv_reader_t *reader = *state;
    cv_registration_register_v1_t data = s_register(), back;
    cv_msg_t head = s_head(), msg;
    cv_buf_t buf;
    cv_buf_init(&buf, CV_MAX_REQUEST);
    assert_int_equal(cv_msg_write(&buf, &head, &data), CV_OK);

    cv_fault_t fault;
    assert_int_equal(cv_msg_read(reader, cv_buf_str(&buf), &msg, &fault), CV_OK);
    assert_ptr_equal(msg.info, head.info);
    assert_true(cv_str_is(msg.id, REQUEST_ID));
    assert_true(cv_str_is(msg.type, "convene.registration.register.v1"));
    assert_true(cv_str_is(msg.inbox, "inbox-of-test"));
    assert_int_equal(msg.time_ms, T0);
    assert_int_equal(msg.expiry_ms, T0 + 60000);
    assert_null(msg.correlationid.ptr);

    assert_int_equal(msg.info->decode(msg.data, &back, &fault), CV_OK);
    assert_true(cv_str_is(back.event, "2025-SWG-1"));
    assert_int_equal(back.persons_n, 2);
    assert_true(cv_str_equal(back.persons[0].name, data.persons[0].name));
    assert_int_equal(back.persons[0].capacity, CV_CAPACITY_HEAD);
    assert_int_equal(back.persons[0].attendance, CV_ATTENDANCE_ABSENT);
    assert_int_equal(back.persons[1].attendance, CV_ATTENDANCE_ONLINE);
    assert_int_equal(back.group, CV_GROUP_RULE_ABSENT);
    assert_false(back.has_contact);
    cv_buf_done(&buf);
}

/* data_bytes is the slice that decode saw, in the buffer itself: what is hashed is what was sent. */
static void test_data_bytes(void **state)
{
    cv_reader_t *reader = *state;
    cv_registration_decline_v1_t data = {.event = CV_STR("E"), .party = CV_STR("KZ")};
    cv_msg_t head = s_head(), msg;
    head.info = cv_msg_info_at(CV_MSG_REGISTRATION_DECLINE_V1);
    cv_buf_t buf;
    cv_buf_init(&buf, CV_MAX_REQUEST);
    assert_int_equal(cv_msg_write(&buf, &head, &data), CV_OK);
    assert_int_equal(cv_msg_read(reader, cv_buf_str(&buf), &msg, NULL), CV_OK);
    static const char expected[] = "\x82\xa5"
                                   "event\xa1"
                                   "E\xa5party\xa2KZ";
    assert_int_equal(msg.data_bytes.len, sizeof expected - 1);
    assert_memory_equal(msg.data_bytes.ptr, expected, sizeof expected - 1);
    assert_ptr_equal(msg.data_bytes.ptr, cv_buf_str(&buf).ptr + buf.len - msg.data_bytes.len);

    /* also when it is not the last key, and is written in longer forms than ours */
    static const char early[] = "\x86\xa4"
                                "data\xde\x00\x01\xd9\x05"
                                "event\xc0\xa2id\xa1x\xa4type\xa1y\xab"
                                "specversion\xa3"
                                "1.0"
                                "\xa6source\xa1z\xa4time\xb4"
                                "2025-02-26T09:00:00Z";
    assert_int_equal(cv_msg_read(reader, (cv_str_t){early, sizeof early - 1}, &msg, NULL), CV_OK);
    assert_int_equal(msg.data_bytes.len, 3 + 2 + 5 + 1);
    assert_ptr_equal(msg.data_bytes.ptr, early + 6);
    assert_null(msg.info); /* a type that is not known here is no fault of the message */
    cv_buf_done(&buf);
}

static void test_same_input_same_bytes(void **state)
{
    (void)state;
    cv_registration_register_v1_t data = s_register();
    cv_msg_t head = s_head();
    cv_buf_t one, two;
    cv_buf_init(&one, CV_MAX_REQUEST);
    cv_buf_init(&two, CV_MAX_REQUEST);
    assert_int_equal(cv_msg_write(&one, &head, &data), CV_OK);
    assert_int_equal(cv_msg_write(&two, &head, &data), CV_OK);
    assert_true(cv_str_equal(cv_buf_str(&one), cv_buf_str(&two)));
    cv_buf_done(&one);
    cv_buf_done(&two);
}

/* Whatever the reader would refuse is not written, and a refused write leaves the buffer as it was. */
static void test_write_refuses(void **state)
{
    (void)state;
    cv_registration_register_v1_t data;
    cv_msg_t head;
    cv_buf_t buf;
    cv_buf_init(&buf, CV_MAX_REQUEST);
    assert_int_equal(cv_buf_put(&buf, "keep", 4), CV_OK);
#define REFUSED(code, change)                                     \
    do {                                                          \
        data = s_register();                                      \
        head = s_head();                                          \
        change;                                                   \
        assert_int_equal(cv_msg_write(&buf, &head, &data), code); \
        assert_true(cv_str_is(cv_buf_str(&buf), "keep"));         \
        assert_int_equal(buf.rc, CV_OK);                          \
    } while (0)
    char longer[600];
    memset(longer, 'x', sizeof longer);
    REFUSED(CV_EINVAL, head.info = NULL);
    REFUSED(CV_EINVAL, head.id = CV_STR_NONE);
    REFUSED(CV_EINVAL, head.id = CV_STR("no uuid"));
    REFUSED(CV_EINVAL, head.source = CV_STR_NONE);
    REFUSED(CV_EINVAL, head.source = CV_STR("a b"));
    REFUSED(CV_EINVAL, head.inbox = CV_STR_NONE);
    REFUSED(CV_EINVAL, head.inbox = CV_STR("short"));
    REFUSED(CV_EINVAL, head.inbox = CV_STR("with|the|end|"));
    REFUSED(CV_EINVAL, (head.subject = (cv_str_t){longer, 257}));
    REFUSED(CV_EINVAL, (head.subject = (cv_str_t){longer, 0}));
    REFUSED(CV_EINVAL, (head.traceparent = (cv_str_t){longer, 257}));
    REFUSED(CV_EINVAL, head.time_ms = -1);
    REFUSED(CV_EINVAL, head.expiry_ms = INT64_MAX);
    REFUSED(CV_EINVAL, data.event = CV_STR_NONE);
    REFUSED(CV_EINVAL, (data.event = (cv_str_t){longer, 65}));
    REFUSED(CV_EINVAL, data.persons_n = 0);
    REFUSED(CV_EINVAL, data.persons_n = 65);
    REFUSED(CV_EINVAL, data.persons[1].capacity = CV_CAPACITY_ABSENT);
    REFUSED(CV_EINVAL, data.persons[1].capacity = (cv_capacity_t)(CV_CAPACITY_MAX + 1));
    REFUSED(CV_EINVAL, data.has_contact = true);
    REFUSED(CV_EINVAL, (data.persons[0].name = (cv_str_t){longer, 201}));
    /* a text that was cut between the octets of a character would poison whoever reads it */
    REFUSED(CV_EINVAL, data.persons[0].name = CV_STR("\xd0\x9f\xd1"));
    REFUSED(CV_EINVAL, data.persons[0].name = CV_STR("two\nlines"));
    REFUSED(CV_EINVAL, data.event = CV_STR("a b"));
    REFUSED(CV_EINVAL, head.subject = CV_STR("\xd0"));
#undef REFUSED
    data = s_register();
    head = s_head();
    cv_buf_t small;
    for (size_t max = 0; max < 300; max++) { /* every place the room can end at */
        cv_buf_init(&small, max);
        int rc = cv_msg_write(&small, &head, &data);
        assert_true(rc == CV_ELIMIT || rc == CV_OK);
        assert_int_equal(small.len > 0, rc == CV_OK);
        assert_int_equal(small.rc, CV_OK);
        cv_buf_done(&small);
    }
    cv_buf_done(&buf);
}

/* The largest delegation that the schema allows is a record that the reader allows. */
static void test_largest_record(void **state)
{
    (void)state;
    static cv_registration_contact_v1_t data;
    static char name[200], email[254], id[128], attribute[CV_MAX_ATTRIBUTE];
    memset(name, 'n', sizeof name);
    memset(email, 'e', sizeof email);
    memset(id, 'i', sizeof id);
    memset(attribute, 'a', sizeof attribute);
    email[1] = '@';
    data.event = (cv_str_t){name, 64};
    data.party = CV_STR("P23456789_123456");
    data.has_contact = true;
    data.contact = (cv_contact_t){{name, sizeof name}, {email, sizeof email}, CV_STR("zho-Hans1234-variante")};
    data.persons_n = CV_REGISTRATION_CONTACT_V1_PERSONS_MAX;
    for (size_t i = 0; i < data.persons_n; i++)
        data.persons[i] = (cv_person_private_t){.number = 10000,
                                                .name = {name, sizeof name},
                                                .capacity = CV_CAPACITY_INTERPRETER,
                                                .email = {email, sizeof email}};
    cv_msg_t head = {.id = {id, sizeof id},
                     .source = CV_STR("/convene/registration"),
                     .time_ms = T0,
                     .subject = {attribute, 64},
                     .info = cv_msg_info_at(CV_MSG_REGISTRATION_CONTACT_V1)};
    cv_buf_t buf;
    cv_buf_init(&buf, CV_MAX_FRAME);
    assert_int_equal(cv_msg_write(&buf, &head, &data), CV_OK);
    assert_true(buf.len <= CV_MAX_RECORD);
    cv_buf_done(&buf);
}

/* What is larger than its kind may be is not written, however much room the buffer has. */
static void test_too_large_for_its_kind(void **state)
{
    (void)state;
    static char record[CV_MAX_RECORD];
    cv_str_t list[9];
    for (size_t i = 0; i < 9; i++)
        list[i] = (cv_str_t){record, sizeof record};
    cv_log_page_v1_t page = {.records = {.n = 6, .list = list}, .last = true};
    cv_msg_t head = {.id = CV_STR("1"),
                     .source = CV_STR("/convene/scheduling"),
                     .time_ms = T0,
                     .info = cv_msg_info_at(CV_MSG_LOG_PAGE_V1)};
    cv_buf_t buf;
    cv_buf_init(&buf, CV_MAX_BATCH * 4);
    assert_int_equal(cv_msg_write(&buf, &head, &page), CV_OK);
    cv_buf_clear(&buf);
    page.records.n = 7;
    assert_int_equal(cv_msg_write(&buf, &head, &page), CV_ELIMIT);
    assert_int_equal(buf.len, 0);
    cv_buf_done(&buf);
}

/* The first fault is told, but whoever can be answered is. */
static void test_fault_still_answers(void **state)
{
    cv_reader_t *reader = *state;
    static const char bytes[] = "\x87\xa2id\xd9\x24" REQUEST_ID "\xa4type\xd9\x1f"
                                "convene.registration.decline.v1\xab"
                                "specversion\xa3"
                                "2.0"
                                "\xa6source\x01\xa4time\xa4soon\xa5inbox\xa8"
                                "12345678\xa4"
                                "data\x80";
    cv_msg_t msg;
    cv_fault_t fault;
    assert_int_equal(cv_msg_read(reader, (cv_str_t){bytes, sizeof bytes - 1}, &msg, &fault), CV_EINVAL);
    assert_string_equal(fault.path, "specversion");
    assert_true(cv_str_is(msg.id, REQUEST_ID));
    assert_true(cv_str_is(msg.inbox, "12345678"));
    assert_int_equal(msg.info->number, CV_MSG_REGISTRATION_DECLINE_V1);
    assert_non_null(msg.data);
    assert_null(msg.source.ptr);
}

static void test_malformed_leaves_output_alone(void **state)
{
    cv_reader_t *reader = *state;
    cv_msg_t msg = {.time_ms = 7};
    assert_int_equal(cv_msg_read(reader, CV_STR("\x81\xa2id"), &msg, NULL), CV_EMALFORMED);
    assert_int_equal(cv_msg_read(reader, CV_STR("\x81\xa2id\xa1x"), &msg, NULL), CV_EMALFORMED);
    assert_int_equal(msg.time_ms, 7);
}

static void test_decode_says_what_is_wrong(void **state)
{
    (void)state;
    msgpack_object key = {.type = MSGPACK_OBJECT_STR, .via.str = {.size = 8, .ptr = "capacity"}};
    msgpack_object value = {.type = MSGPACK_OBJECT_STR, .via.str = {.size = 4, .ptr = "b\nss"}};
    msgpack_object_kv pair = {key, value};
    msgpack_object person = {.type = MSGPACK_OBJECT_MAP, .via.map = {.size = 1, .ptr = &pair}};
    msgpack_object persons = {.type = MSGPACK_OBJECT_ARRAY, .via.array = {.size = 1, .ptr = &person}};
    msgpack_object_kv outer = {{.type = MSGPACK_OBJECT_STR, .via.str = {.size = 7, .ptr = "persons"}}, persons};
    msgpack_object data = {.type = MSGPACK_OBJECT_MAP, .via.map = {.size = 1, .ptr = &outer}};
    const cv_msg_info_t *info = cv_msg_info_at(CV_MSG_REGISTRATION_REGISTER_V1);
    cv_registration_register_v1_t ret;
    cv_fault_t fault;
    assert_int_equal(info->decode(&data, &ret, &fault), CV_EINVAL);
    assert_string_equal(fault.path, "data.persons[0].capacity");
    assert_string_equal(fault.text,
                        "is \"b?ss\"; must be one of head, deputy, delegate, alternate, adviser, expert, interpreter, "
                        "security, protocol, media, exhibitor, contestant, trainee, volunteer");
    assert_int_equal(info->decode(&data, &ret, NULL), CV_EINVAL);
    assert_int_equal(ret.persons_n, 0); /* nothing of it is left */
}

/* Each prefix of a good message is refused, and so is each with one more octet. */
static void test_every_cut(void **state)
{
    cv_reader_t *reader = *state;
    cv_registration_register_v1_t data = s_register();
    cv_msg_t head = s_head(), msg;
    cv_buf_t buf;
    cv_buf_init(&buf, CV_MAX_REQUEST);
    assert_int_equal(cv_msg_write(&buf, &head, &data), CV_OK);
    for (size_t len = 0; len < buf.len; len++) {
        char *cut = malloc(len ? len : 1);
        assert_non_null(cut);
        memcpy(cut, buf.ptr, len);
        cv_fault_t fault = {"", ""};
        assert_int_equal(cv_msg_read(reader, (cv_str_t){cut, len}, &msg, &fault), CV_EMALFORMED);
        assert_int_not_equal(fault.text[0], 0);
        free(cut);
    }
    assert_int_equal(cv_buf_put(&buf, "\xc0", 1), CV_OK);
    assert_int_equal(cv_wire_check(cv_buf_str(&buf), NULL), CV_EMALFORMED);
    cv_buf_done(&buf);
}

/* Exactly the limits pass. */
static void test_walk_limits(void **state)
{
    (void)state;
    char bytes[CV_MAX_NODES + 64];
    memset(bytes, 0xc0, sizeof bytes);
    memcpy(bytes,
           "\x81\xa1"
           "a\xdc",
           4);
    unsigned n = CV_MAX_NODES - 3; /* besides the map, its key and the array */
    bytes[4] = (char)(n >> 8);
    bytes[5] = (char)n;
    assert_int_equal(cv_wire_check((cv_str_t){bytes, 6 + n}, NULL), CV_OK);
    bytes[5]++;
    assert_int_equal(cv_wire_check((cv_str_t){bytes, 7 + n}, NULL), CV_ELIMIT);

    char deep[64] = "\x81\xa1"
                    "a";
    size_t at = 3;
    for (int i = 1; i < CV_MAX_DEPTH; i++)
        deep[at++] = (char)0x91;
    deep[at++] = (char)0xc0;
    assert_int_equal(cv_wire_check((cv_str_t){deep, at}, NULL), CV_OK);
    memcpy(deep + at - 1, "\x91\xc0", 2);
    assert_int_equal(cv_wire_check((cv_str_t){deep, at + 1}, NULL), CV_ELIMIT);

    size_t size = CV_MAX_FRAME + 1;
    char *large = calloc(1, size);
    assert_non_null(large);
    memcpy(large,
           "\x81\xa1"
           "a\xc6",
           4);
    size_t body = CV_MAX_FRAME - 8;
    for (int i = 0; i < 4; i++)
        large[4 + i] = (char)(body >> (24 - 8 * i));
    assert_int_equal(cv_wire_check((cv_str_t){large, CV_MAX_FRAME}, NULL), CV_OK);
    assert_int_equal(cv_wire_check((cv_str_t){large, size}, NULL), CV_ELIMIT);
    free(large);
}

static void test_longer_integers(void **state)
{
    cv_reader_t *reader = *state;
    (void)reader;
    static const char *const ones[] = {"\x81\xa1"
                                       "a\x01",
                                       "\x81\xa1"
                                       "a\xcc\x01",
                                       "\x81\xa1"
                                       "a\xd0\x01"};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(cv_wire_check(cv_str(ones[i]), NULL), CV_OK);
    assert_int_equal(cv_wire_check(CV_STR("\x81\xa1"
                                          "a\xcf\0\0\0\0\0\0\0\x01"),
                                   NULL),
                     CV_OK);
    assert_int_equal(cv_wire_check(CV_STR("\x81\xa1"
                                          "a\xd3\0\0\0\0\0\0\0"),
                                   NULL),
                     CV_EMALFORMED);
}

static void test_position(void **state)
{
    (void)state;
    cv_position_t position = {.epoch = {1, 2, 3, 4, 5, 6, 7, 8}, .seq = UINT64_C(0x0102030405060708)},
                  back = {.seq = 9};
    memset(position.chain, 0xab, sizeof position.chain);
    uint8_t bytes[CV_POSITION_LEN];
    cv_position_write(&position, bytes);
    assert_memory_equal(bytes, "\1\2\3\4\5\6\7\10\1\2\3\4\5\6\7\10\xab", 17);
    assert_int_equal(cv_position_read((cv_str_t){(char *)bytes, 47}, &back), CV_EMALFORMED);
    assert_int_equal(cv_position_read((cv_str_t){(char *)bytes, 49}, &back), CV_EMALFORMED);
    assert_int_equal(cv_position_read(CV_STR_NONE, &back), CV_EMALFORMED);
    assert_int_equal(back.seq, 9);
    assert_int_equal(cv_position_read((cv_str_t){(char *)bytes, 48}, &back), CV_OK);
    assert_int_equal(back.seq, position.seq);
    assert_memory_equal(back.chain, position.chain, CV_CHAIN_LEN);
}

/* Values from Python: hashlib.blake2b(previous + record, digest_size=32). */
static void test_chain(void **state)
{
    (void)state;
    static const uint8_t one[] = {
        0x7e, 0xdf, 0x2a, 0x00, 0x2c, 0x9f, 0x82, 0x63, 0x82, 0xe2, 0x18, 0x0f, 0x8b, 0x01, 0x68, 0xf9,
        0x4c, 0x05, 0xc1, 0x11, 0xe6, 0xd6, 0x30, 0x23, 0x9c, 0x4a, 0x6e, 0x89, 0x11, 0x9c, 0x65, 0x0d,
    };
    static const uint8_t two[] = {
        0xaa, 0x51, 0x96, 0x49, 0xc4, 0xfe, 0x01, 0x81, 0xbf, 0x1d, 0x07, 0x73, 0x86, 0x53, 0x00, 0x4e,
        0xa0, 0x7b, 0x88, 0x17, 0xef, 0x7d, 0xd1, 0x26, 0xe5, 0xe1, 0x05, 0xae, 0xcb, 0x6d, 0x5a, 0xf7,
    };
    uint8_t chain[CV_CHAIN_LEN] = {0};
    cv_chain_next(chain, CV_STR("first record"), chain);
    assert_memory_equal(chain, one, CV_CHAIN_LEN);
    cv_chain_next(chain, CV_STR("second record"), chain);
    assert_memory_equal(chain, two, CV_CHAIN_LEN);
}

static void test_table(void **state)
{
    (void)state;
    for (uint16_t i = 1; i <= CV_MSG_MAX; i++) {
        const cv_msg_info_t *info = cv_msg_info_at(i);
        assert_int_equal(info->number, i);
        assert_ptr_equal(cv_msg_info(cv_str(info->type)), info);
        assert_true(info->size <= sizeof(cv_any_t));
        assert_true(i == 1 || strcmp(cv_msg_info_at((uint16_t)(i - 1))->type, info->type) < 0);
        assert_true(info->kind != CV_KIND_REQUEST || info->roles != 0);
        assert_true(!(info->roles & CV_ROLE_FOCAL_POINT) || info->party_at != 0);
    }
    assert_null(cv_msg_info_at(0));
    assert_null(cv_msg_info_at(CV_MSG_MAX + 1));
    assert_null(cv_msg_info(CV_STR_NONE));
    assert_null(cv_msg_info(CV_STR("")));
    assert_null(cv_msg_info(CV_STR("convene.registration.register.v")));
    assert_null(cv_msg_info(CV_STR("convene.registration.register.v11")));

    const cv_msg_info_t *propose = cv_msg_info_at(CV_MSG_SCHEDULING_EVENT_PROPOSE_V1);
    cv_scheduling_event_propose_v1_t event = {.event_details.proposer = CV_STR("AZ")};
    cv_str_t party;
    memcpy(&party, (const char *)&event + propose->party_at - 1, sizeof party);
    assert_true(cv_str_is(party, "AZ"));
    assert_string_equal(propose->service, "scheduling");
    assert_string_equal(cv_msg_stream(cv_msg_info_at(CV_MSG_REGISTRATION_CONTACT_V1)), "registration.private");
}

static void test_words(void **state)
{
    (void)state;
    for (int i = 1; i <= CV_EVENT_STATUS_MAX; i++) {
        const char *text = cv_event_status_text((cv_event_status_t)i);
        assert_int_not_equal(text[0], 0);
        assert_int_equal(cv_event_status_parse(cv_str(text)), i);
    }
    assert_string_equal(cv_event_status_text(CV_EVENT_STATUS_ABSENT), "");
    assert_string_equal(cv_event_status_text((cv_event_status_t)(CV_EVENT_STATUS_MAX + 1)), "");
    assert_int_equal(cv_event_status_parse(CV_STR("Open")), CV_EVENT_STATUS_ABSENT);
    assert_int_equal(cv_event_status_parse(CV_STR_NONE), CV_EVENT_STATUS_ABSENT);
}

/* A batch is written from views and read as objects; both are reached the same way. */
static void test_records(void **state)
{
    cv_reader_t *reader = *state;
    cv_str_t list[] = {CV_STR("first"), CV_STR("second one"), {"\0\1", 2}};
    cv_log_batch_v1_t batch = {.stream = CV_STR("scheduling.events"),
                               .epoch = CV_STR("12345678"),
                               .after = 4,
                               .records = {.n = 3, .list = list},
                               .head = 9,
                               .oldest = 1},
                      back;
    cv_msg_t head = {.id = CV_STR("1"),
                     .source = CV_STR("/convene/scheduling"),
                     .time_ms = T0,
                     .info = cv_msg_info_at(CV_MSG_LOG_BATCH_V1)},
             msg;
    cv_buf_t buf;
    cv_buf_init(&buf, CV_MAX_BATCH);
    assert_int_equal(cv_msg_write(&buf, &head, &batch), CV_OK);
    assert_int_equal(cv_msg_read(reader, cv_buf_str(&buf), &msg, NULL), CV_OK);
    assert_int_equal(msg.info->decode(msg.data, &back, NULL), CV_OK);
    assert_int_equal(back.records.n, 3);
    for (size_t i = 0; i < 3; i++)
        assert_true(cv_str_equal(cv_records_at(&back.records, i), list[i]));
    batch.records.n = 0;
    cv_buf_clear(&buf);
    assert_int_equal(cv_msg_write(&buf, &head, &batch), CV_OK); /* an empty batch is one */
    cv_buf_done(&buf);
}

static void test_fault(void **state)
{
    (void)state;
    cv_fault_t fault;
    char longer[400];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_int_equal(cv_fault(&fault, CV_EINVAL, longer, "%s", longer), CV_EINVAL);
    assert_int_equal(strlen(fault.path), sizeof fault.path - 1);
    assert_int_equal(strlen(fault.text), sizeof fault.text - 1);
    assert_int_equal(cv_fault(NULL, CV_EBUSY, "a", "b"), CV_EBUSY);
    assert_int_equal(cv_fault(&fault, CV_EBUSY, NULL, "b"), CV_EBUSY);
    assert_string_equal(fault.path, "");
}

static int s_setup(void **state)
{
    *state = cv_reader_new();
    return *state ? 0 : -1;
}

static int s_teardown(void **state)
{
    cv_reader_t *reader = *state;
    cv_reader_destroy(&reader);
    assert_null(reader);
    cv_reader_destroy(&reader);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write_and_read),
        cmocka_unit_test(test_data_bytes),
        cmocka_unit_test(test_same_input_same_bytes),
        cmocka_unit_test(test_write_refuses),
        cmocka_unit_test(test_largest_record),
        cmocka_unit_test(test_too_large_for_its_kind),
        cmocka_unit_test(test_fault_still_answers),
        cmocka_unit_test(test_malformed_leaves_output_alone),
        cmocka_unit_test(test_decode_says_what_is_wrong),
        cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_walk_limits),
        cmocka_unit_test(test_longer_integers),
        cmocka_unit_test(test_position),
        cmocka_unit_test(test_chain),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_fault),
    };
    return cmocka_run_group_tests(tests, s_setup, s_teardown);
}
