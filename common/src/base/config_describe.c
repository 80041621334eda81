/* config_describe: the settings in words: what may be set, and what is.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Everything here is read off the table in config.c, so that no text about a setting can differ from what is checked.
 */
#include "convene/config.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

const char *cv_config_variable(const char *key, char ret_variable[CV_CONFIG_VARIABLE_MAX])
{
    snprintf(ret_variable, CV_CONFIG_VARIABLE_MAX, "CONVENE_%s", key);
    for (char *at = ret_variable; *at; at++)
        *at = *at == '/' ? '_' : (char)toupper((unsigned char)*at);
    return ret_variable;
}

/* "a|b|c" as "a, b or c". */
static void s_choices(const char *choices, char ret_range[CV_CONFIG_RANGE_MAX])
{
    size_t len = 0;
    for (const char *at = choices; *at;) {
        size_t word = strcspn(at, "|");
        bool first = at == choices, last = !at[word];
        int n = snprintf(ret_range + len, CV_CONFIG_RANGE_MAX - len, "%s%.*s",
                         first  ? ""
                         : last ? " or "
                                : ", ",
                         (int)word, at);
        len += n > 0 && (size_t)n < CV_CONFIG_RANGE_MAX - len ? (size_t)n : 0;
        at += word + !last;
    }
}

const char *cv_config_range(const cv_config_key_t *key, char ret_range[CV_CONFIG_RANGE_MAX])
{
    const char *text = "text";
    switch (key->type) {
    case CV_CONFIG_INT:
        snprintf(ret_range, CV_CONFIG_RANGE_MAX, "a whole number%s%s, from %" PRId64 " to %" PRId64,
                 key->unit && strncmp(key->unit, "a ", 2) == 0 ? " "
                 : key->unit                                   ? " of "
                                                               : "",
                 key->unit ? key->unit : "", key->min, key->max);
        return ret_range;
    case CV_CONFIG_CHOICE:
        s_choices(key->choices, ret_range);
        return ret_range;
    case CV_CONFIG_ENDPOINT:
        text = "tcp://address:port or ipc://path";
        break;
    case CV_CONFIG_DIR:
        text = "a path";
        break;
    case CV_CONFIG_SECRET:
        text = "the path of a file with a secret, which its owner alone can read";
        break;
    case CV_CONFIG_TEXT:
    default:
        break;
    }
    snprintf(ret_range, CV_CONFIG_RANGE_MAX, "%s", text);
    return ret_range;
}

void cv_config_print(const cv_config_t *config, FILE *file)
{
    size_t n;
    const cv_config_key_t *keys = cv_config_keys(&n);
    for (size_t i = 0; i < n; i++)
        fprintf(file, "%-28s = %-40s # %s\n", keys[i].key, cv_config_text(config, keys[i].key),
                cv_config_origin(config, keys[i].key));
}

void cv_config_help(FILE *file)
{
    size_t n;
    const cv_config_key_t *keys = cv_config_keys(&n);
    for (size_t i = 0; i < n; i++) {
        char range[CV_CONFIG_RANGE_MAX];
        fprintf(file, "  %-28s %s; %s [%s]\n", keys[i].key, keys[i].help, cv_config_range(&keys[i], range),
                keys[i].value);
    }
}

int cv_config_example(FILE *file)
{
    size_t n;
    const cv_config_key_t *keys = cv_config_keys(&n);
    cv_config_t *defaults;
    char error[CV_CONFIG_ERROR_MAX];
    int rc = cv_config_load(NULL, NULL, NULL, 0, &defaults, error, sizeof error);
    if (rc)
        return rc;
    fputs("# Settings of Convene, for all its services and the command line (ZPL: key = value; '#' begins a comment).\n"
          "# Each stands here with its default. A flag (--set KEY=VALUE, convene --conf KEY=VALUE) beats the "
          "environment,\n"
          "# which beats this file. `convene config check` says whether it can be used, `convene config show` what "
          "holds.\n",
          file);
    for (size_t i = 0; i < n; i++) {
        char range[CV_CONFIG_RANGE_MAX], variable[CV_CONFIG_VARIABLE_MAX];
        bool follows = strncmp(keys[i].value, "${", 2) == 0; /* is not expanded in a file: what it gives stands there */
        fprintf(file, "\n# %s\n# %s; environment: %s%s%s\n#%s = %s\n", keys[i].help, cv_config_range(&keys[i], range),
                cv_config_variable(keys[i].key, variable), follows ? "; default: " : "", follows ? keys[i].value : "",
                keys[i].key, cv_config_text(defaults, keys[i].key));
    }
    cv_config_destroy(&defaults);
    return CV_OK;
}
