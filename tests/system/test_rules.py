#!/usr/bin/python3
"""test_rules: what `rule set` changes is counted alike by an edit, by `why`, and by both searches.
SPDX-License-Identifier: Apache-2.0
"""
import json
import unittest

from cli_env import Convene, need

OK, FAILED, USAGE, PARTIAL, NOTFOUND, REFUSED = range(6)
PLAN = {
    "parties": [{"code": code, "kind": "member", "name": f"Party {code}"} for code in ("AZ", "KZ")],
    "headings": [{"code": "ECO", "level": "dimension", "name": "Economic"}],
    "venues": [{"code": "HALL", "name": "Hall", "city": "Baku", "country": "AZ", "zone": "Asia/Baku"}],
    "rooms": [{"venue": "HALL", "room": room, "name": room, "seats": seats} for room, seats in (("A", 100), ("B", 20))],
    "events": [{"event": "ECO-1", "title": "One", "plan_year": 2027, "line": "cbm", "dimension": "ECO", "date_start": "2027-03-08"},
               {"event": "ECO-2", "title": "Two", "plan_year": 2027, "line": "cbm", "dimension": "ECO", "date_start": "2027-03-10"},
               {"event": "FAIR", "title": "Fair", "plan_year": 2027, "line": "cbm", "date_start": "2027-06-01"}],
    "sessions": [{"event": "FAIR", "session": "BIG", "title": "Big", "kind": "parallel", "minutes": 60, "start": "2027-06-01T10:00", "venue": "HALL",
                  "room": "B", "expected": 21}],
}


class Rules(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.convene = Convene().__enter__()
        cls.addClassCleanup(cls.convene.__exit__, None, None, None)
        path = cls.convene.root / "plan.json"
        path.write_text(json.dumps(PLAN))
        done = cls.convene("plan", "import", path, "--json")
        assert done.status == OK and done.json["not_ok"] == 0, done.out + done.err

    def ok(self, *args):
        done = self.convene(*args)
        self.assertEqual(done.status, OK, done.out + done.err)
        return done

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
