# engine: a Docker engine of the test's own, its base image, and `docker compose` as users call it.
# SPDX-License-Identifier: Apache-2.0
"""Everything lies in one folder and ends with the test: dockerd with its data, sockets and networks. It leaves the machine's
packet filter and forwarding alone: containers reach each other on their bridge, published ports are carried by docker-proxy,
and what a build needs from outside comes over the host's network."""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

SUITE = os.environ.get("CONVENE_TEST_SUITE", "trixie")
BASE = os.environ.get("CONVENE_BASE")  # an image to build on; else one is made by debootstrap
IN_MEMORY_KIB = 10 * 1024 * 1024
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


class Missing(Exception):
    """No engine can be had here."""


def mirror():
    """Where this machine gets Debian from."""
    done = subprocess.run(["apt-get", "indextargets", "--format", "$(SITE) $(ORIGIN) $(CODENAME)", "Created-By: Packages"],
                          capture_output=True, text=True, check=False)
    for line in done.stdout.splitlines():
        site, origin, codename = (line.split() + ["", ""])[:3]
        if origin == "Debian" and "-" not in codename:
            return site
    raise Missing("apt knows no source of Debian packages")


def run(*command, timeout=120, check=True, stdin=None, **kwargs):
    """Runs to its end; its output is text, and is all there when it failed."""
    done = subprocess.run([str(word) for word in command], input=stdin, capture_output=True, text=True, timeout=timeout, check=False, **kwargs)
    if check and done.returncode:
        raise AssertionError(f"{' '.join(map(str, command))}: exit status {done.returncode}\n{done.stdout[-6000:]}\n{done.stderr[-6000:]}")
    return done


class Engine:
    def __init__(self, tools):
        self.tools = pathlib.Path(tools)  # what ./dev fetched: cli-plugins/docker-compose; and base images kept between runs
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="cvt-", dir="/var/tmp"))
        self.process, self.in_memory = None, False
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(("CONVENE_", "DOCKER_", "COMPOSE_"))} | {
            "DOCKER_HOST": f"unix://{self.root}/sock", "DOCKER_CONFIG": f"{self.root}/config", "BUILDKIT_PROGRESS": "plain",
            "CONVENE_BASE": BASE or f"convene-test/base:{SUITE}"}
        plugins = self.root / "config/cli-plugins"
        plugins.mkdir(parents=True)
        if (self.tools / "docker-compose").exists():
            (plugins / "docker-compose").symlink_to(self.tools / "docker-compose")

    def check(self):
        """Says what is missing before anything is started."""
        if os.geteuid() != 0:
            raise Missing("dockerd must be started as root")
        for program, package in (("dockerd", "docker.io"), ("docker", "docker-cli or docker.io"), ("iptables", "iptables")):
            if not shutil.which(program):
                raise Missing(f"{program} is not installed (Debian: {package})")
        if not BASE and not shutil.which("debootstrap"):
            raise Missing("debootstrap is not installed, and CONVENE_BASE names no image to build on")
        version = run("docker", "compose", "version", "--short", check=False, env=self.environment)
        if version.returncode or not version.stdout.strip().lstrip("v").split(".")[0].isdigit():
            raise Missing("`docker compose` (version 2) is neither installed nor in build/compose; ./dev test compose fetches it")
        return version.stdout.strip()

    def settle(self):
        """Layers of images in memory, where there is plenty: unpacking packages there, and removing all of it, takes no time. The disk is
        not what is tested here: nobody pulls its plug, and what a kernel has taken from a killed process it keeps."""
        with open("/proc/meminfo", encoding="ascii") as file:
            free_kib = int(re.search(r"^MemAvailable: +(\d+)", file.read(), re.M)[1])
        if free_kib > IN_MEMORY_KIB:
            (self.root / "data").mkdir()
            self.in_memory = run("mount", "-t", "tmpfs", "-o", "size=6g,mode=0710", "none", self.root / "data", check=False).returncode == 0

    def start(self):
        self.settle()
        # It gets SIGTERM from the kernel should the test die, and takes its containers with it.
        command = ["setpriv", "--pdeathsig", "TERM", "dockerd", "--config-file", "", "--data-root", self.root / "data", "--exec-root",
                   self.root / "exec", "--pidfile", self.root / "pid", "--host", f"unix://{self.root}/sock", "--bridge", "none",
                   "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false", "--shutdown-timeout", "20"]
        with open(self.root / "dockerd.log", "wb") as log:
            self.process = subprocess.Popen([str(word) for word in command], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            start_new_session=True)
        end = time.monotonic() + 60
        while self.docker("info", check=False).returncode:
            if self.process.poll() is not None or time.monotonic() > end:
                raise Missing(f"dockerd does not start here:\n{self.said()}")
            time.sleep(0.2)
        return self.docker("version", "--format", "{{.Server.Version}}").stdout.strip()

    def said(self, octets=3000):
        with contextlib.suppress(OSError):
            return (self.root / "dockerd.log").read_text(encoding="utf-8", errors="replace")[-octets:]
        return ""

    def docker(self, *args, **kwargs):
        return run("docker", *args, env=self.environment, **kwargs)

    def base_image(self):
        """Like the official image in what matters: minimal, no documentation, no syncing while packages are unpacked."""
        if BASE:
            return f"{BASE}, as told"
        kept = self.tools / f"base-{SUITE}.tar"
        how = "kept from before"
        if not kept.exists():
            folder, how = self.root / "base", "made by debootstrap"
            run("debootstrap", "--variant=minbase", f"--keyring={KEYRING}", SUITE, folder, mirror(), timeout=400)
            (folder / "etc/dpkg/dpkg.cfg.d/image").write_text(
                "force-unsafe-io\npath-exclude /usr/share/doc/*\npath-exclude /usr/share/man/*\npath-exclude /usr/share/locale/*\n", encoding="utf-8")
            self.tools.mkdir(parents=True, exist_ok=True)
            part = kept.with_suffix(f".{os.getpid()}")
            run("tar", "-C", folder, "--exclude=./var/cache/apt/archives/*.deb", "--exclude=./usr/share/doc/*", "--exclude=./usr/share/man/*",
                "--exclude=./dev/*", "-cf", part, ".")
            part.rename(kept)
            shutil.rmtree(folder)
        self.docker("import", kept, self.environment["CONVENE_BASE"])
        return how

    def stop(self):
        """Ends what start() started, and removes everything."""
        begin = time.monotonic()
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                print(f"dockerd did not stop within 60 s:\n{self.said()}")
                self.process.kill()
                self.process.wait()
        ended = time.monotonic()
        with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
            left = [line.split()[4] for line in mounts if line.split()[4].startswith(f"{self.root}/")]
        for mount in reversed(left):
            run("umount", "-l", mount, check=False)
        shutil.rmtree(self.root, ignore_errors=True)
        print(f"{ended - begin:7.1f} s  the engine stopped\n{time.monotonic() - ended:7.1f} s  its folder removed", flush=True)
