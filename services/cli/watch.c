/* watch: a live view of seats, streams and lag, for a terminal; lines for everything else.
 * SPDX-License-Identifier: Apache-2.0
 *
 * It asks the services once per interval and shows what they answer; it keeps nothing.
 */
#include "process.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { INTERVAL_MS = 1000, ASK_MS = 800 };

/* {"services": {...}, "events": [...], "delivery": {...}} */
static json_t *look(cli_t *cli)
{
    json_t *services = json_object(), *events = json_array();
    for (size_t i = 0; i < CLI_SERVICES_N; i++) {
        json_t *data = NULL;
        int rc = cli_service_status(cli, cli_services[i], ASK_MS, &data);
        /* What moves by itself is no change. */
        json_object_del(data, "now_ms");
        json_object_del(data, "counters");
        json_object_set_new(services, cli_services[i], rc == CV_OK ? data : json_null());
    }
    json_t *seats = NULL;
    if (!json_is_null(json_object_get(services, "registration")) &&
        cli_query_json(cli, "registration", "events", NULL, &seats) == CV_OK)
        for (size_t i = 0; i < json_array_size(seats); i++) {
            json_t *row = json_object_get(json_array_get(seats, i), "data");
            if (cli_int_of(row, "capacity") || cli_int_of(row, "registered") || cli_int_of(row, "declined"))
                json_array_append(events, row);
        }
    json_decref(seats);
    json_t *delivery = NULL, *now;
    if (!json_is_null(json_object_get(services, "notifications")) && cli_delivery_ask(cli, &delivery) != CV_OK)
        delivery = NULL;
    json_object_del(delivery, "attempts"); /* counters */
    now = json_pack("{s:o, s:o}", "services", services, "events", events);
    if (delivery)
        json_object_set_new(now, "delivery", delivery);
    return now;
}

/* Whether any service does. */
static bool answers(const json_t *now)
{
    const char *name;
    json_t *data;
    bool any = false;
    json_object_foreach(json_object_get(now, "services"), name, data)
    {
        any |= !json_is_null(data);
    }
    return any;
}

static void print_delivery(cli_t *cli, json_t *delivery, json_t *shown, const char *time)
{
    char text[256];
    if (!delivery || json_equal(delivery, json_object_get(shown, "delivery")))
        return;
    json_object_set(shown, "delivery", delivery);
    cli_delivery_text(delivery, text, sizeof text);
    if (cli->json)
        (void)cli_line(
            json_pack("{s:s, s:s, s:O}", "schema", "convene.cli.watch.v1", "time", time, "delivery", delivery));
    else
        printf("%s mail and webhooks: %s\n", time, text);
}

/* What changes with time alone is no change. */
static void print_lines(cli_t *cli, const json_t *now, json_t *shown)
{
    const char *name;
    json_t *data, *events = json_object_get(now, "events");
    char key[CV_MAX_TOPIC + CV_NAME_MAX + 2], text[256], time[CV_TIME_TEXT + 1];
    cv_time_text(cv_clock_wall_ms(), time);
    json_object_foreach(json_object_get(now, "services"), name, data)
    {
        json_t *follows = json_object_get(data, "follows");
        (void)snprintf(text, sizeof text, "%s %s", name,
                       json_is_null(data)                             ? "down"
                       : json_is_true(json_object_get(data, "ready")) ? "up"
                                                                      : "not ready");
        if (strcmp(cli_text_of(shown, name), text) != 0) {
            json_object_set_new(shown, name, json_string(text));
            if (cli->json)
                (void)cli_line(json_pack("{s:s, s:s, s:s, s:b}", "schema", "convene.cli.watch.v1", "time", time,
                                         "service", name, "up", !json_is_null(data)));
            else
                printf("%s service %s\n", time, text);
        }
        for (size_t i = 0; i < json_array_size(follows); i++) {
            const json_t *one = json_array_get(follows, i);
            (void)snprintf(key, sizeof key, "%s %s", name, cli_text_of(one, "stream"));
            (void)snprintf(text, sizeof text, "%s at %lld of %lld", cli_text_of(one, "state"),
                           (long long)cli_int_of(one, "cursor"), (long long)cli_int_of(one, "head"));
            if (strcmp(cli_text_of(shown, key), text) == 0)
                continue;
            json_object_set_new(shown, key, json_string(text));
            if (cli->json)
                (void)cli_line(json_pack("{s:s, s:s, s:s, s:O}", "schema", "convene.cli.watch.v1", "time", time,
                                         "service", name, "follows", one));
            else
                printf("%s %s follows %s: %s\n", time, name, cli_text_of(one, "stream"), text);
        }
    }
    for (size_t i = 0; i < json_array_size(events); i++) {
        json_t *event = json_array_get(events, i), *before = json_object_get(shown, cli_text_of(event, "event"));
        if (before && json_equal(before, event))
            continue;
        json_object_set(shown, cli_text_of(event, "event"), event);
        if (cli->json)
            (void)cli_line(
                json_pack("{s:s, s:s, s:O}", "schema", "convene.cli.watch.v1", "time", time, "event", event));
        else
            printf("%s event %s %s: %lld of %lld seats, %lld waiting, %lld free, %lld registered, %lld declined\n",
                   time, cli_text_of(event, "event"), cli_text_of(event, "status"),
                   (long long)cli_int_of(event, "confirmed"), (long long)cli_int_of(event, "capacity"),
                   (long long)cli_int_of(event, "waiting"), (long long)cli_int_of(event, "free"),
                   (long long)cli_int_of(event, "registered"), (long long)cli_int_of(event, "declined"));
    }
    print_delivery(cli, json_object_get(now, "delivery"), shown, time);
    fflush(stdout);
}

enum { BAR_CELLS = 16 };

static void bar(int64_t part, int64_t whole, char ret_text[BAR_CELLS + 1])
{
    int64_t full = whole > 0 ? part * BAR_CELLS / whole : 0;
    memset(ret_text, '.', BAR_CELLS);
    memset(ret_text, '#', (size_t)(full < BAR_CELLS ? full : BAR_CELLS));
    ret_text[BAR_CELLS] = '\0';
}

static void print_screen(cli_t *cli, const json_t *now)
{
    const char *bold = cli_style(cli, CLI_BOLD), *plain = cli_style(cli, CLI_PLAIN), *name;
    json_t *data, *events = json_object_get(now, "events");
    printf("%sConvene%s   ", bold, plain);
    json_object_foreach(json_object_get(now, "services"), name, data)
    {
        bool up = json_is_true(json_object_get(data, "ready"));
        printf("%s%s %s%s   ", cli_style(cli, up ? CLI_GREEN : CLI_RED), name, up ? "up" : "DOWN", plain);
    }
    printf("\n\n");
    const char *columns[] = {"event",    "status", "#seats",  "filled",   "#confirmed",
                             "#waiting", "#free",  "#online", "#answers", "title"};
    cli_table_t *table = cli_table_new(cli, columns, 10);
    for (size_t i = 0; i < json_array_size(events); i++) {
        const json_t *event = json_array_get(events, i);
        char cells[BAR_CELLS + 1];
        bar(cli_int_of(event, "confirmed"), cli_int_of(event, "capacity"), cells);
        cli_table_cell(table, CLI_BOLD, "%s", cli_text_of(event, "event"));
        cli_table_cell(table, strcmp(cli_text_of(event, "status"), "open") == 0 ? CLI_GREEN : CLI_PLAIN, "%s",
                       cli_text_of(event, "status"));
        cli_table_cell(table, CLI_PLAIN, "%lld", (long long)cli_int_of(event, "capacity"));
        cli_table_cell(table, CLI_PLAIN, "%s", cells);
        cli_table_cell(table, CLI_PLAIN, "%lld", (long long)cli_int_of(event, "confirmed"));
        cli_table_cell(table, cli_int_of(event, "waiting") ? CLI_YELLOW : CLI_PLAIN, "%lld",
                       (long long)cli_int_of(event, "waiting"));
        cli_table_cell(table, CLI_PLAIN, "%lld", (long long)cli_int_of(event, "free"));
        cli_table_cell(table, CLI_PLAIN, "%lld", (long long)cli_int_of(event, "online"));
        cli_table_cell(table, CLI_PLAIN, "%lld",
                       (long long)(cli_int_of(event, "registered") + cli_int_of(event, "declined")));
        cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(event, "title"));
    }
    cli_table_print(&table);
    if (json_object_get(now, "delivery")) {
        char text[256];
        cli_delivery_text(json_object_get(now, "delivery"), text, sizeof text);
        printf("\nMail and webhooks: %s\n", text);
    }
    putchar('\n');
    const char *streams[] = {"service", "stream", "state", "#at", "#head", "#lag"};
    table = cli_table_new(cli, streams, 6);
    json_object_foreach(json_object_get(now, "services"), name, data)
    {
        json_t *list = json_object_get(data, "streams");
        for (size_t i = 0; i < json_array_size(list); i++) {
            const json_t *one = json_array_get(list, i);
            cli_table_cell(table, CLI_BOLD, "%s", name);
            cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(one, "name"));
            cli_table_cell(table, CLI_DIM, "writes");
            cli_table_cell(table, CLI_PLAIN, "%lld", (long long)cli_int_of(one, "head"));
            cli_table_cell(table, CLI_PLAIN, "%lld", (long long)cli_int_of(one, "head"));
            cli_table_cell(table, CLI_PLAIN, " ");
        }
        list = json_object_get(data, "follows");
        for (size_t i = 0; i < json_array_size(list); i++) {
            const json_t *one = json_array_get(list, i);
            int64_t lag = cli_int_of(one, "head") - cli_int_of(one, "cursor");
            cli_table_cell(table, CLI_BOLD, "%s", name);
            cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(one, "stream"));
            cli_table_cell(table, strcmp(cli_text_of(one, "state"), "live") == 0 ? CLI_GREEN : CLI_YELLOW, "%s",
                           cli_text_of(one, "state"));
            cli_table_cell(table, CLI_PLAIN, "%lld", (long long)cli_int_of(one, "cursor"));
            cli_table_cell(table, CLI_PLAIN, "%lld", (long long)cli_int_of(one, "head"));
            cli_table_cell(table, lag ? CLI_YELLOW : CLI_PLAIN, "%lld", (long long)lag);
        }
    }
    cli_table_print(&table);
}

int cli_watch(cli_t *cli)
{
    int64_t interval_ms = INTERVAL_MS;
    if (cli_has(cli, "interval") && !cli_duration(cli, "--interval", cli_flag(cli, "interval", ""), &interval_ms))
        return CLI_USAGE;
    cli->as = "observer";
    int status = cli_connect(cli);
    if (status != CLI_OK)
        return status;
    bool once = cli_has(cli, "once"), screen = cli->tty && !cli->json && !once;
    json_t *shown = json_object(), *before = NULL;
    cli_catch_signals();
    if (screen)
        printf("\033[?1049h\033[?25l"); /* another screen, no cursor */
    do {
        json_t *now = look(cli);
        if (once && !answers(now)) {
            status = cli_fail(cli, CLI_UNREACHABLE, "no service answers; `convene status` says where it looks");
        } else if (once && cli->json) {
            status = cli_document(cli, "convene.cli.watch.v1", json_incref(now));
        } else if (once) {
            print_screen(cli, now);
        } else if (screen) {
            if (!before || !json_equal(before, now)) {
                printf("\033[H\033[2J");
                print_screen(cli, now);
                fflush(stdout);
            }
        } else {
            print_lines(cli, now, shown);
        }
        json_decref(before);
        before = now;
        int64_t end_ms = cv_clock_mono_ms() + interval_ms;
        while (!once && !cli_stopped() && cv_clock_mono_ms() < end_ms)
            (void)cv_client_poll(cli->client, end_ms - cv_clock_mono_ms(), NULL, NULL);
    } while (!once && !cli_stopped() && !ferror(stdout));
    if (screen)
        printf("\033[?25h\033[?1049l");
    json_decref(before);
    json_decref(shown);
    return once || screen ? status : cli_stopped() ? CLI_INTERRUPTED : status;
}
