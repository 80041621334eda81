/* test_notifications_core: ids, material changes, who is told, texts and the bytes of a message.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/content/text.h"
#include "notifications/core.h"
#include "notifications/mail.h"
#include "notifications/store.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static bool has(cv_str_t text, const char *part)
{
    return text.ptr && memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

/* ---- ids ---------------------------------------------------------------------------------- */

static void test_notice_id(void **state)
{
    (void)state;
    char id[NTF_ID_MAX + 1] = "untouched";
    assert_int_equal(ntf_notice_id(CV_STR("registration.events/0123456789abcdef/42"), CV_STR("KZ"), id), CV_OK);
    assert_string_equal(id, "registration.events.0123456789abcdef.42.KZ");

    static const struct {
        const char *record, *party;
    } bad[] = {
        {"", "KZ"},
        {"registration.events/0123456789abcdef", "KZ"},
        {"registration.events/0123456789abcdef/42/1", "KZ"},
        {"../0123456789abcdef/42", "KZ"},
        {"a..b/0123456789abcdef/42", "KZ"},
        {"registration.events/0123456789ABCDEF/42", "KZ"},
        {"registration.events/0123456789abcdef/4\n2", "KZ"},
        {"registration.events//42", "KZ"},
        {"registration.events/0123456789abcdef/42", ""},
        {"registration.events/0123456789abcdef/42", "K/Z"},
        {"registration.events/0123456789abcdef/42", "K Z"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        memcpy(id, "untouched", sizeof("untouched"));
        assert_int_equal(ntf_notice_id(cv_str(bad[i].record), cv_str(bad[i].party), id), CV_EINVAL);
        assert_string_equal(id, "untouched");
    }
    char long_id[NTF_ID_MAX + 8];
    memset(long_id, '1', sizeof(long_id));
    memcpy(long_id, "a/b/", 4);
    assert_int_equal(ntf_notice_id((cv_str_t){long_id, sizeof(long_id)}, CV_STR("KZ"), id), CV_EINVAL);
}

/* ---- changes ------------------------------------------------------------------------------ */

static cv_scheduling_event_v1_t forum(void)
{
    return (cv_scheduling_event_v1_t){
        .event = CV_STR("FORUM-2026"),
        .version = 3,
        .status = CV_EVENT_STATUS_OPEN,
        .event_details =
            {
                .title = CV_STR("Business Forum"),
                .city = CV_STR("Baku"),
                .country = CV_STR("AZ"),
                .venue = CV_STR("BCC"),
                .format = CV_EVENT_FORMAT_IN_PERSON,
                .date_start = CV_STR("2026-05-12"),
                .date_end = CV_STR("2026-05-13"),
                .precision = CV_DATE_PRECISION_MINUTE,
                .time_start = CV_STR("09:30"),
                .zone = CV_STR("Asia/Baku"),
                .utc_offset = CV_STR("+04:00"),
            },
    };
}

static void test_changes(void **state)
{
    (void)state;
    cv_scheduling_event_v1_t was = forum(), now = forum();
    now.version = 4;
    now.event_details.note = CV_STR("bring a badge");
    now.event_details.host_org = CV_STR("Chamber of Commerce");
    now.has_registration = true;
    assert_int_equal(ntf_changes(&was, &now), 0);

#define CHANGES(expected, assignment)                        \
    do {                                                     \
        now = forum();                                       \
        assignment;                                          \
        assert_int_equal(ntf_changes(&was, &now), expected); \
    } while (0)
    CHANGES(NTF_CHANGED_TITLE, now.event_details.title = CV_STR("Business Council"));
    CHANGES(NTF_CHANGED_DATES, now.event_details.date_start = CV_STR("2026-05-11"));
    CHANGES(NTF_CHANGED_DATES, now.event_details.date_end = CV_STR_NONE);
    CHANGES(NTF_CHANGED_DATES, now.event_details.time_start = CV_STR("10:00"));
    CHANGES(NTF_CHANGED_DATES, now.event_details.utc_offset = CV_STR("+05:00"));
    CHANGES(NTF_CHANGED_DATES, now.event_details.zone = CV_STR("Asia/Almaty"));
    CHANGES(NTF_CHANGED_DATES, now.event_details.precision = CV_DATE_PRECISION_DAY);
    CHANGES(NTF_CHANGED_PLACE, now.event_details.city = CV_STR("Ganja"));
    CHANGES(NTF_CHANGED_PLACE, now.event_details.country = CV_STR("KZ"));
    CHANGES(NTF_CHANGED_VENUE, now.event_details.venue = CV_STR("EXPO"));
    CHANGES(NTF_CHANGED_FORMAT, now.event_details.format = CV_EVENT_FORMAT_ONLINE);
    CHANGES(NTF_CANCELLED, now.status = CV_EVENT_STATUS_CANCELLED);
    CHANGES(NTF_POSTPONED, now.status = CV_EVENT_STATUS_POSTPONED);
    CHANGES(0, now.status = CV_EVENT_STATUS_CLOSED);
    CHANGES(NTF_CHANGED_PLACE | NTF_CHANGED_FORMAT, now.event_details.city = CV_STR_NONE;
            now.event_details.format = CV_EVENT_FORMAT_ONLINE);
    was.status = CV_EVENT_STATUS_POSTPONED;
    CHANGES(NTF_REINSTATED, now.status = CV_EVENT_STATUS_SCHEDULED);
    CHANGES(NTF_CANCELLED, now.status = CV_EVENT_STATUS_CANCELLED);
    CHANGES(0, now.status = CV_EVENT_STATUS_POSTPONED);
    CHANGES(0, now.status = CV_EVENT_STATUS_REJECTED);
}

static void test_who_is_told_does_not_depend_on_order(void **state)
{
    (void)state;
    assert_false(ntf_concerned(CV_PARTY_ANSWER_REGISTERED, 100, 100)); /* knew it */
    assert_true(ntf_concerned(CV_PARTY_ANSWER_REGISTERED, 100, 200));
    assert_false(ntf_concerned(CV_PARTY_ANSWER_REGISTERED, 200, 100));
    assert_true(ntf_concerned(CV_PARTY_ANSWER_DECLINED, 100, 200)); /* what it declined is not what is now */
    assert_false(ntf_concerned(CV_PARTY_ANSWER_DECLINED, 200, 200));
    assert_false(ntf_concerned(CV_PARTY_ANSWER_WITHDRAWN, 100, 200));
    assert_false(ntf_concerned(CV_PARTY_ANSWER_NONE, 100, 200));
    assert_int_equal(ntf_answer_since(CV_PARTY_ANSWER_REGISTERED, 100, CV_PARTY_ANSWER_REGISTERED, 200), 100);
    assert_int_equal(ntf_answer_since(CV_PARTY_ANSWER_WITHDRAWN, 100, CV_PARTY_ANSWER_REGISTERED, 200), 200);
    assert_int_equal(ntf_answer_since(CV_PARTY_ANSWER_ABSENT, 0, CV_PARTY_ANSWER_REGISTERED, 200), 200);
}

static void test_epoch_of_a_record(void **state)
{
    (void)state;
    static const uint8_t expected[CV_EPOCH_LEN] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
    static const char *const none[] = {"",
                                       "FORUM",
                                       "registration.events/",
                                       "registration.events/0123456789abcdef",
                                       "registration.events/0123456789abcde/1",
                                       "registration.events/0123456789abcdeg/1",
                                       "registration.events/0123456789ABCDEF/1",
                                       "r/0123456789abcdef0/1"};
    uint8_t epoch[CV_EPOCH_LEN] = {0};
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        assert_false(ntf_epoch_of(cv_str(none[i]), epoch));
    assert_true(ntf_epoch_of(CV_STR("registration.events/0123456789abcdef/42"), epoch));
    assert_memory_equal(epoch, expected, sizeof(epoch));
}

static void test_pauses_cover_72_hours(void **state)
{
    (void)state;
    assert_int_equal(ntf_pause_ms(1, NTF_PAUSE_MAX_MS), 1000);
    assert_int_equal(ntf_pause_ms(2, NTF_PAUSE_MAX_MS), 2000);
    assert_int_equal(ntf_pause_ms(5, NTF_PAUSE_MAX_MS), 16000);
    assert_int_equal(ntf_pause_ms(1000000, NTF_PAUSE_MAX_MS), NTF_PAUSE_MAX_MS);
    assert_int_equal(ntf_pause_ms(1000000, NTF_PAUSE_OUTBOX_MS), NTF_PAUSE_OUTBOX_MS);
    int64_t all = 0;
    for (int64_t i = 1; i < NTF_TRIES_MAX; i++)
        all += ntf_pause_ms(i, NTF_PAUSE_MAX_MS);
    assert_in_range((uint64_t)all, 72u * 3600 * 1000, 74u * 3600 * 1000);
}

/* ---- mail --------------------------------------------------------------------------------- */

static ntf_mail_t letter(void)
{
    return (ntf_mail_t){
        .id = CV_STR("registration.events.0123456789abcdef.42.KZ"),
        .domain = CV_STR("convene.invalid"),
        .time_ms = 1772096400000, /* 2026-02-26 09:00:00 UTC, a Thursday */
        .to_name = CV_STR("Aigerim \"A\" Bekova"),
        .to_address = CV_STR("a.bekova@mfa.example"),
        .language = CV_STR("en"),
        .subject = CV_STR("Registration accepted: Forum"),
        .body = CV_STR("Dear A,\n\nyes.\n"),
    };
}

static void test_mail_bytes(void **state)
{
    (void)state;
    cv_buf_t buf;
    cv_buf_init(&buf, NTF_MAIL_MAX);
    ntf_mail_t mail = letter();
    assert_int_equal(ntf_mail_write(&mail, &buf), CV_OK);
    static const char expected[] = "Date: Thu, 26 Feb 2026 09:00:00 +0000\r\n"
                                   "From: \"Convene\" <convene@convene.invalid>\r\n"
                                   "To: \"Aigerim \\\"A\\\" Bekova\"\r\n"
                                   " <a.bekova@mfa.example>\r\n"
                                   "Subject: Registration accepted: Forum\r\n"
                                   "Message-ID: <registration.events.0123456789abcdef.42.KZ@convene.invalid>\r\n"
                                   "Auto-Submitted: auto-generated\r\n"
                                   "MIME-Version: 1.0\r\n"
                                   "Content-Type: text/plain; charset=utf-8\r\n"
                                   "Content-Transfer-Encoding: 8bit\r\n"
                                   "Content-Language: en\r\n"
                                   "\r\n"
                                   "Dear A,\r\n\r\nyes.\r\n";
    assert_int_equal(buf.len, sizeof(expected) - 1);
    assert_memory_equal(buf.ptr, expected, sizeof(expected) - 1);
    cv_buf_clear(&buf);
    mail.reply_to = CV_STR("desk@secretariat.example");
    assert_int_equal(ntf_mail_write(&mail, &buf), CV_OK);
    static const char with_reply[] = "From: \"Convene\" <convene@convene.invalid>\r\n"
                                     "Reply-To: <desk@secretariat.example>\r\n"
                                     "To: ";
    assert_non_null(memmem(buf.ptr, buf.len, with_reply, sizeof(with_reply) - 1));
    cv_buf_clear(&buf);
    mail.reply_to = CV_STR("desk@x>\r\nBcc: <y@z.example");
    assert_int_equal(ntf_mail_write(&mail, &buf), CV_EINVAL);
    cv_buf_done(&buf);
}

/* Parts in the order from plain to rich; what parts them stands in none, whoever writes it into a text. */
static void test_mail_has_parts(void **state)
{
    (void)state;
    cv_buf_t buf;
    char boundary[80], body[200];
    cv_buf_init(&buf, NTF_MAIL_MAX);
    ntf_mail_t mail = letter();
    mail.html = CV_STR("<p>yes</p>\n");
    mail.calendar = CV_STR("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n");
    mail.method = CV_STR("REQUEST");
    for (int i = 0; i < 2; i++) {
        cv_buf_clear(&buf);
        assert_int_equal(ntf_mail_write(&mail, &buf), CV_OK);
        cv_str_t all = cv_buf_str(&buf);
        const char *found = memmem(all.ptr, all.len, " boundary=\"", 11);
        assert_non_null(found);
        const char *quote = memchr(found + 11, '"', all.len - (size_t)(found + 11 - all.ptr));
        assert_non_null(quote);
        (void)snprintf(boundary, sizeof(boundary), "%.*s", (int)(quote - (found + 11)), found + 11);
        size_t n = 0;
        char delimiter[90];
        (void)snprintf(delimiter, sizeof(delimiter), "\r\n--%s", boundary);
        for (const char *at = all.ptr;
             (at = memmem(at, all.len - (size_t)(at - all.ptr), delimiter, strlen(delimiter))); at++)
            n++;
        assert_int_equal(n, 4);
        assert_true(has(all, "text/plain; charset=utf-8\r\n") && has(all, "text/html; charset=utf-8\r\n"));
        assert_true(has(all, "Content-Type: text/calendar; charset=utf-8; method=REQUEST\r\n"));
        (void)snprintf(body, sizeof(body), "Dear\n--%s\nContent-Type: text/html\n\nevil\n", boundary);
        mail.body = cv_str(body); /* and once more, with what parted them */
    }
    cv_buf_clear(&buf);
    mail.calendar = CV_STR("BEGIN:VCALENDAR\nEND:VCALENDAR\r\n"); /* a line of a calendar ends with both */
    assert_int_equal(ntf_mail_write(&mail, &buf), CV_EINVAL);
    mail.calendar = CV_STR("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n");
    mail.method = CV_STR("REQUEST\r\nBcc: x");
    assert_int_equal(ntf_mail_write(&mail, &buf), CV_EINVAL);
    cv_buf_done(&buf);
}

/* Every line but the body's keeps to 76 octets and ASCII, whatever the subject. */
static void test_mail_encodes_headers(void **state)
{
    (void)state;
    cv_buf_t buf;
    cv_buf_init(&buf, NTF_MAIL_MAX);
    ntf_mail_t mail = letter();
    mail.to_name = CV_STR("Айгерим Бекова");
    mail.subject = CV_STR("Регистрация принята: Деловой форум Совещания по взаимодействию и мерам доверия в Азии");
    mail.body = CV_STR("Здравствуйте");
    assert_int_equal(ntf_mail_write(&mail, &buf), CV_OK);
    cv_str_t all = cv_buf_str(&buf);
    assert_true(has(all, "To: =?UTF-8?B?0JDQudCz0LXRgNC40Lwg0JHQtdC60L7QstCw?=\r\n <a.bekova@mfa.example>\r\n"));
    assert_true(has(all, "Subject: =?UTF-8?B?0KDQtdCz0LjRgdGC0YDQsNGG0LjRjyDQv9GA0LjQvdGP0YLQsDog?=\r\n =?UTF-8?B?"));
    assert_true(has(all, "\r\n\r\nЗдравствуйте\r\n"));
    size_t line = 0;
    for (size_t i = 0; !(all.ptr[i] == '\n' && all.ptr[i + 1] == '\r'); i++) {
        assert_true((unsigned char)all.ptr[i] < 0x80);
        line = all.ptr[i] == '\n' ? 0 : line + 1;
        assert_true(line <= 77); /* with its CR */
    }
    /* What looks like an encoded word must not be taken for one. */
    cv_buf_clear(&buf);
    mail.subject = CV_STR("=?UTF-8?B?AAAA?=");
    assert_int_equal(ntf_mail_write(&mail, &buf), CV_OK);
    assert_true(has(cv_buf_str(&buf), "Subject: =?UTF-8?B?PT9VVEYtOD9CP0FBQUE/PQ==?=\r\n"));
    cv_buf_done(&buf);
}

/* Appends what the base64 lines from *at say, up to the next line that is none. */
static size_t decoded(cv_str_t all, size_t at, char *ret, size_t size)
{
    size_t n = 0;
    const char *end = NULL;
    assert_int_equal(sodium_base642bin((unsigned char *)ret, size, all.ptr + at, all.len - at, "\r\n", &n, &end,
                                       sodium_base64_VARIANT_ORIGINAL),
                     0);
    return n;
}

/* For a server that takes ASCII alone: nothing else is in it, and what it says is the same octets as in a file. */
static void test_mail_in_ascii(void **state)
{
    (void)state;
    cv_buf_t buf;
    cv_buf_init(&buf, NTF_MAIL_MAX);
    ntf_mail_t mail = letter();
    mail.is_7bit = true;
    mail.to_name = CV_STR("Айгерим Бекова");
    mail.html = CV_STR("<p>Здравствуйте</p>\n<p>да</p>\n");
    mail.calendar =
        CV_STR("BEGIN:VCALENDAR\r\nSUMMARY:Деловой форум Совещания по\r\n  взаимодействию\r\nEND:VCALENDAR\r\n");
    mail.method = CV_STR("REQUEST");
    assert_int_equal(ntf_mail_write(&mail, &buf), CV_OK);
    cv_str_t all = cv_buf_str(&buf);
    for (size_t i = 0, line = 0; i < all.len; i++) {
        assert_true((unsigned char)all.ptr[i] < 0x80);
        line = all.ptr[i] == '\n' ? 0 : line + 1;
        assert_true(line <= 79); /* the line that names the boundary is the longest */
    }
    assert_true(has(all, "Content-Transfer-Encoding: 7bit\r\n\r\nDear A,\r\n"));
    char octets[400];
    static const char html[] = "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    const char *at = memmem(all.ptr, all.len, html, sizeof(html) - 1);
    assert_non_null(at);
    cv_str_t said = {octets, decoded(all, (size_t)(at - all.ptr) + sizeof(html) - 1, octets, sizeof(octets))};
    assert_true(cv_str_equal(said, CV_STR("<p>Здравствуйте</p>\r\n<p>да</p>\r\n")));
    static const char calendar[] = "Content-Type: text/calendar; charset=utf-8; method=REQUEST\r\n"
                                   "Content-Transfer-Encoding: base64\r\n\r\n";
    at = memmem(all.ptr, all.len, calendar, sizeof(calendar) - 1);
    assert_non_null(at);
    said = (cv_str_t){octets, decoded(all, (size_t)(at - all.ptr) + sizeof(calendar) - 1, octets, sizeof(octets))};
    assert_true(cv_str_equal(said, mail.calendar));
    /* One part: the same. */
    cv_buf_clear(&buf);
    mail.html = mail.calendar = CV_STR_NONE;
    mail.body = CV_STR("Здравствуйте\n");
    assert_int_equal(ntf_mail_write(&mail, &buf), CV_OK);
    assert_true(has(cv_buf_str(&buf), "Content-Transfer-Encoding: base64\r\nContent-Language: en\r\n\r\n"
                                      "0JfQtNGA0LDQstGB0YLQstGD0LnRgtC1DQo=\r\n"));
    cv_buf_done(&buf);
}

static void test_mail_breaks_long_lines(void **state)
{
    (void)state;
    char body[5000];
    for (size_t i = 0; i < sizeof(body); i += 2)
        memcpy(body + i, "\xd0\xb9", 2); /* one word without a space */
    memcpy(body + 100, "  ", 2);
    cv_buf_t buf;
    cv_buf_init(&buf, NTF_MAIL_MAX);
    ntf_mail_t mail = letter();
    mail.body = (cv_str_t){body, sizeof(body)};
    assert_int_equal(ntf_mail_write(&mail, &buf), CV_OK);
    cv_str_t all = cv_buf_str(&buf);
    size_t line = 0, octets = 0;
    const char *text = memmem(all.ptr, all.len, "\r\n\r\n", 4);
    for (const char *at = text + 4; at < all.ptr + all.len; at++) {
        line = *at == '\n' ? 0 : line + 1;
        octets += *at != '\r' && *at != '\n';
        assert_true(line <= NTF_MAIL_LINE_MAX + 1);
    }
    assert_int_equal(octets, sizeof(body));
    /* Never in the middle of a character. */
    for (size_t at = 0; at < all.len;)
        assert_true(ntf_utf8_next(all, &at) >= 0);
    cv_buf_done(&buf);
}

static void test_mail_refuses(void **state)
{
    (void)state;
    cv_buf_t buf;
    cv_buf_init(&buf, NTF_MAIL_MAX);
#define REFUSES(assignment)                                       \
    do {                                                          \
        ntf_mail_t mail = letter();                               \
        assignment;                                               \
        assert_int_equal(ntf_mail_write(&mail, &buf), CV_EINVAL); \
        assert_int_equal(buf.len, 0);                             \
    } while (0)
    REFUSES(mail.to_name = CV_STR("A\r\nBcc: all@example"));
    REFUSES(mail.to_name = CV_STR("A\0B"));
    REFUSES(mail.to_name = CV_STR(""));
    REFUSES(mail.to_name = CV_STR("\xe2\x80\xae"
                                  "evil"));     /* right-to-left override */
    REFUSES(mail.to_name = CV_STR("\xc2\x85")); /* next line, a C1 control */
    REFUSES(mail.to_name = CV_STR("\xff"));
    REFUSES(mail.to_address = CV_STR_NONE);
    REFUSES(mail.subject = CV_STR("a\nb"));
    REFUSES(mail.subject = CV_STR(""));
    REFUSES(mail.body = CV_STR("a\rb"));
    REFUSES(mail.body = CV_STR("a\0b"));
    REFUSES(mail.body = CV_STR("\xd0"));
    REFUSES(mail.id = CV_STR("a/b"));
    REFUSES(mail.id = CV_STR(".a"));
    REFUSES(mail.id = CV_STR("a>b"));
    REFUSES(mail.domain = CV_STR("a b"));
    REFUSES(mail.domain = CV_STR("-a.example"));
    REFUSES(mail.language = CV_STR("e\r\nn"));
    REFUSES(mail.time_ms = -1);
    REFUSES(mail.time_ms = INT64_MAX);
    cv_buf_done(&buf);

    cv_buf_init(&buf, 64);
    ntf_mail_t mail = letter();
    assert_int_equal(ntf_mail_write(&mail, &buf), CV_ELIMIT);
    cv_buf_done(&buf);
}

static void test_addresses(void **state)
{
    (void)state;
    static const char *const good[] = {"a@b", "a.b+c@mfa.example", "o'neil@x-y.example", "1@2.example",
                                       "A_B@EXAMPLE.org"};
    static const char *const bad[] = {
        "",       "a",      "@b",         "a@",         "a@@b",  "a b@c",  "a@b c",   "a@b\r\nBcc: c", ".a@b",  "a.@b",
        "a..b@c", "a@.b",   "a@b.",       "a@-b",       "a@b-",  "a@b-.c", "\"a\"@b", "a@[1.2.3.4]",   "a,b@c", "<a@b>",
        "a@b>",   "a(b)@c", "\xd0\xb9@b", "a@\xd0\xb9", "a;b@c", "a:b@c",  "a\\b@c",  "a@b,c@d"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(ntf_mail_address_usable(cv_str(good[i])));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(ntf_mail_address_usable(cv_str(bad[i])));
    assert_false(ntf_mail_address_usable(CV_STR_NONE));
    assert_false(ntf_mail_address_usable(CV_STR("a@b\0c")));
    char local[80];
    memset(local, 'a', sizeof(local));
    memcpy(local + 64, "@b", 2);
    assert_true(ntf_mail_address_usable((cv_str_t){local, 66}));
    local[64] = 'a', local[65] = '@', local[66] = 'b';
    assert_false(ntf_mail_address_usable((cv_str_t){local, 67}));
}

/* ---- texts -------------------------------------------------------------------------------- */

static int text_decision(const ntf_context_t *context, const cv_registration_decided_v1_t *decided, ntf_text_t *text)
{
    ntf_text_init(text);
    return ntf_text(context, &(ntf_news_t){.kind = NTF_DECISION, .decided = decided}, text);
}

static int text_change(const ntf_context_t *context, const cv_scheduling_event_v1_t *was, ntf_text_t *text)
{
    ntf_text_init(text);
    ntf_news_t news = {.kind = NTF_EVENT_CHANGE, .was = was, .changes = ntf_changes(was, context->details)};
    return ntf_text(context, &news, text);
}

static cv_registration_decided_v1_t decided(void)
{
    return (cv_registration_decided_v1_t){
        .request = CV_STR("0190163d-8694-739b-aea5-966c26f8ad91"),
        .kind = CV_DECISION_KIND_REGISTER,
        .event = CV_STR("FORUM-2026"),
        .party = CV_STR("KZ"),
        .cls = CV_OUTCOME_CLASS_OK,
        .code = CV_STR("registered"),
        .persons_n = 2,
        .persons = {{.number = 1, .state = CV_PERSON_STATE_CONFIRMED},
                    {.number = 2, .state = CV_PERSON_STATE_WAITING, .has_position = true, .position = 3}},
        .has_seats = true,
        .seats = {.party_confirmed = 1, .party_maximum = 5, .party_waiting = 1},
    };
}

static void test_text_of_a_decision(void **state)
{
    (void)state;
    cv_scheduling_event_v1_t event = forum();
    ntf_person_t persons[] = {{1, CV_STR("Bekova Aigerim")}};
    ntf_context_t context = {
        .language = CV_STR("en"),
        .recipient = CV_STR("A. Bekova"),
        .party = CV_STR("KZ"),
        .party_name = CV_STR("Kazakhstan"),
        .event = CV_STR("FORUM-2026"),
        .details = &event,
        .venue_name = CV_STR("Congress Centre"),
        .persons = persons,
        .persons_n = 1,
        .time_ms = 1772096400000,
        .notice = CV_STR("registration.events.0123456789abcdef.42.KZ"),
    };
    cv_registration_decided_v1_t record = decided();
    ntf_text_t text;
    assert_int_equal(text_decision(&context, &record, &text), CV_OK);
    cv_str_t body = cv_buf_str(&text.body);
    assert_true(cv_str_is(cv_buf_str(&text.subject), "Registration accepted in part: Business Forum"));
    assert_true(has(body, "Dear A. Bekova,\n\nRegistration accepted in part.\n"));
    assert_true(has(body, "Delegation: Kazakhstan (KZ)\nEvent: Business Forum (FORUM-2026)\n"));
    assert_true(has(body, "Dates: 2026-05-12 - 2026-05-13, 09:30 +04:00 (Asia/Baku)\nPlace: Baku, AZ\n"));
    assert_true(has(body, "Venue: Congress Centre\nFormat: in person\nDecided at: 2026-02-26 13:00:00 +04:00\n"));
    assert_true(has(body, "Reason: all persons are registered (registered)\n"));
    assert_true(has(body, "  No. 1, Bekova Aigerim: confirmed\n  No. 2: on the waiting list, place 3\n"));
    assert_true(has(body, "Seats of the delegation: confirmed 1 (at most 5), waiting 1\n"));
    assert_true(has(body, "Notice: registration.events.0123456789abcdef.42.KZ\n"));
    ntf_text_done(&text);

    context.language = CV_STR("ru");
    assert_int_equal(text_decision(&context, &record, &text), CV_OK);
    body = cv_buf_str(&text.body);
    assert_true(cv_str_is(cv_buf_str(&text.subject), "Регистрация принята частично: Business Forum"));
    assert_true(has(body, "Здравствуйте, A. Bekova!\n"));
    assert_true(has(body, "  № 1, Bekova Aigerim: место подтверждено\n  № 2: в листе ожидания, № 3 в очереди\n"));
    assert_true(has(body, "Время решения: 2026-02-26 13:00:00 +04:00\n"));
    assert_true(has(body, "Основание: все участники зарегистрированы (registered)\n"));
    ntf_text_done(&text);

    record.code = CV_STR("new_rule");
    assert_int_equal(text_decision(&context, &record, &text), CV_OK);
    assert_true(has(cv_buf_str(&text.body), "Основание: new_rule\n"));
    ntf_text_done(&text);
}

/* What is said goes by the kind, the class, the code and how the persons stand; each state of persons in each kind that
 * can leave it. */
static void test_headlines(void **state)
{
    (void)state;
    enum {
        CONFIRMED = CV_PERSON_STATE_CONFIRMED,
        WAITING = CV_PERSON_STATE_WAITING,
        WITHDRAWN = CV_PERSON_STATE_WITHDRAWN,
        REFUSED = CV_PERSON_STATE_REFUSED,
        ONLINE = CV_PERSON_STATE_ONLINE,
        REVIEW = CV_PERSON_STATE_UNDER_REVIEW,
        RETURNED = CV_PERSON_STATE_RETURNED,
        NOMINATED = CV_PERSON_STATE_NOMINATED,
        NOBODY = CV_PERSON_STATE_ABSENT,
    };
    static const struct {
        cv_decision_kind_t kind;
        cv_outcome_class_t cls;
        const char *code;
        int first, second; /* the persons' states */
        const char *headline;
    } rows[] = {
#define OK(kind, code, first, second, headline) \
    {CV_DECISION_KIND_##kind, CV_OUTCOME_CLASS_OK, code, first, second, headline}
#define NO(kind, code, headline)                                                           \
    {                                                                                      \
        CV_DECISION_KIND_##kind, CV_OUTCOME_CLASS_REJECTED, code, NOBODY, NOBODY, headline \
    }
        OK(REGISTER, "registered", CONFIRMED, CONFIRMED, "Registration accepted"),
        OK(REGISTER, "registered", ONLINE, CONFIRMED, "Registration accepted"),
        OK(REGISTER, "partly_registered", CONFIRMED, WAITING, "Registration accepted in part"),
        OK(REGISTER, "partly_registered", CONFIRMED, REFUSED, "Registration accepted in part"),
        OK(REGISTER, "waiting", WAITING, WAITING, "Registration on the waiting list"),
        OK(REGISTER, "partly_registered", REFUSED, WAITING, "Registration on the waiting list"),
        OK(REGISTER, "nominated", NOMINATED, NOMINATED, "Nomination recorded"),
        OK(REGISTER, "nominated", NOMINATED, REFUSED, "Nomination recorded in part"),
        OK(REGISTER, "under_review", REVIEW, REVIEW, "Registration under review"),
        OK(REGISTER, "under_review", REVIEW, REFUSED, "Registration under review"),
        NO(REGISTER, "full", "Registration refused"),
        OK(CONFIRM, "registered", CONFIRMED, ONLINE, "Participation confirmed"),
        OK(CONFIRM, "partly_registered", CONFIRMED, NOMINATED, "Participation confirmed in part"),
        OK(CONFIRM, "partly_registered", WAITING, NOMINATED, "Registration on the waiting list"),
        OK(CONFIRM, "waiting", WAITING, WAITING, "Registration on the waiting list"),
        OK(CONFIRM, "under_review", REVIEW, REVIEW, "Registration under review"),
        NO(CONFIRM, "closed", "Confirmation refused; the registration stays as it was"),
        OK(AMEND, "amended", CONFIRMED, NOBODY, "Registration changed"),
        OK(AMEND, "amended", WAITING, NOBODY, "Registration changed"),
        OK(AMEND, "amended", NOMINATED, NOBODY, "Registration changed"),
        OK(AMEND, "amended", REVIEW, NOBODY, "Registration changed; it is under review"),
        OK(AMEND, "under_review", CONFIRMED, NOBODY,
           "Change under review; until then the registration stays as it was"),
        OK(SUBSTITUTE, "substituted", CONFIRMED, NOBODY, "Registration changed"),
        NO(AMEND, "nothing_changed", "Change refused; the registration stays as it was"),
        NO(SUBSTITUTE, "option_full", "Change refused; the registration stays as it was"),
        OK(REVIEW, "registered", CONFIRMED, ONLINE, "Registration accepted"),
        OK(REVIEW, "partly_registered", CONFIRMED, REVIEW, "Registration accepted in part"),
        OK(REVIEW, "waiting", WAITING, WAITING, "Registration on the waiting list"),
        OK(REVIEW, "under_review", REVIEW, REVIEW, "Registration under review"),
        OK(REVIEW, "under_review", CONFIRMED, NOBODY,
           "Change under review; until then the registration stays as it was"),
        OK(REVIEW, "returned", RETURNED, RETURNED, "Registration returned for correction"),
        OK(REVIEW, "returned", CONFIRMED, NOBODY, "Change returned for correction; the registration stays as it was"),
        OK(REVIEW, "refused", REFUSED, REFUSED, "Registration refused"),
        OK(REVIEW, "refused", CONFIRMED, NOBODY, "Change refused; the registration stays as it was"),
        OK(REVIEW, "amended", CONFIRMED, NOBODY, "Registration changed"),
        OK(REVIEW, "substituted", WAITING, NOBODY, "Registration changed"),
        NO(REVIEW, "not_under_review", "The reviewer's decision was refused; the registration stays as it was"),
        OK(OFFER, "accepted", CONFIRMED, CONFIRMED, "Offer accepted; the seats are confirmed"),
        OK(OFFER, "passed", WITHDRAWN, WITHDRAWN, "Offer not taken"),
        NO(OFFER, "offer_expired", "The answer to the offer was refused"),
        OK(EXCEPTION, "granted", NOBODY, NOBODY, "Exception granted"),
        NO(EXCEPTION, "past", "Exception refused"),
        OK(WITHDRAW, "withdrawn", WITHDRAWN, NOBODY, "Withdrawal recorded"),
        NO(WITHDRAW, "already_withdrawn", "Withdrawal refused"),
        OK(DECLINE, "declined", NOBODY, NOBODY, "Non-participation recorded"),
        NO(DECLINE, "already_declined", "Notice of non-participation refused"),
        OK(ERASE, "erased", WITHDRAWN, NOBODY, "Personal data erased"),
        NO(ERASE, "already_erased", "Erasure refused"),
#undef OK
#undef NO
    };
    ntf_context_t context = {.party = CV_STR("KZ"), .event = CV_STR("E"), .notice = CV_STR("n")};
    unsigned kinds = 0;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cv_registration_decided_v1_t record = {
            .kind = rows[i].kind, .cls = rows[i].cls, .code = cv_str(rows[i].code), .request = CV_STR("r")};
        record.persons[0] = (cv_person_place_t){.number = 1, .state = (cv_person_state_t)rows[i].first};
        record.persons[1] = (cv_person_place_t){.number = 2, .state = (cv_person_state_t)rows[i].second};
        record.persons_n = (size_t)(rows[i].first != NOBODY) + (rows[i].second != NOBODY);
        kinds |= 1u << rows[i].kind;
        ntf_text_t text;
        char subject[200];
        (void)snprintf(subject, sizeof(subject), "%s: E", rows[i].headline);
        assert_int_equal(text_decision(&context, &record, &text), CV_OK);
        if (!cv_str_is(cv_buf_str(&text.subject), subject))
            fail_msg("row %zu, %s: \"%.*s\", not \"%s\"", i, rows[i].code, CV_STR_ARG(cv_buf_str(&text.subject)),
                     subject);
        assert_true(has(cv_buf_str(&text.body), "Dear colleagues,\n"));
        /* In words, not as a code alone. */
        (void)snprintf(subject, sizeof(subject), " (%s)\n", rows[i].code);
        assert_true(has(cv_buf_str(&text.body), subject));
        ntf_text_done(&text);
    }
    for (int kind = CV_DECISION_KIND_REGISTER; kind <= CV_DECISION_KIND_MAX; kind++)
        assert_true(kinds & 1u << kind);
}

/* Who is nominated is told by when to confirm, and how; who is returned how to correct; who has an exception until when. */
static void test_what_is_to_be_done(void **state)
{
    (void)state;
    cv_scheduling_event_v1_t event = forum();
    event.has_registration = event.registration.has_confirm_closes_ms = true;
    event.registration.confirm_closes_ms = 1772096400000;
    ntf_context_t context = {
        .party = CV_STR("KZ"), .event = CV_STR("FORUM-2026"), .details = &event, .notice = CV_STR("n")};
    cv_registration_decided_v1_t record = decided();
    record.code = CV_STR("nominated");
    record.persons[0].state = record.persons[1].state = CV_PERSON_STATE_NOMINATED;
    ntf_text_t text;
    assert_int_equal(text_decision(&context, &record, &text), CV_OK);
    assert_true(has(cv_buf_str(&text.body), "To be confirmed before: 2026-02-26 13:00:00 +04:00\n"));
    assert_true(has(cv_buf_str(&text.body),
                    "    convene request registration.confirm --set event=FORUM-2026 --set party=KZ\n\n"
                    "Or write to the secretariat.\n"));
    assert_true(has(cv_buf_str(&text.html), "<pre>\nconvene request registration.confirm --set event=FORUM-2026"));
    ntf_text_done(&text);

    event.registration.has_confirm_closes_ms = false;
    assert_int_equal(text_decision(&context, &record, &text), CV_OK);
    assert_false(has(cv_buf_str(&text.body), "To be confirmed") || has(cv_buf_str(&text.body), "convene request"));
    ntf_text_done(&text);

    record.kind = CV_DECISION_KIND_REVIEW;
    record.code = CV_STR("returned");
    record.persons[1].state = CV_PERSON_STATE_RETURNED;
    assert_int_equal(text_decision(&context, &record, &text), CV_OK);
    assert_true(has(cv_buf_str(&text.body), "    convene request registration.amend --set event=FORUM-2026 --set "
                                            "party=KZ --set number=2 --set FIELD=VALUE\n"));
    ntf_text_done(&text);
    record.persons[0].state = CV_PERSON_STATE_RETURNED;
    assert_int_equal(text_decision(&context, &record, &text), CV_OK);
    assert_true(has(cv_buf_str(&text.body), " --set number=NUMBER --set FIELD=VALUE\n"));
    ntf_text_done(&text);

    record.kind = CV_DECISION_KIND_EXCEPTION;
    record.code = CV_STR("granted");
    record.persons_n = 0;
    record.has_exception = true;
    record.exception.until_ms = 1772096400000;
    assert_int_equal(text_decision(&context, &record, &text), CV_OK);
    assert_true(has(cv_buf_str(&text.body), "Exception until: 2026-02-26 13:00:00 +04:00\n"));
    ntf_text_done(&text);
}

static void test_text_of_a_promotion_and_a_change(void **state)
{
    (void)state;
    cv_scheduling_event_v1_t was = forum(), now = forum();
    now.status = CV_EVENT_STATUS_POSTPONED;
    now.reason = CV_STR("the hall\nis closed\tuntil\x1b[31m May");
    now.event_details.date_start = CV_STR("2026-06");
    now.event_details.date_end = now.event_details.time_start = CV_STR_NONE;
    now.event_details.format = CV_EVENT_FORMAT_ONLINE;
    ntf_context_t context = {.party = CV_STR("KZ"),
                             .event = CV_STR("FORUM-2026"),
                             .details = &now,
                             .recipient = CV_STR("A\nB"),
                             .time_ms = 1772096400000,
                             .notice = CV_STR("n")};
    ntf_text_t text;
    assert_int_equal(text_change(&context, &was, &text), CV_OK);
    cv_str_t body = cv_buf_str(&text.body);
    assert_true(cv_str_is(cv_buf_str(&text.subject), "Event postponed: Business Forum"));
    assert_true(has(body, "Dear A B,\n"));
    assert_true(has(body, "Reason: the hall is closed until [31m May\n"));
    assert_true(has(body, "Changed at: 2026-02-26 13:00:00 +04:00\n"));
    assert_true(has(body, "Changes:\n  Dates: 2026-05-12 - 2026-05-13, 09:30 +04:00 (Asia/Baku) -> 2026-06\n"
                          "  Format: in person -> online\n"));
    assert_true(has(body, "\nDates: 2026-06\n")); /* its new ones */
    ntf_text_done(&text);

    cv_scheduling_event_v1_t off = forum();
    context.details = &off;
    off.status = CV_EVENT_STATUS_POSTPONED;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(text_change(&context, &was, &text), CV_OK);
        assert_true(has(cv_buf_str(&text.body), "\nPlanned dates were: 2026-05-12 - 2026-05-13, 09:30 +04:00"));
        assert_false(has(cv_buf_str(&text.body), "\nDates: ") || has(cv_buf_str(&text.html), ">Dates:<"));
        ntf_text_done(&text);
        off.status = CV_EVENT_STATUS_CANCELLED;
    }
    context.details = &now;

    cv_registration_promoted_v1_t promoted = {.cause = CV_PROMOTION_CAUSE_RELEASE,
                                              .persons_n = 1,
                                              .persons = {{.number = 7, .state = CV_PERSON_STATE_CONFIRMED}}};
    context.language = CV_STR("ru");
    ntf_text_init(&text);
    assert_int_equal(ntf_text(&context, &(ntf_news_t){.kind = NTF_PROMOTION, .promoted = &promoted}, &text), CV_OK);
    assert_true(cv_str_is(cv_buf_str(&text.subject), "Места из листа ожидания подтверждены: Business Forum"));
    assert_true(has(cv_buf_str(&text.body), "Причина: освобождены гарантированные места\n"));
    assert_true(has(cv_buf_str(&text.body), "  № 7: место подтверждено\n"));
    ntf_text_done(&text);

    /* A seat that lapses unless it is accepted is offered, not confirmed. */
    promoted.persons[0].state = CV_PERSON_STATE_OFFERED;
    promoted.has_expires_ms = true;
    promoted.expires_ms = 1772096400000;
    ntf_text_init(&text);
    assert_int_equal(ntf_text(&context, &(ntf_news_t){.kind = NTF_PROMOTION, .promoted = &promoted}, &text), CV_OK);
    assert_true(cv_str_is(cv_buf_str(&text.subject), "Предложено место; его нужно принять в срок: Business Forum"));
    assert_true(has(cv_buf_str(&text.body),
                    "    convene request registration.offer.answer --set event=FORUM-2026 --set party=KZ --set "
                    "accept=true\n"
                    "    convene request registration.offer.answer --set event=FORUM-2026 --set party=KZ --set "
                    "accept=false\n"));
    ntf_text_done(&text);

    cv_registration_lapsed_v1_t lapsed = {
        .expires_ms = 1772096400000, .persons_n = 1, .persons = {{.number = 7, .state = CV_PERSON_STATE_WITHDRAWN}}};
    context.language = CV_STR("en");
    ntf_text_init(&text);
    assert_int_equal(ntf_text(&context, &(ntf_news_t){.kind = NTF_LAPSE, .lapsed = &lapsed}, &text), CV_OK);
    assert_true(cv_str_is(cv_buf_str(&text.subject), "An offered place was not accepted in time: Business Forum"));
    assert_true(has(cv_buf_str(&text.body), "The offer ended at: 2026-02-26 13:00:00 +04:00\n"));
    assert_true(has(cv_buf_str(&text.body), "7: offer not taken\n"));
    ntf_text_done(&text);

    lapsed.cause = CV_LAPSE_CAUSE_CONSENT;
    ntf_text_init(&text);
    assert_int_equal(ntf_text(&context, &(ntf_news_t){.kind = NTF_LAPSE, .lapsed = &lapsed}, &text), CV_OK);
    assert_true(has(cv_buf_str(&text.subject), "the consent to keep personal data ran out: Business Forum"));
    assert_true(has(cv_buf_str(&text.body), "7: withdrawn\n"));
    assert_true(has(cv_buf_str(&text.body), "Consent until: 2026-02-26 13:00:00 +04:00\n"));
    ntf_text_done(&text);
}

/* The longest that the contract lets through still fits a message. */
static void test_longest_texts_fit(void **state)
{
    (void)state;
    static char name[200], prose[2000];
    for (size_t i = 0; i < sizeof(name); i += 4)
        memcpy(name + i, "\xf0\x9f\x8c\x8d", 4);
    memset(prose, 'x', sizeof(prose));
    cv_str_t long_name = {name, sizeof(name)};
    cv_scheduling_event_v1_t was = forum(), now = forum();
    was.event_details.city = was.event_details.title = CV_STR("x");
    now.event_details.city = now.event_details.title = long_name;
    now.reason = now.decision = (cv_str_t){prose, sizeof(prose)};
    static ntf_person_t persons[NTF_PERSONS_MAX];
    cv_registration_decided_v1_t record = decided();
    record.persons_n = NTF_PERSONS_MAX;
    for (size_t i = 0; i < NTF_PERSONS_MAX; i++) {
        persons[i] = (ntf_person_t){(int64_t)i + 1, long_name};
        record.persons[i] = (cv_person_place_t){
            .number = (int64_t)i + 1, .state = CV_PERSON_STATE_WAITING, .has_position = true, .position = 1000000};
    }
    ntf_context_t context = {.language = CV_STR("ru"),
                             .recipient = long_name,
                             .party = CV_STR("KZ"),
                             .party_name = long_name,
                             .event = CV_STR("FORUM-2026"),
                             .details = &now,
                             .venue_name = long_name,
                             .persons = persons,
                             .persons_n = NTF_PERSONS_MAX,
                             .notice = CV_STR("n")};
    for (int i = 0; i < 2; i++) {
        ntf_text_t text;
        int rc = i ? text_change(&context, &was, &text) : text_decision(&context, &record, &text);
        assert_int_equal(rc, CV_OK);
        ntf_mail_t mail = letter();
        mail.to_name = long_name;
        mail.subject = cv_buf_str(&text.subject);
        mail.body = cv_buf_str(&text.body);
        mail.html = cv_buf_str(&text.html);
        cv_buf_t buf;
        cv_buf_init(&buf, NTF_MAIL_MAX);
        assert_int_equal(ntf_mail_write(&mail, &buf), CV_OK);
        cv_buf_clear(&buf);
        mail.is_7bit = true;
        assert_int_equal(ntf_mail_write(&mail, &buf), CV_OK);
        cv_buf_done(&buf);
        ntf_text_done(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_notice_id),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_who_is_told_does_not_depend_on_order),
        cmocka_unit_test(test_epoch_of_a_record),
        cmocka_unit_test(test_pauses_cover_72_hours),
        cmocka_unit_test(test_mail_bytes),
        cmocka_unit_test(test_mail_has_parts),
        cmocka_unit_test(test_mail_encodes_headers),
        cmocka_unit_test(test_mail_in_ascii),
        cmocka_unit_test(test_mail_breaks_long_lines),
        cmocka_unit_test(test_mail_refuses),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_text_of_a_decision),
        cmocka_unit_test(test_headlines),
        cmocka_unit_test(test_what_is_to_be_done),
        cmocka_unit_test(test_text_of_a_promotion_and_a_change),
        cmocka_unit_test(test_longest_texts_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
