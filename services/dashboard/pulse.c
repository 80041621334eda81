/* pulse: see pulse.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/pulse.h"

#include "dashboard/core_derive.h"
#include "dashboard/core_view.h"
#include "dashboard/json.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { HELD_LIMIT = 500 };

struct dash_pulse {
    dash_pulse_options_t options;
    cv_client_t *client;
    cv_reader_t *reader;
    pthread_t thread;
    int stop_fd;
    json_t *known; /* {name: service entity} as told last */
    json_t *held;  /* {party: {party, n, persons}} as told last */
};

static int64_t s_now(const dash_pulse_t *pulse)
{
    return cv_clock_wall_ms() + pulse->options.clock_offset_ms;
}

/* The data of all messages of one page, as a list. NULL: no answer. */
static json_t *s_ask(dash_pulse_t *pulse, const char *service, const char *what, const char *key)
{
    cv_log_query_v1_t query = {.what = cv_str(what), .key = cv_str(key), .has_limit = true, .limit = HELD_LIMIT};
    cv_reply_t *reply = NULL;
    json_t *list = NULL;
    if (cv_client_ask(pulse->client, service, CV_MSG_LOG_QUERY_V1, &query, DASH_PULSE_WAIT_MS, &reply))
        return NULL;
    if (reply->msg.info->number == CV_MSG_LOG_PAGE_V1) {
        const cv_log_page_v1_t *page = reply->data;
        list = json_array();
        for (size_t i = 0; i < page->records.n; i++) {
            cv_msg_t msg;
            if (!cv_msg_read(pulse->reader, cv_records_at(&page->records, i), &msg, NULL) && msg.data)
                json_array_append_new(list, dash_json_of(msg.data));
        }
    }
    cv_reply_destroy(&reply);
    return list;
}

static json_t *s_follows(const json_t *status)
{
    json_t *list = json_array(), *one;
    size_t i;
    json_array_foreach(json_object_get(status, "follows"), i, one)
    {
        int64_t lag = dash_int(one, "head") - dash_int(one, "cursor");
        json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:I}", "stream", dash_str(one, "stream"), "state",
                                              dash_str(one, "state"), "lag", (json_int_t)(lag > 0 ? lag : 0), "parked",
                                              (json_int_t)dash_int(one, "parked")));
    }
    return list;
}

static json_t *s_streams(const json_t *status)
{
    json_t *list = json_array(), *one;
    size_t i;
    json_array_foreach(json_object_get(status, "streams"), i, one)
    {
        json_array_append_new(
            list, json_pack("{s:s, s:I}", "name", dash_str(one, "name"), "head", (json_int_t)dash_int(one, "head")));
    }
    return list;
}

/* status NULL: it does not answer. */
static json_t *s_entity(dash_pulse_t *pulse, const char *name, const json_t *status)
{
    const json_t *before = json_object_get(pulse->known, name);
    bool up = status != NULL, was_up = json_is_true(json_object_get(before, "up"));
    int64_t now_ms = s_now(pulse), since_ms = before && up == was_up ? dash_int(before, "since_ms") : now_ms;
    json_t *entity = json_pack("{s:s, s:b, s:I, s:I}", "name", name, "up", up, "checked_ms", (json_int_t)now_ms,
                               "since_ms", (json_int_t)since_ms);
    const char *version = dash_str(up ? status : before, "version");
    if (entity && *version)
        json_object_set_new(entity, "version", json_string(version));
    if (!entity || !up)
        return entity;
    json_object_set(entity, "ready", json_object_get(status, "ready"));
    json_object_set(entity, "writable", json_object_get(status, "writable"));
    if (json_object_get(status, "problems"))
        json_object_set(entity, "problems", json_object_get(status, "problems"));
    json_object_set_new(entity, "follows", s_follows(status));
    json_object_set_new(entity, "streams", s_streams(status));
    return entity;
}

static int s_look_at(dash_pulse_t *pulse, const char *name, dash_batch_t *batch)
{
    json_t *answer = s_ask(pulse, name, "status", NULL), *status = json_array_get(answer, 0);
    json_t *entity = s_entity(pulse, name, status);
    int rc = entity ? dash_batch_add(batch, "service", name, entity) : CV_ENOMEM;
    if (!rc && status)
        rc = dash_batch_add(batch, "counters", name, status);
    if (entity)
        json_object_set_new(pulse->known, name, entity);
    json_decref(answer);
    return rc;
}

static int s_look_for_held(dash_pulse_t *pulse, dash_batch_t *batch)
{
    json_t *notices = s_ask(pulse, "notifications", "held", "no_recipient"), *entity;
    if (!notices)
        return CV_OK; /* what was last known stays, and the service is shown as down */
    json_t *held = dash_held(notices);
    const char *party;
    int rc = held ? CV_OK : CV_ENOMEM;
    json_object_foreach(pulse->held, party, entity)
    {
        if (!rc && !json_object_get(held, party))
            rc = dash_batch_add(batch, "held", party, NULL);
    }
    json_object_foreach(held, party, entity)
    {
        if (!rc && !json_equal(entity, json_object_get(pulse->held, party)))
            rc = dash_batch_add(batch, "held", party, entity);
    }
    json_decref(notices);
    if (held) {
        json_decref(pulse->held);
        pulse->held = held;
    }
    return rc;
}

static int s_look_at_delivery(dash_pulse_t *pulse, dash_batch_t *batch)
{
    json_t *answer = s_ask(pulse, "notifications", "delivery", NULL);
    const json_t *delivery = json_array_get(answer, 0);
    int rc = delivery ? dash_batch_add(batch, "delivery", "all", delivery) : CV_OK;
    json_decref(answer);
    return rc;
}

static void s_beat(dash_pulse_t *pulse)
{
    dash_batch_t *batch = dash_batch_new(false);
    int rc = batch ? CV_OK : CV_ENOMEM;
    for (size_t i = 0; !rc && i < pulse->options.client.services_n; i++)
        rc = s_look_at(pulse, pulse->options.client.services[i].name, batch);
    if (!rc)
        rc = s_look_for_held(pulse, batch);
    if (!rc)
        rc = s_look_at_delivery(pulse, batch);
    if (!rc)
        rc = dash_link_post(pulse->options.link, &batch);
    if (rc == CV_EAGAIN)
        json_object_clear(pulse->held); /* told anew with the next beat */
    dash_batch_destroy(&batch);
}

static void *s_run(void *arg)
{
    dash_pulse_t *pulse = arg;
    struct pollfd stop = {.fd = pulse->stop_fd, .events = POLLIN};
    do {
        s_beat(pulse);
    } while (poll(&stop, 1, DASH_PULSE_MS) == 0);
    return NULL;
}

static void s_free(dash_pulse_t *pulse)
{
    cv_client_close(&pulse->client);
    cv_reader_destroy(&pulse->reader);
    json_decref(pulse->known);
    json_decref(pulse->held);
    if (pulse->stop_fd >= 0)
        close(pulse->stop_fd);
    free(pulse);
}

int dash_pulse_start(const dash_pulse_options_t *options, dash_pulse_t **ret_pulse, char *ret_error, size_t error_size)
{
    dash_pulse_t *pulse = calloc(1, sizeof(*pulse));
    if (!pulse)
        return CV_ENOMEM;
    pulse->options = *options;
    pulse->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pulse->reader = cv_reader_new();
    pulse->known = json_object();
    pulse->held = json_object();
    int rc = pulse->stop_fd < 0 || !pulse->reader || !pulse->known || !pulse->held ? CV_ENOMEM : CV_OK;
    if (!rc)
        rc = cv_client_open(&options->client, &pulse->client, ret_error, error_size);
    if (!rc && pthread_create(&pulse->thread, NULL, s_run, pulse))
        rc = CV_ENOMEM;
    if (rc) {
        s_free(pulse);
        return rc;
    }
    *ret_pulse = pulse;
    return CV_OK;
}

void dash_pulse_stop(dash_pulse_t **pulse)
{
    uint64_t one = 1;
    if (!*pulse)
        return;
    (void)!write((*pulse)->stop_fd, &one, sizeof(one));
    pthread_join((*pulse)->thread, NULL);
    s_free(*pulse);
    *pulse = NULL;
}
