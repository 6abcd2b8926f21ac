//! How an SP with several IdPs finds somebody's.

/// How somebody's IdP is found (`discovery`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Discovery {
    /// It is the SP's first.
    Off,
    /// They choose on a page of the SP's own.
    Builtin,
    /// They choose at another site, at this URL (IdpDisco 2.4).
    Service(String),
}
