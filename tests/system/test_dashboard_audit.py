#!/usr/bin/python3
# What `convene audit view` says: what a page shows is what the logs say, however it came to be; and a row that somebody changed is found.
# SPDX-License-Identifier: Apache-2.0
import json
import os
import random
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import cvwire
import dashboard
import world
from clients import seed_of
from dashboard import fetch, kind
from deployment import Case, main, wait_for

OK, FAILED, USAGE, UNREACHABLE = 0, 1, 2, 6


class AuditOfAView(Case):
    def deploy(self, transport="ipc"):
        self.d = dashboard.add_dashboard(self.deployment(transport))
        self.office = self.d.publisher("office")
        world.put_parties(self.office)
        self.release_ms = cvwire.now_ms() + 4000  # guarantees end meanwhile
        for event in ("E1", "E2"):
            world.open_event(self.d, self.office, event, world.rules(12, guaranteed=1, maximum=4, waiting="strict", release_ms=self.release_ms))

    def convene(self, *args):
        flags = [f for name, value in self.d.settings.items() for f in ("--conf", f"{name}={value}")]
        return subprocess.run([os.path.join(self.d.bin, "convene"), *args, *flags], capture_output=True, text=True, timeout=60, check=False,
                              env={k: v for k, v in os.environ.items() if not k.startswith("CONVENE_")})

    def audit(self, status, says="", url=None):
        done = self.convene("audit", "view", "--url", url or dashboard.url(self.d), "--json")
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        document = json.loads(done.stdout)
        self.assertIn(says, done.stdout)
        return document

    def some_requests(self, random_, n):
        for _ in range(n):
            event, party = random_.choice(("E1", "E2")), random_.choice(("KZ", "AZ", "TR", "UZ", "BY", "OSCE"))
            what = random_.randrange(10)
            if what < 5:
                self.office.ask("registration.register", world.delegation(event, party, random_.randrange(1, 4)))
            elif what < 8:
                self.office.ask("registration.withdraw", {"event": event, "party": party, "persons": [random_.randrange(1, 4)]})
            elif what < 9:
                self.office.ask("registration.decline", {"event": event, "party": party})
            else:
                self.office.ask("scheduling.event.change", {"event": event, "city": random_.choice(("Almaty", "Baku", "Ankara")), "reason": "The host asked"})

    def test_what_is_shown_is_what_the_logs_say(self):
        self.deploy()
        self.some_requests(random.Random(seed_of()), 60)
        self.d.wait_settled()
        self.audit(OK)
        wait_for(lambda: fetch(self.d, "/api/proof").json["proof"]["settled_ms"] >= self.release_ms, "guarantees have ended")
        wait_for(lambda: all(row["position"] == row["head"] for row in self.audit(OK)["streams"]), "the view is of the newest records")
        first = self.audit(OK)
        self.assertGreater(first["records"], 60)
        self.assertEqual(first["hash_shown"], first["hash_computed"])
        self.assertTrue(all(row["history"] for row in first["streams"]), first)
        proof = fetch(self.d, "/api/proof").json["proof"]
        self.assertEqual(proof["hash"], first["hash_shown"])
        self.assertIn(proof["hash"], fetch(self.d, "/").text.split("<footer>")[1])
        # Another process, and another file, have the same.
        self.d.dashboard.kill()
        self.d.dashboard.start()
        wait_for(lambda: fetch(self.d, "/health").status == 200, "the page")
        self.assertEqual(self.audit(OK)["hash_shown"], proof["hash"])
        self.d.dashboard.stop()
        for ending in ("", "-wal", "-shm"):
            if os.path.exists(self.d.database("dashboard") + ending):
                os.remove(self.d.database("dashboard") + ending)
        self.d.dashboard.start()
        wait_for(lambda: fetch(self.d, "/api/proof").json["proof"].get("hash") == proof["hash"], "the same hash from the beginning")
        self.audit(OK)

    def test_while_others_ask(self):
        self.deploy()
        random_ = random.Random(seed_of())
        for _ in range(6):  # the view is of its own positions, whatever has come since
            self.some_requests(random_, 10)
            self.audit(OK)

    def tamper(self, sql, *values):
        """Changes one row while the dashboard is away."""
        self.tamper_all(sql, [values])

    def tamper_all(self, sql, rows):
        self.d.dashboard.stop()
        with sqlite3.connect(self.d.database("dashboard")) as db:
            for values in rows:
                self.assertEqual(db.execute(sql, values).rowcount, 1, values)
        db.close()
        self.d.dashboard.start()
        wait_for(lambda: fetch(self.d, "/health").status == 200, "the page")

    def test_a_row_that_was_changed_is_found(self):
        self.deploy()
        world.decide(self.office, "registration.register", world.delegation("E1", "KZ", 3))
        wait_for(lambda: kind(self.d, "seats").get("E1", {}).get("confirmed") == 3, "shown")
        wait_for(lambda: fetch(self.d, "/api/proof").json["proof"]["settled_ms"] >= self.release_ms, "guarantees have ended")
        self.d.wait_settled()
        self.audit(OK)
        for kind_, key, member, value, says in (("seats", "E1", "confirmed", 4, "seats/E1: confirmed is shown as 4, and is 3"),
                                                ("answer", "E1/KZ", "confirmed", 2, "answer/E1/KZ: confirmed is shown as 2, and is 3"),
                                                ("event", "E2", "title", "Other", "event/E2: title is shown as"),
                                                ("feed", "000000000001", "word", "cancelled", "feed/000000000001: no record made this entry")):
            before = json.dumps(kind(self.d, kind_)[key])
            self.tamper("UPDATE dash_row SET value = ? WHERE kind = ? AND key = ?", json.dumps(json.loads(before) | {member: value}), kind_, key)
            found = self.audit(FAILED, says)
            self.assertEqual(found["found"], 1, found)
            self.tamper("UPDATE dash_row SET value = ? WHERE kind = ? AND key = ?", before, kind_, key)
            self.audit(OK)
        self.tamper("DELETE FROM dash_row WHERE kind = 'answer' AND key = ?", "E1/KZ")
        self.audit(FAILED, "answer/E1/KZ is not shown")
        self.tamper("UPDATE cursor SET chain = zeroblob(32) WHERE stream = ?", "notifications.events")
        self.audit(FAILED, "another notifications.events")

    def test_a_file_of_a_program_that_made_other_things(self):
        """It is not believed: everything is followed anew."""
        self.deploy()
        world.decide(self.office, "registration.register", world.delegation("E1", "KZ", 3))
        self.programme()
        self.d.wait_settled()
        wait_for(lambda: fetch(self.d, "/api/proof").json["proof"]["settled_ms"] >= self.release_ms, "guarantees have ended")
        hash_ = fetch(self.d, "/api/proof").json["proof"]["hash"]
        for before in ("UPDATE dash_row SET value = '{\"n\":2}' WHERE kind = 'file' AND key = 'format'",  # another format
                       "DELETE FROM dash_row WHERE kind = 'file' AND key = 'format'",  # none
                       "UPDATE component SET version = 1 WHERE name = 'service'"):  # left by a program that ignores it, behind one that wrote it
            self.d.dashboard.stop()
            with sqlite3.connect(self.d.database("dashboard")) as db:
                self.assertEqual(db.execute("SELECT version FROM component WHERE name = 'service'").fetchone(), (2,), "a program before the format refuses it")
                self.assertEqual(db.execute("DELETE FROM dash_row WHERE kind = 'session' AND key = 'E1/S1'").rowcount, 1)
                db.execute(before)
            db.close()
            self.d.dashboard.start()
            wait_for(lambda: fetch(self.d, "/api/proof").json["proof"].get("hash") == hash_, "the same hash from the beginning")
            self.assertTrue(all(row["history"] for row in self.audit(OK)["streams"]))
        self.assertEqual(fetch(self.d, "/api/file").status, 404)

    def programme(self):
        """A room, two sessions, a release, and an edit behind it; and what has come to be broken since."""
        def decide(type_, data):
            world.decide(self.office, f"scheduling.{type_}", data)
        decide("venue.put", {"code": "HALL", "name": "Hall", "city": "Baku", "country": "AZ", "zone": "Asia/Baku"})
        for room in ("A", "B"):
            decide("room.put", {"venue": "HALL", "room": room, "name": room, "seats": 40})
        for n, session in enumerate(("S1", "S2")):
            decide("session.put", {"event": "E1", "session": session, "title": session, "kind": "parallel", "minutes": 60, "start": f"2030-05-14T{10 + n}:00",
                                   "venue": "HALL", "room": "A", "chair": {"person": "P-1"}})
        decide("rule.put", {"rule": "B5", "effect": "warn"})
        decide("release.put", {"event": "E1", "release": "V1"})
        decide("session.put", {"event": "E1", "session": "S1", "title": "Later", "kind": "parallel", "minutes": 60, "start": "2030-05-14T15:00", "venue": "HALL", "room": "A"})
        decide("room.put", {"venue": "HALL", "room": "A", "name": "A", "seats": 40, "closed": True})
        wait_for(lambda: kind(self.d, "conflict").get("E1", {}).get("n") == 2, lambda: kind(self.d, "conflict"))

    def test_a_programme_that_was_changed_is_found(self):
        self.deploy()
        self.programme()
        self.d.wait_settled()
        self.assertEqual({key: session["title"] for key, session in kind(self.d, "session").items()}, {"E1/S1": "S1", "E1/S2": "S2"})
        wait_for(lambda: any(need["what"] == "programme_room_closed" for need in kind(self.d, "attention").get("all", [])), "it needs somebody")
        self.audit(OK)
        changed = (("session", "E1/S1", "start", "2030-05-14T09:00"), ("room", "HALL/A", "closed", False), ("release", "E1/V1", "number", 2),
                   ("rule", "B5", "effect", "ignore"), ("conflict", "E1", "n", 1))
        before = [(json.dumps(kind(self.d, kind_)[key]), kind_, key) for kind_, key, _, _ in changed]
        self.tamper_all("UPDATE dash_row SET value = ? WHERE kind = ? AND key = ?",
                        [(json.dumps(json.loads(text) | {member: value}), kind_, key) for (text, _, _), (kind_, key, member, value) in zip(before, changed)])
        said = [finding for finding in self.audit(FAILED)["findings"] if " is shown as " in finding]
        self.assertEqual(sorted(finding.split(" is shown")[0] for finding in said), sorted(f"{kind_}/{key}: {member}" for kind_, key, member, _ in changed))
        self.tamper_all("UPDATE dash_row SET value = ? WHERE kind = ? AND key = ?", before)
        self.audit(OK)
        self.tamper("DELETE FROM dash_row WHERE kind = 'session' AND key = ?", "E1/S2")
        self.audit(FAILED, "session/E1/S2 is not shown")

    def test_after_a_restore_it_is_state_that_is_compared(self):
        self.deploy()
        self.some_requests(random.Random(seed_of()), 30)
        copy = os.path.join(self.d.root, "copy.db")
        self.d.log("registration", "ops").query("backup", copy)
        self.some_requests(random.Random(seed_of() + 1), 30)
        self.d.wait_settled()
        self.d.registration.stop()
        done = self.d.registration.run("--restore", copy)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.d.registration.start()
        wait_for(lambda: fetch(self.d, "/api/proof").json["proof"]["positions"]["registration.events"]["snapshot"], "it was taken from a snapshot")
        self.d.wait_settled()
        rows = {row["stream"]: row for row in self.audit(OK)["streams"]}
        self.assertEqual((rows["registration.events"]["history"], rows["scheduling.events"]["history"]), (False, True))
        self.some_requests(random.Random(seed_of() + 2), 20)
        self.d.wait_settled()
        self.audit(OK)

    def test_a_programme_after_a_restore(self):
        self.deploy()
        self.programme()
        copy = os.path.join(self.d.root, "copy.db")
        self.d.log("scheduling", "ops").query("backup", copy)
        world.decide(self.office, "scheduling.session.cancel", {"event": "E1", "session": "S2", "reason": "Not in the copy"})
        self.d.wait_settled()
        self.d.scheduling.stop()
        done = self.d.scheduling.run("--restore", copy)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.d.scheduling.start()
        wait_for(lambda: fetch(self.d, "/api/proof").json["proof"]["positions"]["scheduling.events"]["snapshot"], "it was taken from a snapshot")
        self.d.wait_settled()
        self.audit(OK)
        self.assertEqual(kind(self.d, "session")["E1/S1"]["title"], "S1", "as it was released")
        self.assertEqual(kind(self.d, "conflict")["E1"]["n"], 2)

    def test_a_plan_that_makes_releases(self):
        """What waits for a release is not shown, by the audit's count either, and neither from a snapshot."""
        self.deploy()

        def tell(what, **data):
            world.decide(self.office, f"scheduling.{what}", data)

        def checked():
            self.d.wait_settled()
            self.audit(OK)
            return {event: row["version"] for event, row in kind(self.d, "event").items()}
        for event in ("P1", "P2", "P3"):
            tell("event.propose", event=event, title=event, plan_year=2031, line="cbm", date_start="2031-05-14")
        tell("plan.compile", year=2031, line="cbm")
        tell("plan.move", year=2031, line="cbm", to="circulated")
        tell("decision.open", decision="D-1", subject="plan", about="2031-cbm", title="Plan", text="Adopted.", expires_ms=cvwire.now_ms() + 1000)
        wait_for(lambda: self.d.log("scheduling").query("event", "P3")[0]["data"]["status"] == "adopted", "the end of the silence")
        tell("event.advance", event="P3", to="scheduled")
        tell("event.advance", event="P3", to="postponed")
        checked()
        tell("release.put", release="R1", plan="2031-cbm")
        tell("event.change", event="P1", date_start="2031-06-20")
        tell("event.advance", event="P3", to="adopted")
        tell("event.change", event="P3", date_start="2031-09-01")
        tell("event.propose", event="P4", title="P4", plan_year=2031, line="cbm")
        before = checked()
        self.assertNotIn("P4", before)
        copy = os.path.join(self.d.root, "plan.db")
        self.d.log("scheduling", "ops").query("backup", copy)
        tell("event.change", event="P2", title="Lost")
        self.d.wait_settled()
        self.d.scheduling.stop()
        done = self.d.scheduling.run("--restore", copy)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.d.scheduling.start()
        wait_for(lambda: fetch(self.d, "/api/proof").json["proof"]["positions"]["scheduling.events"]["snapshot"], "it was taken from a snapshot")
        self.assertEqual(checked(), before)
        tell("release.put", release="R2", plan="2031-cbm")
        after = checked()
        self.assertEqual({event for event in ("P1", "P2", "P3") if after[event] != before[event]}, {"P1", "P3"})
        changes = kind(self.d, "changes")["2031-cbm"]
        self.assertEqual((changes["from"], changes["to"]), ("R1", "R2"))
        self.tamper("UPDATE dash_row SET value = ? WHERE kind = 'changes' AND key = ?", json.dumps(changes | {"to": "R9"}), "2031-cbm")
        self.audit(FAILED, "changes/2031-cbm: to is shown as")

    def test_an_observers_key_is_enough(self):
        self.deploy("tcp")
        self.d.add_principal("observer", "observer").write_secret(self.d.keys)
        for service in self.d.services.values():
            service.signal(1)
        world.decide(self.office, "registration.register", world.delegation("E1", "KZ", 3))
        self.d.wait_settled()
        wait_for(lambda: self.convene("audit", "view", "--url", dashboard.url(self.d)).returncode == OK, "the key is known")
        done = self.convene("audit", "view", "--url", dashboard.url(self.d))
        self.assertIn("What is shown is what the logs say.", done.stdout)

    def test_where_there_is_no_dashboard(self):
        self.deploy()
        url = dashboard.url(self.d)
        self.audit(USAGE, "is not the address of a dashboard", url="127.0.0.1")
        self.d.dashboard.stop()
        self.audit(UNREACHABLE, "cannot reach", url=url)


if __name__ == "__main__":
    main()
