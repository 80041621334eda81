/* programme_model: an event's programme as scheduling tells it, ready for the evaluator.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLI_PROGRAMME_MODEL_H
#define CLI_PROGRAMME_MODEL_H

#include "cli.h"
#include "scheduling/core_conflicts.h"

typedef struct {
    cli_input_t *inputs; /* what all else points into */
    size_t inputs_n, inputs_room;
    const cv_scheduling_event_v1_t *event;
    sch_sitting_t **sittings; /* of all events: people and rooms are shared */
    size_t sittings_n;
    const cv_room_t **rooms;
    size_t rooms_n;
    const cv_venue_t **venues;
    size_t venues_n;
    sch_cover_t *covers;
    size_t covers_n;
    const sch_sitting_t **released; /* as the event's newest release has them */
    size_t released_n;
    sch_rule_t rules[SCH_PROGRAMME_RULES_N];
    sch_agenda_t agenda;
} cli_programme_t;

/* CLI_OK, or a status after having said why. Sessions of one event are in the order of time, those without one last. */
int cli_programme_load(cli_t *cli, const char *event, cli_programme_t **ret_programme);
void cli_programme_destroy(cli_programme_t **programme);
int cli_programme_by_time(const void *a, const void *b); /* two pointers to sittings, for qsort */
const cv_room_t *cli_programme_room(const cli_programme_t *programme, const cv_session_t *session); /* NULL: none */
cv_str_t cli_programme_zone(const cli_programme_t *programme, cv_str_t venue); /* CV_STR_NONE: not said */
/* What the event and the session's venue say of its time: teams and pauses. */
void cli_programme_frame(const cli_programme_t *programme, cv_str_t venue, sch_around_t *around);
/* What speaks against a session as it is given, among the others. */
size_t cli_programme_conflicts(const cli_programme_t *programme, const sch_sitting_t *sitting,
                               sch_conflict_t ret_conflicts[SCH_CONFLICTS_MAX]);
/* One conflict as JSON. */
json_t *cli_programme_reason(const cli_programme_t *programme, const sch_sitting_t *sitting,
                             const sch_conflict_t *conflict);

#endif
