//! The SP's metadata for people: the values that they type into an IdP's forms, and the file.

mod idp_forms;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minijinja::{Value, context};

use self::idp_forms::{IDPS, IdpForm, Wanted};
use crate::page::{Page, optional};
use crate::template::Template;

/// What the page says.
pub struct MetadataPage<'a> {
    /// The SP's entityID.
    pub entity_id: &'a str,
    /// Where the document is to be had: this page's own URL.
    pub url: &'a str,
    /// The Assertion Consumer Service at each origin of the SP.
    pub acs_urls: &'a [String],
    /// The Single Logout Service at each; none = there is none.
    pub sls_urls: &'a [String],
    /// NameIDFormats, best first; none = any is taken.
    pub name_id_formats: &'a [String],
    /// Name and FriendlyName of the attributes that are wanted by default, and whether they must be there.
    pub attributes: &'a [(&'a str, Option<&'a str>, bool)],
    /// The SP's certificates in DER, that which signs first.
    pub certificates: &'a [&'a [u8]],
    /// Requests are signed.
    pub signs_requests: bool,
    /// The document.
    pub xml: &'a str,
}

/// The page. The file is in it: a link to its own URL would lead a browser here again.
pub(crate) fn metadata_page(page: &MetadataPage<'_>) -> Page {
    let attributes = page.attributes.iter().map(|(name, friendly_name, is_required)| {
        let friendly_name = optional(*friendly_name);
        context! { name => *name, friendly_name, is_required => *is_required }
    });
    let values = context! {
        url => page.url,
        xml => data_uri("application/samlmetadata+xml", page.xml.as_bytes()),
        values => values(page),
        name_id_formats => list(page.name_id_formats),
        attributes => attributes.collect::<Value>(),
        signs_requests => page.signs_requests,
        certificates => page.certificates.iter().map(|der| certificate(der)).collect::<Value>(),
        idps => IDPS.iter().map(|idp| form(page, idp)).collect::<Value>(),
    };
    Page::new(Template::Metadata, values)
}

/// The values under the standard's names; what there is not has none.
fn values(page: &MetadataPage<'_>) -> Value {
    let rows = [
        ("Entity ID, audience", list(&[page.entity_id])),
        ("Assertion Consumer Service (ACS) URL, by HTTP-POST", list(page.acs_urls)),
        ("Single Logout Service URL, by HTTP-Redirect, HTTP-POST or SOAP", list(page.sls_urls)),
    ];
    rows.into_iter()
        .filter(|(_, values)| values.is_true())
        .map(|(label, values)| Value::from(vec![Value::from(label), values]))
        .collect()
}

fn certificate(der: &[u8]) -> Value {
    let pem = pem(der);
    context! {
        sha256 => hex(&openssl::sha::sha256(der), ":"),
        sha1 => hex(&openssl::sha::sha1(der), ""),
        file => data_uri("application/x-pem-file", pem.as_bytes()),
        pem,
    }
}

/// What one IdP's form wants; a field without a value is left out.
fn form(page: &MetadataPage<'_>, idp: &IdpForm) -> Value {
    let fields = idp.fields.iter().filter_map(|(label, wanted)| {
        let field = |values: Value, said: Option<&str>, is_certificate: bool| {
            context! { label => *label, values, said => optional(said), is_certificate }
        };
        let none = || list(&[""; 0]);
        let values = match wanted {
            Wanted::EntityId => list(&[page.entity_id]),
            Wanted::Acs => list(page.acs_urls),
            Wanted::AcsPattern => page.acs_urls.iter().map(|url| pattern(url)).collect(),
            Wanted::MetadataUrl => list(&[page.url]),
            Wanted::Sls => list(page.sls_urls),
            Wanted::LogoutIssuer if page.sls_urls.is_empty() => return None,
            Wanted::LogoutIssuer => list(&[page.entity_id]),
            Wanted::NameIdFormat => list(page.name_id_formats.get(..1)?),
            Wanted::Certificate if page.certificates.is_empty() => return None,
            Wanted::Certificate => return Some(field(none(), None, true)),
            Wanted::Said(said) => return Some(field(none(), Some(said), false)),
        };
        values.is_true().then(|| field(values, None, false))
    });
    let fields: Value = fields.collect();
    context! { name => idp.name, where_it_is => idp.where_it_is, fields }
}

fn list(values: &[impl AsRef<str>]) -> Value {
    values.iter().map(|value| Value::from(value.as_ref())).collect()
}

/// The regular expression that this URL alone matches.
fn pattern(url: &str) -> String {
    let escaped = url.chars().flat_map(|c| {
        let is_special = !(c.is_ascii_alphanumeric() || matches!(c, ':' | '-' | '_'));
        is_special.then_some('\\').into_iter().chain([c])
    });
    format!("^{}$", escaped.collect::<String>())
}

/// RFC 7468.
fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    for (index, c) in text.chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            pem.push('\n');
        }
        pem.push(c);
    }
    pem.push_str("\n-----END CERTIFICATE-----\n");
    pem
}

fn data_uri(media_type: &str, octets: &[u8]) -> String {
    format!("data:{media_type};base64,{}", STANDARD.encode(octets))
}

fn hex(octets: &[u8], between: &str) -> String {
    let octets: Vec<String> = octets.iter().map(|octet| format!("{octet:02X}")).collect();
    octets.join(between)
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::reader::tests::write;

    static ACS: LazyLock<[String; 1]> =
        LazyLock::new(|| ["https://app.example.com/saml/acs?a=b&c".to_owned()]);
    static SLS: LazyLock<[String; 1]> =
        LazyLock::new(|| ["https://app.example.com/saml/sls".to_owned()]);

    /// Without what ends lines between tags.
    fn written(page: &Page) -> String {
        write(page).replace(">\n", ">")
    }

    fn described() -> MetadataPage<'static> {
        MetadataPage { acs_urls: &*ACS, sls_urls: &*SLS, ..PAGE }
    }

    const PAGE: MetadataPage<'_> = MetadataPage {
        entity_id: "https://app.example.com/saml/metadata",
        url: "https://app.example.com/saml/metadata",
        acs_urls: &[],
        sls_urls: &[],
        name_id_formats: &[],
        attributes: &[("urn:oid:1", Some("<mail>"), true), ("groups", None, false)],
        certificates: &[b"first", b"second"],
        signs_requests: true,
        xml: "<md:EntityDescriptor/>",
    };

    #[test]
    fn values_stand_under_their_names_and_are_never_markup() {
        let page = written(&metadata_page(&described()));
        for expected in [
            "<dt>Entity ID, audience</dt><dd><code>https://app.example.com/saml/metadata</code></dd>",
            "<code>https://app.example.com/saml/acs?a=b&amp;c</code>",
            "<dt>NameID format</dt><dd>any</dd>",
            "<dd><code>urn:oid:1</code> (&lt;mail&gt;), required</dd><dd><code>groups</code></dd>",
            "<dt>Requests are signed</dt><dd>yes</dd>",
            "href=\"data:application/samlmetadata+xml;base64,PG1kOkVudGl0eURlc2NyaXB0b3IvPg==\"",
            "-----BEGIN CERTIFICATE-----\nZmlyc3Q=\n-----END CERTIFICATE-----",
            "<h2 id=\"certificate-1\">Another certificate</h2>",
            "<code>A7:93:7B:64:B8:CA:A5:8F:03:72:1B:B6:BA:CF:5C:78:CB:23:5F:EB:E0:E7:0B:1B:84:CD:99:54:14:61:A0:8E</code>",
            // By sha256sum and sha1sum.
            "<code>E0996A37C13D44C3B06074939D43FA3759BD32C1</code>",
        ] {
            assert!(page.contains(expected), "{expected}\n{page}");
        }
        assert!(!page.contains("<script") && !page.contains("style="));
    }

    #[test]
    fn each_idp_has_its_own_words() {
        let page = written(&metadata_page(&described()));
        assert_eq!(page.matches("<details><summary>").count(), IDPS.len() + 2);
        let (_, keycloak) = page.split_once("<summary>Keycloak</summary>").unwrap();
        let (keycloak, _) = keycloak.split_once("</details>").unwrap();
        assert!(
            keycloak.contains("<dt>Client ID</dt><dd><code>https://app.example.com/saml/metadata<")
        );
        assert!(page.contains(
            "<dd><code>^https:\\/\\/app\\.example\\.com\\/saml\\/acs\\?a\\=b\\&amp;c$</code></dd>"
        ));
    }

    #[test]
    fn the_addresses_of_all_origins_stand_under_one_name() {
        let acs_urls = ["https://a.example/acs", "https://b.example/acs"].map(str::to_owned);
        let page = written(&metadata_page(&MetadataPage { acs_urls: &acs_urls, ..described() }));
        let (a, b) = ("https://a.example/acs", "https://b.example/acs");
        let both = format!("by HTTP-POST</dt><dd><code>{a}</code></dd><dd><code>{b}</code></dd>");
        assert!(page.contains(&both), "{page}");
        let pattern = "^https:\\/\\/b\\.example\\/acs$";
        assert!(page.contains(&format!("<dd><code>{pattern}</code></dd>")), "{page}");
    }

    #[test]
    fn what_is_not_there_is_not_asked_for() {
        let format = ["urn:x:format".to_owned()];
        let page = written(&metadata_page(&MetadataPage {
            sls_urls: &[],
            certificates: &[],
            attributes: &[],
            name_id_formats: &format,
            signs_requests: false,
            ..described()
        }));
        assert!(
            !page.contains("/saml/sls")
                && !page.contains("SP Issuer")
                && !page.contains("certificate-0"),
            "{page}"
        );
        assert!(page.contains("<dt>Requests are signed</dt><dd>no</dd>"));
        assert!(page.contains("<dt>Name ID format</dt><dd><code>urn:x:format</code></dd>"));
    }

    #[test]
    fn a_certificate_is_wrapped_as_others_do() {
        let der = [7; 100];
        let pem = pem(&der);
        assert!(pem.lines().all(|line| line.len() <= 64));
        assert!(!pem.contains("\n\n"), "{pem}");
        let text: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        assert_eq!(STANDARD.decode(text).unwrap(), der);
    }
}
