#!/usr/bin/python3
"""generate: makes C, documents and checks from proto/schemas, the one description of all messages.
SPDX-License-Identifier: Apache-2.0

  generate.py --c DIR         convene/messages.h and messages.c into DIR (what the build does)
  generate.py --docs          asyncapi.json, and the generated part of README.md
  generate.py --check         exit 1 when the two are not what --docs would make
  generate.py --compat        exit 1 when something breaks for users of a version in released/
  generate.py --freeze 1.1    copies the schemas to released/1.1, which is never changed again
"""
import argparse
import pathlib
import shutil
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from generator import c_code, compat, docs, model  # noqa: E402


def write_if_changed(path, text):
    """Leaves the file's time alone when nothing changed, so that nothing is compiled again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def check_compatible(loaded, released):
    """True when nothing breaks; says what does."""
    good = True
    for folder in sorted(path for path in released.iterdir() if path.is_dir()):
        breaks, notes = compat.compare(model.Model(folder), loaded)
        for line in notes:
            print(f"note, since {folder.name}: {line}")
        for line in breaks:
            print(f"breaks {folder.name}: {line}", file=sys.stderr)
            good = False
    return good


def main():
    parser = argparse.ArgumentParser(description="Makes C, documents and checks from proto/schemas.")
    parser.add_argument("--schemas", type=pathlib.Path, default=HERE / "schemas")
    parser.add_argument("--released", type=pathlib.Path, default=HERE / "released")
    parser.add_argument("--c", type=pathlib.Path, metavar="DIR")
    parser.add_argument("--docs", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--compat", action="store_true")
    parser.add_argument("--freeze", metavar="VERSION")
    args = parser.parse_args()
    good = True
    try:
        loaded = model.Model(args.schemas)
        if args.c:
            writer = c_code.Writer(loaded)
            write_if_changed(args.c / "convene" / "messages.h", writer.header())
            write_if_changed(args.c / "messages.c", writer.source())
        if args.docs or args.check:
            made = {HERE / "asyncapi.json": docs.asyncapi(loaded, HERE / "vectors"),
                    HERE / "README.md": docs.readme(loaded, (HERE / "README.md").read_text(encoding="utf-8"))}
            for path, text in made.items():
                if args.docs:
                    write_if_changed(path, text)
                elif not path.exists() or path.read_text(encoding="utf-8") != text:
                    print(f"{path.name} is not current: run proto/generate.py --docs", file=sys.stderr)
                    good = False
        if args.freeze:
            shutil.copytree(args.schemas, args.released / args.freeze)
        if args.compat:
            good = check_compatible(loaded, args.released) and good
    except (model.SchemaError, FileExistsError) as error:
        print(f"generate.py: {error}", file=sys.stderr)
        return 1
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
