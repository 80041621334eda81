/* events: what the followed streams make this service know and tell.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   scheduling.events     events, venues, parties, areas: what notices say; coordinators; a material change of an event is
 *                         told to every delegation that was registered, and to every party that had declined, before it
 *                         (core.h says what "before" is), and to who else is to hear of it (audience.h); that registration
 *                         is open; what is ahead of events, and silence procedures (remind.c)
 *   registration.events   decisions, promotions and lapsed offers: each is told; who is registered, and since which
 *                         version
 *   registration.private  whom to write to, and names; who is erased there is forgotten here (scrub.c)
 *
 * Records of a snapshot are state, not news: nobody is told of them. But a party that a snapshot makes known as registered, or
 * as having declined, is told of the changes that were seen before it, if it has not been. A record whose id cannot be turned
 * into a notice's id is refused (CV_EINVAL), which sets it aside visibly.
 */
#include "notifications/audience.h"
#include "notifications/content/calendar.h"
#include "notifications/core.h"
#include "notifications/core_escalate.h"
#include "notifications/dispatch.h"
#include "notifications/escalate.h"
#include "notifications/moved.h"
#include "notifications/offers.h"
#include "notifications/opening.h"
#include "notifications/persons.h"

int ntf_tell(ntf_t *ntf, cv_tx_t *tx, const ntf_telling_t *telling)
{
    char made[NTF_ID_MAX + 1];
    bool is_office = ntf_audience_is_office(telling->audience);
    /* Whom the kind is for in any case is told as it has it. */
    bool is_own = ntf_audience_default(telling->kind, telling->audience) == NTF_ALWAYS;
    int audience = is_own ? NTF_TO_NONE : telling->audience;
    int rc = telling->notice.ptr ? CV_OK : ntf_notice_id(telling->cause, telling->party, made);
    if (!rc && !telling->notice.ptr)
        rc = ntf_office_id(telling->audience, telling->party, made);
    if (rc)
        return rc;
    cv_str_t notice = telling->notice.ptr ? telling->notice : cv_str(made);
    bool later = telling->kind > NTF_LAPSE; /* see store_remind.h */
    uint8_t epoch[CV_EPOCH_LEN];
    bool has_epoch = ntf_epoch_of(telling->cause, epoch); /* the streams of a service share it */
    ntf_stir(ntf);
    rc = ntf_store_delivery_add(ntf->store, &(ntf_delivery_t){
                                                .notice = notice,
                                                .kind = later ? NTF_EVENT_CHANGE : telling->kind,
                                                .cause = telling->cause,
                                                .event = telling->event,
                                                .party = telling->party,
                                                .time_ms = telling->time_ms,
                                                .private_seq = telling->private_seq,
                                                .private_epoch = has_epoch ? epoch : NULL,
                                                .data = telling->data,
                                            });
    bool is_new = !rc && cv_db_changes(ntf->db) > 0;
    if (is_new && !telling->is_second) /* programs have it already */
        rc = ntf_dispatch_add_webhooks(ntf_post_store(ntf->post), notice);
    if (is_new && !rc && telling->deadline_ms)
        rc = ntf_escalate_watch(ntf, tx, notice, telling);
    bool is_delegation = telling->audience == NTF_TO_NONE || telling->audience == NTF_TO_REGISTERED;
    if (is_new && !rc && is_delegation && !telling->is_second)
        rc = ntf_persons_owe(ntf, telling->kind, notice);
    if (is_new && !rc && is_office)
        rc = ntf_watch_above(ntf->watches, notice, NTF_ORDER_CONTACT);
    if (rc || !is_new || (!later && telling->calendar == NTF_CALENDAR_NONE && audience == NTF_TO_NONE))
        return rc;
    return ntf_delivery_mark(ntf->reminders, notice, later ? telling->kind : 0, telling->calendar, audience);
}

/* A change of an event. A delegation that was invited gets an update, or the end of it. */
static int s_tell_change(ntf_t *ntf, cv_tx_t *tx, cv_str_t cause, cv_str_t event, ntf_listener_t listener,
                         int64_t time_ms, cv_event_status_t status)
{
    int last = NTF_CALENDAR_NONE;
    bool is_delegation = listener.audience == NTF_TO_REGISTERED;
    int rc = is_delegation ? ntf_calendar_last(ntf->reminders, event, listener.party, &last) : CV_OK;
    bool off = status == CV_EVENT_STATUS_CANCELLED || status == CV_EVENT_STATUS_REJECTED;
    int calendar = last == NTF_CALENDAR_NONE      ? NTF_CALENDAR_NONE
                   : !off                         ? NTF_CALENDAR_REQUEST
                   : last == NTF_CALENDAR_REQUEST ? NTF_CALENDAR_CANCEL
                                                  : NTF_CALENDAR_NONE;
    return rc ? rc
              : ntf_tell(ntf, tx,
                         &(ntf_telling_t){.kind = NTF_EVENT_CHANGE,
                                          .cause = cause,
                                          .event = event,
                                          .party = listener.party,
                                          .time_ms = time_ms,
                                          .calendar = calendar,
                                          .audience = listener.audience});
}

/* A change that was seen before, of which only the cause is known. */
static int s_tell_change_again(ntf_t *ntf, cv_tx_t *tx, const ntf_change_t *change, cv_str_t event,
                               ntf_listener_t listener)
{
    cv_str_t was, now;
    const void *details;
    int rc = ntf_store_change_get(ntf->store, change->cause, cv_tx_arena(tx), &was, &now);
    if (!rc)
        rc = ntf_decode(CV_MSG_SCHEDULING_EVENT_V1, now, cv_tx_arena(tx), &details);
    return rc ? rc
              : s_tell_change(ntf, tx, change->cause, event, listener, change->time_ms,
                              ((const cv_scheduling_event_v1_t *)details)->status);
}

/* The calendar part of what registration decided: an invitation for whoever has a place, its end for who is out. */
static int s_calendar_of(ntf_t *ntf, cv_str_t event, cv_str_t party, cv_party_answer_t answer,
                         const cv_person_place_t *persons, size_t n, int *ret_calendar)
{
    int last;
    int rc = ntf_calendar_last(ntf->reminders, event, party, &last);
    *ret_calendar = NTF_CALENDAR_NONE;
    if (rc || answer == CV_PARTY_ANSWER_ABSENT)
        return rc;
    if (answer != CV_PARTY_ANSWER_REGISTERED) {
        if (last == NTF_CALENDAR_REQUEST)
            *ret_calendar = NTF_CALENDAR_CANCEL;
        return CV_OK;
    }
    for (size_t i = 0; i < n; i++) {
        if (persons[i].state == CV_PERSON_STATE_CONFIRMED || persons[i].state == CV_PERSON_STATE_ONLINE)
            *ret_calendar = NTF_CALENDAR_REQUEST;
    }
    return CV_OK;
}

/* A party's answer, given under that version of the event; 0: not said. Changes that were seen before but made later
 * are told now. */
static int s_answer(ntf_t *ntf, cv_tx_t *tx, cv_str_t event, cv_str_t party, cv_party_answer_t answer, int64_t version)
{
    cv_party_answer_t before;
    int64_t since;
    int rc = ntf_store_answer_get(ntf->store, event, party, &before, &since);
    if (!rc && version == 0)
        rc = ntf_store_event_version(ntf->store, event, &version);
    if (rc)
        return rc;
    since = ntf_answer_since(before, since, answer, version);
    ntf_listener_t listener = {.audience = ntf_audience_of(answer), .party = party};
    bool is_told = false;
    rc = ntf_store_answer_put(ntf->store, event, party, answer, since);
    if (!rc && answer != CV_PARTY_ANSWER_NONE)
        rc = ntf_opening_over(ntf, event, party);
    if (!rc && answer != before)
        rc = ntf_audience_told(ntf->audiences, NTF_EVENT_CHANGE, listener.audience, &is_told);
    if (rc || !is_told)
        return rc;
    ntf_change_t *changes;
    size_t n;
    rc = ntf_store_changes(ntf->store, event, since, cv_tx_arena(tx), &changes, &n);
    for (size_t i = 0; !rc && i < n; i++) {
        if (ntf_concerned(answer, since, changes[i].version))
            rc = s_tell_change_again(ntf, tx, &changes[i], event, listener);
    }
    return rc;
}

static int s_decided(ntf_t *ntf, cv_tx_t *tx, const cv_msg_t *msg, const cv_registration_decided_v1_t *decided)
{
    if (!cv_tx_in_snapshot(tx)) {
        int calendar = NTF_CALENDAR_NONE;
        int rc = decided->cls == CV_OUTCOME_CLASS_OK
                     ? s_calendar_of(ntf, decided->event, decided->party, decided->answer, decided->persons,
                                     decided->persons_n, &calendar)
                     : CV_OK;
        if (!rc)
            rc = ntf_tell(ntf, tx,
                          &(ntf_telling_t){NTF_DECISION, CV_STR_NONE, msg->id, decided->event, decided->party,
                                           msg->time_ms, decided->private_seq, msg->data_bytes, calendar, 0, false,
                                           NTF_TO_NONE});
        if (rc)
            return rc;
    }
    if (decided->answer == CV_PARTY_ANSWER_ABSENT)
        return CV_OK;
    return s_answer(ntf, tx, decided->event, decided->party, decided->answer,
                    decided->has_version ? decided->version : 0);
}

static int s_promoted(ntf_t *ntf, cv_tx_t *tx, const cv_msg_t *msg, const cv_registration_promoted_v1_t *promoted)
{
    if (cv_tx_in_snapshot(tx))
        return CV_OK;
    int calendar;
    int rc = s_calendar_of(ntf, promoted->event, promoted->party, CV_PARTY_ANSWER_REGISTERED, promoted->persons,
                           promoted->persons_n, &calendar);
    return rc ? rc
              : ntf_tell(ntf, tx,
                         &(ntf_telling_t){NTF_PROMOTION, CV_STR_NONE, msg->id, promoted->event, promoted->party,
                                          msg->time_ms, promoted->private_seq, msg->data_bytes, calendar,
                                          promoted->has_expires_ms ? promoted->expires_ms : 0, false, NTF_TO_NONE});
}

/* An offer nobody took: its persons are off the list, and whoever answers for them must hear of it. */
static int s_lapsed(ntf_t *ntf, cv_tx_t *tx, const cv_msg_t *msg, const cv_registration_lapsed_v1_t *lapsed)
{
    if (!cv_tx_in_snapshot(tx)) {
        int calendar;
        int rc = s_calendar_of(ntf, lapsed->event, lapsed->party, lapsed->answer, NULL, 0, &calendar);
        if (!rc)
            rc = ntf_tell(ntf, tx,
                          &(ntf_telling_t){NTF_LAPSE, CV_STR_NONE, msg->id, lapsed->event, lapsed->party, msg->time_ms,
                                           lapsed->private_seq, msg->data_bytes, calendar, 0, false, NTF_TO_NONE});
        if (rc)
            return rc;
    }
    return s_answer(ntf, tx, lapsed->event, lapsed->party, lapsed->answer, 0);
}

/* A new version of an event: told to all who answered under an earlier one, and to who else is to hear of it. */
static int s_event(ntf_t *ntf, cv_tx_t *tx, const cv_msg_t *msg, const cv_scheduling_event_v1_t *now)
{
    cv_arena_t *arena = cv_tx_arena(tx);
    cv_str_t data;
    int rc = ntf_store_event_get(ntf->store, now->event, arena, &data);
    if (rc && rc != CV_ENOTFOUND)
        return rc;
    bool known = rc == CV_OK;
    rc = ntf_store_event_put(ntf->store, now->event, now->version, msg->time_ms, msg->data_bytes);
    if (!known)
        ntf_stir(ntf); /* a notice may wait for the event */
    if (!rc && now->status != CV_EVENT_STATUS_OPEN)
        rc = ntf_opening_over(ntf, now->event, CV_STR_NONE);
    if (!rc)
        rc = ntf_remind_event(ntf, tx, now);
    if (!rc && cv_tx_in_snapshot(tx))
        return ntf_store_versions_end(ntf->store, now->event, now->version);
    if (rc || !known)
        return rc;

    const void *was;
    rc = ntf_decode(CV_MSG_SCHEDULING_EVENT_V1, data, arena, &was);
    bool is_opened = !rc && ((const cv_scheduling_event_v1_t *)was)->status != CV_EVENT_STATUS_OPEN &&
                     now->status == CV_EVENT_STATUS_OPEN && now->has_registration;
    if (is_opened)
        rc = ntf_opened(ntf, tx, msg, now);
    if (rc || ntf_changes(was, now) == 0)
        return rc;
    ntf_listener_t *listeners = NULL;
    size_t n = 0;
    rc = ntf_store_change_put(ntf->store, msg->id, now->event, now->version, msg->time_ms, data, msg->data_bytes);
    if (!rc)
        rc = ntf_listeners(ntf, tx, NTF_EVENT_CHANGE, now->event, now, now->version, &listeners, &n);
    for (size_t i = 0; !rc && i < n; i++)
        rc = s_tell_change(ntf, tx, msg->id, now->event, listeners[i], msg->time_ms, now->status);
    return rc;
}

static int s_contact(ntf_t *ntf, cv_tx_t *tx, const cv_msg_t *msg, const cv_registration_contact_v1_t *contact)
{
    int rc = CV_OK;
    bool is_same = true, persons_same = true;
    if (contact->has_contact) {
        rc = ntf_contact_has(ntf->movings, contact->event, contact->party, contact->contact.email, &is_same);
        if (!rc)
            rc = ntf_store_contact_put(ntf->store, contact->event, contact->party, &contact->contact);
        if (!rc)
            rc = ntf_store_release_recipient(ntf->store, contact->event, contact->party);
    }
    if (!rc)
        rc = ntf_persons_put(ntf, tx, msg, contact, &persons_same);
    if (!rc && !(is_same && persons_same))
        rc = ntf_moved(ntf, contact->event, contact->party);
    if (!rc)
        rc = ntf_reason_put(ntf->reasons, contact);
    ntf_stir(ntf);
    return rc;
}

/* Persons were erased: nothing of them is kept here either. */
static int s_erased(ntf_t *ntf, cv_tx_t *tx, const cv_registration_erased_v1_t *erased)
{
    int rc = CV_OK;
    for (size_t i = 0; !rc && i < erased->persons_n; i++) {
        rc = ntf_store_person_drop(ntf->store, erased->event, erased->party, erased->persons[i]);
        if (!rc)
            rc = ntf_reason_drop(ntf->reasons, erased->event, erased->party, erased->persons[i]);
    }
    if (!rc && erased->has_contact && erased->contact)
        rc = ntf_store_contact_drop(ntf->store, erased->event, erased->party);
    if (!rc)
        rc = ntf_address_forget(ntf->reaches);
    return rc ? rc : ntf_forget(ntf, tx, erased->event, erased->party);
}

int ntf_record(void *self, cv_tx_t *tx, const char *stream, const cv_msg_t *msg, const void *data)
{
    (void)stream;
    switch (msg->info->number) {
    case CV_MSG_REGISTRATION_DECIDED_V1:
        return s_decided(self, tx, msg, data);
    case CV_MSG_REGISTRATION_PROMOTED_V1:
        return s_promoted(self, tx, msg, data);
    case CV_MSG_REGISTRATION_LAPSED_V1:
        return s_lapsed(self, tx, msg, data);
    case CV_MSG_REGISTRATION_DELEGATION_V1: {
        const cv_registration_delegation_v1_t *delegation = data;
        int rc = ntf_offers_state(self, delegation);
        if (rc)
            return rc;
        return s_answer(self, tx, delegation->event, delegation->party, delegation->answer,
                        delegation->has_since_version ? delegation->since_version : 0);
    }
    case CV_MSG_REGISTRATION_CONTACT_V1:
        return s_contact(self, tx, msg, data);
    case CV_MSG_REGISTRATION_ERASED_V1:
        return s_erased(self, tx, data);
    case CV_MSG_SCHEDULING_EVENT_V1:
        return s_event(self, tx, msg, data);
    case CV_MSG_SCHEDULING_PARTY_V1: {
        const cv_party_t *party = data;
        ntf_stir(self); /* a notice may wait for the party */
        return ntf_store_party_put(((ntf_t *)self)->store, party);
    }
    case CV_MSG_SCHEDULING_DECISION_V1:
        return ntf_procedure(self, tx, msg, data);
    case CV_MSG_SCHEDULING_COORDINATOR_V1:
        return ntf_coordinator_put(((ntf_t *)self)->audiences, data);
    case CV_MSG_SCHEDULING_HEADING_V1: {
        const cv_heading_t *heading = data;
        return ntf_area_put(((ntf_t *)self)->audiences, heading->code, heading->name);
    }
    case CV_MSG_SCHEDULING_VENUE_V1: {
        const cv_venue_t *venue = data;
        return ntf_store_venue_put(((ntf_t *)self)->store, venue->code, venue->name);
    }
    default:
        return CV_OK;
    }
}
