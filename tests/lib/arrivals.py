# arrivals: what a receiver has taken twice, and whether a kill excuses it.
# SPDX-License-Identifier: Apache-2.0
"""The promise: each id comes once; again only if the attempt that brought it was on its way when the service or its receiver was killed.

All instants are of the one monotonic clock of this machine: receivers stamp what they take, the test says when it has killed whom. A kill of
the service has its instant only when its receivers have nothing of the dead one any more (Receiver.wait_idle): what they take before that
instant was sent before it. So between two arrivals of one id there is a kill, and it is the first one after the earlier arrival, because no
attempt outlives a kill of either end. Of a lane one attempt at most is on its way, and of a destination as many as it has room for.
"""
import collections

Kill = collections.namedtuple("Kill", "at victim")


def lane_of(row):
    return row.get("to") or row["path"]


def unexcused(taken, kills, room):
    """(how many came again, what is wrong with that). kills: those of the service and of this receiver, in their order."""
    times, wrong, by_kill = collections.defaultdict(list), [], collections.defaultdict(list)
    for row in taken:
        times[lane_of(row), row["id"]].append(row["mono"])
    for (lane, number), stamps in times.items():
        for before, after in zip(stamps, stamps[1:]):
            kill = next((k for k in kills if k.at >= before), None)
            if kill is None or kill.at > after:
                wrong.append(f"{number} for {lane} came again after {after - before:.3f} s, and nobody was killed in between")
            else:
                by_kill[kill].append(lane)
    for kill, lanes in by_kill.items():
        for lane, count in collections.Counter(lanes).items():
            if count > 1:
                wrong.append(f"{count} of {lane} came again for the one kill of {kill.victim} at {kill.at:.3f}: one was on its way")
        if len(lanes) > room:
            wrong.append(f"{len(lanes)} came again for the one kill of {kill.victim} at {kill.at:.3f}: {room} at most were on their way")
    return sum(len(lanes) for lanes in by_kill.values()), wrong


def disorder(taken):
    """Lanes whose numbers did not come in order; repeats do not count."""
    lanes = collections.defaultdict(list)
    for row in taken:
        if row["number"] not in lanes[lane_of(row)]:
            lanes[lane_of(row)].append(row["number"])
    return {lane: numbers for lane, numbers in lanes.items() if numbers != sorted(numbers)}


def changed(taken, key):
    """Ids that did not come with the same bytes each time."""
    octets = collections.defaultdict(set)
    for row in taken:
        octets[lane_of(row), row["id"]].add(row[key])
    return [each for each, found in octets.items() if len(found) > 1]
