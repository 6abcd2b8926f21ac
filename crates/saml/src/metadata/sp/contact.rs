//! md:ContactPerson (Metadata 2.3.2.2).

use crate::extensions::Extensions;
use crate::namespace::REFEDS_METADATA;
use crate::xml_writer::Tag;

/// Whom the IdP's administrators turn to.
#[derive(Clone, Debug)]
pub struct Contact {
    /// In which matter.
    pub kind: ContactKind,
    /// EmailAddress, with or without `mailto:`.
    pub email: String,
    /// EmailAddress is published as a URI (Metadata 2.3.2.2), with `mailto:`; SPID wants it without.
    pub is_uri: bool,
    /// GivenName, of a person or of a desk.
    pub name: Option<String>,
    /// SurName.
    pub surname: Option<String>,
    /// Company, which they work for.
    pub company: Option<String>,
    /// TelephoneNumber.
    pub telephone: Option<String>,
    /// What federations want to know besides.
    pub extensions: Option<Extensions>,
}

/// contactType, and whom REFEDS added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContactKind {
    /// How the SP works.
    Technical,
    /// People's questions.
    Support,
    /// Contracts and the like.
    Administrative,
    /// Who pays.
    Billing,
    /// Incidents, which are nobody else's to read (REFEDS Security Contact Metadata Extension).
    Security,
    /// Something else.
    Other,
}

impl ContactKind {
    /// What the schema knows it as.
    const fn contact_type(self) -> &'static str {
        match self {
            Self::Technical => "technical",
            Self::Support => "support",
            Self::Administrative => "administrative",
            Self::Billing => "billing",
            Self::Security | Self::Other => "other",
        }
    }
}

pub(super) fn contact_person(contact: &Contact) -> Tag {
    let mut tag =
        Tag::new("md:ContactPerson").attribute("contactType", contact.kind.contact_type());
    if contact.kind == ContactKind::Security {
        tag = tag
            .attribute("xmlns:remd", REFEDS_METADATA)
            .attribute("remd:contactType", "http://refeds.org/metadata/contactType/security");
    }
    let text = |name: &'static str, text: &Option<String>| {
        text.as_deref().map(|text| Tag::with_text(name, text))
    };
    let address = contact.email.strip_prefix("mailto:").unwrap_or(&contact.email);
    let scheme = if contact.is_uri { "mailto:" } else { "" };
    tag.verbatim(contact.extensions.as_ref().map(Extensions::as_xml).unwrap_or_default())
        .children(text("md:Company", &contact.company))
        .children(text("md:GivenName", &contact.name))
        .children(text("md:SurName", &contact.surname))
        .child(Tag::with_text("md:EmailAddress", &format!("{scheme}{address}")))
        .children(text("md:TelephoneNumber", &contact.telephone))
}
