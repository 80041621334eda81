/* person: all that is held of one person, for who asks what is known of them.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Registration's history of the person has everything that was ever registered under the number, the last step what is
 * true now; a person who was erased has steps without data. Notices are listed by id and state, those of the whole
 * delegation: which of them name the person is not kept. Always one JSON document, to be handed out as it is.
 */
#include "cli.h"

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

int cli_person_export(cli_t *cli)
{
    const char *key = cli->args[0];
    char delegation[CLI_PATH_MAX];
    json_t *steps = NULL, *notices = NULL;
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
    if (rc != CV_OK)
        return cli_query_failed(cli, rc, "cannot show what is held of %s", key);
    rc = cli_query_json(cli, "notifications", "notices", delegation, &notices);
    if (rc != CV_OK && rc != CV_ENOTFOUND) {
        json_decref(steps);
        return cli_query_failed(cli, rc, "cannot show the notices to %s", delegation);
    }
    json_t *last = json_object_get(json_array_get(steps, json_array_size(steps) - 1), "data");
    bool is_erased = !json_object_get(last, "name");
    status =
        cli_document(cli, "convene.cli.person.v1",
                     json_pack("{s:s, s:b, s:O, s:o, s:o}", "person", key, "erased", is_erased, "now", last, "history",
                               cli_datas(steps), "notices", notices ? cli_datas(notices) : json_array()));
    json_decref(steps);
    json_decref(notices);
    return status;
}
