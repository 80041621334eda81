#!/usr/bin/python3
"""test_compat: the check for compatibility bites: each breaking change is refused, each harmless one is not.

Every change is made on a copy of the schemas, and compared with an untouched copy standing for a released version.
SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(os.environ.get("CONVENE_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
REGISTER, DECIDED, DEFS = "registration.register.v1.json", "registration.decided.v1.json", "defs.json"


def put(path, value):
    """Sets what stands at a path of keys; value None removes it."""
    def change(node):
        for key in path[:-1]:
            node = node[key]
        if value is None:
            del node[path[-1]]
        else:
            node[path[-1]] = value
    return change


def require(name):
    return lambda node: node["required"].append(name)


def relax(name):
    return lambda node: node["required"].remove(name)


def word_gone(definition, word):
    return lambda node: node["definitions"][definition]["enum"].remove(word)


def word_more(definition, word):
    return lambda node: node["definitions"][definition]["enum"].append(word)


def text_instead(definition, pattern):
    def change(node):
        node["definitions"][definition] = {"description": "Any.", "type": "string", "minLength": 2, "maxLength": 32,
                                           "pattern": pattern, "x-expect": "words"}
    return change


EXTRA = {"description": "New.", "type": "integer", "minimum": 0, "maximum": 9}


def new_required(node):
    node["properties"]["extra"] = EXTRA
    node["required"].append("extra")


BREAKING = [  # file, change, what the refusal must say
    (REGISTER, put(["properties", "contact"], None), "data.contact: is gone"),
    (REGISTER, require("group"), "data.group: was optional and is required"),
    (REGISTER, new_required, "data.extra: is new and required"),
    (REGISTER, put(["properties", "persons", "maxItems"], 63), "data.persons: maxItems was 64 and is 63"),
    (REGISTER, put(["properties", "persons", "minItems"], 2), "data.persons: minItems was 1 and is 2"),
    (REGISTER, put(["properties", "group"], EXTRA), "data.group: was enum and is int"),
    (REGISTER, put(["x-roles"], ["secretariat"]), "role publisher may not send it any more"),
    (REGISTER, put(["x-service"], "scheduling"), "x-service was registration and is scheduling"),
    (REGISTER, put(["x-party-field"], "event"), "x-party-field was party and is event"),
    (DECIDED, relax("code"), "data.code: was always there and is optional now"),
    (DECIDED, require("seats"), "data.seats: was optional and is required"),  # records already written lack it
    (DECIDED, put(["x-stream"], "registration.private"), "x-stream was registration.events"),
    (DEFS, text_instead("capacity", "^[a-z]{2,8}$"), "capacity: word interpreter is no text that it takes now"),
    (DEFS, word_gone("capacity", "media"), "capacity: word media is gone"),
    (DEFS, put(["definitions", "name", "maxLength"], 199), "name: maxLength was 200 and is 199"),
    (DEFS, put(["definitions", "event_id", "minLength"], 2), "data.event: minLength was 1 and is 2"),
    (DEFS, put(["definitions", "event_id", "pattern"], "^[A-Z]{1,64}$"), "data.event: pattern was"),
    (DEFS, put(["definitions", "instant_ms", "minimum"], 1), "minimum was 0 and is 1"),
    (DEFS, put(["definitions", "epoch", "x-msgpack"], None), "data.epoch: was bin and is text"),
    (DEFS, put(["definitions", "person", "properties", "email"], None), "data.persons[].email: is gone"),
    (DEFS, put(["definitions", "registration_rules", "properties", "audience", "items"], {"$ref": "defs.json#/definitions/capacity"}),
     "data.audience[]: word member is gone"),
    (DEFS, put(["definitions", "registration_rules", "properties", "quotas", "uniqueItems"], True), "data.quotas: elements must be unique now"),
    ("log.fetch.v1.json", put(["x-reply"], ["convene.log.batch.v1", "convene.log.refused.v1", "convene.log.page.v1"]), "is a new answer"),
    ("log.ack.v1.json", None, "convene.log.ack.v1: is gone"),
]
HARMLESS = [
    (REGISTER, put(["properties", "extra"], EXTRA)),
    (REGISTER, relax("party")),
    (REGISTER, put(["properties", "persons", "maxItems"], 65)),
    (REGISTER, put(["description"], "Says it better.")),
    (REGISTER, put(["x-roles"], ["secretariat", "focal_point", "publisher", "service"])),
    (DECIDED, put(["properties", "extra"], EXTRA)),
    (DEFS, word_more("capacity", "observer")),
    (DEFS, text_instead("capacity", "^[a-z_]{2,32}$")),
    (DEFS, put(["definitions", "name", "maxLength"], 210)),
]


def main():
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        shutil.copytree(ROOT / "proto/schemas", folder / "released/1.0")

        def run(name, change):
            shutil.rmtree(folder / "schemas", ignore_errors=True)
            shutil.copytree(ROOT / "proto/schemas", folder / "schemas")
            path = folder / "schemas" / name
            if change is None:
                path.unlink()
            else:
                node = json.loads(path.read_text())
                change(node)
                path.write_text(json.dumps(node))
            return subprocess.run([sys.executable, ROOT / "proto/generate.py", "--compat", "--schemas", folder / "schemas",
                                   "--released", folder / "released"], capture_output=True, text=True)

        for i, (name, change, says) in enumerate(BREAKING):
            done = run(name, change)
            if done.returncode != 1 or says not in done.stderr or "Traceback" in done.stderr:
                wrong.append(f"breaking change {i} ({says}): status {done.returncode}, {done.stderr[:300]}")
        for i, (name, change) in enumerate(HARMLESS):
            done = run(name, change)
            if done.returncode:
                wrong.append(f"harmless change {i} of {name} is refused: {done.stderr[:300]}")
    print("\n".join(wrong))
    print(f"{len(BREAKING)} breaking and {len(HARMLESS)} harmless changes, {len(wrong)} judged wrongly")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
