/* events: what happens without a request: registration's records, and the hours that come round.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Turnout. registration.events says what each party answered and how many of its people are confirmed, waiting, online
 * or withdrawn; never who. A decision about some persons of a delegation carries the party's seats after it:
 *
 *   confirmed, waiting   as the seats say: absolute, so a promotion that came in between cannot be counted twice
 *   withdrawn            plus the persons of this record that are withdrawn; all that were left, if the answer says so
 *   online               what is left: before it there were confirmed + waiting + online, none of whom vanishes
 *
 * Where the seats say party_online and party_withdrawn (any other decision), these are absolute too.
 *
 * A snapshot of registration empties the table and fills it with delegation rows, which are absolute.
 *
 * Hours. event_open and event_close are durable timers keyed by the event. Their handlers look at the event as it is
 * now, not as it was when they were set: an event that was cancelled or moved in between is left alone. Both may be due
 * at once (rules set after the window ended): they come in the order of their time, so such an event opens and closes.
 * The hours at which a silence ends and work becomes overdue are in decisions.c and work.c, those at which clocks are
 * looked at in clocks.c.
 */
#include "scheduling/handlers.h"
#include <string.h>

static int64_t at_least_0(int64_t value)
{
    return value > 0 ? value : 0;
}

/* How many persons of the record are in this state. */
static int64_t count(const cv_person_place_t *persons, size_t persons_n, cv_person_state_t state)
{
    int64_t n = 0;
    for (size_t i = 0; i < persons_n; ++i)
        n += persons[i].state == state;
    return n;
}

static void take_all(sch_turnout_t *turnout, const cv_seats_t *seats)
{
    turnout->confirmed = seats->party_confirmed;
    turnout->waiting = seats->party_waiting;
    turnout->online = seats->party_online;
    turnout->withdrawn = seats->party_withdrawn;
}

static int lapsed(sch_service_t *service, const cv_registration_lapsed_v1_t *record)
{
    sch_turnout_t turnout;
    int rc = sch_turnout_get(service->store, record->event, record->party, &turnout);
    if (rc && rc != CV_ENOTFOUND)
        return rc;
    take_all(&turnout, &record->seats);
    turnout.answer = record->answer;
    turnout.private_seq = record->private_seq;
    return sch_turnout_put(service->store, &turnout);
}

static int decided(sch_service_t *service, const cv_registration_decided_v1_t *record)
{
    sch_turnout_t turnout;
    int rc = sch_turnout_get(service->store, record->event, record->party, &turnout);
    if (rc && rc != CV_ENOTFOUND)
        return rc;
    ++turnout.requests;
    turnout.private_seq = record->private_seq;
    if (record->answer)
        turnout.answer = record->answer;
    if (record->cls == CV_OUTCOME_CLASS_OK) {
        int64_t left = turnout.confirmed + turnout.waiting + turnout.online;
        int64_t came = count(record->persons, record->persons_n, CV_PERSON_STATE_CONFIRMED) +
                       count(record->persons, record->persons_n, CV_PERSON_STATE_WAITING) +
                       count(record->persons, record->persons_n, CV_PERSON_STATE_ONLINE);
        int64_t went = count(record->persons, record->persons_n, CV_PERSON_STATE_WITHDRAWN);
        if (record->kind == CV_DECISION_KIND_REGISTER)
            left += came;
        if (record->answer == CV_PARTY_ANSWER_WITHDRAWN || record->answer == CV_PARTY_ANSWER_DECLINED)
            went = left;
        if (went > left)
            went = left;
        turnout.withdrawn += went;
        left -= went;
        if (record->has_seats && record->seats.has_party_online) {
            take_all(&turnout, &record->seats);
        } else if (record->has_seats) {
            turnout.confirmed = record->seats.party_confirmed;
            turnout.waiting = record->seats.party_waiting;
            turnout.online = at_least_0(left - turnout.confirmed - turnout.waiting);
        } else if (left == 0) {
            turnout.confirmed = turnout.waiting = turnout.online = 0;
        }
    }
    return sch_turnout_put(service->store, &turnout);
}

static int promoted(sch_service_t *service, const cv_registration_promoted_v1_t *record)
{
    sch_turnout_t turnout;
    int rc = sch_turnout_get(service->store, record->event, record->party, &turnout);
    if (rc && rc != CV_ENOTFOUND)
        return rc;
    turnout.confirmed = record->seats.party_confirmed;
    turnout.waiting = record->seats.party_waiting;
    turnout.private_seq = record->private_seq;
    if (turnout.answer == CV_PARTY_ANSWER_NONE)
        turnout.answer = CV_PARTY_ANSWER_REGISTERED;
    return sch_turnout_put(service->store, &turnout);
}

int sch_record(void *self, cv_tx_t *tx, const char *stream, const cv_msg_t *msg, const void *data)
{
    (void)tx;
    if (strcmp(stream, SCH_FOLLOWED) != 0 || !msg->info)
        return CV_OK;
    switch (msg->info->number) {
    case CV_MSG_REGISTRATION_DECIDED_V1:
        return decided(self, data);
    case CV_MSG_REGISTRATION_PROMOTED_V1:
        return promoted(self, data);
    case CV_MSG_REGISTRATION_LAPSED_V1:
        return lapsed(self, data);
    case CV_MSG_REGISTRATION_DELEGATION_V1:
        return sch_turnout_put(((sch_service_t *)self)->store, data);
    default:
        return CV_OK;
    }
}

int sch_snapshot_begin(void *self, cv_tx_t *tx, const char *stream)
{
    (void)tx;
    if (strcmp(stream, SCH_FOLLOWED) != 0)
        return CV_OK;
    return sch_turnout_clear(((sch_service_t *)self)->store);
}

int sch_timer(void *self, cv_tx_t *tx, const char *kind, cv_str_t key)
{
    sch_service_t *service = self;
    cv_scheduling_event_v1_t event;
    bool opens = strcmp(kind, SCH_TIMER_OPEN) == 0;
    if (strcmp(kind, SCH_TIMER_WORK) == 0)
        return sch_work_timer(service, tx, key);
    if (strcmp(kind, SCH_TIMER_SILENCE) == 0)
        return sch_silence_timer(service, tx, key);
    if (strcmp(kind, SCH_TIMER_CLOCKS) == 0)
        return sch_clocks_timer(service, tx);
    if (!opens && strcmp(kind, SCH_TIMER_CLOSE) != 0)
        return CV_OK; /* of an older program */
    int rc = sch_event_get(service->store, cv_tx_arena(tx), key, &event);
    if (rc == CV_ENOTFOUND)
        return CV_OK;
    if (rc)
        return rc;
    if (!event.has_registration || event.status != (opens ? CV_EVENT_STATUS_SCHEDULED : CV_EVENT_STATUS_OPEN))
        return CV_OK;
    if (cv_tx_now_ms(tx) < (opens ? event.registration.opens_ms : event.registration.closes_ms))
        return CV_OK;
    ++event.version;
    event.change = CV_EVENT_CHANGE_ADVANCED;
    event.status = opens ? CV_EVENT_STATUS_OPEN : CV_EVENT_STATUS_CLOSED;
    event.reason = opens ? CV_STR("registration opens at its set time") : CV_STR("registration closes at its set time");
    event.decision = CV_STR_NONE;
    event.changed_n = 1;
    event.changed[0] = CV_STR("status");
    return sch_write_version(service, tx, &event);
}
