/* service: the definition of the dashboard service, and how its view comes and goes.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "convene/config.h"
#include "convene/log.h"
#include "dashboard/dashboard.h"
#include "dashboard/desk.h"
#include "dashboard/json.h"
#include "dashboard/pulse.h"
#include "dashboard/web.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char s_timer[] = "release";
static const char *const s_asked[] = {"scheduling", "registration", "notifications", "dashboard"};
enum { ASKED_N = sizeof(s_asked) / sizeof(s_asked[0]) };

/* What configure() found, for open(): service.h gives that nothing but the database. Without it there are no threads,
 * as in tests of the service alone. */
static struct {
    int listen_fd, desk_fd; /* 0: none */
    int64_t clock_offset_ms;
    bool insecure;
    char keys[CV_CONFIG_VALUE_MAX], desk_as[CV_NAME_MAX + 1], link_key[CV_CONFIG_VALUE_MAX],
        sessions[CV_CONFIG_VALUE_MAX];
    dash_proxy_t proxy;
    char endpoints[ASKED_N][CV_ENDPOINT_MAX];
} s_gate;

typedef struct {
    cv_db_t *db;
    dash_store_t *store;
    dash_view_t *view;  /* NULL: to be loaded from what is committed */
    json_t *untold;     /* {kind: {key: true}} of what is committed, or will be, and not told yet */
    bool has_moved;     /* records have come since the positions were told */
    bool tell_all;      /* the web thread has nothing of this view yet */
    int64_t release_ms; /* when the timer is due; 0: not known */
    cv_client_service_t asked[ASKED_N];
    dash_link_t *link; /* NULL: no web thread */
    dash_web_t *web;
    dash_pulse_t *pulse;
    dash_desk_t *desk; /* NULL: there is none */
} dash_t;

/* The first line of the file; NULL: there is none set. */
static int s_read_secret(const char *path, char *text, size_t size, const char **ret_secret, char *ret_error,
                         size_t error_size)
{
    *ret_secret = NULL;
    if (strcmp(path, "none") == 0)
        return CV_OK;
    FILE *file = fopen(path, "re");
    if (!file || !fgets(text, (int)size, file)) {
        (void)snprintf(ret_error, error_size, "dashboard/proxy_secret_file = %s: %s", path,
                       file ? "there is nothing in it" : strerror(errno));
        if (file)
            (void)fclose(file);
        return CV_EINVAL;
    }
    (void)fclose(file);
    text[strcspn(text, "\r\n")] = '\0';
    *ret_secret = text;
    return CV_OK;
}

static int s_check_proxy(const struct cv_config *config, char *ret_error, size_t error_size)
{
    char text[DASH_PROXY_SECRET_MAX + 3];
    const char *secret;
    int rc = s_read_secret(cv_config_text(config, "dashboard/proxy_secret_file"), text, sizeof(text), &secret,
                           ret_error, error_size);
    if (!rc)
        rc = dash_proxy_read(cv_config_text(config, "dashboard/proxy_header"),
                             cv_config_text(config, "dashboard/proxy_from"), secret, &s_gate.proxy, ret_error,
                             error_size);
    sodium_memzero(text, sizeof(text));
    return rc;
}

static int s_check_desk(const struct cv_config *config, char *ret_error, size_t error_size)
{
    const char *desk = cv_config_of(config, "dashboard", "desk"), *as = cv_config_of(config, "dashboard", "desk_as");
    (void)snprintf(s_gate.link_key, sizeof(s_gate.link_key), "%s", cv_config_text(config, "dashboard/link_key"));
    (void)snprintf(s_gate.sessions, sizeof(s_gate.sessions), "%s", cv_config_text(config, "dashboard/sessions"));
    if (strcmp(desk, "none") == 0)
        return CV_OK;
    if (s_gate.insecure) {
        (void)snprintf(ret_error, error_size,
                       "dashboard/desk = %s: with security = none nobody is known; names are shown only with keys",
                       desk);
        return CV_EINVAL;
    }
    if (cv_str_copy(cv_str(as), s_gate.desk_as, sizeof(s_gate.desk_as))) {
        (void)snprintf(ret_error, error_size, "dashboard/desk_as: longer than %d octets", CV_NAME_MAX);
        return CV_EINVAL;
    }
    int rc = s_check_proxy(config, ret_error, error_size);
    return rc ? rc : dash_web_check("dashboard/desk", desk, ret_error, error_size);
}

/* Its settings without the socket. */
static int s_check(const struct cv_config *config, char *ret_error, size_t error_size)
{
    const char *http = cv_config_of(config, "dashboard", "http");
    s_gate.clock_offset_ms = cv_config_int(config, "clock/offset_ms");
    s_gate.insecure = strcmp(cv_config_text(config, "security"), "none") == 0;
    (void)snprintf(s_gate.keys, sizeof(s_gate.keys), "%s", cv_config_text(config, "keys"));
    for (size_t i = 0; i < ASKED_N; i++) {
        const char *endpoint = cv_config_of(config, s_asked[i], "endpoint");
        if (cv_str_copy(cv_str(endpoint), s_gate.endpoints[i], sizeof(s_gate.endpoints[i]))) {
            (void)snprintf(ret_error, error_size, "%s/endpoint: longer than %d octets", s_asked[i],
                           CV_ENDPOINT_MAX - 1);
            return CV_EINVAL;
        }
    }
    int rc = s_check_desk(config, ret_error, error_size);
    return rc || strcmp(http, "none") == 0 ? rc : dash_web_check("dashboard/http", http, ret_error, error_size);
}

static int s_configure(const struct cv_config *config, char *ret_error, size_t error_size)
{
    const char *http = cv_config_of(config, "dashboard", "http"), *desk = cv_config_of(config, "dashboard", "desk");
    int rc = s_check(config, ret_error, error_size);
    if (!rc && strcmp(desk, "none") != 0)
        rc = dash_web_bind("dashboard/desk", desk, &s_gate.desk_fd, ret_error, error_size);
    if (!rc && strcmp(http, "none") != 0)
        rc = dash_web_bind("dashboard/http", http, &s_gate.listen_fd, ret_error, error_size);
    return rc;
}

/* ---- life -------------------------------------------------------------------------------------- */

static void s_close(void **self)
{
    dash_t *dash = *self;
    if (!dash)
        return;
    dash_desk_stop(&dash->desk);
    dash_pulse_stop(&dash->pulse);
    dash_web_stop(&dash->web);
    dash_link_destroy(&dash->link);
    if (dash->store)
        dash_store_close(&dash->store);
    dash_view_destroy(&dash->view);
    json_decref(dash->untold);
    free(dash);
    *self = NULL;
}

static int s_start_gate(dash_t *dash)
{
    char url[256], error[CV_CONFIG_ERROR_MAX] = "";
    int fd = s_gate.listen_fd;
    dash_web_url(fd, url, sizeof(url));
    s_gate.listen_fd = 0;
    int rc = dash_link_new(&dash->link);
    if (rc)
        close(fd);
    else
        rc = dash_web_start(&(dash_web_options_t){fd, s_gate.clock_offset_ms, dash->link}, &dash->web);
    for (size_t i = 0; i < ASKED_N; i++)
        dash->asked[i] = (cv_client_service_t){s_asked[i], s_gate.endpoints[i]};
    if (!rc)
        rc = dash_pulse_start(&(dash_pulse_options_t){.client = {.services = dash->asked,
                                                                 .services_n = ASKED_N,
                                                                 .keys = s_gate.keys,
                                                                 .principal = "dashboard",
                                                                 .insecure = s_gate.insecure},
                                                      .clock_offset_ms = s_gate.clock_offset_ms,
                                                      .link = dash->link},
                              &dash->pulse, error, sizeof(error));
    if (rc)
        cv_log(CV_LOG_ERROR, "gate_not_opened", cv_kv_text("reason", error[0] ? error : cv_error_text(rc)));
    else
        cv_log(CV_LOG_INFO, "http_ready", cv_kv_text("url", url));
    return rc;
}

/* Its own thread, its own key: nothing goes between it and the rest. */
static int s_start_desk(dash_t *dash)
{
    char url[256];
    int fd = s_gate.desk_fd;
    dash_web_url(fd, url, sizeof(url));
    s_gate.desk_fd = 0;
    for (size_t i = 0; i < ASKED_N; i++)
        dash->asked[i] = (cv_client_service_t){s_asked[i], s_gate.endpoints[i]};
    int rc = dash_desk_start(&(dash_desk_options_t){.listen_fd = fd,
                                                    .clock_offset_ms = s_gate.clock_offset_ms,
                                                    .client = {.services = dash->asked,
                                                               .services_n = ASKED_N,
                                                               .keys = s_gate.keys,
                                                               .principal = s_gate.desk_as},
                                                    .key_file = s_gate.link_key,
                                                    .sessions_file = s_gate.sessions,
                                                    .proxy = &s_gate.proxy},
                             &dash->desk);
    if (rc)
        cv_log(CV_LOG_ERROR, "desk_not_opened", cv_kv_rc(rc));
    else
        cv_log(CV_LOG_INFO, "desk_ready", cv_kv_text("url", url));
    return rc;
}

/* The view as it is committed, if it is not in memory. */
static int s_ready(dash_t *dash)
{
    if (dash->view)
        return CV_OK;
    int rc = dash_view_new(&dash->view);
    if (!rc)
        rc = dash_store_load(dash->store, dash->view);
    if (rc)
        dash_view_destroy(&dash->view);
    return rc;
}

static int s_open(cv_db_t *db, void **ret_self)
{
    dash_t *dash = calloc(1, sizeof(*dash));
    if (!dash)
        return CV_ENOMEM;
    dash->db = db;
    dash->tell_all = true;
    dash->untold = json_object();
    int rc = dash->untold ? dash_store_open(db, &dash->store) : CV_ENOMEM;
    if (!rc)
        rc = s_ready(dash);
    if (!rc && s_gate.listen_fd)
        rc = s_start_gate(dash);
    if (!rc && s_gate.desk_fd)
        rc = s_start_desk(dash);
    void *self = dash;
    if (rc)
        s_close(&self);
    else
        *ret_self = dash;
    return rc;
}

static void s_forget(void *self)
{
    dash_t *dash = self;
    dash_view_destroy(&dash->view);
    dash->release_ms = 0;
}

const dash_view_t *dash_service_view(const void *self)
{
    return ((const dash_t *)self)->view;
}

/* ---- in the engine's transaction ------------------------------------------------------------------ */

static int s_request(void *self, cv_tx_t *tx, const cv_msg_t *msg, const void *data, cv_outcome_t *out)
{
    (void)self;
    (void)msg;
    (void)data;
    return cv_refuse_as(tx, out, CV_EINVAL, "unknown_type", NULL, "the dashboard takes no requests");
}

static int s_record(void *self, cv_tx_t *tx, const char *stream, const cv_msg_t *msg, const void *data)
{
    dash_t *dash = self;
    (void)stream;
    (void)data;
    int rc = s_ready(dash);
    json_t *json = rc ? NULL : dash_json_of(msg->data);
    dash->has_moved = true;
    if (!rc)
        rc = json ? dash_view_apply(dash->view, &(dash_record_t){.number = msg->info->number,
                                                                 .type = msg->info->type,
                                                                 .time_ms = msg->time_ms,
                                                                 .in_snapshot = cv_tx_in_snapshot(tx),
                                                                 .data = json})
                  : CV_ENOMEM;
    json_decref(json);
    return rc;
}

static int s_snapshot_begin(void *self, cv_tx_t *tx, const char *stream)
{
    dash_t *dash = self;
    (void)tx;
    int rc = s_ready(dash);
    return rc ? rc : dash_view_drop_stream(dash->view, stream);
}

static int s_timer_due(void *self, cv_tx_t *tx, const char *kind, cv_str_t key)
{
    dash_t *dash = self;
    (void)tx;
    (void)kind;
    (void)key;
    int rc = s_ready(dash);
    dash->release_ms = 0;
    return rc ? rc : dash_view_touch_seats(dash->view);
}

/* Adds what is dirty to what is to be told. */
static int s_mark_untold(dash_t *dash)
{
    const char *kind;
    json_t *keys;
    json_object_foreach(dash_view_dirty(dash->view), kind, keys)
    {
        json_t *marks = json_object_get(dash->untold, kind);
        if (!dash->link || !dash_view_is_public(kind))
            continue;
        if (marks ? json_object_update(marks, keys) : json_object_set_new(dash->untold, kind, json_copy(keys)))
            return CV_ENOMEM;
    }
    return CV_OK;
}

static int s_flush(void *self, cv_tx_t *tx)
{
    dash_t *dash = self;
    int64_t release_ms = 0;
    if (!dash->view || !json_object_size(dash_view_dirty(dash->view)))
        return CV_OK;
    int rc = dash_view_settle(dash->view, cv_tx_now_ms(tx), &release_ms);
    if (!rc)
        rc = dash_store_save(dash->store, dash->view);
    if (!rc && release_ms && release_ms != dash->release_ms)
        rc = cv_tx_timer_set(tx, s_timer, CV_STR(""), release_ms);
    if (!rc)
        rc = s_mark_untold(dash);
    if (rc)
        return rc;
    dash->release_ms = release_ms;
    dash_view_clean(dash->view);
    return CV_OK;
}

/* ---- after COMMIT ------------------------------------------------------------------------------------ */

static int s_add_kind(dash_t *dash, dash_batch_t *batch, const char *kind, json_t *keys)
{
    const char *key;
    json_t *value;
    int rc = CV_OK;
    json_object_foreach(keys, key, value)
    {
        if (!rc)
            rc = dash_batch_add(batch, kind, key, dash_view_get(dash->view, kind, key));
    }
    return rc;
}

static int s_add_all(dash_t *dash, dash_batch_t *batch)
{
    const char *kind;
    json_t *keys;
    int rc = CV_OK;
    json_object_foreach(dash_view_all(dash->view), kind, keys)
    {
        if (!rc && dash_view_is_public(kind))
            rc = s_add_kind(dash, batch, kind, keys);
    }
    return rc;
}

/* Where in the streams what is told stands: in the same batch, so that they never part. */
static int s_add_positions(dash_t *dash, dash_batch_t *batch)
{
    json_t *positions = NULL, *position;
    const char *stream;
    int rc = dash_store_positions(dash->store, &positions);
    json_object_foreach(positions, stream, position)
    {
        if (!rc)
            rc = dash_batch_add(batch, "position", stream, position);
    }
    json_decref(positions);
    return rc;
}

static int s_afterwards(void *self, cv_db_t *db, int64_t now_ms, bool *ret_more)
{
    dash_t *dash = self;
    const char *kind;
    json_t *keys;
    (void)db;
    (void)now_ms;
    *ret_more = false;
    if (dash->link)
        dash_link_woken(dash->link);
    if (!dash->link || !(dash->tell_all || dash->has_moved || json_object_size(dash->untold)))
        return CV_OK;
    if (dash_link_is_full(dash->link)) /* it gathers, and goes when there is room: what would be refused is not made */
        return CV_OK;
    int rc = s_ready(dash);
    dash_batch_t *batch = rc ? NULL : dash_batch_new(dash->tell_all);
    if (!rc && !batch)
        rc = CV_ENOMEM;
    if (!rc && dash->tell_all)
        rc = s_add_all(dash, batch);
    json_object_foreach(dash->untold, kind, keys)
    {
        if (!rc && !dash->tell_all)
            rc = s_add_kind(dash, batch, kind, keys);
    }
    if (!rc)
        rc = s_add_positions(dash, batch);
    if (!rc)
        rc = dash_link_post(dash->link, &batch);
    dash_batch_destroy(&batch);
    if (!rc) {
        dash->tell_all = dash->has_moved = false;
        json_object_clear(dash->untold);
    }
    return rc == CV_EAGAIN ? CV_OK : rc; /* full by now */
}

static int s_wake_fd(void *self)
{
    const dash_t *dash = self;
    return dash->link ? dash_link_wake_fd(dash->link) : -1;
}

/* A record that cannot be shown must not keep others from being shown: it is set aside, visibly. */
static const cv_follow_def_t s_follows[] = {
    {.service = "scheduling", .stream = "scheduling.events", .park_poison = true},
    {.service = "registration", .stream = "registration.events", .park_poison = true},
    {.service = "notifications", .stream = "notifications.events", .park_poison = true},
};

static const char *const s_migrations[] = {dash_tables_1, dash_tables_2};

const cv_service_def_t dash_service = {
    .name = "dashboard",
    .application_id = 0x43764461, /* "CvDa" */
    .migrations = s_migrations,
    .migrations_n = sizeof(s_migrations) / sizeof(s_migrations[0]),
    .follows = s_follows,
    .follows_n = sizeof(s_follows) / sizeof(s_follows[0]),
    .configure = s_configure,
    .check = s_check,
    .open = s_open,
    .close = s_close,
    .request = s_request,
    .record = s_record,
    .snapshot_begin = s_snapshot_begin,
    .timer = s_timer_due,
    .flush = s_flush,
    .forget = s_forget,
    .afterwards = s_afterwards,
    .wake_fd = s_wake_fd,
};
