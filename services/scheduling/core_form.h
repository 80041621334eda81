/* core_form: whether a form can be asked and answered at all, decided from the form alone.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What no schema can say: ids that are unique, conditions on earlier questions that have such answers, limits that go
 * with the question's type and with one another. What passes here, registration can apply without a question left open.
 */
#ifndef SCHEDULING_CORE_FORM_H
#define SCHEDULING_CORE_FORM_H

#include "scheduling/core.h"

enum {
    SCH_FORM_PATH = 80,    /* octets of the path of a field in it */
    SCH_FORM_OPTIONS = 60, /* choices with a limit that one event can have over all versions of its form */
};

/* CV_EREJECTED with form_inconsistent; no->field is ret_path. */
int sch_check_form(const cv_form_t *form, char ret_path[SCH_FORM_PATH], sch_no_t *ret_no) CV_USE_RESULT;

/* The choices with a limit, by name: QUESTION/CHOICE. */
typedef struct {
    char name[SCH_FORM_OPTIONS][100];
    size_t n;
} sch_options_t;
/* Adds those of this form that are not there yet. False: there are too many. */
bool sch_form_options(const cv_form_t *form, sch_options_t *options);
/* A choice that `before` offers without a limit, that none of the versions before it limited (options), and that
 * `after` would limit. False: there is none. */
bool sch_form_limits_late(const cv_form_t *before, const sch_options_t *options, const cv_form_t *after,
                          int *ret_question, int *ret_choice);

#endif
