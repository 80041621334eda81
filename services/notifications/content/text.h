/* text: what a notice says, as text and as HTML, in the recipient's language; pure.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The facts of a notice become a view (view.c): an object of words and numbers, in the recipient's language where they
 * are ours. Templates (templates/KIND.txt and .html, and partials) make texts of it. Names, titles and codes stand as they
 * were given, in their own script; but the name of a party in the recipient's language where its catalogue has it. Of
 * personal data a notice holds the recipient's own name and the names of its own delegation, nothing else; one to a person of
 * it holds that person's name alone, also one that says that another has its place. What comes from others is put on one line and stripped of control characters, so that it
 * cannot look like our text; only the text of a decision keeps its lines, each behind "> ".
 *
 * A time is always said with the clock on the wall, its offset from UTC and the zone: of the event or of the procedure
 * where it is known, else of UTC.
 */
#ifndef NOTIFICATIONS_CONTENT_TEXT_H
#define NOTIFICATIONS_CONTENT_TEXT_H

#include "convene/messages.h"

#include <jansson.h>

enum {
    NTF_TEXT_MAX = 64 * 1024,  /* octets of a text */
    NTF_HTML_MAX = 128 * 1024, /* of the same as HTML */
    NTF_PERSONS_MAX = 64,      /* named in one notice */
};

typedef struct {
    int64_t number;
    cv_str_t name;
} ntf_person_t;

/* What all notices say besides what they are about. Absent parts are left out of the text. */
typedef struct {
    cv_str_t language;  /* that is wanted; absent: English */
    cv_str_t recipient; /* name; may be absent */
    cv_str_t party, party_name;
    cv_str_t event;
    const cv_scheduling_event_v1_t *details; /* the event as it is known; NULL: not known yet, or it is about none */
    cv_str_t venue_name;                     /* of details' venue */
    cv_str_t zone_file;                      /* octets of the event's or the procedure's zone; absent: not known here */
    const ntf_person_t *persons;             /* names of this delegation, by number */
    size_t persons_n;
    int64_t time_ms; /* of the decision or change */
    cv_str_t notice;
    bool is_second; /* it goes to the next contact, because nobody had it */
    int audience; /* NTF_TO_*: as what the party is told, which is said; NTF_TO_NONE: as the kind has it, which is not */
    cv_str_t area;           /* to coordinators: the event's, by its name or else its code */
    bool inside;             /* of a digest: without greeting and foot */
    bool has_calendar;       /* a calendar part goes with it */
    int64_t person;          /* it is to this person, and says nothing of others: view_person.c; 0: to the delegation */
    cv_person_state_t place; /* of that person */
    bool is_replaced; /* it was that person: another has its place now. A decision, of which nothing else is said */
} ntf_context_t;

/* What is ahead, and how long before it the reminder is. */
typedef struct {
    int anchor; /* NTF_ANCHOR_* of core_remind.h */
    int64_t anchor_ms, before_ms;
} ntf_ahead_t;

/* A notice in a digest, as it would be by itself. */
typedef struct {
    cv_str_t subject, text, html;
} ntf_entry_t;

/* What it is about: the members that belong to its kind. */
typedef struct {
    int kind; /* NTF_DECISION ... of store.h */
    const cv_registration_decided_v1_t *decided;
    cv_str_t reviewer; /* why, as who reviewed it said; absent: not known here */
    const cv_registration_promoted_v1_t *promoted;
    const cv_registration_lapsed_v1_t *lapsed;
    const cv_scheduling_event_v1_t *was; /* the version before; context->details: the new one, not NULL */
    unsigned changes;                    /* from ntf_changes */
    const cv_scheduling_decision_v1_t *procedure;
    cv_str_t proposer, breaker; /* of the procedure: names of the parties; absent: not known here */
    const ntf_ahead_t *ahead;   /* with procedure: its last day */
    const ntf_entry_t *entries; /* of a digest */
    size_t entries_n;
    bool is_weekly;
    int order; /* of a contact that is asked, and until when it is */
    int64_t until_ms;
    cv_str_t unseen; /* a notice that nobody has got until then, and NTF_WHY_*; ahead, procedure: what it was about */
    int why;
} ntf_news_t;

typedef struct {
    cv_buf_t subject, body, html; /* one line; lines ending with \n; the same as HTML */
    cv_buf_t inside;              /* with has_calendar: the body without greeting and foot, which a calendar shows */
} ntf_text_t;

void ntf_text_init(ntf_text_t *text);
void ntf_text_done(ntf_text_t *text);
/* CV_ELIMIT: a buffer's maximum. CV_EINTERNAL: a template is no template. */
int ntf_text(const ntf_context_t *context, const ntf_news_t *news, ntf_text_t *text) CV_USE_RESULT;

/* view_person.c: takes from a view what the person is not told, puts in what it is for this person, and gives the headline
 * in place of the one at hand. CV_ENOMEM. */
int ntf_view_person(const ntf_context_t *context, const ntf_news_t *news, json_t *view, const char **headline);
/* view.c: the facts as the templates want them; a new reference, NULL: out of memory. */
json_t *ntf_view(const ntf_context_t *context, const ntf_news_t *news);
/* The language that a notice is written in for who wants that one: languages.h. */
cv_str_t ntf_language_code(cv_str_t wanted);
/* The first part of its templates' names: "decision". */
const char *ntf_kind_name(int kind);

#endif
