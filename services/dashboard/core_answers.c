/* core_answers: see core_answers.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/core_answers.h"

#include <stdio.h>
#include <string.h>

/* How a state is kept, one octet a person; NOBODY: the record's own numbers say it, or nobody counts it. */
enum { NOBODY = '.', NUMBER_MAX = 10000 /* of a person, as the protocol has it */ };

static char s_letter(const char *state)
{
    static const struct {
        const char *state;
        char letter;
    } counted[] = {{"online", 'o'}, {"withdrawn", 'w'}, {"nominated", 'p'}, {"under_review", 'p'}, {"returned", 'p'}};
    for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++)
        if (strcmp(state, counted[i].state) == 0)
            return counted[i].letter;
    return NOBODY;
}

static void s_add(json_t *answer, char letter, int64_t more)
{
    const char *counter = letter == 'o' ? "online" : letter == 'w' ? "withdrawn" : "pending";
    int64_t n = dash_int(answer, counter) + more;
    if (letter != NOBODY)
        json_object_set_new(answer, counter, json_integer(n > 0 ? n : 0));
}

/* Most records change nothing here: their persons are confirmed or wait. */
static int s_persons(dash_view_t *view, const char *key, const json_t *persons, json_t *answer)
{
    char states[NUMBER_MAX + 1] = "";
    size_t len, i;
    bool changed = false;
    json_t *person;
    if (cv_str_copy(cv_str(dash_str(dash_view_get(view, "persons", key), "states")), states, sizeof(states)))
        return CV_ECORRUPT;
    len = strlen(states);
    json_array_foreach(persons, i, person)
    {
        int64_t number = dash_int(person, "number");
        char is = s_letter(dash_str(person, "state"));
        if (number < 1 || number > NUMBER_MAX)
            continue; /* no record has such a one */
        char was = (size_t)number <= len ? states[number - 1] : NOBODY;
        if (is == was)
            continue;
        while (len < (size_t)number)
            states[len++] = NOBODY;
        states[number - 1] = is;
        s_add(answer, was, -1);
        s_add(answer, is, 1);
        changed = true;
    }
    states[len] = '\0';
    return changed ? dash_view_put(view, "persons", key, json_pack("{s:s}", "states", states)) : CV_OK;
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
