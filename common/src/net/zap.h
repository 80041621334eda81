/* zap: decides who may connect, by CURVE key; one thread beside the service's, with nothing shared.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CONVENE_NET_ZAP_H
#define CONVENE_NET_ZAP_H

#include "convene/principal.h"

#define CV_ZAP_DOMAIN "convene"
#define CV_ZAP_LOCAL "local" /* User-Id of every peer that comes without CURVE */

/* Who that is: "local", with every role but focal_point. Not in any cv_principals_t. */
extern const cv_principal_t cv_principal_local;

typedef struct cv_zap cv_zap_t;

/* Starts the handler for all sockets of the ZeroMQ context; before any of them binds. Takes *principals, also when it
 * fails; NULL: nobody. allow_null: peers without CURVE are let in (as CV_ZAP_LOCAL). CV_EUNAVAIL: another handler
 * serves this context. Nothing may listen when this failed. */
int cv_zap_start(void *context, cv_principals_t **principals, bool allow_null, cv_zap_t **ret_zap) CV_USE_RESULT;
/* Swaps the set; when it returns, new connections are judged by the new one. Takes *principals. Connections that are
 * there stay until they break: their messages have to be judged one by one (cv_principals_by_user), and who wants them
 * to hear no more closes and opens the socket. */
int cv_zap_reload(cv_zap_t *zap, cv_principals_t **principals) CV_USE_RESULT;
void cv_zap_counts(cv_zap_t *zap, uint64_t *ret_accepted, uint64_t *ret_refused);
/* After all sockets of the context are closed (sockets still open then refuse everybody). */
void cv_zap_stop(cv_zap_t **zap);

#endif
