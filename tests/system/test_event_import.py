#!/usr/bin/python3
"""test_event_import: calendar files as events of a plan, beside real services: nothing of a file is lost, the same file again changes
nothing, a changed one changes what differs, and what cannot be taken says where and what would be right.
SPDX-License-Identifier: Apache-2.0
"""
import datetime
import time
import unittest

from cli_env import Convene, need

OK, FAILED, USAGE, PARTIAL, NOTFOUND, REFUSED = range(6)
BAKU_OLD = """BEGIN:VTIMEZONE
TZID:Caucasus Standard Time
BEGIN:STANDARD
DTSTART:19700101T000000
TZOFFSETFROM:+0400
TZOFFSETTO:+0400
END:STANDARD
END:VTIMEZONE
"""


def entry(uid, start, summary="Meeting", **more):
    lines = [f"UID:{uid}", "DTSTAMP:20260101T000000Z", start if start.startswith("DT") else f"DTSTART;VALUE=DATE:{start}", f"SUMMARY:{summary}"]
    lines += [f"{key.replace('_', '-')}:{value}" for key, value in more.items()]
    return "BEGIN:VEVENT\n" + "\n".join(lines) + "\nEND:VEVENT\n"


def calendar(*entries, head=""):
    return ("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//test//EN\n" + head + "".join(entries) + "END:VCALENDAR\n").replace("\n", "\r\n")


GOOD = [
    entry("forum@example.org", "20260511", "Forum", DTEND="20260514", LOCATION="Astana, KZ", DESCRIPTION="Three days\\, in spring", CATEGORIES="ECO,Meeting",
          URL="https://example.org/forum"),
    entry("zoned@example.org", "DTSTART;TZID=Asia/Baku:20260602T093000", DTEND="20260602T073000Z", LOCATION="Hall 5\\, Baku Expo"),
    entry("vendor@example.org", "DTSTART;TZID=/vendor.example/2020/Asia/Almaty:20260603T100000", DURATION="PT90M"),
    entry("offset@example.org", "DTSTART;TZID=Caucasus Standard Time:20260604T100000", LOCATION="Online"),
    entry("utc@example.org", "DTSTART:20260605T060000Z"),
    entry("weekly@example.org", "DTSTART;TZID=Asia/Baku:20260907T090000", DTEND="20260907T060000Z", RRULE="FREQ=WEEKLY;COUNT=4", EXDATE="20260914T050000Z"),
    entry("weekly@example.org", "DTSTART;TZID=Asia/Baku:20260922T110000", "Moved", RECURRENCE_ID="20260921T050000Z"),
    entry("off@example.org", "20261001", STATUS="CANCELLED"),
]
BAD = {  # UID: (entry, what is said)
    "": (entry("x", "20260101").replace("UID:x\n", ""), "no UID"),
    "feb@x": (entry("feb@x", "20260231"), "2026-02-31"),
    "words@x": (entry("words@x", "DTSTART:next Tuesday"), "20260511T090000"),
    "back@x": (entry("back@x", "20260511", DTEND="20260510"), "ends before it begins"),
    "same@x": (entry("same@x", "20260511", DTEND="20260511"), "the day after its last"),
    "nowhere@x": (entry("nowhere@x", "DTSTART;TZID=Mars/Olympus:20260511T090000"), "no IANA zone"),
    "float@x": (entry("float@x", "DTSTART:20260511T090000"), "--zone"),
    "gap@x": (entry("gap@x", "DTSTART;TZID=Africa/Cairo:20260424T003000"), "does not exist"),
    "untitled@x": (entry("untitled@x", "20260511", ""), "SUMMARY"),
    "year@x": (entry("year@x", "20270511"), "not in 2026"),
    "daily@x": (entry("daily@x", "20260101", RRULE="FREQ=DAILY"), "more than 64 times"),
    "hourly@x": (entry("hourly@x", "DTSTART:20260101T000000Z", RRULE="FREQ=HOURLY;COUNT=3"), "within a day"),
    "rdate@x": (entry("rdate@x", "20260101", RDATE="20260301"), "RDATE"),
    "long@x": (entry("long@x", "20260511", "x" * 201), "at most 200"),
    "forum@example.org": (entry("forum@example.org", "20260711", "Again"), "the same UID"),
}


class Import(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.convene = Convene().__enter__()
        cls.addClassCleanup(cls.convene.__exit__, None, None, None)
        done = cls.convene("request", "heading.put", "--set", "code=ECO", "--set", "name=Economic", "--set", "level=dimension")
        assert done.status == OK, done.out + done.err

    today = datetime.datetime(2026, 9, 15, tzinfo=datetime.timezone.utc)

    def offset_ms(self):
        """What is past for the command does not depend on the day on which this runs."""
        return int((self.today.timestamp() - time.time()) * 1000)

    def file(self, text, *flags):
        path = self.convene.root / "file.ics"
        path.write_bytes(text.encode())
        done = self.convene("event", "import", path, "--plan", "2026-cbm", "--conf", f"clock/offset_ms={self.offset_ms()}", "--json", *flags)
        doc = done.json
        self.assertEqual(doc["events"], sum(doc[what] for what in ("proposed", "changed", "cancelled", "unchanged", "refused")), "nothing is lost")
        self.assertEqual(doc["events"], len(doc["rows"]))
        doc["status"] = done.status
        return doc

    def events(self):
        return {row["event"]: row for row in self.convene("event", "list", "--json").json["events"]}

    def of(self, uid):
        return next(row for row in self.events().values() if row.get("uid") == uid)

    def sums(self, doc):
        return {what: doc[what] for what in ("proposed", "changed", "cancelled", "unchanged", "refused")}

    def test_1_a_dry_run_changes_nothing(self):
        doc = self.file(calendar(*GOOD, head=BAKU_OLD), "--dry-run")
        self.assertEqual((doc["status"], doc["entries"]), (OK, 8))
        self.assertEqual(self.sums(doc), {"proposed": 8, "changed": 0, "cancelled": 0, "unchanged": 1, "refused": 0})
        self.assertEqual(self.events(), {})

    def test_2_what_a_file_says(self):
        doc = self.file(calendar(*GOOD, head=BAKU_OLD))
        self.assertEqual((doc["status"], self.sums(doc)["proposed"]), (OK, 8), doc)
        forum = self.of("forum@example.org")
        self.assertEqual({key: forum.get(key) for key in ("title", "date_start", "date_end", "city", "country", "dimension", "note", "plan_year", "line", "status")},
                         {"title": "Forum", "date_start": "2026-05-11", "date_end": "2026-05-13", "city": "Astana", "country": "KZ", "dimension": "ECO",
                          "note": "Three days, in spring", "plan_year": 2026, "line": "cbm", "status": "proposed"})
        self.assertEqual(forum["sources"], ["https://example.org/forum"])
        self.assertNotIn("time_start", forum)
        zoned = self.of("zoned@example.org")
        self.assertEqual((zoned["time_start"], zoned["zone"], zoned["minutes"], zoned["note"]), ("09:30", "Asia/Baku", 120, "Hall 5, Baku Expo"))
        vendor = self.of("vendor@example.org")
        self.assertEqual((vendor["zone"], vendor["minutes"]), ("Asia/Almaty", 90))
        offset = self.of("offset@example.org")
        self.assertEqual((offset["utc_offset"], offset["format"], "zone" in offset, "date_end" in offset), ("+04:00", "online", False, False))
        self.assertEqual((self.of("utc@example.org")["zone"], self.of("utc@example.org")["time_start"]), ("UTC", "06:00"))
        days = {row["uid"][-10:]: (row["date_start"], row["time_start"], row["title"]) for row in self.events().values() if row["uid"].startswith("weekly@")}
        self.assertEqual(days, {"2026-09-07": ("2026-09-07", "09:00", "Meeting"), "2026-09-21": ("2026-09-22", "11:00", "Moved"),
                                "2026-09-28": ("2026-09-28", "09:00", "Meeting")})

    def test_3_the_same_file_again(self):
        before = self.events()
        doc = self.file(calendar(*GOOD, head=BAKU_OLD))
        self.assertEqual((doc["status"], self.sums(doc)), (OK, {"proposed": 0, "changed": 0, "cancelled": 0, "unchanged": 9, "refused": 0}))
        self.assertEqual(self.events(), before)

    def test_4_a_changed_file(self):
        moved = entry("forum@example.org", "20260512", "Forum", DTEND="20260515", LOCATION="Astana, KZ", SEQUENCE="2")
        doc = self.file(calendar(moved, *GOOD[1:], head=BAKU_OLD))
        self.assertEqual(self.sums(doc), {"proposed": 0, "changed": 1, "cancelled": 0, "unchanged": 8, "refused": 0})
        forum = self.of("forum@example.org")
        self.assertEqual((forum["date_start"], forum["date_end"], forum["sequence"], forum["version"]), ("2026-05-12", "2026-05-14", 2, 2))
        self.assertEqual(sorted(forum["changed"]), ["date_end", "date_start", "sequence"])
        self.assertEqual(forum["note"], "Three days, in spring", "what the file does not say stays")
        # The older file does not bring the old days back.
        doc = self.file(calendar(GOOD[0]))
        self.assertEqual((doc["status"], doc["refused"], doc["rows"][0]["line"]), (REFUSED, 1, 4))
        self.assertIn("SEQUENCE is lower", doc["rows"][0]["text"])
        self.assertEqual(self.of("forum@example.org")["date_start"], "2026-05-12")
        # A time is not taken off.
        doc = self.file(calendar(entry("utc@example.org", "20260605")))
        self.assertIn("a time is not taken off", doc["rows"][0]["text"])

    def test_5_cancelled(self):
        off = entry("utc@example.org", "DTSTART:20260605T060000Z", STATUS="CANCELLED", SEQUENCE="1")
        self.assertEqual(self.sums(self.file(calendar(off)))["cancelled"], 1)
        self.assertEqual(self.of("utc@example.org")["status"], "cancelled")
        self.assertEqual(self.sums(self.file(calendar(off)))["unchanged"], 1)
        doc = self.file(calendar(GOOD[4]))
        self.assertIn("a new entry with a new UID", doc["rows"][0]["text"])
        doc = self.file(calendar(GOOD[2], head="METHOD:CANCEL\n"))
        self.assertEqual((self.sums(doc)["cancelled"], self.of("vendor@example.org")["status"]), (1, "cancelled"))

    def test_6_what_is_wrong_says_where_and_what_would_be_right(self):
        before = self.events()
        text = calendar(GOOD[0], *[bad for bad, _ in BAD.values()], "BEGIN:VTODO\nUID:todo\nEND:VTODO\n", "BEGIN:VEVENT\nUID:cut@x\n")
        doc = self.file(text, "--dry-run")
        self.assertEqual((doc["status"], doc["entries"], doc["passed_over"], doc["refused"]), (REFUSED, len(BAD) + 2, 1, len(BAD) + 2), doc)
        lines = text.split("\r\n")
        said = {(row.get("uid", ""), row["line"]): row["text"] for row in doc["rows"]}
        for uid, (_, words) in BAD.items():
            found = [(line, sentence) for (name, line), sentence in said.items() if (name == uid or (not name and uid in sentence)) and words in sentence]
            if not found:  # what has no UID that could be read yet is found by its line
                found = [(line, sentence) for (_, line), sentence in said.items() if words in sentence]
            self.assertTrue(found, (uid, words, said))
            line = found[0][0]
            block = "\n".join(lines[line - 1:line + 6])
            self.assertTrue(block.startswith(("BEGIN:VEVENT", "DT", "RRULE", "RDATE", "SUMMARY", "UID")), (uid, block))
        self.assertTrue(any("no END:VEVENT" in sentence for sentence in said.values()))
        self.assertEqual(self.events(), before)
        done = self.convene("event", "import", self.convene.root / "file.ics", "--plan", "2026-cbm", "--dry-run")
        self.assertIn(f"{self.convene.root}/file.ics:", done.err)
        self.assertRegex(done.out, r"17 entries, 17 events: 0 proposed, 0 changed, 0 cancelled, 0 unchanged, 17 refused; nothing was sent")

    def test_7_with_a_zone_said_and_refused_by_the_service(self):
        doc = self.file(calendar(BAD["float@x"][0]), "--zone", "Asia/Tashkent")
        self.assertEqual((doc["proposed"], self.of("float@x")["zone"]), (1, "Asia/Tashkent"))
        self.assertEqual(self.file(calendar(entry("fine@x", "20260202")))["proposed"], 1)
        doc = self.file(calendar(entry("other@x", "20260203"), entry("fine@x", "20260202")), "--body", "NONE")
        self.assertEqual((doc["status"], doc["unchanged"], doc["refused"]), (PARTIAL, 1, 1))
        self.assertEqual(next(row["code"] for row in doc["rows"] if row["what"] == "refused"), "unknown_body")

    def test_7b_a_feed_of_its_own_comes_back_to_the_same_event(self):
        done = self.convene("request", "event.propose", "--set", "event=OWN-1", "--set", "title=Own", "--set", "plan_year=2026", "--set", "line=cbm",
                            "--set", "date_start=2026-04-01")
        self.assertEqual(done.status, OK, done.out)
        own = "OWN-1@convene.invalid"
        self.assertEqual(self.file(calendar(entry(own, "20260401", "Own", SEQUENCE="0")))["unchanged"], 1)
        self.assertEqual(self.file(calendar(entry(own, "20260402", "Own", SEQUENCE="0")))["changed"], 1)
        doc = self.file(calendar(entry(own, "20260401", "Own", SEQUENCE="0")))
        self.assertIn("SEQUENCE is lower", doc["rows"][0]["text"])
        self.assertEqual(self.events()["OWN-1"]["date_start"], "2026-04-02")
        # A feed says times by UTC: the same instant is no change.
        done = self.convene("request", "event.propose", "--set", "event=OWN-2", "--set", "title=Timed", "--set", "plan_year=2026", "--set", "line=cbm",
                            "--set", "date_start=2026-04-07", "--set", "time_start=09:30", "--set", "zone=Asia/Baku")
        self.assertEqual(done.status, OK, done.out)
        self.assertEqual(self.file(calendar(entry("OWN-2@convene.invalid", "DTSTART:20260407T053000Z", "Timed", SEQUENCE="0")))["unchanged"], 1)

    def test_7c_an_older_entry_cancels_nothing(self):
        def again(**more):
            return self.file(calendar(entry("late@x", "20260801", "Late", **more)))

        def cancelled(uid, sequence):
            return self.file(calendar(entry(uid, "20260801", STATUS="CANCELLED", SEQUENCE=sequence)))

        self.assertEqual(again(SEQUENCE="3")["proposed"], 1)
        doc = cancelled("late@x", "2")
        self.assertEqual((doc["status"], doc["refused"], self.of("late@x")["status"]), (REFUSED, 1, "proposed"), doc)
        self.assertIn("SEQUENCE is lower", doc["rows"][0]["text"])
        # A higher number counts from then on, whatever came with it.
        self.assertEqual((again(SEQUENCE="5")["changed"], self.of("late@x")["sequence"]), (1, 5))
        self.assertEqual(again(SEQUENCE="5")["unchanged"], 1)
        self.assertEqual((cancelled("late@x", "4")["refused"], self.of("late@x")["status"]), (1, "proposed"))
        self.assertEqual((cancelled("late@x", "5")["cancelled"], self.of("late@x")["status"]), (1, "cancelled"))

    def test_7d_days_that_a_series_has_no_more(self):
        def series(rule, *entries, **more):
            return self.file(calendar(entry("row@x", "DTSTART;TZID=Asia/Baku:20261005T090000", "Row", RRULE=rule, **more), *entries))

        def days():
            return {row["date_start"]: row["status"] for row in self.events().values() if row.get("uid", "").startswith("row@x ")}

        stays, gone = "proposed", "cancelled"
        self.assertEqual(series("FREQ=WEEKLY;COUNT=4", SEQUENCE="1")["proposed"], 4)
        doc = series("FREQ=WEEKLY;COUNT=4", EXDATE="20261012T050000Z", SEQUENCE="0")
        self.assertEqual((doc["refused"], doc["unchanged"], set(days().values())), (1, 3, {stays}), doc)
        doc = series("FREQ=WEEKLY;COUNT=4", EXDATE="20261012T050000Z", SEQUENCE="1")
        self.assertEqual(self.sums(doc), {"proposed": 0, "changed": 0, "cancelled": 1, "unchanged": 3, "refused": 0})
        self.assertEqual(days(), {"2026-10-05": stays, "2026-10-12": gone, "2026-10-19": stays, "2026-10-26": stays})
        doc = series("FREQ=WEEKLY;COUNT=4", EXDATE="20261012T050000Z", SEQUENCE="1")
        self.assertEqual((doc["unchanged"], doc["events"]), (3, 3), "once is enough")
        # A day that has an entry of its own is not gone, and one that cannot be read neither.
        moved = entry("row@x", "DTSTART;TZID=Asia/Baku:20261020T110000", "Row", RECURRENCE_ID="20261019T050000Z", SEQUENCE="1")
        doc = series("FREQ=WEEKLY;UNTIL=20261020T000000Z", moved, EXDATE="20261012T050000Z", SEQUENCE="1")
        self.assertEqual((doc["changed"], doc["cancelled"], doc["unchanged"], doc["refused"]), (1, 1, 1, 0), doc)
        self.assertEqual(days(), {"2026-10-05": stays, "2026-10-12": gone, "2026-10-20": stays, "2026-10-26": gone})
        doc = series("FREQ=HOURLY;COUNT=1")
        self.assertEqual((doc["refused"], doc["events"], days()["2026-10-05"]), (1, 1, stays))
        doc = series("FREQ=WEEKLY;COUNT=1", EXDATE="20261005T050000Z", SEQUENCE="1")
        self.assertEqual((doc["cancelled"], doc["refused"], days()["2026-10-05"]), (2, 0, gone), doc)

    def test_7e_days_that_are_past_have_taken_place(self):
        """An exporter that trims what is over cancels nothing of it."""
        def series(start):
            return self.file(calendar(entry("past@x", f"DTSTART;TZID=Asia/Baku:{start}T090000", "Past", RRULE="FREQ=WEEKLY;UNTIL=20260930T000000Z", SEQUENCE="1")))
        self.assertEqual(series("20260907")["proposed"], 4)
        doc = series("20260928")
        self.assertEqual((doc["cancelled"], doc["refused"]), (1, 0), doc)
        days = {row["date_start"]: row["status"] for row in self.events().values() if row.get("uid", "").startswith("past@x ")}
        self.assertEqual(days, {"2026-09-07": "proposed", "2026-09-14": "proposed", "2026-09-21": "cancelled", "2026-09-28": "proposed"})

    def test_7f_a_series_that_ends_before_the_year(self):
        """Its days that were imported are cancelled; without any of them it is refused, since the year may be the wrong one."""
        def series(uid, until):
            return self.file(calendar(entry(uid, "DTSTART;TZID=Asia/Baku:20251230T090000", "Ends", RRULE=f"FREQ=WEEKLY;UNTIL={until}T000000Z;BYDAY=TU", SEQUENCE="1")))
        self.today = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
        self.assertEqual(series("ends@x", "20260115")["proposed"], 2)
        doc = series("ends@x", "20251231")
        self.assertEqual((doc["status"], self.sums(doc)), (OK, {"proposed": 0, "changed": 0, "cancelled": 2, "unchanged": 1, "refused": 0}), doc)
        self.assertEqual({row["status"] for row in self.events().values() if row.get("uid", "").startswith("ends@x ")}, {"cancelled"})
        doc = series("ends@x", "20251231")
        self.assertEqual(self.sums(doc), {"proposed": 0, "changed": 0, "cancelled": 0, "unchanged": 0, "refused": 1}, doc)
        doc = series("never@x", "20251231")
        self.assertEqual((doc["status"], doc["refused"], "no day in 2026" in doc["rows"][0]["text"]), (REFUSED, 1, True), doc)

    def test_7g_a_higher_sequence_alone_moves_nothing_under_silence(self):
        def again(sequence, title="Quiet"):
            text = calendar(entry("quiet@x", "DTSTART;TZID=Asia/Baku:20280511T090000", title, SEQUENCE=sequence))
            path = self.convene.root / "quiet.ics"
            path.write_bytes(text.encode())
            return self.convene("event", "import", path, "--plan", "2028-cbm", "--json").json
        self.assertEqual(again("1")["proposed"], 1)
        for args in (("plan.compile", "--set", "year=2028", "--set", "line=cbm"), ("plan.move", "--set", "year=2028", "--set", "line=cbm", "--set", "to=circulated"),
                     ("party.put", "--set", "code=AZ", "--set", "kind=member", "--set", "name=Azerbaijan"),
                     ("decision.open", "--set", "decision=PLAN-2028", "--set", "subject=plan", "--set", "about=2028-cbm", "--set", "title=Plan", "--set", "text=Adopted.",
                      "--set", f"expires_ms={int(time.time() * 1000) + 3600000}")):
            done = self.convene("request", *args)
            self.assertEqual(done.status, OK, done.out + done.err)
        doc = again("2")
        self.assertEqual(self.sums(doc), {"proposed": 0, "changed": 0, "cancelled": 0, "unchanged": 1, "refused": 0}, doc)
        self.assertIn("silence", doc["rows"][0]["text"])
        doc = again("2", "Loud")
        self.assertEqual((doc["refused"], doc["rows"][0]["code"]), (1, "under_silence"), doc)

    def test_8_what_is_no_file_of_events(self):
        path = self.convene.root / "no.ics"
        for text, status in (("hello", USAGE), (calendar(head="METHOD:REPLY\n"), USAGE), (calendar(), OK)):
            path.write_text(text)
            self.assertEqual(self.convene("event", "import", path, "--plan", "2026-cbm").status, status, text)
        self.assertEqual(self.convene("event", "import", self.convene.root / "none", "--plan", "2026-cbm").status, NOTFOUND)
        for plan in (("--plan", "cbm"), ("--plan", "2026-xyz"), ()):
            self.assertEqual(self.convene("event", "import", path, *plan).status, USAGE)


if __name__ == "__main__":
    need("convene", "convene-scheduling", "convene-registration", "convene-notifications")
    unittest.main(verbosity=2)
