//! The sessions that there are: of a NameID by its set, others by going through the store, a bounded part in each
//! turn of the event loop.

use std::future::poll_fn;
use std::mem;
use std::task::Poll;

use clock::UnixTime;
use saml::refusal::Refusal;
use session::{LoggedOut, Session, StoreKey};

use super::search::Search;
use crate::identity_token::session_id;
use crate::session_store::{ListedSession, SessionStore};
use crate::sp::Sp;
use crate::visit::Visit;

/// Parts of the store that one request looks at. Who finds nothing in them goes on with another one.
const PARTS: usize = 4096;

/// Any Format, any SessionIndex.
const ALL: LoggedOut<'static> = LoggedOut { name_id_format: None, session_indexes: &[] };

/// What was found.
#[derive(Default)]
pub(super) struct Listing {
    pub rows: Vec<Row>,
    /// Where it goes on; `None` = there is no more.
    pub next: Option<usize>,
    /// The store cannot tell which sessions there are, and no NameID says whose are looked for.
    pub needs_name_id: bool,
}

/// One session.
pub(super) struct Row {
    /// As records and tokens call it.
    pub id: String,
    pub entity_id: String,
    pub name_id: String,
    pub expires: UnixTime,
    /// `None` = this host has not seen it: what it holds is sealed for its browser.
    pub session: Option<Session>,
    /// Does it let its browser in?
    pub counts: bool,
}

pub(super) async fn find<S: SessionStore>(
    visit: &Visit,
    search: &Search<S>,
) -> Result<Listing, Refusal> {
    let can_list = search.sp.sessions.can_list();
    match (&search.idp, &search.name_id) {
        (Some(idp), Some(name_id)) => of_name_id(visit, search, &[idp], name_id).await,
        (None, Some(name_id)) if !can_list => {
            let idps = search.sp.idps.iter().filter_map(|idp| idp.current());
            let idps: Vec<_> = idps.map(|idp| idp.entity_id.clone()).collect();
            let idps: Vec<_> = idps.iter().map(String::as_str).collect();
            of_name_id(visit, search, &idps, name_id).await
        }
        (_, None) if !can_list => Ok(Listing { needs_name_id: true, ..Listing::default() }),
        _ => Ok(of_store(visit, search).await),
    }
}

async fn of_name_id<S: SessionStore>(
    visit: &Visit,
    search: &Search<S>,
    idps: &[&str],
    name_id: &str,
) -> Result<Listing, Refusal> {
    let (sp, now) = (&search.sp, visit.now);
    let mut listing = Listing::default();
    for idp in idps {
        let set = sp.sessions.of_name_id(idp, name_id, now).await?;
        for member in set.covered_by(&ALL, now) {
            let session = sp.sessions.known(&member.key, now);
            if session.is_none() && sp.sessions.can_list() {
                // It has ended, and is in the set still.
                continue;
            }
            if session.as_ref().is_some_and(|session| !search.wants(session, now)) {
                continue;
            }
            listing.rows.push(Row {
                id: session_id(&member.key),
                entity_id: (*idp).to_owned(),
                name_id: name_id.to_owned(),
                expires: member.expires,
                counts: session.as_ref().is_none_or(|session| sp.lets_in(session)),
                session,
            });
        }
    }
    Ok(listing)
}

async fn of_store<S: SessionStore>(visit: &Visit, search: &Search<S>) -> Listing {
    let mut walk = Walk { from: Some(search.from), parts: PARTS };
    let mut listing = Listing::default();
    let mut last = None;
    while let Some(found) = walk.go_on(&search.sp, visit.now).await {
        for ListedSession { place, key, session } in found {
            if listing.rows.len() >= search.limit && last != Some(place) {
                listing.next = Some(place);
                return listing;
            }
            if !search.wants(&session, visit.now) {
                continue;
            }
            last = Some(place);
            listing.rows.push(Row {
                id: session_id(&key),
                entity_id: session.idp.clone(),
                name_id: session.name_id.value.clone(),
                expires: session.expires,
                counts: search.sp.lets_in(&session),
                session: Some(session),
            });
        }
    }
    listing.next = walk.from;
    listing
}

/// The key of a session, found by going through all of the store.
pub(super) async fn key_of<S: SessionStore>(
    sp: &Sp<S>,
    now: UnixTime,
    is_it: impl Fn(&StoreKey, &Session) -> bool,
) -> Option<(StoreKey, UnixTime)> {
    let mut walk = Walk { from: Some(0).filter(|_| sp.sessions.can_list()), parts: usize::MAX };
    while let Some(found) = walk.go_on(sp, now).await {
        if let Some(one) = found.into_iter().find(|one| is_it(&one.key, &one.session)) {
            return Some((one.key, one.session.expires));
        }
    }
    None
}

/// On the way through a store.
struct Walk {
    from: Option<usize>,
    parts: usize,
}

impl Walk {
    /// The next part, in a later turn than the one before; `None` = there is none, or it was far enough.
    async fn go_on<S: SessionStore>(
        &mut self,
        sp: &Sp<S>,
        now: UnixTime,
    ) -> Option<Vec<ListedSession>> {
        let from = self.from.filter(|_| self.parts > 0)?;
        self.parts -= 1;
        next_turn().await;
        let listed = sp.sessions.list(from, now);
        self.from = listed.next;
        Some(listed.sessions)
    }
}

impl<S: SessionStore> Search<S> {
    /// Is it one of those that are looked for? One that has ended is not.
    fn wants(&self, session: &Session, now: UnixTime) -> bool {
        self.ids.iter().any(|id| session.is_valid_for(id, now))
            && self.idp.as_ref().is_none_or(|idp| *idp == session.idp)
            && self.name_id.as_ref().is_none_or(|name_id| *name_id == session.name_id.value)
            && self.older_than.is_none_or(|span| session.created + span <= now)
            && self.address.is_none_or(|prefix| session.address.is_some_and(|one| prefix.has(one)))
            && !self.sp.idps.orders().have_ended(&session.idp, session.created)
    }
}

/// All others have their turn first.
async fn next_turn() {
    let mut has_waited = false;
    poll_fn(|context| match mem::replace(&mut has_waited, true) {
        true => Poll::Ready(()),
        false => {
            context.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await;
}
