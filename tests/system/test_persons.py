#!/usr/bin/python3
# Persons who gave an address are told what concerns them, through a mail server: registered, moved, withdrawn, replaced, erased.
# SPDX-License-Identifier: Apache-2.0
# ctest-labels: notifications
import email
import email.policy
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
try:
    import aiosmtpd  # noqa: F401, pylint: disable=unused-import
    import icalendar
except ImportError:
    print("skipped: no python3-aiosmtpd or python3-icalendar")
    sys.exit(77)
import world
from deployment import Case, main, wait_for
from receivers import Receiver

RETRY = "200ms 300ms 400ms 500ms 600ms 700ms 800ms 900ms 1s 1s"
DESK, DIANA, ERLAN = "ok-desk@kz.example", "ok-diana@person.example", "ok-erlan@person.example"
SAULE = "ok-saule@person.example"


class Persons(Case):
    def begin(self, diana=DIANA, **more):
        """Two persons of KZ are registered, the head without an address; the third waits and has one."""
        self.server = Receiver("mail")
        self.addCleanup(self.server.close)
        self.d = self.deployment("tcp", start=False)
        self.d.own_settings["notifications"] = {
            "notifications/retry": RETRY, "notifications/timeout_ms": 2000, "smtp/url": f"smtp://127.0.0.1:{self.server.port}",
            "smtp/sender": "notices@convene.example", "smtp/starttls": "none", **more}
        self.d.start()
        self.office = self.d.publisher("office")
        world.put_parties(self.office)
        world.open_event(self.d, self.office, "E1", world.rules(3, waiting="strict"))
        world.decide(self.office, "registration.register", world.delegation("E1", "AZ"))
        data = world.delegation("E1", "KZ", 3)
        data["contact"] = {"name": "Desk", "email": DESK, "language": "ru"}
        for person, name, address in zip(data["persons"], ("Bekova Aigerim", "Omarova Diana", "Seitov Erlan"), (None, diana, ERLAN)):
            person["name"] = name
            if address:
                person["email"] = address
        world.decide(self.office, "registration.register", data)

    def mails(self, to, count):
        """What was sent to that address, in order."""
        found = lambda: [m for m in self.server.taken() if m.get("to") == to and "id" in m]
        wait_for(lambda: len(found()) >= count, lambda: f"{count} mails to {to}: {[(m.get('to'), m.get('id')) for m in self.server.taken()]}")
        self.assertEqual(len(found()), count)
        return [email.message_from_string(m["octets"], policy=email.policy.default) for m in found()]

    @staticmethod
    def text_of(message):
        return "\n".join(part.get_content() for part in message.walk() if part.get_content_maintype() == "text")

    def entry_of(self, message):
        """Method and entry of the calendar part; None: it has none."""
        parts = [p for p in message.walk() if p.get_content_type() == "text/calendar"]
        if not parts:
            return None
        calendar = icalendar.Calendar.from_ical(parts[0].get_payload(decode=True))
        event, = calendar.walk("VEVENT")
        self.assertEqual(str(event["ATTENDEE"]), f"mailto:{message['To'].addresses[0].addr_spec}")
        return str(calendar["METHOD"]), event

    def notices(self, person=None):
        return [n["data"] for n in self.d.log("notifications").query("notices") if n["data"]["party"] == "KZ" and n["data"].get("person") == person]

    def change(self, **data):
        world.decide(self.office, "scheduling.event.change", {"event": "E1", "reason": "The hall is taken", **data})

    def test_each_is_told_what_is_its_own(self):
        self.begin()
        desk, = self.mails(DESK, 1)
        diana, = self.mails(DIANA, 1)
        erlan, = self.mails(ERLAN, 1)
        said = {"desk": self.text_of(desk), "diana": self.text_of(diana), "erlan": self.text_of(erlan)}
        self.assertIn("Bekova Aigerim", said["desk"])
        self.assertIn("Omarova Diana", said["diana"])
        self.assertIn("Вы зарегистрированы", said["diana"])
        self.assertIn("Вы в листе ожидания", said["erlan"])
        self.assertEqual(diana["Content-Language"], "ru")
        for who, others in (("diana", ("Bekova", "Seitov", "листе")), ("erlan", ("Bekova", "Omarova"))):
            for other in (*others, "Desk", DESK, "No. 1,", "№ 1,"):  # as the delegation's notice lists them
                self.assertNotIn(other, said[who])
        self.assertIsNone(self.entry_of(erlan))
        method, first = self.entry_of(diana)
        self.assertEqual((method, str(first["UID"])), ("REQUEST", "E1@convene.invalid"))
        # The same notice has the same id, and says whom it is to by a number.
        wait_for(lambda: self.notices(2) and self.notices(2)[0]["state"] == "delivered", "the person's notice to be delivered")
        notice, = self.notices(2)
        self.assertEqual(diana["Message-ID"], f"<{notice['notice']}@convene.example>")
        self.assertEqual(notice["notice"], "person.2." + self.notices()[0]["notice"])
        self.assertEqual(len(self.notices(1)), 0)

        self.change(date_start="2030-05-20", date_end="2030-05-21")
        _, diana = self.mails(DIANA, 2)
        self.mails(ERLAN, 2)
        method, moved = self.entry_of(diana)
        self.assertEqual((method, str(moved["UID"])), ("REQUEST", "E1@convene.invalid"))
        self.assertGreater(int(moved["SEQUENCE"]), int(first["SEQUENCE"]))
        self.assertEqual(moved["DTSTART"].dt.isoformat(), "2030-05-20")

        world.decide(self.office, "registration.withdraw", {"event": "E1", "party": "KZ", "persons": [2]})
        *_, diana = self.mails(DIANA, 3)
        *_, erlan = self.mails(ERLAN, 3)  # has moved up, without a word on why
        method, ended = self.entry_of(diana)
        self.assertEqual(method, "CANCEL")
        self.assertGreater(int(ended["SEQUENCE"]), int(moved["SEQUENCE"]))
        self.assertEqual(self.entry_of(erlan)[0], "REQUEST")
        self.assertIn("Вы зарегистрированы", self.text_of(erlan))
        self.assertNotIn("отозван", self.text_of(erlan))

        world.decide(self.office, "scheduling.event.advance", {"event": "E1", "to": "cancelled", "reason": "The hall is closed"})
        *_, erlan = self.mails(ERLAN, 4)
        self.assertEqual(self.entry_of(erlan)[0], "CANCEL")
        self.mails(DIANA, 3)  # has no place, and is not told
        log = self.d.notifications.log()
        for address in (DIANA, ERLAN, "Omarova"):
            self.assertNotIn(address, log, "an address or a name in the log")

    def test_a_dead_address_keeps_nobody_from_being_told(self):
        self.begin(diana="refuse-diana@person.example")
        self.change(title="Another title")
        self.mails(DESK, 2)
        self.mails(ERLAN, 2)
        dead = wait_for(lambda: (n := self.notices(2)) and len(n) == 2 and all(x["state"] == "dead" for x in n) and n, "both to be dead")
        self.assertEqual([n["reason"] for n in dead], ["refused", "refused"])
        # Another address, and they are sent there when somebody asks for it.
        world.decide(self.office, "registration.amend", {"event": "E1", "party": "KZ", "number": 2, "email": DIANA, "reason": "It was wrong"})
        self.mails(DIANA, 1)
        world.decide(self.office, "notifications.redrive", {"dispatches": [n["dispatch"] for n in dead]})
        self.mails(DIANA, 3)

    def test_another_takes_the_place(self):
        self.begin()
        diana, = self.mails(DIANA, 1)
        self.mails(DESK, 1)
        _, first = self.entry_of(diana)
        wait_for(lambda: (n := self.notices(2)) and n[0]["state"] == "delivered", "what Diana was told to be known as delivered")
        self.change(date_start="2030-05-20", date_end="2030-05-21")
        _, diana = self.mails(DIANA, 2)
        _, moved = self.entry_of(diana)
        wait_for(lambda: len(n := self.notices(2)) == 2 and n[1]["state"] == "delivered", "the change to be delivered")
        world.decide(self.office, "registration.substitute", {"event": "E1", "party": "KZ", "number": 2, "name": "Nurlanova Saule", "email": SAULE})
        *_, last = self.mails(DIANA, 3)
        saule, = self.mails(SAULE, 1)
        self.assertIn("Omarova Diana", self.text_of(last))
        self.assertIn("Ваше место занимает другой участник", self.text_of(last))
        for other in ("Nurlanova", "Saule", SAULE, "Bekova", "Seitov", "Desk", DESK):
            self.assertNotIn(other, last.as_string())
            self.assertNotIn(other, self.text_of(last))
        self.assertNotIn("Omarova", self.text_of(saule))
        # Her entry ends, above all that she was sent; the newcomer's begins, above that.
        method, ended = self.entry_of(last)
        self.assertEqual((method, str(ended["UID"]), str(ended["STATUS"])), ("CANCEL", str(first["UID"]), "CANCELLED"))
        self.assertEqual(str(ended["ATTENDEE"]), f"mailto:{DIANA}")
        self.assertNotIn("Nurlanova", ended.to_ical().decode())
        method, entry = self.entry_of(saule)
        self.assertEqual((method, str(entry["UID"])), ("REQUEST", str(first["UID"])))
        steps = [int(e["SEQUENCE"]) for e in (first, moved, ended, entry)]
        self.assertEqual(steps, sorted(set(steps)))
        notice = wait_for(lambda: [n for n in self.notices(2) if n["notice"].startswith("replaced.2.") and n["state"] == "delivered"], "it to be delivered")[0]
        self.assertEqual(last["Message-ID"], f"<{notice['notice']}@convene.example>")
        self.assertEqual((notice["kind"], notice["audience"]), ("decision", "person"))
        self.assertTrue(notice["cause"].startswith("registration.private/"), notice["cause"])
        # Once, whatever comes next; and of her nothing stays here.
        self.d.notifications.kill()
        self.d.notifications.start()
        self.change(title="Another title")
        self.mails(SAULE, 2)
        self.mails(DIANA, 3)
        row, = [r["data"] for r in self.d.log("notifications").query("dispatches") if r["data"]["notice"] == notice["notice"]]
        self.assertNotIn("address", row)
        self.assertEqual(row["headline"], "Another person takes your place")
        self.d.notifications.stop()
        for end in ("", "-wal"):
            path = self.d.database("notifications") + end
            if os.path.exists(path):
                with open(path, "rb") as file:
                    octets = file.read()
                for personal in (DIANA.encode(), "Omarova".encode()):
                    self.assertNotIn(personal, octets, path)

    def test_erased_while_it_waits_for_a_server(self):
        self.begin()
        self.mails(DIANA, 1)
        wait_for(lambda: (n := self.d.log("notifications").query("notices")) and len(n) == 4 and all(x["data"]["state"] == "delivered" for x in n),
                 "all that is sent to be known as delivered: what is not is sent again")
        self.server.kill()
        self.change(title="Another title")
        wait_for(lambda: len(self.notices(2)) == 2 and self.notices(2)[1]["channel"] == "email", "a mail that waits")
        world.decide(self.office, "registration.erase", {"event": "E1", "party": "KZ", "persons": [2]})
        wait_for(lambda: self.notices(2)[1]["state"] == "silenced", lambda: f"the mail to end: {self.notices(2)}")
        self.server.start()
        self.mails(DESK, 4)  # registered, changed, erased, and that another moved up
        self.mails(ERLAN, 3)
        self.mails(DIANA, 1)
        self.d.notifications.stop()
        for end in ("", "-wal"):
            path = self.d.database("notifications") + end
            if not os.path.exists(path):
                continue
            with open(path, "rb") as file:
                octets = file.read()
            for personal in (DIANA.encode(), "Omarova".encode()):
                self.assertNotIn(personal, octets, path)


if __name__ == "__main__":
    main()
