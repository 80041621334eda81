/* doctor: finds what is wrong with an installation, and says of each thing what to do about it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * It looks with the operator's eyes, from outside in: libraries, folders and room, keys and certificates, then each service by
 * its own answer, then what leaves. It changes nothing. Exit status 1 if anything is wrong; a note is something to know that
 * may be as it is wanted: the page is not there, room that is getting small, a service that is behind.
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

enum { LAG_WORTH_SAYING = 1000, SKEW_MAX_MS = 2000, ROOM_MIB = 256, KEY_TEXT = 40 };

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
    find(doctor, curve && (major > 4 || (major == 4 && (minor > 3 || (minor == 3 && patch >= 4)))) ? GOOD : BAD,
         "libzmq", "%d.%d.%d%s; needed: 4.3.4 with CURVE", major, minor, patch,
         curve ? " with CURVE" : " WITHOUT CURVE");
    find(doctor, GOOD, "libsodium", "%s", sodium_version_string());
}

static void look_at_files(doctor_t *doctor)
{
    cli_t *cli = doctor->cli;
    const char *data = cv_config_text(cli->config, "data");
    struct stat info;
    struct statvfs room;
    if (stat(data, &info) != 0 || !S_ISDIR(info.st_mode)) {
        find(doctor, NOTE, "data", "%s is not there; `convene up` makes it", data);
        return;
    }
    bool is_ours = access(data, W_OK | X_OK) == 0;
    find(doctor, is_ours ? GOOD : BAD, "data", "%s%s", data,
         is_ours ? "" : " cannot be written by this user: run as who owns it, or give it to this user with chown");
    if (statvfs(data, &room) == 0) {
        int64_t mib = (int64_t)((uint64_t)room.f_bavail * room.f_frsize / (1024 * 1024)),
                reserve = cv_config_int(cli->config, "store/reserve_mib");
        find(doctor,
             mib < reserve              ? BAD
             : mib < reserve + ROOM_MIB ? NOTE
                                        : GOOD,
             "disk", "%lld MiB free; below %lld services refuse requests%s", (long long)mib, (long long)reserve,
             mib < reserve ? ". Make room, or shorten store/keep_records; they go on by themselves" : "");
    }
}

/* The public key that a certificate or a secret says, in its 40 characters. False: there is none to be read. */
static bool public_key_in(const char *path, char ret_key[KEY_TEXT + 1])
{
    FILE *file = fopen(path, "re");
    char line[256];
    bool found = false;
    while (file && !found && fgets(line, sizeof line, file)) {
        const char *key = strstr(line, "public-key"), *quote = key ? strchr(key, '"') : NULL;
        found = quote && strlen(quote) > KEY_TEXT + 1 && quote[KEY_TEXT + 1] == '"';
        if (found)
            (void)snprintf(ret_key, KEY_TEXT + 1, "%s", quote + 1);
    }
    if (file)
        fclose(file);
    return found;
}

/* Its secret, where it is here: readable by its owner only, and of the key that others expect. A service that is alone on its
 * machine has no others' secrets. */
static void look_at_secret(doctor_t *doctor, const char *name)
{
    const char *keys = cv_config_text(doctor->cli->config, "keys");
    char secret[CLI_PATH_MAX], certificate[CLI_PATH_MAX], own[KEY_TEXT + 1], expected[KEY_TEXT + 1];
    struct stat info;
    (void)snprintf(secret, sizeof secret, "%s/%s.secret", keys, name);
    (void)snprintf(certificate, sizeof certificate, "%s/allow/%s.cert", keys, name);
    if (stat(secret, &info) != 0)
        return;
    if (info.st_mode & 077)
        find(doctor, BAD, "keys",
             "others may read %s (mode %03o), and %s does not start with it: chmod 600. If they may have "
             "read it, `convene keys rotate %s`",
             secret, (unsigned)(info.st_mode & 0777), name, name);
    if (public_key_in(secret, own) && public_key_in(certificate, expected) && strcmp(own, expected) != 0)
        find(doctor, BAD, "keys",
             "%s and %s are not of one key: nobody reaches %s. Put back the one that is wrong, or `convene "
             "keys rotate %s`, start it again, and give the new certificate to all",
             secret, certificate, name, name);
}

static void look_at_keys(doctor_t *doctor)
{
    cli_t *cli = doctor->cli;
    const char *keys = cv_config_text(cli->config, "keys");
    if (strcmp(cv_config_text(cli->config, "security"), "none") == 0) {
        find(doctor, NOTE, "security", "none: whoever can open the ipc sockets may do everything");
        return;
    }
    char path[CLI_PATH_MAX], error[CV_CONFIG_ERROR_MAX];
    (void)snprintf(path, sizeof path, "%s/allow", keys);
    cv_principals_t *principals;
    if (cv_principals_load(path, &principals, error, sizeof error) != CV_OK) {
        find(doctor, BAD, "keys", "%s. Nobody new is let in until it is mended, or `convene keys revoke` takes it out",
             error);
        return;
    }
    find(doctor, GOOD, "keys", "%zu in %s", cv_principals_count(principals), path);
    for (size_t i = 0; i < CLI_SERVICES_N; i++) {
        const cv_principal_t *one = cv_principals_by_name(principals, cv_str(cli_services[i]));
        if (!one || one->role != CV_ROLE_SERVICE)
            find(doctor, BAD, "keys", "%s has no key with the role service; `convene keys make` makes it",
                 cli_services[i]);
        else
            look_at_secret(doctor, cli_services[i]);
    }
    cv_principals_destroy(&principals);
    struct stat info;
    if (stat(keys, &info) == 0 && (info.st_mode & 077))
        find(doctor, NOTE, "keys", "others may look into %s (mode %03o); 700 would do", keys,
             (unsigned)(info.st_mode & 0777));
}

/* What a service that answers says of itself. */
static void look_at_answer(doctor_t *doctor, const char *name, const json_t *data)
{
    const cli_t *cli = doctor->cli;
    bool is_good = cli_healthy(data), is_ours = strcmp(cli_text_of(data, "version"), CV_VERSION) == 0;
    find(doctor, is_good ? GOOD : BAD, name, "answers, version %s%s", cli_text_of(data, "version"),
         is_good ? "" : ", and is not well:");
    json_t *problems = json_object_get(data, "problems"), *follows = json_object_get(data, "follows");
    for (size_t i = 0; i < json_array_size(problems); i++)
        find(doctor, NOTE, name, "%s", json_string_value(json_array_get(problems, i)));
    if (!is_ours)
        find(doctor, NOTE, "version", "%s is %s and this is %s: upgrade all of them, the services first", name,
             cli_text_of(data, "version"), CV_VERSION);
    int64_t skew = cli_int_of(data, "now_ms") - cli_now_ms(cli);
    if (skew > SKEW_MAX_MS || skew < -SKEW_MAX_MS)
        find(doctor, NOTE, "clock", "%s is %lld ms %s of ours: let both machines follow one time server", name,
             (long long)(skew < 0 ? -skew : skew), skew < 0 ? "behind" : "ahead");
    for (size_t k = 0; k < json_array_size(follows); k++) {
        const json_t *one = json_array_get(follows, k);
        const char *stream = cli_text_of(one, "stream");
        int64_t lag = cli_int_of(one, "head") - cli_int_of(one, "cursor"), parked = cli_int_of(one, "parked");
        if (strcmp(cli_text_of(one, "state"), "halted") == 0)
            find(doctor, BAD, name,
                 "has stopped following %s: %s. If the past of that stream is not what it was, restore its service by "
                 "`convene restore`, which says so to all; if a record cannot be applied, upgrade %s",
                 stream, cli_text_of(one, "error"), name);
        if (parked)
            find(
                doctor, BAD, name,
                "has set aside %lld records of %s that it could not apply, and went on: what they should have brought about "
                "(notices, a place on the page) has not happened. They are in its table `parked`, each with its error",
                (long long)parked, stream);
        if (lag > LAG_WORTH_SAYING)
            find(doctor, NOTE, "lag",
                 "%s is %lld records behind on %s; it catches up by itself: look again in a minute", name,
                 (long long)lag, stream);
    }
}

/* The page, with the key that its service has. Nothing waits for it. */
static void look_at_page(doctor_t *doctor)
{
    cli_t *cli = doctor->cli;
    char error[CV_CONFIG_ERROR_MAX];
    const cv_client_service_t page = {cli_dashboard, cv_config_of(cli->config, cli_dashboard, "endpoint")};
    const cv_client_options_t options = {.services = &page,
                                         .services_n = 1,
                                         .keys = cv_config_text(cli->config, "keys"),
                                         .principal = "observer",
                                         .insecure = strcmp(cv_config_text(cli->config, "security"), "none") == 0};
    cv_client_t *services = cli->client;
    json_t *data = NULL;
    cli->client = NULL;
    if (cv_client_open(&options, &cli->client, error, sizeof error) == CV_OK) {
        if (cli_service_status(cli, cli_dashboard, cli->timeout_ms, &data) == CV_OK)
            look_at_answer(doctor, cli_dashboard, data);
        else
            find(doctor, NOTE, cli_dashboard,
                 "does not answer at %s: there is no page. Nothing else waits for it; where it is wanted start "
                 "convene-dashboard, its log says why it fell",
                 page.endpoint);
        json_decref(data);
        cv_client_close(&cli->client);
    }
    cli->client = services;
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
        if (cli_service_status(cli, cli_services[i], cli->timeout_ms, &data) == CV_OK)
            look_at_answer(doctor, cli_services[i], data);
        else
            find(
                doctor, BAD, cli_services[i],
                "does not answer at %s: %s. Is it started (`convene up`, systemctl start convene@%s, docker compose up -d), and "
                "is that its address (`convene config show %s/endpoint`)? If it fell, its log says why",
                cv_config_of(cli->config, cli_services[i], "endpoint"), cv_client_error(cli->client), cli_services[i],
                cli_services[i]);
        json_decref(data);
    }
    if (strcmp(cv_config_of(cli->config, cli_dashboard, "http"), "none") != 0)
        look_at_page(doctor);
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
        if (strcmp(cli_text_of(one, "state"), "unanswered") == 0)
            find(doctor, NOTE, "contact",
                 "recipient %lld of %s did not answer whether it is still the right one: `convene recipient confirm %s "
                 "%lld`, or set another address",
                 order, party, party, order);
        else if (*event)
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
    look_at_keys(&doctor);
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
