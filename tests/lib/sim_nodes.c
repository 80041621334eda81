/* sim_nodes: the nodes of the simulator: what their engines send, how they start, work, and die.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sim_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what engines send -------------------------------------------------------------------- */

typedef struct {
    sim_t *sim;
    size_t node;
} outside_t;

static outside_t s_outsides[SIM_NODES_MAX]; /* the engine's way back to its node */

/* A record that was published must stay what it is as long as its history lives. */
static void check_record(sim_t *sim, node_t *node, size_t stream, const cv_position_t *position, cv_str_t record)
{
    if (memcmp(node->log[stream].epoch, position->epoch, CV_EPOCH_LEN) != 0) {
        for (size_t i = 0; i < node->log[stream].n; i++)
            free(node->log[stream].bytes[i]);
        node->log[stream].n = 0;
        memcpy(node->log[stream].epoch, position->epoch, CV_EPOCH_LEN);
    }
    size_t n = position->seq + 1;
    if (n > node->log[stream].n) {
        node->log[stream].bytes = sim_must(realloc(node->log[stream].bytes, n * sizeof(char *)));
        node->log[stream].lens = sim_must(realloc(node->log[stream].lens, n * sizeof(size_t)));
        node->log[stream].seen_ms = sim_must(realloc(node->log[stream].seen_ms, n * sizeof(int64_t)));
        for (size_t i = node->log[stream].n; i < n; i++)
            node->log[stream].bytes[i] = NULL;
        node->log[stream].n = n;
    }
    char **there = &node->log[stream].bytes[position->seq];
    if (!*there) {
        *there = sim_copy(record.ptr, record.len);
        node->log[stream].lens[position->seq] = record.len;
        node->log[stream].seen_ms[position->seq] = sim->now_ms;
    } else if (node->log[stream].lens[position->seq] != record.len || memcmp(*there, record.ptr, record.len) != 0) {
        sim_fail(sim, "record %llu of %s was published twice with other bytes", (unsigned long long)position->seq,
                 node->def->streams[stream].name);
    }
}

static void on_send(void *self, cv_str_t topic, const cv_position_t *position, cv_str_t messages)
{
    outside_t *outside = self;
    sim_t *sim = outside->sim;
    if (!position) {
        sim_post(sim, (parcel_t){.to = TO_CLIENT, .node = outside->node}, messages);
        return;
    }
    for (size_t i = 0; i < sim->nodes_n; i++)
        for (size_t k = 0; k < sim->nodes[i].def->follows_n; k++)
            if (cv_str_is((cv_str_t){topic.ptr, topic.len - 1}, sim->nodes[i].def->follows[k].stream)) {
                parcel_t parcel = {.to = TO_FOLLOW_FEED, .node = i, .follow = k, .has_position = true};
                cv_position_write(position, parcel.position);
                sim_post(sim, parcel, messages);
            }
}

static void on_publish(void *self, cv_str_t topic, const cv_position_t *position, cv_str_t message)
{
    outside_t *outside = self;
    node_t *node = &outside->sim->nodes[outside->node];
    for (size_t s = 0; position && message.ptr && s < node->def->streams_n; s++) {
        if (!cv_str_is((cv_str_t){topic.ptr, topic.len - 1}, node->def->streams[s].name))
            continue;
        if (node->def->streams[s].is_private)
            sim_fail(outside->sim, "a record of the private stream %s is on the feed", node->def->streams[s].name);
        check_record(outside->sim, node, s, position, message);
    }
    if (message.ptr) {
        cv_parcels_put(node->parcels, topic, position, message);
        return;
    }
    cv_parcels_flush(node->parcels);
    on_send(self, topic, position, message);
}

static void on_flush(void *self)
{
    outside_t *outside = self;
    cv_parcels_flush(outside->sim->nodes[outside->node].parcels);
}

static void on_answer(void *self, void *peer, cv_str_t message)
{
    outside_t *outside = self;
    const parcel_t *question = peer;
    sim_post(
        outside->sim,
        (parcel_t){.to = TO_FOLLOW_LOG, .node = question->from, .follow = question->follow, .life = question->life},
        message);
}

static void on_ask(void *self, size_t follow, cv_str_t message)
{
    outside_t *outside = self;
    sim_t *sim = outside->sim;
    const char *service = sim->nodes[outside->node].def->follows[follow].service;
    for (size_t i = 0; i < sim->nodes_n; i++)
        if (!strcmp(sim->nodes[i].def->name, service))
            sim_post(sim,
                     (parcel_t){.to = TO_LOG,
                                .node = i,
                                .follow = follow,
                                .from = outside->node,
                                .life = sim->nodes[outside->node].life},
                     message);
}

/* ---- nodes -------------------------------------------------------------------------------- */

void sim_drop_held(node_t *node)
{
    for (size_t i = 0; i < node->held_n; i++)
        free(node->held[i]);
    node->held_n = 0;
}

/* Down, by whatever reason; up again a while later. */
static void go_down(sim_t *sim, node_t *node, bool orderly, crash_kind_t kind)
{
    if (!orderly)
        crash_disk_off(node->disk);
    cv_engine_destroy(&node->engine);
    cv_parcels_destroy(&node->parcels);
    if (orderly)
        cv_db_close(&node->db);
    else
        cv_db_abandon(&node->db);
    crash_disk_on(node->disk, kind);
    sim_drop_held(node);
    node->start_ms = sim->now_ms + 10 + (int64_t)sim_draw(sim, 1500);
    node->turn_ms = INT64_MAX;
    if (sim_happens(sim, 30, 100) && (sim->weather.rewind || sim->weather.restore)) {
        crash_disk_destroy(&node->copy);
        node->copy = crash_disk_copy(node->disk);
        node->copy_ms = sim->now_ms;
    }
}

/* Decisions and records from after the copy are gone with the files; nobody promised anything else. */
static void forget_since(sim_t *sim, node_t *node, size_t index, int64_t ms, bool new_epoch)
{
    for (size_t i = 0; i < sim->requests_n; i++) {
        request_t *r = &sim->requests[i];
        if (r->node != index || !r->outcome || r->seen_ms < ms)
            continue;
        free(r->outcome);
        r->outcome = NULL;
        r->answered = false;
        r->send_ms = sim->now_ms;
    }
    for (size_t s = 0; s < node->def->streams_n; s++)
        for (size_t i = 0; i < node->log[s].n; i++)
            if (node->log[s].bytes[i] && (new_epoch || node->log[s].seen_ms[i] >= ms)) {
                free(node->log[s].bytes[i]);
                node->log[s].bytes[i] = NULL;
            }
    /* Outcomes that are still on their way are of the history that is gone. */
    size_t kept = 0;
    parcel_t *all = sim_must(malloc((sim->parcels_n + 1) * sizeof *all));
    for (size_t i = 0; i < sim->parcels_n; i++) {
        if (sim->parcels[i].to == TO_CLIENT && sim->parcels[i].node == index)
            free(sim->parcels[i].bytes);
        else
            all[kept++] = sim->parcels[i];
    }
    sim->parcels_n = 0;
    for (size_t i = 0; i < kept; i++)
        sim_push(sim, all[i]);
    free(all);
}

static void end_of_full(sim_t *sim, node_t *node)
{
    if (node->full_until_ms && sim->now_ms >= node->full_until_ms) {
        node->full_until_ms = 0;
        crash_disk_limit(node->disk, 0);
    }
}

void sim_start(sim_t *sim, size_t index, bool fair)
{
    node_t *node = &sim->nodes[index];
    bool new_epoch = node->must_restore, put_back = false;
    char error[512];
    if (!fair && node->copy && sim_happens(sim, sim->weather.restore, 100)) {
        put_back = new_epoch = true;
        sim->counts.restores++;
    } else if (!fair && node->copy && sim_happens(sim, sim->weather.rewind, 100)) {
        put_back = node->rewound = true;
        sim->counts.rewinds++;
    }
    if (put_back) {
        crash_disk_put_back(node->disk, node->copy);
        forget_since(sim, node, index, node->copy_ms, new_epoch);
        crash_disk_destroy(&node->copy);
    }
    end_of_full(sim, node);
    if (!fair && sim_happens(sim, sim->weather.power * 3, 1000))
        crash_disk_fail(node->disk, CRASH_ANY, 1 + sim_draw(sim, 30), CRASH_POWER, true);
    cv_db_options_t options = {
        .path = crash_disk_path(node->disk, "sim.db"),
        .vfs = CRASH_VFS,
        .application_id = node->def->application_id,
        .migrations = node->def->migrations,
        .migrations_n = node->def->migrations_n,
        .cache_kib = 512,
        .wal_bytes = 128 * 1024,
    };
    s_outsides[index] = (outside_t){sim, index};
    cv_outside_t outside = {
        .self = &s_outsides[index], .publish = on_publish, .flush = on_flush, .answer = on_answer, .ask = on_ask};
    node->parcels = sim_must(cv_parcels_new(on_send, &s_outsides[index]));
    cv_engine_options_t engine_options = {.version = "sim", .keep_records = node->keep_records};
    memset(engine_options.new_epoch, ++sim->next_epoch, CV_EPOCH_LEN);
    engine_options.new_epoch[0] = 1;
    node->life++;
    sim->counts.opens++;
    int rc = cv_db_open(&options, &node->db, error, sizeof error);
    if (!rc)
        rc = cv_engine_new(node->def, node->db, &outside, &engine_options, &node->engine, error, sizeof error);
    if (!rc && new_epoch)
        rc = cv_engine_new_epoch(node->engine, engine_options.new_epoch);
    bool struck = crash_disk_has_failed(node->disk);
    if (rc && (!struck || rc != CV_EIO) && (rc != CV_EFULL || !node->full_until_ms))
        sim_fail(sim, "%s does not open: %s: %s", node->def->name, cv_error_name(rc), error);
    if (rc) {
        node->must_restore = new_epoch; /* whoever restores tries until it is done */
        go_down(sim, node, false, (crash_kind_t)sim_draw(sim, 3));
        return;
    }
    if (new_epoch)
        node->must_restore = node->rewound = false;
    crash_disk_fail(node->disk, CRASH_ANY, 0, CRASH_IOERR, false);
    node->start_ms = INT64_MAX;
    node->turn_ms = sim->now_ms;
}

/* Sets up this turn's bad luck. */
static void tempt(sim_t *sim, node_t *node)
{
    const sim_weather_t *w = &sim->weather;
    end_of_full(sim, node);
    if (sim_happens(sim, w->power, 1000)) {
        crash_disk_fail(node->disk, CRASH_ANY, 1 + sim_draw(sim, 12), CRASH_POWER, true);
        sim->counts.power_failures++;
    } else if (sim_happens(sim, w->fault, 1000)) {
        crash_disk_fail(node->disk, sim_happens(sim, 1, 2) ? CRASH_SYNC : CRASH_WRITE, 1 + sim_draw(sim, 4),
                        sim_happens(sim, 1, 2) ? CRASH_IOERR : CRASH_FULL, false);
        sim->counts.faults++;
    } else if (!node->full_until_ms && sim_happens(sim, w->full, 1000)) {
        crash_disk_limit(node->disk, crash_disk_used(node->disk) + sim_draw(sim, 20000));
        node->full_until_ms = sim->now_ms + 1 + (int64_t)sim_draw(sim, 3000);
        sim->counts.fulls++;
    }
}

void sim_take_turn(sim_t *sim, node_t *node, bool fair)
{
    if (!fair && sim_happens(sim, sim->weather.stop, 1000)) {
        sim->counts.stops++;
        go_down(sim, node, sim_happens(sim, 1, 2), (crash_kind_t)sim_draw(sim, 3));
        return;
    }
    if (!fair)
        tempt(sim, node);
    int64_t next_ms = INT64_MAX;
    sim->counts.turns++;
    int rc = cv_engine_turn(node->engine, WALL_START + sim->now_ms, sim->now_ms, &next_ms);
    sim_drop_held(node);
    bool struck = crash_disk_has_failed(node->disk) || crash_disk_is_off(node->disk);
    if (rc && (rc != CV_EIO || !struck))
        sim_fail(sim, "the turn of %s gave %s: %s", node->def->name, cv_error_name(rc), cv_engine_error(node->engine));
    if (rc || crash_disk_is_off(node->disk)) {
        go_down(sim, node, false, (crash_kind_t)sim_draw(sim, 3));
        return;
    }
    crash_disk_fail(node->disk, CRASH_ANY, 0, CRASH_IOERR, false);
    if (next_ms <= sim->now_ms)
        next_ms = sim->now_ms + 1;
    node->turn_ms = next_ms;
}
