/* clock: see clock.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/clock.h"

#include "convene/log.h"
#include "notifications/escalate.h"
#include "notifications/opening.h"

int ntf_clock_mend(ntf_t *ntf, cv_tx_t *tx)
{
    int64_t now_ms = cv_tx_now_ms(tx);
    int rc = ntf_due_again(ntf->reminders, now_ms);
    int64_t reminders = rc ? 0 : cv_db_changes(ntf->db);
    if (!rc)
        rc = ntf_watch_again(ntf->watches, now_ms, NTF_LOOK_AGAIN_MS);
    if (!rc && reminders > 0)
        cv_log(CV_LOG_WARN, "reminders_again", cv_kv_int("reminders", reminders));
    if (!rc)
        rc = ntf_opening_timer(ntf, tx);
    ntf->watching = ntf->pinging = true;
    return rc;
}
