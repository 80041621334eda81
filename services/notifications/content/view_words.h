/* view_words: words of the contract, in words of ours; a part of view.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef NOTIFICATIONS_CONTENT_VIEW_WORDS_H
#define NOTIFICATIONS_CONTENT_VIEW_WORDS_H

#include "convene/messages.h"
#include "notifications/content/words.h"
#include "notifications/core_audience.h"
#include "notifications/core_escalate.h"
#include "notifications/core_remind.h"

static const char *const s_states[CV_PERSON_STATE_MAX + 1] = {
    [CV_PERSON_STATE_ABSENT] = "",
    [CV_PERSON_STATE_CONFIRMED] = N_("confirmed"),
    [CV_PERSON_STATE_WAITING] = N_("on the waiting list"),
    [CV_PERSON_STATE_WITHDRAWN] = N_("withdrawn"),
    [CV_PERSON_STATE_REFUSED] = N_("refused"),
    [CV_PERSON_STATE_ONLINE] = N_("online"),
    [CV_PERSON_STATE_UNDER_REVIEW] = N_("under review"),
    [CV_PERSON_STATE_RETURNED] = N_("returned for correction"),
    [CV_PERSON_STATE_OFFERED] = N_("offered a seat, to be accepted in time"),
    [CV_PERSON_STATE_NOMINATED] = N_("nominated"),
};
static const char *const s_formats[CV_EVENT_FORMAT_MAX + 1] = {
    [CV_EVENT_FORMAT_ABSENT] = N_("not given"),
    [CV_EVENT_FORMAT_IN_PERSON] = N_("in person"),
    [CV_EVENT_FORMAT_ONLINE] = N_("online"),
    [CV_EVENT_FORMAT_HYBRID] = N_("in person and online"),
};
static const char *const s_causes[CV_PROMOTION_CAUSE_MAX + 1] = {
    [CV_PROMOTION_CAUSE_ABSENT] = "",
    [CV_PROMOTION_CAUSE_WITHDRAWAL] = N_("another registration was withdrawn"),
    [CV_PROMOTION_CAUSE_RELEASE] = N_("guaranteed seats were released"),
    [CV_PROMOTION_CAUSE_CAPACITY] = N_("the event has more seats"),
    [CV_PROMOTION_CAUSE_OFFER] = N_("an offer to others was not taken"),
    [CV_PROMOTION_CAUSE_CHANGE] = N_("another registration was changed"),
};
static const char *const s_anchors[NTF_ANCHORS_N] = {
    [NTF_ANCHOR_START] = N_("The event begins soon"),
    [NTF_ANCHOR_REGISTRATION] = N_("Registration closes soon"),
    [NTF_ANCHOR_NOMINATION] = N_("Nominations close soon"),
    [NTF_ANCHOR_CONFIRMATION] = N_("Confirmation closes soon"),
    [NTF_ANCHOR_SILENCE] = N_("A silence procedure ends soon"),
    [NTF_ANCHOR_REPORT] = N_("The report on an event is due soon"),
};
static const char *const s_steps[CV_DECISION_STEP_MAX + 1] = {
    [CV_DECISION_STEP_ABSENT] = "",
    [CV_DECISION_STEP_OPENED] = N_("A silence procedure has begun"),
    [CV_DECISION_STEP_BROKEN] = N_("Silence was broken; the text is not adopted"),
    [CV_DECISION_STEP_ADOPTED] = N_("Silence has ended; the text is adopted"),
    [CV_DECISION_STEP_WITHDRAWN] = N_("A silence procedure was withdrawn"),
    [CV_DECISION_STEP_ATTACHED] = "",
};

/* Of who was offered a seat and is off the list: nobody withdrew it. */
static const char s_not_taken[] = N_("offer not taken");

/* Why somebody gets what is not about an own registration. */
static const char *const s_audiences[NTF_AUDIENCES_END] = {
    [NTF_TO_NONE] = "",
    [NTF_TO_REGISTERED] = N_("You are receiving this because your delegation is registered."),
    [NTF_TO_UNANSWERED] =
        N_("You are receiving this because your party may register for this event and has not answered yet."),
    [NTF_TO_MEMBERS] = N_("You are receiving this because your party is a member."),
    [NTF_TO_PROPOSER] = N_("You are receiving this because your party proposed this event."),
    [NTF_TO_DECLINED] = N_("You are receiving this because your party declined this event."),
    [NTF_TO_COORDINATORS] = N_("You are receiving this as a coordinator of the area"),
    [NTF_TO_SECRETARIAT] = N_("You are receiving this as the secretariat."),
    [NTF_TO_PERSONS] = "",
};
static const char s_declined_changed[] =
    N_("You are receiving this because your party declined this event, and it has changed since.");

static const char *const s_whys[NTF_WHYS_END] = {
    [NTF_WHY_WAITS] = N_("it has not left yet"),
    [NTF_WHY_NOBODY] = N_("there is nobody to write to"),
    [NTF_WHY_NOT_TAKEN] = N_("no server has taken it; it is still being tried"),
    [NTF_WHY_DEAD] = N_("it was given up, or came back"),
};

#endif
