#!/usr/bin/python3
"""test_languages: no word of a notice is missing in a catalogue, none is left over, and placeholders agree.

The words are found where they are used: {{#_}}...{{/_}} in the templates, N_("...") in C and in view_words.h. Names of
parties (msgctxt "party") are what a catalogue likes to have; those of the sample are there in Russian.
ctest-labels: notifications
SPDX-License-Identifier: Apache-2.0
"""
import ast
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(os.environ.get("CONVENE_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
CONTENT = ROOT / "services/notifications/content"
SECTION = re.compile(r"\{\{#(_[^}]*)\}\}(.*?)\{\{/\1\}\}", re.S)
MARKED = re.compile(r'\bN_\(\s*("(?:\\.|[^"\\])*")\s*\)')
TAG = re.compile(r"\{\{([^}]+)\}\}")


def used():
    """(context, text, plural or None) of all words."""
    words = {}
    for path in sorted((CONTENT / "templates").iterdir()):
        text = path.read_text(encoding="utf-8")
        for name, body in SECTION.findall(text):
            context = name[2:] if name.startswith("_@") else None
            one, many = body.split("|") if name.startswith("_:") else (body, None)
            words.setdefault((context, one), (many, path.name))
            if name.startswith("_:") and name[2:] not in TAG.findall(one):
                raise SystemExit(f"{path.name}: {body}: its number is not said")
        if len(SECTION.findall(text)) != text.count("{{#_"):
            raise SystemExit(f"{path.name}: a translated section is not closed, or in another")
    for path in [*sorted(CONTENT.glob("*.c")), CONTENT / "view_words.h"]:
        for quoted in MARKED.findall(path.read_text(encoding="utf-8")):
            words.setdefault((None, ast.literal_eval(quoted)), (None, path.name))
    return words


def catalogue(path):
    """(entries, header): (context, text) -> (plural, forms)."""
    entries, entry, field = {}, {}, None
    for line in path.read_text(encoding="utf-8").splitlines() + [""]:
        if not line.strip():
            if "msgid" in entry:
                forms = [entry[k] for k in sorted(entry) if k.startswith("msgstr")]
                key = (entry.get("msgctxt"), entry["msgid"])
                if key in entries:
                    raise SystemExit(f"{path.name}: twice: {key}")
                entries[key] = (entry.get("msgid_plural"), forms)
            entry = {}
        elif not line.startswith("#"):
            match = re.match(r"(msg\w+(?:\[\d\])?) (.*)", line)
            field, quoted = match.groups() if match else (field, line)
            entry[field] = entry.get(field, "") + ast.literal_eval(quoted)
        elif "fuzzy" in line:
            raise SystemExit(f"{path.name}: {line}: not checked by anybody yet")
    return entries, entries.pop((None, ""))[1][0]


def check(path, words):
    entries, header = catalogue(path)
    faults = []
    forms_n = int(re.search(r"nplurals=(\d)", header).group(1))
    for key, (many, where) in words.items():
        if key not in entries:
            faults.append(f"missing: {key} of {where}")
            continue
        plural, forms = entries[key]
        if plural != many:
            faults.append(f"{key}: the plural is {many!r} in {where}")
        if len(forms) != (forms_n if many else 1) or not all(forms):
            faults.append(f"{key}: {len(forms)} forms")
        for form in forms:
            if sorted(TAG.findall(form)) != sorted(TAG.findall(key[1])):
                faults.append(f"{key}: other placeholders in {form!r}")
            if re.search("[<>&|]", form):
                faults.append(f"{key}: {form!r} has what is markup or parts forms")
    faults += [f"left over: {key}" for key in entries if key not in words and key[0] != "party"]
    for key, (plural, forms) in entries.items():
        if key[0] == "party" and (plural or len(forms) != 1 or not forms[0].strip()):
            faults.append(f"{key}: a name has one form")
    return faults


def without_name(path):
    """Members and observers of the sample that have no name in a catalogue."""
    sample = json.loads((ROOT / "services/cli/sample/cica-plan.json").read_text(encoding="utf-8"))
    entries, _ = catalogue(path)
    names = [p["name"] for p in sample["parties"] if p["kind"] in ("member", "observer_state", "observer_org")]
    return [f"{path.name}: no name of {name}" for name in names if ("party", name) not in entries]


def main():
    words = used()
    catalogues = sorted((CONTENT / "po").glob("*.po"))
    faults = []
    for path in catalogues:
        faults += [f"{path.name}: {fault}" for fault in check(path, words)]
        if shutil.which("msgfmt"):  # gettext's own opinion, where it is installed
            done = subprocess.run(["msgfmt", "--check", "-o", os.devnull, str(path)], capture_output=True, text=True, check=False)
            if done.returncode:
                faults.append(f"{path.name}: {done.stderr}")
    faults += without_name(CONTENT / "po/ru.po")
    print("\n".join(faults))
    print(f"{len(words)} words, catalogues: {', '.join(p.stem for p in catalogues)}, {len(faults)} faults")
    return 1 if faults or len(words) < 100 or "ru" not in [p.stem for p in catalogues] else 0


if __name__ == "__main__":
    sys.exit(main())
