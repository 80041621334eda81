/* audience: see audience.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/audience.h"

#include "convene/ids.h"
#include "convene/log.h"
#include "notifications/core_escalate.h"
#include "notifications/dispatch.h"

enum { DAY_OCTETS = 10 };

/* A list that grows in the transaction's arena. */
typedef struct {
    ntf_listener_t *listeners;
    size_t n, room;
} s_list_t;

static int s_add(cv_arena_t *arena, s_list_t *list, int audience, cv_str_t party)
{
    enum { FIRST_ROOM = 64 };
    if (list->n == list->room) {
        size_t room = list->room ? 2 * list->room : FIRST_ROOM;
        ntf_listener_t *more = cv_arena_take(arena, room * sizeof(*more));
        if (!more)
            return CV_ENOMEM;
        for (size_t i = 0; i < list->n; i++)
            more[i] = list->listeners[i];
        list->listeners = more;
        list->room = room;
    }
    list->listeners[list->n++] = (ntf_listener_t){.audience = audience, .party = party};
    return CV_OK;
}

/* ---- one audience ------------------------------------------------------------------------- */

static int s_add_answered(ntf_t *ntf, cv_arena_t *arena, cv_str_t event, int audience, int64_t version, s_list_t *list)
{
    cv_party_answer_t answer = audience == NTF_TO_DECLINED ? CV_PARTY_ANSWER_DECLINED : CV_PARTY_ANSWER_REGISTERED;
    ntf_answered_t *answered = NULL;
    size_t n = 0;
    int rc = ntf_store_answered(ntf->store, event, answer, arena, &answered, &n);
    for (size_t i = 0; !rc && i < n; i++) {
        if (version == 0 || ntf_concerned(answer, answered[i].since, version))
            rc = s_add(arena, list, audience, answered[i].party);
    }
    return rc;
}

static bool s_is_member(const ntf_invitee_t *party)
{
    return party->kind == CV_PARTY_KIND_MEMBER || party->kind == CV_PARTY_KIND_ABSENT;
}

/* event NULL: of a silence procedure, where there are members alone. */
static int s_add_parties(ntf_t *ntf, cv_arena_t *arena, cv_str_t about, const cv_scheduling_event_v1_t *event,
                         int audience, s_list_t *list)
{
    ntf_invitee_t *parties = NULL;
    size_t n = 0;
    bool is_unanswered = audience == NTF_TO_UNANSWERED;
    int rc = is_unanswered ? ntf_unanswered(ntf->reminders, about, arena, &parties, &n)
                           : ntf_parties(ntf->reminders, arena, &parties, &n);
    for (size_t i = 0; !rc && i < n; i++) {
        if (is_unanswered ? event && ntf_invited(event, parties[i].kind) : s_is_member(&parties[i]))
            rc = s_add(arena, list, audience, parties[i].party);
    }
    return rc;
}

static int s_add_coordinators(ntf_t *ntf, cv_tx_t *tx, const cv_scheduling_event_v1_t *event, s_list_t *list)
{
    char day[CV_TIME_TEXT + 1];
    cv_str_t *parties = NULL;
    size_t n = 0;
    if (!event->event_details.area.ptr)
        return CV_OK;
    cv_time_text(cv_tx_now_ms(tx), day);
    int rc = ntf_coordinators(ntf->audiences, event->event_details.area, (cv_str_t){day, DAY_OCTETS}, cv_tx_arena(tx),
                              &parties, &n);
    for (size_t i = 0; !rc && i < n; i++)
        rc = s_add(cv_tx_arena(tx), list, NTF_TO_COORDINATORS, parties[i]);
    return rc;
}

static int s_add_audience(ntf_t *ntf, cv_tx_t *tx, int audience, cv_str_t about, const cv_scheduling_event_v1_t *event,
                          int64_t version, s_list_t *list)
{
    cv_arena_t *arena = cv_tx_arena(tx);
    cv_str_t party;
    switch (audience) {
    case NTF_TO_REGISTERED:
    case NTF_TO_DECLINED:
        return s_add_answered(ntf, arena, about, audience, version, list);
    case NTF_TO_UNANSWERED:
    case NTF_TO_MEMBERS:
        return s_add_parties(ntf, arena, about, event, audience, list);
    case NTF_TO_PROPOSER:
        party = event ? event->event_details.proposer : CV_STR_NONE;
        break;
    case NTF_TO_COORDINATORS:
        return event ? s_add_coordinators(ntf, tx, event, list) : CV_OK;
    case NTF_TO_SECRETARIAT:
        party = cv_str(ntf_post_settings()->secretariat);
        break;
    default: /* persons are told with their delegation: persons.h */
        return CV_OK;
    }
    return party.len ? s_add(arena, list, audience, party) : CV_OK;
}

int ntf_listeners_of(ntf_t *ntf, cv_tx_t *tx, int audience, cv_str_t about, const cv_scheduling_event_v1_t *event,
                     ntf_listener_t **ret_listeners, size_t *ret_n)
{
    s_list_t list = {.n = 0};
    int rc = s_add_audience(ntf, tx, audience, about, event, 0, &list);
    if (rc)
        return rc;
    *ret_listeners = list.listeners;
    *ret_n = list.n;
    return CV_OK;
}

/* ---- all of a kind ------------------------------------------------------------------------ */

int ntf_office_is_told(ntf_t *ntf, cv_tx_t *tx, cv_str_t about, cv_str_t party, bool is_participant, bool is_office,
                       bool *ret_told)
{
    ntf_recipient_t recipient;
    *ret_told = false;
    if (is_office)
        return CV_OK;
    int rc = ntf_store_recipient_for(ntf->store, about, party, NTF_ORDER_CONTACT, cv_tx_arena(tx), &recipient);
    if (rc == CV_ENOTFOUND) {
        cv_log(CV_LOG_INFO, "office_not_told", cv_kv_text("reason", "no_recipient"), cv_kv_str("about", about),
               cv_kv_str("party", party));
        return CV_OK;
    }
    if (!rc && is_participant) /* whose notice is to the first who can be written to */
        rc = ntf_store_recipient_for(ntf->store, about, party, -1, cv_tx_arena(tx), &recipient);
    *ret_told = !rc && (!is_participant || recipient.order == NTF_ORDER_CONTACT);
    return rc;
}

int ntf_office_id(int audience, cv_str_t party, char id[NTF_ID_MAX + 1])
{
    char office[NTF_ID_MAX + 1];
    if (!ntf_audience_is_office(audience))
        return CV_OK;
    int rc = ntf_id_because(cv_audience_text(ntf_audience_word(audience)), cv_str(id), party, office);
    return rc ? rc : cv_str_copy(cv_str(office), id, NTF_ID_MAX + 1);
}

/* Of the party, at the front of the list up to n, as participant and as office. */
static void s_find(const s_list_t *list, size_t n, cv_str_t party, bool *ret_participant, bool *ret_office)
{
    *ret_participant = *ret_office = false;
    for (size_t i = 0; i < n; i++) {
        if (!cv_str_equal(list->listeners[i].party, party))
            continue;
        bool is_office = ntf_audience_is_office(list->listeners[i].audience);
        *ret_participant = *ret_participant || !is_office;
        *ret_office = *ret_office || is_office;
    }
}

/* Takes out of the list, from `from` on, who is told already. */
static int s_thin(ntf_t *ntf, cv_tx_t *tx, cv_str_t about, size_t from, s_list_t *list)
{
    int rc = CV_OK;
    size_t kept = from;
    for (size_t i = from; !rc && i < list->n; i++) {
        ntf_listener_t one = list->listeners[i];
        bool is_participant, is_office, is_told;
        s_find(list, kept, one.party, &is_participant, &is_office);
        is_told = !is_participant;
        if (ntf_audience_is_office(one.audience))
            rc = ntf_office_is_told(ntf, tx, about, one.party, is_participant, is_office, &is_told);
        if (!rc && is_told)
            list->listeners[kept++] = one;
    }
    list->n = kept;
    return rc;
}

int ntf_listeners(ntf_t *ntf, cv_tx_t *tx, int kind, cv_str_t about, const cv_scheduling_event_v1_t *event,
                  int64_t version, ntf_listener_t **ret_listeners, size_t *ret_n)
{
    static const int order[] = {NTF_TO_REGISTERED, NTF_TO_DECLINED,     NTF_TO_UNANSWERED, NTF_TO_MEMBERS,
                                NTF_TO_PROPOSER,   NTF_TO_COORDINATORS, NTF_TO_SECRETARIAT};
    s_list_t list = {.n = 0};
    int rc = CV_OK;
    for (size_t i = 0; !rc && i < sizeof(order) / sizeof(order[0]); i++) {
        bool is_told = false;
        size_t from = list.n;
        rc = ntf_audience_told(ntf->audiences, kind, order[i], &is_told);
        if (!rc && is_told)
            rc = s_add_audience(ntf, tx, order[i], about, event, version, &list);
        if (!rc && i > 0)
            rc = s_thin(ntf, tx, about, from, &list);
    }
    if (rc)
        return rc;
    *ret_listeners = list.listeners;
    *ret_n = list.n;
    return CV_OK;
}
