/* query_prefer: what parties prefer, and their hours.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   what          key            gives                           who
 *   preferences   "" | PARTY     notifications.preference.v1     operator, secretariat, service; a focal point its own
 *   hours         "" | PARTY     notifications.hours.v1          the same
 *
 * A page holds whole parties; after is the last party of the page before.
 */
#include "notifications/prefer.h"

static int s_preferences(ntf_t *ntf, cv_tx_t *tx, cv_str_t party, cv_collect_t *collect)
{
    ntf_preference_t list[NTF_PREFERENCES_MAX];
    size_t n = 0;
    int rc = ntf_preferences_of(ntf->prefers, party, list, &n);
    for (size_t i = 0; !rc && i < n; i++) {
        cv_preference_t row = {.party = party,
                               .has_order = list[i].order != NTF_ORDER_ANY,
                               .order = list[i].order,
                               .kind =
                                   list[i].kind == NTF_KIND_ANY ? CV_NOTICE_KIND_ABSENT : ntf_notice_kind(list[i].kind),
                               .mode = ntf_notice_mode(list[i].mode)};
        rc = cv_collect_put(collect, CV_MSG_NOTIFICATIONS_PREFERENCE_V1, party, cv_tx_now_ms(tx), &row);
    }
    return rc;
}

static cv_str_t s_time(cv_arena_t *arena, int minutes)
{
    return cv_arena_printf(arena, "%02d:%02d", minutes / 60, minutes % 60);
}

static int s_hours(ntf_t *ntf, cv_tx_t *tx, cv_str_t party, cv_collect_t *collect)
{
    cv_arena_t *arena = cv_tx_arena(tx);
    ntf_hours_t list[NTF_HOURS_MAX];
    size_t n = 0;
    int rc = ntf_hours_for(ntf->prefers, party, arena, list, &n);
    for (size_t i = 0; !rc && i < n; i++) {
        bool quiet = list[i].quiet_from != list[i].quiet_to;
        cv_recipient_hours_t row = {.party = party,
                                    .has_order = list[i].order != NTF_ORDER_ANY,
                                    .order = list[i].order,
                                    .zone = list[i].zone,
                                    .quiet_from = quiet ? s_time(arena, list[i].quiet_from) : CV_STR_NONE,
                                    .quiet_to = quiet ? s_time(arena, list[i].quiet_to) : CV_STR_NONE,
                                    .digest_at = s_time(arena, list[i].digest_minute),
                                    .digest_day = (cv_weekday_t)(CV_WEEKDAY_MON + list[i].digest_day)};
        if (!row.digest_at.ptr || (quiet && (!row.quiet_from.ptr || !row.quiet_to.ptr)))
            return CV_ENOMEM;
        rc = cv_collect_put(collect, CV_MSG_NOTIFICATIONS_HOURS_V1, party, cv_tx_now_ms(tx), &row);
    }
    return rc;
}

typedef int s_give_t(ntf_t *ntf, cv_tx_t *tx, cv_str_t party, cv_collect_t *collect);

/* Of all parties, in the order of their codes, as long as there is room for a whole one. */
static int s_all(ntf_t *ntf, cv_tx_t *tx, cv_str_t after, s_give_t *give, cv_collect_t *collect)
{
    enum { PARTIES = 16 };
    cv_str_t last = after.ptr ? after : CV_STR("");
    for (int i = 0;; i++) {
        cv_str_t party;
        int rc = ntf_preferring_after(ntf->prefers, last, cv_tx_arena(tx), &party);
        if (rc)
            return rc == CV_ENOTFOUND ? CV_OK : rc;
        if (i == PARTIES) {
            cv_collect_next(collect, last);
            return CV_OK;
        }
        rc = give(ntf, tx, party, collect);
        if (rc)
            return rc;
        last = party;
    }
}

int ntf_query_prefer(ntf_t *ntf, cv_tx_t *tx, const cv_log_query_v1_t *query, cv_collect_t *collect)
{
    const cv_principal_t *who = cv_tx_principal(tx);
    s_give_t *give = cv_str_is(query->what, "preferences") ? s_preferences
                     : cv_str_is(query->what, "hours")     ? s_hours
                                                           : NULL;
    cv_str_t party = query->key;
    if (!give)
        return CV_ENOTFOUND;
    if (who->role & CV_ROLE_FOCAL_POINT) {
        if (party.len && !cv_str_is(party, who->party))
            return CV_EDENIED;
        party = cv_str(who->party);
    } else if (!(who->role & (CV_ROLE_SECRETARIAT | CV_ROLE_SERVICE | CV_ROLE_OPERATOR))) {
        return CV_EDENIED;
    }
    return party.len ? give(ntf, tx, party, collect) : s_all(ntf, tx, query->after, give, collect);
}
