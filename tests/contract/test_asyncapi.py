#!/usr/bin/python3
"""test_asyncapi: proto/asyncapi.json is what the public AsyncAPI parser takes, and the parser does look.

Needs node and npm and once the network: the parser is put into <build>/node, never into the source tree, and without
running anybody's install scripts. Skipped (77) with the reason where that is not possible.
ctest-timeout: 300
SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

PARSER = "3.6.3"
ROOT = pathlib.Path(os.environ.get("CONVENE_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
NODE = pathlib.Path(os.environ.get("CONVENE_BIN", ROOT / "build" / "bin")).parent / "node"


def skip(reason):
    print(f"SKIPPED: {reason}")
    sys.exit(77)


def installed():
    try:
        return json.loads((NODE / "node_modules/@asyncapi/parser/package.json").read_text())["version"] == PARSER
    except (OSError, ValueError, KeyError):
        return False


def install():
    NODE.mkdir(parents=True, exist_ok=True)
    (NODE / "package.json").write_text('{"private": true}\n')
    try:
        done = subprocess.run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--save-exact", f"@asyncapi/parser@{PARSER}"],
                              cwd=NODE, capture_output=True, text=True, timeout=240)
    except subprocess.TimeoutExpired:
        skip("npm did not end in 240 seconds")
    if done.returncode or not installed():
        skip("npm could not install the parser: " + (done.stderr.strip().splitlines() or ["no reason given"])[-1])


def parse(path):
    return subprocess.run(["node", ROOT / "tests/contract/asyncapi_check.mjs", NODE, path], capture_output=True, text=True, timeout=120)


def main():
    for tool in ("node", "npm"):
        if not shutil.which(tool):
            skip(f"{tool} is not installed")
    if not installed():
        install()
    document = ROOT / "proto/asyncapi.json"
    good = parse(document)
    print(good.stdout + good.stderr)
    with tempfile.TemporaryDirectory() as folder:
        broken = json.loads(document.read_text())
        broken["operations"]["answer-questions"]["channel"]["$ref"] = "#/channels/nowhere"
        path = pathlib.Path(folder) / "broken.json"
        path.write_text(json.dumps(broken))
        bad = parse(path)
    if bad.returncode != 1:
        print("the parser did not see a broken reference")
    return 0 if good.returncode == 0 and bad.returncode == 1 else 1


if __name__ == "__main__":
    sys.exit(main())
