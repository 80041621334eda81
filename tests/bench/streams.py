#!/usr/bin/python3
# streams: a thousand browsers on one dashboard: is each told of every change, how soon, and what does a browser cost.
# SPDX-License-Identifier: Apache-2.0
"""streams.py [--streams N] [--changes N] [--rate N]: run by `./dev bench streams`. Prints one line of JSON.

Every stream must have the last number of seats, having seen only deltas after its snapshot, or have been cut (counted).
"""
import argparse
import json
import os
import resource
import select
import socket
import sys
import time
from urllib.parse import urlsplit

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import dashboard
import world
from deployment import Deployment, wait_for


class Ear:
    """A stream, read without understanding more than what is measured: when which number of seats came."""

    def __init__(self, place):
        self.socket = socket.create_connection(place, timeout=30)
        self.socket.sendall(b"GET /stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        self.socket.setblocking(False)
        self.rest, self.snapshots, self.deltas, self.confirmed, self.cut = b"", 0, 0, -1, False

    def read(self, seen):
        try:
            part = self.socket.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError:
            part = b""
        if not part:
            self.cut = True
            return
        now = time.time()
        *messages, self.rest = (self.rest + part).split(b"\n\n")
        for message in messages:
            self.snapshots += b"event: snapshot" in message
            self.deltas += b"event: delta" in message
            at = message.rfind(b'{"event":"E1","status"')
            if at >= 0:
                mark = b'"confirmed":'
                begin = message.index(mark, at) + len(mark)
                self.confirmed = int(message[begin:message.index(b",", begin)])
                seen.setdefault(self.confirmed, []).append(now)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--changes", type=int, default=200)
    parser.add_argument("--rate", type=float, default=10.0, help="registrations a second")
    args = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, args.streams + 500)), hard))
    with Deployment("ipc") as d:
        d.start()
        dashboard.add_dashboard(d)
        office = d.publisher("office")
        world.put_parties(office)
        world.open_event(d, office, "E1", world.rules(5000, maximum=4000))
        wait_for(lambda: "E1" in dashboard.kind(d, "seats"), "the event")
        world.decide(office, "registration.register", world.delegation("E1", "KZ", 1))
        parts = urlsplit(dashboard.url(d))
        before_kib, seen, decided = d.dashboard.pss_kib(), {}, {}
        poll, ears = select.poll(), {}
        for _ in range(args.streams):
            ear = Ear((parts.hostname, parts.port))
            ears[ear.socket.fileno()] = ear
            poll.register(ear.socket, select.POLLIN)

        def listen(seconds):
            for fd, _ in poll.poll(seconds * 1000):
                ears[fd].read(seen)
                if ears[fd].cut:
                    poll.unregister(fd)
        end = time.monotonic() + 60
        while any(e.snapshots == 0 for e in ears.values()) and time.monotonic() < end:
            listen(0.1)
        open_kib = d.dashboard.pss_kib()
        with open(f"/proc/{d.dashboard.pid}/stat", encoding="ascii") as file:
            cpu = sum(map(int, file.read().rsplit(")", 1)[1].split()[11:13]))
        begun = time.monotonic()
        for n in range(args.changes):
            while time.monotonic() < begun + n / args.rate:
                listen(0.002)
            world.decide(office, "registration.register", {"event": "E1", "party": "KZ", "persons": [{"name": f"P {n}", "capacity": "delegate"}]})
            decided[n + 2] = time.time()
        end = time.monotonic() + 60
        while any(not e.cut and e.confirmed < args.changes + 1 for e in ears.values()) and time.monotonic() < end:
            listen(0.1)
        with open(f"/proc/{d.dashboard.pid}/stat", encoding="ascii") as file:
            cpu = sum(map(int, file.read().rsplit(")", 1)[1].split()[11:13])) - cpu
        took = sorted((at - decided[n]) * 1000 for n, times in seen.items() if n in decided for at in times)
        whole = [e for e in ears.values() if not e.cut]
        behind = [e for e in whole if e.confirmed != args.changes + 1 or e.snapshots != 1]
        print(json.dumps({
            "streams": args.streams, "cut": args.streams - len(whole), "behind": len(behind), "changes": args.changes,
            "messages": sum(e.deltas for e in whole), "ms_p50": round(took[len(took) // 2], 1), "ms_p99": round(took[int(len(took) * 0.99)], 1),
            "kib_per_stream": round((open_kib - before_kib) / args.streams, 1), "kib_after": d.dashboard.pss_kib(),
            "cpu_s": round(cpu / os.sysconf("SC_CLK_TCK"), 2), "seconds": round(time.monotonic() - begun, 1)}))
        return 1 if behind else 0


if __name__ == "__main__":
    sys.exit(main())
