/* target: checks of a request that the HTTP library leaves out, and what it asks for.
 * SPDX-License-Identifier: Apache-2.0
 *
 * evhttp answers requests that other programs on the way may read differently: with two Host headers, two lengths, a
 * body on a GET, %00 in a path. Everything such is refused here before a route is looked for. Pure, so it is fuzzed as
 * it is (tests/fuzz/fuzz_target.c).
 *
 *   header    more than DASH_HEADERS_MAX, not exactly one Host, a Host that is no host[:port]      400
 *             Transfer-Encoding, or a Content-Length other than one "0"                            400
 *   octets    a NUL anywhere (http.c)                                                             400
 *   target    not beginning with '/', longer than DASH_TARGET_MAX, not printable ASCII, a fragment 400
 *             a broken escape; decoded: a control character, '\', an empty segment, "." or ".."     400
 *   method    not GET or HEAD                                                                      405
 */
#ifndef DASHBOARD_TARGET_H
#define DASHBOARD_TARGET_H

#include "convene/bytes.h"

enum {
    DASH_TARGET_MAX = 1024,  /* octets of path and query as they came */
    DASH_HEADERS_MAX = 64,   /* count */
    DASH_HOST_MAX = 255,     /* octets */
    DASH_PARAMETERS_MAX = 8, /* of a query, count; more are not looked at */
};

typedef struct {
    const char *name, *value;
} dash_header_t;

typedef struct {
    char text[DASH_TARGET_MAX + 2 +
              2 * DASH_PARAMETERS_MAX]; /* what the others point into: decoded, each with its NUL */
    const char *path;                   /* decoded: "/event/2025-SOC-2" */
    struct {
        const char *name, *value; /* decoded */
    } parameters[DASH_PARAMETERS_MAX];
    size_t parameters_n;
} dash_target_t;

/* The HTTP status: 200 with *ret_target filled in, or that of the refusal with *ret_why. */
int dash_target_check(const char *method, const char *target, const dash_header_t *headers, size_t headers_n,
                      dash_target_t *ret_target, const char **ret_why);
/* "" where it is not there. */
const char *dash_target_parameter(const dash_target_t *target, const char *name);

#endif
