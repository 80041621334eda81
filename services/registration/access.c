/* access: who has read whose personal data, recorded before the answer leaves. See document.h.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   what      key                                             answer                           who
 *   accesses  EVENT, EVENT/PARTY or EVENT/PARTY/NUMBER        registration.access.v1           secretariat
 *
 * Of a person: also readings of the whole party and of the whole event. Lists go on after the number of a reading.
 */
#include "registration/document.h"

#include <stdio.h>
#include <string.h>

enum { TRIM_READING = 100, TRIM_TIMER = 10000 }; /* rows that go at once */
static const int64_t DAY_MS = 24 * 3600 * 1000;

/* Set once, before the service is opened. */
static int s_days = 365;
static int64_t s_rows = 1000000;

void reg_access_days(int days)
{
    s_days = days;
}

void reg_access_rows(int64_t rows)
{
    s_rows = rows;
}

int64_t reg_access_kept_ms(void)
{
    return s_days * DAY_MS;
}

/* ---- recording ----------------------------------------------------------------------------------------------- */

static bool shows_persons(cv_str_t what)
{
    return cv_str_is(what, "persons") || cv_str_is(what, "history") || cv_str_is(what, "documents") ||
           cv_str_is(what, "consents") || cv_str_is(what, "badge_tokens") || cv_str_is(what, "scans");
}

void reg_access_note(reg_t *self, cv_tx_t *tx, const cv_log_query_v1_t *query, const cv_collect_t *collect)
{
    const cv_principal_t *who = cv_tx_principal(tx);
    reg_key_of_t of;

    if (!shows_persons(query->what) || !cv_collect_n(collect) || reg_read_key(&self->book, query->key, &of))
        return; /* a key that cannot be read has no answer with rows */
    self->reading =
        (reg_access_t){.at_ms = cv_tx_now_ms(tx),
                       .event = of.event->row,
                       .delegation = of.delegation ? of.delegation->row : 0,
                       .number = of.number,
                       .persons = cv_str_is(query->what, "persons") ? self->shown : (int64_t)cv_collect_n(collect)};
    snprintf(self->reading.by, sizeof self->reading.by, "%s", who ? who->name : "");
    snprintf(self->reading.on_behalf_of, sizeof self->reading.on_behalf_of, "%.*s", CV_STR_ARG(query->on_behalf_of));
    snprintf(self->reading.what, sizeof self->reading.what, "%.*s", CV_STR_ARG(query->what));
    cv_tx_trace(tx);
}

static int64_t since(const cv_tx_t *tx)
{
    return cv_tx_now_ms(tx) - reg_access_kept_ms();
}

/* When the oldest one has to go. */
static int set_timer(reg_t *self, cv_tx_t *tx)
{
    int64_t oldest_ms;
    int rc = reg_access_oldest(self->accesses, &oldest_ms);

    if (rc)
        return rc == CV_ENOTFOUND ? CV_OK : rc;
    return cv_tx_timer_set(tx, REG_TIMER_ACCESS, CV_STR("oldest"), oldest_ms + reg_access_kept_ms() + 1);
}

int reg_access_trace(void *self_, cv_tx_t *tx)
{
    reg_t *self = self_;
    int64_t oldest_ms;
    int rc = reg_access_oldest(self->accesses, &oldest_ms);
    bool is_first = rc == CV_ENOTFOUND;

    if (!rc || is_first)
        rc = reg_access_add(self->accesses, &self->reading);
    if (!rc)
        rc = reg_access_trim(self->accesses, since(tx), s_rows, TRIM_READING);
    return rc || !is_first ? rc : set_timer(self, tx);
}

int reg_access_timer(reg_t *self, cv_tx_t *tx)
{
    int rc = reg_access_trim(self->accesses, since(tx), s_rows, TRIM_TIMER);

    return rc ? rc : set_timer(self, tx);
}

/* ---- the question -------------------------------------------------------------------------------------------- */

int reg_ask_accesses(reg_t *self, cv_tx_t *tx, const cv_log_query_v1_t *query, int64_t limit, cv_collect_t *collect)
{
    const cv_principal_t *who = cv_tx_principal(tx);
    int64_t after = 0, last = 0, n = 0;
    reg_access_t access;
    reg_key_of_t of;

    if (!who || !(who->role & CV_ROLE_SECRETARIAT))
        return CV_EDENIED;
    int rc = reg_read_key(&self->book, query->key, &of);
    if (!rc && query->after.len)
        rc = cv_str_digits(query->after, REG_DIGITS_MAX, &after);
    if (rc)
        return rc;
    while (!(rc = reg_access_next(self->accesses, of.event->row, of.delegation ? of.delegation->row : 0, of.number,
                                  since(tx), &after, &access))) {
        const reg_delegation_t *d = reg_delegation_at(of.event, access.delegation); /* NULL: all of them */
        const cv_registration_access_v1_t row = {.access = (uint64_t)access.id,
                                                 .at_ms = access.at_ms,
                                                 .by = cv_str(access.by),
                                                 .what = cv_str(access.what),
                                                 .event = cv_str(of.event->code),
                                                 .party = d ? cv_str(d->party->code) : CV_STR_NONE,
                                                 .has_number = access.number > 0,
                                                 .number = access.number,
                                                 .persons = access.persons,
                                                 .on_behalf_of = access.on_behalf_of[0] ? cv_str(access.on_behalf_of)
                                                                                        : CV_STR_NONE};
        rc = n < limit ? cv_collect_put(collect, CV_MSG_REGISTRATION_ACCESS_V1, row.event, 0, &row) : CV_ELIMIT;
        if (rc)
            break;
        last = access.id;
        n++;
    }
    if (rc != CV_ELIMIT || !n)
        return rc == CV_ENOTFOUND ? CV_OK : rc;
    return reg_go_on(cv_tx_arena(tx), collect, last);
}
