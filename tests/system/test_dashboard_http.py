#!/usr/bin/python3
# Whatever is sent to the dashboard's page: it is refused or bounded, others are served, and the service goes on.
# SPDX-License-Identifier: Apache-2.0
# ctest-timeout: 600
import os
import random
import re
import resource
import select
import socket
import sys
import time
from urllib.parse import urlsplit

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import dashboard
import world
from clients import seed_of
from dashboard import Stream, fetch
from deployment import Case, main, wait_for

HOST = b"Host: 127.0.0.1\r\n"


class Hostile(Case):
    def setUp(self):
        self.d = dashboard.add_dashboard(self.deployment("ipc"))
        self.office = self.d.publisher("office")
        world.put_parties(self.office)
        world.open_event(self.d, self.office, "E1", world.rules(900, maximum=800))
        wait_for(lambda: "E1" in dashboard.kind(self.d, "seats"), "the event")
        parts = urlsplit(dashboard.url(self.d))
        self.place = (parts.hostname, parts.port)

    def connect(self, octets=b""):
        connection = socket.create_connection(self.place, timeout=20)
        self.addCleanup(connection.close)
        if octets:
            connection.sendall(octets)
        return connection

    @staticmethod
    def rest(connection):
        """All that comes until the other side ends it."""
        answer = b""
        try:
            while part := connection.recv(65536):
                answer += part
        except ConnectionResetError:
            pass
        return answer

    def status(self, octets):
        """Of the answer; 0: the connection was ended without one."""
        try:
            answer = self.rest(self.connect(octets))
        except (BrokenPipeError, ConnectionResetError):
            return 0
        found = re.match(rb"HTTP/1\.[01] (\d{3})", answer)
        self.assertEqual(len(re.findall(rb"HTTP/1\.[01] \d{3} ", answer)), 1 if found else 0, "one request, one answer")
        return int(found.group(1)) if found else 0

    def served(self):
        self.assertEqual(fetch(self.d, "/health").status, 200)
        self.assertEqual(fetch(self.d, "/api/seats/E1").status, 200)
        self.d.dashboard.check_alive()

    def metric(self, name):
        return int(re.search(rf"^{name} (\d+)$", fetch(self.d, "/metrics").text, re.M).group(1))

    def test_requests_that_are_none(self):
        refused = {
            "two hosts": b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
            "no host": b"GET / HTTP/1.1\r\n\r\n",
            "no host, 1.0": b"GET / HTTP/1.0\r\n\r\n",
            "empty host": b"GET / HTTP/1.1\r\nHost:\r\n\r\n",
            "host with a path": b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
            "two lengths": b"GET / HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
            "length and chunks": b"GET / HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
            "chunks": b"GET / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "a body": b"GET / HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\nabc",
            "signed length": b"GET / HTTP/1.1\r\n" + HOST + b"Content-Length: +0\r\n\r\n",
            "a nul": b"GET /%00 HTTP/1.1\r\n" + HOST + b"\r\n",
            "a nul behind": b"GET /app.js%00.html HTTP/1.1\r\n" + HOST + b"\r\n",
            "a raw nul": b"GET /\x00 HTTP/1.1\r\n" + HOST + b"\r\n",
            "a nul in a host": b"GET / HTTP/1.1\r\nHost: 127.0.0.1\x00.other.example\r\n\r\n",
            "a nul in a header": b"GET / HTTP/1.1\r\n" + HOST + b"X: a\x00b\r\n\r\n",
            "a nul behind a header": b"GET / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding\x00: chunked\r\n\r\n",
            "up": b"GET /../etc/passwd HTTP/1.1\r\n" + HOST + b"\r\n",
            "up, escaped": b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n" + HOST + b"\r\n",
            "up, twice": b"GET /event/..%2f..%2fx HTTP/1.1\r\n" + HOST + b"\r\n",
            "backslash": b"GET /..%5cx HTTP/1.1\r\n" + HOST + b"\r\n",
            "header within": b"GET /%0d%0aSet-Cookie:x HTTP/1.1\r\n" + HOST + b"\r\n",
            "absolute": b"GET http://other.example/ HTTP/1.1\r\n" + HOST + b"\r\n",
            "long": b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
            "huge header": b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 20000 + b"\r\n\r\n",
            "many headers": b"GET / HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 100 + b"\r\n",
            "post": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\n\r\n",
            "trace": b"TRACE / HTTP/1.1\r\n" + HOST + b"\r\n",
            "connect": b"CONNECT a:1 HTTP/1.1\r\n" + HOST + b"\r\n",
            "no method": b"BREW / HTTP/1.1\r\n" + HOST + b"\r\n",
            "version": b"GET / HTTP/9.9\r\n" + HOST + b"\r\n",
            "no http": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\r\n\r\n",
            "empty lines": b"\r\n\r\n\r\n",
        }
        for name, octets in refused.items():
            status = self.status(octets)
            self.assertTrue(status == 0 or 400 <= status < 600, f"{name}: {status}")
            self.assertNotIn(status, (500, 502), name)
        self.assertEqual(self.status(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"), 200)
        # The same in two parts, the NUL in the second.
        connection = self.connect(b"GET / HTTP/1.1\r\nHost: 127.0.0.1")
        self.served()
        connection.sendall(b"\x00.other.example\r\n\r\n")
        self.assertIn(b" 400 ", self.rest(connection)[:20])
        # Behind one request there is no second.
        self.assertEqual(self.status(b"GET /health HTTP/1.1\r\n" + HOST + b"\r\nGET /metrics HTTP/1.1\r\n" + HOST + b"\r\n"), 200)
        self.served()

    def test_every_answer_has_the_strict_headers(self):
        """Also those that the HTTP library gives by itself, to what it cannot read."""
        wanted = {name: value for name, value in fetch(self.d, "/").headers.items()
                  if name.lower() in ("content-security-policy", "x-content-type-options", "referrer-policy", "x-frame-options", "cross-origin-opener-policy",
                                      "cross-origin-resource-policy")}
        self.assertEqual(len(wanted), 6)
        asked = {
            400: b"GET / HTTP/9.9\r\n" + HOST + b"\r\n", 404: b"GET /nothing HTTP/1.1\r\n" + HOST + b"\r\n",
            405: b"DELETE / HTTP/1.1\r\n" + HOST + b"\r\n", 413: b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 99999\r\n\r\n",
            501: b"BREW / HTTP/1.1\r\n" + HOST + b"\r\n", "trace": b"TRACE / HTTP/1.1\r\n" + HOST + b"\r\n", "lines": b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
            "huge": b"GET / HTTP/1.1\r\nX: " + b"a" * 20000 + b"\r\n\r\n",
            "expects": b"POST / HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 99999\r\n\r\n",
            "expects more": b"POST / HTTP/1.1\r\n" + HOST + b"Expect: the-moon\r\nContent-Length: 5\r\n\r\n",
            "chunks": b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
        }
        before, answered = self.metric("convene_dashboard_refused_total"), 0
        for status, octets in asked.items():
            answer = self.rest(self.connect(octets))
            if not answer and not isinstance(status, int):
                continue  # ended without a word
            head, _, _ = answer.partition(b"\r\n\r\n")
            lines = head.decode("ascii").split("\r\n")
            self.assertRegex(lines[0], rf"^HTTP/1\.[01] {status if isinstance(status, int) else '[45][0-9][0-9]'} ", octets[:60])
            for name, value in wanted.items():
                self.assertEqual([line for line in lines[1:] if line.lower().startswith(name.lower() + ":")], [f"{name}: {value}"], (octets[:60], answer))
            self.assertTrue(all(": " in line for line in lines[1:]), lines)
            answered += 1
        self.assertGreaterEqual(answered, 7)
        self.assertGreater(self.metric("convene_dashboard_refused_total"), before)
        self.served()

    def test_whatever_octets(self):
        random_ = random.Random(seed_of())
        good = b"GET /event/E1?lang=ru HTTP/1.1\r\n" + HOST + b"Accept-Language: ru;q=0.5, en\r\nLast-Event-ID: 0-1\r\nIf-None-Match: \"x\"\r\n\r\n"
        connections = []
        for i in range(1500):
            octets = bytearray(good)
            for _ in range(random_.randrange(1, 6)):
                at = random_.randrange(len(octets))
                what = random_.randrange(4)
                if what == 0:
                    octets[at] = random_.randrange(256)
                elif what == 1:
                    del octets[at:at + random_.randrange(1, 20)]
                    octets = octets or bytearray(b"x")
                elif what == 2:
                    octets[at:at] = random_.randbytes(random_.randrange(1, 8))
                else:
                    octets[at:at] = octets[at:at + random_.randrange(1, 60)]
            connections.append(self.connect(bytes(octets)))
            if len(connections) == 50 or i == 1499:
                for connection in connections:
                    connection.close()
                connections = []
        self.served()

    def test_slow_and_silent_connections(self):
        """Half a request, octet after octet, or nothing: ended after its time, and nobody else notices."""
        begun = time.monotonic()
        slow = [self.connect(b"GET / HTTP/1.1\r\n") for _ in range(20)]
        silent = [self.connect() for _ in range(20)]
        ended = set()

        def all_ended():
            for connection in slow:
                if connection not in ended:
                    try:
                        connection.sendall(b"X: y\r\n")  # always something new
                    except OSError:
                        ended.add(connection)
            for connection in select.select([c for c in slow + silent if c not in ended], [], [], 0)[0]:
                try:
                    if not connection.recv(65536):
                        ended.add(connection)
                except OSError:
                    ended.add(connection)
            return len(ended) == 40
        self.served()
        wait_for(all_ended, lambda: f"{len(ended)} of 40 ended", 40, pause=0.2)
        self.assertGreater(time.monotonic() - begun, 5)
        self.served()

    def test_a_flood_of_connections(self):
        """More at once than may be young: the oldest go, a request that is whole is answered meanwhile."""
        flood = []
        for _ in range(1500):
            connection = socket.socket()
            connection.setblocking(False)
            self.addCleanup(connection.close)
            connection.connect_ex(self.place)
            flood.append(connection)
            if len(flood) % 300 == 0:
                self.served()
        self.assertLess(self.metric("convene_dashboard_connections"), 300)
        self.assertLess(self.d.dashboard.open_files(), 500)
        self.served()

    def test_a_herd(self):
        """Many come at once, as after a restart, each with its request: all are answered, none is taken for silent."""
        self.d.dashboard.freeze()
        herd = [self.connect(b"GET /health HTTP/1.1\r\n" + HOST + b"\r\n") for _ in range(450)]
        self.d.dashboard.thaw()
        answers = [self.rest(connection)[:15] for connection in herd]
        self.assertEqual(answers.count(b"HTTP/1.1 200 OK"), 450)
        self.assertEqual(self.metric("convene_dashboard_connections_cut_total"), 0)

    def test_a_stream_that_is_not_read_is_cut(self):
        before = self.d.dashboard.pss_kib()
        deaf = []
        for _ in range(30):
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(self.place)
            connection.sendall(b"GET /stream HTTP/1.1\r\n" + HOST + b"\r\n")
            self.addCleanup(connection.close)
            deaf.append(connection)
        good = Stream(self.d)
        good.until(lambda: good.kinds.get("seats"), "the snapshot")
        wait_for(lambda: self.metric("convene_dashboard_streams") == 31, "all open")
        titles = 0

        def all_cut():
            nonlocal titles
            titles += 1
            world.decide(self.office, "scheduling.event.change", {"event": "E1", "title": f"Title {titles} " + "x" * 150, "note": "n" * 1900, "reason": "r" * 1900})
            good.until(lambda: good.kinds["event"]["E1"]["title"].startswith(f"Title {titles} "), "the others are told")
            return self.metric("convene_dashboard_streams") == 1
        wait_for(all_cut, lambda: f"{self.metric('convene_dashboard_streams')} streams after {titles} changes", 240, pause=0)
        self.assertEqual(self.metric("convene_dashboard_streams_cut_total"), 30)
        with open(f"/proc/{self.d.dashboard.pid}/maps", encoding="utf-8") as file:
            allowed = 300 << 10 if "libasan" in file.read() else 20 << 10  # a sanitizer keeps what is freed for a while
        self.assertLess(self.d.dashboard.pss_kib() - before, allowed, "what waits for them is shared")
        good.close()

    def test_a_stream_that_talks_is_cut(self):
        connection = self.connect(b"GET /stream HTTP/1.1\r\n" + HOST + b"\r\n")
        wait_for(lambda: self.metric("convene_dashboard_streams") == 1, "open")
        try:
            for _ in range(200):
                connection.sendall(b"x" * 65536)
        except OSError:
            pass
        wait_for(lambda: self.metric("convene_dashboard_streams") == 0, "cut")
        self.served()

    def test_streams_whose_client_vanishes(self):
        streams = [Stream(self.d) for _ in range(50)]
        wait_for(lambda: self.metric("convene_dashboard_streams") == 50, "open")
        for stream in streams:
            stream.close()
        wait_for(lambda: self.metric("convene_dashboard_streams") == 0, "noticed")
        # Stopped with streams open it stops in order.
        more = [Stream(self.d) for _ in range(20)]
        self.assertEqual(self.d.dashboard.stop(), 0)
        for stream in more:
            with self.assertRaises((EOFError, ConnectionResetError)):
                stream.until(lambda: False, "the end")
            stream.close()

    def test_few_files(self):
        """A process that may open only few files serves fewer at once and stays itself."""
        self.d.dashboard.stop()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        command = self.d.dashboard.command
        self.d.dashboard.command = lambda extra=(): ["/usr/bin/prlimit", "--nofile=300:300", *command(extra)]
        self.d.dashboard.start()
        self.assertGreater(hard, 300, soft)
        self.place = (urlsplit(dashboard.url(self.d)).hostname, urlsplit(dashboard.url(self.d)).port)
        streams = []
        for _ in range(250):
            connection = socket.create_connection(self.place, timeout=20)
            connection.sendall(b"GET /stream HTTP/1.1\r\n" + HOST + b"\r\n")
            self.addCleanup(connection.close)
            streams.append(connection)
        wait_for(lambda: self.metric("convene_dashboard_streams") >= 64, "streams")
        world.decide(self.office, "registration.register", world.delegation("E1", "KZ", 2))
        wait_for(lambda: dashboard.kind(self.d, "seats")["E1"]["confirmed"] == 2, "it goes on")


if __name__ == "__main__":
    main()
