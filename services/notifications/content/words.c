/* words: see words.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/content/words.h"

#include <stdlib.h>
#include <string.h>

enum { RULE_DEPTH = 32 };

struct ntf_words {
    ntf_word_t *entries; /* in the order of their texts and contexts */
    size_t n;
    cv_arena_t *arena;
    cv_str_t header, rule; /* of plurals; absent: none */
    const ntf_words_t *under;
};

/* ---- reading ------------------------------------------------------------------------------ */

typedef struct {
    ntf_words_t *words;
    ntf_word_t entry; /* the one that is being read */
    cv_str_t *field;  /* of entry, to which a line without a keyword belongs */
    size_t line;
} s_reader_t;

static int s_unescape(cv_arena_t *arena, cv_str_t quoted, cv_str_t before, cv_str_t *ret)
{
    if (quoted.len < 2 || quoted.ptr[0] != '"' || quoted.ptr[quoted.len - 1] != '"')
        return CV_EMALFORMED;
    char *text = cv_arena_take(arena, before.len + quoted.len);
    if (!text)
        return CV_ENOMEM;
    size_t len = before.len;
    if (len)
        memcpy(text, before.ptr, len);
    for (size_t i = 1; i + 1 < quoted.len; i++) {
        char c = quoted.ptr[i];
        if (c == '"')
            return CV_EMALFORMED;
        if (c == '\\') {
            c = ++i + 1 < quoted.len ? quoted.ptr[i] : '\0';
            if (c != 'n' && c != 't' && c != '"' && c != '\\')
                return CV_EMALFORMED;
            c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
        }
        text[len++] = c;
    }
    *ret = (cv_str_t){text, len};
    return CV_OK;
}

static bool s_has_before(cv_str_t line, const char *word)
{
    size_t len = strlen(word);
    return line.len >= len && memcmp(line.ptr, word, len) == 0;
}

static bool s_begins(cv_str_t *line, const char *word)
{
    size_t len = strlen(word);
    if (!s_has_before(*line, word))
        return false;
    *line = (cv_str_t){line->ptr + len, line->len - len};
    return true;
}

/* The header's rule: "Plural-Forms: nplurals=N; plural=RULE;" */
static cv_str_t s_rule_of(cv_str_t header)
{
    static const char before[] = "plural=";
    const char *line = header.len ? memmem(header.ptr, header.len, "Plural-Forms:", 13) : NULL;
    size_t left = line ? header.len - (size_t)(line - header.ptr) : 0;
    const char *end = line ? memchr(line, '\n', left) : NULL;
    left = end ? (size_t)(end - line) : left;
    const char *from = line ? memmem(line, left, before, sizeof(before) - 1) : NULL;
    if (!from)
        return CV_STR_NONE;
    from += sizeof(before) - 1;
    left -= (size_t)(from - line);
    const char *semicolon = memchr(from, ';', left);
    return (cv_str_t){from, semicolon ? (size_t)(semicolon - from) : left};
}

static int s_end_entry(s_reader_t *reader)
{
    ntf_word_t entry = reader->entry;
    ntf_words_t *words = reader->words;
    reader->entry = (ntf_word_t){0};
    reader->field = NULL;
    if (!entry.text.ptr)
        return entry.forms[0].ptr ? CV_EMALFORMED : CV_OK;
    if (entry.text.len == 0) {
        if (words->header.ptr)
            return CV_EMALFORMED;
        words->header = entry.forms[0];
        words->rule = s_rule_of(entry.forms[0]);
        return CV_OK;
    }
    if (entry.fuzzy || !entry.forms[0].ptr || entry.forms[0].len == 0)
        return CV_OK;
    if (words->n == NTF_WORDS_MAX)
        return CV_ELIMIT;
    words->entries[words->n++] = entry;
    return CV_OK;
}

static int s_line(s_reader_t *reader, cv_str_t line)
{
    const char *const from = line.ptr;
    while (line.len && (line.ptr[line.len - 1] == '\r' || line.ptr[line.len - 1] == ' '))
        line.len--;
    if (line.len == 0)
        return s_end_entry(reader);
    /* The next entry may come without an empty line before it. */
    bool begins = line.ptr[0] == '#' || s_has_before(line, "msgctxt ") || s_has_before(line, "msgid ");
    if (begins && reader->entry.forms[0].ptr) {
        int rc = s_end_entry(reader);
        if (rc)
            return rc;
    }
    if (line.ptr[0] == '#') {
        bool flags = s_begins(&line, "#,");
        reader->entry.fuzzy = reader->entry.fuzzy || (flags && memmem(line.ptr, line.len, "fuzzy", 5));
        return CV_OK;
    }
    if (begins && !reader->entry.line)
        reader->entry.line = reader->line;
    if (s_begins(&line, "msgctxt ")) {
        reader->field = &reader->entry.context;
    } else if (s_begins(&line, "msgid_plural ")) {
        reader->field = &reader->entry.many;
    } else if (s_begins(&line, "msgid ")) {
        reader->field = &reader->entry.text;
    } else if (s_begins(&line, "msgstr ")) {
        reader->field = &reader->entry.forms[0];
    } else if (s_begins(&line, "msgstr[")) {
        int form = line.len > 3 && line.ptr[1] == ']' && line.ptr[2] == ' ' ? line.ptr[0] - '0' : -1;
        if (form < 0 || form >= NTF_WORDS_FORMS_MAX)
            return CV_EMALFORMED;
        reader->field = &reader->entry.forms[form];
        line = (cv_str_t){line.ptr + 3, line.len - 3};
    }
    if (!reader->field || (line.ptr != from && reader->field->ptr))
        return CV_EMALFORMED; /* a text of nothing, or a keyword twice */
    return s_unescape(reader->words->arena, line, *reader->field, reader->field);
}

static int s_order(cv_str_t a, cv_str_t b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int order = n ? memcmp(a.ptr, b.ptr, n) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int s_compare(const void *a, const void *b)
{
    const ntf_word_t *left = a, *right = b;
    int order = s_order(left->text, right->text);
    return order ? order : s_order(left->context, right->context);
}

int ntf_words_parse(cv_str_t po, ntf_words_t **ret_words, size_t *ret_line)
{
    ntf_words_t *words = calloc(1, sizeof(*words));
    if (!words)
        return CV_ENOMEM;
    words->entries = calloc(NTF_WORDS_MAX, sizeof(*words->entries));
    words->arena = cv_arena_new(4 * po.len + 64 * 1024);
    s_reader_t reader = {.words = words};
    int rc = words->entries && words->arena ? CV_OK : CV_ENOMEM;
    size_t number = 0;
    for (size_t from = 0; !rc && from < po.len; number++) {
        const char *newline = memchr(po.ptr + from, '\n', po.len - from);
        size_t to = newline ? (size_t)(newline - po.ptr) : po.len;
        reader.line = number + 1;
        rc = s_line(&reader, (cv_str_t){po.ptr + from, to - from});
        from = to + 1;
    }
    if (!rc)
        rc = s_end_entry(&reader);
    if (rc) {
        if (ret_line)
            *ret_line = number;
        ntf_words_destroy(&words);
        return rc;
    }
    qsort(words->entries, words->n, sizeof(*words->entries), s_compare);
    *ret_words = words;
    return CV_OK;
}

void ntf_words_destroy(ntf_words_t **ref)
{
    ntf_words_t *words = *ref;
    if (!words)
        return;
    if (words->arena)
        cv_arena_destroy(&words->arena);
    free(words->entries);
    free(words);
    *ref = NULL;
}

size_t ntf_words_n(const ntf_words_t *words)
{
    return words->n;
}

/* ---- the rule of plurals: what C says of it, in whole numbers -------------------------------- */

typedef struct {
    const char *at, *end;
    int64_t n;
    int depth;
    bool bad;
} s_rule_t;

static int64_t s_choice(s_rule_t *rule);

static bool s_takes(s_rule_t *rule, const char *word)
{
    while (rule->at < rule->end && *rule->at == ' ')
        rule->at++;
    size_t len = strlen(word);
    if ((size_t)(rule->end - rule->at) < len || memcmp(rule->at, word, len) != 0)
        return false;
    rule->at += len;
    return true;
}

static int64_t s_operand(s_rule_t *rule)
{
    int64_t value = 0;
    if (rule->bad || ++rule->depth > RULE_DEPTH) {
        rule->bad = true;
    } else if (s_takes(rule, "(")) {
        value = s_choice(rule);
        rule->bad = rule->bad || !s_takes(rule, ")");
    } else if (s_takes(rule, "n")) {
        value = rule->n;
    } else {
        const char *from = rule->at;
        for (; rule->at < rule->end && *rule->at >= '0' && *rule->at <= '9' && rule->at - from < 9; rule->at++)
            value = value * 10 + (*rule->at - '0');
        rule->bad = rule->at == from;
    }
    rule->depth--;
    return value;
}

/* Operators of one level, left to right; those that begin like another come after it. */
static int64_t s_level(s_rule_t *rule, int level)
{
    static const char *const operators[][5] = {{"||"}, {"&&"}, {"==", "!="}, {"<=", ">=", "<", ">"}, {"%"}};
    if (level == sizeof(operators) / sizeof(operators[0]))
        return s_operand(rule);
    int64_t left = s_level(rule, level + 1);
    for (;;) {
        size_t i = 0;
        while (operators[level][i] && !s_takes(rule, operators[level][i]))
            i++;
        if (rule->bad || !operators[level][i])
            return left;
        int64_t right = s_level(rule, level + 1);
        switch (level * 10 + (int)i) {
        case 0:
            left = left || right;
            break;
        case 10:
            left = left && right;
            break;
        case 20:
            left = left == right;
            break;
        case 21:
            left = left != right;
            break;
        case 30:
            left = left <= right;
            break;
        case 31:
            left = left >= right;
            break;
        case 32:
            left = left < right;
            break;
        case 33:
            left = left > right;
            break;
        default:
            rule->bad = rule->bad || right == 0;
            left = rule->bad ? 0 : left % right;
        }
    }
}

static int64_t s_choice(s_rule_t *rule)
{
    if (++rule->depth > RULE_DEPTH)
        rule->bad = true;
    int64_t value = rule->bad ? 0 : s_level(rule, 0);
    if (!rule->bad && s_takes(rule, "?")) {
        int64_t yes = s_choice(rule);
        rule->bad = rule->bad || !s_takes(rule, ":");
        int64_t no = s_choice(rule);
        value = value ? yes : no;
    }
    rule->depth--;
    return value;
}

int64_t ntf_words_rule(const ntf_words_t *words, int64_t n)
{
    if (!words->rule.ptr)
        return -1;
    s_rule_t rule = {.at = words->rule.ptr, .end = words->rule.ptr + words->rule.len, .n = n < 0 ? -n : n};
    int64_t form = s_choice(&rule);
    while (rule.at < rule.end && *rule.at == ' ')
        rule.at++;
    return rule.bad || rule.at != rule.end ? -1 : form;
}

/* ---- looking up --------------------------------------------------------------------------- */

void ntf_words_put_over(ntf_words_t *words, const ntf_words_t *under)
{
    words->under = under;
}

cv_str_t ntf_words_header(const ntf_words_t *words)
{
    return words->header;
}

const ntf_word_t *ntf_words_at(const ntf_words_t *words, size_t i)
{
    return i < words->n ? &words->entries[i] : NULL;
}

const ntf_word_t *ntf_words_find(const ntf_words_t **words, cv_str_t context, cv_str_t text)
{
    ntf_word_t wanted = {.context = context, .text = text};
    for (; *words; *words = (*words)->under) {
        const ntf_words_t *own = *words;
        const ntf_word_t *found = bsearch(&wanted, own->entries, own->n, sizeof(wanted), s_compare);
        if (found)
            return found;
    }
    return NULL;
}

cv_str_t ntf_words_get(const ntf_words_t *words, cv_str_t context, cv_str_t text)
{
    const ntf_word_t *entry = ntf_words_find(&words, context, text);
    return entry ? entry->forms[0] : text;
}

cv_str_t ntf_words_form(const ntf_words_t *words, cv_str_t one, cv_str_t many, int64_t n)
{
    const ntf_word_t *entry = ntf_words_find(&words, CV_STR_NONE, one);
    int64_t form = entry && entry->many.ptr && cv_str_equal(entry->many, many) ? ntf_words_rule(words, n) : -1;
    if (form < 0 || form >= NTF_WORDS_FORMS_MAX || !entry->forms[form].ptr)
        return n == 1 ? one : many;
    return entry->forms[form];
}
