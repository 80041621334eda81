#!/usr/bin/python3
# What comes back of a mail is read from files, at a pipe, from a Maildir: it is known everywhere, and nobody writes there again.
# SPDX-License-Identifier: Apache-2.0
# ctest-labels: notifications
import email
import email.mime.multipart
import email.mime.nonmultipart
import email.mime.text
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
try:
    import aiosmtpd  # noqa: F401, pylint: disable=unused-import
except ImportError:
    print("skipped: no python3-aiosmtpd")
    sys.exit(77)
import cvwire
import dashboard
import world
from dashboard import fetch, kind
from deployment import Case, main, wait_for
from receivers import Receiver


def part(kind_of, text):
    main_type, sub_type = kind_of.split("/")
    made = email.mime.nonmultipart.MIMENonMultipart(main_type, sub_type)
    made.set_payload([email.message_from_string(block) for block in text.split("\n\n")] if sub_type == "delivery-status"
                     else [email.message_from_string(text)])
    return made


def report(original, action=None, status=None, feedback=None):
    """As a mail server writes it, by the mail package of Python: a report about the message with these octets."""
    mail = email.mime.multipart.MIMEMultipart("report", **{"report-type": "feedback-report" if feedback else "delivery-status"})
    mail["From"], mail["To"], mail["Subject"] = "MAILER-DAEMON@relay.example", "notices@convene.example", "Undelivered Mail"
    mail.attach(email.mime.text.MIMEText("I am the mail system, and I am sorry.\n"))
    if feedback:
        mail.attach(part("message/feedback-report", f"Feedback-Type: {feedback}\nUser-Agent: Desk/1.0\nVersion: 1\n"))
    else:
        mail.attach(part("message/delivery-status", "Reporting-MTA: dns; relay.example\n\n"
                         f"Final-Recipient: rfc822; x@kz.example\nAction: {action}\nStatus: {status}\nDiagnostic-Code: smtp; 550 no\n"))
    mail.attach(part("message/rfc822", original))
    return mail.as_bytes()


class Bounces(Case):
    def begin(self, transport="ipc"):
        self.server = Receiver("mail")
        self.addCleanup(self.server.close)
        self.d = self.deployment(transport, start=False)
        self.d.own_settings["notifications"] = {
            "notifications/retry": "100ms 100ms", "notifications/timeout_ms": 2000,
            "smtp/url": f"smtp://127.0.0.1:{self.server.port}", "smtp/sender": "notices@convene.example", "smtp/starttls": "none"}
        self.d.start()
        dashboard.add_dashboard(self.d)
        self.office = self.d.publisher("office")
        world.put_parties(self.office)
        # The mails that are counted here are about registrations.
        world.decide(self.office, "notifications.audience.put", {"kind": "opening", "audience": "unanswered", "told": False})
        world.open_event(self.d, self.office, "E1", world.rules(50))

    def register(self, party, mailbox, event="E1"):
        data = world.delegation(event, party)
        data["contact"]["email"] = mailbox
        return world.decide(self.office, "registration.register", data)

    def recipient(self, order, mailbox, party="KZ"):
        world.decide(self.office, "notifications.recipient.put", {"party": party, "order": order, "name": "Desk", "email": mailbox})

    def records(self):
        records, _ = self.d.log("notifications", "mirror").stream("notifications.events", cvwire.Position())
        return [cvwire.unpack(record)["data"] for record in records]

    def last(self, party):
        return next((r for r in reversed(self.records()) if r["party"] == party and "notice" in r), None)

    def until(self, party, state):
        return wait_for(lambda: (r := self.last(party)) and r["state"] == state and r, lambda: f"{state}: {self.records()}")

    def mails(self, number=None):
        return [row for row in self.server.taken() if number is None or row["id"] == number]

    def convene(self, *args, role="office", stdin=None):
        flags = [f for name, value in self.d.settings.items() for f in ("--conf", f"{name}={value}")]
        done = subprocess.run([os.path.join(self.d.bin, "convene"), *args, *flags, "--as", role], capture_output=True, timeout=60, input=stdin,
                              check=False, env={k: v for k, v in os.environ.items() if not k.startswith("CONVENE_")})
        return done.returncode, (done.stdout + done.stderr).decode("utf-8")

    def needs(self):
        return {(n["what"], n.get("party")): n for n in fetch(self.d, "/api/attention").json["attention"]["all"]}

    def audit(self):
        def agrees():
            status, said = self.convene("audit", "view", "--url", dashboard.url(self.d), "--json", role="ops")
            assert status in (0, 1), said
            document = json.loads(said)
            return status == 0 and all(row["position"] == row["head"] for row in document["streams"])
        wait_for(agrees, lambda: self.convene("audit", "view", "--url", dashboard.url(self.d), role="ops"))

    def folder(self, **mails):
        path = os.path.join(self.d.root, "Maildir")
        os.makedirs(path, exist_ok=True)
        for name, octets in mails.items():
            with open(os.path.join(path, name), "wb") as file:
                file.write(octets)
        return [os.path.join(path, name) for name in mails]

    def test_hard_bounce(self):
        """Dead everywhere, with what to do; the next one goes to the second contact; mended, and sent again."""
        self.begin()
        self.register("KZ", "ok-first@kz.example")
        self.until("KZ", "delivered")
        (mail,) = self.mails()
        wait_for(lambda: kind(self.d, "tally").get("notices", {}).get("delivered") == 1, "counted")
        bounce = report(mail["octets"], "failed", "5.1.1")
        status, said = self.convene("notice", "bounce", "-", "--dry-run", stdin=bounce)
        self.assertEqual((status, said), (0, f"-: hard 5.1.1 of {mail['id'].strip('<>').split('@')[0]}\n"))
        self.assertEqual(self.last("KZ")["state"], "delivered", "a dry run changed something")
        status, said = self.convene("notice", "bounce", "-", stdin=bounce)
        self.assertEqual(status, 0, said)
        self.assertIn("bounce_taken", said)

        dead = self.until("KZ", "dead")
        self.assertEqual((dead["channel"], dead["reason"], dead["was"]), ("email", "returned", "delivered"))
        told = [r for r in self.records() if "order" in r]
        self.assertEqual([(r["party"], r["order"], r["event"], r["state"], r["status"]) for r in told], [("KZ", 0, "E1", "returned", "5.1.1")])
        self.assertNotIn("kz.example", json.dumps(self.records()), "an address in a public stream")
        wait_for(lambda: kind(self.d, "tally")["notices"]["delivered"] == 0 and ("contact_returned", "KZ") in self.needs(), lambda: f"{self.needs()}")
        self.assertEqual(self.needs()["dead", "KZ"]["command"], f"convene notice redrive {dead['dispatch']}")
        for language, words in (("en", "KZ: mail to its contact (Meeting E1) comes back"), ("ru", "KZ: письма контакту (Meeting E1) возвращаются")):
            self.assertIn(words, re.sub("<a [^>]*>|</a>", "", fetch(self.d, f"/?lang={language}").text))
        status, said = self.convene("notice", "log", "KZ")
        self.assertRegex(said, r"dead .*returned .*hard 5\.1\.1")
        status, said = self.convene("doctor")
        self.assertIn("the contact of KZ for E1 cannot be reached (returned)", said)
        status, said = self.convene("metrics", "notifications")
        self.assertIn('convene_contacts{service="notifications",state="returned"} 1\n', said)
        self.assertIn('convene_bounces_total{service="notifications",what="hard"} 1\n', said)
        wait_for(lambda: 'convene_contacts{state="returned"} 1' in fetch(self.d, "/metrics").text, "in the page's metrics")
        self.audit()

        # Said twice, in another process: nothing changes.
        status, said = self.convene("notice", "bounce", "-", stdin=bounce)
        self.assertEqual(status, 0, said)
        self.assertIn("bounce_known", said)
        # Killed and started again, it still knows.
        self.d.notifications.kill()
        self.d.notifications.start()
        self.recipient(1, "ok-second@kz.example")
        world.open_event(self.d, self.office, "E2", world.rules(50))
        world.decide(self.office, "notifications.redrive", {"dispatches": [dead["dispatch"]]})
        self.until("KZ", "delivered")
        self.assertEqual([m["to"] for m in self.mails(mail["id"])], ["ok-first@kz.example", "ok-second@kz.example"])
        status, said = self.convene("recipient", "clear", "KZ", "0")
        self.assertEqual(status, 0, said)
        wait_for(lambda: not kind(self.d, "contact") and ("contact_returned", "KZ") not in self.needs(), lambda: f"{self.needs()}")
        self.assertNotIn("cannot be reached", self.convene("doctor")[1])
        self.audit()

    def test_maildir_and_others(self):
        """Several files: each is taken, or said what it is; soft changes nothing, a complaint stops, and what waits goes on."""
        self.begin()
        self.recipient(1, "ok-first@kz.example")
        self.recipient(2, "ok-second@kz.example")
        self.register("KZ", "ok-contact@kz.example")
        self.until("KZ", "delivered")
        (mail,) = self.mails()
        # One that is composed for it, and dead: no server took it.
        self.server.kill()
        world.decide(self.office, "registration.withdraw", {"event": "E1", "party": "KZ"})
        wait_for(lambda: self.last("KZ")["state"] == "dead", lambda: f"{self.last('KZ')}")

        files = self.folder(late=report(mail["octets"], "delayed", "4.4.1"), fine=report(mail["octets"], "delivered", "2.0.0"),
                            away=b"Subject: I am away\r\nContent-Type: text/plain\r\n\r\nBack on Monday.\r\n",
                            other=report("Message-ID: <somebody.else@elsewhere.example>\n\nx\n", "failed", "5.1.1"),
                            complaint=report(mail["octets"], feedback="abuse"))
        status, said = self.convene("notice", "bounce", *files, "/nowhere/at/all")
        self.assertEqual(status, 3, said)
        for words in ("soft", "nothing came back of", "it is no report of a mail server", "no_such_mail", "complaint, no more mail", "No such file"):
            self.assertIn(words, said)
        wait_for(lambda: ("contact_complained", "KZ") in self.needs(), lambda: f"{self.needs()}")
        log = json.loads(self.convene("notice", "log", "KZ", "--json")[1])["dispatches"]
        self.assertEqual([b["what"] for b in log[0]["bounces"]], ["soft", "complaint"])
        self.assertEqual(log[0]["state"], "delivered")

        # It was composed for an address that is stopped by now: it goes to whoever is next.
        self.server.start()
        world.decide(self.office, "notifications.redrive", {})
        self.until("KZ", "delivered")
        self.assertEqual(self.mails()[-1]["to"], "ok-first@kz.example")
        self.audit()

    def test_roles_and_nobody_left(self):
        """Who may not report is refused; with nobody left the notice waits, and its log says why."""
        self.begin("tcp")
        self.register("KZ", "ok-contact@kz.example")
        self.until("KZ", "delivered")
        (mail,) = self.mails()
        data = {"notice": mail["id"].strip("<>").split("@")[0], "what": "hard", "status": "5.1.1"}
        for who in ("watcher", "portal", "kz"):
            self.assert_outcome(self.d.publisher(who).ask("notifications.bounce.report", data), "DENIED")
        self.assert_outcome(self.d.publisher("az").ask("notifications.contact.clear", {"party": "KZ", "order": 0}), "DENIED")
        self.assertEqual(self.last("KZ")["state"], "delivered")
        self.assert_outcome(self.d.publisher("mirror").ask("notifications.bounce.report", data), "OK", "bounce_taken")
        self.until("KZ", "dead")
        world.decide(self.office, "registration.withdraw", {"event": "E1", "party": "KZ"})
        log = self.d.log("notifications")
        waiting = wait_for(lambda: [r for r in (cvwire.unpack(m)["data"] if isinstance(m, bytes) else m["data"] for m in log.query("dispatches", "KZ")) if r["state"] == "queued"], "one waits")
        self.assertEqual([r["reason"] for r in waiting], ["stopped"])
        self.assertEqual(len(self.mails()), 1)
        # The dead one, redriven with nobody to go to, dies of that at once.
        self.assert_outcome(self.d.publisher("kz").ask("notifications.contact.clear", {"party": "KZ", "order": 2}), "REJECTED", "contact_not_stopped")
        world.decide(self.office, "notifications.redrive", {})
        wait_for(lambda: any(r.get("reason") == "stopped" and r["state"] == "dead" for r in self.records()), lambda: f"{self.records()}")
        self.assertEqual(len(self.mails()), 1)

    def test_before_the_deadline(self):
        """Silence runs; the first contact's server refuses. In time, once, the second one is told, and told why; killed in between."""
        self.begin()
        self.recipient(1, "refuse-first@kz.example")
        self.recipient(2, "ok-second@kz.example")
        self.recipient(1, "ok-first@az.example", party="AZ")
        self.recipient(2, "ok-second@az.example", party="AZ")
        self.recipient(1, "refuse-first@uz.example", party="UZ")
        self.recipient(1, "ok-desk@secretariat.example", party="SECRETARIAT")
        opened = cvwire.now_ms()
        expires = opened + 12000
        world.decide(self.office, "scheduling.decision.open", {"decision": "2026-D-1", "subject": "document", "title": "Rules",
                                                               "text": "The rules are adopted.", "expires_ms": expires})
        dead = self.until("KZ", "dead")
        self.assertEqual((dead["kind"], dead["reason"], self.until("AZ", "delivered")["kind"]), ("silence", "refused", "silence"))
        self.d.notifications.kill()
        self.d.notifications.start()
        second = wait_for(lambda: [m for m in self.mails() if m["to"] == "ok-second@kz.example"], "the second contact is told")
        self.assertGreaterEqual(second[0]["at"] * 1000, opened + 5000, "told before half of the time was over")
        self.assertLess(second[0]["at"] * 1000, expires)
        self.assertEqual(second[0]["id"].strip("<>").split("@")[0], f"second.{dead['notice']}")
        message = email.message_from_string(second[0]["octets"])
        said = "".join(part.get_payload(decode=True).decode("utf-8") for part in message.walk() if part.get_content_type() == "text/plain")
        self.assertIn("because it did not reach the previous contact in time", said)
        # Who has nobody else is told of: not by the first contact, and not as an address.
        delivery = self.d.log("notifications").query("delivery")[0]["data"]
        self.assertGreaterEqual(delivery["unseen"], 1)
        wait_for(lambda: ("unseen", None) in self.needs(), lambda: f"{self.needs()}")
        self.assertIn("have reached nobody of their party", self.convene("doctor")[1])
        self.assertRegex(self.convene("metrics", "notifications")[1], r'convene_notices_unseen\{service="notifications"\} [1-9]')
        self.d.notifications.kill()
        self.d.notifications.start()
        wait_for(lambda: any(r.get("kind") == "silence" and r["cause"] != dead["cause"] for r in self.records()), "it ends", deadline=30)
        self.assertEqual(len([m for m in self.mails() if m["id"].startswith("<second.")]), 1)
        self.assertEqual([m for m in self.mails() if m["to"] == "ok-second@az.example"], [])
        # The secretariat was told of it while there was time, once, and of nothing that somebody got.
        told = [m for m in self.mails() if m["to"] == "ok-desk@secretariat.example"]
        self.assertTrue(all(m["id"].startswith("<unseen.") for m in told), told)
        about = [m for m in told if m["id"].split("@")[0].endswith(".UZ")]
        self.assertEqual(len(about), 1, [m["id"] for m in told])
        self.assertLess(about[0]["at"] * 1000, expires)
        self.assertEqual([m["id"] for m in told if m["id"].split("@")[0].endswith((".KZ", ".AZ"))], [])
        # The first contact's address is stopped, and what is dead is sent again: not to whoever has got the other one.
        self.assert_outcome(self.d.publisher("mirror").ask("notifications.bounce.report", {"dispatch": dead["dispatch"], "what": "hard", "status": "5.1.1"}), "OK", "bounce_taken")
        world.decide(self.office, "notifications.redrive", {"dispatches": [dead["dispatch"]]})
        wait_for(lambda: any(r.get("dispatch") == dead["dispatch"] and r["reason"] == "stopped" for r in self.records()), lambda: f"{self.records()}")
        self.assertEqual([m["to"] for m in self.mails() if m["id"].startswith(f"<{dead['notice']}@")], [])

    def test_another_address_mends_it(self):
        """What is dead goes to the address that its recipient has when it is sent again, and so does what waits."""
        self.begin()
        self.recipient(1, "refuse-first@kz.example")
        world.decide(self.office, "scheduling.decision.open", {"decision": "2026-D-1", "subject": "document", "title": "Rules",
                                                               "text": "The rules are adopted.", "expires_ms": cvwire.now_ms() + 86400000})
        dead = self.until("KZ", "dead")
        self.recipient(1, "ok-other@kz.example")
        world.decide(self.office, "notifications.redrive", {"dispatches": [dead["dispatch"]]})
        self.until("KZ", "delivered")
        self.assertEqual([m["to"] for m in self.mails() if m["id"].startswith(f"<{dead['notice']}@")], ["ok-other@kz.example"])


if __name__ == "__main__":
    main()
