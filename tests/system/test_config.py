#!/usr/bin/python3
"""test_config: what `convene config` says of settings is what services do: they refuse to start with the same words.
SPDX-License-Identifier: Apache-2.0
"""
import os
import pathlib
import subprocess
import tempfile
import unittest

from cli_env import BIN, need, run

ALL = ("scheduling", "registration", "notifications", "dashboard")
OK, USAGE, NOTFOUND = 0, 2, 4


class Config(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="cv-config-")
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.flags = ["--data", self.root / "data", "--conf", "dashboard/http=127.0.0.1:0"]
        for service in ALL:
            self.flags += ["--conf", f"{service}/endpoint=ipc://{self.root}/{service}"]

    def sets(self):
        """The same flags as a service takes them."""
        words = ["--set", f"data={self.root}/data"]
        for flag, value in zip(self.flags[::2], self.flags[1::2]):
            words += ["--set", value] if flag == "--conf" else []
        return list(map(str, words))

    def start(self, service, *sets):
        """A service in the foreground, which must leave by itself: status and what it said."""
        done = subprocess.run([str(BIN / f"convene-{service}"), *self.sets(), *sets], capture_output=True, text=True, timeout=60,
                              check=False, env={k: v for k, v in os.environ.items() if not k.startswith("CONVENE_")})
        return done.returncode, done.stdout + done.stderr

    def check(self, *args, **kwargs):
        return run("config", "check", *self.flags, *args, **kwargs)

    def test_show(self):
        file = self.root / "convene.cfg"
        file.write_text("store\n    reserve_mib = 7\nregistration\n    purge_days = 30\n", encoding="utf-8")
        flags = ["--config", file, "--conf", "log/level=warn"]
        shown = run("config", "show", *flags, "--json", env={"CONVENE_REGISTRATION_PURGE_DAYS": "31"})
        self.assertEqual((shown.status, shown.err), (OK, ""))
        settings = {one["key"]: one for one in shown.json["settings"]}
        self.assertEqual((settings["store/reserve_mib"]["value"], settings["store/reserve_mib"]["origin"]), ("7", f"{file}:2"))
        self.assertEqual((settings["registration/purge_days"]["value"], settings["registration/purge_days"]["origin"]),
                         ("31", "CONVENE_REGISTRATION_PURGE_DAYS"))
        self.assertEqual((settings["log/level"]["value"], settings["log/level"]["origin"]), ("warn", "--set"))
        self.assertEqual(settings["keys"]["origin"], "default")
        self.assertEqual((settings["store/reserve_mib"]["unit"], settings["store/reserve_mib"]["range"]),
                         ("MiB", "a whole number of MiB, from 0 to 1048576"))
        self.assertEqual(len(settings), len(run("config", "show").out.splitlines()) - 1, "a line each, below the heading")
        changed = run("config", "show", "--changed", *flags).out.splitlines()[1:]
        self.assertEqual([line.split()[0] for line in changed], ["registration/purge_days", "store/reserve_mib", "log/level"])
        one = run("config", "show", "registration/access_rows")
        self.assertEqual(one.status, OK)
        for words in ("1000000", "default", "CONVENE_REGISTRATION_ACCESS_ROWS", "from 1000 to 100000000"):
            self.assertIn(words, one.out)
        wrong = run("config", "show", "registration/acces_rows")
        self.assertEqual(wrong.status, NOTFOUND)
        self.assertIn('did you mean "registration/access_rows"?', wrong.err)

    def test_secrets_are_not_shown(self):
        secret = self.root / "master"
        secret.write_text("convene-master-key-1 0123456789abcdef\n", encoding="utf-8")
        secret.chmod(0o600)
        flags = ["--conf", f"registration/master_key={secret}"]
        for args in ((), ("--json",), ("registration/master_key",), ("registration/master_key", "--json")):
            shown = run("config", "show", *args, *flags)
            self.assertEqual(shown.status, OK)
            self.assertIn(str(secret), shown.out)
            self.assertNotIn("0123456789abcdef", shown.out + shown.err)
        self.assertIn("its owner alone can read it", run("config", "show", "registration/master_key", *flags).out)
        secret.chmod(0o644)
        self.assertIn("OTHERS CAN READ IT", run("config", "show", "registration/master_key", *flags).out)

    def test_example_is_a_file_that_can_be_used(self):
        example = run("config", "example")
        self.assertEqual((example.status, example.err), (OK, ""))
        file = self.root / "example.cfg"
        file.write_text(example.out, encoding="utf-8")
        self.assertEqual(run("config", "show", "--changed", "--config", file).out.splitlines()[1:], [])
        file.write_text("\n".join(line[1:] if line[:1] == "#" and line[1:2] != " " else line for line in example.out.splitlines()) + "\n",
                        encoding="utf-8")
        self.assertEqual(run("config", "show", "--config", file).status, OK)

    def test_check(self):
        before = self.check()
        self.assertEqual(before.status, USAGE, "there are no keys yet")
        self.assertEqual(sum("would start" not in line for line in before.out.splitlines()), len(ALL))
        self.assertEqual(self.start("registration"), (USAGE, before.out.splitlines()[1].split(maxsplit=1)[1] + "\n"))
        self.assertFalse((self.root / "data").exists(), "a check makes nothing")
        self.assertEqual(run("keys", "make", *self.flags).status, OK)
        made = sorted(path for path in self.root.rglob("*"))
        after = self.check("--json")
        self.assertEqual([(one["service"], one["starts"]) for one in after.json["services"]], [(name, True) for name in ALL])
        self.assertEqual(after.status, OK)
        self.assertEqual(self.check("dashboard").out.split(), ["dashboard", "would", "start"])
        self.assertEqual(sorted(path for path in self.root.rglob("*")), made)
        self.assertEqual(self.check("dashbord").status, USAGE)

    def refused(self, service, wanted, *sets):
        """The check and the start say the same; others than this service are not concerned."""
        flags = [word for one in sets for word in ("--conf", one)]
        result = self.check("--json", *flags)
        self.assertEqual(result.status, USAGE, result.out)
        reasons = {one["service"]: one["reason"] for one in result.json["services"]}
        self.assertIn(wanted, reasons[service])
        self.assertEqual({name for name, reason in reasons.items() if reason}, {service})
        self.assertEqual(self.start(service, *(word for one in sets for word in ("--set", one))), (USAGE, reasons[service] + "\n"))

    def test_the_same_words(self):
        self.assertEqual(run("keys", "make", *self.flags).status, OK)
        master = self.root / "data/keys/registration.master"
        master.chmod(0o640)
        self.refused("registration", f"others than its owner can read {master} (mode 0640)")
        master.chmod(0o600)
        self.refused("dashboard", "dashboard/http = here: not a numeric address", "dashboard/http=here")
        self.refused("notifications", "notifications", "notifications/bind=ipc:///" + "x" * 200)
        (self.root / "data/keys/scheduling.secret").rename(self.root / "secret")
        self.refused("scheduling", "scheduling.secret")

    def test_what_is_wrong_for_all_is_said_once(self):
        for sets, wanted in (("log/levle=info", 'unknown key "log/levle"; did you mean "log/level"?'),
                             ("store/reserve_mib=-1", "must be a whole number from 0 to 1048576")):
            result = self.check("--conf", sets)
            self.assertEqual(result.status, USAGE)
            self.assertEqual((result.out, result.err.count(wanted)), ("", 1), result.err)
            status, said = self.start("scheduling", "--set", sets)
            self.assertEqual((status, wanted in said), (USAGE, True), said)
        result = self.check(env={"CONVENE_LOG_LEVL": "info"})
        self.assertEqual(result.status, USAGE)
        self.assertIn("did you mean CONVENE_LOG_LEVEL?", result.err)


if __name__ == "__main__":
    need("convene", *(f"convene-{name}" for name in ALL))
    unittest.main(verbosity=2)
