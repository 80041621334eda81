/* said: see said.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/content/said.h"

#include "notifications/content/words.h"
#include "notifications/core_remind.h"
#include "notifications/store.h"

#include <stdio.h>

/* ---- headlines ---------------------------------------------------------------------------- */

/* How many of a decision's persons are in a state. */
typedef struct {
    size_t of[CV_PERSON_STATE_MAX + 1], all, seated; /* seated: or online */
} s_count_t;

static s_count_t s_count(const cv_registration_decided_v1_t *decided)
{
    s_count_t count = {.all = decided->persons_n};
    for (size_t i = 0; i < decided->persons_n; i++)
        count.of[decided->persons[i].state]++;
    count.seated = count.of[CV_PERSON_STATE_CONFIRMED] + count.of[CV_PERSON_STATE_ONLINE];
    return count;
}

/* Seats were asked for, at once or later. all, part: of those who have them. */
static const char *s_asked(const s_count_t *count, const char *all, const char *part)
{
    if (count->seated > 0 || count->all == 0)
        return count->seated == count->all ? all : part;
    if (count->of[CV_PERSON_STATE_WAITING] > 0)
        return N_("Registration on the waiting list");
    if (count->of[CV_PERSON_STATE_UNDER_REVIEW] > 0)
        return N_("Registration under review");
    if (count->of[CV_PERSON_STATE_NOMINATED] > 0)
        return count->of[CV_PERSON_STATE_NOMINATED] == count->all ? N_("Nomination recorded")
                                                                  : N_("Nomination recorded in part");
    return N_("Registration changed");
}

/* What a reviewer said: of persons, or of a change, and then the persons' states are not of its making. */
static const char *s_reviewed(const s_count_t *count, cv_str_t code)
{
    if (cv_str_is(code, "returned"))
        return count->of[CV_PERSON_STATE_RETURNED] > 0
                   ? N_("Registration returned for correction")
                   : N_("Change returned for correction; the registration stays as it was");
    if (cv_str_is(code, "refused"))
        return count->of[CV_PERSON_STATE_REFUSED] > 0 ? N_("Registration refused")
                                                      : N_("Change refused; the registration stays as it was");
    if (cv_str_is(code, "under_review"))
        return count->of[CV_PERSON_STATE_UNDER_REVIEW] > 0
                   ? N_("Registration under review")
                   : N_("Change under review; until then the registration stays as it was");
    if (cv_str_is(code, "amended") || cv_str_is(code, "substituted"))
        return N_("Registration changed");
    return s_asked(count, N_("Registration accepted"), N_("Registration accepted in part"));
}

static const char *s_changed(const s_count_t *count, cv_str_t code)
{
    if (cv_str_is(code, "under_review"))
        return N_("Change under review; until then the registration stays as it was");
    return count->of[CV_PERSON_STATE_UNDER_REVIEW] > 0 ? N_("Registration changed; it is under review")
                                                       : N_("Registration changed");
}

static const char *s_refused(cv_decision_kind_t kind)
{
    switch (kind) {
    case CV_DECISION_KIND_REGISTER:
        return N_("Registration refused");
    case CV_DECISION_KIND_WITHDRAW:
        return N_("Withdrawal refused");
    case CV_DECISION_KIND_DECLINE:
        return N_("Notice of non-participation refused");
    case CV_DECISION_KIND_CONFIRM:
        return N_("Confirmation refused; the registration stays as it was");
    case CV_DECISION_KIND_EXCEPTION:
        return N_("Exception refused");
    case CV_DECISION_KIND_OFFER:
        return N_("The answer to the offer was refused");
    case CV_DECISION_KIND_REVIEW:
        return N_("The reviewer's decision was refused; the registration stays as it was");
    case CV_DECISION_KIND_ERASE:
        return N_("Erasure refused");
    case CV_DECISION_KIND_AMEND:
    case CV_DECISION_KIND_SUBSTITUTE:
    case CV_DECISION_KIND_ABSENT:
        break;
    }
    return N_("Change refused; the registration stays as it was");
}

const char *ntf_headline(const cv_registration_decided_v1_t *decided)
{
    const s_count_t count = s_count(decided);
    if (decided->cls != CV_OUTCOME_CLASS_OK)
        return s_refused(decided->kind);
    switch (decided->kind) {
    case CV_DECISION_KIND_REGISTER:
        return s_asked(&count, N_("Registration accepted"), N_("Registration accepted in part"));
    case CV_DECISION_KIND_WITHDRAW:
        return N_("Withdrawal recorded");
    case CV_DECISION_KIND_DECLINE:
        return N_("Non-participation recorded");
    case CV_DECISION_KIND_CONFIRM:
        return s_asked(&count, N_("Participation confirmed"), N_("Participation confirmed in part"));
    case CV_DECISION_KIND_EXCEPTION:
        return N_("Exception granted");
    case CV_DECISION_KIND_OFFER:
        return count.seated > 0 ? N_("Offer accepted; the seats are confirmed") : N_("Offer not taken");
    case CV_DECISION_KIND_REVIEW:
        return s_reviewed(&count, decided->code);
    case CV_DECISION_KIND_ERASE:
        return N_("Personal data erased");
    case CV_DECISION_KIND_AMEND:
    case CV_DECISION_KIND_SUBSTITUTE:
    case CV_DECISION_KIND_ABSENT:
        break;
    }
    return s_changed(&count, decided->code);
}

/* ---- codes -------------------------------------------------------------------------------- */

/* All that a decision can say (tests/contract/test_notice_codes.py). One that is not here stands alone. */
static const struct {
    const char *code, *text;
} s_codes[] = {
    {"registered", N_("all persons are registered")},
    {"partly_registered", N_("not all persons have a seat")},
    {"waiting", N_("there is no free seat now; the persons are on the waiting list")},
    {"guaranteed_seat", N_("a seat guaranteed to the delegation")},
    {"free_seat", N_("a free seat")},
    {"online_no_seat", N_("takes part online, without a seat")},
    {"full", N_("there is no free seat")},
    {"maximum", N_("the delegation has as many seats as it may have")},
    {"capacity_limit", N_("no more persons are admitted in this capacity")},
    {"option_full", N_("no place is left in what was chosen")},
    {"too_large", N_("the group is larger than the delegation may be")},
    {"behind", N_("others are before this request on the waiting list")},
    {"one_head", N_("a delegation has exactly one head")},
    {"duplicate_person", N_("a person is named twice")},
    {"too_many_persons", N_("the delegation would have too many persons")},
    {"option_needs_seat", N_("what was chosen goes with a seat, and the person would have none")},
    {"not_open", N_("registration is not open")},
    {"closed", N_("registration is closed")},
    {"cancelled", N_("the event is cancelled")},
    {"postponed", N_("the event is postponed")},
    {"party_not_invited", N_("the party is not invited to this event")},
    {"already_registered", N_("the party is registered")},
    {"already_declined", N_("the party has declined before")},
    {"not_registered", N_("the party is not registered")},
    {"already_withdrawn", N_("it was withdrawn before")},
    {"withdrawn", N_("withdrawn as asked")},
    {"declined", N_("the party does not take part")},
    {"amended", N_("the registration was changed as asked")},
    {"substituted", N_("another person takes the place")},
    {"kept", N_("changed; the seat or the place on the list is kept")},
    {"nothing_changed", N_("it is like this already")},
    {"nominated", N_("the nomination is recorded; no seat is asked for yet")},
    {"not_nominated", N_("the person is not nominated")},
    {"not_asked_for", N_("the event has no such step")},
    {"past", N_("the time asked for is over")},
    {"granted", N_("the exception is granted")},
    {"under_review", N_("it waits for an approval")},
    {"returned", N_("it is to be corrected")},
    {"refused", N_("the reviewer refused it")},
    {"not_under_review", N_("nothing here waits for your approval")},
    {"reviewed_alone", N_("a change under review is decided by itself")},
    {"offered", N_("a seat is kept until the offer ends")},
    {"accepted", N_("the offer is accepted")},
    {"passed", N_("the offer is not taken; the persons have left the waiting list")},
    {"not_offered", N_("no seat is offered to this person")},
    {"offered_together", N_("seats were offered to several together, and all must be answered for")},
    {"offer_expired", N_("the offer has expired")},
    {"erased", N_("the personal data were destroyed")},
    {"already_erased", N_("the personal data were erased before")},
};

const char *ntf_code_text(cv_str_t code)
{
    for (size_t i = 0; i < sizeof(s_codes) / sizeof(s_codes[0]); i++) {
        if (cv_str_is(code, s_codes[i].code))
            return s_codes[i].text;
    }
    return NULL;
}

/* ---- answers ------------------------------------------------------------------------------ */

static void s_request(const ntf_context_t *context, const char *type, const char *more, cv_buf_t *out)
{
    cv_buf_printf(out, "convene request registration.%s --set event=%.*s --set party=%.*s%s\n", type,
                  CV_STR_ARG(context->event), CV_STR_ARG(context->party), more);
}

static void s_object(const ntf_context_t *context, cv_str_t decision, const char *what, cv_buf_t *out)
{
    cv_buf_printf(out, "convene decision %s %.*s --party %.*s --text 'TEXT'\n", what, CV_STR_ARG(decision),
                  CV_STR_ARG(context->party));
}

static void s_answer_decided(const ntf_context_t *context, const cv_registration_decided_v1_t *decided, cv_buf_t *out)
{
    const s_count_t count = s_count(decided);
    bool done = decided->cls == CV_OUTCOME_CLASS_OK;
    if (done && count.of[CV_PERSON_STATE_NOMINATED] > 0 && context->details && context->details->has_registration &&
        context->details->registration.has_confirm_closes_ms)
        s_request(context, "confirm", "", out);
    size_t returned = done ? count.of[CV_PERSON_STATE_RETURNED] : 0;
    for (size_t i = 0; returned == 1 && i < decided->persons_n; i++) {
        char more[64];
        (void)snprintf(more, sizeof(more), " --set number=%lld --set FIELD=VALUE",
                       (long long)decided->persons[i].number);
        if (decided->persons[i].state == CV_PERSON_STATE_RETURNED)
            s_request(context, "amend", more, out);
    }
    if (returned > 1)
        s_request(context, "amend", " --set number=NUMBER --set FIELD=VALUE", out);
}

static void s_answer_reminder(const ntf_context_t *context, int anchor, cv_buf_t *out)
{
    if (anchor == NTF_ANCHOR_CONFIRMATION)
        s_request(context, "confirm", "", out);
    if (anchor != NTF_ANCHOR_REGISTRATION && anchor != NTF_ANCHOR_NOMINATION)
        return;
    s_request(context, "register", " --set persons[0].name='NAME' --set persons[0].capacity=head", out);
    s_request(context, "decline", "", out);
}

void ntf_answer(const ntf_context_t *context, const ntf_news_t *news, cv_buf_t *out)
{
    bool is_step = news->kind == NTF_REMINDER || news->kind == NTF_SILENCE;
    bool is_asked = context->audience == NTF_TO_NONE || context->audience == NTF_TO_UNANSWERED;
    if (!is_asked) /* it is for others to answer, or answered */
        return;
    if (news->kind == NTF_DECISION)
        s_answer_decided(context, news->decided, out);
    if (news->kind == NTF_PROMOTION && news->promoted->has_expires_ms) {
        s_request(context, "offer.answer", " --set accept=true", out);
        s_request(context, "offer.answer", " --set accept=false", out);
    }
    if (news->kind == NTF_OPENING && context->audience == NTF_TO_UNANSWERED)
        s_answer_reminder(context, NTF_ANCHOR_REGISTRATION, out);
    if (news->kind == NTF_REMINDER && !news->procedure)
        s_answer_reminder(context, news->ahead->anchor, out);
    if (is_step && news->procedure && news->procedure->state == CV_DECISION_STATE_OPEN) {
        s_object(context, news->procedure->decision, "object", out);
        s_object(context, news->procedure->decision, "amend", out);
    }
}
