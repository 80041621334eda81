/* fuzz_bounce: whatever comes as a mail that came back, its reader ends, and gives nothing but a notice's id and a status.
 * SPDX-License-Identifier: Apache-2.0
 * ctest-labels: notifications
 */
#include "cli/bounce_read.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void s_must(int condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    char error[BOUNCE_ERROR_MAX] = "";
    bounce_t bounce;
    char *copy = malloc(size ? size : 1); /* no octet more than it has, for the sanitizer */
    s_must(copy != NULL);
    if (size)
        memcpy(copy, bytes, size);
    int rc = bounce_read((cv_str_t){copy, size}, &bounce, error);
    free(copy);
    if (rc) {
        s_must(error[0] != '\0' && strlen(error) < sizeof(error));
        return 0;
    }
    s_must(bounce.notice[0] != '\0' && strspn(bounce.notice, letters) == strlen(bounce.notice));
    s_must(strlen(bounce.notice) <= BOUNCE_NOTICE_MAX);
    s_must(strspn(bounce.status, "0123456789.") == strlen(bounce.status) && strlen(bounce.status) <= BOUNCE_STATUS_MAX);
    s_must(bounce.what <= CV_BOUNCE_KIND_MAX && strlen(bounce.date) < sizeof(bounce.date));
    return 0;
}
