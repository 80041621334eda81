/* gate: the commands of one gate, and what is said about a badge. See gate.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gate.h"

#include "convene/ids.h"

#include <stdlib.h>
#include <string.h>

enum { LINE = 1024, HOUR_MS = 3600 * 1000, OLD_HOURS = 12 };

/* ---- one badge ----------------------------------------------------------------------------------------------- */

typedef struct {
    gate_scan_t scan;
    char text[256];
} answer_t;

static void say(answer_t *answer, gate_verdict_t verdict, const char *code, const char *text)
{
    answer->scan.verdict = verdict;
    snprintf(answer->scan.code, sizeof answer->scan.code, "%s", code);
    snprintf(answer->text, sizeof answer->text, "%s", text);
}

/* The signature is good and so is all else that stands in the token. */
static int look_up(gate_t *gate, answer_t *answer)
{
    char at[CV_TIME_TEXT + 1];
    bool is_revoked = false;
    gate_direction_t last;
    int64_t last_ms;
    int rc = gate_is_revoked(gate, answer->scan.badge, &is_revoked);
    if (rc != CV_OK)
        return rc;
    if (is_revoked) {
        say(answer, GATE_REFUSED, "revoked", "The badge was revoked.");
        return CV_OK;
    }
    say(answer, GATE_ADMITTED, "good", answer->scan.direction == GATE_IN ? "Welcome." : "Goodbye.");
    rc = answer->scan.direction == GATE_IN ? gate_last_seen(gate, answer->scan.badge, &last_ms, &last) : CV_ENOTFOUND;
    if (rc == CV_OK && last == GATE_IN) {
        cv_time_text(last_ms, at);
        say(answer, GATE_WARNED, "already_inside", "");
        snprintf(answer->text, sizeof answer->text,
                 "This badge came in at this gate at %.5s UTC and did not go out here: is it the same person?",
                 at + 11);
    }
    return rc == CV_ENOTFOUND ? CV_OK : rc;
}

/* Judges, and puts it on disk: CV_OK only then. */
static int judge(gate_t *gate, const char *token, gate_direction_t direction, int64_t now_ms, answer_t *ret_answer)
{
    answer_t answer = {.scan = {.at_ms = now_ms, .direction = direction}};
    cv_badge_t badge = {0};
    uint8_t event[8];
    int rc = CV_OK;
    cv_badge_event(cv_str(gate->event), event);
    cv_badge_fault_t fault =
        cv_badge_verify(cv_str(token), gate->keys, gate->keys_n, event, now_ms - gate->offset_ms, &badge);
    bool is_signed = fault == CV_BADGE_GOOD || fault > CV_BADGE_FORGED;
    answer.scan.badge = is_signed ? badge.badge : 0;
    answer.scan.is_ours = is_signed && fault != CV_BADGE_OTHER_EVENT && memcmp(event, badge.event, sizeof event) == 0;
    if (now_ms < gate->synced_ms && is_signed)
        say(&answer, GATE_REFUSED, "clock",
            "This machine's clock is before the last sync: set it, or nothing can be said about a badge's time.");
    else if (fault != CV_BADGE_GOOD)
        say(&answer, GATE_REFUSED, cv_badge_fault_word(fault), cv_badge_fault_text(fault));
    else
        rc = look_up(gate, &answer);
    if (rc == CV_OK)
        rc = gate_keep(gate, &answer.scan, &answer.scan.sequence);
    if (rc == CV_OK)
        *ret_answer = answer;
    return rc;
}

static void show(cli_t *cli, const answer_t *answer)
{
    static const char *const words[] = {"", "ADMITTED", "WARNED", "REFUSED"};
    static const cli_style_t styles[] = {CLI_PLAIN, CLI_GREEN, CLI_YELLOW, CLI_RED};
    const gate_scan_t *scan = &answer->scan;
    if (cli->json) {
        (void)cli_line(json_pack(
            "{s:s, s:I, s:I, s:I, s:s, s:s, s:s, s:s}", "schema", "convene.cli.gate-scan.v1", "sequence",
            (json_int_t)scan->sequence, "badge", (json_int_t)scan->badge, "at_ms", (json_int_t)scan->at_ms, "direction",
            cv_scan_direction_text((cv_scan_direction_t)scan->direction), "verdict",
            cv_scan_verdict_text((cv_scan_verdict_t)scan->verdict), "code", scan->code, "text", answer->text));
    } else {
        printf("%s%s%s %s: %s\n", cli_style(cli, styles[scan->verdict]), words[scan->verdict],
               cli_style(cli, CLI_PLAIN), scan->code, answer->text);
    }
    (void)fflush(stdout);
}

/* ---- scanning ------------------------------------------------------------------------------------------------ */

typedef struct {
    cli_t *cli;
    gate_t *gate;
    gate_direction_t direction;
    int64_t let_in, refused;
} shift_t;

static int scan_one(shift_t *shift, const char *token)
{
    answer_t answer;
    int rc = judge(shift->gate, token, shift->direction, cv_clock_wall_ms(), &answer);
    if (rc != CV_OK)
        return cli_fail(shift->cli, CLI_FAILED, "the scan is not on disk, so it does not count: %s", cv_error_text(rc));
    show(shift->cli, &answer);
    if (answer.scan.verdict == GATE_REFUSED)
        shift->refused++;
    else
        shift->let_in++;
    return CLI_OK;
}

/* What is no token is a word for the gate itself. */
static int take_line(shift_t *shift, const char *line)
{
    if (strcmp(line, "in") == 0 || strcmp(line, "out") == 0) {
        shift->direction = *line == 'i' ? GATE_IN : GATE_OUT;
        cli_say("holders go %s from now on", line);
        return CLI_OK;
    }
    if (strcmp(line, "sync") == 0) {
        (void)gate_sync(shift->cli, shift->gate); /* it said what is wrong; the gate goes on without */
        return CLI_OK;
    }
    return scan_one(shift, line);
}

static int scan_lines(shift_t *shift)
{
    char line[LINE];
    int status = CLI_OK;
    while (status == CLI_OK && fgets(line, sizeof line, stdin)) {
        size_t len = strlen(line);
        if (len == sizeof line - 1 && line[len - 1] != '\n') { /* no token is so long: the rest belongs to it */
            for (int c = getchar(); c != EOF && c != '\n';)
                c = getchar();
        }
        while (len && (unsigned char)line[len - 1] <= ' ')
            line[--len] = '\0';
        if (len)
            status = take_line(shift, line);
    }
    return status;
}

static void warn_of_age(const gate_t *gate)
{
    int64_t age_ms = cv_clock_wall_ms() - gate->synced_ms;
    char at[CV_TIME_TEXT + 1];
    cv_time_text(gate->service_ms, at);
    cli_say("gate %s of %s; keys and revocations are of %s, %lld h %lld min ago%s", gate->name, gate->event, at,
            (long long)(age_ms / HOUR_MS), (long long)(age_ms % HOUR_MS / 60000),
            age_ms > OLD_HOURS * (int64_t)HOUR_MS ? ": old; badges revoked since are let in" : "");
}

int cli_gate_scan(cli_t *cli)
{
    gate_t gate;
    int status = gate_open(cli, cli->args[0], &gate);
    if (status != CLI_OK)
        return status;
    shift_t shift = {.cli = cli, .gate = &gate, .direction = cli_has(cli, "out") ? GATE_OUT : GATE_IN};
    if (!gate.synced_ms)
        status = cli_fail(cli, CLI_REFUSED, "%s has no keys yet; `convene gate sync %s` fetches them", cli->args[0],
                          cli->args[0]);
    else
        warn_of_age(&gate);
    for (int i = 1; status == CLI_OK && i < cli->args_n; i++)
        status = scan_one(&shift, cli->args[i]);
    if (status == CLI_OK && cli->args_n == 1)
        status = scan_lines(&shift);
    gate_close(&gate);
    if (status != CLI_OK || !shift.refused)
        return status;
    return shift.let_in ? CLI_PARTIAL : CLI_REFUSED;
}

/* ---- the other commands -------------------------------------------------------------------------------------- */

int cli_gate_init(cli_t *cli)
{
    const char *event = cli_flag(cli, "event", NULL), *name = cli_flag(cli, "gate", NULL);
    gate_t gate;
    if (!event || !*event || strlen(event) >= sizeof gate.event)
        return cli_usage(cli, "--event EVENT must say which event's badges it lets in");
    if (!name || !*name || strlen(name) > CV_NAME_MAX)
        return cli_usage(cli,
                         "--gate NAME must say which gate it is; `convene keys add NAME --role gate` makes its key");
    int status = gate_make(cli, cli->args[0], event, name, &gate);
    if (status != CLI_OK)
        return status;
    status = gate_sync(cli, &gate);
    gate_close(&gate);
    return status;
}

int cli_gate_sync(cli_t *cli)
{
    gate_t gate;
    int status = gate_open(cli, cli->args[0], &gate);
    if (status != CLI_OK)
        return status;
    status = gate_sync(cli, &gate);
    gate_close(&gate);
    return status;
}

int cli_gate_status(cli_t *cli)
{
    gate_counts_t counts;
    gate_t gate;
    char at[CV_TIME_TEXT + 1] = "never";
    int status = gate_open(cli, cli->args[0], &gate);
    if (status != CLI_OK)
        return status;
    int rc = gate_count(&gate, &counts);
    if (gate.synced_ms)
        cv_time_text(gate.service_ms, at);
    json_t *doc = json_pack("{s:s, s:s, s:I, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "event", gate.event,
                            "gate", gate.name, "run", (json_int_t)gate.run, "synced", at, "age_ms",
                            (json_int_t)(gate.synced_ms ? cv_clock_wall_ms() - gate.synced_ms : 0), "offset_ms",
                            (json_int_t)gate.offset_ms, "keys", (json_int_t)gate.keys_n, "badges",
                            (json_int_t)counts.badges, "revoked", (json_int_t)counts.revoked, "scans",
                            (json_int_t)counts.scans, "untold", (json_int_t)counts.untold, "warned",
                            (json_int_t)counts.warned, "refused", (json_int_t)counts.refused);
    gate_close(&gate);
    if (rc != CV_OK || !doc) {
        json_decref(doc);
        return cli_fail(cli, CLI_FAILED, "%s: %s", cli->args[0], cv_error_text(rc ? rc : CV_ENOMEM));
    }
    if (cli->json)
        return cli_document(cli, "convene.cli.gate-status.v1", doc);
    cli_print_fields(cli, doc, 0);
    json_decref(doc);
    return CLI_OK;
}
