#!/usr/bin/python3
# What is broken in a programme is in the dashboard's list of needs, with a command that mends it: each is run as it stands.
# SPDX-License-Identifier: Apache-2.0
import json
import os
import shlex
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import dashboard
import world
from dashboard import fetch, kind
from deployment import Case, main, wait_for

DAY = "2030-05-14"


class Programmes(Case):
    def setUp(self):
        self.d = dashboard.add_dashboard(self.deployment("ipc"))
        self.office = self.d.publisher("office")
        world.put_parties(self.office)
        self.decide("venue.put", {"code": "HALL", "name": "Hall", "city": "Baku", "country": "AZ", "zone": "Asia/Baku"})
        for room in ("A", "B"):
            self.room(room)
        for event in ("E1", "E2"):
            world.make_event(self.office, event, date=DAY)

    def decide(self, type_, data):
        world.decide(self.office, f"scheduling.{type_}", data)

    def room(self, room, **more):
        self.decide("room.put", {"venue": "HALL", "room": room, "name": room, "seats": 40, **more})

    def session(self, name, start, room="A", **more):
        event, session = name.split("/")
        self.decide("session.put", {"event": event, "session": session, "title": name, "kind": "parallel", "minutes": 60, "start": f"{DAY}T{start}",
                                    "venue": "HALL", "room": room, **more})

    def needs(self):
        return [need for need in kind(self.d, "attention").get("all", []) if need["what"].startswith("programme_")]

    def told(self, *expected):
        """Until these are told: (what without programme_, event, session, other)."""
        def seen():
            return sorted((n["what"][10:], n["event"], n["session"], n.get("other")) for n in self.needs())
        wait_for(lambda: seen() == sorted(expected), lambda: f"{expected}: {seen()}")
        return self.needs()

    def convene(self, *words):
        flags = [f for key, value in self.d.settings.items() for f in ("--conf", f"{key}={value}")]
        done = subprocess.run([os.path.join(self.d.bin, "convene"), *words, *flags], capture_output=True, text=True, timeout=60, check=False, cwd=self.d.root)
        self.assertEqual(done.returncode, 0, f"{words} {done.stdout} {done.stderr}")
        return done.stdout

    def run_it(self, need):
        for one in need["command"].split(" && "):
            command, *words = shlex.split(one)
            self.assertEqual(command, "convene")
            self.convene(*words)

    def test_another_room(self):
        self.session("E1/S1", "10:00")
        self.told()
        self.room("A", closed=True)
        need, = self.told(("room_closed", "E1", "S1", None))
        self.assertEqual(need["command"], f"convene session place E1/S1 {DAY}T10:00 --room HALL/B")
        self.run_it(need)
        self.told()

    def test_another_time(self):
        self.decide("party.put", {"code": "KZ", "kind": "member", "name": "Kazakhstan", "delegation_size": 2})
        for n, room in (("1", "A"), ("2", "B")):
            self.session(f"E1/S{n}", "10:00", room, parties=["KZ"])
        self.told()
        self.decide("party.put", {"code": "KZ", "kind": "member", "name": "Kazakhstan", "delegation_size": 1})
        need, = self.told(("delegation", "E1", "S1", "S2"))
        self.assertEqual((need["n"], need["have"], need["about"]), (2, 1, "KZ"))
        self.run_it(need)
        self.told()

    def test_an_event_that_moved(self):
        """Its sessions stayed behind: that is one need, and one command takes all of them along."""
        self.session("E1/OPEN", "09:00", kind="opening")
        for n in (1, 2, 3):
            self.session(f"E1/S{n}", f"{10 + n}:00")
        self.told()
        self.decide("event.change", {"event": "E1", "date_start": "2030-05-15", "date_end": "2030-05-15", "reason": "The host asked"})
        need, = self.told(("days", "E1", "OPEN", None))
        self.assertEqual((need["n"], "--all" in need["command"]), (4, True))
        self.run_it(need)
        self.told()

    def test_what_was_released_stands_in_the_way(self):
        """A room and a speaker are free by the working versions, and taken by what the public sees."""
        self.session("E1/S1", "10:00", chair={"person": "P-1"})
        self.decide("release.put", {"event": "E1", "release": "V1"})
        self.session("E1/S1", "12:00", chair={"person": "P-1"})
        self.session("E2/T1", "10:00", chair={"person": "P-1"})
        first, second = self.told(("room_taken", "E1", "S1", "E2/T1"), ("person", "E1", "S1", "E2/T1"))
        self.assertEqual((first["command"], second["command"]), ("convene release make E1 V2",) * 2)
        for path in ("/api/view", "/", "/?lang=ru", "/api/attention", "/event/E1"):
            self.assertNotIn("P-1", fetch(self.d, path).text, "nobody is named")
        self.run_it(first)
        self.told()

    def test_what_the_command_line_says_of_it(self):
        """Of a programme that was never released: the same sessions, by the same rules."""
        self.decide("party.put", {"code": "KZ", "kind": "member", "name": "Kazakhstan", "delegation_size": 3})
        for n in range(8):
            self.session(f"E1/S{n}", f"{9 + n // 2:02}:00", "AB"[n % 2], parties=["KZ"], languages=["en", "ru"][:1 + n % 2], kind=("parallel", "plenary")[n == 5])
        self.session("E1/OUT", "18:00", "A")
        self.room("A", booths=1, available=[{"from": f"{DAY}T00:00", "until": f"{DAY}T12:00"}])
        self.room("B", features=["hybrid"])
        self.decide("party.put", {"code": "KZ", "kind": "member", "name": "Kazakhstan", "delegation_size": 1})
        # What a later edit of something else brings about: hours of the venue, interpreters, an order.
        self.decide("rule.put", {"rule": "B5", "effect": "warn"})
        self.session("E1/LAST", "14:00", "B")
        self.session("E1/LATE", "13:00", "B", after=["LAST"])
        self.decide("rule.put", {"rule": "B5", "effect": "forbid"})
        self.decide("event.change", {"event": "E1", "teams": 1})
        self.decide("venue.put", {"code": "HALL", "name": "Hall", "city": "Baku", "country": "AZ", "zone": "Asia/Baku",
                                  "pauses": [{"day": "tue", "from": "09:30", "until": "09:45"}]})
        rows = json.loads(self.convene("programme", "E1", "--json"))["sessions"]
        said = {row["session"]: {c["rule"] for c in row["conflicts"] if c["effect"] in ("forbid", "block_release")} for row in rows}
        self.assertGreaterEqual(len(set().union(*said.values())), 4, said)
        rules = {"room_taken": "B1", "room_closed": "B1", "room_lacks": "B1", "person": "B2", "delegation": "B3", "booths": "B4", "break": "B5", "plenary": "B5", "opening": "B5",
                 "closing": "B5", "days": "B5", "away": "B2", "teams": "B4", "team_day": "B4", "pause": "B5", "order": "B5"}

        def shown():
            found = {session: set() for session in said}
            for one in kind(self.d, "conflict").get("E1", {}).get("broken", []):
                for side in ("session", "other"):
                    if side in one:
                        found[one[side]].add(rules[one["why"]])
            return found
        wait_for(lambda: shown() == said, lambda: f"{said}: {shown()}")
        whys = {one["why"] for one in kind(self.d, "conflict")["E1"]["broken"]}
        self.assertLessEqual({"teams", "team_day", "pause", "order"}, whys)
        wait_for(lambda: whys <= {need["what"][10:] for need in self.needs()}, self.needs)
        for lang, words in (("en", ("sessions at once need interpreters", "minutes of interpreting on the day of", "is when its venue pauses",
                                    "one has to wait for the other")),
                            ("ru", ("перевод нужен сразу на", "минут перевода", "во время перерыва в работе площадки", "должно начаться после другого"))):
            part = fetch(self.d, f"/?lang={lang}").text.split('id="attention"')[1].split("</section>")[0]
            for word in words:
                self.assertIn(word, part)

    def test_both_languages_without_a_script(self):
        self.session("E1/S1", "10:00")
        self.room("A", closed=True)
        self.decide("session.put", {"event": "E1", "session": "OPEN", "title": "Opening", "kind": "opening", "minutes": 30, "start": f"{DAY}T10:30", "zone": "Asia/Baku"})
        self.told(("room_closed", "E1", "S1", None), ("opening", "E1", "S1", "OPEN"), ("plenary", "E1", "OPEN", "S1"))
        for lang, words in (("en", ("the room of S1 cannot be used then", "S1 begins before the opening (OPEN)", "OPEN and S1 are at once, and one of them is for all")),
                            ("ru", ("зал для S1 в это время недоступен", "S1 раньше открытия (OPEN)", "OPEN и S1 одновременно, а одно из них для всех"))):
            part = fetch(self.d, f"/?lang={lang}").text.split('id="attention"')[1].split("</section>")[0]
            for word in words:
                self.assertIn(word, part)
        self.assertEqual(len(kind(self.d, "conflict")["E1"]["broken"]), 3)


if __name__ == "__main__":
    main()
