/* fuzz_target: no request may hurt the dashboard's checks, and what they let through is plain.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Lines of the input: method, target, then headers as NAME: VALUE. Whatever they are, the check ends with a status it
 * knows; with 200 there was exactly one Host and no body, and the decoded path begins with '/', has no segment that is
 * empty, "." or "..", and no control character. The language is looked for in the same octets.
 */
#include "dashboard/target.h"
#include "dashboard/words.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { INPUT_MAX = 16 * 1024, HEADERS_ROOM = 100 };

static void s_must(int condition)
{
    if (!condition)
        abort();
}

static void s_is_plain(const char *path)
{
    s_must(path[0] == '/');
    for (const char *c = path; *c; c++)
        s_must((unsigned char)*c >= 0x20 && *c != 0x7f && *c != '\\');
    for (const char *segment = path; segment; segment = strchr(segment + 1, '/')) {
        size_t len = strcspn(segment + 1, "/");
        s_must(len > 0 || path[1] == '\0');
        s_must(!(len == 1 && segment[1] == '.') && !(len == 2 && segment[1] == '.' && segment[2] == '.'));
    }
}

static char *s_line(char **rest)
{
    char *line = *rest, *end = line ? strchr(line, '\n') : NULL;
    *rest = end ? end + 1 : NULL;
    if (end)
        *end = '\0';
    return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static char text[INPUT_MAX + 1];
    dash_header_t headers[HEADERS_ROOM];
    dash_target_t target;
    const char *why = NULL;
    size_t headers_n = 0, hosts = 0;
    if (size > INPUT_MAX)
        return 0;
    memcpy(text, bytes, size);
    text[size] = '\0';
    char *rest = text;
    const char *method = s_line(&rest), *asked = s_line(&rest);
    for (char *line; headers_n < HEADERS_ROOM && (line = s_line(&rest));) {
        char *colon = strchr(line, ':');
        if (!colon)
            continue;
        *colon = '\0';
        headers[headers_n] = (dash_header_t){line, colon + 1};
        hosts += strcasecmp(line, "Host") == 0;
        headers_n++;
    }
    int status = dash_target_check(method, asked, headers, headers_n, &target, &why);
    s_must(status == 200 || status == 400 || status == 405 || status == 414);
    s_must((status == 200) == (why[0] == '\0'));
    if (status != 200)
        return 0;
    s_must(hosts == 1);
    for (size_t i = 0; i < headers_n; i++)
        s_must(strcasecmp(headers[i].name, "Transfer-Encoding") != 0);
    s_is_plain(target.path);
    for (size_t i = 0; i < target.parameters_n; i++) {
        s_must(strlen(target.parameters[i].name) + strlen(target.parameters[i].value) <= DASH_TARGET_MAX);
        (void)dash_language_of(target.parameters[i].value, target.parameters[i].value);
    }
    return 0;
}
