//! Requests to the endpoints, as browsers and servers send them.

use http::Head;
use sp::EndpointKind;

/// A form's media type.
const FORM: &str = "application/x-www-form-urlencoded";

/// One request; who sends it adds the cookies.
#[derive(Clone)]
pub struct Ask {
    pub endpoint: EndpointKind,
    pub method: &'static str,
    query: String,
    fields: Vec<(&'static str, String)>,
    pub body: Body,
    /// Another site began it.
    pub is_cross_site: bool,
}

/// What becomes of a request's body.
#[derive(Clone, Default)]
pub enum Body {
    Whole(Vec<u8>),
    /// The server cannot read it back.
    Lost,
    /// The client has left before it was sent; the server has given up.
    #[default]
    Gone,
    /// It is still under way.
    Awaited,
}

impl Ask {
    /// A person goes there, from a page of this site.
    pub fn open(endpoint: EndpointKind, query: &str) -> Self {
        Self::navigation(endpoint, "GET", query, false)
    }

    /// The browser is sent there by another site's redirect or link.
    pub fn follow(endpoint: EndpointKind, query: &str) -> Self {
        Self::navigation(endpoint, "GET", query, true)
    }

    /// A page of another site posts a form.
    pub fn send(endpoint: EndpointKind, form: impl Into<Vec<u8>>) -> Self {
        let ask = Self::navigation(endpoint, "POST", "", true).with("Content-Type", FORM);
        Self { body: Body::Whole(form.into()), ..ask }
    }

    /// A server calls, no browser.
    pub fn call(endpoint: EndpointKind, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let fields = vec![("Content-Type", content_type.to_owned())];
        let (method, query, body) = ("POST", String::new(), Body::Whole(body.into()));
        Self { endpoint, method, query, fields, body, is_cross_site: false }
    }

    /// A program reads what is there.
    pub fn read(endpoint: EndpointKind) -> Self {
        let (query, body) = (String::new(), Body::default());
        let fields = vec![("Accept", "*/*".to_owned())];
        Self { endpoint, method: "GET", query, fields, body, is_cross_site: false }
    }

    fn navigation(
        endpoint: EndpointKind,
        method: &'static str,
        query: &str,
        is_cross_site: bool,
    ) -> Self {
        let (query, body) = (query.to_owned(), Body::default());
        let ask = Self { endpoint, method, query, fields: Vec::new(), body, is_cross_site };
        ask.with("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
            .with("Sec-Fetch-Mode", "navigate")
            .with("Sec-Fetch-Dest", "document")
            .with("Sec-Fetch-User", "?1")
            .with("Sec-Fetch-Site", if is_cross_site { "cross-site" } else { "same-origin" })
    }

    /// With one header field, in the place of the one it has.
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.fields.retain(|(known, _)| *known != name);
        self.fields.push((name, value.to_owned()));
        self
    }

    /// By another method.
    pub fn by(self, method: &'static str) -> Self {
        Self { method, ..self }
    }

    /// Its body comes to something else.
    pub fn whose_body_is(self, body: Body) -> Self {
        Self { body, ..self }
    }

    /// What the server sees of it.
    pub fn head(&self, cookies: Option<String>) -> Head {
        let head = Head::new(self.method, self.query.clone());
        let fields = self.fields.iter().map(|(name, value)| (*name, value.clone()));
        let fields = fields.chain(cookies.map(|cookies| ("Cookie", cookies)));
        fields.fold(head, |head, (name, value)| head.with(name, value))
    }
}
