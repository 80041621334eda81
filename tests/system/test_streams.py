#!/usr/bin/python3
# Streams from outside: fetch, ack, snapshot, query, heads, chains, and every refusal the log socket knows.
# SPDX-License-Identifier: Apache-2.0
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import cvwire
import world
import zmq
from clients import Refused
from cvwire import Position
from deployment import Case, Deployment, main, wait_for

STREAMS = (("scheduling", "scheduling.events"), ("registration", "registration.events"), ("registration", "registration.private"),
           ("notifications", "notifications.events"))


class Streams(Case):
    """Reads one deployment that has something in each stream; the tests write nothing."""

    @classmethod
    def setUpClass(cls):
        cls.d = Deployment().start()
        office = cls.d.publisher("office")
        world.put_parties(office)
        world.open_event(cls.d, office, "E1", world.rules(40, guaranteed=2, maximum=30, waiting="strict"))
        world.make_event(office, "E2", world.rules(3))
        requests = [office.submit("registration.register", {"event": "E1", "party": party, "contact": {"name": "N", "email": "n@example.org"},
                                                            "persons": [{"name": f"{party} {i}", "capacity": "delegate"}]})
                    for i in range(30) for party in ("KZ", "AZ", "TR", "UZ", "BY", "OSCE")]
        cls.outcomes = office.wait(requests)
        world.decide(office, "registration.withdraw", {"event": "E1", "party": "KZ"})
        cls.d.wait_settled()
        wait_for(lambda: cls.d.log("notifications").query("held") is not None, "questions")

    @classmethod
    def tearDownClass(cls):
        found = cls.d.close()
        if found:
            raise AssertionError("\n".join(found))

    def refused(self, code, log, kind, data):
        with self.assertRaises(Refused) as refused:
            log.ask(kind, data)
        self.assertEqual(refused.exception.code, code, refused.exception.data)
        return refused.exception.data

    def test_chain_of_whole_streams(self):
        """All records in any sizes of batches are the same octets, chained up to the position of the head on the feed."""
        for service, stream in STREAMS:
            with self.subTest(stream=stream):
                log = self.d.log(service, "mirror")
                records, position = log.stream(stream)
                self.assertEqual(position.seq, self.d.head(service, stream)["head"])
                self.assertEqual(position.epoch, self.d.head(service, stream)["epoch"])
                self.assertGreater(position.seq, 3)
                feed = self.d.connect(zmq.SUB, service, "feed", "watcher")
                feed.subscribe(f"{stream}|".encode())
                end = time.monotonic() + 10
                frames = []
                while len(frames) != 2 and time.monotonic() < end:
                    self.assertTrue(feed.poll(5000))
                    frames = feed.recv_multipart()
                feed.close(0)
                self.assertEqual(Position(frames[1]), position, "the head on the feed is the chain over all records")
                for i, record in enumerate(records):
                    message = cvwire.unpack(record)
                    self.assertEqual(message["id"], f"{stream}/{position.epoch.hex()}/{i + 1}")
                    self.assertEqual(message["source"], f"/convene/{service}")
                for options in ({"max": 1}, {"max": 7}, {"max_bytes": 1}, {"max_bytes": 3000}, {"max": 500, "max_bytes": 262144}):
                    at, found = Position(), []
                    while at.seq < position.seq:
                        batch = log.fetch(stream, at, **options)
                        self.assertTrue(batch["records"], "at least one record is sent")
                        self.assertLessEqual(len(batch["records"]), options.get("max", 500))
                        if len(batch["records"]) > 1:
                            self.assertLessEqual(sum(map(len, batch["records"])), options.get("max_bytes", 262144))
                        self.assertEqual((batch["stream"], batch["epoch"], batch["after"], batch["head"], batch["oldest"]),
                                         (stream, position.epoch, at.seq, position.seq, 1))
                        at = at if at.seq else Position.of(batch["epoch"], 0, bytes(32))
                        for record in batch["records"]:
                            at = at.next(record)
                            found.append(record)
                    self.assertEqual(found, records)
                    self.assertEqual(at, position)
                self.assertEqual(log.fetch(stream, position)["records"], [], "nothing after the head")

    def test_fetch_refusals(self):
        log = self.d.log("registration", "watcher")
        stream = "registration.events"
        records, position = log.stream(stream)
        fetch = lambda **kw: {"stream": stream, "epoch": position.epoch, "after": 5, "chain": bytes(32), **kw}
        kind = "convene.log.fetch.v1"
        data = self.refused("EPOCH", log, kind, fetch(epoch=b"\x01" * 8))
        self.assertEqual(data["epoch"], position.epoch)
        self.refused("DIVERGED", log, kind, fetch())
        wrong_head = fetch(after=position.seq, chain=bytes(32))
        self.refused("DIVERGED", log, kind, wrong_head)
        data = self.refused("AHEAD", log, kind, fetch(after=position.seq + 1))
        self.assertEqual(data["head"], position.seq)
        self.refused("AHEAD", log, kind, fetch(after=2**53 - 1))
        self.refused("NOTFOUND", log, kind, fetch(stream="registration.secrets"))
        self.refused("NOTFOUND", log, kind, fetch(stream="scheduling.events"))
        self.refused("DENIED", log, kind, fetch(stream="registration.private"))
        for bad in ({"after": -1}, {"after": 2**53}, {"after": "1"}, {"epoch": b"short"}, {"epoch": "12345678"}, {"chain": b""},
                    {"max": 0}, {"max": 501}, {"max_bytes": 0}, {"consumer": "No Spaces"}, {"stream": "X"}, {"stream": 1}):
            with self.subTest(bad=bad):
                data = self.refused("INVALID", log, kind, fetch(**bad))
                self.assertEqual(data.get("field"), f"data.{next(iter(bad))}")
        self.refused("INVALID", log, kind, {})
        self.refused("INVALID", log, "convene.log.dance.v1", {})
        self.assertEqual(log.stream(stream), (records, position), "and all that changed nothing")
        # A zero position is the beginning, whatever the epoch; a sequence of zero with a wrong epoch is too or is refused as such.
        self.assertEqual(log.fetch(stream, Position(), max=1)["records"], records[:1])

    def test_acknowledge(self):
        log = self.d.log("registration", "watcher")
        head = self.d.head("registration", "registration.events")
        ack = lambda cursor, **kw: log.ask("convene.log.ack.v1", {
            "stream": "registration.events", "consumer": "tests", "epoch": head["epoch"], "cursor": cursor, **kw})
        self.assertEqual(ack(5), {"stream": "registration.events", "cursor": 5})
        self.assertEqual(ack(5)["cursor"], 5)
        self.assertEqual(ack(head["head"])["cursor"], head["head"])
        self.assertIn(ack(3)["cursor"], (3, head["head"]))  # what is noted is told
        ack(head["head"])
        bad = lambda code, **kw: self.refused(code, log, "convene.log.ack.v1", {
            "stream": "registration.events", "consumer": "tests", "epoch": head["epoch"], "cursor": 1, **kw})
        bad("NOTFOUND", stream="registration.other")
        bad("DENIED", stream="registration.private")
        bad("INVALID", consumer="")
        bad("INVALID", cursor=-1)

    def test_acknowledgement_of_what_is_not_there(self):
        """Nobody can have applied what this history has not: a cursor beyond the head or of another epoch is not noted."""
        head = self.d.head("registration", "registration.events")
        for code, change in (("AHEAD", {"cursor": head["head"] + 1}), ("EPOCH", {"epoch": b"\x02" * 8})):
            with self.subTest(code=code):
                self.refused(code, self.d.log("registration", "mirror"), "convene.log.ack.v1", {
                    "stream": "registration.events", "consumer": "tests", "epoch": head["epoch"], "cursor": 1, **change})

    def test_snapshots(self):
        for service, stream in STREAMS:
            with self.subTest(stream=stream):
                log = self.d.log(service, "mirror")
                records, position = log.snapshot(stream)
                self.assertEqual(position, log.stream(stream)[1])
                self.assertTrue(records or service == "notifications")  # of notices, those still to leave are state
                for record in records:
                    message = cvwire.unpack(record)
                    self.assertEqual(message["source"], f"/convene/{service}")
                    self.assertTrue(message["type"].startswith(f"convene.{service}."))
        # What it says is the state: parties and events of scheduling, delegations of registration.
        messages = [cvwire.unpack(r) for r in self.d.log("scheduling", "watcher").snapshot("scheduling.events")[0]]
        self.assertEqual({m["data"]["code"] for m in messages if m["type"] == "convene.scheduling.party.v1"}, {p[0] for p in world.PARTIES})
        self.assertEqual({m["data"]["event"]: m["data"]["status"] for m in messages if m["type"] == "convene.scheduling.event.v1"},
                         {"E1": "open", "E2": "open"})
        messages = [cvwire.unpack(r) for r in self.d.log("registration", "watcher").snapshot("registration.events")[0]]
        delegations = {m["data"]["party"]: m["data"] for m in messages if m["type"] == "convene.registration.delegation.v1"}
        self.assertEqual(set(delegations), {p[0] for p in world.PARTIES})
        seats = next(m["data"] for m in messages if m["type"] == "convene.registration.seats.v1" and m["data"]["event"] == "E1")
        self.assertEqual(sum(d["confirmed"] for d in delegations.values()), seats["confirmed"])
        self.assertEqual((seats["confirmed"], seats["guaranteed_held"]), (38, 2))  # KZ has withdrawn and keeps its guarantee
        log = self.d.log("registration", "watcher")
        kind, stream = "convene.log.snapshot.v1", "registration.events"
        self.refused("DENIED", log, kind, {"stream": "registration.private"})
        self.refused("NOTFOUND", log, kind, {"stream": "other.events"})
        self.refused("NOTFOUND", log, kind, {"stream": stream, "page": 1, "position": bytes(48)})
        with self.assertRaises(Refused) as refused:
            log.ask(kind, {"stream": stream, "page": 1})
        self.assertIn(refused.exception.code, ("INVALID", "NOTFOUND"))
        position = log.snapshot(stream)[1].octets
        answer = None
        try:
            answer = log.ask(kind, {"stream": stream, "page": 1_000_000, "position": position})
        except Refused as refused:
            self.assertIn(refused.code, ("NOTFOUND", "INVALID"))
        self.assertTrue(answer is None or answer["records"] == [])

    def test_queries_in_pages(self):
        for service, what, key in (("registration", "delegations", "E1"), ("registration", "events", None), ("scheduling", "parties", None),
                                   ("scheduling", "history", "E1"), ("scheduling", "events", None), ("notifications", "notices", None)):
            with self.subTest(what=what):
                log = self.d.log(service, "office")
                whole = log.query(what, key)
                self.assertTrue(whole)
                for limit in (1, 2, 500):
                    page = log.query_page(what, key, limit=limit)
                    self.assertLessEqual(len(page["records"]), limit)
                    found = log.query(what, key, limit)
                    self.assertEqual([m["data"] for m in found], [m["data"] for m in whole])
        history = self.d.log("scheduling").query("history", "E1")
        self.assertEqual([m["data"]["version"] for m in history], list(range(1, len(history) + 1)))
        self.assertEqual(self.d.log("scheduling").query("events", "year=2030&status=open")[0]["data"]["event"], "E1")
        self.assertEqual(self.d.log("scheduling").query("events", "year=1999"), [])
        turnout = self.d.log("scheduling").query("turnout", "E1")
        counted = lambda answer: {m["data"]["party"]: {k: v for k, v in m["data"].items() if k not in ("private_seq", "since_version")} for m in answer}
        self.assertEqual(counted(turnout), counted(self.d.log("registration").query("delegations", "E1")),
                         "scheduling counts what registration counts")
        log = self.d.log("registration")
        kind = "convene.log.query.v1"
        self.assertIn(self.refused("INVALID", log, kind, {"what": "nothing_known"})["code"], ("INVALID", "NOTFOUND"))
        self.refused("INVALID", log, kind, {"what": "No Word"})
        self.refused("INVALID", log, kind, {"what": "status", "limit": 0})
        self.refused("NOTFOUND", log, kind, {"what": "delegation", "key": "E1/XX"})
        self.refused("NOTFOUND", log, kind, {"what": "request", "key": cvwire.uuid7()})

    def test_outcomes_are_in_the_stream(self):
        """Each outcome names the record that carries it; each record has its outcome; sums are right along the way."""
        records, _ = self.d.log("registration", "mirror").stream("registration.events")
        messages = [cvwire.unpack(r) for r in records]
        for outcome in self.outcomes:
            data = messages[outcome.data["sequence"] - 1]["data"]
            self.assertEqual((data["request"], data["class"], data["code"]), (outcome.id, outcome.klass, outcome.code))
            self.assertEqual(data.get("seats"), outcome.data["decision"].get("seats"))
        decided = [m["data"]["request"] for m in messages if m["type"] == "convene.registration.decided.v1"]
        self.assertEqual(len(decided), len(set(decided)))
        self.assertEqual(len(decided), len(self.outcomes) + 1)

    def test_heads_keep_coming(self):
        """Each stream has a head at least every second (and a half), on every feed, with the same epoch."""
        feeds = {}
        poller = zmq.Poller()
        for service in ("scheduling", "registration", "notifications"):
            feed = self.d.connect(zmq.SUB, service, "feed", "watcher")
            feed.subscribe(b"")
            poller.register(feed, zmq.POLLIN)
            feeds[feed] = service
        times, end = {}, time.monotonic() + 6
        while time.monotonic() < end:
            for feed, _ in poller.poll(200):
                frames = feed.recv_multipart()
                self.assertEqual(len(frames), 2, "only heads while nothing happens")
                times.setdefault(frames[0], []).append(time.monotonic())
        for feed in feeds:
            feed.close(0)
        self.assertEqual(set(times), {f"{s}|".encode() for _, s in STREAMS})
        for stream, at in times.items():
            gaps = [b - a for a, b in zip(at, at[1:])]
            self.assertTrue(gaps and max(gaps) < 2.0, (stream, gaps))

    def test_heads_with_epochs_of_one_database(self):
        self.assertEqual(self.d.head("registration", "registration.events")["epoch"],
                         self.d.head("registration", "registration.private")["epoch"])


class Pruning(Case):
    def test_pruned_and_snapshot(self):
        """store/keep_records small: what all followers have goes, a newcomer is told PRUNED and takes a snapshot."""
        d = self.deployment("ipc", start=False, settings={"store/keep_records": 50})
        d.start()
        office = d.publisher("office")
        world.put_parties(office)
        world.open_event(d, office, "E1", world.rules(5000, maximum=5000))
        d.wait_settled()  # whoever follows is known: nothing goes that it does not have
        late = Position()
        follower = d.follower("registration", "registration.events")
        follower.fetch()
        total = 0
        def register(count):
            nonlocal total
            requests = [office.submit("registration.register", {
                **world.delegation("E1", "KZ"), "persons": [{"name": f"P {total + i}", "capacity": "delegate"}]}) for i in range(count)]
            total += count
            for outcome in office.wait(requests):
                self.assertEqual(outcome.klass, "OK", outcome)
            follower.fetch()
        register(20)
        early = follower.positions[3]
        def pruned():
            register(200)
            return d.head("registration", "registration.events")["oldest"] > 5
        wait_for(pruned, lambda: f"old records to go: {d.head('registration', 'registration.events')} {d.describe()}", 40)
        log = d.log("registration")
        head = d.head("registration", "registration.events")
        self.assertLessEqual(head["oldest"], head["head"] - 50 + 1, "at least keep_records are kept")
        for place in (late, early):
            with self.assertRaises(Refused) as refused:
                log.fetch("registration.events", place)
            self.assertEqual(refused.exception.code, "PRUNED")
            self.assertGreater(refused.exception.data["oldest"], 5)
        newcomer = d.follower("registration", "registration.events")
        newcomer.fetch()
        self.assertEqual(len(newcomer.snapshots), 1)
        self.assertEqual(newcomer.position, follower.position, "chain after a snapshot is the chain of the one who followed")
        position, state = newcomer.snapshots[0]
        confirmed = sum(m["data"]["confirmed"] for m in map(cvwire.unpack, state) if m["type"] == "convene.registration.delegation.v1")
        self.assertEqual(confirmed + len(newcomer.applied), total)
        # A service that lost its database comes back through a snapshot, and takes it as state: nobody is told again.
        d.wait_settled()
        wait_for(lambda: all(m["data"]["state"] == "written" for m in d.log("notifications").query("notices")), "all notices written")
        files = sorted(os.listdir(d.outbox))
        d.notifications.stop()
        for ending in ("", "-wal", "-shm"):
            if os.path.exists(d.database("notifications") + ending):
                os.unlink(d.database("notifications") + ending)
        d.notifications.start()
        d.wait_settled()
        self.assertGreaterEqual(d.counters("notifications")["snapshots_taken"], 1)
        outcome = world.decide(office, "registration.register", world.delegation("E1", "AZ"))
        wait_for(lambda: len(os.listdir(d.outbox)) > len(files), "the notice of a new decision")
        d.wait_settled()
        new = set(os.listdir(d.outbox)) - set(files)
        self.assertEqual(len(new), 1, new)
        with open(os.path.join(d.outbox, new.pop()), encoding="utf-8") as file:
            self.assertIn(outcome.id, file.read())


if __name__ == "__main__":
    main()
