#!/usr/bin/python3
# start: how long the whole set takes from nothing to ready, and what it costs while nobody asks for anything.
# SPDX-License-Identifier: Apache-2.0
"""start.py [--repetitions N] [--idle SECONDS]: run by `./dev bench start`. Prints one line of JSON per figure.

cold:  `convene up` on an empty folder: keys are made, databases created, every service ready
warm:  the same folder again, after an orderly stop
again: the same after kill -9 of all of them: each database is checked first
idle:  processor time, memory (proportional), threads, open files, voluntary context switches and octets written by each
       service over some seconds in which nobody asks
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
from cli_env import BIN, SERVICES, Convene

ALL = (*SERVICES, "dashboard")
TICK = os.sysconf("SC_CLK_TCK")


def say(name, value, unit, **more):
    print(json.dumps({"name": name, "value": round(value, 3), "unit": unit, "system": "convene", **more}), flush=True)


class Set(Convene):
    """A Convene with its dashboard, on a port that the kernel gives."""

    def __init__(self):
        super().__init__()
        self.flags[-1] = "dashboard/http=127.0.0.1:0"

    def begin(self):
        """From the start of `convene up` until it says that all services run: seconds."""
        self.log = open(self.root / "up.log", "w+", encoding="utf-8")
        begin = time.monotonic()
        self.process = subprocess.Popen([str(BIN / "convene"), "up", *self.flags], stdout=self.log, stderr=self.log)
        while "The services run" not in self.said():
            if self.process.poll() is not None or time.monotonic() - begin > 60:
                raise SystemExit(f"it did not start:\n{self.said()}")
            time.sleep(0.002)
        return time.monotonic() - begin

    def fall(self):
        """kill -9 of everything; `convene up` first, so that it starts nobody again."""
        pids = [self.pid(name) for name in ALL]
        os.kill(self.process.pid, signal.SIGSTOP)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None
        self.log.close()


def look(pid):
    """What the kernel has counted of a process."""
    root = pathlib.Path(f"/proc/{pid}")
    fields = (root / "stat").read_text(encoding="ascii").rpartition(")")[2].split()
    tasks = list((root / "task").iterdir())
    switches = sum(int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", (task / "status").read_text(encoding="ascii"), re.M)[1]) for task in tasks)
    return {"cpu_s": (int(fields[11]) + int(fields[12])) / TICK, "switches": switches, "threads": len(tasks),
            "written": int(re.search(r"^write_bytes: (\d+)", (root / "io").read_text(encoding="ascii"), re.M)[1]),
            "files": len(list((root / "fd").iterdir())),
            "pss_mib": int(re.search(r"^Pss:\s+(\d+)", (root / "smaps_rollup").read_text(encoding="ascii"), re.M)[1]) / 1024}


def idle(convene, seconds):
    pids = {name: convene.pid(name) for name in ALL}
    time.sleep(2)  # what a start leaves to be done
    before, begin = {name: look(pid) for name, pid in pids.items()}, time.monotonic()
    time.sleep(seconds)
    took, after = time.monotonic() - begin, {name: look(pid) for name, pid in pids.items()}
    for name in ALL:
        say("idle.processor", 100 * (after[name]["cpu_s"] - before[name]["cpu_s"]) / took, "%", service=name)
        say("idle.memory", after[name]["pss_mib"], "MiB", service=name)
        say("idle.wakeups", (after[name]["switches"] - before[name]["switches"]) / took, "1/s", service=name)
        say("idle.written", (after[name]["written"] - before[name]["written"]) / took, "octets/s", service=name)
        say("idle.threads", after[name]["threads"], "", service=name)
        say("idle.files", after[name]["files"], "", service=name)
    say("idle.memory", sum(after[name]["pss_mib"] for name in ALL), "MiB", service="all")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--idle", type=float, default=20.0, metavar="SECONDS")
    args = parser.parse_args()
    found = {"cold": [], "warm": [], "again": []}
    for n in range(args.repetitions):
        convene = Set()
        try:
            found["cold"].append(convene.begin())
            convene.stop()
            found["warm"].append(convene.begin())
            if n == args.repetitions - 1:
                idle(convene, args.idle)
            convene.fall()
            found["again"].append(convene.begin())
        finally:
            convene.stop()
            shutil.rmtree(convene.root, ignore_errors=True)
    for name, values in found.items():
        say(f"start.{name}", statistics.median(values), "s", repetitions=len(values), min=round(min(values), 3), max=round(max(values), 3))
    return 0


if __name__ == "__main__":
    os.environ.setdefault("TMPDIR", os.environ.get("CONVENE_BENCH_DIR", tempfile.gettempdir()))
    sys.exit(main())
