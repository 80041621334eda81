#!/usr/bin/python3
"""test_readme: the two programs in proto/README.md run as they stand there, against a service that is played here.

The publisher meets a lost request, BUSY and a lost outcome; the subscriber a hole, repeated records, its own restart, and
a new history. What they sent and what they kept is compared, not only how often.
SPDX-License-Identifier: Apache-2.0
"""
import hashlib
import os
import pathlib
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

try:
    import msgpack
    import zmq
except ImportError as error:
    print(f"SKIPPED: {error}")
    sys.exit(77)

ROOT = pathlib.Path(os.environ.get("CONVENE_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
PATIENCE = 20.0


def certificate(path, name, public, secret=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = f'metadata\n    name = "{name}"\n    role = "service"\ncurve\n    public-key = "{public.decode()}"\n'
    path.write_text(lines + (f'    secret-key = "{secret.decode()}"\n' if secret else ""))


class Service:
    """Three sockets at three ports in a row, with CURVE and no ZAP handler: any key may come in."""

    def __init__(self, folder):
        self.context = zmq.Context()
        public, secret = zmq.curve_keypair()
        certificate(folder / "allow/registration.cert", "registration", public)
        certificate(folder / "example.secret", "example", *zmq.curve_keypair())
        for port in range(24900, 25900, 10):
            try:
                self.sockets = [self.bind(kind, port + i, secret) for i, kind in enumerate((zmq.SUB, zmq.XPUB, zmq.ROUTER))]
                break
            except zmq.ZMQError:
                continue
        self.intake, self.feed, self.log = self.sockets
        self.intake.subscribe(b"request.registration|")
        self.endpoint = f"tcp://127.0.0.1:{port}"

    def bind(self, kind, port, secret):
        socket = self.context.socket(kind)
        socket.linger = 0
        socket.curve_server, socket.curve_secretkey = True, secret
        try:
            socket.bind(f"tcp://127.0.0.1:{port}")
        except zmq.ZMQError:
            socket.close()
            raise
        return socket

    def expect(self, socket):
        assert socket.poll(PATIENCE * 1000), "nothing came in time"
        return socket.recv_multipart()

    def question(self, kind, idle=lambda: None):
        end = time.monotonic() + PATIENCE
        while not self.log.poll(50):
            idle()
            assert time.monotonic() < end, f"no {kind} came in time"
        peer, message = self.log.recv_multipart()
        message = msgpack.unpackb(message)
        assert message["type"] == kind, message
        return peer, message

    def answer(self, peer, question, kind, data):
        self.log.send_multipart([peer, envelope(kind, "answer", data, causationid=question["id"])])

    def close(self):
        self.context.destroy(linger=0)


def envelope(kind, ident, data, **more):
    return msgpack.packb({"specversion": "1.0", "id": ident, "source": "/convene/registration", "type": kind,
                          "time": "2025-02-26T09:00:00.000Z", **more, "data": data}, use_bin_type=True)


def stream(epoch, n):
    """(messages, positions); positions[i] is where i records lead to."""
    messages, positions, chain = [], [epoch + bytes(40)], bytes(32)
    for i in range(1, n + 1):
        message = envelope("convene.registration.decided.v1", f"registration.events/{epoch.hex()}/{i}", {"i": i}, subject=f"E-{i}")
        chain = hashlib.blake2b(chain + message, digest_size=32).digest()
        messages.append(message)
        positions.append(epoch + i.to_bytes(8, "big") + chain)
    return messages, positions


def test_publisher(folder, service, program):
    child = subprocess.Popen([sys.executable, program, folder, "example", "2025-EXAMPLE-1", "KZ", service.endpoint], stdout=subprocess.PIPE, text=True)
    topic, first = service.expect(service.intake)
    assert topic == b"request.registration|"
    request = msgpack.unpackb(first)
    assert request["type"] == "convene.registration.register.v1" and request["data"]["party"] == "KZ"
    inbox = f"outcome.example.{request['inbox']}|".encode()
    assert service.expect(service.feed) == [b"\x01" + inbox]

    def outcome(cause, kind, code, **more):
        data = {"class": kind, "code": code, "text": "As the test says.", **more}
        service.feed.send_multipart([inbox, envelope("convene.outcome.v1", cause, data, causationid=cause)])

    assert service.expect(service.intake)[1] == first, "what is repeated must be the same octets"  # the first was lost
    outcome(request["id"], "BUSY", "busy", retry_after_ms=200)
    outcome("somebody-else", "REJECTED", "full")
    began = time.monotonic()
    while True:
        again = service.expect(service.intake)[1]
        assert again == first
        if time.monotonic() - began >= 0.2:
            break
    outcome(request["id"], "OK", "registered")
    out = child.communicate(timeout=PATIENCE)[0]
    assert child.returncode == 0 and out == "OK registered As the test says.\n", (child.returncode, out)


def test_subscriber(folder, service, program):
    name, path = "registration.events", folder / "stream.db"
    topic = f"{name}|".encode()
    messages, positions = stream(bytes(range(1, 9)), 6)

    def start():
        return subprocess.Popen([sys.executable, program, folder, "example", path, "registration", name, service.endpoint],
                                stdout=subprocess.PIPE, text=True)

    def fetched(expected, upto, head, idle=lambda: None):
        peer, question = service.question("convene.log.fetch.v1", idle)
        data = question["data"]
        assert data["epoch"] + data["after"].to_bytes(8, "big") + data["chain"] == expected, data
        service.answer(peer, question, "convene.log.batch.v1", {"stream": name, "epoch": positions[0][:8], "after": data["after"],
                       "records": messages[data["after"]:upto], "head": head, "oldest": 1})

    def tell(seq, record=True):
        service.feed.send_multipart([topic, positions[seq]] + ([messages[seq - 1]] if record else []))

    child = start()
    fetched(bytes(48), 1, 2)           # one record less than there is
    fetched(positions[1], 2, 2)
    while service.expect(service.feed) != [b"\x01" + topic]:
        pass
    tell(2)                            # repeated
    tell(3)                            # fits
    tell(5)                            # a hole before it
    fetched(positions[3], 5, 5)
    tell(4)                            # late
    tell(5, record=False)
    tell(6, record=False)              # only the head came
    fetched(positions[5], 6, 6)
    lines = [child.stdout.readline() for _ in range(6)]
    assert lines == [f"{i} convene.registration.decided.v1 E-{i}\n" for i in range(1, 7)], lines
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert [row[0] for row in sqlite3.connect(path).execute("SELECT message FROM record ORDER BY rowid")] == messages

    child = start()                    # goes on where it was
    peer, question = service.question("convene.log.fetch.v1")
    assert question["data"]["after"] == 6 and question["data"]["chain"] == positions[6][16:]
    fresh, places = stream(bytes(range(11, 19)), 3)
    service.answer(peer, question, "convene.log.refused.v1", {"code": "EPOCH", "text": "There is a new history.", "epoch": places[0][:8]})
    for page in (0, 1):
        peer, question = service.question("convene.log.snapshot.v1")
        assert question["data"].get("page") == page and (page == 0 or question["data"]["position"] == places[3])
        service.answer(peer, question, "convene.log.page.v1", {"records": fresh[page:page + 1], "position": places[3], "page": page, "last": page == 1})
    messages, positions = fresh, places
    fetched(places[3], 3, 3)
    assert child.stdout.readline() == "snapshot of 2 records\n"
    service.feed.send_multipart([topic, stream(bytes(range(11, 19)), 3)[1][3][:16] + bytes(32)])  # same place, other past
    peer, question = service.question("convene.log.fetch.v1")
    service.answer(peer, question, "convene.log.refused.v1", {"code": "DIVERGED", "text": "Not the same past."})
    out = child.communicate(timeout=PATIENCE)[0]
    assert child.returncode == 1 and out == "DIVERGED: Not the same past.\n", (child.returncode, out)
    assert [row[0] for row in sqlite3.connect(path).execute("SELECT message FROM record ORDER BY rowid")] == fresh[:2]


def main():
    programs = re.findall(r"```python\n(.*?)```", (ROOT / "proto/README.md").read_text(encoding="utf-8"), re.S)
    assert len(programs) == 2
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name, text, test in zip(("publisher.py", "subscriber.py"), programs, (test_publisher, test_subscriber)):
            (folder / name).write_text(text, encoding="utf-8")
            service = Service(folder)
            test(folder, service, folder / name)
            service.close()
            print(name, "ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
