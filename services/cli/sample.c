/* sample: the main job on services that somebody else started: in containers, on other machines.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The sample lives in a time of its own. Services whose clock is elsewhere would close its events at once, and are
 * perhaps in use for something real: the job refuses to touch them, and says how to set the clock.
 */
#include "job.h"
#include "process.h"

#include <string.h>

enum { READY_WAIT_MS = 20000, STATUS_MS = 500, EARLY_MS = 60 * 1000, LATE_MS = 24 * 3600 * 1000 };

static int open_job(cli_t *cli, cli_job_t **ret_job)
{
    if (strcmp(cli->args[0], "cica") != 0)
        return cli_usage(cli, "there is no sample \"%s\"; there is one: cica", cli->args[0]);
    int status = cli_config(cli);
    return status == CLI_OK ? cli_job_new(cli, ret_job) : status;
}

int cli_sample_clock(cli_t *cli)
{
    cli_job_t *job = NULL;
    int status = open_job(cli, &job);
    if (status != CLI_OK)
        return status;
    int64_t offset_ms = cli_job_clock_ms(job) - cv_clock_wall_ms();
    cli_job_destroy(&job);
    if (cli->json)
        return cli_document(cli, "convene.cli.sample-clock.v1", json_pack("{s:I}", "offset_ms", (json_int_t)offset_ms));
    printf("%lld\n", (long long)offset_ms);
    return CLI_OK;
}

/* Each service answers, and lives in the sample's time. */
static int look_at_services(cli_t *cli, const cli_job_t *job)
{
    int64_t end_ms = cv_clock_mono_ms() + READY_WAIT_MS;
    for (size_t i = 0; i < CLI_SERVICES_N;) {
        json_t *data = NULL;
        int rc = cli_service_status(cli, cli_services[i], STATUS_MS, &data);
        bool ready = rc == CV_OK && json_is_true(json_object_get(data, "ready"));
        int64_t into_ms = cli_int_of(data, "now_ms") - cli_job_clock_ms(job);
        json_decref(data);
        if (cli_stopped())
            return CLI_INTERRUPTED;
        if (!ready && cv_clock_mono_ms() > end_ms)
            return cli_fail(cli, CLI_UNREACHABLE, "%s is not ready after %d s: %s", cli_services[i],
                            READY_WAIT_MS / 1000, cv_client_error(cli->client));
        if (ready && (into_ms < -EARLY_MS || into_ms > LATE_MS))
            return cli_fail(cli, CLI_REFUSED,
                            "the clock of %s is not the sample's. Nothing was sent. For a sample start services with "
                            "an empty data folder and CONVENE_CLOCK_OFFSET_MS=%lld",
                            cli_services[i], (long long)(cli_job_clock_ms(job) - cv_clock_wall_ms()));
        i += ready;
    }
    return CLI_OK;
}

int cli_sample_run(cli_t *cli)
{
    cli_job_t *job = NULL;
    int status = open_job(cli, &job);
    if (status != CLI_OK)
        return status;
    cli_catch_signals();
    cli->as = "operator";
    status = cli_connect(cli);
    if (status == CLI_OK)
        status = look_at_services(cli, job);
    if (status == CLI_OK)
        status = cli_job_run(job);
    cli_job_destroy(&job);
    return status;
}
