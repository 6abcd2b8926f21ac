//! The named blocks `saml_sp NAME { … }`.

use crate::line::Line;

/// A block whose lines are applied one by one.
pub trait Block {
    /// Applies one directive.
    ///
    /// # Errors
    /// A sentence without its place.
    fn apply(&mut self, line: &Line<'_>) -> Result<(), String>;
}
