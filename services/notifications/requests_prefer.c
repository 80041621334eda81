/* requests_prefer: how a party's people want to be told, and when.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "convene/zone.h"
#include "notifications/prefer.h"

enum { ZONE_ROOM = 256 * 1024 };

static int s_order(bool has_order, int64_t order)
{
    return has_order ? (int)order : NTF_ORDER_ANY;
}

/* 0: none, it is taken away. */
static int s_mode(cv_notice_mode_t mode)
{
    for (int one = NTF_MODE_AT_ONCE; one <= NTF_MODE_NONE; one++) {
        if (ntf_notice_mode(one) == mode)
            return one;
    }
    return 0;
}

/* What waits is looked at by what counts now. */
static int s_anew(ntf_t *ntf, cv_str_t party)
{
    ntf_stir(ntf);
    return ntf_wait_anew(ntf->prefers, party);
}

static int s_preference_put(ntf_t *ntf, cv_tx_t *tx, const cv_preference_t *put, cv_outcome_t *out)
{
    int kind = ntf_notice_kind_read(put->kind) /* 0: NTF_KIND_ANY */, mode = s_mode(put->mode);
    const char *what = kind == NTF_KIND_ANY ? "every kind" : cv_notice_kind_text(put->kind);
    if (kind != NTF_KIND_ANY && ntf_mode_within(mode, ntf_kind_rules(kind, 0, false)) != mode)
        return cv_refuse(tx, out, mode == NTF_MODE_NONE ? "must_be_told" : "must_not_wait", "data.mode",
                         mode == NTF_MODE_NONE ? "notices of the kind %s cannot be left out"
                                               : "notices of the kind %s cannot wait for a digest",
                         what);
    int rc = ntf_preference_put(ntf->prefers, put->party, s_order(put->has_order, put->order), kind, mode);
    if (rc == CV_ENOTFOUND)
        return cv_refuse_as(tx, out, CV_ENOTFOUND, "no_preference", "data.kind", "%.*s has no such preference",
                            CV_STR_ARG(put->party));
    if (!rc)
        rc = s_anew(ntf, put->party);
    if (rc)
        return rc;
    if (!mode)
        return cv_accept(tx, out, "preference_removed", "for %s, %.*s has no preference of its own any more", what,
                         CV_STR_ARG(put->party));
    return cv_accept(tx, out, "preference_set", "messages of %s to %.*s: %s", what, CV_STR_ARG(put->party),
                     cv_notice_mode_text(put->mode));
}

static int s_minutes(cv_str_t time, int otherwise)
{
    int64_t minutes;
    return cv_wall_time_parse(time, &minutes) ? (int)minutes : otherwise;
}

static int s_zone_known(cv_str_t zone, bool *ret_known)
{
    cv_str_t file;
    cv_arena_t *arena = cv_arena_new(ZONE_ROOM);
    int rc = arena ? cv_zone_read(arena, zone, &file) : CV_ENOMEM;
    if (arena)
        cv_arena_destroy(&arena);
    *ret_known = !rc;
    return rc == CV_ENOMEM ? rc : CV_OK;
}

static int s_hours_put(ntf_t *ntf, cv_tx_t *tx, const cv_recipient_hours_t *put, cv_outcome_t *out)
{
    bool known = true;
    if (!put->quiet_from.ptr != !put->quiet_to.ptr)
        return cv_refuse_as(tx, out, CV_EINVAL, "hours_inconsistent",
                            put->quiet_from.ptr ? "data.quiet_to" : "data.quiet_from",
                            "quiet hours are from a time to a time: give both, or neither");
    if (put->quiet_from.ptr && cv_str_equal(put->quiet_from, put->quiet_to))
        return cv_refuse_as(tx, out, CV_EINVAL, "hours_inconsistent", "data.quiet_to",
                            "quiet hours end at another time than they begin");
    if (!put->zone.ptr && (put->quiet_from.ptr || put->digest_at.ptr || put->digest_day))
        return cv_refuse_as(tx, out, CV_EINVAL, "hours_inconsistent", "data.zone",
                            "times need the zone that they are in, like Asia/Baku");
    int rc = put->zone.ptr ? s_zone_known(put->zone, &known) : CV_OK;
    if (rc)
        return rc;
    if (!known)
        return cv_refuse(tx, out, "zone_unknown", "data.zone", "there is no time zone %.*s", CV_STR_ARG(put->zone));
    ntf_hours_t hours = {
        .order = s_order(put->has_order, put->order),
        .zone = put->zone,
        .quiet_from = s_minutes(put->quiet_from, 0),
        .quiet_to = s_minutes(put->quiet_to, 0),
        .digest_minute = s_minutes(put->digest_at, NTF_DIGEST_MINUTE),
        .digest_day = put->digest_day ? (int)put->digest_day - (int)CV_WEEKDAY_MON : NTF_DIGEST_DAY,
    };
    rc = ntf_hours_put(ntf->prefers, put->party, &hours);
    if (rc == CV_ENOTFOUND)
        return cv_refuse_as(tx, out, CV_ENOTFOUND, "no_hours", "data.party", "%.*s has no such hours",
                            CV_STR_ARG(put->party));
    if (!rc)
        rc = s_anew(ntf, put->party);
    if (rc)
        return rc;
    return put->zone.ptr
               ? cv_accept(tx, out, "hours_set", "hours of %.*s are set", CV_STR_ARG(put->party))
               : cv_accept(tx, out, "hours_removed", "these hours of %.*s are taken away", CV_STR_ARG(put->party));
}

bool ntf_is_prefer_request(uint16_t type)
{
    return type == CV_MSG_NOTIFICATIONS_PREFERENCE_PUT_V1 || type == CV_MSG_NOTIFICATIONS_HOURS_PUT_V1;
}

int ntf_prefer_request(ntf_t *ntf, cv_tx_t *tx, uint16_t type, const void *data, cv_outcome_t *out)
{
    return type == CV_MSG_NOTIFICATIONS_HOURS_PUT_V1 ? s_hours_put(ntf, tx, data, out)
                                                     : s_preference_put(ntf, tx, data, out);
}
