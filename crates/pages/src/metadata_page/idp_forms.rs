//! What the forms of IdPs call the values of an SP.

use self::Wanted::{
    Acs, AcsPattern, Certificate, EntityId, LogoutIssuer, MetadataUrl, NameIdFormat, Said, Sls,
};

/// One IdP's form.
pub(super) struct IdpForm {
    /// The product.
    pub(super) name: &'static str,
    /// How to get to the form, and what may spare it.
    pub(super) where_it_is: &'static str,
    /// The labels as they are on the screen, and what goes there.
    pub(super) fields: &'static [(&'static str, Wanted)],
}

/// What goes into a field.
pub(super) enum Wanted {
    /// The SP's entityID.
    EntityId,
    /// The ACS URL.
    Acs,
    /// A regular expression for the ACS URL.
    AcsPattern,
    /// The SLS URL.
    Sls,
    /// The SP's entityID, where there is an SLS.
    LogoutIssuer,
    /// Where the metadata is.
    MetadataUrl,
    /// The best NameIDFormat.
    NameIdFormat,
    /// The certificate.
    Certificate,
    /// A choice or a switch.
    Said(&'static str),
}

/// In the order of the alphabet.
pub(super) const IDPS: &[IdpForm] = &[
    IdpForm {
        name: "AD FS",
        where_it_is: "AD FS Management → Relying Party Trusts → Add Relying Party Trust → Claims aware. \
                      It imports the address or the file; the claim rules are yours to add.",
        fields: &[
            ("Federation metadata address", MetadataUrl),
            ("Relying party SAML 2.0 SSO service URL", Acs),
            ("Relying party trust identifier", EntityId),
            ("Endpoints → Add SAML → SAML Logout, POST", Sls),
            ("Signature", Certificate),
            ("Advanced → Secure hash algorithm", Said("SHA-256")),
            ("Claim rule: outgoing name ID format", NameIdFormat),
        ],
    },
    IdpForm {
        name: "Auth0",
        where_it_is: "Applications → the application → Addons → SAML2 Web App → Settings. It reads no metadata.",
        fields: &[
            ("Application Callback URL", Acs),
            ("Settings: audience", EntityId),
            ("Settings: recipient, destination", Acs),
            ("Settings: logout.callback", Sls),
            ("Settings: signingCert, each line end as \\n", Certificate),
            ("Settings: signResponse", Said("true")),
            ("Settings: nameIdentifierFormat", NameIdFormat),
        ],
    },
    IdpForm {
        name: "authentik",
        where_it_is: "Applications → Providers → Create → SAML Provider, or “SAML Provider from \
                      Metadata” with the file; then an application that has it.",
        fields: &[
            ("ACS URL", Acs),
            ("Service Provider Binding", Said("Post")),
            ("Audience", EntityId),
            ("SLS URL", Sls),
            ("Verification Certificate", Certificate),
            ("Sign assertions", Said("on")),
            ("Sign logout requests, Sign logout responses", Said("on")),
        ],
    },
    IdpForm {
        name: "Google Workspace",
        where_it_is: "Admin console → Apps → Web and mobile apps → Add app → Add custom SAML app. It knows \
                      no logout and reads no metadata.",
        fields: &[
            ("ACS URL", Acs),
            ("Entity ID", EntityId),
            ("Signed response", Said("on")),
            ("Name ID format", NameIdFormat),
        ],
    },
    IdpForm {
        name: "JumpCloud",
        where_it_is: "SSO Applications → Add New Application → Custom Application → SAML → SSO. Upload \
                      Metadata takes the file.",
        fields: &[
            ("SP Entity ID", EntityId),
            ("ACS URLs", Acs),
            ("SP Certificate", Certificate),
            ("SAMLSubject NameID Format", NameIdFormat),
            ("Signature Algorithm", Said("RSA-SHA256")),
            ("Sign", Said("Assertion")),
        ],
    },
    IdpForm {
        name: "Keycloak",
        where_it_is: "Clients → Import client, with the file. By hand: Clients → Create client → SAML.",
        fields: &[
            ("Client ID", EntityId),
            ("Valid redirect URIs", Acs),
            ("Name ID format", NameIdFormat),
            ("Sign documents, Sign assertions", Said("on")),
            ("Keys → Client signature required → Import", Certificate),
            ("Advanced → Assertion Consumer Service POST Binding URL", Acs),
            ("Advanced → Logout Service POST Binding URL", Sls),
            ("Advanced → Logout Service Redirect Binding URL", Sls),
        ],
    },
    IdpForm {
        name: "LemonLDAP::NG",
        where_it_is: "Manager → SAML service providers → Add SAML SP → Metadata. It wants the metadata \
                      itself: from the address, or the file's text.",
        fields: &[
            ("Load from URL", MetadataUrl),
            ("Options → Authentication response → Default NameID format", NameIdFormat),
            ("Options → Signature → Check SSO and SLO message signature", Said("On")),
        ],
    },
    IdpForm {
        name: "Microsoft Entra ID",
        where_it_is: "Enterprise applications → New application → Create your own → Single sign-on → SAML. \
                      Upload metadata file takes the file.",
        fields: &[
            ("Identifier (Entity ID)", EntityId),
            ("Reply URL (Assertion Consumer Service URL)", Acs),
            ("Logout Url", Sls),
            ("Attributes & Claims → Unique User Identifier: name identifier format", NameIdFormat),
            ("SAML Certificates → Verification certificates", Certificate),
        ],
    },
    IdpForm {
        name: "Okta",
        where_it_is: "Applications → Create App Integration → SAML 2.0 → Configure SAML. It reads no \
                      metadata.",
        fields: &[
            ("Single sign-on URL", Acs),
            ("Audience URI (SP Entity ID)", EntityId),
            ("Name ID format", NameIdFormat),
            ("Advanced → Signature Certificate", Certificate),
            ("Advanced → Enable Single Logout → Single Logout URL", Sls),
            ("Advanced → Enable Single Logout → SP Issuer", LogoutIssuer),
        ],
    },
    IdpForm {
        name: "OneLogin",
        where_it_is: "Applications → Add App → SAML Custom Connector (Advanced) → Configuration. It reads \
                      no metadata.",
        fields: &[
            ("Audience (EntityID)", EntityId),
            ("Recipient", Acs),
            ("ACS (Consumer) URL Validator", AcsPattern),
            ("ACS (Consumer) URL", Acs),
            ("Single Logout URL", Sls),
            ("SAML initiator", Said("Service Provider")),
            ("SAML nameID format", NameIdFormat),
            ("SAML signature element", Said("Both")),
        ],
    },
    IdpForm {
        name: "PingFederate",
        where_it_is: "Applications → Integration → SP Connections → Create Connection → Browser SSO \
                      Profiles, SAML 2.0. Import Metadata takes the address or the file.",
        fields: &[
            ("Import Metadata → URL", MetadataUrl),
            ("Partner's Entity ID (Connection ID)", EntityId),
            ("Assertion Consumer Service URL: POST, Endpoint URL", Acs),
            ("SLO Service URLs: POST, Endpoint URL", Sls),
            ("Credentials → Signature Verification Settings", Certificate),
        ],
    },
    IdpForm {
        name: "PingOne",
        where_it_is: "Applications → Add Application → SAML Application → Import Metadata, or by hand.",
        fields: &[
            ("ACS URLs", Acs),
            ("Entity ID", EntityId),
            ("SLO Endpoint, SLO Response Endpoint", Sls),
            ("SLO Binding", Said("HTTP POST")),
            ("Signing Key", Said("Sign Assertion & Response")),
            ("Enforce Signed AuthnRequest", Certificate),
        ],
    },
    IdpForm {
        name: "Shibboleth IdP",
        where_it_is: "conf/metadata-providers.xml: a FilesystemMetadataProvider for the file, \
                      or a HTTPMetadataProvider for the address. It wants the metadata itself.",
        fields: &[("HTTPMetadataProvider: metadataURL", MetadataUrl)],
    },
    IdpForm {
        name: "SimpleSAMLphp",
        where_it_is: "Federation → Tools → XML to SimpleSAMLphp metadata converter takes the file's text; \
                      what it gives goes into metadata/saml20-sp-remote.php.",
        fields: &[
            ("$metadata['…']", EntityId),
            ("AssertionConsumerService", Acs),
            ("SingleLogoutService", Sls),
            ("NameIDFormat", NameIdFormat),
            ("certData: the text without its first and last line", Certificate),
            ("sign.logout, validate.authnrequest", Said("true")),
        ],
    },
    IdpForm {
        name: "SPID",
        where_it_is: "Send AgID the address of the metadata; its validator is spid-sp-test. IdPs take it from \
                      the federation's registry.",
        fields: &[
            ("Metadata URL", MetadataUrl),
            ("entityID", EntityId),
            ("AssertionConsumerService 0", Acs),
            ("SingleLogoutService", Sls),
        ],
    },
    IdpForm {
        name: "WSO2 Identity Server",
        where_it_is: "Console → Applications → New Application → Standard-Based Application → SAML, by the \
                      file, the address or Manual.",
        fields: &[
            ("URL Based: Meta URL", MetadataUrl),
            ("Issuer", EntityId),
            ("Assertion consumer service URLs", Acs),
            ("Single Logout Profile → Logout response URL, Logout request URL", Sls),
            ("Name ID format", NameIdFormat),
            ("Certificate", Certificate),
        ],
    },
];
