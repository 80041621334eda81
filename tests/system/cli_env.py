"""cli_env: a Convene of one's own for a test: data folder, ipc endpoints, `convene up` in the background.
SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

BIN = pathlib.Path(os.environ["CONVENE_BIN"])
SOURCE = pathlib.Path(os.environ.get("CONVENE_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
SERVICES = ("scheduling", "registration", "notifications")
DEADLINE_S = 60


def need(*programs):
    """Leaves as skipped where a program was not built."""
    for program in programs:
        if not (BIN / program).exists():
            print(f"skipped: {program} is not built")
            sys.exit(77)


class Result:
    def __init__(self, done):
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def lines(self):
        return [json.loads(line) for line in self.out.splitlines()]


def run(*args, stdin=None, env=None, timeout=DEADLINE_S):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CONVENE_") or k == "CONVENE_SOURCE"} | (env or {})
    done = subprocess.run([str(BIN / "convene"), *map(str, args)], input=stdin, capture_output=True, text=True, env=environment,
                          timeout=timeout, check=False)
    return Result(done)


class Convene:
    """with Convene() as convene: convene("status") ..."""

    def __init__(self, *up_args):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="cv-"))
        self.data = self.root / "data"
        self.flags = ["--data", str(self.data)]
        for service in SERVICES:
            self.flags += ["--conf", f"{service}/endpoint=ipc://{self.root}/{service}"]
        self.flags += ["--conf", f"dashboard/endpoint=ipc://{self.root}/dashboard", "--conf", "dashboard/http=none"]
        self.up_args, self.process = list(up_args), None

    def __call__(self, *args, **kwargs):
        """One command; flags may stand behind it."""
        return run(*args, *self.flags, **kwargs)

    def expect(self, status, *args, says=""):
        """One command that ends with this status and says that, somewhere."""
        result = self(*args)
        assert result.status == status, f"{result.status}, not {status}: {result.out}{result.err}"
        assert says in result.out + result.err, f"no \"{says}\" in: {result.out}{result.err}"
        return result

    def start(self):
        self.log = open(self.root / "up.log", "a+", encoding="utf-8")
        self.process = subprocess.Popen([str(BIN / "convene"), "up", *self.up_args, *self.flags], stdout=self.log, stderr=self.log)
        wait_for(lambda: self("status").status == 0, "all services answer", self)

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            status = self.process.wait(timeout=30)
            self.process = None
            self.log.close()
            return status
        return None

    def said(self):
        return (self.root / "up.log").read_text(encoding="utf-8")

    def pid(self, service):
        """Of the running service."""
        for entry in pathlib.Path("/proc").iterdir():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except (OSError, ValueError):
                continue
            if words[0].endswith(f"convene-{service}".encode()) and f"data={self.data}".encode() in words:
                return int(entry.name)
        return None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, value, trace):
        try:
            self.stop()
        finally:
            if kind:
                print(self.said())
                for log in sorted((self.data / "log").glob("*.log")):
                    print(f"---- {log.name}", *log.read_text(encoding="utf-8").splitlines()[-15:], sep="\n")
            shutil.rmtree(self.root, ignore_errors=True)


class WithPlan(unittest.TestCase):
    """A Convene for all tests of the class, with what the class `has` imported."""
    has = {}

    @classmethod
    def setUpClass(cls):
        cls.convene = Convene().__enter__()
        cls.addClassCleanup(cls.convene.__exit__, None, None, None)
        path = cls.convene.root / "plan.json"
        path.write_text(json.dumps(cls.has))
        done = cls.convene("plan", "import", path, "--json")
        assert done.status == 0 and done.json["not_ok"] == 0, done.out + done.err

    def ok(self, *args):
        done = self.convene(*args)
        self.assertEqual(done.status, 0, done.out + done.err)
        return done


def wait_for(fact, what, convene=None, deadline_s=DEADLINE_S):
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        if fact():
            return
        if convene and convene.process and convene.process.poll() is not None:
            break
        time.sleep(0.05)
    raise AssertionError(f"not within {deadline_s} s: {what() if callable(what) else what}\n{convene.said() if convene else ''}")
