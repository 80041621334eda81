#!/usr/bin/python3
"""test_cli_usage: the command line without any service: usage errors, exit codes, help, JSON, checks before sending.
SPDX-License-Identifier: Apache-2.0
"""
import json
import pathlib
import re
import tempfile
import unittest

from cli_env import SOURCE, need, run

OK, FAILED, USAGE, PARTIAL, NOTFOUND, REFUSED, UNREACHABLE, DENIED = range(8)


class Usage(unittest.TestCase):
    def expect(self, status, *args, says="", **kwargs):
        result = run(*args, **kwargs)
        self.assertEqual(result.status, status, result.out + result.err)
        self.assertIn(says, result.out + result.err)
        return result

    def test_help(self):
        overview = self.expect(OK)
        for word in ("up", "request", "event list", "keys add", "restore", "Examples"):
            self.assertIn(word, overview.out)
        self.assertEqual(run("help").out, overview.out)
        self.assertEqual(run("--help").out, overview.out)
        self.expect(OK, "--version", says="convene ")
        for command in ("up", "request", "event show", "keys add", "fetch"):
            by_help = self.expect(OK, "help", *command.split(), says=f"convene {command}")
            self.assertEqual(by_help.out, run(*command.split(), "--help").out)
        commands = set(re.findall(r"^  ([a-z]+(?: [a-z]+)?)(?=  | [A-Z\[])", overview.out[:overview.out.index("Examples")], re.M))
        groups = {command.split()[0] for command in commands if " " in command} - commands
        self.assertGreater(len(groups), 5)
        for group in sorted(groups):
            by_help = self.expect(OK, group, "--help", says=f"convene {group} ...: one of these")
            if group != "config":  # which is a topic of its own
                self.assertEqual(by_help.out, self.expect(OK, "help", group).out)
            self.assertEqual(by_help.out, self.expect(OK, group, "-h").out)
            for command in commands:
                self.assertEqual(f"  {command} " in by_help.out, command.startswith(f"{group} "), command)
        self.expect(USAGE, "notice", says="needs a second word")
        self.expect(OK, "help", "config", says="registration/endpoint")
        self.expect(OK, "help", "requests", says="convene.registration.register.v1")

    def test_exit_codes_are_documented(self):
        codes = {row["status"]: row["meaning"] for row in self.expect(OK, "help", "exit-codes", "--json").json["exit_codes"]}
        self.assertEqual(sorted(codes), [0, 1, 2, 3, 4, 5, 6, 7, 130])
        text = self.expect(OK, "help", "exit-codes").out
        for status, meaning in codes.items():
            self.assertIn(f"{status:4}  {meaning}", text)

    def test_wrong_commands(self):
        self.expect(USAGE, "evnt", "list", says='did you mean "event list"?')
        self.expect(USAGE, "event", says="event list, event show")
        self.expect(USAGE, "sing", says="convene help")
        self.expect(USAGE, "help", "sing", says="there is no command")
        self.expect(USAGE, "event", "show", says="convene event show EVENT")
        self.expect(USAGE, "event", "show", "a", "b", says="too many")
        self.expect(USAGE, "event", "list", "--statu5", "open", says="did you mean --status?")
        self.expect(USAGE, "event", "list", "--status", says="needs a value")
        self.expect(USAGE, "event", "list", "-Z", says="-Z")
        self.expect(USAGE, "status", "--json=1", says="takes no value")
        self.expect(USAGE, "status", "--timeout", "soon", says="must be a time like")
        self.expect(USAGE, "status", "--conf", "registration/endpont=x", says="registration/endpoint")
        self.expect(USAGE, "up", "--exit", says="--sample")
        self.expect(USAGE, "up", "--sample", "nato", says="cica")
        self.expect(USAGE, "fetch", "everything", says="registration.events")
        self.expect(USAGE, "delegation", "show", "E1", says="EVENT/PARTY")
        self.expect(USAGE, "explain", "E1", says="EVENT/PARTY")
        self.expect(USAGE, "request", "show", "7", says="UUID")
        self.expect(USAGE, "backup", "everything", "/tmp/x", says="registration, scheduling or notifications")
        self.expect(NOTFOUND, "restore", "registration", "/nowhere/file", says="/nowhere/file")

    def test_json_errors(self):
        for args, status in ((("evnt",), USAGE), (("event", "show", "--json"), USAGE), (("request", "show", "7"), USAGE)):
            result = run(*args, "--json")
            self.assertEqual(result.status, status)
            self.assertEqual(result.json["schema"], "convene.cli.error.v1")
            self.assertEqual(result.json["error"]["status"], status)
            self.assertTrue(result.err.startswith("convene: "))

    def test_no_colour_when_asked(self):
        forced = {"CLICOLOR_FORCE": "1", "TERM": "xterm"}
        self.assertIn("\033[", run("help", env=forced).out)
        self.assertNotIn("\033[", run("help", env=forced | {"NO_COLOR": "1"}).out)
        self.assertNotIn("\033[", run("help", "--no-color", env=forced).out)
        self.assertNotIn("\033[", run("help", env=forced | {"TERM": "dumb"}).out)
        self.assertNotIn("\033[", run("help").out)  # no terminal

    def test_request_types(self):
        self.expect(USAGE, "request", "put", "-n", says="can mean")
        self.expect(USAGE, "request", "registr", "-n", says="there is no request type")
        self.expect(USAGE, "request", "registration.registr", "-n", says="did you mean registration.register")
        for name in ("register", "registration.register", "registration.register.v1", "convene.registration.register.v1"):
            self.expect(USAGE, "request", name, "-n", says="is missing")

    def test_dry_run(self):
        good = self.expect(OK, "request", "register", "-n", "-s", "event=E1", "-s", "party=KZ", "-s", "persons[0].name=A. B.", "-s", "persons[0].capacity=head",
                           "-s", "contact.name=C. D.", "-s", "contact.email=c@example.org", "--json").json
        self.assertEqual(good["data"]["contact"]["email"], "c@example.org")
        self.assertEqual(good["data"]["persons"], [{"name": "A. B.", "capacity": "head"}])
        # Numbers, lists and truth values are read as what the schema wants; texts that look like numbers stay texts.
        rules = self.expect(OK, "request", "event.registration", "-n", "--json", "-s", "event=2025", "-s", "capacity=12", "-s", "guaranteed=0", "-s", "maximum=3",
                            "-s", "waiting=none", "-s", "group=each", "-s", "opens_ms=1", "-s", "closes_ms=2", "-s", "online_takes_seat=false",
                            "-s", 'audience=["member"]').json["data"]
        self.assertEqual((rules["event"], rules["capacity"], rules["online_takes_seat"], rules["audience"]), ("2025", 12, False, ["member"]))
        bad = (("data.event", "event=a b"), ("data.party", "party=kz"), ("evnt", "evnt=E1"), ("persons[0].nam", "persons[0].nam=x"))
        base = ["event=E1", "party=KZ", "persons[0].name=A", "persons[0].capacity=head"]
        for field, change in bad:
            flags = [x for text in [*base, change] for x in ("-s", text)]
            result = self.expect(USAGE, "request", "register", "-n", "--json", *flags)
            self.assertEqual((result.json["class"], result.json["fault"]["field"]), ("INVALID", field))
        self.expect(USAGE, "request", "register", "-n", "-s", "event", says="FIELD=VALUE")
        self.expect(USAGE, "request", "register", "-n", "--id", "7", says="UUID")
        self.expect(USAGE, "request", "register", "-n", "--data-json", "[1]", says="no JSON object")
        self.expect(NOTFOUND, "request", "register", "-n", "--lines", "/nowhere/file", says="/nowhere/file")
        self.expect(USAGE, "request", "register", "-n", "--lines", "-", "--csv", "-", says="exclude")

    def test_many_are_reported_line_by_line(self):
        lines = "\n".join(['{"event":"E1","party":"KZ"}', "", "[]", '{"event":"E1"}', '{"data":{"event":"E1","party":"UZ"},"type":"x"}', "{"])
        result = self.expect(PARTIAL, "request", "decline", "-n", "--lines", "-", "--json", stdin=lines)
        self.assertEqual([line["line"] for line in result.lines], [3, 4, 5, 6])
        self.assertTrue(all(line["schema"] == "convene.cli.outcome-line.v1" and line["class"] == "INVALID" for line in result.lines))
        self.assertIn("1 of 5 fit", result.err)

    def test_csv(self):
        header = "\ufeffparty,order,name,email\r\n"
        good = header + 'KZ,1,"Contact, ""first""",a@example.org\r\n\r\nUZ,2,"two\nlines",b@example.org'
        result = self.expect(PARTIAL, "request", "recipient.put", "-n", "--csv", "-", "--json", stdin=good)
        self.assertEqual([(line["line"], line["fault"]["field"]) for line in result.lines], [(4, "data.name")])  # no line feed in a name
        for rows, says in (("KZ,1,x\n", "3 cells"), ('KZ,1,"x"y,a@example.org\n', "closing quote"), ('KZ,1,"x\n', "not closed")):
            self.expect(USAGE, "request", "recipient.put", "-n", "--csv", "-", stdin=header + rows, says=says)
        # A quote that is not closed swallows the rest: that is said, and not only that one row is wrong.
        self.expect(PARTIAL, "request", "recipient.put", "-n", "--csv", "-", stdin=header + 'KZ,1,x,a@example.org\nUZ,1,"x,a@example.org\nKG,1,x,b@example.org\n',
                    says="from line 3 on was not read")
        self.expect(USAGE, "request", "recipient.put", "-n", "--csv", "-", stdin="party,party\n", says="twice")
        self.expect(USAGE, "request", "recipient.put", "-n", "--csv", "-", stdin="", says="header")

    def test_plan_files(self):
        sample = SOURCE / "services/cli/sample"
        facts = self.expect(OK, "plan", "import", sample / "cica-plan.json", "--dry-run", "--json").json
        self.assertEqual((facts["dry_run"], facts["not_ok"], facts["lists"]["events"]["ok"]), (True, 0, 32))
        self.expect(OK, "plan", "import", sample / "exercise.json", "-n", says="nothing was sent")
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "plan.json")
            path.write_text(json.dumps({"parties": [{"code": "KZ", "kind": "member", "name": "K"}, {"code": "kz", "kind": "member", "name": "K"}]}))
            self.expect(PARTIAL, "plan", "import", path, "-n", says="parties[1]: data.code")
            path.write_text("{\n x")
            self.expect(USAGE, "plan", "import", path, "-n", says="line 2")
        self.expect(NOTFOUND, "plan", "import", "/nowhere/plan.json")

    def test_keys(self):
        with tempfile.TemporaryDirectory() as folder:
            data = ("--data", folder)
            self.expect(NOTFOUND, "status", *data, says="keys make")
            self.assertEqual(self.expect(OK, "keys", "make", *data, "--json").json["made"], 9)
            self.assertEqual(self.expect(OK, "keys", "make", *data, "--json").json["made"], 0)
            self.expect(OK, "keys", "add", "focal-kz", *data)
            self.expect(REFUSED, "keys", "add", "focal-kz", *data, says="never overwritten")
            self.expect(USAGE, "keys", "add", "somebody", *data, says="--party")
            self.expect(USAGE, "keys", "add", "somebody", "--role", "king", *data, says="secretariat")
            self.expect(USAGE, "keys", "add", "Some/Body", "--role", "observer", *data)
            self.expect(OK, "keys", "add", "portal", "--role", "publisher", *data)
            listed = {k["name"]: (k["role"], k["party"]) for k in self.expect(OK, "keys", "list", *data, "--json").json["keys"]}
            self.assertEqual((listed["focal-kz"], listed["portal"], len(listed)), (("focal_point", "KZ"), ("publisher", ""), 10))
            for secret in pathlib.Path(folder, "keys").glob("*.secret"):
                self.assertEqual(secret.stat().st_mode & 0o777, 0o600)

    def test_nobody_there(self):
        with tempfile.TemporaryDirectory() as folder:
            run("keys", "make", "--data", folder)
            flags = ["--data", folder, "--timeout", "200ms"]
            for service in ("registration", "scheduling", "notifications"):
                flags += ["--conf", f"{service}/endpoint=ipc://{folder}/{service}"]
            for command in (("status",), ("event", "list"), ("delegation", "show", "E/KZ"), ("fetch", "scheduling.events"), ("watch", "--once"), ("backup", "registration", f"{folder}/b")):
                self.expect(UNREACHABLE, *command, *flags)
            result = self.expect(UNREACHABLE, "request", "decline", "-s", "event=E1", "-s", "party=KZ", *flags, "--json")
            self.assertEqual(result.json["class"], "TIMEOUT")
            self.assertEqual(len(result.json["id"]), 36)
            self.assertFalse(self.expect(UNREACHABLE, "status", *flags, "--json").json["healthy"])


if __name__ == "__main__":
    need("convene")
    unittest.main(verbosity=1)
