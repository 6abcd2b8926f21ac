//! The token by which an order shows that it comes from a page of ours: another site can send a browser here with a
//! form, and cannot read the token that the form must have.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clock::{Seconds, UnixTime};

use crate::bound_key::{NONCE_LEN, SealError};
use crate::secret::Secrets;
use crate::sp_id::SpId;

const PURPOSE: &str = "order token";

/// How long a page may lie open before its buttons need another one.
const LIFETIME: Seconds = Seconds(3600);

/// Characters of the longest that is looked at.
const MAX_LEN: usize = 128;

impl Secrets {
    /// A token for the orders that `operator` gives to an SP, good for an hour.
    ///
    /// # Errors
    /// libcrypto failed.
    pub fn order_token(
        &self,
        sp: &SpId,
        operator: &str,
        random_nonce: [u8; NONCE_LEN],
        now: UnixTime,
    ) -> Result<String, SealError> {
        let end = (now + LIFETIME).as_secs().to_be_bytes();
        let sealed = self.seal(PURPOSE, &context(sp, operator), random_nonce, &end)?;
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Is it such a token, of that operator, and not too old?
    pub fn takes_order_token(&self, sp: &SpId, operator: &str, token: &str, now: UnixTime) -> bool {
        let end = || {
            let sealed = URL_SAFE_NO_PAD.decode(token).ok()?;
            let end = self.open(PURPOSE, &context(sp, operator), &sealed)?;
            Some(UnixTime::from_secs(i64::from_be_bytes(end.try_into().ok()?)))
        };
        token.len() <= MAX_LEN && end().is_some_and(|end| now < end)
    }
}

fn context(sp: &SpId, operator: &str) -> Vec<u8> {
    [sp.as_bytes().as_slice(), operator.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::{app, wiki};
    use crate::secret::tests::secret;

    const NOW: UnixTime = UnixTime::from_secs(1_795_260_600);

    #[test]
    fn it_is_good_for_its_operator_its_sp_and_its_hour() {
        let secrets = Secrets::one(secret(1));
        let token = secrets.order_token(&app(), "root", [3; NONCE_LEN], NOW).unwrap();
        let takes = |sp: &SpId, operator: &str, token: &str, after: i64| {
            secrets.takes_order_token(sp, operator, token, NOW + Seconds(after))
        };
        assert!(takes(&app(), "root", &token, 0) && takes(&app(), "root", &token, 3599));
        assert!(!takes(&app(), "root", &token, 3600), "too old");
        assert!(!takes(&app(), "", &token, 0) && !takes(&wiki(), "root", &token, 0));
        assert!(!Secrets::one(secret(2)).takes_order_token(&app(), "root", &token, NOW));
        for end in 0..token.len() {
            assert!(!takes(&app(), "root", &token[..end], 0));
        }
        assert!(!takes(&app(), "root", &"A".repeat(100_000), 0));
    }
}
