//! Servers that this one speaks to by itself.

use std::pin::Pin;
use std::rc::Rc;

use http::{Answer, HttpUrl};

/// Posts to other servers, all of which are believed for the same reasons.
pub trait BackChannel {
    /// Is the way to the server of this URL known?
    fn reaches(&self, url: &HttpUrl<'_>) -> bool;

    /// Posts, and reads the whole answer, whatever its status; the error is a sentence. Each post has a
    /// deadline.
    fn post(&self, post: Post) -> Posting<'_>;
}

/// An answer under way.
pub type Posting<'a> = Pin<Box<dyn Future<Output = Result<Answer, String>> + 'a>>;

/// What is posted.
pub struct Post {
    /// Where to; absolute.
    pub url: String,
    /// Header fields besides those of HTTP itself.
    pub headers: &'static [(&'static str, &'static str)],
    /// Authorization, where the server wants one.
    pub authorization: Option<String>,
    /// The body; its media type is among the `headers`.
    pub body: String,
    /// Largest body of the answer, bytes.
    pub max_answer: usize,
}

/// The ways to an IdP's own servers, as the configuration has prepared them: also to places that its
/// metadata names only later.
#[derive(Clone, Default)]
pub struct BackChannels {
    /// For LogoutRequests by SOAP; `None` = it was not foreseen that any go so.
    pub logout: Option<Rc<dyn BackChannel>>,
    /// For artifacts; `None` = none is taken.
    pub artifacts: Option<Rc<dyn BackChannel>>,
}

/// Does the channel lead to `url`?
pub(crate) fn reaches(channel: Option<&Rc<dyn BackChannel>>, url: &str) -> bool {
    let url = HttpUrl::parse(url);
    channel.zip(url).is_some_and(|(channel, url)| channel.reaches(&url))
}
