/* requester: see requester.h for what happens to a request.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Items are in one of two lists, both in the order of submission: `waiting` (not sent yet) and `flying` (sent at least
 * once). A hash table by id finds the item of an outcome. The next instant at which anything is due is kept, so that a
 * tick that comes too early costs one comparison.
 */
#include "net/requester.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

typedef struct item {
    struct item *next, *prev; /* in its list */
    struct item *chain;       /* in its bucket */
    uint8_t key[CV_UUID_LEN];
    char id[CV_UUID_TEXT + 1]; /* as the caller wrote it */
    bool flying;
    bool earlier;                      /* a process before this one may have sent it */
    int64_t submitted_ms, deadline_ms; /* deadline: INT64_MAX none */
    int64_t due_ms;                    /* flying: when to send again */
    int64_t not_before_ms;             /* the service asked us to wait */
    uint32_t sends;
    uint32_t misses; /* sends since the last sign of life; the exponent of the delay */
    char *heard;     /* the last answer, which was not final; NULL: none */
    size_t heard_len;
    size_t len;
    uint8_t bytes[];
} item_t;

typedef struct {
    item_t *first, *last;
    size_t n;
} list_t;

struct cv_requester {
    cv_requester_options_t options;
    char service[CV_NAME_MAX + 1];
    char topic[CV_MAX_TOPIC];
    list_t waiting, flying;
    item_t **buckets;
    size_t buckets_n; /* a power of two */
    bool ready;
    int64_t next_ms;     /* when the next tick has something to do */
    int64_t deadline_ms; /* no item's deadline is earlier */
    int64_t blocked_ms;  /* pipe full: do not send before */
    uint64_t random;
    cv_reader_t *reader;
    cv_requester_stats_t stats;
};

/* splitmix64: small, good enough for jitter, the same everywhere. */
static uint64_t random_next(cv_requester_t *self)
{
    uint64_t z = (self->random += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* 250 ms doubling to 5 s, each between 80 % and 120 %. */
static int64_t delay_ms(cv_requester_t *self, uint32_t misses)
{
    int64_t base = CV_REQUESTER_FIRST_MS;
    for (uint32_t i = 1; i < misses && base < CV_REQUESTER_LAST_MS; i++)
        base *= 2;
    if (base > CV_REQUESTER_LAST_MS)
        base = CV_REQUESTER_LAST_MS;
    return base * 4 / 5 + (int64_t)(random_next(self) % (uint64_t)(base * 2 / 5 + 1));
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* ---- lists and table --------------------------------------------------------------------- */

static void list_append(list_t *list, item_t *item)
{
    item->next = NULL;
    item->prev = list->last;
    if (list->last)
        list->last->next = item;
    else
        list->first = item;
    list->last = item;
    list->n++;
}

static void list_remove(list_t *list, item_t *item)
{
    if (item->prev)
        item->prev->next = item->next;
    else
        list->first = item->next;
    if (item->next)
        item->next->prev = item->prev;
    else
        list->last = item->prev;
    item->next = item->prev = NULL;
    list->n--;
}

/* The last octets of a UUIDv7 are random. */
static item_t **bucket_of(cv_requester_t *self, const uint8_t key[CV_UUID_LEN])
{
    uint64_t hash;
    memcpy(&hash, key + CV_UUID_LEN - sizeof hash, sizeof hash);
    hash ^= hash >> 32;
    return &self->buckets[hash & (self->buckets_n - 1)];
}

static item_t *find(cv_requester_t *self, const uint8_t key[CV_UUID_LEN])
{
    for (item_t *item = *bucket_of(self, key); item; item = item->chain)
        if (memcmp(item->key, key, CV_UUID_LEN) == 0)
            return item;
    return NULL;
}

static void take_out(cv_requester_t *self, item_t *item)
{
    item_t **at = bucket_of(self, item->key);
    while (*at != item)
        at = &(*at)->chain;
    *at = item->chain;
    list_remove(item->flying ? &self->flying : &self->waiting, item);
}

static void item_free(item_t *item)
{
    free(item->heard);
    free(item);
}

/* The item is out of all lists before the caller is told: done may submit the same id again. */
static void finish(cv_requester_t *self, int64_t now_ms, item_t *item, cv_answer_t *answer)
{
    take_out(self, item);
    answer->id = item->id;
    answer->service = self->service;
    answer->latency_ms = now_ms - item->submitted_ms;
    answer->sends = item->sends + item->earlier;
    self->next_ms = now_ms; /* there is room in the window */
    self->options.done(self->options.arg, answer);
    item_free(item);
}

/* ---- life -------------------------------------------------------------------------------- */

cv_requester_t *cv_requester_new(const cv_requester_options_t *options)
{
    assert(options->service && options->send && options->done);
    cv_requester_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->options = *options;
    if (!self->options.window)
        self->options.window = CV_REQUESTER_WINDOW;
    if (self->options.window > CV_REQUESTER_WINDOW_MAX)
        self->options.window = CV_REQUESTER_WINDOW_MAX;
    if (!self->options.queue)
        self->options.queue = CV_REQUESTER_QUEUE;
    self->buckets_n = 64;
    while (self->buckets_n < self->options.queue / 2 && self->buckets_n < CV_REQUESTER_QUEUE)
        self->buckets_n *= 2;
    self->buckets = calloc(self->buckets_n, sizeof *self->buckets);
    self->reader = cv_reader_new();
    self->random = options->seed;
    self->next_ms = self->deadline_ms = INT64_MAX;
    self->blocked_ms = INT64_MIN;
    cv_str_t service = cv_str(options->service);
    int rc = cv_str_copy(service, self->service, sizeof self->service);
    self->options.service = self->service;
    cv_buf_t topic;
    cv_buf_init(&topic, sizeof self->topic - 1);
    cv_buf_printf(&topic, "request.%s|", self->service);
    if (rc == CV_OK)
        rc = topic.rc ? topic.rc : cv_str_copy(cv_buf_str(&topic), self->topic, sizeof self->topic);
    cv_buf_done(&topic);
    if (!self->buckets || !self->reader || rc != CV_OK)
        cv_requester_destroy(&self);
    return self;
}

void cv_requester_destroy(cv_requester_t **requester)
{
    cv_requester_t *self = *requester;
    if (!self)
        return;
    list_t *const lists[] = {&self->waiting, &self->flying};
    for (size_t i = 0; i < 2; i++)
        for (item_t *item = lists[i]->first, *next; item; item = next) {
            next = item->next;
            item_free(item);
        }
    free(self->buckets);
    cv_reader_destroy(&self->reader);
    free(self);
    *requester = NULL;
}

/* ---- inputs ------------------------------------------------------------------------------ */

static int put(cv_requester_t *self, int64_t now_ms, cv_str_t id, cv_str_t message, int64_t deadline_ms, bool earlier)
{
    uint8_t key[CV_UUID_LEN];
    int rc = cv_uuid_parse(id, key);
    if (rc != CV_OK)
        return rc;
    if (message.len > CV_MAX_REQUEST)
        return CV_ELIMIT;
    if (find(self, key))
        return CV_ECONFLICT;
    if (self->waiting.n + self->flying.n >= self->options.queue)
        return CV_EBUSY;
    item_t *item = calloc(1, sizeof *item + message.len);
    if (!item)
        return CV_ENOMEM;
    memcpy(item->key, key, sizeof key);
    memcpy(item->id, id.ptr, CV_UUID_TEXT);
    memcpy(item->bytes, message.ptr, message.len);
    item->len = message.len;
    item->earlier = earlier;
    item->submitted_ms = now_ms;
    item->deadline_ms = deadline_ms > 0 ? deadline_ms : INT64_MAX;
    item->not_before_ms = INT64_MIN;
    item_t **bucket = bucket_of(self, key);
    item->chain = *bucket;
    *bucket = item;
    list_append(&self->waiting, item);
    self->deadline_ms = sooner(self->deadline_ms, item->deadline_ms);
    self->next_ms = sooner(self->next_ms, sooner(self->deadline_ms, self->ready ? now_ms : INT64_MAX));
    self->stats.submitted++;
    return CV_OK;
}

int cv_requester_submit(cv_requester_t *self, int64_t now_ms, cv_str_t id, cv_str_t message, int64_t deadline_ms)
{
    return put(self, now_ms, id, message, deadline_ms, false);
}

int cv_requester_resume(cv_requester_t *self, int64_t now_ms, cv_str_t id, cv_str_t message, int64_t deadline_ms)
{
    return put(self, now_ms, id, message, deadline_ms, true);
}

void cv_requester_cancel(cv_requester_t *self, cv_str_t id)
{
    uint8_t key[CV_UUID_LEN];
    item_t *item = cv_uuid_parse(id, key) == CV_OK ? find(self, key) : NULL;
    if (!item)
        return;
    take_out(self, item);
    item_free(item);
}

/* Not an answer yet: the item is asked again, not before the service wants it. */
static void put_off(cv_requester_t *self, int64_t now_ms, item_t *item, const cv_outcome_v1_t *outcome)
{
    self->stats.deferred++;
    if (!item->flying)
        return;
    if (item->misses < 1)
        item->misses = 1;
    item->not_before_ms = now_ms + (outcome->has_retry_after_ms ? (int64_t)outcome->retry_after_ms : 0);
    item->due_ms = later(item->not_before_ms, now_ms + delay_ms(self, item->misses));
    self->next_ms = sooner(self->next_ms, item->due_ms);
}

/* Without memory for it the deadline says what was heard before, as if this outcome had been lost. */
static void keep_heard(item_t *item, cv_str_t message)
{
    char *copy = malloc(message.len);
    if (!copy)
        return;
    memcpy(copy, message.ptr, message.len);
    free(item->heard);
    item->heard = copy;
    item->heard_len = message.len;
}

/* Says nothing about any decision: try later. */
static bool is_later(cv_outcome_class_t cls)
{
    return cls == CV_OUTCOME_CLASS_BUSY || cls == CV_OUTCOME_CLASS_UNAVAILABLE;
}

/* The service does not remember NOTFOUND and INTERNAL: with more than one copy another may have been decided since, or
 * still be. None sent by us, and yet an answer: there was an earlier copy. */
static bool is_final(const item_t *item, cv_outcome_class_t cls)
{
    if (cls == CV_OUTCOME_CLASS_NOTFOUND || cls == CV_OUTCOME_CLASS_INTERNAL)
        return item->sends == 1 && !item->earlier;
    return !is_later(cls);
}

int cv_requester_outcome(cv_requester_t *self, int64_t now_ms, cv_str_t message)
{
    cv_msg_t msg;
    uint8_t key[CV_UUID_LEN];
    int rc = cv_msg_read(self->reader, message, &msg, NULL);
    if (rc != CV_OK)
        return rc;
    if (!msg.info || msg.info->number != CV_MSG_OUTCOME_V1)
        return CV_EINVAL;
    rc = cv_uuid_parse(msg.causationid.ptr ? msg.causationid : msg.id, key);
    if (rc != CV_OK)
        return rc;
    item_t *item = find(self, key);
    if (!item) {
        self->stats.strays++;
        return CV_ENOTFOUND;
    }
    cv_outcome_v1_t outcome = {0};
    rc = msg.info->decode(msg.data, &outcome, NULL);
    if (rc != CV_OK)
        return rc;
    if (!is_final(item, outcome.cls)) {
        keep_heard(item, message);
        put_off(self, now_ms, item, &outcome);
        return CV_OK;
    }
    self->stats.answered++;
    cv_answer_t answer = {.rc = CV_OK, .outcome = &outcome, .raw = message};
    finish(self, now_ms, item, &answer);
    return CV_OK;
}

/* What was on the way when the service left may have arrived or not: all of it goes out again at once, except what the
 * service itself put off. */
void cv_requester_ready(cv_requester_t *self, int64_t now_ms, bool ready)
{
    if (ready && !self->ready)
        for (item_t *item = self->flying.first; item; item = item->next) {
            item->misses = 0;
            item->due_ms = later(now_ms, item->not_before_ms);
        }
    self->ready = ready;
    self->next_ms = ready ? now_ms : self->deadline_ms;
}

/* ---- output ------------------------------------------------------------------------------ */

/* The last answer, if there was one, is more than a timeout can say. */
static void end_of_patience(cv_requester_t *self, int64_t now_ms, item_t *item)
{
    cv_msg_t msg;
    cv_outcome_v1_t outcome = {0};
    cv_answer_t answer = {.rc = CV_ETIMEOUT};
    cv_str_t raw = {item->heard, item->heard_len};
    if (raw.ptr && cv_msg_read(self->reader, raw, &msg, NULL) == CV_OK &&
        msg.info->decode(msg.data, &outcome, NULL) == CV_OK)
        answer = (cv_answer_t){.rc = is_later(outcome.cls) ? CV_ETIMEOUT : CV_OK, .outcome = &outcome, .raw = raw};
    *(answer.rc == CV_OK ? &self->stats.answered : &self->stats.timeouts) += 1;
    finish(self, now_ms, item, &answer);
}

/* Ends what has its deadline behind it; all: everything. */
static void end_those(cv_requester_t *self, int64_t now_ms, bool all)
{
    self->deadline_ms = INT64_MAX; /* done may submit, and so bring it forward, while we walk */
    list_t *const lists[] = {&self->flying, &self->waiting};
    for (size_t i = 0; i < 2; i++) {
        /* What done submits comes behind `last` and is looked at in the next tick. */
        const item_t *last = lists[i]->last;
        for (item_t *item = lists[i]->first, *next; item; item = next) {
            next = item == last ? NULL : item->next;
            if (item->deadline_ms > now_ms && !all) {
                self->deadline_ms = sooner(self->deadline_ms, item->deadline_ms);
                continue;
            }
            end_of_patience(self, now_ms, item);
        }
    }
}

void cv_requester_give_up(cv_requester_t *self, int64_t now_ms)
{
    end_those(self, now_ms, true);
}

/* False: the pipe is full. */
static bool send_one(cv_requester_t *self, int64_t now_ms, item_t *item)
{
    cv_str_t message = {(const char *)item->bytes, item->len};
    if (self->options.send(self->options.arg, cv_str(self->topic), message) != CV_OK) {
        self->stats.send_errors++;
        self->blocked_ms = now_ms + CV_REQUESTER_FULL_MS;
        return false;
    }
    if (item->sends++)
        self->stats.resent++;
    self->stats.sent++;
    item->misses++;
    item->due_ms = now_ms + delay_ms(self, item->misses);
    return true;
}

static void send_due(cv_requester_t *self, int64_t now_ms)
{
    if (!self->ready || now_ms < self->blocked_ms)
        return;
    for (item_t *item = self->flying.first; item; item = item->next)
        if (item->due_ms <= now_ms && !send_one(self, now_ms, item))
            return;
    while (self->waiting.first && self->flying.n < self->options.window) {
        item_t *item = self->waiting.first;
        if (!send_one(self, now_ms, item))
            return;
        list_remove(&self->waiting, item);
        item->flying = true;
        list_append(&self->flying, item);
    }
}

int64_t cv_requester_tick(cv_requester_t *self, int64_t now_ms)
{
    if (now_ms < self->next_ms)
        return self->next_ms;
    if (now_ms >= self->deadline_ms)
        end_those(self, now_ms, false);
    send_due(self, now_ms);
    int64_t next = self->deadline_ms;
    if (self->ready) {
        int64_t due = INT64_MAX;
        for (const item_t *item = self->flying.first; item; item = item->next)
            due = sooner(due, item->due_ms);
        if (self->waiting.first && self->flying.n < self->options.window)
            due = sooner(due, now_ms);
        next = sooner(next, due == INT64_MAX ? due : later(due, self->blocked_ms));
    }
    self->next_ms = next;
    return next;
}

bool cv_requester_is_ready(const cv_requester_t *self)
{
    return self->ready;
}

size_t cv_requester_pending(const cv_requester_t *self)
{
    return self->waiting.n + self->flying.n;
}

const cv_requester_stats_t *cv_requester_stats(const cv_requester_t *self)
{
    return &self->stats;
}
