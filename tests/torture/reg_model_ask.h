/* reg_model_ask: one request in the model, for the files that answer it. See reg_model.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_REG_MODEL_ASK_H
#define TESTS_REG_MODEL_ASK_H

#include "reg_model.h"

typedef struct {
    m_event_t *e;
    const m_request_t *request;
    int64_t now;
    m_answer_t *answer;
} ask_t;

typedef struct {
    m_state_t state[M_MANY];
    const char *rule[M_MANY];
    int position[M_MANY];
} verdicts_t;

bool m_same(const char *a, const char *b);
void m_list(ask_t *ask, const m_person_t *person, m_state_t state, const char *rule, int position);
void m_conclude(ask_t *ask, bool ok, const char *rule, const char *code);
void m_refuse(ask_t *ask, const char *rule);
m_person_t *m_find(m_event_t *e, int party, int number);
bool m_lives(const m_person_t *person);
bool m_is_named(const m_event_t *e, int party, int name, const m_person_t *but);
bool m_has_head(const m_event_t *e, int party);
bool m_give_each(ask_t *ask, m_person_t **persons, int n, verdicts_t *v);
void m_give(ask_t *ask, m_person_t **persons, int n);
int m_first_step(const ask_t *ask);
void m_do_register(ask_t *ask);

#endif
