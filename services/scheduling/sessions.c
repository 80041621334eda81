/* sessions: an event's programme as others edit it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each edit makes the next version of a session: loaded, checked, judged where it would be, written; the record carries
 * all of it. What speaks against it comes with the outcome, whether it is refused or not (conflicts.c).
 *
 * place moves several at once, all or none. Two may change rooms, so all are lifted first and put down one after the
 * other; each is judged among those that are down. When one cannot be had, all is taken back (cv_tx_undo).
 */
#include "scheduling/handlers.h"

#include <stdio.h>

/* What an edit is about, as it is loaded. */
typedef struct {
    cv_scheduling_event_v1_t event;
    cv_room_t room;
    bool has_room;
    cv_str_t venue_zone;         /* of the session's venue; CV_STR_NONE: not said, or no venue */
    cv_str_t zone, zone_file;    /* read last */
    sch_sitting_t before, after; /* of one session */
    bool known;                  /* before is there */
} edit_t;

static int load_event(sch_service_t *service, cv_tx_t *tx, cv_str_t id, edit_t *edit, cv_outcome_t *out)
{
    sch_no_t no;
    int rc = sch_event_get(service->store, cv_tx_arena(tx), id, &edit->event);
    if (rc == CV_ENOTFOUND)
        return cv_refuse_as(tx, out, CV_ENOTFOUND, "unknown_event", "data.event", "no event %.*s", CV_STR_ARG(id));
    if (!rc && sch_check_programme_open(&edit->event, &no))
        return sch_answer_no(tx, out, &no);
    return rc;
}

/* The session as it is; one that is cancelled does not change any more. */
static int load_session(sch_service_t *service, cv_tx_t *tx, cv_str_t code, const char *field, edit_t *edit,
                        cv_outcome_t *out)
{
    int rc = sch_session_get(service->store, cv_tx_arena(tx), edit->event.event, code, &edit->before);
    edit->known = rc == CV_OK;
    if (!rc && edit->before.cancelled)
        return cv_refuse(tx, out, "session_cancelled", field,
                         "%.*s is cancelled: take another code for another session", CV_STR_ARG(code));
    return rc;
}

static int must_know(sch_service_t *service, cv_tx_t *tx, cv_str_t code, const char *field, edit_t *edit,
                     cv_outcome_t *out)
{
    int rc = load_session(service, tx, code, field, edit, out);
    return rc == CV_ENOTFOUND
               ? cv_refuse_as(tx, out, CV_ENOTFOUND, "unknown_session", field, "%.*s has no session %.*s",
                              CV_STR_ARG(edit->event.event), CV_STR_ARG(code))
               : rc;
}

static int check_version(cv_tx_t *tx, const edit_t *edit, bool has_expected, int64_t expected, cv_outcome_t *out)
{
    sch_no_t no;
    return sch_check_sitting_version(&edit->before, has_expected, expected, &no) ? sch_answer_no(tx, out, &no) : CV_OK;
}

/* ---- what a session names ---------------------------------------------------------------- */

static int load_venue(sch_service_t *service, cv_tx_t *tx, const cv_session_t *session, edit_t *edit, cv_outcome_t *out)
{
    cv_str_t data;
    cv_venue_t venue;
    edit->has_room = false;
    edit->venue_zone = CV_STR_NONE;
    if (!session->venue.ptr)
        return CV_OK;
    int rc = sch_ref_get(service->store, cv_tx_arena(tx), SCH_VENUE, session->venue, &data);
    if (rc == CV_ENOTFOUND)
        return cv_refuse_as(tx, out, CV_ENOTFOUND, "unknown_venue", "data.venue", "no venue %.*s",
                            CV_STR_ARG(session->venue));
    if (!rc)
        rc = sch_store_unpack(CV_MSG_SCHEDULING_VENUE_V1, data, &venue);
    if (rc)
        return rc;
    edit->venue_zone = venue.zone;
    if (!session->room.ptr)
        return CV_OK;
    cv_str_t code =
        cv_arena_printf(cv_tx_arena(tx), "%.*s/%.*s", CV_STR_ARG(session->venue), CV_STR_ARG(session->room));
    if (!code.ptr)
        return CV_ENOMEM;
    rc = sch_ref_get(service->store, cv_tx_arena(tx), SCH_ROOM, code, &data);
    if (rc == CV_ENOTFOUND)
        return cv_refuse_as(tx, out, CV_ENOTFOUND, "unknown_room", "data.room", "no room %.*s", CV_STR_ARG(code));
    edit->has_room = true;
    return rc ? rc : sch_store_unpack(CV_MSG_SCHEDULING_ROOM_V1, data, &edit->room);
}

static int check_party(sch_service_t *service, cv_tx_t *tx, cv_str_t party, const char *field, cv_outcome_t *out)
{
    int rc = party.ptr ? sch_ref_get(service->store, cv_tx_arena(tx), SCH_PARTY, party, NULL) : CV_OK;
    return rc == CV_ENOTFOUND
               ? cv_refuse_as(tx, out, CV_ENOTFOUND, "unknown_party", field, "no party %.*s", CV_STR_ARG(party))
               : rc;
}

/* Where somebody is who takes part from afar. */
static int check_zone(cv_tx_t *tx, const cv_session_person_t *person, const char *field, cv_outcome_t *out)
{
    cv_str_t file;
    int rc = person->zone.ptr ? cv_zone_read(cv_tx_arena(tx), person->zone, &file) : CV_OK;
    return rc == CV_ENOTFOUND ? cv_refuse(tx, out, "zone_unknown", field, "%.*s is in %.*s, which is no zone",
                                          CV_STR_ARG(person->person), CV_STR_ARG(person->zone))
                              : rc;
}

static int check_parties(sch_service_t *service, cv_tx_t *tx, const cv_session_t *session, cv_outcome_t *out)
{
    int rc = session->has_chair ? check_party(service, tx, session->chair.party, "data.chair", out) : CV_OK;
    for (size_t i = 0; !rc && i < session->speakers_n; ++i)
        rc = check_party(service, tx, session->speakers[i].party, "data.speakers", out);
    for (size_t i = 0; !rc && i < session->parties_n; ++i)
        rc = check_party(service, tx, session->parties[i], "data.parties", out);
    for (size_t i = 0; !rc && i < session->welcome_n; ++i)
        rc = check_party(service, tx, session->welcome[i], "data.welcome", out);
    if (!rc && session->has_chair)
        rc = check_zone(tx, &session->chair, "data.chair", out);
    for (size_t i = 0; !rc && i < session->speakers_n; ++i)
        rc = check_zone(tx, &session->speakers[i], "data.speakers", out);
    return rc;
}

/* ---- what a session waits for ------------------------------------------------------------ */

enum { WAITS_MAX = 1024 /* sessions that one waits for, through others too */ };

typedef struct {
    cv_str_t session;
    cv_str_t named; /* the one that the edit names, through which it is waited for */
} wait_t;

/* Breadth-first: those that the edit names, then those that these wait for, each once. */
typedef struct {
    wait_t list[WAITS_MAX];
    size_t n, named_n;
    sch_sitting_t sitting; /* the one looked at */
} waits_t;

static bool add_wait(waits_t *waits, const wait_t *wait)
{
    for (size_t i = 0; i < waits->n; ++i)
        if (cv_str_equal(waits->list[i].session, wait->session))
            return true;
    if (waits->n == WAITS_MAX)
        return false;
    waits->list[waits->n++] = *wait;
    return true;
}

static bool waited_before(const edit_t *edit, cv_str_t session)
{
    for (size_t i = 0; edit->known && i < edit->before.session.after_n; ++i)
        if (cv_str_equal(edit->before.session.after[i], session))
            return true;
    return false;
}

/* One that is cancelled holds nobody up: what it waited for makes no ring. */
static int check_wait(sch_service_t *service, cv_tx_t *tx, const cv_session_t *session, waits_t *waits, size_t i,
                      cv_outcome_t *out)
{
    const wait_t wait = waits->list[i];
    const sch_sitting_t *other = &waits->sitting;
    int rc = sch_session_get(service->store, cv_tx_arena(tx), session->event, wait.session, &waits->sitting);
    if (rc && rc != CV_ENOTFOUND)
        return rc;
    bool is_gone = rc || other->cancelled;
    if (is_gone && i < waits->named_n)
        return cv_refuse_as(tx, out, CV_ENOTFOUND, "unknown_session", "data.after",
                            rc ? "%.*s has no session %.*s to wait for"
                               : "session %.*s/%.*s is cancelled: who waits for it?",
                            CV_STR_ARG(session->event), CV_STR_ARG(wait.session));
    for (size_t k = 0; !is_gone && k < other->session.after_n; ++k) {
        const wait_t next = {other->session.after[k], wait.named};
        if (cv_str_equal(next.session, session->session))
            return cv_refuse(tx, out, "date_inconsistent", "data.after", "%.*s has to wait for %.*s already",
                             CV_STR_ARG(wait.named), CV_STR_ARG(session->session));
        if (!add_wait(waits, &next))
            return cv_refuse(tx, out, "too_many", "data.after",
                             "%.*s would wait for more than %d sessions, through %.*s too",
                             CV_STR_ARG(session->session), WAITS_MAX, CV_STR_ARG(wait.named));
    }
    return CV_OK;
}

/* Sessions that it has to wait for from now on are there, and do not wait for it, through others neither. What it waited
 * for before stands, cancelled or not: an edit of a title sends it back as it was. */
static int check_after(sch_service_t *service, cv_tx_t *tx, const cv_session_t *session, const edit_t *edit,
                       cv_outcome_t *out)
{
    int rc = CV_OK;
    waits_t *waits = NULL;
    for (size_t i = 0; i < session->after_n; ++i) {
        if (waited_before(edit, session->after[i]))
            continue;
        if (!waits)
            waits = cv_arena_take(cv_tx_arena(tx), sizeof *waits);
        if (!waits)
            return CV_ENOMEM;
        (void)add_wait(waits, &(wait_t){session->after[i], session->after[i]}); /* they are far fewer than WAITS_MAX */
    }
    if (!waits)
        return CV_OK;
    waits->named_n = waits->n;
    for (size_t i = 0; !rc && i < waits->n; ++i)
        rc = check_wait(service, tx, session, waits, i, out);
    return rc;
}

/* The instants that the start means; a zone's file is read once for sessions that follow one another in it. */
static int set_instants(cv_tx_t *tx, edit_t *edit, cv_outcome_t *out)
{
    sch_no_t no;
    cv_str_t zone = sch_session_zone(&edit->after.session, edit->venue_zone);
    if (zone.ptr && !(edit->zone.ptr && cv_str_equal(edit->zone, zone))) {
        edit->zone_file = CV_STR_NONE;
        int rc = cv_zone_read(cv_tx_arena(tx), zone, &edit->zone_file);
        if (rc && rc != CV_ENOTFOUND)
            return rc;
        edit->zone = zone;
    }
    return sch_set_instants(&edit->after, edit->venue_zone, edit->zone_file, &no) ? sch_answer_no(tx, out, &no) : CV_OK;
}

/* ---- writing ----------------------------------------------------------------------------- */

static int write(sch_service_t *service, cv_tx_t *tx, const edit_t *edit)
{
    const sch_sitting_t *sitting = &edit->after;
    char holder[SCH_HOLDER_MAX];
    cv_str_t subject = cv_arena_printf(cv_tx_arena(tx), "%.*s/%.*s", CV_STR_ARG(sitting->session.event),
                                       CV_STR_ARG(sitting->session.session));
    if (!subject.ptr)
        return CV_ENOMEM;
    int rc = sch_session_put(service->store, sitting, edit->has_room ? edit->room.turnaround : 0,
                             sch_holder(&edit->event, holder), cv_tx_now_ms(tx));
    if (!rc && sch_is_placed(sitting))
        rc = sch_clocks_arm(tx, sitting->begin_ms);
    return rc ? rc : cv_tx_emit(tx, SCH_STREAM_EVENTS, CV_MSG_SCHEDULING_SESSION_V1, subject, sitting, NULL);
}

static int judge(sch_service_t *service, cv_tx_t *tx, const edit_t *edit, cv_outcome_t *out)
{
    return sch_judge_session(service, tx, &edit->event, &edit->after, edit->has_room ? &edit->room : NULL, out);
}

/* Would the next version say what this one says? Both as they are stored, but for what makes a version. */
static int is_unchanged(sch_service_t *service, cv_tx_t *tx, const edit_t *edit, bool *ret_same)
{
    sch_sitting_t as_before = edit->after;
    cv_str_t before, after;
    as_before.version = edit->before.version;
    as_before.change = edit->before.change;
    as_before.reason = edit->before.reason;
    int rc = sch_store_pack(service->store, CV_MSG_SCHEDULING_SESSION_V1, &edit->before, &before);
    before = rc ? CV_STR_NONE : cv_arena_str(cv_tx_arena(tx), before);
    if (!rc)
        rc = before.ptr ? sch_store_pack(service->store, CV_MSG_SCHEDULING_SESSION_V1, &as_before, &after) : CV_ENOMEM;
    if (!rc)
        *ret_same = cv_str_equal(before, after);
    return rc;
}

static void about(cv_outcome_t *out, const sch_sitting_t *sitting)
{
    out->has_decision = true;
    out->decision.event = sitting->session.event;
}

int sch_session_set(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_session_put_v1_t *request,
                    cv_outcome_t *out)
{
    edit_t *edit = cv_arena_take(cv_tx_arena(tx), sizeof *edit);
    sch_no_t no;
    bool same = false;
    char when[SCH_WHEN_MAX];
    if (!edit)
        return CV_ENOMEM;
    int rc = load_event(service, tx, request->session.event, edit, out);
    if (rc)
        return rc;
    rc = load_session(service, tx, request->session.session, "data.session", edit, out);
    if (rc && rc != CV_ENOTFOUND)
        return rc;
    rc = edit->known ? check_version(tx, edit, request->has_expected_version, request->expected_version, out) : CV_OK;
    if (!rc && sch_check_session(&request->session, &no))
        return sch_answer_no(tx, out, &no);
    if (!rc)
        rc = load_venue(service, tx, &request->session, edit, out);
    if (!rc)
        rc = check_parties(service, tx, &request->session, out);
    if (!rc)
        rc = check_after(service, tx, &request->session, edit, out);
    if (rc)
        return rc;
    edit->after = (sch_sitting_t){.version = edit->known ? edit->before.version + 1 : 1,
                                  .change = CV_SESSION_CHANGE_PUT,
                                  .reason = request->reason,
                                  .session = request->session};
    rc = set_instants(tx, edit, out);
    if (!rc && edit->known)
        rc = is_unchanged(service, tx, edit, &same);
    if (rc)
        return rc;
    about(out, &edit->after);
    if (same)
        return cv_accept(tx, out, "unchanged", "version %lld is like this already", (long long)edit->before.version);
    rc = judge(service, tx, edit, out);
    if (!rc)
        rc = write(service, tx, edit);
    return rc ? rc
              : cv_accept(tx, out, "stored", "%.*s/%.*s has version %lld: %s", CV_STR_ARG(request->session.event),
                          CV_STR_ARG(request->session.session), (long long)edit->after.version,
                          sch_sitting_when(&edit->after, when));
}

/* ---- placing ----------------------------------------------------------------------------- */

/* The next version of one session with its new place, checked but for what is near. */
static int next_of(sch_service_t *service, cv_tx_t *tx, const cv_session_placed_t *placed, cv_str_t reason,
                   edit_t *edit, cv_outcome_t *out)
{
    sch_no_t no;
    int rc = must_know(service, tx, placed->session, "data.placed", edit, out);
    if (!rc && sch_check_sitting_version(&edit->before, true, placed->expected_version, &no))
        return sch_answer_no(tx, out, &no);
    if (rc)
        return rc;
    if (edit->before.session.has_pinned && edit->before.session.pinned)
        return cv_refuse(tx, out, "pinned", "data.placed", "%.*s is pinned: it is put without its pin before it moves",
                         CV_STR_ARG(placed->session));
    edit->after = edit->before;
    ++edit->after.version;
    edit->after.change = CV_SESSION_CHANGE_PLACED;
    edit->after.reason = reason;
    cv_session_t *session = &edit->after.session;
    session->start = placed->start;
    session->zone = placed->zone;
    session->utc_offset = placed->utc_offset;
    if (placed->venue.ptr || placed->room.ptr) {
        session->venue = placed->venue;
        session->room = placed->room;
    }
    if (sch_check_session(session, &no))
        return sch_answer_no(tx, out, &no);
    rc = load_venue(service, tx, session, edit, out);
    return rc ? rc : set_instants(tx, edit, out);
}

static int put_down(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_session_place_v1_t *request, edit_t *edit,
                    cv_outcome_t *out)
{
    int rc = CV_OK;
    for (size_t i = 0; !rc && i < request->placed_n; ++i)
        rc = sch_session_lift(service->store, request->event, request->placed[i].session);
    for (size_t i = 0; !rc && i < request->placed_n; ++i) {
        rc = next_of(service, tx, &request->placed[i], request->reason, edit, out);
        if (!rc)
            rc = judge(service, tx, edit, out);
        if (!rc)
            rc = write(service, tx, edit);
    }
    return rc;
}

int sch_session_place(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_session_place_v1_t *request,
                      cv_outcome_t *out)
{
    edit_t *edit = cv_arena_take(cv_tx_arena(tx), sizeof *edit);
    if (!edit)
        return CV_ENOMEM;
    for (size_t i = 0; i < request->placed_n; ++i)
        for (size_t j = 0; j < i; ++j)
            if (cv_str_equal(request->placed[i].session, request->placed[j].session))
                return cv_refuse(tx, out, "named_twice", "data.placed", "%.*s is placed twice",
                                 CV_STR_ARG(request->placed[i].session));
    int rc = load_event(service, tx, request->event, edit, out);
    for (size_t i = 0; !rc && i < request->placed_n; ++i)
        rc = next_of(service, tx, &request->placed[i], request->reason, edit, out);
    if (!rc)
        rc = cv_tx_try(tx);
    if (rc)
        return rc;
    rc = put_down(service, tx, request, edit, out);
    int ended = rc == CV_EREJECTED ? cv_tx_undo(tx) : rc ? CV_OK : cv_tx_keep(tx);
    if (rc || ended)
        return ended ? ended : rc;
    about(out, &edit->after);
    return cv_accept(tx, out, "placed", "%zu session%s moved", request->placed_n,
                     request->placed_n == 1 ? " is" : "s are");
}

/* ---- ending ------------------------------------------------------------------------------ */

int sch_session_cancel(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_session_cancel_v1_t *request,
                       cv_outcome_t *out)
{
    edit_t *edit = cv_arena_take(cv_tx_arena(tx), sizeof *edit);
    if (!edit)
        return CV_ENOMEM;
    int rc = load_event(service, tx, request->event, edit, out);
    if (!rc)
        rc = must_know(service, tx, request->session, "data.session", edit, out);
    if (!rc)
        rc = check_version(tx, edit, request->has_expected_version, request->expected_version, out);
    if (rc)
        return rc;
    edit->after = edit->before;
    ++edit->after.version;
    edit->after.change = CV_SESSION_CHANGE_CANCELLED;
    edit->after.cancelled = true;
    edit->after.reason = request->reason;
    edit->after.has_was_ms = edit->before.has_begin_ms;
    edit->after.was_ms = edit->before.begin_ms;
    edit->after.has_begin_ms = edit->after.has_until_ms = false;
    rc = write(service, tx, edit);
    if (rc)
        return rc;
    about(out, &edit->after);
    return cv_accept(tx, out, "stored", "%.*s/%.*s is cancelled, version %lld", CV_STR_ARG(request->event),
                     CV_STR_ARG(request->session), (long long)edit->after.version);
}

typedef struct {
    cv_arena_t *arena;
    sch_sitting_t **list;
    size_t n, room;
} placed_t;

static int gather_placed(void *self, const sch_row_t *row)
{
    placed_t *all = self;
    cv_str_t data = cv_arena_str(all->arena, row->data);
    sch_sitting_t *sitting = cv_arena_take(all->arena, sizeof *sitting);
    if (!data.ptr || !sitting)
        return CV_ENOMEM;
    int rc = sch_store_unpack(CV_MSG_SCHEDULING_SESSION_V1, data, sitting);
    if (rc || !sch_is_placed(sitting))
        return rc;
    if (all->n == all->room) {
        size_t room = all->room ? 2 * all->room : 64;
        sch_sitting_t **list = cv_arena_take(all->arena, room * sizeof(sch_sitting_t *));
        if (!list)
            return CV_ENOMEM;
        for (size_t i = 0; i < all->n; ++i)
            list[i] = all->list[i];
        all->list = list;
        all->room = room;
    }
    all->list[all->n++] = sitting;
    return CV_OK;
}

int sch_sessions_off(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_event_v1_t *event)
{
    placed_t all = {.arena = cv_tx_arena(tx)};
    int rc = sch_session_walk(service->store, event->event, CV_STR_NONE, CV_STR_NONE, gather_placed, &all);
    edit_t *edit = !rc && all.n ? cv_arena_take(cv_tx_arena(tx), sizeof *edit) : NULL;
    if (!rc) /* what was released of it is no promise any more */
        rc = sch_released_put(service->store, event->event, NULL, 0);
    if (rc || !all.n)
        return rc;
    if (!edit)
        return CV_ENOMEM;
    edit->event = *event;
    for (size_t i = 0; !rc && i < all.n; ++i) {
        edit->after = *all.list[i];
        ++edit->after.version;
        edit->after.change = CV_SESSION_CHANGE_PLACED;
        edit->after.reason = event->reason;
        sch_take_off(&edit->after);
        rc = write(service, tx, edit);
    }
    return rc;
}
