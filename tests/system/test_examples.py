#!/usr/bin/python3
"""test_examples: the example programs against running services: a publisher's requests and a subscriber that goes on where it was.
SPDX-License-Identifier: Apache-2.0
"""
import json
import pathlib
import subprocess
import unittest
import uuid

from cli_env import BIN, SOURCE, Convene, need

SCRIPT = SOURCE / "tests/examples/publisher.py"


def call(program, convene, *args, service="registration", name="publisher"):
    """The examples take ENDPOINT KEYS NAME and their own."""
    return subprocess.run([str(program), f"ipc://{convene.root}/{service}", str(convene.data / "keys"), name, *map(str, args)], capture_output=True,
                          text=True, timeout=60, check=False)


class Examples(unittest.TestCase):
    def test_publishers_agree(self):
        """C with the library and Python with the description only get the same bytes for the same requests."""
        with Convene() as convene:
            lines = [{"id": str(uuid.uuid4()), "type": "convene.registration.decline.v1", "data": {"event": f"E{i % 3}", "party": "KZ"}} for i in range(40)]
            lines += lines[:5]
            path = convene.root / "requests.jsonl"
            path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
            said = []
            for program in (BIN / "convene-example-publisher", SCRIPT):
                done = call(program, convene, path)
                self.assertEqual(done.returncode, 0, done.stderr)
                answers = sorted((json.loads(line) for line in done.stdout.splitlines()), key=lambda answer: answer["line"])
                self.assertEqual([a["line"] for a in answers], list(range(1, 46)))
                self.assertEqual([a["id"] for a in answers], [line["id"] for line in lines])
                said.append([(a["class"], a["code"]) for a in answers])
            self.assertEqual(said[0], said[1])
            self.assertEqual(set(said[0]), {("NOTFOUND", "event_unknown")})

    def test_subscriber_goes_on(self):
        with Convene() as convene:
            plan = convene.root / "plan.json"
            parties = [f"P{i:02}" for i in range(30)]
            plan.write_text(json.dumps({"parties": [{"code": code, "kind": "guest", "name": code} for code in parties]}), encoding="utf-8")
            self.assertEqual(convene("plan", "import", plan).status, 0)
            seen = []
            for count in (1, 7, 12, 1000):
                done = call(BIN / "convene-example-subscriber", convene, "scheduling.events", convene.root / "position", count, service="scheduling", name="observer")
                self.assertEqual(done.returncode, 0, done.stderr)
                rows = [line.split() for line in done.stdout.splitlines()]
                self.assertLessEqual(len(rows), count)
                seen += rows
            self.assertEqual([int(row[0]) for row in seen], list(range(1, 31)))
            self.assertEqual({row[2] for row in seen}, set(parties))

    def test_bad_keys(self):
        with Convene() as convene:
            done = call(BIN / "convene-example-subscriber", convene, "scheduling.events", convene.root / "position", service="scheduling", name="nobody")
            self.assertEqual(done.returncode, 1)
            self.assertIn("nobody.secret", done.stderr)
            self.assertFalse(pathlib.Path(convene.root / "position").exists())


if __name__ == "__main__":
    need("convene", "convene-registration", "convene-scheduling", "convene-notifications", "convene-example-publisher", "convene-example-subscriber")
    unittest.main(verbosity=1)
