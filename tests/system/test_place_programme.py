#!/usr/bin/python3
"""test_place_programme: an event's sessions placed by search beside real services: into rooms and times that the service then accepts,
around what stays, and again the same with the same seed.
SPDX-License-Identifier: Apache-2.0
"""
import unittest

from cli_env import need, WithPlan

OK, FAILED, USAGE, PARTIAL, NOTFOUND, REFUSED = range(6)
TALKS, PEOPLE, PAPERS, STEP, HOUR_MS = 14, 5, 120, 100, 3600000
SWAPS = 102  # sessions that would rather be where another one is, and that one there


def talk(n):
    return {"event": "FAIR", "session": f"T{n:02d}", "title": f"Talk {n}", "kind": "parallel" if n % 3 else "negotiation", "minutes": 30 + 15 * (n % 5),
            "chair": {"person": f"P{n % PEOPLE}", **({"from": "2027-06-02T00:00"} if n == 4 else {})}, **({"after": ["T05"]} if n == 6 else {}), "parties": ["AZ"] if n < 4 else ["KZ"], "expected": 15 + 5 * (n % 4), **({"languages": ["en", "ru"]} if n in (7, 9) else {})}


def swapped(n):
    """Two at a time, in two rooms; each asks for the room of the other."""
    pair, side = divmod(n, 2)
    slot, room = divmod(pair, 3)
    day, at = divmod(slot, 18)
    start, end = (f"2027-10-{1 + day:02d}T{9 + half // 2:02d}:{half % 2 * 30:02d}" for half in (at, at + 1))
    return {"event": "SWAP", "session": f"W{n:03d}", "title": f"Swap {n}", "kind": "parallel", "minutes": 30, "venue": "HALL", "room": f"X{2 * room + side}",
            "wish_room": f"X{2 * room + 1 - side}", "start": start, "wish_from": start, "wish_until": end}


PLAN = {
    "parties": [{"code": code, "kind": "member", "name": f"Party {code}", "delegation_size": size} for code, size in (("AZ", 1), ("KZ", 3))],
    "venues": [{"code": "HALL", "name": "Hall", "city": "Baku", "country": "AZ", "zone": "Asia/Baku",
                "pauses": [{"day": "wed", "from": "12:30", "until": "13:30"}]}],
    "rooms": [{"venue": "HALL", "room": room, "name": room, "seats": 40, "turnaround": 15, "booths": 2 if room == "A" else 0} for room in "ABC"] +
             [{"venue": "HALL", "room": f"X{n}", "name": f"Of the congress {n}", "seats": 40} for n in range(9)],
    "events": [{"event": "FAIR", "title": "Fair", "plan_year": 2027, "line": "cbm", "date_start": "2027-06-01", "date_end": "2027-06-02", "teams": 1},
               {"event": "CONGRESS", "title": "Congress", "plan_year": 2027, "line": "cbm", "date_start": "2027-09-01", "date_end": "2027-09-02"},
               {"event": "SWAP", "title": "Swap", "plan_year": 2027, "line": "cbm", "date_start": "2027-10-01", "date_end": "2027-10-02"},
               {"event": "OTHER", "title": "Other", "plan_year": 2027, "line": "cbm", "date_start": "2027-06-01"}],
    "sessions": [{"event": "FAIR", "session": "OPEN", "title": "Opening", "kind": "opening", "minutes": 60, "start": "2027-06-01T10:00", "venue": "HALL", "room": "A"},
                 {"event": "FAIR", "session": "LUNCH", "title": "Lunch", "kind": "break", "minutes": 90, "start": "2027-06-01T13:00", "zone": "Asia/Baku"},
                 {"event": "OTHER", "session": "S", "title": "Elsewhere", "kind": "parallel", "minutes": 300, "start": "2027-06-02T09:00", "venue": "HALL", "room": "B",
                  "chair": {"person": "P1"}},
                 *[{"event": "CONGRESS", "session": f"C{n:03d}", "title": f"Paper {n}", "kind": "parallel", "minutes": 30} for n in range(PAPERS)],
                 *map(swapped, range(2 * SWAPS)),
                 *map(talk, range(TALKS))],
}


class PlaceProgramme(WithPlan):
    has = PLAN

    def sessions(self):
        return {row["session"]: row for row in self.ok("programme", "FAIR", "--json").json["sessions"]}

    def search(self, *flags):
        return self.ok("place", "programme", "FAIR", "--seconds", "1", "--json", *flags).json

    def test_1_found_accepted_and_kept(self):
        path = self.convene.root / "placed.json"
        doc = self.search("--output", path)
        self.assertEqual((doc["after"]["hard"], doc["refused"], doc["unplaced"], doc["cannot"], doc["cancelled"]), (0, [], [], [], False))
        self.assertEqual(len(doc["placed"]), TALKS)
        if doc["repeatable"]:
            again = self.search()
            if again["repeatable"]:
                self.assertEqual(again["placed"], doc["placed"])
        self.assertFalse(any("begin_ms" in row for code, row in self.sessions().items() if code.startswith("T")), "a search changes nothing")
        self.ok("place", "accept", path)
        rows = self.sessions()
        effects = {reason["effect"] for row in rows.values() for reason in row["conflicts"]}
        self.assertLessEqual(effects, {"warn"}, rows)
        opening, lunch = rows["OPEN"], rows["LUNCH"]
        for code, row in rows.items():
            if not code.startswith("T"):
                continue
            self.assertGreaterEqual(row["begin_ms"], opening["until_ms"], code)
            self.assertTrue(row["until_ms"] <= lunch["begin_ms"] or row["begin_ms"] >= lunch["until_ms"], code)
            self.assertTrue(row["when"][:10] in ("2027-06-01", "2027-06-02") and "09:00" <= row["when"][11:16] <= "17:30", row["when"])
        self.assertEqual({rows[code]["room"] for code in ("T07", "T09")}, {"HALL/A"}, "the only one with booths")
        self.assertEqual(rows["T04"]["when"][:10], "2027-06-02", "its chair comes on the second day")
        self.assertGreaterEqual(rows["T06"]["begin_ms"], rows["T05"]["until_ms"], "it waits for the other")
        for code, row in rows.items():  # the second day is a Wednesday
            self.assertFalse(row["when"][:10] == "2027-06-02" and row["when"][11:16] < "13:30" and row["when"][-5:] > "12:30", (code, row["when"]))
        ours = [row for code, row in rows.items() if code.startswith("T")]
        for i, one in enumerate(ours):  # counted here once more: rooms with their quarter of an hour, people, the delegation of one
            for other in ours[:i]:
                clear = HOUR_MS // 4 if one["room"][-1] in "ABC" else 0
                if one["begin_ms"] < other["until_ms"] + clear and other["begin_ms"] < one["until_ms"] + clear:
                    self.assertNotEqual(one["room"], other["room"], (one, other))
                if one["begin_ms"] < other["until_ms"] and other["begin_ms"] < one["until_ms"]:
                    self.assertNotEqual(one["chair"], other["chair"], (one, other))
                    self.assertFalse(max(one["session"], other["session"]) < "T04", "AZ has one person")
        # The file was made for versions that are gone: nothing moves.
        done = self.convene("place", "accept", path)
        self.assertEqual((done.status, "version_conflict" in done.out), (REFUSED, True), done.out)

    def test_2_around_a_pin(self):
        self.ok("session", "set", "FAIR/T01", "--pin")
        before = self.sessions()["T01"]
        doc = self.search("--seed", "5")
        self.assertNotIn("T01", [row["session"] for row in doc["placed"]])
        self.assertEqual(self.sessions()["T01"]["when"], before["when"])

    def test_2b_more_than_one_request_can_move(self):
        path = self.convene.root / "congress.json"

        def step():
            doc = self.ok("place", "programme", "CONGRESS", "--venue", "HALL", "--seconds", "1", "--output", path, "--json").json
            self.assertEqual((doc["unplaced"], doc["refused"]), ([], []))
            self.ok("place", "accept", path)
            return {row["session"] for row in doc["placed"]}, set(doc["later"])
        placed, later = step()
        self.assertEqual((len(placed), len(later), placed & later), (STEP, PAPERS - STEP, set()), "none is lost")
        rows = self.ok("programme", "CONGRESS", "--json").json["sessions"]
        self.assertEqual({row["session"] for row in rows if "begin_ms" in row}, placed)
        done = self.convene("place", "programme", "CONGRESS", "--venue", "HALL", "--seconds", "1")
        self.assertNotIn("more would move", done.err)
        placed, later = step()
        self.assertEqual(later, set())
        rows = self.ok("programme", "CONGRESS", "--json").json["sessions"]
        self.assertEqual(sum("begin_ms" in row for row in rows), PAPERS)
        self.assertFalse({reason["effect"] for row in rows for reason in row["conflicts"]} & {"forbid", "block_release"})

    def test_2c_a_hundred_change_places_with_a_hundred(self):
        """No request of a hundred alone could move one half; each moves pairs, so the search does not stand still."""
        path, steps, gone = self.convene.root / "swap.json", 0, set()
        while True:
            doc = self.ok("place", "programme", "SWAP", "--venue", "HALL", "--seconds", "2", "--output", path, "--json").json
            self.assertEqual(doc["refused"], [])
            if not doc["placed"]:
                break
            self.assertLessEqual(len(doc["placed"]), STEP)
            self.ok("place", "accept", path)
            gone |= {row["session"] for row in doc["placed"]}
            steps += 1
            self.assertLess(steps, 8)
        self.assertGreater(len(gone), STEP)
        rows = self.ok("programme", "SWAP", "--json").json["sessions"]
        self.assertTrue(all("begin_ms" in row for row in rows))
        asked = {f"W{n:03d}": f"HALL/{swapped(n)['wish_room']}" for n in range(2 * SWAPS)}
        there = sum(asked[row["session"]] == row["room"] for row in rows)
        self.assertGreater(there, SWAPS * 2 * 0.9, "nearly all have what they asked for")

    def test_3_what_cannot_be_searched(self):
        for args, status, says in ((("NONE",), NOTFOUND, "no event NONE"), (("OTHER", "--venue", "NOWHERE"), USAGE, "--venue"),
                                   (("FAIR", "--from", "18:00", "--until", "09:00"), USAGE, "--from"), (("FAIR", "--from", "noon"), USAGE, "--from")):
            done = self.convene("place", "programme", *args)
            self.assertEqual((done.status, says in done.err), (status, True), done.err)


if __name__ == "__main__":
    need("convene", "convene-scheduling", "convene-registration", "convene-notifications")
    unittest.main(verbosity=2)
