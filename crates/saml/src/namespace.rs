//! Namespaces and the URIs that the SAML specifications define.

/// SAML 2.0 protocol (Core 1.2).
pub const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
/// SAML 2.0 assertion (Core 1.2).
pub const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
/// SAML 2.0 metadata (Metadata 1.1).
pub const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
/// What metadata says for people (MetadataUI 2).
pub const METADATA_UI: &str = "urn:oasis:names:tc:SAML:metadata:ui";
/// What Shibboleth adds to metadata: the scopes of an IdP.
pub const SHIBBOLETH_METADATA: &str = "urn:mace:shibboleth:metadata:1.0";
/// Who has registered an entity (MDRPI 2.1).
pub const METADATA_RPI: &str = "urn:oasis:names:tc:SAML:metadata:rpi";
/// Attributes of an entity (MetadataAttr 2.1).
pub const ENTITY_ATTRIBUTES: &str = "urn:oasis:names:tc:SAML:metadata:attribute";
/// What REFEDS adds to metadata (REFEDS Security Contact Metadata Extension).
pub const REFEDS_METADATA: &str = "http://refeds.org/metadata";
/// Identity Provider Discovery: the binding and the namespace of DiscoveryResponse (IdpDisco 2.4).
pub const DISCOVERY: &str = "urn:oasis:names:tc:SAML:profiles:SSO:idp-discovery-protocol";
/// The prefix `xml` (xml-names 3).
pub const XML: &str = "http://www.w3.org/XML/1998/namespace";
/// XML Signature (xmldsig-core1).
pub const XMLDSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
/// What XML Signature 1.1 has added (xmldsig-core1 1.3).
pub const XMLDSIG11: &str = "http://www.w3.org/2009/xmldsig11#";
/// XML Encryption (xmlenc-core1).
pub const XMLENC: &str = "http://www.w3.org/2001/04/xmlenc#";
/// What XML Encryption 1.1 has added (xmlenc-core1 1.3).
pub const XMLENC11: &str = "http://www.w3.org/2009/xmlenc11#";
/// SOAP 1.1, which SAML's SOAP binding speaks (Bindings 3.2.2).
pub const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// PAOS, by which the client answers the server's request (Bindings 3.3.2).
pub const PAOS: &str = "urn:liberty:paos:2003-08";
/// Enhanced Client or Proxy: the profile, and the namespace of its header blocks (Profiles 4.2.1).
pub const ECP: &str = "urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp";
/// XML Schema instance.
pub const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// HTTP-Redirect (Bindings 3.4).
pub const BINDING_REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
/// HTTP-POST (Bindings 3.5).
pub const BINDING_POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
/// HTTP-POST with the signature beside the message (HTTP-POST-SimpleSign 2.1).
pub const BINDING_POST_SIMPLE_SIGN: &str =
    "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST-SimpleSign";
/// HTTP-Artifact (Bindings 3.6).
pub const BINDING_ARTIFACT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact";
/// SOAP (Bindings 3.2).
pub const BINDING_SOAP: &str = "urn:oasis:names:tc:SAML:2.0:bindings:SOAP";
/// PAOS (Bindings 3.3).
pub const BINDING_PAOS: &str = "urn:oasis:names:tc:SAML:2.0:bindings:PAOS";

/// Bearer subject confirmation (Profiles 3.3).
pub const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
/// Status of a successful answer (Core 3.2.2.2).
pub const STATUS_SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
/// Status of an answer when the sender of the request is to blame (Core 3.2.2.2).
pub const STATUS_REQUESTER: &str = "urn:oasis:names:tc:SAML:2.0:status:Requester";
/// Status of an answer when the sender of it failed (Core 3.2.2.2).
pub const STATUS_RESPONDER: &str = "urn:oasis:names:tc:SAML:2.0:status:Responder";
/// Second-level status: somebody is still logged in somewhere (Core 3.2.2.2).
pub const STATUS_PARTIAL_LOGOUT: &str = "urn:oasis:names:tc:SAML:2.0:status:PartialLogout";
/// Second-level status: the IdP cannot log the user in the way that was asked for (Core 3.2.2.2).
pub const STATUS_NO_AUTHN_CONTEXT: &str = "urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext";
/// Second-level status: the IdP could not log the user in without showing a page (Core 3.2.2.2).
pub const STATUS_NO_PASSIVE: &str = "urn:oasis:names:tc:SAML:2.0:status:NoPassive";
/// Format of a NameID that names an entity; the only one an Issuer may carry (Profiles 4.1.4.2).
pub const NAME_ID_ENTITY: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";
