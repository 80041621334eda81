#!/usr/bin/python3
"""test_codes: every code that a service can put into an outcome stands in proto/README.md, section 9.

Found in the sources: the first text in each call of a function that answers, and the words of registration's rules.
SPDX-License-Identifier: Apache-2.0
"""
import os
import pathlib
import re
import sys

ROOT = pathlib.Path(os.environ.get("CONVENE_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
CALL = re.compile(r'\b(?:cv_refuse|cv_refuse_as|cv_accept|reg_accept|sch_no|answer_no|unknown)\s*\([^;"{]*?"([a-z][a-z0-9_]*)"\s*[,)]')
RULE = re.compile(r'XX\(REG_RULE_\w+, "([a-z_]+)"\)')


def main():
    page = (ROOT / "proto/README.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`([a-z][a-z0-9_]*)`", page[page.index("## 9. Codes"):page.index("## 10. Versions")]))
    found = {}
    for folder in ("services", "common/src/service"):
        for path in sorted((ROOT / folder).rglob("*.[ch]")):
            text = path.read_text(encoding="utf-8")
            for code in CALL.findall(text) + RULE.findall(text):
                found.setdefault(code, path.relative_to(ROOT))
    missing = {code: path for code, path in found.items() if code not in told}
    for code, path in missing.items():
        print(f"{path}: code {code} is not in section 9 of proto/README.md")
    print(f"{len(found)} codes in the sources, {len(missing)} of them not described")
    return 1 if missing or len(found) < 40 else 0


if __name__ == "__main__":
    sys.exit(main())
