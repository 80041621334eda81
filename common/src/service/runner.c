/* runner: the main() of every service: gives the engine sockets, a clock and a disk, and stops it in good order.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Happy path: configuration, database, keys, sockets (log, feed, intake in this order), turns until SIGTERM or SIGINT,
 * then no more requests, one last turn, heads, checkpoint, clean stop. SIGHUP reads the key directory again; that it
 * has changed is also seen without (guard.c).
 *
 * One thread owns sockets and database. Signals come through a signalfd, so none can fall between a check and a poll;
 * they are blocked before any thread is made.
 *
 * Failure modes:
 *   wrong setting, missing key, port in use   one line that says what, where and what would be right; status 2. All but
 *                                              the port is what --check-config looks for, by the same functions
 *   database locked by another process         the same, status 3
 *   anything that may pass (disk, memory)      status 4: worth starting again
 *   disk fails, file damaged                   status 4 at once, without answering: whoever starts us again (convene
 *                                              up, systemd, compose) finds the truth on the disk
 *   kill -9 at any instant                     equally correct; only the next start checks the file first
 */
#include "service/runner.h"

#include "convene/calendar.h"
#include "convene/ids.h"
#include "convene/log.h"
#include "service/restore.h"
#include "store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXIT_USAGE = 2, EXIT_LOCKED = 3, EXIT_FAILED = 4, SETS_MAX = 64 };
enum { LINGER_MS = 1000, GUARD_LOG_MS = 10000, ERROR_MAX = CV_CONFIG_ERROR_MAX };

/* What log_guard has said so far. */
typedef struct {
    int64_t told_ms; /* 0: nothing yet */
    uint64_t refused, ignored, strangers;
} guard_told_t;

typedef struct {
    const char *config_file;
    const char *sets[SETS_MAX];
    size_t sets_n;
    const char *restore_from;
    bool check_only;
} flags_t;

static void print_help(FILE *out, const char *name)
{
    fprintf(out,
            "Usage: convene-%s [--config FILE] [--set KEY=VALUE]...\n\n"
            "  --config FILE     read settings from FILE (ZPL)\n"
            "  --set KEY=VALUE   one setting; beats environment and file\n"
            "  --check-config    print every setting with its origin, say what would keep it from starting, and leave\n"
            "  --restore FILE    put a backup in place of the database (which is kept beside it), begin a new epoch, "
            "leave\n"
            "  --version, --help\n\nSettings (environment: CONVENE_ and the key in capitals, '/' as '_'):\n",
            name);
    cv_config_help(out);
}

/* -1: go on; else the exit status. */
static int read_flags(const cv_service_def_t *def, int argc, char **argv, flags_t *ret_flags)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"set", required_argument, NULL, 's'},
        {"restore", required_argument, NULL, 'r'},
        {"check-config", no_argument, NULL, 'k'},
        {"version", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            ret_flags->config_file = optarg;
            break;
        case 's':
            if (ret_flags->sets_n == SETS_MAX) {
                fprintf(stderr, "convene-%s: more than %d --set flags; use a file\n", def->name, SETS_MAX);
                return EXIT_USAGE;
            }
            ret_flags->sets[ret_flags->sets_n++] = optarg;
            break;
        case 'r':
            ret_flags->restore_from = optarg;
            break;
        case 'k':
            ret_flags->check_only = true;
            break;
        case 'v':
            printf("convene-%s %s\n", def->name, CV_VERSION);
            return EXIT_SUCCESS;
        case 'h':
            print_help(stdout, def->name);
            return EXIT_SUCCESS;
        default:
            fprintf(stderr, "convene-%s --help shows the flags\n", def->name);
            return EXIT_USAGE;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "convene-%s: unexpected argument \"%s\"; it takes flags only (--help)\n", def->name,
                argv[optind]);
        return EXIT_USAGE;
    }
    return -1;
}

static void say_and_log(const char *name, const char *error)
{
    fprintf(stderr, "convene-%s: %s\n", name, error);
}

/* A new directory is only there for good when its parent knows it. */
static int make_directory(const char *path, char *ret_error, size_t error_size)
{
    char parent[CV_CONFIG_VALUE_MAX + 4];
    if (mkdir(path, 0700)) {
        if (errno == EEXIST)
            return CV_OK;
        snprintf(ret_error, error_size, "data: cannot make the directory %s: %s", path, strerror(errno));
        return errno == ENOSPC ? CV_EFULL : CV_EINVAL;
    }
    snprintf(parent, sizeof parent, "%s/..", path);
    int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 || fsync(fd) ? CV_EIO : CV_OK;
    if (fd >= 0)
        close(fd);
    if (rc)
        snprintf(ret_error, error_size, "data: cannot sync the directory above %s: %s", path, strerror(errno));
    return rc;
}

enum { PATH_ROOM = CV_CONFIG_VALUE_MAX + CV_NAME_MAX + 32 };

static int open_database(cv_runner_t *runner, const char *path, char *ret_error, size_t error_size)
{
    const cv_service_def_t *def = runner->def;
    cv_db_options_t options = {
        .path = path,
        .application_id = def->application_id,
        .migrations = def->migrations,
        .migrations_n = def->migrations_n,
        .reserve_bytes = cv_config_int(runner->config, "store/reserve_mib") * 1024 * 1024,
        .wal_bytes = CV_WAL_BYTES,
    };
    return cv_db_open(&options, &runner->db, ret_error, error_size);
}

static int open_engine(cv_runner_t *runner, bool new_epoch, char *ret_error, size_t error_size)
{
    cv_outside_t outside = cv_ports_outside(runner);
    cv_engine_options_t options = {
        .version = CV_VERSION,
        .keep_records = (uint64_t)cv_config_int(runner->config, "store/keep_records"),
    };
    for (unsigned bit = 0; bit < CV_ROLE_BITS; bit++) {
        char section[CV_NAME_MAX + 8];
        snprintf(section, sizeof section, "limits/%s", cv_role_name(1u << bit));
        options.limits.requests[bit] = strtoll(cv_config_of(runner->config, section, "requests"), NULL, 10);
        options.limits.questions[bit] = strtoll(cv_config_of(runner->config, section, "questions"), NULL, 10);
    }
    randombytes_buf(options.new_epoch, sizeof options.new_epoch);
    randombytes_buf(options.seed, sizeof options.seed);
    int rc = cv_engine_new(runner->def, runner->db, &outside, &options, &runner->engine, ret_error, error_size);
    sodium_memzero(options.seed, sizeof options.seed);
    if (!rc && new_epoch)
        rc = cv_engine_new_epoch(runner->engine, options.new_epoch);
    return rc;
}

static void close_engine(cv_runner_t *runner)
{
    cv_engine_destroy(&runner->engine);
    cv_db_close(&runner->db);
}

/* --restore; see restore.c for what happens when it is interrupted. */
static int restore(cv_runner_t *runner, const char *backup, const char *path, char *ret_error, size_t error_size)
{
    char copy[PATH_ROOM + 16], lock[PATH_ROOM + 32];
    snprintf(copy, sizeof copy, "%s.restoring", path);
    snprintf(lock, sizeof lock, "%s.lock", copy);
    int rc = cv_restore_copy(backup, path, ret_error, error_size);
    if (!rc)
        rc = open_database(runner, copy, ret_error, error_size);
    if (!rc)
        rc = open_engine(runner, true, ret_error, error_size);
    close_engine(runner);
    unlink(lock);
    if (rc) {
        char reason[ERROR_MAX];
        snprintf(reason, sizeof reason, "%s", ret_error);
        snprintf(ret_error, error_size, "restore: %s cannot be used: %s", backup, reason);
    }
    if (!rc && !access(path, F_OK)) { /* opening and closing folds its WAL into it; if it is damaged it need not work */
        rc = open_database(runner, path, ret_error, error_size);
        close_engine(runner);
        if (rc != CV_ELOCKED)
            rc = CV_OK;
    }
    if (!rc)
        rc = cv_restore_swap(path, cv_clock_wall_ms(), ret_error, error_size);
    if (rc)
        unlink(copy);
    return rc;
}

static int open_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* True: stop. */
static bool handle_signals(int fd, bool *ret_reload)
{
    struct signalfd_siginfo info;
    bool stop = false;
    while (read(fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo != SIGHUP) {
            cv_log(CV_LOG_INFO, "stopping", cv_kv_int("signal", info.ssi_signo));
            stop = true;
            continue;
        }
        *ret_reload = true;
    }
    return stop;
}

/* What an operator has to know, once per change. */
static void log_changes(cv_runner_t *runner, uint64_t *undone, bool *writable, bool halted[])
{
    if (cv_engine_undone(runner->engine) != *undone) {
        *undone = cv_engine_undone(runner->engine);
        cv_log(CV_LOG_WARN, "transaction_undone", cv_kv_text("reason", cv_engine_error(runner->engine)),
               cv_kv_text("effect", "its inputs were tried one by one"));
    }
    if (cv_engine_writable(runner->engine) != *writable) {
        *writable = cv_engine_writable(runner->engine);
        if (*writable)
            cv_log(CV_LOG_INFO, "disk_has_room", cv_kv_text("effect", "requests are decided again"));
        else
            cv_log(CV_LOG_ERROR, "disk_nearly_full", cv_kv_text("effect", "new requests are refused; reading goes on"));
    }
    for (size_t i = 0; i < runner->def->follows_n; i++) {
        const char *error = cv_engine_follow_error(runner->engine, i);
        if (halted[i] == (error[0] != '\0'))
            continue;
        halted[i] = error[0] != '\0';
        cv_log(halted[i] ? CV_LOG_ERROR : CV_LOG_INFO, halted[i] ? "follower_stopped" : "follower_goes_on",
               cv_kv_text("stream", runner->def->follows[i].stream), cv_kv_text("reason", error));
    }
}

/* Who is over a limit, and that keys nobody knows are at work: a line in GUARD_LOG_MS at most, however much there is.
 */
static void log_guard(cv_runner_t *runner, guard_told_t *told, int64_t mono_ms)
{
    const cv_engine_guard_t *guard = cv_engine_guard(runner->engine);
    if (told->told_ms && mono_ms - told->told_ms < GUARD_LOG_MS)
        return;
    if (guard->refused != told->refused || guard->ignored != told->ignored)
        cv_log(CV_LOG_WARN, "rate_limited", cv_kv_text("principal", guard->principal),
               cv_kv_int("refused", (int64_t)(guard->refused - told->refused)),
               cv_kv_int("ignored", (int64_t)(guard->ignored - told->ignored)));
    else if (guard->strangers == told->strangers)
        return;
    if (guard->strangers != told->strangers)
        cv_log(CV_LOG_WARN, "key_not_known", cv_kv_int("messages", (int64_t)(guard->strangers - told->strangers)),
               cv_kv_text("effect", "dropped: sent on connections whose key was taken out, replaced or has run out"));
    *told = (guard_told_t){mono_ms, guard->refused, guard->ignored, guard->strangers};
}

/* What waits in a socket that nobody reads for so long is answered late, and peers that use libzmq's heartbeats take us for
 * gone. So after a turn that long the next ones take less.
 */
static void fit_batch(cv_runner_t *runner, int64_t took_ms)
{
    if (took_ms > CV_TICK_ALARM_MS)
        runner->batch_max = runner->batch_max / 2 > CV_BATCH_LEAST ? runner->batch_max / 2 : CV_BATCH_LEAST;
    else if (runner->batch_max < CV_BATCH_MAX)
        runner->batch_max += CV_BATCH_LEAST;
}

static int serve(cv_runner_t *runner, int signal_fd)
{
    uint64_t undone = 0;
    guard_told_t told = {0};
    bool writable = true, halted[16] = {false}, stop = false, more = true;
    int64_t next_ms = 0;
    while (!stop) {
        int64_t mono_ms = cv_clock_mono_ms();
        int64_t beat_ms = cv_notify_beat(&runner->notify, mono_ms);
        int64_t wait_ms = more || next_ms <= mono_ms ? 0 : next_ms - mono_ms;
        wait_ms = beat_ms < wait_ms ? beat_ms : wait_ms;
        bool woken = false, reload = false;
        int rc = cv_ports_wait(runner, signal_fd, wait_ms, &woken);
        if (rc)
            return rc;
        if (woken)
            stop = handle_signals(signal_fd, &reload);
        mono_ms = cv_clock_mono_ms();
        rc = cv_guard_tend(runner, reload, mono_ms);
        if (rc)
            return rc;
        int64_t wall_ms = cv_clock_wall_ms() + runner->clock_offset_ms;
        more = cv_ports_take(runner, wall_ms, mono_ms);
        rc = cv_engine_turn(runner->engine, wall_ms, mono_ms, &next_ms);
        if (rc)
            return rc;
        cv_ports_release(runner);
        bool more_afterwards;
        rc = cv_engine_afterwards(runner->engine, wall_ms, &more_afterwards);
        if (rc)
            return rc;
        more |= more_afterwards;
        log_changes(runner, &undone, &writable, halted);
        log_guard(runner, &told, mono_ms);
        int64_t took_ms = cv_clock_mono_ms() - mono_ms;
        fit_batch(runner, took_ms);
        if (took_ms > CV_TICK_ALARM_MS)
            cv_log(CV_LOG_WARN, "slow_turn", cv_kv_int("ms", took_ms));
    }
    return CV_OK;
}

/* Whoever starts us again need not try after EXIT_USAGE: only a person can mend that. */
static int exit_status(int rc)
{
    switch (rc) {
    case CV_OK:
        return EXIT_SUCCESS;
    case CV_ELOCKED:
        return EXIT_LOCKED;
    case CV_EINVAL:
    case CV_ENOTFOUND:
    case CV_ECONFLICT:
    case CV_EDENIED:
    case CV_EVERSION:
    case CV_ELIMIT:
        return EXIT_USAGE;
    default:
        return EXIT_FAILED;
    }
}

static void read_settings(cv_runner_t *runner)
{
    runner->encrypted = strcmp(cv_config_text(runner->config, "security"), "none") != 0;
    runner->clock_offset_ms = cv_config_int(runner->config, "clock/offset_ms");
    snprintf(runner->keys_dir, sizeof runner->keys_dir, "%s", cv_config_text(runner->config, "keys"));
}

/* --check-config: what a start would refuse before it opens anything. The settings are out first. */
static int check(cv_runner_t *runner)
{
    char error[ERROR_MAX] = "";
    const cv_service_def_t *def = runner->def;
    int rc = CV_OK;
    cv_config_print(runner->config, stdout);
    fflush(stdout);
    if (def->check || def->configure)
        rc = (def->check ? def->check : def->configure)(runner->config, error, sizeof error);
    if (!rc)
        rc = cv_ports_check(runner, error, sizeof error);
    if (rc)
        say_and_log(def->name, error[0] ? error : cv_error_text(rc));
    return exit_status(rc);
}

static int run(cv_runner_t *runner, const flags_t *flags)
{
    char error[ERROR_MAX] = "", path[PATH_ROOM];
    const char *data = cv_config_text(runner->config, "data");
    int signal_fd = open_signals(); /* before any thread */
    cv_notify_open(&runner->notify);
    snprintf(path, sizeof path, "%s/%s.db", data, runner->def->name);
    int rc = signal_fd < 0 ? CV_EINTERNAL : CV_OK;
    if (!rc && runner->def->configure)
        rc = runner->def->configure(runner->config, error, sizeof error);
    if (!rc && !flags->restore_from)
        rc = cv_ports_check(runner, error, sizeof error); /* before anything is made */
    if (!rc)
        rc = make_directory(data, error, sizeof error);
    if (!rc && flags->restore_from)
        rc = restore(runner, flags->restore_from, path, error, sizeof error);
    if (!rc && !flags->restore_from)
        rc = open_database(runner, path, error, sizeof error);
    if (!rc && !flags->restore_from)
        rc = open_engine(runner, false, error, sizeof error);
    if (!rc && !flags->restore_from)
        rc = cv_ports_open(runner, error, sizeof error);
    if (rc) {
        say_and_log(runner->def->name, error[0] ? error : cv_error_text(rc));
    } else if (flags->restore_from) {
        printf("restored from %s, with a new epoch; followers go on or take a snapshot\n", flags->restore_from);
    } else {
        cv_log(CV_LOG_INFO, "ready", cv_kv_text("endpoint", cv_config_of(runner->config, runner->def->name, "bind")),
               cv_kv_text("version", CV_VERSION));
        cv_guard_start(runner);
        cv_notify_ready(&runner->notify);
        runner->batch_max = CV_BATCH_MAX;
        rc = serve(runner, signal_fd);
        if (rc == CV_EIO || rc == CV_ECORRUPT) {
            /* What the disk holds is unknown: answer nothing, touch nothing, leave. */
            cv_log(CV_LOG_ERROR, "disk_failed", cv_kv_text("reason", cv_engine_error(runner->engine)), cv_kv_rc(rc));
            _exit(EXIT_FAILED);
        }
        cv_notify_stopping(&runner->notify);
        cv_log(rc ? CV_LOG_ERROR : CV_LOG_INFO, "stopped", cv_kv_rc(rc));
    }
    cv_ports_close(runner, rc ? 0 : LINGER_MS);
    close_engine(runner);
    cv_notify_close(&runner->notify);
    if (signal_fd >= 0)
        close(signal_fd);
    return exit_status(rc);
}

int cv_service_main(const cv_service_def_t *definition, int argc, char **argv)
{
    flags_t flags = {0};
    char error[CV_CONFIG_ERROR_MAX];
    int status = read_flags(definition, argc, argv, &flags);
    if (status >= 0)
        return status;
    umask(0077); /* databases, backups and messages hold names and addresses */
    (void)setrlimit(RLIMIT_CORE,
                    &(struct rlimit){0, 0}); /* and so does memory, with our keys: a crash leaves no copy */
    if (sodium_init() < 0) {
        say_and_log(definition->name, "libsodium cannot start");
        return EXIT_USAGE;
    }
    cv_runner_t *runner = calloc(1, sizeof *runner);
    if (!runner)
        return EXIT_FAILED;
    runner->def = definition;
    int rc = cv_config_load(flags.config_file, environ, flags.sets, flags.sets_n, &runner->config, error, sizeof error);
    if (!rc)
        rc = cv_config_check(runner->config, definition->name, error, sizeof error);
    const char *domain = rc ? "" : cv_config_text(runner->config, "calendar/domain");
    if (!rc && (rc = cv_calendar_set_domain(cv_str(domain))) != CV_OK)
        (void)snprintf(error, sizeof error, "calendar/domain = %s: no name of a domain, like events.example.org",
                       domain);
    if (rc) {
        say_and_log(definition->name, error);
        status = EXIT_USAGE;
    } else if (flags.check_only) {
        read_settings(runner);
        status = check(runner);
    } else {
        read_settings(runner);
        cv_log_level_t level = CV_LOG_INFO;
        (void)!cv_log_level_parse(cv_str(cv_config_text(runner->config, "log/level")), &level);
        const char *directory = cv_config_text(runner->config, "log/directory");
        if (strcmp(directory, "none") != 0 &&
            cv_log_file(directory, definition->name, cv_config_int(runner->config, "log/file_mib") * 1024 * 1024,
                        (int)cv_config_int(runner->config, "log/files"), error, sizeof error)) {
            cv_log_start(definition->name, level);
            say_and_log(definition->name, error);
            status = EXIT_USAGE;
        } else {
            cv_log_start(definition->name, level);
            status = run(runner, &flags);
        }
    }
    cv_config_destroy(&runner->config);
    free(runner);
    return status;
}
