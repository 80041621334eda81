# stack: Convene as docker/compose.yaml starts it, seen from outside: containers, keys, published ports.
# SPDX-License-Identifier: Apache-2.0
"""Stack is a Deployment whose services are containers: the clients, questions and waits of the other tests work on it."""
import json
import os
import pathlib
import signal
import subprocess

import zmq

import cvwire
from deployment import SERVICES, Deployment, wait_for
from engine import run

PORTS = {"registration": 24900, "scheduling": 24910, "notifications": 24920}  # of this machine; compose.yaml's may be in use
INSIDE = {"registration": 24100, "scheduling": 24110, "notifications": 24120}
ALIASES = {"office": "secretariat", "ops": "operator", "mirror": "notifications", "watcher": "observer"}


class Container:
    """One service of the file. `running` is what the waits of Deployment ask."""

    def __init__(self, stack, name):
        self.stack, self.name = stack, name

    def inspect(self):
        found = self.stack.compose("ps", "-a", "-q", self.name).stdout.split()
        return json.loads(self.stack.engine.docker("inspect", found[0]).stdout)[0] if found else None

    @property
    def running(self):
        found = self.inspect()
        return bool(found and found["State"]["Running"])

    def check_alive(self):
        """Containers are started again by the engine: being away for a moment is no failure."""

    def crash(self):
        """kill -9 of its process, as the kernel or a bug would: the restart policy has to bring it back."""
        before = self.inspect()
        os.kill(before["State"]["Pid"], signal.SIGKILL)
        wait_for(lambda: (now := self.inspect()) and now["RestartCount"] > before["RestartCount"] and now["State"]["Running"],
                 f"{self.name} to be started again by the engine", 30)

    def wait_healthy(self, deadline=60):
        wait_for(lambda: self.inspect()["State"].get("Health", {}).get("Status") == "healthy", lambda: f"{self.name} healthy: {self.inspect()['State']}",
                 deadline, 0.2)


class Stack(Deployment):
    def __init__(self, engine, source):  # pylint: disable=super-init-not-called
        self.engine, self.source = engine, pathlib.Path(source)
        self.override = engine.root / "override.json"
        self.override.write_text(json.dumps({"services": {"keys": {"build": {"network": "host"}}, "publisher": {"build": {"network": "host"}},
                                                          "prometheus": {"build": {"network": "host"}}, "mail": {"build": {"network": "host"}}}}),
                                 encoding="utf-8")
        ports = engine.root / "ports.yaml"
        ports.write_text("services:\n" + "".join(
            f"  {name}:\n    ports: !override [\"127.0.0.1:{PORTS[name]}-{PORTS[name] + 2}:{INSIDE[name]}-{INSIDE[name] + 2}\"]\n" for name in SERVICES) +
            "  dashboard:\n    ports: !override [\"127.0.0.1:24930:24180\", \"127.0.0.1:24931:24181\"]\n"
            "  mail:\n    ports: !override [\"127.0.0.1:24945:2525\"]\n"
            "  prometheus:\n    ports: !override [\"127.0.0.1:24940:9090\"]\n",
            encoding="utf-8")
        self.files = ["-f", self.source / "docker/compose.yaml", "-f", self.override, "-f", ports]
        self.security, self.context = "curve", zmq.Context()
        self.endpoints = {name: f"tcp://127.0.0.1:{port}" for name, port in PORTS.items()}
        self.services = {name: Container(self, name) for name in SERVICES}
        self.principals, self.clients, self._logs = {}, [], {}

    def compose(self, *args, **kwargs):
        return run("docker", "compose", *self.files, *args, env=self.engine.environment, **kwargs)

    def spawn(self, *args, **kwargs):
        command = ["docker", "compose", *self.files, *args]
        return subprocess.Popen([str(word) for word in command], env=self.engine.environment, text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, **kwargs)

    def volume(self, name):
        """Where the files of a volume are on this machine."""
        return pathlib.Path(self.engine.docker("volume", "inspect", "--format", "{{.Mountpoint}}", f"convene_{name}").stdout.strip())

    def read_keys(self):
        """Every key there is, as an operator would copy it out."""
        for path in self.volume("keys").glob("*.secret"):
            values = dict(line.split(" = ") for line in map(str.strip, path.read_text(encoding="utf-8").splitlines()) if " = " in line)
            principal = cvwire.Principal.__new__(cvwire.Principal)
            principal.name, principal.role, principal.party = path.stem, values["role"].strip('"'), values.get("party", "").strip('"') or None
            principal.public, principal.secret = (values[key].strip('"').encode() for key in ("public-key", "secret-key"))
            self.principals[path.stem] = principal
        for alias, name in ALIASES.items():
            self.principals[alias] = self.principals[name]

    def up(self):
        self.compose("up", "-d", "--wait", "--no-build", timeout=180)

    def records(self, service, stream):
        return self.log(service, "mirror").stream(stream)[0]

    def streams(self):
        """All records of all streams, as octets."""
        return {stream: self.records(service, stream) for service, stream in (
            ("scheduling", "scheduling.events"), ("registration", "registration.events"), ("registration", "registration.private"),
            ("notifications", "notifications.events"))}

    def close(self):
        for client in self.clients:
            client.close()
        self.context.destroy(0)
