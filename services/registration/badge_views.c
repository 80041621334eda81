/* badge_views: badges, keys, scans and attendance as records: snapshots and answers to questions.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   what          key                                 answer                           who
 *   badges        EVENT, EVENT/PARTY                  registration.badge.v1            everybody
 *   badge_keys                                        registration.badge.key.v1        everybody
 *   attendance    EVENT, EVENT/PARTY                  registration.attendance.v1       everybody
 *   badge_tokens  EVENT, EVENT/PARTY[/NUMBER]         registration.badge.token.v1      secretariat, services; of one
 *   scans         EVENT, EVENT/PARTY                  registration.scan.v1             party its focal point
 *
 * Lists go on after the number of a badge, or the row of a scan; attendance after a party.
 */
#include "registration/badge.h"

#include <string.h>

enum { PAGE = 128 };

bool reg_is_badge_question(cv_str_t what)
{
    return cv_str_is(what, "badges") || cv_str_is(what, "badge_keys") || cv_str_is(what, "badge_tokens") ||
           cv_str_is(what, "attendance") || cv_str_is(what, "scans");
}

typedef struct {
    reg_t *self;
    cv_tx_t *tx;
    cv_collect_t *collect;
    int64_t limit, after;
    const reg_event_t *event;
    const reg_delegation_t *delegation; /* NULL: all of the event */
    int64_t number;                     /* 0: all of the delegation */
} asking_t;

/* ---- keys ---------------------------------------------------------------------------------------------------- */

/* What the key names. For what shows persons: by the key alone, before it is looked at whether there is such a thing.
 */
static int read_key(asking_t *ask, cv_str_t key, bool shows_persons)
{
    reg_key_of_t of;

    if (shows_persons && !reg_may_see_persons(cv_tx_principal(ask->tx), reg_key_delegation(key)))
        return CV_EDENIED;
    int rc = key.len ? reg_read_key(&ask->self->book, key, &of) : CV_ENOTFOUND;
    if (rc)
        return rc;
    ask->event = of.event;
    ask->delegation = of.delegation;
    ask->number = of.number;
    return CV_OK;
}

/* ---- rows ---------------------------------------------------------------------------------------------------- */

static int put_badge(asking_t *ask, const reg_badge_t *badge)
{
    const reg_delegation_t *d = ask->delegation ? ask->delegation : reg_delegation_at(ask->event, badge->delegation);
    cv_registration_badge_v1_t row;

    if (!d)
        return CV_ECORRUPT;
    reg_badge_fill(d, badge, &row);
    return cv_collect_put(ask->collect, CV_MSG_REGISTRATION_BADGE_V1, cv_str(d->subject), 0, &row);
}

static int put_token(asking_t *ask, const reg_badge_t *badge)
{
    const reg_delegation_t *d = ask->delegation ? ask->delegation : reg_delegation_at(ask->event, badge->delegation);
    char token[CV_BADGE_TEXT + 1], text[REG_PERSON_TEXT];
    cv_badge_t signing = {.badge = badge->id, .from_ms = badge->from_ms, .until_ms = badge->until_ms};
    const uint8_t *seed;
    uint32_t key = 0;
    reg_person_t person;

    if (badge->cause || (ask->number && badge->number != (unsigned)ask->number))
        return CV_OK;
    if (!d)
        return CV_ECORRUPT;
    int rc = reg_signing_seed(ask->self, &seed, &key);
    if (rc)
        return rc;
    cv_badge_event(cv_str(ask->event->code), signing.event);
    rc = cv_badge_sign(&signing, seed, token);
    if (!rc)
        rc = reg_store_person_get(ask->self->store, badge->person, text, &person);
    if (rc || !person.name.ptr) /* erased */
        return rc;
    const cv_registration_badge_token_v1_t row = {
        .badge = badge->id,
        .event = cv_str(ask->event->code),
        .title = ask->event->title[0] ? cv_str(ask->event->title) : CV_STR_NONE,
        .party = cv_str(d->party->code),
        .number = badge->number,
        .name = person.name,
        .capacity = (cv_capacity_t)person.role,
        .token = cv_str(token),
        .key = key,
        .from_ms = badge->from_ms,
        .until_ms = badge->until_ms,
    };
    return cv_collect_put(ask->collect, CV_MSG_REGISTRATION_BADGE_TOKEN_V1, cv_str(d->subject), 0, &row);
}

static int put_scan(asking_t *ask, const reg_seen_t *seen)
{
    const reg_scan_t *scan = &seen->scan;
    const reg_delegation_t *d = seen->delegation ? reg_delegation_at(ask->event, seen->delegation) : NULL;
    reg_badge_t badge = {0};
    int rc = d ? reg_badge_get(ask->self->badges, seen->badge, &badge) : CV_OK;

    if (rc)
        return rc == CV_ENOTFOUND ? CV_ECORRUPT : rc;
    const cv_registration_scan_v1_t row = {
        .event = cv_str(ask->event->code),
        .party = d ? cv_str(d->party->code) : CV_STR_NONE,
        .has_number = d != NULL,
        .number = badge.number,
        .badge = seen->badge,
        .gate = cv_str(scan->gate),
        .run = scan->run,
        .sequence = scan->sequence,
        .at_ms = scan->at_ms,
        .gate_ms = scan->gate_ms,
        .direction = (cv_scan_direction_t)scan->direction,
        .verdict = (cv_scan_verdict_t)scan->verdict,
        .finding = (cv_scan_finding_t)scan->finding,
        .other = seen->other[0] ? cv_str(seen->other) : CV_STR_NONE,
    };
    return cv_collect_put(ask->collect, CV_MSG_REGISTRATION_SCAN_V1, cv_str(ask->event->code), 0, &row);
}

static int put_attendance(asking_t *ask, const reg_delegation_t *d)
{
    cv_registration_attendance_v1_t row;
    int rc = reg_attendance_fill(ask->self, d, &row);

    return rc ? rc : cv_collect_put(ask->collect, CV_MSG_REGISTRATION_ATTENDANCE_V1, cv_str(d->subject), 0, &row);
}

/* ---- lists --------------------------------------------------------------------------------------------------- */

static int list_badges(asking_t *ask, int (*put)(asking_t *ask, const reg_badge_t *badge))
{
    reg_badge_t page[PAGE];
    size_t n = PAGE;
    int64_t told = 0;

    while (n == PAGE) {
        int rc = reg_badge_list(ask->self->badges, ask->event->row, ask->delegation ? ask->delegation->row : 0,
                                ask->after, page, PAGE, &n);
        for (size_t i = 0; !rc && i < n; i++) {
            if (told == ask->limit)
                return reg_go_on(cv_tx_arena(ask->tx), ask->collect, ask->after);
            rc = put(ask, &page[i]);
            if (rc == CV_ELIMIT && told > 0 && ask->tx)
                return reg_go_on(cv_tx_arena(ask->tx), ask->collect, ask->after);
            ask->after = page[i].id;
            told++;
        }
        if (rc)
            return rc;
    }
    return CV_OK;
}

static int list_scans(asking_t *ask)
{
    reg_seen_t page[PAGE];
    size_t n = PAGE;
    int64_t told = 0;

    while (n == PAGE) {
        int rc = reg_scan_list(ask->self->badges, ask->event->row, ask->delegation ? ask->delegation->row : 0,
                               ask->after, page, PAGE, &n);
        for (size_t i = 0; !rc && i < n; i++) {
            if (told == ask->limit)
                return reg_go_on(cv_tx_arena(ask->tx), ask->collect, ask->after);
            rc = put_scan(ask, &page[i]);
            if (rc == CV_ELIMIT && told > 0 && ask->tx)
                return reg_go_on(cv_tx_arena(ask->tx), ask->collect, ask->after);
            ask->after = page[i].scan.row;
            told++;
        }
        if (rc)
            return rc;
    }
    return CV_OK;
}

static int list_attendance(asking_t *ask, cv_str_t after)
{
    const reg_book_t *book = &ask->self->book;
    cv_str_t codes[PAGE];
    size_t n;

    if (ask->delegation)
        return put_attendance(ask, ask->delegation);
    int64_t limit = ask->limit < PAGE ? ask->limit : PAGE;
    int rc = reg_store_party_codes(ask->self->store, ask->event->row, after, limit, cv_tx_arena(ask->tx), codes, &n);
    for (size_t i = 0; !rc && i < n; i++) {
        rc = put_attendance(ask, reg_book_delegation(book, ask->event, reg_book_party(book, codes[i])));
        if (!rc || i == 0)
            continue;
        cv_collect_next(ask->collect, codes[i - 1]);
        return rc == CV_ELIMIT ? CV_OK : rc;
    }
    if (!rc && n == (size_t)limit)
        cv_collect_next(ask->collect, codes[n - 1]);
    return rc;
}

static int list_keys(reg_t *self, cv_collect_t *collect)
{
    reg_key_t keys[REG_KEYS_MAX];
    size_t n = 0;
    int rc = reg_keys_load(self->badges, keys, &n);

    for (size_t i = 0; !rc && i < n; i++) {
        cv_registration_badge_key_v1_t row;
        reg_key_fill(&keys[i], i == 0 && !keys[i].revoked_ms, &row);
        rc = cv_collect_put(collect, CV_MSG_REGISTRATION_BADGE_KEY_V1, CV_STR_NONE, 0, &row);
    }
    return rc;
}

int reg_badge_ask(reg_t *self, cv_tx_t *tx, const cv_log_query_v1_t *query, int64_t limit, cv_collect_t *collect)
{
    asking_t ask = {.self = self, .tx = tx, .collect = collect, .limit = limit};
    bool is_tokens = cv_str_is(query->what, "badge_tokens"), is_scans = cv_str_is(query->what, "scans");

    if (cv_str_is(query->what, "badge_keys"))
        return list_keys(self, collect);
    int rc = read_key(&ask, query->key, is_tokens || is_scans);
    if (rc)
        return rc;
    if (cv_str_is(query->what, "attendance"))
        return list_attendance(&ask, query->after);
    rc = cv_str_digits(query->after, REG_DIGITS_MAX, &ask.after);
    if (rc)
        return rc;
    return is_scans ? list_scans(&ask) : list_badges(&ask, is_tokens ? put_token : put_badge);
}

/* ---- snapshots ----------------------------------------------------------------------------------------------- */

int reg_badge_snapshot(reg_t *self, const reg_event_t *event, cv_collect_t *collect)
{
    asking_t ask = {.self = self, .collect = collect, .limit = INT64_MAX, .event = event};
    reg_period_t period;
    size_t n = 0;
    reg_badge_t first;

    if (!event)
        return list_keys(self, collect);
    int rc = reg_period_get(self->badges, event->row, &period);
    if (rc)
        return rc == CV_ENOTFOUND ? CV_OK : rc; /* without it there is no badge */
    const cv_registration_badge_period_v1_t row = {.event = cv_str(event->code),
                                                   .from_ms = period.from_ms,
                                                   .until_ms = period.until_ms,
                                                   .self_service = period.self_service};
    rc = cv_collect_put(collect, CV_MSG_REGISTRATION_BADGE_PERIOD_V1, row.event, 0, &row);
    if (!rc)
        rc = list_badges(&ask, put_badge);
    if (!rc)
        rc = reg_badge_list(self->badges, event->row, 0, 0, &first, 1, &n);
    for (const reg_delegation_t *d = event->delegations; !rc && n && d; d = d->next_of_event)
        rc = put_attendance(&ask, d);
    return rc;
}
