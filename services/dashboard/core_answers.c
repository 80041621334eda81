/* core_answers: see core_answers.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/core_answers.h"

#include <stdio.h>
#include <string.h>

/* The number that counts persons in this state; NULL: the record's own numbers say it, or nobody counts it. */
static const char *s_counter(const char *state)
{
    if (strcmp(state, "online") == 0)
        return "online";
    if (strcmp(state, "withdrawn") == 0)
        return "withdrawn";
    bool pending =
        strcmp(state, "nominated") == 0 || strcmp(state, "under_review") == 0 || strcmp(state, "returned") == 0;
    return pending ? "pending" : NULL;
}

static void s_add(json_t *answer, const char *counter, int64_t more)
{
    int64_t n = dash_int(answer, counter) + more;
    json_object_set_new(answer, counter, json_integer(n > 0 ? n : 0));
}

/* In place, and only those whom somebody counts: else each record would cost as many steps as the party has persons. */
static int s_persons(dash_view_t *view, const char *key, const json_t *persons, json_t *answer)
{
    json_t *before = dash_view_get(view, "persons", key), *person;
    json_t *states = before ? json_incref(before) : json_object();
    bool changed = false;
    size_t i;
    if (!states)
        return CV_ENOMEM;
    json_array_foreach(persons, i, person)
    {
        char number[24];
        (void)snprintf(number, sizeof(number), "%lld", (long long)dash_int(person, "number"));
        const char *was = s_counter(dash_str(states, number)), *is = s_counter(dash_str(person, "state"));
        if (was)
            s_add(answer, was, -1);
        if (is)
            s_add(answer, is, 1);
        bool same = strcmp(dash_str(states, number), is ? dash_str(person, "state") : "") == 0;
        if (is && !same)
            json_object_set(states, number, json_object_get(person, "state"));
        else if (!is)
            json_object_del(states, number);
        changed |= !same;
    }
    if (changed)
        return dash_view_put(view, "persons", key, states);
    json_decref(states);
    return CV_OK;
}

/* to[name] = from[other], if it is there. */
static void s_take(json_t *to, const char *name, const json_t *from, const char *other)
{
    if (json_object_get(from, other))
        json_object_set(to, name, json_object_get(from, other));
}

static void s_numbers(json_t *answer, const json_t *seats)
{
    s_take(answer, "confirmed", seats, "party_confirmed");
    s_take(answer, "waiting", seats, "party_waiting");
    s_take(answer, "online", seats, "party_online");
    s_take(answer, "withdrawn", seats, "party_withdrawn");
    json_object_set_new(answer, "offered", json_integer(dash_int(seats, "party_offered")));
}

static void s_state(json_t *answer, const json_t *delegation)
{
    static const char *const names[] = {"confirmed", "waiting", "online", "withdrawn", "pending", "offered"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        json_object_set_new(answer, names[i], json_integer(dash_int(delegation, names[i])));
}

int dash_answer_apply(dash_view_t *view, const dash_record_t *record)
{
    char key[DASH_KEY_MAX];
    const char *event = dash_str(record->data, "event"), *party = dash_str(record->data, "party");
    const json_t *seats = json_object_get(record->data, "seats"), *persons = json_object_get(record->data, "persons");
    int len = snprintf(key, sizeof(key), "%s/%s", event, party);
    if (!*event || !*party || len >= (int)sizeof(key))
        return CV_EINVAL;
    const json_t *before = dash_view_get(view, "answer", key);
    json_t *answer = before ? json_copy((json_t *)before)
                            : json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:i, s:i}", "event", event, "party", party,
                                        "answer", "none", "confirmed", 0, "waiting", 0, "online", 0, "pending", 0,
                                        "offered", 0, "withdrawn", 0);
    if (!answer)
        return CV_ENOMEM;
    int rc = CV_OK;
    bool refused = strcmp(dash_str(record->data, "class"), "REJECTED") == 0; /* its persons never came to be */
    if (record->number == CV_MSG_REGISTRATION_DELEGATION_V1)
        s_state(answer, record->data);
    else if (persons && !refused)
        rc = s_persons(view, key, persons, answer);
    if (seats)
        s_numbers(answer, seats);
    s_take(answer, "answer", record->data, "answer");
    if (!rc && json_object_set_new(answer, "at", json_integer(record->time_ms)))
        rc = CV_ENOMEM;
    if (rc) {
        json_decref(answer);
        return rc;
    }
    return dash_view_put(view, "answer", key, answer);
}
