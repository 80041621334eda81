#!/usr/bin/python3
# The attacks that SECURITY.md lists, each a test: floods, stolen keys, replayed captures, oversized handshakes, and the rest.
# SPDX-License-Identifier: Apache-2.0
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import cvwire
import world
import zmq
from clients import Refused
from cvwire import pack
from deployment import Case, main, wait_for

FLOOD_LIMIT = 500  # requests a second that the flooder may send
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
        self.one_by_one(kz, "FLOOD", 20)
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


def cli(d, *words):
    """The command line on the keys of a deployment."""
    done = subprocess.run([os.path.join(d.bin, "convene"), *words], env={**os.environ, "CONVENE_KEYS": d.keys, "CONVENE_DATA": d.data},
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


if __name__ == "__main__":
    if sys.argv[1:2] == ["--flood"]:
        flood(json.loads(sys.argv[2]))
    else:
        main()
