/* test_notifications_audience: who is told of what, as what, by rules that are data: coordinators of an area, parties that
 * declined, offices; each once, and nobody what is not for them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/audience.h"
#include "notifications/core.h"

#include "notifications_forum.h"

#define DESK "SECRETARIAT"
#define COORDINATOR_ID "coordinators." CHANGE_ID

/* ---- what there can be --------------------------------------------------------------------- */

static void test_pairs(void **state)
{
    (void)state;
    static const struct {
        int kind, audience;
        ntf_telling_of_t told;
    } pairs[] = {
        {NTF_DECISION, NTF_TO_REGISTERED, NTF_ALWAYS},
        {NTF_DECISION, NTF_TO_PERSONS, NTF_ON},
        {NTF_PROMOTION, NTF_TO_REGISTERED, NTF_ALWAYS},
        {NTF_PROMOTION, NTF_TO_PERSONS, NTF_ON},
        {NTF_LAPSE, NTF_TO_REGISTERED, NTF_ALWAYS},
        {NTF_LAPSE, NTF_TO_PERSONS, NTF_ON},
        {NTF_EVENT_CHANGE, NTF_TO_REGISTERED, NTF_ALWAYS},
        {NTF_EVENT_CHANGE, NTF_TO_PERSONS, NTF_ON},
        {NTF_EVENT_CHANGE, NTF_TO_DECLINED, NTF_ON},
        {NTF_EVENT_CHANGE, NTF_TO_UNANSWERED, NTF_OFF},
        {NTF_EVENT_CHANGE, NTF_TO_MEMBERS, NTF_OFF},
        {NTF_EVENT_CHANGE, NTF_TO_PROPOSER, NTF_OFF},
        {NTF_EVENT_CHANGE, NTF_TO_COORDINATORS, NTF_ON},
        {NTF_EVENT_CHANGE, NTF_TO_SECRETARIAT, NTF_OFF},
        {NTF_SILENCE, NTF_TO_MEMBERS, NTF_ALWAYS},
        {NTF_SILENCE, NTF_TO_SECRETARIAT, NTF_OFF},
        {NTF_REMINDER, NTF_TO_PERSONS, NTF_ON},
        {NTF_OPENING, NTF_TO_UNANSWERED, NTF_ON},
        {NTF_OPENING, NTF_TO_MEMBERS, NTF_OFF},
        {NTF_OPENING, NTF_TO_PROPOSER, NTF_OFF},
        {NTF_OPENING, NTF_TO_COORDINATORS, NTF_OFF},
        {NTF_OPENING, NTF_TO_SECRETARIAT, NTF_OFF},
    };
    enum { PAIRS_N = sizeof(pairs) / sizeof(pairs[0]) };
    for (int kind = -1; kind <= NTF_KINDS_END; kind++) {
        for (int audience = -1; audience <= NTF_AUDIENCES_END; audience++) {
            ntf_telling_of_t told = NTF_CANNOT;
            for (size_t i = 0; i < PAIRS_N; i++)
                told = pairs[i].kind == kind && pairs[i].audience == audience ? pairs[i].told : told;
            assert_int_equal(ntf_audience_default(kind, audience), told);
        }
    }
    for (int audience = NTF_TO_NONE; audience < NTF_AUDIENCES_END; audience++)
        assert_int_equal(ntf_audience_read(ntf_audience_word(audience)), audience);
    for (int anchor = 0; anchor < NTF_ANCHORS_N; anchor++)
        assert_true(ntf_audience_reminds(anchor, ntf_audience_of_anchor(anchor)));
}

static void test_terms(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *day;
        bool holds;
    } terms[] = {
        {NULL, NULL, "2026-05-12", true},          {"2026-05-12", "2026-05-12", "2026-05-12", true},
        {"2026-05-13", NULL, "2026-05-12", false}, {NULL, "2026-05-11", "2026-05-12", false},
        {"2026", "2026", "2026-12-31", true},      {"2026-06", NULL, "2026-05-31", false},
        {NULL, "2026-05", "2026-05-31", true},     {NULL, "2026-05", "2026-06-01", false},
        {"2025-11", "2025", "2026-01-01", false},
    };
    for (size_t i = 0; i < sizeof(terms) / sizeof(terms[0]); i++) {
        if (ntf_term_holds(cv_str(terms[i].from), cv_str(terms[i].to), cv_str(terms[i].day)) != terms[i].holds)
            fail_msg("term %zu", i);
    }
}

/* ---- the service --------------------------------------------------------------------------- */

static cv_coordinator_t term_of(const char *code, const char *party, const char *from, const char *to)
{
    return (cv_coordinator_t){.code = cv_str(code),
                              .area = CV_STR("ECO-ENE"),
                              .party = cv_str(party),
                              .role = CV_COORDINATOR_ROLE_COORDINATOR,
                              .from = cv_str(from),
                              .to = cv_str(to)};
}

/* FORUM is of the area that KG coordinates today, as TJ did and UZ will. */
static cv_scheduling_event_v1_t in_area(int64_t version)
{
    cv_scheduling_event_v1_t event = forum(version);
    event.event_details.area = CV_STR("ECO-ENE");
    event.event_details.proposer = CV_STR("TJ");
    return event;
}

static void begin(drv_t *drv)
{
    cv_heading_t heading = {
        .code = CV_STR("ECO-ENE"), .level = CV_HEADING_LEVEL_AREA, .name = CV_STR("Energy & security")};
    const cv_coordinator_t terms[] = {term_of("E1", "TJ", NULL, "2025"), term_of("E2", "KG", "2026-01", NULL),
                                      term_of("E3", "UZ", "2027", NULL)};
    cv_scheduling_event_v1_t event = in_area(2);
    tell_catalogue(drv);
    drv_record(drv, DRV_SCHEDULING, CV_MSG_SCHEDULING_HEADING_V1, &heading);
    for (size_t i = 0; i < sizeof(terms) / sizeof(terms[0]); i++)
        drv_record(drv, DRV_SCHEDULING, CV_MSG_SCHEDULING_COORDINATOR_V1, &terms[i]);
    tell_event(drv, &event);
    drv_run(drv, 500, true);
}

/* FORUM moves to another city; the number of the record. */
static uint64_t move(drv_t *drv, int64_t version, const char *city)
{
    cv_scheduling_event_v1_t event = in_area(version);
    event.event_details.city = cv_str(city);
    drv->version = version;
    uint64_t seq = drv_record(drv, DRV_SCHEDULING, CV_MSG_SCHEDULING_EVENT_V1, &event);
    drv_run(drv, 1500, true);
    return seq;
}

static int64_t changes_of(drv_t *drv, const char *party)
{
    char sql[160];
    (void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM ntf_delivery WHERE kind = 3 AND topic = 0 AND party = '%s'",
                   party);
    return drv_number(drv, sql);
}

static const char *id_of(const char *prefix, uint64_t seq, const char *party)
{
    static char id[NTF_ID_MAX + 1];
    (void)snprintf(id, sizeof(id), "%s%d.%s", prefix, (int)seq, party);
    return id;
}

static cv_str_t set(drv_t *drv, cv_notice_kind_t kind, cv_audience_t audience, bool told)
{
    static int number;
    char id[64];
    cv_audience_rule_t rule = {.kind = kind, .audience = audience, .told = told};
    (void)snprintf(id, sizeof(id), "0190163d-8694-739b-beb5-%012d", ++number);
    return drv_decide(drv, id, CV_MSG_NOTIFICATIONS_AUDIENCE_PUT_V1, &rule);
}

static void test_coordinator(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    recipient_of(drv, "KG", 1, "energy@kg.example");
    recipient_of(drv, "TJ", 1, "energy@tj.example");
    recipient_of(drv, "UZ", 1, "energy@uz.example");
    uint64_t seq = move(drv, 3, "Ganja");
    const char *id = id_of(COORDINATOR_ID, seq, "KG");
    assert_written(drv, id, "energy@kg.example");
    assert_written(drv, id, "как координатор направления: Energy & security\r\n");
    assert_written(drv, id, "как координатор направления: Energy &amp; security</p>"); /* the HTML of it */
    assert_written(drv, id, "Baku, AZ -> Ganja, AZ");
    char *mail = drv_file(drv, id);
    assert_null(strstr(mail, "text/calendar")); /* it was invited to nothing */
    assert_null(strstr(mail, "Делегация"));
    free(mail);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_delivery"), 1);
    cv_notifications_notice_v1_t notice = drv_notice(drv->notices[drv->notices_n - 1]);
    assert_int_equal(notice.audience, CV_AUDIENCE_COORDINATORS);
    assert_true(cv_str_is(notice.party, "KG"));
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_watch"), 0); /* it has nothing to be late for */
    /* The same record again, after a restart: nothing new. */
    drv_restart(drv);
    drv_run(drv, 2000, true);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_delivery"), 1);
}

/* Whoever coordinates and takes part is told as delegation; the coordinator too where that is another person. */
static void test_coordinator_with_a_delegation(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    recipient_of(drv, "KG", 1, "energy@kg.example");
    tell_decided(drv, "KG", CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_REGISTERED, tell_contact(drv, "KG", NULL));
    drv_run(drv, 500, true);
    uint64_t seq = move(drv, 3, "Ganja");
    assert_int_equal(changes_of(drv, "KG"), 1);
    assert_written(drv, id_of(CHANGE_ID, seq, "KG"), "energy@kg.example");
    (void)tell_contact(drv, "KG", "travel@kg.example");
    drv_run(drv, 500, true);
    seq = move(drv, 4, "Sheki");
    assert_int_equal(changes_of(drv, "KG"), 3);
    assert_written(drv, id_of(CHANGE_ID, seq, "KG"), "travel@kg.example");
    assert_written(drv, id_of(COORDINATOR_ID, seq, "KG"), "energy@kg.example");
}

/* An office without anybody to write to is asked nothing and waits for nothing, and keeps nobody. */
static void test_office_without_recipient(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    (void)move(drv, 3, "Ganja");
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_delivery"), 0);
    /* One whose recipient goes between the record and the lease waits, and its delegation's notices do not. */
    recipient_of(drv, "KG", 1, "energy@kg.example");
    tell_decided(drv, "KG", CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_REGISTERED,
                 tell_contact(drv, "KG", "travel@kg.example"));
    drv_run(drv, 500, false);
    cv_scheduling_event_v1_t event = in_area(4);
    event.event_details.city = CV_STR("Sheki");
    drv->version = 4;
    uint64_t seq = drv_record(drv, DRV_SCHEDULING, CV_MSG_SCHEDULING_EVENT_V1, &event);
    drv_run(drv, 200, false);
    drv_sql(drv, "DELETE FROM ntf_recipient");
    drv_run(drv, 1500, true);
    assert_written(drv, id_of(CHANGE_ID, seq, "KG"), "travel@kg.example");
    assert_int_equal(drv_number(drv, "SELECT hold FROM ntf_delivery WHERE state = 1"), 1);
    uint64_t next = move(drv, 5, "Shusha");
    assert_written(drv, id_of(CHANGE_ID, next, "KG"), "travel@kg.example");
    recipient_of(drv, "KG", 1, "energy@kg.example");
    drv_run(drv, 500, true);
    assert_written(drv, id_of(COORDINATOR_ID, seq, "KG"), "energy@kg.example");
}

static void test_declined(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    tell_decided(drv, "UZ", CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_DECLINED, tell_contact(drv, "UZ", "a@uz.example"));
    drv_run(drv, 500, true);
    uint64_t seq = move(drv, 3, "Ganja");
    assert_written(drv, id_of(CHANGE_ID, seq, "UZ"),
                   "You are receiving this because your party declined this event, and it has changed since.\r\n");
    char *mail = drv_file(drv, id_of(CHANGE_ID, seq, "UZ"));
    assert_null(strstr(mail, "text/calendar"));
    free(mail);
    /* It declined what is now: it knows. */
    tell_decided(drv, "TJ", CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_DECLINED, tell_contact(drv, "TJ", "a@tj.example"));
    drv_run(drv, 500, true);
    assert_int_equal(changes_of(drv, "TJ"), 0);
    /* It declined what was, and that is seen only now. */
    drv->version = 2;
    tell_decided(drv, KZ, CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_DECLINED, tell_contact(drv, KZ, "a@kz.example"));
    drv_run(drv, 1000, true);
    assert_int_equal(changes_of(drv, KZ), 1);
    assert_written(drv, id_of(CHANGE_ID, seq, KZ), "a@kz.example");
    /* Nobody is told twice, who was counted among two. */
    assert_true(cv_str_is(set(drv, CV_NOTICE_KIND_EVENT_CHANGE, CV_AUDIENCE_MEMBERS, true), "audience_set"));
    (void)move(drv, 4, "Sheki");
    assert_int_equal(changes_of(drv, "UZ"), 2);
    assert_int_equal(changes_of(drv, KZ), 2);
    assert_int_equal(changes_of(drv, "KG"), 1);
}

/* Withdrawn from, it was invited once: what is declined brings no invitation back. */
static void test_declined_after_an_invitation(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    tell_registered(drv, KZ);
    drv_run(drv, 500, true);
    tell_decided(drv, KZ, CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_DECLINED, 0);
    drv_run(drv, 500, true);
    uint64_t seq = move(drv, 3, "Ganja");
    char *mail = drv_file(drv, id_of(CHANGE_ID, seq, KZ));
    assert_non_null(mail);
    assert_null(strstr(mail, "text/calendar"));
    free(mail);
}

static void test_rules_are_data(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    recipient_of(drv, "KG", 1, "energy@kg.example");
    recipient_of(drv, "TJ", 1, "plan@tj.example");
    recipient_of(drv, DESK, 1, "desk@secretariat.example");
    const cv_log_page_v1_t *page = drv_query(drv, CV_ROLE_OBSERVER, "", "audiences", "", CV_STR_NONE, 0);
    assert_non_null(page);
    assert_int_equal(page->records.n, 22);
    assert_true(cv_str_is(set(drv, CV_NOTICE_KIND_EVENT_CHANGE, CV_AUDIENCE_DELEGATION, false), "must_be_told"));
    assert_true(cv_str_is(set(drv, CV_NOTICE_KIND_SILENCE, CV_AUDIENCE_MEMBERS, false), "must_be_told"));
    assert_true(cv_str_is(set(drv, CV_NOTICE_KIND_DECISION, CV_AUDIENCE_MEMBERS, true), "no_such_audience"));
    assert_true(cv_str_is(set(drv, CV_NOTICE_KIND_DIGEST, CV_AUDIENCE_MEMBERS, true), "no_such_audience"));
    assert_true(cv_str_is(set(drv, CV_NOTICE_KIND_SILENCE, CV_AUDIENCE_MEMBERS, true), "audience_set"));
    assert_true(cv_str_is(set(drv, CV_NOTICE_KIND_EVENT_CHANGE, CV_AUDIENCE_COORDINATORS, false), "audience_set"));
    assert_true(cv_str_is(set(drv, CV_NOTICE_KIND_EVENT_CHANGE, CV_AUDIENCE_PROPOSER, true), "audience_set"));
    assert_true(cv_str_is(set(drv, CV_NOTICE_KIND_EVENT_CHANGE, CV_AUDIENCE_SECRETARIAT, true), "audience_set"));
    drv_restart(drv);
    uint64_t seq = move(drv, 3, "Ganja");
    assert_int_equal(changes_of(drv, "KG"), 0);
    assert_written(drv, id_of("proposer." CHANGE_ID, seq, "TJ"), "Ваша сторона предложила это мероприятие");
    assert_written(drv, id_of("secretariat." CHANGE_ID, seq, DESK), "как секретариат");
    /* An office that a party holds twice is told once. */
    cv_coordinator_t term = term_of("E4", "TJ", NULL, NULL);
    drv_record(drv, DRV_SCHEDULING, CV_MSG_SCHEDULING_COORDINATOR_V1, &term);
    assert_true(cv_str_is(set(drv, CV_NOTICE_KIND_EVENT_CHANGE, CV_AUDIENCE_COORDINATORS, true), "audience_set"));
    (void)move(drv, 4, "Sheki");
    assert_int_equal(changes_of(drv, "TJ"), 2);
    assert_int_equal(changes_of(drv, "KG"), 1);
}

/* ---- openings ------------------------------------------------------------------------------ */

static int64_t openings(drv_t *drv)
{
    return drv_number(drv, "SELECT count(*) FROM ntf_delivery WHERE topic = 10");
}

/* FORUM with rules of registration, in this state. */
static uint64_t advance(drv_t *drv, int64_t version, cv_event_status_t status)
{
    cv_scheduling_event_v1_t event = in_area(version);
    open_registration(drv, &event);
    event.status = status;
    drv->version = version;
    uint64_t seq = drv_record(drv, DRV_SCHEDULING, CV_MSG_SCHEDULING_EVENT_V1, &event);
    drv_run(drv, 1500, true);
    return seq;
}

static void test_opening(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    static const char *const parties[] = {KZ, "UZ", "KG"}; /* TJ has nobody to write to */
    for (size_t i = 0; i < sizeof(parties) / sizeof(parties[0]); i++)
        recipient_of(drv, parties[i], 1, "ministry@party.example");
    cv_party_t guest = {.code = CV_STR("GG"), .kind = CV_PARTY_KIND_GUEST, .name = CV_STR("Guest")};
    drv_record(drv, DRV_SCHEDULING, CV_MSG_SCHEDULING_PARTY_V1, &guest);
    recipient_of(drv, "GG", 1, "guest@gg.example");
    (void)advance(drv, 2, CV_EVENT_STATUS_SCHEDULED);
    tell_decided(drv, "UZ", CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_DECLINED, 0);
    drv_run(drv, 500, true);
    assert_int_equal(openings(drv), 0);
    cv_scheduling_event_v1_t event = in_area(3);
    open_registration(drv, &event);
    event.registration.audience_n = 1;
    event.registration.audience[0] = CV_PARTY_KIND_MEMBER;
    uint64_t seq = drv_record(drv, DRV_SCHEDULING, CV_MSG_SCHEDULING_EVENT_V1, &event);
    drv_run(drv, 1500, true);
    assert_int_equal(openings(drv), 2);
    assert_written(drv, id_of("opening." CHANGE_ID, seq, KZ), "Регистрация до: 2026-03-08 09:00:0");
    assert_written(drv, id_of("opening." CHANGE_ID, seq, "KG"), "Просим до этого срока");
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_watch"), 0); /* its reminders are watched */
    /* Another version of what is open opens nothing; what opens again is told to who has not answered. */
    (void)advance(drv, 4, CV_EVENT_STATUS_OPEN);
    assert_int_equal(openings(drv), 2);
    tell_registered(drv, KZ);
    drv_run(drv, 500, true);
    (void)advance(drv, 5, CV_EVENT_STATUS_CLOSED);
    (void)advance(drv, 6, CV_EVENT_STATUS_OPEN);
    assert_int_equal(openings(drv), 4); /* KG and GG: all kinds may register now */
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_delivery WHERE topic = 10 AND party = 'KZ'"), 1);
}

/* It waits for a digest, but not for one that would come when registration is closed. */
static void test_opening_in_a_digest(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    recipient_of(drv, KZ, 1, "ministry@kz.example");
    drv_sql(drv, "INSERT INTO ntf_preference VALUES('KZ', -1, 0, 2)");
    (void)advance(drv, 2, CV_EVENT_STATUS_SCHEDULED);
    (void)advance(drv, 3, CV_EVENT_STATUS_OPEN);
    assert_int_equal(drv_number(drv, "SELECT hold FROM ntf_delivery WHERE topic = 10"), 4);
    (void)advance(drv, 4, CV_EVENT_STATUS_CLOSED);
    cv_scheduling_event_v1_t event = in_area(5);
    open_registration(drv, &event);
    event.registration.closes_ms = drv->ms + HOUR_MS;
    uint64_t seq = drv_record(drv, DRV_SCHEDULING, CV_MSG_SCHEDULING_EVENT_V1, &event);
    drv_run(drv, 1500, true);
    assert_written(drv, id_of("opening." CHANGE_ID, seq, KZ), "ministry@kz.example");
}

/* What has not left says nothing that is no more: the event is off, or the party has answered. */
static void test_opening_is_over(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    recipient_of(drv, KZ, 1, "ministry@kz.example");
    recipient_of(drv, "KG", 1, "ministry@kg.example");
    drv_sql(drv, "INSERT INTO ntf_preference VALUES('KZ', -1, 0, 2), ('KG', -1, 0, 2)");
    (void)advance(drv, 2, CV_EVENT_STATUS_SCHEDULED);
    (void)advance(drv, 3, CV_EVENT_STATUS_OPEN);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_delivery WHERE topic = 10 AND hold = 4"), 2);
    tell_registered(drv, KZ);
    drv_run(drv, 500, true);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_delivery WHERE topic = 10 AND hold = 4"), 1);
    (void)advance(drv, 4, CV_EVENT_STATUS_CLOSED); /* which nobody is told: that they ended is, all the same */
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_delivery WHERE topic = 10 AND digest = -1"), 2);
    int silenced = 0;
    for (size_t i = 0; i < drv->notices_n; i++) {
        cv_notifications_notice_v1_t notice = drv_notice(drv->notices[i]);
        silenced += notice.kind == CV_NOTICE_KIND_OPENING && notice.state == CV_NOTICE_STATE_SILENCED;
    }
    assert_int_equal(silenced, 2);
    /* Nothing waits for the digest any more, so there is none. */
    assert_int_equal(
        drv_number(drv, "SELECT count(*) FROM ntf_wait AS w JOIN ntf_delivery AS d ON d.n = w.n WHERE d.topic = 10"),
        0);
    drv_sql(drv, "DELETE FROM ntf_preference");
    jump(drv, 2 * DAY_MS);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_delivery WHERE topic = 7 AND digest = -1"), 0);
}

/* Whoever answered while the service was down is not told that it has not: the answer is read first. */
static void test_opening_after_a_downtime(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    recipient_of(drv, KZ, 1, "ministry@kz.example");
    recipient_of(drv, "KG", 1, "ministry@kg.example");
    (void)advance(drv, 2, CV_EVENT_STATUS_SCHEDULED);
    cv_scheduling_event_v1_t event = in_area(3);
    open_registration(drv, &event);
    drv->version = 3;
    uint64_t seq = drv_record(drv, DRV_SCHEDULING, CV_MSG_SCHEDULING_EVENT_V1, &event);
    tell_registered(drv, KZ);
    drv->ms += DAY_MS;
    drv->streams[DRV_EVENTS].closed = true; /* registration comes up later */
    drv_restart(drv);
    drv_run(drv, 3000, true);
    assert_int_equal(openings(drv), 0);
    drv_restart(drv);
    drv_run(drv, 3000, true);
    drv->streams[DRV_EVENTS].closed = false;
    drv_run(drv, 3000, true);
    assert_int_equal(openings(drv), 1);
    assert_written(drv, id_of("opening." CHANGE_ID, seq, "KG"), "ministry@kg.example");
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_opening"), 0);
}

/* One that closed before anybody could be told is told to nobody; and a stream that never comes is not waited for for ever. */
static void test_opening_closed_meanwhile(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    recipient_of(drv, KZ, 1, "ministry@kz.example");
    (void)advance(drv, 2, CV_EVENT_STATUS_SCHEDULED);
    cv_scheduling_event_v1_t event = in_area(3);
    open_registration(drv, &event);
    event.registration.closes_ms = drv->ms + HOUR_MS;
    drv_record(drv, DRV_SCHEDULING, CV_MSG_SCHEDULING_EVENT_V1, &event);
    drv->ms += 2 * HOUR_MS;
    drv_restart(drv);
    drv_run(drv, 3000, true);
    assert_int_equal(openings(drv), 0);
    (void)advance(drv, 4, CV_EVENT_STATUS_CLOSED);
    event = in_area(5);
    open_registration(drv, &event);
    drv_record(drv, DRV_SCHEDULING, CV_MSG_SCHEDULING_EVENT_V1, &event);
    drv->streams[DRV_PRIVATE].closed = true;
    drv_restart(drv);
    drv_run(drv, 3000, true);
    assert_int_equal(openings(drv), 0);
    jump(drv, HOUR_MS);
    assert_int_equal(openings(drv), 1);
}

/* An office of a party that is told as participant too, to another person: both are told, each as what it is. */
static void test_opening_to_an_office(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    recipient_of(drv, "KG", 1, "energy@kg.example");
    (void)tell_contact(drv, "KG", "travel@kg.example");
    drv_run(drv, 500, true);
    assert_true(cv_str_is(set(drv, CV_NOTICE_KIND_OPENING, CV_AUDIENCE_COORDINATORS, true), "audience_set"));
    (void)advance(drv, 3, CV_EVENT_STATUS_SCHEDULED);
    uint64_t seq = advance(drv, 4, CV_EVENT_STATUS_OPEN);
    assert_written(drv, id_of("opening." CHANGE_ID, seq, "KG"), "travel@kg.example");
    assert_written(drv, id_of("opening." CHANGE_ID, seq, "KG"), "has not answered yet.");
    assert_written(drv, id_of("coordinators.opening." CHANGE_ID, seq, "KG"), "energy@kg.example");
    assert_written(drv, id_of("coordinators.opening." CHANGE_ID, seq, "KG"), "как координатор направления");
}

/* ---- reminders ----------------------------------------------------------------------------- */

static cv_str_t put_rule(drv_t *drv, const char *rule, cv_reminder_anchor_t anchor, cv_audience_t audience)
{
    static int number;
    char id[64];
    cv_reminder_t reminder = {.rule = cv_str(rule), .anchor = anchor, .before_hours = 24, .audience = audience};
    (void)snprintf(id, sizeof(id), "0190163d-8694-739b-cec5-%012d", ++number);
    return drv_decide(drv, id, CV_MSG_NOTIFICATIONS_REMINDER_PUT_V1, &reminder);
}

static int64_t reminders_of(drv_t *drv, const char *party)
{
    char sql[160];
    (void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM ntf_delivery WHERE topic = 5 AND party = '%s'", party);
    return drv_number(drv, sql);
}

/* FORUM begins on 12 May, so far as is known at midnight UTC; a rule of a day before is due on the 11th. */
static void a_day_before(drv_t *drv)
{
    drv->ms = INT64_C(1778457600000) - 100; /* 2026-05-11T00:00:00Z */
    drv_run(drv, 2000, true);
}

static void test_reminder_for_coordinators(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    recipient_of(drv, "KG", 1, "energy@kg.example");
    recipient_of(drv, "TJ", 1, "plan@tj.example");
    tell_registered(drv, KZ);
    drv_run(drv, 500, true);
    assert_true(cv_str_is(put_rule(drv, "desks", CV_REMINDER_ANCHOR_START, CV_AUDIENCE_COORDINATORS), "reminder_set"));
    assert_true(cv_str_is(put_rule(drv, "owner", CV_REMINDER_ANCHOR_START, CV_AUDIENCE_PROPOSER), "reminder_set"));
    assert_true(cv_str_is(put_rule(drv, "p", CV_REMINDER_ANCHOR_START, CV_AUDIENCE_PERSON), "no_such_audience"));
    assert_true(
        cv_str_is(put_rule(drv, "s", CV_REMINDER_ANCHOR_SILENCE, CV_AUDIENCE_COORDINATORS), "no_such_audience"));
    drv_run(drv, 500, true);
    a_day_before(drv);
    assert_int_equal(reminders_of(drv, KZ), 2); /* by start_7d and start_1d */
    assert_int_equal(reminders_of(drv, "KG"), 1);
    assert_int_equal(reminders_of(drv, "TJ"), 1);
    assert_written(drv, "coordinators.reminder.desks.FORUM.1778544000.KG",
                   "как координатор направления: Energy & security\r\n");
    assert_written(drv, "proposer.reminder.owner.FORUM.1778544000.TJ", "plan@tj.example");
    /* Of the deadline are the delegation's notices alone. */
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_watch"), 2);
    /* What is asked is what was set. */
    const cv_log_page_v1_t *page = drv_query(drv, CV_ROLE_OBSERVER, "", "reminders", "", CV_STR_NONE, 0);
    assert_int_equal(page->records.n, 12);
}

/* A coordinator that is reminded as delegation already is not reminded of the same again. */
static void test_reminded_once(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    recipient_of(drv, "KG", 1, "energy@kg.example");
    tell_decided(drv, "KG", CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_REGISTERED, tell_contact(drv, "KG", NULL));
    drv_run(drv, 500, true);
    assert_true(
        cv_str_is(put_rule(drv, "a_desks", CV_REMINDER_ANCHOR_START, CV_AUDIENCE_COORDINATORS), "reminder_set"));
    assert_true(cv_str_is(put_rule(drv, "z_desks", CV_REMINDER_ANCHOR_START, CV_AUDIENCE_MEMBERS), "reminder_set"));
    drv_run(drv, 500, true);
    a_day_before(drv);
    assert_int_equal(reminders_of(drv, "KG"), 2); /* by start_7d and start_1d */
    assert_int_equal(reminders_of(drv, KZ), 1);   /* a member, by z_desks */
}

/* ---- silence, streams that begin anew ------------------------------------------------------- */

static void test_secretariat_of_silence(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    recipient_of(drv, DESK, 1, "desk@secretariat.example");
    assert_true(cv_str_is(set(drv, CV_NOTICE_KIND_SILENCE, CV_AUDIENCE_SECRETARIAT, true), "audience_set"));
    cv_scheduling_decision_v1_t decision = {.decision = CV_STR("2026-D-1"),
                                            .version = 1,
                                            .state = CV_DECISION_STATE_OPEN,
                                            .way = CV_DECISION_WAY_SILENCE,
                                            .step = CV_DECISION_STEP_OPENED,
                                            .opened_ms = drv->ms,
                                            .has_expires_ms = true,
                                            .expires_ms = drv->ms + 10 * DAY_MS,
                                            .members = 4,
                                            .resolution = {.subject = CV_SUBJECT_KIND_DOCUMENT,
                                                           .title = CV_STR("Guidelines"),
                                                           .text = CV_STR("They are adopted.")}};
    uint64_t seq = drv_record(drv, DRV_SCHEDULING, CV_MSG_SCHEDULING_DECISION_V1, &decision);
    drv_run(drv, 1000, true);
    assert_written(drv, id_of("secretariat." CHANGE_ID, seq, DESK), "как секретариат");
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_delivery WHERE topic = 6"), 5);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_watch"), 4); /* it is the members' deadline */
}

/* Coordinators are what the stream says: one that begins anew without them has none. */
static void test_anew(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    recipient_of(drv, "KG", 1, "energy@kg.example");
    recipient_of(drv, "TJ", 1, "plan@tj.example");
    cv_scheduling_event_v1_t event = in_area(2);
    cv_party_t party = {.code = CV_STR("TJ"), .kind = CV_PARTY_KIND_MEMBER, .name = CV_STR("Tajikistan")};
    cv_coordinator_t term = term_of("E9", "TJ", NULL, NULL);
    drv_state(drv, DRV_SCHEDULING, CV_MSG_SCHEDULING_PARTY_V1, &party);
    drv_state(drv, DRV_SCHEDULING, CV_MSG_SCHEDULING_COORDINATOR_V1, &term);
    drv_state(drv, DRV_SCHEDULING, CV_MSG_SCHEDULING_EVENT_V1, &event);
    drv_new_epoch(drv, DRV_SCHEDULING);
    drv_run(drv, 1500, true);
    (void)move(drv, 3, "Ganja");
    assert_int_equal(changes_of(drv, "KG"), 0);
    assert_int_equal(changes_of(drv, "TJ"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_terms),
        cmocka_unit_test_setup_teardown(test_coordinator, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_coordinator_with_a_delegation, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_office_without_recipient, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_declined, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_declined_after_an_invitation, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_rules_are_data, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_opening, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_opening_in_a_digest, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_opening_is_over, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_opening_after_a_downtime, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_opening_closed_meanwhile, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_opening_to_an_office, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_reminder_for_coordinators, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_reminded_once, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_secretariat_of_silence, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_anew, drv_setup, drv_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
