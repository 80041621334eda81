#!/usr/bin/python3
"""test_audit: `convene audit verify` after the plug was pulled under load, and after somebody has been at the files.
SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import signal
import sqlite3
import subprocess
import time
import unittest

from cli_env import BIN, SERVICES, Convene, need, wait_for

OK, FAILED, USAGE, PARTIAL, NOTFOUND = range(5)
HOUR = 3600 * 1000
PARTIES = ("KZ", "UZ", "TR", "AZ")


def plan(now):
    rules = {"capacity": 5000, "guaranteed": 0, "maximum": 5000, "waiting": "strict", "group": "each", "opens_ms": now - HOUR, "closes_ms": now + 48 * HOUR}
    return {"parties": [{"code": code, "kind": "member", "name": f"Party {code}"} for code in PARTIES],
            "events": [{"event": "E1", "title": "Test event", "plan_year": 2025, "line": "unknown", "date_start": "2090-04-15"}],
            "advances": [{"event": "E1", "to": ["circulated", "adopted", "scheduled"], "decision": "test"}],
            "registrations": [{"event": "E1"} | rules]}


class Audit(unittest.TestCase):
    def setUp(self):
        self.convene = Convene().__enter__()
        self.addCleanup(self.convene.__exit__, None, None, None)
        path = self.convene.root / "plan.json"
        path.write_text(json.dumps(plan(int(time.time() * 1000))))
        self.expect(OK, "plan", "import", path, "--json")
        wait_for(lambda: [e for e in self.convene("watch", "--once", "--json").json["events"] if e.get("status") == "open"],
                 "registration knows that the event is open", self.convene)

    def expect(self, status, *args, says="", **kwargs):
        result = self.convene(*args, **kwargs)
        self.assertEqual(result.status, status, result.out + result.err)
        self.assertIn(says, result.out + result.err)
        return result

    def verify(self, status, *acknowledged, says=""):
        flags = [f for path in acknowledged for f in ("--acknowledged", path)]
        return self.expect(status, "audit", "verify", "--json", *flags, says=says).json

    def requests(self, name, n):
        path = self.convene.root / f"{name}.jsonl"
        path.write_text("".join(json.dumps({"event": "E1", "party": PARTIES[i % 4], "persons": [{"name": f"{name} {i}", "capacity": "delegate"}]}) + "\n"
                                for i in range(n)))
        return path

    def acknowledged(self, name, n):
        """Outcomes of n registrations, in a file."""
        done = self.expect(OK, "request", "register", "--lines", self.requests(name, n), "--json")
        path = self.convene.root / f"{name}.outcomes"
        path.write_text("".join(line + "\n" for line in done.out.splitlines() if json.loads(line).get("outcome")))
        return path

    def down(self):
        self.convene.stop()

    def test_the_plug_is_pulled_under_load(self):
        told = self.convene.root / "told.outcomes"
        with open(told, "w", encoding="utf-8") as out:
            command = [str(BIN / "convene"), "request", "register", "--lines", str(self.requests("load", 20000)), "--json", *self.convene.flags]
            load = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL, env={k: v for k, v in os.environ.items() if k != "CONVENE_AS"})
            wait_for(lambda: told.stat().st_size > 300000, "some hundred outcomes", self.convene)
            self.convene.process.send_signal(signal.SIGSTOP)  # so that it starts nobody again
            for service in SERVICES:
                os.kill(self.convene.pid(service), signal.SIGKILL)
            self.convene.process.kill()
            self.convene.process.wait()
            self.convene.process = None
            self.convene.log.close()
            load.kill()
            load.wait()
        lines = told.read_text(encoding="utf-8").splitlines()
        for line in lines[-1:]:
            try:
                json.loads(line)
            except ValueError:
                lines.pop()  # cut off when the load was killed
        lines = [line for line in lines if json.loads(line).get("outcome")]
        self.assertGreater(len(lines), 100)
        told.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        self.convene.start()
        found = self.verify(OK, told)
        self.assertTrue(found["clean"])
        self.assertEqual(found["acknowledged"], len(lines))
        self.assertEqual({s["verified"] for s in found["streams"]}, {"yes"})
        self.assertGreaterEqual(found["records"], 2 * len(lines))
        self.expect(OK, "audit", "verify", "--acknowledged", told, says="Nothing that was acknowledged is missing.")

    def change(self, sql):
        """Somebody is at registration's file while it is down."""
        self.down()
        database = sqlite3.connect(self.convene.data / "registration.db")
        self.assertGreater(database.execute(sql).rowcount, 0)
        database.commit()
        database.close()
        self.convene.start()

    def test_what_was_tampered_with_is_found(self):
        told = self.acknowledged("before", 5)
        found = self.verify(OK, told)
        self.assertEqual((found["clean"], found["acknowledged"]), (True, 5))
        self.change("DELETE FROM request WHERE id = (SELECT max(id) FROM request)")
        found = self.verify(FAILED, told)
        self.assertEqual(len(found["findings"]), 3, found)  # two records without their request, and the promise
        self.assertIn("registration.events 5 was caused by request", found["findings"][0])
        self.assertIn("registration.private 5 was caused by request", found["findings"][1])
        self.assertIn("was acknowledged with OK", found["findings"][2])

    def test_other_words_are_found(self):
        told = self.acknowledged("words", 3)
        self.change("UPDATE journal SET bytes = CAST(replace(CAST(bytes AS TEXT), 'registered', 'withdrawn?') AS BLOB)"
                    " WHERE part = 0 AND instr(bytes, CAST('registered' AS BLOB))")
        self.verify(FAILED, told, says="other words")

    def test_an_old_copy_put_back_is_found(self):
        self.acknowledged("early", 2)
        self.down()
        old = (self.convene.data / "registration.db").read_bytes()
        self.convene.start()
        told = self.acknowledged("late", 4)
        self.verify(OK, told)
        self.down()
        (self.convene.data / "registration.db").write_bytes(old)
        self.convene.start()
        found = self.verify(FAILED, told)
        self.assertEqual(sum("was acknowledged" in f for f in found["findings"]), 4)

    def test_bad_input(self):
        self.expect(NOTFOUND, "audit", "verify", "--acknowledged", "/nowhere/file", says="cannot read /nowhere/file")
        path = self.convene.root / "bad"
        for text, says in (("{", "document 1"), ('{"id": "x"}', "no outcome"), ("[1]", "no outcome"), ("hello", "document 1")):
            path.write_text(text)
            self.expect(USAGE, "audit", "verify", "--acknowledged", path, says=says)
        path.write_text("")
        self.assertEqual(self.verify(OK, path)["acknowledged"], 0)


if __name__ == "__main__":
    need("convene", *(f"convene-{s}" for s in SERVICES))
    unittest.main(verbosity=2)
