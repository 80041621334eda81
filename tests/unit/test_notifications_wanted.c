/* test_notifications_wanted: the language that a recipient or a contact wants: refused where nobody has it, replaced by the
 * nearest with a line in the log, kept as it was asked for, and read from databases in which it was a number.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/content/languages.h"
#include "store/tables.h"

#include "notifications_forum.h"

static char s_log[8192];

static void keep_line(void *arg, const char *line, size_t len)
{
    (void)arg;
    size_t at = strlen(s_log);
    if (at + len + 2 < sizeof s_log)
        snprintf(s_log + at, sizeof s_log - at, "%.*s\n", (int)len, line);
}

static int times_logged(const char *part)
{
    int n = 0;
    for (const char *at = s_log; (at = strstr(at, part)); at++)
        n++;
    return n;
}

static const char *put(drv_t *drv, const char *language)
{
    static int number;
    static char code[64];
    char id[64];
    snprintf(id, sizeof id, "0190163d-8694-739b-aea6-%012d", ++number);
    cv_recipient_t recipient = {.party = CV_STR(KZ),
                                .order = 1,
                                .name = CV_STR("Mission"),
                                .email = CV_STR("mission@kz.example"),
                                .language = cv_str(language)};
    cv_str_t said = drv_decide(drv, id, CV_MSG_NOTIFICATIONS_RECIPIENT_PUT_V1, &recipient);
    assert_int_equal(cv_str_copy(said, code, sizeof code), CV_OK);
    return code;
}

static bool is_stored(drv_t *drv, const char *table, const char *language)
{
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s WHERE language IS %s%s%s", table, language ? "'" : "",
             language ? language : "NULL", language ? "'" : "");
    return drv_number(drv, sql) > 0;
}

static void tell(drv_t *drv, const char *party, const char *language)
{
    cv_registration_contact_v1_t contact = {
        .event = CV_STR("FORUM"),
        .party = cv_str(party),
        .has_contact = true,
        .contact = {.name = CV_STR("Desk"), .email = CV_STR("d@x.example"), .language = cv_str(language)}};
    uint64_t seq = drv_record(drv, DRV_PRIVATE, CV_MSG_REGISTRATION_CONTACT_V1, &contact);
    tell_decided(drv, party, CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_REGISTERED, seq);
    drv_run(drv, 1000, true);
}

static void drop(drv_t *drv, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", drv->root, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void a_recipient_is_refused(void **state)
{
    drv_t *drv = *state;
    assert_string_equal(put(drv, "de"), "unknown_language");
    cv_msg_t msg;
    static cv_any_t outcome;
    assert_int_equal(cv_msg_read(drv->reader, cv_buf_str(&drv->outcome), &msg, NULL), CV_OK);
    assert_int_equal(msg.info->decode(msg.data, &outcome, NULL), CV_OK);
    assert_int_equal(outcome.outcome_v1.cls, CV_OUTCOME_CLASS_NOTFOUND);
    assert_true(cv_str_is(outcome.outcome_v1.field, "data.language"));
    assert_true(cv_str_is(outcome.outcome_v1.text, "there are no words of notices in de; there are: en, ru"));
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_recipient"), 0);
    assert_string_equal(put(drv, "uz-Cyrl"), "unknown_language");
    /* Nearly is enough, and kept as it was said; none is English. */
    assert_string_equal(put(drv, "ru-KZ"), "recipient_set");
    assert_true(is_stored(drv, "ntf_recipient", "ru-KZ"));
    assert_string_equal(put(drv, NULL), "recipient_set");
    assert_true(is_stored(drv, "ntf_recipient", NULL));
    drop(drv, "de.po", "");
    char error[512];
    assert_int_equal(ntf_languages_read(drv->root, error, sizeof error), CV_OK);
    assert_string_equal(put(drv, "de-AT"), "recipient_set");
}

static void a_contact_gets_the_nearest(void **state)
{
    drv_t *drv = *state;
    char error[512];
    cv_log_redirect(keep_line, NULL);
    s_log[0] = '\0';
    tell_catalogue(drv);
    tell(drv, KZ, "kk-KZ");
    tell(drv, "UZ", "kk-KZ");
    tell(drv, "KG", "ru-KG");
    tell(drv, "TJ", "ru");
    assert_written(drv, EVENTS_ID "1.KZ", "Content-Language: en\r\n");
    assert_written(drv, EVENTS_ID "3.KG", "Content-Language: ru\r\n");
    assert_true(is_stored(drv, "ntf_contact", "kk-KZ") && is_stored(drv, "ntf_contact", "ru-KG"));
    /* Once for a language, not for each notice; not where it is the one that was wanted. */
    assert_int_equal(times_logged("language_replaced"), 2);
    assert_int_equal(times_logged("kk-KZ"), 1);
    assert_int_equal(times_logged("ru-KG"), 1);
    /* A catalogue that is there at the next start is used for who has wanted it all the time. */
    drop(drv, "kk.po", "msgid \"Event\"\nmsgstr \"Іс-шара\"\n");
    assert_int_equal(ntf_languages_read(drv->root, error, sizeof error), CV_OK);
    drv_restart(drv);
    tell_decided(drv, KZ, CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_REGISTERED, 0);
    drv_run(drv, 1000, true);
    assert_written(drv, EVENTS_ID "5.KZ", "Content-Language: kk\r\n");
    assert_written(drv, EVENTS_ID "5.KZ", "Іс-шара: Business Forum");
}

/* ---- from numbers to tags ---------------------------------------------------------------- */

static size_t steps_before(const char *step)
{
    for (size_t i = 0; i < ntf_service.migrations_n; i++) {
        if (ntf_service.migrations[i] == step)
            return i;
    }
    fail_msg("there is no such step");
    return 0;
}

static void numbers_become_tags(void **state)
{
    drv_t *drv = *state;
    char path[256], error[512];
    snprintf(path, sizeof path, "%s/old.db", drv->root);
    cv_db_options_t options = {.path = path,
                               .application_id = ntf_service.application_id,
                               .migrations = ntf_service.migrations,
                               .migrations_n = steps_before(ntf_tables_language)};
    cv_db_t *db;
    assert_int_equal(cv_db_open(&options, &db, error, sizeof error), CV_OK);
    assert_int_equal(cv_tables_migrate(db, error, sizeof error), CV_OK);
    assert_int_equal(cv_db_exec(db, "INSERT INTO ntf_recipient(party, ord, name, email, language) VALUES"
                                    "('AZ', 1, 'A', 'a@az.example', 1), ('AZ', 2, 'B', 'b@az.example', 2),"
                                    "('AZ', 3, 'C', 'c@az.example', 0);"
                                    "INSERT INTO ntf_contact(event, party, name, email, language) VALUES"
                                    "('E1', 'KZ', 'D', 'd@kz.example', 2), ('E2', 'KZ', 'D', 'd@kz.example', 0)"),
                     CV_OK);
    cv_db_close(&db);
    options.migrations_n = ntf_service.migrations_n;
    assert_int_equal(cv_db_open(&options, &db, error, sizeof error), CV_OK);
    if (cv_tables_migrate(db, error, sizeof error))
        fail_msg("%s", error);
    ntf_store_t *store;
    assert_int_equal(ntf_store_open(db, &store), CV_OK);
    cv_arena_t *arena = cv_arena_new(65536);
    cv_recipient_t recipients[4];
    size_t n = 0;
    assert_int_equal(ntf_store_recipients(store, CV_STR_NONE, CV_STR_NONE, 0, arena, 4, recipients, &n), CV_OK);
    assert_int_equal(n, 3);
    assert_true(cv_str_is(recipients[0].language, "en") && cv_str_is(recipients[0].name, "A"));
    assert_true(cv_str_is(recipients[1].language, "ru") && cv_str_is(recipients[1].email, "b@az.example"));
    assert_null(recipients[2].language.ptr);
    ntf_recipient_t whom;
    assert_int_equal(ntf_store_recipient_for(store, CV_STR("E1"), CV_STR("KZ"), -1, arena, &whom), CV_OK);
    assert_true(cv_str_is(whom.language, "ru") && cv_str_is(whom.email, "d@kz.example"));
    assert_int_equal(ntf_store_recipient_for(store, CV_STR("E2"), CV_STR("KZ"), -1, arena, &whom), CV_OK);
    assert_null(whom.language.ptr);
    cv_arena_destroy(&arena);
    ntf_store_close(&store);
    cv_db_close(&db);
}

static int fresh(void **state)
{
    *state = drv_new();
    return 0;
}

static int gone(void **state)
{
    drv_t *drv = *state;
    char error[8];
    assert_int_equal(ntf_languages_read(NULL, error, sizeof error), CV_OK);
    drv_destroy(&drv);
    return 0;
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fresh, gone)
    const struct CMUnitTest tests[] = {T(a_recipient_is_refused), T(a_contact_gets_the_nearest),
                                       T(numbers_become_tags)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
