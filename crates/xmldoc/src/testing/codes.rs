//! Short names of errors, for assertions: those that `crates/saml` gives them.

use crate::{DecryptError, GateError, VerifyError};

impl GateError {
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "xml_too_large",
            Self::NotUtf8 => "xml_not_utf8",
            Self::Doctype => "xml_doctype",
            Self::Entity => "xml_entity",
            Self::ProcessingInstruction => "xml_processing_instruction",
            Self::TooDeep { .. } => "xml_too_deep",
            Self::TooManyElements { .. } => "xml_too_many_elements",
            Self::TooManyAttributes { .. } => "xml_too_many_attributes",
            Self::Namespace(_) => "xml_namespace",
            Self::DuplicateId => "xml_duplicate_id",
            Self::Malformed(_) => "xml_malformed",
        }
    }
}

impl VerifyError {
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Missing => "signature_missing",
            Self::Multiple => "signature_multiple",
            Self::Invalid { .. } => "signature_invalid",
            Self::DigestMismatch => "digest_mismatch",
            Self::Structure(_) => "signature_structure",
            Self::SignatureAlgorithm(_) => "signature_algorithm",
            Self::DigestAlgorithm(_) => "digest_algorithm",
            Self::Canonicalization(_) => "canonicalization_algorithm",
            Self::Transform(_) => "transform_algorithm",
            Self::ReferenceCount => "reference_count",
            Self::ReferenceUri(_) => "reference_uri",
            Self::KeyTooSmall(_) => "key_too_small",
            Self::KeyType(_) => "key_type",
            Self::Void => "signature_void",
            Self::SecondVerifier(_) => "second_verifier_disagrees",
        }
    }
}

impl DecryptError {
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Structure(_) => "encryption_structure",
            Self::Algorithm(_) => "encryption_algorithm",
            Self::UnsignedCbc(_) => "encryption_cbc_unsigned",
            Self::NoKey => "decryption_key_missing",
            Self::Failed => "decryption_failed",
            Self::Signature(error) => error.code(),
        }
    }
}
