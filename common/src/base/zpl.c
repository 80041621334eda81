/* zpl: checks a file line by line, then lets czmq's zconfig parse it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * zconfig says what is wrong on standard output and keeps no line numbers, so nothing reaches it that it would
 * refuse. Every line that is neither empty nor a comment makes exactly one item; the n-th item in order of the file is
 * therefore on the n-th such line.
 */
#include "base/zpl.h"

#include <ctype.h>
#include <czmq.h>
#include <errno.h>

static bool s_name_char(char c)
{
    return isalnum((unsigned char)c) || (c && strchr("$-_@.&+/", c));
}

/* One line: "    name" or "    name = value", with comments. *io_depth is the deepest level allowed here, and then on
 * the next line. Returns 1 for an item, 0 for nothing, and -1 with a reason. */
static int s_check_line(const char *line, size_t len, size_t *io_depth, const char **ret_reason)
{
    size_t indent = 0;
    while (indent < len && line[indent] == ' ')
        indent++;
    const char *at = line + indent, *end = line + len;
    while (end > at && isspace((unsigned char)end[-1]))
        end--;
    if (at >= end || *at == '#')
        return 0;
    *ret_reason = "indent with 4 spaces a level, below a line that is one level less";
    if (indent % 4 || indent / 4 > *io_depth || indent / 4 >= CV_ZPL_DEPTH_MAX)
        return -1;
    *io_depth = indent / 4 + 1;
    const char *name = at;
    while (at < end && s_name_char(*at))
        at++;
    *ret_reason = "expected \"name\" or \"name = value\"";
    if (at == name)
        return -1;
    while (at < end && *at == ' ')
        at++;
    if (at == end || *at == '#')
        return 1;
    if (*at++ != '=')
        return -1;
    while (at < end && *at == ' ')
        at++;
    if (at < end && (*at == '"' || *at == '\'')) {
        char quote = *at++;
        while (at < end && *at != quote)
            at++;
        *ret_reason = "the closing quote is missing";
        if (at == end)
            return -1;
    }
    return 1;
}

static unsigned s_line_of(const char *text, size_t item)
{
    unsigned number = 1;
    for (const char *at = text; *at; number++) {
        size_t len = strcspn(at, "\n");
        size_t depth = CV_ZPL_DEPTH_MAX; /* the indentation was checked before */
        const char *reason;
        if (s_check_line(at, len, &depth, &reason) == 1 && item-- == 0)
            return number;
        at += len + (at[len] == '\n');
    }
    return number;
}

typedef struct {
    const char *file, *text;
    cv_zpl_visit_t visit;
    void *arg;
    size_t item; /* how many were seen */
    char *error;
    size_t error_size;
} walk_t;

static int s_walk(walk_t *walk, zconfig_t *parent, const char *prefix)
{
    for (zconfig_t *node = zconfig_child(parent); node; node = zconfig_next(node)) {
        char path[CV_ZPL_PATH_MAX];
        cv_zpl_item_t item = {.path = path, .line = s_line_of(walk->text, walk->item++)};
        int len = snprintf(path, sizeof path, "%s%s%s", prefix, *prefix ? "/" : "", zconfig_name(node));
        if (len >= (int)sizeof path) {
            snprintf(walk->error, walk->error_size, "%s:%u: the name is too long", walk->file, item.line);
            return CV_EINVAL;
        }
        const char *value = zconfig_value(node);
        item.value = value ? value : "";
        item.is_section = zconfig_child(node) && !*item.value;
        int rc = walk->visit(walk->arg, &item);
        if (!rc)
            rc = s_walk(walk, node, path);
        if (rc)
            return rc;
    }
    return CV_OK;
}

static int s_read_text(const char *path, char **ret_text, char *ret_error, size_t error_size)
{
    FILE *file = fopen(path, "rbe");
    if (!file) {
        int rc = errno == ENOENT ? CV_ENOTFOUND : CV_EIO;
        snprintf(ret_error, error_size, "%s: %s", path, strerror(errno));
        return rc;
    }
    char *text = calloc(1, CV_ZPL_FILE_MAX + 2);
    size_t len = text ? fread(text, 1, CV_ZPL_FILE_MAX + 1, file) : 0;
    bool failed = ferror(file);
    fclose(file);
    int rc = !text ? CV_ENOMEM : failed ? CV_EIO : len > CV_ZPL_FILE_MAX ? CV_ELIMIT : CV_OK;
    if (rc) {
        snprintf(ret_error, error_size, "%s: %s", path, cv_error_text(rc));
    } else if (strlen(text) != len) {
        rc = CV_EINVAL;
        snprintf(ret_error, error_size, "%s: is not a text file", path);
    }
    if (rc)
        free(text);
    else
        *ret_text = text;
    return rc;
}

static int s_check_text(const char *file, const char *text, char *ret_error, size_t error_size)
{
    size_t depth = 0;
    unsigned number = 1;
    for (const char *at = text; *at; number++) {
        size_t len = strcspn(at, "\n");
        const char *reason;
        if (s_check_line(at, len, &depth, &reason) < 0) {
            snprintf(ret_error, error_size, "%s:%u: %s", file, number, reason);
            return CV_EINVAL;
        }
        at += len + (at[len] == '\n');
    }
    return CV_OK;
}

int cv_zpl_read(const char *file, cv_zpl_visit_t visit, void *arg, char *ret_error, size_t error_size)
{
    char *text;
    int rc = s_read_text(file, &text, ret_error, error_size);
    if (rc)
        return rc;
    rc = s_check_text(file, text, ret_error, error_size);
    if (!rc) {
        zconfig_t *root = zconfig_str_load(text);
        walk_t walk = {file, text, visit, arg, 0, ret_error, error_size};
        if (root) {
            rc = s_walk(&walk, root, "");
        } else {
            rc = CV_EINVAL;
            snprintf(ret_error, error_size, "%s: is not in ZPL form", file);
        }
        zconfig_destroy(&root);
    }
    free(text);
    return rc;
}
