"""nginx's own cache and members' pages: the two recipes of the reference."""

import itertools

import pytest

from harness.backend import Backend
from harness.members import log_in
from harness.wire import ask, cookie_header

CONF = """
events {}
http {
    proxy_cache_path @DIR@/cache keys_zone=pages:1m;
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
    }
    server {
        listen 127.0.0.1:@PORT@;
        root html;
        include saml-endpoints.conf;
        location / { auth_saml app; }

        proxy_cache       pages;
        proxy_cache_valid any 1m;
        proxy_set_header  X-Remote-User $remote_user;
        add_header        X-Cache $upstream_cache_status;

        location /trap/ { auth_saml app; proxy_pass @BACKEND@; }
        location /none/ {
            auth_saml app;
            auth_saml_mode @MODE@;
            proxy_no_cache     $saml_authenticated;
            proxy_cache_bypass $saml_authenticated;
            proxy_pass @BACKEND@;
        }
        location /each/ {
            auth_saml app;
            auth_saml_mode @MODE@;
            proxy_cache_key $scheme$proxy_host$request_uri|$saml_idp|$saml_name_id;
            proxy_pass @BACKEND@;
        }
    }
}
"""


@pytest.fixture
def backend():
    numbers = itertools.count()

    def answer(asked):
        user = asked.headers.get("X-Remote-User", "nobody")
        return 200, "text/plain", f"{user} {next(numbers)}".encode()

    made = Backend(answer)
    yield made
    made.stop()


@pytest.fixture(params=["require", "optional"])
def page(request, nginx, idp, backend):
    """Whose page somebody gets, and from where."""
    server = nginx(CONF, BACKEND=backend.url, MODE=request.param)
    people = {
        name: cookie_header(log_in(server, idp, name, name_id=name)) for name in ("alice", "bob")
    }

    def get(path: str, name: str) -> tuple[str, str]:
        answer = ask(server, path, *([people[name]] if name in people else []))
        return answer.text.split(" ")[0], answer.headers.get("X-Cache")

    get.mode = request.param
    return get


def test_the_trap(page):
    """Why there is a recipe."""
    assert page("/trap/", "alice") == ("alice", "MISS")
    assert page("/trap/", "bob") == ("alice", "HIT")


def test_members_pages_are_not_kept(page):
    for name in ("alice", "bob", "alice"):
        assert page("/none/", name) == (name, "BYPASS")
    if page.mode == "optional":
        assert page("/none/", "nobody") == ("nobody", "MISS")
        assert page("/none/", "nobody") == ("nobody", "HIT")
        assert page("/none/", "bob") == ("bob", "BYPASS")


def test_each_has_their_own(page):
    for cached in ("MISS", "HIT"):
        for name in ("alice", "bob"):
            assert page("/each/", name) == (name, cached)
    if page.mode == "optional":
        assert page("/each/", "nobody") == ("nobody", "MISS")
        assert page("/each/", "nobody") == ("nobody", "HIT")
