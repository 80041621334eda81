/* core_retry: what an attempt's end means, and when the next one is due; pure.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/core_retry.h"

#include <string.h>

enum { DIGITS_MAX = 12, JITTER_PARTS = 1000, JITTER_SHARE = 5 };
#define PAUSE_MAX_MS (30 * INT64_C(86400000))

static int64_t s_unit_ms(cv_str_t unit)
{
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (cv_str_is(unit, units[i].name))
            return units[i].ms;
    }
    return 0;
}

static int s_pause_read(cv_str_t word, int64_t *ret_ms)
{
    size_t digits = 0;
    while (digits < word.len && word.ptr[digits] >= '0' && word.ptr[digits] <= '9')
        digits++;
    int64_t number, unit_ms = s_unit_ms((cv_str_t){word.ptr + digits, word.len - digits});
    if (digits == 0 || cv_str_digits((cv_str_t){word.ptr, digits}, DIGITS_MAX, &number) || unit_ms == 0)
        return CV_EINVAL;
    if (number < 1 || number > PAUSE_MAX_MS / unit_ms)
        return CV_EINVAL;
    *ret_ms = number * unit_ms;
    return CV_OK;
}

int ntf_ladder_read(cv_str_t text, ntf_ladder_t *ret_ladder)
{
    ntf_ladder_t ladder = {.n = 0};
    for (size_t at = 0; at < text.len;) {
        const char *space = memchr(text.ptr + at, ' ', text.len - at);
        size_t end = space ? (size_t)(space - text.ptr) : text.len;
        if (end > at) {
            if (ladder.n == NTF_RUNGS_MAX ||
                s_pause_read((cv_str_t){text.ptr + at, end - at}, &ladder.pause_ms[ladder.n]))
                return CV_EINVAL;
            ladder.sum_ms += ladder.pause_ms[ladder.n++];
        }
        at = end + 1;
    }
    if (ladder.n == 0)
        return CV_EINVAL;
    *ret_ladder = ladder;
    return CV_OK;
}

/* ---- ends --------------------------------------------------------------------------------- */

/* Of a conversation that did not come to an answer. */
static ntf_end_t s_end_of_transport(ntf_transport_t transport)
{
    ntf_end_t end = {.fault = NTF_FAULT_HOST};
    switch (transport) {
    case NTF_TRANSPORT_TLS:
        end.result = CV_DELIVERY_RESULT_TLS;
        break;
    case NTF_TRANSPORT_LOGIN:
        end.result = CV_DELIVERY_RESULT_LOGIN;
        break;
    case NTF_TRANSPORT_TIMEOUT:
        end.result = CV_DELIVERY_RESULT_TIMEOUT;
        break;
    case NTF_TRANSPORT_FORBIDDEN:
        end.result = CV_DELIVERY_RESULT_FORBIDDEN;
        break;
    case NTF_TRANSPORT_UNUSABLE:
        end = (ntf_end_t){.result = CV_DELIVERY_RESULT_UNUSABLE, .is_final = true, .fault = NTF_FAULT_MESSAGE};
        break;
    case NTF_TRANSPORT_BROKEN:
    case NTF_TRANSPORT_REFUSED_BY_REPLY:
        end.result = CV_DELIVERY_RESULT_FAILED;
        break;
    case NTF_TRANSPORT_UNREACHABLE:
    case NTF_TRANSPORT_OK:
    default:
        end.result = CV_DELIVERY_RESULT_UNREACHABLE;
    }
    return end;
}

ntf_end_t ntf_end_of_mail(ntf_transport_t transport, ntf_phase_t phase, int code)
{
    enum { CLOSING = 421, TOO_LARGE = 552 };
    if (transport == NTF_TRANSPORT_OK)
        return (ntf_end_t){.result = CV_DELIVERY_RESULT_DELIVERED, .is_final = true, .is_contact = true};
    /* Its size is told with the sender, before the recipient is. */
    bool is_of_message = (phase == NTF_PHASE_MESSAGE && code != CLOSING) || code == TOO_LARGE;
    if (transport == NTF_TRANSPORT_REFUSED_BY_REPLY && is_of_message) {
        if (code >= 500 && code <= 599)
            return (ntf_end_t){
                .result = CV_DELIVERY_RESULT_REFUSED, .is_final = true, .fault = NTF_FAULT_MESSAGE, .is_contact = true};
        if (code >= 400 && code <= 499)
            return (ntf_end_t){.result = CV_DELIVERY_RESULT_LATER, .fault = NTF_FAULT_MESSAGE, .is_contact = true};
    }
    return s_end_of_transport(transport);
}

ntf_end_t ntf_end_of_webhook(ntf_transport_t transport, ntf_phase_t phase, int code, int64_t retry_after_s)
{
    enum { GONE = 410, TOO_MANY = 429, UNAVAILABLE = 503 };
    if (transport != NTF_TRANSPORT_OK) {
        ntf_end_t end = s_end_of_transport(transport);
        bool had_request = phase != NTF_PHASE_CONNECT;
        if (had_request && (transport == NTF_TRANSPORT_TIMEOUT || transport == NTF_TRANSPORT_BROKEN))
            end = (ntf_end_t){.result = end.result, .fault = NTF_FAULT_ADDRESS, .is_contact = true};
        return end;
    }
    if (code >= 200 && code <= 299)
        return (ntf_end_t){.result = CV_DELIVERY_RESULT_DELIVERED, .is_final = true, .is_contact = true};
    if (code == GONE)
        return (ntf_end_t){
            .result = CV_DELIVERY_RESULT_GONE, .is_final = true, .fault = NTF_FAULT_MESSAGE, .is_contact = true};
    ntf_end_t end = {.result =
                         code == TOO_MANY || code == UNAVAILABLE ? CV_DELIVERY_RESULT_LATER : CV_DELIVERY_RESULT_FAILED,
                     .fault = NTF_FAULT_ADDRESS,
                     .is_contact = true};
    if (retry_after_s > 0)
        end.later_ms = retry_after_s < NTF_LATER_MAX_MS / 1000 ? retry_after_s * 1000 : NTF_LATER_MAX_MS;
    return end;
}

/* ---- when --------------------------------------------------------------------------------- */

/* Something between 0 and JITTER_PARTS, always the same for the same two. */
static int64_t s_scatter(int64_t dispatch, int64_t failures)
{
    uint64_t x = (uint64_t)dispatch * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)failures;
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (int64_t)((x ^ (x >> 31)) % (JITTER_PARTS + 1));
}

int64_t ntf_retry_at(const ntf_ladder_t *ladder, int64_t dispatch, int64_t failures, int64_t first_ms, int64_t now_ms,
                     int64_t later_ms)
{
    int64_t most_ms = ladder->sum_ms + ladder->sum_ms / JITTER_SHARE + NTF_GRACE_MS;
    if (failures > (int64_t)ladder->n || now_ms - first_ms >= most_ms)
        return 0;
    int64_t pause_ms = ladder->pause_ms[failures - 1];
    pause_ms += pause_ms / JITTER_SHARE * s_scatter(dispatch, failures) / JITTER_PARTS;
    return now_ms + (pause_ms > later_ms ? pause_ms : later_ms);
}

void ntf_breaker_note(ntf_breaker_t *breaker, const ntf_end_t *end, ntf_fault_t whose, const ntf_ladder_t *ladder,
                      int64_t now_ms)
{
    if (end->fault != whose) {
        if (end->is_contact && end->fault < whose)
            *breaker = (ntf_breaker_t){.failures = 0};
        return;
    }
    if (++breaker->failures < NTF_BREAK_AFTER)
        return;
    int64_t pause_ms = ladder->pause_ms[0];
    for (int64_t i = NTF_BREAK_AFTER; i < breaker->failures && pause_ms < NTF_BREAK_MAX_MS; i++)
        pause_ms *= 2;
    if (pause_ms > NTF_BREAK_MAX_MS)
        pause_ms = NTF_BREAK_MAX_MS;
    pause_ms = pause_ms > end->later_ms ? pause_ms : end->later_ms;
    if (breaker->until_ms < now_ms + pause_ms)
        breaker->until_ms = now_ms + pause_ms;
}

int64_t ntf_retry_longest_ms(const ntf_ladder_t *ladder)
{
    int64_t longest_ms = NTF_LATER_MAX_MS;
    for (size_t i = 0; i < ladder->n; i++)
        longest_ms = ladder->pause_ms[i] > longest_ms ? ladder->pause_ms[i] : longest_ms;
    return longest_ms + longest_ms / 5;
}

void ntf_breaker_set_back(ntf_breaker_t *breaker, int64_t by_ms)
{
    if (breaker->until_ms > 0)
        breaker->until_ms -= by_ms;
}

int ntf_breaker_room(const ntf_breaker_t *breaker, int most, int64_t now_ms)
{
    if (breaker->until_ms > now_ms)
        return 0;
    return breaker->failures >= NTF_BREAK_AFTER ? 1 : most;
}

bool ntf_pace(int64_t rate, int64_t now_ms, int64_t *paced_ms)
{
    enum { MINUTE_MS = 60000 };
    int64_t every_ms = rate > 0 ? (MINUTE_MS + rate - 1) / rate : 0;
    if (every_ms == 0)
        return true;
    if (*paced_ms > now_ms + every_ms) /* the clock went back */
        *paced_ms = now_ms + every_ms;
    if (now_ms < *paced_ms)
        return false;
    *paced_ms = now_ms + every_ms;
    return true;
}
