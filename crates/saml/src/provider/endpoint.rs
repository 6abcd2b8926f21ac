//! Where an IdP takes messages, and by which binding.

/// A binding for messages through the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// HTTP-Redirect: in the query of a URL, compressed, with a signature beside it (Bindings 3.4).
    Redirect,
    /// HTTP-POST: in a form that posts itself, with its signature inside (Bindings 3.5).
    Post,
}

/// A binding for logout messages: through the browser, or from server to server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoutBinding {
    /// Through the browser, which has the session cookies of the other side.
    Browser(Binding),
    /// SOAP: from server to server, with the answer in the same exchange (Bindings 3.2).
    Soap,
}

impl LogoutBinding {
    /// Through the browser by HTTP-Redirect.
    pub const REDIRECT: Self = Self::Browser(Binding::Redirect);
    /// Through the browser by HTTP-POST.
    pub const POST: Self = Self::Browser(Binding::Post);
    /// All, the first is what is used when nothing says otherwise: only through the browser can the
    /// IdP reach those other services of the person's that it signs out in frames.
    pub const ALL: [Self; 3] = [Self::REDIRECT, Self::POST, Self::Soap];
}

/// A URL of the IdP with its binding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// How a message gets there.
    pub binding: Binding,
    /// Absolute http or https URL, which may have a query of its own.
    pub location: String,
}

/// A SingleLogoutService of the IdP (Metadata 2.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutEndpoint {
    /// How a message gets there, of either kind.
    pub binding: LogoutBinding,
    /// For requests.
    pub location: String,
    /// For answers, when they go elsewhere.
    pub response_location: Option<String>,
}

/// An ArtifactResolutionService of the IdP's, by SOAP (Metadata 2.4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactEndpoint {
    /// The EndpointIndex of artifacts that are resolved there; `None` = of all, as it was given by hand.
    pub index: Option<u16>,
    /// Absolute http or https URL.
    pub location: String,
}

impl LogoutEndpoint {
    pub(super) fn for_browser_answers(&self) -> Option<Endpoint> {
        let LogoutBinding::Browser(binding) = self.binding else { return None };
        let location = self.response_location.as_ref().unwrap_or(&self.location).clone();
        Some(Endpoint { binding, location })
    }
}
