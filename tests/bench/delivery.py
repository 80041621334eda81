#!/usr/bin/python3
# delivery: how fast notices reach the mail server, how soon one does, and whether destinations that are dead slow the living.
# SPDX-License-Identifier: Apache-2.0
"""delivery.py [--recipients N] [--rate R] [--seconds S]: run by `./dev bench delivery`. Prints a table and one line of JSON.

Each part has services of its own, on a fresh directory, and a mail server (sink.py) that takes everything at once:

  backlog   N delegations with an address each are registered while notifications is down. Then it is started: hand-overs a second from
            the first to the last, which is records followed, messages made and leased, and each handed over and its end committed
  paced     R registrations a second for S seconds beside that: milliseconds from the instant of the decision's record to the mail server,
            and to the webhooks of those parties that have a living one
  dead      the same beside parties whose webhooks refuse, hang or fail. Those that hang and those that fail are at the same host as the living
  outbox    the backlog without a mail server: files a second, from the first to the last
  bare      the limit: bench-bare_mail hands as many messages of the same size to the same server (bare_mail.c says which syncs it makes)

In turns: alone, dead, outbox, bare, bare, outbox, dead, alone. The ratios are of medians in this one run. A part in which a message is missing
or comes twice gives no number.
"""
import argparse
import collections
import datetime
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import cvwire
import world
from deployment import Deployment, wait_for

PARTIES = 100
DEAD = {"refusing": 6, "hanging": 6, "failing": 6}  # parties whose webhooks are
LIVING = 6  # parties with webhooks that take what they get


class Sink:
    def __init__(self, *kind):
        handle, self.path = tempfile.mkstemp(prefix="cvs-")
        os.close(handle)
        self.process = subprocess.Popen([sys.executable, os.path.join(HERE, "sink.py"), self.path, *kind], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def taken(self):
        """(when, id, size) of each, in the order in which they came."""
        with open(self.path, encoding="ascii") as file:
            rows = [line.split() for line in file if line.endswith("\n")]
        return [(float(at), name.split("@")[0], int(size)) for at, name, size in rows]

    def count(self):
        with open(self.path, "rb") as file:
            return file.read().count(b"\n")

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()
        os.unlink(self.path)


def party(number):
    return f"P{number:03d}"


def prepare(d, sink, recipients):
    """Events and parties for so many delegations, one address each. Without a sink notices are files."""
    d.own_settings["notifications"] = {"notifications/webhook_to": "any", "notifications/timeout_ms": 2000}
    if sink:
        d.own_settings["notifications"].update({"smtp/url": f"smtp://127.0.0.1:{sink.port}", "smtp/sender": "notices@convene.example",
                                                "smtp/starttls": "none"})
    d.start()
    office = d.publisher("office")
    office.wait([office.submit("scheduling.party.put", {"code": party(i), "kind": "member", "name": f"Party {i}"}) for i in range(PARTIES)])
    events = [f"E{i}" for i in range((recipients + PARTIES - 1) // PARTIES)]
    for event in events:
        world.make_event(office, event, world.rules(1_000_000))
    wait_for(lambda: (s := {m["data"]["event"]: m["data"]["status"] for m in d.log("registration").query("events")})
             and all(s.get(event) == "open" for event in events), "events at registration", 60)
    return office, events


def hooks(office, web, is_dead):
    """The first parties have living webhooks, and those after them dead ones."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        refusing = closed.getsockname()[1]
    urls = {"living": f"http://127.0.0.1:{web.port}/ok/", "refusing": f"http://localhost:{refusing}/",
            "hanging": f"http://127.0.0.1:{web.port}/hang/", "failing": f"http://127.0.0.1:{web.port}/error/"}
    kinds = ["living"] * LIVING + ([kind for kind, count in DEAD.items() for _ in range(count)] if is_dead else [])
    for number, kind in enumerate(kinds):
        world.decide(office, "notifications.webhook.put", {"party": party(number), "order": 1, "url": urls[kind] + party(number)})


def register(office, event, number, name):
    data = world.delegation(event, party(number))
    data["persons"][0]["name"], data["contact"]["email"] = name, f"desk@{event.lower()}.{party(number).lower()}.example"
    return office.submit("registration.register", data)


def register_all(office, events, recipients):
    pairs = [(event, number) for event in events for number in range(PARTIES)][:recipients]
    for at in range(0, len(pairs), 500):
        done = office.wait([register(office, event, number, "A. Sample") for event, number in pairs[at:at + 500]])
        if not all(o.klass == "OK" for o in done):
            raise SystemExit(f"delivery: not registered: {next(o for o in done if o.klass != 'OK').data}")


def percentile(values, share):
    return sorted(values)[int(len(values) * share)]


def expect(sink, count, what):
    wait_for(lambda: sink.count() >= count, lambda: f"{count} {what}, {sink.count()} came", 600, 0.25)
    taken = sink.taken()
    twice = [name for name, n in collections.Counter(name for _, name, _ in taken).items() if n > 1]
    if twice or len(taken) != count:
        raise SystemExit(f"delivery: {len(taken)} {what} of {count}, twice: {twice[:3]}")
    return taken


def living_of(count):
    """How many of the first so many registrations are of parties with a living webhook."""
    return sum(i % PARTIES < LIVING for i in range(count))


def part(args, is_dead):
    """One part: hand-overs a second of a backlog, and milliseconds of paced ones."""
    web, sink = Sink("web"), Sink()
    try:
        with Deployment("ipc") as d:
            office, events = prepare(d, sink, args.recipients)
            hooks(office, web, is_dead)
            d.notifications.stop()
            register_all(office, events, args.recipients)
            d.notifications.start()
            backlog, calls = expect(sink, args.recipients, "messages"), len(expect(web, living_of(args.recipients), "calls"))
            begun, sent = time.monotonic(), []
            for i in range(int(args.rate * args.seconds)):
                while time.monotonic() < begun + i / args.rate:
                    office.pump(0.001)
                sent.append(register(office, events[(i // PARTIES) % len(events)], i % PARTIES, f"Another {i}"))
            office.wait(sent)
            taken = expect(sink, args.recipients + len(sent), "messages")
            called = expect(web, calls + living_of(len(sent)), "calls")
            decided = {m["id"].replace("/", "."): datetime.datetime.fromisoformat(m["time"]).timestamp() * 1000 for m in map(cvwire.unpack, d.log("registration", "mirror").stream(
                "registration.events", cvwire.Position())[0]) if m["type"] == "convene.registration.decided.v1"}
            took = [at * 1000 - decided[name.rsplit(".", 1)[0]] for at, name, _ in taken[args.recipients:]]
            hooked = [at * 1000 - decided[name.replace(":", ".").rsplit(".", 1)[0]] for at, name, _ in called[calls:]]
            (fare,) = [m["data"] for m in d.log("notifications").query("delivery")]
            attempts = {f"{a['channel']} {a['result']}": a["n"] for a in fare.get("attempts", [])}
            return {"per_s": (len(backlog) - 1) / (backlog[-1][0] - backlog[0][0]), "p50_ms": percentile(took, 0.5),
                    "p99_ms": percentile(took, 0.99), "hook_p50_ms": percentile(hooked, 0.5), "hook_p99_ms": percentile(hooked, 0.99),
                    "size": statistics.mean(size for _, _, size in taken), "attempts": attempts}
    finally:
        sink.close()
        web.close()


def outbox(args):
    """Files a second of a backlog, by the times of the files."""
    with Deployment("ipc") as d:
        office, events = prepare(d, None, args.recipients)
        d.notifications.stop()
        register_all(office, events, args.recipients)
        d.notifications.start()

        def files():
            return [entry.stat().st_mtime for entry in os.scandir(d.outbox) if not entry.name.startswith(".")] if os.path.isdir(d.outbox) else []
        wait_for(lambda: len(files()) >= args.recipients, lambda: f"{args.recipients} files, {len(files())} came", 600, 0.5)
        found = sorted(files())
        if len(found) != args.recipients:
            raise SystemExit(f"delivery: {len(found)} files of {args.recipients}")
        return (len(found) - 1) / (found[-1] - found[0])


def bare(args, size):
    sink = Sink()
    try:
        with tempfile.TemporaryDirectory(prefix="cvb-") as folder:
            program = os.path.join(os.environ.get("CONVENE_BIN", "build/bin"), "bench-bare_mail")
            done = subprocess.run([program, f"url=smtp://127.0.0.1:{sink.port}", f"n={args.recipients}", f"size={size}", f"dir={folder}"],
                                  capture_output=True, text=True, check=True)
        return json.loads(done.stdout)["per_s"]
    finally:
        sink.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--recipients", type=int, default=10000)
    parser.add_argument("--rate", type=float, default=100.0, help="registrations a second")
    parser.add_argument("--seconds", type=float, default=15.0)
    args = parser.parse_args()
    print("part        per s   p50 ms   p99 ms   webhooks: p50   p99 ms", file=sys.stderr)
    found, size = collections.defaultdict(list), 0
    for name in ("alone", "dead", "outbox", "bare", "bare", "outbox", "dead", "alone"):
        if name in ("bare", "outbox"):
            row = {"per_s": bare(args, size) if name == "bare" else outbox(args)}
            print(f"{name:8} {row['per_s']:8.0f}", file=sys.stderr, flush=True)
        else:
            row = part(args, name == "dead")
            size = round(row["size"])
            print(f"{name:8} {row['per_s']:8.0f} {row['p50_ms']:8.1f} {row['p99_ms']:8.1f} {row['hook_p50_ms']:15.1f} {row['hook_p99_ms']:8.1f}   "
                  f"{row['attempts']}", file=sys.stderr, flush=True)
        found[name].append(row)

    def median(name, key):
        return statistics.median(row[key] for row in found[name])
    print(json.dumps({
        "name": "delivery", "recipients": args.recipients, "octets": size, "per_s": round(median("alone", "per_s"), 1),
        "p50_ms": round(median("alone", "p50_ms"), 1), "p99_ms": round(median("alone", "p99_ms"), 1), "rate": args.rate,
        "dead_parties": sum(DEAD.values()), "dead_per_s": round(median("dead", "per_s"), 1), "dead_p99_ms": round(median("dead", "p99_ms"), 1),
        "dead_ratio": round(median("dead", "per_s") / median("alone", "per_s"), 3), "bare_per_s": round(median("bare", "per_s"), 1),
        "hook_p50_ms": round(median("alone", "hook_p50_ms"), 1), "hook_p99_ms": round(median("alone", "hook_p99_ms"), 1),
        "dead_hook_p50_ms": round(median("dead", "hook_p50_ms"), 1), "dead_hook_p99_ms": round(median("dead", "hook_p99_ms"), 1),
        "outbox_per_s": round(median("outbox", "per_s"), 1), "ratio": round(median("alone", "per_s") / median("bare", "per_s"), 3), "load": round(os.getloadavg()[0], 2)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
