#!/usr/bin/python3
# Notices that leave for mail servers, and for webhooks that fare badly: none lost, each once, in order, whoever hangs, refuses or is killed.
# SPDX-License-Identifier: Apache-2.0
# ctest-labels: notifications
#
# CONVENE_DELIVERY_NOTICES: how many notices the test across kills sends (400; the long version 100000).
import collections
import email
import email.policy
import os
import random
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
try:
    import aiosmtpd  # noqa: F401, pylint: disable=unused-import
except ImportError:
    print("skipped: no python3-aiosmtpd")
    sys.exit(77)
import arrivals
import cvwire
import faults
import world
from clients import seed_of
from deployment import main, wait_for
from delivering import Deployed
from receivers import certificate, numbers_of

NOTICES = int(os.environ.get("CONVENE_DELIVERY_NOTICES", "400"))


class Delivery(Deployed):
    def test_mail_with_tls_and_login(self):
        """Over STARTTLS, logged in: one message each, with the notice's id, and none in the outbox."""
        self.with_login("smtp", {})

    def with_login(self, scheme, more):
        folder = self.deployment("ipc", start=False).root
        server = self.receiver("mail", certificate=certificate(folder), login="convene:a secret")
        password = os.path.join(folder, "password")
        with open(password, "w", encoding="ascii", opener=lambda p, f: os.open(p, f, 0o600)) as file:
            file.write("a secret\n")
        self.begin({"smtp/url": f"{scheme}://127.0.0.1:{server.port}", "smtp/sender": "notices@convene.example", "smtp/user": "convene",
                    "smtp/password_file": password, "notifications/ca_file": server.certificate, "smtp/reply_to": "desk@secretariat.example", **more})
        world.open_event(self.d, self.office, "E1", world.rules(50))
        outcome = self.register("KZ", "ok-desk@kz.example")
        (done,) = self.settle("email", 1)
        (mail,) = server.taken()
        message = email.message_from_string(mail["octets"], policy=email.policy.default)
        self.assertEqual((mail["to"], mail["sender"], mail["tls"], mail["user"], mail["count"]),
                         ("ok-desk@kz.example", "notices@convene.example", True, "user", 1))
        self.assertEqual(mail["id"], f"<{done['notice']}@convene.example>")
        self.assertEqual([a.addr_spec for a in message["From"].addresses], ["notices@convene.example"])
        self.assertEqual([a.addr_spec for a in message["Reply-To"].addresses], ["desk@secretariat.example"])
        self.assertIn(outcome.id, self.text_of(message))
        self.assertEqual((done["state"], done["attempts"], done["address"]), ("delivered", 1, "ok-desk@kz.example"))
        self.assertEqual([(a["result"], a["code"], a["text"]) for a in done["log"]], [("delivered", 250, "250 2.0.0 taken")])
        self.assertEqual(os.listdir(self.d.outbox) if os.path.isdir(self.d.outbox) else [], [])
        notices = self.d.log("notifications").query("notices")
        self.assertEqual([(n["data"]["channel"], n["data"]["state"]) for n in notices], [("email", "delivered")])
        self.assertNotIn("desk@kz", self.d.notifications.log(), "an address in the log")
        self.assertNotIn("a secret", self.d.notifications.log() + " ".join(self.d.notifications.command()))
        # Who may see where it went, and who only that it did.
        self.assertNotIn("address", self.dispatches("E1/KZ", who="watcher")[0])
        self.assertNotIn("text", self.dispatches("E1/KZ", who="watcher")[0]["log"][0])

    @staticmethod
    def calendar_of(message):
        """Method of the calendar part as its header says it, and the part's lines, unfolded, as a dictionary."""
        (part,) = [p for p in message.walk() if p.get_content_type() == "text/calendar"]
        octets = part.get_payload(decode=True)
        assert octets.startswith(b"BEGIN:VCALENDAR\r\n") and octets.endswith(b"END:VCALENDAR\r\n"), octets
        assert b"\n" not in octets.replace(b"\r\n", b"") and max(map(len, octets.split(b"\r\n"))) <= 75, octets
        lines = octets.replace(b"\r\n ", b"").decode("utf-8").split("\r\n")
        return part.get_param("method"), {re.split("[;:]", line)[0]: line for line in lines}

    def test_invitation_at_a_server_that_takes_ascii(self):
        """A server without 8BITMIME: invitation, update and end arrive with all their parts, whatever letters they have."""
        server = self.receiver("mail", ascii_only=True)
        self.with_mail(server)
        title = "\u0424\u043e\u0440\u0443\u043c \u4f1a\u8bae, " + "\u0416" * 40
        world.open_event(self.d, self.office, "E1", world.rules(50))
        data = world.delegation("E1", "KZ")
        data["persons"][0]["name"], data["contact"]["email"] = "\u0410\u0439\u0433\u0435\u0440\u0438\u043c", "ok-desk@kz.example"
        world.decide(self.office, "registration.register", data)
        self.settle("email", 1)
        world.decide(self.office, "scheduling.event.change", {"event": "E1", "reason": "It was asked for", "title": title})
        self.settle("email", 2)
        world.decide(self.office, "registration.withdraw", {"event": "E1", "party": "KZ"})
        found = self.settle("email", 3)
        self.assertEqual([(d["state"], d["attempts"]) for d in found], [("delivered", 1)] * 3, found)
        taken, sequences = server.taken(), []
        for mail, method, summary in zip(taken, ("REQUEST", "REQUEST", "CANCEL"), ("Meeting E1", title, title)):
            self.assertTrue(mail["octets"].isascii())
            message = email.message_from_string(mail["octets"], policy=email.policy.default)
            self.assertEqual([p.get_content_type() for p in message.walk()],
                             ["multipart/alternative", "text/plain", "text/html", "text/calendar"])
            said, lines = self.calendar_of(message)
            self.assertEqual((said, lines["METHOD"]), (method, f"METHOD:{method}"))
            self.assertEqual(lines["SUMMARY"], "SUMMARY:" + summary.replace(",", "\\,"))
            self.assertTrue(lines["ORGANIZER"].endswith("mailto:notices@convene.example"), lines["ORGANIZER"])
            self.assertTrue(lines["ATTENDEE"].endswith("mailto:ok-desk@kz.example"), lines["ATTENDEE"])
            self.assertIn(summary, message.get_body(("plain",)).get_content())
            self.assertIn(summary, message.get_body(("html",)).get_content())
            sequences.append((lines["UID"], int(lines["SEQUENCE"].split(":")[1])))
        self.assertEqual(len(taken), 3)
        self.assertEqual(len({uid for uid, _ in sequences}), 1, "another entry")
        self.assertEqual([n for _, n in sequences], sorted(n for _, n in sequences))
        self.assertIn(data["persons"][0]["name"], self.text_of(email.message_from_string(taken[0]["octets"], policy=email.policy.default)))

    def test_server_that_is_not_trusted(self):
        """A certificate that nobody vouches for, or no encryption at all: nothing is handed over, and the password stays here."""
        folder = self.deployment("ipc", start=False).root
        server = self.receiver("mail", certificate=certificate(folder))
        plain = self.receiver("mail")
        self.with_mail(server, **{"smtp/starttls": "required", "notifications/retry": "300ms 300ms", "notifications/timeout_ms": 10000})
        world.open_event(self.d, self.office, "E1", world.rules(50))
        self.register("KZ", "ok-desk@kz.example")
        (dead,) = self.settle("email", 1)
        self.assertEqual((dead["state"], dead["reason"], dead["attempts"]), ("dead", "tls", 3))
        self.d.notifications.stop()
        self.d.own_settings["notifications"]["smtp/url"] = f"smtp://127.0.0.1:{plain.port}"
        self.d.notifications.start()
        world.decide(self.office, "notifications.redrive", {})
        (dead,) = self.settle("email", 1)
        self.assertEqual((dead["state"], dead["reason"], server.taken(), plain.taken()), ("dead", "tls", [], []))

    def test_refused_later_and_redriven(self):
        """550 is dead at once with the reply, 451 waits by the ladder; each recipient's order is kept and nobody waits for another."""
        server = self.receiver("mail")
        self.with_mail(server)
        world.open_event(self.d, self.office, "E1", world.rules(50))
        for _ in range(3):
            for party, box in (("KZ", "refuse-desk@kz.example"), ("AZ", "later2-desk@az.example"), ("TR", "ok-desk@tr.example")):
                self.register(party, box)
        found = self.settle("email", 9)
        by = {party: [d for d in found if d["party"] == party] for party in ("KZ", "AZ", "TR")}
        for dead in by["KZ"]:
            self.assertEqual((dead["state"], dead["reason"], dead["attempts"]), ("dead", "refused", 1))
            self.assertEqual((dead["log"][0]["code"], dead["log"][0]["text"]), (550, "550 5.1.1 <*>: no such user"))
        for done in by["AZ"]:
            self.assertEqual((done["state"], [a["result"] for a in done["log"]]), ("delivered", ["later", "later", "delivered"]))
            self.assertGreaterEqual(done["log"][1]["at_ms"] - done["log"][0]["at_ms"], 200, "a retry that ignores its date")
            self.assertGreaterEqual(done["log"][2]["at_ms"] - done["log"][1]["at_ms"], 300, "a retry that ignores its date")
        self.assertEqual([d["attempts"] for d in by["TR"]], [1, 1, 1])
        for party, box in (("AZ", "later2-desk@az.example"), ("TR", "ok-desk@tr.example")):
            self.assertEqual([numbers_of(m["id"]) for m in server.taken() if m["to"] == box],
                             sorted(numbers_of(d["notice"]) for d in by[party]))
        # The dead ones again: refused again; somebody who may not is told so.
        self.assertEqual(len(self.dispatches(what="dead")), 3)
        self.assert_outcome(self.d.publisher("portal").ask("notifications.redrive", {}), "DENIED", "role")
        self.assert_outcome(self.office.ask("notifications.redrive", {"dispatches": [by["TR"][0]["dispatch"]]}), "REJECTED", "none_dead",
                            "data.dispatches")
        world.decide(self.office, "notifications.redrive", {"dispatches": [by["KZ"][1]["dispatch"]]})
        wait_for(lambda: self.dispatches("E1/KZ")[1]["attempts"] == 2 and len(self.dispatches(what="dead")) == 3, "redriven and dead again")
        self.assertEqual(len([r for r in server.rows() if r.get("to") == "refuse-desk@kz.example"]), 0)
        for service in (self.d.registration, self.d.notifications):
            said = service.log()
            self.assertEqual([text for text in ("desk@", ".example", "Person 0.") if text in said], [], "personal data in a log")

    def test_header_injection_by_cr_lf(self):
        """Line breaks and angle brackets in an address or a URL are refused on the way in, with a pointer to the field."""
        server = self.receiver("mail")
        self.with_mail(server)
        recipient = {"party": "KZ", "order": 1, "name": "Desk"}
        for address in ("desk@kz.example\r\nRCPT TO:<victim@evil.example>", "desk@kz.example\x00", "<desk@kz.example>", "desk@kz.example>"):
            outcome = self.office.ask("notifications.recipient.put", {**recipient, "email": address})
            self.assert_outcome(outcome, "INVALID", field="data.email")
        for url in ("https://desk.example/\r\nX-Evil: 1", "https://desk.example/<x>", "https://user@desk.example/", "https://desk.example/#x",
                    "ftp://desk.example/x", "https:///path", "https://desk.example\\@evil.example/", "javascript:alert(1)", "https://-desk/x"):
            outcome = self.office.ask("notifications.webhook.put", {"party": "KZ", "order": 1, "url": url})
            self.assert_outcome(outcome, "INVALID", field="data.url")
        world.open_event(self.d, self.office, "E1", world.rules(50))
        world.decide(self.office, "notifications.recipient.put", {**recipient, "email": "ok-desk@kz.example"})
        world.decide(self.office, "registration.register", world.delegation("E1", "KZ", contact=False))
        self.settle("email", 1)
        self.assertEqual([m["to"] for m in server.taken()], ["ok-desk@kz.example"])

    # ---- whatever happens

    # What a party's mailbox and its webhooks are like, and how often it is told something.
    PEERS = {"KZ": (41, "ok", ("ok",)), "AZ": (41, "ok", ("ok",)), "TR": (5, "later2", ("error",)), "UZ": (4, "slow", ("error2", "slow")),
             "BY": (9, "refuse", ("hang", "gone")), "OSCE": (0, "hang1", ("busy", "date"))}
    MAIL_ROOM, HOST_ROOM = 4, 16  # attempts at once, see dispatch.h and destinations.h

    def pick(self, rng, number):
        """Whom the next notice is for. Who hangs is told of little: each costs the time limit of an attempt."""
        if number % max(NOTICES // 2, 250) == 40:
            return "OSCE"
        # A webhook is one lane however many events there are: one that fails twice each time would take hours in the long version.
        often = [1 if party == "UZ" and NOTICES > 10000 else peer[0] for party, peer in self.PEERS.items()]
        return rng.choices(list(self.PEERS), often)[0]

    def kill(self, victim, receivers, kills):
        victim.kill()
        if victim is self.d.notifications:
            for receiver in receivers:
                receiver.wait_idle()
        kills.append(arrivals.Kill(time.monotonic(), getattr(victim, "kind", "service")))
        if victim is self.d.notifications:
            victim.start(ready=False)
            victim.wait_ready()
        else:
            victim.start()

    def test_across_kills(self):
        """kill -9 of the service and of the servers, beside peers that refuse, fail, hang and are slow: none lost, in order per recipient, all
        accounted for, and what comes again was on its way at a kill: once for each."""
        server, web = self.receiver("mail"), self.receiver("web")
        # In the long version the servers are killed for many minutes: a ladder of some seconds would end, and letters die of it.
        rungs = "100ms 200ms 500ms 1s 1s 1s 2s" + (" 2s" * 9 if NOTICES <= 1000 else " 5s 10s 20s 30s 60s 60s 120s 120s 120s")
        self.with_mail(server, **{"notifications/retry": rungs, "notifications/timeout_ms": 5000})
        rng = random.Random(seed_of())
        events = [f"E{1 + i}" for i in range(1 + NOTICES // 4000)]
        for event in events:
            world.open_event(self.d, self.office, event, world.rules(50000))
        base = f"http://127.0.0.1:{web.port}"
        for party, (_, _, hooks) in self.PEERS.items():
            for order, kind in enumerate(hooks, 1):
                self.hook(party, f"{base}/{kind}/{party}", order)
        told, kills, end = [], [], time.monotonic() + max(5, NOTICES / 250)
        made = 0
        while len(told) < NOTICES or time.monotonic() < end:
            requests = []
            for _ in range(min(max(40, NOTICES // 400), NOTICES - len(told))):  # so many kills in the long version
                party, event, made = self.pick(rng, made), rng.choice(events), made + 1
                box = f"{self.PEERS[party][1]}-desk@{event.lower()}.{party.lower()}.example"
                requests.append(self.register(party, box, event, wait=False))
            told += self.office.wait(requests)
            for victim in rng.sample((self.d.notifications, server, web), rng.randint(0, 2)):
                self.kill(victim, (server, web), kills)
        self.assertTrue(all(o.klass == "OK" for o in told))
        self.d.wait_settled(60 + NOTICES / 20)  # all that are to be made are made
        # People see to what does not mend itself: one has another address, one is taken away.
        self.hook("TR", f"{base}/ok/TR")
        world.decide(self.office, "notifications.webhook.put", {"party": "BY", "order": 1})

        def none_open():  # the list of all is long, and is read once there is nothing left to wait for
            (fare,) = self.dispatches(what="delivery")
            return all(c["open"] == 0 for c in fare["channels"]) and not self.dispatches(what="held")
        wait_for(none_open, lambda: f"open: {self.dispatches(what='delivery')}", 60 + NOTICES / 20, 0.5)
        found = self.dispatches()
        self.assert_accounts(told, found)
        self.assert_taken(server.taken(), [d for d in found if d["channel"] == "email"])
        self.assert_taken(web.taken(), [d for d in found if d["channel"] == "webhook"])
        repeated = 0
        for receiver, room, key in ((server, self.MAIL_ROOM, "octets"), (web, self.HOST_ROOM, "body")):
            again, wrong = arrivals.unexcused(receiver.taken(), [k for k in kills if k.victim in ("service", receiver.kind)], room)
            self.assertEqual(wrong, [], [k for k in kills if k.victim in ("service", receiver.kind)])
            self.assertEqual(arrivals.changed(receiver.taken(), key), [], "the same bytes at a repeat")
            repeated += again
        # The stream says so of each, and says nothing twice: a notice is as well off as the worst of its ways.
        ends = {numbers_of(d["notice"]): "dead" if d["party"] == "BY" else "delivered" for d in found}
        def told_states():
            return {numbers_of(n): x for n, x in world.notice_states(self.d).items()}
        wait_for(lambda: {n: x[-1] for n, x in told_states().items()} == ends,
                 lambda: f"told: {collections.Counter(x[-1] for x in told_states().values())}", 60)
        # (That it is dead is told again when another of its ways is the first that is.)
        self.assertEqual([n for n, x in told_states().items() if any(a == b != "dead" for a, b in zip(x, x[1:]))], [], "the same told twice")
        print(f"{len(told)} notices, {len(found)} ways, {len(kills)} kills, {repeated} repeated for them, 0 lost, in order;",
              dict(collections.Counter((d["channel"], d["state"], d.get("reason", "")) for d in found)))

    def assert_accounts(self, told, found):
        """Each notice has one mail, and one call of each webhook that is on; each of these has the end that its peer makes of it."""
        notices = collections.Counter(o.data["decision"]["party"] for o in told)
        self.assertEqual(set(notices), set(self.PEERS))
        mails = {"ok": ("delivered", None), "later2": ("delivered", None), "slow": ("delivered", None), "hang1": ("delivered", None),
                 "refuse": ("dead", "refused")}
        calls = {**mails, "error": ("delivered", None), "error2": ("delivered", None), "busy": ("delivered", None), "date": ("delivered", None),
                 "hang": ("dead", "withdrawn"), "gone": ("dead", "gone")}
        for party, (_, box, hooks) in self.PEERS.items():
            ways = collections.Counter()
            for d in found:
                if d["party"] == party:
                    kind = box if d["channel"] == "email" else d["address"].split("/")[3]
                    state, reason = (mails if d["channel"] == "email" else calls)[kind]
                    self.assertEqual((d["state"], d.get("reason") if state == "dead" else None), (state, reason), d)
                    ways[d["channel"], kind] += 1
            expected = {("email", box): notices[party], **{("webhook", kind): notices[party] for kind in hooks}}
            if party == "TR":
                expected = {("email", box): notices[party], ("webhook", "ok"): notices[party]}
            if party == "BY":  # 410 turns it off: those that were made before are dead, and no more are made
                self.assertTrue(1 <= ways["webhook", "gone"] <= notices[party])
                expected["webhook", "gone"] = ways["webhook", "gone"]
            self.assertEqual(dict(ways), expected, party)
        # What the peers did is in the log of attempts.
        for d in found:
            results = [a["result"] for a in d.get("log", [])]
            if d["channel"] == "email" and d["party"] == "TR":
                # It does not take it twice; what it says to that, a kill of either side may have cut off.
                self.assertGreaterEqual(len(results), 3, d)
            if d["channel"] == "email" and d["party"] == "OSCE":
                self.assertTrue({"timeout", "failed", "interrupted"} & set(results), d)

    def assert_taken(self, taken, dispatches):
        """None lost, none invented, none to somebody else, and in order."""
        def key(lane, number):
            return lane, numbers_of(number)
        lanes = [key(d["address"] if d["channel"] == "email" else "/" + d["address"].split("/", 3)[3], d["notice"])
                 for d in dispatches if d["state"] == "delivered"]
        self.assertEqual(sorted({key(arrivals.lane_of(m), m["id"]) for m in taken}), sorted(lanes))
        self.assertEqual(arrivals.disorder([{**m, "number": numbers_of(m["id"])} for m in taken]), {})

    def test_stops_in_order(self):
        """SIGTERM while attempts are on their way: their ends are known, so nothing comes twice."""
        server = self.receiver("mail")
        self.with_mail(server)
        world.open_event(self.d, self.office, "E1", world.rules(500))
        for i in range(3):
            for party in ("KZ", "AZ", "TR"):
                self.register(party, f"slow-{party.lower()}{i}@desk.example")
        for _ in range(2):
            wait_for(lambda: self.in_state("sending", "email"), "one on its way")
            self.assertEqual(self.d.notifications.stop(), 0)
            self.d.notifications.start()
        self.settle("email", 9)
        self.assertEqual(sorted(collections.Counter(m["id"] for m in server.taken()).values()), [1] * 9)

    def test_poisoned_destination_that_blocks_others(self):
        """One that hangs, one where nobody listens, one that always fails: others do not notice, and neither does the service."""
        server, web = self.receiver("mail"), self.receiver("web")
        closed = self.receiver("web")
        closed.kill()
        self.with_mail(server, **{"notifications/timeout_ms": 3000})
        world.open_event(self.d, self.office, "E1", world.rules(500))
        for order in (1, 2, 3):
            self.hook("BY", f"http://localhost:{web.port}/hang/{order}", order)
        self.hook("UZ", f"http://127.0.0.1:{closed.port}/ok/closed")
        self.hook("TR", f"http://127.0.0.2:{web.port}/error/tr")
        self.hook("KZ", f"http://127.0.0.1:{web.port}/ok/kz")
        requests = [self.register(party, f"ok-desk@{party.lower()}.example", wait=False) for _ in range(20) for party in ("BY", "UZ", "TR", "KZ")]
        self.assertTrue(all(o.klass == "OK" for o in self.office.wait(requests)))
        began = time.monotonic()
        wait_for(lambda: len([r for r in web.taken() if r["path"] == "/ok/kz"]) == 20 and len(server.taken()) == 80, "the good ones have theirs")
        self.assertLess(time.monotonic() - began, 15)
        self.assertTrue(self.d.status("notifications")["ready"])
        began = time.monotonic()
        self.d.log("notifications").query("held")
        self.assertLess(time.monotonic() - began, 1.0, "a hanging peer delays the service")
        wait_for(lambda: any(e["event"] == "destination_left_alone" for e in self.d.notifications.log_events()), "the breaker")
        hung = len([r for r in web.rows() if "hung" in r])
        self.assertLessEqual(hung, 12, "attempts at one that hangs, while it is left alone")

    def test_rate_of_a_destination(self):
        """The mail server gets so many a minute, evenly and in order; other destinations do not notice."""
        server, web = self.receiver("mail"), self.receiver("web")
        self.with_mail(server, **{"notifications/mail_rate": 240})
        world.open_event(self.d, self.office, "E1", world.rules(500))
        self.hook("KZ", f"http://127.0.0.1:{web.port}/ok/kz")
        requests = [self.register("KZ", "ok-desk@kz.example", wait=False) for _ in range(8)]
        self.assertTrue(all(o.klass == "OK" for o in self.office.wait(requests)))
        wait_for(lambda: len(web.taken()) == 8, "the webhook has all")
        last_call = max(row["at"] for row in web.taken())
        self.settle("email", 8)
        mails = server.taken()
        self.assertEqual([numbers_of(m["id"]) for m in mails], sorted(numbers_of(m["id"]) for m in mails))
        self.assertGreaterEqual(mails[-1]["at"] - mails[0]["at"], 7 * 0.25 - 0.2, "more than 240 a minute")
        self.assertLess(last_call, mails[-1]["at"], "a webhook waited for the mail server")

    def test_rate_is_for_what_leaves(self):
        """What is given up without an attempt takes nobody's turn: mail that waits for an address that is stopped."""
        server = self.receiver("mail")
        self.with_mail(server, **{"notifications/mail_rate": 12})
        world.open_event(self.d, self.office, "E1", world.rules(50))
        requests = [self.register("KZ", "ok-desk@kz.example", wait=False) for _ in range(10)]
        self.assertTrue(all(o.klass == "OK" for o in self.office.wait(requests)))
        self.register("AZ", "ok-desk@az.example")
        wait_for(lambda: self.in_state("delivered", "email") and len(self.dispatches()) == 11, "the first one is taken")
        first = self.in_state("delivered", "email")[0]
        outcome = world.decide(self.office, "notifications.bounce.report", {"dispatch": first["dispatch"], "what": "hard", "status": "5.1.1"})
        self.assertEqual(outcome.code, "bounce_taken")
        self.settle("email", 11, 20)  # one turn each is 50 s
        self.assertEqual([r["to"] for r in server.taken()][1:], ["ok-desk@az.example"])

    def test_lease_shorter_than_the_job(self):
        """An attempt that takes longer than every pause is not begun a second time beside itself."""
        web = self.receiver("web")
        self.begin({"notifications/retry": "50ms 50ms", "notifications/timeout_ms": 1500})
        world.open_event(self.d, self.office, "E1", world.rules(50))
        self.hook("KZ", f"http://127.0.0.1:{web.port}/hang/kz")
        self.register("KZ", "desk@kz.example")
        (dead,) = self.settle("webhook", 1)
        self.assertEqual((dead["state"], dead["reason"], dead["attempts"]), ("dead", "timeout", 3))
        began = [row["at"] for row in web.rows()]
        self.assertEqual(len(began), 3)
        for earlier, later in zip(began, began[1:]):
            self.assertGreater(later - earlier, 1.4, "two at once")

    def test_sent_mark_after_a_loop(self):
        """Killed in the middle of many: again come only those that were on their way, and not all since the last mark."""
        server = self.receiver("mail")
        self.with_mail(server)
        world.open_event(self.d, self.office, "E1", world.rules(500))
        parties = [p[0] for p in world.PARTIES]
        requests = [self.register(party, f"slow-{i}@{party.lower()}.example", wait=False) for i in range(8) for party in parties]
        self.assertTrue(all(o.klass == "OK" for o in self.office.wait(requests)))
        for count in (12, 24):  # each takes 0.3 s, four at once: far from the end
            wait_for(lambda: len(server.taken()) >= count, lambda: f"{count} taken, {len(server.taken())}", None, 0.01)
            self.d.notifications.kill()
            self.assertLess(len(server.taken()), len(requests))
            self.d.notifications.start()
        self.settle("email", len(requests))
        times = collections.Counter(m["id"] for m in server.taken())
        self.assertEqual(len(times), len(requests), "none lost")
        self.assertLessEqual(sum(times.values()) - len(times), 2 * 4, f"again, that had been sent: {times}")

    def test_retry_that_ignores_its_date(self):
        """What waits is not attempted before its time: not when others are sent, not at a start."""
        server, web = self.receiver("mail"), self.receiver("web")
        self.with_mail(server, **{"notifications/retry": "4s 4s"})
        world.open_event(self.d, self.office, "E1", world.rules(50))
        self.hook("TR", f"http://127.0.0.1:{web.port}/busy/tr")
        self.register("KZ", "later1-desk@kz.example")
        waits = wait_for(lambda: next((d for d in self.in_state("queued", "email") if d["attempts"] == 1), None), "one that waits")
        self.assertGreaterEqual(waits["next_ms"], waits["log"][0]["at_ms"] + 4000)
        self.d.notifications.kill()
        self.d.notifications.start()
        self.register("TR", "ok-desk@tr.example")
        self.settle("webhook", 1)
        found = {d["party"]: d for d in self.settle("email", 2)}
        self.assertEqual((found["KZ"]["state"], found["KZ"]["attempts"]), ("delivered", 2))
        (taken,) = [m for m in server.taken() if m["to"] == "later1-desk@kz.example"]
        self.assertGreaterEqual(taken["at"] * 1000, waits["next_ms"], "before its time")

    def test_clock_that_jumps(self):
        """Back by a day, while running and while away: what waits does not wait for it. Forward: it is due, and comes once."""
        server = self.receiver("mail")
        server.kill()
        self.with_mail(server, start=False, **{"notifications/retry": "1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s"})
        clock, day = faults.Clock(self.d, "notifications"), 86_400_000
        clock.set(2 * day)
        self.d.start()
        self.office = self.d.publisher("office")
        world.open_event(self.d, self.office, "E1", world.rules(50), world.PARTIES)
        self.register("KZ", "ok-desk@kz.example")

        def attempts(party):
            return max([d["attempts"] for d in self.dispatches(f"E1/{party}")], default=0)
        wait_for(lambda: attempts("KZ") >= 3, "attempts in vain")
        clock.set(day)
        before = attempts("KZ") + 1  # one may be on its way
        wait_for(lambda: attempts("KZ") > before, lambda: f"more attempts than {before} after the clock went back: {self.dispatches('E1/KZ')}")
        self.assertIn("clock_went_back", [e["event"] for e in self.d.notifications.log_events()])
        self.d.notifications.kill()
        clock.set(0)
        self.d.notifications.start()
        again = attempts("KZ")
        wait_for(lambda: attempts("KZ") > again, lambda: f"more attempts than {again} after a start: {self.dispatches('E1/KZ')}")
        server.start()
        self.settle("email", 1)
        self.assertEqual(len(server.taken()), 1)
        # Forward, by less than the ladder: due at once.
        server.kill()
        self.register("AZ", "ok-desk@az.example")
        wait_for(lambda: attempts("AZ") >= 1, "an attempt in vain")
        server.start()
        clock.set(5000)
        found = self.settle("email", 2)
        self.assertEqual([d["state"] for d in found], ["delivered"] * 2)
        self.assertEqual(sorted(collections.Counter(m["id"] for m in server.taken()).values()), [1, 1])
        # Forward over the whole ladder, and back: what was given up for that is not lost.
        server.kill()
        self.register("TR", "ok-desk@tr.example")
        wait_for(lambda: attempts("TR") >= 1, "an attempt in vain")
        clock.set(day)
        wait_for(lambda: self.in_state("dead", "email"), "it is given up by the clock that is ahead")
        clock.set(5000)
        server.start()
        wait_for(lambda: not self.in_state("dead", "email"), "it is taken up again")
        found = self.settle("email", 3)
        self.assertEqual([d["state"] for d in found], ["delivered"] * 3)

    def test_clock_over_a_deadline_and_back(self):
        """A clock that is over the end of a silence procedure for a while costs nobody the reminder, nor the second contact its
        turn: not when it comes right in the running service, not when it does while there is none. Both come once."""
        hour = 3_600_000
        server = self.receiver("mail")
        self.with_mail(server, start=False, **{"notifications/retry": "200ms 200ms"})
        clock = faults.Clock(self.d, "notifications")
        self.d.start()
        self.office = self.d.publisher("office")
        world.put_parties(self.office)
        for party, order, mailbox in (("KZ", 1, "ok-first"), ("AZ", 1, "refuse-first"), ("AZ", 2, "ok-second")):
            world.decide(self.office, "notifications.recipient.put", {
                "party": party, "order": order, "name": "Desk", "email": f"{mailbox}@{party.lower()}.example"})
        world.decide(self.office, "scheduling.decision.open", {
            "decision": "D1", "subject": "document", "title": "Rules", "text": "They are adopted.", "expires_ms": cvwire.now_ms() + 72 * hour})

        def events(word):
            return [e for e in self.d.notifications.log_events() if e["event"] == word]

        def mails(mailbox):
            return [m for m in server.taken() if m["to"] == mailbox]

        def refused(count):
            return len([d for d in self.in_state("dead", "email") if d["address"] == "refuse-first@az.example"]) == count
        wait_for(lambda: mails("ok-first@kz.example") and refused(1), "the openings, delivered and refused")
        for times, ahead, is_start in ((1, 100, False), (2, 99, True)):
            clock.set(ahead * hour)
            wait_for(lambda: len(events("reminder_missed")) == times, "the reminder is missed by the clock that is ahead")
            if is_start:
                self.d.notifications.kill()
            clock.set(times * hour)
            if is_start:
                self.d.notifications.start()
            wait_for(lambda: len(events("reminders_again")) == times, "what was missed is pending again")
        self.assertEqual(len(mails("ok-first@kz.example")), 1, "the opening alone: nothing was told early")
        clock.set(49 * hour)
        wait_for(lambda: len(mails("ok-first@kz.example")) == 2, "the reminder of the last day")
        wait_for(lambda: refused(2), "it is refused as the opening was")
        clock.set(61 * hour)
        wait_for(lambda: mails("ok-second@az.example"), "the second contact has its turn")
        self.assertEqual(set(collections.Counter(m["id"] for m in server.taken()).values()), {1})
        self.assertEqual((len(mails("ok-first@kz.example")), len(mails("ok-second@az.example"))), (2, 1))

    def test_who_is_erased_while_mail_waits(self):
        """Mail that waits is made anew without the name and to whom it may go to now; no address and no reply stay."""
        server = self.receiver("mail")
        server.kill()
        self.with_mail(server, **{"notifications/retry": "1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s"})
        world.open_event(self.d, self.office, "E1", world.rules(50))
        data = world.delegation("E1", "KZ")
        data["persons"][0]["name"], data["contact"]["email"] = "Erasable Name", "ok-erasable@kz.example"
        world.decide(self.office, "registration.register", data)
        world.decide(self.office, "notifications.recipient.put", {"party": "KZ", "order": 1, "name": "Mission", "email": "ok-mission@kz.example"})
        wait_for(lambda: any(d["attempts"] for d in self.dispatches("E1/KZ")), "a first attempt")
        world.decide(self.office, "registration.erase", {"event": "E1", "party": "KZ", "persons": [1], "contact": True})
        self.d.wait_settled()
        server.start()
        self.settle("email", 1)
        self.assertTrue(server.taken())
        self.assertEqual({m["to"] for m in server.taken()}, {"ok-mission@kz.example"})
        for mail in server.taken():
            self.assertNotIn("Erasable", mail["octets"] + self.text_of(email.message_from_string(mail["octets"], policy=email.policy.default)))
        self.d.notifications.stop()
        for name in os.listdir(self.d.data):
            if name.startswith("notifications.db"):
                with open(os.path.join(self.d.data, name), "rb") as file:
                    octets = file.read()
                self.assertNotIn(b"Erasable Name", octets, name)
                self.assertNotIn(b"ok-erasable@kz", octets, name)

    def test_settings_that_contradict_themselves(self):
        self.begin(start=False)
        for settings, key in (({"smtp/url": "http://x"}, "smtp/url"), ({"smtp/url": "smtp://127.0.0.1:1"}, "smtp/sender"),
                              ({"smtp/url": "smtp://127.0.0.1:1", "smtp/sender": "a@b.example", "smtp/user": "u", "smtp/starttls": "optional"},
                               "smtp/starttls"),
                              ({"smtp/url": "smtp://127.0.0.1:1", "smtp/sender": "a@b.example", "smtp/user": "u"}, "smtp/password_file"),
                              ({"smtp/url": "smtp://127.0.0.1:1", "smtp/sender": "a@b.example", "smtp/reply_to": "the desk"}, "smtp/reply_to"),
                              ({"notifications/retry": "soon"}, "notifications/retry"), ({"notifications/ca_file": "/nowhere"}, "notifications/ca_file")):
            self.d.own_settings["notifications"] = settings
            said = self.d.notifications.run()
            self.assertEqual(said.returncode, 2, said.stdout)
            self.assertIn(key, said.stdout)


if __name__ == "__main__":
    main()
