/* fuzz_words: a catalogue of words that somebody put into the folder: read, judged, and used only when it was found good.
 * SPDX-License-Identifier: Apache-2.0
 * ctest-labels: notifications
 */
#include "notifications/content/words.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a check let pass has a form for each number, and holds no more than its English. */
static void s_use(const ntf_words_t *words)
{
    const ntf_word_t *word;
    for (size_t i = 0; (word = ntf_words_at(words, i)); i++) {
        if (!word->many.ptr || word->context.ptr)
            continue;
        for (int64_t n = 0; n <= 120; n++) {
            int64_t form = ntf_words_rule(words, n);
            if (form < 0 || form >= NTF_WORDS_FORMS_MAX || word->forms[form].len == 0)
                abort();
            if (!cv_str_equal(ntf_words_form(words, word->text, word->many, n), word->forms[form]))
                abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ntf_words_t *words = NULL;
    size_t line = 0;
    if (ntf_words_parse((cv_str_t){(const char *)data, size}, &words, &line))
        return 0;
    if (!ntf_words_check(words, &line))
        s_use(words);
    ntf_words_destroy(&words);
    return 0;
}
