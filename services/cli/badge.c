/* badge: badges opened, issued, revoked and printed; the keys that sign them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ask.h"
#include "badge_draw.h"

#include "convene/ids.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 512 * 1024 * 1024, KEY_TEXT = 128 };

/* ---- requests ------------------------------------------------------------------------------------------------ */

static bool put_instant(cli_t *cli, json_t *data, const char *flag, const char *field, bool needed, int *ret_status)
{
    const char *text = cli_flag(cli, flag, NULL);
    int64_t ms;
    if (!text && !needed)
        return true;
    if (text && cv_time_parse(cv_str(text), &ms) == CV_OK) {
        json_object_set_new(data, field, json_integer(ms));
        return true;
    }
    *ret_status = cli_usage(cli, "--%s must say exactly when: 2026-03-06T13:00:00Z, or with an offset +05:00", flag);
    return false;
}

/* PARTY and numbers after it. */
static int put_persons(cli_t *cli, json_t *data)
{
    json_object_set_new(data, "event", json_string(cli->args[0]));
    if (cli->args_n > 1)
        json_object_set_new(data, "party", json_string(cli->args[1]));
    json_t *numbers = cli->args_n > 2 ? json_array() : NULL;
    for (int i = 2; i < cli->args_n; i++) {
        int64_t number;
        if (!cli_number(cli, "NUMBER", cli->args[i], 1, 10000, &number)) {
            json_decref(numbers);
            return CLI_USAGE;
        }
        json_array_append_new(numbers, json_integer(number));
    }
    if (numbers)
        json_object_set_new(data, "persons", numbers);
    return CLI_OK;
}

int cli_badge_open(cli_t *cli)
{
    json_t *data = json_pack("{s:s}", "event", cli->args[0]);
    int status = data ? CLI_OK : CLI_FAILED;
    if (data && put_instant(cli, data, "from", "from_ms", true, &status))
        (void)put_instant(cli, data, "until", "until_ms", true, &status);
    if (data && cli_has(cli, "self-service"))
        json_object_set_new(data, "self_service", json_true());
    return cli_ask(cli, status, "convene.registration.badge.open.v1", data);
}

int cli_badge_issue(cli_t *cli)
{
    json_t *data = json_object();
    return cli_ask(cli, put_persons(cli, data), "convene.registration.badge.issue.v1", data);
}

int cli_badge_revoke(cli_t *cli)
{
    json_t *data = json_object();
    int status = put_persons(cli, data);
    if (status == CLI_OK)
        status = cli_put_flag(cli, data, "reason", "reason");
    return cli_ask(cli, status, "convene.registration.badge.revoke.v1", data);
}

int cli_badge_key_rotate(cli_t *cli)
{
    json_t *data = json_object();
    int status = cli_put_flag(cli, data, "reason", "reason");
    if (status == CLI_OK)
        (void)put_instant(cli, data, "until", "until_ms", false, &status);
    return cli_ask(cli, status, "convene.registration.badge.key.rotate.v1", data);
}

int cli_badge_key_revoke(cli_t *cli)
{
    int64_t key;
    if (!cli_number(cli, "KEY", cli->args[0], 0, UINT32_MAX, &key))
        return CLI_USAGE;
    json_t *data = json_pack("{s:I}", "key", (json_int_t)key);
    return cli_ask(cli, cli_put_flag(cli, data, "reason", "reason"), "convene.registration.badge.key.revoke.v1", data);
}

/* ---- what there is ------------------------------------------------------------------------------------------- */

static void print_instant(cli_table_t *table, const json_t *row, const char *field)
{
    char text[CV_TIME_TEXT + 1] = "-";
    if (json_object_get(row, field))
        cv_time_text(cli_int_of(row, field), text);
    cli_table_cell(table, CLI_PLAIN, "%s", text);
}

static void print_key(cli_table_t *table, const json_t *key)
{
    bool is_current = json_is_true(json_object_get(key, "is_current"));
    cli_table_cell(table, CLI_BOLD, "%lld", (long long)cli_int_of(key, "key"));
    cli_table_cell(table, is_current ? CLI_GREEN : CLI_PLAIN, "%s",
                   is_current                           ? "signs"
                   : json_object_get(key, "revoked_ms") ? "revoked"
                                                        : "verifies");
    print_instant(table, key, "from_ms");
    print_instant(table, key, "until_ms");
    print_instant(table, key, "revoked_ms");
}

static void print_badge(cli_table_t *table, const json_t *badge)
{
    cli_table_cell(table, CLI_BOLD, "%lld", (long long)cli_int_of(badge, "badge"));
    cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(badge, "party"));
    cli_table_cell(table, CLI_PLAIN, "%lld", (long long)cli_int_of(badge, "number"));
    cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(badge, "state"));
    cli_table_cell(table, CLI_PLAIN, "%s", cli_or_dash(cli_text_of(badge, "cause")));
    print_instant(table, badge, "from_ms");
    print_instant(table, badge, "until_ms");
}

static void print_attendance(cli_table_t *table, const json_t *row)
{
    static const char *const fields[] = {"came",       "inside",    "entries",          "exits",  "repeated",
                                         "duplicates", "unmatched", "after_revocation", "refused"};
    cli_table_cell(table, CLI_BOLD, "%s", cli_text_of(row, "party"));
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        cli_table_cell(table, i > 4 && cli_int_of(row, fields[i]) ? CLI_YELLOW : CLI_PLAIN, "%lld",
                       (long long)cli_int_of(row, fields[i]));
}

static void print_scan(cli_table_t *table, const json_t *scan)
{
    const char *finding = cli_text_of(scan, "finding");
    bool is_usual = strcmp(finding, "entry") == 0 || strcmp(finding, "exit") == 0;
    print_instant(table, scan, "at_ms");
    cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(scan, "gate"));
    cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(scan, "direction"));
    cli_table_cell(table, CLI_BOLD, "%s/%lld", cli_or_dash(cli_text_of(scan, "party")),
                   (long long)cli_int_of(scan, "number"));
    cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(scan, "verdict"));
    cli_table_cell(table, is_usual ? CLI_PLAIN : CLI_YELLOW, "%s", finding);
    cli_table_cell(table, CLI_PLAIN, "%s", cli_or_dash(cli_text_of(scan, "other")));
}

static int by_time(const void *a_, const void *b_)
{
    const json_t *a = *(json_t *const *)a_, *b = *(json_t *const *)b_;
    int64_t left = cli_int_of(a, "at_ms"), right = cli_int_of(b, "at_ms");
    if (left != right)
        return left < right ? -1 : 1;
    int order = strcmp(cli_text_of(a, "gate"), cli_text_of(b, "gate"));
    return order ? order : cli_int_of(a, "sequence") < cli_int_of(b, "sequence") ? -1 : 1;
}

typedef struct {
    const char *what, *as, *schema;
    const char *columns[12];
    void (*print_row)(cli_table_t *table, const json_t *row);
    int (*order)(const void *a, const void *b);
} listing_t;

static int list(cli_t *cli, const listing_t *listing, const char *key)
{
    json_t *found = NULL;
    cli->as = listing->as;
    int status = cli_connect(cli);
    if (status != CLI_OK)
        return status;
    int rc = cli_query_json(cli, "registration", listing->what, key, &found);
    if (rc != CV_OK)
        return cli_query_failed(cli, rc, "cannot list %s%s%s", listing->what, key ? " of " : "", key ? key : "");
    json_t *rows = cli_datas(found);
    size_t n = json_array_size(rows), columns = 0;
    json_decref(found);
    const json_t **sorted = calloc(n + 1, sizeof *sorted);
    for (size_t i = 0; sorted && i < n; i++)
        sorted[i] = json_array_get(rows, i);
    if (sorted && listing->order)
        qsort(sorted, n, sizeof *sorted, listing->order);
    if (cli->json) {
        json_t *in_order = json_array();
        for (size_t i = 0; sorted && i < n; i++)
            json_array_append(in_order, (json_t *)(uintptr_t)sorted[i]);
        status = cli_document(cli, listing->schema, json_pack("{s:o}", listing->what, in_order));
    } else {
        while (listing->columns[columns])
            columns++;
        cli_table_t *table = cli_table_new(cli, listing->columns, columns);
        for (size_t i = 0; sorted && i < n; i++)
            listing->print_row(table, sorted[i]);
        cli_table_print(&table);
    }
    free(sorted);
    json_decref(rows);
    return status;
}

int cli_badge_keys(cli_t *cli)
{
    static const listing_t keys = {
        "badge_keys", "observer", "convene.cli.badge-keys.v1", {"#key", "state", "from", "until", "revoked"},
        print_key,    NULL};
    return list(cli, &keys, NULL);
}

int cli_badge_list(cli_t *cli)
{
    static const listing_t badges = {"badges",
                                     "observer",
                                     "convene.cli.badges.v1",
                                     {"#badge", "party", "#no.", "state", "cause", "from", "until"},
                                     print_badge,
                                     NULL};
    return list(cli, &badges, cli->args[0]);
}

int cli_attendance(cli_t *cli)
{
    static const listing_t attendance = {
        "attendance",
        "observer",
        "convene.cli.attendance.v1",
        {"party", "#came", "#inside", "#in", "#out", "#again", "#duplicate", "#unmatched", "#revoked", "#refused"},
        print_attendance,
        NULL};
    static const listing_t scans = {"scans",
                                    "secretariat",
                                    "convene.cli.scans.v1",
                                    {"at", "gate", "way", "who", "gate said", "is", "came in at"},
                                    print_scan,
                                    by_time};
    return list(cli, cli_has(cli, "scans") ? &scans : &attendance, cli->args[0]);
}

/* ---- printing ------------------------------------------------------------------------------------------------ */

static int by_person(const void *a_, const void *b_)
{
    const json_t *a = *(json_t *const *)a_, *b = *(json_t *const *)b_;
    int order = strcmp(cli_text_of(a, "party"), cli_text_of(b, "party"));
    int64_t left = cli_int_of(a, "number"), right = cli_int_of(b, "number");
    return order ? order : (left > right) - (left < right);
}

static badge_face_t face_of(const json_t *row)
{
    return (badge_face_t){.event = cli_text_of(row, "event"),
                          .title = cli_text_of(row, "title"),
                          .name = cli_text_of(row, "name"),
                          .capacity = cli_text_of(row, "capacity"),
                          .party = cli_text_of(row, "party"),
                          .number = (long long)cli_int_of(row, "number"),
                          .token = cli_text_of(row, "token")};
}

static int write_all(cli_t *cli, const char *path, const cv_buf_t *file)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600); /* names stand in it */
    size_t done = 0;
    bool good = fd >= 0;
    while (good && done < file->len) {
        ssize_t n = write(fd, file->ptr + done, file->len - done);
        good = n > 0 || (n < 0 && errno == EINTR);
        done += n > 0 ? (size_t)n : 0;
    }
    good = good && fsync(fd) == 0;
    int error = errno;
    if (fd >= 0)
        close(fd);
    return good ? CLI_OK : cli_fail(cli, CLI_FAILED, "cannot write %s: %s", path, strerror(error));
}

static int drawn(cli_t *cli, int rc, const char *error)
{
    if (rc == CV_EINVAL)
        return cli_fail(cli, CLI_FAILED, "%s", error);
    return rc == CV_OK ? CLI_OK : cli_fail(cli, CLI_FAILED, "cannot draw: %s", cv_error_text(rc));
}

/* One file, whole or not at all. */
static int write_one(cli_t *cli, const badge_face_t *faces, size_t n, bool is_pdf, const char *path)
{
    char part[CLI_PATH_MAX], error[512];
    cv_buf_t file;
    if (snprintf(part, sizeof part, "%s.part-%ld", path, (long)getpid()) >= CLI_PATH_MAX)
        return cli_usage(cli, "the name of the file is longer than %d octets", CLI_PATH_MAX - 20);
    cv_buf_init(&file, FILE_MAX);
    int rc = is_pdf ? badge_pdf(faces, n, &file, error, sizeof error) : badge_png(faces, &file, error, sizeof error);
    int status = drawn(cli, rc, error);
    if (status == CLI_OK)
        status = write_all(cli, part, &file);
    if (status == CLI_OK && rename(part, path) != 0)
        status = cli_fail(cli, CLI_FAILED, "cannot write %s: %s", path, strerror(errno));
    if (status != CLI_OK)
        (void)unlink(part);
    cv_buf_done(&file);
    return status;
}

/* A folder with one file per badge; it has its name when all of them are there. */
static int write_folder(cli_t *cli, const badge_face_t *faces, size_t n, const char *path)
{
    char part[CLI_PATH_MAX], file[CLI_PATH_MAX];
    size_t made = 0;
    if (snprintf(part, sizeof part, "%s.part-%ld", path, (long)getpid()) >= CLI_PATH_MAX - 64)
        return cli_usage(cli, "the name of the folder is longer than %d octets", CLI_PATH_MAX - 84);
    if (access(path, F_OK) == 0)
        return cli_fail(cli, CLI_REFUSED, "%s is there already; --output names a folder that is to be made", path);
    if (mkdir(part, 0700) != 0)
        return cli_fail(cli, CLI_FAILED, "cannot make %s: %s", part, strerror(errno));
    int status = CLI_OK;
    for (; status == CLI_OK && made < n; made++) {
        (void)snprintf(file, sizeof file, "%s/%s-%lld.png", part, faces[made].party, faces[made].number);
        status = write_one(cli, &faces[made], 1, false, file);
    }
    if (status == CLI_OK && rename(part, path) != 0)
        status = cli_fail(cli, CLI_FAILED, "cannot make %s: %s", path, strerror(errno));
    if (status == CLI_OK)
        return CLI_OK;
    while (made-- > 0) {
        (void)snprintf(file, sizeof file, "%s/%s-%lld.png", part, faces[made].party, faces[made].number);
        (void)unlink(file);
    }
    (void)rmdir(part);
    return status;
}

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);
    return len > end_len && strcmp(text + len - end_len, end) == 0;
}

static int print_all(cli_t *cli, const json_t *rows)
{
    size_t n = json_array_size(rows);
    const char *format = cli_flag(cli, "format", "pdf"), *output = cli_flag(cli, "output", NULL);
    bool is_pdf = strcmp(format, "pdf") == 0;
    char name[CLI_PATH_MAX];
    const json_t **sorted = calloc(n, sizeof *sorted);
    badge_face_t *faces = calloc(n, sizeof *faces);
    if (!sorted || !faces) {
        free(sorted);
        free(faces);
        return cli_fail(cli, CLI_FAILED, "out of memory");
    }
    for (size_t i = 0; i < n; i++)
        sorted[i] = json_object_get(json_array_get(rows, i), "data");
    qsort(sorted, n, sizeof *sorted, by_person);
    for (size_t i = 0; i < n; i++)
        faces[i] = face_of(sorted[i]);
    if (!output) {
        (void)snprintf(name, sizeof name, "badges-%s%s%s%s", cli->args[0], cli->args_n > 1 ? "-" : "",
                       cli->args_n > 1 ? cli->args[1] : "", is_pdf ? ".pdf" : "");
        output = name;
    }
    bool is_folder = !is_pdf && !(n == 1 && ends_with(output, ".png"));
    int status = is_folder ? write_folder(cli, faces, n, output) : write_one(cli, faces, n, is_pdf, output);
    badge_draw_end();
    if (status == CLI_OK && cli->json)
        status =
            cli_document(cli, "convene.cli.badges-printed.v1",
                         json_pack("{s:s, s:s, s:I}", "output", output, "format", format, "badges", (json_int_t)n));
    else if (status == CLI_OK)
        printf("%zu badges in %s\n", n, output);
    free(sorted);
    free(faces);
    return status;
}

int cli_badge(cli_t *cli)
{
    const char *format = cli_flag(cli, "format", "pdf");
    char key[KEY_TEXT] = "";
    json_t *rows = NULL;
    if (strcmp(format, "pdf") != 0 && strcmp(format, "png") != 0)
        return cli_usage(cli, "--format must be pdf or png, not \"%s\"", format);
    for (int i = 0; i < cli->args_n; i++) {
        size_t at = strlen(key);
        if (snprintf(key + at, sizeof key - at, "%s%s", i ? "/" : "", cli->args[i]) >= (int)(sizeof key - at))
            return cli_usage(cli, "EVENT, PARTY and NUMBER are longer than %d octets", KEY_TEXT - 3);
    }
    cli->as = "secretariat";
    int status = cli_connect(cli);
    if (status != CLI_OK)
        return status;
    int rc = cli_query_json(cli, "registration", "badge_tokens", key, &rows);
    if (rc == CV_EUNAVAIL)
        return cli_fail(cli, CLI_UNREACHABLE,
                        "%s: there is no key here to sign badges with; `convene badge key rotate` takes one into use",
                        key);
    if (rc != CV_OK)
        return cli_query_failed(cli, rc, "cannot print badges of %s", key);
    status = json_array_size(rows)
                 ? print_all(cli, rows)
                 : cli_fail(cli, CLI_NOTFOUND, "nobody of %s has a badge; `convene badge issue` issues them", key);
    json_decref(rows);
    return status;
}
