//! `saml_auth`: what a proxy is told that asks who somebody is.

use session::AttributeName;

/// The header with the user's name, as `$remote_user` has it.
pub const USER_HEADER: &str = "X-Remote-User";

const PREFIX: &str = "X-Remote-";

/// The headers of attributes. Each is always sent, empty where there is no value: the proxy puts it in the place
/// of what a client may have sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForwardAuth {
    headers: Vec<(String, AttributeName)>,
}

impl ForwardAuth {
    /// Of the names of attributes, as they would follow `$saml_attr_`.
    ///
    /// # Errors
    /// A name that makes no header, or the header of another one.
    pub fn new(attributes: &[&str]) -> Result<Self, String> {
        let mut headers: Vec<(String, AttributeName)> = Vec::new();
        for &attribute in attributes {
            let Some(header) = header(attribute) else {
                return Err(format!(
                    "invalid attribute \"{attribute}\" in \"saml_auth\", it must be letters, digits, - and _, as in \
                     $saml_attr_mail"
                ));
            };
            if header == USER_HEADER || headers.iter().any(|(known, _)| *known == header) {
                return Err(format!(
                    "attribute \"{attribute}\" in \"saml_auth\" would be the header {header} a second time; leave one"
                ));
            }
            headers.push((header, AttributeName::new(attribute)));
        }
        Ok(Self { headers })
    }

    /// The name of each header, and of the attribute whose values it has.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &AttributeName)> {
        self.headers.iter().map(|(header, name)| (header.as_str(), name))
    }
}

/// As headers are usually written: servers drop those with underscores.
fn header(attribute: &str) -> Option<String> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if attribute.is_empty() || !attribute.bytes().all(is_plain) {
        return None;
    }
    let words = attribute.split(['-', '_']).map(|word| {
        let (first, rest) = word.split_at_checked(1).unwrap_or_default();
        format!("{}{}", first.to_ascii_uppercase(), rest.to_ascii_lowercase())
    });
    Some(format!("{PREFIX}{}", words.collect::<Vec<_>>().join("-")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_called_as_its_attribute() {
        let told = ForwardAuth::new(&["mail", "given_name", "eduPersonScopedAffiliation"]).unwrap();
        let headers: Vec<_> =
            told.headers().map(|(header, name)| (header, name.as_str())).collect();
        assert_eq!(
            headers,
            [
                ("X-Remote-Mail", "mail"),
                ("X-Remote-Given-Name", "given_name"),
                ("X-Remote-Edupersonscopedaffiliation", "eduPersonScopedAffiliation"),
            ]
        );
        assert_eq!(ForwardAuth::new(&[]), Ok(ForwardAuth::default()));
    }

    #[test]
    fn no_header_has_two_meanings() {
        for wrong in [["mail", "mail"], ["given_name", "Given-Name"], ["mail", "user"]] {
            assert!(ForwardAuth::new(&wrong).unwrap_err().contains("a second time"), "{wrong:?}");
        }
    }

    #[test]
    fn a_name_is_no_header_s_end() {
        for wrong in ["", "a b", "a:b", "a\r\nX", "ä", "$mail", "urn:oid:2.5.4.42"] {
            assert!(
                ForwardAuth::new(&[wrong]).unwrap_err().contains("invalid attribute"),
                "{wrong}"
            );
        }
    }
}
