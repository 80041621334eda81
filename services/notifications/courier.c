/* courier: a thread that makes attempts, so that no peer can keep the service waiting.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/courier.h"

#include "convene/ids.h"
#include "notifications/transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { POLL_MS = 1000, DRAIN_POLL_MS = 50, CONNECTIONS_KEPT = 32 };

struct ntf_courier {
    const ntf_courier_settings_t *settings;
    pthread_t thread;
    bool is_running;
    int in[2], out[2]; /* pipes: to the thread, from it; [0] is read */
    size_t with_it;    /* jobs that were given and not taken; the service's */
    CURLM *multi;      /* the thread's, from its start to its end, as what follows */
    ntf_transfer_t *running[NTF_JOBS_MAX];
    size_t running_n;
};

ntf_job_t *ntf_job_new(size_t body_max)
{
    ntf_job_t *job = calloc(1, sizeof(*job));
    if (job)
        cv_buf_init(&job->body, body_max);
    return job;
}

void ntf_job_free(ntf_job_t **job)
{
    if (!*job)
        return;
    cv_buf_done(&(*job)->body);
    sodium_memzero(*job, sizeof(**job));
    free(*job);
    *job = NULL;
}

/* ---- the thread --------------------------------------------------------------------------- */

/* Never waits: the pipe has room for more pointers than there are jobs. */
static bool s_put(int fd, const ntf_job_t *job)
{
    ssize_t n;
    do
        n = write(fd, &job, sizeof(job));
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof(job);
}

/* 1: a job; 0: none now; -1: the other end is closed. */
static int s_get(int fd, ntf_job_t **ret_job)
{
    ssize_t n;
    do
        n = read(fd, ret_job, sizeof(*ret_job));
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof(*ret_job) ? 1 : n < 0 && errno == EAGAIN ? 0 : -1;
}

static void s_give_back(ntf_courier_t *courier, ntf_job_t *job)
{
    if (!s_put(courier->out[1], job))
        ntf_job_free(&job);
}

static void s_begin(ntf_courier_t *courier, ntf_job_t *job)
{
    ntf_transfer_t *transfer = ntf_transfer_new(courier->settings, job, cv_clock_wall_ms() / 1000);
    if (transfer && courier->running_n < NTF_JOBS_MAX &&
        curl_multi_add_handle(courier->multi, ntf_transfer_handle(transfer)) == CURLM_OK) {
        courier->running[courier->running_n++] = transfer;
        return;
    }
    if (transfer)
        ntf_transfer_end(transfer, CURLE_OUT_OF_MEMORY);
    ntf_transfer_destroy(&transfer);
    s_give_back(courier, job);
}

/* It is on its way no more; the job stays. */
static void s_remove(ntf_courier_t *courier, ntf_transfer_t *transfer)
{
    size_t at = 0;
    while (courier->running[at] != transfer)
        at++;
    courier->running[at] = courier->running[--courier->running_n];
    curl_multi_remove_handle(courier->multi, ntf_transfer_handle(transfer));
    ntf_transfer_destroy(&transfer);
}

static void s_end_all(ntf_courier_t *courier)
{
    int left;
    for (const CURLMsg *message; (message = curl_multi_info_read(courier->multi, &left));) {
        if (message->msg != CURLMSG_DONE)
            continue;
        ntf_transfer_t *transfer = ntf_transfer_of(message->easy_handle);
        ntf_job_t *job = ntf_transfer_end(transfer, message->data.result);
        s_remove(courier, transfer);
        s_give_back(courier, job);
    }
}

static void *s_run(void *arg)
{
    ntf_courier_t *courier = arg;
    int64_t stop_ms = 0; /* when to stop at the latest; 0: not asked to */
    while (!stop_ms || (courier->running_n > 0 && cv_clock_mono_ms() < stop_ms)) {
        ntf_job_t *job;
        int got = 0;
        while (!stop_ms && (got = s_get(courier->in[0], &job)) > 0)
            s_begin(courier, job);
        if (got < 0)
            stop_ms = cv_clock_mono_ms() + NTF_COURIER_DRAIN_MS;
        int active;
        if (curl_multi_perform(courier->multi, &active) != CURLM_OK)
            break;
        s_end_all(courier);
        struct curl_waitfd wait = {.fd = courier->in[0], .events = CURL_WAIT_POLLIN};
        if (!stop_ms || courier->running_n > 0)
            (void)curl_multi_poll(courier->multi, &wait, stop_ms ? 0 : 1, stop_ms ? DRAIN_POLL_MS : POLL_MS, NULL);
    }
    while (courier->running_n > 0) {
        ntf_job_t *job = ntf_transfer_end(courier->running[0], CURLE_ABORTED_BY_CALLBACK);
        s_remove(courier, courier->running[0]);
        ntf_job_free(&job);
    }
    return NULL;
}

/* ---- for the service ---------------------------------------------------------------------- */

int ntf_courier_start(const ntf_courier_settings_t *settings, ntf_courier_t **ret_courier)
{
    ntf_courier_t *courier = calloc(1, sizeof(*courier));
    if (!courier)
        return CV_ENOMEM;
    *courier = (ntf_courier_t){.settings = settings, .in = {-1, -1}, .out = {-1, -1}};
    courier->multi = curl_multi_init();
    bool made = courier->multi && !pipe2(courier->in, O_CLOEXEC | O_NONBLOCK) &&
                !pipe2(courier->out, O_CLOEXEC | O_NONBLOCK) &&
                curl_multi_setopt(courier->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT) == CURLM_OK;
    if (made) {
        sigset_t all, before; /* signals are the service's */
        sigfillset(&all);
        made = !pthread_sigmask(SIG_SETMASK, &all, &before);
        courier->is_running = made && !pthread_create(&courier->thread, NULL, s_run, courier);
        made = courier->is_running && !pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    if (!made) {
        ntf_courier_destroy(&courier);
        return CV_EUNAVAIL;
    }
    *ret_courier = courier;
    return CV_OK;
}

int ntf_courier_fd(const ntf_courier_t *courier)
{
    return courier->out[0];
}

int ntf_courier_give(ntf_courier_t *courier, ntf_job_t *job)
{
    if (courier->with_it >= NTF_JOBS_MAX || courier->in[1] < 0 || !s_put(courier->in[1], job))
        return CV_EUNAVAIL;
    courier->with_it++;
    return CV_OK;
}

ntf_job_t *ntf_courier_take(ntf_courier_t *courier)
{
    ntf_job_t *job = NULL;
    if (s_get(courier->out[0], &job) <= 0)
        return NULL;
    courier->with_it--;
    return job;
}

static void s_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void ntf_courier_stop(ntf_courier_t *courier)
{
    s_close(&courier->in[1]);
    if (courier->is_running)
        pthread_join(courier->thread, NULL);
    courier->is_running = false;
}

/* What was on its way when the thread ended. */
static void s_drop_rest(ntf_courier_t *courier)
{
    ntf_job_t *job;
    while (courier->in[0] >= 0 && s_get(courier->in[0], &job) > 0)
        ntf_job_free(&job);
    while (courier->out[0] >= 0 && s_get(courier->out[0], &job) > 0)
        ntf_job_free(&job);
}

void ntf_courier_destroy(ntf_courier_t **ref)
{
    ntf_courier_t *courier = *ref;
    if (!courier)
        return;
    ntf_courier_stop(courier);
    s_drop_rest(courier);
    if (courier->multi)
        curl_multi_cleanup(courier->multi);
    for (int i = 0; i < 2; i++) {
        s_close(&courier->in[i]);
        s_close(&courier->out[i]);
    }
    free(courier);
    *ref = NULL;
}
