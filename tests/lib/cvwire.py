# cvwire: messages, positions, chains and certificates of the wire protocol, written from its page alone.
# SPDX-License-Identifier: Apache-2.0
"""Nothing here shares a line with the product: what a test expects comes from proto/README.md."""
import hashlib
import os
import secrets
import threading
import time
import uuid
from datetime import datetime, timedelta, timezone

import msgpack
import zmq

ZERO_POSITION = bytes(48)
DECIDED = ("OK", "REJECTED")  # the classes a service remembers
_id_lock = threading.Lock()
_id_last = 0


def now_ms():
    return time.time_ns() // 1_000_000


def rfc3339(offset_s=0.0):
    instant = datetime.now(timezone.utc) + timedelta(seconds=offset_s)
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def uuid7(rng=None):
    """A UUID of version 7. With a random generator of the caller's, its random part can be repeated."""
    global _id_last
    with _id_lock:
        _id_last = max(_id_last + 1, now_ms())
        stamp = _id_last
    tail = rng.getrandbits(74) if rng else secrets.randbits(74)
    value = (stamp & (1 << 48) - 1) << 80 | 7 << 76 | (tail >> 62) << 64 | 2 << 62 | tail & (1 << 62) - 1
    return str(uuid.UUID(int=value))


def new_inbox():
    return secrets.token_hex(12)


def pack(value):
    return msgpack.packb(value, use_bin_type=True)


def unpack(octets):
    return msgpack.unpackb(octets, raw=False, strict_map_key=False)


def split(frame):
    """The messages that stand back to back in one frame of the feed, as octets."""
    unpacker, at = msgpack.Unpacker(max_buffer_size=0), 0
    unpacker.feed(frame)
    while at < len(frame):
        unpacker.skip()
        yield frame[at:unpacker.tell()]
        at = unpacker.tell()


def message(kind, data, **attributes):
    """One message as a map; None leaves an attribute out. `message(..., id=x)` sets it."""
    whole = {"specversion": "1.0", "id": uuid7(), "source": "/tests", "type": kind, "time": rfc3339(), "data": data}
    whole.update(attributes)
    return {k: v for k, v in whole.items() if v is not None}


class Position:
    """A place in a stream: epoch, sequence, chain."""

    def __init__(self, octets=ZERO_POSITION):
        if len(octets) != 48:
            raise ValueError(f"a position has 48 octets, not {len(octets)}")
        self.epoch, self.seq, self.chain = octets[:8], int.from_bytes(octets[8:16], "big"), octets[16:]

    @classmethod
    def of(cls, epoch, seq, chain):
        return cls(epoch + seq.to_bytes(8, "big") + chain)

    def next(self, record):
        return Position.of(self.epoch, self.seq + 1, chain_of(self.chain, record))

    @property
    def octets(self):
        return self.epoch + self.seq.to_bytes(8, "big") + self.chain

    def __eq__(self, other):
        return isinstance(other, Position) and self.octets == other.octets

    def __hash__(self):
        return hash(self.octets)

    def __repr__(self):
        return f"{self.epoch.hex()}/{self.seq}/{self.chain.hex()[:8]}"


def chain_of(before, record):
    return hashlib.blake2b(before + record, digest_size=32).digest()


class Principal:
    """Name, role, party and key pair; writes the two certificates of a key directory."""

    def __init__(self, name, role, party=None):
        self.name, self.role, self.party = name, role, party
        self.public, self.secret = zmq.curve_keypair()

    def _text(self, secret):
        lines = ["metadata", f'    name = "{self.name}"', f'    role = "{self.role}"']
        if self.party:
            lines.append(f'    party = "{self.party}"')
        lines += ["curve", f'    public-key = "{self.public.decode()}"']
        if secret:
            lines.append(f'    secret-key = "{self.secret.decode()}"')
        return "\n".join(lines) + "\n"

    def allow(self, keys):
        folder = os.path.join(keys, "allow")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, f"{self.name}.cert"), "w", encoding="utf-8") as file:
            file.write(self._text(False))

    def write_secret(self, keys):
        os.makedirs(keys, exist_ok=True)
        path = os.path.join(keys, f"{self.name}.secret")
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(self._text(True))


def socket_of(context, kind, endpoint, server_key=None, principal=None, **options):
    """A socket as section 1 of the protocol asks for, connected."""
    socket = context.socket(kind)
    socket.linger = 0
    socket.tcp_keepalive, socket.tcp_keepalive_idle, socket.tcp_keepalive_intvl, socket.tcp_maxrt = 1, 1, 1, 3000
    socket.handshake_ivl = 3000
    socket.reconnect_ivl, socket.reconnect_ivl_max = 50, 400
    socket.sndhwm = socket.rcvhwm = 20000
    if kind == zmq.XPUB:
        socket.setsockopt(zmq.XPUB_NODROP, 1)
    if kind == zmq.DEALER:
        socket.immediate = 1
    for name, value in options.items():
        setattr(socket, name, value)
    if server_key is not None:
        socket.curve_serverkey = server_key
        socket.curve_publickey = principal.public
        socket.curve_secretkey = principal.secret
    socket.connect(endpoint)
    return socket
