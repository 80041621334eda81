#!/usr/bin/python3
"""test_cli_sample: the main job: `convene up --sample cica --exit` on ipc, twice on the same data, with a service killed midway.
SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import signal
import subprocess
import threading
import time
import unittest

from cli_env import BIN, Convene, SOURCE, need


def job(convene, *flags, during=None):
    args = [str(BIN / "convene"), "up", "--sample", "cica", "--exit", "--json", "--sample-dir", str(SOURCE / "services/cli/sample"), *flags, *convene.flags]
    process = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if during:
        threading.Thread(target=during, args=(convene,), daemon=True).start()
    out, err = process.communicate(timeout=240)
    return process.returncode, out, err


def kill_often(convene):
    """Each service once, while the job goes on."""
    for service in ("registration", "notifications", "scheduling", "registration"):
        time.sleep(0.4)
        pid = convene.pid(service)
        if pid:
            os.kill(pid, signal.SIGKILL)


class Sample(unittest.TestCase):
    def check(self, status, out, err):
        self.assertEqual(status, 0, out[-4000:] + err[-4000:])
        doc = json.loads(out)
        self.assertEqual((doc["schema"], doc["failed"]), ("convene.cli.sample.v1", 0))
        self.assertIn("are an exercise; facts about events are from public sources", err)
        self.assertEqual(sum(doc["notices"]["decision"].values()), sum(row["records"] for row in doc["decisions"].values()))
        return doc

    def test_everything_holds_and_again(self):
        with_services = Convene()
        try:
            _, _, err = result = job(with_services)
            first = self.check(*result)
            said = [line for line in err.splitlines() if not line.startswith("convene:")]
            self.assertIn("are an exercise", said[0])
            self.assertEqual(sum(sum(row.values()) for row in first["events"].values()), 34)
            second = self.check(*job(with_services))
            self.assertEqual(second["requests"], first["requests"])  # the same answers
            self.assertEqual(second["decisions"], first["decisions"])  # and nothing decided twice
        finally:
            with_services.__exit__(None, None, None)

    def test_with_services_killed(self):
        convene = Convene()
        try:
            _, _, err = result = job(convene, during=kill_often)
            self.check(*result)
            self.assertIn("signal 9", err)
        finally:
            convene.__exit__(None, None, None)


if __name__ == "__main__":
    need("convene", "convene-registration", "convene-scheduling", "convene-notifications", "convene-example-publisher")
    unittest.main(verbosity=1)
