/* transfer: one attempt as a transfer of libcurl.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/transfer.h"

#include "convene/ids.h"
#include "convene/version.h"
#include "notifications/guard.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    ANSWER_MAX = 64 * 1024, /* octets of an answer's body that are read at most */
    CONNECT_SHARE = 2,      /* of the time limit, for connecting */
    REPLY_CODE = 3,         /* digits of an SMTP reply */
    FINAL_FROM = 200,       /* an HTTP status below is followed by another */
};

struct ntf_transfer {
    const ntf_courier_settings_t *settings;
    ntf_job_t *job;
    ntf_line_t *line;
    CURL *handle;
    struct curl_slist *list; /* recipients, or headers */
    size_t read;             /* of the body */
    size_t answered;         /* octets of the answer's body */
    bool is_answered;        /* a webhook's final status has come, and all headers */
    ntf_phase_t phase;
    bool forbidden;
    bool is_leaving; /* QUIT was sent: what is answered to that says nothing of the message */
};

/* ---- what libcurl calls ------------------------------------------------------------------- */

static size_t s_on_read(char *buffer, size_t size, size_t n, void *arg)
{
    ntf_transfer_t *transfer = arg;
    cv_str_t body = cv_buf_str(&transfer->job->body);
    size_t left = body.len - transfer->read;
    size_t len = size * n < left ? size * n : left;
    if (len)
        memcpy(buffer, body.ptr + transfer->read, len);
    transfer->read += len;
    return len;
}

static size_t s_on_answer(char *buffer, size_t size, size_t n, void *arg)
{
    (void)buffer;
    ntf_transfer_t *transfer = arg;
    transfer->answered += size * n;
    return transfer->answered > ANSWER_MAX ? 0 : size * n;
}

/* Each line of a reply; the last one stays. */
static size_t s_on_line(char *buffer, size_t size, size_t n, void *arg)
{
    ntf_transfer_t *transfer = arg;
    ntf_job_t *job = transfer->job;
    size_t len = size * n;
    if (transfer->is_leaving)
        return len;
    if (!job->is_mail && len == 2 && memcmp(buffer, "\r\n", 2) == 0) {
        long code = 0;
        transfer->is_answered =
            curl_easy_getinfo(transfer->handle, CURLINFO_RESPONSE_CODE, &code) == CURLE_OK && code >= FINAL_FROM;
    }
    if (!job->is_mail && (len < 5 || memcmp(buffer, "HTTP/", 5) != 0))
        return len; /* of a webhook's answer the status line says enough */
    size_t kept = 0;
    for (size_t i = 0; i < len && kept < NTF_REPLY_MAX; i++) {
        if (buffer[i] >= ' ' && buffer[i] <= '~')
            job->reply[kept++] = buffer[i];
    }
    job->reply[kept] = '\0';
    int64_t code;
    if (job->is_mail && kept >= REPLY_CODE && !cv_str_digits((cv_str_t){job->reply, REPLY_CODE}, REPLY_CODE, &code))
        job->code = (int)code;
    return len;
}

/* Sees the commands that are sent, for they say how far it came. Nothing of them is kept. */
static int s_on_command(CURL *handle, curl_infotype type, char *data, size_t len, void *arg)
{
    (void)handle;
    ntf_transfer_t *transfer = arg;
    if (type != CURLINFO_HEADER_OUT)
        return 0;
    if (transfer->job->is_mail && len >= 4 && memcmp(data, "QUIT", 4) == 0) {
        transfer->is_leaving = true;
        return 0;
    }
    bool is_recipient = transfer->job->is_mail && len >= 7 && memcmp(data, "RCPT TO", 7) == 0;
    if (is_recipient)
        transfer->phase = NTF_PHASE_MESSAGE;
    else if (transfer->phase == NTF_PHASE_CONNECT)
        transfer->phase = NTF_PHASE_HELLO;
    return 0;
}

static curl_socket_t s_on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    ntf_transfer_t *transfer = arg;
    if (purpose != CURLSOCKTYPE_IPCXN || !ntf_guard_public(&address->addr, address->addrlen)) {
        transfer->forbidden = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static curl_socket_t s_on_mail_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    ntf_line_t *line = arg;
    int fd =
        line->n < NTF_SOCKETS_MAX ? socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol) : -1;
    if (fd >= 0)
        line->fds[line->n++] = fd;
    return fd;
}

static int s_on_mail_close(void *arg, curl_socket_t fd)
{
    ntf_line_t *line = arg;
    for (size_t i = 0; i < line->n; i++) {
        if (line->fds[i] == fd) {
            line->fds[i] = line->fds[--line->n];
            break;
        }
    }
    return close(fd);
}

/* Called about once a second while libcurl waits within itself. */
static int s_on_progress(void *arg, curl_off_t total, curl_off_t now, curl_off_t total_up, curl_off_t now_up)
{
    (void)total, (void)now, (void)total_up, (void)now_up;
    const ntf_line_t *line = arg;
    int64_t stop_ms = atomic_load(&line->stop_ms);
    return stop_ms != 0 && cv_clock_mono_ms() >= stop_ms;
}

void ntf_line_cut(const ntf_line_t *line)
{
    for (size_t i = 0; i < line->n; i++)
        (void)shutdown(line->fds[i], SHUT_RDWR);
}

/* ---- making ------------------------------------------------------------------------------- */

bool ntf_transfer_mail_usable(cv_str_t mail)
{
    if (mail.len < 2 || mail.ptr[mail.len - 2] != '\r' || mail.ptr[mail.len - 1] != '\n')
        return false;
    for (size_t i = 0; i < mail.len; i++) {
        char c = mail.ptr[i];
        bool stray_cr = c == '\r' && mail.ptr[i + 1 < mail.len ? i + 1 : i] != '\n';
        if (c == '\0' || stray_cr || (c == '\n' && (i == 0 || mail.ptr[i - 1] != '\r')))
            return false;
    }
    return true;
}

static bool s_append(ntf_transfer_t *transfer, const char *line)
{
    struct curl_slist *list = curl_slist_append(transfer->list, line);
    if (list)
        transfer->list = list;
    return list != NULL;
}

#define SET(option, value)                                                     \
    do {                                                                       \
        if (curl_easy_setopt(transfer->handle, (option), (value)) != CURLE_OK) \
            return false;                                                      \
    } while (0)

static bool s_set_common(ntf_transfer_t *transfer)
{
    const ntf_courier_settings_t *settings = transfer->settings;
    SET(CURLOPT_PRIVATE, transfer);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_TIMEOUT_MS, (long)settings->timeout_ms);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)(settings->timeout_ms / CONNECT_SHARE + 1));
    SET(CURLOPT_HEADERFUNCTION, s_on_line);
    SET(CURLOPT_HEADERDATA, transfer);
    SET(CURLOPT_WRITEFUNCTION, s_on_answer);
    SET(CURLOPT_WRITEDATA, transfer);
    SET(CURLOPT_DEBUGFUNCTION, s_on_command);
    SET(CURLOPT_DEBUGDATA, transfer);
    SET(CURLOPT_VERBOSE, 1L);
    if (settings->ca_file[0])
        SET(CURLOPT_CAINFO, settings->ca_file);
    if (settings->ca_file[0] && transfer->job->is_mail) /* a directory of the system's would be looked into as well */
        SET(CURLOPT_CAPATH, NULL);
    return true;
}

static bool s_set_mail(ntf_transfer_t *transfer)
{
    static const long tls[] = {
        [NTF_TLS_REQUIRED] = CURLUSESSL_ALL, [NTF_TLS_OPTIONAL] = CURLUSESSL_TRY, [NTF_TLS_NONE] = CURLUSESSL_NONE};
    const ntf_courier_settings_t *settings = transfer->settings;
    char sender[NTF_ADDRESS_MAX + 3], recipient[NTF_ADDRESS_MAX + 3];
    snprintf(sender, sizeof(sender), "<%s>", settings->sender);
    snprintf(recipient, sizeof(recipient), "<%s>", transfer->job->address);
    SET(CURLOPT_OPENSOCKETFUNCTION, s_on_mail_socket);
    SET(CURLOPT_OPENSOCKETDATA, transfer->line);
    SET(CURLOPT_CLOSESOCKETFUNCTION, s_on_mail_close);
    SET(CURLOPT_CLOSESOCKETDATA, transfer->line);
    SET(CURLOPT_XFERINFOFUNCTION, s_on_progress);
    SET(CURLOPT_XFERINFODATA, transfer->line);
    SET(CURLOPT_NOPROGRESS, 0L);
    SET(CURLOPT_URL, settings->smtp_url);
    SET(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    SET(CURLOPT_USE_SSL, tls[settings->starttls]);
    if (settings->smtp_user[0]) {
        SET(CURLOPT_USERNAME, settings->smtp_user);
        SET(CURLOPT_PASSWORD, settings->smtp_password);
    }
    SET(CURLOPT_MAIL_FROM, sender);
    if (!s_append(transfer, recipient))
        return false;
    SET(CURLOPT_MAIL_RCPT, transfer->list);
    SET(CURLOPT_UPLOAD, 1L);
    SET(CURLOPT_READFUNCTION, s_on_read);
    SET(CURLOPT_READDATA, transfer);
    SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)transfer->job->body.len);
    return true;
}

static bool s_set_webhook(ntf_transfer_t *transfer, int64_t now_s)
{
    const ntf_job_t *job = transfer->job;
    cv_buf_t signature;
    char line[NTF_WEBHOOK_SIGNATURE_MAX + 64];
    cv_buf_init(&signature, NTF_WEBHOOK_SIGNATURE_MAX);
    bool made =
        !ntf_webhook_sign(job->secrets, job->secrets_n, cv_str(job->id), now_s, cv_buf_str(&job->body), &signature);
    snprintf(line, sizeof(line), "webhook-signature: %.*s", CV_STR_ARG(cv_buf_str(&signature)));
    cv_buf_done(&signature);
    made = made && s_append(transfer, line);
    snprintf(line, sizeof(line), "webhook-id: %s", job->id);
    made = made && s_append(transfer, line);
    snprintf(line, sizeof(line), "webhook-timestamp: %lld", (long long)now_s);
    made = made && s_append(transfer, line) && s_append(transfer, "content-type: application/json") &&
           s_append(transfer, "expect:");
    if (!made)
        return false;
    SET(CURLOPT_URL, job->address);
    SET(CURLOPT_PROTOCOLS_STR, transfer->settings->anywhere ? "https,http" : "https");
    SET(CURLOPT_USERAGENT, "convene/" CV_VERSION);
    SET(CURLOPT_HTTPHEADER, transfer->list);
    SET(CURLOPT_POST, 1L);
    SET(CURLOPT_POSTFIELDS, job->body.ptr);
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)job->body.len);
    if (!transfer->settings->anywhere) {
        SET(CURLOPT_OPENSOCKETFUNCTION, s_on_socket);
        SET(CURLOPT_OPENSOCKETDATA, transfer);
    }
    return true;
}

static bool s_usable(const ntf_courier_settings_t *settings, const ntf_job_t *job)
{
    if (job->is_mail)
        return settings->smtp_url[0] && ntf_mail_address_usable(cv_str(job->address)) &&
               ntf_mail_address_usable(cv_str(settings->sender)) && ntf_transfer_mail_usable(cv_buf_str(&job->body));
    for (const char *at = job->id; *at; at++) {
        if (*at <= ' ' || *at > '~')
            return false;
    }
    return !ntf_webhook_url_fault(cv_str(job->address), settings->anywhere) && job->body.len > 0 &&
           job->body.len <= NTF_WEBHOOK_BODY_MAX && job->secrets_n > 0;
}

static ntf_end_t s_end(const ntf_job_t *job, ntf_transport_t transport, ntf_phase_t phase, int64_t retry_after_s)
{
    return job->is_mail ? ntf_end_of_mail(transport, phase, job->code)
                        : ntf_end_of_webhook(transport, phase, job->code, retry_after_s);
}

ntf_transfer_t *ntf_transfer_new(const ntf_courier_settings_t *settings, ntf_job_t *job, ntf_line_t *line,
                                 int64_t now_s)
{
    job->code = 0;
    job->reply[0] = '\0';
    if (!s_usable(settings, job)) {
        job->end = s_end(job, NTF_TRANSPORT_UNUSABLE, NTF_PHASE_CONNECT, 0);
        return NULL;
    }
    ntf_transfer_t *transfer = calloc(1, sizeof(*transfer));
    if (transfer) {
        *transfer = (ntf_transfer_t){.settings = settings, .job = job, .line = line, .handle = curl_easy_init()};
        bool made = transfer->handle && s_set_common(transfer) &&
                    (job->is_mail ? s_set_mail(transfer) : s_set_webhook(transfer, now_s));
        if (!made)
            ntf_transfer_destroy(&transfer);
    }
    if (!transfer)
        job->end = s_end(job, NTF_TRANSPORT_BROKEN, NTF_PHASE_CONNECT, 0);
    return transfer;
}

CURL *ntf_transfer_handle(const ntf_transfer_t *transfer)
{
    return transfer->handle;
}

ntf_transfer_t *ntf_transfer_of(CURL *handle)
{
    void *transfer = NULL;
    (void)curl_easy_getinfo(handle, CURLINFO_PRIVATE, (char **)&transfer);
    return transfer;
}

/* ---- ending ------------------------------------------------------------------------------- */

static ntf_transport_t s_transport(const ntf_transfer_t *transfer, CURLcode result)
{
    enum { REFUSED_FROM = 400 };
    /* Nobody reads its body: that it ends too soon, is too long or never ends says nothing. */
    if (transfer->is_answered)
        return NTF_TRANSPORT_OK;
    switch ((int)result) {
    case CURLE_OK:
        return NTF_TRANSPORT_OK;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
        return transfer->forbidden ? NTF_TRANSPORT_FORBIDDEN : NTF_TRANSPORT_UNREACHABLE;
    case CURLE_OPERATION_TIMEDOUT:
        return NTF_TRANSPORT_TIMEOUT;
    case CURLE_LOGIN_DENIED:
        return NTF_TRANSPORT_LOGIN;
    case CURLE_USE_SSL_FAILED:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ISSUER_ERROR:
        return NTF_TRANSPORT_TLS;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return NTF_TRANSPORT_UNUSABLE;
    default:
        return transfer->job->is_mail && transfer->job->code >= REFUSED_FROM ? NTF_TRANSPORT_REFUSED_BY_REPLY
                                                                             : NTF_TRANSPORT_BROKEN;
    }
}

/* A reply may repeat the recipient's address, which has no business in a log of attempts. */
static void s_hide_address(ntf_job_t *job)
{
    char *at = job->is_mail && job->address[0] ? strcasestr(job->reply, job->address) : NULL;
    while (at) {
        size_t len = strlen(job->address);
        memmove(at + 1, at + len, strlen(at + len) + 1);
        *at = '*';
        at = strcasestr(at, job->address);
    }
}

ntf_job_t *ntf_transfer_end(ntf_transfer_t *transfer, CURLcode result)
{
    ntf_job_t *job = transfer->job;
    curl_off_t retry_after_s = 0;
    if (!job->is_mail) {
        long code = 0;
        (void)curl_easy_getinfo(transfer->handle, CURLINFO_RESPONSE_CODE, &code);
        (void)curl_easy_getinfo(transfer->handle, CURLINFO_RETRY_AFTER, &retry_after_s);
        job->code = (int)code;
    }
    job->end = s_end(job, s_transport(transfer, result), transfer->phase, (int64_t)retry_after_s);
    if (job->reply[0] == '\0' && result != CURLE_OK)
        snprintf(job->reply, sizeof(job->reply), "%s", curl_easy_strerror(result));
    s_hide_address(job);
    return job;
}

void ntf_transfer_destroy(ntf_transfer_t **ref)
{
    ntf_transfer_t *transfer = *ref;
    if (!transfer)
        return;
    if (transfer->handle)
        curl_easy_cleanup(transfer->handle);
    curl_slist_free_all(transfer->list);
    free(transfer);
    *ref = NULL;
}
