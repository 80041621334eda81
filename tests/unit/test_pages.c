/* test_pages: long answers in pages, as the engine gives them out.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the services' own lists do is in tests/system/test_pages.py.
 */
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ROWS = 20 };

static bool says_next;

/* "row-00" to "row-19", of which a page takes what it can. */
static int query(void *self, cv_tx_t *tx, const cv_log_query_v1_t *question, cv_collect_t *collect)
{
    (void)self;
    (void)tx;
    char key[16] = "", last[16] = "";
    for (int i = 0; i < ROWS; i++) {
        (void)snprintf(key, sizeof key, "ROW-%02d", i);
        if (question->after.ptr && strncmp(key, question->after.ptr, question->after.len) <= 0)
            continue;
        const cv_scheduling_venue_v1_t row = {
            .code = cv_str(key), .name = CV_STR("Name"), .city = CV_STR("City"), .country = CV_STR("KZ")};
        int rc = cv_collect_put(collect, CV_MSG_SCHEDULING_VENUE_V1, row.code, 1, &row);
        if (rc == CV_ELIMIT && says_next) {
            cv_collect_next(collect, cv_str(last));
            return CV_OK;
        }
        if (rc != CV_OK)
            return rc;
        memcpy(last, key, sizeof last);
    }
    return CV_OK;
}

static cv_service_def_t def;

static int set_up(void **state)
{
    static rig_t rig;
    def = TOY_BANK;
    def.query = query;
    rig_start(&rig, &def);
    *state = &rig;
    return 0;
}

static int tear_down(void **state)
{
    rig_end(*state);
    return 0;
}

static void test_continued(void **state)
{
    rig_t *rig = *state;
    char after[32] = "";
    int seen = 0, pages = 0;
    cv_reader_t *reader = cv_reader_new();
    says_next = true;
    for (bool last = false; !last; pages++) {
        cv_log_query_v1_t question = {.what = CV_STR("rows"), .has_limit = true, .limit = 7};
        question.after = after[0] ? cv_str(after) : CV_STR_NONE;
        cv_msg_t answer = rig_ask(rig, &RIG_OBSERVER, CV_MSG_LOG_QUERY_V1, &question);
        assert_int_equal(CV_MSG_LOG_PAGE_V1, answer.info->number);
        cv_log_page_v1_t page = rig->data->log_page_v1;
        last = page.last;
        assert_int_equal(!last, page.next.ptr != NULL);
        if (!last)
            assert_int_equal(CV_OK, cv_str_copy(page.next, after, sizeof after));
        for (size_t i = 0; i < page.records.n; i++, seen++) {
            char key[16];
            (void)snprintf(key, sizeof key, "ROW-%02d", seen);
            cv_msg_t row;
            assert_int_equal(CV_OK, cv_msg_read(reader, cv_records_at(&page.records, i), &row, NULL));
            assert_true(cv_str_is(row.subject, key));
        }
    }
    cv_reader_destroy(&reader);
    assert_int_equal(ROWS, seen);
    assert_int_equal(3, pages);
}

/* A service that cuts its answer and does not say where it goes on: half an answer is never given for the whole. */
static void test_cut_without_next(void **state)
{
    rig_t *rig = *state;
    says_next = false;
    cv_log_query_v1_t question = {.what = CV_STR("rows"), .has_limit = true, .limit = 7};
    cv_msg_t answer = rig_ask(rig, &RIG_OBSERVER, CV_MSG_LOG_QUERY_V1, &question);
    assert_int_equal(CV_MSG_LOG_REFUSED_V1, answer.info->number);
    assert_int_equal(CV_REFUSED_CODE_INTERNAL, rig->data->log_refused_v1.code);
    question.limit = ROWS;
    answer = rig_ask(rig, &RIG_OBSERVER, CV_MSG_LOG_QUERY_V1, &question);
    assert_int_equal(CV_MSG_LOG_PAGE_V1, answer.info->number);
    assert_true(rig->data->log_page_v1.last);
    assert_int_equal(ROWS, rig->data->log_page_v1.records.n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_continued, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cut_without_next, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
