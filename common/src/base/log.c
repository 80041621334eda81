/* log: writes one event as one line, whatever is in its values.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A log line must not be forged by what a peer sent: control characters, quotes and octets that are not UTF-8 are
 * escaped or replaced, so a value can neither end the line nor add a key. A line that would be too long loses its
 * last pairs and says so with "cut":true.
 */
#include "convene/log.h"

#include "base/log_file.h"
#include "convene/ids.h"
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The only mutable state of the library that is not owned by a caller: where the log goes. */
static struct {
    char service[CV_LOG_SERVICE_MAX + 1];
    atomic_int level;
    bool for_people;
    cv_log_sink_t sink;
    void *arg;
} s_log = {.service = "convene", .level = CV_LOG_INFO};

static const char *const s_levels[] = {"debug", "info", "warn", "error", "none"};

void cv_log_start(const char *service, cv_log_level_t level)
{
    snprintf(s_log.service, sizeof s_log.service, "%s", service);
    s_log.for_people = isatty(STDERR_FILENO) == 1;
    cv_log_level_set(level);
}

void cv_log_level_set(cv_log_level_t level)
{
    atomic_store_explicit(&s_log.level, (int)level, memory_order_relaxed);
}

cv_log_level_t cv_log_level(void)
{
    return (cv_log_level_t)atomic_load_explicit(&s_log.level, memory_order_relaxed);
}

int cv_log_level_parse(cv_str_t name, cv_log_level_t *ret_level)
{
    for (int i = CV_LOG_DEBUG; i <= CV_LOG_NONE; i++) {
        if (cv_str_is(name, s_levels[i])) {
            *ret_level = (cv_log_level_t)i;
            return CV_OK;
        }
    }
    return CV_EINVAL;
}

void cv_log_redirect(cv_log_sink_t sink, void *arg)
{
    s_log.sink = sink;
    s_log.arg = arg;
}

/* ---- one line, bounded -------------------------------------------------------------------- */

typedef struct {
    char text[CV_LOG_LINE_MAX];
    size_t len, max;
    bool full;
} line_t;

static void s_put(line_t *line, const char *bytes, size_t len)
{
    if (line->full || len > line->max - line->len) {
        line->full = true;
        return;
    }
    memcpy(line->text + line->len, bytes, len);
    line->len += len;
}

static void s_puts(line_t *line, const char *text)
{
    s_put(line, text, strlen(text));
}

static void s_put_int(line_t *line, int64_t value)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%lld", (long long)value);
    s_put(line, digits, (size_t)len);
}

/* Octets of the well-formed UTF-8 sequence at text, 0 if there is none. */
static size_t s_utf8_len(const unsigned char *at, size_t left)
{
    unsigned char c = at[0];
    size_t need = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 0;
    if (!need || need > left)
        return 0;
    for (size_t i = 1; i < need; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    if ((c == 0xe0 && at[1] < 0xa0) || (c == 0xed && at[1] > 0x9f) || (c == 0xf0 && at[1] < 0x90) ||
        (c == 0xf4 && at[1] > 0x8f))
        return 0; /* overlong, surrogate, or over U+10FFFF */
    return need;
}

/* The inside of a JSON string. */
static void s_put_escaped(line_t *line, cv_str_t text)
{
    const unsigned char *at = (const unsigned char *)text.ptr;
    size_t left = text.len > CV_LOG_VALUE_MAX ? CV_LOG_VALUE_MAX : text.len;
    while (left) {
        size_t len = s_utf8_len(at, left);
        if (len == 0) {
            if (left < 4 && text.len > CV_LOG_VALUE_MAX)
                break; /* a sequence that the cut went through */
            s_puts(line, "\\ufffd");
            len = 1;
        } else if (*at == '"' || *at == '\\') {
            char escaped[2] = {'\\', (char)*at};
            s_put(line, escaped, 2);
        } else if (*at < 0x20 || *at == 0x7f) {
            char escaped[8];
            snprintf(escaped, sizeof escaped, "\\u%04x", *at);
            s_put(line, escaped, 6);
        } else {
            s_put(line, (const char *)at, len);
        }
        at += len;
        left -= len;
    }
    if (text.len > CV_LOG_VALUE_MAX)
        s_puts(line, "...");
}

static bool s_personal(const cv_kv_t *pair)
{
    static const char *const keys[] = {"email", "person", "persons", "contact", "phone"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strcmp(pair->key, keys[i]) == 0)
            return true;
    return pair->text.len && memchr(pair->text.ptr, '@', pair->text.len);
}

/* Texts with nothing to escape go without quotes to people. */
static bool s_plain(cv_str_t text)
{
    if (!text.len || text.len > CV_LOG_VALUE_MAX)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c <= ' ' || c == '"' || c == '\\' || c == '=' || c >= 0x7f)
            return false;
    }
    return true;
}

static void s_put_value(line_t *line, const cv_kv_t *pair, bool quoted)
{
    switch (pair->kind) {
    case CV_KV_INT:
        s_put_int(line, pair->number);
        return;
    case CV_KV_BOOL:
        s_puts(line, pair->number ? "true" : "false");
        return;
    case CV_KV_TEXT: {
        cv_str_t text = s_personal(pair) ? CV_STR("(withheld)") : pair->text;
        if (!text.ptr) {
            s_puts(line, "null");
        } else if (!quoted && s_plain(text)) {
            s_put(line, text.ptr, text.len);
        } else {
            s_puts(line, "\"");
            s_put_escaped(line, text);
            s_puts(line, "\"");
        }
        return;
    }
    case CV_KV_NONE:
    default:
        s_puts(line, "null");
    }
}

#define TAIL_ROOM 32 /* for "cut", the closing brace and the newline */

static void s_line(line_t *line, bool json, cv_log_level_t level, const char *event, const cv_kv_t *pairs,
                   size_t pairs_n)
{
    char time[CV_TIME_TEXT + 1];
    cv_time_text(cv_clock_wall_ms(), time);
    line->len = 0;
    line->full = false;
    line->max = sizeof line->text - TAIL_ROOM;
    if (json) {
        s_puts(line, "{\"ts\":\"");
        s_puts(line, time);
        s_puts(line, "\",\"level\":\"");
        s_puts(line, s_levels[level]);
        s_puts(line, "\",\"svc\":\"");
        s_put_escaped(line, cv_str(s_log.service));
        s_puts(line, "\",\"event\":\"");
        s_put_escaped(line, cv_str(event));
        s_puts(line, "\"");
    } else {
        s_put(line, time + 11, 12);
        s_puts(line, " ");
        s_puts(line, s_levels[level]);
        s_puts(line, strlen(s_levels[level]) == 4 ? "  " : " ");
        s_puts(line, s_log.service);
        s_puts(line, " ");
        s_puts(line, event);
    }
    for (size_t i = 0; i < pairs_n && !line->full; i++) {
        size_t before = line->len;
        if (json) {
            s_puts(line, ",\"");
            s_put_escaped(line, cv_str(pairs[i].key));
            s_puts(line, "\":");
        } else {
            s_puts(line, " ");
            s_puts(line, pairs[i].key);
            s_puts(line, "=");
        }
        s_put_value(line, &pairs[i], json);
        if (line->full)
            line->len = before;
    }
    line->max = sizeof line->text;
    bool cut = line->full;
    line->full = false;
    if (cut)
        s_puts(line, json ? ",\"cut\":true" : " (cut)");
    if (json)
        s_puts(line, "}");
}

void cv_log_write(cv_log_level_t level, const char *event, const cv_kv_t *pairs, size_t pairs_n)
{
    if (level < cv_log_level() || level >= CV_LOG_NONE)
        return;
    line_t line;
    s_line(&line, s_log.sink || !s_log.for_people, level, event, pairs, pairs_n);
    if (s_log.sink) {
        s_log.sink(s_log.arg, line.text, line.len);
        return;
    }
    s_puts(&line, "\n");
    /* Nobody can be told that the log cannot be written; the service goes on. */
    ssize_t written = write(STDERR_FILENO, line.text, line.len);
    (void)written;
    cv_log_file_look();
}
