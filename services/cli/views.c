/* views: commands that only look: plan, events, delegations, requests and why they stand as they do.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "advice.h"
#include "cli.h"

#include "convene/ids.h"

#include <stdlib.h>
#include <string.h>

enum { KEY_MAX = 256, COUNTS_MAX = 64 };

static json_t *data_of(const json_t *message)
{
    return json_object_get(message, "data");
}

const char *cli_or_dash(const char *text)
{
    return *text ? text : "-";
}

static cli_style_t status_style(const char *status)
{
    if (strcmp(status, "open") == 0)
        return CLI_GREEN;
    if (strcmp(status, "cancelled") == 0 || strcmp(status, "rejected") == 0)
        return CLI_RED;
    return strcmp(status, "postponed") == 0 ? CLI_YELLOW : CLI_PLAIN;
}

/* ---- counting ---------------------------------------------------------------------------- */

static void count(json_t *counts, const char *what)
{
    json_object_set_new(counts, what, json_integer(json_integer_value(json_object_get(counts, what)) + 1));
}

static void print_counts(cli_t *cli, const char *title, const json_t *counts)
{
    const char *columns[] = {title, "#count"};
    cli_table_t *table = cli_table_new(cli, columns, 2);
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)counts, key, value)
    {
        cli_table_cell(table, CLI_PLAIN, "%s", key);
        cli_table_cell(table, CLI_PLAIN, "%lld", (long long)json_integer_value(value));
    }
    cli_table_print(&table);
}

/* ---- events ------------------------------------------------------------------------------ */

static int rows_of(cli_t *cli, const char *what, const char *key, json_t **ret_messages)
{
    int status = cli_connect(cli);
    if (status != CLI_OK)
        return status;
    int rc = cli_query_json(cli, "scheduling", what, *key ? key : NULL, ret_messages);
    return rc == CV_OK ? CLI_OK : cli_query_failed(cli, rc, "cannot list %s", what);
}

json_t *cli_datas(const json_t *messages)
{
    json_t *list = json_array();
    for (size_t i = 0; i < json_array_size(messages); i++)
        json_array_append(list, data_of(json_array_get(messages, i)));
    return list;
}

static bool filters_of(cli_t *cli, const char *const *filters, char *ret_key, size_t size)
{
    ret_key[0] = '\0';
    for (size_t i = 0; filters[i]; i++) {
        const char *value = cli_flag(cli, filters[i], NULL);
        size_t at = strlen(ret_key);
        if (value &&
            snprintf(ret_key + at, size - at, "%s%s=%s", at ? "&" : "", filters[i], value) >= (int)(size - at)) {
            (void)cli_usage(cli, "the filters are longer than %zu octets", size);
            return false;
        }
    }
    return true;
}

int cli_list(cli_t *cli, const cli_list_t *list)
{
    char key[KEY_MAX];
    json_t *found = NULL;
    size_t columns_n = 0;
    cli->as = "observer";
    if (!filters_of(cli, list->filters, key, sizeof key))
        return CLI_USAGE;
    int status = rows_of(cli, list->what, key, &found);
    if (status != CLI_OK)
        return status;
    if (cli->json) {
        status = cli_document(cli, list->type, json_pack("{s:o}", list->what, cli_datas(found)));
        json_decref(found);
        return status;
    }
    while (list->columns[columns_n])
        columns_n++;
    cli_table_t *table = cli_table_new(cli, list->columns, columns_n);
    for (size_t i = 0; i < json_array_size(found); i++)
        list->print_row(table, data_of(json_array_get(found, i)));
    cli_table_print(&table);
    cli_say("%zu %s\n", json_array_size(found), list->counted);
    json_decref(found);
    return CLI_OK;
}

static void print_event(cli_table_t *table, const json_t *event)
{
    const json_t *capacity = json_object_get(json_object_get(event, "registration"), "capacity");
    cli_table_cell(table, CLI_BOLD, "%s", cli_text_of(event, "event"));
    cli_table_cell(table, status_style(cli_text_of(event, "status")), "%s", cli_text_of(event, "status"));
    cli_table_cell(table, CLI_PLAIN, "%s", cli_or_dash(cli_text_of(event, "date_start")));
    cli_table_cell(table, CLI_PLAIN, "%s", cli_or_dash(cli_text_of(event, "city")));
    cli_table_cell(table, CLI_PLAIN, "%s", cli_or_dash(cli_text_of(event, "format")));
    if (capacity)
        cli_table_cell(table, CLI_PLAIN, "%lld", (long long)json_integer_value(capacity));
    else
        cli_table_cell(table, CLI_PLAIN, "-");
    cli_table_cell(table, CLI_DIM, "%lld", (long long)cli_int_of(event, "version"));
    cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(event, "title"));
}

int cli_event_list(cli_t *cli)
{
    static const cli_list_t list = {
        .what = "events",
        .type = "convene.cli.events.v1",
        .counted = "events",
        .filters = {"year", "status", "dimension", "body", "country", "line"},
        .columns = {"event", "status", "date", "city", "format", "#seats", "#v", "title"},
        .print_row = print_event,
    };
    return cli_list(cli, &list);
}

int cli_plan_show(cli_t *cli)
{
    cli->as = "observer";
    char key[KEY_MAX] = "";
    int64_t year;
    if (cli_has(cli, "year")) {
        if (!cli_number(cli, "--year", cli_flag(cli, "year", ""), 1, 9999, &year))
            return CLI_USAGE;
        (void)snprintf(key, sizeof key, "year=%lld", (long long)year);
    }
    json_t *messages;
    int status = rows_of(cli, "events", key, &messages);
    if (status != CLI_OK)
        return status;
    json_t *by_status = json_object(), *by_dimension = json_object(), *by_line = json_object();
    for (size_t i = 0; i < json_array_size(messages); i++) {
        const json_t *event = data_of(json_array_get(messages, i));
        count(by_status, cli_or_dash(cli_text_of(event, "status")));
        count(by_dimension, cli_or_dash(cli_text_of(event, "dimension")));
        count(by_line, cli_or_dash(cli_text_of(event, "line")));
    }
    size_t n = json_array_size(messages);
    json_decref(messages);
    if (cli->json)
        return cli_document(cli, "convene.cli.plan.v1",
                            json_pack("{s:i, s:o, s:o, s:o}", "events", (int)n, "by_status", by_status, "by_dimension",
                                      by_dimension, "by_line", by_line));
    printf("%zu events\n\n", n);
    print_counts(cli, "status", by_status);
    putchar('\n');
    print_counts(cli, "dimension", by_dimension);
    putchar('\n');
    print_counts(cli, "planning line", by_line);
    json_decref(by_status);
    json_decref(by_dimension);
    json_decref(by_line);
    return CLI_OK;
}

void cli_print_fields(cli_t *cli, const json_t *object, int indent)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        printf("%*s%s%-*s%s ", indent, "", cli_style(cli, CLI_DIM), 18 - indent, key, cli_style(cli, CLI_PLAIN));
        size_t len = strlen(key);
        if (json_is_string(value)) {
            printf("%s\n", json_string_value(value));
        } else if (json_is_integer(value) && len > 3 && strcmp(key + len - 3, "_ms") == 0) {
            char time[CV_TIME_TEXT + 1];
            cv_time_text(json_integer_value(value), time);
            printf("%s\n", time);
        } else if (json_is_integer(value)) {
            printf("%lld\n", (long long)json_integer_value(value));
        } else if (json_is_boolean(value)) {
            printf("%s\n", json_is_true(value) ? "yes" : "no");
        } else if (json_is_object(value)) {
            putchar('\n');
            cli_print_fields(cli, value, indent + 2);
        } else if (json_is_array(value)) {
            for (size_t i = 0; i < json_array_size(value); i++) {
                json_t *item = json_array_get(value, i);
                char *text = json_is_string(item) ? NULL : json_dumps(item, JSON_COMPACT | JSON_ENCODE_ANY);
                printf("%s%s", i ? ", " : "", text ? text : json_string_value(item));
                free(text);
            }
            putchar('\n');
        } else {
            putchar('\n');
        }
    }
}

int cli_event_show(cli_t *cli)
{
    cli->as = "observer";
    const char *id = cli->args[0];
    int status = cli_connect(cli);
    if (status != CLI_OK)
        return status;
    json_t *found = NULL, *turnout = NULL;
    int rc = cli_query_json(cli, "scheduling", cli_has(cli, "history") ? "history" : "event", id, &found);
    if (rc == CV_ENOTFOUND)
        return cli_fail(cli, CLI_NOTFOUND, "there is no event %s; `convene event list` shows all", id);
    if (rc != CV_OK)
        return cli_query_failed(cli, rc, "cannot show event %s", id);
    rc = cli_query_json(cli, "scheduling", "turnout", id, &turnout);
    if (rc != CV_OK)
        turnout = json_array(); /* the event is what was asked for */
    if (cli->json) {
        json_t *doc = json_pack("{s:o}", "turnout", cli_datas(turnout));
        if (cli_has(cli, "history"))
            json_object_set_new(doc, "history", cli_datas(found));
        else
            json_object_set(doc, "event", data_of(json_array_get(found, 0)));
        status = cli_document(cli, "convene.cli.event.v1", doc);
    } else {
        for (size_t i = 0; i < json_array_size(found); i++) {
            if (i)
                putchar('\n');
            cli_print_fields(cli, data_of(json_array_get(found, i)), 0);
        }
        if (json_array_size(turnout)) {
            putchar('\n');
            const char *columns[] = {"party", "answer", "#confirmed", "#waiting", "#online", "#withdrawn"};
            cli_table_t *table = cli_table_new(cli, columns, 6);
            for (size_t i = 0; i < json_array_size(turnout); i++) {
                const json_t *one = data_of(json_array_get(turnout, i));
                static const char *const numbers[] = {"confirmed", "waiting", "online", "withdrawn"};
                cli_table_cell(table, CLI_BOLD, "%s", cli_text_of(one, "party"));
                cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(one, "answer"));
                for (size_t k = 0; k < 4; k++)
                    cli_table_cell(table, CLI_PLAIN, "%lld", (long long)cli_int_of(one, numbers[k]));
            }
            cli_table_print(&table);
        }
    }
    json_decref(found);
    json_decref(turnout);
    return status;
}

/* ---- delegations and requests --------------------------------------------------------------- */

static bool is_delegation_key(const char *text)
{
    const char *slash = strchr(text, '/');
    return slash && slash != text && slash[1] && !strchr(slash + 1, '/');
}

int cli_delegation_show(cli_t *cli)
{
    const char *key = cli->args[0];
    if (!is_delegation_key(key))
        return cli_usage(cli, "\"%s\" must be EVENT/PARTY, for instance 2025-SWG-2/KZ", key);
    cli->as = "operator";
    int status = cli_connect(cli);
    if (status != CLI_OK)
        return status;
    json_t *found = NULL;
    int rc = cli_query_json(cli, "registration", "delegation", key, &found);
    if (rc == CV_ENOTFOUND || (rc == CV_OK && json_array_size(found) == 0)) {
        json_decref(found);
        return cli_fail(cli, CLI_NOTFOUND, "nothing was ever asked for %s", key);
    }
    if (rc != CV_OK)
        return cli_query_failed(cli, rc, "cannot show delegation %s", key);
    if (cli->json) {
        status = cli_document(cli, "convene.cli.delegation.v1", json_pack("{s:o}", "records", cli_datas(found)));
    } else {
        for (size_t i = 0; i < json_array_size(found); i++)
            cli_print_fields(cli, data_of(json_array_get(found, i)), 0);
    }
    json_decref(found);
    return status;
}

/* Which service remembers this request: its outcome as a message. CV_ENOTFOUND: none. */
static int find_request(cli_t *cli, const char *id, const char **ret_service, json_t **ret_message)
{
    int worst = CV_ENOTFOUND;
    for (size_t i = 0; i < CLI_SERVICES_N; i++) {
        json_t *found = NULL;
        int rc = cli_query_json(cli, cli_services[i], "request", id, &found);
        if (rc == CV_OK && json_array_size(found) > 0) {
            *ret_service = cli_services[i];
            *ret_message = json_incref(json_array_get(found, 0));
            json_decref(found);
            return CV_OK;
        }
        json_decref(found);
        if (rc != CV_OK && rc != CV_ENOTFOUND && worst == CV_ENOTFOUND)
            worst = rc;
    }
    return worst;
}

static int request_failed(cli_t *cli, int rc, const char *id)
{
    if (rc == CV_ENOTFOUND)
        return cli_fail(cli, CLI_NOTFOUND,
                        "no service remembers request %s: it was not decided, or its answer was not a decision", id);
    return cli_query_failed(cli, rc, "cannot look for request %s", id);
}

int cli_request_show(cli_t *cli)
{
    const char *id = cli->args[0];
    uint8_t key[CV_UUID_LEN];
    if (cv_uuid_parse(cv_str(id), key) != CV_OK)
        return cli_usage(cli, "\"%s\" is no UUID", id);
    cli->as = "operator";
    int status = cli_connect(cli);
    if (status != CLI_OK)
        return status;
    const char *service;
    json_t *message = NULL;
    int rc = find_request(cli, id, &service, &message);
    if (rc != CV_OK)
        return request_failed(cli, rc, id);
    if (cli->json) {
        json_t *doc = json_pack("{s:s, s:O}", "service", service, "outcome", message);
        status = cli_document(cli, "convene.cli.request.v1", doc);
    } else {
        printf("%-18s %s\n%-18s %s\n", "request", id, "decided by", service);
        printf("%-18s %s\n", "at", cli_text_of(message, "time"));
        cli_print_fields(cli, data_of(message), 0);
    }
    json_decref(message);
    return status;
}

static void explain_persons(cli_t *cli, const json_t *persons)
{
    for (size_t i = 0; i < json_array_size(persons); i++) {
        const json_t *person = json_array_get(persons, i);
        printf("  person %lld: %s", (long long)cli_int_of(person, "number"), cli_text_of(person, "state"));
        if (json_object_get(person, "position"))
            printf(", number %lld on the waiting list", (long long)cli_int_of(person, "position"));
        if (*cli_text_of(person, "rule"))
            printf(" (%s)", cli_text_of(person, "rule"));
        putchar('\n');
    }
    (void)cli;
}

static void explain_seats(const json_t *seats)
{
    if (!seats)
        return;
    printf("  seats then: %lld in all, %lld confirmed, %lld free, %lld waiting; of the party %lld confirmed (%lld "
           "guaranteed, at most %lld), %lld waiting\n",
           (long long)cli_int_of(seats, "capacity"), (long long)cli_int_of(seats, "confirmed"),
           (long long)cli_int_of(seats, "free"), (long long)cli_int_of(seats, "waiting"),
           (long long)cli_int_of(seats, "party_confirmed"), (long long)cli_int_of(seats, "party_guaranteed"),
           (long long)cli_int_of(seats, "party_maximum"), (long long)cli_int_of(seats, "party_waiting"));
    char sum[512];
    advice_sum(seats, sum, sizeof sum);
    printf("  the sum: %s\n", sum);
}

static void explain_parts(const json_t *parts)
{
    for (size_t i = 0; i < json_array_size(parts); i++) {
        const json_t *part = json_array_get(parts, i);
        const char *advice = advice_for(cli_text_of(part, "code"));
        printf("  registration %zu, %s: %s, %s. %s\n", i + 1, cli_text_of(part, "party"), cli_text_of(part, "class"),
               cli_text_of(part, "code"), cli_text_of(part, "text"));
        if (advice)
            printf("    what would be right: %s\n", advice);
    }
}

/* For the whole, and for each rule that a person got and the whole did not. */
static void explain_advice(const json_t *outcome)
{
    const json_t *persons = json_object_get(json_object_get(outcome, "decision"), "persons");
    const char *code = cli_text_of(outcome, "code"), *advice = advice_for(code), *told[COUNTS_MAX];
    size_t told_n = 0;
    if (advice)
        printf("  what would be right: %s\n", advice);
    told[told_n++] = code;
    for (size_t i = 0; i < json_array_size(persons) && told_n < COUNTS_MAX; i++) {
        const char *rule = cli_text_of(json_array_get(persons, i), "rule");
        size_t k = 0;
        while (k < told_n && strcmp(told[k], rule) != 0)
            k++;
        if (k < told_n || !(advice = advice_for(rule)))
            continue;
        told[told_n++] = rule;
        printf("  what would be right (%s): %s\n", rule, advice);
    }
}

static void explain_exception(const json_t *exception)
{
    char until[CV_TIME_TEXT + 1];
    if (!exception)
        return;
    cv_time_text(cli_int_of(exception, "until_ms"), until);
    printf("  by an exception until %s, granted in request %s\n", until, cli_text_of(exception, "grant"));
}

static int explain_request(cli_t *cli, const char *id)
{
    const char *service;
    json_t *message = NULL;
    int rc = find_request(cli, id, &service, &message);
    if (rc != CV_OK)
        return request_failed(cli, rc, id);
    if (cli->json) {
        int status = cli_document(cli, "convene.cli.explanation.v1",
                                  json_pack("{s:s, s:s, s:O}", "request", id, "service", service, "outcome", message));
        json_decref(message);
        return status;
    }
    const json_t *outcome = data_of(message), *decision = json_object_get(outcome, "decision");
    printf("%s decided request %s at %s: %s, %s.\n  %s\n", service, id, cli_text_of(message, "time"),
           cli_text_of(outcome, "class"), cli_text_of(outcome, "code"), cli_text_of(outcome, "text"));
    if (*cli_text_of(outcome, "field"))
        printf("  it lies in %s\n", cli_text_of(outcome, "field"));
    if (*cli_text_of(decision, "rule"))
        printf("  rule: %s\n", cli_text_of(decision, "rule"));
    explain_exception(json_object_get(decision, "exception"));
    explain_persons(cli, json_object_get(decision, "persons"));
    explain_seats(json_object_get(decision, "seats"));
    explain_parts(json_object_get(outcome, "parts"));
    explain_advice(outcome);
    if (*cli_text_of(outcome, "stream"))
        printf("  on record as %s number %lld\n", cli_text_of(outcome, "stream"),
               (long long)cli_int_of(outcome, "sequence"));
    json_decref(message);
    return CLI_OK;
}

/* ---- the story of one delegation, from the public stream ------------------------------------ */

typedef struct {
    char event[CV_MAX_ATTRIBUTE], party[CV_PARTY_MAX + 1];
    json_t *story;
} story_t;

static int add_to_story(void *arg, const cv_stream_event_t *event)
{
    story_t *story = arg;
    if (!event->raw.ptr || !event->msg.data)
        return CV_OK;
    json_t *message = cli_json_of_message(&event->msg);
    const json_t *data = data_of(message);
    if (strcmp(cli_text_of(data, "event"), story->event) == 0 && strcmp(cli_text_of(data, "party"), story->party) == 0)
        json_array_append(story->story, message);
    json_decref(message);
    return CV_OK;
}

static int explain_delegation(cli_t *cli, const char *key)
{
    story_t story = {.story = json_array()};
    const char *slash = strchr(key, '/');
    if (cv_str_copy((cv_str_t){key, (size_t)(slash - key)}, story.event, sizeof story.event) != CV_OK ||
        cv_str_copy(cv_str(slash + 1), story.party, sizeof story.party) != CV_OK)
        return json_decref(story.story), cli_usage(cli, "\"%s\" is too long for EVENT/PARTY", key);
    cv_stream_t *stream = NULL;
    int rc = cv_client_follow(cli->client, "registration", "registration.events", NULL, &stream);
    int64_t end_ms = cv_clock_mono_ms() + cli->timeout_ms;
    while (rc >= 0 && !cv_stream_status(stream).live && cv_clock_mono_ms() < end_ms) {
        rc = cv_stream_poll(stream, 100, add_to_story, &story);
        if (rc > 0)
            end_ms = cv_clock_mono_ms() + cli->timeout_ms;
    }
    bool live = rc >= 0 && cv_stream_status(stream).live;
    cv_stream_destroy(&stream);
    int status = CLI_OK;
    if (!live) {
        status = cli_fail(cli, CLI_UNREACHABLE, "registration does not give its records (waited %lld ms)",
                          (long long)cli->timeout_ms);
    } else if (json_array_size(story.story) == 0) {
        status = cli_fail(cli, CLI_NOTFOUND, "nothing was ever decided for %s", key);
    } else if (cli->json) {
        status = cli_document(cli, "convene.cli.explanation.v1",
                              json_pack("{s:s, s:O}", "delegation", key, "records", story.story));
    } else {
        for (size_t i = 0; i < json_array_size(story.story); i++) {
            const json_t *message = json_array_get(story.story, i), *data = data_of(message);
            if (*cli_text_of(data, "kind"))
                printf("%s  %s: %s, %s (request %s)\n", cli_text_of(message, "time"), cli_text_of(data, "kind"),
                       cli_text_of(data, "class"), cli_text_of(data, "code"), cli_text_of(data, "request"));
            else if (!*cli_text_of(data, "cause"))
                printf("%s  did not accept the offer in time and left the waiting list\n",
                       cli_text_of(message, "time"));
            else
                printf("%s  %s: %s\n", cli_text_of(message, "time"),
                       json_object_get(data, "expires_ms") ? "was offered what became free"
                                                           : "moved up from the waiting list",
                       cli_text_of(data, "cause"));
            explain_persons(cli, json_object_get(data, "persons"));
            explain_seats(json_object_get(data, "seats"));
        }
    }
    json_decref(story.story);
    return status;
}

int cli_explain(cli_t *cli)
{
    const char *id = cli->args[0];
    uint8_t key[CV_UUID_LEN];
    bool is_request = cv_uuid_parse(cv_str(id), key) == CV_OK;
    if (!is_request && !is_delegation_key(id))
        return cli_usage(cli, "\"%s\" is neither a request's id (a UUID) nor EVENT/PARTY", id);
    cli->as = "operator";
    int status = cli_connect(cli);
    if (status != CLI_OK)
        return status;
    return is_request ? explain_request(cli, id) : explain_delegation(cli, id);
}
