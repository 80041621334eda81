#!/usr/bin/python3
"""run: the benchmarks: what to run, in which order, and what is written down. README.md says how to read it.

SPDX-License-Identifier: Apache-2.0
"""
import argparse
import json
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import time

sys.dont_write_bytecode = True
from harness import Convene, Failed, HERE, PORTS, Process, compile_peer, have_packages, make_keys, program, say, seats, temporary  # noqa: E402

SECTIONS = ('registration', 'batch', 'follow', 'footprint', 'codec', 'limits')

# (label, options of the load generator, number of requests, in --quick too, over ipc too)
LOADS = [
    ('1 in flight', {'in_flight': 1}, 500, True, True),
    ('32 in flight', {'in_flight': 32}, 6000, False, False),
    ('256 in flight', {'in_flight': 256}, 20000, True, True),
    ('1024 in flight', {'in_flight': 1024}, 30000, True, True),
    ('500 per second', {'rate': 500}, 800, False, False),
    ('5000 per second', {'rate': 5000}, 12000, True, True),
    ('1024 in flight, random ids', {'in_flight': 1024, 'ids': 'random'}, 30000, False, False),
]


def processor_seconds():
    """Of the whole machine, and of ourselves with all that we started and that has ended."""
    ticks = os.sysconf('SC_CLK_TCK')
    fields = [int(x) for x in pathlib.Path('/proc/stat').read_text().split('\n', 1)[0].split()[1:]]
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    busy = sum(fields[:3] + fields[5:8]) / ticks  # user, nice, system, interrupts, stolen
    return time.monotonic(), busy, sum(u.ru_utime + u.ru_stime for u in usages)


class Results:
    """Measured values by name and conditions; a repetition adds one value to each. Medians are written at the end."""

    def __init__(self, build):
        build.mkdir(parents=True, exist_ok=True)
        self.values, self.raw = {}, open(build / 'raw.jsonl', 'w', encoding='utf-8')
        self.file, self.skipped = build / 'results.jsonl', []
        self.file.write_text('')
        self.flushed = 0

    def add(self, name, value, unit, **conditions):
        key = (name, unit, tuple(sorted(conditions.items())))
        self.values.setdefault(key, []).append(value)
        self.raw.write(json.dumps(dict(name=name, value=value, unit=unit, **conditions)) + '\n')
        self.raw.flush()

    def of_load(self, system, load, result, **conditions):
        """The rows of one run of the load generator."""
        conditions = dict(conditions, **{k: v for k, v in load.items() if k != 'ids'}, ids=load.get('ids', 'ordered'), system=system)
        if 'rate' not in load and load.get('in_flight') != 1:
            self.add('registration.decisions', result['per_s'], '1/s', **conditions)
            self.add('registration.cpu', result['cpu_us'], 'us', **conditions)
        self.add('registration.p50', result['p50_us'], 'us', **conditions)
        self.add('registration.p99', result['p99_us'], 'us', **conditions)
        if 'deliver_p99_us' in result:
            self.add('registration.delivered_p99', result['deliver_p99_us'], 'us', **conditions)

    def skip(self, what, why):
        self.skipped.append((what, why))
        say(f'skipped: {what}: {why}')

    def print_new(self):
        """Prints and keeps the rows that came since the last time."""
        keys = list(self.values)
        with open(self.file, 'a', encoding='utf-8') as out:
            for key in keys[self.flushed:]:
                for row in self.rows_of(key):
                    line = json.dumps(row)
                    print(line, flush=True)
                    out.write(line + '\n')
        self.flushed = len(keys)

    def rows_of(self, key):
        name, unit, conditions = key
        values = self.values[key]
        shown = dict(conditions)
        row = {'name': name, 'value': round(statistics.median(values), 3), 'unit': unit, **shown}
        if len(values) > 1:
            row.update(repetitions=len(values), min=round(min(values), 3), max=round(max(values), 3))
        others = self.compared_with(key) if shown.get('system') == 'convene' else []
        if not others:
            yield row
        for other, against in others:
            theirs = self.values[other]
            ratios = [a / b for a, b in zip(values, theirs) if b]
            yield dict(row, against=against, against_value=round(statistics.median(theirs), 3), ratio=round(statistics.median(ratios), 3))

    def compared_with(self, key):
        """Rows of others for the same load: same ids, same window or rate; the bare path also on the same transport."""
        name, unit, conditions = key
        ours = dict(conditions)
        for other in self.values:
            theirs = dict(other[2])
            if other[:2] != (name, unit) or 'system' not in theirs or theirs['system'] == 'convene':
                continue
            if any(theirs.get(k) != ours.get(k) for k in ('ids', 'rate', 'in_flight')):
                continue
            if theirs['system'] == 'bare path' and theirs['transport'] != ours['transport']:
                continue
            how = f', {theirs["batch"]} per transaction' if 'batch' in theirs else ''
            yield other, theirs['system'] + how


class Run:
    """One call of this program."""

    def __init__(self, arguments):
        self.bin = arguments.bin
        self.install, self.quick = arguments.install, arguments.quick
        self.load, self.only = arguments.load, arguments.only
        self.scale = arguments.scale or (0.3 if arguments.quick else 3 if arguments.full else 1)
        self.repetitions = arguments.repetitions or (1 if arguments.quick else 5 if arguments.full else 3)
        self.build = arguments.bin.parent / 'bench'
        self.results = Results(self.build)
        self.dir = temporary()
        self.made = 0

    def directory(self):
        self.made += 1
        return self.dir / str(self.made)

    def size(self, n):
        return max(200, int(n * self.scale) // 100 * 100)

    def loads(self, transport):
        for label, load, n, in_quick, on_ipc in LOADS:
            if (in_quick or not self.quick or self.load) and (transport == 'tcp' or on_ipc) and self.load in label:
                yield label, load, self.size(n)

    # ---- the registration path ---------------------------------------------------------------------------------------

    def ours(self, transport):
        with Convene(self.bin, self.directory(), transport) as convene:
            for run, (label, load, n) in enumerate(self.loads(transport), 1):
                convene.open_events(run, *seats(n))
                pid = convene.running['registration'].pid
                before = self.counters(convene)
                result = program(self.bin, 'drive', endpoint=convene.endpoint('registration'), keys=convene.keys, n=n, run=run, pids=pid, **load)[0]
                after = self.counters(convene)
                self.results.of_load('convene', load, result, **convene.conditions())
                turns = after['batches'] - before['batches']
                self.results.add('registration.mean_batch', n / max(turns, 1), 'requests', transport=transport, load=label)
                say(f'  convene, {transport}, {label}: {result["per_s"]:.0f}/s, p50 {result["p50_us"]:.0f} us, p99 {result["p99_us"]:.0f} us')
            self.results.add('footprint.pss_after_load', convene.running['registration'].pss_mib(), 'MiB', service='registration', transport=transport)

    @staticmethod
    def counters(convene):
        return {c['name']: c['value'] for c in convene.peer('registration').status()['counters']}

    def bare(self, transport):
        directory = self.directory()
        directory.mkdir()
        keys = directory / 'keys' if transport == 'tcp' else None
        if keys:
            make_keys(keys)
        endpoint = f'tcp://127.0.0.1:{PORTS["bare"]}' if keys else f'ipc://{directory}/bare'
        for label, load, n in self.loads(transport):
            capacity, maximum = seats(n)
            db = directory / 'bare.db'
            for leftover in directory.glob('bare.db*'):
                leftover.unlink()
            arguments = [self.bin / 'bench-bare_path', f'endpoint={endpoint}', f'db={db}', f'capacity={capacity}', f'maximum={maximum}']
            bare = Process(arguments + ([f'keys={keys}'] if keys else []), directory / 'bare.stderr', 'ready')
            try:
                result = program(self.bin, 'drive', endpoint=endpoint, keys=keys, n=n, target='bare', pids=bare.pid, **load)[0]
            finally:
                bare.stop()
            self.results.of_load('bare path', load, result, transport=transport, security='curve' if keys else 'none')
            say(f'  bare path, {transport}, {label}: {result["per_s"]:.0f}/s, p50 {result["p50_us"]:.0f} us, p99 {result["p99_us"]:.0f} us')

    def redis(self):
        directory = self.directory()
        directory.mkdir()
        socket = directory / 's'
        (directory / 'redis.conf').write_text(
            f'port 0\nunixsocket {socket}\ndir {directory}\nsave ""\nappendonly yes\nappendfsync always\nauto-aof-rewrite-percentage 0\ndaemonize no\n')
        server = Process(['redis-server', directory / 'redis.conf'], directory / 'log', 'eady to accept connections')
        try:
            for label, load, n in self.loads('tcp'):
                result = self.peer('redis', socket=socket, script=HERE / 'peers' / 'decide.lua', n=n, pids=server.pid, **load)
                self.results.of_load('redis', load, result, transport='unix socket', security='none')
                say(f'  redis, {label}: {result["per_s"]:.0f}/s, p50 {result["p50_us"]:.0f} us, p99 {result["p99_us"]:.0f} us')
        finally:
            server.stop()

    def postgres(self):
        directory = self.directory()
        directory.mkdir()
        programs = pathlib.Path(subprocess.run(['pg_config', '--bindir'], capture_output=True, text=True, check=True).stdout.strip())
        user = 'postgres' if os.geteuid() == 0 else None
        if user:  # it does not run as root
            self.dir.chmod(0o755)
            shutil.chown(directory, user)
        subprocess.run([programs / 'initdb', '-D', directory / 'data', '-A', 'trust', '-U', 'postgres', '--no-locale', '-E', 'UTF8'], check=True,
                       user=user, cwd=directory, stdout=subprocess.DEVNULL)
        settings = {'listen_addresses': '', 'unix_socket_directories': directory, 'port': 24650, 'shared_buffers': '512MB', 'max_wal_size': '2GB',
                    'synchronous_commit': 'on', 'fsync': 'on', 'full_page_writes': 'on', 'jit': 'off'}
        arguments = [programs / 'postgres', '-D', directory / 'data']
        for key, value in settings.items():
            arguments += ['-c', f'{key}={value}']
        server = Process(arguments, self.dir / f'{directory.name}.log', 'ready to accept connections', user=user)
        try:
            connect = f'host={directory} port=24650 user=postgres dbname=postgres'
            subprocess.run(['psql', '-q', connect, '-f', HERE / 'peers' / 'decide.sql'], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for label, load, n in self.loads('tcp'):
                # A transaction per request, with 64 on the way, stands beside the smaller windows.
                for batch in (256, 1) if load.get('in_flight') == 256 else (512,) if load.get('in_flight') == 1024 else (1,) if 'in_flight' in load else (256,):
                    n_here = min(n, self.size(2000)) if batch == 1 else n
                    if load.get('in_flight') == 1 or n_here < 200:
                        continue
                    result = self.peer('postgres', connect=connect, n=n_here, batch=batch, pids=server.pid, **{k: v for k, v in load.items() if k != 'in_flight'})
                    self.results.of_load('postgres', load, result, transport='unix socket', security='none', batch=batch)
                    say(f'  postgres, {label}, {batch} per transaction: {result["per_s"]:.0f}/s, p50 {result["p50_us"]:.0f} us, p99 {result["p99_us"]:.0f} us')
        finally:
            server.stop()

    def peer(self, name, **options):
        arguments = [str(self.build / f'peer-{name}')] + [f'{k}={v}' for k, v in options.items()]
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            raise Failed(f'{name}: {done.stderr.strip()[-300:]}')
        return json.loads(done.stdout)

    def others(self):
        """The compared systems that can run here."""
        found = []
        # what it needs, how it is found, its client's libraries
        for name, packages, tool, libraries in (('redis', ['redis-server', 'libhiredis-dev'], 'redis-server', ['hiredis']),
                                                ('postgres', ['postgresql', 'libpq-dev'], 'pg_config', ['libpq'])):
            if self.only not in name:
                continue

            def present(tool=tool, libraries=libraries):
                return shutil.which(tool) and shutil.which('cc') and subprocess.run(['pkg-config', '--exists'] + libraries, check=False).returncode == 0
            if not have_packages(packages, present, self.install):
                self.results.skip(name, f'needs the Debian packages {" ".join(packages)}; --install (as root) gets them')
                continue
            try:
                compile_peer(name, self.build, libraries)
                found.append((name, getattr(self, name)))
            except Failed as error:
                self.results.skip(name, str(error))
        return found

    def registration(self):
        others = self.others()
        for repetition in range(self.repetitions):
            say(f'registration path, repetition {repetition + 1} of {self.repetitions}')
            before = processor_seconds()
            steps = [('convene', lambda: self.ours('tcp')), ('bare path', lambda: self.bare('tcp'))] + others
            steps += [('convene on ipc', lambda: self.ours('ipc')), ('bare path on ipc', lambda: self.bare('ipc'))]
            for name, step in steps:
                if self.only in name:
                    self.guarded(name, step)
            seconds, busy, ours = (b - a for a, b in zip(before, processor_seconds()))
            self.results.add('machine.foreign_cpu', max(0.0, busy - ours) / seconds / os.cpu_count() * 100, '%')

    # ---- the other sections ------------------------------------------------------------------------------------------

    def batch(self):
        for ids in ('ordered', 'random'):
            for batch in (1, 8, 32, 128, 512, 1024):
                if ids == 'random' and batch not in (32, 1024):
                    continue
                for _ in range(self.repetitions if batch >= 32 else 1):
                    directory = self.directory()
                    directory.mkdir()
                    n = self.size(20000 if batch >= 128 else 4000 if batch >= 8 else 1000)
                    result = program(self.bin, 'engine', dir=directory, n=n, batch=batch, ids=ids)[0]
                    shutil.rmtree(directory)
                    self.results.add('engine.decisions', result['per_s'], '1/s', batch=batch, ids=ids)
                    self.results.add('engine.cpu', result['cpu_us'], 'us', batch=batch, ids=ids)
                    self.results.add('engine.turn_p99', result['turn_p99_us'], 'us', batch=batch, ids=ids)

    def follow(self):
        n = self.size(101100) if not self.quick else 20200
        with Convene(self.bin, self.directory()) as convene:
            convene.open_events(1, *seats(n))
            program(self.bin, 'drive', endpoint=convene.endpoint('registration'), keys=convene.keys, n=n, in_flight=1024, run=1)
            heads = {s['name']: s['head'] for service in ('registration', 'scheduling') for s in convene.peer(service).status()['streams']}
            follower = convene.start('notifications')
            began = time.monotonic() - follower.ready_s
            cursors = {}

            def caught_up():
                follows = convene.peer('notifications').status()['follows']
                cursors.update({f['stream']: f['cursor'] for f in follows})
                return all(f['cursor'] >= heads[f['stream']] for f in follows)

            Convene.wait(caught_up, 'notifications to catch up', 240, 0.05)
            seconds = time.monotonic() - began
            applied = sum(cursors.values())
            self.results.add('follow.applied', applied / seconds, 'records/s', follower='notifications', records=applied, streams=len(cursors))
            self.results.add('follow.cpu', follower.cpu_s() * 1e6 / applied, 'us', follower='notifications')
            self.results.add('footprint.pss_after_catch_up', follower.pss_mib(), 'MiB', service='notifications')
            say(f'  notifications caught up with {applied} records in {seconds:.1f} s')

    def footprint(self):
        for _ in range(self.repetitions):
            directory = self.directory()
            began = time.monotonic()
            with Convene(self.bin, directory, services=()) as convene:
                began = time.monotonic()
                for service in ('registration', 'scheduling', 'notifications'):
                    convene.start(service)
                self.results.add('footprint.ready', time.monotonic() - began, 's', services=3, by='log line, one after the other')
                for service in convene.running:
                    convene.peer(service).status()
                self.results.add('footprint.first_answer', time.monotonic() - began, 's', services=3)
                time.sleep(1)
                before = {name: p.cpu_s() for name, p in convene.running.items()}
                idle = 2 if self.quick else 4
                time.sleep(idle)
                for name, process in convene.running.items():
                    self.results.add('footprint.idle_cpu', (process.cpu_s() - before[name]) / idle * 100, '%', service=name)
                    self.results.add('footprint.pss_idle', process.pss_mib(), 'MiB', service=name)

    def codec(self):
        for _ in range(self.repetitions):
            for row in program(self.bin, 'codec', n=self.size(100000)):
                self.results.add('codec.' + row['name'].replace(' ', '_'), row['ns'], 'ns', octets=row['octets'])

    def limits(self):
        for _ in range(self.repetitions):
            directory = self.directory()
            directory.mkdir()
            for row in program(self.bin, 'limits', dir=directory, n=self.size(20000)):
                if 'batch' in row:
                    self.results.add('limits.sqlite', row['per_s'], '1/s', batch=row['batch'], ids='ordered')
                else:
                    self.results.add('limits.' + row['name'].replace(' ', '_'), row['per_s'], '1/s')
            shutil.rmtree(directory)

    def guarded(self, name, step):
        try:
            step()
        except (Failed, subprocess.SubprocessError, OSError) as error:
            self.results.skip(name, str(error) or repr(error))

    def all(self, sections):
        try:
            for section in sections:
                say(f'{section}: load average {os.getloadavg()[0]:.2f}')
                self.guarded(section, getattr(self, section))
                self.results.print_new()
        finally:
            shutil.rmtree(self.dir, ignore_errors=True)
        return 1 if self.results.skipped else 0


def main():
    parser = argparse.ArgumentParser(prog='./dev bench', description='Measures Convene; see tests/bench/README.md.')
    parser.add_argument('what', nargs='*', help=f'of {", ".join(SECTIONS)}; all when none is named')
    length = parser.add_mutually_exclusive_group()
    length.add_argument('--quick', action='store_true', help='under a minute; for a first look only')
    length.add_argument('--full', action='store_true', help='longer runs, five repetitions')
    parser.add_argument('--repetitions', type=int, help='of everything that is compared')
    parser.add_argument('--scale', type=float, help='multiplies the number of requests')
    parser.add_argument('--load', default='', help='registration: only loads with this in their name, for instance "1024 in flight"')
    parser.add_argument('--only', default='', help='registration: only systems with this in their name: convene, bare path, ipc, redis, postgres')
    parser.add_argument('--install', action='store_true', help='as root: get the Debian packages of the compared systems if they are missing')
    parser.add_argument('--bin', type=pathlib.Path, default=pathlib.Path(os.environ.get('CONVENE_BIN', HERE.parent.parent / 'build' / 'bin')),
                        help='where the programs are')
    arguments = parser.parse_args()
    for what in arguments.what:
        if what not in SECTIONS:
            parser.error(f'{what}: not one of {", ".join(SECTIONS)}')
    arguments.bin = arguments.bin.resolve()
    if not (arguments.bin / 'bench-drive').exists():
        parser.error(f'{arguments.bin}: no bench-drive; build first')
    began = time.monotonic()
    status = Run(arguments).all(arguments.what or SECTIONS)
    say(f'{time.monotonic() - began:.0f} s')
    return status


if __name__ == '__main__':
    sys.exit(main())
