/* bare_mail: the limit that delivery is held against: messages handed to the same mail server, and nothing else.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   bench-bare_mail url=smtp://HOST:PORT n=10000 size=6000 dir=DIR
 *
 * As many connections at once as the service has (NTF_ROOM_MAIL), by the same library, each message to an address of its
 * own; and as many syncs: whenever some have ended, one write and fdatasync for these ends and the next leases together. It
 * composes nothing, keeps no queue, reads no database and tells nobody. Prints one JSON object.
 */
#include "bench.h"
#include "notifications/dispatch.h"

#include <curl/curl.h>
#include <fcntl.h>

typedef struct {
    struct curl_slist *recipients;
    const char *text;
    size_t len, at;
} mail_t;

static size_t on_read(char *to, size_t size, size_t n, void *arg)
{
    mail_t *mail = arg;
    size_t room = size * n, left = mail->len - mail->at, part = left < room ? left : room;
    memcpy(to, mail->text + mail->at, part);
    mail->at += part;
    return part;
}

static void give(CURLM *multi, CURL *handle, mail_t *mail, uint64_t number, const char *text, size_t len)
{
    char to[64];
    curl_slist_free_all(mail->recipients);
    snprintf(to, sizeof to, "desk-%" PRIu64 "@bare.example", number);
    *mail = (mail_t){.recipients = curl_slist_append(NULL, to), .text = text, .len = len};
    curl_easy_setopt(handle, CURLOPT_MAIL_RCPT, mail->recipients);
    curl_easy_setopt(handle, CURLOPT_READDATA, mail);
    curl_multi_add_handle(multi, handle);
}

static CURL *handle_new(const char *url, mail_t *mail)
{
    CURL *handle = curl_easy_init();
    if (!handle)
        DIE("no memory");
    curl_easy_setopt(handle, CURLOPT_URL, url);
    curl_easy_setopt(handle, CURLOPT_MAIL_FROM, "notices@bare.example");
    curl_easy_setopt(handle, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(handle, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(handle, CURLOPT_PRIVATE, mail);
    return handle;
}

/* A message of about so many octets. */
static char *text_new(size_t size, size_t *ret_len)
{
    static const char head[] =
        "From: notices@bare.example\r\nSubject: bare\r\nMessage-ID: <bare.0.1.X@bare.example>\r\n\r\n";
    char *text = malloc(size + sizeof head + 80);
    if (!text)
        DIE("no memory");
    size_t len = sizeof head - 1;
    memcpy(text, head, len);
    while (len < size) {
        memset(text + len, 'x', 70);
        memcpy(text + len + 70, "\r\n", 2);
        len += 72;
    }
    *ret_len = len;
    return text;
}

static void sync_rows(int fd, size_t rows)
{
    static char row[512 * 2 * NTF_ROOM_MAIL];
    size_t len = 512 * rows;
    if (write(fd, row, len) != (ssize_t)len || fdatasync(fd))
        DIE("fdatasync: %s", strerror(errno));
}

static void run(const char *url, uint64_t n, size_t size, int fd)
{
    CURLM *multi = curl_multi_init();
    mail_t mails[NTF_ROOM_MAIL] = {{0}};
    size_t len;
    char *text = text_new(size, &len);
    uint64_t given = 0, done = 0, syncs = 1, begun = now_ns();
    sync_rows(fd, NTF_ROOM_MAIL);
    for (size_t i = 0; i < NTF_ROOM_MAIL && given < n; i++)
        give(multi, handle_new(url, &mails[i]), &mails[i], given++, text, len);
    while (done < n) {
        int running, left;
        CURL *free_handles[NTF_ROOM_MAIL];
        size_t free_n = 0;
        curl_multi_perform(multi, &running);
        for (CURLMsg *message; (message = curl_multi_info_read(multi, &left));) {
            if (message->data.result != CURLE_OK)
                DIE("%s: %s", url, curl_easy_strerror(message->data.result));
            free_handles[free_n++] = message->easy_handle;
        }
        if (free_n == 0) {
            curl_multi_poll(multi, NULL, 0, 1000, NULL);
            continue;
        }
        done += free_n;
        sync_rows(fd, 2 * free_n);
        syncs++;
        for (size_t i = 0; i < free_n; i++) {
            mail_t *mail;
            curl_multi_remove_handle(multi, free_handles[i]);
            curl_easy_getinfo(free_handles[i], CURLINFO_PRIVATE, &mail);
            if (given < n)
                give(multi, free_handles[i], mail, given++, text, len);
            else
                curl_easy_cleanup(free_handles[i]);
        }
    }
    double seconds = (double)(now_ns() - begun) / 1e9;
    printf("{\"name\":\"bare_mail\",\"n\":%" PRIu64 ",\"per_s\":%.1f,\"syncs\":%" PRIu64 ",\"octets\":%zu}\n", n,
           (double)n / seconds, syncs, len);
    for (size_t i = 0; i < NTF_ROOM_MAIL; i++)
        curl_slist_free_all(mails[i].recipients);
    curl_multi_cleanup(multi);
    free(text);
}

int main(int argc, char **argv)
{
    const char *url = option(argc, argv, "url", NULL), *dir = option(argc, argv, "dir", ".");
    char path[512];
    if (!url)
        DIE("url=smtp://HOST:PORT is missing");
    snprintf(path, sizeof path, "%s/bare_mail.sync", dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        DIE("%s: %s", path, strerror(errno));
    curl_global_init(CURL_GLOBAL_DEFAULT);
    run(url, strtoull(option(argc, argv, "n", "10000"), NULL, 10),
        strtoull(option(argc, argv, "size", "6000"), NULL, 10), fd);
    curl_global_cleanup();
    close(fd);
    unlink(path);
    return 0;
}
