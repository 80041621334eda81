/* reveal: a sealed record of our log for who may read it: beside its own octets, which are hashed and stay as they are,
 * the message that it says.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The message has the record's id, time and causes, so to the reader it is the record. When its keys are destroyed
 * there is nothing to be said any more, and the record itself stays.
 */
#include "service/engine_state.h"

static const uint8_t NIL[] = {0xc0}; /* MessagePack's: there is nothing to be said */

int cv_engine_reveal(cv_engine_t *engine, cv_str_t record, cv_buf_t *revealed)
{
    cv_msg_t msg = {0};
    uint16_t type;
    const void *data;
    cv_buf_clear(revealed);
    int rc = cv_msg_read(engine->reader, record, &msg, NULL);
    if (!rc && msg.info)
        rc = msg.info->decode(msg.data, engine->sealed, NULL);
    if (!rc)
        rc = msg.info ? engine->def->reveal(engine->service, &msg, engine->sealed, &type, &data) : CV_ENOTFOUND;
    if (rc == CV_ENOTFOUND)
        return cv_buf_put(revealed, NIL, sizeof NIL);
    if (rc)
        return rc;
    msg.info = cv_msg_info_at(type);
    return cv_msg_write(revealed, &msg, data);
}
