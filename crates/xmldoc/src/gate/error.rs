//! Why the gate refused a document.
use std::fmt;

/// Why the gate refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GateError {
    TooLarge {
        bytes: usize,
        limit: usize,
    },
    NotUtf8,
    Doctype,
    /// A reference to an entity that is not one of XML's five, or `&` alone.
    Entity,
    ProcessingInstruction,
    TooDeep {
        limit: usize,
    },
    TooManyElements {
        limit: usize,
    },
    TooManyAttributes {
        limit: usize,
    },
    /// What is wrong with a namespace URI.
    Namespace(&'static str),
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
