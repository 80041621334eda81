/* test_registration_service: registration on the real engine and a real database, without sockets: what is answered,
 * what is published, what survives a crash.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "registration/registration.h"
#include "registration_driver.h"
#include <time.h>

static cv_seats_t seats_of(driver_t *driver, const char *event)
{
    const cv_registration_seats_v1_t *row =
        &driver_row(driver, "seats", event, CV_MSG_REGISTRATION_SEATS_V1)->registration_seats_v1;
    return (cv_seats_t){
        .capacity = row->capacity, .confirmed = row->confirmed, .waiting = row->waiting, .free = row->free};
}

static void one_registration(void **state)
{
    (void)state;
    driver_t *driver = driver_forum_with(2, CV_WAITING_RULE_STRICT);
    cv_registration_register_v1_t request = {
        .event = CV_STR("E1"),
        .party = CV_STR("KZ"),
        .persons_n = 3,
        .persons = {{.name = CV_STR("Aigerim"), .capacity = CV_CAPACITY_HEAD, .email = CV_STR("a@example.org")},
                    {.name = CV_STR("Bolat"), .capacity = CV_CAPACITY_DELEGATE},
                    {.name = CV_STR("Chingiz"), .capacity = CV_CAPACITY_MEDIA}},
        .has_contact = true,
        .contact = {.name = CV_STR("Desk"), .email = CV_STR("desk@example.org"), .language = CV_STR("ru")},
    };
    const cv_outcome_v1_t *outcome = driver_send_as(driver, 7, CV_MSG_REGISTRATION_REGISTER_V1, &request);
    EXPECT_OK(outcome, "partly_registered");
    assert_string_equal(driver_states(outcome), "CCW");
    assert_int_equal(outcome->decision.persons[2].number, 3);
    assert_int_equal(outcome->decision.persons[2].position, 1);
    assert_true(cv_str_is(outcome->decision.persons[2].rule, "full"));
    assert_int_equal(outcome->decision.seats.party_confirmed, 2);
    assert_true(cv_str_is(outcome->stream, "registration.events"));
    assert_int_equal(outcome->sequence, 1);
    char first[4096];
    size_t first_len = driver->outcome.len;
    memcpy(first, driver->outcome.ptr, first_len);

    assert_int_equal(driver->private_head, 1);
    assert_int_equal(driver->records_n, 1);
    const cv_registration_decided_v1_t *decided =
        &driver_record(driver, 0, CV_MSG_REGISTRATION_DECIDED_V1)->registration_decided_v1;
    assert_int_equal(decided->private_seq, 1);
    assert_int_equal(decided->kind, CV_DECISION_KIND_REGISTER);
    assert_int_equal(decided->cls, CV_OUTCOME_CLASS_OK);
    assert_int_equal(decided->persons_n, 3);
    assert_int_equal(decided->answer, CV_PARTY_ANSWER_REGISTERED);
    assert_null(memmem(driver->records[0].ptr, driver->records[0].len, "Aigerim", 7)); /* nothing personal in public */
    assert_null(memmem(first, first_len, "Aigerim", 7));

    driver_send_as(driver, 7, CV_MSG_REGISTRATION_REGISTER_V1, &request); /* asked again: the same bytes, no effect */
    assert_int_equal(driver->outcome.len, first_len);
    assert_memory_equal(driver->outcome.ptr, first, first_len);
    assert_int_equal(driver->records_n, 1);

    const cv_registration_contact_v1_t *contact =
        &driver_row(driver, "persons", "E1/KZ", CV_MSG_REGISTRATION_CONTACT_V1)->registration_contact_v1;
    assert_int_equal(contact->persons_n, 3);
    assert_true(cv_str_is(contact->persons[0].name, "Aigerim"));
    assert_true(cv_str_is(contact->persons[0].email, "a@example.org"));
    assert_null(contact->persons[1].email.ptr);
    assert_int_equal(contact->persons[2].capacity, CV_CAPACITY_MEDIA);
    assert_true(contact->has_contact && cv_str_is(contact->contact.email, "desk@example.org"));
    assert_true(cv_str_is(contact->contact.language, "ru"));

    /* The same people again, one new: each is decided alone. */
    request.persons[2].name = CV_STR("Dana");
    outcome = driver_send_as(driver, 8, CV_MSG_REGISTRATION_REGISTER_V1, &request);
    EXPECT_OK(outcome, "partly_registered");
    assert_string_equal(driver_states(outcome), "RRW");
    assert_true(cv_str_is(outcome->decision.persons[0].rule, "duplicate_person"));
    request.persons_n = 2;
    outcome = driver_send_as(driver, 9, CV_MSG_REGISTRATION_REGISTER_V1, &request);
    EXPECT_NO(outcome, "duplicate_person");
    assert_true(cv_str_is(outcome->field, "data.persons[0]"));
    decided = &driver_record(driver, 2, CV_MSG_REGISTRATION_DECIDED_V1)->registration_decided_v1;
    assert_int_equal(decided->cls, CV_OUTCOME_CLASS_REJECTED);
    assert_int_equal(decided->private_seq, 3); /* who asked is told, also of a refusal; the persons are not kept */
    /* A withdrawn person may come again, under a new number. */
    EXPECT_OK(driver_withdraw(driver, "E1", "KZ", 1), "withdrawn");
    request.persons_n = 1;
    outcome = driver_send_as(driver, 10, CV_MSG_REGISTRATION_REGISTER_V1, &request);
    EXPECT_OK(outcome, "waiting");
    assert_int_equal(outcome->decision.persons[0].number, 7);
    driver_free(&driver);
}

static void refusals(void **state)
{
    (void)state;
    driver_t *driver = driver_forum_with(5, CV_WAITING_RULE_NONE);
    const cv_outcome_v1_t *outcome = driver_register(driver, "E9", "KZ", "d", 0);
    expect(outcome, CV_OUTCOME_CLASS_NOTFOUND, "event_unknown");
    expect(driver_register(driver, "E1", "ZZ", "d", 0), CV_OUTCOME_CLASS_NOTFOUND, "party_unknown");
    assert_int_equal(driver->records_n, 0); /* no decision yet: the record of it may be on its way */

    EXPECT_NO(driver_withdraw(driver, "E1", "KZ", 0), "not_registered");
    EXPECT_OK(driver_register(driver, "E1", "KZ", "hd", 0), "registered");
    EXPECT_NO(driver_register(driver, "E1", "KZ", "h", 0), "one_head");
    EXPECT_NO(driver_withdraw(driver, "E1", "KZ", 9), "not_registered");
    EXPECT_NO(driver_decline(driver, "E1", "KZ"), "already_registered");
    EXPECT_OK(driver_withdraw(driver, "E1", "KZ", 1), "withdrawn");
    EXPECT_NO(driver_withdraw(driver, "E1", "KZ", 1), "already_withdrawn");
    EXPECT_OK(driver_withdraw(driver, "E1", "KZ", 0), "withdrawn");
    EXPECT_NO(driver_withdraw(driver, "E1", "KZ", 0), "already_withdrawn");
    EXPECT_OK(driver_decline(driver, "E1", "KZ"), "declined");
    EXPECT_NO(driver_decline(driver, "E1", "KZ"), "already_declined");
    EXPECT_OK(driver_register(driver, "E1", "KZ", "h", 0), "registered"); /* opens the answer again */
    EXPECT_NO(driver_register(driver, "E1", "AZ", "ddddd", CV_GROUP_RULE_ALL_OR_NONE), "full");

    driver->event.registration.audience_n = 1;
    driver->event.registration.audience[0] = CV_PARTY_KIND_MEMBER;
    driver->event.registration.maximum = 1;
    driver_event(driver);
    EXPECT_NO(driver_register(driver, "E1", "UNX", "d", 0), "party_not_invited");
    EXPECT_NO(driver_register(driver, "E1", "KZ", "d", 0), "maximum");
    driver->event.registration.limits_n = 1;
    driver->event.registration.limits[0] = (cv_limit_t){CV_CAPACITY_MEDIA, 0};
    driver_event(driver);
    EXPECT_NO(driver_register(driver, "E1", "AZ", "m", 0), "capacity_limit");
    driver->event.status = CV_EVENT_STATUS_POSTPONED;
    driver_event(driver);
    EXPECT_NO(driver_register(driver, "E1", "AZ", "d", 0), "postponed");
    driver->event.status = CV_EVENT_STATUS_CANCELLED;
    driver_event(driver);
    EXPECT_NO(driver_withdraw(driver, "E1", "KZ", 0), "cancelled");
    assert_int_equal(seats_of(driver, "E1").confirmed, 1); /* as they are */
    driver->event.status = CV_EVENT_STATUS_SCHEDULED;
    driver_event(driver);
    EXPECT_NO(driver_register(driver, "E1", "AZ", "d", 0), "not_open");
    driver->event.status = CV_EVENT_STATUS_OPEN;
    driver_event(driver);
    driver_wait_until(driver, T0 + 1000000);
    outcome = driver_register(driver, "E1", "AZ", "d", 0);
    EXPECT_NO(outcome, "closed");
    assert_true(cv_str_is(outcome->text, "Registration closed at 2026-01-01T00:16:40.000Z."));

    const cv_registration_delegation_v1_t *row =
        &driver_row(driver, "delegation", "E1/KZ", CV_MSG_REGISTRATION_DELEGATION_V1)->registration_delegation_v1;
    assert_int_equal(row->requests, 14); /* decisions, refusals included */
    assert_int_equal(row->confirmed, 1);
    assert_int_equal(row->withdrawn, 2);
    assert_int_equal(row->answer, CV_PARTY_ANSWER_REGISTERED);
    driver_free(&driver);
}

static void withdrawal_promotes(void **state)
{
    (void)state;
    driver_t *driver = driver_forum_with(3, CV_WAITING_RULE_STRICT);
    EXPECT_OK(driver_register(driver, "E1", "KZ", "hdd", 0), "registered");
    EXPECT_OK(driver_register(driver, "E1", "UNX", "d", 0), "waiting");
    const cv_outcome_v1_t *outcome = driver_register(driver, "E1", "AZ", "hd", CV_GROUP_RULE_ALL_OR_NONE);
    EXPECT_OK(outcome, "waiting");
    assert_int_equal(outcome->decision.persons[0].position, 1); /* members before guests */
    EXPECT_OK(driver_withdraw(driver, "E1", "KZ", 3), "withdrawn");
    assert_int_equal(driver->records_n, 4); /* the pair does not fit, and strict: nobody overtakes */
    EXPECT_OK(driver_register(driver, "E1", "UNX", "d", 0), "waiting");
    outcome = driver_withdraw(driver, "E1", "KZ", 2);
    EXPECT_OK(outcome, "withdrawn");
    assert_int_equal(outcome->decision.seats.confirmed, 1);
    const cv_registration_promoted_v1_t *promoted = driver_last_promotion(driver);
    assert_true(cv_str_is(promoted->party, "AZ"));
    assert_int_equal(promoted->persons_n, 2);
    assert_int_equal(promoted->persons[1].number, 2);
    assert_int_equal(promoted->cause, CV_PROMOTION_CAUSE_WITHDRAWAL);
    assert_int_equal(promoted->seats.confirmed, 3);
    assert_int_equal(promoted->seats.waiting, 2);
    /* A waiting group that grows smaller keeps its place. */
    EXPECT_OK(driver_register(driver, "E1", "KZ", "ddd", CV_GROUP_RULE_ALL_OR_NONE), "waiting");
    EXPECT_OK(driver_withdraw(driver, "E1", "KZ", 5), "withdrawn");
    EXPECT_OK(driver_withdraw(driver, "E1", "AZ", 0), "withdrawn");
    promoted = driver_last_promotion(driver);
    assert_true(cv_str_is(promoted->party, "KZ"));
    assert_int_equal(promoted->persons_n, 2);
    assert_int_equal(promoted->persons[0].number, 4);
    assert_int_equal(promoted->persons[1].number, 6);
    driver_crash(driver);
    EXPECT_OK(driver_withdraw(driver, "E1", "KZ", 4), "withdrawn");
    promoted = driver_last_promotion(driver);
    assert_true(cv_str_is(promoted->party, "UNX"));
    assert_int_equal(promoted->persons[0].number, 1);
    driver_free(&driver);
}

static void release_promotes(void **state)
{
    (void)state;
    driver_t *driver = driver_forum_with(4, CV_WAITING_RULE_STRICT);
    cv_registration_rules_t *rules = &driver->event.registration;
    rules->guaranteed = 1;
    rules->has_release_ms = true;
    rules->release_ms = T0 + 5000;
    rules->quotas_n = 1;
    rules->quotas[0] = (cv_quota_t){.party = CV_STR("AZ"), .guaranteed = 2, .maximum = 3};
    driver_event(driver);
    assert_int_equal(seats_of(driver, "E1").free, 0);
    const cv_outcome_v1_t *outcome = driver_register(driver, "E1", "KZ", "hdd", 0);
    assert_string_equal(driver_states(outcome), "CWW");
    assert_true(cv_str_is(outcome->decision.persons[0].rule, "guaranteed_seat"));
    driver_crash(driver);
    driver_wait_until(driver, T0 + 4999);
    assert_int_equal(seats_of(driver, "E1").confirmed, 1);
    driver_wait_until(driver, T0 + 5000);
    const cv_registration_promoted_v1_t *promoted = driver_last_promotion(driver);
    assert_int_equal(promoted->cause, CV_PROMOTION_CAUSE_RELEASE);
    assert_int_equal(promoted->persons_n, 2);
    assert_int_equal(promoted->seats.party_guaranteed, 0);
    assert_int_equal(promoted->seats.free, 1);
    driver_crash(driver); /* released stays released */
    assert_int_equal(seats_of(driver, "E1").free, 1);
    driver_free(&driver);
}

static void capacity_changes(void **state)
{
    (void)state;
    driver_t *driver = driver_forum_with(4, CV_WAITING_RULE_BEST_FILL);
    EXPECT_OK(driver_register(driver, "E1", "KZ", "hddd", 0), "registered");
    EXPECT_OK(driver_register(driver, "E1", "AZ", "hdd", CV_GROUP_RULE_ALL_OR_NONE), "waiting");
    EXPECT_OK(driver_register(driver, "E1", "UNX", "dd", 0), "waiting");
    driver->event.registration.capacity = 2;
    driver_event(driver);
    cv_seats_t seats = seats_of(driver, "E1");
    assert_int_equal(seats.confirmed, 4); /* never unseated */
    assert_int_equal(seats.free, 0);
    driver_crash(driver);
    EXPECT_OK(driver_withdraw(driver, "E1", "KZ", 4), "withdrawn");
    assert_int_equal(seats_of(driver, "E1").confirmed, 3);
    driver->event.registration.capacity = 5;
    driver_event(driver);
    const cv_registration_promoted_v1_t *promoted = driver_last_promotion(driver);
    assert_true(cv_str_is(promoted->party, "UNX")); /* best fill: two seats, the three of AZ do not fit */
    assert_int_equal(promoted->cause, CV_PROMOTION_CAUSE_CAPACITY);
    assert_int_equal(promoted->persons_n, 2);
    driver->event.registration.capacity = 8;
    driver_event(driver);
    assert_true(cv_str_is(driver_last_promotion(driver)->party, "AZ"));
    assert_int_equal(seats_of(driver, "E1").confirmed, 8);
    driver_free(&driver);
}

/* A party that becomes a guest loses its place, not its seats; a snapshot of scheduling changes nothing that is the
 * same. */
static void scheduling_again(void **state)
{
    (void)state;
    driver_t *driver = driver_forum_with(2, CV_WAITING_RULE_STRICT);
    driver->event.registration.guaranteed = 0;
    driver_event(driver);
    EXPECT_OK(driver_register(driver, "E1", "KZ", "hd", 0), "registered");
    EXPECT_OK(driver_register(driver, "E1", "AZ", "d", 0), "waiting");
    EXPECT_OK(driver_register(driver, "E1", "UNX", "d", 0), "waiting");
    driver_party(driver, "AZ", CV_PARTY_KIND_GUEST);
    const cv_outcome_v1_t *outcome = driver_register(driver, "E1", "KZ", "d", 0);
    assert_int_equal(outcome->decision.persons[0].position, 1);

    /* Another epoch: the follower asks, is refused, and takes a snapshot in which the event has one seat more. */
    driver->scheduling = (cv_position_t){.epoch = {9, 9, 9, 9, 9, 9, 9, 9}, .seq = 40};
    uint8_t position[CV_POSITION_LEN];
    cv_position_write(&driver->scheduling, position);
    cv_engine_feed(driver->engine, 0, (cv_str_t){(const char *)position, sizeof position}, CV_STR_NONE,
                   driver->mono_ms);
    driver_turn(driver);
    const cv_log_refused_v1_t refused = {.code = CV_REFUSED_CODE_EPOCH, .text = CV_STR("another history")};
    driver_reply(driver, "convene.log.fetch.v1", CV_MSG_LOG_REFUSED_V1, &refused);
    driver_bytes_t records[3] = {0};
    cv_str_t views[3];
    driver->event.registration.capacity = 3;
    driver->event.version = ++driver->version;
    driver_keep(&records[0], driver_scheduling_record(driver, CV_MSG_SCHEDULING_EVENT_V1, &driver->event));
    cv_scheduling_party_v1_t party = {.code = CV_STR("KZ"), .kind = CV_PARTY_KIND_MEMBER, .name = CV_STR("KZ")};
    driver_keep(&records[1], driver_scheduling_record(driver, CV_MSG_SCHEDULING_PARTY_V1, &party));
    party.code = CV_STR("UNX");
    party.kind = CV_PARTY_KIND_GUEST;
    driver_keep(&records[2], driver_scheduling_record(driver, CV_MSG_SCHEDULING_PARTY_V1, &party));
    for (int i = 0; i < 3; ++i)
        views[i] = (cv_str_t){records[i].ptr, records[i].len};
    const cv_log_page_v1_t page = {.records = {.n = 3, .list = views},
                                   .position = {(const char *)position, sizeof position},
                                   .has_page = true,
                                   .page = 0,
                                   .last = true};
    size_t before = driver->records_n;
    driver_reply(driver, "convene.log.snapshot.v1", CV_MSG_LOG_PAGE_V1, &page);
    for (int i = 0; i < 3; ++i)
        free(records[i].ptr);
    assert_int_equal(driver->records_n, before + 1); /* one moved up, once all parties were known again */
    const cv_registration_promoted_v1_t *promoted = driver_last_promotion(driver);
    assert_true(cv_str_is(promoted->party, "KZ"));
    assert_int_equal(promoted->cause, CV_PROMOTION_CAUSE_CAPACITY);
    expect(driver_register(driver, "E1", "AZ", "d", 0), CV_OUTCOME_CLASS_NOTFOUND, "party_unknown"); /* not in it */
    driver_party(driver, "AZ", CV_PARTY_KIND_MEMBER);
    EXPECT_OK(driver_withdraw(driver, "E1", "KZ", 1), "withdrawn");
    assert_true(cv_str_is(driver_last_promotion(driver)->party, "AZ"));
    driver_crash(driver);
    driver_free(&driver);
}

static void questions(void **state)
{
    (void)state;
    driver_t *driver = driver_forum_with(500, CV_WAITING_RULE_STRICT);
    driver_bytes_t rows[16];
    char next[257];
    driver_rules(driver, "E2", 3, CV_WAITING_RULE_NONE);
    driver_event(driver);
    for (int i = 0; i < 3; ++i)
        EXPECT_OK(driver_register(driver, "E1", "KZ", "dddddddddddddddddddddddddddddddddddddddddddddddddd", 0),
                  "registered");
    EXPECT_OK(driver_register(driver, "E1", "AZ", "hdo", 0), "registered");
    EXPECT_OK(driver_decline(driver, "E1", "UNX"), "declined");

    const cv_registration_seats_v1_t *seats =
        &driver_row(driver, "seats", "E1", CV_MSG_REGISTRATION_SEATS_V1)->registration_seats_v1;
    assert_true(cv_str_is(seats->title, "Meeting"));
    assert_int_equal(seats->confirmed, 152);
    assert_int_equal(seats->online, 1);
    assert_int_equal(seats->registered, 2);
    assert_int_equal(seats->declined, 1);
    assert_true(cv_str_is(seats->source, "scheduling.events/0707070707070707/4"));

    size_t n = driver_query(driver, "seats", NULL, NULL, 1, rows, 16, next);
    assert_int_equal(n, 1);
    assert_string_equal(next, "E1");
    free(rows[0].ptr);
    n = driver_query(driver, "seats", NULL, "E1", 5, rows, 16, next);
    assert_int_equal(n, 1);
    assert_string_equal(next, "");
    free(rows[0].ptr);
    n = driver_query(driver, "delegations", "E1", NULL, 2, rows, 16, next);
    assert_int_equal(n, 2);
    assert_string_equal(next, "KZ"); /* AZ, KZ */
    free(rows[0].ptr);
    free(rows[1].ptr);
    n = driver_query(driver, "delegations", "E1", "KZ", 2, rows, 16, next);
    assert_int_equal(n, 1);
    assert_string_equal(next, "");
    free(rows[0].ptr);

    EXPECT_OK(driver_withdraw(driver, "E1", "KZ", 150), "withdrawn");
    n = driver_query(driver, "persons", "E1/KZ", NULL, 2, rows, 16, next);
    assert_int_equal(n, 2);
    assert_string_equal(next, "128");
    free(rows[0].ptr);
    free(rows[1].ptr);
    n = driver_query(driver, "persons", "E1/KZ", "128", 2, rows, 16, next);
    assert_int_equal(n, 1);
    assert_string_equal(next, "");
    assert_int_equal(driver_read(driver, (cv_str_t){rows[0].ptr, rows[0].len}, CV_MSG_REGISTRATION_CONTACT_V1)
                         ->registration_contact_v1.persons_n,
                     21);
    free(rows[0].ptr);

    assert_int_equal(driver_query_refused(driver, "seats", "E7"), CV_REFUSED_CODE_NOTFOUND);
    assert_int_equal(driver_query_refused(driver, "delegation", "E1"), CV_REFUSED_CODE_NOTFOUND);
    assert_int_equal(driver_query_refused(driver, "weather", NULL), CV_REFUSED_CODE_INVALID);
    driver->principal = (cv_principal_t){.name = "kz", .role = CV_ROLE_FOCAL_POINT, .party = "KZ"};
    n = driver_query(driver, "persons", "E1/KZ", NULL, 1, rows, 16, next);
    assert_int_equal(n, 1);
    free(rows[0].ptr);
    assert_int_equal(driver_query_refused(driver, "persons", "E1/AZ"), CV_REFUSED_CODE_DENIED);
    assert_int_equal(driver_query_refused(driver, "persons", "E1/UNKZ"), CV_REFUSED_CODE_DENIED);
    driver->principal = (cv_principal_t){.name = "wall", .role = CV_ROLE_OBSERVER};
    assert_int_equal(driver_query_refused(driver, "persons", "E1/KZ"), CV_REFUSED_CODE_DENIED);
    assert_int_equal(driver_row(driver, "delegation", "E1/KZ", CV_MSG_REGISTRATION_DELEGATION_V1)
                         ->registration_delegation_v1.confirmed,
                     149);

    /* Snapshots of both streams. */
    driver->principal = (cv_principal_t){.name = "notifications", .role = CV_ROLE_SERVICE};
    static const struct {
        const char *stream;
        size_t records;
    } snapshots[] = {{"registration.events", 5}, {"registration.private", 4}};
    for (size_t i = 0; i < 2; ++i) {
        const cv_log_snapshot_v1_t ask = {.stream = cv_str(snapshots[i].stream)};
        driver_question(driver, CV_MSG_LOG_SNAPSHOT_V1, &ask);
        const cv_log_page_v1_t *page =
            &driver_read(driver, (cv_str_t){driver->answer.ptr, driver->answer.len}, CV_MSG_LOG_PAGE_V1)->log_page_v1;
        assert_int_equal(page->records.n, snapshots[i].records);
        assert_true(page->last);
    }
    driver_free(&driver);
}

/* A database that does not agree with itself is not served from. */
static void self_check(void **state)
{
    (void)state;
    static const char *const damage[] = {
        "DELETE FROM person WHERE number = 2",
        "UPDATE person SET state = 1 WHERE state = 2",
        "UPDATE tally SET online = 7 WHERE id & 8191 = 0",
        "UPDATE tally SET waiting = 0 WHERE answer IS NOT NULL",
        "UPDATE tally SET confirmed = 0 WHERE id & 8191 > 4096",
    };
    for (size_t i = 0; i < sizeof damage / sizeof *damage; ++i) {
        driver_t *driver = driver_forum_with(3, CV_WAITING_RULE_STRICT);
        char error[512];
        driver_register(driver, "E1", "KZ", "hdddm", 0);
        assert_int_equal(cv_db_exec(driver->db, damage[i]), CV_OK);
        driver_stop(driver);
        assert_int_equal(driver_try_open(driver, error, sizeof error), CV_ECORRUPT);
        driver_free(&driver);
    }
    driver_t *driver = driver_forum_with(3, CV_WAITING_RULE_STRICT);
    driver_register(driver, "E1", "KZ", "hdddm", 0);
    assert_int_equal(cv_db_exec(driver->db, "UPDATE tally SET confirmed = 4 WHERE id & 8191 = 0"),
                     CV_ECONFLICT); /* more than seats */
    driver_free(&driver);
}

/* One request of a batch fails in the database: the batch is rolled back, the book forgotten, the others decided alone.
 */
static void a_failure_is_alone(void **state)
{
    (void)state;
    static const char *const names[] = {"Aida", "POISON", "Berik"};
    driver_t *driver = driver_forum_with(5, CV_WAITING_RULE_NONE);
    cv_buf_t messages[3];
    EXPECT_OK(driver_register(driver, "E1", "KZ", "h", 0), "registered");
    assert_int_equal(cv_db_exec(driver->db, "CREATE TRIGGER t BEFORE INSERT ON person WHEN new.role = 10" /* media */
                                            " BEGIN SELECT raise(ABORT, 'no'); END"),
                     CV_OK);
    for (unsigned i = 0; i < 3; ++i) {
        char id[CV_UUID_TEXT + 1];
        cv_registration_register_v1_t request = {
            .event = CV_STR("E1"),
            .party = CV_STR("KZ"),
            .persons_n = 1,
            .persons = {{.name = cv_str(names[i]), .capacity = i == 1 ? CV_CAPACITY_MEDIA : CV_CAPACITY_DELEGATE}}};
        snprintf(id, sizeof id, "00000000-0000-7000-9000-%012u", i);
        cv_msg_t head = {.id = cv_str(id),
                         .source = CV_STR("/test"),
                         .inbox = CV_STR("test-inbox"),
                         .time_ms = driver->now_ms,
                         .info = cv_msg_info_at(CV_MSG_REGISTRATION_REGISTER_V1)};
        cv_buf_init(&messages[i], CV_MAX_FRAME);
        assert_int_equal(cv_msg_write(&messages[i], &head, &request), CV_OK);
        assert_int_equal(cv_engine_request(driver->engine, &driver->principal, cv_buf_str(&messages[i])), CV_OK);
    }
    driver_turn(driver);
    for (unsigned i = 0; i < 3; ++i)
        cv_buf_done(&messages[i]);
    assert_int_equal(driver->records_n, 3); /* the head before, Aida, Berik */
    assert_int_equal(
        driver_record(driver, 2, CV_MSG_REGISTRATION_DECIDED_V1)->registration_decided_v1.persons[0].number, 3);
    assert_int_equal(seats_of(driver, "E1").confirmed, 3);
    driver_crash(driver);
    assert_int_equal(seats_of(driver, "E1").confirmed, 3);
    driver_free(&driver);
}

/* More than one batch may move up: the rest follows at once, and nobody slips in between. */
static void a_hall_instead_of_a_room(void **state)
{
    (void)state;
    static const char *const parties[] = {"KZ", "AZ"};
    char many[65];
    driver_t *driver = driver_forum_with(0, CV_WAITING_RULE_STRICT);
    memset(many, 'd', 64);
    many[64] = '\0';
    driver->event.registration.maximum = 9000;
    driver_event(driver);
    for (int i = 0; i < 140; ++i)
        EXPECT_OK(driver_register(driver, "E1", parties[i % 2], many, 0), "waiting");
    assert_int_equal(seats_of(driver, "E1").waiting, 8960);
    driver->event.registration.capacity = 9000;
    driver_event(driver);
    cv_seats_t seats = seats_of(driver, "E1");
    assert_int_equal(seats.confirmed, 8960);
    assert_int_equal(seats.waiting, 0);
    driver_crash(driver);
    driver_free(&driver);
}

static unsigned dice;
static unsigned roll(unsigned n)
{
    dice = dice * 1664525u + 1013904223u;
    return (dice >> 10) % n;
}

/* After a crash the book is read from the database, which checks itself. The same rules once more then move nobody up:
 * whoever could sit sat already, and the waiting list that was read is the one that was kept. */
static void settled(driver_t *driver)
{
    cv_seats_t before = seats_of(driver, "E1");
    driver_crash(driver);
    size_t records_n = driver->records_n;
    driver_event(driver);
    assert_int_equal(driver->records_n, records_n);
    cv_seats_t after = seats_of(driver, "E1");
    assert_memory_equal(&before, &after, sizeof before);
}

/* More than a thousand requests, rules that change, crashes in between. SEED=n repeats a run. */
static void storm(void **state)
{
    (void)state;
    const char *wanted = getenv("SEED");
    unsigned seed = wanted ? (unsigned)strtoul(wanted, NULL, 10) : (unsigned)time(NULL);
    static const char *const parties[] = {"KZ", "AZ", "UNX", "UZ", "TR"};
    static const char *const groups[] = {"d", "h", "dd", "hdm", "mo", "dddd", "mm"};
    driver_t *driver = driver_forum_with(20, CV_WAITING_RULE_STRICT);
    dice = seed * 2654435761u + 1;

    print_message("SEED=%u\n", seed);
    driver_party(driver, "UZ", CV_PARTY_KIND_MEMBER);
    driver_party(driver, "TR", CV_PARTY_KIND_PARTNER);
    for (int step = 0; step < 1500; ++step) {
        const char *party = parties[roll(5)];
        unsigned what = roll(20);
        if (what < 11) {
            const cv_outcome_v1_t *outcome =
                driver_register(driver, "E1", party, groups[roll(7)], (cv_group_rule_t)(1 + roll(2)));
            assert_true(outcome->cls == CV_OUTCOME_CLASS_OK || outcome->cls == CV_OUTCOME_CLASS_REJECTED);
            assert_true(outcome->decision.has_seats);
        } else if (what < 17) {
            driver_withdraw(driver, "E1", party, roll(40) ? 1 + roll(60) : 0);
        } else if (what < 18) {
            cv_registration_rules_t *rules = &driver->event.registration;
            rules->capacity = 10 + roll(25);
            rules->guaranteed = roll(4);
            rules->maximum = 3 + roll(10);
            rules->waiting = (cv_waiting_rule_t)(2 + roll(2));
            rules->limits_n = roll(2);
            rules->limits[0] = (cv_limit_t){CV_CAPACITY_MEDIA, roll(6)};
            driver_event(driver);
        } else if (what < 19) {
            settled(driver);
        } else if (roll(4) == 0) {
            driver_party(driver, party, (cv_party_kind_t)(1 + roll(5)));
        }
    }
    settled(driver);
    driver_free(&driver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_registration),
        cmocka_unit_test(refusals),
        cmocka_unit_test(withdrawal_promotes),
        cmocka_unit_test(release_promotes),
        cmocka_unit_test(capacity_changes),
        cmocka_unit_test(scheduling_again),
        cmocka_unit_test(questions),
        cmocka_unit_test(self_check),
        cmocka_unit_test(a_failure_is_alone),
        cmocka_unit_test(a_hall_instead_of_a_room),
        cmocka_unit_test(storm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
