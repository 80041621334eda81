#!/usr/bin/python3
"""test_place: a year's plan placed by search beside real services: calendars in, better days out, accepted as a whole or not at
all, and every refused day with its rule.
SPDX-License-Identifier: Apache-2.0
"""
import datetime
import json
import unittest

from cli_env import need, SOURCE, WithPlan

OK, FAILED, USAGE, PARTIAL, NOTFOUND, REFUSED = range(6)
MEMBERS = ("AZ", "KZ", "TR", "UZ", "EG")
CALENDARS = SOURCE / "services" / "cli" / "sample" / "calendars.jsonl"


def event(name, country, start, **more):
    return {"event": name, "title": f"Meeting {name}", "plan_year": 2027, "line": "cbm", "country": country, "city": f"City of {country}",
            "format": "in_person", "date_start": start, **more}


PLAN = {
    "parties": [{"code": code, "kind": "member", "name": f"Party {code}"} for code in MEMBERS],
    "bodies": [{"code": "WG", "name": "Working group", "kind": "working"}],
    "venues": [{"code": "HALL", "name": "Hall", "city": "City of AZ", "country": "AZ"}],
    "events": [
        event("SUNDAY", "KZ", "2027-06-06", date_end="2027-06-07"),     # on the host's weekend
        event("FEAST", "TR", "2027-05-17"),                             # in Eid al-Adha
        event("FRIDAY", "EG", "2027-06-18"),                            # Friday: off in Egypt, not elsewhere
        event("MONTH", "UZ", "2027-07"),                                # a month is known
        event("YEAR", "KZ", "2027", body="WG"),                         # a year is known
        event("HALL-1", "AZ", "2027-09-08", venue="HALL", date_end="2027-09-09"),
        event("GROUP-1", "AZ", "2027-10-02", group="PAIR", body="WG"),  # Saturday, with the next
        event("GROUP-2", "AZ", "2027-10-03", group="PAIR", body="WG", date_end="2027-10-04"),
        event("GOOD", "UZ", "2027-11-10"),                              # nothing against it
    ],
}


def days_of(row):
    start, end = (datetime.date.fromisoformat(row[key]) for key in ("date_start", "date_end"))
    return [start + datetime.timedelta(n) for n in range((end - start).days + 1)]


class Place(WithPlan):
    has = PLAN

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        done = cls.convene("request", "calendar.put", "--lines", CALENDARS, "--timeout", "30s")
        assert done.status == OK, done.out[-2000:] + done.err
        cls.calendars = {row["country"]: row for row in map(json.loads, CALENDARS.read_text(encoding="utf-8").splitlines())
                         if row["year"] == 2027 and "country" in row}

    def works(self, country, day):
        calendar = self.calendars[country]
        weekend = {"mon": 0, "tue": 1, "wed": 2, "thu": 3, "fri": 4, "sat": 5, "sun": 6}
        return day.weekday() not in {weekend[name] for name in calendar["weekend"]} and str(day) not in {d["date"] for d in calendar["days"]}

    def place(self, *flags):
        done = self.convene("place", "plan", "--year", "2027", "--seconds", "2", "--json", *flags)
        self.assertEqual(done.status, OK, done.out + done.err)
        return done.json

    def test_1_the_same_seed_finds_the_same_plan(self):
        first, second = self.place("--seed", "3"), self.place("--seed", "3")
        if first["repeatable"] and second["repeatable"]:  # neither was cut short
            self.assertEqual(first["placed"], second["placed"])
        self.assertGreater(first["before"]["hard"], 0)
        self.assertEqual(first["after"]["hard"], 0)
        self.assertEqual((first["cannot"], first["without_calendar"]), ([], []))

    def test_2_why(self):
        def rules(*args):
            done = self.convene("why", *args, "--json")
            self.assertEqual(done.status, OK, done.out + done.err)
            return {reason["rule"]: reason for reason in done.json["reasons"]}
        self.assertEqual(rules("SUNDAY")["A5"]["level"], "hard")
        self.assertIn("A5", rules("FRIDAY"))
        self.assertIn("A6", rules("FEAST"))
        self.assertNotIn("A5", rules("GOOD"))
        self.assertIn("A6", rules("GOOD", "2027-05-16"))
        self.assertIn("A3", rules("MONTH", "2027-08-03"), "outside the month that is known")
        self.assertEqual(rules("YEAR", "2027-10-04")["A2"]["with"], "GROUP-1", "the working group is needed there")
        self.assertIn("A14", rules("GOOD", "2027-02-10"), "Ramadan")
        said = self.convene("why", "SUNDAY")
        self.assertIn("weekend or public holiday of the host", said.out)
        for args, status, says in ((("NONE",), NOTFOUND, "no event NONE"), (("YEAR",), USAGE, "has no day yet"), (("GOOD", "2027-02-30"), USAGE, "2027-02-30"),
                                   (("GROUP-1", "2027-12-31"), REFUSED, "would not end")):
            done = self.convene("why", *args)
            self.assertEqual((done.status, says in done.err), (status, True), done.err)

    def test_3_fit(self):
        done = self.convene("place", "fit", "SUNDAY", "--count", "5", "--json")
        self.assertEqual(done.status, OK, done.err)
        fits = done.json["fits"]
        self.assertEqual(len(fits), 5)
        self.assertEqual(fits, sorted(fits, key=lambda f: (f["hard"], f["medium"], f["soft"])))
        for fit in fits:
            self.assertLess(fit["hard"], 0, "better than the Sunday it has")
            self.assertTrue(all(self.works("KZ", datetime.date.fromisoformat(fit["date"]) + datetime.timedelta(n)) for n in range(2)))

    def test_4_accepted_as_a_whole_or_not_at_all(self):
        path = self.convene.root / "placed.json"
        doc = self.place("--output", path, "--pin", "HALL-1,GOOD")
        placed = {row["event"]: row for row in doc["placed"]}
        self.assertFalse({"HALL-1", "GOOD"} & set(placed))
        self.assertLessEqual({"SUNDAY", "FEAST", "FRIDAY", "MONTH", "YEAR", "GROUP-1", "GROUP-2"}, set(placed))
        hosts = {row["event"]: row["country"] for row in PLAN["events"]}
        for name, row in placed.items():
            for day in days_of(row):
                self.assertTrue(self.works(hosts[name], day), (name, day))
        self.assertEqual(placed["MONTH"]["date_start"][:7], "2027-07")
        gap = days_of(placed["GROUP-2"])[0] - days_of(placed["GROUP-1"])[0]
        self.assertEqual(gap.days, 1, "a group moves together")
        before = self.shown("MONTH")

        # One of them changes in between: nothing moves.
        changed = self.convene("request", "event.change", "--set", "event=FEAST", "--set", "title=Another title", "--set", "reason=asked for")
        self.assertEqual(changed.status, OK, changed.out)
        refused = self.convene("place", "accept", path)
        self.assertEqual(refused.status, REFUSED, refused.out + refused.err)
        self.assertIn("version_conflict", refused.out)
        self.assertEqual(self.shown("MONTH"), before)

        # Searched again, and accepted.
        doc = self.place("--output", path, "--pin", "HALL-1,GOOD")
        accepted = self.convene("place", "accept", path)
        self.assertEqual(accepted.status, OK, accepted.out + accepted.err)
        for row in doc["placed"]:
            now = self.shown(row["event"])
            self.assertEqual((now["date_start"], now["date_end"]), (row["date_start"], row["date_end"]))
            self.assertIn("placed by search", now["reason"])
        again = self.place()
        self.assertEqual(again["before"]["hard"], 0)
        self.assertLessEqual(len(again["placed"]), 1, "a placed plan stays where it is")

    def shown(self, name):
        return self.convene("event", "show", name, "--json").json["event"]

    def test_5_what_is_no_file_of_a_search(self):
        path = self.convene.root / "nothing.json"
        for text, status in (("{", USAGE), ("{}", USAGE), ('{"placed": [{"event": "GOOD"}]}', USAGE)):
            path.write_text(text)
            done = self.convene("place", "accept", path)
            self.assertEqual(done.status, status, (text, done.out, done.err))
        self.assertEqual(self.convene("place", "accept", self.convene.root / "absent.json").status, NOTFOUND)
        self.assertEqual(self.convene("place", "plan").status, USAGE)
        self.assertEqual(self.convene("place", "plan", "--year", "2044").status, NOTFOUND)


if __name__ == "__main__":
    need("convene", "convene-scheduling", "convene-registration", "convene-notifications")
    unittest.main(verbosity=2)
