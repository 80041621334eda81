#!/usr/bin/python3
"""test_rules: what `rule set` changes is counted alike by an edit, by `why`, and by both searches.
SPDX-License-Identifier: Apache-2.0
"""
import unittest

from cli_env import need, WithPlan

OK, FAILED, USAGE, PARTIAL, NOTFOUND, REFUSED = range(6)
PLAN = {
    "parties": [{"code": code, "kind": "member", "name": f"Party {code}"} for code in ("AZ", "KZ", "UZ")],
    "headings": [{"code": "ECO", "level": "dimension", "name": "Economic"}],
    "venues": [{"code": "HALL", "name": "Hall", "city": "Baku", "country": "AZ", "zone": "Asia/Baku"}],
    "rooms": [{"venue": "HALL", "room": room, "name": room, "seats": seats} for room, seats in (("A", 100), ("B", 20))],
    "events": [{"event": "ECO-1", "title": "One", "plan_year": 2027, "line": "cbm", "dimension": "ECO", "date_start": "2027-03-08"},
               {"event": "ECO-2", "title": "Two", "plan_year": 2027, "line": "cbm", "dimension": "ECO", "date_start": "2027-03-10"},
               {"event": "FAIR", "title": "Fair", "plan_year": 2027, "line": "cbm", "date_start": "2027-06-01"},
               {"event": "WISH", "title": "Wishes", "plan_year": 2027, "line": "cbm", "date_start": "2027-06-02", "date_end": "2027-06-03"},
               {"event": "WEEK", "title": "Week", "plan_year": 2027, "line": "cbm", "date_start": "2027-06-08", "date_end": "2027-06-09"}],
    "sessions": [{"event": "FAIR", "session": "BIG", "title": "Big", "kind": "parallel", "minutes": 60, "start": "2027-06-01T10:00", "venue": "HALL",
                  "room": "B", "expected": 21}],
}


class Rules(WithPlan):
    has = PLAN

    def why(self, what, rule):
        return sum(reason["cost"] for reason in self.ok("why", what, "--json").json["reasons"] if reason["rule"] == rule)

    def edited(self, rule):
        """What an edit is told: the same days once more, with another note."""
        self.n = getattr(self, "n", 0) + 1
        done = self.ok("request", "event.change", "--set", "event=ECO-1", "--set", f"note=Edit {self.n}", "--json")
        return sum(row["cost"] for row in done.json["outcome"]["data"].get("conflicts", []) if row["rule"] == rule)

    def plan(self, *flags):
        return self.ok("place", "plan", "--year", "2027", "--seconds", "1", "--json", *flags).json

    def programme(self):
        return self.ok("place", "programme", "FAIR", "--seconds", "1", "--json").json

    def test_1_of_the_plan(self):
        self.assertEqual((self.why("ECO-1", "A12"), self.edited("A12")), (3 * 12, 3 * 12))
        soft = self.plan()["before"]["soft"]
        self.ok("rule", "set", "A12", "--weight", "50")
        self.assertEqual((self.why("ECO-1", "A12"), self.edited("A12")), (50 * 12, 50 * 12))
        self.assertEqual(self.plan()["before"]["soft"] - soft, 47 * 12)
        self.ok("rule", "set", "A12", "--effect", "ignore")
        self.assertEqual((self.why("ECO-1", "A12"), self.edited("A12")), (0, 0))
        self.assertEqual(self.plan()["before"]["soft"] - soft, -3 * 12)

    def put(self, session, start, *flags, room="HALL/A"):
        done = self.ok("session", "set", f"WISH/{session}", "--title", session, "--minutes", "60", *(("--start", f"2027-06-02T{start}") if start else ()),
                       *(("--room", room) if room else ()), *flags, "--json")
        return {(row["rule"], row.get("other", ""), row["cost"]) for row in done.json["outcome"]["data"].get("conflicts", [])}

    def test_3_each_rule_that_is_a_wish(self):
        self.assertEqual(self.put("OFF", None, room=None), {("B7", "", 100)})
        self.put("BASE", "10:00", "--parties", "AZ,KZ", "--themes", "trade,water", "--language", "en", "--track", "T", "--chair", "P1")
        beside = "HALL/B"
        self.assertEqual(self.put("B9", "10:30", "--welcome", "KZ,AZ,UZ", room=beside), {("B9", "WISH/BASE", 5 * 2)})
        self.ok("session", "cancel", "WISH/B9", "--reason", "seen")
        self.assertEqual(self.put("B10", "10:30", "--themes", "water,youth,trade", room=beside), {("B10", "WISH/BASE", 10 * 2)})
        self.ok("session", "cancel", "WISH/B10", "--reason", "seen")
        self.assertEqual(self.put("B11", "12:00", "--track", "T", room=beside), {("B11", "WISH/BASE", 10)})
        self.ok("session", "cancel", "WISH/B11", "--reason", "seen")
        self.assertEqual(self.put("B12", "12:00", "--wish-from", "2027-06-02T12:30", "--wish-room", "A", room=beside), {("B12", "", 20)})
        self.assertEqual(self.put("B12", "12:30", room=beside), {("B12", "", 20)})
        self.assertEqual(self.put("B12", "12:30"), set())
        self.assertEqual(self.put("B14", "10:59", "--language", "en", room=beside), {("B14", "WISH/BASE", 10)})
        self.ok("session", "cancel", "WISH/B14", "--reason", "seen")
        self.assertEqual(self.put("B15", "14:01", "--chair", "P1"), {("B15", "WISH/BASE", 5)})
        self.assertEqual(self.put("B16", "17:00", "--chair", "P2@America/New_York"), {("B16", "", 1)}, "09:00 there")
        self.assertEqual(self.put("B16", "12:30", "--chair", "P2@America/New_York", room=beside), {("B16", "", 10)})
        for flags, code in ((("--chair", "P2@Mars/Olympus"), "zone_unknown"), (("--wish-until", "2027-06-02"), ""), (("--welcome", "XX"), "unknown_party"),
                            (("--wish-from", "2027-06-02T12:30", "--wish-until", "2027-06-02T13:00"), "date_inconsistent")):
            done = self.convene("session", "set", "WISH/B16", *flags)
            self.assertNotEqual(done.status, OK, flags)
            self.assertIn(code, done.out)

    def test_4_an_effect_is_respected(self):
        """What has no time stands in the way of a release once the rule says so; a wish forbids once it does."""
        self.ok("rule", "set", "B7", "--effect", "block_release")
        done = self.convene("release", "make", "WISH", "V1")
        self.assertEqual((done.status, "WISH/OFF" in done.out or "no time yet" in done.out), (REFUSED, True), done.out)
        self.ok("rule", "set", "B12", "--effect", "forbid")
        done = self.convene("session", "place", "WISH/B12", "2027-06-02T09:00")
        self.assertEqual((done.status, "it was asked for from 2027-06-02T12:30" in done.out), (REFUSED, True), done.out)
        self.ok("session", "cancel", "WISH/OFF", "--reason", "no time")
        self.ok("release", "make", "WISH", "V1")

    def test_5_the_search_counts_as_why_does(self):
        doc = self.ok("place", "programme", "WISH", "--seconds", "1", "--json").json
        rows = self.ok("programme", "WISH", "--json").json["sessions"]
        sums = {"hard": 0, "medium": 0, "soft": 0}
        for row in rows:
            for reason in row["conflicts"]:
                sums[reason["level"]] += reason["cost"] if not reason.get("with") else reason["cost"] / 2  # seen from both sides
        self.assertEqual(doc["before"], sums)
        self.assertGreater(doc["before"]["soft"], 0)
        levels = ("hard", "medium", "soft")
        self.assertLessEqual([doc["after"][level] for level in levels], [doc["before"][level] for level in levels])

    def test_6_a_programme_from_nothing(self):
        """Opening, closing, plenary, break and side event are placed too, in an order that holds."""
        def put(name, kind, minutes, *flags):
            self.ok("session", "set", f"WEEK/{name}", "--title", name, "--kind", kind, "--minutes", str(minutes), *flags)
        put("OPEN", "opening", 60)
        put("CLOSE", "closing", 30)
        put("ALL", "plenary", 90)
        put("LUNCH", "break", 60, "--wish-from", "2027-06-08T12:30", "--wish-until", "2027-06-08T14:30")
        put("SIDE", "side_event", 60)
        put("PIN", "parallel", 60, "--start", "2027-06-08T15:00", "--room", "HALL/B", "--pin")
        put("HUGE", "parallel", 60, "--expected", "5000")
        put("LONG", "parallel", 1000)
        put("ODD", "parallel", 60, "--features", "telescope")
        for n in range(6):
            put(f"T{n}", "parallel", 60, "--chair", f"P{n % 3}")
        path = self.convene.root / "week.json"
        doc = self.ok("place", "programme", "WEEK", "--venue", "HALL", "--seconds", "2", "--output", path, "--json").json
        self.assertEqual({row["session"]: row["text"] for row in doc["stays"]}, {"PIN": "is pinned"})
        why = {row["session"]: row["text"] for row in doc["unplaced"]}
        self.assertEqual(set(why), {"HUGE", "LONG", "ODD"}, doc)
        for session, words in (("HUGE", "seats for 5000"), ("LONG", "1000 minutes"), ("ODD", "features or booths")):
            self.assertIn(words, why[session])
        self.assertEqual(doc["refused"], [])
        self.assertEqual(len(doc["placed"]) + len(doc["stays"]) + len(doc["unplaced"]), 15, "each session is placed, stays, or is named")
        # The programme moves on: the file is worth nothing any more. Searched again, it is taken as a whole.
        self.ok("session", "set", "WEEK/T0", "--title", "Another title")
        done = self.convene("place", "accept", path)
        self.assertEqual((done.status, "version_conflict" in done.out), (REFUSED, True), done.out)
        self.ok("place", "programme", "WEEK", "--venue", "HALL", "--seconds", "2", "--output", path)
        self.ok("place", "accept", path)
        rows = {row["session"]: row for row in self.ok("programme", "WEEK", "--json").json["sessions"] if "begin_ms" in row}
        self.assertEqual(len(rows), 12)
        self.assertFalse([reason for row in rows.values() for reason in row["conflicts"] if reason["level"] == "hard"], rows)
        for name, row in rows.items():
            if name == "SIDE":
                continue
            self.assertTrue(name == "OPEN" or row["begin_ms"] >= rows["OPEN"]["until_ms"], name)
            self.assertTrue(name == "CLOSE" or row["until_ms"] <= rows["CLOSE"]["begin_ms"], name)
            for other in ("ALL", "LUNCH"):
                self.assertTrue(name == other or row["until_ms"] <= rows[other]["begin_ms"] or row["begin_ms"] >= rows[other]["until_ms"], (name, other))
        self.assertEqual(rows["LUNCH"]["when"][11:16] >= "12:30" and rows["LUNCH"]["when"][:10], "2027-06-08")
        # What is for all has its time now, and keeps it.
        doc = self.ok("place", "programme", "WEEK", "--seconds", "1", "--json").json
        self.assertEqual({row["session"] for row in doc["stays"]}, {"OPEN", "CLOSE", "ALL", "LUNCH", "PIN"})
        doc = self.ok("place", "programme", "WEEK", "--seconds", "1", "--all", "--json").json
        self.assertEqual({row["session"] for row in doc["stays"]}, {"PIN"})

    def test_2_of_a_programme(self):
        self.assertEqual(self.why("FAIR/BIG", "B13"), 1)
        doc = self.programme()
        self.assertEqual((doc["before"]["soft"], [row["room"] for row in doc["placed"]]), (1, []), "the large hall is no better: it is too large")
        self.ok("rule", "set", "B13", "--weight", "70")
        self.assertEqual(self.why("FAIR/BIG", "B13"), 70)
        self.assertEqual(self.programme()["before"]["soft"], 70)
        self.ok("rule", "set", "B13", "--effect", "ignore")
        self.assertEqual((self.why("FAIR/BIG", "B13"), self.programme()["before"]["soft"]), (0, 0))


if __name__ == "__main__":
    need("convene", "convene-scheduling", "convene-registration", "convene-notifications")
    unittest.main(verbosity=2)
