"""`include` within a SAML block."""

import re

import pytest

CONF = """
events {}
http {
    saml_idp corp { @IDP@ }
    saml_sp app {
        base_url https://app.example.com;
        entity_id app;
        idp corp;
        @SP@
    }
    server {
        listen 127.0.0.1:@PORT@;
        location = /saml/acs { saml_acs app; }
    }
}
"""
FILES = {
    "idp.inc": "metadata idp.xml;\n",
    "a.inc": "login_redirect /a;\n",
    "bad.inc": "\nnonsense x;\n",
}


def test_it_works(prepared):
    values = {"IDP": "include idp.inc;", "SP": "include a*.inc; include none*;"}
    good, output = prepared(CONF, files=FILES, **values).test()
    assert good, output


@pytest.mark.parametrize("line", ["include;", "include a.inc b.inc;"])
@pytest.mark.parametrize("block", ["IDP", "SP"])
def test_wants_one_file(prepared, line, block):
    values = {"IDP": "metadata idp.xml;", "SP": ""}
    values[block] += line
    good, output = prepared(CONF, files=FILES, **values).test()
    assert not good
    (line,) = [line for line in output.splitlines() if "[emerg]" in line]
    assert re.search(r'"include".*one file.*nginx\.conf:\d+', line), line


def test_a_mistake_inside_names_the_file(prepared):
    values = {"IDP": "metadata idp.xml;", "SP": "include bad.inc;"}
    good, output = prepared(CONF, files=FILES, **values).test()
    assert not good
    assert re.search(r'"nonsense".*bad\.inc:2', output), output
