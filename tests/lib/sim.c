/* sim: several engines, clients, a bad network, bad disks and virtual time, all from one seed.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Everything that happens is a parcel with a time; the earliest goes first, of equal times the one made first. A node
 * takes a turn a millisecond after something has arrived, or when its engine wants one. A node that goes down loses
 * what was on the way to it. An answer of a log reaches only the life of the node that asked, as with a socket.
 */
#include "sim_state.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *sim_must(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

char *sim_copy(const char *bytes, size_t len)
{
    char *copy = sim_must(malloc(len + 1));
    memcpy(copy, bytes, len);
    return copy;
}

uint64_t sim_draw(sim_t *sim, uint64_t below)
{
    sim->random += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = sim->random;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return below ? z % below : 0;
}

bool sim_happens(sim_t *sim, unsigned chance, unsigned of)
{
    return sim_draw(sim, of) < chance;
}

void sim_fail(sim_t *sim, const char *format, ...)
{
    if (sim->error[0])
        return;
    int n = snprintf(sim->error, sizeof sim->error, "SEED=%llu at %lld ms: ", (unsigned long long)sim->seed,
                     (long long)sim->now_ms);
    va_list args;
    va_start(args, format);
    vsnprintf(sim->error + n, sizeof sim->error - (size_t)n, format, args);
    va_end(args);
}

/* ---- parcels ------------------------------------------------------------------------------ */

static bool before(const parcel_t *a, const parcel_t *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

void sim_push(sim_t *sim, parcel_t parcel)
{
    if (sim->parcels_n == sim->parcels_room) {
        sim->parcels_room = sim->parcels_room ? sim->parcels_room * 2 : 1024;
        sim->parcels = sim_must(realloc(sim->parcels, sim->parcels_room * sizeof *sim->parcels));
    }
    size_t i = sim->parcels_n++;
    while (i && before(&parcel, &sim->parcels[(i - 1) / 2])) {
        sim->parcels[i] = sim->parcels[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    sim->parcels[i] = parcel;
}

static parcel_t pop(sim_t *sim)
{
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

void sim_post(sim_t *sim, parcel_t parcel, cv_str_t bytes)
{
    unsigned copies = sim_happens(sim, sim->weather.repeat, 100) ? 2 : 1;
    sim->counts.messages++;
    if (sim_happens(sim, sim->weather.loss, 100)) {
        sim->counts.lost++;
        copies = 0;
    }
    if (sim->parcels_n > PARCELS_MAX)
        sim_fail(sim, "more messages are on their way than anybody could have sent");
    for (unsigned i = 0; i < copies; i++) {
        parcel.at_ms = sim->now_ms + 1 + (int64_t)sim_draw(sim, (uint64_t)sim->weather.delay_ms + 1);
        parcel.order = sim->order++;
        parcel.bytes = bytes.ptr ? sim_copy(bytes.ptr, bytes.len) : NULL;
        parcel.len = bytes.len;
        sim_push(sim, parcel);
    }
}

/* ---- what arrives ------------------------------------------------------------------------- */

static void take_outcome(sim_t *sim, size_t node, cv_str_t bytes)
{
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
            if (r->outcome && msg.time_ms > r->decided_ms) /* an earlier copy's answer may come later */
                sim_fail(sim, "request %s was decided and is now %s", r->id, cv_outcome_class_text(cls));
        } else if (!r->outcome) {
            r->outcome = sim_copy(bytes.ptr, bytes.len);
            r->outcome_len = bytes.len;
            r->seen_ms = sim->now_ms;
            r->decided_ms = msg.time_ms;
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

static void arrive(sim_t *sim, parcel_t *parcel)
{
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
        if (node->held_n < HELD_MAX &&
            !cv_engine_request(node->engine, sim->requests[parcel->request].principal, bytes)) {
            node->held[node->held_n++] = parcel->bytes;
            parcel->bytes = NULL;
        }
    } else if (parcel->to == TO_FOLLOW_FEED) {
        cv_engine_feed(node->engine, parcel->follow, (cv_str_t){(char *)parcel->position, CV_POSITION_LEN}, bytes,
                       sim->now_ms);
    } else if (parcel->to == TO_FOLLOW_LOG) {
        cv_engine_answered(node->engine, parcel->follow, bytes, sim->now_ms);
    } else {
        cv_engine_question(node->engine, &sim->nodes[parcel->from].principal, parcel, bytes, WALL_START + sim->now_ms,
                           sim->now_ms);
    }
    if (parcel->to != TO_LOG && node->turn_ms > sim->now_ms + 1)
        node->turn_ms = sim->now_ms + 1;
    free(parcel->bytes);
}

/* ---- time --------------------------------------------------------------------------------- */

static void send_request(sim_t *sim, size_t index)
{
    request_t *r = &sim->requests[index];
    sim_post(sim, (parcel_t){.to = TO_INTAKE, .node = r->node, .request = index},
             (cv_str_t){r->message, r->message_len});
    r->send_ms = r->answered ? INT64_MAX : sim->now_ms + REPEAT_MS;
}

/* Does what is next, if it is not later than until. */
static bool step(sim_t *sim, int64_t until_ms, bool fair)
{
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
        sim_take_turn(sim, &sim->nodes[which], fair);
    } else if (what == START) {
        sim_start(sim, which, fair);
    } else {
        send_request(sim, which);
    }
    return true;
}

void sim_run(sim_t *sim, int64_t ms)
{
    int64_t until = sim->now_ms + ms;
    while (step(sim, until, false)) {
        /* Now and then somebody asks again what was answered long ago. */
        if (sim->requests_n && sim_happens(sim, 1, 200)) {
            request_t *r = &sim->requests[sim_draw(sim, sim->requests_n)];
            if (r->answered)
                r->send_ms = sim->now_ms;
        }
    }
    if (!sim->error[0])
        sim->now_ms = until;
}

static bool at_rest(sim_t *sim)
{
    for (size_t i = 0; i < sim->requests_n; i++)
        if (!sim->requests[i].answered)
            return false;
    for (size_t i = 0; i < sim->nodes_n; i++)
        if (!sim->nodes[i].engine)
            return false;
    return true;
}

bool sim_settle(sim_t *sim, int64_t ms)
{
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

sim_t *sim_new(uint64_t seed)
{
    sim_t *sim = sim_must(calloc(1, sizeof *sim));
    sim->seed = sim->random = seed;
    sim->now_ms = 1000;
    sim->reader = sim_must(cv_reader_new());
    sim->data = sim_must(calloc(1, sizeof *sim->data));
    return sim;
}

void sim_destroy(sim_t **sim_p)
{
    sim_t *sim = *sim_p;
    for (size_t i = 0; i < sim->nodes_n; i++) {
        node_t *node = &sim->nodes[i];
        cv_engine_destroy(&node->engine);
        cv_parcels_destroy(&node->parcels);
        cv_db_close(&node->db);
        sim_drop_held(node);
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

void sim_weather(sim_t *sim, const sim_weather_t *weather)
{
    sim->weather = *weather;
}

int64_t sim_wall_ms(const sim_t *sim)
{
    return WALL_START + sim->now_ms;
}

size_t sim_add(sim_t *sim, const cv_service_def_t *def, uint64_t keep_records)
{
    node_t *node = &sim->nodes[sim->nodes_n];
    *node = (node_t){.def = def, .keep_records = keep_records, .turn_ms = INT64_MAX, .start_ms = sim->now_ms};
    node->principal.role = CV_ROLE_SERVICE;
    snprintf(node->principal.name, sizeof node->principal.name, "%s", def->name);
    node->disk = crash_disk_new(sim_draw(sim, UINT64_MAX));
    return sim->nodes_n++;
}

void sim_submit(sim_t *sim, size_t node, const cv_principal_t *principal, const char *id, cv_str_t message)
{
    if (sim->requests_n == sim->requests_room) {
        sim->requests_room = sim->requests_room ? sim->requests_room * 2 : 256;
        sim->requests = sim_must(realloc(sim->requests, sim->requests_room * sizeof *sim->requests));
    }
    request_t *r = &sim->requests[sim->requests_n++];
    *r = (request_t){.node = node, .principal = principal, .send_ms = sim->now_ms, .message_len = message.len};
    snprintf(r->id, sizeof r->id, "%s", id);
    r->message = sim_copy(message.ptr, message.len);
}

const char *sim_error(const sim_t *sim)
{
    return sim->error;
}

cv_db_t *sim_db(sim_t *sim, size_t node)
{
    return sim->nodes[node].db;
}

cv_engine_t *sim_engine(sim_t *sim, size_t node)
{
    return sim->nodes[node].engine;
}

bool sim_may_halt(const sim_t *sim, size_t node, size_t follow)
{
    const char *service = sim->nodes[node].def->follows[follow].service;
    for (size_t i = 0; i < sim->nodes_n; i++)
        if (!strcmp(sim->nodes[i].def->name, service))
            return sim->nodes[i].rewound;
    return false;
}

size_t sim_requests(const sim_t *sim)
{
    return sim->requests_n;
}

cv_str_t sim_outcome(const sim_t *sim, size_t n)
{
    return (cv_str_t){sim->requests[n].outcome, sim->requests[n].outcome_len};
}

const char *sim_request_id(const sim_t *sim, size_t n)
{
    return sim->requests[n].id;
}

const sim_counts_t *sim_counts(const sim_t *sim)
{
    return &sim->counts;
}
