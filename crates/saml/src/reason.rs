//! Every reason for which something is refused: the one table of stable, public codes.
//!
//! A [`Reason`] cannot be made outside this file, so a code that is not in [`REASONS`] cannot exist.

use std::fmt;

/// Who can mend it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The browser or whoever sent the request.
    Client,
    /// The IdP or its settings.
    Idp,
    /// The configuration of this SP.
    Sp,
    /// This host: out of memory, store full.
    Server,
}

/// One line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    code: &'static str,
    blame: Blame,
    status: u16,
    meaning: &'static str,
    advice: &'static str,
}

impl Blame {
    /// The HTTP status (RFC 9110 15) of what has no status of its own in the table.
    const fn status(self) -> u16 {
        match self {
            Self::Client => 400,
            Self::Idp => 403,
            Self::Sp => 500,
            Self::Server => 503,
        }
    }
}

impl Reason {
    /// Stable and public, `[a-z0-9_]+`, e.g. `audience_mismatch`.
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// Who can mend it.
    pub const fn blame(&self) -> Blame {
        self.blame
    }

    /// The HTTP status of the answer (RFC 9110 15), 400 to 599. A SOAP Fault goes with 500 or more,
    /// whatever this is (Bindings 3.2.3.3).
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// One sentence for the user's page and the reference; holds no value of the message.
    pub const fn meaning(&self) -> &'static str {
        self.meaning
    }

    /// What to change and where, for the log.
    pub const fn advice(&self) -> &'static str {
        self.advice
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
    }
}

/// Rows of name, code, who can mend it, an HTTP status if it is not theirs, meaning, advice.
macro_rules! reasons {
    ($($name:ident, $code:literal, $blame:ident $($status:literal)?, $meaning:literal, $advice:literal;)*) => {
        $(
            #[doc = $meaning]
            pub const $name: Reason = Reason {
                code: $code,
                blame: Blame::$blame,
                status: reasons!(@status $blame $($status)?),
                meaning: $meaning,
                advice: $advice,
            };
        )*

        /// All reasons, in the order of a login: request, form, XML, signature, Response, Assertion, session.
        pub const REASONS: &[Reason] = &[$($name),*];
    };
    (@status $blame:ident) => { Blame::$blame.status() };
    (@status $blame:ident $status:literal) => { $status };
}

reasons! {
    // The request and its form (Bindings 3.5).
    METHOD_NOT_ALLOWED, "method_not_allowed", Client 405,
        "This address does not answer this HTTP method.",
        "use the binding that this SP's metadata names for the endpoint";
    // RFC 9110 15.5.20: this SP has no say at that origin.
    HOST_UNKNOWN, "host_unknown", Client 421,
        "This address is none of those that you can sign in at.",
        "add the origin that the browser shows to base_url, or lead the browser to one that is there; whatever stands in front of nginx must hand on Host as the browser sent it";
    // 503, which browsers do not keep for when the person goes there.
    REQUEST_SPECULATIVE, "request_speculative", Client 503,
        "Your browser asked for this page before you did.",
        "nothing: a browser that prefetches or prerenders asks again when the person goes there; do not let pages prefetch SAML handlers";
    REQUEST_EMBEDDED, "request_embedded", Client,
        "A part of a page cannot sign you in or out.",
        "link to saml_login and saml_logout, or post a form or call fetch() to saml_logout; an image, a script or a frame that nobody clicked in has no effect";
    BODY_UNREADABLE, "body_unreadable", Client,
        "The body of the request could not be read.",
        "check client_max_body_size and client_body_timeout of this location";
    FORM_CONTENT_TYPE, "form_content_type", Client 415,
        "The request is not an HTML form.",
        "set the IdP to answer by the HTTP-POST binding";
    FORM_INVALID, "form_invalid", Client,
        "The form could not be decoded.",
        "look at the form that the sender makes: application/x-www-form-urlencoded, each of SAMLResponse, RelayState, SigAlg and Signature once";
    QUERY_INVALID, "query_invalid", Client,
        "The address holds a message that could not be decoded.",
        "look at the query that the sender makes: each of SAMLResponse, RelayState, SigAlg and Signature once, DEFLATE encoding";
    MESSAGE_MISSING, "message_missing", Client,
        "The request holds no SAML message.",
        "set the IdP to answer by the HTTP-POST binding; nobody else has business at this address";
    MESSAGE_DUPLICATE, "message_duplicate", Client,
        "The request holds more than one SAML message.",
        "the sender must send exactly one SAMLResponse, SAMLRequest or SAMLart";
    BASE64_INVALID, "base64_invalid", Client,
        "The SAML message is not valid base64.",
        "the sender must send the message as base64, for HTTP-POST not deflated";
    DEFLATE_INVALID, "deflate_invalid", Client,
        "The SAML message does not inflate.",
        "the sender must deflate (RFC 1951) what it sends by HTTP-Redirect, or use HTTP-POST";
    MESSAGE_TOO_LARGE, "message_too_large", Client 413,
        "The SAML message is too large.",
        "raise max_message_size, or let the IdP send fewer attributes";

    // The gate, before anything else reads the XML.
    XML_TOO_LARGE, "xml_too_large", Client 413,
        "The XML is too large.",
        "raise max_message_size, or let the IdP send fewer attributes";
    XML_NOT_UTF8, "xml_not_utf8", Client,
        "The XML is not in UTF-8.",
        "the sender must write messages in UTF-8";
    XML_DOCTYPE, "xml_doctype", Client,
        "The XML has a document type declaration.",
        "SAML messages have none: look at what the sender posts";
    XML_ENTITY, "xml_entity", Client,
        "The XML uses an entity other than XML's own five.",
        "the sender must write such characters themselves or as character references";
    XML_PROCESSING_INSTRUCTION, "xml_processing_instruction", Client,
        "The XML has a processing instruction.",
        "SAML messages have none: look at what the sender posts";
    XML_TOO_DEEP, "xml_too_deep", Client,
        "The elements of the XML are nested too deep.",
        "SAML messages are flat: look at what the sender posts";
    XML_TOO_MANY_ELEMENTS, "xml_too_many_elements", Client,
        "The XML has too many elements.",
        "let the IdP send fewer attributes or values";
    XML_TOO_MANY_ATTRIBUTES, "xml_too_many_attributes", Client,
        "An element of the XML has too many attributes.",
        "SAML elements have few: look at what the sender posts";
    XML_NAMESPACE, "xml_namespace", Client,
        "The XML declares a namespace that is no absolute URI.",
        "the sender must declare namespaces by absolute URIs";
    XML_DUPLICATE_ID, "xml_duplicate_id", Client,
        "Two elements of the XML have the same ID.",
        "somebody may have altered the message: compare it with what the IdP's log says it sent";
    XML_MALFORMED, "xml_malformed", Client,
        "The message is not well-formed XML.",
        "look at what the sender posts: it is cut off, altered or no XML";

    // Signatures (xmldsig-core1).
    SIGNATURE_MISSING, "signature_missing", Idp,
        "Neither the response nor its assertion is signed.",
        "let the IdP sign assertions or responses for this SP";
    SIGNATURE_INVALID, "signature_invalid", Idp,
        "The signature does not verify.",
        "give this SP the IdP's current metadata or signing certificate";
    DIGEST_MISMATCH, "digest_mismatch", Idp,
        "The message was changed after it was signed.",
        "look for what rewrites messages between the IdP and this SP (a proxy, a debugging tool); if nothing does, somebody tampers";
    SIGNATURE_MULTIPLE, "signature_multiple", Idp,
        "An element has more than one signature.",
        "the IdP must sign a Response and an Assertion once each";
    SIGNATURE_STRUCTURE, "signature_structure", Idp,
        "The signature is not built as SAML's signature profile says.",
        "look at the Signature that the IdP sends: its form, not its key, is wrong";
    SIGNATURE_ALGORITHM, "signature_algorithm", Idp,
        "The signature algorithm is not allowed.",
        "let the IdP sign with RSA or ECDSA and SHA-256 or better, or with Ed25519 or Ed448, or set allow_weak sha1 for this IdP";
    DIGEST_ALGORITHM, "digest_algorithm", Idp,
        "The digest algorithm of the signature is not allowed.",
        "let the IdP digest with SHA-256 or better, or set allow_weak sha1 for this IdP";
    CANONICALIZATION_ALGORITHM, "canonicalization_algorithm", Idp,
        "The canonicalization of the signature is not allowed.",
        "let the IdP use exclusive XML canonicalization without comments";
    TRANSFORM_ALGORITHM, "transform_algorithm", Idp,
        "The signature uses a transform that is not allowed.",
        "let the IdP use only enveloped-signature and exclusive XML canonicalization";
    REFERENCE_COUNT, "reference_count", Idp,
        "The signature does not cover exactly one element.",
        "the IdP must write one Reference into each Signature";
    REFERENCE_URI, "reference_uri", Idp,
        "The signature covers another element than the one it stands in.",
        "somebody may have altered the message: compare it with what the IdP's log says it sent";
    KEY_TOO_SMALL, "key_too_small", Idp,
        "The identity provider's key is too small.",
        "let the IdP use an RSA key of 2048 bits or more, or set allow_weak rsa1024 for this IdP";
    KEY_TYPE, "key_type", Idp,
        "The signature was made with a key of another type than the trusted ones.",
        "give this SP the IdP's current metadata or signing certificate";
    SIGNATURE_VOID, "signature_void", Idp,
        "The signature covers nothing that can be read.",
        "somebody may have altered the message: compare it with what the IdP's log says it sent";
    SECOND_VERIFIER_DISAGREES, "second_verifier_disagrees", Server,
        "The signature could not be confirmed.",
        "xmlsec1 does not verify what this module does: it may not know the algorithm (see second_verifier), or one of the two is wrong; keep the message and report it";
    RESPONSE_UNSIGNED, "response_unsigned", Idp,
        "The response is not signed, and this SP asks for that.",
        "let the IdP sign responses for this SP, or set want_response_signed off";
    ASSERTION_UNSIGNED, "assertion_unsigned", Idp,
        "The assertion is not signed, and this SP asks for that.",
        "let the IdP sign assertions for this SP, or set want_assertion_signed off";

    // The artifact that stands for a Response (Bindings 3.6, Core 3.5).
    ARTIFACT_INVALID, "artifact_invalid", Client,
        "The address holds an artifact that could not be decoded.",
        "the IdP must send SAMLart as SAML 2.0 says: base64 of 44 octets, type 0x0004";
    ARTIFACT_ENDPOINT_UNKNOWN, "artifact_endpoint_unknown", Idp,
        "The identity provider refers to a place that this service does not know.",
        "set response_binding artifact for this IdP, and give this SP its current metadata, with the ArtifactResolutionService of that index by SOAP, or artifact_url; or let the IdP answer by HTTP-POST";
    ARTIFACT_USED, "artifact_used", Client,
        "This login has been used already.",
        "start the login again; somebody or the browser came with the same artifact twice";
    ARTIFACT_LIMIT, "artifact_limit", Server,
        "Too many logins could not be fetched from the identity provider. Try again in a moment.",
        "find out in the lines before why they fail; behind a load balancer let nginx know the clients' addresses (set_real_ip_from), or one of them uses up what all have";
    ARTIFACT_NOT_RESOLVED, "artifact_not_resolved", Idp,
        "The identity provider did not hand the login over.",
        "look into the IdP's log for the reason of this status: it must know this SP by its entity_id and by the certificate that signs, or that artifact_ssl_certificate shows";
    ARTIFACT_UNKNOWN, "artifact_unknown", Idp,
        "The identity provider no longer knows this login.",
        "start the login again; when it stays, the IdP forgets artifacts too early, gives them to another SP, or has several hosts that do not share them";
    ARTIFACT_RESPONSE_STALE, "artifact_response_stale", Idp,
        "The identity provider's answer is too old.",
        "set the clocks of the IdP and of this host by NTP; when they are right, somebody may have sent an old message again";

    // Encryption (xmlenc-core1, Core 6).
    ASSERTION_NOT_ENCRYPTED, "assertion_not_encrypted", Idp,
        "The assertion is not encrypted, and this SP asks for that.",
        "let the IdP encrypt assertions for this SP (its metadata offers the key), or set encryption offer or off";
    DECRYPTION_KEY_MISSING, "decryption_key_missing", Sp,
        "The message is encrypted, and this SP has no key to read it.",
        "give the saml_sp a certificate and certificate_key of type RSA, EC, X25519 or X448 and register the certificate at the IdP, or turn encryption off at the IdP for this SP";
    DECRYPTION_FAILED, "decryption_failed", Idp,
        "The encrypted part of the message could not be read.",
        "let the IdP encrypt for the certificate in this SP's current metadata, and sign what it encrypts";
    DECRYPTION_LIMIT, "decryption_limit", Server,
        "Too many encrypted messages could not be read. Try again in a moment.",
        "find out in the lines before why they fail (decryption_failed); behind a load balancer let nginx know the clients' addresses (set_real_ip_from), or one of them uses up what all have";
    ENCRYPTION_ALGORITHM, "encryption_algorithm", Idp,
        "The encryption algorithm is not allowed.",
        "let the IdP encrypt with AES-GCM and RSA-OAEP (for an EC, X25519 or X448 key: its key agreement and ConcatKDF, with AES Key Wrap or without), or set allow_weak rsa1_5 or 3des for this IdP";
    ENCRYPTION_CBC_UNSIGNED, "encryption_cbc_unsigned", Idp,
        "The ciphertext could have been altered on its way.",
        "at the IdP: sign the Response too (not only the Assertion), encrypt with AES-GCM (\"encryption offer\" lists it in this SP's metadata), or do not encrypt; here: allow_weak cbc for this IdP";
    ENCRYPTION_STRUCTURE, "encryption_structure", Idp,
        "The encrypted part of the message is not built as SAML says.",
        "look at what the IdP sends: each encrypted element holds one EncryptedData, and its EncryptedKey inside or beside it, or else one AgreementMethod";

    // The envelope (Core 3.2.2, Profiles 4.1.4.2).
    MESSAGE_UNEXPECTED, "message_unexpected", Client,
        "This kind of SAML message is not expected here.",
        "send only Response, LogoutRequest and LogoutResponse to this address";
    SOAP_INVALID, "soap_invalid", Client,
        "The SOAP envelope does not hold exactly one message.",
        "the sender must put one SAML message into one Body, and no Header that must be understood";
    SOAP_FAULT, "soap_fault", Idp,
        "The identity provider answered with an error.",
        "look into the IdP's log for what it found wrong with the message";
    STRUCTURE, "structure", Idp,
        "The message is not built as the SAML schema says.",
        "look at what the IdP sends: an element or attribute is missing or stands where the schema does not allow it";
    VERSION_UNSUPPORTED, "version_unsupported", Idp,
        "The message is not SAML 2.0.",
        "set the IdP to SAML 2.0 for this SP";
    ID_MISSING, "id_missing", Idp,
        "The message has no ID.",
        "the IdP must give every message and Assertion an ID";
    INSTANT_INVALID, "instant_invalid", Idp,
        "A time in the message is missing or is not a date and time.",
        "the IdP must write times as xs:dateTime in UTC";
    ISSUE_INSTANT_FUTURE, "issue_instant_future", Idp,
        "The message was issued in the future.",
        "set the clocks of the IdP and of this host by NTP, or raise clock_skew";
    DESTINATION_MISSING, "destination_missing", Idp,
        "The signed message does not say where it is meant to go.",
        "let the IdP write a Destination into signed messages";
    DESTINATION_MISMATCH, "destination_mismatch", Idp,
        "The message is meant for another address.",
        "make the ACS (or logout) URL at the IdP and base_url plus the saml_acs (or saml_sls) location here the same, letter by letter";
    ISSUER_MISSING, "issuer_missing", Idp,
        "The message or its assertion does not say who issued it.",
        "the IdP must name itself as Issuer of every assertion and of logout messages";
    ISSUER_MISMATCH, "issuer_mismatch", Idp,
        "The message was issued by somebody else.",
        "give saml_idp the metadata or entity_id under which this IdP signs";
    IDP_UNKNOWN, "idp_unknown", Client,
        "The sender is not an identity provider of this service.",
        "add a saml_idp with this entity_id and name it by idp in the saml_sp";
    IDP_NOT_OFFERED, "idp_not_offered", Client,
        "The organisation that was chosen cannot sign people in here.",
        "name the saml_idp in an idp of the saml_sp, or correct what has chosen it: the variable of auth_saml idp=, the discovery service";
    IDP_NOT_CHOSEN, "idp_not_chosen", Client,
        "No organisation was chosen to sign in at.",
        "nothing when the person left the discovery service; else see there why it sends nobody back with an entityID, and whether it knows this SP's metadata";
    IDP_DISABLED, "idp_disabled", Sp 403,
        "Signing in by this identity provider is switched off.",
        "nothing, when that is meant; else take disabled out of the saml_idp and reload nginx, or enable it where saml_sessions is";
    IDP_METADATA_MISSING, "idp_metadata_missing", Sp,
        "The identity provider of this service is not set up yet.",
        "name the IdP's metadata by metadata in the saml_idp, and reload nginx; when that is a URL, see in the log why it cannot be fetched";
    IDP_METADATA_EXPIRED, "idp_metadata_expired", Sp,
        "What this service knows of the identity provider is out of date.",
        "get the IdP's current metadata (or let metadata name its URL, and see in the log why that brings nothing new), and see whether the clocks are right";
    IDP_METADATA_UNUSABLE, "idp_metadata_unusable", Sp,
        "What this service knows of the identity provider cannot be used.",
        "have the IdP's people correct their metadata in the federation, or give the IdP a saml_idp of its own with its entity_id";
    STATUS_NOT_SUCCESS, "status_not_success", Idp,
        "The identity provider did not log you in.",
        "look into the IdP's log for the reason of this status";
    NO_PASSIVE, "no_passive", Idp,
        "You are not signed in at the identity provider.",
        "the login was asked for without a page (passive=1 of saml_login); leave that out where a person must log in";
    NO_AUTHN_CONTEXT, "no_authn_context", Idp,
        "The identity provider cannot sign you in the way that this service asks for.",
        "see which authentication contexts the IdP knows, and ask for one of them in auth_saml_authn_context, or in authn_context of the saml_idp";
    UNSOLICITED, "unsolicited", Idp,
        "The response answers no request, and this SP does not accept that.",
        "start the login at this SP, or set allow_unsolicited on for this IdP";
    IN_RESPONSE_TO_MISSING, "in_response_to_missing", Idp,
        "The response does not say which request it answers.",
        "the IdP must write InResponseTo into what answers a request; for a login started at the IdP set allow_unsolicited on";
    IN_RESPONSE_TO_MISMATCH, "in_response_to_mismatch", Idp,
        "The response answers another request.",
        "start again; when it stays, the IdP mixes up its answers";
    REQUEST_UNKNOWN, "request_unknown", Client,
        "Your browser has no pending login that this response answers: it blocks cookies, or you began at another address than this one, or the login took too long.",
        "look in this order whether the browser takes and sends cookies here, whether the login began at the host of base_url, and whether it took longer than request_lifetime; then start it again";
    REQUEST_EXPIRED, "request_expired", Client,
        "The login took too long.",
        "start the login again, or raise request_lifetime";
    LOGIN_LOOP, "login_loop", Sp,
        "Several logins in a row led nowhere.",
        "check that the session cookie reaches this location: cookie_domain, cookie_path, https, and the session store";

    // The Assertion (Core 2.3.3).
    ASSERTION_MISSING, "assertion_missing", Idp,
        "The response holds no assertion.",
        "look into the IdP's log: it answered Success and sent nobody";
    ASSERTION_MULTIPLE, "assertion_multiple", Idp,
        "The response holds more than one assertion.",
        "the IdP must send exactly one assertion";
    ASSERTION_MISPLACED, "assertion_misplaced", Idp,
        "An assertion stands where the schema does not allow it.",
        "somebody may have altered the message: compare it with what the IdP's log says it sent";

    // Subject (Core 2.4, Profiles 4.1.4.2).
    SUBJECT_MISSING, "subject_missing", Idp,
        "The assertion names no subject.",
        "the IdP must send a Subject with NameID and bearer SubjectConfirmation";
    NAME_ID_MISSING, "name_id_missing", Idp,
        "The assertion does not say who you are.",
        "let the IdP send a NameID for this SP that is not empty";
    CONFIRMATION_MISSING, "confirmation_missing", Idp,
        "The assertion has no bearer confirmation.",
        "use the Web Browser SSO profile at the IdP: SubjectConfirmation with Method bearer and SubjectConfirmationData";
    CONFIRMATION_NOT_BEFORE, "confirmation_not_before", Idp,
        "The bearer confirmation is not valid yet.",
        "set the clocks of the IdP and of this host by NTP, or raise clock_skew; the profile wants no NotBefore in SubjectConfirmationData at all";
    CONFIRMATION_WITHOUT_EXPIRY, "confirmation_without_expiry", Idp,
        "The bearer confirmation has no end.",
        "the IdP must write NotOnOrAfter into SubjectConfirmationData";
    CONFIRMATION_EXPIRED, "confirmation_expired", Idp,
        "The response came too late.",
        "set the clocks of the IdP and of this host by NTP, raise clock_skew, or lengthen the IdP's assertion lifetime";
    RECIPIENT_MISSING, "recipient_missing", Idp,
        "The bearer confirmation does not say for which address it is.",
        "the IdP must write Recipient into SubjectConfirmationData";
    RECIPIENT_MISMATCH, "recipient_mismatch", Idp,
        "The assertion is meant for another address.",
        "make the ACS URL (Recipient) at the IdP and base_url plus the saml_acs location here the same, letter by letter";

    // Conditions (Core 2.5).
    ASSERTION_NOT_YET_VALID, "assertion_not_yet_valid", Idp,
        "The assertion is not valid yet.",
        "set the clocks of the IdP and of this host by NTP, or raise clock_skew";
    ASSERTION_EXPIRED, "assertion_expired", Idp,
        "The assertion is no longer valid.",
        "set the clocks of the IdP and of this host by NTP, raise clock_skew, or lengthen the IdP's assertion lifetime";
    ASSERTION_NEVER_VALID, "assertion_never_valid", Idp,
        "The assertion ends before it begins.",
        "the IdP must write a NotOnOrAfter that is later than NotBefore";
    ASSERTION_TOO_OLD, "assertion_too_old", Idp,
        "The assertion was issued too long ago.",
        "set the clocks of the IdP and of this host by NTP; when they are right, let the IdP issue an assertion for each login, or raise max_assertion_age";
    AUDIENCE_MISSING, "audience_missing", Idp,
        "The assertion does not say for which service it is.",
        "set the audience at the IdP to the entity_id of this SP";
    AUDIENCE_MISMATCH, "audience_mismatch", Idp,
        "The assertion is meant for another service.",
        "make the audience at the IdP and entity_id of this SP the same, letter by letter";
    CONDITION_UNKNOWN, "condition_unknown", Idp,
        "The assertion carries a condition that this SP does not understand.",
        "let the IdP leave this condition out for this SP";

    // AuthnStatement (Core 2.7.2).
    AUTHN_STATEMENT_MISSING, "authn_statement_missing", Idp,
        "The assertion does not say how and when you logged in.",
        "the IdP must send an AuthnStatement";
    AUTHN_SESSION_EXPIRED, "authn_session_expired", Idp,
        "Your session at the identity provider has ended.",
        "start the login again; when it stays, look at SessionNotOnOrAfter and the clocks";
    ATTRIBUTE_SCOPE_MISMATCH, "attribute_scope_mismatch", Idp,
        "The identity provider has said something of you that is for another one to say.",
        "let the IdP send values of its own scopes, have its federation add the Scope to its metadata, or set check_scope off for an IdP that may speak for everybody";
    GROUP_OVERAGE, "group_overage", Idp,
        "You are in more groups than the identity provider tells this service of.",
        "at Entra ID, let the groups claim hold only groups assigned to the application or those of a filter, or send app roles instead; or set on_group_overage allow";
    AUTHN_INSTANT_FUTURE, "authn_instant_future", Idp,
        "The assertion says that you logged in in the future.",
        "set the clocks of the IdP and of this host by NTP, or raise clock_skew";
    AUTHN_NOT_FRESH, "authn_not_fresh", Idp,
        "A new login was asked for, and the identity provider reused an old one.",
        "let the IdP honour ForceAuthn for this SP";
    AUTHN_TOO_OLD, "authn_too_old", Idp,
        "Your login at the identity provider is too long ago.",
        "log in at the IdP anew, or raise max_authn_age";
    AUTHN_CONTEXT_MISMATCH, "authn_context_mismatch", Idp,
        "The identity provider let you in another way than was asked for.",
        "let the IdP honour RequestedAuthnContext, or add the class that it sends to auth_saml_authn_context (or to authn_context of the saml_idp)";
    ASSERTION_REPLAYED, "assertion_replayed", Client,
        "This response has been used already.",
        "start the login again; somebody or the browser posted the same response twice";

    // Single logout (Core 3.7, Profiles 4.4).
    LOGOUT_REQUEST_UNSIGNED, "logout_request_unsigned", Idp,
        "The logout request is not signed.",
        "let the IdP sign logout requests for this SP (authentik: Sign logout requests), or set require_signed_logout off: then anybody can log out whom they know";
    LOGOUT_REQUEST_EXPIRED, "logout_request_expired", Idp,
        "The logout request came too late.",
        "set the clocks of the IdP and of this host by NTP, or raise clock_skew";
    LOGOUT_REQUEST_STALE, "logout_request_stale", Idp,
        "The logout request is too old.",
        "set the clocks of the IdP and of this host by NTP; when they are right, somebody may have sent an old message again";
    LOGOUT_NAME_ID_MISSING, "logout_name_id_missing", Idp,
        "The logout request does not say who is to be signed out.",
        "let the IdP send a NameID or EncryptedID that is not empty";
    SESSION_INDEXES_TOO_MANY, "session_indexes_too_many", Idp,
        "The logout request names too many sessions.",
        "let the IdP name no SessionIndex, which ends all sessions of the NameID, or send several requests";
    LOGOUT_RESPONSE_UNSIGNED, "logout_response_unsigned", Idp,
        "The answer to the logout is not signed.",
        "let the IdP sign logout responses for this SP (authentik: Sign logout responses; Keycloak: Sign documents; OpenAM: Logout Response under Request/Response Signing; SimpleSAMLphp: sign.logout), or set require_signed_logout off";
    LOGOUT_RESPONSE_STALE, "logout_response_stale", Idp,
        "The answer to the logout is too old.",
        "set the clocks of the IdP and of this host by NTP; when they are right, somebody may have sent an old message again";
    LOGOUT_RESPONSE_UNKNOWN, "logout_response_unknown", Client,
        "Your browser has no pending logout that this answer belongs to.",
        "cookies must survive the way to the IdP and back: same host, https, cookies allowed; you are signed out of this service all the same";
    LOGOUT_FAILED, "logout_failed", Idp,
        "The identity provider did not sign you out.",
        "look into the IdP's log for the reason of this status; at this SP the session has ended";
    IDP_UNREACHABLE, "idp_unreachable", Server,
        "The identity provider could not be asked.",
        "this host must reach the IdP's SOAP endpoint and trust its certificate (slo_ssl_trusted_certificate, artifact_ssl_trusted_certificate), and get an answer within 10 s; or choose a slo_binding that goes through the browser, and response_binding post";
    LOGOUT_NOTIFY_FAILED, "logout_notify_failed", Server,
        "The application was not told of the logout.",
        "look into the log of the application behind logout_notify; the sessions here have ended";
    // Security events (RFC 8417, RFC 8935 2.4).
    EVENT_UNAUTHORIZED, "event_unauthorized", Client 401,
        "The security event came without the secret of its sender.",
        "let the transmitter send Authorization: Bearer with what is in the file of events_bearer_file";
    EVENT_MALFORMED, "event_malformed", Idp 400,
        "The security event cannot be read.",
        "let the transmitter send a signed Security Event Token, by RFC 8935 with Content-Type application/secevent+jwt, or by RFC 8936 under its jti";
    EVENT_ISSUER_UNKNOWN, "event_issuer_unknown", Idp 400,
        "The security event comes from somebody unknown.",
        "make the issuer of the transmitter's tokens and events_issuer of the saml_idp the same, letter by letter";
    EVENT_KEY_INVALID, "event_key_invalid", Idp 400,
        "The security event is not signed by its sender.",
        "look whether events_jwks has the keys with which the transmitter signs, by RSA, ECDSA or EdDSA";
    EVENT_KEYS_AWAITED, "event_keys_awaited", Server,
        "The keys of the sender are not known yet.",
        "wait, the transmitter sends it again; error.log says when events_jwks cannot be fetched, and why";
    EVENT_AUDIENCE_MISMATCH, "event_audience_mismatch", Idp 400,
        "The security event is meant for another service.",
        "make the audience of the stream at the transmitter and events_audience of the saml_idp (by default the entity_id) the same, letter by letter";
    EVENT_STALE, "event_stale", Idp 400,
        "The security event is too old, or from the future.",
        "set the clocks of the transmitter and of this host by NTP; an event is taken for a day";
    ASSERTION_LOGGED_OUT, "assertion_logged_out", Client,
        "You were signed out while this login was on its way.",
        "start the login again; the IdP had ended this session by a LogoutRequest";

    // The session and this host.
    REQUEST_ANSWERED, "request_answered", Client,
        "This login has been answered already.",
        "start the login again; if it was not you who answered, change your password";
    LOGINS_TOO_MANY, "logins_too_many", Client 429,
        "You have logged in too often in a short time.",
        "wait some minutes; look for a program that logs in in a loop, or enlarge the zone of saml_session_store when many people share one NameID";
    AUTHENTICATION_REQUIRED, "authentication_required", Client 401,
        "You are not logged in.",
        "open the login address in a browser";
    SESSION_OF_OTHER_IDP, "session_of_other_idp", Client 401,
        "You are logged in at another organisation than this page is for.",
        "open the login address in a browser; auth_saml idp= says whose users the location is for";
    REQUIREMENT_NOT_MET, "requirement_not_met", Client 403,
        "You are signed in, but what is known of you does not let you in here.",
        "let the IdP say of this person what the rule asks for, or see whether the rule says what it should (auth_saml_require, auth_saml_require_attribute, auth_saml_require_idp); the values are logged at info";
    PRESERVED_POST_REFUSED, "preserved_post_refused", Client 403,
        "What you had filled in cannot be sent from here.",
        "nothing, when a person went back or opened a page anew: fill in the form again; a form that was kept is sent once, by the browser and in the session that logged in for it, to its own page (auth_saml_preserve_post)";
    PRESERVED_POST_GONE, "preserved_post_gone", Client 410,
        "What you had filled in is not here any more: it was sent already, or you took too long.",
        "fill in the form again, unless it was sent; raise request_lifetime when logins take long";
    RETURN_URL_REFUSED, "return_url_refused", Client,
        "The address to return to is not allowed.",
        "use a page under base_url that is no SAML handler, or add its host to return_hosts";
    LOGOUT_CROSS_SITE, "logout_cross_site", Client 403,
        "Another site may not sign you out.",
        "link to saml_logout from a page of this site, or add the host of the page to return_hosts; the person gets a page with a button";
    SEALING_FAILED, "sealing_failed", Server,
        "The state of the login could not be kept.",
        "libcrypto failed to encrypt; look for other errors of this host";
    ARGUMENT_INVALID, "argument_invalid", Client,
        "An argument of the address is not understood.",
        "see saml_login in the reference for its arguments";
    ORDER_INVALID, "order_invalid", Client,
        "This is not something that can be looked for or done.",
        "see saml_sessions in the reference for its arguments and forms";
    ORDER_CROSS_SITE, "order_cross_site", Client 403,
        "Another site may not end sessions here.",
        "use the buttons of the page itself; a program sends no Origin and no Sec-Fetch-Site";
    ORDER_TOKEN_INVALID, "order_token_invalid", Client 403,
        "The page was open for too long, or is another person's.",
        "load the page anew; a program takes the token from what it was answered within the hour, as the same operator";
    DEBUG_LINK_INVALID, "debug_link_invalid", Client 403,
        "This link is not good any more.",
        "ask for another one at saml_status?debug: each is good once and for ten minutes, at the SP and the host that it is for, while some location of that SP says saml_debug link";
    OPERATOR_UNNAMED, "operator_unnamed", Client 403,
        "Who runs this server must say who you are before you can see this.",
        "put auth_saml or auth_basic into the location of saml_status: a story is for who asked for it, by a name that was verified there";
    ORDERS_TOO_MANY, "orders_too_many", Server,
        "There are too many orders already.",
        "end all sessions of the SP instead of those of many IdPs; orders are forgotten after 400 days";
    SIGNING_FAILED, "signing_failed", Server,
        "The message to the identity provider could not be signed.",
        "check certificate_key and signature_algorithm of this SP";
    STORE_FULL, "store_full", Server,
        "The session store is full.",
        "enlarge the zone of saml_session_store";
    STORE_UNAVAILABLE, "store_unavailable", Server,
        "The session store does not answer.",
        "check the servers of saml_session_store";
    INTERNAL_ERROR, "internal_error", Server,
        "This host failed.",
        "report it with the lines before it in the error log; it is a fault of this module";
}

#[cfg(test)]
mod tests;
