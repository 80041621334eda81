/* store_arrival: how far a notice has come, by all its dispatches.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/store_arrival.h"

#include "notifications/statement_set.h"
#include "notifications/statements_arrival.h"

_Static_assert(CV_DELIVERY_RESULT_WITHDRAWN == 15, "IS_DEAD of statements_arrival.h says it as a number");

const char ntf_tables_arrival[] = NTF_TABLES_ARRIVAL;

NTF_STATEMENT_SET(ntf_arrivals, NTF_ARRIVAL_STATEMENTS)

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
