/* advice: what would be right, where a rule said no or not yet.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A decision says what was decided and on which numbers; who asked wants to know what to do now. There is one sentence
 * for each rule of registration that refuses or makes wait; other codes have none, their texts say it.
 */
#ifndef CLI_ADVICE_H
#define CLI_ADVICE_H

#include <jansson.h>

/* NULL: none. rule: the code of an outcome, or the rule of a person. */
const char *advice_for(const char *rule);
/* The sum behind the free seats, and the party's, from the numbers of a decision; "" without numbers. */
void advice_sum(const json_t *seats, char *ret_text, size_t size);

#endif
