/* core_form: see core_form.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "scheduling/core_form.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    char *path;
    sch_no_t *no;
    int question;
} check_t;

/* field: within the question; "" is the question itself. */
__attribute__((format(printf, 3, 4))) static int bad(const check_t *check, const char *field, const char *format, ...)
{
    char text[SCH_TEXT_MAX];
    va_list arguments;
    snprintf(check->path, SCH_FORM_PATH, "data.questions[%d]%s%s", check->question, *field ? "." : "", field);
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return sch_no(check->no, CV_EREJECTED, "form_inconsistent", check->path, "%s", text);
}

static bool is_choosing(const cv_form_question_t *question)
{
    return question->type == CV_QUESTION_TYPE_CHOICE || question->type == CV_QUESTION_TYPE_CHOICES;
}

static bool has_choice(const cv_form_question_t *question, cv_str_t id)
{
    if (question->type == CV_QUESTION_TYPE_YES_NO)
        return cv_str_is(id, "yes") || cv_str_is(id, "no");
    for (size_t i = 0; i < question->choices_n; ++i)
        if (cv_str_equal(question->choices[i].id, id))
            return true;
    return false;
}

static int check_choices(const check_t *check, const cv_form_question_t *question)
{
    char field[32];
    if (is_choosing(question) && !question->choices_n)
        return bad(check, "choices", "must be there: of a question of type %s at least one can be chosen",
                   cv_question_type_text(question->type));
    if (!is_choosing(question) && question->choices_n)
        return bad(check, "choices", "must not be there: only a question of type choice or choices has choices, not %s",
                   cv_question_type_text(question->type));
    for (size_t i = 0; i < question->choices_n; ++i)
        for (size_t k = 0; k < i; ++k) {
            if (!cv_str_equal(question->choices[i].id, question->choices[k].id))
                continue;
            snprintf(field, sizeof field, "choices[%zu].id", i);
            return bad(check, field, "is %.*s like that of choice %zu; each id must be there once",
                       CV_STR_ARG(question->choices[i].id), k);
        }
    return CV_OK;
}

static int check_condition(const check_t *check, const cv_form_t *form, const cv_form_question_t *question)
{
    const cv_form_question_t *earlier = NULL;
    char field[32];
    if (!question->has_when)
        return CV_OK;
    for (int i = 0; i < check->question && !earlier; ++i)
        if (cv_str_equal(form->questions[i].id, question->when.question))
            earlier = &form->questions[i];
    if (!earlier)
        return bad(check, "when.question", "is %.*s, which is no question before this one",
                   CV_STR_ARG(question->when.question));
    if (!is_choosing(earlier) && earlier->type != CV_QUESTION_TYPE_YES_NO)
        return bad(check, "when.question",
                   "is of type %s; a condition must be on a question of type choice, choices or yes_no",
                   cv_question_type_text(earlier->type));
    for (size_t i = 0; i < question->when.values_n; ++i) {
        if (has_choice(earlier, question->when.values[i]))
            continue;
        snprintf(field, sizeof field, "when.values[%zu]", i);
        return bad(check, field, "is %.*s, which %.*s can never be", CV_STR_ARG(question->when.values[i]),
                   CV_STR_ARG(earlier->id));
    }
    return CV_OK;
}

static int check_limits(const check_t *check, const cv_form_question_t *question)
{
    cv_question_type_t type = question->type;
    bool is_text = type == CV_QUESTION_TYPE_TEXT || type == CV_QUESTION_TYPE_LONG_TEXT;
    bool is_number = type == CV_QUESTION_TYPE_INTEGER || type == CV_QUESTION_TYPE_DECIMAL;
    bool is_counted = is_text || is_number || type == CV_QUESTION_TYPE_CHOICES;
    const char *word = cv_question_type_text(type);
    if (!is_counted && (question->has_least || question->has_most))
        return bad(check, question->has_least ? "least" : "most",
                   "must not be there: an answer of type %s has no such limit", word);
    if (!is_number && question->has_least && question->least < 0)
        return bad(check, "least", "is less than 0");
    if (!is_number && question->has_most && question->most < 1)
        return bad(check, "most", "is less than 1, so nothing could be answered");
    if (question->has_least && question->has_most && question->least > question->most)
        return bad(check, "least", "is %lld, more than %lld, the most", (long long)question->least,
                   (long long)question->most);
    if (type == CV_QUESTION_TYPE_CHOICES && question->has_least && question->least > (int64_t)question->choices_n)
        return bad(check, "least", "is %lld, more than there are choices", (long long)question->least);
    if (type != CV_QUESTION_TYPE_DATE && (question->earliest.ptr || question->latest.ptr))
        return bad(check, question->earliest.ptr ? "earliest" : "latest",
                   "must not be there: only a date has it, not %s", word);
    if (question->earliest.ptr && question->earliest.len != 10)
        return bad(check, "earliest", "must be a whole day: YYYY-MM-DD");
    if (question->latest.ptr && question->latest.len != 10)
        return bad(check, "latest", "must be a whole day: YYYY-MM-DD");
    if (question->earliest.ptr && question->latest.ptr && memcmp(question->earliest.ptr, question->latest.ptr, 10) > 0)
        return bad(check, "earliest", "is after the latest day");
    return CV_OK;
}

int sch_check_form(const cv_form_t *form, char ret_path[SCH_FORM_PATH], sch_no_t *ret_no)
{
    int rc = CV_OK;
    for (size_t i = 0; !rc && i < form->questions_n; ++i) {
        const cv_form_question_t *question = &form->questions[i];
        const check_t check = {ret_path, ret_no, (int)i};
        for (size_t k = 0; k < i; ++k)
            if (cv_str_equal(form->questions[k].id, question->id))
                return bad(&check, "id", "is %.*s like that of question %zu; each id must be there once",
                           CV_STR_ARG(question->id), k);
        rc = check_choices(&check, question);
        if (!rc)
            rc = check_limits(&check, question);
        if (!rc)
            rc = check_condition(&check, form, question);
    }
    return rc;
}

static bool has_option(const sch_options_t *options, cv_str_t question, cv_str_t choice,
                       char name[sizeof options->name[0]])
{
    snprintf(name, sizeof options->name[0], "%.*s/%.*s", CV_STR_ARG(question), CV_STR_ARG(choice));
    for (size_t i = 0; i < options->n; ++i)
        if (strcmp(options->name[i], name) == 0)
            return true;
    return false;
}

static bool add(sch_options_t *options, cv_str_t question, cv_str_t choice)
{
    char name[sizeof options->name[0]];
    if (has_option(options, question, choice, name))
        return true;
    if (options->n == SCH_FORM_OPTIONS)
        return false;
    memcpy(options->name[options->n++], name, sizeof name);
    return true;
}

bool sch_form_options(const cv_form_t *form, sch_options_t *options)
{
    for (size_t i = 0; i < form->questions_n; ++i)
        for (size_t k = 0; k < form->questions[i].choices_n; ++k)
            if (form->questions[i].choices[k].has_limit &&
                !add(options, form->questions[i].id, form->questions[i].choices[k].id))
                return false;
    return true;
}

/* Whether the form offers this choice without a limit. */
static bool is_free_in(const cv_form_t *form, cv_str_t question, cv_str_t choice)
{
    for (size_t i = 0; i < form->questions_n; ++i) {
        const cv_form_question_t *there = &form->questions[i];
        for (size_t k = 0; k < there->choices_n && cv_str_equal(there->id, question); ++k)
            if (cv_str_equal(there->choices[k].id, choice))
                return !there->choices[k].has_limit;
    }
    return false;
}

bool sch_form_limits_late(const cv_form_t *before, const sch_options_t *options, const cv_form_t *after,
                          int *ret_question, int *ret_choice)
{
    char name[sizeof options->name[0]];
    for (size_t i = 0; i < after->questions_n; ++i) {
        const cv_form_question_t *question = &after->questions[i];
        for (size_t k = 0; k < question->choices_n; ++k) {
            cv_str_t choice = question->choices[k].id;
            if (!question->choices[k].has_limit || !is_free_in(before, question->id, choice))
                continue;
            if (has_option(options, question->id, choice, name))
                continue;
            *ret_question = (int)i;
            *ret_choice = (int)k;
            return true;
        }
    }
    return false;
}
