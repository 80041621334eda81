/* test_words: catalogues of words: reading, forms of plurals, what is damaged; and every template in every language.
 * ctest-labels: notifications
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/content/embedded.h"
#include "notifications/content/languages.h"
#include "notifications/content/text.h"
#include "notifications/content/words.h"
#include "notifications/core.h"
#include "notifications/core_remind.h"
#include "notifications/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static bool has(cv_str_t text, const char *part)
{
    return text.len && memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

static void test_reading(void **state)
{
    (void)state;
    static const char po[] = "# A comment.\n"
                             "msgid \"\"\n"
                             "msgstr \"\"\n"
                             "\"Language: xx\\n\"\n"
                             "\"Plural-Forms: nplurals=2; plural=(n > 1);\\n\"\n"
                             "\n"
                             "#: somewhere.txt\n"
                             "msgid \"one\"\n"
                             "msgstr \"\"\n"
                             "\"two \"\n"
                             "\"\\\"three\\\"\\\\\\n\"\n"
                             "\n"
                             "msgctxt \"bank\"\n"
                             "msgid \"one\"\n"
                             "msgstr \"river\"\n"
                             "\n"
                             "#, fuzzy\n"
                             "msgid \"guess\"\n"
                             "msgstr \"wrong\"\n"
                             "\n"
                             "msgid \"untranslated\"\n"
                             "msgstr \"\"\n"
                             "\n"
                             "msgid \"{{n}} day\"\n"
                             "msgid_plural \"{{n}} days\"\n"
                             "msgstr[0] \"{{n}} jour\"\n"
                             "msgstr[1] \"{{n}} jours\"\n";
    ntf_words_t *words = NULL;
    assert_int_equal(ntf_words_parse(CV_STR(po), &words, NULL), CV_OK);
    assert_int_equal(ntf_words_n(words), 3);
    assert_true(cv_str_is(ntf_words_get(words, CV_STR_NONE, CV_STR("one")), "two \"three\"\\\n"));
    assert_true(cv_str_is(ntf_words_get(words, CV_STR("bank"), CV_STR("one")), "river"));
    assert_true(cv_str_is(ntf_words_get(words, CV_STR("other"), CV_STR("one")), "one"));
    assert_true(cv_str_is(ntf_words_get(words, CV_STR_NONE, CV_STR("guess")), "guess"));
    assert_true(cv_str_is(ntf_words_get(words, CV_STR_NONE, CV_STR("untranslated")), "untranslated"));
    assert_true(cv_str_is(ntf_words_form(words, CV_STR("{{n}} day"), CV_STR("{{n}} days"), 0), "{{n}} jour"));
    assert_true(cv_str_is(ntf_words_form(words, CV_STR("{{n}} day"), CV_STR("{{n}} days"), 2), "{{n}} jours"));
    assert_true(cv_str_is(ntf_words_form(words, CV_STR("{{n}} day"), CV_STR("other days"), 2), "other days"));
    assert_true(cv_str_is(ntf_words_form(NULL, CV_STR("a"), CV_STR("b"), 1), "a"));
    assert_true(cv_str_is(ntf_words_form(NULL, CV_STR("a"), CV_STR("b"), 0), "b"));
    ntf_words_destroy(&words);
}

static void test_what_is_no_catalogue(void **state)
{
    (void)state;
    static const struct {
        const char *po;
        size_t line;
    } bad[] = {{"msgid \"a\"\nmsgstr \"b\n", 2},
               {"msgid \"a\"\nmsgstr \"b\\q\"\n", 2},
               {"\"alone\"\n", 1},
               {"msgid \"a\"\nmsgstr[9] \"b\"\n", 2},
               {"msgid a\n", 1},
               {"msgid \"a\"b\"\n", 1},
               {"nonsense\n", 1},
               {"\nmsgstr \"b\"\n\n", 3}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ntf_words_t *words = NULL;
        size_t line = 0;
        if (ntf_words_parse(cv_str(bad[i].po), &words, &line) != CV_EMALFORMED || words || line != bad[i].line)
            fail_msg("%s: line %zu", bad[i].po, line);
    }
}

static int64_t rule(const char *text, int64_t n)
{
    char po[400];
    ntf_words_t *words = NULL;
    (void)snprintf(po, sizeof(po), "msgid \"\"\nmsgstr \"Plural-Forms: nplurals=6; plural=%s;\\n\"\n", text);
    assert_int_equal(ntf_words_parse(cv_str(po), &words, NULL), CV_OK);
    int64_t form = ntf_words_rule(words, n);
    ntf_words_destroy(&words);
    return form;
}

static void test_rules_of_plurals(void **state)
{
    (void)state;
    /* Arabic, as gettext's manual has it: six forms. */
    static const char arabic[] = "n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5";
    static const int64_t numbers[] = {0, 1, 2, 3, 10, 11, 99, 100, 102, 103, 111},
                         forms[] = {0, 1, 2, 3, 3, 4, 4, 5, 5, 3, 4};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        assert_int_equal(rule(arabic, numbers[i]), forms[i]);
    assert_int_equal(rule("0", 7), 0);
    assert_int_equal(rule("n != 1 || n == 1", 7), 1);
    assert_int_equal(rule("(n)", 3), 3);
    assert_int_equal(rule("n<=3 ? n>=3 ? 5 : 4 : 1", 3), 5);
    /* What is no rule gives none, and English then. */
    static const char *const bad[] = {
        "",
        "n %",
        "n % 0",
        "(n",
        "n)",
        "n ? 1",
        "m",
        "1 2",
        "n == == 1",
        "n ? : 2",
        "((((((((((((((((((((((((((((((((((((((((n))))))))))))))))))))))))))))))))))))))))"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(rule(bad[i], 5), -1);
}

static void test_russian_has_three_forms(void **state)
{
    (void)state;
    const ntf_words_t *words = ntf_language_of(CV_STR("ru"))->words;
    assert_non_null(words);
    static const struct {
        int64_t n;
        const char *text;
    } rows[] = {{1, "день"},  {2, "дня"},   {4, "дня"},  {5, "дней"},  {7, "дней"},   {11, "дней"},  {12, "дней"},
                {14, "дней"}, {21, "день"}, {22, "дня"}, {25, "дней"}, {101, "день"}, {111, "дней"}, {0, "дней"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char expected[100];
        cv_str_t form =
            ntf_words_form(words, CV_STR("Time left: {{days}} day"), CV_STR("Time left: {{days}} days"), rows[i].n);
        (void)snprintf(expected, sizeof(expected), "Осталось: {{days}} %s", rows[i].text);
        if (!cv_str_is(form, expected))
            fail_msg("%lld: %.*s", (long long)rows[i].n, CV_STR_ARG(form));
    }
    assert_null(ntf_language_of(CV_STR("en"))->words); /* it is in the templates */
}

/* Each catalogue that is compiled in can be read, so none is passed over in silence. */
static void test_each_catalogue_is_read(void **state)
{
    (void)state;
    size_t n = 0;
    for (const ntf_embedded_t *file = ntf_embedded; file->name; file++) {
        const char *dot = strstr(file->name, ".po");
        if (!dot || dot[3])
            continue;
        ntf_words_t *words = NULL;
        size_t line = 0;
        if (ntf_words_parse((cv_str_t){(const char *)file->bytes, file->len}, &words, &line))
            fail_msg("%s:%zu", file->name, line);
        assert_true(ntf_words_n(words) > 100);
        const char *wrong = ntf_words_check(words, &line);
        if (wrong)
            fail_msg("%s:%zu: %s", file->name, line, wrong);
        cv_str_t tag = {file->name, (size_t)(dot - file->name)};
        assert_true(cv_str_equal(ntf_language_code(tag), tag));
        ntf_words_destroy(&words);
        n++;
    }
    assert_true(n >= 1);
}

/* ---- every kind in every language ----------------------------------------------------------- */

static cv_scheduling_event_v1_t forum(void)
{
    return (cv_scheduling_event_v1_t){.event = CV_STR("FORUM-2026"),
                                      .version = 3,
                                      .status = CV_EVENT_STATUS_OPEN,
                                      .event_details = {.title = CV_STR("Форум <b>&\"x\"</b> 论坛"),
                                                        .city = CV_STR("Баку"),
                                                        .date_start = CV_STR("2026-05-12"),
                                                        .time_start = CV_STR("09:30"),
                                                        .utc_offset = CV_STR("+04:00")}};
}

static void make(bool russian, const ntf_news_t *news, const cv_scheduling_event_v1_t *event, ntf_text_t *text)
{
    ntf_context_t context = {.language = russian ? CV_STR("ru") : CV_STR("en"),
                             .recipient = CV_STR("<script>alert(1)</script>"),
                             .party = CV_STR("KZ"),
                             .party_name = CV_STR("Қазақстан"),
                             .event = CV_STR("FORUM-2026"),
                             .details = event,
                             .time_ms = 1772096400000,
                             .notice = CV_STR("the-notice")};
    ntf_text_init(text);
    assert_int_equal(ntf_text(&context, news, text), CV_OK);
    cv_str_t html = cv_buf_str(&text->html), body = cv_buf_str(&text->body);
    assert_true(has(body, "<script>alert(1)</script>")); /* a name is a name in text, and no markup in HTML */
    assert_true(has(html, "&lt;script&gt;alert(1)&lt;/script&gt;") && !has(html, "<script"));
    assert_true(has(body, "Қазақстан (KZ)") && has(html, "Қазақстан (KZ)"));
    assert_true(has(body, "the-notice") && has(html, "the-notice") && has(html, "</html>\n"));
    assert_true(has(html, russian ? "<html lang=\"ru\">" : "<html lang=\"en\">"));
    assert_false(has(body, "{{") || has(html, "{{"));
    assert_true(has(body, russian ? "Здравствуйте, " : "Dear "));
    /* Whatever is ours is in the language: no English line is left in a Russian notice, but for commands. */
    if (russian) {
        for (size_t at = 0; at < body.len;) {
            const char *newline = memchr(body.ptr + at, '\n', body.len - at);
            size_t end = newline ? (size_t)(newline - body.ptr) : body.len, cyrillic = end == at || body.ptr[at] == '>';
            cyrillic += end - at > 12 && memcmp(body.ptr + at, "    convene ", 12) == 0;
            for (size_t i = at; i < end; i++)
                cyrillic += (unsigned char)body.ptr[i] == 0xd0 || (unsigned char)body.ptr[i] == 0xd1;
            if (!cyrillic)
                fail_msg("%.*s", (int)(end - at), body.ptr + at);
            at = end + 1;
        }
    }
}

static void test_every_kind_in_every_language(void **state)
{
    (void)state;
    cv_scheduling_event_v1_t event = forum(), was = forum();
    was.event_details.city = CV_STR_NONE;
    event.reason = CV_STR("Зал закрыт");
    event.decision = CV_STR("Решение 7");
    static cv_registration_decided_v1_t decided = {.kind = CV_DECISION_KIND_REGISTER,
                                                   .cls = CV_OUTCOME_CLASS_OK,
                                                   .request = CV_STR("r"),
                                                   .code = CV_STR("registered"),
                                                   .persons_n = 1,
                                                   .persons = {{.number = 1, .state = CV_PERSON_STATE_CONFIRMED}},
                                                   .has_seats = true};
    static cv_registration_promoted_v1_t promoted = {.cause = CV_PROMOTION_CAUSE_OFFER,
                                                     .has_expires_ms = true,
                                                     .expires_ms = 1772096400000,
                                                     .persons_n = 1,
                                                     .persons = {{.number = 1, .state = CV_PERSON_STATE_OFFERED}}};
    static cv_registration_lapsed_v1_t lapsed = {
        .expires_ms = 1772096400000, .persons_n = 1, .persons = {{.number = 1, .state = CV_PERSON_STATE_WITHDRAWN}}};
    static cv_scheduling_decision_v1_t procedure = {.decision = CV_STR("2026-D-1"),
                                                    .state = CV_DECISION_STATE_OPEN,
                                                    .way = CV_DECISION_WAY_SILENCE,
                                                    .step = CV_DECISION_STEP_OPENED,
                                                    .has_expires_ms = true,
                                                    .expires_ms = 1772096400000,
                                                    .resolution = {.title = CV_STR("Plan"),
                                                                   .text = CV_STR("First <i>line\nSecond line"),
                                                                   .proposer = CV_STR("AZ")}};
    for (int russian = 0; russian < 2; russian++) {
        ntf_text_t text;
        make(russian, &(ntf_news_t){.kind = NTF_DECISION, .decided = &decided}, &event, &text);
        assert_true(has(cv_buf_str(&text.body), "2026-05-12, 09:30 +04:00"));
        assert_true(has(cv_buf_str(&text.body), "Форум <b>&\"x\"</b> 论坛"));
        assert_true(has(cv_buf_str(&text.html), "Форум &lt;b&gt;&amp;&quot;x&quot;&lt;/b&gt; 论坛"));
        ntf_text_done(&text);
        make(russian, &(ntf_news_t){.kind = NTF_PROMOTION, .promoted = &promoted}, &event, &text);
        ntf_text_done(&text);
        make(russian, &(ntf_news_t){.kind = NTF_LAPSE, .lapsed = &lapsed}, &event, &text);
        ntf_text_done(&text);
        make(russian, &(ntf_news_t){.kind = NTF_EVENT_CHANGE, .was = &was, .changes = ntf_changes(&was, &event)},
             &event, &text);
        assert_true(has(cv_buf_str(&text.html), "<strong>Баку</strong>"));
        ntf_text_done(&text);
        for (int step = CV_DECISION_STEP_OPENED; step <= CV_DECISION_STEP_WITHDRAWN; step++) {
            procedure.step = (cv_decision_step_t)step;
            make(russian, &(ntf_news_t){.kind = NTF_SILENCE, .procedure = &procedure}, NULL, &text);
            assert_true(has(cv_buf_str(&text.body), "> First <i>line\n> Second line\n"));
            assert_true(has(cv_buf_str(&text.html), "First &lt;i&gt;line<br>\nSecond line<br>\n"));
            assert_true(has(cv_buf_str(&text.body), "2026-02-26 09:00:00 +00:00 (UTC)\n"));
            ntf_text_done(&text);
        }
        for (int anchor = 0; anchor < NTF_ANCHORS_N; anchor++) {
            int64_t before_ms = anchor == NTF_ANCHOR_START ? 7 * 86400000 : 2 * 3600000;
            ntf_ahead_t ahead = {anchor, 1772096400000 + before_ms, before_ms};
            ntf_news_t news = {.kind = NTF_REMINDER, .ahead = &ahead};
            news.procedure = anchor == NTF_ANCHOR_SILENCE ? &procedure : NULL;
            make(russian, &news, anchor == NTF_ANCHOR_SILENCE ? NULL : &event, &text);
            bool start = anchor == NTF_ANCHOR_START;
            assert_true(has(cv_buf_str(&text.body), start ? russian ? "Осталось: 7 дней\n" : "Time left: 7 days\n"
                                                    : russian ? "Осталось: 2 часа\n"
                                                              : "Time left: 2 hours\n"));
            ntf_text_done(&text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reading),
        cmocka_unit_test(test_what_is_no_catalogue),
        cmocka_unit_test(test_rules_of_plurals),
        cmocka_unit_test(test_russian_has_three_forms),
        cmocka_unit_test(test_each_catalogue_is_read),
        cmocka_unit_test(test_every_kind_in_every_language),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
