#!/usr/bin/python3
"""seed_wire: writes proto/vectors as files for fuzz-wire:  seed_wire.py FOLDER
SPDX-License-Identifier: Apache-2.0
"""
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    n = 0
    for path in sorted((ROOT / "proto/vectors").glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        for row in content.get("valid", []) + content.get("invalid", []):
            (folder / f"{path.stem}-{n:03d}").write_bytes(bytes.fromhex(row["hex"]))
            n += 1
    print(f"{n} seeds in {folder}")


if __name__ == "__main__":
    sys.exit(main())
