"""nginx-conf/apps/websocket.conf and grpc.conf with real peers: websockets and grpcio."""

import threading

import pytest

from harness.app_site import FORGED, lies
from harness.members import log_in
from harness.response import Attribute
from harness.wire import ask, cookie_header

MAIL = [Attribute("mail", ["alice.a@example.org"])]


@pytest.fixture
def echo():
    """A WebSocket server that first says who it was told comes, and then repeats."""
    pytest.importorskip("websockets", reason="websockets is not in the environment: tests/requirements.txt")
    from websockets.sync.server import serve

    def handle(connection):
        headers = connection.request.headers
        connection.send("\n".join(f"{name}: {value}" for name, value in headers.raw_items()))
        for message in connection:
            connection.send(message)

    with serve(handle, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.socket.getsockname()[1]
        server.shutdown()


def test_websocket(app_site, echo, idp):
    from websockets.exceptions import InvalidStatus
    from websockets.sync.client import connect

    changes = {r"127\.0\.0\.1:3000": f"127.0.0.1:{echo}"}
    server = app_site("websocket.conf", "/chat/socket", changes, sp="attribute mail mail;")
    url = server.url("/chat/socket", "ws")
    alice = log_in(server, idp, attributes=MAIL)
    _, session = cookie_header(alice)
    headers = [("Cookie", f"theirs=1; {session}"), *lies([])]
    with connect(url, additional_headers=headers, proxy=None) as connection:
        told = connection.recv()
        assert "X-Remote-User: alice@example.org" in told and FORGED not in told and "saml" not in told
        assert "Cookie: theirs=1" in told
        connection.send("a" * 100_000)
        assert connection.recv() == "a" * 100_000
    for cookie in ("", "saml_session=" + "A" * 43):
        with pytest.raises(InvalidStatus) as refused:
            connect(url, additional_headers=[("Cookie", cookie)], proxy=None)
        assert refused.value.response.status_code == 401
    # No WebSocket, no page.
    assert ask(server, "/chat/socket", ("Cookie", session), ("Connection", "close")).status in (400, 426)


def identity(request, context):
    del request
    return "\n".join(f"{key}={value}" for key, value in context.invocation_metadata()).encode()


@pytest.fixture
def greeter():
    """A gRPC service without protobuf: bytes in, bytes out; one answer, and a stream of three."""
    grpc = pytest.importorskip("grpc", reason="grpcio is not in the environment: tests/requirements.txt")
    from concurrent.futures import ThreadPoolExecutor

    def stream(requests, context):
        for request in requests:
            yield request

    server = grpc.server(ThreadPoolExecutor(4))
    methods = {
        "Who": grpc.unary_unary_rpc_method_handler(identity),
        "Talk": grpc.stream_stream_rpc_method_handler(stream),
    }
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("helloworld.Greeter", methods)])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield port
    server.stop(0).wait()


def rpc_site(app_site, port: int, changes: dict[str, str]):
    # HTTP/2 without TLS has no HTTP/1.1 beside it here: the login is at another port.
    parts = {"server": "listen 127.0.0.1:@PORT2@ http2; location = /page.html { auth_saml app; root html; } include apps/grpc.conf;"}
    changes = {r"127\.0\.0\.1:50051": f"127.0.0.1:{port}", **changes}
    return app_site("grpc.conf", "/helloworld.Greeter/Who", changes, sp="attribute mail mail;", **parts)


SAID = [b"one", b"two", b"three"]


def refusals(channel, metadata) -> set:
    """What a call with one message and a stream are told, each of them often: an answer must not depend on timing."""
    import grpc

    codes = set()
    who, talk = channel.unary_unary("/helloworld.Greeter/Who"), channel.stream_stream("/helloworld.Greeter/Talk")
    for call in (lambda: who(b"", metadata=metadata, timeout=30), lambda: list(talk(iter(SAID), metadata=metadata, timeout=30))):
        for _ in range(30):
            with pytest.raises(grpc.RpcError) as refused:
                call()
            codes.add(refused.value.code())
    return codes


def test_grpc(app_site, greeter, idp):
    import grpc

    server = rpc_site(app_site, greeter, {})
    _, session = cookie_header(log_in(server, idp, attributes=MAIL))
    with grpc.insecure_channel(f"127.0.0.1:{server.ports[1]}") as channel:
        who = channel.unary_unary("/helloworld.Greeter/Who")
        forged = [(name.lower(), value) for name, value in lies([]) if "." not in name]
        told = who(b"", metadata=[("cookie", f"theirs=1; {session}"), *forged], timeout=30).decode()
        assert "x-remote-user=alice@example.org" in told and "x-remote-mail=alice.a@example.org" in told
        assert FORGED not in told and "saml_session" not in told and "cookie=theirs=1" in told
        talk = channel.stream_stream("/helloworld.Greeter/Talk")
        assert list(talk(iter(SAID), metadata=[("cookie", session)], timeout=30)) == SAID
        for metadata in ([], forged, [("cookie", "saml_session=" + "A" * 43)]):
            assert refusals(channel, metadata) == {grpc.StatusCode.UNAUTHENTICATED}


def test_grpc_of_one_who_may_not(app_site, greeter, idp):
    grpc = pytest.importorskip("grpc", reason="grpcio is not in the environment: tests/requirements.txt")
    server = rpc_site(app_site, greeter, {"auth_saml app;": "auth_saml app; auth_saml_require_attribute mail boss@example.org;"})
    _, session = cookie_header(log_in(server, idp, attributes=MAIL))
    with grpc.insecure_channel(f"127.0.0.1:{server.ports[1]}") as channel:
        assert refusals(channel, [("cookie", session)]) == {grpc.StatusCode.PERMISSION_DENIED}


def test_grpc_with_nobody_behind(app_site, idp):
    grpc = pytest.importorskip("grpc", reason="grpcio is not in the environment: tests/requirements.txt")
    # The port of discard, where nobody listens.
    server = rpc_site(app_site, 9, {})
    _, session = cookie_header(log_in(server, idp, attributes=MAIL))
    with grpc.insecure_channel(f"127.0.0.1:{server.ports[1]}") as channel:
        assert refusals(channel, [("cookie", session)]) == {grpc.StatusCode.UNAVAILABLE}
