/* zpl: reads small ZPL files (configuration, certificates), with line numbers in its errors.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CONVENE_BASE_ZPL_H
#define CONVENE_BASE_ZPL_H

#include "convene/bytes.h"

#define CV_ZPL_FILE_MAX (64 * 1024)
#define CV_ZPL_PATH_MAX 192
#define CV_ZPL_DEPTH_MAX 8

typedef struct {
    const char *path;  /* "registration/endpoint" */
    const char *value; /* "" for none */
    bool is_section;   /* has items below it and no value */
    unsigned line;
} cv_zpl_item_t;

/* Called for each item in order of the file; anything but CV_OK ends the reading and is returned. */
typedef int (*cv_zpl_visit_t)(void *arg, const cv_zpl_item_t *item);

/* CV_ENOTFOUND, CV_EIO, CV_ENOMEM, CV_ELIMIT (larger than CV_ZPL_FILE_MAX) and CV_EINVAL say what and where in
 * ret_error; what visit returns does not touch it. */
int cv_zpl_read(const char *file, cv_zpl_visit_t visit, void *arg, char *ret_error, size_t error_size) CV_USE_RESULT;

#endif
