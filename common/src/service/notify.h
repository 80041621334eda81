/* notify: tells the supervisor that started us how we are.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The supervisor says by NOTIFY_SOCKET where it wants to hear that we are ready, that we stop, and, if WATCHDOG_USEC is
 * there too, that we are still alive (sd_notify(3)); each is one datagram. Without NOTIFY_SOCKET nothing is said.
 *
 * Failure modes: a supervisor that is gone or has no room hears nothing, and we go on; a wrong address or a number that
 * is none counts as not given. What we say of our life is said by the loop that does the work: if that hangs, the
 * watchdog is not fed, and the supervisor ends us and starts us again, which is safe at any instant.
 */
#ifndef CONVENE_SRC_SERVICE_NOTIFY_H
#define CONVENE_SRC_SERVICE_NOTIFY_H

#include "convene/error.h"

#include <sys/socket.h>
#include <sys/un.h>

typedef struct {
    int fd; /* -1: nobody asked */
    struct sockaddr_un address;
    socklen_t address_len;
    int64_t beat_ms, next_ms; /* how often to say that we live; 0: nobody asked */
} cv_notify_t;

/* Reads the environment. Before any thread, and before a child could inherit it: the variables are taken out. */
void cv_notify_open(cv_notify_t *notify);
void cv_notify_ready(cv_notify_t *notify);
void cv_notify_stopping(cv_notify_t *notify);
/* Once a turn. Returns when it wants to be called again at the latest, in ms from now; INT64_MAX: never. */
int64_t cv_notify_beat(cv_notify_t *notify, int64_t mono_ms);
void cv_notify_close(cv_notify_t *notify);

#endif
