/* core_work: items of work.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   planned -> under_way -> done        in any order, also back; dropped from anywhere and back
 *
 * What is always true:
 *   nothing waits for itself, however long the way round: dependencies make no circle;
 *   what is done rests on what is done or dropped, and what others rest on is not opened again under them;
 *   progress says the same as the state where the state says it: planned 0, done 100;
 *   overdue is what is open when its due day, month or year is over in the last place on earth.
 */
#include "scheduling/core_work.h"

#include <stdio.h>
#include <string.h>

bool sch_work_open(cv_work_state_t state)
{
    return state == CV_WORK_STATE_PLANNED || state == CV_WORK_STATE_UNDER_WAY;
}

int64_t sch_work_due(const cv_workitem_t *item)
{
    int64_t ms;
    return sch_work_open(item->state) && item->due.ptr && sch_over_ms(item->due, &ms) ? ms : SCH_NEVER;
}

static size_t find(const sch_work_t *others, size_t others_n, cv_str_t item)
{
    size_t at = 0;
    while (at < others_n && !cv_str_equal(others[at].item, item))
        ++at;
    return at;
}

/* Follows dependencies breadth first from the item; from[i]: over which item others[i] was reached. */
static int check_circle(const cv_workitem_t *item, const sch_work_t *others, size_t others_n, sch_no_t *ret_no)
{
    enum { NOT_REACHED = SCH_WORK_ITEMS_MAX + 1, FROM_ITEM = SCH_WORK_ITEMS_MAX };
    size_t from[SCH_WORK_ITEMS_MAX], queue[SCH_WORK_ITEMS_MAX], head = 0, tail = 0;
    for (size_t i = 0; i < others_n; ++i)
        from[i] = NOT_REACHED;
    for (size_t i = 0; i < item->depends_n; ++i) {
        size_t at = find(others, others_n, item->depends[i]);
        from[at] = FROM_ITEM;
        queue[tail++] = at;
    }
    for (; head < tail; ++head) {
        const sch_work_t *now = &others[queue[head]];
        if (cv_str_equal(now->item, item->item)) {
            char path[SCH_TEXT_MAX] = "";
            for (size_t at = queue[head], len = 0; at != FROM_ITEM && len < 300; at = from[at]) {
                int n =
                    snprintf(path + len, sizeof path - len, "%s%.*s", len ? " <- " : "", CV_STR_ARG(others[at].item));
                len += n > 0 ? (size_t)n : 0;
            }
            return sch_no(ret_no, CV_EREJECTED, "depends_circle", "data.depends",
                          "%.*s would wait for itself: %s <- %.*s", CV_STR_ARG(item->item), path,
                          CV_STR_ARG(item->item));
        }
        for (size_t i = 0; i < now->depends_n; ++i) {
            size_t at = find(others, others_n, now->depends[i]);
            if (at < others_n && from[at] == NOT_REACHED) {
                from[at] = queue[head];
                queue[tail++] = at;
            }
        }
    }
    return CV_OK;
}

static int check_progress(const cv_workitem_t *item, sch_no_t *ret_no)
{
    int64_t said = item->state == CV_WORK_STATE_DONE ? 100 : 0;
    if ((item->state != CV_WORK_STATE_DONE && item->state != CV_WORK_STATE_PLANNED) || item->progress == said)
        return CV_OK;
    return sch_no(ret_no, CV_EREJECTED, "progress_inconsistent", "data.progress",
                  "what is %s is at %lld percent, not at %lld", cv_work_state_text(item->state), (long long)said,
                  (long long)item->progress);
}

int sch_check_work(const cv_workitem_t *item, const sch_work_t *others, size_t others_n, sch_no_t *ret_no)
{
    int rc = check_progress(item, ret_no);
    if (rc)
        return rc;
    size_t self = find(others, others_n, item->item);
    if (self == others_n && others_n == SCH_WORK_ITEMS_MAX)
        return sch_no(ret_no, CV_EREJECTED, "too_many", "data.plan", "there are %d items, the most there can be",
                      SCH_WORK_ITEMS_MAX);
    for (size_t i = 0; i < item->depends_n; ++i) {
        size_t at = find(others, others_n, item->depends[i]);
        if (cv_str_equal(item->depends[i], item->item))
            return sch_no(ret_no, CV_EREJECTED, "depends_circle", "data.depends", "%.*s cannot wait for itself",
                          CV_STR_ARG(item->item));
        if (at == others_n)
            return sch_no(ret_no, CV_ENOTFOUND, "unknown_item", "data.depends", "no item %.*s in %.*s",
                          CV_STR_ARG(item->depends[i]), CV_STR_ARG(item->plan));
        if (item->state == CV_WORK_STATE_DONE && sch_work_open(others[at].state))
            return sch_no(ret_no, CV_EREJECTED, "depends_open", "data.state", "cannot be done before %.*s, which is %s",
                          CV_STR_ARG(item->depends[i]), cv_work_state_text(others[at].state));
    }
    rc = check_circle(item, others, others_n, ret_no);
    for (size_t i = 0; !rc && sch_work_open(item->state) && i < others_n; ++i)
        for (size_t j = 0; !rc && j < others[i].depends_n; ++j)
            if (others[i].state == CV_WORK_STATE_DONE && cv_str_equal(others[i].depends[j], item->item))
                rc = sch_no(ret_no, CV_EREJECTED, "depends_open", "data.state",
                            "cannot be %s: %.*s rests on it and is done", cv_work_state_text(item->state),
                            CV_STR_ARG(others[i].item));
    return rc;
}
