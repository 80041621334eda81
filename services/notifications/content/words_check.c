/* words_check: whether notices can be made with a catalogue that somebody else has written.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is wrong with a catalogue is to be found when it is read and not when a notice is made with it: a placeholder that
 * the English does not have would stop that notice, markup would be markup in a mail, and a rule of plurals that names a
 * form that is not there would say English in the middle of a sentence. So each text may hold what its English holds and
 * nothing else that means something to templates, to HTML or to a line of text.
 */
#include "notifications/content/words.h"
#include "notifications/mail.h"

#include <string.h>
#include <strings.h>

enum {
    TEXT_MAX = 1000, /* octets: 60 of them still fit a notice */
    HEADER_MAX = 4000,
    NUMBERS_TRIED = 1000,
};

static const char s_braces[] = "{{";

static const char *s_after(cv_str_t text, const char *mark)
{
    const char *at = text.ptr ? memmem(text.ptr, text.len, mark, strlen(mark)) : NULL;
    return at ? at + strlen(mark) : NULL;
}

static bool s_has(cv_str_t text, cv_str_t part)
{
    return text.ptr && part.ptr && memmem(text.ptr, text.len, part.ptr, part.len) != NULL;
}

/* The next placeholder of a text, which is cut to what is behind it. 0: there is no more; CV_EMALFORMED: it does not end. */
static int s_placeholder(cv_str_t *text, cv_str_t *ret)
{
    const char *end = text->ptr + text->len, *from = s_after(*text, s_braces);
    if (!from)
        return 0;
    from -= 2;
    const char *to = s_after((cv_str_t){from, (size_t)(end - from)}, "}}");
    if (!to)
        return CV_EMALFORMED;
    *ret = (cv_str_t){from, (size_t)(to - from)};
    *text = (cv_str_t){to, (size_t)(end - to)};
    return 1;
}

/* Whether each placeholder of text is in one of the others. */
static bool s_placeholders_are_in(cv_str_t text, cv_str_t one, cv_str_t other)
{
    cv_str_t placeholder;
    int rc;
    while ((rc = s_placeholder(&text, &placeholder)) > 0) {
        if (!s_has(one, placeholder) && !s_has(other, placeholder))
            return false;
    }
    return rc == 0;
}

static const char *s_text_wrong(const ntf_word_t *word, cv_str_t text)
{
    if (text.len > TEXT_MAX)
        return "a text is longer than 1000 octets";
    for (size_t at = 0; at < text.len;) {
        int32_t point = ntf_utf8_next(text, &at);
        if (point < 0)
            return "a text is not UTF-8";
        if (ntf_utf8_steering(point))
            return "a text has characters that steer lines or text direction";
    }
    if (cv_str_is(word->context, NTF_WORDS_PARTY))
        return NULL; /* a name, which is nobody's template */
    if (text.len &&
        (memchr(text.ptr, '<', text.len) || memchr(text.ptr, '>', text.len) || memchr(text.ptr, '&', text.len)))
        return "a text has <, > or &, which would be markup";
    if (!s_placeholders_are_in(text, word->text, word->many))
        return "a text has a {{placeholder}} that its msgid does not have, or one that does not end";
    /* One of several forms may say its number in a word. */
    if (!word->many.ptr && !s_placeholders_are_in(word->text, text, CV_STR_NONE))
        return "a text lacks a {{placeholder}} of its msgid";
    return NULL;
}

/* nplurals of the header; 0: it has none that can be. */
static size_t s_forms_n(cv_str_t header)
{
    const char *at = s_after(header, "nplurals=");
    bool is_one = at && at < header.ptr + header.len && *at >= '1' && *at <= '0' + NTF_WORDS_FORMS_MAX;
    if (!is_one || (at + 1 < header.ptr + header.len && at[1] >= '0' && at[1] <= '9'))
        return 0;
    return (size_t)(*at - '0');
}

static const char *s_header_wrong(const ntf_words_t *words, bool has_plurals)
{
    cv_str_t header = ntf_words_header(words);
    const char *charset = s_after(header, "charset=");
    if (header.len > HEADER_MAX)
        return "the header is longer than 4000 octets";
    if (charset && ((size_t)(header.ptr + header.len - charset) < 5 || strncasecmp(charset, "utf-8", 5) != 0))
        return "the charset in the header must be UTF-8";
    if (!has_plurals)
        return NULL;
    size_t forms_n = s_forms_n(header);
    if (forms_n == 0)
        return "the header must say how many forms of plurals there are: Plural-Forms: nplurals=1; plural=0; up to 6";
    for (int64_t n = 0; n <= NUMBERS_TRIED; n++) {
        int64_t form = ntf_words_rule(words, n);
        if (form < 0 || form >= (int64_t)forms_n)
            return "the rule of plurals in the header is none, or gives a form that is not there";
    }
    return NULL;
}

static const char *s_forms_wrong(const ntf_word_t *word, size_t forms_n)
{
    for (size_t i = 0; i < NTF_WORDS_FORMS_MAX; i++) {
        if ((i < forms_n) != (word->forms[i].len > 0))
            return word->many.ptr ? "there must be as many forms, msgstr[0] and on, as the header says, and none empty"
                                  : "a msgid without msgid_plural has one msgstr";
        const char *wrong = i < forms_n ? s_text_wrong(word, word->forms[i]) : NULL;
        if (wrong)
            return wrong;
    }
    return NULL;
}

const char *ntf_words_check(const ntf_words_t *words, size_t *ret_line)
{
    bool has_plurals = false;
    const ntf_word_t *word, *before = NULL;
    for (size_t i = 0; (word = ntf_words_at(words, i)); i++)
        has_plurals = has_plurals || word->many.ptr;
    const char *wrong = s_header_wrong(words, has_plurals);
    size_t forms_n = s_forms_n(ntf_words_header(words));
    *ret_line = 1;
    for (size_t i = 0; !wrong && (word = ntf_words_at(words, i)); i++) {
        *ret_line = word->line;
        wrong = s_forms_wrong(word, word->many.ptr ? forms_n : 1);
        if (!wrong && before && cv_str_equal(before->text, word->text) &&
            cv_str_equal(before->context, word->context)) {
            *ret_line = word->line > before->line ? word->line : before->line;
            wrong = "this msgid is there twice";
        }
        before = word;
    }
    return wrong;
}
