//! What happens at an SP, for who counts and who keeps a record of it.

use std::net::IpAddr;

use clock::UnixTime;
use saml::instant;
use serde_json::Value;
use session::Session;
use status::Happening;

use crate::audit_record::Record;

/// An event.
#[derive(Clone, Copy)]
pub struct Event<'a> {
    /// The name of the `saml_sp` block; empty = it is of none.
    pub sp: &'a str,
    /// The name of the `saml_idp` block, also of a whole federation's; empty = that is not known.
    pub idp: &'a str,
    /// Ties it to pages, the error log and messages; empty = there is no request.
    pub request_id: &'a str,
    /// What has happened.
    pub what: What<'a>,
}

/// What has happened.
#[derive(Clone, Copy)]
pub enum What<'a> {
    /// Somebody has signed in.
    Login(Member<'a>),
    /// Somebody has signed out, here.
    LogoutByUser(Member<'a>),
    /// Their IdP has signed them out.
    LogoutByIdp {
        /// Whom it names.
        name_id: &'a str,
        /// Its entityID.
        entity_id: &'a str,
        /// How many sessions ended.
        sessions: usize,
    },
    /// Who runs the server has signed somebody out.
    LogoutByOperator(OrderedEnd<'a>),
    /// A session is over, and nobody has signed out.
    SessionEnd(SessionEnd<'a>),
    /// They have disabled an IdP, or enabled it again.
    IdpSwitched {
        /// By what name the server knows them; empty = by none.
        operator: &'a str,
        /// Is it disabled?
        is_off: bool,
    },
    /// Something was refused, for the reason of this code.
    Refusal(&'static str),
    /// New metadata has taken its place: what is otherwise than before.
    Metadata(&'a [String]),
}

/// Which sessions an operator has ended.
#[derive(Clone, Copy)]
pub struct OrderedEnd<'a> {
    /// By what name the server knows them; empty = by none.
    pub operator: &'a str,
    /// Of which IdP; empty = of all.
    pub entity_id: &'a str,
    /// Whose; `None` = everybody's.
    pub name_id: Option<&'a str>,
    /// Which one; `None` = all of them.
    pub session_id: Option<&'a str>,
    /// How many; `None` = nobody has counted them.
    pub sessions: Option<usize>,
}

/// A session that is over.
#[derive(Clone, Copy)]
pub struct SessionEnd<'a> {
    /// Whose; `None` = that could not be read any more.
    pub session: Option<&'a Session>,
    /// As [`Member::session_id`].
    pub session_id: &'a str,
    /// By what.
    pub why: WhyEnded,
    /// Since when.
    pub ended: UnixTime,
}

/// By what a session ends when nobody signs out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyEnded {
    /// Nobody has used it for the idle timeout.
    Idle,
    /// It was as old as a session may be, or the IdP lets it be.
    Lifetime,
    /// The browser has signed in anew.
    Replaced,
    /// The store had no room for it.
    Evicted,
}

impl WhyEnded {
    /// For programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Lifetime => "lifetime",
            Self::Replaced => "replaced",
            Self::Evicted => "evicted",
        }
    }
}

/// Somebody with a session.
#[derive(Clone, Copy)]
pub struct Member<'a> {
    /// What the IdP said.
    pub session: &'a Session,
    /// Tells the session from others, in records and in `$saml_jwt`; nobody gets in by it.
    pub session_id: &'a str,
}

impl What<'_> {
    /// As what it is counted; `None` = it is not.
    pub fn counted(&self) -> Option<Happening> {
        Some(match self {
            Self::Login(_) => Happening::Login,
            Self::LogoutByUser(_) => Happening::LogoutByUser,
            Self::LogoutByIdp { .. } => Happening::LogoutByIdp,
            Self::LogoutByOperator(_) => Happening::LogoutByOperator,
            Self::SessionEnd(_) => Happening::SessionEnd,
            Self::Refusal(_) => Happening::Refusal,
            Self::IdpSwitched { .. } | Self::Metadata(_) => return None,
        })
    }

    /// As records name it: what is counted, by the same name.
    pub fn name(&self) -> &'static str {
        match (self.counted(), self) {
            (Some(happening), _) => happening.name(),
            (None, Self::IdpSwitched { is_off: true, .. }) => "idp_disabled",
            (None, Self::IdpSwitched { .. }) => "idp_enabled",
            (None, _) => "metadata",
        }
    }

    /// Its last label; empty = it has none.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Refusal(code) => code,
            Self::SessionEnd(end) => end.why.name(),
            _ => "",
        }
    }
}

impl Event<'_> {
    /// A record of it. `name_id` says how a NameID is written, and whether; `address`
    /// is the client's.
    pub fn record(
        &self,
        now: UnixTime,
        address: Option<IpAddr>,
        name_id: impl Fn(&str) -> Option<String>,
    ) -> Record {
        let mut record = Record::new();
        let mut put = |field: &'static str, value: Option<Value>| record.put(field, value);
        let text = |text: &str| (!text.is_empty()).then(|| Value::from(text));
        put("time", Some(instant::format(now).into()));
        put("event", Some(self.what.name().into()));
        put("sp", text(self.sp));
        put("idp", text(self.idp));
        match self.what {
            What::Login(Member { session, session_id })
            | What::LogoutByUser(Member { session, session_id }) => {
                put("entity_id", text(&session.idp));
                put("name_id", name_id(&session.name_id.value).map(Value::from));
                put("session", text(session_id));
                put("authn_context", session.authn_context.as_deref().and_then(text));
            }
            What::LogoutByIdp { name_id: named, entity_id, sessions } => {
                put("entity_id", text(entity_id));
                put("name_id", name_id(named).map(Value::from));
                put("sessions", Some(sessions.into()));
            }
            What::LogoutByOperator(end) => {
                put("operator", text(end.operator));
                put("entity_id", text(end.entity_id));
                put("name_id", end.name_id.and_then(&name_id).map(Value::from));
                put("session", end.session_id.and_then(text));
                put("sessions", end.sessions.map(Value::from));
            }
            What::SessionEnd(end) => {
                if let Some(session) = end.session {
                    put("entity_id", text(&session.idp));
                    put("name_id", name_id(&session.name_id.value).map(Value::from));
                    put("began", Some(instant::format(session.created).into()));
                }
                put("session", text(end.session_id));
                put("why", Some(end.why.name().into()));
                put("ended", Some(instant::format(end.ended).into()));
            }
            What::IdpSwitched { operator, .. } => put("operator", text(operator)),
            What::Refusal(code) => put("reason", text(code)),
            What::Metadata(changes) => put("changes", Some(changes.to_vec().into())),
        }
        put("client", address.map(|address| address.to_string().into()));
        put("request_id", text(self.request_id));
        record
    }
}

#[cfg(test)]
mod tests {
    use identity::NameId;

    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_795_260_600);

    fn record(what: What<'_>) -> Value {
        let event = Event { sp: "app", idp: "corp", request_id: "_1f", what };
        let address = Some(IpAddr::from([192, 0, 2, 7]));
        let line = event.record(NOW, address, |name_id| Some(format!("<{name_id}>"))).json();
        assert!(line.is_ascii() && line.matches('\n').count() == 1, "{line}");
        serde_json::from_str(&line).unwrap()
    }

    #[test]
    fn a_member_is_told_of_by_what_the_idp_said() {
        let session = Session {
            idp: "https://idp.example".to_owned(),
            name_id: NameId {
                value: "jane\n\"x\"\u{2028}\u{202e}\u{85}".to_owned(),
                ..NameId::default()
            },
            authn_context: Some("urn:mfa".to_owned()),
            session_index: Some("_secret".to_owned()),
            ..Session::default()
        };
        let record = record(What::Login(Member { session: &session, session_id: "00ff" }));
        let expected = serde_json::json!({
            "time": "2026-11-21T11:30:00Z", "event": "login", "sp": "app", "idp": "corp",
            "entity_id": "https://idp.example", "name_id": "<jane\n\"x\"\u{2028}\u{202e}\u{85}>", "session": "00ff",
            "authn_context": "urn:mfa", "client": "192.0.2.7", "request_id": "_1f",
        });
        assert_eq!(record, expected);
    }

    #[test]
    fn what_an_operator_does_has_their_name_and_whom_it_is_about() {
        let end = OrderedEnd {
            operator: "root",
            entity_id: "urn:idp",
            name_id: Some("jane"),
            session_id: Some("00ff"),
            sessions: Some(1),
        };
        let told = record(What::LogoutByOperator(end));
        assert_eq!(
            (&told["event"], &told["operator"]),
            (&"logout_by_operator".into(), &"root".into())
        );
        assert_eq!((&told["name_id"], &told["session"]), (&"<jane>".into(), &"00ff".into()));
        let all = OrderedEnd { name_id: None, session_id: None, sessions: None, ..end };
        let told = record(What::LogoutByOperator(all));
        assert!(["name_id", "session", "sessions"].iter().all(|name| told.get(name).is_none()));
        let switched = record(What::IdpSwitched { operator: "root", is_off: true });
        assert_eq!(
            (&switched["event"], &switched["operator"]),
            (&"idp_disabled".into(), &"root".into())
        );
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let event = Event { sp: "", idp: "", request_id: "", what: What::Refusal("login_loop") };
        let line = event.record(NOW, None, |_| None).json();
        let expected =
            "{\"event\":\"refusal\",\"reason\":\"login_loop\",\"time\":\"2026-11-21T11:30:00Z\"}\n";
        assert_eq!(line, expected);
    }

    #[test]
    fn a_session_that_is_over_is_told_of_with_why() {
        let session = Session {
            idp: "urn:idp".to_owned(),
            name_id: NameId { value: "jane".to_owned(), ..NameId::default() },
            created: NOW - clock::Seconds(60),
            ..Session::default()
        };
        let (why, ended) = (WhyEnded::Idle, NOW - clock::Seconds(1));
        let end = SessionEnd { session: Some(&session), session_id: "00ff", why, ended };
        let what = What::SessionEnd(end);
        assert_eq!((what.name(), what.reason()), ("session_end", "idle"));
        let expected = serde_json::json!({
            "time": "2026-11-21T11:30:00Z", "event": "session_end", "sp": "app", "idp": "corp",
            "entity_id": "urn:idp", "name_id": "<jane>", "session": "00ff", "why": "idle",
            "began": "2026-11-21T11:29:00Z", "ended": "2026-11-21T11:29:59Z",
            "client": "192.0.2.7", "request_id": "_1f",
        });
        assert_eq!(record(what), expected);
        let unread = record(What::SessionEnd(SessionEnd { session: None, ..end }));
        assert_eq!((unread.get("name_id"), &unread["session"]), (None, &"00ff".into()));
    }

    #[test]
    fn who_is_signed_out_by_their_idp_and_what_metadata_brings() {
        let what = What::LogoutByIdp { name_id: "jane", entity_id: "urn:idp", sessions: 2 };
        let told = record(what);
        assert_eq!((&told["sessions"], &told["name_id"]), (&2.into(), &"<jane>".into()));
        let changes = ["a key less".to_owned()];
        assert_eq!(record(What::Metadata(&changes))["changes"][0], "a key less");
    }
}
