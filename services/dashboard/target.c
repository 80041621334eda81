/* target: see target.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/target.h"

#include <string.h>
#include <strings.h>

enum { OK = 200, BAD = 400, METHOD = 405, TOO_LONG = 414 };

static int s_refuse(int status, const char *why, const char **ret_why)
{
    *ret_why = why;
    return status;
}

static bool s_is_host(const char *host)
{
    size_t len = strlen(host), i = 0;
    if (!len || len > DASH_HOST_MAX)
        return false;
    bool bracket = host[0] == '[';
    for (i = bracket;
         i < len && (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_", host[i]) ||
                     (bracket && host[i] == ':'));)
        i++;
    if (i == (size_t)bracket || (bracket && (i == len || host[i++] != ']')))
        return false;
    if (i < len && host[i++] != ':')
        return false;
    size_t digits = strspn(host + i, "0123456789");
    return i + digits == len && digits <= 5;
}

static int s_headers(const dash_header_t *headers, size_t n, const char **ret_why)
{
    size_t hosts = 0, lengths = 0;
    if (n > DASH_HEADERS_MAX)
        return s_refuse(BAD, "too many headers", ret_why);
    for (size_t i = 0; i < n; i++) {
        if (strcasecmp(headers[i].name, "Host") == 0) {
            hosts++;
            if (!s_is_host(headers[i].value))
                return s_refuse(BAD, "Host is not a host with a port", ret_why);
        } else if (strcasecmp(headers[i].name, "Transfer-Encoding") == 0) {
            return s_refuse(BAD, "a request here has no body", ret_why);
        } else if (strcasecmp(headers[i].name, "Content-Length") == 0) {
            lengths++;
            if (strcmp(headers[i].value, "0") != 0)
                return s_refuse(BAD, "a request here has no body", ret_why);
        }
    }
    if (hosts != 1 || lengths > 1)
        return s_refuse(BAD, hosts != 1 ? "exactly one Host is needed" : "Content-Length stands there twice", ret_why);
    return OK;
}

static int s_hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decodes [from, to) into *at, which moves behind the NUL. Once: what is an escape after it stays one. */
static bool s_decode(const char *from, const char *to, bool plus, char **at, const char **ret_text)
{
    char *start = *at, *out = start;
    for (; from < to; from++) {
        int c = (unsigned char)*from;
        if (c == '%') {
            int high = to - from > 2 ? s_hex(from[1]) : -1, low = high >= 0 ? s_hex(from[2]) : -1;
            if (low < 0)
                return false;
            c = high * 16 + low;
            from += 2;
        } else if (plus && c == '+') {
            c = ' ';
        }
        if (c < 0x20 || c == 0x7f || c == '\\')
            return false;
        *out++ = (char)c;
    }
    *out++ = '\0';
    *at = out;
    *ret_text = start;
    return true;
}

static bool s_is_path(const char *path)
{
    for (const char *segment = path; segment; segment = strchr(segment + 1, '/')) {
        size_t len = strcspn(segment + 1, "/");
        bool last = segment[1 + len] == '\0';
        if ((len == 0 && !(last && segment == path)) || (len == 1 && segment[1] == '.') ||
            (len == 2 && segment[1] == '.' && segment[2] == '.'))
            return false;
    }
    return true;
}

static bool s_query(const char *query, dash_target_t *target, char **at)
{
    while (*query && target->parameters_n < DASH_PARAMETERS_MAX) {
        size_t len = strcspn(query, "&");
        const char *end = query + len, *sign = memchr(query, '=', len);
        size_t n = target->parameters_n;
        if (!s_decode(query, sign ? sign : end, true, at, &target->parameters[n].name) ||
            !s_decode(sign ? sign + 1 : end, end, true, at, &target->parameters[n].value))
            return false;
        target->parameters_n++;
        query = *end ? end + 1 : end;
    }
    return true;
}

int dash_target_check(const char *method, const char *target, const dash_header_t *headers, size_t headers_n,
                      dash_target_t *ret_target, const char **ret_why)
{
    *ret_why = "";
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return s_refuse(METHOD, "only GET and HEAD", ret_why);
    int status = s_headers(headers, headers_n, ret_why);
    if (status != OK)
        return status;
    size_t len = target ? strlen(target) : 0;
    if (!len || target[0] != '/')
        return s_refuse(BAD, "the target does not begin with /", ret_why);
    if (len > DASH_TARGET_MAX)
        return s_refuse(TOO_LONG, "the target is too long", ret_why);
    for (const char *c = target; *c; c++)
        if (*c <= 0x20 || *c >= 0x7f || *c == '#')
            return s_refuse(BAD, "the target has characters that must be escaped", ret_why);
    const char *query = strchr(target, '?'), *end = query ? query : target + len;
    char *at = ret_target->text;
    ret_target->parameters_n = 0;
    if (!s_decode(target, end, false, &at, &ret_target->path) || !s_is_path(ret_target->path))
        return s_refuse(BAD, "the path is not plain", ret_why);
    if (query && !s_query(query + 1, ret_target, &at))
        return s_refuse(BAD, "the query is not plain", ret_why);
    return OK;
}

const char *dash_target_parameter(const dash_target_t *target, const char *name)
{
    for (size_t i = 0; i < target->parameters_n; i++)
        if (strcmp(target->parameters[i].name, name) == 0)
            return target->parameters[i].value;
    return "";
}
