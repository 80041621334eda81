#!/usr/bin/python3
"""test_registration_files: files of persons in and out: dry runs that change nothing, all or none, an import that is killed in
the middle and done again, what is wrong told by line and column, and exports that come back in as they went out.
SPDX-License-Identifier: Apache-2.0
"""
import csv
import io
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
import unittest

from cli_env import BIN, Convene, need, wait_for

OK, FAILED, USAGE, PARTIAL, NOTFOUND, REFUSED, UNREACHABLE, DENIED = range(8)
HOUR = 3600 * 1000
NAMES = {"TR": "Türkiye", "AZ": "Azerbaijan", "KZ": "Kazakhstan", "UZ": "Uzbekistan", "AF": "Afghanistan", "KR": "Republic of Korea",
         "VN": "Viet Nam", "EG": "Arab Republic of Egypt", "PS": "The State of Palestine"}
ARABIC, CYRILLIC, VIETNAMESE = "فاطمة الزهراء", "Айгүл Нұрланқызы", "Nguyễn Thị Ánh Nguyệt"
EVENTS = {"SMALL": 3, "FULL": 4, "BIG": 5000, "OUT": 500, "BACK": 500, "BACK2": 500, "DRY": 5, "LONG": 5000, "WRONG": 50, "OWN": 50}


def plan(now):
    rules = {"guaranteed": 0, "waiting": "strict", "group": "each", "opens_ms": now - HOUR, "closes_ms": now + 48 * HOUR}
    return {
        "parties": [{"code": code, "kind": "member", "name": name} for code, name in NAMES.items()],
        "events": [{"event": event, "title": f"Meeting {event}", "plan_year": 2090, "line": "unknown", "date_start": "2090-04-15",
                    "date_end": "2090-04-17", "city": "Astana", "country": "KZ"} for event in EVENTS],
        "advances": [{"event": event, "to": ["circulated", "adopted", "scheduled"], "decision": "test"} for event in EVENTS],
        "registrations": [{"event": event, "capacity": capacity, "maximum": capacity} | rules | ({"waiting": "none"} if event == "FULL" else {})
                          for event, capacity in EVENTS.items()],
    }


class Files(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.convene = Convene().__enter__()
        cls.addClassCleanup(cls.convene.__exit__, None, None, None)
        path = cls.convene.root / "plan.json"
        path.write_text(json.dumps(plan(int(time.time() * 1000))))
        imported = cls.convene("plan", "import", path, "--json")
        assert imported.status == OK and imported.json["not_ok"] == 0, imported.out + imported.err
        wait_for(lambda: all(cls.convene("event", "show", event, "--json").json["event"]["status"] == "open" for event in EVENTS), "events are open",
                 cls.convene)
        wait_for(lambda: set(EVENTS) <= {event["event"] for event in cls.convene("watch", "--once", "--json").json["events"]},
                 "registration knows the events", cls.convene)

    def write(self, name, text):
        path = self.convene.root / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def expect(self, status, *args, says="", **kwargs):
        result = self.convene(*args, **kwargs)
        self.assertEqual(result.status, status, result.out + result.err)
        for text in [says] if isinstance(says, str) else says:
            self.assertIn(text, result.out + result.err)
        return result

    def seats(self, event):
        return next(row for row in self.convene("watch", "--once", "--json").json["events"] if row["event"] == event)

    def tables(self):
        """Every row of registration's database, without what only keeps time with followers."""
        copy = self.convene.root / f"copy-{time.monotonic_ns()}.db"
        self.expect(OK, "backup", "registration", copy)
        with sqlite3.connect(f"file:{copy}?mode=ro", uri=True) as db:
            names = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
            return {name: sorted(map(repr, db.execute(f"SELECT * FROM {name}"))) for name in names if name not in ("consumer", "cursor")}

    # ---- in -------------------------------------------------------------------------------------------------------

    def test_dry_run_is_decided_by_the_service_and_changes_nothing(self):
        path = self.write("dry.csv", "party,name,capacity\nKZ,A,head\nKZ,B,delegate\nAZ,C,head\nAZ,D,head\nUZ,E,media\nUZ,F,media\n")
        # Sequences of the answers are not in a dry run; one real request first, so that the caller's name is known.
        self.expect(OK, "request", "register", "-d", json.dumps({"event": "DRY", "party": "VN", "persons": [{"name": "Z", "capacity": "delegate"}]}))
        before, notices = self.tables(), len(self.expect(OK, "fetch", "registration.events").lines)
        for flags in ([], ["--all-or-none"], ["--each"]):
            result = self.convene("registration", "import", path, "--event", "DRY", "--dry-run", "--json", *flags)
            self.assertEqual(result.status, REFUSED if flags == ["--all-or-none"] else PARTIAL if flags else OK, result.out + result.err)
            rows = {row["name"]: row for row in result.lines}
            self.assertEqual([row["line"] for row in result.lines], [2, 3, 4, 5, 6, 7])
            self.assertTrue(all(row["dry_run"] for row in result.lines))
            self.assertEqual(rows["A"]["class"], "OK")
            if flags == ["--each"]:
                self.assertEqual((rows["D"]["class"], rows["D"]["code"]), ("REJECTED", "one_head"))
                self.assertEqual(rows["F"]["code"], "waiting")  # those before count: the fifth seat went to E
        self.assertEqual(self.tables(), before)
        self.assertEqual(len(self.expect(OK, "fetch", "registration.events").lines), notices)
        self.expect(NOTFOUND, "delegation", "show", "DRY/KZ")

    def test_all_or_none(self):
        too_many = self.write("four.csv", "party,name,capacity\nKZ,A,head\nKZ,B,delegate\nAZ,C,head\nAZ,D,delegate\nUZ,E,head\n")
        self.expect(REFUSED, "registration", "import", too_many, "--event", "FULL", "--all-or-none",
                    says=["line 6: UZ E: REJECTED full", "nobody is registered", "import_refused"])
        self.assertEqual(self.seats("FULL")["confirmed"], 0)
        fits = self.write("fits.csv", "party,name,capacity\nKZ,A,head\nKZ,B,delegate\nAZ,C,head\nAZ,D,delegate\n")
        first = self.expect(OK, "registration", "import", fits, "--event", "FULL", "--all-or-none", "--json")
        self.assertEqual(self.seats("FULL")["confirmed"], 4)
        again = self.expect(OK, "registration", "import", fits, "--event", "FULL", "--all-or-none", "--json")
        self.assertEqual(again.lines, first.lines)  # asked again, the same answer
        self.assertEqual(self.seats("FULL")["confirmed"], 4)
        self.expect(OK, "request", "show", first.lines[0]["request"], says="imported")
        refused = self.convene("registration", "import", too_many, "--event", "FULL", "--all-or-none", "--json").lines[0]["request"]
        self.expect(OK, "explain", refused, says=["REJECTED, import_refused", "registration 3, UZ: REJECTED, full.", "what would be right: a seat has to"])
        waits = self.convene("request", "register", "--json", "-d", json.dumps({"event": "FULL", "party": "TR", "persons": [{"name": "W", "capacity": "head"}]})).json["id"]
        self.expect(OK, "explain", waits, says=["rule: full", "4 seats - 4 confirmed - 0 kept for guarantees = 0 free", "what would be right: a seat has to"])
        self.expect(OK, "audit", "verify")

    def test_each_for_itself(self):
        path = self.write("each.csv", "party,name,capacity\nKZ,A,head\nAZ,C,head\nKZ,B,head\nUZ,D,delegate\nTR,E,delegate\n")
        result = self.expect(PARTIAL, "registration", "import", path, "--event", "SMALL", "--json")
        rows = {row["name"]: (row["line"], row["class"], row["code"]) for row in result.lines}
        self.assertEqual(rows["A"], (2, "OK", "confirmed, free_seat"))
        self.assertEqual(rows["B"], (4, "REJECTED", "refused, one_head"))  # with A, of the same request
        self.assertEqual(rows["E"][1:], ("OK", "waiting, full"))
        self.assertEqual(self.expect(PARTIAL, "registration", "import", path, "--event", "SMALL", "--json").lines, result.lines)
        self.assertEqual((self.seats("SMALL")["confirmed"], self.seats("SMALL")["waiting"]), (3, 1))
        self.expect(REFUSED, "registration", "import", path, "--event", "SMALL", "--run", "again", says="duplicate_person")

    def test_killed_in_the_middle_and_done_again(self):
        count = 1500
        rows = "".join(f"{list(NAMES)[i % 4]},Person {i},delegate\n" for i in range(count))
        path = self.write("long.csv", "party,name,capacity\n" + rows)
        command = [str(BIN / "convene"), "registration", "import", str(path), "--event", "LONG", "--each", *self.convene.flags]
        first = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: self.seats("LONG")["confirmed"] >= 20, "some are registered", self.convene)
        first.kill()
        first.wait()
        os.kill(self.convene.pid("registration"), signal.SIGKILL)
        wait_for(lambda: self.convene("status").status == OK, "the service is back", self.convene)
        done = self.seats("LONG")["confirmed"]
        self.assertTrue(20 <= done < count, done)
        result = self.expect(OK, "registration", "import", path, "--event", "LONG", "--each", "--json", "--timeout", "20s")
        self.assertEqual([row["line"] for row in result.lines], list(range(2, count + 2)))
        self.assertEqual(self.seats("LONG")["confirmed"], count)
        again = self.expect(OK, "registration", "import", path, "--event", "LONG", "--each", "--json", "--unordered")
        self.assertEqual(sorted(map(str, again.lines)), sorted(map(str, result.lines)))
        self.assertEqual(self.seats("LONG")["confirmed"], count)
        self.expect(USAGE, "registration", "import", path, "--event", "LONG", "--all-or-none", says="at most 64 registrations")

    def test_json_lines(self):
        lines = [{"party": "KZ", "persons": [{"name": "A", "capacity": "head"}, {"name": "B", "capacity": "delegate"}], "group": "all_or_none"},
                 {"party": "AZ", "event": "BIG", "persons": [{"name": "C", "capacity": "none such"}]},
                 {"party": "AZ", "event": "SMALL", "persons": [{"name": "C", "capacity": "head"}]}]
        text = "\ufeff" + "\r\n".join(map(json.dumps, lines)) + "\n\n{\"party\": \n"
        result = self.expect(PARTIAL, "registration", "import", "-", "--format", "jsonl", "--event", "BIG", "--json", stdin=text)
        rows = {row["line"]: row for row in result.lines}
        self.assertEqual((rows[1]["class"], rows[1]["code"]), ("OK", "registered"))
        self.assertEqual((rows[2]["class"], rows[2]["field"]), ("INVALID", "data.persons[0].capacity"))
        self.assertEqual((rows[3]["field"], rows[5]["class"]), ("event", "INVALID"))
        self.assertIn("column", rows[5]["text"])

    def test_what_is_wrong_is_told_by_line_and_column(self):
        def wrong(text, *says, status=USAGE, flags=()):
            self.expect(status, "registration", "import", self.write("wrong.csv", text), "--event", "WRONG", "--dry-run", *flags, says=says)

        head = "party,name,capacity\n"
        wrong("", "there is no header line")
        wrong("party,name\nKZ,A\n", "no column capacity")
        wrong("party,name,capasity\n", "column 3", "perhaps capacity")
        wrong("party,name,capacity,name\n", "names a column twice")
        wrong(head, "holds nobody")
        wrong(head + "KZ,A\n", "line 2", "has 2 cells, the header has 3")
        wrong(head + 'KZ,"A,head\n', "line 2", "a quote is not closed")
        wrong(head + 'KZ,"A"x,head\n', "line 2")
        wrong(head + "KZ,A,chief\n", "line 2: KZ A: INVALID", "capacity: ")
        wrong(head.encode() + b"KZ,\xff\xfe,head\n", "line 2: KZ: INVALID", "name: is not UTF-8")
        wrong(head + 'KZ,"A\nB",head\nKZ,C,delegate\n', "line 2", "line 4", "not sent, because line 2", "name: ")
        wrong(head + "kz,A,head\n", "line 2", "party: ")
        wrong(head + "KZ,A,head\nKZ,,delegate\nAZ,B,head\n", "line 3", "AZ B: OK registered", status=PARTIAL)
        wrong(head + "KZ,A,head\nKZ,,delegate\n", "of all or none nothing was sent", flags=["--all-or-none"])
        wrong(head + "XX,A,head\n", "NOTFOUND party_unknown", status=NOTFOUND)
        wrong("\ufeff" + head.replace("\n", "\r\n") + "\r\nKZ,A,head\r\n\r\n", "line 3: KZ A: OK registered", status=OK)
        self.expect(NOTFOUND, "registration", "import", "/nowhere.csv", "--event", "WRONG", says="/nowhere.csv")
        self.expect(USAGE, "registration", "import", "x.csv", says="--event")
        self.expect(NOTFOUND, "registration", "import", self.write("fine.csv", head + "KZ,A,head\n"), "--event", "NOPE", "--all-or-none", says="event_unknown")

    def test_a_focal_point_imports_its_own(self):
        self.expect(OK, "keys", "add", "focal-uz")
        wait_for(lambda: self.convene("status", "--as", "focal-uz").status == OK, "the new key may come in", self.convene)
        own = self.write("own.csv", "party,name,capacity\nUZ,Own,adviser\n")
        self.expect(OK, "registration", "import", own, "--event", "OWN", "--as", "focal-uz", "--dry-run")
        self.expect(OK, "registration", "import", own, "--event", "OWN", "--as", "focal-uz", "--all-or-none")
        other = self.write("other.csv", "party,name,capacity\nUZ,Own2,adviser\nAZ,Other,adviser\n")
        self.expect(DENIED, "registration", "import", other, "--event", "OWN", "--as", "focal-uz", "--all-or-none")
        self.expect(PARTIAL, "registration", "import", other, "--event", "OWN", "--as", "focal-uz", says="own party")
        self.expect(OK, "registration", "export", "OWN/UZ", "--as", "focal-uz", says="Own2")
        self.expect(OK, "request", "register", "-d", json.dumps({"event": "OWN", "party": "AZ", "persons": [{"name": "Z", "capacity": "delegate"}]}))
        self.expect(DENIED, "registration", "export", "OWN/AZ", "--as", "focal-uz", says="its own delegation")
        self.expect(DENIED, "registration", "export", "OWN", "--as", "focal-uz")
        self.expect(DENIED, "registration", "export", "OWN/UZ", "--as", "observer")

    # ---- out ------------------------------------------------------------------------------------------------------

    def fill(self):
        people = [("TR", "Çiğdem Öztürk", "delegate", ""), ("TR", "Ali Veli", "head", "ali@example.org"), ("KZ", CYRILLIC, "head", ""), ("EG", ARABIC, "head", ""),
                  ("VN", VIETNAMESE, "deputy", ""), ("KR", "=HYPERLINK(\"http://x\")", "delegate", ""), ("KR", "'-1+1", "delegate", ""), ("KR", "\"Quote, comma\"", "media", ""),
                  ("PS", "'Abd al-Rahman", "delegate", ""), ("AF", "A very long name " * 9, "head", "")]
        people += [("AZ", f"Delegate {i:03}", "delegate", f"d{i}@example.org") for i in range(150)]
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(["party", "name", "capacity", "email"])
        writer.writerows((p, n.strip(), c, e) for p, n, c, e in people)
        self.expect(OK, "registration", "import", self.write("people.csv", out.getvalue()), "--event", "OUT")
        self.expect(OK, "request", "decline", "-s", "event=OUT", "-s", "party=UZ")

    def test_export(self):
        self.fill()
        listed = self.expect(OK, "registration", "export", "OUT", "--format", "json").json
        self.assertEqual([d["name"] for d in listed["delegations"]],
                         ["Afghanistan", "Arab Republic of Egypt", "Azerbaijan", "Kazakhstan", "Republic of Korea", "The State of Palestine", "Türkiye", "Uzbekistan", "Viet Nam"])
        self.assertEqual([p["name"] for d in listed["delegations"] if d["party"] == "TR" for p in d["persons"]], ["Ali Veli", "Çiğdem Öztürk"])
        self.assertEqual((listed["persons_n"], listed["delegations_n"]), (160, 8))

        sheet = self.convene.root / "out.csv"
        self.expect(OK, "registration", "export", "OUT", "--output", sheet, says="160 persons in 8 delegations")
        rows = list(csv.DictReader(io.StringIO(sheet.read_text(encoding="utf-8"), newline="")))
        for row in rows:
            for cell in row.values():
                self.assertNotIn(cell[:1], ("=", "+", "-", "@", "\t", "\r"))
        # Back in, and out again: the same persons.
        for target, name in (("BACK", "out.csv"), ("BACK2", "out.jsonl")):
            path = self.convene.root / name
            self.expect(OK, "registration", "export", "OUT", "--output", path)
            self.expect(OK, "registration", "import", path, "--event", target) if name == "out.csv" else self.expect(
                OK, "registration", "import", self.write("back.jsonl", path.read_text().replace('"event":"OUT"', '"event":"BACK2"')), "--event", target)
            back = self.expect(OK, "registration", "export", target, "--format", "json").json
            keep = lambda doc: [(d["party"], [(p["name"], p["capacity"], p["attendance"], p.get("email")) for p in d["persons"]]) for d in doc["delegations"] if d["persons"]]
            self.assertEqual(keep(back), keep(listed))
        self.expect(NOTFOUND, "registration", "export", "NOPE", says="NOPE")
        self.expect(USAGE, "registration", "export", "OUT", "--format", "xls")
        # Whole or not at all.
        folder = self.convene.root / "folder.csv"
        folder.mkdir()
        self.expect(FAILED, "registration", "export", "OUT", "--output", folder, says="is unchanged")
        self.assertEqual([p.name for p in self.convene.root.glob("folder.csv*")], ["folder.csv"])

        if not shutil.which("pdftotext"):
            print("skipped: pdftotext is not installed")
            return
        pdf = self.convene.root / "list.pdf"
        self.expect(OK, "registration", "export", "OUT", "--output", pdf)
        text = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, text=True, check=True).stdout
        for said in ("List of delegations", "Meeting OUT", "2090-04-15 to 2090-04-17, Astana, KZ", "Türkiye (TR)", CYRILLIC, VIETNAMESE, "Çiğdem Öztürk",
                     "Declined: Uzbekistan", "Delegate 149", "'Abd al-Rahman", "8 delegations, 160 persons", f"As of {listed['as_of'][:10]}"):
            self.assertIn(said, text)
        # Letters that do not join the next are taken for ends of words where text is read out of a page; the order is what counts.
        self.assertIn(ARABIC.replace(" ", ""), text.replace(" ", ""))
        self.assertNotIn("@example.org", text)
        pages = text.count("Page ")
        self.assertGreaterEqual(pages, 4)
        for page in range(1, pages + 1):
            self.assertIn(f"Page {page} of {pages}", text)
        positions = [text.index(f"{name} (") for name in ("Afghanistan", "Arab Republic of Egypt", "Azerbaijan", "Kazakhstan", "Republic of Korea", "Türkiye", "Viet Nam")]
        self.assertEqual(positions, sorted(positions))
        raw = subprocess.run(["pdftotext", "-raw", str(pdf), "-"], capture_output=True, text=True, check=True).stdout
        self.assertEqual(" ".join(raw.split()).count("A very long name"), 9)  # wrapped, and nothing cut
        self.expect(OK, "registration", "export", "OUT", "--output", pdf, "--with-contacts")
        text = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, text=True, check=True).stdout
        self.assertIn("d149@example.org", text)


if __name__ == "__main__":
    need("convene", "convene-registration", "convene-scheduling", "convene-notifications")
    unittest.main(verbosity=2)
