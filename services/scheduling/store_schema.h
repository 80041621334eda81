/* store_schema: tables of decisions and plans: a migration each, after the first in store.c.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   decision           one row per decision, its state now. What must never happen is refused here, whatever the code
 *                      does: two numbers of a year that are the same, a number without adoption, a settled decision
 *                      that changes its state (so nothing is adopted twice, or after it was broken), two silences about
 *                      the same thing at once
 *   statement          what members stated in writing; rows are added, never changed
 *   plan               one row per version of a plan. At most one version is in force and at most one in work; one that
 *                      is or was in force names its decision
 *   catalogue, coordinator, chairmanship
 *                      one row per code; detail is what is asked for
 *   report, review, workplan
 *                      the same
 *   work_item          one row per item of a plan of work
 *   reference_version  every row of reference data that was ever put
 *   plan_item          the events of each version, so that an event can be asked for its plan
 *   form               one row per event that asks something of those who register; detail is the version
 */
#ifndef SCHEDULING_STORE_SCHEMA_H
#define SCHEDULING_STORE_SCHEMA_H

#define SCH_SCHEMA_DECISIONS                                                                                           \
    "CREATE TABLE decision(id TEXT PRIMARY KEY, version INTEGER NOT NULL CHECK(version >= 1), state TEXT NOT NULL"     \
    " CHECK(state IN ('open', 'broken', 'adopted', 'withdrawn')), subject TEXT NOT NULL, about TEXT,"                  \
    " way TEXT NOT NULL, expires_ms INTEGER, year INTEGER, number INTEGER, at_ms INTEGER NOT NULL,"                    \
    " data BLOB NOT NULL, UNIQUE(year, number), CHECK((state = 'adopted') = (number IS NOT NULL)),"                    \
    " CHECK((year IS NULL) = (number IS NULL)), CHECK((way = 'silence') = (expires_ms IS NOT NULL))) STRICT;"          \
    "CREATE UNIQUE INDEX decision_one_silence ON decision(subject, about) WHERE state = 'open' AND about IS NOT NULL;" \
    "CREATE TRIGGER decision_settled BEFORE UPDATE ON decision WHEN OLD.state <> 'open' AND NEW.state <> OLD.state"    \
    " BEGIN SELECT RAISE(ABORT, 'decision_settled'); END;"                                                             \
    "CREATE TABLE statement(decision TEXT NOT NULL REFERENCES decision(id), number INTEGER NOT NULL,"                  \
    " kind TEXT NOT NULL, party TEXT NOT NULL REFERENCES party(code), at_ms INTEGER NOT NULL, data BLOB NOT NULL,"     \
    " PRIMARY KEY(decision, number)) STRICT;"

#define SCH_SCHEMA_PLANS                                                                                              \
    "CREATE TABLE plan(id TEXT NOT NULL, version INTEGER NOT NULL CHECK(version >= 1), revision INTEGER NOT NULL,"    \
    " state TEXT NOT NULL CHECK(state IN ('draft', 'circulated', 'returned', 'adopted', 'superseded', 'abandoned'))," \
    " year INTEGER NOT NULL, line TEXT NOT NULL, decision TEXT REFERENCES decision(id), at_ms INTEGER NOT NULL,"      \
    " data BLOB NOT NULL, PRIMARY KEY(id, version),"                                                                  \
    " CHECK((state IN ('adopted', 'superseded')) = (decision IS NOT NULL))) STRICT;"                                  \
    "CREATE UNIQUE INDEX plan_in_force ON plan(id) WHERE state = 'adopted';"                                          \
    "CREATE UNIQUE INDEX plan_in_work ON plan(id) WHERE state IN ('draft', 'circulated', 'returned');"                \
    "CREATE TABLE plan_item(plan TEXT NOT NULL, version INTEGER NOT NULL, event TEXT NOT NULL REFERENCES event(id),"  \
    " decision TEXT REFERENCES decision(id), PRIMARY KEY(plan, version, event),"                                      \
    " FOREIGN KEY(plan, version) REFERENCES plan(id, version)) STRICT, WITHOUT ROWID;"                                \
    "CREATE INDEX plan_item_event ON plan_item(event);"

#define SCH_REFERENCE(name) \
    "CREATE TABLE " name "(code TEXT PRIMARY KEY, detail TEXT, at_ms INTEGER NOT NULL, data BLOB NOT NULL) STRICT;"
#define SCH_SCHEMA_CATALOGUE                                                                                \
    SCH_REFERENCE("catalogue")                                                                              \
    SCH_REFERENCE("coordinator")                                                                            \
    SCH_REFERENCE("chairmanship")                                                                           \
    "CREATE TABLE reference_version(kind TEXT NOT NULL, code TEXT NOT NULL, version INTEGER NOT NULL,"      \
    " at_ms INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY(kind, code, version)) STRICT, WITHOUT ROWID;" \
    "ALTER TABLE event ADD COLUMN catalogue TEXT REFERENCES catalogue(code);"                               \
    "CREATE INDEX event_catalogue ON event(catalogue) WHERE catalogue IS NOT NULL;"

#define SCH_SCHEMA_FORMS SCH_REFERENCE("form")
#define SCH_SCHEMA_CALENDAR SCH_REFERENCE("calendar")
#define SCH_SCHEMA_WORK                                                                                             \
    SCH_REFERENCE("report")                                                                                         \
    SCH_REFERENCE("review")                                                                                         \
    SCH_REFERENCE("workplan")                                                                                       \
    "CREATE TABLE work_item(plan TEXT NOT NULL REFERENCES workplan(code), item TEXT NOT NULL, state TEXT NOT NULL," \
    " overdue INTEGER NOT NULL, party TEXT REFERENCES party(code), at_ms INTEGER NOT NULL, data BLOB NOT NULL,"     \
    " PRIMARY KEY(plan, item), CHECK(overdue = 0 OR state IN ('planned', 'under_way'))) STRICT;"

#endif
