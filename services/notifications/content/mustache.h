/* mustache: texts from templates and data, without logic in the templates.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The language is Mustache (mustache(5)): {{name}}, {{{name}}} and {{&name}}, {{#section}}, {{^inverted}}, {{! comment}},
 * {{>partial}}, {{=<% %>=}}. Tags of sections, comments, partials and delimiters that stand alone on a line take the line
 * with them. Names are looked up from the innermost section outwards; "a.b" is b of the nearest a.
 *
 * One thing is added, for languages: a section whose name begins with "_" is not looked up, its text is translated as it
 * stands between the tags, and what comes back is a template again:
 *
 *   {{#_}}Dear {{name}},{{/_}}                           a sentence
 *   {{#_@grounds}}Reason{{/_@grounds}}                   a word that means two things: with its context
 *   {{#_:days}}{{days}} day|{{days}} days{{/_:days}}     one of several forms, by the number `days`
 *
 * Failure modes: a template that is not one gives CV_EMALFORMED and what is wrong with it. Sections and partials are
 * nested at most NTF_MUSTACHE_DEPTH deep (a partial may include itself), a rendering takes at most NTF_MUSTACHE_STEPS
 * tags, and what it writes ends at the buffer's maximum: CV_ELIMIT. Nothing of a template is evaluated.
 */
#ifndef NOTIFICATIONS_CONTENT_MUSTACHE_H
#define NOTIFICATIONS_CONTENT_MUSTACHE_H

#include "convene/bytes.h"

#include <jansson.h>

enum {
    NTF_MUSTACHE_DEPTH = 48,
    NTF_MUSTACHE_STEPS = 200000, /* tags gone through in one rendering, those in repeated sections each time */
    NTF_MUSTACHE_NAME_MAX = 64,  /* octets of a name */
};

typedef struct {
    void *self;                                     /* given back to the functions; each may be NULL */
    cv_str_t (*partial)(void *self, cv_str_t name); /* absent: there is none, which writes nothing */
    /* context absent: none. many absent: `one` is a sentence without forms. Valid until the rendering ends. */
    cv_str_t (*translate)(void *self, cv_str_t context, cv_str_t one, cv_str_t many, int64_t n);
    bool html; /* {{name}} and translations are made fit for HTML; else all is put as it is */
} ntf_mustache_t;

/* Puts what the template makes of data (an object) behind what out holds. *ret_why: what is wrong with the template. */
int ntf_mustache(const ntf_mustache_t *options, cv_str_t template, const json_t *data, cv_buf_t *out,
                 const char **ret_why) CV_USE_RESULT;

#endif
