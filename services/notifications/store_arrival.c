/* store_arrival: how far a notice has come, by all its dispatches.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/store_arrival.h"

#include "notifications/statements_arrival.h"

#include <stdlib.h>

_Static_assert(CV_DELIVERY_RESULT_WITHDRAWN == 15, "IS_DEAD of statements_arrival.h says it as a number");

const char ntf_tables_arrival[] = NTF_TABLES_ARRIVAL;

struct ntf_arrivals {
#define XX(name, sql) cv_stmt_t *name;
    NTF_ARRIVAL_STATEMENTS(XX)
#undef XX
};

int ntf_arrivals_open(cv_db_t *db, ntf_arrivals_t **ret_arrivals)
{
    ntf_arrivals_t *arrivals = calloc(1, sizeof(*arrivals));
    if (!arrivals)
        return CV_ENOMEM;
    const cv_sql_t all[] = {
#define XX(name, sql) {&arrivals->name, sql},
        NTF_ARRIVAL_STATEMENTS(XX)
#undef XX
    };
    int rc = cv_db_prepare_all(db, all, sizeof(all) / sizeof(all[0]));
    if (rc)
        ntf_arrivals_close(&arrivals);
    else
        *ret_arrivals = arrivals;
    return rc;
}

void ntf_arrivals_close(ntf_arrivals_t **arrivals)
{
    free(*arrivals); /* the statements are the database's */
    *arrivals = NULL;
}

int ntf_arrival_of(ntf_arrivals_t *arrivals, int64_t n, bool is_dead, ntf_arrival_t *ret_arrival)
{
    cv_stmt_t *stmt = is_dead ? arrivals->dead_of : arrivals->delivered_of;
    cv_stmt_int(stmt, 1, n);
    int rc = cv_stmt_step(stmt);
    if (rc <= 0)
        return rc ? rc : CV_ENOTFOUND;
    ntf_arrival_t arrival = {
        .number = cv_stmt_get_int(stmt, 0),
        .channel = (int)cv_stmt_get_int(stmt, 1),
        .reason = (cv_delivery_result_t)cv_stmt_get_int(stmt, 2),
        .done_ms = cv_stmt_get_int(stmt, 3),
        .attempts = cv_stmt_get_int(stmt, 4),
    };
    cv_stmt_reset(stmt);
    if (arrival.number == 0)
        return CV_ENOTFOUND;
    *ret_arrival = arrival;
    return CV_OK;
}

static int s_fare(cv_stmt_t *stmt, bool is_dead, ntf_fare_t *fares)
{
    int rc;
    while ((rc = cv_stmt_step(stmt)) > 0) {
        int64_t channel = cv_stmt_get_int(stmt, 0), n = cv_stmt_get_int(stmt, 1);
        if (channel < 0 || channel >= NTF_CHANNELS) {
            cv_stmt_reset(stmt);
            return CV_ECORRUPT;
        }
        if (is_dead)
            fares[channel].dead = n;
        else
            fares[channel] = (ntf_fare_t){.open = n, .oldest_ms = cv_stmt_get_int(stmt, 2)};
    }
    return rc;
}

int ntf_fares(ntf_arrivals_t *arrivals, ntf_fare_t ret_fares[NTF_CHANNELS])
{
    ntf_fare_t fares[NTF_CHANNELS] = {{0}};
    int rc = s_fare(arrivals->fare_open, false, fares);
    if (!rc)
        rc = s_fare(arrivals->fare_dead, true, fares);
    for (int i = 0; !rc && i < NTF_CHANNELS; i++)
        ret_fares[i] = fares[i];
    return rc;
}
