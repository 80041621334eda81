/* settings: how notices leave for other machines, as the configuration says it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * "none" stands for a setting that is not set. What contradicts itself is refused here, before anything is opened: a
 * mail server without a sender, a password that would go out in clear.
 */
#include "convene/config.h"
#include "notifications/content/languages.h"
#include "notifications/dispatch.h"
#include "notifications/ping.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Set once, before the service is opened. Without a configuration (tests): nothing leaves. */
static ntf_post_settings_t s_settings = {.ladder = {.pause_ms = {1000}, .n = 1, .sum_ms = 1000},
                                         .courier = {.timeout_ms = 1000},
                                         .secretariat = "SECRETARIAT",
                                         .report_days = 31,
                                         .escalate_ms = {12 * 3600000, 12 * 3600000, 24 * 3600000}};

const ntf_post_settings_t *ntf_post_settings(void)
{
    return &s_settings;
}

bool ntf_post_has_mail(void)
{
    return s_settings.courier.smtp_url[0] != '\0';
}

static const char *s_text(const cv_config_t *config, const char *key)
{
    const char *value = cv_config_text(config, key);
    return strcmp(value, "none") == 0 ? "" : value;
}

static int s_wrong(char *ret_error, size_t error_size, const char *key, const char *what)
{
    snprintf(ret_error, error_size, "%s: %s", key, what);
    return CV_EINVAL;
}

/* The first line of a file that others cannot read. */
static int s_password_read(const char *path, char ret_password[NTF_SETTING_MAX], const char **ret_what)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || fstat(fd, &info) || !S_ISREG(info.st_mode)) {
        if (fd >= 0)
            close(fd);
        *ret_what = "there is no such file, or it cannot be read";
        return CV_EINVAL;
    }
    ssize_t n = read(fd, ret_password, NTF_SETTING_MAX - 1);
    close(fd);
    if (info.st_mode & S_IRWXO) {
        *ret_what = "others may read or change it; chmod o= takes that away";
        return CV_EINVAL;
    }
    ret_password[n > 0 ? n : 0] = '\0';
    ret_password[strcspn(ret_password, "\r\n")] = '\0';
    *ret_what = "its first line must be the password, of 1 to 1023 octets";
    return n > 0 && ret_password[0] ? CV_OK : CV_EINVAL;
}

static int s_smtp(const cv_config_t *config, ntf_courier_settings_t *courier, char *ret_error, size_t error_size)
{
    const char *url = s_text(config, "smtp/url"), *user = s_text(config, "smtp/user"), *what;
    const char *sender = s_text(config, "smtp/sender"), *file = s_text(config, "smtp/password_file");
    const char *tls = cv_config_text(config, "smtp/starttls"), *reply_to = s_text(config, "smtp/reply_to");
    bool is_tls = strncmp(url, "smtps://", 8) == 0;
    courier->starttls = strcmp(tls, "none") == 0       ? NTF_TLS_NONE
                        : strcmp(tls, "optional") == 0 ? NTF_TLS_OPTIONAL
                                                       : NTF_TLS_REQUIRED;
    if (!url[0])
        return CV_OK;
    if ((!is_tls && strncmp(url, "smtp://", 7) != 0) || strpbrk(url, "@ <>\"\\?#"))
        return s_wrong(ret_error, error_size, "smtp/url", "must be smtp://host:port or smtps://host:port");
    if (!ntf_mail_address_usable(cv_str(sender)))
        return s_wrong(ret_error, error_size, "smtp/sender", "must be the address that mail comes from, name@host");
    if (reply_to[0] && !ntf_mail_address_usable(cv_str(reply_to)))
        return s_wrong(ret_error, error_size, "smtp/reply_to", "must be an address that people read, name@host");
    if (user[0] && !is_tls && courier->starttls != NTF_TLS_REQUIRED)
        return s_wrong(ret_error, error_size, "smtp/starttls",
                       "must be required when there is a user: the password could go out in clear");
    if (user[0] && (!file[0] || s_password_read(file, courier->smtp_password, &what)))
        return s_wrong(ret_error, error_size, "smtp/password_file", file[0] ? what : "must be set when smtp/user is");
    /* They fit: a value is shorter than the room for it. */
    bool fits = !cv_str_copy(cv_str(url), courier->smtp_url, sizeof(courier->smtp_url)) &&
                !cv_str_copy(cv_str(user), courier->smtp_user, sizeof(courier->smtp_user)) &&
                !cv_str_copy(cv_str(sender), courier->sender, sizeof(courier->sender)) &&
                !cv_str_copy(cv_str(reply_to), courier->reply_to, sizeof(courier->reply_to));
    return fits ? CV_OK : s_wrong(ret_error, error_size, "smtp/url", "is too long");
}

static bool s_is_party(const char *code)
{
    size_t len = strlen(code);
    return len == 0 || (len > 1 && code[0] != '_' && code[0] != '-' &&
                        strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == len);
}

int ntf_post_configure(const struct cv_config *config, char *ret_error, size_t error_size)
{
    ntf_post_settings_t settings = {.courier.timeout_ms = cv_config_int(config, "notifications/timeout_ms")};
    if (ntf_ladder_read(cv_str(cv_config_text(config, "notifications/retry")), &settings.ladder))
        return s_wrong(ret_error, error_size, "notifications/retry",
                       "must be 1 to 16 pauses, each with ms, s, m, h or d: " NTF_RETRY_DEFAULT);
    static const char *const escalate[NTF_ESCALATES] = {
        [NTF_ESCALATE_REMINDER] = "notifications/escalate_reminder",
        [NTF_ESCALATE_PROMOTION] = "notifications/escalate_promotion",
        [NTF_ESCALATE_SILENCE] = "notifications/escalate_silence",
    };
    settings.report_days = (int)cv_config_int(config, "notifications/report_days");
    settings.rate[NTF_EMAIL] = cv_config_int(config, "notifications/mail_rate");
    settings.rate[NTF_WEBHOOK] = cv_config_int(config, "notifications/webhook_rate");
    for (int i = 0; i < NTF_ESCALATES; i++)
        settings.escalate_ms[i] = cv_config_int(config, escalate[i]) * 60000;
    const char *secretariat = s_text(config, "notifications/secretariat");
    if (cv_str_copy(cv_str(secretariat), settings.secretariat, sizeof(settings.secretariat)) ||
        !s_is_party(settings.secretariat))
        return s_wrong(ret_error, error_size, "notifications/secretariat",
                       "must be the code of a party, 2 to 16 capital letters, digits, '_' and '-', or none");
    const char *ping = ntf_ping_configure(cv_str(cv_config_text(config, "notifications/ping")),
                                          cv_str(cv_config_text(config, "notifications/ping_answer")));
    if (ping)
        return s_wrong(ret_error, error_size, ping,
                       "must be a number with s, m, h or d, at most 3650d, like 90d; notifications/ping also 0: never");
    settings.courier.anywhere = strcmp(cv_config_text(config, "notifications/webhook_to"), "any") == 0;
    const char *ca_file = s_text(config, "notifications/ca_file");
    if (ca_file[0] && access(ca_file, R_OK))
        return s_wrong(ret_error, error_size, "notifications/ca_file", "there is no such file, or it cannot be read");
    if (cv_str_copy(cv_str(ca_file), settings.courier.ca_file, sizeof(settings.courier.ca_file)) ||
        cv_str_copy(cv_str(cv_config_text(config, "notifications/webhook_key")), settings.key_path,
                    sizeof(settings.key_path)))
        return s_wrong(ret_error, error_size, "notifications/webhook_key", "is too long");
    char wrong[512];
    int rc = ntf_languages_read(s_text(config, "notifications/languages"), wrong, sizeof(wrong));
    if (rc)
        return rc == CV_EINVAL ? s_wrong(ret_error, error_size, "notifications/languages", wrong) : rc;
    rc = s_smtp(config, &settings.courier, ret_error, error_size);
    if (!rc && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) /* before there is a second thread */
        rc = s_wrong(ret_error, error_size, "smtp/url", "libcurl cannot start");
    if (!rc)
        s_settings = settings;
    return rc;
}
