/* notify: tells the supervisor that started us how we are. See notify.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "service/notify.h"

#include "convene/bytes.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* "/run/systemd/notify", or "@name" for one that is in no file system. */
static bool s_address(const char *name, cv_notify_t *notify)
{
    size_t len = name ? strlen(name) : 0;
    if (len < 2 || len >= sizeof notify->address.sun_path || (*name != '/' && *name != '@'))
        return false;
    notify->address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(notify->address.sun_path, name, len);
    if (*name == '@')
        notify->address.sun_path[0] = '\0';
    notify->address_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    return true;
}

/* Whether the watchdog means this process, and how often it wants to hear of it. Half the time, as is customary. */
static int64_t s_beat_ms(const char *usec, const char *pid)
{
    int64_t us, whose;
    if (!usec || cv_str_digits(cv_str(usec), 15, &us) || us < 2000)
        return 0;
    if (pid && (cv_str_digits(cv_str(pid), 15, &whose) || whose != (int64_t)getpid()))
        return 0;
    return us / 2000;
}

static void s_say(const cv_notify_t *notify, const char *text)
{
    if (notify->fd >= 0)
        (void)sendto(notify->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT,
                     (const struct sockaddr *)&notify->address, notify->address_len);
}

void cv_notify_open(cv_notify_t *notify)
{
    *notify = (cv_notify_t){.fd = -1};
    if (s_address(getenv("NOTIFY_SOCKET"), notify))
        notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (notify->fd >= 0)
        notify->beat_ms = s_beat_ms(getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID"));
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

void cv_notify_ready(cv_notify_t *notify)
{
    s_say(notify, "READY=1\nSTATUS=decides requests");
}

void cv_notify_stopping(cv_notify_t *notify)
{
    s_say(notify, "STOPPING=1\nSTATUS=stops");
}

int64_t cv_notify_beat(cv_notify_t *notify, int64_t mono_ms)
{
    if (!notify->beat_ms)
        return INT64_MAX;
    if (mono_ms >= notify->next_ms) {
        s_say(notify, "WATCHDOG=1");
        notify->next_ms = mono_ms + notify->beat_ms;
    }
    return notify->next_ms - mono_ms;
}

void cv_notify_close(cv_notify_t *notify)
{
    if (notify->fd >= 0)
        close(notify->fd);
    notify->fd = -1;
}
