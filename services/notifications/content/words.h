/* words: the words of notices in other languages: gettext catalogues, as translators write them.
 * SPDX-License-Identifier: Apache-2.0
 *
 * English is in the templates and in N_("...") in C; a catalogue NAME.po has the rest: languages.h says where from. What is
 * missing in one, or marked fuzzy, is said in English. tests/contract/test_languages.py finds what those in po/ lack.
 *
 * Of several forms (Russian has three: 1 день, 2 дня, 5 дней) the catalogue's own rule says which, from its header:
 * "Plural-Forms: nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : ...);". A catalogue that cannot be read, or a rule that
 * names a form that is not there, gives English.
 */
#ifndef NOTIFICATIONS_CONTENT_WORDS_H
#define NOTIFICATIONS_CONTENT_WORDS_H

#include "convene/bytes.h"

/* Marks a text that is in the catalogues; it is looked up where it is used. */
#define N_(text) text

enum { NTF_WORDS_FORMS_MAX = 6, NTF_WORDS_MAX = 1000 };
#define NTF_WORDS_PARTY "party" /* msgctxt of names of parties: msgid is the name as scheduling has it */

/* An entry of a catalogue. */
typedef struct {
    cv_str_t context, text, many; /* absent: none */
    cv_str_t forms[NTF_WORDS_FORMS_MAX];
    size_t line; /* at which it begins */
    bool fuzzy;  /* such a one is not kept */
} ntf_word_t;

typedef struct ntf_words ntf_words_t;
/* The octets of a .po file. CV_EMALFORMED: *ret_line is not of one. CV_ELIMIT: more than NTF_WORDS_MAX entries. */
int ntf_words_parse(cv_str_t po, ntf_words_t **ret_words, size_t *ret_line) CV_USE_RESULT;
void ntf_words_destroy(ntf_words_t **words);
size_t ntf_words_n(const ntf_words_t *words);
/* What is not in words is looked up in under, which has to stay. */
void ntf_words_put_over(ntf_words_t *words, const ntf_words_t *under);
/* words NULL: English. context absent: none. What is not there: the English. */
cv_str_t ntf_words_get(const ntf_words_t *words, cv_str_t context, cv_str_t text);
cv_str_t ntf_words_form(const ntf_words_t *words, cv_str_t one, cv_str_t many, int64_t n);
/* Which form the catalogue's rule gives; -1: it cannot be said. */
int64_t ntf_words_rule(const ntf_words_t *words, int64_t n);
/* NULL: it is not there. *words becomes the catalogue that has it. */
const ntf_word_t *ntf_words_find(const ntf_words_t **words, cv_str_t context, cv_str_t text);
/* Its entries, by their texts; NULL: there are no more. */
const ntf_word_t *ntf_words_at(const ntf_words_t *words, size_t i);
cv_str_t ntf_words_header(const ntf_words_t *words);

/* words_check.c. Whether notices can be made with a catalogue that somebody else has written: NULL, or what is wrong with the
 * entry that begins at *ret_line. */
const char *ntf_words_check(const ntf_words_t *words, size_t *ret_line);

#endif
