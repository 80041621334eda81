# suite: another Debian: a root of its own, made by debootstrap, in which the packages are built and tested as they are here.
# SPDX-License-Identifier: Apache-2.0
"""In a mount, process and network name space of its own (the network is this machine's: packages come over it). The root is made
anew and ends with the test, unless CONVENE_PACKAGE_ROOT names one that is there; that one is changed and stays."""
import os
import pathlib
import shutil
import subprocess
import tempfile

from machine import Missing

ENTER = r"""
set -e
mount --make-rprivate /
mount --bind "$ROOT" "$ROOT"
mount -t proc proc "$ROOT/proc"
mount --rbind /sys "$ROOT/sys"
mount --rbind /dev "$ROOT/dev"
mount -t tmpfs none "$ROOT/tmp"
cp /etc/resolv.conf "$ROOT/etc/resolv.conf" 2>/dev/null || true
# Not chroot: in one no user name spaces can be made, and the units want one.
mkdir -p "$ROOT/outside"
cd "$ROOT"
pivot_root . outside
umount -l /outside
exec /usr/bin/env -i HOME=/root LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin CONVENE_WERROR="$WERROR" /bin/bash -ec "$1"
"""
# A machine without a policy would start what it installs.
QUIET = "printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d\n"


def mirror():
    told = subprocess.run(["apt-get", "indextargets", "--format", "$(ORIGIN) $(CODENAME) $(SITE)", "Created-By: Packages"],
                          capture_output=True, text=True, check=False).stdout
    sites = [line.split()[2] for line in told.splitlines() if line.startswith("Debian ") and "-" not in line.split()[1]]
    return sites[0] if sites else "http://deb.debian.org/debian"


def enter(root, script, deadline):
    """Runs a script of bash inside; its exit status and what it printed."""
    command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--uts", "--ipc", "bash", "-c", ENTER, "enter", QUIET + script]
    done = subprocess.run(command, env=os.environ | {"ROOT": str(root), "WERROR": os.environ.get("CONVENE_WERROR", "OFF")}, timeout=deadline,
                          check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def run(suite, source, script, deadline):
    """In a root of that Debian, with the source in /src: the script's exit status and what it printed."""
    if os.geteuid() != 0:
        raise Missing("it takes root to make another Debian")
    if not shutil.which("debootstrap"):
        raise Missing("debootstrap is not installed (Debian: debootstrap)")
    given = os.environ.get("CONVENE_PACKAGE_ROOT")
    with tempfile.TemporaryDirectory(prefix="cv-suite-", dir="/var/tmp") as folder:
        root = pathlib.Path(given or pathlib.Path(folder) / "root")
        if not given:
            made = subprocess.run(["debootstrap", "--variant=minbase", suite, root, mirror()], capture_output=True, text=True, check=False)
            if made.returncode:
                raise Missing(f"no root of {suite} could be made: {(made.stdout + made.stderr)[-300:]}")
        shutil.rmtree(root / "src", ignore_errors=True)
        shutil.copytree(source, root / "src", symlinks=True, ignore=lambda where, names: [n for n in names if n == ".git" or (
            n.startswith("build") and pathlib.Path(where) == pathlib.Path(source))])
        return enter(root, script, deadline)
