use super::*;
use crate::memory::Taken;
use crate::token::SessionToken;

fn token(number: usize) -> TokenText {
    SessionToken::from_random(openssl::sha::sha256(&number.to_be_bytes())).to_text()
}

fn of_sessions<T>(count: usize) -> TokenCache<T> {
    TokenCache::new(CacheSize::Sessions(count), &Memory::default())
}

fn known<T: Copy>(cache: &mut TokenCache<T>, token: &TokenText) -> Option<T> {
    cache.get(token, |_| true).map(|value| *value)
}

/// Every entry has its place, and there is no other.
#[track_caller]
fn check<T>(cache: &TokenCache<T>) {
    assert_eq!(cache.places.len(), cache.entries.len());
    for (place, entry) in cache.entries.iter().enumerate() {
        assert_eq!(cache.place_of(&entry.token), Some(place));
    }
}

#[test]
fn a_value_is_found_by_its_token_alone() {
    let mut cache = of_sessions(8);
    cache.insert(token(1), "alice");
    assert_eq!(known(&mut cache, &token(1)), Some("alice"));
    for place in 0..token(1).len() {
        for bit in 0..8 {
            let mut other = token(1);
            other[place] ^= 1 << bit;
            assert_eq!(known(&mut cache, &other), None, "{place}, {bit}");
        }
    }
    assert_eq!(known(&mut cache, &token(1)), Some("alice"), "who guesses pushes nobody out");
}

#[test]
fn what_is_good_no_more_is_forgotten() {
    let mut cache = of_sessions(8);
    cache.insert(token(1), "alice");
    assert!(cache.get(&token(1), |value| *value == "bob").is_none());
    assert_eq!(known(&mut cache, &token(1)), None);
    assert_eq!((cache.places.len(), cache.entries.len()), (0, 0));
}

#[test]
fn inserting_again_replaces() {
    let mut cache = of_sessions(8);
    cache.insert(token(1), "alice");
    cache.insert(token(1), "bob");
    assert_eq!(known(&mut cache, &token(1)), Some("bob"));
    check(&cache);
}

#[test]
fn two_tokens_that_begin_alike_do_not_open_each_other() {
    let mut cache = of_sessions(8);
    let mut twin = token(1);
    twin[42] = if twin[42] == b'A' { b'E' } else { b'A' };
    cache.insert(token(1), "alice");
    cache.insert(twin, "bob");
    for (token, value) in [(token(1), "alice"), (twin, "bob")] {
        assert_eq!(known(&mut cache, &token), Some(value));
    }
    check(&cache);
    assert!(cache.get(&twin, |_| false).is_none());
    assert_eq!(known(&mut cache, &token(1)), Some("alice"));
}

#[test]
fn it_stays_bounded_and_keeps_the_newest_and_the_used() {
    let mut cache = of_sessions(64);
    cache.insert(token(0), 0);
    for number in 1..10_000 {
        cache.insert(token(number), number);
        assert_eq!(known(&mut cache, &token(0)), Some(0), "{number}");
        assert!(cache.entries.len() <= 64);
    }
    check(&cache);
    let kept = (1..10_000).filter(|number| known(&mut cache, &token(*number)).is_some());
    assert!(kept.eq(10_000 - 63..10_000));
}

#[test]
fn all_that_it_has_room_for_is_found() {
    let mut cache = of_sessions(10_000);
    for number in 0..10_000 {
        cache.insert(token(number), number);
    }
    assert!((0..10_000).all(|number| known(&mut cache, &token(number)) == Some(number)));
}

/// A monitor, or somebody who tries cookies of a list, comes with ever new sessions.
#[test]
fn those_who_come_once_do_not_push_out_those_who_come_again() {
    let mut cache = of_sessions(4000);
    for number in 0..1000 {
        cache.insert(token(number), number);
    }
    let (mut lost, mut asked) = (0, 0);
    for number in 1000..101_000 {
        cache.insert(token(number), number);
        // Each of the thousand comes once in two thousand new ones.
        if number % 2 == 0 {
            let often = number / 2 % 1000;
            asked += 1;
            if known(&mut cache, &token(often)).is_none() {
                lost += 1;
                cache.insert(token(often), often);
            }
        }
    }
    assert_eq!((asked, lost), (50_000, 0));
}

#[test]
fn however_many_are_used_the_hand_does_not_go_round_all_of_them() {
    let mut cache = of_sessions(20_000);
    for number in 0..20_000 {
        cache.insert(token(number), number);
        assert!(known(&mut cache, &token(number)).is_some());
    }
    cache.insert(token(20_000), 20_000);
    let passed = cache.entries.iter().filter(|entry| !entry.is_used).count();
    assert!(passed <= MOST_PASSED + 2, "{passed}");
    assert_eq!(cache.entries.len(), 20_000);
}

/// What takes so many bytes.
fn taken(memory: &Memory, bytes: usize) -> Taken {
    let taken = memory.take();
    taken.set(bytes);
    taken
}

#[test]
fn together_they_have_a_size_and_the_newest_stays() {
    const MOST: usize = 1 << 20;
    for size in [CacheSize::Bytes(MOST), CacheSize::Sessions(MOST / MEAN_SIZE)] {
        let memory = Memory::default();
        let mut cache = TokenCache::new(size, &memory);
        let sizes = [1, 10_000, MOST / 3, MOST, 2 * MOST, 100, MOST / 2, MOST / 2];
        for number in 0..1000 {
            let bytes = sizes[number % sizes.len()];
            cache.insert(token(number), taken(&memory, bytes));
            assert!(cache.get(&token(number), |_| true).is_some());
            let kept: usize = cache.entries.iter().map(|entry| entry.value.bytes()).sum();
            assert_eq!(memory.bytes(), kept);
            assert!(cache.size() <= MOST || cache.entries.len() == 1, "{number}");
        }
        check(&cache);
    }
}

#[test]
fn what_values_take_later_counts_too() {
    let memory = Memory::default();
    let mut cache = TokenCache::new(CacheSize::Bytes(100_000), &memory);
    for number in 0..10 {
        cache.insert(token(number), taken(&memory, 1000));
    }
    let grown = cache.get(&token(9), |_| true).unwrap();
    grown.set(95_000);
    assert!(cache.get(&token(9), |_| true).is_some());
    assert!(cache.size() <= 100_000 && cache.entries.len() > 1, "{}", cache.size());
    grown.set(200_000);
    assert!(cache.get(&token(9), |_| true).is_some());
    assert_eq!(cache.entries.len(), 1, "one stays, whatever its size");
    check(&cache);
}
