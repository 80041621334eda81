# delivering: a deployment whose notices leave for mail servers and webhooks of a test.
# SPDX-License-Identifier: Apache-2.0
import collections
import random

import world
from deployment import Case, wait_for
from receivers import Receiver

RETRY = "200ms 300ms 400ms 500ms 600ms 700ms 800ms 900ms 1s 1s"


class Deployed(Case):
    def receiver(self, kind, **options):
        receiver = Receiver(kind, **options)
        self.addCleanup(receiver.close)
        return receiver

    def begin(self, settings=None, start=True, parties=world.PARTIES, **own):
        """A deployment whose notices leave by these settings."""
        self.d = self.deployment("tcp", start=False)
        self.d.own_settings["notifications"] = {"notifications/retry": RETRY, "notifications/timeout_ms": 2000,
                                                "notifications/webhook_to": "any", **(settings or {}), **own}
        if start:
            self.d.start()
            self.office = self.d.publisher("office")
            world.put_parties(self.office, parties)
        return self.d

    def with_mail(self, server, start=True, **settings):
        return self.begin({"smtp/url": f"smtp://127.0.0.1:{server.port}", "smtp/sender": "notices@convene.example",
                           "smtp/starttls": "none", **settings}, start)

    def register(self, party, mailbox, event="E1", wait=True):
        data = world.delegation(event, party)
        data["persons"][0]["name"] = f"Person {random.random()}"
        data["contact"]["email"] = mailbox
        return world.decide(self.office, "registration.register", data) if wait else self.office.submit("registration.register", data)

    def hook(self, party, url, order=1):
        outcome = world.decide(self.office, "notifications.webhook.put", {"party": party, "order": order, "url": url})
        self.assertEqual(outcome.code, "webhook_set")
        return outcome

    def dispatches(self, key=None, what="dispatches", who="office"):
        return world.dispatches(self.d, key, what, who)

    def in_state(self, state, channel):
        return [d for d in self.dispatches() if d["state"] == state and d["channel"] == channel]

    def settle(self, channel, count, deadline=None):
        """Until so many dispatches of the channel are delivered or dead, and none waits."""
        def settled():
            found = [d for d in self.dispatches() if d["channel"] == channel]
            return len(found) >= count and all(d["state"] in ("delivered", "dead") for d in found) and found
        return wait_for(settled, lambda: f"{count} settled: {collections.Counter(d['state'] for d in self.dispatches())}", deadline, 0.1)

    @staticmethod
    def text_of(message):
        """All texts of a message, decoded."""
        return "\n".join(part.get_content() for part in message.walk() if part.get_content_maintype() == "text")
