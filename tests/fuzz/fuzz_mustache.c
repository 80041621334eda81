/* fuzz_mustache: whatever a template is, rendering it ends, stays within its bounds, and lets no markup of the data through.
 * ctest-labels: notifications
 * SPDX-License-Identifier: Apache-2.0
 *
 * The input is a template, and behind a NUL a partial that it and the partial itself may include. A second rendering
 * gives the same. Where the template has no '<' of its own and no tag that leaves data as they are, the output has none.
 */
#include "notifications/content/mustache.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { OUT_MAX = 64 * 1024, INPUT_MAX = 16 * 1024 };

static void s_must(int condition)
{
    if (!condition)
        abort();
}

static cv_str_t s_partial(void *self, cv_str_t name)
{
    (void)name;
    return *(cv_str_t *)self;
}

static cv_str_t s_translate(void *self, cv_str_t context, cv_str_t one, cv_str_t many, int64_t n)
{
    (void)self;
    return context.ptr ? CV_STR("{{text}}&{{#list}}{{.}}{{/list}}") : n == 2 ? many : one;
}

static json_t *s_data(void)
{
    static json_t *data;
    if (!data)
        data = json_loads(
            "{\"text\": \"a<b>&\\\"c\", \"n\": 2, \"real\": 1.5, \"yes\": true, \"no\": null, \"list\": [1, \"<x>\", "
            "{\"a\": {\"b\": \"<\"}}, [1, 2]], \"a\": {\"b\": \"<c>\", \"a\": {\"list\": []}}}",
            0, NULL);
    return data;
}

static int s_render(const ntf_mustache_t *options, cv_str_t template, cv_buf_t *out)
{
    const char *why = NULL;
    cv_buf_init(out, OUT_MAX);
    int rc = ntf_mustache(options, template, s_data(), out, &why);
    s_must(rc == CV_OK || rc == CV_ELIMIT || (rc == CV_EMALFORMED && why));
    s_must(out->len <= OUT_MAX);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0 || size > INPUT_MAX)
        return 0;
    const char *text = (const char *)bytes, *nul = memchr(text, '\0', size);
    cv_str_t template = {text, nul ? (size_t)(nul - text) : size};
    cv_str_t partial = nul ? (cv_str_t){nul + 1, size - template.len - 1} : CV_STR_NONE;
    ntf_mustache_t options = {.self = &partial, .partial = s_partial, .translate = s_translate, .html = true};
    cv_buf_t out, again;
    int rc = s_render(&options, template, &out);
    s_must(s_render(&options, template, &again) == rc);
    s_must(out.len == again.len && (out.len == 0 || memcmp(out.ptr, again.ptr, out.len) == 0));
    /* '&', a third '{' and '=' can begin a tag that leaves data as they are, or that changes what a tag is. */
    bool own = false;
    for (size_t i = 0, braces = 0; i < size; i++) {
        bool space = text[i] == ' ' || text[i] == '\t' || text[i] == '\r' || text[i] == '\n';
        braces = text[i] == '{' ? braces + 1 : space ? braces : 0;
        own = own || text[i] == '<' || text[i] == '&' || text[i] == '=' || braces > 2;
    }
    if (!own && out.len > 0)
        s_must(memchr(out.ptr, '<', out.len) == NULL);
    cv_buf_done(&out);
    cv_buf_done(&again);
    return 0;
}
