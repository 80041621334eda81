# dashboard: a dashboard beside a test's deployment, and what it serves over HTTP.
# SPDX-License-Identifier: Apache-2.0
import http.client
import json
import signal
import socket
import time
from urllib.parse import urlsplit

from deployment import Service, wait_for


def add_dashboard(deployment, start=True, **settings):
    """Gives the deployment a fourth service, `dashboard`, with its page at a port that the system chooses."""
    d = deployment
    d.endpoints["dashboard"] = f"ipc://{d.root}/dashboard"  # a block of ten ports has no three left for it
    d.settings.update({"dashboard/endpoint": d.endpoints["dashboard"], "dashboard/http": "127.0.0.1:0", **settings})
    if d.security == "curve":
        d.add_principal("dashboard", "observer").write_secret(d.keys)
        for service in d.services.values():
            if service.running:
                service.signal(signal.SIGHUP)  # they read the keys again
    d.services["dashboard"] = Service(d, "dashboard")
    if start:
        d.dashboard.start()
        get = wait_for(lambda: (a := fetch(d, "/health")).status == 200 and a, lambda: f"health: {fetch(d, '/health').body}")
        assert get.json["ready"]
    return d


def url(deployment):
    """Where its page is since its last start."""
    ready = [e for e in deployment.dashboard.log_events() if e["event"] == "http_ready"]
    return ready[-1]["url"]


def keep_port(deployment):
    """From now on the page is where it is now, also after another start."""
    deployment.settings["dashboard/http"] = urlsplit(url(deployment)).netloc


class Answer:
    def __init__(self, answer):
        self.status, self.headers, self.body = answer.status, answer.headers, answer.read()

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)


def fetch(deployment, path, method="GET", **headers):
    parts = urlsplit(url(deployment))
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
    try:
        connection.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})
        return Answer(connection.getresponse())
    finally:
        connection.close()


def kind(deployment, name):
    """{key: entity} of one kind; {} while there is none."""
    answer = fetch(deployment, f"/api/{name}")
    return answer.json[name] if answer.status == 200 else {}


class Stream:
    """A browser's EventSource, as far as it goes: the entities as they are now."""

    def __init__(self, deployment, last=None):
        parts = urlsplit(url(deployment))
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=20)
        extra = f"Last-Event-ID: {last}\r\n" if last else ""
        self.socket.sendall(f"GET /stream HTTP/1.1\r\nHost: {parts.netloc}\r\n{extra}\r\n".encode())
        self.raw, self.last, self.kinds, self.events, self.times = b"", last, {}, [], []
        self.head = self._until(b"\r\n\r\n").decode()

    def _more(self):
        part = self.socket.recv(65536)
        if not part:
            raise EOFError("the stream ended")
        self.raw += part

    def _until(self, mark):
        while mark not in self.raw:
            self._more()
        found, self.raw = self.raw.split(mark, 1)
        return found

    def _chunk(self):
        size = int(self._until(b"\r\n"), 16)
        while len(self.raw) < size + 2:
            self._more()
        chunk, self.raw = self.raw[:size], self.raw[size + 2:]
        return chunk.decode()

    def take(self):
        """The next message: (event, data). A chunk is one message here."""
        fields = {}
        for line in self._chunk().strip("\n").split("\n"):
            name, _, value = line.partition(": ")
            fields[name] = value
        if "id" in fields:
            self.last = fields["id"]
        event, data = fields.get("event", "retry"), json.loads(fields["data"]) if "data" in fields else None
        if event == "snapshot":
            self.kinds = data["kinds"]
        elif event == "delta":
            for name, key, value in data["set"]:
                of = self.kinds.setdefault(name, {})
                if value is None:
                    of.pop(key, None)
                else:
                    of[key] = value
        self.events.append(event)
        return event, data

    def until(self, fact, what, deadline=30):
        end = time.monotonic() + deadline
        while not fact():
            if time.monotonic() > end:
                raise AssertionError(f"not within {deadline} s: {what}")
            self.take()

    def close(self):
        self.socket.close()
