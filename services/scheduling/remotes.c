/* remotes: what clocks show where people are who take part in a session from afar.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "scheduling/core_conflicts.h"

#include "convene/zone.h"

enum { DAY_S = 86400, ZONE_MAX = 128 * 1024 };

static bool take(cv_arena_t *arena, const cv_session_person_t *person, int64_t begin_ms, sch_remote_t *ret_remote)
{
    cv_str_t file;
    int64_t offset_s;
    cv_arena_reset(arena);
    if (!person->zone.ptr || cv_zone_read(arena, person->zone, &file) != CV_OK ||
        cv_zone_offset(file, begin_ms / 1000, &offset_s) != CV_OK)
        return false;
    *ret_remote = (sch_remote_t){person->person, (begin_ms / 1000 + offset_s + DAY_S) % DAY_S / 60};
    return true;
}

static bool has_any(const cv_session_t *session)
{
    bool any = session->has_chair && session->chair.zone.ptr;
    for (size_t i = 0; i < session->speakers_n; ++i)
        any |= session->speakers[i].zone.ptr != NULL;
    return any;
}

int sch_remotes_gather(const sch_sitting_t *sitting, sch_remote_t ret_remotes[SCH_REMOTES_MAX], size_t *ret_n)
{
    const cv_session_t *session = &sitting->session;
    size_t n = 0;
    *ret_n = 0;
    if (!sch_is_placed(sitting) || !has_any(session))
        return CV_OK;
    cv_arena_t *arena = cv_arena_new(ZONE_MAX);
    if (!arena)
        return CV_ENOMEM;
    if (session->has_chair)
        n += take(arena, &session->chair, sitting->begin_ms, &ret_remotes[n]);
    for (size_t i = 0; i < session->speakers_n; ++i)
        n += take(arena, &session->speakers[i], sitting->begin_ms, &ret_remotes[n]);
    cv_arena_destroy(&arena);
    *ret_n = n;
    return CV_OK;
}
