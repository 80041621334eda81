/* send: see send.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "send.h"

#include <stdlib.h>
#include <string.h>

enum { POLL_MS = 200, WINDOW_DEFAULT = 512, SUBJECT_MAX = 128 };

typedef struct {
    char id[CV_UUID_TEXT + 1];
    int64_t number;
    const cv_msg_info_t *info;
} open_t;

struct cli_sender {
    cli_t *cli;
    cv_client_t *client;
    size_t window;
    int64_t idle_ms, heard_ms;
    void (*done)(void *arg, const cli_sent_t *sent);
    void *arg;
    open_t *open; /* unanswered, in no order */
    size_t open_n, open_room;
    bool silent; /* one ended without an outcome */
};

cli_sender_t *cli_sender_new(cli_t *cli, cv_client_t *client, size_t window, int64_t idle_ms,
                             void (*done)(void *arg, const cli_sent_t *sent), void *arg)
{
    cli_sender_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->cli = cli;
    self->client = client;
    self->window = window ? window : WINDOW_DEFAULT;
    self->idle_ms = idle_ms;
    self->heard_ms = cv_clock_mono_ms();
    self->done = done;
    self->arg = arg;
    self->open_room = self->window;
    self->open = calloc(self->open_room, sizeof *self->open);
    if (!self->open)
        cli_sender_destroy(&self);
    return self;
}

void cli_sender_destroy(cli_sender_t **sender)
{
    if (*sender)
        free((*sender)->open);
    free(*sender);
    *sender = NULL;
}

static void on_answer(void *arg, const cv_answer_t *answer)
{
    cli_sender_t *self = arg;
    self->heard_ms = cv_clock_mono_ms();
    for (size_t i = 0; i < self->open_n; i++) {
        if (strcmp(self->open[i].id, answer->id) != 0)
            continue;
        cli_sent_t sent = {.number = self->open[i].number,
                           .info = self->open[i].info,
                           .rc = answer->rc,
                           .outcome = answer->outcome,
                           .raw = answer->raw,
                           .cls = answer->outcome ? answer->outcome->cls : CV_OUTCOME_CLASS_ABSENT,
                           .latency_ms = answer->latency_ms};
        memcpy(sent.id, answer->id, sizeof sent.id);
        self->open[i] = self->open[--self->open_n];
        self->silent |= sent.rc != CV_OK;
        self->done(self->arg, &sent);
        return;
    }
}

/* Waits until at most `most` are unanswered. */
static int wait_until(cli_sender_t *self, size_t most)
{
    while (self->open_n > most) {
        int rc = cv_client_poll(self->client, POLL_MS, on_answer, self);
        if (rc < 0)
            return rc;
        if (cv_clock_mono_ms() - self->heard_ms < self->idle_ms)
            continue;
        rc = cv_client_give_up(self->client, on_answer, self); /* what is there has had its time */
        if (rc < 0)
            return rc;
        if (self->silent)
            return CV_ETIMEOUT;
    }
    return CV_OK;
}

int cli_sender_wait(cli_sender_t *self)
{
    int rc = wait_until(self, 0);
    return rc == CV_ETIMEOUT ? CV_OK : rc;
}

int cli_sender_add(cli_sender_t *self, int64_t number, const cv_msg_info_t *info, json_t *data, bool texts,
                   const char *id)
{
    cli_input_t input = {0};
    cv_fault_t fault = {0};
    int rc = texts ? cli_input_read_texts(info, data, &input, &fault) : cli_input_read(info, data, &input, &fault);
    if (rc != CV_OK) {
        cli_sent_t sent = {.number = number, .info = info, .rc = CV_EINVAL, .fault = &fault};
        (void)snprintf(sent.id, sizeof sent.id, "%s", id ? id : "");
        self->done(self->arg, &sent);
        json_decref(data);
        return CV_OK;
    }
    rc = wait_until(self, self->window - 1);
    if (rc == CV_OK) {
        char subject[SUBJECT_MAX];
        cli_subject_of(data, subject, sizeof subject);
        if (self->open_n == 0)
            self->heard_ms = cv_clock_mono_ms();
        open_t *open = &self->open[self->open_n];
        const cv_submit_t how = {.id = id, .timeout_ms = CV_CLIENT_FOREVER}; /* wait_until ends it */
        rc = cv_client_submit(self->client, info->number, *subject ? cv_str(subject) : CV_STR_NONE, input.data, &how,
                              open->id);
        if (rc == CV_ECONFLICT) { /* the same id is on its way: after its answer it may go again */
            rc = wait_until(self, 0);
            open = &self->open[self->open_n];
            if (rc == CV_OK)
                rc = cv_client_submit(self->client, info->number, *subject ? cv_str(subject) : CV_STR_NONE, input.data,
                                      &how, open->id);
        }
        uint8_t key[CV_UUID_LEN];
        if (rc == CV_ECONFLICT && id && cv_uuid_parse(cv_str(id), key) == CV_OK) {
            /* Not one of ours: an earlier process left it in the outbox, and it is being asked. Its answer is the one.
             */
            cv_uuid_text(key, open->id);
            rc = CV_OK;
        }
        if (rc == CV_OK) {
            open->number = number;
            open->info = info;
            self->open_n++;
        }
    }
    cli_input_done(&input);
    json_decref(data);
    return rc;
}

/* ---- types, subjects, ids ------------------------------------------------------------------ */

static const char *short_name(const void *list, size_t i)
{
    return ((const char *const *)list)[i];
}

const cv_msg_info_t *cli_request_type(cli_t *cli, const char *text)
{
    const cv_msg_info_t *found = NULL;
    size_t found_n = 0;
    bool is_whole = false; /* all behind the service's name was said: "withdraw" is no consent.withdraw */
    char several[512] = "";
    char bares[CV_MSG_MAX][64];
    const char *names[CV_MSG_MAX]; /* without ".v1", for who mistypes */
    size_t names_n = 0;
    for (uint16_t number = 1; number <= CV_MSG_MAX; number++) {
        const cv_msg_info_t *info = cv_msg_info_at(number);
        if (!info || info->kind != CV_KIND_REQUEST)
            continue;
        if (strcmp(info->type, text) == 0)
            return info;
        const char *name = info->type + strlen("convene.");
        (void)snprintf(bares[names_n], sizeof bares[0], "%.*s", (int)strlen(name) - 3, name);
        names[names_n] = bares[names_n];
        names_n++;
        /* "registration.register.v1" is meant by "registration.register", "register", "register.v1". */
        size_t len = strlen(name), want = strlen(text);
        size_t bare = len > 3 && strcmp(name + len - 3, ".v1") == 0 ? len - 3 : len;
        bool fits = false;
        for (size_t end = bare; end <= len && !fits; end += len - bare ? len - bare : 1)
            fits = want <= end && strncmp(name + end - want, text, want) == 0 &&
                   (want == end || name[end - want - 1] == '.');
        if (!fits)
            continue;
        const char *dot = strchr(name, '.');
        bool whole = dot && strncmp(dot + 1, text, want) == 0;
        if (is_whole && !whole)
            continue;
        if (whole && !is_whole) {
            is_whole = true;
            found_n = 0;
            several[0] = '\0';
        }
        size_t at = strlen(several);
        (void)snprintf(several + at, sizeof several - at, "%s%s", at ? ", " : "", name);
        found_n++;
        found = info;
    }
    if (found_n > 1) {
        cli_usage(cli, "\"%s\" can mean %s", text, several);
        return NULL;
    }
    if (!found) {
        const char *near = cli_nearest(text, short_name, names, names_n);
        cli_usage(cli, "there is no request type \"%s\"%s%s; `convene help requests` lists them", text,
                  near ? "; did you mean " : "", near ? near : "");
    }
    return found;
}

void cli_subject_of(const json_t *data, char *ret_text, size_t size)
{
    const char *event = cli_text_of(data, "event"), *party = cli_text_of(data, "party"),
               *code = cli_text_of(data, "code");
    if (*event && *party)
        (void)snprintf(ret_text, size, "%s/%s", event, party);
    else
        (void)snprintf(ret_text, size, "%s", *event ? event : *party ? party : code);
}

int cli_id_of(const cv_client_t *client, const char *type, const json_t *data, char ret_id[CV_UUID_TEXT + 1])
{
    char *text = json_dumps(data, JSON_COMPACT | JSON_SORT_KEYS);
    if (!text)
        return CV_ENOMEM;
    cv_client_id_of(client, type, cv_str(text), ret_id);
    free(text);
    return CV_OK;
}
