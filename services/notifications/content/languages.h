/* languages: which languages notices can be in, and which of them comes nearest to one that somebody wants.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A language is a catalogue NAME.po, where NAME is its tag of BCP 47: "kk", "uz-Cyrl". Those in po/ are compiled in. Others
 * are files in a folder (notifications/languages) that are read at start; no program is built for one. English is in the
 * templates and always there.
 *
 *   the same NAME as one that is compiled in     what the file says goes before, the rest is still said by the other
 *   ru-KZ.po                                     over ru, in the same way; but not over what is written in another script
 *   a word that is in none of them               is said in English
 *
 * Whom no catalogue suits is written to in the nearest one, by the lookup of RFC 4647: for zh-Hans-CN that is zh-Hans, else
 * zh, else English. What is asked for stays as it was asked for, so a catalogue that is put there later is used from the
 * next start on.
 *
 * A folder with a file that is no catalogue is not used at all and the service does not start, with what is wrong and in
 * which line: to write in English to somebody who cannot read it would be noticed by nobody here.
 */
#ifndef NOTIFICATIONS_CONTENT_LANGUAGES_H
#define NOTIFICATIONS_CONTENT_LANGUAGES_H

#include "notifications/content/words.h"

enum {
    NTF_LANGUAGES_MAX = 64,                 /* count */
    NTF_LANGUAGE_ROOM = 24,                 /* octets of a tag, which has at most 21 */
    NTF_CATALOGUE_MAX_OCTETS = 1024 * 1024, /* of a file */
};

typedef struct {
    char tag[NTF_LANGUAGE_ROOM];
    const ntf_words_t *words; /* NULL: English */
    bool is_rtl;              /* it is written from right to left */
    bool is_file;             /* from the folder */
} ntf_language_t;

/* Reads the folder instead of the one before; absent or empty: none. While nothing else uses languages. CV_EINVAL: ret_error
 * says which file, which line and what; nothing has changed. */
int ntf_languages_read(const char *folder, char *ret_error, size_t error_size) CV_USE_RESULT;
/* The nearest language that there is. absent: English. */
const ntf_language_t *ntf_language_of(cv_str_t tag);
/* Whether that is more than the English that everybody gets: "en-GB" and "ru-KZ" are, "xx" is not. absent is. */
bool ntf_language_is_known(cv_str_t tag);
/* By their tags, English first; NULL: there are no more. */
const ntf_language_t *ntf_language_at(size_t i);
/* How many of the notices' own words it has, of how many that there are: those of English, all. */
size_t ntf_language_words(const ntf_language_t *language, size_t *ret_of);
/* The i-th word of the notices, or of the names of parties that the program knows; NULL: there are no more. */
const ntf_word_t *ntf_language_word(size_t i);
const ntf_word_t *ntf_language_name(size_t i);
/* All tags with ", " between them, as many as fit. */
void ntf_languages_list(char *ret_text, size_t size);

#endif
