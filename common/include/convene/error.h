/* error: one list of error codes, from which names, texts and wire classes are made.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every function that can fail returns `int rc`: 0 (CV_OK) or a negative CV_E*. Four kinds decide what happens next:
 *   the caller's fault    EINVAL EDENIED ENOTFOUND ECONFLICT EEXPIRED EMALFORMED ELIMIT   answer, count, go on
 *   a business no         EREJECTED                                                     a decision: remembered
 *   try again later       EBUSY EUNAVAIL EFULL EAGAIN ETIMEOUT                            nothing was changed
 *   fatal                 EIO ECORRUPT EINTERNAL ENOMEM                                   log, leave; the truth is on
 *                                                                                         disk
 */
#ifndef CONVENE_ERROR_H
#define CONVENE_ERROR_H

/* name, number, wire class, HTTP status, text */
#define CV_ERROR_MAP(XX)                                                                        \
    XX(CV_EINVAL, -1, "INVALID", 400, "the input does not fit its description")                 \
    XX(CV_EDENIED, -2, "DENIED", 403, "the caller's role does not allow this")                  \
    XX(CV_ENOTFOUND, -3, "NOTFOUND", 404, "no such thing")                                      \
    XX(CV_ECONFLICT, -4, "CONFLICT", 409, "this id was used before for other content")          \
    XX(CV_EEXPIRED, -5, "EXPIRED", 408, "the request expired before it was decided")            \
    XX(CV_EREJECTED, -6, "REJECTED", 409, "a rule says no")                                     \
    XX(CV_EBUSY, -7, "BUSY", 429, "too much at once, try again later")                          \
    XX(CV_EUNAVAIL, -8, "UNAVAILABLE", 503, "cannot be served now, try again later")            \
    XX(CV_EINTERNAL, -9, "INTERNAL", 500, "an error of our own")                                \
    XX(CV_EMALFORMED, -10, "INVALID", 400, "the bytes are not a well-formed message")           \
    XX(CV_ELIMIT, -11, "INVALID", 413, "larger than its maximum")                               \
    XX(CV_EFULL, -12, "UNAVAILABLE", 507, "the disk is full")                                   \
    XX(CV_EIO, -13, "INTERNAL", 500, "the disk failed")                                         \
    XX(CV_ECORRUPT, -14, "INTERNAL", 500, "the database is damaged")                            \
    XX(CV_ENOMEM, -15, "INTERNAL", 500, "out of memory")                                        \
    XX(CV_EAGAIN, -16, "BUSY", 503, "nothing there yet")                                        \
    XX(CV_ETIMEOUT, -17, "UNAVAILABLE", 504, "no answer in time")                               \
    XX(CV_ELOCKED, -18, "UNAVAILABLE", 423, "another process owns this")                        \
    XX(CV_EVERSION, -19, "UNAVAILABLE", 500, "made by a newer version")                         \
    XX(CV_EEPOCH, -20, "CONFLICT", 409, "the stream has a new history (epoch)")                 \
    XX(CV_EPRUNED, -21, "NOTFOUND", 410, "records this old are no longer kept")                 \
    XX(CV_EDIVERGED, -22, "CONFLICT", 409, "the stream's past is not the one followed so far")  \
    XX(CV_EAHEAD, -23, "CONFLICT", 409, "the follower has seen more than the stream now holds") \
    XX(CV_EUNKNOWN, -24, "INVALID", 400, "unknown message type")

enum {
    CV_OK = 0,
#define XX(name, number, wire, http, text) name = number,
    CV_ERROR_MAP(XX)
#undef XX
};

/* A result that must not be dropped on the floor. */
#define CV_USE_RESULT __attribute__((warn_unused_result))

/* "CV_EINVAL"; "CV_OK" for 0; "CV_E?" for a number that is not ours. Static strings, never NULL. */
const char *cv_error_name(int rc);
/* A sentence for people. Static, never NULL. */
const char *cv_error_text(int rc);
/* The outcome class on the wire ("OK", "INVALID", ...). Static, never NULL. */
const char *cv_error_wire(int rc);
/* The HTTP status with the same meaning (200 for CV_OK). */
int cv_error_http(int rc);

#endif
