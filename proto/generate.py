#!/usr/bin/python3
"""generate: makes C, documents and checks from proto/schemas, the one description of all messages.
SPDX-License-Identifier: Apache-2.0

  generate.py --c DIR     convene/messages.h and messages.c into DIR (what the build does)
"""
import argparse
import pathlib
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from generator import c_code, model  # noqa: E402


def write_if_changed(path, text):
    """Leaves the file's time alone when nothing changed, so that nothing is compiled again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description="Makes C, documents and checks from proto/schemas.")
    parser.add_argument("--schemas", type=pathlib.Path, default=HERE / "schemas")
    parser.add_argument("--c", type=pathlib.Path, metavar="DIR")
    args = parser.parse_args()
    try:
        loaded = model.Model(args.schemas)
        if args.c:
            writer = c_code.Writer(loaded)
            write_if_changed(args.c / "convene" / "messages.h", writer.header())
            write_if_changed(args.c / "messages.c", writer.source())
    except model.SchemaError as error:
        print(f"generate.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
