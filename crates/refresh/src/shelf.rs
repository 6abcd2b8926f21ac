//! The last good copies, on disk.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use openssl::sha::sha256;
use serde_json::{Map, Value};

/// Bytes of what stands beside a document.
const NOTE_MAX: u64 = 16 << 10;

/// A folder of copies. All of it blocks: it is for starts, and for threads of their own.
#[derive(Clone, Debug)]
pub struct Shelf {
    folder: PathBuf,
    /// Bytes of the longest document.
    longest: u64,
}

/// A document, and how to ask whether there is a newer one (RFC 9110 13.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copy {
    /// As it came.
    pub document: Vec<u8>,
    /// ETag, as it came.
    pub etag: Option<String>,
    /// Last-Modified, as it came.
    pub last_modified: Option<String>,
}

/// What tells a copy from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    sha256: [u8; 32],
    /// ETag, as it came.
    pub etag: Option<String>,
    /// Last-Modified, as it came.
    pub last_modified: Option<String>,
}

impl Copy {
    /// What must be remembered of it.
    pub fn known(&self) -> Known {
        let Self { document, etag, last_modified } = self;
        let (etag, last_modified) = (etag.clone(), last_modified.clone());
        Known { sha256: sha256(document), etag, last_modified }
    }
}

impl Known {
    /// Is the document the very same?
    pub fn is_same(&self, copy: &Copy) -> bool {
        self.sha256 == sha256(&copy.document)
    }
}

impl Shelf {
    /// The copies in `folder`, no document longer than `longest` bytes.
    pub fn new(folder: impl Into<PathBuf>, longest: u64) -> Self {
        Self { folder: folder.into(), longest }
    }

    /// What the copy of the document at `url` is called, for people `label` first.
    pub fn name(label: &str, url: &str) -> String {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let label: String = label.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
        let hash: String =
            sha256(url.as_bytes()).iter().take(8).map(|octet| format!("{octet:02x}")).collect();
        format!("{label}-{hash}")
    }

    /// Where the document of that name lies.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.xml"))
    }

    /// The copy, when there is one. What is known of a document is forgotten when it is not that of
    /// this document.
    ///
    /// # Errors
    /// It cannot be read, or is too long.
    pub fn load(&self, name: &str) -> io::Result<Option<Copy>> {
        let document = match read(&self.path(name), self.longest) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            document => document?,
        };
        let note = read(&self.note(name), NOTE_MAX).unwrap_or_default();
        let note: Map<String, Value> = serde_json::from_slice(&note).unwrap_or_default();
        let text = |key| note.get(key).and_then(Value::as_str).map(str::to_owned);
        if text("sha256") != Some(hex(&document)) {
            return Ok(Some(Copy { document, ..Copy::default() }));
        }
        Ok(Some(Copy { document, etag: text("etag"), last_modified: text("last_modified") }))
    }

    /// Puts the copy in the place of the one before. Whoever reads meanwhile finds either of them.
    ///
    /// # Errors
    /// It cannot be written; the one before is still there.
    pub fn save(&self, name: &str, copy: &Copy) -> io::Result<()> {
        let mut note = Map::new();
        let mut say = |key: &str, value: &Option<String>| {
            if let Some(value) = value {
                note.insert(key.to_owned(), Value::from(value.as_str()));
            }
        };
        say("sha256", &Some(hex(&copy.document)));
        say("etag", &copy.etag);
        say("last_modified", &copy.last_modified);
        // First, because it is of no use with another document.
        self.replace(&self.note(name), Value::from(note).to_string().as_bytes())?;
        self.replace(&self.path(name), &copy.document)
    }

    fn note(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.json"))
    }

    /// Writes beside it, and renames: on disk before it has its name.
    fn replace(&self, path: &Path, octets: &[u8]) -> io::Result<()> {
        let mut fresh = path.as_os_str().to_owned();
        fresh.push(format!(".{}", std::process::id()));
        let fresh = PathBuf::from(fresh);
        // What a process of this number has left behind; or a trap, which create_new does not follow.
        let _ = fs::remove_file(&fresh);
        let write = || {
            let mut file =
                OpenOptions::new().write(true).create_new(true).mode(0o644).open(&fresh)?;
            file.write_all(octets)?;
            file.sync_all()?;
            fs::rename(&fresh, path)
        };
        write().inspect_err(|_| {
            let _ = fs::remove_file(&fresh);
        })
    }
}

/// The whole file, when it is no longer than that. It blocks.
///
/// # Errors
/// It cannot be read, or is too long.
pub fn read(path: &Path, longest: u64) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    File::open(path)?.take(longest + 1).read_to_end(&mut octets)?;
    if octets.len() as u64 > longest {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it is longer than {longest} bytes"),
        ));
    }
    Ok(octets)
}

fn hex(octets: &[u8]) -> String {
    sha256(octets).iter().map(|octet| format!("{octet:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy(document: &str, etag: Option<&str>) -> Copy {
        Copy { document: document.into(), etag: etag.map(str::to_owned), last_modified: None }
    }

    #[test]
    fn what_is_saved_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(folder.path(), 100);
        assert_eq!(shelf.load("corp").unwrap(), None);
        for copy in [
            copy("<a/>", Some("\"one\"")),
            copy("<b/>", None),
            Copy { last_modified: Some("Sun, 29 Nov 2026 10:00:00 GMT".into()), ..copy("", None) },
        ] {
            shelf.save("corp", &copy).unwrap();
            assert_eq!(shelf.load("corp").unwrap(), Some(copy));
        }
        let mut names: Vec<_> =
            fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["corp.json", "corp.xml"]);
    }

    #[test]
    fn the_tag_of_another_document_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(folder.path(), 100);
        shelf.save("corp", &copy("<a/>", Some("\"one\""))).unwrap();
        fs::write(shelf.path("corp"), "<b/>").unwrap();
        assert_eq!(shelf.load("corp").unwrap(), Some(copy("<b/>", None)));
        for note in ["", "{", "[]", "{\"sha256\": 1}"] {
            fs::write(shelf.note("corp"), note).unwrap();
            assert_eq!(shelf.load("corp").unwrap(), Some(copy("<b/>", None)), "{note}");
        }
    }

    #[test]
    fn a_document_that_is_too_long_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(folder.path(), 4);
        fs::write(shelf.path("corp"), "<aa/>").unwrap();
        assert!(shelf.load("corp").unwrap_err().to_string().contains("longer than 4 bytes"));
    }

    #[test]
    fn what_cannot_be_written_leaves_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(folder.path(), 100);
        shelf.save("corp", &copy("<a/>", None)).unwrap();
        fs::remove_file(shelf.path("corp")).unwrap();
        fs::create_dir(shelf.path("corp")).unwrap();
        assert!(shelf.save("corp", &copy("<b/>", None)).is_err());
        assert!(Shelf::new("/nowhere/at/all", 1).save("corp", &copy("<b/>", None)).is_err());
        let left = fs::read_dir(&folder).unwrap().count();
        assert_eq!(left, 2, "nothing half-written stays behind");
    }

    #[test]
    fn a_link_in_the_way_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(folder.path(), 100);
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
