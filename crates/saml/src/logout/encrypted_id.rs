//! Identifiers in a LogoutRequest: in the clear, or for the IdP's eyes only (Core 2.2.3, 2.2.4).

use identity::NameId;
use xmldoc::EncryptionKey;

use crate::base64_binary;
use crate::binding::SendError;
use crate::namespace::{ASSERTION, XMLDSIG, XMLENC};
use crate::xml_writer::Tag;

const TYPE_ELEMENT: &str = "http://www.w3.org/2001/04/xmlenc#Element";
/// What OAEP digests with when nothing is said; some IdPs want it said (xmlenc-core1 5.5.2).
const SHA1: &str = "http://www.w3.org/2000/09/xmldsig#sha1";

/// The NameID whole as the IdP gave it: some IdPs refuse it otherwise.
pub(super) fn name_id(name_id: &NameId) -> Tag {
    Tag::new("saml:NameID")
        .attribute_if("NameQualifier", name_id.name_qualifier.as_deref())
        .attribute_if("SPNameQualifier", name_id.sp_name_qualifier.as_deref())
        .attribute_if("Format", name_id.format.as_deref())
        .attribute_if("SPProvidedID", name_id.sp_provided_id.as_deref())
        .text(&name_id.value)
}

/// An EncryptedID that holds the NameID.
pub(super) fn encrypted_id(plain: &NameId, key: &EncryptionKey) -> Result<Tag, SendError> {
    // A document of its own: it declares what it uses.
    let plaintext = name_id(plain).attribute("xmlns:saml", ASSERTION).into_xml();
    let sealed = key.encrypt(plaintext.as_bytes()).map_err(|e| SendError(e.to_string()))?;
    let digest = Tag::new("ds:DigestMethod").attribute("Algorithm", SHA1);
    let transport = method(sealed.transport).child(digest);
    let encrypted_key =
        Tag::new("xenc:EncryptedKey").child(transport).child(cipher_data(&sealed.wrapped_key));
    let key_info = Tag::new("ds:KeyInfo").attribute("xmlns:ds", XMLDSIG).child(encrypted_key);
    let data = Tag::new("xenc:EncryptedData")
        .attribute("xmlns:xenc", XMLENC)
        .attribute("Type", TYPE_ELEMENT)
        .child(method(sealed.cipher))
        .child(key_info)
        .child(cipher_data(&sealed.ciphertext));
    Ok(Tag::new("saml:EncryptedID").child(data))
}

fn method(algorithm: &str) -> Tag {
    Tag::new("xenc:EncryptionMethod").attribute("Algorithm", algorithm)
}

fn cipher_data(octets: &[u8]) -> Tag {
    let value = Tag::with_text("xenc:CipherValue", &base64_binary::encode(octets));
    Tag::new("xenc:CipherData").child(value)
}
