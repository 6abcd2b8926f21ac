//! The templates: which there are, and what their pages may do.

/// Who may show a page in a frame, unless it is one that an IdP may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ancestors {
    /// Nobody.
    None,
    /// Pages of the same origin.
    Own,
}

/// Rows of a page's name in code and of its file, and what is particular to it.
macro_rules! templates {
    ($($(#[$doc:meta])* $name:ident = $file:literal, $ancestors:ident;)*) => {
        /// A page's template.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(crate) enum Template {
            $($(#[$doc])* $name,)*
        }

        impl Template {
            /// All pages.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its file's name.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$name => concat!($file, ".html"),)* }
            }

            /// Are its words English, whoever reads it?
            pub(crate) const fn is_for_administrators(self) -> bool {
                matches!(
                    self,
                    Self::Metadata
                        | Self::Status
                        | Self::Sessions
                        | Self::SessionsDone
                        | Self::NotDone
                        | Self::Diagnosis
                        | Self::Story
                )
            }

            /// Who may frame it.
            pub(crate) const fn ancestors(self) -> Ancestors {
                match self { $(Self::$name => Ancestors::$ancestors,)* }
            }
        }

        /// The files of the built-in templates: parts of pages, and pages.
        pub(crate) const BUILT_IN: &[(&str, &str)] = &[
            ("layout.html", include_str!("../templates/layout.html")),
            ("help_desk.html", include_str!("../templates/help_desk.html")),
            ("choices.html", include_str!("../templates/choices.html")),
            ("technical.html", include_str!("../templates/technical.html")),
            ("operation.html", include_str!("../templates/operation.html")),
            $((concat!($file, ".html"), include_str!(concat!("../templates/", $file, ".html"))),)*
        ];
    };
}

templates! {
    /// A login was refused.
    SignInFailed = "sign_in_failed", None;
    /// Something here is down.
    Unavailable = "unavailable", None;
    /// A logout was refused.
    SignOutFailed = "sign_out_failed", None;
    /// Another site asks for a logout.
    SignOutConfirm = "sign_out_confirm", None;
    /// There is no logout to tell of.
    NoSignOut = "no_sign_out", None;
    /// A rule keeps a member out.
    Forbidden = "forbidden", None;
    /// A form came without a session.
    FormNotAccepted = "form_not_accepted", None;
    /// A page in a frame wants a login.
    Framed = "framed", None;
    /// Goes on after a login.
    GoOn = "go_on", None;
    /// Keeps the fragment and leaves for a login.
    Leave = "leave", None;
    /// Brings the fragment back after a login.
    Arrive = "arrive", None;
    /// Takes a message to the IdP.
    Form = "form", None;
    /// Sends a form that was kept over a login.
    SendAgain = "send_again", None;
    /// How far a logout got.
    LoggedOut = "logged_out", None;
    /// A logout that does not matter any more.
    SignedInAgain = "signed_in_again", None;
    /// Tells the application's other pages.
    Told = "told", Own;
    /// What is known of a person.
    Session = "session", None;
    /// Nobody is known.
    NoSession = "no_session", None;
    /// People choose their IdP.
    Discovery = "discovery", None;
    /// Asks whether a login may be recorded.
    Debug = "debug", None;
    /// The SP's metadata, for administrators of IdPs.
    Metadata = "metadata", None;
    /// How everything is.
    Status = "status", None;
    /// Which sessions there are, and buttons to end them.
    Sessions = "sessions", None;
    /// What became of them.
    SessionsDone = "sessions_done", None;
    /// An operator's order was refused.
    NotDone = "not_done", None;
    /// Stories of logins, and links that begin one.
    Diagnosis = "diagnosis", None;
    /// One story.
    Story = "story", None;
}
