/* ical_scan: see ical_scan.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ical_scan.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Walks over physical lines. */
typedef struct {
    const char *at, *end;
    const char *line; /* without its end */
    size_t len;
    int64_t number;
} lines_t;

static bool next(lines_t *lines)
{
    if (lines->at == lines->end)
        return false;
    const char *feed = memchr(lines->at, '\n', (size_t)(lines->end - lines->at));
    const char *stop = feed ? feed : lines->end;
    lines->line = lines->at;
    lines->len = (size_t)(stop - lines->at);
    if (lines->len && lines->line[lines->len - 1] == '\r')
        --lines->len;
    lines->at = feed ? feed + 1 : lines->end;
    ++lines->number;
    return true;
}

/* Is this line WORD:NAME, and what is the name? */
static bool is_edge(const lines_t *lines, const char *word, cv_str_t *ret_name)
{
    size_t len = strlen(word);
    if (lines->len <= len || strncasecmp(lines->line, word, len) != 0 || lines->line[len] != ':')
        return false;
    *ret_name = (cv_str_t){lines->line + len + 1, lines->len - len - 1};
    while (ret_name->len && isspace((unsigned char)ret_name->ptr[ret_name->len - 1]))
        --ret_name->len;
    return true;
}

static bool is_name(cv_str_t name, const char *text)
{
    return name.len == strlen(text) && strncasecmp(name.ptr, text, name.len) == 0;
}

static ical_part_t *add(ical_scan_t *scan, cv_str_t name, const lines_t *lines)
{
    if (scan->n == scan->room) {
        size_t room = scan->room ? 2 * scan->room : 64;
        ical_part_t *parts = realloc(scan->parts, room * sizeof *parts);
        if (!parts)
            return NULL;
        scan->parts = parts;
        scan->room = room;
    }
    ical_part_t *part = &scan->parts[scan->n++];
    *part = (ical_part_t){.kind = is_name(name, "VEVENT")      ? ICAL_ENTRY
                                  : is_name(name, "VTIMEZONE") ? ICAL_ZONE
                                                               : ICAL_OTHER,
                          .text = lines->line,
                          .line = lines->number};
    return part;
}

static bool is_top(cv_str_t name)
{
    static const char *const TOPS[] = {"VEVENT", "VTIMEZONE", "VTODO", "VJOURNAL", "VFREEBUSY"};
    for (size_t i = 0; i < sizeof TOPS / sizeof *TOPS; ++i)
        if (is_name(name, TOPS[i]))
            return true;
    return false;
}

int ical_scan(const char *text, size_t len, ical_scan_t *ret_scan)
{
    ical_scan_t scan = {.method = CV_STR_NONE};
    if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        text += 3;
        len -= 3;
    }
    lines_t lines = {.at = text, .end = text + len};
    ical_part_t *open = NULL;
    size_t depth = 0; /* of components within the open one */
    while (next(&lines)) {
        cv_str_t name;
        bool begins = is_edge(&lines, "BEGIN", &name), ends = !begins && is_edge(&lines, "END", &name);
        bool calendar = (begins || ends) && is_name(name, "VCALENDAR");
        if (open && (calendar || (begins && is_top(name)))) { /* it was never ended */
            open->len = (size_t)(lines.line - open->text);
            open = NULL;
        }
        if (calendar) {
            scan.calendar |= begins;
        } else if (!open && begins) {
            depth = 0;
            if (!(open = add(&scan, name, &lines))) {
                ical_scan_done(&scan);
                return CV_ENOMEM;
            }
        } else if (open && begins) {
            ++depth;
        } else if (open && ends && depth) {
            --depth;
        } else if (open && ends) {
            open->len = (size_t)(lines.at - open->text);
            open->whole = true;
            open = NULL;
        } else if (!open && is_edge(&lines, "METHOD", &name)) {
            scan.method = name;
        }
    }
    if (open)
        open->len = (size_t)(lines.end - open->text);
    *ret_scan = scan;
    return CV_OK;
}

void ical_scan_done(ical_scan_t *scan)
{
    free(scan->parts);
    *scan = (ical_scan_t){.method = CV_STR_NONE};
}

/* ---- properties of one part -------------------------------------------------------------- */

/* "NAME:..." or "NAME;...:..." */
static bool is_property(const lines_t *lines, const char *name)
{
    size_t len = strlen(name);
    return lines->len > len && strncasecmp(lines->line, name, len) == 0 &&
           (lines->line[len] == ':' || lines->line[len] == ';');
}

/* Walks on to the next line of the part itself that is this property. */
static bool find(lines_t *lines, size_t *depth, const char *name)
{
    cv_str_t edge;
    while (next(lines)) {
        if (is_edge(lines, "BEGIN", &edge))
            ++*depth;
        else if (is_edge(lines, "END", &edge) && *depth)
            --*depth;
        else if (*depth == 1 && is_property(lines, name))
            return true;
    }
    return false;
}

static void append(char *value, size_t size, const char *text, size_t len)
{
    size_t has = strlen(value);
    if (len > size - 1 - has)
        len = size - 1 - has;
    memcpy(value + has, text, len);
    value[has + len] = '\0';
}

char *ical_text_of(const ical_part_t *part)
{
    char *text = malloc(part->len + 1);
    if (!text)
        return NULL;
    memcpy(text, part->text, part->len);
    text[part->len] = '\0';
    return text;
}

int64_t ical_line_of(const ical_part_t *part, const char *name, char *ret_value, size_t size)
{
    lines_t lines = {.at = part->text, .end = part->text + part->len, .number = part->line - 1};
    size_t depth = 0;
    ret_value[0] = '\0';
    if (!find(&lines, &depth, name))
        return 0;
    int64_t number = lines.number;
    const char *colon = memchr(lines.line, ':', lines.len);
    if (colon)
        append(ret_value, size, colon + 1, lines.len - (size_t)(colon + 1 - lines.line));
    while (next(&lines) && lines.len && (*lines.line == ' ' || *lines.line == '\t'))
        append(ret_value, size, lines.line + 1, lines.len - 1);
    return number;
}

size_t ical_count_of(const ical_part_t *part, const char *name)
{
    lines_t lines = {.at = part->text, .end = part->text + part->len, .number = part->line - 1};
    size_t depth = 0, n = 0;
    while (find(&lines, &depth, name))
        ++n;
    return n;
}
