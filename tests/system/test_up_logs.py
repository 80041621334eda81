#!/usr/bin/python3
"""test_up_logs: what the services log under `convene up` stays bounded, and nothing that was said is lost at the turn.
SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import signal
import subprocess
import unittest

from cli_env import BIN, SERVICES, Convene, need, wait_for

MIB = 1024 * 1024


class Logs(unittest.TestCase):
    def test_they_turn(self):
        convene = Convene("--conf", "log/file_mib=1", "--conf", "log/files=2")
        folder = convene.data / "log"
        folder.mkdir(parents=True)
        old = b'{"event":"of a run before"}\n' * (MIB // 28 + 1)
        for service in SERVICES:
            (folder / f"{service}.log").write_bytes(old)
        (folder / "registration.log.1").write_text("one before", encoding="ascii")
        (folder / "registration.log.2").write_text("two before", encoding="ascii")
        with convene:
            def files():
                return {path.name: path.stat().st_size for path in sorted(folder.glob("registration.log*"))}
            self.assertEqual(list(files()), ["registration.log", "registration.log.1", "registration.log.2"])
            self.assertEqual((folder / "registration.log.2").read_text(encoding="ascii"), "one before", "the oldest went")
            turned = (folder / "registration.log.1").read_bytes()
            self.assertTrue(turned.startswith(old))
            for service in SERVICES:
                pid = convene.pid(service)
                self.assertEqual({os.readlink(f"/proc/{pid}/fd/{fd}") for fd in (1, 2)}, {str(folder / f"{service}.log")},
                                 "no descriptor stays on a file that was put aside")
            # Old file and new one together say all of it, once.
            said = turned[len(old):] + (folder / "registration.log").read_bytes()
            events = [json.loads(line)["event"] for line in said.splitlines()]
            self.assertEqual(events.count("ready"), 1, events)
            # Killed and started again it goes on where it was, and what `up` shows of it is of the file.
            pid = convene.pid("registration")
            os.kill(pid, signal.SIGKILL)
            wait_for(lambda: convene.pid("registration") not in (None, pid) and convene("status").status == 0, "started again", convene)
            self.assertIn("registration was ended by signal 9", convene.said())
            text = (folder / "registration.log").read_text(encoding="utf-8")
            self.assertIn('"ready"', text)
            self.assertEqual(list(files()), ["registration.log", "registration.log.1", "registration.log.2"])

    def test_a_directory_that_is_not_there(self):
        done = subprocess.run([str(BIN / "convene-registration"), "--set", "data=/tmp", "--set", "log/directory=/nonexistent"], capture_output=True, text=True,
                              check=False, timeout=30, env={k: v for k, v in os.environ.items() if not k.startswith("CONVENE_")})
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("cannot write /nonexistent/registration.log: No such file or directory", done.stderr)


if __name__ == "__main__":
    need("convene", *(f"convene-{service}" for service in SERVICES))
    unittest.main(verbosity=2)
