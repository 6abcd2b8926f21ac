//! A document whose members are read one by one: what cannot be read spoils only itself.
mod markup;

use std::sync::Arc;

use crate::gate;
use crate::outline::Span;
use crate::reader::{Outside, attribute_value};
use crate::{Element, GateError, Limits, XmlError};
use markup::{Markup, Piece, Tag, UNMATCHED};

/// What members are called, and the groups that they stand in.
#[derive(Clone, Copy, Debug)]
pub struct MemberNames<'a> {
    /// URI of the namespace of both.
    pub namespace: &'a str,
    /// Local name of what holds members and other groups: `EntitiesDescriptor`.
    pub group: &'a str,
    /// Local name of a member: `EntityDescriptor`.
    pub member: &'a str,
    /// The attribute that tells one from another.
    pub label: &'a str,
}

/// One member, read by itself.
pub struct Member {
    /// As far as its start tag can be read.
    pub label: Option<String>,
    /// The member with all that is in it, or why the gate refused it.
    pub element: Result<Element, XmlError>,
}

/// A document in parts.
pub struct Members<T> {
    /// The document, with an empty `{namespace}member` where each member stood.
    pub frame: Element,
    /// What was made of each member, in document order.
    pub members: Vec<T>,
}

/// Reads a document that the administrator vouches for; `take` gets each member as it comes.
///
/// The gate sees the frame and each member alone, so a fault in one says nothing of the others.
/// Processing instructions outside of members are left out.
///
/// # Errors
/// The text falls into no elements, or the frame does not pass the gate.
pub fn read_members<T>(
    text: &str,
    names: &MemberNames<'_>,
    limits: &Limits,
    mut take: impl FnMut(Member) -> T,
) -> Result<Members<T>, XmlError> {
    if text.len() > limits.bytes {
        return Err(GateError::TooLarge { bytes: text.len(), limit: limits.bytes }.into());
    }
    let mut cutter = Cutter::new(text, names, limits);
    let mut members = Vec::new();
    cutter.cut(&mut |member| members.push(take(member))).map_err(|e| cutter.located(&e))?;
    let frame = element(&cutter.into_frame(), limits, &Outside::default())?;
    Ok(Members { frame, members })
}

/// Lets a document through the gate, and all of it out.
fn element(xml: &str, limits: &Limits, outside: &Outside<'_>) -> Result<Element, GateError> {
    let (text, outline) = gate::pass(xml.as_bytes(), limits, outside)?;
    let root = outline.node(text, 0).ok_or(GateError::Malformed("no element"))?;
    Ok(Element::of(&Arc::new(text.to_owned()), root))
}

struct Cutter<'a> {
    names: &'a MemberNames<'a>,
    limits: &'a Limits,
    text: &'a str,
    markup: Markup<'a>,
    /// Prefixes and URIs that the open groups declare, innermost last.
    declared: Vec<(&'a str, String)>,
    /// Names of the open groups as they are written, with how many declarations each found.
    groups: Vec<(&'a str, usize)>,
    /// What is left when the members are cut out.
    frame: String,
    /// Bytes of `text` that are in `frame`, or are left out of it.
    copied: usize,
}

impl<'a> Cutter<'a> {
    fn new(text: &'a str, names: &'a MemberNames<'a>, limits: &'a Limits) -> Self {
        let (markup, frame) = (Markup::new(text), String::new());
        let (declared, groups) = (Vec::new(), Vec::new());
        Self { names, limits, text, markup, declared, groups, frame, copied: 0 }
    }

    fn cut(&mut self, take: &mut dyn FnMut(Member)) -> Result<(), GateError> {
        while let Some((piece, span)) = self.markup.next()? {
            match piece {
                Piece::Start(tag) => self.element(&tag, span, take)?,
                Piece::End(name) => {
                    let group = self.groups.pop().filter(|(open, _)| *open == name);
                    self.declared.truncate(group.ok_or(UNMATCHED)?.1);
                }
                Piece::Instruction => self.leave_out(span),
                Piece::Other => {}
            }
        }
        Ok(())
    }

    fn element(
        &mut self,
        tag: &Tag<'a>,
        start: Span,
        take: &mut dyn FnMut(Member),
    ) -> Result<(), GateError> {
        let outside = self.declared.len();
        self.declared.extend(declarations(tag));
        if self.is(tag, self.names.group) && !tag.is_empty {
            self.groups.push((tag.name, outside));
            return Ok(());
        }
        let is_member = self.is(tag, self.names.member);
        self.declared.truncate(outside);
        self.markup.skip(tag)?;
        if is_member {
            take(self.member(tag, Span { start: start.start, end: self.markup.position() }));
        }
        Ok(())
    }

    /// Is it `{namespace}name`?
    fn is(&self, tag: &Tag<'_>, name: &str) -> bool {
        let (prefix, local) = tag.name.split_once(':').unwrap_or(("", tag.name));
        let uri = self.declared.iter().rev().find(|(declared, _)| *declared == prefix);
        local == name && uri.is_some_and(|(_, uri)| *uri == self.names.namespace)
    }

    fn member(&mut self, tag: &Tag<'_>, span: Span) -> Member {
        let label = tag.attribute(self.names.label).and_then(|raw| attribute_value(raw).ok());
        self.leave_out(span);
        let MemberNames { namespace, member, .. } = self.names;
        self.frame.push_str(&format!("<{member} xmlns=\"{namespace}\"/>"));
        let xml = self.text.get(span.start..span.end).unwrap_or_default();
        let around = self.declared.iter().map(|(prefix, uri)| (*prefix, &**uri));
        let element = element(xml, self.limits, &Outside::new(around));
        Member { label, element: element.map_err(XmlError::Gate) }
    }

    /// Takes over what stands before it.
    fn leave_out(&mut self, span: Span) {
        self.frame.push_str(self.text.get(self.copied..span.start).unwrap_or_default());
        self.copied = span.end;
    }

    fn into_frame(mut self) -> String {
        self.leave_out(Span { start: self.text.len(), end: self.text.len() });
        self.frame
    }

    /// With the line that the markup has come to.
    fn located(&self, error: &GateError) -> XmlError {
        XmlError::Malformed(format!("{error} (line {})", self.markup.line()))
    }
}

/// Prefixes and URIs that a tag declares; one that means nothing is for the gate to refuse.
fn declarations<'a>(tag: &Tag<'a>) -> impl Iterator<Item = (&'a str, String)> {
    tag.attributes().filter_map(|(name, raw)| {
        let prefix = if name == "xmlns" { "" } else { name.strip_prefix("xmlns:")? };
        Some((prefix, attribute_value(raw).ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: MemberNames<'static> =
        MemberNames { namespace: "urn:m", group: "g", member: "m", label: "n" };

    type Taken = (Option<String>, Option<Element>);

    fn read(xml: &str) -> Result<Members<Taken>, XmlError> {
        read_members(xml, &NAMES, &Limits::default(), |m| (m.label, m.element.ok()))
    }

    fn labels(xml: &str) -> Vec<(String, bool)> {
        let members = read(xml).unwrap_or_else(|e| panic!("{e}: {xml}")).members;
        members.into_iter().map(|(n, e)| (n.unwrap_or_default(), e.is_some())).collect()
    }

    #[test]
    fn members_are_those_of_the_groups_around_them() {
        let xml = "<?p?><g xmlns='urn:m' xmlns:q='urn:m' a='1'>\n <?p?><m n='1'><m n='x'/></m>\
                   <x><m n='y'/></x><q:g><q:m n='2&amp;'>t</q:m></q:g><!-- <m/> -->\
                   <m xmlns='urn:x' n='z'/><g xmlns=''><m n='u'/></g></g><?p?>";
        let Members { frame, members } = read(xml).unwrap();
        let names: Vec<_> = members.iter().map(|(n, _)| n.as_deref().unwrap()).collect();
        assert_eq!(names, ["1", "2&"]);
        assert!(members.iter().all(|(_, e)| e.as_ref().unwrap().is("urn:m", "m")));
        assert_eq!(members[0].1.as_ref().unwrap().children.len(), 1);
        assert_eq!(frame.attribute("a"), Some("1"));
        let children: Vec<_> = frame.children.iter().map(|c| (&*c.namespace, &*c.name)).collect();
        let expected = [("urn:m", "m"), ("urn:m", "x"), ("urn:m", "g"), ("urn:x", "m"), ("", "g")];
        assert_eq!(children, expected);
        let place = &frame.children[0];
        assert!(place.attributes.is_empty() && place.children.is_empty());
    }

    #[test]
    fn the_root_may_be_the_only_member() {
        for start in ["", "<?xml version='1.0'?>", "<!-- c --><?p q?>\n"] {
            let xml = format!("{start}<p:m xmlns:p='urn:m' n='1'><p:x/></p:m>\n<!-- c -->");
            assert_eq!(labels(&xml), [("1".to_owned(), true)]);
        }
        assert_eq!(labels("<m xmlns='urn:m' n='1'/>"), [("1".to_owned(), true)]);
        assert_eq!(labels("<m xmlns='urn&#58;m' n='1'/>"), [("1".to_owned(), true)]);
        assert_eq!(labels("<x/>"), []);
    }

    #[test]
    fn declarations_reach_their_members() {
        let xml = "<p:g xmlns:p='urn:m' xmlns:q='urn:q' xmlns='urn:d'><p:m n='1'><q:x/><y/></p:m>\
                   <p:m xmlns='' n='2'><x/></p:m><p:g xmlns:q='urn&#58;r'/></p:g>";
        let members = read(xml).unwrap().members;
        let first = members[0].1.as_ref().unwrap();
        assert!(first.child("urn:q", "x").is_some() && first.child("urn:d", "y").is_some());
        assert!(members[1].1.as_ref().unwrap().child("", "x").is_some());
    }

    #[test]
    fn what_is_wrong_in_a_member_spoils_only_itself() {
        for broken in [
            "<m n='2' xmlns:p=''/>",
            "<m n='2' xmlns:p='relative'/>",
            "<m n='2'><p:x/></m>",
            "<m n='2'>&nbsp;</m>",
            "<m n='2'>&#0;</m>",
            "<m n='2' n2='1' n2='2'/>",
            "<m n='2'><?p?></m>",
            "<m n='2'><x ID='1'/><x ID='1'/></m>",
            "<m n='2'>]]></m>",
        ] {
            let xml = format!("<g xmlns='urn:m'><m n='1'/>{broken}<m n='3'/></g>");
            let expected = [("1", true), ("2", false), ("3", true)];
            assert_eq!(labels(&xml), expected.map(|(n, good)| (n.to_owned(), good)), "{broken}");
        }
        let deep = format!("<m n='2'>{}{}</m>", "<x>".repeat(70), "</x>".repeat(70));
        let xml = format!("<g xmlns='urn:m'>{deep}<m n='3'/></g>");
        assert_eq!(labels(&xml), [("2".to_owned(), false), ("3".to_owned(), true)]);
        // The same ID in two members is no fault.
        let xml = "<g xmlns='urn:m'><m n='1' ID='1'/><m n='2' ID='1'/></g>";
        assert_eq!(labels(xml), [("1".to_owned(), true), ("2".to_owned(), true)]);
    }

    /// A tag that never ends is as long as the rest of the file.
    #[test]
    fn what_is_wrong_is_told_in_one_short_line() {
        let rest = "y\n\u{85}\u{1b}é".repeat(1000);
        for xml in [
            format!("<g xmlns='urn:m'><m></{rest}></g>"),
            format!("<g xmlns='urn:m'><{rest}></g>"),
            format!("<g xmlns='urn:m'><m></m>{rest}</x{rest}>"),
        ] {
            let error = read(&xml).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.len() < 400 && !error.contains(char::is_control), "{error:?}");
            assert!(error.contains("(line "), "{error}");
        }
    }

    #[test]
    fn what_is_wrong_around_the_members_spoils_all() {
        for (xml, expected) in [
            ("<!DOCTYPE g><g xmlns='urn:m'><m/></g>", "DOCTYPE"),
            ("<!DOCTYPE m><m xmlns='urn:m'/>", "DOCTYPE"),
            ("<g xmlns='urn:m'>\n<m></g>", "line 2"),
            ("<g xmlns='urn:m'>\n<m>\n</x></m></g>", "line 3"),
            ("<g xmlns='urn:m'><m/>", "never closed"),
            ("<g xmlns='urn:m'><m", ""),
            ("<g xmlns='urn:m'><m/></g><m/>", "second root"),
            ("<g xmlns='urn:m' xmlns:p='r'><m/></g>", "namespace"),
            ("<g xmlns='urn:m'>&x;<m/></g>", "entity"),
            ("", "no element"),
        ] {
            let error = read(xml).err().unwrap_or_else(|| panic!("{xml}")).to_string();
            assert!(error.contains(expected), "{error}: {xml}");
        }
    }
}
