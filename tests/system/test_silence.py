#!/usr/bin/python3
# A silence procedure of the real service: adopted at its instant, once, also when it was killed before, around or over it; members are told by mail.
# SPDX-License-Identifier: Apache-2.0
# ctest-labels: notifications
import collections
import email
import email.policy
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import cvwire
import world
from deployment import Case, main, wait_for
from delivering import Deployed

SECOND = 1000


class Silence(Case):
    def setUp(self):
        self.d = self.deployment("ipc")
        self.office = self.d.publisher("office")
        world.put_parties(self.office)

    def open(self, decision, seconds, **more):
        expires = cvwire.now_ms() + seconds * SECOND
        world.decide(self.office, "scheduling.decision.open", {
            "decision": decision, "subject": "document", "title": "Rules", "text": "The rules are adopted.", "expires_ms": expires, **more})
        return expires

    def told(self, decision):
        """All records about it, in order: what a follower that missed nothing has seen."""
        records, _ = self.d.log("scheduling", "mirror").stream("scheduling.events")
        messages = [cvwire.unpack(r) for r in records]
        return [m["data"] for m in messages if m["type"] == "convene.scheduling.decision.v1" and m["data"]["decision"] == decision]

    def adopted(self, decision, expires, late):
        steps = wait_for(lambda: len(found := self.told(decision)) > 1 and found, f"{decision} adopted")
        self.assertEqual([s["step"] for s in steps], ["opened", "adopted"])
        self.assertNotIn("number", steps[0])
        self.assertGreaterEqual(steps[1]["number"], 1)
        self.assertGreaterEqual(steps[1]["settled_ms"], expires, "early")
        self.assertLessEqual(steps[1]["settled_ms"], expires + late, "late")
        return steps[1]

    def test_there_and_told_to_all(self):
        follower = self.d.follower("scheduling", "scheduling.events", "watcher")
        expires = self.open("HERE", 2)
        self.adopted("HERE", expires, SECOND)
        seen = lambda: [m["data"]["step"] for m in follower.messages() if m["type"].endswith("decision.v1")]
        follower.until(lambda: seen() == ["opened", "adopted"], "both steps on the feed")
        # Broken in time: told, and nothing more comes at the instant.
        expires = self.open("BROKEN", 2)
        self.assert_outcome(self.office.ask("scheduling.decision.state", {"decision": "BROKEN", "party": "BY", "kind": "objection", "text": "No."}),
                            "REJECTED", "not_member")
        self.assert_outcome(self.office.ask("scheduling.decision.state", {"decision": "BROKEN", "party": "KZ", "kind": "amendment", "text": "Rather ..."}),
                            "OK", "broken")
        last = self.open("AFTER", 2)
        self.adopted("AFTER", last, SECOND)
        self.assertEqual([s["step"] for s in self.told("BROKEN")], ["opened", "broken"])

    def test_killed_over_the_instant(self):
        expires = self.open("AWAY", 2)
        self.d.scheduling.kill()
        wait_for(lambda: cvwire.now_ms() > expires + 700, "the instant to pass")
        self.d.scheduling.start()
        up = cvwire.now_ms()
        late = self.office.ask("scheduling.decision.state", {"decision": "AWAY", "party": "KZ", "kind": "objection", "text": "No."})
        self.assert_outcome(late, "REJECTED", "already_settled")
        self.adopted("AWAY", expires, up - expires + SECOND)

    def test_killed_again_and_again_around_the_instant(self):
        expires = self.open("AROUND", 3)
        wait_for(lambda: cvwire.now_ms() > expires - 600, "the instant to come near")
        while cvwire.now_ms() < expires + 600:
            self.d.scheduling.kill()
            self.d.scheduling.start(ready=False)
            last = cvwire.now_ms()
            wait_for(lambda at=last: cvwire.now_ms() > at + 60, "a moment")
        self.d.scheduling.wait_ready()
        self.adopted("AROUND", expires, 10 * SECOND)

    def test_a_plan_with_its_events(self):
        for event in ("A", "B"):
            world.decide(self.office, "scheduling.event.propose", {"event": event, "title": "T", "plan_year": 2030, "line": "cbm"})
        world.decide(self.office, "scheduling.plan.compile", {"year": 2030, "line": "cbm"})
        world.decide(self.office, "scheduling.plan.move", {"year": 2030, "line": "cbm", "to": "circulated"})
        expires = self.open("PLAN", 2, subject="plan", about="2030-cbm")
        self.d.scheduling.kill()
        wait_for(lambda: cvwire.now_ms() > expires, "the instant to pass")
        self.d.scheduling.start()
        self.adopted("PLAN", expires, 30 * SECOND)
        log = self.d.log("scheduling")
        self.assertEqual([(p["data"]["version"], p["data"]["state"]) for p in log.query("plans", "plan=2030-cbm")], [(1, "adopted")])
        self.assertEqual({e["data"]["status"] for e in log.query("events", "year=2030")}, {"adopted"})


class Told(Deployed):
    WITHIN_S = 5.0

    def subjects(self, server):
        """{address: subjects in the order of their arrival}"""
        found = collections.defaultdict(list)
        for mail in server.taken():
            found[mail["to"]].append(email.message_from_string(mail["octets"], policy=email.policy.default)["Subject"])
        return found

    def test_members_hear_at_once_that_it_is_broken(self):
        """An objection: each member has mail of it within seconds, over SMTP, once, and who is no member has none; adoption is told as fast."""
        try:
            import aiosmtpd  # noqa: F401, pylint: disable=unused-import,import-outside-toplevel
        except ImportError:
            self.skipTest("no python3-aiosmtpd")
        server = self.receiver("mail")
        self.with_mail(server)
        members = [code for code, kind, _ in world.PARTIES if kind == "member"]
        for code, _, name in world.PARTIES:
            world.decide(self.office, "notifications.recipient.put", {"party": code, "order": 1, "name": name, "email": f"ok-desk@{code.lower()}.example"})
        boxes = {f"ok-desk@{code.lower()}.example" for code in members}

        def told(count):
            return wait_for(lambda: (s := self.subjects(server)) and all(len(s[box]) >= count for box in boxes) and s,
                            lambda: f"{count} mails of each member: {dict(self.subjects(server))}", 20, 0.01)
        for count, decision, seconds in ((1, "BROKEN", 3600), (3, "KEPT", 2)):
            expires = cvwire.now_ms() + seconds * SECOND
            world.decide(self.office, "scheduling.decision.open", {"decision": decision, "subject": "document", "title": f"Rules {decision}",
                                                                   "text": "The rules are adopted.", "expires_ms": expires})
            told(count)
            if decision == "BROKEN":
                began = time.time()
                self.assert_outcome(self.office.ask("scheduling.decision.state", {"decision": "BROKEN", "party": "KZ", "kind": "objection",
                                                                                  "text": "No."}), "OK", "broken")
            else:
                began = expires / SECOND
            found = told(count + 1)
            last = max(mail["at"] for mail in server.taken() if mail["to"] in boxes)
            self.assertLess(last - began, self.WITHIN_S, "members are told late")
            self.assertGreaterEqual(last, began, "before it was")
            print(f"{decision}: {len(boxes)} members told {last - began:.2f} s after")
        self.assertEqual({len(s) for box, s in found.items() if box in boxes}, {4}, dict(found))
        for box in boxes:
            self.assertEqual(len(set(found[box])), 4, "four different things: opened and broken, opened and adopted")
        self.assertEqual([box for box in found if box not in boxes and box.split(".")[0].rsplit("@", 1)[-1].upper() in ("BY", "OSCE")], [])


if __name__ == "__main__":
    main()
