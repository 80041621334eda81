/* courier: threads that make attempts, so that no peer can keep the service waiting, nor another peer.
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
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { POLL_MS = 1000, DRAIN_POLL_MS = 50, CONNECTIONS_KEPT = 32 };

enum { THREADS = 1 + NTF_ROOM_MAIL }; /* the first one is for webhooks */

typedef struct {
    ntf_courier_t *courier;
    pthread_t thread;
    bool is_running;
    int in[2];      /* pipe to the thread; [0] is read */
    size_t with_it; /* jobs that were given and not taken; the service's */
    CURLM *multi;   /* the thread's, from its start to its end, as what follows */
    ntf_line_t line;
    ntf_transfer_t *running[NTF_JOBS_MAX];
    size_t running_n;
} s_thread_t;

struct ntf_courier {
    const ntf_courier_settings_t *settings;
    int out[2]; /* pipe from all threads: a pointer is written at once or not at all */
    size_t with_it;
    s_thread_t threads[THREADS];
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

static void s_give_back(const ntf_courier_t *courier, ntf_job_t *job)
{
    if (!s_put(courier->out[1], job))
        ntf_job_free(&job);
}

static void s_begin(s_thread_t *thread, ntf_job_t *job)
{
    ntf_transfer_t *transfer =
        ntf_transfer_new(thread->courier->settings, job, &thread->line, cv_clock_wall_ms() / 1000);
    if (transfer && thread->running_n < NTF_JOBS_MAX &&
        curl_multi_add_handle(thread->multi, ntf_transfer_handle(transfer)) == CURLM_OK) {
        thread->running[thread->running_n++] = transfer;
        return;
    }
    if (transfer)
        ntf_transfer_end(transfer, CURLE_OUT_OF_MEMORY);
    ntf_transfer_destroy(&transfer);
    s_give_back(thread->courier, job);
}

/* It is on its way no more; the job stays. */
static void s_remove(s_thread_t *thread, ntf_transfer_t *transfer)
{
    size_t at = 0;
    while (thread->running[at] != transfer)
        at++;
    thread->running[at] = thread->running[--thread->running_n];
    curl_multi_remove_handle(thread->multi, ntf_transfer_handle(transfer));
    ntf_transfer_destroy(&transfer);
}

static void s_end_all(s_thread_t *thread)
{
    int left;
    for (const CURLMsg *message; (message = curl_multi_info_read(thread->multi, &left));) {
        if (message->msg != CURLMSG_DONE)
            continue;
        ntf_transfer_t *transfer = ntf_transfer_of(message->easy_handle);
        ntf_job_t *job = ntf_transfer_end(transfer, message->data.result);
        s_remove(thread, transfer);
        if (job->is_mail &&
            job->end.fault == NTF_FAULT_HOST) /* libcurl may have kept a connection that owes an answer */
            ntf_line_cut(&thread->line);
        s_give_back(thread->courier, job);
    }
}

static void *s_run(void *arg)
{
    s_thread_t *thread = arg;
    bool is_stopping = false;
    bool is_mail = thread != &thread->courier->threads[0];
    while (!is_stopping || (thread->running_n > 0 && cv_clock_mono_ms() < atomic_load(&thread->line.stop_ms))) {
        ntf_job_t *job;
        int got = 0;
        while (!is_stopping && !(is_mail && thread->running_n > 0) && (got = s_get(thread->in[0], &job)) > 0)
            s_begin(thread, job);
        is_stopping = is_stopping || got < 0;
        int active;
        if (curl_multi_perform(thread->multi, &active) != CURLM_OK)
            break;
        s_end_all(thread);
        struct curl_waitfd wait = {.fd = thread->in[0], .events = CURL_WAIT_POLLIN};
        bool is_listening = !is_stopping && !(is_mail && thread->running_n > 0);
        if (!is_stopping || thread->running_n > 0)
            (void)curl_multi_poll(thread->multi, &wait, is_listening ? 1 : 0,
                                  atomic_load(&thread->line.stop_ms) ? DRAIN_POLL_MS : POLL_MS, NULL);
    }
    ntf_line_cut(&thread->line);
    while (thread->running_n > 0) {
        ntf_job_t *job = ntf_transfer_end(thread->running[0], CURLE_ABORTED_BY_CALLBACK);
        s_remove(thread, thread->running[0]);
        ntf_job_free(&job);
    }
    return NULL;
}

/* ---- for the service ---------------------------------------------------------------------- */

static bool s_thread_start(ntf_courier_t *courier, s_thread_t *thread)
{
    thread->courier = courier;
    thread->multi = curl_multi_init();
    if (!thread->multi || pipe2(thread->in, O_CLOEXEC | O_NONBLOCK) ||
        curl_multi_setopt(thread->multi, CURLMOPT_MAXCONNECTS,
                          (long)(thread == &courier->threads[0] ? CONNECTIONS_KEPT : 1)) != CURLM_OK)
        return false;
    sigset_t all, before; /* signals are the service's */
    sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before))
        return false;
    thread->is_running = !pthread_create(&thread->thread, NULL, s_run, thread);
    return !pthread_sigmask(SIG_SETMASK, &before, NULL) && thread->is_running;
}

int ntf_courier_start(const ntf_courier_settings_t *settings, ntf_courier_t **ret_courier)
{
    ntf_courier_t *courier = calloc(1, sizeof(*courier));
    if (!courier)
        return CV_ENOMEM;
    courier->settings = settings;
    courier->out[0] = courier->out[1] = -1;
    for (size_t i = 0; i < THREADS; i++)
        courier->threads[i].in[0] = courier->threads[i].in[1] = -1;
    bool made = !pipe2(courier->out, O_CLOEXEC | O_NONBLOCK);
    for (size_t i = 0; made && i < THREADS; i++)
        made = s_thread_start(courier, &courier->threads[i]);
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

/* Of the mail threads the one that has least to do. */
static s_thread_t *s_thread_for(ntf_courier_t *courier, const ntf_job_t *job)
{
    s_thread_t *found = &courier->threads[job->is_mail ? 1 : 0];
    for (size_t i = 1; job->is_mail && i < THREADS; i++) {
        if (courier->threads[i].with_it < found->with_it)
            found = &courier->threads[i];
    }
    return found;
}

int ntf_courier_give(ntf_courier_t *courier, ntf_job_t *job)
{
    s_thread_t *thread = s_thread_for(courier, job);
    job->thread = (size_t)(thread - courier->threads);
    if (courier->with_it >= NTF_JOBS_MAX || thread->in[1] < 0 || !s_put(thread->in[1], job))
        return CV_EUNAVAIL;
    courier->with_it++;
    thread->with_it++;
    return CV_OK;
}

ntf_job_t *ntf_courier_take(ntf_courier_t *courier)
{
    ntf_job_t *job = NULL;
    if (s_get(courier->out[0], &job) <= 0)
        return NULL;
    courier->with_it--;
    courier->threads[job->thread].with_it--;
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
    int64_t stop_ms = cv_clock_mono_ms() + NTF_COURIER_DRAIN_MS;
    for (size_t i = 0; i < THREADS; i++) {
        atomic_store(&courier->threads[i].line.stop_ms, stop_ms);
        s_close(&courier->threads[i].in[1]);
    }
    for (size_t i = 0; i < THREADS; i++) {
        if (courier->threads[i].is_running)
            pthread_join(courier->threads[i].thread, NULL);
        courier->threads[i].is_running = false;
    }
}

/* What was on its way when the threads ended. */
static void s_drop_rest(int fd)
{
    ntf_job_t *job;
    while (fd >= 0 && s_get(fd, &job) > 0)
        ntf_job_free(&job);
}

void ntf_courier_destroy(ntf_courier_t **ref)
{
    ntf_courier_t *courier = *ref;
    if (!courier)
        return;
    ntf_courier_stop(courier);
    for (size_t i = 0; i < THREADS; i++) {
        s_thread_t *thread = &courier->threads[i];
        s_drop_rest(thread->in[0]);
        if (thread->multi)
            curl_multi_cleanup(thread->multi);
        s_close(&thread->in[0]);
        s_close(&thread->in[1]);
    }
    s_drop_rest(courier->out[0]);
    s_close(&courier->out[0]);
    s_close(&courier->out[1]);
    free(courier);
    *ref = NULL;
}
