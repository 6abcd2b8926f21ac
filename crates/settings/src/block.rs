//! The named blocks `saml_sp NAME { … }` of `http`.

use crate::directive::apply;
use crate::line::Line;
use crate::place::Place;
use crate::raw::{RawEndpoint, RawHttp, RawIdp, RawSp, RawStore};
use crate::unknown::unknown_directive;

/// All that `http` says, in the order of its lines.
#[derive(Default)]
pub struct Blocks {
    /// Its own directives.
    pub http: RawHttp,
    /// `saml_session_store`.
    pub stores: Vec<RawStore>,
    /// `saml_idp`.
    pub idps: Vec<RawIdp>,
    /// `saml_sp`.
    pub sps: Vec<RawSp>,
    /// The locations that answer by themselves.
    pub endpoints: Vec<RawEndpoint>,
}

impl Blocks {
    /// Begins a block.
    ///
    /// # Errors
    /// There is one of that kind and name.
    pub fn begin<B: Block>(&mut self, name: &str, place: Place) -> Result<B, String> {
        match B::list(self).iter().map(B::name).find(|(known, _)| *known == name) {
            Some((_, twin)) => {
                Err(format!("\"{} {name}\" is defined already in {twin}; rename one", B::KIND))
            }
            None => Ok(B::empty(name.to_owned(), place)),
        }
    }

    /// Was there nothing for this module in the configuration?
    pub fn is_empty(&self) -> bool {
        let Self { stores, idps, sps, endpoints, http: _ } = self;
        stores.is_empty() && idps.is_empty() && sps.is_empty() && endpoints.is_empty()
    }

    /// Adds a block that has been read.
    pub fn add<B: Block>(&mut self, block: B) {
        B::list(self).push(block);
    }
}

/// A block whose lines are applied one by one.
pub trait Block: Sized {
    /// The directive that begins one.
    const KIND: &'static str;

    /// Those of its kind.
    fn list(blocks: &mut Blocks) -> &mut Vec<Self>;

    /// One that nothing stands in yet.
    fn empty(name: String, place: Place) -> Self;

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

    fn list(blocks: &mut Blocks) -> &mut Vec<Self> {
        &mut blocks.stores
    }

    fn empty(name: String, place: Place) -> Self {
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

    fn list(blocks: &mut Blocks) -> &mut Vec<Self> {
        &mut blocks.idps
    }

    fn empty(name: String, place: Place) -> Self {
        Self { name, place, ..Self::default() }
    }

    fn name(&self) -> (&str, &Place) {
        (&self.name, &self.place)
    }

    fn apply(&mut self, line: &Line<'_>) -> Result<(), String> {
        apply(Self::DIRECTIVES, self, line)
            .or_else(|| self.policy.apply(line))
            .unwrap_or_else(|| unknown::<Self>(line))
    }
}

impl Block for RawSp {
    const KIND: &'static str = "saml_sp";

    fn list(blocks: &mut Blocks) -> &mut Vec<Self> {
        &mut blocks.sps
    }

    fn empty(name: String, place: Place) -> Self {
        Self { name, place, ..Self::default() }
    }

    fn name(&self) -> (&str, &Place) {
        (&self.name, &self.place)
    }

    fn apply(&mut self, line: &Line<'_>) -> Result<(), String> {
        apply(Self::DIRECTIVES, self, line)
            .or_else(|| self.policy.apply(line))
            .unwrap_or_else(|| unknown::<Self>(line))
    }
}

fn unknown<B: Block>(line: &Line<'_>) -> Result<(), String> {
    Err(unknown_directive(line.name, B::KIND))
}
