"""The poll endpoint of a transmitter (RFC 8936): it hands out tokens until it hears what became of them."""

import json
import socket
import threading
from pathlib import Path

from harness.metadata_server import MetadataServer, answer
from harness.soap_idp import header, receive

JSON = "Content-Type: application/json"


class PollEndpoint:
    """`waiting` are its tokens by their names, `said` the requests so far, `authorizations` theirs.

    `answers` may take the place of an answer, or give None for the usual one.
    """

    def __init__(self, directory: Path):
        self.waiting: dict[str, object] = {}
        self.acknowledged: list[str] = []
        self.refused: dict[str, str] = {}
        self.said: list[dict] = []
        self.authorizations: list[str | None] = []
        self.answers = lambda said: None
        self.lock = threading.Lock()
        self.server = MetadataServer(directory, "")
        self.server.sends = self.sends
        self.url = f"https://localhost:{self.server.port}/poll?stream=1"

    def stop(self) -> None:
        self.server.stop()

    def sends(self, head: str, connection: socket.socket) -> bytes:
        head, _, body = head.partition("\r\n\r\n")
        body = body.encode()
        while len(body) < int(header(head, "Content-Length")):
            body += receive(connection)
        assert head.startswith("POST /poll?stream=1 ")
        assert header(head, "Content-Type") == header(head, "Accept") == "application/json"
        said = json.loads(body)
        with self.lock:
            self.authorizations.append(header(head, "Authorization"))
            self.said.append(said)
        other = self.answers(said)
        return other if other is not None else self.usual(said)

    def usual(self, said: dict) -> bytes:
        assert said["returnImmediately"] is True
        with self.lock:
            for jti in said.get("ack", []):
                self.acknowledged.append(jti)
                self.waiting.pop(jti, None)
            for jti, error in said.get("setErrs", {}).items():
                assert error["description"]
                self.refused[jti] = error["err"]
                self.waiting.pop(jti, None)
            names = list(self.waiting)[: said["maxEvents"]]
            sets = {jti: self.waiting[jti] for jti in names}
            more = len(self.waiting) > len(sets)
        return answer(json.dumps({"sets": sets, "moreAvailable": more}), "200 OK", JSON)
