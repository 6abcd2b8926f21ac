//! What else is known of them.

/// `Attribute` with the text of its values (Core 2.7.3.1); those of repeated Names are merged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attribute {
    pub name: String,
    pub friendly_name: Option<String>,
    pub values: Vec<String>,
}
