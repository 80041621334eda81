#!/usr/bin/python3
"""test_cli_patience: what `convene request` says when its time is over: the last answer that it heard.
SPDX-License-Identifier: Apache-2.0

The service is played by the test: it loses the first copy of each request and answers the later ones as its script says.
"""
import json
import pathlib
import signal
import subprocess
import tempfile
import threading
import unittest

import zmq

import cvwire
from cli_env import BIN, need, run, wait_for

OK, FAILED, USAGE, PARTIAL, NOTFOUND, REFUSED, UNREACHABLE, DENIED = range(8)
INTERRUPTED = 130


class Scripted(threading.Thread):
    """Answers the n-th copy of a request with the n-th of its answers: a class, or None for silence; the last goes on."""

    def __init__(self, endpoint):
        super().__init__(daemon=True)
        self.script, self.heard, self.running = {}, {}, True
        self.context = zmq.Context()
        self.intake, self.feed = self.context.socket(zmq.SUB), self.context.socket(zmq.XPUB)
        self.intake.bind(f"{endpoint}.intake")
        self.intake.subscribe(b"request.registration|")
        self.feed.bind(f"{endpoint}.feed")

    def run(self):
        while self.running:
            if not self.intake.poll(20):
                continue
            for octets in cvwire.split(self.intake.recv_multipart()[1]):
                self.answer(cvwire.unpack(octets))

    def answer(self, request):
        event = request["data"]["event"]
        self.heard[event] = self.heard.get(event, 0) + 1
        answers = self.script.get(event, [None])
        answer = answers[min(self.heard[event], len(answers)) - 1]
        if answer:
            outcome = cvwire.message("convene.outcome.v1", {"class": answer, "code": f"{answer.lower()}_code", "text": f"It is {answer}."},
                                     causationid=request["id"], source="/convene/registration")
            self.feed.send_multipart([f"outcome.local.{request['inbox']}|".encode(), cvwire.pack(outcome)])

    def close(self):
        self.running = False
        self.join()
        self.context.destroy(linger=0)


class Patience(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.service = Scripted(f"ipc://{self.root}/registration")
        self.addCleanup(self.service.close)
        self.service.start()
        self.flags = ["--data", self.root, "--conf", "security=none"]
        for service in ("registration", "scheduling", "notifications"):
            self.flags += ["--conf", f"{service}/endpoint=ipc://{self.root}/{service}"]

    def decline(self, status, event, *flags, answers, says=""):
        self.service.script[event] = answers
        result = run("request", "decline", "-s", f"event={event}", "-s", "party=KZ", "--timeout", "900ms", *self.flags, *flags)
        self.assertEqual(result.status, status, result.out + result.err)
        self.assertIn(says, result.out)
        return result

    def test_one_request(self):
        self.decline(NOTFOUND, "E1", answers=["NOTFOUND"], says="NOTFOUND notfound_code: It is NOTFOUND.")
        self.assertEqual(self.service.heard["E1"], 1)  # the only copy: no need to wait
        self.decline(NOTFOUND, "E2", answers=[None, "NOTFOUND"], says="NOTFOUND notfound_code: It is NOTFOUND.")
        self.assertGreater(self.service.heard["E2"], 2)
        self.decline(FAILED, "E3", answers=[None, "NOTFOUND", "INTERNAL"], says="INTERNAL internal_code: It is INTERNAL.")
        self.decline(NOTFOUND, "E4", answers=[None, "INTERNAL", "NOTFOUND"], says="NOTFOUND notfound_code")
        self.decline(UNREACHABLE, "E5", answers=["UNAVAILABLE"], says="UNAVAILABLE unavailable_code: It is UNAVAILABLE.")
        self.decline(UNREACHABLE, "E6", answers=[None, "NOTFOUND", "UNAVAILABLE"], says="UNAVAILABLE unavailable_code")
        self.decline(OK, "E7", answers=[None, "NOTFOUND", "OK"], says="OK ok_code")
        self.decline(UNREACHABLE, "E8", answers=[None], says="TIMEOUT no outcome in time; ask again with --id ")

    def test_json(self):
        said = self.decline(NOTFOUND, "E1", "--json", answers=[None, "NOTFOUND"]).json
        self.assertEqual((said["class"], said["outcome"]["data"]["code"]), ("NOTFOUND", "notfound_code"))
        said = self.decline(UNREACHABLE, "E2", "--json", answers=["BUSY"]).json
        self.assertEqual((said["class"], said["outcome"]["data"]["code"]), ("BUSY", "busy_code"))
        said = self.decline(UNREACHABLE, "E3", "--json", answers=[None]).json
        self.assertEqual((said["class"], "outcome" in said), ("TIMEOUT", False))

    def lines(self, status, script, *flags):
        self.service.script = script
        path = self.root / "lines"
        path.write_text("".join(json.dumps({"event": event, "party": "KZ"}) + "\n" for event in script))
        result = run("request", "decline", "--lines", path, "--json", "--timeout", "900ms", *self.flags, *flags)
        self.assertEqual(result.status, status, result.out + result.err)
        return {line["line"]: line["class"] for line in result.lines if "line" in line}, result.err

    def test_lines(self):
        """Each line has its own last answer; one that was not found does not end an ordered run, silence does."""
        classes, _ = self.lines(PARTIAL, {"E1": ["OK"], "E2": [None, "NOTFOUND"], "E3": [None], "E4": ["BUSY"]})
        self.assertEqual(classes, {1: "OK", 2: "NOTFOUND", 3: "TIMEOUT", 4: "BUSY"})
        classes, _ = self.lines(PARTIAL, {"F1": [None, "NOTFOUND"], "F2": ["OK"]}, "--in-order")
        self.assertEqual(classes, {1: "NOTFOUND", 2: "OK"})
        classes, err = self.lines(PARTIAL, {"G1": ["OK"], "G2": [None], "G3": ["OK"], "G4": ["OK"]}, "--in-order")
        self.assertEqual(classes, {1: "OK", 2: "TIMEOUT"})
        self.assertIn("line 3", err)
        self.assertNotIn("G3", self.service.heard)

    def test_outbox(self):
        """What ended without an outcome is asked again by the next who opens the outbox; what ended with one is not."""
        outbox = self.root / "out.db"
        self.decline(UNREACHABLE, "E1", "--outbox", outbox, answers=[None])
        self.decline(NOTFOUND, "E2", "--outbox", outbox, answers=[None, "NOTFOUND"])
        heard = dict(self.service.heard)
        self.decline(NOTFOUND, "E3", "--outbox", outbox, answers=[None, "NOTFOUND"])
        self.assertGreater(self.service.heard["E1"], heard["E1"])
        self.assertEqual(self.service.heard["E2"], heard["E2"])
        # Who does what TIMEOUT says, with the same outbox, gets the answer of the request that is kept there.
        flags = ["--outbox", outbox, "--id", "01997b2e-0000-7000-8000-0000000000AA"]
        self.decline(UNREACHABLE, "E4", *flags, answers=[None])
        self.decline(OK, "E4", *flags, answers=["OK"], says="OK ok_code")


class Stopped(unittest.TestCase):
    def test_up_while_it_waits(self):
        """Ctrl-C before the services are ready: stopped, not failed."""
        with tempfile.TemporaryDirectory() as folder:
            args = [str(BIN / "convene"), "up", "--data", folder]
            for service in ("registration", "scheduling", "notifications"):
                args += ["--conf", f"{service}/bind=ipc://{folder}/{service}", "--conf", f"{service}/endpoint=ipc://{folder}/nobody"]
            args += ["--conf", "dashboard/http=none"]
            log = pathlib.Path(folder) / "log" / "notifications.log"
            with subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as up:
                wait_for(lambda: log.exists() and b"ready" in log.read_bytes(), "the services run")
                up.send_signal(signal.SIGINT)
                said = up.communicate(timeout=60)[0]
            self.assertEqual(up.returncode, INTERRUPTED, said)


if __name__ == "__main__":
    need("convene", "convene-registration", "convene-scheduling", "convene-notifications")
    unittest.main(verbosity=1)
