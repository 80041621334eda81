/* reg_requests: random requests, for the model and for the service.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_REG_REQUESTS_H
#define TESTS_REG_REQUESTS_H

#include "reg_model.h"
#include "reg_rig.h"

extern uint64_t reg_dice; /* the only source of chance: a seed repeats a run */
extern const char *const reg_parties[M_PARTIES];
unsigned reg_roll(unsigned n); /* 0 to n - 1 */
m_request_t reg_some_request(const m_event_t *event, int64_t now);
/* In rig->buf. */
cv_str_t reg_encode(rig_t *rig, const m_request_t *request, uint64_t number, const char *event);
/* An import of this registration and of others, for nothing: a dry run, or all or none with one that cannot be had. */
cv_str_t reg_encode_trial(rig_t *rig, const m_request_t *request, bool dry, uint64_t number, const char *event);
cv_principal_t reg_asker(const m_request_t *request);

#endif
