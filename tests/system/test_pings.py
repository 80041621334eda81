#!/usr/bin/python3
"""test_pings: a recipient is asked, does not answer, is told of everywhere, and confirms; killed in between.
ctest-labels: notifications
SPDX-License-Identifier: Apache-2.0
"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import dashboard
import world
from dashboard import fetch, kind
from deployment import Case, main, wait_for


class Pings(Case):
    def convene(self, *args, role):
        flags = [f for name, value in self.d.settings.items() for f in ("--conf", f"{name}={value}")]
        done = subprocess.run([os.path.join(self.d.bin, "convene"), *args, *flags, "--as", role], capture_output=True, timeout=60,
                              check=False, env={k: v for k, v in os.environ.items() if not k.startswith("CONVENE_")})
        return done.returncode, (done.stdout + done.stderr).decode("utf-8")

    def state(self):
        return next((r["data"]["state"] for r in self.d.log("notifications").query("contacts", "KZ")), None)

    def test_ping(self):
        self.d = self.deployment("ipc", start=False)
        self.d.own_settings["notifications"] = {"notifications/ping": "3s", "notifications/ping_answer": "3s"}
        self.d.start()
        dashboard.add_dashboard(self.d)
        office = self.d.publisher("office")
        world.put_parties(office)
        world.decide(office, "notifications.recipient.put", {"party": "KZ", "order": 1, "name": "Desk", "email": "desk@kz.example"})
        wait_for(lambda: self.state() == "asked", lambda: f"asked: {self.state()}")
        self.d.notifications.kill()
        self.d.notifications.start()
        wait_for(lambda: self.state() == "unanswered", lambda: f"unanswered: {self.state()}")
        wait_for(lambda: "/KZ" in "".join(f"/{n.get('party')}" for n in fetch(self.d, "/api/attention").json["attention"]["all"]
                                          if n["what"] == "contact_unanswered"), "in the attention list")
        self.assertIn("KZ: its contact (1) did not answer", fetch(self.d, "/").text)
        self.assertIn("convene recipient confirm KZ 1", self.convene("doctor", role="office")[1])
        self.assertIn('state="unanswered"} 1\n', self.convene("metrics", "notifications", role="office")[1])
        status, said = self.convene("recipient", "confirm", "KZ", "1", role="kz")
        self.assertEqual(status, 0, said)
        self.assertIn("contact_confirmed", said)
        wait_for(lambda: not kind(self.d, "contact"), "nothing is left to mend")

    def test_roles(self):
        """Keys say who asks: the own focal point and the secretariat may, another's and an observer may not."""
        self.d = self.deployment("tcp")
        office = self.d.publisher("office")
        world.put_parties(office)
        world.decide(office, "notifications.recipient.put", {"party": "KZ", "order": 1, "name": "Desk", "email": "desk@kz.example"})
        data = {"party": "KZ", "order": 1}
        for who in ("az", "watcher"):
            self.assert_outcome(self.d.publisher(who).ask("notifications.contact.confirm", data), "DENIED")
        self.assertIsNone(self.state())
        self.assert_outcome(self.d.publisher("kz").ask("notifications.contact.confirm", data), "OK", "contact_confirmed")
        world.decide(office, "notifications.contact.confirm", data)


if __name__ == "__main__":
    main()
