/* pentabarf: a programme as Pentabarf XML, which programme apps and recording crews read.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLI_PENTABARF_H
#define CLI_PENTABARF_H

#include "programme_model.h"

/* Writes these sessions of the programme's event (placed ones; in the order of time) as one document. version: of what is
 * written, shown in it. */
void pentabarf_write(FILE *file, const cli_programme_t *programme, const sch_sitting_t *const *sittings, size_t n,
                     long long version);

#endif
