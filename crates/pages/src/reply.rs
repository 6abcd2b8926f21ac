//! What is answered to a request.

use std::borrow::Cow;

use clock::Seconds;
use diagnosis::{Entry, Story};
use http::Field;
use saml::binding::PAOS_CONTENT_TYPE;
use saml::refusal::Refusal;
use status::Status;

use crate::diagnosis_page::{DiagnosisPage, diagnosis_page, story_page};
use crate::discovery::{Discovery, discovery};
use crate::metadata_page::{MetadataPage, metadata_page};
use crate::page::Page;
use crate::reader::Reader;
use crate::session_page::{self, SessionPage};
use crate::sessions_page::{SessionsDone, SessionsPage, sessions_done, sessions_page};
use crate::sign_in;
use crate::status_page::status_page;

/// An answer: status, headers, and a body of our own or the server's. Nobody may store it, but metadata and keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    status: u16,
    headers: Vec<Field>,
    content: Content,
    /// What went wrong, for the log; the answer itself says less or more.
    refusal: Option<Refusal>,
    may_be_replaced: bool,
}

/// What stands in an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Content {
    /// Nothing, or the server's own for the status.
    None,
    /// For programs.
    Body(Body),
    /// For a person, who is known when it is sent.
    Page {
        page: Page,
        /// May other sites show it in a frame?
        is_frameable: bool,
    },
}

/// The body of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// A media type. HTML is in UTF-8.
    pub content_type: &'static str,
    /// Headers that speak of this body and would hurt another.
    pub headers: Vec<Field>,
    /// All of it.
    pub text: String,
}

impl Reply {
    fn new(status: u16) -> Self {
        Self::cached(status, "no-store")
    }

    fn cached(status: u16, cache_control: &str) -> Self {
        let headers = vec![("Cache-Control", cache_control.to_owned())];
        Self { status, headers, content: Content::None, refusal: None, may_be_replaced: false }
    }

    /// A redirect to an absolute URL: 302, or 303 after a POST.
    pub fn redirect(status: u16, url: String) -> Self {
        Self::new(status).with_header("Location", url)
    }

    /// A redirect becomes a page that leads there, and has the tab remember the part behind the `#` of its
    /// address meanwhile.
    #[must_use]
    pub fn keeping_fragment(mut self) -> Self {
        let place = self.headers.iter().position(|(name, _)| *name == "Location");
        let Some((_, url)) = place.map(|place| self.headers.remove(place)) else { return self };
        let page = Self::html(200, sign_in::leave(&url));
        Self { status: page.status, content: page.content, ..self }
    }

    /// Nothing but headers.
    pub fn no_content() -> Self {
        Self::new(204)
    }

    /// A page.
    pub fn html(status: u16, page: Page) -> Self {
        Self { content: Content::Page { page, is_frameable: false }, ..Self::new(status) }
    }

    /// A page that other sites may show in a frame: an IdP's logout page does.
    pub fn frameable_html(status: u16, page: Page) -> Self {
        Self { content: Content::Page { page, is_frameable: true }, ..Self::new(status) }
    }

    /// The page on which people choose where they sign in.
    pub fn discovery(page: &Discovery<'_>) -> Self {
        Self::html(200, discovery(page))
    }

    /// The metadata for people.
    pub fn metadata_page(page: &MetadataPage<'_>) -> Self {
        Self::html(200, metadata_page(page))
    }

    /// The status for people.
    pub fn status_page(status: &Status) -> Self {
        Self::html(200, status_page(status))
    }

    /// The stories of logins for who runs the server.
    pub fn diagnosis_page(page: &DiagnosisPage<'_>) -> Self {
        Self::html(200, diagnosis_page(page))
    }

    /// One of them.
    pub fn story_page(story: &Story, entries: &[Entry]) -> Self {
        Self::html(200, story_page(story, entries))
    }

    /// The sessions for who runs the server.
    pub fn sessions_page(page: &SessionsPage<'_>) -> Self {
        Self::html(200, sessions_page(page))
    }

    /// What they have done to them.
    pub fn sessions_done(done: &SessionsDone<'_>) -> Self {
        Self::html(200, sessions_done(done))
    }

    /// Metrics for Prometheus.
    pub fn open_metrics(text: String) -> Self {
        let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        Self::of_type(200, content_type, text, Vec::new())
    }

    /// What is known of a person, for themselves.
    pub fn session_page(session: &SessionPage<'_>) -> Self {
        Self::html(200, session_page::signed_in(session))
    }

    /// The same where nobody is known; `login_url` = where they sign in.
    pub fn no_session_page(login_url: Option<&str>) -> Self {
        Self::html(200, session_page::signed_out(login_url))
    }

    /// The end of a login in a window or frame of the application: it alone may show it in a frame.
    pub fn told(is_signed_in: bool) -> Self {
        Self::html(200, session_page::told(is_signed_in))
    }

    /// A SOAP envelope.
    pub fn soap(status: u16, envelope: String) -> Self {
        Self::of_type(status, "text/xml", envelope, Vec::new())
    }

    /// A SOAP envelope with a request to the client (Bindings 3.3).
    pub fn paos(envelope: String) -> Self {
        Self::of_type(200, PAOS_CONTENT_TYPE, envelope, Vec::new())
    }

    /// A JSON object.
    pub fn json(status: u16, json: String) -> Self {
        Self::of_type(status, "application/json", json, Vec::new())
    }

    /// A metadata document, of the version that `etag` says; who has it asks whether it is still the same.
    pub fn metadata(xml: String, etag: String) -> Self {
        let inline = ("Content-Disposition", "inline; filename=\"metadata.xml\"".to_owned());
        let content = Self::of_type(200, "application/samlmetadata+xml", xml, vec![inline]).content;
        Self { content, ..Self::cached(200, "no-cache") }.with_header("ETag", etag)
    }

    /// A JWK Set (RFC 7517 8.5.2), which anybody may keep for `max_age` (RFC 9111 5.2.2).
    pub fn jwk_set(json: String, etag: String, max_age: Seconds) -> Self {
        let content = Self::of_type(200, "application/jwk-set+json", json, Vec::new()).content;
        let cached = Self::cached(200, &format!("public, max-age={max_age}"));
        Self { content, ..cached }.with_header("ETag", etag)
    }

    fn of_type(status: u16, content_type: &'static str, text: String, headers: Vec<Field>) -> Self {
        let body = Body::new(content_type, text, headers);
        Self { content: Content::Body(body), ..Self::new(status) }
    }

    /// With one header more.
    #[must_use]
    pub fn with_header(self, name: &'static str, value: String) -> Self {
        self.with_headers(vec![(name, value)])
    }

    /// With more headers.
    #[must_use]
    pub fn with_headers(mut self, headers: Vec<Field>) -> Self {
        self.headers.extend(headers);
        self
    }

    /// With a `Set-Cookie` beside those it has.
    #[must_use]
    pub fn with_cookie(self, cookie: String) -> Self {
        self.with_header("Set-Cookie", cookie)
    }

    /// With those there are.
    #[must_use]
    pub fn with_cookies(self, cookies: impl IntoIterator<Item = String>) -> Self {
        cookies.into_iter().fold(self, Self::with_cookie)
    }

    /// Has `refusal` logged along with the answer.
    #[must_use]
    pub fn because(mut self, refusal: Refusal) -> Self {
        self.refusal = Some(refusal);
        self
    }

    /// An `error_page` of the administrator goes before our body.
    #[must_use]
    pub fn replaceable(mut self) -> Self {
        self.may_be_replaced = true;
        self
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The headers that go with any body, in their order.
    pub fn headers(&self) -> &[Field] {
        &self.headers
    }

    /// As `reader` gets it. `None` = the server has one of its own for the status.
    pub fn body(&self, reader: &Reader<'_>) -> Option<Cow<'_, Body>> {
        match &self.content {
            Content::None => None,
            Content::Body(body) => Some(Cow::Borrowed(body)),
            Content::Page { page, is_frameable } => {
                let (html, inline) = reader.write(page);
                let policy = inline.policy(page.template, *is_frameable);
                let policy = ("Content-Security-Policy", policy);
                Some(Cow::Owned(Body::new("text/html", html, vec![policy])))
            }
        }
    }

    /// What went wrong, if anything did.
    pub fn refusal(&self) -> Option<&Refusal> {
        self.refusal.as_ref()
    }

    /// Does an `error_page` for the status go before the body?
    pub fn may_be_replaced(&self) -> bool {
        self.may_be_replaced
    }
}

impl Body {
    fn new(content_type: &'static str, text: String, mut headers: Vec<Field>) -> Self {
        headers.push(("X-Content-Type-Options", "nosniff".to_owned()));
        Self { content_type, headers, text }
    }
}

#[cfg(test)]
mod tests {
    use saml::reason;

    use super::*;
    use crate::Look;
    use crate::reader::tests::NOW;

    fn headers(reply: &Reply) -> Vec<(&str, &str)> {
        reply.headers().iter().map(|(name, value)| (*name, value.as_str())).collect()
    }

    /// Type, headers and text of the body, in English; `None` = the server's.
    fn body(reply: &Reply) -> Option<(&'static str, Vec<Field>, String)> {
        let (look, warn) = (Look::default(), |fault: &str| panic!("{fault}"));
        let reader = Reader { look: &look, languages: Vec::new(), now: NOW, warn: &warn };
        let body = reply.body(&reader)?.into_owned();
        Some((body.content_type, body.headers, body.text))
    }

    fn field(name: &'static str, value: &str) -> Field {
        (name, value.to_owned())
    }

    fn nosniff() -> Field {
        field("X-Content-Type-Options", "nosniff")
    }

    const NO_STORE: (&str, &str) = ("Cache-Control", "no-store");

    #[test]
    fn a_redirect_has_no_body() {
        let reply = Reply::redirect(303, "https://a.example/".into()).with_cookie("a=b".into());
        assert_eq!((reply.status(), body(&reply)), (303, None));
        assert_eq!(
            headers(&reply),
            [NO_STORE, ("Location", "https://a.example/"), ("Set-Cookie", "a=b")]
        );
        assert_eq!((Reply::no_content().status(), body(&Reply::no_content())), (204, None));
    }

    #[test]
    fn a_redirect_that_keeps_the_fragment_is_a_page_with_the_same_cookies() {
        let redirect =
            Reply::redirect(302, "https://a.example/?b&c".into()).with_cookie("d=e".into());
        let reply = redirect.keeping_fragment();
        assert_eq!(reply.status(), 200);
        assert_eq!(headers(&reply), [("Cache-Control", "no-store"), ("Set-Cookie", "d=e")]);
        assert!(body(&reply).unwrap().2.contains("href=\"https://a.example/?b&amp;c\""));
        let page = Reply::html(401, sign_in::go_on("/"));
        assert_eq!(page.clone().keeping_fragment(), page);
    }

    #[test]
    fn a_page_goes_with_its_policy() {
        let page = Reply::html(200, sign_in::go_on("/"));
        let framed = Reply::frameable_html(401, sign_in::go_on("/"));
        assert_eq!((page.status(), framed.status()), (200, 401));
        assert_eq!(headers(&page), [NO_STORE]);
        let (content_type, fields, text) = body(&page).unwrap();
        let [(name, policy), sniffing] = fields.as_slice() else { panic!("{fields:?}") };
        assert_eq!((content_type, *name), ("text/html", "Content-Security-Policy"));
        assert_eq!(*sniffing, nosniff());
        let (_, framed_fields, framed_text) = body(&framed).unwrap();
        assert_eq!(text, framed_text);
        assert_eq!(*policy, format!("{}; frame-ancestors 'none'", framed_fields[0].1));
    }

    #[test]
    fn other_bodies_say_what_they_are() {
        let (soap, json) = (Reply::soap(500, "<x/>".into()), Reply::json(403, "{}".into()));
        let of = |content_type, text: &str| Some((content_type, vec![nosniff()], text.to_owned()));
        assert_eq!(body(&soap), of("text/xml", "<x/>"));
        assert_eq!(body(&json), of("application/json", "{}"));
        let paos = Reply::paos("<x/>".into());
        assert_eq!(body(&paos), of("application/vnd.paos+xml", "<x/>"));
        assert_eq!((paos.status(), headers(&paos)), (200, vec![NO_STORE]));
        let inline = field("Content-Disposition", "inline; filename=\"metadata.xml\"");
        let metadata = Reply::metadata("<x/>".into(), "\"1\"".into());
        let expected = ("application/samlmetadata+xml", vec![inline, nosniff()], "<x/>".to_owned());
        assert_eq!(body(&metadata), Some(expected));
        assert_eq!(headers(&metadata), [("Cache-Control", "no-cache"), ("ETag", "\"1\"")]);
        let keys = Reply::jwk_set("{}".into(), "\"2\"".into(), Seconds(300));
        assert_eq!(body(&keys), of("application/jwk-set+json", "{}"));
        let kept = ("Cache-Control", "public, max-age=300");
        assert_eq!(headers(&keys), [kept, ("ETag", "\"2\"")]);
    }

    #[test]
    fn a_refusal_is_for_the_log_alone() {
        let refusal = Refusal::new(&reason::LOGOUT_FAILED, "x");
        let reply = Reply::no_content().because(refusal.clone());
        assert_eq!(reply.refusal(), Some(&refusal));
        assert_eq!((reply.status(), reply.may_be_replaced()), (204, false));
        assert!(reply.replaceable().may_be_replaced());
        assert_eq!(Reply::no_content().refusal(), None);
    }
}
