"""compat: would a writer or reader of a released version still get on with today's schemas?
SPDX-License-Identifier: Apache-2.0

Old messages must still be read, and what is sent must still be readable:
  no message or field goes away, none changes its type, its stream or whose party it names
  what is optional stays optional where we read (requests, questions); what is required stays required where we write
  no limit gets narrower, no word leaves an enum, no role is taken away, no pattern changes
Wider limits and new words are allowed, and that an enum becomes a text that each of its words is, for they are the same on
the wire; in what we write they reach old readers, so they are told as notes.
"""
import re


def compare(old, new):
    """(list of breaks, list of notes), each a sentence that starts with where."""
    breaks, notes = [], []
    answers = {reply for model in (old, new) for node in model.messages.values() for reply in node.get("x-reply", [])}
    for full, before in old.messages.items():
        after = new.messages.get(full)
        if after is None:
            breaks.append(f"{full}: is gone")
            continue
        for key in ("x-kind", "x-service", "x-stream", "x-party-field"):
            if before.get(key) != after.get(key):
                breaks.append(f"{full}: {key} was {before.get(key)} and is {after.get(key)}")
        for role in set(before.get("x-roles", [])) - set(after.get("x-roles", [])):
            breaks.append(f"{full}: role {role} may not send it any more")
        for reply in set(after.get("x-reply", [])) - set(before.get("x-reply", [])):
            breaks.append(f"{full}: {reply} is a new answer, which old askers do not know")
        ours = before["x-kind"] in ("record", "outcome") or full in answers
        _objects(old, before, new, after, f"{full} data", ours, breaks, notes)
    return breaks, notes


def _objects(old, before, new, after, where, ours, breaks, notes):
    was = {name: (field, required) for name, field, required, _ in old.fields(before)}
    now = {name: (field, required) for name, field, required, _ in new.fields(after)}
    for name, (field, required) in was.items():
        here = f"{where}.{name}"
        if name not in now:
            breaks.append(f"{here}: is gone")
            continue
        if now[name][1] and not required:
            breaks.append(f"{here}: was optional and is required")
        if ours and required and not now[name][1]:
            breaks.append(f"{here}: was always there and is optional now")
        _values(old, field, new, now[name][0], here, ours, breaks, notes)
    for name in now.keys() - was.keys():
        if now[name][1]:
            breaks.append(f"{where}.{name}: is new and required")


def _values(old, before, new, after, where, ours, breaks, notes):
    kind = old.kind(before)
    if kind == "enum" and new.kind(after) == "text":
        after = new.resolve(after)[1]
        for word in old.resolve(before)[1]["enum"]:
            if not after["minLength"] <= len(word) <= after["maxLength"] or not re.search(after.get("pattern", ""), word):
                breaks.append(f"{where}: word {word} is no text that it takes now")
        if ours:
            notes.append(f"{where}: was enum and is text: new words reach old readers; upgrade them first")
        return
    if kind != new.kind(after):
        breaks.append(f"{where}: was {kind} and is {new.kind(after)}")
        return
    before, after = old.resolve(before)[1], new.resolve(after)[1]
    for low, high in (("minLength", "maxLength"), ("minimum", "maximum"), ("minItems", "maxItems")):
        if after.get(low, 0) > before.get(low, 0):
            breaks.append(f"{where}: {low} was {before.get(low, 0)} and is {after.get(low, 0)}")
        if high in before and after.get(high, before[high]) < before[high]:
            breaks.append(f"{where}: {high} was {before[high]} and is {after[high]}")
        elif ours and (after.get(high) != before.get(high) or after.get(low) != before.get(low)):
            notes.append(f"{where}: wider limits reach old readers; upgrade them first")
    if kind == "array" and "x-octets" in after:
        most = before.get("x-octets") or old.largest(before)
        if after["x-octets"] < most:
            breaks.append(f"{where}: x-octets was {most} and is {after['x-octets']}")
    if before.get("pattern") != after.get("pattern"):
        breaks.append(f"{where}: pattern was {before.get('pattern')} and is {after.get('pattern')}")
    if after.get("uniqueItems") and not before.get("uniqueItems"):
        breaks.append(f"{where}: elements must be unique now")
    for word in before.get("enum", []):
        if word not in after["enum"]:
            breaks.append(f"{where}: word {word} is gone")
    if ours and set(after.get("enum", [])) - set(before.get("enum", [])):
        notes.append(f"{where}: new words reach old readers; upgrade them first")
    if kind == "array":
        _values(old, before["items"], new, after["items"], where + "[]", ours, breaks, notes)
    elif kind == "object":
        _objects(old, before, new, after, where, ours, breaks, notes)
