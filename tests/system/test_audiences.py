#!/usr/bin/python3
# Who is told of a change: delegations, those that declined, the area's coordinators, and who else the rules name; by commands.
# SPDX-License-Identifier: Apache-2.0
# ctest-labels: notifications
import email
import email.policy
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import world
from cli_env import Convene
from deployment import Case, main, wait_for

FORUM = "2030-FORUM-1"


class Audiences(Case):
    def setUp(self):
        self.d = self.deployment("ipc")
        self.office = self.d.publisher("office")
        world.put_parties(self.office)
        for data in ({"code": "ECO", "level": "dimension", "name": "Economic"},
                     {"code": "ECO-ENE", "level": "area", "dimension": "ECO", "name": "Energy security"}):
            world.decide(self.office, "scheduling.heading.put", data)
        world.decide(self.office, "scheduling.coordinator.put",
                     {"code": "ENE-1", "area": "ECO-ENE", "party": "TR", "role": "coordinator", "from": "2020"})
        world.decide(self.office, "scheduling.coordinator.put",
                     {"code": "ENE-0", "area": "ECO-ENE", "party": "UZ", "role": "co_coordinator", "to": "2019"})
        for party in ("TR", "UZ", "AZ"):
            world.decide(self.office, "notifications.recipient.put",
                         {"party": party, "order": 1, "name": f"Ministry of {party}", "email": f"ministry@{party.lower()}.example"})

    def mails(self):
        """{id without the record's position: message}, of what the outbox has."""
        found = {}
        for name in sorted(os.listdir(self.d.outbox)) if os.path.isdir(self.d.outbox) else []:
            with open(os.path.join(self.d.outbox, name), "rb") as file:
                found[name.removesuffix(".eml")] = email.message_from_binary_file(file, policy=email.policy.default)
        return found

    def told_of(self, record):
        """{party: (audience or "", address)} of the notices about this record of scheduling.events."""
        head = self.d.head("scheduling", "scheduling.events")
        plain = f"scheduling.events.{head['epoch'].hex()}.{record}."
        return {name.rsplit(".", 1)[1]: (name.split(plain, maxsplit=1)[0].rstrip("."), message["To"].addresses[0].addr_spec)
                for name, message in self.mails().items() if plain in name}

    def change(self, **details):
        outcome = world.decide(self.office, "scheduling.event.change", {"event": FORUM, "reason": "As agreed", **details})
        return outcome.data["sequence"]

    def expect(self, record, told):
        wait_for(lambda: len(self.told_of(record)) >= len(told), lambda: f"{told}: {self.told_of(record)}")
        world.wait_notices(self.d)
        self.assertEqual(self.told_of(record), told)

    def test_a_change(self):
        world.decide(self.office, "scheduling.event.propose",
                     {"event": FORUM, "title": "Energy Forum", "plan_year": 2030, "line": "cbm", "date_start": "2030-05-14",
                      "date_end": "2030-05-14", "precision": "day", "dimension": "ECO", "area": "ECO-ENE", "proposer": "AZ"})
        for status in ("circulated", "adopted", "scheduled"):
            world.decide(self.office, "scheduling.event.advance", {"event": FORUM, "to": status})
        world.decide(self.office, "scheduling.event.registration", {"event": FORUM, **world.rules(10, maximum=3)})
        world.wait_open(self.d, FORUM)
        opened = ["AZ", "TR", "UZ"]  # who has a recipient
        wait_for(lambda: sorted(n.rsplit(".", 1)[1] for n in self.mails() if n.startswith("opening.")) == opened,
                 lambda: f"told that registration is open: {sorted(self.mails())}")
        world.decide(self.office, "registration.register", world.delegation(FORUM, "KZ"))
        world.decide(self.office, "registration.decline", {"event": FORUM, "party": "UZ", "reason": "Elections"})
        world.wait_notices(self.d)
        moved = self.change(city="Ganja", country="AZ")
        usual = {"KZ": ("", "desk@kz.example"), "UZ": ("", "ministry@uz.example"), "TR": ("coordinators", "ministry@tr.example")}
        self.expect(moved, usual)
        mail = next(m for name, m in self.mails().items() if name.startswith("coordinators."))
        text = mail.get_body(("plain",)).get_content()
        self.assertIn("You are receiving this as a coordinator of the area: Energy security", text)
        self.assertIn("Ganja, AZ", text)
        self.assertNotIn("KZ", text, "who comes is not for everybody")
        states = {m["data"]["party"]: m["data"].get("audience") for m in self.d.log("notifications").query("notices", FORUM)
                  if m["data"]["kind"] == "event_change"}
        self.assertEqual(states, {"KZ": None, "UZ": "declined", "TR": "coordinators"})

        # Other rules, from the next change on; and what has to be told stays.
        for audience, told in (("coordinators", False), ("declined", False), ("proposer", True)):
            world.decide(self.office, "notifications.audience.put", {"kind": "event_change", "audience": audience, "told": told})
        outcome = self.office.ask("notifications.audience.put", {"kind": "event_change", "audience": "delegation", "told": False})
        self.assertEqual((outcome.klass, outcome.data["code"]), ("REJECTED", "must_be_told"))
        self.d.notifications.kill()
        self.d.notifications.start()
        self.expect(self.change(city="Sheki"), {"KZ": ("", "desk@kz.example"), "AZ": ("proposer", "ministry@az.example")})
        self.assertEqual(self.told_of(moved), usual, "nothing is told anew")


class Commands(unittest.TestCase):
    def test_rules(self):
        with Convene() as convene:
            expect = convene.expect
            told = {(row["kind"], row["audience"]): row["told"] for row in expect(0, "notice", "rules", "--json").json["audiences"]}
            self.assertTrue(told["event_change", "coordinators"])
            self.assertFalse(told["event_change", "members"])
            expect(0, "notice", "tell", "event_change", "members", "on", says="audience_set")
            expect(5, "notice", "tell", "event_change", "delegation", "off", says="must_be_told")
            expect(5, "notice", "tell", "decision", "members", "on", says="decision cannot be told to members, only to: delegation, person")
            expect(2, "notice", "tell", "event_change", "member", "on", says="no audience")
            expect(2, "notice", "tell", "changes", "members", "on", says="no kind of news")
            expect(2, "notice", "tell", "event_change", "members", "yes", says="on or off")
            expect(0, "notice", "remind", "desks", "start", "48", "--for", "coordinators", says="reminder_set")
            expect(0, "notice", "remind", "start_7d", "start", "168", "--off", says="reminds nobody")
            expect(5, "notice", "remind", "x", "silence", "48", "--for", "coordinators", says="no_such_audience")
            expect(2, "notice", "remind", "x", "begin", "48", says="nothing to remind of")
            expect(2, "notice", "remind", "x", "start", "0", says="HOURS")
            rules = expect(0, "notice", "rules", "--json").json
            self.assertIn({"kind": "event_change", "audience": "members", "told": True}, rules["audiences"])
            self.assertIn({"rule": "desks", "anchor": "start", "before_hours": 48, "audience": "coordinators"}, rules["reminders"])
            self.assertIn({"rule": "start_7d", "anchor": "start", "before_hours": 168, "audience": "delegation", "off": True},
                          rules["reminders"])
            shown = expect(0, "notice", "rules").out
            self.assertRegex(shown, r"event_change +members +yes")
            self.assertRegex(shown, r"desks +start +48 +coordinators +yes")


if __name__ == "__main__":
    main()
