"""plain: writes a placement model as the plain file that bench-placement reads (plain.h), with the names of model.h.

SPDX-License-Identifier: Apache-2.0
"""
HARD, MEDIUM, SOFT = 0, 1, 2
ANY, SAME, OTHER = 0, 1, 2
# What has a number of its own, counted in the order in which it is added.
COUNTED = {'rule', 'class', 'profile', 'item', 'map', 'group'}


class Plain:
    """m.profile(klass) etc. write a statement; those that make something give its number."""

    def __init__(self, times, rooms, ticks):
        self.times, self.rooms = times, rooms
        self.lines, self.made = [], {}
        self.say('axes', times, rooms, ticks)

    def say(self, word, *values):
        flat = []
        for value in values:
            flat.extend(value) if isinstance(value, (list, tuple)) else flat.append(value)
        self.lines.append(' '.join([word] + [str(int(v)) if not isinstance(v, str) else v for v in flat]))
        kind = 'relation' if word.startswith('relation') else word
        number = self.made.get(kind, 0)
        # A relation and its transpose have two numbers.
        self.made[kind] = number + (2 if kind == 'relation' else 1)
        return number

    def __getattr__(self, word):
        return lambda *values: self.say(word, *values)

    def rule(self, name, level, weight):
        return self.say('rule', name, level, weight)

    def klass(self, spans):
        return self.say('class', [x for span in spans for x in span])

    def item(self, name, profile, unplaced=-1, factor=0, promised=-1, pinned=0, twin=-1):
        return self.say('item', ''.join(c if c.isalnum() else '_' for c in str(name))[:60] or '_', profile, unplaced, factor,
                        promised, pinned, twin)

    def any_of(self, rule, item, relation, cond, others):
        return self.say('any', rule, item, relation, cond, len(others), list(others))

    def group(self, key_map, stride=1, outer=None, outers=0):
        return self.say('group', key_map, stride, outers if outer else 0, outer or [])

    def place(self, time, room):
        return time * self.rooms + room

    def by_time(self, key_of_time):
        return [key_of_time[t] for t in range(self.times) for _ in range(self.rooms)]

    def by_room(self):
        return [r for _ in range(self.times) for r in range(self.rooms)]

    def write(self, path):
        with open(path, 'w', encoding='utf-8') as out:
            out.write('\n'.join(self.lines) + '\n')
