/* form: what an event asks, and whether answers fit. See form.h.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Answers are looked at in the order of the questions, because whether a question is asked depends on answers to
 * earlier ones. An answer that nobody asked for is wrong, like one that is missing: a client that works by another
 * version of the form hears of it instead of losing half of what it sent.
 */
#include "registration/form.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- keeping ----------------------------------------------------------------------------------------------------- */

enum { ID_ROOM = 64 }; /* octets of a symbol or a date, rounded up */

static void *take(char **room, size_t len)
{
    void *piece = *room;

    *room += (len + 15) & ~(size_t)15;
    return piece;
}

static cv_str_t keep(char **room, cv_str_t text)
{
    if (!text.ptr)
        return CV_STR_NONE;
    return (cv_str_t){memcpy(take(room, text.len), text.ptr, text.len), text.len};
}

static size_t size_of(const cv_form_t *form)
{
    size_t len = sizeof(reg_form_t) + 16;

    for (size_t i = 0; i < form->questions_n; i++) {
        const cv_form_question_t *q = &form->questions[i];
        len += sizeof(reg_question_t) + 3 * ID_ROOM + 32;
        len += (q->has_when ? q->when.values_n : 0) * (sizeof(cv_str_t) + ID_ROOM);
        len += q->choices_n * (sizeof(reg_choice_t) + ID_ROOM);
    }
    return len;
}

static int find(const reg_form_t *form, size_t n, cv_str_t id)
{
    for (size_t i = 0; i < n; i++)
        if (cv_str_equal(form->questions[i].id, id))
            return (int)i;
    return -1;
}

static void keep_question(const reg_form_t *form, const cv_form_question_t *q, size_t at, char **room)
{
    reg_question_t *kept = &form->questions[at];

    *kept = (reg_question_t){.id = keep(room, q->id),
                             .type = q->type,
                             .required = q->has_required && q->required,
                             .has_least = q->has_least,
                             .least = q->least,
                             .has_most = q->has_most,
                             .most = q->most,
                             .earliest = keep(room, q->earliest),
                             .latest = keep(room, q->latest),
                             .capacities = q->capacities_n ? 0 : ~0u,
                             .when = q->has_when ? find(form, at, q->when.question) : -1};
    for (size_t i = 0; i < q->capacities_n; i++)
        kept->capacities |= 1u << q->capacities[i];
    if (kept->when >= 0) {
        cv_str_t *values = take(room, q->when.values_n * sizeof *values);
        for (size_t i = 0; i < q->when.values_n; i++)
            values[i] = keep(room, q->when.values[i]);
        kept->values = values;
        kept->values_n = q->when.values_n;
    }
    kept->choices = take(room, q->choices_n * sizeof *kept->choices);
    kept->choices_n = q->choices_n;
    for (size_t i = 0; i < q->choices_n; i++)
        kept->choices[i] =
            (reg_choice_t){.id = keep(room, q->choices[i].id),
                           .limit = q->choices[i].has_limit ? (int32_t)q->choices[i].limit : REG_NO_LIMIT,
                           .option = REG_NO_OPTION};
}

reg_form_t *reg_form_new(const cv_scheduling_form_v1_t *record)
{
    char *room = malloc(size_of(&record->form));

    if (!room)
        return NULL;
    reg_form_t *form = take(&room, sizeof *form);
    *form = (reg_form_t){.version = record->version, .questions_n = record->form.questions_n};
    form->questions = take(&room, form->questions_n * sizeof *form->questions);
    for (size_t i = 0; i < form->questions_n; i++)
        keep_question(form, &record->form.questions[i], i, &room);
    return form;
}

/* ---- one value --------------------------------------------------------------------------------------------------- */

typedef struct {
    const reg_form_t *form;
    unsigned role;
    size_t n;
    cv_form_answer_t answers[REG_ANSWERS_MAX];
    int question[REG_ANSWERS_MAX]; /* which one an answer is to */
    const char *at;
    reg_is_party_fn *is_party;
    void *arg;
    reg_wrong_t *wrong;
} sheet_t;

/* index < 0: the answers as a whole. */
__attribute__((format(printf, 4, 5))) static bool wrong(sheet_t *sheet, int index, const char *field,
                                                        const char *format, ...)
{
    reg_wrong_t *ret = sheet->wrong;
    va_list arguments;

    if (index < 0)
        snprintf(ret->path, sizeof ret->path, "%s.answers", sheet->at);
    else
        snprintf(ret->path, sizeof ret->path, "%s.answers[%d]%s%s", sheet->at, index, *field ? "." : "", field);
    va_start(arguments, format);
    vsnprintf(ret->text, sizeof ret->text, format, arguments);
    va_end(arguments);
    return false;
}

static bool fits_text(sheet_t *sheet, int i, const reg_question_t *q, cv_str_t value)
{
    bool is_long = q->type == CV_QUESTION_TYPE_LONG_TEXT;
    int64_t most = q->has_most ? q->most : is_long ? REG_TEXT_LONG : REG_TEXT_LINE, n = 0;

    for (size_t k = 0; k < value.len; k++) {
        n += ((uint8_t)value.ptr[k] & 0xc0) != 0x80;
        if (!is_long && value.ptr[k] == '\n')
            return wrong(sheet, i, "value", "has more than one line; an answer to %.*s must be on one",
                         CV_STR_ARG(q->id));
    }
    if (n > most || (q->has_least && n < q->least))
        return wrong(sheet, i, "value", "has %lld characters; an answer to %.*s must have %lld to %lld", (long long)n,
                     CV_STR_ARG(q->id), (long long)(q->has_least ? q->least : 1), (long long)most);
    return true;
}

/* -12, -12.5: as millionths. */
static bool read_number(cv_str_t value, bool is_decimal, int64_t *ret_millionths)
{
    enum { DIGITS = 12, PLACES = 6 };
    size_t at = value.len > 0 && value.ptr[0] == '-', first = at;
    int64_t number = 0;
    int places = -1;

    for (; at < value.len; at++) {
        char c = value.ptr[at];
        if (c == '.' && is_decimal && places < 0 && at > first) {
            places = 0;
            continue;
        }
        if (c < '0' || c > '9' || (places < 0 && at - first >= DIGITS) || places == PLACES)
            return false;
        number = number * 10 + (c - '0');
        places += places >= 0;
    }
    if (at == first || places == 0)
        return false;
    for (int i = places < 0 ? 0 : places; i < PLACES; i++)
        number *= 10;
    *ret_millionths = first ? -number : number;
    return true;
}

static bool fits_number(sheet_t *sheet, int i, const reg_question_t *q, cv_str_t value)
{
    const int64_t unit = 1000000;
    bool is_decimal = q->type == CV_QUESTION_TYPE_DECIMAL;
    int64_t number;

    if (!read_number(value, is_decimal, &number))
        return wrong(sheet, i, "value",
                     is_decimal
                         ? "must be a number like -12 or 12.5, with at most 12 digits before the point and 6 behind it"
                         : "must be a whole number like 12, with at most 12 digits");
    if (q->has_least && number < q->least * unit)
        return wrong(sheet, i, "value", "is too small; the answer to %.*s must be at least %lld", CV_STR_ARG(q->id),
                     (long long)q->least);
    if (q->has_most && number > q->most * unit)
        return wrong(sheet, i, "value", "is too great; the answer to %.*s must be at most %lld", CV_STR_ARG(q->id),
                     (long long)q->most);
    return true;
}

static bool is_day(cv_str_t value)
{
    static const uint8_t days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int part[3] = {0}, n = 0;

    if (value.len != 10)
        return false;
    for (size_t k = 0; k < 10; k++) {
        char c = value.ptr[k];
        if ((k == 4 || k == 7) ? c != '-' : c < '0' || c > '9')
            return false;
        if (c == '-')
            n++;
        else
            part[n] = part[n] * 10 + (c - '0');
    }
    if (part[1] < 1 || part[1] > 12 || part[2] < 1 || part[2] > days[part[1] - 1])
        return false;
    bool leap = part[0] % 4 == 0 && (part[0] % 100 != 0 || part[0] % 400 == 0);
    return part[1] != 2 || part[2] < 29 || leap;
}

static bool fits_date(sheet_t *sheet, int i, const reg_question_t *q, cv_str_t value)
{
    if (!is_day(value))
        return wrong(sheet, i, "value", "must be a day that exists, as YYYY-MM-DD");
    if (q->earliest.ptr && memcmp(value.ptr, q->earliest.ptr, 10) < 0)
        return wrong(sheet, i, "value", "is too early; the answer to %.*s must be %.*s or later", CV_STR_ARG(q->id),
                     CV_STR_ARG(q->earliest));
    if (q->latest.ptr && memcmp(value.ptr, q->latest.ptr, 10) > 0)
        return wrong(sheet, i, "value", "is too late; the answer to %.*s must be %.*s or earlier", CV_STR_ARG(q->id),
                     CV_STR_ARG(q->latest));
    return true;
}

static const reg_choice_t *choice_of(const reg_question_t *q, cv_str_t value)
{
    for (size_t k = 0; k < q->choices_n; k++)
        if (cv_str_equal(q->choices[k].id, value))
            return &q->choices[k];
    return NULL;
}

static bool fits_choice(sheet_t *sheet, int i, const reg_question_t *q, cv_str_t value)
{
    char list[200] = "";
    size_t len = 0;

    if (choice_of(q, value))
        return true;
    for (size_t k = 0; k < q->choices_n && len < sizeof list; k++)
        len += (size_t)snprintf(list + len, sizeof list - len, "%s%.*s", k ? ", " : "", CV_STR_ARG(q->choices[k].id));
    return wrong(sheet, i, "value", "is no choice of %.*s; it must be one of %s%s", CV_STR_ARG(q->id), list,
                 len >= sizeof list ? " ..." : "");
}

static bool is_address(cv_str_t value)
{
    const char *colon = memchr(value.ptr, ':', value.len);

    if (!colon || colon == value.ptr || colon + 3 >= value.ptr + value.len || memcmp(colon, "://", 3) != 0)
        return false;
    for (size_t k = 0; k < value.len; k++)
        if ((uint8_t)value.ptr[k] <= ' ')
            return false;
    return true;
}

static bool fits_value(sheet_t *sheet, int i, const reg_question_t *q)
{
    const cv_form_answer_t *answer = &sheet->answers[i];
    cv_str_t value = answer->value;

    if (q->type != CV_QUESTION_TYPE_REFERENCE && (answer->title.ptr || answer->hash.ptr))
        return wrong(sheet, i, answer->title.ptr ? "title" : "hash",
                     "must not be there: %.*s is no reference, but of type %s", CV_STR_ARG(q->id),
                     cv_question_type_text(q->type));
    switch (q->type) {
    case CV_QUESTION_TYPE_TEXT:
    case CV_QUESTION_TYPE_LONG_TEXT:
        return fits_text(sheet, i, q, value);
    case CV_QUESTION_TYPE_INTEGER:
    case CV_QUESTION_TYPE_DECIMAL:
        return fits_number(sheet, i, q, value);
    case CV_QUESTION_TYPE_YES_NO:
        return cv_str_is(value, "yes") || cv_str_is(value, "no") || wrong(sheet, i, "value", "must be yes or no");
    case CV_QUESTION_TYPE_CHOICE:
    case CV_QUESTION_TYPE_CHOICES:
        return fits_choice(sheet, i, q, value);
    case CV_QUESTION_TYPE_DATE:
        return fits_date(sheet, i, q, value);
    case CV_QUESTION_TYPE_COUNTRY:
        return (value.len == 2 && value.ptr[0] >= 'A' && value.ptr[0] <= 'Z' && value.ptr[1] >= 'A' &&
                value.ptr[1] <= 'Z') ||
               wrong(sheet, i, "value", "must be a country's code: two capital letters");
    case CV_QUESTION_TYPE_PARTY:
        return sheet->is_party(sheet->arg, value) || wrong(sheet, i, "value", "must be the code of a party");
    case CV_QUESTION_TYPE_REFERENCE:
        if (!answer->title.ptr)
            return wrong(sheet, i, "title", "is missing; a reference must have a title");
        return is_address(value) || wrong(sheet, i, "value", "must be an address like https://example.org/paper.pdf");
    case CV_QUESTION_TYPE_ABSENT:
        break;
    }
    return wrong(sheet, i, "question", "is of a type that registration does not know (yet)");
}

/* ---- all answers of a person ------------------------------------------------------------------------------------- */

/* How many answers there are to a question; *ret_last: the last of them. */
static size_t count(const sheet_t *sheet, int question, int *ret_last)
{
    size_t n = 0;

    for (size_t i = 0; i < sheet->n; i++) {
        if (sheet->question[i] != question)
            continue;
        *ret_last = (int)i;
        n++;
    }
    return n;
}

static bool is_met(const sheet_t *sheet, const reg_question_t *q)
{
    for (size_t i = 0; i < sheet->n; i++)
        for (size_t k = 0; sheet->question[i] == q->when && k < q->values_n; k++)
            if (cv_str_equal(sheet->answers[i].value, q->values[k]))
                return true;
    return q->when < 0;
}

/* No choice twice, not too few and not too many; of other types one answer. */
static bool fits_count(sheet_t *sheet, const reg_question_t *q, size_t n, int last)
{
    if (q->type != CV_QUESTION_TYPE_CHOICES)
        return n < 2 || wrong(sheet, last, "question", "is %.*s again; it must be answered once", CV_STR_ARG(q->id));
    for (int i = 0; i < last; i++)
        if (sheet->question[i] == sheet->question[last] &&
            cv_str_equal(sheet->answers[i].value, sheet->answers[last].value))
            return wrong(sheet, last, "value", "is chosen twice; each choice must be there once");
    if ((q->has_most && (int64_t)n > q->most) || (q->has_least && (int64_t)n < q->least))
        return wrong(sheet, last, "", "makes %zu choices of %.*s; there must be %lld to %lld", n, CV_STR_ARG(q->id),
                     (long long)(q->has_least ? q->least : 0),
                     (long long)(q->has_most ? q->most : (int64_t)q->choices_n));
    return true;
}

static bool fits_question(sheet_t *sheet, size_t at, reg_options_t *options)
{
    const reg_question_t *q = &sheet->form->questions[at];
    const char *role = cv_capacity_text((cv_capacity_t)sheet->role);
    int last = -1;
    size_t n = count(sheet, (int)at, &last);

    if (!(q->capacities & (1u << sheet->role)))
        return !n || wrong(sheet, last, "question", "is %.*s, which is not asked of a person in the capacity %s",
                           CV_STR_ARG(q->id), role);
    if (!is_met(sheet, q))
        return !n || wrong(sheet, last, "question", "is %.*s, which is asked only after another answer to %.*s",
                           CV_STR_ARG(q->id), CV_STR_ARG(sheet->form->questions[q->when].id));
    if (!n && q->required)
        return wrong(sheet, -1, "", "has no answer to %.*s, which must be answered (form version %lld)",
                     CV_STR_ARG(q->id), (long long)sheet->form->version);
    for (size_t i = 0; n && i < sheet->n; i++) {
        if (sheet->question[i] != (int)at)
            continue;
        if (!fits_value(sheet, (int)i, q))
            return false;
        const reg_choice_t *choice = choice_of(q, sheet->answers[i].value);
        if (choice && choice->option < REG_NO_OPTION)
            *options |= (reg_options_t)1 << choice->option;
    }
    return !n || fits_count(sheet, q, n, last);
}

bool reg_form_fits(const reg_form_t *form, unsigned role, const cv_items_t *answers, const char *at,
                   reg_is_party_fn *is_party, void *arg, reg_options_t *ret_options, reg_wrong_t *ret_wrong)
{
    static const reg_form_t nothing = {.version = 0};
    sheet_t sheet = {.form = form ? form : &nothing,
                     .role = role,
                     .n = answers->n,
                     .at = at,
                     .is_party = is_party,
                     .arg = arg,
                     .wrong = ret_wrong};
    reg_options_t options = 0;

    if (answers->n > REG_ANSWERS_MAX)
        return wrong(&sheet, -1, "", "has %zu answers; there must be at most %d", answers->n, REG_ANSWERS_MAX);
    for (size_t i = 0; i < sheet.n; i++) {
        cv_form_answer_at(answers, i, &sheet.answers[i]);
        sheet.question[i] = find(sheet.form, sheet.form->questions_n, sheet.answers[i].question);
        if (!sheet.form->questions_n)
            return wrong(&sheet, -1, "", "must not be there: the event asks no questions");
        if (sheet.question[i] < 0)
            return wrong(&sheet, (int)i, "question", "must be a question of the event's form, which has version %lld",
                         (long long)sheet.form->version);
    }
    for (size_t i = 0; i < sheet.form->questions_n; i++)
        if (!fits_question(&sheet, i, &options))
            return false;
    *ret_options = options;
    return true;
}
