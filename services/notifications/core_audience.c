/* core_audience: see core_audience.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/core_audience.h"

#include "notifications/core_remind.h"
#include "notifications/store.h"

#include <string.h>

ntf_telling_of_t ntf_audience_default(int kind, int audience)
{
    static const ntf_telling_of_t own[NTF_AUDIENCES_END] = {
        [NTF_TO_REGISTERED] = NTF_ALWAYS, [NTF_TO_PERSONS] = NTF_ON};
    static const ntf_telling_of_t change[NTF_AUDIENCES_END] = {
        [NTF_TO_REGISTERED] = NTF_ALWAYS, [NTF_TO_PERSONS] = NTF_ON,      [NTF_TO_DECLINED] = NTF_ON,
        [NTF_TO_UNANSWERED] = NTF_OFF,    [NTF_TO_MEMBERS] = NTF_OFF,     [NTF_TO_PROPOSER] = NTF_OFF,
        [NTF_TO_COORDINATORS] = NTF_ON,   [NTF_TO_SECRETARIAT] = NTF_OFF,
    };
    static const ntf_telling_of_t opening[NTF_AUDIENCES_END] = {[NTF_TO_UNANSWERED] = NTF_ON,
                                                                [NTF_TO_MEMBERS] = NTF_OFF,
                                                                [NTF_TO_PROPOSER] = NTF_OFF,
                                                                [NTF_TO_COORDINATORS] = NTF_OFF,
                                                                [NTF_TO_SECRETARIAT] = NTF_OFF};
    static const ntf_telling_of_t silence[NTF_AUDIENCES_END] = {
        [NTF_TO_MEMBERS] = NTF_ALWAYS, [NTF_TO_SECRETARIAT] = NTF_OFF};
    static const ntf_telling_of_t reminder[NTF_AUDIENCES_END] = {[NTF_TO_PERSONS] = NTF_ON};
    static const ntf_telling_of_t *const kinds[NTF_KINDS_END] = {
        [NTF_DECISION] = own,    [NTF_PROMOTION] = own,     [NTF_LAPSE] = own,       [NTF_EVENT_CHANGE] = change,
        [NTF_SILENCE] = silence, [NTF_REMINDER] = reminder, [NTF_OPENING] = opening,
    };
    bool is_known = kind > 0 && kind < NTF_KINDS_END && audience > NTF_TO_NONE && audience < NTF_AUDIENCES_END;
    return is_known && kinds[kind] ? kinds[kind][audience] : NTF_CANNOT;
}

bool ntf_audience_reminds(int anchor, int audience)
{
    if (anchor == NTF_ANCHOR_SILENCE)
        return audience == NTF_TO_MEMBERS || audience == NTF_TO_SECRETARIAT;
    return audience > NTF_TO_NONE && audience < NTF_TO_PERSONS;
}

int ntf_audience_of_anchor(int anchor)
{
    static const int own[NTF_ANCHORS_N] = {
        [NTF_ANCHOR_START] = NTF_TO_REGISTERED,      [NTF_ANCHOR_REGISTRATION] = NTF_TO_UNANSWERED,
        [NTF_ANCHOR_NOMINATION] = NTF_TO_UNANSWERED, [NTF_ANCHOR_CONFIRMATION] = NTF_TO_REGISTERED,
        [NTF_ANCHOR_SILENCE] = NTF_TO_MEMBERS,       [NTF_ANCHOR_REPORT] = NTF_TO_PROPOSER,
    };
    return own[anchor];
}

bool ntf_audience_is_office(int audience)
{
    return audience == NTF_TO_PROPOSER || audience == NTF_TO_COORDINATORS || audience == NTF_TO_SECRETARIAT;
}

int ntf_audience_of(cv_party_answer_t answer)
{
    return answer == CV_PARTY_ANSWER_REGISTERED ? NTF_TO_REGISTERED
           : answer == CV_PARTY_ANSWER_DECLINED ? NTF_TO_DECLINED
                                                : NTF_TO_NONE;
}

/* What is in the database must not depend on the order of a generated enum. */
static const cv_audience_t s_words[NTF_AUDIENCES_END] = {
    [NTF_TO_NONE] = CV_AUDIENCE_ABSENT,
    [NTF_TO_REGISTERED] = CV_AUDIENCE_DELEGATION,
    [NTF_TO_UNANSWERED] = CV_AUDIENCE_UNANSWERED,
    [NTF_TO_MEMBERS] = CV_AUDIENCE_MEMBERS,
    [NTF_TO_PROPOSER] = CV_AUDIENCE_PROPOSER,
    [NTF_TO_DECLINED] = CV_AUDIENCE_DECLINED,
    [NTF_TO_COORDINATORS] = CV_AUDIENCE_COORDINATORS,
    [NTF_TO_SECRETARIAT] = CV_AUDIENCE_SECRETARIAT,
    [NTF_TO_PERSONS] = CV_AUDIENCE_PERSON,
};

cv_audience_t ntf_audience_word(int audience)
{
    return audience > NTF_TO_NONE && audience < NTF_AUDIENCES_END ? s_words[audience] : CV_AUDIENCE_ABSENT;
}

int ntf_audience_read(cv_audience_t word)
{
    int audience = NTF_AUDIENCES_END - 1;
    while (audience > NTF_TO_NONE && s_words[audience] != word)
        audience--;
    return audience;
}

/* As far as the shorter one says. */
static int s_compare(cv_str_t day, cv_str_t bound)
{
    return strncmp(day.ptr, bound.ptr, bound.len < day.len ? bound.len : day.len);
}

bool ntf_term_holds(cv_str_t from, cv_str_t to, cv_str_t day)
{
    return (!from.len || s_compare(day, from) >= 0) && (!to.len || s_compare(day, to) <= 0);
}
