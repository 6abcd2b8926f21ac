//! Identifiers in a LogoutRequest: in the clear, or for the IdP's eyes only (Core 2.2.3, 2.2.4).

use identity::NameId;
use xmldoc::{Agreement, EncryptedKey, EncryptionKey, KeyMethod, PublicKey};

use crate::base64_binary;
use crate::binding::SendError;
use crate::namespace::{ASSERTION, XMLDSIG, XMLDSIG11, XMLENC, XMLENC11};
use crate::xml_writer::Tag;

const TYPE_ELEMENT: &str = "http://www.w3.org/2001/04/xmlenc#Element";

/// The NameID whole as the IdP gave it: some IdPs refuse it otherwise.
pub(super) fn name_id(name_id: &NameId) -> Tag {
    Tag::new("saml:NameID")
        .attribute_if("NameQualifier", name_id.name_qualifier.as_deref())
        .attribute_if("SPNameQualifier", name_id.sp_name_qualifier.as_deref())
        .attribute_if("Format", name_id.format.as_deref())
        .attribute_if("SPProvidedID", name_id.sp_provided_id.as_deref())
        .text(&name_id.value)
}

/// An EncryptedID that holds the NameID, for the IdP `recipient`.
pub(super) fn encrypted_id(
    plain: &NameId,
    key: &EncryptionKey,
    recipient: &str,
) -> Result<Tag, SendError> {
    // A document of its own: it declares what it uses.
    let plaintext = name_id(plain).attribute("xmlns:saml", ASSERTION).into_xml();
    let sealed = key.encrypt(plaintext.as_bytes()).map_err(|e| SendError(e.to_string()))?;
    let key_info = Tag::new("ds:KeyInfo")
        .attribute("xmlns:ds", XMLDSIG)
        .child(encrypted_key(&sealed.key, recipient));
    let data = Tag::new("xenc:EncryptedData")
        .attribute("xmlns:xenc", XMLENC)
        .attribute("Type", TYPE_ELEMENT)
        .child(encryption_method(sealed.cipher))
        .child(key_info)
        .child(cipher_data(&sealed.ciphertext));
    Ok(Tag::new("saml:EncryptedID").child(data))
}

fn encrypted_key(key: &EncryptedKey, recipient: &str) -> Tag {
    let (tag, method) = (Tag::new("xenc:EncryptedKey"), encryption_method(key.algorithm));
    let tag = match &key.method {
        // SHA-1, too, is said: some IdPs want to read it.
        KeyMethod::Oaep { digest, mgf } => {
            tag.child(method.child(algorithm("ds:DigestMethod", digest)).children(mgf.map(mgf_of)))
        }
        KeyMethod::Agreement(agreement) => {
            let key_info = Tag::new("ds:KeyInfo").child(agreement_method(agreement));
            tag.attribute("Recipient", recipient).child(method).child(key_info)
        }
    };
    tag.child(cipher_data(&key.encrypted))
}

fn mgf_of(uri: &str) -> Tag {
    algorithm("xenc11:MGF", uri).attribute("xmlns:xenc11", XMLENC11)
}

fn agreement_method(agreement: &Agreement) -> Tag {
    let parameters = Tag::new("xenc11:ConcatKDFParams");
    let parameters = agreement
        .parameters
        .iter()
        .fold(parameters, |tag, (name, octets)| tag.attribute(name, &bit_string(octets)))
        .child(algorithm("ds:DigestMethod", agreement.digest));
    let derivation = algorithm("xenc11:KeyDerivationMethod", agreement.derivation)
        .attribute("xmlns:xenc11", XMLENC11)
        .child(parameters);
    algorithm("xenc:AgreementMethod", agreement.algorithm)
        .child(derivation)
        .child(Tag::new("xenc:OriginatorKeyInfo").child(public_key(&agreement.originator)))
        .children(agreement.recipient.as_deref().map(recipient_key_info))
}

/// Whole octets in hexadecimal digits, behind the number of bits of the last one that do not count
/// (xmlenc-core1 5.4.1).
fn bit_string(octets: &[u8]) -> String {
    let digits: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    format!("00{digits}")
}

fn public_key(key: &PublicKey) -> Tag {
    match key {
        PublicKey::EcKeyValue(curve, point) => {
            let value = Tag::new("dsig11:ECKeyValue")
                .attribute("xmlns:dsig11", XMLDSIG11)
                .child(Tag::new("dsig11:NamedCurve").attribute("URI", curve))
                .child(Tag::with_text("dsig11:PublicKey", &base64_binary::encode(point)));
            Tag::new("ds:KeyValue").child(value)
        }
        PublicKey::DerEncoded(der) => {
            Tag::with_text("dsig11:DEREncodedKeyValue", &base64_binary::encode(der))
                .attribute("xmlns:dsig11", XMLDSIG11)
        }
    }
}

/// By it an IdP finds which of its keys is meant.
fn recipient_key_info(certificate: &[u8]) -> Tag {
    let certificate = Tag::with_text("ds:X509Certificate", &base64_binary::encode(certificate));
    Tag::new("xenc:RecipientKeyInfo").child(Tag::new("ds:X509Data").child(certificate))
}

fn encryption_method(uri: &str) -> Tag {
    algorithm("xenc:EncryptionMethod", uri)
}

fn algorithm(name: &'static str, uri: &str) -> Tag {
    Tag::new(name).attribute("Algorithm", uri)
}

fn cipher_data(octets: &[u8]) -> Tag {
    let value = Tag::with_text("xenc:CipherValue", &base64_binary::encode(octets));
    Tag::new("xenc:CipherData").child(value)
}
