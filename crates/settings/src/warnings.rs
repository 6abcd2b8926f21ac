//! What `nginx -t` should say although it is no mistake.

use crate::place::Place;

/// Warnings with the places they are about, each said once.
#[derive(Default)]
pub struct Warnings(Vec<(Place, String)>);

impl Warnings {
    /// What is unwise at `place`.
    pub fn add(&mut self, place: &Place, message: String) {
        self.add_new(place, message);
    }

    /// As [`Warnings::add`]; `false` = it has been said.
    pub fn add_new(&mut self, place: &Place, message: String) -> bool {
        let is_new = !self.0.iter().any(|(_, said)| *said == message);
        if is_new {
            self.0.push((place.clone(), message));
        }
        is_new
    }

    /// All, in the order in which they came up.
    pub fn iter(&self) -> impl Iterator<Item = &(Place, String)> {
        self.0.iter()
    }
}
