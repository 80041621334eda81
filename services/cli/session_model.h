/* session_model: an event's programme as the engine's model, with what of it may move.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is pinned stays where it is; so does what is for all (opening, closing, plenaries, breaks) and has a time, since all
 * have planned around it, unless it is asked to move, too (--all). Everything else may move or be placed: nothing but
 * side events begins before an opening, ends after a closing, or is beside what is for all. A break without a room needs none.
 */
#ifndef CLI_SESSION_MODEL_H
#define CLI_SESSION_MODEL_H

#include "programme_model.h"
#include "scheduling/placement/place.h"
#include "scheduling/placement/programme.h"

enum { CLI_SESSION_CODE_MAX = 32 };

typedef struct {
    cli_t *cli;
    cli_programme_t *programme;
    int64_t from, until, step; /* minutes of a day */
    int64_t first_day;         /* of the event */
    cv_str_t venue, zone;
    const cv_room_t **rooms; /* of the venue; the last is NULL: no room, for breaks */
    sch_slot_t *slots;
    sch_sitting_t **items; /* that may move, as they are now */
    int *start;            /* their places now, or nowhere */
    sch_session_t *sessions;
    sch_hall_t *halls;
    uint8_t *closed, *away;
    char (*names)[CLI_SESSION_CODE_MAX + 1];
    cv_str_t *people;
    cv_str_t parties[SCH_PROGRAMME_DELEGATIONS_MAX];
    int sizes[SCH_PROGRAMME_DELEGATIONS_MAX];
    int *beside; /* [session][rule][slot] */
    sch_session_order_t *firsts, *aparts;
    sch_rule_t rules[SCH_PROGRAMME_RULES_N]; /* what is to be ignored weighs nothing */
    sch_programme_t programme_model;
    sch_place_model_t *model; /* places are slot * rooms_n + room */
} session_model_t;

/* CLI_OK, or a status after having said why. */
int session_model_load(cli_t *cli, const char *event, int64_t from, int64_t until, int64_t step,
                       session_model_t **ret_model);
/* Why a session does not move; NULL: it may. */
const char *session_model_stays(const session_model_t *model, const sch_sitting_t *sitting);
/* The room of a place; NULL: none is needed there. */
const cv_room_t *session_model_room(const session_model_t *model, int place);
/* Why no place of the model is open to an item, in a sentence; "" if one is. */
void session_model_why_nowhere(const session_model_t *model, int item, char *ret_text, size_t size);
void session_model_destroy(session_model_t **model);

#endif
