//! Who it is.

/// `NameID`, whole (Core 2.2.2, 2.2.3): a LogoutRequest must repeat it as received (Core 3.7.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameId {
    /// The identifier itself, which means something only together with who gave it to whom.
    pub value: String,
    /// `Format`, a URI (Core 8.3); `None` means unspecified.
    pub format: Option<String>,
    /// `NameQualifier`: whose name it is, as a rule the IdP's entityID.
    pub name_qualifier: Option<String>,
    /// `SPNameQualifier`: the SP, or the group of SPs, that it was made for.
    pub sp_name_qualifier: Option<String>,
    /// `SPProvidedID`: what the SP calls them, had it told the IdP (Core 3.6).
    pub sp_provided_id: Option<String>,
}
