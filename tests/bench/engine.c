/* engine: the registration service without the network: the engine, its rules and SQLite, for every batch size.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   bench-engine dir=DIR [n=20000] [batch=1024] [ids=ordered|random] [run=1]
 *
 * The engines of scheduling and registration run in this process on real databases in DIR. Scheduling is given parties
 * and events; what it publishes is fed to registration. Then n requests are queued `batch` at a time, one turn
 * (one transaction, one sync) per batch, and what it publishes is counted. It is also the program to look into with
 * a profiler. Prints one JSON object: decisions per second, processor time of one, length of a turn.
 */
#include "service/engine.h"
#include "bench.h"
#include "convene/ids.h"
#include "net/zap.h"
#include "registration/registration.h"
#include "scheduling/handlers.h"

enum { ANSWERS_MAX = 64 };

typedef struct node {
    cv_engine_t *engine;
    cv_db_t *db;
    struct node *follower, *producer; /* one of them each */
    cv_buf_t answers[ANSWERS_MAX];    /* to what it asked; handed over between turns */
    size_t answers_n;
    uint64_t outcomes, refused, records;
} node_t;

static int64_t s_wall_ms, s_mono_ms;

static void publish(void *self, cv_str_t topic, const cv_position_t *position, cv_str_t message)
{
    node_t *node = self;
    if (!position) {
        node->outcomes++;
        if (!memmem(message.ptr, message.len, "\245class\242OK", 9)) {
            if (!node->refused++)
                fprintf(stderr, "%.*s\n", (int)message.len, message.ptr);
        }
        return;
    }
    node->records += message.ptr != NULL;
    if (!node->follower || !cv_str_is(topic, "scheduling.events|"))
        return;
    uint8_t bytes[CV_POSITION_LEN];
    cv_position_write(position, bytes);
    cv_engine_feed(node->follower->engine, 0, (cv_str_t){(const char *)bytes, sizeof bytes}, message, s_mono_ms);
}

static void answer(void *self, void *peer, cv_str_t message)
{
    node_t *asker = peer;
    (void)self;
    if (asker->answers_n == ANSWERS_MAX)
        DIE("too many questions");
    cv_buf_init(&asker->answers[asker->answers_n], CV_MAX_BATCH * 2);
    if (cv_buf_put(&asker->answers[asker->answers_n++], message.ptr, message.len))
        DIE("out of memory");
}

static void ask(void *self, size_t follow, cv_str_t message)
{
    node_t *node = self;
    (void)follow;
    if (node->producer)
        cv_engine_question(node->producer->engine, &cv_principal_local, node, message, s_wall_ms, s_mono_ms);
}

static void turn(node_t *node)
{
    int64_t next;
    s_wall_ms = cv_clock_wall_ms();
    s_mono_ms = cv_clock_mono_ms();
    for (size_t i = 0; i < node->answers_n; i++) {
        cv_engine_answered(node->engine, 0, cv_buf_str(&node->answers[i]), s_mono_ms);
        cv_buf_done(&node->answers[i]);
    }
    node->answers_n = 0;
    int rc = cv_engine_turn(node->engine, s_wall_ms, s_mono_ms, &next);
    if (rc)
        DIE("turn: %s: %s", cv_error_text(rc), cv_engine_error(node->engine));
}

static void open_node(node_t *node, const cv_service_def_t *def, const char *dir)
{
    char path[512], error[512];
    snprintf(path, sizeof path, "%s/%s.db", dir, def->name);
    cv_db_options_t db = {.path = path,
                          .application_id = def->application_id,
                          .migrations = def->migrations,
                          .migrations_n = def->migrations_n,
                          .wal_bytes = CV_WAL_BYTES};
    cv_outside_t outside = {.self = node, .publish = publish, .answer = answer, .ask = ask};
    cv_engine_options_t options = {.version = "bench", .new_epoch = {1}};
    if (cv_db_open(&db, &node->db, error, sizeof error) ||
        cv_engine_new(def, node->db, &outside, &options, &node->engine, error, sizeof error))
        DIE("%s", error);
}

/* ---- requests ---------------------------------------------------------------------------------------------------- */

static cv_buf_t s_messages; /* of all requests, one after the other */
static size_t *s_ends, s_n;

static void put_request(uint16_t type, const void *data, const char *id)
{
    char made[CV_UUID_TEXT + 1];
    if (!id) {
        uint8_t bytes[CV_UUID_LEN];
        cv_uuid7(cv_clock_wall_ms(), bytes);
        cv_uuid_text(bytes, made);
    }
    cv_msg_t head = {.id = cv_str(id ? id : made),
                     .source = CV_STR("/bench"),
                     .inbox = CV_STR("bench-inbox-1"),
                     .time_ms = cv_clock_wall_ms(),
                     .info = cv_msg_info_at(type)};
    int rc = cv_msg_write(&s_messages, &head, data);
    if (rc)
        DIE("%s: %s", head.info->type, cv_error_text(rc));
    s_ends[s_n++] = s_messages.len;
}

static cv_str_t request_at(size_t i)
{
    size_t from = i ? s_ends[i - 1] : 0;
    return (cv_str_t){(const char *)s_messages.ptr + from, s_ends[i] - from};
}

/* Queues requests [from, to), at most `batch` per turn. */
static void feed(node_t *node, size_t from, size_t to, size_t batch, uint64_t *turns)
{
    for (size_t i = from; i < to;) {
        uint64_t start = now_ns();
        for (size_t k = 0; k < batch && i < to; k++)
            if (cv_engine_request(node->engine, &cv_principal_local, request_at(i++)))
                DIE("queue full");
        turn(node);
        if (turns)
            *turns++ = now_ns() - start;
    }
    if (node->refused)
        DIE("%llu requests refused", (unsigned long long)node->refused);
}

static void set_up(node_t *scheduling, node_t *registration, const workload_t *w)
{
    static cv_scheduling_event_propose_v1_t propose;
    static cv_scheduling_event_registration_v1_t rules;
    int64_t now = cv_clock_wall_ms();
    char code[WL_CODE];
    for (uint32_t i = 0; i < WL_PARTIES; i++) {
        wl_party_code(i, code);
        cv_party_t party = {.code = cv_str(code), .kind = CV_PARTY_KIND_MEMBER, .name = CV_STR("Party")};
        put_request(CV_MSG_SCHEDULING_PARTY_PUT_V1, &party, NULL);
    }
    for (uint32_t i = 0; i < WL_EVENTS; i++) {
        static const cv_event_status_t steps[] = {CV_EVENT_STATUS_CIRCULATED, CV_EVENT_STATUS_ADOPTED,
                                                  CV_EVENT_STATUS_SCHEDULED};
        wl_event_code(w, i, code);
        propose.event = rules.event = cv_str(code);
        propose.event_details.title = cv_str(code);
        propose.event_details.plan_year = 2025;
        propose.event_details.line = CV_PLAN_LINE_CBM;
        propose.event_details.date_start = propose.event_details.date_end = CV_STR("2027-03-01");
        propose.event_details.precision = CV_DATE_PRECISION_DAY;
        put_request(CV_MSG_SCHEDULING_EVENT_PROPOSE_V1, &propose, NULL);
        for (size_t k = 0; k < 3; k++) {
            cv_scheduling_event_advance_v1_t advance = {.event = cv_str(code), .to = steps[k]};
            put_request(CV_MSG_SCHEDULING_EVENT_ADVANCE_V1, &advance, NULL);
        }
        rules.registration_rules = (cv_registration_rules_t){.capacity = w->capacity,
                                                             .maximum = w->maximum,
                                                             .waiting = CV_WAITING_RULE_STRICT,
                                                             .group = CV_GROUP_RULE_EACH,
                                                             .opens_ms = now - 86400000,
                                                             .closes_ms = now + 86400000};
        put_request(CV_MSG_SCHEDULING_EVENT_REGISTRATION_V1, &rules, NULL);
    }
    feed(scheduling, 0, s_n, 512, NULL);
    for (int i = 0; i < 20; i++) { /* events open, registration hears of it */
        turn(scheduling);
        turn(registration);
    }
}

static void encode_all(const workload_t *w)
{
    static cv_registration_register_v1_t data;
    for (uint32_t i = 0; i < w->n; i++) {
        char id[WL_ID + 1], event[WL_CODE], party[WL_CODE], name[WL_NAME], email[WL_NAME];
        uint32_t distinct = wl_distinct(i);
        wl_id(w, distinct, id);
        wl_event_code(w, wl_event(distinct), event);
        wl_party_code(wl_party(distinct), party);
        wl_name(distinct, name);
        wl_email(distinct, email);
        data.event = cv_str(event);
        data.party = cv_str(party);
        data.persons_n = 1;
        data.persons[0] = (cv_person_t){
            .name = cv_str(name), .capacity = cv_capacity_parse(cv_str(wl_capacity(distinct))), .email = cv_str(email)};
        put_request(CV_MSG_REGISTRATION_REGISTER_V1, &data, id);
    }
}

int main(int argc, char **argv)
{
    const char *dir = option(argc, argv, "dir", NULL);
    uint32_t n = (uint32_t)option_number(argc, argv, "n", 20000);
    size_t batch = (size_t)option_number(argc, argv, "batch", 1024);
    if (!dir || batch < 1 || batch > CV_BATCH_MAX)
        DIE("dir=DIR [n=N] [batch=1..%d] [ids=ordered|random]", CV_BATCH_MAX);
    workload_t w = workload(n, !strcmp(option(argc, argv, "ids", "ordered"), "ordered"),
                            (uint32_t)option_number(argc, argv, "run", 1));
    node_t scheduling = {0}, registration = {0};
    scheduling.follower = &registration;
    registration.producer = &scheduling;
    open_node(&registration, &reg_service, dir);
    open_node(&scheduling, &sch_definition, dir);
    cv_buf_init(&s_messages, ((size_t)n + 1024) * 1024);
    s_ends = calloc((size_t)n + 1024, sizeof *s_ends);
    uint64_t *turns = calloc(n / batch + 2, sizeof *turns);
    if (!s_ends || !turns)
        DIE("out of memory");
    set_up(&scheduling, &registration, &w);
    size_t first = s_n;
    encode_all(&w);

    uint64_t records = registration.records, cpu = cpu_ns(), start = now_ns();
    feed(&registration, first, first + n, batch, turns);
    double seconds = (double)(now_ns() - start) / 1e9, cpu_us = (double)(cpu_ns() - cpu) / 1e3 / n;
    if (registration.outcomes != n || registration.records - records != w.distinct)
        DIE("%llu outcomes and %llu records of %u requests", (unsigned long long)registration.outcomes,
            (unsigned long long)(registration.records - records), n);
    spread_t spread = spread_of(turns, (n + batch - 1) / batch);
    printf("{\"n\":%u,\"batch\":%zu,\"per_s\":%.1f,\"cpu_us\":%.2f,\"turn_p50_us\":%.1f,\"turn_p99_us\":%.1f,\"turn_"
           "max_us\":%.1f}\n",
           n, batch, n / seconds, cpu_us, spread.p50, spread.p99, spread.max);
    cv_engine_destroy(&registration.engine);
    cv_engine_destroy(&scheduling.engine);
    cv_db_close(&registration.db);
    cv_db_close(&scheduling.db);
    cv_buf_done(&s_messages);
    free(s_ends);
    free(turns);
    return 0;
}
