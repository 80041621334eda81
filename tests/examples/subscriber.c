/* subscriber: a program of somebody else's that follows a public stream with the C library, and survives its own end.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   subscriber ENDPOINT KEYS NAME STREAM FILE [COUNT]
 *   subscriber tcp://127.0.0.1:24100 keys observer registration.events position.bin
 *
 * Prints one line per record: sequence, type, subject. FILE holds the position: what has been printed. Run again, it
 * goes on where it was, without a hole and without a repetition (a crash between print and write repeats one record:
 * who must not see that keeps the position in the same transaction as what is made of the record). After COUNT records,
 * or when nothing has come for two seconds, it leaves.
 */
#include <convene/client.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IDLE_MS = 2000 };

typedef struct {
    const char *file;
    long long seen, count;
} state_t;

static int load_position(const char *file, cv_position_t *ret_position)
{
    char bytes[CV_POSITION_LEN];
    FILE *in = fopen(file, "rb");
    size_t n = in ? fread(bytes, 1, sizeof bytes, in) : 0;
    if (in)
        fclose(in);
    return n == sizeof bytes ? cv_position_read((cv_str_t){bytes, sizeof bytes}, ret_position) : CV_ENOTFOUND;
}

static int save_position(const char *file, const cv_position_t *position)
{
    unsigned char bytes[CV_POSITION_LEN];
    char next[4096];
    cv_position_write(position, bytes);
    snprintf(next, sizeof next, "%s.next", file);
    FILE *out = fopen(next, "wb");
    if (!out)
        return CV_EIO;
    size_t n = fwrite(bytes, 1, sizeof bytes, out);
    if (fclose(out) != 0 || n != sizeof bytes || rename(next, file) != 0)
        return CV_EIO;
    return CV_OK;
}

static int on_event(void *arg, const cv_stream_event_t *event)
{
    state_t *state = arg;
    if (state->seen >= state->count)
        return CV_EAGAIN; /* not taken: it comes again next time */
    switch (event->what) {
    case CV_STREAM_SNAPSHOT_BEGIN:
        printf("state:\n");
        return CV_OK;
    case CV_STREAM_SNAPSHOT_RECORD:
        printf("- %.*s %.*s\n", CV_STR_ARG(event->msg.type), CV_STR_ARG(event->msg.subject));
        return CV_OK;
    case CV_STREAM_RECORD:
        printf("%llu %.*s %.*s\n", (unsigned long long)event->position.seq, CV_STR_ARG(event->msg.type),
               CV_STR_ARG(event->msg.subject));
        state->seen++;
        break;
    case CV_STREAM_SNAPSHOT_END:
        break;
    }
    fflush(stdout);
    return save_position(state->file, &event->position);
}

int main(int argc, char **argv)
{
    if (argc < 6 || argc > 7) {
        fprintf(stderr, "usage: %s ENDPOINT KEYS NAME STREAM FILE [COUNT]\n", argv[0]);
        return 2;
    }
    state_t state = {argv[5], 0, argc == 7 ? strtoll(argv[6], NULL, 10) : (long long)INT64_MAX};
    char service_name[CV_NAME_MAX + 1];
    snprintf(service_name, sizeof service_name, "%.*s", (int)strcspn(argv[4], "."), argv[4]);
    const cv_client_service_t service = {service_name, argv[1]};
    const cv_client_options_t options = {.services = &service,
                                         .services_n = 1,
                                         .keys = argv[2],
                                         .principal = argv[3],
                                         .insecure = strcmp(argv[2], "-") == 0};
    cv_client_t *client;
    cv_stream_t *stream;
    cv_position_t position;
    char error[512];
    if (cv_client_open(&options, &client, error, sizeof error) != CV_OK) {
        fprintf(stderr, "subscriber: %s\n", error);
        return 1;
    }
    int known = load_position(state.file, &position) == CV_OK;
    int rc = cv_client_follow(client, service_name, argv[4], known ? &position : NULL, &stream);
    if (rc == CV_OK) {
        do
            rc = cv_stream_poll(stream, IDLE_MS, on_event, &state);
        while (rc > 0 && state.seen < state.count);
        if (rc < 0 && rc != CV_EAGAIN)
            fprintf(stderr, "subscriber: %s %s\n", cv_error_name(rc), cv_stream_status(stream).error);
        rc = rc < 0 && rc != CV_EAGAIN ? rc : CV_OK;
        cv_stream_destroy(&stream);
    } else {
        fprintf(stderr, "subscriber: %s\n", cv_client_error(client));
    }
    cv_client_close(&client);
    return rc == CV_OK ? 0 : 1;
}
