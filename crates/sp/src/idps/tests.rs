use saml::metadata::MetadataFilter;
use saml::provider::{IdpSettings, OwnKeys};
use session::Order;

use super::*;
use crate::test_idps::{current, settings};
use crate::test_sp::NOW;

const ONE: &str = "https://one.example.org";
const TWO: &str = "https://two.example.org";
const NEW: &str = "https://new.example.org";

/// `one`, `two`, and `late`, whose metadata is awaited; that one comes first.
fn idps() -> Idps {
    let mut idps = Idps::default();
    idps.add(Idp::new(settings("late"), None)).unwrap();
    idps.add(Idp::new(settings("one"), Some(current(ONE)))).unwrap();
    idps.add(Idp::new(settings("two"), Some(current(TWO)))).unwrap();
    idps
}

fn named<'a>(idps: &'a Idps, name: &str) -> &'a Rc<Idp> {
    idps.named(name).unwrap()
}

fn name_of(idps: &Idps, entity_id: &str) -> Option<String> {
    idps.of_entity(entity_id).map(|idp| idp.name().to_owned())
}

#[test]
fn they_are_found_in_order_and_by_both_names() {
    let idps = idps();
    let names: Vec<_> = idps.iter().map(|idp| idp.name()).collect();
    assert_eq!(names, ["late", "one", "two"]);
    assert!(named(&idps, "two").is_entity(TWO));
    assert!(idps.named("three").is_none());
    assert_eq!(name_of(&idps, ONE).as_deref(), Some("one"));
    assert_eq!(name_of(&idps, "late"), None);
}

#[test]
fn artifacts_lead_to_whoever_has_the_entity_id_at_present() {
    let idps = idps();
    let name =
        |entity_id: &str| idps.of_source(SourceId::of(entity_id)).map(|idp| idp.name().to_owned());
    assert_eq!(name(TWO).as_deref(), Some("two"));
    assert_eq!((name(NEW), name("late")), (None, None));
    idps.swap(named(&idps, "two"), current(NEW)).unwrap();
    assert_eq!((name(NEW).as_deref(), name(TWO)), (Some("two"), None));
    idps.swap(named(&idps, "late"), current(TWO)).unwrap();
    assert_eq!(name(TWO).as_deref(), Some("late"));
}

#[test]
fn the_default_is_the_first_that_is_known() {
    let idps = idps();
    assert_eq!(idps.default_idp().unwrap().name(), "one");
    idps.swap(named(&idps, "late"), current(NEW)).unwrap();
    assert_eq!(idps.default_idp().unwrap().name(), "late");
}

#[test]
fn one_entity_is_one_idp() {
    let mut idps = idps();
    let twin = SameEntity { twin: "one".into(), entity_id: ONE.into() };
    assert_eq!(idps.add(Idp::new(settings("three"), Some(current(ONE)))), Err(twin.clone()));
    assert_eq!(idps.add(Idp::new(settings("one"), Some(current(ONE)))), Err(twin));
    assert_eq!(idps.iter().count(), 3);
    assert!(idps.named("three").is_none());
}

#[test]
fn an_awaited_idp_that_is_listed_twice_is_one() {
    let mut idps = idps();
    idps.add(Idp::new(settings("late"), None)).unwrap();
    assert_eq!(idps.iter().count(), 3);
    assert_eq!(idps.awaited().detail(), "saml_idp \"late\" has no \"metadata\" yet");
}

#[test]
fn who_has_metadata_is_awaited_no_more() {
    let idps = idps();
    idps.swap(named(&idps, "late"), current(NEW)).unwrap();
    assert_eq!(name_of(&idps, NEW).as_deref(), Some("late"));
    assert!(idps.iter().all(|idp| idp.current().is_some()));
}

#[test]
fn an_idp_that_changes_its_entity_id_is_found_by_the_new_one_only() {
    let idps = idps();
    idps.swap(named(&idps, "one"), current(NEW)).unwrap();
    assert_eq!(name_of(&idps, NEW).as_deref(), Some("one"));
    assert_eq!(name_of(&idps, ONE), None);
    idps.swap(named(&idps, "two"), current(ONE)).unwrap();
    assert_eq!(name_of(&idps, ONE).as_deref(), Some("two"));
}

#[test]
fn an_idp_may_change_and_keep_its_entity_id() {
    let idps = idps();
    let (one, before) = (named(&idps, "one"), named(&idps, "one").current().unwrap());
    idps.swap(one, current(ONE)).unwrap();
    assert_eq!(name_of(&idps, ONE).as_deref(), Some("one"));
    assert!(!Arc::ptr_eq(&before, &one.current().unwrap()));
}

#[test]
fn the_entity_id_of_another_idp_is_refused_and_nothing_changes() {
    let idps = idps();
    let trusted_at = Cell::default();
    assert!(idps.trust(ONE, NOW, &trusted_at));
    let twin = SameEntity { twin: "two".into(), entity_id: TWO.into() };
    assert_eq!(
        twin.to_string(),
        "saml_idp \"two\" is the entity \"https://two.example.org\" already"
    );
    assert_eq!(idps.swap(named(&idps, "one"), current(TWO)), Err(twin));
    assert_eq!(name_of(&idps, ONE).as_deref(), Some("one"));
    assert_eq!(name_of(&idps, TWO).as_deref(), Some("two"));
    assert!(named(&idps, "one").is_entity(ONE));
    assert_eq!(trusted_at.get(), Some(Generation(idps.generation.get())));
}

#[test]
fn trust_lasts_until_an_idp_changes() {
    let idps = idps();
    let (of_one, of_two) = (Cell::default(), Cell::default());
    assert!(idps.trust(ONE, NOW, &of_one) && idps.trust(TWO, NOW, &of_two));
    assert!(idps.trust(ONE, NOW, &of_one));
    idps.swap(named(&idps, "one"), current(NEW)).unwrap();
    assert!(!idps.trust(ONE, NOW, &of_one), "its IdP is called otherwise now");
    assert!(idps.trust(TWO, NOW, &of_two), "its IdP is still there");
    assert_eq!(of_two.get(), Some(Generation(idps.generation.get())));
}

#[test]
fn who_is_no_idp_is_asked_for_each_time() {
    let idps = idps();
    let trusted_at = Cell::default();
    assert!(!idps.trust(NEW, NOW, &trusted_at));
    assert_eq!(trusted_at.get(), None);
    idps.swap(named(&idps, "late"), current(NEW)).unwrap();
    assert!(idps.trust(NEW, NOW, &trusted_at));
}

/// `one`, which is disabled, `late`, which is too and awaited, and `two`.
fn with_disabled() -> Idps {
    let disabled = |name| IdpSettings { disabled: true, ..settings(name) };
    let mut idps = Idps::default();
    idps.add(Idp::new(disabled("one"), Some(current(ONE)))).unwrap();
    idps.add(Idp::new(disabled("late"), None)).unwrap();
    idps.add(Idp::new(settings("two"), Some(current(TWO)))).unwrap();
    idps
}

#[test]
fn a_disabled_idp_is_known_and_neither_trusted_nor_asked() {
    let idps = with_disabled();
    let (of_one, of_two) = (Cell::default(), Cell::default());
    assert!(!idps.trust(ONE, NOW, &of_one) && idps.trust(TWO, NOW, &of_two));
    assert_eq!(of_one.get(), None);
    assert_eq!(name_of(&idps, ONE).as_deref(), Some("one"));
    assert_eq!(idps.default_idp().unwrap().name(), "two");
    let enabled: Vec<_> = idps.enabled().map(|idp| idp.name()).collect();
    assert_eq!(enabled, ["two"]);
    let refusal = named(&idps, "one").check_enabled().unwrap_err();
    assert_eq!(refusal.to_string().split(':').next(), Some("idp_disabled"), "{refusal}");
    assert!(named(&idps, "two").check_enabled().is_ok());
}

#[test]
fn new_metadata_does_not_enable_an_idp() {
    let idps = with_disabled();
    idps.swap(named(&idps, "late"), current(NEW)).unwrap();
    assert!(!idps.trust(NEW, NOW, &Cell::default()));
    assert_eq!(idps.default_idp().unwrap().name(), "two");
}

#[test]
fn a_disabled_idp_is_not_awaited() {
    let mut idps = with_disabled();
    idps.add(Idp::new(settings("later"), None)).unwrap();
    assert_eq!(idps.awaited().detail(), "saml_idp \"later\" has no \"metadata\" yet");
    let mut none = Idps::default();
    none.add(Idp::new(IdpSettings { disabled: true, ..settings("one") }, None)).unwrap();
    assert_eq!(none.awaited().reason(), &reason::IDP_DISABLED);
    assert!(none.default_idp().is_none());
}

#[test]
fn a_disabled_idp_is_offered_to_nobody_and_found_by_who_names_it() {
    let domains = || vec!["example.com".to_owned()];
    let off = IdpSettings { disabled: true, domains: domains(), ..settings("off") };
    let on = IdpSettings { domains: domains(), ..settings("on") };
    let mut idps = Idps::default();
    idps.add(Idp::new(off, Some(current(ONE)))).unwrap();
    idps.add(Idp::new(settings("late"), None)).unwrap();
    idps.add(Idp::new(on, Some(current(TWO)))).unwrap();
    assert_eq!(idps.of_address("jane@example.com").unwrap().name(), "on");
    assert_eq!(idps.offers().map(|offer| offer.name().to_owned()).collect::<Vec<_>>(), ["on"]);
    assert!(!idps.is_choice(), "one is no choice");
    for text in ["off", ONE] {
        let idp = idps.called(text).unwrap();
        assert_eq!(idp.check_enabled().unwrap_err().reason(), &reason::IDP_DISABLED);
    }
}

/// A block that is a whole federation, of these.
fn federation(name: &str, disabled: bool, entity_ids: &[&str]) -> FederatedIdps {
    let entity = |entity_id: &&str| {
        format!(
            "<EntityDescriptor entityID=\"{entity_id}\"><IDPSSODescriptor protocolSupportEnumeration=\"\
             urn:oasis:names:tc:SAML:2.0:protocol\"/></EntityDescriptor>"
        )
    };
    let document = format!(
        "<EntitiesDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\">{}</EntitiesDescriptor>",
        entity_ids.iter().map(entity).collect::<String>()
    );
    let found = Federation::read([document.as_bytes()], &MetadataFilter::default(), None).unwrap();
    let own = OwnKeys { signer: None, decrypts: false };
    let settings = IdpSettings { disabled, ..settings(name) };
    FederatedIdps::new(settings, Arc::default(), own, Some(Arc::new(found)))
}

#[test]
fn of_federations_that_have_the_same_idp_the_first_enabled_one_speaks_for_it() {
    for disabled in [false, true] {
        let mut idps = Idps::default();
        idps.add_federation(federation("national", disabled, &[ONE, NEW]));
        idps.add_federation(federation("world", false, &[ONE, TWO]));
        let offered: Vec<_> = idps.offers().map(|offer| offer.name().to_owned()).collect();
        let expected = if disabled { vec![ONE, TWO] } else { vec![ONE, NEW, TWO] };
        assert_eq!(offered, expected);
        for entity_id in [ONE, TWO, NEW] {
            let is_in = expected.contains(&entity_id);
            let idp = idps.of_entity(entity_id).unwrap();
            assert_eq!(idp.check_enabled().is_ok(), is_in, "{entity_id}");
            assert_eq!(idps.offer(entity_id).is_some(), is_in, "{entity_id}");
            assert_eq!(idps.trust(entity_id, NOW, &Cell::default()), is_in, "{entity_id}");
        }
    }
}

#[test]
fn a_federation_is_switched_off_with_all_of_its_idps() {
    let mut idps = Idps::default();
    idps.add_federation(federation("national", false, &[ONE, NEW]));
    idps.add_federation(federation("world", false, &[TWO]));
    let (of_one, of_two) = (Cell::default(), Cell::default());
    assert!(idps.trust(ONE, NOW, &of_one) && idps.trust(TWO, NOW, &of_two));
    assert!(idps.of_entity(ONE).unwrap().check_enabled().is_ok());
    let mut orders = Orders::default();
    for is_off in [true, false] {
        orders.give(&Order::Switch { idp: "national".to_owned(), is_off }, NOW).unwrap();
        idps.follow(Rc::new(orders.clone()));
        assert_eq!(idps.is_disabled("national"), is_off);
        assert_eq!(idps.trust(ONE, NOW, &of_one), !is_off);
        assert_eq!(idps.of_entity(ONE).unwrap().check_enabled().is_err(), is_off);
        assert_eq!(idps.offers().count(), if is_off { 1 } else { 3 });
        assert!(idps.trust(TWO, NOW, &of_two));
    }
}
