"""An internal redirect is another visit: what one location found out about a stranger or a member is
not what the next one goes by."""

import pytest

from harness.browser import Browser
from harness.members import log_in
from harness.wire import ask, cookie_header

CONF = """
events {}
http {
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
    }
    saml_sp other {
        base_url http://127.0.0.1:@PORT@;
        entity_id https://other.example.org;
        idp corp;
        cookie_name other;
    }
    server {
        listen 127.0.0.1:@PORT@;
        root html;
        auth_saml app;
        include saml-endpoints.conf;
        location = /other/acs { saml_acs other; }
        location = /ask { auth_saml off; return 204; }

        # somebody else lets the stranger in
        location = /either { satisfy any; auth_request /ask; try_files /none /optional; }
        location = /optional { auth_saml_mode optional; try_files /page.html =404; }
        location = /to-handler { satisfy any; auth_request /ask; try_files /none /saml/metadata; }

        # the member of one SP comes to another's page
        location = /member { try_files /none /of-other; }
        location = /of-other {
            auth_saml other;
            satisfy any;
            allow all;
            add_header X-User "[$remote_user][$saml_name_id]" always;
            try_files /page.html =404;
        }
        location / { }
    }
}
"""


@pytest.fixture
def server(nginx):
    return nginx(CONF)


def test_who_was_let_in_is_not_asked_for_a_login_afterwards(server):
    assert Browser().get(server.url("/either")).text == "a page\n"
    assert "EntityDescriptor" in Browser().read(server.url("/to-handler")).text


def test_remote_user_is_not_the_member_of_another_sp(server, idp):
    member = cookie_header(log_in(server, idp))
    answer = ask(server, "/member", member)
    assert (answer.status, answer.headers["X-User"]) == (200, "[][]")
