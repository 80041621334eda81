/* import: sends a plan file's lists, each only after the one before is answered, because later ones refer to earlier.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The id of each request is made from its type, its content and the caller's own secret key. So an import that was
 * broken off can be run again with the same key, and what was decided then is only told again; and nobody who knows the
 * plan can use up the ids beforehand.
 */
#include "import.h"

#include <string.h>

static const struct {
    const char *list, *type;
    bool in_order;
} lists[CLI_IMPORT_LISTS] = {
    {"parties", "convene.scheduling.party.put.v1", false},
    {"bodies", "convene.scheduling.body.put.v1", false},
    {"headings", "convene.scheduling.heading.put.v1", true}, /* dimensions before their areas */
    {"venues", "convene.scheduling.venue.put.v1", false},
    {"rooms", "convene.scheduling.room.put.v1", false},
    {"catalogues", "convene.scheduling.catalogue.put.v1", false},
    {"coordinators", "convene.scheduling.coordinator.put.v1", true},
    {"chairmanships", "convene.scheduling.chairmanship.put.v1", true},
    {"events", "convene.scheduling.event.propose.v1", false},
    {"advances", "convene.scheduling.event.advance.v1", true},
    {"registrations", "convene.scheduling.event.registration.v1", false},
    {"sessions", "convene.scheduling.session.put.v1", true}, /* who comes first has the room */
    {"workplans", "convene.scheduling.workplan.put.v1", false},
    {"workitems", "convene.scheduling.workitem.put.v1", true}, /* those that others wait for first */
    {"recipients", "convene.notifications.recipient.put.v1", false},
};

typedef struct {
    cli_t *cli;
    cv_client_t *client; /* NULL: a dry run */
    cli_import_t *import;
    cli_import_list_t *list;
    const json_t *source; /* the list, to name what failed */
} state_t;

static void on_done(void *arg, const cli_sent_t *sent)
{
    state_t *state = arg;
    bool good = sent->rc == CV_OK && sent->cls == CV_OUTCOME_CLASS_OK;
    *(good ? &state->list->good : &state->list->bad) += 1;
    if (state->import->done)
        state->import->done(state->import->arg, state->list->list, sent);
    if (good || state->import->quiet)
        return;
    if (sent->fault)
        cli_say("%s[%lld]: %s: %s\n", state->list->list, (long long)sent->number, sent->fault->path, sent->fault->text);
    else if (sent->outcome)
        cli_say("%s[%lld]: %s %.*s: %.*s\n", state->list->list, (long long)sent->number,
                cv_outcome_class_text(sent->cls), CV_STR_ARG(sent->outcome->code), CV_STR_ARG(sent->outcome->text));
    else
        cli_say("%s[%lld]: %s\n", state->list->list, (long long)sent->number, cv_error_text(sent->rc));
}

/* What is for readers only is not sent. */
static json_t *data_of(const json_t *object)
{
    json_t *data = json_deep_copy(object);
    json_object_del(data, "reported");
    json_object_del(data, "assumption");
    const char *key;
    json_t *value;
    void *next;
    json_object_foreach_safe(data, next, key, value)
    {
        if (json_is_null(value))
            json_object_del(data, key);
    }
    return data;
}

static int put(state_t *state, cli_sender_t *sender, const cv_msg_info_t *info, int64_t number, json_t *data)
{
    char id[CV_UUID_TEXT + 1];
    state->list->sent++;
    if (sender) {
        int rc = cli_id_of(state->client, info->type, data, id);
        if (rc != CV_OK) {
            json_decref(data);
            return rc;
        }
        return cli_sender_add(sender, number, info, data, false, id);
    }
    cli_input_t input;
    cv_fault_t fault = {0};
    cli_sent_t sent = {.number = number, .info = info, .cls = CV_OUTCOME_CLASS_OK};
    sent.rc = cli_input_read(info, data, &input, &fault);
    if (sent.rc == CV_OK)
        cli_input_done(&input);
    else
        sent.fault = &fault;
    on_done(state, &sent);
    json_decref(data);
    return CV_OK;
}

static int put_object(state_t *state, cli_sender_t *sender, const cv_msg_info_t *info, int64_t number,
                      const json_t *object)
{
    json_t *to = json_object_get(object, "to");
    if (!json_is_array(to))
        return put(state, sender, info, number, data_of(object));
    int rc = CV_OK;
    for (size_t i = 0; rc == CV_OK && i < json_array_size(to); i++) {
        json_t *data = data_of(object);
        json_object_set(data, "to", json_array_get(to, i));
        rc = put(state, sender, info, number, data);
    }
    return rc;
}

int cli_import(cli_t *cli, cv_client_t *client, const json_t *doc, cli_import_t *import)
{
    for (size_t i = 0; i < CLI_IMPORT_LISTS; i++) {
        cli_import_list_t *list = &import->lists[i];
        list->list = lists[i].list;
        const json_t *source = json_object_get(doc, lists[i].list);
        if (!source)
            continue;
        if (!json_is_array(source))
            return cli_fail(cli, CLI_USAGE, "%s must be a list", lists[i].list);
        state_t state = {cli, client, import, list, source};
        const cv_msg_info_t *info = cv_msg_info(cv_str(lists[i].type));
        if (!info)
            return cli_fail(cli, CLI_FAILED, "this build does not know %s", lists[i].type);
        cli_sender_t *sender = NULL;
        if (!import->dry &&
            !(sender = cli_sender_new(cli, client, lists[i].in_order ? 1 : 0, cli->timeout_ms, on_done, &state)))
            return cli_fail(cli, CLI_FAILED, "out of memory");
        int rc = CV_OK;
        for (size_t k = 0; rc == CV_OK && k < json_array_size(source); k++)
            rc = put_object(&state, sender, info, (int64_t)k, json_array_get(source, k));
        if (rc == CV_OK && sender)
            rc = cli_sender_wait(sender);
        cli_sender_destroy(&sender);
        import->sent += list->sent;
        import->good += list->good;
        import->bad += list->bad;
        if (rc != CV_OK)
            return cli_fail(cli, cli_status_of(rc), "%s: %s", list->list,
                            rc == CV_ETIMEOUT ? "no answer in time" : cv_client_error(client));
    }
    return CLI_OK;
}

int cli_plan_import(cli_t *cli)
{
    const char *path = cli->args[0];
    json_error_t error;
    json_t *doc = strcmp(path, "-") == 0 ? json_loadf(stdin, JSON_REJECT_DUPLICATES, &error)
                                         : json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(doc)) {
        json_decref(doc);
        return cli_fail(cli, doc || error.line > 0 ? CLI_USAGE : CLI_NOTFOUND, "%s: %s (line %d)", path,
                        doc ? "must be a JSON object" : error.text, error.line);
    }
    cli_import_t import = {.dry = cli_has(cli, "dry-run")};
    int status = CLI_OK;
    cli->as = "secretariat";
    if (!import.dry)
        status = cli_connect(cli);
    if (status == CLI_OK)
        status = cli_import(cli, cli->client, doc, &import);
    json_decref(doc);
    if (status != CLI_OK)
        return status;
    if (cli->json) {
        json_t *by_list = json_object();
        for (size_t i = 0; i < CLI_IMPORT_LISTS; i++)
            json_object_set_new(by_list, import.lists[i].list,
                                json_pack("{s:I, s:I, s:I}", "requests", (json_int_t)import.lists[i].sent, "ok",
                                          (json_int_t)import.lists[i].good, "not_ok", (json_int_t)import.lists[i].bad));
        status = cli_document(cli, "convene.cli.import.v1",
                              json_pack("{s:b, s:I, s:I, s:I, s:o}", "dry_run", import.dry, "requests",
                                        (json_int_t)import.sent, "ok", (json_int_t)import.good, "not_ok",
                                        (json_int_t)import.bad, "lists", by_list));
        if (status != CLI_OK)
            return status;
    } else {
        for (size_t i = 0; i < CLI_IMPORT_LISTS; i++)
            if (import.lists[i].sent)
                printf("%-14s %5lld requests, %lld OK, %lld not\n", import.lists[i].list,
                       (long long)import.lists[i].sent, (long long)import.lists[i].good,
                       (long long)import.lists[i].bad);
        printf("%-14s %5lld requests, %lld OK, %lld not%s\n", "all", (long long)import.sent, (long long)import.good,
               (long long)import.bad, import.dry ? "; nothing was sent" : "");
    }
    return import.bad == 0 ? CLI_OK : import.good ? CLI_PARTIAL : CLI_REFUSED;
}
