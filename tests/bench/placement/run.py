#!/usr/bin/python3
"""run: one placement yardstick: converts an instance, runs the engine on it, counts the plan again in its own way.

SPDX-License-Identifier: Apache-2.0

    ./dev bench placement --family ietf|cbctt|csplib|timefold --instance FILE [--seconds S | --iterations N] [--seed N]
    ./dev bench placement --family annual --instance 70       a generated year of so many items
    ./dev bench placement --family edits --instance 1000      an edit of a programme of so many sessions, with what it breaks

Prints one JSON line. hard and cost are the engine's; status 1 if the adapter's own count does not agree.
"""
import argparse
import importlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
FAMILIES = ('cbctt', 'ietf', 'csplib', 'timefold', 'annual', 'edits')


def main():
    parser = argparse.ArgumentParser(prog='./dev bench placement', description=__doc__.split('\n', 1)[0])
    parser.add_argument('--family', required=True, choices=FAMILIES)
    parser.add_argument('--instance', required=True, type=pathlib.Path)
    parser.add_argument('--seconds', default='10')
    parser.add_argument('--iterations')
    parser.add_argument('--seed', default='1')
    parser.add_argument('--keep', type=pathlib.Path, help='keep the plain instance here')
    parser.add_argument('--verbose', action='store_true')
    arguments = parser.parse_args()
    program = pathlib.Path(os.environ.get('CONVENE_BIN', HERE.parents[2] / 'build' / 'bin')) / 'bench-placement'
    budget = ['--iterations', arguments.iterations] if arguments.iterations else ['--seconds', arguments.seconds]
    budget += ['--seed', arguments.seed] + ['--verbose'] * arguments.verbose
    if arguments.family == 'edits':
        return subprocess.run([program.with_name('bench-programme'), '--sessions', arguments.instance], check=False).returncode
    if arguments.family == 'annual':
        return subprocess.run([program, '--annual', arguments.instance, *budget], check=False).returncode
    family = importlib.import_module(arguments.family)
    instance = family.Instance(arguments.instance)
    with tempfile.TemporaryDirectory() as folder:
        plain, plan = arguments.keep or pathlib.Path(folder) / 'plain', pathlib.Path(folder) / 'plan'
        model = family.model(instance)
        model.write(plain)
        run = subprocess.run([program, '--plain', plain, '--plan', plan, *budget], stdout=subprocess.PIPE, check=True)
        places = [int(line) for line in plan.read_text().split()]
    result = dict(family=arguments.family, instance=arguments.instance.name, **json.loads(run.stdout))
    rooms = model.rooms
    hard, cost = family.count(instance, [(p // rooms, p % rooms) if p >= 0 else None for p in places])
    result['checked'] = cost == result['cost'] and (hard == 0) == (result['hard'] == 0)
    if not result['checked']:
        result['counted'] = {'hard': hard, 'cost': cost}
    print(json.dumps(result))
    return 0 if result['checked'] else 1


if __name__ == '__main__':
    sys.exit(main())
