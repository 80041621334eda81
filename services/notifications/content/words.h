/* words: the words of notices in other languages: gettext catalogues, as translators write them.
 * SPDX-License-Identifier: Apache-2.0
 *
 * English is in the templates and in N_("...") in C; po/LANGUAGE.po has the rest, is compiled into the program as it
 * stands and read once. A language is a file there and a word in the contract's list of languages; what is missing in
 * a catalogue, or marked fuzzy, is said in English. tests/contract/test_languages.py finds what is missing.
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

typedef struct ntf_words ntf_words_t;
/* The octets of a .po file. CV_EMALFORMED: *ret_line is not of one. */
int ntf_words_parse(cv_str_t po, ntf_words_t **ret_words, size_t *ret_line) CV_USE_RESULT;
void ntf_words_destroy(ntf_words_t **words);
size_t ntf_words_n(const ntf_words_t *words);
/* words NULL: English. context absent: none. What is not there: the English. */
cv_str_t ntf_words_get(const ntf_words_t *words, cv_str_t context, cv_str_t text);
cv_str_t ntf_words_form(const ntf_words_t *words, cv_str_t one, cv_str_t many, int64_t n);
/* Which form the catalogue's rule gives; -1: it cannot be said. */
int64_t ntf_words_rule(const ntf_words_t *words, int64_t n);

/* The catalogue of a language ("ru"), made when it is first asked for; NULL: English. */
const ntf_words_t *ntf_words_of(cv_str_t language);

#endif
