/* notifications_leave: another is put in the place of Diana, person 2 of notifications_persons.h, and what came of it.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_NOTIFICATIONS_LEAVE_H
#define TESTS_NOTIFICATIONS_LEAVE_H

#include "notifications/persons.h"

#include "notifications_persons.h"

#define SAULE "saule@person.example"
#define TIMUR "timur@person.example"
#define PRIVATE_ID "registration.private.1111111111111111."
#define LEAVES "replaced.2." PRIVATE_ID "2.KZ" /* by the second record of registration.private */
#define NEWCOMERS PERSON(2, EVENTS_ID "2.KZ")
static const char SAULE_NAME[] = "Nurlanova Saule", TIMUR_NAME[] = "Akhmetov Timur";

/* ---- what is said ------------------------------------------------------------------------- */

static inline void substitute(drv_t *drv, const char *name, const char *email, cv_person_state_t state)
{
    cv_registration_contact_v1_t contact = {
        .event = CV_STR("FORUM"),
        .party = CV_STR(KZ),
        .persons_n = 1,
        .persons = {{.number = 2, .name = cv_str(name), .capacity = CV_CAPACITY_DELEGATE, .email = cv_str(email)}}};
    uint64_t seq = drv_record(drv, DRV_PRIVATE, CV_MSG_REGISTRATION_CONTACT_V1, &contact);
    cv_registration_decided_v1_t decided = decision(drv, CV_DECISION_KIND_SUBSTITUTE, seq);
    decided.persons_n = 1;
    decided.persons[0] = (cv_person_place_t){.number = 2, .state = state};
    decide(drv, &decided);
}

/* Somebody takes the file away and sends it. */
static inline void carry(drv_t *drv, const char *notice)
{
    char path[300];
    snprintf(path, sizeof(path), "%s/%s.eml", drv->outbox, notice);
    if (unlink(path))
        fail_msg("no file %s", notice);
}

/* Diana was told that she is registered, with an invitation. */
static inline void begin_told(drv_t *drv)
{
    begin(drv);
    carry(drv, PERSON(2, FIRST));
}

/* And is replaced by Saule, while the outbox takes nothing: what tells so waits. */
static inline void begin_leaving(drv_t *drv)
{
    begin_told(drv);
    drv_close_outbox(drv);
    substitute(drv, SAULE_NAME, SAULE, CV_PERSON_STATE_CONFIRMED);
    drv_run(drv, 1000, false);
}

/* ---- what came of it ---------------------------------------------------------------------- */

static inline void assert_not_in(drv_t *drv, const char *notice, const char *part)
{
    char *file = drv_file(drv, notice);
    if (!file || strstr(file, part))
        fail_msg("\"%s\" in %s, or no such file:\n%s", part, notice, file ? file : "");
    free(file);
}

static inline void assert_nothing_of_diana(drv_t *drv)
{
    assert_false(stored_in(drv->path, "diana@", 6));
    assert_false(stored_in(drv->path, "Omarova", 7));
}

static inline void assert_nobody_told(drv_t *drv)
{
    drv_run(drv, 1000, true);
    assert_int_equal(rows(drv, "notice LIKE 'replaced.%'"), 0);
    assert_nothing_of_diana(drv);
}

static inline int64_t stays(drv_t *drv)
{
    return rows(drv, "place = -2 AND mail IS NOT NULL AND state = 1");
}

#endif
