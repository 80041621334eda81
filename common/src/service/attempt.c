/* attempt: a request tries something in the batch's transaction and takes it back.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   cv_tx_try    what gathered in memory becomes rows, SAVEPOINT
 *   cv_tx_keep   RELEASE: it is as if nothing had been tried
 *   cv_tx_undo   ROLLBACK TO, RELEASE; heads, journal, counters and what is to be published as they were
 *
 * The memo needs no care: a request's own answer is put there after its decision.
 *
 * Failure modes: an error of any of the three goes to the engine, which rolls the whole batch back and tries each
 * request alone. A request that fails with its try open does the same, and ROLLBACK ends the savepoint with the rest.
 */
#include "service/engine_state.h"

#include <assert.h>

int cv_tx_try(cv_tx_t *tx)
{
    cv_engine_t *engine = tx->engine;
    assert(!tx->attempt.is_open);
    int rc = cv_outbox_hold(engine->outbox);
    if (!rc)
        rc = cv_db_exec(engine->db, "SAVEPOINT attempt");
    if (rc)
        return rc;
    tx->attempt = (cv_attempt_t){.is_open = true,
                                 .counters = engine->counters,
                                 .outgoing_n = engine->outgoing_n,
                                 .out_len = engine->out.len,
                                 .emitted_stream = tx->emitted_stream,
                                 .emitted_seq = tx->emitted_seq};
    cv_journal_hold(&engine->journal, &tx->attempt.journal);
    return CV_OK;
}

int cv_tx_keep(cv_tx_t *tx)
{
    assert(tx->attempt.is_open);
    tx->attempt.is_open = false;
    return cv_db_exec(tx->engine->db, "RELEASE attempt");
}

int cv_tx_undo(cv_tx_t *tx)
{
    cv_engine_t *engine = tx->engine;
    const cv_attempt_t *attempt = &tx->attempt;
    assert(attempt->is_open);
    int rc = cv_db_exec(engine->db, "ROLLBACK TO attempt");
    if (!rc)
        rc = cv_db_exec(engine->db, "RELEASE attempt");
    if (rc)
        return rc;
    cv_outbox_return(engine->outbox);
    cv_journal_return(&engine->journal, &attempt->journal);
    engine->counters = attempt->counters;
    cv_out_cut(engine, attempt->outgoing_n, attempt->out_len);
    tx->emitted_stream = attempt->emitted_stream;
    tx->emitted_seq = attempt->emitted_seq;
    tx->attempt.is_open = false;
    return CV_OK;
}

void cv_tx_unremembered(cv_tx_t *tx)
{
    tx->is_unremembered = true;
}
