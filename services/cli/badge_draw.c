/* badge_draw: what a badge looks like, as PDF and PNG. See badge_draw.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "badge_draw.h"

#include <cairo-pdf.h>
#include <cairo.h>
#include <fontconfig/fontconfig.h>
#include <pango/pangocairo.h>
#include <qrencode.h>
#include <stdio.h>
#include <string.h>

/* In points, 1/72 inch. */
#define PAGE_WIDTH 297.638
#define PAGE_HEIGHT 419.528
#define MARGIN 18.0
#define TEXT_WIDTH (PAGE_WIDTH - 2 * MARGIN)
enum { QUIET = 4 /* modules around the code */, CODE_SIZE = 180, PNG_DPI = 300 };

typedef struct {
    cairo_t *cr;
    char *error;
    size_t error_size;
} page_t;

/* ---- text ---------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *text;
    double top, height; /* the box it must fit into */
    int size, size_min; /* points */
    bool bold;
} line_t;

static void set_size(PangoLayout *layout, int size, bool bold)
{
    PangoFontDescription *font = pango_font_description_new();
    pango_font_description_set_family(font, "Sans");
    pango_font_description_set_weight(font, bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    pango_font_description_set_size(font, size * PANGO_SCALE);
    pango_layout_set_font_description(layout, font);
    pango_font_description_free(font);
}

/* As large as fits into the box, in the middle of it. */
static int draw_text(const page_t *page, const line_t *line)
{
    PangoLayout *layout = pango_cairo_create_layout(page->cr);
    int height = 0, size = line->size;
    if (!layout)
        return CV_ENOMEM;
    pango_layout_set_text(layout, line->text, -1);
    pango_layout_set_width(layout, (int)(TEXT_WIDTH * PANGO_SCALE));
    pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
    pango_layout_set_alignment(layout, PANGO_ALIGN_CENTER);
    for (; size >= line->size_min; size--) {
        set_size(layout, size, line->bold);
        pango_layout_get_pixel_size(layout, NULL, &height);
        if (height <= line->height)
            break;
    }
    int rc = CV_OK;
    if (pango_layout_get_unknown_glyphs_count(layout) > 0) {
        snprintf(page->error, page->error_size,
                 "no font of this machine has all letters of \"%s\"; the packages fonts-dejavu-core and "
                 "fonts-noto-core have most scripts",
                 line->text);
        rc = CV_EINVAL;
    } else if (height > line->height) {
        snprintf(page->error, page->error_size, "\"%s\" is too long for a badge", line->text);
        rc = CV_EINVAL;
    } else {
        cairo_move_to(page->cr, MARGIN, line->top + (line->height - height) / 2);
        pango_cairo_show_layout(page->cr, layout);
    }
    g_object_unref(layout);
    return rc;
}

/* ---- the code ------------------------------------------------------------------------------------------------ */

static int draw_code(const page_t *page, const char *token, double top)
{
    QRcode *code = QRcode_encodeString(token, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
    if (!code)
        return CV_ENOMEM;
    double module = CODE_SIZE / (double)(code->width + 2 * QUIET), left = (PAGE_WIDTH - CODE_SIZE) / 2;
    cairo_set_antialias(page->cr, CAIRO_ANTIALIAS_NONE);
    for (int y = 0; y < code->width; y++) {
        for (int x = 0; x < code->width; x++) {
            int from = x;
            while (x < code->width && code->data[y * code->width + x] & 1)
                x++;
            if (x > from) /* a run in one piece, or fine lines show between */
                cairo_rectangle(page->cr, left + (from + QUIET) * module, top + (y + QUIET) * module,
                                (x - from) * module, module);
        }
    }
    cairo_fill(page->cr);
    cairo_set_antialias(page->cr, CAIRO_ANTIALIAS_DEFAULT);
    QRcode_free(code);
    return CV_OK;
}

static int draw(const page_t *page, const badge_face_t *face)
{
    char party[96];
    const line_t lines[] = {
        {face->title[0] ? face->title : face->event, MARGIN, 56, 15, 6, false},
        {face->name, 78, 84, 30, 8, true},
        {face->capacity, 166, 20, 14, 8, false},
        {party, 188, 26, 18, 10, true},
        {face->event, 398, 12, 8, 6, false},
    };
    int rc = CV_OK;
    snprintf(party, sizeof party, "%s  %lld", face->party, face->number);
    cairo_set_source_rgb(page->cr, 1, 1, 1);
    cairo_paint(page->cr);
    cairo_set_source_rgb(page->cr, 0, 0, 0);
    for (size_t i = 0; rc == CV_OK && i < sizeof lines / sizeof *lines; i++)
        rc = draw_text(page, &lines[i]);
    return rc == CV_OK ? draw_code(page, face->token, 216) : rc;
}

/* ---- files --------------------------------------------------------------------------------------------------- */

static cairo_status_t to_buffer(void *file, const unsigned char *bytes, unsigned len)
{
    return cv_buf_put(file, bytes, len) == CV_OK ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

static int status_of(cairo_status_t status, const cv_buf_t *file)
{
    if (status == CAIRO_STATUS_SUCCESS)
        return CV_OK;
    return file->rc ? file->rc : CV_ENOMEM;
}

int badge_pdf(const badge_face_t *faces, size_t n, cv_buf_t *ret_file, char *ret_error, size_t error_size)
{
    cairo_surface_t *surface = cairo_pdf_surface_create_for_stream(to_buffer, ret_file, PAGE_WIDTH, PAGE_HEIGHT);
    const page_t page = {cairo_create(surface), ret_error, error_size};
    int rc = status_of(cairo_status(page.cr), ret_file);
    for (size_t i = 0; rc == CV_OK && i < n; i++) {
        rc = draw(&page, &faces[i]);
        cairo_show_page(page.cr);
    }
    if (rc == CV_OK)
        rc = status_of(cairo_status(page.cr), ret_file);
    cairo_destroy(page.cr);
    cairo_surface_finish(surface);
    if (rc == CV_OK)
        rc = status_of(cairo_surface_status(surface), ret_file);
    cairo_surface_destroy(surface);
    return rc;
}

int badge_png(const badge_face_t *face, cv_buf_t *ret_file, char *ret_error, size_t error_size)
{
    const double scale = PNG_DPI / 72.0;
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)(PAGE_WIDTH * scale), (int)(PAGE_HEIGHT * scale));
    const page_t page = {cairo_create(surface), ret_error, error_size};
    int rc = status_of(cairo_status(page.cr), ret_file);
    cairo_scale(page.cr, scale, scale);
    if (rc == CV_OK)
        rc = draw(&page, face);
    cairo_destroy(page.cr);
    if (rc == CV_OK)
        rc = status_of(cairo_surface_write_to_png_stream(surface, to_buffer, ret_file), ret_file);
    cairo_surface_destroy(surface);
    return rc;
}

void badge_draw_end(void)
{
    pango_cairo_font_map_set_default(NULL);
    cairo_debug_reset_static_data();
    FcFini();
}
