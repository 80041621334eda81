#!/usr/bin/python3
"""sbom: what an image or a package of Convene is made of, as an SPDX 2.3 document in JSON, from what dpkg knows.
SPDX-License-Identifier: Apache-2.0

  sbom.py --package CONTROL [--output FILE]     a package: what it depends on, and what that depends on, as installed here
  docker run --rm convene dpkg-query -W -f "$(sbom.py --format)" | sbom.py --image convene [--output FILE]

(./dev sbom IMAGE does the latter.) The versions are those that the programs were built and tested with; an installation
elsewhere may have newer ones. Licences of Debian's packages are in their copyright files, which are no SPDX expressions: they
are NOASSERTION here. The document has no date of its own but SOURCE_DATE_EPOCH, so that the same input gives the same octets.
"""
import argparse
import datetime
import hashlib
import json
import os
import re
import subprocess
import sys

FIELDS = ("Package", "Version", "Architecture", "source:Package", "source:Version", "Depends", "Pre-Depends", "Provides", "Homepage", "db:Status-Status")
FORMAT = "\\t".join("${%s}" % field for field in FIELDS) + "\\n"


def identifier(*words):
    return "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", "-".join(words))


def installed(text):
    """{name: fields} of dpkg-query's answer, and {virtual name: [names]}."""
    packages, provided = {}, {}
    for line in text.splitlines():
        fields = dict(zip(FIELDS, line.split("\t")))
        if len(fields) != len(FIELDS):
            raise SystemExit(f"sbom: this is no line of dpkg-query -W -f '{FORMAT}': {line[:80]!r}")
        if fields["db:Status-Status"] != "installed":
            continue  # removed, and its settings stay
        packages[fields["Package"]] = fields
        for one in filter(None, re.split(r", *", fields["Provides"])):
            provided.setdefault(one.split()[0], []).append(fields["Package"])
    return packages, provided


def needed(relations, packages, provided):
    """Names of the installed packages that satisfy a Depends field: of alternatives the first that is there."""
    for group in filter(None, re.split(r", *", relations)):
        for one in group.split("|"):
            name = re.split(r"[ :(]", one.strip())[0]
            found = [name] if name in packages else provided.get(name, [])
            if found:
                yield from found[:1]
                break
        else:
            raise SystemExit(f"sbom: nothing here satisfies {group!r}")


def package_of(fields, system):
    name, version = fields["Package"], fields["Version"]
    purl = f"pkg:deb/debian/{name}@{version.replace(':', '%3A').replace('+', '%2B')}?arch={fields['Architecture']}&distro={system}"
    about = {"SPDXID": identifier("Package", name), "name": name, "versionInfo": version, "downloadLocation": "NOASSERTION",
             "filesAnalyzed": False, "licenseConcluded": "NOASSERTION", "licenseDeclared": "NOASSERTION", "copyrightText": "NOASSERTION",
             "supplier": "Organization: Debian", "sourceInfo": f"built from {fields['source:Package']} {fields['source:Version']}",
             "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}]}
    if fields["Homepage"]:
        about["homepage"] = fields["Homepage"]
    return about


def document(name, version, packages, relations, system):
    """relations: (name, name it needs); "" is the subject itself."""
    subject = identifier("Subject", name)
    about = {"SPDXID": subject, "name": name, "versionInfo": version, "downloadLocation": "NOASSERTION", "filesAnalyzed": False,
             "licenseConcluded": "Apache-2.0", "licenseDeclared": "Apache-2.0", "copyrightText": "NOASSERTION",
             "supplier": "Organization: Convene", "primaryPackagePurpose": "APPLICATION"}
    listed = [about] + [package_of(packages[one], system) for one in sorted(packages)]
    ties = [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": subject}]
    ties += [{"spdxElementId": identifier("Package", one) if one else subject, "relationshipType": "DEPENDS_ON",
              "relatedSpdxElement": identifier("Package", other)} for one, other in sorted(set(relations))]
    made = datetime.datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), datetime.timezone.utc)
    digest = hashlib.sha256(json.dumps([listed, ties], sort_keys=True).encode()).hexdigest()
    return {"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": f"{name}-{version}",
            "documentNamespace": f"urn:convene:spdx:{digest}",
            "creationInfo": {"created": made.strftime("%Y-%m-%dT%H:%M:%SZ"), "creators": ["Tool: convene-sbom"]},
            "packages": listed, "relationships": ties}


def of_package(control, packages, provided, system):
    fields = dict(line.split(": ", 1) for line in open(control, encoding="utf-8").read().splitlines() if re.match(r"[A-Z][A-Za-z-]*: ", line))
    seen, relations, todo = {}, [], [("", one) for one in needed(fields["Depends"], packages, provided)]
    while todo:
        pair = todo.pop()
        relations.append(pair)
        name = pair[1]
        if name in seen:
            continue
        seen[name] = packages[name]
        for relation in (packages[name]["Depends"], packages[name]["Pre-Depends"]):
            todo += [(name, one) for one in needed(relation, packages, provided)]
    return document(fields["Package"], fields["Version"], seen, relations, system)


def of_image(name, packages, provided, system):
    relations = [("", one) for one in packages]
    for one, fields in packages.items():
        for relation in (fields["Depends"], fields["Pre-Depends"]):
            relations += [(one, other) for other in needed(relation, packages, provided)]
    return document(name, os.environ.get("CONVENE_REVISION", "unknown"), packages, relations, system)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--package", metavar="CONTROL")
    what.add_argument("--image", metavar="NAME", help="the packages come on standard input")
    what.add_argument("--format", action="store_true", help="print what dpkg-query -W -f is to be given")
    parser.add_argument("--system", default="debian", help="for the package URLs: debian-13")
    parser.add_argument("--output", metavar="FILE")
    args = parser.parse_args()
    if args.format:
        print(FORMAT)
        return 0
    if args.package:
        text = subprocess.run(["dpkg-query", "-W", "-f", FORMAT], capture_output=True, text=True, check=True).stdout
        found = of_package(args.package, *installed(text), args.system)
    else:
        found = of_image(args.image, *installed(sys.stdin.read()), args.system)
    text = json.dumps(found, indent=1, ensure_ascii=False) + "\n"
    if args.output:
        with open(args.output, "w", encoding="utf-8") as file:
            file.write(text)
    else:
        sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
