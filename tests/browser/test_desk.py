#!/usr/bin/python3
# The desk in a real Chromium: by a link from elsewhere to the names and out again, without a script, and for everybody.
# SPDX-License-Identifier: Apache-2.0
# ctest-timeout: 300
import http.server
import json
import os
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
import browser as chromium
import dashboard
import world
from browser import Browser
from cli_env import need
from deployment import Case, main, wait_for


class Mail(http.server.BaseHTTPRequestHandler):
    """A page of another site with the link on it, as a mail is read in a browser."""
    link = ""

    def do_GET(self):
        body = f"<!doctype html><title>Mail</title><a id='link' href='{self.link}'>Your link</a>".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Desk(Case):
    def setUp(self):
        self.d = self.deployment("tcp")
        self.d.add_principal("dashboard-desk", "service").write_secret(self.d.keys)
        dashboard.add_dashboard(self.d, **{"dashboard/desk": "127.0.0.1:0"})
        office = self.d.publisher("office")
        world.put_parties(office)
        world.open_event(self.d, office, "E1", world.rules(20, maximum=10))
        for party in ("KZ", "AZ"):
            world.decide(office, "registration.register", world.delegation("E1", party, 2))
        self.url = [e for e in self.d.dashboard.log_events() if e["event"] == "desk_ready"][-1]["url"]

    def link(self, name):
        flags = [f for key, value in self.d.settings.items() for f in ("--conf", f"{key}={value}")]
        done = subprocess.run([os.path.join(self.d.bin, "convene"), "dashboard", "link", "--as", name, "--url", self.url, "--json", *flags],
                              capture_output=True, text=True, timeout=60, check=True)
        return json.loads(done.stdout)["url"]

    def mail(self, link):
        """Address of a page of another site (localhost is not 127.0.0.1) that has the link."""
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("OneMail", (Mail,), {"link": link}))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"http://localhost:{server.server_port}/"

    def test_from_a_mail_to_the_names_and_out(self):
        page = Browser()
        self.addCleanup(page.close)
        axe, found = chromium.axe_source(), []
        link = self.link("kz")
        secret = link.split("t=")[1]
        page.go(self.mail(link))
        page.driver.find_element("id", "link").click()
        wait_for(lambda: "signs in once, as kz" in page.text("main"), lambda: page.text("body"))
        if axe:
            found += page.axe(axe)
        page.driver.find_element("id", "enter").click()
        wait_for(lambda: page.driver.current_url == f"{self.url}desk", lambda: f"signed in: {page.driver.current_url} {page.text('body')}")
        self.assertIn("Signed in as kz (KZ)", page.text("header"))
        self.assertEqual(page.run("return document.cookie"), "", "no script sees the cookie")
        self.assertEqual(page.run("return document.referrer"), "")
        cookie = page.driver.get_cookies()[0]
        self.assertEqual((cookie["httpOnly"], cookie["sameSite"], cookie["path"]), (True, "Strict", "/desk"))
        for dark in (False, True):
            page.theme(dark)
            if axe:
                found += page.axe(axe)
        page.driver.find_element("link text", "E1").click()
        wait_for(lambda: "KZ person 1" in page.text("main"), lambda: page.text("body"))
        self.assertNotIn(secret, page.run("return document.documentElement.outerHTML"))
        self.assertNotIn("AZ person", page.text("main"))
        if axe:
            found += page.axe(axe)
        for width in (320, 768, 1440):
            page.size(width)
            self.assertLessEqual(page.run("return document.documentElement.scrollWidth - innerWidth"), 0, width)
            page.shot(f"desk-{width}")
        text, _ = page.paper("desk")
        self.assertIn("KZ person 2", text)
        page.go(f"{self.url}desk/event/E1/AZ")
        self.assertIn("not for you", page.text("main"))
        if axe:
            found += page.axe(axe)
        # From the other site a second time: the link is used, and who is signed in gets on from there.
        page.go(self.mail(link))
        page.driver.find_element("id", "link").click()
        wait_for(lambda: "a link signs in once" in page.text("main"), lambda: page.text("body"))
        page.driver.find_element("partial link text", "Signed in already").click()
        wait_for(lambda: "Signed in as kz (KZ)" in page.text("header"), lambda: page.text("body"))
        page.go(f"{self.url}desk?lang=ru")
        self.assertIn("Мероприятия", page.text("main"))
        page.driver.find_element("link text", "Выйти").click()
        page.go(f"{self.url}desk/event/E1")
        self.assertIn("needs a link", page.text("main"))
        self.assertEqual(found, [], "\n".join(found))
        self.assertEqual([line for line in page.complaints() if "401" not in line and "403" not in line], [])


if __name__ == "__main__":
    need("convene", "convene-registration", "convene-scheduling", "convene-notifications", "convene-dashboard")
    chromium.need_browser()
    main()
