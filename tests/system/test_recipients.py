#!/usr/bin/python3
# Preferences, quiet hours and digests with real processes, a mail server and kill -9: each notice leaves once, or in one digest.
# SPDX-License-Identifier: Apache-2.0
# ctest-labels: notifications
#
# CONVENE_DIGEST_EVENTS: at how many events the party registers (4; a long version 200).
import collections
import datetime
import email
import email.policy
import os
import random
import re
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import world
from cli_env import Convene
from deployment import Case, main, wait_for

try:
    import aiosmtpd  # noqa: F401, pylint: disable=unused-import
    from receivers import Receiver
except ImportError:
    Receiver = None

EVENTS = int(os.environ.get("CONVENE_DIGEST_EVENTS", "4"))


def minute_in(seconds):
    """The first minute of a day in UTC that begins in so many seconds or later, and when that is."""
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds + 59)
    at = at.replace(second=0, microsecond=0)
    return at.strftime("%H:%M"), at.timestamp()


def notices_in(message):
    """Ids of the notices that a message holds, its own last."""
    plain = email.message_from_string(message["octets"], policy=email.policy.default).get_body(("plain",)).get_content()
    return re.findall(r"^Notice: (\S+)\s*$", plain, re.M)


class Digests(Case):
    def dispatches(self, key):
        return world.dispatches(self.d, key)

    @unittest.skipUnless(Receiver, "no python3-aiosmtpd")
    def test_mail_across_kills(self):
        """Killed before, at and after the minute of the digest: what waits is in one digest each, nothing is lost or doubled."""
        server = Receiver("mail")
        self.addCleanup(server.close)
        self.d = self.deployment("tcp", start=False)
        self.d.own_settings["notifications"] = {"smtp/url": f"smtp://127.0.0.1:{server.port}", "smtp/sender": "notices@convene.example",
                                                "smtp/starttls": "none", "notifications/retry": "200ms 300ms 500ms 1s 1s 1s 1s 1s"}
        self.d.start()
        office, focal = self.d.publisher("office"), self.d.publisher("kz")
        world.put_parties(office)
        # The party's own focal point may say it, and nobody else's.
        outcome = focal.ask("notifications.preference.put", {"party": "KZ", "mode": "daily"})
        self.assert_outcome(outcome, "OK", "preference_set")
        self.assert_outcome(focal.ask("notifications.preference.put", {"party": "AZ", "mode": "none"}), "DENIED", "party")
        self.assert_outcome(focal.ask("notifications.hours.put", {"party": "KZ", "zone": "UTC", "digest_at": minute_in(12 * 3600)[0]}), "OK",
                            "hours_set")
        self.assert_outcome(self.d.publisher("watcher").ask("notifications.hours.put", {"party": "KZ", "zone": "UTC"}), "DENIED", "role")
        events = [f"E{i}" for i in range(1, EVENTS + 1)]
        for event in events:
            world.open_event(self.d, office, event, world.rules(50))
            for party in ("KZ", "AZ"):
                data = world.delegation(event, party)
                data["contact"]["email"] = f"desk-{event.lower()}@{party.lower()}.example"
                world.decide(office, "registration.register", data)
        world.decide(office, "scheduling.event.change", {"event": "E1", "reason": "It was asked for", "title": "Another title"})
        wait_for(lambda: len(server.taken()) == EVENTS + 1, "notices of AZ left at once")
        waiting = wait_for(lambda: len(w := [d for d in self.dispatches("KZ") if d.get("reason") == "awaiting_digest"]) == EVENTS + 1 and w,
                           "those of KZ wait")
        self.assertEqual({d["channel"] for d in waiting}, {"email"}, "over the channel by which they are to leave")
        minute, due = minute_in(4)  # not half a day from now: what waits is looked at anew
        self.assert_outcome(focal.ask("notifications.hours.put", {"party": "KZ", "zone": "UTC", "digest_at": minute}), "OK", "hours_set")
        dice = random.Random(7)
        while time.time() < due + 4:
            self.d.notifications.kill()
            time.sleep(dice.random() * 0.05)
            self.d.notifications.start()
            time.sleep(dice.random() * (0.3 if abs(time.time() - due) < 3 else 2))

        def delivered():
            rows = self.dispatches("KZ")
            return all(d["state"] == "delivered" for d in rows) and len([d for d in rows if d["kind"] == "digest"]) == EVENTS and rows
        rows = wait_for(delivered, lambda: f"digests delivered: {self.dispatches('KZ')}")
        mails = {m["id"]: m for m in server.taken() if m["to"].endswith("@kz.example")}  # a kill may send the same once more
        inside = collections.Counter()
        for mail in mails.values():
            *notices, own = notices_in(mail)
            self.assertEqual(mail["id"], f"<{own}@convene.example>")
            self.assertTrue(own.startswith("digest.") and notices, notices_in(mail))
            inside.update(notices)
        self.assertEqual(len(mails), EVENTS)
        self.assertEqual(inside, {d["notice"]: 1 for d in waiting})
        for row in rows:
            if row["kind"] != "digest":
                self.assertIn(row["notice"], notices_in(mails[f"<{row['digest']}@convene.example>"]))
        message = email.message_from_string(next(m for m in mails.values() if m["to"].startswith("desk-e1@"))["octets"],
                                            policy=email.policy.default)
        self.assertEqual(message.get_content_type(), "multipart/mixed")
        self.assertEqual([p.get_filename() for p in message.iter_attachments()], ["event-1.ics", "event-2.ics"])
        self.assertEqual({p.get_param("method") for p in message.iter_attachments()}, {"REQUEST"})
        wait_for(lambda: all(s[-1] == "delivered" for s in world.notice_states(self.d).values()), "all told of as delivered")
        expected = {"AZ": ["queued", "delivered"], "KZ": ["queued", "deferred", "delivered"]}
        for notice, states in world.notice_states(self.d).items():  # a digest is made and handed over in one transaction
            if states[:4] == ["queued", "deferred"] * 2:  # the hours were changed meanwhile
                states = states[2:]
            states = [s for s in states if s != "written"]  # what is delivered at once is told of as that alone
            self.assertEqual(states, {"digest": ["delivered"]}.get(notice.split(".")[0], expected[notice.rsplit(".", 1)[1]]), notice)
        self.assertNotIn("@kz.example", self.d.notifications.log(), "an address in the log")


class Commands(unittest.TestCase):
    def test_recipient(self):
        with Convene() as convene:
            expect = convene.expect
            expect(0, "recipient", "prefer", "KZ", "all", "daily", says="preference_set")
            expect(0, "recipient", "prefer", "KZ", "reminder", "none", "--order", "1", says="preference_set")
            expect(2, "recipient", "prefer", "KZ", "reminder", "dayly", says='did you mean "daily"')
            expect(2, "recipient", "prefer", "KZ", "reminders", "none", says="no kind of notice")
            expect(2, "recipient", "prefer", "KZ", "reminder", "none", "--order", "10", says="--order")
            expect(5, "recipient", "prefer", "KZ", "silence", "none", says="must_be_told")
            expect(5, "recipient", "prefer", "KZ", "silence", "weekly", says="must_not_wait")
            expect(0, "recipient", "hours", "KZ", "--zone", "Asia/Almaty", "--quiet", "20:00-07:30", "--digest-at", "08:30", says="hours_set")
            expect(2, "recipient", "hours", "KZ", says="--zone")
            expect(2, "recipient", "hours", "KZ", "--zone", "Asia/Almaty", "--quiet", "20:00", says="20:00-07:00")
            expect(2, "recipient", "hours", "KZ", "--remove", "--quiet", "never", says="--remove")
            expect(5, "recipient", "hours", "KZ", "--zone", "Asia/Nowhere", says="zone_unknown")
            shown = expect(0, "recipient", "preferences", "KZ", "--json").json
            self.assertEqual(shown["preferences"], [{"party": "KZ", "mode": "daily"},
                                                    {"party": "KZ", "order": 1, "kind": "reminder", "mode": "none"}])
            self.assertEqual(shown["hours"], [{"party": "KZ", "zone": "Asia/Almaty", "quiet_from": "20:00", "quiet_to": "07:30",
                                               "digest_at": "08:30", "digest_day": "mon"}])
            for word in ("KZ", "recipient 1", "reminder", "daily", "20:00-07:30", "Asia/Almaty"):
                expect(0, "recipient", "preferences", says=word)
            expect(0, "recipient", "prefer", "KZ", "*", "default", says="preference_removed")
            expect(4, "recipient", "prefer", "KZ", "*", "default", says="no_preference")
            expect(0, "recipient", "hours", "KZ", "--remove", says="hours_removed")
            expect(4, "recipient", "hours", "KZ", "--remove", says="no_hours")
            self.assertEqual(expect(0, "recipient", "preferences", "--json").json["hours"], [])


if __name__ == "__main__":
    main()
