/* postgres: the same decisions made by PostgreSQL: a function, synchronous_commit on, a reader of the decisions' table.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   peer-postgres connect="host=DIR port=P ..." n=N [batch=256 | rate=R] [ids=ordered|random] [pids=1]
 *
 * One connection in pipeline mode. A transaction takes up to `batch` requests that are due, two transactions are on
 * the way (one runs, one waits in the socket); batch=1 is a transaction per request with 64 on the way. An answer
 * counts when its transaction is committed. The subscriber reads what is new every 2 ms, in front of the oldest
 * transaction that runs. The tables are made anew before the run.
 */
#include "peers/peer.h"
#include <libpq-fe.h>
#include <poll.h>

static const char *s_connect;

static PGconn *connect_to(void)
{
    PGconn *c = PQconnectdb(s_connect);
    if (PQstatus(c) != CONNECTION_OK)
        DIE("%s", PQerrorMessage(c));
    return c;
}

static PGresult *checked(PGconn *c, PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        DIE("%s", PQerrorMessage(c));
    return result;
}

static void execute(PGconn *c, const char *sql)
{
    PQclear(checked(c, PQexec(c, sql)));
}

static void *listen_to(void *arg)
{
    peer_t *peer = arg;
    PGconn *c = connect_to();
    char xid[32] = "0";
    const char *values[] = {xid};
    PQclear(checked(c, PQprepare(c, "news",
                                 "SELECT xid::text AS position, decision FROM bench.registration WHERE xid > $1::xid8 "
                                 "AND xid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY xid, seq",
                                 0, NULL)));
    atomic_store(&peer->listening, true);
    while (!atomic_load(&peer->stop)) {
        PGresult *result = checked(c, PQexecPrepared(c, "news", 1, values, NULL, NULL, 0));
        int n = PQntuples(result);
        for (int i = 0; i < n; i++)
            peer_delivered(peer, PQgetvalue(result, i, 1), (size_t)PQgetlength(result, i, 1));
        if (n)
            snprintf(xid, sizeof xid, "%s", PQgetvalue(result, n - 1, 0));
        PQclear(result);
        sleep_ns(2000000);
    }
    PQfinish(c);
    return NULL;
}

static void send_request(PGconn *c, const workload_t *w, uint32_t sending)
{
    peer_request_t r = peer_request(w, sending);
    const char *values[] = {r.id, r.event, r.party, r.name, r.email, r.capacity};
    if (!PQsendQueryPrepared(c, "decide", 6, values, NULL, NULL, 0))
        DIE("%s", PQerrorMessage(c));
}

typedef struct {
    char *text; /* answers of the transaction that runs; they count when it is committed */
    size_t len;
} held_t;

static void take_answers(peer_t *peer, PGconn *c, held_t *held, uint32_t *got, uint32_t *acked, int *syncs)
{
    if (!PQconsumeInput(c))
        DIE("%s", PQerrorMessage(c));
    while (*syncs && !PQisBusy(c)) {
        PGresult *result = PQgetResult(c);
        if (!result)
            continue;
        ExecStatusType status = PQresultStatus(result);
        if (status == PGRES_TUPLES_OK) {
            held_t *h = &held[(*got)++];
            h->len = (size_t)PQgetlength(result, 0, 0);
            h->text = memcpy(malloc(h->len + 1), PQgetvalue(result, 0, 0), h->len + 1);
        } else if (status == PGRES_PIPELINE_SYNC) {
            uint64_t now = now_ns();
            --*syncs;
            for (; *acked < *got; ++*acked) {
                peer_answered(peer, *acked, held[*acked].text, held[*acked].len, now);
                free(held[*acked].text);
            }
        } else {
            DIE("%s", PQerrorMessage(c));
        }
        PQclear(result);
    }
}

static void drive(peer_t *peer, PGconn *c, int batch)
{
    const workload_t *w = &peer->run.w;
    held_t *held = calloc(w->n, sizeof *held);
    uint32_t next = 0, got = 0, acked = 0;
    int syncs = 0, most = batch == 1 ? 64 : peer->rate > 0 ? 1 : 2;
    if (!held || !PQenterPipelineMode(c))
        DIE("no pipeline");
    PQsetnonblocking(c, 1);
    while (acked < w->n) {
        uint64_t until = now_ns() + 1000000000u;
        while (syncs < most && next < w->n) {
            int n = 0;
            for (; n < batch && next < w->n; n++, next++) {
                uint64_t now = now_ns(), due = peer->rate > 0 ? run_due(peer->start, next, peer->rate) : now;
                if (due > now) {
                    until = due;
                    break;
                }
                peer->run.due[next] = due;
                send_request(c, w, next);
            }
            if (!n)
                break;
            if (!PQpipelineSync(c))
                DIE("%s", PQerrorMessage(c));
            syncs++;
        }
        struct pollfd fd = {PQsocket(c), (short)(POLLIN | (PQflush(c) == 1 ? POLLOUT : 0)), 0};
        uint64_t now = now_ns(), ns = until > now ? until - now : 0;
        struct timespec t = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
        ppoll(&fd, 1, &t, NULL);
        if (fd.revents & POLLIN)
            take_answers(peer, c, held, &got, &acked, &syncs);
    }
    free(held);
}

int main(int argc, char **argv)
{
    s_connect = option(argc, argv, "connect", NULL);
    if (!s_connect)
        DIE("connect=CONNINFO n=N ...");
    peer_t *peer = peer_new(argc, argv);
    const workload_t *w = &peer->run.w;
    PGconn *c = connect_to();
    execute(c, "TRUNCATE bench.event, bench.share, bench.registration");
    for (uint32_t i = 0; i < WL_EVENTS; i++) {
        char code[WL_CODE], sql[200];
        wl_event_code(w, i, code);
        snprintf(sql, sizeof sql, "INSERT INTO bench.event(code, capacity, maximum) VALUES('%s', %u, %u)", code,
                 w->capacity, w->maximum);
        execute(c, sql);
    }
    execute(c, "VACUUM ANALYZE bench.event");
    PQclear(checked(c, PQprepare(c, "decide", "SELECT bench.decide($1, $2, $3, $4, $5, $6)", 0, NULL)));
    pthread_t thread;
    peer_start(peer, &thread, listen_to);
    drive(peer, c, (int)option_number(argc, argv, "batch", 256));
    peer_finish(peer, thread);
    PQfinish(c);
    return 0;
}
