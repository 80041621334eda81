#!/usr/bin/python3
"""test_idle: what the whole set costs while nobody asks anything: time to its first answer, memory, processor.
SPDX-License-Identifier: Apache-2.0

`convene up` in an empty folder, over tcp with encryption, with the page: keys are made, four databases are made. The figures of a release
build are held to the aim; other builds only say theirs. Memory is counted as the kernel does: what is shared counts once.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import unittest

from cli_env import BIN, SERVICES, Convene, need, wait_for

READY_S, MEMORY_MIB, PROCESSOR = 5.0, 64, 0.10  # the aim; of one processor
PORTS = {"registration": 24860, "scheduling": 24870, "notifications": 24880, "dashboard": 24890}
ALL = (*SERVICES, "dashboard")
LOOK_S = 4.0


class Timed(Convene):
    """Looks often, and for the page too."""

    def __init__(self):
        super().__init__()
        self.flags = ["--data", str(self.data), "--conf", "dashboard/http=127.0.0.1:0"]
        for name, port in PORTS.items():
            self.flags += ["--conf", f"{name}/endpoint=tcp://127.0.0.1:{port}"]

    def start(self):
        self.began = time.monotonic()
        self.log = open(self.root / "up.log", "a+", encoding="utf-8")
        self.process = subprocess.Popen([str(BIN / "convene"), "up", *self.flags], stdout=self.log, stderr=self.log)
        page = self.data / "log/dashboard.log"
        seen = page.read_text(encoding="utf-8").count('"http_ready"') if page.exists() else 0
        wait_for(lambda: page.exists() and page.read_text(encoding="utf-8").count('"http_ready"') > seen, "the page", self)
        wait_for(lambda: self("status").status == 0, "all services answer", self)
        self.took = time.monotonic() - self.began


def is_release():
    cache = BIN.parent / "CMakeCache.txt"
    return cache.exists() and re.search(r"^CMAKE_BUILD_TYPE:\w+=Rel", cache.read_text(encoding="utf-8"), re.M) is not None and \
        "asan" not in str(BIN) and "tsan" not in str(BIN)


class Idle(unittest.TestCase):
    def setUp(self):
        self.convene = Timed()
        self.convene.__enter__()
        self.addCleanup(self.convene.__exit__, None, None, None)

    def pids(self):
        return {name: self.convene.pid(name) for name in ALL}

    @staticmethod
    def memory_mib(pid):
        return int(re.search(r"^Pss:\s+(\d+)", pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii"), re.M)[1]) / 1024

    @staticmethod
    def processor_s(pid):
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def test_the_whole_set(self):
        cold, pids = self.convene.took, self.pids() | {"up": self.convene.process.pid}
        before, began = {name: self.processor_s(pid) for name, pid in pids.items()}, time.monotonic()
        time.sleep(LOOK_S)  # nothing is waited for: this is the time over which an idle set is looked at
        used = {name: (self.processor_s(pid) - before[name]) / (time.monotonic() - began) for name, pid in pids.items()}
        memory = {name: self.memory_mib(pid) for name, pid in pids.items()}
        self.convene.stop()
        self.convene.start()
        figures = {"cold_s": round(cold, 2), "again_s": round(self.convene.took, 2), "memory_mib": round(sum(memory.values()), 1),
                   "processor": round(sum(used.values()), 3), "of": {name: round(mib, 1) for name, mib in memory.items()}}
        print(f"idle: {json.dumps(figures)}", flush=True)
        if is_release():
            self.assertLess(cold, READY_S)
            self.assertLess(self.convene.took, READY_S)
            self.assertLess(sum(memory.values()), MEMORY_MIB)
        self.assertLess(sum(used.values()), PROCESSOR if is_release() else 1.0)


if __name__ == "__main__":
    need("convene", "convene-dashboard")
    if len(sys.argv) == 1:
        sys.argv.append("-v")
    unittest.main()
