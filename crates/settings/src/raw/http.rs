//! What `http` says for the whole of nginx.

use crate::directive::apply;
use crate::directives::directives;
use crate::line::Line;

directives! {
    /// What `http` itself said.
    pub struct RawHttp {}

    once core_dump: CoreDump = "saml_core_dump", |line| {
        line.choice(&[("private", CoreDump::Private), ("full", CoreDump::Full)])
    };
}

/// What is in nginx's core dumps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CoreDump {
    /// No memory that holds keys, sessions or requests.
    #[default]
    Private,
    /// Whatever the system writes.
    Full,
}

impl RawHttp {
    /// Applies one directive.
    ///
    /// # Errors
    /// A sentence without its place.
    pub fn apply(&mut self, line: &Line<'_>) -> Result<(), String> {
        apply(Self::DIRECTIVES, self, line)
            .unwrap_or_else(|| Err(format!("\"{}\" is no directive of http", line.name)))
    }
}
