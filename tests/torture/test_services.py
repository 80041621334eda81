#!/usr/bin/python3
# Random kill -9, freezes and restarts of all services under load, with feeds that lose 30 % of their messages.
# SPDX-License-Identifier: Apache-2.0
# ctest-timeout: 900
"""TORTURE_SECONDS (20) says how long, SEED which. Afterwards an oracle outside judges: nothing acknowledged is lost, nothing
is doubled, order and sums are right, no seat is sold twice, each decision has one notice, all copies are equal."""
import os
import random
import re
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import cvwire
import world
from clients import Follower, Publisher, seed_of
from deployment import Case, main
from faults import Chaos, drop_feed
from oracle import Oracle

SECONDS = float(os.environ.get("TORTURE_SECONDS", "20"))
PARTIES = [p[0] for p in world.PARTIES]
STREAMS = (("scheduling", "scheduling.events"), ("registration", "registration.events"), ("registration", "registration.private"),
           ("notifications", "notifications.events"))
RULES = {
    "NONE": world.rules(120, guaranteed=5, maximum=40),
    "QUOTA": world.rules(100, guaranteed=3, maximum=30, quotas=[{"party": "KZ", "guaranteed": 20, "maximum": 50}]),
    "STRICT": world.rules(60, guaranteed=2, maximum=20, waiting="strict"),
    "BEST": world.rules(60, guaranteed=2, maximum=20, waiting="best_fill", group="all_or_none"),
    "BIG": world.rules(1_000_000),
}
EXACT = ("NONE", "QUOTA")  # without a waiting list, each person alone: the model foretells every decision


class Load(threading.Thread):
    """One publisher that registers, withdraws and repeats, with a window of requests on the way."""

    def __init__(self, deployment, who, rng, oracle, stop, parties):
        super().__init__(name=who)
        self.deployment, self.who, self.rng, self.oracle, self.stop, self.parties = deployment, who, rng, oracle, stop, parties
        self.error, self.count, self.repeats, self.classes = None, 0, 0, {}
        self.window = rng.choice((8, 32, 64))

    def one(self, publisher):
        event, party = self.rng.choice(list(RULES)), self.rng.choice(self.parties)
        kind, data = "registration.register", None
        mine = self.oracle.numbers(event, party)
        roll = self.rng.random()
        if mine and roll < 0.35:
            kind = "registration.withdraw"
            data = {"event": event, "party": party, "persons": self.rng.sample(mine, min(len(mine), self.rng.randint(1, 4)))}
        elif mine and roll < 0.36:
            kind, data = "registration.withdraw", {"event": event, "party": party}
        elif roll > 0.99 and event not in EXACT:
            kind, data = "registration.decline", {"event": event, "party": party}
        else:
            self.count += 1
            data = world.delegation(event, party, self.rng.randint(1, 5))
            for i, person in enumerate(data["persons"]):
                person["name"] = f"{self.who} {self.count} {i}"
        request_id = cvwire.uuid7(self.rng)
        self.oracle.asked(request_id, kind, data)
        return publisher.submit(kind, data, id=request_id, subject=event)

    def run(self):
        try:
            with Publisher(self.deployment, self.who, hasty=0.6) as publisher:
                waiting, done = [], []
                drained = time.monotonic() + SECONDS + 90
                while not self.stop.is_set() or waiting:
                    while not self.stop.is_set() and len(waiting) < self.window:
                        waiting.append(self.one(publisher))
                    publisher.pump(0.05)
                    for request in [r for r in waiting if r.outcome]:
                        waiting.remove(request)
                        self.oracle.answered(request.outcome)
                        self.classes[request.outcome.klass] = self.classes.get(request.outcome.klass, 0) + 1
                        done.append(request)
                    if self.rng.random() < 0.2 and publisher.is_ready("registration"):  # again, what is decided or on its way
                        request = self.rng.choice(done or waiting)
                        publisher.send_raw("registration", [b"request.registration|", request.octets])
                    if time.monotonic() > drained:
                        raise AssertionError(f"{self.who}: {len(waiting)} requests never got an outcome, first {waiting[0].id}, "
                                             f"sent {waiting[0].sends} times")
                publisher.pump(0.3)
                self.repeats = publisher.repeats
        except Exception as error:  # pylint: disable=broad-except
            self.error = error


class Watch(threading.Thread):
    """A follower of one stream, for as long as it lasts; compares what is live with what is fetched."""

    def __init__(self, deployment, service, stream, stop):
        super().__init__(name=stream)
        self.follower, self.stop, self.error = Follower(deployment, service, stream), stop, None

    def run(self):
        try:
            while not self.stop.is_set():
                self.follower.pump(0.1)
            self.follower.fetch(timeout=10)
        except Exception as error:  # pylint: disable=broad-except
            self.error = error
        finally:
            self.follower.close()


class Torture(Case):
    def test_services(self):
        seed = seed_of()
        rng = random.Random(seed)
        d = self.deployment("tcp", start=False)
        drop_feed(d, 30, seed)
        d.start()
        office = d.publisher("office")
        world.put_parties(office)
        for event, rules in RULES.items():
            world.make_event(office, event, rules)
        for event in RULES:
            world.wait_open(d, event)
        d.wait_settled()  # all parties known, so the model knows whose seats are kept
        oracle, stop, quiet = Oracle(), threading.Event(), threading.Event()
        loads = [Load(d, who, random.Random(rng.random()), oracle, stop, parties)
                 for who, parties in (("office", PARTIES), ("portal", PARTIES), ("portal2", PARTIES), ("kz", ["KZ"]))]
        watches = [Watch(d, service, stream, quiet) for service, stream in STREAMS]
        chaos = Chaos(d, rng)
        try:
            for thread in loads + watches:
                thread.start()
            change, changes = None, 0
            end = time.monotonic() + SECONDS
            while time.monotonic() < end:
                chaos.turn()
                if change is None or change.outcome:
                    changes += 1
                    change = office.submit("scheduling.event.change", {"event": rng.choice(list(RULES)), "title": f"Title {changes}"})
                pause = time.monotonic() + rng.uniform(0.05, 0.5)
                while time.monotonic() < pause:
                    office.pump(0.05)
                for thread in loads + watches:
                    if thread.error:
                        raise thread.error
            chaos.end()
            self.assertEqual(office.wait(change, 60)[0].klass, "OK")
            stop.set()
            for thread in loads:
                thread.join()
            world.wait_notices(d, 120)
        finally:
            chaos.end()
            stop.set()
            for thread in loads:
                thread.join()
            quiet.set()
            for thread in watches:
                if thread.ident:
                    thread.join()
        for thread in loads + watches:
            if thread.error:
                raise thread.error
        print(f"{chaos.done}, {len(oracle.acknowledged)} acknowledged, {sum(t.repeats for t in loads)} repeats, "
              f"classes { {t.who: t.classes for t in loads} }, fetches {[w.follower.fetches for w in watches]}, changes {changes}", flush=True)
        self.assertGreater(len(oracle.acknowledged), 50)
        self.judge(d, oracle, {w.name: w.follower for w in watches}, changes)

    def judge(self, d, oracle, followers, changes):
        log = d.log("registration", "mirror")
        records, position = log.stream("registration.events")
        # Everybody who followed has the same octets in the same order, without a snapshot.
        for service, stream in STREAMS:
            whole, at = d.log(service, "mirror").stream(stream)
            follower = followers[stream]
            self.assertIsNone(follower.halted)
            self.assertEqual((follower.snapshots, follower.position), ([], at), stream)
            self.assertEqual(follower.applied, whole, stream)
            for (epoch, seq), octets in follower.live.items():
                self.assertEqual((epoch, whole[seq - 1]), (at.epoch, octets), f"{stream} {seq} as it was on the feed")
        live, whole = len(followers["registration.events"].live), len(records)
        self.assertLess(live, 0.9 * whole, "the feed lost nothing: this test tested little")
        # Acknowledged, once, in order, and the sums.
        complaints = oracle.judge(records, RULES, PARTIES, EXACT)
        sequences = [c for c in complaints if c.startswith("sequence:")]
        self.assertEqual([c for c in complaints if c not in sequences], [])
        self.assertEqual(set(oracle.requests), set(oracle.acknowledged), "each request was decided")
        # Asked for, each has the octets it had.
        for request, octets in random.Random(1).sample(sorted(oracle.acknowledged.items()), min(300, len(oracle.acknowledged))):
            self.assertEqual(log.remembered(request), octets)
        # State: what queries say is what the records add up to; scheduling's copy is the same.
        for event, rules in RULES.items():
            counted = lambda answer: {m["data"]["party"]: {k: v for k, v in m["data"].items() if k not in ("private_seq", "since_version")} for m in answer}
            mine = counted(log.query("delegations", event))
            self.assertEqual(mine, counted(d.log("scheduling").query("turnout", event)))
            seats = world.seats(d, event)
            self.assertEqual(seats["confirmed"], sum(x["confirmed"] for x in mine.values()))
            self.assertLessEqual(seats["confirmed"], rules["capacity"])
            self.assertEqual(sum(x["requests"] for x in mine.values()),
                             sum(cvwire.unpack(r)["data"].get("request") is not None and cvwire.unpack(r)["data"]["event"] == event
                                 for r in records))
        self.judge_notices(d, records, position)
        self.assertEqual(len(d.log("scheduling").query("history", "BIG")) + sum(
            len(d.log("scheduling").query("history", e)) for e in RULES if e != "BIG"), 6 * len(RULES) + changes)
        self.assertEqual(sequences, [], "outcomes name the record that carries the decision")

    def judge_notices(self, d, records, position):
        """Exactly one file for each decision and promotion; none but those and the changes of events."""
        states = world.notice_states(d)
        expected = {f"registration.events.{position.epoch.hex()}.{i}.{cvwire.unpack(r)['data']['party']}.eml": cvwire.unpack(r)["data"]
                    for i, r in enumerate(records, 1)}
        files = set(os.listdir(d.outbox))
        others = {f for f in files - set(expected) if not re.fullmatch(r"scheduling\.events\.[0-9a-f]{16}\.\d+\.[A-Z0-9_-]+\.eml", f)}
        self.assertEqual((sorted(set(expected) - files)[:5], sorted(others)[:5]), ([], []), "missing, and not asked for")
        for name, data in expected.items():
            with open(os.path.join(d.outbox, name), encoding="utf-8") as file:
                text = file.read()
            self.assertIn(f"({data['event']})", text)
            self.assertIn(f"({data['party']})", text)
            self.assertIn(f"Notice: {name[:-4]}", text, "the file is whole")
            if "request" in data:
                self.assertIn(data["request"], text)
        self.assertEqual({n: x for n, x in states.items() if x != ["queued", "written"]}, {}, "each is queued and written once")
        self.assertEqual({f"{n}.eml" for n in states}, files)


if __name__ == "__main__":
    main()
