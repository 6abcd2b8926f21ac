//! Forms of an SP's, as the store has them: sealed.

use clock::{Seconds, UnixTime};
use saml::refusal::Refusal;
use session::{Client, PostToken, PreservedPost};
use sp::{random, sealing_failed};

use super::Sessions;
use crate::store::NotKept;

/// Who has logged in in the last second has so long to press the button that sends the form.
const TO_PRESS_A_BUTTON: Seconds = Seconds(60);

impl Sessions {
    /// Keeps a form as long as a login may take, `lifetime`.
    ///
    /// # Errors
    /// There is no room, or the store does not answer.
    pub async fn keep_post(
        &self,
        token: &PostToken,
        post: &PreservedPost,
        client: Client,
        lifetime: Seconds,
        now: UnixTime,
    ) -> Result<(), NotKept> {
        let sp = &self.rules.sp;
        let sealed = self.store.secrets().and_then(|secrets| {
            post.seal(secrets, sp, token, random::bytes()).map_err(|e| sealing_failed(&e))
        });
        let sealed = sealed.map_err(NotKept::Refused)?;
        let until = now + lifetime + TO_PRESS_A_BUTTON;
        self.store.put_post(&token.store_key(sp), sealed, client, until, now).await
    }

    /// Takes a form out, once for all workers and hosts; `None` = it is not there any more.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn take_post(
        &self,
        token: &PostToken,
        lifetime: Seconds,
        now: UnixTime,
    ) -> Result<Option<PreservedPost>, Refusal> {
        let sp = &self.rules.sp;
        let secrets = self.store.secrets()?;
        let open = |sealed: &[u8]| PreservedPost::open(secrets, sp, token, sealed);
        // It was kept before now.
        let until = now + lifetime + TO_PRESS_A_BUTTON;
        self.store.take_post(&token.store_key(sp), open, until, now).await
    }
}
