/* pdf_list: a list of delegations as PDF.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Made by cairo and Pango, which know how scripts are shaped, joined and turned from right to left. Two passes over the
 * same pages: the first only counts them, so that each can say of how many it is one. A name that is too long for its
 * column wraps; a delegation's heading never stands alone at the foot of a page. Fonts are those of the machine, found
 * by fontconfig; texts stay texts, so the file can be searched.
 */
#ifndef CLI_PDF_LIST_H
#define CLI_PDF_LIST_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* list: what `registration export --format json` prints. with_answers: below each person. 0, or -1 with ret_error. */
int pdf_list_write(FILE *file, const json_t *list, bool with_contacts, bool with_answers, char *ret_error,
                   size_t error_size);

#endif
