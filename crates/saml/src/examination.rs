//! What a message looked like and how each check of it ended, for who looks for a mistake.
//!
//! A record that is filled while a message is judged. Nothing is decided by it, and without one nothing is written.

use std::cell::{Cell, RefCell};

use xmldoc::{Document, Limits, Line, Plaintexts, SignedBy, VerifyingKey};

use crate::refusal::Refusal;

/// The record of one message.
#[derive(Debug, Default)]
pub struct Examination {
    message: RefCell<Vec<Line>>,
    signatures: RefCell<Vec<Signature>>,
    checks: RefCell<Vec<Check>>,
    plaintexts: Plaintexts,
    /// Is the message there?
    is_told: Cell<bool>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// The message as it came.
    pub message: Vec<Shown>,
    /// What was decrypted of it.
    pub plaintexts: Vec<Opened>,
    /// The signatures that are good.
    pub signatures: Vec<String>,
    /// In their order; the first that failed is the last.
    pub checks: Vec<Check>,
}

/// A line of XML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// How deep it stands; the root at 0.
    pub depth: usize,
    /// Without what would let somebody use it again.
    pub text: String,
    /// A signature that is good covers it.
    pub is_verified: bool,
}

/// Something that was encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// In what, by which algorithms and with which key.
    pub title: String,
    /// What came out.
    pub lines: Vec<Shown>,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was looked at.
    pub what: &'static str,
    /// Code of the reason and the values that disagree; `None` = it is as it must be.
    pub refused: Option<(&'static str, String)>,
}

/// In which of the documents a signature is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the message, or beside it.
    Message,
    /// In what was decrypted last.
    LastPlaintext,
}

#[derive(Debug)]
struct Signature {
    told: String,
    /// The ID of the element that it covers; `None` = all of the document.
    id: Option<String>,
    /// Number of the plaintext; `None` = of the message.
    plaintext: Option<usize>,
}

impl Examination {
    /// Where plaintexts are kept.
    pub(crate) fn plaintexts(&self) -> &Plaintexts {
        &self.plaintexts
    }

    /// The message itself, when nobody has kept it yet.
    pub(crate) fn see(&self, document: &Document) {
        if !self.is_told.replace(true) {
            self.message.replace(document.picture());
        }
    }

    /// A signature is good: of the element `name` with this ID; without one it is beside the message.
    pub(crate) fn verified(
        &self,
        place: Place,
        name: &str,
        id: Option<&str>,
        key: Option<&VerifyingKey>,
        by: Option<SignedBy>,
    ) {
        let key = key.map(VerifyingKey::describe).unwrap_or_default();
        let by = by.map(|by| format!(", {} with {}", by.signature.uri(), by.digest.uri()));
        let told = format!("{name}: signed by the key {key}{}", by.unwrap_or_default());
        let plaintext = match place {
            Place::Message => None,
            Place::LastPlaintext => Some(self.plaintexts.count().saturating_sub(1)),
        };
        let id = id.map(str::to_owned);
        self.signatures.borrow_mut().push(Signature { told, id, plaintext });
    }

    fn checked(&self, what: &'static str, refusal: Option<&Refusal>) {
        let refused = refusal.map(|refusal| (refusal.code(), refusal.detail().to_owned()));
        self.checks.borrow_mut().push(Check { what, refused });
    }

    /// Takes out what was found; `None` = no message was looked at.
    pub fn take(&self) -> Option<Findings> {
        if !self.is_told.replace(false) {
            return None;
        }
        let signatures = self.signatures.take();
        let marked = |lines: Vec<Line>, document: Option<usize>| {
            let of_it = || signatures.iter().filter(|signature| signature.plaintext == document);
            let is_whole = of_it().any(|signature| signature.id.is_none());
            let ids: Vec<&str> = of_it().filter_map(|signature| signature.id.as_deref()).collect();
            mark(lines, is_whole, &ids)
        };
        let plaintexts = self.plaintexts.take().into_iter().enumerate().map(|(number, plain)| {
            let title = format!(
                "{}, decrypted by {} with the key of {} ({})",
                plain.holder, plain.cipher, plain.key, plain.key_method
            );
            Opened { title, lines: marked(plain.lines, Some(number)) }
        });
        Some(Findings {
            plaintexts: plaintexts.collect(),
            message: marked(self.message.take(), None),
            signatures: signatures.iter().map(|signature| signature.told.clone()).collect(),
            checks: self.checks.take(),
        })
    }
}

/// A message of our own as it looks.
pub fn shown(xml: &[u8]) -> Vec<Shown> {
    let document = Document::parse(xml, &Limits::default());
    document.map(|document| mark(document.picture(), false, &[])).unwrap_or_default()
}

/// An element that a signature covers, with all that is in it but the signature itself (xmldsig-core1 6.6.4).
fn mark(lines: Vec<Line>, is_whole: bool, ids: &[&str]) -> Vec<Shown> {
    // How deep the covered element stands.
    let mut covered: Option<usize> = None;
    let mut shown = Vec::with_capacity(lines.len());
    for line in lines {
        let begins = line.id.as_deref().is_some_and(|id| ids.contains(&id));
        if covered.is_none() && begins {
            covered = Some(line.depth);
        }
        let is_verified = is_whole || covered.is_some() && !line.is_signature;
        if covered == Some(line.depth) && line.closes {
            covered = None;
        }
        shown.push(Shown { depth: line.depth, text: line.text, is_verified });
    }
    shown
}

/// As [`Examination`], when there is one.
#[derive(Clone, Copy)]
pub(crate) struct Examiner<'a>(pub(crate) Option<&'a Examination>);

impl Examiner<'_> {
    /// Notes a good signature, as [`Examination::verified`].
    pub(crate) fn verified(
        self,
        place: Place,
        name: &str,
        id: Option<&str>,
        key: Option<&VerifyingKey>,
        by: Option<SignedBy>,
    ) {
        if let Some(examination) = self.0 {
            examination.verified(place, name, id, key, by);
        }
    }

    /// Hands on the outcome of a check, and notes it.
    pub(crate) fn check<T>(
        self,
        what: &'static str,
        outcome: Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        if let Some(examination) = self.0 {
            examination.checked(what, outcome.as_ref().err());
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(xml: &str) -> Vec<Line> {
        Document::parse(xml, &Limits::default()).unwrap().picture()
    }

    fn verified(shown: &[Shown]) -> Vec<&str> {
        shown.iter().filter(|line| line.is_verified).map(|line| line.text.as_str()).collect()
    }

    const TWO: &str = "<r ID='_r'><a ID='_1'><s:Signature xmlns:s='http://www.w3.org/2000/09/xmldsig#'><s:x/>\
                       </s:Signature><n>1</n></a><b ID='_2'><n>2</n></b><c ID='_3'/></r>";

    #[test]
    fn a_signature_marks_its_element_and_not_itself() {
        let shown = |ids: &[&str]| mark(lines(TWO), false, ids);
        assert_eq!(verified(&shown(&["_1"])), ["<a ID=\"_1\">", "<n>1</n>", "</a>"]);
        assert_eq!(verified(&shown(&["_3"])), ["<c ID=\"_3\"/>"]);
        assert_eq!(verified(&shown(&["_2", "_3"])).len(), 4);
        assert!(verified(&shown(&[])).is_empty() && verified(&shown(&["_4"])).is_empty());
        assert_eq!(verified(&shown(&["_r"])).len(), shown(&[]).len() - 3);
        assert_eq!(verified(&mark(lines(TWO), true, &[])).len(), shown(&[]).len());
    }

    #[test]
    fn a_signature_of_one_document_marks_no_other() {
        let examination = Examination::default();
        examination.see(&Document::parse("<r ID='_1'/>", &Limits::default()).unwrap());
        examination.verified(Place::LastPlaintext, "Assertion", Some("_1"), None, None);
        let findings = examination.take().unwrap();
        assert!(verified(&findings.message).is_empty());
        assert_eq!(findings.signatures.len(), 1);
        assert_eq!(examination.take(), None, "it was taken out");
    }

    #[test]
    fn checks_are_noted_in_their_order_with_what_refused_them() {
        let examination = Examination::default();
        examination.see(&Document::parse("<r/>", &Limits::default()).unwrap());
        let examiner = Examiner(Some(&examination));
        assert_eq!(examiner.check("one", Ok(7)), Ok(7));
        let refused: Result<(), Refusal> = Err(Refusal::internal("x"));
        assert!(examiner.check("two", refused.clone()).is_err());
        assert!(Examiner(None).check("three", refused).is_err());
        let checks = examination.take().unwrap().checks;
        let refused = Some(("internal_error", "x".to_owned()));
        assert_eq!(checks, [Check { what: "one", refused: None }, Check { what: "two", refused }]);
    }

    #[test]
    fn what_is_no_xml_shows_nothing() {
        assert!(shown(b"<a").is_empty() && shown(b"").is_empty());
        assert_eq!(shown(b"<a><b/></a>").len(), 3);
    }
}
