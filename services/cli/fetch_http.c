/* fetch_http: see fetch_http.h.
 * SPDX-License-Identifier: Apache-2.0
 *
 * HTTP/1.0, so that the answer ends with the connection and comes in one piece. All of it, from looking the name up to
 * the last octet, is within the timeout of the command line, but for the name server's own. No TLS: where the dashboard
 * is behind a proxy, this is run beside it.
 */
#include "fetch_http.h"

#include "convene/ids.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HOST_MAX = 256, PORT_MAX = 8 };

typedef struct {
    char host[HOST_MAX], port[PORT_MAX];
    const char *authority; /* within the URL: for Host */
    int authority_len;
} place_t;

/* "http://HOST[:PORT][/]" */
static bool read_url(const char *url, place_t *ret_place)
{
    static const char scheme[] = "http://";
    if (strncmp(url, scheme, strlen(scheme)) != 0)
        return false;
    const char *start = url + strlen(scheme);
    size_t len = strcspn(start, "/?#");
    if (start[len] && strcmp(start + len, "/") != 0)
        return false;
    bool six = start[0] == '[';
    const char *closed = six ? memchr(start, ']', len) : NULL, *host = start + six;
    const char *colon = memchr(six && closed ? closed : start, ':', len - (size_t)(six && closed ? closed - start : 0));
    size_t host_len = six ? (closed ? (size_t)(closed - host) : 0) : colon ? (size_t)(colon - start) : len;
    cv_str_t port = colon ? (cv_str_t){colon + 1, len - (size_t)(colon + 1 - start)} : CV_STR("80");
    *ret_place = (place_t){.authority = start, .authority_len = (int)len};
    return host_len && port.len && strspn(port.ptr, "0123456789") >= port.len &&
           cv_str_copy((cv_str_t){host, host_len}, ret_place->host, HOST_MAX) == CV_OK &&
           cv_str_copy(port, ret_place->port, PORT_MAX) == CV_OK;
}

/* Waits until fd is ready for what; false: the time is over. */
static bool wait_for(int fd, short what, int64_t end_ms)
{
    for (;;) {
        int64_t left_ms = end_ms - cv_clock_mono_ms();
        struct pollfd ready = {.fd = fd, .events = what};
        int n = left_ms > 0 ? poll(&ready, 1, (int)left_ms) : 0;
        if (n > 0 || (n == 0 && left_ms <= 0))
            return n > 0;
        if (n < 0 && errno != EINTR)
            return false;
    }
}

/* A connected socket; -1 with errno. */
static int dial(const place_t *place, int64_t end_ms)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    int fd = -1, why = EHOSTUNREACH;
    if (getaddrinfo(place->host, place->port, &hints, &found) == 0) {
        for (struct addrinfo *one = found; one && fd < 0; one = one->ai_next) {
            socklen_t len = sizeof why;
            fd = socket(one->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
            if (fd < 0)
                continue;
            why = connect(fd, one->ai_addr, one->ai_addrlen) == 0 ? 0 : errno;
            if (why == EINPROGRESS && !wait_for(fd, POLLOUT, end_ms))
                why = ETIMEDOUT;
            else if (why == EINPROGRESS && getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &len))
                why = errno;
            if (why) {
                close(fd);
                fd = -1;
            }
        }
        freeaddrinfo(found);
    }
    errno = why;
    return fd;
}

/* Sends the question and reads to the end; 0 or an errno. */
static int talk(int fd, const char *question, size_t len, int64_t end_ms, cv_buf_t *answer)
{
    for (size_t sent = 0; sent < len;) {
        ssize_t n = wait_for(fd, POLLOUT, end_ms) ? send(fd, question + sent, len - sent, MSG_NOSIGNAL) : -1;
        if (n < 0)
            return cv_clock_mono_ms() >= end_ms ? ETIMEDOUT : errno;
        sent += (size_t)n;
    }
    for (;;) {
        char part[65536];
        ssize_t n = wait_for(fd, POLLIN, end_ms) ? recv(fd, part, sizeof part, 0) : -1;
        if (n < 0)
            return cv_clock_mono_ms() >= end_ms ? ETIMEDOUT : errno;
        if (n == 0)
            return 0;
        cv_buf_put(answer, part, (size_t)n);
        if (answer->rc != CV_OK)
            return EMSGSIZE;
    }
}

/* The body of "HTTP/1.1 200 OK ..."; CLI_OK with it parsed. */
static int read_answer(cli_t *cli, const char *url, const char *path, const char *text, json_t **ret_json)
{
    const char *body = strstr(text, "\r\n\r\n");
    if (strncmp(text, "HTTP/1.", 7) != 0 || !body)
        return cli_fail(cli, CLI_FAILED, "%s%s does not speak HTTP", url, path);
    if (strncmp(text + 8, " 200 ", 5) != 0)
        return cli_fail(cli, CLI_FAILED, "%s%s answers \"%.*s\"", url, path, (int)strcspn(text + 9, "\r\n"), text + 9);
    json_error_t error;
    json_t *json = json_loads(body + 4, 0, &error);
    if (!json)
        return cli_fail(cli, CLI_FAILED, "what %s%s answers is no JSON, or was cut: %s", url, path, error.text);
    *ret_json = json;
    return CLI_OK;
}

int cli_http_json(cli_t *cli, const char *url, const char *path, json_t **ret_json)
{
    place_t place;
    char question[1024];
    int64_t end_ms = cv_clock_mono_ms() + cli->timeout_ms;
    if (!read_url(url, &place))
        return cli_usage(cli, "\"%s\" is not the address of a dashboard, for instance http://127.0.0.1:24180", url);
    int fd = dial(&place, end_ms);
    if (fd < 0)
        return cli_fail(cli, CLI_UNREACHABLE, "cannot reach %s: %s", url, strerror(errno));
    int len = snprintf(question, sizeof question, "GET %s HTTP/1.0\r\nHost: %.*s\r\nAccept: application/json\r\n\r\n",
                       path, place.authority_len, place.authority);
    cv_buf_t answer;
    cv_buf_init(&answer, CLI_HTTP_MAX);
    int why = len < (int)sizeof question ? talk(fd, question, (size_t)len, end_ms, &answer) : EMSGSIZE;
    close(fd);
    cv_buf_put(&answer, "", 1);
    int status = why || answer.rc != CV_OK ? cli_fail(cli, CLI_UNREACHABLE, "%s gave no whole answer: %s", url,
                                                      strerror(why ? why : EMSGSIZE))
                                           : read_answer(cli, url, path, (const char *)answer.ptr, ret_json);
    cv_buf_done(&answer);
    return status;
}
