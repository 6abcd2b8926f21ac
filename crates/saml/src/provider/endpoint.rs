//! Where an IdP takes messages, and by which binding.

/// A binding for messages through the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    Redirect,
    Post,
}

/// A binding for logout messages: through the browser, or from server to server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoutBinding {
    Browser(Binding),
    Soap,
}

impl LogoutBinding {
    pub const REDIRECT: Self = Self::Browser(Binding::Redirect);
    pub const POST: Self = Self::Browser(Binding::Post);
    /// All, the first is what is used when nothing says otherwise: only through the browser can the
    /// IdP reach those other services of the person's that it signs out in frames.
    pub const ALL: [Self; 3] = [Self::REDIRECT, Self::POST, Self::Soap];
}

/// A URL of the IdP with its binding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub binding: Binding,
    pub location: String,
}

/// A SingleLogoutService of the IdP (Metadata 2.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutEndpoint {
    pub binding: LogoutBinding,
    /// For requests.
    pub location: String,
    /// For answers, when they go elsewhere.
    pub response_location: Option<String>,
}

impl LogoutEndpoint {
    pub(super) fn for_browser_answers(&self) -> Option<Endpoint> {
        let LogoutBinding::Browser(binding) = self.binding else { return None };
        let location = self.response_location.as_ref().unwrap_or(&self.location).clone();
        Some(Endpoint { binding, location })
    }
}
