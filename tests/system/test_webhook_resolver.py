#!/usr/bin/python3
# A name of a webhook that means an address of this machine the next time it is looked up: the address is judged at each connecting.
# SPDX-License-Identifier: Apache-2.0
# ctest-labels: notifications
"""In a network namespace whose loopback has a public address, and a resolver that is its /etc/hosts: the kernel's own
connecting, and nothing leaves the machine."""
import os
import socket
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import network
import world
from delivering import Deployed
from deployment import main, wait_for

PUBLIC, ALSO_PUBLIC, HOUSE = "8.8.8.8", "8.8.4.4", "127.0.0.1"


class Listener:
    """Counts who connects, and hangs up: no certificate would be believed here."""

    def __init__(self, address, port=0):
        self.socket = socket.create_server((address, port))
        self.port, self.connected = self.socket.getsockname()[1], 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.connected += 1
            connection.close()

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self._thread.join()


class Resolver(Deployed):
    def setUp(self):
        network.require(self)
        self.net = network.Network("house")
        self.addCleanup(self.net.close)
        network.visit(self, self.net.namespace("house"))
        for address in (PUBLIC, ALSO_PUBLIC):
            network.run("ip", "addr", "add", f"{address}/32", "dev", "lo")

    def listener(self, address, port=0):
        listener = Listener(address, port)
        self.addCleanup(listener.close)
        return listener

    def live_in(self, place):
        """The service's own look-ups go by the file of that namespace."""
        service, command = self.d.services["notifications"], type(self.d.services["notifications"]).command
        service.command = lambda extra=(): self.net.inside(place, command(service, extra))

    def call(self, url):
        """One notice is on its way to this webhook."""
        self.begin({"notifications/retry": "100ms", "notifications/webhook_to": "public"}, start=False)
        self.live_in("house")
        self.d.start()
        self.office = self.d.publisher("office")
        world.put_parties(self.office)
        world.open_event(self.d, self.office, "E1", world.rules(50))
        self.hook("KZ", url)
        self.register("KZ", "desk@kz.example")

    def calls(self):
        """What has become of it."""
        return [d for d in self.dispatches() if d["channel"] == "webhook"]

    def test_name_that_moves_into_the_house(self):
        """Public when it was set and when it was first called; then this machine."""
        public = self.listener(PUBLIC)
        house = self.listener(HOUSE, public.port)
        self.net.hosts("house", **{"desk.example.org": [PUBLIC]})
        self.call(f"https://desk.example.org:{public.port}/ok")
        wait_for(lambda: public.connected, "the public address is connected to")
        self.assertNotEqual([d["state"] for d in self.calls()], ["dead"])
        self.net.hosts("house", **{"desk.example.org": [HOUSE]})
        self.d.notifications.kill()  # what it has looked up before is forgotten
        self.d.notifications.start()
        (found,) = self.settle("webhook", 1)
        self.assertEqual((found["state"], found["reason"]), ("dead", "forbidden"), found)
        self.assertEqual(house.connected, 0)

    def test_name_of_both(self):
        """A public address where nobody listens, and one of the house: the second is not tried in its place."""
        house = self.listener(HOUSE)
        self.net.hosts("house", **{"desk.example.org": [ALSO_PUBLIC, HOUSE]})
        self.call(f"https://desk.example.org:{house.port}/ok")
        wait_for(lambda: [d for d in self.calls() if d["attempts"] >= 3 or d["state"] == "dead"], lambda: self.calls())
        self.assertEqual(house.connected, 0)


if __name__ == "__main__":
    main()
