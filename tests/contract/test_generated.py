#!/usr/bin/python3
"""test_generated: what is committed and generated is current, nothing broke for a released version, vectors are packed.
SPDX-License-Identifier: Apache-2.0
"""
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(os.environ.get("CONVENE_SOURCE", pathlib.Path(__file__).resolve().parents[2]))


def main():
    failed = subprocess.run([sys.executable, ROOT / "proto/generate.py", "--check", "--compat"]).returncode
    packed = subprocess.run([sys.executable, ROOT / "proto/vectors/pack.py", "--check"]).returncode
    return 1 if failed or packed not in (0, 77) else 0


if __name__ == "__main__":
    sys.exit(main())
