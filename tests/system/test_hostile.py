#!/usr/bin/python3
# What nobody should send: broken and hostile MessagePack, wrong frames, raw octets and half-open connections on the ports.
# SPDX-License-Identifier: Apache-2.0
# ctest-serial
"""Each bad message has a clear outcome or is dropped and counted; nothing crashes, nothing grows, good clients do not
notice. HOSTILE_MESSAGES (100000) says how many the growth test sends, SEED which."""
import os
import random
import socket as plain_socket
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import cvwire
import world
import zmq
from clients import Log, Publisher, Refused, seed_of
from cvwire import pack, unpack
from deployment import Case, Deployment, main, wait_for

MESSAGES = int(os.environ.get("HOSTILE_MESSAGES", "100000"))


def bad_octets(good):
    """Broken versions of a good message, by name. None of them may be decided."""
    raw = pack(good)
    deep = b"\x81\xa1a" * 2000 + b"\xc0"
    return {
        "empty": b"", "nil": b"\xc0", "one octet": b"\x93", "text": pack("hello"), "array": pack([1, 2, 3]), "number": pack(7),
        "cut": raw[:-3], "half": raw[:len(raw) // 2],
        "map32 of 4 thousand million": b"\xdf\xff\xff\xff\xff", "array32 of 4 thousand million": b"\xdd\xff\xff\xff\xff",
        "str32 of 4 thousand million": b"\xdb\xff\xff\xff\xffabc", "bin32 of 4 thousand million": b"\xc6\xff\xff\xff\xff",
        "a big array inside": raw[:-1] + b"\xdd\x7f\xff\xff\xff", "deep": deep, "deep arrays": b"\x91" * 100000,
        "reserved octet": b"\xc1", "random": random.Random(7).randbytes(500), "zeros": bytes(70000),
        "integer keys": pack({1: 2}), "nil key": b"\x81\xc0\x01", "ext": pack({**good, "data": 1}) + b"", "nearly 256 KiB": bytes(262000),
    }


class Hostile(Case):
    @classmethod
    def setUpClass(cls):
        # What each message does is tested here; how many one may send is in test_attacks.py.
        cls.d = Deployment(settings={"limits/requests": 0}).start()
        cls.office = cls.d.publisher("office")
        world.put_parties(cls.office)
        world.open_event(cls.d, cls.office, "E1", world.rules(100000))
        cls.office.wait_ready("registration")

    @classmethod
    def tearDownClass(cls):
        found = cls.d.close()
        if found:
            raise AssertionError("\n".join(found))

    def good(self, **attributes):
        return self.office.build("convene.registration.register.v1", world.delegation("E1", "KZ"), **attributes)

    def still_serves(self, who="portal"):
        with Publisher(self.d, who) as publisher:
            publisher.wait_ready("registration")
            outcome = publisher.ask("registration.register", {**world.delegation("E1", "AZ"), "persons": [
                {"name": f"P {cvwire.uuid7()}", "capacity": "delegate"}]})
            self.assert_outcome(outcome, "OK")

    def counted(self, what, send, least):
        """Sends, and waits until `least` more are counted among drops and refusals of requests."""
        names = ("dropped", "invalid", "conflict", "notfound", "denied")
        before = self.d.counters("registration")
        send()
        wait_for(lambda: sum(self.d.counters("registration")[n] - before[n] for n in names) >= least,
                 lambda: f"{what}: {least} counted: {before} {self.d.counters('registration')}", 10)
        after = self.d.counters("registration")
        self.assertEqual(after["decided"], before["decided"], what)

    def test_broken_messages_at_the_intake(self):
        self.office.wait_ready("registration")
        for name, octets in bad_octets(self.good()).items():
            with self.subTest(message=name):
                self.counted(name, lambda o=octets: self.office.send_raw("registration", [b"request.registration|", o]), 1)
        self.still_serves()

    def test_attributes_that_cannot_be_answered(self):
        for attributes in ({"id": None}, {"type": None}, {"inbox": None}, {"inbox": "short"}, {"inbox": "with space in it"}, {"inbox": "x" * 65},
                           {"inbox": 12345678}, {"id": 7}, {"id": "a b"}, {"id": "x" * 129}, {"id": ""}, {"type": 5}, {"type": ""}):
            with self.subTest(attributes=attributes):
                message = self.good(**attributes)
                if "id" in attributes:
                    message.pop("id", None)
                    if attributes["id"] is not None:
                        message["id"] = attributes["id"]
                self.counted(str(attributes), lambda m=message: self.office.send_raw("registration", [b"request.registration|", pack(m)]), 1)

    def test_readable_head_with_bad_rest_is_answered(self):
        """Whoever can be told is told: INVALID with the place."""
        cases = {
            "duplicate key": lambda m: raw_map([*m.items(), ("subject", "E1"), ("subject", "E2")]),
            "duplicate key in data": lambda m: raw_map([*[(k, v) for k, v in m.items() if k != "data"],
                                                        ("data", RawMap([*m["data"].items(), ("event", "E1")]))]),
            "nil": lambda m: pack({**m, "data": {**m["data"], "contact": None}}),
            "float": lambda m: pack({**m, "data": {**m["data"], "event": 1.5}}),
            "ext": lambda m: pack({**m, "data": {**m["data"], "group": __import__("msgpack").ExtType(5, b"x")}}),
            "timestamp": lambda m: pack({**m, "data": {**m["data"], "event": __import__("msgpack").Timestamp(1)}}),
            "bin for text": lambda m: pack({**m, "data": {**m["data"], "event": b"E1"}}),
            "bad UTF-8": lambda m: pack({**m, "data": {**m["data"], "event": "EEEE"}}).replace(b"EEEE", b"E\xff\xfeE"),
            "overlong UTF-8": lambda m: pack({**m, "data": {**m["data"], "persons": [{"name": "XXXX", "capacity": "delegate"}]}}).replace(b"XXXX", b"X\xc0\x80X"),
            "surrogate": lambda m: pack({**m, "data": {**m["data"], "persons": [{"name": "XXX", "capacity": "delegate"}]}}).replace(b"XXX", b"\xed\xa0\x80"),
            "data is text": lambda m: pack({**m, "data": "x"}),
            "data is missing": lambda m: pack({k: v for k, v in m.items() if k != "data"}),
            "too many keys": lambda m: pack({**m, "data": {**m["data"], **{f"k{i}": i for i in range(200)}}}),
            "too many values": lambda m: pack({**m, "data": {**m["data"], "more": list(range(5000))}}),
            "too deep": lambda m: pack({**m, "data": {**m["data"], "more": [[[[[[[[[[[1]]]]]]]]]]]}}),
            "too long": lambda m: pack({**m, "data": {**m["data"], "more": "x" * 66000}}),
        }
        must = ("nil", "float", "bin for text", "data is text", "data is missing")
        for name, make in cases.items():
            with self.subTest(message=name):
                message = self.good()
                request = self.office.submit_octets("registration", make(message), message["id"])
                request.delay = 1000  # once
                before = self.d.counters("registration")
                end = time.monotonic() + 3
                dropped = lambda b=before: self.d.counters("registration")["dropped"] > b["dropped"]
                # What other tests have sent may still be counted: that alone says nothing of those who must be told.
                while request.outcome is None and time.monotonic() < end and (name in must or not dropped()):
                    self.office.pump(0.05)
                self.office.pump(0.05)
                self.office.waiting.pop(request.id, None)
                if request.outcome:
                    self.assertEqual(request.outcome.klass, "INVALID", request.outcome)
                else:
                    self.assertTrue(dropped(), "neither answered nor counted")
                    self.assertNotIn(name, must, "could have been told")

    def test_wrong_frames(self):
        good = pack(self.good())
        self.office.wait_ready("registration")
        for name, frames in {"no message": [b"request.registration|"], "three frames": [b"request.registration|", good, b"more"],
                             "four": [b"request.registration|", b"", b"", good], "six": [b"request.registration|"] + [good] * 5,
                             "empty frames": [b"request.registration|", b""]}.items():
            with self.subTest(frames=name):
                self.counted(name, lambda f=frames: self.office.send_raw("registration", f), 1)
        # Topics nobody subscribed to never arrive; frames over the limit end the connection, and only that.
        for frames in ([b"", good], [b"request.registration", good], [b"request.scheduling|", good]):
            self.office.send_raw("registration", frames)
        with Publisher(self.d, "portal2") as big:
            big.wait_ready("registration")
            big.send_raw("registration", [b"request.registration|", bytes(262145 + 100)])
            big.send_raw("registration", [b"request.registration|", bytes(8 << 20)])
            self.still_serves()
        self.still_serves("portal2")

    def test_several_in_one_frame(self):
        """Each stands for itself: the good ones are decided, whatever is between, before and behind them."""
        def register(publisher, frame, wanted, least):
            publisher.wait_ready("registration")
            before = self.d.counters("registration")["dropped"]
            publisher.send_raw("registration", [b"request.registration|", frame])
            wait_for(lambda: self.d.counters("registration")["dropped"] - before >= least, "what is wrong to be counted")
            seen = {}

            def all_came():
                publisher.pump(0.1)
                seen.update({o.id: o for o in publisher.others})
                return all(r["id"] in seen for r in wanted)
            wait_for(all_came, "an outcome for each good request")
            return seen

        with Publisher(self.d, "portal") as publisher:
            def good(n):
                return [publisher.build("convene.registration.register.v1", {**world.delegation("E1", "AZ"), "persons": [
                    {"name": f"P {cvwire.uuid7()}", "capacity": "delegate"}]}) for _ in range(n)]
            first = good(3)
            middle = [pack(first[0]), pack({"no": "message"}), pack(first[1]), b"\xc0", b"\x05", pack(first[2])]
            seen = register(publisher, b"".join(middle), first, 3)
            self.assertEqual([seen[r["id"]].klass for r in first], ["OK"] * 3)
            second = good(2)  # what cannot be told apart takes nothing with it that stood before
            seen = register(publisher, b"".join(map(pack, second)) + pack(good(1)[0])[:-5], second, 1)
            self.assertEqual([seen[r["id"]].klass for r in second], ["OK"] * 2)
            many = good(300)
            frame = b"".join(map(pack, many))
            self.assertLess(len(frame), 256 * 1024)
            seen = register(publisher, frame, many[:256], 1)
            self.assertEqual({seen[r["id"]].klass for r in many[:256]}, {"OK"})
            self.assertFalse([r for r in many[256:] if r["id"] in seen], "beyond the 256th nothing is decided")
        self.still_serves()

    def test_broken_questions(self):
        good = cvwire.message("convene.log.query.v1", {"what": "status"})
        before = self.d.counters("registration")
        socket = self.d.connect(zmq.DEALER, "registration", "log", "watcher")
        self.assertTrue(socket.poll(5000, zmq.POLLOUT))
        for octets in bad_octets(good).values():
            socket.send(octets)
        for frames in ([b"", pack(good)], [pack(good), b"more"], [b"a"] * 6, [b""], [pack({**good, "id": "with space"})],
                       [pack({k: v for k, v in good.items() if k != "data"})], [pack({**good, "specversion": "9"})],
                       [pack({**good, "type": "convene.registration.register.v1"})], [pack({**good, "type": 4})]):
            socket.send_multipart(frames)
        last = cvwire.message("convene.log.query.v1", {"what": "status"})
        socket.send(pack(last))
        answers = []
        while not answers or answers[-1].get("causationid") != last["id"]:
            self.assertTrue(socket.poll(5000), "the last question, a good one, was not answered")
            answers.append(unpack(socket.recv()))
        for answer in answers[:-1]:
            self.assertIn(answer["type"], ("convene.log.refused.v1", "convene.log.page.v1"))
        socket.close(0)
        after = self.d.counters("registration")
        self.assertGreater(after["dropped"] + after["questions_refused"], before["dropped"] + before["questions_refused"])
        # Over the limit: that connection ends.
        big = self.d.connect(zmq.DEALER, "registration", "log", "watcher")
        self.assertTrue(big.poll(5000, zmq.POLLOUT))
        big.send(bytes(262145 + 4096))
        self.still_serves()
        big.close(0)

    def test_subscriptions_cannot_hurt(self):
        """Odd and many subscriptions on the feed, and data sent to it where only subscriptions belong."""
        feeds = [self.d.connect(zmq.XSUB, "registration", "feed", "watcher") for _ in range(3)]
        for i, feed in enumerate(feeds):
            for topic in [b"\x01", b"\x00", b"", b"\x01" + b"x" * 5000, b"\x02rubbish", b"rubbish", b"\x01\xff\xfe", b"\x00never"] + \
                    [b"\x01" + f"topic {i} {n}".encode() for n in range(5000)]:
                try:
                    feed.send(topic, zmq.DONTWAIT)
                except zmq.Again:
                    break
        self.still_serves()
        for feed in feeds:
            feed.close(0)
        self.still_serves()

    def test_raw_octets_on_the_ports(self):
        rng = random.Random(11)
        greeting = b"\xff" + bytes(8) + b"\x7f\x03\x00"
        payloads = [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00" + bytes(500), b"\xff" * 4096, bytes(4096), rng.randbytes(4096),
                    greeting, greeting + b"CURVE" + bytes(15) + b"\x00" + bytes(31),
                    greeting + b"NULL" + bytes(16) + b"\x00" + bytes(31) + b"\x04\x19\x05READY\x0bSocket-Type\x00\x00\x00\x03PUB",
                    greeting + b"CURVE" + bytes(15) + b"\x00" + bytes(31) + b"\x04\xc8\x05HELLO" + bytes(194),
                    greeting + b"CURVE" + bytes(15) + b"\x00" + bytes(31) + b"\x06" + struct.pack(">Q", 1 << 62),
                    greeting + b"CURVE" + bytes(15) + b"\x00" + bytes(31) + b"\x02" + struct.pack(">Q", (1 << 63) + 5) + bytes(100),
                    greeting + b"PLAIN" + bytes(15) + b"\x00" + bytes(31) + b"\x04\x08\x05HELLO\x00\x00", b"\x01\x00", b"\x0a\x01Frame"]
        files = {name: service.open_files() for name, service in self.d.services.items()}
        for service in self.d.services:
            for plus in range(3):
                port = int(self.d.endpoints[service].rsplit(":", 1)[1]) + plus
                for payload in payloads:
                    with plain_socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                        try:
                            connection.sendall(payload)
                        except OSError:
                            pass  # it hung up on us first
        self.still_serves()
        for name, service in self.d.services.items():
            service.check_alive()
            wait_for(lambda s=service, n=name: s.open_files() <= files[n] + 3, f"connections of {name} closed", 20)

    def test_half_open_connections(self):
        """Hundreds that connect and say nothing or half a greeting: others get in meanwhile, and they are thrown out."""
        port = int(self.d.endpoints["registration"].rsplit(":", 1)[1])
        before = self.d.registration.open_files()
        silent = []
        for i in range(300):
            connection = plain_socket.create_connection(("127.0.0.1", port + i % 3), timeout=5)
            if i % 2:
                connection.sendall(b"\xff" + bytes(i % 9))
            silent.append(connection)
        self.still_serves()
        wait_for(lambda: self.d.registration.open_files() <= before + 10,
                 lambda: f"silent connections thrown out: {before} files before, {self.d.registration.open_files()} now", 20)
        for connection in silent:
            connection.close()
        self.still_serves()

    def test_no_growth(self):
        """PSS of the service before and after a great many bad messages of all kinds."""
        rng = random.Random(seed_of())
        self.office.wait_ready("registration")
        good = self.good()
        templates = [o for o in bad_octets(good).values() if len(o) < 5000]
        raw = pack(good)

        def rubbish():
            roll = rng.random()
            if roll < 0.4:
                return rng.choice(templates)
            if roll < 0.7:  # flipped octets of a good one, with another id each time
                octets = bytearray(raw)
                for _ in range(rng.randint(1, 4)):
                    octets[rng.randrange(len(octets))] = rng.randrange(256)
                return bytes(octets)
            if roll < 0.9:  # readable, and INVALID or NOTFOUND, each with an id and an inbox of its own
                return pack({**good, "id": cvwire.uuid7(rng), "inbox": f"inbox-{rng.randrange(10**9):010}",
                             "data": rng.choice([{}, {"event": "NONE", "party": "KZ", "persons": world.persons(2)}, [], "x"])})
            return rng.randbytes(rng.randint(0, 300))

        def send(count):
            names = ("dropped", "invalid", "conflict", "notfound", "denied", "decided", "replayed", "expired")
            before, sent = self.d.counters("registration"), 0
            while sent < count:
                if self.office.send_raw("registration", [b"request.registration|", rubbish()]):
                    sent += 1
                    if sent % 500 == 0:
                        self.office.pump(0)
                        self.office.others.clear()
                else:
                    self.office.pump(0.002)
            wait_for(lambda: sum(self.d.counters("registration")[n] - before[n] for n in names) >= count,
                     lambda: f"{count} counted: {before} {self.d.counters('registration')}", 60)

        send(max(2000, MESSAGES // 10))  # pools and caches fill
        before = self.d.registration.pss_kib()
        send(MESSAGES)
        after = self.d.registration.pss_kib()
        print(f"PSS {before} KiB before, {after} KiB after {MESSAGES} bad messages", flush=True)
        with open(f"/proc/{self.d.registration.pid}/maps", encoding="utf-8") as file:
            allowed = 200 << 10 if "libasan" in file.read() else 8 << 10  # a sanitizer keeps what is freed for a while
        self.assertLess(after - before, allowed, "KiB grown")
        self.still_serves()


class RawMap:
    """A map as pairs, so that a key can come twice."""

    def __init__(self, pairs):
        self.pairs = pairs


def raw_map(pairs):
    octets = bytes([0x80 | len(pairs)]) if len(pairs) < 16 else b"\xde" + struct.pack(">H", len(pairs))
    for key, value in pairs:
        octets += pack(key) + (raw_map(value.pairs) if isinstance(value, RawMap) else pack(value))
    return octets


class HostileProducer(Case):
    """Registration follows a scheduling that we play: feed and log say whatever they like."""

    def setUp(self):
        self.d = self.deployment("tcp", start=False)
        me = self.d.principals["scheduling"]
        self.feed, self.log = self.d.context.socket(zmq.XPUB), self.d.context.socket(zmq.ROUTER)
        for socket, which in ((self.feed, "feed"), (self.log, "log")):
            socket.linger = 0
            socket.sndhwm = 0
            socket.curve_server = 1
            socket.curve_publickey, socket.curve_secretkey = me.public, me.secret
            socket.bind(self.d.address("scheduling", which))
            self.addCleanup(socket.close, 0)
        self.d.start("registration")
        self.epoch, self.records, self.place = b"\x11" * 8, [], cvwire.Position.of(b"\x11" * 8, 0, bytes(32))

    def emit(self, record, ring=True):
        self.place = self.place.next(record)
        self.records.append(record)
        if ring:
            self.feed.send_multipart([b"scheduling.events|", self.place.octets, record])

    def record(self, kind, data, **attributes):
        return pack(cvwire.message(f"convene.scheduling.{kind}.v1", data, **{
            "id": f"scheduling.events/{self.epoch.hex()}/{len(self.records) + 1}", "source": "/convene/scheduling", **attributes}))

    def serve(self, fact, what, answer=None, deadline=20):
        """Answers fetches (honestly, or as `answer` says) until the fact is true."""
        end = time.monotonic() + deadline
        while True:
            if self.log.poll(20):
                frames = self.log.recv_multipart()
                question = unpack(frames[-1])
                data = question["data"]
                reply = answer(question) if answer else self.batch(data)
                if reply is not None:
                    if isinstance(reply, tuple):
                        reply = pack(cvwire.message(reply[0], reply[1], id="a", source="/convene/scheduling", causationid=question["id"]))
                    self.log.send_multipart([frames[0], reply])
            self.feed.poll(0) and self.feed.recv()
            self.feed.send_multipart([b"scheduling.events|", self.place.octets])
            if fact():
                return
            self.d.registration.check_alive()
            self.assertLess(time.monotonic(), end, what() if callable(what) else what)

    def batch(self, data):
        if data.get("stream") is None or "after" not in data:
            return ("convene.log.acked.v1", {"stream": "scheduling.events", "cursor": data.get("cursor", 0)})
        return ("convene.log.batch.v1", {"stream": "scheduling.events", "epoch": self.epoch, "after": data["after"],
                                         "records": self.records[data["after"]:][:500], "head": len(self.records), "oldest": 1})

    def follows(self):
        return self.d.follow_of("registration", "scheduling.events")

    def party(self, code="KZ"):
        return self.record("party", {"code": code, "kind": "member", "name": "K"})

    def test_rubbish_on_the_feed_is_passed_over(self):
        self.emit(self.party())
        self.serve(lambda: self.follows()["cursor"] == 1, "the first record")
        good, place = self.party("AZ"), self.place
        following = place.next(good)
        for frames in ([b"scheduling.events|"], [b"scheduling.events|", b"short"], [b"scheduling.events|", following.octets[:47]],
                       [b"scheduling.events|", following.octets, b""], [b"scheduling.events|", following.octets, b"\xc1" * 100],
                       [b"scheduling.events|", following.octets, pack({"a": 1})], [b"scheduling.events|", following.octets, good, b"more"],
                       [b"scheduling.events|", following.octets, b"\x91" * 10000],
                       [b"scheduling.events|", following.octets, b"\xdf\xff\xff\xff\xff"],
                       [b"registration.events|", following.octets, good], [b"outcome.12345678|", good],
                       [b"scheduling.events|", b"\x22" * 8 + following.octets[8:], good],
                       [b"scheduling.events|", following.octets[:16] + bytes(32), good]):
            self.feed.send_multipart(frames)
        for _ in range(2):
            self.serve(lambda: self.d.status("registration")["ready"], "an answer")
        self.emit(good)
        self.serve(lambda: self.follows()["cursor"] == 2 and self.follows()["state"] == "live", lambda: f"cursor 2: {self.follows()}")
        self.assertEqual(self.follows()["parked"], 0)

    def test_a_head_beyond_all_numbers(self):
        """Sequences that no stream can have must not stick: not in the follower, and not in what status can say."""
        self.emit(self.party())
        self.serve(lambda: self.follows()["cursor"] == 1, "the first record")
        for seq in (2**53, 2**63, 2**64 - 1):
            with self.subTest(seq=seq):
                self.feed.send_multipart([b"scheduling.events|", self.epoch + seq.to_bytes(8, "big") + bytes(32)])
                self.feed.send_multipart([b"scheduling.events|", self.epoch + seq.to_bytes(8, "big") + bytes(32), self.party()])
                self.emit(self.party("AZ"))
                self.serve(lambda: self.follows()["cursor"] == len(self.records) and self.follows()["state"] == "live"
                           and self.follows()["head"] == len(self.records), lambda: f"{self.follows()}")

    def test_a_head_that_was_a_lie_is_forgotten(self):
        """Thousands of records from far ahead fill no memory, and once the log says where the stream ends, that is its end."""
        self.emit(self.party())
        self.serve(lambda: self.follows()["cursor"] == 1, "the first record")
        for n in range(3000):
            self.feed.send_multipart([b"scheduling.events|", self.epoch + (n + 1000).to_bytes(8, "big") + bytes(32), self.party()])
        self.emit(self.party("AZ"))
        self.serve(lambda: self.follows()["cursor"] == 2, lambda: f"cursor 2: {self.follows()}")
        asked = self.d.counters("registration")["fetches"]
        quiet = time.monotonic() + 2
        self.serve(lambda: time.monotonic() > quiet, "")
        self.assertLess(self.d.counters("registration")["fetches"] - asked, 50, "asks again and again at once")
        self.serve(lambda: self.follows()["state"] == "live" and self.follows()["head"] == 2, lambda: f"live at 2: {self.follows()}", deadline=10)

    def test_a_feed_that_floods_and_goes_away(self):
        """More than its pipe holds, and the connection cut in the middle of it, again and again: it stays up and goes on."""
        self.emit(self.party())
        self.serve(lambda: self.follows()["cursor"] == 1, "the first record")
        record = self.party("AZ")
        me = self.d.principals["scheduling"]
        for turn in range(6):
            for n in range(15000):  # records it has to apply, one after another
                self.emit(record)
            time.sleep(0.05 * turn)  # not to wait for anything: where in the flood the cut comes
            self.feed.close(0)
            self.feed = self.d.context.socket(zmq.XPUB)
            self.feed.linger, self.feed.sndhwm, self.feed.curve_server = 0, 0, 1
            self.feed.curve_publickey, self.feed.curve_secretkey = me.public, me.secret
            wait_for(lambda: self._bound(), "the port free again")
            end = time.monotonic() + 15
            self.assertTrue(self.feed.poll(15000), f"nobody subscribed again within 15 s: {time.monotonic() - end}")
            self.feed.recv()
            self.d.registration.check_alive()
        self.emit(record)
        self.serve(lambda: self.follows()["cursor"] == len(self.records), lambda: f"cursor {len(self.records)}: {self.follows()}", deadline=60)

    def _bound(self):
        try:
            self.feed.bind(self.d.address("scheduling", "feed"))
            return True
        except zmq.ZMQError:
            return False

    def test_lies_on_the_log(self):
        """Batches that do not fit are never applied; the follower goes on asking or halts, and says so."""
        self.emit(self.party())
        self.serve(lambda: self.follows()["cursor"] == 1, "the first record")
        self.emit(self.party("AZ"), ring=False)
        extra, asked = self.party("TR"), [0]
        lies = [lambda d: ("convene.log.batch.v1", {**self.batch(d)[1], "epoch": b"\x33" * 8}),
                lambda d: ("convene.log.batch.v1", {**self.batch(d)[1], "after": d["after"] + 1}),
                lambda d: ("convene.log.batch.v1", {**self.batch(d)[1], "stream": "registration.events"}),
                lambda d: ("convene.log.batch.v1", {**self.batch(d)[1], "records": []}),
                lambda d: ("convene.log.batch.v1", {**self.batch(d)[1], "records": [b"\xc1"]}),
                lambda d: ("convene.log.batch.v1", {**self.batch(d)[1], "head": 0}),
                lambda d: ("convene.log.page.v1", {"records": [extra], "last": True}),
                lambda d: ("convene.log.refused.v1", {"code": "BUSY", "text": "later"}),
                lambda d: ("convene.log.refused.v1", {"code": "UNAVAILABLE", "text": "later"}),
                lambda d: ("convene.log.refused.v1", {"code": "NONSENSE", "text": "x"}),
                lambda d: ("convene.outcome.v1", {"class": "OK", "code": "x", "text": "x"}),
                lambda d: pack({"a": 1}), lambda d: b"", lambda d: b"\xc1", lambda d: b"\x91" * 100000, lambda d: None]

        def answer(question):
            if "after" not in question["data"]:
                return self.batch(question["data"])
            asked[0] += 1
            if asked[0] <= len(lies):
                return lies[asked[0] - 1](question["data"])
            return self.batch(question["data"])
        self.serve(lambda: self.follows()["cursor"] == 2 or self.follows()["state"] == "halted",
                   lambda: f"cursor 2 or halted: {self.follows()}, {asked[0]} questions", answer, 50)
        follow = self.follows()
        if follow["state"] == "halted":
            self.assertTrue(follow.get("error"))
        else:
            # No lie was applied: the two parties there are, and no third.
            self.assertEqual(follow["cursor"], 2)

    def test_a_record_that_cannot_be_applied_halts_visibly(self):
        """Well chained and readable, but not what a scheduling.party.v1 is: registration must not guess and not go on."""
        self.emit(self.party())
        self.emit(self.record("event", {"event": "E1"}))
        self.emit(self.party("AZ"))
        self.serve(lambda: self.follows()["state"] == "halted" or self.follows()["parked"] > 0, lambda: f"halted or parked: {self.follows()}")
        follow = self.follows()
        self.assertTrue(follow.get("error"), follow)
        self.assertTrue(self.d.status("registration").get("problems"), "told in problems")
        if follow["state"] == "halted":
            self.assertEqual(follow["cursor"], 1)
        # It still answers, and the halt survives a restart.
        self.d.registration.kill()
        self.d.registration.start()
        self.serve(lambda: self.follows()["state"] == "halted" or self.follows()["parked"] > 0, lambda: f"halted again: {self.follows()}")

    def test_unknown_types_and_keys_are_passed_over(self):
        self.emit(self.party())
        self.emit(self.record("weather", {"future": True}))
        self.emit(pack({**unpack(self.record("party", {"code": "AZ", "kind": "member", "name": "A", "flag": {"x": [1]}})), "shade": "blue"}))
        self.serve(lambda: self.follows()["cursor"] == 3 and self.follows()["state"] == "live", lambda: f"cursor 3: {self.follows()}")
        self.assertEqual(self.follows()["parked"], 0)

    def test_a_history_that_changes_halts(self):
        self.emit(self.party())
        self.emit(self.party("AZ"))
        self.serve(lambda: self.follows()["cursor"] == 2, "both")
        for code in ("DIVERGED", "AHEAD"):
            with self.subTest(code=code):
                refuse = lambda q, c=code: ("convene.log.refused.v1", {"code": c, "text": "not your past", "head": 1}) \
                    if "after" in q["data"] else self.batch(q["data"])
                self.place = cvwire.Position.of(self.epoch, 3, bytes(32))
                self.serve(lambda: self.follows()["state"] == "halted", lambda: f"halted: {self.follows()}", refuse)
                self.assertTrue(self.follows().get("error"))
                self.assertTrue(self.d.status("registration").get("problems"))


if __name__ == "__main__":
    main()
