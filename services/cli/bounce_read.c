/* bounce_read: see bounce_read.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bounce_read.h"

#include "convene/error.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { BOUNDARY_MAX = 70, VALUE_MAX = 1000, WORD_MAX = 80 };

__attribute__((format(printf, 2, 3))) static int bad(char *error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(error, BOUNCE_ERROR_MAX, format, args);
    va_end(args);
    return CV_EMALFORMED;
}

/* ---- lines and fields ------------------------------------------------------------------------- */

/* The next line without its end; false: there is none. */
static bool next_line(cv_str_t *rest, cv_str_t *ret_line)
{
    if (rest->len == 0)
        return false;
    const char *feed = memchr(rest->ptr, '\n', rest->len);
    size_t len = feed ? (size_t)(feed - rest->ptr) : rest->len, gone = feed ? len + 1 : len;
    *ret_line = (cv_str_t){rest->ptr, len > 0 && rest->ptr[len - 1] == '\r' ? len - 1 : len};
    *rest = (cv_str_t){rest->ptr + gone, rest->len - gone};
    return true;
}

/* Takes the lines up to the next empty one, which is taken too. */
static int take_header(cv_str_t *rest, cv_str_t *ret_header, char *error)
{
    cv_str_t line, header = {rest->ptr, 0};
    int lines = 0;
    while (next_line(rest, &line) && line.len > 0) {
        if (line.len > BOUNCE_LINE_MAX || ++lines > BOUNCE_FIELDS_MAX)
            return bad(error, "a header has more than %d lines, or one longer than %d octets", BOUNCE_FIELDS_MAX,
                       BOUNCE_LINE_MAX);
        header.len = (size_t)(line.ptr - header.ptr) + line.len;
    }
    *ret_header = header;
    return CV_OK;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

static cv_str_t trimmed(cv_str_t text)
{
    while (text.len > 0 && is_space(text.ptr[0]))
        text = (cv_str_t){text.ptr + 1, text.len - 1};
    while (text.len > 0 && is_space(text.ptr[text.len - 1]))
        text.len--;
    return text;
}

/* Whether the line begins the field; *ret_value: what stands behind the colon. */
static bool is_field(cv_str_t line, const char *name, cv_str_t *ret_value)
{
    size_t len = strlen(name);
    if (line.len < len || strncasecmp(line.ptr, name, len) != 0)
        return false;
    cv_str_t behind = {line.ptr + len, line.len - len};
    while (behind.len > 0 && is_space(behind.ptr[0]))
        behind = (cv_str_t){behind.ptr + 1, behind.len - 1};
    if (behind.len == 0 || behind.ptr[0] != ':')
        return false;
    *ret_value = (cv_str_t){behind.ptr + 1, behind.len - 1};
    return true;
}

/* The value of a field, its lines put together, or "" if there is none. */
static int field(cv_str_t header, const char *name, char ret_value[VALUE_MAX + 1], char *error)
{
    cv_str_t line, part;
    size_t len = 0;
    int found = 0;
    bool inside = false;
    while (next_line(&header, &line)) {
        bool goes_on = line.len > 0 && is_space(line.ptr[0]);
        if (!goes_on)
            inside = is_field(line, name, &part);
        else
            part = line;
        if (!inside)
            continue;
        found += !goes_on;
        part = trimmed(part);
        if (len + part.len + 1 > VALUE_MAX)
            return bad(error, "its %s is longer than %d octets", name, VALUE_MAX);
        if (len > 0)
            ret_value[len++] = ' ';
        memcpy(ret_value + len, part.ptr, part.len);
        len += part.len;
    }
    ret_value[len] = '\0';
    if (memchr(ret_value, '\0', len))
        return bad(error, "its %s holds an octet 0", name);
    return found > 1 ? bad(error, "it has %d fields %s, and one of them would have to be chosen", found, name) : CV_OK;
}

/* The first word, in lower case: "multipart/report; ..." gives "multipart/report". Longer ones are cut. */
static void first_word(const char *value, char ret_word[WORD_MAX + 1])
{
    size_t len = 0;
    while (len < WORD_MAX && value[len] && !strchr(" \t;(", value[len])) {
        ret_word[len] = (char)tolower((unsigned char)value[len]);
        len++;
    }
    ret_word[len] = '\0';
}

/* What a parameter of a Content-Type is, quoted or not. false: there is none, or it is longer than size - 1. */
static bool parameter(const char *value, const char *name, char *ret_text, size_t size)
{
    size_t name_len = strlen(name);
    const char *at = strchr(value, ';');
    while (at) {
        at += 1 + strspn(at + 1, " \t");
        bool is_it = strncasecmp(at, name, name_len) == 0 && at[name_len] == '=';
        size_t len = 0;
        at += strcspn(at, "=;");
        if (*at == '=' && at[1] == '"') {
            for (at += 2; *at && *at != '"'; at++) {
                at += *at == '\\' && at[1];
                if (is_it && len + 1 < size)
                    ret_text[len] = *at;
                len++;
            }
        } else if (*at == '=') {
            for (at++; *at && !strchr("; \t", *at); at++) {
                if (is_it && len + 1 < size)
                    ret_text[len] = *at;
                len++;
            }
        }
        if (is_it) {
            ret_text[len < size ? len : 0] = '\0';
            return len > 0 && len < size;
        }
        at = strchr(at, ';');
    }
    return false;
}

/* ---- the report ------------------------------------------------------------------------------- */

typedef enum { NOTHING_YET, GOOD_NEWS, LATE, FAILED, BAD_ADDRESS } fate_t;

/* "5.1.1 (unknown)" gives "5.1.1"; "": it is no such number. */
static void status_of(const char *value, char ret_status[BOUNCE_STATUS_MAX + 1])
{
    size_t len = strspn(value, "0123456789."), dots = 0, digits = 0;
    bool good = len >= 5 && len <= BOUNCE_STATUS_MAX && strchr("245", value[0]) && value[1] == '.';
    for (size_t i = 0; good && i < len; i++) {
        digits = value[i] == '.' ? 0 : digits + 1;
        dots += value[i] == '.';
        bool is_needless = digits == 2 && value[i - 1] == '0';
        good = digits <= 3 && !is_needless && (value[i] != '.' || (i + 1 < len && value[i + 1] != '.'));
    }
    good = good && dots == 2;
    memcpy(ret_status, value, good ? len : 0);
    ret_status[good ? len : 0] = '\0';
}

/* 5.1.x says that the address of the recipient is bad, but 5.1.7 and 5.1.8, which are about the sender's; 5.2.1 that the
 * mailbox is closed. */
static bool is_address_fault(const char *status)
{
    static const char *const faults[] = {"5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.1.6", "5.1.10", "5.2.1"};
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        if (strcmp(status, faults[i]) == 0)
            return true;
    }
    return false;
}

static fate_t fate_of(const char *action, const char *status)
{
    if (strcmp(action, "failed") == 0)
        return is_address_fault(status) ? BAD_ADDRESS : FAILED;
    if (strcmp(action, "delayed") == 0)
        return LATE;
    bool good = strcmp(action, "delivered") == 0 || strcmp(action, "relayed") == 0 || strcmp(action, "expanded") == 0;
    return good ? GOOD_NEWS : NOTHING_YET;
}

/* The fields of each recipient stand in a block of their own, behind those of the message. */
static int read_status(cv_str_t body, bounce_t *bounce, char *error)
{
    static const cv_bounce_kind_t kinds[] = {
        [LATE] = CV_BOUNCE_KIND_SOFT, [FAILED] = CV_BOUNCE_KIND_FAILED, [BAD_ADDRESS] = CV_BOUNCE_KIND_HARD};
    fate_t worst = NOTHING_YET;
    for (int blocks = 0; body.len > 0; blocks++) {
        char value[VALUE_MAX + 1], action[WORD_MAX + 1], status[BOUNCE_STATUS_MAX + 1];
        cv_str_t header;
        if (blocks > BOUNCE_RECIPIENTS_MAX)
            return bad(error, "it is about more than %d recipients", BOUNCE_RECIPIENTS_MAX);
        int rc = take_header(&body, &header, error);
        if (!rc)
            rc = field(header, "Action", value, error);
        if (rc)
            return rc;
        first_word(value, action);
        rc = field(header, "Status", value, error);
        if (rc)
            return rc;
        status_of(value, status);
        fate_t fate = fate_of(action, status);
        if (fate > worst) {
            worst = fate;
            memcpy(bounce->status, status, sizeof bounce->status);
        }
    }
    if (worst == NOTHING_YET)
        return bad(error, "its delivery status has no Action that is failed, delayed, delivered, relayed or expanded");
    bounce->what = worst == GOOD_NEWS ? CV_BOUNCE_KIND_ABSENT : kinds[worst];
    return CV_OK;
}

static int read_feedback(cv_str_t body, bounce_t *bounce, char *error)
{
    static const char *const complaints[] = {"abuse", "fraud", "virus", "opt-out", "other"};
    char value[VALUE_MAX + 1], word[WORD_MAX + 1];
    cv_str_t header;
    int rc = take_header(&body, &header, error);
    if (!rc)
        rc = field(header, "Feedback-Type", value, error);
    if (rc)
        return rc;
    first_word(value, word);
    for (size_t i = 0; i < sizeof complaints / sizeof *complaints; i++) {
        if (strcmp(word, complaints[i]) == 0)
            bounce->what = CV_BOUNCE_KIND_COMPLAINT;
    }
    if (bounce->what || strcmp(word, "not-spam") == 0)
        return CV_OK;
    return bad(error, "its Feedback-Type is no complaint of whoever got a message");
}

/* "<registration.events.0123.42.KZ@convene.example>": what stands before the @. */
static int read_message(cv_str_t body, bounce_t *bounce, char *error)
{
    char value[VALUE_MAX + 1];
    cv_str_t header;
    int rc = take_header(&body, &header, error);
    if (!rc)
        rc = field(header, "Message-ID", value, error);
    if (rc)
        return rc;
    size_t len = value[0] == '<' ? strcspn(value + 1, "@") : 0;
    bool usable = len > 0 && len <= BOUNCE_NOTICE_MAX && value[1 + len] == '@' && isalnum((unsigned char)value[1]);
    for (size_t i = 1; usable && i <= len; i++)
        usable = isalnum((unsigned char)value[i]) || strchr("._-", value[i]);
    if (!usable)
        return bad(error, "the message that it returns has no Message-ID of ours");
    memcpy(bounce->notice, value + 1, len);
    bounce->notice[len] = '\0';
    return CV_OK;
}

/* ---- the mail --------------------------------------------------------------------------------- */

static bool is_one_of(const char *word, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(word, list[i]) == 0)
            return true;
    }
    return false;
}

typedef struct {
    bool has_report, has_message;
} seen_t;

static int read_part(cv_str_t part, bounce_t *bounce, seen_t *seen, char *error)
{
    static const char *const returned[] = {"message/rfc822", "text/rfc822-headers", "message/rfc822-headers",
                                           "message/global", "message/global-headers"};
    char value[VALUE_MAX + 1], type[WORD_MAX + 1], encoding[WORD_MAX + 1];
    cv_str_t header;
    int rc = take_header(&part, &header, error);
    if (!rc)
        rc = field(header, "Content-Type", value, error);
    if (rc)
        return rc;
    first_word(value, type);
    bool is_status =
        strcmp(type, "message/delivery-status") == 0 || strcmp(type, "message/global-delivery-status") == 0;
    bool is_feedback = strcmp(type, "message/feedback-report") == 0;
    bool is_returned = is_one_of(type, returned, sizeof returned / sizeof *returned);
    if (!is_status && !is_feedback && !is_returned)
        return CV_OK;
    rc = field(header, "Content-Transfer-Encoding", value, error);
    if (rc)
        return rc;
    first_word(value, encoding);
    if (encoding[0] && strcmp(encoding, "7bit") != 0 && strcmp(encoding, "8bit") != 0 &&
        strcmp(encoding, "binary") != 0)
        return bad(error, "its part %s is encoded, which is not allowed for it (RFC 2046, 5.2)", type);
    if (is_returned ? seen->has_message : seen->has_report)
        return bad(error, "it has two parts %s, and one of them would have to be chosen", type);
    if (is_returned)
        seen->has_message = true;
    else
        seen->has_report = true;
    return is_status     ? read_status(part, bounce, error)
           : is_feedback ? read_feedback(part, bounce, error)
                         : read_message(part, bounce, error);
}

/* Whether a line parts; *ret_last: and is the last that does. */
static bool is_boundary(cv_str_t line, const char *boundary, bool *ret_last)
{
    size_t len = strlen(boundary);
    if (line.len < len + 2 || line.ptr[0] != '-' || line.ptr[1] != '-' || memcmp(line.ptr + 2, boundary, len) != 0)
        return false;
    cv_str_t behind = {line.ptr + 2 + len, line.len - 2 - len};
    *ret_last = behind.len >= 2 && behind.ptr[0] == '-' && behind.ptr[1] == '-';
    if (*ret_last)
        behind = (cv_str_t){behind.ptr + 2, behind.len - 2};
    return trimmed(behind).len == 0;
}

static int read_parts(cv_str_t body, const char *boundary, bounce_t *bounce, char *error)
{
    cv_str_t line, part = {NULL, 0};
    seen_t seen = {false, false};
    int parts = 0;
    bool is_last = false;
    while (!is_last && next_line(&body, &line)) {
        if (!is_boundary(line, boundary, &is_last))
            continue;
        if (part.ptr) { /* the end of the line before belongs to the boundary */
            part.len = (size_t)(line.ptr - part.ptr);
            int rc = read_part(part, bounce, &seen, error);
            if (rc)
                return rc;
        }
        if (++parts > BOUNCE_PARTS_MAX)
            return bad(error, "it has more than %d parts", BOUNCE_PARTS_MAX);
        part.ptr = body.len ? body.ptr : NULL;
    }
    if (!is_last)
        return bad(error, "it ends in the middle: its last boundary is missing");
    if (!seen.has_report)
        return bad(error,
                   "it has no part that says what came back (message/delivery-status or message/feedback-report)");
    return seen.has_message ? CV_OK : bad(error, "it does not say which message came back: no part has its header");
}

int bounce_read(cv_str_t mail, bounce_t *ret_bounce, char ret_error[BOUNCE_ERROR_MAX])
{
    char value[VALUE_MAX + 1], type[WORD_MAX + 1], boundary[BOUNDARY_MAX + 1];
    bounce_t bounce = {.what = CV_BOUNCE_KIND_ABSENT};
    cv_str_t header;
    if (mail.len > BOUNCE_MAX)
        return bad(ret_error, "it is larger than %d MiB", BOUNCE_MAX / 1024 / 1024);
    if (mail.len >= 5 && memcmp(mail.ptr, "From ", 5) == 0) { /* as it stands in a file of mails, or at a pipe */
        cv_str_t line;
        (void)next_line(&mail, &line);
    }
    int rc = take_header(&mail, &header, ret_error);
    if (!rc)
        rc = field(header, "Date", value, ret_error);
    if (rc)
        return rc;
    if (strlen(value) < sizeof bounce.date)
        memcpy(bounce.date, value, strlen(value) + 1);
    rc = field(header, "Content-Type", value, ret_error);
    if (rc)
        return rc;
    first_word(value, type);
    if (strcmp(type, "multipart/report") != 0)
        return bad(ret_error, "it is no report of a mail server: its Content-Type is not multipart/report");
    if (!parameter(value, "boundary", boundary, sizeof boundary))
        return bad(ret_error, "its Content-Type has no boundary of 1 to %d characters", BOUNDARY_MAX);
    rc = read_parts(mail, boundary, &bounce, ret_error);
    if (!rc)
        *ret_bounce = bounce;
    return rc;
}
