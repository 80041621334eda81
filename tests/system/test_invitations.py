#!/usr/bin/python3
# Invitations as a calendar sees them: the outbox read with a parser that is not ours, one entry per event whatever comes after.
# SPDX-License-Identifier: Apache-2.0
# ctest-labels: notifications
import datetime
import email
import email.policy
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import world
from deployment import Case, main, wait_for

try:
    import icalendar
except ImportError:
    print("skipped: python3-icalendar is not installed")
    sys.exit(77)

BIN = os.environ["CONVENE_BIN"]


def part_of(message):
    """The calendar of a message, or None."""
    for part in message.walk():
        if part.get_content_type() == "text/calendar":
            return part
    return None


class Reader:
    """What a calendar program does (RFC 5546, 2.1.5): the newer of two parts about a UID is the one with the higher SEQUENCE, then
    the later DTSTAMP; the others are put aside."""

    def __init__(self):
        self.entries, self.aside = {}, 0

    def take(self, test, message):
        part = part_of(message)
        octets = part.get_payload(decode=True).replace(b"\r\n", b"\n")  # as reading a file leaves it, too
        for line in octets.split(b"\n"):
            test.assertLessEqual(len(line), 75)
        calendar = icalendar.Calendar.from_ical(octets)
        method = str(calendar["METHOD"])
        test.assertEqual(part.get_param("method"), method)
        event, = calendar.walk("VEVENT")
        for name in ("UID", "DTSTAMP", "SEQUENCE", "ORGANIZER", "SUMMARY", "STATUS"):
            test.assertIn(name, event)
        test.assertEqual(str(event["ATTENDEE"]), f"mailto:{message['To'].addresses[0].addr_spec}")
        uid, order = str(event["UID"]), (int(event["SEQUENCE"]), event["DTSTAMP"].dt)
        if uid in self.entries and order <= self.entries[uid][0]:
            self.aside += 1
            return
        self.entries[uid] = (order, method, event)


class Invitations(Case):
    def setUp(self):
        self.d = self.deployment("ipc")
        self.office = self.d.publisher("office")
        world.put_parties(self.office)

    def messages(self, count, party="KZ"):
        """All of a party, in the order in which they were made."""
        found = lambda: [n for n in os.listdir(self.d.outbox) if n.endswith(f".{party}.eml")] if os.path.isdir(self.d.outbox) else []
        wait_for(lambda: len(found()) >= count, lambda: f"{count} messages: {found()}")
        world.wait_notices(self.d)
        states = self.d.log("notifications").query("notices")
        order = [n["data"]["notice"] for n in states if n["data"]["party"] == party]
        self.assertEqual(len(order), count)
        messages = []
        for name in order:
            with open(os.path.join(self.d.outbox, name + ".eml"), "rb") as file:
                messages.append(email.message_from_binary_file(file, policy=email.policy.default))
        return messages

    def test_one_entry_that_follows_the_event(self):
        world.open_event(self.d, self.office, "E1", world.rules(5))
        change = lambda **data: world.decide(self.office, "scheduling.event.change", {"event": "E1", "reason": "It was asked for", **data})
        world.decide(self.office, "registration.register", world.delegation("E1", "KZ", 1))
        self.messages(1)
        change(date_start="2030-05-20", date_end="2030-05-21")
        self.messages(2)
        change(title="\u4f1a\u8bae; \u0424\u043e\u0440\u0443\u043c, a\\b" + " \u0416" * 40)
        self.messages(3)
        change(time_start="09:30", zone="Asia/Almaty", precision="minute")
        messages = self.messages(4)
        reader, seen = Reader(), []
        for message in messages:
            reader.take(self, message)
            (_, method, event), = reader.entries.values()
            self.assertEqual(method, "REQUEST")
            seen.append(event)
        self.assertEqual((reader.aside, str(seen[0]["UID"])), (0, "E1@convene.invalid"))
        self.assertEqual(seen[0]["DTSTART"].dt, datetime.date(2030, 5, 14))
        self.assertEqual(seen[0]["DTEND"].dt, datetime.date(2030, 5, 15))
        self.assertEqual((seen[1]["DTSTART"].dt, seen[1]["DTEND"].dt), (datetime.date(2030, 5, 20), datetime.date(2030, 5, 22)))
        self.assertEqual(str(seen[2]["SUMMARY"]), "\u4f1a\u8bae; \u0424\u043e\u0440\u0443\u043c, a\\b" + " \u0416" * 40)
        self.assertEqual(seen[3]["DTSTART"].dt, datetime.datetime(2030, 5, 20, 4, 30, tzinfo=datetime.timezone.utc))
        self.assertEqual(seen[3]["DTEND"].dt, datetime.datetime(2030, 5, 21, 19, 0, tzinfo=datetime.timezone.utc), "the end of its last day there")
        self.assertTrue(str(seen[3]["DESCRIPTION"]).startswith("Event changed."), seen[3]["DESCRIPTION"])
        self.assertIn("09:30 +05:00 (Asia/Almaty)", messages[3].get_body(("plain",)).get_content())
        # Whatever order they are read in, the entry is the last one.
        backwards = Reader()
        for message in reversed(messages):
            backwards.take(self, message)
        self.assertEqual((backwards.aside, backwards.entries["E1@convene.invalid"][2].to_ical()), (3, seen[3].to_ical()))
        # Postponed: there, but not sure. Cancelled: gone.
        world.decide(self.office, "scheduling.event.advance", {"event": "E1", "to": "postponed", "reason": "The hall is closed"})
        reader.take(self, self.messages(5)[-1])
        (_, method, event), = reader.entries.values()
        self.assertEqual((method, str(event["STATUS"]), str(event["TRANSP"])), ("REQUEST", "TENTATIVE", "TRANSPARENT"))
        world.decide(self.office, "scheduling.event.advance", {"event": "E1", "to": "cancelled", "reason": "It is closed for good"})
        reader.take(self, self.messages(6)[-1])
        (_, method, event), = reader.entries.values()
        self.assertEqual((method, str(event["STATUS"]), reader.aside), ("CANCEL", "CANCELLED", 0))

    def test_in_and_out_and_in(self):
        world.open_event(self.d, self.office, "E1", world.rules(5))
        reader, methods = Reader(), []
        for i in range(3):
            world.decide(self.office, "registration.register", world.delegation("E1", "KZ", 1))
            world.decide(self.office, "registration.withdraw", {"event": "E1", "party": "KZ"})
            for message in self.messages(2 * i + 2)[-2:]:
                reader.take(self, message)
                methods.append(reader.entries["E1@convene.invalid"][1])
        self.assertEqual((methods, reader.aside), (["REQUEST", "CANCEL"] * 3, 0))

    def test_previews_are_messages(self):
        """`convene notice preview` works without services, and its messages are whole."""
        def preview(*args):
            done = subprocess.run([os.path.join(BIN, "convene"), "notice", "preview", *args], capture_output=True, check=False, timeout=60)
            return done.returncode, done.stdout
        samples = preview()[1].decode().split()
        self.assertGreaterEqual(len(samples), 15)
        for sample in samples:
            for language, word in (("en", "Dear A. Sample,"), ("ru", "\u0417\u0434\u0440\u0430\u0432\u0441\u0442\u0432\u0443\u0439\u0442\u0435, A. Sample!")):
                status, octets = preview(sample, "--format", "mime", "--language", language)
                self.assertEqual(status, 0, sample)
                message = email.message_from_bytes(octets, policy=email.policy.default)
                self.assertEqual((message["Content-Language"], message["Auto-Submitted"]), (language, "auto-generated"))
                text, html = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
                self.assertIn(word, text)
                self.assertIn(word, html)
                shown = f"Subject: {message['Subject']}\n\n{text}".replace("\r\n", "\n")
                self.assertEqual(preview(sample, "--language", language)[1].decode().rstrip("\n"), shown.rstrip("\n"))
                if part_of(message):
                    Reader().take(self, message)
        self.assertEqual(preview("nothing")[0], 4)
        self.assertEqual(preview("decision", "--language", "xx")[0], 2)
        self.assertEqual(preview("decision", "--format", "pdf")[0], 2)


if __name__ == "__main__":
    main()
