//! All the IdPs of a document, as one trusts a federation (Metadata 2.3.1).

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use clock::{Seconds, UnixTime};
use xmldoc::Element;

use super::entity::{Entities, Entity};
use super::filter::{MetadataFilter, Traits};
use super::scope::{Scopes, is_scope};
use super::{IdpMetadata, MetadataError, MetadataSigners, UiInfo, Validity, idp};
use crate::artifact::SourceId;
use crate::namespace::METADATA;
use crate::refusal::quote;
use crate::xml_writer::escape_into;

/// Entities named in a sentence.
const NAMES_MAX: usize = 5;

/// What of an IDPSSODescriptor an [`IdpMetadata`] is made of, besides its scopes and what it says for people.
const PARTS: [&str; 4] =
    ["KeyDescriptor", "ArtifactResolutionService", "SingleLogoutService", "SingleSignOnService"];

/// The IdPs of one or more documents. Of each there is what choosing needs, and the little of its
/// metadata that a login needs: that is read when somebody logs in there.
#[derive(Debug, Default)]
pub struct Federation {
    members: Vec<Arc<Member>>,
    by_entity_id: HashMap<String, usize>,
    by_source_id: HashMap<SourceId, usize>,
    /// Of the documents: the earliest of their ends, the shortest of their cacheDurations.
    pub validity: Validity,
    /// Of each of them.
    validities: Vec<Validity>,
    /// What should be known of the documents, a sentence each.
    pub warnings: Vec<String>,
}

/// An IdP of a federation.
#[derive(Debug)]
pub struct Member {
    /// entityID of the EntityDescriptor (Metadata 2.3.2).
    pub entity_id: String,
    /// How it presents itself to people.
    pub ui: UiInfo,
    /// An EntityDescriptor with what [`PARTS`] names.
    descriptor: Box<str>,
    validity: Validity,
    print: u64,
}

impl Federation {
    /// Reads the documents; `keeps` says which of their IdPs are wanted, `signers` who must have signed each
    /// document. An IdP that is in several of them is as the first says, and not wanted when that is not.
    ///
    /// # Errors
    /// A document is no metadata or not signed so, or no IdP is left.
    pub fn read<'a>(
        documents: impl IntoIterator<Item = &'a [u8]>,
        keeps: &MetadataFilter,
        signers: Option<&MetadataSigners>,
    ) -> Result<Self, MetadataError> {
        let mut found = Self::default();
        let mut left_out = HashSet::new();
        for document in documents {
            let text = idp::text_of(document)?;
            let text = match signers {
                Some(signers) => signers.signed(&text)?,
                None => text,
            };
            let entities = Entities::read(&text)?;
            found.validity = entities.validity().within(found.validity);
            found.validities.push(entities.validity());
            found.warnings.extend(entities.left_out());
            for entity in entities.idps()? {
                if left_out.contains(&entity.entity_id) {
                    continue;
                }
                // Somebody who was wanted stays so.
                if found.member(&entity.entity_id).is_some() || keeps.keeps(&Traits::of(entity)) {
                    found.add(Member::new(entity)?);
                } else {
                    left_out.insert(entity.entity_id.clone());
                }
            }
        }
        if found.members.is_empty() {
            let all = left_out.len();
            let sentence =
                format!("\"metadata_filter\" leaves none of its {all} identity providers");
            return Err(MetadataError(sentence));
        }
        Ok(found)
    }

    fn add(&mut self, member: Member) {
        match self.by_entity_id.entry(member.entity_id.clone()) {
            Entry::Occupied(_) => {
                let name = quote(&member.entity_id);
                let sentence = format!("{name} is there more than once, the first one counts");
                if self.warnings.len() < NAMES_MAX {
                    self.warnings.push(sentence);
                }
            }
            Entry::Vacant(place) => {
                place.insert(self.members.len());
                self.by_source_id.insert(SourceId::of(&member.entity_id), self.members.len());
                self.members.push(Arc::new(member));
            }
        }
    }

    /// All, in document order.
    pub fn members(&self) -> &[Arc<Member>] {
        &self.members
    }

    /// The IdP of that entityID.
    pub fn member(&self, entity_id: &str) -> Option<&Arc<Member>> {
        self.members.get(*self.by_entity_id.get(entity_id)?)
    }

    /// The IdP whose artifacts have this SourceID.
    pub fn of_source(&self, source: SourceId) -> Option<&Arc<Member>> {
        self.members.get(*self.by_source_id.get(&source)?)
    }

    /// [`Validity::check`] for each document: what is far from its end does not hide behind another one. One
    /// that is past its end stops none of the others, when there are some: nobody logs in at its IdPs.
    ///
    /// # Errors
    /// As there.
    pub fn check_validity(
        &self,
        now: UnixTime,
        longest: Option<Seconds>,
    ) -> Result<(), MetadataError> {
        let is_past = |validity: &&Validity| validity.check(now, None).is_err();
        let all_are_past = self.validities.iter().all(|validity| is_past(&validity));
        let mut judged = self.validities.iter().filter(|one| all_are_past || !is_past(one));
        judged.try_for_each(|validity| validity.check(now, longest))
    }

    /// What is otherwise than it was in `old`, a clause each.
    pub fn changes_since(&self, old: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        let mut note = |what: &str, members: Vec<&Arc<Member>>| {
            if !members.is_empty() {
                let names = members.iter().take(NAMES_MAX).map(|member| quote(&member.entity_id));
                let mut names = names.collect::<Vec<_>>().join(", ");
                if let Some(more) = members.len().checked_sub(NAMES_MAX).filter(|more| *more > 0) {
                    names.push_str(&format!(" and {more} more"));
                }
                changes.push(format!("{} {what}: {names}", members.len()));
            }
        };
        let without = |other: &Self, one: &Member| other.member(&one.entity_id).is_none();
        note("new", self.members.iter().filter(|one| without(old, one)).collect());
        note("no longer there", old.members.iter().filter(|one| without(self, one)).collect());
        let is_other = |one: &&Arc<Member>| {
            old.member(&one.entity_id).is_some_and(|other| other.print != one.print)
        };
        note("with other keys or endpoints", self.members.iter().filter(is_other).collect());
        changes
    }

    /// What there is, for the log.
    pub fn introduction(&self) -> Vec<String> {
        vec![format!("{} identity providers", self.members.len())]
    }
}

impl Member {
    fn new(entity: &Entity) -> Result<Self, MetadataError> {
        let role = entity.idp_role()?;
        let descriptor = descriptor(entity, role);
        let mut print = DefaultHasher::new();
        descriptor.hash(&mut print);
        let mut ui = UiInfo::read(role);
        // People of other domains are not to be led there.
        let scopes = Scopes::read(entity.all_extensions(role));
        ui.domains.retain(|domain| scopes.contain(domain));
        Ok(Self {
            entity_id: entity.entity_id.clone(),
            ui,
            descriptor: descriptor.into(),
            validity: Validity::of(role)?.within(entity.validity),
            print: print.finish(),
        })
    }

    /// What its metadata says.
    ///
    /// # Errors
    /// It cannot be used, by the IdP's fault.
    pub fn metadata(&self) -> Result<IdpMetadata, MetadataError> {
        let metadata = IdpMetadata::parse(self.descriptor.as_bytes(), Some(&self.entity_id))?;
        Ok(IdpMetadata { ui: self.ui.clone(), validity: self.validity, ..metadata })
    }
}

/// The EntityDescriptor of an IdP with nothing but what counts.
fn descriptor(entity: &Entity, role: &Element) -> String {
    let mut xml = format!("<EntityDescriptor xmlns=\"{METADATA}\" entityID=\"");
    escape_into(&mut xml, &entity.entity_id);
    xml.push_str("\"><IDPSSODescriptor");
    write_attributes(&mut xml, role);
    xml.push_str("><Extensions>");
    for scope in entity.all_extensions(role).filter(|one| is_scope(one)) {
        write(&mut xml, scope, METADATA);
    }
    xml.push_str("</Extensions>");
    let is_part = |child: &&Element| {
        child.namespace == METADATA && PARTS.iter().any(|part| child.name == *part)
    };
    for part in role.children.iter().filter(is_part) {
        write(&mut xml, part, METADATA);
    }
    xml.push_str("</IDPSSODescriptor></EntityDescriptor>");
    xml
}

/// An element where `around` is the default namespace; the gate bounds the depth. How much white space
/// there is means nothing in these.
fn write(xml: &mut String, element: &Element, around: &str) {
    xml.push('<');
    xml.push_str(&element.name);
    if element.namespace != around {
        xml.push_str(" xmlns=\"");
        escape_into(xml, &element.namespace);
        xml.push('"');
    }
    write_attributes(xml, element);
    xml.push('>');
    if element.children.is_empty() {
        for (place, word) in element.text.split_ascii_whitespace().enumerate() {
            // Some certificates come in PEM's armour, in which a blank counts.
            if place > 0 {
                xml.push(' ');
            }
            escape_into(xml, word);
        }
    }
    for child in &element.children {
        write(xml, child, &element.namespace);
    }
    xml.push_str("</");
    xml.push_str(&element.name);
    xml.push('>');
}

/// Those without a namespace: others say nothing in [`PARTS`].
fn write_attributes(xml: &mut String, element: &Element) {
    for attribute in element.attributes.iter().filter(|one| one.namespace.is_empty()) {
        xml.push(' ');
        xml.push_str(&attribute.name);
        xml.push_str("=\"");
        escape_into(xml, &attribute.value);
        xml.push('"');
    }
}

#[cfg(test)]
mod tests;
