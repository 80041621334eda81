#!/usr/bin/python3
# What people are told: one file for each decision and delegation, whole and right, whatever happens to the writer.
# SPDX-License-Identifier: Apache-2.0
# ctest-labels: notifications
import email
import email.policy
import os
import random
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import cvwire
import world
from clients import seed_of
from deployment import Case, main, wait_for


class Notices(Case):
    def setUp(self):
        self.d = self.deployment("ipc")
        self.office = self.d.publisher("office")
        world.put_parties(self.office)

    def files(self):
        return {name: self.read(name) for name in sorted(os.listdir(self.d.outbox))} if os.path.isdir(self.d.outbox) else {}

    def read(self, name):
        with open(os.path.join(self.d.outbox, name), "rb") as file:
            return email.message_from_binary_file(file, policy=email.policy.default)

    def text_of(self, message):
        """The text part; the HTML part says the same."""
        self.assertEqual(message.get_content_type(), "multipart/alternative")
        kinds = [part.get_content_type() for part in message.iter_parts()]
        self.assertIn(kinds, (["text/plain", "text/html"], ["text/plain", "text/html", "text/calendar"]))
        return message.get_body(("plain",)).get_content()

    def names(self):
        return set(os.listdir(self.d.outbox)) if os.path.isdir(self.d.outbox) else set()

    def name_of(self, sequence, party, stream="registration.events"):
        head = self.d.head(stream.split(".", maxsplit=1)[0], stream)
        return f"{stream}.{head['epoch'].hex()}.{sequence}.{party}.eml"

    def all_written(self, count):
        wait_for(lambda: len(self.names()) >= count, lambda: f"{count} files: {sorted(self.names())}")
        world.wait_notices(self.d)
        self.assertEqual(len(self.names()), count, sorted(self.names()))

    def notice_is_right(self, outcome, to, *lines):
        message = self.read(self.name_of(outcome.data["sequence"], outcome.data["decision"]["party"]))
        self.assertEqual([a.addr_spec for a in message["To"].addresses], [to])
        text = self.text_of(message)
        for line in (outcome.id, f"({outcome.data['decision']['event']})", f"({outcome.data['decision']['party']})", *lines):
            self.assertIn(line, text)
        self.assertTrue(message["Message-ID"] and message["Date"] and message["Subject"] and message["From"])
        return message, text

    def test_each_decision_is_told(self):
        world.open_event(self.d, self.office, "E1", world.rules(2, maximum=2, waiting="strict"))
        first = world.decide(self.office, "registration.register", world.delegation("E1", "KZ", 2))
        _, text = self.notice_when_there(first, "desk@kz.example", "KZ person 1", "KZ person 2")
        self.assertNotIn("AZ", text)
        waits = world.decide(self.office, "registration.register", world.delegation("E1", "AZ", 1))
        _, text = self.notice_when_there(waits, "desk@az.example", "AZ person 1", "wait")
        self.assertNotIn("KZ", text, "of another delegation nothing is told")
        rejected = self.office.ask("registration.register", world.delegation("E1", "KZ", 1))
        self.assertEqual(rejected.klass, "REJECTED")
        self.notice_when_there(rejected, "desk@kz.example", rejected.code)
        gone = world.decide(self.office, "registration.withdraw", {"event": "E1", "party": "KZ", "persons": [2]})
        self.all_written(5)  # the four, and the one who moved up
        promoted = [n for n in self.names() if n.endswith(".AZ.eml")]
        self.assertEqual(len(promoted), 2)
        text = self.text_of(self.read(max(promoted, key=lambda n: int(n.split(".")[3]))))
        self.assertIn("AZ person 1", text)
        self.assertIn("confirmed", text)
        self.assertEqual(gone.klass, "OK")
        # Refusals that are no decisions tell nobody.
        self.assertEqual(self.office.ask("registration.register", world.delegation("NONE", "KZ")).klass, "NOTFOUND")
        self.assertEqual(self.office.ask("registration.register", {"event": "E1"}).klass, "INVALID")
        self.assertEqual(self.office.ask("registration.register", world.delegation("E1", "KZ", 2), id=first.id).raw, first.raw)
        # A change is told to everyone who answered, to each once.
        change = world.decide(self.office, "scheduling.event.change", {"event": "E1", "title": "A new title", "reason": "It was asked for"})
        self.all_written(7)
        for party in ("KZ", "AZ"):
            text = self.text_of(self.read(self.name_of(change.data["sequence"], party, "scheduling.events")))
            self.assertIn("A new title", text)
        # The stream tells each notice: queued, then written, once.
        states = world.wait_notices(self.d)
        self.assertEqual({f"{n}.eml" for n in states}, self.names())
        self.assertEqual({tuple(s) for s in states.values()}, {("queued", "written")})

    def notice_when_there(self, outcome, to, *lines):
        name = self.name_of(outcome.data["sequence"], outcome.data["decision"]["party"])
        wait_for(lambda: name in self.names(), name)
        return self.notice_is_right(outcome, to, *lines)

    def test_without_anybody_to_tell(self):
        """A delegation without a contact: held, visibly, until a recipient is set; then told once."""
        world.open_event(self.d, self.office, "E1", world.rules(5))
        outcome = world.decide(self.office, "registration.register", world.delegation("E1", "KZ", contact=False))
        wait_for(lambda: len(self.d.log("notifications").query("held", "no_recipient")) == 1, "held for want of a recipient")
        self.assertEqual(self.names(), set())
        for language, name in (("ru", "Айгуль"), ("en", "Aigul")):
            world.decide(self.office, "notifications.recipient.put",
                         {"party": "KZ", "order": 1, "name": name, "email": "first@kz.example", "language": language})
            self.all_written(1)
        message, _ = self.notice_is_right(outcome, "first@kz.example")
        self.assertEqual((message["Content-Language"], message["To"].addresses[0].display_name), ("ru", "Айгуль"))

    def test_names_that_try_to_be_headers_or_paths(self):
        """Nothing a requester writes becomes a header, a second address or a path."""
        world.open_event(self.d, self.office, "E1", world.rules(50))
        tricks = ['"Q" <other@evil.example>, X', "=?utf-8?q?x?= ", "Bcc: other@evil.example", "../../x", "a\u2028Bcc: x@evil.example", "x" * 200, "Ü" * 100,
                  "\u202eemoc", ".", "%s%n", "Ж" * 60 + ' "'' \\']
        asked = []
        for i, trick in enumerate(tricks):
            data = {"event": "E1", "party": "KZ", "persons": [{"name": trick, "capacity": "delegate"}],
                    "contact": {"name": trick, "email": "desk@kz.example"}}
            outcome = self.office.ask("registration.register", data)
            self.assertIn(outcome.klass, ("OK", "INVALID", "REJECTED"), (trick, outcome))
            if outcome.klass == "OK":
                asked.append(outcome)
            self.assertGreaterEqual(i, 0)
        self.assertTrue(asked)
        for outcome in asked:
            message, _ = self.notice_when_there(outcome, "desk@kz.example")
            self.assertEqual({k.lower() for k in message.keys()} & {"bcc", "cc"}, set())
            with open(os.path.join(self.d.outbox, self.name_of(outcome.data["sequence"], "KZ")), "rb") as file:
                octets = file.read()
            head = octets.replace(b"\r\n", b"\n").split(b"\n\n", 1)[0]
            self.assertTrue(head.isascii(), head)
            for line in head.split(b"\n"):
                self.assertRegex(line, rb"^([A-Za-z-]+: .*|[ \t].*)$")
                self.assertLessEqual(len(line), 998)
        wait_for(lambda: not self.d.log("notifications").query("held"), "all written")
        self.assertEqual(sorted(f for f in self.names() if not f.startswith(("registration.events.", "scheduling.events."))), [])
        self.assertEqual(os.listdir(self.d.root).count("x"), 0)

    def test_across_kills(self):
        """kill -9 of the writer at any moment: afterwards one whole file each, none twice, none torn, none left over."""
        rng = random.Random(seed_of())
        world.open_event(self.d, self.office, "E1", world.rules(100000))
        told, end = [], time.monotonic() + 12
        seen = {}
        while time.monotonic() < end:
            requests = []
            for _ in range(rng.randint(1, 40)):
                data = world.delegation("E1", rng.choice([p[0] for p in world.PARTIES]))
                data["persons"][0]["name"] = f"Person {cvwire.uuid7()}"
                requests.append(self.office.submit("registration.register", data))
            moment = time.monotonic() + rng.uniform(0, 0.25)
            while time.monotonic() < moment:
                self.office.pump(0.01)
            self.d.notifications.kill()
            for name in self.names():  # what is there is there for good, and whole
                if name.endswith(".eml"):
                    octets = seen.setdefault(name, self.octets(name))
                    self.assertEqual(octets, self.octets(name), name)
            told += self.office.wait(requests)
            self.d.notifications.start(ready=False)
        self.d.notifications.wait_ready()
        self.assertTrue(all(o.klass == "OK" for o in told))
        wait_for(lambda: len([n for n in self.names() if n.endswith(".eml")]) >= len(told) and not self.d.log("notifications").query("held"),
                 lambda: f"{len(told)} files, there are {len(self.names())}")
        self.d.wait_settled()
        self.assertEqual(self.names(), {self.name_of(o.data["sequence"], o.data["decision"]["party"]) for o in told})
        for name, octets in seen.items():
            self.assertEqual(self.octets(name), octets, "a file was written over")
        for outcome in told:
            self.notice_is_right(outcome, f"desk@{outcome.data['decision']['party'].lower()}.example")
        self.assertEqual({tuple(x) for x in world.wait_notices(self.d).values()}, {("queued", "written")})
        print(f"{len(told)} notices, {self.d.notifications.starts} starts")

    def octets(self, name):
        with open(os.path.join(self.d.outbox, name), "rb") as file:
            return file.read()

    def test_folder_that_cannot_be_written(self):
        """The outbox folder is away: notices wait, visibly, and leave when it is back."""
        world.open_event(self.d, self.office, "E1", world.rules(50))
        world.decide(self.office, "registration.register", world.delegation("E1", "KZ"))
        self.all_written(1)
        away = self.d.outbox + ".away"
        os.rename(self.d.outbox, away)
        with open(self.d.outbox, "w", encoding="ascii"):
            pass  # a file where the folder should be
        world.decide(self.office, "registration.register", world.delegation("E1", "AZ"))
        wait_for(lambda: self.d.log("notifications").query("held"), "held")
        self.assertTrue(self.d.status("notifications")["ready"])
        os.unlink(self.d.outbox)
        os.rename(away, self.d.outbox)
        wait_for(lambda: len(self.names()) == 2, lambda: f"the second: {self.d.log('notifications').query('held')}", 60)


if __name__ == "__main__":
    main()
