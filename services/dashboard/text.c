/* text: see text.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/text.h"

#include <stdlib.h>
#include <string.h>

struct dash_text {
    size_t holders, len;
    char bytes[];
};

dash_text_t *dash_text_new(cv_str_t bytes)
{
    dash_text_t *text = malloc(sizeof(*text) + bytes.len + 1);
    if (!text)
        return NULL;
    text->holders = 1;
    text->len = bytes.len;
    if (bytes.len)
        memcpy(text->bytes, bytes.ptr, bytes.len);
    text->bytes[bytes.len] = '\0';
    return text;
}

dash_text_t *dash_text_of(cv_buf_t *buf)
{
    dash_text_t *text = buf->rc ? NULL : dash_text_new(cv_buf_str(buf));
    cv_buf_done(buf);
    return text;
}

dash_text_t *dash_text_hold(dash_text_t *text)
{
    text->holders++;
    return text;
}

void dash_text_drop(dash_text_t *text)
{
    if (text && --text->holders == 0)
        free(text);
}

cv_str_t dash_text_bytes(const dash_text_t *text)
{
    return (cv_str_t){text->bytes, text->len};
}
