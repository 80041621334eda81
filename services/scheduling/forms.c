/* forms: what persons are asked who register for an event.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A put replaces the whole form; each version stays (query versions, key forms/EVENT). Registration follows the record
 * and checks answers against the version it has heard of last. Who has answered before keeps the answers; a choice that
 * had places of its own and is not there any more takes nobody new. Registration counts places by the name
 * QUESTION/CHOICE for as long as the event lives, so one event has at most SCH_FORM_OPTIONS of these names in all
 * versions together, and a choice that was there without a limit cannot get one: those who took it hold no places that
 * could be counted.
 */
#include "scheduling/core_form.h"
#include "scheduling/handlers.h"

typedef struct {
    const cv_form_t *form; /* to be put */
    cv_scheduling_form_v1_t *room;
    sch_options_t *options; /* of the versions so far */
    bool too_many;
    int question, choice; /* that would get a limit after it was there without one; -1: none */
} versions_t;

/* A version before, in order. */
static int add_version(void *self, const sch_row_t *row)
{
    versions_t *versions = self;
    int rc = sch_store_unpack(CV_MSG_SCHEDULING_FORM_V1, row->data, versions->room);
    if (rc)
        return rc;
    if (versions->question < 0)
        (void)sch_form_limits_late(&versions->room->form, versions->options, versions->form, &versions->question,
                                   &versions->choice);
    versions->too_many |= !sch_form_options(&versions->room->form, versions->options);
    return CV_OK;
}

/* What the form has to do with its versions before. */
static int check_versions(sch_service_t *service, cv_tx_t *tx, const cv_form_t *form, cv_outcome_t *out)
{
    versions_t versions = {.form = form,
                           .room = cv_arena_take(cv_tx_arena(tx), sizeof *versions.room),
                           .options = cv_arena_take(cv_tx_arena(tx), sizeof *versions.options),
                           .question = -1};
    if (!versions.room || !versions.options)
        return CV_ENOMEM;
    int rc = sch_ref_versions(service->store, SCH_FORM, form->event, 0, add_version, &versions);
    if (rc)
        return rc;
    if (versions.question >= 0) {
        cv_str_t path = cv_arena_printf(cv_tx_arena(tx), "data.questions[%d].choices[%d].limit", versions.question,
                                        versions.choice);
        return cv_refuse(tx, out, "form_inconsistent", path.ptr,
                         "must not be there: an earlier version offered this choice without a limit, and who took "
                         "it holds no place; give the choice another id");
    }
    if (versions.too_many || !sch_form_options(form, versions.options))
        return cv_refuse(
            tx, out, "too_many", "data.questions",
            "all versions of the form together have more than %d choices with a limit, the most there can be",
            SCH_FORM_OPTIONS);
    return CV_OK;
}

static int check(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_form_put_v1_t *request, cv_outcome_t *out)
{
    cv_scheduling_event_v1_t event;
    char *path = cv_arena_take(cv_tx_arena(tx), SCH_FORM_PATH);
    sch_no_t no;
    if (!path)
        return CV_ENOMEM;
    int rc = sch_event_get(service->store, cv_tx_arena(tx), request->form.event, &event);
    if (rc == CV_ENOTFOUND)
        return cv_refuse_as(tx, out, CV_ENOTFOUND, "unknown_event", "data.event", "no event %.*s",
                            CV_STR_ARG(request->form.event));
    if (rc)
        return rc;
    out->has_decision = true;
    out->decision.event = event.event;
    if (!sch_planned(event.status))
        return cv_refuse(tx, out, "not_changeable", "data.event", "is %s: registration is over",
                         cv_event_status_text(event.status));
    if (sch_check_form(&request->form, path, &no))
        return sch_answer_no(tx, out, &no);
    return check_versions(service, tx, &request->form, out);
}

int sch_put_form(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_form_put_v1_t *request, cv_outcome_t *out)
{
    cv_scheduling_form_v1_t *form = cv_arena_take(cv_tx_arena(tx), sizeof *form);
    cv_str_t before, bytes;
    int64_t version = 0;
    if (!form)
        return CV_ENOMEM;
    int rc = check(service, tx, request, out);
    if (rc)
        return rc;
    rc = sch_ref_get(service->store, cv_tx_arena(tx), SCH_FORM, request->form.event, &before);
    bool is_new = rc == CV_ENOTFOUND;
    if (!rc)
        rc = sch_store_unpack(CV_MSG_SCHEDULING_FORM_V1, before, form);
    if (rc && !is_new)
        return rc;
    if (!is_new)
        version = form->version;
    if (request->has_expected_version && request->expected_version != version)
        return cv_refuse(tx, out, "version_conflict", "data.expected_version", "the form has version %lld, not %lld",
                         (long long)version, (long long)request->expected_version);
    form->form = request->form;
    form->version = version;
    if (!is_new) {
        rc = sch_store_pack(service->store, CV_MSG_SCHEDULING_FORM_V1, form, &bytes);
        if (rc)
            return rc;
        if (cv_str_equal(before, bytes))
            return cv_accept(tx, out, "unchanged", "version %lld of the form is like this already", (long long)version);
    }
    form->version = version + 1;
    rc = sch_store_pack(service->store, CV_MSG_SCHEDULING_FORM_V1, form, &bytes);
    cv_str_t detail = cv_arena_printf(cv_tx_arena(tx), "%lld", (long long)form->version);
    if (!rc)
        rc = sch_ref_put(service->store, SCH_FORM, request->form.event, detail, CV_STR_NONE, cv_tx_now_ms(tx), bytes);
    if (!rc)
        rc = cv_tx_emit(tx, SCH_STREAM_EVENTS, CV_MSG_SCHEDULING_FORM_V1, request->form.event, form, NULL);
    return rc ? rc
              : cv_accept(tx, out, "stored", "%.*s asks %zu question%s, version %lld of its form",
                          CV_STR_ARG(request->form.event), request->form.questions_n,
                          request->form.questions_n == 1 ? "" : "s", (long long)form->version);
}
