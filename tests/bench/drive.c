/* drive: the load generator of the registration path: publishes requests, hears every answer and every decision,
 * checks.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   bench-drive endpoint=E n=N [keys=DIR as=NAME] [in_flight=256 | rate=R] [ids=ordered|random] [run=1] [pids=1,2]
 *               [target=convene|bare]
 *
 * Two roles in one thread: the requester (XPUB that connects to the intake, SUB on the feed with its inbox), and a
 * subscriber of the public stream. Requests are encoded before the clock starts; while it runs what comes is only
 * copied; it is decoded and checked afterwards:
 *   - every id got an outcome per sending, none more; a repeated id got the same octets
 *   - every decision came to the subscriber, once, in order, chained to the one before
 *   - counted from what was published, no event has more confirmed than seats and no party more than its maximum
 *   - the outcome and the published decision of a request agree
 * Latency counts from the instant a request was due: with rate=R that is start + i/R, whether or not it could be sent
 * then.
 *
 * Prints one JSON object. Status 1 and the reason when a check fails: such a run has no result.
 */
#include "convene/ids.h"
#include "convene/messages.h"
#include "link.h"
#include <poll.h>

enum { MESSAGE_ROOM = 2048 /* mean octets kept per outcome or record */, STALL_S = 20 };

typedef struct { /* messages, one after the other */
    char *bytes;
    size_t len, room;
    uint64_t *end; /* of each */
    uint32_t n, max;
} pile_t;

static struct {
    workload_t w;
    link_t link;
    run_t run;
    bool bare;
    pid_t pid;
    char inbox[32], outcome_topic[128];
    void *requests, *outcomes, *stream;
    pile_t sent, answered, published;
    uint64_t *published_at;
    uint64_t start, finish;
} s;

/* ---- piles ------------------------------------------------------------------------------------------------------ */

static pile_t pile_new(uint32_t max, size_t room)
{
    pile_t pile = {.bytes = malloc(room), .room = room, .end = calloc(max, sizeof *pile.end), .max = max};
    if (!pile.bytes || !pile.end)
        DIE("out of memory");
    memset(pile.bytes, 0, room); /* page faults now, not while the clock runs */
    memset(pile.end, 0, max * sizeof *pile.end);
    return pile;
}

static void pile_put(pile_t *pile, const void *bytes, size_t len)
{
    if (pile->n == pile->max || len > pile->room - pile->len)
        DIE("more messages than expected");
    memcpy(pile->bytes + pile->len, bytes, len);
    pile->len += len;
    pile->end[pile->n++] = pile->len;
}

static cv_str_t pile_at(const pile_t *pile, uint32_t i)
{
    uint64_t from = i ? pile->end[i - 1] : 0;
    return (cv_str_t){pile->bytes + from, (size_t)(pile->end[i] - from)};
}

/* ---- requests --------------------------------------------------------------------------------------------------- */

static void encode_all(void)
{
    static cv_registration_register_v1_t data;
    cv_buf_t buf;
    cv_buf_init(&buf, CV_MAX_REQUEST);
    for (uint32_t i = 0; i < s.w.distinct; i++) {
        char id[WL_ID + 1], event[WL_CODE], party[WL_CODE], name[WL_NAME], email[WL_NAME];
        wl_id(&s.w, i, id);
        wl_event_code(&s.w, wl_event(i), event);
        wl_party_code(wl_party(i), party);
        wl_name(i, name);
        wl_email(i, email);
        data.event = cv_str(event);
        data.party = cv_str(party);
        data.persons_n = 1;
        data.persons[0] = (cv_person_t){
            .name = cv_str(name), .capacity = cv_capacity_parse(cv_str(wl_capacity(i))), .email = cv_str(email)};
        cv_msg_t head = {.id = cv_str(id),
                         .source = CV_STR("/bench"),
                         .inbox = cv_str(s.inbox),
                         .time_ms = (int64_t)s.w.base_ms,
                         .info = cv_msg_info_at(CV_MSG_REGISTRATION_REGISTER_V1)};
        cv_buf_clear(&buf);
        if (cv_msg_write(&buf, &head, &data))
            DIE("a request does not encode");
        pile_put(&s.sent, buf.ptr, buf.len);
    }
    cv_buf_done(&buf);
}

static bool send_frame(const void *bytes, size_t len)
{
    static const char topic[] = "request.registration|";
    if (zmq_send(s.requests, topic, sizeof topic - 1, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0) {
        if (errno != EAGAIN)
            DIE("send: %s", zmq_strerror(errno));
        return false; /* the service is behind; nothing was sent */
    }
    if (zmq_send(s.requests, bytes, len, ZMQ_DONTWAIT) < 0)
        DIE("send: %s", zmq_strerror(errno));
    return true;
}

/* Requests that are due at the same time leave in one frame, as the client library sends them; the bare path takes one
 * per frame. Gives how many from i on were sent, of at most n. */
static uint32_t send_requests(uint32_t i, uint32_t n)
{
    static char together[CV_PARCEL_BYTES];
    size_t len = 0;
    uint32_t k = 0;
    for (; k < n && k < (s.bare ? 1 : CV_PARCEL_REQUESTS); k++) {
        cv_str_t message = pile_at(&s.sent, wl_distinct(i + k));
        if (message.len > sizeof together - len)
            break;
        memcpy(together + len, message.ptr, message.len);
        len += message.len;
    }
    return send_frame(together, len) ? k : 0;
}

/* ---- what comes ------------------------------------------------------------------------------------------------- */

/* In our own writing order the id stands at a fixed place; elsewhere it is looked for. */
static const char *id_of(const char *message, size_t len)
{
    static const char key[] = "\242id\331\044";
    enum { AT = 1 + 12 + 4 };
    if (len > AT + 5 + WL_ID && !memcmp(message + AT, key, 5))
        return message + AT + 5;
    const char *at = memmem(message, len, key, 5);
    if (!at || (size_t)(message + len - at) < 5 + WL_ID)
        DIE("an outcome without an id");
    return at + 5;
}

static bool receive(void *socket, zmq_msg_t frames[4], int *ret_n)
{
    int n = 0;
    do {
        if (n == 4)
            DIE("too many frames");
        if (zmq_msg_recv(&frames[n], socket, ZMQ_DONTWAIT) < 0) {
            if (errno != EAGAIN || n)
                DIE("receive: %s", zmq_strerror(errno));
            return false;
        }
        n++;
    } while (zmq_msg_more(&frames[n - 1]));
    *ret_n = n;
    return true;
}

static cv_str_t frame_bytes(zmq_msg_t *frame)
{
    return (cv_str_t){zmq_msg_data(frame), zmq_msg_size(frame)};
}

static bool take_outcomes(zmq_msg_t frames[4])
{
    int n;
    bool some = false;
    while (receive(s.outcomes, frames, &n)) {
        cv_str_t rest = n == 2 ? frame_bytes(&frames[1]) : CV_STR_NONE, message;
        while (cv_wire_next(&rest, &message)) {
            run_answer(&s.run, wl_distinct_of(&s.w, id_of(message.ptr, message.len)), now_ns());
            pile_put(&s.answered, message.ptr, message.len);
            some = true;
        }
    }
    return some;
}

static bool take_stream(zmq_msg_t frames[4])
{
    int n;
    bool some = false;
    while (receive(s.stream, frames, &n)) {
        if (n != (s.bare ? 2 : 3))
            continue; /* a head */
        cv_str_t position = s.bare ? CV_STR_NONE : frame_bytes(&frames[1]), rest = frame_bytes(&frames[n - 1]), message;
        while (cv_wire_next(&rest, &message)) {
            if (!s.bare) /* of the first in a frame only; the checks know the others */
                pile_put(&s.published, position.ptr, position.len);
            position.len = 0;
            s.published_at[s.published.n / (s.bare ? 1 : 2)] = now_ns();
            pile_put(&s.published, message.ptr, message.len);
            some = true;
        }
    }
    return some;
}

static int fd_of(void *socket)
{
    int fd;
    size_t len = sizeof fd;
    if (zmq_getsockopt(socket, ZMQ_FD, &fd, &len))
        DIE("%s", zmq_strerror(errno));
    return fd;
}

/* Sleeps until something may have come, or `until`; both sockets were drained, so their descriptors are armed. */
static void wait_for_input(uint64_t until)
{
    struct pollfd fds[] = {{fd_of(s.outcomes), POLLIN, 0}, {fd_of(s.stream), POLLIN, 0}};
    uint64_t now = now_ns(), ns = until > now ? until - now : 0;
    struct timespec t = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
    ppoll(fds, 2, &t, NULL);
}

/* ---- the run ---------------------------------------------------------------------------------------------------- */

static void connect_all(void *context)
{
    char topic[8];
    s.outcomes = link_open(context, &s.link, ZMQ_SUB, LINK_FEED, false);
    s.stream = link_open(context, &s.link, ZMQ_SUB, LINK_FEED, false);
    const char *answers = s.bare ? "registration.events|" : s.outcome_topic;
    if (zmq_setsockopt(s.outcomes, ZMQ_SUBSCRIBE, answers, strlen(answers)) ||
        zmq_setsockopt(s.stream, ZMQ_SUBSCRIBE, "registration.events|", 20))
        DIE("%s", zmq_strerror(errno));
    s.requests = link_open(context, &s.link, ZMQ_XPUB, LINK_INTAKE, false);
    link_set(s.requests, ZMQ_RCVTIMEO, 10000);
    if (zmq_recv(s.requests, topic, sizeof topic, 0) < 1)
        DIE("no subscription from the service within 10 s");
    /* Our own subscriptions have no echo from the bare path; Convene says a head within a second of them. */
    zmq_pollitem_t item = {.socket = s.stream, .events = ZMQ_POLLIN};
    if (s.bare)
        sleep_ns(300000000);
    else if (zmq_poll(&item, 1, 10000) < 1)
        DIE("no head of the stream within 10 s");
}

static uint32_t published_n(void)
{
    return s.published.n / (s.bare ? 1 : 2);
}

static void drive(uint32_t in_flight, double rate)
{
    zmq_msg_t frames[4];
    for (int i = 0; i < 4; i++)
        zmq_msg_init(&frames[i]);
    take_stream(frames); /* heads */
    uint32_t next = 0, expected = s.bare ? s.w.n : s.w.distinct;
    uint64_t moved = s.start = now_ns();
    while (s.run.outcomes < s.w.n || published_n() < expected) {
        uint64_t now = now_ns();
        uint64_t until = now + 100000000;
        while (next < s.w.n) {
            uint32_t n = 0; /* how many are due */
            for (; next + n < s.w.n && n < CV_PARCEL_REQUESTS; n++) {
                uint64_t due = rate > 0 ? run_due(s.start, next + n, rate) : now_ns();
                if (rate > 0 ? due > now && (now = now_ns()) < due : next + n - s.run.outcomes >= in_flight) {
                    until = rate > 0 ? due : until;
                    break;
                }
                s.run.due[next + n] = due;
            }
            uint32_t sent = n ? send_requests(next, n) : 0;
            next += sent;
            if (n && !sent)
                until = now + 1000000;
            if (!sent)
                break;
        }
        bool some = take_outcomes(frames);
        some |= take_stream(frames);
        if (some)
            moved = now_ns();
        else
            wait_for_input(until);
        if (now_ns() - moved > STALL_S * 1000000000ull)
            DIE("stalled: %u of %u answered, %u of %u decisions published", s.run.outcomes, s.w.n, published_n(),
                expected);
    }
    s.finish = now_ns();
    for (int i = 0; i < 4; i++)
        zmq_msg_close(&frames[i]);
}

/* ---- checks ----------------------------------------------------------------------------------------------------- */

static struct {
    cv_reader_t *reader;
    uint32_t *first; /* per distinct request: 1 + its first outcome */
    int8_t *state;   /* per distinct request, as published; 0: not yet */
    uint32_t confirmed, waiting, of_event[WL_EVENTS], of_party[WL_EVENTS][WL_PARTIES];
} c;

static uint32_t number_at_end(cv_str_t code)
{
    return code.len < 2 ? UINT32_MAX : (uint32_t)((code.ptr[code.len - 2] - '0') * 10 + code.ptr[code.len - 1] - '0');
}

static void count_confirmed(cv_str_t event, cv_str_t party, uint32_t n)
{
    uint32_t e = number_at_end(event), p = number_at_end(party);
    if (e >= WL_EVENTS || p >= WL_PARTIES)
        DIE("a decision about an unknown event or party");
    c.confirmed += n;
    if ((c.of_event[e] += n) > s.w.capacity)
        DIE("oversold: event %u", e);
    if ((c.of_party[e][p] += n) > s.w.maximum)
        DIE("party %u is over its maximum at event %u", p, e);
}

static const void *read_message(cv_str_t bytes, cv_msg_t *ret_msg, cv_any_t *data)
{
    cv_fault_t fault = {{0}, {0}};
    if (cv_msg_read(c.reader, bytes, ret_msg, &fault))
        DIE("unreadable: %s: %s", fault.path, fault.text);
    if (!ret_msg->info)
        DIE("unknown type");
    if (ret_msg->info->decode(ret_msg->data, data, &fault))
        DIE("unreadable: %s: %s", fault.path, fault.text);
    return data;
}

/* The public stream, record by record. */
static void check_published(cv_any_t *room)
{
    cv_position_t last = {.seq = 0};
    for (uint32_t i = 0; i < s.published.n; i += 2) {
        cv_position_t position;
        cv_msg_t msg;
        cv_str_t bytes = pile_at(&s.published, i + 1);
        uint8_t chain[CV_CHAIN_LEN];
        cv_str_t stated = pile_at(&s.published, i);
        if (i)
            cv_chain_next(last.chain, bytes, chain);
        if (!stated.len && i) { /* not the first of its frame */
            position = last;
            position.seq++;
            memcpy(position.chain, chain, sizeof chain);
        } else if (cv_position_read(stated, &position)) {
            DIE("no position");
        } else if (i) {
            if (position.seq != last.seq + 1)
                DIE("records are missing before %llu", (unsigned long long)position.seq);
            if (memcmp(chain, position.chain, CV_CHAIN_LEN) != 0)
                DIE("the chain is broken at %llu", (unsigned long long)position.seq);
        }
        last = position;
        const void *data = read_message(bytes, &msg, room);
        if (msg.info->number == CV_MSG_REGISTRATION_PROMOTED_V1) {
            const cv_registration_promoted_v1_t *promoted = data;
            count_confirmed(promoted->event, promoted->party, (uint32_t)promoted->persons_n);
            continue;
        }
        if (msg.info->number != CV_MSG_REGISTRATION_DECIDED_V1)
            DIE("a record of type %s", msg.info->type);
        const cv_registration_decided_v1_t *decided = data;
        uint32_t distinct = decided->request.len == WL_ID ? wl_distinct_of(&s.w, decided->request.ptr) : UINT32_MAX;
        if (distinct == UINT32_MAX)
            DIE("a decision about a request of somebody else");
        if (c.state[distinct])
            DIE("request %u was decided twice", distinct);
        if (decided->cls != CV_OUTCOME_CLASS_OK || decided->persons_n != 1)
            DIE("request %u was refused: %.*s", distinct, CV_STR_ARG(decided->code));
        c.state[distinct] = (int8_t)decided->persons[0].state;
        if (decided->persons[0].state == CV_PERSON_STATE_CONFIRMED)
            count_confirmed(decided->event, decided->party, 1);
        else if (decided->persons[0].state == CV_PERSON_STATE_WAITING)
            c.waiting++;
        else
            DIE("request %u has state %d", distinct, (int)decided->persons[0].state);
    }
}

static void check_same(uint32_t distinct, cv_str_t bytes, uint32_t index)
{
    if (!c.first[distinct])
        c.first[distinct] = index + 1;
    else if (!cv_str_equal(bytes, pile_at(&s.answered, c.first[distinct] - 1)))
        DIE("request %u: asked again, another answer", distinct);
}

static void check_outcomes(cv_any_t *room)
{
    for (uint32_t i = 0; i < s.answered.n; i++) {
        cv_msg_t msg;
        cv_str_t bytes = pile_at(&s.answered, i);
        const cv_outcome_v1_t *outcome = read_message(bytes, &msg, room);
        uint32_t distinct =
            wl_distinct_of(&s.w, msg.causationid.len == WL_ID ? msg.causationid.ptr : id_of(bytes.ptr, bytes.len));
        if (outcome->cls != CV_OUTCOME_CLASS_OK)
            DIE("request %u: %s: %.*s", distinct, cv_outcome_class_text(outcome->cls), CV_STR_ARG(outcome->text));
        check_same(distinct, bytes, i);
        if (outcome->decision.persons_n != 1 || (int8_t)outcome->decision.persons[0].state != c.state[distinct])
            DIE("request %u: outcome and published decision differ", distinct);
    }
}

static cv_str_t text_in(cv_str_t bytes, const char *key)
{
    char wanted[32];
    int len = snprintf(wanted, sizeof wanted, "%c%s", (int)(0xa0 | strlen(key)), key);
    const char *at = memmem(bytes.ptr, bytes.len, wanted, (size_t)len);
    if (!at || ((unsigned char)at[len] & 0xe0) != 0xa0)
        DIE("a decision without %s", key);
    return (cv_str_t){at + len + 1, (unsigned char)at[len] & 0x1f};
}

/* The bare path: one message is both the answer and the published decision. */
static void check_bare(void)
{
    for (uint32_t i = 0; i < s.answered.n; i++) {
        cv_str_t bytes = pile_at(&s.answered, i);
        uint32_t distinct = wl_distinct_of(&s.w, id_of(bytes.ptr, bytes.len));
        bool first = !c.first[distinct];
        check_same(distinct, bytes, i);
        if (!cv_str_equal(bytes, pile_at(&s.published, i)))
            DIE("decision %u was not published as answered", distinct);
        if (!first)
            continue;
        if (cv_str_is(text_in(bytes, "state"), "confirmed"))
            count_confirmed(text_in(bytes, "event"), text_in(bytes, "party"), 1);
        else
            c.waiting++;
    }
}

static void check_all(void)
{
    cv_any_t *room = calloc(1, sizeof *room);
    c.reader = cv_reader_new();
    c.first = calloc(s.w.distinct, sizeof *c.first);
    c.state = calloc(s.w.distinct, sizeof *c.state);
    if (!room || !c.reader || !c.first || !c.state)
        DIE("out of memory");
    if (run_missing(&s.run) || s.run.strays)
        DIE("%u outcomes missing, %u too many", run_missing(&s.run), s.run.strays);
    if (s.bare) {
        check_bare();
    } else {
        check_published(room);
        check_outcomes(room);
    }
    double share = (double)c.confirmed / (double)s.w.distinct;
    if (c.confirmed + c.waiting != s.w.distinct)
        DIE("%u confirmed and %u waiting of %u", c.confirmed, c.waiting, s.w.distinct);
    if (share < 0.3 || share > 0.7)
        DIE("%.2f of the requests confirmed: not the workload that was asked for", share);
    cv_reader_destroy(&c.reader);
    free(room);
}

/* ---- result ----------------------------------------------------------------------------------------------------- */

static spread_t delivery(void)
{
    uint64_t *samples = malloc(sizeof *samples * published_n());
    size_t n = 0;
    if (!samples)
        DIE("out of memory");
    for (uint32_t i = 0; i < published_n(); i++) {
        cv_str_t bytes = pile_at(&s.published, s.bare ? i : 2 * i + 1);
        const char *id = bytes.ptr;
        if (!s.bare) { /* the request's id is a value in the data */
            id = memmem(bytes.ptr, bytes.len, "\247request\331\044", 10);
            if (!id || (size_t)(bytes.ptr + bytes.len - id) < 10 + WL_ID)
                continue;
            id += 10;
        } else {
            id = id_of(bytes.ptr, bytes.len);
        }
        uint32_t distinct = wl_distinct_of(&s.w, id);
        if (distinct == UINT32_MAX || c.state[distinct] < 0)
            continue;
        c.state[distinct] = -1; /* counted: the bare path publishes repeats too */
        samples[n++] = s.published_at[i] - s.run.due[s.run.due_at[distinct]];
    }
    spread_t spread = spread_of(samples, n);
    free(samples);
    return spread;
}

int main(int argc, char **argv)
{
    s.link = (link_t){option(argc, argv, "endpoint", NULL), option(argc, argv, "keys", NULL),
                      option(argc, argv, "as", "bench"), "registration"};
    s.bare = !strcmp(option(argc, argv, "target", "convene"), "bare");
    uint32_t n = (uint32_t)option_number(argc, argv, "n", 10000);
    uint32_t in_flight = (uint32_t)option_number(argc, argv, "in_flight", 256);
    double rate = option_number(argc, argv, "rate", 0);
    pids_t pids = pids_of(option(argc, argv, "pids", ""));
    if (!s.link.endpoint || n < 200 || n % WL_REPEAT_EVERY || !in_flight)
        DIE("see the head of drive.c: endpoint=E n=multiple of %d ...", WL_REPEAT_EVERY);
    s.w = workload(n, !strcmp(option(argc, argv, "ids", "ordered"), "ordered"),
                   (uint32_t)option_number(argc, argv, "run", 1));
    snprintf(s.inbox, sizeof s.inbox, "bench-inbox-%d", (int)getpid());
    snprintf(s.outcome_topic, sizeof s.outcome_topic, "outcome.%.48s.%s|", s.link.keys ? s.link.self : "local",
             s.inbox);
    s.run = run_new(&s.w);
    s.sent = pile_new(s.w.distinct, (size_t)s.w.distinct * 1024);
    s.answered = pile_new(n + 16, (size_t)n * MESSAGE_ROOM);
    s.published = pile_new(2 * (n + n / 2), (size_t)n * MESSAGE_ROOM);
    s.published_at = calloc(n + n / 2, sizeof *s.published_at);
    if (!s.published_at)
        DIE("out of memory");
    encode_all();

    void *context = zmq_ctx_new();
    connect_all(context);
    uint64_t cpu = cpu_ns_of(&pids), own = cpu_ns();
    drive(in_flight, rate);
    cpu = cpu_ns_of(&pids) - cpu;
    own = cpu_ns() - own;
    check_all();
    zmq_close(s.requests);
    zmq_close(s.outcomes);
    zmq_close(s.stream);
    zmq_ctx_term(context);

    double seconds = (double)(s.finish - s.start) / 1e9;
    spread_t answer = run_latency(&s.run), deliver = delivery();
    printf("{\"n\":%u,\"per_s\":%.1f,\"seconds\":%.3f,\"p50_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,\"max_us\":%.1f,"
           "\"deliver_p50_us\":%.1f,\"deliver_p99_us\":%.1f,\"cpu_us\":%.2f,\"driver_cpu_us\":%.2f,\"confirmed\":%u,"
           "\"waiting\":%u,"
           "\"request_octets\":%.0f,\"outcome_octets\":%.0f,\"record_octets\":%.0f}\n",
           n, n / seconds, seconds, answer.p50, answer.p99, answer.p999, answer.max, deliver.p50, deliver.p99,
           (double)cpu / 1e3 / n, (double)own / 1e3 / n, c.confirmed, c.waiting, (double)s.sent.len / s.w.distinct,
           (double)s.answered.len / s.answered.n,
           (double)s.published.len / published_n() - (s.bare ? 0 : CV_POSITION_LEN));
    return 0;
}
