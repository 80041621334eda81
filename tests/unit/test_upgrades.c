/* test_upgrades: the tables of every service, from every version they have had, and with the power lost in between.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A step is one transaction: after a kill at any access it is there or it is not, and the next start does the rest. So: tables
 * made step by step are to the letter those that a new database gets; rows that were there before a step are there after
 * it; and there is no access at which the power can go and leave a database that does not open, or has lost a row. What a
 * step needs code for, and what it makes of the content of rows, is tested with the service (unit/registration_vault,
 * unit/scheduling_year and others). Each step is tried from each before it, so the time grows with their number.
 * ctest-timeout: 300
 */
#include "crash_vfs.h"
#include "dashboard/dashboard.h"
#include "db_fixture.h"
#include "notifications/notifications.h"
#include "registration/registration.h"
#include "scheduling/handlers.h"
#include "store/tables.h"

enum { TABLES_MAX = 128, NAME_ROOM = 64, ACCESSES_MAX = 2000 };

typedef struct {
    char name[NAME_ROOM];
    int64_t rows;
    char *columns, *lines; /* what makes a line of a row, and the lines; only where a step may add some; owned */
} table_t;

typedef struct {
    const cv_service_def_t *def;
    crash_disk_t *disk;
    cv_db_t *db;
    char error[512];
} world_t;

/* Opens what is there, or a new one, as a program that knows so many steps does. */
static int s_open(world_t *world, size_t steps_n)
{
    const cv_db_options_t options = {.path = crash_disk_path(world->disk, "a.db"),
                                     .vfs = CRASH_VFS,
                                     .application_id = world->def->application_id,
                                     .migrations = world->def->migrations,
                                     .migrations_n = steps_n,
                                     .cache_kib = 512};
    int rc = cv_db_open(&options, &world->db, world->error, sizeof world->error);
    if (rc)
        return rc;
    rc = cv_tables_migrate(world->db, world->error, sizeof world->error);
    if (rc)
        cv_db_abandon(&world->db);
    return rc;
}

static void s_must_open(world_t *world, size_t steps_n)
{
    if (s_open(world, steps_n))
        fail_msg("%s with %zu steps: %s", world->def->name, steps_n, world->error);
}

static char *s_text(cv_db_t *db, const char *sql)
{
    cv_stmt_t *stmt;
    assert_int_equal(cv_db_prepare(db, sql, &stmt), CV_OK);
    assert_int_equal(cv_stmt_step(stmt), 1);
    cv_str_t text = cv_stmt_get_text(stmt, 0);
    char *copy = strndup(text.ptr, text.len);
    cv_stmt_reset(stmt);
    assert_non_null(copy);
    return copy;
}

static char *s_schema(cv_db_t *db)
{
    return s_text(db, "SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_schema ORDER BY type, name)");
}

/* ---- rows --------------------------------------------------------------------------------- */

static size_t s_tables(cv_db_t *db, table_t tables[TABLES_MAX])
{
    static const char sql[] = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
                              " AND name NOT IN ('meta', 'component') ORDER BY name";
    cv_stmt_t *stmt;
    size_t n = 0;
    assert_int_equal(cv_db_prepare(db, sql, &stmt), CV_OK);
    while (cv_stmt_step(stmt) == 1) {
        cv_str_t name = cv_stmt_get_text(stmt, 0);
        assert_true(n < TABLES_MAX && name.len < NAME_ROOM);
        snprintf(tables[n++].name, NAME_ROOM, "%.*s", (int)name.len, (const char *)name.ptr);
    }
    for (size_t i = 0; i < n; i++) {
        char counting[128];
        snprintf(counting, sizeof counting, "SELECT count(*) FROM \"%s\"", tables[i].name);
        tables[i].rows = count(db, counting);
    }
    return n;
}

static bool s_insert(cv_db_t *db, const char *table, const char *number, const char *text, const char *blob)
{
    char sql[512];
    snprintf(sql, sizeof sql,
             "SELECT 'INSERT INTO \"%s\" VALUES(' || group_concat(CASE type WHEN 'INTEGER' THEN '%s'"
             " WHEN 'TEXT' THEN quote('%s') ELSE '%s' END, ',') || ')' FROM pragma_table_info('%s')",
             table, number, text, blob, table);
    char *insert = s_text(db, sql);
    bool is_in = cv_db_exec(db, insert) == CV_OK;
    free(insert);
    return is_in;
}

/* A row in each table that takes one of these in all its columns of a type; for the others their CHECKs are to blame. */
static size_t s_fill(cv_db_t *db)
{
    static const char *const values[][3] = {{"1", "X", "zeroblob(16)"},
                                            {"1", "X", "zeroblob(8)"},
                                            {"1", "X", "zeroblob(32)"},
                                            {"0", "X", "zeroblob(16)"},
                                            {"1", "2026-05-11", "zeroblob(16)"}};
    static table_t tables[TABLES_MAX];
    size_t tables_n = s_tables(db, tables), filled = 0;
    for (int round = 0; round < 2; round++) /* once more, for those that refer to a later one */
        for (size_t i = 0; i < tables_n; i++)
            for (size_t v = 0; v < sizeof values / sizeof *values && !tables[i].rows; v++) {
                tables[i].rows = s_insert(db, tables[i].name, values[v][0], values[v][1], values[v][2]);
                filled += (size_t)tables[i].rows;
            }
    return filled;
}

/* Whether a step puts rows of its own into a table that may have some: what a new version has by default. */
static bool s_step_adds(const cv_service_def_t *def, const char *table)
{
    char insert[NAME_ROOM + 16];
    int64_t steps = 0;
    snprintf(insert, sizeof insert, "INSERT INTO %s(", table);
    for (size_t i = 0; i < def->migrations_n; i++)
        steps += strstr(def->migrations[i], insert) != NULL;
    return steps > 1; /* the one that makes the table is the first */
}

/* Whether a step is there to empty a table that is made again from the streams. */
static bool s_step_empties(const cv_service_def_t *def, const char *table)
{
    char drop[NAME_ROOM + 16];
    bool empties = false;
    snprintf(drop, sizeof drop, "DELETE FROM %s", table);
    for (size_t i = 0; i < def->migrations_n; i++)
        empties = empties || strcmp(def->migrations[i], drop) == 0;
    return empties;
}

/* The rows of a table, a line each. */
static char *s_lines(cv_db_t *db, const char *table, const char *columns)
{
    char sql[1024];
    int len = snprintf(sql, sizeof sql,
                       "SELECT coalesce(group_concat(line, ''), '') FROM (SELECT char(10) || %s || char(10)"
                       " AS line FROM \"%s\")",
                       columns, table);
    assert_true(len > 0 && (size_t)len < sizeof sql);
    return s_text(db, sql);
}

/* What is in the tables that a step may add to. */
static void s_note_lines(world_t *world, table_t *tables, size_t n)
{
    char sql[256];
    for (size_t i = 0; i < n; i++) {
        tables[i].columns = tables[i].lines = NULL;
        if (!s_step_adds(world->def, tables[i].name))
            continue;
        snprintf(sql, sizeof sql,
                 "SELECT group_concat('quote(\"' || name || '\")', ' || '','' || ') FROM pragma_table_info('%s')",
                 tables[i].name);
        tables[i].columns = s_text(world->db, sql);
        tables[i].lines = s_lines(world->db, tables[i].name, tables[i].columns);
    }
}

static void s_forget_lines(table_t *tables, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(tables[i].columns);
        free(tables[i].lines);
    }
}

/* Whatever was added: each row that was there is there, as it was. */
static void s_expect_lines(world_t *world, const table_t *before)
{
    char *after = s_lines(world->db, before->name, before->columns);
    for (const char *at = before->lines; *at;) {
        size_t len = (size_t)(strchr(at + 1, '\n') + 1 - at);
        char *line = strndup(at, len);
        if (!strstr(after, line))
            fail_msg("%s: table %s has lost, or changed:%sit has:%s", world->def->name, before->name, line, after);
        free(line);
        at += len;
    }
    free(after);
}

static void s_expect_rows(world_t *world, const table_t *before, size_t before_n)
{
    static table_t after[TABLES_MAX];
    size_t after_n = s_tables(world->db, after);
    for (size_t i = 0; i < before_n; i++) {
        size_t j = 0;
        while (j < after_n && strcmp(after[j].name, before[i].name) != 0)
            j++;
        bool has_more = j < after_n && after[j].rows > before[i].rows && s_step_adds(world->def, before[i].name);
        if (j < after_n && s_step_empties(world->def, before[i].name)) {
            assert_int_equal(after[j].rows, 0);
            continue;
        }
        if (!has_more && (j == after_n || after[j].rows != before[i].rows))
            fail_msg("%s: table %s had %lld rows before, and has %lld", world->def->name, before[i].name,
                     (long long)before[i].rows, j == after_n ? -1LL : (long long)after[j].rows);
        if (before[i].lines)
            s_expect_lines(world, &before[i]);
    }
}

/* ---- steps -------------------------------------------------------------------------------- */

/* The power goes at each access of this step in turn, and what was not synced is lost, kept or torn. */
static unsigned s_kill_in_step(world_t *world, const crash_disk_t *base, size_t step, const char *schema,
                               const table_t *rows, size_t rows_n)
{
    for (unsigned n = 1; n < ACCESSES_MAX; n++) {
        crash_disk_put_back(world->disk, base);
        crash_disk_fail(world->disk, CRASH_ANY, n, CRASH_POWER, true);
        int rc = s_open(world, step + 1);
        bool failed = crash_disk_has_failed(world->disk);
        if (!rc)
            cv_db_abandon(&world->db);
        crash_disk_off(world->disk);
        crash_disk_on(world->disk, (crash_kind_t)(n % 3));
        if (s_open(world, world->def->migrations_n))
            fail_msg("%s: the power went at access %u of step %zu: %s", world->def->name, n, step + 1, world->error);
        char *now = s_schema(world->db);
        assert_string_equal(now, schema);
        free(now);
        s_expect_rows(world, rows, rows_n);
        cv_db_close(&world->db);
        if (!failed)
            return n;
    }
    fail_msg("the step never ends");
    return 0;
}

static void s_upgrade_from_each(const cv_service_def_t *def)
{
    world_t world = {.def = def, .disk = crash_disk_new(def->application_id)};
    static table_t rows[TABLES_MAX];
    unsigned kills = 0;
    s_must_open(&world, def->migrations_n);
    char *schema = s_schema(world.db);
    cv_db_close(&world.db);
    crash_disk_destroy(&world.disk);
    for (size_t version = 0; version < def->migrations_n; version++) {
        world.disk = crash_disk_new(version + 1);
        s_must_open(&world, version);
        size_t filled = s_fill(world.db), rows_n = s_tables(world.db, rows);
        s_note_lines(&world, rows, rows_n);
        cv_db_close(&world.db);
        print_message("%s, version %zu of %zu: rows in %zu of %zu tables\n", def->name, version, def->migrations_n,
                      filled, rows_n);
        assert_true(filled * 2 >= rows_n);
        crash_disk_t *base = crash_disk_copy(world.disk);
        kills += s_kill_in_step(&world, base, version, schema, rows, rows_n);
        crash_disk_destroy(&base);
        crash_disk_destroy(&world.disk);
        s_forget_lines(rows, rows_n);
    }
    print_message("%s: the power lost at %u accesses\n", def->name, kills);
    free(schema);
}

static void test_registration(void **state)
{
    (void)state;
    s_upgrade_from_each(&reg_service);
}

static void test_scheduling(void **state)
{
    (void)state;
    s_upgrade_from_each(&sch_definition);
}

static void test_notifications(void **state)
{
    (void)state;
    s_upgrade_from_each(&ntf_service);
}

static void test_dashboard(void **state)
{
    (void)state;
    s_upgrade_from_each(&dash_service);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registration),
        cmocka_unit_test(test_scheduling),
        cmocka_unit_test(test_notifications),
        cmocka_unit_test(test_dashboard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
