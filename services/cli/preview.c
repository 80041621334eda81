/* preview: what notices say, made here from sample records: no service is asked.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cli.h"

#include "convene/ids.h"
#include "notifications/content/languages.h"
#include "notifications/content/preview.h"

#include <stdlib.h>
#include <string.h>

enum { HOUR_MS = 3600 * 1000, RECORDS_MAX = 8, NAMES_MAX = 16 };

/* A sample while it is used: what its records point into. */
typedef struct {
    cli_t *cli;
    const char *name;
    json_t *json;
    cli_input_t inputs[RECORDS_MAX];
    size_t inputs_n;
    ntf_person_t persons[NAMES_MAX];
    ntf_sample_t sample;
} s_work_t;

static int fail_sample(const s_work_t *work, const char *what, const char *why)
{
    return cli_fail(work->cli, CLI_FAILED, "the sample %s is damaged: %s %s", work->name, what, why);
}

static int load(s_work_t *work)
{
    json_error_t error;
    cv_str_t base = ntf_sample("base"), own = ntf_sample(work->name);
    json_t *over = json_loadb(own.ptr, own.len, 0, &error);
    work->json = over ? json_loadb(base.ptr, base.len, 0, &error) : NULL;
    int rc = work->json ? json_object_update(work->json, over) : -1;
    json_decref(over);
    return rc ? fail_sample(work, "JSON", error.text) : CLI_OK;
}

/* A record under that key; NULL: the sample has none. */
static int record(s_work_t *work, const char *key, uint16_t type, const void **ret_record)
{
    const json_t *json = json_object_get(work->json, key);
    cv_fault_t fault = {0};
    *ret_record = NULL;
    if (!json || work->inputs_n == RECORDS_MAX)
        return CLI_OK;
    cli_input_t *input = &work->inputs[work->inputs_n];
    if (cli_input_read(cv_msg_info_at(type), json, input, &fault))
        return fail_sample(work, key, fault.text);
    work->inputs_n++;
    *ret_record = input->data;
    return CLI_OK;
}

static cv_str_t text(const s_work_t *work, const char *key)
{
    return cv_str(json_string_value(json_object_get(work->json, key)));
}

static int records(s_work_t *work)
{
    ntf_sample_t *sample = &work->sample;
    const void *event, *was, *decided, *promoted, *lapsed, *procedure;
    int status = record(work, "event", CV_MSG_SCHEDULING_EVENT_V1, &event);
    if (status == CLI_OK)
        status = record(work, "was", CV_MSG_SCHEDULING_EVENT_V1, &was);
    if (status == CLI_OK)
        status = record(work, "decided", CV_MSG_REGISTRATION_DECIDED_V1, &decided);
    if (status == CLI_OK)
        status = record(work, "promoted", CV_MSG_REGISTRATION_PROMOTED_V1, &promoted);
    if (status == CLI_OK)
        status = record(work, "lapsed", CV_MSG_REGISTRATION_LAPSED_V1, &lapsed);
    if (status == CLI_OK)
        status = record(work, "procedure", CV_MSG_SCHEDULING_DECISION_V1, &procedure);
    if (status != CLI_OK)
        return status;
    sample->news =
        (ntf_news_t){.was = was, .decided = decided, .promoted = promoted, .lapsed = lapsed, .procedure = procedure};
    sample->news.reviewer = text(work, "reviewer");
    sample->news.proposer = text(work, "proposer_name");
    sample->news.breaker = text(work, "breaker_name");
    sample->news.is_weekly = json_is_true(json_object_get(work->json, "weekly"));
    sample->context.details = procedure ? NULL : event;
    sample->zone = procedure ? sample->news.procedure->zone : sample->context.details->event_details.zone;
    sample->context.event = procedure ? sample->news.procedure->decision : sample->context.details->event;
    return CLI_OK;
}

static int fill(s_work_t *work)
{
    ntf_sample_t *sample = &work->sample;
    const json_t *names = json_object_get(work->json, "names");
    size_t n = json_array_size(names);
    int64_t time_ms;
    sample->kind = json_string_value(json_object_get(work->json, "kind"));
    sample->anchor = json_string_value(json_object_get(work->json, "anchor"));
    sample->audience = json_string_value(json_object_get(work->json, "audience"));
    sample->calendar = json_string_value(json_object_get(work->json, "calendar"));
    sample->before_ms = cli_int_of(work->json, "before_hours") * HOUR_MS;
    if (sample->anchor && cv_time_parse(text(work, "at"), &sample->anchor_ms))
        return fail_sample(work, "at", "must be an instant");
    if (cv_time_parse(text(work, "time"), &time_ms))
        return fail_sample(work, "time", "must be an instant");
    for (size_t i = 0; i < n && i < NAMES_MAX; i++)
        work->persons[i] = (ntf_person_t){(int64_t)i + 1, cv_str(json_string_value(json_array_get(names, i)))};
    sample->to_address = text(work, "address");
    sample->context = (ntf_context_t){.language = sample->context.language,
                                      .recipient = text(work, "recipient"),
                                      .party = text(work, "party"),
                                      .party_name = text(work, "party_name"),
                                      .area = text(work, "area"),
                                      .venue_name = text(work, "venue_name"),
                                      .persons = work->persons,
                                      .persons_n = n < NAMES_MAX ? n : NAMES_MAX,
                                      .time_ms = time_ms,
                                      .notice = text(work, "notice"),
                                      .person = cli_int_of(work->json, "person"),
                                      .place = cv_person_state_parse(text(work, "place")),
                                      .is_replaced = json_is_true(json_object_get(work->json, "replaced")),
                                      .is_second = json_is_true(json_object_get(work->json, "second"))};
    return records(work);
}

static int show(const s_work_t *work, const ntf_preview_t *preview, const char *format)
{
    cv_str_t subject = cv_buf_str(&preview->text.subject);
    cv_str_t shown = strcmp(format, "html") == 0   ? cv_buf_str(&preview->text.html)
                     : strcmp(format, "mime") == 0 ? cv_buf_str(&preview->mail)
                                                   : cv_buf_str(&preview->text.body);
    if (work->cli->json)
        return cli_document(work->cli, "convene.cli.notice.preview.v1",
                            json_pack("{s:s, s:s, s:s, s:s%, s:s%}", "sample", work->name, "kind", work->sample.kind,
                                      "format", format, "subject", subject.ptr, subject.len, "content", shown.ptr,
                                      shown.len));
    if (strcmp(format, "text") == 0)
        printf("Subject: %.*s\n\n", CV_STR_ARG(subject));
    return fwrite(shown.ptr, 1, shown.len, stdout) == shown.len ? CLI_OK : CLI_FAILED;
}

static json_t *samples(void)
{
    json_t *names = json_array();
    for (size_t i = 0; ntf_sample_name(i); i++)
        json_array_append_new(names, json_string(ntf_sample_name(i)));
    return names;
}

static int list(cli_t *cli)
{
    json_t *names = samples();
    if (cli->json)
        return cli_document(cli, "convene.cli.notice.samples.v1", json_pack("{s:o}", "samples", names));
    for (size_t i = 0; i < json_array_size(names); i++)
        printf("%s\n", json_string_value(json_array_get(names, i)));
    json_decref(names);
    return CLI_OK;
}

static const char *sample_at(const void *names, size_t i)
{
    return json_string_value(json_array_get(names, i));
}

static int unknown_sample(cli_t *cli, const char *name)
{
    json_t *names = samples();
    const char *near = cli_nearest(name, sample_at, names, json_array_size(names));
    int status = cli_fail(cli, CLI_NOTFOUND, "there is no sample \"%s\"%s%s%s; `convene notice preview` lists them",
                          name, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    json_decref(names);
    return status;
}

int cli_notice_preview(cli_t *cli)
{
    const char *format = cli_flag(cli, "format", "text"), *code = cli_flag(cli, "language", "en");
    s_work_t work = {.cli = cli};
    ntf_preview_t preview;
    if (strcmp(format, "text") != 0 && strcmp(format, "html") != 0 && strcmp(format, "mime") != 0)
        return cli_usage(cli, "--format is text, html or mime, not \"%s\"", format);
    if (cli->args_n == 0)
        return list(cli);
    int status = cli_languages_read(cli);
    if (status != CLI_OK)
        return status;
    work.sample.context.language = cv_str(code);
    if (!cv_str_is_language(cv_str(code)) || !ntf_language_is_known(cv_str(code))) {
        char known[200];
        ntf_languages_list(known, sizeof known);
        return cli_usage(cli, "--language is a language that notices are written in (%s), not \"%s\"", known, code);
    }
    work.name = cli->args[0];
    if (!ntf_sample(work.name).ptr || strcmp(work.name, "base") == 0)
        return unknown_sample(cli, work.name);
    status = load(&work);
    if (status == CLI_OK)
        status = fill(&work);
    if (status == CLI_OK) {
        int rc = ntf_preview(&work.sample, &preview);
        status = rc ? fail_sample(&work, "it makes no notice:", cv_error_name(rc)) : show(&work, &preview, format);
        ntf_preview_done(&preview);
    }
    for (size_t i = 0; i < work.inputs_n; i++)
        cli_input_done(&work.inputs[i]);
    json_decref(work.json);
    return status;
}
