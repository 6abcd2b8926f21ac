//! The last good copies, on disk.
//!
//! The folder is the workers', and others may run as the user that they run as: a copy is sealed, and what
//! somebody else has put there is none.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use http::Validators;
use openssl::sha::sha256;
use serde_json::{Map, Value};

use crate::seal::Seal;

/// Bytes of the line before a document.
const NOTE_MAX: usize = 16 << 10;

/// A folder of copies. All of it blocks: it is for starts, and for threads of their own.
#[derive(Clone)]
pub struct Shelf {
    folder: PathBuf,
    /// Bytes of the longest document.
    longest: u64,
    seal: Seal,
}

/// A document, and how to ask whether there is a newer one (RFC 9110 13.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copy {
    /// As it came.
    pub document: Vec<u8>,
    /// By which a newer one is asked for.
    pub validators: Validators,
}

/// What tells a copy from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    sha256: [u8; 32],
    /// By which a newer one is asked for.
    pub validators: Validators,
}

impl Copy {
    /// What must be remembered of it.
    pub fn known(&self) -> Known {
        Known { sha256: sha256(&self.document), validators: self.validators.clone() }
    }
}

impl Known {
    /// Is the document the very same?
    pub fn is_same(&self, copy: &Copy) -> bool {
        self.sha256 == sha256(&copy.document)
    }
}

impl fmt::Debug for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shelf").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Shelf {
    /// The copies in `folder`, no document longer than `longest` bytes.
    pub fn new(folder: impl Into<PathBuf>, longest: u64, seal: Seal) -> Self {
        Self { folder: folder.into(), longest, seal }
    }

    /// What the copy of the document at `url` is called, for people `label` first.
    pub fn name(label: &str, url: &str) -> String {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let label: String = label.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
        let hash: String =
            sha256(url.as_bytes()).iter().take(8).map(|octet| format!("{octet:02x}")).collect();
        format!("{label}-{hash}")
    }

    /// Where the copy of that name lies: a line of JSON, and behind it the document.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.copy"))
    }

    /// The copy, when there is one.
    ///
    /// # Errors
    /// It cannot be read, is too long, or nobody who has one of the seal's keys has put it there.
    pub fn load(&self, name: &str) -> io::Result<Option<Copy>> {
        let mut octets = match read(&self.path(name), self.longest + NOTE_MAX as u64) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            octets => octets?,
        };
        let strange =
            || io::Error::new(io::ErrorKind::InvalidData, "it is not sealed by a key of ours");
        let end = octets.iter().take(NOTE_MAX).position(|octet| *octet == b'\n');
        let document = octets.split_off(end.ok_or_else(strange)? + 1);
        let note: Map<String, Value> = serde_json::from_slice(&octets).map_err(|_| strange())?;
        let text = |key| note.get(key).and_then(Value::as_str).map(str::to_owned);
        let validators = Validators { etag: text("etag"), last_modified: text("last_modified") };
        let copy = Copy { document, validators };
        let is_ours = self.seal.is_of(&text("seal").unwrap_or_default(), &parts(name, &copy));
        if is_ours { Ok(Some(copy)) } else { Err(strange()) }
    }

    /// Puts the copy in the place of the one before. Whoever reads meanwhile finds either of them.
    ///
    /// # Errors
    /// It cannot be written; the one before is still there.
    pub fn save(&self, name: &str, copy: &Copy) -> io::Result<()> {
        let seal = self.seal.over(&parts(name, copy))?;
        let said = [
            ("seal", Some(&seal)),
            ("etag", copy.validators.etag.as_ref()),
            ("last_modified", copy.validators.last_modified.as_ref()),
        ];
        let said = said.into_iter().filter_map(|(key, value)| Some((key, value?)));
        let note: Map<String, Value> =
            said.map(|(key, value)| (key.to_owned(), Value::from(value.as_str()))).collect();
        let note = format!("{}\n", Value::from(note));
        if note.len() > NOTE_MAX {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "its ETag or Last-Modified is too long",
            ));
        }
        self.replace(&self.path(name), &[note.as_bytes(), &copy.document])
    }

    /// Writes beside it, and renames: on disk before it has its name.
    fn replace(&self, path: &Path, pieces: &[&[u8]]) -> io::Result<()> {
        let mut fresh = path.as_os_str().to_owned();
        fresh.push(format!(".{}", std::process::id()));
        let fresh = PathBuf::from(fresh);
        // What a process of this number has left behind; or a trap, which create_new does not follow.
        let _ = fs::remove_file(&fresh);
        let write = || {
            let mut file =
                OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
            pieces.iter().try_for_each(|piece| file.write_all(piece))?;
            file.sync_all()?;
            fs::rename(&fresh, path)
        };
        write().inspect_err(|_| {
            let _ = fs::remove_file(&fresh);
        })
    }
}

/// What is sealed, in pieces.
fn parts<'a>(name: &'a str, copy: &'a Copy) -> [&'a [u8]; 4] {
    fn text(text: &Option<String>) -> &[u8] {
        text.as_deref().unwrap_or_default().as_bytes()
    }
    let Validators { etag, last_modified } = &copy.validators;
    [name.as_bytes(), text(etag), text(last_modified), &copy.document]
}

/// The whole file, when it is no longer than that. What is no file is not waited for.
///
/// # Errors
/// It cannot be read, is too long, or no file.
pub fn read(path: &Path, longest: u64) -> io::Result<Vec<u8>> {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file"));
    }
    whole(file, longest)
}

fn whole(file: File, longest: u64) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    file.take(longest + 1).read_to_end(&mut octets)?;
    if octets.len() as u64 > longest {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it is longer than {longest} bytes"),
        ));
    }
    Ok(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy(document: &str, etag: Option<&str>) -> Copy {
        let validators = Validators { etag: etag.map(str::to_owned), last_modified: None };
        Copy { document: document.into(), validators }
    }

    fn shelf(folder: &Path) -> Shelf {
        Shelf::new(folder, 100, Seal::by([b"a key".as_slice()]))
    }

    #[test]
    fn what_is_saved_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = shelf(folder.path());
        assert_eq!(shelf.load("corp").unwrap(), None);
        for copy in [
            copy("<a/>\n<b/>", Some("\"one\"")),
            copy("<b/>", None),
            Copy {
                validators: Validators {
                    last_modified: Some("Sun, 29 Nov 2026 10:00:00 GMT".into()),
                    ..Validators::default()
                },
                ..copy("", None)
            },
        ] {
            shelf.save("corp", &copy).unwrap();
            assert_eq!(shelf.load("corp").unwrap(), Some(copy));
        }
        let names: Vec<_> =
            fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["corp.copy"]);
    }

    #[test]
    fn what_somebody_else_has_put_there_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = shelf(folder.path());
        shelf.save("corp", &copy("<a/>", Some("\"one\""))).unwrap();
        let good = fs::read_to_string(shelf.path("corp")).unwrap();
        let (note, _) = good.split_once('\n').unwrap();
        for bad in [
            good.replace("<a/>", "<b/>"),
            good.replace("one", "two"),
            "{}\n<a/>".to_owned(),
            "<a/>".to_owned(),
            "<a/>\n".to_owned(),
            String::new(),
            "\n".repeat(100),
            note.to_owned(),
        ] {
            fs::write(shelf.path("corp"), &bad).unwrap();
            assert!(shelf.load("corp").unwrap_err().to_string().contains("not sealed"), "{bad}");
        }
        // Nor is what is good for another.
        fs::write(shelf.path("corp"), &good).unwrap();
        fs::write(shelf.path("other"), &good).unwrap();
        assert!(shelf.load("corp").is_ok() && shelf.load("other").is_err());
    }

    #[test]
    fn a_key_that_goes_opens_what_it_has_sealed() {
        let folder = tempfile::tempdir().unwrap();
        shelf(folder.path()).save("corp", &copy("<a/>", None)).unwrap();
        let with = |keys: &[&[u8]]| Shelf::new(folder.path(), 100, Seal::by(keys.iter().copied()));
        assert!(with(&[b"new", b"a key"]).load("corp").is_ok());
        assert!(with(&[b"new"]).load("corp").is_err());
        assert!(
            with(&[]).load("corp").is_err() && with(&[]).save("corp", &copy("", None)).is_err()
        );
    }

    #[test]
    fn a_document_that_is_too_long_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = shelf(folder.path());
        fs::write(shelf.path("corp"), "x".repeat(20_000)).unwrap();
        assert!(shelf.load("corp").unwrap_err().to_string().contains("longer than"));
    }

    #[test]
    fn what_is_no_file_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = shelf(folder.path());
        let made = std::process::Command::new("mkfifo").arg(shelf.path("corp")).status().unwrap();
        assert!(made.success());
        assert!(shelf.load("corp").unwrap_err().to_string().contains("no file"));
    }

    #[test]
    fn what_cannot_be_written_leaves_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = shelf(folder.path());
        fs::create_dir(shelf.path("corp")).unwrap();
        assert!(shelf.save("corp", &copy("<b/>", None)).is_err());
        let nowhere = Shelf::new("/nowhere/at/all", 1, Seal::by([b"a key".as_slice()]));
        assert!(nowhere.save("corp", &copy("<b/>", None)).is_err());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing half-written stays behind");
    }

    #[test]
    fn a_link_in_the_way_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = shelf(folder.path());
        let victim = folder.path().join("victim");
        fs::write(&victim, "old").unwrap();
        let trap = format!("{}.{}", shelf.path("corp").display(), std::process::id());
        std::os::unix::fs::symlink(&victim, trap).unwrap();
        shelf.save("corp", &copy("<a/>", None)).unwrap();
        assert_eq!(fs::read_to_string(&victim).unwrap(), "old");
        assert_eq!(shelf.load("corp").unwrap(), Some(copy("<a/>", None)));
    }

    #[test]
    fn names_are_plain_and_tell_urls_apart() {
        let name = Shelf::name("corp/../x", "https://idp.example/metadata");
        assert!(name.starts_with("corp____x-") && name.len() == "corp____x-".len() + 16, "{name}");
        assert_ne!(name, Shelf::name("corp/../x", "https://idp.example/Metadata"));
    }
}
