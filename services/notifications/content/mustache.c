/* mustache: see mustache.h.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A template is read as it is rendered: a repeated section is read again for each element, one that does not show is
 * read without writing. That keeps no tree, and reads each tag where its delimiters are those that hold there.
 */
#include "notifications/content/mustache.h"

#include <stdio.h>
#include <string.h>

enum { DELIMITER_MAX = 8, NUMBER_MAX = 32 };

/* A template and how far it has been read. */
typedef struct {
    cv_str_t text;
    size_t at;
    char open[DELIMITER_MAX + 1], close[DELIMITER_MAX + 1];
    bool translated; /* its own text may hold what HTML takes for its own */
} source_t;

typedef struct {
    char kind; /* '#', '^', '/', '!', '>', '=', '&' (also for three braces), 'v' */
    cv_str_t name;
    size_t begin;    /* of the tag */
    size_t text_end; /* of the text before it: without the indentation of a tag that stands alone */
    size_t next;     /* where reading goes on */
    bool alone;
} tag_t;

typedef struct {
    const ntf_mustache_t *options;
    const json_t *stack[NTF_MUSTACHE_DEPTH + 1];
    size_t stack_n;
    size_t steps;
    cv_buf_t *out;
    const char *why;
} render_t;

static int s_run(render_t *render, source_t *source, cv_str_t until, bool shows, int depth, size_t *ret_end);

static int s_wrong(render_t *render, const char *why)
{
    render->why = why;
    return CV_EMALFORMED;
}

/* ---- reading tags ------------------------------------------------------------------------- */

static bool s_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static cv_str_t s_trim(cv_str_t text)
{
    while (text.len && s_space(text.ptr[0]))
        text = (cv_str_t){text.ptr + 1, text.len - 1};
    while (text.len && s_space(text.ptr[text.len - 1]))
        text.len--;
    return text;
}

static bool s_find(cv_str_t text, size_t from, const char *what, size_t *ret_at)
{
    const char *found = memmem(text.ptr + from, text.len - from, what, strlen(what));
    if (found)
        *ret_at = (size_t)(found - text.ptr);
    return found != NULL;
}

/* Whether nothing but blanks is around the tag on its line; then the line goes with it. */
static void s_stand_alone(cv_str_t text, tag_t *tag)
{
    size_t from = tag->begin, to = tag->next;
    while (from > 0 && (text.ptr[from - 1] == ' ' || text.ptr[from - 1] == '\t'))
        from--;
    if (from > 0 && text.ptr[from - 1] != '\n')
        return;
    while (to < text.len && (text.ptr[to] == ' ' || text.ptr[to] == '\t'))
        to++;
    if (to + 1 < text.len && text.ptr[to] == '\r' && text.ptr[to + 1] == '\n')
        to++;
    if (to < text.len && text.ptr[to] != '\n')
        return;
    tag->alone = true;
    tag->text_end = from;
    tag->next = to < text.len ? to + 1 : to;
}

/* 1: *ret_tag is the next one. 0: there is none any more. */
static int s_next(render_t *render, const source_t *source, tag_t *ret_tag)
{
    tag_t tag = {.kind = 'v'};
    cv_str_t text = source->text;
    if (!s_find(text, source->at, source->open, &tag.begin))
        return 0;
    char close[DELIMITER_MAX + 2];
    (void)snprintf(close, sizeof(close), "%s", source->close);
    size_t from = tag.begin + strlen(source->open), to;
    while (from < text.len && s_space(text.ptr[from]))
        from++;
    char first = from < text.len ? text.ptr[from] : '\0';
    if (first && strchr("#^/!>&={", first)) {
        tag.kind = first == '{' ? '&' : first;
        from++;
        if (first == '{' || first == '=')
            (void)snprintf(close, sizeof(close), "%c%s", first == '{' ? '}' : '=', source->close);
    }
    if (!s_find(text, from, close, &to))
        return s_wrong(render, "a tag does not end");
    tag.name = s_trim((cv_str_t){text.ptr + from, to - from});
    tag.text_end = tag.begin;
    tag.next = to + strlen(close);
    if (strchr("#^/!>=", tag.kind))
        s_stand_alone(text, &tag);
    if (tag.text_end < source->at)
        tag.text_end = source->at;
    *ret_tag = tag;
    if (tag.kind == '!' || tag.kind == '=')
        return 1;
    if (tag.name.len == 0 || tag.name.len > NTF_MUSTACHE_NAME_MAX)
        return s_wrong(render, "a tag has no name, or one that is too long");
    for (size_t i = 0; i < tag.name.len; i++)
        if (s_space(tag.name.ptr[i]))
            return s_wrong(render, "the name in a tag has a space in it");
    return 1;
}

static int s_delimiters(render_t *render, source_t *source, cv_str_t both)
{
    size_t open = 0, close;
    while (open < both.len && !s_space(both.ptr[open]))
        open++;
    cv_str_t rest = s_trim((cv_str_t){both.ptr + open, both.len - open});
    close = rest.len;
    for (size_t i = 0; i < close; i++)
        if (s_space(rest.ptr[i]) || rest.ptr[i] == '=')
            close = 0;
    if (!open || !close || open > DELIMITER_MAX || close > DELIMITER_MAX || memchr(both.ptr, '=', open))
        return s_wrong(render, "delimiters are two words without '='");
    memcpy(source->open, both.ptr, open);
    source->open[open] = '\0';
    memcpy(source->close, rest.ptr, close);
    source->close[close] = '\0';
    return CV_OK;
}

/* ---- data --------------------------------------------------------------------------------- */

static const json_t *s_member(const json_t *object, cv_str_t name)
{
    char key[NTF_MUSTACHE_NAME_MAX + 1];
    return cv_str_copy(name, key, sizeof(key)) ? NULL : json_object_get(object, key);
}

/* NULL: there is no such thing. */
static const json_t *s_look_up(const render_t *render, cv_str_t name)
{
    if (cv_str_is(name, "."))
        return render->stack[render->stack_n - 1];
    const json_t *found = NULL;
    for (size_t level = render->stack_n; name.ptr;) {
        const char *dot = memchr(name.ptr, '.', name.len);
        cv_str_t part = {name.ptr, dot ? (size_t)(dot - name.ptr) : name.len};
        name = dot ? (cv_str_t){dot + 1, name.len - part.len - 1} : CV_STR_NONE;
        if (level) { /* the first part: from the innermost outwards */
            while (!found && level)
                found = s_member(render->stack[--level], part);
            level = 0;
        } else {
            found = s_member(found, part);
        }
        if (!found)
            return NULL;
    }
    return found;
}

static bool s_true(const json_t *value)
{
    if (!value || json_is_null(value) || json_is_false(value))
        return false;
    if (json_is_array(value))
        return json_array_size(value) > 0;
    return !json_is_string(value) || json_string_length(value) > 0;
}

/* ---- writing ------------------------------------------------------------------------------ */

static void s_put_html(cv_buf_t *out, cv_str_t text)
{
    for (size_t i = 0; i < text.len; i++) {
        switch (text.ptr[i]) {
        case '&':
            cv_buf_printf(out, "&amp;");
            break;
        case '<':
            cv_buf_printf(out, "&lt;");
            break;
        case '>':
            cv_buf_printf(out, "&gt;");
            break;
        case '"':
            cv_buf_printf(out, "&quot;");
            break;
        default:
            cv_buf_put(out, text.ptr + i, 1);
        }
    }
}

static int s_put(render_t *render, cv_str_t text, bool html)
{
    if (html)
        s_put_html(render->out, text);
    else
        cv_buf_put(render->out, text.ptr, text.len);
    return render->out->rc;
}

static int s_variable(render_t *render, const tag_t *tag)
{
    const json_t *value = s_look_up(render, tag->name);
    char number[NUMBER_MAX];
    cv_str_t text = CV_STR_NONE;
    if (json_is_string(value)) {
        text = (cv_str_t){json_string_value(value), json_string_length(value)};
    } else if (json_is_integer(value)) {
        (void)snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
        text = cv_str(number);
    } else if (json_is_real(value)) {
        (void)snprintf(number, sizeof(number), "%.15g", json_real_value(value));
        text = cv_str(number);
    } else if (json_is_true(value)) {
        text = CV_STR("true");
    }
    return text.ptr ? s_put(render, text, render->options->html && tag->kind == 'v') : CV_OK;
}

/* A template of its own in the place of a tag. */
static int s_inside(render_t *render, cv_str_t text, bool translated, int depth)
{
    source_t source = {.text = text, .open = "{{", .close = "}}", .translated = translated};
    return s_run(render, &source, CV_STR_NONE, true, depth + 1, NULL);
}

/* A partial that stands alone on an indented line has each of its lines indented. */
static int s_partial(render_t *render, const source_t *source, const tag_t *tag, int depth)
{
    cv_str_t text = render->options->partial ? render->options->partial(render->options->self, tag->name) : CV_STR_NONE;
    cv_str_t indent = {source->text.ptr + tag->text_end, tag->begin - tag->text_end};
    if (!text.ptr)
        return CV_OK;
    if (!tag->alone || indent.len == 0)
        return s_inside(render, text, false, depth);
    cv_buf_t indented;
    cv_buf_init(&indented, render->out->max);
    for (size_t from = 0; from < text.len;) {
        const char *newline = memchr(text.ptr + from, '\n', text.len - from);
        size_t to = newline ? (size_t)(newline - text.ptr) + 1 : text.len;
        cv_buf_put(&indented, indent.ptr, indent.len);
        cv_buf_put(&indented, text.ptr + from, to - from);
        from = to;
    }
    int rc = indented.rc ? indented.rc : s_inside(render, cv_buf_str(&indented), false, depth);
    cv_buf_done(&indented);
    return rc;
}

/* The words between the tags, in the language that is wanted. */
static int s_translated(render_t *render, cv_str_t name, cv_str_t text, int depth)
{
    const ntf_mustache_t *options = render->options;
    cv_str_t rest = {name.ptr + 1, name.len - 1}, context = CV_STR_NONE, one = text, many = CV_STR_NONE;
    int64_t n = 1;
    if (rest.len && rest.ptr[0] == '@')
        context = (cv_str_t){rest.ptr + 1, rest.len - 1};
    if (rest.len && rest.ptr[0] == ':') {
        const char *bar = memchr(text.ptr, '|', text.len);
        if (!bar)
            return s_wrong(render, "a text with a number has no '|' between its forms");
        one.len = (size_t)(bar - text.ptr);
        many = (cv_str_t){bar + 1, text.len - one.len - 1};
        n = json_integer_value(s_look_up(render, (cv_str_t){rest.ptr + 1, rest.len - 1}));
    }
    cv_str_t words = options->translate ? options->translate(options->self, context, one, many, n) : CV_STR_NONE;
    if (!words.ptr)
        words = many.ptr && n != 1 ? many : one;
    return s_inside(render, words, true, depth);
}

static int s_section(render_t *render, source_t *source, const tag_t *tag, bool shows, int depth)
{
    const source_t body = *source;
    if (tag->kind == '#' && tag->name.ptr[0] == '_') {
        size_t end = 0;
        int rc = s_run(render, source, tag->name, false, depth + 1, &end);
        if (rc || !shows)
            return rc;
        return s_translated(render, tag->name, (cv_str_t){body.text.ptr + body.at, end - body.at}, depth);
    }
    const json_t *value = shows ? s_look_up(render, tag->name) : NULL;
    shows = shows && s_true(value) == (tag->kind == '#');
    bool pushes = shows && tag->kind == '#';
    size_t n = pushes && json_is_array(value) ? json_array_size(value) : 1;
    int rc = CV_OK;
    for (size_t i = 0; !rc && i < n; i++) {
        *source = body;
        if (pushes)
            render->stack[render->stack_n++] = json_is_array(value) ? json_array_get(value, i) : value;
        rc = s_run(render, source, tag->name, shows, depth + 1, NULL);
        if (pushes)
            render->stack_n--;
    }
    return rc;
}

/* To the end of the source or of the section `until`, whose text ends at *ret_end. */
static int s_run(render_t *render, source_t *source, cv_str_t until, bool shows, int depth, size_t *ret_end)
{
    if (depth >= NTF_MUSTACHE_DEPTH)
        return CV_ELIMIT;
    for (;;) {
        tag_t tag;
        size_t from = source->at;
        int rc = s_next(render, source, &tag);
        if (rc < 0)
            return rc;
        size_t to = rc ? tag.text_end : source->text.len;
        if (shows &&
            s_put(render, (cv_str_t){source->text.ptr + from, to - from}, source->translated && render->options->html))
            return render->out->rc;
        if (rc == 0)
            return until.ptr ? s_wrong(render, "a section does not end") : CV_OK;
        if (++render->steps > NTF_MUSTACHE_STEPS)
            return CV_ELIMIT;
        source->at = tag.next;
        rc = CV_OK;
        switch (tag.kind) {
        case '!':
            break;
        case '=':
            rc = s_delimiters(render, source, tag.name);
            break;
        case '/':
            if (!until.ptr || !cv_str_equal(until, tag.name))
                return s_wrong(render, "a section ends that did not begin");
            if (ret_end)
                *ret_end = tag.begin;
            return CV_OK;
        case '#':
        case '^':
            rc = s_section(render, source, &tag, shows, depth);
            break;
        case '>':
            rc = shows ? s_partial(render, source, &tag, depth) : CV_OK;
            break;
        default:
            rc = shows ? s_variable(render, &tag) : CV_OK;
        }
        if (rc)
            return rc;
    }
}

int ntf_mustache(const ntf_mustache_t *options, cv_str_t template, const json_t *data, cv_buf_t *out,
                 const char **ret_why)
{
    render_t render = {.options = options, .stack = {data}, .stack_n = 1, .out = out};
    source_t source = {.text = template, .open = "{{", .close = "}}"};
    int rc = template.ptr ? s_run(&render, &source, CV_STR_NONE, true, 0, NULL) : CV_EINVAL;
    if (rc == CV_EMALFORMED && ret_why)
        *ret_why = render.why;
    return rc;
}
