//! Metadata on another server: one worker fetches it, all take it from the shelf.

use std::rc::Rc;

use ::clock::Msec;
use http::{Answer, HttpUrl, Validators, is_redirect, redirect_target};
use http_client::{Method, Request};
use refresh::{Copy, Known, Lease, Schedule, Shelf, Slot, Staleness};
use saml::metadata::Validity;
use saml::refusal::quote;
use settings::{DOCUMENT_MAX, SourceKind, SourcePlace};
use sp::random;

use super::log;
use super::renewal::{News, Readers, Renewals};
use super::source::Source;
use crate::clock::{monotonic, now};
use crate::event::{Patience, Resource, aside};

/// The media type of metadata (Metadata, appendix A); others are taken as well.
const ACCEPT: &str = "application/samlmetadata+xml, application/xml;q=0.9, */*;q=0.1";

/// That of a JWK Set (RFC 7517 8.5.2).
const ACCEPT_KEYS: &str = "application/jwk-set+json, application/json;q=0.9, */*;q=0.1";

/// Bytes of a JWK Set.
const KEYS_MOST: usize = 1 << 20;

/// Time to judge and to keep what has come.
const AFTERWARDS: Msec = Msec(60_000);

/// Answers that lead elsewhere, one after the other.
const REDIRECTS_MOST: usize = 5;

/// A server as the source has it.
struct Place<'a> {
    server: &'a Resource,
    shelf: &'a Shelf,
    copy: &'a str,
    schedule: Schedule,
}

/// Takes over the copy that another worker has fetched, or fetches it when it is time.
pub(super) fn look(source: &Rc<Source>) {
    let (Some(slot), Some(schedule)) = (source.slot, source.settings.schedule) else { return };
    let longest = Msec::from(schedule.interval);
    if slot.generation() != source.generation.get() {
        source.work(move |source| take_over(source, slot));
    } else if slot.is_due(monotonic(), longest) {
        let span = Msec(Msec::from(source.settings.timeout).0 + AFTERWARDS.0);
        if let Some(lease) = slot.lease(monotonic(), longest, span) {
            source.work(move |source| refresh(source, slot, lease));
        }
    }
}

/// A copy that is on the shelf already was judged by the worker that fetched it; this one comes to the
/// same.
async fn take_over(source: Rc<Source>, slot: &'static Slot) {
    let Some(Place { shelf, copy, .. }) = Place::of(&source) else { return };
    let generation = slot.generation();
    let (shelf, copy, readers) = (shelf.clone(), copy.to_owned(), Readers::of(&source));
    let work = move || {
        let copy = shelf.load(&copy).map_err(|error| error.to_string())?;
        let copy = copy.ok_or_else(|| "it is no longer there".to_owned())?;
        Ok((copy.known(), readers.read(&[copy.document])?))
    };
    // Without a thread it is tried again.
    let Some(read) = aside(work).await else { return };
    source.generation.set(generation);
    let taken: Result<_, String> =
        read.and_then(|(known, read)| adopt(&source, known, Renewals::judge(&source, read)?));
    if let Err(why) = taken {
        log::unusable(&source, &why);
    }
}

/// From now on the followers know what a copy says, and this worker which one it is.
fn adopt(source: &Source, known: Known, renewals: Renewals) -> Result<News, String> {
    let Validity { until, cache_duration } = renewals.validity;
    let news = renewals.take_place()?;
    source.known.replace(Some(known));
    source.staleness.set(Staleness { keep: cache_duration, until });
    Ok(news)
}

/// Fetches, judges, keeps and tells.
async fn refresh(source: Rc<Source>, slot: &'static Slot, lease: Lease) {
    let Some(place) = Place::of(&source) else { return };
    let outcome = match place.fetch(&source).await {
        Ok(fetched) => place.accept(&source, fetched).await,
        Err(why) => Err(why),
    };
    let (dice, schedule) = (u32::from_le_bytes(random::bytes()), place.schedule);
    match outcome {
        Ok((document, news)) => {
            let wait = schedule.after_success(document, now(), dice);
            let generation = slot.succeed(lease, news.is_some(), monotonic(), wait);
            source.generation.set(generation);
            if let Some(news) = news {
                log::news(&source, &news);
            }
        }
        Err(why) => {
            let wait = schedule.after_failure(slot.failures(), dice);
            if slot.fail(lease, &why, monotonic(), wait) {
                log::not_fetched(&source, &why);
            }
        }
    }
}

impl<'a> Place<'a> {
    fn of(source: &'a Source) -> Option<Self> {
        match (&source.settings.place, source.settings.schedule) {
            (SourcePlace::Url { server, shelf, copy }, Some(schedule)) => {
                Some(Self { server, shelf, copy, schedule })
            }
            _ => None,
        }
    }

    /// `None` = it is still the one that is known.
    async fn fetch(&self, source: &Source) -> Result<Option<Copy>, String> {
        let known = source.known.borrow().clone();
        let (accept, max_answer) = match source.settings.kind {
            SourceKind::Metadata => (ACCEPT, usize::try_from(DOCUMENT_MAX).unwrap_or(usize::MAX)),
            SourceKind::EventKeys => (ACCEPT_KEYS, KEYS_MOST),
        };
        let mut headers = vec![("Accept", accept)];
        let validators = known.as_ref().map(|known| known.validators.clone()).unwrap_or_default();
        headers.extend(validators.conditions());
        let request = Request { method: Method::Get, headers: &headers, gzip: true, max_answer };
        let answer = self.follow(source, &request).await?;
        match answer.status {
            200 => Ok(Some(copy(answer))),
            304 if known.is_some() => Ok(None),
            status => Err(format!("the answer has the HTTP status {status}")),
        }
    }

    /// The first answer that does not lead elsewhere, all of them within the timeout.
    async fn follow(&self, source: &Source, request: &Request<'_>) -> Result<Answer, String> {
        let deadline = monotonic() + source.settings.timeout.into();
        let (mut url, mut elsewhere) = (source.settings.text.clone(), None);
        for _ in 0..=REDIRECTS_MOST {
            let server = elsewhere.as_ref().unwrap_or(self.server);
            let answer = server.ask(request, deadline - monotonic(), Patience::Cancelable).await;
            let answer = answer.map_err(|error| error.to_string())?;
            if !is_redirect(answer.status) {
                return Ok(answer);
            }
            let asked = HttpUrl::parse(&url).ok_or("it is asked for at no URL")?;
            let target = redirect_target(&answer, &asked).map_err(|error| error.to_string())?;
            let found = HttpUrl::parse(&target).and_then(|url| self.server.elsewhere(&url));
            elsewhere = Some(found.ok_or_else(|| unreachable(&target))?);
            url = target;
        }
        Err(format!("it redirects more than {REDIRECTS_MOST} times"))
    }

    /// What is new when all can use it.
    async fn accept(
        &self,
        source: &Source,
        fetched: Option<Copy>,
    ) -> Result<(Staleness, Option<News>), String> {
        let known = source.known.borrow().clone();
        let Some(copy) = fetched.filter(|copy| !known.is_some_and(|known| known.is_same(copy)))
        else {
            return Ok((source.staleness.get(), None));
        };
        let readers = Readers::of(source);
        let read = aside(move || {
            let read = readers.read(std::slice::from_ref(&copy.document));
            (copy, read)
        });
        let (copy, read) = read.await.ok_or("there can be no thread")?;
        let renewals = Renewals::judge(source, read?)?;
        let known = copy.known();
        let (shelf, name) = (self.shelf.clone(), self.copy.to_owned());
        let path = shelf.path(&name);
        // Before it takes its place: all workers shall have the same.
        let kept = aside(move || shelf.save(&name, &copy)).await.ok_or("there can be no thread")?;
        kept.map_err(|error| {
            format!("it cannot be kept as \"{}\" for the other workers: {error}", path.display())
        })?;
        let news = adopt(source, known, renewals)?;
        Ok((source.staleness.get(), Some(news)))
    }
}

fn copy(answer: Answer) -> Copy {
    Copy { validators: Validators::of(&answer), document: answer.body }
}

fn unreachable(target: &str) -> String {
    format!(
        "it redirects to another server, {}: name that in \"metadata\", or let nginx find it by \
         \"resolver\"",
        quote(target)
    )
}
