//! Finding the one IdP that is meant among the entities of a metadata document (Metadata 2.3).

use xmldoc::{Element, Limits, Member, MemberNames, Members, read_members};

use crate::identity_text;
use crate::metadata::{MetadataError, Validity, kind};
use crate::namespace::{METADATA, PROTOCOL};
use crate::refusal::quote;

/// A federation's aggregate is some ten thousand entities in 50 MB and more.
pub(super) const LIMITS: Limits =
    Limits { bytes: 64 << 20, depth: 64, elements: 1_000_000, attributes: 64 };

/// Entities named in a sentence.
const NAMES_MAX: usize = 5;

const ENTITIES: MemberNames<'static> = MemberNames {
    namespace: METADATA,
    group: "EntitiesDescriptor",
    member: "EntityDescriptor",
    label: "entityID",
};

/// An EntityDescriptor, with what its surroundings say of it.
pub(super) struct Entity {
    pub entity_id: String,
    /// Its extensions and the roles of an IdP and an SP; of others nothing is kept.
    element: Element,
    /// Its own, within the enclosing one.
    pub validity: Validity,
}

impl Entity {
    /// # Errors
    /// What is wrong with it.
    fn new(mut element: Element, enclosing: Validity) -> Result<Self, String> {
        let entity_id = identity_text::trim(element.attribute("entityID").unwrap_or_default());
        let entity_id = entity_id.to_owned();
        if entity_id.is_empty() {
            return Err("an EntityDescriptor has no entityID".to_owned());
        }
        let own = Validity::of(&element).map_err(|error| error.0)?;
        element.children.retain(|child| {
            is_part(child, IDP) || is_part(child, SP) || is_part(child, EXTENSIONS)
        });
        // A federation has thousands of SPs.
        for sp in element.children.iter_mut().filter(|child| is_part(child, SP)) {
            sp.children.clear();
        }
        Ok(Self { entity_id, element, validity: own.within(enclosing) })
    }

    /// The first IDPSSODescriptor that speaks SAML 2.0.
    pub(super) fn idp_role(&self) -> Result<&Element, MetadataError> {
        let roles = || self.element.children_named(METADATA, IDP);
        roles()
            .find(|role| protocols(role).split_ascii_whitespace().any(|uri| uri == PROTOCOL))
            .ok_or_else(|| self.no_idp_role(roles().next()))
    }

    /// What is in its own Extensions (Metadata 2.3.2).
    pub(super) fn extensions(&self) -> impl Iterator<Item = &Element> {
        self.element.children_named(METADATA, EXTENSIONS).flat_map(|all| &all.children)
    }

    /// The same, and those of one of its roles.
    pub(super) fn all_extensions<'a>(
        &'a self,
        role: &'a Element,
    ) -> impl Iterator<Item = &'a Element> {
        let of_role = role.children_named(METADATA, EXTENSIONS).flat_map(|all| &all.children);
        self.extensions().chain(of_role)
    }

    fn is_idp(&self) -> bool {
        self.idp_role().is_ok()
    }

    /// `other` is a role of an IdP that does not speak SAML 2.0.
    fn no_idp_role(&self, other: Option<&Element>) -> MetadataError {
        let name = quote(&self.entity_id);
        let is_sp = self.element.child(METADATA, SP).is_some();
        MetadataError(match other {
            None if is_sp => format!(
                "{name} has no IDPSSODescriptor, it is a service provider (perhaps this one): give \
                 the IdP's own metadata"
            ),
            None => format!(
                "{name} has no IDPSSODescriptor, so it is no identity provider: give the IdP's own metadata"
            ),
            Some(role) => format!(
                "the IDPSSODescriptor of {name} does not support SAML 2.0 \
                 (protocolSupportEnumeration is {}): turn SAML 2.0 on at the IdP",
                quote(protocols(role))
            ),
        })
    }
}

const IDP: &str = "IDPSSODescriptor";
const SP: &str = "SPSSODescriptor";
const EXTENSIONS: &str = "Extensions";

fn is_part(element: &Element, name: &str) -> bool {
    element.is(METADATA, name)
}

/// An entity that cannot be read, and why.
struct Broken {
    entity_id: Option<String>,
    why: String,
}

/// The entities of a document, in document order.
pub(super) struct Entities {
    root: Element,
    readable: Vec<Entity>,
    broken: Vec<Broken>,
}

impl Entities {
    /// An EntityDescriptor, or all in an EntitiesDescriptor (nested ones too). One that cannot be
    /// read spoils only itself.
    ///
    /// # Errors
    /// The document falls into no entities, or what encloses them is broken.
    pub(super) fn read(text: &str) -> Result<Self, MetadataError> {
        let take = |member: Member| {
            let broken = |e| Broken { entity_id: member.label, why: format!("{e}") };
            member.element.map_err(broken)
        };
        let Members { frame, members } = read_members(text, &ENTITIES, &LIMITS, take)
            .map_err(|e| MetadataError(format!("the metadata is not usable XML: {e}")))?;
        let mut found = Self { root: frame, readable: Vec::new(), broken: Vec::new() };
        let frame = std::mem::take(&mut found.root);
        found.collect(&frame, Validity::default(), &mut members.into_iter())?;
        found.root = frame;
        Ok(found)
    }

    /// Takes a member for each EntityDescriptor of the frame; the gate bounds the depth.
    fn collect(
        &mut self,
        element: &Element,
        enclosing: Validity,
        members: &mut impl Iterator<Item = Result<Element, Broken>>,
    ) -> Result<(), MetadataError> {
        if element.is(METADATA, ENTITIES.member) {
            let entity = members.next().map(|member| {
                let member = member?;
                let entity_id = member.attribute("entityID").map(str::to_owned);
                Entity::new(member, enclosing).map_err(|why| Broken { entity_id, why })
            });
            match entity {
                Some(Ok(entity)) => self.readable.push(entity),
                Some(Err(broken)) => self.broken.push(broken),
                None => {}
            }
        } else if element.is(METADATA, ENTITIES.group) {
            let enclosing = Validity::of(element)?.within(enclosing);
            for child in &element.children {
                self.collect(child, enclosing, members)?;
            }
        }
        Ok(())
    }

    /// The IdP called `entity_id`, or the only one there is. When that entity is no IdP,
    /// [`Entity::idp_role`] says why.
    pub(super) fn choose(&self, entity_id: Option<&str>) -> Result<&Entity, MetadataError> {
        match entity_id {
            Some(entity_id) => self.choose_named(entity_id),
            None => self.choose_only(),
        }
    }

    /// All IdPs, of which there is one at least.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn idps(&self) -> Result<impl Iterator<Item = &Entity>, MetadataError> {
        let mut idps = self.readable.iter().filter(|entity| entity.is_idp()).peekable();
        if idps.peek().is_some() {
            return Ok(idps);
        }
        let only = self.choose_only()?;
        Err(only.idp_role().err().unwrap_or_else(|| MetadataError(kind::of_root(&self.root))))
    }

    /// Of the whole document.
    pub(super) fn validity(&self) -> Validity {
        match self.readable.as_slice() {
            [only] => only.validity,
            // A broken one has been told already.
            _ => Validity::of(&self.root).unwrap_or_default(),
        }
    }

    /// A sentence about those that cannot be read, when others can.
    pub(super) fn left_out(&self) -> Option<String> {
        if self.broken.is_empty() {
            return None;
        }
        let named = self.broken.iter().map(|broken| {
            let name =
                broken.entity_id.as_deref().map_or_else(|| "one without a name".into(), quote);
            format!("{name} ({})", broken.why)
        });
        let all = self.broken.len() + self.readable.len();
        let names = list(named);
        Some(format!("{} of {all} entities cannot be read: {names}", self.broken.len()))
    }

    fn choose_named(&self, entity_id: &str) -> Result<&Entity, MetadataError> {
        let named = || self.readable.iter().filter(|entity| entity.entity_id == entity_id);
        if let Some(idp) = named().find(|entity| entity.is_idp()) {
            return Ok(idp);
        }
        let is_meant = |broken: &&Broken| {
            broken.entity_id.as_deref().map(identity_text::trim) == Some(entity_id)
        };
        if let Some(broken) = self.broken.iter().find(is_meant) {
            let name = quote(entity_id);
            return Err(MetadataError(format!("the entity {name} cannot be read: {}", broken.why)));
        }
        // An IdP and an SP may share a name; without an IdP, the first is good for saying why.
        named().next().ok_or_else(|| {
            MetadataError(format!(
                "no entity in the metadata has the entity_id {}; there is {}",
                quote(entity_id),
                names(&self.readable)
            ))
        })
    }

    fn choose_only(&self) -> Result<&Entity, MetadataError> {
        let idps: Vec<&Entity> = self.readable.iter().filter(|entity| entity.is_idp()).collect();
        Err(MetadataError(match (idps.as_slice(), self.readable.as_slice()) {
            (&[only], _) => return Ok(only),
            ([], [only]) if self.broken.is_empty() => return Ok(only),
            ([], []) => match self.broken.as_slice() {
                [] => kind::of_root(&self.root),
                [only] => format!("the metadata is not usable XML: {}", only.why),
                _ => self.left_out().unwrap_or_default(),
            },
            ([], readable) => format!(
                "none of the {} entities is a SAML 2.0 identity provider: give the IdP's own metadata{}",
                readable.len(),
                self.left_out().map_or(String::new(), |left_out| format!("; {left_out}"))
            ),
            (several, _) => format!(
                "the metadata holds {} identity providers: set entity_id to the one you mean; there is {}",
                several.len(),
                names(several.iter().copied())
            ),
        }))
    }
}

fn protocols(role: &Element) -> &str {
    role.attribute("protocolSupportEnumeration").unwrap_or_default()
}

fn names<'a>(entities: impl IntoIterator<Item = &'a Entity>) -> String {
    list(entities.into_iter().map(|entity| quote(&entity.entity_id)))
}

/// The first of them.
fn list(all: impl Iterator<Item = String>) -> String {
    let mut all = all.peekable();
    if all.peek().is_none() {
        return "none at all".to_owned();
    }
    let first: Vec<String> = all.by_ref().take(NAMES_MAX).collect();
    match all.count() {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}
