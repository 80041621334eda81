#!/usr/bin/python3
"""test_cli_health: what containers need of the command line: health checks, keys given out, the sample on running services.
SPDX-License-Identifier: Apache-2.0
"""
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest

from cli_env import BIN, SERVICES, Convene, need, run

OK, FAILED, USAGE, PARTIAL, NOTFOUND, REFUSED, UNREACHABLE, DENIED = range(8)


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


class Health(unittest.TestCase):
    def test_ready_then_silent(self):
        with Convene() as convene:
            for service in SERVICES:
                self.assertEqual(convene("health", service).status, OK)
                found = convene("health", service, "--json").json
                self.assertEqual((found["service"], found["live"], found["ready"]), (service, True, True))
            self.assertEqual(convene("health", "registration", "--live").status, OK)
            self.assertEqual(convene("health", "registraton").status, USAGE)
            self.assertEqual(convene("health").status, USAGE, "process 1 is no service here")
            pid = convene.pid("scheduling")
            os.kill(pid, signal.SIGSTOP)
            try:
                for patience, most in (((), 3.5), (("--timeout", "200ms"), 1.7), (("--live", "--timeout", "200ms"), 1.7)):
                    begin = time.monotonic()
                    result = convene("health", "scheduling", *patience)
                    took = time.monotonic() - begin
                    self.assertEqual(result.status, UNREACHABLE, result.err)
                    self.assertLess(took, most)
            finally:
                os.kill(pid, signal.SIGCONT)
            self.assertEqual(convene("health", "scheduling").status, OK)

    def test_alive_and_not_ready(self):
        """No disk has so much room left: nothing is decided, reading goes on."""
        with Convene() as convene:
            convene.stop()
            convene.up_args = ["--conf", "store/reserve_mib=1048576"]
            convene.log = open(convene.root / "up.log", "a+", encoding="utf-8")
            convene.process = subprocess.Popen([str(BIN / "convene"), "up", *convene.up_args, *convene.flags], stdout=convene.log, stderr=convene.log)
            end = time.monotonic() + 30
            while convene("health", "registration", "--live").status != OK:
                self.assertLess(time.monotonic(), end)
            result = convene("health", "registration")
            self.assertEqual(result.status, FAILED, result.err)
            self.assertIn("not ready", result.out)
            self.assertFalse(convene("health", "registration", "--json").json["ready"])

    def test_over_tcp_by_the_own_key(self):
        """A service that listens on all addresses is asked on this machine's own, with no key but its own."""
        with tempfile.TemporaryDirectory(prefix="cv-") as folder:
            root = pathlib.Path(folder)
            given = root / "given/notifications"
            given.mkdir(parents=True)
            flags = ["--data", root / "data"]
            self.assertEqual(run("keys", "make", *flags, "--share", root / "given").status, OK)
            environment = {"CONVENE_DATA": str(root / "data"), "CONVENE_KEYS": str(given), "CONVENE_NOTIFICATIONS_BIND": "tcp://0.0.0.0:24793",
                           "CONVENE_NOTIFICATIONS_ENDPOINT": "tcp://notifications.invalid:24793"}
            self.assertEqual(run("health", "notifications", env=environment | {"CONVENE_KEYS": str(root)}).status, NOTFOUND)
            process = subprocess.Popen([str(BIN / "convene-notifications")], env=os.environ | environment, stderr=subprocess.DEVNULL)
            try:
                end = time.monotonic() + 30
                while run("health", "notifications", env=environment).status != OK:
                    self.assertLess(time.monotonic(), end)
                self.assertEqual(run("health", "scheduling", "--as", "notifications", "--timeout", "300ms", env=environment |
                                     {"CONVENE_SCHEDULING_ENDPOINT": "tcp://127.0.0.1:24796"}).status, UNREACHABLE)
            finally:
                process.terminate()
                self.assertEqual(process.wait(30), 0)


class Share(unittest.TestCase):
    def test_each_gets_what_it_needs(self):
        with tempfile.TemporaryDirectory(prefix="cv-") as folder:
            root = pathlib.Path(folder)
            flags = ["--data", root / "data"]
            for name in ("registration", "publisher"):
                (root / "share" / name).mkdir(parents=True)
            (root / "share/registration/allow").mkdir()
            made = run("keys", "make", *flags, "--share", root / "share")
            self.assertEqual(made.status, OK, made.err)
            everybody = sorted(f"allow/{name}.cert" for name in (*SERVICES, "operator", "secretariat", "publisher", "observer", "dashboard"))
            self.assertEqual(files(root / "share/registration"), [*everybody, "registration.master", "registration.secret"])
            self.assertEqual(files(root / "share/publisher"), [*sorted(f"allow/{name}.cert" for name in SERVICES), "publisher.secret"])
            for name in ("registration", "publisher"):
                path = root / f"share/{name}/{name}.secret"
                self.assertEqual(path.stat().st_mode & 0o777, 0o600)
                self.assertEqual(path.read_bytes(), (root / f"data/keys/{name}.secret").read_bytes())
            again = run("keys", "share", root / "share", *flags, "--json").json
            self.assertEqual((again["programs"], again["changed"]), (2, 0))

            added = run("keys", "add", "focal-kz", "--share", root / "share", *flags)
            self.assertEqual(added.status, OK, added.err)
            self.assertIn("allow/focal-kz.cert", files(root / "share/registration"))
            self.assertNotIn("allow/focal-kz.cert", files(root / "share/publisher"))
            (root / "data/keys/allow/focal-kz.cert").unlink()
            (root / "share/registration/allow/observer.cert").write_text("half", encoding="utf-8")
            self.assertEqual(run("keys", "share", root / "share", *flags, "--json").json["changed"], 2)
            self.assertEqual(files(root / "share/registration"), [*everybody, "registration.master", "registration.secret"])
            self.assertEqual((root / "share/registration/allow/observer.cert").read_bytes(), (root / "data/keys/allow/observer.cert").read_bytes())

            # A dashboard has a desk once there is a key for it: that, what signs its links, and everybody's certificates; and not any more without.
            (root / "share/dashboard").mkdir()
            run("keys", "share", root / "share", *flags)
            own = sorted([*(f"allow/{name}.cert" for name in (*SERVICES, "dashboard")), "dashboard.secret"])
            self.assertEqual(files(root / "share/dashboard"), own)
            self.assertFalse((root / "data/keys/dashboard.links").exists())
            run("keys", "add", "dashboard-desk", "--role", "service", "--share", root / "share", *flags)
            desk = [*sorted([*everybody, "allow/dashboard-desk.cert"]), "dashboard-desk.secret", "dashboard.links", "dashboard.secret"]
            self.assertEqual(sorted(files(root / "share/dashboard")), sorted(desk))
            links = root / "share/dashboard/dashboard.links"
            before = links.read_bytes()
            self.assertEqual((before, links.stat().st_mode & 0o777), ((root / "data/keys/dashboard.links").read_bytes(), 0o600))
            self.assertEqual([name for name in files(root / "share/publisher") if "dashboard" in name], ["allow/dashboard-desk.cert"])
            run("dashboard", "rotate", *flags)
            self.assertEqual(run("keys", "share", root / "share", *flags, "--json").json["changed"], 1)
            self.assertNotEqual(links.read_bytes(), before)
            self.assertEqual(run("keys", "share", root / "share", *flags, "--json").json["changed"], 0)
            (root / "data/keys/allow/dashboard-desk.cert").unlink()
            run("keys", "share", root / "share", *flags)
            self.assertEqual(files(root / "share/dashboard"), own)

            # The key of the personal data may be the only one that opens them: it is never overwritten.
            master = root / "share/registration/registration.master"
            right = master.read_bytes()
            self.assertEqual(right, (root / "data/keys/registration.master").read_bytes())
            self.assertEqual(master.stat().st_mode & 0o777, 0o600)
            master.write_bytes(right[:-9] + b"01234567\n")
            refused = run("keys", "share", root / "share", *flags)
            self.assertEqual(refused.status, REFUSED, refused.err)
            self.assertIn("never overwritten", refused.err)
            master.write_bytes(right)

            (root / "share/stranger").mkdir()
            result = run("keys", "share", root / "share", *flags)
            self.assertEqual(result.status, NOTFOUND)
            self.assertIn("stranger", result.err)
            self.assertEqual(run("keys", "share", root / "nowhere", *flags).status, NOTFOUND)


class Sample(unittest.TestCase):
    def test_on_services_that_run(self):
        with Convene() as convene:
            refused = convene("sample", "run", "cica")
            self.assertEqual(refused.status, REFUSED, refused.out + refused.err)
            self.assertIn("CONVENE_CLOCK_OFFSET_MS=", refused.err)
            self.assertEqual(convene("plan", "show", "--json").status, OK)
            self.assertEqual(convene("sample", "run", "nato").status, USAGE)
            convene.stop()
            offset = int(convene("sample", "clock", "cica").out)
            self.assertEqual(offset // 60000, convene("sample", "clock", "cica", "--json").json["offset_ms"] // 60000)
            convene.up_args = ["--conf", f"clock/offset_ms={offset}"]
            convene.start()
            done = convene("sample", "run", "cica", timeout=200)
            self.assertEqual(done.status, OK, done.out + done.err)
            self.assertIn("All checks held", done.out)


if __name__ == "__main__":
    need("convene", *(f"convene-{service}" for service in SERVICES), "convene-example-publisher")
    unittest.main(verbosity=1)
