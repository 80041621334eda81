#!/usr/bin/python3
# A state sets its clocks otherwise: those who subscribe, and those who have answered, are told of the new instant, once.
# SPDX-License-Identifier: Apache-2.0
import email
import email.policy
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import dashboard
import feeds
import world
from dashboard import fetch, kind
from deployment import Case, main, wait_for

HOUR_S = 3600


def zone_file(hours):
    """A compiled zone (RFC 8536) that always is so many hours ahead of UTC."""
    block = b"TZif2" + bytes(15) + struct.pack(">6I", 0, 0, 0, 0, 1, 4) + struct.pack(">ibB", hours * HOUR_S, 0, 0) + b"+%02d\0" % hours
    return block + block + b"\n<+%02d>-%d\n" % (hours, hours)


class Clocks(Case):
    def setUp(self):
        self.d = self.deployment("ipc", start=False)
        self.zones = os.path.join(self.d.root, "zones")
        os.makedirs(os.path.join(self.zones, "Asia"))
        self.set_clocks(6)
        for service in ("registration", "scheduling", "notifications", "dashboard"):
            self.d.environment[service] = {"TZDIR": self.zones}
        self.d.start()
        dashboard.add_dashboard(self.d)
        self.office = self.d.publisher("office")
        world.put_parties(self.office)

    def set_clocks(self, hours):
        path = os.path.join(self.zones, "Asia", "Almaty")
        with open(path + ".new", "wb") as file:
            file.write(zone_file(hours))
        os.replace(path + ".new", path)

    def entry(self):
        answer = fetch(self.d, "/calendar.ics")
        return next(iter(feeds.entries(answer.body).values())) if answer.status == 200 else {}

    def notices(self):
        if not os.path.isdir(self.d.outbox):
            return {}
        found = {}
        for name in sorted(os.listdir(self.d.outbox)):
            with open(os.path.join(self.d.outbox, name), "rb") as file:
                found[name] = email.message_from_binary_file(file, policy=email.policy.default)
        return found

    def calendar_of(self, notice):
        part = next(part for part in notice.walk() if part.get_content_type() == "text/calendar")
        lines = part.get_payload(decode=True).splitlines()  # on their way mails may get other ends of lines
        return feeds.entries(b"".join(line + b"\r\n" for line in lines))

    def test_everybody_is_told_once(self):
        world.decide(self.office, "scheduling.event.propose", {"event": "E1", "title": "A meeting", "plan_year": 2030, "line": "cbm", "date_start": "2030-05-14",
                                                               "time_start": "09:30", "zone": "Asia/Almaty"})
        for to in ("circulated", "adopted", "scheduled"):
            world.decide(self.office, "scheduling.event.advance", {"event": "E1", "to": to})
        world.decide(self.office, "scheduling.event.registration", {"event": "E1", **world.rules(10)})
        world.wait_open(self.d, "E1")
        world.decide(self.office, "registration.register", world.delegation("E1", "KZ", 1))
        world.wait_notices(self.d)
        before = self.notices()
        self.assertEqual(len(before), 1)
        invited = next(iter(self.calendar_of(next(iter(before.values()))).values()))
        self.assertEqual(invited["DTSTART"], "20300514T033000Z")
        wait_for(lambda: self.entry().get("DTSTART") == "20300514T033000Z", lambda: f"the feed: {self.entry()}")
        was = self.entry()

        self.set_clocks(5)
        self.d.scheduling.kill()
        self.d.scheduling.start()
        wait_for(lambda: self.entry().get("DTSTART") == "20300514T043000Z", lambda: f"the feed: {self.entry()}")
        now = self.entry()
        self.assertEqual((now["UID"], int(now["SEQUENCE"])), (was["UID"], int(was["SEQUENCE"]) + 1))
        self.assertEqual(kind(self.d, "event")["E1"]["changed"], ["start_ms"])
        wait_for(lambda: len(self.notices()) == 2, lambda: f"a notice: {sorted(self.notices())}")
        notice = next(message for name, message in self.notices().items() if name not in before)
        text = notice.get_body(("plain",)).get_content()
        for says in ("2030-05-14, 09:30 +06:00 (Asia/Almaty)", "2030-05-14, 09:30 +05:00 (Asia/Almaty)", "a newer tz database"):
            self.assertIn(says, " ".join(text.split()))
        moved = next(iter(self.calendar_of(notice).values()))
        self.assertEqual((moved["DTSTART"], moved["UID"]), ("20300514T043000Z", invited["UID"]))
        self.assertGreater(int(moved["SEQUENCE"]), int(invited["SEQUENCE"]))
        # It looks at each start, and has nothing more to say.
        head = self.d.head("scheduling", "scheduling.events")
        self.d.scheduling.kill()
        self.d.scheduling.start()
        world.wait_notices(self.d)
        self.assertEqual(self.d.head("scheduling", "scheduling.events"), head)
        self.assertEqual(len(self.notices()), 2)
        self.assertEqual([e["events"] for e in self.d.scheduling.log_events() if e["event"] == "clocks_moved"], [1], "of all its starts")


if __name__ == "__main__":
    main()
