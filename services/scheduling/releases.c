/* releases: programmes and plans under a name that never changes again.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A draft is whatever stands now; a release names a version of each session that is placed, or of each event of the plan in
 * force. What the versions say is kept by session_version and event_version, so a release is a list of numbers, and what
 * changed between two of them is told by anybody who asks for both.
 *
 * Refused while a rule is broken that blocks a release (or forbids, which an edit of a room or of a rule can bring about
 * afterwards): the outcome lists these, and counts them.
 */
#include "scheduling/handlers.h"

#include <stdio.h>

#define DAY_MS INT64_C(86400000)
#define ITEMS_MAX CV_SCHEDULING_RELEASE_V1_ITEMS_MAX

typedef struct {
    sch_service_t *service;
    cv_tx_t *tx;
    cv_outcome_t *out;
    cv_scheduling_release_v1_t *release;
    sch_rules_t rules;
    sch_agenda_t agenda;
    const sch_sitting_t **own, **near; /* of the event; room for those near one */
    const sch_sitting_t **off;         /* of the event, without a time */
    size_t own_n, off_n, blocked;
} making_t;

static bool blocks(const sch_rule_t *rule)
{
    return rule->effect == SCH_FORBID || rule->effect == SCH_BLOCK_RELEASE;
}

static int too_many(making_t *making)
{
    return cv_refuse(making->tx, making->out, "too_many", "data.release", "a release holds at most %d items",
                     ITEMS_MAX);
}

static int add_item(making_t *making, cv_str_t item, int64_t version)
{
    cv_scheduling_release_v1_t *release = making->release;
    if (release->items_n == ITEMS_MAX)
        return too_many(making);
    release->items[release->items_n++] = (cv_release_item_t){item, version};
    return CV_OK;
}

/* ---- programmes -------------------------------------------------------------------------- */

static int take_sitting(making_t *making, const sch_row_t *row, sch_sitting_t **ret_sitting)
{
    cv_arena_t *arena = cv_tx_arena(making->tx);
    cv_str_t data = cv_arena_str(arena, row->data);
    *ret_sitting = cv_arena_take(arena, sizeof **ret_sitting);
    if (!data.ptr || !*ret_sitting)
        return CV_ENOMEM;
    return sch_store_unpack(CV_MSG_SCHEDULING_SESSION_V1, data, *ret_sitting);
}

static int gather_own(void *self, const sch_row_t *row)
{
    making_t *making = self;
    sch_sitting_t *sitting;
    int rc = take_sitting(making, row, &sitting);
    if (!rc && !sch_is_placed(sitting) && !sitting->cancelled && making->off_n < ITEMS_MAX)
        making->off[making->off_n++] = sitting;
    if (rc || !sch_is_placed(sitting))
        return rc;
    if (making->own_n == ITEMS_MAX)
        return CV_ELIMIT;
    making->own[making->own_n++] = sitting;
    return sch_agenda_add(&making->agenda, sitting);
}

static int gather_others(void *self, const sch_row_t *row)
{
    making_t *making = self;
    sch_sitting_t *sitting;
    int rc = take_sitting(making, row, &sitting);
    if (rc || cv_str_equal(sitting->session.event, making->release->event))
        return rc;
    return sch_agenda_add(&making->agenda, sitting);
}

static int room_of(making_t *making, const cv_session_t *session, cv_room_t *ret_room, bool *ret_has)
{
    cv_str_t data;
    *ret_has = session->room.ptr != NULL;
    if (!*ret_has)
        return CV_OK;
    cv_str_t code =
        cv_arena_printf(cv_tx_arena(making->tx), "%.*s/%.*s", CV_STR_ARG(session->venue), CV_STR_ARG(session->room));
    int rc = code.ptr ? sch_ref_get(making->service->store, cv_tx_arena(making->tx), SCH_ROOM, code, &data) : CV_ENOMEM;
    return rc ? rc : sch_store_unpack(CV_MSG_SCHEDULING_ROOM_V1, data, ret_room);
}

/* What parties say of their delegations: of all, once. */
typedef struct {
    cv_arena_t *arena;
    sch_cover_t *covers;
    size_t n;
} covers_t;

static int gather_cover(void *self, const sch_row_t *row)
{
    covers_t *all = self;
    cv_party_t party;
    int rc = sch_store_unpack(CV_MSG_SCHEDULING_PARTY_V1, row->data, &party);
    if (rc || !party.has_delegation_size || all->n == SCH_PARTIES_MAX)
        return rc;
    cv_str_t code = cv_arena_str(all->arena, row->key);
    all->covers[all->n++] = (sch_cover_t){code, party.delegation_size};
    return code.ptr ? CV_OK : CV_ENOMEM;
}

/* Tells what stands in the way of one session. */
static int judge_sitting(making_t *making, const sch_sitting_t *sitting, const sch_around_t *all, sch_conflict_t *found)
{
    sch_around_t around = *all;
    char name[SCH_SESSION_NAME_MAX + 1], other[SCH_SESSION_NAME_MAX + 1], text[SCH_CONFLICT_TEXT_MAX + 1];
    cv_room_t room;
    bool has_room;
    sch_remote_t remotes[SCH_REMOTES_MAX];
    int rc = room_of(making, &sitting->session, &room, &has_room);
    if (!rc)
        rc = sch_remotes_gather(sitting, remotes, &around.remotes_n);
    around.remotes = remotes;
    if (!rc)
        rc = sch_gather_pauses(making->service, cv_tx_arena(making->tx), sitting->session.venue, &around);
    around.room = !rc && has_room ? &room : NULL;
    around.near_n = sch_agenda_near(&making->agenda, sitting, around.room, making->near, making->agenda.n);
    size_t n = rc ? 0 : sch_conflicts_of(sitting, &around, found);
    (void)snprintf(name, sizeof name, "%.*s/%.*s", CV_STR_ARG(sitting->session.event),
                   CV_STR_ARG(sitting->session.session));
    for (size_t i = 0; !rc && i < n && i < SCH_CONFLICTS_MAX && blocks(&making->rules.programme[found[i].rule]); ++i) {
        const cv_session_t *with = found[i].other ? &found[i].other->session : NULL;
        if (with)
            (void)snprintf(other, sizeof other, "%.*s/%.*s", CV_STR_ARG(with->event), CV_STR_ARG(with->session));
        ++making->blocked;
        rc = sch_tell(making->tx, &making->rules.programme[found[i].rule], found[i].cost, name, with ? other : NULL,
                      sch_conflict_text(sitting, &found[i], text), making->out);
    }
    return rc;
}

static int judge_programme(making_t *making, const cv_scheduling_event_v1_t *event)
{
    cv_arena_t *arena = cv_tx_arena(making->tx);
    covers_t covers = {.arena = arena, .covers = cv_arena_take(arena, SCH_PARTIES_MAX * sizeof *covers.covers)};
    sch_conflict_t *found = cv_arena_take(arena, SCH_CONFLICTS_MAX * sizeof *found);
    int64_t begin_ms = INT64_MAX, until_ms = 0;
    making->own = cv_arena_take(arena, ITEMS_MAX * sizeof *making->own);
    making->off = cv_arena_take(arena, ITEMS_MAX * sizeof *making->off);
    if (!making->own || !making->off || !found || !covers.covers)
        return CV_ENOMEM;
    int rc = sch_session_walk(making->service->store, event->event, CV_STR_NONE, CV_STR_NONE, gather_own, making);
    if (rc == CV_ELIMIT)
        return too_many(making);
    for (size_t i = 0; i < making->own_n; ++i) {
        begin_ms = making->own[i]->begin_ms < begin_ms ? making->own[i]->begin_ms : begin_ms;
        until_ms = making->own[i]->until_ms > until_ms ? making->own[i]->until_ms : until_ms;
    }
    if (!rc && making->own_n)
        rc = sch_session_near(making->service->store, begin_ms - DAY_MS, until_ms + DAY_MS, gather_others, making);
    if (!rc)
        rc = sch_ref_walk(making->service->store, SCH_PARTY, CV_STR_NONE, gather_cover, &covers);
    making->near = rc ? NULL : cv_arena_take(arena, (making->agenda.n + 1) * sizeof *making->near);
    if (rc || !making->near)
        return rc ? rc : CV_ENOMEM;
    sch_around_t around = {
        .near = making->near, .covers = covers.covers, .covers_n = covers.n, .rules = making->rules.programme};
    around.teams = event->event_details.teams;
    around.has_days = sch_days(&event->event_details, &around.first_day, &around.last_day);
    for (size_t i = 0; !rc && i < making->own_n; ++i) {
        rc = judge_sitting(making, making->own[i], &around, found);
        if (!rc)
            rc = add_item(making, making->own[i]->session.session, making->own[i]->version);
    }
    for (size_t i = 0; !rc && i < making->off_n; ++i)
        rc = judge_sitting(making, making->off[i], &around, found);
    return rc;
}

/* ---- plans ------------------------------------------------------------------------------- */

/* What stands in the way of one event where it is. */
static int judge_event(making_t *making, const cv_scheduling_event_v1_t *event, sch_year_t *year, sch_clash_t *found)
{
    char name[SCH_SESSION_NAME_MAX + 1], other[SCH_SESSION_NAME_MAX + 1], text[SCH_CLASH_TEXT_MAX + 1];
    int rc = sch_year_facts(making->service, cv_tx_arena(making->tx), cv_tx_now_ms(making->tx), event, year);
    size_t n = rc ? 0 : sch_clashes_of(event, year, found);
    (void)snprintf(name, sizeof name, "%.*s", CV_STR_ARG(event->event));
    for (size_t k = 0; !rc && k < n && k < SCH_YEAR_CLASHES_MAX && blocks(&making->rules.annual[found[k].rule]); ++k) {
        if (found[k].other)
            (void)snprintf(other, sizeof other, "%.*s", CV_STR_ARG(found[k].other->event));
        ++making->blocked;
        rc = sch_tell(making->tx, &making->rules.annual[found[k].rule], found[k].cost, name,
                      found[k].other ? other : NULL, sch_clash_text(event, &found[k], text), making->out);
    }
    return rc;
}

static int judge_plan(making_t *making, const sch_plan_t *plan)
{
    cv_arena_t *arena = cv_tx_arena(making->tx);
    cv_scheduling_event_v1_t *event = cv_arena_take(arena, sizeof *event);
    sch_clash_t *found = cv_arena_take(arena, SCH_YEAR_CLASHES_MAX * sizeof *found);
    sch_year_t year = {.rules = making->rules.annual};
    int64_t first = INT64_MAX, last = INT64_MIN;
    int rc = event && found ? CV_OK : CV_ENOMEM;
    for (size_t i = 0; !rc && i < plan->items_n; ++i) {
        int64_t from, to;
        rc = sch_event_get(making->service->store, arena, plan->items[i].event, event);
        if (!rc && sch_holds_days(event, &from, &to)) {
            first = from < first ? from : first;
            last = to > last ? to : last;
        } else if (!rc) {
            rc = judge_event(making, event, &year, found);
        }
        if (!rc)
            rc = add_item(making, plan->items[i].event, event->version);
    }
    if (rc || last < first)
        return rc;
    rc = sch_gather_year(making->service, cv_tx_arena(making->tx), first, last, NULL, &year);
    year.rules = making->rules.annual;
    for (size_t i = 0; !rc && i < year.near_n; ++i) {
        if (!sch_in_plan(plan, year.near[i].event->event))
            continue;
        year.kind = year.near[i].kind;
        rc = judge_event(making, year.near[i].event, &year, found);
    }
    return rc;
}

/* ---- releases ---------------------------------------------------------------------------- */

static int judge(making_t *making, const cv_scheduling_release_put_v1_t *request)
{
    cv_arena_t *arena = cv_tx_arena(making->tx);
    sch_no_t no;
    if (request->event.ptr) {
        cv_scheduling_event_v1_t event;
        int rc = sch_event_get(making->service->store, arena, request->event, &event);
        if (rc == CV_ENOTFOUND)
            return cv_refuse_as(making->tx, making->out, CV_ENOTFOUND, "unknown_event", "data.event", "no event %.*s",
                                CV_STR_ARG(request->event));
        if (!rc && sch_check_programme_open(&event, &no))
            return sch_answer_no(making->tx, making->out, &no);
        return rc ? rc : judge_programme(making, &event);
    }
    sch_plan_t *plan = cv_arena_take(arena, sizeof *plan);
    int rc = plan ? sch_plan_in_force(making->service->store, arena, request->plan, plan) : CV_ENOMEM;
    if (rc == CV_ENOTFOUND)
        return cv_refuse(making->tx, making->out, "plan_not_in_force", "data.plan",
                         "no version of plan %.*s is in force", CV_STR_ARG(request->plan));
    return rc ? rc : judge_plan(making, plan);
}

static int write(making_t *making, cv_str_t of, cv_str_t code)
{
    cv_scheduling_release_v1_t *release = making->release;
    cv_str_t data;
    int rc = sch_releases_n(making->service->store, of, &release->number);
    ++release->number;
    if (!rc)
        rc = sch_store_pack(making->service->store, CV_MSG_SCHEDULING_RELEASE_V1, release, &data);
    if (!rc)
        rc = sch_ref_put(making->service->store, SCH_RELEASE, code, of, CV_STR_NONE, release->at_ms, data);
    if (!rc && release->event.ptr)
        rc = sch_released_put(making->service->store, release->event, release->items, release->items_n);
    return rc ? rc : cv_tx_emit(making->tx, SCH_STREAM_EVENTS, CV_MSG_SCHEDULING_RELEASE_V1, code, release, NULL);
}

static int make(making_t *making, const cv_scheduling_release_put_v1_t *request)
{
    cv_tx_t *tx = making->tx;
    cv_scheduling_release_v1_t *release = making->release;
    cv_str_t of = request->event.ptr ? request->event : request->plan;
    cv_str_t code = cv_arena_printf(cv_tx_arena(tx), "%.*s/%.*s", CV_STR_ARG(of), CV_STR_ARG(request->release));
    if (!code.ptr)
        return CV_ENOMEM;
    int rc = sch_ref_get(making->service->store, cv_tx_arena(tx), SCH_RELEASE, code, NULL);
    if (!rc)
        return cv_refuse(tx, making->out, "exists", "data.release", "%.*s was released before: take another name",
                         CV_STR_ARG(code));
    if (rc == CV_ENOTFOUND)
        rc = sch_load_rules(making->service, tx, &making->rules);
    if (!rc)
        rc = judge(making, request);
    if (rc)
        return rc;
    if (!release->items_n)
        return cv_refuse(tx, making->out, "release_empty", "data.release", "there is nothing to release in %.*s",
                         CV_STR_ARG(of));
    if (making->blocked)
        return cv_refuse(tx, making->out, "release_blocked", NULL,
                         "%zu broken rule%s in the way of releasing %.*s: %.*s", making->blocked,
                         making->blocked == 1 ? " is" : "s are", CV_STR_ARG(of),
                         CV_STR_ARG(making->out->conflicts[0].text));
    rc = write(making, of, code);
    return rc ? rc
              : cv_accept(tx, making->out, "released", "%.*s is release %lld, of %zu items", CV_STR_ARG(code),
                          (long long)release->number, release->items_n);
}

int sch_put_release(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_release_put_v1_t *request,
                    cv_outcome_t *out)
{
    making_t *making = cv_arena_take(cv_tx_arena(tx), sizeof *making);
    cv_scheduling_release_v1_t *release = cv_arena_take(cv_tx_arena(tx), sizeof *release);
    if (!making || !release)
        return CV_ENOMEM;
    if ((request->event.ptr != NULL) == (request->plan.ptr != NULL))
        return cv_refuse(tx, out, "about_required", "data.event", "release what? Either an event or a plan");
    *release = (cv_scheduling_release_v1_t){.release = request->release,
                                            .event = request->event,
                                            .plan = request->plan,
                                            .at_ms = cv_tx_now_ms(tx),
                                            .note = request->note};
    *making = (making_t){.service = service, .tx = tx, .out = out, .release = release};
    int rc = make(making, request);
    sch_agenda_done(&making->agenda);
    return rc;
}
