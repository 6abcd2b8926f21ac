//! Which endpoints there are: one row each.

use pages::About;

macro_rules! endpoints {
    ($(
        $(#[$doc:meta])*
        $kind:ident = $directive:literal, $methods:expr, $about:ident, effect: $effect:literal, query: $query:literal;
    )*) => {
        /// A location that answers by itself.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum EndpointKind {
            $($(#[$doc])* $kind,)*
        }

        impl EndpointKind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// The directive that makes a location this endpoint.
            pub const fn directive(self) -> &'static str {
                match self {
                    $(Self::$kind => $directive,)*
                }
            }

            /// The methods that it takes.
            pub const fn methods(self) -> &'static [&'static str] {
                match self {
                    $(Self::$kind => $methods,)*
                }
            }

            /// What people come for, while no message says it.
            pub const fn about(self) -> About {
                match self {
                    $(Self::$kind => About::$about,)*
                }
            }

            /// Does a visit begin or end something?
            pub const fn has_effect(self) -> bool {
                match self {
                    $(Self::$kind => $effect,)*
                }
            }

            /// Its URL may have a query in metadata and messages.
            pub const fn takes_query(self) -> bool {
                match self {
                    $(Self::$kind => $query,)*
                }
            }
        }
    };
}

impl EndpointKind {
    /// Does it say the same at all origins of an SP, whoever asks?
    pub const fn is_same_everywhere(self) -> bool {
        matches!(self, Self::Metadata | Self::Jwks)
    }
}

/// Of what programs send alone.
const POST: &[&str] = &["POST"];
const GET: &[&str] = &["GET", "HEAD"];
/// Of what scripts of other origins may read, which ask by OPTIONS whether they may (Fetch 4.8).
const GET_OR_ASK: &[&str] = &["GET", "HEAD", "OPTIONS"];
/// Of what has an effect, which a HEAD must not have (RFC 9110 9.2.1).
const GET_OR_POST: &[&str] = &["GET", "POST"];

endpoints! {
    /// The Assertion Consumer Service.
    Acs = "saml_acs", GET_OR_POST, SignIn, effect: true, query: true;
    /// The Single Logout Service.
    Sls = "saml_sls", GET_OR_POST, SignOut, effect: true, query: true;
    /// Where a link begins a login.
    Login = "saml_login", GET, SignIn, effect: true, query: false;
    /// Where people choose their IdP.
    Discovery = "saml_discovery", GET, SignIn, effect: true, query: false;
    /// Where a link or a form ends the session.
    Logout = "saml_logout", GET_OR_POST, SignOut, effect: true, query: false;
    /// What the SP knows of who asks.
    Session = "saml_session", GET_OR_ASK, SignIn, effect: false, query: false;
    /// The SP's metadata.
    Metadata = "saml_metadata", GET, SignIn, effect: false, query: false;
    /// The keys by which applications verify what the SP signs for them.
    Jwks = "saml_jwks", GET, SignIn, effect: false, query: false;
    /// Where a transmitter tells of security events.
    Events = "saml_events", POST, SignOut, effect: true, query: false;
}
