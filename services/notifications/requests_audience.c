/* requests_audience: setting and asking who is told of what.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/audience.h"
#include "notifications/store.h"

/* "delegation, person": those that the kind can have. */
static cv_str_t s_possible(cv_arena_t *arena, int kind)
{
    cv_str_t list = CV_STR("");
    for (int audience = NTF_TO_NONE + 1; audience < NTF_AUDIENCES_END; audience++) {
        if (ntf_audience_default(kind, audience) != NTF_CANNOT)
            list = cv_arena_printf(arena, "%.*s%s%s", CV_STR_ARG(list), list.len ? ", " : "",
                                   cv_audience_text(ntf_audience_word(audience)));
        if (!list.ptr)
            return list;
    }
    return list;
}

int ntf_audience_request(ntf_t *ntf, cv_tx_t *tx, const cv_audience_rule_t *rule, cv_outcome_t *out)
{
    int kind = ntf_notice_kind_read(rule->kind), audience = ntf_audience_read(rule->audience);
    const char *kind_text = cv_notice_kind_text(rule->kind), *text = cv_audience_text(rule->audience);
    ntf_telling_of_t can = ntf_audience_default(kind, audience);
    if (can == NTF_CANNOT) {
        cv_str_t possible = s_possible(cv_tx_arena(tx), kind);
        if (!possible.ptr)
            return CV_ENOMEM;
        if (!possible.len)
            return cv_refuse(tx, out, "no_such_audience", "data.kind",
                             "who gets notices of the kind %s cannot be set: they are about a recipient itself, or for "
                             "whoever asked",
                             kind_text);
        return cv_refuse(tx, out, "no_such_audience", "data.audience", "%s cannot be told to %s, only to: %.*s",
                         kind_text, text, CV_STR_ARG(possible));
    }
    if (can == NTF_ALWAYS && !rule->told)
        return cv_refuse(tx, out, "must_be_told", "data.told", "%s is always told to %s", kind_text, text);
    int rc = can == NTF_ALWAYS ? CV_OK : ntf_audience_put(ntf->audiences, kind, audience, rule->told);
    return rc ? rc
              : cv_accept(tx, out, "audience_set", "%s is %s to %s", kind_text, rule->told ? "told" : "not told", text);
}

int ntf_query_audiences(ntf_t *ntf, cv_tx_t *tx, cv_collect_t *collect)
{
    int rc = CV_OK;
    for (int kind = NTF_DECISION; !rc && kind < NTF_KINDS_END; kind++) {
        for (int audience = NTF_TO_NONE + 1; !rc && audience < NTF_AUDIENCES_END; audience++) {
            cv_audience_rule_t rule = {.kind = ntf_notice_kind(kind), .audience = ntf_audience_word(audience)};
            if (ntf_audience_default(kind, audience) == NTF_CANNOT)
                continue;
            rc = ntf_audience_told(ntf->audiences, kind, audience, &rule.told);
            if (!rc)
                rc = cv_collect_put(collect, CV_MSG_NOTIFICATIONS_AUDIENCE_V1, cv_str(cv_notice_kind_text(rule.kind)),
                                    cv_tx_now_ms(tx), &rule);
        }
    }
    return rc;
}
