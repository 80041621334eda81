#!/usr/bin/python3
# sink: a mail server, or a host of webhooks, that takes everything at once and keeps of each only its id and when it came.
# SPDX-License-Identifier: Apache-2.0
"""sink.py FILE [web]: prints the port. A line of FILE for each message: seconds since 1970, its Message-ID or webhook-id, its size.

Of webhooks, who calls /hang/... hears nothing, and /error/... answers 500; neither has a line.
"""
import asyncio
import re
import sys
import time

MESSAGE_ID = re.compile(rb"^Message-ID: <([^>]*)>", re.MULTILINE | re.IGNORECASE)
ANSWERS = {b"EHLO": b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n", b"HELO": b"250 sink\r\n", b"MAIL": b"250 OK\r\n", b"RCPT": b"250 OK\r\n",
           b"RSET": b"250 OK\r\n", b"NOOP": b"250 OK\r\n", b"DATA": b"354 go on\r\n", b"QUIT": b"221 bye\r\n"}


class Session(asyncio.Protocol):
    def __init__(self, out):
        self.out, self.rest, self.in_data, self.transport = out, b"", False, None

    def connection_made(self, transport):
        self.transport = transport
        transport.write(b"220 sink\r\n")

    def data_received(self, data):
        self.rest += data
        while True:
            mark = b"\r\n.\r\n" if self.in_data else b"\r\n"
            found, separator, rest = self.rest.partition(mark)
            if not separator:
                return
            self.rest = rest
            if self.in_data:
                number = MESSAGE_ID.search(found)
                self.out.write(f"{time.time():.6f} {number[1].decode() if number else '-'} {len(found)}\n")
                self.transport.write(b"250 taken\r\n")
                self.in_data = False
                continue
            command = found[:4].upper()
            self.transport.write(ANSWERS.get(command, b"500 what\r\n"))
            self.in_data = command == b"DATA"
            if command == b"QUIT":
                self.transport.close()
                return


class Calls(asyncio.Protocol):
    def __init__(self, out):
        self.out, self.rest, self.transport = out, b"", None

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.rest += data
        while b"\r\n\r\n" in self.rest:
            head, _, rest = self.rest.partition(b"\r\n\r\n")
            headers = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
            size = int(headers[b"content-length"])
            if len(rest) < size:
                return
            self.rest = rest[size:]
            path = head.split(b" ", 2)[1]
            if path.startswith(b"/hang/"):
                return
            if path.startswith(b"/error/"):
                self.transport.write(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
                continue
            number = re.search(rb"^webhook-id: (\S+)", head, re.MULTILINE | re.IGNORECASE)
            self.out.write(f"{time.time():.6f} {number[1].decode()} {size}\n")
            self.transport.write(b"HTTP/1.1 204 Taken\r\n\r\n")


async def main():
    session = Calls if sys.argv[2:] == ["web"] else Session
    with open(sys.argv[1], "a", encoding="ascii", buffering=1) as out:
        server = await asyncio.get_running_loop().create_server(lambda: session(out), "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
