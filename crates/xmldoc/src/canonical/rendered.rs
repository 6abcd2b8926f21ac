//! What prefixes mean in what the canonicaliser has written.
use crate::outline::{Namespace, Node};

/// What prefixes mean where the writer is, in what it has written: one row for each prefix, so that
/// looking one up costs no more the deeper an element stands.
#[derive(Default)]
pub(super) struct Rendered<'d> {
    rows: Vec<(&'d str, Meaning)>,
    /// What to undo, innermost last: the row, and what it was; `None`: it was not there.
    changes: Vec<(usize, Option<Meaning>)>,
    /// How many of `changes` each open element found.
    open: Vec<usize>,
}

/// What a prefix was declared to mean.
#[derive(Clone, Copy)]
struct Meaning {
    /// In what is read.
    read: Namespace,
    /// Number of the declaration that was written.
    written: usize,
}

impl<'d> Rendered<'d> {
    pub(super) fn enter(&mut self) {
        self.open.push(self.changes.len());
    }

    pub(super) fn leave(&mut self) {
        let before = self.open.pop().unwrap_or_default();
        for (row, was) in self.changes.drain(before.min(self.changes.len())..).rev() {
            match was {
                Some(was) => {
                    if let Some((_, meaning)) = self.rows.get_mut(row) {
                        *meaning = was;
                    }
                }
                None => self.rows.truncate(row),
            }
        }
    }

    /// Does it mean this namespace of the element's document? Unwritten, it means none.
    pub(super) fn means(&self, prefix: &str, namespace: Namespace, element: Node<'_>) -> bool {
        let read = self.row(prefix).map_or(Namespace::None, |meaning| meaning.read);
        read == namespace || element.uri(read) == element.uri(namespace)
    }

    /// Its namespace in what is written.
    pub(super) fn meaning(&self, prefix: &str) -> Namespace {
        match self.row(prefix) {
            Some(meaning) => Namespace::Declared(meaning.written),
            None if prefix == "xml" => Namespace::Xml,
            None => Namespace::None,
        }
    }

    pub(super) fn set(&mut self, prefix: &'d str, read: Namespace, written: usize) {
        let meaning = Meaning { read, written };
        let known = self.rows.iter_mut().enumerate().find(|(_, (other, _))| *other == prefix);
        if let Some((row, (_, was))) = known {
            self.changes.push((row, Some(std::mem::replace(was, meaning))));
        } else {
            self.changes.push((self.rows.len(), None));
            self.rows.push((prefix, meaning));
        }
    }

    fn row(&self, prefix: &str) -> Option<Meaning> {
        self.rows.iter().find(|(other, _)| *other == prefix).map(|(_, meaning)| *meaning)
    }
}
