#!/usr/bin/python3
# sink: a mail server that takes everything at once and keeps of each only its Message-ID and when it came.
# SPDX-License-Identifier: Apache-2.0
"""sink.py FILE: prints the port. A line of FILE for each message: seconds since 1970, its Message-ID, its size."""
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


async def main():
    with open(sys.argv[1], "a", encoding="ascii", buffering=1) as out:
        server = await asyncio.get_running_loop().create_server(lambda: Session(out), "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
