//! Sending by HTTP-Redirect (Bindings 3.4).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use xmldoc::{SignatureAlgorithm, SigningKey};

use crate::base64_binary;
use crate::binding::RELAY_STATE;
use crate::binding::deflate::deflate;
use crate::binding::detached_signature::{SIG_ALG, SIGNATURE};
use crate::binding::send_error::SendError;

/// The spelling that also those IdPs verify that decode and re-encode the query: all but RFC 3986's
/// unreserved characters, in upper-case hex.
const QUERY_VALUE: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// `location` with the message in its query, and a detached signature over exactly the octets of
/// `parameter=…&RelayState=…&SigAlg=…` (Bindings 3.4.4.1). An empty RelayState is left out.
pub(crate) fn url(
    location: &str,
    parameter: &str,
    xml: &str,
    relay_state: &str,
    signing: Option<(&SigningKey, SignatureAlgorithm)>,
) -> Result<String, SendError> {
    let deflated = deflate(xml.as_bytes()).map_err(|e| SendError(format!("deflate: {e}")))?;
    let mut url = before_query(location, /* room */ 2 * deflated.len() + 1024);
    let query = url.len();
    url += parameter;
    push_value(&mut url, &base64_binary::encode(&deflated));
    if !relay_state.is_empty() {
        push_argument(&mut url, RELAY_STATE, relay_state);
    }
    if let Some((key, algorithm)) = signing {
        push_argument(&mut url, SIG_ALG, algorithm.uri());
        let signed = url.as_bytes().get(query..).unwrap_or_default();
        let signature = key.sign_octets(algorithm, signed).map_err(|e| SendError(e.to_string()))?;
        push_argument(&mut url, SIGNATURE, &base64_binary::encode(&signature));
    }
    Ok(url)
}

/// The URL with more arguments, behind the signature, which does not cover them.
pub(crate) fn with_arguments(mut url: String, arguments: &[(String, String)]) -> String {
    for (name, value) in arguments {
        url.push('&');
        url.extend(utf8_percent_encode(name, QUERY_VALUE));
        push_value(&mut url, value);
    }
    url
}

fn push_argument(url: &mut String, name: &str, value: &str) {
    url.push('&');
    url.push_str(name);
    push_value(url, value);
}

fn push_value(url: &mut String, value: &str) {
    url.push('=');
    url.extend(utf8_percent_encode(value, QUERY_VALUE));
}

/// The location up to where a query begins. One that it has already stays in front; a fragment has no business
/// in an endpoint.
fn before_query(location: &str, room: usize) -> String {
    let location = location.split_once('#').map_or(location, |(before, _)| before);
    let separator = match location.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some((_, old)) if old.ends_with('&') => "",
        Some(_) => "&",
    };
    let mut url = String::with_capacity(location.len() + separator.len() + room);
    url.push_str(location);
    url.push_str(separator);
    url
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binding::SAML_REQUEST;
    use crate::binding::deflate::inflate;

    #[test]
    fn the_message_comes_out_as_it_went_in() {
        let xml = "<x y=\"é+/=&amp;\"/>".repeat(20);
        let url = url("https://idp.example/sso", SAML_REQUEST, &xml, "", None).unwrap();
        let query = url.strip_prefix("https://idp.example/sso?").unwrap();
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
        assert_eq!(pairs.len(), 1);
        assert_eq!(pairs[0].0, "SAMLRequest");
        let deflated = base64_binary::decode(&pairs[0].1, 10_000).unwrap();
        assert_eq!(inflate(&deflated, 10_000).unwrap(), xml.as_bytes());
    }

    #[test]
    fn only_unreserved_characters_stay_bare() {
        let relay_state: String = (' '..='~').collect::<String>() + "é";
        let url = url("https://idp.example/", SAML_REQUEST, "<x/>", &relay_state, None).unwrap();
        let value = url.split_once("&RelayState=").unwrap().1;
        assert_eq!(
            value,
            "%20%21%22%23%24%25%26%27%28%29%2A%2B%2C-.%2F0123456789%3A%3B%3C%3D%3E%3F%40\
             ABCDEFGHIJKLMNOPQRSTUVWXYZ%5B%5C%5D%5E_%60abcdefghijklmnopqrstuvwxyz%7B%7C%7D~%C3%A9"
        );
    }

    #[test]
    fn the_query_finds_its_place() {
        for (location, expected) in [
            ("https://i.example/sso", "https://i.example/sso?Q"),
            ("https://i.example/sso?", "https://i.example/sso?Q"),
            ("https://i.example/sso?a=b", "https://i.example/sso?a=b&Q"),
            ("https://i.example/sso?a=b&", "https://i.example/sso?a=b&Q"),
            ("https://i.example/sso#f", "https://i.example/sso?Q"),
            ("https://i.example/sso?a#f?g", "https://i.example/sso?a&Q"),
            ("https://i.example/sso#f?g", "https://i.example/sso?Q"),
        ] {
            assert_eq!(before_query(location, 9) + "Q", expected);
        }
    }
}
