/* client (private part): what the follower side of the client library needs of a cv_client_t.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CONVENE_NET_CLIENT_H
#define CONVENE_NET_CLIENT_H

#include "convene/client.h"
#include "net/socket.h"

/* A connected socket of the client to one service. CV_EINVAL: no such service in the options. */
int cv_client_connect(cv_client_t *client, const char *service, cv_socket_use_t use, void **ret_socket) CV_USE_RESULT;

#endif
