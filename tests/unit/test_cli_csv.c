/* test_cli_csv: rows and cells as RFC 4180 has them, and what is wrong with others.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cli/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { ROW_MAX = 64 };

typedef struct {
    FILE *file;
    csv_t *csv;
} opened_t;

static opened_t open_text(const char *text)
{
    opened_t opened = {.file = tmpfile()};
    assert_non_null(opened.file);
    assert_int_equal(strlen(text), fwrite(text, 1, strlen(text), opened.file));
    rewind(opened.file);
    opened.csv = csv_new(opened.file, ROW_MAX);
    assert_non_null(opened.csv);
    return opened;
}

static void close_text(opened_t *opened)
{
    csv_destroy(&opened->csv);
    fclose(opened->file);
}

static void test_rows(void **state)
{
    (void)state;
    opened_t opened = open_text("\xEF\xBB\xBF"
                                "a,b,c\r\n1,,\"x,\"\"y\"\"\"\r\n\n\"two\nlines\",2,3\n4,5,6");
    csv_t *csv = opened.csv;
    assert_int_equal(CV_OK, csv_header(csv));
    assert_int_equal(3, csv_columns(csv));
    assert_string_equal("a", csv_name(csv, 0));
    assert_string_equal("c", csv_name(csv, 2));
    assert_int_equal(1, csv_row(csv));
    assert_int_equal(2, csv_line(csv));
    assert_string_equal("1", csv_cell(csv, 0));
    assert_string_equal("", csv_cell(csv, 1));
    assert_string_equal("x,\"y\"", csv_cell(csv, 2));
    assert_int_equal(1, csv_row(csv));
    assert_string_equal("two\nlines", csv_cell(csv, 0));
    assert_int_equal(1, csv_row(csv));
    assert_int_equal(6, csv_line(csv));
    assert_string_equal("6", csv_cell(csv, 2));
    assert_int_equal(0, csv_row(csv));
    assert_string_equal("", csv_error(csv));
    close_text(&opened);
}

static void test_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int header, row;
    } cases[] = {
        {"", CV_EINVAL, 0},
        {"\n\n", CV_EINVAL, 0},
        {"a,a\n", CV_EINVAL, 0},
        {"a,b\n1\n", CV_OK, CV_EINVAL},
        {"a\n\"x\"y\n", CV_OK, CV_EINVAL},
        {"a\n\"x\n", CV_OK, CV_ELIMIT},
        {"a,b\n1,2,3\n", CV_OK, CV_EINVAL},
        {"a\n0123456789012345678901234567890123456789012345678901234567890123456789\n", CV_OK, CV_ELIMIT},
        {"a,b\n1,2\n", CV_OK, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        opened_t opened = open_text(cases[i].text);
        assert_int_equal(cases[i].header, csv_header(opened.csv));
        if (cases[i].header == CV_OK)
            assert_int_equal(cases[i].row, csv_row(opened.csv));
        if (cases[i].header != CV_OK || cases[i].row < 0)
            assert_true(strlen(csv_error(opened.csv)) > 0);
        close_text(&opened);
    }
}

/* A bad row does not spoil the next. */
static void test_goes_on(void **state)
{
    (void)state;
    opened_t opened = open_text("a,b\n1\n2,3\n");
    assert_int_equal(CV_OK, csv_header(opened.csv));
    assert_int_equal(CV_EINVAL, csv_row(opened.csv));
    assert_int_equal(1, csv_row(opened.csv));
    assert_string_equal("3", csv_cell(opened.csv, 1));
    close_text(&opened);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_wrong),
                                       cmocka_unit_test(test_goes_on)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
