# receivers: a mail server and a web server of others, as processes, that take notices or behave badly on purpose.
# SPDX-License-Identifier: Apache-2.0
"""Each writes what it takes as lines of JSON into a file, synced before it answers, so that what it has acknowledged is
known whatever happens to it. How it behaves is said by the address: the part before the first dash of the mail address, or
the first part of the path.

  mail   ok  refuse (550)  later3 (451, three times per message, then ok)  slow  hang1 (no answer, once per message, then ok)
  web    ok  error (500)   error2 (500, twice per message, then ok)  gone (410)  lost (404)  hang  slow  away (a redirect)
         busy (429 with Retry-After: 1, once per message)  date (503 with the instant in 3 seconds as Retry-After, once per message)

Who hangs does so until the other side goes. How often a message came is kept beside the file, over a kill too. Each row has the wall clock (at)
and the monotonic one (mono), of when it was written.
"""
import argparse
import asyncio
import collections
import email
import email.utils
import http.server
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time


LISTENS, TIME_WAIT = "0A", "06"  # of /proc/net/tcp


class Taken:
    """The file of what was taken."""

    def __init__(self, path):
        self._file, self._lock = open(path, "a", encoding="utf-8"), threading.Lock()

    def add(self, **row):
        with self._lock:
            self._file.write(json.dumps({**row, "mono": time.monotonic()}) + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())


class Times:
    """How often each message came to those who count, also to the processes before."""

    def __init__(self, path):
        self._counts, self._lock = collections.Counter(), threading.Lock()
        self._file = open(path + ".times", "a+", encoding="utf-8")
        self._file.seek(0)
        self._counts.update(line.rstrip("\n") for line in self._file)

    def another(self, message):
        with self._lock:
            self._counts[message] += 1
            self._file.write(message + "\n")
            self._file.flush()  # what is killed is the process, not the machine
            return self._counts[message]


# ---- the servers, each the main program of a process ---------------------------------------------------------------

def serve_mail(options):
    from aiosmtpd.controller import UnthreadedController  # pylint: disable=import-outside-toplevel
    from aiosmtpd.smtp import AuthResult, SMTP  # pylint: disable=import-outside-toplevel
    taken, times_of = Taken(options.taken), Times(options.taken)

    class Handler:
        async def handle_RCPT(self, _server, _session, envelope, address, _options):  # pylint: disable=invalid-name
            kind = address.split("-", maxsplit=1)[0]
            if kind == "refuse":
                return f"550 5.1.1 <{address}>: no such user"
            envelope.rcpt_tos.append(address)
            return "250 OK"

        async def handle_DATA(self, server, session, envelope):  # pylint: disable=invalid-name
            message = email.message_from_bytes(envelope.original_content)
            to, number = envelope.rcpt_tos[0], message["Message-ID"]
            kind = to.split("-", maxsplit=1)[0]
            times = times_of.another(number) if kind.startswith(("later", "hang")) else 1
            if kind.startswith("later") and times <= int(kind[5:]):
                taken.add(refused=number, to=to, at=time.time())
                return "451 4.3.0 come back later"
            if kind.startswith("hang") and times <= int(kind[4:]):
                taken.add(hung=number, to=to, at=time.time())
                await asyncio.sleep(3600)  # cancelled when the other side goes
            if kind == "slow":
                await asyncio.sleep(0.3)
            tls = session.ssl is not None or server.transport.get_extra_info("sslcontext") is not None
            taken.add(id=number, to=to, sender=envelope.mail_from, at=time.time(), tls=tls, user=session.auth_data,
                      octets=envelope.original_content.decode("utf-8"), count=len(envelope.rcpt_tos))
            return "250 2.0.0 taken"

    def authenticate(_server, _session, _envelope, mechanism, data):
        good = mechanism in ("LOGIN", "PLAIN") and (data.login.decode(), data.password.decode()) == tuple(options.login.split(":"))
        return AuthResult(success=good, auth_data="user")

    context = None
    if options.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.certificate, options.certificate + ".key")
    # Within TLS from the first octet (SMTPS) there is no STARTTLS, and aiosmtpd would take the login for one in clear.
    upgrades = bool(context) and not options.smtps
    settings = {"authenticator": authenticate, "auth_required": True, "auth_require_tls": upgrades} if options.login else {}

    class Controller(UnthreadedController):
        def factory(self):
            return SMTP(self.handler, tls_context=context if upgrades else None, require_starttls=upgrades, decode_data=options.ascii, **settings)

    loop = asyncio.new_event_loop()
    controller = Controller(Handler(), hostname="127.0.0.1", port=options.port, loop=loop)
    asyncio.set_event_loop(loop)
    server = loop.run_until_complete(loop.create_server(controller.factory, "127.0.0.1", options.port, reuse_address=True,
                                                        ssl=context if options.smtps else None))
    print(server.sockets[0].getsockname()[1], flush=True)
    loop.run_forever()


def serve_web(options):
    taken, times_of = Taken(options.taken), Times(options.taken)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # an answer leaves in one piece: in three, each of the last two waits 40 ms for an acknowledgement

        def do_POST(self):  # pylint: disable=invalid-name
            body = self.rfile.read(int(self.headers["content-length"]))
            kind, number = self.path.split("/")[1], self.headers["webhook-id"]
            times = times_of.another(number + self.path) if kind in ("busy", "date", "error2") else 1
            row = {"id": number, "path": self.path, "at": time.time(), "timestamp": self.headers["webhook-timestamp"],
                   "signature": self.headers["webhook-signature"], "body": body.decode("utf-8"), "type": self.headers["content-type"]}
            if kind == "hang":
                taken.add(hung=number, path=self.path, at=time.time())
                self.connection.recv(1)  # the client's time limit is what is tested
                self.close_connection = True
                return None
            if kind == "slow":
                time.sleep(0.3)
            if kind in ("error", "gone", "lost", "away") or (kind in ("busy", "date") and times == 1) or (kind == "error2" and times <= 2):
                taken.add(refused=number, path=self.path, at=time.time())
                return self.answer({"error": 500, "error2": 500, "gone": 410, "lost": 404, "away": 302, "busy": 429, "date": 503}[kind])
            taken.add(**row)
            return self.answer(200)

        def answer(self, status):
            self.send_response(status)
            if status == 429:
                self.send_header("Retry-After", "1")
            if status == 503:
                self.send_header("Retry-After", email.utils.formatdate(time.time() + 3, usegmt=True))
            if status == 302:
                self.send_header("Location", f"http://127.0.0.1:{self.server.server_address[1]}/ok/redirected")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_args):  # pylint: disable=arguments-differ
            pass

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads, request_queue_size, allow_reuse_address = True, 256, True

        def handle_error(self, _request, _address):
            """A client that was killed has said nothing more."""

    server = Server(("127.0.0.1", options.port), Handler)
    if options.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.certificate, options.certificate + ".key")
        server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_address[1], flush=True)
    server.serve_forever()


# ---- for tests -----------------------------------------------------------------------------------------------------

class Receiver:
    """One of these as a process; it keeps its port and its file when it is started again."""

    def __init__(self, kind, certificate=None, login=None, ascii_only=False, smtps=False):
        self.kind, self.certificate, self.login, self.port = kind, certificate, login, 0
        self.ascii_only, self.smtps = ascii_only, smtps
        handle, self.path = tempfile.mkstemp(prefix="cvr-")
        os.close(handle)
        self.process = None
        self.start()

    def start(self):
        command = [sys.executable, os.path.abspath(__file__), self.kind, "--port", str(self.port), "--taken", self.path]
        command += ["--certificate", self.certificate] if self.certificate else []
        command += ["--login", self.login] if self.login else []
        command += ["--ascii"] if self.ascii_only else []
        command += ["--smtps"] if self.smtps else []
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        self.port = int(self.process.stdout.readline())

    def kill(self):
        """kill -9, by the pid we started."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def rows(self):
        with open(self.path, encoding="utf-8") as file:
            return [json.loads(line) for line in file if line.endswith("\n")]

    def taken(self):
        return [row for row in self.rows() if "id" in row]

    def wait_idle(self):
        """Until nothing of a client that is gone is left here: every connection is closed, so all that was taken is written."""
        from deployment import wait_for  # pylint: disable=import-outside-toplevel # the servers start without it
        def connections():
            with open("/proc/net/tcp", encoding="ascii") as file:
                rows = [line.split() for line in file.readlines()[1:]]
            return [row for row in rows if int(row[1].split(":")[1], 16) == self.port and row[3] not in (LISTENS, TIME_WAIT)]
        wait_for(lambda: not connections(), lambda: f"{self.kind} receiver without connections: {connections()}", None, 0.005)

    def close(self):
        if self.process.poll() is None:
            self.kill()
        for path in (self.path, self.path + ".times"):
            os.unlink(path)


def certificate(folder, name="receiver"):
    """A certificate for 127.0.0.1 that signs itself; its key is beside it."""
    path = os.path.join(folder, f"{name}.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                    f"/O={name}/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", path + ".key", "-out", path], check=True,
                   stderr=subprocess.DEVNULL)
    return path


def numbers_of(text):
    """Sequence in a notice's id, whichever of its two writings."""
    return int(re.split(r"[.:]", text.strip("<>").split("@")[0])[-2])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=("mail", "web"))
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--taken", required=True)
    parser.add_argument("--certificate")
    parser.add_argument("--login")
    parser.add_argument("--ascii", action="store_true", help="a mail server without 8BITMIME, which refuses any other octet")
    parser.add_argument("--smtps", action="store_true", help="a mail server that speaks TLS from the first octet")
    options = parser.parse_args()
    (serve_mail if options.kind == "mail" else serve_web)(options)


if __name__ == "__main__":
    main()
