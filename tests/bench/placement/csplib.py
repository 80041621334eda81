"""csplib: conferences of the CSPLib/CoSPLib collection (.xlsx), with their released weights, and a count of its own.

SPDX-License-Identifier: Apache-2.0

Submissions are items; a time is a slot of a session. Hard: a room's slot twice, two tracks in one session's room, a
submission nowhere, and presenters in two rooms of a session (fixed at 0, whatever weight the file gives it). All else is
the file's weighted sum, counted per track's block as the collection's evaluator does.
"""
import datetime

from plain import ANY, HARD, OTHER, SOFT, Plain

WEIGHTS = ('tracks_sessions', 'tracks_rooms', 'sessions_rooms', 'similar', 'rooms_per_track', 'parallel', 'consecutive', 'zones', 'order',
           'subs_sessions', 'subs_rooms', 'presenters', 'attendees', 'chairs', 'presenters_slot', 'attendees_slot')


def names(cell):
    return set(str(cell).split(', ')) - {''} if cell is not None else set()


def offset(zone):
    return int(str(zone)[3:])


class Instance:
    def __init__(self, path):
        import openpyxl
        book = openpyxl.load_workbook(path, data_only=True)
        rows = {sheet.title: [row for row in sheet.iter_rows(values_only=True) if any(cell is not None for cell in row)] for sheet in book}
        parameters = [row for row in book['parameters'].iter_rows(values_only=True)]
        self.weight = {name: int(parameters[k + 1][4]) for k, name in enumerate(WEIGHTS)}
        self.zone = parameters[1][1]
        self.good, self.fair = (parameters[3][1], parameters[4][1]), (parameters[6][1], parameters[7][1])
        self.small, self.big = int(parameters[8][1]), int(parameters[10][1])
        self.sessions = [(row[0], int(row[1]), row[3], row[4]) for row in rows['sessions'][1:]]
        self.rooms = [row[0] for row in rows['rooms'][1:]]
        self.tracks = [row[0] for row in rows['tracks'][1:]]
        self.chairs = [names(row[1]) for row in rows['tracks'][1:]]
        head = rows['submissions'][0]
        columns = {name: k for k, name in enumerate(head) if name is not None}
        track = {name: k for k, name in enumerate(self.tracks)}
        self.subs = [row for row in rows['submissions'][1:] if row[0] is not None]
        self.track = [track[row[1]] for row in self.subs]
        self.slots = [int(row[2]) for row in self.subs]
        self.order = [int(row[3] or 0) for row in self.subs]
        self.sub_session = [[int(row[columns[s[0]]] or 0) for s in self.sessions] for row in self.subs]
        self.sub_room = [[int(row[columns[r]] or 0) for r in self.rooms] for row in self.subs]
        self.presenters, self.attendees = [names(row[5]) for row in self.subs], [names(row[6]) for row in self.subs]
        self.zone_cost = [[self.zone_penalty(row[4], session) for session in self.sessions] for row in self.subs]
        self.track_session = self.table(rows['tracks_sessions|penalty'], self.tracks, [s[0] for s in self.sessions])
        self.track_room = self.table(rows['tracks_rooms|penalty'], self.tracks, self.rooms)
        self.session_room = self.table(rows['sessions_rooms|penalty'], [s[0] for s in self.sessions], self.rooms)
        self.similar = self.pairs_of_tracks(rows['similar tracks'])
        self.slot_at = [(s, k) for s, session in enumerate(self.sessions) for k in range(session[1])]

    @staticmethod
    def table(rows, left, top):
        column = {name: k for k, name in enumerate(rows[0]) if name is not None}
        by_name = {row[0]: row for row in rows[1:]}
        return [[int(by_name[x][column[y]] or 0) for y in top] for x in left]

    def pairs_of_tracks(self, rows):
        """Columns are in the order of rows; of the two entries for a pair the one read last counts, as in the evaluator."""
        order = [self.tracks.index(row[0]) for row in rows[1:]]
        penalty = {}
        for i, x in enumerate(order):
            for y, z in enumerate(order):
                if x != z:
                    penalty[x, z] = penalty[z, x] = int(rows[y + 1][i + 1] or 0)
        return penalty

    def zone_penalty(self, zone, session):
        shift = offset(zone) - offset(self.zone)
        start, end = ((datetime.datetime(2021, 7, 21, t.hour, t.minute) + datetime.timedelta(hours=shift)).time() for t in session[2:4])
        if start < self.fair[0] or end > self.fair[1] or end < self.fair[0]:
            return self.big
        return self.small if start < self.good[0] or end > self.good[1] else 0

    def presenter_conflict(self, a, b):
        for x, y in ((a, b), (b, a)):
            if self.presenters[x] & self.presenters[y] or (self.track[x] != self.track[y] and self.presenters[x] & self.chairs[self.track[y]]):
                return True
        return False

    def attendee_conflict(self, a, b):
        return any(self.attendees[x] & (self.attendees[y] | self.presenters[y]) or
                   (self.track[x] != self.track[y] and self.attendees[x] & self.chairs[self.track[y]]) for x, y in ((a, b), (b, a)))


def model(inst):
    times, rooms, tracks, weight = len(inst.slot_at), len(inst.rooms), len(inst.tracks), inst.weight
    m = Plain(times, rooms, times)
    twice, mixed, nowhere, present = (m.rule(name, HARD, w) for name, w in (('room', 1), ('mixed', 1), ('unplaced', 10), ('presenter', 1)))
    cost = m.rule('cost', SOFT, 1)
    m.room_rule(twice)
    session_of = [s for s, _ in inst.slot_at]
    room_of_place = m.by_room()
    cell = [session_of[t] * rooms + r for t in range(times) for r in range(rooms)]
    cells = len(inst.sessions) * rooms
    cell_map = m.map(cells, cell)
    session_map = m.map(len(inst.sessions), m.by_time(session_of))
    room_map = m.map(rooms, room_of_place)
    before = [sum(session[1] for session in inst.sessions[:s]) for s in range(len(inst.sessions))]
    order_map = m.map(times * rooms, [before[s] * rooms + r * inst.sessions[s][1] + slot for s, slot in inst.slot_at for r in range(rooms)])
    same_session = m.relation([session_of[a] == session_of[b] for a in range(times) for b in range(times)])
    overlaps = {}
    klass = {}
    for n in sorted(set(inst.slots)):
        # A submission that would not end within its session has no span there.
        klass[n] = m.klass([(t, t + n) if k + n <= inst.sessions[s][1] else (0, 0) for t, (s, k) in enumerate(inst.slot_at)])
    for k, row in enumerate(inst.subs):
        profile = m.profile(klass[inst.slots[k]])
        m.price_times(profile, cost, [inst.slots[k] * (weight['zones'] * inst.zone_cost[k][s] + weight['subs_sessions'] * inst.sub_session[k][s])
                                      for s in session_of])
        m.price_rooms(profile, cost, [inst.slots[k] * weight['subs_rooms'] * x for x in inst.sub_room[k]])
        m.item(row[0], profile, nowhere, 1)
    everything = m.group(cell_map, tracks, [key // tracks for key in range(cells * tracks)], cells)
    m.distinct(mixed, 1, everything, 0, 1)
    blocks, by_session = [], [c // rooms for c in range(cells)]
    for t in range(tracks):
        group = m.group(cell_map, 1, by_session, len(inst.sessions))
        blocks.append(group)
        m.present(cost, group, [weight['tracks_sessions'] * inst.track_session[t][c // rooms] + weight['tracks_rooms'] * inst.track_room[t][c % rooms] +
                                weight['sessions_rooms'] * inst.session_room[c // rooms][c % rooms] for c in range(cells)])
        if weight['parallel']:
            m.distinct(cost, weight['parallel'], group, 0, 1)
    in_rooms, in_sessions = [m.group(room_map) for _ in range(tracks)], [m.group(session_map) for _ in range(tracks)]
    for t in range(tracks):
        if weight['rooms_per_track']:
            m.distinct(cost, weight['rooms_per_track'], in_rooms[t], 0, 1)
        if weight['consecutive']:
            m.gaps(cost, weight['consecutive'], in_sessions[t])
        for u in range(t):
            both = weight['similar'] * inst.similar.get((t, u), 0) + weight['chairs'] * bool(inst.chairs[t] & inst.chairs[u])
            if both:
                m.product(cost, both, blocks[t], blocks[u])
        mine = [k for k in range(len(inst.subs)) if inst.track[k] == t]
        if weight['order'] and any(inst.order[k] for k in mine):
            m.say('rank', cost, weight['order'], order_map, len(mine), mine, [inst.order[k] for k in mine])
    for k, t in enumerate(inst.track):
        m.member(everything, k, t, 1)
        for group in (blocks[t], in_rooms[t], in_sessions[t]):
            m.member(group, k, 0, 1)
    for a in range(len(inst.subs)):
        for b in range(a):
            key = (inst.slots[a], inst.slots[b])
            if inst.presenter_conflict(a, b):
                m.pair(present, 1, a, b, same_session, OTHER)
            if weight['attendees'] and inst.attendee_conflict(a, b):
                m.pair(cost, weight['attendees'], a, b, same_session, OTHER)
            at_slot = (weight['presenters_slot'] * inst.presenter_conflict(a, b) + weight['attendees_slot'] * inst.attendee_conflict(a, b) +
                       weight['order'] * (inst.track[a] == inst.track[b] and inst.order[a] > 0 and inst.order[b] > 0))
            if at_slot:
                if key not in overlaps:
                    spans = [[set(range(t, t + n)) if k + n <= inst.sessions[s][1] else set() for t, (s, k) in enumerate(inst.slot_at)] for n in key]
                    overlaps[key] = m.relation([len(x & y) for x in spans[0] for y in spans[1]])
                m.pair(cost, at_slot, a, b, overlaps[key], ANY)
    m.say('blocks', cells, cell, [inst.slot_at[t][1] for t in range(times) for _ in range(rooms)])
    return m


def count(inst, plan):
    weight, rooms = inst.weight, len(inst.rooms)
    hard, cost, grid, tracks_at = 0, 0, {}, {}
    for k, place in enumerate(plan):
        if place is None:
            hard += 1
            continue
        s, slot = inst.slot_at[place[0]]
        for q in range(slot, slot + inst.slots[k]):
            hard += (s, place[1], q) in grid or q >= inst.sessions[s][1]
            grid[s, place[1], q] = k
        tracks_at.setdefault((s, place[1]), set()).add(inst.track[k])
        cost += inst.slots[k] * (weight['zones'] * inst.zone_cost[k][s] + weight['subs_sessions'] * inst.sub_session[k][s] + weight['subs_rooms'] * inst.sub_room[k][place[1]])
    hard += sum(len(found) > 1 for found in tracks_at.values())
    track_at = {cell: min(found) for cell, found in tracks_at.items()}
    for (s, r), t in track_at.items():
        cost += weight['tracks_sessions'] * inst.track_session[t][s] + weight['tracks_rooms'] * inst.track_room[t][r] + weight['sessions_rooms'] * inst.session_room[s][r]
    for t in range(len(inst.tracks)):
        mine = sorted(cell for cell, track in track_at.items() if track == t)
        used = sorted({s for s, _ in mine})
        cost += weight['rooms_per_track'] * max(0, len({r for _, r in mine}) - 1)
        cost += weight['parallel'] * (len(mine) - len(used))
        cost += weight['consecutive'] * bool(used and used[-1] - used[0] + 1 != len(used))
        ordered, position = [], 1
        for s, r in mine:
            for q in range(inst.sessions[s][1]):
                k = grid.get((s, r, q))
                if k is not None and k not in ordered:
                    ordered.append(k)
        for k in ordered:
            cost += weight['order'] * (inst.order[k] != 0 and inst.order[k] != position)
            position += 1
    cells = sorted(track_at)
    for i, (s, r) in enumerate(cells):
        for z, other in cells[i + 1:]:
            if z == s and track_at[s, r] != track_at[z, other]:
                cost += weight['similar'] * inst.similar.get((track_at[s, r], track_at[z, other]), 0)
                cost += weight['chairs'] * bool(inst.chairs[track_at[s, r]] & inst.chairs[track_at[z, other]])
    for s, session in enumerate(inst.sessions):
        here = [(k, place[1]) for k, place in enumerate(plan) if place and inst.slot_at[place[0]][0] == s]
        for i, (a, room_a) in enumerate(here):
            for b, room_b in here[:i]:
                if room_a != room_b:
                    conflict = inst.presenter_conflict(a, b)
                    hard += conflict
                    cost += weight['presenters'] * conflict + weight['attendees'] * inst.attendee_conflict(a, b)
        for q in range(session[1]):
            now = [grid[s, r, q] for r in range(rooms) if (s, r, q) in grid]
            for i, a in enumerate(now):
                for b in now[:i]:
                    cost += weight['presenters_slot'] * inst.presenter_conflict(a, b) + weight['attendees_slot'] * inst.attendee_conflict(a, b)
                    cost += weight['order'] * (inst.track[a] == inst.track[b] and inst.order[a] > 0 and inst.order[b] > 0)
    return hard, cost
