/* rules: the default tables.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "scheduling/placement/rules.h"

#define XX(id, level, weight, effect, text) {#id, SCH_##level, weight, SCH_##effect, text},
const sch_rule_t SCH_ANNUAL_RULES_DEFAULT[SCH_ANNUAL_RULES_N] = {SCH_ANNUAL_RULES(XX)};
const sch_rule_t SCH_PROGRAMME_RULES_DEFAULT[SCH_PROGRAMME_RULES_N] = {SCH_PROGRAMME_RULES(XX)};
#undef XX
