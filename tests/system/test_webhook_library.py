#!/usr/bin/python3
"""test_webhook_library: what a webhook gets is verified by the library of the specification itself, and the library does look.

Needs node and npm and once the network: the package is put beside the build. Skipped (77) with the reason where that is not possible;
where CI is set that is a failure.
ctest-labels: notifications
SPDX-License-Identifier: Apache-2.0
"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import node
import world
from deployment import main
from delivering import Deployed

STANDARD_WEBHOOKS = "1.1.1"
SCRIPT = ("const {Webhook}=require('standardwebhooks');const [s,b,i,t,g]=process.argv.slice(1);"
          "new Webhook(s).verify(b,{'webhook-id':i,'webhook-timestamp':t,'webhook-signature':g})")


class Library(Deployed):
    def verify(self, row, secret, **changed):
        row = {**row, **changed}
        return subprocess.run(["node", "-e", SCRIPT, secret, row["body"], row["id"], row["timestamp"], row["signature"]], cwd=FOLDER,
                              capture_output=True, text=True, check=False, timeout=60)

    def test_standardwebhooks(self):
        """Before a rotation, while it overlaps (by both secrets), and after it; nothing else that is changed is taken."""
        web = self.receiver("web")
        self.begin()
        world.open_event(self.d, self.office, "E1", world.rules(50))
        self.hook("KZ", f"http://127.0.0.1:{web.port}/ok/kz")

        def secret():
            return self.d.log("notifications").query("webhook_secret", "KZ/1")[0]["data"]["secret"]

        def call(count):
            self.register("KZ", "desk@kz.example")
            self.settle("webhook", count)
            return web.taken()[count - 1]
        first, row = secret(), call(1)
        done = self.verify(row, first)
        self.assertEqual(done.returncode, 0, done.stderr)
        for changed in ({"body": row["body"] + " "}, {"id": row["id"] + "1"}, {"timestamp": str(int(row["timestamp"]) + 1)}):
            done = self.verify(row, first, **changed)
            self.assertNotEqual(done.returncode, 0, changed)
            self.assertIn("No matching signature found", done.stderr)
        world.decide(self.office, "notifications.webhook.rotate", {"party": "KZ", "order": 1, "overlap_s": 3600})
        second, row = secret(), call(2)
        self.assertEqual([self.verify(row, each).returncode for each in (first, second)], [0, 0])
        world.decide(self.office, "notifications.webhook.rotate", {"party": "KZ", "order": 1, "overlap_s": 0})
        third, row = secret(), call(3)
        self.assertEqual([self.verify(row, each).returncode for each in (first, second, third)], [1, 1, 0])


FOLDER = node.package_or_skip("standardwebhooks", STANDARD_WEBHOOKS)
if __name__ == "__main__":
    main()
