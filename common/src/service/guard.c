/* guard: keeps who may come in as the key directory says, while the service runs.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every second the directory is looked at; when it has changed (files appear, go and are replaced by renaming, which
 * changes its time), or at SIGHUP, it is read again. A new set is in force for the ZAP handler and for each message
 * from then on: what comes on an open connection whose key is nobody's any more is dropped and counted. What that
 * connection hears ends as well: when a key was lost, by being taken out, replaced or running out, the feed is closed
 * and opened again, and everybody but its owner comes back. What was on its way there is lost, as it may be on a feed.
 *
 * Failure modes:
 *   a certificate is damaged         nothing of the new set is in force; of the old one, what the directory still says:
 *                                    nobody gains, and who was taken out is out. Tried again every second until it
 *                                    reads
 *   the directory cannot be read     the set stays, said in the log: a disk that fails must not lock everybody out
 *   the feed cannot be opened again  fatal: whoever started us starts us again
 *
 * On ipc the path of a socket is removed some time after it was closed, perhaps under the new one: there the feed stays
 * open. Who may open an ipc path is said by its permissions.
 */
#include "service/runner.h"

#include "convene/ids.h"
#include "convene/log.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOOK_MS = 1000, FRESH_MS = 2000, REOPEN_MS = 5000, REOPEN_STEP_MS = 2, ERROR_MAX = CV_CONFIG_ERROR_MAX };

static void path_of(const cv_runner_t *runner, char path[CV_CONFIG_VALUE_MAX + 8])
{
    snprintf(path, CV_CONFIG_VALUE_MAX + 8, "%s/allow", runner->keys_dir);
}

int cv_guard_load(cv_runner_t *runner, cv_principals_t **ret_principals, char *ret_error, size_t error_size)
{
    char path[CV_CONFIG_VALUE_MAX + 8];
    path_of(runner, path);
    return cv_principals_load(path, ret_principals, ret_error, error_size);
}

/* The address is free some time after the close. */
static int reopen_feed(cv_runner_t *runner)
{
    char error[ERROR_MAX] = "";
    const char *endpoint = cv_config_of(runner->config, runner->def->name, "bind");
    const cv_security_t security = {.self = &runner->identity};
    if (strncmp(endpoint, "tcp://", 6) != 0) {
        cv_log(CV_LOG_WARN, "feed_not_closed", cv_kv_text("endpoint", endpoint),
               cv_kv_text("effect", "who has it open hears on; a restart ends that"));
        return CV_OK;
    }
    cv_parcels_flush(runner->parcels);
    cv_socket_close(&runner->feed, 0);
    int64_t end_ms = cv_clock_mono_ms() + REOPEN_MS;
    int rc;
    while ((rc = cv_socket_open(runner->context, CV_SOCKET_FEED, endpoint, &security, &runner->feed, error,
                                sizeof error)) == CV_ELOCKED &&
           cv_clock_mono_ms() < end_ms)
        (void)zmq_poll(NULL, 0, REOPEN_STEP_MS);
    if (rc)
        cv_log(CV_LOG_ERROR, "feed_not_opened", cv_kv_text("reason", error));
    else
        cv_log(CV_LOG_INFO, "feed_reopened", cv_kv_text("reason", "a key is no longer good"));
    return rc;
}

/* Puts a set in force here and at the ZAP handler; takes both. */
static int put_in_force(cv_runner_t *runner, cv_principals_t **ours, cv_principals_t **theirs)
{
    int64_t now_ms = cv_clock_wall_ms();
    int rc = cv_zap_reload(runner->zap, theirs);
    if (rc) {
        cv_principals_destroy(ours);
        return rc;
    }
    bool lost = now_ms >= runner->guard.end_ms || cv_principals_lost(runner->principals, *ours, now_ms);
    cv_principals_destroy(&runner->principals);
    runner->principals = *ours;
    *ours = NULL;
    runner->guard.end_ms = cv_principals_next_end(runner->principals, now_ms);
    return lost ? reopen_feed(runner) : CV_OK;
}

/* When the whole cannot be read: takes out who is no longer there. */
static int keep_what_is_said(cv_runner_t *runner)
{
    char path[CV_CONFIG_VALUE_MAX + 8];
    cv_principals_t *ours = NULL, *theirs = NULL;
    path_of(runner, path);
    if (access(path, R_OK | X_OK) != 0)
        return CV_OK;
    int rc = cv_principals_kept(runner->principals, path, &ours);
    if (!rc)
        rc = cv_principals_kept(runner->principals, path, &theirs);
    if (rc || !cv_principals_lost(runner->principals, ours, cv_clock_wall_ms())) {
        cv_principals_destroy(&ours);
        cv_principals_destroy(&theirs);
        return rc;
    }
    cv_log(CV_LOG_WARN, "keys_taken_out", cv_kv_int("principals", (int64_t)cv_principals_count(ours)));
    return put_in_force(runner, &ours, &theirs);
}

static int reload(cv_runner_t *runner, bool asked)
{
    char error[ERROR_MAX] = "";
    cv_principals_t *ours = NULL, *theirs = NULL;
    int rc = cv_guard_load(runner, &ours, error, sizeof error);
    if (!rc)
        rc = cv_guard_load(runner, &theirs, error, sizeof error);
    if (!rc) {
        runner->guard.error[0] = '\0';
        int64_t now_ms = cv_clock_wall_ms();
        if (asked || cv_principals_lost(runner->principals, ours, now_ms) ||
            cv_principals_lost(ours, runner->principals, now_ms))
            cv_log(CV_LOG_INFO, "keys_reloaded", cv_kv_int("principals", (int64_t)cv_principals_count(ours)));
        return put_in_force(runner, &ours, &theirs);
    }
    cv_principals_destroy(&ours);
    if (asked || strcmp(error, runner->guard.error) != 0)
        cv_log(CV_LOG_ERROR, "keys_not_reloaded", cv_kv_text("reason", error),
               cv_kv_text("effect", "nobody is let in anew; who was taken out is out"));
    snprintf(runner->guard.error, sizeof runner->guard.error, "%s", error);
    return keep_what_is_said(runner);
}

/* Whether the directory is not as it was when it was read. A change within the granularity of its time would be missed,
 * so while it is fresh it is read again. */
static bool has_changed(cv_runner_t *runner)
{
    char path[CV_CONFIG_VALUE_MAX + 8];
    struct stat now;
    path_of(runner, path);
    if (stat(path, &now))
        return true;
    const struct stat *seen = &runner->guard.seen;
    bool same = now.st_ino == seen->st_ino && now.st_dev == seen->st_dev &&
                now.st_mtim.tv_sec == seen->st_mtim.tv_sec && now.st_mtim.tv_nsec == seen->st_mtim.tv_nsec;
    bool was_fresh = runner->guard.was_fresh;
    runner->guard.seen = now;
    runner->guard.was_fresh =
        !same || (was_fresh && cv_clock_wall_ms() - (int64_t)now.st_mtim.tv_sec * 1000 < FRESH_MS);
    return !same || was_fresh;
}

void cv_guard_start(cv_runner_t *runner)
{
    if (!runner->encrypted)
        return;
    (void)has_changed(runner); /* what it is like; it was read a moment ago, and is once more at the first look */
    runner->guard.end_ms = cv_principals_next_end(runner->principals, cv_clock_wall_ms());
    runner->guard.looked_ms = cv_clock_mono_ms();
}

int cv_guard_tend(cv_runner_t *runner, bool asked, int64_t mono_ms)
{
    if (!runner->encrypted || (!asked && mono_ms - runner->guard.looked_ms < LOOK_MS))
        return CV_OK;
    runner->guard.looked_ms = mono_ms;
    bool changed = has_changed(runner) || runner->guard.error[0];
    if (asked || changed)
        return reload(runner, asked);
    int64_t now_ms = cv_clock_wall_ms();
    if (now_ms < runner->guard.end_ms)
        return CV_OK;
    cv_log(CV_LOG_INFO, "former_key_ended");
    runner->guard.end_ms = cv_principals_next_end(runner->principals, now_ms);
    return reopen_feed(runner);
}
