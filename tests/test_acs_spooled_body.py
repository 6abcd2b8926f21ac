"""The ACS reads its body wherever nginx has put it: memory, several buffers, a file."""

import pytest

from harness.idp import post_body
from harness.response import Answer, Attribute
from harness.site import site

CONF = site(
    keys=False,
    server="""
        client_body_buffer_size @BUFFER@;
        client_body_in_single_buffer @SINGLE@;
        client_body_in_file_only @FILE@;
    """,
)


@pytest.mark.parametrize("buffer", ["1k", "16k", "256k"])
@pytest.mark.parametrize("single", ["on", "off"])
@pytest.mark.parametrize("file", ["off", "clean"])
@pytest.mark.parametrize("values", [1, 400])
def test_login(nginx, idp, browser, buffer, single, file, values):
    server = nginx(CONF, BUFFER=buffer, SINGLE=single, FILE=file)
    answer = Answer(
        attributes=[Attribute("urn:example:long", [f"value {n} " * 10 for n in range(values)])]
    )
    page = idp.login(browser, server.url("/page.html"), answer)
    assert (page.status, page.location) == (303, server.url("/page.html")), page.text
    assert browser.get(page.location).status == 200


def chunks(body: bytes, size: int):
    for start in range(0, len(body), size):
        yield body[start : start + size]


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_chunked_body(nginx, idp, browser, size):
    server = nginx(CONF, BUFFER="1k", SINGLE="off", FILE="off")
    request = idp.asked(browser.get(server.url("/page.html")))
    body = post_body(idp.response(request), request.relay_state).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    page = browser.post(request.acs_url, chunks(body, size), headers=headers)
    assert page.status == 303
