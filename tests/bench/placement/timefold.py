"""timefold: conference scheduling instances of OptaPlanner and Timefold (JSON): talks to slots and rooms; a load test.

SPDX-License-Identifier: Apache-2.0

No scores are published for these, so the cost compares only versions of this engine: default weights of the example for
parallel themes (10), content (100) and language (10), and crowds by favourites. Hard: rooms, speakers, prerequisites,
mutual exclusion, unavailable times, required and prohibited room tags.
"""
import datetime
import json

from plain import ANY, HARD, SOFT, Plain


def collect(value, seen):
    """Every object is spelled out where it is first named; afterwards only its id stands for it."""
    if isinstance(value, dict):
        if '@id' in value:
            seen[value['@id']] = value
        for part in value.values():
            collect(part, seen)
    elif isinstance(value, list):
        for part in value:
            collect(part, seen)


class Instance:
    def __init__(self, path):
        with open(path, encoding='utf-8') as file:
            data = json.load(file)
        known = {}
        collect(data, known)
        get = lambda x: known[x] if isinstance(x, str) else known.get(x['@id'], x)
        self.slots = [get(x) for x in data['timeslotList']]
        self.rooms = [get(x) for x in data['roomList']]
        self.talks = [get(x) for x in data['talkList']]
        self.speakers = {x: get(x) for talk in self.talks for x in talk['speakerList'] if isinstance(x, str)}
        slot = {x['@id']: k for k, x in enumerate(self.slots)}
        room = {x['@id']: k for k, x in enumerate(self.rooms)}
        name = lambda x: x if isinstance(x, str) else x['@id']
        self.times = [tuple(datetime.datetime(*s[key][:5]) for key in ('startDateTime', 'endDateTime')) for s in self.slots]
        self.open_rooms = [[slot[name(x)] for x in r.get('unavailableTimeslotSet', [])] for r in self.rooms]
        self.of = []
        for talk in self.talks:
            speakers = [name(x) for x in talk['speakerList']]
            away = {slot[name(x)] for s in speakers for x in known[s].get('unavailableTimeslotSet', [])}
            must = set(talk['requiredRoomTagSet']) | {t for s in speakers for t in known[s].get('requiredRoomTagSet', [])}
            never = set(talk['prohibitedRoomTagSet']) | {t for s in speakers for t in known[s].get('prohibitedRoomTagSet', [])}
            rooms = {room[name(x)] for x in talk['roomRange']}
            rooms = {r for r in rooms if must <= set(self.rooms[r]['tagSet']) and not never & set(self.rooms[r]['tagSet'])}
            self.of.append(dict(speakers=set(speakers), slots={slot[name(x)] for x in talk['timeslotRange']} - away, rooms=rooms,
                                before={name(x) for x in talk['prerequisiteTalkSet']}, id=talk['@id']))

    def overlap(self, a, b):
        return self.times[a][0] < self.times[b][1] and self.times[b][0] < self.times[a][1]

    def never_at_once(self, a, b):
        return bool(self.of[a]['speakers'] & self.of[b]['speakers'] or
                    set(self.talks[a]['mutuallyExclusiveTalksTagSet']) & set(self.talks[b]['mutuallyExclusiveTalksTagSet']))

    def better_not(self, a, b):
        x, y = self.talks[a], self.talks[b]
        return (10 * len(set(x['themeTrackTagSet']) & set(y['themeTrackTagSet'])) + 100 * len(set(x['contentTagSet']) & set(y['contentTagSet'])) +
                10 * len(set(x['sectorTagSet']) & set(y['sectorTagSet'])))


def model(inst):
    times, rooms = len(inst.slots), len(inst.rooms)
    edges = sorted({end for pair in inst.times for end in pair})
    m = Plain(times, rooms, len(edges))
    closed, twice, nowhere, both, order = (m.rule(name, HARD, w) for name, w in (('closed', 1), ('room', 1), ('unplaced', 10), ('both', 1), ('order', 1)))
    cost = m.rule('cost', SOFT, 1)
    m.room_rule(twice)
    slot = m.klass([tuple(edges.index(end) for end in pair) for pair in inst.times])
    at_once = m.relation_overlap(slot, slot, 0)
    late = m.relation([inst.times[a][1] > inst.times[b][0] for a in range(times) for b in range(times)])
    number = {talk['id']: k for k, talk in enumerate(inst.of)}
    for k, talk in enumerate(inst.of):
        profile = m.profile(slot)
        m.price_places(profile, closed, [t not in talk['slots'] or r not in talk['rooms'] or t in inst.open_rooms[r] for t in range(times) for r in range(rooms)])
        m.price_rooms(profile, cost, [max(0, inst.talks[k]['favoriteCount'] - room['capacity']) // 10 for room in inst.rooms])
        m.item(inst.talks[k]['code'], profile, nowhere, 1)
    for a in range(len(inst.of)):
        for b in range(a):
            if inst.never_at_once(a, b):
                m.pair(both, 1, a, b, at_once, ANY)
            if inst.better_not(a, b):
                m.pair(cost, inst.better_not(a, b), a, b, at_once, ANY)
        for first in inst.of[a]['before']:
            m.pair(order, 1, number[first], a, late, ANY)
    return m


def count(inst, plan):
    hard, cost = 0, 0
    number = {talk['id']: k for k, talk in enumerate(inst.of)}
    for a, place in enumerate(plan):
        if place is None:
            hard += 1
            continue
        hard += place[0] not in inst.of[a]['slots'] or place[1] not in inst.of[a]['rooms'] or place[0] in inst.open_rooms[place[1]]
        cost += max(0, inst.talks[a]['favoriteCount'] - inst.rooms[place[1]]['capacity']) // 10
        for b in range(a):
            if plan[b] and inst.overlap(place[0], plan[b][0]):
                hard += (place[1] == plan[b][1]) + inst.never_at_once(a, b)
                cost += inst.better_not(a, b)
        hard += sum(plan[number[x]] is not None and inst.times[plan[number[x]][0]][1] > inst.times[place[0]][0] for x in inst.of[a]['before'])
    return hard, cost
