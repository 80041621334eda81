"""ietf: a week of a standards body (JSON), with the penalties of the body's own tool, and a count of its own.

SPDX-License-Identifier: Apache-2.0

Sessions go to room-slots. What does not fit any slot is trimmed first and is a fixed cost that no plan avoids, as in the
tool; it is not part of the cost here. A conflict counts for each session that asked for it, a person for both sessions.
"""
import datetime
import json

from plain import ANY, HARD, SAME, SOFT, Plain


class Instance:
    def __init__(self, path):
        with open(path, encoding='utf-8') as file:
            self.data = json.load(file)
        self.penalty, self.groups, self.sessions = self.data['penalties'], self.data['groups'], self.data['sessions']
        self.rooms = [room['name'] for room in self.data['rooms']]
        self.size = [room['capacity'] for room in self.data['rooms']]
        starts = sorted({(slot['start'], slot['minutes'], slot['timerange']) for slot in self.data['slots']})
        self.starts = [(datetime.datetime.fromisoformat(start), minutes, part) for start, minutes, part in starts]
        number = {slot: k for k, slot in enumerate(starts)}
        self.open = {(number[slot['start'], slot['minutes'], slot['timerange']], self.rooms.index(slot['room'])) for slot in self.data['slots']}
        self.attendees, self.minutes, self.trimmed = [], [], 0
        for wish, best, out in (('attendees', max(self.size), self.attendees), ('minutes', max(m for _, m, _ in self.starts), self.minutes)):
            for session in self.sessions:
                out.append(min(session[wish], best))
                self.trimmed += session[wish] > best
        self.of_group = {}
        for k, session in enumerate(self.sessions):
            self.of_group.setdefault(session['group'], []).append(k)

    def ends(self, time):
        start, minutes, _ = self.starts[time]
        return start, start + datetime.timedelta(minutes=minutes)

    def overlap(self, a, b):
        (a_start, a_end), (b_start, b_end) = self.ends(a), self.ends(b)
        return a_start < b_end and b_start < a_end

    def near(self, a, b):
        (a_start, a_end), (b_start, b_end) = self.ends(a), self.ends(b)
        half = datetime.timedelta(minutes=30)
        return abs(a_start - b_end) <= half or abs(b_start - a_end) <= half

    def day_gap(self, a, b):
        return abs((self.starts[b][0].date() - self.starts[a][0].date()).days)

    def wrong_days(self, relation, a, b):
        gap = self.day_gap(a, b)
        return gap != 1 if relation == 'subsequent-days' else gap == 1

    def conflict(self, a, b):
        """What sessions a and b of two groups cost at the same time, from both sides."""
        x, y = self.sessions[a]['group'], self.sessions[b]['group']
        people = set(self.groups[x]['people']) & set(self.groups[y]['people'])
        cost = 2 * len(people) * self.penalty['people']
        for mine, other in ((x, y), (y, x)):
            cost += sum(self.penalty[grade] for grade in ('avoid_strong', 'avoid_medium', 'avoid_weak') if other in self.groups[mine][grade])
        return cost


def model(inst):
    times, rooms, penalty = len(inst.starts), len(inst.rooms), inst.penalty
    edges = sorted({end for t in range(times) for end in inst.ends(t)})
    m = Plain(times, rooms, len(edges))
    closed, twice, nowhere = m.rule('closed', HARD, 1), m.rule('room', HARD, 1), m.rule('unplaced', HARD, 10)
    same_group = m.rule('same_group', HARD, 1)
    cost = m.rule('cost', SOFT, 1)
    m.room_rule(twice)
    slot = m.klass([tuple(edges.index(end) for end in inst.ends(t)) for t in range(times)])
    at_once = m.relation_overlap(slot, slot, 0)
    near = m.relation([inst.near(a, b) for a in range(times) for b in range(times)])
    early = m.relation([inst.starts[a][0] >= inst.starts[b][0] for a in range(times) for b in range(times)])
    days = {name: m.relation([inst.wrong_days(name, a, b) for a in range(times) for b in range(times)])
            for name in ('subsequent-days', 'one-day-seperation')}
    for k, session in enumerate(inst.sessions):
        profile = m.profile(slot)
        m.price_places(profile, closed, [(t, r) not in inst.open for t in range(times) for r in range(rooms)])
        m.price_rooms(profile, cost, [penalty['session_requires_trim'] * (inst.attendees[k] > size) for size in inst.size])
        away = inst.groups[session['group']]['unavailable_timeranges']
        m.price_times(profile, cost, [penalty['session_requires_trim'] * (inst.minutes[k] > minutes) + penalty['timerange'] * (part in away)
                                      for _, minutes, part in inst.starts])
        m.item(f"{session['group']}_{session['id']}", profile, nowhere, 1)
    for a in range(len(inst.sessions)):
        for b in range(a):
            if inst.sessions[a]['group'] == inst.sessions[b]['group']:
                m.pair(same_group, 1, a, b, at_once, ANY)
            elif inst.conflict(a, b):
                m.pair(cost, inst.conflict(a, b), a, b, at_once, ANY)
    for name, group in inst.groups.items():
        mine = inst.of_group.get(name, [])
        for a, b in zip(mine, mine[1:]):
            m.pair(cost, len(mine) * penalty['sessions_out_of_order'], a, b, early, ANY)
        if group['time_relation'] and len(mine) > 1:
            m.pair(cost, len(mine) * penalty['time_relation'], mine[0], mine[1], days[group['time_relation']], ANY)
        wanted = group['adjacent_to'][-1:]
        if wanted and inst.of_group.get(wanted[0]):
            # One rule's weight is what a missed neighbour costs.
            rule = m.rule(f'near_{name}', SOFT, penalty['adjacent'])
            for item in mine:
                m.any_of(rule, item, near, SAME, inst.of_group[wanted[0]])
    return m


def count(inst, plan):
    hard = sum(place is None or place not in inst.open for place in plan)
    cost, penalty, sessions = 0, inst.penalty, inst.sessions
    placed = [(k, *place) for k, place in enumerate(plan) if place]
    for k, time, room in placed:
        group = inst.groups[sessions[k]['group']]
        _, minutes, part = inst.starts[time]
        cost += penalty['session_requires_trim'] * ((inst.attendees[k] > inst.size[room]) + (inst.minutes[k] > minutes))
        cost += penalty['timerange'] * (part in group['unavailable_timeranges'])
        for q, other_time, other_room in placed:
            if q == k or not inst.overlap(time, other_time):
                continue
            if sessions[q]['group'] == sessions[k]['group'] or room == other_room:
                hard += q < k
            if sessions[q]['group'] != sessions[k]['group'] and q < k:
                cost += inst.conflict(k, q)
        for wanted in group['adjacent_to'][-1:]:
            if inst.of_group.get(wanted):
                cost += penalty['adjacent'] * (not any(sessions[q]['group'] == wanted and room == r and inst.near(time, t) for q, t, r in placed))
    for name, group in inst.groups.items():
        mine = [plan[k][0] for k in inst.of_group.get(name, []) if plan[k]]
        for a, b in zip(mine, mine[1:]):
            cost += len(mine) * penalty['sessions_out_of_order'] * (inst.starts[a][0] >= inst.starts[b][0])
        if group['time_relation'] and len(mine) > 1:
            cost += len(mine) * penalty['time_relation'] * inst.wrong_days(group['time_relation'], mine[0], mine[1])
    return hard, cost
