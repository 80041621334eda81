/* config: the known settings with type, default and help, and where the value of each came from.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A flag beats the environment, which beats the file, which beats the default:
 *
 *   convene-registration --config convene.cfg --set registration/endpoint=tcp://127.0.0.1:24100
 *   CONVENE_REGISTRATION_ENDPOINT=tcp://127.0.0.1:24100
 *   convene.cfg (ZPL, https://rfc.zeromq.org/spec/4):
 *       registration
 *           endpoint = tcp://127.0.0.1:24100
 *
 * Where no --config is given, CONVENE_CONFIG in the environment names the file.
 *
 * A key that is not in the table is an error that names its place and the nearest key that is. Of the environment,
 * variables that start with CONVENE_ and resemble no key are left alone: platforms and tests set some of their own.
 *
 * A secret is never a value. A setting of type CV_CONFIG_SECRET names the file that holds it, so that what is printed
 * or stands in a command line gives nothing away; that nobody but its owner can read the file is part of the check.
 */
#ifndef CONVENE_CONFIG_H
#define CONVENE_CONFIG_H

#include "convene/bytes.h"
#include <stdio.h>

#define CV_CONFIG_VALUE_MAX 1024
#define CV_CONFIG_ERROR_MAX 512

typedef enum {
    CV_CONFIG_TEXT,
    CV_CONFIG_DIR,
    CV_CONFIG_INT,      /* between min and max */
    CV_CONFIG_CHOICE,   /* one of choices */
    CV_CONFIG_ENDPOINT, /* tcp://address:port or ipc://path */
    CV_CONFIG_SECRET,   /* path of a file that holds a secret; "none": there is none */
} cv_config_type_t;

typedef struct {
    const char *key; /* "registration/endpoint" */
    cv_config_type_t type;
    const char *value; /* the default; ${key} stands for the effective value of another key */
    const char *help;
    const char *choices; /* "curve|none" */
    int64_t min, max;
    const char *unit; /* "days"; NULL: none */
} cv_config_key_t;

/* The table, for --help. */
const cv_config_key_t *cv_config_keys(size_t *ret_n);

typedef struct cv_config cv_config_t;

/* Reads all sources: file (NULL: none), environment ("K=V", NULL at the end; NULL: none), sets ("key=value"). After
 * it the configuration does not change. CV_EINVAL (CV_ENOTFOUND, CV_EIO, CV_ELIMIT: about the file) with what is wrong
 * and where in ret_error, which should have CV_CONFIG_ERROR_MAX octets. */
int cv_config_load(const char *file, char *const *environment, const char *const *sets, size_t sets_n,
                   cv_config_t **ret_config, char *ret_error, size_t error_size) CV_USE_RESULT;
void cv_config_destroy(cv_config_t **config);

/* The effective value. The key must be in the table (asserted: a key is a constant of the program). */
const char *cv_config_text(const cv_config_t *config, const char *key);
int64_t cv_config_int(const cv_config_t *config, const char *key);
/* "<service>/<name>", for instance ("scheduling", "endpoint"). */
const char *cv_config_of(const cv_config_t *config, const char *service, const char *name);
/* "default", "convene.cfg:12", "CONVENE_DATA" or "--set". */
const char *cv_config_origin(const cv_config_t *config, const char *key);

/* What no single value shows: whether they go together for one service (NULL: for all), and who can read the files of
 * its secrets. A secret that is not there yet is no fault: some are made at the first start. CV_EINVAL with the reason.
 */
int cv_config_check(const cv_config_t *config, const char *service, char *ret_error, size_t error_size) CV_USE_RESULT;

/* ---- for people (config_describe.c) ---- */
enum { CV_CONFIG_RANGE_MAX = 160, CV_CONFIG_VARIABLE_MAX = 80 };

/* What may be set: "a whole number of days from 1 to 36500", "curve or none". */
const char *cv_config_range(const cv_config_key_t *key, char ret_range[CV_CONFIG_RANGE_MAX]);
/* The environment's name of it: "CONVENE_LOG_LEVEL". */
const char *cv_config_variable(const char *key, char ret_variable[CV_CONFIG_VARIABLE_MAX]);
/* "key = value   # origin", a line each. */
void cv_config_print(const cv_config_t *config, FILE *file);
/* Key, help, range and default of each. */
void cv_config_help(FILE *file);
/* A file for --config with every setting in it, commented out. CV_ENOMEM. */
int cv_config_example(FILE *file) CV_USE_RESULT;

#endif
