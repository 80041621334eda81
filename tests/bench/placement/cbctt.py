"""cbctt: curriculum-based course timetabling (ITC 2007 track 3, formulation UD2): .ctt files, rules, and a count of its own.

SPDX-License-Identifier: Apache-2.0

Lectures are items, periods are times. Hard: lectures of a course, a teacher or a curriculum at once, a room twice.
Soft: 1 for each student without a seat, 5 for each working day too few, 2 for an isolated lecture, 1 for a further room.
"""
from plain import ANY, HARD, SOFT, Plain


class Instance:
    def __init__(self, path):
        section, self.courses, self.room_sizes, self.curricula, self.closed = None, [], [], [], []
        for line in open(path, encoding='utf-8'):
            words = line.split()
            if not words:
                continue
            if words[0] in ('COURSES:', 'ROOMS:', 'CURRICULA:', 'UNAVAILABILITY_CONSTRAINTS:', 'END.'):
                section = words[0]
            elif section is None:
                if words[0] == 'Days:':
                    self.days = int(words[1])
                elif words[0] == 'Periods_per_day:':
                    self.periods = int(words[1])
            elif section == 'COURSES:':
                self.courses.append((words[0], words[1], *map(int, words[2:5])))
            elif section == 'ROOMS:':
                self.room_sizes.append(int(words[1]))
            elif section == 'CURRICULA:':
                self.curricula.append(words[2:])
            elif section == 'UNAVAILABILITY_CONSTRAINTS:':
                self.closed.append((words[0], int(words[1]), int(words[2])))
        self.number = {course[0]: k for k, course in enumerate(self.courses)}
        self.lectures = [k for k, course in enumerate(self.courses) for _ in range(course[2])]


def model(inst):
    periods, rooms = inst.days * inst.periods, len(inst.room_sizes)
    m = Plain(periods, rooms, periods)
    clash, twice = m.rule('conflict', HARD, 1), m.rule('room', HARD, 1)
    closed, nowhere = m.rule('unavailable', HARD, 1), m.rule('unplaced', HARD, 10)
    seats, days = m.rule('seats', SOFT, 1), m.rule('days', SOFT, 5)
    lonely, stable = m.rule('isolated', SOFT, 2), m.rule('rooms', SOFT, 1)
    m.room_rule(twice)
    one = m.klass([(t, t + 1) for t in range(periods)])
    same_time = m.relation_overlap(one, one, 0)
    # Days lie in one word with a free bit between, so that neighbours are neighbours of a day.
    per_word = max(1, 64 // (inst.periods + 1))
    bit = [day // per_word * 64 + day % per_word * (inst.periods + 1) + period for day in range(inst.days) for period in range(inst.periods)]
    day_map = m.map(inst.days, m.by_time([t // inst.periods for t in range(periods)]))
    room_map = m.map(rooms, m.by_room())
    time_map = m.map(max(bit) + 1, m.by_time(bit))
    of_course, groups = {}, []
    for k, (name, _, _, least_days, students) in enumerate(inst.courses):
        profile = m.profile(one)
        m.price_rooms(profile, seats, [max(0, students - size) for size in inst.room_sizes])
        off = {day * inst.periods + period for course, day, period in inst.closed if course == name}
        m.price_times(profile, closed, [t in off for t in range(periods)])
        day_group, room_group = m.group(day_map), m.group(room_map)
        m.distinct(days, 1, day_group, least_days, inst.days)
        m.distinct(stable, 1, room_group, 0, 1)
        groups.append((profile, day_group, room_group))
    for lecture, course in enumerate(inst.lectures):
        profile, day_group, room_group = groups[course]
        item = m.item(f'{inst.courses[course][0]}_{lecture}', profile, nowhere, 1, -1, 0, course)
        of_course.setdefault(course, []).append(item)
        m.member(day_group, item, 0, 1)
        m.member(room_group, item, 0, 1)
    clashing = set()
    for courses in inst.curricula:
        group = m.group(time_map)
        m.lonely(lonely, 1, group)
        numbers = [inst.number[name] for name in courses]
        for course in numbers:
            for item in of_course[course]:
                m.member(group, item, 0, 1)
        clashing.update((a, b) for a in numbers for b in numbers if a < b)
    for a, x in enumerate(inst.courses):
        clashing.update((a, b) for b in range(a + 1, len(inst.courses)) if inst.courses[b][1] == x[1])
        clashing.add((a, a))
    for a, b in sorted(clashing):
        for x in of_course[a]:
            for y in of_course[b]:
                if a != b or x < y:
                    m.pair(clash, 1, x, y, same_time, ANY)
    return m


def count(inst, plan):
    """(hard, cost) of a plan: (time, room) or None for each lecture."""
    hard, cost, per = 0, 0, inst.periods
    at = {}
    for lecture, place in enumerate(plan):
        if place is None:
            hard += 1
        else:
            at.setdefault(inst.lectures[lecture], []).append(place)
    taken = [place for places in at.values() for place in places]
    hard += len(taken) - len(set(taken))
    hard += sum((t // per, t % per) in {(d, p) for c, d, p in inst.closed if c == inst.courses[k][0]} for k, v in at.items() for t, _ in v)
    curricula = [[inst.number[name] for name in courses] for courses in inst.curricula]
    pairs = {(min(a, b), max(a, b)) for courses in curricula for a in courses for b in courses if a != b}
    pairs |= {(a, b) for a in range(len(inst.courses)) for b in range(a + 1, len(inst.courses)) if inst.courses[a][1] == inst.courses[b][1]}
    times = {k: [t for t, _ in v] for k, v in at.items()}
    hard += sum(len(v) - len(set(v)) for v in times.values())
    hard += sum(len(set(times.get(a, ())) & set(times.get(b, ()))) for a, b in pairs)
    for k, (_, _, _, least, students) in enumerate(inst.courses):
        places = at.get(k, [])
        cost += sum(max(0, students - inst.room_sizes[r]) for _, r in places)
        cost += 5 * max(0, least - len({t // per for t, _ in places}))
        cost += max(0, len({r for _, r in places}) - 1)
    for courses in curricula:
        used = {t for k in courses for t in times.get(k, ())}
        cost += 2 * sum((t % per == 0 or t - 1 not in used) and (t % per == per - 1 or t + 1 not in used) for t in used)
    return hard, cost
