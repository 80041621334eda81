/* core_explain: a ruling in a sentence, with the numbers it rests on. See core.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "convene/format.h"
#include "registration/core.h"
#include <stdarg.h>

/* Appends to a text that has room for REG_TEXT_MAX octets; what does not fit is cut off. */
__attribute__((format(printf, 2, 3))) static void say(cv_buf_t *text, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int len = cv_vformat((char *)text->ptr + text->len, text->room - text->len, format, arguments);
    va_end(arguments);
    if (len > 0)
        text->len += (size_t)len < text->room - text->len ? (size_t)len : text->room - text->len - 1;
}

static void say_why(cv_buf_t *text, const reg_seats_t *seats, const reg_share_t *share, const reg_ruling_t *ruling,
                    const char *party, const char *role)
{
    switch ((int)ruling->rule) {
    case REG_RULE_FULL:
        say(text, "capacity %d less %lld confirmed or guaranteed leaves too few free seats", seats->capacity,
            (long long)seats->held);
        return;
    case REG_RULE_MAXIMUM:
        say(text, "%s has %d of at most %d seats", party, share->confirmed, share->maximum);
        return;
    case REG_RULE_CAPACITY_LIMIT:
        say(text, "%d of at most %d persons in the capacity %s are confirmed", seats->role_confirmed[ruling->role],
            seats->role_limit[ruling->role], role);
        return;
    case REG_RULE_OPTION_FULL:
        say(text, "option %s: %d of %d places taken", seats->options[ruling->option].name,
            seats->options[ruling->option].taken, seats->options[ruling->option].limit);
        return;
    case REG_RULE_OPTION_SEATLESS:
        say(text, "person %u chooses what has places of its own, which go with a seat, and attends online without one",
            ruling->culprit + 1);
        return;
    case REG_RULE_TOO_LARGE:
        say(text, "together they are more than the capacity of %d", seats->capacity);
        return;
    case REG_RULE_BEHIND:
        say(text, "others wait in front, and nobody overtakes");
        return;
    case REG_RULE_ONE_HEAD:
        say(text, "person %u would be a second head, and a delegation has one", ruling->culprit + 1);
        return;
    case REG_RULE_DUPLICATE:
        say(text, "person %u has a name that %s has registered already", ruling->culprit + 1, party);
        return;
    default:
        return;
    }
}

void reg_explain(const reg_seats_t *seats, const reg_share_t *share, const reg_ruling_t *ruling, const char *party,
                 const char *role, char ret_text[REG_TEXT_MAX])
{
    cv_buf_t text = {.ptr = (uint8_t *)ret_text, .room = REG_TEXT_MAX};
    const char *comma = "";

    say(&text, "%s: ", party);
    if (!ruling->accepted) {
        say(&text, "refused, ");
    } else {
        struct {
            int n;
            const char *what;
        } parts[] = {{ruling->guaranteed, "on guaranteed seats"},
                     {ruling->pool, "on free seats"},
                     {ruling->online, "online without a seat"},
                     {ruling->waiting, ruling->unit ? "waiting together" : "waiting"},
                     {ruling->refused, "refused"}};
        for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++) {
            if (!parts[i].n)
                continue;
            say(&text, "%s%d %s", comma, parts[i].n, parts[i].what);
            if (i == 3)
                say(&text, " from place %d", ruling->position);
            comma = ", ";
        }
        if (ruling->waiting || ruling->refused)
            say(&text, ": ");
    }
    bool is_short = ruling->waiting || ruling->refused;
    if (is_short)
        say_why(&text, seats, share, ruling, party, role);
    if (!is_short || ruling->rule != REG_RULE_MAXIMUM) /* else it was just said */
        say(&text, ". %s has %d of at most %d seats", party, share->confirmed, share->maximum);
    say(&text, " (%d guaranteed); the event %d of %d, %lld free, %d waiting.", share->guaranteed, seats->confirmed,
        seats->capacity, (long long)(reg_free(seats) > 0 ? reg_free(seats) : 0), seats->waiting);
}
