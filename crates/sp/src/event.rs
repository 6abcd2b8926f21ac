//! What happens at an SP, for who counts it.

/// An event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// The name of the `saml_sp` block.
    pub sp: &'a str,
    /// The name of the `saml_idp` block, also of a whole federation's; empty = it is of none.
    pub idp: &'a str,
    /// What has happened.
    pub what: What,
}

/// What has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Somebody has signed in.
    Login,
    /// Somebody has signed out, here.
    LogoutByUser,
    /// Their IdP has signed them out.
    LogoutByIdp,
}

impl What {
    /// As metrics name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::LogoutByUser => "logout_by_user",
            Self::LogoutByIdp => "logout_by_idp",
        }
    }
}
