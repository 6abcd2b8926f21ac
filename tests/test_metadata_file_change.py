"""`metadata` in a file that changes: noticed without a reload, by every worker."""

import os
import shutil

import pytest

from harness.idp import Idp
from harness.keys import rsa_credential
from harness.metadata_server import logs_in
from harness.site import site

CONF = site(main="worker_processes 2;", idp="metadata_refresh 1s;", listen="reuseport")
OLD, NEW = Idp(), Idp(credential=rsa_credential("idp-new"))


def replace(server, name: str, text: str) -> None:
    """As careful tools do: whole or not at all."""
    server.write("fresh.xml", text).rename(server.directory / name)


@pytest.mark.smoke
def test_a_change_needs_no_reload(nginx):
    server = nginx(CONF)
    assert logs_in(server, OLD) and not logs_in(server, NEW)
    replace(server, "idp.xml", NEW.metadata())
    server.wait_for(lambda: logs_in(server, NEW), "the new key")
    assert not logs_in(server, OLD)
    assert server.error_log().count("a new signing key, RSA 2048") == 1


def test_a_file_that_is_written_to_slowly_is_taken_when_it_is_whole(nginx):
    server = nginx(CONF)
    text = NEW.metadata()
    with open(server.directory / "idp.xml", "w") as file:
        file.write(text[:700])
        file.flush()
        server.wait_for(lambda: "cannot be used" in server.error_log(), "a line in the log")
        assert logs_in(server, OLD)
        file.write(text[700:])
    server.wait_for(lambda: logs_in(server, NEW), "the new key")


def test_what_cannot_be_used_is_told_once(nginx):
    server = nginx(CONF)
    replace(server, "idp.xml", "<html>not found</html>")
    server.wait_for(lambda: "keeps the metadata that it has" in server.error_log(), "the log")
    (server.directory / "idp.xml").unlink()
    server.wait_for(lambda: "No such file" in server.error_log(), "the log")
    for _ in range(3):
        assert logs_in(server, OLD)
    assert server.error_log().count("cannot be used") == 2


def test_a_file_that_the_workers_may_not_read_is_left(nginx):
    server = nginx(CONF)
    replace(server, "idp.xml", NEW.metadata())
    path = server.directory / "idp.xml"
    if os.geteuid() == 0:
        path.chmod(0o600)
        server.wait_for(lambda: logs_in(server, NEW) or "ermission denied" in server.error_log(), "a look")
    else:
        pytest.skip("the workers have the rights of whoever runs this test")


def test_a_link_that_leads_elsewhere_is_a_change(nginx):
    server = nginx(CONF)
    directory = server.directory
    shutil.move(directory / "idp.xml", directory / "one.xml")
    (directory / "idp.xml").symlink_to("one.xml")
    server.write("two.xml", NEW.metadata())
    (directory / "fresh").symlink_to("two.xml")
    (directory / "fresh").rename(directory / "idp.xml")
    server.wait_for(lambda: logs_in(server, NEW), "the new key")


def test_off_waits_for_a_reload(nginx):
    server = nginx(CONF.replace("metadata_refresh 1s", "metadata_refresh off"))
    replace(server, "idp.xml", NEW.metadata())
    for _ in range(5):
        assert not logs_in(server, NEW)
    server.reload()
    assert logs_in(server, NEW)
