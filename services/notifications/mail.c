/* mail: one notice as the bytes of an Internet message (RFC 5322, RFC 2045, RFC 2047).
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/mail.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    WORD_OCTETS = 39, /* of text in one encoded word: with "Subject: " before it the line keeps RFC 2047's 76 */
    PLAIN_MAX = 60,   /* octets of a header text that may stand as it is on the first line */
    LOCAL_MAX = 64,   /* octets before the '@' (RFC 5321 4.5.3.1.1) */
    LABEL_MAX = 63,   /* octets between two dots of a host name */
};

static const char *const s_days[7] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char *const s_months[12] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

int32_t ntf_utf8_next(cv_str_t text, size_t *at)
{
    size_t i = *at;
    if (i >= text.len)
        return -1;
    uint8_t first = (uint8_t)text.ptr[i];
    size_t more = first < 0x80 ? 0 : first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    static const int32_t smallest[4] = {0, 0x80, 0x800, 0x10000};
    if ((first >= 0x80 && first < 0xc2) || first > 0xf4 || more >= text.len - i)
        return -1;
    int32_t point = more == 0 ? first : first & (0x3f >> more);
    for (size_t k = 1; k <= more; k++) {
        uint8_t next = (uint8_t)text.ptr[i + k];
        if ((next & 0xc0) != 0x80)
            return -1;
        point = (point << 6) | (next & 0x3f);
    }
    if (point < smallest[more] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
        return -1;
    *at = i + more + 1;
    return point;
}

bool ntf_utf8_steering(int32_t point)
{
    return point < 0x20 || (point >= 0x7f && point <= 0x9f) || point == 0x2028 || point == 0x2029 ||
           (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

/* One line of text that says only what it shows. */
static bool s_line_usable(cv_str_t line, size_t max)
{
    if (!line.ptr || line.len == 0 || line.len > max)
        return false;
    for (size_t at = 0; at < line.len;) {
        int32_t point = ntf_utf8_next(line, &at);
        if (point < 0 || ntf_utf8_steering(point))
            return false;
    }
    return true;
}

bool ntf_mail_name_usable(cv_str_t name)
{
    return s_line_usable(name, NTF_NAME_MAX);
}

static bool s_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Parts between dots, none empty, each of letters, digits and the characters in more. */
static bool s_dotted(cv_str_t text, const char *more, size_t part_max)
{
    size_t part = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '.') {
            if (part == 0)
                return false;
            part = 0;
        } else if (c != '\0' && (s_alnum(c) || strchr(more, c))) {
            if (++part > part_max)
                return false;
        } else {
            return false;
        }
    }
    return part > 0;
}

static bool s_host_usable(cv_str_t host)
{
    if (!host.ptr || !s_dotted(host, "-", LABEL_MAX))
        return false;
    for (size_t i = 0; i < host.len; i++) {
        bool edge = i == 0 || i + 1 == host.len || host.ptr[i - 1] == '.' || host.ptr[i + 1] == '.';
        if (host.ptr[i] == '-' && edge)
            return false;
    }
    return true;
}

bool ntf_mail_address_usable(cv_str_t address)
{
    if (!address.ptr || address.len > NTF_ADDRESS_MAX)
        return false;
    const char *at = memchr(address.ptr, '@', address.len);
    if (!at)
        return false;
    cv_str_t local = {address.ptr, (size_t)(at - address.ptr)};
    cv_str_t host = {at + 1, address.len - local.len - 1};
    return local.len <= LOCAL_MAX && s_dotted(local, "!#$%&'*+-/=?^_`{|}~", LOCAL_MAX) && s_host_usable(host);
}

/* ASCII that no mail program takes for something else. */
static bool s_plain(cv_str_t text)
{
    if (text.len > PLAIN_MAX || text.ptr[0] == ' ' || text.ptr[text.len - 1] == ' ')
        return false;
    for (size_t i = 0; i < text.len; i++) {
        bool word = text.ptr[i] == '=' && i + 1 < text.len && text.ptr[i + 1] == '?';
        if (text.ptr[i] < ' ' || text.ptr[i] > '~' || word)
            return false;
    }
    return true;
}

/* Encoded words (RFC 2047), each with whole characters, folded between them. */
static void s_put_words(cv_buf_t *buf, cv_str_t text)
{
    for (size_t from = 0; from < text.len;) {
        size_t to = from;
        for (size_t at = from; at < text.len && ntf_utf8_next(text, &at) >= 0 && at - from <= WORD_OCTETS;)
            to = at;
        char word[sodium_base64_ENCODED_LEN(WORD_OCTETS, sodium_base64_VARIANT_ORIGINAL)];
        sodium_bin2base64(word, sizeof(word), (const unsigned char *)text.ptr + from, to - from,
                          sodium_base64_VARIANT_ORIGINAL);
        cv_buf_printf(buf, "%s=?UTF-8?B?%s?=", from ? "\r\n " : "", word);
        from = to;
    }
}

static void s_put_to(cv_buf_t *buf, const ntf_mail_t *mail)
{
    cv_buf_printf(buf, "To: ");
    if (!mail->to_name.ptr) {
        cv_buf_printf(buf, "<%.*s>\r\n", CV_STR_ARG(mail->to_address));
        return;
    }
    if (s_plain(mail->to_name)) {
        cv_buf_put(buf, "\"", 1);
        for (size_t i = 0; i < mail->to_name.len; i++) {
            char c = mail->to_name.ptr[i];
            if (c == '"' || c == '\\')
                cv_buf_put(buf, "\\", 1);
            cv_buf_put(buf, &c, 1);
        }
        cv_buf_put(buf, "\"", 1);
    } else {
        s_put_words(buf, mail->to_name);
    }
    cv_buf_printf(buf, "\r\n <%.*s>\r\n", CV_STR_ARG(mail->to_address));
}

/* Where a body line ends: at its newline, or, when that is too far, behind a space or at least between characters. */
static size_t s_line_end(cv_str_t body, size_t from, bool *ret_newline)
{
    size_t space = 0, at = from;
    *ret_newline = false;
    while (at < body.len && body.ptr[at] != '\n') {
        size_t next = at;
        (void)ntf_utf8_next(body, &next); /* checked before */
        if (next - from > NTF_MAIL_LINE_MAX)
            return space > from ? space : at;
        if (body.ptr[at] == ' ')
            space = next;
        at = next;
    }
    *ret_newline = at < body.len;
    return at;
}

static bool s_body_usable(cv_str_t body)
{
    for (size_t at = 0; at < body.len;) {
        int32_t point = ntf_utf8_next(body, &at);
        if (point < 0 || (point != '\n' && ntf_utf8_steering(point)))
            return false;
    }
    return body.ptr != NULL;
}

/* Octets that are put as they stand: lines of a calendar. */
static bool s_calendar_usable(cv_str_t calendar, cv_str_t method)
{
    for (size_t at = 0; at < calendar.len;) {
        bool newline = calendar.len - at >= 2 && calendar.ptr[at] == '\r' && calendar.ptr[at + 1] == '\n';
        int32_t point = newline ? '\n' : ntf_utf8_next(calendar, &at);
        if (newline)
            at += 2;
        else if (point < 0 || ntf_utf8_steering(point))
            return false;
    }
    return method.ptr && s_dotted(method, "", 16);
}

static void s_put_lines(cv_buf_t *buf, cv_str_t body)
{
    for (size_t at = 0; at < body.len;) {
        bool newline;
        size_t end = s_line_end(body, at, &newline);
        cv_buf_put(buf, body.ptr + at, end - at);
        cv_buf_put(buf, "\r\n", 2);
        at = end + (newline ? 1 : 0);
    }
}

enum { BOUNDARY_MAX = 64 };

static bool s_stands(cv_str_t part, const char *boundary)
{
    return part.ptr && memmem(part.ptr, part.len, boundary, strlen(boundary));
}

/* One that stands in none of the parts. mark: another for each level. */
static void s_boundary(const ntf_mail_t *mail, char mark, char ret_boundary[BOUNDARY_MAX])
{
    const cv_str_t parts[] = {mail->body, mail->html, mail->calendar};
    uint8_t digest[crypto_generichash_BYTES_MIN];
    char hex[2 * sizeof(digest) + 1];
    crypto_generichash(digest, sizeof(digest), (const uint8_t *)mail->id.ptr, mail->id.len, NULL, 0);
    sodium_bin2hex(hex, sizeof(hex), digest, sizeof(digest));
    bool stands = true;
    for (unsigned try = 0; stands; try++) {
        (void)snprintf(ret_boundary, BOUNDARY_MAX, "%c_%s_%u", mark, hex, try);
        stands = false;
        for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
            stands = stands || s_stands(parts[i], ret_boundary);
        for (size_t i = 0; i < mail->attached_n; i++)
            stands = stands || s_stands(mail->attached[i].calendar, ret_boundary);
    }
}

static bool s_ascii(cv_str_t text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((uint8_t)text.ptr[i] >= 0x80)
            return false;
    }
    return true;
}

/* In lines of 76 (RFC 2045 6.8). */
static void s_put_base64(cv_buf_t *buf, cv_str_t octets)
{
    enum { LINE = 57 };
    char line[sodium_base64_ENCODED_LEN(LINE, sodium_base64_VARIANT_ORIGINAL)];
    for (size_t at = 0; at < octets.len; at += LINE) {
        size_t n = octets.len - at < LINE ? octets.len - at : LINE;
        sodium_bin2base64(line, sizeof(line), (const unsigned char *)octets.ptr + at, n,
                          sodium_base64_VARIANT_ORIGINAL);
        cv_buf_printf(buf, "%s\r\n", line);
    }
}

/* The rest of a part's header, and its body: lines that end with \r\n. */
static void s_put_encoded(cv_buf_t *buf, bool is_7bit, const char *more, cv_str_t lines)
{
    bool is_base64 = is_7bit && !s_ascii(lines);
    cv_buf_printf(buf, "Content-Transfer-Encoding: %s\r\n%s\r\n",
                  is_base64 ? "base64"
                  : is_7bit ? "7bit"
                            : "8bit",
                  more);
    if (is_base64)
        s_put_base64(buf, lines);
    else
        cv_buf_put(buf, lines.ptr, lines.len);
}

static void s_put_body(cv_buf_t *buf, bool is_7bit, const char *more, cv_str_t body)
{
    cv_buf_t lines;
    cv_buf_init(&lines, NTF_MAIL_MAX);
    s_put_lines(&lines, body);
    if (lines.rc && !buf->rc)
        buf->rc = lines.rc;
    s_put_encoded(buf, is_7bit, more, cv_buf_str(&lines));
    cv_buf_done(&lines);
}

static void s_put_part(cv_buf_t *buf, const char *boundary, const char *type, const char *parameter)
{
    cv_buf_printf(buf, "--%s\r\nContent-Type: %s; charset=utf-8%s\r\n", boundary, type, parameter);
}

static void s_put_parts(cv_buf_t *buf, const ntf_mail_t *mail)
{
    char boundary[BOUNDARY_MAX], parameter[32];
    s_boundary(mail, '=', boundary);
    cv_buf_printf(buf,
                  "Content-Type: multipart/alternative;\r\n boundary=\"%s\"\r\n"
                  "Content-Transfer-Encoding: %s\r\nContent-Language: %.*s\r\n\r\n",
                  boundary, mail->is_7bit ? "7bit" : "8bit", CV_STR_ARG(mail->language));
    s_put_part(buf, boundary, "text/plain", "");
    s_put_body(buf, mail->is_7bit, "", mail->body);
    if (mail->html.ptr) {
        s_put_part(buf, boundary, "text/html", "");
        s_put_body(buf, mail->is_7bit, "", mail->html);
    }
    if (mail->calendar.ptr) {
        (void)snprintf(parameter, sizeof(parameter), "; method=%.*s", CV_STR_ARG(mail->method));
        s_put_part(buf, boundary, "text/calendar", parameter);
        s_put_encoded(buf, mail->is_7bit, "", mail->calendar);
    }
    cv_buf_printf(buf, "--%s--\r\n", boundary);
}

/* The message as one part, and each calendar as a file. */
static void s_put_mixed(cv_buf_t *buf, const ntf_mail_t *mail)
{
    enum { MORE_MAX = 96 };
    char boundary[BOUNDARY_MAX], parameter[32], more[MORE_MAX];
    s_boundary(mail, '+', boundary);
    cv_buf_printf(buf,
                  "Content-Type: multipart/mixed;\r\n boundary=\"%s\"\r\nContent-Transfer-Encoding: %s\r\n\r\n--%s\r\n",
                  boundary, mail->is_7bit ? "7bit" : "8bit", boundary);
    s_put_parts(buf, mail);
    for (size_t i = 0; i < mail->attached_n; i++) {
        (void)snprintf(parameter, sizeof(parameter), "; method=%.*s", CV_STR_ARG(mail->attached[i].method));
        (void)snprintf(more, sizeof(more), "Content-Disposition: attachment; filename=\"event-%zu.ics\"\r\n", i + 1);
        s_put_part(buf, boundary, "text/calendar", parameter);
        s_put_encoded(buf, mail->is_7bit, more, mail->attached[i].calendar);
    }
    cv_buf_printf(buf, "--%s--\r\n", boundary);
}

static int s_put_date(cv_buf_t *buf, int64_t time_ms)
{
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm tm;
    if (time_ms < 0 || !gmtime_r(&seconds, &tm) || tm.tm_year + 1900 > 9999)
        return CV_EINVAL;
    return cv_buf_printf(buf, "Date: %s, %02d %s %04d %02d:%02d:%02d +0000\r\n", s_days[tm.tm_wday], tm.tm_mday,
                         s_months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

int ntf_mail_write(const ntf_mail_t *mail, cv_buf_t *buf)
{
    bool usable = mail->id.ptr && mail->id.len <= NTF_MAIL_ID_MAX && s_dotted(mail->id, "-_", NTF_MAIL_ID_MAX) &&
                  s_host_usable(mail->domain) && (!mail->from.len || ntf_mail_address_usable(mail->from)) &&
                  (!mail->reply_to.len || ntf_mail_address_usable(mail->reply_to)) &&
                  ntf_mail_address_usable(mail->to_address) &&
                  (!mail->to_name.ptr || ntf_mail_name_usable(mail->to_name)) && mail->language.ptr &&
                  cv_str_is_language(mail->language) && s_line_usable(mail->subject, NTF_SUBJECT_MAX) &&
                  s_body_usable(mail->body) && (!mail->html.ptr || s_body_usable(mail->html)) &&
                  (!mail->calendar.ptr || s_calendar_usable(mail->calendar, mail->method));
    for (size_t i = 0; usable && i < mail->attached_n; i++)
        usable =
            mail->attached[i].calendar.ptr && s_calendar_usable(mail->attached[i].calendar, mail->attached[i].method);
    if (!usable)
        return CV_EINVAL;
    int rc = s_put_date(buf, mail->time_ms);
    if (rc)
        return rc;
    if (mail->from.len)
        cv_buf_printf(buf, "From: \"Convene\" <%.*s>\r\n", CV_STR_ARG(mail->from));
    else
        cv_buf_printf(buf, "From: \"Convene\" <convene@%.*s>\r\n", CV_STR_ARG(mail->domain));
    if (mail->reply_to.len)
        cv_buf_printf(buf, "Reply-To: <%.*s>\r\n", CV_STR_ARG(mail->reply_to));
    s_put_to(buf, mail);
    cv_buf_printf(buf, "Subject: ");
    if (s_plain(mail->subject))
        cv_buf_put(buf, mail->subject.ptr, mail->subject.len);
    else
        s_put_words(buf, mail->subject);
    cv_buf_printf(buf, "\r\nMessage-ID: <%.*s@%.*s>\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n",
                  CV_STR_ARG(mail->id), CV_STR_ARG(mail->domain));
    if (mail->attached_n > 0) {
        s_put_mixed(buf, mail);
        return buf->rc;
    }
    if (mail->html.ptr || mail->calendar.ptr) {
        s_put_parts(buf, mail);
        return buf->rc;
    }
    char language[48];
    (void)snprintf(language, sizeof(language), "Content-Language: %.*s\r\n", CV_STR_ARG(mail->language));
    cv_buf_printf(buf, "Content-Type: text/plain; charset=utf-8\r\n");
    s_put_body(buf, mail->is_7bit, language, mail->body);
    return buf->rc;
}
