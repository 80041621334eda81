"""c_code: the model as C: convene/messages.h (structs, enums, numbers) and messages.c (tables for codec.c).
SPDX-License-Identifier: Apache-2.0
"""
from .model import compile_pattern

RENAMED = {"class": "cls", "private": "is_private"}  # words that C++ keeps for itself
ROLE_BITS = {r: "CV_ROLE_" + r.upper() for r in ("operator", "secretariat", "focal_point", "publisher", "service", "observer", "gate")}


def member(name):
    return RENAMED.get(name, name)


def ident(full_type):
    """convene.registration.register.v1 -> registration_register_v1"""
    return full_type.removeprefix("convene.").replace(".", "_")


def constant(word):
    return word.upper().replace("-", "_")


def comment(text, indent=""):
    """A C comment, wrapped at 120 columns."""
    lines, line = [], indent + "/*"
    for word in text.replace("*/", "* /").split():
        if len(line) + 1 + len(word) > 116:
            lines.append(line)
            line = indent + " *"
        line += " " + word
    return "\n".join(lines + [line + " */"]) + "\n"


class Writer:
    def __init__(self, model):
        self.model = model
        self.classes = []  # sets of octets; the index is the bit in cv_char_classes

    # ---- what a field is in C -------------------------------------------------------------
    def c_type(self, node):
        name, inner = self.model.resolve(node)
        kind = self.model.kind(node)
        return {"text": "cv_str_t", "bin": "cv_str_t", "int": inner.get("x-c", "int64_t"), "bool": "bool",
                "enum": f"cv_{name}_t", "object": f"cv_{name}_t"}[kind]

    def declare(self, rows, limit_prefix):
        """Members of a struct and the constants for its arrays."""
        out, limits, embedded = [], [], []
        for name, node, required, part in rows:
            if part:
                if part not in embedded:
                    embedded.append(part)
                    out.append(f"    cv_{part}_t {part}; /* its fields stand beside the others on the wire */\n")
                continue
            kind, inner = self.model.kind(node), self.model.resolve(node)[1]
            out.append(comment(self.model.describe(node) + ("" if required else " (optional)"), "    "))
            if kind == "array":
                if inner.get("x-lazy"):
                    maps = self.model.kind(inner["items"]) == "object"
                    out.append(f"    {'cv_items_t' if maps else 'cv_records_t'} {member(name)};\n")
                else:
                    top = f"{limit_prefix}_{name.upper()}_MAX"
                    limits.append(f"    {top} = {inner['maxItems']},\n")
                    out.append(f"    size_t {member(name)}_n;\n    {self.c_type(inner['items'])} {member(name)}[{top}];\n")
            else:
                if not required and kind in ("int", "bool", "object"):
                    out.append(f"    bool has_{member(name)};\n")
                out.append(f"    {self.c_type(node)} {member(name)};\n")
        return "".join(out), "".join(limits)

    def struct(self, c_name, node, rows):
        body, limits = self.declare(rows, c_name.upper())
        enum = f"enum {{\n{limits}}};\n" if limits else ""
        return f"{enum}{comment(node['description'])}typedef struct {{\n{body}}} {c_name}_t;\n\n"

    def in_order(self):
        """Definitions that are objects, each after those it uses."""
        done, out = set(), []

        def visit(name):
            if name in done:
                return
            done.add(name)
            node = self.model.definitions[name]
            if self.model.kind(node) == "object":
                for _, field, _, _ in self.model.fields(node):
                    inner = self.model.resolve(field)
                    if self.model.kind(field) == "array":
                        inner = self.model.resolve(inner[1]["items"])
                    if inner[0]:
                        visit(inner[0])
                out.append(name)

        for name in self.model.definitions:
            visit(name)
        return out

    def enums(self):
        return [(n, d) for n, d in self.model.definitions.items() if "enum" in d]

    # ---- messages.h -----------------------------------------------------------------------
    def header(self):
        out = ["""/* messages: all message types as C, made from proto/schemas by proto/generate.py. Do not edit.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A struct's views point into the message it was decoded from. To write one, zero it, set what is there, and leave
 * the rest: what is optional and zero is left out. */
#ifndef CONVENE_MESSAGES_H
#define CONVENE_MESSAGES_H

#include "convene/codec.h"

/* ---- numbers: sorted by type, stable within one build only ---- */
enum {
    CV_MSG_NONE = 0,
"""]
        for number, full in enumerate(self.model.messages, 1):
            out.append(f"    CV_MSG_{ident(full).upper()} = {number}, /* {full} */\n")
        out.append(f"    CV_MSG_MAX = {len(self.model.messages)},\n}};\n\n/* ---- enums: 0 is absent ---- */\n")
        for name, node in self.enums():
            up = name.upper()
            out.append(comment(node["description"]) + f"typedef enum {{\n    CV_{up}_ABSENT = 0,\n")
            out += [f"    CV_{up}_{constant(word)},\n" for word in node["enum"]]
            out.append(f"    CV_{up}_MAX = CV_{up}_{constant(node['enum'][-1])},\n}} cv_{name}_t;\n"
                       f"const char *cv_{name}_text(cv_{name}_t value); /* \"\" when absent */\n"
                       f"cv_{name}_t cv_{name}_parse(cv_str_t text); /* CV_{up}_ABSENT: not one of them */\n\n")
        out.append("/* ---- objects that messages share ---- */\n")
        for name in self.in_order():
            node = self.model.definitions[name]
            out.append(self.struct(f"cv_{name}", node, self.model.fields(node)))
        out.append("/* ---- elements of arrays that stay in the message ---- */\n")
        for name in self.lazy_maps():
            out.append(f"void cv_{name}_at(const cv_items_t *items, size_t i, cv_{name}_t *ret_{name});\n"
                       "/* As one map of MessagePack, to be kept, and back: structs in the arena, whose views point into bytes. */\n"
                       f"int cv_{name}_pack(cv_buf_t *buf, const cv_items_t *items) CV_USE_RESULT;\n"
                       f"int cv_{name}_unpack(cv_str_t bytes, cv_arena_t *arena, cv_items_t *ret_items) CV_USE_RESULT;\n")
        out.append("\n/* ---- data of each message type ---- */\n")
        for full, node in self.model.messages.items():
            same = self.model.same_as(node)
            if same:
                out.append(comment(f"{full}: {node['description']}") + f"typedef cv_{same}_t cv_{ident(full)}_t;\n\n")
            else:
                described = {**node, "description": f"{full}: {node['description']}"}
                out.append(self.struct(f"cv_{ident(full)}", described, self.model.fields(node)))
        out.append("""/* Room for the data of any message. */
typedef union {
""" + "".join(f"    cv_{ident(full)}_t {ident(full)};\n" for full in self.model.messages) + """} cv_any_t;

/* The table behind cv_msg_info: row i has number i + 1. */
extern const cv_msg_info_t cv_msg_table[CV_MSG_MAX];
/* The stream a record belongs to; "" for other types and for records that are only in snapshots and answers. */
const char *cv_msg_stream(const cv_msg_info_t *info);

#endif
""")
        return "".join(out)

    # ---- messages.c -----------------------------------------------------------------------
    def class_bit(self, octets):
        if octets not in self.classes:
            self.classes.append(octets)
        if len(self.classes) > 16:
            raise SystemExit("more than 16 classes of characters: widen cv_char_classes")
        return 1 << self.classes.index(octets)

    def field(self, struct, row):
        name, node, required, part = row
        inner, kind = self.model.resolve(node)[1], self.model.kind(node)
        place = f"{part}.{member(name)}" if part else member(name)
        of = f"offsetof({struct}, {place}"
        init = {"offset": of + ")"}
        flags = ["CV_FIELD_REQUIRED"] if required else []
        element, element_kind, element_node = inner, kind, node
        if kind == "array":
            element_node = inner["items"]
            element, element_kind = self.model.resolve(element_node)[1], self.model.kind(element_node)
            init |= {"items_min": inner["minItems"], "items_max": inner["maxItems"]}
            if inner.get("x-lazy"):
                flags += ["CV_FIELD_ARRAY", "CV_FIELD_LAZY"]
                init["has"] = of + ".n)"
            else:
                flags.append("CV_FIELD_ARRAY")
                init |= {"has": of + "_n)", "stride": f"sizeof((({struct} *)0)->{place}[0])"}
            if inner.get("uniqueItems"):
                flags.append("CV_FIELD_UNIQUE")
            if "x-octets" in inner:
                init["octets_max"] = inner["x-octets"]
        elif not required and kind in ("int", "bool", "object"):
            flags.append("CV_FIELD_HAS")
            prefix = f"{part}." if part else ""
            init["has"] = f"offsetof({struct}, {prefix}has_{member(name)})"
        label = {"text": "TEXT", "bin": "BIN", "bool": "BOOL", "enum": "ENUM", "object": "OBJECT"}.get(element_kind)
        if element_kind == "int":
            label = "UINT" if element.get("x-c") == "uint64_t" else "INT"
            init |= {"min": f"{element['minimum']}LL", "max": f"{element['maximum']}LL"}
        if element_kind in ("text", "bin"):
            init |= {"min": element["minLength"], "max": element["maxLength"]}
            if "pattern" in element:
                rule, first, rest = compile_pattern(element["pattern"])
                init["rule"] = rule
                if first is not None:
                    init |= {"first": hex(self.class_bit(first)), "rest": hex(self.class_bit(rest))}
                init["expect"] = '"' + element["x-expect"].replace('"', '\\"') + '"'
        if element_kind == "enum":
            words = self.model.resolve(element_node)[0]
            init |= {"words": f"words_{words}", "words_n": len(element["enum"])}
        if element_kind == "object":
            init["shape"] = f"&shape_{self.model.resolve(element_node)[0]}"
        init = {"name": f'"{name}"', "name_len": len(name), "kind": "CV_FIELD_" + label, "flags": " | ".join(flags) or "0"} | init
        return "    {" + ", ".join(f".{k} = {v}" for k, v in init.items()) + "},\n"

    def shape(self, name, struct, rows):
        required = sum(1 << i for i, row in enumerate(rows) if row[2])
        body = "".join(self.field(struct, row) for row in rows)
        return (f"static const cv_field_t fields_{name}[] = {{\n{body}}};\n"
                f"static const cv_shape_t shape_{name} = {{\"{name}\", sizeof({struct}), fields_{name}, {len(rows)}, {hex(required)}ULL}};\n\n")

    def party_at(self, name, node):
        if "x-party-field" not in node:
            return "0"
        part = next(p for n, _, _, p in self.model.fields(node) if n == node["x-party-field"])
        return f"1 + offsetof(cv_{name}_t, {part + '.' if part else ''}{member(node['x-party-field'])})"

    def used_shapes(self):
        """Objects that are a field's value or a message's data; others are only embedded and need no table."""
        used = {self.model.same_as(node) for node in self.model.messages.values()}
        for node in list(self.model.messages.values()) + list(self.model.definitions.values()):
            for _, field, _, _ in self.model.fields(node):
                inner = self.model.resolve(field)
                used.add(inner[0])
                if self.model.kind(field) == "array":
                    used.add(self.model.resolve(inner[1]["items"])[0])
        return used

    def lazy_maps(self):
        """Definitions whose maps stay where they are when an array of them is read."""
        found = set()
        for node in list(self.model.messages.values()) + list(self.model.definitions.values()):
            for _, field, _, _ in self.model.fields(node):
                inner = self.model.resolve(field)[1]
                if self.model.kind(field) == "array" and inner.get("x-lazy") and self.model.kind(inner["items"]) == "object":
                    found.add(self.model.resolve(inner["items"])[0])
        return sorted(found)

    def source(self):
        tables, used = [], self.used_shapes()
        for name in (n for n in self.in_order() if n in used):
            tables.append(self.shape(name, f"cv_{name}_t", self.model.fields(self.model.definitions[name])))
        for name in self.lazy_maps():
            tables.append(f"void cv_{name}_at(const cv_items_t *items, size_t i, cv_{name}_t *ret_{name})\n"
                          f"{{\n    cv_items_read(&shape_{name}, items, i, ret_{name});\n}}\n"
                          f"int cv_{name}_pack(cv_buf_t *buf, const cv_items_t *items)\n"
                          f"{{\n    return cv_items_pack(&shape_{name}, buf, items);\n}}\n"
                          f"int cv_{name}_unpack(cv_str_t bytes, cv_arena_t *arena, cv_items_t *ret_items)\n"
                          f"{{\n    return cv_items_unpack(&shape_{name}, bytes, arena, ret_items);\n}}\n\n")
        infos = []
        for full, node in self.model.messages.items():
            name = ident(full)
            shape = self.model.same_as(node)
            if not shape:
                tables.append(self.shape(name, f"cv_{name}_t", self.model.fields(node)))
            shape = shape or name
            tables.append(f"static int decode_{name}(const msgpack_object *data, void *ret_struct, cv_fault_t *fault)\n"
                          f"{{\n    return cv_shape_decode(&shape_{shape}, data, ret_struct, fault);\n}}\n"
                          f"static int encode_{name}(cv_buf_t *buf, const void *data)\n"
                          f"{{\n    return cv_shape_encode(&shape_{shape}, buf, data);\n}}\n\n")
            roles = " | ".join(ROLE_BITS[r] for r in node.get("x-roles", [])) or "0"
            infos.append(f"    {{\"{full}\", CV_MSG_{name.upper()}, CV_KIND_{node['x-kind'].upper()}, \"{node.get('x-service', '')}\", "
                         f"{roles}, sizeof(cv_{name}_t), {self.party_at(name, node)}, decode_{name}, encode_{name}}},\n")
        out = ["""/* messages: tables for codec.c, made from proto/schemas by proto/generate.py. Do not edit.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "convene/messages.h"
#include <stddef.h>

"""]
        for name, node in self.enums():
            words = ", ".join(f'{{"{w}", {len(w)}}}' for w in node["enum"])
            count = len(node["enum"])
            out.append(f"static const cv_str_t words_{name}[] = {{{words}}};\n"
                       f"const char *cv_{name}_text(cv_{name}_t value)\n{{\n    return cv_words_text(words_{name}, {count}, (unsigned)value);\n}}\n"
                       f"cv_{name}_t cv_{name}_parse(cv_str_t text)\n{{\n    return (cv_{name}_t)cv_words_parse(words_{name}, {count}, text);\n}}\n\n")
        out += tables
        rows = [sum(1 << bit for bit, octets in enumerate(self.classes) if c in octets) for c in range(256)]
        out.append("const uint16_t cv_char_classes[256] = {\n")
        for i in range(0, 256, 16):
            out.append("    " + ", ".join(f"0x{v:04x}" for v in rows[i:i + 16]) + ",\n")
        out.append("};\n\nconst cv_msg_info_t cv_msg_table[CV_MSG_MAX] = {\n" + "".join(infos) + "};\n\n")
        out.append("const char *cv_msg_stream(const cv_msg_info_t *info)\n{\n    switch (info->number) {\n")
        for full, node in self.model.messages.items():
            if "x-stream" in node:
                out.append(f"    case CV_MSG_{ident(full).upper()}: return \"{node['x-stream']}\";\n")
        out.append("    default: return \"\";\n    }\n}\n")
        return "".join(out)
