#!/usr/bin/python3
# Services in network namespaces of their own: latency, loss, a partition, and a service that moves to another address.
# SPDX-License-Identifier: Apache-2.0
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import cvwire
import network
import world
from deployment import Case, main, wait_for

PORTS = {"scheduling": 24710, "registration": 24700}
SEATS = 100000


class Networks(Case):
    def setUp(self):
        network.require(self)
        self.net = network.Network("sched", "reg", "client", "spare")
        self.addCleanup(self.net.close)
        network.visit(self, self.net.namespace("client"))
        self.d = self.deployment("tcp", start=False)
        self.place("scheduling", "sched")
        self.place("registration", "reg")
        # The names by which services find one another; each sees the file of its own namespace.
        self.names("sched")
        for name, port in PORTS.items():
            self.d.settings[f"{name}/endpoint"] = f"tcp://{name}.test:{port}"
        self.d.start("scheduling", "registration")
        self.office, self.portal = self.d.publisher("office"), self.d.publisher("portal")
        world.open_event(self.d, self.office, "EVENT", world.rules(SEATS, maximum=SEATS), world.PARTIES)
        self.asked, self.events, self.people = [], [], 0

    def place(self, name, where):
        """This service runs there from its next start on."""
        service, command = self.d.services[name], type(self.d.services[name]).command
        service.command = lambda extra=(): self.net.inside(where, command(service, extra))
        self.d.endpoints[name] = f"tcp://{self.net.address(where)}:{PORTS[name]}"
        self.d.own_settings[name] = {f"{name}/bind": self.d.endpoints[name]}

    def names(self, scheduling):
        for place in ("sched", "reg", "spare"):
            self.net.hosts(place, **{"scheduling.test": scheduling, "registration.test": "reg"})

    def work(self, n):
        """So many requests on their way, to both services: registrations, and events that registration has to hear of."""
        for _ in range(n):
            self.people += 1
            self.asked.append(self.portal.submit("registration.register", {"event": "EVENT", "party": "KZ", "persons": [
                {"name": f"Person {self.people}", "capacity": "delegate"}]}))
            event = f"EV-{self.people}"
            self.events.append(event)
            self.asked.append(self.office.submit("scheduling.event.propose", {
                "event": event, "title": event, "plan_year": 2030, "line": "cbm"}))

    def pump(self):
        self.office.pump(0.01)
        self.portal.pump(0.01)

    def pump_for(self, seconds):
        """Goes on working while the network is as it is."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.pump()

    def all_decided(self):
        self.pump()
        return all(r.outcome for r in self.asked)

    def caught_up(self):
        follow, head = self.d.follow_of("registration", "scheduling.events"), self.d.head("scheduling", "scheduling.events")
        return follow["state"] == "live" and follow["cursor"] == head["head"]

    def recovered(self, what, deadline=90):
        """Until every request has its decision and registration has all of scheduling; says how long that took."""
        started = time.monotonic()
        wait_for(self.all_decided, lambda: f"all decided: {sum(r.outcome is None for r in self.asked)} of {len(self.asked)} are not", deadline)
        decided = time.monotonic() - started
        wait_for(lambda: self.try_to(self.caught_up), "registration to have all of scheduling's", deadline)
        print(f"{what}: all {len(self.asked)} requests decided after {decided:.1f} s, follower up to date after "
              f"{time.monotonic() - started:.1f} s, {self.office.repeats + self.portal.repeats} repeats so far", flush=True)

    @staticmethod
    def try_to(fact):
        try:
            return fact()
        except TimeoutError:
            return False

    def nothing_lost(self):
        """Each request has exactly one decision, remembered to the octet; every seat is there, none twice."""
        self.net.link()
        self.net.cut()
        for request in self.asked:
            self.assertEqual(request.outcome.klass, "OK", request.outcome)
            self.assertEqual(set(request.seen), {request.outcome.raw})
            self.assertEqual(self.d.log(request.service).remembered(request.id), request.outcome.raw)
        self.assertEqual(world.seats(self.d, "EVENT")["confirmed"], self.people)
        records, _ = self.d.log("scheduling", "mirror").stream("scheduling.events")
        told = [m["data"]["event"] for m in map(cvwire.unpack, records) if m["type"] == "convene.scheduling.event.v1"]
        for event in self.events:
            self.assertEqual(told.count(event), 1, event)
        known = {m["data"]["event"] for m in self.d.log("registration").query("events")}
        self.assertLessEqual(set(self.events), known, "registration does not know them all")

    def test_latency_and_loss(self):
        for what, delay, loss in (("200 ms there and back", 0.1, 0.0), ("5 % loss", 0.0, 0.05), ("200 ms and 5 % loss", 0.1, 0.05)):
            self.net.link(delay, loss)
            self.work(50)
            self.recovered(what)
        self.nothing_lost()

    def test_connecting_through_latency_and_loss(self):
        """Handshakes, too: a service that is started there, and a client that comes anew."""
        self.net.link(0.1, 0.05)
        self.d.registration.kill()
        self.work(20)
        self.d.registration.start(ready=False)
        started = time.monotonic()
        wait_for(self.d.registration.was_ready, "registration started", 60)
        self.recovered("registration started again behind 200 ms and 5 % loss")
        with self.d.publisher("portal2") as fresh:
            fresh.wait_ready("registration", 60)
        print(f"a new client is connected {time.monotonic() - started:.1f} s after that start", flush=True)
        self.nothing_lost()

    def test_partition(self):
        for what, cuts in (("the services from one another", [("sched", "reg")]),
                           ("registration from everybody", [("sched", "reg"), ("client", "reg")])):
            self.net.cut(*cuts)
            self.work(50)
            self.pump_for(8)  # longer than keepalive takes to notice (4 s), so that connections break
            self.work(50)
            self.pump_for(1)
            self.net.cut()
            self.recovered(f"after a partition of 9 s, {what}")
        self.nothing_lost()

    def test_a_service_that_moves(self):
        """scheduling stops here and starts there, with its data; the name says so. Who follows it finds it by itself."""
        self.move()

    def test_a_service_whose_host_vanishes(self):
        """The same without a farewell: no packet of the old host arrives any more, so only silence tells that it is gone."""
        self.move(lambda: self.net.cut(*(("sched", place) for place in ("reg", "client", "spare"))))

    def move(self, before=lambda: None):
        self.work(30)
        self.recovered("before the move")
        before()
        self.work(30)
        self.d.scheduling.kill()
        self.place("scheduling", "spare")
        self.names("spare")
        moved = time.monotonic()
        self.d.scheduling.start(ready=False)
        self.office.close()  # our own client is told by us: it goes by numbers. What it has not heard of it asks again
        fresh = self.d.publisher("office", inbox=self.office.inbox)
        self.asked = [fresh.submit_octets(r.service, r.octets, r.id) if r.service == "scheduling" and not r.outcome else r for r in self.asked]
        self.office = fresh
        self.d._logs.pop(("scheduling", "ops"), None)  # pylint: disable=protected-access
        self.d._logs.pop(("scheduling", "office"), None)  # pylint: disable=protected-access
        self.recovered("after scheduling moved to another address")
        print(f"registration follows it there {time.monotonic() - moved:.1f} s after the name changed", flush=True)
        self.nothing_lost()


if __name__ == "__main__":
    main()
