"""harness: what the benchmarks start, ask and stop: keys, services, requests to them, packages, the C programs.

SPDX-License-Identifier: Apache-2.0

Everything lives in one temporary directory, listens on loopback ports 24600-24699 or on ipc paths in that directory,
and is stopped by its process id, also when a benchmark fails.
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid

import msgpack
import zmq

HERE = pathlib.Path(__file__).resolve().parent
PORTS = {'registration': 24600, 'scheduling': 24610, 'notifications': 24620, 'bare': 24630}
ROLES = {'registration': 'service', 'scheduling': 'service', 'notifications': 'service', 'bench': 'publisher', 'office': 'secretariat'}
EVENTS, PARTIES = 44, 28
READY_S, STEP_S = 20, 30


class Failed(Exception):
    """A benchmark that cannot give a number; says why."""


def say(text):
    print(text, file=sys.stderr, flush=True)


# ---- keys ------------------------------------------------------------------------------------------------------------

def make_keys(directory):
    """One certificate per principal, as common/include/convene/principal.h describes them."""
    allow = directory / 'allow'
    allow.mkdir(parents=True)
    for name, role in ROLES.items():
        public, secret = (key.decode() for key in zmq.curve_keypair())
        head = f'metadata\n    name = "{name}"\n    role = "{role}"\ncurve\n    public-key = "{public}"\n'
        (allow / f'{name}.cert').write_text(head)
        file = directory / f'{name}.secret'
        file.touch(mode=0o600)
        file.write_text(head + f'    secret-key = "{secret}"\n')


def key_in(file, name):
    for line in file.read_text().splitlines():
        if line.strip().startswith(name):
            return line.split('"')[1].encode()
    raise Failed(f'{file}: no {name}')


# ---- processes -------------------------------------------------------------------------------------------------------

class Process:
    """A program that runs beside us. Its standard error goes to a file, where `ready` is waited for."""

    def __init__(self, arguments, log, ready, env=None, user=None):
        self.log, self.began = pathlib.Path(log), time.monotonic()
        with open(self.log, 'wb') as out:
            self.process = subprocess.Popen([str(a) for a in arguments], stdout=out, stderr=out, stdin=subprocess.DEVNULL,
                                            env=env, user=user)
        self.pid = self.process.pid
        while ready not in self.log.read_text(errors='replace'):
            if self.process.poll() is not None or time.monotonic() - self.began > READY_S:
                self.stop()
                raise Failed(f'{arguments[0]} does not start: {self.log.read_text(errors="replace")[-400:]}')
            time.sleep(0.002)
        self.ready_s = time.monotonic() - self.began

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def cpu_s(self):
        total = 0
        for task in pathlib.Path(f'/proc/{self.pid}/task').iterdir():
            total += int((task / 'schedstat').read_text().split()[0])
        return total / 1e9

    def pss_mib(self):
        for line in pathlib.Path(f'/proc/{self.pid}/smaps_rollup').read_text().splitlines():
            if line.startswith('Pss:'):
                return int(line.split()[1]) / 1024
        return 0.0


class Peer:
    """A client of one service: publishes requests, hears outcomes, asks questions. For setting up, not for load."""

    def __init__(self, context, endpoint, keys, name, service):
        self.inbox, self.service = f'setup-{uuid.uuid4().hex[:12]}', service
        self.asked = 0

        def open_socket(kind, part):
            socket = context.socket(kind)
            socket.linger = 0
            if keys:
                socket.curve_serverkey = key_in(keys / 'allow' / f'{service}.cert', 'public-key')
                socket.curve_publickey = key_in(keys / f'{name}.secret', 'public-key')
                socket.curve_secretkey = key_in(keys / f'{name}.secret', 'secret-key')
            if endpoint.startswith('tcp://'):
                host, port = endpoint.rsplit(':', 1)
                socket.connect(f'{host}:{int(port) + part}')
            else:
                socket.connect(endpoint + ('.intake', '.feed', '.log')[part])
            return socket

        self.feed = open_socket(zmq.SUB, 1)
        own = key_in(keys / f'{name}.secret', 'name').decode() if keys else 'local'
        self.feed.subscribe(f'outcome.{own}.{self.inbox}|')
        self.questions = open_socket(zmq.DEALER, 2)
        self.requests = open_socket(zmq.XPUB, 0)
        self.requests.xpub_nodrop = 1
        if not self.requests.poll(STEP_S * 1000):
            raise Failed(f'{service}: no subscription')
        self.requests.recv()

    def close(self):
        for socket in (self.feed, self.questions, self.requests):
            socket.close()

    def request_all(self, requests, repeat_s=1.0):
        """Publishes (type, data) in order and repeats what has no outcome; all must be OK."""
        now = time.strftime('%Y-%m-%dT%H:%M:%S.000Z', time.gmtime())
        waiting = {}
        for kind, data in requests:
            name = str(uuid.uuid4())
            waiting[name] = msgpack.packb({'specversion': '1.0', 'id': name, 'source': '/bench/setup', 'type': f'convene.{kind}.v1',
                                           'time': now, 'inbox': self.inbox, 'data': data})
        end, again = time.monotonic() + STEP_S, 0
        while waiting:
            if time.monotonic() > end:
                raise Failed(f'{self.service}: {len(waiting)} requests without outcome')
            if time.monotonic() >= again:
                for message in list(waiting.values()):
                    self.requests.send_multipart([f'request.{self.service}|'.encode(), message])
                again = time.monotonic() + repeat_s
            while self.feed.poll(50):
                outcomes = msgpack.Unpacker()
                outcomes.feed(self.feed.recv_multipart()[1])
                for outcome in outcomes:
                    if outcome['data']['class'] != 'OK' and outcome['id'] in waiting:
                        raise Failed(f'{self.service}: {outcome["data"]}')
                    waiting.pop(outcome['id'], None)

    def ask(self, what, timeout_s=5.0, **rest):
        """The records of the answer to a question."""
        self.asked += 1
        name = f'question-{self.asked}'
        message = msgpack.packb({'specversion': '1.0', 'id': name, 'source': '/bench/setup', 'type': 'convene.log.query.v1',
                                 'time': '2025-01-01T00:00:00.000Z', 'data': dict(what=what, **rest)})
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            self.questions.send(message)
            if self.questions.poll(500):
                answer = msgpack.unpackb(self.questions.recv())
                if answer.get('causationid') != name:
                    continue
                if answer['data'].get('code') == 'NOTFOUND':
                    return []
                if 'records' not in answer['data']:
                    raise Failed(f'{self.service}: {what}: {answer["data"]}')
                return [msgpack.unpackb(record)['data'] for record in answer['data']['records']]
        raise Failed(f'{self.service}: no answer to {what}')

    def status(self):
        return self.ask('status')[0]


# ---- Convene ---------------------------------------------------------------------------------------------------------

class Convene:
    """The services in a fresh data directory, and the requests that make them ready for the load."""

    def __init__(self, bin_dir, directory, transport='tcp', services=('scheduling', 'registration')):
        self.bin, self.directory, self.transport = bin_dir, directory, transport
        self.keys = directory / 'keys' if transport == 'tcp' else None
        self.context, self.peers, self.running = zmq.Context(), {}, {}
        directory.mkdir()
        make_keys(directory / 'keys')
        for service in services:
            self.start(service)

    def endpoint(self, service):
        return f'tcp://127.0.0.1:{PORTS[service]}' if self.transport == 'tcp' else f'ipc://{self.directory}/{service}'

    def conditions(self):
        return {'transport': self.transport, 'security': 'curve' if self.keys else 'none'}

    def start(self, service, data=None):
        sets = {'data': data or self.directory, 'keys': self.directory / 'keys', 'security': 'curve' if self.keys else 'none',
                'limits/requests': 1000000, 'limits/questions': 1000000}  # what is measured is not the limit
        for name in ('registration', 'scheduling', 'notifications'):
            sets[f'{name}/endpoint'] = self.endpoint(name)
        arguments = [self.bin / f'convene-{service}']
        for key, value in sets.items():
            arguments += ['--set', f'{key}={value}']
        env = {k: v for k, v in os.environ.items() if not k.startswith('CONVENE_')}
        self.running[service] = Process(arguments, self.directory / f'{service}.stderr', 'ready', env)
        return self.running[service]

    def stop(self, service=None):
        for name in [service] if service else list(self.running):
            if name in self.peers:
                self.peers.pop(name).close()
            if name in self.running:
                self.running.pop(name).stop()
        if not service:
            self.context.destroy(linger=0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def peer(self, service):
        if service not in self.peers:
            self.peers[service] = Peer(self.context, self.endpoint(service), self.keys, 'office', service)
        return self.peers[service]

    def pids(self):
        return ','.join(str(p.pid) for p in self.running.values())

    def open_events(self, run, capacity, maximum):
        """Parties once, and the events of one run; returns when registration has heard of all."""
        peer, day = self.peer('scheduling'), 86400000
        now = int(time.time() * 1000)
        if run == 1:
            peer.request_all([('scheduling.party.put', {'code': f'P{i:02}', 'kind': 'member', 'name': f'Party {i}'}) for i in range(PARTIES)])
        codes = [f'bench-{run}-{i:02}' for i in range(EVENTS)]
        peer.request_all([('scheduling.event.propose', {'event': c, 'title': f'Event {c}', 'plan_year': 2025, 'line': 'cbm',
                                                        'date_start': '2027-03-01', 'date_end': '2027-03-02', 'precision': 'day'}) for c in codes])
        for status in ('circulated', 'adopted', 'scheduled'):
            peer.request_all([('scheduling.event.advance', {'event': c, 'to': status}) for c in codes])
        peer.request_all([('scheduling.event.registration', {
            'event': c, 'capacity': capacity, 'guaranteed': 0, 'maximum': maximum, 'waiting': 'strict', 'group': 'each',
            'opens_ms': now - day, 'closes_ms': now + day}) for c in codes])
        # Scheduling opens them by itself, as registration's own time has come; registration follows.
        closed = set(codes)

        def all_open():
            closed.difference_update([c for c in closed if any(e['status'] == 'open' for e in self.peer('registration').ask('events', key=c))])
            return not closed

        self.wait(all_open, 'registration to hear that the events are open')

    @staticmethod
    def wait(fact, what, seconds=STEP_S, step=0.01):
        end = time.monotonic() + seconds
        while not fact():
            if time.monotonic() > end:
                raise Failed(f'waited {seconds} s for {what}')
            time.sleep(step)


def seats(n):
    """Capacity of an event and maximum of a party for a run of n requests; the same arithmetic as in bench.h."""
    distinct = n - n // 100
    return max(1, int(distinct * 0.55 / EVENTS)), max(1, int(distinct * 0.58 / EVENTS / PARTIES + 0.5))


# ---- programs and packages -------------------------------------------------------------------------------------------

def program(bin_dir, name, timeout=120, **options):
    """Runs one of the C programs; gives what it printed (a list of objects)."""
    arguments = [str(bin_dir / f'bench-{name}')] + [f'{k}={v}' for k, v in options.items() if v is not None]
    try:
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired as error:
        raise Failed(f'{name}: nothing after {timeout} s') from error
    if done.returncode:
        raise Failed(f'{name}: {done.stderr.strip()[-300:] or done.returncode}')
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{')]


def have_packages(packages, present, install):
    """True if present() is. Else installs Debian packages when that is asked for and allowed, and says so."""
    if present():
        return True
    if not install or os.geteuid() or not shutil.which('apt-get'):
        return False
    say('installing Debian packages: ' + ' '.join(packages))
    policy = pathlib.Path('/usr/sbin/policy-rc.d')
    ours = not policy.exists()
    if ours:  # so that no package starts a server of its own
        policy.write_text('#!/bin/sh\nexit 101\n')
        policy.chmod(0o755)
    try:
        env = dict(os.environ, DEBIAN_FRONTEND='noninteractive')
        for attempt in (['update'], ['install', '-y', '--no-install-recommends', '--no-upgrade'] + packages):
            subprocess.run(['apt-get', '-qq'] + attempt, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    finally:
        if ours:
            policy.unlink()
    return present()


def compile_peer(name, build, libraries):
    """A comparison's client needs libraries that the rest of the project does not: it is compiled here."""
    out = build / f'peer-{name}'
    source = HERE / 'peers' / f'{name}.c'
    flags = subprocess.run(['pkg-config', '--cflags', '--libs'] + libraries, capture_output=True, text=True, check=False)
    if flags.returncode:
        raise Failed(flags.stderr.strip())
    done = subprocess.run(['cc', '-O2', '-std=gnu17', '-D_GNU_SOURCE', '-Wall', '-Wextra', f'-I{HERE}', '-o', out, source] +
                          flags.stdout.split() + ['-lpthread'], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f'{source}: {done.stderr[-300:]}')
    return out


def temporary():
    """On the disk that is to be measured: CONVENE_BENCH_DIR, else the usual place for temporary files."""
    return pathlib.Path(tempfile.mkdtemp(prefix='cvb-', dir=os.environ.get('CONVENE_BENCH_DIR')))


__all__ = ['Convene', 'Failed', 'Process', 'Peer', 'PORTS', 'HERE', 'compile_peer', 'have_packages', 'make_keys', 'program',
           'say', 'seats', 'temporary']
