/* redis: the same decisions made by Redis: a Lua script, a stream for subscribers, append-only file with fsync always.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   peer-redis socket=PATH script=FILE n=N [in_flight=256 | rate=R] [ids=ordered|random] [pids=1]
 *
 * One connection with up to in_flight requests on the way (pipelined), which Redis answers after the fsync that covers
 * them; another connection reads the stream (XREAD, blocking). The server is emptied before the run.
 */
#include "peers/peer.h"
#include <hiredis/hiredis.h>
#include <poll.h>

static const char *s_path;

static redisContext *connect_to(void)
{
    redisContext *c = redisConnectUnix(s_path);
    if (!c || c->err)
        DIE("%s: %s", s_path, c ? c->errstr : "out of memory");
    return c;
}

static redisReply *command(redisContext *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    redisReply *reply = redisvCommand(c, format, args);
    va_end(args);
    if (!reply || reply->type == REDIS_REPLY_ERROR)
        DIE("%s: %s", format, reply ? reply->str : c->errstr);
    return reply;
}

static void *listen_to(void *arg)
{
    peer_t *peer = arg;
    redisContext *c = connect_to();
    char last[64] = "0-0";
    atomic_store(&peer->listening, true);
    while (!atomic_load(&peer->stop)) {
        redisReply *reply = command(c, "XREAD COUNT 2000 BLOCK 100 STREAMS decisions %s", last);
        if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 1) {
            const redisReply *entries = reply->element[0]->element[1];
            for (size_t i = 0; i < entries->elements; i++) {
                const redisReply *text = entries->element[i]->element[1]->element[1];
                peer_delivered(peer, text->str, text->len);
                snprintf(last, sizeof last, "%s", entries->element[i]->element[0]->str);
            }
        }
        freeReplyObject(reply);
    }
    redisFree(c);
    return NULL;
}

static void send_request(redisContext *c, const char *sha, const workload_t *w, uint32_t sending)
{
    peer_request_t r = peer_request(w, sending);
    const char *argv[] = {"EVALSHA", sha, "0", r.id, r.event, r.party, r.name, r.email, r.capacity};
    redisAppendCommandArgv(c, 9, argv, NULL);
}

static void drive(peer_t *peer, redisContext *c, const char *sha, uint32_t in_flight)
{
    const workload_t *w = &peer->run.w;
    uint32_t next = 0, got = 0;
    struct pollfd fd = {c->fd, POLLIN, 0};
    while (got < w->n) {
        uint64_t now = now_ns(), until = now + 1000000000u;
        bool some = false;
        for (; next < w->n; next++) {
            if (peer->rate > 0) {
                uint64_t due = run_due(peer->start, next, peer->rate);
                if (due > now && (now = now_ns()) < due) {
                    until = due;
                    break;
                }
                peer->run.due[next] = due;
            } else if (next - got >= in_flight) {
                break;
            } else {
                peer->run.due[next] = now_ns();
            }
            send_request(c, sha, w, next);
            some = true;
        }
        for (int done = !some; !done;)
            if (redisBufferWrite(c, &done))
                DIE("write: %s", c->errstr);
        now = now_ns();
        uint64_t ns = until > now ? until - now : 0;
        struct timespec t = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
        if (ppoll(&fd, 1, &t, NULL) < 1)
            continue;
        if (redisBufferRead(c))
            DIE("read: %s", c->errstr);
        now = now_ns();
        void *reply;
        while (redisGetReplyFromReader(c, &reply) == REDIS_OK && reply) {
            redisReply *r = reply;
            if (r->type != REDIS_REPLY_STRING)
                DIE("reply: %s", r->str);
            peer_answered(peer, got++, r->str, r->len, now);
            freeReplyObject(r);
        }
    }
}

int main(int argc, char **argv)
{
    s_path = option(argc, argv, "socket", NULL);
    const char *script = option(argc, argv, "script", NULL);
    char lua[8192], sha[64];
    FILE *file = script ? fopen(script, "re") : NULL;
    if (!s_path || !file)
        DIE("socket=PATH script=FILE n=N ...");
    lua[fread(lua, 1, sizeof lua - 1, file)] = '\0';
    fclose(file);
    peer_t *peer = peer_new(argc, argv);
    const workload_t *w = &peer->run.w;
    redisContext *c = connect_to();
    freeReplyObject(command(c, "FLUSHALL"));
    redisReply *reply = command(c, "CONFIG GET appendfsync");
    if (reply->elements != 2 || strcmp(reply->element[1]->str, "always") != 0)
        DIE("appendfsync is not always");
    freeReplyObject(reply);
    for (uint32_t i = 0; i < WL_EVENTS; i++) {
        char code[WL_CODE];
        wl_event_code(w, i, code);
        freeReplyObject(
            command(c, "HSET event:%s capacity %u maximum %u used 0 waiting 0", code, w->capacity, w->maximum));
    }
    reply = command(c, "SCRIPT LOAD %s", lua);
    snprintf(sha, sizeof sha, "%s", reply->str);
    freeReplyObject(reply);
    pthread_t thread;
    peer_start(peer, &thread, listen_to);
    drive(peer, c, sha, (uint32_t)option_number(argc, argv, "in_flight", 256));
    peer_finish(peer, thread);
    redisFree(c);
    return 0;
}
