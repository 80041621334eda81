/* said: what a notice of registration says first, what its codes mean, and how its reader answers; pure.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef NOTIFICATIONS_CONTENT_SAID_H
#define NOTIFICATIONS_CONTENT_SAID_H

#include "notifications/content/text.h"

/* The headline of a decision: a msgid. It goes by what was asked and by how the persons stand after it, never by either
 * alone: a request that is done as asked may leave everybody without a seat. */
const char *ntf_headline(const cv_registration_decided_v1_t *decided);
/* What a code of a decision means: a msgid; NULL: registration has learnt a new one. */
const char *ntf_code_text(cv_str_t code);
/* The commands with which a notice that waits for an answer can be answered, a line each; nothing where none is waited
 * for. */
void ntf_answer(const ntf_context_t *context, const ntf_news_t *news, cv_buf_t *out);

#endif
