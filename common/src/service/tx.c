/* tx: the batch's transaction as a service's function sees it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "convene/format.h"
#include "service/engine_state.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SENTENCE_MAX = 500 }; /* octets of a text in an outcome */

void cv_tx_start(cv_engine_t *engine, const cv_principal_t *principal, cv_str_t causation)
{
    struct cv_tx *tx = &engine->tx;
    tx->engine = engine;
    tx->principal = principal;
    tx->in_snapshot = false;
    tx->refused_rc = CV_OK;
    tx->causation = causation;
    tx->correlation = tx->trace = CV_STR_NONE;
    tx->emitted_stream = -1;
    tx->is_unremembered = false;
    tx->is_traced = false;
    tx->attempt.is_open = false;
}

int64_t cv_tx_now_ms(const cv_tx_t *tx)
{
    return tx->now_ms;
}

cv_db_t *cv_tx_db(cv_tx_t *tx)
{
    return tx->engine->db;
}

cv_arena_t *cv_tx_arena(cv_tx_t *tx)
{
    return tx->engine->arena;
}

const cv_principal_t *cv_tx_principal(const cv_tx_t *tx)
{
    return tx->principal;
}

bool cv_tx_in_snapshot(const cv_tx_t *tx)
{
    return tx->in_snapshot;
}

bool cv_tx_caught_up(const cv_tx_t *tx)
{
    const cv_engine_t *engine = tx->engine;
    for (size_t i = 0; i < engine->def->follows_n; i++)
        if (!cv_follower_reached_end(engine->follows[i].follower))
            return false;
    return true;
}

/* "registration.events/0123456789abcdef/42": says where the record stands, so it needs no random bits. Written by hand:
 * it is made for every record. */
static cv_str_t record_id(const char *stream, const cv_position_t *head, char ret_text[CV_MAX_TOPIC + 64])
{
    static const char digits[] = "0123456789abcdef";
    char decimal[20];
    size_t n = strlen(stream), decimal_n = 0;
    memcpy(ret_text, stream, n);
    ret_text[n++] = '/';
    for (size_t i = 0; i < CV_EPOCH_LEN; i++) {
        ret_text[n++] = digits[head->epoch[i] >> 4];
        ret_text[n++] = digits[head->epoch[i] & 15];
    }
    ret_text[n++] = '/';
    for (uint64_t seq = head->seq + 1; seq; seq /= 10)
        decimal[decimal_n++] = digits[seq % 10];
    while (decimal_n)
        ret_text[n++] = decimal[--decimal_n];
    return (cv_str_t){ret_text, n};
}

int cv_tx_emit(cv_tx_t *tx, unsigned stream, uint16_t type, cv_str_t subject, const void *data, uint64_t *ret_seq)
{
    cv_engine_t *engine = tx->engine;
    const cv_stream_def_t *def = &engine->def->streams[stream];
    char id[CV_MAX_TOPIC + 64];
    cv_msg_t head = {
        .id = record_id(def->name, cv_outbox_head(engine->outbox, stream), id),
        .source = cv_str(engine->source),
        .subject = subject,
        .correlationid = tx->correlation,
        .causationid = tx->causation,
        .traceparent = tx->trace,
        .time_ms = tx->now_ms,
        .info = cv_msg_info_at(type),
    };
    cv_buf_clear(&engine->scratch);
    int rc = cv_msg_write(&engine->scratch, &head, data);
    if (!rc && engine->scratch.len > CV_MAX_RECORD)
        rc = CV_ELIMIT;
    cv_position_t position;
    cv_str_t bytes = cv_buf_str(&engine->scratch);
    if (!rc)
        rc = cv_outbox_append(engine->outbox, stream, bytes, &position);
    if (!rc && !def->is_private)
        rc = cv_engine_put_out(engine, (int)stream, &position, CV_STR_NONE, bytes);
    if (rc)
        return rc;
    engine->counters.records_emitted++;
    tx->emitted_stream = (int)stream;
    tx->emitted_seq = position.seq;
    if (ret_seq)
        *ret_seq = position.seq;
    return CV_OK;
}

uint64_t cv_tx_head(const cv_tx_t *tx, unsigned stream)
{
    return cv_outbox_head(tx->engine->outbox, stream)->seq;
}

int cv_tx_forget(cv_tx_t *tx, unsigned stream)
{
    cv_engine_t *engine = tx->engine;
    uint64_t head = cv_outbox_head(engine->outbox, stream)->seq;
    return cv_outbox_prune(engine->outbox, stream, head, SIZE_MAX);
}

int cv_tx_scrub(cv_tx_t *tx, bool whole)
{
    return cv_db_scrub_after(tx->engine->db, whole);
}

void cv_tx_trace(cv_tx_t *tx)
{
    tx->is_traced = true;
}

int cv_tx_timer_set(cv_tx_t *tx, const char *kind, cv_str_t key, int64_t due_ms)
{
    return cv_timer_put(&tx->engine->ledger, kind, key, due_ms);
}

int cv_tx_timer_cancel(cv_tx_t *tx, const char *kind, cv_str_t key)
{
    return cv_timer_drop(&tx->engine->ledger, kind, key);
}

static cv_str_t sentence(cv_tx_t *tx, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
static cv_str_t sentence(cv_tx_t *tx, const char *format, va_list args)
{
    char text[SENTENCE_MAX + 2]; /* one more, to see where a cut falls */
    int len = cv_vformat(text, sizeof text, format, args);
    if (len > SENTENCE_MAX) { /* cut where a character begins */
        for (len = SENTENCE_MAX; len && ((uint8_t)text[len] & 0xc0) == 0x80; len--)
            continue;
        text[len] = '\0';
    }
    for (char *c = text; *c; c++)
        if ((uint8_t)*c < 0x20 || *c == 0x7f)
            *c = ' '; /* free text of a request may have line feeds, a sentence has none */
    cv_str_t kept = cv_arena_str(tx->engine->arena, cv_str(text));
    return kept.ptr ? kept : CV_STR("(no memory for the reason)");
}

static int refuse(cv_tx_t *tx, cv_outcome_t *out, int rc, const char *code, const char *field, cv_str_t text)
{
    out->cls = cv_outcome_class_parse(cv_str(cv_error_wire(rc)));
    out->code = cv_str(code);
    out->field = cv_str(field);
    out->text = text;
    return tx->refused_rc = rc;
}

int cv_refuse(cv_tx_t *tx, cv_outcome_t *out, const char *code, const char *field, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    cv_str_t text = sentence(tx, format, args);
    va_end(args);
    return refuse(tx, out, CV_EREJECTED, code, field, text);
}

int cv_refuse_as(cv_tx_t *tx, cv_outcome_t *out, int rc, const char *code, const char *field, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    cv_str_t text = sentence(tx, format, args);
    va_end(args);
    return refuse(tx, out, rc, code, field, text);
}

int cv_accept(cv_tx_t *tx, cv_outcome_t *out, const char *code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    out->text = sentence(tx, format, args);
    va_end(args);
    out->cls = CV_OUTCOME_CLASS_OK;
    out->code = cv_str(code);
    return CV_OK;
}
