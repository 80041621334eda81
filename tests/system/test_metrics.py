#!/usr/bin/python3
"""test_metrics: what `convene metrics` prints is what Prometheus reads, and says what the services' status says.
SPDX-License-Identifier: Apache-2.0
"""
import os
import re
import signal
import unittest

from cli_env import SERVICES, Convene, need, wait_for

OK, USAGE, PARTIAL, UNREACHABLE = 0, 2, 3, 6
SAMPLE = re.compile(r'^([a-z_][a-z0-9_]*)\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)+)\} (-?\d+(?:\.\d+)?)$')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')


def parse(text):
    """The text format, strictly: each family once and in one piece, HELP and TYPE before it, no sample twice."""
    families, samples, family = {}, {}, None
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name, words = line[7:].split(" ", 1)
            assert name not in families and words, line
            family = name
            families[name] = None
        elif line.startswith("# TYPE "):
            name, kind = line[7:].split(" ")
            assert name == family and kind in ("counter", "gauge") and families[name] is None, line
            families[name] = kind
        else:
            match = SAMPLE.match(line)
            assert match and match[1] == family and families[family], line
            key = (match[1], tuple(sorted(LABEL.findall(match[2]))))
            assert key not in samples, line
            assert (families[family] == "counter") == family.endswith("_total"), line
            samples[key] = float(match[3])
    return samples


def of(samples, name, **labels):
    return samples[(name, tuple(sorted(labels.items())))]


class Metrics(unittest.TestCase):
    def setUp(self):
        self.convene = Convene().__enter__()
        self.addCleanup(self.convene.__exit__, None, None, None)
        wait_for(lambda: self.convene("status").status == OK, "all services ready", self.convene)

    def test_metrics(self):
        done = self.convene("request", "scheduling.party.put", "--set", "code=KZ", "--set", "kind=member", "--set", "name=K")
        self.assertEqual(done.status, OK, done.out + done.err)
        wait_for(lambda: of(parse(self.convene("metrics").out), "convene_follow_lag_records", service="registration",
                            stream="scheduling.events") == 0, "registration to follow", self.convene)
        result = self.convene("metrics")
        self.assertEqual((result.status, result.err), (OK, ""))
        samples, status = parse(result.out), self.convene("status", "--json").json["services"]
        for service in SERVICES:
            self.assertEqual(of(samples, "convene_up", service=service), 1)
            self.assertEqual(of(samples, "convene_ready", service=service), 1)
            self.assertEqual(of(samples, "convene_info", service=service, version=status[service]["version"]), 1)
            self.assertAlmostEqual(of(samples, "convene_start_time_seconds", service=service), status[service]["started_ms"] / 1000, 3)
            for counter in status[service]["counters"]:
                value = of(samples, f"convene_{counter['name']}_total", service=service)
                self.assertLessEqual(value, counter["value"])  # what was counted between the two
            for stream in status[service]["streams"]:
                self.assertEqual(of(samples, "convene_stream_head", service=service, stream=stream["name"]), stream["head"])
        self.assertEqual(of(samples, "convene_decided_total", service="scheduling"), 1)
        self.assertEqual(of(samples, "convene_stream_head", service="scheduling", stream="scheduling.events"), 1)
        # One service, as JSON, into a file.
        one = parse(self.convene("metrics", "registration").out)
        self.assertEqual({dict(labels)["service"] for _, labels in one}, {"registration"})
        rows = self.convene("metrics", "scheduling", "--json").json["metrics"]
        self.assertIn({"name": "convene_up", "labels": {"service": "scheduling"}, "value": 1.0}, rows)
        path = self.convene.root / "convene.prom"
        result = self.convene("metrics", "--output", path)
        self.assertEqual((result.status, result.out), (OK, ""))
        self.assertEqual(parse(path.read_text()).keys(), samples.keys())
        self.assertEqual(os.listdir(self.convene.root).count("convene.prom.part"), 0)
        self.assertEqual(self.convene("metrics", "kitchen").status, USAGE)
        self.assertEqual(self.convene("metrics", "--output", self.convene.root / "no" / "file").status, 1)

    def test_services_that_do_not_answer(self):
        self.convene.process.send_signal(signal.SIGTERM)
        self.convene.process.wait(timeout=30)
        result = self.convene("metrics", "--timeout", "300ms")
        self.assertEqual(result.status, UNREACHABLE, result.err)
        self.assertEqual(parse(result.out), {("convene_up", (("service", service),)): 0.0 for service in SERVICES})


if __name__ == "__main__":
    need("convene", *(f"convene-{service}" for service in SERVICES))
    unittest.main(verbosity=2)
