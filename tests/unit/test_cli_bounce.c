/* test_cli_bounce: mails that came back, as mail servers write them, and what is refused of what only looks so.
 * SPDX-License-Identifier: Apache-2.0
 * ctest-labels: notifications
 */
#include "cli/bounce_read.h"

#include "convene/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ID "registration.events.0123456789abcdef.42.KZ"
#define HEAD                                                                                            \
    "Return-Path: <>\r\nDate: Thu, 26 Feb 2026 09:00:00 +0000\r\nFrom: MAILER-DAEMON@relay.example\r\n" \
    "Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"=_b;1\"\r\nMIME-Version: 1.0\r\n\r\n"
#define TEXT \
    "This is the mail system.\r\n\r\n--=_b;1\r\nContent-Type: text/plain\r\n\r\n--=_b;1x\r\nIt did not work.\r\n\r\n"
#define STATUS(fields) \
    "--=_b;1\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.example\r\n\r\n" fields "\r\n"
#define RETURNED(type)                                                                                          \
    "--=_b;1  \r\nContent-Type: " type "\r\n\r\nReceived: by x\r\nMessage-ID:\r\n <" ID "@convene.example>\r\n" \
    "Subject: Message-ID: <other@x>\r\n\r\nMessage-ID: <body@x>\r\n"
#define END "\r\n--=_b;1--\r\n"

static bounce_t good(const char *mail)
{
    char error[BOUNCE_ERROR_MAX] = "";
    bounce_t bounce;
    if (bounce_read(cv_str(mail), &bounce, error))
        fail_msg("refused: %s", error);
    return bounce;
}

static void refused(const char *mail, size_t len, const char *part)
{
    char error[BOUNCE_ERROR_MAX] = "";
    bounce_t bounce;
    assert_int_equal(bounce_read((cv_str_t){mail, len}, &bounce, error), CV_EMALFORMED);
    if (!strstr(error, part))
        fail_msg("\"%s\" is not said, but: %s", part, error);
}

static void bad(const char *mail, const char *part)
{
    refused(mail, strlen(mail), part);
}

static void expect(const char *mail, cv_bounce_kind_t what, const char *status)
{
    bounce_t bounce = good(mail);
    assert_int_equal(bounce.what, what);
    assert_string_equal(bounce.status, status);
    assert_string_equal(bounce.notice, ID);
    assert_string_equal(bounce.date, "Thu, 26 Feb 2026 09:00:00 +0000");
}

static void test_kinds(void **state)
{
    (void)state;
#define MAIL(action, status)                                                                         \
    HEAD TEXT STATUS("Final-Recipient: rfc822; a@b\r\nAction: " action "\r\nStatus: " status "\r\n") \
        RETURNED("message/rfc822") END
    expect(MAIL("failed", "5.1.1"), CV_BOUNCE_KIND_HARD, "5.1.1");
    expect(MAIL("Failed (no such user)", "5.2.1 (closed)"), CV_BOUNCE_KIND_HARD, "5.2.1");
    expect(MAIL("failed", "5.1.8"), CV_BOUNCE_KIND_FAILED, "5.1.8"); /* it is our address that is bad */
    expect(MAIL("failed", "5.2.2"), CV_BOUNCE_KIND_FAILED, "5.2.2"); /* full */
    expect(MAIL("failed", "4.4.7"), CV_BOUNCE_KIND_FAILED, "4.4.7"); /* given up after days */
    expect(MAIL("failed", "unknown"), CV_BOUNCE_KIND_FAILED, "");
    expect(MAIL("failed", "5.01.1"), CV_BOUNCE_KIND_FAILED, "");
    expect(MAIL("failed", "5.1.1.1"), CV_BOUNCE_KIND_FAILED, "");
    expect(MAIL("failed", "5.1..1"), CV_BOUNCE_KIND_FAILED, "");
    expect(MAIL("delayed", "4.4.1"), CV_BOUNCE_KIND_SOFT, "4.4.1");
    expect(MAIL("delivered", "2.0.0"), CV_BOUNCE_KIND_ABSENT, "2.0.0");
    expect(MAIL("relayed", "2.0.0"), CV_BOUNCE_KIND_ABSENT, "2.0.0");
    bad(MAIL("vanished", "5.1.1"), "no Action that is");
#undef MAIL
}

/* An alias has several recipients: the worst of them is told. */
static void test_worst_recipient(void **state)
{
    (void)state;
    expect(HEAD TEXT STATUS("Action: delivered\r\nStatus: 2.0.0\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
                            "Action: delayed\r\nStatus: 4.2.2\r\n") RETURNED("text/rfc822-headers") END,
           CV_BOUNCE_KIND_HARD, "5.1.1");
}

static void test_lines_of_unix_and_envelope(void **state)
{
    (void)state;
    const char *mail =
        "From MAILER-DAEMON Thu Feb 26 09:00:00 2026\n" HEAD TEXT STATUS("Action: failed\r\nStatus: 5.1.1\r\n")
            RETURNED("message/rfc822") END;
    char *unix_mail = calloc(1, strlen(mail) + 1);
    assert_non_null(unix_mail);
    for (size_t i = 0, at = 0; mail[i]; i++) {
        if (mail[i] != '\r')
            unix_mail[at++] = mail[i];
    }
    expect(unix_mail, CV_BOUNCE_KIND_HARD, "5.1.1");
    expect(mail, CV_BOUNCE_KIND_HARD, "5.1.1");
    free(unix_mail);
}

static void test_complaints(void **state)
{
    (void)state;
#define MAIL(type)                                                                           \
    HEAD TEXT "--=_b;1\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: " type \
              "\r\nUser-Agent: x/1\r\nVersion: 1\r\n\r\n" RETURNED("message/rfc822") END
    expect(MAIL("abuse"), CV_BOUNCE_KIND_COMPLAINT, "");
    expect(MAIL("Opt-Out"), CV_BOUNCE_KIND_COMPLAINT, "");
    expect(MAIL("not-spam"), CV_BOUNCE_KIND_ABSENT, "");
    bad(MAIL("auth-failure"), "no complaint");
#undef MAIL
}

static void test_refused(void **state)
{
    (void)state;
#define FAILED STATUS("Action: failed\r\nStatus: 5.1.1\r\n")
    bad("", "no report of a mail server");
    bad("Subject: I am away\r\nAuto-Submitted: auto-replied\r\nContent-Type: text/plain\r\n\r\nBack on Monday.\r\n",
        "no report");
    bad("Content-Type: multipart/report; report-type=delivery-status\r\n\r\n", "no boundary");
    bad("Content-Type: multipart/report; boundary=\"\"\r\n\r\n", "no boundary");
    bad("Content-Type: multipart/report; boundary=a\r\nContent-Type: multipart/report; boundary=b\r\n\r\n",
        "2 fields Content-Type");
    bad(HEAD TEXT RETURNED("message/rfc822") END, "says what came back");
    bad(HEAD TEXT FAILED END, "which message");
    bad(HEAD TEXT FAILED RETURNED("message/rfc822"), "ends in the middle");
    bad(HEAD TEXT FAILED FAILED RETURNED("message/rfc822") END, "two parts message/delivery-status");
    bad(HEAD TEXT FAILED RETURNED("message/rfc822") RETURNED("message/rfc822") END, "two parts message/rfc822");
    bad(HEAD TEXT FAILED RETURNED("text/rfc822-headers\r\nContent-Transfer-Encoding: base64") END, "is encoded");
    bad(HEAD TEXT STATUS("Action: failed\r\nAction: delivered\r\nStatus: 5.1.1\r\n") RETURNED("message/rfc822") END,
        "2 fields Action");
    bad(HEAD TEXT FAILED
        "--=_b;1\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <a@x>\r\nMessage-ID: <b@x>\r\n" END,
        "2 fields Message-ID");
    static const char *const others[] = {"<a b@x>", "<a;rm@x>", "<>",     "<@x>",
                                         "a@x",     "<nobody>", "<.a@x>", "<\xd0\xb0@x>"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        char mail[2000];
        snprintf(mail, sizeof(mail), "%s%s%s--=_b;1\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: %s\r\n%s", HEAD,
                 TEXT, FAILED, others[i], END);
        bad(mail, "no Message-ID of ours");
    }
    static const char nul[] =
        HEAD TEXT FAILED "--=_b;1\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <a\0b@x>\r\n" END;
    refused(nul, sizeof(nul) - 1, "octet 0");
}

/* Each limit, once above it. */
static void test_limits(void **state)
{
    (void)state;
    cv_buf_t buf;
    cv_buf_init(&buf, 2 * (size_t)BOUNCE_MAX);
    assert_int_equal(cv_buf_printf(&buf, "%s%s%s", HEAD, TEXT, FAILED), CV_OK);
    for (int i = 0; i < BOUNCE_PARTS_MAX; i++)
        assert_int_equal(cv_buf_printf(&buf, "--=_b;1\r\nContent-Type: text/plain\r\n\r\nx\r\n"), CV_OK);
    assert_int_equal(cv_buf_printf(&buf, "%s%s", RETURNED("message/rfc822"), END), CV_OK);
    refused(cv_buf_str(&buf).ptr, buf.len, "more than 16 parts");
    cv_buf_clear(&buf);
    for (int i = 0; i < BOUNCE_FIELDS_MAX + 1; i++)
        assert_int_equal(cv_buf_printf(&buf, "X: y\r\n"), CV_OK);
    refused(cv_buf_str(&buf).ptr, buf.len, "more than 1000 lines");
    cv_buf_clear(&buf);
    for (int i = 0; i < BOUNCE_LINE_MAX / 8 + 1; i++)
        assert_int_equal(cv_buf_printf(&buf, "X: yyyyy"), CV_OK);
    refused(cv_buf_str(&buf).ptr, buf.len, "longer than 65536");
    cv_buf_clear(&buf);
    assert_int_equal(cv_buf_printf(&buf, "Date: %01200d\r\n\r\n", 0), CV_OK);
    refused(cv_buf_str(&buf).ptr, buf.len, "Date is longer");
    cv_buf_clear(&buf);
    assert_int_equal(cv_buf_printf(&buf, "%s%s%s", HEAD, TEXT, STATUS("Action: failed\r\nStatus: 5.1.1\r\n")), CV_OK);
    for (int i = 0; i < BOUNCE_RECIPIENTS_MAX + 1; i++)
        assert_int_equal(cv_buf_printf(&buf, "Action: failed\r\n\r\n"), CV_OK);
    assert_int_equal(cv_buf_printf(&buf, "%s%s", RETURNED("message/rfc822"), END), CV_OK);
    refused(cv_buf_str(&buf).ptr, buf.len, "more than 1000 recipients");
    cv_buf_clear(&buf);
    while (buf.len <= BOUNCE_MAX)
        assert_int_equal(cv_buf_printf(&buf, "%01000d", 0), CV_OK);
    refused(cv_buf_str(&buf).ptr, buf.len, "larger than 4 MiB");
    cv_buf_done(&buf);
#undef FAILED
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_worst_recipient),
        cmocka_unit_test(test_lines_of_unix_and_envelope),
        cmocka_unit_test(test_complaints),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
