/* view_person: what a notice says to one person of a delegation.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Of the view that the delegation's notice would have stays what is about the event. What is about others goes: the list of
 * persons, the delegation's seats, the request and its reason, why others made room. In comes the person's own state.
 */
#include "notifications/content/languages.h"
#include "notifications/content/text.h"
#include "notifications/content/view_words.h"
#include "notifications/core.h"
#include "notifications/store.h"

static const char *const s_headlines[CV_PERSON_STATE_MAX + 1] = {
    [CV_PERSON_STATE_ABSENT] = N_("Your registration has changed"),
    [CV_PERSON_STATE_CONFIRMED] = N_("You are registered"),
    [CV_PERSON_STATE_ONLINE] = N_("You are registered to take part online"),
    [CV_PERSON_STATE_WAITING] = N_("You are on the waiting list"),
    [CV_PERSON_STATE_OFFERED] = N_("You are offered a seat"),
    [CV_PERSON_STATE_NOMINATED] = N_("You are nominated"),
    [CV_PERSON_STATE_UNDER_REVIEW] = N_("Your registration is under review"),
    [CV_PERSON_STATE_RETURNED] = N_("Your registration was returned to your delegation for correction"),
    [CV_PERSON_STATE_REFUSED] = N_("You could not be registered"),
    [CV_PERSON_STATE_WITHDRAWN] = N_("You are not registered any more"),
};

/* Whether the person is out because an offer was not taken: nobody withdrew it, and it was not registered. */
static bool s_was_offered(const ntf_context_t *context, const ntf_news_t *news)
{
    bool is_offer = (news->kind == NTF_LAPSE && news->lapsed->cause != CV_LAPSE_CAUSE_CONSENT) ||
                    (news->kind == NTF_DECISION && news->decided->kind == CV_DECISION_KIND_OFFER);
    return is_offer && context->place == CV_PERSON_STATE_WITHDRAWN;
}

/* The person's place on the waiting list; 0: not said. */
static int64_t s_position(const ntf_context_t *context, const ntf_news_t *news)
{
    const cv_person_place_t *persons = news->decided    ? news->decided->persons
                                       : news->promoted ? news->promoted->persons
                                                        : NULL;
    size_t n = news->decided ? news->decided->persons_n : news->promoted ? news->promoted->persons_n : 0;
    for (size_t i = 0; i < n; i++) {
        if (persons[i].number == context->person)
            return persons[i].has_position ? persons[i].position : 0;
    }
    return 0;
}

int ntf_view_person(const ntf_context_t *context, const ntf_news_t *news, json_t *view, const char **headline)
{
    static const char *const of_others[] = {"persons", "seats", "request", "reason", "time", "as"};
    const ntf_words_t *words = ntf_language_of(context->language)->words;
    bool says_state = news->kind == NTF_DECISION || news->kind == NTF_PROMOTION || news->kind == NTF_LAPSE;
    int64_t position = context->place == CV_PERSON_STATE_WAITING ? s_position(context, news) : 0;
    bool was_offered = !context->is_replaced && s_was_offered(context, news);
    cv_str_t state = ntf_words_get(words, CV_STR_NONE, cv_str(was_offered ? s_not_taken : s_states[context->place]));
    int failed = 0;
    for (size_t i = 0; i < sizeof(of_others) / sizeof(of_others[0]); i++)
        (void)json_object_del(view, of_others[i]);
    if (news->kind == NTF_PROMOTION) /* why others made room */
        (void)json_object_del(view, "why");
    if (context->place != CV_PERSON_STATE_OFFERED)
        (void)json_object_del(view, "expires");
    if (context->is_replaced) {
        *headline = N_("Another person takes your place");
        failed |= json_object_set_new(view, "replaced", json_true());
    } else if (says_state)
        *headline = was_offered ? N_("The seat offered to you was not taken") : s_headlines[context->place];
    if (context->place != CV_PERSON_STATE_ABSENT && !context->is_replaced && !(news->changes & NTF_CANCELLED))
        failed |= json_object_set_new(view, "own", json_pack("{s:s%}", "state", state.ptr, state.len));
    if (position > 0)
        failed |= json_object_set_new(json_object_get(view, "own"), "position", json_integer(position));
    if (news->kind == NTF_PROMOTION && context->place == CV_PERSON_STATE_OFFERED)
        failed |= json_object_set_new(view, "offer", json_true());
    return failed ? CV_ENOMEM : CV_OK;
}
