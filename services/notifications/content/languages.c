/* languages: see languages.h.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The notices' own words, of which a catalogue may have more or fewer, are those of ru.po but for names: that one is
 * complete, which tests/contract/test_languages.py sees to.
 */
#include "notifications/content/languages.h"

#include "notifications/content/embedded.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

static const char s_suffix[] = ".po", s_english[] = "en", s_complete[] = "ru";

typedef struct {
    ntf_language_t all[NTF_LANGUAGES_MAX];
    ntf_words_t *owned[NTF_LANGUAGES_MAX]; /* the words of those from a folder */
    size_t n, owned_n;
} s_set_t;

static s_set_t s_built_in, s_now;
static pthread_once_t s_once = PTHREAD_ONCE_INIT;

/* ---- tags --------------------------------------------------------------------------------- */

static bool s_same(cv_str_t a, cv_str_t b)
{
    return a.len == b.len && strncasecmp(a.ptr, b.ptr, a.len) == 0;
}

static bool s_one_of(cv_str_t part, const char *const *list)
{
    for (; *list; list++) {
        if (s_same(part, cv_str(*list)))
            return true;
    }
    return false;
}

/* Without its last part; absent: it has one only. */
static cv_str_t s_shorter(cv_str_t tag, cv_str_t *ret_cut)
{
    const char *hyphen = memrchr(tag.ptr, '-', tag.len);
    if (!hyphen)
        return CV_STR_NONE;
    *ret_cut = (cv_str_t){hyphen + 1, (size_t)(tag.ptr + tag.len - hyphen - 1)};
    return (cv_str_t){tag.ptr, (size_t)(hyphen - tag.ptr)};
}

static bool s_is_script(cv_str_t part)
{
    return part.len == 4 && (part.ptr[0] < '0' || part.ptr[0] > '9'); /* four with a digit first are a variant */
}

/* By the script that the tag names, else by the one that the language is usually written in. */
static bool s_is_rtl(cv_str_t tag)
{
    static const char *const scripts[] = {"Arab", "Aran", "Hebr", "Syrc", "Thaa", "Nkoo",
                                          "Adlm", "Mand", "Samr", "Rohg", NULL};
    static const char *const languages[] = {"ar", "arc", "ckb", "dv", "fa", "he", "iw",  "ks",  "nqo", "prs",
                                            "ps", "sd",  "syr", "ug", "ur", "yi", "azb", "uzs", NULL};
    cv_str_t rest = tag, cut = CV_STR_NONE, shorter;
    while ((shorter = s_shorter(rest, &cut)).ptr) {
        if (s_is_script(cut))
            return s_one_of(cut, scripts);
        rest = shorter;
    }
    return s_one_of(rest, languages);
}

/* ---- sets --------------------------------------------------------------------------------- */

static ntf_language_t *s_find(s_set_t *set, cv_str_t tag)
{
    for (size_t i = 0; i < set->n; i++) {
        if (s_same(tag, cv_str(set->all[i].tag)))
            return &set->all[i];
    }
    return NULL;
}

/* CV_ELIMIT: there are too many. */
static int s_add(s_set_t *set, cv_str_t tag, ntf_language_t **ret)
{
    if (set->n == NTF_LANGUAGES_MAX || cv_str_copy(tag, set->all[set->n].tag, NTF_LANGUAGE_ROOM))
        return CV_ELIMIT;
    *ret = &set->all[set->n++];
    (*ret)->words = NULL;
    (*ret)->is_file = false;
    (*ret)->is_rtl = s_is_rtl(tag);
    return CV_OK;
}

/* English first. */
static int s_compare(const void *a, const void *b)
{
    const char *left = ((const ntf_language_t *)a)->tag, *right = ((const ntf_language_t *)b)->tag;
    int order = (strcmp(right, s_english) == 0) - (strcmp(left, s_english) == 0);
    return order ? order : strcasecmp(left, right);
}

static cv_str_t s_stem(const char *name)
{
    size_t len = strlen(name), suffix = sizeof(s_suffix) - 1;
    bool is = len > suffix && strcmp(name + len - suffix, s_suffix) == 0;
    return is ? (cv_str_t){name, len - suffix} : CV_STR_NONE;
}

/* A catalogue that is damaged is no language. A test reads each. */
static void s_read_built_in(void)
{
    ntf_language_t *language;
    if (s_add(&s_built_in, cv_str(s_english), &language))
        return;
    for (const ntf_embedded_t *file = ntf_embedded; file->name; file++) {
        cv_str_t tag = s_stem(file->name);
        ntf_words_t *words;
        if (!tag.ptr || ntf_words_parse((cv_str_t){(const char *)file->bytes, file->len}, &words, NULL))
            continue;
        if (s_add(&s_built_in, tag, &language))
            ntf_words_destroy(&words);
        else
            language->words = words;
    }
    s_now = s_built_in;
}

/* ---- a folder ------------------------------------------------------------------------------ */

typedef struct {
    const char *folder, *name;
    char *error;
    size_t error_size;
} s_reading_t;

static int s_wrong(const s_reading_t *reading, size_t line, const char *what)
{
    const char *slash = reading->name[0] ? "/" : "";
    if (line)
        (void)snprintf(reading->error, reading->error_size, "%s%s%s:%zu: %s", reading->folder, slash, reading->name,
                       line, what);
    else
        (void)snprintf(reading->error, reading->error_size, "%s%s%s: %s", reading->folder, slash, reading->name, what);
    return CV_EINVAL;
}

static int s_octets(const s_reading_t *reading, int fd, char **ret_octets, size_t *ret_len)
{
    struct stat info;
    size_t len = 0;
    ssize_t n = 1;
    if (fstat(fd, &info))
        return s_wrong(reading, 0, strerror(errno));
    if (!S_ISREG(info.st_mode))
        return s_wrong(reading, 0, "it is no file");
    char *octets = malloc(NTF_CATALOGUE_MAX_OCTETS + 1);
    if (!octets)
        return CV_ENOMEM;
    while (len <= NTF_CATALOGUE_MAX_OCTETS && (n = read(fd, octets + len, NTF_CATALOGUE_MAX_OCTETS + 1 - len)) > 0)
        len += (size_t)n;
    if (n >= 0 && len <= NTF_CATALOGUE_MAX_OCTETS) {
        *ret_octets = octets;
        *ret_len = len;
        return CV_OK;
    }
    free(octets);
    return s_wrong(reading, 0, n < 0 ? strerror(errno) : "it is larger than 1 MiB");
}

static int s_words(const s_reading_t *reading, int folder, ntf_words_t **ret_words)
{
    char *octets = NULL;
    size_t len = 0, line = 0;
    ntf_words_t *words = NULL;
    int fd = openat(folder, reading->name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return s_wrong(reading, 0, strerror(errno));
    int rc = s_octets(reading, fd, &octets, &len);
    close(fd);
    if (rc)
        return rc;
    rc = ntf_words_parse((cv_str_t){octets, len}, &words, &line);
    free(octets);
    if (rc == CV_EMALFORMED)
        return s_wrong(reading, line,
                       "this is no line of a catalogue: msgid, msgstr or a text in quotation marks, in order");
    if (rc)
        return s_wrong(reading, line,
                       rc == CV_ELIMIT ? "a catalogue has at most 1000 texts" : "a text has too many lines");
    const char *wrong = ntf_words_check(words, &line);
    if (wrong) {
        ntf_words_destroy(&words);
        return s_wrong(reading, line, wrong);
    }
    *ret_words = words;
    return CV_OK;
}

static int s_file(s_set_t *set, const s_reading_t *reading, int folder)
{
    cv_str_t tag = s_stem(reading->name);
    ntf_language_t *language = NULL;
    ntf_words_t *words;
    if (!cv_str_is_language(tag))
        return s_wrong(reading, 0, "its name must be the tag of a language, like kk.po or uz-Cyrl.po");
    language = s_find(set, tag);
    if (language && language->is_file)
        return s_wrong(reading, 0, "there is another file for this language");
    int rc = s_words(reading, folder, &words);
    if (rc)
        return rc;
    if (language)
        ntf_words_put_over(words, language->words);
    else if (s_add(set, tag, &language)) {
        ntf_words_destroy(&words);
        return s_wrong(reading, 0, "there are more than 64 languages");
    }
    language->words = words;
    language->is_file = true;
    set->owned[set->owned_n++] = words;
    return CV_OK;
}

static int s_is_catalogue(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && s_stem(entry->d_name).ptr != NULL;
}

static int s_folder(s_set_t *set, s_reading_t *reading)
{
    struct dirent **entries;
    int n = scandir(reading->folder, &entries, s_is_catalogue, alphasort), rc = CV_OK;
    if (n < 0)
        return s_wrong(reading, 0, strerror(errno));
    int folder = open(reading->folder, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
    if (folder < 0)
        rc = s_wrong(reading, 0, strerror(errno));
    for (int i = 0; i < n; i++) {
        reading->name = entries[i]->d_name;
        if (!rc)
            rc = s_file(set, reading, folder);
        free(entries[i]);
    }
    free((void *)entries);
    if (folder >= 0)
        close(folder);
    return rc;
}

/* ru-KZ over ru; uz-Cyrl not over uz, whose words cannot stand beside its own. */
static void s_put_over_shorter(s_set_t *set)
{
    for (size_t i = 0; i < set->n; i++) {
        ntf_language_t *own = &set->all[i];
        cv_str_t cut = CV_STR_NONE, shorter = s_shorter(cv_str(own->tag), &cut);
        bool is_over = shorter.ptr && !s_is_script(cut) && !s_find(&s_built_in, cv_str(own->tag));
        const ntf_language_t *under = is_over ? s_find(set, shorter) : NULL;
        for (size_t j = 0; under && j < set->owned_n; j++) {
            if (set->owned[j] == own->words)
                ntf_words_put_over(set->owned[j], under->words);
        }
    }
}

static void s_drop(s_set_t *set)
{
    for (size_t i = 0; i < set->owned_n; i++)
        ntf_words_destroy(&set->owned[i]);
}

int ntf_languages_read(const char *folder, char *ret_error, size_t error_size)
{
    s_reading_t reading = {.folder = folder, .name = "", .error = ret_error, .error_size = error_size};
    (void)pthread_once(&s_once, s_read_built_in);
    s_set_t *set = malloc(sizeof(*set));
    if (!set)
        return CV_ENOMEM;
    *set = s_built_in;
    int rc = folder && folder[0] ? s_folder(set, &reading) : CV_OK;
    if (rc) {
        s_drop(set);
    } else {
        s_put_over_shorter(set);
        qsort(set->all, set->n, sizeof(set->all[0]), s_compare);
        s_drop(&s_now);
        s_now = *set;
    }
    free(set);
    return rc;
}

/* ---- asking -------------------------------------------------------------------------------- */

static const ntf_language_t *s_lookup(cv_str_t tag)
{
    (void)pthread_once(&s_once, s_read_built_in);
    cv_str_t cut;
    for (; tag.ptr; tag = s_shorter(tag, &cut)) {
        const ntf_language_t *found = s_find(&s_now, tag);
        if (found)
            return found;
    }
    return NULL;
}

const ntf_language_t *ntf_language_of(cv_str_t tag)
{
    const ntf_language_t *found = s_lookup(tag);
    return found ? found : s_lookup(cv_str(s_english));
}

bool ntf_language_is_known(cv_str_t tag)
{
    return !tag.ptr || s_lookup(tag);
}

const ntf_language_t *ntf_language_at(size_t i)
{
    (void)pthread_once(&s_once, s_read_built_in);
    return i < s_now.n ? &s_now.all[i] : NULL;
}

static const ntf_word_t *s_word(size_t i, bool is_name)
{
    (void)pthread_once(&s_once, s_read_built_in);
    const ntf_language_t *complete = s_find(&s_built_in, cv_str(s_complete));
    const ntf_word_t *word;
    for (size_t at = 0; complete && (word = ntf_words_at(complete->words, at)); at++) {
        if (cv_str_is(word->context, NTF_WORDS_PARTY) == is_name && i-- == 0)
            return word;
    }
    return NULL;
}

const ntf_word_t *ntf_language_word(size_t i)
{
    return s_word(i, false);
}

const ntf_word_t *ntf_language_name(size_t i)
{
    return s_word(i, true);
}

size_t ntf_language_words(const ntf_language_t *language, size_t *ret_of)
{
    const bool is_english = strcmp(language->tag, s_english) == 0;
    size_t of = 0, n = 0;
    const ntf_word_t *word;
    for (; (word = ntf_language_word(of)); of++) {
        const ntf_words_t *words = language->words;
        const ntf_word_t *found = ntf_words_find(&words, word->context, word->text);
        n += is_english || (found && cv_str_equal(found->many, word->many));
    }
    *ret_of = of;
    return n;
}

void ntf_languages_list(char *ret_text, size_t size)
{
    const ntf_language_t *language;
    size_t at = 0;
    ret_text[0] = '\0';
    for (size_t i = 0; (language = ntf_language_at(i)); i++) {
        int len = snprintf(ret_text + at, size - at, "%s%s", i ? ", " : "", language->tag);
        if (len < 0 || at + (size_t)len >= size)
            break;
        at += (size_t)len;
    }
}
