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
 *   room               one row per room, code VENUE/ROOM; detail is the venue
 *   rule               one row per rule of the tables that was changed; detail is its effect
 *   session            one row per session, its state now; begin_ms and until_ms where it is placed
 *   session_version    every state a session ever had; rows are added, never changed
 *   hold               one row per room or person that a session keeps others away from, [begin_ms, until_ms). A trigger
 *                      refuses a second holder of any instant. Holds of one resource never overlap, so the last that
 *                      begins before the new one ends is the only one that can reach into it: one look into the index
 *   session_day        the days on which a session uses a venue, and who holds: nobody else may hold the venue for
 *                      himself that day, whoever comes first
 *   session_after      which sessions have to wait for which, so that the earlier one finds them
 *   release            one row per release, code EVENT/NAME or PLAN/NAME; detail is the event or plan. Rows never change
 *   released           which version of each session the newest release of its event holds
 *   event_day          like venue_day for what else an event has alone: its body, its host's team
 *   event_span         first and last day of each event that has days, to find what is near
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

#define SCH_HOLDS_VENUE(new) \
    "EXISTS (SELECT 1 FROM " new " WHERE venue = NEW.venue AND day = NEW.day AND holder <> NEW.holder)"
#define SCH_SCHEMA_PROGRAMME                                                                                           \
    SCH_REFERENCE("room")                                                                                              \
    SCH_REFERENCE("rule")                                                                                              \
    SCH_REFERENCE("release")                                                                                           \
    "CREATE TABLE session(event TEXT NOT NULL REFERENCES event(id), session TEXT NOT NULL, version INTEGER NOT NULL"   \
    " CHECK(version >= 1), kind TEXT NOT NULL, cancelled INTEGER NOT NULL, begin_ms INTEGER, until_ms INTEGER,"        \
    " at_ms INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY(event, session), CHECK(until_ms > begin_ms),"            \
    " CHECK((begin_ms IS NULL) = (until_ms IS NULL)), CHECK(cancelled = 0 OR begin_ms IS NULL)) STRICT;"               \
    "CREATE INDEX session_begin ON session(begin_ms, until_ms) WHERE begin_ms IS NOT NULL;"                            \
    "CREATE INDEX session_first ON session(event, begin_ms, session) WHERE begin_ms IS NOT NULL;"                      \
    "CREATE INDEX session_last ON session(event, until_ms DESC, session) WHERE begin_ms IS NOT NULL;"                  \
    "CREATE INDEX session_ends ON session(event) WHERE begin_ms IS NOT NULL AND kind IN ('opening', 'closing');"       \
    "CREATE TABLE session_version(event TEXT NOT NULL, session TEXT NOT NULL, version INTEGER NOT NULL,"               \
    " at_ms INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY(event, session, version)) STRICT;"                       \
    "CREATE TABLE hold(resource TEXT NOT NULL, begin_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL,"                  \
    " event TEXT NOT NULL, session TEXT NOT NULL, PRIMARY KEY(resource, begin_ms), CHECK(until_ms > begin_ms),"        \
    " FOREIGN KEY(event, session) REFERENCES session(event, session)) STRICT, WITHOUT ROWID;"                          \
    "CREATE INDEX hold_session ON hold(event, session);"                                                               \
    "CREATE TRIGGER hold_one_at_a_time BEFORE INSERT ON hold WHEN (SELECT until_ms FROM hold WHERE"                    \
    " resource = NEW.resource AND begin_ms < NEW.until_ms ORDER BY begin_ms DESC LIMIT 1) > NEW.begin_ms"              \
    " BEGIN SELECT RAISE(ABORT, 'held'); END;"                                                                         \
    "CREATE TRIGGER hold_stays BEFORE UPDATE ON hold BEGIN SELECT RAISE(ABORT, 'hold_stays'); END;"                    \
    "CREATE TABLE session_day(venue TEXT NOT NULL REFERENCES venue(code), day INTEGER NOT NULL, event TEXT NOT NULL,"  \
    " session TEXT NOT NULL, holder TEXT NOT NULL, PRIMARY KEY(venue, day, event, session),"                           \
    " FOREIGN KEY(event, session) REFERENCES session(event, session)) STRICT, WITHOUT ROWID;"                          \
    "CREATE INDEX session_day_session ON session_day(event, session);"                                                 \
    "CREATE TRIGGER session_day_one_holder BEFORE INSERT ON session_day WHEN " SCH_HOLDS_VENUE(                        \
        "venue_day") " BEGIN SELECT RAISE(ABORT, 'venue_taken'); END;"                                                 \
                     "CREATE TRIGGER session_day_stays_held BEFORE UPDATE ON session_day WHEN " SCH_HOLDS_VENUE(       \
                         "venue_day") " BEGIN SELECT RAISE(ABORT, 'venue_taken'); END;"                                \
                                      "CREATE TRIGGER venue_day_no_session BEFORE INSERT ON venue_day "                \
                                      "WHEN " SCH_HOLDS_VENUE(                                                         \
                                          "session_day") " BEGIN SELECT RAISE(ABORT, 'venue_taken'); END;"             \
                                                         "CREATE INDEX release_of ON release(detail);"                 \
                                                         "CREATE TABLE released(event TEXT NOT NULL, session TEXT "    \
                                                         "NOT NULL, version INTEGER NOT NULL,"                         \
                                                         " PRIMARY KEY(event, session), FOREIGN KEY(event, session, "  \
                                                         "version) REFERENCES session_version(event, session,"         \
                                                         " version)) STRICT, WITHOUT ROWID;"                           \
                                                         "CREATE TABLE event_day(resource TEXT NOT NULL, day INTEGER " \
                                                         "NOT NULL, event TEXT NOT NULL REFERENCES event(id),"         \
                                                         " holder TEXT NOT NULL, PRIMARY KEY(resource, day, event)) "  \
                                                         "STRICT, WITHOUT ROWID;"                                      \
                                                         "CREATE INDEX event_day_event ON event_day(event);"           \
                                                         "CREATE TRIGGER event_day_one_holder BEFORE INSERT ON "       \
                                                         "event_day WHEN EXISTS (SELECT 1 FROM event_day WHERE"        \
                                                         " resource = NEW.resource AND day = NEW.day AND holder <> "   \
                                                         "NEW.holder)"                                                 \
                                                         " BEGIN SELECT RAISE(ABORT, 'held'); END;"                    \
                                                         "CREATE TABLE event_span(event TEXT PRIMARY KEY REFERENCES "  \
                                                         "event(id), first INTEGER NOT NULL,"                          \
                                                         " last INTEGER NOT NULL, CHECK(last >= first)) STRICT;"       \
                                                         "CREATE INDEX event_span_first ON event_span(first);"
/* Sessions of before name none. An older program left what was released of an event that was put off or cancelled. */
#define SCH_SCHEMA_ORDER                                                                                     \
    "CREATE TABLE session_after(event TEXT NOT NULL, earlier TEXT NOT NULL, session TEXT NOT NULL,"          \
    " PRIMARY KEY(event, earlier, session), FOREIGN KEY(event, session) REFERENCES session(event, session))" \
    " STRICT, WITHOUT ROWID;"                                                                                \
    "CREATE INDEX session_after_session ON session_after(event, session);"                                   \
    "DELETE FROM released WHERE event IN (SELECT id FROM event WHERE status IN ('cancelled', 'rejected', 'postponed'));"
#define SCH_SCHEMA_CALENDAR SCH_REFERENCE("calendar")
#define SCH_SCHEMA_WORK                                                                                             \
    SCH_REFERENCE("report")                                                                                         \
    SCH_REFERENCE("review")                                                                                         \
    SCH_REFERENCE("workplan")                                                                                       \
    "CREATE TABLE work_item(plan TEXT NOT NULL REFERENCES workplan(code), item TEXT NOT NULL, state TEXT NOT NULL," \
    " overdue INTEGER NOT NULL, party TEXT REFERENCES party(code), at_ms INTEGER NOT NULL, data BLOB NOT NULL,"     \
    " PRIMARY KEY(plan, item), CHECK(overdue = 0 OR state IN ('planned', 'under_way'))) STRICT;"

#endif
