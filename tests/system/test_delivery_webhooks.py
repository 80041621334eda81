#!/usr/bin/python3
# Notices that leave for webhooks: signed by the specification, whatever they answer, and with nobody left out when one is
# taken away.
# SPDX-License-Identifier: Apache-2.0
# ctest-labels: notifications
import base64
import collections
import hashlib
import hmac
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import world
from clients import Refused
from deployment import main, wait_for
from delivering import Deployed
from receivers import numbers_of


class Webhooks(Deployed):
    def secret(self, key, who="office"):
        return self.d.log("notifications", who).query("webhook_secret", key)[0]["data"]

    def verify(self, row, secret):
        """By the specification, with nothing of ours: which signatures are good."""
        content = f"{row['id']}.{row['timestamp']}.{row['body']}".encode()
        key = base64.b64decode(secret["secret"].removeprefix("whsec_"))
        good = "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        signatures = row["signature"].split(" ")
        self.assertIn(good, signatures)
        import nacl.signing  # pylint: disable=import-outside-toplevel
        public = nacl.signing.VerifyKey(base64.b64decode(secret["public_key"].removeprefix("whpk_")))
        fits = 0
        for signature in (s for s in signatures if s.startswith("v1a,")):
            try:
                public.verify(content, base64.b64decode(signature[4:]))
                fits += 1
            except nacl.exceptions.BadSignatureError:
                pass
        self.assertEqual(fits, 1)
        self.assertLess(abs(time.time() - int(row["timestamp"])), 60)
        return signatures

    def test_webhook_is_signed(self):
        """Standard Webhooks: v1 and v1a, the secret shown once, two signatures each while a rotation overlaps."""
        web = self.receiver("web")
        self.begin()
        world.open_event(self.d, self.office, "E1", world.rules(50))
        self.hook("KZ", f"http://127.0.0.1:{web.port}/ok/kz")
        secret = self.secret("KZ/1")
        for who, code in (("office", "CONFLICT"), ("watcher", "DENIED"), ("kz", "DENIED"), ("ops", "DENIED")):
            with self.assertRaises(Refused):
                self.secret("KZ/1", who)
        outcome = self.register("KZ", "desk@kz.example")
        (done,) = self.settle("webhook", 1)
        (row,) = web.taken()
        self.assertEqual(len(self.verify(row, secret)), 2)
        body = json.loads(row["body"])
        self.assertEqual(row["id"], done["notice"].replace(".", ":"))
        self.assertEqual((body["type"], row["type"]), ("convene.notice.decision", "application/json"))
        self.assertEqual(body["data"]["event"] + "/" + body["data"]["party"], "E1/KZ")
        self.assertEqual(numbers_of(body["data"]["notice"]), outcome.data["sequence"])
        self.assertNotIn("person", row["body"].lower())
        self.assertIn("outbox", [d["channel"] for d in self.dispatches("KZ")], "the outbox has it too")
        world.decide(self.office, "notifications.webhook.rotate", {"party": "KZ", "order": 1, "overlap_s": 3600})
        second = self.secret("KZ/1")
        self.assertNotEqual(second["secret"], secret["secret"])
        self.register("KZ", "desk@kz.example")
        self.settle("webhook", 2)
        for each in (secret, second):
            self.assertEqual(len(self.verify(web.taken()[1], each)), 4)
        world.decide(self.office, "notifications.webhook.rotate", {"party": "KZ", "order": 1, "overlap_s": 0})
        self.register("KZ", "desk@kz.example")
        self.settle("webhook", 3)
        self.assertEqual(len(self.verify(web.taken()[2], self.secret("KZ/1"))), 2)
        (hook,) = self.dispatches(what="webhooks")
        self.assertEqual((hook["generation"], hook["is_on"], hook["is_shown"]), (3, True, True))

    def test_webhook_answers(self):
        """410 turns it off, 429 is kept, a redirect is not followed, another address gets what waits."""
        web = self.receiver("web")
        self.begin({"notifications/retry": "100ms 100ms 100ms"})
        world.open_event(self.d, self.office, "E1", world.rules(50))
        base = f"http://127.0.0.1:{web.port}"
        for party, kind in (("KZ", "gone"), ("AZ", "busy"), ("TR", "away")):
            self.hook(party, f"{base}/{kind}/{party}")
            self.register(party, f"desk@{party.lower()}.example")
        found = {d["party"]: d for d in self.settle("webhook", 3)}
        self.assertEqual((found["KZ"]["state"], found["KZ"]["reason"], found["KZ"]["attempts"]), ("dead", "gone", 1))
        self.assertEqual((found["AZ"]["state"], [a["code"] for a in found["AZ"]["log"]]), ("delivered", [429, 200]))
        self.assertGreaterEqual(found["AZ"]["log"][1]["at_ms"] - found["AZ"]["log"][0]["at_ms"], 1000, "Retry-After is kept")
        self.assertEqual((found["TR"]["state"], {a["code"] for a in found["TR"]["log"]}), ("dead", {302}))
        self.assertEqual([r["path"] for r in web.taken()], ["/busy/AZ"], "a redirect was followed")
        self.assertEqual([h["is_on"] for h in self.dispatches("KZ", "webhooks")], [False])
        self.register("KZ", "desk@kz.example")
        self.d.wait_settled()
        self.assertEqual(len([d for d in self.dispatches("KZ") if d["channel"] == "webhook"]), 1, "a webhook that is off")
        self.hook("KZ", f"{base}/ok/KZ")  # another address: the dead one again goes there
        self.hook("TR", f"{base}/ok/TR")
        world.decide(self.office, "notifications.redrive", {})
        wait_for(lambda: {"/ok/KZ", "/ok/TR"} <= {r["path"] for r in web.taken()}, lambda: f"redriven: {self.dispatches(what='dead')}")
        self.assertEqual(self.dispatches(what="dead"), [])
        world.decide(self.office, "notifications.webhook.put", {"party": "AZ", "order": 1})
        self.assert_outcome(self.office.ask("notifications.webhook.put", {"party": "AZ", "order": 1}), "NOTFOUND", "no_webhook", "data.order")
        self.assert_outcome(self.office.ask("notifications.webhook.rotate", {"party": "AZ", "order": 2}), "NOTFOUND", "no_webhook", "data.order")

    def test_gone_and_nobody_else_has_it(self):
        """Who wants its webhook alone is mailed what that answered 410 to, what waited behind it, and what was on its way; each once."""
        web, server = self.receiver("web"), self.receiver("mail")
        self.with_mail(server, **{"notifications/retry": "1h", "notifications/timeout_ms": 1500})
        world.open_event(self.d, self.office, "E1", world.rules(50))
        world.decide(self.office, "notifications.preference.put", {"party": "KZ", "mode": "webhook"})
        self.hook("KZ", f"http://127.0.0.1:{web.port}/hang/kz")
        for _ in range(3):
            self.register("KZ", "ok-desk@kz.example")
        wait_for(web.rows, "an attempt that has begun")
        self.assertEqual([d["state"] for d in self.dispatches("E1/KZ")], ["sending", "queued", "queued"])
        self.hook("KZ", f"http://127.0.0.1:{web.port}/gone/kz")
        self.settle("email", 3)
        self.register("KZ", "ok-desk@kz.example")  # no webhook is on
        self.settle("email", 4)
        found = collections.Counter((d["channel"], d["state"], d.get("reason")) for d in self.dispatches("E1/KZ"))
        self.assertEqual(found, {("webhook", "dead", "gone"): 3, ("email", "delivered", None): 4})
        mails = sorted(m["id"] for m in server.taken())
        self.assertEqual(mails, sorted(f"<{d['notice']}@convene.example>" for d in self.dispatches("E1/KZ") if d["channel"] == "email"))
        self.assertEqual([h["is_on"] for h in self.dispatches("KZ", "webhooks")], [False])
        world.decide(self.office, "notifications.redrive", {})  # it is off: dead again, and mailed no second time
        wait_for(lambda: len(self.dispatches(what="dead")) == 3, "dead again")
        self.d.wait_settled()
        self.assertEqual(len(server.taken()), 4)

    def test_webhook_into_the_house(self):
        """Addresses of this machine and the networks around it are not connected to, by whatever name."""
        web = self.receiver("web")
        self.begin({"notifications/retry": "100ms", "notifications/webhook_to": "public"})
        world.open_event(self.d, self.office, "E1", world.rules(50))
        self.assert_outcome(self.office.ask("notifications.webhook.put", {"party": "KZ", "order": 1, "url": "http://desk.example/"}), "INVALID",
                            "url_unusable", "data.url")
        for order, host in ((1, "127.0.0.1"), (2, "localhost"), (3, "[::ffff:127.0.0.1]")):
            self.hook("KZ", f"https://{host}:{web.port}/ok/{order}", order)
        self.register("KZ", "desk@kz.example")
        found = self.settle("webhook", 3)
        self.assertEqual({(d["state"], d["reason"]) for d in found}, {("dead", "forbidden")}, found)
        self.assertEqual(web.rows(), [])

    def test_key_file_that_is_gone(self):
        """Without the file that secrets are made from the service says so, instead of signing with others."""
        web = self.receiver("web")
        self.begin()
        self.hook("KZ", f"http://127.0.0.1:{web.port}/ok/kz")
        self.d.notifications.stop()
        path = os.path.join(self.d.data, "notifications.webhook-key")
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        os.rename(path, path + ".away")
        said = self.d.notifications.run()
        self.assertEqual(said.returncode, 2)
        self.assertIn("notifications/webhook_key", said.stdout)
        os.rename(path + ".away", path)
        self.d.notifications.start()

    def hanging(self, **settings):
        """KZ wants its webhook alone; a notice is on its way there, and the webhook does not answer."""
        web = self.receiver("web")
        self.begin({"notifications/timeout_ms": 1500, **settings})
        world.open_event(self.d, self.office, "E1", world.rules(50))
        world.decide(self.office, "notifications.preference.put", {"party": "KZ", "mode": "webhook"})
        self.hook("KZ", f"http://127.0.0.1:{web.port}/hang/kz")
        self.register("KZ", "desk@kz.example")
        wait_for(web.rows, "an attempt that has begun")
        self.assertEqual(self.outbox(), [])
        return web

    def outbox(self):
        """Its notices; what is being written has another name, with a dot first."""
        return [name for name in os.listdir(self.d.outbox) if name[0] != "."] if os.path.isdir(self.d.outbox) else []

    def test_taken_away_while_something_is_on_its_way(self):
        """Nobody took it, so it leaves as if there had been no webhook; and is not told as delivered before."""
        self.hanging(**{"notifications/retry": "1h"})
        self.assertEqual([d["state"] for d in self.dispatches("KZ")], ["sending"])
        world.decide(self.office, "notifications.webhook.put", {"party": "KZ", "order": 1})
        (name,) = wait_for(self.outbox, lambda: f"a file: {self.dispatches('KZ')}")
        self.assertTrue(name.endswith(".KZ.eml"), name)
        self.d.wait_settled()
        (notice,) = self.d.log("notifications").query("notices")
        self.assertEqual((notice["data"]["channel"], notice["data"]["state"]), ("outbox", "written"))
        self.assertEqual([d["reason"] for d in self.dispatches(what="dead")], ["withdrawn"])

    def test_taken_away_while_the_last_attempt_is_on_its_way(self):
        """The same when that one would have been given up with it: nothing is left over that nobody can redrive."""
        self.hanging(**{"notifications/retry": "1ms"})
        wait_for(lambda: self.dispatches("KZ")[0]["attempts"] == 2, "the last attempt", None, 0.02)
        world.decide(self.office, "notifications.webhook.put", {"party": "KZ", "order": 1})
        wait_for(self.outbox, lambda: f"a file: {self.dispatches('KZ')}")
        self.d.wait_settled()
        self.assertEqual([d["reason"] for d in self.dispatches(what="dead")], ["withdrawn"])

    def test_another_address_while_something_is_on_its_way(self):
        """It goes to the new one at once: the pauses were the old one's."""
        web = self.hanging(**{"notifications/retry": "1h"})
        self.hook("KZ", f"http://127.0.0.1:{web.port}/ok/kz")
        (done,) = self.settle("webhook", 1)
        self.assertEqual((done["state"], done["attempts"]), ("delivered", 2))
        self.assertEqual([row["path"] for row in web.taken()], ["/ok/kz"])
        self.assertEqual(self.outbox(), [])

    def test_another_address_while_the_last_attempt_is_on_its_way(self):
        """What failed at the old address is not counted at the new one: it has the whole ladder there."""
        web = self.hanging(**{"notifications/retry": "1ms"})
        wait_for(lambda: self.dispatches("KZ")[0]["attempts"] == 2, "the last attempt", None, 0.02)
        self.hook("KZ", f"http://127.0.0.1:{web.port}/error/kz")
        (dead,) = wait_for(lambda: self.dispatches(what="dead"), lambda: f"a dead one: {self.dispatches('KZ')}")
        self.assertEqual([a.get("code") for a in dead["log"]][2:], [500, 500], dead)
        self.assertEqual(dead["attempts"], 4)


if __name__ == "__main__":
    main()
