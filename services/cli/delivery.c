/* delivery: how mail and webhooks fare, in numbers: for doctor, metrics and watch.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cli.h"

int cli_delivery_ask(cli_t *cli, json_t **ret_delivery)
{
    json_t *rows = NULL;
    int rc = cli_query_json(cli, "notifications", "delivery", NULL, &rows);
    json_t *delivery = rc == CV_OK ? json_object_get(json_array_get(rows, 0), "data") : NULL;
    if (rc == CV_OK && !delivery)
        rc = CV_ENOTFOUND;
    if (rc == CV_OK)
        *ret_delivery = json_incref(delivery);
    json_decref(rows);
    return rc;
}

int64_t cli_delivery_sum(const json_t *delivery, const char *field)
{
    int64_t sum = 0;
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(delivery, "channels"), i, one)
    {
        sum += cli_int_of(one, field);
    }
    return sum;
}

void cli_delivery_text(const json_t *delivery, char *ret_text, size_t size)
{
    int64_t dead = cli_delivery_sum(delivery, "dead"), alone = cli_int_of(delivery, "left_alone");
    char more[64] = "";
    if (alone > 0)
        (void)snprintf(more, sizeof more, ", %lld destinations left alone for now", (long long)alone);
    (void)snprintf(ret_text, size, "%lld on their way, %lld dead%s%s", (long long)cli_delivery_sum(delivery, "open"),
                   (long long)dead,
                   dead ? " (`convene notice dead` says why, `convene notice redrive --all` sends them again)" : "",
                   more);
}
