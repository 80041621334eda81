#!/usr/bin/python3
# One request from its first send to its outcome, record and notice; ids used again; every class an outcome can have.
# SPDX-License-Identifier: Apache-2.0
import os
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import cvwire
import world
import zmq
from clients import Publisher
from deployment import Case, main, wait_for


class RequestLife(Case):
    """One deployment for the whole class: the tests use events of their own."""

    @classmethod
    def setUpClass(cls):
        from deployment import Deployment
        cls.d = Deployment().start()
        cls.office = cls.d.publisher("office")
        world.put_parties(cls.office)

    @classmethod
    def tearDownClass(cls):
        found = cls.d.close()
        if found:
            raise AssertionError("\n".join(found))

    def open(self, event, **kwargs):
        return world.open_event(self.d, self.office, event, world.rules(**kwargs))

    def record_of(self, outcome):
        """The record an outcome names."""
        records, _ = self.d.log(outcome.data["stream"].split(".")[0], "mirror").stream(outcome.data["stream"])
        return cvwire.unpack(records[outcome.data["sequence"] - 1]), records[outcome.data["sequence"] - 1]

    def test_life_of_one_request(self):
        self.open("LIFE", capacity=3, guaranteed=0, maximum=3, waiting="strict")
        follower = self.d.follower("registration", "registration.events", "watcher")
        follower.until(lambda: follower.position.seq or follower.heads, "a first head")
        request_id = cvwire.uuid7()
        outcome = self.assert_outcome(
            self.office.ask("registration.register", world.delegation("LIFE", "KZ", 4), id=request_id, subject="LIFE",
                            correlationid="my-own-id"), "OK", "partly_registered")
        message = outcome.message
        self.assertEqual((message["specversion"], message["id"], message["source"], message["type"], message["causationid"],
                          message["subject"], message["correlationid"]),
                         ("1.0", request_id, "/convene/registration", "convene.outcome.v1", request_id, "LIFE", "my-own-id"))
        self.assertRegex(message["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        decision = outcome.data["decision"]
        self.assertEqual((decision["event"], decision["party"]), ("LIFE", "KZ"))
        self.assertEqual([(p["number"], p["state"]) for p in decision["persons"]],
                         [(1, "confirmed"), (2, "confirmed"), (3, "confirmed"), (4, "waiting")])
        self.assertEqual(decision["persons"][3]["position"], 1)
        self.assertEqual(decision["seats"], {"capacity": 3, "confirmed": 3, "waiting": 1, "free": 0, "party_guaranteed": 0,
                                             "party_maximum": 3, "party_confirmed": 3, "party_waiting": 1})
        # No personal data in the outcome, nor in the public record of it.
        record, raw = self.record_of(outcome)
        for octets in (outcome.raw, raw):
            for secret in (b"KZ person", b"desk@kz", b"Desk of"):
                self.assertNotIn(secret, octets)
        self.assertEqual(record["type"], "convene.registration.decided.v1")
        data = record["data"]
        self.assertEqual((data["request"], data["kind"], data["event"], data["party"], data["class"], data["code"], data["answer"]),
                         (request_id, "register", "LIFE", "KZ", "OK", "partly_registered", "registered"))
        self.assertEqual(data["persons"], [{k: v for k, v in p.items() if k != "rule"} for p in decision["persons"]])
        self.assertEqual(data["seats"], decision["seats"])
        head = self.d.head("registration", "registration.events")
        self.assertEqual(record["id"], f"registration.events/{head['epoch'].hex()}/{outcome.data['sequence']}")
        self.assertEqual(record["source"], "/convene/registration")
        # The record rang on the feed with the same octets, and the private one only where it may.
        follower.until(lambda: follower.position.seq >= outcome.data["sequence"], "the record")
        self.assertIn(raw, follower.applied)
        private, _ = self.d.log("registration", "mirror").stream("registration.private")
        self.assertNotIn(b"KZ person", b"".join(private), "names are sealed in the records")
        contact = self.d.log("registration", "mirror").opened("registration.private")[data["private_seq"] - 1]["data"]
        self.assertEqual(contact["contact"]["email"], "desk@kz.example")
        self.assertEqual([p["name"] for p in contact["persons"]], [f"KZ person {i}" for i in range(1, 5)])
        # The memo, and the state as queries tell it.
        self.assertEqual(self.d.log("registration", "watcher").remembered(request_id), outcome.raw)
        delegation = self.d.log("registration", "watcher").query("delegation", "LIFE/KZ")[0]["data"]
        self.assertEqual((delegation["answer"], delegation["confirmed"], delegation["waiting"], delegation["requests"]),
                         ("registered", 3, 1, 1))
        # Asked again, the very same octets, without another record.
        again = self.office.submit("registration.register", world.delegation("LIFE", "KZ", 4), id=request_id, subject="LIFE")
        self.assertEqual(self.office.wait(again)[0].raw, outcome.raw)
        self.assertEqual(self.d.head("registration", "registration.events")["head"], head["head"])

    def test_withdrawal_names_its_own_record(self):
        """The outcome of a withdrawal that lets others move up names the record of the withdrawal."""
        self.open("WITHDRAW", capacity=1, waiting="strict")
        world.decide(self.office, "registration.register", world.delegation("WITHDRAW", "KZ", 1))
        world.decide(self.office, "registration.register", world.delegation("WITHDRAW", "AZ", 1))
        outcome = world.decide(self.office, "registration.withdraw", {"event": "WITHDRAW", "party": "KZ", "persons": [1]})
        records, _ = self.d.log("registration", "mirror").stream("registration.events")
        tail = [cvwire.unpack(r) for r in records[-2:]]
        self.assertEqual([t["type"] for t in tail], ["convene.registration.decided.v1", "convene.registration.promoted.v1"])
        self.assertEqual([(p["number"], p["state"]) for p in tail[1]["data"]["persons"]], [(1, "confirmed")])
        self.assertEqual(tail[1]["data"]["party"], "AZ")
        record, _ = self.record_of(outcome)
        self.assertEqual((record["type"], record["data"].get("request")), ("convene.registration.decided.v1", outcome.id))

    def test_thousand_times(self):
        """One id, a thousand sends, by four connections of three keys in three threads: one decision, one set of octets."""
        self.open("THOUSAND", capacity=10, maximum=5)
        whole = {"id": cvwire.uuid7(), "subject": "THOUSAND"}
        data = world.delegation("THOUSAND", "AZ", 2)
        seen, errors = [], []

        def publish(who, times):
            context = zmq.Context()
            try:
                with Publisher(self.d, who, context) as publisher:
                    publisher.wait_ready("registration")
                    for i in range(times):
                        # Time, inbox and trace may differ; type, subject and data may not.
                        message = cvwire.message("convene.registration.register.v1", data, inbox=publisher.inbox,
                                                 correlationid=f"{who}-{i}", **whole)
                        publisher.send_raw("registration", [b"request.registration|", cvwire.pack(message)])
                        publisher.pump(0)
                    end = time.monotonic() + 30
                    while len(publisher.others) < times and time.monotonic() < end:
                        publisher.pump(0.1)
                    seen.append((who, times, [o.raw for o in publisher.others]))
            except Exception as error:  # pylint: disable=broad-except
                errors.append(error)
            finally:
                context.destroy(linger=0)

        threads = [threading.Thread(target=publish, args=a) for a in (("office", 250), ("portal", 250), ("portal2", 250), ("portal", 250))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(errors, [])
        octets = {raw for _, _, raws in seen for raw in raws}
        self.assertEqual(len(octets), 1, [cvwire.unpack(o) for o in list(octets)[:3]])
        self.assertEqual([len(raws) for _, _, raws in seen], [times for _, times, _ in seen], "each send is answered")
        self.assertEqual(self.d.log("registration").remembered(whole["id"]), octets.pop())
        self.assertEqual(world.seats(self.d, "THOUSAND")["confirmed"], 2)
        records, _ = self.d.log("registration", "mirror").stream("registration.events")
        self.assertEqual(sum(cvwire.unpack(r)["data"].get("request") == whole["id"] for r in records), 1)

    def test_same_id_other_content(self):
        self.open("CONFLICT", capacity=10, maximum=5)
        data = world.delegation("CONFLICT", "KZ", 1)
        first = world.decide(self.office, "registration.register", data, subject="CONFLICT")
        for change in ({"data": {**data, "persons": world.persons(2)}}, {"subject": "OTHER"}, {"type": "registration.decline"}):
            kind = change.get("type", "registration.register")
            body = change.get("data", data) if kind == "registration.register" else {"event": "CONFLICT", "party": "KZ"}
            self.assert_outcome(self.office.ask(kind, body, id=first.id, subject=change.get("subject", "CONFLICT")), "CONFLICT", "id_reused")
        # By somebody else the same; nothing was done, and the first answer still stands.
        portal = self.d.publisher("portal")
        self.assert_outcome(portal.ask("registration.register", {**data, "group": "each"}, id=first.id, subject="CONFLICT"), "CONFLICT")
        self.assertEqual(portal.ask("registration.register", data, id=first.id, subject="CONFLICT").raw, first.raw)
        self.assertEqual(world.seats(self.d, "CONFLICT")["confirmed"], 1)
        # The order of keys and the length of integers are not content a stranger controls: octets of data count, as documented.

    def test_decision_does_not_depend_on_how_often_it_is_asked_at_once(self):
        """Two different requests with ids of their own, mixed and repeated, are two decisions."""
        self.open("MIXED", capacity=2, maximum=1)
        requests = [self.office.submit("registration.register", world.delegation("MIXED", party, 1)) for party in ("KZ", "AZ", "TR")]
        for _ in range(20):
            for request in requests:
                self.office.send_raw("registration", [b"request.registration|", request.octets])
        outcomes = self.office.wait(requests)
        self.assertEqual(sorted(o.klass for o in outcomes), ["OK", "OK", "REJECTED"])
        self.assertEqual({o.code for o in outcomes if o.klass == "REJECTED"}, {"full"})

    def test_rejections(self):
        now = cvwire.now_ms()
        self.open("REJECT", capacity=4, guaranteed=0, maximum=2, audience=["member"], limits=[{"capacity": "media", "maximum": 0}])
        ask = lambda **kw: self.office.ask("registration.register", {"event": "REJECT", "party": "KZ", "persons": world.persons(1), **kw})
        self.assert_outcome(ask(party="BY"), "REJECTED", "party_not_invited")
        self.assert_outcome(ask(persons=[{"name": "A", "capacity": "head"}, {"name": "B", "capacity": "head"}], group="all_or_none"),
                            "REJECTED", "one_head")
        self.assert_outcome(ask(persons=[{"name": "M", "capacity": "media"}]), "REJECTED", "capacity_limit")
        self.assert_outcome(ask(persons=[{"name": "A B", "capacity": "delegate"}] * 2, group="all_or_none"), "REJECTED", "duplicate_person")
        self.assert_outcome(ask(persons=world.persons(3), group="all_or_none"), "REJECTED")
        self.assert_outcome(ask(persons=world.persons(2)), "OK", "registered")
        self.assert_outcome(ask(persons=world.persons(1, name="Another")), "REJECTED", "maximum")
        self.assert_outcome(self.office.ask("registration.withdraw", {"event": "REJECT", "party": "AZ"}), "REJECTED", "not_registered")
        self.assert_outcome(self.office.ask("registration.withdraw", {"event": "REJECT", "party": "KZ"}), "OK", "withdrawn")
        self.assert_outcome(self.office.ask("registration.withdraw", {"event": "REJECT", "party": "KZ"}), "REJECTED")
        self.assert_outcome(self.office.ask("registration.decline", {"event": "REJECT", "party": "TR"}), "OK", "declined")
        self.assert_outcome(self.office.ask("registration.decline", {"event": "REJECT", "party": "TR"}), "REJECTED", "already_declined")
        world.make_event(self.office, "LATER", world.rules(5, opens=world.HOUR))
        world.make_event(self.office, "OVER", world.rules(5, opens=-world.HOUR, closes=1500))
        wait_for(lambda: all("closes_ms" in (world.seats(self.d, event) or {}) for event in ("LATER", "OVER")), "both with their rules at registration")
        self.assert_outcome(self.office.ask("registration.register", world.delegation("LATER", "KZ")), "REJECTED", "not_open")
        wait_for(lambda: cvwire.now_ms() > now and world.seats(self.d, "OVER")["closes_ms"] < cvwire.now_ms(), "the deadline")
        outcome = self.assert_outcome(self.office.ask("registration.register", world.delegation("OVER", "KZ")), "REJECTED", "closed")
        self.assertIn("20", outcome.data["text"], "a refusal for lateness quotes the deadline")

    def test_not_found_is_not_remembered(self):
        request_id = cvwire.uuid7()
        data = world.delegation("UNBORN", "KZ")
        self.assert_outcome(self.office.ask("registration.register", data, id=request_id), "NOTFOUND", "event_unknown")
        self.assertIsNone(self.d.log("registration").remembered(request_id))
        self.open("UNBORN", capacity=5)
        self.assert_outcome(self.office.ask("registration.register", data, id=request_id), "OK", "registered")
        self.assert_outcome(self.office.ask("registration.register", world.delegation("UNBORN", "XX")), "NOTFOUND", "party_unknown")
        self.assert_outcome(self.office.ask("scheduling.event.advance", {"event": "NONE", "to": "circulated"}), "NOTFOUND", "unknown_event")
        self.assert_outcome(self.office.ask("scheduling.event.propose", {
            "event": "NOBODY", "title": "T", "plan_year": 2026, "line": "cbm", "body": "NOBODY"}), "NOTFOUND", "unknown_body")

    def test_invalid_says_where(self):
        data = world.delegation("ANY", "KZ", 2)
        bad = [
            ({**data, "persons": []}, "data.persons"),
            ({**data, "persons": [{"name": "A", "capacity": "king"}]}, "data.persons[0].capacity"),
            ({**data, "persons": [*world.persons(2), {"capacity": "delegate"}]}, "data.persons[2].name"),
            ({**data, "persons": [{"name": "A\nB", "capacity": "delegate"}]}, "data.persons[0].name"),
            ({**data, "persons": [{"name": "A" * 201, "capacity": "delegate"}]}, "data.persons[0].name"),
            ({**data, "persons": world.persons(65)}, "data.persons"),
            ({**data, "party": "kz"}, "data.party"),
            ({**data, "party": None}, "data.party"),
            ({**data, "event": 7}, "data.event"),
            ({**data, "event": "-x"}, "data.event"),
            ({k: v for k, v in data.items() if k != "party"}, "data.party"),
            ({**data, "contact": {"name": "A", "email": "a@b@c"}}, "data.contact.email"),
            ({**data, "contact": {"name": "A", "email": "a b@c"}}, "data.contact.email"),
            ({**data, "contact": "me"}, "data.contact"),
        ]
        for body, field in bad:
            with self.subTest(field=field, body=str(body)[:80]):
                self.assert_outcome(self.office.ask("registration.register", body), "INVALID", "bad_field", field)
        self.assert_outcome(self.office.ask("registration.register", 3), "INVALID")
        self.assert_outcome(self.office.ask("registration.dance", {}), "INVALID", "unknown_type")
        self.assert_outcome(self.office.ask("registration.register", data, id="not-a-uuid"), "INVALID", "bad_id")
        self.assert_outcome(self.office.ask("registration.register", data, specversion="2.0"), "INVALID")
        self.assert_outcome(self.office.ask("registration.register", data, time="yesterday"), "INVALID")
        self.assert_outcome(self.office.ask("registration.register", data, expirytime="soon"), "INVALID")
        self.assert_outcome(self.office.ask("registration.register", data, subject=""), "INVALID")
        # Unknown keys and attributes are passed over: additive evolution.
        self.open("ADDITIVE", capacity=5)
        self.assert_outcome(self.office.ask("registration.register", {
            **world.delegation("ADDITIVE", "KZ"), "colour": {"new": [1, 2.5]}}, newattribute="x"), "OK")

    def test_expired(self):
        self.open("EXPIRED", capacity=5)
        request_id = cvwire.uuid7()
        data = world.delegation("EXPIRED", "KZ")
        self.assert_outcome(self.office.ask("registration.register", data, id=request_id, expirytime=cvwire.rfc3339(-1)), "EXPIRED", "expired")
        self.assertIsNone(self.d.log("registration").remembered(request_id))
        decided = self.assert_outcome(self.office.ask("registration.register", data, id=request_id, expirytime=cvwire.rfc3339(60)), "OK")
        # A decision that was made is told, also when asked too late.
        self.assertEqual(self.office.ask("registration.register", data, id=request_id, expirytime=cvwire.rfc3339(-60)).raw, decided.raw)

    def test_status_counts(self):
        before = self.d.counters("registration")
        self.office.ask("registration.register", world.delegation("NOWHERE", "KZ"))
        self.office.ask("registration.register", {})
        after = self.d.counters("registration")
        self.assertEqual((after["notfound"] - before["notfound"], after["invalid"] - before["invalid"]), (1, 1))
        status = self.d.status("registration")
        self.assertTrue(status["writable"] and status["ready"])
        self.assertNotIn("problems", status)


if __name__ == "__main__":
    main()
