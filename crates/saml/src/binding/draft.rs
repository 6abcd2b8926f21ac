//! A message that is ready but for its signature.

use crate::binding::send_error::SendError;
use crate::binding::signing::Signing;

/// A message that is ready but for its signature, which costs most of it: it can be signed in another
/// thread. It owns all that it is made of.
pub struct Draft<T> {
    finish: Box<dyn FnOnce() -> Result<T, SendError> + Send>,
    is_slow: bool,
}

impl<T> Draft<T> {
    /// What `finish` makes, by the key of `signing`.
    pub(crate) fn new(
        signing: Option<Signing>,
        finish: impl FnOnce(Option<&Signing>) -> Result<T, SendError> + Send + 'static,
    ) -> Self {
        let is_slow = signing.as_ref().is_some_and(|signing| signing.signer.key.is_slow());
        Self { finish: Box::new(move || finish(signing.as_ref())), is_slow }
    }

    /// Is it worth a thread?
    pub fn is_slow(&self) -> bool {
        self.is_slow
    }

    /// Signs and encodes.
    ///
    /// # Errors
    /// Signing failed.
    pub fn sign(self) -> Result<T, SendError> {
        (self.finish)()
    }
}

impl<T: 'static> Draft<T> {
    /// The same, of which `with` makes something else.
    pub fn map<U>(self, with: impl FnOnce(T) -> U + Send + 'static) -> Draft<U> {
        let Self { finish, is_slow } = self;
        Draft { finish: Box::new(move || finish().map(with)), is_slow }
    }
}
