/* clock: loaded before all else, moves the wall clock of a process while it runs.
 * SPDX-License-Identifier: Apache-2.0
 *
 * CLOCK_FILE names a file of eight octets: the milliseconds by which CLOCK_REALTIME is ahead of the machine's, as an
 * integer in the machine's order. Whoever writes it there moves the clock at once. The monotonic clock is not touched.
 * Built by the tests themselves: cc -shared -fPIC clock.c -ldl
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t *ahead_ms;

__attribute__((constructor)) static void setup(void)
{
    const char *path = getenv("CLOCK_FILE");
    int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *mapped = fd >= 0 ? mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (mapped != MAP_FAILED)
        ahead_ms = mapped;
}

int clock_gettime(clockid_t which, struct timespec *now)
{
    int rc = (int)syscall(SYS_clock_gettime, which, now);
    if (rc == 0 && which == CLOCK_REALTIME && ahead_ms != NULL) {
        int64_t ns = now->tv_nsec + *ahead_ms % 1000 * 1000000;
        now->tv_sec += (time_t)(*ahead_ms / 1000);
        if (ns < 0) {
            ns += 1000000000;
            now->tv_sec--;
        } else if (ns >= 1000000000) {
            ns -= 1000000000;
            now->tv_sec++;
        }
        now->tv_nsec = (long)ns;
    }
    return rc;
}
