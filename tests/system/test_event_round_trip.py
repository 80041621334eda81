#!/usr/bin/python3
"""test_event_round_trip: a feed of Convene's own, imported into the Convene it comes from, changes nothing, whatever there is in it.
SPDX-License-Identifier: Apache-2.0

   STEPS=n SEED=n     a longer or another history of random changes
"""
import json
import os
import random
import re
import unittest
import urllib.error
import urllib.request

from cli_env import Convene, need, wait_for

OK, FAILED, USAGE, PARTIAL, NOTFOUND, REFUSED = range(6)
NEXT = {"proposed": ("circulated",), "circulated": ("adopted", "rejected"), "adopted": ("scheduled", "postponed", "cancelled"), "scheduled": ("postponed", "cancelled"),
        "postponed": ("adopted", "cancelled")}
ZONES = ("Asia/Baku", "Pacific/Auckland", "America/Anchorage", "Asia/Kolkata", "UTC")


class RoundTrip(unittest.TestCase):
    def setUp(self):
        self.convene = Convene()
        self.convene.flags[self.convene.flags.index("dashboard/http=none")] = "dashboard/http=127.0.0.1:0"
        self.convene.__enter__()
        self.addCleanup(self.convene.__exit__, None, None, None)
        pages = []
        wait_for(lambda: pages or pages.extend(re.findall(r"http://127\.0\.0\.1:[1-9][0-9]*", self.logged())) or pages, "the page", self.convene)
        self.url = pages[0]
        self.ask("party.put", code="KZ", kind="member", name="Kazakhstan")

    def logged(self):
        return self.convene.said() + "".join(log.read_text(encoding="utf-8") for log in (self.convene.data / "log").glob("dashboard*"))

    def ask(self, what, **data):
        done = self.convene("request", what, *[part for key, value in data.items() for part in ("--set", f"{key}={value}")])
        self.assertEqual(done.status, OK, (what, data, done.out + done.err))

    def propose(self, event, **more):
        self.ask("event.propose", **{"event": event, "title": event, "plan_year": 2026, "line": "cbm", "proposer": "KZ", "date_start": "2026-04-07", **more})

    def advance(self, event, *steps):
        for to in steps:
            self.ask("event.advance", event=event, to=to, reason="So it is")

    def events(self):
        return {row["event"]: row for row in self.convene("event", "list", "--json").json["events"]}

    def get(self, path):
        """None: not yet."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=20) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            self.assertIn(error.code, (404, 503), path)
            return None

    def feed(self, path, versions):
        """As it is once the page knows these versions."""
        found = []

        def given():
            shown = json.loads(self.get("/api/event") or '{"event": {}}')["event"]
            if all(shown.get(event, {}).get("version") == row["version"] for event, row in versions.items()):
                found.append(self.get(path))
            return found and found[-1]
        wait_for(given, path, self.convene)
        return found[-1]

    def check(self, what, paths=("/calendar.ics", "/calendar/party/KZ.ics")):
        before = self.events()
        for path in paths:
            body = self.feed(path, before)
            file = self.convene.root / "own.ics"
            file.write_bytes(body)
            done = self.convene("event", "import", file, "--plan", "2026-cbm", "--json")
            doc = done.json
            said = [row for row in doc["rows"] if row["what"] != "unchanged"]
            self.assertEqual((said, doc["unchanged"], done.status), ([], body.count(b"BEGIN:VEVENT"), OK), (what, path, body.decode()))
        self.assertEqual(self.events(), before, what)

    def test_each_thing_that_a_feed_says_otherwise(self):
        # Hours of one day on this clock and of another by UTC, before and behind; the last days of a year.
        self.propose("EARLY", time_start="01:30", zone="Asia/Baku", date_end="2026-04-07")
        self.propose("LATE", time_start="23:30", utc_offset="-05:00", date_end="2026-04-07")
        self.propose("NEW-YEAR", date_start="2026-01-01", time_start="01:30", zone="Asia/Baku")
        self.propose("OLD-YEAR", date_start="2026-12-31", time_start="23:30", utc_offset="-05:00")
        # Days with an hour for the first; an hour on no clock; a long title, and one that begins like a mark.
        self.propose("DAYS", date_end="2026-04-09", time_start="09:30", zone="Asia/Baku")
        self.propose("NO-CLOCK", time_start="09:30")
        self.propose("LONG", title="x" * 200)
        self.propose("MARK", title="POSTPONED: a talk about time")
        self.propose("WAITS")
        self.propose("WAITS-TIMED", time_start="09:30", zone="Asia/Baku", date_end="2026-04-07")
        every = ("EARLY", "LATE", "NEW-YEAR", "OLD-YEAR", "DAYS", "NO-CLOCK", "LONG", "MARK", "WAITS", "WAITS-TIMED")
        self.check("proposed")
        for event in every:
            self.advance(event, "circulated", "adopted")
        self.check("adopted")
        for event in ("LONG", "MARK", "WAITS", "WAITS-TIMED", "DAYS"):
            self.advance(event, "postponed")
        self.check("postponed")
        for event in ("WAITS", "LONG"):
            self.ask("event.change", event=event, date_start="2026-11", date_end="2026-11", precision="month", reason="In autumn")
        self.check("to a month")
        self.advance("LONG", "cancelled")
        self.advance("WAITS", "cancelled")
        self.advance("EARLY", "cancelled")
        self.check("cancelled")
        # Of its own and not what it was: the title without the mark, the days where a session stands as well.
        before = self.events()
        body = self.feed("/calendar.ics", before).decode().replace("POSTPONED: POSTPONED: a talk about", "POSTPONED: POSTPONED: talks about")
        file = self.convene.root / "own.ics"
        file.write_bytes(body.encode())
        self.assertEqual(self.convene("event", "import", file, "--plan", "2026-cbm", "--json").json["changed"], 1)
        self.assertEqual(self.events()["MARK"]["title"], "POSTPONED: talks about time")

    def test_sessions_are_no_events(self):
        self.ask("venue.put", code="HALL", name="Hall", city="Baku", country="AZ", zone="Asia/Baku")
        self.ask("room.put", venue="HALL", room="A", name="The room", seats=100)
        self.propose("DAY-2026-A-LONG-ID-OF-AN-EVENT", venue="HALL")
        self.advance("DAY-2026-A-LONG-ID-OF-AN-EVENT", "circulated", "adopted")
        for name, start in (("S1", "2026-04-07T09:30"), ("S" * 32, "2026-04-07T12:00")):
            self.ask("session.put", event="DAY-2026-A-LONG-ID-OF-AN-EVENT", session=name, title="First", kind="parallel", minutes=90, venue="HALL", room="A", start=start)
        wait_for(lambda: self.feed("/calendar/event/DAY-2026-A-LONG-ID-OF-AN-EVENT.ics", self.events()).count(b"BEGIN:VEVENT") == 3, "both sessions", self.convene)
        self.check("sessions", ("/calendar/event/DAY-2026-A-LONG-ID-OF-AN-EVENT.ics",))
        self.assertEqual(set(self.events()), {"DAY-2026-A-LONG-ID-OF-AN-EVENT"})

    def test_whatever_happened(self):
        seed = int(os.environ.get("SEED", random.randrange(10**6)))
        print("SEED", seed, flush=True)
        rng = random.Random(seed)
        for i in range(6):
            self.propose(f"E{i}")
        for step in range(int(os.environ.get("STEPS", "30"))):
            events = self.events()
            event = rng.choice(sorted(events))
            row = events[event]
            if rng.random() < 0.4 and NEXT.get(row["status"]):
                self.advance(event, rng.choice(NEXT[row["status"]]))
            else:  # what may not be in this status is refused, and that is as good
                day = rng.randrange(2, 28)
                change = rng.choice([{"date_start": f"2026-06-{day:02d}", "date_end": f"2026-06-{min(30, day + rng.randrange(3)):02d}"},
                                     {"time_start": f"{rng.randrange(24):02d}:30", "zone": rng.choice(ZONES)},
                                     {"title": rng.choice(("POSTPONED: x", "CANCELLED: x", "x, y; z", "a" * 200))},
                                     {"date_start": "2026-11", "date_end": "2026-11", "precision": "month"}])
                self.convene("request", "event.change", *[part for key, value in {"event": event, "reason": "r", **change}.items() for part in ("--set", f"{key}={value}")])
            if step % 5 == 4:
                self.check((seed, step))


if __name__ == "__main__":
    need("convene", "convene-scheduling", "convene-registration", "convene-notifications", "convene-dashboard")
    unittest.main(verbosity=2)
