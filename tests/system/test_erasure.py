#!/usr/bin/python3
# Erasure: a person who was registered, amended, substituted and written to is in no file of any service afterwards.
# SPDX-License-Identifier: Apache-2.0
import contextlib
import json
import os
import re
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import cvwire
import world
from deployment import Case, main, wait_for

NAMES = ("Zephyrine", "Quillanova", "Xanthippa", "Wolfsbane", "Periwinkle", "Hellebore")  # as nobody and nothing else here is called
SECRET_LENGTH = 32


class Erasure(Case):
    def setUp(self):
        self.d = self.deployment("ipc")
        self.office = self.d.publisher("office")
        world.put_parties(self.office)

    def files(self):
        """Every file of the deployment: databases, WALs, outbox, keys, logs."""
        found = []
        for folder, _, names in os.walk(self.d.root):
            found += [path for path in (os.path.join(folder, name) for name in names) if os.path.isfile(path)]
        return found

    def where(self, *words):
        """Which files hold one of these octets, in any of the writings of a mail."""
        found = []
        for path in self.files():
            try:
                with open(path, "rb") as file:
                    octets = file.read()
            except FileNotFoundError:
                continue
            plain = octets.replace(b"=\r\n", b"").replace(b"=\n", b"")
            found += [(os.path.relpath(path, self.d.root), word) for word in words if word in octets or word in plain]
        return found

    def nowhere(self, *words):
        wait_for(lambda: not self.where(*words), lambda: f"these octets to be in no file: {self.where(*words)}")

    def secrets(self):
        """Secrets of registration's database, which must be stopped."""
        with contextlib.closing(sqlite3.connect(self.d.database("registration"))) as db:
            return {row[0]: row[1] for row in db.execute("SELECT id, bits FROM secret")}

    def convene(self, *arguments, status=0):
        settings = {f"CONVENE_{key.upper().replace('/', '_')}": str(value) for key, value in self.d.settings.items()}
        done = subprocess.run([os.path.join(self.d.bin, "convene"), *arguments], env={**os.environ, **settings}, capture_output=True,
                              text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout

    def persons(self, key="E1/KZ"):
        return [p for m in self.d.log("registration").query("persons", key) for p in m["data"].get("persons", [])]

    def ask_form(self, event):
        """What its persons do not eat; registration knows it when it counts the places of what they choose."""
        world.decide(self.office, "scheduling.form.put", {"event": event, "questions": [
            {"id": "diet", "label": "What do you not eat?", "type": "text"},
            {"id": "tour", "label": "Tour", "type": "choice", "choices": [{"id": "t1", "label": "By bus", "limit": 9}]}]})
        wait_for(lambda: self.d.log("registration").query("seats", event)[0]["data"].get("options"), "registration to know the form")

    def register(self, name, party="KZ", answers=(), **more):
        person = {"name": name, "capacity": "delegate", "email": f"{name.lower().replace(' ', '.')}@a.example"}
        if answers:
            person["answers"] = answers
        return world.decide(self.office, "registration.register", {"event": "E1", "party": party, "persons": [person], **more})

    def test_no_octet_is_left(self):
        world.open_event(self.d, self.office, "E1", world.rules(2, maximum=2, waiting="strict"))
        desk = {"name": f"{NAMES[3]} Desk", "email": f"{NAMES[3].lower()}@kz.example"}
        self.ask_form("E1")
        self.register(f"{NAMES[0]} One", contact=desk, answers=[{"question": "diet", "value": f"no {NAMES[4]}"}])
        self.register("Stays Here")
        self.register("Waits There", party="AZ", contact={"name": "Desk of AZ", "email": "desk@az.example"})
        world.decide(self.office, "registration.amend", {"event": "E1", "party": "KZ", "number": 1, "name": f"{NAMES[1]} One",
                                                         "reason": f"{NAMES[0]} is spelled so"})
        world.decide(self.office, "registration.substitute", {"event": "E1", "party": "KZ", "number": 1, "name": f"{NAMES[2]} Two",
                                                              "answers": [{"question": "diet", "value": f"only {NAMES[5]}"}]})
        world.wait_notices(self.d)
        octets = [name.encode() for name in NAMES] + [name.lower().encode() for name in NAMES]
        held = {path for path, _ in self.where(*octets)}
        self.assertTrue(any(path.endswith(".eml") for path in held), held)
        self.assertTrue(any("notifications.db" in path for path in held), held)
        self.assertFalse([path for path in held if "registration.db" in path], "registration itself never writes a name")
        self.assertIn(f"{NAMES[2]} Two", [p["name"] for p in self.persons()])
        before, _ = self.d.log("registration", "mirror").stream("registration.private")
        contents = [m["data"] for m in self.d.log("registration", "mirror").opened("registration.private")]
        self.assertIn(f"{NAMES[0]} One", str(contents))
        self.assertIn(f"no {NAMES[4]}", str(contents), "whoever follows the stream gets the answers too")
        mails = sorted(os.listdir(self.d.outbox))
        world.decide(self.office, "notifications.recipient.put", {"party": "KZ", "order": 1, "name": "Mission", "email": "mission@kz.example"})

        held = json.loads(self.convene("person", "export", "E1/KZ/1"))
        self.assertEqual((held["erased"], held["now"]["name"], held["now"]["state"]), (False, f"{NAMES[2]} Two", "confirmed"))
        self.assertEqual([s["name"] for s in held["history"]], [f"{NAMES[0]} One", f"{NAMES[1]} One", f"{NAMES[2]} Two"])
        self.assertEqual(held["history"][1]["reason"], f"{NAMES[0]} is spelled so")
        answered = [s["answers"][0]["value"] for s in held["history"]]
        self.assertEqual(answered, [f"no {NAMES[4]}", f"no {NAMES[4]}", f"only {NAMES[5]}"])
        self.assertEqual(held["now"]["answers"], [{"question": "diet", "value": f"only {NAMES[5]}"}])
        self.assertEqual(len([n for n in held["notices"] if "person" not in n]), 4)
        own = [n for n in held["notices"] if "person" in n]
        self.assertTrue(all(n["person"] == 1 and n["notice"].startswith("person.1.") for n in own), own)

        outcome = world.decide(self.office, "registration.erase", {"event": "E1", "party": "KZ", "persons": [1], "contact": True})
        self.assertEqual(outcome.code, "erased")
        self.assertEqual([(p["number"], p["state"]) for p in outcome.data["decision"]["persons"]], [(1, "withdrawn")])
        self.assertEqual([m["data"]["confirmed"] for m in self.d.log("registration").query("delegation", "E1/AZ")], [1], "the seat was free")
        world.wait_notices(self.d)
        self.nowhere(*octets)

        # What was told is still told, to whom it concerns, without the name.
        self.assertTrue({m for m in mails if not (m.startswith("person.1.") and m.endswith(".KZ.eml"))} <= set(os.listdir(self.d.outbox)))
        self.assertFalse([m for m in os.listdir(self.d.outbox) if m.startswith("person.1.") and m.endswith(".KZ.eml")], "what was to the person itself")
        # The person is a number with a state and a history; the others are who they were.
        self.assertEqual([p["name"] for p in self.persons()], ["Stays Here"])
        steps = [m["data"] for m in self.d.log("registration").query("history", "E1/KZ/1")]
        self.assertEqual([s["change"] for s in steps], ["registered", "amended", "substituted", "withdrawn", "erased"])
        self.assertFalse([s for s in steps if {"name", "email", "reason", "answers"} & set(s)], steps)
        held = self.convene("person", "export", "E1/KZ/1")
        self.assertTrue(json.loads(held)["erased"])
        self.assertNotRegex(held, "|".join(NAMES))
        self.convene("person", "export", "E1/KZ/9", status=4)
        # The stream is what it was, and longer; its chain fits, and it says nothing of the person.
        after, _ = self.d.log("registration", "mirror").stream("registration.private")
        self.assertEqual(after[:len(before)], before)
        told = self.d.log("registration", "mirror").opened("registration.private")
        self.assertNotRegex(str(told), "|".join(NAMES))
        self.assertIn("Stays Here", str(told))
        self.assertEqual(told[-1]["type"], "convene.registration.erased.v1")
        self.assertEqual(told[-1]["data"], {"event": "E1", "party": "KZ", "persons": [1], "contact": True, "cause": "request"})
        records, _ = self.d.log("registration", "mirror").snapshot("registration.private")
        self.assertNotRegex(str([cvwire.unpack(r) for r in records]), "|".join(NAMES))
        self.assertIn("Nothing that was acknowledged is missing.", self.convene("audit", "verify"))
        # Asked again, and of nobody.
        self.assert_outcome(self.office.ask("registration.erase", {"event": "E1", "party": "KZ", "persons": [1]}), "REJECTED", "already_erased")
        self.assert_outcome(self.office.ask("registration.erase", {"event": "E1", "party": "KZ", "contact": True}), "REJECTED", "already_erased")
        self.assert_outcome(self.office.ask("registration.erase", {"event": "E1", "party": "KZ", "persons": [9]}), "REJECTED", "not_registered")
        self.assert_outcome(self.office.ask("registration.erase", {"event": "E1", "party": "KZ"}), "INVALID", "bad_field", "data.persons")
        # After a start nothing comes back, and the number can be told from others.
        for name in ("registration", "notifications"):
            getattr(self.d, name).kill()
            getattr(self.d, name).start()
        self.nowhere(*octets)
        self.assertEqual([p["name"] for p in self.persons()], ["Stays Here"])

    def test_the_secret_is_overwritten(self):
        """Not the names but what opens them: the 32 octets are in no file, also not in the WAL, whatever the process did after."""
        world.open_event(self.d, self.office, "E1", world.rules(500, maximum=500))
        for i in range(40):
            self.register(f"Person {i}")
        self.d.registration.stop()
        before = self.secrets()
        self.assertGreaterEqual(len(before), 40)
        self.assertTrue(all(len(bits) == SECRET_LENGTH for bits in before.values()))
        self.d.registration.start()
        self.register("One more", contact={"name": "Desk", "email": "desk@kz.example"})
        world.decide(self.office, "registration.erase", {"event": "E1", "party": "KZ", "persons": [7, 23]})
        gone = [before[key] for key in sorted(before)][6], [before[key] for key in sorted(before)][22]
        self.assertEqual(self.where(*gone), [], "as soon as the outcome is there")
        self.d.registration.kill()
        self.assertEqual(self.where(*gone), [])
        self.d.registration.start()
        self.assertEqual(self.where(*gone), [])
        self.d.registration.stop()
        after = self.secrets()
        self.assertEqual(sum(bits == bytes(SECRET_LENGTH) for bits in after.values()), 2)
        self.assertEqual(self.where(*gone), [])
        self.d.registration.start()
        self.assertEqual(len(self.persons()), 39)

    def test_who_may_erase(self):
        """The secretariat, and the focal point of the party; nobody else."""
        d = self.deployment("tcp")
        office = d.publisher("office")
        world.open_event(d, office, "E1", world.rules(5), world.PARTIES)
        world.decide(office, "registration.register", world.delegation("E1", "KZ"))
        for who, klass in (("az", "DENIED"), ("portal", "DENIED"), ("watcher", "DENIED"), ("ops", "DENIED"), ("kz", "OK")):
            outcome = d.publisher(who).ask("registration.erase", {"event": "E1", "party": "KZ", "persons": [1]})
            self.assertEqual(outcome.klass, klass, (who, outcome))

    def test_the_master_key(self):
        """Missing or another's: registration says so and does not start. A database without its key shows nothing."""
        world.open_event(self.d, self.office, "E1", world.rules(5))
        self.register(f"{NAMES[0]} One")
        self.d.registration.stop()
        self.assertEqual(self.where(NAMES[0].encode())[:1], [w for w in self.where(NAMES[0].encode()) if "registration.db" not in w[0]][:1])
        path = next(p for p in self.files() if p.endswith("registration.master"))
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        with open(path, encoding="ascii") as file:
            right = file.read()
        os.rename(path, path + ".away")
        done = self.d.registration.run()
        self.assertEqual(done.returncode, 2, done)
        self.assertRegex(done.stdout, r"registration/master_key: .* is missing, and the personal data")
        self.assertFalse(os.path.exists(path), "no new key is made for a database that has one")
        wrong = re.sub(r"[0-9a-f]{64}", "0" * 64, right)
        for text, mode, says in ((wrong, 0o600, "is not the key of this database"), ("x\n", 0o600, "is not the file of a master key"),
                                 (right, 0o644, "others than its owner can read")):
            with open(path, "w", encoding="ascii") as file:
                file.write(text)
            os.chmod(path, mode)
            done = self.d.registration.run()
            self.assertEqual(done.returncode, 2, done)
            self.assertIn(says, done.stdout)
        os.chmod(path, 0o600)
        self.d.registration.start()
        self.assertEqual([p["name"] for p in self.persons()], [f"{NAMES[0]} One"])


if __name__ == "__main__":
    main()
