"""model: reads proto/schemas into one checked model from which everything else is made.
SPDX-License-Identifier: Apache-2.0

The schemas are JSON Schema draft-07, of which this subset is allowed, so that nothing is promised that is not checked:
  texts    type string, minLength, maxLength (octets of UTF-8), pattern, x-expect (the pattern in words)
  enums    type string, enum; only in defs.json, so that each has one name
  bins     type string, x-msgpack bin, minLength, maxLength
  ints     type integer, minimum, maximum, x-c (uint64_t)
  bools    type boolean
  arrays   type array, items, minItems, maxItems, uniqueItems, x-octets (most octets of the whole array), x-lazy (elements are
           whole messages, or maps; they stay where they are and are read one by one)
  objects  type object, required, properties, allOf (fields of a definition, flat; C: one member named x-member)
  $ref     "defs.json#/definitions/NAME"; a description beside it replaces the definition's
A message's file adds x-type, x-kind, x-service, x-stream, x-roles, x-party-field, x-reply, and x-frame-bound
(a request whose fields together can be more than a frame holds: its sender has to look).
"""
import json
import pathlib
import re

KINDS = ("request", "outcome", "record", "log")
ROLES = ("operator", "secretariat", "focal_point", "publisher", "service", "observer", "gate")
SERVICES = ("registration", "scheduling", "notifications")
REF = "defs.json#/definitions/"
SPECIAL = {  # patterns that are more than classes of characters, and the matcher in common/src/wire/codec.c
    r"^[^@\u0000-\u0020\u007f]+@[^@\u0000-\u0020\u007f]+$": "CV_TEXT_EMAIL",
    r"^\d{4}(-\d{2}(-\d{2})?)?$": "CV_TEXT_PARTIAL_DATE",
    r"^([01][0-9]|2[0-3]):[0-5][0-9]$": "CV_TEXT_WALL_TIME",
    r"^[+-](0[0-9]|1[0-4]):[0-5][0-9]$": "CV_TEXT_UTC_OFFSET",
    r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}$": "CV_TEXT_LANGUAGE",
}
ALLOWED = {
    "text": {"type", "minLength", "maxLength", "pattern", "x-expect"},
    "enum": {"type", "enum"},
    "bin": {"type", "x-msgpack", "minLength", "maxLength"},
    "int": {"type", "minimum", "maximum", "x-c"},
    "bool": {"type"},
    "array": {"type", "items", "minItems", "maxItems", "uniqueItems", "x-lazy", "x-octets"},
    "object": {"type", "required", "properties", "allOf"},
}
MESSAGE_KEYS = {"$schema", "$id", "title", "x-type", "x-kind", "x-service", "x-stream", "x-roles", "x-party-field", "x-reply", "x-frame-bound"}
MAX_FIELDS = 64
LARGEST = {"request": 64 * 1024, "outcome": 64 * 1024, "record": 40 * 1024, "log": 256 * 1024}  # CV_MAX_*, octets
ATTRIBUTES = 2048  # what all attributes together need at most


class SchemaError(Exception):
    """A schema that breaks the rules above; says where."""


class Model:
    """definitions: name -> node; messages: full type -> node with x-... keys, sorted by type."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.definitions = self._load("defs.json")["definitions"]
        for name, node in self.definitions.items():
            self._check(node, f"defs.json {name}", named=True)
        messages = {}
        for path in sorted(self.folder.glob("*.json")):
            if path.name != "defs.json":
                node = self._load(path.name)
                self._check_message(node, path.name)
                messages[node["x-type"]] = node
        self.messages = dict(sorted(messages.items()))
        for kind, node in self.messages.items():
            for reply in node.get("x-reply", []):
                self._need(reply in self.messages, kind, f"x-reply names {reply}, which does not exist")

    @staticmethod
    def _need(condition, where, what):
        if not condition:
            raise SchemaError(f"{where}: {what}")

    def _load(self, name):
        try:
            return json.loads((self.folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise SchemaError(f"{name}: {error}") from error

    def resolve(self, node):
        """(name of the definition or None, the node itself)."""
        if "$ref" not in node:
            return None, node
        self._need(node["$ref"].startswith(REF), node["$ref"], f"references must start with {REF}")
        name = node["$ref"][len(REF):]
        self._need(name in self.definitions, name, "is not in defs.json")
        return name, self.definitions[name]

    def describe(self, node):
        return node.get("description") or self.resolve(node)[1].get("description", "")

    def kind(self, node):
        """What a node is: a key of ALLOWED."""
        node = self.resolve(node)[1]
        if "enum" in node:
            return "enum"
        if node.get("type") == "string":
            return "bin" if node.get("x-msgpack") == "bin" else "text"
        return {"integer": "int", "boolean": "bool", "array": "array", "object": "object"}.get(node.get("type"), "object")

    def fields(self, node):
        """[(name, node, required, member)] in wire order, those of allOf flat; member: of the embedded struct or None."""
        required = set(node.get("required", []))
        rows = [(name, field, name in required, None) for name, field in node.get("properties", {}).items()]
        for part in node.get("allOf", []):
            rows += [(n, f, r, part.get("x-member")) for n, f, r, _ in self.fields(self.resolve(part)[1])]
        return rows

    def largest(self, node):
        """Octets of the largest value that is allowed. Lazy arrays of messages count nothing: their writer fills them to the limit."""
        kind, node = self.kind(node), self.resolve(node)[1]
        if kind in ("text", "bin"):
            return 5 + node["maxLength"]
        if kind == "enum":
            return 2 + max(len(word) for word in node["enum"])
        if kind == "array" and "x-octets" in node:
            return node["x-octets"]
        if kind == "array":
            return 5 + (0 if node.get("x-lazy") else node["maxItems"] * self.largest(node["items"]))
        if kind == "object":
            return 3 + sum(2 + len(name) + self.largest(field) for name, field, _, _ in self.fields(node))
        return 9

    def same_as(self, node):
        """The definition a message is nothing but, or None."""
        if "properties" not in node and len(node.get("allOf", [])) == 1:
            return self.resolve(node["allOf"][0])[0]
        return None

    def _check_message(self, node, name):
        self._need(name == node.get("$id") and node.get("x-type") == "convene." + name[:-5], name, "$id and x-type must be the file's name")
        self._need(node.get("x-kind") in KINDS, name, f"x-kind must be one of {', '.join(KINDS)}")
        self._need(node.get("title"), name, "has no title")
        if node["x-kind"] in ("request", "record"):
            self._need(node.get("x-service") in SERVICES, name, f"x-service must be one of {', '.join(SERVICES)}")
        if node["x-kind"] == "request":
            self._need(node.get("x-roles"), name, "a request must say in x-roles who may send it")
        for role in node.get("x-roles", []):
            self._need(role in ROLES, name, f"{role} is not a role")
        rest = {k: v for k, v in node.items() if k not in MESSAGE_KEYS}
        self._check({"type": "object", **rest}, name)
        if self.same_as(node) is None:
            self._need(all("x-member" in part for part in node.get("allOf", [])), name, "allOf beside properties needs x-member")
        largest = self.largest(node) + ATTRIBUTES
        bound = node.get("x-frame-bound")
        self._need(not bound or node["x-kind"] == "request", name, "x-frame-bound is for requests: what a service writes must always fit")
        self._need(bound or largest <= LARGEST[node["x-kind"]], name, f"can be {largest} octets; a {node['x-kind']} has at most {LARGEST[node['x-kind']]}")
        names = {n: f for n, f, _, _ in self.fields(node)}
        if "focal_point" in node.get("x-roles", []):
            self._need("x-party-field" in node, name, "a focal point may send it, so x-party-field must say whose party")
        if "x-party-field" in node:
            self._need(node["x-party-field"] in names, name, "x-party-field names no field")

    def _check(self, node, where, named=False):
        self._need(self.describe(node), where, "has no description")
        if "$ref" in node:
            self._need(not set(node) - {"$ref", "description"}, where, "only a description may stand beside $ref")
            self.resolve(node)
            return
        kind = self.kind(node)
        extra = set(node) - ALLOWED[kind] - {"description"}
        self._need(not extra, where, f"{', '.join(sorted(extra))} is not in the subset for {kind}")
        if kind in ("text", "bin"):
            self._need(0 < node.get("minLength", 0) <= node.get("maxLength", 0), where, "needs 0 < minLength <= maxLength")
            if "pattern" in node:
                self._need("x-expect" in node, where, "a pattern needs x-expect")
                compile_pattern(node["pattern"], where)
        elif kind == "int":
            self._need(node.get("minimum", 1) <= node.get("maximum", 0), where, "needs minimum <= maximum")
            self._need(-2**53 < node["minimum"] and node["maximum"] < 2**53, where, "must fit into 53 bits")
            self._need("x-c" not in node or (node["x-c"] == "uint64_t" and node["minimum"] >= 0), where, "x-c is uint64_t, not negative")
        elif kind == "enum":
            self._need(named, where, "enums belong into defs.json")
            self._need(len(set(node["enum"])) == len(node["enum"]), where, "a word twice")
        elif kind == "array":
            self._need(0 <= node.get("minItems", 0) <= node.get("maxItems", 0), where, "needs minItems <= maxItems")
            self._need(self.kind(node["items"]) != "array", where, "no arrays of arrays")
            if "$ref" not in node["items"]:
                raise SchemaError(f"{where}: items must be a $ref")
            self.resolve(node["items"])
            self._need(node.get("x-octets", 1) > 0, where, "x-octets must be positive")
            if node.get("x-lazy") and self.kind(node["items"]) != "bin":
                self._need(self.kind(node["items"]) == "object" and "x-octets" in node, where, "x-lazy is for messages, and for maps with x-octets")
        elif kind == "object":
            fields = node.get("properties", {})
            for name, field in fields.items():
                self._need(re.fullmatch("[a-z][a-z0-9_]*", name), where, f"{name}: names are lower_snake")
                self._check(field, f"{where} {name}")
                optional = name not in node.get("required", [])
                inner = self.resolve(field)[1]
                self._need(not (optional and self.kind(field) == "array" and inner.get("minItems", 0) == 0), where,
                           f"{name}: an optional array needs minItems 1, or absent and empty would be two things")
            self._need(set(node.get("required", [])) <= set(fields), where, "required names a field that is not there")
            rows = self.fields(node)
            self._need(0 < len(rows) <= MAX_FIELDS, where, f"must have 1 to {MAX_FIELDS} fields")
            self._need(len({row[0] for row in rows}) == len(rows), where, "a field twice")


def _octets(body):
    """The octets a character class stands for; every octet from 0x80 counts as 'any other character'."""
    text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda m: chr(int(m.group(1), 16)), body)
    negated = text.startswith("^")
    text, result, i = text[negated:], set(), 0
    while i < len(text):
        if i + 2 < len(text) and text[i + 1] == "-":
            result |= set(range(ord(text[i]), ord(text[i + 2]) + 1))
            i += 3
        else:
            result.add(ord(text[i]))
            i += 1
    return frozenset(set(range(256)) - result) if negated else frozenset(result)


def compile_pattern(pattern, where=""):
    """(rule, octets allowed first, octets allowed after)."""
    if pattern in SPECIAL:
        return SPECIAL[pattern], None, None
    match = re.fullmatch(r"\^\[((?:\\.|[^\]])+)\](?:\[((?:\\.|[^\]])+)\])?(?:\{\d+,\d+\}|\{\d+\}|\*)?\$", pattern)
    if not match:
        raise SchemaError(f"{where}: pattern {pattern} is neither one or two classes of characters nor one of the known ones")
    first = _octets(match.group(1))
    return "CV_TEXT_CLASSES", first, _octets(match.group(2)) if match.group(2) else first
