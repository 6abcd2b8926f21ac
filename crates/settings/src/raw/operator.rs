//! The locations for who runs the server. They are of no SP, and anything of nginx and of this module may stand in
//! front of them that decides who comes in.

/// What a location shows or does for who runs the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperatorPage {
    /// How all SPs are.
    Status,
    /// Which sessions there are, and how they end.
    Sessions,
}

impl OperatorPage {
    /// All of them.
    pub const ALL: &[Self] = &[Self::Status, Self::Sessions];

    /// The directive that makes a location this page.
    pub const fn directive(self) -> &'static str {
        match self {
            Self::Status => "saml_status",
            Self::Sessions => "saml_sessions",
        }
    }
}
