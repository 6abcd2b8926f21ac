"""nginx-conf/apps/git.conf with git itself: git-http-backend behind fcgiwrap, git as the client."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from harness.app_site import detours, lies
from harness.members import log_in
from harness.response import Attribute
from harness.wire import ask, cookie_header

BACKEND = Path("/usr/lib/git-core/git-http-backend")
pytestmark = pytest.mark.skipif(
    not (shutil.which("fcgiwrap") and BACKEND.exists()), reason="apt-get install fcgiwrap git"
)
HOOK = "#!/bin/sh\nenv | grep -E '^(REMOTE_USER|HTTP_)' > pushed-by\n"
ENVIRONMENT = {
    "PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@b",
}  # fmt: skip


def git(*arguments, where: Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["git", *map(str, arguments)], cwd=where, env=ENVIRONMENT, capture_output=True, text=True, check=False
    )


@pytest.fixture
def server(app_site, folder, run):
    bare = folder / "srv/secret.git"
    bare.mkdir(parents=True)
    git("init", "--quiet", "--bare", "--initial-branch=main", where=bare)
    (bare / "hooks/post-receive").write_text(HOOK)
    (bare / "hooks/post-receive").chmod(0o755)
    socket = folder / "fcgi.sock"
    run("fcgiwrap", "-s", f"unix:{socket}", env=ENVIRONMENT)
    changes = {r"unix:/run/fcgiwrap\.socket": f"unix:{socket}", r"/srv/git": f"{folder}/srv"}
    server = app_site("git.conf", "/git/secret.git/HEAD", changes)
    server.wait_for(socket.exists, "fcgiwrap")
    socket.chmod(0o777)
    return server


@pytest.fixture
def member(server, idp, tmp_path):
    """A git with the session of somebody in these groups, by a file of cookies as docs/apps.md has it."""

    def member(*groups: str):
        browser = log_in(server, idp, attributes=[Attribute("groups", list(groups))])
        value = next(c.value for c in browser.session.cookies if c.name == "saml_session")
        jar = tmp_path / f"cookies-{groups[0]}"
        jar.write_text(f"127.0.0.1\tFALSE\t/\tFALSE\t0\tsaml_session\t{value}\n")
        return lambda *arguments, where: git("-c", f"http.cookieFile={jar}", *arguments, where=where)

    return member


def test_clone_and_push(server, member, folder, tmp_path):
    developer, reader = member("developers"), member("staff")
    url = server.url("/git/secret.git")
    assert developer("clone", "--quiet", url, "work", where=tmp_path).returncode == 0
    (tmp_path / "work/file").write_text("secret\n" * 1000)
    git("add", "file", where=tmp_path / "work")
    git("commit", "--quiet", "-m", "one", where=tmp_path / "work")
    pushed = developer("push", "--quiet", "origin", "HEAD:main", where=tmp_path / "work")
    assert pushed.returncode == 0, pushed.stderr
    told = (folder / "srv/secret.git/pushed-by").read_text()
    assert "REMOTE_USER=alice@example.org" in told and "saml_session" not in told
    assert reader("clone", "--quiet", url, "copy", where=tmp_path).returncode == 0
    assert (tmp_path / "copy/file").exists()
    (tmp_path / "copy/file").write_text("changed")
    git("commit", "--quiet", "-am", "two", where=tmp_path / "copy")
    refused = reader("push", "--quiet", "origin", "HEAD:main", where=tmp_path / "copy")
    assert refused.returncode != 0 and "403" in refused.stderr, refused.stderr


def test_a_stranger(server, tmp_path):
    refused = git("clone", "--quiet", server.url("/git/secret.git"), "no", where=tmp_path)
    assert refused.returncode != 0 and not (tmp_path / "no/HEAD").exists()
    for path in [
        *detours("/git/secret.git/HEAD"), "/git/secret.git/info/refs?service=git-upload-pack",
        "/git/secret.git/info/refs?service=git-receive-pack", "/git//secret.git/config",
    ]:  # fmt: skip
        for method in ("GET", "POST"):
            answer = ask(server, path, *lies([]), method=method)
            assert answer.status in (301, 302, 400, 401, 403, 404, 405), path
            assert "ref:" not in answer.text, path


def test_a_name_that_a_client_claims_is_none(server, idp, tmp_path):
    session = cookie_header(log_in(server, idp, attributes=[Attribute("groups", ["staff"])]))
    for path in ("/git/secret.git/git-receive-pack", "/git/secret.git//git-receive-pack", "/git/secret.git/git-receive%2dpack",
                 "/git/x/../secret.git/git-receive-pack", "/git/secret.git/git-receive-pack?x"):  # fmt: skip
        answer = ask(server, path, session, ("Content-Type", "application/x-git-receive-pack-request"),
                     *lies(["groups"]), method="POST", body=b"0000")  # fmt: skip
        assert answer.status == 403, path
    for path in ("/git/../../etc/passwd", "/git/..%2f..%2fetc/passwd", "/git/secret.git/config", "/git/secret.git/../../x"):
        assert ask(server, path, session).status in (400, 403, 404), path
