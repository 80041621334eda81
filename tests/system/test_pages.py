#!/usr/bin/python3
# Long answers in pages: whoever follows `next` sees every row exactly once, in order, however the pages are cut.
# SPDX-License-Identifier: Apache-2.0
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import world
from clients import Refused
from cvwire import unpack
from deployment import Case, main, wait_for

MANY = 130  # more than the 100 rows of a page that does not say
PROSE = "A line of the note that has eighty octets, so that twenty-five of them are all.\n"


class Pages(Case):
    """Everything is put there once; each question is then asked with pages of many sizes."""

    @classmethod
    def codes(cls, prefix, count=MANY):
        return [f"{prefix}{i:03}" for i in range(count)]

    def put_all(self, kind, rows):
        requests = [self.office.submit(kind, row) for row in rows]
        self.office.wait(requests, deadline=120)
        for request in requests:
            self.assertEqual(request.outcome.klass, "OK", request.outcome.data)

    def fill(self):
        self.put_all("scheduling.party.put", [{"code": c, "kind": "member", "name": f"Party {c}"} for c in self.codes("P")])
        self.put_all("scheduling.body.put", [{"code": c, "kind": "working", "name": f"Body {c}"} for c in self.codes("B", 12)])
        # Codes of areas lie between those of dimensions: the order is not that of the codes alone.
        self.put_all("scheduling.heading.put", [{"code": c, "level": "dimension", "name": c} for c in self.codes("D", 6)])
        self.put_all("scheduling.heading.put", [{"code": f"D{i % 6:03}-{i}", "level": "area", "dimension": f"D{i % 6:03}", "name": "N"} for i in range(13)])
        self.put_all("scheduling.venue.put", [{"code": c, "name": c, "city": "Almaty", "country": "KZ"} for c in self.codes("V", 12)])
        # 130 rows of 2 KB: a page is full by octets before it is full by rows.
        self.put_all("scheduling.event.propose", [{"event": c, "title": f"Meeting {c}", "plan_year": 2030 + i % 2, "line": "cbm", "note": PROSE * 24}
                                                  for i, c in enumerate(self.codes("E"))])
        for version in range(11):
            world.decide(self.office, "scheduling.event.change", {"event": "E000", "version": version + 1, "title": f"Title {version}"})
        world.make_event(self.office, "OPEN", world.rules(5000, maximum=300))
        world.wait_open(self.d, "OPEN")
        wait_for(lambda: len(self.d.log("registration", "office").query("events", limit=500)) > MANY, "registration knows all events")
        self.put_all("registration.register", [world.delegation("OPEN", c) for c in self.codes("P")])
        for i in range(3):  # one delegation of many persons: its list has several messages
            world.decide(self.office, "registration.register",
                         world.delegation("OPEN", "P000", contact=False, persons=world.persons(64, name=f"Group {i} person")))
        self.put_all("notifications.recipient.put", [{"party": c, "order": order, "name": c, "email": f"{c.lower()}@example.org"}
                                                     for c in self.codes("P", 60) for order in (1, 2)])
        self.d.wait_settled()

    def walk(self, service, what, key, limit, who):
        """The rows and how many pages it took; a page that is not the last must say how to go on."""
        rows, after, pages = [], None, 0
        while True:
            page = self.d.log(service, who).query_page(what, key, after, limit)
            pages += 1
            rows += [unpack(record) for record in page["records"]]
            self.assertLessEqual(len(page["records"]), limit or 100)
            if page["last"]:
                self.assertNotIn("next", page)
                return rows, pages
            self.assertTrue(page.get("next"), (what, key, limit, after))
            self.assertNotEqual(page["next"], after)
            after = page["next"]

    def check(self, service, what, key, identity, expected, who="office", sizes=(1, 3, 100, None, 500)):
        whole = None
        for limit in sizes:
            rows, pages = self.walk(service, what, key, limit, who)
            seen = [identity(row["data"]) for row in rows]
            self.assertEqual(len(seen), len(set(seen)), f"{what}: twice")
            self.assertEqual(set(seen), set(expected), f"{what} in pages of {limit}")
            self.assertGreaterEqual(pages, len(seen) / (limit or 100))
            if whole is not None:
                self.assertEqual(seen, whole, f"{what}: another order in pages of {limit}")
            whole = seen
        return whole

    def test_every_list(self):
        self.d = self.deployment("ipc")
        self.office = self.d.publisher("office")
        self.fill()
        parties, events = self.codes("P"), self.codes("E") + ["OPEN"]

        def field(name):
            return lambda data: data[name]

        self.check("scheduling", "parties", None, field("code"), parties)
        self.check("scheduling", "bodies", None, field("code"), self.codes("B", 12))
        headings = self.check("scheduling", "headings", None, field("code"), self.codes("D", 6) + [f"D{i % 6:03}-{i}" for i in range(13)])
        self.assertEqual(headings[:6], self.codes("D", 6))
        self.check("scheduling", "venues", None, field("code"), self.codes("V", 12))
        self.check("scheduling", "events", None, field("event"), events)
        self.assertGreater(self.walk("scheduling", "events", None, 500, "office")[1], 1)  # by octets
        self.check("scheduling", "events", "year=2031", field("event"), self.codes("E")[1::2])
        self.check("scheduling", "events", "status=open", field("event"), ["OPEN"])
        self.check("scheduling", "history", "E000", field("version"), range(1, 13))
        self.check("scheduling", "turnout", "OPEN", field("party"), parties)

        self.check("registration", "events", None, field("event"), events)
        self.check("registration", "seats", None, field("event"), events)
        self.check("registration", "delegations", "OPEN", field("party"), parties)
        for limit in (1, 2, None):
            rows, pages = self.walk("registration", "persons", "OPEN/P000", limit, "office")
            numbers = [person["number"] for row in rows for person in row["data"]["persons"]]
            self.assertEqual(numbers, list(range(1, 1 + 1 + 3 * 64)))
            self.assertGreaterEqual(pages, len(rows) / (limit or 100))

        world.wait_notices(self.d)
        notices = self.check("notifications", "notices", None, field("notice"), world.notice_states(self.d))
        self.assertEqual(len(notices), MANY + 3)
        of_open = self.check("notifications", "notices", "OPEN", field("notice"), notices)
        self.assertEqual(of_open, notices)
        self.check("notifications", "notices", "OPEN/P000", field("notice"), [n for n in notices if n.endswith(".P000")])
        self.check("notifications", "recipients", None, lambda data: (data["party"], data["order"]),
                   [(c, order) for c in self.codes("P", 60) for order in (1, 2)])
        self.check("notifications", "recipients", "P007", lambda data: (data["party"], data["order"]), [("P007", 1), ("P007", 2)])
        for service in ("scheduling", "registration", "notifications"):
            self.check(service, "status", None, field("service"), [service], who="ops")

    def test_where_there_is_nothing_to_go_on(self):
        d = self.deployment("ipc")
        for service, what in (("scheduling", "parties"), ("scheduling", "events"), ("registration", "events"), ("notifications", "notices"),
                              ("notifications", "held"), ("notifications", "recipients")):
            page = d.log(service).query_page(what, after="ZZZ" if what not in ("notices", "held") else "999")
            self.assertEqual((page["records"], page["last"], "next" in page), ([], True, False), (service, what))
        for service, what in (("notifications", "notices"), ("notifications", "held")):
            with self.assertRaises(Refused) as refused:
                d.log(service).query_page(what, after="no number")
            self.assertEqual(refused.exception.code, "INVALID")


if __name__ == "__main__":
    main()
