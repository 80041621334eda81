#!/usr/bin/python3
# Peers that misbehave beside peers that do not: what hangs, fails, asks for time or is asked too much holds up nobody else.
# SPDX-License-Identifier: Apache-2.0
# ctest-labels: notifications
import collections
import os
import shutil
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
try:
    import aiosmtpd  # noqa: F401, pylint: disable=unused-import
except ImportError:
    print("skipped: no python3-aiosmtpd")
    sys.exit(77)
import arrivals
import world
from arrivals import Kill
from deployment import Case, main, wait_for
from delivering import Deployed
from receivers import certificate, numbers_of

LADDER = "5s 5m 30m 2h 5h 10h 14h 20h 24h"  # the one by default


class WhatIsExcused(Case):
    """The check of the test across kills finds what it is there for."""
    KILLS = [Kill(10.0, "service"), Kill(20.0, "mail")]

    @staticmethod
    def row(at, number="n:1:KZ", to="desk@kz.example"):
        return {"id": number, "to": to, "mono": at}

    def test_once_for_a_kill(self):
        self.assertEqual(arrivals.unexcused([self.row(9.9), self.row(10.5), self.row(20.5)], self.KILLS, 4), (2, []))

    def test_without_a_kill(self):
        for times in ((1.0, 9.0), (10.1, 19.9), (20.5, 21.0), (9.9, 10.5, 10.6)):
            _, wrong = arrivals.unexcused([self.row(at) for at in times], self.KILLS, 4)
            self.assertEqual(len(wrong), 1, times)
            self.assertIn("nobody was killed", wrong[0])

    def test_more_of_a_lane_than_one(self):
        taken = [self.row(at, number) for number in ("n:1:KZ", "n:2:KZ") for at in (9.9, 10.5)]
        _, wrong = arrivals.unexcused(taken, self.KILLS, 4)
        self.assertIn("one was on its way", wrong[0])

    def test_more_than_there_was_room_for(self):
        taken = [self.row(at, f"n:{i}:KZ", f"desk{i}@kz.example") for i in range(5) for at in (9.9, 10.5)]
        self.assertEqual(arrivals.unexcused(taken, self.KILLS, 5), (5, []))
        _, wrong = arrivals.unexcused(taken, self.KILLS, 4)
        self.assertIn("4 at most", wrong[0])

    def test_order_and_bytes(self):
        rows = [{**self.row(i, f"n:{n}:KZ"), "number": n, "body": body} for i, (n, body) in enumerate(((1, "a"), (2, "b"), (1, "a"), (3, "c")))]
        self.assertEqual((arrivals.disorder(rows), arrivals.changed(rows, "body")), ({}, []))
        rows += [{**self.row(9, "n:2:KZ"), "number": 2, "body": "other"}, {**self.row(9, "n:0:KZ"), "number": 0, "body": "z"}]
        self.assertEqual(list(arrivals.disorder(rows)), ["desk@kz.example"])
        self.assertEqual(arrivals.changed(rows, "body"), [("desk@kz.example", "n:2:KZ")])


class Peers(Deployed):
    def tell(self, parties, times=1, box="ok-desk"):
        """So many notices to each of these, in turns."""
        requests = [self.register(party, f"{box}@{party.lower()}.example", wait=False) for _ in range(times) for party in parties]
        self.assertTrue(all(o.klass == "OK" for o in self.office.wait(requests)))

    def paths(self, web, what="taken"):
        return collections.Counter(row["path"] for row in getattr(web, what)())

    # ---- one host

    def beside(self, kinds, count=10):
        """Paths of these kinds and a good one, all at one host, by the default ladder; who is good gets the first one, and then the others."""
        web = self.receiver("web")
        self.begin({"notifications/retry": LADDER, "notifications/timeout_ms": 20000})
        world.open_event(self.d, self.office, "E1", world.rules(5000))
        for party, kind in zip(("AZ", "TR", "UZ", "BY"), kinds):
            for order in range(1, 4):
                self.hook(party, f"http://127.0.0.1:{web.port}/{kind}/{party}{order}", order)
        self.hook("KZ", f"http://127.0.0.1:{web.port}/ok/kz")
        self.tell(("AZ", "TR", "UZ", "BY"), 2)
        wait_for(lambda: len(self.paths(web, "rows")) >= 1, "the first one of those that fail")
        began = time.monotonic()
        self.tell(("KZ",))
        wait_for(lambda: web.taken(), "the first one of the good path", 20)
        first = time.monotonic() - began
        self.assertFalse([d for d in self.dispatches() for a in d.get("log", []) if a["result"] == "timeout"], "it waited for one that hangs")
        began = time.monotonic()
        self.tell(("AZ", "TR", "UZ", "BY", "KZ"), count - 1)
        wait_for(lambda: self.paths(web)["/ok/kz"] == count, lambda: f"{count} at the good path: {self.paths(web)}", 20)
        print(f"{kinds[0]}: the first after {first:.1f} s, {count - 1} more after {time.monotonic() - began:.1f} s")
        self.assertEqual(set(self.paths(web)), {"/ok/kz"})
        return web

    def test_poisoned_destination_that_blocks_others_of_its_host(self):
        """Twelve paths answer 500: a thirteenth at the same host has its notices meanwhile, and the host's breaker is closed."""
        self.beside(("error",) * 4)
        for order in range(1, 4):
            wait_for(lambda: any(d["attempts"] for d in self.dispatches() if d.get("address", "").endswith(f"/AZ{order}")), "each is tried")
        self.assertFalse([e for e in self.d.notifications.log_events() if e["event"] == "destination_left_alone" and "address_of_dispatch" not in e])

    def test_hanging_paths_that_block_others_of_their_host(self):
        """The same where they take the request and say nothing."""
        web = self.beside(("hang",) * 4)
        hanging = [row for row in web.rows() if "hung" in row]
        self.assertGreaterEqual(len(hanging), 1)
        self.assertLessEqual(len(hanging), 24, "as many at once as a host is given, and not more often than the ladder says")

    def test_answers_are_of_the_path(self):
        """404, 429, 410 and a redirect: what is said about one path is not said about the others of the host."""
        web = self.receiver("web")
        self.begin({"notifications/retry": "300ms 300ms 300ms 300ms 300ms"})
        world.open_event(self.d, self.office, "E1", world.rules(5000))
        for party, kind in (("AZ", "lost"), ("TR", "busy"), ("UZ", "gone"), ("BY", "away"), ("KZ", "ok")):
            self.hook(party, f"http://127.0.0.1:{web.port}/{kind}/{party}")
        self.tell(("AZ", "TR", "UZ", "BY", "KZ"))
        found = {d["party"]: d for d in self.settle("webhook", 5)}
        self.assertEqual({party: (d["state"], d.get("reason") if d["state"] == "dead" else None) for party, d in found.items()},
                         {"AZ": ("dead", "failed"), "TR": ("delivered", None), "UZ": ("dead", "gone"), "BY": ("dead", "failed"),
                          "KZ": ("delivered", None)})
        self.assertEqual((found["AZ"]["attempts"], found["BY"]["attempts"], found["KZ"]["attempts"]), (6, 6, 1))
        self.assertEqual({a["code"] for a in found["AZ"]["log"]}, {404})
        alone = [e for e in self.d.notifications.log_events() if e["event"] == "destination_left_alone"]
        self.assertEqual({e["address_of_dispatch"] for e in alone}, {found["AZ"]["dispatch"], found["BY"]["dispatch"]})
        self.assertNotIn("/lost/", self.d.notifications.log(), "a path, which may be a secret, in the log")

    # ---- a mail server that is slow, hangs or freezes

    def test_mail_server_that_thinks_long(self):
        """Messages it does not answer hold up neither webhooks nor other messages; each ends by its time limit and comes once."""
        server, web = self.receiver("mail"), self.receiver("web")
        self.with_mail(server, **{"notifications/timeout_ms": 6000})
        world.open_event(self.d, self.office, "E1", world.rules(500))
        self.hook("KZ", f"http://127.0.0.1:{web.port}/ok/kz")
        self.tell(("AZ",), box="hang1-desk")
        wait_for(lambda: [r for r in server.rows() if "hung" in r], "one that hangs")
        began = time.monotonic()
        self.tell(("KZ",), 10)
        wait_for(lambda: len(web.taken()) == 10 and len(server.taken()) == 10, "what others get", 20)
        self.assertLess(time.monotonic() - began, 5.0, "until the time limit of the one that hangs")
        found = {d["party"]: d for d in self.settle("email", 11)}
        self.assertEqual([a["result"] for a in found["AZ"]["log"]], ["timeout", "delivered"], (found["AZ"], server.rows()))
        self.assertEqual(sorted(collections.Counter(m["id"] for m in server.taken()).values()), [1] * 11)

    def test_mail_server_that_freezes(self):
        """It stands still, with connections that are kept: webhooks go on, the service answers and stops in time, and after that each comes once."""
        server, web = self.receiver("mail"), self.receiver("web")
        self.with_mail(server, **{"notifications/timeout_ms": 2000})
        world.open_event(self.d, self.office, "E1", world.rules(500))
        self.hook("KZ", f"http://127.0.0.1:{web.port}/ok/kz")
        self.tell(("KZ", "AZ", "TR"))
        self.settle("email", 3)  # so there are connections that are kept
        server.freeze()
        try:
            self.tell(("KZ", "AZ"), 5)
            wait_for(lambda: len(web.taken()) == 6, "webhooks go on")
            wait_for(lambda: any(a["result"] == "timeout" for d in self.dispatches() for a in d.get("log", [])), "mail in vain")
            began = time.monotonic()
            self.assertTrue(self.d.status("notifications")["ready"])
            self.assertLess(time.monotonic() - began, 1.0)
            began = time.monotonic()
            self.assertEqual(self.d.notifications.stop(), 0)
            self.assertLess(time.monotonic() - began, 10.0, "a stop waits for a server that is frozen")
        finally:
            server.thaw()
        self.d.notifications.start()
        found = self.settle("email", 13)
        self.assertEqual({d["state"] for d in found}, {"delivered"})
        self.assertEqual(sorted(collections.Counter(m["id"] for m in server.taken()).values()), [1] * 13)
        self.assertEqual(arrivals.disorder([{**m, "number": numbers_of(m["id"])} for m in server.taken()]), {})

    def test_mail_within_tls(self):
        """SMTPS, logged in: TLS from the first octet; a server that nobody vouches for gets neither password nor mail."""
        folder = self.deployment("ipc", start=False).root
        server = self.receiver("mail", certificate=certificate(folder), login="convene:a secret", smtps=True)
        password = os.path.join(folder, "password")
        with open(password, "w", encoding="ascii", opener=lambda p, f: os.open(p, f, 0o600)) as file:
            file.write("a secret\n")
        settings = {"smtp/url": f"smtps://127.0.0.1:{server.port}", "smtp/sender": "notices@convene.example", "smtp/user": "convene",
                    "smtp/password_file": password}
        self.begin({**settings, "notifications/ca_file": server.certificate})
        world.open_event(self.d, self.office, "E1", world.rules(50))
        self.tell(("KZ",))
        (done,) = self.settle("email", 1)
        self.assertEqual((done["state"], done["attempts"]), ("delivered", 1), done)
        (mail,) = server.taken()
        self.assertEqual((mail["to"], mail["tls"], mail["user"]), ("ok-desk@kz.example", True, "user"))
        self.d.notifications.stop()
        self.d.own_settings["notifications"] = {**settings, "notifications/retry": "100ms"}
        self.d.notifications.start()
        self.tell(("AZ",))
        dead = next(d for d in self.settle("email", 2) if d["party"] == "AZ")
        self.assertEqual((dead["state"], dead["reason"], len(server.taken())), ("dead", "tls", 1))

    @unittest.skipUnless(os.geteuid() == 0 and shutil.which("unshare"), "a system's certificates of its own need root and unshare")
    def test_certificates_of_its_own_stand_in_for_the_systems(self):
        """Whom the system trusts is no mail server of ours, once ca_file says whom to trust."""
        folder = self.deployment("ipc", start=False).root
        server = self.receiver("mail", certificate=certificate(folder), smtps=True)
        trusted = os.path.join(folder, "trusted")  # as /etc/ssl/certs is: a bundle, and names that are made from the subject
        os.mkdir(trusted)
        shutil.copy(server.certificate, os.path.join(trusted, "ca-certificates.crt"))
        subject = subprocess.run(["openssl", "x509", "-hash", "-noout", "-in", server.certificate], check=True, capture_output=True, text=True)
        shutil.copy(server.certificate, os.path.join(trusted, f"{subject.stdout.strip()}.0"))
        settings = {"smtp/url": f"smtps://127.0.0.1:{server.port}", "smtp/sender": "notices@convene.example", "notifications/retry": "100ms"}
        self.begin(settings, start=False)
        service, command = self.d.services["notifications"], type(self.d.services["notifications"]).command
        service.command = lambda extra=(): ["unshare", "--mount", "sh", "-c", f"mount --bind {trusted} /etc/ssl/certs && exec \"$@\"", "sh",
                                            *command(service, extra)]
        self.d.start()
        self.office = self.d.publisher("office")
        world.put_parties(self.office)
        world.open_event(self.d, self.office, "E1", world.rules(50))
        self.tell(("KZ",))
        (done,) = self.settle("email", 1)
        self.assertEqual(done["state"], "delivered", done)
        self.d.notifications.stop()
        self.d.own_settings["notifications"]["notifications/ca_file"] = certificate(folder, "other")
        self.d.notifications.start()
        self.tell(("AZ",))
        dead = next(d for d in self.settle("email", 2) if d["party"] == "AZ")
        self.assertEqual((dead["state"], dead["reason"], len(server.taken())), ("dead", "tls", 1))

    # ---- what a peer asks for

    def test_retry_after_as_a_date(self):
        """503 with an instant, 429 with seconds: both are kept, and neither is waited for by other paths."""
        web = self.receiver("web")
        self.begin({"notifications/retry": "100ms 100ms 100ms"})
        world.open_event(self.d, self.office, "E1", world.rules(50))
        for party, kind in (("KZ", "date"), ("AZ", "busy"), ("TR", "ok")):
            self.hook(party, f"http://127.0.0.1:{web.port}/{kind}/{party}")
        self.tell(("KZ", "AZ", "TR"))
        found = {d["party"]: d for d in self.settle("webhook", 3)}

        def asked(party):
            return next(row for row in web.rows() if row.get("refused") and row["path"].endswith(party))
        for party, code, least in (("KZ", 503, None), ("AZ", 429, 1.0)):
            self.assertEqual([(a["result"], a["code"]) for a in found[party]["log"]], [("later", code), ("delivered", 200)])
            taken = next(row for row in web.taken() if row["path"].endswith(party))
            # A date has whole seconds: 3 s from a moment are more than 2 s.
            self.assertGreaterEqual(taken["at"] - asked(party)["at"], least or 2.0, party)
        self.assertLess(next(row for row in web.taken() if row["path"].endswith("TR"))["at"] - asked("KZ")["at"], 2.0)

    def test_rate_of_webhooks(self):
        """A host gets so many a minute, evenly, all its paths together; another host and the mail server do not notice."""
        server, web, other = self.receiver("mail"), self.receiver("web"), self.receiver("web")
        self.with_mail(server, **{"notifications/webhook_rate": 240, "notifications/retry": LADDER})
        world.open_event(self.d, self.office, "E1", world.rules(500))
        self.hook("KZ", f"http://127.0.0.1:{web.port}/ok/kz")
        self.hook("AZ", f"http://127.0.0.1:{web.port}/ok/az")
        self.hook("TR", f"http://127.0.0.1:{other.port}/ok/tr")
        self.tell(("KZ", "AZ"), 4)
        self.tell(("TR",))
        self.settle("webhook", 9)
        rows = sorted(web.taken(), key=lambda row: row["mono"])
        self.assertEqual(collections.Counter(row["path"] for row in rows), {"/ok/kz": 4, "/ok/az": 4})
        self.assertGreaterEqual(rows[-1]["mono"] - rows[0]["mono"], 7 * 0.25 - 0.2, "more than 240 a minute")
        self.assertEqual(arrivals.disorder([{**row, "number": numbers_of(row["id"])} for row in rows]), {})
        self.assertLess(other.taken()[0]["mono"], rows[-1]["mono"], "another host waited")
        self.assertLess(max(row["mono"] for row in server.taken()), rows[-1]["mono"] + 1.0, "mail waited")


if __name__ == "__main__":
    main()
