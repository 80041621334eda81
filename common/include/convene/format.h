/* format: snprintf for sentences.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every decision explains itself in a sentence or two, and with the C library's formatting that took a twelfth of the
 * whole decision. Here %s, %.*s, %d, %u, %lld and %% are written directly; a format with any other conversion is handed
 * to vsnprintf, so every printf format works and the compiler checks it as one.
 */
#ifndef CONVENE_FORMAT_H
#define CONVENE_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/* As snprintf: at most size octets with the NUL; gives the length the whole text has. */
int cv_format(char *ret_text, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
int cv_vformat(char *ret_text, size_t size, const char *format, va_list args) __attribute__((format(printf, 3, 0)));

#endif
