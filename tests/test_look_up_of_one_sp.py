"""A client that leaves while its session is looked for has nginx go to the `post_action`, where another
SP may want a session: what is found then is not that one's."""

import socket
import time

import pytest

from harness.gate import Gate
from harness.members import log_in
from harness.wire import cookie_header

CONF = """
events {}
http {
    log_format who '[$http_x_user]';
    saml_idp corp { metadata idp.xml; }
    saml_session_store s { memcached @GATE@; cache_valid 0; memcached_timeout 5s; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
        session_store s;
    }
    saml_sp other {
        base_url http://127.0.0.1:@PORT@;
        entity_id https://other.example.org;
        idp corp;
        session_store s;
        cookie_name other;
    }
    server {
        listen 127.0.0.1:@PORT@;
        root html;
        include saml-endpoints.conf;
        location = /other/acs { saml_acs other; }
        location / { auth_saml app; }
        location = /left { auth_saml app; post_action /after; try_files /page.html =404; }
        location = /after {
            auth_saml other;
            proxy_set_header X-User $saml_name_id;
            proxy_pass http://127.0.0.1:@PORT2@;
        }
    }
    server {
        listen 127.0.0.1:@PORT2@;
        location / { access_log @DIR@/after.log who; return 204; }
    }
}
"""


@pytest.fixture
def gate(memcacheds):
    gate = Gate(memcacheds(1)[0])
    yield gate
    gate.close()


@pytest.fixture
def server(nginx, gate):
    return nginx(CONF, GATE=gate.address)


def test_it_is_no_session_of_the_other(server, gate, idp):
    name, value = cookie_header(log_in(server, idp))
    gate.delay = 0.5
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(f"GET /left HTTP/1.1\r\nHost: a\r\n{name}: {value}\r\n\r\n".encode())
        time.sleep(0.2)
    server.wait_for(lambda: "GET /after " in server.access_log(), "the post_action")
    assert (server.directory / "after.log").read_text() == ""
