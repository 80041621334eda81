/* mail: one notice as the bytes of an Internet message (RFC 5322, RFC 2045, RFC 2047).
 * SPDX-License-Identifier: Apache-2.0
 *
 * With HTML or a calendar part the message is multipart/alternative (RFC 2046), plainest first. The boundary is made from
 * the id, and is another one if it stands in a part.
 *
 * A file is UTF-8 as it stands (8bit). What goes to a mail server is ASCII throughout, because a server need not take
 * anything else (RFC 6152 is an extension): a part with other characters is base64, which also keeps a calendar's octets.
 *
 * The same input gives the same bytes, always: the date is the instant that the notice tells of and the Message-ID is
 * made from the notice's id, so that a message written twice replaces itself. No input can add a header or a line:
 * addresses are checked against the narrow set that every mail system takes, and a name, an id or a subject with a
 * control character is refused, not repaired.
 */
#ifndef NOTIFICATIONS_MAIL_H
#define NOTIFICATIONS_MAIL_H

#include "convene/bytes.h"

enum {
    NTF_ADDRESS_MAX = 254,     /* octets (RFC 5321 4.5.3.1.3, without the angle brackets) */
    NTF_NAME_MAX = 200,        /* octets of a display name */
    NTF_SUBJECT_MAX = 600,     /* octets before encoding */
    NTF_MAIL_ID_MAX = 120,     /* octets of a notice's id */
    NTF_MAIL_LINE_MAX = 900,   /* octets of a body line before it is broken; RFC 5322 allows 998 */
    NTF_MAIL_MAX = 512 * 1024, /* one whole message */
};

typedef struct {
    cv_str_t calendar, method; /* as those of ntf_mail_t */
} ntf_attached_t;

typedef struct {
    cv_str_t id;       /* left part of the Message-ID, [A-Za-z0-9._-]: no dot first or last, no two in a row */
    cv_str_t domain;   /* its right part, and the sender's */
    cv_str_t from;     /* the sender; absent or empty: convene@domain */
    cv_str_t reply_to; /* absent or empty: no such field */
    int64_t time_ms;   /* the Date */
    cv_str_t to_name;  /* absent: the address alone */
    cv_str_t to_address;
    cv_str_t language;              /* its tag, "uz-Cyrl": Content-Language */
    cv_str_t subject;               /* UTF-8, one line */
    cv_str_t body;                  /* UTF-8, lines end with \n */
    cv_str_t html;                  /* the same as HTML; absent: the text alone */
    cv_str_t calendar;              /* the same as iCalendar (RFC 6047), lines end with \r\n; absent: none */
    cv_str_t method;                /* of calendar: "REQUEST" */
    bool is_7bit;                   /* ASCII throughout */
    const ntf_attached_t *attached; /* more calendars, each by itself: multipart/mixed */
    size_t attached_n;
} ntf_mail_t;

/* Puts the message behind what buf holds. CV_EINVAL: something in it cannot stand in a message. CV_ELIMIT: too long. */
int ntf_mail_write(const ntf_mail_t *mail, cv_buf_t *buf) CV_USE_RESULT;

/* An ASCII dot-atom at a host name: no quoting, no comments, no address literals, nothing a header could break on. */
bool ntf_mail_address_usable(cv_str_t address);
/* Valid UTF-8 of 1..NTF_NAME_MAX octets without characters that steer terminals, lines or text direction. */
bool ntf_mail_name_usable(cv_str_t name);

/* The next code point at *at, which moves on; -1: not UTF-8 there (nothing moves). */
int32_t ntf_utf8_next(cv_str_t text, size_t *at);
/* Control characters (C0, C1, DEL), line and paragraph separators, overrides of the text direction. */
bool ntf_utf8_steering(int32_t point);

#endif
