"""nginx-conf/apps/django-uwsgi.conf in front of Django in uWSGI: its own RemoteUser, and nobody else's."""

import shutil
import sys
from pathlib import Path

import pytest

from harness.app_site import FORGED, detours, lies
from harness.browser import Browser
from harness.members import log_in
from harness.nginx import ROOT
from harness.wire import ask, cookie_header

pytest.importorskip("django", reason="Django is not in the environment: tests/requirements.txt")
UWSGI = shutil.which("uwsgi-core")
PLUGIN = Path("/usr/lib/uwsgi/plugins/python311_plugin.so")
pytestmark = pytest.mark.skipif(
    not (UWSGI and PLUGIN.exists()), reason="apt-get install uwsgi-core uwsgi-plugin-python3"
)

# The lines of settings.py are those of docs/apps.md.
SETTINGS = (ROOT / "docs/apps.md").read_text().split("```python\n# settings.py\n")[1].split("```")[0]
PROJECT = '''
import django
from django.conf import settings
from django.http import HttpResponse
from django.urls import path

MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
{settings}
settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"], ROOT_URLCONF=__name__, SECRET_KEY="k" * 50, MIDDLEWARE=MIDDLEWARE,
    AUTHENTICATION_BACKENDS=AUTHENTICATION_BACKENDS, LOGOUT_REDIRECT_URL=LOGOUT_REDIRECT_URL,
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
    DATABASES={{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": "{database}"}}}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
)
django.setup()
from django.contrib.auth.views import LogoutView
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application

call_command("migrate", verbosity=0)


def who(request):
    everything = "\\n".join(f"{{name}}={{value}}" for name, value in request.META.items())
    return HttpResponse(f"user={{request.user.username}}\\n{{everything}}", content_type="text/plain")


urlpatterns = [path("who", who), path("leave", LogoutView.as_view())]
application = get_wsgi_application()
'''


@pytest.fixture
def server(app_site, folder, run):
    (folder / "project.py").write_text(PROJECT.format(settings=SETTINGS, database=folder / "db.sqlite3"))
    uwsgi = run(
        UWSGI, "--plugins-dir", PLUGIN.parent, "--plugin", "python311", "--virtualenv", sys.prefix,
        "--socket", folder / "app.sock", "--chmod-socket=666", "--mount", f"/django={folder}/project.py",
        "--manage-script-name", "--need-app", "--die-on-term",
        stderr=(folder / "uwsgi.log").open("wb"), cwd=folder,
    )  # fmt: skip
    changes = {r"unix:/run/uwsgi/django\.sock": f"unix:{folder}/app.sock", r"/srv/www": "@DIR@/srv/www"}
    files = {"srv/www/django/static/style.css": "a style"}
    server = app_site("django-uwsgi.conf", "/django/who", changes, files=files, sp="attribute mail mail;")
    server.wait_for(lambda: (folder / "app.sock").exists() or uwsgi.poll() is not None, "uWSGI", 60)
    assert uwsgi.poll() is None, (folder / "uwsgi.log").read_text()
    return server


def user(answer) -> str:
    assert answer.status == 200, answer.text
    return answer.text.splitlines()[0].removeprefix("user=")


def test_one_person_after_another(server, idp):
    """Django keeps a session of its own: it ends when somebody else comes, or nobody."""
    alice, bob = log_in(server, idp), log_in(server, idp, name_id="bob@example.org")
    assert user(alice.get(server.url("/django/who"))) == "alice@example.org"
    assert user(bob.get(server.url("/django/who"))) == "bob@example.org"
    theirs = next(c for c in alice.session.cookies if c.name == "sessionid")
    _, session = cookie_header(bob, "saml_session")
    stolen = ("Cookie", f"sessionid={theirs.value}; {session}")
    assert user(ask(server, "/django/who", stolen)) == "bob@example.org", "Alice's session of Django is no name"


def test_nothing_forged_arrives(server, idp):
    _, session = cookie_header(log_in(server, idp))
    answer = ask(server, "/django/who", ("Cookie", f"theirs=1; {session}"), ("Proxy", FORGED),
                 *lies(["X-Forwarded-Host", "Forwarded"]))  # fmt: skip
    assert user(answer) == "alice@example.org"
    assert FORGED not in answer.text and "saml_session" not in answer.text
    assert "HTTP_COOKIE=theirs=1\n" in answer.text


def test_a_stranger(server):
    for path in [*detours("/django/who"), "/django/static/style.css"]:
        answer = ask(server, path, ("Cookie", "sessionid=x"), *lies([]))
        assert answer.status in (301, 302, 400, 401, 403, 404), path
        assert "user=" not in answer.text and answer.text != "a style"


def test_files(server, idp):
    alice = log_in(server, idp)
    assert alice.get(server.url("/django/static/style.css")).text == "a style"
    assert Browser().get(server.url("/django/static/style.css")).status == 302
