//! The SP's metadata for people: the values that they type into an IdP's forms, and the file.

mod idp_forms;

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use self::idp_forms::{IDPS, IdpForm, Value};
use crate::html::escape;
use crate::page::Page;

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
    let mut body = String::new();
    put(
        &mut body,
        format_args!(
            "<p>This is for the administrator of an identity provider (IdP) at which people of this site are \
             to sign in. An IdP that reads metadata needs nothing else: it gets it as XML from \
             <code>{}</code>.</p><p><a class=\"button\" download=\"sp-metadata.xml\" href=\"{}\">Download \
             the metadata (XML)</a></p>",
            escape(page.url),
            data_uri("application/samlmetadata+xml", page.xml.as_bytes())
        ),
    );
    values(&mut body, page);
    for (index, der) in page.certificates.iter().enumerate() {
        certificate(&mut body, index, der);
    }
    body.push_str("<h2>Where the values go</h2>");
    for idp in IDPS {
        form(&mut body, page, idp);
    }
    Page::technical("SAML service provider", body)
}

/// The values under the standard's names.
fn values(body: &mut String, page: &MetadataPage<'_>) {
    body.push_str("<h2>Values</h2><dl>");
    row(body, "Entity ID, audience", page.entity_id);
    rows(body, "Assertion Consumer Service (ACS) URL, by HTTP-POST", page.acs_urls);
    rows(body, "Single Logout Service URL, by HTTP-Redirect, HTTP-POST or SOAP", page.sls_urls);
    body.push_str("<dt>NameID format</dt>");
    if page.name_id_formats.is_empty() {
        body.push_str("<dd>any</dd>");
    }
    for format in page.name_id_formats {
        put(body, format_args!("<dd><code>{}</code></dd>", escape(format)));
    }
    if !page.attributes.is_empty() {
        body.push_str("<dt>Attributes</dt>");
    }
    for (name, friendly_name, required) in page.attributes {
        let friendly_name = friendly_name.map(|name| format!(" ({})", escape(name)));
        let required = if *required { ", required" } else { "" };
        put(
            body,
            format_args!(
                "<dd><code>{}</code>{}{required}</dd>",
                escape(name),
                friendly_name.unwrap_or_default()
            ),
        );
    }
    let signs = if page.signs_requests { "yes" } else { "no" };
    put(body, format_args!("<dt>Requests are signed</dt><dd>{signs}</dd></dl>"));
}

fn certificate(body: &mut String, index: usize, der: &[u8]) {
    let title = if index == 0 { "Certificate" } else { "Another certificate" };
    let note = if index == 0 { "" } else { "<p>For a change of keys; tell both.</p>" };
    let pem = pem(der);
    let (sha256, sha1) = (openssl::sha::sha256(der), openssl::sha::sha1(der));
    put(
        body,
        format_args!(
            "<h2 id=\"certificate-{index}\">{title}</h2>{note}<dl><dt>SHA-256</dt><dd><code>{}</code></dd>\
             <dt>SHA-1, as a thumbprint</dt><dd><code>{}</code></dd></dl><p><a class=\"button\" \
             download=\"sp-{index}.crt\" href=\"{}\">Download it (PEM)</a></p><details><summary>Its \
             text</summary><pre tabindex=\"0\">{pem}</pre></details>",
            hex(&sha256, ":"),
            hex(&sha1, ""),
            data_uri("application/x-pem-file", pem.as_bytes())
        ),
    );
}

/// What one IdP's form wants; a row without a value is left out.
fn form(body: &mut String, page: &MetadataPage<'_>, idp: &IdpForm) {
    put(
        body,
        format_args!("<details><summary>{}</summary><p>{}</p><dl>", idp.name, idp.where_it_is),
    );
    for (label, value) in idp.fields {
        match value {
            Value::EntityId => row(body, label, page.entity_id),
            Value::Acs => rows(body, label, page.acs_urls),
            Value::AcsPattern => {
                let patterns: Vec<_> = page.acs_urls.iter().map(|url| pattern(url)).collect();
                rows(body, label, &patterns);
            }
            Value::MetadataUrl => row(body, label, page.url),
            Value::Sls => rows(body, label, page.sls_urls),
            Value::LogoutIssuer if page.sls_urls.is_empty() => {}
            Value::LogoutIssuer => row(body, label, page.entity_id),
            Value::NameIdFormat => {
                if let Some(format) = page.name_id_formats.first() {
                    row(body, label, format);
                }
            }
            Value::Certificate if !page.certificates.is_empty() => put(
                body,
                format_args!(
                    "<dt>{label}</dt><dd>the <a href=\"#certificate-0\">certificate</a></dd>"
                ),
            ),
            Value::Certificate => {}
            Value::Said(text) => put(body, format_args!("<dt>{label}</dt><dd>{text}</dd>")),
        }
    }
    body.push_str("</dl></details>");
}

/// A foreign value under our own label.
fn row(body: &mut String, label: &str, value: &str) {
    rows(body, label, &[value]);
}

/// All of them under one; none, and it is left out.
fn rows(body: &mut String, label: &str, values: &[impl AsRef<str>]) {
    if !values.is_empty() {
        put(body, format_args!("<dt>{label}</dt>"));
    }
    for value in values {
        put(body, format_args!("<dd><code>{}</code></dd>", escape(value.as_ref())));
    }
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

fn put(body: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = body.write_fmt(text);
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
        let page = write(&metadata_page(&described()));
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
        let page = write(&metadata_page(&described()));
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
        let page = write(&metadata_page(&MetadataPage { acs_urls: &acs_urls, ..described() }));
        let (a, b) = ("https://a.example/acs", "https://b.example/acs");
        let both = format!("by HTTP-POST</dt><dd><code>{a}</code></dd><dd><code>{b}</code></dd>");
        assert!(page.contains(&both), "{page}");
        let pattern = "^https:\\/\\/b\\.example\\/acs$";
        assert!(page.contains(&format!("<dd><code>{pattern}</code></dd>")), "{page}");
    }

    #[test]
    fn what_is_not_there_is_not_asked_for() {
        let format = ["urn:x:format".to_owned()];
        let page = write(&metadata_page(&MetadataPage {
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
