/* person: all that is held of one person, for who asks what is known of them, who has read it, what they agreed to.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Registration's history of the person has everything that was ever registered under the number, the last step what is
 * true now; a person who was erased has steps without data. Notices are listed by id and state, those to the whole
 * delegation (which of them name the person is not kept) and those to the person itself. Who has read it is asked for last, so it has this reading too;
 * who is not of the secretariat gets no such list. Always one JSON document, to be handed out as it is.
 */
#include "cli.h"

#include "convene/ids.h"

#include <stdio.h>
#include <string.h>

/* EVENT/PARTY of EVENT/PARTY/NUMBER; false: it is not that. */
static bool delegation_of(const char *key, char ret_delegation[CLI_PATH_MAX])
{
    const char *first = strchr(key, '/'), *last = strrchr(key, '/');
    if (!first || first == last || first == key || last == first + 1 || !last[1] ||
        strspn(last + 1, "0123456789") != strlen(last + 1))
        return false;
    return cv_str_copy((cv_str_t){key, (size_t)(last - key)}, ret_delegation, CLI_PATH_MAX) == CV_OK;
}

/* Those to the delegation, and to this person; not to others of the delegation. */
static json_t *notices_of(const json_t *notices, const char *key)
{
    json_t *datas = cli_datas(notices), *own = json_array();
    const char *number = strrchr(key, '/') + 1;
    for (size_t i = 0; i < json_array_size(datas); i++) {
        json_t *notice = json_array_get(datas, i);
        char text[CLI_PATH_MAX];
        (void)snprintf(text, sizeof text, "%lld", (long long)cli_int_of(notice, "person"));
        if (!json_object_get(notice, "person") || strcmp(text, number) == 0)
            json_array_append(own, notice);
    }
    json_decref(datas);
    return own;
}

int cli_person_export(cli_t *cli)
{
    const char *key = cli->args[0];
    char delegation[CLI_PATH_MAX];
    json_t *steps = NULL, *notices = NULL, *documents = NULL, *consents = NULL, *accesses = NULL;
    if (!delegation_of(key, delegation))
        return cli_usage(cli, "\"%s\" must be EVENT/PARTY/NUMBER, for instance 2025-SWG-2/KZ/3", key);
    cli->as = "secretariat";
    int status = cli_connect(cli);
    if (status != CLI_OK)
        return status;
    int rc = cli_query_json(cli, "registration", "history", key, &steps);
    if (rc == CV_ENOTFOUND || (rc == CV_OK && json_array_size(steps) == 0)) {
        json_decref(steps);
        return cli_fail(cli, CLI_NOTFOUND, "nobody was ever registered as %s", key);
    }
    const char *what = "the history";
    if (rc == CV_OK) {
        what = "the notices";
        rc = cli_query_json(cli, "notifications", "notices", delegation, &notices);
        rc = rc == CV_ENOTFOUND ? CV_OK : rc;
    }
    if (rc == CV_OK) {
        what = "the documents";
        rc = cli_query_json(cli, "registration", "documents", key, &documents);
    }
    if (rc == CV_OK) {
        what = "the consents";
        rc = cli_query_json(cli, "registration", "consents", key, &consents);
    }
    if (rc == CV_OK) {
        what = "the readings";
        rc = cli_query_json(cli, "registration", "accesses", key, &accesses);
        rc = rc == CV_EDENIED ? CV_OK : rc;
    }
    if (rc != CV_OK) {
        json_decref(steps);
        json_decref(notices);
        json_decref(documents);
        json_decref(consents);
        return cli_query_failed(cli, rc, "cannot show %s of %s", what, key);
    }
    json_t *last = json_object_get(json_array_get(steps, json_array_size(steps) - 1), "data");
    bool is_erased = !json_object_get(last, "name");
    status = cli_document(cli, "convene.cli.person.v1",
                          json_pack("{s:s, s:b, s:O, s:o, s:o, s:o, s:o, s:o*}", "person", key, "erased", is_erased,
                                    "now", last, "history", cli_datas(steps), "documents", cli_datas(documents),
                                    "consents", cli_datas(consents), "notices", notices_of(notices, key), "accesses",
                                    accesses ? cli_datas(accesses) : NULL));
    json_decref(steps);
    json_decref(notices);
    json_decref(documents);
    json_decref(consents);
    json_decref(accesses);
    return status;
}

/* ---- who has read it ------------------------------------------------------------------------------------------- */

static void print_accesses(cli_t *cli, const json_t *accesses)
{
    const char *columns[] = {"#reading", "at", "by", "what", "party", "#no.", "#entries"};
    cli_table_t *table = cli_table_new(cli, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < json_array_size(accesses); i++) {
        const json_t *access = json_object_get(json_array_get(accesses, i), "data");
        char at[CV_TIME_TEXT + 1];
        cv_time_text(cli_int_of(access, "at_ms"), at);
        cli_table_cell(table, CLI_DIM, "%lld", (long long)cli_int_of(access, "access"));
        cli_table_cell(table, CLI_PLAIN, "%s", at);
        const char *behalf = cli_text_of(access, "on_behalf_of");
        cli_table_cell(table, CLI_BOLD, "%s%s%s", cli_text_of(access, "by"), *behalf ? " for " : "", behalf);
        cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(access, "what"));
        cli_table_cell(table, CLI_PLAIN, "%s", *cli_text_of(access, "party") ? cli_text_of(access, "party") : "all");
        if (cli_int_of(access, "number") > 0)
            cli_table_cell(table, CLI_PLAIN, "%lld", (long long)cli_int_of(access, "number"));
        else
            cli_table_cell(table, CLI_PLAIN, "all");
        cli_table_cell(table, CLI_PLAIN, "%lld", (long long)cli_int_of(access, "persons"));
    }
    cli_table_print(&table);
}

/* ---- what they agreed to --------------------------------------------------------------------------------------- */

static void print_consents(cli_t *cli, const json_t *consents)
{
    const char *columns[] = {"party", "#no.", "purpose", "text", "given", "until", "state"};
    cli_table_t *table = cli_table_new(cli, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < json_array_size(consents); i++) {
        const json_t *consent = json_object_get(json_array_get(consents, i), "data");
        const char *end = cli_text_of(consent, "end"), *until = cli_text_of(consent, "until");
        cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(consent, "party"));
        cli_table_cell(table, CLI_PLAIN, "%lld", (long long)cli_int_of(consent, "number"));
        cli_table_cell(table, CLI_BOLD, "%s", cli_text_of(consent, "purpose"));
        cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(consent, "text"));
        cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(consent, "given"));
        cli_table_cell(table, CLI_PLAIN, "%s", *until ? until : "the data go");
        cli_table_cell(table, *end ? CLI_DIM : CLI_PLAIN, "%s", *end ? end : "in force");
    }
    cli_table_print(&table);
}

/* ---- the two lists --------------------------------------------------------------------------------------------- */

typedef void print_fn(cli_t *cli, const json_t *list);

/* What registration answers about EVENT, EVENT/PARTY or EVENT/PARTY/NUMBER. fails: "cannot " this, of the key. */
static int show_list(cli_t *cli, const char *what, const char *schema, print_fn *print, const char *fails)
{
    const char *key = cli->args[0];
    json_t *found = NULL;
    cli->as = "secretariat";
    int status = cli_connect(cli);
    if (status != CLI_OK)
        return status;
    int rc = cli_query_json(cli, "registration", what, key, &found);
    if (rc == CV_EINVAL)
        return cli_usage(cli, "\"%s\" must be EVENT, EVENT/PARTY or EVENT/PARTY/NUMBER, for instance 2025-SWG-2/KZ/3",
                         key);
    if (rc == CV_ENOTFOUND)
        return cli_fail(cli, CLI_NOTFOUND, "there is no event or delegation %s", key);
    if (rc != CV_OK)
        return cli_query_failed(cli, rc, "cannot show %s of %s", fails, key);
    if (cli->json)
        status = cli_document(cli, schema, json_pack("{s:o}", what, cli_datas(found)));
    else
        print(cli, found);
    json_decref(found);
    return status;
}

int cli_person_accesses(cli_t *cli)
{
    return show_list(cli, "accesses", "convene.cli.accesses.v1", print_accesses, "who has read what is held");
}

int cli_person_consents(cli_t *cli)
{
    return show_list(cli, "consents", "convene.cli.consents.v1", print_consents, "the consents");
}
