/* cli: what every command of `convene` works with.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One table (table.c) describes all commands: name, arguments, flags, help, examples and the function that does it.
 * Parsing, help and usage errors come from that table alone. Data goes to standard output, talk to standard error.
 */
#ifndef CONVENE_CLI_H
#define CONVENE_CLI_H

#include "convene/client.h"
#include "convene/config.h"

#include <jansson.h>
#include <stdio.h>

/* name, status, text */
#define CLI_EXIT_MAP(XX)                                                                             \
    XX(CLI_OK, 0, "all is well")                                                                     \
    XX(CLI_FAILED, 1, "something failed that none of the others describes")                          \
    XX(CLI_USAGE, 2, "wrong arguments, or input that does not fit its description")                  \
    XX(CLI_PARTIAL, 3, "some of several inputs succeeded and some did not")                          \
    XX(CLI_NOTFOUND, 4, "no such event, party, request, file or key")                                \
    XX(CLI_REFUSED, 5, "refused by a rule: full, closed, not allowed at this stage, id used before") \
    XX(CLI_UNREACHABLE, 6, "no answer in time, or the service cannot serve now")                     \
    XX(CLI_DENIED, 7, "the role of this key does not allow it")                                      \
    XX(CLI_INTERRUPTED, 130, "stopped by Ctrl-C")
enum {
#define XX(name, status, text) name = status,
    CLI_EXIT_MAP(XX)
#undef XX
};

enum {
    CLI_GIVEN_MAX = 512,       /* flags on one command line */
    CLI_PATH_MAX = 1024,       /* octets of a file name */
    CLI_SERVICES_N = 3,        /* those that hold something; the dashboard only shows what they say */
    CLI_LINE_MAX = 256 * 1024, /* octets of one line of input */
};

typedef struct {
    const char *name;     /* "dry-run" */
    char letter;          /* 'n'; 0: none */
    const char *argument; /* "FILE"; NULL: takes none */
    const char *help;
} cli_flag_t;

typedef struct cli cli_t;

typedef struct {
    const char *name;      /* "event show" */
    const char *group;     /* heading in the overview */
    const char *arguments; /* "EVENT"; "" */
    int args_min, args_max;
    const char *summary;
    const cli_flag_t *flags; /* ends with a NULL name; NULL: none of its own */
    const char *details;     /* paragraphs; NULL */
    const char *examples;    /* one per line */
    int (*run)(cli_t *cli);  /* gives the exit status */
} cli_command_t;
extern const cli_command_t cli_commands[]; /* ends with a NULL name */
extern const cli_flag_t cli_common_flags[];

struct cli {
    const char *program; /* argv[0] */
    const cli_command_t *command;
    int args_n;
    char **args;
    struct {
        const char *flag, *value;
    } given[CLI_GIVEN_MAX];
    size_t given_n;
    bool json;   /* one document, or JSON lines */
    bool colour; /* of standard output */
    bool tty;    /* standard output is one */
    int64_t timeout_ms;
    const char *as; /* name of the key */
    cv_config_t *config;
    cv_client_t *client;
    char client_as[CV_NAME_MAX + 1];
    bool failed_said; /* an error document was written */
};

extern const char *const cli_services[CLI_SERVICES_N];
extern const char cli_dashboard[]; /* "dashboard" */

/* ---- command.c ---- */
int cli_main(int argc, char **argv);
bool cli_has(const cli_t *cli, const char *flag);
const char *cli_flag(const cli_t *cli, const char *flag, const char *otherwise); /* the last one given */
/* A whole number between min and max; says what is wrong and gives false otherwise. */
bool cli_number(cli_t *cli, const char *what, const char *text, int64_t min, int64_t max, int64_t *ret_value);
bool cli_duration(cli_t *cli, const char *what, const char *text, int64_t *ret_ms); /* "5", "5s", "250ms", "2m", "1d" */
int cli_help(cli_t *cli);
/* The one of n words that was perhaps meant; NULL: none is near. */
const char *cli_nearest(const char *word, const char *(*at)(const void *list, size_t i), const void *list, size_t n);

/* What each exit status means. */
typedef struct {
    int status;
    const char *text;
} cli_exit_t;
enum {
#define XX(name, status, text) +1
    CLI_EXITS_N = CLI_EXIT_MAP(XX)
#undef XX
};
extern const cli_exit_t cli_exits[CLI_EXITS_N];

/* ---- output.c ---- */
/* "convene: ..." on standard error and, with --json, an error document. Returns status, for `return cli_fail(...)`. */
int cli_fail(cli_t *cli, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));
int cli_usage(cli_t *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
int cli_status_of(int rc); /* the exit status for a CV_E* */
int cli_status_of_class(cv_outcome_class_t cls);
void cli_say(const char *format, ...) __attribute__((format(printf, 1, 2))); /* talk, on standard error */
/* A document with "schema" in front; takes doc. */
int cli_document(cli_t *cli, const char *schema, json_t *doc);
/* One JSON line on standard output; takes doc. */
int cli_line(json_t *doc);

typedef enum { CLI_PLAIN, CLI_BOLD, CLI_DIM, CLI_GREEN, CLI_YELLOW, CLI_RED } cli_style_t;
const char *cli_style(const cli_t *cli, cli_style_t style); /* an escape sequence, or "" */

/* A table for people: widths by content, cells cut to the terminal; columns that are numbers are set right. */
typedef struct cli_table cli_table_t;
cli_table_t *cli_table_new(cli_t *cli, const char *const *columns, size_t n); /* "#name": right */
void cli_table_cell(cli_table_t *table, cli_style_t style, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void cli_table_print(cli_table_t **table); /* prints and frees */
void cli_table_finish(cli_table_t **table, bool print);
size_t cli_text_width(const char *text, size_t len); /* characters of UTF-8 */

/* ---- json.c ---- */
json_t *cli_json_of(const msgpack_object *object);
json_t *cli_json_of_message(const cv_msg_t *msg); /* attributes and data */
/* Data of a request from JSON, checked by the schema of its type. Views inside live as long as *ret_input. */
typedef struct {
    cv_buf_t bytes;
    msgpack_zone zone;
    bool has_zone;
    void *data;
} cli_input_t;
int cli_input_read(const cv_msg_info_t *info, const json_t *json, cli_input_t *ret_input, cv_fault_t *fault);
void cli_input_done(cli_input_t *input);
/* Puts text at a path ("contact.name", "persons[0].name") of an object, making what is missing. */
int cli_json_put(json_t *object, const char *path, json_t *value);
json_t *cli_json_at(const json_t *object, const char *path); /* borrowed; NULL */
/* Like cli_input_read for fields that came as texts: those that have to be numbers, booleans, lists are read as such.
 */
int cli_input_read_texts(const cv_msg_info_t *info, json_t *json, cli_input_t *ret_input, cv_fault_t *fault);
const char *cli_text_of(const json_t *object, const char *key); /* "" */
int64_t cli_int_of(const json_t *object, const char *key);      /* 0 */

/* ---- connect.c ---- */
int cli_config(cli_t *cli); /* reads it once; CLI_OK or a status */
/* The deployment's clock: ours, and clock/offset_ms. After cli_config. */
int64_t cli_now_ms(const cli_t *cli);
int cli_connect(cli_t *cli); /* the client of --as; CLI_OK or a status */
int cli_connect_as(cli_t *cli, const char *principal, cv_client_t **ret_client);
/* Asks and walks all pages. each gives 0 to go on; its other results end the walk and are returned. CV_E* of the
 * service otherwise. */
int cli_query(cli_t *cli, const char *service, const char *what, const char *key,
              int (*each)(void *arg, const cv_msg_t *msg), void *arg);
/* The same, as a JSON array of messages. */
int cli_query_json(cli_t *cli, const char *service, const char *what, const char *key, json_t **ret_array);
int cli_query_failed(cli_t *cli, int rc, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* status of a service as JSON data; CV_ETIMEOUT and others. */
int cli_service_status(cli_t *cli, const char *service, int64_t timeout_ms, json_t **ret_data);

/* ---- views.c ---- */
json_t *cli_datas(const json_t *messages); /* their data, as a list */
/* "key: value" for each scalar; lists of texts joined; objects indented. */
void cli_print_fields(cli_t *cli, const json_t *object, int indent);
const char *cli_or_dash(const char *text); /* "-" where it is empty */

/* What scheduling lists. Both lists end with NULL. */
typedef struct {
    const char *what, *type; /* the query, "events"; the document of --json, which has them under the same name */
    const char *counted;     /* what stands behind their number */
    const char *filters[8];  /* flags that narrow the list */
    const char *columns[10];
    void (*print_row)(cli_table_t *table, const json_t *data);
} cli_list_t;

int cli_list(cli_t *cli, const cli_list_t *list);

/* ---- commands ---- */
int cli_up(cli_t *cli);
int cli_request(cli_t *cli);
int cli_plan_import(cli_t *cli);
int cli_plan_show(cli_t *cli);
int cli_plan_compile(cli_t *cli);
int cli_plan_circulate(cli_t *cli);
int cli_plan_return(cli_t *cli);
int cli_plan_abandon(cli_t *cli);
int cli_plan_add(cli_t *cli);
int cli_plan_list(cli_t *cli);
int cli_decision_open(cli_t *cli);
int cli_decision_take(cli_t *cli);
int cli_decision_object(cli_t *cli);
int cli_decision_amend(cli_t *cli);
int cli_decision_explain(cli_t *cli);
int cli_decision_reserve(cli_t *cli);
int cli_decision_retract(cli_t *cli);
int cli_decision_list(cli_t *cli);
int cli_decision_show(cli_t *cli);
int cli_event_show(cli_t *cli);
int cli_event_list(cli_t *cli);
int cli_event_import(cli_t *cli);
int cli_delegation_show(cli_t *cli);
int cli_delegation_history(cli_t *cli);
int cli_delegation_answers(cli_t *cli);
int cli_form_show(cli_t *cli);
int cli_person_export(cli_t *cli);
int cli_person_accesses(cli_t *cli);
int cli_person_consents(cli_t *cli);
int cli_registration_import(cli_t *cli);
int cli_registration_export(cli_t *cli);
int cli_request_show(cli_t *cli);
int cli_explain(cli_t *cli);
int cli_room_set(cli_t *cli);
int cli_room_list(cli_t *cli);
int cli_rule_set(cli_t *cli);
int cli_rule_list(cli_t *cli);
int cli_session_set(cli_t *cli);
int cli_session_place(cli_t *cli);
int cli_session_cancel(cli_t *cli);
int cli_programme(cli_t *cli);
int cli_release_make(cli_t *cli);
int cli_release_list(cli_t *cli);
int cli_plan_changes(cli_t *cli);
int cli_why_session(cli_t *cli);
int cli_event_propose(cli_t *cli);
int cli_event_change(cli_t *cli);
int cli_event_advance(cli_t *cli);
int cli_place_plan(cli_t *cli);
int cli_place_programme(cli_t *cli);
int cli_place_accept(cli_t *cli);
int cli_place_fit(cli_t *cli);
int cli_why(cli_t *cli);
int cli_watch(cli_t *cli);
int cli_status(cli_t *cli);
int cli_health(cli_t *cli);
bool cli_healthy(const json_t *data); /* of cli_service_status: decides requests, and nothing is halted or parked */
int cli_doctor(cli_t *cli);
int cli_metrics(cli_t *cli);
int cli_config_check(cli_t *cli);
int cli_config_show(cli_t *cli);
int cli_config_example(cli_t *cli);
int cli_keys_make(cli_t *cli);
int cli_keys_add(cli_t *cli);
int cli_keys_list(cli_t *cli);
int cli_keys_share(cli_t *cli);
int cli_keys_rotate(cli_t *cli);
int cli_keys_revoke(cli_t *cli);
int cli_sample_clock(cli_t *cli);
int cli_sample_run(cli_t *cli);
int cli_badge(cli_t *cli);
int cli_badge_open(cli_t *cli);
int cli_badge_issue(cli_t *cli);
int cli_badge_revoke(cli_t *cli);
int cli_badge_list(cli_t *cli);
int cli_badge_keys(cli_t *cli);
int cli_badge_key_rotate(cli_t *cli);
int cli_badge_key_revoke(cli_t *cli);
int cli_attendance(cli_t *cli);
int cli_gate_init(cli_t *cli);
int cli_gate_scan(cli_t *cli);
int cli_gate_sync(cli_t *cli);
int cli_gate_status(cli_t *cli);
/* delivery.c: how mail and webhooks fare. Asks notifications; a new reference to data of notifications.delivery. */
int cli_delivery_ask(cli_t *cli, json_t **ret_delivery) CV_USE_RESULT;
int64_t cli_delivery_sum(const json_t *delivery, const char *field); /* over all channels */
/* "3 on their way, 1 dead: `convene notice dead` says why". */
void cli_delivery_text(const json_t *delivery, char *ret_text, size_t size);
int cli_notice_log(cli_t *cli);
int cli_notice_rules(cli_t *cli);
int cli_notice_tell(cli_t *cli);
int cli_notice_remind(cli_t *cli);
int cli_notice_dead(cli_t *cli);
int cli_notice_redrive(cli_t *cli);
int cli_notice_bounce(cli_t *cli);
int cli_webhook_list(cli_t *cli);
int cli_webhook_set(cli_t *cli);
int cli_webhook_remove(cli_t *cli);
int cli_webhook_rotate(cli_t *cli);
int cli_webhook_secret(cli_t *cli);
int cli_backup(cli_t *cli);
int cli_restore(cli_t *cli);
int cli_fetch(cli_t *cli);
int cli_audit_verify(cli_t *cli);
int cli_audit_view(cli_t *cli);
int cli_dashboard_link(cli_t *cli);
int cli_dashboard_rotate(cli_t *cli);
int cli_recipient_preferences(cli_t *cli);
int cli_recipient_prefer(cli_t *cli);
int cli_recipient_hours(cli_t *cli);
int cli_recipient_contacts(cli_t *cli);
bool cli_contact_is_dead(const json_t *contact); /* no mail goes there, or nobody answers */
int cli_recipient_clear(cli_t *cli);
int cli_recipient_confirm(cli_t *cli);
int cli_dashboard_sessions(cli_t *cli);
int cli_dashboard_revoke(cli_t *cli);
int cli_notice_preview(cli_t *cli);
int cli_notice_languages(cli_t *cli);
int cli_languages_read(cli_t *cli); /* the catalogues of --catalogues, or of the configuration */

#endif
