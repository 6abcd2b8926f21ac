"""Logins and logouts by the thousand: messages that are canonical as they stand, one connection.

Needs `allow_unsolicited on`, and an IdP with an EC key (`CROWD_IDP`), which signs quickly.
"""

import base64
import hashlib
import http.client
import secrets
from urllib.parse import urlencode

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from harness.idp import Idp
from harness.keys import ec_credential
from harness.nginx import Nginx
from harness.response import instant

CROWD_IDP = Idp(credential=ec_credential("idp"), slo=("HTTP-Redirect", "HTTP-POST", "SOAP"))

ASSERTION = """\
<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="{id}" IssueInstant="{issued}" \
Version="2.0"><saml:Issuer>{issuer}</saml:Issuer>{signature}<saml:Subject><saml:NameID>{name_id}\
</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">\
<saml:SubjectConfirmationData NotOnOrAfter="{until}" Recipient="{acs}">\
</saml:SubjectConfirmationData></saml:SubjectConfirmation></saml:Subject><saml:Conditions \
NotBefore="{issued}" NotOnOrAfter="{until}"><saml:AudienceRestriction><saml:Audience>{sp}\
</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement \
AuthnInstant="{issued}" SessionIndex="{session_index}"><saml:AuthnContext>\
<saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password\
</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement></saml:Assertion>"""

RESPONSE = """\
<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="{id}" \
IssueInstant="{issued}" Version="2.0" Destination="{acs}"><saml:Issuer \
xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">{issuer}</saml:Issuer><samlp:Status>\
<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>{assertion}\
</samlp:Response>"""

LOGOUT_REQUEST = """\
<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" Destination="{sls}" \
ID="{id}" IssueInstant="{issued}" NotOnOrAfter="{until}" Version="2.0"><saml:Issuer \
xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">{issuer}</saml:Issuer>{signature}<saml:NameID \
xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">{name_id}</saml:NameID>{session_index}\
</samlp:LogoutRequest>"""

SIGNED_INFO = """\
<ds:SignedInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:CanonicalizationMethod \
Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:CanonicalizationMethod><ds:SignatureMethod \
Algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"></ds:SignatureMethod><ds:Reference \
URI="#{id}"><ds:Transforms><ds:Transform \
Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"></ds:Transform><ds:Transform \
Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:Transform></ds:Transforms><ds:DigestMethod \
Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod><ds:DigestValue>{digest}\
</ds:DigestValue></ds:Reference></ds:SignedInfo>"""

SIGNATURE = """\
<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#">{signed_info}<ds:SignatureValue>{value}\
</ds:SignatureValue></ds:Signature>"""

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Crowd:
    """The IdP and the browsers of many people at one SP, over one connection of this thread."""

    def __init__(self, server: Nginx, idp: Idp = CROWD_IDP):
        self.server = server
        self.idp = idp
        self.acs, self.sls = server.url("/saml/acs"), server.url("/saml/sls")
        self.sp = server.url("/saml/metadata")
        self.connection = http.client.HTTPConnection(server.address, server.port, timeout=30)

    def login_form(self, name_id: str, session_index: str, issued: float = 0) -> str:
        """The body that posts an unsolicited Response. `issued` and all times: seconds from now."""
        response = self.login_response(name_id, session_index, issued)
        return urlencode({"SAMLResponse": base64.b64encode(response.encode()).decode()})

    def login_response(self, name_id: str, session_index: str, issued: float = 0) -> str:
        """The Response itself."""
        times = {"issued": instant(issued), "until": instant(600), "issuer": self.idp.entity_id}
        assertion = self.signed(
            ASSERTION,
            acs=self.acs,
            sp=self.sp,
            name_id=name_id,
            session_index=session_index,
            **times,
        )
        return RESPONSE.format(id=unique(), acs=self.acs, assertion=assertion, **times)

    def logout_form(self, name_id: str, *session_index: str) -> str:
        """The body that posts a LogoutRequest."""
        indexes = "".join(
            f"<samlp:SessionIndex>{index}</samlp:SessionIndex>" for index in session_index
        )
        request = self.signed(
            LOGOUT_REQUEST,
            sls=self.sls,
            name_id=name_id,
            session_index=indexes,
            issued=instant(0),
            until=instant(300),
            issuer=self.idp.entity_id,
        )
        return urlencode({"SAMLRequest": base64.b64encode(request.encode()).decode()})

    def signed(self, template: str, **values: str) -> str:
        values["id"] = unique()
        octets = template.format(signature="", **values).encode()
        digest = base64.b64encode(hashlib.sha256(octets).digest()).decode()
        signed_info = SIGNED_INFO.format(id=values["id"], digest=digest)
        der = self.idp.credential.key.sign(signed_info.encode(), ec.ECDSA(hashes.SHA256()))
        raw = b"".join(number.to_bytes(32, "big") for number in decode_dss_signature(der))
        value = base64.b64encode(raw).decode()
        signature = SIGNATURE.format(signed_info=signed_info, value=value)
        return template.format(signature=signature, **values)

    def ask(
        self, method: str, path: str, body: str | None = None, headers=()
    ) -> tuple[int, str, str]:
        """Status, the session's cookie when one is set, body."""
        self.connection.request(method, path, body, {**dict(headers)})
        answer = self.connection.getresponse()
        text = answer.read().decode()
        cookies = answer.headers.get_all("Set-Cookie", [])
        session = [c.partition(";")[0] for c in cookies if c.startswith("saml_session=")]
        return answer.status, session[0] if session else "", text

    def post_login(self, body: str) -> tuple[int, str, str]:
        return self.ask("POST", "/saml/acs", body, FORM)

    def post_logout(self, body: str) -> tuple[int, str, str]:
        return self.ask("POST", "/saml/sls", body, FORM)

    def enter(self, name_id: str, session_index: str) -> str:
        """Logs somebody in; the cookie."""
        status, cookie, text = self.post_login(self.login_form(name_id, session_index))
        assert status == 303 and cookie, f"{status}: {text}"
        return cookie

    def status(self, cookie: str) -> int:
        """200: in. 302: sent to the IdP."""
        headers = {"Cookie": cookie, "Accept": "text/html", "Sec-Fetch-Mode": "navigate"}
        return self.ask("GET", "/page.html", None, headers)[0]

    def close(self) -> None:
        self.connection.close()


def unique() -> str:
    return f"_{secrets.token_hex(16)}"
