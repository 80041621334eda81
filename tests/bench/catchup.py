#!/usr/bin/python3
# catchup: a fresh dashboard on long logs: how long until it shows the newest, what that costs, and what a start on its own file costs.
# SPDX-License-Identifier: Apache-2.0
"""catchup.py [--records N]: run by `./dev bench catchup`. Prints one line of JSON.

N registrations are decided first (half that for a look: --records 500000). Then a dashboard without a file follows all of it; then
it is started again on its file. Either is over when the proof that it serves is of the newest records. At the end `convene audit
view` compares what is shown with the logs, and a run in which it finds something gives no number.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness
from harness import Convene, Failed, Process, say

harness.ROLES.update({"dashboard": "observer", "observer": "observer", "notifications": "service"})
HTTP, CHUNK = "127.0.0.1:24680", 250000


def settings(convene):
    sets = {"data": convene.directory, "keys": convene.directory / "keys", "dashboard/http": HTTP, "dashboard/endpoint": "tcp://127.0.0.1:24640",
            "limits/questions": 1000000}
    return sets | {f"{name}/endpoint": convene.endpoint(name) for name in ("registration", "scheduling", "notifications")}


def get(path):
    with urllib.request.urlopen(f"http://{HTTP}{path}", timeout=60) as answer:
        return answer.read()


def memory(process):
    """Proportional share now and the most it ever had, MiB."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) / 1024
    return round(process.pss_mib(), 1), round(peak, 1)


def resident(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    return round(next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")) / 1024, 1)


def start(convene, heads):
    """Started and shown: the process, seconds until the page was there and until it was of the newest records, and what it held on the
    way, MiB resident: {"first", "third", "two_thirds", "last"} of what it followed."""
    arguments = [convene.bin / "convene-dashboard"]
    for key, value in settings(convene).items():
        arguments += ["--set", f"{key}={value}"]
    env = {k: v for k, v in os.environ.items() if not k.startswith("CONVENE_")}
    began = time.monotonic()
    process = Process(arguments, convene.directory / "dashboard.stderr", "http_ready", env)
    there = time.monotonic() - began
    samples = []

    def shown():
        positions = json.loads(get("/api/proof"))["proof"]["positions"]
        samples.append((sum(p.get("seq", 0) for p in positions.values()), resident(process)))
        return all(positions.get(stream, {}).get("seq", 0) >= head for stream, head in heads.items())
    convene.running["dashboard"] = process  # stopped with the others, whatever happens
    Convene.wait(shown, "the dashboard to show the newest records", 1200, 0.1)
    took = time.monotonic() - began
    last = samples[-1][0]
    way = {name: next((mib for at, mib in samples if at >= share * last), samples[-1][1])
           for name, share in (("first", 0.01), ("third", 1 / 3), ("two_thirds", 2 / 3), ("last", 1))}
    return process, there, took, way


def timed(path):
    began = time.monotonic()
    body = get(path)
    return round((time.monotonic() - began) * 1000, 1), len(body)


def measure(args, directory):
    with Convene(args.bin, directory) as convene:
        left, run = args.records, 0
        while left > 0:
            run, n = run + 1, min(CHUNK, left)
            convene.open_events(run, *harness.seats(n))
            harness.program(args.bin, "drive", timeout=600, endpoint=convene.endpoint("registration"), keys=convene.keys, n=n, in_flight=1024, run=run)
            left -= n
            say(f"  {args.records - left} of {args.records} decided")
        heads = {s["name"]: s["head"] for service in ("registration", "scheduling") for s in convene.peer(service).status()["streams"]
                 if s["name"].endswith(".events")}
        process, there, fresh, way = start(convene, heads)
        cpu = process.cpu_s()
        pss, peak = memory(process)
        view, page = timed("/api/view"), timed("/")
        answers = len(json.loads(get("/api/answer"))["answer"])  # of parties to events: what memory grows with
        convene.stop("dashboard")
        process, _, again, _ = start(convene, heads)
        pss_again, peak_again = memory(process)
        convene.start("notifications")
        flags = [f for key, value in settings(convene).items() for f in ("--conf", f"{key}={value}")]
        began = time.monotonic()
        done = subprocess.run([args.bin / "convene", "audit", "view", "--json", "--timeout", "60s", *flags], capture_output=True, text=True, timeout=1800, check=False)
        audit = time.monotonic() - began
        convene.stop("dashboard")
        if done.returncode:
            raise Failed(f"what is shown is not what the logs say: {done.stdout[-600:]} {done.stderr[-300:]}")
        records = sum(heads.values())
        print(json.dumps({
            "name": "dashboard.catchup", "records": records, "page_s": round(there, 2), "fresh_s": round(fresh, 1), "records_per_s": round(records / fresh),
            "cpu_us_per_record": round(cpu * 1e6 / records, 1), "pss_mib": pss, "peak_mib": peak, "rss_mib_on_the_way": way, "answers": answers, "view_ms": view[0], "view_kib": view[1] // 1024,
            "page_ms": page[0], "page_kib": page[1] // 1024, "start_on_file_s": round(again, 2), "start_pss_mib": pss_again, "start_peak_mib": peak_again,
            "audit_view_s": round(audit, 1), "load": os.getloadavg()[0]}))
    return 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=1000000)
    parser.add_argument("--bin", type=pathlib.Path, default=pathlib.Path(os.environ.get("CONVENE_BIN", "build/bin")))
    args = parser.parse_args()
    directory = harness.temporary()
    try:
        return measure(args, directory / "run")
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as error:
        say(f"catchup: {error}")
        sys.exit(1)
