//! Where the metadata of an IdP comes from, and the keys of who tells of security events there; and when it is
//! looked at again.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use clock::Seconds;
use http::{HttpUrl, Scheme};
use refresh::{Copy, Schedule, Seal, Shelf, Stamp, documents};

use zeroize::Zeroizing;

use crate::files::Files;
use crate::host::{Host, Unusable};
use crate::place::{ConfigError, Given, Place};
use crate::raw::{RawIdp, RawSp};
use crate::warnings::Warnings;

/// Bytes of the longest document that is fetched; a federation's aggregate may be some 50 MB.
pub const DOCUMENT_MAX: u64 = 64 << 20;

/// How often a file is looked at, when nothing else is said.
const FILE_INTERVAL: Seconds = Seconds(10);
/// How often a URL is asked, when nothing else is said.
const URL_INTERVAL: Seconds = Seconds(3600);
/// How often a URL is asked for keys: whoever changes them waits about so long before they sign with new ones.
const KEYS_INTERVAL: Seconds = Seconds(300);
/// For a whole answer, when nothing else is said.
const TIMEOUT: Seconds = Seconds(10);

/// What stands in a URL for the IdP's entityID, percent-encoded.
const ENTITY_ID: &str = "$entity_id";

/// What is in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// Metadata, which `metadata` names.
    Metadata,
    /// The keys of a transmitter, which `events_jwks` names.
    EventKeys,
}

/// What `metadata` or `events_jwks` of one `saml_idp` names.
pub struct MetadataSource<S> {
    /// What is in it.
    pub kind: SourceKind,
    /// The name of the `saml_idp`.
    pub idp: String,
    /// The file or URL, as written.
    pub text: String,
    /// Where it is.
    pub place: SourcePlace<S>,
    /// When it is looked at again; `None` = a file, at a reload.
    pub schedule: Option<Schedule>,
    /// How far off validUntil may be, which must be there then.
    pub max_validity: Option<Seconds>,
    /// For a whole answer.
    pub timeout: Seconds,
}

/// Where metadata is.
pub enum SourcePlace<S> {
    /// In a file of somebody else, or in the files of a folder.
    File {
        /// Its path.
        path: PathBuf,
        /// As it was before it was read.
        stamp: Option<Stamp>,
    },
    /// On a server.
    Url {
        /// The way to it.
        server: S,
        /// Where the last good copy is kept.
        shelf: Shelf,
        /// What the copy is called there.
        copy: String,
    },
}

/// What there is of it at start.
pub(crate) struct Document {
    pub(crate) kind: SourceKind,
    /// The name of the `saml_idp`.
    pub(crate) idp: String,
    /// One; of a folder, several. `None` = it has yet to be fetched.
    pub(crate) octets: Option<Rc<[Vec<u8>]>>,
}

impl Document {
    /// Bytes that have been read.
    pub(crate) fn len(&self) -> usize {
        self.octets.iter().flat_map(|all| all.iter()).map(Vec::len).sum()
    }
}

/// All sources, with what there is already.
pub(crate) struct Sources<S> {
    pub(crate) all: Vec<MetadataSource<S>>,
    pub(crate) documents: Vec<Document>,
}

impl<S> Sources<S> {
    /// Those of these IdPs.
    ///
    /// # Errors
    /// A file or URL that cannot be used, or lines that do not go together.
    pub(crate) fn of<H: Host<MetadataServer = S>>(
        idps: &[RawIdp],
        sps: &[RawSp],
        host: &mut H,
        files: &Files,
        warnings: &mut Warnings,
    ) -> Result<Self, ConfigError> {
        let mut sources = Self { all: Vec::new(), documents: Vec::new() };
        for raw in idps {
            match &raw.metadata {
                Some(given) => sources.add(raw, sps, given, host, files, warnings)?,
                None => without_metadata(raw)?,
            }
            if let Some(given) = &raw.events_jwks {
                sources.add_event_keys(raw, sps, given, host, files, warnings)?;
            }
        }
        Ok(sources)
    }

    fn add<H: Host<MetadataServer = S>>(
        &mut self,
        raw: &RawIdp,
        sps: &[RawSp],
        given: &Given<String>,
        host: &mut H,
        files: &Files,
        warnings: &mut Warnings,
    ) -> Result<(), ConfigError> {
        let given = &for_entity(raw, given)?;
        let is_url = is_url(given);
        if !is_url {
            only_of_urls(raw)?;
        }
        let (place, octets) = if is_url {
            if let Some(Given { value: None, place }) = &raw.metadata_refresh {
                let sentence = "\"metadata_refresh off\" is for a file: what a URL has is fetched when nginx runs";
                return Err(ConfigError::new(place, sentence));
            }
            let remote = Remote {
                directive: "metadata",
                given,
                trusted: raw.metadata_ssl_trusted_certificate.as_ref(),
                verify: raw.metadata_ssl_verify.as_ref().is_none_or(|given| given.value),
                is_signed: !raw.metadata_certificate.is_empty(),
            };
            let (place, copy) = url(raw, sps, &remote, host, files, warnings)?;
            (place, copy.map(|copy| vec![copy.document]))
        } else {
            let path = PathBuf::from(files.full_path(&given.value));
            let stamp = Stamp::of(&path).ok();
            let octets = match path.is_dir() {
                true => of_folder(raw, given, &path)?,
                false => vec![files.read("metadata", given)?],
            };
            (SourcePlace::File { path, stamp }, Some(octets))
        };
        let usual = if is_url { URL_INTERVAL } else { FILE_INTERVAL };
        let interval = raw.metadata_refresh.as_ref().map_or(Some(usual), |given| given.value);
        let source = MetadataSource {
            kind: SourceKind::Metadata,
            idp: raw.name.clone(),
            text: given.value.clone(),
            place,
            schedule: interval.map(|interval| Schedule { interval }),
            max_validity: raw.metadata_max_validity.as_ref().map(|given| given.value),
            timeout: raw.metadata_timeout.as_ref().map_or(TIMEOUT, |given| given.value),
        };
        self.all.push(source);
        let (kind, idp) = (SourceKind::Metadata, raw.name.clone());
        self.documents.push(Document { kind, idp, octets: octets.map(Rc::from) });
        Ok(())
    }

    fn add_event_keys<H: Host<MetadataServer = S>>(
        &mut self,
        raw: &RawIdp,
        sps: &[RawSp],
        given: &Given<String>,
        host: &mut H,
        files: &Files,
        warnings: &mut Warnings,
    ) -> Result<(), ConfigError> {
        let trusted = raw.events_ssl_trusted_certificate.as_ref();
        let (place, octets, interval) = if is_url(given) {
            let (directive, verify, is_signed) = ("events_jwks", true, false);
            let remote = Remote { directive, given, trusted, verify, is_signed };
            let (place, copy) = url(raw, sps, &remote, host, files, warnings)?;
            (place, copy.map(|copy| copy.document), KEYS_INTERVAL)
        } else {
            if let Some(Given { place, .. }) = trusted.filter(|_| raw.events_poll.is_none()) {
                let sentence = "\"events_ssl_trusted_certificate\" is for an \"events_jwks\" that is fetched \
                                from a URL, or for \"events_poll\"; here it is a file, and nothing is polled";
                return Err(ConfigError::new(place, sentence));
            }
            let path = PathBuf::from(files.full_path(&given.value));
            let stamp = Stamp::of(&path).ok();
            let octets = files.read("events_jwks", given)?;
            (SourcePlace::File { path, stamp }, Some(octets), FILE_INTERVAL)
        };
        let (kind, idp) = (SourceKind::EventKeys, raw.name.clone());
        self.all.push(MetadataSource {
            kind,
            idp: idp.clone(),
            text: given.value.clone(),
            place,
            schedule: Some(Schedule { interval }),
            max_validity: None,
            timeout: TIMEOUT,
        });
        self.documents.push(Document { kind, idp, octets: octets.map(|one| [one].into()) });
        Ok(())
    }
}

/// The documents of a folder, which are a federation.
fn of_folder(
    raw: &RawIdp,
    given: &Given<String>,
    path: &Path,
) -> Result<Vec<Vec<u8>>, ConfigError> {
    let error = |why: &str| {
        ConfigError::new(&given.place, format!("\"metadata\" \"{}\": {why}", path.display()))
    };
    if !raw.is_federation() {
        return Err(error(
            "it is a directory; name a file in it, or take all IdPs by \"entity_id *\"",
        ));
    }
    documents(path, DOCUMENT_MAX).map_err(|why| error(&why.to_string()))
}

/// Where a Metadata Query server has each entity at a URL of its own, that of this one.
fn for_entity(raw: &RawIdp, given: &Given<String>) -> Result<Given<String>, ConfigError> {
    if !given.value.contains(ENTITY_ID) {
        return Ok(given.clone());
    }
    let Some(entity_id) = raw.entity_id.as_ref().filter(|_| !raw.is_federation()) else {
        let sentence = format!("\"metadata\" with {ENTITY_ID} needs \"entity_id\", of one IdP");
        return Err(ConfigError::new(&given.place, sentence));
    };
    let encoded: String = form_urlencoded::byte_serialize(entity_id.value.as_bytes()).collect();
    let value = given.value.replace(ENTITY_ID, &encoded.replace('+', "%20"));
    Ok(Given { value, place: given.place.clone() })
}

/// A URL, or the name of a file?
pub(crate) fn is_url(metadata: &Given<String>) -> bool {
    metadata.value.contains("://")
}

/// A document on another server, as its lines have it.
struct Remote<'a> {
    /// The directive that names it.
    directive: &'static str,
    given: &'a Given<String>,
    /// The CAs that are trusted there.
    trusted: Option<&'a Given<String>>,
    /// The server is verified.
    verify: bool,
    /// Somebody known signs it.
    is_signed: bool,
}

fn url<H: Host>(
    raw: &RawIdp,
    sps: &[RawSp],
    remote: &Remote<'_>,
    host: &mut H,
    files: &Files,
    warnings: &mut Warnings,
) -> Result<(SourcePlace<H::MetadataServer>, Option<Copy>), ConfigError> {
    let Remote { directive, given, trusted, verify, is_signed } = *remote;
    let error = |sentence: String| ConfigError::new(&given.place, sentence);
    let url = HttpUrl::parse(&given.value).ok_or_else(|| {
        error(format!(
            "\"{directive}\" \"{}\" is no URL; write it whole, like https://idp.example.com/{}",
            given.value,
            if directive == "metadata" { "metadata" } else { "jwks.json" }
        ))
    })?;
    let is_trusted = url.scheme() == Scheme::Https && verify;
    if !is_trusted && !is_signed {
        let remedy = match directive {
            "metadata" => {
                "use https and \"metadata_ssl_verify on\", or say by \"metadata_certificate\" who signs it"
            }
            _ => "use https",
        };
        return Err(error(format!(
            "\"{directive}\" \"{}\": whoever sits on the way could write what is fetched so; {remedy}",
            given.value
        )));
    }
    let trusted_directive = match directive {
        "metadata" => "metadata_ssl_trusted_certificate",
        _ => "events_ssl_trusted_certificate",
    };
    if let Some(given) = trusted {
        files.read(trusted_directive, given)?;
    }
    let path = trusted.map(|given| files.full_path(&given.value));
    let folder = raw.metadata_cache.as_ref();
    let folder = host.metadata_cache(folder.map(|given| given.value.as_str())).map_err(|why| {
        let place = raw.metadata_cache.as_ref().map_or(&given.place, |given| &given.place);
        ConfigError::new(place, format!("\"metadata_cache\" {why}"))
    })?;
    let server =
        host.metadata_server(&url, path.as_deref(), verify).map_err(|unusable| match unusable {
            Unusable::Tls(why) => ConfigError::new(
                trusted.map_or(&given.place, |given| &given.place),
                format!("\"{trusted_directive}\" cannot be used: {why}"),
            ),
            Unusable::Zone(why) | Unusable::Address { why, .. } => {
                error(format!("\"{directive}\" \"{}\" cannot be fetched: {why}", given.value))
            }
        })?;
    let shelf = Shelf::new(folder, DOCUMENT_MAX, seal(raw, sps, remote, files)?);
    let name = Shelf::name(&raw.name, &given.value);
    let copy = shelf.load(&name).unwrap_or_else(|why| {
        let path = shelf.path(&name);
        let sentence =
            format!("the copy \"{}\" is left, {why}; it is fetched anew", path.display());
        warnings.add(&given.place, sentence);
        None
    });
    Ok((SourcePlace::Url { server, shelf, copy: name }, copy))
}

/// Whoever else may write to the folder (on Debian what runs as www-data) must not make an IdP: a copy is
/// sealed by the keys of the SPs that have it, which only who starts nginx can read. What is signed needs
/// none.
fn seal(
    raw: &RawIdp,
    sps: &[RawSp],
    remote: &Remote<'_>,
    files: &Files,
) -> Result<Seal, ConfigError> {
    let users = || sps.iter().filter(|sp| sp.idp.iter().any(|idp| idp.value == raw.name));
    let mut secrets = Vec::new();
    for key in users().flat_map(|sp| &sp.certificate_key) {
        secrets.push(Zeroizing::new(files.read("certificate_key", key)?));
    }
    let Remote { directive, given, is_signed, .. } = *remote;
    if secrets.is_empty() && !is_signed && users().next().is_some() {
        let or = if directive == "metadata" { ", or \"metadata_certificate\"" } else { "" };
        let sentence = format!(
            "\"{directive}\" \"{}\" needs a \"certificate_key\" in the saml_sp, which seals the copy that \
             is kept{or}",
            given.value
        );
        return Err(ConfigError::new(&given.place, sentence));
    }
    if secrets.is_empty() {
        secrets.push(Zeroizing::new(b"signed".to_vec()));
    }
    Ok(Seal::by(secrets.iter().map(|secret| secret.as_slice())))
}

/// What is of no use for a file is a misunderstanding.
fn only_of_urls(raw: &RawIdp) -> Result<(), ConfigError> {
    match lines_of_urls(raw) {
        None => Ok(()),
        Some((name, place)) => Err(ConfigError::new(
            place,
            format!(
                "\"{name}\" is for a \"metadata\" that is fetched from a URL; here it is a file"
            ),
        )),
    }
}

/// Lines about metadata where there is none.
fn without_metadata(raw: &RawIdp) -> Result<(), ConfigError> {
    let refresh = place("metadata_refresh", &raw.metadata_refresh);
    let validity = place("metadata_max_validity", &raw.metadata_max_validity);
    match refresh.or(validity).or_else(|| lines_of_urls(raw)) {
        Some((name, place)) => {
            Err(ConfigError::new(place, format!("\"{name}\" needs \"metadata\"")))
        }
        None => Ok(()),
    }
}

/// The first line about fetching.
fn lines_of_urls(raw: &RawIdp) -> Option<(&'static str, &Place)> {
    place("metadata_timeout", &raw.metadata_timeout)
        .or_else(|| place("metadata_cache", &raw.metadata_cache).filter(|_| !keys_are_fetched(raw)))
        .or_else(|| place("metadata_ssl_verify", &raw.metadata_ssl_verify))
        .or_else(|| {
            let trusted = &raw.metadata_ssl_trusted_certificate;
            place("metadata_ssl_trusted_certificate", trusted)
        })
}

/// Then their copy is kept, too.
fn keys_are_fetched(raw: &RawIdp) -> bool {
    raw.events_jwks.as_ref().is_some_and(is_url)
}

fn place<'a, T>(
    name: &'static str,
    given: &'a Option<Given<T>>,
) -> Option<(&'static str, &'a Place)> {
    given.as_ref().map(|given| (name, &given.place))
}
