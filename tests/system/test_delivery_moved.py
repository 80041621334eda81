#!/usr/bin/python3
# A recipient's address changes while mail to it waits: what waits goes to the new one at once, and in the order it was made in.
# SPDX-License-Identifier: Apache-2.0
# ctest-labels: notifications
#
# The pauses of the ladder are an hour: what arrives within a test has not waited for its turn at the old address.
import email
import email.policy
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
try:
    import aiosmtpd  # noqa: F401, pylint: disable=unused-import
except ImportError:
    print("skipped: no python3-aiosmtpd")
    sys.exit(77)
import world
from deployment import main, wait_for
from delivering import Deployed

OLD, NEW = "later9-old@kz.example", "ok-new@kz.example"


class Moved(Deployed):
    def begin_with(self, old, by_recipient=True, **settings):
        """An invitation to KZ waits for this address, which has not taken it. The mail server."""
        server = self.receiver("mail")
        self.with_mail(server, **{"notifications/retry": "1h 1h 1h", **settings})
        world.open_event(self.d, self.office, "E1", world.rules(50))
        if by_recipient:
            self.recipient(old)
            self.register_without_contact("First")
        else:
            self.register("KZ", old)
        return server

    def register_without_contact(self, name):
        world.decide(self.office, "registration.register",
                     world.delegation("E1", "KZ", contact=False, persons=[{"name": name, "capacity": "delegate"}]))

    def recipient(self, mailbox, order=1):
        world.decide(self.office, "notifications.recipient.put", {"party": "KZ", "order": order, "name": "Desk", "email": mailbox})

    def withdraw(self):
        world.decide(self.office, "registration.withdraw", {"event": "E1", "party": "KZ"})

    def wait_tried(self):
        (tried,) = wait_for(lambda: [d for d in self.dispatches("E1/KZ") if d["attempts"] and d["state"] == "queued"], "tried in vain")
        self.assertGreater(tried["next_ms"] - tried["log"][0]["at_ms"], 1800000)

    def assert_order(self, server, box, methods):
        """All of it arrived at this box and at no other, as it was made, and a calendar that takes one after the other ends right."""
        found = self.settle("email", len(methods))
        self.assertEqual({d["state"] for d in found}, {"delivered"}, found)
        taken = server.taken()
        self.assertEqual([m["to"] for m in taken], [box] * len(methods))
        self.assertEqual([m["id"] for m in taken], [f"<{d['notice']}@convene.example>" for d in sorted(found, key=lambda d: d["dispatch"])])
        said, sequences = [], []
        for mail in taken:
            message = email.message_from_string(mail["octets"], policy=email.policy.default)
            self.assertEqual([a.addr_spec for a in message["To"].addresses], [box])
            (part,) = [p for p in message.walk() if p.get_content_type() == "text/calendar"]
            text = part.get_payload(decode=True).replace(b"\r\n ", b"").decode("utf-8")
            self.assertIn("mailto:" + box, text)
            self.assertNotIn("-old@", mail["octets"] + text)
            said.append(part.get_param("method"))
            sequences.append(int(text.split("\r\nSEQUENCE:")[1].split("\r\n")[0]))
        self.assertEqual(said, methods)
        self.assertEqual(sequences, sorted(set(sequences)))
        return found

    def test_another_recipient(self):
        server = self.begin_with(OLD)
        self.wait_tried()
        self.recipient(NEW)
        self.withdraw()
        self.assert_order(server, NEW, ["REQUEST", "CANCEL"])
        self.assertNotIn("@kz", self.d.notifications.log(), "an address in the log")

    def test_another_contact(self):
        server = self.begin_with(OLD, False)
        self.wait_tried()
        self.register("KZ", NEW)
        self.withdraw()
        self.assert_order(server, NEW, ["REQUEST", "REQUEST", "CANCEL"])

    def test_an_address_that_comes_back(self):
        """An update waits as the server is away, then the invitation before it comes back: the update goes to who is next."""
        server = self.begin_with("ok-old@kz.example")
        (first,) = self.settle("email", 1)
        self.recipient(NEW, 2)
        server.kill()
        self.register_without_contact("Second")
        self.wait_tried()
        server.start()
        world.decide(self.office, "notifications.bounce.report", {"dispatch": first["dispatch"], "what": "hard", "status": "5.1.1"})
        self.withdraw()
        wait_for(lambda: len(server.taken()) == 3, "all")
        self.assertEqual([m["to"] for m in server.taken()], ["ok-old@kz.example", NEW, NEW])
        self.assertEqual([m["id"] for m in server.taken()], [f"<{d['notice']}@convene.example>" for d in self.dispatches("E1/KZ")])

    def hanging(self):
        """It is on its way to the old address, which does not answer, and the address is another by now; the old one comes next."""
        server = self.begin_with("hang1-old@kz.example", **{"notifications/timeout_ms": 1500})
        wait_for(lambda: [r for r in server.rows() if "hung" in r], "an attempt that has begun")
        self.recipient("hang1-old@kz.example", 2)
        self.recipient(NEW)
        self.withdraw()
        self.assertEqual([d["state"] for d in self.dispatches("E1/KZ")][0], "sending")
        return server

    def test_another_address_while_it_is_on_its_way(self):
        """It ends where it went, and then goes to the new one, without a pause; what is behind it may be there before."""
        server = self.hanging()
        found = self.settle("email", 2)
        self.assertEqual([(d["state"], d["address"]) for d in found], [("delivered", NEW)] * 2)
        self.assertEqual([m["to"] for m in server.taken()], [NEW] * 2)
        self.assertEqual([[a["result"] for a in d["log"]] for d in found], [["timeout", "delivered"], ["delivered"]])

    def test_stopped_while_it_is_on_its_way(self):
        """Ends that come while the service stops move like others."""
        server = self.hanging()
        self.d.notifications.stop()
        self.d.notifications.start()
        self.settle("email", 2)
        self.assertEqual([m["to"] for m in server.taken()], [NEW] * 2)

    def test_killed_while_it_is_on_its_way(self):
        """So does what the process before had on its way."""
        server = self.hanging()
        self.d.notifications.kill()
        self.d.notifications.start()
        self.settle("email", 2)
        self.assertEqual([m["to"] for m in server.taken()], [NEW] * 2)


if __name__ == "__main__":
    main()
