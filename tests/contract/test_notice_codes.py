#!/usr/bin/python3
"""test_notice_codes: every code that registration can put into registration.decided has words in notices, in each language.

The codes are found where they are made: the words of registration's rules, and the texts that a decision is accepted
with. A code is in words in English if said.c has it, in another language if its catalogue has those words.
ctest-labels: notifications
SPDX-License-Identifier: Apache-2.0
ctest-labels: notifications
"""
import ast
import os
import pathlib
import re
import sys

ROOT = pathlib.Path(os.environ.get("CONVENE_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
REGISTRATION = ROOT / "services/registration"
CONTENT = ROOT / "services/notifications/content"
RULE = re.compile(r'XX\(REG_RULE_\w+, "([a-z_]+)"\)')
ACCEPT = re.compile(r"\breg_accept\(ask,\s*([^;]*?)\);", re.S)
WORD = re.compile(r'"([a-z_]+)"')
WORDS = re.compile(r'\{"([a-z_]+)", N_\(\s*((?:"(?:\\.|[^"\\])*"\s*)+)\)\}')


def body_of(text, function):
    """What stands in a function, to its closing brace in the first column."""
    at = re.search(rf"^static const char \*{function}\(", text, re.M)
    return text[at.start():text.index("\n}", at.start())] if at else ""


def carried():
    """Code -> where it is made."""
    codes = {word: "core.h" for word in RULE.findall((REGISTRATION / "core.h").read_text(encoding="utf-8"))}
    calls = 0
    for path in sorted(REGISTRATION.glob("*.c")):
        text = path.read_text(encoding="utf-8")
        for call in ACCEPT.findall(text):
            calls += 1
            code = re.split(r",(?![^(]*\))", call)[1].strip()
            if code.startswith('"'):
                found = WORD.findall(code)
            elif code == "code":  # what the function set it to
                before = text[:text.index(call)]
                found = WORD.findall(before[before.rindex("const char *code"):].split(";")[0])
            elif code.startswith("code_of("):
                found = WORD.findall(body_of(text, "code_of"))
            elif code.startswith("reg_rule_word("):
                found = []
            else:
                raise SystemExit(f"{path.name}: which codes is `{code}`? This test cannot tell")
            codes.update({word: path.name for word in found})
    if calls < 10:
        raise SystemExit(f"only {calls} calls of reg_accept were found")
    return codes


def translated(path):
    text = path.read_text(encoding="utf-8")
    return {ast.literal_eval(words) for words in re.findall(r'^msgid ("[^\n]+")\nmsgstr "[^"\n]', text, re.M)}


def main():
    page = (ROOT / "proto/README.md").read_text(encoding="utf-8")
    section = set(re.findall(r"`([a-z][a-z0-9_]*)`", page[page.index("## 9. Codes"):page.index("## 10. Versions")]))
    said = {code: "".join(ast.literal_eval(part) for part in re.findall(r'"(?:\\.|[^"\\])*"', words))
            for code, words in WORDS.findall((CONTENT / "said.c").read_text(encoding="utf-8"))}
    codes, catalogues, faults = carried(), sorted((CONTENT / "po").glob("*.po")), []
    for code, where in sorted(codes.items()):
        if code not in section:
            faults.append(f"{code} ({where}) is not in section 9 of proto/README.md")
        if code not in said:
            faults.append(f"{code} ({where}) has no words in said.c")
        faults += [f"{code} ({where}) has no words in {path.name}" for path in catalogues
                   if code in said and said[code] not in translated(path)]
    faults += [f"{code} is in said.c, and no decision says it" for code in said if code not in codes]
    print("\n".join(faults))
    print(f"{len(codes)} codes of decisions, {len(catalogues)} catalogues, {len(faults)} faults")
    return 1 if faults or len(codes) < 40 or not catalogues else 0


if __name__ == "__main__":
    sys.exit(main())
