#!/usr/bin/python3
"""test_forms: an event asks, with real services: a form is put, a wrong answer is refused where it is wrong, right ones are
taken, a workshop fills, and a place that is given back goes to who waits for it, with the seat. And no answer is public.
SPDX-License-Identifier: Apache-2.0
"""
import csv
import io
import json
import shutil
import subprocess
import time
import unittest

from cli_env import Convene, need, wait_for

OK, FAILED, USAGE, PARTIAL, NOTFOUND, REFUSED, UNREACHABLE, DENIED = range(8)
HOUR = 3600 * 1000
SECRET = "allergic to secrets"
FORM = {"event": "E1", "questions": [
    {"id": "diet", "label": "What do you not eat?", "label_ru": "Чего вы не едите?", "type": "text", "most": 100},
    {"id": "workshop", "label": "Workshop", "type": "choice", "required": True, "capacities": ["delegate"],
     "choices": [{"id": "w1", "label": "Water", "limit": 2}, {"id": "w2", "label": "Soil", "limit": 100}]},
    {"id": "paper", "label": "Your paper", "type": "reference", "when": {"question": "workshop", "values": ["w2"]}}]}


def person(name, workshop=None, **more):
    answers = [{"question": "workshop", "value": workshop}] if workshop else []
    return {"name": name, "capacity": "delegate", **({"answers": answers} if answers else {}), **more}


class Forms(unittest.TestCase):
    def setUp(self):
        self.convene = Convene()
        self.convene.__enter__()
        self.addCleanup(lambda: self.convene.__exit__(None, None, None))
        now = int(time.time() * 1000)
        plan = {
            "parties": [{"code": code, "kind": "member", "name": f"Party {code}"} for code in ("KZ", "UZ", "TR")],
            "events": [{"event": "E1", "title": "Meeting", "plan_year": 2025, "line": "unknown", "date_start": "2090-04-15"}],
            "advances": [{"event": "E1", "to": ["circulated", "adopted", "scheduled"], "decision": "test"}],
            "registrations": [{"event": "E1", "capacity": 50, "guaranteed": 0, "maximum": 50, "waiting": "strict", "group": "each",
                               "opens_ms": now - HOUR, "closes_ms": now + 48 * HOUR}]}
        path = self.convene.root / "plan.json"
        path.write_text(json.dumps(plan))
        self.assertEqual(self.convene("plan", "import", path, "--json").json["not_ok"], 0)
        wait_for(lambda: self.seats().get("status") == "open", "registration knows the event as open", self.convene)

    def seats(self):
        rows = self.convene("watch", "--once", "--json").json["events"]
        return next((row for row in rows if row["event"] == "E1"), {})

    def taken(self):
        form = self.convene("form", "show", "E1", "--json").json
        return {o["choice"]: o["taken"] for o in form.get("options", [])}

    def ask(self, status, kind, data, flags=()):
        done = self.convene("request", kind, "--json", "-d", json.dumps(data), *flags)
        self.assertEqual(done.status, status, done.out + done.err)
        return done.json["outcome"]["data"]

    def register(self, status, party, *persons):
        return self.ask(status, "register", {"event": "E1", "party": party, "persons": list(persons)})

    def test_a_form_from_put_to_promotion(self):
        self.assertEqual(self.convene("form", "show", "E1").status, NOTFOUND)
        bad = json.loads(json.dumps(FORM))
        bad["questions"][2]["when"]["values"] = ["w3"]
        outcome = self.ask(REFUSED, "scheduling.form.put", bad)
        self.assertEqual((outcome["code"], outcome["field"]), ("form_inconsistent", "data.questions[2].when.values[0]"))
        self.assertEqual(self.ask(OK, "scheduling.form.put", FORM)["code"], "stored")
        wait_for(lambda: self.taken() == {"w1": 0, "w2": 0}, "registration knows the form", self.convene)
        shown = self.convene("form", "show", "E1").out
        self.assertIn("(0 of 2 places taken)", shown)
        self.assertIn("if workshop is w2", shown)

        # wrong answers, each told where it is
        for persons, field in (([person("A", "w1"), person("B", "w9")], "data.persons[1].answers[0].value"),
                               ([person("A", "w1"), person("B")], "data.persons[1].answers"),
                               ([person("A", "w1", capacity="head")], "data.persons[0].answers[0].question")):
            outcome = self.register(USAGE, "KZ", *persons)
            self.assertEqual((outcome["class"], outcome["code"], outcome["field"]), ("INVALID", "bad_answer", field), outcome)
        self.assertEqual(self.taken()["w1"], 0)

        # right ones; and from JSON lines
        answers = [{"question": "workshop", "value": "w1"}, {"question": "diet", "value": SECRET}]
        self.assertEqual(self.register(OK, "KZ", person("Person A", answers=answers))["code"], "registered")
        lines = self.convene.root / "lines"
        paper = {"question": "paper", "value": "https://example.org/p", "title": "A paper"}
        lines.write_text("".join(json.dumps({"event": "E1", "party": "UZ", "persons": [p]}) + "\n" for p in (
            person("Person B", "w1"), person("Person C", answers=[{"question": "workshop", "value": "w2"}, paper]))))
        done = self.convene("request", "register", "--lines", lines, "--in-order")
        self.assertEqual(done.status, OK, done.out + done.err)
        self.assertEqual(self.taken(), {"w1": 2, "w2": 1})

        # full: who wants a place of it waits, with a seat to be had; who wants another does not
        outcome = self.register(OK, "TR", person("Person D", "w1"), person("Person E", "w2"))
        self.assertEqual([(p["state"], p["rule"]) for p in outcome["decision"]["persons"]],
                         [("waiting", "option_full"), ("confirmed", "free_seat")])
        self.assertIn("option workshop/w1: 2 of 2 places taken", outcome["text"])
        self.ask(REFUSED, "amend", {"event": "E1", "party": "TR", "number": 2, "answers": [{"question": "workshop", "value": "w1"}]})

        # a withdrawal gives seat and place to who waits
        self.ask(OK, "withdraw", {"event": "E1", "party": "UZ", "persons": [1]})
        self.assertEqual(self.taken()["w1"], 2)
        records = [line["record"] for line in self.convene("fetch", "registration.events").lines]
        promoted = [r["data"] for r in records if r["type"].endswith("promoted.v1")]
        self.assertEqual([(p["party"], p["persons"][0]["number"]) for p in promoted], [("TR", 1)])
        self.assertEqual((self.seats()["confirmed"], self.seats()["waiting"]), (4, 0))

        # who may see persons sees answers, nobody else; nothing of it is on a public stream
        answers = self.convene("delegation", "answers", "E1/KZ")
        self.assertEqual(answers.status, OK)
        self.assertIn(SECRET, answers.out)
        self.assertEqual(self.convene("delegation", "answers", "E1/KZ", "--as", "observer").status, DENIED)
        self.assertNotIn(SECRET, json.dumps(records))
        self.assertNotIn(SECRET, json.dumps(self.convene("fetch", "scheduling.events").lines))
        self.assertEqual(self.convene("audit", "verify").status, OK)


    def test_answers_in_files(self):
        """What was answered comes out as columns, and the file goes in again as it is: nothing is lost on the way."""
        form = {"event": "E1", "questions": [
            {"id": "topic", "label": "Topics of interest", "type": "choices",
             "choices": [{"id": "t1", "label": "Water use"}, {"id": "t2", "label": "Soil"}, {"id": "t3", "label": "Air"}]},
            {"id": "diet", "label": "Diet", "type": "text"}]}
        self.assertEqual(self.ask(OK, "scheduling.form.put", form)["code"], "stored")
        wait_for(lambda: self.convene("form", "show", "E1").status == OK, "the form", self.convene)
        path = self.convene.root / "in.csv"
        path.write_text("party,name,capacity,answers.topic,answers.topic.2,answers.diet\n"
                        f"KZ,Person A,delegate,t3,t1,\"=cmd, {SECRET}\"\nUZ,Person B,delegate,t2,,\n")
        done = self.convene("registration", "import", path, "--event", "E1", "--json")
        self.assertEqual(done.status, OK, done.out + done.err)
        exported = self.convene("registration", "export", "E1", "--format", "csv")
        self.assertEqual(exported.status, OK, exported.err)
        rows = list(csv.DictReader(io.StringIO(exported.out)))
        self.assertEqual([(r["party"], r["answers.topic"], r["answers.topic.2"], r["answers.diet"]) for r in rows],
                         [("KZ", "t3", "t1", f"'=cmd, {SECRET}"), ("UZ", "t2", "", "")])
        self.assertEqual(self.convene("request", "withdraw", "-d", json.dumps({"event": "E1", "party": "KZ"})).status, OK)
        again = self.convene.root / "again.csv"
        again.write_text("".join(line for line in exported.out.splitlines(True) if not line.startswith("UZ")))
        done = self.convene("registration", "import", again, "--event", "E1", "--json")
        self.assertEqual(done.status, OK, done.out + done.err)
        held = self.convene("delegation", "answers", "E1/KZ", "--json").json["records"][0]["persons"]
        self.assertEqual([[(a["question"], a["value"]) for a in p["answers"]] for p in held if p["state"] == "confirmed"],
                         [[("topic", "t3"), ("topic", "t1"), ("diet", f"=cmd, {SECRET}")]])
        pdf = self.convene.root / "list.pdf"
        self.assertEqual(self.convene("registration", "export", "E1", "--with-answers", "--output", pdf).status, OK)
        if shutil.which("pdftotext"):
            text = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, text=True, check=True).stdout
            for words in ("Topics of interest: Water use", "Topics of interest: Soil", f"Diet: =cmd, {SECRET}"):
                self.assertIn(words, text)
        else:
            print("skipped: pdftotext is not installed")


if __name__ == "__main__":
    need("convene", "convene-registration", "convene-scheduling", "convene-notifications")
    unittest.main(verbosity=2)
