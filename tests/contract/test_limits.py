#!/usr/bin/python3
"""test_limits: every limit of every field, from the schemas and not from the generated code.

Reads proto/schemas with nothing but json, breaks each rule of each field in a golden message, once just inside and
once just outside, and asks the C decoder (test_vectors --filter). What is inside must be read and written back octet
for octet; what is outside must be refused with CV_EINVAL and the path of the field.
SPDX-License-Identifier: Apache-2.0
"""
import copy
import json
import os
import pathlib
import subprocess
import sys

try:
    import msgpack
except ImportError:
    print("SKIPPED: python3-msgpack is not installed")
    sys.exit(77)

ROOT = pathlib.Path(os.environ.get("CONVENE_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
TOOL = pathlib.Path(os.environ.get("CONVENE_BIN", ROOT / "build" / "bin")).parent / "tests" / "contract" / "test_vectors"
DEFS = json.loads((ROOT / "proto/schemas/defs.json").read_text())["definitions"]
GONE = object()


def resolve(node):
    while "$ref" in node:
        node = DEFS[node["$ref"].rsplit("/", 1)[1]]
    return node


def plain(value):
    if isinstance(value, dict):
        return bytes.fromhex(value["bin"]) if list(value) == ["bin"] else {k: plain(v) for k, v in value.items()}
    return [plain(v) for v in value] if isinstance(value, list) else value


def fields(node):
    node = resolve(node)
    rows = [(n, f, n in node.get("required", [])) for n, f in node.get("properties", {}).items()]
    for part in node.get("allOf", []):
        rows += fields(part)
    return rows


def stretched(node, value, length):
    """A text of this length that still fits its pattern, or None where the pattern fixes the length."""
    if "@" in node.get("pattern", ""):
        return value[:1] + "@" + "x" * (length - 2) if length >= 3 else None
    if "(-[" in node.get("pattern", ""):  # parts of at most so many letters
        return (f"kkk-{'x' * 8}-" + "x" * length)[:length]
    if "\\d{4}" in node.get("pattern", "") or ":" in node.get("pattern", "") or node["minLength"] == node["maxLength"]:
        return None
    return (value + value[-1] * length)[:length] if value.isascii() else "x" * length


def cases(node, value, path):
    """(path of the fault or None if it must pass, replacement, what) for one field whose golden value is value."""
    node = resolve(node)
    if "enum" in node:
        for word in node["enum"]:
            yield None, word, f"word {word}"
        for wrong in ("", "nonsense", node["enum"][0] + "x", node["enum"][0][:-1], 1, None, True, b"x", [], {}):
            if wrong not in node["enum"]:
                yield path, wrong, f"enum {wrong!r}"
    elif node.get("x-msgpack") == "bin":
        low, high = node["minLength"], node["maxLength"]
        yield from [(None, b"\x01" * low, "shortest bin"), (path, b"\x01" * (low - 1), "bin too short")]
        if high < 20000:
            yield from [(None, b"\x01" * high, "longest bin"), (path, b"\x01" * (high + 1), "bin too long")]
        yield from ((path, wrong, f"bin {wrong!r}") for wrong in ("x" * low, 1, None, False, [], {}))
    elif node["type"] == "string":
        low, high = node["minLength"], node["maxLength"]
        for length, fits in ((low, True), (high, True), (high + 1, False)):
            text = stretched(node, value, length)
            if text is not None:
                yield (None if fits else path), text, f"text of {length}"
        yield from ((path, wrong, f"text {str(wrong)[:12]!r}") for wrong in ("", value + "\x01", "\x7f", 1, 1.5, None, True, b"abc", [value], {}))
    elif node["type"] == "integer":
        low, high = node["minimum"], node["maximum"]
        yield from [(None, low, "least"), (None, high, "greatest"), (path, low - 1, "too small"), (path, high + 1, "too great")]
        yield from ((path, wrong, f"integer {wrong!r}") for wrong in (2**63, 2**64 - 1, -2**63, float(low), str(low), None, True, b"", [], {}))
    elif node["type"] == "boolean":
        yield from [(None, True, "true"), (None, False, "false")]
        yield from ((path, wrong, f"boolean {wrong!r}") for wrong in (0, 1, "true", None, [], {}))
    elif node["type"] == "array":
        low, high, item = node.get("minItems", 0), node["maxItems"], value[0]
        if not node.get("uniqueItems"):
            yield None, [item] * high, "most elements"
        if high < 1000:
            yield path, [item] * (high + 1), "too many elements"
        if low:
            yield path, [item] * (low - 1), "too few elements"
        yield from ((path, wrong, f"array {wrong!r}") for wrong in ({}, "x", None, 0))
        if node.get("uniqueItems"):
            value = value[:1]
        at = max(range(len(value)), key=lambda i: len(value[i]) if isinstance(value[i], dict) else i)  # the fullest
        for where, wrong, what in cases(node["items"], value[at], f"{path}[{at}]"):
            yield where, value[:at] + [wrong] + value[at + 1:], f"element: {what}"
    else:
        yield from ((path, wrong, f"object {wrong!r}") for wrong in ([], "x", None, 0, True))
        yield None, {**value, "unknown": [1, {"new": None}]}, "a key of a newer version"
        for name, field, required in fields(node):
            rest = {k: v for k, v in value.items() if k != name}
            yield (f"{path}.{name}" if required else None), rest, f"without {name}"
            for where, wrong, what in cases(field, value[name], f"{path}.{name}"):
                yield where, {**value, name: wrong}, f"{name}: {what}"


def main():
    tool = subprocess.Popen([TOOL, "--filter"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    checks, wrong = 0, []
    for path in sorted((ROOT / "proto/schemas").glob("*.json")):
        if path.name == "defs.json":
            continue
        schema = json.loads(path.read_text())
        vectors = json.loads((ROOT / "proto/vectors" / path.name).read_text())
        golden = plain(next(v["message"] for v in vectors["valid"] if v["name"] == "full"))
        shape = {"type": "object", **{k: schema[k] for k in ("properties", "required", "allOf") if k in schema}}
        for where, data, what in cases(shape, golden["data"], "data"):
            if where == "data":
                continue  # the reader's to refuse, not the decoder's: vectors/invalid.json has it
            message = {**copy.copy(golden), "data": data}
            packed = msgpack.packb(message, use_bin_type=True).hex()
            tool.stdin.write(packed + "\n")
            tool.stdin.flush()
            code, fault, text, back = tool.stdout.readline().rstrip("\n").split("\t")
            checks += 1
            if where is None:
                good = code == "CV_OK" and ("newer" in what or msgpack.unpackb(bytes.fromhex(back)) == message)
            else:
                good = code == "CV_EINVAL" and fault == where and "must" in text + " must" and not back
            if not good:
                wrong.append(f"{path.name}: {what}: {code} at {fault!r} ({text}); expected {where or 'to pass'}")
    tool.stdin.close()
    status = tool.wait()
    print("\n".join(wrong[:50]))
    print(f"{checks} messages, {len(wrong)} wrong, exit status {status}")
    return 1 if wrong or status or checks < 3000 else 0


if __name__ == "__main__":
    sys.exit(main())
