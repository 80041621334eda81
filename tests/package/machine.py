# machine: this machine once more, with its own systemd, on an overlay that ends with the test.
# SPDX-License-Identifier: Apache-2.0
"""A mount, process, network and name space of its own: what a unit does there, it does to a copy. The libraries that the package
depends on are this machine's. Private devices are the one part of the units' sandbox that cannot be had inside: making device nodes
is for the outermost system only."""
import os
import pathlib
import shutil
import subprocess
import tempfile

BOOT = r"""
set -e
mount --make-rprivate /
mount -t tmpfs none "$ROOM"
mkdir "$ROOM/upper" "$ROOM/work" "$ROOM/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$ROOM/upper,workdir=$ROOM/work" "$ROOM/root"
mkdir -p "$ROOM/root/var/tmp/guest"
mount --bind "$SHARED" "$ROOM/root/var/tmp/guest"
cd "$ROOM/root"
mount -t proc proc proc
mount --rbind /sys sys
mount -t tmpfs none run
mount -t tmpfs none tmp
mount -t tmpfs none dev
for node in null,3 zero,5 full,7 random,8 urandom,9; do
    mknod -m 666 "dev/${node%,*}" c 1 "${node#*,}"
done
mkdir dev/shm dev/pts
ln -s /proc/self/fd dev/fd
touch dev/console
mount --bind "$SHARED/console" dev/console
ip link set lo up
rm -rf etc/systemd/system/*.wants etc/convene var/lib/convene var/log/journal
rm -f var/lib/man-db/auto-update # the index of all manual pages of this machine takes its time
chroot . dpkg --install /var/tmp/guest/convene.deb >"$SHARED/install" 2>&1
for unit in convene@ convene-keys; do
    mkdir -p "etc/systemd/system/$unit.service.d"
    printf '[Service]\nPrivateDevices=no\n' >"etc/systemd/system/$unit.service.d/test.conf"
done
printf '[Unit]\nDefaultDependencies=no\nAfter=systemd-journald.service\n[Service]\nType=oneshot\nExecStart=/bin/bash /var/tmp/guest/guest.sh\nExecStopPost=/bin/systemctl exit 0\nStandardOutput=file:/var/tmp/guest/said\nStandardError=file:/var/tmp/guest/errors\nTimeoutStartSec=240\n' >etc/systemd/system/guest.service
printf '[Unit]\nDefaultDependencies=no\nWants=systemd-journald.service guest.service\n' >etc/systemd/system/default.target
mkdir -p old
pivot_root . old
cd /
umount -l /old
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=other /lib/systemd/systemd --system --log-target=journal --show-status=0 </dev/null
"""


class Missing(Exception):
    """No such machine can be had here."""


def boot(package, script, deadline):
    """Installs the package, runs the script as a unit and gives what it said, as a dictionary."""
    if os.geteuid() != 0:
        raise Missing("it takes root to make a machine of one's own")
    for program, debian in (("unshare", "util-linux"), ("/lib/systemd/systemd", "systemd"), ("ip", "iproute2"), ("ps", "procps")):
        if not shutil.which(program):
            raise Missing(f"{program} is not installed (Debian: {debian})")
    with tempfile.TemporaryDirectory(prefix="cv-machine-", dir="/var/tmp") as folder:
        shared, room = pathlib.Path(folder) / "shared", pathlib.Path(folder) / "room"
        shared.mkdir()
        room.mkdir()
        (shared / "console").touch()
        shutil.copy(package, shared / "convene.deb")
        shutil.copy(script, shared / "guest.sh")
        command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--uts", "--ipc", "--net", "bash", "-c", BOOT]
        try:
            done = subprocess.run(command, env=os.environ | {"ROOM": str(room), "SHARED": str(shared)}, timeout=deadline, check=False,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            said, code = done.stdout, done.returncode
        except subprocess.TimeoutExpired as late:
            said, code = str(late.output), "none: it ran out of time"
        read = {name: (shared / name).read_text(encoding="utf-8", errors="replace") if (shared / name).exists() else ""
                for name in ("install", "said", "errors", "console")}
        if not read["install"] and not read["said"]:
            raise Missing(f"no machine of one's own can be made here: {said[-500:].strip()}")
        answers = dict(line.partition(" ")[::2] for line in read["said"].splitlines())
        if "end" not in answers:
            raise AssertionError(f"it did not come to its end (status {code}):\n" + "\n".join(f"---- {k}\n{v[-3000:]}" for k, v in read.items()) + said[-2000:])
        return answers
