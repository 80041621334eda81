#!/usr/bin/python3
# Languages as data: catalogues that are dropped into a folder, and what leaves in them through a real outbox; no program is built.
# SPDX-License-Identifier: Apache-2.0
# ctest-labels: notifications
import email
import email.policy
import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import world
from deployment import Case, main, wait_for

BIN = os.environ["CONVENE_BIN"]
KAZAKH = r'''msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\n"
"Plural-Forms: nplurals=2; plural=n != 1;\n"

msgid "Registration accepted"
msgstr "Тіркеу қабылданды"

msgid "Delegation"
msgstr "Делегация"

msgid "Dear {{recipient}},"
msgstr "Құрметті {{recipient}}!"

msgid "Time left: {{days}} day"
msgid_plural "Time left: {{days}} days"
msgstr[0] "{{days}} күн қалды"
msgstr[1] "{{days}} күн қалды"

msgctxt "party"
msgid "Kazakhstan"
msgstr "Қазақстан"
'''
ARABIC = r'''msgid ""
msgstr "Plural-Forms: nplurals=6; plural=n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5;\n"
msgid "Delegation"
msgstr "الوفد"
msgid "Time left: {{days}} day"
msgid_plural "Time left: {{days}} days"
msgstr[0] "انتهى الوقت"
msgstr[1] "بقي يوم واحد"
msgstr[2] "بقي يومان"
msgstr[3] "بقيت {{days}} أيام"
msgstr[4] "بقي {{days}} يومًا"
msgstr[5] "بقي {{days}} يوم"
'''


def convene(*args):
    return subprocess.run([os.path.join(BIN, "convene"), "notice", *args], capture_output=True, check=False, timeout=60, encoding="utf-8")


class Languages(Case):
    def begin(self, start=True):
        self.d = self.deployment("ipc", start=False)
        self.folder = os.path.join(self.d.root, "languages")
        os.mkdir(self.folder)
        self.d.own_settings["notifications"] = {"notifications/languages": self.folder}
        self.put("kk.po", KAZAKH)
        self.put("ar.po", ARABIC)
        if start:
            self.d.start()
            self.office = self.d.publisher("office")
            world.put_parties(self.office, [(code, "member", name) for code, name in (
                ("KZ", "Kazakhstan"), ("AZ", "Azerbaijan"), ("EG", "Egypt"), ("KG", "Kyrgyzstan"))])

    def put(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    def message_for(self, address):
        """The one message to that address, once it is there."""
        found = []

        def there():
            found.clear()
            for name in os.listdir(self.d.outbox) if os.path.isdir(self.d.outbox) else ():
                if name.endswith(".eml"):
                    with open(os.path.join(self.d.outbox, name), "rb") as file:
                        message = email.message_from_binary_file(file, policy=email.policy.default)
                    if message["To"].addresses[0].addr_spec == address:
                        found.append(message)
            return len(found) == 1
        wait_for(there, lambda: f"a message for {address}: {len(found)}")
        return found[0], *(found[0].get_body((kind,)).get_content() for kind in ("plain", "html"))

    def register(self, party, language):
        contact = {"name": f"Desk of {party}", "email": f"desk@{party.lower()}.example", "language": language}
        world.decide(self.office, "registration.register", world.delegation("E1", party, 1, contact=False) | {"contact": contact})

    def test_a_language_is_a_file(self):
        self.begin()
        world.open_event(self.d, self.office, "E1", world.rules(50))
        for party, language in (("KZ", "kk-KZ"), ("EG", "ar"), ("AZ", "de"), ("KG", "ru-KG")):
            self.register(party, language)
        message, text, html = self.message_for("desk@kz.example")
        self.assertEqual(message["Content-Language"], "kk")
        self.assertTrue(message["Subject"].startswith("Тіркеу қабылданды: "))
        self.assertIn("Құрметті Desk of KZ!\n", text)
        self.assertIn("Делегация: Қазақстан (KZ)\n", text)
        self.assertIn("Decided at: ", text, "what the catalogue lacks is said in English")
        self.assertIn('<html lang="kk">', html)
        message, text, html = self.message_for("desk@eg.example")
        self.assertEqual(message["Content-Language"], "ar")
        self.assertIn("الوفد: Egypt (EG)\n", text)
        self.assertIn('<html lang="ar" dir="rtl">', html)
        self.assertFalse([c for c in text if 0x200e <= ord(c) <= 0x200f or 0x202a <= ord(c) <= 0x202e or 0x2066 <= ord(c) <= 0x2069])
        message, text, _ = self.message_for("desk@az.example")
        self.assertEqual(message["Content-Language"], "en")
        self.assertIn("Delegation: Azerbaijan (AZ)\n", text)
        message, text, _ = self.message_for("desk@kg.example")
        self.assertEqual(message["Content-Language"], "ru")
        self.assertIn("Кыргызстан (KG)\n", text)
        replaced = [e for e in self.d.notifications.log_events() if e["event"] == "language_replaced"]
        self.assertEqual(sorted((e["wanted"], e["written_in"], e["level"]) for e in replaced),
                         [("de", "en", "warn"), ("kk-KZ", "kk", "info"), ("ru-KG", "ru", "info")])
        # A recipient is told at once that there is no such language, and which there are.
        recipient = {"party": "KZ", "order": 1, "name": "Mission", "email": "m@kz.example"}
        refused = self.office.ask("notifications.recipient.put", recipient | {"language": "de"})
        self.assert_outcome(refused, "NOTFOUND", "unknown_language", "data.language")
        self.assertIn("there are: en, ar, kk, ru", refused.data["text"])
        self.assert_outcome(self.office.ask("notifications.recipient.put", recipient | {"language": "German"}), "INVALID", "bad_field", "data.language")
        self.assert_outcome(self.office.ask("notifications.recipient.put", recipient | {"language": "kk"}), "OK", "recipient_set")
        rows = self.d.log("notifications").query("recipients", "KZ")
        self.assertEqual([r["data"]["language"] for r in rows], ["kk"])
        # Somebody translates German; nobody has to say again what he wants.
        self.put("de.po", 'msgid "Delegation"\nmsgstr "Abordnung"\n')
        self.d.notifications.stop()
        self.d.notifications.start()
        for name in os.listdir(self.d.outbox):
            os.unlink(os.path.join(self.d.outbox, name))
        world.decide(self.office, "registration.register", world.delegation("E1", "AZ", 1, contact=False) | {"persons": [{"name": "Second", "capacity": "expert"}]})
        message, text, _ = self.message_for("desk@az.example")
        self.assertEqual(message["Content-Language"], "de")
        self.assertIn("Abordnung: Azerbaijan (AZ)\n", text)

    def test_a_damaged_file_is_told_of_by_its_line(self):
        self.begin(start=False)
        self.put("zz.po", 'msgid "Event"\nmsgstr "E"\n\nmsgid "Dear {{recipient}},"\nmsgstr "Dear {{secret}},"\n')
        said = self.d.notifications.run()
        self.assertEqual(said.returncode, 2, said.stdout)
        self.assertIn(f"notifications/languages: {self.folder}/zz.po:4: a text has a {{{{placeholder}}}}", said.stdout)
        done = convene("languages", "--catalogues", self.folder)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("zz.po:4: ", done.stderr)
        os.unlink(os.path.join(self.folder, "zz.po"))
        self.assertEqual(convene("languages", "--catalogues", self.folder).returncode, 0)

    def test_the_command_line(self):
        self.begin(start=False)
        done = convene("languages", "--catalogues", self.folder, "--json")
        rows = {r["language"]: r for r in json.loads(done.stdout)["languages"]}
        self.assertEqual(list(rows), ["en", "ar", "kk", "ru"])
        self.assertEqual((rows["ar"]["direction"], rows["ar"]["from"], rows["ar"]["words"]), ("rtl", "file", 2))
        self.assertEqual((rows["ru"]["direction"], rows["ru"]["from"], rows["ru"]["words"]), ("ltr", "program", rows["ru"]["of"]))
        shown = convene("preview", "reminder", "--language", "kk", "--catalogues", self.folder)
        self.assertIn("Делегация: Қазақстан (KZ)\n", shown.stdout, shown.stderr)
        self.assertIn("күн қалды\n", shown.stdout)
        for sample in convene("preview").stdout.split():
            for language in ("kk", "ar"):
                shown = convene("preview", sample, "--language", language, "--catalogues", self.folder)
                self.assertEqual(shown.returncode, 0, shown.stderr)
        none = convene("preview", "reminder", "--language", "kk")
        self.assertEqual(none.returncode, 2)
        self.assertIn("(en, ru)", none.stderr)
        # What a translator gets can be put there as it is, holds what was there, and says the same in gettext's own opinion.
        for language in ("kk", "fr"):
            printed = convene("languages", language, "--catalogues", self.folder).stdout
            self.put(f"{language}.po", printed)
            if shutil.which("msgfmt"):
                check = subprocess.run(["msgfmt", "--check-format", "-o", os.devnull, os.path.join(self.folder, f"{language}.po")],
                                       capture_output=True, check=False, encoding="utf-8")
                self.assertEqual(check.returncode, 0, check.stderr)
        again = {r["language"]: r for r in json.loads(convene("languages", "--catalogues", self.folder, "--json").stdout)["languages"]}
        self.assertEqual(again["kk"], rows["kk"])
        self.assertEqual(again["fr"]["words"], 0)
        shown = convene("preview", "reminder", "--language", "kk", "--catalogues", self.folder)
        self.assertIn("Делегация: Қазақстан (KZ)\n", shown.stdout)


if __name__ == "__main__":
    main()
