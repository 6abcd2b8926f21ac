//! What an operator does: some sessions end, or an IdP is disabled or enabled again. It is told as done when the store
//! has done it, and not before.

use std::collections::HashSet;
use std::rc::Rc;

use clock::{Seconds, UnixTime};
use http::arguments;
use identity::NameId;
use saml::logout::LogoutRequest;
use saml::refusal::{Refusal, quote};
use session::{LoggedOut, Order, Session, StoreKey};

use super::listing::key_of;
use super::search::{entity_of, invalid, sp_called};
use crate::event::{Event, OrderedEnd, What};
use crate::identity_token::session_id;
use crate::random;
use crate::session_store::SessionStore;
use crate::sp::Sp;
use crate::visit::Visit;

/// How long an assertion may be under way, where no policy says it.
const UNDER_WAY: Seconds = Seconds(3600);

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Deed {
    EndSession { idp: String, name_id: String, session: String },
    EndNameId { idp: String, name_id: String },
    EndIdp { idp: String },
    EndAll,
    Switch { idp: String, is_off: bool },
}

/// What it has come to.
#[derive(Default)]
pub(super) struct Done {
    /// As the form calls it.
    pub action: &'static str,
    /// Whose, or which.
    pub idp: Option<String>,
    /// How many sessions ended; `None` = all that there are, uncounted.
    pub sessions: Option<usize>,
    /// The applications were to hear of it, and not all have.
    pub unheard: Option<Refusal>,
}

/// The deed that a form is about, and at which SP.
///
/// # Errors
/// It is none, or of an SP or an IdP that is not there.
pub(super) fn read<S>(form: &[u8], sps: &[Rc<Sp<S>>]) -> Result<(Rc<Sp<S>>, Deed), Refusal> {
    let field = |name: &str| match arguments(form, name).next() {
        Some(value) if !value.is_empty() => Ok(value.into_owned()),
        _ => Err(invalid(format!("the form has no {name}"))),
    };
    let sp = sp_called(Some(&field("sp")?), sps)?;
    let idp = || Ok::<_, Refusal>(entity_of(&sp, &field("idp")?));
    let deed = match field("action")?.as_str() {
        "end_session" => {
            Deed::EndSession { idp: idp()?, name_id: field("name_id")?, session: field("session")? }
        }
        "end_name_id" => Deed::EndNameId { idp: idp()?, name_id: field("name_id")? },
        "end_idp" => {
            let name = field("idp")?;
            if sp.idps.federation(&name).is_some() {
                return Err(invalid(format!(
                    "saml_idp {} is a federation: say which of its IdPs by its entityID",
                    quote(&name)
                )));
            }
            Deed::EndIdp { idp: entity_of(&sp, &name) }
        }
        "end_all" => Deed::EndAll,
        action @ ("disable_idp" | "enable_idp") => {
            let (idp, is_off) = (field("idp")?, action == "disable_idp");
            let block = sp.idps.blocks().find(|block| block.name == idp);
            let block = block.ok_or_else(|| {
                invalid(format!("saml_sp {} has no saml_idp {}", quote(&sp.name), quote(&idp)))
            })?;
            if block.disabled {
                let why = "is disabled in the configuration, which says when it is not";
                return Err(invalid(format!("saml_idp {} {why}", quote(&idp))));
            }
            Deed::Switch { idp, is_off }
        }
        other => return Err(invalid(format!("the action is {}", quote(other)))),
    };
    Ok((sp, deed))
}

impl Deed {
    /// Does it.
    ///
    /// # Errors
    /// The store does not, or not all of it.
    pub(super) async fn carry_out<S: SessionStore>(
        self,
        visit: &Visit,
        sp: &Rc<Sp<S>>,
        operator: &str,
    ) -> Result<Done, Refusal> {
        let now = visit.now;
        let teller = Teller { visit, sp, operator };
        match self {
            Self::EndSession { idp, name_id, session } => {
                let ended = end_session(sp, &idp, &name_id, &session, now).await?;
                teller.ended(&idp, Some(&name_id), Some(&session), Some(ended));
                let unheard = teller.notify(&idp, &name_id, &session, ended).await;
                let sessions = Some(ended);
                Ok(Done { action: "end_session", idp: Some(idp), sessions, unheard })
            }
            Self::EndNameId { idp, name_id } => {
                let ended = end_name_id(sp, &idp, &name_id, now).await?;
                teller.ended(&idp, Some(&name_id), None, Some(ended));
                let unheard = teller.notify(&idp, &name_id, "", ended).await;
                let sessions = Some(ended);
                Ok(Done { action: "end_name_id", idp: Some(idp), sessions, unheard })
            }
            Self::EndIdp { idp } => {
                give(sp, &Order::EndIdp(idp.clone()), now).await?;
                teller.ended(&idp, None, None, None);
                Ok(Done { action: "end_idp", idp: Some(idp), ..Done::default() })
            }
            Self::EndAll => {
                give(sp, &Order::EndAll, now).await?;
                teller.ended("", None, None, None);
                Ok(Done { action: "end_all", ..Done::default() })
            }
            Self::Switch { idp, is_off } => {
                give(sp, &Order::Switch { idp: idp.clone(), is_off }, now).await?;
                teller.switched(&idp, is_off);
                let action = if is_off { "disable_idp" } else { "enable_idp" };
                Ok(Done { action, idp: Some(idp), ..Done::default() })
            }
        }
    }
}

/// Here it holds at once.
async fn give<S: SessionStore>(sp: &Sp<S>, order: &Order, now: UnixTime) -> Result<(), Refusal> {
    sp.sessions.order(order, now).await?;
    sp.heed(now);
    Ok(())
}

/// How many ended: none, when it was gone already.
async fn end_session<S: SessionStore>(
    sp: &Sp<S>,
    idp: &str,
    name_id: &str,
    id: &str,
    now: UnixTime,
) -> Result<usize, Refusal> {
    let is_it = |key: &StoreKey| session_id(key) == id;
    let members = members(sp, idp, name_id, now).await?;
    let of_set = members.into_iter().find(|(key, _)| is_it(key));
    // A small zone may have evicted the set of a NameID before its sessions.
    let found = match of_set {
        Some(found) => Some(found),
        None => {
            key_of(sp, now, |key, session| {
                is_it(key) && session.idp == idp && session.name_id.value == name_id
            })
            .await
        }
    };
    let Some((key, expires)) = found else { return Ok(0) };
    let was_there = !sp.sessions.can_list() || sp.sessions.known(&key, now).is_some();
    end(sp, idp, name_id, &[(key, expires)], now).await?;
    Ok(usize::from(was_there))
}

/// As its IdP would log it out: a login that is under way is ended, too.
async fn end_name_id<S: SessionStore>(
    sp: &Sp<S>,
    idp: &str,
    name_id: &str,
    now: UnixTime,
) -> Result<usize, Refusal> {
    sp.sessions.bury(&logout(sp, idp, name_id, now), now).await?;
    let members = members(sp, idp, name_id, now).await?;
    let there = |key: &StoreKey| sp.sessions.known(key, now).is_some();
    let count = match sp.sessions.can_list() {
        true => members.iter().filter(|(key, _)| there(key)).count(),
        false => members.len(),
    };
    end(sp, idp, name_id, &members, now).await?;
    Ok(count)
}

async fn members<S: SessionStore>(
    sp: &Sp<S>,
    idp: &str,
    name_id: &str,
    now: UnixTime,
) -> Result<Vec<(StoreKey, UnixTime)>, Refusal> {
    let all = LoggedOut { name_id_format: None, session_indexes: &[] };
    let set = sp.sessions.of_name_id(idp, name_id, now).await?;
    Ok(set.covered_by(&all, now).iter().map(|member| (member.key, member.expires)).collect())
}

async fn end<S: SessionStore>(
    sp: &Sp<S>,
    idp: &str,
    name_id: &str,
    sessions: &[(StoreKey, UnixTime)],
    now: UnixTime,
) -> Result<(), Refusal> {
    if sessions.is_empty() {
        return Ok(());
    }
    sp.sessions.end_all(sessions, now).await?;
    let keys: HashSet<StoreKey> = sessions.iter().map(|(key, _)| *key).collect();
    sp.sessions.forget(idp, name_id, &keys, now).await
}

/// The logout that an IdP could have asked for, by the clock here.
fn logout<S>(sp: &Sp<S>, idp: &str, name_id: &str, now: UnixTime) -> LogoutRequest {
    let policy = sp.idps.of_entity(idp).map(|idp| idp.settings().policy.clone());
    let under_way = policy
        .map_or(UNDER_WAY, |policy| Seconds(policy.max_assertion_age.0 + policy.clock_skew.0));
    LogoutRequest {
        id: random::id(),
        issuer: idp.to_owned(),
        name_id: NameId { value: name_id.to_owned(), ..NameId::default() },
        session_indexes: Vec::new(),
        issue_instant: now,
        not_on_or_after: now,
        replay_until: now,
        tombstone_until: now + under_way,
        signed: true,
    }
}

/// Who tells of a deed.
struct Teller<'a, S> {
    visit: &'a Visit,
    sp: &'a Sp<S>,
    operator: &'a str,
}

impl<S: SessionStore> Teller<'_, S> {
    fn ended(
        &self,
        entity_id: &str,
        name_id: Option<&str>,
        session_id: Option<&str>,
        sessions: Option<usize>,
    ) {
        let operator = self.operator;
        let end = OrderedEnd { operator, entity_id, name_id, session_id, sessions };
        let of_whom = match (name_id, entity_id) {
            (Some(_), _) => "one user".to_owned(),
            (None, "") => "all users".to_owned(),
            (None, entity_id) => format!("all users of {}", quote(entity_id)),
        };
        self.note(&format!("ended the sessions of {of_whom}"));
        self.sp.tell(self.visit, entity_id, What::LogoutByOperator(end));
    }

    fn switched(&self, idp: &str, is_off: bool) {
        let done = if is_off { "disabled" } else { "enabled" };
        self.note(&format!("{done} saml_idp {}", quote(idp)));
        let operator = self.operator;
        let what = What::IdpSwitched { operator, is_off };
        let request_id = self.visit.circumstances.request_id();
        self.visit.server.tell(&Event { sp: &self.sp.name, idp, request_id, what });
    }

    fn note(&self, done: &str) {
        let operator = match self.operator {
            "" => "an operator".to_owned(),
            name => format!("operator {}", quote(name)),
        };
        self.visit.server.note(&format!("{operator} {done} at saml_sp {}", quote(&self.sp.name)));
    }

    /// The applications hear of whose sessions ended.
    async fn notify(
        &self,
        idp: &str,
        name_id: &str,
        session_id: &str,
        ended: usize,
    ) -> Option<Refusal> {
        if ended == 0 {
            return None;
        }
        let session = Session {
            idp: idp.to_owned(),
            name_id: NameId { value: name_id.to_owned(), ..NameId::default() },
            sp: self.sp.id,
            created: self.visit.now,
            expires: self.visit.now,
            ..Session::default()
        };
        self.sp.notify(self.visit, session, session_id).await.err()
    }
}
