#!/usr/bin/python3
# The dashboard shows what the services say: the same numbers, at once, after every loss, and nothing that is not public.
# SPDX-License-Identifier: Apache-2.0
import os
import random
import shlex
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import dashboard
import world
from clients import seed_of
from dashboard import Stream, fetch, kind
from deployment import Case, main, wait_for

SHOWN = ("capacity", "confirmed", "waiting", "online", "free", "guaranteed_held", "registered", "declined", "version", "status", "opens_ms", "closes_ms")


class WithDashboard(Case):
    transport = "ipc"

    def setUp(self):
        self.d = dashboard.add_dashboard(self.deployment(self.transport))
        self.office = self.d.publisher("office")
        world.put_parties(self.office)

    def same_as_registration(self):
        """What is served is what registration answers, event by event and party by party."""
        self.d.wait_settled()

        def differences():
            found, shown, answers = [], kind(self.d, "seats"), kind(self.d, "answer")
            for message in self.d.log("registration").query("events"):
                seats = message["data"]
                if not seats["capacity"]:
                    continue
                mine = shown.get(seats["event"], {})
                found += [(seats["event"], name, mine.get(name), seats.get(name)) for name in SHOWN if mine.get(name) != seats.get(name)]
                found += [(seats["event"], name, mine.get(name), seats.get(name, 0)) for name in ("pending", "offered") if mine.get(name) != seats.get(name, 0)]
                for message in self.d.log("registration").query("delegations", seats["event"]):
                    one = message["data"]
                    mine_too = answers.get(f"{one['event']}/{one['party']}", {})
                    found += [(one["event"], one["party"], name, mine_too.get(name), one.get(name, 0))
                              for name in ("answer", "confirmed", "waiting", "online", "withdrawn", "pending", "offered") if mine_too.get(name) != one.get(name, 0)]
            return found
        wait_for(lambda: not differences(), lambda: f"the same numbers: {differences()[:8]}")


class Shows(WithDashboard):
    def some_requests(self, random_, n):
        """Whatever comes: accepted or not, the numbers must be the same after it."""
        for _ in range(n):
            event, party = random_.choice(("E1", "E2", "E3")), random_.choice(("KZ", "AZ", "TR", "UZ", "BY", "OSCE"))
            what = random_.randrange(10)
            if what < 5:
                data = world.delegation(event, party, random_.randrange(1, 4))
                for person in data["persons"][1:]:
                    if random_.random() < 0.3:
                        person["attendance"] = "online"
                if random_.random() < 0.4:
                    data["persons"] = data["persons"][1:] or data["persons"]
                self.office.ask("registration.register", data)
            elif what < 8:
                self.office.ask("registration.withdraw", {"event": event, "party": party, "persons": [random_.randrange(1, 4)]})
            elif what < 9:
                self.office.ask("registration.decline", {"event": event, "party": party})
            else:
                self.office.ask("scheduling.event.registration", {"event": event, **world.rules(random_.randrange(12, 30), guaranteed=random_.randrange(0, 3), maximum=6, waiting="strict")})

    def test_numbers_are_registrations(self):
        random_ = random.Random(seed_of())
        world.open_event(self.d, self.office, "E1", world.rules(12, guaranteed=1, maximum=4, waiting="strict"))
        world.open_event(self.d, self.office, "E2", world.rules(14, guaranteed=2, maximum=3, waiting="best_fill", quotas=[{"party": "KZ", "guaranteed": 3, "maximum": 5}]))
        world.open_event(self.d, self.office, "E3", world.rules(20, maximum=4, audience=["member"]))
        self.same_as_registration()
        for _ in range(6):
            self.some_requests(random_, 25)
            self.same_as_registration()
        self.assertGreater(sum(s["confirmed"] for s in kind(self.d, "seats").values()), 10)
        # Killed and started again it is the same, and goes on.
        before = fetch(self.d, "/api/answer").json
        self.d.dashboard.kill()
        self.some_requests(random_, 10)
        self.d.dashboard.start()
        self.same_as_registration()
        self.assertNotEqual(fetch(self.d, "/api/answer").json, before)
        # Without its file it is made anew from the streams, to the letter but for what was counted of the feed.
        view = {name: kind(self.d, name) for name in ("seats", "answer", "event", "party", "notice")}
        self.d.dashboard.stop()
        for ending in ("", "-wal", "-shm"):
            if os.path.exists(self.d.database("dashboard") + ending):
                os.remove(self.d.database("dashboard") + ending)
        self.d.dashboard.start()
        self.same_as_registration()
        wait_for(lambda: {name: kind(self.d, name) for name in view} == view, "the same view")

    def test_killed_while_it_follows(self):
        random_ = random.Random(seed_of())
        world.open_event(self.d, self.office, "E1", world.rules(40, guaranteed=1, maximum=20, waiting="strict"))
        for event in ("E2", "E3"):
            world.open_event(self.d, self.office, event, world.rules(12, maximum=4, waiting="strict"))
        for _ in range(6):
            self.some_requests(random_, 8)
            self.d.dashboard.kill()
            self.some_requests(random_, 4)
            self.d.dashboard.start(ready=random_.random() < 0.5)
        self.d.dashboard.wait_ready()
        self.same_as_registration()

    def test_steps_with_approval_and_offers(self):
        world.open_event(self.d, self.office, "E1", world.rules(12, maximum=3, waiting="strict", approval="secretariat"))
        world.open_event(self.d, self.office, "E2", world.rules(6, maximum=6, waiting="strict", offer_ms=3600000))
        world.decide(self.office, "registration.register", world.delegation("E1", "KZ", 3))
        self.same_as_registration()
        self.assertEqual(kind(self.d, "seats")["E1"]["pending"], 3)
        world.decide(self.office, "registration.review", {"event": "E1", "party": "KZ", "persons": [1, 2], "verdict": "approve"})
        self.same_as_registration()
        world.decide(self.office, "registration.register", world.delegation("E2", "KZ", 6))
        world.decide(self.office, "registration.register", world.delegation("E2", "AZ", 2))
        world.decide(self.office, "registration.withdraw", {"event": "E2", "party": "KZ", "persons": [5]})
        self.same_as_registration()
        self.assertEqual(kind(self.d, "seats")["E2"]["offered"], 1)

    def test_the_command_beside_it_helps(self):
        """What the list of needs says of a full event is sent as it stands, and then nobody waits."""
        world.open_event(self.d, self.office, "E1", world.rules(4, guaranteed=0, maximum=4, waiting="strict", audience=["member"],
                                                                quotas=[{"party": "KZ", "guaranteed": 1, "maximum": 3}], assumption="A room (not 5)"))
        for party in ("TR", "AZ"):
            world.decide(self.office, "registration.register", world.delegation("E1", party, 3))
        full = lambda: next((n for n in kind(self.d, "attention").get("all", []) if n["what"] == "full"), None)
        need = wait_for(full, "the event is full")
        self.assertEqual((need["event"], need["n"]), ("E1", 3))
        before = kind(self.d, "event")["E1"]["registration"]
        flags = [f for key, value in self.d.settings.items() for f in ("--conf", f"{key}={value}")]
        command, *words = shlex.split(need["command"])
        self.assertEqual(command, "convene")
        done = subprocess.run([os.path.join(self.d.bin, command), *words, *flags], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        wait_for(lambda: full() is None and kind(self.d, "seats")["E1"]["waiting"] == 0, lambda: f"nobody waits: {kind(self.d, 'seats')}")
        self.assertEqual(kind(self.d, "event")["E1"]["registration"], before | {"capacity": before["capacity"] + 3})

    def test_streams_resume(self):
        world.open_event(self.d, self.office, "E1", world.rules(60, maximum=50))
        one = Stream(self.d)
        one.until(lambda: "E1" in one.kinds.get("seats", {}), "the event")
        one.close()
        world.decide(self.office, "registration.register", world.delegation("E1", "KZ", 5))
        wait_for(lambda: kind(self.d, "seats").get("E1", {}).get("confirmed") == 5, "shown")
        two = Stream(self.d, one.last)
        two.kinds = one.kinds
        two.until(lambda: two.kinds["seats"]["E1"]["confirmed"] == 5, "what was missed")
        self.assertNotIn("snapshot", two.events)
        three = Stream(self.d, "0123456789abcdef-7")
        three.until(lambda: three.kinds, "another start's id")
        self.assertIn("snapshot", three.events)
        for stream in (two, three):
            stream.close()

    def test_told_while_more_comes(self):
        """News does not wait for the end of news: while registrations come one upon the other, what is shown follows them."""
        world.open_event(self.d, self.office, "E1", world.rules(5000, maximum=5000))
        stream = Stream(self.d)
        self.addCleanup(stream.close)
        stream.until(lambda: "E1" in stream.kinds.get("seats", {}), "the event")
        decided, done = [1], threading.Event()

        def go_on():
            publisher = self.d.publisher("second")
            while not done.is_set():
                world.decide(publisher, "registration.register",
                             {"event": "E1", "party": "KZ", "persons": [{"name": f"P {len(decided)}", "capacity": "delegate"}]})
                decided.append(len(decided) + 1)
        world.decide(self.office, "registration.register", world.delegation("E1", "KZ", 1))
        more = threading.Thread(target=go_on)
        more.start()
        try:
            for _ in range(10):
                now = len(decided) + 5
                stream.until(lambda now=now: stream.kinds["seats"]["E1"]["confirmed"] >= now, f"{now} while more come", 10)
        finally:
            done.set()
            more.join()

    def test_a_service_that_is_gone_is_said(self):
        wait_for(lambda: kind(self.d, "now").get("all", {}).get("services_up") == 4, "all have said how they are")
        self.d.registration.kill()
        wait_for(lambda: [n for n in kind(self.d, "attention").get("all", []) if n["what"] == "service" and n["about"] == "registration"], "it is said")
        self.assertEqual(fetch(self.d, "/health").status, 200, "the dashboard itself is well")
        self.assertIn('convene_up{service="registration"} 0', fetch(self.d, "/metrics").text)
        self.d.registration.start()
        wait_for(lambda: kind(self.d, "now")["all"]["services_up"] == 4, "it is back")

    def test_a_restored_service_is_followed_anew(self):
        world.open_event(self.d, self.office, "E1", world.rules(20, maximum=10))
        world.decide(self.office, "registration.register", world.delegation("E1", "KZ", 2))
        copy = os.path.join(self.d.root, "copy.db")
        self.d.log("registration", "ops").query("backup", copy)
        world.decide(self.office, "registration.register", world.delegation("E1", "AZ", 3))
        self.same_as_registration()
        self.d.registration.stop()
        done = self.d.registration.run("--restore", copy)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.d.registration.start()
        wait_for(lambda: kind(self.d, "seats").get("E1", {}).get("confirmed") == 2, lambda: f"the restored numbers: {kind(self.d, 'seats')}")
        self.same_as_registration()

    def test_data(self):
        world.open_event(self.d, self.office, "E1", world.rules(20, maximum=10))
        wait_for(lambda: "E1" in kind(self.d, "seats"), "the event")
        view = fetch(self.d, "/api/view")
        self.assertEqual((view.status, view.json["schema"]), (200, "convene.dashboard.view.v1"))
        one = fetch(self.d, "/api/event/E1")
        self.assertEqual(one.json["event"], view.json["kinds"]["event"]["E1"])
        told = self.d.log("scheduling").query("event", "E1")[0]["data"]
        self.assertEqual({k: v for k, v in one.json["event"].items() if k not in ("at", "history", "moved")}, told)
        self.assertEqual([h["version"] for h in one.json["event"]["history"]], list(range(1, told["version"] + 1)))
        wait_for(lambda: fetch(self.d, "/calendar.ics").status == 200, "the calendars")
        for path in ("/api/nothing", "/api/event/E9", "/api/persons", "/event/E9", "/calendar/body/X.ics", "/calendarx", "/calendar", "/app.j"):
            self.assertEqual(fetch(self.d, path).status, 404, path)
        self.assertEqual(fetch(self.d, "/api/").status, 400)
        for path in ("/", "/event/E1", "/api/view", "/calendar.ics", "/metrics", "/health", "/app.js", "/style.css", "/live.js"):
            answer, head = fetch(self.d, path), fetch(self.d, path, "HEAD")
            self.assertEqual((answer.status, head.status, head.body), (200, 200, b""), path)
            self.assertEqual(head.headers["Content-Type"], answer.headers["Content-Type"])
            for name, value in (("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"), ("X-Frame-Options", "DENY")):
                self.assertEqual(answer.headers[name], value, path)
            self.assertIn("default-src 'none'", answer.headers["Content-Security-Policy"])
            self.assertNotIn("unsafe", answer.headers["Content-Security-Policy"])
            if answer.headers["ETag"] and path != "/api/view":
                etag = answer.headers["ETag"]
                bare = etag.removeprefix("W/")
                for sent in (etag, bare, f"W/{bare}", f'"other", {etag}', "*"):
                    again = fetch(self.d, path, If_None_Match=sent)
                    self.assertEqual((again.status, again.body), (304, b""), (path, sent))
                self.assertEqual(fetch(self.d, path, If_None_Match='"other"').status, 200, path)

    def test_the_programme_of_an_event(self):
        world.decide(self.office, "scheduling.venue.put", {"code": "HALL", "name": "Hall", "city": "Baku", "country": "AZ", "zone": "Asia/Baku"})
        world.decide(self.office, "scheduling.room.put", {"venue": "HALL", "room": "A", "name": "The large <hall>", "seats": 100})
        world.make_event(self.office, "DAY", date="2030-05-14")
        self.assertIn("No programme is public", fetch(self.d, "/event/DAY").text)
        later = {"event": "DAY", "session": "S2", "title": "Second", "kind": "plenary", "minutes": 60, "start": "2030-05-14T11:00", "venue": "HALL", "room": "A",
                 "chair": {"person": "SOMEBODY-1", "party": "KZ"}}
        world.decide(self.office, "scheduling.session.put", later)
        world.decide(self.office, "scheduling.session.put", later | {"session": "S1", "title": "First & foremost", "kind": "opening", "start": "2030-05-14T09:30"})
        world.decide(self.office, "scheduling.session.put", {"event": "DAY", "session": "S0", "title": "When it suits", "kind": "parallel", "minutes": 30})
        wait_for(lambda: len(kind(self.d, "session")) == 3, "the sessions")
        page = fetch(self.d, "/event/DAY?lang=en").text
        programme = page[page.index('id="programme"'):page.index('id="history"')]
        self.assertLess(programme.index("First &amp; foremost"), programme.index("Second"))
        self.assertLess(programme.index("Second"), programme.index("When it suits"))
        for words in ("2030-05-14 09:30", 'datetime="2030-05-14T05:30:00.000Z"', "The large &lt;hall&gt;", "opening", "not placed yet", "Not released yet"):
            self.assertIn(words, programme)
        world.decide(self.office, "scheduling.session.cancel", {"event": "DAY", "session": "S0", "reason": "Not needed"})
        world.decide(self.office, "scheduling.release.put", {"release": "R1", "event": "DAY"})
        wait_for(lambda: "DAY/R1" in kind(self.d, "release"), "the release")
        page = fetch(self.d, "/event/DAY?lang=ru").text
        for words in ("Выпущено: R1", "отменено", "Not needed", "открытие"):
            self.assertIn(words, page)
        self.assertNotIn("SOMEBODY-1", page + fetch(self.d, "/api/view").text)
        shown = {name: kind(self.d, name) for name in ("session", "room", "release")}
        self.assertTrue(all(shown.values()), shown)
        self.d.dashboard.kill()
        self.d.dashboard.start()
        wait_for(lambda: {name: kind(self.d, name) for name in shown} == shown, "the same programme after a restart")

    def test_text_is_never_markup(self):
        world.decide(self.office, "scheduling.event.propose", {"event": "X1", "title": "<script>alert(1)</script> & \"'</script>", "plan_year": 2030,
                                                               "line": "cbm", "date_start": "2030-05-14", "city": "<b>City</b>"})
        world.decide(self.office, "scheduling.party.put", {"code": "XX", "kind": "guest", "name": "</script><img src=x>"})
        wait_for(lambda: "X1" in kind(self.d, "event") and "XX" in kind(self.d, "party"), "the event")
        for path in ("/", "/event/X1", "/?lang=ru", "/?party=%22%3E%3Cscript%3E", "/event/%3Cscript%3E"):
            text = fetch(self.d, path).text
            self.assertNotIn("<script>", text, path)
            self.assertNotIn("<b>City", text)
            self.assertNotIn("<img", text)

    def test_nothing_that_is_not_public(self):
        world.open_event(self.d, self.office, "E1", world.rules(20, maximum=10))
        world.decide(self.office, "registration.register", world.delegation("E1", "KZ", 3))
        wait_for(lambda: kind(self.d, "seats").get("E1", {}).get("confirmed") == 3, "shown")
        self.d.wait_settled()
        with open(self.d.database("dashboard"), "rb") as file:
            everything = file.read()
        for ending in ("-wal",):
            if os.path.exists(self.d.database("dashboard") + ending):
                with open(self.d.database("dashboard") + ending, "rb") as file:
                    everything += file.read()
        wait_for(lambda: fetch(self.d, "/calendar.ics").status == 200, "the calendars")
        for path in ("/", "/event/E1", "/api/view", "/calendar.ics", "/metrics", "/calendar/party/KZ.ics"):
            everything += fetch(self.d, path).body
        for private in (b"KZ person", b"desk@", b"Desk of"):
            self.assertNotIn(private, everything)


class Keys(WithDashboard):
    transport = "tcp"

    def test_an_observers_key_is_enough(self):
        world.open_event(self.d, self.office, "E1", world.rules(20, maximum=10))
        world.decide(self.office, "registration.register", world.delegation("E1", "KZ", 3))
        wait_for(lambda: kind(self.d, "seats").get("E1", {}).get("confirmed") == 3, "shown")
        self.same_as_registration()
        self.assertEqual(self.d.status("dashboard")["follows"][0]["state"], "live")


class Starting(Case):
    def test_settings_that_are_wrong(self):
        d = self.deployment("ipc", start=False)
        dashboard.add_dashboard(d, start=False)
        for http, says in (("nowhere", "127.0.0.1:24180"), ("localhost:1", "numeric"), ("127.0.0.1:99999", "numeric"), ("203.0.113.1:1", "cannot listen")):
            done = d.dashboard.run("--set", f"dashboard/http={http}")
            self.assertEqual(done.returncode, 2, done.stdout)
            self.assertIn(says, done.stdout)
        dashboard.add_dashboard(d, start=False)
        d.start()
        d.dashboard.start()
        place = dashboard.url(d).split("//")[1].strip("/")
        other = d.dashboard.run("--set", f"dashboard/http={place}", "--set", f"data={d.root}/other", "--set", f"dashboard/endpoint=ipc://{d.root}/other")
        self.assertEqual(other.returncode, 3, other.stdout)
        self.assertIn("Address already in use", other.stdout)

    def test_without_a_page_it_follows(self):
        d = self.deployment("ipc")
        dashboard.add_dashboard(d, start=False, **{"dashboard/http": "none"})
        d.dashboard.start()
        world.put_parties(d.publisher("office"))
        d.wait_settled()
        self.assertNotIn("http_ready", d.dashboard.log())


if __name__ == "__main__":
    main()
