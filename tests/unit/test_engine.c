/* test_engine: turns of an engine with the toy bank, every class of outcome, batches that fail, disks that fail.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TOY_FILE "toy.db"

static int start(void **state)
{
    rig_t *rig = calloc(1, sizeof *rig);
    rig_start(rig, &TOY_BANK);
    toy_timers[0] = '\0';
    *state = rig;
    return 0;
}

static int end(void **state)
{
    rig_end(*state);
    free(*state);
    return 0;
}

static void expect_outcome(rig_t *rig, uint64_t id, cv_outcome_class_t cls, const char *code)
{
    const cv_outcome_v1_t *outcome = rig_outcome(rig, id);
    assert_string_equal(cv_outcome_class_text(outcome->cls), cv_outcome_class_text(cls));
    assert_true(cv_str_is(outcome->code, code));
}

static void expect_accounts(rig_t *rig, const char *accounts)
{
    char text[1024];
    toy_dump(rig->db, "", text, sizeof text);
    assert_string_equal(text, accounts);
}

static bool same(cv_str_t a, cv_str_t b)
{
    return a.ptr && b.ptr && cv_str_equal(a, b);
}

/* A copy that outlives rig_clear. */
static cv_str_t copy(cv_buf_t *buf, cv_str_t bytes)
{
    cv_buf_init(buf, 1 << 20);
    assert_int_equal(cv_buf_put(buf, bytes.ptr, bytes.len), CV_OK);
    return cv_buf_str(buf);
}

/* ---- correct use -------------------------------------------------------------------------- */

static void one_request(void **state)
{
    rig_t *rig = *state;
    rig_put(rig, 1, "put", "A", 5);
    assert_int_equal(cv_engine_queued(rig->engine), 1);
    assert_int_equal(rig_turn(rig), CV_OK);
    assert_int_equal(cv_engine_queued(rig->engine), 0);

    expect_outcome(rig, 1, CV_OUTCOME_CLASS_OK, "done");
    const cv_outcome_v1_t *outcome = rig_outcome(rig, 1);
    assert_true(cv_str_is(outcome->text, "put has been done"));
    assert_true(cv_str_is(outcome->stream, "scheduling.events"));
    assert_true(outcome->has_sequence && outcome->sequence == 1);
    assert_string_equal(rig_find(rig, RIG_OUTCOME, 0)->topic, "outcome.secretariat.inbox-0001|");

    /* One record on the public stream; the private one only rings. */
    assert_int_equal(rig_count(rig, RIG_RECORD), 1);
    const rig_sent_t *record = rig_find(rig, RIG_RECORD, 0);
    assert_string_equal(record->topic, "scheduling.events|");
    assert_int_equal(record->position.seq, 1);
    uint8_t chain[CV_CHAIN_LEN] = {0};
    cv_chain_next(chain, record->bytes, chain);
    assert_memory_equal(record->position.chain, chain, CV_CHAIN_LEN);
    cv_msg_t msg = rig_read(rig, record->bytes);
    assert_true(cv_str_is(msg.id, "scheduling.events/e1e1e1e1e1e1e1e1/1"));
    assert_true(cv_str_is(msg.source, "/convene/scheduling"));
    assert_true(cv_str_is(msg.causationid, toy_id(1)));
    assert_true(cv_str_is(msg.subject, "A"));
    assert_int_equal(msg.time_ms, rig->wall_ms);
    assert_true(rig->data->scheduling_venue_v1.capacity == 5);
    assert_true(cv_str_is(rig->data->scheduling_venue_v1.city, "5"));
    bool rang = false;
    for (size_t i = 0; i < rig_count(rig, RIG_HEAD); i++)
        rang |= !strcmp(rig_find(rig, RIG_HEAD, i)->topic, "scheduling.private|") &&
                rig_find(rig, RIG_HEAD, i)->position.seq == 1;
    assert_true(rang);
    expect_accounts(rig, "A=5/1 ");
}

static void published_in_the_order_they_were_made(void **state)
{
    rig_t *rig = *state;
    rig_put(rig, 1, "put", "A", 5);
    rig_put(rig, 2, "put", "A", 6);
    assert_int_equal(rig_turn(rig), CV_OK);
    /* The record during the decision, the outcome after it. */
    assert_int_equal(rig->sent[0].kind, RIG_RECORD);
    assert_int_equal(rig->sent[1].kind, RIG_OUTCOME);
    assert_int_equal(rig->sent[2].kind, RIG_RECORD);
    assert_int_equal(rig->sent[3].kind, RIG_OUTCOME);
    expect_accounts(rig, "A=11/2 ");
}

/* A service that owes something: by the bank's rules, and by its own word when. */
static int64_t g_owed_ms;
static unsigned g_paid;

static int64_t owes_ms(void *self)
{
    (void)self;
    return g_owed_ms;
}

static int pay(void *self, cv_tx_t *tx)
{
    g_paid += g_owed_ms != 0 && g_owed_ms <= cv_tx_now_ms(tx);
    g_owed_ms = 0;
    return TOY_BANK.flush(self, tx);
}

static void what_is_owed_gets_a_transaction(void **state)
{
    static cv_service_def_t debtor;
    rig_t *rig = *state;
    rig_end(rig);
    *rig = (rig_t){.def = NULL};
    debtor = TOY_BANK;
    debtor.owes_ms = owes_ms;
    debtor.flush = pay;
    g_owed_ms = 0;
    g_paid = 0;
    rig_start(rig, &debtor);
    assert_int_equal(rig_turn(rig), CV_OK);
    g_owed_ms = rig->wall_ms + 40;
    assert_int_equal(rig_turn(rig), CV_OK);
    assert_int_equal(rig->next_ms, rig->mono_ms + 40); /* it says when, so that nobody sleeps longer */
    assert_int_equal(rig_turn_at(rig, 39), CV_OK);
    assert_int_equal(g_paid, 0);
    assert_int_equal(rig_turn_at(rig, 1), CV_OK);
    assert_int_equal(g_paid, 1);
    assert_true(rig->next_ms > rig->mono_ms);
    assert_int_equal(rig_turn_at(rig, 1), CV_OK);
    assert_int_equal(g_paid, 1);
}

static void heads_when_idle_and_busy(void **state)
{
    rig_t *rig = *state;
    assert_int_equal(rig_turn(rig), CV_OK);
    assert_int_equal(rig_count(rig, RIG_HEAD), 2);
    assert_true(rig->next_ms > rig->mono_ms && rig->next_ms <= rig->mono_ms + CV_HEAD_IDLE_MS);
    rig_clear(rig);
    assert_int_equal(rig_turn_at(rig, 500), CV_OK);
    assert_int_equal(rig_count(rig, RIG_HEAD), 0);
    assert_int_equal(rig_turn_at(rig, 500), CV_OK);
    assert_int_equal(rig_count(rig, RIG_HEAD), 2);
    rig_clear(rig);
    rig_put(rig, 1, "put", "A", 5);
    assert_int_equal(rig_turn_at(rig, 200), CV_OK);
    assert_int_equal(rig_count(rig, RIG_HEAD), 2);
    assert_int_equal(rig_find(rig, RIG_HEAD, 0)->position.seq, 1);
}

/* ---- the memo ----------------------------------------------------------------------------- */

static void asked_again_same_bytes(void **state)
{
    rig_t *rig = *state;
    cv_buf_t first, refused;
    rig_put(rig, 1, "put", "A", 5);
    rig_put(rig, 2, "take", "A", 50);
    assert_int_equal(rig_turn(rig), CV_OK);
    expect_outcome(rig, 2, CV_OUTCOME_CLASS_REJECTED, "poor");
    cv_str_t bytes = copy(&first, rig_outcome_bytes(rig, 1)), no = copy(&refused, rig_outcome_bytes(rig, 2));
    for (int round = 0; round < 3; round++) {
        rig_clear(rig);
        rig_put(rig, 2, "take", "A", 50);
        rig_put(rig, 1, "put", "A", 5);
        rig_put(rig, 1, "put", "A", 5); /* and twice in one batch */
        assert_int_equal(rig_turn_at(rig, 1234), CV_OK);
        assert_int_equal(rig_count(rig, RIG_OUTCOME), 3);
        assert_int_equal(rig_count(rig, RIG_RECORD), 0);
        assert_true(same(rig_outcome_bytes(rig, 1), bytes));
        assert_true(same(rig_outcome_bytes(rig, 2), no));
        if (round == 0) {
            rig_close(rig);
            assert_int_equal(rig_open(rig), CV_OK);
        } else {
            rig_crash(rig, CRASH_DROP);
            assert_int_equal(rig_open(rig), CV_OK);
        }
    }
    expect_accounts(rig, "A=5/1 ");
    cv_buf_done(&first);
    cv_buf_done(&refused);
}

static void twice_in_the_first_batch(void **state)
{
    rig_t *rig = *state;
    rig_put(rig, 1, "put", "A", 5);
    rig_put(rig, 1, "put", "A", 5);
    assert_int_equal(rig_turn(rig), CV_OK);
    assert_int_equal(rig_count(rig, RIG_OUTCOME), 2);
    assert_true(same(rig_find(rig, RIG_OUTCOME, 0)->bytes, rig_find(rig, RIG_OUTCOME, 1)->bytes));
    expect_accounts(rig, "A=5/1 ");
}

static void id_reused_is_a_conflict(void **state)
{
    rig_t *rig = *state;
    rig_put(rig, 1, "put", "A", 5);
    rig_put(rig, 1, "put", "A", 6);
    assert_int_equal(rig_turn(rig), CV_OK);
    expect_outcome(rig, 1, CV_OUTCOME_CLASS_CONFLICT, "id_reused");
    expect_accounts(rig, "A=5/1 ");
    rig_put(rig, 1, "put", "A", 5); /* the first content still gets its answer */
    assert_int_equal(rig_turn(rig), CV_OK);
    expect_outcome(rig, 1, CV_OUTCOME_CLASS_OK, "done");
}

static void only_decisions_are_remembered(void **state)
{
    rig_t *rig = *state;
    rig_put(rig, 1, "invalid", "A", 5);
    rig_put(rig, 2, "missing", "A", 5);
    assert_int_equal(rig_turn(rig), CV_OK);
    expect_outcome(rig, 1, CV_OUTCOME_CLASS_INVALID, "invalid");
    assert_true(cv_str_is(rig_outcome(rig, 1)->field, "data.name"));
    expect_outcome(rig, 2, CV_OUTCOME_CLASS_NOTFOUND, "missing");
    rig_put(rig, 1, "put", "A", 5); /* so the same id may be used for what is right */
    rig_put(rig, 2, "put", "A", 6);
    assert_int_equal(rig_turn(rig), CV_OK);
    expect_outcome(rig, 1, CV_OUTCOME_CLASS_OK, "done");
    expect_accounts(rig, "A=11/2 ");
}

/* ---- what may come in --------------------------------------------------------------------- */

static void send_typed(rig_t *rig, const cv_principal_t *principal, uint64_t id, uint16_t type, const void *data)
{
    cv_buf_t message;
    cv_buf_init(&message, 65536);
    cv_msg_t head = {.id = cv_str(toy_id(id)),
                     .source = CV_STR("/test"),
                     .inbox = CV_STR("inbox-0001"),
                     .time_ms = 1,
                     .info = cv_msg_info_at(type)};
    assert_int_equal(cv_msg_write(&message, &head, data), CV_OK);
    assert_int_equal(rig_send(rig, principal, cv_buf_str(&message)), CV_OK);
    cv_buf_done(&message);
}

static void propose(rig_t *rig, const cv_principal_t *principal, uint64_t id, const char *proposer)
{
    cv_scheduling_event_propose_v1_t event = {.event = CV_STR("E1")};
    event.event_details.title = CV_STR("A meeting");
    event.event_details.plan_year = 2025;
    event.event_details.line = CV_PLAN_LINE_CBM;
    event.event_details.proposer = cv_str(proposer);
    send_typed(rig, principal, id, CV_MSG_SCHEDULING_EVENT_PROPOSE_V1, &event);
}

static void roles_and_party(void **state)
{
    rig_t *rig = *state;
    propose(rig, &RIG_FOCAL_KZ, 1, "KZ");
    propose(rig, &RIG_FOCAL_KZ, 2, "AZ");
    propose(rig, &RIG_FOCAL_KZ, 3, NULL);
    propose(rig, &RIG_OBSERVER, 4, "KZ");
    propose(rig, &RIG_SECRETARIAT, 5, "AZ");
    assert_int_equal(rig_turn(rig), CV_OK);
    expect_outcome(rig, 1, CV_OUTCOME_CLASS_OK, "proposed");
    assert_true(cv_str_is(rig_outcome(rig, 1)->text, "proposed by focal-kz"));
    expect_outcome(rig, 2, CV_OUTCOME_CLASS_DENIED, "party");
    expect_outcome(rig, 3, CV_OUTCOME_CLASS_DENIED, "party");
    expect_outcome(rig, 4, CV_OUTCOME_CLASS_DENIED, "role");
    expect_outcome(rig, 5, CV_OUTCOME_CLASS_OK, "proposed");
    rig_clear(rig);
    propose(rig, &RIG_OBSERVER, 1, "KZ"); /* an id is no way to read an answer */
    assert_int_equal(rig_turn(rig), CV_OK);
    expect_outcome(rig, 1, CV_OUTCOME_CLASS_DENIED, "role");
}

static void expired(void **state)
{
    rig_t *rig = *state;
    cv_buf_t late, in_time;
    cv_buf_init(&late, 4096);
    cv_buf_init(&in_time, 4096);
    assert_int_equal(toy_request(&late, toy_id(1), NULL, "put", "A", 5, rig->wall_ms), CV_OK);
    assert_int_equal(toy_request(&in_time, toy_id(2), NULL, "put", "A", 6, rig->wall_ms + 1), CV_OK);
    assert_int_equal(rig_send(rig, &RIG_SECRETARIAT, cv_buf_str(&late)), CV_OK);
    assert_int_equal(rig_send(rig, &RIG_SECRETARIAT, cv_buf_str(&in_time)), CV_OK);
    assert_int_equal(rig_turn(rig), CV_OK);
    expect_outcome(rig, 1, CV_OUTCOME_CLASS_EXPIRED, "expired");
    expect_outcome(rig, 2, CV_OUTCOME_CLASS_OK, "done");
    expect_accounts(rig, "A=6/1 ");

    /* Decided in time, the outcome lost, asked again after the expiry: it was decided, so that is the answer. */
    cv_buf_t first;
    cv_str_t bytes = copy(&first, rig_outcome_bytes(rig, 2));
    rig_clear(rig);
    assert_int_equal(rig_send(rig, &RIG_SECRETARIAT, cv_buf_str(&in_time)), CV_OK);
    assert_int_equal(rig_turn_at(rig, 60000), CV_OK);
    assert_true(same(rig_outcome_bytes(rig, 2), bytes));
    cv_buf_done(&first);
    cv_buf_done(&late);
    cv_buf_done(&in_time);
}

static void unknown_types(void **state)
{
    rig_t *rig = *state;
    cv_registration_decline_v1_t decline = {.event = CV_STR("E1"), .party = CV_STR("KZ")};
    send_typed(rig, &RIG_SECRETARIAT, 1, CV_MSG_REGISTRATION_DECLINE_V1, &decline); /* another service's */
    assert_int_equal(rig_turn(rig), CV_OK);
    expect_outcome(rig, 1, CV_OUTCOME_CLASS_INVALID, "unknown_type");

    /* A type that nobody knows: a put whose type has one letter changed. */
    cv_buf_t message;
    cv_buf_init(&message, 4096);
    assert_int_equal(toy_request(&message, toy_id(2), NULL, "put", "A", 5, 0), CV_OK);
    char *type = memmem(message.ptr, message.len, "venue.put", 9);
    memcpy(type, "venuf", 5);
    assert_int_equal(rig_send(rig, &RIG_SECRETARIAT, cv_buf_str(&message)), CV_OK);
    assert_int_equal(rig_turn(rig), CV_OK);
    expect_outcome(rig, 2, CV_OUTCOME_CLASS_INVALID, "unknown_type");
    cv_buf_done(&message);
}

/* A known id, another's inbox: every class of answer goes to the one whose connection asked, and only there. */
static void nobody_answers_into_anothers_inbox(void **state)
{
    rig_t *rig = *state;
    cv_buf_t bytes;
    propose(rig, &RIG_FOCAL_KZ, 1, "KZ");
    assert_int_equal(rig_turn(rig), CV_OK);
    assert_int_equal(rig_count(rig, RIG_OUTCOME), 1);
    assert_string_equal(rig_find(rig, RIG_OUTCOME, 0)->topic, "outcome.focal-kz.inbox-0001|");
    cv_str_t first = copy(&bytes, rig_outcome_bytes(rig, 1));
    rig_clear(rig);

    propose(rig, &RIG_OBSERVER, 1, "KZ");                             /* DENIED */
    propose(rig, &RIG_OBSERVER, 2, "KZ");                             /* DENIED, an id that is still to come */
    send_typed(rig, &RIG_OBSERVER, 1, CV_MSG_REGISTRATION_DECLINE_V1, /* INVALID */
               &(cv_registration_decline_v1_t){.event = CV_STR("E1"), .party = CV_STR("KZ")});
    assert_int_equal(rig_turn(rig), CV_OK);
    assert_int_equal(rig_count(rig, RIG_OUTCOME), 3);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(rig_find(rig, RIG_OUTCOME, i)->topic, "outcome.dashboard.inbox-0001|");
    rig_clear(rig);

    propose(rig, &RIG_SECRETARIAT, 1, "KZ"); /* remembered, the same octets */
    propose(rig, &RIG_SECRETARIAT, 1, "AZ"); /* CONFLICT */
    rig_put(rig, 3, "put", "A", 5);          /* OK */
    rig_put(rig, 4, "missing", "A", 5);      /* NOTFOUND */
    rig_put(rig, 5, "fail", "A", 5);         /* INTERNAL, given up on alone */
    assert_int_equal(rig_turn(rig), CV_OK);
    assert_int_equal(rig_count(rig, RIG_OUTCOME), 5);
    assert_true(same(rig_find(rig, RIG_OUTCOME, 0)->bytes, first));
    expect_outcome(rig, 5, CV_OUTCOME_CLASS_INTERNAL, "internal");
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(rig_find(rig, RIG_OUTCOME, i)->topic, "outcome.secretariat.inbox-0001|");
    rig_clear(rig);

    /* The longest name there is, with dots of its own, and the longest inbox. */
    cv_principal_t longest = RIG_SECRETARIAT;
    char inbox[65], topic[160];
    memset(longest.name, 'n', CV_NAME_MAX);
    longest.name[CV_NAME_MAX] = '\0';
    memcpy(longest.name, "a.b", 3);
    memset(inbox, 'I', 64);
    inbox[64] = '\0';
    snprintf(topic, sizeof topic, "outcome.%s.%s|", longest.name, inbox);
    cv_buf_t message;
    cv_buf_init(&message, 4096);
    assert_int_equal(toy_request(&message, toy_id(6), inbox, "put", "A", 5, 0), CV_OK);
    assert_int_equal(rig_send(rig, &longest, cv_buf_str(&message)), CV_OK);
    assert_int_equal(rig_turn(rig), CV_OK);
    assert_string_equal(rig_find(rig, RIG_OUTCOME, 0)->topic, topic);
    cv_buf_done(&message);
    cv_buf_done(&bytes);
}

static void wrong_data(void **state)
{
    rig_t *rig = *state;
    cv_buf_t message;
    cv_buf_init(&message, 4096);
    assert_int_equal(toy_request(&message, toy_id(1), NULL, "put", "A", 5, 0), CV_OK);
    char *country = memmem(message.ptr, message.len, "KZ", 2);
    country[0] = 'k';
    assert_int_equal(rig_send(rig, &RIG_SECRETARIAT, cv_buf_str(&message)), CV_OK);
    cv_buf_clear(&message);
    assert_int_equal(toy_request(&message, toy_id(2), NULL, "put", "A", 5, 0), CV_OK);
    char *version = memmem(message.ptr, message.len,
                           "\xa3"
                           "1.0",
                           4);
    version[1] = '2';
    assert_int_equal(rig_send(rig, &RIG_SECRETARIAT, cv_buf_str(&message)), CV_OK);
    cv_buf_clear(&message);
    assert_int_equal(toy_request(&message, toy_id(3), NULL, "put", "A", 5, 0), CV_OK);
    char *id = memmem(message.ptr, message.len, toy_id(3), CV_UUID_TEXT);
    id[8] = '_';
    assert_int_equal(rig_send(rig, &RIG_SECRETARIAT, cv_buf_str(&message)), CV_OK);
    assert_int_equal(rig_turn(rig), CV_OK);
    expect_outcome(rig, 1, CV_OUTCOME_CLASS_INVALID, "bad_field");
    assert_true(cv_str_is(rig_outcome(rig, 1)->field, "data.country"));
    expect_outcome(rig, 2, CV_OUTCOME_CLASS_INVALID, "bad_message");
    assert_true(cv_str_is(rig_outcome(rig, 2)->field, "specversion"));
    cv_msg_t msg = rig_read(rig, rig_find(rig, RIG_OUTCOME, 2)->bytes);
    assert_true(cv_str_is(msg.id, "00000000_0000-7000-8000-000000000003"));
    assert_true(cv_str_is(rig->data->outcome_v1.code, "bad_id"));
    expect_accounts(rig, "");
    cv_buf_done(&message);
}

static void dropped_without_answer(void **state)
{
    rig_t *rig = *state;
    cv_buf_t message;
    cv_buf_init(&message, 1 << 20);
    assert_int_equal(toy_request(&message, toy_id(1), NULL, "put", "A", 5, 0), CV_OK);
    char *inbox = memmem(message.ptr, message.len, "inbox-0001", 10);
    inbox[5] = '|'; /* would be a topic of somebody else's */
    assert_int_equal(rig_send(rig, &RIG_SECRETARIAT, cv_buf_str(&message)), CV_OK);
    cv_buf_clear(&message);
    assert_int_equal(toy_request(&message, toy_id(2), NULL, "put", "A", 5, 0), CV_OK);
    assert_int_equal(rig_send(rig, &RIG_SECRETARIAT, (cv_str_t){(const char *)message.ptr, message.len - 1}), CV_OK);
    while (message.len <= CV_MAX_REQUEST) {
        uint8_t zero[4096] = {0};
        assert_int_equal(cv_buf_put(&message, zero, sizeof zero), CV_OK);
    }
    assert_int_equal(rig_send(rig, &RIG_SECRETARIAT, cv_buf_str(&message)), CV_OK);
    assert_int_equal(rig_send(rig, &RIG_SECRETARIAT, CV_STR("")), CV_OK);
    assert_int_equal(rig_send(rig, &RIG_SECRETARIAT, CV_STR("\xc1")), CV_OK);
    rig_put(rig, 9, "put", "A", 1);
    assert_int_equal(rig_turn(rig), CV_OK);
    assert_int_equal(rig_count(rig, RIG_OUTCOME), 1);
    expect_outcome(rig, 9, CV_OUTCOME_CLASS_OK, "done");
    cv_buf_done(&message);
}

static void queue_is_full(void **state)
{
    rig_t *rig = *state;
    for (uint64_t i = 0; i < CV_BATCH_MAX; i++)
        rig_put(rig, i + 1, "put", "A", 1);
    cv_buf_t message;
    cv_buf_init(&message, 4096);
    assert_int_equal(toy_request(&message, toy_id(5000), NULL, "put", "A", 5, 0), CV_OK);
    assert_int_equal(rig_send(rig, &RIG_SECRETARIAT, cv_buf_str(&message)), CV_EBUSY);
    assert_int_equal(rig_turn(rig), CV_OK);
    assert_int_equal(rig_count(rig, RIG_OUTCOME), CV_BATCH_MAX);
    expect_accounts(rig, "A=1024/1024 ");
    cv_buf_done(&message);
}

static void sentences_that_others_can_read(void **state)
{
    rig_t *rig = *state;
    rig_put(rig, 1, "talk", "A", 1);
    rig_put(rig, 2, "put", "A", 1);
    assert_int_equal(rig_turn(rig), CV_OK);
    expect_outcome(rig, 1, CV_OUTCOME_CLASS_REJECTED, "talk"); /* rig_read fails if it cannot be decoded */
    assert_true(rig_outcome(rig, 1)->text.len > 400);
    expect_outcome(rig, 2, CV_OUTCOME_CLASS_OK, "done");
}

/* ---- batches that fail -------------------------------------------------------------------- */

static void one_fails_the_others_do_not(void **state)
{
    rig_t *rig = *state;
    rig_put(rig, 1, "put", "A", 1);
    rig_put(rig, 2, "fail", "A", 1);
    rig_put(rig, 3, "put", "B", 2);
    rig_put(rig, 4, "take", "B", 100);
    rig_put(rig, 5, "notfound", "B", 1);
    rig_put(rig, 6, "put", "A", 3);
    unsigned flushes = rig->flushes;
    assert_int_equal(rig_turn(rig), CV_OK);
    assert_true(rig->flushes - flushes >=
                6); /* each waited for a sync of its own: no answer waits for those of the others */
    assert_int_equal(rig_count(rig, RIG_OUTCOME), 6);
    expect_outcome(rig, 1, CV_OUTCOME_CLASS_OK, "done");
    expect_outcome(rig, 2, CV_OUTCOME_CLASS_INTERNAL, "internal");
    expect_outcome(rig, 3, CV_OUTCOME_CLASS_OK, "done");
    expect_outcome(rig, 4, CV_OUTCOME_CLASS_REJECTED, "poor");
    expect_outcome(rig, 5, CV_OUTCOME_CLASS_INTERNAL, "internal");
    expect_outcome(rig, 6, CV_OUTCOME_CLASS_OK, "done");
    expect_accounts(rig, "A=4/2 B=2/1 ");
    assert_true(cv_engine_undone(rig->engine) >= 2);
    assert_non_null(strstr(cv_engine_error(rig->engine), cv_error_text(CV_ENOTFOUND)));

    /* Records: exactly those of the three that were done, numbered without a hole, chain unbroken. */
    assert_int_equal(rig_count(rig, RIG_RECORD), 3);
    uint8_t chain[CV_CHAIN_LEN] = {0};
    for (size_t i = 0; i < 3; i++) {
        const rig_sent_t *record = rig_find(rig, RIG_RECORD, i);
        cv_chain_next(chain, record->bytes, chain);
        assert_int_equal(record->position.seq, i + 1);
        assert_memory_equal(record->position.chain, chain, CV_CHAIN_LEN);
    }
    rig_clear(rig);
    rig_put(rig, 2, "put", "A", 7); /* INTERNAL is not remembered */
    assert_int_equal(rig_turn(rig), CV_OK);
    expect_outcome(rig, 2, CV_OUTCOME_CLASS_OK, "done");
    expect_accounts(rig, "A=11/3 B=2/1 ");
}

static void flush_fails(void **state)
{
    rig_t *rig = *state;
    rig_put(rig, 1, "put", "A", 1);
    rig_put(rig, 2, "flush", "A", 1);
    rig_put(rig, 3, "put", "A", 2);
    rig_put(rig, 4, "later", "T", 0);
    assert_int_equal(rig_turn(rig), CV_OK);
    expect_outcome(rig, 1, CV_OUTCOME_CLASS_OK, "done");
    expect_outcome(rig, 2, CV_OUTCOME_CLASS_INTERNAL, "internal");
    expect_outcome(rig, 3, CV_OUTCOME_CLASS_OK, "done");
    rig_put(rig, 5, "flush", "A", 1); /* together with a timer that is due */
    assert_int_equal(rig_turn(rig), CV_OK);
    expect_outcome(rig, 5, CV_OUTCOME_CLASS_INTERNAL, "internal");
    expect_accounts(rig, "A=3/2 T=1/1 ");
}

static void more_output_than_one_turn_holds(void **state)
{
    rig_t *rig = *state;
    for (uint64_t i = 1; i <= 10; i++)
        rig_put(rig, i, "many", "A", 800); /* 10 times 2.1 MB, and a turn's buffer has 16 MiB */
    assert_int_equal(rig_turn(rig), CV_OK);
    for (uint64_t i = 1; i <= 10; i++)
        expect_outcome(rig, i, CV_OUTCOME_CLASS_OK, "done");
    assert_int_equal(rig_count(rig, RIG_RECORD), 8000);
    for (size_t i = 0, n = 0; i < rig->sent_n; i++)
        if (rig->sent[i].kind == RIG_RECORD)
            assert_int_equal(rig->sent[i].position.seq, ++n);
}

static void more_memory_than_one_turn_has(void **state)
{
    rig_t *rig = *state;
    for (uint64_t i = 1; i <= 10; i++)
        rig_put(rig, i, "memory", "A", 900000); /* the field's maximum; below the arena's */
    for (uint64_t i = 11; i <= 40; i++)
        rig_put(rig, i, "memory", "A", 990000);
    rig_put(rig, 50, "fail", "A", 1); /* leads to one by one, with the arena as the batch left it */
    assert_int_equal(rig_turn(rig), CV_OK);
    for (uint64_t i = 1; i <= 40; i++)
        expect_outcome(rig, i, CV_OUTCOME_CLASS_OK, "done");
    expect_outcome(rig, 50, CV_OUTCOME_CLASS_INTERNAL, "internal");
}

/* ---- timers ------------------------------------------------------------------------------- */

static void timers_in_order_once_never_early(void **state)
{
    rig_t *rig = *state;
    rig_put(rig, 1, "later", "C", 300);
    rig_put(rig, 2, "later", "A", 200);
    rig_put(rig, 3, "later", "B", 200);
    rig_put(rig, 4, "later", "D", 100);
    rig_put(rig, 5, "later", "X", 150);
    rig_put(rig, 6, "never", "X", 0);
    rig_put(rig, 7, "later", "E", 100);
    rig_put(rig, 8, "later", "E", 250); /* moves it */
    assert_int_equal(rig_turn(rig), CV_OK);
    assert_true(rig->next_ms <= rig->mono_ms + 100);
    assert_int_equal(rig_turn_at(rig, 99), CV_OK);
    assert_string_equal(toy_timers, "");
    assert_int_equal(rig->next_ms, rig->mono_ms + 1);
    assert_int_equal(rig_turn_at(rig, 1), CV_OK);
    assert_string_equal(toy_timers, "D,");
    assert_int_equal(rig_turn_at(rig, 99), CV_OK);
    assert_string_equal(toy_timers, "D,");
    rig_crash(rig, CRASH_DROP); /* they are as durable as everything */
    assert_int_equal(rig_open(rig), CV_OK);
    assert_int_equal(rig_turn_at(rig, 1000), CV_OK);
    assert_string_equal(toy_timers, "D,A,B,E,C,");
    assert_int_equal(rig_turn_at(rig, 1000), CV_OK);
    assert_string_equal(toy_timers, "D,A,B,E,C,");
    expect_accounts(rig, "A=1/1 B=1/1 C=1/1 D=1/1 E=1/1 ");
}

static void many_timers_at_once(void **state)
{
    rig_t *rig = *state;
    char account[16];
    for (uint64_t i = 0; i < 600; i++) {
        snprintf(account, sizeof account, "A%03u", (unsigned)i);
        rig_put(rig, i + 1, "later", account, 10);
    }
    assert_int_equal(rig_turn(rig), CV_OK);
    rig->wall_ms += 10, rig->mono_ms += 10;
    int turns = 0;
    do {
        assert_int_equal(rig_turn(rig), CV_OK);
        turns++;
    } while (rig->next_ms <= rig->mono_ms && turns < 10);
    assert_int_equal(turns, 3);
    assert_int_equal(rig_count(rig, RIG_RECORD), 600);
}

static void timer_that_fails(void **state)
{
    rig_t *rig = *state;
    rig_put(rig, 1, "broken", "B", 100);
    rig_put(rig, 2, "later", "A", 50);
    rig_put(rig, 3, "later", "C", 150);
    assert_int_equal(rig_turn(rig), CV_OK);
    rig_put(rig, 4, "put", "Z", 1);
    assert_int_equal(rig_turn_at(rig, 200), CV_OK);
    expect_outcome(rig, 4, CV_OUTCOME_CLASS_OK, "done"); /* requests do not suffer */
    expect_accounts(rig, "A=1/1 C=1/1 Z=1/1 ");          /* nor do the timers before and behind it */
    assert_true(rig->next_ms > rig->mono_ms);            /* no spinning */
    uint64_t undone = cv_engine_undone(rig->engine);
    assert_int_equal(rig_turn_at(rig, 60000), CV_OK); /* and again after a minute */
    assert_true(cv_engine_undone(rig->engine) > undone);
    assert_non_null(strstr(cv_engine_error(rig->engine), "timer broken"));
    expect_accounts(rig, "A=1/1 C=1/1 Z=1/1 ");
}

/* ---- the disk ----------------------------------------------------------------------------- */

static void disk_full(void **state)
{
    rig_t *rig = *state;
    rig_put(rig, 1, "put", "A", 5);
    assert_int_equal(rig_turn(rig), CV_OK);
    cv_buf_t first;
    cv_str_t bytes = copy(&first, rig_outcome_bytes(rig, 1));
    rig_clear(rig);
    crash_disk_limit(rig->disk, crash_disk_used(rig->disk) + 100);
    rig_put(rig, 2, "put", "A", 6);
    rig_put(rig, 1, "put", "A", 5);
    rig_put(rig, 3, "invalid", "A", 1);
    assert_int_equal(rig_turn(rig), CV_OK);
    assert_false(cv_engine_writable(rig->engine));
    expect_outcome(rig, 2, CV_OUTCOME_CLASS_UNAVAILABLE, "no_room");
    assert_true(rig_outcome(rig, 2)->has_retry_after_ms);
    assert_true(same(rig_outcome_bytes(rig, 1), bytes)); /* what is decided is still told */
    assert_int_equal(rig_count(rig, RIG_RECORD), 0);
    expect_accounts(rig, "A=5/1 ");
    assert_true(rig->next_ms > rig->mono_ms);

    crash_disk_limit(rig->disk, 0);
    rig_clear(rig);
    rig_put(rig, 2, "put", "A", 6);
    assert_int_equal(rig_turn_at(rig, 1000), CV_OK);
    expect_outcome(rig, 2, CV_OUTCOME_CLASS_OK, "done");
    assert_true(cv_engine_writable(rig->engine));
    assert_int_equal(rig_find(rig, RIG_RECORD, 0)->position.seq, 2);
    expect_accounts(rig, "A=11/2 ");
    cv_buf_done(&first);
}

static void disk_full_with_a_failing_request(void **state)
{
    rig_t *rig = *state;
    rig_put(rig, 1, "put", "A", 5);
    assert_int_equal(rig_turn(rig), CV_OK);
    rig_clear(rig);
    rig_put(rig, 2, "put", "A", 6);
    rig_put(rig, 3, "fail", "A", 6);
    rig_put(rig, 4, "put", "A", 7);
    crash_disk_fail(rig->disk, CRASH_WRITE, 8, CRASH_FULL, true); /* somewhere in the one-by-one pass */
    assert_int_equal(rig_turn(rig), CV_OK);
    crash_disk_fail(rig->disk, CRASH_WRITE, 0, CRASH_FULL, false);
    rig_clear(rig);
    for (uint64_t i = 2; i <= 4; i++)
        rig_put(rig, i, i == 3 ? "fail" : "put", "A", i == 4 ? 7 : 6);
    assert_int_equal(rig_turn_at(rig, 1000), CV_OK);
    expect_outcome(rig, 2, CV_OUTCOME_CLASS_OK, "done");
    expect_outcome(rig, 3, CV_OUTCOME_CLASS_INTERNAL, "internal");
    expect_outcome(rig, 4, CV_OUTCOME_CLASS_OK, "done");
    expect_accounts(rig, "A=18/3 ");
}

static void disk_fails(void **state)
{
    rig_t *rig = *state;
    rig_put(rig, 1, "put", "A", 5);
    assert_int_equal(rig_turn(rig), CV_OK);
    rig_clear(rig);
    rig_put(rig, 2, "put", "A", 6);
    crash_disk_fail(rig->disk, CRASH_SYNC, 1, CRASH_POWER, true);
    assert_int_equal(rig_turn(rig), CV_EIO);
    assert_int_equal(rig->sent_n, 0); /* not a word about what may or may not be on the disk */
    rig_crash(rig, CRASH_TEAR);
    assert_int_equal(rig_open(rig), CV_OK);
    rig_put(rig, 1, "put", "A", 5);
    rig_put(rig, 2, "put", "A", 6);
    assert_int_equal(rig_turn(rig), CV_OK);
    expect_outcome(rig, 1, CV_OUTCOME_CLASS_OK, "done");
    expect_outcome(rig, 2, CV_OUTCOME_CLASS_OK, "done");
    expect_accounts(rig, "A=11/2 ");
}

static void killed_between_turns_nothing_lost(void **state)
{
    rig_t *rig = *state;
    for (uint64_t i = 1; i <= 20; i++) {
        rig_put(rig, i, "put", "A", 1);
        assert_int_equal(rig_turn(rig), CV_OK);
        expect_outcome(rig, i, CV_OUTCOME_CLASS_OK, "done");
        rig_clear(rig);
        rig_crash(rig, (crash_kind_t)(i % 3));
        assert_int_equal(rig_open(rig), CV_OK);
    }
    expect_accounts(rig, "A=20/20 ");
}

/* ---- epoch -------------------------------------------------------------------------------- */

static void new_epoch(void **state)
{
    rig_t *rig = *state;
    rig_put(rig, 1, "put", "A", 5);
    assert_int_equal(rig_turn(rig), CV_OK);
    rig_close(rig);
    rig->epoch = 0xe2; /* only streams that are new take it */
    assert_int_equal(rig_open(rig), CV_OK);
    rig_clear(rig);
    assert_int_equal(rig_turn(rig), CV_OK);
    assert_int_equal(rig_find(rig, RIG_HEAD, 0)->position.epoch[0], 0xe1);
    uint8_t epoch[CV_EPOCH_LEN];
    memset(epoch, 0xe3, sizeof epoch);
    assert_int_equal(cv_engine_new_epoch(rig->engine, epoch), CV_OK);
    rig_clear(rig);
    rig_put(rig, 2, "put", "A", 5);
    assert_int_equal(rig_turn(rig), CV_OK);
    const rig_sent_t *record = rig_find(rig, RIG_RECORD, 0);
    assert_memory_equal(record->position.epoch, epoch, CV_EPOCH_LEN);
    assert_int_equal(record->position.seq, 2);
    assert_true(cv_str_is(rig_read(rig, record->bytes).id, "scheduling.events/e3e3e3e3e3e3e3e3/2"));
    rig_crash(rig, CRASH_DROP);
    assert_int_equal(rig_open(rig), CV_OK);
    rig_clear(rig);
    assert_int_equal(rig_turn_at(rig, 1000), CV_OK);
    assert_memory_equal(rig_find(rig, RIG_HEAD, 0)->position.epoch, epoch, CV_EPOCH_LEN);
}

/* ---- following ---------------------------------------------------------------------------- */

/* The bank's feed and log, without a network, to a second engine. Rounds until nothing moves. */
static void pump(rig_t *bank, rig_t *other, const char *service)
{
    size_t sent = 0, asks = 0, answers = 0;
    for (int quiet = 0; quiet < 2;) {
        bool moved = false;
        for (; sent < bank->sent_n; sent++) {
            const rig_sent_t *s = &bank->sent[sent];
            if (s->kind != RIG_RECORD && s->kind != RIG_HEAD)
                continue;
            for (size_t i = 0; i < other->def->follows_n; i++) {
                uint8_t position[CV_POSITION_LEN];
                size_t len = strlen(other->def->follows[i].stream);
                if (strncmp(s->topic, other->def->follows[i].stream, len) || s->topic[len] != '|')
                    continue;
                cv_position_write(&s->position, position);
                cv_engine_feed(other->engine, i, (cv_str_t){(char *)position, sizeof position}, s->bytes,
                               other->mono_ms);
                moved = true;
            }
        }
        assert_int_equal(rig_turn_at(other, 1), CV_OK);
        for (const rig_sent_t *ask; (ask = rig_find(other, RIG_ASK, asks)); asks++) {
            if (strcmp(other->def->follows[ask->follow].service, service))
                continue;
            answers = rig_count(bank, RIG_ANSWER);
            cv_engine_question(bank->engine, &RIG_SERVICE, NULL, ask->bytes, bank->wall_ms, bank->mono_ms);
            for (const rig_sent_t *answer; (answer = rig_find(bank, RIG_ANSWER, answers)); answers++)
                cv_engine_answered(other->engine, ask->follow, answer->bytes, other->mono_ms);
            moved = true;
        }
        quiet = moved ? 0 : quiet + 1;
    }
}

static void expect_seen(rig_t *rig, const char *stream, const char *accounts)
{
    char text[1024];
    toy_dump(rig->db, stream, text, sizeof text);
    assert_string_equal(text, accounts);
}

static void reopen(rig_t *rig)
{
    rig_crash(rig, CRASH_TEAR);
    rig_clear(rig);
    assert_int_equal(rig_open(rig), CV_OK);
}

static void follows_both_streams(void **state)
{
    rig_t *bank = *state, mirror;
    rig_start(&mirror, &TOY_MIRROR);
    toy_violations = 0;
    rig_put(bank, 1, "put", "A", 5);
    rig_put(bank, 2, "put", "B", 6);
    assert_int_equal(rig_turn(bank), CV_OK);
    pump(bank, &mirror, "scheduling");
    expect_seen(&mirror, "scheduling.events", "A=5/1 B=6/1 ");
    expect_seen(&mirror, "scheduling.private", "A=5/1 B=6/1 ");
    /* What it emits says by what it was caused. */
    cv_msg_t msg = rig_read(&mirror, rig_find(&mirror, RIG_RECORD, 1)->bytes);
    assert_true(cv_str_is(msg.causationid, "scheduling.events/e1e1e1e1e1e1e1e1/2"));
    reopen(&mirror);
    rig_put(bank, 3, "take", "A", 1);
    assert_int_equal(rig_turn(bank), CV_OK);
    pump(bank, &mirror, "scheduling");
    expect_seen(&mirror, "scheduling.events", "A=4/2 B=6/1 ");
    expect_seen(&mirror, "scheduling.private", "A=4/2 B=6/1 ");
    assert_int_equal(toy_violations, 0);
    rig_end(&mirror);
}

static void poison_halts(void **state)
{
    rig_t *bank = *state, mirror;
    rig_start(&mirror, &TOY_MIRROR);
    rig_put(bank, 1, "put", "A", 5);
    rig_put(bank, 2, "poison", "A", 0);
    rig_put(bank, 3, "put", "A", 6);
    assert_int_equal(rig_turn(bank), CV_OK);
    for (int round = 0; round < 2; round++) {
        pump(bank, &mirror, "scheduling");
        expect_seen(&mirror, "scheduling.events", "A=5/1 ");   /* what came before it is applied, nothing behind it */
        expect_seen(&mirror, "scheduling.private", "A=11/2 "); /* the other stream goes on */
        const char *error = cv_engine_follow_error(mirror.engine, 0);
        assert_non_null(strstr(error, "record 2 cannot be applied"));
        assert_non_null(strstr(error, cv_error_text(CV_EINTERNAL)));
        assert_string_equal(cv_engine_follow_error(mirror.engine, 1), "");
        assert_true(mirror.next_ms > mirror.mono_ms); /* no spinning */
        cv_log_query_v1_t query = {.what = CV_STR("status")};
        rig_ask(&mirror, &RIG_OBSERVER, CV_MSG_LOG_QUERY_V1, &query);
        reopen(&mirror); /* a new start tries again, and meets it again */
    }
    rig_end(&mirror);
}

static void poison_is_parked(void **state)
{
    rig_t *bank = *state, audit;
    cv_stmt_t *parked;
    rig_start(&audit, &TOY_AUDIT);
    toy_violations = 0;
    rig_put(bank, 1, "put", "A", 5);
    rig_put(bank, 2, "poison", "A", 0);
    rig_put(bank, 3, "put", "A", 6);
    rig_put(bank, 4, "poison", "B", 0);
    assert_int_equal(rig_turn(bank), CV_OK);
    pump(bank, &audit, "scheduling");
    expect_seen(&audit, "scheduling.events", "A=11/2 ");
    assert_string_equal(cv_engine_follow_error(audit.engine, 0), "");
    assert_int_equal(cv_db_prepare(audit.db, "SELECT seq, error, record FROM parked ORDER BY seq", &parked), CV_OK);
    assert_int_equal(cv_stmt_step(parked), 1);
    assert_int_equal(cv_stmt_get_int(parked, 0), 2);
    assert_true(cv_str_equal(cv_stmt_get_blob(parked, 2), rig_find(bank, RIG_RECORD, 1)->bytes));
    assert_int_equal(cv_stmt_step(parked), 1);
    assert_int_equal(cv_stmt_get_int(parked, 0), 4);
    assert_int_equal(cv_stmt_step(parked), 0);
    reopen(&audit);
    pump(bank, &audit, "scheduling"); /* once is enough */
    expect_seen(&audit, "scheduling.events", "A=11/2 ");
    assert_int_equal(toy_violations, 0);
    rig_end(&audit);
}

static void restored_producer_leads_to_a_snapshot(void **state)
{
    rig_t *bank = *state, mirror;
    rig_start(&mirror, &TOY_MIRROR);
    toy_violations = 0;
    rig_put(bank, 1, "put", "A", 5);
    assert_int_equal(rig_turn(bank), CV_OK);
    rig_close(bank);
    crash_disk_t *backup = crash_disk_copy(bank->disk);
    assert_int_equal(rig_open(bank), CV_OK);
    rig_put(bank, 2, "put", "A", 6);
    rig_put(bank, 3, "put", "B", 7);
    assert_int_equal(rig_turn(bank), CV_OK);
    pump(bank, &mirror, "scheduling");
    expect_seen(&mirror, "scheduling.events", "A=11/2 B=7/1 ");
    rig_close(bank);
    rig_clear(bank);
    crash_disk_put_back(bank->disk, backup);
    crash_disk_destroy(&backup);
    assert_int_equal(rig_open(bank), CV_OK);
    uint8_t epoch[CV_EPOCH_LEN];
    memset(epoch, 0xf0, sizeof epoch);
    assert_int_equal(cv_engine_new_epoch(bank->engine, epoch), CV_OK);
    assert_int_equal(rig_turn_at(bank, 1000), CV_OK);
    pump(bank, &mirror, "scheduling");
    expect_seen(&mirror, "scheduling.events", "A=5/1 ");
    rig_put(bank, 4, "put", "B", 1);
    assert_int_equal(rig_turn(bank), CV_OK);
    pump(bank, &mirror, "scheduling");
    expect_seen(&mirror, "scheduling.events", "A=5/1 B=1/1 ");
    expect_seen(&mirror, "scheduling.private", "A=5/1 B=1/1 ");
    assert_int_equal(toy_violations, 0);
    rig_end(&mirror);
}

static void rewound_producer_halts_its_followers(void **state)
{
    rig_t *bank = *state, mirror;
    rig_start(&mirror, &TOY_MIRROR);
    rig_put(bank, 1, "put", "A", 5);
    assert_int_equal(rig_turn(bank), CV_OK);
    rig_close(bank);
    crash_disk_t *copy_of_disk = crash_disk_copy(bank->disk);
    assert_int_equal(rig_open(bank), CV_OK);
    rig_put(bank, 2, "put", "A", 6);
    assert_int_equal(rig_turn(bank), CV_OK);
    pump(bank, &mirror, "scheduling");
    rig_close(bank);
    rig_clear(bank);
    crash_disk_put_back(bank->disk, copy_of_disk);
    crash_disk_destroy(&copy_of_disk);
    assert_int_equal(rig_open(bank), CV_OK);
    mirror.mono_ms += 5000;
    assert_int_equal(rig_turn_at(bank, 5000), CV_OK);
    pump(bank, &mirror, "scheduling");
    assert_non_null(strstr(cv_engine_follow_error(mirror.engine, 0), "AHEAD"));
    rig_put(bank, 3, "put", "A", 7); /* now it has as many records, and others */
    assert_int_equal(rig_turn(bank), CV_OK);
    reopen(&mirror);
    pump(bank, &mirror, "scheduling");
    assert_non_null(strstr(cv_engine_follow_error(mirror.engine, 0), "DIVERGED"));
    expect_seen(&mirror, "scheduling.events", "A=11/2 ");
    rig_end(&mirror);
}

static void follower_with_a_full_disk(void **state)
{
    rig_t *bank = *state, mirror;
    rig_start(&mirror, &TOY_MIRROR);
    toy_violations = 0;
    rig_put(bank, 1, "put", "A", 5);
    assert_int_equal(rig_turn(bank), CV_OK);
    pump(bank, &mirror, "scheduling");
    crash_disk_limit(mirror.disk, crash_disk_used(mirror.disk) + 10);
    rig_put(bank, 2, "put", "A", 6);
    assert_int_equal(rig_turn(bank), CV_OK);
    pump(bank, &mirror, "scheduling");
    assert_false(cv_engine_writable(mirror.engine));
    expect_seen(&mirror, "scheduling.events", "A=5/1 ");
    crash_disk_limit(mirror.disk, 0);
    assert_int_equal(rig_turn_at(&mirror, 1000), CV_OK);
    pump(bank, &mirror, "scheduling");
    expect_seen(&mirror, "scheduling.events", "A=11/2 ");
    assert_int_equal(toy_violations, 0);
    rig_end(&mirror);
}

/* Somebody moved the cursor behind our back: stop at once. */
static void cursor_that_is_not_ours(void **state)
{
    rig_t *bank = *state, mirror;
    rig_start(&mirror, &TOY_MIRROR);
    rig_put(bank, 1, "put", "A", 5);
    assert_int_equal(rig_turn(bank), CV_OK);
    pump(bank, &mirror, "scheduling");
    assert_int_equal(cv_db_exec(mirror.db, "UPDATE cursor SET seq = 7"), CV_OK);
    rig_put(bank, 2, "put", "A", 6);
    rig_clear(bank);
    assert_int_equal(rig_turn(bank), CV_OK);
    const rig_sent_t *record = rig_find(bank, RIG_RECORD, 0);
    uint8_t position[CV_POSITION_LEN];
    cv_position_write(&record->position, position);
    cv_engine_feed(mirror.engine, 0, (cv_str_t){(char *)position, sizeof position}, record->bytes, mirror.mono_ms);
    assert_int_equal(rig_turn(&mirror), CV_ECORRUPT);
    rig_end(&mirror);
}

static void garbage_on_the_feed(void **state)
{
    rig_t *bank = *state, mirror;
    rig_start(&mirror, &TOY_MIRROR);
    toy_violations = 0;
    rig_put(bank, 1, "put", "A", 5);
    assert_int_equal(rig_turn(bank), CV_OK);
    pump(bank, &mirror, "scheduling");
    char big[CV_MAX_RECORD + 1] = {0};
    uint8_t position[CV_POSITION_LEN] = {0};
    cv_engine_feed(mirror.engine, 0, (cv_str_t){(char *)position, 47}, CV_STR("x"), mirror.mono_ms);
    cv_engine_feed(mirror.engine, 9, (cv_str_t){(char *)position, 48}, CV_STR("x"), mirror.mono_ms);
    cv_engine_feed(mirror.engine, 0, (cv_str_t){(char *)position, 48}, (cv_str_t){big, sizeof big}, mirror.mono_ms);
    cv_engine_feed(mirror.engine, 0, (cv_str_t){(char *)position, 48}, CV_STR("x"), mirror.mono_ms);
    cv_engine_answered(mirror.engine, 0, CV_STR("x"), mirror.mono_ms);
    cv_engine_answered(mirror.engine, 0, CV_STR(""), mirror.mono_ms);
    cv_engine_answered(mirror.engine, 9, CV_STR("x"), mirror.mono_ms);
    rig_put(bank, 2, "put", "A", 6);
    assert_int_equal(rig_turn(bank), CV_OK);
    pump(bank, &mirror, "scheduling");
    expect_seen(&mirror, "scheduling.events", "A=11/2 ");
    assert_int_equal(toy_violations, 0);
    rig_end(&mirror);
}

/* ---- opening ------------------------------------------------------------------------------ */

static void other_database(void **state)
{
    rig_t *rig = *state;
    rig_close(rig);
    rig->def = &TOY_AUDIT;
    assert_int_equal(rig_open(rig), CV_EINVAL);
    assert_non_null(strstr(rig->error, "something else"));
    rig->def = &TOY_BANK;
    assert_int_equal(rig_open(rig), CV_OK);
}

static void damaged_head(void **state)
{
    rig_t *rig = *state;
    rig_put(rig, 1, "put", "A", 5);
    assert_int_equal(rig_turn(rig), CV_OK);
    assert_int_equal(cv_db_exec(rig->db, "UPDATE journal SET chain = randomblob(32) WHERE part = 1"), CV_OK);
    rig_close(rig);
    assert_int_equal(rig_open(rig), CV_ECORRUPT);
    assert_true(rig->error[0]);
}

static void short_columns_are_damage(void **state)
{
    rig_t *rig = *state;
    assert_int_equal(cv_db_exec(rig->db, "PRAGMA ignore_check_constraints = ON; UPDATE stream SET epoch = x'01'"),
                     CV_OK);
    rig_close(rig);
    assert_int_equal(rig_open(rig), CV_ECORRUPT);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        T(one_request),
        T(published_in_the_order_they_were_made),
        T(what_is_owed_gets_a_transaction),
        T(heads_when_idle_and_busy),
        T(asked_again_same_bytes),
        T(twice_in_the_first_batch),
        T(id_reused_is_a_conflict),
        T(only_decisions_are_remembered),
        T(roles_and_party),
        T(expired),
        T(unknown_types),
        T(wrong_data),
        T(dropped_without_answer),
        T(queue_is_full),
        T(nobody_answers_into_anothers_inbox),
        T(sentences_that_others_can_read),
        T(one_fails_the_others_do_not),
        T(flush_fails),
        T(more_output_than_one_turn_holds),
        T(more_memory_than_one_turn_has),
        T(timers_in_order_once_never_early),
        T(many_timers_at_once),
        T(timer_that_fails),
        T(disk_full),
        T(disk_full_with_a_failing_request),
        T(disk_fails),
        T(killed_between_turns_nothing_lost),
        T(follows_both_streams),
        T(poison_halts),
        T(poison_is_parked),
        T(restored_producer_leads_to_a_snapshot),
        T(rewound_producer_halts_its_followers),
        T(follower_with_a_full_disk),
        T(cursor_that_is_not_ours),
        T(garbage_on_the_feed),
        T(new_epoch),
        T(other_database),
        T(damaged_head),
        T(short_columns_are_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
