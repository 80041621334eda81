/* form: what an event asks of the persons who are registered, and whether answers fit.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Scheduling has checked the form; here it is kept in the way answers are checked by, in one piece of memory. No
 * socket, no SQL, no clock. What a refusal says never repeats what was answered: outcomes carry no personal data.
 *
 *   type                what value is
 *   text                one line; least and most count characters (500 when there is no most)
 *   long_text           the same with line feeds (2000)
 *   integer             -12
 *   decimal             -12.5, at most 6 digits behind the point
 *   yes_no              yes, no
 *   choice              the id of a choice
 *   choices             the id of a choice; one answer for each that is chosen
 *   date                YYYY-MM-DD
 *   country             two capital letters
 *   party               the code of a party
 *   reference           the address of a document kept elsewhere, with title and perhaps hash; no file travels
 */
#ifndef CONVENE_REGISTRATION_FORM_H
#define CONVENE_REGISTRATION_FORM_H

#include "convene/messages.h"
#include "registration/core.h"

enum {
    REG_FORM_PATH = 96,   /* octets of the path of an answer */
    REG_ANSWERS_MAX = 24, /* of one person */
    REG_NO_OPTION = REG_OPTIONS,
    REG_TEXT_LINE = 500, /* characters of a text without a most */
    REG_TEXT_LONG = 2000,
};

typedef struct {
    cv_str_t id;
    int32_t limit;   /* REG_NO_LIMIT: no places of its own */
    unsigned option; /* of the event, whose places it takes; REG_NO_OPTION: none */
} reg_choice_t;

typedef struct {
    cv_str_t id;
    cv_question_type_t type;
    bool required, has_least, has_most;
    unsigned capacities; /* bit c: capacity c is asked */
    int64_t least, most;
    cv_str_t earliest, latest;
    int when; /* index of an earlier question; -1: always */
    const cv_str_t *values;
    size_t values_n;
    reg_choice_t *choices;
    size_t choices_n;
} reg_question_t;

typedef struct {
    int64_t version;
    size_t questions_n;
    reg_question_t *questions; /* as all that follows in the same piece of memory */
} reg_form_t;

/* free() gives it back. NULL: no memory. */
reg_form_t *reg_form_new(const cv_scheduling_form_v1_t *record);

typedef struct {
    char path[REG_FORM_PATH]; /* below `at` */
    char text[REG_TEXT_MAX];
} reg_wrong_t;

typedef bool reg_is_party_fn(void *arg, cv_str_t code);
/* Whether these answers of a person in this capacity fit; form NULL: the event asks nothing. at: path of the person.
 * True: they do, and *ret_options is what they choose of what has places of its own. Else *ret_wrong says where and why
 * not. */
bool reg_form_fits(const reg_form_t *form, unsigned role, const cv_items_t *answers, const char *at,
                   reg_is_party_fn *is_party, void *arg, reg_options_t *ret_options, reg_wrong_t *ret_wrong);

#endif
