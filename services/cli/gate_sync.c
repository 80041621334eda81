/* gate_sync: a gate tells what it has seen, and brings keys and revocations up to date. See gate.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gate.h"
#include "send.h"

#include "convene/ids.h"

#include <string.h>

enum { AT_ONCE = CV_REGISTRATION_SCAN_MERGE_V1_SCANS_MAX };

/* ---- the clock ----------------------------------------------------------------------------------------------- */

typedef struct {
    int64_t now_ms, service_ms; /* the same instant, by this clock and by the service's */
} clocks_t;

/* The answer was written somewhere between question and answer: in the middle, if both ways take the same time. */
static int compare_clocks(cli_t *cli, clocks_t *ret_clocks)
{
    const cv_log_query_v1_t query = {.what = CV_STR("status")};
    cv_reply_t *reply = NULL;
    int64_t before_ms = cv_clock_wall_ms();
    int rc = cv_client_ask(cli->client, "registration", CV_MSG_LOG_QUERY_V1, &query, cli->timeout_ms, &reply);
    if (rc != CV_OK)
        return rc;
    ret_clocks->now_ms = before_ms + (cv_clock_wall_ms() - before_ms) / 2;
    ret_clocks->service_ms = reply->msg.time_ms;
    cv_reply_destroy(&reply);
    return CV_OK;
}

/* ---- telling ------------------------------------------------------------------------------------------------- */

typedef struct {
    cli_t *cli;
    int status;
} told_t;

static void on_done(void *arg, const cli_sent_t *sent)
{
    told_t *told = arg;
    if (sent->rc == CV_OK && sent->cls == CV_OUTCOME_CLASS_OK) {
        told->status = CLI_OK;
    } else if (sent->outcome) {
        int status = sent->rc == CV_OK ? cli_status_of_class(sent->cls) : cli_status_of(sent->rc);
        told->status =
            cli_fail(told->cli, status, "%.*s: %.*s", CV_STR_ARG(sent->outcome->code), CV_STR_ARG(sent->outcome->text));
    } else if (sent->fault) {
        told->status = cli_fail(told->cli, CLI_FAILED, "%s: %s", sent->fault->path, sent->fault->text);
    } else {
        told->status = cli_fail(told->cli, cli_status_of(sent->rc),
                                "no answer in time; nothing is lost, sync again when there is a connection");
    }
}

static json_t *request_of(const gate_t *gate, const gate_scan_t *scans, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        const gate_scan_t *scan = &scans[i];
        json_array_append_new(list, json_pack("{s:I, s:I, s:I, s:I, s:s, s:s}", "sequence", (json_int_t)scan->sequence,
                                              "badge", (json_int_t)scan->badge, "at_ms", (json_int_t)scan->at_ms,
                                              "offset_ms", (json_int_t)scan->offset_ms, "direction",
                                              cv_scan_direction_text((cv_scan_direction_t)scan->direction), "verdict",
                                              cv_scan_verdict_text((cv_scan_verdict_t)scan->verdict)));
    }
    return json_pack("{s:s, s:s, s:I, s:o}", "event", gate->event, "gate", gate->name, "run", (json_int_t)gate->run,
                     "scans", list);
}

static int tell_some(cli_t *cli, const gate_t *gate, const gate_scan_t *scans, size_t n)
{
    told_t told = {.cli = cli, .status = CLI_FAILED};
    cli_sender_t *sender = cli_sender_new(cli, cli->client, 1, cli->timeout_ms, on_done, &told);
    if (!sender)
        return cli_fail(cli, CLI_FAILED, "out of memory");
    int rc = cli_sender_add(sender, 0, cv_msg_info_at(CV_MSG_REGISTRATION_SCAN_MERGE_V1), request_of(gate, scans, n),
                            false, NULL);
    if (rc == CV_OK)
        rc = cli_sender_wait(sender);
    cli_sender_destroy(&sender);
    return rc == CV_OK ? told.status
                       : cli_fail(cli, cli_status_of(rc), "cannot send: %s", cv_client_error(cli->client));
}

static int tell(cli_t *cli, gate_t *gate, const clocks_t *clocks, int64_t *ret_told)
{
    gate_scan_t scans[AT_ONCE];
    size_t n = 0;
    int rc = gate_fix_offsets(gate, clocks->now_ms - clocks->service_ms);
    for (;;) {
        if (rc == CV_OK)
            rc = gate_untold(gate, scans, AT_ONCE, &n);
        if (rc != CV_OK)
            return cli_fail(cli, CLI_FAILED, "the gate's file: %s", cv_error_text(rc));
        if (!n)
            return CLI_OK;
        int status = tell_some(cli, gate, scans, n);
        if (status != CLI_OK)
            return status;
        rc = gate_told(gate, scans[0].sequence, scans[n - 1].sequence);
        *ret_told += (int64_t)n;
    }
}

/* ---- fetching ------------------------------------------------------------------------------------------------ */

static int fetch(cli_t *cli, gate_t *gate, const clocks_t *clocks)
{
    json_t *keys = NULL, *badges = NULL;
    int rc = cli_query_json(cli, "registration", "badge_keys", NULL, &keys);
    if (rc == CV_OK)
        rc = cli_query_json(cli, "registration", "badges", gate->event, &badges);
    int status = CLI_OK;
    if (rc == CV_ENOTFOUND)
        status = cli_fail(cli, CLI_NOTFOUND, "registration knows no event %s", gate->event);
    else if (rc != CV_OK)
        status = cli_query_failed(cli, rc, "cannot bring keys and badges up to date");
    if (status == CLI_OK)
        rc = gate_refresh(gate, keys, badges, clocks->now_ms, clocks->service_ms);
    if (status == CLI_OK && rc != CV_OK)
        status = cli_fail(cli, CLI_FAILED, "the gate's file: %s", cv_error_text(rc));
    json_decref(keys);
    json_decref(badges);
    return status;
}

int gate_sync(cli_t *cli, gate_t *gate)
{
    clocks_t clocks;
    int64_t told = 0;
    cli->as = gate->name;
    int status = cli_connect(cli);
    if (status != CLI_OK)
        return status;
    int rc = compare_clocks(cli, &clocks);
    if (rc != CV_OK)
        return cli_query_failed(cli, rc, "cannot sync");
    status = tell(cli, gate, &clocks, &told);
    int fetched = fetch(cli, gate, &clocks); /* also when a scan cannot be told: revocations are not to wait for it */
    if (status == CLI_OK)
        status = fetched;
    if (status != CLI_OK)
        return status;
    int64_t offset_ms = clocks.now_ms - clocks.service_ms;
    if (cli->json)
        return cli_document(cli, "convene.cli.gate-synced.v1",
                            json_pack("{s:s, s:s, s:I, s:I, s:I}", "event", gate->event, "gate", gate->name, "told",
                                      (json_int_t)told, "keys", (json_int_t)gate->keys_n, "offset_ms",
                                      (json_int_t)offset_ms));
    printf("%s: %lld scans told, %zu keys; this clock is %lld ms %s the service's\n", gate->name, (long long)told,
           gate->keys_n, (long long)(offset_ms < 0 ? -offset_ms : offset_ms), offset_ms < 0 ? "behind" : "ahead of");
    return CLI_OK;
}
