#!/usr/bin/python3
# Two hundred edits at once for one room, from several publishers, while scheduling is killed again and again.
# SPDX-License-Identifier: Apache-2.0
# ctest-timeout: 600
"""ROOMS_EDITS (200, or 10 for each of TORTURE_SECONDS) says how many, SEED which. The judge replays the stream: at no record are
two sessions in the room at once, or one person in two, nothing that was accepted is missing, and nothing else is there."""
import os
import random
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import cvwire
from clients import Publisher, seed_of
from cvwire import unpack
from deployment import Case, main

EDITS = int(os.environ.get("ROOMS_EDITS", 10 * int(os.environ.get("TORTURE_SECONDS", "20"))))
SESSIONS, PEOPLE, PUBLISHERS, WAVE = 40, 3, 4, 10


def edit(rng):
    """A session of the one day, mostly in the one room; two of three have somebody who could be in another."""
    minute, data = rng.randint(0, 1439), {"event": "DAY", "session": f"S{rng.randint(1, SESSIONS)}", "title": "Talks", "kind": "parallel"}
    data["minutes"] = rng.choice((5, 20, 45, 90, 240))
    if rng.random() < 0.9:
        data.update(start=f"2027-05-11T{minute // 60:02d}:{minute % 60:02d}", zone="Asia/Baku")
        if rng.random() < 0.7:
            data.update(venue="HALL", room="A")
    if rng.random() < 0.66:
        data["chair"] = {"person": f"P{rng.randint(1, PEOPLE)}"}
    return data


def doubled(held):
    """The first two sessions of a state that share an instant of the room or a person; None: there are none."""
    rows = sorted(((s["begin_ms"], s["until_ms"], s) for s in held.values() if not s["cancelled"] and "begin_ms" in s), key=lambda row: row[:2])
    for i, (_, until, one) in enumerate(rows):
        for begin, _, other in rows[i + 1:]:
            if begin >= until:
                break
            if one.get("room") == other.get("room") == "A" or ("chair" in one and one.get("chair") == other.get("chair")):
                return one["session"], other["session"]
    return None


def judge(records, accepted):
    """Everything that is wrong with a history."""
    held, wrong, versions = {}, [], {}
    for record in records:
        data = record["data"]
        versions[data["session"]] = versions.get(data["session"], 0) + 1
        if data["version"] != versions[data["session"]]:
            wrong.append(f"{data['session']} has version {data['version']} as its {versions[data['session']]}.")
        held[data["session"]] = data
        pair = doubled(held)
        if pair:
            wrong.append(f"{pair[0]} and {pair[1]} at once, since {record['id']}")
    causes = [record["causationid"] for record in records]
    if sorted(causes) != sorted(accepted):
        wrong.append(f"{len(causes)} records, {len(accepted)} edits were accepted")
    return wrong


class Rooms(Case):
    def flood(self, transport, kills):
        rng = random.Random(seed_of())
        d = self.deployment(transport, start=False)
        d.start("scheduling")
        office = d.publisher("office")
        office.ask("scheduling.venue.put", {"code": "HALL", "name": "Hall", "city": "Baku", "country": "AZ", "zone": "Asia/Baku"})
        office.ask("scheduling.room.put", {"venue": "HALL", "room": "A", "name": "A", "seats": 10})
        office.ask("scheduling.event.propose", {"event": "DAY", "title": "A day", "plan_year": 2027, "line": "cbm", "date_start": "2027-05-11"})
        outcomes, errors = [], []

        def run(seed):
            mine = random.Random(seed)
            try:
                with Publisher(d, "office") as publisher:
                    publisher.wait_ready("scheduling")
                    for _ in range(EDITS // PUBLISHERS // WAVE):  # wave after wave, so that kills come between and within them
                        requests = [publisher.submit("scheduling.session.put", edit(mine), id=cvwire.uuid7(mine)) for _ in range(WAVE)]
                        outcomes.extend(publisher.wait(requests, 240))
            except Exception as error:  # pylint: disable=broad-except
                errors.append(error)

        threads = [threading.Thread(target=run, args=(rng.random(),)) for _ in range(PUBLISHERS)]
        for thread in threads:
            thread.start()
        killed = 0
        while any(thread.is_alive() for thread in threads):
            threads[0].join(0.005)
            d.scheduling.check_alive()
            if killed < kills and len(outcomes) >= killed * EDITS // (kills + 1):  # spread over the edits, however fast they are
                d.scheduling.kill()
                d.scheduling.start(ready=False)
                killed += 1
        self.assertEqual(errors, [])
        d.scheduling.wait_ready()
        codes = {}
        for outcome in outcomes:
            codes[outcome.code] = codes.get(outcome.code, 0) + 1
        print(f"{len(outcomes)} edits, {killed} kills: {codes}", flush=True)
        self.assertEqual(len(outcomes), EDITS // PUBLISHERS // WAVE * WAVE * PUBLISHERS)
        self.assertEqual(killed, kills)
        self.assertLessEqual(set(codes), {"stored", "unchanged", "room_taken", "person_taken"})
        self.assertGreater(codes["stored"], 0)
        self.assertGreater(codes["room_taken"], 0)
        accepted = [o.message["causationid"] for o in outcomes if o.code == "stored"]
        records, _ = d.log("scheduling", "mirror").stream("scheduling.events")
        records = [r for r in map(self.message, records) if r["type"] == "convene.scheduling.session.v1"]
        self.assertEqual(judge(records, accepted), [])
        # The judge is awake: a session that lasts the whole day, a record that is lost, and one that comes twice are not let through.
        longest = [dict(r, data=dict(r["data"], begin_ms=0, until_ms=1 << 45)) if "begin_ms" in r["data"] else r for r in records]
        for wrong in (longest, records[1:], records + records[-1:]):
            self.assertNotEqual(judge(wrong, accepted), [])

    @staticmethod
    def message(record):
        return unpack(record) if isinstance(record, bytes) else record

    def test_one_room_with_kills(self):
        self.flood("ipc", kills=6)


if __name__ == "__main__":
    main()
