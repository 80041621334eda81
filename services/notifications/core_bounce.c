/* core_bounce: see core_bounce.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/core_bounce.h"

#include "notifications/store_dispatch.h"

static const cv_bounce_kind_t s_words[NTF_BACK_N] = {
    [NTF_BACK_HARD] = CV_BOUNCE_KIND_HARD,
    [NTF_BACK_FAILED] = CV_BOUNCE_KIND_FAILED,
    [NTF_BACK_SOFT] = CV_BOUNCE_KIND_SOFT,
    [NTF_BACK_COMPLAINT] = CV_BOUNCE_KIND_COMPLAINT,
};

int ntf_back_of(cv_bounce_kind_t what)
{
    for (int back = NTF_BACK_HARD; back < NTF_BACK_N; back++) {
        if (s_words[back] == what)
            return back;
    }
    return 0;
}

cv_bounce_kind_t ntf_back_word(int back)
{
    return back >= NTF_BACK_HARD && back < NTF_BACK_N ? s_words[back] : CV_BOUNCE_KIND_ABSENT;
}

ntf_bounce_effect_t ntf_bounce_effect(int back, int64_t at_ms, const ntf_returned_t *dispatch)
{
    if (dispatch->state == NTF_SENDING)
        return (ntf_bounce_effect_t){.end = NTF_BOUNCE_ON_ITS_WAY};
    if (dispatch->attempts == 0)
        return (ntf_bounce_effect_t){.end = NTF_BOUNCE_NOT_SENT};
    bool is_earlier = dispatch->state == NTF_DELIVERED && at_ms + NTF_BOUNCE_SLACK_MS < dispatch->done_ms;
    if (dispatch->is_said || is_earlier)
        return (ntf_bounce_effect_t){.end = NTF_BOUNCE_KNOWN};
    ntf_bounce_effect_t effect = {.end = NTF_BOUNCE_TAKEN};
    effect.kills = dispatch->state == NTF_DELIVERED && (back == NTF_BACK_HARD || back == NTF_BACK_FAILED);
    effect.stops = back == NTF_BACK_HARD        ? NTF_ADDRESS_RETURNED
                   : back == NTF_BACK_COMPLAINT ? NTF_ADDRESS_COMPLAINED
                                                : NTF_ADDRESS_FINE;
    return effect;
}

/* Octets of a number of at most three digits without needless zeros; 0: there is none. */
static size_t s_number(cv_str_t text)
{
    size_t len = 0;
    while (len < text.len && text.ptr[len] >= '0' && text.ptr[len] <= '9')
        len++;
    return len > 3 || (len > 1 && text.ptr[0] == '0') ? 0 : len;
}

bool ntf_mail_status_usable(cv_str_t status)
{
    for (int part = 0; part < 3; part++) {
        size_t len = s_number(status);
        bool has_dot = len < status.len && status.ptr[len] == '.';
        if (len == 0 ||
            (part == 0 && (len > 1 || (status.ptr[0] != '2' && status.ptr[0] != '4' && status.ptr[0] != '5'))))
            return false;
        if (has_dot != (part < 2))
            return false;
        status = (cv_str_t){status.ptr + len + has_dot, status.len - len - has_dot};
    }
    return status.len == 0;
}
