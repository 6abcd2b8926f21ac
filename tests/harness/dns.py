"""A DNS server of a few names, on loopback (RFC 1035 4)."""

import contextlib
import socket
import struct
import threading

A, FOUND, NO_SUCH_NAME = 1, 0x8180, 0x8183


class Dns:
    """`addresses` are what names have; `asked` are the names so far. Other types than A are empty."""

    def __init__(self, addresses: dict[str, list[str]]):
        self.addresses = addresses
        self.asked = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def stop(self) -> None:
        self.socket.close()

    def serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                query, client = self.socket.recvfrom(512)
                self.socket.sendto(self.answer(query), client)

    def answer(self, query: bytes) -> bytes:
        labels, place = [], 12
        while query[place]:
            labels.append(query[place + 1 : place + 1 + query[place]].decode())
            place += 1 + query[place]
        kind = struct.unpack(">H", query[place + 1 : place + 3])[0]
        name = ".".join(labels)
        self.asked.append(name)
        found = self.addresses.get(name) if kind == A else []
        code = NO_SUCH_NAME if found is None else FOUND
        head = query[:2] + struct.pack(">HHHHH", code, 1, len(found or ()), 0, 0)
        records = b"".join(
            b"\xc0\x0c" + struct.pack(">HHIH", A, 1, 1, 4) + socket.inet_aton(address)
            for address in found or ()
        )
        return head + query[12 : place + 5] + records
