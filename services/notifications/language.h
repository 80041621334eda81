/* language: that somebody is written to in another language than the one that was asked for, said in the log.
 * SPDX-License-Identifier: Apache-2.0
 *
 * recipient.put refuses a language that nobody here has (unknown_language). A contact that a delegation names comes by
 * registration.private and cannot be refused here, and a catalogue may be taken away: then notices go out in the nearest
 * language (content/languages.h), and the log says it once per language and start.
 */
#ifndef NOTIFICATIONS_LANGUAGE_H
#define NOTIFICATIONS_LANGUAGE_H

#include "convene/bytes.h"

/* A notice is written for somebody who wants that language; absent: for anybody. */
void ntf_language_wanted(cv_str_t tag);

#endif
