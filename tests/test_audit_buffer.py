"""`saml_audit_log … buffer=SIZE [flush=TIME]`: records wait, and none is lost, torn or told twice."""

import json
import os
import signal
import threading

import pytest

from harness.browser import Browser
from harness.members import log_in
from harness.response import Answer
from harness.site import site

CONF = site(
    main="worker_processes 4;",
    http="saml_audit_log audit.log buffer=@BUFFER@; saml_audit_log audit.log buffer=@BUFFER@ name_id=off;",
    # nginx closes idle connections at a reload.
    server="keepalive_timeout 0;",
)


def records(server, name: str = "audit.log") -> list[dict]:
    """Every line is a record, at any time."""
    path = server.directory / name
    text = path.read_text() if path.exists() else ""
    assert not text or text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def sessions(all_records: list[dict]) -> list[str]:
    return sorted(record["session"] for record in all_records if record["event"] == "login")


def test_they_wait_until_the_process_ends(nginx, idp):
    server = nginx(CONF, BUFFER="64k")
    for n in range(5):
        log_in(server, idp, name_id=f"user-{n}", session_index=f"_{n}")
    assert records(server) == []
    server.reload()
    assert len(records(server)) == 10, "of each login two: both logs are one file"
    assert {record.get("name_id") for record in records(server)} == {None, *(f"user-{n}" for n in range(5))}


def test_they_wait_no_longer_than_flush_says(nginx, idp):
    server = nginx(CONF, BUFFER="64k flush=100ms")
    for n in range(2):
        log_in(server, idp, session_index=f"_{n}")
        server.wait_for(lambda: len(records(server)) == 2 * (n + 1), "both records")


def test_a_full_buffer_is_written_and_a_long_record_goes_by_it_in_order(nginx, idp):
    server = nginx(CONF.replace("worker_processes 4", "worker_processes 1"), BUFFER="1k")
    names = ["short", "x" * 3000, "last"]
    for name in names:
        log_in(server, idp, name_id=name, session_index=f"_{name[:9]}")
    assert len(records(server)) >= 3
    server.reload()
    assert [record["name_id"] for record in records(server) if "name_id" in record] == names


def test_a_rotated_file_has_what_waited(nginx, idp):
    server = nginx(CONF, BUFFER="64k")
    log_in(server, idp)
    log = server.directory / "audit.log"
    log.rename(server.directory / "audit.log.1")
    os.kill(server.process.pid, signal.SIGUSR1)
    server.wait_for(lambda: len(records(server, "audit.log.1")) == 2, "the records of before")
    assert records(server) == []
    log_in(server, idp, session_index="_2")
    server.reload()
    assert len(records(server)) == 2


@pytest.mark.parametrize("buffer", ["1k", "16k flush=20ms", "1m"])
def test_none_is_lost_or_torn(nginx, idp, buffer):
    server = nginx(CONF, BUFFER=buffer)
    failures, refused = [], []

    def work(n: int):
        try:
            for step in range(10):
                log_in(server, idp, name_id=f"user-{n}", session_index=f"_{n}-{step}")
                browser = Browser()
                asked = idp.asked(browser.get(server.url("/page.html")))
                page = browser.post(asked.acs_url, idp.form(asked, Answer(audience="https://other.example")))
                refused.append(page.status)
        except Exception as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for turn in range(3):
        server.reload()
        (server.directory / "audit.log").rename(server.directory / f"audit.log.{turn}")
        os.kill(server.process.pid, signal.SIGUSR1)
        server.wait_for((server.directory / "audit.log").exists, "the new file")
        records(server)
    for thread in threads:
        thread.join()
    assert not failures, failures[0]
    assert refused == [403] * 60
    server.reload()
    names = ["audit.log", *(f"audit.log.{turn}" for turn in range(3))]
    found = [record for name in names for record in records(server, name)]
    logins = sessions(found)
    assert len(logins) == 2 * 60 and logins[::2] == logins[1::2] and len(set(logins)) == 60
    refusals = [record for record in found if record["event"] == "refusal"]
    assert len(refusals) == 2 * 60 and len({record["request_id"] for record in refusals}) == 60


def test_mistakes(prepared):
    for lines, why in (
        ("saml_audit_log a.log buffer=4k; saml_audit_log a.log buffer=8k;", "by another saml_audit_log with another buffer= or flush="),
        ("saml_audit_log a.log; saml_audit_log a.log buffer=8k;", "by another saml_audit_log with another"),
        ("access_log a.log combined buffer=8k; saml_audit_log a.log buffer=8k;", "is a buffered log of another directive"),
        ("saml_audit_log a.log buffer=8k; access_log a.log combined buffer=8k;", "is a buffered log of another directive"),
        ("saml_audit_log a.log buffer=8;", 'invalid size "8"'),
        ("saml_audit_log a.log flush=1s;", "has no buffer; add buffer=SIZE"),
        ("saml_audit_log syslog:server=127.0.0.1 buffer=8k;", "to syslog cannot be buffered"),
    ):
        server = prepared(site(http=lines))
        good, output = server.test()
        assert not good and why in output, (lines, output)
