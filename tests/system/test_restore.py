#!/usr/bin/python3
# A database of yesterday: put back by hand it is noticed, by --restore it begins a new epoch and everybody goes on.
# SPDX-License-Identifier: Apache-2.0
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import cvwire
import world
from clients import Refused, seed_of
from deployment import Case, main, wait_for


def put_back(d, service, copy):
    for ending in ("-wal", "-shm", ""):
        path = d.database(service) + ending
        if os.path.exists(path):
            os.unlink(path)
    shutil.copy(copy, d.database(service))


class Restore(Case):
    def setUp(self):
        self.d = self.deployment("tcp")
        self.office = self.d.publisher("office")
        world.put_parties(self.office)
        world.open_event(self.d, self.office, "E1", world.rules(1000, maximum=900))
        self.count = 0

    def register(self, times, party="KZ"):
        outcomes = []
        for _ in range(times):
            self.count += 1
            outcomes.append(world.decide(self.office, "registration.register", {
                **world.delegation("E1", party), "persons": [{"name": f"P {self.count}", "capacity": "delegate"}]}))
        return outcomes

    def backup(self, service, name="backup.db"):
        path = os.path.join(self.d.root, name)
        self.d.log(service, "ops").query("backup", path)
        self.assertTrue(os.path.exists(path))
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as copy:
            self.assertEqual(copy.execute("PRAGMA integrity_check").fetchone(), ("ok",))
        copy.close()
        return path

    def test_backup(self):
        self.register(3)
        path = self.backup("registration")
        before = os.stat(path)
        with self.assertRaises(Refused):
            self.d.log("registration", "ops").query("backup", path)  # never over what is there
        self.assertEqual(os.stat(path).st_mtime_ns, before.st_mtime_ns)
        for bad in ("/nonexistent/folder/x.db", "", None, "relative.db"):
            with self.subTest(path=bad):
                try:
                    self.d.log("registration", "ops").query("backup", bad)
                    self.assertEqual(bad, "relative.db")
                except Refused as refused:
                    self.assertTrue(refused.data["text"])
        self.register(1)

    def old_copy(self, service, then):
        """A copy made by a clean stop, more history, the copy put back. Positions before and after."""
        d = self.d
        d.services[service].stop()
        copy = os.path.join(d.root, "old.db")
        shutil.copy(d.database(service), copy)
        d.services[service].start()
        then()
        d.wait_settled()
        d.services[service].stop()
        put_back(d, service, copy)
        d.services[service].start()

    def test_old_copy_put_back_is_noticed(self):
        """Same epoch, shorter history: whoever followed further halts (or starts anew), visibly, and applies nothing of it."""
        d = self.d
        self.register(5)
        follower = d.follower("registration", "registration.events")
        self.old_copy("registration", lambda: (self.register(5), follower.fetch()))
        self.assertEqual(follower.position.seq, 10)
        for name in ("scheduling", "notifications"):
            def noticed(name=name):
                follow = d.follow_of(name, "registration.events")
                return follow["state"] in ("halted", "snapshot") or d.counters(name)["snapshots_taken"]
            wait_for(noticed, lambda: d.describe(), 15)
        states = {n: d.follow_of(n, "registration.events") for n in ("scheduling", "notifications")}
        for name, follow in states.items():
            if follow["state"] == "halted":
                self.assertTrue(follow.get("error"))
                self.assertTrue(d.status(name).get("problems"), f"{name} says it in problems")
        # The client: not one record is passed over in silence.
        follower.fetch()
        self.assertIn(follower.halted and follower.halted.code, ("AHEAD", "DIVERGED"))
        # New history grows over the old numbers: still halted, also after a restart; the chain shows it.
        self.register(8, "AZ")
        files = len(os.listdir(d.outbox))
        with self.assertRaises(Refused) as refused:
            d.log("registration").fetch("registration.events", follower.position)
        self.assertEqual(refused.exception.code, "DIVERGED")
        for name, follow in states.items():
            d.services[name].kill()
            d.services[name].start()
            if follow["state"] == "halted":
                wait_for(lambda n=name: d.follow_of(n, "registration.events")["state"] == "halted", lambda: d.describe(), 15)
                self.assertEqual(d.follow_of(name, "registration.events")["cursor"], follow["cursor"])
        self.assertEqual(len(os.listdir(d.outbox)), files, "no notice from a history that does not fit")

    def test_old_copy_that_grew_beyond_is_noticed(self):
        """The old copy went on while nobody listened, past everybody's cursor: the chain, not the number, gives it away."""
        d = self.d
        self.register(3)
        self.old_copy("registration", lambda: self.register(3))
        d.scheduling.kill()
        d.notifications.kill()
        self.register(20, "AZ")
        for name in ("scheduling", "notifications"):
            d.services[name].start()
            wait_for(lambda n=name: d.follow_of(n, "registration.events")["state"] in ("halted", "snapshot")
                     or d.counters(n)["snapshots_taken"], lambda: d.describe(), 15)

    def test_old_copy_of_a_follower(self):
        """A follower put back to yesterday catches up; its own effects are the same again, one notice file each."""
        d = self.d
        self.register(4)
        d.wait_settled()
        wait_for(lambda: not d.log("notifications").query("held") and len(os.listdir(d.outbox)) >= 4, "notices")
        self.old_copy("scheduling", lambda: self.register(4))
        d.notifications.stop()
        copy = os.path.join(d.root, "notifications.old")
        shutil.copy(d.database("notifications"), copy)
        d.notifications.start()
        self.register(4)
        d.wait_settled(20) if d.follow_of("registration", "scheduling.events")["state"] == "live" else None
        wait_for(lambda: not d.log("notifications").query("held") and len(os.listdir(d.outbox)) >= 12, "notices")
        files = {f: open_read(os.path.join(d.outbox, f)) for f in os.listdir(d.outbox)}
        d.notifications.stop()
        put_back(d, "notifications", copy)
        d.notifications.start()
        wait_for(lambda: d.follow_of("notifications", "registration.events")["cursor"] == d.head("registration", "registration.events")["head"]
                 and not d.log("notifications").query("held"), lambda: d.describe())
        self.assertEqual({f: open_read(os.path.join(d.outbox, f)) for f in os.listdir(d.outbox)}, files)
        self.assertEqual(d.log("scheduling").query("turnout", "E1/KZ")[0]["data"]["confirmed"], self.count)

    def test_restore_of_a_backup(self):
        d = self.d
        kept = self.register(5)
        follower = d.follower("registration", "registration.events")
        backup = self.backup("registration")
        lost = self.register(5)
        d.wait_settled()
        follower.fetch()
        epoch = d.head("registration", "registration.events")["epoch"]
        refused = d.registration.run("--restore", backup)
        self.assertNotEqual(refused.returncode, 0, "while it runs")
        self.assertTrue(refused.stdout.strip())
        d.registration.stop()
        notices = set(os.listdir(d.outbox))
        done = d.registration.run("--restore", backup)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertTrue([f for f in os.listdir(d.data) if f.startswith("registration.db.") and not f.endswith((".lock", "-wal", "-shm"))],
                        f"the database before is kept beside it: {os.listdir(d.data)}")
        d.registration.start()
        head = d.head("registration", "registration.events")
        self.assertNotEqual(head["epoch"], epoch)
        # What the backup has is answered as before; what it has not, is decided anew.
        log = d.log("registration")
        for outcome in kept:
            self.assertEqual(log.remembered(outcome.id), outcome.raw)
        for outcome in lost:
            self.assertIsNone(log.remembered(outcome.id))
        # Followers resnapshot and go on by themselves.
        d.wait_settled()
        for name in ("scheduling", "notifications"):
            self.assertGreaterEqual(d.counters(name)["snapshots_taken"], 1, name)
            self.assertNotIn("problems", d.status(name))
        self.assertEqual(d.log("scheduling").query("turnout", "E1/KZ")[0]["data"]["confirmed"], 5)
        follower.fetch()
        self.assertEqual((len(follower.snapshots), follower.halted), (1, None))
        # Taken as state, not as news.
        self.assertEqual(set(os.listdir(d.outbox)), notices)
        again = world.decide(self.office, "registration.register", {
            **world.delegation("E1", "KZ"), "persons": [{"name": "After", "capacity": "delegate"}]})
        wait_for(lambda: len(os.listdir(d.outbox)) == len(notices) + 1, lambda: f"one notice more than {len(notices)}: {os.listdir(d.outbox)}")
        d.wait_settled()
        self.assertEqual(d.log("scheduling").query("turnout", "E1/KZ")[0]["data"]["confirmed"], 6)
        follower.fetch()
        self.assertIn(again.id, [m["data"].get("request") for m in follower.messages()])
        self.assertEqual(follower.position, d.log("registration", "mirror").stream("registration.events")[1] if head["oldest"] == 1
                         else follower.position)

    def test_restore_killed_at_any_moment(self):
        """Afterwards there is the database of before, whole and under its epoch, or the backup under a new one; never the
        backup under the old epoch, and never nothing."""
        d = self.d
        rng = random.Random(seed_of())
        self.register(3)
        backup = self.backup("registration")
        self.register(4)
        d.wait_settled()
        d.registration.stop()
        full = os.path.join(d.root, "full.db")
        shutil.copy(d.database("registration"), full)
        epoch = None
        killed, restored = 0, 0
        began = time.monotonic()
        self.assertEqual(d.registration.run("--restore", backup).returncode, 0)
        takes = time.monotonic() - began
        for _ in range(40):
            put_back(d, "registration", full)
            process = subprocess.Popen(d.registration.command(("--restore", backup)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                process.wait(rng.uniform(0.3 * takes, takes))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                killed += 1
            with sqlite3.connect(d.database("registration")) as db:
                self.assertEqual(db.execute("PRAGMA integrity_check").fetchone(), ("ok",))
            db.close()
            d.registration.start()
            head = d.head("registration", "registration.events")
            if head["head"] == 7:
                epoch = epoch or head["epoch"]
                self.assertEqual(head["epoch"], epoch)
            else:
                restored += 1
                self.assertEqual(head["head"], 3)
                self.assertNotEqual(head["epoch"], epoch)
            d.registration.kill()
        print(f"{killed} killed, {restored} restored")
        # Whatever it was at last, a restore that is let finish ends it well.
        self.assertEqual(d.registration.run("--restore", backup).returncode, 0)
        d.registration.start()
        d.wait_settled()
        self.assertEqual(world.seats(d, "E1")["confirmed"], 3)

    def test_restore_of_what_is_no_backup(self):
        d = self.d
        self.register(2)
        scheduling = self.backup("scheduling", "scheduling-backup.db")
        d.registration.stop()
        before = open_read(d.database("registration"), "rb")
        rubbish = os.path.join(d.root, "rubbish.db")
        with open(rubbish, "wb") as file:
            file.write(b"SQLite format 3\x00" + bytes(5000))
        torn = os.path.join(d.root, "torn.db")
        with open(torn, "wb") as file:
            file.write(before[:len(before) // 2])
        for path in ("/nonexistent.db", rubbish, torn, scheduling, d.root):
            with self.subTest(path=path):
                result = d.registration.run("--restore", path)
                self.assertNotEqual(result.returncode, 0, result.stdout)
                self.assertIn(os.path.basename(path), result.stdout)
                self.assertEqual(open_read(d.database("registration"), "rb"), before, "nothing was changed")
        d.registration.start()
        self.assertEqual(world.seats(d, "E1")["confirmed"], 2)


def open_read(path, mode="r"):
    with open(path, mode) as file:
        return file.read()


if __name__ == "__main__":
    main()
