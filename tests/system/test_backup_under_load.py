#!/usr/bin/python3
"""test_backup_under_load: backups taken while requests are decided, restored in another place with the keys: what was acknowledged
before is there, the chains hold, and it goes on from there.
SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import shutil
import subprocess
import threading
import time
import unittest

from cli_env import BIN, SERVICES, Convene, need, wait_for

OK, FAILED, PARTIAL = 0, 1, 3
HOUR = 3600 * 1000
PARTIES = ("KZ", "UZ", "TR", "AZ")
REQUESTS = int(os.environ.get("CONVENE_TEST_REQUESTS", "30000"))


def plan(now):
    rules = {"capacity": 100000, "guaranteed": 0, "maximum": 100000, "waiting": "strict", "group": "each", "opens_ms": now - HOUR, "closes_ms": now + 48 * HOUR}
    return {"parties": [{"code": code, "kind": "member", "name": f"Party {code}"} for code in PARTIES],
            "events": [{"event": "E1", "title": "Test event", "plan_year": 2025, "line": "unknown", "date_start": "2090-04-15"}],
            "advances": [{"event": "E1", "to": ["circulated", "adopted", "scheduled"], "decision": "test"}],
            "registrations": [{"event": "E1"} | rules]}


class Load:
    """`convene request --lines` in the background, as fast as it goes; its outcomes as they are told."""

    def __init__(self, convene):
        path = convene.root / "load.jsonl"
        path.write_text("".join(json.dumps({"event": "E1", "party": PARTIES[i % 4], "persons": [{"name": f"P {i}", "capacity": "delegate"}]}) + "\n"
                                for i in range(REQUESTS)), encoding="utf-8")
        self.outcomes = []
        self.process = subprocess.Popen([str(BIN / "convene"), "request", "register", "--lines", str(path), "--json", "--timeout", "120s", *convene.flags],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            if line.endswith("\n") and json.loads(line).get("outcome"):
                self.outcomes.append(line)

    def stop(self):
        """Enough: the audit asks for every record's request by itself."""
        self.process.kill()
        self.process.wait()
        self.reader.join(60)
        self.process.stdout.close()


class Backup(unittest.TestCase):
    def setUp(self):
        self.here, self.there = Convene(), Convene()
        self.here.__enter__()
        self.addCleanup(self.here.__exit__, None, None, None)
        self.addCleanup(lambda: self.there.__exit__(None, None, None))
        path = self.here.root / "plan.json"
        path.write_text(json.dumps(plan(int(time.time() * 1000))), encoding="utf-8")
        self.expect(self.here, OK, "plan", "import", path, "--json")
        wait_for(lambda: [e for e in self.here("watch", "--once", "--json").json["events"] if e.get("status") == "open"],
                 "registration knows that the event is open", self.here)

    def expect(self, convene, status, *args, says=""):
        result = convene(*args, "--timeout", "60s")
        self.assertEqual(result.status, status, result.out[-3000:] + result.err[-3000:])
        self.assertIn(says, result.out + result.err)
        return result

    def outcomes(self, name, lines):
        path = self.here.root / f"{name}.outcomes"
        path.write_text("".join(lines), encoding="utf-8")
        return path

    def test_restored_elsewhere(self):
        load = Load(self.here)
        wait_for(lambda: len(load.outcomes) >= 300 or load.process.poll() is not None, "outcomes", self.here)
        before = list(load.outcomes)
        copies = {}
        for service in SERVICES:  # followers first: none is ahead of the copy of what it follows
            if service == "registration":
                continue
            copies[service] = self.here.root / f"{service}.backup"
            self.expect(self.here, OK, "backup", service, copies[service])
        copies["registration"] = self.here.root / "registration.backup"
        self.expect(self.here, OK, "backup", "registration", copies["registration"])
        during = len(load.outcomes)
        wait_for(lambda: len(load.outcomes) >= during + 200 or load.process.poll() is not None, "it to go on", self.here)
        load.stop()
        self.assertGreaterEqual(len(load.outcomes), during + 200, "the copies were made while it went on")
        latest = self.outcomes("latest", load.outcomes[-100:])
        acknowledged = self.outcomes("before", before)
        self.here.stop()

        # Elsewhere: the copies, and the keys, which are kept apart.
        self.there.data.mkdir()
        shutil.copytree(self.here.data / "keys", self.there.data / "keys")
        for service, copy in copies.items():
            self.expect(self.there, OK, "restore", service, copy)
        self.there.start()
        found = self.expect(self.there, OK, "audit", "verify", "--acknowledged", acknowledged, "--json").json
        self.assertEqual(found["findings"], [])
        # What came after the copy is not there, and the audit says so rather than being content.
        missing = self.expect(self.there, FAILED, "audit", "verify", "--acknowledged", latest, "--json").json["findings"]
        self.assertTrue(missing)
        held = {json.loads(line)["record"]["data"]["request"] for line in self.expect(self.there, OK, "fetch", "registration.events").out.splitlines()
                if "request" in json.loads(line)["record"].get("data", {})}
        known = {json.loads(line)["id"] for line in load.outcomes}
        self.assertTrue({json.loads(line)["id"] for line in before} <= held)
        self.assertTrue(held & known < known)
        # It decides again, opens the names it holds, and everybody follows.
        self.expect(self.there, OK, "request", "register", "--set", "event=E1", "--set", "party=KZ",
                    "--set", 'persons=[{"name": "After", "capacity": "delegate"}]')
        self.assertIn("P 0", self.expect(self.there, OK, "registration", "export", "E1/KZ", "--format", "csv").out)
        wait_for(lambda: self.there("status", "--json").json["healthy"], "all healthy", self.there)
        self.expect(self.there, OK, "audit", "verify", "--acknowledged", acknowledged, "--json")


if __name__ == "__main__":
    need("convene", "convene-registration", "convene-scheduling", "convene-notifications")
    unittest.main(verbosity=2)
