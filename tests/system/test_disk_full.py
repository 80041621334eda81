#!/usr/bin/python3
# A disk that fills up: refusals that say so, reading goes on, nothing acknowledged is gone, and it heals.
# SPDX-License-Identifier: Apache-2.0
import os
import random
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import cvwire
import world
from clients import seed_of
from deployment import Case, main, wait_for
from faults import SmallDisk


class DiskFull(Case):
    def small(self, mib, reserve):
        """A deployment whose data folder is a disk of so many MiB."""
        d = self.deployment("ipc", start=False, settings={"store/reserve_mib": reserve})
        disk = SmallDisk(d.data, mib)
        self.addCleanup(disk.close)  # runs before the deployment is closed: umount is lazy
        d.start()
        office = d.publisher("office")
        world.put_parties(office)
        world.open_event(d, office, "E1", world.rules(1_000_000))
        self.count = 0
        return d, disk, office

    def register(self, office, once=False):
        self.count += 1
        data = {**world.delegation("E1", "KZ"), "persons": [{"name": f"P {self.count} " + "x" * 100, "capacity": "delegate"}] * 1}
        return office.ask("registration.register", data, once=once)

    def everything_told_is_there(self, d, told):
        log = d.log("registration", "mirror")
        records, position = log.stream("registration.events")
        for outcome in told:
            self.assertEqual(log.remembered(outcome.id), outcome.raw)
            self.assertEqual(cvwire.unpack(records[outcome.data["sequence"] - 1])["data"]["request"], outcome.id)
        return records, position

    def test_below_the_reserve(self):
        d, disk, office = self.small(48, 8)
        told = [self.register(office) for _ in range(20)]
        before = d.status("registration")
        disk.fill(leave=4 << 20)
        def refused():
            outcome = self.register(office, once=True)
            if outcome.klass == "OK":
                told.append(outcome)
            return outcome if outcome.klass == "UNAVAILABLE" else None
        outcome = wait_for(refused, "a refusal")
        self.assertEqual(outcome.code, "no_room")
        self.assertGreater(outcome.data.get("retry_after_ms", 0), 0)
        self.assertTrue(outcome.data["text"])
        status = d.status("registration")
        self.assertFalse(status["writable"])
        self.assertTrue(status.get("problems"))
        self.assertGreater(d.counters("registration")["unavailable"], 0)
        self.assertIsNone(d.log("registration").remembered(outcome.id), "a refusal is not remembered")
        # Reading goes on, and the other services say the same of themselves.
        self.everything_told_is_there(d, told)
        d.log("registration").snapshot("registration.events")
        self.assertEqual(world.seats(d, "E1")["confirmed"], len(told))
        wait_for(lambda: not d.status("scheduling")["writable"] and not d.status("notifications")["writable"], "all say so")
        # What is known already is still answered, octet for octet.
        again = office.submit("registration.register", {**world.delegation("E1", "KZ"), "persons": [{"name": "other", "capacity": "delegate"}]},
                              id=told[0].id)
        again.once = True
        self.assertIn(office.wait(again)[0].klass, ("CONFLICT", "UNAVAILABLE"))
        # A restart on the full disk comes up and reads.
        self.assertEqual(d.registration.stop(), 0)
        d.registration.start()
        self.everything_told_is_there(d, told)
        # Space comes back: everything goes on by itself, the refused request under its old id too.
        disk.empty()
        waiting = office.ask("registration.register", {
            **world.delegation("E1", "KZ"), "persons": [{"name": f"P {self.count} " + "x" * 100, "capacity": "delegate"}]}, id=outcome.id)
        self.assert_outcome(waiting, "OK")
        told.append(waiting)
        wait_for(lambda: all(d.status(s)["writable"] for s in d.services), lambda: d.describe())
        d.wait_settled()
        self.assertNotIn("problems", d.status("registration"))
        self.everything_told_is_there(d, told)
        wait_for(lambda: len(os.listdir(d.outbox)) == len(told), "a notice of each")
        self.assertGreaterEqual(before["now_ms"], before["started_ms"])

    def test_full_to_the_last_octet_again_and_again(self):
        """No warning: the disk fills at random moments while requests come, and is freed. Kills in between."""
        rng = random.Random(seed_of())
        d, disk, office = self.small(32, 1)
        told, refused = [], 0
        end = time.monotonic() + 12
        while time.monotonic() < end:
            disk.fill(leave=rng.choice((0, 0, 4096, 20000, 200000, 1 << 20)))
            for _ in range(rng.randint(1, 30)):
                outcome = self.register(office, once=True)
                self.assertIn(outcome.klass, ("OK", "UNAVAILABLE"), outcome)
                if outcome.klass == "OK":
                    told.append(outcome)
                else:
                    refused += 1
            if rng.random() < 0.3:
                victim = rng.choice(list(d.services.values()))
                victim.kill()
                disk.empty()
                victim.start()
            disk.empty()
            told.append(self.register(office))
        print(f"{len(told)} told, {refused} refused")
        self.assertGreater(refused, 5)
        wait_for(lambda: all(d.status(s)["writable"] for s in d.services), lambda: d.describe())
        d.wait_settled()
        records, _ = self.everything_told_is_there(d, told)
        self.assertEqual(len(records), len(told), "nothing was decided without being told")
        self.assertEqual(d.log("scheduling").query("turnout", "E1/KZ")[0]["data"]["confirmed"], len(told))
        wait_for(lambda: len(os.listdir(d.outbox)) == len(told), lambda: f"{len(told)} notices, {len(os.listdir(d.outbox))} files")
        for name in os.listdir(d.outbox):
            with open(os.path.join(d.outbox, name), encoding="utf-8") as file:
                self.assertIn(f"Notice: {name[:-4]}", file.read(), "a torn file")


if __name__ == "__main__":
    main()
