/* up: runs the services here, as processes, and keeps them running.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   directories and keys (made when missing) -> the three services -> each answers "status" -> supervision until Ctrl-C
 *
 * A service that ends by itself is started again after 250 ms, doubling to 10 s; one that ran for half a minute begins
 * anew. The dashboard is started with them; nothing needs it, so that it cannot run here stops nothing else. Two kinds
 * of end mean that starting again cannot help, and stop everything: wrong settings (status 2) and, at its first start,
 * a database or address that somebody else has (status 3). What the services log goes to <data>/log/<service>.log: their
 * own doing, so that it stays bounded (log/directory, log/file_mib, log/files); the file is opened here too, for what
 * they say before they have settings.
 *
 * The sample's job runs in a process of its own (forked before this one owns any socket), so that a service which falls
 * during the job is started again like at any other time. The sample's clock is an offset, kept in <data>/sample-clock
 * so that time goes on, and not back, when the sample is started a second time.
 */
#include "job.h"
#include "keys.h"
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    READY_WAIT_MS = 20000,
    AGAIN_FIRST_MS = 250,
    AGAIN_LAST_MS = 10000,
    STEADY_MS = 30000,    /* ran so long: the next fall begins with the first delay again */
    STOP_WAIT_MS = 10000, /* SIGTERM, and after this SIGKILL */
    LOOK_MS = 50,
    KEYS_LOOK_MS = 1000,
    SETTING_WRONG = 2, /* exit statuses of a service that starting again does not change */
    TAKEN = 3,
    FILE_MODE = 0600,
    CHILDREN_N = CLI_SERVICES_N + 1, /* the dashboard last: stopped first */
};

typedef struct {
    const char *name;
    pid_t pid; /* 0: not running */
    int64_t started_ms, again_ms, delay_ms;
    int restarts;
    bool is_optional; /* the others go on without it */
} child_t;

typedef struct {
    cli_t *cli;
    child_t children[CHILDREN_N];
    char offset[64]; /* "clock/offset_ms=..."; "": the real clock */
    pid_t job;
    int job_status; /* -1: not ended */
    struct timespec keys_seen;
    int64_t keys_look_ms;
    bool give_up;
} up_t;

static const char *log_path(up_t *self, const char *service, char path[CLI_PATH_MAX])
{
    (void)snprintf(path, CLI_PATH_MAX, "%s/log/%s.log", cv_config_text(self->cli->config, "data"), service);
    return path;
}

static int start(up_t *self, child_t *child)
{
    char path[CLI_PATH_MAX];
    char directory[CLI_PATH_MAX + 16];
    (void)snprintf(directory, sizeof directory, "log/directory=%s/log", cv_config_text(self->cli->config, "data"));
    const char *const extra[] = {"--set", directory, self->offset[0] ? "--set" : NULL, self->offset, NULL};
    int out = open(log_path(self, child->name, path), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, FILE_MODE);
    if (out < 0)
        return cli_fail(self->cli, CLI_FAILED, "cannot write %s: %s", path, strerror(errno));
    int status = cli_service_start(self->cli, child->name, extra, out, &child->pid);
    close(out);
    child->started_ms = cv_clock_mono_ms();
    return status;
}

/* The last line a service logged, for a person who wonders. */
static void say_last_words(up_t *self, const char *service)
{
    char path[CLI_PATH_MAX], text[2048];
    FILE *file = fopen(log_path(self, service, path), "re");
    if (!file)
        return;
    if (fseek(file, -(long)(sizeof text - 1), SEEK_END) != 0)
        rewind(file);
    size_t len = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    while (len > 0 && text[len - 1] == '\n')
        len--;
    text[len] = '\0';
    char *line = strrchr(text, '\n');
    cli_say("  its last words: %s\n  more in %s\n", line ? line + 1 : text, path);
}

static void fell(up_t *self, child_t *child, int result)
{
    int64_t now_ms = cv_clock_mono_ms();
    child->pid = 0;
    bool wrong = WIFEXITED(result) && WEXITSTATUS(result) == SETTING_WRONG;
    bool taken = WIFEXITED(result) && WEXITSTATUS(result) == TAKEN && child->restarts == 0;
    if (wrong || taken) {
        cli_say("convene: %s cannot run here (exit status %d)\n", child->name, WEXITSTATUS(result));
        say_last_words(self, child->name);
        if (child->is_optional)
            child->again_ms = INT64_MAX;
        else
            self->give_up = true;
        return;
    }
    child->delay_ms = now_ms - child->started_ms > STEADY_MS || !child->delay_ms ? AGAIN_FIRST_MS : child->delay_ms * 2;
    if (child->delay_ms > AGAIN_LAST_MS)
        child->delay_ms = AGAIN_LAST_MS;
    child->again_ms = now_ms + child->delay_ms;
    child->restarts++;
    if (WIFSIGNALED(result))
        cli_say("convene: %s was ended by signal %d (%s); it is started again in %lld ms\n", child->name,
                WTERMSIG(result), strsignal(WTERMSIG(result)), (long long)child->delay_ms);
    else
        cli_say("convene: %s ended with status %d; it is started again in %lld ms\n", child->name, WEXITSTATUS(result),
                (long long)child->delay_ms);
    say_last_words(self, child->name);
}

/* A key that was added or taken away is in force at once. */
static void look_at_keys(up_t *self)
{
    char path[CLI_PATH_MAX];
    struct stat info;
    int64_t now_ms = cv_clock_mono_ms();
    if (now_ms < self->keys_look_ms)
        return;
    self->keys_look_ms = now_ms + KEYS_LOOK_MS;
    (void)snprintf(path, sizeof path, "%s/allow", cv_config_text(self->cli->config, "keys"));
    if (stat(path, &info) != 0)
        return;
    bool changed = info.st_mtim.tv_sec != self->keys_seen.tv_sec || info.st_mtim.tv_nsec != self->keys_seen.tv_nsec;
    bool first = self->keys_seen.tv_sec == 0;
    self->keys_seen = info.st_mtim;
    if (!changed || first)
        return;
    for (size_t i = 0; i < CHILDREN_N; i++)
        if (self->children[i].pid)
            kill(self->children[i].pid, SIGHUP);
    cli_say("convene: keys changed; the services read them again\n");
}

static void reap(up_t *self)
{
    int result;
    pid_t pid;
    while ((pid = waitpid(-1, &result, WNOHANG)) > 0) {
        if (pid == self->job) {
            self->job = 0;
            self->job_status = WIFEXITED(result) ? WEXITSTATUS(result) : CLI_FAILED;
        }
        for (size_t i = 0; i < CHILDREN_N; i++)
            if (pid == self->children[i].pid)
                fell(self, &self->children[i], result);
    }
    for (size_t i = 0; i < CHILDREN_N; i++) {
        child_t *child = &self->children[i];
        if (!child->pid && !self->give_up && child->again_ms <= cv_clock_mono_ms() && start(self, child) != CLI_OK)
            child->again_ms = cv_clock_mono_ms() + AGAIN_LAST_MS;
    }
}

static void pause_ms(int64_t ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&time, NULL);
}

/* The dashboard first, then notifications: they only follow. Then registration, then scheduling. */
static void stop_all(up_t *self)
{
    if (self->job > 0)
        kill(self->job, SIGTERM);
    for (size_t i = CHILDREN_N; i-- > 0;)
        if (self->children[i].pid)
            kill(self->children[i].pid, SIGTERM);
    int64_t end_ms = cv_clock_mono_ms() + STOP_WAIT_MS;
    for (;;) {
        int running = 0, result;
        pid_t pid;
        while ((pid = waitpid(-1, &result, WNOHANG)) > 0) {
            if (pid == self->job)
                self->job = 0;
            for (size_t i = 0; i < CHILDREN_N; i++)
                if (pid == self->children[i].pid)
                    self->children[i].pid = 0;
        }
        for (size_t i = 0; i < CHILDREN_N; i++)
            running += self->children[i].pid != 0;
        if (!running && self->job <= 0)
            return;
        if (cv_clock_mono_ms() >= end_ms) {
            for (size_t i = 0; i < CHILDREN_N; i++)
                if (self->children[i].pid) {
                    cli_say("convene: %s does not stop; it is ended by force\n", self->children[i].name);
                    kill(self->children[i].pid, SIGKILL);
                }
            if (self->job > 0)
                kill(self->job, SIGKILL);
            end_ms = INT64_MAX;
        }
        pause_ms(LOOK_MS);
    }
}

/* ---- start ------------------------------------------------------------------------------- */

static int prepare(up_t *self)
{
    cli_t *cli = self->cli;
    char path[CLI_PATH_MAX];
    int made = 0, status = cli_config(cli);
    if (status == CLI_OK)
        status = cli_make_directory(cli, cv_config_text(cli->config, "data"));
    if (status == CLI_OK) {
        (void)snprintf(path, sizeof path, "%s/log", cv_config_text(cli->config, "data"));
        status = cli_make_directory(cli, path);
    }
    if (status == CLI_OK && strcmp(cv_config_text(cli->config, "security"), "none") != 0)
        status = cli_keys_ensure(cli, &made);
    if (status == CLI_OK && made > 0)
        cli_say("convene: %d keys made in %s\n", made, cv_config_text(cli->config, "keys"));
    return status;
}

/* The sample's clock begins where exercise.json says, at the first start, and goes on from there: also when the same
 * data is used without --sample, or all its events would be over at once. Who sets clock/offset_ms means it. */
static int sample_clock(up_t *self, const cli_job_t *job)
{
    char path[CLI_PATH_MAX], text[32] = "";
    for (size_t i = 0; i < self->cli->given_n; i++)
        if (strcmp(self->cli->given[i].flag, "conf") == 0 &&
            strncmp(self->cli->given[i].value, "clock/offset_ms", 15) == 0)
            return CLI_OK;
    (void)snprintf(path, sizeof path, "%s/sample-clock", cv_config_text(self->cli->config, "data"));
    FILE *file = fopen(path, "re");
    bool known = file && fgets(text, sizeof text, file);
    if (file)
        fclose(file);
    if (!known && !job)
        return CLI_OK;
    long long offset_ms = known ? strtoll(text, NULL, 10) : cli_job_clock_ms(job) - cv_clock_wall_ms();
    if (!known) {
        file = fopen(path, "we");
        if (!file || fprintf(file, "%lld\n", offset_ms) < 0 || fclose(file) != 0)
            return cli_fail(self->cli, CLI_FAILED, "cannot write %s: %s", path, strerror(errno));
    }
    (void)snprintf(self->offset, sizeof self->offset, "clock/offset_ms=%lld", offset_ms);
    return CLI_OK;
}

/* Waits until each service answers. In a process that may own sockets. */
static int wait_ready(up_t *self)
{
    cli_t *cli = self->cli;
    cli->as = "operator";
    int status = cli_connect(cli);
    if (status != CLI_OK)
        return status;
    int64_t end_ms = cv_clock_mono_ms() + READY_WAIT_MS;
    for (size_t i = 0; i < CLI_SERVICES_N;) {
        json_t *data = NULL;
        int rc = cli_service_status(cli, cli_services[i], 500, &data);
        bool ready = rc == CV_OK && json_is_true(json_object_get(data, "ready"));
        json_decref(data);
        if (ready)
            i++;
        if (self->children[0].name)
            reap(self);
        if (self->give_up || cli_stopped())
            return self->give_up ? CLI_FAILED : CLI_INTERRUPTED;
        if (!ready && cv_clock_mono_ms() > end_ms)
            return cli_fail(cli, CLI_UNREACHABLE, "%s is not ready after %d s: %s", cli_services[i],
                            READY_WAIT_MS / 1000, cv_client_error(cli->client));
    }
    return CLI_OK;
}

/* In the job's own process: it does not supervise. */
static int job_main(up_t *self, cli_job_t *job)
{
    up_t mine = {.cli = self->cli};
    int status = wait_ready(&mine);
    return status == CLI_OK ? cli_job_run(job) : status;
}

static void say_page(const up_t *self)
{
    if (self->children[CLI_SERVICES_N].pid)
        cli_say("convene: the page is at http://%s/\n", cv_config_of(self->cli->config, cli_dashboard, "http"));
}

static void say_where(up_t *self)
{
    cli_t *cli = self->cli;
    if (cli->json)
        return;
    printf("The services run, with their data in %s:\n", cv_config_text(cli->config, "data"));
    for (size_t i = 0; i < CLI_SERVICES_N; i++)
        printf("  %-14s %s (process %ld)\n", cli_services[i], cv_config_of(cli->config, cli_services[i], "endpoint"),
               (long)self->children[i].pid);
    if (self->children[CLI_SERVICES_N].pid)
        printf("  %-14s http://%s/ (process %ld)\n", cli_dashboard, cv_config_of(cli->config, cli_dashboard, "http"),
               (long)self->children[CLI_SERVICES_N].pid);
    if (self->offset[0])
        printf("Their clock is the sample's; --conf clock/offset_ms=0 gives them the real one.\n");
    printf("Ctrl-C stops them. Elsewhere: convene status, convene watch, convene request (with --data %s).\n",
           cv_config_text(cli->config, "data"));
    fflush(stdout);
}

static int supervise(up_t *self, bool leave_after_job)
{
    while (!cli_stopped() && !self->give_up) {
        reap(self);
        look_at_keys(self);
        if (self->job_status >= 0 && leave_after_job)
            return self->job_status;
        if (self->job_status >= 0) {
            say_where(self);
            leave_after_job = false;
            self->job_status = -1;
        }
        pause_ms(LOOK_MS);
    }
    return self->give_up ? CLI_FAILED : leave_after_job ? CLI_INTERRUPTED : CLI_OK;
}

int cli_up(cli_t *cli)
{
    up_t self = {.cli = cli, .job_status = -1};
    cli_job_t *job = NULL;
    const char *sample = cli_flag(cli, "sample", NULL);
    bool leave = cli_has(cli, "exit");
    if (leave && !sample)
        return cli_usage(cli, "--exit needs --sample: without it there is nothing to wait for");
    if (sample && strcmp(sample, "cica") != 0)
        return cli_usage(cli, "there is no sample \"%s\"; there is one: cica", sample);
    int status = prepare(&self);
    if (status == CLI_OK && sample)
        status = cli_job_new(cli, &job);
    if (status == CLI_OK)
        status = sample_clock(&self, job);
    if (status != CLI_OK) {
        cli_job_destroy(&job);
        return status;
    }
    cli_catch_signals();
    for (size_t i = 0; i < CLI_SERVICES_N; i++)
        self.children[i].name = cli_services[i];
    self.children[CLI_SERVICES_N] = (child_t){.name = cli_dashboard, .is_optional = true};
    if (strcmp(cv_config_of(cli->config, cli_dashboard, "http"), "none") == 0)
        self.children[CLI_SERVICES_N].again_ms = INT64_MAX;
    for (size_t i = 0; status == CLI_OK && i < CHILDREN_N; i++)
        if (self.children[i].again_ms == 0)
            status = start(&self, &self.children[i]);
    if (status == CLI_OK && !cli->json)
        say_page(&self);
    if (status == CLI_OK && job) {
        fflush(stdout);
        self.job = fork();
        if (self.job == 0) {
            prctl(PR_SET_PDEATHSIG, SIGTERM);
            status = job_main(&self, job);
            cv_client_close(&cli->client);
            fflush(stdout);
            _exit(status);
        }
        if (self.job < 0)
            status = cli_fail(cli, CLI_FAILED, "cannot make a process: %s", strerror(errno));
    } else if (status == CLI_OK) {
        status = wait_ready(&self);
        cv_client_close(&cli->client);
        if (status == CLI_OK)
            say_where(&self);
    }
    if (status == CLI_OK)
        status = supervise(&self, leave);
    stop_all(&self);
    cli_job_destroy(&job);
    if (!cli->json && status != CLI_FAILED)
        cli_say("convene: all services stopped\n");
    return status;
}
