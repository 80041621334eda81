/* bounce_read: what a mail that came back says of one of our messages; pure.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A mail server says in a multipart/report (RFC 6522) what became of a message: a delivery status notification (RFC 3464),
 * or the complaint of whoever got it (RFC 5965). One part of it is for programs, another holds the message it is about, or
 * its header. Of these two are taken
 *
 *   from the first     Action and Status of the first recipient that is worst off, or Feedback-Type
 *   from the second    the Message-ID, whose left part is the notice's id
 *   from the header    the Date
 *
 * and nothing else: no address, no text.
 *
 *   failed, and the status says that the address is at fault (5.1.x but of senders, 5.2.1)   hard
 *   failed otherwise: full, too big, unwanted, given up after days                           failed
 *   delayed                                                                                  soft
 *   delivered, relayed, expanded; not-spam                                                   nothing to report
 *   abuse, fraud, virus, opt-out, other                                                      complaint
 *
 * The mail comes from anybody. So
 *
 *   sizes, counts of lines, of parts and of fields have limits, and what is over one is refused
 *   no part is decoded and none is opened but these two, one level deep
 *   where two fields of one name would have to be chosen between (two boundaries, two Message-IDs) it is refused
 *   what is taken consists of letters, digits, '.', '-', '_' and is short
 *   whatever is not a report is refused, saying what it is instead: an answer of somebody who is away is no bounce
 */
#ifndef CLI_BOUNCE_READ_H
#define CLI_BOUNCE_READ_H

#include "convene/messages.h"

enum {
    BOUNCE_MAX = 4 * 1024 * 1024, /* octets of a mail */
    BOUNCE_LINE_MAX = 64 * 1024,  /* octets of a line of a header */
    BOUNCE_FIELDS_MAX = 1000,     /* lines of one header */
    BOUNCE_PARTS_MAX = 16,
    BOUNCE_RECIPIENTS_MAX = 1000,
    BOUNCE_NOTICE_MAX = 120, /* octets of a notice's id */
    BOUNCE_STATUS_MAX = 9,
    BOUNCE_ERROR_MAX = 256,
};

typedef struct {
    cv_bounce_kind_t what; /* absent: nothing to report */
    char notice[BOUNCE_NOTICE_MAX + 1];
    char status[BOUNCE_STATUS_MAX + 1]; /* "": none */
    char date[128];                     /* as it stands in the header; "": none */
} bounce_t;

/* CV_EMALFORMED: it is none, and ret_error says why. */
int bounce_read(cv_str_t mail, bounce_t *ret_bounce, char ret_error[BOUNCE_ERROR_MAX]) CV_USE_RESULT;

#endif
