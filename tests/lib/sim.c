/* sim: several engines, clients, a bad network, bad disks and virtual time, all from one seed.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Everything that happens is a parcel with a time; the earliest goes first, of equal times the one made first. A node
 * takes a turn a millisecond after something has arrived, or when its engine wants one. A node that goes down loses what
 * was on the way to it. An answer of a log reaches only the life of the node that asked, as with a socket.
 */
#include "sim.h"

#include "service/parcels.h"
#include "store/db.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARCELS_MAX = 200000, REPEAT_MS = 400, HELD_MAX = CV_BATCH_MAX };
#define WALL_START INT64_C(1740000000000)

typedef enum { TO_INTAKE, TO_FOLLOW_FEED, TO_LOG, TO_FOLLOW_LOG, TO_CLIENT } to_t;

typedef struct {
    int64_t at_ms;
    uint64_t order;
    to_t to;
    size_t node, follow, from; /* from: node that asked, for TO_LOG */
    unsigned life;             /* of the node that asked */
    size_t request;            /* TO_INTAKE */
    bool has_position;
    uint8_t position[CV_POSITION_LEN];
    char *bytes; /* NULL: a head */
    size_t len;
} parcel_t;

typedef struct {
    size_t node;
    const cv_principal_t *principal;
    char id[40];
    char *message;
    size_t message_len;
    int64_t send_ms;
    bool answered;
    char *outcome; /* of a decision */
    size_t outcome_len;
    int64_t seen_ms;
} request_t;

typedef struct {
    const cv_service_def_t *def;
    cv_principal_t principal;
    uint64_t keep_records;
    crash_disk_t *disk, *copy;
    int64_t copy_ms;
    cv_db_t *db;
    cv_engine_t *engine;
    cv_parcels_t *parcels; /* what its turn publishes, as the runner has it */
    unsigned life;
    int64_t turn_ms, start_ms, full_until_ms;
    bool rewound;      /* without a new epoch since */
    bool must_restore; /* a restore was begun and power failed */
    char *held[HELD_MAX];
    size_t held_n;
    /* What was published of each stream in its present history: records[stream][seq]. */
    struct {
        char **bytes;
        size_t *lens;
        int64_t *seen_ms;
        size_t n;
        uint8_t epoch[CV_EPOCH_LEN];
    } log[8];
} node_t;

struct sim {
    uint64_t seed, random, order;
    int64_t now_ms;
    sim_weather_t weather;
    node_t nodes[SIM_NODES_MAX];
    size_t nodes_n;
    parcel_t *parcels; /* a heap */
    size_t parcels_n, parcels_room;
    request_t *requests;
    size_t requests_n, requests_room;
    cv_reader_t *reader;
    cv_any_t *data;
    sim_counts_t counts;
    uint8_t next_epoch;
    char error[512];
};

static void *must(void *memory) {
    if (!memory)
        abort();
    return memory;
}

static char *copy_of(const char *bytes, size_t len) {
    char *copy = must(malloc(len + 1));
    memcpy(copy, bytes, len);
    return copy;
}

uint64_t sim_draw(sim_t *sim, uint64_t below) {
    sim->random += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = sim->random;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return below ? z % below : 0;
}

static bool happens(sim_t *sim, unsigned chance, unsigned of) {
    return sim_draw(sim, of) < chance;
}

void sim_fail(sim_t *sim, const char *format, ...) {
    if (sim->error[0])
        return;
    int n = snprintf(sim->error, sizeof sim->error, "SEED=%llu at %lld ms: ", (unsigned long long)sim->seed, (long long)sim->now_ms);
    va_list args;
    va_start(args, format);
    vsnprintf(sim->error + n, sizeof sim->error - (size_t)n, format, args);
    va_end(args);
}

/* ---- parcels ------------------------------------------------------------------------------ */

static bool before(const parcel_t *a, const parcel_t *b) {
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void push(sim_t *sim, parcel_t parcel) {
    if (sim->parcels_n == sim->parcels_room) {
        sim->parcels_room = sim->parcels_room ? sim->parcels_room * 2 : 1024;
        sim->parcels = must(realloc(sim->parcels, sim->parcels_room * sizeof *sim->parcels));
    }
    size_t i = sim->parcels_n++;
    while (i && before(&parcel, &sim->parcels[(i - 1) / 2])) {
        sim->parcels[i] = sim->parcels[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    sim->parcels[i] = parcel;
}

static parcel_t pop(sim_t *sim) {
    parcel_t first = sim->parcels[0], last = sim->parcels[--sim->parcels_n];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= sim->parcels_n)
            break;
        if (child + 1 < sim->parcels_n && before(&sim->parcels[child + 1], &sim->parcels[child]))
            child++;
        if (!before(&sim->parcels[child], &last))
            break;
        sim->parcels[i] = sim->parcels[child];
        i = child;
    }
    if (sim->parcels_n)
        sim->parcels[i] = last;
    return first;
}

static void post(sim_t *sim, parcel_t parcel, cv_str_t bytes) {
    unsigned copies = happens(sim, sim->weather.repeat, 100) ? 2 : 1;
    sim->counts.messages++;
    if (happens(sim, sim->weather.loss, 100)) {
        sim->counts.lost++;
        copies = 0;
    }
    if (sim->parcels_n > PARCELS_MAX)
        sim_fail(sim, "more messages are on their way than anybody could have sent");
    for (unsigned i = 0; i < copies; i++) {
        parcel.at_ms = sim->now_ms + 1 + (int64_t)sim_draw(sim, (uint64_t)sim->weather.delay_ms + 1);
        parcel.order = sim->order++;
        parcel.bytes = bytes.ptr ? copy_of(bytes.ptr, bytes.len) : NULL;
        parcel.len = bytes.len;
        push(sim, parcel);
    }
}

/* ---- what engines send -------------------------------------------------------------------- */

typedef struct {
    sim_t *sim;
    size_t node;
} outside_t;

static outside_t s_outsides[SIM_NODES_MAX]; /* the engine's way back to its node */

/* A record that was published must stay what it is as long as its history lives. */
static void check_record(sim_t *sim, node_t *node, size_t stream, const cv_position_t *position, cv_str_t record) {
    if (memcmp(node->log[stream].epoch, position->epoch, CV_EPOCH_LEN) != 0) {
        for (size_t i = 0; i < node->log[stream].n; i++)
            free(node->log[stream].bytes[i]);
        node->log[stream].n = 0;
        memcpy(node->log[stream].epoch, position->epoch, CV_EPOCH_LEN);
    }
    size_t n = position->seq + 1;
    if (n > node->log[stream].n) {
        node->log[stream].bytes = must(realloc(node->log[stream].bytes, n * sizeof(char *)));
        node->log[stream].lens = must(realloc(node->log[stream].lens, n * sizeof(size_t)));
        node->log[stream].seen_ms = must(realloc(node->log[stream].seen_ms, n * sizeof(int64_t)));
        for (size_t i = node->log[stream].n; i < n; i++)
            node->log[stream].bytes[i] = NULL;
        node->log[stream].n = n;
    }
    char **there = &node->log[stream].bytes[position->seq];
    if (!*there) {
        *there = copy_of(record.ptr, record.len);
        node->log[stream].lens[position->seq] = record.len;
        node->log[stream].seen_ms[position->seq] = sim->now_ms;
    } else if (node->log[stream].lens[position->seq] != record.len || memcmp(*there, record.ptr, record.len) != 0) {
        sim_fail(sim, "record %llu of %s was published twice with other bytes", (unsigned long long)position->seq,
                 node->def->streams[stream].name);
    }
}

static void on_send(void *self, cv_str_t topic, const cv_position_t *position, cv_str_t messages) {
    outside_t *outside = self;
    sim_t *sim = outside->sim;
    if (!position) {
        post(sim, (parcel_t){.to = TO_CLIENT, .node = outside->node}, messages);
        return;
    }
    for (size_t i = 0; i < sim->nodes_n; i++)
        for (size_t k = 0; k < sim->nodes[i].def->follows_n; k++)
            if (cv_str_is((cv_str_t){topic.ptr, topic.len - 1}, sim->nodes[i].def->follows[k].stream)) {
                parcel_t parcel = {.to = TO_FOLLOW_FEED, .node = i, .follow = k, .has_position = true};
                cv_position_write(position, parcel.position);
                post(sim, parcel, messages);
            }
}

static void on_publish(void *self, cv_str_t topic, const cv_position_t *position, cv_str_t message) {
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

static void on_flush(void *self) {
    outside_t *outside = self;
    cv_parcels_flush(outside->sim->nodes[outside->node].parcels);
}

static void on_answer(void *self, void *peer, cv_str_t message) {
    outside_t *outside = self;
    const parcel_t *question = peer;
    post(outside->sim, (parcel_t){.to = TO_FOLLOW_LOG, .node = question->from, .follow = question->follow, .life = question->life}, message);
}

static void on_ask(void *self, size_t follow, cv_str_t message) {
    outside_t *outside = self;
    sim_t *sim = outside->sim;
    const char *service = sim->nodes[outside->node].def->follows[follow].service;
    for (size_t i = 0; i < sim->nodes_n; i++)
        if (!strcmp(sim->nodes[i].def->name, service))
            post(sim, (parcel_t){.to = TO_LOG, .node = i, .follow = follow, .from = outside->node, .life = sim->nodes[outside->node].life},
                 message);
}

/* ---- nodes -------------------------------------------------------------------------------- */

static void drop_held(node_t *node) {
    for (size_t i = 0; i < node->held_n; i++)
        free(node->held[i]);
    node->held_n = 0;
}

/* Down, by whatever reason; up again a while later. */
static void go_down(sim_t *sim, node_t *node, bool orderly, crash_kind_t kind) {
    if (!orderly)
        crash_disk_off(node->disk);
    cv_engine_destroy(&node->engine);
    cv_parcels_destroy(&node->parcels);
    if (orderly)
        cv_db_close(&node->db);
    else
        cv_db_abandon(&node->db);
    crash_disk_on(node->disk, kind);
    drop_held(node);
    node->start_ms = sim->now_ms + 10 + (int64_t)sim_draw(sim, 1500);
    node->turn_ms = INT64_MAX;
    if (happens(sim, 30, 100) && (sim->weather.rewind || sim->weather.restore)) {
        crash_disk_destroy(&node->copy);
        node->copy = crash_disk_copy(node->disk);
        node->copy_ms = sim->now_ms;
    }
}

/* Decisions and records from after the copy are gone with the files; nobody promised anything else. */
static void forget_since(sim_t *sim, node_t *node, size_t index, int64_t ms, bool new_epoch) {
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
    parcel_t *all = must(malloc((sim->parcels_n + 1) * sizeof *all));
    for (size_t i = 0; i < sim->parcels_n; i++) {
        if (sim->parcels[i].to == TO_CLIENT && sim->parcels[i].node == index)
            free(sim->parcels[i].bytes);
        else
            all[kept++] = sim->parcels[i];
    }
    sim->parcels_n = 0;
    for (size_t i = 0; i < kept; i++)
        push(sim, all[i]);
    free(all);
}

static void end_of_full(sim_t *sim, node_t *node) {
    if (node->full_until_ms && sim->now_ms >= node->full_until_ms) {
        node->full_until_ms = 0;
        crash_disk_limit(node->disk, 0);
    }
}

static void start(sim_t *sim, size_t index, bool fair) {
    node_t *node = &sim->nodes[index];
    bool new_epoch = node->must_restore, put_back = false;
    char error[512];
    if (!fair && node->copy && happens(sim, sim->weather.restore, 100)) {
        put_back = new_epoch = true;
        sim->counts.restores++;
    } else if (!fair && node->copy && happens(sim, sim->weather.rewind, 100)) {
        put_back = node->rewound = true;
        sim->counts.rewinds++;
    }
    if (put_back) {
        crash_disk_put_back(node->disk, node->copy);
        forget_since(sim, node, index, node->copy_ms, new_epoch);
        crash_disk_destroy(&node->copy);
    }
    end_of_full(sim, node);
    if (!fair && happens(sim, sim->weather.power * 3, 1000))
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
    node->parcels = must(cv_parcels_new(on_send, &s_outsides[index]));
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
static void tempt(sim_t *sim, node_t *node) {
    const sim_weather_t *w = &sim->weather;
    end_of_full(sim, node);
    if (happens(sim, w->power, 1000)) {
        crash_disk_fail(node->disk, CRASH_ANY, 1 + sim_draw(sim, 12), CRASH_POWER, true);
        sim->counts.power_failures++;
    } else if (happens(sim, w->fault, 1000)) {
        crash_disk_fail(node->disk, happens(sim, 1, 2) ? CRASH_SYNC : CRASH_WRITE, 1 + sim_draw(sim, 4),
                        happens(sim, 1, 2) ? CRASH_IOERR : CRASH_FULL, false);
        sim->counts.faults++;
    } else if (!node->full_until_ms && happens(sim, w->full, 1000)) {
        crash_disk_limit(node->disk, crash_disk_used(node->disk) + sim_draw(sim, 20000));
        node->full_until_ms = sim->now_ms + 1 + (int64_t)sim_draw(sim, 3000);
        sim->counts.fulls++;
    }
}

static void take_turn(sim_t *sim, node_t *node, bool fair) {
    if (!fair && happens(sim, sim->weather.stop, 1000)) {
        sim->counts.stops++;
        go_down(sim, node, happens(sim, 1, 2), (crash_kind_t)sim_draw(sim, 3));
        return;
    }
    if (!fair)
        tempt(sim, node);
    int64_t next_ms = INT64_MAX;
    sim->counts.turns++;
    int rc = cv_engine_turn(node->engine, WALL_START + sim->now_ms, sim->now_ms, &next_ms);
    drop_held(node);
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

/* ---- what arrives ------------------------------------------------------------------------- */

static void take_outcome(sim_t *sim, size_t node, cv_str_t bytes) {
    cv_msg_t msg = {0};
    cv_fault_t fault = {0};
    if (cv_msg_read(sim->reader, bytes, &msg, &fault) || !msg.info || msg.info->number != CV_MSG_OUTCOME_V1 ||
        msg.info->decode(msg.data, sim->data, &fault)) {
        sim_fail(sim, "an outcome of %s cannot be read: %s %s", sim->nodes[node].def->name, fault.path, fault.text);
        return;
    }
    for (size_t i = 0; i < sim->requests_n; i++) {
        request_t *r = &sim->requests[i];
        if (!cv_str_is(msg.id, r->id) || r->node != node)
            continue;
        cv_outcome_class_t cls = sim->data->outcome_v1.cls;
        if (cls == CV_OUTCOME_CLASS_UNAVAILABLE || cls == CV_OUTCOME_CLASS_BUSY)
            return; /* asked again */
        bool decided = cls == CV_OUTCOME_CLASS_OK || cls == CV_OUTCOME_CLASS_REJECTED;
        r->answered = true;
        r->send_ms = INT64_MAX;
        if (!decided) {
            if (r->outcome)
                sim_fail(sim, "request %s was decided and is now %s", r->id, cv_outcome_class_text(cls));
        } else if (!r->outcome) {
            r->outcome = copy_of(bytes.ptr, bytes.len);
            r->outcome_len = bytes.len;
            r->seen_ms = sim->now_ms;
            sim->counts.decided++;
        } else if (r->outcome_len != bytes.len || memcmp(r->outcome, bytes.ptr, bytes.len) != 0) {
            sim_fail(sim, "request %s was answered with other bytes than before", r->id);
        } else {
            sim->counts.replays++;
        }
        return;
    }
    sim_fail(sim, "an outcome of a request nobody sent: %.*s", CV_STR_ARG(msg.id));
}

static void arrive(sim_t *sim, parcel_t *parcel) {
    node_t *node = &sim->nodes[parcel->node];
    cv_str_t bytes = {parcel->bytes, parcel->len};
    if (parcel->to == TO_CLIENT) {
        for (cv_str_t rest = bytes, outcome; rest.len;) {
            if (!cv_wire_next(&rest, &outcome)) {
                sim_fail(sim, "a frame of outcomes cannot be told apart");
                break;
            }
            take_outcome(sim, parcel->node, outcome);
        }
        free(parcel->bytes);
        return;
    }
    if (!node->engine || (parcel->to == TO_FOLLOW_LOG && parcel->life != node->life)) {
        free(parcel->bytes);
        return;
    }
    if (parcel->to == TO_INTAKE) {
        if (node->held_n < HELD_MAX && !cv_engine_request(node->engine, sim->requests[parcel->request].principal, bytes)) {
            node->held[node->held_n++] = parcel->bytes;
            parcel->bytes = NULL;
        }
    } else if (parcel->to == TO_FOLLOW_FEED) {
        cv_engine_feed(node->engine, parcel->follow, (cv_str_t){(char *)parcel->position, CV_POSITION_LEN}, bytes, sim->now_ms);
    } else if (parcel->to == TO_FOLLOW_LOG) {
        cv_engine_answered(node->engine, parcel->follow, bytes, sim->now_ms);
    } else {
        cv_engine_question(node->engine, &sim->nodes[parcel->from].principal, parcel, bytes, WALL_START + sim->now_ms, sim->now_ms);
    }
    if (parcel->to != TO_LOG && node->turn_ms > sim->now_ms + 1)
        node->turn_ms = sim->now_ms + 1;
    free(parcel->bytes);
}

/* ---- time --------------------------------------------------------------------------------- */

static void send_request(sim_t *sim, size_t index) {
    request_t *r = &sim->requests[index];
    post(sim, (parcel_t){.to = TO_INTAKE, .node = r->node, .request = index}, (cv_str_t){r->message, r->message_len});
    r->send_ms = r->answered ? INT64_MAX : sim->now_ms + REPEAT_MS;
}

/* Does what is next, if it is not later than until. */
static bool step(sim_t *sim, int64_t until_ms, bool fair) {
    int64_t at = sim->parcels_n ? sim->parcels[0].at_ms : INT64_MAX;
    enum { PARCEL, TURN, START, SEND } what = PARCEL;
    size_t which = 0;
    for (size_t i = 0; i < sim->nodes_n; i++) {
        if (sim->nodes[i].turn_ms < at)
            at = sim->nodes[i].turn_ms, what = TURN, which = i;
        if (sim->nodes[i].start_ms < at)
            at = sim->nodes[i].start_ms, what = START, which = i;
    }
    for (size_t i = 0; i < sim->requests_n; i++)
        if (sim->requests[i].send_ms < at)
            at = sim->requests[i].send_ms, what = SEND, which = i;
    if (at > until_ms || sim->error[0])
        return false;
    if (at > sim->now_ms)
        sim->now_ms = at;
    if (what == PARCEL) {
        parcel_t parcel = pop(sim);
        arrive(sim, &parcel);
    } else if (what == TURN) {
        take_turn(sim, &sim->nodes[which], fair);
    } else if (what == START) {
        start(sim, which, fair);
    } else {
        send_request(sim, which);
    }
    return true;
}

void sim_run(sim_t *sim, int64_t ms) {
    int64_t until = sim->now_ms + ms;
    while (step(sim, until, false)) {
        /* Now and then somebody asks again what was answered long ago. */
        if (sim->requests_n && happens(sim, 1, 200)) {
            request_t *r = &sim->requests[sim_draw(sim, sim->requests_n)];
            if (r->answered)
                r->send_ms = sim->now_ms;
        }
    }
    if (!sim->error[0])
        sim->now_ms = until;
}

static bool at_rest(sim_t *sim) {
    for (size_t i = 0; i < sim->requests_n; i++)
        if (!sim->requests[i].answered)
            return false;
    for (size_t i = 0; i < sim->nodes_n; i++)
        if (!sim->nodes[i].engine)
            return false;
    return true;
}

bool sim_settle(sim_t *sim, int64_t ms) {
    sim->weather = (sim_weather_t){.delay_ms = 5};
    for (size_t i = 0; i < sim->nodes_n; i++) {
        crash_disk_limit(sim->nodes[i].disk, 0);
        crash_disk_fail(sim->nodes[i].disk, CRASH_ANY, 0, CRASH_IOERR, false);
        sim->nodes[i].full_until_ms = 0;
    }
    for (size_t i = 0; i < sim->requests_n; i++) {
        sim->requests[i].answered = false;
        sim->requests[i].send_ms = sim->now_ms;
    }
    int64_t until = sim->now_ms + ms;
    while (!at_rest(sim) && step(sim, until, true))
        continue;
    if (!at_rest(sim))
        sim_fail(sim, "not every request was answered in fair weather");
    /* What was asked last must travel through all followers: heads each second, repeats each second. */
    until = sim->now_ms + 15000;
    while (step(sim, until, true))
        continue;
    return !sim->error[0];
}

/* ---- life --------------------------------------------------------------------------------- */

sim_t *sim_new(uint64_t seed) {
    sim_t *sim = must(calloc(1, sizeof *sim));
    sim->seed = sim->random = seed;
    sim->now_ms = 1000;
    sim->reader = must(cv_reader_new());
    sim->data = must(calloc(1, sizeof *sim->data));
    return sim;
}

void sim_destroy(sim_t **sim_p) {
    sim_t *sim = *sim_p;
    for (size_t i = 0; i < sim->nodes_n; i++) {
        node_t *node = &sim->nodes[i];
        cv_engine_destroy(&node->engine);
        cv_parcels_destroy(&node->parcels);
        cv_db_close(&node->db);
        drop_held(node);
        crash_disk_destroy(&node->disk);
        crash_disk_destroy(&node->copy);
        for (size_t s = 0; s < 8; s++) {
            for (size_t k = 0; k < node->log[s].n; k++)
                free(node->log[s].bytes[k]);
            free(node->log[s].bytes);
            free(node->log[s].lens);
            free(node->log[s].seen_ms);
        }
    }
    for (size_t i = 0; i < sim->parcels_n; i++)
        free(sim->parcels[i].bytes);
    for (size_t i = 0; i < sim->requests_n; i++) {
        free(sim->requests[i].message);
        free(sim->requests[i].outcome);
    }
    free(sim->parcels);
    free(sim->requests);
    free(sim->data);
    cv_reader_destroy(&sim->reader);
    free(sim);
    *sim_p = NULL;
}

void sim_weather(sim_t *sim, const sim_weather_t *weather) {
    sim->weather = *weather;
}

int64_t sim_wall_ms(const sim_t *sim) {
    return WALL_START + sim->now_ms;
}

size_t sim_add(sim_t *sim, const cv_service_def_t *def, uint64_t keep_records) {
    node_t *node = &sim->nodes[sim->nodes_n];
    *node = (node_t){.def = def, .keep_records = keep_records, .turn_ms = INT64_MAX, .start_ms = sim->now_ms};
    node->principal.role = CV_ROLE_SERVICE;
    snprintf(node->principal.name, sizeof node->principal.name, "%s", def->name);
    node->disk = crash_disk_new(sim_draw(sim, UINT64_MAX));
    return sim->nodes_n++;
}

void sim_submit(sim_t *sim, size_t node, const cv_principal_t *principal, const char *id, cv_str_t message) {
    if (sim->requests_n == sim->requests_room) {
        sim->requests_room = sim->requests_room ? sim->requests_room * 2 : 256;
        sim->requests = must(realloc(sim->requests, sim->requests_room * sizeof *sim->requests));
    }
    request_t *r = &sim->requests[sim->requests_n++];
    *r = (request_t){.node = node, .principal = principal, .send_ms = sim->now_ms, .message_len = message.len};
    snprintf(r->id, sizeof r->id, "%s", id);
    r->message = copy_of(message.ptr, message.len);
}

const char *sim_error(const sim_t *sim) {
    return sim->error;
}

cv_db_t *sim_db(sim_t *sim, size_t node) {
    return sim->nodes[node].db;
}

cv_engine_t *sim_engine(sim_t *sim, size_t node) {
    return sim->nodes[node].engine;
}

bool sim_may_halt(const sim_t *sim, size_t node, size_t follow) {
    const char *service = sim->nodes[node].def->follows[follow].service;
    for (size_t i = 0; i < sim->nodes_n; i++)
        if (!strcmp(sim->nodes[i].def->name, service))
            return sim->nodes[i].rewound;
    return false;
}

size_t sim_requests(const sim_t *sim) {
    return sim->requests_n;
}

cv_str_t sim_outcome(const sim_t *sim, size_t n) {
    return (cv_str_t){sim->requests[n].outcome, sim->requests[n].outcome_len};
}

const char *sim_request_id(const sim_t *sim, size_t n) {
    return sim->requests[n].id;
}

const sim_counts_t *sim_counts(const sim_t *sim) {
    return &sim->counts;
}
