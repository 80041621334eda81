/* publish: what an engine has to say after COMMIT, in the order it was made, and where its streams stand.
 * SPDX-License-Identifier: Apache-2.0
 *
 * While a transaction runs outcomes and records are only put out: kept in one buffer. Nothing of it leaves before the
 * COMMIT it belongs to; after a rollback the buffer is cut back.
 */
#include "service/engine_state.h"

#include <stdlib.h>

int cv_engine_put_out(cv_engine_t *engine, int stream, const cv_position_t *position, cv_str_t topic, cv_str_t message)
{
    if (engine->outgoing_n == engine->outgoing_room) {
        size_t room = engine->outgoing_room ? engine->outgoing_room * 2 : 1024;
        cv_outgoing_t *grown = realloc(engine->outgoing, room * sizeof *grown);
        if (!grown)
            return CV_ENOMEM;
        engine->outgoing = grown;
        engine->outgoing_room = room;
    }
    cv_outgoing_t *outgoing = &engine->outgoing[engine->outgoing_n];
    outgoing->stream = stream;
    outgoing->topic_at = engine->out.len;
    outgoing->topic_len = topic.len;
    if (position)
        outgoing->position = *position;
    int rc = cv_buf_put(&engine->out, topic.ptr, topic.len);
    outgoing->message_at = engine->out.len;
    outgoing->message_len = message.len;
    if (!rc)
        rc = cv_buf_put(&engine->out, message.ptr, message.len);
    if (!rc)
        engine->outgoing_n++;
    return rc;
}

void cv_out_cut(cv_engine_t *engine, size_t outgoing_n, size_t len)
{
    engine->outgoing_n = outgoing_n;
    engine->out.len = len;
    engine->out.rc = CV_OK;
}

static cv_str_t topic_of(const cv_engine_t *engine, size_t stream)
{
    return cv_str(engine->topics[stream]);
}

void cv_out_publish(cv_engine_t *engine)
{
    const char *bytes = (const char *)engine->out.ptr;
    for (size_t i = 0; i < engine->outgoing_n; i++) {
        const cv_outgoing_t *o = &engine->outgoing[i];
        cv_str_t message = {bytes + o->message_at, o->message_len};
        if (o->stream < 0) {
            engine->outside.publish(engine->outside.self, (cv_str_t){bytes + o->topic_at, o->topic_len}, NULL, message);
            continue;
        }
        engine->outside.publish(engine->outside.self, topic_of(engine, (size_t)o->stream), &o->position, message);
        engine->head_told[o->stream] = o->position.seq;
    }
    cv_out_cut(engine, 0, 0);
}

void cv_out_flush(cv_engine_t *engine)
{
    if (engine->outside.flush)
        engine->outside.flush(engine->outside.self);
}

static void publish_head(cv_engine_t *engine, size_t stream)
{
    const cv_position_t *head = cv_outbox_head(engine->outbox, stream);
    engine->outside.publish(engine->outside.self, topic_of(engine, stream), head, CV_STR_NONE);
    engine->head_told[stream] = head->seq;
}

/* Private streams ring at once; all streams say where they stand, often under traffic, once a second at rest. */
void cv_out_heads(cv_engine_t *engine, bool traffic, int64_t mono_ms)
{
    bool due = mono_ms - engine->heads_ms >= (traffic ? CV_HEAD_BUSY_MS : CV_HEAD_IDLE_MS);
    for (size_t i = 0; i < engine->def->streams_n; i++)
        if (due || engine->head_told[i] != cv_outbox_head(engine->outbox, i)->seq)
            publish_head(engine, i);
    if (due)
        engine->heads_ms = mono_ms;
}
