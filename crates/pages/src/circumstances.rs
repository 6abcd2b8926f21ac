//! What a refusal can tell beside its reason.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use clock::UnixTime;
use diagnosis::Diagnosis;
use saml::metadata::UiInfo;
use saml::refusal::Sender;
use saml::response::Verdict;

/// What becomes known of a request on its way, for the page and the log line if it is refused.
#[derive(Debug)]
pub struct Circumstances {
    /// The code of the reason for which it is refused.
    pub code: Cell<Option<&'static str>>,
    /// Whose message it is.
    pub sender: Cell<Sender>,
    /// What the message that came is about; `None` = none has come, or it cannot be read.
    pub about: Cell<Option<About>>,
    /// The IdP that a login is under way at, for the person.
    pub sign_in_service: RefCell<Option<SignInService>>,
    /// What it says of the login.
    pub verdict: Cell<Option<Verdict>>,
    /// The `saml_idp` block that it is about; `None` = that is not known.
    pub idp: RefCell<Option<String>>,
    /// Where a person who is refused may try again.
    pub start_again: RefCell<Option<String>>,
    /// The address that tells whether they are signed in all the same.
    pub resumption: RefCell<Option<String>>,
    /// The methods that would have been taken, as `Allow` names them (RFC 9110 10.2.1).
    pub allow: RefCell<Option<String>>,
    /// The story that it is told in, if an administrator looks for a mistake.
    pub diagnosis: Diagnosis,
    request_id: OnceCell<String>,
    new_id: fn() -> String,
}

/// An IdP as people know it, and what its own pages are told when a login there leads nowhere.
#[derive(Debug)]
pub struct SignInService {
    /// What it is called, and where it helps.
    pub ui: Rc<UiInfo>,
    /// The SP that it is asked by.
    pub sp_entity_id: String,
    /// When.
    pub now: UnixTime,
}

/// What a request is about, for the page that a person gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum About {
    /// A login, or a page that asks for one.
    #[default]
    SignIn,
    /// A logout.
    SignOut,
    /// What an operator does.
    Operate,
}

impl Circumstances {
    /// Nothing is known yet. `new_id` makes an ID, for a request that no message gives one.
    pub fn new(new_id: fn() -> String) -> Self {
        Self {
            code: Cell::default(),
            sender: Cell::default(),
            about: Cell::default(),
            sign_in_service: RefCell::default(),
            verdict: Cell::default(),
            idp: RefCell::default(),
            start_again: RefCell::default(),
            resumption: RefCell::default(),
            allow: RefCell::default(),
            diagnosis: Diagnosis::default(),
            request_id: OnceCell::default(),
            new_id,
        }
    }

    /// Ties page, log and message together: the AuthnRequest's ID where there is one.
    pub fn request_id(&self) -> &str {
        self.request_id.get_or_init(self.new_id)
    }

    /// Sets the ID once it is known from a message. What cannot be one of ours is none: it goes into
    /// pages and logs as it is.
    pub fn set_request_id(&self, id: &str) {
        if may_be_id(id) {
            // An ID that was shown already stays.
            let _ = self.request_id.set(id.to_owned());
        }
    }
}

/// Is it made of the letters of our IDs, and not much longer than they are?
fn may_be_id(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    (1..=64).contains(&text.len()) && text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circumstances() -> Circumstances {
        Circumstances::new(|| "_new".to_owned())
    }

    #[test]
    fn a_message_gives_the_id() {
        let named = circumstances();
        named.set_request_id("_f00-A");
        assert_eq!(named.request_id(), "_f00-A");
        assert_eq!(circumstances().request_id(), "_new");
    }

    #[test]
    fn an_id_that_was_shown_stays() {
        let shown = circumstances();
        assert_eq!(shown.request_id(), "_new");
        shown.set_request_id("_f00");
        assert_eq!(shown.request_id(), "_new");
    }

    #[test]
    fn what_is_no_id_of_ours_goes_nowhere() {
        let longest = "a".repeat(64);
        let hostile = circumstances();
        for id in ["", "_a b", "_<b>", "_a\n", "_\u{e9}", &format!("{longest}a")] {
            hostile.set_request_id(id);
        }
        hostile.set_request_id(&longest);
        assert_eq!(hostile.request_id(), longest);
    }

    #[test]
    fn at_first_nothing_is_known() {
        let new = circumstances();
        assert_eq!((new.sender.get(), new.about.get()), (Sender::Stranger, None));
        assert_eq!((new.start_again.take(), new.resumption.take()), (None, None));
    }
}
