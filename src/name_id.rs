//! A NameID between the protocol and the session: the two crates do not know each other.

/// As the session keeps it.
pub fn to_session(name_id: saml::response::NameId) -> session::NameId {
    session::NameId {
        value: name_id.value,
        format: name_id.format,
        name_qualifier: name_id.name_qualifier,
        sp_name_qualifier: name_id.sp_name_qualifier,
        sp_provided_id: name_id.sp_provided_id,
    }
}

/// As it goes back to the IdP: whole, for some know it only so.
pub fn to_saml(name_id: session::NameId) -> saml::response::NameId {
    saml::response::NameId {
        value: name_id.value,
        format: name_id.format,
        name_qualifier: name_id.name_qualifier,
        sp_name_qualifier: name_id.sp_name_qualifier,
        sp_provided_id: name_id.sp_provided_id,
    }
}
