//! PAOS (Bindings 3.3): SOAP the other way round. The server's HTTP answer holds the request, and the client
//! posts what answers it; as the Enhanced Client or Proxy profile fills it (Profiles 4.2).

use http::Headers;
use xmldoc::Element;

use super::soap::envelope_with;
use crate::namespace::{ECP, PAOS, SOAP};
use crate::xml_writer::Tag;

/// The Content-Type of an envelope, both ways (Bindings 3.3.3).
pub const PAOS_CONTENT_TYPE: &str = "application/vnd.paos+xml";

/// Header blocks of an answer that must be understood, and are (Profiles 4.2.4.3, 4.2.4.5).
pub(crate) const UNDERSTOOD: [(&str, &str); 2] = [(PAOS, "Response"), (ECP, "RelayState")];

/// A block is for whoever gets the envelope next (SOAP 1.1 4.2.2).
const NEXT: &str = "http://schemas.xmlsoap.org/soap/actor/next";

/// Does the client say that it does this profile (Bindings 3.3.3, Profiles 4.2.3.1)? `Accept` names the
/// media type, and `PAOS` the version and the service: `ver="urn:liberty:paos:2003-08";"urn:…:SSO:ecp"`.
///
/// Where in `Accept` does not matter: one client puts it where the parameters of another type stand.
pub fn does_ecp(headers: &impl Headers) -> bool {
    let accepts = |accept: &[u8]| {
        accept
            .split(|octet| matches!(octet, b',' | b';'))
            .any(|range| range.trim_ascii().eq_ignore_ascii_case(PAOS_CONTENT_TYPE.as_bytes()))
    };
    headers.values("accept").any(accepts) && headers.values("paos").any(names_ecp)
}

/// Is a body of this Content-Type such an envelope?
pub fn is_paos(content_type: Option<&str>) -> bool {
    let media_type = content_type.and_then(|value| value.split(';').next()).unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case(PAOS_CONTENT_TYPE)
}

/// `ver="…","…";"service","option"…;…`: a version that is spoken here, and the service.
fn names_ecp(paos: &[u8]) -> bool {
    let mut parts = paos.split(|octet| *octet == b';').map(<[u8]>::trim_ascii);
    let versions = parts.next().and_then(|first| {
        let first = first.strip_prefix(b"ver")?.trim_ascii_start();
        first.strip_prefix(b"=")
    });
    versions.is_some_and(|versions| quoted(versions).any(|version| version == PAOS.as_bytes()))
        && parts.any(|services| quoted(services).next() == Some(ECP.as_bytes()))
}

/// What stands in quotes between the commas.
fn quoted(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let words = list.split(|octet| *octet == b',').map(<[u8]>::trim_ascii);
    words.filter_map(|word| word.strip_prefix(b"\"")?.strip_suffix(b"\""))
}

/// What an AuthnRequest goes with to the client (Profiles 4.2.4.1, 4.2.4.2, 4.2.4.5).
pub(crate) struct EcpRequest<'a> {
    /// Where the client posts the answer.
    pub acs_url: &'a str,
    /// What an answer may refer to.
    pub message_id: &'a str,
    pub passive: bool,
    pub provider_name: Option<&'a str>,
    /// entityID of the IdP that can answer.
    pub idp: &'a str,
    pub relay_state: &'a str,
}

impl EcpRequest<'_> {
    /// What makes the envelope around an AuthnRequest; `issuer` is its Issuer.
    pub(crate) fn around(&self, issuer: Tag) -> impl FnOnce(&str) -> String + Send + use<> {
        let paos = for_next("paos:Request")
            .attribute("xmlns:paos", PAOS)
            .attribute("responseConsumerURL", self.acs_url)
            .attribute("service", ECP)
            .attribute("messageID", self.message_id);
        let entry = Tag::new("samlp:IDPEntry").attribute("ProviderID", self.idp);
        let ecp = for_next("ecp:Request")
            .attribute("xmlns:ecp", ECP)
            .attribute("xmlns:saml", crate::namespace::ASSERTION)
            .attribute("xmlns:samlp", crate::namespace::PROTOCOL)
            // Without it the client must not ask the person for a password (Profiles 4.2.4.2).
            .attribute("IsPassive", if self.passive { "true" } else { "false" })
            .attribute_if("ProviderName", self.provider_name)
            .child(issuer)
            .child(Tag::new("samlp:IDPList").child(entry));
        let relay_state =
            for_next("ecp:RelayState").attribute("xmlns:ecp", ECP).text(self.relay_state);
        move |request| envelope_with([paos, ecp, relay_state], request)
    }
}

fn for_next(name: &'static str) -> Tag {
    Tag::new(name).attribute("soap:mustUnderstand", "1").attribute("soap:actor", NEXT)
}

/// The RelayState in the Header of an answer, from whoever sent it; `None` when there is not exactly one.
pub(crate) fn relay_state(envelope: &Element) -> Option<String> {
    let header = envelope.child(SOAP, "Header")?;
    let mut found = header.children_named(ECP, "RelayState");
    let (first, None) = (found.next()?, found.next()) else { return None };
    Some(first.text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use http::Head;

    use super::*;

    const HEADER: &str =
        "ver=\"urn:liberty:paos:2003-08\";\"urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp\"";

    fn does(accept: &str, paos: &str) -> bool {
        does_ecp(&Head::new("GET", "").with("Accept", accept).with("PAOS", paos))
    }

    #[test]
    fn a_client_says_both_that_it_reads_it_and_what_it_does() {
        for accept in [
            "application/vnd.paos+xml",
            "text/html; application/vnd.paos+xml",
            "text/html, Application/Vnd.PAOS+xml;q=0.5, */*",
        ] {
            assert!(does(accept, HEADER), "{accept}");
        }
        let split = Head::new("GET", "").with("Accept", "*/*").with("Accept", PAOS_CONTENT_TYPE);
        assert!(does_ecp(&split.clone().with("PAOS", HEADER)));
        assert!(!does_ecp(&split), "no PAOS");
        for accept in ["", "*/*", "text/html", "application/*", "application/vnd.paos+xml2"] {
            assert!(!does(accept, HEADER), "{accept}");
        }
        assert!(!does_ecp(&Head::new("GET", "").with("PAOS", HEADER)), "no Accept");
    }

    #[test]
    fn the_header_names_version_and_service() {
        for paos in [
            HEADER.to_owned(),
            HEADER.replace(';', " ; "),
            HEADER.replace("ver=", "ver = "),
            HEADER.replace("ver=", "ver=\"urn:liberty:paos:2006-08\","),
            format!("{HEADER},\"urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp:2.0:hok\""),
            HEADER.replace(';', ";\"urn:other\";"),
        ] {
            assert!(does(PAOS_CONTENT_TYPE, &paos), "{paos}");
        }
        for paos in [
            "",
            ";",
            "ver",
            "ver=",
            "ver=\"",
            "ver=\"\";\"\"",
            "\"\",,;;\"\u{0}",
            &HEADER.replace('"', ""),
            &HEADER.replace("2003", "2006"),
            &HEADER.replace(":ecp", ":other"),
            &HEADER.replace("ver=", ""),
            &HEADER.replace("ver=", "version="),
            HEADER.split(';').next().unwrap(),
            &HEADER.replace(';', ","),
            &"\",".repeat(10_000),
        ] {
            assert!(!does(PAOS_CONTENT_TYPE, paos), "{paos}");
        }
    }

    #[test]
    fn an_answer_is_known_by_its_media_type() {
        for yes in [PAOS_CONTENT_TYPE, " Application/VND.paos+XML ; charset=utf-8"] {
            assert!(is_paos(Some(yes)), "{yes}");
        }
        for no in [None, Some(""), Some("text/xml"), Some("text/xml; application/vnd.paos+xml")] {
            assert!(!is_paos(no), "{no:?}");
        }
    }
}
