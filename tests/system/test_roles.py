#!/usr/bin/python3
# Who may do what: every role, another party's request, no key, a wrong key, a key that is taken away, private streams.
# SPDX-License-Identifier: Apache-2.0
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import cvwire
import world
import zmq
from clients import Log, Publisher, Refused
from deployment import Case, Deployment, main, wait_for

EVENT = {"event": "NEW", "title": "T", "plan_year": 2026, "line": "cbm"}
REQUESTS = {  # kind: (data, roles that may, whether a focal point of KZ may when the party is its own)
    "registration.register": (world.delegation("NONE", "AZ"), ("secretariat", "publisher")),
    "registration.withdraw": ({"event": "NONE", "party": "AZ"}, ("secretariat", "publisher")),
    "registration.decline": ({"event": "NONE", "party": "AZ"}, ("secretariat", "publisher")),
    "scheduling.party.put": ({"code": "ZZ", "kind": "guest", "name": "Z"}, ("secretariat",)),
    "scheduling.body.put": ({"code": "ZZ", "kind": "working", "name": "Z"}, ("secretariat",)),
    "scheduling.heading.put": ({"code": "ZZ", "level": "dimension", "name": "Z"}, ("secretariat",)),
    "scheduling.venue.put": ({"code": "ZZ", "name": "Z", "city": "Z", "country": "ZZ"}, ("secretariat",)),
    "scheduling.event.propose": (EVENT, ("secretariat", "publisher")),
    "scheduling.event.advance": ({"event": "NONE", "to": "circulated"}, ("secretariat",)),
    "scheduling.event.change": ({"event": "NONE", "title": "U"}, ("secretariat",)),
    "scheduling.event.registration": ({"event": "NONE", **world.rules(5)}, ("secretariat",)),
    "scheduling.catalogue.put": ({"code": "ZZ", "name": "Z", "dimensions": [{"code": "ZZ", "name": "Z"}], "areas": []}, ("secretariat",)),
    "scheduling.coordinator.put": ({"code": "ZZ", "area": "ZZ", "party": "AZ", "role": "coordinator"}, ("secretariat",)),
    "scheduling.chairmanship.put": ({"code": "ZZ", "party": "AZ", "from": "2090"}, ("secretariat",)),
    "scheduling.decision.open": ({"decision": "NONE", "subject": "document", "title": "T", "text": "T", "expires_ms": 1}, ("secretariat",)),
    "scheduling.decision.take": ({"decision": "NONE", "subject": "document", "title": "T", "text": "T", "present": ["AZ"]}, ("secretariat",)),
    "scheduling.decision.state": ({"decision": "NONE", "party": "AZ", "kind": "objection", "text": "T"}, ("secretariat", "publisher")),
    "scheduling.decision.retract": ({"decision": "NONE", "reason": "R"}, ("secretariat",)),
    "scheduling.plan.compile": ({"year": 2090, "line": "cbm"}, ("secretariat",)),
    "scheduling.plan.move": ({"year": 2091, "line": "cbm", "to": "circulated"}, ("secretariat",)),
    "scheduling.plan.add": ({"event": "NONE", "decision": "NONE"}, ("secretariat",)),
    "scheduling.report.put": ({"event": "NONE"}, ("secretariat",)),
    "scheduling.review.put": ({"year": 2090, "dimension": "ZZ"}, ("secretariat",)),
    "scheduling.workplan.put": ({"code": "ZZ", "name": "Z"}, ("secretariat",)),
    "scheduling.workitem.put": ({"plan": "ZZ", "item": "ZZ", "title": "Z", "state": "planned", "progress": 0}, ("secretariat",)),
    "notifications.audience.put": ({"kind": "event_change", "audience": "coordinators", "told": True}, ("secretariat",)),
    "notifications.reminder.put": ({"rule": "never", "anchor": "start", "before_hours": 1, "off": True}, ("secretariat",)),
    "notifications.recipient.put": ({"party": "AZ", "order": 1, "name": "N", "email": "n@az.example"}, ("secretariat", "publisher")),
}
WHO = {"office": "secretariat", "portal": "publisher", "watcher": "observer", "ops": "operator", "mirror": "service", "kz": "focal_point"}


class Roles(Case):
    @classmethod
    def setUpClass(cls):
        cls.d = Deployment().start()
        cls.office = cls.d.publisher("office")
        world.put_parties(cls.office)

    @classmethod
    def tearDownClass(cls):
        found = cls.d.close()
        if found:
            raise AssertionError("\n".join(found))

    def test_every_role_and_request(self):
        for who, role in WHO.items():
            publisher = self.d.publisher(who)
            for kind, (data, roles) in REQUESTS.items():
                with self.subTest(who=who, kind=kind):
                    outcome = publisher.ask(kind, {**data, **({"event": f"NEW-{who}"} if kind.endswith("propose") else {})})
                    if role in roles:
                        self.assertNotEqual(outcome.klass, "DENIED", outcome)
                    else:
                        self.assertEqual(outcome.klass, "DENIED", outcome)
                        # A focal point may not because of the party where its role may in general.
                        general = kind.startswith("registration.")
                        if role == "focal_point" and general:
                            self.assertEqual(outcome.code, "party", outcome)
                        elif role != "focal_point":
                            self.assertEqual(outcome.code, "role", outcome)

    def test_focal_point(self):
        world.open_event(self.d, self.office, "FOCAL", world.rules(5))
        kz, az = self.d.publisher("kz"), self.d.publisher("az")
        mine = world.decide(kz, "registration.register", world.delegation("FOCAL", "KZ"))
        self.assert_outcome(kz.ask("registration.register", world.delegation("FOCAL", "AZ")), "DENIED", "party")
        # Another party's decided id: neither its outcome nor a conflict is told, authorisation comes first.
        denied = self.assert_outcome(az.ask("registration.register", world.delegation("FOCAL", "KZ"), id=mine.id), "DENIED", "party")
        self.assertNotIn("decision", denied.data)
        self.assert_outcome(az.ask("registration.withdraw", {"event": "FOCAL", "party": "KZ"}), "DENIED", "party")
        self.assertEqual(world.seats(self.d, "FOCAL")["confirmed"], 1)
        # Proposing: only as the proposer.
        propose = lambda who, event, **kw: who.ask("scheduling.event.propose", {**EVENT, "event": event, **kw})
        self.assert_outcome(propose(kz, "BY-KZ", proposer="KZ"), "OK", "proposed")
        self.assert_outcome(propose(kz, "BY-AZ", proposer="AZ"), "DENIED", "party")
        self.assert_outcome(propose(kz, "BY-NOBODY"), "DENIED")

    def test_nothing_of_denied_requests_is_kept(self):
        watcher = self.d.publisher("watcher")
        head = self.d.head("scheduling", "scheduling.events")["head"]
        outcome = self.assert_outcome(watcher.ask("scheduling.party.put", {"code": "QQ", "kind": "guest", "name": "Q"}), "DENIED", "role")
        self.assertIsNone(self.d.log("scheduling").remembered(outcome.id))
        self.assertEqual(self.d.head("scheduling", "scheduling.events")["head"], head)
        # The same id by somebody who may is decided.
        self.assert_outcome(self.office.ask("scheduling.party.put", {"code": "QQ", "kind": "guest", "name": "Q"}, id=outcome.id), "OK")

    def never_heard(self, principal, server_key="right"):
        """A client of this key gets no subscription, no head and no answer, in twice the time a good one needs."""
        context = zmq.Context()
        try:
            key = self.d.principals["registration"].public if server_key == "right" else server_key
            sockets = [cvwire.socket_of(context, kind, self.d.address("registration", which), key, principal)
                       for kind, which in ((zmq.XPUB, "intake"), (zmq.SUB, "feed"), (zmq.DEALER, "log"))]
            sockets[1].subscribe(b"")
            poller = zmq.Poller()
            for socket in sockets[:2]:
                poller.register(socket, zmq.POLLIN)
            poller.register(sockets[2], zmq.POLLOUT)
            self.assertEqual(poller.poll(2500), [], "a connection came up")
        finally:
            context.destroy(linger=0)

    def test_keys(self):
        good = Publisher(self.d, "portal")
        started = time.monotonic()
        good.wait_ready("registration")
        good.close()
        self.assertLess(time.monotonic() - started, 2.0)
        with self.subTest("no key at all"):
            self.never_heard(None, None)
        with self.subTest("a key nobody allowed"):
            self.never_heard(cvwire.Principal("stranger", "secretariat"))
        with self.subTest("the right key, another server's"):
            self.never_heard(self.d.principals["portal"], self.d.principals["scheduling"].public)
        forged = cvwire.Principal("portal", "publisher")
        forged.public = self.d.principals["portal"].public  # a public key that is not the secret's
        with self.subTest("another's public key"):
            self.never_heard(forged)

    def test_plain_and_null_handshake(self):
        """NULL and PLAIN clients are refused on every socket."""
        context = zmq.Context()
        try:
            for service in ("registration", "scheduling", "notifications"):
                for kind, which in ((zmq.XPUB, "intake"), (zmq.SUB, "feed"), (zmq.DEALER, "log")):
                    socket = context.socket(kind)
                    socket.linger = 0
                    socket.plain_username, socket.plain_password = b"portal", b"portal"
                    if kind == zmq.SUB:
                        socket.subscribe(b"")
                    if kind == zmq.DEALER:
                        socket.immediate = 1
                    socket.connect(self.d.address(service, which))
                    self.assertEqual(socket.poll(500, zmq.POLLOUT if kind == zmq.DEALER else zmq.POLLIN), 0)
                    socket.close(0)
        finally:
            context.destroy(linger=0)

    def test_key_taken_away_and_given(self):
        """SIGHUP: a new key comes in, a removed one can do nothing from then on, old connection or new."""
        late = self.d.add_principal("late", "publisher", allow=False)
        self.never_heard(late)
        late.allow(self.d.keys)
        self.d.registration.signal(1)
        def let_in():  # libzmq gives a refused socket no second try: each try is a socket of its own
            client = self.d.publisher("late")
            try:
                return client.wait_ready("registration", deadline=1)
            except TimeoutError:
                return None
        publisher = wait_for(let_in, "a new key to be let in")
        self.assert_outcome(publisher.ask("registration.register", world.delegation("NONE", "KZ")), "NOTFOUND")
        log = Log(self.d, "registration", "late")
        self.assertTrue(log.query("events") is not None)
        os.unlink(os.path.join(self.d.keys, "allow", "late.cert"))
        self.d.registration.signal(1)
        # The old connection: from some moment on no request of it is decided and no question answered.
        def shut_out():
            outcome = None
            request = publisher.submit("registration.register", world.delegation("NONE", "KZ"))
            end = time.monotonic() + 1
            while time.monotonic() < end and request.outcome is None:
                publisher.pump(0.1)
            publisher.waiting.pop(request.id, None)
            outcome = request.outcome
            return outcome is None or outcome.klass == "DENIED"
        wait_for(shut_out, "a removed key to be shut out of the intake", 10)
        def no_answers():
            try:
                log.query("events", timeout=1.2)
                return False
            except TimeoutError:
                return True
            except Refused as refused:
                return refused.code == "DENIED"
        wait_for(no_answers, "a removed key to be shut out of the log", 10)
        self.never_heard(late)
        log.close()
        # All others did not notice.
        self.assert_outcome(self.office.ask("registration.register", world.delegation("NONE", "KZ")), "NOTFOUND")

    def test_broken_certificate_at_reload_changes_nothing(self):
        path = os.path.join(self.d.keys, "allow", "broken.cert")
        with open(path, "w", encoding="utf-8") as file:
            file.write('metadata\n    name = "broken"\n    role = "emperor"\ncurve\n    public-key = "short"\n')
        lines = len(self.d.registration.log_events())
        try:
            self.d.registration.signal(1)
            wait_for(lambda: [e for e in self.d.registration.log_events()[lines:] if e["level"] in ("warn", "error")
                              and "broken.cert" in str(e)], "a log line that names the broken certificate")
            with Publisher(self.d, "portal") as fresh:
                fresh.wait_ready("registration")
                self.assert_outcome(fresh.ask("registration.register", world.delegation("NONE", "KZ")), "NOTFOUND")
        finally:
            os.unlink(path)
            self.d.registration.signal(1)

    def test_private_streams_and_questions(self):
        world.open_event(self.d, self.office, "PRIVATE", world.rules(5))
        world.decide(self.office, "registration.register", world.delegation("PRIVATE", "KZ"))
        for who, role in WHO.items():
            with self.subTest(who=who):
                log = self.d.log("registration", who)
                may = role == "service"
                for ask in (lambda l=log: l.fetch("registration.private"), lambda l=log: l.snapshot("registration.private")):
                    if may:
                        ask()
                    else:
                        with self.assertRaises(Refused) as refused:
                            ask()
                        self.assertEqual(refused.exception.code, "DENIED")
                        self.assertNotIn("desk@kz", str(refused.exception.data))
                self.assertEqual(log.fetch("registration.events")["after"], 0)
                if role in ("secretariat", "service", "focal_point"):
                    persons = log.query("persons", "PRIVATE/KZ")
                    self.assertEqual(persons[0]["data"]["persons"][0]["name"], "KZ person 1")
                else:
                    with self.assertRaises(Refused) as refused:
                        log.query("persons", "PRIVATE/KZ")
                    self.assertEqual(refused.exception.code, "DENIED")
                backup = os.path.join(self.d.root, f"backup-{who}.db")
                if role != "operator":
                    with self.assertRaises(Refused) as refused:
                        log.query("backup", backup)
                    self.assertEqual(refused.exception.code, "DENIED")
                    self.assertFalse(os.path.exists(backup))
        with self.assertRaises(Refused) as refused:
            self.d.log("registration", "az").query("persons", "PRIVATE/KZ")
        self.assertEqual(refused.exception.code, "DENIED")
        for who, role in WHO.items():
            log = self.d.log("notifications", who)
            if role in ("operator", "secretariat", "service"):
                log.query("recipients")
            else:
                with self.assertRaises(Refused) as refused:
                    log.query("recipients")
                self.assertEqual(refused.exception.code, "DENIED")

    def test_private_records_never_ride_the_feed(self):
        """Everything on all feeds while persons are registered: no name, no address, no record of a private stream."""
        world.open_event(self.d, self.office, "QUIET", world.rules(5))
        feeds = []
        for service in ("registration", "scheduling", "notifications"):
            feed = self.d.connect(zmq.SUB, service, "feed", "watcher")
            feed.subscribe(b"")
            feeds.append(feed)
        poller, heard = zmq.Poller(), []
        for feed in feeds:
            poller.register(feed, zmq.POLLIN)
        def listen(fact, what):
            end = time.monotonic() + 20
            while not fact():
                for feed, _ in poller.poll(200):
                    heard.append(feed.recv_multipart())
                self.assertLess(time.monotonic(), end, what)
        listen(lambda: {b"registration.events|", b"registration.private|", b"scheduling.events|", b"notifications.events|"}
               <= {f[0] for f in heard}, "a head of each stream")
        world.decide(self.office, "registration.register", world.delegation("QUIET", "KZ", 2))
        private = self.d.head("registration", "registration.private")["head"]
        listen(lambda: any(f[0] == b"registration.private|" and cvwire.Position(f[1]).seq >= private for f in heard), "the private head")
        listen(lambda: any(len(f) == 3 and b"QUIET" in f[2] and f[0].startswith(b"notifications") for f in heard), "the notice")
        for frames in heard:
            whole = b"".join(frames)
            for secret in (b"KZ person", b"desk@kz", b"Desk of KZ"):
                self.assertNotIn(secret, whole, frames[0])
            if frames[0] == b"registration.private|":
                self.assertEqual((len(frames), len(frames[1])), (2, 48))
        for feed in feeds:
            feed.close(0)


if __name__ == "__main__":
    main()
