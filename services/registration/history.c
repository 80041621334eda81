/* history: who changed what of a person, and when, for those who may see persons.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   what      key                                       answer
 *   history   EVENT/PARTY or EVENT/PARTY/NUMBER         registration.change.v1, one per step, persons by number
 *
 * The store keeps with each change what was true before it; told is what was true after it. So a step is told when the
 * next one, or the person as it is now, says what came of it. Lists go on after "NUMBER.STEP".
 */
#include "registration/registration.h"
#include <stdio.h>
#include <string.h>

typedef struct {
    reg_t *self;
    cv_collect_t *collect;
    const reg_delegation_t *delegation;
    int64_t limit, told;
    int64_t after_number, after_step; /* where to go on */
    int64_t last_number, last_step;   /* what was told last */
    bool is_full;
    int64_t number, step; /* of the step that is not told yet */
    char request[CV_MAX_ATTRIBUTE + 1], reason[2001];
    cv_registration_change_v1_t row;
} telling_t;

static void keep(cv_str_t text, char *room, size_t size, cv_str_t *ret_kept)
{
    bool fits = text.ptr && cv_str_copy(text, room, size) == CV_OK;

    *ret_kept = fits ? cv_str(room) : CV_STR_NONE;
}

static void begin_step(telling_t *telling, int64_t at_ms, int64_t by, cv_person_change_t what)
{
    const reg_book_t *book = &telling->self->book;

    telling->step++;
    telling->row.step = telling->step;
    telling->row.at_ms = at_ms;
    telling->row.change = what;
    telling->row.by = by > 0 && (size_t)by <= book->principals_n ? cv_str(book->principals[by - 1]) : CV_STR_NONE;
}

/* The step that was begun has made this. */
static int tell(telling_t *telling, const reg_step_t *after)
{
    cv_registration_change_v1_t *row = &telling->row;

    if (telling->number == telling->after_number && telling->step <= telling->after_step)
        return CV_OK;
    if (telling->told == telling->limit) {
        telling->is_full = true;
        return CV_ELIMIT;
    }
    row->number = telling->number;
    row->name = after->name;
    row->capacity = (cv_capacity_t)after->role;
    row->attendance = after->online ? CV_ATTENDANCE_ONLINE : CV_ATTENDANCE_IN_PERSON;
    row->email = after->email;
    cv_arena_reset(telling->self->scratch);
    int rc = reg_unpack_answers(after->answers, telling->self->scratch, &row->answers);
    if (rc)
        return rc;
    row->state = (cv_person_state_t)after->state;
    rc = cv_collect_put(telling->collect, CV_MSG_REGISTRATION_CHANGE_V1, cv_str(telling->delegation->subject), 0, row);
    if (rc) {
        telling->is_full = rc == CV_ELIMIT && telling->told > 0;
        return rc;
    }
    telling->told++;
    telling->last_number = telling->number;
    telling->last_step = telling->step;
    return CV_OK;
}

static int on_step(void *arg, const reg_step_t *step)
{
    telling_t *telling = arg;
    int rc = tell(telling, step);

    if (rc || !step->what)
        return rc;
    begin_step(telling, step->at_ms, step->by, step->what);
    keep(step->request, telling->request, sizeof telling->request, &telling->row.request);
    keep(step->reason, telling->reason, sizeof telling->reason, &telling->row.reason);
    return CV_OK;
}

static int tell_person(telling_t *telling, uint32_t index)
{
    const reg_roster_t *roster = &telling->delegation->roster;
    reg_person_t person;

    if (roster->number[index] < telling->after_number)
        return CV_OK;
    int rc = reg_store_person_get(telling->self->store, roster->id[index], NULL, &person);
    if (rc)
        return rc;
    telling->number = roster->number[index];
    telling->step = 0;
    telling->row.request = telling->row.reason = CV_STR_NONE;
    begin_step(telling, person.at_ms, person.by, CV_PERSON_CHANGE_REGISTERED);
    return reg_store_steps(telling->self->store, person.id, on_step, telling);
}

/* Reads digits at *at up to end; moves on. False: none, or too many. */
static bool read_number(const char **at, const char *end, int64_t *ret_number)
{
    int64_t number = 0;
    const char *first = *at;

    while (*at < end && **at >= '0' && **at <= '9' && *at - first < 7)
        number = number * 10 + (*(*at)++ - '0');
    *ret_number = number;
    return *at > first;
}

/* Splits "EVENT/PARTY/NUMBER"; *ret_number 0 without one. */
static bool read_key(cv_str_t key, cv_str_t *ret_delegation, int64_t *ret_number)
{
    const char *first = key.ptr ? memchr(key.ptr, '/', key.len) : NULL;
    const char *end = key.ptr + key.len;
    const char *second = first ? memchr(first + 1, '/', (size_t)(end - first - 1)) : NULL;

    *ret_number = 0;
    *ret_delegation = key;
    if (!second)
        return first != NULL;
    ret_delegation->len = (size_t)(second - key.ptr);
    second++;
    return read_number(&second, end, ret_number) && second == end;
}

static bool read_after(cv_str_t after, telling_t *telling)
{
    const char *at = after.ptr, *end = after.ptr + after.len;

    if (!after.ptr || !after.len)
        return true;
    if (!read_number(&at, end, &telling->after_number) || at == end || *at++ != '.')
        return false;
    return read_number(&at, end, &telling->after_step) && at == end;
}

int reg_ask_history(reg_t *self, cv_tx_t *tx, const cv_log_query_v1_t *query, int64_t limit, cv_collect_t *collect)
{
    telling_t telling = {.self = self, .collect = collect, .limit = limit};
    cv_str_t key;
    int64_t number;
    bool is_key = read_key(query->key, &key, &number);
    if (!reg_may_see_persons(cv_tx_principal(tx), key))
        return CV_EDENIED;
    reg_delegation_t *d = is_key ? reg_find_delegation(&self->book, key) : NULL;
    if (!d)
        return CV_ENOTFOUND;
    if (!read_after(query->after, &telling))
        return CV_EINVAL;
    int rc = reg_store_roster(self->store, &self->book, d);
    if (rc)
        return rc;
    uint32_t first = 0, last = d->roster.n;
    if (number) {
        first = reg_roster_find(&d->roster, number);
        if (first == d->roster.n)
            return CV_ENOTFOUND;
        last = first + 1;
    }
    telling.delegation = d;
    telling.row.event = cv_str(d->event->code);
    telling.row.party = cv_str(d->party->code);
    for (uint32_t i = first; !rc && i < last; i++)
        rc = tell_person(&telling, i);
    if (!telling.is_full)
        return rc;
    cv_str_t next =
        cv_arena_printf(cv_tx_arena(tx), "%lld.%lld", (long long)telling.last_number, (long long)telling.last_step);
    if (!next.ptr)
        return CV_ENOMEM;
    cv_collect_next(collect, next);
    return CV_OK;
}
