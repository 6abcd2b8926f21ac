"""A worker that ends in the midst of a fetch leaves no connection behind, and no thread that works while it ends."""

import pytest

from harness.idp import Idp
from harness.metadata_server import TLS, MetadataServer
from harness.site import site

CONF = site(
    main="worker_processes 2;",
    metadata="@URL@",
    idp="metadata_ssl_trusted_certificate metadata-server.crt;",
)


@pytest.mark.slow
def test_at_any_moment(nginx, tmp_path):
    """Which moment it is, chance decides: so often. The log says of open sockets and dead workers, as after each test."""
    served = MetadataServer(tmp_path, Idp().metadata())
    server = nginx(CONF, files={"metadata-server.crt": TLS.certificate_pem}, URL=served.url)
    for _ in range(40):
        before = served.connections
        server.stop()
        server.start()
        server.wait_for(lambda before=before: served.connections > before, "a fetch")
    served.stop()
