//! The schemas as a table: element, attributes, content.

use crate::namespace::{ASSERTION, PROTOCOL, XMLDSIG};

/// What an element may have and hold. An element without a model may hold anything and is never read.
pub(super) struct Model {
    pub namespace: &'static str,
    pub name: &'static str,
    pub attributes: Attributes,
    pub content: Content,
    pub choices: &'static [Choice],
}

/// The attributes in no namespace.
pub(super) type Attributes = &'static [(&'static str, Rule)];

/// What an attribute must be.
#[derive(Clone, Copy)]
pub(super) enum Rule {
    /// Anything, or absent; or another rule says more.
    Text,
    Required,
    /// xs:dateTime, or absent.
    Instant,
    RequiredInstant,
    /// xs:nonNegativeInteger, or absent.
    Count,
}

pub(super) enum Content {
    /// Anything; only the attributes are read.
    Any,
    /// Character data only.
    Text,
    /// These child elements only.
    Children(&'static [Child]),
    /// These child elements, and any of other namespaces.
    Open(&'static [Child]),
}

pub(super) struct Child {
    pub namespace: &'static str,
    pub name: &'static str,
    pub max: usize,
}

/// How many of these children, taken together, there may be.
pub(super) struct Choice {
    pub names: &'static [&'static str],
    pub min: usize,
    pub max: usize,
}

const fn one(namespace: &'static str, name: &'static str) -> Child {
    Child { namespace, name, max: 1 }
}

const fn many(namespace: &'static str, name: &'static str) -> Child {
    Child { namespace, name, max: usize::MAX }
}

const fn protocol(name: &'static str, attributes: Attributes, content: Content) -> Model {
    Model { namespace: PROTOCOL, name, attributes, content, choices: &[] }
}

const fn assertion(name: &'static str, attributes: Attributes, content: Content) -> Model {
    Model { namespace: ASSERTION, name, attributes, content, choices: &[] }
}

impl Model {
    const fn choosing(mut self, choices: &'static [Choice]) -> Self {
        self.choices = choices;
        self
    }
}

use Content::{Any, Children, Open, Text};
use Rule::{Count, Instant, Required, RequiredInstant};

const TEXT: Rule = Rule::Text;
/// NameIDType (Core 2.2.2).
const NAME_ID: Attributes =
    &[("NameQualifier", TEXT), ("SPNameQualifier", TEXT), ("Format", TEXT), ("SPProvidedID", TEXT)];
/// StatusResponseType (Core 3.2.2).
const STATUS_RESPONSE: Attributes = &[
    ("ID", TEXT),
    ("InResponseTo", TEXT),
    ("Version", TEXT),
    ("IssueInstant", Instant),
    ("Destination", TEXT),
    ("Consent", TEXT),
];
const IDENTIFIER: Choice = Choice { names: &["BaseID", "NameID", "EncryptedID"], min: 0, max: 1 };

/// What there is most of stands first: it is looked for from here on.
pub(super) const MODELS: &[Model] = &[
    assertion(
        "Attribute",
        &[("Name", Required), ("NameFormat", TEXT), ("FriendlyName", TEXT)],
        Children(&[many(ASSERTION, "AttributeValue")]),
    ),
    protocol(
        "Response",
        STATUS_RESPONSE,
        Children(&[
            one(ASSERTION, "Issuer"),
            one(XMLDSIG, "Signature"),
            one(PROTOCOL, "Extensions"),
            one(PROTOCOL, "Status"),
            many(ASSERTION, "Assertion"),
            many(ASSERTION, "EncryptedAssertion"),
        ]),
    ),
    protocol(
        "LogoutRequest",
        &[
            ("ID", TEXT),
            ("Version", TEXT),
            ("IssueInstant", Instant),
            ("Destination", TEXT),
            ("Consent", TEXT),
            ("Reason", TEXT),
            ("NotOnOrAfter", Instant),
        ],
        Children(&[
            one(ASSERTION, "Issuer"),
            one(XMLDSIG, "Signature"),
            one(PROTOCOL, "Extensions"),
            one(ASSERTION, "BaseID"),
            one(ASSERTION, "NameID"),
            one(ASSERTION, "EncryptedID"),
            many(PROTOCOL, "SessionIndex"),
        ]),
    )
    .choosing(&[IDENTIFIER]),
    protocol("SessionIndex", &[], Text),
    protocol(
        "LogoutResponse",
        STATUS_RESPONSE,
        Children(&[
            one(ASSERTION, "Issuer"),
            one(XMLDSIG, "Signature"),
            one(PROTOCOL, "Extensions"),
            one(PROTOCOL, "Status"),
        ]),
    ),
    protocol(
        "ArtifactResponse",
        STATUS_RESPONSE,
        Children(&[
            one(ASSERTION, "Issuer"),
            one(XMLDSIG, "Signature"),
            one(PROTOCOL, "Extensions"),
            one(PROTOCOL, "Status"),
            one(PROTOCOL, "Response"),
        ]),
    ),
    protocol(
        "Status",
        &[],
        Children(&[
            one(PROTOCOL, "StatusCode"),
            one(PROTOCOL, "StatusMessage"),
            one(PROTOCOL, "StatusDetail"),
        ]),
    ),
    protocol("StatusCode", &[("Value", Required)], Children(&[one(PROTOCOL, "StatusCode")])),
    assertion(
        "Assertion",
        &[("ID", TEXT), ("Version", TEXT), ("IssueInstant", Instant)],
        Children(&[
            one(ASSERTION, "Issuer"),
            one(XMLDSIG, "Signature"),
            one(ASSERTION, "Subject"),
            one(ASSERTION, "Conditions"),
            one(ASSERTION, "Advice"),
            many(ASSERTION, "Statement"),
            many(ASSERTION, "AuthnStatement"),
            many(ASSERTION, "AuthzDecisionStatement"),
            many(ASSERTION, "AttributeStatement"),
        ]),
    ),
    assertion("Issuer", NAME_ID, Text),
    assertion("NameID", NAME_ID, Text),
    assertion(
        "Subject",
        &[],
        Children(&[
            one(ASSERTION, "BaseID"),
            one(ASSERTION, "NameID"),
            one(ASSERTION, "EncryptedID"),
            many(ASSERTION, "SubjectConfirmation"),
        ]),
    )
    .choosing(&[IDENTIFIER]),
    assertion(
        "SubjectConfirmation",
        &[("Method", Required)],
        Children(&[
            one(ASSERTION, "BaseID"),
            one(ASSERTION, "NameID"),
            one(ASSERTION, "EncryptedID"),
            one(ASSERTION, "SubjectConfirmationData"),
        ]),
    )
    .choosing(&[IDENTIFIER]),
    assertion(
        "SubjectConfirmationData",
        &[
            ("NotBefore", Instant),
            ("NotOnOrAfter", Instant),
            ("Recipient", TEXT),
            ("InResponseTo", TEXT),
            ("Address", TEXT),
        ],
        Any,
    ),
    // Foreign conditions may stand in for saml:Condition; the rule on conditions refuses them by name.
    assertion(
        "Conditions",
        &[("NotBefore", Instant), ("NotOnOrAfter", Instant)],
        Open(&[
            many(ASSERTION, "Condition"),
            many(ASSERTION, "AudienceRestriction"),
            one(ASSERTION, "OneTimeUse"),
            one(ASSERTION, "ProxyRestriction"),
        ]),
    ),
    assertion("AudienceRestriction", &[], Children(&[many(ASSERTION, "Audience")])),
    assertion("ProxyRestriction", &[("Count", Count)], Children(&[many(ASSERTION, "Audience")])),
    assertion("OneTimeUse", &[], Children(&[])),
    assertion("Audience", &[], Text),
    assertion(
        "AuthnStatement",
        &[
            ("AuthnInstant", RequiredInstant),
            ("SessionIndex", TEXT),
            ("SessionNotOnOrAfter", Instant),
        ],
        Children(&[one(ASSERTION, "SubjectLocality"), one(ASSERTION, "AuthnContext")]),
    )
    .choosing(&[Choice { names: &["AuthnContext"], min: 1, max: 1 }]),
    assertion("SubjectLocality", &[("Address", TEXT), ("DNSName", TEXT)], Children(&[])),
    assertion(
        "AuthnContext",
        &[],
        Children(&[
            one(ASSERTION, "AuthnContextClassRef"),
            one(ASSERTION, "AuthnContextDecl"),
            one(ASSERTION, "AuthnContextDeclRef"),
            many(ASSERTION, "AuthenticatingAuthority"),
        ]),
    )
    .choosing(&[
        Choice { names: &["AuthnContextDecl", "AuthnContextDeclRef"], min: 0, max: 1 },
        Choice {
            names: &["AuthnContextClassRef", "AuthnContextDecl", "AuthnContextDeclRef"],
            min: 1,
            max: 2,
        },
    ]),
    assertion("AuthnContextClassRef", &[], Text),
    assertion("AuthnContextDeclRef", &[], Text),
    assertion("AuthenticatingAuthority", &[], Text),
    assertion(
        "AttributeStatement",
        &[],
        Children(&[many(ASSERTION, "Attribute"), many(ASSERTION, "EncryptedAttribute")]),
    ),
];
