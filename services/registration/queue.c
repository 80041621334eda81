/* queue: the waiting list moves.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Whatever may free a seat ends with reg_promote(), in the same transaction: a withdrawal, the release of guarantees,
 * new rules. It asks the core who is next until nobody is, so afterwards nobody waits who could have a seat. Units
 * that move up one after the other and are of one delegation share a record.
 *
 * One batch moves up REG_PROMOTE_MAX persons and no more, so that what it writes and publishes has a size. Beyond it (a
 * hall instead of a room, thousands waiting) a timer that is due at once goes on in the next batch. Nobody can slip in
 * between: for a newcomer those who still wait are in front.
 */
#include "registration/registration.h"
#include <string.h>

static const char *const CONTINUE[] = {
    [CV_PROMOTION_CAUSE_WITHDRAWAL] = "promote_withdrawal", [CV_PROMOTION_CAUSE_RELEASE] = "promote_release",
    [CV_PROMOTION_CAUSE_CAPACITY] = "promote_capacity",     [CV_PROMOTION_CAUSE_CHANGE] = "promote_change",
    [CV_PROMOTION_CAUSE_OFFER] = "promote_offer",
};

cv_promotion_cause_t reg_promote_cause(const char *timer_kind)
{
    for (unsigned cause = 1; cause <= CV_PROMOTION_CAUSE_MAX; cause++)
        if (strcmp(timer_kind, CONTINUE[cause]) == 0)
            return (cv_promotion_cause_t)cause;
    return CV_PROMOTION_CAUSE_ABSENT;
}

static int tell(reg_t *self, cv_tx_t *tx, const reg_delegation_t *delegation)
{
    cv_registration_promoted_v1_t *record = &self->promoted;

    if (!record->persons_n)
        return CV_OK;
    record->event = cv_str(delegation->event->code);
    record->party = cv_str(delegation->party->code);
    record->private_seq = cv_tx_head(tx, REG_STREAM_PRIVATE);
    reg_fill_seats(delegation, &record->seats);
    int rc =
        cv_tx_emit(tx, REG_STREAM_EVENTS, CV_MSG_REGISTRATION_PROMOTED_V1, cv_str(delegation->subject), record, NULL);
    record->persons_n = 0;
    return rc;
}

static int seat_unit(reg_t *self, cv_tx_t *tx, reg_delegation_t *delegation, int64_t number, const reg_unit_t *unit)
{
    const reg_note_t note = {.at_ms = cv_tx_now_ms(tx), .request = self->note.request}; /* nobody asked for this one */
    reg_seats_t *seats = &delegation->event->seats;
    cv_registration_promoted_v1_t *record = &self->promoted;

    bool asks = delegation->event->offer_ms > 0;
    reg_state_t state = asks ? REG_OFFERED : REG_CONFIRMED;
    int rc = CV_OK;

    record->has_expires_ms = asks;
    record->expires_ms = note.at_ms + delegation->event->offer_ms;
    if (asks)
        rc = reg_store_offer_add(self->store, number, delegation, record->expires_ms);
    for (unsigned i = 0; !rc && i < unit->n; i++) {
        rc = reg_store_note(self->store, unit->id[i], &note,
                            asks ? CV_PERSON_CHANGE_OFFERED : CV_PERSON_CHANGE_PROMOTED);
        if (!rc)
            rc = reg_store_person_move(self->store, unit->id[i], state, asks ? number : 0, 0);
        reg_stop_waiting(seats, &delegation->share, 1);
        reg_take(seats, &delegation->share, unit->role[i], unit->options[i]);
        record->persons[record->persons_n++] =
            (cv_person_place_t){.number = unit->number[i], .state = (cv_person_state_t)state};
    }
    if (asks)
        reg_offer(seats, &delegation->share, (int32_t)unit->n);
    reg_book_touch(&self->book, delegation);
    return rc;
}

int reg_promote(reg_t *self, cv_tx_t *tx, reg_event_t *event, cv_promotion_cause_t cause)
{
    reg_delegation_t *told = NULL; /* whose persons are in the record that is being gathered */
    reg_lane_t *lane;
    int rc = CV_OK;

    if (!event->seats.waiting || !event->known || !reg_stage_moves(event->terms.stage))
        return CV_OK;
    self->promoted.cause = cause;
    self->promoted.persons_n = 0;
    while (!rc && (lane = reg_next(&event->seats))) {
        reg_delegation_t *delegation = lane->owner;
        reg_unit_t unit;

        if (self->promoted_n >= REG_PROMOTE_MAX) {
            rc = cv_tx_timer_set(tx, CONTINUE[cause], cv_str(event->code), cv_tx_now_ms(tx));
            break;
        }
        rc = reg_store_unit(self->store, delegation->row, lane->key, lane->head, &unit);
        if (!rc && unit.n == 0)
            rc = CV_ECORRUPT;
        if (!rc && told && (told != delegation || self->promoted.persons_n + unit.n > REG_PERSONS_MAX))
            rc = tell(self, tx, told);
        if (!rc)
            rc = seat_unit(self, tx, delegation, lane->head, &unit);
        if (!rc)
            rc = reg_store_lane_next(self->store, &self->book, lane);
        told = delegation;
        self->promoted_n += unit.n;
    }
    if (!rc && told)
        rc = tell(self, tx, told);
    return rc || !told || !event->offer_ms ? rc : reg_offer_timer(self, tx, event);
}

int reg_promote_all(reg_t *self, cv_tx_t *tx, cv_promotion_cause_t cause)
{
    int rc = CV_OK;

    for (size_t i = 0; !rc && i < self->book.events_n; i++)
        rc = reg_promote(self, tx, self->book.event_list[i], cause);
    return rc;
}

/* Those of a unit who stay need less, so they go on in another lane, at the same place. */
static int regroup(reg_t *self, reg_delegation_t *delegation, const reg_person_t *person)
{
    reg_unit_t rest;
    reg_need_t need;

    int rc = reg_store_unit(self->store, delegation->row, person->lane, person->unit, &rest);
    if (rc || rest.n == 0)
        return rc;
    reg_unit_need(&rest, &need);
    for (unsigned i = 0; i < rest.n && !rc; i++)
        rc = reg_store_person_move(self->store, rest.id[i], REG_WAITING, person->unit, reg_lane_key(&need));
    return rc ? rc : reg_lane_open(&self->book, delegation, &need, person->unit);
}

int reg_leave_queue(reg_t *self, reg_delegation_t *delegation, const reg_person_t *person)
{
    int rc = reg_store_person_move(self->store, person->id, REG_WITHDRAWN, 0, 0);

    return rc ? rc : reg_rejoin_queue(self, delegation, person);
}

int reg_rejoin_queue(reg_t *self, reg_delegation_t *delegation, const reg_person_t *before)
{
    reg_lane_t *lane = reg_lane_find(delegation, before->lane);

    if (!lane)
        return CV_ECORRUPT;
    int rc = regroup(self, delegation, before);
    return rc || lane->head != before->unit ? rc : reg_store_lane_next(self->store, &self->book, lane);
}
