#!/usr/bin/python3
# The dashboard's page in a real Chromium: it fills, moves, says when it is stale, and everybody can use it.
# SPDX-License-Identifier: Apache-2.0
# ctest-timeout: 600
import datetime
import math
import os
import re
import socket
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
import browser as chromium
import cvwire
import dashboard
import world
from browser import Browser
from cli_env import Convene, need
from deployment import Case, main, wait_for


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def streams(deployment):
    """How many the dashboard has open."""
    return int(re.search(r"^convene_dashboard_streams (\d+)$", dashboard.fetch(deployment, "/metrics").text, re.M).group(1))


class WithBrowser(Case):
    def browser(self, *args, **kwargs):
        made = Browser(*args, **kwargs)
        self.addCleanup(made.close)
        return made

    def live(self, page, deadline=60):
        wait_for(lambda: page.mood == "live" and page.count("#seats tbody tr") + page.count("#timeline tbody tr"),
                 lambda: f"the page to be live: {page.mood} {page.text('#state')} {page.complaints()}", deadline)


class Sample(WithBrowser):
    """The main job, as it stands when it is done."""

    @classmethod
    def setUpClass(cls):
        port = free_port()
        cls.url = f"http://127.0.0.1:{port}/"
        cls.convene = Convene("--sample", "cica")
        cls.convene.flags += ["--conf", f"dashboard/http=127.0.0.1:{port}"]
        cls.convene.start()
        wait_for(lambda: "The services run" in cls.convene.said(), cls.convene.said, 240)

    @classmethod
    def tearDownClass(cls):
        cls.convene.__exit__(None, None, None)

    def test_the_main_job_fills_it(self):
        page = self.browser()
        page.go(self.url)
        self.live(page)
        events = self.convene("event", "list", "--json").json["events"]
        wait_for(lambda: page.count("#timeline tbody tr") == len(events), lambda: f"{page.count('#timeline tbody tr')} of {len(events)} events")
        wait_for(lambda: page.count("#chart svg rect") > 10, "the chart")
        rows = page.run("return Object.fromEntries([...document.querySelectorAll('#seats tbody tr')].map(r => [r.dataset.event,"
                        " [...r.querySelectorAll('td.n')].map(c => Number(c.textContent))]))")
        self.assertGreaterEqual(len(rows), 2)
        for event, numbers in rows.items():
            told = self.convene("watch", "--once", "--json").json["events"]
            seats = next(e for e in told if e["event"] == event)
            self.assertEqual(numbers[:2] + numbers[3:5], [seats["capacity"], seats["confirmed"], seats["guaranteed_held"], seats["free"]], event)
        self.assertGreater(page.count("#answers .tile"), 20)
        self.assertGreater(page.count("#feed li"), 20)
        self.assertIn("4 / 4", page.text("#now"))
        self.assertIn("moved from", page.text("#timeline"))
        self.assertEqual(page.complaints(), [])
        moved = page.run("return [...document.querySelectorAll('#timeline tr')].find(r => r.innerText.includes('moved from')).querySelector('a').href")
        page.go(moved)
        wait_for(lambda: page.mood == "live", "the event's page to be live")
        self.assertGreater(page.count("#history tbody tr"), 2)
        page.shot("event-en-light-1440")
        self.assertEqual(page.complaints(), [])

    def test_everybody_can_read_it(self):
        source = chromium.axe_source()
        page = self.browser()
        found = []
        for lang in ("en", "ru"):
            for dark in (False, True):
                page.theme(dark)
                page.size(1440)
                page.go(f"{self.url}?lang={lang}")
                self.live(page)
                self.assertEqual(page.run("return document.documentElement.lang"), lang)
                wait_for(lambda: page.count("#chart svg"), "the chart")
                if source:
                    found += [f"{lang} {'dark' if dark else 'light'}: {line}" for line in page.axe(source)]
                for width in (320, 768, 1440):
                    page.size(width)
                    over = page.run("return document.documentElement.scrollWidth - innerWidth")
                    self.assertLessEqual(over, 0, f"{lang}: the page is wider than {width} by {over}")
                    page.shot(f"main-{lang}-{'dark' if dark else 'light'}-{width}")
        self.assertEqual(found, [], "\n".join(found))
        self.assertEqual(page.complaints(), [])
        if not source:
            self.skipTest("all but axe-core held; it is not there")

    def test_words_not_codes(self):
        """In Russian no code of a record is left, in the tables of the server and in those of the script; no column is cut off at 1440 px."""
        moved = "SAMPLE-MOVE"
        for script in (False, True):
            page = self.browser(script=script)
            page.go(f"{self.url}?lang=ru")
            if script:
                self.live(page)
                self.assertEqual(page.run("return [...document.querySelectorAll('#seats .scroll')].filter(e => e.scrollWidth > e.clientWidth).length"), 0)
                self.assertGreaterEqual(page.count("#chart .key li"), 5)
                self.assertGreater(page.count("#chart rect title"), 10)
            feed = [e.text for e in page.driver.find_elements("css selector", "#feed li")]
            self.assertTrue(any("места есть не у всех" in line for line in feed), feed[:5])
            self.assertEqual([line for line in feed if "_" in line or line.endswith(("registered", "withdrawn", "waiting", "declined"))], [])
            names = [e.text for e in page.driver.find_elements("css selector", "#attention li a")]
            self.assertIn("Exercise, not a real event: a meeting that moves", names)
            # A long command is folded.
            page.driver.find_element("css selector", "#attention summary").click()
            self.assertIn("convene request scheduling.event.registration", page.driver.find_element("css selector", "#attention details[open] code").text)
            page.go(f"{self.url}event/{moved}?lang=ru")
            text = page.driver.find_element("id", "history").text
            self.assertIn("закрытие регистрации", text)
            self.assertNotIn("_ms", text)
            self.assertIn(f"/calendar/event/{moved}.ics", page.driver.find_element("css selector", "nav a[href*=calendar]").get_attribute("href"))

    def test_a_keyboard_is_enough(self):
        page = self.browser(1440, 900)
        page.go(self.url)
        self.live(page)
        page.press("\ue004")
        self.assertEqual(page.run("return document.activeElement.className"), "skip")
        page.press("\ue007")
        self.assertEqual(page.run("return document.activeElement.id"), "main")
        page.go(self.url)
        self.live(page)
        wanted = page.run("return [...document.querySelectorAll('a[href],button,select,summary,[tabindex=\"0\"]')].filter(e => e.offsetParent !== null || e.className === 'skip').length")
        seen, hidden, bare = set(), [], []
        for _ in range(wanted + 5):
            page.press("\ue004")
            here = page.run("""const e = document.activeElement; if (e === document.body) return null;
                e.dataset.seen ??= Math.random().toString(36); const r = e.getBoundingClientRect();
                const bar = document.querySelector('.bar').getBoundingClientRect(); const outline = getComputedStyle(e);
                const inBar = e.closest('.bar,header,.skip') !== null;
                return {id: e.dataset.seen, what: e.outerHTML.slice(0, 120), covered: !inBar && r.bottom <= bar.bottom && bar.top <= 0 && r.top >= 0,
                        ring: outline.outlineStyle !== 'none' && parseFloat(outline.outlineWidth) >= 2}""")
            if here is None:
                break
            seen.add(here["id"])
            if here["covered"]:
                hidden.append(here["what"])
            if not here["ring"]:
                bare.append(here["what"])
        self.assertGreaterEqual(len(seen), wanted - 2)
        self.assertEqual((hidden, bare), ([], []))

    def test_filters_are_in_the_address(self):
        page = self.browser()
        page.go(f"{self.url}?year=2026&lang=en")
        self.live(page)
        shown = page.run("return [...document.querySelectorAll('#timeline tbody tr')].length")
        events = [e for e in self.convene("event", "list", "--json").json["events"] if e["plan_year"] == 2026]
        self.assertEqual(shown, len(events))
        self.assertEqual(page.run("return document.getElementById('f-year').value"), "2026")
        # Progress is of what is shown, in the tables of both kinds.
        totals = page.run("return [...document.querySelectorAll('#progress table')].map(t => [...t.querySelectorAll('tbody tr')]"
                          ".map(r => [...r.querySelectorAll('td.n')].map(c => Number(c.textContent))))")
        for rows in totals:
            self.assertEqual({row[0] for row in rows}, {2026})
            self.assertEqual(sum(row[-1] for row in rows), len(events))

    def test_filters_hold_for_tiles_and_feed(self):
        events = {e["event"]: e for e in self.convene("event", "list", "--json").json["events"]}
        page = self.browser()
        page.go(f"{self.url}?lang=en")
        self.live(page)
        of = "return [...document.querySelectorAll('#feed li')].map(li => li.innerText)"
        everything = page.run(of)
        chosen = next(e["dimension"] for e in events.values() if e.get("dimension") and any(e["event"] in line for line in everything))
        inside = {e for e, event in events.items() if event.get("dimension") == chosen}
        # From the server, before any script, and as the script keeps it.
        for script in (False, True):
            page = self.browser(script=script)
            page.go(f"{self.url}?lang=en&dimension={chosen}")
            if script:
                self.live(page)
            lines = [e.text for e in page.driver.find_elements("css selector", "#feed li")]
            self.assertGreater(len(lines), 0)
            self.assertLess(len(lines), len(everything))
            for line in lines:
                self.assertTrue(any(event in line for event in inside), line)
            rows = page.driver.find_elements("css selector", "#seats tbody th a")
            self.assertTrue({a.get_attribute("href").split("/event/")[1].split("?")[0] for a in rows} <= inside)
            tiles = sum(int(n) for e in page.driver.find_elements("css selector", "#answers .tile") for n in re.findall(r": (\d+)", e.text))
            with_seats = [e for e in inside if events[e].get("status") in ("open", "closed")]
            self.assertEqual(bool(tiles), bool(with_seats))
        # Another language is another address, and the filters stay.
        page.driver.find_element("css selector", "a.lang[lang=ru]").click()
        self.live(page)
        self.assertEqual(page.run("return [document.documentElement.lang, document.getElementById('f-dimension').value]"), ["ru", chosen])

    def test_on_paper(self):
        page = self.browser(dark=True)
        page.go(f"{self.url}?lang=en&year=2026")
        self.live(page)
        wait_for(lambda: page.count("#chart svg"), "the chart")
        text, pages = page.paper("main")
        for words in ("Year: 2026", "Data as of", "Seats", "Answers by party", "Hash of what is shown"):
            self.assertIn(words, text)
        for words in ("Pause", "Skip to", "Apply", "Русский"):
            self.assertNotIn(words, text)
        self.assertLessEqual(pages, 12)
        # Nothing is cut off at the edge: a page is as wide as what stands on it.
        self.assertEqual(page.printed("[...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('svg'))"
                                      ".map(e => e.outerHTML.slice(0, 80))"), [])

    def test_without_a_script(self):
        page = self.browser(script=False)
        page.go(self.url)
        text = page.driver.find_element("tag name", "body").text
        self.assertIn("does not update by itself", text)
        for words in ("4 / 4", "Baku", "moved from", "Kazakhstan"):
            self.assertIn(words, text)
        self.assertGreater(len(page.driver.find_elements("css selector", "#timeline tbody tr")), 30)


class Live(WithBrowser):
    def setUp(self):
        self.d = self.deployment("ipc")
        dashboard.add_dashboard(self.d)
        dashboard.keep_port(self.d)
        self.office = self.d.publisher("office")
        world.put_parties(self.office)
        world.open_event(self.d, self.office, "E1", world.rules(500, maximum=400))
        self.url = dashboard.url(self.d)

    def confirmed(self, page):
        return page.run("return Number(document.querySelector('#seats tr[data-event=E1]')?.querySelectorAll('td.n')[1].textContent ?? -1)")

    def test_a_registration_shows(self):
        """From the time in the record, which is before its commit, until the page's own tree has the number or a later one.
        CONVENE_SHOWN=1000 for a number to report; then p99 has to be within 250 ms, otherwise the median."""
        n_max = int(os.environ.get("CONVENE_SHOWN", "60"))
        world.open_event(self.d, self.office, "E2", world.rules(n_max + 10, maximum=n_max + 10))
        page = self.browser()
        page.go(self.url)
        self.live(page)
        page.run("""window.seen = {}; new MutationObserver(() => { const n = document.querySelector('#seats tr[data-event=E2]')
            ?.querySelectorAll('td.n')[1].textContent; if (n !== undefined) window.seen[n] ??= Date.now(); })
            .observe(document.getElementById('seats'), {subtree: true, childList: true, characterData: true})""")
        wait_for(lambda: page.count("#seats tr[data-event=E2]"), "the event to be shown")
        begun = time.monotonic()
        for n in range(n_max):
            world.decide(self.office, "registration.register", world.delegation("E2", "KZ", 1) if n == 0 else
                         {"event": "E2", "party": "KZ", "persons": [{"name": f"Person {n + 1}", "capacity": "delegate"}]})
            while time.monotonic() < begun + (n + 1) / 20:
                time.sleep(0.002)
        wait_for(lambda: page.run("return window.seen[arguments[0]] ?? 0", str(n_max)), "the last to be shown")
        seen = {int(n): at for n, at in page.run("return window.seen").items()}
        records = [cvwire.unpack(r) for r in self.d.log("registration", "mirror").stream("registration.events")[0]]
        decided = [r for r in records if r["type"] == "convene.registration.decided.v1" and r["data"]["event"] == "E2"]
        self.assertEqual(len(decided), n_max)
        took = sorted(min(at for n, at in seen.items() if n >= i + 1) - datetime.datetime.fromisoformat(r["time"].replace("Z", "+00:00")).timestamp() * 1000
                      for i, r in enumerate(decided))
        p50, p99 = statistics.median(took), took[math.ceil(0.99 * n_max) - 1]
        print(f"{n_max} registrations, from the record's time to the page: p50 {p50:.0f} ms, p99 {p99:.0f} ms, max {took[-1]:.0f} ms")
        self.assertGreaterEqual(took[0], 0, "one clock")
        self.assertLessEqual(p99 if n_max >= 500 else p50, 250)
        self.assertEqual(page.complaints(), [])

    def test_it_says_so_and_recovers(self):
        page = self.browser()
        page.go(self.url)
        self.live(page)
        wait_for(lambda: self.confirmed(page) == 0, "the event")
        page.run("window.loaded = 'once'")
        for kill in (self.d.dashboard.kill, self.d.dashboard.stop):
            kill()
            wait_for(lambda: page.mood == "stale" and "Not connected" in page.text("#state"), "it says that it is stale", 15)
            before = self.confirmed(page)
            world.decide(self.office, "registration.register",
                         world.delegation("E1", "KZ", 1) if before == 0 else {"event": "E1", "party": "KZ", "persons": [{"name": "B", "capacity": "delegate"}]})
            self.d.dashboard.start()
            wait_for(lambda: page.mood == "live" and self.confirmed(page) == before + 1, lambda: f"{page.mood} {self.confirmed(page)}")
        for name in ("registration", "scheduling", "notifications"):
            self.d.services[name].kill()
            wait_for(lambda name=name: f"Service: {name}" in page.text("#attention"), lambda: page.text("#attention"))
            self.d.services[name].start()
            wait_for(lambda name=name: f"Service: {name}" not in page.text("#attention") and "4 / 4" in page.text("#now"), lambda: page.text("#attention"))
        self.assertEqual(page.run("return window.loaded"), "once", "the page was not loaded again")

    def test_silence_and_work(self):
        """What the sample has none of: a silence procedure that runs out, plans of work with progress, and what is late."""
        world.decide(self.office, "scheduling.decision.open", {"decision": "2030-D-1", "subject": "document", "title": "A text <b>with</b> marks",
                                                               "text": "The text.", "expires_ms": cvwire.now_ms() + 26 * world.HOUR})
        world.decide(self.office, "scheduling.workplan.put", {"code": "ROAD", "name": "The Road Map"})
        for item, state, progress, due in (("A", "done", 100, "2025-01-31"), ("B", "under_way", 40, "2030-06"), ("C", "dropped", 0, "2025-02"),
                                           ("D", "planned", 0, "2020-01-31")):
            world.decide(self.office, "scheduling.workitem.put", {"plan": "ROAD", "item": item, "title": f"Item {item}", "state": state,
                                                                  "progress": progress, "due": due, "party": "KZ"})
        wait_for(lambda: len(dashboard.kind(self.d, "workitem")) == 4 and "2030-D-1" in dashboard.kind(self.d, "decision"), "all of it")
        source, found = chromium.axe_source(), []
        for script in (False, True):
            page = self.browser(script=script)
            page.go(f"{self.url}?lang=en")
            if script:
                self.live(page)
            text = {name: page.driver.find_element("id", name).text for name in ("silence", "work", "attention")}
            for name, words in (("silence", ("2030-D-1", "A text <b>with</b> marks", "1 d 1 h")), ("attention", ("silence ends in 25 h", "decision show 2030-D-1")),
                                ("work", ("The Road Map: done 1 / 3", "ROAD/B", "40 %", "under way", "2030-06", "dropped"))):
                for word in words:
                    self.assertIn(word, text[name], script)
            for dark in (False, True) if script and source else ():
                page.theme(dark)
                found += page.axe(source)
        # It goes on by itself: an objection ends it, an item is done.
        world.decide(self.d.publisher("kz"), "scheduling.decision.state", {"decision": "2030-D-1", "party": "KZ", "kind": "objection", "text": "No."})
        world.decide(self.office, "scheduling.workitem.put", {"plan": "ROAD", "item": "B", "title": "Item B", "state": "done", "progress": 100})
        wait_for(lambda: "No silence procedure" in page.text("#silence") and "done 2 / 3" in page.text("#work"), lambda: page.text("#silence") + page.text("#work"))
        self.assertIn("silence is broken", page.text("#feed"))
        self.assertEqual((found, page.complaints()), ([], []))

    def test_a_programme_that_is_broken(self):
        """By the script as by the server; and it goes when it is mended."""
        hall = {"venue": "HALL", "room": "A"}
        world.decide(self.office, "scheduling.venue.put", {"code": "HALL", "name": "Hall", "city": "Baku", "country": "AZ", "zone": "Asia/Baku"})
        world.make_event(self.office, "CONF", date="2031-05-14")
        for closed in (False, True):
            world.decide(self.office, "scheduling.room.put", {**hall, "name": "Hall A", "seats": 40, "closed": closed})
            if not closed:
                world.decide(self.office, "scheduling.session.put", {"event": "CONF", "session": "S1", "title": "Talks", "kind": "parallel", "minutes": 60,
                                                                     "start": "2031-05-14T10:00", **hall})
        wait_for(lambda: "CONF" in dashboard.kind(self.d, "conflict"), "the conflict")
        for lang, words in (("en", "the room of S1 cannot be used then"), ("ru", "зал для S1 в это время недоступен")):
            for script in (False, True):
                page = self.browser(script=script)
                page.go(f"{self.url}?lang={lang}")
                if script:
                    self.live(page)
                line = wait_for(lambda: [e.text for e in page.driver.find_elements("css selector", "#attention li") if words in e.text], lambda: page.driver.find_element("id", "attention").text)
                self.assertIn("Meeting CONF", line[0], "an event is called by its title")
                self.assertIn("convene place programme CONF", line[0])
        world.decide(self.office, "scheduling.room.put", {**hall, "name": "Hall A", "seats": 40})
        wait_for(lambda: words not in page.text("#attention"), lambda: page.text("#attention"))
        self.assertEqual(page.complaints(), [])

    def test_tabs_share_one_stream(self):
        page = self.browser()
        for _ in range(3):
            page.driver.switch_to.new_window("tab")
            page.go(self.url)
            self.live(page)
        self.assertEqual(streams(self.d), 1)

    def test_pause(self):
        page = self.browser()
        page.go(self.url)
        self.live(page)
        wait_for(lambda: self.confirmed(page) == 0, "the event")
        page.run("document.getElementById('pause').click()")
        stream = dashboard.Stream(self.d)
        world.decide(self.office, "registration.register", world.delegation("E1", "KZ", 2))
        stream.until(lambda: stream.kinds.get("seats", {}).get("E1", {}).get("confirmed") == 2, "told")
        stream.close()
        self.assertEqual((self.confirmed(page), page.mood), (0, "paused"))
        page.run("document.getElementById('pause').click()")
        wait_for(lambda: self.confirmed(page) == 2 and page.mood == "live", "what was missed")
        # Paused over another start of the service: what is taken up then is its snapshot and what came after.
        page.run("document.getElementById('pause').click()")
        self.d.dashboard.kill()
        world.decide(self.office, "registration.register", world.delegation("E1", "AZ", 3))
        self.d.dashboard.start()
        stream = dashboard.Stream(self.d)
        stream.until(lambda: stream.kinds.get("seats", {}).get("E1", {}).get("confirmed") == 5, "told")
        world.decide(self.office, "registration.register", world.delegation("E1", "TR", 4))
        stream.until(lambda: stream.kinds["seats"]["E1"]["confirmed"] == 9, "told again")
        stream.close()
        self.assertEqual((self.confirmed(page), page.mood), (2, "paused"))
        wait_for(lambda: streams(self.d) == 1, "the page to be connected again")
        page.run("document.getElementById('pause').click()")
        wait_for(lambda: self.confirmed(page) == 9 and page.mood == "live", lambda: f"what was missed: {self.confirmed(page)} {page.mood}")


if __name__ == "__main__":
    need("convene", "convene-registration", "convene-scheduling", "convene-notifications", "convene-dashboard", "convene-example-publisher")
    chromium.need_browser()
    main()
