/* core_remind: see core_remind.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/core_remind.h"

#include "convene/ids.h"
#include "convene/zone.h"
#include "notifications/core.h"

#include <stdio.h>
#include <string.h>

enum { STEP_S = 15 * 60, STEPS_MAX = 24 * 4 }; /* clocks are set by quarters of an hour, by a day at most */
#define DAY_MS INT64_C(86400000)

/* The instant of a wall clock in a zone; the first after it that there is. false: no zone. */
static bool s_instant(cv_str_t file, int64_t wall_s, const int64_t *offset_s, int64_t *ret_s)
{
    for (int i = 0; i < STEPS_MAX; i++, wall_s += STEP_S) {
        cv_instant_t found[2];
        size_t n = 0;
        if (!file.ptr || cv_zone_instants(file, wall_s, found, &n))
            return false;
        if (n == 0)
            continue;
        bool second = n == 2 && offset_s && found[1].offset_s == *offset_s;
        *ret_s = found[second ? 1 : 0].utc_s;
        return true;
    }
    return false;
}

bool ntf_start(const cv_event_details_t *details, cv_str_t file, int64_t *ret_ms)
{
    char wall[] = "0000-00-00T00:00";
    int64_t day_ms, wall_s, offset_s = 0, utc_s;
    if (details->date_start.len != 10 || cv_date_parse(details->date_start, &day_ms))
        return false;
    memcpy(wall, details->date_start.ptr, 10);
    if (details->time_start.len == 5)
        memcpy(wall + 11, details->time_start.ptr, 5);
    if (!cv_wall_parse(cv_str(wall), &wall_s))
        return false;
    bool has_offset = cv_offset_parse(details->utc_offset, &offset_s);
    if (!s_instant(file, wall_s, has_offset ? &offset_s : NULL, &utc_s))
        utc_s = wall_s - offset_s;
    *ret_ms = utc_s * 1000;
    return true;
}

static bool s_ahead(cv_event_status_t status)
{
    return status == CV_EVENT_STATUS_ADOPTED || status == CV_EVENT_STATUS_SCHEDULED || status == CV_EVENT_STATUS_OPEN ||
           status == CV_EVENT_STATUS_CLOSED;
}

/* The end of so many days after the last one, at the place. false: the last one is not known. */
static bool s_end(const cv_event_details_t *details, cv_str_t file, int days, int64_t *ret_ms)
{
    cv_str_t last = details->date_end.ptr ? details->date_end : details->date_start;
    int64_t day_ms, utc_s, offset_s = 0;
    if (last.len != 10 || cv_date_parse(last, &day_ms))
        return false;
    int64_t wall_s = (day_ms + (days + 1) * DAY_MS) / 1000;
    if (!s_instant(file, wall_s, NULL, &utc_s)) {
        (void)cv_offset_parse(details->utc_offset, &offset_s);
        utc_s = wall_s - offset_s;
    }
    *ret_ms = utc_s * 1000;
    return true;
}

bool ntf_anchor(int anchor, const cv_scheduling_event_v1_t *event, cv_str_t file, int report_days, int64_t *ret_ms)
{
    bool has = anchor == NTF_ANCHOR_START    ? s_ahead(event->status)
               : anchor == NTF_ANCHOR_REPORT ? event->status == CV_EVENT_STATUS_HELD
                                             : event->status == CV_EVENT_STATUS_OPEN;
    return has && ntf_anchor_at(anchor, event, file, report_days, ret_ms);
}

bool ntf_anchor_at(int anchor, const cv_scheduling_event_v1_t *event, cv_str_t file, int report_days, int64_t *ret_ms)
{
    const cv_registration_rules_t *rules = &event->registration;
    if (anchor == NTF_ANCHOR_START && event->has_start_ms) {
        *ret_ms = event->start_ms; /* as scheduling says it, so that all are reminded of one instant */
        return true;
    }
    if (anchor == NTF_ANCHOR_START)
        return ntf_start(&event->event_details, file, ret_ms);
    if (anchor == NTF_ANCHOR_REPORT)
        return report_days > 0 && s_end(&event->event_details, file, report_days, ret_ms);
    if (!event->has_registration)
        return false;
    if (anchor == NTF_ANCHOR_CONFIRMATION) {
        *ret_ms = rules->confirm_closes_ms;
        return rules->has_confirm_closes_ms;
    }
    *ret_ms = rules->closes_ms;
    return anchor == (rules->has_confirm_closes_ms ? NTF_ANCHOR_NOMINATION : NTF_ANCHOR_REGISTRATION);
}

bool ntf_takes_place(const cv_scheduling_event_v1_t *event, cv_str_t file, int64_t now_ms)
{
    int64_t end_ms;
    if (event->status == CV_EVENT_STATUS_POSTPONED) /* its days are those that it does not have now */
        return true;
    return s_ahead(event->status) && (!s_end(&event->event_details, file, 0, &end_ms) || now_ms < end_ms);
}

int64_t ntf_before(int64_t anchor_ms, int64_t before_ms, cv_str_t file)
{
    int64_t offset_s, utc_s, rest_ms = anchor_ms % 1000;
    if (before_ms % DAY_MS || !file.ptr || cv_zone_offset(file, anchor_ms / 1000, &offset_s))
        return anchor_ms - before_ms;
    int64_t wall_s = (anchor_ms - rest_ms - before_ms) / 1000 + offset_s;
    return s_instant(file, wall_s, &offset_s, &utc_s) ? utc_s * 1000 + rest_ms : anchor_ms - before_ms;
}

bool ntf_invited(const cv_scheduling_event_v1_t *event, cv_party_kind_t kind)
{
    const cv_registration_rules_t *rules = &event->registration;
    bool invited = rules->audience_n == 0 || kind == CV_PARTY_KIND_ABSENT;
    for (size_t i = 0; i < rules->audience_n; i++)
        invited = invited || rules->audience[i] == kind;
    return event->has_registration && invited;
}

/* What stands in a file's name and left of the '@' of a Message-ID: no dot first or last, no two in a row. */
static bool s_dot_atom(const char *id)
{
    char before = '.';
    for (const char *c = id; *c; before = *c++) {
        bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9');
        if (!letter && *c != '_' && *c != '-' && (*c != '.' || before == '.'))
            return false;
    }
    return before != '.';
}

/* FNV-1a. */
static uint64_t s_digest(cv_str_t text)
{
    uint64_t digest = 0xcbf29ce484222325U;
    for (size_t i = 0; i < text.len; i++)
        digest = (digest ^ (uint8_t)text.ptr[i]) * 0x100000001b3U;
    return digest;
}

int ntf_reminder_id(cv_str_t rule, cv_str_t about, int64_t anchor_ms, cv_str_t party, char ret_id[NTF_ID_MAX + 1])
{
    char id[NTF_ID_MAX + 1], digest[20];
    if (!rule.len || rule.len > NTF_RULE_MAX || !about.len || !party.len)
        return CV_EINVAL;
    for (int i = 0; i < 2; i++) {
        int len = snprintf(id, sizeof(id), "reminder.%.*s.%.*s.%lld.%.*s", CV_STR_ARG(rule), CV_STR_ARG(about),
                           (long long)(anchor_ms / 1000), CV_STR_ARG(party));
        if (len > 0 && (size_t)len < sizeof(id) && s_dot_atom(id)) {
            memcpy(ret_id, id, (size_t)len + 1);
            return CV_OK;
        }
        (void)snprintf(digest, sizeof(digest), "%016llx", (unsigned long long)s_digest(about)); /* "A..B" */
        about = cv_str(digest);
    }
    return CV_EINVAL;
}
