/* test_registration_import: an import is what its registrations would be one by one; what is taken back leaves nothing.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The worst that could happen is that something tried stays behind: in a table, in the book in memory, in a stream. So
 * twins live through the same random history; one of them also gets dry runs and refused imports, before, behind and in
 * the same batch as the rest. Their records must be the same octets, their tables the same rows.
 */
#include "registration/registration.h"
#include "registration_driver.h"
#include <sqlite3.h>

enum { PARTIES = 6, SEEDS = 12, STEPS = 48, NAMES = 40, TABLES_MAX = 64 };
static const char *const PARTY[PARTIES] = {"KZ", "AZ", "UNX", "TR", "UZ", "IR"};
static const cv_party_kind_t KIND[PARTIES] = {CV_PARTY_KIND_MEMBER,         CV_PARTY_KIND_MEMBER, CV_PARTY_KIND_GUEST,
                                              CV_PARTY_KIND_OBSERVER_STATE, CV_PARTY_KIND_MEMBER, CV_PARTY_KIND_MEMBER};

/* ---- tables as text -------------------------------------------------------------------------------------------- */

static void put(cv_buf_t *buf, const char *text)
{
    assert_int_equal(cv_buf_put(buf, text, strlen(text)), CV_OK);
}

/* What holds random numbers, and so is never the same twice: what is sealed, and what opens it. */
static bool is_random(const char *column)
{
    return strncmp(column, "sealed", strlen("sealed")) == 0 || strcmp(column, "bits") == 0 ||
           strcmp(column, "proof") == 0;
}

/* state: of what is random the length only. */
static void dump_table(sqlite3 *db, const char *table, bool state, cv_buf_t *buf)
{
    char *sql = sqlite3_mprintf("SELECT * FROM \"%w\"", table);
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    put(buf, table);
    put(buf, "\n");
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(stmt); i++) {
            const uint8_t *bytes = sqlite3_column_blob(stmt, i);
            char hex[3];
            bool hide = state && is_random(sqlite3_column_name(stmt, i));
            for (int k = 0; k < sqlite3_column_bytes(stmt, i); k++) {
                snprintf(hex, sizeof hex, "%02x", hide ? 0 : bytes[k]);
                put(buf, hex);
            }
            put(buf, sqlite3_column_type(stmt, i) == SQLITE_NULL ? "-|" : "|");
        }
        put(buf, "\n");
    }
    sqlite3_finalize(stmt);
    sqlite3_free(sql);
}

/* Every table; state: but for those whose rows depend on which requests shared a transaction or were refused. */
static char *dump(driver_t *driver, bool state)
{
    sqlite3 *db = cv_db_raw(driver->db);
    sqlite3_stmt *stmt;
    cv_buf_t buf;
    cv_buf_init(&buf, 64 * 1024 * 1024);
    assert_int_equal(
        sqlite3_prepare_v2(db, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name", -1, &stmt, NULL),
        SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(stmt, 0);
        if (!state ||
            (strcmp(name, "journal") != 0 && strcmp(name, "journal_mark") != 0 && strcmp(name, "request") != 0))
            dump_table(db, name, state, &buf);
    }
    sqlite3_finalize(stmt);
    assert_int_equal(cv_buf_put(&buf, "", 1), CV_OK); /* its end */
    char *text = strdup((const char *)buf.ptr);
    cv_buf_done(&buf);
    return text;
}

static void assert_same_state(driver_t *a, driver_t *b)
{
    char *of_a = dump(a, true), *of_b = dump(b, true);
    assert_string_equal(of_a, of_b);
    free(of_a);
    free(of_b);
}

/* ---- requests ---------------------------------------------------------------------------------------------------- */

static const char *name_of(unsigned i)
{
    static char names[NAMES][16];
    snprintf(names[i], sizeof names[i], "Person %u", i);
    return names[i];
}

/* "KZ:hdm AZ:d": h head, d delegate, m media, o delegate online; new names, or those that `serial` begins with. */
static const cv_registration_import_v1_t *import_of(const char *text, cv_import_mode_t mode, bool dry)
{
    static cv_registration_import_v1_t request;
    static char names[256][32], parties[64][8];
    static unsigned serial;
    request = (cv_registration_import_v1_t){
        .event = CV_STR("E1"), .mode = mode, .has_dry_run = dry, .dry_run = dry, .registrations_n = 0};
    unsigned names_n = 0;
    while (*text) {
        size_t i = request.registrations_n++, len = strcspn(text, ":");
        cv_import_entry_t *entry = &request.registrations[i];
        snprintf(parties[i], sizeof parties[i], "%.*s", (int)len, text);
        *entry = (cv_import_entry_t){.party = cv_str(parties[i])};
        for (text += len + 1; *text && *text != ' '; text++) {
            snprintf(names[names_n], sizeof names[0], "Imported %u", ++serial);
            entry->persons[entry->persons_n++] = (cv_person_t){
                .name = cv_str(names[names_n++]),
                .capacity = *text == 'h'   ? CV_CAPACITY_HEAD
                            : *text == 'm' ? CV_CAPACITY_MEDIA
                                           : CV_CAPACITY_DELEGATE,
                .attendance = *text == 'o' ? CV_ATTENDANCE_ONLINE : CV_ATTENDANCE_ABSENT,
            };
        }
        text += *text == ' ';
    }
    return &request;
}

static const cv_outcome_v1_t *import(driver_t *driver, const char *text, cv_import_mode_t mode, bool dry)
{
    return driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_IMPORT_V1, import_of(text, mode, dry));
}

static driver_t *forum(int64_t capacity, cv_waiting_rule_t waiting)
{
    driver_t *driver = driver_forum_with(capacity, waiting);
    for (int i = 3; i < PARTIES; i++)
        driver_party(driver, PARTY[i], KIND[i]);
    return driver;
}

static void expect_part(const cv_outcome_v1_t *outcome, size_t i, cv_outcome_class_t cls, const char *code)
{
    assert_true(i < outcome->parts_n);
    if (outcome->parts[i].cls != cls || !cv_str_is(outcome->parts[i].code, code))
        fail_msg("part %zu: %s %.*s: %.*s", i, cv_outcome_class_text(outcome->parts[i].cls),
                 CV_STR_ARG(outcome->parts[i].code), CV_STR_ARG(outcome->parts[i].text));
}

/* ---- what it answers --------------------------------------------------------------------------------------------- */

static void all_are_registered(void **state)
{
    (void)state;
    driver_t *driver = forum(10, CV_WAITING_RULE_STRICT);
    size_t records = driver->records_n;
    const cv_outcome_v1_t *outcome = import(driver, "KZ:hd AZ:hdo UNX:m", CV_IMPORT_MODE_ALL_OR_NONE, false);
    EXPECT_OK(outcome, "imported");
    assert_int_equal(outcome->parts_n, 3);
    assert_false(outcome->has_dry_run);
    for (size_t i = 0; i < 3; i++) {
        expect_part(outcome, i, CV_OUTCOME_CLASS_OK, "registered");
        assert_true(outcome->parts[i].has_sequence);
    }
    assert_int_equal(driver->records_n, records + 3);
    for (size_t i = 0; i < 3; i++) {
        const cv_registration_decided_v1_t *decided =
            &driver_record(driver, records + i, CV_MSG_REGISTRATION_DECIDED_V1)->registration_decided_v1;
        assert_true(decided->has_part);
        assert_int_equal(decided->part, i);
        assert_int_equal(decided->kind, CV_DECISION_KIND_REGISTER);
    }
    assert_int_equal(driver_delegation(driver, "E1/AZ").confirmed, 2);
    assert_int_equal(driver_delegation(driver, "E1/AZ").online, 1);
    driver_crash(driver);
    assert_int_equal(driver_delegation(driver, "E1/KZ").confirmed, 2);
    driver_free(&driver);
}

static void one_refused_and_none_is_made(void **state)
{
    (void)state;
    driver_t *driver = forum(10, CV_WAITING_RULE_STRICT);
    EXPECT_OK(driver_register(driver, "E1", "AZ", "hd", 0), "registered");
    char *before = dump(driver, true);
    size_t records = driver->records_n;
    const cv_outcome_v1_t *outcome = import(driver, "KZ:hd AZ:dh UNX:m", CV_IMPORT_MODE_ALL_OR_NONE, false);
    EXPECT_NO(outcome, "import_refused");
    assert_true(cv_str_is(outcome->field, "data.registrations[1].persons[1]"));
    expect_part(outcome, 0, CV_OUTCOME_CLASS_OK, "registered");
    expect_part(outcome, 1, CV_OUTCOME_CLASS_OK, "partly_registered"); /* the other head is one too many */
    expect_part(outcome, 2, CV_OUTCOME_CLASS_OK, "registered");
    assert_false(outcome->parts[0].has_sequence);
    assert_int_equal(driver->records_n, records);
    char *after = dump(driver, true);
    assert_string_equal(before, after);
    free(before);
    free(after);
    /* It is a decision: the same octets again, also after a crash. */
    char first[16384];
    size_t len = driver->outcome.len;
    assert_true(len <= sizeof first);
    memcpy(first, driver->outcome.ptr, len);
    driver_crash(driver);
    char hex[CV_UUID_TEXT + 1];
    snprintf(hex, sizeof hex, "00000000-0000-7000-8000-%012u", driver->requests);
    outcome = &driver_row(driver, "request", hex, CV_MSG_OUTCOME_V1)->outcome_v1;
    EXPECT_NO(outcome, "import_refused");
    assert_int_equal(driver->answer.len, len);
    assert_memory_equal(driver->answer.ptr, first, len);
    driver_free(&driver);
}

static void each_stands_for_itself(void **state)
{
    (void)state;
    driver_t *driver = forum(3, CV_WAITING_RULE_NONE);
    const cv_outcome_v1_t *outcome = import(driver, "KZ:hh AZ:hd UNX:dm", CV_IMPORT_MODE_EACH, false);
    EXPECT_OK(outcome, "partly_imported");
    expect_part(outcome, 0, CV_OUTCOME_CLASS_OK, "partly_registered"); /* one head */
    expect_part(outcome, 1, CV_OUTCOME_CLASS_OK, "registered");
    expect_part(outcome, 2, CV_OUTCOME_CLASS_REJECTED, "full");
    assert_true(outcome->parts[2].has_sequence); /* a refusal is on record */
    EXPECT_NO(import(driver, "KZ:d", CV_IMPORT_MODE_EACH, false), "import_refused");
    driver_free(&driver);
}

static void a_dry_run_changes_nothing_and_is_no_decision(void **state)
{
    (void)state;
    driver_t *driver = forum(3, CV_WAITING_RULE_STRICT);
    EXPECT_OK(driver_register(driver, "E1", "TR", "d", 0), "registered");
    char *before = dump(driver, false);
    size_t records = driver->records_n;
    uint64_t private = driver->private_head;
    const cv_outcome_v1_t *outcome = import(driver, "KZ:hd AZ:hd", CV_IMPORT_MODE_ALL_OR_NONE, true);
    EXPECT_OK(outcome, "imported");
    assert_true(outcome->has_dry_run && outcome->dry_run && !outcome->has_sequence);
    expect_part(outcome, 0, CV_OUTCOME_CLASS_OK, "registered");
    expect_part(outcome, 1, CV_OUTCOME_CLASS_OK, "waiting"); /* the one before it counts */
    EXPECT_NO(import(driver, "KZ:h KZ:h", CV_IMPORT_MODE_ALL_OR_NONE, true), "import_refused");
    char *after = dump(driver, false);
    assert_string_equal(before, after);
    free(before);
    free(after);
    assert_int_equal(driver->records_n, records);
    assert_int_equal(driver->private_head, private);
    assert_int_equal(driver_query_refused(driver, "delegation", "E1/KZ"), CV_REFUSED_CODE_NOTFOUND);
    /* The same id in earnest. */
    outcome = driver_send_as(driver, driver->requests, CV_MSG_REGISTRATION_IMPORT_V1,
                             import_of("KZ:hd AZ:hd", CV_IMPORT_MODE_ALL_OR_NONE, false));
    EXPECT_OK(outcome, "imported");
    expect_part(outcome, 1, CV_OUTCOME_CLASS_OK, "waiting");
    driver_free(&driver);
}

static void what_is_not_known_yet_is_no_decision(void **state)
{
    (void)state;
    driver_t *driver = forum(3, CV_WAITING_RULE_STRICT);
    char *before = dump(driver, false);
    expect(import(driver, "KZ:hd XX:d", CV_IMPORT_MODE_EACH, false), CV_OUTCOME_CLASS_NOTFOUND, "party_unknown");
    char *after = dump(driver, false);
    assert_string_equal(before, after);
    free(before);
    free(after);
    driver_party(driver, "XX", CV_PARTY_KIND_MEMBER);
    const cv_outcome_v1_t *outcome = driver_send_as(driver, driver->requests, CV_MSG_REGISTRATION_IMPORT_V1,
                                                    import_of("KZ:hd XX:d", CV_IMPORT_MODE_EACH, false));
    EXPECT_OK(outcome, "imported");
    cv_registration_import_v1_t other = *import_of("KZ:d", CV_IMPORT_MODE_EACH, false);
    other.event = CV_STR("E9");
    expect(driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_IMPORT_V1, &other), CV_OUTCOME_CLASS_NOTFOUND,
           "event_unknown");
    driver_free(&driver);
}

static void a_focal_point_imports_its_own(void **state)
{
    (void)state;
    driver_t *driver = forum(9, CV_WAITING_RULE_STRICT);
    driver->principal = (cv_principal_t){.name = "desk", .role = CV_ROLE_FOCAL_POINT, .party = "KZ"};
    expect(import(driver, "KZ:h", CV_IMPORT_MODE_EACH, false), CV_OUTCOME_CLASS_DENIED, "party");
    cv_registration_import_v1_t own = *import_of("KZ:h KZ:d", CV_IMPORT_MODE_ALL_OR_NONE, false);
    own.party = CV_STR("KZ");
    EXPECT_OK(driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_IMPORT_V1, &own), "imported");
    own = *import_of("KZ:d AZ:h", CV_IMPORT_MODE_ALL_OR_NONE, false);
    own.party = CV_STR("KZ");
    const cv_outcome_v1_t *outcome = driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_IMPORT_V1, &own);
    expect(outcome, CV_OUTCOME_CLASS_INVALID, "bad_field");
    assert_true(cv_str_is(outcome->field, "data.registrations[1].party"));
    driver_free(&driver);
}

/* ---- twins ------------------------------------------------------------------------------------------------------- */

static uint64_t s_random;

static unsigned below(unsigned n)
{
    s_random ^= s_random << 13;
    s_random ^= s_random >> 7;
    s_random ^= s_random << 17;
    return (unsigned)(s_random >> 33) % n;
}

typedef struct {
    uint16_t type;
    unsigned number;
    cv_buf_t bytes;
} sent_t;

static void pack(driver_t *driver, sent_t *sent, uint16_t type, unsigned number, const void *data)
{
    char id[CV_UUID_TEXT + 1];
    snprintf(id, sizeof id, "00000000-0000-7000-8000-%012u", number);
    cv_msg_t head = {.id = cv_str(id),
                     .source = CV_STR("/test"),
                     .inbox = CV_STR("test-inbox"),
                     .time_ms = driver->now_ms,
                     .info = cv_msg_info_at(type)};
    cv_buf_init(&sent->bytes, CV_MAX_FRAME);
    assert_int_equal(cv_msg_write(&sent->bytes, &head, data), CV_OK);
}

/* A choice of two, each with a few places. */
static const cv_form_answer_t workshops[2] = {{.question = {"workshop", 8}, .value = {"w1", 2}},
                                              {.question = {"workshop", 8}, .value = {"w2", 2}}};

static void ask_workshop(driver_t *driver, unsigned places)
{
    static cv_scheduling_form_v1_t form;
    form = (cv_scheduling_form_v1_t){.version = 1, .form = {.event = CV_STR("E1"), .questions_n = 1}};
    cv_form_question_t *q = &form.form.questions[0];
    *q = (cv_form_question_t){
        .id = workshops[0].question, .label = CV_STR("Workshop"), .type = CV_QUESTION_TYPE_CHOICE, .choices_n = 2};
    for (unsigned i = 0; i < 2; i++)
        q->choices[i] = (cv_form_choice_t){
            .id = workshops[i].value, .label = CV_STR("Choice"), .has_limit = true, .limit = places + i};
    driver_feed(driver, CV_MSG_SCHEDULING_FORM_V1, &form);
}

static void random_persons(cv_person_t *persons, size_t *persons_n)
{
    unsigned n = 1 + below(3);
    *persons_n = 0;
    for (unsigned i = 0; i < n; i++)
        persons[(*persons_n)++] = (cv_person_t){
            .name = cv_str(name_of(below(NAMES))),
            .capacity = below(4) == 0   ? CV_CAPACITY_HEAD
                        : below(4) == 0 ? CV_CAPACITY_MEDIA
                                        : CV_CAPACITY_DELEGATE,
            .attendance = below(6) == 0 ? CV_ATTENDANCE_ONLINE : CV_ATTENDANCE_ABSENT,
            .answers = {.n = below(2), .list = &workshops[below(2)]},
        };
}

/* What is taken back: a dry run, or all or none with one that cannot be had at the end. */
static void random_trial(driver_t *driver, sent_t *sent, unsigned number)
{
    static cv_registration_import_v1_t request;
    bool dry = below(2);
    request = (cv_registration_import_v1_t){.event = CV_STR("E1"),
                                            .mode = dry && below(2) ? CV_IMPORT_MODE_EACH : CV_IMPORT_MODE_ALL_OR_NONE,
                                            .has_dry_run = dry,
                                            .dry_run = dry};
    unsigned n = 1 + below(8);
    for (unsigned i = 0; i < n; i++) {
        cv_import_entry_t *entry = &request.registrations[request.registrations_n++];
        *entry = (cv_import_entry_t){.party = cv_str(PARTY[below(PARTIES)]), .group = (cv_group_rule_t)below(3)};
        random_persons(entry->persons, &entry->persons_n);
        if (below(4) == 0) {
            entry->has_contact = true;
            entry->contact = (cv_contact_t){.name = CV_STR("Desk"), .email = CV_STR("desk@example.org")};
        }
    }
    if (!dry) {
        cv_import_entry_t *bad = &request.registrations[request.registrations_n++];
        *bad = (cv_import_entry_t){.party = cv_str(PARTY[0]), .group = CV_GROUP_RULE_ALL_OR_NONE, .persons_n = 2};
        bad->persons[0] = bad->persons[1] = (cv_person_t){.name = CV_STR("Twice"), .capacity = CV_CAPACITY_DELEGATE};
    }
    pack(driver, sent, CV_MSG_REGISTRATION_IMPORT_V1, number, &request);
}

static void random_request(driver_t *driver, sent_t *sent, unsigned number)
{
    static cv_registration_register_v1_t request;
    if (below(4) == 0) {
        cv_registration_withdraw_v1_t withdraw = {.event = CV_STR("E1"), .party = cv_str(PARTY[below(PARTIES)])};
        withdraw.persons_n = below(3) > 0;
        withdraw.persons[0] = 1 + (int64_t)below(8);
        pack(driver, sent, CV_MSG_REGISTRATION_WITHDRAW_V1, number, &withdraw);
        return;
    }
    request = (cv_registration_register_v1_t){
        .event = CV_STR("E1"), .party = cv_str(PARTY[below(PARTIES)]), .group = (cv_group_rule_t)below(3)};
    random_persons(request.persons, &request.persons_n);
    pack(driver, sent, CV_MSG_REGISTRATION_REGISTER_V1, number, &request);
}

static void give(driver_t *driver, const sent_t *sent)
{
    assert_int_equal(cv_engine_request(driver->engine, &driver->principal, cv_buf_str(&sent->bytes)), CV_OK);
}

static driver_t *twin(uint64_t seed)
{
    s_random = seed;
    driver_t *driver = driver_forum();
    for (int i = 3; i < PARTIES; i++)
        driver_party(driver, PARTY[i], KIND[i]);
    cv_registration_rules_t *rules =
        driver_rules(driver, "E1", 4 + below(12), (cv_waiting_rule_t)(1 + below(CV_WAITING_RULE_MAX)));
    rules->guaranteed = below(3);
    rules->maximum = 3 + below(5);
    rules->group = (cv_group_rule_t)(1 + below(2));
    rules->limits_n = below(2);
    rules->limits[0] = (cv_limit_t){.capacity = CV_CAPACITY_MEDIA, .maximum = 2};
    driver_event(driver);
    ask_workshop(driver, 1 + below(4));
    return driver;
}

static void assert_same_records(driver_t *a, driver_t *b)
{
    assert_int_equal(a->records_n, b->records_n);
    assert_int_equal(a->private_head, b->private_head);
    for (size_t i = 0; i < a->records_n; i++) {
        assert_int_equal(a->records[i].len, b->records[i].len);
        assert_memory_equal(a->records[i].ptr, b->records[i].ptr, a->records[i].len);
    }
}

static void live(uint64_t seed)
{
    driver_t *plain = twin(seed), *tried = twin(seed);
    for (unsigned step = 1; step <= STEPS; step++) {
        sent_t one, trial, two;
        random_request(plain, &one, 2 * step);
        random_request(plain, &two, 2 * step + 1);
        random_trial(plain, &trial, 100000 + step);
        bool together = below(3) == 0;
        give(plain, &one);
        give(plain, &two);
        driver_turn(plain);
        if (!together)
            give(tried, &trial);
        if (!together)
            driver_turn(tried);
        give(tried, &one);
        if (together)
            give(tried, &trial); /* between two others of one transaction */
        give(tried, &two);
        driver_turn(tried);
        cv_buf_done(&one.bytes);
        cv_buf_done(&two.bytes);
        cv_buf_done(&trial.bytes);
        if (step % 16 == 0) {
            assert_same_state(plain, tried);
            driver_crash(tried); /* reads the book anew, and checks it */
        }
    }
    assert_same_records(plain, tried);
    assert_same_state(plain, tried);
    assert_int_equal(cv_engine_undone(tried->engine), 0);
    driver_crash(tried);
    driver_free(&plain);
    driver_free(&tried);
}

static void twins_stay_the_same(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        live(seed * UINT64_C(0x9e3779b97f4a7c15));
}

/* An import in earnest is what its registrations are one after the other. */
static void an_import_is_its_registrations(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        driver_t *together = twin(seed * 977), *alone = twin(seed * 977);
        for (unsigned step = 1; step <= 6; step++) {
            static cv_registration_import_v1_t import;
            cv_outcome_class_t classes[8];
            import = (cv_registration_import_v1_t){.event = CV_STR("E1"), .mode = CV_IMPORT_MODE_EACH};
            for (unsigned i = 0; i < 8; i++) {
                cv_registration_register_v1_t one = {
                    .event = CV_STR("E1"), .party = cv_str(PARTY[below(PARTIES)]), .group = (cv_group_rule_t)below(3)};
                random_persons(one.persons, &one.persons_n);
                cv_import_entry_t *entry = &import.registrations[import.registrations_n++];
                *entry = (cv_import_entry_t){.party = one.party, .group = one.group, .persons_n = one.persons_n};
                memcpy(entry->persons, one.persons, sizeof one.persons);
                classes[i] = driver_send_as(alone, ++alone->requests, CV_MSG_REGISTRATION_REGISTER_V1, &one)->cls;
            }
            const cv_outcome_v1_t *outcome =
                driver_send_as(together, ++together->requests, CV_MSG_REGISTRATION_IMPORT_V1, &import);
            assert_int_equal(outcome->parts_n, 8);
            for (unsigned i = 0; i < 8; i++)
                assert_int_equal(outcome->parts[i].cls, classes[i]);
        }
        assert_same_state(together, alone);
        driver_free(&together);
        driver_free(&alone);
    }
}

/* Delegations come and go while their index grows: each that is there is found, none that is gone. */
static void the_newest_can_be_taken_out(void **state)
{
    (void)state;
    enum { MANY = 1500 };
    reg_book_t book = {.next_event = 1, .next_party = 1, .next_person = 1};
    reg_event_t *event;
    reg_party_t *parties[MANY];
    size_t n = 0;
    s_random = 4711;
    assert_int_equal(reg_book_add_event(&book, 1, CV_STR("E1"), &event), CV_OK);
    for (int i = 0; i < MANY; i++) {
        char code[8];
        snprintf(code, sizeof code, "P%04d", i);
        assert_int_equal(reg_book_add_party(&book, i + 1, cv_str(code), &parties[i]), CV_OK);
    }
    for (int round = 0; round < 200; round++) {
        unsigned come = below(40), go;
        reg_delegation_t *d;
        for (unsigned i = 0; i < come && n < MANY; i++)
            assert_int_equal(reg_book_add_delegation(&book, event, parties[n++], &d), CV_OK);
        go = below(30);
        for (unsigned i = 0; i < go && n > 0; i++, n--)
            reg_book_drop_newest(&book, event);
        for (size_t i = 0; i < MANY; i++) {
            const reg_delegation_t *found = reg_book_delegation(&book, event, parties[i]);
            assert_true(i < n ? found && found->party == parties[i] : !found);
        }
        assert_int_equal(book.delegations_n, n);
    }
    assert_true(n > 500);
    reg_book_clear(&book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_are_registered),
        cmocka_unit_test(one_refused_and_none_is_made),
        cmocka_unit_test(each_stands_for_itself),
        cmocka_unit_test(a_dry_run_changes_nothing_and_is_no_decision),
        cmocka_unit_test(what_is_not_known_yet_is_no_decision),
        cmocka_unit_test(a_focal_point_imports_its_own),
        cmocka_unit_test(the_newest_can_be_taken_out),
        cmocka_unit_test(twins_stay_the_same),
        cmocka_unit_test(an_import_is_its_registrations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
