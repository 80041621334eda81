#!/usr/bin/python3
# A reverse proxy says to the desk who somebody is; nobody else does. With Debian's nginx, by the example that is delivered.
# SPDX-License-Identifier: Apache-2.0
import base64
import http.client
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import time
import unittest
from urllib.parse import urlsplit

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import dashboard
import world
from dashboard import Answer
from deployment import Case, main, wait_for

SOURCE = pathlib.Path(os.environ.get("CONVENE_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
SECRET = "c2VjcmV0IG9mIHRoZSBwcm94eSBvZiBhIHRlc3Q="
NAME, PROOF = "X-Convene-Principal", "X-Convene-Proxy-Secret"


def nginx_program():
    unpacked = SOURCE / "build/nginx/usr/sbin/nginx"
    return shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin") or (str(unpacked) if unpacked.exists() else None)


class Behind(Case):
    def setUp(self):
        self.d = self.deployment("tcp")
        self.d.add_principal("dashboard-desk", "service").write_secret(self.d.keys)
        self.secret = os.path.join(self.d.root, "proxy.secret")
        with open(self.secret, "w", encoding="ascii", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(SECRET + "\n")
        dashboard.add_dashboard(self.d, **{"dashboard/desk": "127.0.0.1:0", "dashboard/proxy_header": NAME, "dashboard/proxy_from": "127.0.0.1",
                                           "dashboard/proxy_secret_file": self.secret})
        self.office = self.d.publisher("office")
        world.put_parties(self.office)
        world.open_event(self.d, self.office, "E1", world.rules(20, maximum=10))
        for party in ("KZ", "AZ"):
            world.decide(self.office, "registration.register", world.delegation("E1", party, 2))

    def log(self, event):
        return [e for e in self.d.dashboard.log_events() if e["event"] == event]

    @property
    def url(self):
        return self.log("desk_ready")[-1]["url"]

    def raw(self, headers, path="/desk/event/E1", source="127.0.0.1"):
        """The answer to exactly these header lines, from this address."""
        parts = urlsplit(self.url)
        with socket.create_connection((parts.hostname, parts.port), timeout=20, source_address=(source, 0)) as link:
            lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
            link.sendall(f"GET {path} HTTP/1.1\r\nHost: desk\r\n{lines}\r\n".encode())
            answer = http.client.HTTPResponse(link)
            answer.begin()
            return Answer(answer)

    def test_who_is_not_the_proxy(self):
        good = [(NAME, "kz"), (PROOF, SECRET)]
        self.assertIn("KZ person 1", self.raw(good).text)
        self.assertIn("KZ person 1", self.raw([("x-convene-PRINCIPAL", "kz"), ("X-CONVENE-proxy-secret", SECRET)]).text)
        self.assertEqual(self.raw([]).status, 401)
        refused = {
            "another address, all else right": (good, "127.0.0.2"),
            "another address, only the name": ([(NAME, "kz")], "127.0.0.2"),
            "another address, odd case": ([("x-CONVENE-principal", "kz"), ("x-convene-proxy-SECRET", SECRET)], "127.0.0.2"),
            "no secret": ([(NAME, "kz")], "127.0.0.1"),
            "odd case, no secret": ([("x-convene-principal", "kz")], "127.0.0.1"),
            "a wrong secret": ([(NAME, "kz"), (PROOF, SECRET[:-1] + "A")], "127.0.0.1"),
            "half a secret": ([(NAME, "kz"), (PROOF, SECRET[:20])], "127.0.0.1"),
            "the name twice": ([(NAME, "kz"), (NAME, "office"), (PROOF, SECRET)], "127.0.0.1"),
            "the name twice in another case": ([("x-convene-principal", "office"), *good], "127.0.0.1"),
            "the secret twice": ([*good, (PROOF, SECRET)], "127.0.0.1"),
            "two names in one": ([(NAME, "kz, office"), (PROOF, SECRET)], "127.0.0.1"),
            "a folded line": ([(NAME, "kz\r\n office"), (PROOF, SECRET)], "127.0.0.1"),
            "no name in it": ([(NAME, ""), (PROOF, SECRET)], "127.0.0.1"),
        }
        for what, (headers, source) in refused.items():
            for path in ("/desk/event/E1", "/desk", "/desk/in?t=x", "/desk/style.css"):
                answer = self.raw(headers, path, source)
                self.assertEqual(answer.status, 403, f"{what}: {path}")
                self.assertNotIn("person 1", answer.text)
        self.assertEqual(len({self.raw(headers, source=source).text for headers, source in refused.values()}), 1, "it is not said what was wrong")
        # With '_' it is another header; who is named but may not see names, is not there, or is revoked sees nothing.
        self.assertEqual(self.raw([("X_Convene_Principal", "kz"), (PROOF, SECRET)]).status, 401)
        for name in ("portal", "nobody", "dashboard-desk"):
            self.assertEqual(self.raw([(NAME, name), (PROOF, SECRET)]).status, 403, name)
        self.assertEqual(self.raw(good, "/desk/event/E1/AZ").status, 403)
        os.remove(os.path.join(self.d.keys, "allow", "kz.cert"))
        wait_for(lambda: self.raw(good).status == 403, "the certificate is gone")
        said = self.log("proxy_refused")
        self.assertEqual(len(said), 1, "once a minute, whoever floods")
        self.assertNotIn(SECRET, self.d.dashboard.log())

    def test_off_it_is_a_header_like_any_other(self):
        self.d.dashboard.stop()
        for name in ("header", "from", "secret_file"):
            del self.d.settings[f"dashboard/proxy_{name}"]
        self.d.dashboard.start()
        self.assertEqual(self.raw([(NAME, "kz"), (PROOF, SECRET)]).status, 401)

    def test_settings_that_are_wrong(self):
        self.d.dashboard.stop()
        for name, value, says in (("from", "none", "dashboard/proxy_from is not"), ("from", "proxy.example", "not 1 to 8 numeric addresses"),
                                  ("header", "Cookie", "header of its own"), ("secret_file", "none", "dashboard/proxy_secret_file is not"),
                                  ("secret_file", "/nonexistent", "No such file")):
            done = self.d.dashboard.run("--set", f"dashboard/proxy_{name}={value}")
            self.assertEqual(done.returncode, 2, done.stdout)
            self.assertIn(says, done.stdout)
        os.chmod(self.secret, 0o640)
        done = self.d.dashboard.run()
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("others than its owner can read", done.stdout)
        self.assertNotIn(SECRET, done.stdout)

    @unittest.skipUnless(nginx_program(), "nginx is not there; `./dev test system` fetches it")
    def test_behind_nginx(self):
        folder = pathlib.Path(self.d.root) / "nginx"
        folder.mkdir()
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=desk.example.org",
                        "-keyout", folder / "convene.key", "-out", folder / "convene.pem"], check=True, capture_output=True)
        (folder / "convene.users").write_text("kz:{PLAIN}word-kz\noffice:{PLAIN}word-office\nportal:{PLAIN}word-portal\n", encoding="ascii")
        (folder / "convene.secret").write_text(f'proxy_set_header {PROOF} "{SECRET}";\n', encoding="ascii")
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        site = (SOURCE / "docker/proxy/nginx.conf").read_text(encoding="utf-8")
        for old, new in (("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"), ("/etc/nginx/", f"{folder}/"), ("http://127.0.0.1:24181", self.url.rstrip("/")),
                         ("http://127.0.0.1:24180", dashboard.url(self.d).rstrip("/"))):
            self.assertIn(old, site)
            site = site.replace(old, new)
        (folder / "site.conf").write_text(site, encoding="utf-8")
        (folder / "nginx.conf").write_text(
            f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;\nevents {{}}\nhttp {{ access_log off;\n"
            + "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
            + f"include {folder}/site.conf;\n}}\n", encoding="utf-8")
        nginx = subprocess.Popen([nginx_program(), "-e", folder / "error.log", "-p", folder, "-c", folder / "nginx.conf"])
        self.addCleanup(nginx.wait)
        self.addCleanup(nginx.terminate)
        trust = ssl.create_default_context(cafile=folder / "convene.pem")
        trust.check_hostname = False

        def get(path, user=None, lines=()):
            with socket.create_connection(("127.0.0.1", port), timeout=20) as link, trust.wrap_socket(link) as tls:
                if user:
                    lines = [*lines, ("Authorization", "Basic " + base64.b64encode(f"{user}:word-{user}".encode()).decode())]
                text = "".join(f"{name}: {value}\r\n" for name, value in lines)
                tls.sendall(f"GET {path} HTTP/1.1\r\nHost: desk.example.org\r\nConnection: close\r\n{text}\r\n".encode())
                answer = http.client.HTTPResponse(tls)
                answer.begin()
                return Answer(answer)

        (folder / "error.log").touch()

        def up():
            self.assertIsNone(nginx.poll(), (folder / "error.log").read_text(encoding="utf-8"))
            try:
                return get("/health").status == 200
            except OSError:
                return False

        wait_for(up, "nginx answers")
        kz = get("/desk/event/E1", "kz")
        self.assertIn("KZ person 1", kz.text)
        self.assertIn("Signed in as kz (KZ)", kz.text)
        self.assertNotIn("/desk/out", kz.text, "one signs out where one has signed in")
        self.assertNotIn("AZ person", kz.text)
        self.assertIn("AZ person 2", get("/desk/event/E1/AZ", "office").text)
        self.assertEqual((get("/desk").status, get("/desk", "portal").status, get("/desk/order?t=x", "office").status), (401, 403, 404))
        # What a browser says of itself is replaced, however it writes it; nginx cannot be made to say it twice.
        for lines in ([(NAME, "office")], [(NAME, "office"), (NAME, "office")], [(NAME.lower(), "office")], [(NAME.upper(), "office"), (PROOF, SECRET)],
                      [("X_Convene_Principal", "office")], [(PROOF, "x")], [(NAME, "office\r\n\toffice")]):
            answer = get("/desk/event/E1/AZ", "kz", lines)
            self.assertIn(answer.status, (400, 403), lines)
            self.assertNotIn("AZ person", answer.text)
            self.assertEqual(get("/desk/event/E1", None, lines).status, 401 if answer.status == 403 else 400, lines)
        # The public page streams through it.
        page = get("/")
        self.assertEqual((page.status, "person 1" in page.text), (200, False))
        began = time.monotonic()
        with socket.create_connection(("127.0.0.1", port), timeout=20) as link, trust.wrap_socket(link) as tls:
            tls.sendall(b"GET /stream HTTP/1.1\r\nHost: desk.example.org\r\n\r\n")
            text = b""
            while b"event: snapshot" not in text:
                text += tls.recv(65536)
        self.assertLess(time.monotonic() - began, 10)
        readings = [m["data"] for m in self.d.log("registration").query("accesses", "E1")]
        self.assertEqual([(r["by"], r["on_behalf_of"], r["party"]) for r in readings], [("dashboard-desk", "kz", "KZ"), ("dashboard-desk", "office", "AZ")])


if __name__ == "__main__":
    main()
