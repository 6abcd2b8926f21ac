//! The named blocks `saml_sp NAME { … }`.

use crate::directive::apply;
use crate::line::Line;
use crate::place::Place;
use crate::raw::{RawIdp, RawPolicy, RawSp, RawStore};
use crate::unknown::unknown_directive;

/// A block whose lines are applied one by one.
pub trait Block: Sized {
    /// The directive that begins one.
    const KIND: &'static str;

    /// The block `name` begins at `place`.
    fn begin(name: String, place: Place) -> Self;

    /// What it is called, and where it begins.
    fn name(&self) -> (&str, &Place);

    /// Applies one directive.
    ///
    /// # Errors
    /// A sentence without its place.
    fn apply(&mut self, line: &Line<'_>) -> Result<(), String>;
}

impl Block for RawStore {
    const KIND: &'static str = "saml_session_store";

    fn begin(name: String, place: Place) -> Self {
        Self { name, place, ..Self::default() }
    }

    fn name(&self) -> (&str, &Place) {
        (&self.name, &self.place)
    }

    fn apply(&mut self, line: &Line<'_>) -> Result<(), String> {
        apply(Self::DIRECTIVES, self, line).unwrap_or_else(|| unknown::<Self>(line))
    }
}

impl Block for RawIdp {
    const KIND: &'static str = "saml_idp";

    fn begin(name: String, place: Place) -> Self {
        Self { name, place, ..Self::default() }
    }

    fn name(&self) -> (&str, &Place) {
        (&self.name, &self.place)
    }

    fn apply(&mut self, line: &Line<'_>) -> Result<(), String> {
        apply(Self::DIRECTIVES, self, line)
            .or_else(|| apply(RawPolicy::DIRECTIVES, &mut self.policy, line))
            .unwrap_or_else(|| unknown::<Self>(line))
    }
}

impl Block for RawSp {
    const KIND: &'static str = "saml_sp";

    fn begin(name: String, place: Place) -> Self {
        Self { name, place, ..Self::default() }
    }

    fn name(&self) -> (&str, &Place) {
        (&self.name, &self.place)
    }

    fn apply(&mut self, line: &Line<'_>) -> Result<(), String> {
        apply(Self::DIRECTIVES, self, line)
            .or_else(|| apply(RawPolicy::DIRECTIVES, &mut self.policy, line))
            .unwrap_or_else(|| unknown::<Self>(line))
    }
}

fn unknown<B: Block>(line: &Line<'_>) -> Result<(), String> {
    Err(unknown_directive(line.name, B::KIND))
}
