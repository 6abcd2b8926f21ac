//! A signature beside the message that it covers: in the query (HTTP-Redirect, Bindings 3.4.4.1) or in
//! the form (HTTP-POST-SimpleSign 2.4).

use crate::binding::base64_value;
use crate::refusal::Refusal;

/// The parameter or field that names the algorithm.
pub(super) const SIG_ALG: &str = "SigAlg";
/// The parameter or field that holds the signature.
pub(super) const SIGNATURE: &str = "Signature";
/// RSA of 16 384 bits.
const SIGNATURE_MAX: usize = 2048;

/// `SigAlg` and `Signature` of a query or a form.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DetachedSignature {
    /// What it signs, in a word for the log: `query` or `form`.
    pub of: &'static str,
    /// The algorithm's URI.
    pub algorithm: String,
    pub value: Vec<u8>,
}

impl DetachedSignature {
    /// Of the two values, decoded from the query or form but for base64; half a signature is `invalid`.
    pub(super) fn read(
        of: &'static str,
        sig_alg: Option<&str>,
        signature: Option<&str>,
        invalid: fn(String) -> Refusal,
    ) -> Result<Option<Self>, Refusal> {
        match (sig_alg, signature) {
            (None, None) => Ok(None),
            (Some(algorithm), Some(signature)) => {
                let value = base64_value::decode(SIGNATURE, signature.into(), SIGNATURE_MAX)?;
                Ok(Some(Self { of, algorithm: algorithm.to_owned(), value }))
            }
            (Some(_), None) => Err(invalid(format!("{SIG_ALG} without {SIGNATURE}"))),
            (None, Some(_)) => Err(invalid(format!("{SIGNATURE} without {SIG_ALG}"))),
        }
    }
}
