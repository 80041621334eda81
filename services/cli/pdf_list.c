/* pdf_list: see pdf_list.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "pdf_list.h"

#include "cli.h"

#include <cairo-pdf.h>
#include <fontconfig/fontconfig.h>
#include <pango/pangocairo.h>
#include <string.h>

/* Points; A4. */
enum { WIDTH = 595, HEIGHT = 842, MARGIN = 56, FOOT = 28, GAP = 6, ROW_GAP = 3, COLUMNS_MAX = 5, TEXT = 512 };
enum { NUMBERS = 26 /* width of the column */, ANSWER_TEXT = 8512 };
static const char *const FONT = "Noto Sans, DejaVu Sans, Sans";

typedef struct {
    cairo_t *cairo;
    const json_t *list;
    bool with_contacts, with_answers;
    double y;
    int page, pages; /* pages: 0 while they are counted */
} paper_t;

typedef struct {
    const char *text;
    double width;
} cell_t;

/* ---- texts ----------------------------------------------------------------------------------------------------- */

static PangoLayout *layout_of(paper_t *paper, const char *text, double size, bool bold, double width)
{
    PangoLayout *layout = pango_cairo_create_layout(paper->cairo);
    /* Paper has no pixels: a place rounded to one tears words apart for whoever reads the text out of the file. */
    pango_context_set_round_glyph_positions(pango_layout_get_context(layout), FALSE);
    PangoFontDescription *font = pango_font_description_from_string(FONT);
    pango_font_description_set_absolute_size(font, size * PANGO_SCALE);
    if (bold)
        pango_font_description_set_weight(font, PANGO_WEIGHT_BOLD);
    pango_layout_set_font_description(layout, font);
    pango_font_description_free(font);
    pango_layout_set_width(layout, (int)(width * PANGO_SCALE));
    pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
    pango_layout_set_auto_dir(layout, TRUE);
    pango_layout_set_text(layout, text, -1);
    if (pango_layout_get_direction(layout, 0) ==
        PANGO_DIRECTION_RTL) /* then RIGHT is left: all names begin one column */
        pango_layout_set_alignment(layout, PANGO_ALIGN_RIGHT);
    return layout;
}

static double height_of(PangoLayout *layout)
{
    int width, height;
    pango_layout_get_size(layout, &width, &height);
    return (double)height / PANGO_SCALE;
}

static void draw(paper_t *paper, PangoLayout *layout, double x, double y)
{
    cairo_move_to(paper->cairo, x, y);
    pango_cairo_show_layout(paper->cairo, layout);
}

/* ---- pages ----------------------------------------------------------------------------------------------------- */

static void foot(paper_t *paper)
{
    char text[TEXT];
    (void)snprintf(text, sizeof text, "%s. As of %s.", cli_text_of(json_object_get(paper->list, "event"), "event"),
                   cli_text_of(paper->list, "as_of"));
    PangoLayout *left = layout_of(paper, text, 8, false, WIDTH - 2 * MARGIN - 100);
    draw(paper, left, MARGIN, HEIGHT - MARGIN + FOOT / 2.0);
    g_object_unref(left);
    (void)snprintf(text, sizeof text, "Page %d of %d", paper->page, paper->pages);
    PangoLayout *right = layout_of(paper, text, 8, false, 100);
    pango_layout_set_alignment(right, PANGO_ALIGN_RIGHT);
    draw(paper, right, WIDTH - MARGIN - 100, HEIGHT - MARGIN + FOOT / 2.0);
    g_object_unref(right);
}

static void end_page(paper_t *paper)
{
    foot(paper);
    cairo_show_page(paper->cairo);
    paper->page++;
    paper->y = MARGIN;
}

/* Begins a new page where this height is not left on the one at hand. */
static void make_room(paper_t *paper, double height)
{
    if (paper->y + height > HEIGHT - MARGIN && paper->y > MARGIN)
        end_page(paper);
}

static void put_text(paper_t *paper, const char *text, double size, bool bold)
{
    if (!*text)
        return;
    PangoLayout *layout = layout_of(paper, text, size, bold, WIDTH - 2 * MARGIN);
    double height = height_of(layout);
    make_room(paper, height);
    draw(paper, layout, MARGIN, paper->y);
    paper->y += height + ROW_GAP;
    g_object_unref(layout);
}

/* One row, or only what height it takes. */
static double put_row(paper_t *paper, const cell_t *cells, size_t n, bool bold, bool measure)
{
    PangoLayout *layouts[COLUMNS_MAX];
    double height = 0, x = MARGIN;
    for (size_t i = 0; i < n; i++) {
        layouts[i] = layout_of(paper, cells[i].text, 9.5, bold, cells[i].width - GAP);
        double own = height_of(layouts[i]);
        height = own > height ? own : height;
    }
    if (!measure)
        make_room(paper, height);
    for (size_t i = 0; i < n; i++) {
        if (!measure)
            draw(paper, layouts[i], x, paper->y);
        x += cells[i].width;
        g_object_unref(layouts[i]);
    }
    if (!measure)
        paper->y += height + ROW_GAP;
    return height + ROW_GAP;
}

/* ---- the list -------------------------------------------------------------------------------------------------- */

static void person_cells(const json_t *person, size_t number, bool with_contacts, char text[TEXT],
                         cell_t ret_cells[COLUMNS_MAX])
{
    const char *state = cli_text_of(person, "state");
    bool online = strcmp(cli_text_of(person, "attendance"), "online") == 0 && strcmp(state, "online") != 0;
    int len = snprintf(text, TEXT, "%zu.", number) + 1;
    (void)snprintf(text + len, TEXT - (size_t)len, "%s%s", state, online ? ", online" : "");
    const char *shown = text + len;
    for (char *c = text + len; *c; c++)
        if (*c == '_')
            *c = ' ';
    const double names = with_contacts ? 168 : 283;
    ret_cells[0] = (cell_t){text, NUMBERS};
    ret_cells[1] = (cell_t){cli_text_of(person, "name"), names};
    ret_cells[2] = (cell_t){cli_text_of(person, "capacity"), 84};
    ret_cells[3] = (cell_t){shown, 90};
    ret_cells[4] = (cell_t){cli_text_of(person, "email"), 115};
}

/* What people read for an answer: the label of a choice, what was answered else. */
static const char *shown_answer(const json_t *question, const json_t *answer)
{
    const json_t *choices = json_object_get(question, "choices");
    const char *value = cli_text_of(answer, "value");
    for (size_t i = 0; i < json_array_size(choices); i++)
        if (strcmp(cli_text_of(json_array_get(choices, i), "id"), value) == 0)
            return cli_text_of(json_array_get(choices, i), "label");
    return *cli_text_of(answer, "title") ? cli_text_of(answer, "title") : value;
}

static const json_t *question_of(const json_t *form, const char *id)
{
    const json_t *questions = json_object_get(form, "questions");
    for (size_t i = 0; i < json_array_size(questions); i++)
        if (strcmp(cli_text_of(json_array_get(questions, i), "id"), id) == 0)
            return json_array_get(questions, i);
    return NULL; /* asked by an earlier version of the form */
}

static void put_answers(paper_t *paper, const json_t *person)
{
    const json_t *form = json_object_get(paper->list, "form"), *answers = json_object_get(person, "answers");
    char text[ANSWER_TEXT];
    for (size_t i = 0; i < json_array_size(answers); i++) {
        const json_t *answer = json_array_get(answers, i);
        const char *id = cli_text_of(answer, "question");
        const json_t *question = question_of(form, id);
        (void)snprintf(text, sizeof text, "%s: %s",
                       *cli_text_of(question, "label") ? cli_text_of(question, "label") : id,
                       shown_answer(question, answer));
        const cell_t cells[] = {{"", NUMBERS}, {text, WIDTH - 2 * MARGIN - NUMBERS}};
        (void)put_row(paper, cells, 2, false, false);
    }
}

static void put_delegation(paper_t *paper, const json_t *delegation)
{
    const json_t *persons = json_object_get(delegation, "persons");
    const size_t n = json_array_size(persons), columns = paper->with_contacts ? 5 : 4;
    char heading[TEXT], text[TEXT];
    cell_t cells[COLUMNS_MAX];
    (void)snprintf(heading, sizeof heading, "%s (%s)", cli_text_of(delegation, "name"),
                   cli_text_of(delegation, "party"));
    PangoLayout *layout = layout_of(paper, heading, 12, true, WIDTH - 2 * MARGIN);
    person_cells(json_array_get(persons, 0), 1, paper->with_contacts, text, cells);
    paper->y += GAP;
    make_room(paper, height_of(layout) + ROW_GAP + put_row(paper, cells, columns, false, true));
    g_object_unref(layout);
    put_text(paper, heading, 12, true);
    for (size_t i = 0; i < n; i++) {
        person_cells(json_array_get(persons, i), i + 1, paper->with_contacts, text, cells);
        (void)put_row(paper, cells, columns, false, false);
        if (paper->with_answers)
            put_answers(paper, json_array_get(persons, i));
    }
}

static void put_title(paper_t *paper)
{
    const json_t *event = json_object_get(paper->list, "event");
    const char *from = cli_text_of(event, "date_start"), *to = cli_text_of(event, "date_end"),
               *city = cli_text_of(event, "city"), *country = cli_text_of(event, "country");
    char line[TEXT];
    put_text(paper, "List of delegations", 11, false);
    put_text(paper, cli_text_of(event, "title"), 17, true);
    (void)snprintf(line, sizeof line, "%s%s%s%s%s%s%s%s", from, *to && strcmp(from, to) != 0 ? " to " : "",
                   *to && strcmp(from, to) != 0 ? to : "", *from && *city ? ", " : "", city,
                   (*city || *from) && *country ? ", " : "", country, *from || *city || *country ? "." : "");
    put_text(paper, line, 10, false);
    (void)snprintf(line, sizeof line, "Event %s. %lld delegations, %lld persons. As of %s.",
                   cli_text_of(event, "event"), (long long)cli_int_of(paper->list, "delegations_n"),
                   (long long)cli_int_of(paper->list, "persons_n"), cli_text_of(paper->list, "as_of"));
    put_text(paper, line, 10, false);
}

static void put_list(paper_t *paper)
{
    const json_t *delegations = json_object_get(paper->list, "delegations");
    char declined[4 * TEXT] = "";
    size_t at = 0;
    paper->y = MARGIN;
    paper->page = 1;
    put_title(paper);
    for (size_t i = 0; i < json_array_size(delegations); i++) {
        const json_t *delegation = json_array_get(delegations, i);
        if (json_array_size(json_object_get(delegation, "persons")))
            put_delegation(paper, delegation);
        else if (strcmp(cli_text_of(delegation, "answer"), "declined") == 0 && at + 256 < sizeof declined)
            at += (size_t)snprintf(declined + at, sizeof declined - at, "%s%s",
                                   at ? "; " : "Declined: ", cli_text_of(delegation, "name"));
    }
    paper->y += GAP;
    put_text(paper, declined, 10, false);
    end_page(paper);
}

/* ---- writing --------------------------------------------------------------------------------------------------- */

static cairo_status_t on_bytes(void *file, const unsigned char *bytes, unsigned int len)
{
    return fwrite(bytes, 1, len, file) == len ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

static cairo_status_t pass(paper_t *paper, cairo_surface_t *surface)
{
    cairo_font_options_t *options = cairo_font_options_create();
    paper->cairo = cairo_create(surface);
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_set_font_options(paper->cairo, options);
    cairo_font_options_destroy(options);
    put_list(paper);
    cairo_destroy(paper->cairo);
    cairo_surface_finish(surface);
    cairo_status_t status = cairo_surface_status(surface);
    cairo_surface_destroy(surface);
    return status;
}

int pdf_list_write(FILE *file, const json_t *list, bool with_contacts, bool with_answers, char *ret_error,
                   size_t error_size)
{
    paper_t paper = {.list = list, .with_contacts = with_contacts, .with_answers = with_answers};
    cairo_status_t status = pass(&paper, cairo_pdf_surface_create_for_stream(NULL, NULL, WIDTH, HEIGHT));
    if (status == CAIRO_STATUS_SUCCESS) {
        cairo_surface_t *surface = cairo_pdf_surface_create_for_stream(on_bytes, file, WIDTH, HEIGHT);
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE,
                                       cli_text_of(json_object_get(list, "event"), "title"));
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATOR, "Convene");
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, cli_text_of(list, "as_of"));
        paper.pages = paper.page - 1;
        status = pass(&paper, surface);
    }
    pango_cairo_font_map_set_default(NULL); /* what these libraries keep for the next document, which there is not */
    cairo_debug_reset_static_data();
    FcFini();
    if (status == CAIRO_STATUS_SUCCESS)
        return 0;
    (void)snprintf(ret_error, error_size, "%s", cairo_status_to_string(status));
    return -1;
}
