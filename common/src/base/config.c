/* config: reads file, environment and flags into one table of values with origins.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The table below is the one description of all settings: what is read, refused, shown (config_describe.c), printed in
 * the manual page and in the example file comes from it.
 */
#include "convene/config.h"

#include "base/zpl.h"
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LIMIT(role, requests, questions)                                                                               \
    {"limits/" role "/requests", CV_CONFIG_INT, requests, "the same for each " role, NULL, 0, 1000000, "a second"},    \
    {                                                                                                                  \
        "limits/" role "/questions", CV_CONFIG_INT, questions, "the same for each " role, NULL, 0, 1000000, "a second" \
    }

/* Where a row ends early, the rest of it is nothing: no choices, no range, no unit. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
static const cv_config_key_t s_keys[] = {
    {"data", CV_CONFIG_DIR, "./convene-data", "directory of the databases", NULL, 0, 0},
    {"keys", CV_CONFIG_DIR, "${data}/keys", "directory of the CURVE certificates", NULL, 0, 0},
    {"security", CV_CONFIG_CHOICE, "curve", "none is allowed on ipc endpoints only", "curve|none", 0, 0},
    {"clock/offset_ms", CV_CONFIG_INT, "0", "added to the wall clock, for demonstrations", NULL, -4102444800000,
     4102444800000, "milliseconds"},
    {"registration/endpoint", CV_CONFIG_ENDPOINT, "tcp://127.0.0.1:24100", "where registration is reached", NULL, 0, 0},
    {"registration/master_key", CV_CONFIG_SECRET, "${keys}/registration.master",
     "file of the key without which the personal data in registration's database cannot be read", NULL, 0, 0},
    {"registration/purge_days", CV_CONFIG_INT, "90",
     "days after an event's last day on which its personal data are erased, unless the event says otherwise (0: never)",
     NULL, 0, 36500, "days"},
    {"registration/access_days", CV_CONFIG_INT, "365",
     "days for which registration keeps who has read whose personal data", NULL, 1, 36500, "days"},
    {"registration/access_rows", CV_CONFIG_INT, "1000000",
     "readings of personal data that registration keeps at most; the oldest go first, whatever their age", NULL, 1000,
     100000000, "readings"},
    {"registration/bind", CV_CONFIG_ENDPOINT, "${registration/endpoint}", "where registration listens", NULL, 0, 0},
    {"scheduling/endpoint", CV_CONFIG_ENDPOINT, "tcp://127.0.0.1:24110", "where scheduling is reached", NULL, 0, 0},
    {"scheduling/bind", CV_CONFIG_ENDPOINT, "${scheduling/endpoint}", "where scheduling listens", NULL, 0, 0},
    {"notifications/endpoint", CV_CONFIG_ENDPOINT, "tcp://127.0.0.1:24120", "where notifications is reached", NULL, 0,
     0},
    {"notifications/bind", CV_CONFIG_ENDPOINT, "${notifications/endpoint}", "where notifications listens", NULL, 0, 0},
    {"notifications/outbox", CV_CONFIG_DIR, "${data}/outbox", "directory that written messages are put into", NULL, 0,
     0},
    {"notifications/retry", CV_CONFIG_TEXT, "5s 5m 30m 2h 5h 10h 14h 20h 24h",
     "pauses after the first, second ... failure of a mail or webhook; after the last one it is given up", NULL, 0, 0},
    {"notifications/timeout_ms", CV_CONFIG_INT, "30000", "an attempt to send a mail or to call a webhook takes at most",
     NULL, 100, 600000, "ms"},
    {"notifications/mail_rate", CV_CONFIG_INT, "0",
     "mails a minute to the mail server at most (0: as many as it takes)", NULL, 0, 100000, "a minute"},
    {"notifications/webhook_rate", CV_CONFIG_INT, "0",
     "calls a minute of the webhooks of one host at most (0: the same)", NULL, 0, 100000, "a minute"},
    {"notifications/escalate_reminder", CV_CONFIG_INT, "720",
     "minutes before a deadline at which a reminder that nobody has got goes to the party's next contact (0: never)",
     NULL, 0, 43200, "minutes"},
    {"notifications/escalate_promotion", CV_CONFIG_INT, "720", "the same of an offer of seats that ends", NULL, 0,
     43200, "minutes"},
    {"notifications/escalate_silence", CV_CONFIG_INT, "1440", "the same of the opening of a silence procedure", NULL, 0,
     43200, "minutes"},
    {"notifications/report_days", CV_CONFIG_INT, "0",
     "days after an event's last one in which its report is due; who proposed it is reminded (0: never)", NULL, 0, 3650,
     "days"},
    {"notifications/secretariat", CV_CONFIG_TEXT, "SECRETARIAT",
     "the party whose recipients are told of a notice that nobody of its party got before its deadline (none: nobody)",
     NULL, 0, 0},
    {"notifications/ping", CV_CONFIG_TEXT, "0",
     "how long after it was set or confirmed a recipient is asked whether it is still the right one, like 90d (0: never)",
     NULL, 0, 0},
    {"notifications/ping_answer", CV_CONFIG_TEXT, "14d", "how long it has for its answer", NULL, 0, 0},
    {"notifications/languages", CV_CONFIG_TEXT, "none",
     "directory of catalogues of words, NAME.po, for notices in more languages than English and Russian; none: no more",
     NULL, 0, 0},
    {"notifications/ca_file", CV_CONFIG_TEXT, "none",
     "file of certificates: by these alone the mail server is trusted, and webhooks by these and the system's; none: the system's",
     NULL, 0, 0},
    {"notifications/webhook_key", CV_CONFIG_SECRET, "${data}/notifications.webhook-key",
     "file of the key that the secrets of webhooks are made from", NULL, 0, 0},
    {"notifications/webhook_to", CV_CONFIG_CHOICE, "public",
     "where webhooks may go to: public addresses by https, or any (also of this machine, also by http)", "public|any",
     0, 0},
    {"smtp/url", CV_CONFIG_TEXT, "none",
     "mail server that takes notices, smtp://host:port or smtps://host:port; none: they are put into the outbox", NULL,
     0, 0},
    {"smtp/sender", CV_CONFIG_TEXT, "none", "address that mail comes from", NULL, 0, 0},
    {"smtp/reply_to", CV_CONFIG_TEXT, "none",
     "address of the secretariat, which answers to mail go to; none: they go to smtp/sender", NULL, 0, 0},
    {"smtp/starttls", CV_CONFIG_CHOICE, "required", "encryption on smtp://", "required|optional|none", 0, 0},
    {"smtp/user", CV_CONFIG_TEXT, "none", "name to log in with", NULL, 0, 0},
    {"smtp/password_file", CV_CONFIG_SECRET, "none", "file with its password", NULL, 0, 0},
    {"dashboard/endpoint", CV_CONFIG_ENDPOINT, "tcp://127.0.0.1:24130",
     "where the dashboard answers questions of programs", NULL, 0, 0},
    {"dashboard/bind", CV_CONFIG_ENDPOINT, "${dashboard/endpoint}", "where the dashboard listens for them", NULL, 0, 0},
    {"dashboard/http", CV_CONFIG_TEXT, "127.0.0.1:24180", "address and port of the dashboard's page; none: no page",
     NULL, 0, 0},
    {"dashboard/desk", CV_CONFIG_TEXT, "none",
     "address and port of the page for those who may see names; none: there is none", NULL, 0, 0},
    {"dashboard/desk_as", CV_CONFIG_TEXT, "dashboard-desk", "name of the key, of role service, that it asks with", NULL,
     0, 0},
    {"dashboard/link_key", CV_CONFIG_SECRET, "${keys}/dashboard.links", "file of the key that signs links to it", NULL,
     0, 0},
    {"dashboard/sessions", CV_CONFIG_TEXT, "${data}/dashboard-sessions.db",
     "file of who is signed in there, and which links were used", NULL, 0, 0},
    {"dashboard/proxy_header", CV_CONFIG_TEXT, "none",
     "header in which a reverse proxy tells the desk the principal that has signed in there; none: nobody is believed",
     NULL, 0, 0},
    {"dashboard/proxy_from", CV_CONFIG_TEXT, "none", "addresses of that proxy, apart by spaces", NULL, 0, 0},
    {"dashboard/proxy_secret_file", CV_CONFIG_SECRET, "none",
     "file with the secret that the proxy sends as X-Convene-Proxy-Secret", NULL, 0, 0},
    {"calendar/domain", CV_CONFIG_TEXT, "convene.invalid",
     "domain behind the '@' of UIDs in calendars: one for each Convene, and never another once anybody subscribes",
     NULL, 0, 0},
    {"store/reserve_mib", CV_CONFIG_INT, "64", "below this much free disk space writes are refused", NULL, 0, 1048576,
     "MiB"},
    {"store/keep_records", CV_CONFIG_INT, "0",
     "of each stream keep at least so many records; older ones go once all followers have them (0: keep all)", NULL, 0,
     INT64_MAX, "records"},
    {"limits/requests", CV_CONFIG_INT, "5000",
     "requests a second that one principal may send; more are refused as BUSY (0: no limit)", NULL, 0, 1000000,
     "a second"},
    {"limits/questions", CV_CONFIG_INT, "2000",
     "questions a second that one principal may ask, a large answer counting as several (0: no limit)", NULL, 0,
     1000000, "a second"},
    LIMIT("operator", "${limits/requests}", "${limits/questions}"),
    LIMIT("secretariat", "${limits/requests}", "${limits/questions}"),
    LIMIT("focal_point", "200", "200"),
    LIMIT("publisher", "${limits/requests}", "${limits/questions}"),
    LIMIT("service", "${limits/requests}", "10000"),
    LIMIT("observer", "${limits/requests}", "${limits/questions}"),
    {"log/level", CV_CONFIG_CHOICE, "info", "the least important lines to log", "debug|info|warn|error|none", 0, 0},
    {"log/directory", CV_CONFIG_TEXT, "none",
     "directory in which each service logs to a file of its name; none: to standard error", NULL, 0, 0},
    {"log/file_mib", CV_CONFIG_INT, "16", "at this size a new file begins", NULL, 1, 1048576, "MiB"},
    {"log/files", CV_CONFIG_INT, "4", "how many of the files before are kept", NULL, 1, 1000, "files"},
};
#pragma GCC diagnostic pop
enum { KEYS_N = sizeof s_keys / sizeof *s_keys };

#define KEY_MAX 64
#define ORIGIN_MAX 256
#define ENV_PREFIX "CONVENE_"

struct cv_config {
    struct {
        char value[CV_CONFIG_VALUE_MAX];
        char origin[ORIGIN_MAX];
    } of[KEYS_N];
};

const cv_config_key_t *cv_config_keys(size_t *ret_n)
{
    *ret_n = KEYS_N;
    return s_keys;
}

static int s_find(const char *key)
{
    for (int i = 0; i < KEYS_N; i++)
        if (strcmp(s_keys[i].key, key) == 0)
            return i;
    return -1;
}

/* ---- the nearest key ---------------------------------------------------------------------- */

/* Levenshtein distance; both at most KEY_MAX long. */
static size_t s_distance(const char *a, const char *b)
{
    size_t row[KEY_MAX + 1];
    size_t a_len = strlen(a), b_len = strlen(b);
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[b_len];
}

/* NULL when nothing is near. Who leaves out the section ("endpoint") is helped too. */
static const char *s_nearest(const char *key)
{
    if (strlen(key) > KEY_MAX)
        return NULL;
    const char *nearest = NULL;
    size_t least = SIZE_MAX;
    for (int i = 0; i < KEYS_N; i++) {
        const char *last = strrchr(s_keys[i].key, '/');
        size_t distance = s_distance(key, s_keys[i].key);
        if (last && strcmp(last + 1, key) == 0)
            distance = 1;
        if (distance < least) {
            least = distance;
            nearest = s_keys[i].key;
        }
    }
    return least <= strlen(key) / 2 + 1 ? nearest : NULL;
}

/* ---- setting one value -------------------------------------------------------------------- */

typedef struct {
    cv_config_t *config;
    char *error;
    size_t error_size;
} load_t;

static int s_fail(const load_t *load, const char *origin, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static int s_fail(const load_t *load, const char *origin, const char *format, ...)
{
    char text[CV_CONFIG_ERROR_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    snprintf(load->error, load->error_size, "%s: %s", origin, text);
    return CV_EINVAL;
}

static int s_unknown(const load_t *load, const char *origin, const char *key)
{
    const char *nearest = s_nearest(key);
    if (nearest)
        return s_fail(load, origin, "unknown key \"%s\"; did you mean \"%s\"?", key, nearest);
    return s_fail(load, origin, "unknown key \"%s\"; --help lists the known ones", key);
}

static int s_integer(const char *text, int64_t *ret_value)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || end == text || *end || isspace((unsigned char)*text))
        return CV_EINVAL;
    *ret_value = value;
    return CV_OK;
}

static bool s_is_choice(const char *choices, const char *value)
{
    size_t len = strlen(value);
    if (strchr(value, '|'))
        return false;
    for (const char *at = choices; len && at; at = strchr(at, '|')) {
        at += *at == '|';
        if (strncmp(at, value, len) == 0 && (at[len] == '|' || at[len] == '\0'))
            return true;
    }
    return false;
}

static bool s_is_endpoint(const char *value)
{
    if (strncmp(value, "ipc://", 6) == 0)
        return value[6] != '\0';
    if (strncmp(value, "tcp://", 6) != 0)
        return false;
    const char *colon = strrchr(value + 6, ':');
    int64_t port;
    return colon && colon > value + 6 && s_integer(colon + 1, &port) == CV_OK && port >= 1 && port <= 65533;
}

static int s_set(const load_t *load, const char *key, const char *value, const char *origin)
{
    int index = s_find(key);
    if (index < 0)
        return s_unknown(load, origin, key);
    const cv_config_key_t *known = &s_keys[index];
    if (strlen(value) >= CV_CONFIG_VALUE_MAX)
        return s_fail(load, origin, "%s is longer than %d octets", key, CV_CONFIG_VALUE_MAX - 1);
    for (const char *at = value; *at; at++)
        if (iscntrl((unsigned char)*at))
            return s_fail(load, origin, "%s has a control character", key);
    int64_t number;
    switch (known->type) {
    case CV_CONFIG_INT:
        if (s_integer(value, &number) || number < known->min || number > known->max)
            return s_fail(load, origin, "%s must be a whole number from %lld to %lld, not \"%s\"", key,
                          (long long)known->min, (long long)known->max, value);
        break;
    case CV_CONFIG_CHOICE:
        if (!s_is_choice(known->choices, value))
            return s_fail(load, origin, "%s must be one of %s, not \"%s\"", key, known->choices, value);
        break;
    case CV_CONFIG_ENDPOINT:
        if (!s_is_endpoint(value))
            return s_fail(load, origin, "%s must be tcp://address:port or ipc://path, not \"%s\"", key, value);
        break;
    case CV_CONFIG_TEXT:
    case CV_CONFIG_DIR:
    case CV_CONFIG_SECRET:
    default:
        if (!*value)
            return s_fail(load, origin, "%s is empty", key);
    }
    snprintf(load->config->of[index].value, CV_CONFIG_VALUE_MAX, "%s", value);
    snprintf(load->config->of[index].origin, ORIGIN_MAX, "%s", origin);
    return CV_OK;
}

/* ---- file --------------------------------------------------------------------------------- */

typedef struct {
    const load_t *load;
    const char *file;
    bool seen[KEYS_N];
} file_t;

static int s_visit(void *arg, const cv_zpl_item_t *item)
{
    file_t *file = arg;
    if (item->is_section)
        return CV_OK; /* its name is judged with the keys in it */
    char origin[ORIGIN_MAX];
    snprintf(origin, sizeof origin, "%s:%u", file->file, item->line);
    int index = s_find(item->path);
    if (index >= 0 && file->seen[index])
        return s_fail(file->load, origin, "%s is set twice", item->path);
    int rc = s_set(file->load, item->path, item->value, origin);
    if (!rc)
        file->seen[index] = true;
    return rc;
}

static int s_load_file(const load_t *load, const char *path)
{
    file_t file = {.load = load, .file = path};
    return cv_zpl_read(path, s_visit, &file, load->error, load->error_size);
}

/* ---- environment and flags ---------------------------------------------------------------- */

/* The file that the environment names; NULL: none. */
static const char *s_file_of(char *const *environment)
{
    static const char name[] = ENV_PREFIX "CONFIG=";
    for (; *environment; environment++)
        if (strncmp(*environment, name, sizeof name - 1) == 0 && (*environment)[sizeof name - 1])
            return *environment + sizeof name - 1;
    return NULL;
}

static int s_load_environment(const load_t *load, char *const *environment)
{
    for (; *environment; environment++) {
        const char *equals = strchr(*environment, '=');
        if (!equals || strncmp(*environment, ENV_PREFIX, strlen(ENV_PREFIX)) != 0)
            continue;
        char name[KEY_MAX];
        if ((size_t)(equals - *environment) >= sizeof name)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)(equals - *environment), *environment);
        char known[CV_CONFIG_VARIABLE_MAX];
        int rc = CV_ENOTFOUND;
        for (int i = 0; i < KEYS_N && rc == CV_ENOTFOUND; i++) {
            if (strcmp(name, cv_config_variable(s_keys[i].key, known)) == 0)
                rc = s_set(load, s_keys[i].key, equals + 1, name);
            else if (s_distance(name + strlen(ENV_PREFIX), known + strlen(ENV_PREFIX)) <= 1)
                rc = s_fail(load, name, "unknown variable; did you mean %s?", known);
        }
        if (rc && rc != CV_ENOTFOUND)
            return rc;
    }
    return CV_OK;
}

static int s_load_set(const load_t *load, const char *set)
{
    const char *equals = strchr(set, '=');
    char key[CV_CONFIG_ERROR_MAX / 2];
    if (!equals || (size_t)(equals - set) >= sizeof key)
        return s_fail(load, "--set", "expected key=value, not \"%.64s\"", set);
    snprintf(key, sizeof key, "%.*s", (int)(equals - set), set);
    return s_set(load, key, equals + 1, "--set");
}

/* ---- all of it ---------------------------------------------------------------------------- */

/* Defaults that refer to other keys, once those are known. A reference is to a key above in the table. */
static int s_expand(const load_t *load, int index)
{
    const char *value = s_keys[index].value;
    if (strncmp(value, "${", 2) != 0)
        return CV_OK;
    const char *close = strchr(value, '}');
    assert(close);
    char key[KEY_MAX];
    snprintf(key, sizeof key, "%.*s", (int)(close - value - 2), value + 2);
    int other = s_find(key);
    assert(other >= 0 && other < index);
    char expanded[CV_CONFIG_VALUE_MAX];
    int len = snprintf(expanded, sizeof expanded, "%s%s", load->config->of[other].value, close + 1);
    if (len >= CV_CONFIG_VALUE_MAX)
        return s_fail(load, load->config->of[other].origin, "%s is too long", key);
    memcpy(load->config->of[index].value, expanded, sizeof expanded);
    return CV_OK;
}

int cv_config_load(const char *file, char *const *environment, const char *const *sets, size_t sets_n,
                   cv_config_t **ret_config, char *ret_error, size_t error_size)
{
    cv_config_t *config = calloc(1, sizeof *config);
    load_t load = {config, ret_error, error_size};
    if (!config) {
        snprintf(ret_error, error_size, "%s", cv_error_text(CV_ENOMEM));
        return CV_ENOMEM;
    }
    for (int i = 0; i < KEYS_N; i++)
        snprintf(config->of[i].value, CV_CONFIG_VALUE_MAX, "%s", s_keys[i].value);
    if (!file && environment)
        file = s_file_of(environment);
    int rc = file ? s_load_file(&load, file) : CV_OK;
    if (!rc && environment)
        rc = s_load_environment(&load, environment);
    for (size_t i = 0; i < sets_n && !rc; i++)
        rc = s_load_set(&load, sets[i]);
    for (int i = 0; i < KEYS_N && !rc; i++)
        if (!*config->of[i].origin)
            rc = s_expand(&load, i);
    if (rc)
        cv_config_destroy(&config);
    else
        *ret_config = config;
    return rc;
}

void cv_config_destroy(cv_config_t **config)
{
    free(*config);
    *config = NULL;
}

const char *cv_config_text(const cv_config_t *config, const char *key)
{
    int index = s_find(key);
    assert(index >= 0);
    return config->of[index].value;
}

int64_t cv_config_int(const cv_config_t *config, const char *key)
{
    int64_t value = 0;
    int rc = s_integer(cv_config_text(config, key), &value);
    assert(rc == CV_OK);
    (void)rc;
    return value;
}

const char *cv_config_of(const cv_config_t *config, const char *service, const char *name)
{
    char key[KEY_MAX];
    snprintf(key, sizeof key, "%s/%s", service, name);
    return cv_config_text(config, key);
}

const char *cv_config_origin(const cv_config_t *config, const char *key)
{
    int index = s_find(key);
    assert(index >= 0);
    return *config->of[index].origin ? config->of[index].origin : "default";
}

/* ---- what no single value shows ----------------------------------------------------------- */

/* Who has write access may put another secret there; who can read it has it. */
static int s_check_secret(const load_t *load, int index)
{
    struct stat info;
    const char *key = s_keys[index].key, *path = load->config->of[index].value;
    const char *origin = cv_config_origin(load->config, key);
    if (strcmp(path, "none") == 0)
        return CV_OK;
    if (stat(path, &info))
        return errno == ENOENT || errno == ENOTDIR
                   ? CV_OK
                   : s_fail(load, origin, "%s: cannot look at %s: %s", key, path, strerror(errno));
    if (!S_ISREG(info.st_mode))
        return s_fail(load, origin, "%s: %s is not a file", key, path);
    if (info.st_mode & 077)
        return s_fail(load, origin, "%s: others than its owner can read %s (mode %04o); its mode must be 0600", key,
                      path, (unsigned)(info.st_mode & 07777));
    return CV_OK;
}

int cv_config_check(const cv_config_t *config, const char *service, char *ret_error, size_t error_size)
{
    /* Only to carry what s_fail needs: nothing is set through it. */
    load_t load = {(cv_config_t *)(uintptr_t)config, ret_error, error_size};
    bool encrypted = strcmp(cv_config_text(config, "security"), "none") != 0;
    size_t len = service ? strlen(service) : 0;
    for (int i = 0; i < KEYS_N; i++) {
        if (service && (strncmp(s_keys[i].key, service, len) != 0 || s_keys[i].key[len] != '/'))
            continue;
        int rc = CV_OK;
        if (s_keys[i].type == CV_CONFIG_SECRET)
            rc = s_check_secret(&load, i);
        if (s_keys[i].type == CV_CONFIG_ENDPOINT && !encrypted && strncmp(config->of[i].value, "ipc://", 6) != 0)
            rc = s_fail(&load, cv_config_origin(config, s_keys[i].key),
                        "%s = %s: security = none is allowed on ipc only", s_keys[i].key, config->of[i].value);
        if (rc)
            return rc;
    }
    return CV_OK;
}
