#!/usr/bin/python3
"""test_gates: badges from the request to the door: issued, printed, read back by another program, scanned at two gates that
know nothing of each other, revoked, scanned again, told, and put together.
SPDX-License-Identifier: Apache-2.0

The verifier here is written from proto/README.md, section 13, with PyNaCl: nothing of ours is in it.
"""
import base64
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
import unicodedata
import unittest
import zlib

from cli_env import BIN, Convene, need, wait_for

try:
    import nacl.exceptions
    import nacl.signing
except ImportError:
    nacl = None
if not nacl or not shutil.which("zbarimg") or not shutil.which("pdftotext"):
    print("skipped: needs python3-nacl, zbar-tools, poppler-utils")
    sys.exit(77)

OK, FAILED, USAGE, PARTIAL, NOTFOUND, REFUSED, UNREACHABLE, DENIED = range(8)
HOUR = 3600 * 1000
NAMES = {("KZ", 1): "Айгерим Садыкова", ("KZ", 2): "Nguyễn Thị Phương Thảo", ("KZ", 3): "محمد الأحمد",
         ("UZ", 1): "Ўктам Ғуломов", ("UZ", 2): "Maximilian-Alexander Bartholomew Featherstonehaugh-Cholmondeley-Marjoribanks"}


def verify(token, keys, event, now):
    """What is wrong with a token, as section 13 says."""
    if len(token) != 149:
        return "malformed", None
    try:
        octets = base64.b32decode(token.upper() + "===")
    except ValueError:
        return "malformed", None
    if octets[0] != 1 or base64.b32encode(octets)[:149].decode() != token.upper():
        return "malformed", None
    number = lambda a, b: int.from_bytes(octets[a:b], "big")
    known = [k for k in keys if k["key"] == number(1, 5)]
    good = None
    for key in known:
        try:
            nacl.signing.VerifyKey(bytes.fromhex(key["public"])).verify(b"convene badge 1\0" + octets[:29], octets[29:])
            good = key
        except nacl.exceptions.BadSignatureError:
            pass
    if not good:
        return ("forged" if known else "unknown_key"), None
    if "revoked_ms" in good:
        return "key_revoked", None
    if good.get("until_ms", now + 1) <= now:
        return "key_expired", None
    if octets[5:13] != hashlib.blake2b(event.encode(), digest_size=32).digest()[:8]:
        return "other_event", None
    if now < number(19, 24) * 1000:
        return "not_yet", None
    return ("good" if now < number(24, 29) * 1000 else "expired"), number(13, 19)


def flip(token, at):
    """One bit of it changed."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    return token[:at] + letters[letters.index(token[at]) ^ 16] + token[at + 1:]


class Gates(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.convene = Convene()
        for name, role in (("gate-north", "gate"), ("gate-south", "gate"), ("focal-kz", "focal_point"), ("focal-uz", "focal_point")):
            assert cls.convene("keys", "add", name, "--role", role).status == OK
        cls.convene.__enter__()
        cls.addClassCleanup(cls.convene.__exit__, None, None, None)
        now = int(time.time() * 1000)
        rules = {"capacity": 20, "guaranteed": 0, "maximum": 10, "waiting": "none", "group": "each", "opens_ms": now - HOUR, "closes_ms": now + 48 * HOUR}
        plan = {
            "parties": [{"code": code, "kind": "member", "name": f"Party {code}"} for code in ("KZ", "UZ")],
            "events": [{"event": e, "title": "Совещание экспертов, Astana", "plan_year": 2025, "line": "unknown", "date_start": "2090-04-15"} for e in ("E1", "E2")],
            "advances": [{"event": e, "to": ["circulated", "adopted", "scheduled"], "decision": "test"} for e in ("E1", "E2")],
            "registrations": [{"event": e} | rules for e in ("E1", "E2")],
        }
        path = cls.convene.root / "plan.json"
        path.write_text(json.dumps(plan))
        assert cls.convene("plan", "import", path, "--json").json["not_ok"] == 0
        wait_for(lambda: all(cls.convene("event", "show", e, "--json").json["event"]["status"] == "open" for e in ("E1", "E2")), "open", cls.convene)
        wait_for(lambda: len(cls.convene("watch", "--once", "--json").json["events"]) == 2, "registration knows the events", cls.convene)
        for party in ("KZ", "UZ"):
            persons = [{"name": name, "capacity": "head" if number == 1 else "delegate"} for (p, number), name in NAMES.items() if p == party]
            for event in ("E1", "E2"):
                cls.convene("request", "register", "-d", json.dumps({"event": event, "party": party, "persons": persons}))
        for event in ("E1", "E2"):
            cls.open(event, now - HOUR, now + 48 * HOUR, "--self-service")

    @staticmethod
    def at(ms):
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ms / 1000))

    @classmethod
    def open(cls, event, start, end, *flags):
        done = cls.convene("badge", "open", event, "--from", cls.at(start), "--until", cls.at(end), *flags)
        assert done.status == OK, done.out + done.err

    def expect(self, status, *args, says="", **kwargs):
        result = self.convene(*args, **kwargs)
        self.assertEqual(result.status, status, result.out + result.err)
        self.assertIn(says, result.out + result.err)
        return result

    def tokens(self, event):
        """(party, number): token, each read by zbar out of its PNG."""
        folder = self.convene.root / f"png-{event}-{time.monotonic_ns()}"
        self.expect(OK, "badge", event, "--format", "png", "--output", folder)
        found = {}
        for path in sorted(folder.iterdir()):
            read = subprocess.run(["zbarimg", "-q", "--raw", str(path)], capture_output=True, text=True, check=False)
            party, number = path.stem.split("-")
            found[party, int(number)] = read.stdout.strip()
        return found

    def keys(self):
        return self.expect(OK, "badge", "keys", "--json").json["badge_keys"]

    def scan(self, status, gate, *args, **kwargs):
        return self.expect(status, "gate", "scan", gate, "--json", *args, **kwargs).lines

    def codes(self, *args, **kwargs):
        return [line["code"] for line in self.scan(*args, **kwargs)]

    def attendance(self, event):
        rows = self.expect(OK, "attendance", event, "--json").json["attendance"]
        return {row["party"]: row for row in rows}

    def test_from_request_to_door(self):
        self.expect(OK, "badge", "issue", "E1", says="5 badges issued; 0 had one before")
        self.expect(OK, "badge", "issue", "E1", says="0 badges issued; 5 had one before")
        tokens = self.tokens("E1")
        self.assertEqual(set(tokens), set(NAMES))
        now = int(time.time() * 1000)
        keys = self.keys()
        badges = {b["badge"]: (b["party"], b["number"]) for b in self.expect(OK, "badge", "list", "E1", "--json").json["badges"]}
        for who, token in tokens.items():  # read back by zbar, verified by another implementation
            code, number = verify(token, keys, "E1", now)
            self.assertEqual((code, badges[number]), ("good", who))
            self.assertEqual(verify(token, keys, "E2", now)[0], "other_event")
            self.assertEqual(verify(token, keys, "E1", now + 49 * HOUR)[0], "expired")
            self.assertEqual(verify(flip(token, 40), keys, "E1", now)[0], "forged")
            for name in NAMES.values():
                self.assertNotIn(name.encode(), base64.b32decode(token + "==="))

        north, south = self.convene.root / "north.gate", self.convene.root / "south.gate"
        self.expect(OK, "gate", "init", north, "--event", "E1", "--gate", "gate-north")
        self.expect(OK, "gate", "init", south, "--event", "E1", "--gate", "gate-south")
        self.assertEqual(self.convene.stop(), 0)  # from here on nobody is there but the gates
        one, two, three = (tokens["KZ", n] for n in (1, 2, 3))
        self.assertEqual(self.codes(PARTIAL, north, one, two, flip(three, 60), "https://example.org"), ["good", "good", "forged", "malformed"])
        again = self.scan(OK, north, one)[0]
        self.assertEqual((again["verdict"], again["code"]), ("warned", "already_inside"))
        self.assertRegex(again["text"], r"at this gate at \d\d:\d\d UTC")
        self.assertEqual(self.codes(OK, south, two), ["good"])  # replayed: this gate cannot know
        self.assertEqual(self.codes(OK, north, two, "--out"), ["good"])
        self.assertEqual(self.codes(OK, south, stdin=f"{three.lower()}\nout\n{three}\nin\n{tokens['UZ', 1]}\n"), ["good"] * 3)
        self.expect(UNREACHABLE, "gate", "sync", south, "--timeout", "300ms")
        status = self.expect(OK, "gate", "status", south, "--json").json
        self.assertEqual((status["scans"], status["untold"], status["badges"], status["revoked"]), (4, 4, 5, 0))

        self.convene.start()
        self.expect(OK, "badge", "revoke", "E1", "UZ", "1", "--reason", "Lost")
        self.expect(REFUSED, "badge", "revoke", "E1", "UZ", "1", "--reason", "Lost", says="no_badge")
        time_of_revocation = max(b.get("revoked_ms", 0) for b in self.expect(OK, "badge", "list", "E1", "--json").json["badges"])
        wait_for(lambda: time.time() * 1000 > time_of_revocation + 5, "the next millisecond")
        self.assertEqual(self.codes(OK, north, tokens["UZ", 1]), ["good"])  # replayed at the other gate, which has not heard
        self.expect(OK, "gate", "sync", north, says="5 scans told")  # forged and strange ones stay
        self.assertEqual(self.codes(REFUSED, north, tokens["UZ", 1]), ["revoked"])
        self.expect(OK, "gate", "sync", south, says="4 scans told")
        self.expect(OK, "gate", "sync", north, says="1 scans told")
        self.expect(OK, "gate", "sync", north, says="0 scans told")

        seen = self.attendance("E1")
        fields = ("came", "inside", "entries", "exits", "repeated", "duplicates", "unmatched", "after_revocation", "refused")
        self.assertEqual([seen["KZ"][f] for f in fields], [3, 1, 3, 2, 1, 1, 0, 0, 0])
        self.assertEqual([seen["UZ"][f] for f in fields], [1, 1, 1, 0, 0, 0, 0, 1, 1])
        scans = self.expect(OK, "attendance", "E1/KZ", "--scans", "--json", "--as", "focal-kz").json["scans"]
        duplicate = [s for s in scans if s["finding"] == "duplicate"]
        self.assertEqual([(s["gate"], s["other"], s["party"], s["number"]) for s in duplicate], [("gate-south", "gate-north", "KZ", 2)])
        self.expect(DENIED, "attendance", "E1/KZ", "--scans", "--as", "focal-uz")
        self.expect(DENIED, "badge", "E1", "--as", "gate-north")
        self.expect(DENIED, "attendance", "E1", "--scans", "--as", "gate-north")
        stream = self.expect(OK, "fetch", "registration.events").out
        for name in NAMES.values():
            self.assertNotIn(name, stream)

    def test_names_in_the_pdf(self):
        self.expect(OK, "badge", "issue", "E2")
        path = self.convene.root / "badges.pdf"
        self.expect(OK, "badge", "E2", "--output", path, says="5 badges in")
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        pages = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, text=True, check=True).stdout.split("\f")
        strip = lambda text: "".join(c for c in unicodedata.normalize("NFKC", text) if not c.isspace() and unicodedata.category(c) != "Cf")
        for (party, number), name, page in zip(NAMES, NAMES.values(), pages):
            # pdftotext turns the two letters of an Arabic ligature round; below is looked at what stands in the file.
            self.assertIn(strip(name).replace("\u0644\u0623", "\u0623\u0644") if number == 3 else strip(name), strip(page).replace("\u0644\u0623", "\u0623\u0644"))
            self.assertIn(f"{party} {number}", " ".join(page.split()))
            self.assertIn("Совещание", page)
        streams = []
        for stream in re.findall(rb"stream\r?\n(.*?)endstream", path.read_bytes(), re.S):
            try:
                streams.append(zlib.decompress(stream.strip(b"\r\n")))
            except zlib.error:  # not all are compressed
                pass
        self.assertTrue(any(b"/ActualText <feff06440623>" in s for s in streams), "the ligature stands for its letters in their order")
        self.expect(OK, "badge", "E2", "KZ", "--as", "focal-kz", "--output", self.convene.root / "kz.pdf", says="3 badges")
        self.expect(DENIED, "badge", "E2", "KZ", "--as", "focal-uz", "--output", self.convene.root / "no.pdf")
        self.expect(OK, "badge", "E2", "UZ", "2", "--format", "png", "--output", self.convene.root / "one.png", says="1 badges")
        self.expect(NOTFOUND, "badge", "E9")
        self.expect(USAGE, "badge", "E2", "--format", "gif", says="pdf or png")
        # A folder that cannot be made whole is not made; a file that is there already stays as it was.
        (self.convene.root / "taken").mkdir()
        self.expect(REFUSED, "badge", "E2", "--format", "png", "--output", self.convene.root / "taken", says="is there already")
        self.expect(FAILED, "badge", "E2", "--output", self.convene.root / "nowhere" / "x.pdf")
        self.assertFalse([p.name for p in self.convene.root.iterdir() if ".part" in p.name or p.name == "no.pdf"])

    def test_rotation(self):
        self.expect(OK, "badge", "issue", "E2")
        before = self.tokens("E2")["KZ", 1]
        old = next(k for k in self.keys() if k.get("is_current"))
        self.expect(OK, "badge", "key", "rotate", says="key_rotated")
        after = self.tokens("E2")["KZ", 1]
        self.assertNotEqual(before, after)
        now = int(time.time() * 1000)
        self.assertEqual([verify(t, self.keys(), "E2", now) for t in (before, after)], [verify(before, self.keys(), "E2", now)] * 2)
        gate = self.convene.root / "rotation.gate"
        self.expect(OK, "gate", "init", gate, "--event", "E2", "--gate", "gate-north")
        self.assertEqual([s["verdict"] for s in self.scan(OK, gate, before, after)], ["admitted", "warned"])  # one badge, two prints
        self.expect(OK, "badge", "key", "revoke", str(old["key"]), "--reason", "The disk was stolen")
        self.expect(REFUSED, "badge", "key", "revoke", str(old["key"]), "--reason", "again", says="revoked already")
        self.expect(OK, "gate", "sync", gate)
        self.assertEqual(self.codes(PARTIAL, gate, before, after), ["key_revoked", "already_inside"])
        # The key in use can be revoked as well: another one signs at once, and after a restart too.
        current = next(k for k in self.keys() if k.get("is_current"))
        self.expect(OK, "badge", "key", "revoke", str(current["key"]), "--reason", "Stolen too")
        self.convene.stop()
        self.convene.start()
        last = self.tokens("E2")["KZ", 1]
        self.assertEqual(verify(last, self.keys(), "E2", now)[0], "good")
        self.assertEqual(verify(after, self.keys(), "E2", now)[0], "key_revoked")
        self.assertEqual(self.codes(REFUSED, gate, last), ["unknown_key"])
        lines = self.expect(OK, "gate", "scan", gate, "--json", stdin=f"sync\n{last}\n").out.splitlines()  # without leaving
        self.assertEqual(json.loads(lines[-1])["code"], "already_inside")
        file = self.convene.data / "registration.badge-keys"
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)

    def test_killed_gate_loses_nothing(self):
        self.expect(OK, "badge", "issue", "E2")
        tokens = list(self.tokens("E2").values())
        gate = self.convene.root / "killed.gate"
        self.expect(OK, "gate", "init", gate, "--event", "E2", "--gate", "gate-south")
        answered = 0
        for _ in range(3):
            process = subprocess.Popen([str(BIN / "convene"), "gate", "scan", str(gate), "--json", *self.convene.flags], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for i in range(7):
                process.stdin.write(tokens[i % len(tokens)] + "\n")
                process.stdin.flush()
                answered = json.loads(process.stdout.readline())["sequence"]
            process.stdin.write(tokens[0] + "\n")  # one on its way
            process.stdin.flush()
            process.send_signal(signal.SIGKILL)
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                try:
                    pipe.close()
                except BrokenPipeError:
                    pass
            self.assertGreaterEqual(self.expect(OK, "gate", "status", gate, "--json").json["scans"], answered)
        self.expect(OK, "gate", "sync", gate)
        scans = self.expect(OK, "attendance", "E2", "--scans", "--json").json["scans"]
        told = {s["sequence"] for s in scans if s["run"] == self.expect(OK, "gate", "status", gate, "--json").json["run"]}
        self.assertLessEqual(set(range(1, answered + 1)), told)

    def test_who_may(self):
        self.expect(OK, "badge", "issue", "E2", "KZ", "--as", "focal-kz")
        self.expect(DENIED, "badge", "issue", "E2", "KZ", "--as", "focal-uz")
        self.expect(DENIED, "badge", "issue", "E2", "--as", "focal-kz")
        self.expect(DENIED, "badge", "key", "rotate", "--as", "focal-kz")
        self.expect(REFUSED, "badge", "open", "E2", "--from", "2026-01-02T00:00:00Z", "--until", "2026-01-01T00:00:00Z", says="period_inconsistent")
        self.expect(REFUSED, "badge", "issue", "E2", "KZ", "77", says="not_registered")
        self.expect(USAGE, "gate", "init", self.convene.root / "x.gate", "--event", "E2")
        self.expect(NOTFOUND, "gate", "scan", self.convene.root / "nothing.gate", "A")
        gate = self.convene.root / "copy.gate"
        self.expect(OK, "gate", "init", gate, "--event", "E2", "--gate", "gate-north")
        self.expect(REFUSED, "gate", "init", gate, "--event", "E1", "--gate", "gate-north", says="already")


if __name__ == "__main__":
    need("convene", "convene-registration", "convene-scheduling", "convene-notifications")
    os.environ.setdefault("LC_ALL", "C.UTF-8")
    pathlib.Path(os.environ.get("XDG_CACHE_HOME", "/tmp")).mkdir(parents=True, exist_ok=True)
    unittest.main()
