/* reach: see reach.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/reach.h"

#include "convene/log.h"
#include "notifications/dispatch.h"
#include "notifications/escalate.h"
#include "notifications/moved.h"
#include "notifications/ping.h"

#include <string.h>

enum { PAGE = 100, ORDER_DIGITS = 1 };

/* ---- what came back ----------------------------------------------------------------------- */

/* Which dispatch it is about. CV_ENOTFOUND: none. */
static int s_dispatch(ntf_t *ntf, cv_tx_t *tx, const cv_notifications_bounce_report_v1_t *report,
                      ntf_dispatch_t *ret_dispatch)
{
    int64_t number = report->dispatch;
    int rc = report->has_dispatch ? CV_OK : ntf_mail_of(ntf->reaches, report->notice, &number);
    if (!rc)
        rc = ntf_dispatch_get(ntf_post_store(ntf->post), number, cv_tx_arena(tx), ret_dispatch);
    bool is_other = !rc && report->notice.ptr && !cv_str_equal(report->notice, ret_dispatch->notice);
    return is_other || (!rc && ret_dispatch->channel != NTF_EMAIL) ? CV_ENOTFOUND : rc;
}

static int s_take(ntf_t *ntf, cv_tx_t *tx, const ntf_dispatch_t *dispatch, const ntf_bounce_t *bounce,
                  const ntf_bounce_effect_t *effect)
{
    int64_t now_ms = cv_tx_now_ms(tx);
    cv_str_t address = dispatch->address.len ? dispatch->address : CV_STR_NONE;
    int rc = ntf_bounce_put(ntf->reaches, bounce, address, now_ms);
    if (!rc && effect->kills)
        rc = ntf_bounce_kill(ntf->reaches, dispatch->number, now_ms);
    if (!rc && effect->kills)
        rc = ntf_escalate_again(ntf, dispatch->n, now_ms);
    if (!rc && effect->stops && address.ptr)
        rc = ntf_address_stop(ntf->reaches, address, effect->stops, now_ms, bounce->status);
    if (!rc && effect->stops && address.ptr)
        rc = ntf_moved_from(ntf, address);
    if (!rc) /* of an address that nobody has any more nothing is kept */
        rc = ntf_address_forget(ntf->reaches);
    if (rc)
        return rc;
    ntf->bounces[bounce->back]++;
    if (effect->kills)
        cv_log(CV_LOG_WARN, "dispatch_dead", cv_kv_int("dispatch", dispatch->number), cv_kv_text("channel", "email"),
               cv_kv_text("reason", cv_delivery_result_text(CV_DELIVERY_RESULT_RETURNED)),
               cv_kv_str("status", bounce->status));
    ntf_stir(ntf);
    return CV_OK;
}

static int s_report(ntf_t *ntf, cv_tx_t *tx, const cv_notifications_bounce_report_v1_t *report, cv_outcome_t *out)
{
    int64_t now_ms = cv_tx_now_ms(tx);
    ntf_dispatch_t dispatch;
    if (!report->has_dispatch && !report->notice.ptr)
        return cv_refuse_as(tx, out, CV_EINVAL, "bounce_of_nothing", "data.notice",
                            "say what came back: notice, the left part of its Message-ID, or dispatch");
    if (report->status.ptr && !ntf_mail_status_usable(report->status))
        return cv_refuse_as(tx, out, CV_EINVAL, "status_unusable", "data.status",
                            "the status must be three numbers with dots, like 5.1.1 (RFC 3463)");
    int rc = s_dispatch(ntf, tx, report, &dispatch);
    if (rc == CV_ENOTFOUND)
        return cv_refuse_as(tx, out, CV_ENOTFOUND, "no_such_mail",
                            report->has_dispatch ? "data.dispatch" : "data.notice",
                            "no mail went out by that name: it is another's, or a file in the outbox");
    if (rc)
        return rc;
    ntf_bounce_t bounce = {.dispatch = dispatch.number,
                           .back = ntf_back_of(report->what),
                           .at_ms = report->has_at_ms && report->at_ms < now_ms ? report->at_ms : now_ms,
                           .status = report->status.ptr ? report->status : CV_STR("")};
    ntf_returned_t returned = {.state = dispatch.state, .attempts = dispatch.attempts, .done_ms = dispatch.done_ms};
    rc = ntf_bounce_said(ntf->reaches, &bounce, dispatch.first_ms, &returned.is_said);
    if (rc)
        return rc;
    ntf_bounce_effect_t effect = ntf_bounce_effect(bounce.back, bounce.at_ms, &returned);
    switch (effect.end) {
    case NTF_BOUNCE_ON_ITS_WAY:
        return cv_refuse_as(tx, out, CV_EUNAVAIL, "dispatch_on_its_way", "data.dispatch",
                            "dispatch %lld is being sent at this moment: report it again later",
                            (long long)dispatch.number);
    case NTF_BOUNCE_NOT_SENT:
        return cv_refuse(tx, out, "dispatch_not_sent", "data.dispatch",
                         "dispatch %lld was not sent yet, so nothing of it can come back", (long long)dispatch.number);
    case NTF_BOUNCE_KNOWN:
        return cv_accept(tx, out, "bounce_known", "nothing changes: of dispatch %lld this is known, or of the past",
                         (long long)dispatch.number);
    case NTF_BOUNCE_TAKEN:
        break;
    }
    rc = s_take(ntf, tx, &dispatch, &bounce, &effect);
    return rc ? rc
              : cv_accept(tx, out, "bounce_taken", "dispatch %lld to %.*s: %s%s%s", (long long)dispatch.number,
                          CV_STR_ARG(dispatch.party), cv_bounce_kind_text(report->what),
                          effect.kills ? ", it is dead" : "", effect.stops ? ", no more mail goes to its address" : "");
}

static int s_clear(ntf_t *ntf, cv_tx_t *tx, const cv_notifications_contact_clear_v1_t *clear, cv_outcome_t *out)
{
    int64_t n = 0, asked = 0;
    int rc = ntf_address_clear(ntf->reaches, clear->party, (int)clear->order, cv_tx_db(tx), &n);
    if (!rc)
        rc = ntf_ping_clear(ntf->pings, clear->party, (int)clear->order, cv_tx_now_ms(tx), cv_tx_db(tx), &asked);
    if (!rc && n + asked == 0)
        return cv_refuse(tx, out, "contact_not_stopped", "data.order",
                         clear->order ? "mail goes to recipient %d of %.*s, or there is none"
                                      : "mail goes to all contacts (order %d) that delegations of %.*s name",
                         (int)clear->order, CV_STR_ARG(clear->party));
    if (!rc)
        rc = ntf_store_release_recipient(ntf->store, CV_STR_NONE, clear->party);
    if (!rc)
        rc = ntf_moved(ntf, CV_STR_NONE, clear->party);
    if (rc)
        return rc;
    ntf->pinging = true;
    ntf_stir(ntf);
    if (n == 0)
        return cv_accept(tx, out, "contact_cleared", "recipient %d of %.*s is not waited for any more",
                         (int)clear->order, CV_STR_ARG(clear->party));
    return cv_accept(tx, out, "contact_cleared",
                     "mail goes to %lld addresses of %.*s again; `redrive` sends what is dead", (long long)n,
                     CV_STR_ARG(clear->party));
}

bool ntf_is_reach_request(uint16_t type)
{
    return type == CV_MSG_NOTIFICATIONS_BOUNCE_REPORT_V1 || type == CV_MSG_NOTIFICATIONS_CONTACT_CLEAR_V1 ||
           type == CV_MSG_NOTIFICATIONS_CONTACT_CONFIRM_V1;
}

int ntf_reach_request(ntf_t *ntf, cv_tx_t *tx, uint16_t type, const void *data, cv_outcome_t *out)
{
    if (type == CV_MSG_NOTIFICATIONS_CONTACT_CONFIRM_V1)
        return ntf_ping_confirm(ntf, tx, data, out);
    return type == CV_MSG_NOTIFICATIONS_CONTACT_CLEAR_V1 ? s_clear(ntf, tx, data, out) : s_report(ntf, tx, data, out);
}

/* ---- contacts, told ----------------------------------------------------------------------- */

/* subject: "PARTY/ORDER", in the arena. */
static int s_record(const ntf_contact_t *contact, cv_arena_t *arena, cv_notifications_contact_v1_t *ret_record,
                    cv_str_t *ret_subject)
{
    *ret_record = (cv_notifications_contact_v1_t){
        .party = contact->party,
        .order = contact->order,
        .event = contact->event.len ? contact->event : CV_STR_NONE,
        .state = ntf_contact_word(contact->state),
        .since_ms = contact->since_ms,
        .status = contact->status.len ? contact->status : CV_STR_NONE,
    };
    *ret_subject = cv_arena_printf(arena, "%.*s/%d", CV_STR_ARG(contact->party), contact->order);
    return ret_subject->ptr ? CV_OK : CV_ENOMEM;
}

int ntf_reach_tell(ntf_t *ntf, cv_tx_t *tx, bool *ret_more)
{
    cv_arena_t *arena = cv_tx_arena(tx);
    bool any = false;
    *ret_more = false;
    int rc = ntf_contact_any(ntf->reaches, &any);
    if (rc || !any)
        return rc;
    ntf_contact_t *contacts = cv_arena_take(arena, NTF_TELL_CONTACTS_MAX * sizeof(*contacts));
    size_t n = 0;
    if (!contacts)
        return CV_ENOMEM;
    rc = ntf_contact_untold(ntf->reaches, arena, NTF_TELL_CONTACTS_MAX, contacts, &n);
    for (size_t i = 0; !rc && i < n; i++) {
        cv_notifications_contact_v1_t record;
        cv_str_t subject;
        if (contacts[i].state == 0)
            contacts[i].since_ms = cv_tx_now_ms(tx);
        rc = s_record(&contacts[i], arena, &record, &subject);
        if (!rc)
            rc = cv_tx_emit(tx, 0, CV_MSG_NOTIFICATIONS_CONTACT_V1, subject, &record, NULL);
        if (!rc)
            rc = ntf_contact_told(ntf->reaches, &contacts[i]);
    }
    *ret_more = n == NTF_TELL_CONTACTS_MAX;
    return rc;
}

/* ---- contacts, asked for ------------------------------------------------------------------ */

static int s_collect(cv_tx_t *tx, const ntf_contact_t *contact, cv_collect_t *collect)
{
    cv_notifications_contact_v1_t record;
    cv_str_t subject;
    int rc = s_record(contact, cv_tx_arena(tx), &record, &subject);
    return rc ? rc : cv_collect_put(collect, CV_MSG_NOTIFICATIONS_CONTACT_V1, subject, contact->since_ms, &record);
}

/* "KZ/0/2025-SOC-2": where the page before ended; empty: at the beginning. */
static int s_after(cv_str_t text, ntf_contact_t *ret_after)
{
    *ret_after = (ntf_contact_t){.party = CV_STR(""), .event = CV_STR("")};
    if (text.len == 0)
        return CV_OK;
    const char *slash = memchr(text.ptr, '/', text.len);
    size_t len = slash ? (size_t)(slash - text.ptr) : 0;
    int64_t order;
    if (!slash || text.len < len + 3 || text.ptr[len + 2] != '/' ||
        cv_str_digits((cv_str_t){slash + 1, 1}, ORDER_DIGITS, &order))
        return CV_EINVAL;
    *ret_after = (ntf_contact_t){
        .party = {text.ptr, len}, .order = (int)order, .event = {text.ptr + len + 3, text.len - len - 3}};
    return CV_OK;
}

int ntf_query_reach(ntf_t *ntf, cv_tx_t *tx, const cv_log_query_v1_t *query, size_t limit, cv_collect_t *collect)
{
    cv_arena_t *arena = cv_tx_arena(tx);
    ntf_contact_t after;
    size_t n = 0;
    if (!cv_str_is(query->what, "contacts"))
        return CV_ENOTFOUND;
    ntf_contact_t *rows = cv_arena_take(arena, (limit + 1) * sizeof(*rows));
    int rc = rows ? s_after(query->after, &after) : CV_ENOMEM;
    if (!rc)
        rc = ntf_contact_list(ntf->reaches, query->key.len ? query->key : CV_STR_NONE, &after, arena, limit + 1, rows,
                              &n);
    cv_str_t next = query->after;
    for (size_t i = 0; !rc && i < n; i++) {
        if (i < limit)
            rc = s_collect(tx, &rows[i], collect);
        if (i == limit || rc == CV_ELIMIT) {
            cv_collect_next(collect, next);
            return CV_OK;
        }
        next =
            cv_arena_printf(arena, "%.*s/%d/%.*s", CV_STR_ARG(rows[i].party), rows[i].order, CV_STR_ARG(rows[i].event));
        if (!next.ptr)
            return CV_ENOMEM;
    }
    return rc;
}

int ntf_reach_snapshot(ntf_t *ntf, cv_tx_t *tx, cv_collect_t *collect)
{
    cv_arena_t *arena = cv_tx_arena(tx);
    ntf_contact_t after = {.party = CV_STR(""), .event = CV_STR("")};
    ntf_contact_t *rows = cv_arena_take(arena, PAGE * sizeof(*rows));
    size_t n = PAGE;
    int rc = rows ? CV_OK : CV_ENOMEM;
    while (!rc && n == PAGE) {
        rc = ntf_contact_list(ntf->reaches, CV_STR_NONE, &after, arena, PAGE, rows, &n);
        for (size_t i = 0; !rc && i < n; i++)
            rc = s_collect(tx, &rows[i], collect);
        if (n > 0)
            after = rows[n - 1];
    }
    return rc;
}
