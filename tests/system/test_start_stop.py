#!/usr/bin/python3
# Starting and stopping: any order, alone, twice, badly configured, under load, killed.
# SPDX-License-Identifier: Apache-2.0
import itertools
import os
import random
import re
import signal
import sqlite3
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import cvwire
import world
from clients import Publisher, seed_of
from deployment import SERVICES, Case, main, wait_for
from oracle import Oracle


def read(path, mode="r"):
    with open(path, mode) as file:
        return file.read()


class StartStop(Case):
    def test_any_order(self):
        d = self.deployment("ipc", start=False)
        d.start()
        office = d.publisher("office")
        world.put_parties(office)
        world.open_event(d, office, "E1", world.rules(1000, maximum=900))
        total = 0
        orders = list(itertools.permutations(SERVICES))
        random.Random(seed_of()).shuffle(orders)
        for order in orders:
            for name in order[::-1]:
                self.assertEqual(d.services[name].stop(), 0)
            for name in order:
                d.services[name].start()
            total += 1
            world.decide(office, "registration.register", {
                **world.delegation("E1", "KZ"), "persons": [{"name": f"P {total}", "capacity": "delegate"}]})
            d.wait_settled()
            self.assertEqual(d.log("scheduling").query("turnout", "E1/KZ")[0]["data"]["confirmed"], total)
        wait_for(lambda: len(os.listdir(d.outbox)) == total, "a notice of each")

    def test_a_crash_leaves_no_copy_of_memory(self):
        d = self.deployment("ipc", start=False)
        d.start()
        for name in SERVICES:
            limits = read(f"/proc/{d.services[name].pid}/limits")
            self.assertEqual(re.search(r"^Max core file size +(\S+) +(\S+)", limits, re.M).groups(), ("0", "0"), name)

    def test_each_alone(self):
        """Without the others each is ready, answers and decides what it can."""
        for name in SERVICES:
            with self.subTest(service=name):
                d = self.deployment("ipc", start=(name,))
                office = d.publisher("office")
                asked = {"scheduling": lambda: self.assert_outcome(office.ask("scheduling.party.put", {
                             "code": "KZ", "kind": "member", "name": "K"}), "OK", "stored"),
                         "registration": lambda: self.assert_outcome(office.ask(
                             "registration.register", world.delegation("E1", "KZ")), "NOTFOUND"),
                         "notifications": lambda: self.assert_outcome(office.ask("notifications.recipient.put", {
                             "party": "KZ", "order": 1, "name": "N", "email": "n@kz.example"}), "OK", "recipient_set")}
                asked[name]()
                status = d.status(name)
                self.assertTrue(status["ready"] and status["writable"])
                self.assertEqual(status["service"], name)
                for follow in status["follows"]:
                    self.assertNotEqual(follow["state"], "live", follow)
                    self.assertEqual(follow["cursor"], 0)
                self.assertEqual(d.services[name].stop(), 0)

    def test_survives_the_absence_of_others(self):
        """Registration decides while scheduling is away, also when it is started meanwhile, and what it decided reaches scheduling
        later."""
        d = self.deployment("ipc")
        office = d.publisher("office")
        world.put_parties(office)
        world.open_event(d, office, "E1", world.rules(100))

        def decided():
            return next(s for s in d.status("registration")["streams"] if s["name"] == "registration.events")["head"]
        before = decided()
        d.scheduling.kill()
        d.notifications.kill()
        world.decide(office, "registration.register", world.delegation("E1", "KZ", 3))
        self.assertEqual(decided(), before + 1)
        read = d.follow_of("registration", "scheduling.events")
        self.assertEqual((read["state"], read["cursor"]), ("live", read["head"]), "it stands where scheduling has left it")
        d.registration.stop()
        d.registration.start()
        world.decide(office, "registration.register", world.delegation("E1", "AZ", 2))
        status = d.status("registration")
        self.assertTrue(status["ready"] and status["writable"], status)
        self.assertEqual(decided(), before + 2)
        follow = d.follow_of("registration", "scheduling.events")
        self.assertEqual((follow["state"], follow["cursor"]), ("new", read["cursor"]), "nobody is there to tell where scheduling stands")
        d.scheduling.start()
        d.notifications.start()
        d.wait_settled()
        for party, persons in (("KZ", 3), ("AZ", 2)):
            self.assertEqual(d.log("scheduling").query("turnout", f"E1/{party}")[0]["data"]["confirmed"], persons)
        self.assertEqual(d.follow_of("registration", "scheduling.events")["state"], "live")
        wait_for(lambda: len(os.listdir(d.outbox)) == 2, "the notices")

    def test_two_on_one_database(self):
        """The second is refused, says why, and the first does not notice; also on other ports."""
        for transport in ("ipc", "tcp"):
            d = self.deployment(transport)
            office = d.publisher("office")
            world.put_parties(office)
            for extra in ((), ("--set", f"registration/endpoint=ipc://{d.root}/other", "--set", f"registration/bind=ipc://{d.root}/other")):
                second = d.registration.run(*extra)
                self.assertNotEqual(second.returncode, 0, second.stdout)
                self.assertIn("registration.db", second.stdout) if extra else self.assertTrue(second.stdout.strip())
            outcome = office.ask("registration.register", world.delegation("E1", "KZ"))
            self.assert_outcome(outcome, "NOTFOUND")

    def test_port_in_use(self):
        d = self.deployment("tcp", start=("registration",))
        other = d.registration.run("--set", f"data={d.root}/other-data")
        self.assertNotEqual(other.returncode, 0)
        self.assertRegex(other.stdout, rf"127\.0\.0\.1:({d.ports.first + 3}|{d.ports.first + 4}|{d.ports.first + 5})")
        self.assertIn("in use", other.stdout)

    def test_bad_flags_and_settings(self):
        d = self.deployment("tcp", start=False)
        config = os.path.join(d.root, "test.cfg")

        def refused(says, *flags, text=None, environment=None, service=d.registration):
            if text is not None:
                with open(config, "w", encoding="utf-8") as file:
                    file.write(text)
                flags = (*flags, "--config", config)
            before = sorted(os.listdir(d.data))
            result = service.run(*flags, environment=environment, deadline=20)
            with self.subTest(flags=flags, text=text, environment=environment):
                self.assertNotEqual(result.returncode, 0, result.stdout)
                self.assertGreater(result.returncode, 0, f"died of a signal: {result.stdout}")
                for word in says:
                    self.assertIn(word, result.stdout)
                self.assertEqual(sorted(os.listdir(d.data)), before, "something was written")

        refused(("--bogus",), "--bogus")
        refused(("extra",), "extra")
        refused(("foo",), "--set", "foo=1")
        refused(("store/reserve_mib",), "--set", "store/reserve=1")  # the nearest that is
        refused(("store/reserve_mib",), "--set", "store/reserve_mib=many")
        refused(("store/reserve_mib",), "--set", "store/reserve_mib=-1")
        refused(("security", "maybe"), "--set", "security=maybe")
        refused(("security", "none"), "--set", "security=none")  # allowed on ipc only
        refused(("endpoint",), "--set", "registration/endpoint=http://x")
        refused(("endpoint",), "--set", "registration/endpoint=tcp://127.0.0.1:99999")
        refused(("endpoint",), "--set", "registration/endpoint=tcp://127.0.0.1:65534")  # three ports in a row
        refused(("log/level",), "--set", "log/level=loud")
        refused(("/nonexistent.cfg",), "--config", "/nonexistent.cfg")
        refused(("test.cfg", "2"), text="data = x\nnonsense here = = =\n\tx\n")
        refused(("test.cfg", "unknown"), text="registration\n    port = 5\n")
        refused(("CONVENE_STORE_RESERVE_MIB",), environment={"CONVENE_STORE_RESERVE_MIB": "x"}, service=_Bare(d.registration, ("store/reserve_mib",)))
        refused(("/nonexistent",), "--set", "keys=/nonexistent")
        refused(("data",), "--set", "data=/proc/nothing/here")

    def test_bad_keys(self):
        d = self.deployment("tcp", start=False)
        secret, allow = os.path.join(d.keys, "registration.secret"), os.path.join(d.keys, "allow")
        good = read(secret)

        written = set()

        def refused(says, change, undo):
            change()
            try:
                result = d.registration.run(deadline=20)
                self.assertGreater(result.returncode, 0, result.stdout)
                for word in says:
                    self.assertIn(word, result.stdout)
                written.update(os.listdir(d.data))
            finally:
                undo()

        def write(path, text, mode=0o600):
            def act():
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
                os.chmod(path, mode)
            return act
        restore = write(secret, good)
        refused(("registration.secret",), lambda: os.unlink(secret), restore)
        refused(("registration.secret",), write(secret, "rubbish"), restore)
        refused(("registration.secret",), write(secret, good.replace("secret-key", "secret-kez")), restore)
        refused(("registration.secret",), write(secret, re.sub(r'secret-key = "[^"]*"', 'secret-key = "short"', good)), restore)
        other = cvwire.Principal("registration", "service")
        other.secret = d.principals["registration"].secret  # keys that are no pair
        mixed = os.path.join(d.root, "mixed")
        other.write_secret(mixed)
        refused(("registration",), write(secret, read(os.path.join(mixed, "registration.secret"))), restore)
        refused(("registration.secret",), write(secret, good, 0o644), restore)
        for name, text in (("x.cert", "rubbish"), ("x.cert", 'metadata\n    name = "x"\n    role = "emperor"\ncurve\n    public-key = "%s"\n'
                                                   % cvwire.Principal("x", "observer").public.decode()),
                           ("x.cert", read(os.path.join(allow, "office.cert")))):
            path = os.path.join(allow, name)
            refused((name,), write(path, text), lambda p=path: os.unlink(p))
        path = os.path.join(allow, "scheduling.cert")  # of a service it follows
        refused(("scheduling.cert",), lambda: os.unlink(path), write(path, read(path), 0o644))
        d.registration.start()  # all as it was
        self.assertEqual(written, set(), "a database was made before the keys were looked at")

    def test_damaged_database_is_refused(self):
        d = self.deployment("ipc")
        office = d.publisher("office")
        world.put_parties(office)
        d.scheduling.stop()
        d.notifications.stop()
        path = d.database("scheduling")
        good = read(path, "rb")
        def refused(octets, *says):
            with open(path, "wb") as file:
                file.write(octets)
            result = d.scheduling.run(deadline=30)
            self.assertGreater(result.returncode, 0, result.stdout)
            for word in ("scheduling.db", *says):
                self.assertIn(word, result.stdout)
        refused(b"not a database" * 1000)
        refused(read(d.database("notifications"), "rb"))
        d.scheduling.kill()
        with open(path, "wb") as file:
            file.write(good)
        with sqlite3.connect(path) as db:
            db.execute("PRAGMA user_version = 999")
        db.close()
        result = d.scheduling.run(deadline=30)
        self.assertGreater(result.returncode, 0, "a newer schema than we know")
        self.assertIn("999", result.stdout)
        with open(path, "wb") as file:
            file.write(good)
        d.scheduling.start()
        self.assertEqual(len(d.log("scheduling").query("parties")), len(world.PARTIES))

    def test_version_help_and_check(self):
        d = self.deployment("tcp", start=False)
        for service in d.services.values():
            for flag in ("--version", "--help", "--check-config"):
                result = service.run(flag)
                self.assertEqual(result.returncode, 0, result.stdout)
                self.assertTrue(result.stdout.strip())
        self.assertEqual(os.listdir(d.data), [])

    def load(self, d, oracle, stop, errors):
        def run(who):
            try:
                with Publisher(d, who, hasty=0.5) as publisher:
                    waiting, n = [], 0
                    while not stop.is_set() or waiting:
                        while not stop.is_set() and len(waiting) < 100:
                            n += 1
                            data = {**world.delegation("E1", "KZ"), "persons": [{"name": f"{who} {n}", "capacity": "delegate"}]}
                            waiting.append(publisher.submit("registration.register", data))
                            oracle.asked(waiting[-1].id, "registration.register", data)
                        publisher.pump(0.05)
                        for request in [r for r in waiting if r.outcome]:
                            waiting.remove(request)
                            oracle.answered(request.outcome)
            except Exception as error:  # pylint: disable=broad-except
                errors.append(error)
        return [threading.Thread(target=run, args=(who,)) for who in ("office", "portal")]

    def test_sigterm_under_load(self):
        """Ends soon with 0, leaves a database that needs no check and no WAL to recover, and nothing acknowledged is missing."""
        d = self.deployment("tcp")
        office = d.publisher("office")
        world.put_parties(office)
        world.open_event(d, office, "E1", world.rules(1_000_000))
        oracle, stop, errors = Oracle(), threading.Event(), []
        threads = self.load(d, oracle, stop, errors)
        for thread in threads:
            thread.start()
        try:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
                more = len(oracle.acknowledged) + 200
                wait_for(lambda m=more: len(oracle.acknowledged) > m or errors, "requests acknowledged")
                began = time.monotonic()
                d.registration.expected = 0
                d.registration.signal(number)
                self.assertEqual(d.registration.process.wait(15), 0, d.registration.tail())
                self.assertLess(time.monotonic() - began, 10)
                wal = d.database("registration") + "-wal"
                self.assertFalse(os.path.exists(wal) and os.path.getsize(wal), "a WAL is left behind")
                with sqlite3.connect(f"file:{d.database('registration')}?mode=ro", uri=True) as db:
                    self.assertEqual(db.execute("PRAGMA integrity_check").fetchone(), ("ok",))
                db.close()
                events = [e["event"] for e in d.registration.log_events()]
                self.assertEqual(events[-1], "stopped")
                d.registration.start()
                last = [e for e in d.registration.log_events()][len(events):]
                self.assertFalse([e for e in last if e["level"] in ("warn", "error") or "check" in e["event"] or "recover" in e["event"]], last)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertEqual(errors, [])
        records, _ = d.log("registration", "mirror").stream("registration.events")
        self.assertEqual(oracle.judge(records, {"E1": world.rules(1_000_000)}, [p[0] for p in world.PARTIES], ("E1",)), [])
        self.assertEqual(len(records), len(oracle.requests))

    def test_signals_while_frozen_or_starting(self):
        """SIGTERM while stopped by SIGSTOP waits for SIGCONT; SIGTERM at any moment of a start leaves no damage."""
        d = self.deployment("ipc")
        d.registration.freeze()
        d.registration.signal(signal.SIGTERM)
        d.registration.expected = 0
        d.registration.thaw()
        self.assertEqual(d.registration.process.wait(15), 0)
        rng = random.Random(seed_of())
        for _ in range(15):
            d.registration.start(ready=False)
            moment = time.monotonic() + rng.uniform(0, 0.3)
            wait_for(lambda m=moment: time.monotonic() > m, "a moment", pause=0.001)
            d.registration.signal(signal.SIGTERM)
            d.registration.expected = 0
            self.assertIn(d.registration.process.wait(15), (0, -signal.SIGTERM), d.registration.tail())
        d.registration.start()


class _Bare:
    """A service whose command line lacks some settings, so that the environment shows."""

    def __init__(self, service, without):
        self._service, self._without = service, without

    def run(self, *extra, **kwargs):
        settings = self._service.deployment.settings
        saved = {k: settings.pop(k) for k in self._without if k in settings}
        try:
            return self._service.run(*extra, **kwargs)
        finally:
            settings.update(saved)


if __name__ == "__main__":
    main()
