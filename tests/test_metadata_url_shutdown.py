"""A worker that shuts down in the midst of a fetch leaves no connection behind."""

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
    """`finish` looks for what nginx says of an open socket. Which moment it is, chance decides: so often."""
    files = {"metadata-server.crt": TLS.certificate_pem}
    for round in range(40):
        served = MetadataServer(tmp_path, Idp().metadata())
        server = nginx(CONF, files=files, URL=served.url)
        server.wait_for(lambda served=served, least=1 + round % 2: served.connections >= least, "a fetch")
        server.finish()
        served.stop()
