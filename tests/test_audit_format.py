"""`saml_audit_format`: records as lines of one's own, by the rules of nginx's `log_format`."""

import json
import re
import socket

import pytest

from harness.browser import Browser
from harness.injection import CORPUS, in_xml
from harness.members import log_in
from harness.response import Answer
from harness.site import site
from harness.wire import ask

CONF = site(
    main="worker_processes 2;",
    http="""
        log_format own escape=@ESCAPE@ '[$http_x_text] [$host]';
        access_log nginx.log own;
        saml_audit_format own escape=@ESCAPE@ '[$saml_audit_name_id] [$http_x_text] [$host]';
        saml_audit_format short '$saml_audit_time $saml_audit_event sp=$saml_audit_sp idp=${saml_audit_idp} '
            'reason=$saml_audit_reason client=$saml_audit_client id=$saml_audit_request_id '
            '$request_method $uri $args $remote_addr none=$http_nothing';
        saml_audit_log audit.log;
        saml_audit_log own.log format=own;
        saml_audit_log short.log format=short name_id=off;
        saml_audit_log again.log format=json;
    """,
    server="location = /staff { auth_saml app; auth_saml_require_attribute groups staff; }",
)


def lines(server, name: str) -> list[bytes]:
    """Without their ends; all of them have one."""
    *whole, rest = (server.directory / name).read_bytes().split(b"\n")
    assert rest == b""
    return whole


@pytest.mark.smoke
def test_variables_of_the_record_and_of_the_request(nginx, idp):
    server = nginx(CONF, ESCAPE="default")
    log_in(server, idp)
    browser = Browser()
    asked = idp.asked(browser.get(server.url("/page.html")))
    refused = browser.post(asked.acs_url, idp.form(asked, Answer(audience="https://other.example")))
    assert refused.status == 403
    login, refusal = (json.loads(line) for line in lines(server, "audit.log"))
    first, second = (line.decode() for line in lines(server, "short.log"))
    assert first == (
        f"{login['time']} login sp=app idp=corp reason=- client=127.0.0.1 id={login['request_id']} "
        "POST /saml/acs - 127.0.0.1 none=-"
    )
    assert f" refusal sp=app idp=corp reason=audience_mismatch client=127.0.0.1 id={refusal['request_id']} " in second
    assert lines(server, "again.log") == lines(server, "audit.log")


def test_a_request_that_is_refused_where_it_goes_to(nginx, idp):
    server = nginx(CONF, ESCAPE="default")
    member = log_in(server, idp)
    assert member.get(server.url("/staff?a=1")).status == 403
    [_, line] = lines(server, "short.log")
    assert b"reason=requirement_not_met" in line and b"GET /staff a=1 127.0.0.1" in line


@pytest.mark.parametrize("escape", ["default", "json", "none"])
def test_values_are_escaped_as_nginx_does_it(nginx, idp, escape):
    server = nginx(CONF, ESCAPE=escape)
    tried = 0
    for number, text in enumerate(text for text in CORPUS if in_xml(text)):
        (server.directory / "own.log").write_bytes(b"")
        browser = Browser()
        # As a header the octets come as they are, but for what ends one.
        header = {"X-Text": "".join(c for c in text.strip() if c not in "\r\n\0").encode()}
        asked = idp.asked(browser.get(server.url("/page.html")))
        form = idp.form(asked, Answer(name_id=text, session_index=f"_{number}"))
        if browser.post(asked.acs_url, form, headers=header).status != 303:
            continue
        tried += 1
        record = json.loads(lines(server, "audit.log")[-1])
        server.wait_for(lambda: b"] [" in lines(server, "nginx.log")[-1][3:], "nginx's own line")
        name_id, nginxs = record["name_id"].encode(), lines(server, "nginx.log")[-1]
        found = (server.directory / "own.log").read_bytes()
        if escape == "none":
            assert found == b"[" + name_id + b"] " + nginxs + b"\n"
            continue
        assert found.count(b"\n") == 1 and not re.search(rb"[\0-\x09\x0b-\x1f]", found)
        value, end = found[1:].split(b"] [", 1)
        assert end == nginxs[1:] + b"\n"
        if escape == "json":
            assert json.loads(b'"' + value + b'"') == record["name_id"]
        else:
            assert value.isascii() and b'"' not in value
            octets = re.sub(rb"\\x([0-9A-F]{2})", lambda one: bytes.fromhex(one[1].decode()), value)
            assert octets == name_id
    assert tried > 30


def test_syslog_gets_lines_of_a_format(nginx, idp):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as syslog:
        syslog.bind(("127.0.0.1", 0))
        syslog.settimeout(5)
        place = f"syslog:server=127.0.0.1:{syslog.getsockname()[1]},tag=saml format=short"
        server = nginx(site(http=f"saml_audit_format short '$saml_audit_event $uri'; saml_audit_log {place};"))
        log_in(server, idp)
        assert syslog.recv(4096).decode().endswith(" saml: login /saml/acs")


def test_a_format_has_no_influence_on_what_is_asked_later(nginx, idp):
    """A `map` of a session's value is asked for before there is a session, and again when there is one."""
    conf = site(
        http="""
            map $saml_name_id $who { default $saml_name_id; '' nobody; }
            log_format who $who;
            saml_audit_format own '$saml_audit_event $who';
            saml_audit_log audit.log format=own;
        """,
        sp="logout_notify /told;",
        server="location = /told { internal; log_subrequest on; access_log told.log who; return 204; }",
    )
    server = nginx(conf)
    log_in(server, idp).get(server.url("/saml/logout"))
    told = [b"login nobody", b"logout_by_user nobody", b"logout_notify nobody"]
    server.wait_for(lambda: lines(server, "audit.log") == told, "three records")
    server.wait_for(lambda: lines(server, "told.log") == [b"alice@example.org"], "whom the application heard of")


def test_mistakes(prepared):
    for line, why in (
        ("saml_audit_format own '$nobody_knows_it'; saml_audit_log a.log format=own;", 'unknown "nobody_knows_it" variable'),
        ("saml_audit_format own '$saml_audit_password';", 'wants "$saml_audit_password", and a record has $saml_audit_time,'),
        ("saml_audit_log a.log format=own;", 'the format "own" of "saml_audit_log" is defined by no "saml_audit_format"'),
        ("log_format own $uri; saml_audit_log a.log format=own;", "is defined by no"),
        ("saml_audit_log a.log gzip=1;", "it takes format=NAME, buffer=SIZE, flush=TIME and name_id=plain"),
    ):
        good, output = prepared(site(http=line)).test()
        assert not good and why in output, output
    good, output = prepared(site(http="saml_audit_format own escape=none $saml_audit_name_id;")).test()
    assert good and "looks like two records" in output
