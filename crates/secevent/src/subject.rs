//! Whom an event is about (RFC 9493, SSF 1.0 3).

use serde_json::{Map, Value};

/// Subjects of which one name does not mean more than others.
const ALIASES_MOST: usize = 8;

/// Whom an event is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// The person, by each name that is given.
    pub user: Vec<Identifier>,
    /// One session of theirs.
    pub session: Option<Identifier>,
}

/// A name of somebody or something, by its format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identifier {
    /// An e-mail address (RFC 9493 3.2.2).
    Email(String),
    /// What an issuer calls somebody (RFC 9493 3.2.3).
    IssuerAndSubject {
        /// The issuer, a URL.
        issuer: String,
        /// The name.
        subject: String,
    },
    /// A name that means something to the two who use it (RFC 9493 3.2.4).
    Opaque(String),
    /// An account at a host, `acct:` left out (RFC 9493 3.2.1).
    Account(String),
    /// A telephone number as E.164 has it (RFC 9493 3.2.5).
    PhoneNumber(String),
    /// A URI (RFC 9493 3.2.7), or a DID URL (3.2.6).
    Uri(String),
    /// An assertion of SAML (SSF 1.0 3.3).
    SamlAssertionId {
        /// The IdP.
        issuer: String,
        /// Its ID.
        assertion_id: String,
    },
    /// A format that is not known, or lacks what it needs.
    Unknown(String),
}

impl Subject {
    /// The subject of this JSON; `None` = it is none.
    pub(crate) fn read(said: &Map<String, Value>) -> Option<Self> {
        let format = format(said)?;
        let simple = |user| Some(Self { user, session: None });
        match format.as_str() {
            "aliases" => {
                let all = said.get("identifiers")?.as_array()?;
                if all.is_empty() || all.len() > ALIASES_MOST {
                    return None;
                }
                let user: Option<Vec<_>> =
                    all.iter().map(|one| Identifier::read(one.as_object()?)).collect();
                simple(user?)
            }
            // SSF 1.0 3.2; before that, an object without a format whose members are subjects.
            "complex" => {
                let member = |name: &str| said.get(name).and_then(Value::as_object);
                let session = match said.contains_key("session") {
                    true => Some(Identifier::read(member("session")?)?),
                    false => None,
                };
                let user = match said.contains_key("user") {
                    true => Self::read(member("user")?)?.user,
                    false => Vec::new(),
                };
                Some(Self { user, session })
            }
            _ => simple(vec![Identifier::read(said)?]),
        }
    }
}

/// Its format, as it is called since RFC 9493; before that it was `subject_type`, with hyphens.
fn format(said: &Map<String, Value>) -> Option<String> {
    let of = |name: &str| said.get(name).map(|format| format.as_str().map(str::to_owned));
    match of("format").or_else(|| of("subject_type")) {
        Some(format) => Some(format?.replace('-', "_")),
        None if said.contains_key("user") || said.contains_key("session") => {
            Some("complex".to_owned())
        }
        None => None,
    }
}

impl Identifier {
    /// `None` = it is no identifier at all.
    fn read(said: &Map<String, Value>) -> Option<Self> {
        let format = format(said)?;
        let text = |name: &str| {
            said.get(name)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        let known = match format.as_str() {
            "email" => text("email").map(Self::Email),
            "iss_sub" => text("iss")
                .zip(text("sub"))
                .map(|(issuer, subject)| Self::IssuerAndSubject { issuer, subject }),
            "opaque" => text("id").map(Self::Opaque),
            "account" => text("uri")
                .and_then(|uri| Some(uri.strip_prefix("acct:")?.to_owned()))
                .filter(|account| !account.is_empty())
                .map(Self::Account),
            "phone_number" => text("phone_number").map(Self::PhoneNumber),
            "uri" => text("uri").map(Self::Uri),
            "did" => text("url").map(Self::Uri),
            "saml_assertion_id" => text("issuer")
                .zip(text("assertion_id"))
                .map(|(issuer, assertion_id)| Self::SamlAssertionId { issuer, assertion_id }),
            _ => None,
        };
        Some(known.unwrap_or(Self::Unknown(format)))
    }

    /// Its format, as RFC 9493 calls it.
    pub fn format(&self) -> &str {
        match self {
            Self::Email(_) => "email",
            Self::IssuerAndSubject { .. } => "iss_sub",
            Self::Opaque(_) => "opaque",
            Self::Account(_) => "account",
            Self::PhoneNumber(_) => "phone_number",
            Self::Uri(_) => "uri",
            Self::SamlAssertionId { .. } => "saml_assertion_id",
            Self::Unknown(format) => format,
        }
    }
}
