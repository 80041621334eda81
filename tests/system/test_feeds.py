#!/usr/bin/python3
# Calendar feeds: what is in which, for whom, under which number; and that whatever happens to an event a reader is told of it.
# SPDX-License-Identifier: Apache-2.0
# ctest-timeout: 300
#
#   STEPS=n SEED=n     a longer or another history of random changes
import datetime
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import cvwire
import dashboard
import feeds
import world
from dashboard import fetch, kind
from deployment import Case, main, wait_for

try:
    import icalendar
except ImportError:
    print("SKIPPED: python3-icalendar is not installed")
    sys.exit(77)

FINAL = {"held", "reported", "cancelled", "rejected"}
# What may follow, without what needs a decision or a plan; "open" needs rules, and is left out.
NEXT = {"proposed": ("circulated", "cancelled", "rejected"), "circulated": ("proposed", "adopted", "cancelled", "rejected"), "adopted": ("scheduled", "postponed", "cancelled"),
        "scheduled": ("postponed", "cancelled"), "postponed": ("adopted", "scheduled", "cancelled")}


class WithFeeds(Case):
    def setUp(self):
        self.d = dashboard.add_dashboard(self.deployment("ipc"))
        self.office = self.d.publisher("office")
        world.put_parties(self.office)
        self.marks = 0  # of known()
        self.ready()

    def ready(self):
        wait_for(lambda: fetch(self.d, "/calendar.ics").status == 200, "the calendars")

    def decide(self, what, **data):
        return world.decide(self.office, f"scheduling.{what}", data)

    def propose(self, event, **more):
        self.decide("event.propose", **{"event": event, "title": event, "plan_year": 2030, "line": "cbm", "proposer": "AZ", "date_start": "2030-05-14", **more})

    def advance(self, event, *steps):
        for to in steps:
            self.decide("event.advance", event=event, to=to, reason=f"It is {to}.")

    def known(self):
        """The page has all that scheduling said until now: this comes last."""
        mark = f"H{self.marks}"
        self.marks += 1
        self.decide("heading.put", code=mark, level="dimension", name="Mark")
        wait_for(lambda: mark in kind(self.d, "heading"), "what was said last")

    def restore(self):
        """From a copy that does not have what the page has seen: so that it takes a snapshot."""
        copy = os.path.join(self.d.root, f"copy{self.marks}.db")
        self.d.log("scheduling", "ops").query("backup", copy)
        self.known()
        self.d.scheduling.stop()
        done = self.d.scheduling.run("--restore", copy)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.d.scheduling.start()

    def shown(self, event):
        """Until the page knows the newest version."""
        told = self.d.log("scheduling").query("event", event)[0]["data"]
        wait_for(lambda: kind(self.d, "event").get(event, {}).get("version") == told["version"], event)
        return told

    def calendar(self, path="/calendar.ics"):
        """Entries by the part of their UID before the '@', as another program reads them."""
        answer = fetch(self.d, path)
        self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, "text/calendar; charset=utf-8"), path)
        mine = feeds.entries(answer.body)
        self.assertEqual(list(mine), sorted(mine), "in the order of UIDs")
        calendar = icalendar.Calendar.from_ical(answer.body)
        self.assertEqual([(e.get("UID"), e.errors) for e in calendar.walk("VEVENT") if e.errors], [])
        self.assertEqual(list(calendar.walk("VTIMEZONE")), [])
        self.assertEqual([str(e["UID"]) for e in calendar.walk("VEVENT")], list(mine))
        for event in calendar.walk("VEVENT"):
            self.assertNotIn("ATTENDEE", event)
            self.assertTrue(str(event["ORGANIZER"]).endswith(".invalid"), event["ORGANIZER"])
        return {str(e["UID"]).split("@", maxsplit=1)[0]: e for e in calendar.walk("VEVENT")}, calendar, answer


class Feeds(WithFeeds):
    def test_events_come_change_and_go(self):
        long = "Конференция о мерах доверия, " * 5 + "часть; \\ 2"
        self.decide("body.put", code="SOC", name="Committee", kind="governing")
        self.decide("heading.put", code="ECO", level="dimension", name="Economic, and more")
        self.decide("venue.put", code="HALL", name="Palace of Peace", city="Almaty", country="KZ")
        self.propose("A", title=long[:100], date_end="2030-05-16", precision="day", proposer="KZ", dimension="ECO")
        self.propose("B", line="statutory", body="SOC", date_start="2030-06-01", precision="minute", time_start="09:30", zone="Asia/Almaty", venue="HALL", city="Almaty", country="KZ")
        self.propose("C", title="No day is known", date_start="2030")
        for event in ("A", "B", "C"):
            self.advance(event, "circulated", "adopted")
            self.shown(event)
        events, calendar, answer = self.calendar()
        self.assertEqual(set(events), {"A", "B"}, "what has no day is not made up")
        a, b = events["A"], events["B"]
        self.assertEqual((a["DTSTART"].dt, a["DTEND"].dt), (datetime.date(2030, 5, 14), datetime.date(2030, 5, 17)))
        self.assertEqual((str(a["SUMMARY"]), str(a["CATEGORIES"].cats[0])), (long[:100], "Economic and more"))
        self.assertEqual(b["DTSTART"].dt, datetime.datetime(2030, 6, 1, 4, 30, tzinfo=datetime.timezone.utc))
        self.assertNotIn("DTEND", b)
        self.assertEqual((str(b["LOCATION"]), str(b["DESCRIPTION"])), ("Palace of Peace, Almaty, KZ", "Starts 2030-06-01 09:30 +05:00 (Asia/Almaty)."))
        self.assertEqual(str(b["STATUS"]), "TENTATIVE", "adopted, and not scheduled")
        told = self.shown("B")
        self.assertEqual((b["SEQUENCE"], b["LAST-MODIFIED"].dt), (told["calendar_sequence"], b["DTSTAMP"].dt))
        self.assertEqual([str(calendar[name]) for name in ("METHOD", "REFRESH-INTERVAL", "X-PUBLISHED-TTL", "NAME", "X-WR-CALNAME")],
                         ["PUBLISH", "PT1H", "PT1H", "Convene", "Convene"])
        self.assertEqual(answer.headers["Cache-Control"], "private, max-age=900")
        newest = max(e["DTSTAMP"].dt for e in events.values())
        self.assertEqual(answer.headers["Last-Modified"], newest.strftime("%a, %d %b %Y %H:%M:%S GMT"))
        head = fetch(self.d, "/calendar.ics", "HEAD")
        self.assertEqual((head.status, head.body, head.headers["ETag"]), (200, b"", answer.headers["ETag"]))
        for path, expected in (("dimension/ECO", {"A"}), ("body/SOC", {"B"}), ("party/KZ", {"A", "B"}), ("party/AZ", {"B"}), ("plan/2030", {"A", "B"}), ("plan/2030-cbm", {"A"}),
                               ("plan/2030-statutory", {"B"}), ("event/A", {"A"}), ("event/C", set()), ("body/SOC", {"B"})):
            self.assertEqual(set(self.calendar(f"/calendar/{path}.ics")[0]), expected, path)
        for path in ("plan/2031", "plan/2030-other", "plan/", "event/NONE", "dimension/X", "room/X", "party/KZ/X"):
            self.assertEqual(fetch(self.d, f"/calendar/{path}.ics").status, 404, path)
        # The same until something changes, also for another process; also behind something that compresses.
        etag = answer.headers["ETag"]
        self.d.dashboard.stop()
        self.d.dashboard.start()
        self.ready()
        self.assertEqual(self.calendar()[2].body, answer.body)
        for sent in (etag, f"W/{etag}", f'"other", {etag}', "*"):
            same = fetch(self.d, "/calendar.ics", If_None_Match=sent)
            self.assertEqual((same.status, same.body, same.headers["ETag"]), (304, b"", etag), sent)
        self.assertEqual(fetch(self.d, "/calendar.ics", If_None_Match='"other"').status, 200)
        # Moved; its title; postponed, to a month; cancelled.
        self.decide("event.change", event="A", date_start="2030-07-01", date_end="2030-07-02", reason="The host asked")
        self.shown("A")
        moved = self.calendar()[0]["A"]
        self.assertEqual((moved["DTSTART"].dt, moved["SEQUENCE"], moved["UID"]), (datetime.date(2030, 7, 1), a["SEQUENCE"] + 1, a["UID"]))
        self.decide("event.change", event="A", title="A title", reason="A typo")
        self.shown("A")
        renamed = self.calendar()[0]["A"]
        self.assertEqual((str(renamed["SUMMARY"]), renamed["SEQUENCE"]), ("A title", moved["SEQUENCE"]))
        self.assertGreaterEqual(renamed["DTSTAMP"].dt, moved["DTSTAMP"].dt)
        self.advance("A", "postponed")
        self.decide("event.change", event="A", date_start="2030-11", date_end="2030-11", precision="month", reason="In autumn")
        self.shown("A")
        waits = self.calendar()[0]["A"]
        self.assertEqual((str(waits["SUMMARY"]), waits["DTSTART"].dt, str(waits["STATUS"]), str(waits["TRANSP"])),
                         ("POSTPONED: A title", datetime.date(2030, 7, 1), "TENTATIVE", "TRANSPARENT"))
        self.assertGreater(waits["SEQUENCE"], moved["SEQUENCE"])
        self.advance("A", "cancelled")
        self.shown("A")
        gone = self.calendar()[0]["A"]
        self.assertEqual((str(gone["SUMMARY"]), gone["DTSTART"].dt, str(gone["STATUS"]), gone["SEQUENCE"]), ("CANCELLED: A title", datetime.date(2030, 7, 1), "CANCELLED", waits["SEQUENCE"] + 1))
        self.advance("B", "cancelled")
        self.shown("B")
        gone = self.calendar()[0]["B"]
        self.assertEqual((str(gone["SUMMARY"]), str(gone["STATUS"]), gone["SEQUENCE"], gone["DTSTART"].dt), ("CANCELLED: B", "CANCELLED", b["SEQUENCE"] + 1, b["DTSTART"].dt))

    def test_what_is_not_decided_is_for_its_proposer(self):
        self.propose("P")
        self.propose("Q")
        self.propose("R", country="KZ")
        for event in ("P", "Q", "R"):
            self.shown(event)
        self.assertEqual(set(self.calendar()[0]), set())
        self.assertEqual(set(self.calendar("/calendar/party/KZ.ics")[0]), set(), "its host is not its proposer")
        mine = self.calendar("/calendar/party/AZ.ics")[0]
        self.assertEqual({name: str(event["STATUS"]) for name, event in mine.items()}, {"P": "TENTATIVE", "Q": "TENTATIVE", "R": "TENTATIVE"})
        self.assertEqual(fetch(self.d, "/calendar/event/P.ics").status, 404)
        self.advance("P", "rejected")
        self.advance("Q", "cancelled")
        self.advance("R", "circulated", "adopted", "cancelled")
        for event in ("P", "Q", "R"):
            self.shown(event)
        self.assertEqual({name: str(event["STATUS"]) for name, event in self.calendar("/calendar/party/AZ.ics")[0].items()}, {"P": "CANCELLED", "Q": "CANCELLED", "R": "CANCELLED"})
        self.assertEqual(set(self.calendar()[0]), {"R"}, "what was once for everybody stays")

    def test_sessions_of_an_event(self):
        self.decide("venue.put", code="HALL", name="Hall", city="Baku", country="AZ", zone="Asia/Baku")
        self.decide("room.put", venue="HALL", room="A", name="The large room", seats=100)
        self.propose("DAY", venue="HALL", date_end="2030-05-15")
        session = {"event": "DAY", "kind": "parallel", "minutes": 90, "venue": "HALL", "room": "A"}
        self.decide("session.put", **session, session="S1", title="First", start="2030-05-14T09:30")
        self.decide("session.put", **session, session="S2", title="Second", start="2030-05-14T12:00", tentative=True)
        self.decide("session.put", **session, session="S3", title="When it suits")
        self.shown("DAY")
        self.assertEqual(fetch(self.d, "/calendar/event/DAY.ics").status, 404, "not before it is decided")
        self.advance("DAY", "circulated", "adopted")
        self.shown("DAY")
        events = self.calendar("/calendar/event/DAY.ics")[0]
        self.assertEqual(set(events), {"DAY", "DAY/S1", "DAY/S2"})
        self.assertEqual(set(self.calendar()[0]), {"DAY"})
        first = events["DAY/S1"]
        self.assertEqual((first["DTSTART"].dt.isoformat(), first["DTEND"].dt.isoformat(), str(first["LOCATION"]), str(first["STATUS"]), str(first["RELATED-TO"])),
                         ("2030-05-14T05:30:00+00:00", "2030-05-14T07:00:00+00:00", "The large room, Hall", "CONFIRMED", str(events["DAY"]["UID"])))
        self.assertEqual(str(events["DAY/S2"]["STATUS"]), "TENTATIVE")
        self.decide("session.place", event="DAY", placed=[{"session": "S1", "expected_version": 1, "start": "2030-05-15T09:30"}])
        self.decide("session.cancel", event="DAY", session="S2", reason="Not needed")
        wait_for(lambda: kind(self.d, "session")["DAY/S2"]["version"] == 2, "both")
        events = self.calendar("/calendar/event/DAY.ics")[0]
        self.assertEqual((events["DAY/S1"]["DTSTART"].dt.day, events["DAY/S1"]["SEQUENCE"], first["SEQUENCE"]), (15, 1, 0))
        gone = events["DAY/S2"]
        self.assertEqual(kind(self.d, "session")["DAY/S2"]["was_ms"], int(gone["DTSTART"].dt.timestamp() * 1000), "kept, and not computed again")
        self.assertEqual((str(gone["STATUS"]), str(gone["SUMMARY"]), gone["DTSTART"].dt.isoformat(), gone["SEQUENCE"]),
                         ("CANCELLED", "CANCELLED: Second", "2030-05-14T08:00:00+00:00", 1))

    def test_the_public_programme_is_the_newest_release(self):
        self.decide("venue.put", code="HALL", name="Hall", city="Baku", country="AZ", zone="Asia/Baku")
        self.decide("room.put", venue="HALL", room="A", name="Large", seats=100)
        self.propose("DAY", venue="HALL", date_end="2030-05-15")
        self.advance("DAY", "circulated", "adopted")
        session = {"event": "DAY", "kind": "parallel", "minutes": 60, "venue": "HALL", "room": "A"}
        working = {}

        def put(name, start, **more):
            self.decide("session.put", **session, session=name, title=f"Talk {name}", **({"start": start} if start else {}), **more)
            working[name] = working.get(name, 0) + 1

        def all_that_is_public():
            self.known()
            self.ready()
            feed = fetch(self.d, "/calendar/event/DAY.ics")
            page = fetch(self.d, "/event/DAY?lang=ru").text
            return feed.body, feed.headers["ETag"], kind(self.d, "session"), page[page.index('id="programme"'):page.index('id="history"')]
        put("S1", "2030-05-14T09:30")
        put("S2", "2030-05-14T11:00")
        self.known()
        self.assertEqual(set(self.calendar("/calendar/event/DAY.ics")[0]), {"DAY", "DAY/S1", "DAY/S2"}, "as it stands, while it never was released")
        self.decide("release.put", release="R1", event="DAY")
        before = all_that_is_public()
        self.assertIn("Выпущено: R1", before[3])
        # A draft is edited: another time, another talk, one that is gone. Nothing of it is public, nowhere.
        put("S1", "2030-05-15T09:30")
        put("S3", "2030-05-14T14:00")
        self.decide("session.cancel", event="DAY", session="S2", reason="The speaker is ill")
        self.assertEqual(all_that_is_public(), before)
        for path in ("/api/view", "/event/DAY?lang=en", "/calendar/event/DAY.ics"):
            text = fetch(self.d, path).text
            self.assertFalse([word for word in ("Talk S3", "is ill", "2030-05-15T09:30", "20300515T053000Z") if word in text], path)
        for hidden in ("draft", "frozen"):
            self.assertEqual(fetch(self.d, f"/api/{hidden}").status, 404)
        # Whoever has it from a snapshot sees the same.
        self.restore()
        self.assertEqual(all_that_is_public(), before)
        self.decide("release.put", release="R2", event="DAY")
        after = all_that_is_public()
        events = self.calendar("/calendar/event/DAY.ics")[0]
        self.assertEqual({name: (str(e["STATUS"]), e["SEQUENCE"], e["DTSTART"].dt.day) for name, e in events.items() if "/" in name},
                         {"DAY/S1": ("CONFIRMED", 1, 15), "DAY/S2": ("CANCELLED", 1, 14), "DAY/S3": ("CONFIRMED", 0, 14)})
        for words in ("Выпущено: R2", "2030-05-15 09:30", "Talk S3", "отменено", "The speaker is ill"):
            self.assertIn(words, after[3])
        self.assertNotEqual(after[1], before[1])
        page = fetch(self.d, "/event/DAY?lang=en").text
        self.assertIn("Released: R2", page)
        self.restore()
        self.assertEqual(all_that_is_public(), after)
        # Postponed: nobody is told to come.
        self.advance("DAY", "postponed")
        self.known()
        self.assertEqual(set(self.calendar("/calendar/event/DAY.ics")[0]), {"DAY", "DAY/S2"})
        gone = all_that_is_public()
        self.restore()
        self.assertEqual(all_that_is_public(), gone)

    def test_the_public_plan_is_the_newest_release(self):
        """The bytes of a feed do not change while a draft is edited, and do at a release; what was confirmed is shown at once."""

        def public():
            self.known()
            self.ready()
            page = fetch(self.d, "/?lang=ru").text
            changes = page[page.index('id="changes"'):page.index('id="progress"')] if 'id="changes"' in page else ""
            bodies = [fetch(self.d, path).body for path in ("/calendar.ics", "/calendar/plan/2030-cbm.ics")]
            versions = {event: row["version"] for event, row in kind(self.d, "event").items()}
            return bodies, versions, page[page.index('id="timeline"'):page.index('id="progress"')], changes
        for event in ("A", "B", "C"):
            self.propose(event)
        self.decide("plan.compile", year=2030, line="cbm")
        self.decide("plan.move", year=2030, line="cbm", to="circulated")
        self.decide("decision.open", decision="D-1", subject="plan", about="2030-cbm", title="Plan", text="Adopted.", expires_ms=cvwire.now_ms() + 1000)
        wait_for(lambda: self.d.log("scheduling").query("event", "C")[0]["data"]["status"] == "adopted", "the end of the silence")
        self.advance("C", "scheduled")
        self.known()
        self.assertEqual(set(self.calendar()[0]), {"A", "B", "C"})
        self.decide("release.put", release="R1", plan="2030-cbm")
        before = public()
        self.assertEqual((set(before[1]), before[3]), ({"A", "B", "C"}, ""))
        # A draft is edited: dates, titles, an event more. Nothing of it is public.
        self.decide("event.change", event="A", date_start="2030-06-20", format="hybrid")
        self.decide("event.change", event="B", title="Secret title")
        self.propose("E", title="Secret event")
        self.assertEqual(public(), before)
        self.assertNotIn("Secret", fetch(self.d, "/api/view").text)
        self.restore()
        self.assertEqual(public()[0:2], before[0:2], "whoever has it from a snapshot sees the same")
        # What its host has confirmed is moved at once, and what was announced and is off is off at once.
        self.decide("event.change", event="C", date_start="2030-05-21")
        self.advance("B", "cancelled")
        self.known()
        entries = self.calendar()[0]
        self.assertEqual((entries["C"]["DTSTART"].dt.day, str(entries["B"]["STATUS"]), entries["A"]["DTSTART"].dt.month), (21, "CANCELLED", 5))
        # A release: the feed changes, and the page says what.
        self.decide("release.put", release="R2", plan="2030-cbm")
        after = public()
        self.assertNotEqual(after[0], before[0])
        self.assertEqual(self.calendar()[0]["A"]["DTSTART"].dt.isoformat(), "2030-06-20")
        self.assertIn("Что изменилось в выпущенном плане", after[3])
        for words in ("2030-cbm: R1", "R2", "2030-05-14", "2030-06-20", "первый день", "отменено", "смешанно"):
            self.assertIn(words, after[3])
        self.assertIn("What changed in the released plan", fetch(self.d, "/?lang=en").text)
        self.assertEqual(public(), after)
        self.restore()
        again = public()
        self.assertEqual((again[0:2], again[3]), (after[0:2], after[3]))

    def test_no_calendar_while_nothing_is_known(self):
        self.propose("A")
        self.advance("A", "circulated", "adopted")
        self.shown("A")
        # Another database, and nobody to hear the plan from: a reader keeps what it has.
        self.d.dashboard.stop()
        self.d.scheduling.stop()
        for ending in ("", "-wal", "-shm"):
            if os.path.exists(self.d.database("dashboard") + ending):
                os.remove(self.d.database("dashboard") + ending)
        self.d.dashboard.start()
        for path in ("/calendar.ics", "/calendar/event/A.ics", "/calendar/party/AZ.ics"):
            answer = fetch(self.d, path)
            self.assertEqual((answer.status, answer.headers["Content-Type"], answer.headers["Retry-After"]), (503, "text/plain; charset=utf-8", "5"), path)
        self.d.scheduling.start()
        self.ready()
        self.assertEqual(set(self.calendar()[0]), {"A"})
        self.d.scheduling.stop()  # what was known once stays
        self.assertEqual(set(self.calendar()[0]), {"A"})
        self.d.scheduling.start()


class Domain(Case):
    def test_uids_are_at_the_domain_that_is_set(self):
        self.d = dashboard.add_dashboard(self.deployment("ipc", settings={"calendar/domain": "events.example"}))
        office = self.d.publisher("office")
        world.decide(office, "scheduling.party.put", {"code": "AZ", "kind": "member", "name": "Azerbaijan"})
        world.make_event(office, "A")
        wait_for(lambda: (a := fetch(self.d, "/calendar/event/A.ics")).status == 200 and a, "its calendar")
        one, = feeds.entries(fetch(self.d, "/calendar/event/A.ics").body).values()
        self.assertEqual((one["UID"], one["ORGANIZER"]), ("A@events.example", "mailto:nobody@convene.invalid"))


class Histories(WithFeeds):
    """Whatever happens to events, and whenever a reader looks, it is told: the feeds before and now are compared, nothing else is known."""

    SEEN = ("DTSTART", "DTEND", "LOCATION", "STATUS")

    def change(self, any_, event, told):
        choice = any_.randrange(10)
        if choice < 4 and NEXT.get(told["status"]):
            return "event.advance", {"event": event, "to": any_.choice(NEXT[told["status"]]), "reason": "So be it."}
        first = datetime.date(2030, 1, 1) + datetime.timedelta(days=any_.randrange(700))
        last = first + datetime.timedelta(days=any_.randrange(3))
        what = any_.choice(({"title": f"Title {any_.randrange(100)}"}, {"city": any_.choice(("Baku", "Алматы"))}, {"format": any_.choice(("online", "in_person", "hybrid"))},
                            {"date_start": str(first), "date_end": str(last)}, {"date_start": str(first), "date_end": str(first)}, {"note": f"Note {any_.randrange(100)}"},
                            {"time_start": f"{any_.randrange(24):02}:30"}, {"zone": any_.choice(("Asia/Almaty", "Asia/Tehran", "Africa/Cairo"))}, {"country": any_.choice(("KZ", "AZ"))}))
        return "event.change", {"event": event, **what, "reason": "It is better so."}

    def compare(self, before, now):
        for uid, one in now.items():
            start, end = one["DTSTART"], one.get("DTEND")
            if end:
                self.assertEqual(start.startswith(";VALUE=DATE:"), end.startswith(";VALUE=DATE:"), uid)
                self.assertGreater(end, start, uid)
            was = before.get(uid)
            if not was:
                continue
            self.assertGreaterEqual(int(one["SEQUENCE"]), int(was["SEQUENCE"]), uid)
            self.assertGreaterEqual(one["DTSTAMP"], was["DTSTAMP"], uid)
            if any(one.get(name) != was.get(name) for name in self.SEEN):
                self.assertGreater(int(one["SEQUENCE"]), int(was["SEQUENCE"]), f"{was}\n{one}")
        gone = set(before) - set(now)
        self.assertEqual(gone, set(), "nothing vanishes that has a day")

    def test_random_histories(self):
        seed, steps = int(os.environ.get("SEED", "1")), int(os.environ.get("STEPS", "70"))
        print(f"SEED={seed} STEPS={steps}")
        any_, names = random.Random(seed), [f"E{i}" for i in range(6)]
        for name in names:
            self.propose(name, time_start="09:30", zone="Asia/Almaty")
        newest = {name: self.shown(name) for name in names}
        seen = {path: {} for path in ("/calendar.ics", "/calendar/party/AZ.ics", "/calendar/plan/2030.ics")}
        rose = accepted = 0
        for step in range(steps):
            name = any_.choice(names)
            if newest[name]["status"] in FINAL:  # a life has ended: another event begins
                names[names.index(name)] = name = f"N{step}"
                self.propose(name, time_start="09:30", zone="Asia/Almaty")
            else:
                what, data = self.change(any_, name, newest[name])
                accepted += self.office.ask(f"scheduling.{what}", data).klass == "OK"
            newest[name] = self.shown(name)
            if any_.randrange(3) == 0:
                continue  # a reader does not look each time
            for path, before in seen.items():
                now = feeds.entries(fetch(self.d, path).body)
                self.compare(before, now)
                rose += sum(1 for uid in before if before[uid]["SEQUENCE"] != now[uid]["SEQUENCE"])
                seen[path] = now
        self.assertGreater(accepted, steps // 3)
        self.assertGreater(rose, steps // 4)


if __name__ == "__main__":
    main()
