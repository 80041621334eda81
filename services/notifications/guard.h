/* guard: which addresses a webhook may be connected to.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Whoever sets a webhook says where this service connects to, and a name can mean another address each time it is
 * looked up. So the address itself is judged, at the moment of connecting: nothing of this machine, of the networks
 * around it, of carriers' inner networks, or with no single owner. Ranges by RFC 6890 and its successors (IANA's
 * special-purpose registries); an IPv6 address that carries an IPv4 address is judged by that too.
 */
#ifndef NOTIFICATIONS_GUARD_H
#define NOTIFICATIONS_GUARD_H

#include <stdbool.h>
#include <sys/socket.h>

/* Whether this is an address of the public Internet. Other families than IPv4 and IPv6: no. */
bool ntf_guard_public(const struct sockaddr *address, socklen_t len);

#endif
