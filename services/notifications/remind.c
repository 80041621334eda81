/* remind: what is ahead, and telling it when it is due; silence procedures.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   a record of an event or a procedure   its anchors are computed, and what is due for each rule is put down (store_remind.h)
 *   the timer "remind"                    what is due is told, in the engine's transaction: rows of ntf_delivery whose id is
 *                                         made from rule, anchor and party, and is unique
 *
 * Failure modes
 *   killed before the COMMIT       nothing is told and nothing marked: the timer is due at the next start
 *   down while something was due   told after the next start, if its anchor is still ahead; of several reminders of one
 *                                  anchor that became due meanwhile only the last. First the followed streams are read to
 *                                  their ends: the event may have moved meanwhile, and who is asked to answer may have.
 *                                  Where another service is down that is waited for as escalation waits (core_escalate.h)
 *   what it is about is damaged    that reminder is given up, with an error in the log; others go on
 *   the clock steps back           what was told is marked as told, whatever the clock says
 *   the clock steps forward        the same as having been down; what it made pass or be missed is due again once the
 *                                  clock is right (clock.h)
 *   the tz database changes        all is computed anew at each start, before anything is told
 *   nobody to write to             of a party that was not asked anything yet: no reminder. A member is told of a silence
 *                                  procedure in any case: its notice waits for a recipient, visibly
 *
 * Times of zones are read from the machine while a transaction runs. They say when a reminder is due and nothing else that
 * is kept, so that no other machine comes to another state by it.
 */
#include "convene/log.h"
#include "convene/zone.h"
#include "notifications/audience.h"
#include "notifications/content/calendar.h"
#include "notifications/dispatch.h"
#include "notifications/notifications.h"

#include <string.h>

enum { DUE_BATCH = 64, NUMBER_DIGITS = 16 };

static cv_str_t s_zone(cv_arena_t *arena, cv_str_t zone)
{
    cv_str_t file;
    return zone.ptr && !cv_zone_read(arena, zone, &file) ? file : CV_STR_NONE;
}

/* ---- what is ahead ------------------------------------------------------------------------ */

int ntf_remind_event(ntf_t *ntf, cv_tx_t *tx, const cv_scheduling_event_v1_t *event)
{
    ntf_rule_t *rules;
    size_t n;
    cv_arena_reset(ntf->scratch);
    int rc = ntf_rules(ntf->reminders, ntf->scratch, &rules, &n);
    if (rc)
        return rc;
    cv_str_t file = s_zone(ntf->scratch, event->event_details.zone);
    ntf->ahead = true;
    for (size_t i = 0; !rc && i < n; i++) {
        int64_t anchor_ms = 0;
        if (rules[i].anchor == NTF_ANCHOR_SILENCE)
            continue;
        bool has = ntf_anchor(rules[i].anchor, event, file, ntf_post_settings()->report_days, &anchor_ms);
        rc = ntf_due_put(ntf->reminders, &rules[i], event->event, has, anchor_ms,
                         ntf_before(anchor_ms, rules[i].before_ms, file), cv_tx_now_ms(tx));
    }
    return rc;
}

int ntf_remind_procedure(ntf_t *ntf, cv_tx_t *tx, const cv_scheduling_decision_v1_t *procedure)
{
    ntf_rule_t *rules;
    size_t n;
    cv_arena_reset(ntf->scratch);
    int rc = ntf_rules(ntf->reminders, ntf->scratch, &rules, &n);
    if (rc)
        return rc;
    cv_str_t file = s_zone(ntf->scratch, procedure->zone);
    bool runs = procedure->state == CV_DECISION_STATE_OPEN && procedure->has_expires_ms;
    ntf->ahead = true;
    for (size_t i = 0; !rc && i < n; i++) {
        if (rules[i].anchor == NTF_ANCHOR_SILENCE)
            rc = ntf_due_put(ntf->reminders, &rules[i], procedure->decision, runs, procedure->expires_ms,
                             ntf_before(procedure->expires_ms, rules[i].before_ms, file), cv_tx_now_ms(tx));
    }
    return rc;
}

typedef int s_next_t(ntf_reminders_t *store, cv_str_t after, cv_arena_t *arena, cv_str_t *ret_name, cv_str_t *ret_data);

/* All that next() gives, one after the other. */
static int s_anew(ntf_t *ntf, cv_tx_t *tx, s_next_t *next, uint16_t type)
{
    char after[128] = "";
    for (;;) {
        cv_str_t name, data;
        const void *state;
        cv_arena_reset(ntf->arena);
        int rc = next(ntf->reminders, cv_str(after), ntf->arena, &name, &data);
        if (rc == CV_ENOTFOUND)
            return CV_OK;
        if (!rc)
            rc = cv_str_copy(name, after, sizeof(after));
        if (!rc)
            rc = ntf_decode(type, data, ntf->arena, &state);
        if (rc == CV_EMALFORMED)
            continue; /* said when it is due */
        if (!rc)
            rc = type == CV_MSG_SCHEDULING_EVENT_V1 ? ntf_remind_event(ntf, tx, state)
                                                    : ntf_remind_procedure(ntf, tx, state);
        if (rc)
            return rc;
    }
}

int ntf_remind_all(ntf_t *ntf, cv_tx_t *tx)
{
    int rc = s_anew(ntf, tx, ntf_event_after, CV_MSG_SCHEDULING_EVENT_V1);
    return rc ? rc : s_anew(ntf, tx, ntf_procedure_after, CV_MSG_SCHEDULING_DECISION_V1);
}

/* After a start: whether what is due has to wait, because what happened meanwhile is not known yet and there is time. */
static int s_waits(ntf_t *ntf, cv_tx_t *tx, bool *ret_waits)
{
    int64_t anchor_ms, now_ms = cv_tx_now_ms(tx);
    *ret_waits = false;
    if (ntf->began.caught_up_ms || cv_tx_caught_up(tx))
        return CV_OK;
    int rc = ntf_due_anchor(ntf->reminders, now_ms, &anchor_ms);
    if (!rc)
        *ret_waits = now_ms < ntf_escalate_ready(&ntf->began, anchor_ms, now_ms);
    return rc == CV_ENOTFOUND ? CV_OK : rc;
}

int ntf_remind_timer(ntf_t *ntf, cv_tx_t *tx)
{
    int64_t due_ms = 1, asks_ms = ntf_escalate_asks(&ntf->began, cv_tx_now_ms(tx));
    bool waits = false;
    int rc = ntf->anew ? CV_OK : ntf_due_next(ntf->reminders, &due_ms); /* at once, while all is to be computed anew */
    if (!rc && !ntf->anew)
        rc = s_waits(ntf, tx, &waits);
    if (waits && due_ms < asks_ms)
        due_ms = asks_ms;
    if (rc == CV_ENOTFOUND)
        rc = cv_tx_timer_cancel(tx, "remind", CV_STR(""));
    else if (!rc)
        rc = cv_tx_timer_set(tx, "remind", CV_STR(""), due_ms);
    if (!rc)
        ntf->ahead = false;
    return rc;
}

/* ---- telling ------------------------------------------------------------------------------ */

int ntf_numbers_read(cv_str_t line, size_t n, int64_t *ret_numbers)
{
    for (size_t i = 0; i < n; i++) {
        const char *space = line.len ? memchr(line.ptr, ' ', line.len) : NULL;
        size_t len = space ? (size_t)(space - line.ptr) : line.len, gone = len + (space ? 1 : 0);
        if (len == 0 || cv_str_digits((cv_str_t){line.ptr, len}, NUMBER_DIGITS, &ret_numbers[i]))
            return CV_EMALFORMED;
        line = (cv_str_t){line.ptr + gone, line.len - gone};
    }
    return line.len ? CV_EMALFORMED : CV_OK;
}

/* A reminder's data: "ANCHOR INSTANT BEFORE\n", and the procedure's record behind it. */
int ntf_ahead_read(cv_str_t data, ntf_ahead_t *ret_ahead, cv_str_t *ret_procedure)
{
    const char *newline = data.len ? memchr(data.ptr, '\n', data.len) : NULL;
    cv_str_t line = {data.ptr, newline ? (size_t)(newline - data.ptr) : 0};
    int64_t numbers[3] = {0};
    if (!newline || ntf_numbers_read(line, 3, numbers) || numbers[0] >= NTF_ANCHORS_N)
        return CV_EMALFORMED;
    *ret_ahead = (ntf_ahead_t){.anchor = (int)numbers[0], .anchor_ms = numbers[1], .before_ms = numbers[2]};
    *ret_procedure = (cv_str_t){newline + 1, data.len - (size_t)(newline + 1 - data.ptr)};
    return CV_OK;
}

/* Another audience than the anchor's own has nothing to be late for. */
static int s_remind_one(ntf_t *ntf, cv_tx_t *tx, const ntf_due_t *due, ntf_listener_t listener, bool is_own,
                        cv_str_t data)
{
    char notice[NTF_ID_MAX + 1];
    cv_arena_t *arena = cv_tx_arena(tx);
    int64_t now_ms = cv_tx_now_ms(tx);
    int rc = ntf_reminder_id(due->rule.rule, due->about, due->anchor_ms, listener.party, notice);
    if (!rc && !is_own) {
        bool is_participant, is_office, is_told = true;
        rc = ntf_reminded(ntf->reminders, due, listener.party, now_ms, &is_participant, &is_office);
        if (!rc && ntf_audience_is_office(listener.audience))
            rc = ntf_office_is_told(ntf, tx, due->about, listener.party, is_participant, is_office, &is_told);
        else if (!rc)
            is_told = !is_participant;
        if (rc || !is_told)
            return rc;
    }
    if (!rc && !is_own)
        rc = ntf_office_id(listener.audience, listener.party, notice);
    if (rc)
        return rc;
    bool is_office = ntf_audience_is_office(listener.audience);
    cv_str_t cause = cv_arena_printf(arena, "reminder/%.*s/%.*s/%lld", CV_STR_ARG(due->rule.rule),
                                     CV_STR_ARG(due->about), (long long)(due->anchor_ms / 1000));
    if (!cause.ptr)
        return CV_ENOMEM;
    return ntf_tell(ntf, tx,
                    &(ntf_telling_t){.kind = NTF_REMINDER,
                                     .notice = cv_str(notice),
                                     .cause = cause,
                                     .event = due->about,
                                     .party = listener.party,
                                     .time_ms = now_ms,
                                     .data = data,
                                     .deadline_ms = is_own ? due->anchor_ms : 0,
                                     .audience = is_own && !is_office ? NTF_TO_NONE : listener.audience});
}

/* Whoever proposed the event owes its report; where nobody did, the secretariat, if it has somebody to write to. */
static int s_stand_in(ntf_t *ntf, cv_tx_t *tx, const ntf_due_t *due, ntf_listener_t **ret_listeners, size_t *ret_n)
{
    ntf_recipient_t recipient;
    cv_str_t party = cv_str(ntf_post_settings()->secretariat);
    int rc = party.len ? ntf_store_recipient_for(ntf->store, due->about, party, -1, cv_tx_arena(tx), &recipient)
                       : CV_ENOTFOUND;
    return rc ? rc : ntf_listeners_of(ntf, tx, NTF_TO_SECRETARIAT, due->about, NULL, ret_listeners, ret_n);
}

/* event NULL: of a silence procedure. */
static int s_remind_all(ntf_t *ntf, cv_tx_t *tx, const ntf_due_t *due, const cv_scheduling_event_v1_t *event,
                        cv_str_t data)
{
    ntf_listener_t *listeners = NULL;
    size_t n = 0;
    int audience = due->rule.audience;
    bool is_own = audience == ntf_audience_of_anchor(due->rule.anchor);
    int rc = ntf_listeners_of(ntf, tx, audience, due->about, event, &listeners, &n);
    if (!rc && n == 0 && is_own && audience == NTF_TO_PROPOSER)
        rc = s_stand_in(ntf, tx, due, &listeners, &n);
    for (size_t i = 0; !rc && i < n; i++)
        rc = s_remind_one(ntf, tx, due, listeners[i], is_own, data);
    return rc;
}

/* CV_ENOTFOUND: what it is about, or who is to be told, is not there any more. */
static int s_remind(ntf_t *ntf, cv_tx_t *tx, const ntf_due_t *due)
{
    cv_arena_t *arena = cv_tx_arena(tx);
    bool silence = due->rule.anchor == NTF_ANCHOR_SILENCE;
    cv_str_t record;
    const void *event = NULL;
    int rc = silence ? ntf_procedure_get(ntf->reminders, due->about, arena, &record)
                     : ntf_store_event_get(ntf->store, due->about, arena, &record);
    if (!rc && !silence)
        rc = ntf_decode(CV_MSG_SCHEDULING_EVENT_V1, record, arena, &event);
    if (rc)
        return rc;
    cv_buf_t buf;
    cv_buf_init(&buf, CV_MAX_RECORD + 64);
    cv_buf_printf(&buf, "%d %lld %lld\n", due->rule.anchor, (long long)due->anchor_ms, (long long)due->rule.before_ms);
    if (silence)
        cv_buf_put(&buf, record.ptr, record.len);
    rc = buf.rc;
    if (!rc)
        rc = s_remind_all(ntf, tx, due, event, cv_buf_str(&buf));
    cv_buf_done(&buf);
    return rc;
}

static int s_due_one(ntf_t *ntf, cv_tx_t *tx, const ntf_due_t *due)
{
    int64_t now_ms = cv_tx_now_ms(tx);
    bool nearer = false;
    if (due->ended_ms && due->ended_ms <= now_ms) /* it was ended by a clock that was right */
        return ntf_due_end(ntf->reminders, due, due->anchor_ms <= due->ended_ms ? NTF_DUE_MISSED : NTF_DUE_PASSED,
                           due->ended_ms);
    if (due->anchor_ms <= now_ms) {
        cv_log(CV_LOG_WARN, "reminder_missed", cv_kv_str("rule", due->rule.rule), cv_kv_str("about", due->about));
        return ntf_due_end(ntf->reminders, due, NTF_DUE_MISSED, now_ms);
    }
    int rc = ntf_due_nearer(ntf->reminders, due, now_ms, &nearer);
    if (!rc && !nearer)
        rc = s_remind(ntf, tx, due);
    bool unusable = rc == CV_EINVAL || rc == CV_EMALFORMED || rc == CV_ELIMIT;
    if (unusable) /* one that cannot be made must not keep the others */
        cv_log(CV_LOG_ERROR, "reminder_failed", cv_kv_str("rule", due->rule.rule), cv_kv_str("about", due->about),
               cv_kv_rc(rc));
    else if (rc && rc != CV_ENOTFOUND)
        return rc;
    return ntf_due_end(ntf->reminders, due,
                       unusable       ? NTF_DUE_MISSED
                       : rc || nearer ? NTF_DUE_PASSED
                                      : NTF_DUE_SENT,
                       now_ms);
}

int ntf_remind_due(ntf_t *ntf, cv_tx_t *tx)
{
    ntf_due_t *due = cv_arena_take(cv_tx_arena(tx), DUE_BATCH * sizeof(*due));
    size_t n = DUE_BATCH;
    bool waits = false;
    int rc = due ? s_waits(ntf, tx, &waits) : CV_ENOMEM;
    while (!rc && !waits && n == DUE_BATCH) {
        rc = ntf_due(ntf->reminders, cv_tx_now_ms(tx), cv_tx_arena(tx), DUE_BATCH, due, &n);
        for (size_t i = 0; !rc && i < n; i++)
            rc = s_due_one(ntf, tx, &due[i]);
    }
    ntf->ahead = true;
    return rc;
}

/* ---- silence procedures ------------------------------------------------------------------- */

int ntf_procedure(ntf_t *ntf, cv_tx_t *tx, const cv_msg_t *msg, const cv_scheduling_decision_v1_t *procedure)
{
    bool runs = procedure->state == CV_DECISION_STATE_OPEN;
    if (procedure->way != CV_DECISION_WAY_SILENCE)
        return CV_OK;
    int rc = ntf_procedure_put(ntf->reminders, procedure->decision, runs ? msg->data_bytes : CV_STR_NONE);
    if (!rc)
        rc = ntf_remind_procedure(ntf, tx, procedure);
    if (rc || cv_tx_in_snapshot(tx) || procedure->step == CV_DECISION_STEP_ATTACHED)
        return rc;
    ntf_listener_t *listeners = NULL;
    size_t n = 0;
    rc = ntf_listeners(ntf, tx, NTF_SILENCE, procedure->decision, NULL, 0, &listeners, &n);
    for (size_t i = 0; !rc && i < n; i++) {
        bool is_member = listeners[i].audience == NTF_TO_MEMBERS;
        rc = ntf_tell(
            ntf, tx,
            &(ntf_telling_t){.kind = NTF_SILENCE,
                             .cause = msg->id,
                             .event = procedure->decision,
                             .party = listeners[i].party,
                             .time_ms = msg->time_ms,
                             .data = msg->data_bytes,
                             .deadline_ms = runs && procedure->has_expires_ms && is_member ? procedure->expires_ms : 0,
                             .audience = listeners[i].audience});
    }
    return rc;
}
