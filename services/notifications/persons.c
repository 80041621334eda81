/* persons: see persons.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/persons.h"

#include "convene/log.h"
#include "convene/zone.h"
#include "notifications/content/calendar.h"
#include "notifications/core.h"
#include "notifications/core_audience.h"
#include "notifications/core_escalate.h"
#include "notifications/dispatch.h"

#include <stdio.h>
#include <unistd.h>

enum { PERSONS_MAX = 64 /* of one record */, SEQ_DIGITS = 18 };

/* What a notice to a delegation is for its persons. */
typedef struct {
    ntf_t *ntf;
    const ntf_delivery_t *row; /* the delegation's */
    const cv_person_place_t *persons;
    size_t persons_n;
    int64_t version;        /* that registration went by; of a change the one it made; 0: not known */
    bool all_leave;         /* the record lists nobody, and means all */
    cv_person_state_t only; /* whoever is in another state stays as it was: a change waits, was returned or refused */
    bool is_off;            /* the event does not take place */
    bool is_told;           /* persons are told of news of this kind */
} s_news_t;

int ntf_person_is_told(ntf_t *ntf, int kind, bool *ret_told)
{
    return ntf_audience_told(ntf->audiences, kind, NTF_TO_PERSONS, ret_told);
}

static bool s_says_states(int kind)
{
    return kind == NTF_DECISION || kind == NTF_PROMOTION || kind == NTF_LAPSE;
}

static bool s_has_seat(cv_person_state_t state)
{
    return state == CV_PERSON_STATE_CONFIRMED || state == CV_PERSON_STATE_ONLINE;
}

static bool s_has_place(cv_person_state_t state)
{
    return s_has_seat(state) || state == CV_PERSON_STATE_WAITING || state == CV_PERSON_STATE_OFFERED;
}

int ntf_persons_owe(ntf_t *ntf, int kind, cv_str_t notice)
{
    bool is_told;
    int rc = ntf_person_is_told(ntf, kind, &is_told);
    return rc || !(is_told || s_says_states(kind)) ? rc : ntf_owe(ntf->persons, notice);
}

/* ---- reading ------------------------------------------------------------------------------ */

static int s_read_record(s_news_t *news)
{
    ntf_said_record_t record;
    int rc = ntf_record_read(news->row->kind, news->row->data, news->ntf->scratch, &record);
    if (rc)
        return rc;
    news->persons = record.persons;
    news->persons_n = record.persons_n;
    const cv_registration_decided_v1_t *decided = record.decided;
    if (!decided || decided->cls != CV_OUTCOME_CLASS_OK)
        return CV_OK;
    news->version = decided->has_version ? decided->version : 0;
    news->all_leave = decided->kind == CV_DECISION_KIND_WITHDRAW && decided->persons_n == 0;
    news->only = cv_str_is(decided->code, "under_review") ? CV_PERSON_STATE_UNDER_REVIEW
                 : cv_str_is(decided->code, "returned")   ? CV_PERSON_STATE_RETURNED
                 : cv_str_is(decided->code, "refused")    ? CV_PERSON_STATE_REFUSED
                                                          : CV_PERSON_STATE_ABSENT;
    return CV_OK;
}

static int s_read_change(s_news_t *news, cv_arena_t *arena)
{
    cv_str_t was, now;
    const void *details;
    int rc = ntf_store_change_get(news->ntf->store, news->row->cause, arena, &was, &now);
    if (!rc)
        rc = ntf_decode(CV_MSG_SCHEDULING_EVENT_V1, now, arena, &details);
    if (rc)
        return rc == CV_ENOTFOUND ? CV_EMALFORMED : rc;
    cv_event_status_t status = ((const cv_scheduling_event_v1_t *)details)->status;
    news->is_off = status == CV_EVENT_STATUS_CANCELLED || status == CV_EVENT_STATUS_REJECTED;
    return ntf_change_version(news->ntf->persons, news->row->cause, &news->version);
}

/* ---- making ------------------------------------------------------------------------------- */

/* Which calendar part goes with it: an invitation for who has a seat, its end for who has none any more. */
static int s_calendar(const s_news_t *news, const ntf_told_t *told, int *ret_calendar)
{
    int last;
    int rc = ntf_person_calendar_last(news->ntf->persons, news->row->event, news->row->party, told->number, &last);
    bool ends = news->is_off || (s_says_states(news->row->kind) && !s_has_seat(told->state));
    *ret_calendar = rc || news->row->kind == NTF_REMINDER  ? NTF_CALENDAR_NONE
                    : ends && last == NTF_CALENDAR_REQUEST ? NTF_CALENDAR_CANCEL
                    : ends || !s_has_seat(told->state)     ? NTF_CALENDAR_NONE
                                                           : NTF_CALENDAR_REQUEST;
    return rc;
}

/* It is about who had that number before: registration puts into each record how far registration.private was then. */
static bool s_is_anothers(const s_news_t *news, const ntf_told_t *told)
{
    return s_says_states(news->row->kind) && (int64_t)news->row->private_seq < told->named;
}

static int s_make(const s_news_t *news, const ntf_told_t *told)
{
    enum { WHAT_OCTETS = 32 };
    char what[WHAT_OCTETS], notice[NTF_ID_MAX + 1];
    int calendar;
    if (!told->has_email || !news->is_told || s_is_anothers(news, told))
        return CV_OK;
    int rc = s_calendar(news, told, &calendar);
    (void)snprintf(what, sizeof(what), "person.%lld", (long long)told->number);
    if (!rc)
        rc = ntf_id_because(what, news->row->notice, news->row->party, notice);
    ntf_stir(news->ntf);
    return rc ? rc : ntf_person_delivery_add(news->ntf->persons, news->row->n, cv_str(notice), told, calendar);
}

/* Changes that were told to the delegation before it was known that these persons have a place, and that came after that. */
static int s_make_earlier(const s_news_t *news, const ntf_told_t *newcomers, size_t newcomers_n)
{
    ntf_t *ntf = news->ntf;
    ntf_change_t *changes = NULL;
    size_t n = 0;
    int rc = newcomers_n && news->version
                 ? ntf_store_changes(ntf->store, news->row->event, news->version, ntf->arena, &changes, &n)
                 : CV_OK;
    for (size_t i = 0; !rc && i < n; i++) {
        char notice[NTF_ID_MAX + 1];
        ntf_delivery_t row;
        int64_t of = 0;
        rc = ntf_notice_id(changes[i].cause, news->row->party, notice);
        if (!rc)
            rc = ntf_delivery_of(ntf->prefers, cv_str(notice), &of);
        if (!rc && of < news->row->n) { /* what was made later is taken up later, with this person */
            s_news_t earlier = {.ntf = ntf, .row = &row};
            rc = ntf_person_is_told(ntf, NTF_EVENT_CHANGE, &earlier.is_told);
            if (!rc)
                rc = ntf_store_delivery_get(ntf->store, of, ntf->arena, &row);
            if (!rc)
                rc = s_read_change(&earlier, ntf->arena);
            for (size_t k = 0; !rc && k < newcomers_n; k++)
                rc = s_make(&earlier, &newcomers[k]);
        }
        if (rc == CV_ENOTFOUND) /* it did not concern the delegation */
            rc = CV_OK;
    }
    return rc;
}

/* The person's state is another now, or said anew. */
static int s_state(const s_news_t *news, ntf_told_t *told, cv_person_state_t state)
{
    if (!s_has_place(told->state) && s_has_place(state))
        told->since = news->version;
    told->state = state;
    int rc = ntf_told_put(news->ntf->persons, news->row->event, news->row->party, told);
    return rc ? rc : s_make(news, told);
}

static int s_make_listed(const s_news_t *news)
{
    ntf_told_t newcomers[PERSONS_MAX];
    size_t newcomers_n = 0;
    int rc = CV_OK;
    for (size_t i = 0; !rc && i < news->persons_n; i++) {
        const cv_person_place_t *place = &news->persons[i];
        ntf_told_t told;
        if (news->only != CV_PERSON_STATE_ABSENT && place->state != news->only)
            continue;
        rc = ntf_told_get(news->ntf->persons, news->row->event, news->row->party, place->number, &told);
        bool had_place = !rc && s_has_place(told.state);
        if (!rc)
            rc = s_state(news, &told, place->state);
        if (!rc && !had_place && s_has_place(told.state) && told.has_email && !s_is_anothers(news, &told) &&
            newcomers_n < PERSONS_MAX)
            newcomers[newcomers_n++] = told;
        if (rc == CV_ENOTFOUND) /* erased since, or lost with an older history */
            rc = CV_OK;
    }
    return rc ? rc : s_make_earlier(news, newcomers, newcomers_n);
}

static bool s_is_concerned(const s_news_t *news, const ntf_told_t *told)
{
    if (news->row->kind == NTF_REMINDER)
        return s_has_seat(told->state);
    return news->row->kind != NTF_EVENT_CHANGE || news->version == 0 || told->since < news->version;
}

/* All of the delegation who have a place. */
static int s_make_all(const s_news_t *news)
{
    const ntf_delivery_t *row = news->row;
    ntf_told_t told = {.number = 0};
    int rc;
    while (!(rc = ntf_told_after(news->ntf->persons, row->event, row->party, told.number, &told))) {
        if (s_is_concerned(news, &told))
            rc = s_make(news, &told);
        if (rc)
            return rc;
    }
    return rc == CV_ENOTFOUND ? CV_OK : rc;
}

/* All who have not left before, nominated or returned ones too: they were told that. */
static int s_make_leaving(const s_news_t *news)
{
    const ntf_delivery_t *row = news->row;
    ntf_told_t told = {.number = 0};
    int rc;
    while (!(rc = ntf_told_after_leaving(news->ntf->persons, row->event, row->party, told.number, &told))) {
        rc = s_state(news, &told, CV_PERSON_STATE_WITHDRAWN);
        if (rc)
            return rc;
    }
    return rc == CV_ENOTFOUND ? CV_OK : rc;
}

static int s_take_up(ntf_t *ntf, const ntf_delivery_t *row)
{
    s_news_t news = {.ntf = ntf, .row = row};
    ntf_ahead_t ahead;
    cv_str_t procedure;
    int rc = ntf_person_is_told(ntf, row->kind, &news.is_told);
    if (rc)
        return rc;
    switch (row->kind) {
    case NTF_EVENT_CHANGE:
        rc = s_read_change(&news, ntf->scratch);
        return rc ? rc : s_make_all(&news);
    case NTF_REMINDER:
        rc = ntf_ahead_read(row->data, &ahead, &procedure);
        return rc || ahead.anchor != NTF_ANCHOR_START ? rc : s_make_all(&news);
    default:
        rc = s_read_record(&news);
        return rc ? rc : news.all_leave ? s_make_leaving(&news) : s_make_listed(&news);
    }
}

int ntf_persons_make(ntf_t *ntf)
{
    int64_t n = 0;
    int rc = CV_OK, taken = 0;
    for (; taken < NTF_OWED_MAX; taken++) {
        ntf_delivery_t row;
        rc = ntf_owed_next(ntf->persons, n, &n);
        if (rc)
            break;
        cv_arena_reset(ntf->scratch);
        rc = ntf_store_delivery_get(ntf->store, n, ntf->scratch, &row);
        if (!rc)
            rc = s_take_up(ntf, &row);
        if (rc == CV_EMALFORMED || rc == CV_EINVAL || rc == CV_ELIMIT || rc == CV_ENOMEM) {
            cv_log(CV_LOG_ERROR, "persons_not_told", cv_kv_int("delivery", n), cv_kv_rc(rc));
            rc = CV_OK; /* one that is damaged must not keep the others */
        }
        if (!rc)
            rc = ntf_owed_end(ntf->persons, n);
        if (rc)
            return rc;
    }
    ntf->more_persons = taken == NTF_OWED_MAX;
    return rc == CV_ENOTFOUND ? CV_OK : rc;
}

/* ---- who is there ------------------------------------------------------------------------- */

/* Of the id of a record, "registration.private/EPOCH/SEQ". 0: it has none, or it is of a snapshot. */
static int64_t s_seq(cv_str_t id)
{
    int64_t seq = 0;
    size_t at = id.len;
    while (at > 0 && id.ptr[at - 1] != '/')
        at--;
    return at == 0 || cv_str_digits((cv_str_t){id.ptr + at, id.len - at}, SEQ_DIGITS, &seq) ? 0 : seq;
}

/* Who has the place no more, and is to be told. */
typedef struct {
    ntf_recipient_t whom;
    int calendar;
} s_leaver_t;

/* What is not in the folder any more, or where there is no folder, somebody has taken. */
static bool s_has_left(void *self, cv_str_t notice)
{
    char name[NTF_ID_MAX + 1];
    const int *fd = self;
    return *fd < 0 || cv_str_copy(notice, name, sizeof(name)) || !ntf_outbox_has(*fd, name);
}

static int s_told(ntf_t *ntf, cv_str_t event, cv_str_t party, int64_t number, ntf_last_told_t *ret_told)
{
    int fd = -1;
    if (ntf_outbox_open(ntf->outbox, &fd))
        fd = -1;
    int rc = ntf_person_told(ntf->persons, event, party, number, s_has_left, &fd, ret_told);
    if (fd >= 0)
        close(fd);
    return rc;
}

/* CV_ENOTFOUND: it does not take place, or is not known. */
static int s_takes_place(ntf_t *ntf, cv_tx_t *tx, cv_str_t id)
{
    cv_str_t data, file = CV_STR_NONE;
    const void *read;
    int rc = ntf_store_event_get(ntf->store, id, ntf->arena, &data);
    if (!rc)
        rc = ntf_decode(CV_MSG_SCHEDULING_EVENT_V1, data, ntf->arena, &read);
    if (rc)
        return rc == CV_EMALFORMED ? CV_ENOTFOUND : rc;
    const cv_scheduling_event_v1_t *event = read;
    if (event->event_details.zone.ptr && cv_zone_read(ntf->arena, event->event_details.zone, &file))
        file = CV_STR_NONE;
    return ntf_takes_place(event, file, cv_tx_now_ms(tx)) ? CV_OK : CV_ENOTFOUND;
}

/* Whether who has that number, before another gets it, is told that. CV_ENOTFOUND: not. */
static int s_leaver(ntf_t *ntf, cv_tx_t *tx, const cv_registration_contact_v1_t *contact,
                    const cv_person_private_t *person, s_leaver_t *ret_leaver)
{
    const ntf_delivery_t row = {.event = contact->event, .party = contact->party, .person = person->number};
    bool is_told = false, is_at = false, shares = false;
    ntf_last_told_t last = {.any = false};
    int rc = ntf_person_is_told(ntf, NTF_DECISION, &is_told);
    if (!rc)
        rc = ntf_person_is_at(ntf->persons, row.event, row.party, person, &is_at);
    if (rc || !is_told || is_at)
        return rc ? rc : CV_ENOTFOUND;
    cv_arena_reset(ntf->arena);
    rc = ntf_person_recipient(ntf->persons, &row, ntf->arena, &ret_leaver->whom);
    if (!rc)
        rc = s_takes_place(ntf, tx, row.event);
    if (!rc)
        rc = s_told(ntf, row.event, row.party, row.person, &last);
    if (!rc)
        rc = ntf_person_shares(ntf->persons, row.event, row.party, row.person, ret_leaver->whom.email, &shares);
    if (rc)
        return rc;
    ret_leaver->calendar = last.calendar == NTF_CALENDAR_REQUEST && !shares ? NTF_CALENDAR_CANCEL : NTF_CALENDAR_NONE;
    bool is_out = last.state == CV_PERSON_STATE_WITHDRAWN || last.state == CV_PERSON_STATE_REFUSED;
    return last.any && !is_out ? CV_OK : CV_ENOTFOUND;
}

/* Its message is made now, for what it is made of is forgotten in this transaction. */
static int s_freeze(ntf_t *ntf, ntf_delivery_t *row, const ntf_recipient_t *whom)
{
    int rc = ntf_compose_to(ntf, row, whom);
    if (rc || !ntf_post_has_mail())
        return rc ? rc : ntf_store_lease(ntf->store, row->n, 0, row->mail);
    rc = ntf_dispatch_add_mail(ntf_post_store(ntf->post), row, row->to);
    ntf_post_stir(ntf->post);
    return rc ? rc : ntf_store_handed(ntf->store, row->n);
}

static int s_tell_leaver(ntf_t *ntf, const cv_msg_t *msg, const cv_registration_contact_v1_t *contact, int64_t number,
                         const s_leaver_t *leaver)
{
    enum { WHAT_OCTETS = 32 };
    char what[WHAT_OCTETS], because[NTF_ID_MAX + 1], notice[NTF_ID_MAX + 1];
    ntf_delivery_t row;
    int64_t n = 0;
    (void)snprintf(what, sizeof(what), "replaced.%lld", (long long)number);
    int rc = ntf_notice_id(msg->id, contact->party, because);
    if (!rc)
        rc = ntf_id_because(what, cv_str(because), contact->party, notice);
    if (!rc)
        rc = ntf_leave_add(ntf->persons,
                           &(ntf_delivery_t){.notice = cv_str(notice),
                                             .cause = msg->id,
                                             .event = contact->event,
                                             .party = contact->party,
                                             .person = number,
                                             .time_ms = msg->time_ms},
                           leaver->calendar);
    if (rc == CV_EINVAL) /* whoever comes must not be lost for it */
        cv_log(CV_LOG_ERROR, "leaver_not_told", cv_kv_str("record", msg->id), cv_kv_rc(rc));
    if (rc || cv_db_changes(ntf->db) == 0)
        return rc == CV_EINVAL ? CV_OK : rc;
    rc = ntf_delivery_of(ntf->prefers, cv_str(notice), &n);
    if (!rc)
        rc = ntf_store_delivery_get(ntf->store, n, ntf->arena, &row);
    if (rc)
        return rc;
    rc = s_freeze(ntf, &row, &leaver->whom);
    if (rc != NTF_NOT_TOLD && rc != CV_EINVAL && rc != CV_ELIMIT && rc != CV_EMALFORMED)
        return rc;
    cv_log(CV_LOG_ERROR, "leaver_not_told", cv_kv_text("notice", notice), cv_kv_rc(rc));
    return ntf_end_silently(ntf->prefers, n, NTF_LEFT_OUT);
}

/* The number is another's from now on. */
static int s_replace(ntf_t *ntf, cv_tx_t *tx, const cv_msg_t *msg, const cv_registration_contact_v1_t *contact,
                     const cv_person_private_t *person)
{
    s_leaver_t leaver;
    int rc = s_leaver(ntf, tx, contact, person, &leaver);
    bool is_told = rc == CV_OK;
    if (rc == CV_ENOTFOUND)
        rc = CV_OK;
    if (!rc)
        rc = ntf_person_replace(ntf->persons, contact->event, contact->party, person, s_seq(msg->id), cv_tx_now_ms(tx));
    if (!rc)
        rc = ntf_dispatch_forget_person(ntf_post_store(ntf->post), contact->event, contact->party, person->number);
    if (!rc) /* it may name who is gone */
        rc = ntf_reason_drop(ntf->reasons, contact->event, contact->party, person->number);
    return rc || !is_told ? rc : s_tell_leaver(ntf, msg, contact, person->number, &leaver);
}

int ntf_persons_put(ntf_t *ntf, cv_tx_t *tx, const cv_msg_t *msg, const cv_registration_contact_v1_t *contact,
                    bool *ret_same)
{
    bool any = false;
    int rc = CV_OK;
    *ret_same = true;
    for (size_t i = 0; !rc && i < contact->persons_n; i++) {
        const cv_person_private_t *person = &contact->persons[i];
        bool is_another = false, has_same = true;
        rc = ntf_person_is_another(ntf->persons, contact->event, contact->party, person, &is_another);
        if (!rc && is_another)
            rc = s_replace(ntf, tx, msg, contact, person);
        if (!rc && person->email.ptr)
            rc = ntf_address_is_of(ntf->reaches, contact->event, contact->party, person->number, person->email,
                                   &has_same);
        *ret_same = *ret_same && has_same;
        if (!rc)
            rc = ntf_store_person_put(ntf->store, contact->event, contact->party, person);
        any = any || is_another;
    }
    if (!rc && any)
        rc = ntf_address_forget(ntf->reaches);
    if (!rc && any)
        rc = cv_tx_scrub(tx, true);
    ntf->scrub = ntf->scrub || any;
    return rc;
}

int ntf_persons_left(ntf_t *ntf, cv_tx_t *tx)
{
    bool any = false;
    int rc = ntf_leave_forget(ntf->persons, &any);
    return rc || !any ? rc : cv_tx_scrub(tx, true);
}

/* ---- who cannot be told ------------------------------------------------------------------- */

/* Of a row: whoever it was to has that number no more, or none has an address. */
static int s_reach(ntf_t *ntf, int64_t n, cv_str_t event, cv_str_t party, int64_t number, int *ret_reach)
{
    bool is_replaced = false;
    int rc = ntf_person_is_replaced(ntf->persons, n, &is_replaced);
    *ret_reach = NTF_PERSON_GONE;
    return rc || is_replaced ? rc : ntf_person_reach(ntf->persons, event, party, number, ret_reach);
}

int ntf_persons_unreachable(ntf_t *ntf, cv_db_t *db, const ntf_delivery_t *row)
{
    int reach, held = 0;
    int rc = s_reach(ntf, row->n, row->event, row->party, row->person, &reach);
    if (rc || reach == NTF_PERSON_GONE)
        return rc ? rc : ntf_end_silently(ntf->prefers, row->n, NTF_LEFT_OUT);
    rc = ntf_store_hold_lane(ntf->store, row, db, &held);
    if (!rc)
        cv_log(CV_LOG_WARN, "notices_held", cv_kv_text("reason", "stopped"), cv_kv_str("event_id", row->event),
               cv_kv_str("party", row->party), cv_kv_int("person", row->person), cv_kv_int("waiting", held));
    return rc;
}

int ntf_persons_gone(ntf_t *ntf, const ntf_dispatch_t *dispatch, bool *ret_gone)
{
    int reach = NTF_PERSON_GONE;
    int rc = dispatch->person == 0
                 ? CV_OK
                 : s_reach(ntf, dispatch->n, dispatch->event, dispatch->party, dispatch->person, &reach);
    *ret_gone = !rc && dispatch->person != 0 && reach == NTF_PERSON_GONE;
    return rc || !*ret_gone ? rc : ntf_end_silently(ntf->prefers, dispatch->n, NTF_LEFT_OUT);
}
