//! The session record: what an accepted assertion said, and how it is kept in a store.

use std::net::IpAddr;

use clock::UnixTime;
use identity::{Attribute, NameId};

use crate::sp_id::SpId;
use crate::wire::{Reader, Writer};

/// First byte of the stored form; a record of another version is a miss.
const VERSION: u8 = 4;

/// The same bytes of a login that was asked for with ForceAuthn.
const VERSION_FORCED: u8 = 5;

/// As the two before, and between the instants and the attributes the address: its length, and its octets.
const VERSION_WITH_ADDRESS: u8 = 6;
const VERSION_FORCED_WITH_ADDRESS: u8 = 7;

/// Besides, it had the ID of the assertion and the page that the login went to. Read as long as sessions
/// of it may live.
const VERSION_3: u8 = 3;

/// Shortest stored attribute: prefix code, name length, no friendly name, number of values.
const ATTRIBUTE_MIN_LEN: usize = 4;

/// Who is logged in at one `saml_sp`, by whom, since when and until when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// entityID of the IdP that issued the assertion.
    pub idp: String,
    /// The subject, whole: a LogoutRequest must repeat it as received (Core 3.7.1).
    pub name_id: NameId,
    /// `SessionIndex` of the AuthnStatement (Core 2.7.2).
    pub session_index: Option<String>,
    /// `AuthnInstant` of the AuthnStatement.
    pub authn_instant: UnixTime,
    /// `AuthnContextClassRef` (Core 2.7.2.2).
    pub authn_context: Option<String>,
    /// `IssueInstant` of the assertion the session was made from, by the IdP's clock: a logout that the
    /// IdP asks for later ends the session.
    pub issue_instant: UnixTime,
    /// The SP it belongs to; never to be accepted for another.
    pub sp: SpId,
    /// Its login was asked for with ForceAuthn (Core 3.4.1): somebody has signed in for it.
    pub force_authn: bool,
    /// When the session was made.
    pub created: UnixTime,
    /// Absolute end: not valid at this instant any more.
    pub expires: UnixTime,
    /// Where the browser was when it was made; `None` = that is not known, or not to be kept.
    pub address: Option<IpAddr>,
    /// The assertion's attributes in document order.
    pub attributes: Vec<Attribute>,
}

impl Session {
    /// The stored form: a version byte, which says whether it was forced and whether there is an address, then the
    /// fields in order of declaration.
    pub fn encode(&self) -> Vec<u8> {
        let version = match (self.force_authn, self.address) {
            (false, None) => VERSION,
            (true, None) => VERSION_FORCED,
            (false, Some(_)) => VERSION_WITH_ADDRESS,
            (true, Some(_)) => VERSION_FORCED_WITH_ADDRESS,
        };
        let mut writer = Writer::new(version);
        writer.uri(&self.idp);
        write_name_id(&mut writer, &self.name_id);
        writer.option(self.session_index.as_deref(), Writer::string);
        writer.instant(self.authn_instant);
        writer.option(self.authn_context.as_deref(), Writer::uri);
        writer.instant(self.issue_instant);
        writer.sp(&self.sp);
        writer.instant(self.created);
        writer.instant(self.expires);
        if let Some(address) = &self.address {
            writer.address(address);
        }
        writer.count(self.attributes.len());
        for attribute in &self.attributes {
            write_attribute(&mut writer, attribute);
        }
        writer.finish()
    }

    /// Reads the stored form. `None` for another version and for anything malformed, a byte too
    /// many included.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (session, mut reader) = Self::read(bytes)?;
        let attributes = read_attributes(&mut reader)?;
        reader.finish()?;
        Some(Self { attributes, ..session })
    }

    /// Reads the stored form without its attributes, which may be cut off.
    pub fn decode_without_attributes(bytes: &[u8]) -> Option<Self> {
        Some(Self::read(bytes)?.0)
    }

    /// All but the attributes, which the reader has still.
    fn read(bytes: &[u8]) -> Option<(Self, Reader<'_>)> {
        let (&version, _) = bytes.split_first()?;
        let (is_version_3, has_address) = match version {
            VERSION | VERSION_FORCED => (false, false),
            VERSION_WITH_ADDRESS | VERSION_FORCED_WITH_ADDRESS => (false, true),
            VERSION_3 => (true, false),
            _ => return None,
        };
        let mut reader = Reader::new(bytes, version)?;
        let idp = reader.uri()?;
        let name_id = read_name_id(&mut reader)?;
        let session_index = reader.option(Reader::string)?;
        let authn_instant = reader.instant()?;
        let authn_context = reader.option(Reader::uri)?;
        if is_version_3 {
            reader.string()?;
        }
        let issue_instant = reader.instant()?;
        let sp = reader.sp()?;
        let created = reader.instant()?;
        let expires = reader.instant()?;
        if is_version_3 {
            reader.uri()?;
        }
        let address = if has_address { Some(reader.address()?) } else { None };
        let session = Self {
            idp,
            name_id,
            session_index,
            authn_instant,
            authn_context,
            issue_instant,
            sp,
            force_authn: matches!(version, VERSION_FORCED | VERSION_FORCED_WITH_ADDRESS),
            created,
            expires,
            address,
            attributes: Vec::new(),
        };
        Some((session, reader))
    }

    /// Whether the session belongs to `sp` and has not ended at `now`.
    pub fn is_valid_for(&self, sp: &SpId, now: UnixTime) -> bool {
        self.sp == *sp && now < self.expires
    }
}

fn write_name_id(writer: &mut Writer, name_id: &NameId) {
    writer.string(&name_id.value);
    writer.option(name_id.format.as_deref(), Writer::uri);
    writer.option(name_id.name_qualifier.as_deref(), Writer::uri);
    writer.option(name_id.sp_name_qualifier.as_deref(), Writer::uri);
    writer.option(name_id.sp_provided_id.as_deref(), Writer::string);
}

fn read_name_id(reader: &mut Reader<'_>) -> Option<NameId> {
    Some(NameId {
        value: reader.string()?,
        format: reader.option(Reader::uri)?,
        name_qualifier: reader.option(Reader::uri)?,
        sp_name_qualifier: reader.option(Reader::uri)?,
        sp_provided_id: reader.option(Reader::string)?,
    })
}

fn write_attribute(writer: &mut Writer, attribute: &Attribute) {
    writer.uri(&attribute.name);
    writer.option(attribute.friendly_name.as_deref(), Writer::string);
    writer.count(attribute.values.len());
    for value in &attribute.values {
        writer.string(value);
    }
}

fn read_attribute(reader: &mut Reader<'_>) -> Option<Attribute> {
    Some(Attribute {
        name: reader.uri()?,
        friendly_name: reader.option(Reader::string)?,
        values: read_values(reader)?,
    })
}

fn read_attributes(reader: &mut Reader<'_>) -> Option<Vec<Attribute>> {
    let count = reader.count(ATTRIBUTE_MIN_LEN)?;
    (0..count).map(|_| read_attribute(reader)).collect()
}

fn read_values(reader: &mut Reader<'_>) -> Option<Vec<String>> {
    let count = reader.count(1)?;
    (0..count).map(|_| reader.string()).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use clock::Seconds;

    use super::*;

    pub(crate) fn attribute(name: &str, friendly_name: Option<&str>, values: &[&str]) -> Attribute {
        Attribute {
            name: name.into(),
            friendly_name: friendly_name.map(Into::into),
            values: values.iter().map(|value| value.to_string()).collect(),
        }
    }

    pub(crate) fn at(seconds: i64) -> UnixTime {
        UnixTime::from_secs(seconds)
    }

    pub(crate) fn app() -> SpId {
        SpId::new("https://app.example.com/saml/metadata", "https://app.example.com")
    }

    pub(crate) fn wiki() -> SpId {
        SpId::new("https://wiki.example.com/saml/metadata", "https://wiki.example.com")
    }

    /// Ten attributes as a research IdP and Entra ID name them.
    pub(crate) fn typical() -> Session {
        const CLAIMS: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/";
        Session {
            idp: "https://idp.example.com/simplesaml/saml2/idp/metadata.php".into(),
            name_id: NameId {
                value: "_4c7f0c9e3b0b52a6d1f4b1d20f8a1c7be3".into(),
                format: Some("urn:oasis:names:tc:SAML:2.0:nameid-format:transient".into()),
                name_qualifier: None,
                sp_name_qualifier: Some("https://app.example.com/saml/metadata".into()),
                sp_provided_id: None,
            },
            session_index: Some("_f6a2b1f3a3c8f1a0e5d6c7b8a9f0e1d2c3".into()),
            authn_instant: at(1_795_000_000),
            authn_context: Some(
                "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport".into(),
            ),
            issue_instant: at(1_795_000_001),
            sp: app(),
            force_authn: false,
            created: at(1_795_000_002),
            expires: at(1_795_028_802),
            address: Some([192, 0, 2, 7].into()),
            attributes: vec![
                attribute("urn:oid:0.9.2342.19200300.100.1.1", Some("uid"), &["jdoe"]),
                attribute(
                    "urn:oid:0.9.2342.19200300.100.1.3",
                    Some("mail"),
                    &["jane.doe@example.com"],
                ),
                attribute("urn:oid:2.5.4.42", Some("givenName"), &["Jane"]),
                attribute("urn:oid:2.5.4.4", Some("sn"), &["Doe"]),
                attribute(
                    "urn:oid:1.3.6.1.4.1.5923.1.1.1.9",
                    Some("eduPersonScopedAffiliation"),
                    &["member@example.com", "staff@example.com"],
                ),
                attribute(&format!("{CLAIMS}emailaddress"), None, &["jane.doe@example.com"]),
                attribute(&format!("{CLAIMS}name"), None, &["jane.doe@example.com"]),
                attribute(
                    "http://schemas.microsoft.com/identity/claims/tenantid",
                    None,
                    &["9188040d-6c67-4c5b-b112-36a304b66dad"],
                ),
                attribute(
                    "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
                    None,
                    &["0d3c8e1a-7b5f-4f6e-9a2d-1c0b9e8f7a6d", "staff", "vpn-users"],
                ),
                attribute("empty", None, &[]),
            ],
        }
    }

    #[test]
    fn a_session_survives_encoding() {
        let session = typical();
        assert_eq!(Session::decode(&session.encode()), Some(session));
    }

    #[test]
    fn a_bare_session_survives_encoding() {
        let session = Session {
            name_id: NameId {
                value: "Ж\u{0}\n".into(),
                sp_provided_id: Some("jane at app".into()),
                ..NameId::default()
            },
            session_index: None,
            authn_context: None,
            attributes: vec![attribute("", Some(""), &[""])],
            issue_instant: at(-2),
            created: at(-1),
            expires: UnixTime::MAX,
            address: None,
            ..typical()
        };
        assert_eq!(Session::decode(&session.encode()), Some(session));
    }

    /// All fields, in few bytes.
    fn short() -> Session {
        Session {
            idp: "https://idp.example.org".into(),
            name_id: NameId {
                value: "alice".into(),
                format: Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".into()),
                name_qualifier: Some("https://idp.example.org".into()),
                sp_name_qualifier: Some("urn:sp".into()),
                sp_provided_id: Some("a1".into()),
            },
            session_index: Some("s1".into()),
            authn_instant: at(1000),
            authn_context: Some("urn:oasis:names:tc:SAML:2.0:ac:classes:Password".into()),
            issue_instant: at(999),
            sp: SpId::from_bytes(*b"0123456789abcdef"),
            force_authn: false,
            created: at(1001),
            expires: at(-1),
            address: None,
            attributes: vec![
                attribute("urn:oid:2.5.4.42", Some("givenName"), &["Alice", ""]),
                attribute("empty", None, &[]),
            ],
        }
    }

    /// Stores hold such records: changed bytes need another version.
    #[test]
    fn the_bytes_are_those_of_this_version() {
        let bytes: &[u8] = b"\x04\x17\x0fidp.example.org\
            \x05alice\x01\x12\x0apersistent\x01\x17\x0fidp.example.org\x01\x00\x06urn:sp\x01\x02a1\
            \x01\x02s1\xd0\x0f\x01\x14\x08Password\xce\x0f\
            0123456789abcdef\xd2\x0f\x01\
            \x02\x07\x0242\x01\x09givenName\x02\x05Alice\x00\x00\x05empty\x00\x00";
        assert_eq!(short().encode().escape_ascii().to_string(), bytes.escape_ascii().to_string());
        assert_eq!(Session::decode(bytes), Some(short()));
    }

    #[test]
    fn that_a_login_was_forced_is_told_by_the_version() {
        let (plain, forced) = (short(), Session { force_authn: true, ..short() });
        let bytes = forced.encode();
        assert_eq!((bytes[0], &bytes[1..]), (5, &plain.encode()[1..]));
        assert_eq!(Session::decode(&bytes), Some(forced));
    }

    #[test]
    fn an_address_stands_before_the_attributes() {
        let of = |address: &str| Session { address: address.parse().ok(), ..short() };
        let bytes = of("192.0.2.7").encode();
        let (head, attributes) = bytes.split_at(bytes.len() - 33);
        assert_eq!((bytes[0], &head[head.len() - 6..]), (6, &b"\x01\x04\xc0\x00\x02\x07"[..]));
        assert!(short().encode().ends_with(attributes));
        for session in
            [of("192.0.2.7"), of("2001:db8::1"), Session { force_authn: true, ..of("::1") }]
        {
            assert_eq!(Session::decode(&session.encode()), Some(session));
        }
        let wrong = [&head[..head.len() - 5], b"\x05\xc0\x00\x02\x07\x01", attributes].concat();
        assert_eq!(Session::decode(&wrong), None);
    }

    /// As they lie in stores.
    #[test]
    fn records_of_version_3_are_read() {
        let bytes: &[u8] = b"\x03\x17\x0fidp.example.org\
            \x05alice\x01\x12\x0apersistent\x01\x17\x0fidp.example.org\x01\x00\x06urn:sp\x01\x02a1\
            \x01\x02s1\xd0\x0f\x01\x14\x08Password\x02_1\xce\x0f\
            0123456789abcdef\xd2\x0f\x01\x17\x10app.example.com/\
            \x02\x07\x0242\x01\x09givenName\x02\x05Alice\x00\x00\x05empty\x00\x00";
        assert_eq!(Session::decode(bytes), Some(short()));
        for len in 0..bytes.len() {
            assert_eq!(Session::decode(&bytes[..len]), None, "cut at {len}");
        }
        assert_eq!(Session::decode(&[bytes, b"\0"].concat()), None);
    }

    #[test]
    fn ten_attributes_stay_within_the_budget() {
        let len = typical().encode().len();
        assert!(len <= 800, "{len} bytes");
    }

    #[test]
    fn a_record_cut_anywhere_or_with_a_byte_too_many_is_none() {
        let mut bytes = typical().encode();
        for len in 0..bytes.len() {
            assert_eq!(Session::decode(&bytes[..len]), None, "cut at {len}");
        }
        bytes.push(0);
        assert_eq!(Session::decode(&bytes), None);
    }

    #[test]
    fn whose_it_is_stands_before_its_attributes() {
        let session = typical();
        let bytes = session.encode();
        let head = Session { attributes: Vec::new(), ..session };
        let len = head.encode().len() - 1;
        assert_eq!(Session::decode_without_attributes(&bytes[..len]), Some(head.clone()));
        assert_eq!(Session::decode_without_attributes(&bytes), Some(head));
        assert_eq!(Session::decode_without_attributes(&bytes[..len - 1]), None);
    }

    #[test]
    fn another_version_is_none() {
        let mut bytes = typical().encode();
        for version in
            (0..=255).filter(|version| !(VERSION_3..=VERSION_FORCED_WITH_ADDRESS).contains(version))
        {
            bytes[0] = version;
            assert_eq!(Session::decode(&bytes), None);
        }
    }

    #[test]
    fn a_damaged_record_never_panics_and_reads_back_as_itself() {
        let original = typical().encode();
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as usize
        };
        for _ in 0..20_000 {
            let mut bytes = original.clone();
            for _ in 0..1 + random() % 4 {
                let at = random() % bytes.len();
                bytes[at] = random() as u8;
            }
            if let Some(session) = Session::decode(&bytes) {
                assert_eq!(Session::decode(&session.encode()), Some(session));
            }
        }
    }

    #[test]
    fn a_session_is_valid_for_its_own_sp_until_it_ends() {
        let session = typical();
        assert!(session.is_valid_for(&app(), session.expires - Seconds(1)));
        assert!(!session.is_valid_for(&app(), session.expires));
        assert!(!session.is_valid_for(&wiki(), session.created));
    }
}
