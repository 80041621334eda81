/* status: whether the services run, how far each follows the others, and what is wrong with an installation.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "process.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <zmq.h>

enum { LAG_WORTH_SAYING = 1000, SKEW_MAX_MS = 2000, ROOM_MIB = 256 };

static const char *time_since(int64_t ms, char *text, size_t size)
{
    int64_t s = ms / 1000;
    if (s < 120)
        (void)snprintf(text, size, "%lld s", (long long)s);
    else if (s < 7200)
        (void)snprintf(text, size, "%lld min", (long long)(s / 60));
    else
        (void)snprintf(text, size, "%lld h", (long long)(s / 3600));
    return text;
}

bool cli_healthy(const json_t *data)
{
    bool good = json_is_true(json_object_get(data, "ready")) && json_is_true(json_object_get(data, "writable"));
    json_t *follows = json_object_get(data, "follows");
    for (size_t i = 0; i < json_array_size(follows); i++) {
        const json_t *one = json_array_get(follows, i);
        good &= strcmp(cli_text_of(one, "state"), "halted") != 0 && cli_int_of(one, "parked") == 0;
    }
    return good;
}

static void print_service(cli_t *cli, const char *name, const json_t *data)
{
    char up[32];
    if (!data) {
        printf("%s%-14s%s does not answer at %s\n", cli_style(cli, CLI_RED), name, cli_style(cli, CLI_PLAIN),
               cv_config_of(cli->config, name, "endpoint"));
        return;
    }
    bool good = cli_healthy(data);
    printf("%s%-14s%s %s, version %s, up %s%s\n", cli_style(cli, good ? CLI_GREEN : CLI_YELLOW), name,
           cli_style(cli, CLI_PLAIN), json_is_true(json_object_get(data, "ready")) ? "ready" : "not ready",
           cli_text_of(data, "version"),
           time_since(cli_int_of(data, "now_ms") - cli_int_of(data, "started_ms"), up, sizeof up),
           json_is_true(json_object_get(data, "writable")) ? "" : ", DOES NOT WRITE");
    json_t *list = json_object_get(data, "streams");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        printf("    writes  %-22s records %lld to %lld%s\n", cli_text_of(one, "name"),
               (long long)cli_int_of(one, "oldest"), (long long)cli_int_of(one, "head"),
               json_is_true(json_object_get(one, "private")) ? ", private" : "");
    }
    list = json_object_get(data, "follows");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        int64_t lag = cli_int_of(one, "head") - cli_int_of(one, "cursor");
        printf("    follows %-22s %s, at %lld, lag %lld", cli_text_of(one, "stream"), cli_text_of(one, "state"),
               (long long)cli_int_of(one, "cursor"), (long long)lag);
        if (cli_int_of(one, "parked"))
            printf(", %lld PARKED", (long long)cli_int_of(one, "parked"));
        if (*cli_text_of(one, "error"))
            printf(": %s", cli_text_of(one, "error"));
        putchar('\n');
    }
    list = json_object_get(data, "problems");
    for (size_t i = 0; i < json_array_size(list); i++)
        printf("    %sproblem%s %s\n", cli_style(cli, CLI_RED), cli_style(cli, CLI_PLAIN),
               json_string_value(json_array_get(list, i)));
}

int cli_status(cli_t *cli)
{
    cli->as = "observer";
    int status = cli_connect(cli);
    if (status != CLI_OK)
        return status;
    json_t *services = json_object();
    int answering = 0, good = 0;
    for (size_t i = 0; i < CLI_SERVICES_N; i++) {
        json_t *data = NULL;
        int rc = cli_service_status(cli, cli_services[i], cli->timeout_ms, &data);
        answering += rc == CV_OK;
        good += rc == CV_OK && cli_healthy(data);
        if (!cli->json)
            print_service(cli, cli_services[i], data);
        if (rc != CV_OK)
            data = json_pack("{s:s, s:s}", "error", cv_error_name(rc), "text", cv_client_error(cli->client));
        json_object_set_new(services, cli_services[i], data);
    }
    if (cli->json)
        status = cli_document(cli, "convene.cli.status.v1",
                              json_pack("{s:b, s:O}", "healthy", good == CLI_SERVICES_N, "services", services));
    json_decref(services);
    if (status != CLI_OK)
        return status;
    return good == CLI_SERVICES_N ? CLI_OK : answering ? CLI_PARTIAL : CLI_UNREACHABLE;
}

/* ---- doctor ------------------------------------------------------------------------------- */

typedef enum { GOOD, NOTE, BAD } finding_t;

typedef struct {
    cli_t *cli;
    json_t *findings;
    int bad, notes;
} doctor_t;

static void find(doctor_t *doctor, finding_t kind, const char *what, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static void find(doctor_t *doctor, finding_t kind, const char *what, const char *format, ...)
{
    static const char *const names[] = {"ok", "note", "wrong"};
    static const cli_style_t styles[] = {CLI_GREEN, CLI_YELLOW, CLI_RED};
    char text[1024];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    doctor->bad += kind == BAD;
    doctor->notes += kind == NOTE;
    json_array_append_new(doctor->findings,
                          json_pack("{s:s, s:s, s:s}", "check", what, "result", names[kind], "text", text));
    if (!doctor->cli->json)
        printf("%s%-6s%s %-14s %s\n", cli_style(doctor->cli, styles[kind]), names[kind],
               cli_style(doctor->cli, CLI_PLAIN), what, text);
}

static void look_at_libraries(doctor_t *doctor)
{
    int major, minor, patch;
    zmq_version(&major, &minor, &patch);
    bool curve = zmq_has("curve");
    find(doctor, curve && (major > 4 || (major == 4 && (minor > 3 || patch >= 4))) ? GOOD : BAD, "libzmq",
         "%d.%d.%d%s; needed: 4.3.4 with CURVE", major, minor, patch, curve ? " with CURVE" : " WITHOUT CURVE");
    find(doctor, GOOD, "libsodium", "%s", sodium_version_string());
}

static void look_at_files(doctor_t *doctor)
{
    cli_t *cli = doctor->cli;
    const char *data = cv_config_text(cli->config, "data"), *keys = cv_config_text(cli->config, "keys");
    struct stat info;
    struct statvfs room;
    if (stat(data, &info) != 0 || !S_ISDIR(info.st_mode)) {
        find(doctor, NOTE, "data", "%s is not there; `convene up` makes it", data);
        return;
    }
    find(doctor, access(data, W_OK | X_OK) == 0 ? GOOD : BAD, "data", "%s%s", data,
         access(data, W_OK | X_OK) == 0 ? "" : " cannot be written by this user");
    if (statvfs(data, &room) == 0) {
        int64_t mib = (int64_t)((uint64_t)room.f_bavail * room.f_frsize / (1024 * 1024)),
                reserve = cv_config_int(cli->config, "store/reserve_mib");
        find(doctor,
             mib < reserve              ? BAD
             : mib < reserve + ROOM_MIB ? NOTE
                                        : GOOD,
             "disk", "%lld MiB free; below %lld services refuse requests", (long long)mib, (long long)reserve);
    }
    if (strcmp(cv_config_text(cli->config, "security"), "none") == 0) {
        find(doctor, NOTE, "security", "none: whoever can open the ipc sockets may do everything");
        return;
    }
    char path[CLI_PATH_MAX], error[CV_CONFIG_ERROR_MAX];
    (void)snprintf(path, sizeof path, "%s/allow", keys);
    cv_principals_t *principals;
    if (cv_principals_load(path, &principals, error, sizeof error) != CV_OK) {
        find(doctor, BAD, "keys", "%s", error);
        return;
    }
    find(doctor, GOOD, "keys", "%zu in %s", cv_principals_count(principals), path);
    for (size_t i = 0; i < CLI_SERVICES_N; i++) {
        const cv_principal_t *one = cv_principals_by_name(principals, cv_str(cli_services[i]));
        if (!one || one->role != CV_ROLE_SERVICE)
            find(doctor, BAD, "keys", "%s has no key with the role service; `convene keys make` makes it",
                 cli_services[i]);
    }
    cv_principals_destroy(&principals);
    if (stat(keys, &info) == 0 && (info.st_mode & 077))
        find(doctor, NOTE, "keys", "others may look into %s (mode %03o); 700 would do", keys,
             (unsigned)(info.st_mode & 0777));
}

static void look_at_services(doctor_t *doctor)
{
    cli_t *cli = doctor->cli;
    cli->as = "observer";
    for (size_t i = 0; i < CLI_SERVICES_N; i++) {
        char program[CV_NAME_MAX + 16], path[CLI_PATH_MAX];
        (void)snprintf(program, sizeof program, "convene-%s", cli_services[i]);
        if (!cli_beside(program, path))
            find(doctor, NOTE, "program", "%s is not beside convene; `up` and `restore` need it", program);
    }
    if (cli_connect(cli) != CLI_OK) {
        find(doctor, BAD, "connection", "no client could be made; see above");
        return;
    }
    for (size_t i = 0; i < CLI_SERVICES_N; i++) {
        json_t *data = NULL;
        int rc = cli_service_status(cli, cli_services[i], cli->timeout_ms, &data);
        if (rc != CV_OK) {
            find(doctor, rc == CV_ETIMEOUT ? NOTE : BAD, cli_services[i], "%s", cv_client_error(cli->client));
            continue;
        }
        find(doctor, cli_healthy(data) ? GOOD : BAD, cli_services[i], "answers, version %s%s",
             cli_text_of(data, "version"), cli_healthy(data) ? "" : "; `convene status` says what is wrong");
        int64_t skew = cli_int_of(data, "now_ms") - cv_clock_wall_ms() - cv_config_int(cli->config, "clock/offset_ms");
        if (skew > SKEW_MAX_MS || skew < -SKEW_MAX_MS)
            find(doctor, NOTE, "clock", "%s is %lld ms %s of ours", cli_services[i],
                 (long long)(skew < 0 ? -skew : skew), skew < 0 ? "behind" : "ahead");
        json_t *follows = json_object_get(data, "follows");
        for (size_t k = 0; k < json_array_size(follows); k++) {
            const json_t *one = json_array_get(follows, k);
            int64_t lag = cli_int_of(one, "head") - cli_int_of(one, "cursor");
            if (lag > LAG_WORTH_SAYING)
                find(doctor, NOTE, "lag", "%s is %lld records behind on %s", cli_services[i], (long long)lag,
                     cli_text_of(one, "stream"));
        }
        json_decref(data);
    }
}

static void look_at_delivery(doctor_t *doctor)
{
    char text[256];
    json_t *delivery = NULL;
    if (!doctor->cli->client || cli_delivery_ask(doctor->cli, &delivery) != CV_OK)
        return; /* that it does not answer is said already */
    bool trouble = cli_delivery_sum(delivery, "dead") || cli_int_of(delivery, "left_alone");
    cli_delivery_text(delivery, text, sizeof text);
    find(doctor, trouble ? NOTE : GOOD, "delivery", "mail and webhooks: %s", text);
    if (cli_int_of(delivery, "unseen"))
        find(doctor, NOTE, "unseen",
             "%lld notices with a deadline ahead have reached nobody of their party: `convene notice dead`, `convene "
             "recipient contacts`; set another recipient",
             (long long)cli_int_of(delivery, "unseen"));
    json_decref(delivery);
}

/* Contacts that cannot be reached, each with what mends it. */
static void look_at_contacts(doctor_t *doctor)
{
    json_t *found = NULL;
    if (!doctor->cli->client || cli_query_json(doctor->cli, "notifications", "contacts", NULL, &found) != CV_OK)
        return; /* that it does not answer is said already */
    json_t *rows = cli_datas(found);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *one = json_array_get(rows, i);
        const char *party = cli_text_of(one, "party"), *event = cli_text_of(one, "event");
        long long order = (long long)cli_int_of(one, "order");
        if (!cli_contact_is_dead(one))
            continue;
        if (*event)
            find(doctor, NOTE, "contact",
                 "the contact of %s for %s cannot be reached (%s); `convene recipient clear %s 0` once it is mended",
                 party, event, cli_text_of(one, "state"), party);
        else
            find(
                doctor, NOTE, "contact",
                "recipient %lld of %s cannot be reached (%s): set another address, or `convene recipient clear %s %lld` "
                "once it is mended",
                order, party, cli_text_of(one, "state"), party, order);
    }
    json_decref(rows);
    json_decref(found);
}

int cli_doctor(cli_t *cli)
{
    doctor_t doctor = {.cli = cli, .findings = json_array()};
    int status = cli_config(cli);
    if (status != CLI_OK) {
        json_decref(doctor.findings);
        return status;
    }
    look_at_libraries(&doctor);
    look_at_files(&doctor);
    look_at_services(&doctor);
    look_at_delivery(&doctor);
    look_at_contacts(&doctor);
    status = doctor.bad ? CLI_FAILED : CLI_OK;
    if (cli->json) {
        int rc = cli_document(
            cli, "convene.cli.doctor.v1",
            json_pack("{s:i, s:i, s:O}", "wrong", doctor.bad, "notes", doctor.notes, "findings", doctor.findings));
        if (status == CLI_OK)
            status = rc;
    } else {
        printf("%d wrong, %d notes\n", doctor.bad, doctor.notes);
    }
    json_decref(doctor.findings);
    return status;
}
