#!/usr/bin/python3
"""test_labels: `./dev test notifications` runs what is about notices: no test of them is without the label, as CTest itself sees it.

What is about notices is found by what a test is made of: a C file that includes a header of the service, a script that starts mail servers
and webhooks (receivers, delivering), reads the words of notices, or asks the service for something that only it has. Those that only pass
by are listed, each with its reason; a list that names a test without need is a finding too.
SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(os.environ.get("CONVENE_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
BUILD = pathlib.Path(os.environ.get("CONVENE_BIN", ROOT / "build" / "bin")).resolve().parent
LABEL = "notifications"
IN_C = re.compile(r'^#include "notifications/', re.M)
IN_PYTHON = re.compile(r"^(?:from|import) (?:receivers|delivering)\b|services/notifications|[\"']notifications\.[a-z]+(?:\.[a-z]+)?[\"'],|"
                       r"\"notice\", \"[a-z]+\"", re.M)
PASSES_BY = {
    "sim/sim_services": "all services under simulated faults",
    "unit/upgrades": "old databases of every service",
    "system/erasure": "a person is forgotten by every service",
    "system/pages": "long lists of every service",
    "system/doctor": "what may be wrong with any service",
    "system/start_stop": "every service starts and stops",
}
HAVE_TO = ("unit/remind", "unit/mustache", "unit/words", "unit/notifications_core", "unit/notifications_destinations", "system/pings",
           "system/delivery", "system/delivery_peers", "system/delivery_webhooks", "system/webhook_library", "contract/languages",
           "fuzz/mustache", "fuzz/bounce")


def about_notices():
    """Names of tests, as CTest has them, whose source says so."""
    names = set()
    for path in sorted((ROOT / "tests").glob("*/*")):
        found = re.fullmatch(r"(?:test|fuzz)_(\w+)\.(c|py)", path.name)
        if not found or path.parent.name in ("lib", "lint", "bench") or path.samefile(__file__):
            continue
        is_fuzz = path.name.startswith("fuzz_")
        if is_fuzz != (path.parent.name == "fuzz"):
            continue
        if (IN_C if found[2] == "c" else IN_PYTHON).search(path.read_text(encoding="utf-8")):
            names.add(f"{path.parent.name}/{found[1]}")
    return names


def labelled():
    """{name: labels} of all tests of this build."""
    said = subprocess.run(["ctest", "--test-dir", BUILD, "--show-only=json-v1"], capture_output=True, text=True, check=True, timeout=120).stdout
    return {test["name"]: next((p["value"] for p in test.get("properties", []) if p["name"] == "LABELS"), []) for test in json.loads(said)["tests"]}


def main():
    labels, about = labelled(), about_notices()
    with_label = {name for name, its in labels.items() if LABEL in its}
    findings = [f"{name} is about notices and has no label {LABEL}: say so in its opening comment (ctest-labels: {LABEL}), or in PASSES_BY why not"
                for name in sorted((about - set(PASSES_BY) | set(HAVE_TO)) - with_label)]
    findings += [f"PASSES_BY names {name}, which is not about notices, or has the label" for name in sorted(set(PASSES_BY) - about | set(PASSES_BY) & with_label)]
    findings += [f"{name} has no test in this build" for name in sorted((about | set(HAVE_TO)) - set(labels))]
    print("\n".join(findings) or f"{len(with_label)} tests have the label {LABEL}, {len(about)} are about notices")
    # It does look: a test of this folder that is about something else is not found, one of the service's is.
    assert "unit/mustache" in about and "unit/db" not in about and len(with_label) > 30
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
