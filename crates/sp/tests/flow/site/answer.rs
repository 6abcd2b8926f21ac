//! What a request came to.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::rc::Rc;

use pages::{Body, Circumstances, Reader, Reply};
use saml::refusal::Refusal;

/// The answer as it goes to the client, and what the log has of it.
pub struct Answer {
    pub reply: Reply,
    body: OnceCell<Option<Body>>,
    pub refusal: Option<Refusal>,
    pub circumstances: Rc<Circumstances>,
}

impl Answer {
    pub fn new(reply: Reply, refusal: Option<Refusal>, circumstances: Rc<Circumstances>) -> Self {
        Self { reply, body: OnceCell::new(), refusal, circumstances }
    }

    pub fn status(&self) -> u16 {
        self.reply.status()
    }

    /// Why it was refused, or what went wrong on the way.
    pub fn code(&self) -> Option<&'static str> {
        self.refusal.as_ref().map(Refusal::code)
    }

    /// The values of the header `name`.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let fields = self.reply.headers().iter().filter(|(known, _)| *known == name);
        fields.map(|(_, value)| value.as_str()).collect()
    }

    /// The value of the header `name`, of which there is one at most.
    pub fn header(&self, name: &str) -> Option<&str> {
        let all = self.all(name);
        assert!(all.len() < 2, "several fields {name}: {all:?}");
        all.first().copied()
    }

    /// Status and address of a redirect.
    pub fn redirect(&self) -> (u16, &str) {
        (self.status(), self.header("Location").unwrap_or_default())
    }

    /// The body, or nothing.
    pub fn text(&self) -> &str {
        self.body().map_or("", |body| &body.text)
    }

    /// The body and its headers, as somebody gets them who reads English.
    pub fn body(&self) -> Option<&Body> {
        let body = self.body.get_or_init(|| {
            let reader = Reader { warn: &|fault| panic!("{fault}"), ..Reader::default() };
            self.reply.body(&reader).map(Cow::into_owned)
        });
        body.as_ref()
    }

    /// Status and title of a page.
    pub fn page(&self) -> (u16, &str) {
        let (_, rest) = self.text().split_once("<title>").unwrap_or_default();
        (self.status(), rest.split_once("</title>").unwrap_or_default().0)
    }

    /// Status and code of a refusal.
    pub fn refused(&self) -> (u16, &str) {
        (self.status(), self.code().unwrap_or_default())
    }
}
