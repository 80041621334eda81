/* pages: the manual page and the completion for bash, made from the table of commands: `convene help man`, `help
 * completion`.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Made at build time by the program itself, so neither can say something else than the table.
 */
#include "pages.h"

#include <string.h>

/* Text for roff: backslashes and hyphens written out, no line that begins like a request. */
static void roff(const char *text)
{
    bool begins = true;
    for (; *text; text++) {
        if (begins && (*text == '.' || *text == '\''))
            fputs("\\&", stdout);
        begins = *text == '\n';
        if (*text == '\\')
            fputs("\\e", stdout);
        else if (*text == '-')
            fputs("\\-", stdout);
        else
            putchar(*text);
    }
}

static void heading(const char *text)
{
    printf(".SH %s\n", text);
}

static void man_flags(const cli_flag_t *flags)
{
    for (; flags && flags->name; flags++) {
        fputs(".TP\n\\fB", stdout);
        if (flags->letter)
            printf("\\-%c\\fR, \\fB", flags->letter);
        roff("--");
        roff(flags->name);
        fputs("\\fR", stdout);
        if (flags->argument) {
            fputs(" \\fI", stdout);
            roff(flags->argument);
            fputs("\\fR", stdout);
        }
        putchar('\n');
        roff(flags->help);
        putchar('\n');
    }
}

static void man_examples(const char *examples)
{
    if (!examples)
        return;
    fputs(".PP\n.nf\n", stdout);
    roff(examples);
    fputs("\n.fi\n", stdout);
}

static void man_command(const cli_command_t *command)
{
    fputs(".SS \"", stdout);
    roff(command->name);
    if (*command->arguments) {
        putchar(' ');
        roff(command->arguments);
    }
    fputs("\"\n", stdout);
    roff(command->summary);
    fputs(".\n", stdout);
    if (command->details) {
        fputs(".PP\n", stdout);
        roff(command->details);
        putchar('\n');
    }
    man_flags(command->flags);
    man_examples(command->examples);
}

int cli_page_man(void)
{
    printf(".TH CONVENE 1 \"\" \"convene %s\"\n", CV_VERSION);
    heading("NAME");
    fputs("convene \\- coordinates the events of an organisation, by messages\n", stdout);
    heading("SYNOPSIS");
    fputs(".B convene\n.I COMMAND\n.RI [ FLAGS ]\n.RI [ ARGUMENTS ]\n", stdout);
    heading("FLAGS OF EVERY COMMAND");
    man_flags(cli_common_flags);
    heading("COMMANDS");
    for (const cli_command_t *command = cli_commands; command->name; command++)
        man_command(command);
    heading("EXIT STATUS");
    for (size_t i = 0; i < CLI_EXITS_N; i++) {
        printf(".TP\n.B %d\n", cli_exits[i].status);
        roff(cli_exits[i].text);
        putchar('\n');
    }
    heading("SETTINGS");
    fputs("A flag beats the environment, which beats the file of \\fB\\-\\-config\\fR, which beats the default. In the "
          "environment a key is written in capitals behind CONVENE_, with '_' for '/'.\n",
          stdout);
    size_t keys_n;
    const cv_config_key_t *keys = cv_config_keys(&keys_n);
    for (size_t i = 0; i < keys_n; i++) {
        fputs(".TP\n\\fB", stdout);
        roff(keys[i].key);
        fputs("\\fR [", stdout);
        roff(keys[i].value);
        fputs("]\n", stdout);
        char range[CV_CONFIG_RANGE_MAX];
        roff(keys[i].help);
        putchar('\n');
        roff(cv_config_range(&keys[i], range));
        putchar('\n');
    }
    return CLI_OK;
}

/* ---- bash ---------------------------------------------------------------------------------- */

/* The words that can stand behind `prefix` ("", "keys"), each once: the table lists a group's commands together or not.
 */
static void next_words(const char *prefix)
{
    size_t len = strlen(prefix);
    for (const cli_command_t *command = cli_commands; command->name; command++) {
        if (len && (strncmp(command->name, prefix, len) != 0 || command->name[len] != ' '))
            continue;
        const char *word = command->name + (len ? len + 1 : 0);
        size_t word_len = strcspn(word, " ");
        bool seen = false;
        for (const cli_command_t *before = cli_commands; before < command && !seen; before++) {
            bool same = !len || (strncmp(before->name, prefix, len) == 0 && before->name[len] == ' ');
            const char *other = before->name + (len ? len + 1 : 0);
            seen = same && strcspn(other, " ") == word_len && strncmp(other, word, word_len) == 0;
        }
        if (!seen)
            printf("%.*s ", (int)word_len, word);
    }
}

static void flag_words(const cli_flag_t *flags)
{
    for (; flags && flags->name; flags++)
        printf("--%s ", flags->name);
}

int cli_page_completion(void)
{
    fputs("# bash completion for convene; made by `convene help completion`\n"
          "_convene() {\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} command= word i\n"
          "    for ((i = 1; i < COMP_CWORD && i < 3; i++)); do\n"
          "        word=${COMP_WORDS[i]}\n"
          "        [[ $word == -* ]] && break\n"
          "        command+=${command:+ }$word\n"
          "    done\n"
          "    local flags= words=\n"
          "    case $command in\n"
          "    '') words='",
          stdout);
    next_words("");
    fputs("' ;;\n", stdout);
    for (const cli_command_t *command = cli_commands; command->name; command++) {
        const char *space = strchr(command->name, ' ');
        bool first = space != NULL;
        for (const cli_command_t *before = cli_commands; first && before < command; before++)
            first = strncmp(before->name, command->name, (size_t)(space - command->name) + 1) != 0;
        if (!first)
            continue;
        char group[64];
        (void)snprintf(group, sizeof group, "%.*s", (int)(space - command->name), command->name);
        printf("    '%s') words='", group);
        next_words(group);
        fputs("' ;;\n", stdout);
    }
    fputs("    esac\n    case $command in\n", stdout);
    for (const cli_command_t *command = cli_commands; command->name; command++) {
        printf("    '%s'%s) flags='", command->name, strchr(command->name, ' ') ? "" : "*");
        flag_words(command->flags);
        fputs("' ;;\n", stdout);
    }
    fputs("    esac\n    flags+='", stdout);
    flag_words(cli_common_flags);
    fputs("'\n"
          "    if [[ $cur == -* ]]; then\n"
          "        COMPREPLY=($(compgen -W \"$flags\" -- \"$cur\"))\n"
          "    elif [[ $words ]]; then\n"
          "        COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
          "    else\n"
          "        COMPREPLY=($(compgen -f -- \"$cur\"))\n"
          "    fi\n"
          "}\n"
          "complete -o filenames -F _convene convene\n",
          stdout);
    return CLI_OK;
}
