#!/usr/bin/python3
"""pack: the golden vectors as another implementation packs them (python3-msgpack, nothing of ours).
SPDX-License-Identifier: Apache-2.0

A file holds {"type", "valid": [{"name", "message", "hex"}]}: the message as people read it, bins as {"bin": "hex"},
keys in the order they are written, and its bytes. invalid.json holds {"invalid": [{"name", "message" or "hex", "code", "path"}]}.

  pack.py            fills in the hex that is missing (write an example, run this, look at the diff)
  pack.py --check    packs everything again and compares; exit 1 and a list when something differs
"""
import json
import pathlib
import sys

try:
    import msgpack
except ImportError:
    print("SKIPPED: python3-msgpack is not installed")
    sys.exit(77)

HERE = pathlib.Path(__file__).resolve().parent


def plain(value):
    """JSON to what msgpack packs: {"bin": "hex"} becomes bytes."""
    if isinstance(value, dict):
        if list(value) == ["bin"]:
            return bytes.fromhex(value["bin"])
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def pack(message):
    return msgpack.packb(plain(message), use_bin_type=True)


def main():
    check, bad = "--check" in sys.argv[1:], 0
    for path in sorted(HERE.glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        for row in content.get("valid", []) + content.get("invalid", []):
            if "message" not in row:
                continue
            packed = pack(row["message"]).hex()
            if check and row.get("hex") != packed:
                print(f"{path.name}: {row['name']}: hex is not what the message packs to")
                bad += 1
            elif not check and not row.get("hex"):
                row["hex"] = packed
        if not check:
            path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
