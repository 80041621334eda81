/* reference: parties, bodies, headings and venues, which everything else refers to.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A put makes or replaces the whole row of its code. It is idempotent: data equal to what is stored writes nothing and
 * emits nothing (outcome "unchanged"), so a whole catalogue can be sent again at any time. Equality is that of the
 * bytes: the encoder gives the same bytes for the same data.
 *
 * Refused: an area of a dimension that is not known (not remembered: it may still arrive), headings that would make a
 * tree of more than two levels, and a party whose guaranteed seats no longer fit in an event that invites it.
 */
#include "scheduling/handlers.h"

int sch_put_ref(sch_service_t *service, cv_tx_t *tx, sch_ref_t ref, uint16_t record, cv_str_t code, cv_str_t detail,
                cv_str_t dimension, const void *data, cv_outcome_t *out)
{
    cv_str_t before, bytes;
    int rc = sch_ref_get(service->store, cv_tx_arena(tx), ref, code, &before);
    bool known = rc == CV_OK;
    if (rc && rc != CV_ENOTFOUND)
        return rc;
    rc = sch_store_pack(service->store, record, data, &bytes);
    if (rc)
        return rc;
    if (known && cv_str_equal(before, bytes))
        return cv_accept(tx, out, "unchanged", "%.*s is stored like this already", CV_STR_ARG(code));
    rc = sch_ref_put(service->store, ref, code, detail, dimension, cv_tx_now_ms(tx), bytes);
    if (!rc)
        rc = cv_tx_emit(tx, SCH_STREAM_EVENTS, record, code, data, NULL);
    return rc ? rc : cv_accept(tx, out, "stored", "%.*s is %s", CV_STR_ARG(code), known ? "replaced" : "new");
}

typedef struct {
    const sch_party_t *parties;
    size_t parties_n;
    int64_t now_ms;
    sch_no_t no;
} guarantees_t;

/* The rules of one event with the parties as they would be. */
static int check_event(void *self, const sch_row_t *row)
{
    guarantees_t *check = self;
    cv_scheduling_event_v1_t event;
    sch_no_t no;
    int rc = sch_store_unpack(CV_MSG_SCHEDULING_EVENT_V1, row->data, &event);
    if (rc)
        return rc;
    /* Guarantees that were released bind nobody any more. */
    if (event.registration.has_release_ms && event.registration.release_ms <= check->now_ms)
        return CV_OK;
    if (!sch_check_guarantees(&event.registration, check->parties, check->parties_n, &no))
        return CV_OK;
    return sch_no(&check->no, CV_EREJECTED, no.code, "data.kind", "%.*s: %s", CV_STR_ARG(row->key), no.text);
}

/* A new party, or one of another kind, is invited where its kind is. */
static int check_party(sch_service_t *service, cv_tx_t *tx, const cv_party_t *party, cv_outcome_t *out)
{
    sch_party_t *parties;
    size_t n, at = 0;
    int rc = sch_parties(service->store, cv_tx_arena(tx), &parties, &n);
    if (rc)
        return rc;
    while (at < n && !cv_str_equal(parties[at].code, party->code))
        ++at;
    if (at < n && parties[at].kind == party->kind)
        return CV_OK;
    if (at == SCH_PARTIES_MAX)
        return cv_refuse(tx, out, "too_many", "data.code", "there are %zu parties, the most there can be", n);
    parties[at] = (sch_party_t){party->code, party->kind}; /* sch_parties leaves room for one more */
    guarantees_t check = {.parties = parties, .parties_n = at == n ? n + 1 : n, .now_ms = cv_tx_now_ms(tx)};
    rc = sch_configured_walk(service->store, check_event, &check);
    return rc == CV_EREJECTED ? sch_answer_no(tx, out, &check.no) : rc;
}

int sch_put_party(sch_service_t *service, cv_tx_t *tx, const cv_party_t *party, cv_outcome_t *out)
{
    int rc = check_party(service, tx, party, out);
    if (!rc)
        rc = sch_rests_on(service, tx, party->decision, "data.decision", out);
    if (rc)
        return rc;
    return sch_put_ref(service, tx, SCH_PARTY, CV_MSG_SCHEDULING_PARTY_V1, party->code,
                       cv_str(cv_party_kind_text(party->kind)), CV_STR_NONE, party, out);
}

int sch_put_body(sch_service_t *service, cv_tx_t *tx, const cv_body_t *body, cv_outcome_t *out)
{
    int rc = sch_rests_on(service, tx, body->decision, "data.decision", out);
    if (rc)
        return rc;
    return sch_put_ref(service, tx, SCH_BODY, CV_MSG_SCHEDULING_BODY_V1, body->code,
                       cv_str(cv_body_kind_text(body->kind)), CV_STR_NONE, body, out);
}

static int heading_level(sch_service_t *service, cv_tx_t *tx, cv_str_t code, cv_heading_level_t *ret_level)
{
    cv_str_t data;
    cv_heading_t heading;
    int rc = sch_ref_get(service->store, cv_tx_arena(tx), SCH_HEADING, code, &data);
    if (!rc)
        rc = sch_store_unpack(CV_MSG_SCHEDULING_HEADING_V1, data, &heading);
    if (!rc)
        *ret_level = heading.level;
    return rc;
}

int sch_put_heading(sch_service_t *service, cv_tx_t *tx, const cv_heading_t *heading, cv_outcome_t *out)
{
    cv_heading_level_t level;
    bool area = heading->level == CV_HEADING_LEVEL_AREA;
    if (area != (heading->dimension.ptr != NULL))
        return cv_refuse(tx, out, "heading_inconsistent", "data.dimension",
                         area ? "an area belongs to a dimension" : "a dimension belongs to no other");
    int rc = heading_level(service, tx, heading->code, &level);
    if (rc && rc != CV_ENOTFOUND)
        return rc;
    if (!rc && level != heading->level)
        return cv_refuse(tx, out, "heading_inconsistent", "data.level", "%.*s is a heading of level %s already",
                         CV_STR_ARG(heading->code), cv_heading_level_text(level));
    if (area) {
        rc = heading_level(service, tx, heading->dimension, &level);
        if (rc == CV_ENOTFOUND)
            return cv_refuse_as(tx, out, CV_ENOTFOUND, "unknown_heading", "data.dimension", "no heading %.*s",
                                CV_STR_ARG(heading->dimension));
        if (rc)
            return rc;
        if (level != CV_HEADING_LEVEL_DIMENSION)
            return cv_refuse(tx, out, "heading_inconsistent", "data.dimension", "%.*s is an area, not a dimension",
                             CV_STR_ARG(heading->dimension));
    }
    rc = sch_rests_on(service, tx, heading->decision, "data.decision", out);
    if (rc)
        return rc;
    return sch_put_ref(service, tx, SCH_HEADING, CV_MSG_SCHEDULING_HEADING_V1, heading->code,
                       cv_str(cv_heading_level_text(heading->level)), heading->dimension, heading, out);
}

int sch_put_venue(sch_service_t *service, cv_tx_t *tx, const cv_venue_t *venue, cv_outcome_t *out)
{
    sch_no_t no;
    if (sch_check_venue(venue, &no))
        return sch_answer_no(tx, out, &no);
    return sch_put_ref(service, tx, SCH_VENUE, CV_MSG_SCHEDULING_VENUE_V1, venue->code, venue->city, CV_STR_NONE, venue,
                       out);
}
