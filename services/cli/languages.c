/* languages: which languages notices can be in, how much of each there is, and what a translator begins with.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cli.h"

#include "notifications/content/languages.h"

#include <string.h>

/* The folder of --catalogues, else the one that the service reads. */
int cli_languages_read(cli_t *cli)
{
    char error[1024];
    const char *folder = cli_flag(cli, "catalogues", NULL);
    if (!folder) {
        int status = cli_config(cli);
        if (status != CLI_OK)
            return status;
        folder = cv_config_text(cli->config, "notifications/languages");
        folder = strcmp(folder, "none") == 0 ? "" : folder;
    }
    int rc = ntf_languages_read(folder, error, sizeof error);
    if (rc == CV_EINVAL)
        return cli_fail(cli, CLI_FAILED, "%s", error);
    return rc ? cli_fail(cli, CLI_FAILED, "the catalogues cannot be read: %s", cv_error_name(rc)) : CLI_OK;
}

/* ---- what a translator begins with ------------------------------------------------------------ */

static void print_quoted(const char *keyword, cv_str_t text)
{
    printf("%s \"", keyword);
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '\n')
            printf("\\n");
        else
            printf("%s%c", c == '"' || c == '\\' ? "\\" : "", c);
    }
    printf("\"\n");
}

/* A word, and what the language has of it. */
static void print_entry(const ntf_word_t *word, const ntf_word_t *found)
{
    printf("\n");
    if (word->context.ptr)
        print_quoted("msgctxt", word->context);
    print_quoted("msgid", word->text);
    if (!word->many.ptr) {
        print_quoted("msgstr", found ? found->forms[0] : CV_STR(""));
        return;
    }
    print_quoted("msgid_plural", word->many);
    for (int form = 0; form == 0 || (found && form < NTF_WORDS_FORMS_MAX && found->forms[form].ptr); form++) {
        char keyword[16];
        snprintf(keyword, sizeof keyword, "msgstr[%d]", form);
        print_quoted(keyword, found ? found->forms[form] : CV_STR(""));
    }
}

static const ntf_word_t *found_in(const ntf_words_t *words, const ntf_word_t *word)
{
    return ntf_words_find(&words, word->context, word->text);
}

/* All words, the names of parties that the program knows, and those that only this language has. */
static void print_template(const ntf_words_t *words)
{
    static const char header[] =
        "MIME-Version: 1.0\\n\"\n\"Content-Type: text/plain; charset=UTF-8\\n\"\n"
        "\"Content-Transfer-Encoding: 8bit\\n\"\n\"Plural-Forms: nplurals=2; plural=n != 1;\\n";
    const ntf_word_t *word;
    cv_str_t own = words ? ntf_words_header(words) : CV_STR_NONE;
    printf("# Words of the notices. Named by the tag of the language (kk.po) in the folder notifications/languages.\n"
           "# msgctxt \"party\": the name of a party; msgid is the one that scheduling has.\nmsgid \"\"\n");
    if (own.len)
        print_quoted("msgstr", own);
    else
        printf("msgstr \"%s\"\n", header);
    for (size_t i = 0; (word = ntf_language_word(i)); i++)
        print_entry(word, found_in(words, word));
    for (size_t i = 0; (word = ntf_language_name(i)); i++)
        print_entry(word, found_in(words, word));
    for (size_t i = 0; words && (word = ntf_words_at(words, i)); i++) {
        bool is_told = !cv_str_is(word->context, NTF_WORDS_PARTY);
        const ntf_word_t *name;
        for (size_t j = 0; !is_told && (name = ntf_language_name(j)); j++)
            is_told = cv_str_equal(name->text, word->text);
        if (!is_told)
            print_entry(word, word);
    }
}

/* ---- listing ------------------------------------------------------------------------------------ */

static json_t *row_of(const ntf_language_t *language)
{
    size_t of, n = ntf_language_words(language, &of);
    return json_pack("{s:s, s:I, s:I, s:s, s:s}", "language", language->tag, "words", (json_int_t)n, "of",
                     (json_int_t)of, "direction", language->is_rtl ? "rtl" : "ltr", "from",
                     language->is_file ? "file" : "program");
}

static void print_rows(cli_t *cli, const json_t *rows)
{
    const char *columns[] = {"language", "#words", "#missing", "direction", "from"};
    cli_table_t *table = cli_table_new(cli, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        int64_t missing = cli_int_of(row, "of") - cli_int_of(row, "words");
        cli_table_cell(table, CLI_BOLD, "%s", cli_text_of(row, "language"));
        cli_table_cell(table, CLI_PLAIN, "%lld", (long long)cli_int_of(row, "words"));
        cli_table_cell(table, missing ? CLI_YELLOW : CLI_PLAIN, "%lld", (long long)missing);
        cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(row, "direction"));
        cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(row, "from"));
    }
    cli_table_print(&table);
}

int cli_notice_languages(cli_t *cli)
{
    const char *tag = cli->args_n ? cli->args[0] : NULL;
    if (tag && !cv_str_is_language(cv_str(tag)))
        return cli_usage(cli, "\"%s\" is no tag of a language, like kk or uz-Cyrl", tag);
    if (tag && cli->json)
        return cli_usage(cli, "a catalogue is printed as gettext's .po; leave out --json");
    int status = cli_languages_read(cli);
    if (status != CLI_OK)
        return status;
    if (tag) {
        const ntf_language_t *language = ntf_language_of(cv_str(tag));
        print_template(strcmp(language->tag, tag) == 0 ? language->words : NULL);
        return CLI_OK;
    }
    json_t *rows = json_array();
    const ntf_language_t *language;
    for (size_t i = 0; (language = ntf_language_at(i)); i++)
        json_array_append_new(rows, row_of(language));
    if (cli->json)
        return cli_document(cli, "convene.cli.notice.languages.v1", json_pack("{s:o}", "languages", rows));
    print_rows(cli, rows);
    json_decref(rows);
    return CLI_OK;
}
