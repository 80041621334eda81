"""node: a package of npm's for a test, put beside the build and never into the source tree, without anybody's install scripts.
SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(os.environ.get("CONVENE_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
FOLDER = pathlib.Path(os.environ.get("CONVENE_BIN", ROOT / "build" / "bin")).resolve().parent


def package(name, version, deadline=120):
    """(folder with node_modules, None), or (None, why not)."""
    folder = FOLDER / f"node-{name}"

    def installed():
        try:
            return json.loads((folder / "node_modules" / name / "package.json").read_text())["version"] == version
        except (OSError, ValueError, KeyError):
            return False

    for tool in ("node", "npm"):
        if not shutil.which(tool):
            return None, f"{tool} is not installed"
    if not installed():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text('{"private": true}\n')
        try:
            done = subprocess.run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--save-exact", f"{name}@{version}"],
                                  cwd=folder, capture_output=True, text=True, timeout=deadline, check=False)
        except subprocess.TimeoutExpired:
            return None, f"npm did not end in {deadline} seconds"
        if done.returncode or not installed():
            return None, f"npm could not install {name}: " + (done.stderr.strip().splitlines() or ["no reason given"])[-1]
    return folder, None


def package_or_skip(name, version):
    """The folder; without it the test ends: skipped (77), where CI is set as a failure. The reason is its last line."""
    folder, reason = package(name, version)
    if folder:
        return folder
    is_ci = os.environ.get("CI", "").lower() in ("1", "true", "yes")
    print(f"{'FAILED' if is_ci else 'SKIPPED'}: not checked with the package {name}: {reason}")
    sys.exit(1 if is_ci else 77)
