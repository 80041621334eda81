# network: network namespaces joined by a link of our own, which delays, loses and cuts as a test asks.
# SPDX-License-Identifier: Apache-2.0
"""Each namespace has one address, 10.77.0.N, on a tun device. A process of its own (the switch) holds the other ends and
passes packets between them: the kernel's own TCP on both sides, real loss and real time between. It does what `tc netem`
does, on kernels that were built without netem too. Needs root, /dev/net/tun and iproute2."""
import ctypes
import fcntl
import heapq
import json
import os
import random
import select
import shutil
import struct
import subprocess
import sys
import time

CLONE_NEWNET = 0x40000000
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
DEVICE = "cv0"
HOSTS = "/etc/netns"


def missing():
    """Why this machine cannot do it, or None."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if not shutil.which("ip"):
        return "iproute2 is not installed"
    if not os.path.exists("/dev/net/tun"):
        return "there is no /dev/net/tun"
    return None


def run(*words):
    subprocess.run(words, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def enter(name):
    """The calling thread, and threads it makes from then on, are in this namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/run/netns/{name}", "rb") as file:
        if libc.setns(file.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"setns {name}")


def require(case):
    """Skips the test where the machine cannot do it, or fails it where it may not be skipped."""
    reason = missing()
    if reason:
        if os.environ.get("CONVENE_NETWORK_TEST") == "must":
            case.fail(f"must not be skipped here: {reason}")
        case.skipTest(reason)


def visit(case, name):
    """The test goes into this namespace, before it has made a thread, and comes home at its end."""
    with open("/proc/self/ns/net", "rb") as file:
        home = os.dup(file.fileno())

    def go_home():
        ctypes.CDLL(None).setns(home, CLONE_NEWNET)
        os.close(home)
    case.addCleanup(go_home)
    enter(name)


def open_tun(name):
    enter(name)
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", DEVICE.encode(), IFF_TUN | IFF_NO_PI))
    return device


def switch(names):
    """The process between: orders come as JSON lines {"delay": s, "loss": part, "cut": [[a, b], ...]}."""
    devices = [open_tun(name) for name in names]
    print("ready", flush=True)
    rng = random.Random(7)
    state = {"delay": 0.0, "loss": 0.0, "cut": []}
    waiting, n = [], 0  # (when, order, device, packet)
    orders = sys.stdin.fileno()
    os.set_blocking(orders, False)
    text = b""
    while True:
        now = time.monotonic()
        while waiting and waiting[0][0] <= now:
            _, _, device, packet = heapq.heappop(waiting)
            try:
                os.write(device, packet)
            except OSError:
                pass  # full, or the device is down: lost
        timeout = max(0.0, waiting[0][0] - now) if waiting else 1.0
        ready, _, _ = select.select([orders, *devices], [], [], timeout)
        for one in ready:
            if one == orders:
                octets = os.read(orders, 65536)
                if not octets:
                    return
                *lines, text = (text + octets).split(b"\n")
                for line in lines:
                    state.update(json.loads(line))
                continue
            for _ in range(64):
                try:
                    packet = os.read(one, 65536)
                except BlockingIOError:
                    break
                if len(packet) < 20 or packet[0] >> 4 != 4 or packet[16:19] != bytes((10, 77, 0)):
                    continue
                source, target = devices.index(one), packet[19] - 1
                if not 0 <= target < len(devices) or target == source:
                    continue
                if [min(source, target), max(source, target)] in state["cut"] or rng.random() < state["loss"]:
                    continue
                n += 1
                heapq.heappush(waiting, (time.monotonic() + state["delay"], n, devices[target], packet))


class Network:
    """Namespaces by short names; `prefix` keeps those of two tests apart."""

    def __init__(self, *places):
        self.prefix, self.places = f"cvt{os.getpid()}", list(places)
        self._switch = None
        try:
            for place in places:
                run("ip", "netns", "add", self.namespace(place))
            self._switch = subprocess.Popen([sys.executable, os.path.abspath(__file__), *(self.namespace(p) for p in places)],
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            if self._switch.stdout.readline().strip() != b"ready":
                raise AssertionError("the switch does not start")
            for place in places:
                inside = ("ip", "-n", self.namespace(place))
                run(*inside, "link", "set", "lo", "up")
                run(*inside, "addr", "add", f"{self.address(place)}/24", "dev", DEVICE)
                run(*inside, "link", "set", DEVICE, "up")
        except BaseException:
            self.close()
            raise

    def namespace(self, place):
        return f"{self.prefix}-{place}"

    def address(self, place):
        return f"10.77.0.{self.places.index(place) + 1}"

    def _order(self, **state):
        self._switch.stdin.write(json.dumps(state).encode() + b"\n")
        self._switch.stdin.flush()

    def link(self, delay=0.0, loss=0.0):
        """Of every packet, one way: seconds, and the part that is lost."""
        self._order(delay=delay, loss=loss)

    def cut(self, *pairs):
        """Exactly these pairs of places do not reach one another."""
        numbers = [sorted((self.places.index(a), self.places.index(b))) for a, b in pairs]
        self._order(cut=numbers)

    def hosts(self, place, **names):
        """/etc/hosts of programs that are started there from now on; written in place, so that those there see a change.
        A name is another place, or a list of addresses."""
        folder = os.path.join(HOSTS, self.namespace(place))
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "hosts"), "w", encoding="ascii") as file:
            file.write("127.0.0.1 localhost\n" + "".join(f"{address} {name}\n" for name, where in names.items() for address in
                                                         (where if isinstance(where, list) else [self.address(where)])))

    def inside(self, place, command):
        return ["ip", "netns", "exec", self.namespace(place), *command]

    def close(self):
        if self._switch:
            self._switch.stdin.close()
            self._switch.wait(timeout=10)
            self._switch.stdout.close()
        for place in self.places:
            subprocess.run(["ip", "netns", "del", self.namespace(place)], check=False, stderr=subprocess.DEVNULL)
            shutil.rmtree(os.path.join(HOSTS, self.namespace(place)), ignore_errors=True)
        try:
            os.rmdir(HOSTS)  # if nobody else has anything there
        except OSError:
            pass


if __name__ == "__main__":
    switch(sys.argv[1:])
