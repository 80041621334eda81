#!/usr/bin/python3
"""test_programme: rooms, sessions and an event's programme by the command line beside real services: what is refused, what is only
said, and that `why`, the programme and the edit's own outcome say the same.
SPDX-License-Identifier: Apache-2.0
"""
import unittest
import uuid
from xml.etree import ElementTree

from cli_env import need, WithPlan

OK, FAILED, USAGE, PARTIAL, NOTFOUND, REFUSED = range(6)
PLAN = {
    "parties": [{"code": code, "kind": "member", "name": f"Party {code}", "delegation_size": 1} for code in ("AZ", "KZ")],
    "venues": [{"code": "HALL", "name": "Hall", "city": "Baku", "country": "AZ", "zone": "Asia/Baku"}],
    "rooms": [{"venue": "HALL", "room": "FOYER", "name": "Foyer", "seats": 300}],
    "sessions": [{"event": "CONF", "session": "COFFEE", "title": "Coffee", "kind": "break", "minutes": 30, "start": "2027-05-12T12:00", "venue": "HALL", "room": "FOYER"}],
    "events": [{"event": "CONF", "title": "Conference", "plan_year": 2027, "line": "cbm", "date_start": "2027-05-11", "date_end": "2027-05-12"}],
}


class Programme(WithPlan):
    has = PLAN

    def outcome(self, *args, status=OK):
        done = self.convene(*args, "--json")
        self.assertEqual(done.status, status, done.out + done.err)
        return done.json["outcome"]["data"]

    def programme(self):
        rows = self.ok("programme", "CONF", "--json").json["sessions"]
        return {row["session"]: row for row in rows}

    def test_1_rooms(self):
        self.ok("room", "set", "HALL/A", "--seats", "100", "--booths", "2", "--features", "hybrid,nameplates", "--turnaround", "15", "--name", "Great hall")
        self.ok("room", "set", "HALL/B", "--seats", "20", "--available", "2027-05-11T08:00/2027-05-11T18:00,2027-05-12T08:00/2027-05-12T12:00")
        rooms = {room["room"]: room for room in self.ok("room", "list", "--json").json["rooms"]}
        self.assertEqual(rooms["A"]["features"], ["hybrid", "nameplates"])
        self.assertEqual(len(rooms["B"]["available"]), 2)
        self.assertIn("Great hall", self.ok("room", "list").out)
        for args, status, says in ((("HALL/C",), USAGE, "how many seats"), (("HALL",), USAGE, "VENUE/ROOM"), (("NONE/A", "--seats", "1"), NOTFOUND, "unknown_venue"),
                                   (("HALL/C", "--seats", "1", "--available", "today"), USAGE, "FROM/UNTIL")):
            done = self.convene("room", "set", *args)
            self.assertEqual((done.status, says in done.out + done.err), (status, True), done.out + done.err)

    def test_2_sessions(self):
        self.ok("session", "set", "CONF/OPEN", "--title", "Opening", "--kind", "opening", "--minutes", "60", "--start", "2027-05-11T09:00", "--room", "HALL/A",
                "--chair", "AZ-1:AZ", "--languages", "en,ru", "--expected", "90")
        # In the room's quarter of an hour after the opening: refused, and said with which.
        refused = self.outcome("session", "set", "CONF/TALK", "--title", "Talks", "--minutes", "60", "--start", "2027-05-11T10:10", "--room", "HALL/A", status=REFUSED)
        self.assertEqual(refused["code"], "room_taken")
        self.assertEqual((refused["conflicts"][0]["rule"], refused["conflicts"][0]["other"]), ("B1", "CONF/OPEN"))
        self.assertIn("15 minutes", refused["text"])
        # In another room: accepted, and what speaks against it is told.
        accepted = self.outcome("session", "set", "CONF/TALK", "--title", "Talks", "--minutes", "60", "--start", "2027-05-11T10:10", "--room", "HALL/B",
                                "--chair", "AZ-1", "--expected", "40", "--languages", "en")
        self.assertEqual([c["rule"] for c in accepted["conflicts"]], ["B4", "B6", "B15"])
        said = self.convene("session", "set", "CONF/TALK", "--expected", "41")  # the rest stays as it is
        self.assertIn("41 people, and HALL/B has 20 seats", said.out)
        self.assertEqual(self.programme()["TALK"]["room"], "HALL/B")
        busy = self.outcome("session", "place", "CONF/TALK", "2027-05-11T09:30", status=REFUSED)
        self.assertEqual(busy["code"], "person_taken")
        closed = self.outcome("session", "place", "CONF/TALK", "2027-05-11T17:30", status=REFUSED)
        self.assertEqual(closed["code"], "conflict")
        self.assertIn("cannot be used", closed["text"])
        done = self.convene("session", "set", "CONF/NEW", "--title", "New")
        self.assertEqual((done.status, "--minutes" in done.err), (USAGE, True), done.err)
        done = self.convene("session", "place", "CONF/NONE", "2027-05-11T09:30")
        self.assertEqual(done.status, NOTFOUND, done.err)

    def test_3_why_and_the_programme_say_the_same(self):
        rows = self.programme()
        why = self.ok("why", "CONF/TALK", "--json").json["reasons"]
        self.assertEqual(why, rows["TALK"]["conflicts"])
        self.assertEqual({r["rule"] for r in why}, {"B4", "B6", "B15"})
        there = {r["rule"]: r for r in self.ok("why", "CONF/TALK", "2027-05-11T09:30", "--room", "HALL/A", "--json").json["reasons"]}
        self.assertEqual(there["B1"]["with"], "CONF/OPEN")
        self.assertEqual(there["B2"]["effect"], "forbid")
        self.assertIn("B5", there, "beside the opening, which is for all")
        self.assertIn("cannot be there", self.convene("why", "CONF/TALK", "2027-05-11T09:30", "--room", "HALL/A").err)
        self.assertIn("TALK", self.ok("programme", "CONF").out)
        for args, status in ((("CONF/NONE",), NOTFOUND), (("NONE/S",), NOTFOUND), (("CONF/TALK", "noon"), USAGE), (("CONF/TALK", "--room", "HALL/Z"), NOTFOUND)):
            self.assertEqual(self.convene("why", *args).status, status, args)

    def test_4_rules_are_data(self):
        self.ok("rule", "set", "B15", "--effect", "ignore")
        self.ok("rule", "set", "B6", "--effect", "forbid", "--weight", "7")
        rules = {rule["rule"]: rule for rule in self.ok("rule", "list", "--json").json["rules"]}
        self.assertEqual((len(rules), rules["B6"]["effect"], rules["B6"]["weight"], rules["B15"]["effect"]), (34, "forbid", 7, "ignore"))
        self.assertEqual([r["rule"] for r in self.programme()["TALK"]["conflicts"]], ["B6", "B4"], "who forbids comes first")
        refused = self.outcome("session", "set", "CONF/TALK", "--expected", "50", status=REFUSED)
        self.assertEqual(refused["code"], "conflict")
        self.assertEqual(self.outcome("rule", "set", "B1", "--effect", "warn", status=REFUSED)["code"], "rule_fixed")
        self.assertEqual(self.outcome("rule", "set", "Z9", "--effect", "warn", status=REFUSED)["code"], "rule_unknown")

    def test_5_releases(self):
        # What blocks a release stands in its way: a talk beside the opening, which an edit only tells.
        self.ok("rule", "set", "B6", "--effect", "warn")
        self.ok("room", "set", "HALL/C", "--seats", "50", "--booths", "2")
        self.ok("session", "set", "CONF/BESIDE", "--title", "Beside", "--minutes", "30", "--start", "2027-05-11T09:15", "--room", "HALL/C")
        refused = self.outcome("release", "make", "CONF", "V1", status=REFUSED)
        self.assertEqual(refused["code"], "release_blocked")
        self.assertEqual({c["rule"] for c in refused["conflicts"]}, {"B4", "B5"})
        self.ok("session", "place", "CONF/BESIDE", "2027-05-11T11:30")
        self.ok("session", "set", "CONF/TALK", "--room", "HALL/C", "--start", "2027-05-11T10:30")
        released = self.ok("release", "make", "CONF", "V1", "--note", "First programme")
        self.assertIn("release 1, of 4 items", released.out)
        self.assertEqual(self.outcome("release", "make", "CONF", "V1", status=REFUSED)["code"], "exists")
        # A draft goes on: what moved since is told, and the release keeps what it had.
        moved = self.outcome("session", "place", "CONF/TALK", "2027-05-12T09:00")
        self.assertIn("B8", {c["rule"] for c in moved["conflicts"]})
        self.assertIn("B8", {r["rule"] for r in self.programme()["TALK"]["conflicts"]})
        self.ok("session", "cancel", "CONF/BESIDE", "--reason", "The speaker is ill")
        self.ok("session", "set", "CONF/LATE", "--title", "Late", "--minutes", "30", "--start", "2027-05-12T10:30", "--room", "HALL/C")
        self.ok("release", "make", "CONF", "V2")
        self.assertNotIn("B8", {r["rule"] for r in self.programme()["TALK"]["conflicts"]})
        changes = self.ok("plan", "changes", "CONF/V1", "CONF/V2", "--json").json
        self.assertEqual((changes["added"], changes["removed"]), (["LATE"], ["BESIDE"]))
        (talk,) = changes["changed"]
        self.assertEqual(talk["item"], "TALK")
        self.assertEqual(talk["fields"], [{"field": "start", "before": "2027-05-11T10:30", "after": "2027-05-12T09:00"}])
        said = self.ok("plan", "changes", "CONF/V1", "CONF/V2")
        self.assertIn("2027-05-12T09:00", said.out)
        self.assertEqual([r["number"] for r in self.ok("release", "list", "--json").json["releases"]], [1, 2])
        self.exported()
        self.assertEqual(self.convene("plan", "changes", "CONF/V1", "CONF/V9").status, NOTFOUND)
        self.assertEqual(self.outcome("release", "make", "2031-cbm", "V1", status=REFUSED)["code"], "plan_not_in_force")

    def exported(self):
        """The newest release as XML: what moves after it is not in it, but for a draft."""
        path = self.convene.root / "programme.xml"
        self.ok("session", "set", "CONF/LATE", "--title", 'Late & "later" <ever>')
        self.ok("programme", "CONF", "--output", path)
        root = ElementTree.parse(path).getroot()
        found = {e.find("slug").text: (day, room, e) for day in root.findall("day") for room in day.findall("room") for e in room.findall("event")}
        self.assertEqual(set(found), {"CONF-OPEN", "CONF-TALK", "CONF-LATE", "CONF-COFFEE"})
        day, room, opening = found["CONF-OPEN"]
        self.assertEqual((day.get("date"), day.get("index"), room.get("name")), ("2027-05-11", "1", "Great hall"))
        self.assertEqual((day.get("start"), day.get("end")), ("2027-05-11T00:00:00+04:00", "2027-05-12T00:00:00+04:00"))
        self.assertEqual([opening.find(k).text for k in ("date", "start", "duration", "type", "language")],
                         ["2027-05-11T09:00:00+04:00", "09:00", "01:00", "opening", "en"])
        self.assertEqual([p.text for p in opening.iter("person")], ["AZ-1"])
        guids = {uuid.UUID(e.get("guid")) for _, _, e in found.values()}
        self.assertEqual(len(guids), 4)
        self.assertEqual(found["CONF-LATE"][2].find("title").text, "Late")
        self.assertEqual(root.find("conference/days").text, "2")
        draft = ElementTree.fromstring(self.ok("programme", "CONF", "--draft").out)
        late = next(e for e in draft.iter("event") if e.find("slug").text == "CONF-LATE")
        self.assertEqual(late.find("title").text, 'Late & "later" <ever>')
        self.assertIn(uuid.UUID(late.get("guid")), guids, "the same in every export")

    def test_6_endings(self):
        self.ok("session", "place", "CONF/TALK", "--off")
        self.assertEqual(self.programme()["TALK"]["when"], "not placed")
        self.ok("session", "set", "CONF/OPEN", "--pin")
        self.assertEqual(self.outcome("session", "place", "CONF/OPEN", "2027-05-11T11:00", status=REFUSED)["code"], "pinned")
        self.ok("session", "cancel", "CONF/OPEN", "--reason", "Nobody comes")
        self.assertTrue(self.programme()["OPEN"]["cancelled"])
        self.assertEqual(self.convene("programme", "NONE").status, NOTFOUND)


if __name__ == "__main__":
    need("convene", "convene-scheduling", "convene-registration", "convene-notifications")
    unittest.main(verbosity=2)
