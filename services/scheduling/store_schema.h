/* store_schema: tables of decisions and plans: a migration each, after the first in store.c.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   decision    one row per decision, its state now. What must never happen is refused here, whatever the code does: two
 *               numbers of a year that are the same, a number without adoption, a settled decision that changes its
 *               state (so nothing is adopted twice, or after it was broken), two silences about the same thing at once
 *   statement   what members stated in writing; rows are added, never changed
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

#endif
