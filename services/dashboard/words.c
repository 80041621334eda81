/* words: see words.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *id, *in[DASH_LANGUAGES];
} s_words[] = {
#define XX(id, en, ru) {#id, {en, ru}},
    DASH_WORD_MAP(XX)
#undef XX
};
static const char *const s_codes[DASH_LANGUAGES] = {"en", "ru"};

const char *dash_word(dash_language_t language, dash_word_t word)
{
    return s_words[word].in[language];
}

const char *dash_word_of(dash_language_t language, const char *prefix, const char *id)
{
    char name[64];
    (void)snprintf(name, sizeof(name), "%s%s", prefix, id);
    for (size_t i = 0; i < DASH_WORDS; i++)
        if (strcmp(s_words[i].id, name) == 0)
            return s_words[i].in[language];
    return NULL;
}

json_t *dash_words(dash_language_t language)
{
    json_t *all = json_object();
    for (size_t i = 0; all && i < DASH_WORDS; i++)
        json_object_set_new(all, s_words[i].id, json_string(s_words[i].in[language]));
    return all;
}

const char *dash_language_code(dash_language_t language)
{
    return s_codes[language];
}

/* "ru-RU,ru;q=0.9,en;q=0.8": the known one with the highest weight, the first of equals. */
dash_language_t dash_language_of(const char *asked, const char *accept_language)
{
    dash_language_t best = DASH_EN;
    double best_weight = 0;
    for (int i = 0; i < DASH_LANGUAGES; i++)
        if (strcmp(asked, s_codes[i]) == 0)
            return (dash_language_t)i;
    for (const char *at = accept_language; *at;) {
        size_t len = strcspn(at, ",");
        const char *weight_at = memmem(at, len, "q=", 2);
        double weight = weight_at ? strtod(weight_at + 2, NULL) : 1;
        for (int i = 0; i < DASH_LANGUAGES; i++)
            if (len >= 2 && strncasecmp(at, s_codes[i], 2) == 0 && weight > best_weight) {
                best = (dash_language_t)i;
                best_weight = weight;
            }
        at += len;
        at += strspn(at, ", ");
    }
    return best;
}
