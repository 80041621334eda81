#!/usr/bin/python3
"""test_doctor: an installation is broken in one way after another; the doctor finds each, and says what to do about it.
SPDX-License-Identifier: Apache-2.0
"""
import os
import shutil
import signal
import subprocess
import sys
import unittest

from cli_env import BIN, Convene, need, wait_for


class Doctor(unittest.TestCase):
    def setUp(self):
        self.convene = Convene()
        self.convene.flags[-1] = "dashboard/http=127.0.0.1:0"
        self.convene.__enter__()
        self.addCleanup(self.convene.__exit__, None, None, None)
        self.keys = self.convene.data / "keys"

    def look(self, *more):
        done = self.convene("doctor", "--json", "--timeout", "2s", *more)
        self.assertIn(done.status, (0, 1), done.out + done.err)
        self.assertEqual(done.status, int(done.json["wrong"] > 0))
        return done.json["findings"]

    def finds(self, check, *words, result="wrong", more=()):
        """One finding of this check and kind that has all these words."""
        found = self.look(*more)
        self.assertTrue([one for one in found if one["check"] == check and one["result"] == result and all(word in one["text"] for word in words)],
                        f"{check}, {result}, {words}: {found}")

    def version(self):
        return self.convene("status", "--json").json["services"]["scheduling"]["version"]

    def is_well(self):
        return [one for one in self.look() if one["result"] == "wrong"] == []

    def test_everything_that_can_be_wrong(self):
        wait_for(lambda: [one for one in self.look() if one["result"] != "ok"] == [], lambda: self.look(), self.convene)
        self.assertEqual([one["text"] for one in self.look() if one["check"] == "dashboard"], [f"answers, version {self.version()}"])
        # A service that hangs, and the page.
        for name, result, words in (("registration", "wrong", ("convene up", "systemctl start convene@registration", "log")),
                                    ("dashboard", "note", ("page", "start convene-dashboard"))):
            pid = self.convene.pid(name)
            os.kill(pid, signal.SIGSTOP)
            try:
                self.finds(name, "does not answer", *words, result=result)
            finally:
                os.kill(pid, signal.SIGCONT)
            wait_for(self.is_well, f"{name} to be well again", self.convene)
        # Keys: one that others can read, one that is another's, a certificate that is damaged, and folders.
        secret, kept = self.keys / "notifications.secret", self.convene.root / "kept"
        secret.chmod(0o644)
        self.finds("keys", "notifications.secret", "does not start")
        secret.chmod(0o600)
        shutil.copy2(secret, kept)
        shutil.copyfile(self.keys / "scheduling.secret", secret)
        self.finds("keys", "not of one key", "convene keys rotate notifications")
        shutil.copyfile(kept, secret)
        broken = self.keys / "allow/broken.cert"
        broken.write_text("metadata\n", encoding="utf-8")
        self.finds("keys", "broken.cert", "until it is mended")
        broken.unlink()
        self.keys.chmod(0o755)
        self.finds("keys", "700 would do", result="note")
        self.keys.chmod(0o700)
        # Room: more is kept free than there is.
        free = shutil.disk_usage(self.convene.data).free >> 20
        self.finds("disk", "refuse requests", "Make room", more=("--conf", f"store/reserve_mib={free + 5000}"))
        self.finds("disk", "refuse requests", result="note", more=("--conf", f"store/reserve_mib={free - 100}"))
        # Another clock than that of the services.
        self.finds("clock", "behind", "time server", result="note", more=("--conf", "clock/offset_ms=60000"))
        wait_for(self.is_well, "all well at the end", self.convene)

    def test_a_service_that_refuses_for_want_of_room(self):
        """The service's own sentence is passed on."""
        self.convene.stop()
        free = shutil.disk_usage(self.convene.data).free >> 20
        self.convene.log = open(self.convene.root / "up.log", "a+", encoding="utf-8")
        self.convene.process = subprocess.Popen([str(BIN / "convene"), "up", *self.convene.flags, "--conf", f"store/reserve_mib={free + 5000}"],
                                                stdout=self.convene.log, stderr=self.convene.log)
        wait_for(lambda: all("version" in one for one in self.convene("status", "--json").json["services"].values()), "all to answer", self.convene)
        self.finds("scheduling", "disk is nearly full", result="note")
        self.finds("scheduling", "is not well")

    def test_nothing_is_there(self):
        self.convene.stop()
        found = {one["check"]: one for one in self.look() if one["result"] == "wrong"}
        self.assertEqual(set(found), {"scheduling", "registration", "notifications"})


if __name__ == "__main__":
    need("convene", "convene-dashboard")
    if len(sys.argv) == 1:
        sys.argv.append("-v")
    unittest.main()
