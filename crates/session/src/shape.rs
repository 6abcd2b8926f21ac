//! What many sessions have in common: the IdP, and which attributes it sends, under which names. A worker
//! keeps it once for all of them.

use std::cell::RefCell;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::{Rc, Weak};

use hashbrown::HashTable;

use crate::memory::{Memory, Taken, allocation, shared};
use crate::names::{AttributeIndex, Merged};
use crate::record::Session;
use crate::selection::Alias;
use crate::sp_id::SpId;

/// Shapes that are kept in any case before somebody looks which of them are of no session any more.
const FEW: usize = 32;

/// All of a session but its values and instants.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) sp: SpId,
    pub(crate) idp: Box<str>,
    pub(crate) name_id_format: Option<Box<str>>,
    pub(crate) name_qualifier: Option<Box<str>>,
    pub(crate) sp_name_qualifier: Option<Box<str>>,
    pub(crate) authn_context: Option<Box<str>>,
    /// Each Name once.
    pub(crate) attributes: Box<[Names]>,
    /// Which of them a variable's name means.
    pub(crate) index: AttributeIndex,
    taken: Taken,
}

/// What one attribute is called.
#[derive(Debug)]
pub(crate) struct Names {
    pub(crate) name: Box<str>,
    pub(crate) friendly_name: Option<Box<str>>,
}

/// The shapes of an SP's sessions, as long as there is a session of each.
#[derive(Debug)]
pub struct Shapes {
    aliases: Box<[Alias]>,
    memory: Memory,
    known: RefCell<Known>,
}

#[derive(Debug, Default)]
struct Known {
    table: HashTable<(u64, Weak<Shape>)>,
    /// So many were of a session when somebody last looked.
    in_use: usize,
}

impl Shapes {
    /// `aliases` are those of the SP; `memory` counts the shapes.
    pub fn new(aliases: &[Alias], memory: &Memory) -> Self {
        Self { aliases: aliases.into(), memory: memory.clone(), known: RefCell::default() }
    }

    /// What counts the memory of the shapes, and of sessions that have them.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// The shape of a session whose attributes are these.
    pub(crate) fn of(&self, session: &Session, merged: &[Merged<'_>]) -> Rc<Shape> {
        let hash = hash(session, merged);
        let mut known = self.known.borrow_mut();
        let same = |shape: &Rc<Shape>| shape.is_of(session, merged);
        let mut found = None;
        known.table.find(hash, |(other, shape)| {
            found = shape.upgrade().filter(|shape| *other == hash && same(shape));
            found.is_some()
        });
        found.unwrap_or_else(|| {
            let shape = Rc::new(self.make(session, merged));
            known.add(hash, &shape);
            shape
        })
    }

    fn make(&self, session: &Session, merged: &[Merged<'_>]) -> Shape {
        let boxed = |text: &Option<String>| text.as_deref().map(Into::into);
        let name = &session.name_id;
        let shape = Shape {
            sp: session.sp,
            idp: session.idp.as_str().into(),
            name_id_format: boxed(&name.format),
            name_qualifier: boxed(&name.name_qualifier),
            sp_name_qualifier: boxed(&name.sp_name_qualifier),
            authn_context: boxed(&session.authn_context),
            attributes: merged
                .iter()
                .map(|attribute| Names {
                    name: attribute.name.into(),
                    friendly_name: attribute.friendly_name.map(Into::into),
                })
                .collect(),
            index: AttributeIndex::new(merged, &self.aliases),
            taken: self.memory.take(),
        };
        shape.taken.set(shape.size());
        shape
    }
}

impl Known {
    fn add(&mut self, hash: u64, shape: &Rc<Shape>) {
        if self.table.len() >= FEW + 2 * self.in_use {
            self.table.retain(|(_, shape)| shape.strong_count() > 0);
            self.in_use = self.table.len();
        }
        self.table.insert_unique(hash, (hash, Rc::downgrade(shape)), |(hash, _)| *hash);
    }
}

impl Shape {
    fn is_of(&self, session: &Session, merged: &[Merged<'_>]) -> bool {
        let attributes = self.attributes.iter();
        fields(session) == self.fields() && attributes.map(Names::both).eq(names(merged))
    }

    fn fields(&self) -> Fields<'_> {
        let texts = [
            &self.name_id_format,
            &self.name_qualifier,
            &self.sp_name_qualifier,
            &self.authn_context,
        ];
        (self.sp, &self.idp, texts.map(Option::as_deref))
    }

    /// Bytes that it takes, its own and those of its texts.
    fn size(&self) -> usize {
        let (_, idp, texts) = self.fields();
        let texts = texts.into_iter().chain([Some(idp)]).flatten();
        let names = self.attributes.iter();
        let names = names.map(Names::both).flat_map(|(name, friendly)| [Some(name), friendly]);
        let texts = texts.chain(names.flatten()).map(|text| allocation(text.len()));
        shared::<Self>()
            + allocation(size_of_val(&*self.attributes))
            + texts.sum::<usize>()
            + self.index.size()
    }
}

impl Names {
    fn both(&self) -> (&str, Option<&str>) {
        (&self.name, self.friendly_name.as_deref())
    }
}

/// What a shape has of a session besides the names of its attributes.
type Fields<'a> = (SpId, &'a str, [Option<&'a str>; 4]);

fn fields(session: &Session) -> Fields<'_> {
    let name = &session.name_id;
    let texts =
        [&name.format, &name.name_qualifier, &name.sp_name_qualifier, &session.authn_context];
    (session.sp, &session.idp, texts.map(|text| text.as_deref()))
}

fn names<'a>(merged: &[Merged<'a>]) -> impl Iterator<Item = (&'a str, Option<&'a str>)> {
    merged.iter().map(|attribute| (attribute.name, attribute.friendly_name))
}

fn hash(session: &Session, merged: &[Merged<'_>]) -> u64 {
    let mut hasher = DefaultHasher::new();
    fields(session).hash(&mut hasher);
    names(merged).for_each(|name| name.hash(&mut hasher));
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::merge;
    use crate::record::tests::{attribute, typical, wiki};

    fn shape(shapes: &Shapes, session: &Session) -> Rc<Shape> {
        shapes.of(session, &merge(&session.attributes))
    }

    fn shapes() -> Shapes {
        Shapes::new(&[], &Memory::default())
    }

    #[test]
    fn sessions_that_differ_in_values_alone_share_it() {
        let shapes = shapes();
        let jane = typical();
        let mut joe = typical();
        joe.name_id.value = "joe".into();
        joe.session_index = None;
        joe.attributes[0].values = vec!["a".into(), "b".into()];
        assert!(Rc::ptr_eq(&shape(&shapes, &jane), &shape(&shapes, &joe)));
    }

    #[test]
    fn whatever_else_differs_makes_another_one() {
        type Change = fn(&mut Session);
        let changes: [Change; 9] = [
            |s| s.sp = wiki(),
            |s| s.idp.push('x'),
            |s| s.name_id.format = None,
            |s| s.name_id.name_qualifier = Some(String::new()),
            |s| s.name_id.sp_name_qualifier = None,
            |s| s.authn_context = None,
            |s| s.attributes[0].name.push('x'),
            |s| s.attributes[0].friendly_name = None,
            |s| s.attributes.swap(0, 1),
        ];
        let shapes = shapes();
        let of_typical = shape(&shapes, &typical());
        for (number, change) in changes.iter().enumerate() {
            let mut session = typical();
            change(&mut session);
            assert!(!Rc::ptr_eq(&of_typical, &shape(&shapes, &session)), "{number}");
        }
        // Two that are not told apart by their texts run together.
        let mut session = typical();
        session.attributes = vec![attribute("ab", Some("c"), &[])];
        let one = shape(&shapes, &session);
        session.attributes = vec![attribute("a", Some("bc"), &[])];
        assert!(!Rc::ptr_eq(&one, &shape(&shapes, &session)));
    }

    #[test]
    fn it_goes_with_its_last_session_and_its_memory_too() {
        let shapes = shapes();
        let kept = shape(&shapes, &typical());
        let taken = shapes.memory().bytes();
        assert!(taken > 1000, "{taken}");
        for number in 0..if cfg!(miri) { 200 } else { 10_000 } {
            let session = Session { idp: format!("https://{number}"), ..typical() };
            shape(&shapes, &session);
        }
        assert_eq!(shapes.memory().bytes(), taken);
        assert!(shapes.known.borrow().table.len() <= FEW + 2);
        assert!(Rc::ptr_eq(&kept, &shape(&shapes, &typical())));
        drop(kept);
        assert_eq!(shapes.memory().bytes(), 0);
    }
}
