/* session_model: an event's programme as the engine's model, with what of it may move.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is for all (opening, closing, plenaries), breaks, side events and what is pinned stays where it is; parallel sessions
 * and negotiations may move.
 */
#ifndef CLI_SESSION_MODEL_H
#define CLI_SESSION_MODEL_H

#include "programme_model.h"
#include "scheduling/placement/place.h"
#include "scheduling/placement/programme.h"

typedef struct {
    cli_t *cli;
    cli_programme_t *programme;
    int64_t from, until, step; /* minutes of a day */
    int64_t first_day;         /* of the event */
    cv_str_t venue, zone;
    const cv_room_t **rooms; /* of the venue */
    sch_slot_t *slots;
    sch_sitting_t **items; /* that may move, as they are now */
    int *start;            /* their places now, or nowhere */
    sch_session_t *sessions;
    sch_hall_t *halls;
    uint8_t *closed, *away;
    cv_str_t *people;
    int *sizes;
    sch_rule_t rules[SCH_PROGRAMME_RULES_N]; /* what is to be ignored weighs nothing */
    sch_programme_t programme_model;
    sch_place_model_t *model; /* places are slot * rooms_n + room */
} session_model_t;

/* CLI_OK, or a status after having said why. */
int session_model_load(cli_t *cli, const char *event, int64_t from, int64_t until, int64_t step,
                       session_model_t **ret_model);
void session_model_destroy(session_model_t **model);

#endif
