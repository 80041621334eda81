#!/usr/bin/python3
# The attacks that SECURITY.md lists, each a test: floods, stolen keys, replayed captures, oversized handshakes, and the rest.
# ctest-timeout: 900
# SPDX-License-Identifier: Apache-2.0
import json
import os
import select
import socket as plain_socket
import struct
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import cvwire
import world
import zmq
from clients import Publisher
from cvwire import pack
from deployment import Case, Deployment, main, wait_for

FLOOD_LIMIT = 100  # requests a second that the flooder may send: fewer than a service decides, also under sanitizers
PATIENCE = 10.0  # of everybody else, for any one outcome


def flood(job):
    """Another process: as many requests and questions as fit into its sockets, until its standard input is closed."""
    context = zmq.Context()
    me = cvwire.Principal(job["name"], "publisher")
    me.public, me.secret = job["public"].encode(), job["secret"].encode()
    connect = lambda kind, which: cvwire.socket_of(context, kind, job[which], job["server"].encode(), me)
    intakes, logs = [connect(zmq.XPUB, "intake") for _ in range(3)], [connect(zmq.DEALER, "log") for _ in range(3)]
    question = pack(cvwire.message("convene.log.fetch.v1", {"stream": "registration.events", "epoch": bytes(8), "after": 0, "chain": bytes(32)}))
    for intake in intakes:
        intake.recv()  # the subscription: it is ready
    print("ready", flush=True)
    poller, sent, asked = zmq.Poller(), 0, 0
    poller.register(sys.stdin, zmq.POLLIN)
    while not poller.poll(0):
        frame = b"".join(pack(cvwire.message("convene.registration.register.v1", world.delegation("FLOOD", "AZ"), id=cvwire.uuid7(),
                                             inbox=job["inbox"])) for _ in range(50))
        for _ in range(20):  # the same ids again: an attacker need not be fair
            for intake in intakes:
                try:
                    intake.send_multipart([b"request.registration|", frame], zmq.DONTWAIT)
                    sent += 50
                except zmq.Again:
                    pass
            for log in logs:
                try:
                    log.send(question, zmq.DONTWAIT)
                    asked += 1
                    while True:
                        log.recv(zmq.DONTWAIT)
                except zmq.Again:
                    pass
    context.destroy(linger=0)
    print(json.dumps({"sent": sent, "asked": asked}), flush=True)


def percentile(times, part):
    return sorted(times)[min(len(times) - 1, int(len(times) * part))]


class Floods(Case):
    def one_by_one(self, publisher, event, count):
        """Requests of one principal, each when the one before is answered: times in ms."""
        times = []
        for _ in range(count):
            started = time.monotonic()
            outcome = publisher.ask("registration.register", world.delegation(event, "KZ"), deadline=PATIENCE)
            times.append((time.monotonic() - started) * 1000)
            self.assertIn(outcome.klass, ("OK", "REJECTED"), outcome)
        return times

    def test_a_flood_of_one_principal_while_others_are_served(self):
        d = self.deployment(settings={"limits/publisher/requests": FLOOD_LIMIT, "limits/publisher/questions": FLOOD_LIMIT})
        office = d.publisher("office")
        world.open_event(d, office, "FLOOD", world.rules(5), world.PARTIES)
        kz, portal = d.publisher("kz"), d.publisher("portal")
        decided = kz.ask("registration.register", world.delegation("FLOOD", "KZ"))
        self.one_by_one(kz, "FLOOD", 20)  # and what a first request brings about is over
        quiet = self.one_by_one(kz, "FLOOD", 100)
        me = d.principals["portal"]
        portal.connect("registration")
        job = {"name": "portal", "public": me.public.decode(), "secret": me.secret.decode(), "inbox": portal.inbox,
               "server": d.principals["registration"].public.decode(), "intake": d.address("registration", "intake"),
               "log": d.address("registration", "log")}
        before = d.counters("registration")
        flooder = subprocess.Popen([sys.executable, os.path.abspath(__file__), "--flood", json.dumps(job)], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        try:
            self.assertEqual(flooder.stdout.readline().strip(), "ready")
            wait_for(lambda: d.counters("registration")["ignored"] > before["ignored"] + 1000, "the flood to be over all limits")
            started, at_start = time.monotonic(), d.counters("registration")
            loud = self.one_by_one(kz, "FLOOD", 150)
            again = kz.ask("registration.register", world.delegation("FLOOD", "KZ"), id=decided.id, deadline=PATIENCE)
            self.assertEqual(again.raw, decided.raw, "a repeat is answered as before")
            asked = []
            for _ in range(50):
                begun = time.monotonic()
                d.log("registration", "az").query("events", timeout=PATIENCE)
                asked.append((time.monotonic() - begun) * 1000)
            seconds, at_end = time.monotonic() - started, d.counters("registration")
        finally:
            flooder.stdin.close()
            said = flooder.stdout.read()
            flooder.stdout.close()
            flooder.wait(timeout=30)
        done = json.loads(said)
        print(f"flood: {done['sent']} requests and {done['asked']} questions sent; in {seconds:.1f} s: {at_end['limited'] - at_start['limited']} "
              f"refused, {at_end['ignored'] - at_start['ignored']} thrown away", flush=True)
        print(f"another's request: quiet p50 {percentile(quiet, .5):.1f} ms, p99 {percentile(quiet, .99):.1f} ms; during the flood p50 "
              f"{percentile(loud, .5):.1f} ms, p99 {percentile(loud, .99):.1f} ms; its question p99 {percentile(asked, .99):.1f} ms", flush=True)
        # The flooder got what its limit allows and no more, and was told.
        portal.pump(0.5)
        while portal.pump(0.5):
            pass
        self.assertTrue([o for o in portal.others if o.klass == "BUSY" and o.code == "rate_limited" and o.data["retry_after_ms"] >= 20])
        most = FLOOD_LIMIT * (seconds + 2) + 1000  # the burst, and what the counters are apart
        done_n = sum(at_end[n] - at_start[n] for n in ("decided", "replayed", "invalid", "denied", "conflict"))
        self.assertLess(done_n, most + 250, "decided or looked up during the flood")
        self.assertLess(at_end["limited"] - at_start["limited"], 2 * (200 * (seconds + 2) + 400), "told during the flood")
        self.assertGreater(at_end["ignored"] - at_start["ignored"], 1000)
        self.assertTrue([e for e in d.registration.log_events() if e["event"] == "rate_limited" and e["principal"] == "portal"])
        # When it is over, the same principal is served like before.
        wait_for(lambda: portal.ask("registration.register", world.delegation("FLOOD", "TR"), deadline=PATIENCE).klass == "OK",
                 "the flooder to be served again")

    def test_who_is_too_fast_and_waits_as_told_loses_nothing(self):
        """More than its limit at once, by a program that keeps to the protocol: every request gets its decision."""
        d = self.deployment(settings={"limits/publisher/requests": 100})
        office, portal = d.publisher("office"), d.publisher("portal")
        world.open_event(d, office, "FAST", world.rules(5), world.PARTIES)
        portal.wait_ready("registration")
        requests = [portal.submit("registration.register", world.delegation("FAST", "KZ")) for _ in range(500)]
        outcomes = portal.wait(requests, 60)
        self.assertEqual({o.klass for o in outcomes}, {"OK", "REJECTED"})
        self.assertGreater(d.counters("registration")["limited"], 0)

    def test_who_asks_too_much_and_waits_gets_every_answer(self):
        """The command line is told BUSY, and asks again until its time is over: no command fails for it."""
        d = self.deployment(start=("registration",), settings={"limits/observer/questions": 1})
        d.add_principal("observer", "observer").write_secret(d.keys)
        d.registration.signal(1)
        wait_for(lambda: cli(d, "metrics", "registration")[0] == 0, "the new key to be let in")
        with ThreadPoolExecutor(10) as pool:  # of 30 together, 16 are within the burst
            done = list(pool.map(lambda _: cli(d, "metrics", "registration", "--timeout", "50s"), range(30)))
        self.assertEqual([said for status, said in done if status], [])
        self.assertGreater(d.counters("registration")["limited"], 0)


def cli(d, *words):
    """The command line on the keys and services of a deployment."""
    where = {f"CONVENE_{name.upper()}_ENDPOINT": endpoint for name, endpoint in d.endpoints.items()}
    done = subprocess.run([os.path.join(d.bin, "convene"), *words], env={**os.environ, **where, "CONVENE_KEYS": d.keys, "CONVENE_DATA": d.data},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout


def principal_of(d, name, role, party=None):
    """What the key file of a program says now: who has read it then is this principal."""
    who = cvwire.Principal(name, role, party)
    with open(os.path.join(d.keys, f"{name}.secret"), encoding="utf-8") as file:
        lines = dict((part.strip() for part in line.split("=", 1)) for line in file if "=" in line)
    who.public, who.secret = lines["public-key"].strip('"').encode(), lines["secret-key"].strip('"').encode()
    return who


class Keys(Case):
    def setUp(self):
        self.d = self.deployment(start=("scheduling", "registration"))
        self.office = self.d.publisher("office")
        world.open_event(self.d, self.office, "EVENT", world.rules(50), world.PARTIES)
        status, said = cli(self.d, "keys", "add", "desk", "--role", "publisher")
        self.assertEqual(status, 0, said)
        self.desk = self.comes_in(principal_of(self.d, "desk", "publisher"))

    def comes_in(self, who, party="KZ"):
        """A client of this key whose request is decided: no SIGHUP, the services see it by themselves."""
        def let_in():
            client = self.d.publisher(who)
            try:
                return client.wait_ready("registration", deadline=1)
            except TimeoutError:
                return None
        client = wait_for(let_in, f"{who.name} to be let in", 15)
        self.assertIn(client.ask("registration.register", world.delegation("EVENT", party), deadline=10).klass, ("OK", "REJECTED"))
        return client

    def never_in(self, who):
        context = zmq.Context()
        try:
            intake = self.d.connect(zmq.XPUB, "registration", "intake", who, context)
            feed = self.d.connect(zmq.SUB, "registration", "feed", who, context)
            feed.subscribe(b"")
            poller = zmq.Poller()
            for socket in (intake, feed):
                poller.register(socket, zmq.POLLIN)
            self.assertEqual(poller.poll(2500), [], "a connection came up")
        finally:
            context.destroy(linger=0)

    def shut_out(self, client, log=None, within=3.0):
        """The open connections of a client: within so many seconds nothing that comes on them is decided or answered."""
        started = time.monotonic()
        strangers = lambda: self.d.counters("registration")["strangers"]
        before, sent = strangers(), []
        def nothing_decided():
            request = client.submit("registration.register", world.delegation("EVENT", "AZ"))
            sent.append(request.id)
            end = time.monotonic() + 0.3
            while time.monotonic() < end and request.outcome is None:
                client.pump(0.05)
            client.waiting.pop(request.id, None)
            return request.outcome is None and strangers() > before
        wait_for(nothing_decided, "its requests to be dropped", 15)
        took = time.monotonic() - started
        self.assertLess(took, within, "until its requests were dropped")
        print(f"shut out {took:.1f} s after", flush=True)
        last = sent[-1]
        octets = pack(client.build("convene.registration.register.v1", world.delegation("EVENT", "TR"), id=last))
        counted = strangers()
        for _ in range(20):
            client.send_raw("registration", [b"request.registration|", octets])
        wait_for(lambda: strangers() >= counted + 20, "what it sends to be counted")
        self.assertIsNone(self.d.log("registration").remembered(last), "decided after all")
        if log:
            self.assertIsNone(log.ask_once("convene.log.query.v1", {"what": "events"}, 1.5))
        self.assertTrue(wait_for(lambda: [e for e in self.d.registration.log_events() if e["event"] == "key_not_known"], "a line in the log", 15))

    def hears_nothing(self, feed):
        """An open feed: closed, and nothing comes any more, while heads come every second to others."""
        wait_for(lambda: [e for e in self.d.registration.log_events() if e["event"] == "feed_reopened"], "the feed closed", 10)
        while feed.poll(50):
            feed.recv_multipart()
        heard = self.d.connect(zmq.SUB, "registration", "feed", "watcher")
        heard.subscribe(b"registration.events|")
        for _ in range(3):
            self.assertTrue(heard.poll(10000), "another hears heads")
            heard.recv_multipart()
        heard.close(0)
        self.assertEqual(feed.poll(0), 0, "it hears on")

    def test_stolen_then_revoked_key(self):
        thief = principal_of(self.d, "desk", "publisher")  # a copy of the file
        stolen = self.comes_in(thief)
        log = self.d.log("registration", thief)
        self.assertTrue(log.query("events"))
        feed = self.d.connect(zmq.SUB, "registration", "feed", thief)
        feed.subscribe(b"")
        self.assertTrue(feed.poll(10000), "it hears")
        status, said = cli(self.d, "keys", "revoke", "desk")
        self.assertEqual(status, 0, said)
        self.shut_out(stolen, log)
        self.hears_nothing(feed)
        feed.close(0)
        self.never_in(thief)
        # Others did not lose anything: the same connection goes on, the outcome that fell into the gap is asked for again.
        self.assertIn(self.office.ask("registration.register", world.delegation("EVENT", "UZ"), deadline=15).klass, ("OK", "REJECTED"))
        # The name anew is another key.
        status, said = cli(self.d, "keys", "add", "desk", "--role", "publisher")
        self.assertEqual(status, 0, said)
        self.comes_in(principal_of(self.d, "desk", "publisher"))
        self.never_in(thief)

    def test_rotation_with_overlap(self):
        old = principal_of(self.d, "desk", "publisher")
        status, said = cli(self.d, "keys", "rotate", "desk", "--overlap", "6s")
        self.assertEqual(status, 0, said)
        rotated = time.monotonic()
        status, said = cli(self.d, "keys", "list", "--json")
        row = next(k for k in json.loads(said)["keys"] if k["name"] == "desk")
        self.assertIn("former_until", row)
        new = self.comes_in(principal_of(self.d, "desk", "publisher"))
        # Both are good, the old one on the connection that is open and on a new one.
        self.assertIn(self.desk.ask("registration.register", world.delegation("EVENT", "KZ"), deadline=3).klass, ("OK", "REJECTED"))
        self.assertLess(time.monotonic() - rotated, 6, "a machine too slow for this test")
        status, said = cli(self.d, "keys", "rotate", "desk")
        self.assertEqual((status, "never three" in said), (5, True), said)
        # When it is over, only the new one.
        wait_for(lambda: [e for e in self.d.registration.log_events() if e["event"] == "former_key_ended"], "the overlap to end", 15)
        self.shut_out(self.desk)
        self.never_in(old)
        self.assertIn(new.ask("registration.register", world.delegation("EVENT", "KZ"), deadline=15).klass, ("OK", "REJECTED"))

    def test_rotation_of_a_stolen_key(self):
        old = principal_of(self.d, "desk", "publisher")
        status, said = cli(self.d, "keys", "rotate", "desk", "--overlap", "0")
        self.assertEqual(status, 0, said)
        self.shut_out(self.desk)
        self.never_in(old)
        self.comes_in(principal_of(self.d, "desk", "publisher"))

    def test_a_damaged_certificate_keeps_nobody_in(self):
        """Fail closed: the set cannot be read as a whole, and who was taken out is out nevertheless; nobody comes in anew."""
        with open(os.path.join(self.d.keys, "allow", "broken.cert"), "w", encoding="utf-8") as file:
            file.write('metadata\n    name = "broken"\n')
        late = self.d.add_principal("late", "publisher")
        status, said = cli(self.d, "keys", "revoke", "desk")
        self.assertEqual(status, 0, said)
        self.shut_out(self.desk)
        self.never_in(late)
        self.assertIn(self.office.ask("registration.register", world.delegation("EVENT", "UZ"), deadline=15).klass, ("OK", "REJECTED"))
        os.unlink(os.path.join(self.d.keys, "allow", "broken.cert"))
        self.comes_in(late)


class Tap:
    """Stands between a client and a port, passes everything on, and keeps what the client said."""

    def __init__(self, port):
        self._listener = plain_socket.create_server(("127.0.0.1", 0))
        self.address, self.said, self._port = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}", b"", port
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        client, _ = self._listener.accept()
        self._listener.close()
        with client, plain_socket.create_connection(("127.0.0.1", self._port)) as server:
            while True:
                for one in select.select([client, server], [], [])[0]:
                    octets = one.recv(65536)
                    if not octets:
                        return
                    if one is client:
                        self.said += octets
                    (server if one is client else client).sendall(octets)


class Wire(Case):
    @classmethod
    def setUpClass(cls):
        cls.d = Deployment().start("scheduling", "registration")
        cls.office = cls.d.publisher("office")
        world.open_event(cls.d, cls.office, "EVENT", world.rules(50), world.PARTIES)

    @classmethod
    def tearDownClass(cls):
        found = cls.d.close()
        if found:
            raise AssertionError("\n".join(found))

    def port(self, which):
        return int(self.d.address("registration", which).rsplit(":", 1)[1])

    def test_replayed_captures(self):
        """Every octet that a client sent on the wire, sent again: the handshake does not fit, and nothing is decided twice."""
        tap = Tap(self.port("intake"))
        feed = self.d.connect(zmq.SUB, "registration", "feed", "portal")
        inbox = cvwire.new_inbox()
        feed.subscribe(f"outcome.portal.{inbox}|".encode())
        intake = cvwire.socket_of(self.d.context, zmq.XPUB, tap.address, self.d.principals["registration"].public, self.d.principals["portal"])
        self.assertTrue(intake.poll(10000), "connected through the tap")
        request = pack(cvwire.message("convene.registration.register.v1", world.delegation("EVENT", "KZ"), id=cvwire.uuid7(), inbox=inbox))
        def decided():
            intake.send_multipart([b"request.registration|", request])
            return feed.poll(300)
        wait_for(decided, "the request decided", 15)
        first = list(cvwire.split(feed.recv_multipart()[1]))[0]
        captured = tap.said
        self.assertGreater(len(captured), 64 + 200 + len(request), "greeting, handshake and request were captured")
        self.assertNotIn(b"KZ person", captured, "and cannot be read")
        intake.close(0)
        before = self.d.counters("registration")
        for _ in range(3):
            with plain_socket.create_connection(("127.0.0.1", self.port("intake")), timeout=10) as thief:
                try:
                    thief.sendall(captured)
                    while thief.recv(65536):
                        pass
                except OSError:
                    pass  # thrown out
        after = self.d.counters("registration")
        self.assertEqual([after[n] for n in ("requests", "decided", "replayed")], [before[n] for n in ("requests", "decided", "replayed")])
        # The request itself, sent again by whoever got hold of it: only its sender hears the outcome, and it is the same.
        with Publisher(self.d, "az", inbox=inbox) as thief:
            thief.wait_ready("registration")
            thief.send_raw("registration", [b"request.registration|", request])
            wait_for(lambda: self.d.counters("registration")["denied"] > after["denied"], "another party's desk is refused")
            thief.pump(0.2)
            self.assertFalse(thief.decided)
        with Publisher(self.d, "portal2", inbox=inbox) as thief:
            thief.wait_ready("registration")
            thief.send_raw("registration", [b"request.registration|", request])
            wait_for(lambda: thief.pump(0.1) and thief.others, "who may do the same gets the same")
            self.assertEqual(thief.others[0].raw, first)
        self.assertEqual(self.d.counters("registration")["decided"], after["decided"])
        feed.close(0)

    def test_publishing_on_topics_not_allowed(self):
        """Records, heads, outcomes and requests to others, sent to the intake and to the feed: nobody hears, nothing counts."""
        feed = self.d.connect(zmq.SUB, "registration", "feed", "watcher")
        feed.subscribe(b"")
        self.assertTrue(feed.poll(10000))
        head = self.d.head("registration", "registration.events")
        intake = self.d.connect(zmq.PUB, "registration", "intake", "portal")  # a PUB that sends whatever it likes
        log = self.d.connect(zmq.DEALER, "registration", "log", "portal")
        back = self.d.connect(zmq.XSUB, "registration", "feed", "portal")
        forged = pack(cvwire.message("convene.registration.seats.v1", {"event": "EVENT"}, id="registration.events/00/99"))
        place = cvwire.Position.of(head["epoch"], head["head"] + 1, bytes(32))
        sent = 0
        for topic in (b"registration.events|", b"registration.private|", b"scheduling.events|", b"outcome.office.12345678|", b"request.scheduling|",
                      b"", b"|"):
            for _ in range(50):
                intake.send_multipart([topic, place.octets, forged])
                back.send(b"\x02" + topic + forged)
                sent += 1
        self.assertTrue(log.poll(10000, zmq.POLLOUT))
        log.send_multipart([b"registration.events|", place.octets, forged])
        office = self.d.publisher("office")
        office.wait_ready("registration")  # whatever was sent before is there by the time that heads have come twice
        heads = 0
        while heads < 3:
            self.assertTrue(feed.poll(10000))
            frames = feed.recv_multipart()
            self.assertNotIn(forged, frames)
            self.assertFalse(frames[0].startswith((b"scheduling.events", b"outcome.office.12345678", b"request.")), frames[0])
            heads += frames[0] == b"registration.events|" and len(frames) == 2
        self.assertEqual(self.d.head("registration", "registration.events")["head"], head["head"])
        self.assertIn(office.ask("registration.register", world.delegation("EVENT", "UZ"), deadline=10).klass, ("OK", "REJECTED"))
        for socket in (feed, intake, log, back):
            socket.close(0)
        self.assertGreater(sent, 0)

    def test_oversized_handshakes(self):
        """Handshakes that promise gigabytes, and hundreds that fill what one may have: others get in, and the memory comes back."""
        greeting = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"CURVE" + bytes(15) + b"\x00" + bytes(31)
        registration = self.d.registration
        files, before = registration.open_files(), registration.pss_kib()
        held = []
        for length, body in ((1 << 62, 4096), (1 << 32, 4096), (262145, 4096), *[(262144, 200000)] * 100):
            connection = plain_socket.create_connection(("127.0.0.1", self.port("intake")), timeout=5)
            held.append(connection)
            try:
                connection.sendall(greeting + b"\x06" + struct.pack(">Q", length) + bytes(body))
            except OSError:
                pass  # thrown out already
        with Publisher(self.d, "portal") as other:
            other.wait_ready("registration")
            self.assertIn(other.ask("registration.register", world.delegation("EVENT", "TR"), deadline=10).klass, ("OK", "REJECTED"))
        grown = registration.pss_kib() - before
        print(f"{grown} KiB while 100 handshakes of 256 KiB hang", flush=True)
        self.assertLess(grown, 100 * 256 + (200 << 10 if "libasan" in self.maps() else 8 << 10))
        wait_for(lambda: registration.open_files() <= files + 3, "all of them thrown out", 20)
        for connection in held:
            connection.close()
        self.assertIn(self.office.ask("registration.register", world.delegation("EVENT", "BY"), deadline=10).klass, ("OK", "REJECTED"))

    def maps(self):
        with open(f"/proc/{self.d.registration.pid}/maps", encoding="utf-8") as file:
            return file.read()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--flood"]:
        flood(json.loads(sys.argv[2]))
    else:
        main()
