# faults: lost feed messages, random kills and freezes, a disk that is full.
# SPDX-License-Identifier: Apache-2.0
import os
import random
import shutil
import struct
import subprocess
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))


def preload(deployment, name, services, **environment):
    """From its next start on a service runs with that library of ours before all others."""
    library = os.path.join(deployment.root, f"{name}.so")
    if not os.path.exists(library):
        compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        if compiler is None:
            raise unittest.SkipTest(f"no C compiler for the library {name}")
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, os.path.join(HERE, "preload", f"{name}.c"), "-ldl"], check=True)
    for service in services:
        options = os.environ.get("ASAN_OPTIONS", "")
        deployment.environment[service] = {"LD_PRELOAD": library, **environment,
                                           "ASAN_OPTIONS": (options + ":" if options else "") + "verify_asan_link_order=0"}


def drop_feed(deployment, percent, seed=1, services=None):
    """From its next start on a service loses so many of a hundred messages of its feed."""
    preload(deployment, "dropfeed", services or deployment.services, DROPFEED_PERCENT=str(percent), DROPFEED_SEED=str(seed))


class Clock:
    """The wall clock of one service, from its next start on: set() moves it while the service runs."""

    def __init__(self, deployment, service):
        self.path = os.path.join(deployment.root, f"{service}.clock")
        self.set(0)
        preload(deployment, "clock", [service], CLOCK_FILE=self.path)

    def set(self, ahead_ms):
        with open(self.path, "r+b" if os.path.exists(self.path) else "wb") as file:
            file.write(struct.pack("=q", ahead_ms))


class Chaos:
    """Random kills, freezes and restarts of any service, in any order, several at once; one turn() at a time."""

    ACTIONS = ("kill", "kill", "kill two", "kill all", "freeze", "freeze", "restart", "nothing")

    def __init__(self, deployment, rng):
        self.deployment, self.rng = deployment, rng
        self.due = []  # (when, service, what)
        self.done = dict.fromkeys(("kill", "freeze", "restart"), 0)

    def _later(self, service, what, low, high):
        self.due.append((time.monotonic() + self.rng.uniform(low, high), service, what))

    def turn(self):
        now = time.monotonic()
        for entry in [e for e in self.due if e[0] <= now]:
            self.due.remove(entry)
            _, service, what = entry
            if what == "start" and not service.running:
                service.start(ready=False)
            elif what == "thaw":
                service.thaw()
        services = list(self.deployment.services.values())
        self.rng.shuffle(services)
        for service in services:
            service.check_alive()
        action = self.rng.choice(self.ACTIONS)
        up = [s for s in services if s.running and not s.frozen]
        if action.startswith("kill"):
            for service in up[:{"kill": 1, "kill two": 2, "kill all": 3}[action]]:
                service.kill()
                self.done["kill"] += 1
                self._later(service, "start", 0.0, 0.8)
        elif action == "freeze" and up:
            up[0].freeze()
            self.done["freeze"] += 1
            # now and then longer than any timeout, and sometimes killed while frozen
            self._later(up[0], "thaw", 0.05, 1.0 if self.rng.random() < 0.8 else 5.0)
            if self.rng.random() < 0.2:
                up[0].kill()
                self._later(up[0], "start", 0.0, 0.5)
        elif action == "restart" and up:
            was_ready = up[0].was_ready()
            status = up[0].stop()
            if status != 0 and was_ready:  # before it is ready, a signal may simply end it
                raise AssertionError(f"{up[0].name} stopped with {status}\n{up[0].tail()}")
            self.done["restart"] += 1
            self._later(up[0], "start", 0.0, 0.5)

    def end(self):
        """Everything thawed and running."""
        self.due = []
        for service in self.deployment.services.values():
            service.check_alive()
            service.thaw()
            if not service.running:
                service.start(ready=False)
        for service in self.deployment.services.values():
            service.wait_ready()


class SmallDisk:
    """A tmpfs of a few MiB, if we may mount one."""

    def __init__(self, path, mib):
        self.path = path
        os.makedirs(path, exist_ok=True)
        if os.geteuid() != 0:
            raise unittest.SkipTest("only root may mount a small disk")
        result = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", path], capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise unittest.SkipTest(f"no small disk: {result.stderr.strip()}")

    def free(self):
        state = os.statvfs(self.path)
        return state.f_bavail * state.f_frsize

    def fill(self, leave=0):
        """Writes a file until only so many octets are free."""
        with open(os.path.join(self.path, "ballast"), "ab", buffering=0) as file:
            while self.free() > leave:
                try:
                    file.write(bytes(min(65536, max(4096, self.free() - leave))))
                except OSError:
                    break

    def empty(self):
        path = os.path.join(self.path, "ballast")
        if os.path.exists(path):
            os.unlink(path)

    def close(self):
        subprocess.run(["umount", "-l", self.path], check=False)
