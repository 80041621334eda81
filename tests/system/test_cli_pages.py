#!/usr/bin/python3
"""test_cli_pages: the manual page reads without a warning and has every command and flag; bash completes by the same table.
SPDX-License-Identifier: Apache-2.0
"""
import re
import shutil
import subprocess
import tempfile
import unittest

from cli_env import need, run


def commands():
    """Names of all commands, from the overview."""
    names = []
    for line in run("help").out.splitlines():
        match = re.match(r"^  ([a-z]+(?: [a-z]+)?)(?: {2,}| [A-Z\[])", line)
        if match and not line.startswith("  convene"):
            names.append(match[1])
    return names


class Pages(unittest.TestCase):
    def test_man(self):
        page, names = run("help", "man"), commands()
        self.assertEqual((page.status, page.err), (0, ""))
        self.assertGreater(len(names), 30)
        for name in names:
            self.assertRegex(page.out, rf'\n\.SS "{name}[ "]', name)
        for flag in set(re.findall(r"^ +(?:-\w, )?--([a-z-]+)", "\n".join(run("help", *name.split()).out for name in names), re.M)):
            self.assertIn("\\-\\-" + flag.replace("-", "\\-") + "\\fR", page.out, flag)
        self.assertIn("\\fBlimits/focal_point/requests\\fR", page.out)
        if shutil.which("groff"):
            done = subprocess.run(["groff", "-man", "-ww", "-Tutf8"], input=page.out, capture_output=True, text=True, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn("keys rotate", done.stdout)

    def complete(self, *words):
        """What bash offers for the last word."""
        with tempfile.NamedTemporaryFile("w", suffix=".bash") as script:
            script.write(run("help", "completion").out)
            script.flush()
            program = f'source {script.name}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _convene; printf "%s\\n" "${{COMPREPLY[@]}}"'
            done = subprocess.run(["bash", "-uc", program, "bash", "convene", *words], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.split()

    def test_completion(self):
        self.assertEqual(set(self.complete("")), {name.split()[0] for name in commands()})
        self.assertEqual(self.complete("doc"), ["doctor"])
        self.assertEqual(set(self.complete("keys", "")), {name.split()[1] for name in commands() if name.startswith("keys ")})
        self.assertEqual(self.complete("keys", "ro"), ["rotate"])
        self.assertEqual(set(self.complete("keys", "rotate", "portal", "--o")), {"--overlap"})
        self.assertEqual(set(self.complete("request", "registration.register", "--dry")), {"--dry-run"})
        self.assertIn("--json", self.complete("status", "--"))
        self.assertEqual(self.complete("keys", "list", "--overl"), [])


if __name__ == "__main__":
    need("convene")
    unittest.main(verbosity=2)
