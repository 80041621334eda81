#!/usr/bin/python3
"""test_observability: a real Prometheus with the rules of docker/observability reads real services, and sees one fall.
SPDX-License-Identifier: Apache-2.0

Needs the programs of Debian's package prometheus (./dev test unpacks them into build/prometheus); without them it is skipped.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import unittest
import urllib.parse
import urllib.request

from cli_env import SOURCE, Convene, need, wait_for

FILES = SOURCE / "docker/observability"
os.environ["PATH"] += f":{SOURCE}/build/prometheus/usr/bin"
SERVICES = {"scheduling", "registration", "notifications", "dashboard"}


def promtool(*args, stdin=None):
    return subprocess.run(["promtool", *map(str, args)], input=stdin, capture_output=True, text=True, check=False)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def queries():
    """Every query of the Grafana dashboard, with the panel it is of."""
    for panel in json.loads((FILES / "grafana.json").read_text(encoding="utf-8"))["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


class Files(unittest.TestCase):
    def test_rules(self):
        for args in (("check", "config", FILES / "prometheus.yml"), ("check", "rules", FILES / "rules.yml"), ("test", "rules", FILES / "rules_test.yml")):
            done = promtool(*args)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        alerts = re.findall(r"- alert: (\w+)", (FILES / "rules.yml").read_text(encoding="utf-8"))
        tried = (FILES / "rules_test.yml").read_text(encoding="utf-8")
        self.assertEqual([alert for alert in alerts if f'alertname="{alert}"' not in tried], [], "alerts that no test makes fire")

    def test_grafana_panels(self):
        """What a Grafana asks of such a file, as far as that is known without one: its own fields, a grid of 24 columns, names that fit together."""
        document = json.loads((FILES / "grafana.json").read_text(encoding="utf-8"))
        self.assertTrue({"title", "uid", "schemaVersion", "panels", "templating", "time", "refresh"} <= set(document))
        self.assertRegex(document["uid"], r"^[A-Za-z0-9_-]{1,40}$")
        self.assertGreaterEqual(document["schemaVersion"], 36, "Grafana 9 and newer change nothing below that")
        variables = {one["name"] for one in document["templating"]["list"]}
        self.assertEqual([one["type"] for one in document["templating"]["list"]], ["datasource"])
        self.assertEqual(set(re.findall(r"\$\{(\w+)\}", json.dumps(document))) - variables, set(), "variables that are not there")
        self.assertEqual(len({panel["id"] for panel in document["panels"]}), len(document["panels"]))
        taken = set()
        for panel in document["panels"]:
            self.assertTrue(panel["title"] and panel["targets"], panel)
            self.assertIn(panel["type"], ("stat", "timeseries", "table", "gauge", "bargauge", "text"))
            self.assertEqual(panel["datasource"], {"type": "prometheus", "uid": "${datasource}"})
            at = panel["gridPos"]
            self.assertTrue(set(at) == {"h", "w", "x", "y"} and 0 <= at["x"] and at["x"] + at["w"] <= 24 and at["h"] > 0, panel["title"])
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            self.assertFalse(cells & taken, f"{panel['title']} lies over another")
            taken |= cells
            self.assertEqual(set(panel["fieldConfig"]), {"defaults", "overrides"})
            self.assertIn(panel["fieldConfig"]["defaults"].get("unit", "short"), ("short", "none", "s", "ms", "bytes", "percent", "percentunit", "ops", "reqps", "cps"))
            self.assertEqual(len({target["refId"] for target in panel["targets"]}), len(panel["targets"]))


class Observed(unittest.TestCase):
    """One set of services and one Prometheus for all of it."""

    def setUp(self):
        # Whoever asks for port 0 is told which it got; a port found free for Prometheus can be lost to another: then it says so and ends.
        self.convene = Convene()
        self.convene.flags[-1] = "dashboard/http=127.0.0.1:0"
        self.convene.__enter__()
        self.addCleanup(self.convene.__exit__, None, None, None)
        log = self.convene.data / "log/dashboard.log"
        wait_for(lambda: log.exists() and "http_ready" in log.read_text(encoding="utf-8"), "the page", self.convene)
        self.page = re.search(r'"http_ready","url":"(http://[^"]+?)/?"', log.read_text(encoding="utf-8"))[1]
        wait_for(lambda: self.metrics().count("convene_up{") == len(SERVICES) and "convene_up{" in self.metrics(), "the page to know all services", self.convene)
        folder = self.convene.root / "prometheus"
        folder.mkdir()
        config = (FILES / "prometheus.yml").read_text(encoding="utf-8").replace("dashboard:24180", self.page.removeprefix("http://"))
        config = config.replace("interval: 10s", "interval: 1s")
        (folder / "prometheus.yml").write_text(config, encoding="utf-8")
        rules = (FILES / "rules.yml").read_text(encoding="utf-8")
        (folder / "rules.yml").write_text(rules.replace("for: 1m", "for: 2s"), encoding="utf-8")
        port = free_port()
        self.prometheus = f"http://127.0.0.1:{port}"
        self.log = open(folder / "log", "wb")
        self.process = subprocess.Popen(["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                                         f"--web.listen-address=127.0.0.1:{port}"], stdout=self.log, stderr=self.log)
        self.addCleanup(self.end)
        wait_for(self.is_ready, "Prometheus to be ready", self.convene)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        self.log.close()

    def is_ready(self):
        self.assertIsNone(self.process.poll(), "Prometheus has ended")
        try:
            with urllib.request.urlopen(f"{self.prometheus}/-/ready", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def metrics(self):
        with urllib.request.urlopen(f"{self.page}/metrics", timeout=10) as answer:
            return answer.read().decode()

    def api(self, path, **args):
        with urllib.request.urlopen(f"{self.prometheus}/api/v1/{path}?{urllib.parse.urlencode(args)}", timeout=10) as answer:
            document = json.load(answer)
        self.assertEqual(document["status"], "success")
        return document["data"]

    def query(self, text):
        return self.api("query", query=text)["result"]

    def firing(self):
        return {(alert["labels"]["alertname"], alert["labels"].get("service")) for alert in self.api("alerts")["alerts"] if alert["state"] == "firing"}

    def make_work(self):
        """An event with one seat, one delegation that has it and one that waits: every metric has something to count."""
        now = int(time.time() * 1000)
        event, rules = ["event=E1"], ["capacity=1", "guaranteed=0", "maximum=1", "waiting=strict", "group=each", f"opens_ms={now - 60_000}",
                                      f"closes_ms={now + 86_400_000}"]
        steps = [("scheduling.party.put", ["code=KZ", "kind=member", "name=K"]), ("scheduling.party.put", ["code=AZ", "kind=member", "name=A"]),
                 ("scheduling.event.propose", event + ["title=E", "plan_year=2030", "line=cbm", "date_start=2030-05-14", "date_end=2030-05-14",
                                                       "precision=day"]),
                 *(("scheduling.event.advance", event + [f"to={status}"]) for status in ("circulated", "adopted", "scheduled")),
                 ("scheduling.event.registration", event + rules)]
        for what, values in steps:
            done = self.convene("request", what, *(f"--set={value}" for value in values))
            self.assertEqual(done.status, 0, done.out + done.err)
        for party in ("KZ", "AZ"):
            wait_for(lambda party=party: self.convene("request", "registration.register", "--set=event=E1", f"--set=party={party}",
                                                      "--set=persons[0].name=A. Sample", "--set=persons[0].capacity=delegate").status == 0,
                     f"{party} to be registered", self.convene)

    def test_life(self):
        for text in (self.metrics(), self.convene("metrics").out):
            done = promtool("check", "metrics", stdin=text)
            self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))
        self.make_work()
        wait_for(lambda: [one["health"] for one in self.api("targets")["activeTargets"]] == ["up"], "the page to be read", self.convene)
        wait_for(lambda: {one["metric"]["service"] for one in self.query("convene_up == 1")} == SERVICES, "all four to be up", self.convene)
        wait_for(lambda: self.query('convene_service_total{service="scheduling",what="decided"} >= 1'), "the decision to be counted", self.convene)
        wait_for(lambda: len(self.query("convene:decisions:rate1m")) == len(SERVICES), "the recording rules", self.convene)
        groups = self.api("rules")["groups"]
        self.assertEqual([(rule["name"], rule.get("lastError")) for group in groups for rule in group["rules"] if rule["health"] == "err"], [])
        # What rules and panels ask for is there, by the names they use.
        known = set(self.api("label/__name__/values"))
        asked = " ".join([(FILES / "rules.yml").read_text(encoding="utf-8"), *(text for _, text in queries())])
        self.assertEqual({name for name in re.findall(r"\bconvene_[a-z_]+", asked)} - known, set())
        counters = {one["metric"]["what"] for one in self.query("convene_service_total")}
        wanted = set(re.findall(r'what="(\w+)"', asked)) | {"limited", "denied"}
        self.assertEqual(wanted - counters, set())
        # Each panel shows something: an expression that names what is not there gives nothing, and no error.
        quiet = [text for _, text in queries() if text.startswith("ALERTS{")]
        wait_for(lambda: all(self.query(text) for _, text in queries() if text not in quiet), lambda: f"data for "
                 f"{[title for title, text in queries() if text not in quiet and not self.query(text)]}", self.convene)
        for text in quiet:
            self.assertEqual(self.query(text), [])
        self.assertEqual(self.firing(), set())
        # One falls, and stays down: the others are not blamed.
        down = self.convene.pid("notifications")
        os.kill(down, signal.SIGSTOP)
        try:
            wait_for(lambda: ("ConveneServiceDown", "notifications") in self.firing(), lambda: f"the alert; {self.firing()}", self.convene)
            self.assertTrue([text for text in quiet if self.query(text)], "the panel of what needs somebody shows the alert")
            self.assertEqual({one for one in self.firing() if one[0] == "ConveneServiceDown"}, {("ConveneServiceDown", "notifications")})
        finally:
            os.kill(down, signal.SIGCONT)
        wait_for(lambda: not self.firing(), "the alert to end", self.convene)


if __name__ == "__main__":
    need("convene", "convene-dashboard")
    if not shutil.which("prometheus") or not shutil.which("promtool"):
        print("skipped: prometheus is not installed (Debian: prometheus)")
        sys.exit(77)
    unittest.main(verbosity=2)
