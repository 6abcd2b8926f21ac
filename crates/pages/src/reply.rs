//! What is answered to a request.

use clock::Seconds;
use http::Field;
use saml::binding::PAOS_CONTENT_TYPE;
use saml::refusal::Refusal;
use status::Status;

use crate::discovery::{Discovery, discovery};
use crate::metadata_page::{MetadataPage, metadata_page};
use crate::session_page::{self, SessionPage};
use crate::sessions_page::{SessionsDone, SessionsPage, sessions_done, sessions_page};
use crate::status_page::status_page;
use crate::{fragment, policy};

/// An answer: status, headers, and a body of our own or the server's. Nobody may store it, but metadata and keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    status: u16,
    headers: Vec<Field>,
    body: Option<Body>,
    /// What went wrong, for the log; the answer itself says less or more.
    refusal: Option<Refusal>,
    may_be_replaced: bool,
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
        Self { status, headers, body: None, refusal: None, may_be_replaced: false }
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
        let page = Self::html(200, fragment::keep(&url));
        Self { status: page.status, body: page.body, ..self }
    }

    /// Nothing but headers.
    pub fn no_content() -> Self {
        Self::new(204)
    }

    /// An HTML page.
    pub fn html(status: u16, html: String) -> Self {
        Self::page(status, html, policy::content_security_policy())
    }

    /// An HTML page that other sites may show in a frame: an IdP's logout page does.
    pub fn frameable_html(status: u16, html: String) -> Self {
        Self::page(status, html, policy::frameable_content_security_policy())
    }

    /// The page on which people choose where they sign in.
    pub fn discovery(page: &Discovery<'_>) -> Self {
        Self::page(200, discovery(page), policy::discovery_content_security_policy())
    }

    /// The metadata for people.
    pub fn metadata_page(page: &MetadataPage<'_>) -> Self {
        Self::page(200, metadata_page(page), policy::metadata_content_security_policy())
    }

    /// The status for people.
    pub fn status_page(status: &Status) -> Self {
        Self::page(200, status_page(status), policy::status_content_security_policy())
    }

    /// The sessions for who runs the server.
    pub fn sessions_page(page: &SessionsPage<'_>) -> Self {
        Self::page(200, sessions_page(page), policy::sessions_content_security_policy())
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
        let policy = policy::session_content_security_policy();
        Self::page(200, session_page::signed_in(session), policy)
    }

    /// The same where nobody is known; `login_url` = where they sign in.
    pub fn no_session_page(login_url: Option<&str>) -> Self {
        let policy = policy::session_content_security_policy();
        Self::page(200, session_page::signed_out(login_url), policy)
    }

    /// The end of a login in a window or frame of the application: it alone may show it in a frame.
    pub fn told(is_signed_in: bool) -> Self {
        Self::page(200, session_page::told(is_signed_in), policy::told_content_security_policy())
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
        let body = Self::of_type(200, "application/samlmetadata+xml", xml, vec![inline]).body;
        Self { body, ..Self::cached(200, "no-cache") }.with_header("ETag", etag)
    }

    /// A JWK Set (RFC 7517 8.5.2), which anybody may keep for `max_age` (RFC 9111 5.2.2).
    pub fn jwk_set(json: String, etag: String, max_age: Seconds) -> Self {
        let body = Self::of_type(200, "application/jwk-set+json", json, Vec::new()).body;
        let cached = Self::cached(200, &format!("public, max-age={max_age}"));
        Self { body, ..cached }.with_header("ETag", etag)
    }

    fn page(status: u16, html: String, policy: String) -> Self {
        let policy = ("Content-Security-Policy", policy);
        Self::of_type(status, "text/html", html, vec![policy])
    }

    fn of_type(
        status: u16,
        content_type: &'static str,
        text: String,
        mut headers: Vec<Field>,
    ) -> Self {
        headers.push(("X-Content-Type-Options", "nosniff".to_owned()));
        Self { body: Some(Body { content_type, headers, text }), ..Self::new(status) }
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

    /// `None` = the server has one of its own for the status.
    pub fn body(&self) -> Option<&Body> {
        self.body.as_ref()
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

#[cfg(test)]
mod tests {
    use saml::reason;

    use super::*;

    fn headers(reply: &Reply) -> Vec<(&str, &str)> {
        reply.headers().iter().map(|(name, value)| (*name, value.as_str())).collect()
    }

    /// Type, headers and text of the body.
    fn body(reply: &Reply) -> (&str, Vec<(&str, &str)>, &str) {
        let body = reply.body().unwrap();
        let headers = body.headers.iter().map(|(name, value)| (*name, value.as_str()));
        (body.content_type, headers.collect(), &body.text)
    }

    const NO_STORE: (&str, &str) = ("Cache-Control", "no-store");
    const NOSNIFF: (&str, &str) = ("X-Content-Type-Options", "nosniff");

    #[test]
    fn a_redirect_has_no_body() {
        let reply = Reply::redirect(303, "https://a.example/".into()).with_cookie("a=b".into());
        assert_eq!((reply.status(), reply.body()), (303, None));
        assert_eq!(
            headers(&reply),
            [NO_STORE, ("Location", "https://a.example/"), ("Set-Cookie", "a=b")]
        );
        assert_eq!((Reply::no_content().status(), Reply::no_content().body()), (204, None));
    }

    #[test]
    fn a_redirect_that_keeps_the_fragment_is_a_page_with_the_same_cookies() {
        let redirect =
            Reply::redirect(302, "https://a.example/?b&c".into()).with_cookie("d=e".into());
        let reply = redirect.keeping_fragment();
        assert_eq!(reply.status(), 200);
        assert_eq!(headers(&reply), [("Cache-Control", "no-store"), ("Set-Cookie", "d=e")]);
        assert!(body(&reply).2.contains("<a href=\"https://a.example/?b&amp;c\">"));
        let page = Reply::html(401, "x".into());
        assert_eq!(page.clone().keeping_fragment(), page);
    }

    #[test]
    fn a_page_goes_with_its_policy() {
        let (page, framed) = (Reply::html(200, "x".into()), Reply::frameable_html(401, "y".into()));
        assert_eq!((page.status(), framed.status()), (200, 401));
        let (policy, frameable) =
            (policy::content_security_policy(), policy::frameable_content_security_policy());
        let csp = "Content-Security-Policy";
        assert_eq!(body(&page), ("text/html", vec![(csp, policy.as_str()), NOSNIFF], "x"));
        assert_eq!(body(&framed), ("text/html", vec![(csp, frameable.as_str()), NOSNIFF], "y"));
        assert_eq!(headers(&page), [NO_STORE]);
    }

    #[test]
    fn other_bodies_say_what_they_are() {
        let (soap, json) = (Reply::soap(500, "<x/>".into()), Reply::json(403, "{}".into()));
        assert_eq!(body(&soap), ("text/xml", vec![NOSNIFF], "<x/>"));
        assert_eq!(body(&json), ("application/json", vec![NOSNIFF], "{}"));
        let paos = Reply::paos("<x/>".into());
        assert_eq!(body(&paos), ("application/vnd.paos+xml", vec![NOSNIFF], "<x/>"));
        assert_eq!((paos.status(), headers(&paos)), (200, vec![NO_STORE]));
        let inline = ("Content-Disposition", "inline; filename=\"metadata.xml\"");
        let metadata = Reply::metadata("<x/>".into(), "\"1\"".into());
        assert_eq!(
            body(&metadata),
            ("application/samlmetadata+xml", vec![inline, NOSNIFF], "<x/>")
        );
        assert_eq!(headers(&metadata), [("Cache-Control", "no-cache"), ("ETag", "\"1\"")]);
        let keys = Reply::jwk_set("{}".into(), "\"2\"".into(), Seconds(300));
        assert_eq!(body(&keys), ("application/jwk-set+json", vec![NOSNIFF], "{}"));
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
