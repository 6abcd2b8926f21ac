//! What else is known of them.

/// `Attribute` with the text of its values (Core 2.7.3.1); those of repeated Names are merged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attribute {
    /// `Name`: what tells one attribute from another, often an OID as a URN; never empty.
    pub name: String,
    /// `FriendlyName`, for people: several attributes may have the same (Core 2.7.3.1).
    pub friendly_name: Option<String>,
    /// In document order, without the blanks around each; a nil one is left out. None at all = it is
    /// known to be empty.
    pub values: Vec<String>,
}
