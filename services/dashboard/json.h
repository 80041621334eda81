/* json: the data of a message as JSON.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef DASHBOARD_JSON_H
#define DASHBOARD_JSON_H

#include "convene/wire.h"

#include <jansson.h>

/* Bins become hexadecimal. NULL: out of memory. */
json_t *dash_json_of(const msgpack_object *object);

#endif
