//! A server that this one speaks to by itself.

use std::pin::Pin;

use http::Answer;

/// Posts to one URL of another server. Each has a deadline.
pub trait BackChannel {
    /// Posts, and reads the whole answer, whatever its status; the error is a sentence.
    fn post(&self, post: Post) -> Posting<'_>;
}

/// An answer under way.
pub type Posting<'a> = Pin<Box<dyn Future<Output = Result<Answer, String>> + 'a>>;

/// What is posted.
pub struct Post {
    /// Header fields besides those of HTTP itself.
    pub headers: &'static [(&'static str, &'static str)],
    /// The body; its media type is among the `headers`.
    pub body: String,
    /// Largest body of the answer, bytes.
    pub max_answer: usize,
}
