/* bare_path: the least that any implementation of the registration path has to do, as a limit to compare with.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   bench-bare_path endpoint=E db=FILE capacity=N maximum=N run=N [keys=DIR] [batch=1024]
 *
 * Takes the same requests from the same load generator over the same transport: SUB in, MessagePack decoded, one SQLite
 * transaction per batch of what has arrived (WAL, synchronous=FULL) with a unique id, a registration and an outbox row
 * per request and the counters of events and parties once per batch; after COMMIT one message per request to whoever
 * listens. No limits on what peers send, no rights, no restart, no repair of lost messages, no waiting list that moves,
 * no explanation: it is not a system. What Convene needs beyond it is the price of those.
 */
#include "link.h"
#include <msgpack.h>
#include <signal.h>
#include <sqlite3.h>

enum { BATCH_MAX = 4096 };

static volatile sig_atomic_t s_stop;
static sqlite3 *s_db;

static void on_signal(int number)
{
    (void)number;
    s_stop = 1;
}

static void sql(const char *text)
{
    char *error = NULL;
    if (sqlite3_exec(s_db, text, NULL, NULL, &error))
        DIE("%s: %s", text, error);
}

static sqlite3_stmt *prepare(const char *text)
{
    sqlite3_stmt *stmt;
    if (sqlite3_prepare_v3(s_db, text, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL))
        DIE("%s: %s", text, sqlite3_errmsg(s_db));
    return stmt;
}

static void run(sqlite3_stmt *stmt)
{
    if (sqlite3_step(stmt) != SQLITE_DONE)
        DIE("%s: %s", sqlite3_sql(stmt), sqlite3_errmsg(s_db));
    sqlite3_reset(stmt);
}

static void open_database(const char *path)
{
    if (sqlite3_open_v2(path, &s_db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL))
        DIE("%s", path);
    sql("PRAGMA page_size=8192; PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
        "PRAGMA cache_size=-65536; PRAGMA wal_autocheckpoint=4000;"
        "CREATE TABLE event(id INTEGER PRIMARY KEY, used INTEGER NOT NULL, waiting INTEGER NOT NULL);"
        "CREATE TABLE party(id INTEGER PRIMARY KEY, used INTEGER NOT NULL);"
        "CREATE TABLE registration(seq INTEGER PRIMARY KEY, request BLOB NOT NULL UNIQUE, event INTEGER, party TEXT,"
        " name TEXT, email TEXT, capacity TEXT, state INTEGER, place INTEGER);"
        "CREATE TABLE outbox(seq INTEGER PRIMARY KEY, message BLOB NOT NULL)");
}

/* ---- messages ---------------------------------------------------------------------------------------------------- */

static const msgpack_object *find(const msgpack_object *map, const char *key)
{
    size_t len = strlen(key);
    if (!map || map->type != MSGPACK_OBJECT_MAP)
        DIE("not a map");
    for (uint32_t i = 0; i < map->via.map.size; i++) {
        const msgpack_object *k = &map->via.map.ptr[i].key;
        if (k->via.str.size == len && !memcmp(k->via.str.ptr, key, len))
            return &map->via.map.ptr[i].val;
    }
    DIE("a request without %s", key);
}

static void put_text(msgpack_packer *packer, const char *text, size_t len)
{
    msgpack_pack_str(packer, len);
    msgpack_pack_str_body(packer, text, len);
}

static void put(msgpack_packer *packer, const char *key, const char *text, size_t len)
{
    put_text(packer, key, strlen(key));
    put_text(packer, text, len);
}

static void put_number(msgpack_packer *packer, const char *key, uint64_t value)
{
    put_text(packer, key, strlen(key));
    msgpack_pack_uint64(packer, value);
}

typedef struct {
    const char *id;
    uint32_t event, party;
    msgpack_object event_code, party_code, name, email, capacity;
} request_t;

static uint32_t number_at_end(msgpack_object text)
{
    return (uint32_t)((text.via.str.ptr[text.via.str.size - 2] - '0') * 10 + text.via.str.ptr[text.via.str.size - 1] -
                      '0');
}

static request_t read_request(msgpack_zone *zone, zmq_msg_t *message)
{
    msgpack_object root;
    size_t offset = 0;
    request_t r;
    msgpack_zone_clear(zone);
    if (msgpack_unpack(zmq_msg_data(message), zmq_msg_size(message), &offset, zone, &root) != MSGPACK_UNPACK_SUCCESS)
        DIE("not MessagePack");
    const msgpack_object *data = find(&root, "data"), *id = find(&root, "id"), *persons = find(data, "persons");
    if (id->via.str.size != WL_ID || persons->type != MSGPACK_OBJECT_ARRAY || persons->via.array.size != 1)
        DIE("not a request");
    const msgpack_object *person = persons->via.array.ptr;
    r.id = id->via.str.ptr;
    r.event_code = *find(data, "event");
    r.party_code = *find(data, "party");
    r.name = *find(person, "name");
    r.email = *find(person, "email");
    r.capacity = *find(person, "capacity");
    r.event = number_at_end(r.event_code);
    r.party = number_at_end(r.party_code);
    if (r.event >= WL_EVENTS || r.party >= WL_PARTIES)
        DIE("unknown event or party");
    return r;
}

static void write_decision(msgpack_sbuffer *buf, const request_t *r, uint32_t seq, bool confirmed, uint32_t place)
{
    msgpack_packer packer;
    msgpack_packer_init(&packer, buf, msgpack_sbuffer_write);
    msgpack_pack_map(&packer, 8);
    put(&packer, "specversion", "1.0", 3);
    put(&packer, "id", r->id, WL_ID);
    put(&packer, "source", "/bench/bare", 11);
    put(&packer, "type", "bench.decided.v1", 16);
    put(&packer, "time", "2025-01-01T00:00:00.000Z", 24);
    put_number(&packer, "sequence", seq);
    put(&packer, "causationid", r->id, WL_ID);
    put_text(&packer, "data", 4);
    msgpack_pack_map(&packer, 6);
    put(&packer, "event", r->event_code.via.str.ptr, r->event_code.via.str.size);
    put(&packer, "party", r->party_code.via.str.ptr, r->party_code.via.str.size);
    put(&packer, "name", r->name.via.str.ptr, r->name.via.str.size);
    put(&packer, "email", r->email.via.str.ptr, r->email.via.str.size);
    put(&packer, "state", confirmed ? "confirmed" : "waiting", confirmed ? 9 : 7);
    put_number(&packer, "place", place);
}

/* ---- one batch --------------------------------------------------------------------------------------------------- */

static struct {
    sqlite3_stmt *begin, *commit, *add, *stored, *out, *event, *party;
    uint32_t capacity, maximum, seq;
    uint32_t used[WL_EVENTS], waiting[WL_EVENTS], of_party[WL_EVENTS][WL_PARTIES];
    bool event_changed[WL_EVENTS], party_changed[WL_EVENTS][WL_PARTIES];
    msgpack_zone zone;
    zmq_msg_t in[BATCH_MAX];
    msgpack_sbuffer decision[BATCH_MAX];
} s;

static void bind_text(sqlite3_stmt *stmt, int index, const msgpack_object *text)
{
    sqlite3_bind_text(stmt, index, text->via.str.ptr, (int)text->via.str.size, SQLITE_STATIC);
}

static void decide(zmq_msg_t *message, msgpack_sbuffer *decision)
{
    request_t r = read_request(&s.zone, message);
    uint8_t id[16];
    wl_id_bytes(r.id, id);
    uint32_t *of_party = &s.of_party[r.event][r.party];
    bool confirmed = s.used[r.event] < s.capacity && *of_party < s.maximum;
    uint32_t place = (confirmed ? s.used[r.event] : s.waiting[r.event]) + 1;
    sqlite3_bind_int64(s.add, 1, s.seq + 1);
    sqlite3_bind_blob(s.add, 2, id, sizeof id, SQLITE_STATIC);
    sqlite3_bind_int64(s.add, 3, r.event);
    bind_text(s.add, 4, &r.party_code);
    bind_text(s.add, 5, &r.name);
    bind_text(s.add, 6, &r.email);
    bind_text(s.add, 7, &r.capacity);
    sqlite3_bind_int64(s.add, 8, confirmed);
    sqlite3_bind_int64(s.add, 9, place);
    run(s.add);
    msgpack_sbuffer_clear(decision);
    if (!sqlite3_changes(s_db)) { /* decided before: the same answer */
        sqlite3_bind_blob(s.stored, 1, id, sizeof id, SQLITE_STATIC);
        if (sqlite3_step(s.stored) != SQLITE_ROW)
            DIE("a decision is lost");
        msgpack_sbuffer_write(decision, sqlite3_column_blob(s.stored, 0), (size_t)sqlite3_column_bytes(s.stored, 0));
        sqlite3_reset(s.stored);
        return;
    }
    s.seq++;
    if (confirmed) {
        s.used[r.event]++;
        ++*of_party;
        s.party_changed[r.event][r.party] = true;
    } else {
        s.waiting[r.event]++;
    }
    s.event_changed[r.event] = true;
    write_decision(decision, &r, s.seq, confirmed, place);
    sqlite3_bind_int64(s.out, 1, s.seq);
    sqlite3_bind_blob(s.out, 2, decision->data, (int)decision->size, SQLITE_STATIC);
    run(s.out);
}

static void write_counters(void)
{
    for (int e = 0; e < WL_EVENTS; e++) {
        if (!s.event_changed[e])
            continue;
        s.event_changed[e] = false;
        sqlite3_bind_int(s.event, 1, e);
        sqlite3_bind_int64(s.event, 2, s.used[e]);
        sqlite3_bind_int64(s.event, 3, s.waiting[e]);
        run(s.event);
        for (int p = 0; p < WL_PARTIES; p++) {
            if (!s.party_changed[e][p])
                continue;
            s.party_changed[e][p] = false;
            sqlite3_bind_int(s.party, 1, e * WL_PARTIES + p);
            sqlite3_bind_int64(s.party, 2, s.of_party[e][p]);
            run(s.party);
        }
    }
}

static void serve(void *intake, void *feed, int batch)
{
    static const char topic[] = "registration.events|";
    zmq_msg_t frame;
    zmq_msg_init(&frame);
    while (!s_stop) {
        int n = 0;
        for (; n < batch; n++) { /* everything that is there, never waiting for more */
            if (zmq_msg_recv(&frame, intake, n ? ZMQ_DONTWAIT : 0) < 0)
                break;
            zmq_msg_init(&s.in[n]);
            if (!zmq_msg_more(&frame) || zmq_msg_recv(&s.in[n], intake, 0) < 0)
                DIE("half a message");
        }
        if (!n)
            continue;
        run(s.begin);
        for (int i = 0; i < n; i++)
            decide(&s.in[i], &s.decision[i]);
        write_counters();
        run(s.commit); /* durable from here on: only now is it told */
        for (int i = 0; i < n; i++) {
            zmq_send_const(feed, topic, sizeof topic - 1, ZMQ_SNDMORE);
            if (zmq_send(feed, s.decision[i].data, s.decision[i].size, 0) < 0)
                DIE("send: %s", zmq_strerror(errno));
            zmq_msg_close(&s.in[i]);
        }
    }
    zmq_msg_close(&frame);
}

int main(int argc, char **argv)
{
    link_t link = {option(argc, argv, "endpoint", NULL), option(argc, argv, "keys", NULL), "registration", NULL};
    const char *path = option(argc, argv, "db", NULL);
    int batch = (int)option_number(argc, argv, "batch", 1024);
    if (!link.endpoint || !path || batch < 1 || batch > BATCH_MAX)
        DIE("endpoint=E db=FILE capacity=N maximum=N [keys=DIR] [batch=1..%d]", BATCH_MAX);
    s.capacity = (uint32_t)option_number(argc, argv, "capacity", 1);
    s.maximum = (uint32_t)option_number(argc, argv, "maximum", 1);
    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);
    open_database(path);
    s.begin = prepare("BEGIN IMMEDIATE");
    s.commit = prepare("COMMIT");
    s.add = prepare("INSERT INTO registration VALUES(?,?,?,?,?,?,?,?,?) ON CONFLICT(request) DO NOTHING");
    s.stored = prepare("SELECT message FROM outbox WHERE seq = (SELECT seq FROM registration WHERE request = ?)");
    s.out = prepare("INSERT INTO outbox VALUES(?,?)");
    s.event = prepare("INSERT OR REPLACE INTO event VALUES(?,?,?)");
    s.party = prepare("INSERT OR REPLACE INTO party VALUES(?,?)");
    msgpack_zone_init(&s.zone, 8192);
    for (int i = 0; i < batch; i++)
        msgpack_sbuffer_init(&s.decision[i]);

    void *context = zmq_ctx_new();
    void *feed = link_open(context, &link, ZMQ_XPUB, LINK_FEED, true);
    void *intake = link_open(context, &link, ZMQ_SUB, LINK_INTAKE, true);
    link_set(intake, ZMQ_RCVTIMEO, 100);
    zmq_setsockopt(intake, ZMQ_SUBSCRIBE, "", 0);
    fprintf(stderr, "ready\n");
    serve(intake, feed, batch);
    zmq_close(intake);
    zmq_close(feed);
    zmq_ctx_term(context);
    for (int i = 0; i < batch; i++)
        msgpack_sbuffer_destroy(&s.decision[i]);
    msgpack_zone_destroy(&s.zone);
    for (sqlite3_stmt *stmt; (stmt = sqlite3_next_stmt(s_db, NULL));)
        sqlite3_finalize(stmt);
    sqlite3_close(s_db);
    return 0;
}
