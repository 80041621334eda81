#!/usr/bin/python3
"""test_package: the Debian packages: what is in them, that they are made the same twice, and a machine on which one is installed.
SPDX-License-Identifier: Apache-2.0

ctest-timeout: 600

The packages are made of the release build: sanitizers do not live in a sandbox. Without root, or where no machine of one's own can
be made (machine.py), that part is skipped and says so.

CONVENE_PACKAGE_SUITE=trixie does all of it in another Debian instead, made by debootstrap (suite.py); it takes a quarter of an hour,
so that is not part of every run. CONVENE_PACKAGE_ROOT=DIR uses a root that is there already.
"""
import gzip
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import spdx
import suite
from machine import Missing, boot

SOURCE = pathlib.Path(os.environ.get("CONVENE_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
BUILD = SOURCE / "build"
SUITE = os.environ.get("CONVENE_PACKAGE_SUITE")
# What `./dev test package` does, in /src; nothing of this machine's is in it.
INSIDE = """
cd /src
apt-get update -qq
./dev test package
grep '^VERSION_CODENAME=' /etc/os-release
"""
SERVICES = ("scheduling", "registration", "notifications", "dashboard")


def run(*command, **kwargs):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **kwargs)
    if done.returncode:
        raise AssertionError(f"{' '.join(map(str, command))}: {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="cv-package-")
        cls.addClassCleanup(folder.cleanup)
        cls.root = pathlib.Path(folder.name)
        run(SOURCE / "docker/package/build", BUILD, cls.root / "debs")
        cls.debs = {path.name.partition("_")[0]: path for path in (cls.root / "debs").glob("*.deb")}
        assert set(cls.debs) == {"convene", "libconvene-dev"}, cls.debs
        run("dpkg-deb", "-x", cls.debs["convene"], cls.root / "tree")
        cls.tree = cls.root / "tree"

    def field(self, package, name):
        return run("dpkg-deb", "-f", self.debs[package], name).strip()

    def test_fields(self):
        version = run(BUILD / "bin/convene", "--version").split()[1]
        for package in self.debs:
            self.assertEqual(self.field(package, "Version"), version)
            self.assertEqual(self.field(package, "Architecture"), run("dpkg", "--print-architecture").strip())
        needed = {re.split(r"[ (|]", one.strip())[0] for one in self.field("convene", "Depends").split(",")}
        self.assertTrue({"libc6", "libczmq4", "libzmq5", "libsqlite3-0", "libsodium23", "tzdata", "fonts-dejavu-core"} <= needed, needed)
        self.assertEqual([name for name in needed if name.endswith("-dev")], [], "what only a build needs")
        self.assertTrue({"libczmq-dev", "libzmq3-dev", "libsqlite3-dev"} <= set(self.field("libconvene-dev", "Depends").split(", ")))

    def test_needs_what_it_is_linked_with(self):
        """Each library that a program names belongs to a package of Depends, or comes with one of them."""
        owners = set()
        for program in (self.tree / "usr/bin").glob("convene*"):
            for line in run("objdump", "-p", program).splitlines():
                if "NEEDED" in line:
                    name = line.split()[1]
                    found = subprocess.run(["dpkg-query", "-S", f"*/{name}"], capture_output=True, text=True, check=False).stdout
                    owners.update(one.split(":")[0] for one in found.splitlines() if not one.startswith("diversion"))
        depends = self.field("convene", "Depends")
        self.assertGreater(len(owners), 8)
        self.assertEqual([owner for owner in owners if not re.search(rf"\b{re.escape(owner)}\b", depends) and owner not in ("libc6-i386", "libc6-x32")], [])

    def test_files(self):
        listing = {line.split(maxsplit=5)[5]: line.split()[:2] for line in run("dpkg-deb", "-c", self.debs["convene"]).splitlines()}
        self.assertEqual({owner for _, owner in listing.values()}, {"root/root"})
        self.assertEqual([name for name, (mode, _) in listing.items() if mode[5] == "w" or mode[8] == "w" or "s" in mode], [])
        for name in (*(f"convene-{service}" for service in SERVICES), "convene"):
            self.assertIn(f"./usr/bin/{name}", listing)
        self.assertEqual([name for name in listing if name.startswith(("./usr/include", "./var", "./usr/lib/lib"))], [])
        page = gzip.decompress((self.tree / "usr/share/man/man1/convene.1.gz").read_bytes()).decode()
        self.assertTrue(page.startswith(".TH CONVENE 1"))
        self.assertIn("_convene()", (self.tree / "usr/share/bash-completion/completions/convene").read_text(encoding="utf-8"))
        self.assertIn("Apache-2.0", (self.tree / "usr/share/doc/convene/copyright").read_text(encoding="utf-8"))
        run("dpkg-deb", "-e", self.debs["convene"], self.root / "control")
        self.assertEqual((self.root / "control/conffiles").read_text(encoding="utf-8").split(), ["/etc/convene/convene.cfg"])
        for line in (self.root / "control/md5sums").read_text(encoding="utf-8").splitlines():
            digest, name = line.split(maxsplit=1)
            self.assertEqual(hashlib.md5((self.tree / name).read_bytes()).hexdigest(), digest, name)
        for script in ("postinst", "prerm", "postrm"):
            run("sh", "-n", self.root / "control" / script)
        clean = {k: v for k, v in os.environ.items() if not k.startswith("CONVENE_")}
        shown = json.loads(run(self.tree / "usr/bin/convene", "config", "show", "--json", "--changed", "--config", self.tree / "etc/convene/convene.cfg",
                               env=clean))
        self.assertEqual([one["key"] for one in shown["settings"]], ["dashboard/link_key"], "the file as it comes changes nothing else")

    def test_the_same_twice(self):
        run(SOURCE / "docker/package/build", BUILD, self.root / "again")
        for package, path in {**self.debs, "bill": next((self.root / "debs").glob("*.json"))}.items():
            self.assertEqual(path.read_bytes(), (self.root / "again" / path.name).read_bytes(), package)

    def test_development_package(self):
        """A program of somebody else's builds with what libconvene-dev brings, by pkg-config."""
        tree = self.root / "dev"
        run("dpkg-deb", "-x", self.debs["libconvene-dev"], tree)
        found = next(tree.rglob("convene.pc"))
        flags = run("pkg-config", "--cflags", "--libs", "convene", "jansson", env=os.environ | {"PKG_CONFIG_PATH": str(found.parent)}).split()
        run("gcc", "-o", self.root / "subscriber", SOURCE / "tests/examples/subscriber.c", *flags)
        linked = run("objdump", "-p", self.root / "subscriber")
        self.assertRegex(linked, r"NEEDED +libconvene\.so")

    def test_bill_of_materials(self):
        path = next((self.root / "debs").glob("convene_*.spdx.json"))
        document = json.loads(path.read_text(encoding="utf-8"))
        self.assertEqual(spdx.wrong(document), [])
        versions = {one["name"]: one["versionInfo"] for one in document["packages"]}
        self.assertEqual(versions["convene"], self.field("convene", "Version"))
        for name in ("libc6", "libzmq5", "libsqlite3-0", "libsodium23", "libstdc++6"):  # the last: libzmq5 needs it
            self.assertEqual(versions[name], run("dpkg-query", "-W", "-f", "${Version}", name), name)
        direct = {tie["relatedSpdxElement"].removeprefix("SPDXRef-Package-") for tie in document["relationships"]
                  if tie["spdxElementId"] == "SPDXRef-Subject-convene"}
        groups = [[re.split(r"[ (]", name.strip())[0] for name in one.split("|")] for one in self.field("convene", "Depends").split(",")]
        self.assertEqual([group for group in groups if not direct & set(group)], [])
        # The check is able to fail.
        for harm in (lambda d: d["packages"].pop(), lambda d: d["packages"].append(dict(d["packages"][0])), lambda d: d.pop("dataLicense"),
                     lambda d: d["relationships"].pop(0), lambda d: d["packages"][1].update(SPDXID="libc6"),
                     lambda d: d["packages"][1]["externalRefs"][0].update(referenceLocator="libc6")):
            harmed = json.loads(path.read_text(encoding="utf-8"))
            harm(harmed)
            self.assertNotEqual(spdx.wrong(harmed), [])

    def test_hardening_of_units(self):
        """systemd's own measure of exposure: 0 to 10, below 2 is what it calls OK or better."""
        for unit in ("convene@.service", "convene-keys.service"):
            run("systemd-analyze", "security", "--offline=yes", "--threshold=20", "--no-pager", self.tree / "usr/lib/systemd/system" / unit)

    def test_machine(self):
        try:
            said = boot(self.debs["convene"], pathlib.Path(__file__).parent / "guest.sh", 300)
        except Missing as missing:
            self.skipTest(str(missing))
        self.assertEqual(said["verify"], "", "what systemd says of the units")
        self.assertEqual(said["user"], "/usr/sbin/nologin")
        self.assertEqual(said["before"], "inactive", "installing starts nothing")
        for service in SERVICES:
            self.assertEqual(said[f"active-{service}"], "active decides requests", said)
            self.assertEqual(said[f"user-{service}"], "convene")
            self.assertEqual(said[f"sees-data-{service}"], service, "the data of the others")
            keys = {"allow", f"{service}.secret"} | ({"registration.master"} if service == "registration" else set())
            self.assertEqual(set(said[f"sees-keys-{service}"].split()), keys)
            self.assertEqual(said[f"caps-{service}"], "0000000000000000 1")
            self.assertNotEqual(said[f"watchdog-{service}"], "0")
            self.assertEqual(said[f"stopped-{service}"], "inactive 0")
        for service in SERVICES[:3]:
            self.assertEqual(said[f"health-{service}"], "0")
        self.assertRegex(said["party"], "^0 ", said["party"])
        self.assertEqual((said["restarts"], said["kept"]), ("1", "1"), "killed, started again, nothing lost")
        self.assertEqual((said["desk-in"], said["desk-rotated"]), ("200 200", "401"), "the desk finds its keys, and a new one at once")
        self.assertEqual((said["reload"], said["backup"]), ("0", "0"))
        self.assertEqual(said["wrong-setting"], "2 1", "it says why once, and is not started again and again")
        self.assertEqual(said["wrong-check"], "2 1", "`convene config check` says the same")
        self.assertEqual(said["removed"], "0 1 0", "programs go, settings stay")
        self.assertEqual(said["purged"], "0 1 0 2", "settings go, data and keys stay, and it says so")
        self.assertEqual(said["complaints"], "0")


@unittest.skipUnless(SUITE, "CONVENE_PACKAGE_SUITE names no other Debian")
class Elsewhere(unittest.TestCase):
    """The same tests, in another Debian."""

    def test_suite(self):
        try:
            status, said = suite.run(SUITE, SOURCE, INSIDE, 3000)
        except Missing as missing:
            self.skipTest(str(missing))
        print(said[-20000:])
        self.assertEqual(status, 0)
        self.assertIn(f"VERSION_CODENAME={SUITE}", said)
        self.assertIn("100% tests passed", said)
        self.assertNotRegex(said, r"test_\w+ .*\.\.\. skipped '(?!CONVENE_PACKAGE_SUITE)", "a part that was not tried proves nothing")


if __name__ == "__main__":
    if SUITE:
        sys.exit(not unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromTestCase(Elsewhere)).wasSuccessful())
    if not (BUILD / "bin/convene").exists() or not shutil.which("dpkg-shlibdeps"):
        print("skipped: there is no release build, or dpkg-shlibdeps is not installed (Debian: dpkg-dev); `./dev test package` sees to both")
        sys.exit(77)
    unittest.main(verbosity=2)
