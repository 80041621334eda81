/* apply: what followed streams and timers do to this service.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A record's effect, the records it causes and the cursor behind it are in one transaction. A record of a type that is
 * not known here is passed over: newer producers may say more than we need. A record that cannot be read or applied,
 * tried alone, is poison: set aside with its error (park_poison) or a halt; either way visible in the status, and the
 * cursor never passes a record that had no effect and is not parked. Of a sealed record what it says is applied, if its
 * producer gave that along; only the record itself is ever set aside.
 */
#include "service/engine_state.h"

#include <stdio.h>
#include <string.h>

static int apply_one(cv_engine_t *engine, cv_follow_t *follow, cv_str_t record, bool in_snapshot)
{
    cv_msg_t msg = {0};
    cv_fault_t fault = {0};
    int rc = cv_msg_read(engine->reader, record, &msg, &fault);
    if (!rc && !msg.info)
        return CV_OK;
    if (!rc)
        rc = msg.info->decode(msg.data, engine->decoded, &fault);
    if (rc) {
        cv_engine_note(engine, "a record does not fit its description: %s %s", fault.path, fault.text);
        return rc;
    }
    cv_tx_start(engine, NULL, msg.id);
    engine->tx.in_snapshot = in_snapshot;
    engine->tx.correlation = msg.correlationid;
    engine->tx.trace = msg.traceparent;
    return engine->def->record(engine->service, &engine->tx, engine->def->follows[follow->index].stream, &msg,
                               engine->decoded);
}

int cv_apply_record(cv_engine_t *engine, cv_follow_t *follow)
{
    cv_str_t record;
    cv_position_t position;
    if (!cv_follower_next(follow->follower, &record, &position))
        return CV_ENOTFOUND;
    cv_str_t opened = cv_follower_opened(follow->follower);
    int rc = apply_one(engine, follow, opened.ptr ? opened : record, false);
    if (rc)
        return rc == CV_ENOTFOUND ? CV_EINTERNAL : rc;
    cv_follower_applied(follow->follower);
    engine->counters.records_applied++;
    return CV_OK;
}

int cv_apply_cursors(cv_engine_t *engine)
{
    for (size_t i = 0; i < engine->def->follows_n; i++) {
        const cv_position_t *from = cv_follower_cursor(engine->follows[i].follower);
        const cv_position_t *to = cv_follower_position(engine->follows[i].follower);
        if (!memcmp(from, to, sizeof *from))
            continue;
        int rc = cv_cursor_move(&engine->ledger, engine->def->follows[i].stream, from, to);
        if (rc)
            return rc == CV_ECONFLICT ? CV_ECORRUPT : rc; /* the cursor is not where we left it: stop at once */
    }
    return CV_OK;
}

int cv_apply_snapshot(cv_engine_t *engine, cv_follow_t *follow)
{
    const cv_str_t *records;
    size_t n;
    cv_position_t position;
    if (!cv_follower_snapshot(follow->follower, &records, &n, &position))
        return CV_ENOTFOUND;
    const char *stream = engine->def->follows[follow->index].stream;
    cv_tx_start(engine, NULL, CV_STR("snapshot"));
    engine->tx.in_snapshot = true;
    int rc = engine->def->snapshot_begin(engine->service, &engine->tx, stream);
    for (size_t i = 0; !rc && i < n; i++)
        rc = apply_one(engine, follow, records[i], true);
    return rc ? rc : cv_cursor_set(&engine->ledger, stream, &position);
}

int cv_apply_timer(cv_engine_t *engine)
{
    cv_str_t kind, key;
    int rc = cv_timer_take(&engine->ledger, engine->tx.now_ms, engine->arena, &kind, &key);
    if (rc)
        return rc;
    cv_tx_start(engine, NULL, cv_arena_printf(engine->arena, "timer:%.*s:%.*s", CV_STR_ARG(kind), CV_STR_ARG(key)));
    rc = engine->def->timer(engine->service, &engine->tx, kind.ptr, key);
    if (rc)
        cv_engine_note(engine, "timer %s of %.*s failed: %s", kind.ptr, CV_STR_ARG(key), cv_error_text(rc));
    else
        engine->counters.timers++;
    return rc == CV_ENOTFOUND ? CV_EINTERNAL : rc;
}

int cv_apply_timer_later(cv_engine_t *engine)
{
    cv_str_t kind, key;
    int rc = cv_timer_take(&engine->ledger, engine->tx.now_ms, engine->arena, &kind, &key);
    return rc ? rc : cv_timer_put(&engine->ledger, kind.ptr, key, engine->tx.now_ms + CV_TIMER_RETRY_MS);
}

int cv_apply_poison(cv_engine_t *engine, cv_follow_t *follow)
{
    const cv_follow_def_t *def = &engine->def->follows[follow->index];
    char text[768];
    cv_str_t record;
    cv_position_t position;
    if (!cv_follower_next(follow->follower, &record, &position))
        return CV_OK;
    snprintf(text, sizeof text, "record %llu cannot be applied: %s", (unsigned long long)position.seq, engine->error);
    if (!def->park_poison) {
        cv_follower_halt(follow->follower, text);
        return CV_OK;
    }
    int rc = cv_db_begin(engine->db);
    if (!rc)
        rc = cv_parked_put(&engine->ledger, def->stream, &position, text, engine->tx.now_ms, record);
    if (!rc) {
        cv_follower_applied(follow->follower);
        rc = cv_apply_cursors(engine);
    }
    if (!rc)
        rc = cv_db_commit(engine->db);
    else
        cv_db_rollback(engine->db);
    if (rc) {
        cv_follower_rolled_back(follow->follower);
        return rc;
    }
    cv_follower_committed(follow->follower);
    engine->counters.records_parked++;
    return CV_OK;
}
