//! What the XML fence refuses, as reasons: the one place where its errors get their codes.

use xmldoc::{DecryptError, GateError, SoapError, VerifyError, XmlError};

use crate::reason::{self, Reason};
use crate::refusal::{Refusal, quote};

impl From<XmlError> for Refusal {
    fn from(error: XmlError) -> Self {
        let reason = match &error {
            XmlError::Gate(gate) => gate_reason(gate),
            XmlError::Malformed(_) => &reason::XML_MALFORMED,
        };
        Self::new(reason, quote(&error.to_string()))
    }
}

impl From<SoapError> for Refusal {
    fn from(error: SoapError) -> Self {
        match error {
            SoapError::Xml(error) => error.into(),
            SoapError::Structure(what) => Self::new(&reason::SOAP_INVALID, what),
            SoapError::Fault(text) => {
                Self::new(&reason::SOAP_FAULT, format!("the fault says {}", quote(&text)))
            }
        }
    }
}

fn gate_reason(error: &GateError) -> &'static Reason {
    match error {
        GateError::TooLarge { .. } => &reason::XML_TOO_LARGE,
        GateError::NotUtf8 => &reason::XML_NOT_UTF8,
        GateError::Doctype => &reason::XML_DOCTYPE,
        GateError::Entity => &reason::XML_ENTITY,
        GateError::ProcessingInstruction => &reason::XML_PROCESSING_INSTRUCTION,
        GateError::TooDeep { .. } => &reason::XML_TOO_DEEP,
        GateError::TooManyElements { .. } => &reason::XML_TOO_MANY_ELEMENTS,
        GateError::TooManyAttributes { .. } => &reason::XML_TOO_MANY_ATTRIBUTES,
        GateError::Namespace(_) => &reason::XML_NAMESPACE,
        GateError::DuplicateId => &reason::XML_DUPLICATE_ID,
        GateError::Malformed(_) => &reason::XML_MALFORMED,
    }
}

/// Why a signature does not verify.
pub(crate) fn signature_reason(error: &VerifyError) -> &'static Reason {
    match error {
        VerifyError::Missing => &reason::SIGNATURE_MISSING,
        VerifyError::Multiple => &reason::SIGNATURE_MULTIPLE,
        VerifyError::Invalid { .. } => &reason::SIGNATURE_INVALID,
        VerifyError::DigestMismatch => &reason::DIGEST_MISMATCH,
        VerifyError::Structure(_) => &reason::SIGNATURE_STRUCTURE,
        VerifyError::SignatureAlgorithm(_) => &reason::SIGNATURE_ALGORITHM,
        VerifyError::DigestAlgorithm(_) => &reason::DIGEST_ALGORITHM,
        VerifyError::Canonicalization(_) => &reason::CANONICALIZATION_ALGORITHM,
        VerifyError::Transform(_) => &reason::TRANSFORM_ALGORITHM,
        VerifyError::ReferenceCount => &reason::REFERENCE_COUNT,
        VerifyError::ReferenceUri(_) => &reason::REFERENCE_URI,
        VerifyError::KeyTooSmall(_) => &reason::KEY_TOO_SMALL,
        VerifyError::KeyType(_) => &reason::KEY_TYPE,
        VerifyError::Void => &reason::SIGNATURE_VOID,
        VerifyError::SecondVerifier(_) => &reason::SECOND_VERIFIER_DISAGREES,
    }
}

/// Why a ciphertext was not decrypted.
pub(crate) fn decryption_reason(error: &DecryptError) -> &'static Reason {
    match error {
        DecryptError::Structure(_) => &reason::ENCRYPTION_STRUCTURE,
        DecryptError::Algorithm(_) => &reason::ENCRYPTION_ALGORITHM,
        DecryptError::UnsignedCbc(_) => &reason::ENCRYPTION_CBC_UNSIGNED,
        DecryptError::NoKey => &reason::DECRYPTION_KEY_MISSING,
        DecryptError::Failed => &reason::DECRYPTION_FAILED,
        DecryptError::Signature(error) => signature_reason(error),
    }
}

#[cfg(test)]
mod tests {
    use xmldoc::SignatureAlgorithm;

    use super::*;

    #[test]
    fn the_codes_of_the_gate_are_public_ones() {
        for (error, code) in [
            (GateError::TooLarge { bytes: 2, limit: 1 }, "xml_too_large"),
            (GateError::NotUtf8, "xml_not_utf8"),
            (GateError::Doctype, "xml_doctype"),
            (GateError::Entity, "xml_entity"),
            (GateError::ProcessingInstruction, "xml_processing_instruction"),
            (GateError::TooDeep { limit: 1 }, "xml_too_deep"),
            (GateError::TooManyElements { limit: 1 }, "xml_too_many_elements"),
            (GateError::TooManyAttributes { limit: 1 }, "xml_too_many_attributes"),
            (GateError::Namespace("is relative"), "xml_namespace"),
            (GateError::DuplicateId, "xml_duplicate_id"),
            (GateError::Malformed("no end tag"), "xml_malformed"),
        ] {
            assert_eq!(gate_reason(&error).code(), code);
        }
    }

    #[test]
    fn what_is_told_of_broken_xml_is_quoted() {
        let refusal = Refusal::from(XmlError::Malformed("line 1\n\"x\"".to_owned()));
        assert_eq!(refusal.code(), "xml_malformed");
        assert!(refusal.detail().contains(r#"line 1\n\"x\""#), "{refusal}");
    }

    #[test]
    fn the_codes_of_signatures_are_public_ones() {
        let text = String::new;
        for (error, code) in [
            (VerifyError::Missing, "signature_missing"),
            (VerifyError::Multiple, "signature_multiple"),
            (VerifyError::Invalid { tried: 1 }, "signature_invalid"),
            (VerifyError::Structure("x"), "signature_structure"),
            (VerifyError::SignatureAlgorithm(text()), "signature_algorithm"),
            (VerifyError::DigestAlgorithm(text()), "digest_algorithm"),
            (VerifyError::Canonicalization(text()), "canonicalization_algorithm"),
            (VerifyError::Transform(text()), "transform_algorithm"),
            (VerifyError::ReferenceCount, "reference_count"),
            (VerifyError::ReferenceUri(text()), "reference_uri"),
            (VerifyError::KeyTooSmall(text()), "key_too_small"),
            (VerifyError::KeyType(SignatureAlgorithm::RsaSha256), "key_type"),
            (VerifyError::Void, "signature_void"),
            (VerifyError::SecondVerifier(text()), "second_verifier_disagrees"),
        ] {
            assert_eq!(signature_reason(&error).code(), code);
        }
    }

    #[test]
    fn the_codes_of_encryption_are_public_ones() {
        for (error, code) in [
            (DecryptError::Structure("x"), "encryption_structure"),
            (DecryptError::Algorithm(String::new()), "encryption_algorithm"),
            (DecryptError::UnsignedCbc(String::new()), "encryption_cbc_unsigned"),
            (DecryptError::NoKey, "decryption_key_missing"),
            (DecryptError::Failed, "decryption_failed"),
            (DecryptError::Signature(VerifyError::Missing), "signature_missing"),
        ] {
            assert_eq!(decryption_reason(&error).code(), code);
        }
    }
}
