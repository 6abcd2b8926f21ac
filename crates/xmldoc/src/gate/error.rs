//! Why the gate refused a document.
use std::fmt;

/// Why the gate refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GateError {
    /// More bytes than [`Limits::bytes`](crate::Limits::bytes); nothing was read of them.
    TooLarge {
        /// How many there are.
        bytes: usize,
        /// How many there may be.
        limit: usize,
    },
    /// Its octets are not UTF-8, or its XML declaration names another encoding (XML 1.0 4.3.3).
    NotUtf8,
    /// `<!DOCTYPE`, or any other markup of a DTD: where entities would come from.
    Doctype,
    /// A reference to an entity that is not one of XML's five, or `&` alone.
    Entity,
    /// `<?…?>` other than the XML declaration: SAML has no use for one.
    ProcessingInstruction,
    /// Elements nested deeper than [`Limits::depth`](crate::Limits::depth).
    TooDeep {
        /// How deep they may be, the root is 1.
        limit: usize,
    },
    /// More elements than [`Limits::elements`](crate::Limits::elements).
    TooManyElements {
        /// How many there may be in the document.
        limit: usize,
    },
    /// More attributes than [`Limits::attributes`](crate::Limits::attributes), declarations of
    /// namespaces included.
    TooManyAttributes {
        /// How many there may be in one element.
        limit: usize,
    },
    /// What is wrong with a namespace URI.
    Namespace(&'static str),
    /// Two of all `ID`, `Id` and `id` attributes are the same: a Reference could mean either.
    DuplicateId,
    /// What the document has that well-formed XML has not.
    Malformed(&'static str),
}

impl fmt::Display for GateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { bytes, limit } => {
                write!(f, "the document has {bytes} bytes, more than {limit}")
            }
            Self::NotUtf8 => {
                f.write_str("the document is not in UTF-8, or declares another encoding")
            }
            Self::Doctype => {
                f.write_str("the document has a DOCTYPE, or markup that only a DTD may have")
            }
            Self::Entity => {
                f.write_str("the document uses an entity other than amp, lt, gt, quot and apos")
            }
            Self::ProcessingInstruction => f.write_str("the document has a processing instruction"),
            Self::TooDeep { limit } => write!(f, "elements are nested deeper than {limit} levels"),
            Self::TooManyElements { limit } => {
                write!(f, "the document has more than {limit} elements")
            }
            Self::TooManyAttributes { limit } => {
                write!(f, "an element has more than {limit} attributes")
            }
            Self::Namespace(fault) => write!(f, "a namespace URI {fault}"),
            Self::DuplicateId => f.write_str("two ID, Id or id attributes have the same value"),
            Self::Malformed(what) => write!(f, "the document has {what}"),
        }
    }
}

impl std::error::Error for GateError {}
