/* embedded: the templates, catalogues and samples that are compiled into the program (services/notifications/content/embed.cmake).
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef NOTIFICATIONS_CONTENT_EMBEDDED_H
#define NOTIFICATIONS_CONTENT_EMBEDDED_H

#include <stddef.h>

typedef struct {
    const char *name; /* "decision.txt", "ru.po", "decision.json" */
    const unsigned char *bytes;
    size_t len;
} ntf_embedded_t;
extern const ntf_embedded_t ntf_embedded[]; /* ends with a NULL name */

#endif
