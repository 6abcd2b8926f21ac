//! A document whose members are read one by one: what cannot be read spoils only itself.
use std::borrow::Cow;
use std::ops::Range;

use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::{NsReader, XmlVersion};

use crate::fragment::{self, Fragment};
use crate::{Document, Element, GateError, Limits, XmlError};

/// Characters of what is told of a fault.
const TOLD_MOST: usize = 160;

/// What members are called, and the groups that they stand in.
#[derive(Clone, Copy, Debug)]
pub struct MemberNames<'a> {
    pub namespace: &'a str,
    pub group: &'a str,
    pub member: &'a str,
    /// The attribute that tells one from another.
    pub label: &'a str,
}

/// One member, read by itself.
pub struct Member {
    /// As far as its start tag can be read.
    pub label: Option<String>,
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
/// Gate and libxml2 see the frame and each member alone, so a fault in one says nothing of the
/// others. Processing instructions outside of members are left out.
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
    let mut cutter = Cutter { names, limits, text, frame: String::new(), copied: 0 };
    let mut reader = NsReader::from_str(text);
    let mut members = Vec::new();
    cutter.cut(&mut reader, &mut |member| members.push(take(member)))?;
    let frame = cutter.frame();
    let frame = Document::parse(frame.as_bytes(), limits)?.trusted_root();
    Ok(Members { frame, members })
}

struct Cutter<'a> {
    names: &'a MemberNames<'a>,
    limits: &'a Limits,
    text: &'a str,
    /// What is left when the members are cut out.
    frame: String,
    /// Bytes of `text` that are in `frame`, or are left out of it.
    copied: usize,
}

impl<'a> Cutter<'a> {
    fn cut(
        &mut self,
        reader: &mut NsReader<&'a [u8]>,
        take: &mut dyn FnMut(Member),
    ) -> Result<(), XmlError> {
        loop {
            let start = position(reader)?;
            match reader.read_event().map_err(|e| self.malformed(reader, &e))? {
                Event::Start(tag) if self.is(reader, &tag, self.names.member) => {
                    let fragment = Fragment::begin(reader, &tag, self.after(start));
                    reader.read_to_end(tag.name()).map_err(|e| self.malformed(reader, &e))?;
                    take(self.member(&tag, fragment, start..position(reader)?)?);
                }
                Event::Empty(tag) if self.is(reader, &tag, self.names.member) => {
                    let fragment = Fragment::begin(reader, &tag, self.after(start));
                    take(self.member(&tag, fragment, start..position(reader)?)?);
                }
                Event::Start(tag) if !self.is(reader, &tag, self.names.group) => {
                    reader.read_to_end(tag.name()).map_err(|e| self.malformed(reader, &e))?;
                }
                Event::PI(_) => self.leave_out(start..position(reader)?),
                Event::Eof => return Ok(()),
                _ => {}
            }
        }
    }

    fn is(&self, reader: &NsReader<&[u8]>, tag: &BytesStart<'_>, name: &str) -> bool {
        let (ResolveResult::Bound(uri), local) = reader.resolver().resolve_element(tag.name())
        else {
            return false;
        };
        local.as_ref() == name
            && unescape(uri.into_inner()).is_ok_and(|uri| uri == self.names.namespace)
    }

    fn member(
        &mut self,
        tag: &BytesStart<'_>,
        fragment: Option<Fragment<'_>>,
        place: Range<usize>,
    ) -> Result<Member, XmlError> {
        let label = tag.try_get_attribute(self.names.label).ok().flatten();
        let label = label.and_then(|label| {
            label.normalized_value(XmlVersion::Implicit1_0).ok().map(Cow::into_owned)
        });
        let fragment = fragment.and_then(|fragment| fragment.until(place.len()));
        let fragment = fragment.ok_or_else(|| lost("a member"))?.standalone();
        self.leave_out(place);
        let MemberNames { namespace, member, .. } = self.names;
        self.frame.push_str(&format!("<{member} xmlns=\"{namespace}\"/>"));
        let document = Document::parse(fragment.as_bytes(), self.limits);
        Ok(Member { label, element: document.map(Document::trusted_root) })
    }

    fn after(&self, start: usize) -> &'a str {
        self.text.get(start..).unwrap_or_default()
    }

    /// Takes over what stands before `place`.
    fn leave_out(&mut self, place: Range<usize>) {
        self.frame.push_str(self.text.get(self.copied..place.start).unwrap_or_default());
        self.copied = place.end;
    }

    fn frame(mut self) -> String {
        self.leave_out(self.text.len()..self.text.len());
        self.frame
    }

    fn malformed(&self, reader: &NsReader<&[u8]>, error: &quick_xml::Error) -> XmlError {
        let at = usize::try_from(reader.error_position()).unwrap_or_default();
        let before = self.text.as_bytes().get(..at).unwrap_or_default();
        let line = 1 + before.iter().filter(|b| **b == b'\n').count();
        // It quotes the text, which may be anything of any length there.
        let told = error.to_string();
        let told: String =
            told.chars().take(TOLD_MOST).map(|c| if c.is_control() { ' ' } else { c }).collect();
        XmlError::Malformed(format!("{told} (line {line})"))
    }
}

fn position(reader: &NsReader<&[u8]>) -> Result<usize, XmlError> {
    fragment::position(reader).ok_or_else(|| lost("its place"))
}

fn lost(what: &str) -> XmlError {
    XmlError::Malformed(format!("{what} cannot be found"))
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
