//! A login that has begun: the answer to its client, which may lack the signature of the AuthnRequest.

use pages::{Circumstances, Reply};
use saml::authn_request::{Draft, Outgoing, SendError};
use saml::refusal::Refusal;

use crate::visit::Server;

/// What the client of a login that has begun gets.
pub enum Begun {
    /// This.
    Answered(Box<Reply>),
    /// What becomes of the AuthnRequest.
    Unsigned(Unsigned),
}

/// The way to the IdP, but for a signature.
pub struct Unsigned {
    draft: Draft<Sent>,
    then: Then,
}

type Then = Box<dyn FnOnce(Result<Sent, SendError>, &Circumstances) -> Result<Reply, Refusal>>;

/// An AuthnRequest on its way.
pub(crate) enum Sent {
    ToBrowser(Outgoing),
    /// A program that does PAOS gets this envelope.
    ToProgram(String),
}

impl From<Reply> for Begun {
    fn from(reply: Reply) -> Self {
        Self::Answered(Box::new(reply))
    }
}

impl Begun {
    /// `then` makes the answer of the message.
    pub(crate) fn unsigned(
        draft: Draft<Sent>,
        then: impl FnOnce(Result<Sent, SendError>, &Circumstances) -> Result<Reply, Refusal> + 'static,
    ) -> Self {
        Self::Unsigned(Unsigned { draft, then: Box::new(then) })
    }

    /// The same, of whose outcome `with` makes another.
    pub(crate) fn map(self, with: impl FnOnce(Result<Reply, Refusal>) -> Reply + 'static) -> Self {
        match self {
            Self::Answered(reply) => with(Ok(*reply)).into(),
            Self::Unsigned(Unsigned { draft, then }) => {
                Self::unsigned(draft, move |sent, circumstances| {
                    Ok(with(then(sent, circumstances)))
                })
            }
        }
    }

    /// The answer, once the message is signed.
    ///
    /// # Errors
    /// Signing failed.
    pub async fn reply(
        self,
        server: &dyn Server,
        circumstances: &Circumstances,
    ) -> Result<Reply, Refusal> {
        match self {
            Self::Answered(reply) => Ok(*reply),
            Self::Unsigned(unsigned) => unsigned.reply(server, circumstances).await,
        }
    }
}

impl Unsigned {
    /// As [`Begun::reply`].
    ///
    /// # Errors
    /// Signing failed.
    pub async fn reply(
        self,
        server: &dyn Server,
        circumstances: &Circumstances,
    ) -> Result<Reply, Refusal> {
        let Self { draft, then } = self;
        let sent = server.compute(draft.is_slow(), move || draft.sign()).await?;
        then(sent, circumstances)
    }
}
