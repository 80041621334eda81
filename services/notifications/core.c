/* core: what is told to whom, when, and under which id; pure.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/core.h"

#include "notifications/core_audience.h"

#include <string.h>

static bool s_all(cv_str_t text, const char *set)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\0' || !strchr(set, text.ptr[i]))
            return false;
    }
    return text.ptr && text.len > 0;
}

int ntf_notice_id(cv_str_t record_id, cv_str_t party, char ret_id[NTF_ID_MAX + 1])
{
    static const char capitals[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    cv_str_t parts[3] = {{record_id.ptr, 0}};
    size_t n = 0;
    for (size_t i = 0; i < record_id.len; i++) {
        if (record_id.ptr[i] != '/') {
            parts[n].len++;
        } else if (++n < 3) {
            parts[n] = (cv_str_t){record_id.ptr + i + 1, 0};
        } else {
            return CV_EINVAL;
        }
    }
    /* The stream's dots must leave a dot-atom: none first, none last. */
    if (n != 2 || !s_all(parts[0], "abcdefghijklmnopqrstuvwxyz0123456789_.") || parts[0].ptr[0] == '.' ||
        parts[0].ptr[parts[0].len - 1] == '.' || memmem(parts[0].ptr, parts[0].len, "..", 2))
        return CV_EINVAL;
    if (!s_all(parts[1], "0123456789abcdef") || !s_all(parts[2], "0123456789") || !s_all(party, capitals))
        return CV_EINVAL;
    if (record_id.len + 1 + party.len > NTF_ID_MAX)
        return CV_EINVAL;
    memcpy(ret_id, record_id.ptr, record_id.len);
    for (size_t i = 0; i < record_id.len; i++) {
        if (ret_id[i] == '/')
            ret_id[i] = '.';
    }
    ret_id[record_id.len] = '.';
    memcpy(ret_id + record_id.len + 1, party.ptr, party.len);
    ret_id[record_id.len + 1 + party.len] = '\0';
    return CV_OK;
}

bool ntf_epoch_of(cv_str_t record_id, uint8_t ret_epoch[CV_EPOCH_LEN])
{
    static const char digits[] = "0123456789abcdef";
    const char *slash = record_id.len ? memchr(record_id.ptr, '/', record_id.len) : NULL;
    if (!slash || record_id.len - (size_t)(slash + 1 - record_id.ptr) <= (size_t)2 * CV_EPOCH_LEN ||
        slash[1 + 2 * CV_EPOCH_LEN] != '/')
        return false;
    uint8_t epoch[CV_EPOCH_LEN] = {0};
    for (size_t i = 0; i < (size_t)2 * CV_EPOCH_LEN; i++) {
        const char *digit = slash[1 + i] ? strchr(digits, slash[1 + i]) : NULL;
        if (!digit)
            return false;
        epoch[i / 2] = (uint8_t)(epoch[i / 2] << 4 | (digit - digits));
    }
    memcpy(ret_epoch, epoch, sizeof(epoch));
    return true;
}

static bool s_off(cv_event_status_t status)
{
    return status == CV_EVENT_STATUS_CANCELLED || status == CV_EVENT_STATUS_POSTPONED;
}

unsigned ntf_changes(const cv_scheduling_event_v1_t *was, const cv_scheduling_event_v1_t *now)
{
    const cv_event_details_t *a = &was->event_details, *b = &now->event_details;
    unsigned changes = 0;
    if (!cv_str_equal(a->title, b->title))
        changes |= NTF_CHANGED_TITLE;
    if (!cv_str_equal(a->date_start, b->date_start) || !cv_str_equal(a->date_end, b->date_end) ||
        !cv_str_equal(a->time_start, b->time_start) || !cv_str_equal(a->zone, b->zone) ||
        !cv_str_equal(a->utc_offset, b->utc_offset) || a->precision != b->precision ||
        (was->has_start_ms && now->has_start_ms && was->start_ms != now->start_ms)) /* clocks there are set otherwise */
        changes |= NTF_CHANGED_DATES;
    if (!cv_str_equal(a->city, b->city) || !cv_str_equal(a->country, b->country))
        changes |= NTF_CHANGED_PLACE;
    if (!cv_str_equal(a->venue, b->venue))
        changes |= NTF_CHANGED_VENUE;
    if (a->format != b->format)
        changes |= NTF_CHANGED_FORMAT;
    if (was->status != now->status) {
        if (now->status == CV_EVENT_STATUS_CANCELLED)
            changes |= NTF_CANCELLED;
        else if (now->status == CV_EVENT_STATUS_POSTPONED)
            changes |= NTF_POSTPONED;
        else if (s_off(was->status) && now->status != CV_EVENT_STATUS_REJECTED)
            changes |= NTF_REINSTATED;
    }
    return changes;
}

bool ntf_concerned(cv_party_answer_t answer, int64_t since, int64_t version)
{
    return ntf_audience_of(answer) && since < version;
}

int64_t ntf_answer_since(cv_party_answer_t before, int64_t since, cv_party_answer_t after, int64_t version)
{
    return before == after ? since : version;
}

int64_t ntf_pause_ms(int64_t failures, int64_t max_ms)
{
    int64_t pause = NTF_PAUSE_FIRST_MS;
    for (int64_t i = 1; i < failures && pause < max_ms; i++)
        pause *= 2;
    return pause < max_ms ? pause : max_ms;
}
