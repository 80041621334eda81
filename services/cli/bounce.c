/* bounce: mails that came back, from files or standard input, reported to notifications.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each file is one mail: as a mail server gives it to a program that an alias names, or as it lies in a Maildir. A mail
 * that is no report is said so and not sent; the others go on.
 */
#include "ask.h"
#include "bounce_read.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The octets of a file, which the caller frees. CLI_OK, or a status after having said why. */
static int read_mail(cli_t *cli, const char *path, char **ret_text, size_t *ret_len)
{
    bool is_stdin = strcmp(path, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(path, "rbe");
    if (!file)
        return cli_fail(cli, CLI_NOTFOUND, "%s: %s", path, strerror(errno));
    char *text = malloc(BOUNCE_MAX + 1);
    size_t len = text ? fread(text, 1, BOUNCE_MAX + 1, file) : 0;
    bool failed = ferror(file) != 0;
    if (!is_stdin)
        fclose(file);
    if (!text || failed) {
        free(text);
        return cli_fail(cli, CLI_FAILED, "%s: %s", path, text ? "cannot be read" : "out of memory");
    }
    *ret_text = text;
    *ret_len = len;
    return CLI_OK;
}

static json_t *data_of(const bounce_t *bounce)
{
    json_t *data = json_pack("{s:s, s:s}", "notice", bounce->notice, "what", cv_bounce_kind_text(bounce->what));
    if (bounce->status[0])
        json_object_set_new(data, "status", json_string(bounce->status));
    time_t at = bounce->date[0] ? curl_getdate(bounce->date, NULL) : -1;
    if (at > 0)
        json_object_set_new(data, "at_ms", json_integer((json_int_t)at * 1000));
    return data;
}

static int report(cli_t *cli, const char *path, const bounce_t *bounce)
{
    json_t *data = data_of(bounce);
    if (!cli_has(cli, "dry-run"))
        return cli_ask(cli, CLI_OK, "convene.notifications.bounce.report.v1", data);
    if (cli->json)
        return cli_document(cli, "convene.cli.bounce.v1", data);
    printf("%s: %s%s%s of %s\n", path, cv_bounce_kind_text(bounce->what), bounce->status[0] ? " " : "", bounce->status,
           bounce->notice);
    json_decref(data);
    return CLI_OK;
}

static int one(cli_t *cli, const char *path)
{
    char error[BOUNCE_ERROR_MAX];
    bounce_t bounce;
    char *text = NULL;
    size_t len = 0;
    int status = read_mail(cli, path, &text, &len);
    if (status != CLI_OK)
        return status;
    int rc = bounce_read((cv_str_t){text, len}, &bounce, error);
    free(text);
    if (rc != CV_OK)
        return cli_fail(cli, CLI_USAGE, "%s: %s", path, error);
    if (bounce.what != CV_BOUNCE_KIND_ABSENT)
        return report(cli, path, &bounce);
    if (!cli->json)
        printf("%s: nothing came back of %s\n", path, bounce.notice);
    return CLI_OK;
}

int cli_notice_bounce(cli_t *cli)
{
    int good = 0, status = CLI_OK;
    for (int i = 0; i < cli->args_n; i++) {
        int now = one(cli, cli->args[i]);
        good += now == CLI_OK;
        if (now == CLI_UNREACHABLE || status == CLI_OK)
            status = now;
        if (now == CLI_UNREACHABLE || now == CLI_DENIED) /* so it would be with the others */
            break;
    }
    return status == CLI_OK || status == CLI_UNREACHABLE || good == 0 ? status : CLI_PARTIAL;
}
