/* pages: the manual page and the completion for bash, on standard output.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLI_PAGES_H
#define CLI_PAGES_H

#include "cli.h"

int cli_page_man(void);        /* roff */
int cli_page_completion(void); /* bash */

#endif
