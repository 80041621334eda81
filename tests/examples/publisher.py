#!/usr/bin/python3
"""publisher: a program of somebody else's that sends registrations to Convene; pyzmq and msgpack, and proto/README.md.
SPDX-License-Identifier: Apache-2.0

  publisher.py ENDPOINT KEYS NAME FILE > outcomes.jsonl

ENDPOINT is registration's ("tcp://127.0.0.1:24100"); KEYS the directory with NAME.secret and allow/registration.cert ("-": no
encryption, ipc only). Each line of FILE ("-": standard input) is {"id", "type", "data"}; each line of the output {"line", "id", "class", "code",
"hash"}, hash being BLAKE2b-128 of the outcome's octets. What belongs to one delegation is sent one after the other.
"""
import hashlib
import json
import random
import secrets
import sys
import time
from collections import deque
from datetime import datetime, timezone

import msgpack
import zmq

SERVICE = "registration"
WINDOW = 64
SILENCE = 30.0  # seconds without any outcome: give up
PORTS = {"intake": 0, "feed": 1}


def key(path, name):
    """One value out of a certificate."""
    with open(path, encoding="utf-8") as file:
        for line in file:
            left, _, right = line.partition("=")
            if left.strip() == name:
                return right.strip().strip('"').encode()
    sys.exit(f"{path}: no {name}")


def address(endpoint, door):
    if endpoint.startswith("ipc://"):
        return f"{endpoint}.{door}"
    host, port = endpoint.rsplit(":", 1)
    return f"{host}:{int(port) + PORTS[door]}"


def connect(context, kind, endpoint, keys, me):
    socket = context.socket(kind)
    socket.linger = 0
    socket.tcp_keepalive, socket.tcp_keepalive_idle, socket.tcp_keepalive_intvl, socket.tcp_maxrt = 1, 1, 1, 3000
    if kind == zmq.XPUB:
        socket.setsockopt(zmq.XPUB_NODROP, 1)
    if keys != "-":
        socket.curve_serverkey = key(f"{keys}/allow/{SERVICE}.cert", "public-key")
        socket.curve_publickey = key(f"{keys}/{me}.secret", "public-key")
        socket.curve_secretkey = key(f"{keys}/{me}.secret", "secret-key")
    socket.connect(endpoint)
    return socket


class Request:
    """One line of the file, from the first octet sent to its outcome."""

    def __init__(self, number, line, inbox):
        fields = json.loads(line)
        self.number, self.id = number, fields["id"]
        data = fields["data"]
        self.subject = f"{data['event']}/{data['party']}"
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self.octets = msgpack.packb(
            {"specversion": "1.0", "id": self.id, "source": "/example/publisher.py", "type": fields["type"], "subject": self.subject,
             "time": now, "inbox": inbox, "data": data}, use_bin_type=True)
        self.delay, self.due, self.not_before = 0.25, 0.0, 0.0
        self.sends = 0

    def put_off(self):
        self.sends += 1
        self.due = time.monotonic() + self.delay * random.uniform(0.8, 1.2)
        self.delay = min(self.delay * 2, 5.0)


class Publisher:
    def __init__(self, endpoint, keys, me):
        context = zmq.Context()
        self.inbox = secrets.token_hex(16)
        self.topic = f"request.{SERVICE}|".encode()
        self.outcomes = connect(context, zmq.SUB, address(endpoint, "feed"), keys, me)
        name = "local" if keys == "-" else key(f"{keys}/{me}.secret", "name").decode()
        self.outcomes.subscribe(f"outcome.{name}.{self.inbox}|")
        self.intake = connect(context, zmq.XPUB, address(endpoint, "intake"), keys, me)
        self.poller = zmq.Poller()
        self.poller.register(self.intake, zmq.POLLIN)
        self.poller.register(self.outcomes, zmq.POLLIN)
        self.ready = False
        self.waiting, self.flying = deque(), {}  # id -> Request

    def next_request(self):
        """The first whose delegation and id have nothing on the way."""
        busy = {request.subject for request in self.flying.values()}
        for request in self.waiting:
            if request.subject not in busy and request.id not in self.flying:
                self.waiting.remove(request)
                return request
            busy.add(request.subject)
        return None

    def send_due(self):
        """Sends what is due; gives the seconds until the next is."""
        now = time.monotonic()
        while len(self.flying) < WINDOW:
            request = self.next_request()
            if not request:
                break
            self.flying[request.id] = request
        wait = 1.0
        for request in self.flying.values():
            due = max(request.due, request.not_before)
            if self.ready and due <= now:
                try:
                    self.intake.send_multipart([self.topic, request.octets], zmq.DONTWAIT)
                except zmq.Again:
                    return 0.005
                request.put_off()
                due = request.due
            wait = min(wait, max(due - now, 0.0)) if self.ready else wait
        return wait

    def take_subscription(self):
        frame = self.intake.recv()
        if frame[1:] != self.topic:
            return
        self.ready = frame[0] == 1
        for request in self.flying.values():  # what was on the way may have died with the service
            request.due, request.delay = 0.0, 0.25

    def take_outcome(self):
        """True: a request is answered."""
        frames = self.outcomes.recv_multipart()
        if len(frames) != 2:
            return False
        outcomes, at, answered = msgpack.Unpacker(), 0, False
        outcomes.feed(frames[1])  # one outcome or several, back to back
        for outcome in outcomes:
            octets, at = frames[1][at:outcomes.tell()], outcomes.tell()
            answered |= self.take(outcome, octets)
        return answered

    def take(self, outcome, octets):
        request = self.flying.get(outcome.get("causationid"))
        if not request:
            return False
        data = outcome["data"]
        if data["class"] in ("BUSY", "UNAVAILABLE"):
            request.not_before = time.monotonic() + data.get("retry_after_ms", 0) / 1000
            return False
        if data["class"] in ("NOTFOUND", "INTERNAL") and request.sends != 1:
            return False  # another copy may be decided otherwise
        del self.flying[request.id]
        digest = hashlib.blake2b(octets, digest_size=16).hexdigest()
        print(json.dumps({"line": request.number, "id": request.id, "class": data["class"], "code": data["code"], "hash": digest}))
        return True

    def run(self, lines):
        for number, line in enumerate(lines, 1):
            if line.strip():
                self.waiting.append(Request(number, line, self.inbox))
        heard = time.monotonic()
        while self.waiting or self.flying:
            if time.monotonic() - heard > SILENCE:
                print(f"publisher.py: no outcome for {SILENCE:.0f} s, {len(self.waiting) + len(self.flying)} unanswered", file=sys.stderr)
                return 1
            events = dict(self.poller.poll(self.send_due() * 1000))
            if self.intake in events:
                self.take_subscription()
            if self.outcomes in events and self.take_outcome():
                heard = time.monotonic()
        return 0


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    endpoint, keys, me, path = sys.argv[1:]
    with sys.stdin if path == "-" else open(path, encoding="utf-8") as file:
        status = Publisher(endpoint, keys, me).run(file)
    sys.stdout.flush()
    return status


if __name__ == "__main__":
    sys.exit(main())
