#!/usr/bin/python3
# The desk shows names to whom they belong and to nobody else, for as long as a link is good, and leaves no trace but registration's.
# SPDX-License-Identifier: Apache-2.0
import concurrent.futures
import http.client
import json
import os
import re
import subprocess
import sys
import time
from urllib.parse import urlsplit

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import dashboard
import world
from dashboard import Answer, fetch, kind
from deployment import Case, main, wait_for

OK, USAGE, NOTFOUND, REFUSED = 0, 2, 4, 5


class Desk(Case):
    def setUp(self):
        self.d = self.deployment("tcp")
        self.d.add_principal("dashboard-desk", "service").write_secret(self.d.keys)
        dashboard.add_dashboard(self.d, **{"dashboard/desk": "127.0.0.1:0"})
        self.office = self.d.publisher("office")
        world.put_parties(self.office)
        world.open_event(self.d, self.office, "E1", world.rules(20, maximum=10))
        for party in ("KZ", "AZ"):
            world.decide(self.office, "registration.register", world.delegation("E1", party, 2))

    def convene(self, *args, status=OK):
        flags = [f for name, value in self.d.settings.items() for f in ("--conf", f"{name}={value}")]
        done = subprocess.run([os.path.join(self.d.bin, "convene"), *args, *flags], capture_output=True, text=True, timeout=60, check=False,
                              env={k: v for k, v in os.environ.items() if not k.startswith("CONVENE_")})
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    @property
    def url(self):
        return [e for e in self.d.dashboard.log_events() if e["event"] == "desk_ready"][-1]["url"]

    def get(self, path, cookie=None, **headers):
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
        try:
            headers |= {"Cookie": f"other=1; {cookie}; more=2"} if cookie else {}
            connection.request("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})
            answer = Answer(connection.getresponse())
        finally:
            connection.close()
        self.assertEqual(answer.headers["Cache-Control"], "no-store", path)
        self.assertEqual(answer.headers["Referrer-Policy"], "no-referrer", path)
        return answer

    def link(self, name, *args):
        """The path of a link."""
        document = json.loads(self.convene("dashboard", "link", "--as", name, "--url", self.url, "--json", *args).stdout)
        self.assertTrue(document["url"].startswith(self.url + "desk/in?t="), document)
        return "/" + document["url"][len(self.url):]

    def enter(self, path, **headers):
        """Presses the button that a link shows."""
        shown = self.get(path, **headers)
        self.assertEqual(shown.status, 200, shown.text)
        self.assertNotIn("Set-Cookie", shown.headers)
        self.assertIn('action="/desk/enter"', shown.text)
        return self.get(path.replace("/desk/in", "/desk/enter"), **headers)

    def sign_in(self, name, *args):
        path = self.link(name, *args)
        answer = self.enter(path)
        self.assertEqual(answer.status, 200, answer.text)
        cookie = answer.headers["Set-Cookie"]
        for part in ("HttpOnly", "SameSite=Strict", "Path=/desk", "Max-Age="):
            self.assertIn(part, cookie)
        self.assertNotIn("Secure", cookie)
        self.assertIn("url=/desk", answer.text)
        self.assertNotIn(path.split("=")[1], answer.text, "the pass is not on the page")
        return cookie.split(";")[0]

    def used(self, path):
        """Whether a link is refused as used, with what to do."""
        answers = [self.get(where) for where in (path, path.replace("/desk/in", "/desk/enter"))]
        for answer in answers:
            self.assertNotIn("Set-Cookie", answer.headers)
        return all(answer.status == 401 and "a link signs in once. Ask for another" in answer.text for answer in answers)

    def test_a_link_signs_in_once(self):
        path = self.link("kz")
        entry = path.replace("/desk/in", "/desk/enter")
        # Who looks at a link before its reader does, a mail filter or a preview, uses nothing up.
        for method, where, status in (("GET", path, 200), ("HEAD", path, 200), ("HEAD", entry, 405), ("POST", entry, 405)):
            parts = urlsplit(self.url)
            connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
            connection.request(method, where)
            answer = connection.getresponse()
            self.assertEqual((answer.status, answer.getheader("Set-Cookie")), (status, None), method)
            connection.close()
        self.assertIn("as kz", self.get(path).text)
        # Two presses at the same instant: one session.
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: self.get(entry), range(8)))
        self.assertEqual(sorted(answer.status for answer in answers), [200] + 7 * [401])
        cookie = next(answer for answer in answers if answer.status == 200).headers["Set-Cookie"].split(";")[0]
        self.assertTrue(self.used(path))
        self.assertNotIn(path.split("=")[1], cookie, "the cookie is not the link")
        self.assertEqual(self.get("/desk", "convene_desk=" + path.split("=")[1]).status, 401, "the link is not a cookie")
        # It is still used, and the session still good, after the process was killed, without the view's file, and a day of the link later.
        self.d.dashboard.kill()
        os.remove(os.path.join(self.d.data, "dashboard.db"))
        self.d.dashboard.start()
        self.assertIn("KZ person 1", wait_for(lambda: (a := self.get("/desk/event/E1", cookie)).status == 200 and a, "the session goes on").text)
        self.assertTrue(self.used(path))
        # Out is out, for who kept the cookie too; and the link does not come back.
        self.assertEqual(self.get("/desk/out", cookie).status, 200)
        self.assertEqual(self.get("/desk", cookie).status, 401)
        self.assertTrue(self.used(path))
        secure = self.enter(self.link("kz"), X_Forwarded_Proto="https")
        self.assertIn("; Secure", secure.headers["Set-Cookie"])

    def test_without_its_file_no_old_link_is_good(self):
        cookie, unused = self.sign_in("kz"), self.link("kz")
        self.d.dashboard.stop()
        for name in os.listdir(self.d.data):
            if name.startswith("dashboard-sessions.db"):
                os.remove(os.path.join(self.d.data, name))
        self.d.dashboard.start()
        self.assertEqual(self.get("/desk", cookie).status, 401)
        self.assertEqual(self.get(unused).status, 401)
        self.assertIn("has ended", self.get(unused).text)
        self.sign_in("kz")

    def test_the_list_and_taking_back(self):
        convene = lambda *args, **kwargs: self.convene("dashboard", *args, "--url", self.url, **kwargs).stdout
        kz, az, unused = self.sign_in("kz", "--hours", "2"), self.sign_in("az"), self.link("kz")
        listed = json.loads(convene("sessions", "--json"))["sessions"]
        self.assertEqual([one["name"] for one in listed], ["az", "kz"])
        self.assertEqual(list(listed[0]), ["name", "begun", "until"], "no cookie, nothing else")
        self.assertIn("kz", convene("sessions"))
        self.assertIn("1 sessions ended", convene("revoke", "kz"))
        self.assertEqual((self.get("/desk", kz).status, self.get("/desk", az).status, self.get(unused).status), (401, 200, 401))
        self.assertEqual([one["name"] for one in json.loads(convene("sessions", "--json"))["sessions"]], ["az"])
        kz = self.sign_in("kz")
        self.assertEqual(json.loads(convene("revoke", "--all", "--json"))["ended"], 2)
        self.assertEqual((self.get("/desk", kz).status, self.get("/desk", az).status), (401, 401))
        convene("revoke", status=USAGE)
        convene("revoke", "kz", "--all", status=USAGE)
        # An order is for who holds the key: no session, no link and no other key gives one.
        kz, path = self.sign_in("kz"), self.link("kz")
        for order in (path.split("t=")[1], kz.split("=")[1], "", "x"):
            self.assertEqual(self.get(f"/desk/order?t={order}", kz).status, 401)
        self.d.settings["dashboard/link_key"] = os.path.join(self.d.root, "another.links")
        convene("sessions", status=1)
        del self.d.settings["dashboard/link_key"]
        self.assertEqual(self.get("/desk", kz).status, 200)

    def test_a_file_that_cannot_be_used(self):
        self.d.dashboard.stop()
        path = os.path.join(self.d.data, "dashboard-sessions.db")
        for name in [path, path + "-wal", path + ".lock"]:
            if os.path.exists(name):
                os.remove(name)
        os.mkdir(path)
        self.d.dashboard.start()
        link = self.link("kz")
        answer = self.get(link.replace("/desk/in", "/desk/enter"))
        self.assertEqual((answer.status, answer.headers.get("Set-Cookie")), (503, None))
        self.assertNotIn(self.d.data, answer.text)
        self.assertTrue([e for e in self.d.dashboard.log_events() if e["event"] == "desk_closed"])
        self.assertEqual(fetch(self.d, "/").status, 200)
        os.rmdir(path)
        self.get("/desk")  # makes it
        self.sign_in("kz")

    def test_everybody_sees_their_own(self):
        kz, az, office = (self.sign_in(name) for name in ("kz", "az", "office"))
        own = self.get("/desk/event/E1", kz)
        self.assertEqual(own.status, 200, own.text)
        self.assertIn("KZ person 1", own.text)
        self.assertIn("desk@kz.example", own.text)
        self.assertNotIn("AZ person", own.text)
        self.assertIn("AZ person 2", self.get("/desk/event/E1", az).text)
        for cookie, path in ((kz, "/desk/event/E1/AZ"), (az, "/desk/event/E1/KZ"), (kz, "/desk/event/E1/az")):
            answer = self.get(path, cookie)
            self.assertEqual(answer.status, 403, path)
            self.assertNotIn("person", answer.text.lower().replace("personal", ""))
        parties = self.get("/desk/event/E1", office)
        self.assertEqual(re.findall(r"/desk/event/E1/([A-Z]+)", parties.text), ["AZ", "KZ"])
        self.assertNotIn("KZ person", parties.text)
        self.assertIn("KZ person 1", self.get("/desk/event/E1/KZ?lang=ru", office).text)
        self.assertIn("Meeting E1", self.get("/desk", kz).text)
        plan = self.get("/desk/plan?lang=ru", kz)
        self.assertEqual((plan.status, self.get("/desk/plan").status), (200, 401))
        for words in ("План в работе", "Meeting E1"):
            self.assertIn(words, plan.text)
        for path in ("/desk/event/E9", "/desk/event/E1/XX", "/desk/x", "/", "/api/view"):
            self.assertEqual(self.get(path, office).status, 404, path)
        out = self.get("/desk/out", kz)
        self.assertIn("Max-Age=0", out.headers["Set-Cookie"])
        self.assertEqual(self.get("/desk/style.css").status, 200)

    def test_readings_say_for_whom(self):
        kz, office = self.sign_in("kz"), self.sign_in("office")
        self.get("/desk", kz)
        self.get("/desk/event/E1", kz)
        self.get("/desk/event/E1/AZ", kz)
        self.get("/desk/event/E1/AZ", office)
        readings = [m["data"] for m in self.d.log("registration").query("accesses", "E1")]
        self.assertEqual([(r["by"], r["on_behalf_of"], r["what"], r["party"]) for r in readings],
                         [("dashboard-desk", "kz", "persons", "KZ"), ("dashboard-desk", "office", "persons", "AZ")])

    def test_nobody_else_gets_in(self):
        kz = self.sign_in("kz")
        name, text = kz.split("=", 1)
        az = self.sign_in("az").split("=", 1)[1]
        words = set()
        link, other = self.link("kz").split("t=")[1], self.link("az").split("t=")[1]
        for forged in ("", "x", link[:-1], link + "A", link[:20] + other[20:], other[:-20] + link[-20:], "A" * 130, text[:-1], text + "A", text[:-2] + ("AA" if text[-2:] != "AA" else "BB"), text[:20] + az[20:], az[:-20] + text[-20:], "A" * 126, "A" * 900):
            answer = self.get("/desk/event/E1", f"{name}={forged}")
            self.assertEqual(answer.status, 401, forged)
            for door in ("in", "enter"):
                self.assertEqual(self.get(f"/desk/{door}?t={forged}").status, 401)
            words.add(answer.text)
        self.assertEqual(len(words), 1, "it is not said what was wrong")
        self.assertEqual(self.get("/desk/event/E1").status, 401)
        self.assertEqual(self.get("/desk/event/E1", f"x{kz}").status, 401)
        # Another key: what the first one signed is nothing, replayed or not.
        path = self.link("kz")
        self.convene("dashboard", "rotate")
        self.assertEqual((self.get("/desk", kz).status, self.get(path).status), (401, 401))
        kz = self.sign_in("kz")
        self.assertEqual(self.get("/desk", kz).status, 200)
        # Who is revoked is out, however long the link would be good.
        self.convene("keys", "revoke", "kz")
        wait_for(lambda: self.get("/desk/event/E1", kz).status == 403, "the certificate is gone")
        # Who gets the name after that is somebody else; so is who has another key.
        self.convene("keys", "add", "kz", "--role", "focal_point", "--party", "KZ")
        wait_for(lambda: self.get("/desk/event/E1", kz).status == 401, "the name is another's")
        kz = self.sign_in("kz")
        self.assertEqual(self.get("/desk/event/E1", kz).status, 200)
        self.convene("keys", "rotate", "kz")
        wait_for(lambda: self.get("/desk/event/E1", kz).status == 401, "the key is another")

    def test_what_is_no_link(self):
        self.assertIn("role publisher", self.convene("dashboard", "link", "--as", "portal", "--url", "http://x", status=REFUSED).stderr)
        self.convene("dashboard", "link", "--as", "nobody", "--url", "http://x", status=NOTFOUND)
        self.convene("dashboard", "link", "--url", "http://x", status=USAGE)
        for hours in ("0", "169", "x", "-1"):
            self.convene("dashboard", "link", "--as", "kz", "--hours", hours, "--url", "http://x", status=USAGE)
        self.d.settings["dashboard/desk"] = "none"
        self.assertIn("there is no desk", self.convene("dashboard", "link", "--as", "kz", status=USAGE).stderr)

    def test_it_ends_by_time(self):
        # A session that has some seconds left, begun an hour ago by this machine's clock.
        self.d.dashboard.stop()
        os.remove(os.path.join(self.d.data, "dashboard-sessions.db"))
        self.d.settings["clock/offset_ms"] = -3600_000 + 6000
        self.d.dashboard.start()
        unused, cookie = self.link("kz", "--hours", "1"), self.sign_in("kz", "--hours", "1")
        self.d.dashboard.stop()
        del self.d.settings["clock/offset_ms"]
        self.d.dashboard.start()
        self.assertEqual(self.get("/desk", cookie).status, 200)
        wait_for(lambda: self.get("/desk", cookie).status == 401, "it is over", deadline=15)
        self.assertIn("has ended", self.get("/desk", cookie).text)
        self.assertIn("has ended", self.get(unused).text)

    def test_without_a_key_it_is_closed_and_says_so(self):
        kz = self.sign_in("kz")
        self.d.dashboard.stop()
        secret = os.path.join(self.d.keys, "dashboard-desk.secret")
        os.rename(secret, secret + ".away")
        self.d.dashboard.start()
        answer = self.get("/desk/event/E1", kz)
        self.assertEqual(answer.status, 503)
        self.assertIn("dashboard-desk", answer.text)
        wait_for(lambda: fetch(self.d, "/health").status == 200, "the public page is well")
        os.rename(secret + ".away", secret)
        wait_for(lambda: self.get("/desk/event/E1", kz).status == 200, "open again, without a start")
        # Without the key that signs there are no links at all; and a service that is gone closes it for a while.
        os.remove(os.path.join(self.d.keys, "dashboard.links"))
        closed = self.get("/desk", kz)
        self.assertEqual(closed.status, 503)
        self.assertNotIn(self.d.keys, closed.text, "who is not in learns nothing of the machine")
        self.assertTrue([e for e in self.d.dashboard.log_events() if e["event"] == "desk_closed"])
        kz = self.sign_in("kz")
        self.d.registration.stop()
        self.assertEqual(self.get("/desk/event/E1", kz).status, 503)
        began = time.monotonic()
        self.assertEqual(fetch(self.d, "/").status, 200)
        self.assertLess(time.monotonic() - began, 3, "the public page does not wait for the desk")
        self.d.registration.start()
        wait_for(lambda: self.get("/desk/event/E1", kz).status == 200, "it is back")

    def test_nothing_of_it_stays(self):
        kz = self.sign_in("kz")
        path = self.link("kz")
        self.enter(path)
        self.assertIn("KZ person 1", self.get("/desk/event/E1", kz).text)
        everything = b""
        for file in ("dashboard.db", "dashboard.db-wal", "dashboard-sessions.db", "dashboard-sessions.db-wal"):
            if os.path.exists(os.path.join(self.d.data, file)):
                with open(os.path.join(self.d.data, file), "rb") as data:
                    everything += data.read()
        for public in ("/", "/event/E1", "/api/view", "/metrics"):
            everything += fetch(self.d, public, Cookie=kz).body
        stream = dashboard.Stream(self.d)
        stream.until(lambda: stream.kinds, "the snapshot")
        everything += json.dumps(stream.kinds, ensure_ascii=False).encode()
        stream.close()
        everything += self.d.dashboard.log().encode()
        for private in (b"KZ person", b"desk@", kz.split("=", 1)[1].encode(), path.split("t=")[1].encode()):
            self.assertNotIn(private, everything)
        self.assertEqual(fetch(self.d, "/desk").status, 404)
        wait_for(lambda: kind(self.d, "seats").get("E1", {}).get("confirmed") == 4, lambda: f"four seats: {kind(self.d, 'seats')}")

    def test_settings_that_are_wrong(self):
        self.d.dashboard.stop()
        done = self.d.dashboard.run("--set", "dashboard/desk=nowhere")
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("dashboard/desk = nowhere", done.stdout)
        d = self.deployment("ipc")
        dashboard.add_dashboard(d, start=False, **{"dashboard/desk": "127.0.0.1:0"})
        done = d.dashboard.run()
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("nobody is known", done.stdout)


if __name__ == "__main__":
    main()
