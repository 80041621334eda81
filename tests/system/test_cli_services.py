#!/usr/bin/python3
"""test_cli_services: commands against running services: outcomes and exit codes, roles, views, streams, the outbox of unanswered
requests, a service that is killed, backup and restore.
SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import signal
import subprocess
import time
import unittest

from cli_env import BIN, Convene, need, wait_for

OK, FAILED, USAGE, PARTIAL, NOTFOUND, REFUSED, UNREACHABLE, DENIED = range(8)
HOUR = 3600 * 1000


def plan(now):
    rules = {"capacity": 3, "guaranteed": 0, "maximum": 2, "waiting": "strict", "group": "each", "opens_ms": now - HOUR, "closes_ms": now + 48 * HOUR}
    events = [{"event": name, "title": f"Test event {name}", "plan_year": 2025, "line": "unknown", "date_start": "2090-04-15"} for name in ("E1", "E2")]
    return {
        "parties": [{"code": code, "kind": "member", "name": f"Party {code}"} for code in ("KZ", "UZ", "TR", "AZ")],
        "events": events,
        "advances": [{"event": name, "to": ["circulated", "adopted", "scheduled"], "decision": "test"} for name in ("E1", "E2")],
        "registrations": [{"event": name} | rules for name in ("E1", "E2")],
        "recipients": [{"party": code, "order": 1, "name": f"Contact {code}", "email": f"{code.lower()}@example.org"} for code in ("KZ", "UZ", "TR", "AZ")],
    }


def person(name, capacity="delegate"):
    return {"name": name, "capacity": capacity}


class Services(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.convene = cls.enterClassContext(Convene()) if hasattr(cls, "enterClassContext") else Convene().__enter__()
        if not hasattr(cls, "enterClassContext"):
            cls.addClassCleanup(cls.convene.__exit__, None, None, None)
        path = cls.convene.root / "plan.json"
        path.write_text(json.dumps(plan(int(time.time() * 1000))))
        imported = cls.convene("plan", "import", path, "--json")
        assert imported.status == OK and imported.json["not_ok"] == 0, imported.out + imported.err
        wait_for(lambda: {"E1", "E2"} <= {row["event"]["event"] for row in cls.seats()}, "registration knows the events", cls.convene)
        wait_for(lambda: cls.event("E2")["status"] == "open", "the event is open", cls.convene)

    @classmethod
    def seats(cls):
        doc = cls.convene("watch", "--once", "--json").json
        return [{"event": event} for event in doc["events"]]

    @classmethod
    def event(cls, name):
        return cls.convene("event", "show", name, "--json").json["event"]

    def expect(self, status, *args, says="", **kwargs):
        result = self.convene(*args, **kwargs)
        self.assertEqual(result.status, status, result.out + result.err)
        self.assertIn(says, result.out + result.err)
        return result

    def register(self, status, event, party, persons, *flags):
        return self.expect(status, "request", "register", "--json", "-d", json.dumps({"event": event, "party": party, "persons": persons}), *flags).json

    def test_plan_import_again(self):
        path = self.convene.root / "plan.json"
        again = self.expect(OK, "plan", "import", path, "--json").json  # an advance that is asked anew would be refused
        self.assertEqual(again["not_ok"], 0)
        self.expect(OK, "keys", "add", "office2", "--role", "secretariat")
        wait_for(lambda: self.convene("status", "--as", "office2").status == OK, "the new key is known", self.convene)
        other = self.expect(PARTIAL, "plan", "import", path, "--json", "--as", "office2").json  # has ids of its own
        self.assertEqual((other["lists"]["advances"]["ok"], other["lists"]["advances"]["not_ok"]), (0, again["lists"]["advances"]["ok"]))

    def test_outcomes_and_their_exit_codes(self):
        first = self.register(OK, "E1", "KZ", [person("A", "head"), person("B")])
        self.assertEqual((first["schema"], first["class"], first["outcome"]["data"]["code"]), ("convene.cli.outcome.v1", "OK", "registered"))
        again = self.register(OK, "E1", "KZ", [person("A", "head"), person("B")], "--id", first["id"])
        self.assertEqual(again["outcome"], first["outcome"])
        other = self.register(REFUSED, "E1", "KZ", [person("A", "head")], "--id", first["id"])
        self.assertEqual((other["class"], other["outcome"]["data"]["code"]), ("CONFLICT", "id_reused"))
        self.assertEqual(self.register(NOTFOUND, "NOPE", "KZ", [person("A")])["class"], "NOTFOUND")
        partly = self.register(OK, "E1", "UZ", [person("A", "head"), person("B")])
        self.assertEqual([p["state"] for p in partly["outcome"]["data"]["decision"]["persons"]], ["confirmed", "waiting"])
        self.assertEqual(self.register(DENIED, "E1", "TR", [person("A")], "--as", "observer")["outcome"]["data"]["code"], "role")
        # What was decided can be asked for, and explained.
        shown = self.expect(OK, "request", "show", first["id"], "--json").json
        self.assertEqual((shown["service"], shown["outcome"]), ("registration", first["outcome"]))
        self.expect(NOTFOUND, "request", "show", "01997b2e-0000-7000-8000-000000000000")
        self.expect(OK, "explain", partly["id"], says="number 1 on the waiting list")
        self.expect(OK, "explain", "E1/UZ", says="register: OK, partly_registered")
        self.expect(NOTFOUND, "explain", "E1/AZ")
        delegation = self.expect(OK, "delegation", "show", "E1/UZ", "--json").json["records"][0]
        self.assertEqual((delegation["confirmed"], delegation["waiting"]), (1, 1))
        self.expect(NOTFOUND, "delegation", "show", "NOPE/UZ")
        self.expect(OK, "request", "withdraw", "-s", "event=E1", "-s", "party=KZ", "-s", "persons=[2]", says="withdrawn")
        self.expect(OK, "explain", "E1/UZ", says="moved up from the waiting list: withdrawal")

    def test_views(self):
        events = self.expect(OK, "event", "list", "--json").json
        self.assertEqual((events["schema"], [e["event"] for e in events["events"] if e["event"][0] == "E"]), ("convene.cli.events.v1", ["E1", "E2"]))
        self.assertEqual(self.expect(OK, "event", "list", "--status", "held", "--json").json["events"], [])
        self.expect(USAGE, "event", "list", "--status", "sleeping")
        self.expect(NOTFOUND, "event", "show", "NOPE", says="there is no event NOPE")
        history = self.expect(OK, "event", "show", "E2", "--history", "--json").json["history"]
        self.assertEqual([e["version"] for e in history], list(range(1, len(history) + 1)))
        self.assertEqual(self.expect(OK, "plan", "show", "--year", "2025", "--json").json["events"], 2)
        self.expect(OK, "watch", "--once", says="E2")
        status = self.expect(OK, "status", "--json").json
        self.assertTrue(status["healthy"])
        self.assertEqual(sorted(status["services"]), ["notifications", "registration", "scheduling"])
        self.assertEqual(self.expect(OK, "doctor", "--json").json["wrong"], 0)

    def test_plan_and_decisions(self):
        title = ("--title", "Plan for 2090", "--text", "The plan is adopted.")
        for event in ("P1", "P2"):
            self.expect(OK, "event", "propose", event, "--plan", "2090-cbm", "--title", "T", says="proposed")
        self.expect(USAGE, "event", "propose", "P3", "--title", "T", says="--plan 2026-cbm")
        self.expect(OK, "event", "change", "P1", "--start", "2090-05-11", "--end", "2090-05-13", "--city", "Baku", "--country", "AZ", "--officer", "SEC-1",
                    "--minutes", "90", "--teams", "2", "--reason", "By agreement", says="changed")
        event = self.event("P1")
        self.assertEqual([event[name] for name in ("date_start", "date_end", "city", "officer", "minutes", "teams", "reason", "title")],
                         ["2090-05-11", "2090-05-13", "Baku", "SEC-1", 90, 2, "By agreement", "T"])
        self.expect(USAGE, "event", "change", "P1", "--reason", "None", says="change what?")
        self.expect(USAGE, "event", "advance", "P1", "off", says="no status")
        self.expect(NOTFOUND, "event", "advance", "P9", "cancelled", says="unknown_event")
        self.expect(USAGE, "plan", "compile", "2090", says="2026-cbm")
        self.expect(OK, "plan", "compile", "2090-cbm", says="2 events")
        self.expect(REFUSED, "decision", "open", "D1", "--subject", "plan", "--about", "2090-cbm", *title, "--until", "2090-01-01T00:00:00Z",
                    says="plan_not_circulated")
        self.expect(OK, "plan", "circulate", "2090-cbm")
        self.expect(USAGE, "decision", "open", "D1", "--subject", "plan", *title, "--until", "soon", says="exactly when")
        text = self.convene.root / "text.txt"
        text.write_text("The plan for 2090\nis adopted.\n")
        self.expect(NOTFOUND, "decision", "open", "D1", "--subject", "plan", "--title", "T", "--text", "@/nowhere", "--until", "2090-01-01T00:00:00Z",
                    says="/nowhere")
        soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
        self.expect(OK, "decision", "open", "D1", "--subject", "plan", "--about", "2090-cbm", "--title", "T", "--text", f"@{text}", "--until", soon, says="opened")
        self.expect(OK, "decision", "show", "D1", says="provisional: adopted in 5")
        self.expect(DENIED, "decision", "object", "D1", "--as", "observer", "--party", "KZ", "--text", "No.")
        self.expect(OK, "decision", "object", "D1", "--party", "KZ", "--text", "No.", says="silence was broken by KZ")
        shown = self.expect(OK, "decision", "show", "D1", "--json").json
        self.assertEqual((shown["decision"]["state"], shown["decision"]["text"]), ("broken", "The plan for 2090\nis adopted."))
        self.assertEqual([(s["party"], s["kind"]) for s in shown["statements"]], [("KZ", "objection")])
        soon = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 2))
        self.expect(OK, "decision", "open", "D2", "--subject", "plan", "--about", "2090-cbm", *title, "--until", soon, "--zone", "Etc/UTC")
        wait_for(lambda: self.expect(OK, "decision", "show", "D2", "--json").json["decision"]["state"] == "adopted", "silence ends", self.convene)
        self.expect(REFUSED, "decision", "amend", "D2", "--party", "KZ", "--text", "Late.", says="already_settled")
        self.expect(OK, "decision", "reserve", "D2", "--party", "KZ", "--text", "Reserved.", says="attached")
        self.expect(OK, "decision", "list", "--state", "adopted", says="D2")
        plans = self.expect(OK, "plan", "list", "--plan", "2090-cbm", "--json").json["plans"]
        self.assertEqual([(p["version"], p["state"], p["decision"]) for p in plans], [(1, "adopted", "D2")])
        self.assertEqual(self.event("P1")["status"], "adopted")
        self.expect(REFUSED, "plan", "compile", "2090-cbm", says="reason_required")
        self.expect(NOTFOUND, "decision", "show", "D9", says="there is no decision D9")
        # Out of the plan again, so that other tests find what they know.
        for event in ("P1", "P2"):
            self.expect(OK, "event", "advance", event, "cancelled", "--reason", "A test", says="advanced")

    def test_fetch(self):
        records = self.expect(OK, "fetch", "scheduling.events").lines
        self.assertEqual([r["sequence"] for r in records], list(range(1, len(records) + 1)))
        self.assertEqual(self.expect(OK, "fetch", "scheduling.events", "--after", "3", "--limit", "2").lines, records[3:5])
        self.expect(DENIED, "fetch", "registration.private")
        self.expect(NOTFOUND, "fetch", "registration.nothing")

    def test_keys_are_in_force_at_once(self):
        self.expect(OK, "keys", "add", "focal-tr")
        wait_for(lambda: "keys changed" in self.convene.said(), "the services read the keys again", self.convene)
        wait_for(lambda: self.convene("status", "--as", "focal-tr").status == OK, "the new key may come in", self.convene)
        self.expect(OK, "request", "decline", "--as", "focal-tr", "-s", "event=E2", "-s", "party=TR")
        self.expect(DENIED, "request", "decline", "--as", "focal-tr", "-s", "event=E2", "-s", "party=AZ", says="own party")

    def test_killed_service_comes_back_and_nothing_is_lost(self):
        os.kill(self.convene.pid("registration"), signal.SIGKILL)
        answer = self.register(OK, "E2", "AZ", [person("A", "head")])
        os.kill(self.convene.pid("registration"), signal.SIGKILL)
        again = self.register(OK, "E2", "AZ", [person("A", "head")], "--id", answer["id"])
        self.assertEqual(again["outcome"], answer["outcome"])
        self.assertIn("registration was ended by signal 9", self.convene.said())

    def test_outbox_survives_its_program(self):
        """A request that was accepted while the service was away, and whose sender died, is decided by the next sender."""
        outbox = self.convene.root / "out.db"
        os.kill(self.convene.pid("registration"), signal.SIGSTOP)
        try:
            args = [str(BIN / "convene"), "request", "decline", "-s", "event=E2", "-s", "party=KZ", "--id", "01997b2e-0000-7000-8000-0000000000aa",
                    "--outbox", str(outbox), *self.convene.flags]
            sender = subprocess.Popen(args, stdout=subprocess.DEVNULL)
            wait_for(lambda: outbox.exists() and b"01997b2e-0000-7000-8000-0000000000aa" in b"".join(p.read_bytes() for p in self.convene.root.glob("out.db*")),
                     "the request is on disk", self.convene)
            sender.kill()
            sender.wait()
        finally:
            os.kill(self.convene.pid("registration"), signal.SIGCONT)
        # Whatever is sent next with this outbox takes it along.
        wait_for(lambda: self.convene("request", "decline", "-s", "event=NOPE", "-s", "party=UZ", "--outbox", outbox).status == NOTFOUND, "another request", self.convene)
        wait_for(lambda: self.convene("request", "show", "01997b2e-0000-7000-8000-0000000000aa").status == OK, "the kept request was decided", self.convene, 30)

    def test_backup_and_restore(self):
        copy = self.convene.root / "registration.copy"
        self.expect(OK, "backup", "registration", copy)
        self.assertTrue(copy.exists())
        self.expect(REFUSED, "backup", "registration", copy, says="never replaces")
        self.expect(DENIED, "backup", "registration", self.convene.root / "two", "--as", "secretariat")
        self.expect(FAILED, "restore", "registration", copy, says="must not be running")


if __name__ == "__main__":
    need("convene", "convene-registration", "convene-scheduling", "convene-notifications")
    unittest.main(verbosity=1)
