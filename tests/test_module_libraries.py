"""Which C code a login can reach: no library that parses, canonicalises or verifies XML."""

import re
import subprocess

import pytest

pytestmark = pytest.mark.smoke

# libcrypto's and, for memcached by TLS, libssl's functions are nginx's own or come from these.
ALLOWED = re.compile(r"(libc|libm|libgcc_s|libssl|libcrypto|libdl|libpthread|ld-linux[\w-]*)\.so\.\d+")


def output_of(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_the_module_is_linked_with_no_library_for_xml(build):
    module, _ = build
    needed = re.findall(r"\(NEEDED\).*\[(.+)\]", output_of("readelf", "--dynamic", "--wide", module))
    assert needed and all(ALLOWED.fullmatch(library) for library in needed), needed


def test_no_such_library_is_inside_of_it_either(build):
    module, _ = build
    symbols = output_of("nm", f"{module}.debug") + output_of("nm", "--dynamic", module)
    strangers = re.findall(r" ((?:xml[A-Z]|xmlSec|xslt|XML_)\w*)$", symbols, re.M)
    assert strangers == []
