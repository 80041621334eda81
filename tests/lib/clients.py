# clients: a publisher that repeats until it is answered, a follower that repairs its gaps, and a question socket.
# SPDX-License-Identifier: Apache-2.0
"""Each is for one thread. What a client sees against the protocol (an outcome that changes, a record that differs from
the one seen before, an answer of a wrong shape) raises Violation at once: that is what the tests are looking for."""
import os
import time

import zmq

import cvwire
from cvwire import Position, pack, unpack


class Violation(AssertionError):
    """The service broke a promise."""


class Refused(Exception):
    """convene.log.refused.v1, as an exception."""

    def __init__(self, data):
        super().__init__(f"{data['code']}: {data['text']}")
        self.code, self.data = data["code"], data


class Log:
    """Questions to one service, each asked until it is answered."""

    def __init__(self, deployment, service, who="office", context=None):
        self._deployment, self.service, self._who, self._context = deployment, service, who, context
        self._socket, self._unanswered = None, 0
        self._connect()

    def _connect(self):
        if self._socket:
            self._socket.close(0)
        self._socket = self._deployment.connect(zmq.DEALER, self.service, "log", self._who, self._context)

    def close(self):
        self._socket.close(0)

    def ask_once(self, kind, data, patience=1.0, **attributes):
        """One question, one answer as (type, data, whole message, raw octets); None when there is no answer in time."""
        question = cvwire.message(kind, data, **attributes)
        end = time.monotonic() + patience
        if not self._socket.poll(patience * 1000, zmq.POLLOUT):
            return None
        self._socket.send(pack(question))
        while True:
            left = end - time.monotonic()
            if left <= 0 or not self._socket.poll(left * 1000):
                return None
            frames = self._socket.recv_multipart()
            if len(frames) != 1:
                raise Violation(f"an answer of {len(frames)} frames")
            answer = unpack(frames[0])
            if answer.get("causationid") == question["id"]:
                return answer["type"], answer["data"], answer, frames[0]

    def ask(self, kind, data, timeout=10.0):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            answer = self.ask_once(kind, data, min(1.0, max(0.05, end - time.monotonic())))
            if answer is None:
                self._unanswered += 1
                if self._unanswered % 3 == 0:
                    self._connect()
                continue
            self._unanswered = 0
            if answer[0] == "convene.log.refused.v1":
                raise Refused(answer[1])
            return answer[1]
        raise TimeoutError(f"no answer of {self.service} to {kind} within {timeout} s")

    def query_page(self, what, key=None, after=None, limit=None, timeout=10.0):
        data = {"what": what}
        data.update({k: v for k, v in (("key", key), ("after", after), ("limit", limit)) if v is not None})
        return self.ask("convene.log.query.v1", data, timeout)

    def query(self, what, key=None, limit=None, timeout=10.0):
        """All pages of an answer, as messages."""
        found, after = [], None
        while True:
            page = self.query_page(what, key, after, limit, timeout)
            found += [unpack(record) for record in page["records"]]
            if page["last"]:
                return found
            if "next" not in page or page["next"] == after:
                raise Violation(f"a page that is not the last and does not say how to go on: {page.get('next')}")
            after = page["next"]

    def remembered(self, request_id):
        """Octets of the outcome a service remembers for an id, or None."""
        try:
            page = self.query_page("request", request_id)
        except Refused as refused:
            if refused.code == "NOTFOUND":
                return None
            raise
        return page["records"][0] if page["records"] else None

    def fetch(self, stream, position=Position(), timeout=10.0, **options):
        return self.ask("convene.log.fetch.v1", {"stream": stream, "epoch": position.epoch, "after": position.seq,
                                                 "chain": position.chain, **options}, timeout)

    def ack(self, stream, consumer, epoch, cursor):
        return self.ask("convene.log.ack.v1", {"stream": stream, "consumer": consumer, "epoch": epoch, "cursor": cursor})

    def snapshot(self, stream):
        """Records and position of a whole snapshot."""
        records, page, position = [], 0, None
        for _ in range(10000):
            data = self.ask("convene.log.snapshot.v1", {"stream": stream, "page": page, **({"position": position} if page else {})})
            if page and data["position"] != position:
                raise Violation("a page of another snapshot")
            if data["page"] != page:
                raise Violation(f"page {data['page']} when {page} was asked for")
            records, position, page = records + data["records"], data["position"], page + 1
            if data["last"]:
                return records, Position(position)
        raise Violation("a snapshot without an end")

    def opened(self, stream):
        """Every message of a private stream as it can be read now; what cannot be opened any more as it stands."""
        messages, position = [], Position()
        while True:
            batch = self.fetch(stream, position)
            if position.seq == 0:
                position = Position.of(batch["epoch"], batch["after"], bytes(32))
            for record, opened in zip(batch["records"], batch.get("opened") or [b"\xc0"] * len(batch["records"])):
                messages.append(cvwire.unpack(record if opened == b"\xc0" else opened))
                position = position.next(record)
            if position.seq == batch["head"]:
                return messages

    def stream(self, stream, position=Position()):
        """Every record after a place and the place after the last, by fetch alone."""
        records = []
        while True:
            batch = self.fetch(stream, position)
            if batch["after"] != position.seq:
                raise Violation(f"asked after {position.seq}, got after {batch['after']}")
            if position.seq == 0:
                position = Position.of(batch["epoch"], 0, bytes(32))
            if batch["epoch"] != position.epoch:
                raise Violation("records of another epoch in a batch")
            for record in batch["records"]:
                position = position.next(record)
                records.append(record)
            if position.seq > batch["head"]:
                raise Violation(f"records beyond the head {batch['head']}")
            if position.seq == batch["head"]:
                return records, position
            if not batch["records"]:
                raise Violation(f"an empty batch below the head {batch['head']} at {position}")


class Outcome:
    """What came back: octets as they were, and the message in them."""

    def __init__(self, raw):
        self.raw, self.message = raw, unpack(raw)
        self.data, self.id = self.message["data"], self.message["causationid"]

    @property
    def klass(self):
        return self.data["class"]

    @property
    def code(self):
        return self.data["code"]

    def __repr__(self):
        return f"{self.klass} {self.code}: {self.data['text']}"


class Request:
    """One request on the way. `outcome` is what ended it, `seen` all octets that came for it."""

    def __init__(self, service, octets, request_id, sent_as):
        self.service, self.octets, self.id, self.sent_as = service, octets, request_id, sent_as
        self.outcome, self.seen, self.sends, self.next_send, self.delay = None, [], 0, 0.0, 0.25


class Publisher:
    """Publishes requests to any service and repeats them until they are decided (section 4 of the protocol).

    decided: every decided outcome this publisher ever saw, id -> octets. A second, different one is a Violation."""

    def __init__(self, deployment, who="office", context=None, hasty=1.0, inbox=None):
        self._deployment, self.who, self._context = deployment, who, context
        self.inbox = inbox or cvwire.new_inbox()
        name = "local" if deployment.security == "none" else getattr(who, "name", who)  # as the service knows us
        self._topic = f"outcome.{name}.{self.inbox}|".encode()
        self._hasty = hasty  # factor on the times to wait before repeating
        self._pubs, self._subs, self._ready = {}, {}, {}
        self._poller = zmq.Poller()
        self.waiting, self.decided, self.others = {}, {}, []
        self.repeats = 0

    def close(self):
        for socket in [*self._pubs.values(), *self._subs.values()]:
            socket.close(0)
        self._pubs, self._subs = {}, {}

    def connect(self, service):
        if service in self._pubs:
            return
        feed = self._deployment.connect(zmq.SUB, service, "feed", self.who, self._context)
        feed.subscribe(self._topic)
        self._subs[service] = feed
        self._poller.register(feed, zmq.POLLIN)
        self._pubs[service] = self._deployment.connect(zmq.XPUB, service, "intake", self.who, self._context)
        self._poller.register(self._pubs[service], zmq.POLLIN)
        self._ready[service] = False

    def is_ready(self, service):
        return self._ready.get(service, False)

    def build(self, kind, data, id=None, **attributes):  # pylint: disable=redefined-builtin
        attributes.setdefault("inbox", self.inbox)
        return cvwire.message(kind, data, id=id or cvwire.uuid7(), **attributes)

    def submit(self, kind, data, id=None, **attributes):  # pylint: disable=redefined-builtin
        """Starts a request; `kind` without "convene." and version: "registration.register"."""
        whole = self.build(f"convene.{kind}.v1", data, id, **attributes)
        return self.submit_octets(kind.split(".", 1)[0], pack(whole), whole["id"])

    def submit_octets(self, service, octets, request_id):
        self.connect(service)
        request = Request(service, octets, request_id, time.monotonic())
        self.waiting[request_id] = request
        return request

    def send_raw(self, service, frames):
        """Frames as they are, once; False when the service has not subscribed yet or the pipe is full."""
        self.connect(service)
        try:
            self._pubs[service].send_multipart(frames, zmq.DONTWAIT)
            return True
        except zmq.Again:
            return False

    @staticmethod
    def _together(requests):
        """What is due, in frames of one service each: at most 256 requests and 64 KiB, or one longer request."""
        frame = []
        for request in sorted(requests, key=lambda r: r.service):
            if frame and (frame[0].service != request.service or len(frame) == 256 or
                          sum(len(r.octets) for r in frame) + len(request.octets) > 64 * 1024):
                yield frame
                frame = []
            frame.append(request)
        if frame:
            yield frame

    def _send_due(self):
        now = time.monotonic()
        waiting = [r for r in self.waiting.values() if self._ready[r.service]]
        for frame in self._together(r for r in waiting if r.next_send <= now):
            service = frame[0].service
            try:
                self._pubs[service].send_multipart([f"request.{service}|".encode(), b"".join(r.octets for r in frame)], zmq.DONTWAIT)
            except zmq.Again:
                for request in frame:
                    request.next_send = now + 0.005
                continue
            for request in frame:
                request.sends += 1
                self.repeats += request.sends > 1
                request.next_send = now + request.delay * self._hasty
                request.delay = min(request.delay * 2, 5.0)
        return min((r.next_send for r in waiting), default=None)

    def _heard(self, octets):
        outcome = Outcome(octets)
        if outcome.klass in cvwire.DECIDED:
            before = self.decided.setdefault(outcome.id, octets)
            if before != octets:
                raise Violation(f"two different decisions for {outcome.id}:\n{unpack(before)}\n{unpack(octets)}")
        request = self.waiting.get(outcome.id)
        if request is None:
            self.others.append(outcome)
            return
        request.seen.append(octets)
        if outcome.klass in ("BUSY", "UNAVAILABLE") and not getattr(request, "once", False):
            request.next_send = time.monotonic() + max(outcome.data.get("retry_after_ms", 1000) / 1000, 0.05)
            return
        request.outcome = outcome
        del self.waiting[outcome.id]

    def pump(self, timeout=0.05):
        """One turn: sends what is due, takes what has come. Returns whether anything came."""
        next_due = self._send_due()
        if next_due is not None:
            timeout = max(0.0, min(timeout, next_due - time.monotonic()))
        came = False
        for socket, _ in self._poller.poll(timeout * 1000):
            for _ in range(500):
                try:
                    frames = socket.recv_multipart(zmq.DONTWAIT)
                except zmq.Again:
                    break
                came = True
                service = next(s for s, x in [*self._pubs.items(), *self._subs.items()] if x is socket)
                if socket is self._pubs[service]:
                    if frames[0][1:] == f"request.{service}|".encode():
                        self._ready[service] = frames[0][0] == 1
                        if self._ready[service]:
                            for request in self.waiting.values():
                                if request.service == service:
                                    request.next_send = 0.0
                else:
                    if len(frames) != 2 or frames[0] != self._topic:
                        raise Violation(f"not an outcome for {self.inbox}: {frames[0]!r}, {len(frames)} frames")
                    for octets in cvwire.split(frames[1]):
                        self._heard(octets)
        return came

    def wait_ready(self, service, deadline=30):
        self.connect(service)
        end = time.monotonic() + deadline
        while not self._ready[service]:
            self.pump(0.1)
            if time.monotonic() > end:
                raise TimeoutError(f"{service} did not subscribe to {self.who} within {deadline} s")
        return self

    def wait(self, requests, deadline=30):
        requests = [requests] if isinstance(requests, Request) else list(requests)
        end = time.monotonic() + deadline
        while any(r.outcome is None for r in requests):
            self.pump(0.2)
            if time.monotonic() > end:
                missing = [r.id for r in requests if r.outcome is None]
                raise TimeoutError(f"{self.who}: {len(missing)} of {len(requests)} requests without outcome, "
                                   f"ready {self._ready}, first {missing[0]}")
        return [r.outcome for r in requests]

    def ask(self, kind, data, id=None, deadline=30, once=False, **attributes):  # pylint: disable=redefined-builtin
        """One request and its outcome. once: BUSY and UNAVAILABLE end it too."""
        request = self.submit(kind, data, id, **attributes)
        request.once = once
        return self.wait(request, deadline)[0]

    def silent(self, kind, data, seconds, id=None, **attributes):  # pylint: disable=redefined-builtin
        """True when a request gets no outcome, although it is sent for so many seconds."""
        request = self.submit(kind, data, id, **attributes)
        end = time.monotonic() + seconds
        while time.monotonic() < end and request.outcome is None:
            self.pump(0.1)
        self.waiting.pop(request.id, None)
        return request.outcome is None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Follower:
    """Follows one stream by the table of section 6, in memory. applied: all records in order, positions beside them.

    live: what was seen on the feed, (epoch, sequence) -> octets; it must never differ from what is fetched."""

    def __init__(self, deployment, service, stream, who="mirror", context=None, window=1000):
        self.service, self.stream = service, stream
        self._topic = f"{stream}|".encode()
        self._feed = deployment.connect(zmq.SUB, service, "feed", who, context)
        self._feed.subscribe(self._topic)
        self._log = Log(deployment, service, who, context)
        self.position, self.applied, self.positions = Position(), [], []
        self.live, self._window, self._limit = {}, {}, window
        self.heads, self.fetches, self.snapshots, self.halted = 0, 0, [], None
        self.restored = False
        self._last_heard = 0.0

    def close(self):
        self._feed.close(0)
        self._log.close()

    def _apply(self, record, expected=None):
        position = self.position.next(record)
        if expected is not None and position != expected:
            raise Violation(f"chain of {self.stream} broken at {position} against {expected}")
        seen = self.live.get((position.epoch, position.seq))
        if seen is not None and seen != record:
            raise Violation(f"{self.stream} {position}: fetched octets differ from those on the feed")
        self.position = position
        self.applied.append(record)
        self.positions.append(position)

    def fetch(self, timeout=5.0):
        """Until there is no more; snapshot and halt as told. False: no answer."""
        self.fetches += 1
        while self.halted is None:
            try:
                batch = self._log.fetch(self.stream, self.position, timeout)
            except TimeoutError:
                return False
            except Refused as refused:
                if refused.code in ("EPOCH", "PRUNED"):
                    self.snapshot()
                    continue
                if refused.code in ("BUSY", "UNAVAILABLE"):
                    return False
                self.halted = refused
                return False
            if self.position.seq == 0:
                self.position = Position.of(batch["epoch"], 0, bytes(32))
            for record in batch["records"]:
                self._apply(record)
            if self.position.seq >= batch["head"]:
                self._drain_window()
                return True
            if not batch["records"]:
                raise Violation(f"an empty batch below the head {batch['head']}")
        return False

    def snapshot(self):
        records, self.position = self._log.snapshot(self.stream)
        self.snapshots.append((self.position, records))
        self.applied, self.positions, self._window = [], [], {}

    def _drain_window(self):
        for seq in [s for s in self._window if s <= self.position.seq]:
            del self._window[seq]
        while self.position.seq + 1 in self._window:
            expected, record = self._window.pop(self.position.seq + 1)
            if expected.epoch == self.position.epoch:
                self._apply(record, expected)

    def _take(self, frames):
        if frames[0] != self._topic or len(frames) not in (2, 3):
            raise Violation(f"{len(frames)} frames under {frames[0]!r}")
        position = Position(frames[1])
        self._last_heard = time.monotonic()
        if len(frames) == 2:
            self.heads += 1
            return position != self.position  # higher, lower or another epoch: ask
        ask = False
        for i, record in enumerate(cvwire.split(frames[2])):
            position = position.next(record) if i else position
            ask |= self._take_record(position, record)
        return ask

    def _take_record(self, position, record):
        key = (position.epoch, position.seq)
        if self.live.setdefault(key, record) != record:
            raise Violation(f"{self.stream} {position} was published with other octets before")
        if position.epoch == self.position.epoch and position.seq <= self.position.seq:
            mine = self.positions[position.seq - 1 - (self.position.seq - len(self.positions))] if self.positions else None
            if mine and mine.seq == position.seq and mine != position:
                raise Violation(f"{self.stream} {position} against {mine} applied before")
            return False
        if position.epoch == self.position.epoch and position.seq == self.position.seq + 1:
            if self.position.next(record) != position:
                return True
            self._apply(record, position)
            self._drain_window()
            return False
        if len(self._window) < self._limit:
            self._window[position.seq] = (position, record)
        return True

    def pump(self, timeout=0.05):
        """One turn. Fetches when the table says so."""
        ask = self._last_heard == 0.0 or time.monotonic() - self._last_heard > 3
        if ask:
            self._last_heard = time.monotonic()
        if self._feed.poll(0 if ask else timeout * 1000):
            for _ in range(1000):
                try:
                    ask |= self._take(self._feed.recv_multipart(zmq.DONTWAIT))
                except zmq.Again:
                    break
        if ask and self.halted is None:
            self.fetch()

    def until(self, fact, what, deadline=30):
        end = time.monotonic() + deadline
        while not fact():
            self.pump(0.1)
            if time.monotonic() > end:
                raise AssertionError(f"follower of {self.stream} at {self.position}, halted {self.halted}: "
                                     f"not within {deadline} s: {what}")

    def messages(self):
        return [unpack(record) for record in self.applied]


def seed_of(default=None):
    """SEED of the environment or a new one, printed so that a failure can be repeated."""
    seed = int(os.environ.get("SEED", default if default is not None else int.from_bytes(os.urandom(4), "big")))
    print(f"SEED={seed}", flush=True)
    return seed
