#!/usr/bin/python3
# What arrived is known everywhere: in the stream, on the page, in numbers, at doctor's; and a redriven letter takes it back.
# SPDX-License-Identifier: Apache-2.0
# ctest-labels: notifications
import json
import os
import sqlite3
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


class Arrival(Case):
    def begin(self, retry="100ms 100ms", transport="ipc"):
        self.server, self.web = Receiver("mail"), Receiver("web")
        self.addCleanup(self.server.close)
        self.addCleanup(self.web.close)
        self.d = self.deployment(transport, start=False)
        self.d.own_settings["notifications"] = {
            "notifications/retry": retry, "notifications/timeout_ms": 2000, "notifications/webhook_to": "any",
            "smtp/url": f"smtp://127.0.0.1:{self.server.port}", "smtp/sender": "notices@convene.example", "smtp/starttls": "none"}
        self.d.start()
        dashboard.add_dashboard(self.d)
        self.office = self.d.publisher("office")
        world.put_parties(self.office)
        world.open_event(self.d, self.office, "E1", world.rules(50))

    def register(self, party, mailbox):
        data = world.delegation("E1", party)
        data["contact"]["email"] = mailbox
        return world.decide(self.office, "registration.register", data)

    def records(self):
        """The last word of the stream on each notice, by party; read from its beginning."""
        records, _ = self.d.log("notifications", "mirror").stream("notifications.events", cvwire.Position())
        data = [cvwire.unpack(record)["data"] for record in records]
        return {d["party"]: d for d in data}, [(d["party"], d["state"]) for d in data]

    def until_told(self, party, state):
        return wait_for(lambda: (r := self.records()[0].get(party)) and r["state"] == state and r, lambda: f"{state}: {self.records()}")

    def convene(self, *args, role="watcher"):
        flags = [f for name, value in self.d.settings.items() for f in ("--conf", f"{name}={value}")]
        done = subprocess.run([os.path.join(self.d.bin, "convene"), *args, *flags, "--as", role], capture_output=True, text=True, timeout=60,
                              check=False, env={k: v for k, v in os.environ.items() if not k.startswith("CONVENE_")})
        return done.returncode, done.stdout + done.stderr

    def now(self):
        return kind(self.d, "now").get("all", {})

    def metric(self, name):
        return next((int(line.split()[-1]) for line in fetch(self.d, "/metrics").text.splitlines() if line.startswith(name)), None)

    def audit(self):
        """The page's view is that of the logs."""
        def agrees():
            status, said = self.convene("audit", "view", "--url", dashboard.url(self.d), "--json", role="ops")
            assert status in (0, 1), said
            document = json.loads(said)
            return status == 0 and all(row["position"] == row["head"] for row in document["streams"])
        wait_for(agrees, lambda: self.convene("audit", "view", "--url", dashboard.url(self.d), role="ops"))

    def test_delivered_dead_and_redriven(self):
        """Nothing but the end of an attempt happens, and all hear of it: dead, what to do, done, delivered."""
        self.begin()
        outcome = self.office.ask("notifications.webhook.put", {"party": "AZ", "order": 1, "url": f"http://127.0.0.1:{self.web.port}/ok/az"})
        self.assertEqual(outcome.code, "webhook_set")
        self.register("AZ", "ok-desk@az.example")
        done = self.until_told("AZ", "delivered")
        self.assertEqual((done["channel"], "dispatch" in done, "reason" in done), ("email", False, False))
        self.assertLess(abs(done["done_ms"] - cvwire.now_ms()), 60000)
        wait_for(lambda: kind(self.d, "tally").get("notices") == {"written": 0, "delivered": 1, "partial": False} and not kind(self.d, "notice"),
                 lambda: f"counted: {kind(self.d, 'tally')} {kind(self.d, 'notice')}")
        self.audit()

        self.server.kill()
        self.register("KZ", "ok-desk@kz.example")
        dead = self.until_told("KZ", "dead")
        self.assertEqual((dead["channel"], dead["reason"], dead["attempts"]), ("email", "unreachable", 3))
        self.assertNotIn("kz.example", json.dumps(self.records()), "an address in a public stream")
        wait_for(lambda: self.now().get("dead") == 1 and self.now()["unsent"] == 0, lambda: f"one dead: {self.now()}")
        (need,) = [n for n in fetch(self.d, "/api/attention").json["attention"]["all"] if n["what"] == "dead"]
        self.assertEqual((need["party"], need["n"], need["about"], need["command"]),
                         ("KZ", 1, "unreachable", f"convene notice redrive {dead['dispatch']}"))
        self.assertIn("KZ: 1 notices not taken (unreachable)", fetch(self.d, "/").text)
        self.assertEqual(kind(self.d, "notice")[dead["notice"]]["dispatch"], dead["dispatch"])
        wait_for(lambda: self.metric('convene_dispatches_dead{channel="email"}') == 1, "in the metrics")
        self.assertEqual(self.metric("convene_notices_dead"), 1)
        self.assertGreaterEqual(self.metric('convene_attempts_total{channel="email",result="unreachable"}'), 3)
        self.assertEqual(self.metric('convene_attempts_total{channel="webhook",result="delivered"}'), 1)
        self.assertEqual(self.metric("convene_destinations_left_alone"), 1)
        status, said = self.convene("metrics", "notifications")
        self.assertEqual(status, 0, said)
        self.assertIn('convene_dispatches_dead{service="notifications",channel="email"} 1\n', said)
        self.assertIn('convene_destinations_left_alone{service="notifications"} 1\n', said)
        self.assertIn("convene notice redrive", self.convene("doctor")[1])
        self.assertIn("1 dead", self.convene("watch", "--once")[1])
        self.audit()

        # A page that begins anew, from a snapshot or the stream, and one that was away, have the same.
        self.d.dashboard.kill()
        self.d.dashboard.start()
        wait_for(lambda: self.now().get("dead") == 1, lambda: f"still dead: {self.now()}")

        self.server.start()
        status, said = self.convene(*need["command"].split()[1:], role="office")
        self.assertEqual(status, 0, said)
        self.until_told("KZ", "delivered")
        self.assertEqual([s for p, s in self.records()[1] if p == "KZ"], ["queued", "written", "dead", "written", "delivered"])
        wait_for(lambda: self.now()["dead"] == 0 and kind(self.d, "tally")["notices"]["delivered"] == 2, lambda: f"{self.now()}")
        self.assertEqual([n for n in fetch(self.d, "/api/attention").json["attention"]["all"] if n["what"] == "dead"], [])
        self.audit()

    def test_on_its_way_is_waited_for(self):
        """Mail that no server takes yet is what waits longest; a kill takes nothing of it; another history begins with it."""
        self.begin("1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s")
        self.server.kill()
        self.register("KZ", "ok-desk@kz.example")
        self.until_told("KZ", "written")
        wait_for(lambda: self.now().get("unsent") == 1 and self.now()["oldest_unsent_ms"], lambda: f"one waits: {self.now()}")
        self.assertEqual({k for k in next(iter(kind(self.d, "notice").values()))}, {"party", "channel", "state", "since"})
        self.d.notifications.kill()
        self.d.notifications.start()
        self.d.dashboard.stop()
        for ending in ("", "-wal", "-shm"):
            if os.path.exists(self.d.database("dashboard") + ending):
                os.remove(self.d.database("dashboard") + ending)
        self.d.dashboard.start()
        wait_for(lambda: self.now().get("unsent") == 1, lambda: f"one waits: {self.now()}")
        self.server.start()
        self.until_told("KZ", "delivered")
        wait_for(lambda: self.now()["unsent"] == 0 and not kind(self.d, "notice"), lambda: f"none waits: {self.now()}")
        self.assertEqual([s for _, s in self.records()[1]], ["queued", "written", "delivered"])
        self.audit()
        # A file of a version that did not count what was delivered, nor said which it is: what it says is followed anew.
        self.d.dashboard.stop()
        with sqlite3.connect(self.d.database("dashboard")) as db:
            db.execute("UPDATE dash_row SET value = ? WHERE kind = 'tally' AND key = 'notices'", ('{"written": 7, "partial": false}',))
            self.assertEqual(db.execute("DELETE FROM dash_row WHERE kind = 'file' AND key = 'format'").rowcount, 1)
        db.close()
        self.d.dashboard.start()
        wait_for(lambda: (n := kind(self.d, "tally").get("notices", {})).get("delivered") == 1 and n["written"] < 7 and not n["partial"],
                 lambda: f"{kind(self.d, 'tally')}")
        self.register("AZ", "ok-desk@az.example")
        wait_for(lambda: kind(self.d, "tally")["notices"]["delivered"] == 2, lambda: f"{kind(self.d, 'tally')}")
        self.audit()

    def test_file_whose_webhook_died(self):
        """A notice that is a file was counted as written; that its webhook died takes it out, and a redrive puts it back."""
        self.begin()
        self.d.notifications.stop()
        del self.d.own_settings["notifications"]["smtp/url"]
        self.d.notifications.start()
        self.web.kill()
        self.office.ask("notifications.webhook.put", {"party": "KZ", "order": 1, "url": f"http://127.0.0.1:{self.web.port}/ok/kz"})
        self.register("KZ", "ok-desk@kz.example")
        dead = self.until_told("KZ", "dead")
        self.assertEqual(dead["channel"], "webhook")
        wait_for(lambda: self.now().get("dead") == 1 and kind(self.d, "tally").get("notices", {"written": 0})["written"] == 0, lambda: f"{kind(self.d, 'tally')}")
        self.audit()
        self.web.start()
        world.decide(self.office, "notifications.redrive", {})
        self.until_told("KZ", "written")
        wait_for(lambda: self.now()["dead"] == 0 and kind(self.d, "tally")["notices"] == {"written": 1, "delivered": 0, "partial": False},
                 lambda: f"{kind(self.d, 'tally')}")
        wait_for(lambda: self.web.taken(), "redriven")
        self.audit()


if __name__ == "__main__":
    main()
