#!/usr/bin/python3
"""test_notice_commands: `convene notice` and `convene webhook`: who got what, dead letters again, secrets shown once.
SPDX-License-Identifier: Apache-2.0
ctest-labels: notifications
"""
import os
import sys
import time
import unittest

from cli_env import Convene, need

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from receivers import Receiver

OK, FAILED, USAGE, PARTIAL, NOTFOUND, REFUSED, UNREACHABLE, DENIED = range(8)
SETTINGS = ["--conf", "notifications/retry=100ms", "--conf", "notifications/webhook_to=any"]


class NoticeCommands(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.web = Receiver("web")
        cls.addClassCleanup(cls.web.close)
        cls.convene = Convene(*SETTINGS).__enter__()
        cls.addClassCleanup(cls.convene.__exit__, None, None, None)

    def expect(self, status, *args, says=""):
        result = self.convene(*args)
        self.assertEqual(result.status, status, result.out + result.err)
        self.assertIn(says, result.out + result.err)
        return result

    def request(self, request, **fields):
        return self.expect(OK, "request", request, *[f"--set={k}={v}" for k, v in fields.items()])

    def register(self, name="A. Sample"):
        """As soon as registration has heard of the event."""
        end = time.monotonic() + 30
        while time.monotonic() < end:
            result = self.convene("request", "registration.register", "--set=event=E1", "--set=party=KZ", f"--set=persons[0].name={name}",
                                  "--set=persons[0].capacity=delegate", "--set=contact.name=Desk", "--set=contact.email=desk@kz.example")
            if "event_unknown" not in result.out and "not_open" not in result.out:
                break
        self.assertEqual(result.status, OK, result.out + result.err)

    def dispatches(self, key):
        return self.expect(OK, "notice", "log", key, "--json").json["dispatches"]

    def settled(self, key, channel, count):
        end = time.monotonic() + 30
        while time.monotonic() < end:
            rows = [d for d in self.dispatches(key) if d["channel"] == channel]
            if len(rows) == count and all(d["state"] in ("delivered", "dead") for d in rows):
                return rows
        raise AssertionError(self.dispatches(key))

    def test_from_webhook_to_redrive(self):
        self.request("party.put", code="KZ", kind="member", name="Kazakhstan")
        self.request("event.propose", event="E1", title="Forum", plan_year=2030, line="cbm", date_start="2030-05-14", date_end="2030-05-14",
                     precision="day")
        for status in ("circulated", "adopted", "scheduled"):
            self.request("event.advance", event="E1", to=status)
        now = int(time.time() * 1000)
        self.request("event.registration", event="E1", capacity=20, guaranteed=0, maximum=20, waiting="none", group="each",
                     opens_ms=now - 3600000, closes_ms=now + 3600000)
        good, bad = (f"http://127.0.0.1:{self.web.port}/{kind}/hook" for kind in ("ok", "away"))
        self.expect(USAGE, "webhook", "set", "KZ", bad, "--order", "9", says="--order")
        self.expect(USAGE, "webhook", "set", "KZ", "ftp://desk.example/", says="https://")
        self.expect(OK, "webhook", "set", "KZ", bad, says="webhook_set")
        secret = self.expect(OK, "webhook", "secret", "KZ").out.split()
        self.assertEqual([s.split("_")[0] for s in secret], ["whsec", "whpk"])
        self.expect(REFUSED, "webhook", "secret", "KZ", says="shown already")
        self.expect(NOTFOUND, "webhook", "secret", "KZ", "--order", "2", says="no such webhook")
        self.expect(OK, "webhook", "rotate", "KZ", "--overlap", "7d", says="webhook_rotated")
        self.assertNotEqual(self.expect(OK, "webhook", "secret", "KZ", "--json").json["secret"], secret[0])
        self.expect(OK, "webhook", "list", says=bad)
        self.expect(OK, "notice", "dead", says="no dead letters")
        self.expect(OK, "webhook", "list", "AZ", says="no webhooks for AZ")

        self.register()
        (outbox,) = self.settled("E1/KZ", "outbox", 1)
        (dead,) = self.settled("E1/KZ", "webhook", 1)
        self.assertEqual((outbox["state"], dead["state"], dead["reason"], dead["log"][-1]["code"]), ("delivered", "dead", "failed", 302))
        for word in ("E1", "KZ", "webhook", "dead", "302", bad):
            self.assertIn(word, self.expect(OK, "notice", "log", "KZ").out)
        self.assertEqual(self.expect(OK, "notice", "dead", "--json").json["dead"], [dead])
        self.expect(OK, "notice", "dead", says="302")
        self.expect(USAGE, "notice", "redrive", says="--all")
        self.expect(USAGE, "notice", "redrive", "--all", dead["dispatch"], says="--all")
        self.expect(USAGE, "notice", "log", "E1/", says="EVENT/PARTY")
        # What it said, when, by which id; what "delivered" is. A party that was told nothing is not one that there is not.
        self.assertEqual(outbox["headline"], "Registration accepted")
        self.assertLess(abs(outbox["made_ms"] - time.time() * 1000), 600000)
        for word in ("made", "Registration accepted", outbox["notice"], "delivered: the mail server or the webhook's receiver took it"):
            self.assertIn(word, self.expect(OK, "notice", "log", "KZ").out)
        self.request("party.put", code="MN", kind="member", name="Mongolia")
        end = time.monotonic() + 30
        while self.convene("notice", "log", "MN").status == NOTFOUND and time.monotonic() < end:
            pass
        self.assertEqual(self.dispatches("MN"), [])
        self.expect(OK, "notice", "log", "MN", says="no notice has been made for MN")
        self.expect(NOTFOUND, "notice", "log", "XX", says='there is no party "XX"')
        self.expect(NOTFOUND, "notice", "log", "mongolia", says='did you mean "MN"?')
        self.expect(NOTFOUND, "notice", "log", "kz", says='did you mean "KZ"?')
        self.expect(NOTFOUND, "notice", "log", "E7/KZ", says='there is no event "E7"')
        self.expect(REFUSED, "notice", "redrive", dead["dispatch"] + 1, says="none_dead")
        # To another address from now on: the dead letter goes there too.
        self.expect(OK, "webhook", "set", "KZ", good)
        self.expect(OK, "notice", "redrive", dead["dispatch"], says="redriven")
        (again,) = self.settled("KZ", "webhook", 1)
        self.assertEqual((again["state"], again["address"]), ("delivered", good))
        self.assertEqual([row["id"] for row in self.web.taken()], [dead["notice"].replace(".", ":")])
        self.assertEqual([a["code"] for a in again["log"]], [302, 302, 200])
        self.expect(OK, "webhook", "remove", "KZ", says="webhook_removed")
        self.expect(NOTFOUND, "webhook", "remove", "KZ", says="no_webhook")
        self.assertEqual(self.expect(OK, "webhook", "list", "KZ", "--json").json["webhooks"], [])
        # What waits for a digest says when that leaves.
        self.request("preference.put", party="KZ", mode="daily")
        self.register("B. Sample")
        end = time.monotonic() + 30
        while not (held := [d for d in self.dispatches("KZ") if d.get("reason") == "awaiting_digest"]) and time.monotonic() < end:
            pass
        (waits,) = held
        self.assertTrue(0 < waits["next_ms"] - time.time() * 1000 <= 86400000, waits)
        self.assertRegex(self.expect(OK, "notice", "log", "KZ").out, r"queued +next 20\d\d-.*awaiting_digest")


if __name__ == "__main__":
    need("convene", "convene-notifications")
    unittest.main(verbosity=2)
