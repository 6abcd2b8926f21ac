use super::*;

const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

fn key(n: u32) -> StoreKey {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&n.to_be_bytes());
    StoreKey(bytes)
}

fn member(n: u32, index: Option<&str>) -> Member {
    Member::new(Some(PERSISTENT), index, key(n), NOW + Seconds(100) + Seconds(n.into()))
}

fn set(members: &[(u32, Option<&str>)]) -> SessionSet {
    let mut set = SessionSet::default();
    for (n, index) in members {
        assert!(set.add(member(*n, *index), MAX_MEMBERS, NOW).is_empty());
    }
    set
}

fn covered(set: &SessionSet, format: Option<&str>, indexes: &[&str]) -> Vec<u32> {
    let indexes: Vec<String> = indexes.iter().map(|index| (*index).to_owned()).collect();
    let request = LoggedOut { name_id_format: format, session_indexes: &indexes };
    let members = set.covered_by(&request, NOW);
    members.iter().map(|m| u32::from_be_bytes(m.key.0[..4].try_into().unwrap())).collect()
}

#[test]
fn a_logout_covers_its_session_indexes_and_no_others() {
    let set = set(&[(1, Some("a")), (2, Some("b")), (3, Some("a")), (4, None)]);
    assert_eq!(covered(&set, Some(PERSISTENT), &["a"]), [1, 3, 4]);
    assert_eq!(covered(&set, Some(PERSISTENT), &["b"]), [2, 4]);
    assert_eq!(covered(&set, Some(PERSISTENT), &["a", "b"]), [1, 2, 3, 4]);
    assert_eq!(covered(&set, Some(PERSISTENT), &["c"]), [4]);
    assert_eq!(covered(&set, Some(PERSISTENT), &[]), [1, 2, 3, 4]);
}

#[test]
fn formats_must_agree_when_both_sides_give_one() {
    let set = set(&[(1, Some("a"))]);
    assert_eq!(covered(&set, Some(TRANSIENT), &["a"]), []);
    assert_eq!(covered(&set, None, &["a"]), [1]);
    assert_eq!(covered(&set, Some(UNSPECIFIED), &["a"]), [1]);
    let mut open = SessionSet::default();
    assert!(
        open.add(Member::new(None, None, key(7), NOW + Seconds(1)), MAX_MEMBERS, NOW).is_empty()
    );
    assert_eq!(covered(&open, Some(TRANSIENT), &[]), [7]);
}

#[test]
fn ended_sessions_are_neither_kept_nor_covered() {
    let mut set = set(&[(1, None), (2, None)]);
    let request = LoggedOut { name_id_format: None, session_indexes: &[] };
    assert_eq!(set.covered_by(&request, NOW + Seconds(101)).len(), 1);
    assert!(set.add(member(9, None), MAX_MEMBERS, NOW + Seconds(102)).is_empty());
    assert_eq!(covered(&set, None, &[]), [9]);
}

#[test]
fn a_full_set_gives_up_what_ends_first_and_says_so() {
    let mut set = SessionSet::default();
    for n in 0..MAX_MEMBERS as u32 {
        assert!(set.add(member(n, None), MAX_MEMBERS, NOW).is_empty());
    }
    let newest = Member::new(None, None, key(1 << 20), NOW + Seconds(1));
    assert_eq!(set.add(newest, MAX_MEMBERS, NOW), [key(0)], "not the new one");
    assert_eq!(set.len(), MAX_MEMBERS);
    assert!(set.encode().len() <= 490 * 1024);
    let left = set.add(member(1 << 21, None), MAX_MEMBERS - 2, NOW);
    assert_eq!(left, [key(2), key(1), key(1 << 20)]);
    assert_eq!(set.add(member(1 << 22, None), 0, NOW).len(), MAX_MEMBERS - 2);
    assert_eq!(set.len(), 1);
}

#[test]
fn the_oldest_comes_first_and_the_ended_not_at_all() {
    let set = set(&[(3, None), (1, None), (2, None)]);
    assert_eq!(set.oldest_first(NOW), [key(1), key(2), key(3)]);
    assert_eq!(set.oldest_first(NOW + Seconds(102)), [key(3)]);
}

#[test]
fn adding_again_replaces_and_removal_removes() {
    let mut set = set(&[(1, Some("a")), (2, Some("b"))]);
    assert!(set.add(member(1, Some("c")), MAX_MEMBERS, NOW).is_empty());
    assert_eq!(covered(&set, None, &["a"]), []);
    assert_eq!(set.len(), 2);
    set.remove(&HashSet::from([key(1)]), NOW);
    assert_eq!(covered(&set, None, &[]), [2]);
}

#[test]
fn copies_merge_to_their_union() {
    let mut one = set(&[(1, Some("a")), (2, Some("b"))]);
    one.merge(set(&[(2, Some("b")), (3, Some("c"))]));
    assert_eq!(covered(&one, None, &[]), [1, 2, 3]);
    assert!(one.contains(&key(3)) && !one.contains(&key(4)));
    assert_eq!(one.expires(), Some(NOW + Seconds(103)));
    assert_eq!(SessionSet::default().expires(), None);
}

#[test]
fn a_set_survives_encoding_and_nothing_else_is_read() {
    let original = set(&[(1, Some("a")), (2, None)]);
    let bytes = original.encode();
    assert_eq!(SessionSet::decode(&bytes), Some(original));
    assert_eq!(SessionSet::decode(&bytes[..bytes.len() - 1]), None);
    assert_eq!(SessionSet::decode(&[]), None);
    for version in (0..=255).filter(|version| *version != VERSION) {
        let mut other = bytes.clone();
        other[0] = version;
        assert_eq!(SessionSet::decode(&other), None);
    }
}

#[test]
fn the_sessions_of_one_authentication_are_found_by_any_of_them() {
    let at = |n: u32, index, instant| member(n, index).of_authentication(instant);
    let (one, two) = (NOW, NOW + SAME_AUTHN_WITHIN + Seconds(1));
    let mut set = set(&[(5, Some("e"))]);
    for member in
        [at(1, Some("a"), one), at(2, Some("b"), one), at(3, Some("c"), two), at(4, None, two)]
    {
        assert!(set.add(member, MAX_MEMBERS, NOW).is_empty());
    }
    let set = SessionSet::decode(&set.encode()).unwrap();
    let related = |index: &str, now| {
        let session_indexes = &[index.to_owned()];
        let named = LoggedOut { name_id_format: None, session_indexes };
        let named = set.covered_by(&named, NOW);
        let all = set.of_authentications(&Authentications::of(&named), now);
        all.iter().map(|member| member.key).collect::<Vec<_>>()
    };
    assert_eq!(related("b", NOW), [key(1), key(2)]);
    assert_eq!(related("c", NOW), [key(3), key(4)]);
    assert_eq!(related("e", NOW), [], "it is not known");
    assert_eq!(related("x", NOW), [], "the one without an index names no authentication");
    assert_eq!(related("b", NOW + Seconds(101)), [key(2)], "the other has ended");
}

#[test]
fn an_authentication_may_be_told_of_some_seconds_apart() {
    let known = Authentications(vec![NOW, NOW + Seconds(100)]);
    for (later, known_then) in [
        (-6, false),
        (-5, true),
        (0, true),
        (5, true),
        (6, false),
        (95, true),
        (105, true),
        (106, false),
    ] {
        assert_eq!(known.have(NOW + Seconds(later)), known_then, "{later}");
    }
    assert!(!Authentications(Vec::new()).have(NOW));
}

#[test]
fn a_set_without_authentications_is_stored_as_ever() {
    let plain = set(&[(1, Some("a")), (2, None)]);
    assert_eq!((plain.encode()[0], plain.encode().len()), (VERSION, 1 + 2 * MEMBER_LEN));
    let mut mixed = plain;
    let new = member(3, None).of_authentication(NOW);
    assert!(mixed.add(new, MAX_MEMBERS, NOW).is_empty());
    let bytes = mixed.encode();
    assert_eq!((bytes[0], bytes.len()), (VERSION_WITH_AUTHN, 1 + 3 * MEMBER_LEN_WITH_AUTHN));
    assert_eq!(SessionSet::decode(&bytes), Some(mixed));
    assert_eq!(SessionSet::decode(&bytes[..bytes.len() - 4]), None);
}
