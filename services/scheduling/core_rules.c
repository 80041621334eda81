/* core_rules: whether registration rules can all be kept at the same time.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Registration confirms a person without a look at the free seats while the party is below its guarantee, so the sum
 * of guarantees must never pass the capacity; that is checked here, with the parties known now, and again when a
 * party is added. A refusal quotes the sum it made:
 *
 *   28 invited parties: 26 x 1 + 3 (AZ) + 2 (CN) = 31 guaranteed seats, more than the capacity of 30
 *
 * An event with capacity 0 has no seats at all (everybody is online); its maximum then says nothing about seats.
 */
#include "convene/ids.h"
#include "scheduling/core.h"
#include <stdio.h>

bool sch_invited(const cv_registration_rules_t *rules, cv_party_kind_t kind)
{
    for (size_t i = 0; i < rules->audience_n; ++i)
        if (rules->audience[i] == kind)
            return true;
    return rules->audience_n == 0;
}

static const cv_quota_t *quota_of(const cv_registration_rules_t *rules, cv_str_t party)
{
    for (size_t i = 0; i < rules->quotas_n; ++i)
        if (cv_str_equal(rules->quotas[i].party, party))
            return &rules->quotas[i];
    return NULL;
}

int sch_check_guarantees(const cv_registration_rules_t *rules, const sch_party_t *parties, size_t parties_n,
                         sch_no_t *ret_no)
{
    enum { QUOTED = 6, QUOTE_MAX = 240 }; /* exceptions named one by one; the rest as a sum */
    int64_t invited = 0, common = 0, sum = 0, rest = 0, named = 0;
    char quote[QUOTE_MAX] = "";
    size_t len = 0;

    for (size_t i = 0; i < parties_n; ++i) {
        if (!sch_invited(rules, parties[i].kind))
            continue;
        const cv_quota_t *quota = quota_of(rules, parties[i].code);
        ++invited;
        sum += quota ? quota->guaranteed : rules->guaranteed;
        if (!quota) {
            ++common;
        } else if (named < QUOTED) {
            int n = snprintf(quote + len, sizeof quote - len, " + %lld (%.*s)", (long long)quota->guaranteed,
                             CV_STR_ARG(quota->party));
            if (n > 0 && (size_t)n < sizeof quote - len)
                len += (size_t)n;
            ++named;
        } else {
            rest += quota->guaranteed;
        }
    }
    if (sum <= rules->capacity)
        return CV_OK;
    char more[40] = "";
    if (rest)
        snprintf(more, sizeof more, " + %lld (others)", (long long)rest);
    return sch_no(ret_no, CV_EREJECTED, "settings_inconsistent", "data.guaranteed",
                  "%lld invited parties: %lld x %lld%s%s = %lld guaranteed seats, more than the capacity of %lld",
                  (long long)invited, (long long)common, (long long)rules->guaranteed, quote, more, (long long)sum,
                  (long long)rules->capacity);
}

static int inconsistent(sch_no_t *ret_no, const char *field, const char *a, int64_t a_value, const char *than,
                        const char *b, int64_t b_value)
{
    return sch_no(ret_no, CV_EREJECTED, "settings_inconsistent", field, "%s %lld is %s %s %lld", a, (long long)a_value,
                  than, b, (long long)b_value);
}

static int out_of_order(sch_no_t *ret_no, const char *field, const char *a, int64_t a_ms, const char *than,
                        const char *b, int64_t b_ms)
{
    char a_text[CV_TIME_TEXT + 1], b_text[CV_TIME_TEXT + 1];
    cv_time_text(a_ms, a_text);
    cv_time_text(b_ms, b_text);
    return sch_no(ret_no, CV_EREJECTED, "settings_inconsistent", field, "%s %s is %s %s %s", a, a_text, than, b,
                  b_text);
}

static int check_windows(const cv_registration_rules_t *rules, sch_no_t *ret_no)
{
    if (rules->opens_ms >= rules->closes_ms)
        return out_of_order(ret_no, "data.closes_ms", "closes_ms", rules->closes_ms, "not after", "opens_ms",
                            rules->opens_ms);
    if (rules->has_changes_close_ms && rules->changes_close_ms < rules->closes_ms)
        return out_of_order(ret_no, "data.changes_close_ms", "changes_close_ms", rules->changes_close_ms, "before",
                            "closes_ms", rules->closes_ms);
    if (rules->has_confirm_closes_ms && rules->confirm_closes_ms < rules->closes_ms)
        return out_of_order(ret_no, "data.confirm_closes_ms", "confirm_closes_ms", rules->confirm_closes_ms, "before",
                            "closes_ms", rules->closes_ms);
    if (rules->has_release_ms && rules->release_ms >= rules->closes_ms)
        return out_of_order(ret_no, "data.release_ms", "release_ms", rules->release_ms, "not before", "closes_ms",
                            rules->closes_ms);
    return CV_OK;
}

static int check_quotas(const cv_registration_rules_t *rules, const sch_party_t *parties, size_t parties_n,
                        sch_no_t *ret_no)
{
    for (size_t i = 0; i < rules->quotas_n; ++i) {
        const cv_quota_t *quota = &rules->quotas[i];
        size_t at = 0;
        while (at < parties_n && !cv_str_equal(parties[at].code, quota->party))
            ++at;
        if (at == parties_n)
            return sch_no(ret_no, CV_ENOTFOUND, "unknown_party", "data.quotas", "no party %.*s",
                          CV_STR_ARG(quota->party));
        if (!sch_invited(rules, parties[at].kind))
            return sch_no(ret_no, CV_EREJECTED, "settings_inconsistent", "data.quotas",
                          "a quota for %.*s, but no %s is in the audience", CV_STR_ARG(quota->party),
                          cv_party_kind_text(parties[at].kind));
        if (quota_of(rules, quota->party) != quota)
            return sch_no(ret_no, CV_EREJECTED, "settings_inconsistent", "data.quotas", "two quotas for %.*s",
                          CV_STR_ARG(quota->party));
        if (quota->guaranteed > quota->maximum)
            return sch_no(ret_no, CV_EREJECTED, "settings_inconsistent", "data.quotas",
                          "for %.*s guaranteed %lld is more than maximum %lld", CV_STR_ARG(quota->party),
                          (long long)quota->guaranteed, (long long)quota->maximum);
        if (rules->capacity && quota->maximum > rules->capacity)
            return sch_no(ret_no, CV_EREJECTED, "settings_inconsistent", "data.quotas",
                          "for %.*s maximum %lld is more than capacity %lld", CV_STR_ARG(quota->party),
                          (long long)quota->maximum, (long long)rules->capacity);
    }
    return CV_OK;
}

int sch_check_rules(const cv_registration_rules_t *rules, const sch_party_t *parties, size_t parties_n,
                    sch_no_t *ret_no)
{
    int rc = check_windows(rules, ret_no);
    if (rc)
        return rc;
    if (rules->guaranteed > rules->maximum)
        return inconsistent(ret_no, "data.guaranteed", "guaranteed", rules->guaranteed, "more than", "maximum",
                            rules->maximum);
    if (rules->capacity && rules->maximum > rules->capacity)
        return inconsistent(ret_no, "data.maximum", "maximum", rules->maximum, "more than", "capacity",
                            rules->capacity);
    for (size_t i = 0; i < rules->audience_n; ++i)
        for (size_t j = 0; j < i; ++j)
            if (rules->audience[i] == rules->audience[j])
                return sch_no(ret_no, CV_EREJECTED, "settings_inconsistent", "data.audience", "%s twice",
                              cv_party_kind_text(rules->audience[i]));
    for (size_t i = 0; i < rules->limits_n; ++i)
        for (size_t j = 0; j < i; ++j)
            if (rules->limits[i].capacity == rules->limits[j].capacity)
                return sch_no(ret_no, CV_EREJECTED, "settings_inconsistent", "data.limits", "two limits for %s",
                              cv_capacity_text(rules->limits[i].capacity));
    rc = check_quotas(rules, parties, parties_n, ret_no);
    if (rc)
        return rc;
    return sch_check_guarantees(rules, parties, parties_n, ret_no);
}
