/* error: names, texts and wire classes out of the one list in error.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "convene/error.h"

const char *cv_error_name(int rc)
{
    switch (rc) {
    case CV_OK:
        return "CV_OK";
#define XX(name, number, wire, http, text) \
    case number:                           \
        return #name;
        CV_ERROR_MAP(XX)
#undef XX
    default:
        return "CV_E?";
    }
}

const char *cv_error_text(int rc)
{
    switch (rc) {
    case CV_OK:
        return "all is well";
#define XX(name, number, wire, http, text) \
    case number:                           \
        return text;
        CV_ERROR_MAP(XX)
#undef XX
    default:
        return "an error with an unknown number";
    }
}

/* A number that is not ours is a mistake of ours: INTERNAL, so that nobody takes it for a decision. */
const char *cv_error_wire(int rc)
{
    switch (rc) {
    case CV_OK:
        return "OK";
#define XX(name, number, wire, http, text) \
    case number:                           \
        return wire;
        CV_ERROR_MAP(XX)
#undef XX
    default:
        return "INTERNAL";
    }
}

int cv_error_http(int rc)
{
    switch (rc) {
    case CV_OK:
        return 200;
#define XX(name, number, wire, http, text) \
    case number:                           \
        return http;
        CV_ERROR_MAP(XX)
#undef XX
    default:
        return 500;
    }
}
