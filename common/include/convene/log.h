/* log: one line per event on standard error, as JSON for machines or as text when a person looks.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   {"ts":"2025-02-26T09:00:00.000Z","level":"info","svc":"registration","event":"batch","records":5}
 *   09:00:00.000 info  registration batch records=5                                      (on a terminal)
 *
 *   cv_log(CV_LOG_INFO, "batch", cv_kv_int("records", 5), cv_kv_text("stream", name));
 *
 * Programs log, library code returns errors: only services, the runner and the command line call this. A failure is
 * logged once, where it is decided what happens next. No personal data: say ids, counts and codes. As a second line
 * of defence, values of the keys email, person, contact and phone, and values that contain '@', are withheld.
 * Lines are at most CV_LOG_LINE_MAX octets and leave in one write; safe from every thread after cv_log_start.
 */
#ifndef CONVENE_LOG_H
#define CONVENE_LOG_H

#include "convene/bytes.h"

#define CV_LOG_LINE_MAX 4096
#define CV_LOG_VALUE_MAX 512 /* octets of one text value; more is cut */
#define CV_LOG_SERVICE_MAX 32

typedef enum { CV_LOG_DEBUG, CV_LOG_INFO, CV_LOG_WARN, CV_LOG_ERROR, CV_LOG_NONE } cv_log_level_t;

typedef struct {
    const char *key;
    enum { CV_KV_NONE, CV_KV_INT, CV_KV_TEXT, CV_KV_BOOL } kind;
    int64_t number;
    cv_str_t text;
} cv_kv_t;

static inline cv_kv_t cv_kv_int(const char *key, int64_t value)
{
    return (cv_kv_t){.key = key, .kind = CV_KV_INT, .number = value};
}
static inline cv_kv_t cv_kv_bool(const char *key, bool value)
{
    return (cv_kv_t){.key = key, .kind = CV_KV_BOOL, .number = value};
}
static inline cv_kv_t cv_kv_str(const char *key, cv_str_t value)
{
    return (cv_kv_t){.key = key, .kind = CV_KV_TEXT, .text = value};
}
static inline cv_kv_t cv_kv_text(const char *key, const char *value)
{
    return (cv_kv_t){.key = key, .kind = CV_KV_TEXT, .text = cv_str(value)};
}
/* error=CV_EIO and the like. */
static inline cv_kv_t cv_kv_rc(int rc)
{
    return (cv_kv_t){.key = "error", .kind = CV_KV_TEXT, .text = cv_str(cv_error_name(rc))};
}

/* Once, before threads: who logs, and from which level on. Text or JSON is chosen by what standard error is. */
void cv_log_start(const char *service, cv_log_level_t level);
void cv_log_level_set(cv_log_level_t level);
cv_log_level_t cv_log_level(void);
/* "debug", "info", "warn", "error", "none". CV_EINVAL for anything else. */
int cv_log_level_parse(cv_str_t name, cv_log_level_t *ret_level) CV_USE_RESULT;

/* Once, before cv_log_start: standard output and error become DIRECTORY/SERVICE.log; at max_bytes it becomes .1 and a new
 * one begins, and of those before `keep` are kept. CV_EIO with a sentence. */
int cv_log_file(const char *directory, const char *service, int64_t max_bytes, int keep, char *ret_error,
                size_t error_size) CV_USE_RESULT;

/* Lines go to sink(arg, line, len) instead (always JSON, without the newline); NULL: back to standard error. */
typedef void (*cv_log_sink_t)(void *arg, const char *line, size_t len);
void cv_log_redirect(cv_log_sink_t sink, void *arg);

void cv_log_write(cv_log_level_t level, const char *event, const cv_kv_t *pairs, size_t pairs_n);

/* The first element only keeps the array from being empty. */
#define cv_log(level, event, ...)                                                                          \
    do {                                                                                                   \
        if ((level) >= cv_log_level()) {                                                                   \
            const cv_kv_t cv_log_pairs_[] = {{0}, ##__VA_ARGS__};                                          \
            cv_log_write((level), (event), cv_log_pairs_ + 1, sizeof cv_log_pairs_ / sizeof(cv_kv_t) - 1); \
        }                                                                                                  \
    } while (0)

#endif
