#!/usr/bin/python3
"""test_oracle: the judge of other tests: what its model of seats keeps in counters is what counting gives, and it finds what is wrong.
SPDX-License-Identifier: Apache-2.0
"""
import random
import unittest

from oracle import SeatModel

STATES = ("confirmed", "waiting", "refused", "withdrawn")
PARTIES = list("ABCDEFG")
RULES = {"capacity": 60, "guaranteed": 2, "maximum": 9, "quotas": [{"party": "A", "guaranteed": 4, "maximum": 12}]}


class Model(unittest.TestCase):
    def test_counts(self):
        rng = random.Random(7)
        model = SeatModel(RULES, PARTIES)
        for _ in range(400):
            party, kind = rng.choice(PARTIES), rng.random()
            if kind < 0.7:
                model.set(party, [{"number": rng.randint(1, 40), "state": rng.choice(STATES)} for _ in range(rng.randint(1, 3))])
            elif kind < 0.75:
                model.withdraw_all(party)
            else:
                before = dict(model.state)
                model.expect(party, rng.randint(1, 4))
                self.assertEqual(model.state, before, "to foretell changes nothing")
            for state in STATES:
                self.assertEqual(model.count(state), sum(one == state for one in model.state.values()))
                for other in PARTIES:
                    self.assertEqual(model.count(state, other), sum((p, one) == (other, state) for (p, _), one in model.state.items()))

    def test_foretells(self):
        model = SeatModel(RULES, PARTIES)
        self.assertEqual(model.free(), 60 - 4 - 6 * 2)
        self.assertEqual(model.expect("B", 11), ["confirmed"] * 9 + ["refused"] * 2)
        for party in "CDEFG":
            model.set(party, [{"number": n, "state": "confirmed"} for n in range(9)])
        self.assertEqual(model.free(), 60 - 4 - 2 - 5 * 9)
        self.assertEqual(model.expect("A", 13), ["confirmed"] * 12 + ["refused"])
        model.set("A", [{"number": n, "state": "confirmed"} for n in range(12)])
        self.assertEqual(model.expect("B", 4), ["confirmed"] * 3 + ["refused"], "two that are guaranteed, and the last free one")

    def test_finds_what_is_wrong(self):
        model = SeatModel(RULES, PARTIES)
        model.set("B", [{"number": n, "state": "confirmed"} for n in range(10)])
        self.assertIn("more than its most", model.wrong("B", None))
        model = SeatModel({"capacity": 3, "guaranteed": 0, "maximum": 9}, PARTIES)
        for party in "AB":
            model.set(party, [{"number": n, "state": "confirmed"} for n in range(2)])
        self.assertIn("oversold", model.wrong("B", None))
        model.set("A", [{"number": 1, "state": "withdrawn"}])
        seats = {"capacity": 3, "confirmed": 3, "waiting": 0, "free": 0, "party_maximum": 9, "party_confirmed": 2, "party_waiting": 0}
        self.assertIsNone(model.wrong("B", seats))
        self.assertIn("told", model.wrong("B", seats | {"confirmed": 4}))


if __name__ == "__main__":
    unittest.main(verbosity=2)
