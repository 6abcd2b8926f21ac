//! A story as a whole: whose it is, and how long it is kept.

use std::fmt;

use clock::{Seconds, UnixTime};
use serde_json::{Value, json};

/// How long a story is written and kept, and how long a link is good.
pub const LIFETIME: Seconds = Seconds(600);

/// Names a story: random, and known to those alone whom it is shown to, and sealed to the browser.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct StoryId(pub [u8; 16]);

/// Who may see a story: a hash of the administrator's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner(pub [u8; 32]);

/// Why a login is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Its browser has come by the link of an administrator.
    Link(Owner),
    /// It has come from one of the addresses of `saml_debug`.
    Address(String),
}

/// A story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Story {
    /// Names it.
    pub id: StoryId,
    /// Why it was begun.
    pub origin: Origin,
    /// The name of the `saml_sp`.
    pub sp: String,
    /// When.
    pub begun: UnixTime,
    /// How many entries it has.
    pub entries: u16,
}

impl Story {
    /// When it is gone.
    pub fn ends(&self) -> UnixTime {
        self.begun + LIFETIME
    }

    /// May an administrator of this name see it? Who has no name sees none.
    pub fn is_for(&self, owner: Option<Owner>) -> bool {
        match (&self.origin, owner) {
            (Origin::Link(asked), Some(owner)) => *asked == owner,
            (Origin::Address(_), Some(_)) => true,
            (_, None) => false,
        }
    }

    /// Its bytes, but for the ID, which is its key.
    pub fn encode(&self) -> Vec<u8> {
        let (owner, address) = match &self.origin {
            Origin::Link(Owner(owner)) => (Some(hex(owner)), None),
            Origin::Address(address) => (None, Some(address)),
        };
        let story = json!({
            "id": self.id.to_string(), "sp": self.sp, "begun": self.begun.as_secs(), "entries": self.entries,
            "owner": owner, "address": address,
        });
        story.to_string().into_bytes()
    }

    /// What [`Story::encode`] wrote.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(bytes).ok()?;
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let origin = match (text("owner"), text("address")) {
            (Some(owner), None) => Origin::Link(Owner(unhex(owner)?)),
            (None, Some(address)) => Origin::Address(address.to_owned()),
            _ => return None,
        };
        Some(Self {
            id: StoryId::parse(text("id")?)?,
            origin,
            sp: text("sp")?.to_owned(),
            begun: UnixTime::from_secs(value.get("begun")?.as_i64()?),
            entries: value.get("entries")?.as_u64()?.try_into().ok()?,
        })
    }
}

impl StoryId {
    /// As [`StoryId`] is displayed.
    pub fn parse(text: &str) -> Option<Self> {
        unhex(text).map(Self)
    }
}

impl fmt::Display for StoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for StoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let mut octets = [0; N];
    for (number, octet) in octets.iter_mut().enumerate() {
        *octet = u8::from_str_radix(text.get(2 * number..2 * number + 2)?, 16).ok()?;
    }
    Some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn story(origin: Origin) -> Story {
        let begun = UnixTime::from_secs(1_795_260_600);
        Story { id: StoryId([0xa5; 16]), origin, sp: "app\"\u{e9}".to_owned(), begun, entries: 7 }
    }

    #[test]
    fn a_story_comes_back_as_it_went() {
        for origin in [Origin::Link(Owner([0xf0; 32])), Origin::Address("2001:db8::1".to_owned())] {
            let story = story(origin);
            assert_eq!(Story::decode(&story.encode()), Some(story.clone()));
            let encoded = story.encode();
            for end in 0..encoded.len() {
                assert_eq!(Story::decode(&encoded[..end]), None);
            }
        }
        for strange in
            ["{}", "[]", "7", r#"{"id":"00","sp":"a","begun":1,"entries":1,"owner":"00"}"#]
        {
            assert_eq!(Story::decode(strange.as_bytes()), None, "{strange}");
        }
    }

    #[test]
    fn a_link_is_for_who_asked_and_an_address_for_all_who_have_a_name() {
        let (root, other) = (Owner([1; 32]), Owner([2; 32]));
        let of_link = story(Origin::Link(root));
        assert!(
            of_link.is_for(Some(root)) && !of_link.is_for(Some(other)) && !of_link.is_for(None)
        );
        let of_address = story(Origin::Address("192.0.2.7".to_owned()));
        assert!(of_address.is_for(Some(other)) && !of_address.is_for(None));
    }

    #[test]
    fn an_id_is_read_as_it_is_written_and_no_other_way() {
        let id = StoryId([0x0f; 16]);
        assert_eq!(StoryId::parse(&id.to_string()), Some(id));
        for text in ["", "0f", &"g".repeat(32), &"0".repeat(33), &format!("{}é", "0".repeat(30))] {
            assert_eq!(StoryId::parse(text), None, "{text}");
        }
    }
}
