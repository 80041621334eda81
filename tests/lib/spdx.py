# spdx: whether a document has the shape that SPDX 2.3 asks for, and holds together.
# SPDX-License-Identifier: Apache-2.0
"""Checked are the parts of the specification's JSON schema that concern what sbom.py writes: required fields, forms of identifiers,
closed lists of words; and what a schema cannot say: that every reference leads somewhere and everything is reached."""
import re

DOCUMENT = {"spdxVersion": r"SPDX-2\.3", "dataLicense": r"CC0-1\.0", "SPDXID": r"SPDXRef-DOCUMENT", "name": r".+",
            "documentNamespace": r"[a-z][a-z0-9+.-]*:[^#\s]+"}
PACKAGE = {"SPDXID": r"SPDXRef-[A-Za-z0-9.-]+", "name": r".+", "versionInfo": r".+", "downloadLocation": r"NOASSERTION|NONE|[a-z+]+://.+",
           "licenseConcluded": r"NOASSERTION|NONE|[A-Za-z0-9.() +-]+", "licenseDeclared": r"NOASSERTION|NONE|[A-Za-z0-9.() +-]+",
           "copyrightText": r".+", "supplier": r"NOASSERTION|(Organization|Person): .+"}
MAY = {"filesAnalyzed", "sourceInfo", "externalRefs", "homepage", "primaryPackagePurpose"}
PURL = r"pkg:deb/debian/[a-z0-9][a-z0-9+.-]+@[A-Za-z0-9.%~-]+\?arch=[a-z0-9]+&distro=[a-z0-9-]+"


def wrong(document):
    """What is wrong with it, as a list of sentences."""
    found = []

    def fits(where, thing, fields):
        for name, form in fields.items():
            if not re.fullmatch(form, str(thing.get(name, ""))):
                found.append(f"{where}: {name} is {thing.get(name)!r}, not {form}")

    fits("document", document, DOCUMENT)
    if set(document) != set(DOCUMENT) | {"creationInfo", "packages", "relationships"}:
        found.append(f"document: has {sorted(document)}")
    fits("creationInfo", document["creationInfo"], {"created": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"})
    for creator in document["creationInfo"]["creators"] or [""]:
        if not re.fullmatch(r"(Tool|Organization|Person): .+", creator):
            found.append(f"creator {creator!r}")
    names = set()
    for package in document["packages"]:
        where = package.get("SPDXID", "a package")
        fits(where, package, PACKAGE)
        found += [f"{where}: has {name}" for name in set(package) - set(PACKAGE) - MAY]
        if package.get("filesAnalyzed") is not False:
            found.append(f"{where}: no file was looked at")
        for ref in package.get("externalRefs", []):
            fits(where, ref, {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": PURL})
        if where in names:
            found.append(f"{where} is there twice")
        names.add(where)
    reached = {"SPDXRef-DOCUMENT"}
    ties = {}
    for tie in document["relationships"]:
        fits("relationship", tie, {"relationshipType": "DESCRIBES|DEPENDS_ON"})
        for end in ("spdxElementId", "relatedSpdxElement"):
            if tie[end] not in names | {"SPDXRef-DOCUMENT"}:
                found.append(f"{tie[end]} is nowhere")
        ties.setdefault(tie["spdxElementId"], set()).add(tie["relatedSpdxElement"])
    todo = list(reached)
    while todo:
        for other in ties.get(todo.pop(), ()):
            if other not in reached:
                reached.add(other)
                todo.append(other)
    return found + [f"{name} is reached from nowhere" for name in sorted(names - reached)]
