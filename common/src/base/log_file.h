/* log_file: standard output and error as a file that does not grow without end.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   DIR/<service>.log      what is written now
 *   DIR/<service>.log.1    before that, and so on up to .<keep>; the oldest goes
 *
 * After a line the file's size is looked at. At the limit a new file takes its place: made under another name, put there
 * by renames, then put under both descriptors (dup2). So nothing is lost, whoever writes at that instant: a line of
 * another thread, or what a sanitizer or a library says, is in the old file or in the new one. No descriptor stays on a
 * file that was removed, and nobody outside, as a supervisor that copies and truncates, has to be there or be quick.
 *
 * Failure modes
 *   no new file can be made, or the old one not moved away
 *                              the log goes on in the old one, and it is tried again with the next line
 *   killed between the renames there is no DIR/<service>.log, or it is new and empty; the next start opens it
 */
#ifndef CONVENE_SRC_BASE_LOG_FILE_H
#define CONVENE_SRC_BASE_LOG_FILE_H

/* After a line; from any thread. Without cv_log_file it does nothing. */
void cv_log_file_look(void);

#endif
