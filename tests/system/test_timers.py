#!/usr/bin/python3
# What happens at an instant happens once, also when nobody was there at that instant; and more seats move the list.
# SPDX-License-Identifier: Apache-2.0
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import cvwire
import world
from deployment import Case, main, wait_for


class Timers(Case):
    def setUp(self):
        self.d = self.deployment("ipc")
        self.office = self.d.publisher("office")
        world.put_parties(self.office)

    def promoted(self, event):
        records, _ = self.d.log("registration", "mirror").stream("registration.events")
        messages = [cvwire.unpack(r) for r in records]
        return [m["data"] for m in messages if m["type"].endswith("promoted.v1") and m["data"]["event"] == event]

    def one_each(self, promotions):
        """No person moves up twice."""
        moved = [(p["party"], person["number"]) for p in promotions for person in p["persons"]]
        self.assertEqual(len(moved), len(set(moved)))
        return sorted(moved)

    def release(self, event, meanwhile):
        """KZ has three guaranteed of four seats and takes none; AZ waits with three until the release."""
        rules = world.rules(4, maximum=4, waiting="strict", quotas=[{"party": "KZ", "guaranteed": 3, "maximum": 4}],
                            release_ms=cvwire.now_ms() + 3000)
        world.open_event(self.d, self.office, event, rules)
        self.d.wait_settled()
        outcome = world.decide(self.office, "registration.register", world.delegation(event, "AZ", 4))
        self.assertEqual([p["state"] for p in outcome.data["decision"]["persons"]], ["confirmed", "waiting", "waiting", "waiting"])
        self.assertEqual((outcome.data["decision"]["seats"]["free"], world.seats(self.d, event)["guaranteed_held"]), (0, 3))
        meanwhile(rules["release_ms"])
        wait_for(lambda: self.promoted(event), "the release")
        self.d.wait_settled()
        promotions = self.promoted(event)
        self.assertEqual({p["cause"] for p in promotions}, {"release"})
        self.assertEqual(self.one_each(promotions), [("AZ", 2), ("AZ", 3), ("AZ", 4)])
        seats = world.seats(self.d, event)
        self.assertEqual((seats["confirmed"], seats["waiting"], seats["guaranteed_held"], seats["free"]), (4, 0, 0, 0))
        self.assertGreaterEqual(cvwire.now_ms(), rules["release_ms"])
        # KZ comes too late for its guarantee.
        late = self.office.ask("registration.register", world.delegation(event, "KZ", 1))
        self.assertEqual([p["state"] for p in late.data["decision"]["persons"]], ["waiting"], late)
        states = world.wait_notices(self.d)
        self.assertEqual(len([n for n in states if n.endswith(".AZ") and n.startswith("registration")]), 1 + len(promotions))

    def test_release(self):
        self.release("HERE", lambda instant: None)

    def test_release_while_nobody_was_there(self):
        def away(instant):
            self.d.registration.kill()
            wait_for(lambda: cvwire.now_ms() > instant + 500, "the instant to pass")
            self.d.registration.start()
        self.release("AWAY", away)

    def test_release_with_kills_around_the_instant(self):
        def around(instant):
            wait_for(lambda: cvwire.now_ms() > instant - 600, "the instant to come near")
            while cvwire.now_ms() < instant + 600:
                self.d.registration.kill()
                self.d.registration.start(ready=False)
                last = cvwire.now_ms()
                wait_for(lambda at=last: cvwire.now_ms() > at + 60, "a moment")
            self.d.registration.wait_ready()
        self.release("AROUND", around)

    def test_more_seats(self):
        """Capacity that grows lets the list move, first those of the kind that comes first, then by arrival."""
        world.open_event(self.d, self.office, "GROWS", world.rules(1, maximum=1, waiting="strict"))
        for party in ("KZ", "OSCE", "BY", "TR", "AZ"):
            world.decide(self.office, "registration.register", world.delegation("GROWS", party))
        self.assertEqual(world.seats(self.d, "GROWS")["waiting"], 4)
        world.decide(self.office, "scheduling.event.registration", {"event": "GROWS", **world.rules(3, maximum=1, waiting="strict")})
        wait_for(lambda: world.seats(self.d, "GROWS")["confirmed"] == 3, lambda: world.seats(self.d, "GROWS"))
        promotions = self.promoted("GROWS")
        self.assertEqual([p["party"] for p in promotions], ["TR", "AZ"], "members before observers, in the order they came")
        self.assertEqual({p["cause"] for p in promotions}, {"capacity"})
        world.decide(self.office, "registration.withdraw", {"event": "GROWS", "party": "KZ"})
        wait_for(lambda: len(self.promoted("GROWS")) == 3, "one more")
        self.assertEqual((self.promoted("GROWS")[2]["party"], self.promoted("GROWS")[2]["cause"]), ("BY", "withdrawal"))

    def test_fewer_seats_take_none_away(self):
        """Who is confirmed stays so when the capacity shrinks; nobody new is let in above it."""
        world.open_event(self.d, self.office, "SHRINKS", world.rules(4, maximum=4))
        world.decide(self.office, "registration.register", world.delegation("SHRINKS", "KZ", 3))
        outcome = self.office.ask("scheduling.event.registration", {"event": "SHRINKS", **world.rules(2, maximum=2)})
        self.d.wait_settled()
        confirmed = world.seats(self.d, "SHRINKS")["confirmed"]
        self.assertEqual(confirmed, 3)
        if outcome.klass == "OK":
            self.assertEqual(self.office.ask("registration.register", world.delegation("SHRINKS", "AZ")).code, "full")


if __name__ == "__main__":
    main()
