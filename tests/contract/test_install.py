#!/usr/bin/python3
"""test_install: the installed library is enough: the examples build outside of the tree with pkg-config and with CMake, and run.
SPDX-License-Identifier: Apache-2.0

ctest-timeout: 300
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

BIN = pathlib.Path(os.environ["CONVENE_BIN"])
SOURCE = pathlib.Path(os.environ["CONVENE_SOURCE"])
CMAKE = """cmake_minimum_required(VERSION 3.23)
project(outside C)
find_package(Convene REQUIRED)
pkg_check_modules(EXTRA REQUIRED IMPORTED_TARGET jansson libsodium)
add_executable(publisher publisher.c)
target_link_libraries(publisher PRIVATE Convene::convene PkgConfig::EXTRA)
add_executable(subscriber subscriber.c)
target_link_libraries(subscriber PRIVATE Convene::convene_shared)
"""


def call(*args, **kwargs):
    done = subprocess.run([str(a) for a in args], capture_output=True, text=True, check=False, **kwargs)
    if done.returncode:
        raise AssertionError(f"{' '.join(map(str, args))}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="cv-install-")
        cls.addClassCleanup(folder.cleanup)
        cls.root = pathlib.Path(folder.name)
        cls.prefix = cls.root / "prefix"
        call("cmake", "--install", BIN.parent, "--prefix", cls.prefix)
        found = list(cls.prefix.rglob("convene.pc"))
        assert len(found) == 1, found
        cls.pkgconfig, cls.lib = found[0].parent, found[0].parent.parent
        # The .pc names the prefix of the build; an installation elsewhere says so to pkg-config.
        cls.environment = os.environ | {"PKG_CONFIG_PATH": str(cls.pkgconfig), "LD_LIBRARY_PATH": str(cls.lib)}

    def flags(self, *packages):
        text = call("pkg-config", f"--define-variable=prefix={self.prefix}", "--cflags", "--libs", *packages, env=self.environment)
        return text.split()

    def sanitizer(self):
        """A library built with a sanitizer needs programs built with it."""
        cache = (BIN.parent / "CMakeCache.txt").read_text(encoding="utf-8")
        value = next(line.partition("=")[2] for line in cache.splitlines() if line.startswith("CONVENE_SANITIZE:"))
        return [f"-fsanitize={value}"] if value else []

    def test_headers_stand_alone(self):
        """Each public header compiles by itself, in C and, where there is a compiler, in C++ too for client.h."""
        headers = sorted(p.name for p in (self.prefix / "include/convene").glob("*.h"))
        self.assertIn("client.h", headers)
        self.assertIn("messages.h", headers)
        for header in headers:
            code = f"#include <convene/{header}>\nint main(void) {{ return 0; }}\n"
            call("cc", "-std=gnu17", "-Wall", "-Werror", "-D_GNU_SOURCE", "-x", "c", "-", "-fsyntax-only", *self.flags("convene"), input=code)

    def test_pkg_config(self):
        for name in ("publisher", "subscriber"):
            program = self.root / name
            call("cc", "-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Werror", *self.sanitizer(), "-o", program, SOURCE / f"tests/examples/{name}.c",
                 *self.flags("convene", "jansson", "libsodium"), env=self.environment)
            self.says_usage(program)

    def test_cmake(self):
        project = self.root / "outside"
        project.mkdir()
        for name in ("publisher", "subscriber"):
            (project / f"{name}.c").write_text((SOURCE / f"tests/examples/{name}.c").read_text(encoding="utf-8"), encoding="utf-8")
        (project / "CMakeLists.txt").write_text(CMAKE, encoding="utf-8")
        flags = " ".join(["-D_GNU_SOURCE", *self.sanitizer()])
        call("cmake", "-G", "Ninja", "-S", project, "-B", project / "build", f"-DCMAKE_PREFIX_PATH={self.prefix}", f"-DCMAKE_C_FLAGS={flags}")
        call("cmake", "--build", project / "build")
        for name in ("publisher", "subscriber"):
            self.says_usage(project / "build" / name)

    def says_usage(self, program):
        done = subprocess.run([str(program)], capture_output=True, text=True, env=self.environment, check=False)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("usage:", done.stderr)

    def test_programs_are_there(self):
        for name in ("convene", "convene-registration", "convene-scheduling", "convene-notifications", "convene-dashboard"):
            self.assertIn(name.split("-")[0], call(self.prefix / "bin" / name, "--version", env=self.environment))


if __name__ == "__main__":
    if not (BIN / "convene").exists():
        print("skipped: convene is not built")
        sys.exit(77)
    unittest.main(verbosity=1)
