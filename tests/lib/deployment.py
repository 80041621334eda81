# deployment: starts, kills, freezes and inspects real services as processes, in a folder and at ports of their own.
# SPDX-License-Identifier: Apache-2.0
"""A test uses `with Deployment() as d:`. At the end every process it started is stopped in order, and its log is
searched for what a sanitizer or an assertion says: that fails the test whatever else it saw."""
import fcntl
import json
import os
import re
import shutil
import signal
import socket as plain_socket
import subprocess
import sys
import tempfile
import time
import unittest

import zmq

import cvwire
from clients import Log, Publisher, Follower

SERVICES = ("scheduling", "registration", "notifications")
PORTS = range(24700, 24800, 10)  # one deployment takes ten in a row
PLUS = {"intake": 0, "feed": 1, "log": 2}
FINDINGS = re.compile(r"AddressSanitizer|LeakSanitizer|UndefinedBehavior|runtime error:|Assertion|assertion failed|Sanitizer:")
DEADLINE = float(os.environ.get("CONVENE_TEST_DEADLINE", "30"))  # of any single thing waited for


def bin_dir():
    path = os.environ.get("CONVENE_BIN", "")
    if not os.path.exists(os.path.join(path, "convene-registration")):
        print(f"skipped: no convene-registration in CONVENE_BIN={path!r}")
        sys.exit(77)
    return path


def wait_for(fact, what, deadline=None, pause=0.02):
    """Polls until fact() is true and returns it; fails with what was waited for. The only clock of the tests."""
    end = time.monotonic() + (deadline or DEADLINE)
    while True:
        value = fact()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline or DEADLINE:.0f} s: {what() if callable(what) else what}")
        time.sleep(pause)


class PortBlock:
    """Ten ports nobody else has: a lock file each, so tests can run side by side."""

    def __init__(self):
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            for first in PORTS:
                handle = open(os.path.join(tempfile.gettempdir(), f"convene-test-ports-{first}.lock"), "w", encoding="ascii")
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    handle.close()
                    continue
                if self._free(first):
                    self.first, self._handle = first, handle
                    return
                handle.close()
            time.sleep(0.2)
        raise AssertionError("no free block of ports between 24700 and 24799")

    @staticmethod
    def _free(first):
        for port in range(first, first + 10):
            with plain_socket.socket() as probe:
                probe.setsockopt(plain_socket.SOL_SOCKET, plain_socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    return False
        return True

    def close(self):
        self._handle.close()


class Service:
    """One process: its command line, log file and life."""

    def __init__(self, deployment, name):
        self.deployment, self.name = deployment, name
        self.process, self.frozen, self.expected, self.starts = None, False, None, 0
        self.log_path = os.path.join(deployment.root, f"{name}.out")  # NAME.log may be an ipc socket

    @property
    def pid(self):
        return self.process.pid

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def command(self, extra=()):
        line = [os.path.join(self.deployment.bin, f"convene-{self.name}")]
        for key, value in {**self.deployment.settings, **self.deployment.own_settings.get(self.name, {})}.items():
            line += ["--set", f"{key}={value}"]
        return line + list(extra)

    def start(self, ready=True):
        assert not self.running, f"{self.name} runs already"
        environment = dict(os.environ, **self.deployment.environment.get(self.name, {}))
        with open(self.log_path, "ab") as log:
            log_start = log.tell()
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, env=environment,
                                            stdin=subprocess.DEVNULL, cwd=self.deployment.root)
        self.frozen, self.expected = False, None
        self.starts += 1
        self._log_start = log_start
        if ready:
            self.wait_ready()
        return self

    def wait_ready(self, deadline=None):
        def is_ready():
            self.check_alive()
            try:
                return self.deployment.status(self.name, timeout=0.5)["ready"]
            except TimeoutError:
                return False
        wait_for(is_ready, lambda: f"{self.name} ready\n{self.tail()}", deadline)

    def was_ready(self):
        """Whether it has said so since it was started."""
        with open(self.log_path, "rb") as log:
            log.seek(self._log_start)
            return b'"event":"ready"' in log.read()

    def check_alive(self):
        if not self.running and self.expected is None:
            raise AssertionError(f"{self.name} ended by itself with {self.process.returncode}\n{self.tail()}")

    def kill(self):
        """kill -9, by the pid we started."""
        if self.running:
            self.expected = -signal.SIGKILL
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        self.frozen = False

    def freeze(self):
        if self.running:
            self.process.send_signal(signal.SIGSTOP)
            self.frozen = True

    def thaw(self):
        if self.running and self.frozen:
            self.process.send_signal(signal.SIGCONT)
        self.frozen = False

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self, deadline=None):
        """SIGTERM and the exit status; more than the deadline is a failure."""
        if not self.running:
            return self.process.returncode if self.process else None
        self.thaw()
        self.expected = 0
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(deadline or DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            raise AssertionError(f"{self.name} did not stop at SIGTERM\n{self.tail()}") from None

    def run(self, *extra, deadline=60, environment=None):
        """The program in the foreground, for what it says at once: CompletedProcess with text."""
        return subprocess.run(self.command(extra), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=deadline, env=dict(os.environ, **(environment or {})), cwd=self.deployment.root,
                              stdin=subprocess.DEVNULL, check=False)

    def log(self):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def tail(self, lines=25):
        return "\n".join(f"  {self.name}| {line}" for line in self.log().splitlines()[-lines:])

    def log_events(self):
        events = []
        for line in self.log().splitlines():
            if line.startswith("{"):
                try:
                    events.append(json.loads(line))
                except ValueError:
                    pass
        return events

    def pss_kib(self):
        """Proportional set size, from the kernel."""
        with open(f"/proc/{self.pid}/smaps_rollup", encoding="ascii") as file:
            return int(re.search(r"^Pss:\s+(\d+)", file.read(), re.M).group(1))

    def open_files(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))


class Deployment:
    """A folder, a block of ports or ipc paths, keys, and the services. Nothing is started before start()."""

    def __init__(self, transport="tcp", security=None, root=None, data=None, settings=None):
        self.bin = bin_dir()
        self.own_root = root is None
        self.root = root or tempfile.mkdtemp(prefix="cvt-")
        self.data = data or os.path.join(self.root, "data")
        os.makedirs(self.data, exist_ok=True)
        self.keys = os.path.join(self.root, "keys")
        self.security = security or ("curve" if transport == "tcp" else "none")
        self.ports = PortBlock() if transport == "tcp" else None
        self.endpoints = {}
        for i, name in enumerate(SERVICES):
            self.endpoints[name] = f"tcp://127.0.0.1:{self.ports.first + 3 * i}" if self.ports else f"ipc://{self.root}/{name}"
        self.settings = {"data": self.data, "keys": self.keys, "security": self.security, "store/reserve_mib": 1}
        self.settings.update({f"{name}/endpoint": endpoint for name, endpoint in self.endpoints.items()})
        self.settings.update(settings or {})
        self.own_settings, self.environment = {}, {}
        self.principals = {}
        self.context = zmq.Context()
        self.services = {name: Service(self, name) for name in SERVICES}
        self._logs, self.clients = {}, []
        if self.security == "curve":
            for name in SERVICES:
                self.add_principal(name, "service").write_secret(self.keys)
            for name, role, party in (("office", "secretariat", None), ("portal", "publisher", None), ("portal2", "publisher", None),
                                      ("watcher", "observer", None), ("ops", "operator", None), ("mirror", "service", None),
                                      ("kz", "focal_point", "KZ"), ("az", "focal_point", "AZ")):
                self.add_principal(name, role, party)

    # ---- parts

    def __getattr__(self, name):
        services = self.__dict__.get("services", {})
        if name in services:
            return services[name]
        raise AttributeError(name)

    @property
    def outbox(self):
        return os.path.join(self.data, "outbox")

    def database(self, name):
        return os.path.join(self.data, f"{name}.db")

    def add_principal(self, name, role, party=None, allow=True):
        principal = cvwire.Principal(name, role, party)
        if allow:
            principal.allow(self.keys)
        self.principals[name] = principal
        return principal

    def address(self, service, which):
        endpoint = self.endpoints[service]
        if endpoint.startswith("ipc:"):
            return f"{endpoint}.{which}"
        host, port = endpoint.rsplit(":", 1)
        return f"{host}:{int(port) + PLUS[which]}"

    def connect(self, kind, service, which, who="office", context=None, **options):
        """A socket of a client; `who` is a principal's name or a Principal of the test's own."""
        if self.security == "none":
            return cvwire.socket_of(context or self.context, kind, self.address(service, which), **options)
        principal = who if isinstance(who, cvwire.Principal) else self.principals[who]
        return cvwire.socket_of(context or self.context, kind, self.address(service, which),
                                self.principals[service].public, principal, **options)

    def publisher(self, who="office", **options):
        client = Publisher(self, who, **options)
        self.clients.append(client)
        return client

    def follower(self, service, stream, who="mirror", **options):
        client = Follower(self, service, stream, who, **options)
        self.clients.append(client)
        return client

    def log(self, service, who="office"):
        """The question socket of a principal, kept."""
        key = (service, who)
        if key not in self._logs:
            self._logs[key] = Log(self, service, who)
            self.clients.append(self._logs[key])
        return self._logs[key]

    # ---- life

    def start(self, *names):
        names = names or SERVICES
        for name in names:
            self.services[name].start(ready=False)
        for name in names:
            self.services[name].wait_ready()
        return self

    def status(self, service, who="ops", timeout=5.0):
        return self.log(service, who).query("status", timeout=timeout)[0]["data"]

    def counters(self, service):
        return {c["name"]: c["value"] for c in self.status(service)["counters"]}

    def head(self, service, stream):
        return next(s for s in self.status(service)["streams"] if s["name"] == stream)

    def follow_of(self, service, stream):
        return next(f for f in self.status(service)["follows"] if f["stream"] == stream)

    def settled(self):
        """True when every running service has applied all there is in the streams it follows."""
        heads, follows = {}, []
        for name, service in self.services.items():
            if not service.running:
                continue
            service.check_alive()
            try:
                status = self.status(name, timeout=1.0)
            except TimeoutError:
                return False
            heads.update({s["name"]: s["head"] for s in status["streams"]})
            follows += status["follows"]
        return all(f["state"] == "live" and f["cursor"] == heads.get(f["stream"], f["head"]) for f in follows)

    def wait_settled(self, deadline=None):
        """Settled, and then nothing new: notices come from what was applied."""
        def still():
            if not self.settled():
                return False
            before = [self.status(n)["streams"] for n, s in self.services.items() if s.running]
            return self.settled() and before == [self.status(n)["streams"] for n, s in self.services.items() if s.running]
        wait_for(still, lambda: f"followers up to date: {self.describe()}", deadline)

    def describe(self):
        lines = []
        for name, service in self.services.items():
            if service.running:
                try:
                    status = self.status(name, timeout=1.0)
                    lines.append(f"{name}: {[(s['name'], s['head']) for s in status['streams']]} follows "
                                 f"{[(f['stream'], f['state'], f['cursor'], f['head'], f.get('error')) for f in status['follows']]} "
                                 f"problems {status.get('problems')}")
                except TimeoutError:
                    lines.append(f"{name}: no answer")
            else:
                lines.append(f"{name}: not running")
        return "\n".join(lines)

    def findings(self):
        found = []
        for service in self.services.values():
            for line in service.log().splitlines():
                if FINDINGS.search(line):
                    found.append(f"{service.name}: {line}")
            if service.process and service.process.poll() is not None and service.expected is None:
                found.append(f"{service.name} ended by itself with {service.process.returncode}\n{service.tail()}")
        return found

    def stop(self):
        found = []
        for service in self.services.values():
            try:
                was_running, status = service.running, service.stop()
                if was_running and status != 0:
                    found.append(f"{service.name} stopped with status {status}\n{service.tail(60)}")
            except AssertionError as error:
                found.append(str(error))
        return found

    def close(self):
        for client in self.clients:
            client.close()
        found = self.stop() + self.findings()
        self.context.destroy(linger=0)
        if self.ports:
            self.ports.close()
        keep = os.environ.get("CONVENE_TEST_KEEP")
        if self.own_root and not keep:
            shutil.rmtree(self.root, ignore_errors=True)
        elif keep:
            print(f"kept: {self.root}")
        return found

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind and os.environ.get("CONVENE_TEST_VERBOSE"):
            for service in self.services.values():
                print(service.tail())
        found = self.close()
        if found and kind is None:
            raise AssertionError("\n".join(found))
        if found:
            print("also:\n" + "\n".join(found))


class Case(unittest.TestCase):
    """A test case with the helpers all of them need."""

    maxDiff = 2000

    def deployment(self, *args, start=True, **kwargs):
        deployment = Deployment(*args, **kwargs)
        self.addCleanup(self._close, deployment)
        if start:
            deployment.start(*(start if isinstance(start, (tuple, list)) else ()))
        return deployment

    def _close(self, deployment):
        found = deployment.close()
        if found:
            self.fail("\n".join(found))

    def assert_outcome(self, outcome, klass, code=None, field=None):
        """The outcome has this class (and code, field); says all of it when not."""
        self.assertIsNotNone(outcome, "no outcome at all")
        data = outcome.data
        self.assertEqual((data["class"], code and data["code"], field and data.get("field")), (klass, code, field), data)
        self.assertTrue(data["text"], data)
        return outcome


def main():
    """unittest's main with the exit status CTest knows: 0, 1, or 77 when everything was skipped."""
    program = unittest.main(exit=False, verbosity=2)
    result = program.result
    if not result.wasSuccessful():
        sys.exit(1)
    if result.testsRun and len(result.skipped) == result.testsRun:
        print("skipped: " + "; ".join(sorted({reason for _, reason in result.skipped})))
        sys.exit(77)
    sys.exit(0)
