#!/usr/bin/python3
# Identity documents and readings: with real services, keys and files; what is killed right after an answer has its trace.
# SPDX-License-Identifier: Apache-2.0
import contextlib
import json
import os
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import cvwire
import world
from clients import Refused
from deployment import Case, main

NUMBER = "ZQX-7781-ONLY-HERE"  # as nothing else here is called
DOCUMENT = {"event": "E1", "party": "KZ", "number": 1, "kind": "passport", "document": NUMBER, "state": "KZ", "expires": "2031-02-28"}


class Documents(Case):
    def where(self, d, word):
        """Which files of the deployment hold these octets: databases, WALs, outbox, keys, logs."""
        found = []
        for folder, _, names in os.walk(d.root):
            for name in names:
                path = os.path.join(folder, name)
                with contextlib.suppress(FileNotFoundError):
                    if os.path.isfile(path):
                        with open(path, "rb") as file:
                            found += [os.path.relpath(path, d.root)] if word in file.read() else []
        return found

    def convene(self, d, *arguments, status=0):
        settings = {f"CONVENE_{key.upper().replace('/', '_')}": str(value) for key, value in d.settings.items()}
        done = subprocess.run([os.path.join(d.bin, "convene"), *arguments], env={**os.environ, **settings}, capture_output=True,
                              text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout

    def accesses(self, d, key="E1"):
        return [m["data"] for m in d.log("registration").query("accesses", key)]

    def test_at_rest_exported_and_erased(self):
        d = self.deployment("ipc")
        office = d.publisher("office")
        world.open_event(d, office, "E1", world.rules(5), world.PARTIES)
        world.decide(office, "registration.register", world.delegation("E1", "KZ", 2))
        private = d.head("registration", "registration.private")
        outcome = world.decide(office, "registration.document.put", DOCUMENT)
        self.assertEqual(outcome.code, "document_stored")
        self.assertNotIn(NUMBER, str(outcome.data))
        remembered = d.log("registration").remembered(outcome.id)
        self.assertEqual(cvwire.unpack(remembered)["data"]["code"], "document_stored")
        self.assertNotIn(NUMBER.encode(), remembered)
        self.assertEqual(d.head("registration", "registration.private"), private, "a document is on no stream")
        # A request that cannot be read is not kept either, and its refusal does not repeat the number.
        bad = office.ask("registration.document.put", {**DOCUMENT, "expires": "2031-02-30"})
        self.assert_outcome(bad, "INVALID", "bad_field", "data.expires")
        self.assertNotIn(NUMBER, str(bad.data))
        self.assertEqual(self.where(d, NUMBER.encode()), [], "neither in a database, nor a WAL, nor a log")
        # Without the master key the file says that there is a passport, and no more.
        d.registration.stop()
        with contextlib.closing(sqlite3.connect(d.database("registration"))) as db:
            dump = "\n".join(db.iterdump())
            [(sealed,)] = db.execute("SELECT sealed FROM document").fetchall()
        self.assertNotIn(NUMBER, dump)
        self.assertNotIn(NUMBER.encode().hex(), dump.lower())
        self.assertNotIn("2031-02-28", dump)
        d.registration.start()

        held = json.loads(self.convene(d, "person", "export", "E1/KZ/1"))
        self.assertEqual([(x["kind"], x["document"], x["state"], x["expires"]) for x in held["documents"]],
                         [("passport", NUMBER, "KZ", "2031-02-28")])
        self.assertEqual([x["what"] for x in held["accesses"]], ["history", "documents"], "this reading too")
        table = self.convene(d, "person", "accesses", "E1/KZ/1")
        self.assertIn("documents", table)
        self.assertNotIn(NUMBER, table)
        self.assertEqual(len(json.loads(self.convene(d, "person", "accesses", "E1", "--json"))["accesses"]), 2)
        self.convene(d, "person", "accesses", "E9", status=4)
        self.convene(d, "person", "accesses", "E1/KZ/x", status=2)

        self.assertTrue(self.where(d, sealed), "the search finds what is there")
        world.decide(office, "registration.erase", {"event": "E1", "party": "KZ", "persons": [1]})
        self.assertEqual(self.where(d, sealed), [], "not even what was sealed is left")
        self.assertEqual(d.log("registration").query("documents", "E1/KZ/1"), [])
        held = json.loads(self.convene(d, "person", "export", "E1/KZ/1"))
        self.assertEqual((held["erased"], held["documents"]), (True, []))
        self.assertGreaterEqual(len(held["accesses"]), 3)

    def test_consents(self):
        """Recorded, shown, exported; with the one to take part the data go, in the files too, and the chain still verifies."""
        d = self.deployment("ipc")
        office = d.publisher("office")
        world.open_event(d, office, "E1", world.rules(5), world.PARTIES)
        world.decide(office, "registration.register", world.delegation("E1", "KZ", 2))
        agreed = {"event": "E1", "party": "KZ", "number": 1, "purpose": "participation", "text": "privacy-2026-1"}
        self.assertEqual(world.decide(office, "registration.consent.put", agreed).code, "consent_recorded")
        bad = office.ask("registration.consent.put", {**agreed, "purpose": "anything"})
        self.assert_outcome(bad, "INVALID", "bad_field", "data.purpose")
        held = json.loads(self.convene(d, "person", "export", "E1/KZ/1"))
        self.assertEqual([(c["purpose"], c["text"], c.get("end")) for c in held["consents"]],
                         [("participation", "privacy-2026-1", None)])
        name = held["now"]["name"]
        table = self.convene(d, "person", "consents", "E1/KZ")
        self.assertIn("in force", table)
        self.assertNotIn(name, table)
        done = world.decide(office, "registration.consent.withdraw", {k: agreed[k] for k in ("event", "party", "number", "purpose")})
        self.assertEqual(done.code, "erased")
        held = json.loads(self.convene(d, "person", "export", "E1/KZ/1"))
        self.assertTrue(held["erased"])
        self.assertEqual([c["end"] for c in held["consents"]], ["withdrawn"])
        self.convene(d, "person", "consents", "E9", status=4)
        self.convene(d, "person", "consents", "E1/KZ/x", status=2)
        self.convene(d, "audit", "verify")

    def test_a_reading_survives_a_kill(self):
        """kill -9 right after the answer: the trace is there. Many times, as what is tried once may be luck."""
        d = self.deployment("ipc")
        office = d.publisher("office")
        world.open_event(d, office, "E1", world.rules(5), world.PARTIES)
        world.decide(office, "registration.register", world.delegation("E1", "KZ"))
        world.decide(office, "registration.document.put", DOCUMENT)
        for round_no in range(1, 6):
            found = d.log("registration").query("documents", "E1/KZ/1")
            d.registration.kill()
            self.assertEqual(found[0]["data"]["document"], NUMBER)
            with contextlib.closing(sqlite3.connect(d.database("registration"))) as db:
                self.assertEqual(db.execute("SELECT count(*) FROM access").fetchone(), (round_no,))
            d.registration.start()
        self.assertEqual([(a["access"], a["what"], a["persons"]) for a in self.accesses(d, "E1/KZ/1")],
                         [(i, "documents", 1) for i in range(1, 6)])

    def test_who_may(self):
        """By the key of the connection: put, read, and who sees who has read."""
        d = self.deployment("tcp")
        office = d.publisher("office")
        world.open_event(d, office, "E1", world.rules(5), world.PARTIES)
        world.decide(office, "registration.register", world.delegation("E1", "KZ"))
        for who, klass in (("az", "DENIED"), ("portal", "DENIED"), ("watcher", "DENIED"), ("ops", "DENIED"), ("mirror", "DENIED"),
                           ("kz", "OK")):
            outcome = d.publisher(who).ask("registration.document.put", DOCUMENT)
            self.assertEqual(outcome.klass, klass, (who, outcome))
            agreed = {"event": "E1", "party": "KZ", "number": 1, "purpose": "health", "text": "t"}
            self.assertEqual(d.publisher(who).ask("registration.consent.put", agreed).klass, klass, who)
        for who in ("az", "portal", "watcher", "ops", "mirror"):
            with self.assertRaises(Refused) as refused:
                d.log("registration", who).query("documents", "E1/KZ/1")
            self.assertEqual(refused.exception.code, "DENIED", who)
        for who in ("kz", "az", "portal", "watcher", "ops", "mirror"):
            with self.assertRaises(Refused) as refused:
                d.log("registration", who).query("accesses", "E1/KZ/1")
            self.assertEqual(refused.exception.code, "DENIED", who)
        self.assertEqual(self.accesses(d), [], "who was refused has read nothing")
        before = cvwire.now_ms()
        for who in ("kz", "office"):
            self.assertEqual([m["data"]["by"] for m in d.log("registration", who).query("documents", "E1/KZ/1")], ["kz"])
        d.log("registration", "mirror").query("persons", "E1/KZ")
        d.log("registration", "watcher").query("delegation", "E1/KZ")
        found = self.accesses(d)
        self.assertEqual([(a["by"], a["what"], a.get("number"), a["persons"]) for a in found],
                         [("kz", "documents", 1, 1), ("office", "documents", 1, 1), ("mirror", "persons", None, 2)])
        self.assertTrue(all(before - 1000 <= a["at_ms"] <= cvwire.now_ms() + 1000 for a in found), found)


if __name__ == "__main__":
    main()
