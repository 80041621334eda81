/* assets: the files of the page, compiled into the program: nothing is read from a disk to answer a request.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef DASHBOARD_ASSETS_H
#define DASHBOARD_ASSETS_H

#include "convene/bytes.h"

typedef struct {
    const char *path; /* "/app.js" */
    const char *type;
    const unsigned char *bytes;
    size_t len;
} dash_asset_t;

extern const dash_asset_t dash_assets[]; /* made by embed.cmake from page/; ends with a NULL path */

#endif
