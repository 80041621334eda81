/* process: see process.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "process.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { ARGS_MAX = 160, SET_MAX = 1200, EXEC_FAILED = 127 };

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
    (void)number;
    stopped = 1;
}

void cli_catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal}; /* no SA_RESTART: a poll ends at once */
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

bool cli_stopped(void)
{
    return stopped;
}

const char *cli_own_directory(void)
{
    static char directory[PATH_MAX];
    if (!*directory) {
        ssize_t len = readlink("/proc/self/exe", directory, sizeof directory - 1);
        directory[len > 0 ? len : 0] = '\0';
        char *slash = strrchr(directory, '/');
        if (slash)
            *slash = '\0';
    }
    return directory;
}

bool cli_beside(const char *name, char ret_path[CLI_PATH_MAX])
{
    return snprintf(ret_path, CLI_PATH_MAX, "%s/%s", cli_own_directory(), name) < CLI_PATH_MAX &&
           access(ret_path, X_OK) == 0;
}

int cli_spawn(const char *path, const char *const *argv, int out, pid_t *ret_child)
{
    pid_t parent = getpid();
    fflush(stdout);
    fflush(stderr);
    pid_t child = fork();
    if (child < 0)
        return CV_EIO;
    if (child > 0) {
        *ret_child = child;
        return CV_OK;
    }
    /* Only async-signal-safe calls from here on. A group of its own: Ctrl-C reaches us alone, and we stop the children
     * in order; should we die, they get SIGTERM from the kernel. */
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(EXEC_FAILED);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    if (out >= 0 && (dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0))
        _exit(EXEC_FAILED);
    execv(path, (char *const *)argv);
    _exit(EXEC_FAILED);
}

int cli_service_start(cli_t *cli, const char *service, const char *const *extra, int out, pid_t *ret_child)
{
    char program[CV_NAME_MAX + 16], path[CLI_PATH_MAX];
    static char sets[ARGS_MAX][SET_MAX];
    const char *argv[2 * ARGS_MAX + 16];
    size_t n = 0, sets_n = 0;
    (void)snprintf(program, sizeof program, "convene-%s", service);
    if (!cli_beside(program, path))
        return cli_fail(cli, CLI_FAILED, "there is no program %s in %s", program, cli_own_directory());
    argv[n++] = path;
    if (cli_flag(cli, "config", NULL)) {
        argv[n++] = "--config";
        argv[n++] = cli_flag(cli, "config", NULL);
    }
    for (size_t i = 0; i < cli->given_n && sets_n < ARGS_MAX; i++) {
        bool data = strcmp(cli->given[i].flag, "data") == 0;
        if (!data && strcmp(cli->given[i].flag, "conf") != 0)
            continue;
        (void)snprintf(sets[sets_n], SET_MAX, "%s%s", data ? "data=" : "", cli->given[i].value);
        argv[n++] = "--set";
        argv[n++] = sets[sets_n++];
    }
    for (size_t i = 0; extra && extra[i] && n < 2 * ARGS_MAX + 15; i++)
        argv[n++] = extra[i];
    argv[n] = NULL;
    int rc = cli_spawn(path, argv, out, ret_child);
    return rc == CV_OK ? CLI_OK : cli_fail(cli, CLI_FAILED, "cannot start %s: %s", path, strerror(errno));
}
