use std::sync::LazyLock;

use clock::{Seconds, UnixTime};

use super::*;
use crate::metadata::filter::{MetadataRule, MetadataTest};
use crate::test_credentials::Credential;

const SAML2: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const BINDING: &str = "urn:oasis:names:tc:SAML:2.0:bindings";
const REFEDS: &str = "https://refeds.org/sirtfi";
const ASSURANCE: &str = "urn:oasis:names:tc:SAML:attribute:assurance-certification";

/// The same one each time.
static CERTIFICATE: LazyLock<String> = LazyLock::new(|| Credential::rsa().certificate_text());

/// An aggregate of these entities.
fn aggregate(attributes: &str, entities: &[String]) -> Vec<u8> {
    format!(
        "<md:EntitiesDescriptor xmlns:md=\"{METADATA}\" \
         xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" {attributes}>{}</md:EntitiesDescriptor>",
        entities.concat()
    )
    .into_bytes()
}

fn entity(name: &str, attributes: &str, extensions: &str, role: &str) -> String {
    format!(
        "<md:EntityDescriptor entityID=\"{name}\" {attributes}><md:Extensions>{extensions}\
         </md:Extensions>{role}</md:EntityDescriptor>"
    )
}

fn role(certificate: &str, sso: &str) -> String {
    format!(
        "<md:IDPSSODescriptor WantAuthnRequestsSigned=\"true\" protocolSupportEnumeration=\"{SAML2}\">\
         <md:Extensions><ui:UIInfo xmlns:ui=\"urn:oasis:names:tc:SAML:metadata:ui\">\
         <ui:DisplayName xml:lang=\"en\">Éa &amp; Co</ui:DisplayName></ui:UIInfo><s:Scope regexp=\"true\" \
         xmlns:s=\"urn:mace:shibboleth:metadata:1.0\"> [a-z]+\\.edu </s:Scope></md:Extensions>\
         <md:KeyDescriptor use=\"signing\"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>\n\
         {certificate}\n</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>\
         <md:KeyDescriptor use=\"encryption\"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>\
         {certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo><md:EncryptionMethod \
         Algorithm=\"http://www.w3.org/2009/xmlenc11#aes128-gcm\"/></md:KeyDescriptor>\
         <md:SingleLogoutService Binding=\"{BINDING}:HTTP-POST\" Location=\"https://idp/slo?a=1&amp;b=2\" \
         ResponseLocation=\"https://idp/done\"/>\
         <md:SingleSignOnService Binding=\"{BINDING}:HTTP-Redirect\" Location=\"{sso}\"/>\
         </md:IDPSSODescriptor>"
    )
}

fn plain(name: &str) -> String {
    entity(name, "", "", &role(&CERTIFICATE, "https://idp/sso"))
}

fn sp(name: &str) -> String {
    format!(
        "<md:EntityDescriptor entityID=\"{name}\"><md:SPSSODescriptor \
         protocolSupportEnumeration=\"{SAML2}\"/></md:EntityDescriptor>"
    )
}

fn read(document: &[u8]) -> Result<Federation, MetadataError> {
    Federation::read([document], &MetadataFilter::default(), None)
}

fn kept(documents: &[&[u8]], rules: Vec<MetadataRule>) -> Vec<String> {
    let federation = Federation::read(documents.iter().copied(), &MetadataFilter(rules), None);
    federation.unwrap().members().iter().map(|member| member.entity_id.clone()).collect()
}

fn rule(test: MetadataTest) -> Vec<MetadataRule> {
    vec![MetadataRule { negated: false, test }]
}

fn not(test: MetadataTest) -> Vec<MetadataRule> {
    vec![MetadataRule { negated: true, test }]
}

fn registered(name: &str, by: &str, attributes: &[(&str, &str)]) -> String {
    let attribute = |(name, value): &(&str, &str)| {
        format!(
            "<saml:Attribute Name=\"{name}\"><saml:AttributeValue>other</saml:AttributeValue>\
             <saml:AttributeValue> {value}\n</saml:AttributeValue></saml:Attribute>"
        )
    };
    let attributes: String = attributes.iter().map(attribute).collect();
    let extensions = format!(
        "<rpi:RegistrationInfo xmlns:rpi=\"urn:oasis:names:tc:SAML:metadata:rpi\" \
         registrationAuthority=\"{by}\"/>\
         <attr:EntityAttributes xmlns:attr=\"urn:oasis:names:tc:SAML:metadata:attribute\" \
         xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">{attributes}</attr:EntityAttributes>"
    );
    let role = role(&CERTIFICATE, "https://idp/sso");
    entity(name, "", &extensions, &role)
}

#[test]
fn a_member_says_what_the_document_says_of_it() {
    let p256 = Credential::p256().certificate_text();
    let pem = format!("-----BEGIN CERTIFICATE-----\n{p256}\n-----END CERTIFICATE-----");
    let document = aggregate(
        "validUntil=\"2026-11-21T11:30:00Z\" cacheDuration=\"PT6H\"",
        &[
            plain("https://one"),
            sp("https://sp"),
            entity(
                "urn:a\"b".replace('"', "&quot;").as_str(),
                "",
                "",
                &role(&pem, "https://x/sso"),
            ),
            entity(
                "https://soon",
                "validUntil=\"2026-11-20T00:00:00Z\"",
                "",
                &role(&p256, "https://y/sso?q=&lt;"),
            ),
        ],
    );
    let federation = read(&document).unwrap();
    assert_eq!(federation.members().len(), 3);
    assert_eq!(federation.validity.cache_duration, Some(Seconds(6 * 3600)));
    assert_eq!(federation.validity.until, Some(UnixTime::from_secs(1_795_260_600)));
    for name in ["https://one", "urn:a\"b", "https://soon"] {
        let whole = IdpMetadata::parse(&document, Some(name)).unwrap();
        let own = federation.member(name).unwrap().metadata().unwrap();
        assert_eq!(own.entity_id, whole.entity_id);
        assert_eq!((&own.sso, &own.slo), (&whole.sso, &whole.slo), "{name}");
        let prints = |of: &IdpMetadata| -> Vec<[u8; 32]> {
            of.keys.iter().map(|key| key.key.fingerprint()).collect()
        };
        assert_eq!(prints(&own), prints(&whole), "{name}");
        assert_eq!((own.keys.len(), own.unusable_keys.len()), (1, 0), "{name}");
        assert_eq!(own.encryption_key.is_some(), whole.encryption_key.is_some(), "{name}");
        assert!(own.want_authn_requests_signed);
        assert!(own.scopes.contain("example.edu") && !own.scopes.contain("edu"));
        assert_eq!((&own.ui, own.validity), (&whole.ui, whole.validity), "{name}");
    }
    assert!(federation.member("https://sp").is_none());
}

#[test]
fn a_member_hints_at_its_own_scopes_alone() {
    let hints = "<ui:DiscoHints xmlns:ui=\"urn:oasis:names:tc:SAML:metadata:ui\">\
                 <ui:DomainHint>example.edu</ui:DomainHint><ui:DomainHint>other.example</ui:DomainHint>\
                 </ui:DiscoHints></md:Extensions>";
    let with_hints = plain("https://one").replacen(
        "</md:Extensions><md:KeyDescriptor",
        &format!("{hints}<md:KeyDescriptor"),
        1,
    );
    let federation = read(&aggregate("", &[with_hints])).unwrap();
    assert_eq!(federation.members()[0].ui.domains, ["example.edu"]);
}

#[test]
fn documents_are_one_federation_in_which_the_first_word_counts() {
    let role = role(&CERTIFICATE, "https://other/sso");
    let one = aggregate("", &[plain("https://one"), plain("https://two")]);
    let two = aggregate("", &[entity("https://two", "", "", &role), plain("https://three")]);
    let documents = [one.as_slice(), two.as_slice()];
    let federation = Federation::read(documents, &MetadataFilter::default(), None).unwrap();
    let names: Vec<_> = federation.members().iter().map(|one| one.entity_id.as_str()).collect();
    assert_eq!(names, ["https://one", "https://two", "https://three"]);
    let two = federation.member("https://two").unwrap().metadata().unwrap();
    assert_eq!(two.sso[0].location, "https://idp/sso");
    assert_eq!(federation.warnings.len(), 1);
    assert!(federation.warnings[0].contains("https://two"));
}

#[test]
fn who_was_not_wanted_by_the_first_word_does_not_come_in_by_another() {
    let honest = registered("https://a", "https://registrar", &[("urn:category", "hidden")]);
    let one = aggregate("", &[plain("https://one"), honest]);
    let two =
        aggregate("", &[registered("https://a", "https://registrar", &[]), plain("https://two")]);
    let hidden = MetadataTest::EntityAttribute {
        name: "urn:category".to_owned(),
        values: vec!["hidden".to_owned()],
    };
    assert_eq!(kept(&[&one, &two], not(hidden.clone())), ["https://one", "https://two"]);
    assert_eq!(kept(&[&two, &one], not(hidden)), ["https://a", "https://two", "https://one"]);
}

#[test]
fn each_document_must_end_in_time() {
    const NOW: UnixTime = UnixTime::from_secs(1_795_260_600);
    let day = Some(Seconds(86_400));
    let ending = |end: &str, name| {
        let attributes =
            if end.is_empty() { String::new() } else { format!("validUntil=\"{end}\"") };
        aggregate(&attributes, &[plain(name), plain("https://other")])
    };
    let soon = ending("2026-11-21T12:30:00Z", "https://soon");
    let check = |other: &[u8]| {
        let both = [soon.as_slice(), other];
        let federation = Federation::read(both, &MetadataFilter::default(), None).unwrap();
        federation.check_validity(NOW, day).map_err(|error| error.to_string())
    };
    assert_eq!(check(&ending("2026-11-22T00:00:00Z", "https://a")), Ok(()));
    for (end, expected) in
        [("", "has no validUntil"), ("2036-11-21T00:00:00Z", "metadata_max_validity")]
    {
        let said = check(&ending(end, "https://a")).unwrap_err();
        assert!(said.contains(expected), "{said}");
    }
}

/// Somebody who left is forgotten in a directory, say: the others need their new keys all the same.
#[test]
fn a_document_that_is_past_its_time_ends_alone() {
    const NOW: UnixTime = UnixTime::from_secs(1_795_260_600);
    let past = aggregate("validUntil=\"2026-11-20T00:00:00Z\"", &[plain("https://past")]);
    let good = aggregate("validUntil=\"2026-11-22T00:00:00Z\"", &[plain("https://good")]);
    let endless = aggregate("", &[plain("https://endless")]);
    let read = |documents: &[&[u8]]| {
        Federation::read(documents.iter().copied(), &MetadataFilter::default(), None).unwrap()
    };
    let week = Some(Seconds(604_800));
    let both = read(&[&past, &good]);
    assert_eq!((both.check_validity(NOW, None), both.check_validity(NOW, week)), (Ok(()), Ok(())));
    let of_past = both.member("https://past").unwrap().metadata().unwrap();
    assert!(of_past.validity.check(NOW, None).is_err(), "nobody logs in there");
    assert!(read(&[&past, &endless]).check_validity(NOW, week).is_err());
    for longest in [None, week] {
        let said = read(&[&past, &past]).check_validity(NOW, longest).unwrap_err().to_string();
        assert!(said.contains("past its validUntil"), "{said}");
    }
}

#[test]
fn a_broken_entity_spoils_only_itself() {
    let broken = "<md:EntityDescriptor entityID=\"https://broken\"><a b='1' b='2'/>\
                  </md:EntityDescriptor>";
    let federation =
        read(&aggregate("", &[plain("https://one"), broken.to_owned(), plain("https://two")]));
    let federation = federation.unwrap();
    assert_eq!(federation.members().len(), 2);
    assert!(federation.warnings[0].contains("https://broken"), "{:?}", federation.warnings);
    let no_date = entity("https://x", "validUntil=\"soon\"", "", "");
    assert_eq!(read(&aggregate("", &[plain("https://one"), no_date])).unwrap().members().len(), 1);
}

#[test]
fn a_document_without_an_idp_is_refused_and_says_why() {
    for (document, expected) in [
        (aggregate("", &[sp("https://a"), sp("https://b")]), "none of the 2 entities"),
        (aggregate("", &[sp("https://a")]), "no IDPSSODescriptor"),
        (aggregate("", &[]), "EntityDescriptor"),
        (b"<html/>".to_vec(), "web page"),
        (b"<a><b></a>".to_vec(), "not usable XML"),
    ] {
        let said = read(&document).err().unwrap().to_string();
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn a_filter_leaves_those_that_are_wanted() {
    let document = aggregate(
        "",
        &[
            registered("https://a.example/idp", "https://fed.one", &[(ASSURANCE, REFEDS)]),
            registered("https://b.example/idp", "https://fed.two", &[("urn:x", "y")]),
            plain("https://c.example/shibboleth"),
        ],
    );
    let [a, b, c] =
        ["https://a.example/idp", "https://b.example/idp", "https://c.example/shibboleth"];
    let own = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let by = |words: &[&str]| MetadataTest::RegistrationAuthority(own(words));
    let named = |words: &[&str]| MetadataTest::EntityId(own(words));
    let says = |name: &str, values: &[&str]| MetadataTest::EntityAttribute {
        name: name.to_owned(),
        values: own(values),
    };
    for (rules, expected) in [
        (vec![], vec![a, b, c]),
        (rule(named(&["*/idp"])), vec![a, b]),
        (rule(named(&[b, c])), vec![b, c]),
        (not(named(&[b])), vec![a, c]),
        (rule(by(&["https://fed.one", "https://fed.two"])), vec![a, b]),
        (not(by(&["https://fed.one"])), vec![b, c]),
        (rule(says(ASSURANCE, &[REFEDS])), vec![a]),
        (rule(says("urn:x", &["z", "y"])), vec![b]),
        (rule(says("urn:x", &[])), vec![b]),
        (not(says(ASSURANCE, &[REFEDS])), vec![b, c]),
        ([rule(named(&["*/idp"])), not(by(&["https://fed.one"]))].concat(), vec![b]),
    ] {
        assert_eq!(kept(&[&document], rules.clone()), expected, "{rules:?}");
    }
    let none = Federation::read(
        [document.as_slice()],
        &MetadataFilter(rule(by(&["https://fed.three"]))),
        None,
    );
    let said = none.err().unwrap().to_string();
    assert!(said.contains("leaves none of its 3"), "{said}");
}

#[test]
fn what_changed_is_told() {
    let old = read(&aggregate("", &[plain("https://a"), plain("https://b"), plain("https://c")]));
    let moved = role(&CERTIFICATE, "https://moved/sso");
    let new = aggregate(
        "",
        &[plain("https://a"), entity("https://b", "", "", &moved), plain("https://d")],
    );
    let (old, new) = (old.unwrap(), read(&new).unwrap());
    assert_eq!(
        new.changes_since(&old),
        [
            "1 new: \"https://d\"",
            "1 no longer there: \"https://c\"",
            "1 with other keys or endpoints: \"https://b\"",
        ]
    );
    assert!(new.changes_since(&new).is_empty());
    let many: Vec<_> = (0..7).map(|i| plain(&format!("https://{i}"))).collect();
    let many = read(&aggregate("", &many)).unwrap();
    let said = many.changes_since(&old).join("; ");
    assert!(said.starts_with("7 new: \"https://0\"") && said.contains("\"https://4\" and 2 more"));
}
