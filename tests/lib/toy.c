/* toy: three small services for tests: a bank, a mirror that follows it, an audit that follows both.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The sum of all changes is kept in memory and written by flush(), so that a forgotten forget() shows.
 */
#include "toy.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

unsigned toy_violations;
char toy_violation[256], toy_timers[256];

typedef struct {
    cv_db_t *db;
    int64_t sum; /* of all balances of stream '', as changed in this batch */
    bool dirty, flush_fails;
    cv_stmt_t *get, *set, *each, *clear, *sum_get, *sum_set;
} toy_t;

static const char *const TABLES[] = {
    "CREATE TABLE account(stream TEXT NOT NULL, code TEXT NOT NULL, balance INTEGER NOT NULL, n INTEGER NOT NULL,"
    " PRIMARY KEY(stream, code)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE sum(id INTEGER PRIMARY KEY, value INTEGER NOT NULL) STRICT; INSERT INTO sum VALUES(1, 0);",
};

static void load_sum(toy_t *toy)
{
    toy->dirty = toy->flush_fails = false;
    if (cv_stmt_step(toy->sum_get) == 1) {
        toy->sum = cv_stmt_get_int(toy->sum_get, 0);
        cv_stmt_reset(toy->sum_get);
    }
}

static int toy_open(cv_db_t *db, void **ret_self)
{
    toy_t *toy = calloc(1, sizeof *toy);
    if (!toy)
        return CV_ENOMEM;
    toy->db = db;
    int rc = cv_db_prepare(db, "SELECT balance, n FROM account WHERE stream = ? AND code = ?", &toy->get);
    if (!rc)
        rc = cv_db_prepare(db, "INSERT OR REPLACE INTO account VALUES(?, ?, ?, ?)", &toy->set);
    if (!rc)
        rc = cv_db_prepare(db, "SELECT code, balance, n FROM account WHERE stream = ? AND code > ? ORDER BY code",
                           &toy->each);
    if (!rc)
        rc = cv_db_prepare(db, "DELETE FROM account WHERE stream = ?", &toy->clear);
    if (!rc)
        rc = cv_db_prepare(db, "SELECT value FROM sum", &toy->sum_get);
    if (!rc)
        rc = cv_db_prepare(db, "UPDATE sum SET value = ?", &toy->sum_set);
    if (rc) {
        free(toy);
        return rc;
    }
    load_sum(toy);
    *ret_self = toy;
    return CV_OK;
}

static void toy_close(void **self)
{
    free(*self);
    *self = NULL;
}

static void toy_forget(void *self)
{
    load_sum(self);
}

/* Writes in every transaction, also when nothing has changed: a service may. */
static int toy_flush(void *self, cv_tx_t *tx)
{
    toy_t *toy = self;
    (void)tx;
    if (toy->flush_fails)
        return CV_ENOTFOUND;
    cv_stmt_int(toy->sum_set, 1, toy->sum);
    int rc = cv_stmt_run(toy->sum_set);
    if (!rc)
        toy->dirty = false;
    return rc;
}

static int get(toy_t *toy, const char *stream, cv_str_t code, int64_t *ret_balance, int64_t *ret_n)
{
    cv_stmt_text(toy->get, 1, cv_str(stream));
    cv_stmt_text(toy->get, 2, code);
    *ret_balance = *ret_n = 0;
    int rc = cv_stmt_step(toy->get);
    if (rc == 1) {
        *ret_balance = cv_stmt_get_int(toy->get, 0);
        *ret_n = cv_stmt_get_int(toy->get, 1);
        cv_stmt_reset(toy->get);
        rc = CV_OK;
    }
    return rc;
}

static int set(toy_t *toy, const char *stream, cv_str_t code, int64_t balance, int64_t n)
{
    cv_stmt_text(toy->set, 1, cv_str(stream));
    cv_stmt_text(toy->set, 2, code);
    cv_stmt_int(toy->set, 3, balance);
    cv_stmt_int(toy->set, 4, n);
    return cv_stmt_run(toy->set);
}

static int emit(cv_tx_t *tx, unsigned stream, cv_str_t code, const char *prefix, int64_t n, int64_t amount,
                int64_t balance)
{
    char name[32], city[32];
    snprintf(name, sizeof name, "%s%lld", prefix, (long long)n);
    snprintf(city, sizeof city, "%lld", (long long)amount);
    cv_scheduling_venue_v1_t record = {
        .code = code,
        .name = cv_str(name),
        .city = cv_str(city),
        .country = CV_STR("KZ"),
        .has_capacity = true,
        .capacity = balance,
    };
    return cv_tx_emit(tx, stream, CV_MSG_SCHEDULING_VENUE_V1, code, &record, NULL);
}

/* ---- bank --------------------------------------------------------------------------------- */

static int change(toy_t *toy, cv_tx_t *tx, cv_str_t code, int64_t amount)
{
    int64_t balance, n;
    int rc = get(toy, "", code, &balance, &n);
    if (!rc)
        rc = set(toy, "", code, balance + amount, n + 1);
    if (!rc)
        rc = emit(tx, 1, code, "", n + 1, amount, balance + amount);
    if (!rc)
        rc = emit(tx, 0, code, "", n + 1, amount, balance + amount);
    toy->sum += amount;
    toy->dirty = true;
    return rc;
}

static int emit_many(cv_tx_t *tx, int64_t count)
{
    char text[301];
    memset(text, 'x', 300);
    text[300] = '\0';
    cv_scheduling_party_v1_t party = {
        .code = CV_STR("XX"), .kind = CV_PARTY_KIND_GUEST, .name = CV_STR("many"), .sources_n = 8};
    for (size_t i = 0; i < 8; i++)
        party.sources[i] = cv_str(text);
    int rc = CV_OK;
    for (int64_t i = 0; !rc && i < count; i++)
        rc = cv_tx_emit(tx, 0, CV_MSG_SCHEDULING_PARTY_V1, CV_STR("XX"), &party, NULL);
    return rc;
}

static int bank_request(void *self, cv_tx_t *tx, const cv_msg_t *msg, const void *data, cv_outcome_t *out)
{
    toy_t *toy = self;
    if (msg->info->number == CV_MSG_SCHEDULING_EVENT_PROPOSE_V1)
        return cv_accept(tx, out, "proposed", "proposed by %s", cv_tx_principal(tx)->name);
    if (msg->info->number != CV_MSG_SCHEDULING_VENUE_PUT_V1)
        return cv_refuse(tx, out, "other", NULL, "the bank does nothing with it");
    const cv_scheduling_venue_put_v1_t *put = data;
    int64_t balance, n;
    int rc = get(toy, "", put->code, &balance, &n);
    if (rc)
        return rc;
    if (cv_str_is(put->name, "put"))
        rc = change(toy, tx, put->code, put->capacity);
    else if (cv_str_is(put->name, "take") && balance < put->capacity)
        return cv_refuse(tx, out, "poor", "data.capacity", "there are only %lld on %.*s", (long long)balance,
                         CV_STR_ARG(put->code));
    else if (cv_str_is(put->name, "take"))
        rc = change(toy, tx, put->code, -put->capacity);
    else if (cv_str_is(put->name, "invalid"))
        return cv_refuse_as(tx, out, CV_EINVAL, "invalid", "data.name", "this is refused as invalid");
    else if (cv_str_is(put->name, "missing"))
        return cv_refuse_as(tx, out, CV_ENOTFOUND, "missing", NULL, "this is refused as not found");
    else if (cv_str_is(put->name, "fail") || cv_str_is(put->name, "notfound")) {
        rc = change(toy, tx, put->code, 1000);
        return rc ? rc : cv_str_is(put->name, "fail") ? CV_EINTERNAL : CV_ENOTFOUND;
    } else if (cv_str_is(put->name, "flush"))
        toy->flush_fails = true;
    else if (cv_str_is(put->name, "later"))
        rc = cv_tx_timer_set(tx, "put", put->code, cv_tx_now_ms(tx) + put->capacity);
    else if (cv_str_is(put->name, "never"))
        rc = cv_tx_timer_cancel(tx, "put", put->code);
    else if (cv_str_is(put->name, "broken"))
        rc = cv_tx_timer_set(tx, "broken", put->code, cv_tx_now_ms(tx) + put->capacity);
    else if (cv_str_is(put->name, "poison"))
        rc = emit(tx, 0, put->code, "poison", n, 0, balance);
    else if (cv_str_is(put->name, "talk")) {
        char text[900];
        for (size_t i = 0; i + 2 < sizeof text; i += 3)
            memcpy(text + i, i % 9 ? "\xe2\x82\xac" : "a\nb", 3);
        return cv_refuse(tx, out, "talk", NULL, "%.*s", (int)sizeof text, text);
    } else if (cv_str_is(put->name, "many"))
        rc = emit_many(tx, put->capacity);
    else if (cv_str_is(put->name, "memory"))
        rc = cv_arena_take(cv_tx_arena(tx), (size_t)put->capacity) ? CV_OK : CV_ENOMEM;
    return rc ? rc : cv_accept(tx, out, "done", "%.*s has been done", CV_STR_ARG(put->name));
}

static int bank_timer(void *self, cv_tx_t *tx, const char *kind, cv_str_t key)
{
    if (!strcmp(kind, "broken"))
        return CV_EINTERNAL;
    size_t len = strlen(toy_timers);
    snprintf(toy_timers + len, sizeof toy_timers - len, "%.*s,", CV_STR_ARG(key));
    return change(self, tx, key, 1);
}

static int collect(toy_t *toy, const char *stream, cv_str_t after, cv_collect_t *to)
{
    int rc;
    cv_stmt_text(toy->each, 1, cv_str(stream));
    cv_stmt_text(toy->each, 2, after.ptr ? after : CV_STR(""));
    char last[64] = "";
    while ((rc = cv_stmt_step(toy->each)) == 1) {
        char name[32];
        cv_str_t code = cv_stmt_get_text(toy->each, 0);
        snprintf(name, sizeof name, "=%lld", (long long)cv_stmt_get_int(toy->each, 2));
        cv_scheduling_venue_v1_t record = {
            .code = code,
            .name = cv_str(name),
            .city = CV_STR("0"),
            .country = CV_STR("KZ"),
            .has_capacity = true,
            .capacity = cv_stmt_get_int(toy->each, 1),
        };
        rc = cv_collect_put(to, CV_MSG_SCHEDULING_VENUE_V1, code, 0, &record);
        if (rc) {
            cv_stmt_reset(toy->each);
            cv_collect_next(to, cv_str(last));
            return rc;
        }
        snprintf(last, sizeof last, "%.*s", CV_STR_ARG(code));
    }
    return rc;
}

static int bank_snapshot(void *self, cv_tx_t *tx, unsigned stream, cv_collect_t *to)
{
    (void)tx;
    (void)stream;
    return collect(self, "", CV_STR_NONE, to);
}

static int bank_query(void *self, cv_tx_t *tx, const cv_log_query_v1_t *query, cv_collect_t *to)
{
    (void)tx;
    if (!cv_str_is(query->what, "accounts"))
        return CV_ENOTFOUND;
    return collect(self, "", query->after, to);
}

/* ---- mirror, audit ------------------------------------------------------------------------ */

static void violated(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void violated(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(toy_violation, sizeof toy_violation, format, args);
    va_end(args);
    toy_violations++;
}

static int follow(toy_t *toy, cv_tx_t *tx, const char *stream, const cv_msg_t *msg, const void *data, bool forward)
{
    if (msg->info->number != CV_MSG_SCHEDULING_VENUE_V1)
        return CV_OK;
    const cv_scheduling_venue_v1_t *record = data;
    char name[32] = "", city[32] = "";
    if (cv_str_copy(record->name, name, sizeof name) || cv_str_copy(record->city, city, sizeof city))
        return CV_EINVAL;
    if (!strncmp(name, "poison", 6))
        return CV_EINTERNAL;
    bool sets = name[0] == '=';
    int64_t n = strtoll(name + sets, NULL, 10), amount = strtoll(city, NULL, 10), balance, n_before;
    int rc = get(toy, stream, record->code, &balance, &n_before);
    if (rc)
        return rc;
    if (!sets && (n != n_before + 1 || balance + amount != record->capacity))
        violated("%s: %.*s is number %lld, %lld, after number %lld, %lld", stream, CV_STR_ARG(msg->id), (long long)n,
                 (long long)record->capacity, (long long)n_before, (long long)balance);
    if (cv_tx_in_snapshot(tx) && !sets)
        violated("%s: %.*s is news in a snapshot", stream, CV_STR_ARG(msg->id));
    rc = set(toy, stream, record->code, record->capacity, n);
    if (!rc && forward)
        rc = emit(tx, 0, record->code, sets ? "=" : "", n, amount, record->capacity);
    toy->sum += amount;
    toy->dirty = true;
    return rc;
}

static int mirror_record(void *self, cv_tx_t *tx, const char *stream, const cv_msg_t *msg, const void *data)
{
    return follow(self, tx, stream, msg, data, !strcmp(stream, "scheduling.events"));
}

static int audit_record(void *self, cv_tx_t *tx, const char *stream, const cv_msg_t *msg, const void *data)
{
    return follow(self, tx, stream, msg, data, false);
}

static int audit_begin(void *self, cv_tx_t *tx, const char *stream)
{
    toy_t *toy = self;
    (void)tx;
    cv_stmt_text(toy->clear, 1, cv_str(stream));
    return cv_stmt_run(toy->clear);
}

/* Whoever follows the mirror must hear that the old accounts are gone. */
static int mirror_begin(void *self, cv_tx_t *tx, const char *stream)
{
    toy_t *toy = self;
    int rc = CV_OK;
    if (!strcmp(stream, "scheduling.events")) {
        cv_stmt_text(toy->each, 1, cv_str(stream));
        cv_stmt_text(toy->each, 2, CV_STR(""));
        while ((rc = cv_stmt_step(toy->each)) == 1)
            if ((rc = emit(tx, 0, cv_stmt_get_text(toy->each, 0), "=", 0, 0, 0))) {
                cv_stmt_reset(toy->each);
                return rc;
            }
    }
    return rc ? rc : audit_begin(self, tx, stream);
}

static int mirror_snapshot(void *self, cv_tx_t *tx, unsigned stream, cv_collect_t *to)
{
    (void)tx;
    (void)stream;
    return collect(self, "scheduling.events", CV_STR_NONE, to);
}

static int no_requests(void *self, cv_tx_t *tx, const cv_msg_t *msg, const void *data, cv_outcome_t *out)
{
    (void)self;
    (void)msg;
    (void)data;
    return cv_refuse(tx, out, "no_requests", NULL, "takes no requests");
}

/* ---- definitions -------------------------------------------------------------------------- */

static const cv_stream_def_t BANK_STREAMS[] = {{"scheduling.events", false}, {"scheduling.private", true}};
static const cv_stream_def_t MIRROR_STREAMS[] = {{"registration.events", false}};
static const cv_follow_def_t MIRROR_FOLLOWS[] = {{"scheduling", "scheduling.events", false},
                                                 {"scheduling", "scheduling.private", false}};
static const cv_follow_def_t AUDIT_FOLLOWS[] = {{"scheduling", "scheduling.events", true},
                                                {"registration", "registration.events", true}};

const cv_service_def_t TOY_BANK = {
    .name = "scheduling",
    .application_id = 0x70790001,
    .migrations = TABLES,
    .migrations_n = 1,
    .streams = BANK_STREAMS,
    .streams_n = 2,
    .open = toy_open,
    .close = toy_close,
    .forget = toy_forget,
    .flush = toy_flush,
    .request = bank_request,
    .timer = bank_timer,
    .snapshot = bank_snapshot,
    .query = bank_query,
};
const cv_service_def_t TOY_MIRROR = {
    .name = "registration",
    .application_id = 0x70790002,
    .migrations = TABLES,
    .migrations_n = 1,
    .streams = MIRROR_STREAMS,
    .streams_n = 1,
    .follows = MIRROR_FOLLOWS,
    .follows_n = 2,
    .open = toy_open,
    .close = toy_close,
    .forget = toy_forget,
    .flush = toy_flush,
    .request = no_requests,
    .record = mirror_record,
    .snapshot_begin = mirror_begin,
    .snapshot = mirror_snapshot,
};
const cv_service_def_t TOY_AUDIT = {
    .name = "notifications",
    .application_id = 0x70790003,
    .migrations = TABLES,
    .migrations_n = 1,
    .follows = AUDIT_FOLLOWS,
    .follows_n = 2,
    .open = toy_open,
    .close = toy_close,
    .forget = toy_forget,
    .flush = toy_flush,
    .request = no_requests,
    .record = audit_record,
    .snapshot_begin = audit_begin,
};

/* ---- helpers of tests --------------------------------------------------------------------- */

const char *toy_id(uint64_t number)
{
    static char ids[8][CV_UUID_TEXT + 1]; /* a few at once */
    static unsigned next;
    char *id = ids[next++ % 8];
    snprintf(id, sizeof ids[0], "00000000-0000-7000-8000-%012llx", (unsigned long long)(number & 0xffffffffffff));
    return id;
}

int toy_request(cv_buf_t *buf, const char *id, const char *inbox, const char *command, const char *account,
                int64_t amount, int64_t expiry_ms)
{
    cv_scheduling_venue_put_v1_t put = {
        .code = cv_str(account),
        .name = cv_str(command),
        .city = CV_STR("0"),
        .country = CV_STR("KZ"),
        .has_capacity = true,
        .capacity = amount,
    };
    cv_msg_t head = {
        .id = cv_str(id),
        .source = CV_STR("/test"),
        .inbox = cv_str(inbox ? inbox : "inbox-0001"),
        .time_ms = 1,
        .expiry_ms = expiry_ms,
        .info = cv_msg_info_at(CV_MSG_SCHEDULING_VENUE_PUT_V1),
    };
    return cv_msg_write(buf, &head, &put);
}

void toy_dump(cv_db_t *db, const char *stream, char *ret_text, size_t size)
{
    cv_stmt_t *all;
    size_t len = 0;
    ret_text[0] = '\0';
    if (cv_db_prepare(db, "SELECT code, balance, n FROM account WHERE stream = ? AND n > 0 ORDER BY code", &all))
        return;
    cv_stmt_text(all, 1, cv_str(stream));
    while (cv_stmt_step(all) == 1) {
        int more = snprintf(ret_text + len, size - len, "%.*s=%lld/%lld ", CV_STR_ARG(cv_stmt_get_text(all, 0)),
                            (long long)cv_stmt_get_int(all, 1), (long long)cv_stmt_get_int(all, 2));
        if (more < 0 || (size_t)more >= size - len)
            break;
        len += (size_t)more;
    }
    cv_stmt_reset(all);
}
