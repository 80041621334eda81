/* publisher: a program of somebody else's that sends registrations to Convene with the C library, and waits for the
 * answers.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   publisher ENDPOINT KEYS NAME FILE
 *   publisher tcp://127.0.0.1:24100 keys publisher requests.jsonl > outcomes.jsonl
 *
 * ENDPOINT is registration's; KEYS the directory with NAME.secret and allow/registration.cert ("-": no encryption, ipc
 * only). Each line of FILE is {"id": UUID, "type": "convene.registration.register.v1", "data": {...}}; each line of the
 * output is
 * {"line", "id", "class", "code", "hash"}, hash being BLAKE2b-128 of the outcome's bytes.
 *
 * What belongs to one delegation is sent in order: a line waits until the one before it about the same delegation is
 * answered. Everything else is on its way at the same time; the library keeps its window.
 */
#include <convene/client.h>

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPEN_MAX = 64, SUBJECT_MAX = 96, POLL_MS = 1000, SILENCE_MS = 30000, HASH_LEN = 16 };

/* A request on its way. */
typedef struct {
    long long line; /* 0: free */
    char id[CV_UUID_TEXT + 1];
    char subject[SUBJECT_MAX]; /* EVENT/PARTY */
} open_t;

static open_t open_requests[OPEN_MAX];
static int answers_missing;

static void report(long long line, const char *id, const char *cls, const char *code, const char *hash)
{
    json_t *json = json_pack("{s:I, s:s, s:s, s:s, s:s}", "line", (json_int_t)line, "id", id, "class", cls, "code",
                             code, "hash", hash);
    json_dumpf(json, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(json);
}

static void on_answer(void *arg, const cv_answer_t *answer)
{
    (void)arg;
    for (int i = 0; i < OPEN_MAX; i++) {
        if (!open_requests[i].line || strcmp(open_requests[i].id, answer->id) != 0)
            continue;
        if (answer->rc == CV_OK) {
            unsigned char hash[HASH_LEN];
            char text[2 * HASH_LEN + 1], code[64];
            crypto_generichash(hash, sizeof hash, (const unsigned char *)answer->raw.ptr, answer->raw.len, NULL, 0);
            sodium_bin2hex(text, sizeof text, hash, sizeof hash);
            snprintf(code, sizeof code, "%.*s", CV_STR_ARG(answer->outcome->code));
            report(open_requests[i].line, answer->id, cv_outcome_class_text(answer->outcome->cls), code, text);
        } else {
            report(open_requests[i].line, answer->id, "TIMEOUT", "no_outcome", "");
            answers_missing++;
        }
        open_requests[i].line = 0;
    }
}

/* A free place, and nothing of this delegation on the way. NULL: the service fell silent. */
static open_t *wait_for_turn(cv_client_t *client, const char *subject)
{
    int64_t end_ms = cv_clock_mono_ms() + SILENCE_MS;
    for (;;) {
        open_t *place = NULL;
        int busy = 0;
        for (int i = 0; i < OPEN_MAX; i++) {
            if (!open_requests[i].line)
                place = &open_requests[i];
            else if (strcmp(open_requests[i].subject, subject) == 0)
                busy = 1;
        }
        if (place && !busy)
            return place;
        int n = cv_client_poll(client, POLL_MS, on_answer, NULL);
        if (n < 0 || (n == 0 && cv_clock_mono_ms() > end_ms))
            return NULL;
        if (n > 0)
            end_ms = cv_clock_mono_ms() + SILENCE_MS;
    }
}

/* ---- from JSON to the library's structs: views into the JSON, which must live until the request is submitted ---- */

static cv_str_t text(const json_t *object, const char *key)
{
    return cv_str(json_string_value(json_object_get(object, key)));
}

static void read_register(const json_t *data, cv_registration_register_v1_t *ret)
{
    const json_t *persons = json_object_get(data, "persons"), *contact = json_object_get(data, "contact");
    *ret = (cv_registration_register_v1_t){.event = text(data, "event"), .party = text(data, "party")};
    for (size_t i = 0; i < json_array_size(persons) && i < sizeof ret->persons / sizeof *ret->persons; i++) {
        const json_t *person = json_array_get(persons, i);
        ret->persons[ret->persons_n++] = (cv_person_t){.name = text(person, "name"),
                                                       .capacity = cv_capacity_parse(text(person, "capacity")),
                                                       .attendance = cv_attendance_parse(text(person, "attendance")),
                                                       .email = text(person, "email")};
    }
    ret->has_contact = contact != NULL;
    ret->contact = (cv_contact_t){
        .name = text(contact, "name"), .email = text(contact, "email"), .language = text(contact, "language")};
}

static void read_withdraw(const json_t *data, cv_registration_withdraw_v1_t *ret)
{
    const json_t *persons = json_object_get(data, "persons");
    *ret = (cv_registration_withdraw_v1_t){
        .event = text(data, "event"), .party = text(data, "party"), .reason = text(data, "reason")};
    for (size_t i = 0; i < json_array_size(persons) && i < sizeof ret->persons / sizeof *ret->persons; i++)
        ret->persons[ret->persons_n++] = json_integer_value(json_array_get(persons, i));
}

static int submit(cv_client_t *client, const json_t *request, const char *subject, char ret_id[CV_UUID_TEXT + 1])
{
    static cv_registration_register_v1_t reg;
    static cv_registration_withdraw_v1_t withdraw;
    const json_t *data = json_object_get(request, "data");
    cv_str_t type = text(request, "type");
    /* How long is enough is decided by SILENCE_MS. */
    cv_submit_t how = {.id = json_string_value(json_object_get(request, "id")), .timeout_ms = CV_CLIENT_FOREVER};
    if (cv_str_is(type, "convene.registration.register.v1")) {
        read_register(data, &reg);
        return cv_client_submit(client, CV_MSG_REGISTRATION_REGISTER_V1, cv_str(subject), &reg, &how, ret_id);
    }
    if (cv_str_is(type, "convene.registration.withdraw.v1")) {
        read_withdraw(data, &withdraw);
        return cv_client_submit(client, CV_MSG_REGISTRATION_WITHDRAW_V1, cv_str(subject), &withdraw, &how, ret_id);
    }
    if (cv_str_is(type, "convene.registration.decline.v1")) {
        cv_registration_decline_v1_t decline = {
            .event = text(data, "event"), .party = text(data, "party"), .reason = text(data, "reason")};
        return cv_client_submit(client, CV_MSG_REGISTRATION_DECLINE_V1, cv_str(subject), &decline, &how, ret_id);
    }
    return CV_EUNKNOWN;
}

static int send_all(cv_client_t *client, FILE *file)
{
    char *line = NULL;
    size_t room = 0;
    int failed = 0;
    for (long long number = 1; getline(&line, &room, file) >= 0; number++) {
        json_t *request = json_loads(line, JSON_REJECT_DUPLICATES, NULL), *data = json_object_get(request, "data");
        char subject[SUBJECT_MAX];
        snprintf(subject, sizeof subject, "%.*s/%.*s", CV_STR_ARG(text(data, "event")),
                 CV_STR_ARG(text(data, "party")));
        open_t *place = wait_for_turn(client, subject);
        if (!place) {
            fprintf(stderr, "publisher: no answer for %d s\n", SILENCE_MS / 1000);
            json_decref(request);
            failed = 1;
            break;
        }
        int rc = submit(client, request, subject, place->id);
        if (rc == CV_OK) {
            place->line = number;
            memcpy(place->subject, subject, sizeof subject);
        } else {
            fprintf(stderr, "publisher: line %lld: %s: %s\n", number, cv_error_name(rc), cv_client_error(client));
            failed = 1;
        }
        json_decref(request);
    }
    free(line);
    int64_t end_ms = cv_clock_mono_ms() + SILENCE_MS;
    while (cv_client_pending(client) > 0 && cv_clock_mono_ms() < end_ms) {
        int n = cv_client_poll(client, POLL_MS, on_answer, NULL);
        if (n < 0)
            break;
        if (n > 0)
            end_ms = cv_clock_mono_ms() + SILENCE_MS;
    }
    return failed || answers_missing || cv_client_pending(client) > 0;
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: %s ENDPOINT KEYS NAME FILE\n", argv[0]);
        return 2;
    }
    FILE *file = fopen(argv[4], "r");
    if (!file) {
        perror(argv[4]);
        return 1;
    }
    const cv_client_service_t service = {"registration", argv[1]};
    const cv_client_options_t options = {.services = &service,
                                         .services_n = 1,
                                         .keys = argv[2],
                                         .principal = argv[3],
                                         .insecure = strcmp(argv[2], "-") == 0};
    cv_client_t *client;
    char error[512];
    int status = 1;
    if (cv_client_open(&options, &client, error, sizeof error) == CV_OK) {
        status = send_all(client, file);
        cv_client_close(&client);
    } else {
        fprintf(stderr, "publisher: %s\n", error);
    }
    fclose(file);
    return status;
}
