//! Who it is.

/// `NameID`, whole (Core 2.2.2, 2.2.3): a LogoutRequest must repeat it as received (Core 3.7.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameId {
    pub value: String,
    pub format: Option<String>,
    pub name_qualifier: Option<String>,
    pub sp_name_qualifier: Option<String>,
    pub sp_provided_id: Option<String>,
}
