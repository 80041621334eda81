/* session_frame: parts of session_model.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLI_SESSION_FRAME_H
#define CLI_SESSION_FRAME_H

#include "session_model.h"

bool session_model_is_own(const session_model_t *model, const sch_sitting_t *sitting);
bool session_model_is_for_all(const sch_sitting_t *sitting); /* nothing but side events may be beside it */
int session_model_frame(session_model_t *model);
int session_model_beside(session_model_t *model);

#endif
