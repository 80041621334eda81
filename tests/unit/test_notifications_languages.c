/* test_notifications_languages: languages that are dropped in as files: what notices say in them, which one is the nearest,
 * and that a file with which notices could not be made is told of by its line and used by nobody.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/content/languages.h"
#include "notifications/content/text.h"
#include "notifications/core_remind.h"
#include "notifications/store.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define HEADER(plurals) \
    "msgid \"\"\nmsgstr \"Content-Type: text/plain; charset=UTF-8\\n\"\n\"Plural-Forms: " plurals "\\n\"\n\n"
#define WORD(one, its) "msgid \"" one "\"\nmsgstr \"" its "\"\n\n"
#define DAYS "msgid \"Time left: {{days}} day\"\nmsgid_plural \"Time left: {{days}} days\"\n"

static const char s_kazakh[] = HEADER("nplurals=2; plural=n != 1;") /* */
    WORD("Delegation", "Делегация") WORD("Event", "Іс-шара")
        WORD("Dear {{recipient}},", "Құрметті {{recipient}}!")                    /* */
    WORD("The event begins soon", "Іс-шара жақында басталады")                    /* */
    DAYS "msgstr[0] \"{{days}} күн қалды\"\nmsgstr[1] \"{{days}} күн қалды\"\n\n" /* */
         "msgctxt \"party\"\nmsgid \"Kazakhstan\"\nmsgstr \"Қазақстан <&> {{recipient}}\"\n";
/* The rule is that of gettext's manual. */
static const char s_arabic[] =
    HEADER("nplurals=6; plural=n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5;") /* */
    WORD("Delegation", "الوفد") WORD("Event", "الفعالية")                                                        /* */
    DAYS "msgstr[0] \"انتهى الوقت\"\nmsgstr[1] \"بقي يوم واحد\"\nmsgstr[2] \"بقي يومان\"\n"                      /* */
         "msgstr[3] \"بقيت {{days}} أيام\"\nmsgstr[4] \"بقي {{days}} يومًا\"\nmsgstr[5] \"بقي {{days}} يوم\"\n";

/* ---- a folder ------------------------------------------------------------------------------ */

static char s_dir[64];

static const char *path(const char *name)
{
    static char full[sizeof s_dir + 300];
    snprintf(full, sizeof full, "%s/%s", s_dir, name);
    return full;
}

static void put(const char *name, const char *octets, size_t len)
{
    FILE *file = fopen(path(name), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(octets, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void drop(const char *name, const char *text)
{
    put(name, text, strlen(text));
}

static void must_read(void)
{
    char error[512] = "";
    if (ntf_languages_read(s_dir, error, sizeof error))
        fail_msg("%s", error);
}

/* Refused, and the message has this; what was there before still is. */
static void refused(const char *says)
{
    char error[512] = "", before[200], after[200];
    ntf_languages_list(before, sizeof before);
    assert_int_equal(ntf_languages_read(s_dir, error, sizeof error), CV_EINVAL);
    if (!strstr(error, says))
        fail_msg("\"%s\" is not in \"%s\"", says, error);
    ntf_languages_list(after, sizeof after);
    assert_string_equal(before, after);
}

static int fresh(void **state)
{
    (void)state;
    snprintf(s_dir, sizeof s_dir, "/tmp/cvlXXXXXX");
    return mkdtemp(s_dir) ? 0 : -1;
}

static int gone(void **state)
{
    (void)state;
    char error[8];
    assert_int_equal(ntf_languages_read(NULL, error, sizeof error), CV_OK);
    DIR *dir = opendir(s_dir);
    assert_non_null(dir);
    for (const struct dirent *entry; (entry = readdir(dir));)
        unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    return rmdir(s_dir);
}

/* ---- what is said ---------------------------------------------------------------------------- */

static bool has(const cv_buf_t *buf, const char *part)
{
    return buf->len && memmem(buf->ptr, buf->len, part, strlen(part)) != NULL;
}

static void remind(const char *language, int64_t days, const char *party, ntf_text_t *ret)
{
    cv_scheduling_event_v1_t event = {.event = CV_STR("E1"), .version = 1, .event_details.title = CV_STR("A forum")};
    ntf_ahead_t ahead = {NTF_ANCHOR_START, 1772096400000 + days * 86400000, days * 86400000};
    ntf_context_t context = {.language = cv_str(language),
                             .recipient = CV_STR("Aigul"),
                             .party = CV_STR("KZ"),
                             .party_name = cv_str(party),
                             .event = CV_STR("E1"),
                             .details = &event,
                             .time_ms = 1772096400000,
                             .notice = CV_STR("n")};
    ntf_text_init(ret);
    assert_int_equal(ntf_text(&context, &(ntf_news_t){.kind = NTF_REMINDER, .ahead = &ahead}, ret), CV_OK);
}

/* The only part that is a line of text with something in it that is there. */
static void says(const char *language, int64_t days, const char *line)
{
    ntf_text_t text;
    remind(language, days, "Mongolia", &text);
    if (!has(&text.body, line) || !has(&text.html, line))
        fail_msg("%s %lld: \"%s\" is not in\n%.*s", language, (long long)days, line, (int)text.body.len,
                 (const char *)text.body.ptr);
    ntf_text_done(&text);
}

static void a_third_language(void **state)
{
    (void)state;
    ntf_text_t text;
    assert_false(ntf_language_is_known(CV_STR("kk")));
    drop("kk.po", s_kazakh);
    drop("README", "This is no catalogue.");
    drop(".kk.po.swp", "Neither is this.");
    must_read();
    assert_true(ntf_language_is_known(CV_STR("kk")));
    remind("kk-KZ", 7, "Kazakhstan", &text);
    assert_true(has(&text.subject, "Іс-шара жақында басталады: A forum"));
    assert_true(has(&text.body, "Құрметті Aigul!\n"));
    assert_true(has(&text.body, "\n7 күн қалды\n"));
    assert_true(has(&text.body, "\nDates: ")); /* what it does not have is said in English */
    assert_true(has(&text.html, "<html lang=\"kk\">"));
    /* A name is data: no template, and no markup. */
    assert_true(has(&text.body, "Делегация: Қазақстан <&> {{recipient}} (KZ)\n"));
    assert_true(has(&text.html, "Қазақстан &lt;&amp;&gt; {{recipient}} (KZ)"));
    ntf_text_done(&text);
    says("ru", 7, "Осталось: 7 дней");
    says("en", 7, "Time left: 7 days");
}

static void six_forms_from_right_to_left(void **state)
{
    (void)state;
    static const struct {
        int64_t days;
        const char *line;
    } rows[] = {{1, "بقي يوم واحد"}, {2, "بقي يومان"},    {3, "بقيت 3 أيام"},   {10, "بقيت 10 أيام"},
                {11, "بقي 11 يومًا"}, {99, "بقي 99 يومًا"}, {100, "بقي 100 يوم"}, {103, "بقيت 103 أيام"}};
    drop("ar.po", s_arabic);
    must_read();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        says("ar", rows[i].days, rows[i].line);
    ntf_text_t text;
    remind("ar-EG", 2, "Egypt", &text);
    assert_true(has(&text.html, "<html lang=\"ar\" dir=\"rtl\">"));
    /* Nothing in the text steers its direction; a reader's program sees which it is. */
    static const char *const marks[] = {"\u200e", "\u200f", "\u061c", "\u202a", "\u202b", "\u202c", "\u2066", "\u2069"};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        assert_false(has(&text.body, marks[i]) || has(&text.subject, marks[i]));
    ntf_text_done(&text);
    remind("ru", 2, "Egypt", &text);
    assert_true(has(&text.html, "<html lang=\"ru\">") && has(&text.body, "Египет (KZ)"));
    ntf_text_done(&text);
    remind("ru", 2, "Atlantis", &text); /* a name that nobody has put there */
    assert_true(has(&text.body, "Atlantis (KZ)"));
    ntf_text_done(&text);
}

static void which_scripts_run_from_right_to_left(void **state)
{
    (void)state;
    static const char *const rtl[] = {"fa", "he", "ur", "ps-AF", "az-Arab", "ckb-IQ", "uz-arab-AF"};
    static const char *const ltr[] = {"tr", "uz-Cyrl", "ku", "ar-Latn", "sd-Deva", "zh-Hant-TW", "de-1996"};
    char name[64];
    for (size_t i = 0; i < sizeof rtl / sizeof *rtl; i++) {
        snprintf(name, sizeof name, "%s.po", rtl[i]);
        drop(name, "");
        snprintf(name, sizeof name, "%s.po", ltr[i]);
        drop(name, "");
    }
    must_read();
    for (size_t i = 0; i < sizeof rtl / sizeof *rtl; i++) {
        assert_string_equal(ntf_language_of(cv_str(rtl[i]))->tag, rtl[i]);
        assert_true(ntf_language_of(cv_str(rtl[i]))->is_rtl);
        assert_string_equal(ntf_language_of(cv_str(ltr[i]))->tag, ltr[i]);
        assert_false(ntf_language_of(cv_str(ltr[i]))->is_rtl);
    }
}

static void nearest(const char *wanted, const char *found, bool known)
{
    if (strcmp(ntf_language_of(cv_str(wanted))->tag, found) != 0)
        fail_msg("%s: %s", wanted, ntf_language_of(cv_str(wanted))->tag);
    assert_int_equal(ntf_language_is_known(cv_str(wanted)), known);
}

static void the_nearest_one(void **state)
{
    (void)state;
    drop("zh.po", "");
    drop("zh-Hans.po", "");
    drop("uz-Cyrl.po", "");
    must_read();
    nearest("zh-Hans-CN", "zh-Hans", true);
    nearest("zh-hans", "zh-Hans", true); /* tags are the same in small letters */
    nearest("zh-Hant-TW", "zh", true);
    nearest("ru-KZ", "ru", true);
    nearest("en-GB", "en", true);
    nearest("uz", "en", false);
    nearest("uz-Latn", "en", false);
    nearest("xx", "en", false);
    nearest(NULL, "en", true);
    char list[200], part[10];
    ntf_languages_list(list, sizeof list);
    assert_string_equal(list, "en, ru, uz-Cyrl, zh, zh-Hans");
    ntf_languages_list(part, sizeof part);
    assert_memory_equal(part, "en, ru", 6);
}

/* A house's own words go before those of the program; another script does not stand among them. */
static void one_over_another(void **state)
{
    (void)state;
    drop("ru.po", HEADER("nplurals=1; plural=0;") WORD("Delegation", "Состав"));
    drop("ru-KZ.po", WORD("Event", "Встреча") DAYS "msgstr[0] \"\"\n");
    drop("ru-Latn.po", WORD("Event", "Vstrecha"));
    must_read();
    says("ru", 2, "Состав:");
    says("ru", 2, "Осталось: 2 дня"); /* by the rule of the catalogue that has it */
    says("ru-KZ", 5, "Состав:");
    says("ru-KZ", 5, "Встреча:");
    says("ru-KZ", 5, "Осталось: 5 дней");
    says("ru-Latn", 5, "Vstrecha:");
    says("ru-Latn", 5, "Delegation:");
    char error[8];
    assert_int_equal(ntf_languages_read("", error, sizeof error), CV_OK);
    says("ru-KZ", 5, "Делегация:");
}

static void how_complete_each_is(void **state)
{
    (void)state;
    size_t of, all, english;
    drop("kk.po", s_kazakh);
    drop("ru-KZ.po", WORD("Event", "Встреча") WORD("A word of no notice", "Слово"));
    must_read();
    english = ntf_language_words(ntf_language_of(CV_STR("en")), &all);
    assert_true(english == all && all > 100);
    assert_int_equal(ntf_language_words(ntf_language_of(CV_STR("ru")), &of), all);
    assert_int_equal(of, all);
    assert_int_equal(ntf_language_words(ntf_language_of(CV_STR("ru-KZ")), &of), all);
    assert_int_equal(ntf_language_words(ntf_language_of(CV_STR("kk")), &of), 5);
}

/* ---- what is refused ------------------------------------------------------------------------- */

static void what_no_notice_could_be_made_with(void **state)
{
    (void)state;
    static const struct {
        const char *po, *says;
    } bad[] = {
        {"nonsense\n", "xx.po:1: this is no line"},
        {WORD("a", "b") "msgid \"c\nmsgstr \"d\"\n", "xx.po:4: this is no line"},
        {"msgid \"a\"\nmsgid \"b\"\n", "xx.po:2: this is no line"},
        {"msgid \"a\"\nmsgstr \"b\"\nmsgstr \"c\"\n", "xx.po:3: this is no line"},
        {HEADER("nplurals=1; plural=0;") HEADER("nplurals=1; plural=0;"), "this is no line"},
        {"\xef\xbb\xbfmsgid \"a\"\n", "xx.po:1: this is no line"},
        {"msgid \"\"\nmsgstr \"Content-Type: text/plain; charset=KOI8-R\\n\"\n", "charset"},
        {WORD("a", "b") WORD("c", "d") WORD("a", "e"), "xx.po:7: this msgid is there twice"},
        {WORD("Event", "<b>Event</b>"), "xx.po:1: a text has <"},
        {WORD("Event", "R&D"), "a text has <"},
        {WORD("x", "y") WORD("Dear {{recipient}},", "Dear {{party}},"), "xx.po:4: a text has a {{placeholder}}"},
        {WORD("Dear {{recipient}},", "Dear {{{recipient}}},"), "a text has a {{placeholder}}"},
        {WORD("Dear {{recipient}},", "{{#recipient}}Dear {{recipient}},"), "a text has a {{placeholder}}"},
        {WORD("Dear {{recipient}},", "{{=<% %>=}}{{recipient}}"), "a text has <"},
        {WORD("Dear {{recipient}},", "{{>foot}}{{recipient}}"), "a text has <"},
        {WORD("Dear {{recipient}},", "Dear {{recipient}} {{"), "a text has a {{placeholder}}"},
        {WORD("Dear {{recipient}},", "Dear all,"), "a text lacks a {{placeholder}}"},
        {WORD("Event", "two\\nlines"), "steer"},
        {WORD("Event", "\u202eevil"), "steer"},
        {WORD("Event", "\xff"), "UTF-8"},
        {"msgid \"Event\"\nmsgstr[0] \"a\"\nmsgstr[1] \"b\"\n", "has one msgstr"},
        {DAYS "msgstr[0] \"{{days}}\"\n", "xx.po:1: the header must say"},
        {HEADER("nplurals=7; plural=0;") DAYS "msgstr[0] \"{{days}}\"\n", "the header must say"},
        {HEADER("nplurals=0; plural=0;") DAYS "msgstr[0] \"{{days}}\"\n", "the header must say"},
        {HEADER("nplurals=2; plural=n;") DAYS "msgstr[0] \"{{days}}\"\nmsgstr[1] \"{{days}}\"\n",
         "the rule of plurals"},
        {HEADER("nplurals=2; plural=n %;") DAYS "msgstr[0] \"{{days}}\"\nmsgstr[1] \"{{days}}\"\n", "the rule of"},
        {HEADER("nplurals=2; plural=1%(n-1);") DAYS "msgstr[0] \"{{days}}\"\nmsgstr[1] \"{{days}}\"\n", "the rule of"},
        {HEADER("nplurals=2; plural=n!=1;") DAYS "msgstr[0] \"{{days}}\"\n", "xx.po:5: there must be as many forms"},
        {HEADER("nplurals=1; plural=0;") DAYS "msgstr[0] \"{{days}}\"\nmsgstr[1] \"x\"\n", "as many forms"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        drop("xx.po", bad[i].po);
        refused(bad[i].says);
    }
    /* What a translator's program leaves there is none of that. */
    drop("xx.po",
         "# me\n#, fuzzy\nmsgid \"\"\nmsgstr \"Language: xx\\n\"\n#: a.c\nmsgid \"Event\"\nmsgstr \"E\"\n"
         "#, fuzzy\n#| msgid \"old\"\nmsgid \"Dates\"\nmsgstr \"<guess>\"\n#~ msgid \"gone\"\n#~ msgstr \"<\"\r\n"
         "msgid \"Place\"\nmsgstr \"\"\n\"P\"\n\"L\"");
    must_read();
    says("xx", 1, "E:");
    says("xx", 1, "Dates:");
    says("xx", 1, "PL:");
}

static void what_is_too_much(void **state)
{
    (void)state;
    enum { ROOM = NTF_CATALOGUE_MAX_OCTETS + 1 };
    char *large = malloc(ROOM);
    assert_non_null(large);
    memset(large, '#', ROOM);
    put("xx.po", large, ROOM);
    refused("xx.po: it is larger than 1 MiB");
    put("xx.po", large, ROOM - 1); /* one comment */
    must_read();
    size_t at = (size_t)snprintf(large, ROOM, "msgid \"a\"\nmsgstr \"\"\n");
    for (int i = 0; i < 20000; i++)
        at += (size_t)snprintf(large + at, ROOM - at, "\"0123456789\"\n");
    put("xx.po", large, at);
    refused("a text has too many lines");
    at = 0;
    for (int i = 0; i <= NTF_WORDS_MAX; i++)
        at += (size_t)snprintf(large + at, ROOM - at, "msgid \"%d\"\nmsgstr \"x\"\n\n", i);
    put("xx.po", large, at);
    refused("a catalogue has at most 1000 texts");
    memset(large, 'x', 1001);
    large[1001] = '\0';
    char *word = malloc(2000);
    assert_non_null(word);
    snprintf(word, 2000, "msgid \"Event\"\nmsgstr \"%s\"\n", large);
    drop("xx.po", word);
    refused("xx.po:1: a text is longer than 1000 octets");
    at = (size_t)snprintf(large, ROOM, "msgid \"\"\nmsgstr \"Plural-Forms: nplurals=1; plural=0");
    while (at < 5000)
        at += (size_t)snprintf(large + at, ROOM - at, "*0");
    at += (size_t)snprintf(large + at, ROOM - at, ";\"\n");
    put("xx.po", large, at);
    refused("xx.po:1: the header is longer than 4000 octets");
    free(word);
    free(large);
    unlink(path("xx.po"));
    for (int i = 0; i < NTF_LANGUAGES_MAX - 2; i++) {
        char name[16];
        snprintf(name, sizeof name, "x%c%c.po", 'a' + i / 26, 'a' + i % 26);
        drop(name, "");
    }
    must_read();
    drop("zz.po", "");
    refused("zz.po: there are more than 64 languages");
}

static void what_is_no_file_of_a_language(void **state)
{
    (void)state;
    static const char *const names[] = {"kazakh.po", "kk_KZ.po", "KK.po", "kk-.po", "x.po", "kk-Latn-KZ-x.po"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        drop(names[i], s_kazakh);
        refused("its name must be the tag of a language");
        unlink(path(names[i]));
    }
    drop("uz-Cyrl.po", "");
    drop("uz-cyrl.po", "");
    refused("uz-cyrl.po: there is another file for this language");
    unlink(path("uz-cyrl.po"));
    assert_int_equal(mkfifo(path("aa.po"), 0600), 0); /* nobody waits for it */
    refused("aa.po: it is no file");
    unlink(path("aa.po"));
    assert_int_equal(mkdir(path("aa.po"), 0700), 0);
    refused("aa.po: it is no file");
    rmdir(path("aa.po"));
    assert_int_equal(symlink("nowhere", path("aa.po")), 0);
    refused("aa.po: No such file");
    unlink(path("aa.po"));
    must_read();
    char error[512];
    assert_int_equal(ntf_languages_read(path("nowhere"), error, sizeof error), CV_EINVAL);
    assert_non_null(strstr(error, "nowhere: No such file"));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fresh, gone)
    const struct CMUnitTest tests[] = {
        T(a_third_language),
        T(six_forms_from_right_to_left),
        T(which_scripts_run_from_right_to_left),
        T(the_nearest_one),
        T(one_over_another),
        T(how_complete_each_is),
        T(what_is_too_much),
        T(what_is_no_file_of_a_language),
        T(what_no_notice_could_be_made_with),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
