//! The IdP's SOAP endpoints.

use std::cell::RefCell;

use http::{Answer, HttpUrl};
use sp::{BackChannel, Post, Posting};

use super::executor::wait;
use super::sent::Sent;

/// Takes what comes to `idp.corp.example`, and answers as it was told.
#[derive(Default)]
pub struct SoapEndpoint {
    /// What it answers; nothing = nobody reaches it.
    pub answering: RefCell<Option<Answering>>,
    /// What came, by its header fields and bodies.
    pub posts: RefCell<Vec<Post>>,
}

/// From a request to the answer: status and body.
pub type Answering = Box<dyn Fn(&Sent) -> (u16, String)>;

impl SoapEndpoint {
    /// From now on it answers so.
    pub fn answer_by(&self, answering: Answering) {
        self.answering.replace(Some(answering));
    }
}

impl BackChannel for SoapEndpoint {
    fn reaches(&self, url: &HttpUrl<'_>) -> bool {
        url.host() == "idp.corp.example"
    }

    fn post(&self, post: Post) -> Posting<'_> {
        Box::pin(async move {
            wait().await;
            let request = Sent::by_soap(&post.body);
            self.posts.borrow_mut().push(post);
            match &*self.answering.borrow() {
                Some(answering) => {
                    let (status, body) = answering(&request);
                    let fields = vec![("content-type".to_owned(), b"text/xml".to_vec())];
                    Ok(Answer { status, fields, body: body.into_bytes() })
                }
                None => Err("connection refused".to_owned()),
            }
        })
    }
}
