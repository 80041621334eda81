/* command: finds the command in the table, reads its flags, and makes help out of the same table.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "pages.h"

#include "convene/version.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FLAGS_MAX = 32, WORD_MAX = 48, NEAR = 3 /* letters that may be wrong */, HELP_TEXT_AT = 26 };

const char *const cli_services[CLI_SERVICES_N] = {"scheduling", "registration", "notifications"};
const char cli_dashboard[] = "dashboard";

const cli_flag_t cli_common_flags[] = {
    {"help", 'h', NULL, "show help and leave"},
    {"json", 'j', NULL, "print one JSON document (or JSON lines) instead of text"},
    {"as", 0, "NAME", "use the key keys/NAME.secret; default: what fits the command"},
    {"config", 0, "FILE", "read this configuration file"},
    {"conf", 0, "KEY=VALUE", "set one configuration key, for instance data=/var/lib/convene"},
    {"data", 0, "DIR", "short for --conf data=DIR"},
    {"timeout", 0, "TIME", "give up after this long: 5s, 250ms, 2m; default 5s"},
    {"no-color", 0, NULL, "no colours, also on a terminal"},
    {NULL, 0, NULL, NULL},
};

/* ---- flags ------------------------------------------------------------------------------- */

bool cli_has(const cli_t *cli, const char *flag)
{
    return cli_flag(cli, flag, NULL) != NULL;
}

const char *cli_flag(const cli_t *cli, const char *flag, const char *otherwise)
{
    for (size_t i = cli->given_n; i-- > 0;)
        if (strcmp(cli->given[i].flag, flag) == 0)
            return cli->given[i].value;
    return otherwise;
}

bool cli_number(cli_t *cli, const char *what, const char *text, int64_t min, int64_t max, int64_t *ret_value)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || end == text || *end || value < min || value > max) {
        cli_usage(cli, "%s must be a whole number from %lld to %lld, not \"%s\"", what, (long long)min, (long long)max,
                  text);
        return false;
    }
    *ret_value = value;
    return true;
}

bool cli_duration(cli_t *cli, const char *what, const char *text, int64_t *ret_ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"", 1000}, {"s", 1000}, {"ms", 1}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (!errno && end != text && value >= 0 && value < INT64_C(1000000000) && strcmp(end, units[i].unit) == 0) {
            *ret_ms = value * units[i].ms;
            return true;
        }
    cli_usage(cli, "%s must be a time like 5s, 250ms or 2m, not \"%s\"", what, text);
    return false;
}

/* ---- nearest word ------------------------------------------------------------------------ */

/* Levenshtein. */
static size_t distance(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b), row[WORD_MAX + 1];
    if (n > WORD_MAX || m > WORD_MAX)
        return WORD_MAX;
    for (size_t j = 0; j <= m; j++)
        row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t change = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            size_t least = row[j - 1] + 1 < row[j] + 1 ? row[j - 1] + 1 : row[j] + 1;
            row[j] = change < least ? change : least;
        }
    }
    return row[m];
}

const char *cli_nearest(const char *word, const char *(*at)(const void *list, size_t i), const void *list, size_t n)
{
    const char *best = NULL;
    size_t best_distance = NEAR + 1;
    for (size_t i = 0; i < n; i++) {
        size_t d = distance(word, at(list, i));
        if (d < best_distance && d < strlen(at(list, i))) {
            best = at(list, i);
            best_distance = d;
        }
    }
    return best;
}

static const char *command_name(const void *list, size_t i)
{
    return ((const cli_command_t *)list)[i].name;
}

static size_t commands_n(void)
{
    size_t n = 0;
    while (cli_commands[n].name)
        n++;
    return n;
}

/* ---- finding ----------------------------------------------------------------------------- */

/* How many of the words name the command; 0: they do not. */
static int words_of(const cli_command_t *command, int argc, char **argv)
{
    const char *at = command->name;
    int words = 0;
    while (words < argc) {
        size_t len = strcspn(at, " ");
        if (strncmp(argv[words], at, len) != 0 || argv[words][len] != '\0')
            return 0;
        words++;
        if (!at[len])
            return words;
        at += len + 1;
    }
    return 0;
}

static const cli_command_t *find(int argc, char **argv, int *ret_words)
{
    const cli_command_t *found = NULL;
    int most = 0;
    for (const cli_command_t *command = cli_commands; command->name; command++) {
        int words = words_of(command, argc, argv);
        if (words > most) {
            found = command;
            most = words;
        }
    }
    *ret_words = most;
    return found;
}

/* Commands that begin with this word, as "a, b or c". */
static bool list_group(const char *word, char *ret_text, size_t size)
{
    size_t len = strlen(word), at = 0;
    ret_text[0] = '\0';
    for (const cli_command_t *command = cli_commands; command->name; command++) {
        if (strncmp(command->name, word, len) != 0 || command->name[len] != ' ')
            continue;
        int n = snprintf(ret_text + at, size - at, "%s%s", at ? ", " : "", command->name);
        if (n > 0 && (size_t)n < size - at)
            at += (size_t)n;
    }
    return at > 0;
}

/* `convene help notice`, `convene notice --help`: the commands that begin with this word, a line each. */
static bool help_group(const char *word)
{
    char group[256], left[64];
    size_t len = strlen(word);
    if (!list_group(word, group, sizeof group))
        return false;
    printf("convene %s ...: one of these; `convene help %s COMMAND` says more\n\n", word, word);
    for (const cli_command_t *command = cli_commands; command->name; command++) {
        if (strncmp(command->name, word, len) != 0 || command->name[len] != ' ')
            continue;
        (void)snprintf(left, sizeof left, "%s%s%s", command->name, *command->arguments ? " " : "", command->arguments);
        printf("  %-*s %s\n", HELP_TEXT_AT, left, command->summary);
    }
    return true;
}

static int unknown_command(cli_t *cli, int argc, char **argv)
{
    bool asks = argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
    if (asks && help_group(argv[0]))
        return CLI_OK;
    char both[2 * WORD_MAX + 2], group[256];
    if (list_group(argv[0], group, sizeof group))
        return cli_usage(cli, "\"%s\" needs a second word: %s", argv[0], group);
    int n = snprintf(both, sizeof both, "%.*s %.*s", WORD_MAX, argv[0], WORD_MAX, argc > 1 ? argv[1] : "");
    const char *near = n > 0 && argc > 1 ? cli_nearest(both, command_name, cli_commands, commands_n()) : NULL;
    if (!near)
        near = cli_nearest(argv[0], command_name, cli_commands, commands_n());
    if (near)
        return cli_usage(cli, "there is no command \"%s\"; did you mean \"%s\"?", argv[0], near);
    return cli_usage(cli, "there is no command \"%s\"; `convene help` lists them", argv[0]);
}

/* ---- reading flags ----------------------------------------------------------------------- */

typedef struct {
    const cli_flag_t *flags[FLAGS_MAX];
    struct option options[FLAGS_MAX + 1];
    char letters[2 * FLAGS_MAX + 3];
    size_t n;
} parser_t;

static void parser_add(parser_t *parser, const cli_flag_t *flags)
{
    for (; flags && flags->name && parser->n < FLAGS_MAX; flags++, parser->n++) {
        parser->flags[parser->n] = flags;
        parser->options[parser->n] = (struct option){flags->name, flags->argument ? required_argument : no_argument,
                                                     NULL, 1000 + (int)parser->n};
        if (flags->letter) {
            size_t at = strlen(parser->letters);
            parser->letters[at++] = flags->letter;
            if (flags->argument)
                parser->letters[at++] = ':';
            parser->letters[at] = '\0';
        }
    }
}

static const cli_flag_t *parser_find(const parser_t *parser, int value)
{
    if (value >= 1000 && (size_t)(value - 1000) < parser->n)
        return parser->flags[value - 1000];
    for (size_t i = 0; i < parser->n; i++)
        if (parser->flags[i]->letter && parser->flags[i]->letter == value)
            return parser->flags[i];
    return NULL;
}

static const char *flag_name(const void *list, size_t i)
{
    return ((const parser_t *)list)->flags[i]->name;
}

/* argv[0] is skipped. stop: at the first word that is no flag. */
static int read_flags(cli_t *cli, parser_t *parser, int argc, char **argv, bool stop)
{
    char letters[sizeof parser->letters + 2];
    (void)snprintf(letters, sizeof letters, "%s:%s", stop ? "+" : "", parser->letters);
    opterr = 0;
    optind = 0; /* glibc: start over */
    for (;;) {
        int value = getopt_long(argc, argv, letters, parser->options, NULL);
        if (value < 0)
            return CLI_OK;
        if (value == ':')
            return cli_usage(cli, "%s needs a value", argv[optind - 1]);
        if (value == '?') {
            const char *word = optopt && optopt < 1000 ? NULL : argv[optind - 1];
            char letter[3] = {'-', (char)optopt, '\0'};
            if (!word)
                return cli_usage(cli, "there is no flag %s%s%s", letter, cli->command ? " for convene " : "",
                                 cli->command ? cli->command->name : "");
            if (optopt >= 1000)
                return cli_usage(cli, "%s takes no value", word);
            const char *near = strncmp(word, "--", 2) == 0 ? cli_nearest(word + 2, flag_name, parser, parser->n) : NULL;
            if (near)
                return cli_usage(cli, "there is no flag %s here; did you mean --%s?", word, near);
            return cli_usage(cli, "there is no flag %s here; `convene help%s%s` lists them", word,
                             cli->command ? " " : "", cli->command ? cli->command->name : "");
        }
        const cli_flag_t *flag = parser_find(parser, value);
        if (!flag)
            continue;
        if (cli->given_n == CLI_GIVEN_MAX)
            return cli_usage(cli, "more than %d flags", CLI_GIVEN_MAX);
        cli->given[cli->given_n].flag = flag->name;
        cli->given[cli->given_n++].value = flag->argument ? optarg : "";
    }
}

/* ---- help -------------------------------------------------------------------------------- */

static void print_flags(const cli_flag_t *flags)
{
    for (; flags && flags->name; flags++) {
        char left[64];
        (void)snprintf(left, sizeof left, "%s%c%s--%s%s%s", flags->letter ? "-" : " ",
                       flags->letter ? flags->letter : ' ', flags->letter ? ", " : "  ", flags->name,
                       flags->argument ? " " : "", flags->argument ? flags->argument : "");
        printf("  %-*s %s\n", HELP_TEXT_AT, left, flags->help);
    }
}

static void print_examples(const char *examples)
{
    for (const char *line = examples; line && *line;) {
        size_t len = strcspn(line, "\n");
        printf("  %.*s\n", (int)len, line);
        line += len + (line[len] == '\n');
    }
}

static int help_command(cli_t *cli, const cli_command_t *command)
{
    const char *bold = cli_style(cli, CLI_BOLD), *plain = cli_style(cli, CLI_PLAIN);
    printf("%sconvene %s%s%s%s: %s\n", bold, command->name, *command->arguments ? " " : "", command->arguments, plain,
           command->summary);
    if (command->details)
        printf("\n%s\n", command->details);
    if (command->flags) {
        printf("\n%sFlags%s\n", bold, plain);
        print_flags(command->flags);
    }
    printf("\n%sFlags of every command%s\n", bold, plain);
    print_flags(cli_common_flags);
    if (command->examples) {
        printf("\n%sExamples%s\n", bold, plain);
        print_examples(command->examples);
    }
    return CLI_OK;
}

static int help_overview(cli_t *cli)
{
    const char *bold = cli_style(cli, CLI_BOLD), *plain = cli_style(cli, CLI_PLAIN);
    printf("%sconvene%s %s: coordinates the events of an organisation, by messages\n", bold, plain, CV_VERSION);
    const char *group = "";
    for (const cli_command_t *command = cli_commands; command->name; command++) {
        if (strcmp(group, command->group) != 0)
            printf("\n%s%s%s\n", bold, command->group, plain);
        group = command->group;
        char left[64];
        (void)snprintf(left, sizeof left, "%s%s%s", command->name, *command->arguments ? " " : "", command->arguments);
        printf("  %-*s %s\n", HELP_TEXT_AT, left, command->summary);
    }
    printf("\n%sExamples%s\n"
           "  convene up --sample cica --exit      run everything on the sample, print what came of it\n"
           "  convene up                           run the services here until Ctrl-C\n"
           "  convene help request                 more about one command\n"
           "\nFlags of every command: --json, --as NAME, --data DIR, --timeout TIME, --no-color, --help.\n"
           "Further help: convene help COMMAND | exit-codes | config | requests | man | completion\n",
           bold, plain);
    return CLI_OK;
}

const cli_exit_t cli_exits[CLI_EXITS_N] = {
#define XX(name, status, text) {status, text},
    CLI_EXIT_MAP(XX)
#undef XX
};

static int help_exit_codes(cli_t *cli)
{
    if (cli->json) {
        json_t *list = json_array();
        for (size_t i = 0; i < CLI_EXITS_N; i++)
            json_array_append_new(list,
                                  json_pack("{s:i, s:s}", "status", cli_exits[i].status, "meaning", cli_exits[i].text));
        return cli_document(cli, "convene.cli.exit-codes.v1", json_pack("{s:o}", "exit_codes", list));
    }
    for (size_t i = 0; i < CLI_EXITS_N; i++)
        printf("%4d  %s\n", cli_exits[i].status, cli_exits[i].text);
    return CLI_OK;
}

static int help_requests(cli_t *cli)
{
    json_t *list = json_array();
    for (uint16_t number = 1; number <= CV_MSG_MAX; number++) {
        const cv_msg_info_t *info = cv_msg_info_at(number);
        if (!info || info->kind != CV_KIND_REQUEST)
            continue;
        json_t *roles = json_array();
        char text[128] = "";
        for (unsigned role = 1; role <= CV_ROLE_GATE; role <<= 1) {
            if (!(info->roles & role))
                continue;
            json_array_append_new(roles, json_string(cv_role_name(role)));
            size_t at = strlen(text);
            (void)snprintf(text + at, sizeof text - at, "%s%s", at ? ", " : "", cv_role_name(role));
        }
        if (!cli->json)
            printf("%-44s %s\n", info->type, text);
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:o}", "type", info->type, "service", info->service, "roles", roles));
    }
    if (cli->json)
        return cli_document(cli, "convene.cli.request-types.v1", json_pack("{s:o}", "types", list));
    json_decref(list);
    printf("\nTheir fields are described in proto/schemas and proto/README.md. A type may be shortened to what is "
           "unique:\n"
           "registration.register, register, event.change.\n");
    return CLI_OK;
}

int cli_help(cli_t *cli)
{
    if (cli->args_n == 0)
        return help_overview(cli);
    if (strcmp(cli->args[0], "exit-codes") == 0)
        return help_exit_codes(cli);
    if (strcmp(cli->args[0], "requests") == 0)
        return help_requests(cli);
    if (strcmp(cli->args[0], "config") == 0) {
        cv_config_help(stdout);
        return CLI_OK;
    }
    if (strcmp(cli->args[0], "man") == 0)
        return cli_page_man();
    if (strcmp(cli->args[0], "completion") == 0)
        return cli_page_completion();
    int words;
    const cli_command_t *command = find(cli->args_n, cli->args, &words);
    if (command && words == cli->args_n)
        return help_command(cli, command);
    if (cli->args_n == 1 && help_group(cli->args[0]))
        return CLI_OK;
    return unknown_command(cli, cli->args_n, cli->args);
}

/* ---- main -------------------------------------------------------------------------------- */

/* https://no-color.org, and what CMake and others do. */
static bool wants_colour(const cli_t *cli)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM"), *force = getenv("CLICOLOR_FORCE"),
               *force2 = getenv("FORCE_COLOR");
    if (cli->json || cli_has(cli, "no-color") || (no && *no) || (term && strcmp(term, "dumb") == 0))
        return false;
    if ((force && *force && strcmp(force, "0") != 0) || (force2 && *force2 && strcmp(force2, "0") != 0))
        return true;
    return cli->tty;
}

static int run(cli_t *cli, int argc, char **argv)
{
    parser_t common = {0};
    parser_add(&common, cli_common_flags);
    static const cli_flag_t version = {"version", 'V', NULL, "print the version"};
    const cli_flag_t extra[] = {version, {NULL, 0, NULL, NULL}};
    parser_add(&common, extra);
    /* --json must be known before the first error is said. */
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--json") == 0 || strcmp(argv[i], "-j") == 0)
            cli->json = true;
    int status = read_flags(cli, &common, argc, argv, true);
    if (status != CLI_OK)
        return status;
    if (cli_has(cli, "version")) {
        printf("convene %s\n", CV_VERSION);
        return CLI_OK;
    }
    int first = optind;
    cli->colour = wants_colour(cli);
    if (first >= argc) {
        if (!cli_has(cli, "help"))
            return help_overview(cli), argc == 1 ? CLI_OK : CLI_USAGE;
        return help_overview(cli);
    }
    int words;
    cli->command = find(argc - first, argv + first, &words);
    if (!cli->command)
        return unknown_command(cli, argc - first, argv + first);
    parser_t all = {0};
    parser_add(&all, cli->command->flags);
    parser_add(&all, cli_common_flags);
    int skip = first + words - 1; /* this word takes the place of argv[0] */
    status = read_flags(cli, &all, argc - skip, argv + skip, false);
    if (status != CLI_OK)
        return status;
    cli->args = argv + skip + optind;
    cli->args_n = argc - skip - optind;
    cli->colour = wants_colour(cli);
    if (cli_has(cli, "help"))
        return help_command(cli, cli->command);
    if (cli->args_n < cli->command->args_min || cli->args_n > cli->command->args_max)
        return cli_usage(cli, "%s: convene %s %s",
                         cli->args_n < cli->command->args_min ? "something is missing" : "too many arguments",
                         cli->command->name, cli->command->arguments);
    cli->timeout_ms = 5000;
    if (cli_has(cli, "timeout") && !cli_duration(cli, "--timeout", cli_flag(cli, "timeout", ""), &cli->timeout_ms))
        return CLI_USAGE;
    return cli->command->run(cli);
}

int cli_main(int argc, char **argv)
{
    static cli_t cli;
    cli.program = argv[0];
    cli.tty = isatty(STDOUT_FILENO);
    (void)signal(SIGPIPE, SIG_IGN);
    int status = run(&cli, argc, argv);
    cv_client_close(&cli.client);
    cv_config_destroy(&cli.config);
    /* What could not be written was not said. */
    if (fflush(stdout) != 0 && errno != EPIPE && status == CLI_OK)
        status = CLI_FAILED;
    return status;
}
