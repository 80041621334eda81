#!/usr/bin/python3
# Feeds as programs that are not ours read them: three readers find the same in them, and one that subscribes keeps up with what happens.
# SPDX-License-Identifier: Apache-2.0
# ctest-timeout: 300
import datetime
import json
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import dashboard
import feeds
import world
from dashboard import fetch, kind
from deployment import Case, main, wait_for

READERS = pathlib.Path(__file__).resolve().parent / "readers"
ICAL_JS = "2.2.1"
NODE = pathlib.Path(os.environ.get("CONVENE_BIN", "build/bin")).resolve().parent / "node-ical"
NAMES = {"LONG-RU": "Совещание Специальной рабочей группы по мерам доверия, взаимодействию и сотрудничеству; часть 1 \\ 2",
         "LONG-AR": "اجتماع كبار المسؤولين لمؤتمر التفاعل وتدابير بناء الثقة في آسيا، الدورة العادية الثانية",
         "LONG-ZH": "亚洲相互协作与信任措施会议高官委员会关于信任措施年度执行计划及数字转型的专题会议，第二次会议",
         "LONG-MIX": "Семинар 亚洲 مؤتمر \U0001f30f workshop: \"a, b; c\" " * 2, "COLON": "BEGIN:VEVENT", "FOLD": "x" * 60 + "é" * 60}


class WithEvents(Case):
    def setUp(self):
        self.d = dashboard.add_dashboard(self.deployment("ipc"))
        self.office = self.d.publisher("office")
        world.put_parties(self.office)
        self.decide("venue.put", code="HALL", name="Дворец мира и согласия, большой зал", city="Алматы", country="KZ", zone="Asia/Almaty")
        self.decide("room.put", venue="HALL", room="A", name="会议厅 А", seats=100)
        for event, title in NAMES.items():
            self.make(event, title=title.strip())
        self.make("DAY", title="A conference", date_end="2030-05-15")
        self.make("HOUR", title="A meeting", time_start="09:30", zone="Asia/Almaty", city="Алматы", country="KZ")
        self.make("LATER", title="It will be postponed")
        self.make("OFF", title="It will be cancelled")
        for session, start in (("S1", "2030-05-14T09:30"), ("S2", "2030-05-14T11:30")):
            self.decide("session.put", event="DAY", session=session, title=f"Сессия {session}", kind="parallel", minutes=90, venue="HALL", room="A", start=start)
        wait_for(lambda: fetch(self.d, "/calendar.ics").status == 200, "the calendars")
        self.settle()

    def decide(self, what, **data):
        return world.decide(self.office, f"scheduling.{what}", data)

    def make(self, event, **more):
        self.decide("event.propose", **{"event": event, "plan_year": 2030, "line": "cbm", "proposer": "AZ", "date_start": "2030-05-14", **more})
        for to in ("circulated", "adopted", "scheduled"):
            self.decide("event.advance", event=event, to=to)

    def settle(self):
        """Until the page has heard of all that was decided."""
        told = {m["data"]["event"]: m["data"]["version"] for m in self.d.log("scheduling").query("events")}
        sat = {f"{m['data']['event']}/{m['data']['session']}": m["data"]["version"] for m in self.d.log("scheduling").query("programme", "DAY")}
        wait_for(lambda: {k: v["version"] for k, v in kind(self.d, "event").items()} == told and {k: v["version"] for k, v in kind(self.d, "session").items()} == sat, "all of it")


def run(command, body):
    done = subprocess.run(command, input=body, capture_output=True, timeout=60)
    assert done.returncode == 0, (command, done.stderr.decode(errors="replace")[-2000:])
    return json.loads(done.stdout)


def by_python(body, method=True):
    import icalendar  # pylint: disable=import-outside-toplevel

    def at(entry, name):
        if name not in entry:
            return None
        time = entry[name].dt
        return time.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(time, datetime.datetime) else time.isoformat()

    def text(entry, name):
        return str(entry[name]) if name in entry else None
    calendar = icalendar.Calendar.from_ical(body)
    return {"method": str(calendar["METHOD"]) if method else "", "entries": [
        {"uid": text(e, "UID"), "sequence": int(e["SEQUENCE"]), "summary": text(e, "SUMMARY"), "location": text(e, "LOCATION"), "status": text(e, "STATUS"),
         "start": at(e, "DTSTART"), "end": at(e, "DTEND"), "stamp": at(e, "DTSTAMP"), "related": text(e, "RELATED-TO")} for e in calendar.walk("VEVENT")]}


def ical_js():
    """Where ical.js is; None: it is not to be had."""
    if not shutil.which("node") or not shutil.which("npm"):
        return None
    manifest = NODE / "node_modules/ical.js/package.json"
    if not manifest.exists():
        NODE.mkdir(parents=True, exist_ok=True)
        (NODE / "package.json").write_text('{"private": true}\n')
        try:
            subprocess.run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--save-exact", f"ical.js@{ICAL_JS}"], cwd=NODE, capture_output=True, timeout=120, check=False)
        except subprocess.TimeoutExpired:
            return None
    return NODE if manifest.exists() else None


class Readers(WithEvents):
    def readers(self):
        """What there is of them here, by name."""
        found, missing = {}, []
        try:
            import icalendar  # noqa: F401, pylint: disable=import-outside-toplevel,unused-import
            found["icalendar"] = by_python
        except ImportError:
            missing.append("python3-icalendar")
        if shutil.which("php") and os.path.isdir("/usr/share/php/Sabre/VObject"):
            found["sabre"] = lambda body: run(["php", READERS / "sabre.php"], body)
        else:
            missing.append("php-sabre-vobject")
        modules = ical_js()
        if modules:
            found["ical.js"] = lambda body: run(["node", READERS / "ical_js.mjs", modules], body)
        else:
            missing.append(f"ical.js {ICAL_JS} (npm)")
        print(f"readers: {', '.join(found)}" + (f"; not here: {', '.join(missing)}" if missing else ""))
        return found

    def test_all_find_the_same(self):
        readers = self.readers()
        if len(readers) < 2:
            self.skipTest("fewer than two readers are installed")
        self.decide("event.advance", event="LATER", to="postponed", reason="Not yet.")
        self.decide("event.advance", event="OFF", to="cancelled", reason="Not at all.")
        self.decide("session.cancel", event="DAY", session="S2", reason="Not needed")
        self.settle()
        for path, number in (("/calendar.ics", len(NAMES) + 4), ("/calendar/plan/2030-cbm.ics", len(NAMES) + 4), ("/calendar/event/DAY.ics", 3), ("/calendar/party/TR.ics", 0)):
            body = fetch(self.d, path).body
            self.assertEqual(len(feeds.entries(body)), number, path)  # CRLF, 75 octets, whole characters
            read = {name: reader(body) for name, reader in readers.items()}
            for name, one in read.items():
                self.assertEqual(one.pop("problems", []), [], f"{name} of {path}")
                self.assertEqual(one, next(iter(read.values())), f"{name} of {path}")
                self.assertEqual((one["method"], len(one["entries"])), ("PUBLISH", number), f"{name} of {path}")
        entries = {e["uid"].split("@")[0]: e for e in next(iter(readers.values()))(fetch(self.d, "/calendar.ics").body)["entries"]}
        self.assertEqual({event: entries[event]["summary"] for event in NAMES}, {event: title.strip() for event, title in NAMES.items()})
        self.assertEqual((entries["HOUR"]["start"], entries["LATER"]["summary"], entries["OFF"]["summary"]), ("2030-05-14T04:30:00Z", "POSTPONED: It will be postponed", "CANCELLED: It will be cancelled"))


class Subscriber(WithEvents):
    """vdirsyncer fetches a feed over HTTP and keeps each entry as a file: what is updated, doubled or lost is what happens to its files.

    Of a feed it trusts no UID and names an entry by what stands in it: one that changed is another file, one that is the same is not touched. So here
    entries are known by their titles, which are all different; that their UIDs stay is what test_feeds.py looks at.
    """

    def setUp(self):
        if not shutil.which("vdirsyncer"):
            self.skipTest("vdirsyncer is not installed")
        super().setUp()
        dashboard.keep_port(self.d)
        self.root = pathlib.Path(self.d.root) / "subscriber"
        (self.root / "kept").mkdir(parents=True)
        config = [f'[general]\nstatus_path = "{self.root}/status/"\n']
        for name, path in (("all", "/calendar.ics"), ("day", "/calendar/event/DAY.ics")):
            config.append(f'[pair {name}]\na = "{name}_kept"\nb = "{name}_feed"\ncollections = null\nconflict_resolution = "b wins"\npartial_sync = "ignore"\n'
                          f'[storage {name}_kept]\ntype = "filesystem"\npath = "{self.root}/kept/{name}"\nfileext = ".ics"\n'
                          f'[storage {name}_feed]\ntype = "http"\nurl = "{dashboard.url(self.d).rstrip("/")}{path}"\n')
            (self.root / "kept" / name).mkdir()
        (self.root / "config").write_text("\n".join(config))
        self.vdirsyncer("discover")

    def vdirsyncer(self, what):
        done = subprocess.run(["vdirsyncer", "-c", self.root / "config", what], capture_output=True, text=True, timeout=60, input="y\n" * 4,
                              env={**os.environ, "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8", "HOME": str(self.root)}, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def sync(self):
        """{(feed, title): (file, time written, entry)} after another sync of both feeds."""
        self.vdirsyncer("sync")
        found = {}
        for path in sorted((self.root / "kept").glob("*/*.ics")):
            one = by_python(path.read_bytes(), method=False)["entries"]
            self.assertEqual(len(one), 1, path)
            title = one[0]["summary"].removeprefix("POSTPONED: ").removeprefix("CANCELLED: ")
            self.assertNotIn((path.parent.name, title), found, f"doubled: {path}")
            found[path.parent.name, title] = (path.name, path.stat().st_mtime_ns, one[0])
        return found

    def untouched(self, before, after):
        return {key for key in before if before[key][:2] == after[key][:2]}

    def test_keeps_up(self):
        first = self.sync()
        titles = {title.strip() for title in NAMES.values()} | {"A conference", "A meeting", "It will be postponed", "It will be cancelled"}
        every = {("all", title) for title in titles} | {("day", title) for title in ("A conference", "Сессия S1", "Сессия S2")}
        self.assertEqual(set(first), every)
        # Nothing happens: nothing is written, and whoever asks with the tag gets no octets.
        etag = fetch(self.d, "/calendar.ics").headers["ETag"]
        self.assertEqual(self.untouched(first, self.sync()), every)
        self.assertEqual(fetch(self.d, "/calendar.ics", If_None_Match=etag).status, 304)
        # One moves, one waits, one is off, a session moves and one is cancelled.
        self.decide("event.change", event="HOUR", date_start="2030-06-03", time_start="14:00", reason="The host asked")
        self.decide("event.advance", event="LATER", to="postponed", reason="Not yet.")
        self.decide("event.advance", event="OFF", to="cancelled", reason="Not at all.")
        self.decide("session.place", event="DAY", placed=[{"session": "S1", "expected_version": 1, "start": "2030-05-15T09:30"}])
        self.decide("session.cancel", event="DAY", session="S2", reason="Not needed")
        self.settle()
        then = self.sync()
        self.assertEqual(set(then), every, "nothing doubled, nothing lost")
        changed = {("all", "A meeting"), ("all", "It will be postponed"), ("all", "It will be cancelled"), ("day", "Сессия S1"), ("day", "Сессия S2")}
        self.assertEqual(every - self.untouched(first, then), changed)
        told = {key: (then[key][2]["start"], then[key][2]["status"], then[key][2]["sequence"] - first[key][2]["sequence"]) for key in changed}
        self.assertEqual(told, {("all", "A meeting"): ("2030-06-03T09:00:00Z", "CONFIRMED", 1), ("all", "It will be postponed"): ("2030-05-14", "TENTATIVE", 1),
                                ("all", "It will be cancelled"): ("2030-05-14", "CANCELLED", 1), ("day", "Сессия S1"): ("2030-05-15T04:30:00Z", "CONFIRMED", 1),
                                ("day", "Сессия S2"): ("2030-05-14T06:30:00Z", "CANCELLED", 1)})
        # The services start again, the dashboard from nothing: for the reader nothing has happened.
        self.d.dashboard.stop()
        for ending in ("", "-wal", "-shm"):
            if os.path.exists(self.d.database("dashboard") + ending):
                os.remove(self.d.database("dashboard") + ending)
        self.d.dashboard.start()
        wait_for(lambda: fetch(self.d, "/calendar.ics").status == 200, "the calendars")
        self.assertEqual(self.untouched(then, self.sync()), every)


if __name__ == "__main__":
    main()
