//! Every element of a document: what tests and fuzz targets choose from.
use crate::gate;
use crate::reader::{Outside, Part, Sink, Span, StartTag};
use crate::{GateError, Limits};

/// An element, and where it stands.
#[derive(Debug)]
#[cfg_attr(not(test), expect(dead_code, reason = "the fuzz targets choose by number alone"))]
pub(crate) struct Place {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) id: Option<String>,
    pub(crate) span: Span,
    /// Index of the element around it.
    pub(crate) parent: Option<usize>,
}

/// All elements in document order.
#[derive(Debug, Default)]
pub(crate) struct Places {
    text: String,
    all: Vec<Place>,
    /// Indices of those that are open, outermost first.
    open: Vec<usize>,
}

impl Places {
    /// # Errors
    /// The gate refuses it.
    pub(crate) fn find(bytes: &[u8], limits: &Limits) -> Result<Self, GateError> {
        let mut places = Self::default();
        let text = gate::pass(bytes, limits, &Outside::default(), &mut places)?;
        places.text = text.to_owned();
        Ok(places)
    }

    pub(crate) fn all(&self) -> &[Place] {
        &self.all
    }

    pub(crate) fn part(&self, place: &Place) -> Part<'_> {
        let mut around = Vec::new();
        let mut outer = place.parent.and_then(|parent| self.all.get(parent));
        while let Some(element) = outer {
            around.insert(0, element.span.start);
            outer = element.parent.and_then(|parent| self.all.get(parent));
        }
        Part { text: &self.text, around, span: place.span }
    }

    /// The child elements of the one with this index.
    pub(crate) fn children(&self, parent: usize) -> impl Iterator<Item = &Place> {
        self.all.iter().filter(move |place| place.parent == Some(parent))
    }
}

impl<'a> Sink<'a> for Places {
    fn open(&mut self, tag: &StartTag<'a, '_>) {
        let id = tag.attributes.iter().find(|attribute| attribute.name.raw == "ID");
        self.open.push(self.all.len());
        self.all.push(Place {
            namespace: tag.namespace().to_owned(),
            name: tag.name.local.to_owned(),
            id: id.map(|id| id.value.clone().into_owned()),
            span: Span { start: tag.at, end: tag.end },
            parent: self.open.iter().rev().nth(1).copied(),
        });
    }

    fn text(&mut self, _: &str) {}

    fn close(&mut self, end: usize) {
        if let Some(place) = self.open.pop().and_then(|index| self.all.get_mut(index)) {
            place.span.end = end;
        }
    }
}
