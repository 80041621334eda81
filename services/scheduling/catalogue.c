/* catalogue: versions of the catalogue, who coordinates its areas, and who is in the chair.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Like all reference data these are put as whole rows, and every row ever put is kept as a version of its code. A put
 * that names a decision needs one that is adopted; one without a decision records what is known.
 *
 * Refused: a version of the catalogue that would take away or move what an event cites in it; a chair or a
 * coordinator that is not a member; two in the chair, or two coordinators of an area, for certain on the same day.
 */
#include "scheduling/core_terms.h"
#include "scheduling/handlers.h"

static int unknown(cv_tx_t *tx, cv_outcome_t *out, const char *code, const char *field, const char *what, cv_str_t name)
{
    return cv_refuse_as(tx, out, CV_ENOTFOUND, code, field, "no %s %.*s", what, CV_STR_ARG(name));
}

static int member(sch_service_t *service, cv_tx_t *tx, cv_str_t code, cv_outcome_t *out)
{
    cv_str_t data;
    cv_party_t party;
    int rc = sch_ref_get(service->store, cv_tx_arena(tx), SCH_PARTY, code, &data);
    if (rc == CV_ENOTFOUND)
        return unknown(tx, out, "unknown_party", "data.party", "party", code);
    if (!rc)
        rc = sch_store_unpack(CV_MSG_SCHEDULING_PARTY_V1, data, &party);
    if (!rc && party.kind != CV_PARTY_KIND_MEMBER)
        rc = cv_refuse(tx, out, "not_member", "data.party", "%.*s is of kind %s; this falls to members only",
                       CV_STR_ARG(code), cv_party_kind_text(party.kind));
    return rc;
}

/* A walk that looks for a row which does not go with a new one. */
typedef struct {
    const void *data; /* the new one */
    sch_no_t no;
} search_t;

/* ---- catalogue --------------------------------------------------------------------------- */

static int still_cited(void *self, const sch_row_t *row)
{
    search_t *search = self;
    cv_scheduling_event_v1_t event;
    sch_no_t no;
    int rc = sch_store_unpack(CV_MSG_SCHEDULING_EVENT_V1, row->data, &event);
    if (rc || !sch_check_cited(search->data, event.event_details.dimension, event.event_details.area, &no))
        return rc;
    return sch_no(&search->no, CV_EREJECTED, "catalogue_cited", "data.areas", "%.*s cites it: %s", CV_STR_ARG(row->key),
                  no.text);
}

int sch_put_catalogue(sch_service_t *service, cv_tx_t *tx, const cv_catalogue_t *catalogue, cv_outcome_t *out)
{
    search_t search = {.data = catalogue};
    if (sch_check_catalogue(catalogue, &search.no))
        return sch_answer_no(tx, out, &search.no);
    int rc = sch_rests_on(service, tx, catalogue->decision, "data.decision", out);
    if (rc)
        return rc;
    rc = sch_citing_walk(service->store, catalogue->code, still_cited, &search);
    if (rc)
        return rc == CV_EREJECTED ? sch_answer_no(tx, out, &search.no) : rc;
    return sch_put_ref(service, tx, SCH_CATALOGUE, CV_MSG_SCHEDULING_CATALOGUE_V1, catalogue->code, catalogue->from,
                       CV_STR_NONE, catalogue, out);
}

int sch_check_cites(sch_service_t *service, cv_tx_t *tx, const cv_event_details_t *details, cv_outcome_t *out)
{
    cv_str_t data;
    cv_catalogue_t catalogue;
    sch_no_t no;
    if (!details->catalogue.ptr)
        return CV_OK;
    int rc = sch_ref_get(service->store, cv_tx_arena(tx), SCH_CATALOGUE, details->catalogue, &data);
    if (rc == CV_ENOTFOUND)
        return unknown(tx, out, "unknown_catalogue", "data.catalogue", "catalogue of", details->catalogue);
    if (!rc)
        rc = sch_store_unpack(CV_MSG_SCHEDULING_CATALOGUE_V1, data, &catalogue);
    if (rc)
        return rc;
    return sch_check_cited(&catalogue, details->dimension, details->area, &no) ? sch_answer_no(tx, out, &no) : CV_OK;
}

/* ---- coordinators ------------------------------------------------------------------------ */

static int same_area(void *self, const sch_row_t *row)
{
    search_t *search = self;
    const cv_coordinator_t *mine = search->data;
    cv_coordinator_t other;
    int rc = sch_store_unpack(CV_MSG_SCHEDULING_COORDINATOR_V1, row->data, &other);
    if (rc || cv_str_equal(mine->code, row->key) || !cv_str_equal(mine->area, other.area))
        return rc;
    const sch_term_t a = {mine->from, mine->to}, b = {other.from, other.to};
    bool one_party = cv_str_equal(mine->party, other.party);
    bool both_lead = mine->role == CV_COORDINATOR_ROLE_COORDINATOR && other.role == CV_COORDINATOR_ROLE_COORDINATOR;
    if ((!one_party && !both_lead) || !sch_terms_clash(&a, &b))
        return CV_OK;
    return sch_no(&search->no, CV_EREJECTED, "term_clash", "data.from", "%.*s (%.*s) is %s of %.*s in the same time",
                  CV_STR_ARG(other.party), CV_STR_ARG(row->key), cv_coordinator_role_text(other.role),
                  CV_STR_ARG(mine->area));
}

int sch_put_coordinator(sch_service_t *service, cv_tx_t *tx, const cv_coordinator_t *coordinator, cv_outcome_t *out)
{
    const sch_term_t term = {coordinator->from, coordinator->to};
    search_t search = {.data = coordinator};
    if (sch_check_term(&term, &search.no))
        return sch_answer_no(tx, out, &search.no);
    int rc = member(service, tx, coordinator->party, out);
    if (!rc) {
        rc = sch_ref_get(service->store, cv_tx_arena(tx), SCH_HEADING, coordinator->area, NULL);
        if (rc == CV_ENOTFOUND)
            return unknown(tx, out, "unknown_heading", "data.area", "heading", coordinator->area);
    }
    if (!rc)
        rc = sch_rests_on(service, tx, coordinator->decision, "data.decision", out);
    if (rc)
        return rc;
    rc = sch_ref_walk(service->store, SCH_COORDINATOR, CV_STR_NONE, same_area, &search);
    if (rc)
        return rc == CV_EREJECTED ? sch_answer_no(tx, out, &search.no) : rc;
    return sch_put_ref(service, tx, SCH_COORDINATOR, CV_MSG_SCHEDULING_COORDINATOR_V1, coordinator->code,
                       coordinator->area, CV_STR_NONE, coordinator, out);
}

/* ---- the chair --------------------------------------------------------------------------- */

static int same_time(void *self, const sch_row_t *row)
{
    search_t *search = self;
    const cv_chairmanship_t *mine = search->data;
    cv_chairmanship_t other;
    int rc = sch_store_unpack(CV_MSG_SCHEDULING_CHAIRMANSHIP_V1, row->data, &other);
    const sch_term_t a = {mine->from, mine->to}, b = {other.from, other.to};
    if (rc || cv_str_equal(mine->code, row->key) || !sch_terms_clash(&a, &b))
        return rc;
    return sch_no(&search->no, CV_EREJECTED, "term_clash", "data.from", "%.*s (%.*s) is in the chair from %.*s%s%.*s",
                  CV_STR_ARG(other.party), CV_STR_ARG(row->key), CV_STR_ARG(other.from),
                  other.to.ptr ? " to " : ", its end is open", CV_STR_ARG(other.to));
}

int sch_put_chairmanship(sch_service_t *service, cv_tx_t *tx, const cv_chairmanship_t *chairmanship, cv_outcome_t *out)
{
    const sch_term_t term = {chairmanship->from, chairmanship->to};
    search_t search = {.data = chairmanship};
    if (sch_check_term(&term, &search.no))
        return sch_answer_no(tx, out, &search.no);
    int rc = member(service, tx, chairmanship->party, out);
    if (!rc)
        rc = sch_rests_on(service, tx, chairmanship->decision, "data.decision", out);
    if (rc)
        return rc;
    rc = sch_ref_walk(service->store, SCH_CHAIRMANSHIP, CV_STR_NONE, same_time, &search);
    if (rc)
        return rc == CV_EREJECTED ? sch_answer_no(tx, out, &search.no) : rc;
    return sch_put_ref(service, tx, SCH_CHAIRMANSHIP, CV_MSG_SCHEDULING_CHAIRMANSHIP_V1, chairmanship->code,
                       chairmanship->party, CV_STR_NONE, chairmanship, out);
}
