#!/usr/bin/python3
# Ten thousand requests at once for a hundred seats, from several publishers, while registration is killed again and again.
# SPDX-License-Identifier: Apache-2.0
# ctest-timeout: 900
"""OVERSELL_REQUESTS (10000, or 500 for each of TORTURE_SECONDS) says how many, SEED in which order."""
import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import cvwire
import world
from clients import Publisher, seed_of
from deployment import Case, main
from oracle import Oracle

REQUESTS = int(os.environ.get("OVERSELL_REQUESTS", 500 * int(os.environ.get("TORTURE_SECONDS", "20"))))
PARTIES = [p[0] for p in world.PARTIES]


class Oversell(Case):
    def flood(self, transport, kills):
        seed = seed_of()
        rng = random.Random(seed)
        d = self.deployment(transport, start=False)
        d.start("scheduling", "registration")
        office = d.publisher("office")
        world.put_parties(office)
        rules = world.rules(100, guaranteed=5, maximum=40)
        world.open_event(d, office, "RUSH", rules)
        d.wait_settled()
        oracle, errors, done = Oracle(), [], []

        def run(who, count, seed):
            mine = random.Random(seed)
            try:
                with Publisher(d, who) as publisher:
                    publisher.wait_ready("registration")
                    requests = []
                    for n in range(count):  # all at once, against the advice to keep 256 on the way
                        data = world.delegation("RUSH", mine.choice(PARTIES), mine.randint(1, 3), contact=False)
                        for i, person in enumerate(data["persons"]):
                            person["name"] = f"{who} {seed} {n} {i}"
                        request_id = cvwire.uuid7(mine)
                        oracle.asked(request_id, "registration.register", data)
                        requests.append(publisher.submit("registration.register", data, id=request_id))
                    for outcome in publisher.wait(requests, 240):
                        oracle.answered(outcome)
                    done.append(publisher.repeats)
            except Exception as error:  # pylint: disable=broad-except
                errors.append(error)

        threads = [threading.Thread(target=run, args=(who, REQUESTS // 4, rng.random())) for who in ("office", "portal", "portal2", "portal")]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        killed = 0
        while any(thread.is_alive() for thread in threads):
            moment = time.monotonic() + rng.uniform(0.1, 1.0)
            while time.monotonic() < moment and any(thread.is_alive() for thread in threads):
                threads[0].join(0.05)
                d.registration.check_alive()
            if kills and killed < kills and rng.random() < 0.7:
                d.registration.kill()
                d.registration.start(ready=False)
                killed += 1
        self.assertEqual(errors, [])
        print(f"{REQUESTS} requests in {time.monotonic() - began:.1f} s, {killed} kills, {sum(done)} repeats", flush=True)
        records, _ = d.log("registration", "mirror").stream("registration.events")
        self.assertEqual(oracle.judge(records, {"RUSH": rules}, PARTIES, ("RUSH",)), [])
        self.assertEqual(len(records), len(oracle.requests))
        # The judge is awake: a history that lacks one record, has one twice, or has two in another order, is not let through.
        for wrong in (records[:-1], records + records[:1], [records[-1], *records[1:-1], records[0]], records[1:]):
            self.assertNotEqual(oracle.judge(wrong, {"RUSH": rules}, PARTIES, ("RUSH",)), [])
        self.assertEqual(set(oracle.acknowledged), set(oracle.requests))
        self.assertEqual(world.seats(d, "RUSH")["confirmed"], 100, "and none is left over")
        d.wait_settled()
        confirmed = [m["data"]["confirmed"] for m in d.log("scheduling").query("turnout", "RUSH")]
        self.assertEqual(sum(confirmed), 100)

    def test_rush(self):
        self.flood("ipc", 0)

    def test_rush_with_kills(self):
        self.flood("tcp", 10)


if __name__ == "__main__":
    main()
