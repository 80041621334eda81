/* language: see language.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/language.h"

#include "convene/log.h"
#include "notifications/content/languages.h"

#include <string.h>
#include <strings.h>

enum { SAID_MAX = 64 /* languages; who invents more of them is not heard */ };

/* Of the one thread that makes notices. */
static char s_said[SAID_MAX][NTF_LANGUAGE_ROOM];
static size_t s_said_n;

void ntf_language_wanted(cv_str_t tag)
{
    const ntf_language_t *language = ntf_language_of(tag);
    if (!tag.ptr || (strlen(language->tag) == tag.len && strncasecmp(language->tag, tag.ptr, tag.len) == 0))
        return;
    for (size_t i = 0; i < s_said_n; i++) {
        if (cv_str_is(tag, s_said[i]))
            return;
    }
    if (s_said_n == SAID_MAX || cv_str_copy(tag, s_said[s_said_n], NTF_LANGUAGE_ROOM))
        return;
    s_said_n++;
    cv_log(ntf_language_is_known(tag) ? CV_LOG_INFO : CV_LOG_WARN, "language_replaced", cv_kv_str("wanted", tag),
           cv_kv_text("written_in", language->tag));
}
