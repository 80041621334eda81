/* codec: what reading and writing one message costs, and the rule by itself.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   bench-codec [n=200000]
 *
 * The messages are those of the load: a request with one person, its outcome, its record. "read" is the walk over the
 * bytes, the attributes and the typed struct with all its limits; "write" is the whole message. Prints one JSON object
 * per row: nanoseconds of one, mean of the best of five rounds.
 */
#include "bench.h"
#include "convene/messages.h"
#include "registration/core.h"

enum { ROUNDS = 5 };

static cv_reader_t *s_reader;
static cv_any_t *s_room;
static cv_buf_t s_buf;

typedef struct {
    cv_msg_t head;
    const void *data;
    cv_str_t bytes;
} sample_t;

static void write_one(const sample_t *sample)
{
    cv_buf_clear(&s_buf);
    if (cv_msg_write(&s_buf, &sample->head, sample->data))
        DIE("%s does not encode", sample->head.info->type);
}

static void read_one(const sample_t *sample)
{
    cv_msg_t msg;
    if (cv_msg_read(s_reader, sample->bytes, &msg, NULL) || msg.info->decode(msg.data, s_room, NULL))
        DIE("%s is unreadable", sample->head.info->type);
}

static void check_one(const sample_t *sample)
{
    if (cv_wire_check(sample->bytes, NULL))
        DIE("unreadable");
}

static void chain_one(const sample_t *sample)
{
    static uint8_t chain[CV_CHAIN_LEN];
    cv_chain_next(chain, sample->bytes, chain);
}

/* One person after the other, until the event is full; then it is emptied. */
static void decide_one(const sample_t *sample)
{
    static reg_seats_t seats;
    static reg_share_t share;
    (void)sample;
    if (seats.confirmed == seats.capacity) {
        seats = (reg_seats_t){.capacity = 100000, .ceiling = 100000, .waiting_rule = REG_WAIT_STRICT};
        for (int i = 0; i < REG_ROLES; i++)
            seats.role_limit[i] = seats.role_ceiling[i] = REG_NO_LIMIT;
        share = (reg_share_t){.kind = 1, .maximum = 100000, .ceiling = 100000};
    }
    reg_applicant_t who = {.role = 3};
    reg_verdict_t verdict;
    reg_ruling_t ruling;
    reg_decide(&seats, &share, REG_EACH, &who, 1, &verdict, &ruling);
    if (verdict.state != REG_CONFIRMED)
        DIE("not confirmed");
}

static void measure(const char *name, void (*step)(const sample_t *), const sample_t *sample, uint32_t n)
{
    double best = 0;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t start = cpu_ns();
        for (uint32_t i = 0; i < n / ROUNDS; i++)
            step(sample);
        double ns = (double)(cpu_ns() - start) / (n / ROUNDS);
        if (!round || ns < best)
            best = ns;
    }
    printf("{\"name\":\"%s\",\"ns\":%.1f,\"octets\":%zu}\n", name, best, sample ? sample->bytes.len : (size_t)0);
}

static void keep_bytes(sample_t *sample)
{
    write_one(sample);
    char *copy = malloc(s_buf.len);
    if (!copy)
        DIE("out of memory");
    sample->bytes = (cv_str_t){memcpy(copy, s_buf.ptr, s_buf.len), s_buf.len};
}

int main(int argc, char **argv)
{
    uint32_t n = (uint32_t)option_number(argc, argv, "n", 200000);
    static cv_registration_register_v1_t request;
    static cv_outcome_v1_t outcome;
    static cv_registration_decided_v1_t decided;
    cv_str_t id = CV_STR("01920000-0000-7000-8000-000000000001");
    cv_seats_t seats = {
        .capacity = 1237, .confirmed = 800, .waiting = 120, .free = 437, .party_maximum = 47, .party_confirmed = 30};
    request.event = outcome.decision.event = decided.event = CV_STR("bench-1-07");
    request.party = outcome.decision.party = decided.party = CV_STR("P07");
    request.persons_n = outcome.decision.persons_n = decided.persons_n = 1;
    request.persons[0] = (cv_person_t){.name = CV_STR("Aigerim Abdullayev 0000001"),
                                       .capacity = CV_CAPACITY_DELEGATE,
                                       .email = CV_STR("person.0000001@mail.example.org")};
    outcome.cls = decided.cls = CV_OUTCOME_CLASS_OK;
    outcome.code = decided.code = CV_STR("registered");
    outcome.text = CV_STR("P07: 1 person is confirmed; 437 of 1237 seats are free, P07 has 30 of at most 47.");
    outcome.stream = CV_STR("registration.events");
    outcome.has_sequence = outcome.has_decision = outcome.decision.has_version = outcome.decision.has_seats =
        decided.has_seats = true;
    outcome.sequence = decided.private_seq = 123456;
    outcome.decision.version = 6;
    outcome.decision.rule = CV_STR("free_seat");
    outcome.decision.persons[0] =
        (cv_person_decision_t){.number = 31, .state = CV_PERSON_STATE_CONFIRMED, .rule = CV_STR("free_seat")};
    outcome.decision.seats = decided.seats = seats;
    decided.request = id;
    decided.kind = CV_DECISION_KIND_REGISTER;
    decided.persons[0] = (cv_person_place_t){.number = 31, .state = CV_PERSON_STATE_CONFIRMED};
    decided.answer = CV_PARTY_ANSWER_REGISTERED;

    cv_msg_t head = {.id = id, .source = CV_STR("/convene/registration"), .time_ms = 1764000000000};
    sample_t asked = {.head = head, .data = &request}, answered = {.head = head, .data = &outcome},
             told = {.head = head, .data = &decided};
    asked.head.info = cv_msg_info_at(CV_MSG_REGISTRATION_REGISTER_V1);
    asked.head.inbox = CV_STR("bench-inbox-1");
    answered.head.info = cv_msg_info_at(CV_MSG_OUTCOME_V1);
    answered.head.causationid = told.head.causationid = id;
    told.head.info = cv_msg_info_at(CV_MSG_REGISTRATION_DECIDED_V1);
    told.head.subject = CV_STR("bench-1-07/P07");
    s_reader = cv_reader_new();
    s_room = calloc(1, sizeof *s_room);
    cv_buf_init(&s_buf, CV_MAX_REQUEST);
    if (!s_reader || !s_room)
        DIE("out of memory");
    keep_bytes(&asked);
    keep_bytes(&answered);
    keep_bytes(&told);
    measure("check request", check_one, &asked, n);
    measure("read request", read_one, &asked, n);
    measure("write request", write_one, &asked, n);
    measure("read outcome", read_one, &answered, n);
    measure("write outcome", write_one, &answered, n);
    measure("read record", read_one, &told, n);
    measure("write record", write_one, &told, n);
    measure("chain record", chain_one, &told, n);
    measure("decide", decide_one, NULL, n * 10);
    cv_reader_destroy(&s_reader);
    cv_buf_done(&s_buf);
    free(s_room);
    return 0;
}
