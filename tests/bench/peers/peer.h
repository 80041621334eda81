/* peer: what the clients of the compared systems share: the decisions as text, the subscriber's tally, the result.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The subscriber runs in a thread of its own, as the other party it stands for.
 */
#ifndef CONVENE_BENCH_PEER_H
#define CONVENE_BENCH_PEER_H

#include "bench.h"
#include <pthread.h>
#include <stdatomic.h>

typedef struct {
    run_t run;
    uint64_t *answer; /* per distinct request: hash of what it was answered */
    uint64_t *told;   /* per distinct request: hash of what the subscriber received */
    uint32_t used[WL_EVENTS], of_party[WL_EVENTS][WL_PARTIES], confirmed, waiting; /* as the subscriber counts */
    atomic_uint delivered;
    atomic_bool stop, listening;
    uint64_t cpu, own_cpu, start, finish;
    pids_t pids;
    double rate;
} peer_t;

static inline uint64_t peer_hash(const char *text, size_t len)
{
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (uint8_t)text[i]) * 1099511628211u;
    return hash ? hash : 1;
}

static inline peer_t *peer_new(int argc, char **argv)
{
    peer_t *peer = calloc(1, sizeof *peer);
    if (!peer)
        DIE("out of memory");
    workload_t w = workload((uint32_t)option_number(argc, argv, "n", 10000),
                            !strcmp(option(argc, argv, "ids", "ordered"), "ordered"), 1);
    peer->run = run_new(&w);
    peer->answer = calloc(w.distinct, sizeof *peer->answer);
    peer->told = calloc(w.distinct, sizeof *peer->told);
    if (!peer->answer || !peer->told)
        DIE("out of memory");
    peer->pids = pids_of(option(argc, argv, "pids", ""));
    peer->rate = option_number(argc, argv, "rate", 0);
    return peer;
}

/* Value of "key":" in the text; NULL: not there. */
static inline const char *peer_value(const char *text, size_t len, const char *key)
{
    char wanted[32];
    int n = snprintf(wanted, sizeof wanted, "\"%s\":\"", key);
    const char *at = memmem(text, len, wanted, (size_t)n);
    return at ? at + n : NULL;
}

static inline void peer_delivered(peer_t *peer, const char *text, size_t len)
{
    const workload_t *w = &peer->run.w;
    const char *id = peer_value(text, len, "id"), *event = peer_value(text, len, "event"),
               *party = peer_value(text, len, "party"), *state = peer_value(text, len, "state");
    uint32_t distinct = id ? wl_distinct_of(w, id) : UINT32_MAX;
    if (distinct == UINT32_MAX || !event || !party || !state)
        DIE("an unknown decision: %.*s", (int)len, text);
    if (peer->told[distinct])
        DIE("decision %u was delivered twice", distinct);
    peer->told[distinct] = peer_hash(text, len);
    uint32_t e = wl_event(distinct), p = wl_party(distinct);
    if (state[0] == 'w')
        peer->waiting++;
    else if (++peer->used[e] > w->capacity || ++peer->of_party[e][p] > w->maximum)
        DIE("oversold: event %u, party %u", e, p);
    else
        peer->confirmed++;
    atomic_fetch_add(&peer->delivered, 1);
}

static inline void peer_answered(peer_t *peer, uint32_t sending, const char *text, size_t len, uint64_t now)
{
    uint32_t distinct = wl_distinct(sending);
    uint64_t hash = peer_hash(text, len);
    if (peer->answer[distinct] && peer->answer[distinct] != hash)
        DIE("request %u: asked again, another answer", distinct);
    peer->answer[distinct] = hash;
    peer->run.answered[sending] = now;
    peer->run.outcomes++;
}

static inline void peer_start(peer_t *peer, pthread_t *ret_thread, void *(*listen)(void *))
{
    if (pthread_create(ret_thread, NULL, listen, peer))
        DIE("no thread");
    while (!atomic_load(&peer->listening))
        sleep_ns(1000000);
    peer->cpu = cpu_ns_of(&peer->pids);
    peer->own_cpu = cpu_ns();
    peer->start = now_ns();
}

/* Waits for the subscriber, checks, prints the result. */
static inline void peer_finish(peer_t *peer, pthread_t thread)
{
    const workload_t *w = &peer->run.w;
    for (uint64_t end = now_ns() + 20000000000u; atomic_load(&peer->delivered) < w->distinct && now_ns() < end;)
        sleep_ns(100000);
    peer->finish = now_ns();
    peer->cpu = cpu_ns_of(&peer->pids) - peer->cpu;
    peer->own_cpu = cpu_ns() - peer->own_cpu;
    atomic_store(&peer->stop, true);
    pthread_join(thread, NULL);
    if (run_missing(&peer->run))
        DIE("%u outcomes missing", run_missing(&peer->run));
    for (uint32_t i = 0; i < w->distinct; i++)
        if (!peer->told[i] || peer->told[i] != peer->answer[i])
            DIE("decision %u was not delivered as answered", i);
    double seconds = (double)(peer->finish - peer->start) / 1e9, share = (double)peer->confirmed / w->distinct;
    if (share < 0.3 || share > 0.7)
        DIE("%.2f of the requests confirmed: not the workload that was asked for", share);
    spread_t answer = run_latency(&peer->run);
    printf("{\"n\":%u,\"per_s\":%.1f,\"seconds\":%.3f,\"p50_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,\"max_us\":%.1f,"
           "\"cpu_us\":%.2f,\"driver_cpu_us\":%.2f,\"confirmed\":%u,\"waiting\":%u}\n",
           w->n, w->n / seconds, seconds, answer.p50, answer.p99, answer.p999, answer.max,
           (double)peer->cpu / 1e3 / w->n, (double)peer->own_cpu / 1e3 / w->n, peer->confirmed, peer->waiting);
}

/* Texts of one request. */
typedef struct {
    char id[WL_ID + 1], event[WL_CODE], party[WL_CODE], name[WL_NAME], email[WL_NAME];
    const char *capacity;
} peer_request_t;

static inline peer_request_t peer_request(const workload_t *w, uint32_t sending)
{
    peer_request_t r;
    uint32_t distinct = wl_distinct(sending);
    wl_id(w, distinct, r.id);
    wl_event_code(w, wl_event(distinct), r.event);
    wl_party_code(wl_party(distinct), r.party);
    wl_name(distinct, r.name);
    wl_email(distinct, r.email);
    r.capacity = wl_capacity(distinct);
    return r;
}

#endif
