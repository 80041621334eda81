/* consent: what persons agreed to is recorded, ends, and is shown. See consent.h.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   what      key                                         answer                     who
 *   consents  EVENT, EVENT/PARTY or EVENT/PARTY/NUMBER    registration.consent.v1    secretariat; of its party the focal point
 */
#include "registration/consent.h"

#include "convene/ids.h"
#include "registration/ask.h"
#include "registration/document.h"

#include <stdio.h>
#include <string.h>

_Static_assert((int)CV_CONSENT_PURPOSE_PARTICIPATION == 1 && (int)CV_CONSENT_END_ERASED == 5, "numbers are stored");

enum { LAPSED_MAX = 256, TRIM = 10000 };
static const int64_t DAY_MS = 24 * 3600 * 1000;

bool reg_is_consent_request(uint16_t type)
{
    return type == CV_MSG_REGISTRATION_CONSENT_PUT_V1 || type == CV_MSG_REGISTRATION_CONSENT_WITHDRAW_V1;
}

/* When the oldest one that ended has to go. */
static int set_ended_timer(reg_t *self, cv_tx_t *tx)
{
    int64_t ended_ms;
    int rc = reg_consent_oldest(self->consents, &ended_ms);

    if (rc)
        return rc == CV_ENOTFOUND ? CV_OK : rc;
    return cv_tx_timer_set(tx, REG_TIMER_CONSENT_ENDED, CV_STR("oldest"), ended_ms + reg_access_kept_ms() + 1);
}

static int set_timer(reg_t *self, cv_tx_t *tx, const reg_event_t *event)
{
    reg_consent_t first;
    int rc = reg_consent_first(self->consents, event->row, &first);

    if (rc == CV_ENOTFOUND)
        return cv_tx_timer_cancel(tx, REG_TIMER_CONSENT, cv_str(event->code));
    return rc ? rc : cv_tx_timer_set(tx, REG_TIMER_CONSENT, cv_str(event->code), first.until_ms);
}

/* purpose 0: all. */
static int end(reg_t *self, cv_tx_t *tx, int64_t person, int purpose, cv_consent_end_t why, int64_t *ret_n)
{
    int rc = reg_consent_end(self->consents, person, purpose, (int)why, cv_tx_now_ms(tx), ret_n);

    return rc || !*ret_n ? rc : set_ended_timer(self, tx);
}

int reg_consents_over(reg_t *self, cv_tx_t *tx, int64_t person, cv_consent_end_t why)
{
    int64_t n;

    return end(self, tx, person, 0, why, &n); /* a timer that finds nothing to end does no harm */
}

/* ---- requests ------------------------------------------------------------------------------------------------ */

/* The days of a consent. CV_OK, or a refusal. */
static int read_days(reg_ask_t *ask, const cv_registration_consent_put_v1_t *request, reg_consent_t *consent)
{
    char now[CV_TIME_TEXT + 1];
    int64_t given_ms, now_ms = cv_tx_now_ms(ask->tx);

    cv_time_text(now_ms, now);
    snprintf(consent->given, sizeof consent->given, "%.10s", now);
    if (request->given.ptr) {
        if (cv_str_copy(request->given, consent->given, sizeof consent->given) ||
            cv_date_parse(request->given, &given_ms))
            return CV_EINVAL;           /* the schema has looked at both days */
        if (given_ms > now_ms + DAY_MS) /* it may be tomorrow already where the person is */
            return cv_refuse(ask->tx, ask->out, "consent_not_given", "data.given",
                             "The consent is of %s, and it is %.10s; nothing was recorded.", consent->given, now);
    }
    if (!request->until.ptr)
        return CV_OK;
    consent->until_ms = reg_day_after_ms(request->until);
    if (cv_str_copy(request->until, consent->until, sizeof consent->until))
        return CV_EINVAL;
    if (consent->until_ms <= now_ms || strcmp(consent->until, consent->given) < 0)
        return cv_refuse(ask->tx, ask->out, "consent_over", "data.until",
                         "The last day of the consent, %s, is over or before the day it was given on, %s; nothing was "
                         "recorded.",
                         consent->until, consent->given);
    return CV_OK;
}

static int put(reg_ask_t *ask, const cv_registration_consent_put_v1_t *request)
{
    const cv_principal_t *who = cv_tx_principal(ask->tx);
    reg_consent_t consent = {.purpose = (int)request->purpose, .at_ms = cv_tx_now_ms(ask->tx)};
    reg_person_t person = {0};
    int64_t replaced;

    int rc = reg_find_person(ask, request->event, request->party, request->number, false, &person);
    if (!rc)
        rc = read_days(ask, request, &consent);
    if (!rc)
        rc = cv_str_copy(request->text, consent.text, sizeof consent.text);
    if (rc)
        return rc;
    snprintf(consent.by, sizeof consent.by, "%s", who ? who->name : "");
    consent.person = person.id;
    consent.event = ask->event->row;
    rc = end(ask->self, ask->tx, person.id, consent.purpose, CV_CONSENT_END_REPLACED, &replaced);
    if (!rc)
        rc = reg_consent_add(ask->self->consents, &consent);
    if (!rc)
        rc = set_timer(ask->self, ask->tx, ask->event);
    return rc ? rc
              : cv_accept(ask->tx, ask->out, "consent_recorded", "Person %lld of %s has agreed (%s) %s%s.",
                          (long long)request->number, ask->party->code, cv_consent_purpose_text(request->purpose),
                          consent.until_ms ? "until " : "for as long as the data are kept", consent.until);
}

static int withdraw(reg_ask_t *ask, const cv_registration_consent_withdraw_v1_t *request)
{
    reg_person_t person = {0};
    int64_t n = 0;

    int rc = reg_find_person(ask, request->event, request->party, request->number, false, &person);
    if (!rc)
        rc = end(ask->self, ask->tx, person.id, (int)request->purpose, CV_CONSENT_END_WITHDRAWN, &n);
    if (rc)
        return rc;
    if (!n)
        return cv_refuse(ask->tx, ask->out, "no_consent", "data.purpose",
                         "No consent of person %lld of %s for this purpose (%s) is in force; nothing was done.",
                         (long long)request->number, ask->party->code, cv_consent_purpose_text(request->purpose));
    if (request->purpose != CV_CONSENT_PURPOSE_PARTICIPATION)
        return cv_accept(ask->tx, ask->out, "consent_withdrawn", "The consent of person %lld of %s (%s) is withdrawn.",
                         (long long)request->number, ask->party->code, cv_consent_purpose_text(request->purpose));
    const cv_registration_erase_v1_t erase = {
        .event = request->event, .party = request->party, .persons_n = 1, .persons = {request->number}};
    ask->act = REG_ACT_ERASE;
    return reg_decide_ask(ask, request->event, request->party, CV_STR_NONE, &erase);
}

int reg_consent_request(reg_t *self, cv_tx_t *tx, const cv_msg_t *msg, const void *data, cv_outcome_t *out)
{
    reg_ask_t ask = {.self = self, .tx = tx, .msg = msg, .out = out, .part = -1};
    int rc = reg_ready(self);

    reg_store_begin(self->store, tx);
    if (rc)
        return rc;
    rc = msg->info->number == CV_MSG_REGISTRATION_CONSENT_PUT_V1 ? put(&ask, data) : withdraw(&ask, data);
    self->note = (reg_note_t){0};
    return rc;
}

/* ---- what runs out ------------------------------------------------------------------------------------------- */

static int lapse(reg_t *self, cv_tx_t *tx, reg_event_t *event, const reg_consent_t *consent)
{
    reg_delegation_t *d = reg_delegation_at(event, consent->delegation);
    int64_t n;

    int rc = end(self, tx, consent->person, consent->purpose, CV_CONSENT_END_LAPSED, &n);
    if (rc || consent->purpose != (int)CV_CONSENT_PURPOSE_PARTICIPATION)
        return rc;
    return d ? reg_erase_lapsed(self, tx, d, consent->number, consent->until_ms) : CV_ECORRUPT;
}

int reg_consent_timer(reg_t *self, cv_tx_t *tx, reg_event_t *event)
{
    reg_consent_t consent;
    int rc = CV_OK;

    for (int n = 0; n < LAPSED_MAX; n++) {
        rc = reg_consent_first(self->consents, event->row, &consent);
        if (rc || consent.until_ms > cv_tx_now_ms(tx))
            break;
        rc = lapse(self, tx, event, &consent);
        if (rc)
            return rc;
    }
    if (rc && rc != CV_ENOTFOUND)
        return rc;
    rc = reg_promote(self, tx, event, CV_PROMOTION_CAUSE_WITHDRAWAL);
    return rc ? rc : set_timer(self, tx, event);
}

int reg_consent_ended_timer(reg_t *self, cv_tx_t *tx)
{
    int rc = reg_consent_trim(self->consents, cv_tx_now_ms(tx) - reg_access_kept_ms(), TRIM);

    return rc ? rc : set_ended_timer(self, tx);
}

/* ---- the question -------------------------------------------------------------------------------------------- */

int reg_ask_consents(reg_t *self, cv_tx_t *tx, const cv_log_query_v1_t *query, int64_t limit, cv_collect_t *collect)
{
    int64_t after = 0, last = 0, n = 0;
    reg_consent_t consent;
    reg_key_of_t of;

    if (!reg_may_see_papers(cv_tx_principal(tx), query->key))
        return CV_EDENIED;
    int rc = reg_read_key(&self->book, query->key, &of);
    if (!rc && query->after.len)
        rc = cv_str_digits(query->after, REG_DIGITS_MAX, &after);
    if (rc)
        return rc;
    while (!(rc = reg_consent_next(self->consents, of.event->row, of.delegation ? of.delegation->row : 0, of.number,
                                   &after, &consent))) {
        const reg_delegation_t *d = reg_delegation_at(of.event, consent.delegation);
        if (!d)
            return CV_ECORRUPT;
        const cv_registration_consent_v1_t row = {.consent = (uint64_t)consent.id,
                                                  .event = cv_str(of.event->code),
                                                  .party = cv_str(d->party->code),
                                                  .number = consent.number,
                                                  .purpose = (cv_consent_purpose_t)consent.purpose,
                                                  .text = cv_str(consent.text),
                                                  .given = cv_str(consent.given),
                                                  .until = consent.until_ms ? cv_str(consent.until) : CV_STR_NONE,
                                                  .at_ms = consent.at_ms,
                                                  .by = consent.by[0] ? cv_str(consent.by) : CV_STR_NONE,
                                                  .end = (cv_consent_end_t)consent.end,
                                                  .has_ended_ms = consent.end != 0,
                                                  .ended_ms = consent.ended_ms};
        rc = n < limit ? cv_collect_put(collect, CV_MSG_REGISTRATION_CONSENT_V1, cv_str(d->subject), 0, &row)
                       : CV_ELIMIT;
        if (rc)
            break;
        last = consent.id;
        n++;
    }
    if (rc != CV_ELIMIT || !n)
        return rc == CV_ENOTFOUND ? CV_OK : rc;
    return reg_go_on(cv_tx_arena(tx), collect, last);
}
